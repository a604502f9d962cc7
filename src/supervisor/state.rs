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

/// What happens when a stop has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStop {
    Stay,
    /// Start again as prepared.
    Start,
    /// A change, for which it had to be down: it is judged, configured and, where `start` says so, started.
    Change {
        start: bool,
    },
    /// It was stopped because it did not live any more: that is a failure.
    Fail,
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

/// What follows a configure command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterConfigure {
    Start,
    /// Somebody has stopped it meanwhile.
    Stop,
    /// It was down before and stays so.
    Rest,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Down, and nobody wants it up.
    Stopped,
    /// Starts when those that it depends on are ready, at the latest at `until`.
    Waiting { until: Moment },
    /// Its process is being made. `then`: somebody decided otherwise meanwhile.
    Starting { then: Option<AfterStop> },
    /// Its process runs and is not ready; `pid` leads the group. `ready_by`: when that is said; None once it was.
    Running { pid: Pid, since: Moment, ready_by: Option<Moment> },
    /// Its process runs and does its work.
    Ready { pid: Pid, since: Moment },
    /// The group was told to end.
    Stopping {
        pid: Pid,
        since: Moment,
        /// When SIGKILL follows; None once it was sent.
        kill_at: Option<Moment>,
        /// The leader has been reaped, others of the group still live.
        leader_ended: bool,
        then: AfterStop,
    },
    /// Down for a change: whether it can be made is being found out, by its validate command and those of all that change with it.
    Validating { start: bool, before: Before },
    /// Its configure command runs.
    Configuring { then: AfterConfigure },
    /// Ended unasked; starts again at `until`. `remains`: the group it left behind.
    BackOff { until: Moment, remains: Option<Pid> },
    /// All restart intervals, or the starts within a time, are used up. Down until an operator starts it.
    Failed,
    /// It ended in a way that no restart mends. Down until an operator starts it.
    Fatal,
}

impl State {
    /// One word for the DISP table.
    pub fn name(&self) -> &'static str {
        match self {
            State::Stopped => "stopped",
            State::Waiting { .. } => "waiting",
            State::Starting { .. } => "starting",
            State::Running { .. } => "running",
            State::Ready { .. } => "ready",
            State::Stopping { then: AfterStop::Stay | AfterStop::Change { start: false }, .. } => "stopping",
            State::Stopping { .. } => "restarting",
            State::Validating { .. } => "validating",
            State::Configuring { .. } => "configuring",
            State::BackOff { .. } => "back-off",
            State::Failed => "failed",
            State::Fatal => "fatal",
        }
    }

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
        matches!(self, State::Starting { .. } | State::Running { .. } | State::Ready { .. } | State::Stopping { .. })
    }

    /// True when somebody wants it up.
    pub fn is_wanted(&self) -> bool {
        !matches!(
            self,
            State::Stopped
                | State::Stopping { then: AfterStop::Stay, .. }
                | State::Starting { then: Some(AfterStop::Stay) }
                | State::Validating { before: Before::Stopped, start: false }
                | State::Configuring { then: AfterConfigure::Stop | AfterConfigure::Rest }
        )
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
    /// Answer with [`Event::DependenciesReady`] as soon as all that it depends on is ready. Answered by [`super::Instance`].
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
