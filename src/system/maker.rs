//! What is made in a system directory belongs to the directory's owner, whoever makes it: root operates systems of other users, who must be
//! able to go on with what root has begun. Everything is made complete, with its mode and its owner, before it has its name, so there is no
//! moment at which it is somebody else's; and root follows no link that the owner of the directory may have put there.

use super::in_words;
use crate::platform::files::{FileKind, Owner, create_for, kind, may_be_directory, temporary_path, unless_missing, write_for};
use crate::platform::unix::{own_user, socket::bind};
use nix::libc;
use nix::sys::socket::{Backlog, listen};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Makes things in one system directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Maker {
    /// Whom they are given to; None: they are ours anyway.
    owner: Option<Owner>,
}

impl Maker {
    /// For things in this directory.
    pub(super) fn of(directory: &Path) -> io::Result<Maker> {
        let metadata = fs::metadata(directory).map_err(|error| in_words("cannot examine", directory, error))?;
        let foreign = own_user() == 0 && metadata.uid() != 0;
        Ok(Maker { owner: foreign.then(|| Owner { user: metadata.uid(), group: metadata.gid() }) })
    }

    /// Whether the process at the other end of a connection may operate the system: it runs as this user, as the directory's owner, or as
    /// root.
    ///
    /// # Errors
    /// The system's.
    pub fn allows(&self, stream: &UnixStream) -> io::Result<bool> {
        let peer = super::wire::peer_user(stream)?;
        let ours = [0, own_user()];
        Ok(ours.contains(&peer) || self.owner.is_some_and(|owner| owner.user == peer))
    }

    /// Whether the directory is another user's, so that no link in it is followed.
    pub(super) fn is_for_another(&self) -> bool {
        self.owner.is_some()
    }

    /// Whether a directory that was there may be used and changed: a link to one of root's, or somebody else's, is not followed by root.
    pub(super) fn may_change(&self, path: &Path, metadata: &fs::Metadata) -> io::Result<bool> {
        let Some(owner) = self.owner else { return Ok(true) };
        Ok(metadata.uid() == owner.user || kind(&fs::symlink_metadata(path)?) != FileKind::SymbolicLink)
    }

    /// Makes a directory with mode 0700, unless it is there.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn directory(&self, path: &Path) -> io::Result<()> {
        let made = match self.owner {
            None => DirBuilder::new().mode(0o700).create(path),
            Some(owner) => make_directory_for(path, owner),
        };
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && may_be_directory(path) => Ok(()),
            made => made.map_err(|error| in_words("cannot create directory", path, error)),
        }
    }

    /// Makes a file with mode 0600 that was not there before.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn file(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        create_for(path, content, self.owner).map(drop).map_err(|error| in_words("cannot create", path, error))
    }

    /// Replaces a file as a whole.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        write_for(path, content, 0o600, self.owner).map_err(|error| in_words("cannot write", path, error))
    }

    /// Opens a file to append to it, made with mode 0600 where it is missing.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn append(&self, path: &Path) -> io::Result<File> {
        self.open(path, OpenOptions::new().append(true)).map_err(|error| in_words("cannot open", path, error))
    }

    /// The same, to read it as well; a pipe that nobody reads keeps nobody waiting.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub(super) fn append_and_read(&self, path: &Path) -> io::Result<File> {
        let mut how = OpenOptions::new();
        how.read(true).append(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
        self.open(path, &mut how).map_err(|error| in_words("cannot open", path, error))
    }

    /// The same to read it and write to it.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn update(&self, path: &Path) -> io::Result<File> {
        self.open(path, OpenOptions::new().read(true).write(true)).map_err(|error| in_words("cannot open", path, error))
    }

    fn open(&self, path: &Path, how: &mut OpenOptions) -> io::Result<File> {
        let Some(owner) = self.owner else { return how.create(true).mode(0o600).open(path) };
        // It may be removed between two of these.
        for _ in 0..3 {
            match how.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY).open(path) {
                Ok(file) => return judged(file, owner),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            match create_for(path, &[], Some(owner)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// A listening socket with mode 0600: it listens when it gets its name, in place of what had the name before.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn listen(&self, path: &Path) -> io::Result<UnixListener> {
        let place = temporary_path(path)?;
        DirBuilder::new().mode(0o700).create(&place).map_err(|error| in_words("cannot create directory", &place, error))?;
        let made = self.listen_in(&place, path);
        // Empty now, or it disappears with the job's entry.
        let _ = fs::remove_dir(&place);
        made.map_err(|error| in_words("cannot create socket", path, error))
    }

    /// In a directory that nobody else may enter, so that the path is that of the socket and of nothing else.
    fn listen_in(&self, place: &Path, path: &Path) -> io::Result<UnixListener> {
        let directory = open_directory(place)?;
        let own = own_user();
        if directory.metadata()?.uid() != own {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "somebody else has put a directory there"));
        }
        let place = if cfg!(zwelnch_linux) { PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())) } else { place.into() };
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let made = place.join(name);
        let socket = bind(&made)?;
        let finish = || -> io::Result<()> {
            fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
            if let Some(owner) = self.owner {
                lchown(&made, Some(owner.user), Some(owner.group))?;
            }
            listen(&socket, Backlog::new(64)?)?;
            fs::rename(&made, path)
        };
        finish().inspect_err(|_| drop(fs::remove_file(&made)))?;
        Ok(UnixListener::from(socket))
    }
}

