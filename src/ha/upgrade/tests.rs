use super::*;
use crate::ha::status::ComponentState;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

/// What is wrong in a simulated world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Some components of the new instance never become ready.
    NeverReady,
    /// The new launcher ends by itself.
    Dies,
    /// A component of it gives up.
    GivesUp,
    /// The registries never agree about the new instance.
    NeverAgrees,
    /// The balancer cannot be reached from its n-th command on.
    Balancer(u32),
    /// The peer stops serving after n questions.
    Peer(u32),
    /// The peer ends this long after the beginning, whatever the run is doing.
    PeerEnds(u32),
    /// The same, and it comes back this much later.
    PeerIsAway(u32, u32),
    /// The balancer is reloaded this long after the beginning, and forgets what was quiesced.
    Reloaded(u32),
    /// QUIESCE is accepted but does nothing.
    Lying,
    /// A component is ready at B only.
    OnlyHere,
    /// START of the new instance is refused.
    NotStarted,
}

fn failed(why: &str) -> UpgradeError {
    UpgradeError::Faults(vec![why.to_owned()])
}

/// An upgrade's run was killed.
struct Killed;

#[derive(Debug, Clone)]
struct Instance {
    up_since: Option<Duration>,
}

#[derive(Debug, Clone)]
struct Simulation {
    time: Duration,
    old: Instance,
    new: Instance,
    fault: Fault,
    /// Quiescing ends with the listener.
    forgets: bool,
    quiesced: bool,
    connections: Option<u64>,
    kept: Option<Progress>,
    /// Runs are killed before these operations.
    kills: Vec<u32>,
    operations: u32,
    balancer_commands: u32,
    peer_questions: u32,
    /// How long a version of B has been ready while nobody served.
    starved: Duration,
    lines: Vec<String>,
}

const BEGUN: Duration = Duration::from_secs(100);
const READY_AFTER: Duration = Duration::from_secs(5);
const LISTENS_AFTER: Duration = Duration::from_secs(2);

const PATIENCE: Patience = Patience {
    drain: Duration::from_secs(20),
    stop: Duration::from_secs(30),
    ready: Duration::from_secs(60),
    rollback: Duration::from_secs(60),
    verify: Duration::from_secs(30),
    interval: Duration::from_secs(1),
};

impl Simulation {
    fn new(fault: Fault, forgets: bool, connections: Option<u64>, kills: Vec<u32>) -> Simulation {
        Simulation {
            time: BEGUN,
            old: Instance { up_since: Some(Duration::ZERO) },
            new: Instance { up_since: None },
            fault,
            forgets,
            quiesced: false,
            connections,
            kept: None,
            kills,
            operations: 0,
            balancer_commands: 0,
            peer_questions: 0,
            starved: Duration::ZERO,
            lines: Vec::new(),
        }
    }

    fn age(&self, who: Who) -> Option<Duration> {
        let instance = if who == Who::Old { &self.old } else { &self.new };
        instance.up_since.map(|since| self.time - since)
    }

    fn is_ready(&self, who: Who) -> bool {
        self.age(who).is_some_and(|age| age >= READY_AFTER) && !(who == Who::New && self.fault == Fault::NeverReady)
    }

    fn peer_is_down(&self) -> bool {
        let passed = self.time.saturating_sub(BEGUN).as_secs();
        match self.fault {
            Fault::Peer(from) => self.peer_questions >= from,
            Fault::PeerEnds(at) => passed >= u64::from(at),
            Fault::PeerIsAway(at, time) => (u64::from(at)..u64::from(at) + u64::from(time)).contains(&passed),
            _ => false,
        }
    }

    /// Whether new connections are answered: by the peer, or by B where the balancer gives it any. If neither is ready, nobody can answer.
    fn serves(&self) -> bool {
        let ready = self.is_ready(Who::Old) || self.is_ready(Who::New);
        if self.peer_is_down() { !ready || !self.quiesced } else { ready || self.quiesced }
    }

    fn operation(&mut self) {
        self.operations += 1;
        if self.kills.contains(&self.operations) {
            panic_any(Killed);
        }
    }

    fn balancer(&mut self) -> Result<(), UpgradeError> {
        self.balancer_commands += 1;
        match self.fault {
            Fault::Balancer(from) if self.balancer_commands >= from => Err(failed("no such socket")),
            _ => Ok(()),
        }
    }
}

