//! What kind of file a path names, by the system's own rules (the standard library for z/OS uses the masks of other POSIX systems), and
//! files that are replaced as a whole.

use std::ffi::OsString;
use std::fs::{DirEntry, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest record of ours that is read back, in bytes: far more than any of our programs writes.
pub const RECORD_LIMIT: u64 = 16 * 1024 * 1024;

/// The kinds that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Regular,
    Directory,
    SymbolicLink,
    Other,
}

/// From the first byte of the mode word of z/OS.
pub const fn zos_kind(mode: u32) -> FileKind {
    match mode & 0xff00_0000 {
        0x0300_0000 => FileKind::Regular,
        0x0100_0000 => FileKind::Directory,
        0x0500_0000 => FileKind::SymbolicLink,
        _ => FileKind::Other,
    }
}

/// Whether a path names the same file as an open one. Opens nothing, because closing another descriptor of a file would release its locks.
///
/// # Errors
/// The system's; a name that does not exist is not an error.
pub fn is_same(open: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let own = open.metadata()?;
    let named = unless_missing(std::fs::symlink_metadata(path))?;
    Ok(named.is_some_and(|named| (named.dev(), named.ino()) == (own.dev(), own.ino())))
}

/// The kind of a file.
pub fn kind(metadata: &Metadata) -> FileKind {
    if cfg!(target_os = "zos") {
        return zos_kind(std::os::unix::fs::MetadataExt::mode(metadata));
    }
    let file_type = metadata.file_type();
    if file_type.is_file() {
        FileKind::Regular
    } else if file_type.is_dir() {
        FileKind::Directory
    } else if file_type.is_symlink() {
        FileKind::SymbolicLink
    } else {
        FileKind::Other
    }
}

/// Whether it is a pipe, with a name or without.
pub fn is_pipe(metadata: &Metadata) -> bool {
    if cfg!(target_os = "zos") {
        return std::os::unix::fs::MetadataExt::mode(metadata) & 0xff00_0000 == 0x0400_0000;
    }
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

/// None for what does not exist, which only these failures mean: a component of the path is missing, or is not a directory.
///
/// # Errors
/// Every other failure: whether it exists is unknown.
pub fn unless_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a path names, following links; None when there is nothing.
///
/// # Errors
/// Why that is unknown: a directory on the way that may not be searched, an I/O error, a loop of links.
pub fn look(path: &Path) -> io::Result<Option<FileKind>> {
    Ok(unless_missing(std::fs::metadata(path))?.map(|metadata| kind(&metadata)))
}

/// What is in a directory; nothing when there is none. The one way in which this program lists directories.
///
/// # Errors
/// Why that is unknown, in whole or in part.
pub fn entries(directory: &Path) -> io::Result<Vec<DirEntry>> {
    unless_missing(std::fs::read_dir(directory))?.into_iter().flatten().collect()
}

/// The bytes of a regular file, up to a limit: reading a pipe would never end, reading a device might not.
///
/// # Errors
/// The system's; IsADirectory and InvalidInput for another kind of file, InvalidData for more bytes.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Before it is opened: to open a pipe that nobody writes to would wait.
    match kind(&std::fs::metadata(path)?) {
        FileKind::Regular => {}
        FileKind::Directory => return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, and a file is expected")),
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is larger than {}", size(limit))));
    }
    Ok(bytes)
}

/// A bound in words: whole mebibytes where it is that.
fn size(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1024 * 1024;
    if bytes > 0 && bytes % MEBIBYTE == 0 { format!("{} MiB", bytes / MEBIBYTE) } else { format!("{bytes} bytes") }
}

/// False for what is no regular file, or not there. True where that cannot be told, so that whoever opens it says why.
pub fn may_be_file(path: &Path) -> bool {
    matches!(look(path), Ok(Some(FileKind::Regular)) | Err(_))
}

/// The same for a directory.
pub fn may_be_directory(path: &Path) -> bool {
    matches!(look(path), Ok(Some(FileKind::Directory)) | Err(_))
}

/// False for what does not exist. True where that is unknown.
pub fn may_exist(path: &Path) -> bool {
    !matches!(look(path), Ok(None))
}

