//! A simulated sysplex: rollouts with good and bad versions, killed at every point, with persons who do things by hand.

use super::record::{Instance, Options, Phase, Rollout, State, Version};
use super::soak::{Counters, Sample, Seen};
use super::*;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn version(config: &str, job: &str) -> Version {
    Version { config: config.to_owned(), level: None, job: job.to_owned(), member: "P".to_owned(), fingerprint: String::new() }
}

pub(super) fn instances(count: usize) -> Vec<Instance> {
    let instance = |number| Instance {
        id: format!("lpar{number}"),
        system: None,
        before: version("old.yaml", "OLD"),
        after: version("new.yaml", "NEW"),
        phase: Phase::Waiting,
        why: None,
        begun: None,
        ended: None,
        took: None,
    };
    (1..=count).map(instance).collect()
}

pub(super) fn rollout(count: usize) -> Rollout {
    Rollout {
        number: 1,
        user: "U".to_owned(),
        system: "S".to_owned(),
        begun: "then".to_owned(),
        ended: None,
        to: "new.yaml".to_owned(),
        undoes: None,
        options: Options { max_unavailable: 1, soak: 10_000, ..Options::default() },
        instances: instances(count),
        state: State::Progressing,
    }
}

/// The run is killed here.
struct Killed;

struct Simulated {
    runs: Vec<Runs>,
    /// Replacements that were begun, with their direction.
    under_way: Vec<Option<Way>>,
    /// CONFIGs that do not become ready, and CONFIGs that answer with errors when they have traffic.
    broken: Vec<&'static str>,
    erring: Vec<&'static str>,
    kept: Option<Rollout>,
    clock: Duration,
    /// How many more calls before it is killed.
    left: Option<u32>,
    /// Ids that have ever run an erring version, and the most that were down at once.
    erred: std::collections::BTreeSet<String>,
    most_down: usize,
    said: Vec<String>,
    pause: Option<String>,
    disk_full: bool,
}

impl Simulated {
    fn new(count: usize) -> Simulated {
        Simulated {
            runs: vec![Runs::Before; count],
            under_way: vec![None; count],
            broken: Vec::new(),
            erring: Vec::new(),
            kept: None,
            clock: Duration::ZERO,
            left: None,
            erred: std::collections::BTreeSet::new(),
            most_down: 0,
            said: Vec::new(),
            pause: None,
            disk_full: false,
        }
    }

    fn tick(&mut self) {
        if let Some(left) = &mut self.left {
            if *left == 0 {
                std::panic::resume_unwind(Box::new(Killed));
            }
            *left -= 1;
        }
    }

    /// Instances keep their place in the world whatever their order in a record.
    fn at(instance: &Instance) -> usize {
        instance.id.trim_start_matches("lpar").parse::<usize>().unwrap() - 1
    }

    /// Of an undo, the version before is the new one.
    fn is_undo(instance: &Instance) -> bool {
        instance.before.config == "new.yaml"
    }

    fn config_of(&self, at: usize) -> Option<&'static str> {
        match self.runs[at] {
            Runs::Before => Some("old.yaml"),
            Runs::After => Some("new.yaml"),
            _ => None,
        }
    }
}

impl World for Simulated {
    fn say(&mut self, instance: Option<&str>, line: &str) {
        self.said.push(format!("{}: {line}", instance.unwrap_or_default()));
    }

    fn keep(&mut self, rollout: &Rollout) -> Result<(), RolloutError> {
        self.tick();
        if self.disk_full {
            return Err(RolloutError::Io { path: "/full".into(), why: std::io::Error::other("no space") });
        }
        self.kept = Some(rollout.clone());
        self.tick();
        Ok(())
    }

    fn now(&self) -> Duration {
        self.clock
    }

    fn date(&self) -> String {
        format!("{:?}", self.clock)
    }

    fn wait(&mut self, time: Duration) {
        self.tick();
        self.clock += time;
    }

    fn runs(&mut self, instance: &Instance) -> Runs {
        match (&self.runs[Self::at(instance)], Self::is_undo(instance)) {
            (Runs::Before, true) => Runs::After,
            (Runs::After, true) => Runs::Before,
            (runs, _) => runs.clone(),
        }
    }

    fn under_way(&mut self, _: u32, instance: &Instance, way: Way) -> bool {
        self.under_way[Self::at(instance)] == Some(way)
    }

