//! `zwelnch ha upgrade`: an instance, B, is replaced by its new version while its peers go on serving. Contract: reference/ha.md, "The
//! documented procedure".
//!
//! [`run`] and [`roll_back`] decide; all they do and see goes through [`World`]. Every step looks at what is before it acts, so that a run that
//! was interrupted anywhere begins its step again, and does nothing twice.

mod await_state;
pub mod plan;
pub mod record;
#[cfg(test)]
mod tests;
pub mod world;

use super::status::Launcher;
use await_state::{begin, drain, end, listening, ready};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which of the three a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// B as it is now.
    Old,
    /// B as it is to be.
    New,
}

impl Who {
    pub fn word(self) -> &'static str {
        match self {
            Who::Old => "old",
            Who::New => "new",
        }
    }
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The peers serve, the old instance runs, the new one does not, and traffic can be switched. Nothing is changed.
    Check,
    Quiesce,
    Drain,
    StopOld,
    StartNew,
    /// The quiescing of a port may end with the listener that held it: once more, as soon as the new listener answers.
    QuiesceNew,
    Ready,
    Verify,
    Resume,
    Final,
}

impl Step {
    pub const ALL: [Step; 10] = [
        Step::Check,
        Step::Quiesce,
        Step::Drain,
        Step::StopOld,
        Step::StartNew,
        Step::QuiesceNew,
        Step::Ready,
        Step::Verify,
        Step::Resume,
        Step::Final,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Step::Check => "check that the peers serve and traffic can be switched",
            Step::Quiesce => "quiesce: no new connections to the old instance",
            Step::Drain => "drain: let the connections of the old instance end",
            Step::StopOld => "stop the old instance",
            Step::StartNew => "start the new instance",
            Step::QuiesceNew => "keep new connections from the new instance until it is ready",
            Step::Ready => "wait until the new instance is ready",
            Step::Verify => "verify that the Discovery Services agree",
            Step::Resume => "resume: new connections to the new instance",
            Step::Final => "check everything once more",
        }
    }

    fn next(self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| *step > self)
    }
}

/// Where an upgrade has come to: what is kept between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "direction", content = "step")]
pub enum Progress {
    /// This step is to be made, or was begun.
    Forward(Step),
    /// The old instance is being brought back; begun because of something after this step.
    Back(Step),
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For connections to end before the old instance is stopped.
    pub drain: Duration,
    /// For a job to end after P.
    pub stop: Duration,
    /// For all components of an instance after S.
    pub ready: Duration,
    /// For the Discovery Services to agree.
    pub verify: Duration,
    /// Between two looks.
    pub interval: Duration,
}

/// Whether a step may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    Go,
    Stop,
    RollBack,
}

/// Everything outside. Errors are texts for people, which say what and what to do.
pub trait World {
    /// One line for whoever watches.
    fn say(&mut self, line: &str);
    /// Keeps the progress; None: the upgrade is over.
    fn keep(&mut self, progress: Option<Progress>) -> Result<(), String>;
    /// Asked before each step, with its title.
    fn approve(&mut self, title: &str) -> Approval;
    /// Since some moment.
    fn now(&self) -> Duration;
    fn pause(&mut self, time: Duration);
    /// What is wrong with the peers; none: they serve. Changes nothing.
    fn peer_faults(&mut self) -> Vec<String>;
    /// Whether traffic can be switched. Changes nothing.
    fn check_traffic(&mut self) -> Result<(), String>;
    fn quiesce(&mut self) -> Result<(), String>;
    fn resume(&mut self) -> Result<(), String>;
    /// Of the instance that is replaced; None where they cannot be counted.
    fn connections(&mut self) -> Result<Option<u64>, String>;
    fn start(&mut self, who: Who) -> Result<(), String>;
    fn stop(&mut self, who: Who) -> Result<(), String>;
    fn launcher(&mut self, who: Who) -> Launcher;
    /// Whether its gateway answers at its own address.
    fn gateway(&mut self, who: Who) -> Result<(), String>;
    /// Waits until all Discovery Services agree; what is different when the time is over.
    fn verify(&mut self, who: Who, timeout: Duration) -> Vec<String>;
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The new instance serves.
    Done,
    /// The old instance serves again; why the new one does not.
    RolledBack(String),
    /// Nothing was changed; why.
    Refused(String),
    /// In the middle, with traffic at the peers: the same command goes on, `--rollback` goes back.
    Halted(String),
}

