//! What is written down of a job in its entry, and whether the job lives: what its socket and the lock on its entry say.

use super::wire::{CONTROL, connect_to};
use super::{Maker, in_words};
use crate::platform::files::{read_bounded, unless_missing};
use crate::platform::names::is_name;
use jiff::Timestamp;
use nix::libc;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How a job came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    /// By a START command, under an initiator.
    StartedTask,
    /// The launcher was typed in a shell.
    Shell,
}

/// More than any record has, in bytes.
const RECORD_LIMIT: u64 = 64 * 1024;

/// A registered job as `job.json` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    pub job_name: String,
    pub identifier: String,
    pub job_id: String,
    pub kind: JobKind,
    pub pid: i32,
    /// Start time; in job.json RFC 3339, UTC.
    #[serde(with = "rfc3339")]
    pub started: Timestamp,
    /// User id of the job's owner, upper case.
    pub owner: String,
    /// The job's entry, `jobs/<JOBID>`.
    #[serde(skip)]
    pub(super) directory: PathBuf,
}

impl JobRecord {
    /// The job of an entry; None when it has none: it is being made, or removed.
    ///
    /// # Errors
    /// Why it cannot be read, with the path in words.
    pub fn read(directory: &Path) -> io::Result<Option<JobRecord>> {
        let path = directory.join("job.json");
        let Some(text) = unless_missing(read_bounded(&path, RECORD_LIMIT)).map_err(|error| in_words("cannot read", &path, error))? else {
            return Ok(None);
        };
        let mut record: JobRecord = serde_json::from_slice(&text).map_err(|error| in_words("cannot read", &path, error.into()))?;
        record.directory = directory.to_path_buf();
        if [&record.job_name, &record.identifier, &record.job_id].into_iter().all(|name| is_name(name)) {
            return Ok(Some(record));
        }
        Err(in_words("cannot read", &path, io::Error::new(io::ErrorKind::InvalidData, "it names no job")))
    }

    /// Whether the job lives: only what is certain ends it.
    pub fn is_alive(&self) -> bool {
        match connect_to(&self.directory.join(CONTROL)) {
            Ok(_) => true,
            // Nobody listens, or the socket was removed.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
                is_held(&self.directory, self.pid)
            }
            // A queue that is full is a sign of life.
            Err(_) => true,
        }
    }

    /// The job's entry, `jobs/<JOBID>`.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Opens a job's entry and locks it for as long as the descriptor, or a copy of it in another process, is open. What removes old files by
/// the rules of systemd (tmpfiles.d) passes over a directory that is locked so.
pub(super) fn hold(directory: &Path) -> io::Result<fs::File> {
    let entry = fs::File::open(directory).map_err(|error| in_words("cannot open", directory, error))?;
    // A file system without locks: then the socket alone shows that the job lives.
    let _ = flock(&entry, libc::LOCK_EX);
    Ok(entry)
}

/// Whether a process holds a job's entry. Where the file system does not tell, whether there is a process with the job's number.
pub(super) fn is_held(directory: &Path, pid: i32) -> bool {
    let open = fs::OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(directory);
    match open.map(|entry| flock(&entry, libc::LOCK_SH | libc::LOCK_NB)) {
        Ok(Ok(())) => false,
        Ok(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => true,
        Ok(Err(_)) => nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) != Err(nix::errno::Errno::ESRCH),
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    }
}

/// Not nix's: that gives the lock back when it is dropped, which would take it from those who have inherited the file.
pub(super) fn flock(file: &fs::File, how: libc::c_int) -> io::Result<()> {
    loop {
        // SAFETY: flock has no effect on memory, and the descriptor is open.
        if unsafe { libc::flock(file.as_raw_fd(), how) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

pub(super) fn write_record(record: &JobRecord, maker: Maker) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(record)?;
    text.push(b'\n');
    maker.replace(&record.directory.join("job.json"), &text)
}

/// A time stamp as text: jiff's own serde support is not switched on.
mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
