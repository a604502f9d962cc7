//! Files and directories made with their mode, and files replaced whole.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes a directory with exactly this mode, whatever the umask. One that is there, or a link to one, is left as it is.
///
/// # Errors
/// The system's; ENOTDIR where the name is taken by something else.
pub fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode & 0o700).create(path) {
        // Made with a narrow mode first: the directory is never more open than asked for, not even for a moment.
        Ok(()) => std::fs::set_permissions(path, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if crate::platform::files::kind(&std::fs::metadata(path)?) == crate::platform::files::FileKind::Directory {
                Ok(())
            } else {
                Err(io::Error::new(io::ErrorKind::NotADirectory, "something else has that name"))
            }
        }
        Err(error) => Err(error),
    }
}

/// Takes away the permission bits of a directory beyond `mode`.
pub(super) fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    let present = std::fs::metadata(path)?.permissions().mode() & 0o7777;
    if present & !mode == 0 { Ok(()) } else { std::fs::set_permissions(path, Permissions::from_mode(mode)) }
}

/// Writes a file under a temporary name beside it, with exactly this mode, and renames it over `path`: readers see the old content or the
/// new one. What `path` was, a link included, is replaced.
///
/// # Errors
/// The system's; the temporary file is removed then.
pub fn write_atomically(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let (temporary, mut file) = create_temporary(path)?;
    let written = file
        .write_all(content)
        // The mode is set when the file is complete, whatever the umask.
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is what matters; a file that is left over is found by its name.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// A new file beside `path`, mode 600: another process, or a crashed run of one with our process id, may have left one of the same name.
fn create_temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let mut attempts = 0;
    loop {
        let mut temporary_name = std::ffi::OsString::from(".");
        temporary_name.push(name);
        temporary_name.push(format!(".{}.{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
        let temporary = path.with_file_name(temporary_name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < 100 => attempts += 1,
            Err(error) => return Err(error),
        }
    }
}

/// True for the names that [`write_atomically`] gives to a file until it is complete: `.<name>.<process id>.<number>.tmp`.
pub fn is_temporary_name(name: &str) -> bool {
    let digits = |text: Option<&str>| text.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(rest) = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".tmp")) else { return false };
    let mut parts = rest.rsplitn(3, '.');
    digits(parts.next()) && digits(parts.next()) && parts.next().is_some_and(|name| !name.is_empty())
}

/// Age from which on nobody writes a temporary file any more, whatever system of the sysplex its writer runs on.
const ABANDONED: std::time::Duration = std::time::Duration::from_secs(3600);

/// True for a temporary file that another instance may still be writing.
pub fn is_being_written(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(is_temporary_name) && age(path).is_none_or(|age| age <= ABANDONED)
}

/// None for a file that is gone, and for one that was changed after now.
fn age(path: &Path) -> Option<std::time::Duration> {
    path.symlink_metadata().ok()?.modified().ok()?.elapsed().ok()
}

/// Removes the temporary files in a directory that a run which was killed has left: they may hold secrets.
pub fn remove_abandoned(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_temporary_name) && !is_being_written(&entry.path()) {
            // Another instance may have been quicker.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
