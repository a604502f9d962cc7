//! `zwelnch ha upgrade`: an instance, B, is replaced by its new version while its peers go on serving. Contract:
//! docs/contract/high-availability.md, "Upgrade".
//!
//! [`run`] and [`roll_back`] decide; everything they do and see goes through [`World`]. Every step looks before it acts, so that a run that
//! was interrupted anywhere can repeat its step without doing anything twice.

mod await_state;
mod error;
pub mod plan;
pub mod record;
#[cfg(test)]
mod tests;
pub mod world;

pub use error::UpgradeError;

use super::status::Launcher;
use super::verify::Findings;
use await_state::{agree, begin, drain, end, listening, not_ready, quiesce, ready};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which version of B a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// B as it is now.
    Old,
    /// B as it will be.
    New,
}

impl Who {
    /// As messages and options write it.
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
    /// Checks that the peers serve, that the old instance runs and the new one does not, and that traffic can be switched. Changes nothing.
    Check,
    Quiesce,
    Drain,
    StopOld,
    StartNew,
    /// The quiescing of a port may end with the listener that held it, so it is repeated as soon as the new listener answers.
    QuiesceNew,
    Ready,
    Verify,
    Resume,
    Final,
}

impl Step {
    /// All, in their order.
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

    /// What is done in it, for people.
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

    /// From 1 on.
    pub fn number(self) -> usize {
        Step::ALL.iter().position(|known| *known == self).unwrap_or_default() + 1
    }

    fn next(self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| *step > self)
    }
}

/// How far an upgrade has come: what is kept between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "direction", content = "step")]
pub enum Progress {
    /// This step is next, or was begun.
    Forward(Step),
    /// The old instance is being brought back, because of something that happened after this step.
    Back(Step),
}

/// How long to wait for each thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For connections to end before the old instance is stopped.
    pub drain: Duration,
    /// For a job to end after P.
    pub stop: Duration,
    /// For all components of the new instance after S.
    pub ready: Duration,
    /// For all components of the old instance after S, in a rollback. It is a time of its own: how soon the new version is judged says
    /// nothing about how long the old one needs, and giving up on the old one leaves nothing to go back to.
    pub rollback: Duration,
    /// For the Discovery Services to agree.
    pub verify: Duration,
    /// Between two checks.
    pub interval: Duration,
}

impl Patience {
    /// For all components of an instance after S.
    fn ready(&self, who: Who) -> Duration {
        match who {
            Who::Old => self.rollback,
            Who::New => self.ready,
        }
    }
}

/// Whether a step may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    Go,
    Stop,
    RollBack,
}

/// Everything outside.
pub trait World {
    /// Writes one line for whoever watches.
    fn say(&mut self, line: &str);
    /// Keeps the progress; None: the upgrade is over.
    fn keep(&mut self, progress: Option<Progress>) -> Result<(), UpgradeError>;
    /// Asked before each step, with its title.
    fn approve(&mut self, title: &str) -> Approval;
    /// The time since some fixed moment.
    fn now(&self) -> Duration;
    /// Lets some time pass.
    fn pause(&mut self, time: Duration);
    /// What is wrong with the peers; empty: they serve. Changes nothing.
    fn peer_faults(&mut self) -> Vec<String>;
    /// Whether anyone other than B serves: a peer whose gateway answers, and a server to which the balancer gives new connections. Where
    /// the balancer cannot tell, the peers' gateways decide. Changes nothing.
    fn peer_serves(&mut self) -> Result<(), UpgradeError>;
    /// Components that only B has: none of the peers that should have them too has them ready. Changes nothing.
    fn only_here(&mut self) -> Vec<String>;
    /// Whether the balancer keeps new connections from B now; None where it does not tell. Changes nothing.
    fn quiesced(&mut self) -> Result<Option<bool>, UpgradeError>;
    /// Whether traffic can be switched. Changes nothing.
    fn check_traffic(&mut self) -> Result<(), UpgradeError>;
    /// Takes the old instance out of new connections.
    fn quiesce(&mut self) -> Result<(), UpgradeError>;
    /// Gives it new connections again.
    fn resume(&mut self) -> Result<(), UpgradeError>;
    /// The connections of the instance that is replaced; None where they cannot be counted.
    fn connections(&mut self) -> Result<Option<u64>, UpgradeError>;
    /// Issues START.
    fn start(&mut self, who: Who) -> Result<(), UpgradeError>;
    /// Issues STOP.
    fn stop(&mut self, who: Who) -> Result<(), UpgradeError>;
    /// How the launcher stands.
    fn launcher(&mut self, who: Who) -> Launcher;
    /// Whether its gateway answers at its own address.
    fn gateway(&mut self, who: Who) -> Result<(), UpgradeError>;
    /// Asks all Discovery Services once.
    fn verify(&mut self, who: Who) -> Findings;
}

/// How a run ended.
#[derive(Debug)]
pub enum UpgradeOutcome {
    /// The new instance serves.
    Done,
    /// The old instance serves again; the reason is why the new one does not.
    RolledBack(UpgradeError),
    /// Nothing was changed; with the reason.
    Refused(UpgradeError),
    /// Stopped in the middle, with traffic at the peers: the same command goes on, `--rollback` goes back.
    Halted(UpgradeError),
}

