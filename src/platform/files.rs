//! What kind of file a path names, by the system's own rules: the standard library for z/OS has taken the masks of POSIX systems.

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

/// Longest record of ours that is read back, in bytes: far beyond what any program of ours writes.
pub const RECORD_LIMIT: u64 = 16 * 1024 * 1024;

/// The kinds that anything here asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Regular,
    Directory,
    SymbolicLink,
    Other,
}

/// By the first byte of the mode word of z/OS.
pub const fn zos_kind(mode: u32) -> FileKind {
    match mode & 0xff00_0000 {
        0x0300_0000 => FileKind::Regular,
        0x0100_0000 => FileKind::Directory,
        0x0500_0000 => FileKind::SymbolicLink,
        _ => FileKind::Other,
    }
}

/// Whether a path names the very file that is open. Opens nothing: closing another descriptor of a file would end the locks on it.
///
/// # Errors
/// The system's; that there is nothing of that name is none.
pub fn is_same(open: &std::fs::File, path: &Path) -> std::io::Result<bool> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    use std::os::unix::fs::MetadataExt;
    let own = open.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (own.dev(), own.ino())),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(false),
        Err(error) => Err(error),
    }
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

/// None for what is not there, which is the only failure that means so: a component of the path is missing, or is no directory.
///
/// # Errors
/// Every other failure: whether it is there is not known.
pub fn unless_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a path names, links followed; None when there is nothing.
///
/// # Errors
/// Why that is not known: a directory on the way that may not be searched, an I/O error, a loop of links.
pub fn look(path: &Path) -> io::Result<Option<FileKind>> {
    Ok(unless_missing(std::fs::metadata(path))?.map(|metadata| kind(&metadata)))
}

/// The bytes of a regular file that has at most so many: a pipe would never end, a device might.
///
/// # Errors
/// The system's; InvalidInput for another kind of file, InvalidData for more bytes.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Before it is opened: to open a pipe that nobody writes to would wait.
    if kind(&std::fs::metadata(path)?) != FileKind::Regular {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an ordinary file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {limit} bytes")));
    }
    Ok(bytes)
}

/// False for what is no regular file, or not there. True where that cannot be told, so that whoever opens it says why.
pub fn may_be_file(path: &Path) -> bool {
    matches!(look(path), Ok(Some(FileKind::Regular)) | Err(_))
}

/// The same of a directory.
pub fn may_be_directory(path: &Path) -> bool {
    matches!(look(path), Ok(Some(FileKind::Directory)) | Err(_))
}

/// False for what is not there. True where that cannot be told.
pub fn may_exist(path: &Path) -> bool {
    !matches!(look(path), Ok(None))
}

/// The same of a name: a link counts, wherever it leads.
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
    fn a_reader_takes_regular_files_up_to_its_bound() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("f"), "12345").unwrap();
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_bounded(&at("f"), 5).unwrap(), b"12345");
        assert_eq!(read_bounded(&at("f"), 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(read_bounded(&at("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        for odd in [at("pipe"), at("."), "/dev/zero".into()] {
            assert_eq!(read_bounded(&odd, 4).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{odd:?}");
        }
    }

    #[test]
    fn only_what_is_missing_counts_as_missing() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("f"), "").unwrap();
        std::os::unix::fs::symlink(at("loop"), at("loop")).unwrap();
        for missing in ["none", "none/below", "f/below"] {
            assert_eq!(look(&at(missing)).unwrap(), None, "{missing}");
            assert!(!may_be_file(&at(missing)) && !may_be_directory(&at(missing)) && !may_exist(&at(missing)));
            assert!(!may_be_named(&at(missing)));
        }
        // A loop of links and a name that is too long are errors for root too.
        assert!(may_be_named(&at("loop")) && may_be_named(&at("loop/below")));
        for unknown in [at("loop"), at("loop/below"), at(&"x".repeat(300))] {
            assert!(look(&unknown).is_err() && may_be_file(&unknown) && may_be_directory(&unknown) && may_exist(&unknown), "{unknown:?}");
        }
    }
}
