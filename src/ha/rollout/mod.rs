//! `zwelnch ha rollout`: every instance of a sysplex is replaced by its new version, one after the other, each by the procedure of
//! `ha upgrade`. Contract: docs/contract/high-availability.md, "Rollout".
//!
//! [`run()`] decides; everything it does and sees goes through [`World`]. What runs is asked, never taken from the record: the record says
//! what was meant, and where the two differ somebody else was at work.

pub mod audit;
mod error;
pub mod order;
pub mod record;
mod run;
pub mod soak;
#[cfg(test)]
mod tests;

pub use error::RolloutError;
pub use run::{leave_nothing_begun, run};

use record::{Instance, Rollout};
use soak::Sample;
use std::time::Duration;

/// Which version of an instance runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// That from before the rollout.
    Before,
    /// The new one.
    After,
    Both,
    Neither,
    /// Nobody tells; with the reason.
    Unknown(String),
}

/// In which direction an instance is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `ha upgrade`; one that was begun goes on.
    Forward,
    /// An upgrade that is done is undone by one in the other direction.
    Back,
    /// An upgrade that stands in the middle is rolled back.
    RollBack,
}

/// How the replacement of one instance ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    Done,
    /// The version that ran before serves again; with the reason.
    RolledBack(String),
    /// Nothing was changed.
    Refused(String),
    /// It stands in the middle: a person must look.
    Halted(String),
}

/// How a run of a rollout ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// As somebody has asked: `--resume` goes on.
    Paused,
    /// The new version was not good enough; the instance that had it last has its old one again.
    RolledBack(String),
    /// Nothing was changed.
    Refused(String),
    /// A person must look: `--resume` goes on, `--undo` goes back.
    Halted(String),
}

impl Outcome {
    /// Its name, for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Paused => "paused",
            Outcome::RolledBack(_) => "rolled-back",
            Outcome::Refused(_) => "refused",
            Outcome::Halted(_) => "halted",
        }
    }
}

/// Everything outside.
pub trait World {
    /// Writes one line for whoever watches, about an instance or the whole.
    fn say(&mut self, instance: Option<&str>, line: &str);
    /// Keeps the record.
    ///
    /// # Errors
    /// [`RolloutError`].
    fn keep(&mut self, rollout: &Rollout) -> Result<(), RolloutError>;
    /// The time since some fixed moment.
    fn now(&self) -> Duration;
    /// Date and time, UTC, for the record.
    fn date(&self) -> String;
    /// Lets some time pass.
    fn wait(&mut self, time: Duration);
    /// Which version of an instance runs. Changes nothing.
    fn runs(&mut self, instance: &Instance) -> Runs;
    /// Whether the rollout with this number has begun a replacement of it in this direction that is not at its end; waits for one that
    /// still is at work.
    fn under_way(&mut self, number: u32, instance: &Instance, way: Way) -> bool;
    /// Who serves: ready, and given new connections as far as the balancer tells. Indices of instances. Changes nothing.
    fn serving(&mut self, rollout: &Rollout) -> Vec<usize>;
    /// Replaces these instances at the same time, while the others serve; what became of each, in their order.
    fn replace(&mut self, rollout: &Rollout, which: &[usize], way: Way) -> Vec<Replaced>;
    /// One look at every instance, for the soak.
    fn sample(&mut self, rollout: &Rollout) -> Sample;
    /// Who has asked for a pause, if somebody has.
    fn pause_asked(&mut self) -> Option<String>;
    /// Who runs this.
    fn user(&self) -> String;
}
