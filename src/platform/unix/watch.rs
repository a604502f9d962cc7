//! Notification of changed files: of one file (the console's SYSLOG), or of all files of a tree (a component under development).

use crate::platform::thread::{self, Stack};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Notifies as long as it is held.
#[derive(Debug)]
pub struct Watch {
    /// The thread sees the other end close.
    _end: UnixStream,
}

/// Calls `told` on a separate thread each time something happens to `directory/file`, which need not exist yet, or to a file whose name
/// begins like that, as those have that the file was renamed to.
///
/// # Errors
/// The system's, for example when all of a user's inotify instances are in use.
pub fn watch_file(directory: &Path, file: &str, told: impl Fn() + Send + 'static) -> io::Result<Watch> {
    let (end, ended) = UnixStream::pair()?;
    let watching = system::Watching::new(directory, file)?;
    thread::spawn("syslog", Stack::Usual, move || watching.run(&ended, &told))?;
    Ok(Watch { _end: end })
}

/// What the watch of a tree tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeNews {
    /// Files have changed, these as far as they are known, relative to the directory; or, with none, the path leads to another directory now.
    Changed(Vec<String>),
    /// Changes are not seen, in words why: told once as long as it lasts.
    Unseen(String),
}

/// Calls `told` on a separate thread when files below a directory have changed, or any name or link on the way to it, and nothing more has
/// changed for 200 ms. Files that editors and interpreters leave are skipped: see [`is_of_interest`].
///
/// # Errors
/// `Unsupported` on a system without inotify; the system's, for example when all of a user's inotify watches are in use.
pub fn watch_tree(directory: &Path, told: impl Fn(TreeNews) + Send + 'static) -> io::Result<Watch> {
    let (end, ended) = UnixStream::pair()?;
    let watching = tree::Watching::new(directory)?;
    thread::spawn("files", Stack::Usual, move || watching.run(&ended, &told))?;
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

#[cfg(zwelnch_linux)]
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
        fn concerns(&self, name: &std::ffi::OsStr) -> bool {
            name.as_encoded_bytes().starts_with(self.file.as_encoded_bytes())
        }

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
                    Ok(events) if events.iter().any(|event| event.name.as_ref().is_none_or(|name| self.concerns(name))) => told(),
                    Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                    Err(_) => return,
                }
            }
        }
    }
}

#[cfg(zwelnch_linux)]
mod tree;

#[cfg(zwelnch_linux)]
mod place;
#[cfg(zwelnch_linux)]
pub use place::PlaceWatch;
#[cfg(zwelnch_linux)]
mod lasting;
#[cfg(zwelnch_linux)]
pub use lasting::{LastingWatch, release};

#[cfg(not(zwelnch_linux))]
mod none;
#[cfg(not(zwelnch_linux))]
pub use none::{LastingWatch, PlaceWatch, release};

/// Without inotify there is nothing to wait for.
#[cfg(not(zwelnch_linux))]
mod tree {
    use std::io;
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    pub(super) struct Watching;

    impl Watching {
        /// Begins to look; what happens from now on is not missed.
        pub(super) fn new(_: &Path) -> io::Result<Watching> {
            Err(io::Error::new(io::ErrorKind::Unsupported, "this system does not tell of changed files (inotify)"))
        }

        /// Tells of changes until the other end of `ended` is closed.
        pub(super) fn run(self, _: &UnixStream, _: &dyn Fn(super::TreeNews)) {}
    }
}

/// Without inotify: checks four times a second.
#[cfg(not(zwelnch_linux))]
mod system {
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::time::Duration;

    pub(super) struct Watching;

    impl Watching {
        /// Begins to look; what happens from now on is not missed.
        pub(super) fn new(_: &Path, _: &str) -> io::Result<Watching> {
            Ok(Watching)
        }

