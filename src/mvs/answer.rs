//! The answer to an operator command: the result, and its lines, which also go to SYSLOG.

use crate::console::{REFUSED, UNKNOWN};
use crate::message::{self, Message, mvs};
use crate::platform::unix::program;
use crate::system::{CONSOLE, SystemDirectory, syslog_line};
use jiff::Timestamp;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The answer to a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The system, or the job to which it passed the command, does what was asked.
    pub accepted: bool,
    /// A job has taken the command and its answer broke off: the result is unknown.
    pub broken: bool,
    pub lines: Vec<String>,
    /// What SYSLOG does not hold of the answer, as lines of SYSLOG: the answer to a question, and what could not be written.
    pub unlogged: Vec<String>,
    /// How many lines could not be written to SYSLOG, the command included, and why.
    pub lost: Option<(usize, String)>,
}

impl Answer {
    /// The answer as it is shown where SYSLOG is not.
    pub fn said(&self) -> Vec<String> {
        self.lines.iter().cloned().chain(self.not_logged().map(|message| message.text().to_owned())).collect()
    }

    /// The message about lines that could not be written to SYSLOG.
    pub fn not_logged(&self) -> Option<Message> {
        self.lost.as_ref().map(|(count, why)| message::console_lines_not_written(count, why))
    }

    /// 0 when the command was accepted, else [`REFUSED`] or [`UNKNOWN`].
    pub fn exit_code(&self) -> i32 {
        match (self.broken, self.accepted) {
            (true, _) => UNKNOWN,
            (false, true) => 0,
            (false, false) => REFUSED,
        }
    }
}

/// A job that a command has started, on this system or by RO on another one.
#[derive(Debug, Clone)]
pub(super) struct StartedJob {
    pub system: SystemDirectory,
    pub job_name: String,
    pub job_id: String,
}

impl StartedJob {
    /// Whether it still runs. Its system also reports its end where nobody else is left to do it.
    pub(super) fn is_there(&self) -> bool {
        self.system.jobs().iter().any(|job| job.job_id == self.job_id)
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

/// What of a command goes to SYSLOG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Logged {
    /// Nothing: a program asks, perhaps every few seconds.
    Nothing,
    /// A question leaves its command only, as on z/OS with CMDLEVEL(INCMDS).
    Command,
    All,
}

/// How a command is carried out.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) logged: Logged,
    /// For the whole answer of a job; None: it may take as long as the job is at work.
    pub(super) limit: Option<Duration>,
    /// Called for each job that the command starts, here or by ROUTE on another system, as soon as it runs.
    pub(super) tell: &'a dyn Fn(StartedJob),
}

/// An answer that is being made.
pub(super) struct Answering<'a> {
    system: &'a SystemDirectory,
    answer: Answer,
    way: Way<'a>,
}

impl<'a> Answering<'a> {
    /// Begins with the command itself.
    pub(super) fn new(system: &'a SystemDirectory, command: &str, way: Way<'a>) -> Self {
        let mut answering = Answering { system, answer: Answer::default(), way };
        if way.logged > Logged::Nothing {
            answering.log(CONSOLE, "", command);
            // It was typed; it is no part of the answer.
            answering.answer.unlogged.clear();
        }
        answering
    }

    /// How the command is carried out.
    pub(super) fn way(&self) -> Way<'a> {
        self.way
    }

    pub(super) fn system(&self) -> &'a SystemDirectory {
        self.system
    }

    /// START has begun a job.
    pub(super) fn begun(&self, job_name: &str, job_id: &str) {
        (self.way.tell)(StartedJob { system: self.system.clone(), job_name: job_name.to_owned(), job_id: job_id.to_owned() });
    }

    /// The result of the command is unknown.
    pub(super) fn break_off(&mut self) {
        self.answer.broken = true;
    }

    /// A line of the answer.
    pub(super) fn say(&mut self, job_name: &str, job_id: &str, text: &str) {
        self.say_all(job_name, job_id, &[text.to_owned()]);
    }

    /// Lines that belong together; to SYSLOG too, unless they answer a question.
    pub(super) fn say_all(&mut self, job_name: &str, job_id: &str, lines: &[String]) {
        if !lines.is_empty() {
            let text = lines.join("\n");
            if self.way.logged == Logged::All {
                self.log(job_name, job_id, &text)
            } else {
                self.keep(job_name, job_id, &text)
            }
            self.answer.lines.extend_from_slice(lines);
        }
    }

    /// A line of the answer that SYSLOG already has.
    pub(super) fn note(&mut self, line: String) {
        self.answer.lines.push(line);
    }

    /// Lines of the answer that could not be written to SYSLOG.
    pub(super) fn say_unlogged(&mut self, job_name: &str, job_id: &str, lines: &[String], why: io::Error) {
        self.lose(lines.len(), why.to_string());
        self.keep(job_name, job_id, &lines.join("\n"));
        self.answer.lines.extend_from_slice(lines);
    }

    fn log(&mut self, job_name: &str, job_id: &str, text: &str) {
        // A full disk must not keep anybody from operating the system.
        if let Err(error) = self.system.append_syslog(job_name, job_id, text) {
            self.lose(text.lines().count(), error.to_string());
            self.keep(job_name, job_id, text);
        }
    }

    fn lose(&mut self, count: usize, why: String) {
        let before = self.answer.lost.take().map_or(0, |(count, _)| count);
        self.answer.lost = Some((before + count, why));
    }

    /// For the console alone.
    fn keep(&mut self, job_name: &str, job_id: &str, text: &str) {
        let now = Timestamp::now();
        let lines = text.lines().map(|line| syslog_line(now, self.system.sysname(), job_name, job_id, line).trim_end().to_owned());
        self.answer.unlogged.extend(lines);
    }

    /// What was answered to a part of the command that was carried out by itself.
    pub(super) fn take(&mut self, part: Answer) {
        self.answer.broken |= part.broken;
        self.answer.lines.extend(part.lines);
        self.answer.unlogged.extend(part.unlogged);
        if let Some((count, why)) = part.lost {
            self.lose(count, why);
        }
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

/// Keeps the spool within its limits, and says what keeps it from that.
pub(super) fn tidy(answer: &mut Answering<'_>) {
    let system = answer.system();
    if let Some(why) = system.limits().1 {
        answer.say(CONSOLE, "", message::limits_not_understood(why).text());
    }
    if let Err(error) = system.shorten_spool() {
        answer.say(CONSOLE, "", message::limits_not_kept(error).text());
    }
}
