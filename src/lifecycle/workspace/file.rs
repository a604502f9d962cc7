//! Directories made with their mode, and files that a run which was killed has left half written.

use crate::platform::files::is_temporary_name;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

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

/// Age from which on nobody writes a temporary file any more, whatever system of the sysplex its writer runs on.
const ABANDONED: std::time::Duration = std::time::Duration::from_secs(3600);

/// True for a temporary file that another instance may still be writing.
pub(super) fn is_being_written(path: &Path) -> bool {
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
