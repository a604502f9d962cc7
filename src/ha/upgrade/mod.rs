//! `zwelnch ha upgrade`: an instance, B, is replaced by its new version while its peers go on serving. Contract:
//! docs/contract/high-availability.md, "Upgrade".
//!
//! [`run`] and [`roll_back`] decide; everything they do and see goes through [`World`]. Every step looks before it acts, so that a run that
//! was interrupted anywhere can repeat its step without doing anything twice.

mod await_state;
mod back;
pub mod before;
mod error;
mod forward;
pub mod plan;
pub mod record;
mod serves;
mod stands;
mod stopping;
#[cfg(test)]
mod tests;
pub mod world;

pub use error::UpgradeError;
pub use serves::{Known, Serving, Standing};
pub use stands::stands;

use super::status::Launcher;
use super::verify::Findings;
use back::backward;
use forward::forward;
use serde::{Deserialize, Serialize};
use serves::Watch;
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

    /// Its name, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Step::Check => "check",
            Step::Quiesce => "quiesce",
            Step::Drain => "drain",
            Step::StopOld => "stop-old",
            Step::StartNew => "start-new",
            Step::QuiesceNew => "quiesce-new",
            Step::Ready => "ready",
            Step::Verify => "verify",
            Step::Resume => "resume",
            Step::Final => "final",
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

impl Progress {
    /// For programs: that of the step, or [`ROLL_BACK`].
    pub fn word(self) -> &'static str {
        match self {
            Progress::Forward(step) => step.word(),
            Progress::Back(_) => ROLL_BACK,
        }
    }

    /// For people, after a comma.
    pub fn words(self) -> String {
        match self {
            Progress::Forward(step) => format!("it has come to step {}, {}", step.number(), step.title()),
            Progress::Back(step) => format!("it is being rolled back from step {}", step.number()),
        }
    }
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
    /// Nobody has answered yet: it is asked again, after a look at who serves.
    Waiting,
}

/// What is seen of a run beside its lines.
#[derive(Debug, Clone, Copy)]
pub enum Sight<'a> {
    /// A step begins; None: the way back, which is one too.
    Begun { word: &'static str, step: Option<Step> },
    /// The one that was begun last has ended, and why it failed.
    Ended(Option<&'a UpgradeError>),
    /// So many connections are left, and so long they are waited for at most.
    Draining { count: u64, left: Duration },
}

/// The name of the way back, as [`Step::word`] is that of a step.
pub const ROLL_BACK: &str = "roll-back";

/// Everything outside.
pub trait World {
    /// Writes one line for whoever watches.
    fn say(&mut self, line: &str);
    /// Tells whoever watches what is seen.
    fn told(&mut self, sight: Sight<'_>);
    /// Keeps the progress; None: the upgrade is over.
    fn keep(&mut self, progress: Option<Progress>) -> Result<(), UpgradeError>;
    /// Asked before each step, with its title.
    fn approve(&mut self, title: &str) -> Approval;
    /// The time since some fixed moment.
    fn now(&self) -> Duration;
    /// Lets some time pass.
    fn pause(&mut self, time: Duration);
    /// From now on whoever is asked about B answers by this moment, counted as [`World::now`] does, or gives no answer; a last question has a
    /// second all the same. None: each question has a time of its own.
    fn answers_until(&mut self, deadline: Option<Duration>);
    /// What is wrong with the peers; empty: they serve. Changes nothing.
    fn peer_faults(&mut self) -> Vec<String>;
    /// How the peers stand towards clients: whether the gateway answers, and whether the balancer gives it new connections. Asking may end at
    /// the first that serves. Changes nothing.
    fn peers(&mut self) -> Vec<Standing>;
    /// What the registries say against an upgrade, while the old instance still runs; the texts say what to do. Changes nothing.
    fn registry_faults(&mut self) -> Vec<String>;
    /// The last that its system has of a version that has ended, one line each; empty where it has nothing.
    fn last_words(&mut self, who: Who) -> Vec<String>;
    /// Components and services that only B has: none of the peers has them. Changes nothing.
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

impl Trouble {
    fn why(&self) -> &UpgradeError {
        match self {
            Trouble::Back(why) | Trouble::Halt(why) => why,
        }
    }

    /// What halts a run has this as its consequence; going back says it itself.
    fn because(self, outer: fn(Box<UpgradeError>) -> UpgradeError) -> Trouble {
        match self {
            Trouble::Halt(why) => Trouble::Halt(why.because(outer)),
            back => back,
        }
    }
}

/// Makes the steps from `from` on. Without `automatic_rollback` a failure halts the run.
pub fn run(world: &mut dyn World, from: Step, patience: &Patience, automatic_rollback: bool) -> UpgradeOutcome {
    let mut world = Watch::new(world);
    world.changed = from > Step::Check;
    world.away = (Step::Drain..=Step::Verify).contains(&from);
    world.verified = from >= Step::Resume;
    let outcome = forward(&mut world, from, patience, automatic_rollback);
    left_well(&mut world, outcome)
}

/// Answers that are older than this are asked for again before something depends on them, as long as that helps.
const FRESH: Duration = Duration::from_secs(1);

const LAST_LOOKS: u32 = 5;

/// Brings the old instance back, and traffic to it when it works. `at`: how far the upgrade had come.
pub fn roll_back(world: &mut dyn World, at: Step, why: UpgradeError, patience: &Patience) -> UpgradeOutcome {
    let mut world = Watch::new(world);
    world.changed = true;
    world.verified = at >= Step::Resume;
    let outcome = backward(&mut world, at, why, patience);
    left_well(&mut world, outcome)
}

/// A run that is over looks once more, because nobody does after it: until nothing is left to be done, and twice, so that one wrong answer
/// does not decide, and again where an answer came so late that the others are stale.
fn left_well(world: &mut Watch<'_>, outcome: UpgradeOutcome) -> UpgradeOutcome {
    for look in 1..=LAST_LOOKS {
        let (begun, commands) = (world.now(), world.commands);
        world.look();
        if look > 1 && world.commands == commands && world.now().saturating_sub(begun) <= FRESH {
            break;
        }
    }
    outcome
}
