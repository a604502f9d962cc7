//! The decisions of a rollout.

use super::order;
use super::record::{Phase, Rollout, State};
use super::soak::{Soak, Verdict};
use super::{Outcome, Replaced, RolloutError, Runs, Way, World};
use std::time::Duration;

/// Between two looks during a soak: a tenth of it, within these bounds.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// How a run ends early.
enum Stop {
    /// Nothing can be kept: the record says what was before.
    NotKept(RolloutError),
    Ended(State),
}

impl From<RolloutError> for Stop {
    fn from(error: RolloutError) -> Stop {
        Stop::NotKept(error)
    }
}

fn halted(world: &dyn World, why: String) -> Stop {
    Stop::Ended(State::Halted { why, since: world.date() })
}

/// Goes on until all instances have the new version, or something keeps it from that. `pause_after`: how many are replaced in this run at
/// most. `accepted`: instances that a person has looked at.
pub fn run(world: &mut dyn World, rollout: &mut Rollout, pause_after: Option<usize>, accepted: &[String]) -> Outcome {
    let had_begun = rollout.instances.iter().any(|instance| instance.begun.is_some());
    let stop = match go_on(world, rollout, pause_after, accepted) {
        Ok(state) => Stop::Ended(state),
        Err(stop) => stop,
    };
    let state = match stop {
        Stop::Ended(state) => state,
        Stop::NotKept(error) => return Outcome::Halted(format!("how far the rollout is cannot be kept: {error}")),
    };
    // Nothing was changed, neither now nor before.
    let nothing = !had_begun && !rollout.instances.iter().any(|instance| instance.begun.is_some());
    rollout.state = match state {
        State::Halted { why, .. } if nothing => State::Refused { why },
        state => state,
    };
    if rollout.state.is_ended() {
        rollout.ended = Some(world.date());
    }
    if let Err(error) = world.keep(rollout) {
        return Outcome::Halted(format!("the rollout is {}, but that cannot be kept: {error}", rollout.state.words()));
    }
    match &rollout.state {
        State::Done | State::Undone { .. } => Outcome::Done,
        State::Paused { .. } | State::Progressing => Outcome::Paused,
        State::RolledBack { why } => Outcome::RolledBack(why.clone()),
        State::Refused { why } => Outcome::Refused(why.clone()),
        State::Halted { why, .. } => Outcome::Halted(why.clone()),
    }
}

fn go_on(world: &mut dyn World, rollout: &mut Rollout, pause_after: Option<usize>, accepted: &[String]) -> Result<State, Stop> {
    compare_with_what_runs(world, rollout, accepted)?;
    rollout.state = State::Progressing;
    rollout.ended = None;
    finish_what_was_begun(world, rollout)?;
    let mut replaced = 0;
    let mut alone: Vec<String> = rollout.options.canary.iter().cloned().collect();
    loop {
        if !rollout.instances.iter().any(|instance| instance.phase == Phase::Waiting) {
            return Ok(State::Done);
        }
        let by = match pause_after {
            Some(limit) if replaced >= limit => Some(world.user()),
            _ => world.pause_asked(),
        };
        if let Some(by) = by {
            return Ok(State::Paused { by, since: world.date() });
        }
        let serving = world.serving(rollout);
        let mut wave = order::next(&rollout.instances, &serving, rollout.options.max_unavailable, &alone);
        if let Some(left) = pause_after.map(|limit| limit - replaced) {
            wave.truncate(left);
        }
        if wave.is_empty() {
            let names = names(rollout, &serving);
            let who = if names.is_empty() { "nobody".to_owned() } else { format!("only {names}") };
            return Err(halted(world, format!("{who} serves: nobody else would while the next one is replaced; bring another one up")));
        }
        for index in &wave {
            let date = world.date();
            let instance = &mut rollout.instances[*index];
            (instance.phase, instance.why) = (Phase::Upgrading, None);
            instance.begun.get_or_insert(date);
        }
        world.keep(rollout)?;
        let retried = replace(world, rollout, &wave)?;
        alone.extend(retried);
        soak(world, rollout, &wave)?;
        replaced += wave.iter().filter(|index| rollout.instances[**index].phase == Phase::Upgraded).count();
    }
}

fn names(rollout: &Rollout, which: &[usize]) -> String {
    let names: Vec<&str> = which.iter().filter_map(|index| rollout.instances.get(*index)).map(|one| one.id.as_str()).collect();
    names.join(", ")
}

