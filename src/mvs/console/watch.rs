//! Being told that SYSLOG has grown.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Goes on telling as long as it is held.
#[derive(Debug)]
pub(super) struct Watch {
    /// The thread sees the other end close.
    _end: UnixStream,
}

/// Calls `told` from a thread of its own each time something happened to `directory/file`, which need not exist yet.
///
/// # Errors
/// The system's, for example when all of a user's inotify instances are in use.
pub(super) fn watch(directory: &Path, file: &str, told: impl Fn() + Send + 'static) -> io::Result<Watch> {
    let (end, ended) = UnixStream::pair()?;
    let watching = system::Watching::new(directory, file)?;
    std::thread::Builder::new().name("syslog".to_owned()).spawn(move || watching.run(&ended, &told))?;
    Ok(Watch { _end: end })
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    use std::ffi::OsString;
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    pub(super) struct Watching {
        inotify: Inotify,
        file: OsString,
    }

    impl Watching {
        pub fn new(directory: &Path, file: &str) -> io::Result<Watching> {
            let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
            let events = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
            inotify.add_watch(directory, events)?;
            Ok(Watching { inotify, file: file.into() })
        }

        pub fn run(&self, ended: &UnixStream, told: &dyn Fn()) {
            loop {
                let mut waiting = [PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN), PollFd::new(ended.as_fd(), PollFlags::POLLIN)];
                match poll(&mut waiting, PollTimeout::NONE) {
                    Err(Errno::EINTR) => continue,
                    Err(_) => return,
                    Ok(_) => {}
                }
                if waiting[1].any().unwrap_or(true) {
                    return;
                }
                match self.inotify.read_events() {
                    // Without a name: events were lost, so it may have been any file.
                    Ok(events) if events.iter().any(|event| event.name.as_ref().is_none_or(|name| *name == self.file)) => told(),
                    Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                    Err(_) => return,
                }
            }
        }
    }
}

/// Without inotify: a look four times a second.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::time::Duration;

    pub(super) struct Watching;

    impl Watching {
        pub fn new(_: &Path, _: &str) -> io::Result<Watching> {
            Ok(Watching)
        }

        pub fn run(&self, mut ended: &UnixStream, told: &dyn Fn()) {
            if ended.set_read_timeout(Some(Duration::from_millis(250))).is_err() {
                return;
            }
            while ended.read(&mut [0]).is_err() {
                told();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn each_change_is_told_until_the_watch_is_dropped() {
        let place = tempfile::tempdir().unwrap();
        let (sender, receiver) = mpsc::channel();
        let watch = watch(place.path(), "SYSLOG", move || {
            // Fails only when the test is over.
            let _ = sender.send(());
        })
        .unwrap();
        for text in ["a", "b", "c"] {
            std::fs::write(place.path().join("SYSLOG"), text).unwrap();
            receiver.recv_timeout(Duration::from_secs(30)).unwrap();
            while receiver.try_recv().is_ok() {}
        }
        drop(watch);
        // The thread ends and lets go of the sender.
        while receiver.recv_timeout(Duration::from_secs(30)) != Err(mpsc::RecvTimeoutError::Disconnected) {}
    }
}
