//! Unix sockets in directories of any depth: an address holds some hundred bytes of a path, and the one function here makes a longer path
//! short. Everything that binds or connects one uses it.

use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// What fits everywhere: 108 bytes on Linux, 104 elsewhere, including the NUL.
const LIMIT: usize = 100;

/// Connects to a socket. With `waits` a listener whose queue is full is waited for.
///
/// # Errors
/// The system's; WouldBlock without `waits` for a queue that is full, InvalidInput for a name that is too long in itself.
pub fn connect(path: &Path, waits: bool) -> io::Result<UnixStream> {
    let short = Reachable::new(path)?;
    let socket = stream_socket()?;
    socket.set_nonblocking(!waits)?;
    socket.connect(&SockAddr::unix(&short.path)?)?;
    socket.set_nonblocking(false)?;
    Ok(UnixStream::from(OwnedFd::from(socket)))
}

/// A socket with this path that does not listen yet.
///
/// # Errors
/// The system's; InvalidInput for a name that is too long in itself.
pub fn bind(path: &Path) -> io::Result<OwnedFd> {
    let short = Reachable::new(path)?;
    let socket = stream_socket()?;
    socket.bind(&SockAddr::unix(&short.path)?)?;
    Ok(OwnedFd::from(socket))
}

/// A stream socket, closed at exec.
fn stream_socket() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::STREAM, None)
}

/// A path that is short enough for an address, while this lives.
pub(super) struct Reachable {
    pub(super) path: PathBuf,
    _directory: Option<OwnedFd>,
    link: Option<PathBuf>,
}

impl Reachable {
    pub(super) fn new(path: &Path) -> io::Result<Reachable> {
        if path.as_os_str().len() <= LIMIT {
            return Ok(Reachable { path: path.to_path_buf(), _directory: None, link: None });
        }
        #[cfg(zwelnch_linux)]
        let short = Reachable::by_descriptor(path)?;
        #[cfg(not(zwelnch_linux))]
        let short = Reachable::by_link(path)?;
        if short.path.as_os_str().len() > LIMIT {
            let why = format!("the socket {} has a name that is too long for an address of this system", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(short)
    }

    fn parts(path: &Path) -> io::Result<(&Path, &std::ffi::OsStr)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok((path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")), name))
    }

    /// By the open directory.
    #[cfg(zwelnch_linux)]
    fn by_descriptor(path: &Path) -> io::Result<Reachable> {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::OpenOptionsExt;
        let (parent, name) = Reachable::parts(path)?;
        let directory = OwnedFd::from(std::fs::File::options().read(true).custom_flags(nix::libc::O_DIRECTORY).open(parent)?);
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(Reachable { path, _directory: Some(directory), link: None })
    }

    /// By a link to the directory, in a directory that nobody else may enter, for systems without names of descriptors.
    #[cfg(any(test, not(zwelnch_linux)))]
    fn by_link(path: &Path) -> io::Result<Reachable> {
        use std::os::unix::fs::DirBuilderExt;
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (parent, name) = Reachable::parts(path)?;
        let parent = std::fs::canonicalize(parent)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let place = std::env::temp_dir().join(format!(".zwelnch-{}-{number}.s", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&place)?;
        let link = place.join("d");
        let reachable = Reachable { path: link.join(name), _directory: None, link: Some(link.clone()) };
        std::os::unix::fs::symlink(parent, link)?;
        Ok(reachable)
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        if let Some((link, place)) = self.link.as_deref().and_then(|link| Some((link, link.parent()?))) {
            // What is left is an empty directory of ours among temporary files.
            let _ = std::fs::remove_file(link).and_then(|()| std::fs::remove_dir(place));
        }
    }
}

#[cfg(all(test, zwelnch_linux))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_in_a_deep_directory_is_bound_and_reached_in_both_ways() {
        let place = tempfile::tempdir().unwrap();
        let deep = place.path().join("d".repeat(120)).join("e".repeat(120));
        std::fs::create_dir_all(&deep).unwrap();
        for ways in [[true, false], [false, true]] {
            let path = deep.join(format!("socket-{}", ways[0]));
            let reach = |by_link| if by_link { Reachable::by_link(&path) } else { Reachable::by_descriptor(&path) }.unwrap();
            let listener = stream_socket().unwrap();
            listener.bind(&SockAddr::unix(&reach(ways[0]).path).unwrap()).unwrap();
            listener.listen(1).unwrap();
            stream_socket().unwrap().connect(&SockAddr::unix(&reach(ways[1]).path).unwrap()).unwrap();
            assert!(connect(&path, false).is_ok());
        }
        let path = deep.join("other");
        let link = Reachable::by_link(&path).unwrap().path.clone();
        assert!(!link.parent().unwrap().exists() && !link.parent().unwrap().parent().unwrap().exists());
        assert_eq!(connect(&path, true).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(bind(&path).is_ok());
        assert_eq!(connect(&path, true).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let too_long = connect(&deep.join("n".repeat(110)), true).unwrap_err();
        assert!(too_long.kind() == io::ErrorKind::InvalidInput && too_long.to_string().contains("too long"), "{too_long}");
    }
}