impl World for Simulation {
    fn say(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    fn keep(&mut self, progress: Option<Progress>) -> Result<(), UpgradeError> {
        self.operation();
        self.kept = progress;
        Ok(())
    }

    fn approve(&mut self, _: &str) -> Approval {
        Approval::Go
    }

    fn now(&self) -> Duration {
        self.time
    }

    fn pause(&mut self, time: Duration) {
        assert!(!time.is_zero(), "a busy wait");
        self.time += time;
        if self.peer_is_down() && self.quiesced && (self.is_ready(Who::Old) || self.is_ready(Who::New)) {
            self.starved += time;
            assert!(self.starved <= 2 * PATIENCE.interval, "nobody serves though B is ready: {:#?}", self.lines);
        } else {
            self.starved = Duration::ZERO;
        }
        if matches!(self.fault, Fault::Reloaded(at) if self.time >= BEGUN + Duration::from_secs(at.into())) {
            self.quiesced = false;
            self.fault = Fault::None;
        }
        if self.fault == Fault::Dies && self.age(Who::New).is_some_and(|age| age > Duration::from_secs(3)) {
            self.new.up_since = None;
        }
        self.connections = self.connections.map(|count| count.saturating_sub(1));
    }

    fn peer_faults(&mut self) -> Vec<String> {
        self.peer_questions += 1;
        if self.peer_is_down() { vec!["the peer is not active".to_owned()] } else { Vec::new() }
    }

    fn peer_serves(&mut self) -> Result<(), UpgradeError> {
        if self.peer_is_down() { Err(failed("gateway of the peer: connection refused")) } else { Ok(()) }
    }

    fn only_here(&mut self) -> Vec<String> {
        if self.fault == Fault::OnlyHere { vec!["component hello is ready at lpar2 only".to_owned()] } else { Vec::new() }
    }

    fn quiesced(&mut self) -> Result<Option<bool>, UpgradeError> {
        // A look does not count as a command.
        if matches!(self.fault, Fault::Balancer(from) if self.balancer_commands >= from) {
            return Err(failed("no such socket"));
        }
        Ok(self.connections.map(|_| self.quiesced))
    }

    fn check_traffic(&mut self) -> Result<(), UpgradeError> {
        self.balancer()
    }

    fn quiesce(&mut self) -> Result<(), UpgradeError> {
        self.operation();
        self.balancer()?;
        self.quiesced = self.fault != Fault::Lying;
        Ok(())
    }

    fn resume(&mut self) -> Result<(), UpgradeError> {
        self.operation();
        self.balancer()?;
        assert!(self.is_ready(Who::Old) || self.is_ready(Who::New), "traffic is resumed to what does not work: {:#?}", self.lines);
        let verified = self.is_ready(Who::Old) || matches!(self.kept, Some(Progress::Forward(step)) if step >= Step::Resume);
        assert!(verified || self.peer_is_down(), "traffic is resumed to what is not verified: {:#?}", self.lines);
        self.quiesced = false;
        Ok(())
    }

    fn connections(&mut self) -> Result<Option<u64>, UpgradeError> {
        Ok(self.connections)
    }

    fn start(&mut self, who: Who) -> Result<(), UpgradeError> {
        self.operation();
        assert!(self.old.up_since.is_none() && self.new.up_since.is_none(), "two of one instance: {:#?}", self.lines);
        if who == Who::New && self.fault == Fault::NotStarted {
            return Err(failed("IEF452I JOB NOT RUN - JCL ERROR"));
        }
        let since = Some(self.time);
        if who == Who::Old {
            self.old.up_since = since
        } else {
            self.new.up_since = since
        }
        Ok(())
    }

    fn stop(&mut self, who: Who) -> Result<(), UpgradeError> {
        self.operation();
        // Where the balancer does not tell (then connections are not counted either), its answers are all there is.
        assert!(self.quiesced || self.connections.is_none(), "{who:?} is stopped with traffic on it: {:#?}", self.lines);
        assert!(!self.peer_is_down() || !self.is_ready(who), "{who:?}, ready, is stopped with no peer left: {:#?}", self.lines);
        if who == Who::Old {
            self.old.up_since = None
        } else {
            self.new.up_since = None
        }
        if self.forgets {
            // Only the peers' listeners are left until another one binds, which then gets connections.
            self.quiesced = false;
        }
        Ok(())
    }

    fn launcher(&mut self, who: Who) -> Launcher {
        let ready = self.is_ready(who);
        match self.age(who) {
            None => Launcher::NotActive,
            Some(_) => {
                let gives_up = who == Who::New && self.fault == Fault::GivesUp;
                let state = if ready {
                    "ready"
                } else if gives_up {
                    "failed"
                } else {
                    "running"
                };
                Launcher::Active(vec![ComponentState { name: "gateway".into(), state: state.into(), ready: ready && !gives_up }])
            }
        }
    }

    fn gateway(&mut self, who: Who) -> Result<(), UpgradeError> {
        if self.age(who).is_some_and(|age| age >= LISTENS_AFTER) { Ok(()) } else { Err(failed("connection refused")) }
    }

    fn verify(&mut self, who: Who) -> Findings {
        let mut differences = Vec::new();
        if self.peer_is_down() {
            differences.push("lpar1: its Discovery Service cannot be asked".to_owned());
        }
        if who == Who::New && self.fault == Fault::NeverAgrees {
            differences.push("lpar1: its registry lacks gateway".to_owned());
        }
        Findings { differences, views: Vec::new() }
    }
}

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
            Ok(outcome) => return outcome,
            Err(payload) if payload.is::<Killed>() => world.time += Duration::from_secs(1),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }
    panic!("the upgrade never ends");
}

