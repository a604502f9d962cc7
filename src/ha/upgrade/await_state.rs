//! The parts of a step that take time: connections that end, jobs that come and go, instances that become ready.

use super::{Patience, Who, World};
use crate::ha::status::Launcher;
use std::time::Duration;

/// Waits until no connection is left, or the time is over.
pub(super) fn drain(world: &mut dyn World, patience: &Patience) {
    let deadline = world.now() + patience.drain;
    let mut last = None;
    let mut uncounted = false;
    loop {
        match world.connections() {
            Ok(Some(0)) => return world.say("  no connection is left"),
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
}

/// Starts an instance that does not run.
pub(super) fn begin(world: &mut dyn World, who: Who) -> Result<(), String> {
    match world.launcher(who) {
        Launcher::Active(_) => {
            world.say(&format!("  the {} instance runs already", who.word()));
            Ok(())
        }
        Launcher::NotActive => world.start(who).map_err(|why| format!("the {} instance could not be started: {why}", who.word())),
        Launcher::Unknown(why) => Err(format!("the {} instance's state is not known: {why}", who.word())),
    }
}

/// Stops an instance and waits until its job has ended.
pub(super) fn end(world: &mut dyn World, who: Who, patience: &Patience) -> Result<(), String> {
    if world.launcher(who) == Launcher::NotActive {
        world.say(&format!("  the {} instance does not run", who.word()));
        return Ok(());
    }
    world.stop(who).map_err(|why| format!("the {} instance could not be stopped: {why}", who.word()))?;
    let deadline = world.now() + patience.stop;
    loop {
        if world.launcher(who) == Launcher::NotActive {
            return Ok(());
        }
        let left = deadline.saturating_sub(world.now());
        if left.is_zero() {
            let seconds = patience.stop.as_secs();
            return Err(format!(
                "the {} instance has not ended {seconds} s after it was told to: look at its job, or cancel it",
                who.word()
            ));
        }
        world.pause(patience.interval.min(left));
    }
}

/// States in which a component stays down.
const GIVEN_UP: [&str; 2] = ["failed", "fatal"];

/// How long a job may take to be known after S was accepted.
const JOB_KNOWN: Duration = Duration::from_secs(30);

/// Waits until nothing is missing; gives up early when the launcher has ended or a component has given up. `was_active`: the job was seen.
fn wait_for(
    world: &mut dyn World,
    who: Who,
    patience: &Patience,
    mut was_active: bool,
    mut missing: impl FnMut(&mut dyn World) -> Option<String>,
) -> Result<(), String> {
    let begun = world.now();
    let deadline = begun + patience.ready;
    let mut last = String::new();
    loop {
        let Some(lacking) = missing(world) else { return Ok(()) };
        match world.launcher(who) {
            Launcher::NotActive if was_active || world.now() > begun + JOB_KNOWN => {
                return Err(format!("the {} instance has ended by itself: see its SYSPRINT", who.word()));
            }
            Launcher::Active(components) => {
                was_active = true;
                if let Some(one) = components.iter().find(|one| GIVEN_UP.contains(&one.state.as_str())) {
                    return Err(format!("component {} of the {} instance is {}: see its SYSPRINT", one.name, who.word(), one.state));
                }
            }
            _ => {}
        }
        if lacking != last {
            world.say(&format!("  waiting: {lacking}"));
        }
        let left = deadline.saturating_sub(world.now());
        if left.is_zero() {
            return Err(format!("the {} instance is not ready after {} s: {lacking}", who.word(), patience.ready.as_secs()));
        }
        last = lacking;
        world.pause(patience.interval.min(left));
    }
}

/// Waits until the gateway's listener answers at all.
pub(super) fn listening(world: &mut dyn World, who: Who, patience: &Patience) -> Result<(), String> {
    wait_for(world, who, patience, false, |world| world.gateway(who).err().map(|why| format!("gateway: {why}")))
}

pub(super) fn ready(world: &mut dyn World, who: Who, patience: &Patience) -> Result<(), String> {
    wait_for(world, who, patience, true, |world| not_ready(world, who))
}

/// What keeps an instance from being ready; None: nothing.
fn not_ready(world: &mut dyn World, who: Who) -> Option<String> {
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
