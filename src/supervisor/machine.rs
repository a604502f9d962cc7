//! The life of one component: (state, event, now) to (state, actions).
//!
//! Two things a naive machine gets wrong are states of their own here. A process that has been told to end is [`State::Stopping`] until its
//! whole group is gone, and what follows is part of that state, so that START, STOP and RESTART during a stop only change their minds about
//! what follows. And the remains of a component that ended unasked are remembered through the back-off: they are ended before a new process
//! is made, so that two generations never live side by side.

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
}

/// What happens when a stop has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStop {
    Stay,
    /// Start again as prepared.
    Start,
    /// Configure, then start.
    Configure,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Down, and nobody wants it up.
    Stopped,
    /// Its process runs; `pid` leads the group.
    Running { pid: Pid, since: Moment },
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
    /// Its configure command runs, then it starts unless it was stopped meanwhile.
    Configuring { start: bool },
    /// Ended unasked; starts again at `until`. `remains`: the group it left behind.
    BackOff { until: Moment, remains: Option<Pid> },
    /// All restart intervals are used up. Down until an operator starts it.
    Failed,
}

impl State {
    /// One word for the DISP table.
    pub fn name(&self) -> &'static str {
        match self {
            State::Stopped => "stopped",
            State::Running { .. } => "running",
            State::Stopping { then: AfterStop::Stay, .. } => "stopping",
            State::Stopping { .. } => "restarting",
            State::Configuring { .. } => "configuring",
            State::BackOff { .. } => "back-off",
            State::Failed => "failed",
        }
    }

    /// The process, while there is one.
    pub fn pid(&self) -> Option<Pid> {
        match self {
            State::Running { pid, .. } | State::Stopping { pid, leader_ended: false, .. } => Some(*pid),
            _ => None,
        }
    }

    /// True when nothing of it runs and nothing is under way.
    pub fn is_down(&self) -> bool {
        matches!(self, State::Stopped | State::Failed)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Start it as prepared: at the launcher's start, or an operator's START.
    Start,
    /// An operator's STOP, or the launcher ends.
    Stop,
    /// An operator's RESTART, after the new configuration was found good.
    Restart,
    /// No more grace: a second request to end the launcher.
    KillNow,
    /// The answer to [`Action::Spawn`].
    Spawned(Pid),
    SpawnFailed(String),
    /// The answer to [`Action::Configure`]: whether the component may start.
    Configured(bool),
    /// The leader of the group was reaped. `remains`: others of its group still live.
    Ended {
        pid: Pid,
        status: WaitStatus,
        remains: bool,
    },
    /// The last process of a group has gone.
    GroupGone(Pid),
    /// [`Machine::deadline`] has come.
    Timer,
}

/// What the shell has to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Create the process and answer at once with [`Event::Spawned`] or [`Event::SpawnFailed`].
    Spawn,
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
    Stopped,
    Ended {
        pid: Pid,
        status: WaitStatus,
        /// None when a stop was asked for; else how long it had been up.
        unasked_after: Option<Duration>,
    },
    NextAttempt(Duration),
    RetriesExhausted,
    StartFailed(String),
    WillKill(Pid),
}

/// What the operator who asked is told at once, when no [`Note`] of the same step says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    BeingStarted,
    BeingStopped,
    BeingRestarted,
    AlreadyRunning,
    NotRunning,
}

/// How the component ended last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastEnd {
    pub status: WaitStatus,
    pub at: Moment,
    pub asked: bool,
}

/// One component.
#[derive(Debug, Clone)]
pub struct Machine {
    pub policy: Policy,
    state: State,
    /// Failures in a row; the n-th waits the n-th interval.
    failures: usize,
    /// Starts after the first.
    restarts: u64,
    started_once: bool,
    killed: bool,
    last_end: Option<LastEnd>,
}

