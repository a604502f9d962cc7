//! A component: its manifest, where it lives, its commands, its environment. Contract: docs/contract/components.md.

mod alone;
mod check;
mod clashes;
mod command;
mod dependencies;
mod directories;
mod environment;
mod job_name;
mod known;
mod locate;
mod manifest;
mod order;
mod ports;
mod readiness;
mod references;
mod registration;
mod same_variable;
mod script;
mod seen;
mod survey;
mod version_range;

#[cfg(test)]
mod tests;

#[cfg(any(test, fuzzing))]
pub use script::fuzz as fuzz_script;
/// Reads a manifest, for the fuzzer.
#[cfg(any(test, fuzzing))]
pub fn read_manifest(root: &crate::config::node::Node) -> bool {
    manifest::read(root, "fuzz").is_ok()
}

pub use check::{Checked, check, check_alone};
pub use clashes::{Clash, InstancePorts, Listener};
pub use directories::{DirectoryFault, DirectoryProblem, Purpose};
pub use environment::{base_with_defaults, configs, environment, instance_environment, instance_with_defaults, own_variables, variables};
pub use job_name::job_name_of;
pub use locate::installed;
pub use order::{needs, order};
pub use ports::{all_listeners, launched_listeners, listeners_to_check, ports_of, shared_ports};
pub use readiness::{Probe, ProbeKind, Question, probe};
pub use references::{Expansion, Finding, FindingKind, expand};
pub(crate) use registration::regular_file;
pub use registration::{DEFINITIONS_KEY, Definition, FileError, PLUGINS_KEY, PluginDefinition, no_yaml};
pub use seen::Seen;
pub use survey::{Failure, NotInPlay, Survey, Weight, survey};

use crate::config::{Location, Problem};
use crate::platform::files::{FileKind, look};
use command::split_words;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// A step of a component's life that a manifest can give a command for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    Validate,
    PreConfigure,
    Configure,
    Start,
}

impl Phase {
    /// In the order in which they run.
    pub const ALL: [Phase; 4] = [Phase::Validate, Phase::PreConfigure, Phase::Configure, Phase::Start];

    /// As in `commands.<name>` of a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Validate => "validate",
            Phase::PreConfigure => "preConfigure",
            Phase::Configure => "configure",
            Phase::Start => "start",
        }
    }

    /// The file, relative to the component's directory, that is its command where the manifest names none.
    fn fallback(self) -> Option<&'static str> {
        match self {
            Phase::Validate => Some("bin/validate.sh"),
            Phase::PreConfigure => None,
            Phase::Configure => Some("bin/configure.sh"),
            Phase::Start => Some("bin/start.sh"),
        }
    }
}

/// One entry of `apimlServices.static`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticDefinition {
    /// Relative to the component's directory.
    pub file: String,
    /// Written once for the workspace, not once an HA instance.
    pub once: bool,
}

/// One entry of `dependencies.components`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub version_range: Option<String>,
}

/// What the launcher uses of manifest.yaml, manifest.yml or manifest.json. Everything else is tolerated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    pub name: String,
    pub id: String,
    pub version: Option<String>,
    /// `commands.<phase>`: the text as written, a path relative to the component's directory and arguments.
    pub commands: std::collections::BTreeMap<Phase, String>,
    /// `schemas.configs`, one path or a list.
    pub config_schemas: Vec<String>,
    /// `configs`: defaults of the component's properties.
    pub configs: Value,
    /// Where `configs` has what may be ports: the paths below it.
    pub config_ports: Vec<(Vec<String>, Location)>,
    pub static_definitions: Vec<StaticDefinition>,
    /// `apimlServices.dynamic[].serviceId`: the services that it registers itself.
    pub service_ids: Vec<String>,
    pub gateway_shared_libs: Vec<String>,
    pub zaas_shared_libs: Vec<String>,
    pub discovery_shared_libs: Vec<String>,
    /// `appfwPlugins[].path`.
    pub app_framework_plugins: Vec<String>,
    pub dependencies: Vec<Dependency>,
    /// `messages.ready[]`: texts of its output that say that it is ready.
    pub ready_messages: Vec<String>,
    /// `readiness`, as `components.<name>.launcher.readiness`; null where it is not defined.
    pub readiness: Value,
    /// `liveness`, likewise.
    pub liveness: Value,
}

