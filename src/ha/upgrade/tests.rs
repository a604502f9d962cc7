mod simulation;
mod stories;

use super::await_state::{agree, listening, ready};
use super::serves::Watch;
use super::*;
use simulation::{BEGUN, Event, Killed, Malice, PATIENCE, Simulation, Story};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs until there is an outcome; a killed run is begun again, as the command does.
fn upgrade(world: &mut Simulation) -> UpgradeOutcome {
    for _ in 0..100 {
        let result = catch_unwind(AssertUnwindSafe(|| match world.kept {
            None if world.new.up_since.is_some() => UpgradeOutcome::Done,
            None => run(world, Step::Check, &PATIENCE, true),
            Some(Progress::Forward(step)) => run(world, step, &PATIENCE, true),
            Some(Progress::Back(step)) => roll_back(world, step, UpgradeError::AskedFor, &PATIENCE),
        }));
        match result {
            Ok(outcome) => {
                world.judge_the_end();
                return outcome;
            }
            Err(payload) if payload.is::<Killed>() => world.unattended(),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }
    panic!("the upgrade never ends");
}

fn plain(malice: Malice) -> (Simulation, UpgradeOutcome) {
    let mut world = Simulation::with(&[malice]);
    let outcome = upgrade(&mut world);
    assert_eq!(world.violations, Vec::<String>::new(), "{malice:?}: {:#?}", world.lines);
    (world, outcome)
}

fn without_connections(malice: &[Malice]) -> Simulation {
    Simulation::of(Story { connections: 0, ..Story::of(malice) })
}

#[test]
fn everything_good_ends_with_the_new_one() {
    let mut world = Simulation::with(&[]);
    let outcome = upgrade(&mut world);
    assert!(matches!(outcome, UpgradeOutcome::Done), "{outcome:?}");
    assert!(world.is_ready(Who::New) && world.old.up_since.is_none() && !world.quiesced && world.kept.is_none());
    let steps = world.lines.iter().filter(|line| line.starts_with("step ")).count();
    assert_eq!(steps, Step::ALL.len());
}

#[test]
fn what_does_not_become_good_is_rolled_back() {
    for (malice, why) in [
        (Malice::NeverReady, "the new instance is not ready after 60 s: components not ready: gateway"),
        (Malice::Dies, "the new instance has ended by itself"),
        (Malice::GivesUp, "component gateway of the new instance is failed"),
        (Malice::NeverAgrees, "the Discovery Services do not agree after 30 s: lpar1: its registry lacks gateway"),
        (Malice::NotStarted, "the new instance could not be started: IEF452I"),
    ] {
        let (world, outcome) = plain(malice);
        assert!(matches!(&outcome, UpgradeOutcome::RolledBack(found) if found.to_string().contains(why)), "{malice:?}: {outcome:?}");
        assert!(world.is_ready(Who::Old) && world.new.up_since.is_none() && !world.quiesced && world.kept.is_none(), "{malice:?}");
    }
}

/// The time of a wait is also that of the questions in it.
#[test]
fn a_wait_ends_in_time_though_nobody_answers() {
    let hasty = Patience { ready: Duration::from_secs(3), verify: Duration::from_secs(3), ..PATIENCE };
    let waits: [&dyn Fn(&mut Watch<'_>) -> bool; 3] =
        [&|world| listening(world, Who::New, &hasty).is_ok(), &|world| ready(world, Who::New, &hasty).is_ok(), &|world| {
            agree(world, Who::New, &hasty).is_ok()
        }];
    for (number, wait) in waits.into_iter().enumerate() {
        let mut world = Simulation::of(Story { tells: false, ..Story::of(&[Malice::Silent]) });
        (world.old.up_since, world.new.up_since) = (None, Some(BEGUN));
        let is_good = wait(&mut Watch::new(&mut world));
        let took = world.time - BEGUN;
        // A last question for the launcher and its gateway each.
        assert!(!is_good && took <= Duration::from_secs(3 + 3), "wait {number}: {took:?}");
    }
}

#[test]
fn the_old_one_has_a_time_of_its_own_to_come_back() {
    // Less than either needs: the new one is judged by this limit, the old one is not.
    let hasty = Patience { ready: Duration::from_secs(1), ..PATIENCE };
    let mut world = without_connections(&[Malice::NeverReady]);
    let outcome = run(&mut world, Step::Check, &hasty, true);
    assert!(
        matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("the new instance is not ready after 1 s")),
        "{outcome:?}"
    );
    assert!(world.is_ready(Who::Old) && !world.quiesced);
    // And the limit for the old one holds.
    let hasty = Patience { rollback: Duration::from_secs(1), ..PATIENCE };
    let mut world = without_connections(&[Malice::NeverReady]);
    let outcome = run(&mut world, Step::Check, &hasty, true);
    assert!(
        matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("the old instance is not ready after 1 s")),
        "{outcome:?}"
    );
    assert!(world.quiesced);
}

#[test]
fn what_is_wrong_before_is_refused_and_nothing_moves() {
    for malice in [Malice::NoBalancerFrom(1), Malice::PeersEndAfter(1), Malice::OnlyHere, Malice::Disagree] {
        let (world, outcome) = plain(malice);
        assert!(matches!(outcome, UpgradeOutcome::Refused(_)), "{malice:?}: {outcome:?}");
        assert!(world.operations == 0 && world.is_ready(Who::Old), "{malice:?}");
    }
    let (world, outcome) = plain(Malice::PeersEndAfter(2));
    assert!(matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("peers do not serve any more")), "{outcome:?}");
    assert!(world.old.up_since == Some(Duration::ZERO) && !world.quiesced);
}

