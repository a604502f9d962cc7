//! The life of one component: (state, event, now) to (state, actions).
//!
//! Two things that a naive machine gets wrong have states of their own here. A process that has been told to end is [`State::Stopping`]
//! until its whole group is gone. What is wanted is kept beside the state, so that an order changes only that and is accepted in every
//! state; what is under way is ended in order, and then what is wanted decides. Also, the remains of a component that ended unasked are
//! remembered through the back-off: they are ended before a new process is created, so that two generations never run side by side.

mod change;
mod commands;
mod wanted;

use super::Moment;
use super::state::{Action, Before, Event, LastEnd, Note, Policy, State, WaitsFor, Wanted};
use crate::platform::{End, Pid, StopSignal, WaitStatus};
use std::collections::VecDeque;
use std::time::Duration;

/// One component.
#[derive(Debug, Clone)]
pub struct Machine {
    pub policy: Policy,
    state: State,
    wanted: Wanted,
    /// Failures in a row; the n-th failure waits the n-th interval.
    failures: usize,
    /// Starts after the first.
    restarts: u64,
    /// When it was started since an operator last started it: as many starts as the start limit counts.
    starts: VecDeque<Moment>,
    started_once: bool,
    killed: bool,
    /// A line of the running process that makes its end fatal.
    fatal_line: Option<String>,
    /// The process that last ended unasked: its output may arrive after its end.
    previous: Option<Pid>,
    last_end: Option<LastEnd>,
}

impl Machine {
    /// A component that is down and not wanted.
    pub fn new(policy: Policy) -> Machine {
        Machine {
            policy,
            state: State::Stopped,
            wanted: Wanted::Down,
            failures: 0,
            restarts: 0,
            starts: VecDeque::new(),
            started_once: false,
            killed: false,
            fatal_line: None,
            previous: None,
            last_end: None,
        }
    }

