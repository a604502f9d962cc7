//! The instance with simulated processes: graphs and random orders, and what must always hold.

use crate::platform::{End, Pid, StopSignal, WaitStatus};
use crate::supervisor::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) fn policy() -> Policy {
    Policy {
        restart_intervals: [1, 2].map(Duration::from_secs).to_vec(),
        min_uptime: Duration::from_secs(10),
        stop_grace: Duration::from_secs(20),
        reject_start_of_running: false,
        fatal_exit_codes: Vec::new(),
        start_limit: None,
        patience: Duration::from_secs(600),
        has_readiness: true,
    }
}

/// Processes of an instance, by component.
pub(super) struct World {
    pub(super) instance: Instance,
    pub(super) now: Moment,
    pub(super) pids: BTreeMap<usize, Pid>,
    /// Groups whose leader has ended while others live.
    pub(super) remains: BTreeMap<usize, Pid>,
    next_pid: Pid,
    pub(super) validating: Vec<usize>,
    configuring: Vec<usize>,
    /// Ends at SIGTERM only when told.
    pub(super) slow: bool,
    log: Vec<String>,
    notes: Vec<InstanceNote>,
    timed_out: Vec<usize>,
    /// What was reported about a component: to the operator, or in a note (then None).
    pub(super) said: Vec<(usize, Option<Reply>)>,
}

impl World {
    pub(super) fn new(needs: &[&[usize]]) -> World {
        let mut instance = Instance::new(InstancePolicy::default());
        for index in 0..needs.len() {
            instance.add(NewMember { name: format!("c{index}"), policy: policy(), required: false });
        }
        let edges: Vec<(usize, Vec<usize>)> = needs.iter().enumerate().map(|(index, needs)| (index, needs.to_vec())).collect();
        instance.connect(&edges);
        World {
            instance,
            now: Moment::default(),
            pids: BTreeMap::new(),
            remains: BTreeMap::new(),
            next_pid: 100,
            validating: Vec::new(),
            configuring: Vec::new(),
            slow: false,
            log: Vec::new(),
            notes: Vec::new(),
            timed_out: Vec::new(),
            said: Vec::new(),
        }
    }

    fn apply(&mut self, effects: Vec<Effect>) {
        let mut todo: std::collections::VecDeque<Effect> = effects.into();
        while let Some(effect) = todo.pop_front() {
            let answer = match effect {
                Effect::Component(index, Action::Spawn) => {
                    let unmet = self.instance.unmet(index);
                    assert!(unmet.is_empty() || self.timed_out.contains(&index), "c{index} is started before {unmet:?}");
                    self.timed_out.retain(|other| *other != index);
                    self.next_pid += 1;
                    assert!(!self.remains.contains_key(&index), "a new process of c{index} beside the remains of the old");
                    assert_eq!(self.pids.insert(index, self.next_pid), None, "two processes of c{index}");
                    self.log.push(format!("start c{index}"));
                    Some((index, Event::Spawned(self.next_pid)))
                }
                Effect::Component(index, Action::Validate) => {
                    self.validating.push(index);
                    None
                }
                Effect::Component(index, Action::Configure) => {
                    self.log.push(format!("configure c{index}"));
                    self.configuring.push(index);
                    None
                }
                Effect::Component(index, Action::Signal(pid, signal)) => {
                    if signal == StopSignal::Terminate {
                        self.log.push(format!("stop c{index}"));
                    }
                    if signal == StopSignal::Kill {
                        self.remains.remove(&index);
                    }
                    let ends = self.pids.get(&index) == Some(&pid) && (signal == StopSignal::Kill || !self.slow);
                    ends.then(|| self.pids.remove(&index)).flatten().map(|pid| (index, ended(pid)))
                }
                Effect::StartedWithout(index, ..) => {
                    self.timed_out.push(index);
                    None
                }
                Effect::Waits(index, names) => {
                    assert!(!names.is_empty(), "c{index} waits for nothing");
                    self.said.push((index, None));
                    None
                }
                Effect::Component(index, action) => {
                    self.said.push((index, if let Action::Reply(reply) = action { Some(reply) } else { None }));
                    assert_ne!(action, Action::Await);
                    None
                }
            };
            if let Some((index, event)) = answer {
                todo.extend(self.instance.step(index, event, self.now));
            }
        }
    }

