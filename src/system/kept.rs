//! A socket of a job's entry that is kept there: what sweeps old files away (a cleaner of /tmp, somebody's `rm`) takes the socket, the record
//! or the whole entry, and the process that owns them makes them anew at once. Where the system tells of removed files (inotify) nothing is
//! polled; now and then everything is touched, so that nobody takes it for old.

use super::record::{JobRecord, hold, write_record};
use super::{Maker, SystemDirectory, in_words};
use crate::platform::files::{may_exist, unless_missing};
use crate::platform::unix::watch::LastingWatch;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Between two looks where the system tells of removed files; then everything is touched too.
const TOUCH: Duration = Duration::from_secs(3600);

/// Between two looks where it does not, and between two attempts when something cannot be made anew.
const LOOK: Duration = Duration::from_secs(30);

/// Whether a job's entry is being removed in order: nothing of it is made anew then. Held while something is.
pub(super) type Over = Arc<Mutex<bool>>;

/// See the module.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    maker: Maker,
    listener: UnixListener,
    /// What its path names while nobody has removed it.
    socket: Option<(u64, u64)>,
    /// What the listeners of before had still to accept.
    pending: VecDeque<UnixStream>,
    record: JobRecord,
    /// The open entry; where this process is the one that holds it, with the lock that shows that the job lives.
    entry: File,
    holds: bool,
    over: Over,
    watch: Option<LastingWatch>,
    /// The last attempt failed, and why was told.
    troubled: bool,
}

impl Kept {
    /// Keeps a socket: `listener` listens at `name` in the entry of a job. `entry`: the lock on it, where this process holds it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(
        record: JobRecord,
        name: &str,
        listener: UnixListener,
        entry: Option<File>,
        over: Over,
        maker: Maker,
    ) -> io::Result<Kept> {
        listener.set_nonblocking(true)?;
        let holds = entry.is_some();
        let entry = entry.map_or_else(|| File::open(record.directory()), Ok)?;
        let path = record.directory().join(name);
        let socket = identity(&path)?;
        Ok(Kept { path, maker, listener, socket, pending: VecDeque::new(), record, entry, holds, over, watch: None, troubled: false })
    }

    /// Who may operate the job, and what makes its files.
    pub fn maker(&self) -> Maker {
        self.maker
    }

    /// Waits for a connection. `tell`: what was swept away, or why it cannot be made anew, each time once.
    ///
    /// # Errors
    /// Those of accept: the connection stays in the queue.
    pub fn accept(&mut self, tell: &mut dyn FnMut(String)) -> io::Result<UnixStream> {
        loop {
            if let Some(stream) = self.pending.pop_front() {
                return Ok(stream);
            }
            if self.watch.is_none() || self.troubled {
                // What was removed before it watched is seen now.
                self.watch = LastingWatch::of_entry(self.record.directory());
                self.look(tell);
            }
            let time = if self.watch.is_some() && !self.troubled { TOUCH } else { LOOK };
            let mut waiting = vec![PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
            waiting.extend(self.watch.as_ref().map(|watch| PollFd::new(watch.as_fd(), PollFlags::POLLIN)));
            match poll(&mut waiting, PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX)) {
                Ok(0) => {
                    self.touch();
                    self.look(tell);
                    continue;
                }
                Ok(_) => {}
                Err(nix::errno::Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            let called = waiting[0].any() == Some(true);
            if self.watch.as_ref().is_some_and(LastingWatch::take) {
                self.look(tell);
            }
            if called {
                match self.listener.accept() {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok((stream, _)) => {
                        stream.set_nonblocking(false)?;
                        return Ok(stream);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Looks whether everything is there, and makes anew what is not.
    fn look(&mut self, tell: &mut dyn FnMut(String)) {
        match self.restore() {
            Ok(false) => self.troubled = false,
            Ok(true) => {
                (self.troubled, self.watch) = (false, None);
                tell(format!("{} was removed by somebody and is made anew", self.path.display()));
            }
            Err(error) => {
                if !std::mem::replace(&mut self.troubled, true) {
                    tell(format!("{} was removed by somebody and cannot be made anew: {error}", self.path.display()));
                }
            }
        }
    }

    /// True when something was made anew.
    fn restore(&mut self) -> io::Result<bool> {
        let over = Arc::clone(&self.over);
        let over = over.lock().unwrap_or_else(PoisonError::into_inner);
        if *over || self.was_moved() {
            return Ok(false);
        }
        let mut anew = false;
        let directory = self.record.directory().to_path_buf();
        if !is_same(&self.entry, &directory)? {
            // Whatever is missing above it is made too.
            let system = SystemDirectory::open(directory.parent().and_then(Path::parent))?;
            system.create_job_directory(&self.record.job_id)?;
            self.entry = if self.holds { hold(&directory)? } else { File::open(&directory)? };
            anew = true;
        }
        if self.socket.is_none() || identity(&self.path)? != self.socket {
            let listener = self.maker.listen(&self.path)?;
            listener.set_nonblocking(true)?;
            while let Ok((stream, _)) = self.listener.accept() {
                stream.set_nonblocking(false)?;
                self.pending.push_back(stream);
            }
            (self.listener, self.socket) = (listener, identity(&self.path)?);
            anew = true;
        }
        match JobRecord::read(&directory) {
            Ok(Some(record)) => self.record = record,
            Ok(None) => {
                write_record(&self.record, self.maker)?;
                anew = true;
            }
            // Whoever reads it says so.
            Err(_) => {}
        }
        Ok(anew)
    }

    /// Whether the entry is there under another name: somebody ends the job, or has renamed the system.
    fn was_moved(&self) -> bool {
        let place = PathBuf::from(format!("/proc/self/fd/{}", self.entry.as_raw_fd()));
        let is_linked = self.entry.metadata().is_ok_and(|metadata| metadata.nlink() > 0);
        is_linked && !is_same(&self.entry, self.record.directory()).unwrap_or(true) && may_exist(&place.join("job.json"))
    }

    /// Makes everything look new to who removes what is old.
    fn touch(&self) {
        let directory = self.record.directory();
        for path in [directory, &directory.join("job.json"), &self.path] {
            // What is missing is made anew.
            let _ = utimensat(nix::fcntl::AT_FDCWD, path, &TimeSpec::UTIME_NOW, &TimeSpec::UTIME_NOW, UtimensatFlags::NoFollowSymlink);
        }
    }
}

/// What a path names; None: nothing.
fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    let named = unless_missing(fs::symlink_metadata(path)).map_err(|error| in_words("cannot examine", path, error))?;
    Ok(named.map(|metadata| (metadata.dev(), metadata.ino())))
}

fn is_same(open: &File, path: &Path) -> io::Result<bool> {
    crate::platform::files::is_same(open, path).map_err(|error| in_words("cannot examine", path, error))
}
