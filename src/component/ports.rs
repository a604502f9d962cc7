//! Ports: in range, and each but once on a system. What is found here needs no system; binding tells the rest.

use super::{NotInPlay, Survey};
use crate::config::settings::{self, StartupCheck};
use crate::config::{Configuration, HaInstance, Location, Problem, SINGLE_SERVICE, SingleService, lookup, normalize_id, secrets};
use serde_json::Value;
use std::collections::BTreeMap;

/// Besides `port`, what a component listens on, and when: (component, path, path that must hold the value).
const FURTHER: &[(&str, &[&str], &[&str], &str)] = &[
    ("caching-service", &["storage", "infinispan", "jgroups", "port"], &["storage", "mode"], "infinispan"),
    ("caching-service", &["storage", "infinispan", "jgroups", "keyExchange", "port"], &["storage", "mode"], "infinispan"),
];

/// The parts of API ML as one service whose ports it listens at (validateAttlsPorts of zowe-install-packaging).
const SINGLE_SERVICE_LISTENS: &[&str] = &["gateway", "discovery"];

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
    /// The component whose process listens: the one service for its parts.
    pub component: String,
    /// The name of its address space on z/OS, by which ports are reserved there; None where the system chooses it.
    pub job_name: Option<String>,
}

/// Ports outside 1 to 65535 (errors) and ports that two listeners of one system share (as `startupChecks.ports` says; an error by default).
pub(super) fn problems(configuration: &Configuration, survey: &Survey) -> Vec<Problem> {
    let mut problems = out_of_range(configuration);
    let shared = match configuration.startup_check(&settings::CHECK_PORTS) {
        StartupCheck::Disabled => return problems,
        StartupCheck::Warn => false,
        StartupCheck::Exit => true,
    };
    let runs = |name: &str| runs(survey, name);
    let own = checked_listeners(configuration, &runs);
    let mut report = |listener: &Listener, text: String| {
        let path: Vec<&str> = listener.path.iter().map(String::as_str).collect();
        problems.push(Problem { error: shared, ..Problem::warning(Some(listener.place.clone()), text) }.about(&path));
    };
    let mut by_port: BTreeMap<u16, Vec<&Listener>> = BTreeMap::new();
    for listener in &own {
        let earlier = by_port.entry(listener.port).or_default();
        if let Some(first) = earlier.iter().find(|first| meet(first, listener)) {
            let text = format!(
                "{}: {} is the port of {} too ({}); a port of its own is expected",
                listener.name, listener.port, first.name, first.place
            );
            report(listener, text);
        }
        earlier.push(listener);
    }
    for (id, other) in others_of_system(configuration) {
        for listener in checked_listeners(&other, &runs) {
            if let Some(first) = by_port.get(&listener.port).and_then(|own| own.iter().find(|first| meet(first, &listener))) {
                let text = format!(
                    "{}: {} is the port of {} of HA instance {id} too ({}), which has the same sysname; a port of its own is expected",
                    first.name, first.port, listener.name, listener.place
                );
                report(first, text);
            }
        }
    }
    problems
}

/// True when two listeners of one port are in each other's way: one of them listens on all addresses, or both on the same one.
fn meet(a: &Listener, b: &Listener) -> bool {
    let all = |listener: &Listener| {
        listener.addresses.is_empty() || listener.addresses.iter().any(|address| matches!(address.as_str(), "0.0.0.0" | "::"))
    };
    all(a) || all(b) || a.addresses.iter().any(|address| b.addresses.contains(address))
}

/// The ports of a component by name of their property, for display: the one service's are those of its parts.
pub fn ports_of(configuration: &Configuration, component: &str) -> Vec<(String, u16)> {
    let is_its = |listener: &Listener| listener.component == component || listener.path.get(1).is_some_and(|name| name == component);
    listeners(configuration, &|_| true).into_iter().filter(is_its).map(|listener| (listener.name, listener.port)).collect()
}

