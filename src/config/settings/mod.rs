//! The launcher's own settings: one table has the places, type, default and meaning of each; reading and checking are driven by it.

mod document;
mod editor;
mod kind;
mod table;
mod unread;

pub use document::document;
pub use editor::{manifest_schema, zowe_schema};
use kind::Kind;
pub use kind::{JournalLimits, LogLevel, StartupCheck};
pub use table::*;

use super::{ComponentSettings, Configuration, LauncherSettings, Problem, secrets};
use crate::platform::WtoCodes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// What [`READINESS`]'s schema refers to.
const PROBE_DEFINITIONS: &str = include_str!("probe.definitions.json");

/// One setting, whose values are `T`.
pub struct Setting<T: 'static> {
    places: &'static [&'static str],
    kind: &'static Kind<T>,
    default: &'static str,
    meaning: &'static str,
    /// The default as it is read, once.
    value: OnceLock<T>,
}

impl<T> Setting<T> {
    const fn new(places: &'static [&'static str], kind: &'static Kind<T>, default: &'static str, meaning: &'static str) -> Self {
        Setting { places, kind, default, meaning, value: OnceLock::new() }
    }
}

impl<T: Clone + Default> Setting<T> {
    /// The value in force for a component: the first usable one, places in order, else the default. null counts as left out.
    pub(super) fn of(&self, configuration: &Configuration, component: &str) -> T {
        let found = self.places.iter().find_map(|place| {
            let value = configuration.get(&steps(place, component)).filter(|value| !value.is_null())?;
            self.kind.read(value)
        });
        // That every default can be read is proven by a test.
        found.unwrap_or_else(|| self.value.get_or_init(|| self.read_default().unwrap_or_default()).clone())
    }

    fn read_default(&self) -> Option<T> {
        let document = super::yaml::read(self.default, "default", 0, false).ok()?;
        self.kind.read(&document.root.to_value())
    }
}

/// A setting of any type, as reports and documentation use it.
pub trait Row: Sync {
    /// Where it may stand, first match wins; `*` is the component's name.
    fn places(&self) -> &'static [&'static str];
    /// As it would be written in zowe.yaml.
    fn default_text(&self) -> &'static str;
    /// What it is for, as docs/configuration.md says it.
    fn meaning(&self) -> &'static str;
    /// Its values, as the documentation describes them.
    fn values(&self) -> String;
    /// The JSON Schema of its values, for editors.
    fn schema(&self) -> Value;
    /// Why a value is none of them, or what is expected in its place; None: it can be used.
    fn refusal(&self, value: &Value) -> Option<String>;
    /// Whether its default is one of its values.
    #[cfg(test)]
    fn has_default(&self) -> bool;
}

impl<T: Clone + Default + Send + Sync> Row for Setting<T> {
    fn places(&self) -> &'static [&'static str] {
        self.places
    }

    fn default_text(&self) -> &'static str {
        self.default
    }

    fn meaning(&self) -> &'static str {
        self.meaning
    }

    fn values(&self) -> String {
        self.kind.document()
    }

    fn schema(&self) -> Value {
        self.kind.schema()
    }

    fn refusal(&self, value: &Value) -> Option<String> {
        self.kind.refusal(value)
    }

    #[cfg(test)]
    fn has_default(&self) -> bool {
        self.read_default().is_some()
    }
}

/// What a configuration says of all settings, each read once, when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct InForce {
    launcher: OnceLock<LauncherSettings>,
    components: OnceLock<BTreeMap<String, Arc<ComponentSettings>>>,
}

/// The steps of a place; a component's name may hold dots.
fn steps<'a>(place: &'a str, component: &'a str) -> Vec<&'a str> {
    place.split('.').map(|step| if step == "*" { component } else { step }).collect()
}

impl Configuration {
    /// What a fault that one of the startup checks ([`CHECK_PORTS`] and its like) finds leads to.
    pub fn startup_check(&self, setting: &Setting<StartupCheck>) -> StartupCheck {
        setting.of(self, "launcher")
    }

