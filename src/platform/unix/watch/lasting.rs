//! Watches that last as long as the process. The kernel takes tens of milliseconds to close an inotify descriptor that watches something,
//! and the end of a process waits for that; one whose watches were removed a moment before is closed at once.

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// All of them.
static ALL: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Inner {
    inotify: Inotify,
    watches: Mutex<Vec<WatchDescriptor>>,
}

/// See the module.
#[derive(Debug)]
pub struct LastingWatch(Arc<Inner>);

impl LastingWatch {
    /// Watches nothing yet; what it is asked for without an event does not wait.
    ///
    /// # Errors
    /// The system's, for example when all of a user's inotify instances are in use.
    pub(super) fn new() -> io::Result<LastingWatch> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let inner = Arc::new(Inner { inotify, watches: Mutex::default() });
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&inner));
        Ok(LastingWatch(inner))
    }

    /// Watches one more.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn add(&self, path: &Path, events: AddWatchFlags) -> io::Result<()> {
        let watch = self.0.inotify.add_watch(path, events)?;
        self.0.watches.lock().unwrap_or_else(PoisonError::into_inner).push(watch);
        Ok(())
    }

    /// Of a directory: tells of what is removed from it, and of the removal of it and of the directory that it is in. None where it cannot be
    /// watched.
    pub fn of_entry(directory: &Path) -> Option<LastingWatch> {
        let watch = LastingWatch::new().ok()?;
        let gone = AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM | AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF;
        for directory in [Some(directory), directory.parent()].into_iter().flatten() {
            watch.add(directory, gone | AddWatchFlags::IN_ONLYDIR).ok()?;
        }
        Some(watch)
    }

    /// Takes what it has to tell; whether there is anything.
    pub fn take(&self) -> bool {
        let mut any = false;
        while self.0.inotify.read_events().is_ok_and(|events| !events.is_empty()) {
            any = true;
        }
        any
    }
}

impl AsFd for LastingWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.inotify.as_fd()
    }
}

impl AsRawFd for LastingWatch {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Removes what they watch; each tells that as something that has happened. For a process that is about to end: from now on only looks tell.
pub fn release() {
    for watch in ALL.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
        for one in watch.watches.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // What it was about may have gone.
            let _ = watch.inotify.rm_watch(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_released_tells_that_and_nothing_afterwards() {
        let directory = tempfile::tempdir().unwrap();
        let watch = LastingWatch::new().unwrap();
        watch.add(directory.path(), AddWatchFlags::IN_CREATE).unwrap();
        std::fs::write(directory.path().join("a"), "").unwrap();
        assert!(watch.take() && !watch.take());
        // Others of this process are released as well, which they bear.
        release();
        assert!(watch.take());
        std::fs::write(directory.path().join("b"), "").unwrap();
        assert!(!watch.take());
    }
}
