//! The result of a START: whether the launcher took its configuration, or ended because of it. On z/OS only messages and the condition code
//! tell; here the console waits for the result, so that a script learns what an operator would see.

use super::answer::Answering;
use crate::message;
use crate::platform::unix::watch::watch_file;
use crate::system::{Follower, JobRecord, Patience, Request, parse_syslog_line, send_patiently};
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a launcher may take to read and check its configuration before START counts as accepted anyway.
const PATIENCE: Patience = Patience { first: Duration::from_secs(10), whole: Some(Duration::from_secs(30)) };

/// How long it may take until the end of an ending job is reported.
const END: Duration = Duration::from_secs(10);

/// How often it is checked whether the job is still there: if SYSLOG cannot be written, it does not tell.
const CHECK: Duration = Duration::from_millis(250);

/// How long the line about its end is waited for when the job has gone.
const LAST_LINE: Duration = Duration::from_secs(2);

/// Waits until the launcher of a job that has just been started has taken its configuration. False when it ended before that: then what
/// `syslog` has of the job, except `said`, becomes part of the answer.
pub(super) fn is_taken(answer: &mut Answering<'_>, job_id: &str, directory: &Path, syslog: Follower, said: &[String]) -> bool {
    let system = answer.system();
    let job = match JobRecord::read(directory) {
        Ok(Some(job)) => job,
        Ok(None) => return ended(answer, job_id, syslog, said),
        Err(error) => {
            answer.say("CONSOLE", "", message::job_entry_unreadable(directory.display(), error).text());
            return ended(answer, job_id, syslog, said);
        }
    };
    let ask = || send_patiently(job.directory(), &Request::Await, PATIENCE);
    // A launcher that is ending when it is asked says nothing. Asked again, it is either still there, or its initiator reports its end.
    let asked = match ask() {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ask(),
        asked => asked,
    };
    match asked {
        // The reply is complete, or the launcher is an older one that does not understand the request, or it is late.
        Ok(reply) if reply.broken.is_none() => true,
        Ok(_) => ended(answer, job_id, syslog, said),
        // Nobody listens any more.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            ended(answer, job_id, syslog, said)
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            system.jobs().iter().any(|job| job.job_id == job_id) || ended(answer, job_id, syslog, said)
        }
        Err(_) => true,
    }
}

/// Waits until SYSLOG reports the end of a job, or the job has gone without that, and notes its lines about the job. True when no end comes:
/// the job runs.
fn ended(answer: &mut Answering<'_>, job_id: &str, mut syslog: Follower, said: &[String]) -> bool {
    let system = answer.system();
    let (sender, grown) = mpsc::channel();
    let for_watch = sender.clone();
    // Without it SYSLOG is looked at as often as the job.
    let _watch = watch_file(system.path(), "SYSLOG", move || {
        // Nobody waits any more.
        let _ = for_watch.send(());
    });
    let deadline = Instant::now() + END;
    let (mut lines, mut gone): (Vec<String>, Option<Instant>) = (Vec::new(), None);
    loop {
        loop {
            let news = syslog.news();
            if news.is_empty() {
                break;
            }
            let about_it = news.lines.iter().filter_map(|line| parse_syslog_line(line)).filter(|line| line.job_id == job_id);
            lines.extend(about_it.map(|line| line.text.to_owned()));
        }
        let is_there = system.jobs().iter().any(|job| job.job_id == job_id);
        gone = if is_there { None } else { gone.or_else(|| Some(Instant::now())) };
        let is_told = lines.iter().any(|line| line.starts_with("$HASP395 "));
        if is_told || gone.is_some_and(|since| since.elapsed() >= LAST_LINE) {
            lines.into_iter().filter(|line| !said.contains(line)).for_each(|line| answer.note(line));
            return false;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return is_there;
        }
        // `sender` lives as long as this waits, so that it does wait where there is no watch.
        let _ = grown.recv_timeout(left.min(CHECK));
    }
}