/// Where what runs is not what the record says, somebody else was at work: that is said, and nothing is undone that a person has done.
fn compare_with_what_runs(world: &mut dyn World, rollout: &mut Rollout, accepted: &[String]) -> Result<(), Stop> {
    let mut refusals = Vec::new();
    for index in 0..rollout.instances.len() {
        let instance = rollout.instances[index].clone();
        let id = instance.id.as_str();
        let is_accepted = accepted.iter().any(|one| crate::config::normalize_id(one) == crate::config::normalize_id(id));
        if matches!(instance.phase, Phase::LeftOut | Phase::Upgrading | Phase::TakingBack) {
            continue;
        }
        let has_new = matches!(instance.phase, Phase::Upgraded | Phase::Soaking);
        let (phase, why) = match (world.runs(&instance), has_new) {
            (Runs::Unknown(why), _) => {
                refusals.push(format!("which version of {id} runs is not known: {why}"));
                continue;
            }
            (Runs::Both, _) => {
                refusals
                    .push(format!("both versions of {id} run, jobs {} and {}: stop one of them", instance.before.job, instance.after.job));
                continue;
            }
            (Runs::Neither, _) if is_accepted => (Phase::Skipped, "it does not run, which was accepted"),
            (Runs::Neither, _) => {
                refusals.push(format!(
                    "{id} does not run, neither as job {} nor as {}: start it, or accept that it is left out (--accept {id})",
                    instance.before.job, instance.after.job
                ));
                continue;
            }
            (Runs::After, true) => continue,
            (Runs::Before, true) if is_accepted => {
                (Phase::Waiting, "it runs the version before again, which was accepted: it is upgraded anew")
            }
            (Runs::Before, true) => {
                refusals.push(format!(
                    "{id} was upgraded by this rollout and runs the version before again: somebody has brought it back. --undo brings the \
                    others back too, --accept {id} upgrades it anew"
                ));
                continue;
            }
            (Runs::Before, false) if instance.phase == Phase::Waiting => continue,
            (Runs::Before, false) => (Phase::Waiting, "it runs the version before: it is upgraded now"),
            (Runs::After, false) if instance.phase == Phase::Skipped => continue,
            (Runs::After, false) => (Phase::Skipped, "it runs the version that it is to have already"),
        };
        world.say(Some(id), why);
        let instance = &mut rollout.instances[index];
        (instance.phase, instance.why) = (phase, Some(why.to_owned()));
    }
    if refusals.is_empty() { Ok(()) } else { Err(halted(world, refusals.join("; "))) }
}

/// What a run before has begun comes to its end first.
fn finish_what_was_begun(world: &mut dyn World, rollout: &mut Rollout) -> Result<(), Stop> {
    let begun = |phase: Phase, rollout: &Rollout| -> Vec<usize> {
        (0..rollout.instances.len()).filter(|index| rollout.instances[*index].phase == phase).collect()
    };
    let upgrading = begun(Phase::Upgrading, rollout);
    let mut again = Vec::new();
    for index in &upgrading {
        let instance = rollout.instances[*index].clone();
        if world.under_way(rollout.number, &instance, Way::Forward) {
            world.say(Some(&instance.id), "its upgrade is under way: going on");
            again.push(*index);
            continue;
        }
        let phase = match world.runs(&instance) {
            Runs::After => Phase::Soaking,
            // It was not begun, or has been rolled back since.
            Runs::Before => Phase::Waiting,
            other => return Err(halted(world, format!("{} stands in the middle ({other:?}), and its upgrade has no record", instance.id))),
        };
        rollout.instances[*index].phase = phase;
    }
    if !again.is_empty() {
        world.keep(rollout)?;
        replace(world, rollout, &again)?;
    }
    let taking_back = begun(Phase::TakingBack, rollout);
    if !taking_back.is_empty() {
        let why = rollout.instances[taking_back[0]].why.clone().unwrap_or_default();
        return take_back(world, rollout, &taking_back, &why);
    }
    let soaking = begun(Phase::Soaking, rollout);
    soak(world, rollout, &soaking)
}

/// Replaces these at the same time. Returns those that were refused because of the others, which wait again and have to be alone.
fn replace(world: &mut dyn World, rollout: &mut Rollout, which: &[usize]) -> Result<Vec<String>, Stop> {
    let began = world.now();
    let outcomes = world.replace(rollout, which, Way::Forward);
    let took = u64::try_from((world.now() - began).as_millis()).unwrap_or(u64::MAX);
    let mut alone = Vec::new();
    let (mut halts, mut bad) = (Vec::new(), Vec::new());
    for (index, outcome) in which.iter().zip(outcomes) {
        let date = world.date();
        let instance = &mut rollout.instances[*index];
        let id = instance.id.clone();
        match outcome {
            Replaced::Done => {
                (instance.phase, instance.took, instance.ended) = (Phase::Soaking, Some(took), Some(date));
            }
            Replaced::Refused(why) if which.len() > 1 => {
                instance.phase = Phase::Waiting;
                world.say(Some(&id), &format!("refused beside the others, it is replaced alone: {why}"));
                alone.push(id);
            }
            Replaced::Refused(why) => {
                (instance.phase, instance.begun) = (Phase::Waiting, None);
                halts.push(format!("{id}: refused: {why}"));
            }
            Replaced::RolledBack(why) => {
                (instance.phase, instance.why, instance.ended) = (Phase::TakenBack, Some(why.clone()), Some(date));
                bad.push(format!("{id}: {why}"));
            }
            Replaced::Halted(why) => halts.push(format!("{id}: {why}")),
        }
    }
    world.keep(rollout)?;
    if !halts.is_empty() {
        return Err(halted(world, halts.join("; ")));
    }
    if bad.is_empty() { Ok(alone) } else { Err(Stop::Ended(State::RolledBack { why: bad.join("; ") })) }
}

