//! Notification of changed files: of one file (the console's SYSLOG), or of all files of a tree (a component under development).

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Notifies as long as it is held.
#[derive(Debug)]
pub struct Watch {
    /// The thread sees the other end close.
    _end: UnixStream,
}

/// Calls `told` on a separate thread each time something happens to `directory/file`, which need not exist yet.
///
/// # Errors
/// The system's, for example when all of a user's inotify instances are in use.
pub fn watch_file(directory: &Path, file: &str, told: impl Fn() + Send + 'static) -> io::Result<Watch> {
    let (end, ended) = UnixStream::pair()?;
    let watching = system::Watching::new(directory, file)?;
    std::thread::Builder::new().name("syslog".to_owned()).spawn(move || watching.run(&ended, &told))?;
    Ok(Watch { _end: end })
}

/// Calls `told` on a separate thread when files below a directory have changed and nothing more has changed for 200 ms. Files that editors
/// and interpreters leave are skipped: see [`is_of_interest`].
///
/// # Errors
/// `Unsupported` on a system without inotify; the system's, for example when all of a user's inotify watches are in use.
pub fn watch_tree(directory: &Path, told: impl Fn() + Send + 'static) -> io::Result<Watch> {
    let (end, ended) = UnixStream::pair()?;
    let watching = tree::Watching::new(directory)?;
    std::thread::Builder::new().name("files".to_owned()).spawn(move || watching.run(&ended, &told))?;
    Ok(Watch { _end: end })
}

/// False for hidden files (.git, .swp) and others that are not part of a component: backups and locks of editors, logs, compiled Python.
pub fn is_of_interest(name: &str) -> bool {
    let is_scrap = name.starts_with(['.', '#'])
        || name.ends_with(['~', '#'])
        || [".swp", ".tmp", ".log", ".pid"].iter().any(|end| name.ends_with(end));
    // vim writes a file called 4913 to see whether it can.
    !is_scrap && !["4913", "__pycache__", "node_modules"].contains(&name)
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
        /// Begins to look; what happens from now on is not missed.
        pub(super) fn new(directory: &Path, file: &str) -> io::Result<Watching> {
            let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
            let events = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
            inotify.add_watch(directory, events)?;
            Ok(Watching { inotify, file: file.into() })
        }

        /// Tells of changes until the other end of `ended` is closed.
        pub(super) fn run(&self, ended: &UnixStream, told: &dyn Fn()) {
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

#[cfg(any(target_os = "linux", target_os = "android"))]
mod tree {
    use super::is_of_interest;
    use crate::platform::files::{FileKind, kind, unless_missing};
    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
    use std::collections::HashMap;
    use std::ffi::OsStr;
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    /// When nothing has happened for this long, the writer is done.
    const QUIET: Duration = Duration::from_millis(200);
    /// Files that change all the time are reported nevertheless.
    const LONGEST: Duration = Duration::from_secs(2);

    pub(super) struct Watching {
        inotify: Inotify,
        /// Without links in it.
        root: PathBuf,
        directories: HashMap<WatchDescriptor, PathBuf>,
    }

    impl Watching {
        /// Begins to look; what happens from now on is not missed.
        pub(super) fn new(directory: &Path) -> io::Result<Watching> {
            let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
            let mut watching = Watching { inotify, root: std::fs::canonicalize(directory)?, directories: HashMap::new() };
            watching.add_all()?;
            Ok(watching)
        }

        /// The tree and its parent: a build may remove the whole directory and create it again.
        fn add_all(&mut self) -> io::Result<()> {
            let root = self.root.clone();
            if let Some(parent) = root.parent() {
                let events = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
                let descriptor = self.inotify.add_watch(parent, events)?;
                self.directories.insert(descriptor, parent.to_path_buf());
            }
            self.add(&root)
        }

        /// Does not follow links, because a circle of them would never end. What has gone meanwhile is not an error.
        fn add(&mut self, directory: &Path) -> io::Result<()> {
            let events = AddWatchFlags::IN_CLOSE_WRITE
                | AddWatchFlags::IN_CREATE
                | AddWatchFlags::IN_DELETE
                | AddWatchFlags::IN_MOVED_FROM
                | AddWatchFlags::IN_MOVED_TO
                | AddWatchFlags::IN_ONLYDIR
                | AddWatchFlags::IN_DONT_FOLLOW;
            match self.inotify.add_watch(directory, events) {
                Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
                descriptor => self.directories.insert(descriptor?, directory.to_path_buf()),
            };
            for entry in unless_missing(std::fs::read_dir(directory))?.into_iter().flatten() {
                let entry = entry?;
                let is_directory = unless_missing(entry.metadata())?.is_some_and(|metadata| kind(&metadata) == FileKind::Directory);
                if is_directory && concerns(&entry.file_name()) {
                    self.add(&entry.path())?;
                }
            }
            Ok(())
        }

        /// Tells of changes until the other end of `ended` is closed.
        pub(super) fn run(mut self, ended: &UnixStream, told: &dyn Fn()) {
            let mut first: Option<Instant> = None;
            loop {
                let wait = match first {
                    // At most 200, so it fits.
                    Some(first) => QUIET.min(LONGEST.saturating_sub(first.elapsed())).as_millis() as u16,
                    None => 0,
                };
                let timeout = if first.is_some() { PollTimeout::from(wait) } else { PollTimeout::NONE };
                let mut waiting = [PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN), PollFd::new(ended.as_fd(), PollFlags::POLLIN)];
                let ready = match poll(&mut waiting, timeout) {
                    Err(Errno::EINTR) => continue,
                    Err(_) => return,
                    Ok(ready) => ready,
                };
                if waiting[1].any().unwrap_or(true) {
                    return;
                }
                if ready == 0 {
                    first = None;
                    told();
                    continue;
                }
                let events = match self.inotify.read_events() {
                    Ok(events) => events,
                    Err(Errno::EAGAIN | Errno::EINTR) => continue,
                    Err(_) => return,
                };
                for event in events {
                    if self.happened(&event) {
                        first.get_or_insert_with(Instant::now);
                    }
                }
            }
        }

        /// Whether an event should be reported.
        fn happened(&mut self, event: &InotifyEvent) -> bool {
            if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                // Events were lost: it may have been anything. What cannot be watched any more is left as it is.
                let _ = self.add_all();
                return true;
            }
            if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                self.directories.remove(&event.wd);
                return false;
            }
            let (Some(directory), Some(name)) = (self.directories.get(&event.wd), &event.name) else { return false };
            let path = directory.join(name);
            if Some(directory.as_path()) == self.root.parent() {
                if path != self.root {
                    return false;
                }
            } else if !concerns(name) {
                return false;
            }
            let is_new = event.mask.intersects(AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO);
            if is_new && event.mask.contains(AddWatchFlags::IN_ISDIR) {
                // Files written into it before this are reported with it. If it cannot be watched, only its own changes are missed.
                let _ = self.add(&path);
            }
            true
        }
    }

    fn concerns(name: &OsStr) -> bool {
        name.to_str().is_none_or(is_of_interest)
    }
}