/// Those whose ports are to be free before a start, narrowed to the address of zowe.network.server.vipaIp.
fn checked_listeners(configuration: &Configuration, runs: &dyn Fn(&str) -> bool) -> Vec<Listener> {
    let mut listeners = listeners(configuration, runs);
    listeners.retain(|listener| configuration.validates_port_free(&listener.component));
    for listener in &mut listeners {
        if let Some(address) = configuration.vipa(&listener.component) {
            listener.addresses = vec![address];
        }
    }
    listeners
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

/// The same without those that are not to be looked at, and with the addresses to be looked at; and which were left out.
pub fn listeners_to_check(configuration: &Configuration, survey: &Survey) -> (Vec<Listener>, Vec<Listener>) {
    let runs = |name: &str| survey.launched.iter().any(|launched| launched == name);
    let mut left_out = listeners(configuration, &runs);
    left_out.retain(|listener| !configuration.validates_port_free(&listener.component));
    (checked_listeners(configuration, &runs), left_out)
}

/// `runs`: whether a component is launched; of the parts of the one service, that one is asked for.
fn listeners(configuration: &Configuration, runs: &dyn Fn(&str) -> bool) -> Vec<Listener> {
    let mut listeners = Vec::new();
    let is_service = configuration.single_service() == SingleService::On;
    let has_port = |name: &str| configuration.get(&["components", name, "port"]).and_then(port).is_some();
    for name in configuration.component_names().iter().filter(|name| configuration.is_enabled(name)) {
        let runs_in = if configuration.is_suppressed(name) { SINGLE_SERVICE } else { name.as_str() };
        if !runs(runs_in) {
            continue;
        }
        let mut add = |below: &[&str]| {
            let path: Vec<&str> = ["components", name].iter().chain(below).copied().collect();
            if let Some(Ok(port)) = configuration.get(&path).and_then(port) {
                let own = addresses_of(configuration, runs_in);
                listeners.push(Listener {
                    name: path.join("."),
                    port,
                    addresses: own.unwrap_or_else(|| addresses(configuration, name)),
                    place: configuration.place(&path),
                    path: path.into_iter().map(str::to_string).collect(),
                    component: runs_in.to_string(),
                    job_name: super::job_name_of(name, configuration),
                });
            }
        };
        // The one service listens at the ports of the gateway, else its own, and of discovery; nothing else of it has a port.
        let is_listened_at = match name.as_str() {
            _ if !is_service => true,
            SINGLE_SERVICE => !has_port("gateway"),
            name => SINGLE_SERVICE_LISTENS.contains(&name) || !configuration.is_suppressed(name),
        };
        if is_listened_at {
            add(&["port"]);
        }
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

const LISTEN_ADDRESSES: [&str; 4] = ["zowe", "network", "server", "listenAddresses"];

/// `components.<c>.zowe.network.server.listenAddresses`, else `zowe.network.server.listenAddresses`.
pub(super) fn addresses(configuration: &Configuration, component: &str) -> Vec<String> {
    addresses_of(configuration, component).or_else(|| texts(configuration, &LISTEN_ADDRESSES)).unwrap_or_default()
}

/// Only those of the component itself.
fn addresses_of(configuration: &Configuration, component: &str) -> Option<Vec<String>> {
    texts(configuration, &["components", component].into_iter().chain(LISTEN_ADDRESSES).collect::<Vec<_>>())
}

fn texts(configuration: &Configuration, path: &[&str]) -> Option<Vec<String>> {
    let items = configuration.get(path)?.as_array()?;
    Some(items.iter().filter_map(Value::as_str).map(str::to_string).collect())
}

/// The configurations of the HA instances that run on the same system as this one.
fn others_of_system(configuration: &Configuration) -> Vec<(String, Configuration)> {
    let sysname_of =
        |overlay: Option<&Value>| overlay.and_then(|overlay| lookup(overlay, &["sysname"])).and_then(Value::as_str).map(str::to_lowercase);
    let Some(sysname) = sysname_of(configuration.overlay.as_ref()) else { return Vec::new() };
    let other = |id: String| {
        let overlay = lookup(&configuration.base, &["haInstances", &id]);
        let normal = normalize_id(&id);
        if normal == configuration.ha_instance.id || sysname_of(overlay).as_ref() != Some(&sysname) {
            return None;
        }
        let instance = HaInstance { id: normal, from_placeholder: false };
        configuration.for_instance(&instance).ok().map(|other| (id, other))
    };
    configuration.instance_ids().into_iter().filter_map(other).collect()
}

/// Ports outside of the range: errors where they are known to be ports, warnings for keys that only look so (0 may switch something off).
fn out_of_range(configuration: &Configuration) -> Vec<Problem> {
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
