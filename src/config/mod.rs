//! Configuration: from CONFIG to what a component sees. Contract: docs/contract/configuration.md.

pub mod choice;
pub mod edit;
pub mod encoding;
mod file;
pub mod json;
pub mod keys;
pub mod merge;
pub mod node;
pub mod overlay;
pub mod schema;
pub mod secrets;
pub mod settings;
pub mod template;
pub mod typing;
pub mod variables;
pub mod version;
pub mod yaml;

mod load;
mod peers;
mod problem;
mod provenance;
mod read;
mod refusal;
mod source;
mod view;
mod zowe_variables;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use load::{LoadError, Origin};
pub use problem::{Cause, Location, Problem, unique};
pub use read::{UserSources, read_mapping, source_text};
pub use secrets::show as show_value;
pub use source::{SourceError, display_given, display_sources, first_argument, ha_instance, normalize_id, parse_sources};
pub use variables::RunFacts;
pub use version::{Version, zowe_version};

pub use crate::platform::Environment;
use crate::platform::{Platform, ShareAs, WtoCodes};
use node::{Node, NodeValue};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use view::View;

/// One place of the CONFIG list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `FILE(path)`, or a bare path.
    File(PathBuf),
    /// `PARMLIB(data.set(member))`.
    Member { data_set: String, member: String },
}

/// The HA instance that is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaInstance {
    /// Lower-cased; characters other than letters and digits are `_`.
    pub id: String,
    /// True when it was a placeholder (HAINST left out) and `id` is the system's name.
    pub from_placeholder: bool,
}

/// A configuration as one HA instance sees it: merged, evaluated, overlaid; not yet validated.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub sources: Vec<Source>,
    pub ha_instance: HaInstance,
    /// What is odd but usable.
    pub warnings: Vec<Problem>,
    /// With the overlay of `ha_instance`.
    tree: View,
    /// Merged and evaluated, without the overlay.
    base_tree: View,
    /// The overlay alone (`haInstances.<id>`), as evaluated; None where there is none.
    overlay_tree: Option<View>,
    /// Merged, before its templates were evaluated.
    raw_tree: Arc<Node>,
    /// Names of the sources that were read, `files/defaults.yaml` included, by [`Place::source`].
    names: Arc<[String]>,
    /// The runtime directory's schemas, read once.
    schemas: Arc<OnceLock<schema::Schemas>>,
    /// Whether `components.apiml` takes the place of its parts.
    single_service: SingleService,
    /// The launcher's settings of this tree, once they are asked for.
    in_force: Arc<settings::InForce>,
    /// What the schemas are asked about this tree, once they are.
    judged: Arc<schema::Judged>,
    /// What is the same for all HA instances.
    of_all: Arc<OfAllInstances>,
}

/// What is found out once for all HA instances of a configuration: there may be many of them.
#[derive(Debug, Default)]
struct OfAllInstances {
    overlays: OnceLock<overlay::Index>,
    choices: OnceLock<Vec<Problem>>,
    caching_members: OnceLock<String>,
    discovery_services: OnceLock<String>,
}

/// How `components.apiml.enabled` is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SingleService {
    /// It is not true.
    #[default]
    Off,
    /// API ML is one process.
    On,
    /// It is true, but the runtime directory (of an older Zowe) and the directory of extensions have no such component: its parts run.
    NotInstalled,
}

impl Configuration {
    /// Everything, with the overlay of the HA instance.
    pub fn value(&self) -> &Value {
        self.tree.value()
    }

    /// Everything, merged and evaluated, without the overlay.
    pub fn base(&self) -> &Value {
        self.base_tree.value()
    }

    /// The overlay alone (`haInstances.<id>`), as evaluated; None where there is none.
    pub fn overlay(&self) -> Option<&Value> {
        self.overlay_tree.as_ref().map(View::value)
    }

