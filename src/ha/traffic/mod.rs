//! Switching the traffic of a gateway away from an HA instance and back to it. Contract: docs/contract/high-availability.md, "Switching
//! traffic".
//!
//! New connections are what is switched. Those that exist stay where they are until they end, or until the instance does.

pub mod generate;
pub mod haproxy;
pub mod vary;

use super::operator::OperatorError;

/// Why traffic could not be switched, or looked at. The texts say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// No console.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The operator command was issued and refused; the answer's lines.
    #[error("'{command}' was refused: {}", .lines.join("; "))]
    Refused { command: String, lines: Vec<String> },
    /// The balancer cannot be reached or does not know the server; what and what to do in words.
    #[error("{0}")]
    Balancer(String),
    #[error("HA instance {id} has no components.gateway.port: set it, as traffic is switched by port")]
    NoPort { id: String },
}

/// What distributes connections to the gateways, seen from one of them.
pub trait Traffic: Send + Sync {
    /// What [`Traffic::quiesce`] will issue, as it is typed: for people who read a plan.
    fn quiesce_command(&self) -> String;

    /// What [`Traffic::resume`] will issue.
    fn resume_command(&self) -> String;

    /// Finds out, without changing anything, whether switching will work.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn check(&self) -> Result<(), TrafficError>;

    /// No new connections to the instance from now on. Doing it twice is no error. Returns what was answered.
    ///
    /// # Errors
    /// [`TrafficError`]; then it is not known whether traffic was switched.
    fn quiesce(&self) -> Result<Vec<String>, TrafficError>;

    /// New connections to the instance again. Doing it twice is no error. Returns what was answered.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn resume(&self) -> Result<Vec<String>, TrafficError>;

    /// Why nobody but the instance gets new connections, a line each; none: somebody does, or that cannot be told. Changes nothing.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn others(&self) -> Result<Vec<String>, TrafficError>;

    /// Whether new connections are kept from the instance now; None where that cannot be told. Changes nothing.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn is_quiesced(&self) -> Result<Option<bool>, TrafficError>;

    /// How many connections the instance has now; None where that cannot be told.
    ///
    /// # Errors
    /// [`TrafficError`].
    fn connections(&self) -> Result<Option<u64>, TrafficError>;
}
