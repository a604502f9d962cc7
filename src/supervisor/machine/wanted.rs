//! What is wanted of a component beside what it is, and what follows from the two: why it waits, how it is called, what it refuses.

use super::super::state::{Event, Reply, State, WaitsFor, Wanted};
use super::Machine;

impl Machine {
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// True when somebody wants it up.
    pub fn wants_up(&self) -> bool {
        !matches!(self.wanted, Wanted::Down | Wanted::Changed { up: false })
    }

    /// True when it is live and on its way down, or will be in a moment.
    pub fn is_leaving(&self) -> bool {
        self.state.is_live() && (self.wanted != Wanted::Up || matches!(self.state, State::Stopping { .. }))
    }

    /// Why it is not, or not yet, what is wanted of it.
    pub fn waits_for(&self) -> Option<WaitsFor> {
        match self.state {
            State::Stopped | State::Failed | State::Fatal => None,
            State::Waiting { .. } => Some(WaitsFor::Dependencies),
            State::Starting => Some(WaitsFor::Process),
            State::Running { .. } | State::Ready { .. } if self.wanted != Wanted::Up => Some(WaitsFor::Dependents),
            State::Running { .. } => Some(WaitsFor::Readiness),
            State::Ready { .. } => None,
            State::Stopping { .. } => Some(WaitsFor::ProcessEnd),
            State::Validating { .. } => Some(WaitsFor::Judgement),
            State::Configuring => Some(WaitsFor::Configure),
            State::BackOff { .. } => Some(WaitsFor::BackOff),
        }
    }

    /// One word for the DISP table: the state, or where it leads to.
    pub fn name(&self) -> &'static str {
        match self.state {
            State::Stopped => "stopped",
            State::Waiting { .. } => "waiting",
            State::Starting => "starting",
            State::Running { .. } if self.wanted == Wanted::Up => "running",
            State::Ready { .. } if self.wanted == Wanted::Up => "ready",
            State::Running { .. } | State::Ready { .. } | State::Stopping { .. } if self.wants_up() => "restarting",
            State::Running { .. } | State::Ready { .. } | State::Stopping { .. } => "stopping",
            State::Validating { .. } => "validating",
            State::Configuring => "configuring",
            State::BackOff { .. } => "back-off",
            State::Failed => "failed",
            State::Fatal => "fatal",
        }
    }

    /// Whether a change has been asked for that is not decided yet.
    pub fn is_changing(&self) -> bool {
        matches!(self.wanted, Wanted::Changed { .. }) && self.state != State::Configuring
    }

    /// It does its work, and nobody has decided otherwise.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready { .. }) && self.wanted == Wanted::Up
    }

    /// Whether an order is not taken: START of what runs, or is restarted already, where that is configured so.
    pub(in super::super) fn refuses(&self, event: &Event) -> bool {
        let runs = match self.state {
            State::Running { .. } | State::Ready { .. } => self.wants_up(),
            State::Stopping { .. } => self.wants_up() && self.wanted != Wanted::Up,
            _ => false,
        };
        *event == Event::Start && self.policy.reject_start_of_running && runs
    }

    /// The answer to who asks for something that is not done: how it stands.
    pub(in super::super) fn as_it_is(&self) -> Reply {
        match (&self.state, self.wanted) {
            (State::Waiting { .. }, _) => Reply::Waiting,
            (State::Stopped | State::Failed | State::Fatal | State::BackOff { .. }, _) => Reply::NotRunning,
            (State::Running { .. } | State::Ready { .. }, Wanted::Up) => Reply::AlreadyRunning,
            (_, Wanted::Down | Wanted::Changed { up: false }) => Reply::BeingStopped,
            (State::Running { .. } | State::Ready { .. } | State::Stopping { .. }, _) => Reply::BeingRestarted,
            _ => Reply::BeingStarted,
        }
    }
}