/// Watches those that have just been replaced; one that is worse than its peers is taken back, and with it the rollout ends.
fn soak(world: &mut dyn World, rollout: &mut Rollout, wave: &[usize]) -> Result<(), Stop> {
    let new: Vec<usize> = wave.iter().copied().filter(|index| rollout.instances[*index].phase == Phase::Soaking).collect();
    if new.is_empty() {
        return Ok(());
    }
    let time = rollout.options.soak();
    world.say(None, &format!("soak: {} for {} s", names(rollout, &new), time.as_secs_f64()));
    if let Some(verdict) = watch(world, rollout, &new, time) {
        let bad: Vec<usize> = vec![verdict.index];
        for index in &bad {
            let instance = &mut rollout.instances[*index];
            (instance.phase, instance.why) = (Phase::TakingBack, Some(verdict.why.clone()));
        }
        world.keep(rollout)?;
        return take_back(world, rollout, &bad, &verdict.why);
    }
    for index in &new {
        rollout.instances[*index].phase = Phase::Upgraded;
    }
    world.keep(rollout)?;
    let line = format!("{} of {} upgraded", rollout.upgraded(), rollout.count());
    world.say(None, &line);
    Ok(())
}

fn watch(world: &mut dyn World, rollout: &Rollout, new: &[usize], time: Duration) -> Option<Verdict> {
    let peers: Vec<usize> = (0..rollout.instances.len()).filter(|index| !new.contains(index)).collect();
    let until = world.now() + time;
    let interval = (time / 10).clamp(SHORTEST, LONGEST);
    let mut soak = Soak::default();
    loop {
        soak.add(&world.sample(rollout));
        if let Some(verdict) = soak.verdict(rollout, new, &peers, rollout.options.max_errors) {
            return Some(verdict);
        }
        let now = world.now();
        if now >= until {
            for index in new {
                let id = rollout.instances[*index].id.clone();
                world.say(Some(&id), &format!("soak: {}", soak.shown(*index)));
            }
            return None;
        }
        world.wait(interval.min(until - now));
    }
}

/// Brings the version before back to instances that were replaced.
fn take_back(world: &mut dyn World, rollout: &mut Rollout, which: &[usize], why: &str) -> Result<(), Stop> {
    for index in which {
        let instance = rollout.instances[*index].clone();
        world.say(Some(&instance.id), &format!("is taken back: {why}"));
        if !world.under_way(rollout.number, &instance, Way::Back) && world.runs(&instance) == Runs::Before {
            rollout.instances[*index].phase = Phase::TakenBack;
            continue;
        }
        let outcome = world.replace(rollout, &[*index], Way::Back).pop();
        match outcome {
            Some(Replaced::Done) => rollout.instances[*index].phase = Phase::TakenBack,
            Some(Replaced::RolledBack(what) | Replaced::Refused(what) | Replaced::Halted(what)) => {
                let text = format!("{} could not be taken back: {what} (it was to be because: {why})", instance.id);
                return Err(halted(world, text));
            }
            None => return Err(halted(world, format!("{} could not be taken back: {why}", instance.id))),
        }
        rollout.instances[*index].ended = Some(world.date());
    }
    world.keep(rollout)?;
    Err(Stop::Ended(State::RolledBack { why: why.to_owned() }))
}

/// Before a rollout is undone: what stands in the middle is rolled back.
///
/// # Errors
/// What keeps an instance from that, in words.
pub fn leave_nothing_begun(world: &mut dyn World, rollout: &mut Rollout) -> Result<(), String> {
    for index in 0..rollout.instances.len() {
        let instance = rollout.instances[index].clone();
        let way = match instance.phase {
            Phase::Upgrading => Way::RollBack,
            Phase::TakingBack => Way::Back,
            _ => continue,
        };
        if !world.under_way(rollout.number, &instance, if way == Way::RollBack { Way::Forward } else { way }) {
            // It runs one of the two, which the undo finds.
            continue;
        }
        let phase = match world.replace(rollout, &[index], way).pop() {
            Some(Replaced::Done | Replaced::RolledBack(_)) => Phase::TakenBack,
            Some(Replaced::Refused(why) | Replaced::Halted(why)) => return Err(format!("{}: {why}", instance.id)),
            None => continue,
        };
        rollout.instances[index].phase = phase;
        world.keep(rollout).map_err(|error| error.to_string())?;
    }
    Ok(())
}
