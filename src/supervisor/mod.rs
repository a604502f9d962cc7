//! Supervision: a pure state machine for each component, one for the instance on top of them, and the policy around them. The owner task in
//! `launcher` feeds them with events and carries out their actions; nothing here has a clock, a process or a file. Contract:
//! docs/contract/lifecycle.md, "Supervision". The tables of what follows what are in docs/states.md.

mod document;
mod instance;
mod machine;
mod state;

pub use document::document;
pub use instance::{Effect, Instance, InstanceNote, InstancePhase, InstancePolicy, Member, NewMember, Transition};
pub use machine::Machine;
pub use state::{Action, Before, Event, Judgement, LastEnd, Note, Policy, Reply, StartLimit, State, WaitsFor, Wanted};

use std::time::Duration;

/// A moment on the launcher's monotonic clock: the time since it started. Setting the system clock back changes nothing.
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

#[cfg(test)]
mod tests;