    /// What `path` names, with the overlay.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        self.tree.get(path)
    }

    /// The same as this HA instance sees it, but with an empty haInstances.
    pub fn without_instances(&self) -> Configuration {
        if self.get(&[INSTANCES]).is_none() {
            return self.clone();
        }
        Configuration { tree: self.tree_without_instances().clone(), judged: Arc::default(), ..self.clone() }
    }

    /// Made once, for every schema is asked about it.
    fn tree_without_instances(&self) -> &View {
        self.judged.alone.get_or_init(|| {
            let empty = Arc::new(Node::new(self.tree.place_of(&[INSTANCES]), NodeValue::Mapping(Vec::new())));
            View::beside(&self.tree, self.tree.with(&[INSTANCES], &empty))
        })
    }

    /// Gives back what is only needed to judge a configuration: the schemas, and what they have found. They are read again if they are
    /// asked for again.
    pub fn forget_judgement(&mut self) {
        (self.schemas, self.judged) = (Arc::default(), Arc::default());
    }

    /// A text that is not empty.
    fn text(&self, path: &[&str]) -> Option<&str> {
        self.get(path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// What set the value at a path, or the nearest parent that exists.
    pub fn place(&self, path: &[&str]) -> Location {
        load::show(&self.names, self.tree.place_of(path))
    }

    /// Names of all sources that were read, left-most first, `files/defaults.yaml` last.
    pub fn source_names(&self) -> &[String] {
        &self.names
    }

    /// `zowe.runtimeDirectory`; None when missing or empty.
    pub fn runtime_directory(&self) -> Option<PathBuf> {
        self.text(&["zowe", "runtimeDirectory"]).map(PathBuf::from)
    }

    /// `zowe.workspaceDirectory`; None when missing or empty.
    pub fn workspace_directory(&self) -> Option<PathBuf> {
        self.text(&["zowe", "workspaceDirectory"]).map(PathBuf::from)
    }

    /// `zowe.logDirectory`; None when missing or empty.
    pub fn log_directory(&self) -> Option<PathBuf> {
        self.text(&["zowe", "logDirectory"]).map(PathBuf::from)
    }

    /// `zowe.extensionDirectory`; None when missing or empty.
    pub fn extension_directory(&self) -> Option<PathBuf> {
        self.text(&["zowe", "extensionDirectory"]).map(PathBuf::from)
    }

    /// All keys of `components` in document order, except `launcher`, which holds settings and is no component; and the parts of the
    /// single-service API ML that has none of them.
    pub fn component_names(&self) -> Vec<String> {
        let components = self.get(&["components"]).and_then(Value::as_object);
        let mut names: Vec<String> =
            components.map(|map| map.keys().filter(|name| *name != "launcher").cloned().collect()).unwrap_or_default();
        for part in SINGLE_SERVICE_PARTS.iter().filter(|part| self.is_suppressed(part)) {
            if !names.iter().any(|name| name == part) {
                names.push((*part).to_string());
            }
        }
        names
    }

    /// True when a component is enabled after the overlay. If the single-service API ML is enabled, its parts are too, whatever they say.
    pub fn is_enabled(&self, name: &str) -> bool {
        name != "launcher" && (self.enabled_flag(name) || self.is_suppressed(name))
    }

    /// True when a component is enabled in this HA instance, in another one or without an overlay.
    pub fn is_enabled_anywhere(&self, name: &str) -> bool {
        let overlays = lookup(self.base(), &["haInstances"]).and_then(Value::as_object);
        self.is_enabled(name)
            || self.is_enabled_with(None, name)
            || overlays.is_some_and(|overlays| overlays.values().any(|overlay| self.is_enabled_with(Some(overlay), name)))
    }

    /// The same for the instance of an overlay (None: without one), judged by the configuration alone.
    fn is_enabled_with(&self, overlay: Option<&Value>, name: &str) -> bool {
        let enabled = |name: &str| is_true(self.of_instance(overlay, &["components", name, "enabled"]));
        let as_part = SINGLE_SERVICE_PARTS.contains(&name) && self.single_service != SingleService::NotInstalled;
        enabled(name) || (as_part && enabled(SINGLE_SERVICE))
    }

    /// True when `components.apiml` takes this component's place: it is enabled, configured and registered, and not launched.
    pub fn is_suppressed(&self, name: &str) -> bool {
        SINGLE_SERVICE_PARTS.contains(&name) && self.single_service == SingleService::On
    }

    /// Whether API ML runs as one process.
    pub fn single_service(&self) -> SingleService {
        self.single_service
    }

    /// Looks for the component that is API ML as one process, where it is enabled. If there is no runtime directory to look in, it counts
    /// as installed.
    fn find_single_service(&self) -> SingleService {
        if !self.enabled_flag(SINGLE_SERVICE) {
            return SingleService::Off;
        }
        let Some(components) = self.runtime_directory().map(|runtime| runtime.join("components")) else { return SingleService::On };
        let places = [Some(components.clone()), self.extension_directory()];
        let is_installed = places.into_iter().flatten().any(|place| crate::platform::files::may_be_directory(&place.join(SINGLE_SERVICE)));
        if is_installed || !crate::platform::files::may_be_directory(&components) { SingleService::On } else { SingleService::NotInstalled }
    }

    /// Enables a component for this run alone: for `zwelnch component run` of a disabled one. The tree without the overlay does not change.
    pub fn enable(&mut self, name: &str) {
        let path = ["components", name, "enabled"];
        let enabled = Arc::new(Node::new(self.tree.place_of(&path), NodeValue::Boolean(true)));
        self.tree = View::beside(&self.tree, self.tree.with(&path, &enabled));
        (self.in_force, self.judged) = (Arc::default(), Arc::default());
        self.single_service = self.find_single_service();
    }

    fn enabled_flag(&self, name: &str) -> bool {
        is_true(self.get(&["components", name, "enabled"]))
    }

    /// `zowe.configmgr.validation` is STRICT; COMPONENT-COMPAT is the fallback.
    pub fn is_strict(&self) -> bool {
        settings::VALIDATION.of(self, "launcher")
    }

    /// All violations of the runtime directory's schemas (if it has any), with warnings, and the launcher's own settings that cannot be
    /// used.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = schema::validate(self);
        problems.extend(settings::problems(self));
        problems.extend(variables::environment_problems(self));
        problems.extend(choice::problems(self));
        unique(problems)
    }

    /// Violations by the schemas of a runtime directory other than the configured one.
    #[cfg(test)]
    fn validate_by(&self, runtime: &Path) -> Vec<Problem> {
        let schemas = Arc::new(OnceLock::from(schema::Schemas::read(Some(runtime))));
        let other = Configuration { schemas, judged: Arc::default(), ..self.clone() };
        schema::validate(&other)
    }

    /// Where a manifest, as [`read_mapping`] gave it, violates the runtime's `schemas/manifest-schema.json`: warnings.
    pub fn validate_manifest(&self, manifest: &Node, name: &str) -> Vec<Problem> {
        unique(schema::validate_manifest(self, manifest, name))
    }

    /// Checks the configuration against a component's own schemas (`schemas.configs` of its manifest, resolved to files). Without any it
    /// is an error where `zowe.configmgr.validation` is STRICT, else a warning.
    pub fn validate_against(&self, component: &str, schemas: &[PathBuf]) -> Vec<Problem> {
        unique(schema::validate_component(self, component, schemas))
    }
}