    pub(super) fn settle(&mut self) {
        let notes = self.instance.settle(self.now);
        self.notes.extend(notes);
    }

    pub(super) fn step(&mut self, index: usize, event: Event) {
        let effects = self.instance.step(index, event, self.now);
        self.apply(effects);
    }

    pub(super) fn order(&mut self, event: Event, selection: &[usize]) {
        let effects = self.instance.order(&event, selection, self.now);
        self.apply(effects);
    }

    pub(super) fn begin(&mut self) {
        let effects = self.instance.begin(self.now);
        self.apply(effects);
    }

    pub(super) fn ready(&mut self, index: usize) {
        if let Some(pid) = self.pids.get(&index) {
            self.step(index, Event::ReadyReported(*pid));
        }
    }

    pub(super) fn all_ready(&mut self) {
        for _ in 0..self.instance.members().len() {
            (0..self.instance.members().len()).for_each(|index| self.ready(index));
        }
    }

    pub(super) fn end_of(&mut self, index: usize) {
        self.end_with(index, false);
    }

    pub(super) fn end_with(&mut self, index: usize, remains: bool) {
        if let Some(pid) = self.pids.remove(&index) {
            if remains {
                self.remains.insert(index, pid);
            }
            self.step(index, Event::Ended { pid, status: WaitStatus { raw: 256, end: End::Exited(1) }, remains });
        }
    }

    pub(super) fn remains_go(&mut self) {
        while let Some((index, group)) = self.remains.pop_first() {
            self.step(index, Event::GroupGone(group));
        }
    }

    /// A change of the components that are not already being changed, as the owner makes it.
    pub(super) fn change(&mut self, selection: &[usize]) {
        let busy = |index: &usize| {
            let state = self.instance.member(*index).unwrap().machine.state();
            self.instance.is_changing(*index) || matches!(state, State::Configuring)
        };
        let free: Vec<usize> = selection.iter().copied().filter(|index| !busy(index)).collect();
        self.order(Event::Change { start: true }, &free);
    }

    /// What the owner does with a change: everything that is down for it is judged at once when none of it is on its way down any more.
    pub(super) fn judged(&mut self, judgement: Judgement) {
        let on_its_way = |index: usize| {
            self.instance.is_changing(index) && !matches!(self.instance.member(index).unwrap().machine.state(), State::Validating { .. })
        };
        if (0..self.instance.members().len()).any(on_its_way) {
            return;
        }
        for index in std::mem::take(&mut self.validating) {
            if matches!(self.instance.member(index).unwrap().machine.state(), State::Validating { .. }) {
                self.step(index, Event::Judged(judgement));
            }
        }
    }

    pub(super) fn configured(&mut self) {
        while let Some(index) = self.configuring.pop() {
            self.step(index, Event::Configured(true));
        }
    }

    pub(super) fn advance(&mut self, duration: Duration) {
        let target = self.now.after(duration);
        while let Some(deadline) = self.instance.deadline().filter(|deadline| *deadline <= target) {
            self.now = self.now.max(deadline);
            let effects = self.instance.timers(self.now);
            self.apply(effects);
        }
        self.now = target;
    }

    pub(super) fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }
}

fn ended(pid: Pid) -> Event {
    Event::Ended { pid, status: WaitStatus { raw: 256, end: End::Exited(1) }, remains: false }
}

/// 0 <- 1 <- 2, and 3 on its own.
const CHAIN: &[&[usize]] = &[&[], &[0], &[1], &[]];

#[test]
fn starts_as_parallel_as_the_graph_allows_and_stops_in_reverse() {
    let mut world = World::new(CHAIN);
    world.begin();
    assert_eq!(world.take_log(), ["start c0", "start c3"]);
    world.ready(0);
    assert_eq!(world.take_log(), ["start c1"]);
    world.settle();
    assert_eq!(world.notes, [], "c2 has not been started");
    world.all_ready();
    world.settle();
    let ready = InstanceNote::Ready { ready: 4, of: 4, after: Duration::ZERO };
    assert_eq!(world.notes, [InstanceNote::AllStarted { failed: false }, ready]);
    world.take_log();
    world.slow = true;
    let effects = world.instance.end(world.now);
    world.apply(effects);
    assert_eq!(world.take_log(), ["stop c3", "stop c2"]);
    world.end_of(2);
    assert_eq!(world.take_log(), ["stop c1"]);
    world.end_of(1);
    assert_eq!(world.take_log(), ["stop c0"]);
    world.end_of(3);
    world.end_of(0);
    world.settle();
    assert!(world.instance.is_over() && world.instance.phase() == InstancePhase::Ended);
}

