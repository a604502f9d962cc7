//! What a line of the journal is: one JSON object, the members that all have first, then those of its kind. docs/seeing.md describes them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version of the format: readers know no other.
pub const VERSION: u32 = 1;

/// A word of ours, or what a line says.
pub type Word = Cow<'static, str>;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`VERSION`].
    pub v: u32,
    /// Counts the events of a run, from 1; a gap is told of by [`Event::Lost`].
    pub seq: u64,
    /// By the system's clock, which may be set back.
    #[serde(with = "stamp")]
    pub time: Timestamp,
    /// Microseconds since the run began, by a clock that is never set back.
    pub mono: u64,
    /// When and by which process the run was begun, as in `20261127T005049Z-4711`.
    pub run: String,
    /// The HA instance.
    pub instance: String,
    #[serde(flatten)]
    pub event: Event,
}

/// A thing that takes its time begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    Begun,
    Ended,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// With `code`.
    Exited,
    /// By `signal`.
    Signal,
}

/// What has happened. Members that do not apply are left out; readers pass over members and kinds that they do not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The launcher, or a command that has a journal of its own, begins or ends.
    Run {
        edge: Edge,
        /// Of zwelnch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<Word>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<i32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sysname: Option<String>,
        /// The condition code, at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
    },
    /// A part of the preparation: `prepare` is the whole of it; `load`, `check`, `startup checks`, `workspace`, `validate`, `configure`.
    Phase {
        phase: Word,
        edge: Edge,
        /// How many commands of components are run in it, where that is known at its begin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u64>,
        #[serde(default, skip_serializing_if = "is_false")]
        failed: bool,
    },
    /// A command of one component: `validate` or `configure`.
    Step {
        component: String,
        step: Word,
        edge: Edge,
        /// In words, as in `exit code 8`; left out where there was no command to run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<String>,
        /// As a shell reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
    },
    /// A component goes from one state to another, in the words of DISP.
    State { component: String, from: Word, to: Word },
    /// The instance as a whole: `starting`, `ready`, `degraded`, `stopping`, `ended`.
    Whole { from: Word, to: Word },
    /// Its process was made.
    Spawned {
        component: String,
        pid: i32,
        /// Counts the starts of the component in this run, from 1.
        attempt: u64,
    },
    /// Its process could not be made.
    Unspawned {
        component: String,
        why: String,
        /// As for `ended`.
        next: Word,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delay_us: Option<u64>,
    },
    /// It is ready: `how` is the kind of its probe, or `no signal` where nothing tells and running counts.
    Ready { component: String, after_us: u64, how: Word },
    /// Its process has ended.
    Ended {
        component: String,
        pid: i32,
        how: How,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
        /// Its name, as in `SIGKILL`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<String>,
        up_us: u64,
        /// The launcher had told it to end.
        #[serde(default, skip_serializing_if = "is_false")]
        asked: bool,
        /// `restart`, `stopped`, `failed` or `fatal`, or the state that follows.
        next: Word,
        /// Until it is started again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delay_us: Option<u64>,
        /// What decided that: `restartIntervals`, `startLimit`, `fatalExitCodes`, `fatalMessages`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<Word>,
        /// Failures in a row, and how many restart intervals there are for them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failures: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        intervals: Option<u64>,
        /// Failures after a longer time than this are not in a row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_uptime_us: Option<u64>,
    },
    /// The last lines of a component that ended unasked, as SYSPRINT repeats them.
    Words { component: String, lines: Vec<String> },
    /// The result of a probe changes something: `kind` is `readiness` or `liveness`.
    Probe {
        component: String,
        kind: Word,
        passed: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// An operator's command and its answer.
    Command {
        text: String,
        /// Who gave it, as well as the system tells.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        from: String,
        answer: Vec<String>,
        /// Lines of the answer that are not in it.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u64,
        /// It was not carried out, or not in full.
        #[serde(default, skip_serializing_if = "is_false")]
        refused: bool,
    },
    /// What RELOAD has found, in words.
    Configuration {
        differences: Vec<String>,
        /// Only told, not done: RELOAD,CHECK.
        #[serde(default, skip_serializing_if = "is_false")]
        check: bool,
    },
    /// A step of an upgrade or rollout; what is said in it has no edge.
    Traffic {
        step: Word,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge: Option<Edge>,
        /// At its end.
        #[serde(default, skip_serializing_if = "is_false")]
        failed: bool,
        /// Which HA instance a rollout is about here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// A message of the launcher.
    Message {
        id: Word,
        /// I, W or E.
        severity: Word,
        /// With its id.
        text: String,
    },
    /// So many events before this one could not be written.
    Lost { count: u64, why: String },
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// The component that it is about.
    pub fn component(&self) -> Option<&str> {
        match self {
            Event::Step { component, .. }
            | Event::State { component, .. }
            | Event::Spawned { component, .. }
            | Event::Unspawned { component, .. }
            | Event::Ready { component, .. }
            | Event::Ended { component, .. }
            | Event::Words { component, .. }
            | Event::Probe { component, .. } => Some(component),
            _ => None,
        }
    }

    /// The beginning of the run of a launcher.
    pub fn run_begun(job: &str, sysname: &str) -> Event {
        Event::Run {
            edge: Edge::Begun,
            version: Some(env!("CARGO_PKG_VERSION").into()),
            pid: i32::try_from(std::process::id()).ok(),
            job: Some(job.to_owned()).filter(|job| !job.is_empty()),
            sysname: Some(sysname.to_owned()),
            code: None,
        }
    }

    /// Its end.
    pub fn run_ended(code: i32) -> Event {
        Event::Run { edge: Edge::Ended, version: None, pid: None, job: None, sysname: None, code: Some(code) }
    }

    /// A message as it is issued.
    pub fn message(message: &crate::message::Message) -> Event {
        let id = message.id();
        Event::Message { id: id.into(), severity: id.get(id.len() - 1..).unwrap_or_default().into(), text: message.text().to_owned() }
    }

    /// Bytes of its texts, about.
    pub(super) fn weight(&self) -> usize {
        const FIXED: usize = 192;
        let texts = |texts: &[String]| texts.iter().map(|text| text.len() + 8).sum::<usize>();
        FIXED
            + match self {
                Event::Words { lines, .. } => texts(lines),
                Event::Command { text, answer, .. } => text.len() + texts(answer),
                Event::Configuration { differences, .. } => texts(differences),
                Event::Probe { detail, .. } | Event::Traffic { detail, .. } => detail.len(),
                Event::Message { text, .. } => text.len(),
                Event::Unspawned { why, .. } => why.len(),
                _ => 0,
            }
    }

    /// Leaves out what is longer than a line may be.
    pub(super) fn bounded(mut self) -> Event {
        match &mut self {
            Event::Words { lines, .. } => drop(shorten_all(lines)),
            Event::Configuration { differences, .. } => {
                let more = shorten_all(differences);
                if more > 0 {
                    differences.push(format!("and {more} more"));
                }
            }
            Event::Command { text, answer, more, .. } => {
                shorten(text);
                *more += shorten_all(answer);
            }
            Event::Message { text, .. } => shorten(text),
            Event::Unspawned { why, .. } => shorten(why),
            Event::Probe { detail, .. } | Event::Traffic { detail, .. } => shorten(detail),
            _ => {}
        }
        self
    }
}

/// Bytes of one text, and lines of a list, at most: what is longer is on SYSPRINT.
const TEXT: usize = 8 * 1024;
const LINES: usize = 100;
const ALL_LINES: usize = 32 * 1024;

fn shorten(text: &mut String) {
    if text.len() > TEXT {
        let end = (0..=TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push_str(" ...");
    }
}

/// How many lines were left out.
fn shorten_all(lines: &mut Vec<String>) -> u64 {
    lines.iter_mut().for_each(shorten);
    let mut bytes = 0;
    let fits = lines.iter().take(LINES).take_while(|line| {
        bytes += line.len();
        bytes <= ALL_LINES
    });
    let fits = fits.count();
    let more = lines.len() - fits;
    lines.truncate(fits);
    more as u64
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// A time with microseconds, in UTC.
mod stamp {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{time:.6}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
