//! The ports that components listen on: whether they are in range, and which HA instance has them. Nothing is bound here.

use super::clashes::{Clash, InstancePorts, Listener, clashes};
use super::manifest::is_port_key;
use super::{Component, NotInPlay, Survey};
use crate::config::settings;
use crate::config::{Configuration, HaInstance, Location, Problem, SINGLE_SERVICE, SingleService, lookup, normalize_id, secrets};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Besides `port`, what a component listens on, and when: (component, path, path that must hold the value).
const FURTHER: &[(&str, &[&str], &[&str], &str)] = &[
    ("caching-service", &["storage", "infinispan", "jgroups", "port"], &["storage", "mode"], "infinispan"),
    ("caching-service", &["storage", "infinispan", "jgroups", "keyExchange", "port"], &["storage", "mode"], "infinispan"),
];

/// The parts of API ML as one service whose ports it listens at (validateAttlsPorts of zowe-install-packaging).
const SINGLE_SERVICE_LISTENS: &[&str] = &["gateway", "discovery"];

/// What the instance listens on, as far as the survey tells, and what a clash leads to.
pub(super) fn of_instance(configuration: &Configuration, survey: &Survey) -> InstancePorts {
    let id = normal_to_written(configuration);
    InstancePorts {
        id,
        sysname: sysname(configuration.overlay()),
        listeners: checked_listeners(configuration, &survey.installed, &|name| runs(survey, name)),
        check: Some(configuration.startup_check(&settings::CHECK_PORTS)),
    }
}

/// Ports that HA instances share within themselves or with others of their systems (errors, or as `startupChecks.ports` says). `asked`:
/// what the instances listen on that are asked about; the others of their systems are looked up, as `survey` tells what runs. The indexes
/// of a clash are those of `asked`.
pub fn shared_ports(configuration: &Configuration, asked: Vec<InstancePorts>, survey: &Survey) -> Vec<Clash> {
    let count = asked.len();
    let mut instances = asked;
    let systems: HashSet<String> = instances.iter().filter_map(|instance| instance.sysname.clone()).collect();
    let known: HashSet<String> = instances.iter().map(|instance| normalize_id(&instance.id)).collect();
    for id in configuration.instance_ids().iter().map(|id| (id, normalize_id(id))).filter(|(_, normal)| !known.contains(normal)) {
        let overlay = lookup(configuration.base(), &["haInstances", id.0]);
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

/// The id as it is written in haInstances.
fn normal_to_written(configuration: &Configuration) -> String {
    configuration.written_id().unwrap_or_else(|| configuration.ha_instance.id.clone())
}

fn sysname(overlay: Option<&Value>) -> Option<String> {
    lookup(overlay?, &["sysname"])?.as_str().map(str::to_lowercase)
}

/// What the components of a configuration listen on, launched or not, in its order. `installed`: whose manifests' defaults count, those of
/// the parts of the one service too.
pub fn all_listeners(configuration: &Configuration, installed: &[Component]) -> Vec<Listener> {
    listeners(configuration, installed, &|_| true)
}

/// The ports of a component among [`all_listeners`] by name of their property, for display: the one service's are those of its parts.
pub fn ports_of(listeners: &[Listener], component: &str) -> Vec<(String, u16)> {
    let is_its = |listener: &&Listener| listener.component == component || listener.path.get(1).is_some_and(|name| name == component);
    listeners.iter().filter(is_its).map(|listener| (listener.name.clone(), listener.port)).collect()
}

/// The listeners whose ports must be free before a start, narrowed to the address of zowe.network.server.vipaIp.
fn checked_listeners(configuration: &Configuration, installed: &[Component], runs: &dyn Fn(&str) -> bool) -> Vec<Listener> {
    let mut listeners = listeners(configuration, installed, runs);
    listeners.retain(|listener| configuration.validates_port_free(&listener.component));
    for listener in &mut listeners {
        if let Some(address) = configuration.vipa(&listener.component) {
            listener.addresses = vec![address];
        }
    }
    listeners.extend(own_listener(configuration));
    listeners
}

/// The launcher's own: metrics and health.
fn own_listener(configuration: &Configuration) -> Option<Listener> {
    let addresses = configuration.metrics_addresses();
    let port = addresses.first()?.port();
    let path = ["components", "launcher", "metrics", "port"];
    Some(Listener {
        name: path.join("."),
        path: path.map(str::to_string).to_vec(),
        port,
        addresses: addresses.iter().map(|address| address.ip().to_string()).collect(),
        place: configuration.place(&path),
        component: "launcher".to_string(),
        job_name: None,
    })
}

/// Whether anything of a component will run, as far as its manifest tells.
fn runs(survey: &Survey, name: &str) -> bool {
    !survey.not_launched.iter().any(|(other, reason)| other == name && matches!(reason, NotInPlay::NothingToStart | NotInPlay::Unusable))
        || survey.in_play.iter().any(|component| component.name == name && component.command(super::Phase::Start).is_err())
}

/// What the components that will be launched listen on, in the order of the configuration.
pub fn launched_listeners(configuration: &Configuration, survey: &Survey) -> Vec<Listener> {
    let launched: HashSet<&str> = survey.launched.iter().map(String::as_str).collect();
    listeners(configuration, &survey.installed, &|name| launched.contains(name))
}

/// The same without those that are not to be checked, with the addresses to check; and those that were left out.
pub fn listeners_to_check(configuration: &Configuration, survey: &Survey) -> (Vec<Listener>, Vec<Listener>) {
    let launched: HashSet<&str> = survey.launched.iter().map(String::as_str).collect();
    let runs = |name: &str| launched.contains(name);
    let mut left_out = listeners(configuration, &survey.installed, &runs);
    left_out.retain(|listener| !configuration.validates_port_free(&listener.component));
    (checked_listeners(configuration, &survey.installed, &runs), left_out)
}

type ByName<'a> = HashMap<&'a str, &'a Component>;

fn by_name(components: &[Component]) -> ByName<'_> {
    components.iter().rev().map(|component| (component.name.as_str(), component)).collect()
}

/// What a component is configured with, and what its manifest gives where it is not.
struct WithDefaults<'a> {
    configuration: &'a Configuration,
    component: Option<&'a Component>,
    value: Value,
}

