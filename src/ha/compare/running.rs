//! Which component runs where, over all instances of a configuration: what one configuration runs somewhere and another one nowhere is gone
//! when every instance has been replaced, however right each single step was.

use crate::config::choice::CHOICE;
use crate::config::{Configuration, HaInstance, lookup, normalize_id};
use serde_json::Value;
use std::collections::BTreeSet;

/// The names of the components in a configuration and its overlays.
fn components(configuration: &Configuration) -> BTreeSet<String> {
    let of = |value: Option<&Value>| value.and_then(Value::as_object).into_iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>();
    let ids = configuration.instance_ids();
    let overlays = ids.iter().flat_map(|id| of(lookup(configuration.base(), &["haInstances", id, "components"])));
    of(lookup(configuration.base(), &["components"])).into_iter().chain(overlays).collect()
}

/// The instances that run a component; of a configuration without haInstances the word for its only one.
pub fn instances(configuration: &Configuration, name: &str) -> Vec<String> {
    let ids = configuration.instance_ids();
    if ids.is_empty() {
        return if configuration.is_enabled(name) { vec!["the instance".to_owned()] } else { Vec::new() };
    }
    let runs = |id: &String| {
        let instance = configuration.for_instance(&HaInstance { id: normalize_id(id), from_placeholder: false });
        // One that cannot be read is an error of its own.
        instance.is_ok_and(|instance| instance.is_enabled(name))
    };
    ids.into_iter().filter(runs).collect()
}

/// A choice that is not made yet may become true.
fn is_open(configuration: &Configuration, name: &str) -> bool {
    let open = |path: &[&str]| lookup(configuration.base(), path).and_then(Value::as_str).is_some_and(|text| text.starts_with(CHOICE));
    open(&["components", name, "enabled"])
        || configuration.instance_ids().iter().any(|id| open(&["haInstances", id, "components", name, "enabled"]))
}

/// The components that some instance of `a` runs and none of `b`, by name.
pub fn nowhere(a: &Configuration, b: &Configuration) -> Vec<String> {
    let gone = |name: &String| !instances(a, name).is_empty() && instances(b, name).is_empty() && !is_open(b, name);
    components(a).into_iter().filter(gone).collect()
}

/// What it means that some instance of `a` runs a component and none of the other configuration.
pub fn nowhere_after(a: &Configuration, name: &str) -> String {
    format!(
        "ATTENTION: A runs it in {}, B in no instance: when all are replaced nobody has it; true in one overlay of B, \
        haInstances.ID.components.{name}.enabled",
        instances(a, name).join(", ")
    )
}

/// The components that an instance runs and that nobody of `others` runs, by name.
pub fn nowhere_of(instance: &Configuration, others: impl Fn(&str) -> bool) -> Vec<String> {
    components(instance).into_iter().filter(|name| instance.is_enabled(name) && !others(name)).collect()
}

/// The user interfaces that the configurations of these instances name and that none of them runs, one line each.
pub fn idle_interfaces(instances: &[&Configuration]) -> Vec<String> {
    let named = |name: &str| instances.iter().any(|one| one.is_set_by_user(&["components", name]));
    let idle = |name: &&&str| named(name) && !instances.iter().any(|one| one.is_enabled(name));
    let line = |name: &&str| format!("Worth knowing: component {name} is configured, and no HA instance runs it.");
    super::rules::USER_INTERFACES.iter().filter(idle).map(line).collect()
}
