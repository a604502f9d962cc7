//! The variables that components see: ZWE_ variables and the rest of docs/contract/configuration.md, "Environment variables".

pub use super::typing::scalar_text;
use super::{Configuration, Environment, Problem, SingleService, lookup, zowe_variables};
use crate::platform::Platform;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Variables that `zowe.environments` cannot change: the launcher and its children rely on them.
pub const PROTECTED: &[&str] = &["ZWE_CLI_PARAMETER_CONFIG", "ZWE_CLI_PARAMETER_HA_INSTANCE", "ZWE_zowe_runtimeDirectory", "_BPX_SHAREAS"];

/// Variables with this prefix concern the launcher's own start and are not passed on.
const LAUNCHER_ONLY: &str = "_CEE_ENVFILE";

/// Variables of the configuration that keep the launcher's inherited value if there is one.
const GIVEN: [&str; 2] = ["ZWE_DISCOVERY_SERVICES_LIST", "ZWE_ALLOWED_DOMAINS"];

/// Facts of a run that are not in its configuration.
#[derive(Debug, Clone, Default)]
pub struct RunFacts<'a> {
    /// CONFIG as given.
    pub config: &'a str,
    /// `<workspace>/.env/.zowe-merged.yaml` once it is written; CONFIG stands in for it until then.
    pub merged_file: Option<&'a Path>,
    /// Names of the installed components.
    pub installed: &'a [String],
    /// Names of those in play: enabled, after the overlay.
    pub enabled: &'a [String],
    /// Names of those that are launched.
    pub launched: &'a [String],
    /// `configs` of each installed component's manifest, by its name.
    pub defaults: &'a [(String, Value)],
    /// ZWE_VERSION, from `<runtime>/manifest.json`.
    pub version: Option<&'a str>,
    /// The launcher's own environment, which components inherit.
    pub inherited: Option<&'a Environment>,
}

/// Every leaf of a value as variables: `prefix` and the path joined with `_`, characters other than ASCII letters and digits as `_`.
/// Arrays give their elements, numbered from 0, and all of them joined by commas. In document order, so that the later of two paths
/// with one name wins.
pub fn flatten(prefix: &str, value: &Value) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    add(&variable_name(prefix), value, &mut variables);
    variables
}

/// The part of a variable's name that a step of a path becomes.
pub(crate) fn variable_name(text: &str) -> String {
    text.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect()
}

fn add(prefix: &str, value: &Value, variables: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                add(&format!("{prefix}_{}", variable_name(key)), value, variables);
            }
        }
        Value::Array(items) => {
            variables.push((prefix.to_string(), items.iter().map(joined).collect::<Vec<_>>().join(",")));
            for (index, item) in items.iter().enumerate() {
                add(&format!("{prefix}_{index}"), item, variables);
            }
        }
        leaf => variables.push((prefix.to_string(), leaf_text(leaf))),
    }
}

/// null is empty, and so, as the public tools have it, is the text `null`.
fn leaf_text(value: &Value) -> String {
    match value {
        Value::String(text) if text == "null" => String::new(),
        value => scalar_text(value),
    }
}

/// An element of a joined array, as JavaScript's join writes it.
fn joined(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(joined).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".into(),
        value => scalar_text(value),
    }
}