fn open_directory(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(path)
}

/// Under another name first, as root's, for whom no path can be exchanged: what is opened is what was made.
fn make_directory_for(path: &Path, owner: Owner) -> io::Result<()> {
    if unless_missing(fs::symlink_metadata(path))?.is_some() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let place = temporary_path(path)?;
    DirBuilder::new().mode(0o700).create(&place)?;
    let given = open_directory(&place).and_then(|directory| {
        if directory.metadata()?.uid() != 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "somebody else has put a directory there"));
        }
        fchown(&directory, Some(owner.user), Some(owner.group))?;
        fs::rename(&place, path)
    });
    given.map_err(|error| {
        let _ = fs::remove_dir(&place);
        // Another process was quicker.
        if error.kind() == io::ErrorKind::DirectoryNotEmpty { io::ErrorKind::AlreadyExists.into() } else { error }
    })
}

/// A file that was there: the owner's, or one that root had made before and that has no other name.
fn judged(file: File, owner: Owner) -> io::Result<File> {
    let metadata = file.metadata()?;
    let known = metadata.uid() == owner.user || (metadata.uid() == 0 && metadata.nlink() == 1);
    if kind(&metadata) == FileKind::Regular && known {
        return Ok(file);
    }
    let why = format!("it is no file of the directory's owner (uid {}), and root does not write to it", owner.user);
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Somebody who looks all the time sees what is made only as it is to be.
    #[test]
    fn nothing_has_its_name_before_it_has_its_owner_and_mode() {
        let root = own_user() == 0;
        let owner = Owner { user: 61002, group: 61002 };
        let maker = Maker { owner: root.then_some(owner) };
        let expected = if root { owner.user } else { own_user() };
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let (ended, seen) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    for name in ["directory", "file", "replaced", "socket"] {
                        let Ok(metadata) = fs::symlink_metadata(at(name)) else { continue };
                        let mode = if metadata.is_dir() { 0o700 } else { 0o600 };
                        assert_eq!((metadata.uid(), metadata.mode() & 0o777), (expected, mode), "{name}");
                        seen.store(true, Ordering::Relaxed);
                    }
                }
            });
            for _ in 0..200 {
                maker.directory(&at("directory")).unwrap();
                maker.directory(&at("directory")).unwrap();
                maker.file(&at("file"), b"text").unwrap();
                assert_eq!(maker.file(&at("file"), b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
                maker.replace(&at("replaced"), b"text").unwrap();
                drop(maker.append(&at("file")).unwrap());
                drop(maker.listen(&at("socket")).unwrap());
                assert!(UnixStream::connect(at("socket")).is_err(), "nobody listens any more");
                let listener = maker.listen(&at("socket")).unwrap();
                assert!(UnixStream::connect(at("socket")).is_ok());
                drop(listener);
                fs::remove_dir(at("directory")).unwrap();
                ["file", "replaced", "socket"].iter().for_each(|name| fs::remove_file(at(name)).unwrap());
            }
            ended.store(true, Ordering::Relaxed);
        });
        assert!(seen.load(Ordering::Relaxed) && fs::read_dir(place.path()).unwrap().next().is_none(), "nothing is left beside");
    }
}
