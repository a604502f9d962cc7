//! Where operator commands are issued, and what is answered: the console of z/OS, or the console of a system directory.

use crate::mvs;
use crate::platform::Platform;
use crate::platform::unix::system::SystemDirectory;

/// The answer to one operator command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// False when the system said that it did not take the command.
    pub accepted: bool,
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
impl Operator for SystemDirectory {
    fn sysname(&self) -> String {
        SystemDirectory::sysname(self).to_owned()
    }

    fn issue(&self, command: &str) -> Result<Answer, OperatorError> {
        let mvs::Answer { accepted, lines, .. } = mvs::issue(self, command);
        Ok(Answer { accepted, lines })
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
            Ok(lines) => Ok(Answer { accepted: !lines.iter().any(|line| is_refusal(line)), lines }),
            Err(error) => Err(OperatorError { command: command.to_owned(), why: error.to_string() }),
        }
    }
}

/// True for the messages by which z/OS and TCP/IP say that they have not taken a command: the answer's lines may begin with a time stamp.
pub fn is_refusal(line: &str) -> bool {
    const REFUSALS: [&str; 14] = [
        "IEE305I", "IEE307I", "IEE308I", "IEE309I", "IEE311I", "IEE341I", "IEE342I", "IEE345I", "IEE535I", "IEE707I", "IEE499I", "IEF452I",
        "EZZ0059I", "EZZ0065I",
    ];
    line.split_whitespace().any(|word| REFUSALS.contains(&word))
}
