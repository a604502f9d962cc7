//! The vocabulary of the machine: states of a component, events, and actions.

use super::Moment;
use crate::platform::{Pid, StopSignal, WaitStatus};
use std::time::Duration;

/// Settings for the behaviour of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The n-th failure waits the n-th interval; after the last one the component stays down. Empty: never restart.
    pub restart_intervals: Vec<Duration>,
    /// A component that was up longer than this begins counting its failures anew.
    pub min_uptime: Duration,
    /// Time between SIGTERM and SIGKILL.
    pub stop_grace: Duration,
    /// START of a running component is refused (ZWEL0039E) instead of restarting it.
    pub reject_start_of_running: bool,
    /// Exit codes after which the component is not started again.
    pub fatal_exit_codes: Vec<i32>,
    /// When this many starts happen within this time, it stays down, however long it ran between them.
    pub start_limit: Option<StartLimit>,
    /// How long it waits for the components that it depends on, and how long it may take to become ready before that is reported.
    pub patience: Duration,
    /// Something tells when it is ready; otherwise running counts as ready.
    pub has_readiness: bool,
}

/// `launcher.startLimit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartLimit {
    /// At least 1.
    pub count: usize,
    pub within: Duration,
}

/// What a component should be. Its state follows; an order replaces this, and nothing else is lost by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Down,
    Up,
    /// Down, and up again as prepared.
    Restarted,
    /// Down for a change, which is then judged; configured if the change is made, and then up again or left down.
    Changed {
        up: bool,
    },
}

/// Why a component is not, or not yet, in the wanted state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// It waits until everything that it depends on is ready.
    Dependencies,
    /// It waits until everything that depends on it, and also goes down, is down.
    Dependents,
    /// It waits for the system to create its process.
    Process,
    /// It waits for its readiness check to pass.
    Readiness,
    /// It waits for the end of its process and of the whole group.
    ProcessEnd,
    /// It waits for the judgement of the change for which it is down.
    Judgement,
    /// It waits for the end of its configure command.
    Configure,
    /// It waits for the time between a failure and the next start to pass.
    BackOff,
}

/// What a component was before a change: what it becomes again if the change is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Up, or on its way up: it is started again as it was.
    Up,
    Stopped,
    Failed,
    Fatal,
}

/// The result of a change, once everything that must be down for it was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    Good,
    /// The change is not made: everything is as it was.
    Back,
    /// The change is made, and this component is not part of the instance any more.
    Away,
}

/// The state of a component. What it should be, and so what comes next, is its [`Wanted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Down, and not wanted up.
    Stopped,
    /// It starts when the components that it depends on are ready, at the latest at `until`.
    Waiting { until: Moment },
    /// Its process is being created.
    Starting,
    /// Its process runs and is not ready; `pid` leads the group. `ready_by`: when that is reported; None once it was.
    Running { pid: Pid, since: Moment, ready_by: Option<Moment> },
    /// Its process runs and works.
    Ready { pid: Pid, since: Moment },
    /// The group was told to end: because of what is wanted or, if that is [`Wanted::Up`], because it was not alive any more, which is a
    /// failure.
    Stopping {
        pid: Pid,
        since: Moment,
        /// When SIGKILL follows; None once it was sent.
        kill_at: Option<Moment>,
        /// The leader has been reaped; others of the group still live.
        leader_ended: bool,
    },
    /// Down for a change: its validate command, and those of all components that change with it, are finding out whether the change can be
    /// made.
    Validating { before: Before },
    /// Its configure command runs.
    Configuring,
    /// Ended unasked; starts again at `until`. `remains`: the group it left behind.
    BackOff { until: Moment, remains: Option<Pid> },
    /// All restart intervals, or the starts allowed within a time, are used up. Down until an operator starts it.
    Failed,
    /// It ended in a way that a restart cannot mend. Down until an operator starts it.
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

    /// When the process was started.
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

    /// True while it has, or may have in a moment, a process.
    pub fn is_live(&self) -> bool {
        matches!(self, State::Starting | State::Running { .. } | State::Ready { .. } | State::Stopping { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
/// What a machine is told.
pub enum Event {
    /// Start it as prepared: at the launcher's start, or an operator's START.
    Start,
    /// An operator's STOP, or the launcher ends.
    Stop,
    /// RESTART or RELOAD, after the new configuration was found good. `start`: it should be up afterwards; otherwise it goes away, or is
    /// down and stays down.
    Change {
        start: bool,
    },
    /// No more grace: a second request to end the launcher.
    KillNow,
    /// Everything that it depends on is ready.
    DependenciesReady,
    /// Everything is down that depends on it and had to go down first.
    DependentsDown,
    /// The answer to [`Action::Spawn`].
    Spawned(Pid),
    SpawnFailed(String),
    /// The process is not made any more, as the launcher ends.
    SpawnWithdrawn,
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
    /// It wrote a line that says that a restart will not help.
    FatalReported(Pid, String),
    /// The leader of the group was reaped. `remains`: others of its group still live.
    Ended {
        pid: Pid,
        status: WaitStatus,
        remains: bool,
    },
    /// The last process of a group has gone.
    GroupGone(Pid),
    /// The time of [`super::Machine::deadline`] has come.
    Timer,
}

/// What the shell has to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It begins to wait for the components that it depends on. [`super::Instance`] reports this, and reports the end of every wait.
    Await,
    /// Create the process and answer with [`Event::Spawned`] or [`Event::SpawnFailed`].
    Spawn,
    /// It is down for a change: find out whether the change can be made and answer with [`Event::Judged`].
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
    /// Its readiness check has passed, this long after its start.
    Ready(Duration),
    /// Its readiness check has not passed within this time.
    NotReady(Duration),
    Stopped,
    /// The change was not made: it starts again as it was.
    Restored,
    Ended {
        pid: Pid,
        status: WaitStatus,
        /// None when a stop was asked for; otherwise how long it had been up.
        unasked_after: Option<Duration>,
    },
    NextAttempt(Duration),
    RetriesExhausted,
    StartLimitReached(StartLimit),
    /// It is not started again, for this reason.
    Fatal(String),
    /// It is stopped and started again, for this reason.
    NotAlive(String),
    /// The time to wait for others is over.
    WaitedInVain(Duration),
    StartFailed(String),
    /// The same for a start after a failure.
    RestartFailed(String),
    WillKill(Pid),
}

/// The immediate answer to the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    BeingStarted,
    BeingStopped,
    BeingRestarted,
    AlreadyRunning,
    NotRunning,
    /// It starts as soon as the components that it depends on are ready.
    Waiting,
}

/// How the component last ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastEnd {
    pub status: WaitStatus,
    pub at: Moment,
    pub asked: bool,
}