/// Writes a file under a temporary name in the same directory, with exactly this mode, and renames it to `path`: readers see either the old
/// content or the new. Whatever `path` was, even a link, is replaced.
///
/// # Errors
/// The system's; the temporary file is then removed.
pub fn write_atomically(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    write_with(path, mode, &|file| file.write_all(content))
}

/// Like [`write_atomically`]; the file gets its content from a function, before it has its name.
///
/// # Errors
/// The same, and those of the function.
pub fn write_with(path: &Path, mode: u32, fill: &dyn Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
    replace(path, fill, mode, false, None).map(drop)
}

/// Whom root gives a file to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub user: u32,
    /// Group id.
    pub group: u32,
}

/// Like [`write_atomically`]; the file belongs to this user from the moment at which it has its name.
///
/// # Errors
/// The same.
pub fn write_for(path: &Path, content: &[u8], mode: u32, owner: Option<Owner>) -> io::Result<()> {
    replace(path, &|file| file.write_all(content), mode, false, owner).map(drop)
}

/// A new file with mode 600, never in place of another; one that is given away has its name only when it is complete.
///
/// # Errors
/// The system's; AlreadyExists where something has the name.
pub fn create_for(path: &Path, content: &[u8], owner: Option<Owner>) -> io::Result<File> {
    if owner.is_none() {
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        return file.write_all(content).map(|()| file);
    }
    let (temporary, mut file) = create_temporary(path)?;
    let named = file.write_all(content).and_then(|()| give(&file, owner)).and_then(|()| std::fs::hard_link(&temporary, path));
    let removed = std::fs::remove_file(&temporary);
    named.and(removed).map(|()| file)
}

fn give(file: &File, owner: Option<Owner>) -> io::Result<()> {
    owner.map_or(Ok(()), |owner| std::os::unix::fs::fchown(file, Some(owner.user), Some(owner.group)))
}

/// The same, but safe against a power cut: afterwards there is the old content or the new, and the new one once this has returned.
///
/// # Errors
/// The same, and that it cannot be written to the disk: then it is unknown which of the two there is.
pub fn write_durably(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    replace(path, &|file| file.write_all(content), mode, true, None)?;
    sync_directory_of(path)
}

/// Brings to the disk which names a file's directory has.
///
/// # Errors
/// The system's.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(parent)?.sync_all() {
        // A file system that cannot sync directories says so.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// Like [`write_atomically`]; the file is still open, and what is written to it is appended.
///
/// # Errors
/// The same.
pub fn write_and_append(path: &Path, content: &[u8], mode: u32) -> io::Result<File> {
    replace(path, &|file| file.write_all(content), mode, false, None)
}

fn replace(path: &Path, fill: &dyn Fn(&mut File) -> io::Result<()>, mode: u32, to_disk: bool, owner: Option<Owner>) -> io::Result<File> {
    let (temporary, mut file) = create_temporary(path)?;
    let written = fill(&mut file)
        // The mode is set when the file is complete, whatever the umask.
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| give(&file, owner))
        .and_then(|()| if to_disk { file.sync_all() } else { Ok(()) })
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is what matters; a file that is left can be recognised by its name.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map(|()| file)
}

/// A new file in the directory of `path`, mode 600. Another process, or a crashed run with our process id, may have left one of the same
/// name.
fn create_temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut attempts = 0;
    loop {
        let temporary = temporary_path(path)?;
        // O_EXCL follows no link either.
        match OpenOptions::new().append(true).create_new(true).mode(0o600).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < 100 => attempts += 1,
            Err(error) => return Err(error),
        }
    }
}

/// A name beside `path` that this process uses once: see [`is_temporary_name`].
///
/// # Errors
/// InvalidInput where the path names no file.
pub fn temporary_path(path: &Path) -> io::Result<PathBuf> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let mut temporary_name = OsString::from(".");
    temporary_name.push(name);
    temporary_name.push(format!(".{}.{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(temporary_name))
}

/// FNV-1a, 64 bits, in hexadecimal: the same in every version of this program, and not a secret.
pub fn fingerprint(bytes: impl IntoIterator<Item = u8>) -> String {
    let hash = bytes.into_iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// True for the names of files that are not complete yet: `.<name>.<process id>.<number>.tmp`.
pub fn is_temporary_name(name: &str) -> bool {
    let digits = |text: Option<&str>| text.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(rest) = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".tmp")) else { return false };
    let mut parts = rest.rsplitn(3, '.');
    digits(parts.next()) && digits(parts.next()) && parts.next().is_some_and(|name| !name.is_empty())
}

