//! What is wanted is neither lost nor half done: random orders among events, and what must result once all processes behave.

use super::instance::{World, policy};
use crate::platform::{End, StopSignal, WaitStatus};
use crate::supervisor::*;
use proptest::prelude::*;
use std::time::Duration;

/// a <- b <- c.
const CHAIN: &[&[usize]] = &[&[], &[0], &[1]];

fn rejecting(needs: &[&[usize]]) -> World {
    let mut world = World::new(needs);
    for index in 0..needs.len() {
        world.instance.member_mut(index).unwrap().machine.policy = Policy { reject_start_of_running: true, ..policy() };
    }
    world.begin();
    world.all_ready();
    world.take_log();
    world.said.clear();
    world
}

fn machine(world: &World, index: usize) -> &Machine {
    &world.instance.member(index).unwrap().machine
}

#[test]
fn a_start_while_others_are_being_stopped_loses_no_stop() {
    let mut world = rejecting(CHAIN);
    world.slow = true;
    world.order(Event::Stop, &[0, 1, 2]);
    assert_eq!(world.take_log(), ["stop c2"]);
    assert_eq!((world.instance.waits_for(0), world.instance.waits_for(1)), (vec![1], vec![2]));
    world.said.clear();
    world.order(Event::Start, &[1]);
    assert_eq!(world.said, [(1, Some(Reply::BeingRestarted))]);
    assert_eq!([0, 1, 2].map(|index| machine(&world, index).name()), ["stopping", "restarting", "stopping"]);
    (0..3).rev().for_each(|index| world.end_of(index));
    assert_eq!(world.take_log(), ["stop c1", "stop c0"]);
    assert_eq!([0, 1, 2].map(|index| machine(&world, index).name()), ["stopped", "waiting", "stopped"]);
}

#[test]
fn a_start_that_one_refuses_starts_nothing() {
    let mut world = rejecting(&[&[], &[], &[]]);
    world.order(Event::Stop, &[1]);
    world.take_log();
    world.said.clear();
    world.order(Event::Start, &[0, 1, 2]);
    let running = Some(Reply::AlreadyRunning);
    assert_eq!(world.said, [(0, running), (1, Some(Reply::NotRunning)), (2, running)]);
    assert_eq!((world.take_log().len(), machine(&world, 1).state()), (0, &State::Stopped));
}

#[test]
fn a_restart_does_not_wait_for_a_dependent_that_is_only_being_started() {
    let mut world = World::new(&[&[], &[0]]);
    let effects = world.instance.begin(world.now);
    drop(effects);
    world.instance.step(0, Event::Spawned(1), world.now);
    world.instance.step(0, Event::ReadyReported(1), world.now);
    assert_eq!(machine(&world, 1).state(), &State::Starting);
    let effects = world.instance.order(&Event::Start, &[0, 1], world.now);
    let stopped = |effect: &Effect| matches!(effect, Effect::Component(0, Action::Signal(1, StopSignal::Terminate)));
    assert!(effects.iter().any(stopped), "{effects:?}");
}

#[test]
fn what_ends_by_itself_while_it_waits_to_go_down_is_down() {
    let mut world = World::new(CHAIN);
    world.begin();
    world.all_ready();
    world.slow = true;
    world.order(Event::Stop, &[0, 1, 2]);
    world.end_of(0);
    assert_eq!(machine(&world, 0).state(), &State::Stopped, "not in back-off, from which it would come back");
}

#[test]
fn a_second_request_to_end_waits_for_nobody() {
    let mut world = World::new(CHAIN);
    world.begin();
    world.all_ready();
    world.slow = true;
    let effects = world.instance.end(world.now);
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Component(_, Action::Signal(..)))).count(), 1);
    world.advance(Duration::from_secs(2));
    let effects = world.instance.hurry(world.now);
    let killed = |effect: &&Effect| matches!(effect, Effect::Component(_, Action::Note(Note::WillKill(_))));
    assert_eq!(effects.iter().filter(killed).count(), 3);
}

