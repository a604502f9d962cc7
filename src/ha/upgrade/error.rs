//! The errors that end an upgrade or a part of it: what happened, what it means, and what to do unless the next run takes care of it.

use super::record::RecordError;
use super::{Step, Who};
use crate::ha::ask::AddressError;
use crate::ha::lock::SysplexLockError;
use crate::ha::operator::OperatorError;
use crate::ha::traffic::TrafficError;
use std::time::Duration;

/// Why an upgrade, a rollback, or something that one of them needs failed.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    // Errors that the world reports.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error("{command} was refused: {}", .lines.join("; "))]
    Refused { command: String, lines: Vec<String> },
    #[error(transparent)]
    Traffic(#[from] TrafficError),
    #[error(transparent)]
    UpgradeRecord(#[from] RecordError),
    #[error(transparent)]
    Lock(#[from] SysplexLockError),
    #[error(transparent)]
    Gateway(#[from] AddressError),
    #[error("the instance runs no gateway")]
    NoGateway,
    /// Faults, one text each.
    #[error("{}", .0.join("; "))]
    Faults(Vec<String>),

    // Why a rollback was begun although nothing is wrong.
    #[error("asked for")]
    AskedFor,
    #[error("the run before had begun to")]
    BegunBefore,

    // A run.
    #[error("stopped before anything was changed")]
    StoppedAtOnce,
    #[error("stopped before step {}: {}", .0.number(), .0.title())]
    StoppedBefore(Step),
    #[error("the progress cannot be kept: {0}")]
    NotKept(#[source] Box<UpgradeError>),
    #[error("the upgrade is done, but its record cannot be removed: {0}")]
    RecordStays(#[source] Box<UpgradeError>),
    #[error("the old instance serves, but the record of the upgrade cannot be removed: {0}")]
    RecordStaysAfterRollback(#[source] Box<UpgradeError>),
    #[error("{what} (rolling back because: {why})")]
    RollingBack { what: Box<UpgradeError>, why: Box<UpgradeError> },

    // Traffic.
    #[error("the balancer took the command, but still gives it new connections")]
    StillGiven,
    #[error("the balancer took the command, but still gives it no new connections")]
    StillKept,
    #[error("something makes the balancer give it new connections again and again")]
    AgainAndAgain,
    #[error("whether traffic is quiesced cannot be told: {0}")]
    QuiescedUnknown(#[source] Box<UpgradeError>),
    #[error("{0}; the old instance is not stopped")]
    OldNotStopped(#[source] Box<UpgradeError>),
    #[error("{0}; the new instance is not stopped")]
    NewNotStopped(#[source] Box<UpgradeError>),
    #[error("traffic could not be quiesced: {0}")]
    NotQuiesced(#[source] Box<UpgradeError>),
    #[error("traffic could not be quiesced anew: {0}")]
    NotQuiescedAnew(#[source] Box<UpgradeError>),
    #[error("{0}; nothing is stopped or started")]
    NothingStopped(#[source] Box<UpgradeError>),
    #[error("traffic could not be kept from the new instance: {0}")]
    NotKeptFromNew(#[source] Box<UpgradeError>),
    #[error("traffic is not resumed: {0}; the peers serve meanwhile, --rollback brings the old one back")]
    NotResumed(#[source] Box<UpgradeError>),
    #[error("the new instance is ready, but traffic could not be resumed to it: {0}; the peers serve meanwhile")]
    NotResumedToNew(#[source] Box<UpgradeError>),
    #[error("traffic was resumed to the old instance, but somebody has quiesced it since: the balancer gives it no new connections")]
    OldTakenAway,
    /// What keeps the old instance from being ready.
    #[error("traffic is not resumed to the old instance: {0}")]
    OldNotReady(String),
    #[error("the old instance is ready, but traffic could not be resumed to it: {0}")]
    NotResumedToOld(#[source] Box<UpgradeError>),
    #[error("{0}; traffic stays at the peers")]
    TrafficStays(#[source] Box<UpgradeError>),

    // Who serves.
    #[error("the peers do not serve any more: {0}")]
    PeersGone(#[source] Box<UpgradeError>),
    /// `resumed`: why traffic could not be resumed to it.
    #[error(
        "nobody but the new instance serves{}: {why}; bring a peer up, then the same command",
        .resumed.as_ref().map_or_else(String::new, |error| format!(", and traffic could not be resumed to it: {error}"))
    )]
    OnlyNewServes { why: Box<UpgradeError>, resumed: Option<Box<UpgradeError>> },
    #[error("{what}; nobody but the {} instance serves: bring a peer up", .who.word())]
    OnlyOneServes { what: Box<UpgradeError>, who: Who },
    /// `differences`: in words.
    #[error("the Discovery Services do not agree after {} s: {differences}", .after.as_secs())]
    Disagree { after: Duration, differences: String },
    #[error("the new instance serves, but not all is well: {}", .0.join("; "))]
    NotAllWell(Vec<String>),

    // Instances.
    #[error("the old instance runs again: somebody else has started it")]
    OldRunsAgain,
    #[error("the {} instance could not be started: {why}", .who.word())]
    NotStarted { who: Who, why: Box<UpgradeError> },
    #[error("the {} instance's state is not known: {why}", .who.word())]
    StateUnknown { who: Who, why: String },
    #[error("the {} instance could not be stopped: {why}", .who.word())]
    NotStopped { who: Who, why: Box<UpgradeError> },
    #[error("the {} instance has not ended {} s after it was told to: look at its job, or cancel it", .who.word(), .after.as_secs())]
    NotEnded { who: Who, after: Duration },
    /// `words`: the last that its system has of it.
    #[error(
        "the {} instance has ended by itself: {}see its SYSPRINT",
        .who.word(),
        .words.iter().map(|word| format!("{word}; ")).collect::<String>()
    )]
    Ended { who: Who, words: Vec<String> },
    #[error("component {component} of the {} instance is {state}: see its SYSPRINT", .who.word())]
    GivenUp { component: String, who: Who, state: String },
    /// `lacking`: in words.
    #[error("the {} instance is not ready after {} s: {lacking}", .who.word(), .after.as_secs())]
    NotReady { who: Who, after: Duration, lacking: String },
}

impl UpgradeError {
    /// Why the progress is not kept.
    pub(super) fn not_kept(self) -> UpgradeError {
        match self {
            taken @ UpgradeError::Lock(_) => taken,
            error => error.because(UpgradeError::NotKept),
        }
    }

    /// An error with this one as its cause.
    pub(super) fn because(self, outer: fn(Box<UpgradeError>) -> UpgradeError) -> UpgradeError {
        outer(Box::new(self))
    }
}
