//! The notify protocol of systemd (sd_notify(3)): one datagram to the socket that an environment variable names.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The variable; a leading `@` means a name in Linux's abstract namespace.
pub(super) const SOCKET: &str = "NOTIFY_SOCKET";

/// Sends `state`, for example `READY=1`. Without a socket nothing is sent. Never blocks.
///
/// # Errors
/// The system's.
pub(super) fn notify(socket: Option<&OsStr>, state: &str) -> io::Result<()> {
    let Some(socket) = socket.map(OsStr::as_bytes) else { return Ok(()) };
    let address = match socket {
        [b'/', ..] => SocketAddr::from_pathname(OsStr::from_bytes(socket))?,
        [b'@', name @ ..] => abstract_address(name)?,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let datagram = UnixDatagram::unbound()?;
    datagram.set_nonblocking(true)?;
    datagram.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 100];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_state_arrives_at_a_path_and_at_an_abstract_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        notify(Some(path.as_os_str()), "READY=1").unwrap();
        assert_eq!(received(&socket), "READY=1");
        #[cfg(target_os = "linux")]
        {
            let name = format!("zwelnch-test-{}", std::process::id());
            let socket = UnixDatagram::bind_addr(&abstract_address(name.as_bytes()).unwrap()).unwrap();
            notify(Some(OsStr::new(&format!("@{name}"))), "STOPPING=1").unwrap();
            assert_eq!(received(&socket), "STOPPING=1");
        }
        assert!(notify(None, "READY=1").is_ok() && notify(Some(OsStr::new("relative")), "READY=1").is_err());
    }
}
