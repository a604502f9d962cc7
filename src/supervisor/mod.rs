//! Supervision: a pure state machine for each component and the policy around it. The owner task in `launcher` feeds it with events and
//! carries out its actions; nothing here has a clock, a process or a file. Contract: reference/lifecycle.md, section Supervision.

pub mod guardian;
pub mod leftovers;
mod machine;
mod sweep;

pub use machine::{Action, AfterStop, Event, LastEnd, Machine, Note, Policy, Reply, State};

use std::time::Duration;

/// A moment on the launcher's monotonic clock: time since it started. A clock that is set back changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(pub Duration);

impl Moment {
    /// Saturates: a moment beyond all time is never reached.
    pub fn after(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_add(duration))
    }

    /// Zero when `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// What is left of an instance when no component runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Something runs or will run.
    Alive,
    /// Nothing runs and nothing will, unless an operator starts something.
    NothingLeft,
}

/// Whether a failure of one component has left the instance with nothing (condition code 12). Called after a component has failed for
/// good: an operator's STOP of the last component is no failure and never leads here.
pub fn outcome_after_failure<'a>(states: impl IntoIterator<Item = &'a State>) -> Outcome {
    if states.into_iter().all(|state| matches!(state, State::Stopped | State::Failed)) { Outcome::NothingLeft } else { Outcome::Alive }
}

#[cfg(test)]
mod tests;
