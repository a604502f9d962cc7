//! Answers about a configuration with no component started and nothing written: check, config, env, plan. Each gives text (and an exit
//! code); the command line prints it.

mod check;
mod compare_zwelnch;
mod difference;
mod plan;
mod snippet;
mod startup;
pub mod zos_install;

#[cfg(test)]
mod tests;

pub use check::{Finding, Report, StartupChecks, check};
pub use compare_zwelnch::{Comparison, Difference, GENERAL, General, compare_zwelnch};
pub use difference::{difference, difference_json};
pub use plan::{plan, plan_json};
pub use startup::startup_checks;

use crate::component::{self, Survey};
use crate::config::{Configuration, Environment, HaInstance, Location, Origin, lookup, normalize_id, overlay, secrets};
use crate::lifecycle::workspace;
use crate::output::{escaped, is_odd};
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
    #[error("the configuration has no property {path}{}",
        .nearest.as_ref().map(|key| format!("; did you mean {key}?")).unwrap_or_default())]
    NoProperty { path: String, nearest: Option<String> },
    /// A component that is not installed.
    #[error("component {name} is not installed or cannot be used{}; installed: {}",
        component::did_you_mean(.nearest), .installed.join(", "))]
    NoComponent { name: String, nearest: Option<String>, installed: Vec<String> },
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
    /// Instead of the document: each leaf on a line of its own, with what set it.
    pub origin: bool,
}

/// The merged and evaluated configuration, whole or one property, with secrets masked unless asked for. A property that is a text is
/// written as it is, without quotes.
///
/// # Errors
/// [`InspectError::NoProperty`] with the nearest key.
pub fn config(configuration: &Configuration, view: ConfigView<'_>) -> Result<String, InspectError> {
    let root = if view.overlaid { configuration.value() } else { configuration.base() };
    let steps: Vec<&str> = view.path.map(|path| path.split('.').collect()).unwrap_or_default();
    if view.origin {
        let mut origins = configuration.origins(view.overlaid, &steps).unwrap_or_default();
        let configured = origins.len();
        origins.extend(manifest_origins(configuration, root, &steps));
        if origins.is_empty() {
            return Err(no_property(root, &steps));
        }
        return origins_text(&origins, configured, view);
    }
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
        (Format::Yaml, value) => yaml(value),
        (Format::Json, value) => json(value),
    }
}

/// In block style, unless that would have characters that a terminal may not have: then as JSON, which is YAML too.
fn yaml(value: &Value) -> Result<String, InspectError> {
    let text = serde_yaml::to_string(value).map_err(|error| InspectError::Write(error.to_string()))?;
    if text.contains(is_odd) { json(value) } else { Ok(text) }
}

fn json(value: &Value) -> Result<String, InspectError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| InspectError::Write(error.to_string()))?;
    Ok(format!("{}\n", escaped(&text)))
}

/// What the manifests of installed components give at or below a path, where the configuration does not say it.
fn manifest_origins(configuration: &Configuration, root: &Value, steps: &[&str]) -> Vec<Origin> {
    let mut found = Vec::new();
    for component in component::survey(configuration).installed {
        let place = Location::whole(component.manifest_file.display().to_string());
        let configured = lookup(root, &["components", &component.name]).filter(|value| !value.is_null());
        let mut path = vec!["components", component.name.as_str()];
        defaults(configured, &component.manifest.configs, &mut path, &mut |path, value| {
            // One of the two paths leads to the other.
            if path.iter().zip(steps).all(|(known, wanted)| known == wanted) && path.len() >= steps.len() {
                let path = path.iter().map(|step| (*step).to_owned()).collect();
                found.push(Origin { path, value: value.clone(), place: place.clone() });
            }
        });
    }
    found
}

/// Every leaf of the defaults that nothing configured takes the place of.
fn defaults<'a>(configured: Option<&Value>, default: &'a Value, path: &mut Vec<&'a str>, visit: &mut dyn FnMut(&[&str], &Value)) {
    match (configured, default) {
        (None | Some(Value::Object(_)), Value::Object(map)) => {
            for (key, value) in map {
                path.push(key);
                defaults(configured.and_then(|configured| configured.get(key)), value, path, visit);
                path.pop();
            }
        }
        (None, value) if !value.is_null() => visit(path, value),
        _ => {}
    }
}