/// A component's configured value over its manifest's defaults: mappings key by key, anything configured (null and lists too) wins whole.
pub fn with_defaults(configured: Option<&Value>, defaults: &Value) -> Value {
    match (configured, defaults) {
        (None, defaults) => defaults.clone(),
        (Some(Value::Object(configured)), Value::Object(defaults)) => {
            let mut merged = configured.clone();
            for (key, default) in defaults {
                let value = with_defaults(configured.get(key), default);
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Some(configured), _) => configured.clone(),
    }
}

impl Configuration {
    /// `components.<name>` with the overlay, and the defaults that it does not set; an empty mapping where there is neither.
    pub fn component_value(&self, name: &str, defaults: &Value) -> Value {
        match with_defaults(self.get(&["components", name]).filter(|value| !value.is_null()), defaults) {
            Value::Null => Value::Object(serde_json::Map::new()),
            value => value,
        }
    }

    /// The variables that come from the configuration alone, the content of `.instance-<ha>.env`: ZWE_ and path, the HA instance's own, and
    /// those with names of their own. `defaults`: see [`RunFacts::defaults`].
    pub fn instance_variables(&self, defaults: &[(String, Value)]) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> = flatten("ZWE", self.value()).into_iter().collect();
        for (component, defaults) in defaults {
            let value = self.component_value(component, defaults);
            variables.extend(flatten(&format!("ZWE_components_{component}"), &value));
        }
        for key in ["hostname", "sysname"] {
            if let Some(value) = self.overlay().and_then(|overlay| lookup(overlay, &[key])) {
                variables.extend(flatten(&format!("ZWE_{key}"), value));
            }
        }
        variables.insert("ZWE_haInstance_id".into(), self.ha_instance.id.clone());
        variables.insert("ZWE_haInstance_hostname".into(), self.hostname());
        let named = [
            ("NODE_HOME", ["node", "home"]),
            ("JAVA_HOME", ["java", "home"]),
            ("ZOSMF_HOST", ["zOSMF", "host"]),
            ("ZOSMF_PORT", ["zOSMF", "port"]),
            ("ZOSMF_APPLID", ["zOSMF", "applId"]),
        ];
        for (variable, path) in named {
            if let Some(value) = self.get(&path) {
                variables.insert(variable.into(), scalar_text(value));
            }
        }
        variables.insert("ZWE_DISCOVERY_SERVICES_LIST".into(), self.discovery_services());
        variables.insert("ZWE_ALLOWED_DOMAINS".into(), self.allowed_domains());
        if let Some(file) = self.instance_config_file() {
            variables.insert("ZWE_HA_INSTANCE_CONFIG".into(), file);
        }
        variables
    }

    /// The file that holds the whole configuration as this HA instance sees it; None for one that haInstances does not have.
    fn instance_config_file(&self) -> Option<String> {
        self.overlay()?;
        Some(format!("{}/.env/.zowe-{}-merged.yaml", self.text(&["zowe", "workspaceDirectory"])?, self.ha_instance.id))
    }

    /// The host name of this HA instance: the overlay's, else the first of zowe.externalDomains, else empty.
    pub fn hostname(&self) -> String {
        self.hostname_of(self.overlay()).unwrap_or_default()
    }

    pub(super) fn hostname_of(&self, overlay: Option<&Value>) -> Option<String> {
        let own = overlay.and_then(|overlay| lookup(overlay, &["hostname"])).and_then(Value::as_str).filter(|name| !name.is_empty());
        own.map(str::to_string).or_else(|| self.external_domains(overlay).into_iter().next())
    }

    fn external_domains(&self, overlay: Option<&Value>) -> Vec<String> {
        match self.of_instance(overlay, &["zowe", "externalDomains"]) {
            Some(Value::Array(items)) => items.iter().map(scalar_text).filter(|domain| !domain.is_empty()).collect(),
            Some(value @ Value::String(_)) => vec![scalar_text(value)],
            _ => Vec::new(),
        }
    }

    /// The value that an HA instance has at a path.
    pub(super) fn of_instance<'a>(&'a self, overlay: Option<&'a Value>, path: &[&str]) -> Option<&'a Value> {
        overlay.and_then(|overlay| lookup(overlay, path)).or_else(|| lookup(self.base(), path))
    }

    /// `https://<hostname>:<port>/eureka/` of every Discovery Service, without repeats.
    fn discovery_services(&self) -> String {
        match self.single_service {
            SingleService::NotInstalled => self.find_discovery_services(),
            // For every HA instance the same.
            SingleService::Off | SingleService::On => self.of_all.discovery_services.get_or_init(|| self.find_discovery_services()).clone(),
        }
    }

    fn find_discovery_services(&self) -> String {
        let mut services: Vec<String> = Vec::new();
        let mut service = |overlay: Option<&Value>, host: &str| {
            let port = self.of_instance(overlay, &["components", "discovery", "port"]).map(scalar_text).unwrap_or_default();
            if self.is_enabled_with(overlay, "discovery") && !port.is_empty() {
                services.push(format!("https://{}:{port}/eureka/", crate::net::url_host(host)));
            }
        };
        match lookup(self.base(), &["haInstances"]) {
            Some(Value::Object(instances)) if !instances.is_empty() => {
                for overlay in instances.values() {
                    if let Some(host) = self.hostname_of(Some(overlay)) {
                        service(Some(overlay), &host);
                    }
                }
            }
            _ => self.external_domains(None).iter().for_each(|domain| service(None, domain)),
        }
        let mut seen = std::collections::HashSet::new();
        services.retain(|service| seen.insert(service.clone()));
        services.join(",")
    }

    /// All variables that are the same for every component: the inherited ones, those of the configuration, those of the run, and
    /// `zowe.environments` over them.
    pub fn instance_environment(&self, platform: &dyn Platform, facts: &RunFacts<'_>) -> Environment {
        let mut environment: Environment = facts.inherited.cloned().unwrap_or_default();
        environment.retain(|name, _| !name.starts_with(LAUNCHER_ONLY));
        let given = GIVEN.map(|name| (name, environment.get(name).filter(|value| !value.is_empty()).cloned()));
        for (name, value) in self.instance_variables(facts.defaults) {
            set(&mut environment, &name, &value);
        }
        for (name, value) in given {
            environment.extend(value.map(|value| (name.to_string(), value)));
        }
        for (name, value) in self.run_variables(platform, facts).into_iter().chain(self.zosmf_variables(facts.inherited)) {
            set(&mut environment, name, &value);
        }
        if environment.get("USER").is_none_or(|user| user.is_empty()) {
            set(&mut environment, "USER", &platform.user_name());
        }
        let added = self.added_variables();
        for (name, value) in &added {
            set(&mut environment, name, value);
        }
        if !added.iter().any(|(name, _)| name == "PATH") {
            environment.insert("PATH".into(), zowe_variables::path(&environment));
        }
        environment
    }

    fn run_variables(&self, platform: &dyn Platform, facts: &RunFacts<'_>) -> Vec<(&'static str, String)> {
        let runtime = self.get(&["zowe", "runtimeDirectory"]).map(scalar_text).unwrap_or_default();
        let workspace = self.get(&["zowe", "workspaceDirectory"]).map(scalar_text).unwrap_or_default();
        let under = |relative: &str| format!("{workspace}/{relative}");
        let level = self.text(&["zowe", "launchScript", "logLevel"]).unwrap_or("info").to_uppercase();
        let merged = facts.merged_file.map(|file| file.to_string_lossy().into_owned());
        vec![
            ("ZWE_VERSION", facts.version.unwrap_or_default().to_string()),
            ("ZWE_PRIVATE_WORKSPACE_ENV_DIR", under(".env")),
            ("ZWE_STATIC_DEFINITIONS_DIR", under("api-mediation/api-defs")),
            ("ZWE_GATEWAY_SHARED_LIBS", under("gateway/sharedLibs/")),
            ("ZWE_ZAAS_SHARED_LIBS", under("zaas/sharedLibs/")),
            ("ZWE_DISCOVERY_SHARED_LIBS", under("discovery/sharedLibs/")),
            ("ZWE_INSTALLED_COMPONENTS", facts.installed.join(",")),
            ("ZWE_ENABLED_COMPONENTS", facts.enabled.join(",")),
            ("ZWE_LAUNCH_COMPONENTS", facts.launched.join(",")),
            ("ZWE_CLI_PARAMETER_CONFIG", merged.unwrap_or_else(|| facts.config.to_string())),
            ("ZWE_CLI_PARAMETER_HA_INSTANCE", self.ha_instance.id.clone()),
            ("ZWE_PRIVATE_LOG_LEVEL_ZWELS", level),
            ("ZWE_RUN_ON_ZOS", if platform.is_zos() { "true".into() } else { String::new() }),
            ("ZWE_zowe_runtimeDirectory", runtime.clone()),
            ("ROOT_DIR", runtime),
            ("WORKSPACE_DIR", workspace.clone()),
            ("CONFIG", facts.config.to_string()),
            ("ZWE_PRIVATE_CONFIG_ORIG", facts.config.to_string()),
        ]
    }

    /// `zowe.environments` without entries that cannot or must not be set: names and values as they are written, null as that word.
    pub fn added_variables(&self) -> Vec<(String, String)> {
        let Some(map) = self.get(&["zowe", "environments"]).and_then(Value::as_object) else { return Vec::new() };
        map.iter()
            .filter(|(name, value)| refusal(name, value).is_none())
            .map(|(name, value)| (name.clone(), if value.is_null() { "null".into() } else { scalar_text(value) }))
            .collect()
    }
}

