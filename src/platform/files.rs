//! What kind of file a path names, by the system's own rules: the standard library for z/OS has taken the masks of POSIX systems.

use std::fs::Metadata;
use std::path::Path;

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

/// True for a regular file, and for a link to one.
pub fn is_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| kind(&metadata) == FileKind::Regular)
}

/// True for a directory, and for a link to one.
pub fn is_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| kind(&metadata) == FileKind::Directory)
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
        assert!(is_file(&file) && is_file(&link) && is_directory(directory.path()));
        assert!(!is_file(directory.path()) && !is_directory(&file) && !is_file(&directory.path().join("none")));
        assert_eq!(kind(&std::fs::symlink_metadata(&link).unwrap()), FileKind::SymbolicLink);
        assert_eq!(kind(&std::fs::metadata("/dev/null").unwrap()), FileKind::Other);
    }
}
