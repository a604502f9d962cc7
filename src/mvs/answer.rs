//! The answer to an operator command: the result, and its lines, which also go to SYSLOG.

use crate::console::{REFUSED, UNKNOWN};
use crate::message::mvs;
use crate::platform::unix::program;
use crate::system::SystemDirectory;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// The answer to a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The system, or the job to which it passed the command, does what was asked.
    pub accepted: bool,
    /// A job has taken the command and its answer broke off: the result is unknown.
    pub broken: bool,
    pub lines: Vec<String>,
    /// Id of the job that START began.
    pub job_id: Option<String>,
    /// True when SYSLOG holds every line of the answer; false when it could not be written.
    pub logged: bool,
}

impl Answer {
    /// 0 when the command was accepted, else [`REFUSED`] or [`UNKNOWN`].
    pub fn exit_code(&self) -> i32 {
        match (self.broken, self.accepted) {
            (true, _) => UNKNOWN,
            (false, true) => 0,
            (false, false) => REFUSED,
        }
    }
}

/// The programs that make up a started task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The program that PGM=ZWELNCH means.
    pub launcher: PathBuf,
    /// The initiator, called with these arguments and the job's entry.
    pub initiator: PathBuf,
    pub initiator_arguments: Vec<OsString>,
}

impl Programs {
    /// This executable in both parts, the initiator as `internal initiator`.
    ///
    /// # Errors
    /// When the system does not know the path of this executable.
    pub fn own() -> io::Result<Programs> {
        // By its path: a task that is started after an upgrade runs the version installed at that time.
        let own = program::path().ok_or(io::ErrorKind::NotFound)?.to_path_buf();
        Ok(Programs { launcher: own.clone(), initiator: own, initiator_arguments: vec!["internal".into(), "initiator".into()] })
    }
}

/// An answer that is being made.
pub(super) struct Answering<'a> {
    system: &'a SystemDirectory,
    answer: Answer,
}

impl<'a> Answering<'a> {
    pub(super) fn new(system: &'a SystemDirectory) -> Self {
        Answering { system, answer: Answer { logged: true, ..Answer::default() } }
    }

    pub(super) fn system(&self) -> &'a SystemDirectory {
        self.system
    }

    /// The job that START began.
    pub(super) fn begun(&mut self, job_id: Option<String>) {
        self.answer.job_id = job_id;
    }

    /// The result of the command is unknown.
    pub(super) fn break_off(&mut self) {
        self.answer.broken = true;
    }

    /// A line of the answer, to SYSLOG too.
    pub(super) fn say(&mut self, job_name: &str, job_id: &str, text: &str) {
        self.log(job_name, job_id, text);
        self.note(text.to_owned());
    }

    /// Lines that belong together.
    pub(super) fn say_all(&mut self, job_name: &str, job_id: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.log(job_name, job_id, &lines.join("\n"));
            self.answer.lines.extend_from_slice(lines);
        }
    }

    /// A line of the answer that SYSLOG already has.
    pub(super) fn note(&mut self, line: String) {
        self.answer.lines.push(line);
    }

    pub(super) fn log(&mut self, job_name: &str, job_id: &str, text: &str) {
        // A full disk must not keep anybody from operating the system.
        self.answer.logged &= self.system.append_syslog(job_name, job_id, text).is_ok();
    }

    pub(super) fn finish(mut self, accepted: bool) -> Answer {
        self.answer.accepted = accepted;
        self.answer
    }
}

/// What follows the errors of a member that cannot be run.
pub(super) fn jcl_error(answer: &mut Answering<'_>, job_name: &str) {
    answer.say(job_name, "", mvs::job_not_run(job_name).text());
    answer.say(job_name, "", mvs::start_command_jcl_error().text());
}