/// What ends a run forward.
enum Trouble {
    /// The new instance does not work or cannot be judged: the old one is brought back.
    Back(UpgradeError),
    /// Neither going on nor going back would be better: a person must look.
    Halt(UpgradeError),
}

/// Makes the steps from `from` on. Without `automatic_rollback` a failure halts the run.
pub fn run(world: &mut dyn World, from: Step, patience: &Patience, automatic_rollback: bool) -> UpgradeOutcome {
    // A resumed run cannot know whether what the earlier run quiesced is still quiesced.
    let mut quiesced_by_us = from <= Step::Quiesce;
    let mut changed = from > Step::Check;
    let mut step = from;
    if step == Step::StopOld && matches!(world.launcher(Who::Old), Launcher::Active(_)) {
        // Connections that have come since are drained like the others.
        step = Step::Drain;
    }
    loop {
        match world.approve(step.title()) {
            Approval::Go => {}
            _ if !changed => return UpgradeOutcome::Refused(UpgradeError::StoppedAtOnce),
            Approval::Stop => return UpgradeOutcome::Halted(UpgradeError::StoppedBefore(step)),
            Approval::RollBack => return roll_back(world, step, UpgradeError::AskedFor, patience),
        }
        if step > Step::Check {
            if let Err(why) = world.keep(Some(Progress::Forward(step))) {
                let why = why.because(UpgradeError::NotKept);
                return if changed { UpgradeOutcome::Halted(why) } else { UpgradeOutcome::Refused(why) };
            }
            changed = true;
        }
        world.say(&format!("step {} of {}: {}", step.number(), Step::ALL.len(), step.title()));
        if !quiesced_by_us && (Step::Drain..=Step::Verify).contains(&step) {
            // Where no other instance serves, the one that serves must not be taken away.
            if let Err(why) = world.peer_serves() {
                world.say(&format!("  traffic is not quiesced anew: {why}"));
            } else if let Err(why) = quiesce(world) {
                return UpgradeOutcome::Halted(why.because(UpgradeError::NotQuiescedAnew).because(UpgradeError::NothingStopped));
            }
            quiesced_by_us = true;
        }
        match make(world, step, patience) {
            Ok(()) => {}
            Err(Trouble::Back(why)) if step == Step::Check => return UpgradeOutcome::Refused(why),
            Err(Trouble::Back(why)) if automatic_rollback => {
                world.say(&format!("  {why}"));
                return roll_back(world, step, why, patience);
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

fn make(world: &mut dyn World, step: Step, patience: &Patience) -> Result<(), Trouble> {
    match step {
        Step::Check => check(world).map_err(Trouble::Back),
        Step::Quiesce => {
            peers_carry_all(world)?;
            quiesce(world).map_err(|why| Trouble::Back(why.because(UpgradeError::NotQuiesced)))
        }
        Step::Drain => drain(world, patience),
        Step::StopOld => {
            if world.launcher(Who::Old) != Launcher::NotActive {
                peers_carry_all(world)?;
                still_quiesced(world, patience)?;
            }
            end(world, Who::Old, patience).map_err(Trouble::Halt)
        }
        Step::StartNew => {
            // Two copies of the same HA instance would have one address.
            if let Launcher::Active(_) = world.launcher(Who::Old) {
                return Err(Trouble::Back(UpgradeError::OldRunsAgain));
            }
            begin(world, Who::New).map_err(Trouble::Back)
        }
        Step::QuiesceNew => {
            listening(world, Who::New, patience).map_err(Trouble::Back)?;
            quiesce(world).map_err(|why| Trouble::Back(why.because(UpgradeError::NotKeptFromNew)))
        }
        Step::Ready => ready(world, Who::New, patience).map_err(Trouble::Back),
        Step::Verify => agree(world, Who::New, patience),
        Step::Resume => {
            // It was ready a while ago, which does not mean that it is ready now.
            if let Err(why) = ready(world, Who::New, patience) {
                return Err(match world.peer_serves() {
                    // Going back would only take longer.
                    Ok(()) => Trouble::Halt(why.because(UpgradeError::NotResumed)),
                    Err(_) => Trouble::Back(why),
                });
            }
            world.resume().map_err(|why| Trouble::Halt(why.because(UpgradeError::NotResumedToNew)))
        }
        Step::Final => {
            let mut faults = world.peer_faults();
            faults.extend(ready(world, Who::New, patience).err().map(|why| why.to_string()));
            if let Err(Trouble::Back(why) | Trouble::Halt(why)) = agree(world, Who::New, patience) {
                faults.push(why.to_string());
            }
            if faults.is_empty() { Ok(()) } else { Err(Trouble::Halt(UpgradeError::NotAllWell(faults))) }
        }
    }
}

/// Brings the old instance back, and traffic to it when it works. `at`: how far the upgrade had come.
pub fn roll_back(world: &mut dyn World, at: Step, why: UpgradeError, patience: &Patience) -> UpgradeOutcome {
    match go_back(world, at, patience) {
        Ok(()) => UpgradeOutcome::RolledBack(why),
        Err(what) => UpgradeOutcome::Halted(UpgradeError::RollingBack { what: Box::new(what), why: Box::new(why) }),
    }
}

fn go_back(world: &mut dyn World, at: Step, patience: &Patience) -> Result<(), UpgradeError> {
    world.say("rolling back: the old instance is to serve again");
    world.keep(Some(Progress::Back(at))).map_err(|error| error.because(UpgradeError::NotKept))?;
    let runs_alone = world.launcher(Who::New) == Launcher::NotActive;
    if at > Step::Quiesce && !(runs_alone && not_ready(world, Who::Old).is_none()) {
        exchange(world, at, patience)?;
    }
    // It must be ready at this moment, or no traffic is sent to it.
    if let Some(why) = not_ready(world, Who::Old) {
        return Err(UpgradeError::OldNotReady(why));
    }
    world.resume().map_err(|error| error.because(UpgradeError::NotResumedToOld))?;
    // It worked like this before, and without traffic it would serve nobody. Without peers there is no agreement to wait for.
    if at > Step::StopOld && world.peer_serves().is_ok() {
        if let Err(Trouble::Back(why) | Trouble::Halt(why)) = agree(world, Who::Old, patience) {
            world.say(&format!("  {why}"));
        }
    }
    world.keep(None).map_err(|error| error.because(UpgradeError::RecordStaysAfterRollback))
}

/// In a rollback: the new instance ends, the old one starts and becomes ready; meanwhile neither gets new connections.
fn exchange(world: &mut dyn World, at: Step, patience: &Patience) -> Result<(), UpgradeError> {
    if matches!(world.launcher(Who::New), Launcher::NotActive) {
        // Nothing is stopped, so nothing is lost if this fails.
        if let Err(error) = world.quiesce() {
            world.say(&format!("  traffic could not be quiesced: {error}"));
        }
    } else {
        keep_the_only_one(world)?;
        let served = at >= Step::Resume || matches!(world.quiesced(), Ok(Some(false)));
        quiesce(world).map_err(|why| why.because(UpgradeError::NotQuiesced).because(UpgradeError::NewNotStopped))?;
        if served {
            if let Err(Trouble::Back(why) | Trouble::Halt(why)) = drain(world, patience) {
                keep_the_only_one(world)?;
                return Err(why.because(UpgradeError::NewNotStopped));
            }
        }
        keep_the_only_one(world)?;
        end(world, Who::New, patience)?;
    }
    begin(world, Who::Old).and_then(|()| listening(world, Who::Old, patience))?;
    if let Err(error) = world.quiesce() {
        world.say(&format!("  traffic could not be quiesced: {error}"));
    }
    ready(world, Who::Old, patience).map_err(|error| error.because(UpgradeError::TrafficStays))
}

/// A new instance that is ready while no other instance serves gets the traffic and is not stopped.
fn keep_the_only_one(world: &mut dyn World) -> Result<(), UpgradeError> {
    let Err(why) = world.peer_serves() else { return Ok(()) };
    if not_ready(world, Who::New).is_some() {
        return Ok(());
    }
    world.say(&format!("  ATTENTION: nobody but the new instance serves ({why}): it gets the traffic, and is not stopped"));
    let resumed = world.resume().err().map(Box::new);
    Err(UpgradeError::OnlyNewServes { why: Box::new(why), resumed })
}

/// From QUIESCE on the peers carry everything.
fn peers_carry_all(world: &mut dyn World) -> Result<(), Trouble> {
    let mut faults = world.peer_faults();
    faults.extend(world.peer_serves().err().map(|why| why.to_string()));
    faults.extend(world.only_here());
    if faults.is_empty() { Ok(()) } else { Err(Trouble::Back(UpgradeError::Faults(faults).because(UpgradeError::PeersGone))) }
}

/// Checked before P, because a balancer that was restarted has lost its state.
fn still_quiesced(world: &mut dyn World, patience: &Patience) -> Result<(), Trouble> {
    match world.quiesced() {
        Ok(Some(false)) => {}
        Ok(_) => return Ok(()),
        Err(why) => return Err(Trouble::Halt(why.because(UpgradeError::QuiescedUnknown).because(UpgradeError::OldNotStopped))),
    }
    // Notices that it is no longer quiesced, and quiesces it again.
    drain(world, patience)?;
    peers_carry_all(world)?;
    match world.quiesced() {
        Ok(Some(false)) => Err(Trouble::Halt(UpgradeError::OldAgainAndAgain)),
        Ok(_) => Ok(()),
        Err(why) => Err(Trouble::Halt(why.because(UpgradeError::QuiescedUnknown).because(UpgradeError::OldNotStopped))),
    }
}

fn check(world: &mut dyn World) -> Result<(), UpgradeError> {
    let mut faults = world.peer_faults();
    faults.extend(world.peer_serves().err().map(|why| why.to_string()));
    faults.extend(world.only_here());
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
    if faults.is_empty() { Ok(()) } else { Err(UpgradeError::Faults(faults)) }
}