    fn serving(&mut self, rollout: &Rollout) -> Vec<usize> {
        let serves = |index: &usize| self.config_of(Self::at(&rollout.instances[*index])).is_some();
        (0..rollout.instances.len()).filter(serves).collect()
    }

    fn replace(&mut self, rollout: &Rollout, which: &[usize], way: Way) -> Vec<Replaced> {
        let places: Vec<usize> = which.iter().map(|index| Self::at(&rollout.instances[*index])).collect();
        // The record says what is begun before it is.
        let kept = self.kept.as_ref().expect("kept before anything is done");
        for index in which {
            let instance = kept.instances.iter().find(|one| one.id == rollout.instances[*index].id).unwrap();
            assert!(matches!(instance.phase, Phase::Upgrading | Phase::TakingBack), "{instance:?}");
        }
        for place in &places {
            if way != Way::RollBack {
                self.under_way[*place] = Some(way);
            }
            self.runs[*place] = Runs::Neither;
        }
        let down = self.runs.iter().filter(|runs| !matches!(runs, Runs::Before | Runs::After)).count();
        self.most_down = self.most_down.max(down);
        assert!(down < self.runs.len(), "nobody serves");
        self.tick();
        self.clock += Duration::from_secs(30);
        let mut outcomes = Vec::new();
        for (index, place) in which.iter().zip(&places) {
            let instance = &rollout.instances[*index];
            let (from, to) = match way {
                Way::Forward => (&instance.before.config, &instance.after.config),
                Way::Back | Way::RollBack => (&instance.after.config, &instance.before.config),
            };
            let is_broken = self.broken.contains(&to.as_str());
            let now = if is_broken { from } else { to };
            self.runs[*place] = if now == "old.yaml" { Runs::Before } else { Runs::After };
            self.under_way[*place] = None;
            if self.erring.contains(&now.as_str()) {
                self.erred.insert(instance.id.clone());
            }
            outcomes.push(if is_broken { Replaced::RolledBack("it is broken".to_owned()) } else { Replaced::Done });
        }
        self.tick();
        outcomes
    }

    fn sample(&mut self, rollout: &Rollout) -> Sample {
        let requests = u64::try_from(self.clock.as_millis()).unwrap();
        let seen = |instance: &Instance| {
            let errors = self.config_of(Self::at(instance)).is_none_or(|config| self.erring.contains(&config));
            Seen { balancer: Some(Counters { requests, errors: if errors { requests } else { 0 } }), asked: 1, faults: Vec::new() }
        };
        Sample(rollout.instances.iter().map(seen).collect())
    }

    fn pause_asked(&mut self) -> Option<String> {
        self.pause.clone()
    }

    fn user(&self) -> String {
        "SYSPROG".to_owned()
    }
}

fn all_run(world: &Simulated, runs: &Runs) -> bool {
    world.runs.iter().all(|one| one == runs)
}

#[test]
fn all_instances_are_replaced_one_after_the_other() {
    let (mut world, mut rollout) = (Simulated::new(4), rollout(4));
    assert_eq!(run(&mut world, &mut rollout, None, &[]), Outcome::Done);
    assert!(all_run(&world, &Runs::After) && world.most_down == 1);
    assert_eq!(world.kept, Some(rollout.clone()));
    assert_eq!((rollout.words().as_str(), rollout.taken().len()), ("4 of 4 upgraded, done", 4));
    // Each was watched for its time.
    assert!(world.clock >= 4 * (Duration::from_secs(30) + Duration::from_secs(10)), "{:?}", world.clock);
}

#[test]
fn several_at_once_after_the_first_has_proved_itself() {
    let (mut world, mut rollout) = (Simulated::new(7), rollout(7));
    rollout.options.max_unavailable = 3;
    assert_eq!(run(&mut world, &mut rollout, None, &[]), Outcome::Done);
    assert_eq!(world.most_down, 3);
    assert_eq!(world.clock, 3 * (Duration::from_secs(30) + Duration::from_secs(10)));
}

