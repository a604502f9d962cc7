//! Where operator commands are issued and answered: the console of z/OS, or the console of a system directory.

use crate::message;
#[cfg(feature = "emulation")]
use crate::mvs;
use crate::platform::Platform;
#[cfg(feature = "emulation")]
use crate::system::SystemDirectory;

/// The answer to one operator command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// False when the system, or the launcher to which it passed the command, said that it does not do what was asked.
    pub accepted: bool,
    /// The launcher has taken the command, but its answer broke off: the result is unknown.
    pub broken: bool,
    pub lines: Vec<String>,
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

    /// Issues a command and returns what was answered at once.
    ///
    /// # Errors
    /// [`OperatorError`] when there is no console, or no authority to use it.
    fn issue(&self, command: &str) -> Result<Answer, OperatorError>;
}

/// The console of a system directory.
#[cfg(feature = "emulation")]
impl Operator for SystemDirectory {
    fn sysname(&self) -> String {
        SystemDirectory::sysname(self).to_owned()
    }

    fn issue(&self, command: &str) -> Result<Answer, OperatorError> {
        let mvs::Answer { accepted, broken, lines, .. } = mvs::issue(self, command);
        Ok(Answer { accepted, broken, lines })
    }
}

/// The console of z/OS.
pub struct SystemConsole<'a>(pub &'a dyn Platform);

impl Operator for SystemConsole<'_> {
    fn sysname(&self) -> String {
        self.0.sysname()
    }

    fn issue(&self, command: &str) -> Result<Answer, OperatorError> {
        match self.0.issue_command(command) {
            Ok(lines) => Ok(Answer { accepted: !lines.iter().any(|line| is_refusal(line)), broken: false, lines }),
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
