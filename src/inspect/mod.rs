//! Answers about a configuration with nothing started and nothing written: check, config, env, plan. Each gives text (and an exit code);
//! the command line prints it.

mod check;
mod plan;

#[cfg(test)]
mod tests;

pub use check::{Report, check, check_failed};
pub use plan::plan;

use crate::component::{self, Survey};
use crate::config::{Configuration, Environment, LoadError, LoadRequest, RunFacts, Version, lookup, overlay, secrets};
use crate::platform::Platform;
use serde_json::Value;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Yaml,
    Json,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// `--path` names nothing.
    #[error("the configuration has no property {path}{}", .nearest.as_ref().map(|key| format!("; did you mean {key}?")).unwrap_or_default())]
    NoProperty { path: String, nearest: Option<String> },
    /// A component that is not installed.
    #[error("component {name} is not installed or cannot be used; installed: {}", .installed.join(", "))]
    NoComponent { name: String, installed: Vec<String> },
    /// A value that the format cannot express.
    #[error("the configuration cannot be written: {0}")]
    Write(String),
}

/// What [`config`] shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConfigView<'a> {
    /// With the overlay of the HA instance; without, as merged and evaluated.
    pub overlaid: bool,
    pub format: Format,
    /// Keys and indexes joined with dots: `components.gateway.port`, `zowe.externalDomains.0`.
    pub path: Option<&'a str>,
    pub show_secrets: bool,
}

/// The merged and evaluated configuration, whole or one property, with secrets masked unless asked for. A property that is a text is
/// written as it is, without quotes.
///
/// # Errors
/// [`InspectError::NoProperty`] with the nearest key.
pub fn config(configuration: &Configuration, view: ConfigView<'_>) -> Result<String, InspectError> {
    let root = if view.overlaid { &configuration.value } else { &configuration.base };
    let steps: Vec<&str> = view.path.map(|path| path.split('.').collect()).unwrap_or_default();
    let value = lookup(root, &steps).ok_or_else(|| no_property(root, &steps))?;
    let value = if view.show_secrets {
        value.clone()
    } else if secrets::is_secret_path(&steps) && !value.is_null() {
        Value::String(secrets::MASK.into())
    } else {
        secrets::masked(value)
    };
    match (view.format, &value) {
        (Format::Yaml, Value::String(text)) if view.path.is_some() => Ok(format!("{text}\n")),
        (Format::Yaml, value) => serde_yaml::to_string(value).map_err(|error| InspectError::Write(error.to_string())),
        (Format::Json, value) => {
            serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| InspectError::Write(error.to_string()))
        }
    }
}

fn no_property(root: &Value, steps: &[&str]) -> InspectError {
    let known = (0..steps.len()).rev().find_map(|count| {
        let (parents, rest) = steps.split_at_checked(count)?;
        let keys: Vec<String> = lookup(root, parents)?.as_object()?.keys().cloned().collect();
        let nearest = overlay::nearest(rest.first()?, &keys)?;
        Some(parents.iter().copied().chain([nearest.as_str()]).collect::<Vec<_>>().join("."))
    });
    InspectError::NoProperty { path: steps.join("."), nearest: known }
}

/// The environment of the instance, or of one of its installed components.
///
/// # Errors
/// [`InspectError::NoComponent`].
pub fn environment_of(
    configuration: &Configuration,
    survey: &Survey,
    platform: &dyn Platform,
    config: &str,
    component: Option<&str>,
    inherited: Option<&Environment>,
) -> Result<Environment, InspectError> {
    let (installed, enabled, defaults) = (survey.installed_names(), survey.in_play_names(), survey.defaults());
    let version = configuration.runtime_directory().and_then(|runtime| Version::read(&runtime));
    let facts = RunFacts {
        config,
        merged_file: None,
        installed: &installed,
        enabled: &enabled,
        launched: &survey.launched,
        defaults: &defaults,
        version: version.as_ref().map(|version| version.version.as_str()),
        inherited,
    };
    let instance = configuration.instance_environment(platform, &facts);
    let Some(name) = component else { return Ok(instance) };
    match survey.installed.iter().find(|component| component.name.eq_ignore_ascii_case(name)) {
        Some(component) => Ok(component::environment(component, configuration, &instance)),
        None => Err(InspectError::NoComponent { name: name.to_string(), installed }),
    }
}

/// Variables as lines `NAME=value`, by name; control characters of a value are escaped, so that each stays one line, and secrets masked.
pub fn environment(environment: &Environment, show_secrets: bool) -> String {
    let mut text = String::new();
    for (name, value) in environment {
        let value = value.to_string_lossy();
        let secret = secrets::is_secret_name(name) && !value.is_empty() && !show_secrets;
        text.push_str(name);
        text.push('=');
        if secret {
            text.push_str(secrets::MASK);
        } else {
            for character in value.chars() {
                if character.is_control() { text.extend(character.escape_default()) } else { text.push(character) }
            }
        }
        text.push('\n');
    }
    text
}

/// Loads and checks in one step: what `check` reports of an HA instance, whether or not its configuration loads.
pub fn check_request(request: &LoadRequest<'_>) -> Report {
    let loaded: Result<Configuration, LoadError> = Configuration::load(request);
    match loaded {
        Ok(configuration) => check(&configuration, &component::survey(&configuration)),
        Err(error) => check_failed(&error),
    }
}