/// A NUL byte ends a value for every program: such a value cannot be handed on, and the variable is left out.
fn set(environment: &mut Environment, name: &str, value: &str) {
    if !value.contains('\0') {
        environment.insert(name.to_string(), value.into());
    }
}

/// Why an entry of `zowe.environments` is not passed on.
fn refusal(name: &str, value: &Value) -> Option<&'static str> {
    let begins = |first: char| first.is_ascii_alphabetic() || first == '_';
    if !name.starts_with(begins) || !name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
        return Some("its name is none of a variable: letters, digits and '_' are expected, the first no digit");
    }
    if name.starts_with(LAUNCHER_ONLY) {
        return Some("variables that begin with _CEE_ENVFILE concern the launcher's own start");
    }
    if PROTECTED.contains(&name) {
        return Some("the launcher sets it itself");
    }
    match value {
        Value::Array(_) | Value::Object(_) => Some("its value is a list or mapping"),
        Value::String(text) if text.contains('\0') => Some("its value holds a NUL character"),
        _ => None,
    }
}

/// Entries of `zowe.environments` that are ignored.
pub(super) fn environment_problems(configuration: &Configuration) -> Vec<Problem> {
    let Some(map) = configuration.get(&["zowe", "environments"]).and_then(Value::as_object) else { return Vec::new() };
    map.iter()
        .filter_map(|(name, value)| {
            let reason = refusal(name, value)?;
            let place = configuration.place(&["zowe", "environments", name]);
            Some(Problem::warning(Some(place), format!("zowe.environments: '{}' is ignored: {reason}", name.escape_debug())))
        })
        .collect()
}
