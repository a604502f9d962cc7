//! What a service manager (systemd) says to the service that it starts, and to nothing that this starts in turn; and the notify protocol
//! (sd_notify(3)): one datagram to the socket that an environment variable names.

use super::socket::Reachable;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::Duration;

/// The variable; a leading `@` means a name in Linux's abstract namespace.
const SOCKET: &str = "NOTIFY_SOCKET";

/// The variables of systemd.exec(5) and sd_listen_fds(3), sd_watchdog_enabled(3) that speak to the service itself: its protocols, its
/// numbers, its directories. A child that believed them would answer for the launcher, take the launcher's sockets for its own, or write
/// into its directories. What any process of a user needs (PATH, LANG, USER, LOGNAME, HOME, SHELL, TERM, XDG_RUNTIME_DIR) is not among
/// them, nor are names that systemd sets only for other commands of a unit (EXIT_CODE) or that others use too (REMOTE_ADDR).
const FOR_THE_SERVICE: [&str; 29] = [
    SOCKET,
    WATCHDOG_MICROSECONDS,
    WATCHDOG_PID,
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "LISTEN_FDNAMES",
    "FDSTORE",
    "MAINPID",
    "MAINPIDFDID",
    "MANAGERPID",
    "MANAGERPIDFDID",
    "SYSTEMD_EXEC_PID",
    "PIDFILE",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LOG_NAMESPACE",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "CREDENTIALS_DIRECTORY",
    "RUNTIME_DIRECTORY",
    "STATE_DIRECTORY",
    "CACHE_DIRECTORY",
    "LOGS_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "TRIGGER_UNIT",
    "TRIGGER_PATH",
    "TRIGGER_TIMER_REALTIME_USEC",
    "TRIGGER_TIMER_MONOTONIC_USEC",
];

const WATCHDOG_MICROSECONDS: &str = "WATCHDOG_USEC";
const WATCHDOG_PID: &str = "WATCHDOG_PID";

/// Whether a variable is for this process only, and for none that it starts.
pub(super) fn is_for_the_service(name: &str) -> bool {
    FOR_THE_SERVICE.contains(&name)
}

/// The time within which the service manager wants to hear WATCHDOG=1 again and again; None: not at all, or of another process.
pub(super) fn watchdog() -> Option<Duration> {
    let variable = |name| std::env::var(name).ok();
    watchdog_of(variable(WATCHDOG_MICROSECONDS).as_deref(), variable(WATCHDOG_PID).as_deref(), std::process::id())
}

fn watchdog_of(microseconds: Option<&str>, pid: Option<&str>, own: u32) -> Option<Duration> {
    let is_ours = pid.is_none_or(|pid| pid.parse() == Ok(own));
    let time = Duration::from_micros(microseconds?.parse().ok()?);
    Some(time).filter(|time| is_ours && !time.is_zero())
}

/// Whether there is a service manager that listens.
pub(super) fn is_there() -> bool {
    std::env::var_os(SOCKET).is_some()
}

/// Sends a state to the service manager, where there is one.
pub(super) fn tell(state: &str) {
    // If it asked for it but does not listen any more, that is no reason to end.
    let _ = notify(std::env::var_os(SOCKET).as_deref(), state);
}

/// Sends `state`, for example `READY=1`. Without a socket nothing is sent. Never blocks.
///
/// # Errors
/// The system's.
fn notify(socket: Option<&OsStr>, state: &str) -> io::Result<()> {
    let Some(socket) = socket.map(OsStr::as_bytes) else { return Ok(()) };
    let address = match socket {
        [b'/', ..] => {
            let short = Reachable::new(Path::new(OsStr::from_bytes(socket)))?;
            return send(state, &SocketAddr::from_pathname(&short.path)?);
        }
        [b'@', name @ ..] => abstract_address(name)?,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    send(state, &address)
}

fn send(state: &str, address: &SocketAddr) -> io::Result<()> {
    let datagram = UnixDatagram::unbound()?;
    datagram.set_nonblocking(true)?;
    datagram.send_to_addr(state.as_bytes(), address)?;
    Ok(())
}

#[cfg(zwelnch_linux)]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)
}

#[cfg(not(zwelnch_linux))]
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
        #[cfg(zwelnch_linux)]
        {
            let name = format!("zwelnch-test-{}", std::process::id());
            let socket = UnixDatagram::bind_addr(&abstract_address(name.as_bytes()).unwrap()).unwrap();
            notify(Some(OsStr::new(&format!("@{name}"))), "STOPPING=1").unwrap();
            assert_eq!(received(&socket), "STOPPING=1");
        }
        assert!(notify(None, "READY=1").is_ok() && notify(Some(OsStr::new("relative")), "READY=1").is_err());
    }

    #[test]
    fn a_watchdog_is_ours_or_nobodys() {
        assert_eq!(watchdog_of(Some("30000000"), Some("7"), 7), Some(Duration::from_secs(30)));
        assert_eq!(watchdog_of(Some("30000000"), None, 7), Some(Duration::from_secs(30)));
        for (microseconds, pid) in
            [(Some("30000000"), Some("8")), (Some("30000000"), Some("")), (Some("0"), None), (Some("x"), None), (None, None)]
        {
            assert_eq!(watchdog_of(microseconds, pid, 7), None, "{microseconds:?} {pid:?}");
        }
    }
}
