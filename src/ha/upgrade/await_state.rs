//! The parts of a step that take time: connections that end, jobs that come and go, instances that become ready.

use super::{Patience, Trouble, UpgradeError, Who, World};
use crate::ha::status::Launcher;
use std::time::Duration;

/// Keeps new connections away from B, and checks with the balancer where it can tell.
pub(super) fn quiesce(world: &mut dyn World) -> Result<(), UpgradeError> {
    world.quiesce()?;
    match world.quiesced()? {
        Some(false) => Err(UpgradeError::StillGiven),
        _ => Ok(()),
    }
}

/// Waits until no connection is left or the time is over. Checks in every round who serves: if no other instance does, it ends at once.
pub(super) fn drain(world: &mut dyn World, patience: &Patience) -> Result<(), Trouble> {
    let mut deadline = world.now() + patience.drain;
    let mut last = None;
    let mut uncounted = false;
    let mut anew = 0;
    loop {
        world.peer_serves().map_err(|why| Trouble::Back(why.because(UpgradeError::PeersGone)))?;
        match world.quiesced() {
            Ok(Some(false)) if anew < QUIESCED_ANEW => {
                world.say("  ATTENTION: the balancer gives it new connections again: quiescing anew");
                quiesce(world).map_err(|why| Trouble::Halt(why.because(UpgradeError::NotQuiescedAnew)))?;
                anew += 1;
                deadline = world.now() + patience.drain;
            }
            Ok(Some(false)) => return Err(Trouble::Halt(UpgradeError::AgainAndAgain)),
            Ok(_) => {}
            Err(why) => return Err(Trouble::Halt(why.because(UpgradeError::QuiescedUnknown))),
        }
        match world.connections() {
            Ok(Some(0)) => {
                world.say("  no connection is left");
                return Ok(());
            }
            Ok(Some(count)) => {
                if last != Some(count) {
                    world.say(&format!("  {count} connections are left"));
                }
                last = Some(count);
            }
            unknown if !uncounted => {
                let why = unknown.err().map_or_else(String::new, |why| format!(" ({why})"));
                world.say(&format!("  connections cannot be counted{why}: waiting {} s", patience.drain.as_secs()));
                uncounted = true;
            }
            _ => {}
        }
        let left = deadline.saturating_sub(world.now());
        if left.is_zero() {
            break;
        }
        world.pause(patience.interval.min(left));
    }
    if let Some(count) = last {
        world.say(&format!("  the time is over: {count} connections end with the instance"));
    }
    Ok(())
}

