//! `zwelnch component conform`: the criteria of Zowe's conformance programme (version 3) as far as a program can judge them, by reading a
//! component and by running it; and the list of what a person must judge. Checks of our own are labelled as ours.

mod facts;
mod openapi;
mod plugin;
mod report;
mod rules;
mod service;
#[cfg(test)]
mod tests;

pub use report::ConformReport;

use super::trial::{Observation, TrialError};
use facts::Facts;
use std::path::{Path, PathBuf};

/// How much a criterion weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Of the programme: without it no badge.
    Required,
    /// Of the programme.
    BestPractice,
    /// A check of zwelnch, no criterion.
    Ours,
}

/// What a criterion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A service of API ML.
    Service,
    /// A plug-in of the application framework.
    Plugin,
    Component,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Met(String),
    NotMet(String),
    /// There is nothing that it could be about.
    DoesNotApply(String),
    /// It is seen by running the component alone.
    NotRun(String),
    /// A person must judge; the text says what to look at.
    ByHand(String),
}

/// One criterion.
#[derive(Clone, Copy)]
struct Rule {
    /// Its numbers in the programme's table, as `10-15`; a word for one of ours.
    item: &'static str,
    subject: Subject,
    weight: Weight,
    criterion: &'static str,
    judge: Judge,
}

#[derive(Clone, Copy)]
enum Judge {
    By(fn(&Facts) -> Verdict),
    Hand(&'static str),
}

/// A criterion and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub item: &'static str,
    pub subject: Subject,
    pub weight: Weight,
    pub criterion: &'static str,
    pub verdict: Verdict,
}

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum ConformError {
    #[error("{} has no manifest.yaml, manifest.yml or manifest.json: name the directory of a component", .0.display())]
    NoManifest(PathBuf),
    #[error("{0}")]
    Manifest(String),
    #[error("{0}")]
    Trial(#[from] TrialError),
}

/// Judges a component. `vendor`: what its ids have to begin with; `observation`: what was seen of it while it ran.
///
/// # Errors
/// [`ConformError`]. A component that does not conform is no error.
pub fn conform(directory: &Path, vendor: Option<&str>, observation: Option<Observation>) -> Result<ConformReport, ConformError> {
    let facts = Facts::read(directory, vendor, observation)?;
    let judged = |rule: &Rule| Judged {
        item: rule.item,
        subject: rule.subject,
        weight: rule.weight,
        criterion: rule.criterion,
        verdict: match rule.judge {
            Judge::By(judge) => judge(&facts),
            Judge::Hand(what) => Verdict::ByHand(what.to_owned()),
        },
    };
    let applies = |rule: &&Rule| match rule.subject {
        Subject::Service => facts.is_service(),
        Subject::Plugin => facts.is_plugin(),
        Subject::Component => true,
    };
    let judged = rules::RULES.iter().flat_map(|rules| rules.iter()).filter(applies).map(judged).collect();
    Ok(ConformReport {
        component: facts.name().to_owned(),
        version: facts.text(&["version"]),
        was_run: facts.observation.is_some(),
        judged,
    })
}
