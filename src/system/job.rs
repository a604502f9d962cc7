//! The job that a launcher is: as the program of a started task it finds the job that the initiator made, and when typed in a shell it
//! makes one.

use super::{JobDescription, JobEnd, JobEntry, JobKind, JobRecord, SystemDirectory, listener};
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
    listener: Mutex<Option<UnixListener>>,
    /// The entry, when it belongs to this process: a launcher that was typed in a shell. A started task's entry belongs to its initiator.
    entry: Mutex<Option<JobEntry>>,
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
        let socket = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        socket.map_or(Ok(()), |socket| listener::control(socket, operator))
    }

    fn wto(&self, text: &str) {
        // A log that cannot be written (a full disk) must not end the job.
        let _ = self.system.append_syslog(&self.name, &self.id, text);
    }

    fn end(&self, condition_code: i32) {
        if let Some(entry) = self.entry.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // If it cannot be removed, the next process that looks finds it stale.
            let _ = entry.end();
            self.system.announce_ended(&self.name, &self.name, &self.id, JobEnd::Code(condition_code));
        }
    }
}

/// The job that the initiator made for this process.
fn started_task(directory: &Path) -> io::Result<OwnJob> {
    let system = SystemDirectory::open(directory.parent().and_then(Path::parent))?;
    let record = JobRecord::read(directory)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no job entry in {}", directory.display())))?;
    let descriptor: i32 = std::env::var(CONTROL_DESCRIPTOR).ok().and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the initiator made this descriptor for us and nothing else in this process uses it.
    let listener = unsafe { UnixListener::from_raw_fd(descriptor) };
    close_at_exec(&listener)?;
    Ok(OwnJob { system, name: record.job_name, id: record.job_id, listener: Mutex::new(Some(listener)), entry: Mutex::new(None) })
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
    system.announce_started(&name, &id);
    let listener = entry.listener().try_clone()?;
    Ok(OwnJob { system, name, id, listener: Mutex::new(Some(listener)), entry: Mutex::new(Some(entry)) })
}

fn close_at_exec(descriptor: &UnixListener) -> io::Result<()> {
    nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    Ok(())
}
