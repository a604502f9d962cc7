//! What components listen on: in range, and of which HA instance. What is found here needs no system; binding tells the rest.

use super::clashes::{Clash, InstancePorts, clashes};
use super::{NotInPlay, Survey};
use crate::config::settings;
use crate::config::{Configuration, HaInstance, Location, Problem, lookup, normalize_id, secrets};
use serde_json::Value;
use std::collections::HashSet;

/// Besides `port`, what a component listens on, and when: (component, path, path that must hold the value).
const FURTHER: &[(&str, &[&str], &[&str], &str)] = &[
    ("caching-service", &["storage", "infinispan", "jgroups", "port"], &["storage", "mode"], "infinispan"),
    ("caching-service", &["storage", "infinispan", "jgroups", "keyExchange", "port"], &["storage", "mode"], "infinispan"),
];

/// A port that a component listens on.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Path of the property, joined with dots.
    pub name: String,
    pub path: Vec<String>,
    pub port: u16,
    /// The addresses it is bound to, as configured; empty for all.
    pub addresses: Vec<String>,
    pub place: Location,
}

/// What the instance listens on, as far as the survey tells, and what it is to lead to where others want the same.
pub(super) fn of_instance(configuration: &Configuration, survey: &Survey) -> InstancePorts {
    let id = normal_to_written(configuration);
    InstancePorts {
        id,
        sysname: sysname(configuration.overlay.as_ref()),
        listeners: listeners(configuration, &|name| runs(survey, name)),
        check: Some(configuration.startup_check(&settings::CHECK_PORTS)),
    }
}

/// Ports that HA instances share within themselves or with others of their systems (errors, or as `startupChecks.ports` says). `asked`: what
/// the instances listen on that are asked about; the others of their systems are looked up, as `survey` tells what runs. The indexes of a clash
/// are those of `asked`.
pub fn shared_ports(configuration: &Configuration, asked: Vec<InstancePorts>, survey: &Survey) -> Vec<Clash> {
    let count = asked.len();
    let mut instances = asked;
    let systems: HashSet<String> = instances.iter().filter_map(|instance| instance.sysname.clone()).collect();
    let known: HashSet<String> = instances.iter().map(|instance| normalize_id(&instance.id)).collect();
    for id in configuration.instance_ids().iter().map(|id| (id, normalize_id(id))).filter(|(_, normal)| !known.contains(normal)) {
        let overlay = lookup(&configuration.base, &["haInstances", id.0]);
        if sysname(overlay).is_some_and(|sysname| systems.contains(&sysname)) {
            let other = configuration.for_instance(&HaInstance { id: id.1, from_placeholder: false });
            instances.extend(other.ok().map(|other| of_instance(&other, survey)));
        }
    }
    // One instance sees them from its own side.
    let mut found = clashes(&instances, (count == 1).then_some(0));
    found.iter_mut().for_each(|clash| clash.instances.retain(|index| *index < count));
    found.retain(|clash| !clash.instances.is_empty());
    found
}

/// The id as haInstances has it.
fn normal_to_written(configuration: &Configuration) -> String {
    let id = &configuration.ha_instance.id;
    configuration.instance_ids().into_iter().find(|written| normalize_id(written) == *id).unwrap_or_else(|| id.clone())
}

fn sysname(overlay: Option<&Value>) -> Option<String> {
    lookup(overlay?, &["sysname"])?.as_str().map(str::to_lowercase)
}

/// The ports of a component by name of their property, for display.
pub fn ports_of(configuration: &Configuration, component: &str) -> Vec<(String, u16)> {
    listeners(configuration, &|name| name == component).into_iter().map(|listener| (listener.name, listener.port)).collect()
}

/// Whether anything of a component will run, as far as its manifest tells.
fn runs(survey: &Survey, name: &str) -> bool {
    !survey.not_launched.iter().any(|(other, reason)| other == name && matches!(reason, NotInPlay::NothingToStart | NotInPlay::Unusable))
        || survey.in_play.iter().any(|component| component.name == name && component.command(super::Phase::Start).is_err())
}

/// What the components that will be launched listen on, in the order of the configuration.
pub fn launched_listeners(configuration: &Configuration, survey: &Survey) -> Vec<Listener> {
    listeners(configuration, &|name| survey.launched.iter().any(|launched| launched == name))
}

fn listeners(configuration: &Configuration, runs: &dyn Fn(&str) -> bool) -> Vec<Listener> {
    let mut listeners = Vec::new();
    for name in configuration.component_names().iter().filter(|name| configuration.is_enabled(name) && runs(name)) {
        let mut add = |below: &[&str]| {
            let path: Vec<&str> = ["components", name].iter().chain(below).copied().collect();
            if let Some(Ok(port)) = configuration.get(&path).and_then(port) {
                listeners.push(Listener {
                    name: path.join("."),
                    port,
                    addresses: addresses(configuration, name),
                    place: configuration.place(&path),
                    path: path.into_iter().map(str::to_string).collect(),
                });
            }
        };
        add(&["port"]);
        for (component, path, condition, expected) in FURTHER.iter().filter(|(component, ..)| component == name) {
            let condition: Vec<&str> = ["components", component].iter().chain(*condition).copied().collect();
            let holds = configuration.get(&condition).and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case(expected));
            if holds {
                add(path);
            }
        }
    }
    listeners
}

/// `components.<c>.zowe.network.server.listenAddresses`, else `zowe.network.server.listenAddresses`.
pub(super) fn addresses(configuration: &Configuration, component: &str) -> Vec<String> {
    let below = ["zowe", "network", "server", "listenAddresses"];
    let own: Vec<&str> = ["components", component].iter().chain(&below).copied().collect();
    let list = [own.as_slice(), below.as_slice()].into_iter().find_map(|path| configuration.get(path).and_then(Value::as_array));
    list.map(|items| items.iter().filter_map(Value::as_str).map(str::to_string).collect()).unwrap_or_default()
}

/// Ports outside of the range: errors where they are known to be ports, warnings for keys that only look so (0 may switch something off).
pub(super) fn out_of_range(configuration: &Configuration) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |path: &[&str], value: &Value, error: bool| {
        if let Some(Err(())) = port(value) {
            let text = format!("{}: {} is no port; a number from 1 to 65535 is expected", path.join("."), secrets::show(path, value));
            problems.push(Problem { error, ..Problem::warning(Some(configuration.place(path)), text) }.about(path));
        }
    };
    for path in [["zowe", "externalPort"], ["zOSMF", "port"]] {
        configuration.get(&path).into_iter().for_each(|value| check(&path, value, true));
    }
    for name in configuration.component_names().iter().filter(|name| configuration.is_enabled(name)) {
        if let Some(value) = configuration.get(&["components", name]) {
            walk(value, &mut vec!["components", name], &mut |path, value| {
                check(path, value, path.len() == 3 && path.last() == Some(&"port"))
            });
        }
    }
    problems
}

/// Every scalar below a value whose key is `port` or ends with `Port`.
fn walk<'a>(value: &'a Value, path: &mut Vec<&'a str>, visit: &mut dyn FnMut(&[&str], &Value)) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        path.push(key);
        if (key == "port" || key.ends_with("Port")) && !value.is_object() && !value.is_array() {
            visit(path, value);
        } else {
            walk(value, path, visit);
        }
        path.pop();
    }
}

/// A port, in digits or as a number; None where none is set.
fn port(value: &Value) -> Option<Result<u16, ()>> {
    let number = match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    Some(number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0).ok_or(()))
}