#[test]
fn a_bad_version_is_seen_by_the_canary_at_most() {
    for (broken, erring) in [(vec!["new.yaml"], vec![]), (vec![], vec!["new.yaml"])] {
        let (mut world, mut rollout) = (Simulated::new(4), rollout(4));
        rollout.options.max_unavailable = 2;
        (rollout.options.canary, world.broken, world.erring) = (Some("lpar1".to_owned()), broken, erring);
        let outcome = run(&mut world, &mut rollout, None, &[]);
        assert!(matches!(&outcome, Outcome::RolledBack(_)), "{outcome:?}");
        assert!(all_run(&world, &Runs::Before) && world.erred.len() <= 1, "{:?}", world.erred);
        assert_eq!(rollout.instances[0].phase, Phase::TakenBack);
        assert!(rollout.state.is_ended() && rollout.upgraded() == 0);
    }
}

#[test]
fn what_peers_suffer_too_does_not_end_a_rollout() {
    let (mut world, mut rollout) = (Simulated::new(3), rollout(3));
    world.erring = vec!["old.yaml", "new.yaml"];
    assert_eq!(run(&mut world, &mut rollout, None, &[]), Outcome::Done);
}

#[test]
fn a_pause_is_kept_with_who_asked_and_resumed() {
    let (mut world, mut rollout) = (Simulated::new(4), rollout(4));
    assert_eq!(run(&mut world, &mut rollout, Some(2), &[]), Outcome::Paused);
    assert!(rollout.words().starts_with("2 of 4 upgraded, paused by SYSPROG since "), "{}", rollout.words());
    world.pause = Some("OTHER".to_owned());
    assert_eq!(run(&mut world, &mut rollout, None, &[]), Outcome::Paused);
    assert!(rollout.words().starts_with("2 of 4 upgraded, paused by OTHER"), "{}", rollout.words());
    world.pause = None;
    assert_eq!(run(&mut world, &mut rollout, None, &[]), Outcome::Done);
    assert!(all_run(&world, &Runs::After));
}

#[test]
fn what_a_person_has_done_by_hand_is_said_and_not_undone() {
    let (mut world, mut record) = (Simulated::new(4), rollout(4));
    assert_eq!(run(&mut world, &mut record, Some(2), &[]), Outcome::Paused);
    // One brought back, one replaced.
    (world.runs[0], world.runs[3]) = (Runs::Before, Runs::After);
    let outcome = run(&mut world, &mut record, None, &[]);
    assert!(matches!(&outcome, Outcome::Halted(why) if why.contains("lpar1") && why.contains("brought it back")), "{outcome:?}");
    assert_eq!(run(&mut world, &mut record, None, &["LPAR1".to_owned()]), Outcome::Done);
    assert!(all_run(&world, &Runs::After));
    assert_eq!(record.instances[3].phase, Phase::Skipped);

    // Before a rollout: one has the new version, one does not run.
    let (mut world, mut record) = (Simulated::new(4), rollout(4));
    (world.runs[1], world.runs[2]) = (Runs::After, Runs::Neither);
    let outcome = run(&mut world, &mut record, None, &[]);
    assert!(matches!(&outcome, Outcome::Refused(why) if why.contains("--accept lpar3")), "{outcome:?}");
    assert!(world.clock.is_zero());
    assert_eq!(run(&mut world, &mut record, None, &["lpar3".to_owned()]), Outcome::Done);
    assert_eq!(world.runs, [Runs::After, Runs::After, Runs::Neither, Runs::After]);
    for (runs, expected) in [(Runs::Both, "both versions of lpar1"), (Runs::Unknown("gone".into()), "is not known: gone")] {
        let mut world = Simulated::new(2);
        world.runs[0] = runs;
        let outcome = run(&mut world, &mut rollout(2), None, &[]);
        assert!(matches!(&outcome, Outcome::Refused(why) if why.contains(expected)), "{outcome:?}");
    }
}

#[test]
fn nothing_begins_where_nobody_else_serves_or_nothing_can_be_kept() {
    let (mut world, mut record) = (Simulated::new(2), rollout(2));
    world.runs[1] = Runs::Neither;
    let outcome = run(&mut world, &mut record, None, &["lpar2".to_owned()]);
    assert!(matches!(&outcome, Outcome::Refused(why) if why.contains("only lpar1 serves")), "{outcome:?}");
    let mut world = Simulated::new(2);
    world.disk_full = true;
    let outcome = run(&mut world, &mut rollout(2), None, &[]);
    assert!(matches!(&outcome, Outcome::Halted(why) if why.contains("/full")), "{outcome:?}");
    assert!(all_run(&world, &Runs::Before));
}

