//! The job that a launcher is: as the program of a started task it finds the job that the initiator made, and when typed in a shell it
//! makes one.

use super::kept::{Kept, Over};
use super::wire::CONTROL;
use super::{JobDescription, JobEnd, JobEntry, JobKind, JobRecord, SystemDirectory, listener};
use crate::message::{self, Message};
use crate::platform::OperatorListener;
use crate::platform::unix::Job;
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The directory of the job's entry: set by the initiator for the program of a started task, and only then.
pub const JOB_DIRECTORY: &str = "ZWELNCH_JOB_DIRECTORY";
/// The descriptor of the job's listening control socket; set in the same way.
pub const CONTROL_DESCRIPTOR: &str = "ZWELNCH_CONTROL_FD";

/// A job of a system directory: what this process is when it is a launcher.
pub struct OwnJob {
    system: SystemDirectory,
    name: String,
    id: String,
    /// Taken by [`Job::listen`].
    control: Mutex<Option<Kept>>,
    /// The entry, when it belongs to this process: a launcher that was typed in a shell. A started task's entry belongs to its initiator.
    entry: Mutex<Option<JobEntry>>,
    /// Lines about its start that could not be written to SYSLOG yet.
    unwritten: Mutex<Vec<String>>,
}

impl OwnJob {
    /// The job that the initiator made for this process, else a new one, named by JOBNAME.
    ///
    /// # Errors
    /// Why there is no job, and so no console.
    pub fn of_this_process() -> io::Result<OwnJob> {
        match std::env::var_os(JOB_DIRECTORY) {
            Some(directory) => started_task(Path::new(&directory)),
            None => shell_job(),
        }
    }
}

impl Job for OwnJob {
    fn sysname(&self) -> &str {
        self.system.sysname()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn listen(&self, operator: OperatorListener) -> io::Result<()> {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner).take();
        control.map_or(Ok(()), |control| listener::control(control, operator))
    }

    fn wto(&self, text: &str) -> io::Result<()> {
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        if !unwritten.is_empty() {
            self.system.append_syslog(&self.name, &self.id, &unwritten.join("\n"))?;
            unwritten.clear();
        }
        self.system.append_syslog(&self.name, &self.id, text)
    }

    fn end(&self, condition_code: i32) -> Option<Message> {
        let entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        // If it cannot be removed, the next process that looks finds it stale.
        let _ = entry.end();
        let (lines, told) = self.system.announce_ended(&self.name, &self.name, &self.id, JobEnd::Code(condition_code));
        let before = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).len();
        told.err().map(|error| message::console_lines_not_written(before + lines.len(), error))
    }
}

/// The job that the initiator made for this process.
fn started_task(directory: &Path) -> io::Result<OwnJob> {
    let system = SystemDirectory::open(directory.parent().and_then(Path::parent))?;
    let record = JobRecord::read(directory)?
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no job entry in {}", directory.display())))?;
    let descriptor: i32 = std::env::var(CONTROL_DESCRIPTOR).ok().and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the initiator made this descriptor for us and nothing else in this process uses it.
    let listener = unsafe { UnixListener::from_raw_fd(descriptor) };
    close_at_exec(&listener)?;
    let (name, id) = (record.job_name.clone(), record.job_id.clone());
    // The entry is its initiator's, who holds and ends it; the socket is ours.
    let control = Kept::new(record, CONTROL, listener, None, Over::default(), system.maker())?;
    Ok(OwnJob { system, name, id, control: Mutex::new(Some(control)), entry: Mutex::default(), unwritten: Mutex::default() })
}

fn shell_job() -> io::Result<OwnJob> {
    let system = SystemDirectory::open(None)?;
    let name = std::env::var("JOBNAME").unwrap_or_default().trim().to_ascii_uppercase();
    let name = if name.is_empty() { "ZWESLSTC".to_owned() } else { name };
    let id = system.next_job_id()?;
    let description = JobDescription {
        job_name: name.clone(),
        identifier: name.clone(),
        job_id: id.clone(),
        kind: JobKind::Shell,
        pid: nix::unistd::getpid().as_raw(),
    };
    let entry = system.register_job(description)?;
    let (mut lines, told) = system.announce_started(&name, &id);
    if told.is_ok() {
        lines.clear();
    }
    // Nobody can be told of it yet but SYSLOG.
    lines.extend(system.limits().1.map(|why| message::limits_not_understood(why).text().to_owned()));
    lines.extend(system.shorten_spool().err().map(|error| message::limits_not_kept(error).text().to_owned()));
    let control = entry.keep(CONTROL, entry.listener().try_clone()?)?;
    Ok(OwnJob { system, name, id, control: Mutex::new(Some(control)), entry: Mutex::new(Some(entry)), unwritten: Mutex::new(lines) })
}

fn close_at_exec(descriptor: &UnixListener) -> io::Result<()> {
    nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    Ok(())
}