/// The section of the HA instances.
const INSTANCES: &str = "haInstances";

/// API ML as one process.
pub const SINGLE_SERVICE: &str = "apiml";

/// The components that it replaces, in the order of Zowe's own list.
pub const SINGLE_SERVICE_PARTS: &[&str] = &["gateway", "discovery", "api-catalog", "caching-service", "zaas"];

/// The value that a path names within a value.
pub fn lookup<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Object(map) => map.get(*step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The value of a switch: a boolean, or the text of a quoted one.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// A file under the runtime directory, where it exists.
fn runtime_file(runtime: &Path, relative: &str) -> Option<PathBuf> {
    let file = runtime.join(relative);
    if crate::platform::files::may_be_file(&file) { Some(file) } else { None }
}

/// Settings of one component's supervision. First match wins: `haInstances.<id>.components.<c>.launcher.X`,
/// `components.<c>.launcher.X`, `components.launcher.X`, `zowe.launcher.X`, default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentSettings {
    /// Default 1 1 1 5 5 10 20 60 120 240 s; empty: never restart.
    pub restart_intervals: Vec<Duration>,
    /// Default 90 s.
    pub min_uptime: Duration,
    /// Default yes.
    pub share_as: ShareAs,
    /// Time between SIGTERM and SIGKILL: `launcher.stop.graceSeconds`, default 20 s.
    pub stop_grace: Duration,
    /// The system's number of `launcher.stop.signal`, default SIGTERM.
    pub stop_signal: i32,
    /// The system's number of `launcher.stop.killSignal`, default SIGKILL.
    pub kill_signal: i32,
    /// `launcher.stop.command`; None: the signal alone.
    pub stop_command: Option<String>,
    /// How long its validate command may take.
    pub validate_timeout: Duration,
    /// `launcher.fatalExitCodes`: after these it is not started again.
    pub fatal_exit_codes: Vec<i32>,
    /// `launcher.fatalMessages`: after a line with one of these texts it is not started again.
    pub fatal_messages: Vec<String>,
    /// `launcher.startLimit`: the number of starts, at least 1, and the time within which they count; None: no limit.
    pub start_limit: Option<(usize, Duration)>,
    /// `launcher.stdin`: operators may send it lines.
    pub standard_input: bool,
    /// `launcher.required`: the instance is of no use without it.
    pub required: bool,
    /// `launcher.dependsOn`: what must be ready before it is started, besides what its manifest names.
    pub depends_on: Vec<String>,
}