#[test]
fn every_way_to_fail_for_good_ends_the_instance_at_once_while_another_waits() {
    let ended = || Event::Ended { pid: 1, status: WaitStatus { raw: 256, end: End::Exited(1) }, remains: false };
    let none = Policy { restart_intervals: Vec::new(), ..policy() };
    let limit = StartLimit { count: 1, within: Duration::from_secs(60) };
    let ways = [
        (none.clone(), vec![Event::SpawnFailed("EAGAIN".into())]),
        (none.clone(), vec![Event::Spawned(1), ended()]),
        (none, vec![Event::Spawned(1), Event::LivenessFailed(1, "deaf".into()), ended()]),
        (Policy { fatal_exit_codes: vec![1], ..policy() }, vec![Event::Spawned(1), ended()]),
        (policy(), vec![Event::Spawned(1), Event::FatalReported(1, "no licence".into()), ended()]),
        (policy(), vec![Event::Spawned(1), ended(), Event::FatalReported(1, "no licence".into())]),
        (Policy { start_limit: Some(limit), ..policy() }, vec![Event::Spawned(1), ended()]),
        (
            policy(),
            vec![Event::Spawned(1), Event::Change { start: true }, ended(), Event::Judged(Judgement::Good), Event::Configured(false)],
        ),
    ];
    for (policy, events) in ways {
        let mut instance = World::new(&[&[], &[0]]).instance;
        let lost = instance.member_mut(0).unwrap();
        (lost.machine.policy, lost.required) = (policy, true);
        instance.begin(Moment::default());
        for event in &events {
            instance.step(0, event.clone(), Moment::default());
        }
        let end = InstanceNote::End("c0 failed for good and is required".into());
        assert!(instance.settle(Moment::default()).contains(&end), "{events:?}");
        assert_eq!(instance.member(1).unwrap().machine.waits_for(), Some(WaitsFor::Dependencies));
    }
}

#[derive(Debug, Clone)]
enum Stimulus {
    Start(Vec<usize>),
    Stop(Vec<usize>),
    Change(Vec<usize>),
    End(usize, bool),
    NotAlive(usize),
    Ready(usize),
    NotReady(usize),
    Judged(Judgement),
    Configured,
    RemainsGo,
    Slow(bool),
    Pass(u64),
}

fn stimulus() -> impl Strategy<Value = Stimulus> {
    let selection = || prop::collection::vec(0..6usize, 1..5);
    prop_oneof![
        3 => selection().prop_map(Stimulus::Start),
        3 => selection().prop_map(Stimulus::Stop),
        2 => selection().prop_map(Stimulus::Change),
        3 => (0..6usize, any::<bool>()).prop_map(|(index, remains)| Stimulus::End(index, remains)),
        1 => (0..6usize).prop_map(Stimulus::NotAlive),
        6 => (0..6usize).prop_map(Stimulus::Ready),
        1 => (0..6usize).prop_map(Stimulus::NotReady),
        3 => prop_oneof![Just(Judgement::Good), Just(Judgement::Back), Just(Judgement::Away)].prop_map(Stimulus::Judged),
        2 => Just(Stimulus::Configured),
        1 => Just(Stimulus::RemainsGo),
        2 => any::<bool>().prop_map(Stimulus::Slow),
        3 => (0..30_000u64).prop_map(Stimulus::Pass),
    ]
}

/// Whether each should be up, according to the accepted orders, and whether it was before a change that is not decided.
struct Wish {
    up: bool,
    before: bool,
}