fn plain(fault: Fault) -> (Simulation, UpgradeOutcome) {
    let mut world = Simulation::new(fault, false, Some(3), Vec::new());
    let outcome = upgrade(&mut world);
    (world, outcome)
}

#[test]
fn everything_good_ends_with_the_new_one() {
    let (world, outcome) = plain(Fault::None);
    assert!(matches!(outcome, UpgradeOutcome::Done), "{outcome:?}");
    assert!(world.is_ready(Who::New) && world.old.up_since.is_none() && !world.quiesced && world.kept.is_none());
    let steps = world.lines.iter().filter(|line| line.starts_with("step ")).count();
    assert_eq!(steps, Step::ALL.len());
}

#[test]
fn what_does_not_become_good_is_rolled_back() {
    for (fault, why) in [
        (Fault::NeverReady, "the new instance is not ready after 60 s: components not ready: gateway"),
        (Fault::Dies, "the new instance has ended by itself"),
        (Fault::GivesUp, "component gateway of the new instance is failed"),
        (Fault::NeverAgrees, "the Discovery Services do not agree after 30 s: lpar1: its registry lacks gateway"),
        (Fault::NotStarted, "the new instance could not be started: IEF452I"),
    ] {
        let (world, outcome) = plain(fault);
        assert!(matches!(&outcome, UpgradeOutcome::RolledBack(found) if found.to_string().contains(why)), "{fault:?}: {outcome:?}");
        assert!(world.is_ready(Who::Old) && world.new.up_since.is_none() && !world.quiesced && world.kept.is_none(), "{fault:?}");
    }
}

#[test]
fn the_old_one_has_a_time_of_its_own_to_come_back() {
    // Less than either needs: the new one is judged by this limit, the old one is not.
    let hasty = Patience { ready: Duration::from_secs(1), ..PATIENCE };
    let mut world = Simulation::new(Fault::NeverReady, false, Some(0), Vec::new());
    let outcome = run(&mut world, Step::Check, &hasty, true);
    assert!(
        matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("the new instance is not ready after 1 s")),
        "{outcome:?}"
    );
    assert!(world.is_ready(Who::Old) && !world.quiesced);
    // And the limit for the old one holds.
    let hasty = Patience { rollback: Duration::from_secs(1), ..PATIENCE };
    let mut world = Simulation::new(Fault::NeverReady, false, Some(0), Vec::new());
    let outcome = run(&mut world, Step::Check, &hasty, true);
    assert!(
        matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("the old instance is not ready after 1 s")),
        "{outcome:?}"
    );
    assert!(world.quiesced);
}

#[test]
fn what_is_wrong_before_is_refused_and_nothing_moves() {
    for fault in [Fault::Balancer(1), Fault::Peer(1), Fault::OnlyHere] {
        let (world, outcome) = plain(fault);
        assert!(matches!(outcome, UpgradeOutcome::Refused(_)), "{fault:?}: {outcome:?}");
        assert!(world.operations == 0 && world.is_ready(Who::Old), "{fault:?}");
    }
    let (world, outcome) = plain(Fault::Peer(2));
    assert!(matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("peers do not serve any more")), "{outcome:?}");
    assert!(world.old.up_since == Some(Duration::ZERO) && !world.quiesced);
}

#[test]
fn a_balancer_that_goes_away_halts_with_traffic_at_the_peers_and_goes_on() {
    // check, quiesce, quiesce the new one; then resume.
    let mut world = Simulation::new(Fault::Balancer(4), false, Some(0), Vec::new());
    let outcome = upgrade(&mut world);
    assert!(matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("could not be resumed")), "{outcome:?}");
    assert!(world.quiesced && world.is_ready(Who::New) && world.kept == Some(Progress::Forward(Step::Resume)));
    world.fault = Fault::None;
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
}

#[test]
fn a_peer_that_ends_while_b_is_out_brings_traffic_back_to_b_at_once() {
    // In the drain: the old one runs, and nothing has to be verified before it gets traffic.
    let mut world = Simulation::new(Fault::PeerEnds(3), false, Some(1000), Vec::new());
    let outcome = upgrade(&mut world);
    assert!(
        matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("the peers do not serve any more")),
        "{outcome:?}"
    );
    assert!(world.time <= BEGUN + Duration::from_secs(4) && !world.quiesced && world.old.up_since == Some(Duration::ZERO));
    // After P: the new one gets traffic as soon as it is ready, and is not stopped because a dead peer cannot confirm it.
    let mut world = Simulation::new(Fault::PeerEnds(6), false, Some(5), Vec::new());
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
    world.fault = Fault::None;
    world.kept = Some(Progress::Forward(Step::Verify));
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
}

