//! The answer to an operator command: what has become of it, and its lines, which also go to SYSLOG.

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
    /// The system, or the job that it was passed on to, does what was asked for.
    pub accepted: bool,
    /// A job has taken the command and its answer has broken off: what came of it is not known.
    pub broken: bool,
    pub lines: Vec<String>,
    /// Id of the job that a START began.
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

/// The programs that a started task is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// What PGM=ZWELNCH is.
    pub launcher: PathBuf,
    /// The initiator, called with these arguments and the job's entry.
    pub initiator: PathBuf,
    pub initiator_arguments: Vec<OsString>,
}

impl Programs {
    /// This executable in both parts, the initiator as `internal initiator`.
    ///
    /// # Errors
    /// When the system does not tell the path of this executable.
    pub fn own() -> io::Result<Programs> {
        // By its path: a task that is started after an upgrade runs the version that is installed then.
        let own = program::path().ok_or(io::ErrorKind::NotFound)?.to_path_buf();
        Ok(Programs { launcher: own.clone(), initiator: own, initiator_arguments: vec!["internal".into(), "initiator".into()] })
    }
}

/// An answer in the making.
pub(super) struct Answering<'a> {
    system: &'a SystemDirectory,
    answer: Answer,
}

impl<'a> Answering<'a> {
    pub fn new(system: &'a SystemDirectory) -> Self {
        Answering { system, answer: Answer { logged: true, ..Answer::default() } }
    }

    pub fn system(&self) -> &'a SystemDirectory {
        self.system
    }

    /// The job that a START began.
    pub fn begun(&mut self, job_id: Option<String>) {
        self.answer.job_id = job_id;
    }

    /// What came of the command is not known.
    pub fn break_off(&mut self) {
        self.answer.broken = true;
    }

    /// A line of the answer, to SYSLOG too.
    pub fn say(&mut self, job_name: &str, job_id: &str, text: &str) {
        self.log(job_name, job_id, text);
        self.note(text.to_owned());
    }

    /// Lines that belong together.
    pub fn say_all(&mut self, job_name: &str, job_id: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.log(job_name, job_id, &lines.join("\n"));
            self.answer.lines.extend_from_slice(lines);
        }
    }

    /// A line of the answer that SYSLOG already has.
    pub fn note(&mut self, line: String) {
        self.answer.lines.push(line);
    }

    pub fn log(&mut self, job_name: &str, job_id: &str, text: &str) {
        // A full disk keeps nobody from operating the system.
        self.answer.logged &= self.system.append_syslog(job_name, job_id, text).is_ok();
    }

    pub fn finish(mut self, accepted: bool) -> Answer {
        self.answer.accepted = accepted;
        self.answer
    }
}

/// What follows the errors of a member that cannot be run.
pub(super) fn jcl_error(answer: &mut Answering<'_>, job_name: &str) {
    answer.say(job_name, "", mvs::job_not_run(job_name).text());
    answer.say(job_name, "", mvs::start_command_jcl_error().text());
}
