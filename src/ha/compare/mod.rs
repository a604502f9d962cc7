//! What the differences of two configurations mean for an upgrade without downtime: A, which goes on serving, and B, which is replaced.
//! Contract: docs/contract/high-availability.md, "What two configurations may share"; the rules are in `rules`.
//!
//! "Must be the same" is checked on the configurations without an overlay, which hold the overlays of all instances below `haInstances`:
//! the values that each instance of a sysplex has of its own (host name, ports) do not count as differences. "Must differ" and the user
//! interfaces are checked on what the two chosen instances see.

mod classify;
mod directory;
mod report;
mod rules;
pub mod running;
#[cfg(test)]
mod tests;
pub mod write;

use super::target::{self, TargetError};
use crate::config::{self, Configuration, Location, zowe_version};
use crate::platform::Platform;
use serde_json::Value;

/// What a difference, or the lack of one, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Differs, as it must or may.
    Allowed,
    /// Is the same on both sides and must not be; or is a choice that has not been made.
    MustDiffer,
    /// Differs and must not.
    MustBeTheSame,
    /// A user interface that is active on both sides while their levels differ.
    TwoUserInterfaces,
}

impl Class {
    /// Whether the two configurations may not run side by side because of it.
    pub fn is_violation(self) -> bool {
        self != Class::Allowed
    }

    /// As the report shows it.
    pub fn words(self) -> &'static str {
        match self {
            Class::Allowed => "allowed",
            Class::MustDiffer => "must differ",
            Class::MustBeTheSame => "must be the same",
            Class::TwoUserInterfaces => "UI service active on both with mixed levels",
        }
    }
}

/// What a property is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    HighAvailability,
    Security,
    Other,
}

impl Group {
    /// As the report shows it.
    pub fn words(self) -> &'static str {
        match self {
            Group::HighAvailability => "high availability",
            Group::Security => "security",
            Group::Other => "other",
        }
    }
}

/// A property on one side.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// None: not set.
    pub value: Option<Value>,
    /// What applies when it is not set, where that matters.
    pub default: Option<String>,
    /// What set it, or the nearest existing parent.
    pub place: Location,
}

/// One property of interest.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Keys from the root.
    pub path: Vec<String>,
    pub class: Class,
    /// A violation that the user accepts: not counted.
    pub accepted: bool,
    pub group: Group,
    /// Anything else to report, such as `choice not made`.
    pub note: Option<String>,
    pub a: Seen,
    pub b: Seen,
}

impl Difference {
    /// False for what was accepted.
    pub fn is_violation(&self) -> bool {
        self.class.is_violation() && !self.accepted
    }

    /// The class as reports show it.
    pub fn words(&self) -> &'static str {
        if self.accepted { "accepted" } else { self.class.words() }
    }
}

/// The versions in the `manifest.json` of the two runtime directories; None where no version can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    pub a: Option<String>,
    pub b: Option<String>,
}

impl Levels {
    /// True when the two versions differ and, to be on the safe side, when one is unknown.
    pub fn mixed(&self) -> bool {
        self.a.is_none() || self.a != self.b
    }
}

/// What a comparison is told besides the two configurations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Properties, written as steps joined with dots: violations at or below them are reported as accepted and not counted.
    pub accept: Vec<String>,
}

/// The result of comparing two configurations.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Violations first, then what was accepted, then what is allowed.
    pub differences: Vec<Difference>,
    pub levels: Levels,
    /// Names of the user's sources and the id of the instance, of A and of B.
    pub sides: [(Vec<String>, String); 2],
    /// Entries of [`Options::accept`] for which no violation was found.
    pub unused: Vec<String>,
}

impl Comparison {
    /// What keeps the two from running side by side.
    pub fn violations(&self) -> Vec<&Difference> {
        self.differences.iter().filter(|difference| difference.is_violation()).collect()
    }

    /// 8 if there is any violation, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.differences.iter().any(Difference::is_violation) { 8 } else { 0 }
    }
}

/// Compares the configuration of the instance that goes on serving (A) with that of the instance that is replaced (B), each loaded for its
/// instance or without one. Reads both `manifest.json` files and follows symbolic links of directories; changes nothing.
pub fn between(a: &Configuration, b: &Configuration, options: &Options) -> Comparison {
    let level = |side: &Configuration| side.runtime_directory().and_then(|runtime| zowe_version(&runtime));
    let levels = Levels { a: level(a), b: level(b) };
    let mut differences = classify::classify([a, b], levels.mixed(), &directory::resolved);
    let mut unused = Vec::new();
    for accepted in &options.accept {
        let steps: Vec<&str> = accepted.split('.').collect();
        let mut used = false;
        for difference in differences.iter_mut().filter(|difference| difference.class.is_violation()) {
            if difference.path.len() >= steps.len() && difference.path.iter().zip(&steps).all(|(own, step)| own == step) {
                difference.accepted = true;
                used = true;
            }
        }
        if !used {
            unused.push(accepted.clone());
        }
    }
    // Stable: within one rank they stay in the order of the document.
    differences.sort_by_key(classify::rank);
    let side = |side: &Configuration| (side.sources.iter().map(config::Source::name).collect(), side.ha_instance.id.clone());
    Comparison { differences, levels, sides: [side(a), side(b)], unused }
}

/// One of the two configurations, as a command names it.
#[derive(Debug, Clone)]
pub struct Side {
    /// As in CONFIG.
    pub config: String,
    /// None: the configuration itself, without an overlay.
    pub ha_instance: Option<String>,
}

/// Loads one side.
///
/// # Errors
/// [`TargetError`]: no list of sources, sources that do not load, an instance that is not defined.
pub fn load(side: &Side, platform: &dyn Platform) -> Result<Configuration, TargetError> {
    let ha_instance = side.ha_instance.as_ref().map_or_else(config::HaInstance::none, |id| config::ha_instance(id, platform));
    target::load_for(&side.config, &ha_instance, platform)
}
