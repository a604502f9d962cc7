//! Jobs of a system: each has an entry in jobs/ for as long as it lives.
//!
//! A job lives while a process listens on its control socket. An entry whose socket refuses was left by a job that was killed together with
//! its initiator, or by a job from a shell that was killed; the first process that sees it removes it and tells SYSLOG.

use super::wire::{connect_to, peer_pid, reachable, unix_socket};
use super::{SystemDirectory, SystemError, clock_time, in_words};
use crate::message::mvs;
use crate::platform::files::write_atomically;
use crate::platform::names::is_name;
use crate::platform::unix::own_user_name;
use jiff::Timestamp;
use nix::sys::socket::{Backlog, UnixAddr, bind, listen};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a job came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    /// By a START command, under an initiator.
    StartedTask,
    /// The launcher was typed in a shell.
    Shell,
}

/// The job to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDescription {
    pub job_name: String,
    /// Distinguishes jobs of one name; the job name itself where none was given.
    pub identifier: String,
    /// From [`SystemDirectory::next_job_id`].
    pub job_id: String,
    pub kind: JobKind,
    /// The launcher's process id; the initiator's until the launcher exists.
    pub pid: i32,
}

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
    directory: PathBuf,
}

impl JobRecord {
    /// The job of an entry; None when no job can be read from it.
    pub fn read(directory: &Path) -> Option<JobRecord> {
        read_record(directory)
    }

    /// The job's entry, `jobs/<JOBID>`.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// By itself, with this condition code, 0 to 4095.
    Code(i32),
    /// By CANCEL: abend S222.
    Cancelled,
    /// By a signal that was not ours.
    Signal(i32),
    /// Nobody saw how.
    Unknown,
}

/// A job of ours: its listening control socket, and the duty to remove its entry when it ends.
#[derive(Debug)]
pub struct JobEntry {
    record: JobRecord,
    listener: UnixListener,
}

impl JobEntry {
    /// What is written down of the job.
    pub fn record(&self) -> &JobRecord {
        &self.record
    }

    /// The control socket: listening, blocking, closed at exec.
    pub fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Records the process id of the launcher once it exists.
    ///
    /// # Errors
    /// The system's.
    pub fn set_pid(&mut self, pid: i32) -> io::Result<()> {
        self.record.pid = pid;
        write_record(&self.record)
    }

    /// Removes the entry; commands that wait on the socket learn that the job has gone.
    ///
    /// # Errors
    /// The system's.
    pub fn end(self) -> io::Result<()> {
        remove_entry(&self.record.directory)
    }
}

impl SystemDirectory {
    /// Makes the entry `jobs/<JOBID>` (0700) with its listening socket `control` (0600) and then `job.json` (0600). The order matters: an
    /// entry with a job.json is complete.
    ///
    /// # Errors
    /// [`SystemError::JobName`]; the system's with the path in words.
    pub fn register_job(&self, description: JobDescription) -> io::Result<JobEntry> {
        for name in [&description.job_name, &description.identifier, &description.job_id] {
            if !is_name(name) {
                return Err(SystemError::JobName { name: name.clone() }.into());
            }
        }
        let directory = self.create_job_directory(&description.job_id)?;
        let listener = listen_at(&directory.join("control"))?;
        let record = JobRecord {
            job_name: description.job_name,
            identifier: description.identifier,
            job_id: description.job_id,
            kind: description.kind,
            pid: description.pid,
            started: Timestamp::now(),
            owner: own_user_name(),
            directory,
        };
        write_record(&record)?;
        Ok(JobEntry { record, listener })
    }