#[test]
fn a_restart_of_several_goes_down_and_up_in_order() {
    let mut world = World::new(CHAIN);
    world.begin();
    world.all_ready();
    world.take_log();
    let mut selection = world.instance.dependents(&[0]);
    assert_eq!(selection, [1, 2]);
    selection.push(0);
    world.order(Event::Change { start: true }, &selection);
    assert_eq!(world.take_log(), ["stop c2", "stop c1", "stop c0"]);
    world.judged(Judgement::Good);
    assert_eq!(world.take_log(), ["configure c2", "configure c1", "configure c0"]);
    world.configured();
    assert_eq!(world.take_log(), ["start c0"]);
    world.ready(0);
    world.ready(1);
    world.ready(2);
    assert_eq!(world.take_log(), ["start c1", "start c2"]);
}

#[test]
fn what_goes_and_what_changes_go_down_in_one_order_and_come_back_together() {
    let mut world = World::new(CHAIN);
    world.begin();
    world.all_ready();
    world.take_log();
    world.slow = true;
    // c2 should not run any more, c0 has changed, c1 is left alone.
    let orders = [(2, Event::Change { start: false }), (0, Event::Change { start: true })];
    let effects = world.instance.order_each(orders.into_iter().collect(), world.now);
    world.apply(effects);
    assert_eq!(world.take_log(), ["stop c2"]);
    assert!(world.instance.is_changing(0) && world.instance.is_changing(2) && !world.instance.is_changing(1));
    world.end_of(2);
    world.end_of(0);
    assert_eq!(world.take_log(), ["stop c0"]);
    world.judged(Judgement::Back);
    // c1, which c2 needs, has run all the time.
    assert_eq!(world.take_log(), ["start c2", "start c0"]);
}

#[test]
fn a_start_of_all_that_run_restarts_them_in_order() {
    let mut world = World::new(&[&[], &[0]]);
    world.begin();
    world.all_ready();
    world.take_log();
    world.slow = true;
    world.order(Event::Start, &[0, 1]);
    world.end_of(1);
    // c1 does not come back before what it depends on has gone down and come up again.
    assert_eq!(world.take_log(), ["stop c1", "stop c0"]);
    world.end_of(0);
    assert_eq!(world.take_log(), ["start c0"]);
    world.ready(0);
    assert_eq!(world.take_log(), ["start c1"]);
}

#[test]
fn degraded_and_ready_are_said_once_for_a_burst() {
    let mut world = World::new(&[&[], &[], &[]]);
    world.begin();
    world.all_ready();
    world.settle();
    world.notes.clear();
    (0..3).for_each(|index| world.end_of(index));
    world.settle();
    world.settle();
    let names = ["c0", "c1", "c2"].map(String::from).to_vec();
    assert_eq!(world.notes, [InstanceNote::Degraded(names)]);
    world.advance(Duration::from_secs(1));
    world.settle();
    assert_eq!(world.notes.len(), 1, "on their way");
    world.all_ready();
    world.settle();
    assert!(world.instance.phase() == InstancePhase::Ready && world.notes.len() == 1, "not for long enough to be said: {:?}", world.notes);
    world.advance(Duration::from_secs(10));
    world.settle();
    assert!(matches!(world.notes[1..], [InstanceNote::Ready { ready: 3, of: 3, .. }]), "{:?}", world.notes);
    // A component that an operator stops or restarts is not missed.
    world.notes.clear();
    world.order(Event::Stop, &[0]);
    world.order(Event::Change { start: true }, &[1]);
    world.settle();
    assert_eq!(world.notes, []);
}

