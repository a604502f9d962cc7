//! Being told that something in a directory has changed, without looking again and again.
//!
//! On Linux this is inotify itself: the crates for it wait with mio, whose poll(2) selector never reports such a descriptor a second time.

use std::io;
use std::path::Path;

pub(super) use system::Watch;

#[cfg(target_os = "linux")]
mod system {
    use super::{Path, io};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    use std::os::fd::{AsFd, OwnedFd};

    /// Watches as long as it is held.
    pub(in crate::mvs::console) struct Watch {
        /// Closed, it ends the thread.
        _stop: OwnedFd,
    }

    impl Watch {
        /// Calls `told` from a thread of its own after each change of a file in `directory`.
        ///
        /// # Errors
        /// The system's: too many watches, no descriptors.
        pub(in crate::mvs::console) fn begin(directory: &Path, mut told: impl FnMut() + Send + 'static) -> io::Result<Watch> {
            let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
            let changes = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_CLOSE_WRITE;
            inotify.add_watch(directory, changes)?;
            let (stopped, stop) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
            std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
                loop {
                    let mut wanted = [PollFd::new(inotify.as_fd(), PollFlags::POLLIN), PollFd::new(stopped.as_fd(), PollFlags::POLLIN)];
                    // EINTR: the next round says what there is.
                    let _ = poll(&mut wanted, PollTimeout::NONE);
                    if wanted[1].any() == Some(true) {
                        return;
                    }
                    // Whatever the events say, the answer is to look.
                    if inotify.read_events().is_ok() {
                        told();
                    }
                }
            })?;
            Ok(Watch { _stop: stop })
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Path, io};
    use notify::{RecommendedWatcher, RecursiveMode, Watcher};

    /// Watches as long as it is held.
    pub(in crate::mvs::console) struct Watch {
        _watcher: RecommendedWatcher,
    }

    impl Watch {
        /// Calls `told` after each change of a file in `directory`.
        ///
        /// # Errors
        /// Why the system cannot tell.
        pub(in crate::mvs::console) fn begin(directory: &Path, mut told: impl FnMut() + Send + 'static) -> io::Result<Watch> {
            // An error means that news were lost: so look.
            let on_event = move |event: notify::Result<notify::Event>| {
                if event.map_or(true, |event| !event.kind.is_access()) {
                    told();
                }
            };
            let mut watcher = notify::recommended_watcher(on_event).map_err(io::Error::other)?;
            watcher.watch(directory, RecursiveMode::NonRecursive).map_err(io::Error::other)?;
            Ok(Watch { _watcher: watcher })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_told_until_it_is_dropped() {
        let place = tempfile::tempdir().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let watch = Watch::begin(place.path(), move || drop(sender.send(()))).unwrap();
        for round in 0..20 {
            std::fs::write(place.path().join("SYSLOG"), round.to_string()).unwrap();
            receiver.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
            while receiver.try_recv().is_ok() {}
        }
        drop(watch);
        // The sender goes with the thread.
        while receiver.recv_timeout(std::time::Duration::from_secs(60)) == Ok(()) {}
        assert_eq!(receiver.recv(), Err(std::sync::mpsc::RecvError));
    }
}