/// What `ha rollout --undo` does with a record.
fn undo(world: &mut Simulated, record: &Rollout) -> (Rollout, Outcome) {
    let mut record = record.clone();
    leave_nothing_begun(world, &mut record).unwrap();
    let mut undo = record.reverse(record.number + 1, "U", "S", "now");
    let outcome = run(world, &mut undo, None, &[]);
    (undo, outcome)
}

#[test]
fn an_undo_brings_back_what_was_before_and_can_be_undone() {
    let (mut world, mut record) = (Simulated::new(4), rollout(4));
    world.runs[2] = Runs::After;
    assert_eq!(run(&mut world, &mut record, None, &[]), Outcome::Done);
    let (undone, outcome) = undo(&mut world, &record);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(world.runs, [Runs::Before, Runs::Before, Runs::After, Runs::Before], "what had it before has it still");
    assert_eq!(undone.instances[0].id, "lpar4");
    let (_, outcome) = undo(&mut world, &undone);
    assert!(outcome == Outcome::Done && all_run(&world, &Runs::After));
}

/// Runs until it is killed after `calls`, if it comes so far. True: it was killed.
fn killed_after(world: &mut Simulated, record: &mut Rollout, calls: u32) -> bool {
    world.left = Some(calls);
    let killed = catch_unwind(AssertUnwindSafe(|| run(world, record, None, &[]))).is_err_and(|why| why.is::<Killed>());
    world.left = None;
    *record = world.kept.clone().unwrap_or_else(|| record.clone());
    killed
}

#[test]
fn a_rollout_that_is_killed_at_any_point_is_resumed_and_undone() {
    for limit in [1, 2] {
        let mut calls = 0;
        loop {
            let (mut world, mut record) = (Simulated::new(4), rollout(4));
            record.options.max_unavailable = limit;
            let killed = killed_after(&mut world, &mut record, calls);
            let (runs, under_way) = (world.runs.clone(), world.under_way.clone());
            let kept = record.clone();
            assert_eq!(run(&mut world, &mut record, None, &[]), Outcome::Done, "killed after {calls} calls: {:?}", world.said);
            assert!(all_run(&world, &Runs::After) && world.most_down <= limit);
            // The same, and back.
            (world.runs, world.under_way, world.kept) = (runs, under_way, Some(kept.clone()));
            let (_, outcome) = undo(&mut world, &kept);
            assert!(matches!(outcome, Outcome::Done), "killed after {calls} calls: {outcome:?}, {kept:?}");
            assert!(all_run(&world, &Runs::Before), "killed after {calls} calls: {:?}", world.runs);
            if !killed {
                break;
            }
            calls += 1;
        }
        assert!(calls > 30, "{calls}");
    }
}

proptest! {
    #[test]
    fn it_ends_well_whatever_is_bad_and_however_often_it_is_killed(
        count in 2..12_usize, limit in 1..4_usize, kills in proptest::collection::vec(0..60_u32, 0..4), broken: bool, erring: bool, canary in proptest::option::of(0..12_usize),
    ) {
        let (mut world, mut record) = (Simulated::new(count), rollout(count));
        record.options.max_unavailable = limit;
        if let Some(canary) = canary.filter(|canary| *canary < count) {
            let ids: Vec<String> = record.instances.iter().map(|one| one.id.clone()).collect();
            let order = order::order(&ids, &[], Some(&ids[canary])).unwrap();
            record.instances = order.into_iter().map(|index| record.instances[index].clone()).collect();
            record.options.canary = Some(ids[canary].clone());
        }
        if broken { world.broken.push("new.yaml"); }
        if erring { world.erring.push("new.yaml"); }
        for kill in kills {
            killed_after(&mut world, &mut record, kill);
            if record.state.is_ended() { break; }
        }
        let outcome = if record.state.is_ended() { None } else { Some(run(&mut world, &mut record, None, &[])) };
        prop_assert!(world.most_down <= limit.min(count - 1));
        prop_assert!(world.erred.len() <= 1, "more than one saw it: {:?}", world.erred);
        prop_assert!(all_run(&world, if broken || erring { &Runs::Before } else { &Runs::After }), "{:?} {:?}", world.runs, outcome);
        prop_assert_eq!(matches!(record.state, State::Done), !(broken || erring));
        prop_assert!(world.under_way.iter().all(Option::is_none));
    }
}