/// An installed component.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    pub name: String,
    /// Absolute.
    pub directory: PathBuf,
    /// The manifest's file.
    pub manifest_file: PathBuf,
    /// Of all copies.
    pub manifest: Arc<Manifest>,
    /// What is odd about the manifest but does not keep the component from running.
    pub warnings: Vec<Problem>,
}

/// Why a component, or a command of it, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// A name that cannot be a directory's.
    #[error("'{}' is no component name; letters, digits, '-', '_' and '.' are expected", .name.escape_debug())]
    BadName { name: String },
    /// No directory of that name; the places that were searched.
    #[error("component {name} is not installed; searched: {}{}", show_paths(.places), did_you_mean(.nearest))]
    NotInstalled {
        name: String,
        places: Vec<PathBuf>,
        /// The installed one that was meant, where that is known.
        nearest: Option<String>,
    },
    /// A directory with no manifest in it.
    #[error("component {name} has no manifest.yaml, manifest.yml or manifest.json in {}", .directory.display())]
    ManifestMissing { name: String, directory: PathBuf },
    /// It is not known whether there is a manifest: a directory on the way to it cannot be searched, for example.
    #[error("component {name}: cannot look at {} - {reason}; check the owner and mode of its directories", .file.display())]
    Unreadable { name: String, file: PathBuf, reason: String },
    /// A directory of components cannot be listed.
    #[error("which components are in {} cannot be told - {reason}; check the owner and mode of its directories", .directory.display())]
    PlaceUnreadable { directory: PathBuf, reason: String },
    /// A manifest that cannot be read or used; everything wrong with it.
    #[error("{}", show_problems(.0))]
    Manifest(Vec<Problem>),
    /// ZWEL0172E: the manifest names a command file that is not there.
    #[error("component {component} has commands.{} defined but the file is missing: {}", .phase.name(), looked_for(.file))]
    CommandMissing { component: String, phase: Phase, file: PathBuf },
    /// A file that a manifest names, after links are resolved, lies outside the component's directory.
    #[error("component {component}: {what} leaves the component's directory: {}", .file.display())]
    Outside { component: String, what: String, file: PathBuf },
    /// Any other file that a manifest names is not there or cannot be looked at.
    #[error("component {component}: {what} cannot be used: {}: {reason}", .file.display())]
    FileMissing { component: String, what: String, file: PathBuf, reason: String },
}

impl ComponentError {
    /// As a report lists it; `place` is where the configuration speaks of the component.
    pub fn problems(&self, place: Option<Location>) -> Vec<Problem> {
        match self {
            ComponentError::Manifest(problems) => problems.clone(),
            // A warning: everything else runs, and the C launcher does not mention it at all.
            ComponentError::NotInstalled { .. } => vec![Problem::warning(place, self.to_string())],
            _ => vec![Problem::error(place, self.to_string())],
        }
    }
}

/// The one rule for names of components, as an operator can type them: ASCII letters, digits, `-`, `_` and `.`, the first no `.`.
pub fn is_component_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain)
}

/// A file that is missing, and what is there in its place.
pub fn looked_for(file: &std::path::Path) -> String {
    let what = if matches!(look(file), Ok(Some(FileKind::Directory))) { ", which is a directory" } else { "" };
    format!("{}{what}", file.display())
}

/// `; did you mean <name>?`, or nothing.
pub fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

fn show_paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn show_problems(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// A command file that exists, and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Absolute, inside the component's directory.
    pub file: PathBuf,
    pub arguments: Vec<String>,
}
