//! The words of the machine: states of a component, what can happen to it, and what follows.

use super::Moment;
use crate::platform::{Pid, StopSignal, WaitStatus};
use std::time::Duration;

/// Settings that the machine acts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The n-th failure waits the n-th interval; past the last the component stays down. Empty: never restart.
    pub restart_intervals: Vec<Duration>,
    /// A component that was up longer than this starts counting its failures anew.
    pub min_uptime: Duration,
    /// Time between SIGTERM and SIGKILL.
    pub stop_grace: Duration,
    /// START of a running component is refused (ZWEL0039E) instead of restarting it.
    pub reject_start_of_running: bool,
    /// Exit codes after which the component is not started again.
    pub fatal_exit_codes: Vec<i32>,
    /// So many starts within such a time and it stays down, however long it lived between them.
    pub start_limit: Option<StartLimit>,
    /// How long it waits for those that it depends on, and how long it may take to become ready before that is said.
    pub patience: Duration,
    /// Something tells when it is ready; else running counts as ready.
    pub has_readiness: bool,
}

/// `launcher.startLimit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartLimit {
    /// At least 1.
    pub count: usize,
    pub within: Duration,
}

/// What a component is to be. Its state follows; an order replaces it, and nothing else gets lost by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Down,
    Up,
    /// Down, and up again as prepared.
    Restarted,
    /// Down for a change, which is judged then; configured where it is made, and up again or left down.
    Changed {
        up: bool,
    },
}

/// Why a component is not, or not yet, what is wanted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// All that it depends on to be ready.
    Dependencies,
    /// All that depends on it, and goes down too, to be down.
    Dependents,
    /// The system to make its process.
    Process,
    /// Its readiness check to pass.
    Readiness,
    /// The end of its process and of all of the group.
    ProcessEnd,
    /// The judgement of the change, for which it is down.
    Judgement,
    /// The end of its configure command.
    Configure,
    /// The time between a failure and the next start.
    BackOff,
}

/// What a component was before it was to be changed: what it is again when the change is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Up, or on its way: it is started again as it was.
    Up,
    Stopped,
    Failed,
    Fatal,
}

/// What a change came to, once everything was down that it needs down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    Good,
    /// It is not made: all is as it was.
    Back,
    /// It is made, and this component is no part of the instance any more.
    Away,
}

/// What a component is. What it is to be, and so what comes next, is its [`Wanted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Down, and nobody wants it up.
    Stopped,
    /// Starts when those that it depends on are ready, at the latest at `until`.
    Waiting { until: Moment },
    /// Its process is being made.
    Starting,
    /// Its process runs and is not ready; `pid` leads the group. `ready_by`: when that is said; None once it was.
    Running { pid: Pid, since: Moment, ready_by: Option<Moment> },
    /// Its process runs and does its work.
    Ready { pid: Pid, since: Moment },
    /// The group was told to end: because of what is wanted, or, where that is [`Wanted::Up`], because it did not live any more, which is
    /// a failure.
    Stopping {
        pid: Pid,
        since: Moment,
        /// When SIGKILL follows; None once it was sent.
        kill_at: Option<Moment>,
        /// The leader has been reaped, others of the group still live.
        leader_ended: bool,
    },
    /// Down for a change: whether it can be made is being found out, by its validate command and those of all that change with it.
    Validating { before: Before },
    /// Its configure command runs.
    Configuring,
    /// Ended unasked; starts again at `until`. `remains`: the group it left behind.
    BackOff { until: Moment, remains: Option<Pid> },
    /// All restart intervals, or the starts within a time, are used up. Down until an operator starts it.
    Failed,
    /// It ended in a way that no restart mends. Down until an operator starts it.
    Fatal,
}

impl State {
    /// The process, while there is one.
    pub fn pid(&self) -> Option<Pid> {
        match self {
            State::Running { pid, .. } | State::Ready { pid, .. } | State::Stopping { pid, leader_ended: false, .. } => Some(*pid),
            _ => None,
        }
    }

