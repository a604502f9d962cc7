//! Jobs of a system: each has an entry in jobs/ for as long as it lives.
//!
//! A job lives while a process listens on its control socket, or holds the lock on its entry: the socket is a file, which others may
//! remove; the lock is the system's, and ends with the last process that has it. An entry that has neither was left by a job that was killed
//! together with its initiator, or by a job from a shell that was killed; the first process that sees it removes it and tells SYSLOG.

use super::kept::{Kept, Over};
use super::record::{JobKind, JobRecord, hold, is_held, write_record};
use super::wire::{CONTROL, connect_to, peer_pid};
use super::{Maker, SystemDirectory, SystemError, clock_time, in_words};
use crate::message::{self, Message, mvs};
use crate::platform::files::entries;
use crate::platform::names::is_name;
use crate::platform::unix::own_user_name;
use jiff::Timestamp;
use std::fs;
use std::io::{self, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

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
    /// The open entry with its lock.
    held: fs::File,
    over: Over,
    maker: Maker,
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

    /// The open entry with the lock that shows that the job lives: for the job's process, which may live longer than this one.
    pub fn held(&self) -> &fs::File {
        &self.held
    }

    /// Keeps a socket in the entry, with everything else that the entry has.
    ///
    /// # Errors
    /// The system's.
    pub fn keep(&self, name: &str, listener: UnixListener) -> io::Result<Kept> {
        Kept::new(self.record.clone(), name, listener, Some(self.held.try_clone()?), Over::clone(&self.over), self.maker)
    }

    /// Records the process id of the launcher once it exists.
    ///
    /// # Errors
    /// The system's.
    pub fn set_pid(&mut self, pid: i32) -> io::Result<()> {
        self.record.pid = pid;
        write_record(&self.record, self.maker)
    }

    /// Removes the entry; commands that wait on the socket learn that the job has gone.
    ///
    /// # Errors
    /// The system's.
    pub fn end(self) -> io::Result<()> {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
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
        let held = hold(&directory)?;
        let listener = self.maker.listen(&directory.join(CONTROL))?;
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
        write_record(&record, self.maker)?;
        Ok(JobEntry { record, listener, held, over: Over::default(), maker: self.maker })
    }

    /// Makes `jobs/<JOBID>`, 0700, if it does not exist yet: START puts what the initiator needs there before the job exists.
    ///
    /// # Errors
    /// The system's with the path in words.
    pub fn create_job_directory(&self, job_id: &str) -> io::Result<PathBuf> {
        let directory = self.jobs_directory().join(job_id);
        self.maker.directory(&directory).map(|()| directory)
    }

    /// The live jobs by job id; for whoever looks again and again. What cannot be read is told by [`SystemDirectory::all_jobs`].
    pub fn jobs(&self) -> Vec<JobRecord> {
        self.all_jobs().0
    }

    /// The live jobs by job id, and a message for each entry that cannot be read. Stale entries are removed and their end is reported to
    /// SYSLOG. An entry without a record belongs to a job that is just beginning or ending.
    pub fn all_jobs(&self) -> (Vec<JobRecord>, Vec<Message>) {
        let (mut jobs, mut problems) = (Vec::new(), Vec::new());
        let entries = entries(&self.jobs_directory()).unwrap_or_else(|error| {
            problems.push(message::job_entry_unreadable(self.jobs_directory().display(), error));
            Vec::new()
        });
        // Names that begin with a dot are entries that are being made or removed.
        for entry in entries.iter().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".")) {
            match JobRecord::read(&entry.path()) {
                Ok(Some(record)) if record.is_alive() => jobs.push(record),
                Ok(Some(record)) => self.bury(&record),
                Ok(None) => {}
                Err(error) => problems.push(message::job_entry_unreadable(entry.path().display(), error)),
            }
        }
        jobs.sort_by(|one, other| one.job_id.cmp(&other.job_id));
        (jobs, problems)
    }

    /// Takes a live job's entry away from everybody else, so that only one process ends the job and reports it; None when another process
    /// was quicker.
    pub fn take_over(&self, record: &JobRecord) -> Option<TakenEntry> {
        let grave = self.jobs_directory().join(format!(".ended.{}", record.job_id));
        fs::rename(&record.directory, &grave).ok()?;
        Some(TakenEntry { grave, original: record.directory.clone(), pid: record.pid })
    }

    /// Removes the entry of a job that died; if several processes try, one succeeds in renaming it and tells SYSLOG. While that cannot be
    /// written, the entry stays for the next that looks.
    fn bury(&self, record: &JobRecord) {
        if let Some(taken) = self.take_over(record) {
            let (_, told) = self.announce_ended(&record.job_name, &record.identifier, &record.job_id, JobEnd::Unknown);
            if told.is_ok() { taken.remove() } else { taken.give_back() }
        }
    }

    /// Tells SYSLOG that a job has started. Returns the lines, and whether they are there: a log that cannot be written keeps no job from
    /// running.
    pub fn announce_started(&self, job_name: &str, job_id: &str) -> (Vec<String>, io::Result<()>) {
        let lines = vec![
            mvs::job_started(job_name).text().to_owned(),
            mvs::program_started(job_name, clock_time(Timestamp::now())).text().to_owned(),
        ];
        let told = self.append_syslog(job_name, job_id, &lines.join("\n"));
        (lines, told)
    }

    /// Tells SYSLOG how a job has ended, and returns the same.
    pub fn announce_ended(&self, job_name: &str, step_name: &str, job_id: &str, end: JobEnd) -> (Vec<String>, io::Result<()>) {
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
        let told = self.append_syslog(job_name, job_id, &lines.join("\n"));
        (lines, told)
    }
}

/// The entry of a job that the holder of this is ending.
#[derive(Debug)]
pub struct TakenEntry {
    grave: PathBuf,
    original: PathBuf,
    pid: i32,
}

impl TakenEntry {
    /// A connection to the job's control socket, over which its end can be seen.
    ///
    /// # Errors
    /// The system's: nobody listens any more.
    pub fn connect(&self) -> io::Result<JobConnection> {
        let stream = connect_to(&self.grave.join(CONTROL))?;
        Ok(JobConnection { stream })
    }

    /// Whether the job lives although nobody can connect to it.
    pub fn is_held(&self) -> bool {
        is_held(&self.grave, self.pid)
    }

    /// Returns when it does not, at the latest after `limit`.
    pub fn wait_for_end(&self, limit: Duration) {
        let until = Instant::now() + limit;
        while self.is_held() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
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