impl<'a> WithDefaults<'a> {
    fn of(configuration: &'a Configuration, installed: &ByName<'a>, name: &str) -> WithDefaults<'a> {
        let component = installed.get(name).copied();
        let value = configuration.component_value(name, component.map_or(&Value::Null, |component| &component.manifest.configs));
        WithDefaults { configuration, component, value }
    }

    /// A property below the component.
    fn get(&self, below: &[&str]) -> Option<&Value> {
        lookup(&self.value, below)
    }

    /// What set the property of this path from the root.
    fn place(&self, path: &[&str]) -> Location {
        match self.component {
            Some(component) if self.configuration.get(path).is_none() => {
                let below = path.get(2..).unwrap_or_default();
                let known = component.manifest.config_ports.iter().find(|(known, _)| known.iter().eq(below.iter()));
                known.map_or_else(|| Location::whole(component.manifest_file.display().to_string()), |(_, place)| place.clone())
            }
            _ => self.configuration.place(path),
        }
    }
}

/// `runs`: whether a component is launched; of the parts of the one service, that one is asked for.
fn listeners(configuration: &Configuration, installed: &[Component], runs: &dyn Fn(&str) -> bool) -> Vec<Listener> {
    let mut listeners = Vec::new();
    let installed = &by_name(installed);
    let is_service = configuration.single_service() == SingleService::On;
    let has_port = |name: &str| WithDefaults::of(configuration, installed, name).get(&["port"]).and_then(port).is_some();
    for name in configuration.component_names().iter().filter(|name| configuration.is_enabled(name)) {
        let runs_in = if configuration.is_suppressed(name) { SINGLE_SERVICE } else { name.as_str() };
        if !runs(runs_in) {
            continue;
        }
        let values = WithDefaults::of(configuration, installed, name);
        let mut add = |below: &[&str]| {
            let path: Vec<&str> = ["components", name].iter().chain(below).copied().collect();
            if let Some(Ok(port)) = values.get(below).and_then(port) {
                let own = addresses_of(configuration, runs_in);
                listeners.push(Listener {
                    name: path.join("."),
                    port,
                    addresses: own.unwrap_or_else(|| addresses(configuration, name)),
                    place: values.place(&path),
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
        for (_, path, condition, expected) in FURTHER.iter().filter(|(component, ..)| component == name) {
            let holds = values.get(condition).and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case(expected));
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

/// Ports outside of the range: errors where they are known to be ports, warnings for keys that only look so (0 may switch something off).
pub(super) fn out_of_range(configuration: &Configuration, installed: &[Component]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let installed = &by_name(installed);
    let mut check = |path: &[&str], value: &Value, error: bool, place: &dyn Fn(&[&str]) -> Location| {
        if let Some(Err(())) = port(value) {
            let text = format!("{}: {} is no port; a number from 1 to 65535 is expected", path.join("."), secrets::show(path, value));
            problems.push(Problem { error, ..Problem::warning(Some(place(path)), text) }.about(path));
        }
    };
    for path in [["zowe", "externalPort"], ["zOSMF", "port"]] {
        configuration.get(&path).into_iter().for_each(|value| check(&path, value, true, &|path| configuration.place(path)));
    }
    for name in configuration.component_names().iter().filter(|name| configuration.is_enabled(name)) {
        let values = WithDefaults::of(configuration, installed, name);
        walk(&values.value, &mut vec!["components", name], &mut |path, value| {
            check(path, value, path.len() == 3 && path.last() == Some(&"port"), &|path| values.place(path))
        });
    }
    problems
}

/// Every scalar below a value whose key is `port` or ends with `Port`.
fn walk<'a>(value: &'a Value, path: &mut Vec<&'a str>, visit: &mut dyn FnMut(&[&str], &Value)) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        path.push(key);
        if is_port_key(key) && !value.is_object() && !value.is_array() {
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