    /// A machine that is already in a state, to see what follows from it.
    pub(super) fn in_state(policy: Policy, state: State, wanted: Wanted) -> Machine {
        Machine { state, wanted, ..Machine::new(policy) }
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Starts after the first.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Whether it has ever been started.
    pub fn has_started(&self) -> bool {
        self.started_once
    }

    /// Failures in a row.
    pub fn failures(&self) -> usize {
        self.failures
    }

    /// How its process ended the last time.
    pub fn last_end(&self) -> Option<LastEnd> {
        self.last_end
    }

    /// The group whose leader has ended and whose other processes are awaited.
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
            State::Waiting { until } | State::BackOff { until, .. } => Some(until),
            State::Running { ready_by, .. } => ready_by,
            _ => None,
        }
    }

    /// One step. Events that have no meaning in a state change nothing.
    pub fn step(&mut self, event: Event, now: Moment) -> Vec<Action> {
        match event {
            Event::Start => self.start(now),
            Event::Stop => self.stop(),
            Event::Change { start } => self.change(start),
            Event::KillNow => self.kill_now(now),
            Event::DependenciesReady if matches!(self.state, State::Waiting { .. }) => self.spawn(),
            Event::DependentsDown if self.waits_for() == Some(WaitsFor::Dependents) => self.terminate(now),
            Event::DependenciesReady | Event::DependentsDown => Vec::new(),
            Event::Spawned(pid) => self.spawned(pid, now),
            Event::SpawnFailed(why) => self.spawn_failed(why, now),
            Event::SpawnWithdrawn if self.state == State::Starting => self.stopped(now, now),
            Event::SpawnWithdrawn => Vec::new(),
            Event::Judged(judgement) => self.judged(judgement, now),
            Event::Configured(may_start) => self.configured(may_start, now),
            Event::ReadyReported(reported) => match self.state {
                State::Running { pid, since, .. } if pid == reported => {
                    self.state = State::Ready { pid, since };
                    vec![Action::Note(Note::Ready(now.since(since)))]
                }
                _ => Vec::new(),
            },
            Event::ReadyLost(reported) => match self.state {
                State::Ready { pid, since } if pid == reported => {
                    self.state = State::Running { pid, since, ready_by: None };
                    vec![Action::Note(Note::NotReady(now.since(since)))]
                }
                _ => Vec::new(),
            },
            Event::LivenessFailed(pid, why) if self.runs(pid) => {
                let mut actions = vec![Action::Note(Note::NotAlive(why))];
                actions.extend(self.terminate(now));
                actions
            }
            Event::FatalReported(pid, line) if self.runs(pid) => {
                self.fatal_line.get_or_insert(line);
                Vec::new()
            }
            Event::FatalReported(pid, line) if self.previous == Some(pid) => self.fatal_afterwards(line, now),
            Event::LivenessFailed(..) | Event::FatalReported(..) => Vec::new(),
            Event::Ended { pid, status, remains } => self.ended(pid, status, remains, now),
            Event::GroupGone(pid) => self.group_gone(pid, now),
            Event::Timer => self.timer(now),
        }
    }

    fn runs(&self, reported: Pid) -> bool {
        matches!(self.state, State::Running { pid, .. } | State::Ready { pid, .. } if pid == reported)
    }

    /// It is the operator's will: earlier failures do not count any more.
    fn forget_failures(&mut self) {
        self.failures = 0;
        self.starts.clear();
        self.previous = None;
        self.fatal_line = None;
    }

    /// A process that has ended had written that a restart will not help: what was begun since then is taken back.
    fn fatal_afterwards(&mut self, line: String, now: Moment) -> Vec<Action> {
        match self.state {
            State::BackOff { .. } | State::Waiting { .. } => {
                let mut actions = kill(self.remains());
                self.state = State::Fatal;
                actions.push(Action::Note(Note::Fatal(fatal_line(&line))));
                actions
            }
            // Ended as soon as it is made.
            State::Starting => {
                self.fatal_line = Some(line);
                Vec::new()
            }
            State::Running { .. } | State::Ready { .. } => {
                self.fatal_line = Some(line);
                self.terminate(now)
            }
            _ => Vec::new(),
        }
    }

    /// Ends every wait of a stop: for dependents, and the grace time.
    fn kill_now(&mut self, now: Moment) -> Vec<Action> {
        let mut actions = if self.is_leaving() { self.terminate(now) } else { Vec::new() };
        let State::Stopping { pid, kill_at: kill_at @ Some(_), leader_ended, since } = &mut self.state else { return actions };
        *kill_at = None;
        self.killed = true;
        let (pid, leader_ended, since) = (*pid, *leader_ended, *since);
        actions.extend([Action::Note(Note::WillKill(pid)), Action::Signal(pid, StopSignal::Kill)]);
        if leader_ended {
            // On a system without adoption of orphans nothing reports the end of the others; SIGKILL cannot be ignored.
            actions.extend(self.stopped(since, now));
        }
        actions
    }

    fn spawned(&mut self, pid: Pid, now: Moment) -> Vec<Action> {
        if self.state != State::Starting {
            // Nobody asked for it.
            return vec![Action::Signal(pid, StopSignal::Kill)];
        }
        self.restarts += u64::from(self.started_once);
        self.started_once = true;
        if let Some(limit) = self.policy.start_limit {
            self.starts.push_back(now);
            while self.starts.len() > limit.count {
                self.starts.pop_front();
            }
        }
        self.state = if self.policy.has_readiness {
            State::Running { pid, since: now, ready_by: Some(now.after(self.policy.patience)) }
        } else {
            State::Ready { pid, since: now }
        };
        let mut actions = vec![Action::Note(Note::Started)];
        if self.fatal_line.is_some() {
            actions.extend(self.terminate(now));
        }
        actions
    }

    fn spawn_failed(&mut self, why: String, now: Moment) -> Vec<Action> {
        if self.state != State::Starting {
            return Vec::new();
        }
        let mut actions = vec![Action::Note(if self.failures > 0 { Note::RestartFailed(why) } else { Note::StartFailed(why) })];
        actions.extend(self.stopped(now, now));
        actions
    }

    fn ended(&mut self, ended: Pid, status: WaitStatus, remains: bool, now: Moment) -> Vec<Action> {
        match self.state {
            State::Running { pid, since, .. } | State::Ready { pid, since } if pid == ended => {
                let uptime = now.since(since);
                self.last_end = Some(LastEnd { status, at: now, asked: false });
                self.previous = Some(pid);
                let mut actions = vec![Action::Note(Note::Ended { pid, status, unasked_after: Some(uptime) })];
                if remains {
                    actions.push(Action::Signal(pid, StopSignal::Terminate));
                }
                if self.wanted == Wanted::Up {
                    actions.extend(self.failed(uptime, remains.then_some(pid), Some(status), now));
                } else if remains {
                    let kill_at = Some(now.after(self.policy.stop_grace));
                    self.state = State::Stopping { pid, since, kill_at, leader_ended: true };
                } else {
                    // It was to go down, and it is down.
                    actions.extend(self.stopped(since, now));
                }
                actions
            }
            State::Stopping { pid, since, kill_at, leader_ended: false } if pid == ended => {
                self.last_end = Some(LastEnd { status, at: now, asked: true });
                let mut actions = vec![Action::Note(Note::Ended { pid, status, unasked_after: None })];
                if remains && kill_at.is_some() {
                    self.state = State::Stopping { pid, since, kill_at, leader_ended: true };
                } else {
                    actions.extend(self.stopped(since, now));
                }
                actions
            }
            _ => Vec::new(),
        }
    }

    fn group_gone(&mut self, group: Pid, now: Moment) -> Vec<Action> {
        match &mut self.state {
            State::Stopping { pid, leader_ended: true, since, .. } if *pid == group => {
                let since = *since;
                self.stopped(since, now)
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
            State::Stopping { kill_at: Some(at), .. } if now >= *at => self.kill_now(now),
            State::Waiting { until } if now >= *until => {
                let mut actions = vec![Action::Note(Note::WaitedInVain(self.policy.patience))];
                actions.extend(self.spawn());
                actions
            }
            State::Running { since, ready_by: ready_by @ Some(_), .. } if *ready_by <= Some(now) => {
                *ready_by = None;
                vec![Action::Note(Note::NotReady(now.since(*since)))]
            }
            State::BackOff { until, remains } if now >= *until => {
                let mut actions = kill(remains.take());
                actions.extend(self.wait(now));
                actions
            }
            _ => Vec::new(),
        }
    }

    /// SIGTERM to the group; SIGKILL follows after the grace time.
    fn terminate(&mut self, now: Moment) -> Vec<Action> {
        if let State::Running { pid, since, .. } | State::Ready { pid, since } = self.state {
            let kill_at = Some(now.after(self.policy.stop_grace));
            self.state = State::Stopping { pid, since, kill_at, leader_ended: false };
            vec![Action::Signal(pid, StopSignal::Terminate)]
        } else {
            Vec::new()
        }
    }

    /// Nothing of it lives any more: what is wanted decides what follows.
    fn stopped(&mut self, since: Moment, now: Moment) -> Vec<Action> {
        let mut actions = vec![Action::Note(Note::Stopped)];
        match self.wanted {
            Wanted::Up => return self.failed(now.since(since), None, None, now),
            Wanted::Down => self.state = State::Stopped,
            Wanted::Restarted => actions.extend(self.wait(now)),
            Wanted::Changed { .. } => actions.extend(self.validate(Before::Up)),
        }
        actions
    }

    /// An unasked end, or a start that failed.
    fn failed(&mut self, uptime: Duration, remains: Option<Pid>, status: Option<WaitStatus>, now: Moment) -> Vec<Action> {
        self.failures = if uptime > self.policy.min_uptime { 1 } else { self.failures + 1 };
        let mut last = |state, note| {
            self.state = state;
            let mut actions = kill(remains);
            actions.push(Action::Note(note));
            actions
        };
        if let Some(line) = self.fatal_line.take() {
            return last(State::Fatal, Note::Fatal(fatal_line(&line)));
        }
        if let Some(WaitStatus { end: End::Exited(code), .. }) = status {
            if self.policy.fatal_exit_codes.contains(&code) {
                return last(State::Fatal, Note::Fatal(format!("exit code {code} is one of its fatalExitCodes")));
            }
        }
        let Some(interval) = self.policy.restart_intervals.get(self.failures - 1).copied() else {
            return last(State::Failed, Note::RetriesExhausted);
        };
        if let Some(limit) = self.policy.start_limit {
            let first = self.starts.front().filter(|_| self.starts.len() >= limit.count);
            if first.is_some_and(|first| now.since(*first) <= limit.within) {
                return last(State::Failed, Note::StartLimitReached(limit));
            }
        }
        self.state = State::BackOff { until: now.after(interval), remains };
        vec![Action::Note(Note::NextAttempt(interval))]
    }

    /// It is on its way up and waits for the components that it depends on.
    fn wait(&mut self, now: Moment) -> Vec<Action> {
        self.wanted = Wanted::Up;
        self.state = State::Waiting { until: now.after(self.policy.patience) };
        vec![Action::Await]
    }

    fn spawn(&mut self) -> Vec<Action> {
        self.fatal_line = None;
        self.state = State::Starting;
        vec![Action::Spawn]
    }
}

/// Ends what a component left behind: by SIGKILL, because it was told to end in order when its leader ended.
fn kill(remains: Option<Pid>) -> Vec<Action> {
    remains.map(|group| Action::Signal(group, StopSignal::Kill)).into_iter().collect()
}

fn fatal_line(line: &str) -> String {
    format!("it wrote '{}'", line.escape_debug())
}
