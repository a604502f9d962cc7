//! A tree of files and the way to it: a build may remove, rename or link anew any directory on the way, and then the tree is another one.

use super::{TreeNews, is_of_interest};
use crate::platform::files::{FileKind, entries, kind, unless_missing};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

/// When nothing has happened for this long, the writer is done.
const QUIET: Duration = Duration::from_millis(200);
/// Files that change all the time are reported nevertheless.
const LONGEST: Duration = Duration::from_secs(2);

/// How many files are named when they have changed.
const MOST_NAMES: usize = 1000;

/// The most links on the way, as the system has it.
const LINK_LIMIT: usize = 40;

pub(super) struct Watching {
    inotify: Inotify,
    /// As it was given: what it leads to is asked anew whenever something changes on the way.
    path: PathBuf,
    /// The directories on the way, and the names in them that lead on: one directory may be passed several times.
    way: HashMap<WatchDescriptor, Vec<OsString>>,
    /// The directories of the tree; none while it is not there.
    directories: HashMap<WatchDescriptor, PathBuf>,
    /// Where the tree is, with no link on the way.
    root: PathBuf,
    /// What has changed since that was last told, relative to the root.
    changed: BTreeSet<String>,
    /// Why changes are not seen, in words.
    troubles: BTreeSet<String>,
    /// Those of them that have been told.
    told: BTreeSet<String>,
    /// All watches of the user are in use.
    is_limited: bool,
}

impl Watching {
    /// Begins to look; what happens from now on is not missed.
    pub(super) fn new(directory: &Path) -> io::Result<Watching> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).map_err(in_words)?;
        let (way, directories) = (HashMap::new(), HashMap::new());
        let path = std::path::absolute(directory)?;
        let (troubles, told, changed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut watching = Watching { inotify, path, way, directories, root: PathBuf::new(), changed, troubles, told, is_limited: false };
        watching.look_anew();
        // Where a directory on the way may be passed but not read, only a change of that name is not seen.
        if watching.directories.is_empty() || watching.is_limited {
            return Err(io::Error::other(watching.troubles.into_iter().collect::<Vec<_>>().join("; ")));
        }
        Ok(watching)
    }

    /// Watches what the path leads to now, and the way there.
    fn look_anew(&mut self) {
        for (descriptor, _) in self.way.drain() {
            // It may have gone with its directory.
            let _ = self.inotify.rm_watch(descriptor);
        }
        for (descriptor, _) in self.directories.drain() {
            let _ = self.inotify.rm_watch(descriptor);
        }
        self.troubles.clear();
        self.is_limited = false;
        match self.follow_way() {
            Ok(root) => {
                self.root.clone_from(&root);
                self.add(root);
            }
            Err((place, error)) => {
                self.troubles.insert(format!("{} cannot be reached, it is waited for: {error}", place.display()));
            }
        }
    }

    /// Watches each directory on the way before it looks what the next name is there: what changes after that is told. Returns where the
    /// way leads; or where it ends, and why.
    fn follow_way(&mut self) -> Result<PathBuf, (PathBuf, io::Error)> {
        let mut rest: VecDeque<OsString> = names(&self.path);
        let (mut at, mut links) = (PathBuf::from("/"), 0);
        while let Some(name) = rest.pop_front() {
            if name == ".." {
                // No link is left in it.
                at.pop();
                continue;
            }
            let next = at.join(&name);
            self.add_to_way(&at, name);
            let metadata = std::fs::symlink_metadata(&next).map_err(|error| (next.clone(), error))?;
            match kind(&metadata) {
                FileKind::Directory => at = next,
                FileKind::SymbolicLink if links < LINK_LIMIT => {
                    links += 1;
                    let target = std::fs::read_link(&next).map_err(|error| (next, error))?;
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    for name in names(&target).into_iter().rev() {
                        rest.push_front(name);
                    }
                }
                FileKind::SymbolicLink => return Err((next, Errno::ELOOP.into())),
                _ => return Err((next, Errno::ENOTDIR.into())),
            }
        }
        Ok(at)
    }

    fn add_to_way(&mut self, directory: &Path, name: OsString) {
        match self.inotify.add_watch(directory, ON_THE_WAY) {
            Ok(descriptor) => self.way.entry(descriptor).or_default().push(name),
            // The directory that held it tells.
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(errno) => self.trouble(format!("names in {}", directory.display()), errno),
        }
    }

    fn trouble(&mut self, what: String, errno: Errno) {
        self.is_limited |= errno == Errno::ENOSPC;
        self.troubles.insert(format!("{what}: {}", in_words(errno)));
    }

    /// Watches the directories of a tree. Does not follow links, because a circle of them would never end. What has gone meanwhile is no
    /// trouble.
    fn add(&mut self, root: PathBuf) {
        let mut found = vec![root];
        while let Some(directory) = found.pop() {
            match self.inotify.add_watch(&directory, IN_THE_TREE) {
                Ok(descriptor) => drop(self.directories.insert(descriptor, directory.clone())),
                Err(Errno::ENOENT | Errno::ENOTDIR) => continue,
                Err(errno) => {
                    self.trouble(format!("files below {}", directory.display()), errno);
                    // Each of the others would say the same.
                    if errno == Errno::ENOSPC {
                        return;
                    }
                }
            }
            match directories_in(&directory) {
                Ok(more) => found.extend(more),
                Err(error) => drop(self.troubles.insert(format!("files below {}: {error}", directory.display()))),
            }
        }
    }

    /// Tells of changes until the other end of `ended` is closed.
    pub(super) fn run(mut self, ended: &UnixStream, told: &dyn Fn(TreeNews)) {
        if let Err(error) = self.watch(ended, told) {
            told(TreeNews::Unseen(error.to_string()));
        }
    }

    fn watch(&mut self, ended: &UnixStream, told: &dyn Fn(TreeNews)) -> io::Result<()> {
        let mut first: Option<Instant> = None;
        self.tell_troubles(told);
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
                ready => ready?,
            };
            if waiting[1].any().unwrap_or(true) {
                return Ok(());
            }
            if ready == 0 {
                first = None;
                self.tell_troubles(told);
                let changed = std::mem::take(&mut self.changed);
                if !self.directories.is_empty() {
                    told(TreeNews::Changed(changed.into_iter().collect()));
                }
                continue;
            }
            let events = match self.inotify.read_events() {
                Err(Errno::EAGAIN | Errno::EINTR) => continue,
                events => events?,
            };
            let (mut happened, mut is_other) = (false, false);
            for event in events {
                is_other |= self.is_of_way(&event);
                happened |= self.is_of_tree(&event);
            }
            if is_other {
                self.look_anew();
            }
            if is_other || happened {
                first.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Each trouble once as long as it lasts.
    fn tell_troubles(&mut self, told: &dyn Fn(TreeNews)) {
        for trouble in self.troubles.difference(&self.told) {
            told(TreeNews::Unseen(trouble.clone()));
        }
        self.told = self.troubles.clone();
    }

    /// Whether the path may lead elsewhere now.
    fn is_of_way(&self, event: &InotifyEvent) -> bool {
        // Events were lost: it may have been anything.
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return true;
        }
        let gone = AddWatchFlags::IN_IGNORED | AddWatchFlags::IN_UNMOUNT | AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_DELETE_SELF;
        let names = self.way.get(&event.wd);
        names.is_some_and(|names| event.mask.intersects(gone) || event.name.as_ref().is_some_and(|name| names.contains(name)))
    }

    /// Whether an event is a change of the tree.
    fn is_of_tree(&mut self, event: &InotifyEvent) -> bool {
        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            self.directories.remove(&event.wd);
            return false;
        }
        let (Some(directory), Some(name)) = (self.directories.get(&event.wd), &event.name) else { return false };
        if !concerns(name) {
            return false;
        }
        if self.changed.len() < MOST_NAMES {
            let file = directory.join(name);
            self.changed.insert(file.strip_prefix(&self.root).unwrap_or(&file).display().to_string());
        }
        let is_new = event.mask.intersects(AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO);
        if is_new && event.mask.contains(AddWatchFlags::IN_ISDIR) {
            // Files written into it before this are reported with it.
            self.add(directory.join(name));
        }
        true
    }
}

