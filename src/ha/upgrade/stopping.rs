//! What must hold before an instance is stopped.

use super::await_state::drain;
use super::serves::Watch;
use super::{FRESH, Patience, Trouble, UpgradeError, Who};

/// From QUIESCE on the peers carry everything.
pub(super) fn peers_carry_all(world: &mut Watch<'_>) -> Result<(), Trouble> {
    let mut faults = world.peer_faults();
    faults.extend(world.look().alone().map(|why| why.to_string()));
    faults.extend(world.only_here());
    if faults.is_empty() { Ok(()) } else { Err(Trouble::Back(UpgradeError::Faults(faults).because(UpgradeError::PeersGone))) }
}

/// How often P, or the end of a run, is put off because of stale answers or a lost drain.
pub(super) const PUT_OFF: u32 = 5;

/// Directly before P: new connections are kept from the instance, and others serve. Each is asked twice, so that one wrong answer does not
/// decide, and all again where an answer came so late that the others are stale. A new instance that does not work may be stopped without
/// others.
pub(super) fn clear_to_stop(world: &mut Watch<'_>, who: Who, patience: &Patience) -> Result<(), Trouble> {
    for _ in 0..PUT_OFF {
        let begun = world.now();
        let mut gets = false;
        for _ in 0..2 {
            let serving = world.serving();
            match (serving.alone(), who) {
                (None, _) => {}
                (Some(why), Who::Old) => return Err(Trouble::Back(why.because(UpgradeError::PeersGone))),
                (Some(_), Who::New) => {
                    keep_the_only_one(world).map_err(Trouble::Halt)?;
                    if world.serving().alone().is_some() {
                        return Ok(());
                    }
                }
            }
            gets |= serving.kept.map_err(|why| Trouble::Halt(why.because(UpgradeError::QuiescedUnknown)))? == Some(false);
        }
        if gets {
            // Notices that it is no longer quiesced, and quiesces it again.
            drain(world, who, patience)?;
        } else if world.now().saturating_sub(begun) <= FRESH {
            return Ok(());
        }
    }
    match world.quiesced() {
        Ok(Some(false)) => Err(Trouble::Halt(UpgradeError::AgainAndAgain)),
        // The answers are slow, and no better ones are to be had.
        Ok(_) => Ok(()),
        Err(why) => Err(Trouble::Halt(why.because(UpgradeError::QuiescedUnknown))),
    }
}

/// A new instance that is ready while no other instance serves gets the traffic and is not stopped. That ends a run, so one wrong answer
/// does not decide it; and what is given is taken away again as soon as another one serves.
pub(super) fn keep_the_only_one(world: &mut Watch<'_>) -> Result<(), UpgradeError> {
    if world.look().alone().is_none() {
        return Ok(());
    }
    let Some(why) = world.serving().alone() else { return Ok(()) };
    if world.not_ready(Who::New).is_some() {
        return Ok(());
    }
    world.say(&format!("  ATTENTION: nobody but the new instance serves ({why}): it gets the traffic, and is not stopped"));
    let resumed = world.resume().err().map(Box::new);
    Err(UpgradeError::OnlyNewServes { why: Box::new(why), resumed })
}
