//! The result of a START: whether the launcher took its configuration, or ended because of it. On z/OS only messages and the condition code
//! tell; here the console waits for the result, so that a script learns what an operator would see.

use super::answer::Answering;
use crate::platform::unix::watch::watch_file;
use crate::system::{JobRecord, Patience, Request, SystemDirectory, parse_syslog_line, send_patiently};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a launcher may take to read and check its configuration before START counts as accepted anyway.
const PATIENCE: Patience = Patience { first: Duration::from_secs(10), whole: Some(Duration::from_secs(30)) };

/// How long it may take until the end of an ending job is reported.
const END: Duration = Duration::from_secs(10);

/// How often a system whose SYSLOG cannot be watched is checked.
const WITHOUT_WATCH: Duration = Duration::from_millis(250);

/// The number of bytes of SYSLOG that are searched for the lines of one job.
const SYSLOG_LIMIT: u64 = 256 * 1024;

/// Where SYSLOG ends now.
pub(super) fn end_of_syslog(system: &SystemDirectory) -> u64 {
    std::fs::metadata(system.syslog()).map_or(0, |metadata| metadata.len())
}

/// Waits until the launcher of a job that has just been started has taken its configuration. False when it ended before that: then what
/// SYSLOG has of the job since `from`, except `said`, becomes part of the answer.
pub(super) fn is_taken(answer: &mut Answering<'_>, job_id: &str, directory: &Path, from: u64, said: &[String]) -> bool {
    let system = answer.system();
    let Some(job) = JobRecord::read(directory) else { return ended(answer, job_id, from, said) };
    let ask = || send_patiently(job.directory(), &Request::Await, PATIENCE);
    // A launcher that is ending when it is asked says nothing. Asked again, it is either still there, or its initiator reports its end.
    let asked = match ask() {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ask(),
        asked => asked,
    };
    match asked {
        // The reply is complete, or the launcher is an older one that does not understand the request, or it is late.
        Ok(reply) if reply.broken.is_none() => true,
        Ok(_) => ended(answer, job_id, from, said),
        // Nobody listens any more.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            ended(answer, job_id, from, said)
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            system.jobs().iter().any(|job| job.job_id == job_id) || ended(answer, job_id, from, said)
        }
        Err(_) => true,
    }
}

/// Waits until SYSLOG reports the end of a job, and notes its lines about the job. True when no end comes: the job runs.
fn ended(answer: &mut Answering<'_>, job_id: &str, from: u64, said: &[String]) -> bool {
    let system = answer.system();
    let (sender, grown) = mpsc::channel();
    let watch = watch_file(system.path(), "SYSLOG", move || {
        // Nobody waits any more.
        let _ = sender.send(());
    });
    let deadline = Instant::now() + END;
    loop {
        let lines = lines_of(system, job_id, from);
        if lines.iter().any(|line| line.starts_with("$HASP395 ")) {
            lines.into_iter().filter(|line| !said.contains(line)).for_each(|line| answer.note(line));
            return false;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return system.jobs().iter().any(|job| job.job_id == job_id);
        }
        let _ = grown.recv_timeout(if watch.is_ok() { left } else { left.min(WITHOUT_WATCH) });
    }
}

/// The texts about a job in SYSLOG since `from`; all of them if SYSLOG has become shorter.
fn lines_of(system: &SystemDirectory, job_id: &str, from: u64) -> Vec<String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(system.syslog())?;
        let from = if file.metadata()?.len() < from { 0 } else { from };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(SYSLOG_LIMIT).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    // A log that cannot be read yields nothing.
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter_map(parse_syslog_line).filter(|line| line.job_id == job_id);
    lines.map(|line| line.text.to_owned()).collect()
}