/// What ends a run forward.
enum Trouble {
    /// The new instance is no good, or cannot be judged: the old one is to come back.
    Back(String),
    /// Neither forward nor back would be better: somebody must look.
    Halt(String),
}

/// Makes the steps from `from` on. `automatic_rollback`: else a failure halts.
pub fn run(world: &mut dyn World, from: Step, patience: &Patience, automatic_rollback: bool) -> Outcome {
    // A run that goes on cannot know whether what it had quiesced still is.
    let mut quiesced_by_us = from <= Step::Quiesce;
    let mut changed = from > Step::Check;
    let mut step = from;
    loop {
        let number = Step::ALL.iter().position(|known| *known == step).unwrap_or_default() + 1;
        match world.approve(step.title()) {
            Approval::Go => {}
            _ if !changed => return Outcome::Refused("stopped before anything was changed".to_owned()),
            Approval::Stop => return Outcome::Halted(format!("stopped before step {number}: {}", step.title())),
            Approval::RollBack => return roll_back(world, step, "asked for", patience),
        }
        if step > Step::Check {
            if let Err(why) = world.keep(Some(Progress::Forward(step))) {
                let why = format!("the progress cannot be kept: {why}");
                return if changed { Outcome::Halted(why) } else { Outcome::Refused(why) };
            }
            changed = true;
        }
        world.say(&format!("step {number} of {}: {}", Step::ALL.len(), step.title()));
        if !quiesced_by_us && (Step::Drain..=Step::Verify).contains(&step) {
            if let Err(why) = world.quiesce() {
                world.say(&format!("  traffic could not be quiesced anew: {why}"));
            }
            quiesced_by_us = true;
        }
        match make(world, step, patience) {
            Ok(()) => {}
            Err(Trouble::Back(why)) if step == Step::Check => return Outcome::Refused(why),
            Err(Trouble::Back(why)) if automatic_rollback => {
                world.say(&format!("  {why}"));
                return roll_back(world, step, &why, patience);
            }
            Err(Trouble::Back(why) | Trouble::Halt(why)) => return Outcome::Halted(why),
        }
        match step.next() {
            Some(next) => step = next,
            None => {
                return match world.keep(None) {
                    Ok(()) => Outcome::Done,
                    Err(why) => Outcome::Halted(format!("the upgrade is done, but its record cannot be removed: {why}")),
                };
            }
        }
    }
}