    /// Whether the ports of a component must be free before it is started.
    pub fn validates_port_free(&self, component: &str) -> bool {
        VALIDATE_PORT_FREE.of(self, component)
    }

    /// The one address at which they must be; None: where the component listens.
    pub fn vipa(&self, component: &str) -> Option<String> {
        Some(VIPA.of(self, component).trim().to_string()).filter(|address| !address.is_empty())
    }

    /// Where the value in force of a setting of the launcher, or of a component, was set and what it is; None: its default applies.
    pub fn setting_in_force(&self, setting: &dyn Row, component: &str) -> Option<(Vec<String>, &Value)> {
        setting.places().iter().find_map(|place| {
            let path = steps(place, component);
            let value = self.get(&path).filter(|value| setting.refusal(value).is_none())?;
            Some((path.iter().map(|step| (*step).to_string()).collect(), value))
        })
    }

    /// The settings of one component's supervision.
    pub fn component_settings(&self, name: &str) -> Arc<ComponentSettings> {
        let read = |name: &str| Arc::new(self.read_component_settings(name));
        let all = || self.component_names().into_iter().map(|name| (name.clone(), read(&name))).collect();
        self.in_force.components.get_or_init(all).get(name).map_or_else(|| read(name), Arc::clone)
    }

    /// The settings of the launcher itself.
    pub fn launcher_settings(&self) -> &LauncherSettings {
        self.in_force.launcher.get_or_init(|| self.read_launcher_settings())
    }

    fn read_component_settings(&self, name: &str) -> ComponentSettings {
        let count = usize::try_from(START_LIMIT_COUNT.of(self, name)).ok().filter(|count| *count > 0);
        ComponentSettings {
            restart_intervals: RESTART_INTERVALS.of(self, name),
            min_uptime: MINIMUM_UPTIME.of(self, name),
            share_as: SHARE_AS.of(self, name),
            stop_grace: STOP_GRACE.of(self, name),
            stop_signal: STOP_SIGNAL.of(self, name),
            kill_signal: KILL_SIGNAL.of(self, name),
            stop_command: Some(STOP_COMMAND.of(self, name)).filter(|text| !text.trim().is_empty()),
            validate_timeout: VALIDATE_TIMEOUT.of(self, name),
            fatal_exit_codes: FATAL_EXIT_CODES.of(self, name),
            fatal_messages: FATAL_MESSAGES.of(self, name).into_iter().filter(|text| !text.is_empty()).collect(),
            start_limit: count.map(|count| (count, START_LIMIT_SECONDS.of(self, name))),
            standard_input: STANDARD_INPUT.of(self, name),
            required: REQUIRED.of(self, name),
            depends_on: DEPENDS_ON.of(self, name),
        }
    }

    /// Where the output of a component is also written to; None: nowhere but to SYSPRINT.
    pub fn component_log(&self, name: &str) -> Option<crate::output::LogSettings> {
        if !LOG_FILE.of(self, name) {
            return None;
        }
        // A component's name is a file's name there, whatever it holds.
        let file = format!("{}-{}.log", name.replace('/', "_"), self.ha_instance.id);
        let (size, count) = (LOG_SIZE.of(self, name), LOG_COUNT.of(self, name));
        Some(crate::output::LogSettings { path: self.log_directory()?.join(file), size, count })
    }

    /// Where the launcher's journal is; None: there is none, or no directory for it.
    pub fn journal(&self) -> Option<crate::output::LogSettings> {
        let JournalLimits { size, count } = JOURNAL.of(self, "launcher")?;
        let directory = self.log_directory().or_else(|| self.workspace_directory())?;
        Some(crate::output::LogSettings { path: directory.join(format!("zwelnch-{}.journal", self.ha_instance.id)), size, count })
    }

    /// What issues operator commands on z/OS; None: whatever can.
    pub fn console_through(&self) -> Option<crate::platform::operator_command::Interface> {
        CONSOLE_THROUGH.of(self, "launcher")
    }