    /// Since when the process runs.
    pub fn since(&self) -> Option<Moment> {
        match self {
            State::Running { since, .. } | State::Ready { since, .. } | State::Stopping { since, leader_ended: false, .. } => Some(*since),
            _ => None,
        }
    }

    /// True when nothing of it runs and nothing is under way.
    pub fn is_down(&self) -> bool {
        matches!(self, State::Stopped | State::Failed | State::Fatal)
    }

    /// True when it has failed for good.
    pub fn is_lost(&self) -> bool {
        matches!(self, State::Failed | State::Fatal)
    }

    /// True while there is, or may be in a moment, a process of it.
    pub fn is_live(&self) -> bool {
        matches!(self, State::Starting | State::Running { .. } | State::Ready { .. } | State::Stopping { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Start it as prepared: at the launcher's start, or an operator's START.
    Start,
    /// An operator's STOP, or the launcher ends.
    Stop,
    /// RESTART or RELOAD, after the new configuration was found good. `start`: it is to be up afterwards; else it is to go away, or is down
    /// and stays so.
    Change {
        start: bool,
    },
    /// No more grace: a second request to end the launcher.
    KillNow,
    /// All that it depends on is ready.
    DependenciesReady,
    /// All that depends on it and was to go down before it is down.
    DependentsDown,
    /// The answer to [`Action::Spawn`].
    Spawned(Pid),
    SpawnFailed(String),
    /// The answer to [`Action::Validate`].
    Judged(Judgement),
    /// The answer to [`Action::Configure`]: whether the component may start.
    Configured(bool),
    /// Its readiness check has passed.
    ReadyReported(Pid),
    /// Its readiness check does not pass any more.
    ReadyLost(Pid),
    /// Its liveness check has failed for good; why.
    LivenessFailed(Pid, String),
    /// It wrote a line that says that no restart will mend it.
    FatalReported(Pid, String),
    /// The leader of the group was reaped. `remains`: others of its group still live.
    Ended {
        pid: Pid,
        status: WaitStatus,
        remains: bool,
    },
    /// The last process of a group has gone.
    GroupGone(Pid),
    /// [`super::Machine::deadline`] has come.
    Timer,
}

/// What the shell has to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It begins to wait for those that it depends on. [`super::Instance`] says so, and tells of the end of every wait.
    Await,
    /// Create the process and answer with [`Event::Spawned`] or [`Event::SpawnFailed`].
    Spawn,
    /// It is down for a change: find out whether that can be made and answer with [`Event::Judged`].
    Validate,
    /// Run the configure command and answer with [`Event::Configured`] when it is done.
    Configure,
    Signal(Pid, StopSignal),
    Note(Note),
    Reply(Reply),
}

/// What has happened, for SYSPRINT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    Started,
    /// Its readiness check has passed, so long after its start.
    Ready(Duration),
    /// Its readiness check has not passed within this time.
    NotReady(Duration),
    Stopped,
    /// The change was not made: it starts again as it was.
    Restored,
    Ended {
        pid: Pid,
        status: WaitStatus,
        /// None when a stop was asked for; else how long it had been up.
        unasked_after: Option<Duration>,
    },
    NextAttempt(Duration),
    RetriesExhausted,
    StartLimitReached(StartLimit),
    /// It is not started again; why.
    Fatal(String),
    /// It is stopped and started again; why.
    NotAlive(String),
    /// The time to wait for others is over.
    WaitedInVain(Duration),
    StartFailed(String),
    /// The same of a start after a failure.
    RestartFailed(String),
    WillKill(Pid),
}

/// What the operator who asked is told at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    BeingStarted,
    BeingStopped,
    BeingRestarted,
    AlreadyRunning,
    NotRunning,
    /// It starts as soon as those that it depends on are ready.
    Waiting,
}

/// How the component ended last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastEnd {
    pub status: WaitStatus,
    pub at: Moment,
    pub asked: bool,
}
