//! Where operator commands are issued and answered: the console of z/OS, or the console of a system directory.

use crate::message;
#[cfg(feature = "emulation")]
use crate::mvs;
use crate::platform::Platform;
#[cfg(feature = "emulation")]
use crate::system::{Follower, SystemDirectory, parse_syslog_line};
use std::time::Duration;

/// The answer to one operator command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// False when the system, or the launcher to which it passed the command, said that it does not do what was asked.
    pub accepted: bool,
    /// The launcher has taken the command, but its answer broke off: the result is unknown.
    pub broken: bool,
    pub lines: Vec<String>,
    /// What has issued the command, where that is another program.
    pub through: Option<String>,
}

/// Why a command could not be issued at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operator command '{command}' cannot be issued: {why}")]
pub struct OperatorError {
    pub command: String,
    pub why: String,
}

/// A console.
pub trait Operator: Send + Sync {
    /// The system at which commands are issued; others are reached by ROUTE.
    fn sysname(&self) -> String;

    /// Issues a command and returns what was answered at once. `limit`: how long a job may take for the whole answer, which is broken off
    /// after that; None: as long as it says that it is at work.
    ///
    /// # Errors
    /// [`OperatorError`] when there is no console, or no authority to use it.
    fn issue(&self, command: &str, limit: Option<Duration>) -> Result<Answer, OperatorError>;

    /// Issues a command that changes nothing, for a program that asks often: where that is possible no log grows by it.
    ///
    /// # Errors
    /// As [`Operator::issue`].
    fn ask(&self, command: &str, limit: Option<Duration>) -> Result<Answer, OperatorError> {
        self.issue(command, limit)
    }

    /// Whether [`Operator::ask`] leaves no trace: neither in a log nor at anybody's console.
    fn asks_quietly(&self) -> bool {
        false
    }

    /// The last messages that a system's log has of a job, the oldest first; empty where the log cannot be read. `sysname`: None for the
    /// console's own system.
    fn last_words(&self, _sysname: Option<&str>, _job: &str) -> Vec<String> {
        Vec::new()
    }
}

/// How many lines are last words, and how many of a log's last lines are searched for them.
#[cfg(feature = "emulation")]
const LAST_WORDS: (usize, usize) = (3, 500);

/// The console of a system directory.
#[cfg(feature = "emulation")]
impl Operator for SystemDirectory {
    fn sysname(&self) -> String {
        SystemDirectory::sysname(self).to_owned()
    }

    fn issue(&self, command: &str, limit: Option<Duration>) -> Result<Answer, OperatorError> {
        Ok(answer(&mvs::issue_within(self, command, limit)))
    }

    fn ask(&self, command: &str, limit: Option<Duration>) -> Result<Answer, OperatorError> {
        Ok(answer(&mvs::ask(self, command, limit)))
    }

    fn asks_quietly(&self) -> bool {
        true
    }

    fn last_words(&self, sysname: Option<&str>, job: &str) -> Vec<String> {
        let is_own = sysname.is_none_or(|name| name.eq_ignore_ascii_case(SystemDirectory::sysname(self)));
        let system = if is_own { Some(self.clone()) } else { sysname.and_then(|name| self.sysplex().0.remove(&name.to_uppercase())) };
        let Some(system) = system else { return Vec::new() };
        let (count, searched) = LAST_WORDS;
        let lines = Follower::open(&system, searched).1;
        let of_job = lines.iter().filter_map(|line| parse_syslog_line(line)).filter(|line| line.job_name == job);
        let mut words: Vec<String> = of_job.map(|line| line.text.to_owned()).collect();
        words.drain(..words.len().saturating_sub(count));
        words
    }
}

#[cfg(feature = "emulation")]
fn answer(answer: &mvs::Answer) -> Answer {
    Answer { accepted: answer.accepted, broken: answer.broken, lines: answer.said(), through: None }
}

/// The console of z/OS.
pub struct SystemConsole<'a>(pub &'a dyn Platform);

impl Operator for SystemConsole<'_> {
    fn sysname(&self) -> String {
        self.0.sysname()
    }

    /// The program that issues it has a bound of its own besides.
    fn issue(&self, command: &str, limit: Option<Duration>) -> Result<Answer, OperatorError> {
        match self.0.issue_command(command, limit) {
            Ok(answer) => {
                let accepted = answer.unclear.is_none() && !answer.lines.iter().any(|line| is_refusal(line));
                let broken = answer.unclear.is_some();
                let why = answer.unclear.map(|why| format!("whether this was carried out is not known: {why}"));
                Ok(Answer { accepted, broken, lines: answer.lines.into_iter().chain(why).collect(), through: Some(answer.through) })
            }
            Err(error) => Err(OperatorError { command: command.to_owned(), why: error.to_string() }),
        }
    }
}

/// True for the messages by which z/OS, TCP/IP and the launcher say that they have not done what a command asks for. The lines of the
/// answer may begin with a time stamp.
pub fn is_refusal(line: &str) -> bool {
    const REFUSALS: [&str; 14] = [
        "IEE305I", "IEE307I", "IEE308I", "IEE309I", "IEE311I", "IEE341I", "IEE342I", "IEE345I", "IEE535I", "IEE707I", "IEE499I", "IEF452I",
        "EZZ0059I", "EZZ0065I",
    ];
    line.split_whitespace().any(|word| REFUSALS.contains(&word) || (word.starts_with("ZWEL") && message::is_refusal(word)))
}
