//! The machine with a simulated system and clock: random events, and what must always hold.

use crate::platform::{End, Pid, StopSignal, WaitStatus};
use crate::supervisor::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

pub(super) fn policy() -> Policy {
    Policy {
        restart_intervals: [1, 2, 5].map(Duration::from_secs).to_vec(),
        min_uptime: Duration::from_secs(10),
        stop_grace: Duration::from_secs(20),
        reject_start_of_running: false,
        fatal_exit_codes: vec![88],
        start_limit: None,
        patience: Duration::from_secs(600),
        has_readiness: false,
    }
}

fn exited(code: i32) -> WaitStatus {
    WaitStatus { raw: code << 8, end: End::Exited(code) }
}

/// A system of simulated processes around one machine.
pub(super) struct World {
    pub(super) machine: Machine,
    now: Moment,
    next_pid: Pid,
    /// Leaders that live, and groups whose leader has ended while others live.
    leaders: BTreeSet<Pid>,
    remains: BTreeSet<Pid>,
    /// SIGTERM is ignored.
    stubborn: bool,
    validating: bool,
    pub(super) configuring: bool,
    spawn_fails: bool,
    dependencies_ready: bool,
    pub(super) notes: Vec<Note>,
    replies: Vec<Reply>,
}

impl World {
    pub(super) fn new(policy: Policy) -> World {
        World {
            machine: Machine::new(policy),
            now: Moment::default(),
            next_pid: 100,
            leaders: BTreeSet::new(),
            remains: BTreeSet::new(),
            stubborn: false,
            validating: false,
            configuring: false,
            spawn_fails: false,
            dependencies_ready: true,
            notes: Vec::new(),
            replies: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, event: Event) {
        let mut events = vec![event];
        loop {
            if events.is_empty() && self.machine.waits_for() == Some(WaitsFor::Dependents) {
                // Nothing depends on it.
                events.push(Event::DependentsDown);
            }
            if events.is_empty() {
                return;
            }
            let event = events.remove(0);
            for action in self.machine.step(event, self.now) {
                match action {
                    Action::Await => {
                        if self.dependencies_ready {
                            events.push(Event::DependenciesReady);
                        }
                    }
                    Action::Spawn => {
                        assert!(self.dependencies_ready || self.notes.iter().any(|note| matches!(note, Note::WaitedInVain(_))));
                        assert!(self.leaders.is_empty(), "two processes of one component");
                        assert!(self.remains.is_empty(), "a new process beside the remains of the old");
                        if self.spawn_fails {
                            events.push(Event::SpawnFailed("EAGAIN".into()));
                        } else {
                            self.next_pid += 1;
                            self.leaders.insert(self.next_pid);
                            events.push(Event::Spawned(self.next_pid));
                        }
                    }
                    Action::Validate => {
                        assert!(self.leaders.is_empty() && self.remains.is_empty(), "judged while something of it lives");
                        assert!(!self.validating && !self.configuring);
                        self.validating = true;
                    }
                    Action::Configure => {
                        assert!(self.leaders.is_empty() && !self.configuring && !self.validating);
                        self.configuring = true;
                    }
                    Action::Signal(pid, StopSignal::Kill) => {
                        // The end of the leader arrives as an event; the others are simply gone.
                        self.remains.remove(&pid);
                        if self.leaders.remove(&pid) {
                            events.push(Event::Ended { pid, status: WaitStatus { raw: 9, end: End::Signaled(9) }, remains: false });
                        }
                    }
                    Action::Signal(pid, StopSignal::Terminate) => {
                        if !self.stubborn && self.leaders.remove(&pid) {
                            events.push(Event::Ended { pid, status: WaitStatus { raw: 15, end: End::Signaled(15) }, remains: false });
                        }
                    }
                    Action::Note(note) => self.notes.push(note),
                    Action::Reply(reply) => self.replies.push(reply),
                }
            }
        }
    }

    pub(super) fn end(&mut self, code: i32, remains: bool) {
        if let Some(pid) = self.leaders.pop_first() {
            if remains {
                self.remains.insert(pid);
            }
            self.feed(Event::Ended { pid, status: exited(code), remains });
        }
    }

    /// The answer to what was asked; nobody waits for it any more once the component was stopped.
    pub(super) fn judge(&mut self, judgement: Judgement) {
        if std::mem::take(&mut self.validating) {
            self.feed(Event::Judged(judgement));
        }
    }

    fn of_process(&mut self, event: impl Fn(Pid) -> Event) {
        if let Some(pid) = self.pid() {
            self.feed(event(pid));
        }
    }

    fn advance(&mut self, duration: Duration) {
        let target = self.now.after(duration);
        while let Some(deadline) = self.machine.deadline().filter(|deadline| *deadline <= target) {
            self.now = self.now.max(deadline);
            self.feed(Event::Timer);
        }
        self.now = target;
    }

    pub(super) fn pid(&self) -> Option<Pid> {
        self.machine.state().pid()
    }
}

#[test]
fn the_nth_failure_waits_the_nth_interval_and_then_it_stays_down() {
    let mut world = World::new(policy());
    world.feed(Event::Start);
    for interval in [1, 2, 5] {
        world.end(3, false);
        assert_eq!(world.notes.last(), Some(&Note::NextAttempt(Duration::from_secs(interval))));
        world.advance(Duration::from_millis(interval * 1000 - 1));
        assert_eq!(world.pid(), None);
        world.advance(Duration::from_millis(1));
        assert!(world.pid().is_some());
    }
    world.end(3, false);
    assert_eq!(world.notes.last(), Some(&Note::RetriesExhausted));
    assert_eq!(world.machine.state(), &State::Failed);
    world.advance(Duration::from_secs(100_000));
    assert_eq!(world.machine.restarts(), 3);
    world.feed(Event::Start);
    world.end(3, false);
    assert_eq!(world.notes.last(), Some(&Note::NextAttempt(Duration::from_secs(1))), "START resets the count");
}

#[test]
fn longer_than_min_uptime_counts_from_one_again() {
    let mut world = World::new(policy());
    world.feed(Event::Start);
    for _ in 0..20 {
        world.advance(Duration::from_secs(11));
        world.end(0, false);
        assert_eq!(world.notes.last(), Some(&Note::NextAttempt(Duration::from_secs(1))));
        world.advance(Duration::from_secs(1));
    }
}

#[test]
fn start_of_a_running_component_restarts_it_once_the_old_one_is_gone() {
    let mut world = World::new(policy());
    world.stubborn = true;
    world.feed(Event::Start);
    let old = world.pid();
    world.feed(Event::Start);
    assert_eq!((world.replies.as_slice(), world.pid()), ([Reply::BeingStarted, Reply::BeingRestarted].as_slice(), old));
    world.advance(Duration::from_secs(20));
    assert!(world.notes.contains(&Note::WillKill(old.unwrap())));
    assert!(world.pid().is_some() && world.pid() != old);
    assert!(world.machine.was_killed());
}

#[test]
fn start_of_a_running_component_is_refused_when_configured_so() {
    let mut world = World::new(Policy { reject_start_of_running: true, ..policy() });
    world.feed(Event::Start);
    let pid = world.pid();
    world.feed(Event::Start);
    assert_eq!((world.replies.as_slice(), world.pid()), ([Reply::BeingStarted, Reply::AlreadyRunning].as_slice(), pid));
}

#[test]
fn a_stop_is_complete_when_the_whole_group_is_gone() {
    let mut world = World::new(policy());
    world.stubborn = true;
    world.feed(Event::Start);
    let pid = world.pid().unwrap();
    world.feed(Event::Stop);
    world.end(0, true);
    assert!(!world.notes.contains(&Note::Stopped));
    world.remains.clear();
    world.feed(Event::GroupGone(pid));
    assert_eq!(world.notes.iter().filter(|note| **note == Note::Stopped).count(), 1);
    assert_eq!(world.machine.state(), &State::Stopped);
    assert!(!world.machine.was_killed());
}

#[test]
fn restart_configures_between_stop_and_start() {
    let mut world = World::new(policy());
    world.feed(Event::Start);
    world.feed(Event::Change { start: true });
    assert_eq!((world.validating, world.configuring, world.pid()), (true, false, None));
    world.judge(Judgement::Good);
    assert_eq!((world.configuring, world.pid()), (true, None));
    world.feed(Event::Configured(true));
    assert!(world.pid().is_some());
}

#[test]
fn an_exit_code_or_a_line_that_is_fatal_is_the_end() {
    let mut world = World::new(policy());
    world.feed(Event::Start);
    world.end(88, false);
    assert_eq!(world.machine.state(), &State::Fatal);
    world.feed(Event::Start);
    let pid = world.pid().unwrap();
    world.feed(Event::FatalReported(pid + 1, "of an earlier process".into()));
    world.end(3, false);
    assert!(matches!(world.machine.state(), State::BackOff { .. }));
    world.advance(Duration::from_secs(1));
    world.feed(Event::FatalReported(world.pid().unwrap(), "no licence".into()));
    assert!(world.pid().is_some(), "it decides itself when it ends");
    world.end(3, false);
    assert_eq!((world.machine.state(), world.notes.last()), (&State::Fatal, Some(&Note::Fatal("it wrote 'no licence'".into()))));
}

#[test]
fn a_fatal_line_that_is_heard_of_late_takes_the_restart_back() {
    let late = |interval: u64, pass: u64| {
        let mut world = World::new(Policy { restart_intervals: vec![Duration::from_secs(interval); 5], ..policy() });
        world.feed(Event::Start);
        let pid = world.pid().unwrap();
        world.end(3, false);
        world.advance(Duration::from_secs(pass));
        world.feed(Event::FatalReported(pid, "no licence".into()));
        assert!(world.leaders.is_empty());
        assert_eq!((world.machine.state(), world.notes.last()), (&State::Fatal, Some(&Note::Fatal("it wrote 'no licence'".into()))));
        world.feed(Event::Start);
        world.feed(Event::FatalReported(pid, "no licence".into()));
        assert!(world.pid().is_some(), "an operator knows better");
    };
    late(5, 0);
    late(0, 0);
    late(1, 1);
}

#[test]
fn a_component_that_lives_just_longer_than_min_uptime_reaches_its_start_limit() {
    let limit = StartLimit { count: 4, within: Duration::from_secs(600) };
    let mut world = World::new(Policy { start_limit: Some(limit), ..policy() });
    world.feed(Event::Start);
    for _ in 0..3 {
        world.advance(Duration::from_secs(11));
        world.end(1, false);
        assert_eq!(world.notes.last(), Some(&Note::NextAttempt(Duration::from_secs(1))));
        world.advance(Duration::from_secs(1));
    }
    world.end(1, false);
    assert_eq!((world.notes.last(), world.machine.state()), (Some(&Note::StartLimitReached(limit)), &State::Failed));
    // If it is slower than that, it stays within the limit for ever.
    world.feed(Event::Start);
    for _ in 0..20 {
        world.advance(Duration::from_secs(200));
        world.end(1, false);
        world.advance(Duration::from_secs(1));
        assert!(world.pid().is_some());
    }
}

#[test]
fn readiness_comes_and_goes_and_is_said_when_it_does_not_come() {
    let mut world = World::new(Policy { has_readiness: true, ..policy() });
    world.feed(Event::Start);
    assert!(!world.machine.is_ready());
    world.advance(Duration::from_secs(600));
    assert_eq!(world.notes.last(), Some(&Note::NotReady(Duration::from_secs(600))));
    let pid = world.pid().unwrap();
    world.feed(Event::ReadyReported(pid));
    assert!(world.machine.is_ready());
    world.feed(Event::ReadyLost(pid));
    assert!(!world.machine.is_ready() && world.pid() == Some(pid));
    world.feed(Event::LivenessFailed(pid, "no answer".into()));
    assert!(matches!(world.machine.state(), State::BackOff { .. }), "{:?}", world.machine.state());
    assert!(!world.notes.contains(&Note::Stopped), "nobody asked for that");
}

#[test]
fn who_waits_in_vain_is_started_all_the_same() {
    let mut world = World::new(policy());
    world.dependencies_ready = false;
    world.feed(Event::Start);
    world.advance(Duration::from_secs(599));
    assert_eq!(world.pid(), None);
    world.advance(Duration::from_secs(1));
    assert!(world.notes.contains(&Note::WaitedInVain(Duration::from_secs(600))) && world.pid().is_some());
}

#[test]
fn a_stop_while_the_process_is_being_made_ends_it() {
    let mut machine = Machine::new(policy());
    let now = Moment::default();
    machine.step(Event::Start, now);
    machine.step(Event::DependenciesReady, now);
    assert_eq!(machine.step(Event::Stop, now), [Action::Reply(Reply::BeingStopped)]);
    assert_eq!(machine.step(Event::Spawned(7), now), [Action::Note(Note::Started)]);
    assert_eq!((machine.name(), machine.waits_for()), ("stopping", Some(WaitsFor::Dependents)));
    assert_eq!(machine.step(Event::DependentsDown, now), [Action::Signal(7, StopSignal::Terminate)]);
    machine.step(Event::Ended { pid: 7, status: exited(0), remains: false }, now);
    assert_eq!(machine.state(), &State::Stopped);
}

#[derive(Debug, Clone)]
enum Stimulus {
    Operator(Event),
    End { code: i32, remains: bool },
    RemainsGo,
    Judged(Judgement),
    ConfigureEnds(bool),
    Pass(u64),
    Stubborn(bool),
    SpawnFails(bool),
    Dependencies(bool),
    Ready,
    NotReady,
    NotAlive,
    FatalLine,
    Stale,
}

fn stimulus() -> impl Strategy<Value = Stimulus> {
    prop_oneof![
        3 => Just(Stimulus::Operator(Event::Start)),
        2 => Just(Stimulus::Operator(Event::Stop)),
        3 => any::<bool>().prop_map(|start| Stimulus::Operator(Event::Change { start })),
        3 => prop_oneof![Just(Judgement::Good), Just(Judgement::Back), Just(Judgement::Away)].prop_map(Stimulus::Judged),
        1 => Just(Stimulus::Operator(Event::KillNow)),
        4 => (prop_oneof![0..4i32, Just(88)], any::<bool>()).prop_map(|(code, remains)| Stimulus::End { code, remains }),
        2 => Just(Stimulus::RemainsGo),
        2 => any::<bool>().prop_map(Stimulus::ConfigureEnds),
        4 => (0..30_000u64).prop_map(Stimulus::Pass),
        1 => any::<bool>().prop_map(Stimulus::Stubborn),
        1 => any::<bool>().prop_map(Stimulus::SpawnFails),
        1 => any::<bool>().prop_map(Stimulus::Dependencies),
        2 => Just(Stimulus::Ready),
        1 => Just(Stimulus::NotReady),
        1 => Just(Stimulus::NotAlive),
        1 => Just(Stimulus::FatalLine),
        1 => Just(Stimulus::Stale),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// At most one live process; every end answered by exactly one of restart, failed, stopped; every operator command answered; and a
    /// stop, whatever came before, ends with nothing left over.
    #[test]
    fn whatever_comes(stimuli in prop::collection::vec(stimulus(), 0..60), reject in any::<bool>(), has_readiness in any::<bool>(),
            limited in any::<bool>()) {
        let start_limit = limited.then_some(StartLimit { count: 3, within: Duration::from_secs(60) });
        let mut world = World::new(Policy { reject_start_of_running: reject, has_readiness, start_limit, ..policy() });
        for stimulus in stimuli {
            let (notes, replies) = (world.notes.len(), world.replies.len());
            match stimulus {
                Stimulus::Operator(event) => {
                    if matches!(event, Event::Change { .. }) && (world.validating || world.configuring) {
                        // The owner makes one change of a component after the other.
                        continue;
                    }
                    let silent = matches!(event, Event::KillNow | Event::Change { start: false });
                    world.feed(event);
                    prop_assert!(silent || world.notes.len() > notes || world.replies.len() > replies, "a command without an answer");
                    prop_assert!(world.replies.len() <= replies + 1);
                }
                Stimulus::End { code, remains } => {
                    let had_leader = !world.leaders.is_empty();
                    let stopping = matches!(world.machine.state(), State::Stopping { .. });
                    world.end(code, remains);
                    if had_leader {
                        let new = &world.notes[notes..];
                        let ended = new.iter().filter(|note| matches!(note, Note::Ended { .. })).count();
                        prop_assert_eq!(ended, 1);
                        // A start that follows at once and fails is tested elsewhere.
                        let answers = new
                            .iter()
                            .take_while(|note| !matches!(note, Note::StartFailed(_) | Note::RestartFailed(_)))
                            .filter(|note| {
                                let lost = matches!(note, Note::RetriesExhausted | Note::StartLimitReached(_) | Note::Fatal(_));
                                lost || matches!(note, Note::NextAttempt(_) | Note::Stopped)
                            })
                            .count();
                        let waits = matches!(world.machine.state(), State::Stopping { leader_ended: true, .. });
                        prop_assert!(answers == 1 || waits, "{new:?}");
                        prop_assert!(stopping || !waits);
                    }
                }
                Stimulus::RemainsGo => {
                    if let Some(group) = world.remains.pop_first() {
                        world.feed(Event::GroupGone(group));
                    }
                }
                Stimulus::Judged(judgement) => {
                    let stopped = world.machine.state() == &State::Stopped;
                    let (asked, before) = (world.validating, world.notes.len());
                    world.judge(judgement);
                    if asked && stopped {
                        prop_assert_eq!((world.machine.state(), world.notes.len()), (&State::Stopped, before), "stopped is stopped");
                    }
                }
                Stimulus::ConfigureEnds(good) => {
                    if std::mem::take(&mut world.configuring) {
                        world.feed(Event::Configured(good));
                    }
                }
                Stimulus::Pass(milliseconds) => world.advance(Duration::from_millis(milliseconds)),
                Stimulus::Stubborn(stubborn) => world.stubborn = stubborn,
                Stimulus::SpawnFails(fails) => world.spawn_fails = fails,
                Stimulus::Dependencies(ready) => {
                    world.dependencies_ready = ready;
                    if ready {
                        world.feed(Event::DependenciesReady);
                    }
                }
                Stimulus::Ready => world.of_process(Event::ReadyReported),
                Stimulus::NotReady => world.of_process(Event::ReadyLost),
                Stimulus::NotAlive => world.of_process(|pid| Event::LivenessFailed(pid, "deaf".into())),
                Stimulus::FatalLine => {
                    world.of_process(|pid| Event::FatalReported(pid, "no".into()));
                    world.feed(Event::FatalReported(world.next_pid - 1, "late".into()));
                }
                Stimulus::Stale => {
                    // Late news of a generation long gone, and a timer without a cause, change nothing.
                    let before = world.machine.state().clone();
                    world.feed(Event::Ended { pid: 1, status: exited(0), remains: false });
                    world.feed(Event::GroupGone(1));
                    world.feed(Event::ReadyReported(1));
                    world.feed(Event::LivenessFailed(1, "late".into()));
                    if world.machine.deadline().is_none_or(|deadline| deadline > world.now) {
                        world.feed(Event::Timer);
                    }
                    prop_assert_eq!(world.machine.state(), &before);
                }
            }
            // A component that is being changed is down, and one that is being judged is awaited.
            let validating = matches!(world.machine.state(), State::Validating { .. });
            prop_assert!(!validating || (world.validating && world.leaders.is_empty()));
            prop_assert!(world.leaders.len() <= 1);
            prop_assert_eq!(world.pid().is_some(), !world.leaders.is_empty());
        }
        world.feed(Event::Stop);
        world.judge(Judgement::Back);
        if std::mem::take(&mut world.configuring) {
            world.feed(Event::Configured(true));
        }
        world.advance(Duration::from_secs(20));
        prop_assert!(world.machine.state().is_down(), "{:?}", world.machine.state());
        prop_assert!(world.leaders.is_empty() && world.remains.is_empty());
        prop_assert_eq!(world.machine.deadline(), None);
    }
}

proptest! {
    /// Nothing depends on the time of day: the same life an hour or thirty years later.
    #[test]
    fn a_life_at_another_time_is_the_same(events in prop::collection::vec((0..14usize, 0..30_000u64), 0..40), later in 0..1_000_000_000u64) {
        let (mut one, mut other) = (Machine::new(policy()), Machine::new(policy()));
        let mut now = Moment::default();
        let mut pid = 1;
        for (which, milliseconds) in events {
            now = now.after(Duration::from_millis(milliseconds));
            pid += 1;
            let event = match which {
                0 => Event::Start,
                1 => Event::Stop,
                2 => Event::Change { start: true },
                3 | 4 => Event::DependenciesReady,
                5 | 6 => Event::Spawned(pid),
                7 => Event::SpawnFailed("no".into()),
                8 if matches!(one.state(), State::Validating { .. }) => Event::Judged(Judgement::Good),
                8 => Event::Configured(true),
                9..=11 => Event::Ended { pid: one.state().pid().unwrap_or(0), status: exited(1), remains: which == 9 },
                _ => Event::Timer,
            };
            let shifted = now.after(Duration::from_secs(later));
            prop_assert_eq!(one.step(event.clone(), now), other.step(event, shifted));
            prop_assert_eq!(one.name(), other.name());
        }
    }
}