impl Machine {
    pub fn new(policy: Policy) -> Machine {
        Machine { policy, state: State::Stopped, failures: 0, restarts: 0, started_once: false, killed: false, last_end: None }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    pub fn last_end(&self) -> Option<LastEnd> {
        self.last_end
    }

    /// Down for good after failures.
    pub fn has_failed(&self) -> bool {
        self.state == State::Failed
    }

    /// The group whose leader has ended and whose other processes are waited for.
    pub fn remains(&self) -> Option<Pid> {
        match self.state {
            State::Stopping { pid, leader_ended: true, .. } => Some(pid),
            State::BackOff { remains, .. } => remains,
            _ => None,
        }
    }

    /// Whether a stop has ever needed SIGKILL.
    pub fn was_killed(&self) -> bool {
        self.killed
    }

    /// When [`Event::Timer`] is due.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Stopping { kill_at, .. } => kill_at,
            State::BackOff { until, .. } => Some(until),
            _ => None,
        }
    }

    /// One step. Events that mean nothing in a state change nothing.
    pub fn step(&mut self, event: Event, now: Moment) -> Vec<Action> {
        match event {
            Event::Start => self.start(now),
            Event::Stop => self.stop(now),
            Event::Restart => self.restart(now),
            Event::KillNow => self.kill_now(),
            Event::Spawned(pid) => {
                self.restarts += u64::from(self.started_once);
                self.started_once = true;
                self.state = State::Running { pid, since: now };
                vec![Action::Note(Note::Started)]
            }
            Event::SpawnFailed(why) => {
                let mut actions = vec![Action::Note(Note::StartFailed(why))];
                actions.extend(self.failed(Duration::ZERO, None, now));
                actions
            }
            Event::Configured(may_start) => self.configured(may_start),
            Event::Ended { pid, status, remains } => self.ended(pid, status, remains, now),
            Event::GroupGone(pid) => self.group_gone(pid),
            Event::Timer => self.timer(now),
        }
    }

    fn start(&mut self, now: Moment) -> Vec<Action> {
        match &mut self.state {
            State::Stopped | State::Failed => {
                self.failures = 0;
                vec![Action::Spawn]
            }
            State::BackOff { remains, .. } => {
                self.failures = 0;
                let remains = remains.take();
                self.spawn_after(remains)
            }
            State::Running { .. } | State::Stopping { then: AfterStop::Start | AfterStop::Configure, .. }
                if self.policy.reject_start_of_running =>
            {
                vec![Action::Reply(Reply::AlreadyRunning)]
            }
            State::Running { .. } => {
                self.failures = 0;
                let mut actions = vec![Action::Reply(Reply::BeingRestarted)];
                actions.extend(self.terminate(AfterStop::Start, now));
                actions
            }
            State::Stopping { then, .. } => {
                self.failures = 0;
                if *then == AfterStop::Stay {
                    *then = AfterStop::Start;
                }
                vec![Action::Reply(Reply::BeingRestarted)]
            }
            State::Configuring { start } => {
                *start = true;
                vec![Action::Reply(Reply::BeingStarted)]
            }
        }
    }

    fn stop(&mut self, now: Moment) -> Vec<Action> {
        match &mut self.state {
            State::Stopped | State::Failed => vec![Action::Reply(Reply::NotRunning)],
            State::Running { .. } => {
                let mut actions = vec![Action::Reply(Reply::BeingStopped)];
                actions.extend(self.terminate(AfterStop::Stay, now));
                actions
            }
            State::Stopping { then, .. } => {
                *then = AfterStop::Stay;
                vec![Action::Reply(Reply::BeingStopped)]
            }
            State::Configuring { start } => {
                *start = false;
                vec![Action::Reply(Reply::BeingStopped)]
            }
            State::BackOff { remains, .. } => {
                let remains = remains.take();
                self.state = State::Stopped;
                let mut actions = kill(remains);
                actions.push(Action::Note(Note::Stopped));
                actions
            }
        }
    }

    fn restart(&mut self, now: Moment) -> Vec<Action> {
        self.failures = 0;
        match &mut self.state {
            State::Stopped | State::Failed => {
                self.state = State::Configuring { start: true };
                vec![Action::Reply(Reply::BeingRestarted), Action::Configure]
            }
            State::BackOff { remains, .. } => {
                let remains = remains.take();
                self.state = State::Configuring { start: true };
                let mut actions = kill(remains);
                actions.extend([Action::Reply(Reply::BeingRestarted), Action::Configure]);
                actions
            }
            State::Running { .. } => {
                let mut actions = vec![Action::Reply(Reply::BeingRestarted)];
                actions.extend(self.terminate(AfterStop::Configure, now));
                actions
            }
            State::Stopping { then, .. } => {
                *then = AfterStop::Configure;
                vec![Action::Reply(Reply::BeingRestarted)]
            }
            State::Configuring { start } => {
                *start = true;
                vec![Action::Reply(Reply::BeingRestarted)]
            }
        }
    }

    /// Ends the grace time of a stop.
    fn kill_now(&mut self) -> Vec<Action> {
        let State::Stopping { pid, kill_at: kill_at @ Some(_), leader_ended, then, .. } = &mut self.state else { return Vec::new() };
        *kill_at = None;
        self.killed = true;
        let (pid, leader_ended, then) = (*pid, *leader_ended, *then);
        let mut actions = vec![Action::Note(Note::WillKill(pid)), Action::Signal(pid, StopSignal::Kill)];
        if leader_ended {
            // Nobody tells of the others' end on a system without adoption of orphans; SIGKILL cannot be ignored.
            actions.extend(self.stopped(then));
        }
        actions
    }

    fn configured(&mut self, may_start: bool) -> Vec<Action> {
        match self.state {
            State::Configuring { start: true } if may_start => vec![Action::Spawn],
            State::Configuring { start } => {
                self.state = if start { State::Failed } else { State::Stopped };
                vec![Action::Note(Note::Stopped)]
            }
            _ => Vec::new(),
        }
    }

    fn ended(&mut self, ended: Pid, status: WaitStatus, remains: bool, now: Moment) -> Vec<Action> {
        match self.state {
            State::Running { pid, since } if pid == ended => {
                let uptime = now.since(since);
                self.last_end = Some(LastEnd { status, at: now, asked: false });
                let mut actions = vec![Action::Note(Note::Ended { pid, status, unasked_after: Some(uptime) })];
                if remains {
                    actions.push(Action::Signal(pid, StopSignal::Terminate));
                }
                actions.extend(self.failed(uptime, remains.then_some(pid), now));
                actions
            }
            State::Stopping { pid, since, kill_at, leader_ended: false, then } if pid == ended => {
                self.last_end = Some(LastEnd { status, at: now, asked: true });
                let mut actions = vec![Action::Note(Note::Ended { pid, status, unasked_after: None })];
                if remains && kill_at.is_some() {
                    self.state = State::Stopping { pid, since, kill_at, leader_ended: true, then };
                } else {
                    actions.extend(self.stopped(then));
                }
                actions
            }
            _ => Vec::new(),
        }
    }

    fn group_gone(&mut self, group: Pid) -> Vec<Action> {
        match &mut self.state {
            State::Stopping { pid, leader_ended: true, then, .. } if *pid == group => {
                let then = *then;
                self.stopped(then)
            }
            State::BackOff { remains, .. } if *remains == Some(group) => {
                *remains = None;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn timer(&mut self, now: Moment) -> Vec<Action> {
        match &mut self.state {
            State::Stopping { kill_at: Some(at), .. } if now >= *at => self.kill_now(),
            State::BackOff { until, remains } if now >= *until => {
                let remains = remains.take();
                self.spawn_after(remains)
            }
            _ => Vec::new(),
        }
    }

    /// SIGTERM to the group; SIGKILL follows after the grace time.
    fn terminate(&mut self, then: AfterStop, now: Moment) -> Vec<Action> {
        if let State::Running { pid, since } = self.state {
            let kill_at = Some(now.after(self.policy.stop_grace));
            self.state = State::Stopping { pid, since, kill_at, leader_ended: false, then };
            vec![Action::Signal(pid, StopSignal::Terminate)]
        } else {
            Vec::new()
        }
    }

    fn stopped(&mut self, then: AfterStop) -> Vec<Action> {
        let mut actions = vec![Action::Note(Note::Stopped)];
        match then {
            AfterStop::Stay => self.state = State::Stopped,
            AfterStop::Start => {
                self.state = State::Stopped;
                actions.push(Action::Spawn);
            }
            AfterStop::Configure => {
                self.state = State::Configuring { start: true };
                actions.push(Action::Configure);
            }
        }
        actions
    }

    /// An end, or a start that could not be made, that nobody asked for.
    fn failed(&mut self, uptime: Duration, remains: Option<Pid>, now: Moment) -> Vec<Action> {
        self.failures = if uptime > self.policy.min_uptime { 1 } else { self.failures + 1 };
        let Some(interval) = self.policy.restart_intervals.get(self.failures - 1).copied() else {
            self.state = State::Failed;
            let mut actions = kill(remains);
            actions.push(Action::Note(Note::RetriesExhausted));
            return actions;
        };
        self.state = State::BackOff { until: now.after(interval), remains };
        vec![Action::Note(Note::NextAttempt(interval))]
    }

    fn spawn_after(&mut self, remains: Option<Pid>) -> Vec<Action> {
        let mut actions = kill(remains);
        // Stopped until the answer comes: the spawn may fail.
        self.state = State::Stopped;
        actions.push(Action::Spawn);
        actions
    }
}

/// Ends what a component left behind: SIGKILL, as it was told to end in order when its leader ended.
fn kill(remains: Option<Pid>) -> Vec<Action> {
    remains.map(|group| Action::Signal(group, StopSignal::Kill)).into_iter().collect()
}