/// An order is accepted as a whole or not at all, and each selected component is answered. True when it was accepted.
fn is_taken(world: &mut World, event: &Event, selection: &[usize]) -> bool {
    let stand = |world: &World| -> Vec<(State, Wanted)> {
        world.instance.members().iter().map(|member| (member.machine.state().clone(), member.machine.wanted())).collect()
    };
    let before = stand(world);
    world.said.clear();
    world.order(event.clone(), selection);
    let refused = world.said.iter().any(|(_, reply)| *reply == Some(Reply::AlreadyRunning));
    assert!(!refused || before == stand(world), "refused, and half done");
    assert!(selection.iter().all(|index| world.said.iter().any(|(said, _)| said == index)), "{event:?} of {selection:?}: {:?}", world.said);
    !refused
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Every accepted order is reached, unless a later one replaces it or it is reported that the component has failed for good; two
    /// generations never run side by side (the world asserts that); and nothing waits for something that will never come.
    #[test]
    fn what_is_wanted_comes(edges in prop::collection::vec((0..6usize, 0..6usize), 0..10), reject in any::<bool>(),
            stimuli in prop::collection::vec(stimulus(), 0..50)) {
        let mut needs: Vec<Vec<usize>> = vec![Vec::new(); 6];
        edges.into_iter().for_each(|(from, to)| needs[from].push(to));
        let needs: Vec<&[usize]> = needs.iter().map(Vec::as_slice).collect();
        let mut world = World::new(&needs);
        (0..6).for_each(|index| world.instance.member_mut(index).unwrap().machine.policy.reject_start_of_running = reject);
        world.begin();
        let mut wishes: Vec<Wish> = (0..6).map(|_| Wish { up: true, before: true }).collect();
        for stimulus in stimuli {
            match stimulus {
                Stimulus::Start(selection) => if is_taken(&mut world, &Event::Start, &selection) {
                    selection.iter().for_each(|index| wishes[*index] = Wish { up: true, before: true });
                }
                Stimulus::Stop(selection) => {
                    prop_assert!(is_taken(&mut world, &Event::Stop, &selection));
                    selection.iter().for_each(|index| wishes[*index] = Wish { up: false, before: false });
                }
                Stimulus::Change(mut selection) => {
                    // The owner makes one change of a component after the other.
                    selection.retain(|index| !world.instance.is_changing(*index) && machine(&world, *index).state() != &State::Configuring);
                    for index in &selection {
                        let is_down = matches!(machine(&world, *index).state(), State::Stopped);
                        wishes[*index] = Wish { up: true, before: !is_down };
                    }
                    let is_change_taken = is_taken(&mut world, &Event::Change { start: true }, &selection);
                    prop_assert!(is_change_taken);
                }
                Stimulus::End(index, remains) => world.end_with(index, remains),
                Stimulus::NotAlive(index) => if let Some(pid) = world.pids.get(&index) {
                    world.step(index, Event::LivenessFailed(*pid, "deaf".into()));
                }
                Stimulus::Ready(index) => world.ready(index),
                Stimulus::NotReady(index) => if let Some(pid) = world.pids.get(&index) {
                    world.step(index, Event::ReadyLost(*pid));
                }
                Stimulus::Judged(judgement) => {
                    let judged = |world: &World| (0..6).map(|index| matches!(machine(world, index).state(), State::Validating { .. })).collect();
                    let before: Vec<bool> = judged(&world);
                    world.judged(judgement);
                    let after: Vec<bool> = judged(&world);
                    for index in (0..6).filter(|index| before[*index] && !after[*index]) {
                        wishes[index].up = match judgement {
                            Judgement::Good => true,
                            Judgement::Back => wishes[index].before,
                            Judgement::Away => false,
                        };
                    }
                }
                Stimulus::Configured => world.configured(),
                Stimulus::RemainsGo => world.remains_go(),
                Stimulus::Slow(slow) => world.slow = slow,
                Stimulus::Pass(milliseconds) => world.advance(Duration::from_millis(milliseconds)),
            }
            for (index, wish) in wishes.iter().enumerate() {
                let machine = machine(&world, index);
                prop_assert_eq!(machine.wants_up(), wish.up, "c{} is {}", index, machine.name());
                let for_others = matches!(machine.waits_for(), Some(WaitsFor::Dependencies | WaitsFor::Dependents));
                prop_assert!(!for_others || !world.instance.waits_for(index).is_empty(), "c{} waits for nothing", index);
            }
        }
        world.slow = false;
        for _ in 0..45 {
            world.judged(Judgement::Good);
            world.configured();
            world.remains_go();
            world.all_ready();
            world.advance(Duration::from_secs(20));
        }
        world.all_ready();
        for (index, wish) in wishes.iter().enumerate() {
            let state = machine(&world, index).state();
            let reached = if wish.up { matches!(state, State::Ready { .. } | State::Failed) } else { *state == State::Stopped };
            prop_assert!(reached, "c{} is to be {} and is {:?}", index, if wish.up { "up" } else { "down" }, state);
            prop_assert_eq!(machine(&world, index).waits_for(), None);
        }
    }
}