/// A component that is up for `up` seconds, again and again, from second 0 to `until`; returns when it was reported that everything is
/// ready.
fn said_of_a_loop(up: u64, until: u64, intervals: &[u64]) -> Vec<u64> {
    let mut world = World::new(&[&[], &[]]);
    let policy = Policy {
        restart_intervals: intervals.iter().copied().map(Duration::from_secs).collect(),
        min_uptime: Duration::from_secs(90),
        has_readiness: false,
        ..policy()
    };
    (0..2).for_each(|index| world.instance.member_mut(index).unwrap().machine.policy = policy.clone());
    world.begin();
    let (mut said, mut uptime) = (Vec::new(), 0);
    for second in 0..until {
        world.settle();
        if world.notes.drain(..).any(|note| matches!(note, InstanceNote::Ready { .. })) {
            said.push(second);
        }
        uptime = if world.pids.contains_key(&0) { uptime + 1 } else { 0 };
        if uptime > up {
            uptime = 0;
            world.end_of(0);
            world.settle();
        }
        world.advance(Duration::from_secs(1));
    }
    said
}

#[test]
fn who_ends_again_and_again_does_not_have_all_said_to_be_well_again_and_again() {
    let default = [1, 1, 1, 5, 5, 10, 20, 60, 120, 240];
    assert_eq!(said_of_a_loop(2, 3600, &default), [0]);
    assert_eq!(said_of_a_loop(9, 3600, &default), [0]);
    assert_eq!(said_of_a_loop(9, 3600, &[0; 10]), [0]);
    // Up for longer than it takes to be believed: each time it takes longer.
    assert_eq!(said_of_a_loop(15, 3600, &default), [0, 26], "10 s, then 20 s");
    assert_eq!(said_of_a_loop(60, 3600, &default).len(), 4, "10, 20 and 40 s");
    // Longer than minUptime: it is restarted for ever, and each time it has recovered for a while, but in the end for 240 s.
    let said = said_of_a_loop(100, 36_000, &default);
    assert!(said.len() == 5, "{said:?}");
}

#[test]
fn who_ends_once_is_believed_soon_and_after_a_calm_so_again() {
    let mut world = World::new(&[&[]]);
    world.begin();
    world.all_ready();
    world.settle();
    for _ in 0..5 {
        world.advance(Duration::from_secs(1000));
        world.notes.clear();
        world.end_of(0);
        world.settle();
        world.advance(Duration::from_secs(1));
        world.ready(0);
        world.settle();
        assert_eq!(world.notes, [InstanceNote::Degraded(vec!["c0".into()])]);
        let due = world.now.after(Duration::from_secs(10));
        assert_eq!(world.instance.deadline(), Some(due));
        world.advance(Duration::from_secs(10));
        world.settle();
        assert!(matches!(world.notes[1..], [InstanceNote::Ready { .. }]), "{:?}", world.notes);
        assert_eq!(world.instance.deadline(), None);
    }
}

#[test]
fn what_is_not_ready_any_more_has_its_time_to_begin_again_and_an_end_has_none() {
    let mut world = World::new(&[&[], &[]]);
    world.begin();
    world.all_ready();
    world.settle();
    world.end_of(0);
    world.settle();
    world.advance(Duration::from_secs(1));
    world.all_ready();
    world.settle();
    world.advance(Duration::from_secs(9));
    world.settle();
    // The other one is degraded too: it was not named before.
    world.end_of(1);
    world.settle();
    let named = |name: &str| InstanceNote::Degraded(vec![name.into()]);
    assert_eq!(world.notes[2..], [named("c0"), named("c1")]);
    // The same once more: nothing is reported again.
    world.end_of(0);
    world.settle();
    assert_eq!(world.notes.len(), 4);
    world.advance(Duration::from_secs(2));
    world.all_ready();
    world.settle();
    let effects = world.instance.end(world.now);
    world.apply(effects);
    world.advance(Duration::from_secs(100));
    world.settle();
    assert_eq!(world.notes.len(), 4);
}

#[test]
fn a_required_component_that_is_lost_ends_the_instance() {
    let lose = |stay: bool| {
        let mut world = World::new(&[&[], &[]]);
        world.instance.policy.stay_when_required_failed = stay;
        world.instance.member_mut(0).unwrap().required = true;
        world.begin();
        world.all_ready();
        for _ in 0..3 {
            world.end_of(0);
            world.advance(Duration::from_secs(2));
        }
        world.settle();
        world.notes
    };
    assert_eq!(lose(false).last(), Some(&InstanceNote::End("c0 failed for good and is required".into())));
    assert!(matches!(lose(true).last(), Some(InstanceNote::Degraded(_))));
}

