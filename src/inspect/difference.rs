//! `env --diff`: what two HA instances see differently.

use super::variable;
use crate::config::Environment;
use std::collections::BTreeSet;

/// Variables that differ, by name: lines `-NAME=value` for the first environment, `+NAME=value` for the second. Secrets are masked, also
/// where they differ.
pub fn difference(first: &Environment, second: &Environment, show_secrets: bool) -> String {
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let mut text = String::new();
    for name in names.into_iter().filter(|name| first.get(*name) != second.get(*name)) {
        for (sign, environment) in [('-', first), ('+', second)] {
            if let Some(value) = environment.get(name) {
                text.push(sign);
                text.push_str(&variable(name, &value.to_string_lossy(), show_secrets));
            }
        }
    }
    text
}

/// The same for tools: null where one of them has no such variable.
pub fn difference_json(first: &Environment, second: &Environment, show_secrets: bool) -> serde_json::Value {
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let value = |environment: &Environment, name: &String| {
        environment.get(name).map(|value| super::shown(name, &value.to_string_lossy(), show_secrets))
    };
    let differences = names.into_iter().filter(|name| first.get(*name) != second.get(*name));
    let differences = differences.map(|name| serde_json::json!({"name": name, "first": value(first, name), "second": value(second, name)}));
    serde_json::json!({"differences": differences.collect::<Vec<_>>()})
}
