//! What is wanted of a component beside its state, and what follows from both: why it waits, its name, what it refuses.

use super::super::state::{Event, Reply, State, WaitsFor, Wanted};
use super::Machine;

impl Machine {
    /// What it is to come to.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// True when it is wanted up.
    pub fn wants_up(&self) -> bool {
        !matches!(self.wanted, Wanted::Down | Wanted::Changed { up: false })
    }

    /// True when it is live and on its way down, or will be in a moment.
    pub fn is_leaving(&self) -> bool {
        self.state.is_live() && (self.wanted != Wanted::Up || matches!(self.state, State::Stopping { .. }))
    }

    /// Why it is not, or not yet, in the wanted state.
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

    /// One word for the DISP table: the state, or where it leads.
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

    /// Whether a change has been requested that is not decided yet.
    pub fn is_changing(&self) -> bool {
        matches!(self.wanted, Wanted::Changed { .. }) && self.state != State::Configuring
    }

    /// It works, and nobody has decided otherwise.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready { .. }) && self.wanted == Wanted::Up
    }

    /// Whether it refuses an order: START of a component that runs or is already being restarted, if that is configured.
    pub(in super::super) fn refuses(&self, event: &Event) -> bool {
        let runs = match self.state {
            State::Running { .. } | State::Ready { .. } => self.wants_up(),
            State::Stopping { .. } => self.wants_up() && self.wanted != Wanted::Up,
            _ => false,
        };
        *event == Event::Start && self.policy.reject_start_of_running && runs
    }

    /// The answer when the requested action is not carried out: its state.
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