#[test]
fn what_is_lost_is_told_of_at_once_while_another_waits_for_it() {
    let lose = |required: bool| {
        let mut world = World::new(&[&[], &[0], &[]]);
        world.instance.member_mut(0).unwrap().required = required;
        world.begin();
        world.ready(2);
        for _ in 0..3 {
            world.end_of(0);
            world.advance(Duration::from_secs(2));
        }
        world.settle();
        world.notes
    };
    let degraded = InstanceNote::Degraded(vec!["c0".into(), "c1".into()]);
    assert_eq!(lose(false), std::slice::from_ref(&degraded));
    assert_eq!(lose(true), [degraded, InstanceNote::End("c0 failed for good and is required".into())]);
}

#[test]
fn an_edge_that_closes_a_circle_is_left_out() {
    let mut world = World::new(&[&[2], &[0], &[1]]);
    world.begin();
    world.all_ready();
    assert_eq!(world.pids.len(), 3);
}

#[derive(Debug, Clone)]
enum Stimulus {
    Order(u8, Vec<usize>),
    End(usize),
    Ready(usize),
    NotReady(usize),
    Judged(Judgement),
    Configured,
    Slow(bool),
    Pass(u64),
}

fn stimulus() -> impl Strategy<Value = Stimulus> {
    prop_oneof![
        3 => (0..4u8, prop::collection::vec(0..6usize, 1..4)).prop_map(|(order, selection)| Stimulus::Order(order, selection)),
        3 => (0..6usize).prop_map(Stimulus::End),
        6 => (0..6usize).prop_map(Stimulus::Ready),
        1 => (0..6usize).prop_map(Stimulus::NotReady),
        3 => prop_oneof![Just(Judgement::Good), Just(Judgement::Back), Just(Judgement::Away)].prop_map(Stimulus::Judged),
        2 => Just(Stimulus::Configured),
        1 => any::<bool>().prop_map(Stimulus::Slow),
        3 => (0..700_000u64).prop_map(Stimulus::Pass),
    ]
}

#[test]
fn one_stop_that_comes_twice_is_one() {
    let mut world = World::new(&[&[]]);
    world.begin();
    world.slow = true;
    let effects = world.instance.end(world.now);
    world.apply(effects);
    let asked = world.now;
    assert_eq!(world.instance.hurry(asked), []);
    assert_eq!(world.instance.hurry(asked.after(Duration::from_millis(999))), []);
    let effects = world.instance.hurry(asked.after(Duration::from_secs(1)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Component(0, Action::Signal(_, StopSignal::Kill)))), "{effects:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Between two reports that everything is ready there is one that it is not, and at least 10 s; no component is named twice between
    /// them; and when everything stays ready, that is reported.
    #[test]
    fn what_is_said_of_the_whole(members in 1..5usize, stimuli in prop::collection::vec((0..7u8, 0..5usize, 0..40_000u64), 0..120)) {
        let needs: Vec<&[usize]> = vec![&[]; members];
        let mut world = World::new(&needs);
        world.begin();
        let mut said: Vec<(Moment, InstanceNote)> = Vec::new();
        for (kind, index, milliseconds) in stimuli {
            let index = index % members;
            match kind {
                0 | 1 => world.end_of(index),
                2 => world.all_ready(),
                3 => world.ready(index),
                4 => if let Some(pid) = world.pids.get(&index) { world.step(index, Event::ReadyLost(*pid)) },
                5 => world.order(Event::Start, &[index]),
                _ => world.advance(Duration::from_millis(milliseconds)),
            }
            world.settle();
            let now = world.now;
            said.extend(world.notes.drain(..).map(|note| (now, note)));
        }
        (0..members).for_each(|index| if !world.pids.contains_key(&index) { world.order(Event::Start, &[index]) });
        world.all_ready();
        for _ in 0..20 {
            world.settle();
            world.advance(Duration::from_secs(1));
        }
        world.settle();
        let now = world.now;
        said.extend(world.notes.drain(..).map(|note| (now, note)));
        let mut ready: Option<Moment> = None;
        let mut named: Vec<String> = Vec::new();
        let mut degraded = false;
        for (at, note) in said {
            match note {
                InstanceNote::Ready { .. } => {
                    prop_assert!(ready.is_none() || degraded, "twice in a row");
                    prop_assert!(ready.is_none_or(|before| at.since(before) >= Duration::from_secs(10)));
                    (ready, degraded) = (Some(at), false);
                    named.clear();
                }
                InstanceNote::Degraded(names) => {
                    prop_assert!(names.iter().any(|name| !named.contains(name)), "said before");
                    degraded = true;
                    named.extend(names);
                }
                _ => {}
            }
        }
        prop_assert!(ready.is_some() && !degraded, "it stayed ready and that was not said");
    }

    /// No component is started before its dependencies unless it waited in vain; never two processes of one component; and the end always
    /// comes.
    #[test]
    fn whatever_comes(edges in prop::collection::vec((0..6usize, 0..6usize), 0..10), stimuli in prop::collection::vec(stimulus(), 0..50)) {
        let mut needs: Vec<Vec<usize>> = vec![Vec::new(); 6];
        edges.into_iter().for_each(|(from, to)| needs[from].push(to));
        let needs: Vec<&[usize]> = needs.iter().map(Vec::as_slice).collect();
        let mut world = World::new(&needs);
        world.begin();
        for stimulus in stimuli {
            match stimulus {
                Stimulus::Order(0, selection) => world.order(Event::Stop, &selection),
                Stimulus::Order(1, selection) => world.change(&selection),
                Stimulus::Order(2, selection) => {
                    let mut all = world.instance.dependents(&selection);
                    all.extend(selection);
                    world.change(&all);
                }
                Stimulus::Order(_, selection) => world.order(Event::Start, &selection),
                Stimulus::End(index) => world.end_of(index),
                Stimulus::Ready(index) => world.ready(index),
                Stimulus::NotReady(index) => {
                    if let Some(pid) = world.pids.get(&index) {
                        world.step(index, Event::ReadyLost(*pid));
                    }
                }
                Stimulus::Judged(judgement) => world.judged(judgement),
                Stimulus::Configured => world.configured(),
                Stimulus::Slow(slow) => world.slow = slow,
                Stimulus::Pass(milliseconds) => world.advance(Duration::from_millis(milliseconds)),
            }
            world.settle();
            for (index, member) in world.instance.members().iter().enumerate() {
                prop_assert_eq!(member.machine.state().pid(), world.pids.get(&index).copied());
            }
        }
        let effects = world.instance.end(world.now);
        world.apply(effects);
        world.validating.clear();
        world.configured();
        for _ in 0..6 {
            world.advance(Duration::from_secs(20));
        }
        world.settle();
        prop_assert!(world.pids.is_empty(), "{:?}", world.pids);
        prop_assert_eq!(world.instance.phase(), InstancePhase::Ended);
    }
}