        /// Tells of changes until the other end of `ended` is closed.
        pub(super) fn run(&self, mut ended: &UnixStream, told: &dyn Fn()) {
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

    /// A watch, and what it tells.
    #[cfg(zwelnch_linux)]
    fn watched(path: &Path) -> (Watch, mpsc::Receiver<TreeNews>) {
        let (sender, receiver) = mpsc::channel();
        // Fails only when the test is over.
        (watch_tree(path, move |news| drop(sender.send(news))).unwrap(), receiver)
    }

    /// Until something has changed, and what.
    #[cfg(zwelnch_linux)]
    fn changed(news: &mpsc::Receiver<TreeNews>) -> Vec<String> {
        match news.recv_timeout(Duration::from_secs(30)) {
            Ok(TreeNews::Changed(files)) => files,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    #[cfg(zwelnch_linux)]
    fn a_tree_tells_of_what_matters_at_any_depth() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("component");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        let (_watch, news) = watched(&root);
        std::fs::write(root.join("bin/start.sh"), "exit").unwrap();
        assert_eq!(changed(&news), ["bin/start.sh"]);
        std::fs::create_dir(root.join("new")).unwrap();
        assert_eq!(changed(&news), ["new"]);
        std::fs::write(root.join("new/file"), "").unwrap();
        changed(&news);
        std::fs::remove_file(root.join("new/file")).unwrap();
        changed(&news);
        // Scrap is not reported, not even when there was plenty of time, nor is what else is in the directories on the way.
        for name in [".start.sh.swp", "start.sh~", "4913", "x.log"] {
            std::fs::write(root.join(name), "").unwrap();
        }
        std::fs::create_dir(place.path().join("other")).unwrap();
        assert!(news.recv_timeout(Duration::from_millis(700)).is_err());
        std::fs::write(root.join("last"), "").unwrap();
        changed(&news);
    }

    #[test]
    #[cfg(zwelnch_linux)]
    fn what_is_built_anew_is_followed() {
        use std::os::unix::fs::symlink;
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let make = |name: &str| std::fs::create_dir_all(at(name).join("bin")).unwrap();
        make("project/dist/c");
        std::fs::create_dir(at("extensions")).unwrap();
        // By a link to a relative path, through another link.
        symlink("project", at("current")).unwrap();
        symlink("../current/dist/c", at("extensions/c")).unwrap();
        let path = at("extensions/c");
        let (_watch, news) = watched(&path);
        let is_seen = || {
            std::fs::write(path.join("bin/start.sh"), "exit").unwrap();
            changed(&news);
        };
        is_seen();
        // Removed; there is a word about it, once, and none of a change.
        std::fs::remove_dir_all(at("project/dist")).unwrap();
        let Ok(TreeNews::Unseen(why)) = news.recv_timeout(Duration::from_secs(30)) else { panic!() };
        let expected =
            format!("{} cannot be reached, it is waited for: ", std::fs::canonicalize(at("project")).unwrap().join("dist").display());
        assert!(why.starts_with(&expected), "{why}");
        std::fs::write(at("project/else"), "").unwrap();
        assert!(news.recv_timeout(Duration::from_millis(700)).is_err());
        make("project/dist/c");
        changed(&news);
        is_seen();
        // A directory above replaced by rename.
        make("project/dist2/c");
        std::fs::rename(at("project/dist"), at("project/old")).unwrap();
        std::fs::rename(at("project/dist2"), at("project/dist")).unwrap();
        changed(&news);
        is_seen();
        // The link on the way, and the last one.
        make("project2/dist/c");
        symlink("project2", at("current.new")).unwrap();
        std::fs::rename(at("current.new"), at("current")).unwrap();
        changed(&news);
        is_seen();
        make("elsewhere");
        symlink(at("elsewhere"), at("extensions/c.new")).unwrap();
        std::fs::rename(at("extensions/c.new"), &path).unwrap();
        changed(&news);
        is_seen();
        // What it does not lead to any more does not matter.
        std::fs::write(at("project/dist/c/bin/start.sh"), "").unwrap();
        std::fs::write(at("project2/dist/c/bin/start.sh"), "").unwrap();
        assert!(news.recv_timeout(Duration::from_millis(700)).is_err());
        // A circle of links ends, and is left again.
        symlink("c.2", at("extensions/c.1")).unwrap();
        symlink("c.1", at("extensions/c.2")).unwrap();
        symlink("c.1", at("extensions/c.new")).unwrap();
        std::fs::rename(at("extensions/c.new"), &path).unwrap();
        assert!(matches!(news.recv_timeout(Duration::from_secs(30)), Ok(TreeNews::Unseen(_))));
        symlink(at("elsewhere"), at("extensions/c.new")).unwrap();
        std::fs::rename(at("extensions/c.new"), &path).unwrap();
        changed(&news);
        is_seen();
    }

    #[test]
    #[cfg(zwelnch_linux)]
    fn a_tree_that_is_not_there_cannot_be_watched() {
        let place = tempfile::tempdir().unwrap();
        assert!(watch_tree(&place.path().join("none"), |_| {}).unwrap_err().to_string().contains("none cannot be reached"));
        std::fs::write(place.path().join("file"), "").unwrap();
        assert!(watch_tree(&place.path().join("file"), |_| {}).is_err());
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