/// On the way: names that come and go.
const ON_THE_WAY: AddWatchFlags = AddWatchFlags::IN_CREATE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO)
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_ONLYDIR)
    .union(AddWatchFlags::IN_DONT_FOLLOW);

/// In the tree also what is written. This is all of [`ON_THE_WAY`] and more, because a directory may be both, and has one watch.
const IN_THE_TREE: AddWatchFlags = ON_THE_WAY.union(AddWatchFlags::IN_CLOSE_WRITE);

/// The system calls the end of watches the end of the disk.
fn in_words(errno: Errno) -> io::Error {
    match errno {
        Errno::ENOSPC => io::Error::other("all inotify watches of this user are in use (fs.inotify.max_user_watches)"),
        Errno::EMFILE => io::Error::other(
            "all inotify instances of this user, or all descriptors of this process, are in use (fs.inotify.max_user_instances, ulimit -n)",
        ),
        errno => errno.into(),
    }
}

/// The names of a path.
fn names(path: &Path) -> VecDeque<OsString> {
    let name = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().filter_map(name).collect()
}

/// The directories of interest in a directory; none when it has gone.
fn directories_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in entries(directory)? {
        let is_directory = unless_missing(entry.metadata())?.is_some_and(|metadata| kind(&metadata) == FileKind::Directory);
        if is_directory && concerns(&entry.file_name()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn concerns(name: &OsStr) -> bool {
    name.to_str().is_none_or(is_of_interest)
}
