//! Files that are read back and trusted: they are in a directory of ours that nobody else may write, and are opened without following
//! links. The name of that directory may be in a place where others can rename it (a workspace is writable by its group), so the open
//! descriptor is checked, and everything below is opened relative to it.

use super::files::{FileKind, kind};
use super::unix::own_user;
use nix::libc;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

/// A directory that belongs to this user and that nobody else may write.
#[derive(Debug)]
pub struct PrivateDirectory {
    /// As the caller named it, for error texts.
    path: PathBuf,
    file: File,
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("'{}' {why}", path.display()))
}

/// Whether an open file or directory is ours alone. Root counts as us, because root can give us anything anyway.
fn judge(path: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.uid() != 0 && metadata.uid() != own_user() {
        let why = format!(
            "belongs to the user with uid {}, who could hand over anything in it; start as that user, or remove it and start again",
            metadata.uid()
        );
        return Err(refused(path, &why));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(refused(path, "can be written by others; take that from them (chmod go-w) once it is known that nobody has"));
    }
    Ok(())
}

/// The system refuses a link with ELOOP, or with ENOTDIR where a directory is expected.
fn in_words(path: &Path, error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(libc::ELOOP) => refused(path, "is a symbolic link, which is not followed here; remove it"),
        Some(libc::ENOTDIR) => refused(path, "is a link or no directory; remove it"),
        _ => error,
    }
}

const FLAGS: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;

impl PrivateDirectory {
    /// Opens a directory and checks its owner.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::PermissionDenied`], with the path and what to do, for a link and for a directory that others can
    /// write.
    pub fn open(path: &Path) -> io::Result<PrivateDirectory> {
        let file = File::options().read(true).custom_flags(FLAGS | libc::O_DIRECTORY).open(path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => error,
            _ => in_words(path, error),
        })?;
        judge(path, &file.metadata()?)?;
        Ok(PrivateDirectory { path: path.to_path_buf(), file })
    }

    /// Opens a regular file below it for reading, as it is stored.
    ///
    /// # Errors
    /// As [`PrivateDirectory::open`], for each directory on the way and the file; [`io::ErrorKind::NotFound`] where there is none.
    pub fn file(&self, below: &Path) -> io::Result<File> {
        let mut at = PrivateDirectory { path: self.path.clone(), file: self.file.try_clone()? };
        let mut steps = below.components().peekable();
        while let Some(step) = steps.next() {
            let Component::Normal(name) = step else { return Err(refused(below, "is no path below a directory")) };
            let path = at.path.join(name);
            let flags = if steps.peek().is_some() { FLAGS | libc::O_DIRECTORY } else { FLAGS };
            let file = at.open_at(Path::new(name), flags).map_err(|error| in_words(&path, error))?;
            let metadata = file.metadata()?;
            judge(&path, &metadata)?;
            if steps.peek().is_none() {
                if kind(&metadata) != FileKind::Regular {
                    return Err(refused(&path, "is no regular file; remove it"));
                }
                super::text_file::conversion_off(&file);
                return Ok(file);
            }
            at = PrivateDirectory { path, file };
        }
        Err(refused(below, "names no file"))
    }

    /// The whole of such a file.
    ///
    /// # Errors
    /// As [`PrivateDirectory::file`]; [`io::ErrorKind::FileTooLarge`] for more than `limit` bytes.
    pub fn read(&self, below: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        if self.file(below)?.take(limit + 1).read_to_end(&mut content)? as u64 > limit {
            let text = format!("'{}' has more than {limit} bytes", self.path.join(below).display());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(content)
    }

    #[cfg(not(zwelnch_zos))]
    fn open_at(&self, name: &Path, flags: i32) -> io::Result<File> {
        use nix::fcntl::{OFlag, openat};
        let opened = openat(&self.file, name, OFlag::O_RDONLY | OFlag::from_bits_retain(flags), nix::sys::stat::Mode::empty())?;
        Ok(File::from(opened))
    }

    /// For systems not known to open files relative to a descriptor: the directory must be the same before and after.
    #[cfg(zwelnch_zos)]
    fn open_at(&self, name: &Path, flags: i32) -> io::Result<File> {
        let file = File::options().read(true).custom_flags(flags).open(self.path.join(name))?;
        if super::files::is_same(&self.file, &self.path)? { Ok(file) } else { Err(refused(&self.path, "was replaced meanwhile")) }
    }
}

/// A file to lock and write, made with mode 600 where it is missing: it must be ours and a regular file.
///
/// # Errors
/// The system's; [`io::ErrorKind::PermissionDenied`] with the path.
pub fn open_own(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if kind(&metadata) != FileKind::Regular {
        return Err(refused(path, "is no regular file; remove it"));
    }
    judge(path, &metadata)?;
    Ok(file)
}

