//! What one component sees besides the variables of its instance (reference/configuration.md, "Environment variables").

use super::Component;
use crate::config::variables::flatten;
use crate::config::{Configuration, Environment};
use std::collections::BTreeMap;

/// The variables of a component alone: `ZWE_configs_*` for everything under `components.<name>` and the defaults of its manifest that are
/// not set there, and those same properties as `ZWE_components_<name>_*`.
pub fn variables(component: &Component, configuration: &Configuration) -> BTreeMap<String, String> {
    let value = configuration.component_value(&component.name, &component.manifest.configs);
    let mut variables: BTreeMap<String, String> = flatten("ZWE_configs", &value).into_iter().collect();
    variables.extend(flatten(&format!("ZWE_components_{}", component.name), &value));
    variables
}

/// The environment of a component's commands: the instance's, its own variables, ZWE_CLI_PARAMETER_COMPONENT and `_BPX_SHAREAS`.
/// What `zowe.environments` sets stays as it is.
pub fn environment(component: &Component, configuration: &Configuration, instance: &Environment) -> Environment {
    let mut environment = instance.clone();
    for (name, value) in variables(component, configuration) {
        if !value.contains('\0') {
            environment.insert(name, value.into());
        }
    }
    for (name, value) in configuration.added_variables() {
        environment.insert(name, value.into());
    }
    environment.insert("ZWE_CLI_PARAMETER_COMPONENT".into(), component.name.clone().into());
    let share_as = configuration.component_settings(&component.name).share_as;
    environment.insert("_BPX_SHAREAS".into(), share_as.name().to_uppercase().into());
    environment
}