/// Like [`may_exist`], but for the name itself: a link counts, wherever it leads.
pub fn may_be_named(path: &Path) -> bool {
    !matches!(unless_missing(std::fs::symlink_metadata(path)), Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_zos() {
        let kinds = [0x0300_01a4, 0x0100_01ed, 0x0500_01ff, 0x0400_0180, 0x0000_81a4].map(zos_kind);
        assert_eq!(kinds, [FileKind::Regular, FileKind::Directory, FileKind::SymbolicLink, FileKind::Other, FileKind::Other]);
    }

    #[test]
    fn kinds_of_this_system() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("f"), directory.path().join("l"));
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(may_be_file(&file) && may_be_file(&link) && may_be_directory(directory.path()));
        assert!(!may_be_file(directory.path()) && !may_be_directory(&file) && !may_be_file(&directory.path().join("none")));
        assert_eq!(kind(&std::fs::symlink_metadata(&link).unwrap()), FileKind::SymbolicLink);
        assert_eq!(kind(&std::fs::metadata("/dev/null").unwrap()), FileKind::Other);
    }

    #[test]
    fn fingerprints_are_those_of_fnv_1a() {
        // From its authors' test vectors.
        let known = [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")];
        known.into_iter().for_each(|(text, hash)| assert_eq!(fingerprint(text.bytes()), hash));
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_mode_and_no_link_is_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("f"), directory.path().join("l"));
        std::fs::write(&file, "old").unwrap();
        for (write, mode) in [(write_atomically as fn(&Path, &[u8], u32) -> io::Result<()>, 0o640), (write_durably, 0o600)] {
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(&file, &link).unwrap();
            write(&link, b"new", mode).unwrap();
            let metadata = std::fs::symlink_metadata(&link).unwrap();
            assert_eq!((kind(&metadata), metadata.permissions().mode() & 0o7777), (FileKind::Regular, mode));
            assert_eq!(std::fs::read_to_string(&link).unwrap(), "new");
        }
        let mut open = write_and_append(&link, b"begun", 0o600).unwrap();
        open.write_all(b", and more").unwrap();
        assert_eq!(std::fs::read_to_string(&link).unwrap(), "begun, and more");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
        // A directory cannot be replaced, and nothing is left beside it.
        assert!(write_durably(directory.path(), b"", 0o600).is_err());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_reader_takes_regular_files_up_to_its_bound() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("f"), "12345").unwrap();
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_bounded(&at("f"), 5).unwrap(), b"12345");
        assert_eq!(read_bounded(&at("f"), 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(read_bounded(&at("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(read_bounded(&at("."), 4).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        for odd in [at("pipe"), "/dev/zero".into()] {
            assert_eq!(read_bounded(&odd, 4).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{odd:?}");
        }
    }

    #[test]
    fn only_what_is_missing_counts_as_missing() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("f"), "").unwrap();
        std::os::unix::fs::symlink(at("loop"), at("loop")).unwrap();
        std::fs::create_dir(at("d")).unwrap();
        assert!(entries(&at("d")).unwrap().is_empty() && entries(directory.path()).unwrap().len() == 3);
        for missing in ["none", "none/below", "f/below"] {
            assert!(entries(&at(missing)).unwrap().is_empty(), "{missing}");
            assert_eq!(look(&at(missing)).unwrap(), None, "{missing}");
            assert!(!may_be_file(&at(missing)) && !may_be_directory(&at(missing)) && !may_exist(&at(missing)));
            assert!(!may_be_named(&at(missing)));
        }
        // A loop of links and a name that is too long are errors for root too.
        assert!(may_be_named(&at("loop")) && may_be_named(&at("loop/below")));
        for unknown in [at("loop"), at("loop/below"), at(&"x".repeat(300))] {
            assert!(entries(&unknown).is_err(), "{unknown:?}");
            assert!(look(&unknown).is_err() && may_be_file(&unknown) && may_be_directory(&unknown) && may_exist(&unknown), "{unknown:?}");
        }
    }
}
