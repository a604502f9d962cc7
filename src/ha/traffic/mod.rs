//! Switching the traffic of a gateway away from an HA instance and back to it. Contract: docs/contract/high-availability.md, "Switching
//! traffic".
//!
//! Only new connections are switched. Existing ones stay where they are until they end, or until the instance ends.

pub mod generate;
pub mod haproxy;
pub mod seen;
pub mod vary;

use super::operator::OperatorError;
use super::target::Target;
use std::time::Duration;

/// How long a server's health check may take to pass again: a little more than twice the interval that `zwelnch ha haproxy` configures.
const HEALTH_TIME: Duration = Duration::from_secs(5);

/// Why traffic could not be switched, or looked at. The texts say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// No console.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The operator command was issued and refused; with the lines of the answer.
    #[error("'{command}' was refused: {}", .lines.join("; "))]
    Refused { command: String, lines: Vec<String> },
    /// The balancer cannot be reached or does not know the server; the text says which, and what to do.
    #[error("{0}")]
    Balancer(String),
    #[error("HA instance {id} has no components.gateway.port: set it, as traffic is switched by port")]
    NoPort { id: String },
}

/// Something that is so or not, as far as anybody tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Yes,
    /// With the reason.
    No(String),
    /// Nobody tells; with the reason.
    Unknown(String),
}

/// What distributes connections to the gateways, seen from one of them.
pub trait Traffic: Send + Sync {
    /// The command that [`Traffic::quiesce`] will issue, as it is typed; shown in plans.
    fn quiesce_command(&self) -> String;

    /// The command that [`Traffic::resume`] will issue.
    fn resume_command(&self) -> String;

    /// Finds out, without changing anything, whether switching will work.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn check(&self) -> Result<(), TrafficError>;

    /// Keeps new connections away from the instance from now on. Doing it twice is not an error. Returns the answer.
    ///
    /// # Errors
    /// [`TrafficError`]; then it is unknown whether traffic was switched.
    fn quiesce(&self) -> Result<Vec<String>, TrafficError>;

    /// Lets the instance have new connections again. Doing it twice is not an error. Returns the answer.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn resume(&self) -> Result<Vec<String>, TrafficError>;

    /// The reasons why only this instance gets new connections, one line each. Empty: another one gets them too, or it is unknown. Changes
    /// nothing.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn others(&self) -> Result<Vec<String>, TrafficError>;

    /// Whether each of these other instances gets new connections, in their order. Asking may end at the first of which it is not known that
    /// it gets none. Changes nothing.
    fn given(&self, peers: &[&Target]) -> Vec<Known>;

    /// Whether new connections are kept from the instance now; None where that is unknown. Changes nothing.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn is_quiesced(&self) -> Result<Option<bool>, TrafficError>;

    /// How many connections the instance has now; None where that is unknown.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn connections(&self) -> Result<Option<u64>, TrafficError>;
}