    /// Where metrics and health are served; empty: nowhere. The order and number of the addresses are the configuration's.
    pub fn metrics_addresses(&self) -> Vec<SocketAddr> {
        let launcher = "launcher";
        match METRICS_PORT.of(self, launcher) {
            0 => Vec::new(),
            port => METRICS_ADDRESSES.of(self, launcher).into_iter().map(|address| SocketAddr::new(address, port)).collect(),
        }
    }

    /// Bytes of a component's line beyond which SYSPRINT has it in pieces.
    pub fn max_line(&self) -> u64 {
        MAX_LINE.of(self, "launcher")
    }

    fn read_launcher_settings(&self) -> LauncherSettings {
        let launcher = "launcher";
        let level = LOG_LEVEL.of(self, launcher);
        LauncherSettings {
            sys_messages: SYS_MESSAGES.of(self, launcher),
            sys_message_trim: SYS_MESSAGE_TRIM.of(self, launcher),
            wto: WTO.of(self, launcher),
            wto_codes: WtoCodes { route: WTO_ROUTE_CODES.of(self, launcher), descriptor: WTO_DESCRIPTOR_CODES.of(self, launcher) },
            stay_when_all_failed: ON_ALL_FAILED.of(self, launcher),
            reject_start_of_running: START_RUNNING.of(self, launcher),
            on_component_configure_fail: ON_CONFIGURE_FAIL.of(self, launcher),
            debug: level != LogLevel::Info,
            trace: level == LogLevel::Trace,
            stay_when_required_failed: ON_REQUIRED_FAILED.of(self, launcher),
            ignore_dependency_problems: ON_DEPENDENCY_PROBLEM.of(self, launcher),
            dependency_timeout: DEPENDENCY_TIMEOUT.of(self, launcher),
            zone: ZONE.of(self, launcher),
        }
    }
}

/// Values of settings that cannot be used: warnings, as the next place or the default applies.
pub(super) fn problems(configuration: &Configuration) -> Vec<Problem> {
    let mut problems = Vec::new();
    let components = configuration.component_names();
    for setting in SETTINGS {
        for place in setting.places() {
            if place.contains('*') {
                components.iter().for_each(|name| problems.extend(problem(configuration, *setting, &steps(place, name))));
            } else {
                problems.extend(problem(configuration, *setting, &steps(place, "")));
            }
        }
    }
    problems.extend(job_name(configuration));
    problems.extend(doubtful_zone(configuration));
    problems.extend(unread::problems(configuration));
    problems
}

/// UNIX children carry a job name of 8 characters unchanged, so that an operator command hits them too.
fn job_name(configuration: &Configuration) -> Option<Problem> {
    let path = ["zowe", "job", "name"];
    let name = configuration.get(&path)?.as_str().filter(|name| name.chars().count() >= 8)?;
    let text = format!(
        "zowe.job.name: '{}' has 8 characters or more, so that the children of the job carry it too and operator commands can hit them; at \
        most 7 are expected",
        name.escape_debug()
    );
    Some(Problem::warning(Some(configuration.place(&path)), text).about(&path))
}

/// A time zone that is used, and by whose name others mean the opposite.
fn doubtful_zone(configuration: &Configuration) -> Option<Problem> {
    let path = ["components", "launcher", "timezone"];
    let zone = &configuration.launcher_settings().zone;
    let text = format!("{}: {}", path.join("."), zone.doubt()?);
    Some(Problem::warning(Some(configuration.place(&path)), text).about(&path))
}

fn problem(configuration: &Configuration, setting: &dyn Row, path: &[&str]) -> Option<Problem> {
    let value = configuration.get(path).filter(|value| !value.is_null())?;
    let why = setting.refusal(value)?;
    let text = format!("{}: {} is ignored; {why}", path.join("."), secrets::show(path, value));
    Some(Problem::warning(Some(configuration.place(path)), text).about(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for setting in SETTINGS {
            assert!(setting.has_default(), "{}", setting.places()[0]);
        }
    }
}