impl ComponentSettings {
    /// The two signals and the time between them.
    pub fn ending(&self) -> crate::platform::Ending {
        crate::platform::Ending { signal: self.stop_signal, kill_signal: self.kill_signal, grace: self.stop_grace }
    }
}

/// The values of `zowe.launchScript.onComponentConfigureFail` and similar settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    #[default]
    Warn,
    Exit,
}

/// Settings of the launcher itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LauncherSettings {
    /// `zowe.sysMessages`.
    pub sys_messages: Vec<String>,
    /// `zowe.sysMessageTrim` or `components.launcher.sysMessageTrim`; default false.
    pub sys_message_trim: bool,
    /// `components.launcher.wto`; default true.
    pub wto: bool,
    /// `components.launcher.wtoRouteCodes` and `wtoDescriptorCodes`; default none.
    pub wto_codes: WtoCodes,
    /// `components.launcher.onAllFailed`: true for `stay`; default false (`exit`).
    pub stay_when_all_failed: bool,
    /// `components.launcher.startRunning`: true for `reject`; default false (a START of a running component restarts it).
    pub reject_start_of_running: bool,
    /// `zowe.launchScript.onComponentConfigureFail`; default warn.
    pub on_component_configure_fail: OnFailure,
    /// `zowe.launchScript.logLevel` is debug or trace.
    pub debug: bool,
    /// `zowe.launchScript.logLevel` is trace.
    pub trace: bool,
    /// `components.launcher.onRequiredFailed`: true for `stay`; default false (`exit`).
    pub stay_when_required_failed: bool,
    /// `components.launcher.onDependencyProblem`: true for `ignore`; default false (`exit`).
    pub ignore_dependency_problems: bool,
    /// `zowe.launchScript.dependencyReadyTimeoutSeconds`; default 600 s.
    pub dependency_timeout: Duration,
    /// `components.launcher.timezone`; default UTC.
    pub zone: crate::output::Zone,
}

/// What [`Configuration::load`] needs.
pub struct LoadRequest<'a> {
    pub sources: &'a [Source],
    pub ha_instance: &'a HaInstance,
    pub platform: &'a dyn Platform,
}
