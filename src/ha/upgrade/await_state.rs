//! The parts of a step that take time: connections that end, jobs that come and go, instances that become ready.

use super::serves::Watch;
use super::{Patience, Sight, Trouble, UpgradeError, Who};
use crate::ha::status::{ComponentState, Launcher};
use std::time::Duration;

/// Waits until no connection is left or the time is over. If no other instance serves, or the launcher of the instance ends, it ends at once.
pub(super) fn drain(world: &mut Watch<'_>, who: Who, patience: &Patience) -> Result<(), Trouble> {
    let mut deadline = world.now() + patience.drain;
    let mut last = None;
    let mut uncounted = false;
    let (before, mut anew) = (world.anew, world.anew);
    let mut serving = world.look();
    loop {
        if let Some(why) = serving.alone() {
            return Err(Trouble::Back(why.because(UpgradeError::PeersGone)));
        }
        serving.kept.map_err(|why| match why {
            why @ UpgradeError::NotQuiescedAnew(_) => Trouble::Halt(why),
            why => Trouble::Halt(why.because(UpgradeError::QuiescedUnknown)),
        })?;
        if world.anew - before > QUIESCED_ANEW {
            return Err(Trouble::Halt(UpgradeError::AgainAndAgain));
        }
        if world.anew > anew {
            anew = world.anew;
            deadline = world.now() + patience.drain;
        }
        if world.asked(who) == Launcher::NotActive {
            let ended = world.ended(who);
            world.say(&format!("  {ended}"));
            return Ok(());
        }
        // A balancer that has begun anew does not know the connections that it had before.
        let count = if anew > 0 { Ok(None) } else { world.connections() };
        match count {
            Ok(Some(0)) => {
                world.say("  no connection is left");
                return Ok(());
            }
            Ok(Some(count)) => {
                let left = deadline.saturating_sub(world.now());
                world.told(Sight::Draining { count, left });
                if last != Some(count) {
                    world.say(&format!("  {count} connections are left"));
                }
                last = Some(count);
            }
            unknown => {
                last = None;
                if !uncounted {
                    let why = unknown.err().map_or_else(String::new, |why| format!(" ({why})"));
                    world.say(&format!("  connections cannot be counted{why}: waiting {} s", patience.drain.as_secs()));
                }
                uncounted = true;
            }
        }
        let left = deadline.saturating_sub(world.now());
        if left.is_zero() {
            break;
        }
        serving = world.wait(patience.interval.min(left));
    }
    if let Some(count) = last {
        world.say(&format!("  the time is over: {count} connections end with the instance"));
    }
    Ok(())
}

/// Waits until all Discovery Services agree; ends at once when the launcher does, or a component gives up.
pub(super) fn agree(world: &mut Watch<'_>, who: Who, patience: &Patience) -> Result<(), Trouble> {
    let deadline = world.now() + patience.verify;
    let mut last = Vec::new();
    let mut serving = world.look();
    loop {
        world.answers_until(Some(deadline));
        let findings = world.verify(who);
        let launcher = if findings.differences.is_empty() { None } else { Some(world.asked(who)) };
        // Whether it is the only one that serves is asked with time.
        world.answers_until(None);
        let late = world.now() >= deadline;
        if findings.differences.is_empty() || late {
            findings.views.iter().for_each(|view| world.say(&format!("  {view}")));
        }
        match launcher {
            None => return Ok(()),
            Some(Launcher::NotActive) => return Err(Trouble::Back(world.ended(who))),
            Some(Launcher::Active(components)) => given_up(who, components).map_err(Trouble::Back)?,
            Some(Launcher::Unknown(_)) => {}
        }
        let differences = findings.differences.join("; ");
        if late {
            let why = UpgradeError::Disagree { after: patience.verify, differences };
            return Err(if serving.alone().is_some() && world.not_ready(who).is_none() {
                Trouble::Halt(UpgradeError::OnlyOneServes { what: Box::new(why), who })
            } else {
                Trouble::Back(why)
            });
        }
        if findings.differences != last {
            world.say(&format!("  waiting: {differences}"));
        }
        last = findings.differences;
        let left = deadline.saturating_sub(world.now());
        serving = world.wait(patience.interval.min(left).max(Duration::from_millis(1)));
    }
}