/// A file of ours to append to, made with mode 600 where it is missing, and narrowed to it where it is wider. It must be ours, a regular
/// file, and have no second name: that may be any file of ours.
///
/// # Errors
/// As [`open_own`].
pub fn append_own(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::PermissionsExt;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file =
        File::options().append(true).create(true).mode(0o600).custom_flags(flags).open(path).map_err(|error| in_words(path, error))?;
    let metadata = file.metadata()?;
    match (kind(&metadata), metadata.nlink()) {
        (FileKind::Regular, 0 | 1) => {}
        (FileKind::Regular, _) => return Err(refused(path, "has a second name; remove it")),
        _ => return Err(refused(path, "is no regular file; remove it")),
    }
    if metadata.mode() & 0o077 != 0 && metadata.uid() == own_user() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    } else {
        judge(path, &metadata)?;
    }
    super::text_file::begin(&file, path, super::text_file::TextFile::OwnRecord);
    Ok(file)
}

/// A file to lock that users share: what is in it is nobody's truth. Made with this mode where it is missing, for the group of its
/// directory; no link is followed, and a file with a second name is refused, for that may be any file of ours.
///
/// # Errors
/// As [`open_own`], except that its owner may be anybody.
pub fn open_shared(path: &Path, mode: u32) -> io::Result<File> {
    let options = |new: bool| {
        let mut options = File::options();
        options.read(true).write(true).create_new(new).mode(mode).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        options
    };
    // Opened before it is made: in a directory of everybody the system refuses to "create" what another user has there.
    let file = match options(false).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match options(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options(false).open(path),
            made => made.and_then(|file| share(&file, path, mode).map(|()| file)),
        },
        opened => opened,
    };
    let file = file.map_err(|error| in_words(path, error))?;
    let metadata = file.metadata()?;
    match (kind(&metadata), metadata.nlink()) {
        (FileKind::Regular, 0 | 1) => Ok(file),
        (FileKind::Regular, _) => Err(refused(path, "has a second name; remove it")),
        _ => Err(refused(path, "is no regular file; remove it")),
    }
}

/// The creator's umask and group are not those of the directory's users. Where the system does not let him give it to their group, they are
/// refused later, in words.
fn share(file: &File, path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = std::os::unix::fs::fchown(file, None, Some(std::fs::metadata(parent)?.gid()));
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("a")).unwrap();
        mode(&directory.path().join("a"), 0o700);
        std::fs::write(directory.path().join("a/f"), "text").unwrap();
        mode(&directory.path().join("a/f"), 0o600);
        directory
    }

    fn read(directory: &Path, name: &str) -> Result<String, String> {
        let bytes = PrivateDirectory::open(directory).and_then(|directory| directory.read(Path::new(name), 4));
        bytes.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_ours_is_read() {
        let directory = directory();
        assert_eq!(read(directory.path(), "a/f").unwrap(), "text");
        let missing = PrivateDirectory::open(directory.path()).unwrap().read(Path::new("a/none"), 9).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        std::fs::write(directory.path().join("a/f"), "text+").unwrap();
        assert!(read(directory.path(), "a/f").unwrap_err().contains("more than 4 bytes"));
        for no_path in ["", "..", "a/../a/f", "/etc/passwd"] {
            assert!(read(directory.path(), no_path).is_err(), "{no_path}");
        }
    }

    #[test]
    fn links_are_not_followed_and_a_fifo_is_not_waited_for() {
        let directory = directory();
        let at = |name: &str| directory.path().join(name);
        symlink(at("a"), at("l")).unwrap();
        symlink(at("a/f"), at("a/l")).unwrap();
        nix::unistd::mkfifo(&at("a/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(read(directory.path(), "l/f").unwrap_err().contains("is a link or no directory"));
        assert!(read(directory.path(), "a/l").unwrap_err().contains("is a symbolic link"));
        assert!(read(directory.path(), "a/fifo").unwrap_err().contains("is no regular file"));
        assert!(read(&at("l"), "f").unwrap_err().contains("is a link or no directory"));
    }

    #[test]
    fn what_others_can_write_is_refused() {
        for (name, wide) in [("", 0o770), ("a", 0o722), ("a/f", 0o660)] {
            let directory = directory();
            mode(&directory.path().join(name), wide);
            assert!(read(directory.path(), "a/f").unwrap_err().contains("can be written by others"), "{name}");
        }
    }

    #[test]
    fn what_belongs_to_another_user_is_refused() {
        if own_user() != 0 {
            println!("skipped: only root can give files away");
            return;
        }
        for name in ["", "a", "a/f"] {
            let directory = directory();
            std::os::unix::fs::chown(directory.path().join(name), Some(61002), None).unwrap();
            assert!(read(directory.path(), "a/f").unwrap_err().contains("uid 61002"), "{name}");
        }
    }
}
