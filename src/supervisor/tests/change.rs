//! A change in every state of a component: made, or not made.

use super::machine::{World, policy};
use crate::supervisor::*;

#[test]
fn a_change_that_is_not_made_leaves_everything_as_it_was() {
    let mut world = World::new(policy());
    world.feed(Event::Start);
    world.feed(Event::Change { start: true });
    world.judge(Judgement::Back);
    assert!(world.pid().is_some() && world.notes.contains(&Note::Restored));
    // In back-off: it is up again at once, with its failures forgotten.
    world.end(1, false);
    world.feed(Event::Change { start: true });
    world.judge(Judgement::Back);
    assert!(world.pid().is_some());
    for (end, state) in [(Some(88), State::Fatal), (None, State::Stopped)] {
        world.feed(Event::Start);
        match end {
            Some(code) => world.end(code, false),
            None => world.feed(Event::Stop),
        }
        let notes = world.notes.len();
        world.feed(Event::Change { start: true });
        world.judge(Judgement::Back);
        assert_eq!((world.machine.state(), world.notes.len()), (&state, notes), "down as it was, and nothing is said of a stop");
    }
}

#[test]
fn what_is_stopped_while_it_is_judged_stays_down_whatever_comes_of_it() {
    for judgement in [Judgement::Good, Judgement::Back, Judgement::Away] {
        let mut world = World::new(policy());
        world.feed(Event::Start);
        world.feed(Event::Change { start: true });
        world.feed(Event::Stop);
        assert!(!world.machine.is_changing() && world.notes.last() == Some(&Note::Stopped));
        world.judge(judgement);
        assert_eq!(world.machine.state(), &State::Stopped);
    }
}

#[test]
fn what_is_stopped_is_configured_and_stays_down_and_what_goes_away_comes_back_when_the_change_is_not_made() {
    let mut world = World::new(policy());
    world.feed(Event::Change { start: false });
    world.judge(Judgement::Good);
    assert!(world.configuring && !world.machine.wants_up());
    world.configuring = false;
    world.feed(Event::Configured(true));
    assert_eq!((world.machine.state(), world.notes.len()), (&State::Stopped, 0));
    world.feed(Event::Start);
    let old = world.pid();
    world.feed(Event::Change { start: false });
    world.judge(Judgement::Back);
    assert!(world.pid().is_some() && world.pid() != old);
    world.feed(Event::Change { start: false });
    world.judge(Judgement::Away);
    assert_eq!(world.machine.state(), &State::Stopped);
}

#[test]
fn start_while_a_change_is_under_way_is_a_wish_to_have_it_up() {
    let mut world = World::new(policy());
    world.feed(Event::Change { start: true });
    world.feed(Event::Start);
    world.judge(Judgement::Back);
    assert!(world.pid().is_some(), "it was down before, and somebody wants it up now");
}