#[test]
fn what_is_not_quiesced_is_not_stopped() {
    let mut world = Simulation::new(Fault::Lying, false, Some(0), Vec::new());
    let outcome = upgrade(&mut world);
    assert!(
        matches!(&outcome, UpgradeOutcome::RolledBack(why) if why.to_string().contains("still gives it new connections")),
        "{outcome:?}"
    );
    assert!(world.old.up_since == Some(Duration::ZERO) && !world.quiesced);
    // A resumed run, after the balancer has lost the drain and no longer answers.
    let mut world = Simulation::new(Fault::Balancer(1), false, Some(0), Vec::new());
    world.kept = Some(Progress::Forward(Step::StopOld));
    let outcome = upgrade(&mut world);
    assert!(
        matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("traffic could not be quiesced anew: no such socket")),
        "{outcome:?}"
    );
    assert!(world.is_ready(Who::Old));
    // And back, with a new instance that may get connections.
    let mut world = Simulation::new(Fault::Balancer(1), false, Some(0), Vec::new());
    (world.old.up_since, world.new.up_since) = (None, Some(Duration::ZERO));
    let outcome = roll_back(&mut world, Step::Resume, UpgradeError::AskedFor, &PATIENCE);
    assert!(matches!(&outcome, UpgradeOutcome::Halted(why) if why.to_string().contains("the new instance is not stopped")), "{outcome:?}");
    assert!(world.is_ready(Who::New));
}

#[test]
fn a_drain_that_the_balancer_forgets_is_made_anew() {
    let mut world = Simulation::new(Fault::Reloaded(2), false, Some(10), Vec::new());
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
    assert!(world.lines.iter().any(|line| line.contains("quiescing anew")), "{:#?}", world.lines);
}

#[test]
fn traffic_is_resumed_only_to_what_is_ready_then() {
    let mut world = Simulation::new(Fault::None, false, Some(0), Vec::new());
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
    let mut world = Simulation::new(Fault::None, false, Some(1000), Vec::new());
    assert!(matches!(upgrade(&mut world), UpgradeOutcome::Done));
    assert!(world.lines.iter().any(|line| line.contains("980 connections end with the instance")), "{:#?}", world.lines);
}

fn quiet_about_killed_runs() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Killed>() {
                before(info);
            }
        }));
    });
}

fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::None),
        Just(Fault::NeverReady),
        Just(Fault::Dies),
        Just(Fault::GivesUp),
        Just(Fault::NeverAgrees),
        Just(Fault::NotStarted),
        (1u32..12).prop_map(Fault::Balancer),
        (1u32..5).prop_map(Fault::Peer),
        (0u32..80).prop_map(Fault::PeerEnds),
        (0u32..80, 1u32..60).prop_map(|(at, time)| Fault::PeerIsAway(at, time)),
        (0u32..80).prop_map(Fault::Reloaded),
        Just(Fault::Lying),
        Just(Fault::OnlyHere),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever goes wrong and wherever the run is killed: it ends, nothing is stopped while it has traffic, traffic is resumed only to
    /// what works, there are never two copies of one instance, and in the end connections are answered.
    #[test]
    fn traffic_flows_in_the_end(
        fault in faults(),
        forgets in any::<bool>(),
        connections in proptest::option::of(0u64..40),
        kills in prop::collection::vec(1u32..40, 0..5),
    ) {
        quiet_about_killed_runs();
        let mut world = Simulation::new(fault, forgets, connections, kills);
        let outcome = upgrade(&mut world);
        match &outcome {
            UpgradeOutcome::Done => prop_assert!(world.is_ready(Who::New) && !world.quiesced && world.kept.is_none(), "{:?}", world),
            UpgradeOutcome::RolledBack(_) => prop_assert!(world.is_ready(Who::Old) && !world.quiesced && world.kept.is_none(), "{:?}", world),
            UpgradeOutcome::Refused(_) => prop_assert!(world.is_ready(Who::Old) && !world.quiesced && world.kept.is_none(), "{:?}", world),
            UpgradeOutcome::Halted(_) => {
                let meant = matches!(fault, Fault::Balancer(_) | Fault::Peer(_) | Fault::PeerEnds(_) | Fault::PeerIsAway(..) | Fault::Lying);
                prop_assert!(meant, "{:?}: {:?}", outcome, world);
                prop_assert!(world.kept.is_some());
            }
        }
        prop_assert!(world.serves() || matches!(fault, Fault::Balancer(_) | Fault::Lying) && forgets, "{:?}: {:?}", outcome, world);
    }
}