/// Leaves with their origins: YAML with the path as key and the place as a comment, or JSON. Behind the first `configured` ones come
/// defaults of manifests.
fn origins_text(origins: &[Origin], configured: usize, view: ConfigView<'_>) -> Result<String, InspectError> {
    let failed = |error: serde_json::Error| InspectError::Write(error.to_string());
    let value = |origin: &Origin| {
        let path: Vec<&str> = origin.path.iter().map(String::as_str).collect();
        // As for the whole document: null, switches and empty texts are shown, because they reveal nothing.
        let telling = secrets::masked(&serde_json::json!({ "secret": origin.value }))["secret"].clone();
        if secrets::is_secret_path(&path) && !view.show_secrets { telling } else { origin.value.clone() }
    };
    match view.format {
        Format::Json => {
            let leaf = |(index, origin): (usize, &Origin)| {
                let place = &origin.place;
                serde_json::json!({
                    "path": origin.path.join("."), "value": value(origin),
                    "file": place.file, "line": place.line, "column": place.column, "manifestDefault": index >= configured,
                })
            };
            json(&origins.iter().enumerate().map(leaf).collect())
        }
        Format::Yaml => {
            let mut text = String::new();
            for (index, origin) in origins.iter().enumerate() {
                // A scalar in JSON is a scalar in YAML, on one line whatever it holds.
                let key = serde_json::to_string(&origin.path.join(".")).map_err(failed)?;
                let value = serde_json::to_string(&value(origin)).map_err(failed)?;
                let default = if index >= configured { " (default of the manifest)" } else { "" };
                text.push_str(&format!("{key}: {value} # {}{default}\n", origin.place));
            }
            Ok(escaped(&text).into_owned())
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

/// The HA instances that a report is about: those named, else all of `haInstances`, else the configuration itself; each once.
pub fn instances_of(base: &Configuration, named: &[HaInstance]) -> Vec<HaInstance> {
    let defined = base.instance_ids().into_iter().map(|id| HaInstance { id: normalize_id(&id), from_placeholder: false });
    let mut instances: Vec<HaInstance> = if named.is_empty() { defined.collect() } else { named.to_vec() };
    if instances.is_empty() {
        instances.push(HaInstance::none());
    }
    let mut seen = std::collections::HashSet::new();
    instances.retain(|instance| seen.insert(instance.id.clone()));
    instances
}

/// The environment of the instance, or of one of its installed components, as a start sets it: with the file that it writes the merged
/// configuration to.
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
    let merged = configuration.workspace_directory().map(|workspace| workspace::merged_file(&workspace));
    let instance = component::instance_environment(platform, configuration, survey, (config, merged.as_deref()), inherited);
    let Some(name) = component else { return Ok(instance) };
    match survey.installed.iter().find(|component| component.name.eq_ignore_ascii_case(name)) {
        Some(component) => Ok(component::environment(component, configuration, &instance)),
        None => {
            let installed = survey.installed_names();
            Err(InspectError::NoComponent { name: name.to_string(), nearest: overlay::nearest(name, &installed), installed })
        }
    }
}

/// Variables as lines `NAME=value`, by name; control characters of a value are escaped, so that each stays one line, and secrets masked.
pub fn environment(environment: &Environment, show_secrets: bool) -> String {
    let mut text = String::new();
    for (name, value) in environment {
        let value = value.to_string_lossy();
        text.push_str(&variable(name, &value, show_secrets));
    }
    text
}

/// The same for tools: each name with its value as it is, secrets masked.
pub fn environment_json(environment: &Environment, show_secrets: bool) -> Value {
    let value = |(name, value): (&String, &std::ffi::OsString)| (name.clone(), shown(name, &value.to_string_lossy(), show_secrets).into());
    serde_json::json!({"variables": environment.iter().map(value).collect::<serde_json::Map<_, _>>()})
}

/// A value, or the mask where it is a secret.
fn shown(name: &str, value: &str, show_secrets: bool) -> String {
    let secret = secrets::is_secret_name(name) || secrets::is_secret_text(value);
    if secret && !value.is_empty() && !show_secrets { secrets::MASK.to_owned() } else { value.to_owned() }
}

fn variable(name: &str, value: &str, show_secrets: bool) -> String {
    let mut text = format!("{name}=");
    let secret = secrets::is_secret_name(name) || secrets::is_secret_text(value);
    if secret && !value.is_empty() && !show_secrets {
        text.push_str(secrets::MASK);
    } else {
        for character in value.chars() {
            if character.is_control() { text.extend(character.escape_default()) } else { text.push(character) }
        }
    }
    text.push('\n');
    text
}
