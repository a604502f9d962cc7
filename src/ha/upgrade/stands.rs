//! Where an upgrade stands of which no record can be read: by what runs, and by what the balancer says.

use super::serves::Watch;
use super::{Step, UpgradeError, Who, World};
use crate::ha::status::Launcher;

/// The step after which an upgrade is to be taken back. None: there is nothing to take back, because none runs, or one of the two
/// versions runs alone, is ready and gets connections. `lost`: there was a record, so something is under way whatever it looks like. Changes nothing.
///
/// # Errors
/// [`UpgradeError::StateUnknown`]; [`UpgradeError::QuiescedUnknown`].
pub fn stands(world: &mut dyn World, lost: bool) -> Result<Option<Step>, UpgradeError> {
    let mut runs = |who| match world.launcher(who) {
        Launcher::Active(_) => Ok(true),
        Launcher::NotActive => Ok(false),
        Launcher::Unknown(why) => Err(UpgradeError::StateUnknown { who, why }),
    };
    let (alone, after) = match (runs(Who::Old)?, runs(Who::New)?) {
        (true, false) => (Who::Old, Step::StartNew),
        (false, true) => (Who::New, Step::Resume),
        // Two copies have one address.
        (true, true) => return Ok(Some(Step::Resume)),
        // An instance that is just stopped is not started; one from which traffic is kept was to be replaced.
        (false, false) => return Ok((lost || matches!(world.quiesced(), Ok(Some(true)))).then_some(Step::StartNew)),
    };
    let serves = Watch::new(world).not_ready(alone).is_none()
        && world.quiesced().map_err(|why| UpgradeError::QuiescedUnknown(Box::new(why)))? != Some(true);
    Ok((lost || !serves).then_some(after))
}
