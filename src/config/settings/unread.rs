//! Keys among the launcher's settings that a schema allows and nothing reads: most of them are misspelt.

use super::{SETTINGS, secrets};
use crate::config::{Configuration, Problem, overlay};
use serde_json::Value;

/// A mapping of settings, as in [`super::Row::places`], and its keys that others read.
pub(super) const CONTAINERS: &[(&str, &[&str])] = &[
    // `components.launcher` is a component to schemas: these keep their schema's meaning.
    ("components.launcher", &["enabled", "certificate", "launcher", "zowe"]),
    ("components.*.launcher", &[]),
    ("zowe.launcher", &["unsafeDisableZosVersionCheck"]),
    ("zowe.launchScript", &[]),
];

/// A warning for each of them, with the nearest setting that is read there.
pub(super) fn problems(configuration: &Configuration) -> Vec<Problem> {
    let mut problems = Vec::new();
    let components = configuration.component_names();
    for (pattern, others) in CONTAINERS {
        let pattern: Vec<&str> = pattern.split('.').collect();
        if pattern.contains(&"*") {
            for name in &components {
                let path = pattern.iter().map(|step| if *step == "*" { name.clone() } else { (*step).to_string() }).collect();
                visit(configuration, &pattern, path, others, &mut problems);
            }
        } else {
            let path = pattern.iter().map(|step| (*step).to_string()).collect();
            visit(configuration, &pattern, path, others, &mut problems);
        }
    }
    problems
}

fn visit(configuration: &Configuration, pattern: &[&str], path: Vec<String>, others: &[&str], problems: &mut Vec<Problem>) {
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    let Some(map) = configuration.get(&steps).and_then(Value::as_object) else { return };
    let known = keys_below(pattern);
    for (key, value) in map {
        let path: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
        match known.iter().find(|(name, _)| name == key) {
            Some((name, false)) => {
                let pattern: Vec<&str> = pattern.iter().copied().chain([name.as_str()]).collect();
                visit(configuration, &pattern, path, &[], problems);
            }
            Some(_) => {}
            None if others.contains(&key.as_str()) => {}
            None => {
                let steps: Vec<&str> = path.iter().map(String::as_str).collect();
                let names: Vec<String> = known.iter().map(|(name, _)| name.clone()).collect();
                let nested = key.rsplit_once('.').filter(|(above, _)| names.iter().any(|name| above.split('.').next() == Some(name)));
                let hint = match (nested, overlay::nearest(key, &names)) {
                    (Some((above, last)), _) => {
                        let parent = steps.get(..steps.len() - 1).unwrap_or_default().join(".");
                        format!("dots in a key do not nest it: write {last} below {parent}.{above}, each key on a line of its own")
                    }
                    (None, Some(nearest)) => format!("did you mean {nearest}?"),
                    (None, None) => format!("known here: {}", names.join(", ")),
                };
                let shown = secrets::show(&steps, value);
                let text = format!("{}: nothing reads this setting ({shown}); {hint}", path.join("."));
                problems.push(Problem::warning(Some(configuration.place(&steps)), text).about(&steps));
            }
        }
    }
}

/// The keys that settings have below a pattern, in the order of the table; true for those that are settings themselves.
fn keys_below(pattern: &[&str]) -> Vec<(String, bool)> {
    let mut keys: Vec<(String, bool)> = Vec::new();
    for place in SETTINGS.iter().flat_map(|setting| setting.places()) {
        let steps: Vec<&str> = place.split('.').collect();
        let Some(rest) = steps.strip_prefix(pattern) else { continue };
        let Some((key, deeper)) = rest.split_first() else { continue };
        if !keys.iter().any(|(known, _)| known == key) {
            keys.push(((*key).to_string(), deeper.is_empty()));
        }
    }
    keys
}