proptest! {
    #[test]
    fn a_stop_of_processes_that_ignore_it_takes_just_as_long_as_is_told(
        needs in proptest::collection::vec(proptest::collection::vec(0_usize..8, 0..3), 1..8),
        down in proptest::collection::vec(0_usize..8, 0..3),
        early in 0_u64..30,
    ) {
        // Only those that come earlier: no circles.
        let needs: Vec<Vec<usize>> = needs.iter().enumerate().map(|(at, needs)| needs.iter().copied().filter(|need| *need < at).collect()).collect();
        let mut world = World::new(&needs.iter().map(Vec::as_slice).collect::<Vec<_>>());
        world.begin();
        world.all_ready();
        world.slow = true;
        // Some are already on their way down.
        let down: Vec<usize> = down.into_iter().filter(|index| *index < needs.len()).collect();
        world.order(Event::Stop, &down);
        world.advance(Duration::from_secs(early));
        let effects = world.instance.end(world.now);
        world.apply(effects);
        let takes = world.instance.end_takes(world.now);
        if let Some(short) = takes.checked_sub(Duration::from_millis(1)) {
            world.advance(short);
            prop_assert!(!world.instance.is_over());
            prop_assert_eq!(world.instance.end_takes(world.now), Duration::from_millis(1));
        }
        world.advance(Duration::from_millis(1));
        prop_assert!(world.instance.is_over());
        prop_assert_eq!(world.instance.end_takes(world.now), Duration::ZERO);
    }
}

#[test]
fn a_start_takes_as_long_as_the_patience_of_who_waits() {
    let mut world = World::new(CHAIN);
    world.begin();
    world.advance(Duration::from_secs(100));
    assert_eq!(world.instance.start_takes(world.now), Duration::from_secs(500));
    world.all_ready();
    assert_eq!(world.instance.start_takes(world.now), Duration::ZERO);
}