/// Waits until all Discovery Services agree. If no other instance serves meanwhile, traffic is resumed to the instance as soon as it is
/// ready.
pub(super) fn agree(world: &mut dyn World, who: Who, patience: &Patience) -> Result<(), Trouble> {
    let deadline = world.now() + patience.verify;
    let mut last = Vec::new();
    let mut resumed = false;
    loop {
        let alone = world.peer_serves().err();
        if let Some(why) = alone.as_ref().filter(|_| !resumed) {
            if not_ready(world, who).is_none() {
                let which = who.word();
                world.say(&format!(
                    "  ATTENTION: nobody but the {which} instance serves ({why}): it gets the traffic now, and is verified afterwards"
                ));
                match world.resume() {
                    Ok(()) => resumed = true,
                    Err(error) => world.say(&format!("  traffic could not be resumed to it: {error}")),
                }
            }
        }
        let findings = world.verify(who);
        let late = world.now() >= deadline;
        if findings.differences.is_empty() || late {
            findings.views.iter().for_each(|view| world.say(&format!("  {view}")));
        }
        if findings.differences.is_empty() {
            return Ok(());
        }
        if world.launcher(who) == Launcher::NotActive {
            return Err(Trouble::Back(UpgradeError::Ended(who)));
        }
        let differences = findings.differences.join("; ");
        if late {
            let why = UpgradeError::Disagree { after: patience.verify, differences };
            return Err(if alone.is_some() && not_ready(world, who).is_none() {
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
        world.pause(patience.interval.min(left).max(Duration::from_millis(1)));
    }
}

/// How often a lost drain is repeated.
const QUIESCED_ANEW: u32 = 5;

/// Starts an instance that is not running.
pub(super) fn begin(world: &mut dyn World, who: Who) -> Result<(), UpgradeError> {
    match world.launcher(who) {
        Launcher::Active(_) => {
            world.say(&format!("  the {} instance runs already", who.word()));
            Ok(())
        }
        Launcher::NotActive => world.start(who).map_err(|why| UpgradeError::NotStarted { who, why: Box::new(why) }),
        Launcher::Unknown(why) => Err(UpgradeError::StateUnknown { who, why }),
    }
}

/// Stops an instance and waits until its job has ended.
pub(super) fn end(world: &mut dyn World, who: Who, patience: &Patience) -> Result<(), UpgradeError> {
    if world.launcher(who) == Launcher::NotActive {
        world.say(&format!("  the {} instance does not run", who.word()));
        return Ok(());
    }
    world.stop(who).map_err(|why| UpgradeError::NotStopped { who, why: Box::new(why) })?;
    let deadline = world.now() + patience.stop;
    loop {
        if world.launcher(who) == Launcher::NotActive {
            return Ok(());
        }
        let left = deadline.saturating_sub(world.now());
        if left.is_zero() {
            return Err(UpgradeError::NotEnded { who, after: patience.stop });
        }
        world.pause(patience.interval.min(left));
    }
}

/// States in which a component stays down.
const GIVEN_UP: [&str; 2] = ["failed", "fatal"];

/// How long a job may take to become known after S was accepted.
const JOB_KNOWN: Duration = Duration::from_secs(30);

/// Waits until nothing is missing. Gives up early when the launcher has ended or a component has given up. `was_active`: the job was seen.
fn wait_for(
    world: &mut dyn World,
    who: Who,
    patience: &Patience,
    mut was_active: bool,
    mut missing: impl FnMut(&mut dyn World) -> Option<String>,
) -> Result<(), UpgradeError> {
    let begun = world.now();
    let bound = patience.ready(who);
    let deadline = begun + bound;
    let mut last = String::new();
    loop {
        let Some(lacking) = missing(world) else { return Ok(()) };
        match world.launcher(who) {
            Launcher::NotActive if was_active || world.now() > begun + JOB_KNOWN => {
                return Err(UpgradeError::Ended(who));
            }
            Launcher::Active(components) => {
                was_active = true;
                if let Some(one) = components.into_iter().find(|one| GIVEN_UP.contains(&one.state.as_str())) {
                    return Err(UpgradeError::GivenUp { component: one.name, who, state: one.state });
                }
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
        world.pause(patience.interval.min(left));
    }
}

/// Waits until the gateway's listener answers at all.
pub(super) fn listening(world: &mut dyn World, who: Who, patience: &Patience) -> Result<(), UpgradeError> {
    wait_for(world, who, patience, false, |world| world.gateway(who).err().map(|why| format!("gateway: {why}")))
}

pub(super) fn ready(world: &mut dyn World, who: Who, patience: &Patience) -> Result<(), UpgradeError> {
    wait_for(world, who, patience, true, |world| not_ready(world, who))
}

/// What keeps an instance from being ready; None when it is ready.
pub(super) fn not_ready(world: &mut dyn World, who: Who) -> Option<String> {
    let components = match world.launcher(who) {
        Launcher::Active(components) => components,
        Launcher::NotActive => return Some("its job is not active".to_owned()),
        Launcher::Unknown(why) => return Some(why),
    };
    let late: Vec<&str> = components.iter().filter(|one| !one.ready).map(|one| one.name.as_str()).collect();
    if !late.is_empty() {
        return Some(format!("components not ready: {}", late.join(", ")));
    }
    if components.is_empty() {
        return Some("no component runs".to_owned());
    }
    world.gateway(who).err().map(|why| format!("gateway: {why}"))
}
