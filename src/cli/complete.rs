//! What a shell offers for names: HA instances and components of the configuration, jobs of the system. The scripts that ask are those of
//! clap_complete: `source <(ZWELNCH_COMPLETE=bash zwelnch)`. Nothing is started, written or said; what cannot be read offers nothing.

use crate::config::{self, node::Node};
use crate::launcher::Start;
use crate::platform::NativePlatform;
use crate::system::SystemDirectory;
use clap_complete::engine::CompletionCandidate;
use clap_complete::{ArgValueCompleter, CompleteEnv};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

/// The variable by which a shell's script calls: not one that anything else may have set.
const VARIABLE: &str = "ZWELNCH_COMPLETE";

/// Answers a shell that asks for its script or for candidates; false when none asks.
pub(super) fn asked(command: fn() -> clap::Command) -> bool {
    if std::env::var_os(VARIABLE).is_none_or(|shell| shell.is_empty()) {
        return false;
    }
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
    true
}

pub(super) fn instances() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| beginning_with(typed, keys("haInstances")))
}

pub(super) fn components() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let names = keys("components").into_iter().filter(|name| name != "launcher").collect();
        beginning_with(typed, names)
    })
}

pub(super) fn jobs() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let place = value_of(&["--system"]).map(PathBuf::from);
        let jobs = SystemDirectory::if_there(place.as_deref()).map(|system| system.jobs()).unwrap_or_default();
        let names = jobs.into_iter().flat_map(|job| [job.job_name, job.job_id]).collect();
        beginning_with(typed, names)
    })
}

/// The keys of a mapping at the top of the configuration that the command line, else the environment, names.
fn keys(of: &str) -> Vec<String> {
    let config = value_of(&["-c", "--config"]).and_then(|config| config.into_string().ok());
    let Some(merged) = merged(config) else { return Vec::new() };
    match merged.at(&[of]).map(Node::to_value) {
        Some(serde_json::Value::Object(mapping)) => mapping.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The sources of a configuration merged, as they are written; None when they cannot be read.
fn merged(given: Option<String>) -> Option<Arc<Node>> {
    let config = match given {
        // As for every command: a bare relative path is relative to the working directory.
        Some(path) if !path.contains('(') => std::path::absolute(path).ok()?.to_str()?.to_owned(),
        Some(sources) => sources,
        None => Start::from_environment(Vec::new(), None).config?,
    };
    let sources = config::parse_sources(&config).ok()?;
    config::UserSources::read(&sources, &NativePlatform::for_command()).into_merged().ok()
}

/// The value of an option on the command line that is being completed.
fn value_of(options: &[&str]) -> Option<OsString> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let at = words.iter().rposition(|word| options.iter().any(|option| word == *option))?;
    words.get(at + 1).cloned()
}

fn beginning_with(typed: &OsStr, mut names: Vec<String>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy().to_lowercase();
    names.sort();
    names.dedup();
    names.into_iter().filter(|name| name.to_lowercase().starts_with(&typed)).map(CompletionCandidate::new).collect()
}