    /// Makes `jobs/<JOBID>`, 0700, if it does not exist yet: START puts what the initiator needs there before the job exists.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn create_job_directory(&self, job_id: &str) -> io::Result<PathBuf> {
        let directory = self.jobs_directory().join(job_id);
        match fs::DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(in_words("cannot create", &directory, error)),
            _ => Ok(directory),
        }
    }

    /// The live jobs by job id. Stale entries are removed and their end is reported to SYSLOG. An entry that cannot be read is skipped,
    /// because it belongs to a job that is just ending.
    pub fn jobs(&self) -> Vec<JobRecord> {
        let Ok(entries) = fs::read_dir(self.jobs_directory()) else { return Vec::new() };
        let mut jobs = Vec::new();
        // Names that begin with a dot are entries that are being removed.
        for entry in entries.flatten().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".")) {
            let Some(record) = read_record(&entry.path()) else { continue };
            if is_alive(&record) {
                jobs.push(record);
            } else {
                self.bury(&record);
            }
        }
        jobs.sort_by(|one, other| one.job_id.cmp(&other.job_id));
        jobs
    }

    /// Takes a live job's entry away from everybody else, so that only one process ends the job and reports it; None when another process
    /// was quicker.
    pub fn take_over(&self, record: &JobRecord) -> Option<TakenEntry> {
        let grave = self.jobs_directory().join(format!(".ended.{}", record.job_id));
        fs::rename(&record.directory, &grave).ok()?;
        Some(TakenEntry { grave, original: record.directory.clone() })
    }

    /// Removes the entry of a job that died; if several processes try, one succeeds in renaming it and tells SYSLOG.
    fn bury(&self, record: &JobRecord) {
        if let Some(taken) = self.take_over(record) {
            taken.remove();
            self.announce_ended(&record.job_name, &record.identifier, &record.job_id, JobEnd::Unknown);
        }
    }

    /// Tells SYSLOG that a job has started, and returns the lines.
    pub fn announce_started(&self, job_name: &str, job_id: &str) -> Vec<String> {
        let lines = vec![
            mvs::job_started(job_name).text().to_owned(),
            mvs::program_started(job_name, clock_time(Timestamp::now())).text().to_owned(),
        ];
        // A log that cannot be written must not keep a job from running.
        let _ = self.append_syslog(job_name, job_id, &lines.join("\n"));
        lines
    }

    /// Tells SYSLOG how a job has ended, and returns the lines.
    pub fn announce_ended(&self, job_name: &str, step_name: &str, job_id: &str, end: JobEnd) -> Vec<String> {
        let time = clock_time(Timestamp::now());
        let ended = mvs::program_ended(job_name, &time);
        let (first, how) = match end {
            JobEnd::Code(code) => (ended, format!("RC={code:04}")),
            JobEnd::Unknown => (ended, "UNKNOWN".to_owned()),
            JobEnd::Cancelled => (mvs::program_abended(job_name, step_name, "S222", "00000000", time), "ABEND=S222".to_owned()),
            JobEnd::Signal(number) => {
                (mvs::program_abended(job_name, step_name, "SEC6", format!("0000FF{number:02X}"), time), "ABEND=SEC6".to_owned())
            }
        };
        let lines = vec![first.text().to_owned(), mvs::job_ended(job_name, how).text().to_owned()];
        let _ = self.append_syslog(job_name, job_id, &lines.join("\n"));
        lines
    }
}

/// The entry of a job that the holder of this is ending.
#[derive(Debug)]
pub struct TakenEntry {
    grave: PathBuf,
    original: PathBuf,
}

impl TakenEntry {
    /// A connection to the job's control socket, over which its end can be seen.
    ///
    /// # Errors
    /// The system's: nobody listens any more.
    pub fn connect(&self) -> io::Result<JobConnection> {
        let stream = connect_to(&self.grave.join("control"))?;
        stream.set_nonblocking(false)?;
        Ok(JobConnection { stream })
    }

    /// Puts the entry back because the job could not be ended.
    pub fn give_back(self) {
        let _ = fs::rename(&self.grave, &self.original);
    }

    /// Removes the entry. If it cannot be removed, it does no harm, because its name begins with a dot.
    pub fn remove(self) {
        let _ = fs::remove_dir_all(&self.grave);
    }
}

/// A connection that sends nothing and waits.
#[derive(Debug)]
pub struct JobConnection {
    stream: UnixStream,
}

impl JobConnection {
    /// The process that listens; None where the system does not tell.
    pub fn peer_pid(&self) -> Option<i32> {
        peer_pid(&self.stream)
    }

    /// Returns when the process at the other end has gone, at the latest after `limit`.
    pub fn wait_for_end(mut self, limit: Duration) {
        let _ = self.stream.set_read_timeout(Some(limit));
        let _ = self.stream.read(&mut [0; 64]);
    }
}

/// A listening socket with mode 0600. Its directory is 0700, so there is no moment at which others could connect.
///
/// # Errors
/// The system's, with the path in words.
pub fn listen_at(path: &Path) -> io::Result<UnixListener> {
    let (_directory, short) = reachable(path)?;
    let descriptor = unix_socket(false)?;
    bind(descriptor.as_raw_fd(), &UnixAddr::new(&short)?).map_err(|errno| in_words("cannot create socket", path, errno.into()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| in_words("cannot set mode 600 of", path, error))?;
    listen(&descriptor, Backlog::new(64)?).map_err(|errno| in_words("cannot listen on", path, errno.into()))?;
    Ok(UnixListener::from(descriptor))
}

/// False only when nothing listens any more; a full queue is a sign of life.
fn is_alive(record: &JobRecord) -> bool {
    match connect_to(&record.directory.join("control")) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound),
    }
}

/// Removes job.json first: from then on nobody takes the rest for a job that died.
pub(super) fn remove_entry(directory: &Path) -> io::Result<()> {
    match fs::remove_file(directory.join("job.json")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(in_words("cannot remove", directory, error)),
        _ => Ok(()),
    }
}

/// More than any record has, in bytes.
const RECORD_LIMIT: u64 = 64 * 1024;

fn read_record(directory: &Path) -> Option<JobRecord> {
    let mut text = String::new();
    fs::File::open(directory.join("job.json")).ok()?.take(RECORD_LIMIT).read_to_string(&mut text).ok()?;
    let mut record: JobRecord = serde_json::from_str(&text).ok()?;
    record.directory = directory.to_path_buf();
    let sound = is_name(&record.job_name) && is_name(&record.identifier) && is_name(&record.job_id);
    sound.then_some(record)
}

fn write_record(record: &JobRecord) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(record)?;
    text.push(b'\n');
    write_atomically(&record.directory.join("job.json"), &text, 0o600).map_err(|error| in_words("cannot write", &record.directory, error))
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
