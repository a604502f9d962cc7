//! The variables that one component has besides those of its instance (docs/contract/configuration.md, "Environment variables").

use super::{Component, Survey};
use crate::config::variables::flatten;
use crate::config::{Configuration, Environment, RunFacts, zowe_version};
use crate::platform::Platform;
use crate::platform::ShareAs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The variables that all components have in common: what the configuration says, and what the survey found. `config` is CONFIG as given
/// and the file that the merged configuration is written to, if it is.
pub fn instance_environment(
    platform: &dyn Platform,
    configuration: &Configuration,
    survey: &Survey,
    (config, merged_file): (&str, Option<&Path>),
    inherited: Option<&Environment>,
) -> Environment {
    let version = configuration.runtime_directory().and_then(|runtime| zowe_version(&runtime));
    let facts = RunFacts {
        config,
        merged_file,
        installed: &survey.installed_names(),
        enabled: &survey.enabled_names(configuration),
        launched: &survey.launched,
        defaults: &survey.defaults(),
        version: version.as_deref(),
        inherited,
    };
    configuration.instance_environment(platform, &facts)
}

/// The variables of a component alone: `ZWE_configs_*` for everything under `components.<name>` and the defaults of its manifest that are
/// not set there, and those same properties as `ZWE_components_<name>_*`.
pub fn variables(component: &Component, configuration: &Configuration) -> BTreeMap<String, String> {
    let value = configuration.component_value(&component.name, &component.manifest.configs);
    let mut variables: BTreeMap<String, String> = flatten("ZWE_configs", &value).into_iter().collect();
    variables.extend(flatten(&format!("ZWE_components_{}", component.name), &value));
    variables
}

/// The environment of a component's commands: the instance's and [`own_variables`].
pub fn environment(component: &Component, configuration: &Configuration, instance: &Environment) -> Environment {
    let mut environment = instance.clone();
    environment.extend(own_variables(component, configuration));
    environment
}

/// What a component's commands have besides the instance's environment, or in place of it: the component's own variables,
/// ZWE_CLI_PARAMETER_COMPONENT and `_BPX_SHAREAS`. What `zowe.environments` sets stays as it is.
pub fn own_variables(component: &Component, configuration: &Configuration) -> Environment {
    let mut own = Environment::new();
    for (name, value) in variables(component, configuration) {
        if !value.contains('\0') {
            own.insert(name, value.into());
        }
    }
    for (name, value) in configuration.added_variables() {
        own.insert(name, value.into());
    }
    own.insert("ZWE_CLI_PARAMETER_COMPONENT".into(), component.name.clone().into());
    let share_as = configuration.component_settings(&component.name).share_as;
    own.insert("_BPX_SHAREAS".into(), share_as.name().to_uppercase().into());
    // A component that must run in the launcher's address space has no address space of its own to be named.
    if let Some(name) = super::job_name_of(&component.name, configuration).filter(|_| share_as != ShareAs::Must) {
        own.entry("_BPX_JOBNAME".into()).or_insert_with(|| name.into());
    }
    own
}

/// The top-level `configs` of `.configs-<ha>.json`: the component's own properties, manifest defaults included. None for a component whose
/// manifest has no defaults.
pub fn configs(component: &Component, configuration: &Configuration) -> Option<Value> {
    let defaults = &component.manifest.configs;
    defaults.as_object().is_some_and(|defaults| !defaults.is_empty()).then(|| configuration.component_value(&component.name, defaults))
}

/// The configuration of the instance as `.zowe-<ha>.json` holds it: with the whole overlay, its hostname and sysname too, with the manifest
/// defaults of the installed components where it does not set them, and with a top-level `haInstance` that names the instance.
pub fn instance_with_defaults(configuration: &Configuration, installed: &[Component]) -> Value {
    let mut whole = with_defaults(configuration.value(), installed);
    for key in ["hostname", "sysname"] {
        let value = configuration.overlay().and_then(|overlay| overlay.get(key));
        if let (Some(map), Some(value)) = (whole.as_object_mut(), value) {
            map.insert(key.to_owned(), value.clone());
        }
    }
    with_instance(whole, configuration)
}

/// The configuration of all instances as `.zowe.json` holds it. Where haInstances does not have this one it is that of the instance.
pub fn base_with_defaults(configuration: &Configuration, installed: &[Component]) -> Value {
    let base = with_defaults(configuration.base(), installed);
    if configuration.overlay().is_some() { base } else { with_instance(base, configuration) }
}

fn with_instance(mut whole: Value, configuration: &Configuration) -> Value {
    if let Some(map) = whole.as_object_mut() {
        map.insert("haInstance".to_owned(), serde_json::json!({ "id": configuration.ha_instance.id }));
    }
    whole
}

fn with_defaults(configuration: &Value, installed: &[Component]) -> Value {
    let mut whole = configuration.clone();
    for component in installed.iter().filter(|component| component.manifest.configs.is_object()) {
        let configured = crate::config::lookup(configuration, &["components", &component.name]);
        let value = crate::config::variables::with_defaults(configured, &component.manifest.configs);
        if let Some(components) = whole.get_mut("components").and_then(Value::as_object_mut) {
            components.insert(component.name.clone(), value);
        }
    }
    whole
}