/// How often a lost drain is repeated.
const QUIESCED_ANEW: u32 = 5;

/// Starts an instance that is not running.
pub(super) fn begin(world: &mut Watch<'_>, who: Who) -> Result<(), UpgradeError> {
    match world.asked(who) {
        Launcher::Active(_) => {
            world.say(&format!("  the {} instance runs already", who.word()));
            Ok(())
        }
        Launcher::NotActive => world.start(who).map_err(|why| UpgradeError::NotStarted { who, why: Box::new(why) }),
        Launcher::Unknown(why) => Err(UpgradeError::StateUnknown { who, why }),
    }
}

/// Stops an instance and waits until its job has ended.
pub(super) fn end(world: &mut Watch<'_>, who: Who, patience: &Patience) -> Result<(), UpgradeError> {
    if world.asked(who) == Launcher::NotActive {
        world.say(&format!("  the {} instance does not run", who.word()));
        return Ok(());
    }
    world.stop(who).map_err(|why| UpgradeError::NotStopped { who, why: Box::new(why) })?;
    let deadline = world.now() + patience.stop;
    loop {
        world.answers_until(Some(deadline));
        let launcher = world.asked(who);
        world.answers_until(None);
        if launcher == Launcher::NotActive {
            return Ok(());
        }
        let left = deadline.saturating_sub(world.now());
        if left.is_zero() {
            return Err(UpgradeError::NotEnded { who, after: patience.stop });
        }
        world.wait(patience.interval.min(left));
    }
}

/// States in which a component stays down.
const GIVEN_UP: [&str; 2] = ["failed", "fatal"];

fn given_up(who: Who, components: Vec<ComponentState>) -> Result<(), UpgradeError> {
    match components.into_iter().find(|one| GIVEN_UP.contains(&one.state.as_str())) {
        Some(one) => Err(UpgradeError::GivenUp { component: one.name, who, state: one.state }),
        None => Ok(()),
    }
}

/// How long a job may take to become known after S was accepted.
const JOB_KNOWN: Duration = Duration::from_secs(30);

/// Waits until nothing is missing. Gives up early when the launcher has ended or a component has given up. `was_active`: the job was seen.
fn wait_for(
    world: &mut Watch<'_>,
    who: Who,
    patience: &Patience,
    mut was_active: bool,
    mut missing: impl FnMut(&mut Watch<'_>) -> Option<String>,
) -> Result<(), UpgradeError> {
    let begun = world.now();
    let bound = patience.ready(who);
    let deadline = begun + bound;
    let mut last = String::new();
    loop {
        world.answers_until(Some(deadline));
        let (lacking, launcher) = (missing(world), world.asked(who));
        world.answers_until(None);
        let Some(lacking) = lacking else { return Ok(()) };
        match launcher {
            Launcher::NotActive if was_active || world.now() > begun + JOB_KNOWN => {
                return Err(world.ended(who));
            }
            Launcher::Active(components) => {
                was_active = true;
                given_up(who, components)?;
            }
            _ => {}
        }
        if lacking != last {
            world.say(&format!("  waiting: {lacking}"));
        }
        let left = deadline.saturating_sub(world.now());
        if left.is_zero() {
            return Err(UpgradeError::NotReady { who, after: bound, lacking });
        }
        last = lacking;
        world.wait(patience.interval.min(left));
    }
}

/// Waits until the gateway's listener answers at all.
pub(super) fn listening(world: &mut Watch<'_>, who: Who, patience: &Patience) -> Result<(), UpgradeError> {
    wait_for(world, who, patience, false, |world| world.gateway(who).err().map(|why| format!("gateway: {why}")))
}

pub(super) fn ready(world: &mut Watch<'_>, who: Who, patience: &Patience) -> Result<(), UpgradeError> {
    wait_for(world, who, patience, true, |world| world.not_ready(who))
}
