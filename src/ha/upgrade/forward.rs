//! The way forward: the steps in their order, and what each asks before it acts.

use super::await_state::{agree, begin, drain, end, listening, ready};
use super::back::backward;
use super::serves::Watch;
use super::stopping::{PUT_OFF, clear_to_stop, peers_carry_all};
use super::{Approval, FRESH, Patience, Progress, Sight, Step, Trouble, UpgradeError, UpgradeOutcome, Who};
use crate::ha::status::Launcher;

pub(super) fn forward(world: &mut Watch<'_>, from: Step, patience: &Patience, automatic_rollback: bool) -> UpgradeOutcome {
    // A resumed run cannot know whether what the earlier run quiesced is still quiesced.
    let mut quiesced_by_us = from <= Step::Quiesce;
    let mut step = from;
    if step == Step::StopOld && matches!(world.asked(Who::Old), Launcher::Active(_)) {
        // Connections that have come since are drained like the others.
        step = Step::Drain;
    }
    loop {
        let approval = loop {
            world.look();
            match world.approve(step.title()) {
                Approval::Waiting => {}
                answer => break answer,
            }
        };
        match approval {
            Approval::Go | Approval::Waiting => {}
            _ if !world.changed => return UpgradeOutcome::Refused(UpgradeError::StoppedAtOnce),
            Approval::Stop => return UpgradeOutcome::Halted(UpgradeError::StoppedBefore(step)),
            Approval::RollBack => return backward(world, step, UpgradeError::AskedFor, patience),
        }
        if step > Step::Check {
            if let Err(why) = world.keep(Some(Progress::Forward(step))) {
                let why = why.not_kept();
                return if world.changed { UpgradeOutcome::Halted(why) } else { UpgradeOutcome::Refused(why) };
            }
            world.changed = true;
        }
        world.told(Sight::Begun { word: step.word(), step: Some(step) });
        world.say(&format!("step {} of {}: {}", step.number(), Step::ALL.len(), step.title()));
        let made = quiesced_anew(world, step, &mut quiesced_by_us).and_then(|()| make(world, step, patience));
        world.told(Sight::Ended(made.as_ref().err().map(Trouble::why)));
        match made {
            Ok(()) => {}
            Err(Trouble::Back(why)) if step == Step::Check => return UpgradeOutcome::Refused(why),
            Err(Trouble::Back(why)) if automatic_rollback => {
                world.say(&format!("  {why}"));
                return backward(world, step, why, patience);
            }
            Err(Trouble::Back(why) | Trouble::Halt(why)) => return UpgradeOutcome::Halted(why),
        }
        match step.next() {
            Some(next) => step = next,
            None => {
                return match world.keep(None) {
                    Ok(()) => UpgradeOutcome::Done,
                    Err(why) => UpgradeOutcome::Halted(why.because(UpgradeError::RecordStays)),
                };
            }
        }
    }
}

/// In a resumed run, before the first step that wants it.
fn quiesced_anew(world: &mut Watch<'_>, step: Step, is_by_us: &mut bool) -> Result<(), Trouble> {
    if !*is_by_us && (Step::Drain..=Step::Verify).contains(&step) {
        let quiesced = world.keep_away();
        quiesced.map_err(|why| Trouble::Halt(why.because(UpgradeError::NotQuiescedAnew).because(UpgradeError::NothingStopped)))?;
        *is_by_us = true;
    }
    Ok(())
}

fn make(world: &mut Watch<'_>, step: Step, patience: &Patience) -> Result<(), Trouble> {
    match step {
        Step::Check => check(world).map_err(Trouble::Back),
        Step::Quiesce => {
            peers_carry_all(world)?;
            world.away = true;
            world.quiesce().map_err(|why| Trouble::Back(why.because(UpgradeError::NotQuiesced)))
        }
        Step::Drain => drain(world, Who::Old, patience),
        Step::StopOld => {
            if world.asked(Who::Old) != Launcher::NotActive {
                peers_carry_all(world)?;
                let clear = clear_to_stop(world, Who::Old, patience);
                clear.map_err(|trouble| trouble.because(UpgradeError::OldNotStopped))?;
            }
            end(world, Who::Old, patience).map_err(Trouble::Halt)
        }
        Step::StartNew => {
            // Two copies of the same HA instance would have one address.
            if let Launcher::Active(_) = world.asked(Who::Old) {
                return Err(Trouble::Back(UpgradeError::OldRunsAgain));
            }
            begin(world, Who::New).map_err(Trouble::Back)
        }
        Step::QuiesceNew => {
            listening(world, Who::New, patience).map_err(Trouble::Back)?;
            world.keep_away().map_err(|why| Trouble::Back(why.because(UpgradeError::NotKeptFromNew)))
        }
        Step::Ready => ready(world, Who::New, patience).map_err(Trouble::Back),
        Step::Verify => agree(world, Who::New, patience),
        Step::Resume => {
            // It was ready a while ago, which does not mean that it is ready now.
            if let Err(why) = ready(world, Who::New, patience) {
                return Err(match world.look().alone() {
                    // Going back would only take longer.
                    None => Trouble::Halt(why.because(UpgradeError::NotResumed)),
                    Some(_) => Trouble::Back(why),
                });
            }
            (world.away, world.verified) = (false, true);
            world.resume().map_err(|why| Trouble::Halt(why.because(UpgradeError::NotResumedToNew)))
        }
        Step::Final => {
            let mut faults = Vec::new();
            for _ in 0..PUT_OFF {
                let begun = world.now();
                faults = not_all_well(world, patience);
                // Where an answer came late, what was asked before it says nothing any more.
                if !faults.is_empty() || world.now().saturating_sub(begun) <= FRESH {
                    break;
                }
            }
            if faults.is_empty() { Ok(()) } else { Err(Trouble::Halt(UpgradeError::NotAllWell(faults))) }
        }
    }
}

/// What is wrong when the new instance is to serve.
fn not_all_well(world: &mut Watch<'_>, patience: &Patience) -> Vec<String> {
    let mut faults = world.peer_faults();
    faults.extend(ready(world, Who::New, patience).err().map(|why| why.to_string()));
    if let Err(Trouble::Back(why) | Trouble::Halt(why)) = agree(world, Who::New, patience) {
        faults.push(why.to_string());
    }
    match world.quiesced() {
        Ok(Some(true)) => faults.push(UpgradeError::StillKept.to_string()),
        Ok(_) => {}
        Err(why) => faults.push(why.to_string()),
    }
    faults
}

fn check(world: &mut Watch<'_>) -> Result<(), UpgradeError> {
    let mut faults = world.peer_faults();
    faults.extend(world.look().alone().map(|why| why.to_string()));
    faults.extend(world.only_here());
    match world.asked(Who::Old) {
        Launcher::Active(_) => {}
        Launcher::NotActive => faults.push("the old instance does not run: start it, or start the new one in its place".to_owned()),
        Launcher::Unknown(why) => faults.push(format!("the old instance's state is not known: {why}")),
    }
    match world.asked(Who::New) {
        Launcher::NotActive => {}
        Launcher::Active(_) => faults.push("the new instance runs already".to_owned()),
        Launcher::Unknown(why) => faults.push(format!("the new instance's state is not known: {why}")),
    }
    faults.extend(world.check_traffic().err().map(|why| format!("traffic cannot be switched: {why}")));
    faults.extend(world.registry_faults());
    if faults.is_empty() { Ok(()) } else { Err(UpgradeError::Faults(faults)) }
}