fn make(world: &mut dyn World, step: Step, patience: &Patience) -> Result<(), Trouble> {
    match step {
        Step::Check => check(world).map_err(Trouble::Back),
        Step::Quiesce => world.quiesce().map_err(|why| Trouble::Back(format!("traffic could not be quiesced: {why}"))),
        Step::Drain => {
            drain(world, patience);
            Ok(())
        }
        Step::StopOld => {
            // From here on they carry everything.
            let faults = world.peer_faults();
            if !faults.is_empty() {
                return Err(Trouble::Back(format!("the peers do not serve any more: {}", faults.join("; "))));
            }
            end(world, Who::Old, patience).map_err(Trouble::Halt)
        }
        Step::StartNew => {
            // Two of the same HA instance would have one address.
            if let Launcher::Active(_) = world.launcher(Who::Old) {
                return Err(Trouble::Back("the old instance runs again: somebody else has started it".to_owned()));
            }
            begin(world, Who::New).map_err(Trouble::Back)
        }
        Step::QuiesceNew => {
            listening(world, Who::New, patience).map_err(Trouble::Back)?;
            world.quiesce().map_err(|why| Trouble::Back(format!("traffic could not be kept from the new instance: {why}")))
        }
        Step::Ready => ready(world, Who::New, patience).map_err(Trouble::Back),
        Step::Verify => {
            let differences = world.verify(Who::New, patience.verify);
            if differences.is_empty() {
                return Ok(());
            }
            Err(Trouble::Back(format!(
                "the Discovery Services do not agree after {} s: {}",
                patience.verify.as_secs(),
                differences.join("; ")
            )))
        }
        // The peers serve meanwhile: going back would only take longer.
        Step::Resume => world.resume().map_err(|why| {
            Trouble::Halt(format!("the new instance is ready, but traffic could not be resumed to it: {why}; the peers serve meanwhile"))
        }),
        Step::Final => {
            let mut faults = world.peer_faults();
            faults.extend(ready(world, Who::New, patience).err());
            faults.extend(world.verify(Who::New, patience.verify));
            match faults.as_slice() {
                [] => Ok(()),
                faults => Err(Trouble::Halt(format!("the new instance serves, but not all is well: {}", faults.join("; ")))),
            }
        }
    }
}

/// Brings the old instance back, and traffic to it when it works. `at`: how far the upgrade had come.
pub fn roll_back(world: &mut dyn World, at: Step, why: &str, patience: &Patience) -> Outcome {
    let back = |what: String| Outcome::Halted(format!("{what} (rolling back because: {why})"));
    world.say("rolling back: the old instance is to serve again");
    if let Err(error) = world.keep(Some(Progress::Back(at))) {
        return back(format!("the progress cannot be kept: {error}"));
    }
    if at > Step::Quiesce {
        // Neither the new instance on its way down nor the old one on its way up is to be given connections.
        if let Err(error) = world.quiesce() {
            world.say(&format!("  traffic could not be quiesced: {error}"));
        }
        if !matches!(world.launcher(Who::New), Launcher::NotActive) {
            if at >= Step::Resume {
                drain(world, patience);
            }
            if let Err(error) = end(world, Who::New, patience) {
                return back(error);
            }
        }
        if let Err(error) = begin(world, Who::Old).and_then(|()| listening(world, Who::Old, patience)) {
            return back(error);
        }
        if let Err(error) = world.quiesce() {
            world.say(&format!("  traffic could not be quiesced: {error}"));
        }
        if let Err(error) = ready(world, Who::Old, patience) {
            return back(format!("{error}; traffic stays at the peers"));
        }
        let differences = world.verify(Who::Old, patience.verify);
        if !differences.is_empty() {
            // It worked like this before; without traffic it would serve nobody.
            world.say(&format!("  the Discovery Services do not agree: {}", differences.join("; ")));
        }
    }
    if let Err(error) = world.resume() {
        return back(format!("the old instance is ready, but traffic could not be resumed to it: {error}; the peers serve meanwhile"));
    }
    match world.keep(None) {
        Ok(()) => Outcome::RolledBack(why.to_owned()),
        Err(error) => back(format!("the old instance serves, but the record of the upgrade cannot be removed: {error}")),
    }
}

fn check(world: &mut dyn World) -> Result<(), String> {
    let mut faults = world.peer_faults();
    match world.launcher(Who::Old) {
        Launcher::Active(_) => {}
        Launcher::NotActive => faults.push("the old instance does not run: start it, or start the new one in its place".to_owned()),
        Launcher::Unknown(why) => faults.push(format!("the old instance's state is not known: {why}")),
    }
    match world.launcher(Who::New) {
        Launcher::NotActive => {}
        Launcher::Active(_) => faults.push("the new instance runs already".to_owned()),
        Launcher::Unknown(why) => faults.push(format!("the new instance's state is not known: {why}")),
    }
    faults.extend(world.check_traffic().err().map(|why| format!("traffic cannot be switched: {why}")));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}