#[test]
fn a_balancer_that_goes_away_halts_with_traffic_at_the_peers_and_goes_on() {
    // check, quiesce, quiesce the new one; then resume.
    let mut world = without_connections(&[Malice::NoBalancerFrom(4)]);
    let outcome = upgrade(&mut world);
    assert!(matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("could not be resumed")), "{outcome:?}");
    assert!(world.quiesced && world.is_ready(Who::New) && world.kept == Some(Progress::Forward(Step::Resume)));
    world.story.malice.clear();
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
}

#[test]
fn a_peer_that_ends_while_b_is_out_brings_traffic_back_to_b_at_once() {
    // In the drain: the old one runs, and nothing has to be verified before it gets traffic.
    let mut world = Simulation::of(Story { connections: 1000, ..Story::of(&[Malice::At(12, Event::PeerEnds(0))]) });
    let outcome = upgrade(&mut world);
    assert!(
        matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("the peers do not serve any more")),
        "{outcome:?}"
    );
    assert!(world.time <= BEGUN + Duration::from_secs(4) && !world.quiesced && world.old.up_since == Some(Duration::ZERO));
    // After P: the new one gets traffic as soon as it is ready, and is not stopped because a dead peer cannot confirm it.
    let mut world = Simulation::of(Story { connections: 5, ..Story::of(&[Malice::At(24, Event::PeerEnds(0))]) });
    let outcome = upgrade(&mut world);
    assert!(
        matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("nobody but the new instance serves")),
        "{outcome:?}"
    );
    assert!(world.is_ready(Who::New) && !world.quiesced);
    assert!(world.lines.iter().any(|line| line.contains("ATTENTION: nobody but the new instance serves")), "{:#?}", world.lines);
    // Nor by --rollback.
    let outcome = roll_back(&mut world, Step::Verify, UpgradeError::AskedFor, &PATIENCE);
    assert!(matches!(&outcome, UpgradeOutcome::Halted(_)) && world.is_ready(Who::New) && !world.quiesced, "{outcome:?}");
    // With the peer back the same command ends it.
    world.happens(Event::PeerIsBack(0));
    world.kept = Some(Progress::Forward(Step::Verify));
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
}

#[test]
fn what_is_not_quiesced_is_not_stopped() {
    let mut world = without_connections(&[Malice::Deaf]);
    let outcome = upgrade(&mut world);
    assert!(
        matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("still gives it new connections")),
        "{outcome:?}"
    );
    assert!(world.old.up_since == Some(Duration::ZERO) && !world.quiesced);
    // A resumed run, after the balancer has lost the drain and no longer answers.
    let mut world = without_connections(&[Malice::NoBalancerFrom(1)]);
    world.kept = Some(Progress::Forward(Step::StopOld));
    let outcome = upgrade(&mut world);
    assert!(
        matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("traffic could not be quiesced anew: no such socket")),
        "{outcome:?}"
    );
    assert!(world.is_ready(Who::Old));
    // And back, with a new instance that may get connections.
    let mut world = without_connections(&[Malice::NoBalancerFrom(1)]);
    (world.old.up_since, world.new.up_since) = (None, Some(Duration::ZERO));
    let outcome = roll_back(&mut world, Step::Resume, UpgradeError::AskedFor, &PATIENCE);
    assert!(matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("the new instance is not stopped")), "{outcome:?}");
    assert!(world.is_ready(Who::New));
}

#[test]
fn a_drain_that_the_balancer_forgets_is_made_anew() {
    let mut world = Simulation::of(Story { connections: 10, ..Story::of(&[Malice::At(8, Event::BalancerReloaded)]) });
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
    assert!(world.lines.iter().any(|line| line.contains("quiescing anew")), "{:#?}", world.lines);
}

#[test]
fn traffic_is_resumed_only_to_what_is_ready_then() {
    let mut world = without_connections(&[]);
    (world.old.up_since, world.quiesced, world.kept) = (None, true, Some(Progress::Forward(Step::Resume)));
    let outcome = run(&mut world, Step::Resume, &PATIENCE, true);
    assert!(matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("has ended by itself")), "{outcome:?}");
    assert!(world.quiesced && matches!(upgrade_back(&mut world), UpgradeOutcome::RolledBack(_)) && world.is_ready(Who::Old));
}

fn upgrade_back(world: &mut Simulation) -> UpgradeOutcome {
    roll_back(world, Step::Resume, UpgradeError::AskedFor, &PATIENCE)
}

#[test]
fn long_connections_are_waited_for_and_then_cut() {
    let mut world = Simulation::of(Story { connections: 1000, ..Story::of(&[]) });
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
    assert!(world.lines.iter().any(|line| line.contains("980 connections end with the instance")), "{:#?}", world.lines);
}
