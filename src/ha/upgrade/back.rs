//! The way back: the old instance is to serve again.

use super::await_state::{agree, begin, drain, end, listening, ready};
use super::serves::Watch;
use super::stopping::{clear_to_stop, keep_the_only_one};
use super::{Patience, Progress, ROLL_BACK, Sight, Step, Trouble, UpgradeError, UpgradeOutcome, Who};
use crate::ha::status::Launcher;

pub(super) fn backward(world: &mut Watch<'_>, at: Step, why: UpgradeError, patience: &Patience) -> UpgradeOutcome {
    world.told(Sight::Begun { word: ROLL_BACK, step: None });
    let made = go_back(world, at, patience);
    world.told(Sight::Ended(made.as_ref().err()));
    match made {
        Ok(()) => UpgradeOutcome::RolledBack(why),
        Err(what) => UpgradeOutcome::Halted(UpgradeError::RollingBack { what: Box::new(what), why: Box::new(why) }),
    }
}

fn go_back(world: &mut Watch<'_>, at: Step, patience: &Patience) -> Result<(), UpgradeError> {
    world.say("rolling back: the old instance is to serve again");
    match world.keep(Some(Progress::Back(at))) {
        Ok(()) => {}
        // Somebody else is at work.
        Err(taken @ UpgradeError::Lock(_)) => return Err(taken),
        // Going back looks at the world in each step, and needs no record.
        Err(why) => world.say(&format!("  ATTENTION: {}; going back all the same", why.because(UpgradeError::NotKept))),
    }
    let runs_alone = world.asked(Who::New) == Launcher::NotActive;
    if at > Step::Quiesce && !(runs_alone && world.not_ready(Who::Old).is_none()) {
        exchange(world, at, patience)?;
    }
    // It must be ready at this moment, or no traffic is sent to it.
    if let Some(why) = world.not_ready(Who::Old) {
        return Err(UpgradeError::OldNotReady(why));
    }
    world.away = false;
    world.resume().map_err(|error| error.because(UpgradeError::NotResumedToOld))?;
    // It worked like this before, and without traffic it would serve nobody. Without peers there is no agreement to wait for.
    if at > Step::StopOld && world.look().alone().is_none() {
        if let Err(Trouble::Back(why) | Trouble::Halt(why)) = agree(world, Who::Old, patience) {
            world.say(&format!("  {why}"));
        }
        if let Ok(Some(true)) = world.look().kept {
            return Err(UpgradeError::OldTakenAway);
        }
    }
    // An answer of the balancer may have come late.
    if let Some(why) = world.not_ready(Who::Old) {
        return Err(UpgradeError::OldNotReady(why));
    }
    world.keep(None).map_err(|error| error.because(UpgradeError::RecordStaysAfterRollback))
}

/// In a rollback: the new instance ends, the old one starts and becomes ready; meanwhile neither gets new connections.
fn exchange(world: &mut Watch<'_>, at: Step, patience: &Patience) -> Result<(), UpgradeError> {
    world.verified = at >= Step::Resume;
    if matches!(world.asked(Who::New), Launcher::NotActive) {
        // Nothing is stopped, so nothing is lost if this fails.
        if let Err(error) = world.keep_away() {
            world.say(&format!("  traffic could not be quiesced: {error}"));
        }
    } else {
        keep_the_only_one(world)?;
        let served = at >= Step::Resume || matches!(world.quiesced(), Ok(Some(false)));
        world.away = true;
        world.quiesce().map_err(|why| why.because(UpgradeError::NotQuiesced).because(UpgradeError::NewNotStopped))?;
        if served {
            if let Err(Trouble::Back(why) | Trouble::Halt(why)) = drain(world, Who::New, patience) {
                keep_the_only_one(world)?;
                return Err(why.because(UpgradeError::NewNotStopped));
            }
        }
        match clear_to_stop(world, Who::New, patience) {
            Ok(()) => end(world, Who::New, patience)?,
            Err(Trouble::Back(why) | Trouble::Halt(why)) => {
                keep_the_only_one(world)?;
                return Err(why.because(UpgradeError::NewNotStopped));
            }
        }
    }
    begin(world, Who::Old).and_then(|()| listening(world, Who::Old, patience))?;
    if let Err(error) = world.keep_away() {
        world.say(&format!("  traffic could not be quiesced: {error}"));
    }
    ready(world, Who::Old, patience).map_err(|error| error.because(UpgradeError::TrafficStays))
}