/// Without inotify there is nothing to wait for.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod tree {
    use std::io;
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    pub(super) struct Watching;

    impl Watching {
        /// Begins to look; what happens from now on is not missed.
        pub fn new(_: &Path) -> io::Result<Watching> {
            Err(io::Error::new(io::ErrorKind::Unsupported, "this system does not tell of changed files (inotify)"))
        }

        /// Tells of changes until the other end of `ended` is closed.
        pub fn run(self, _: &UnixStream, _: &dyn Fn()) {}
    }
}

/// Without inotify: checks four times a second.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::time::Duration;

    pub(super) struct Watching;

    impl Watching {
        /// Begins to look; what happens from now on is not missed.
        pub fn new(_: &Path, _: &str) -> io::Result<Watching> {
            Ok(Watching)
        }

        /// Tells of changes until the other end of `ended` is closed.
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
        let watch = watch_file(place.path(), "SYSLOG", move || {
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

    #[test]
    fn a_tree_tells_of_what_matters_at_any_depth() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("component");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        let (sender, receiver) = mpsc::channel();
        let _watch = watch_tree(&root, move || {
            // Fails only when the test is over.
            let _ = sender.send(());
        })
        .unwrap();
        let told = || receiver.recv_timeout(Duration::from_secs(30)).unwrap();
        std::fs::write(root.join("bin/start.sh"), "exit").unwrap();
        told();
        std::fs::create_dir(root.join("new")).unwrap();
        told();
        std::fs::write(root.join("new/file"), "").unwrap();
        told();
        std::fs::remove_file(root.join("new/file")).unwrap();
        told();
        // All of it removed and created again.
        std::fs::remove_dir_all(&root).unwrap();
        told();
        std::fs::create_dir(&root).unwrap();
        told();
        std::fs::write(root.join("again"), "").unwrap();
        told();
        // Scrap is not reported, not even when there was plenty of time.
        for name in [".start.sh.swp", "start.sh~", "4913", "x.log"] {
            std::fs::write(root.join(name), "").unwrap();
        }
        assert!(receiver.recv_timeout(Duration::from_millis(700)).is_err());
        std::fs::write(root.join("last"), "").unwrap();
        told();
    }

    #[test]
    fn scrap_is_told_from_files() {
        for scrap in [".git", ".x.swp", "#x#", "x~", "4913", "__pycache__", "server.log", "x.tmp"] {
            assert!(!is_of_interest(scrap), "{scrap}");
        }
        for file in ["start.sh", "manifest.yaml", "swp", "x.json", "log.js"] {
            assert!(is_of_interest(file), "{file}");
        }
    }
}
