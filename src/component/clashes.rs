//! Ports that listeners of one system share: one finding a port, whatever their number. What is found here needs no system; binding tells
//! the rest. Pure.

use crate::config::settings::StartupCheck;
use crate::config::{Location, Problem};
use crate::message::{FEW, several};
use crate::net::address::{Host, hosts};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// What an HA instance listens on.
#[derive(Debug, Clone, Default)]
pub struct InstancePorts {
    /// As haInstances has it; empty for a configuration without an overlay.
    pub id: String,
    /// In lower case; None where it is not known, and then it shares no system.
    pub sysname: Option<String>,
    pub listeners: Vec<Listener>,
    /// What a clash leads to; None: the ports of this instance are not checked.
    pub check: Option<StartupCheck>,
}

/// A port that is wanted more than once.
#[derive(Debug, Clone)]
pub struct Clash {
    pub problem: Problem,
    /// Indexes of the HA instances that it concerns.
    pub instances: Vec<usize>,
}

/// A listener, by the indexes of its HA instance and of itself.
type Holder = (usize, usize);

/// The clashes of HA instances, those of one system together. `own`: as this instance sees it, and only what concerns it.
pub(super) fn clashes(instances: &[InstancePorts], own: Option<usize>) -> Vec<Clash> {
    let asked = |instance: &InstancePorts| !matches!(instance.check, None | Some(StartupCheck::Disabled));
    let mut systems: BTreeMap<Result<&str, usize>, Vec<usize>> = BTreeMap::new();
    for (index, instance) in instances.iter().enumerate().filter(|(_, instance)| asked(instance)) {
        systems.entry(instance.sysname.as_deref().ok_or(index)).or_default().push(index);
    }
    let mut found = Vec::new();
    for system in systems.values() {
        let mut by_port: BTreeMap<u16, Vec<Holder>> = BTreeMap::new();
        for index in system {
            for (position, listener) in instances.get(*index).into_iter().flat_map(|instance| instance.listeners.iter().enumerate()) {
                by_port.entry(listener.port).or_default().push((*index, position));
            }
        }
        found.extend(by_port.values().filter_map(|holders| clash(instances, &in_the_way(instances, holders), own)));
    }
    found
}

fn listener(instances: &[InstancePorts], (instance, position): Holder) -> Option<&Listener> {
    instances.get(instance)?.listeners.get(position)
}

/// The holders of one port that conflict: one of them listens on all addresses, or two on the same address, however it is spelt.
fn in_the_way(instances: &[InstancePorts], holders: &[Holder]) -> Vec<Holder> {
    let all: Vec<(Holder, BTreeSet<Host>)> = holders
        .iter()
        .map(|holder| {
            let addresses = listener(instances, *holder).map(|listener| listener.addresses.as_slice()).unwrap_or_default();
            (*holder, addresses.iter().flat_map(|address| hosts(address)).collect())
        })
        .collect();
    let is_all = |host: &Host| matches!(host, Host::Address(address) if address.is_all());
    if all.iter().any(|(_, hosts)| hosts.is_empty() || hosts.iter().any(is_all)) {
        return holders.to_vec();
    }
    let mut users: HashMap<&Host, usize> = HashMap::new();
    for host in all.iter().flat_map(|(_, hosts)| hosts) {
        *users.entry(host).or_default() += 1;
    }
    let shares = |hosts: &BTreeSet<Host>| hosts.iter().any(|host| users.get(host).is_some_and(|users| *users > 1));
    all.iter().filter(|(_, hosts)| shares(hosts)).map(|(holder, _)| *holder).collect()
}

/// The holders that have one name: a component may be in several HA instances.
struct Group<'a> {
    listener: &'a Listener,
    ids: Vec<&'a str>,
}

fn clash(instances: &[InstancePorts], holders: &[Holder], own: Option<usize>) -> Option<Clash> {
    let concerned: BTreeSet<usize> = holders.iter().map(|(instance, _)| *instance).collect();
    if holders.len() < 2 || own.is_some_and(|own| !concerned.contains(&own)) {
        return None;
    }
    // Its own come first; of one instance alone the last one is the one too many.
    let mut order = holders.to_vec();
    order.sort_by_key(|(instance, _)| Some(*instance) != own);
    if concerned.len() == 1 {
        order.rotate_right(1);
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for holder in order {
        let (Some(listener), Some(instance)) = (listener(instances, holder), instances.get(holder.0)) else { continue };
        match groups.iter_mut().find(|group| group.listener.name == listener.name) {
            Some(group) => group.ids.push(&instance.id),
            None => groups.push(Group { listener, ids: vec![&instance.id] }),
        }
    }
    let (head, others) = groups.split_first()?;
    let exits = |index: &usize| instances.get(*index).is_some_and(|instance| instance.check == Some(StartupCheck::Exit));
    let error = own.map_or_else(|| concerned.iter().any(exits), |own| exits(&own));
    let text = text(head, others, concerned.len() > 1);
    let path: Vec<&str> = head.listener.path.iter().map(String::as_str).collect();
    let problem = Problem { error, ..Problem::warning(Some(head.listener.place.clone()), text) }.about(&path);
    Some(Clash { problem, instances: concerned.into_iter().collect() })
}

/// The first few, each after an `of`.
fn listed(others: &[String]) -> String {
    let shown = if others.len() <= FEW + 1 { others.len() } else { FEW };
    let more = others.len() - shown;
    let more = if more > 0 { format!(" and of {more} more") } else { String::new() };
    others.iter().take(shown).cloned().collect::<Vec<_>>().join(", of ") + &more
}

fn text(head: &Group<'_>, others: &[Group<'_>], across: bool) -> String {
    let Listener { name, port, .. } = head.listener;
    let of_instances = |ids: &[&str]| match ids {
        [id] => format!("HA instance {id}"),
        ids => format!("HA instances {}", several(ids, FEW)),
    };
    let other = |group: &Group<'_>| {
        let Listener { name, place, .. } = group.listener;
        if across { format!("{name} of {} too ({place})", of_instances(&group.ids)) } else { format!("{name} too ({place})") }
    };
    let mut parts: Vec<String> = Vec::new();
    if head.ids.len() > 1 {
        parts.push(format!("is the port of this component in {}", of_instances(&head.ids)));
    }
    if !others.is_empty() {
        parts.push(format!("is the port of {}", listed(&others.iter().map(other).collect::<Vec<_>>())));
    }
    let system = if across { ", which have the same sysname" } else { "" };
    format!("{name}: {port} {}{system}; a port of its own is expected", parts.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use proptest::prelude::*;

    fn listener(name: &str, port: u16, addresses: &[&str]) -> Listener {
        let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
        let place = Location::new("z", 1, 1);
        Listener { name: name.into(), path: vec![name.into()], port, addresses, place, component: name.into(), job_name: None }
    }

    fn instance(id: &str, sysname: Option<&str>, listeners: Vec<Listener>) -> InstancePorts {
        InstancePorts { id: id.into(), sysname: sysname.map(str::to_owned), listeners, check: Some(StartupCheck::Exit) }
    }

    #[test]
    fn a_port_is_one_finding_that_names_all() {
        let five: Vec<InstancePorts> =
            (0..5).map(|number| instance(&format!("l{number}"), Some("s"), vec![listener("a", 1, &[]), listener("b", 2, &[])])).collect();
        let found = clashes(&five, None);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0].problem.text,
            "a: 1 is the port of this component in HA instances l0, l1, l2, l3, l4, which have the same sysname; a port of its own is expected"
        );
        assert_eq!(found[0].instances, [0, 1, 2, 3, 4]);
        let mut six = five;
        six.push(instance("x", Some("s"), vec![listener("c", 1, &[])]));
        let found = clashes(&six, Some(5));
        assert_eq!(found.len(), 1, "b is none of its business");
        assert!(found[0].problem.text.starts_with("c: 1 is the port of a of HA instances l0, l1, l2, l3, l4 too (z:1:1), which have"));
        six[5].check = Some(StartupCheck::Warn);
        assert_eq!((clashes(&six, Some(5))[0].problem.error, clashes(&six, None)[0].problem.error), (false, true));
        six[5].check = Some(StartupCheck::Disabled);
        assert!(clashes(&six, Some(5)).is_empty());
    }

    #[test]
    fn one_instance_and_other_systems() {
        let alone = [instance("", None, vec![listener("a", 1, &[]), listener("b", 1, &[]), listener("c", 1, &[])])];
        let found = clashes(&alone, None);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].problem.text, "c: 1 is the port of a too (z:1:1), of b too (z:1:1); a port of its own is expected");
        let two = [instance("x", Some("p"), vec![listener("a", 1, &[])]), instance("y", Some("q"), vec![listener("a", 1, &[])])];
        assert!(clashes(&two, None).is_empty());
        let unknown = [instance("x", None, vec![listener("a", 1, &[])]), instance("y", None, vec![listener("a", 1, &[])])];
        assert!(clashes(&unknown, None).is_empty());
    }

    #[test]
    fn an_address_is_the_same_however_it_is_spelt() {
        let clash = |a: &str, b: &str| {
            let both = [instance("", None, vec![listener("a", 1, &[a]), listener("b", 1, &[b])])];
            !clashes(&both, None).is_empty()
        };
        for (a, b) in [
            ("localhost", "127.0.0.1"),
            ("LOCALHOST", "::1"),
            ("::1", "[0:0:0:0:0:0:0:1]"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("[::]", "10.0.0.1"),
            ("0:0:0:0:0:0:0:0", "10.0.0.1"),
            (" 10.0.0.1", "10.0.0.1"),
            ("A.example.com", "a.example.com."),
            ("fe80::1%eth0", "[FE80::1%eth0]"),
        ] {
            assert!(clash(a, b) && clash(b, a), "{a} {b}");
        }
        for (a, b) in [("127.0.0.1", "::1"), ("fe80::1%eth0", "fe80::1%eth1"), ("a.example.com", "b.example.com"), ("10.0.0.1", "10.0.0.2")]
        {
            assert!(!clash(a, b) && !clash(b, a), "{a} {b}");
        }
    }

    proptest! {
        /// A listener is named just when another one of its system is in its way, by the plain definition.
        #[test]
        fn as_pairs_of_listeners_say(raw in proptest::collection::vec((0usize..3, 0u16..3, proptest::collection::vec(0usize..4, 0..3)), 0..8)) {
            const ADDRESSES: [&str; 4] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "0.0.0.0"];
            let mut instances: Vec<InstancePorts> = (0..3).map(|number| instance(&format!("i{number}"), Some("s"), Vec::new())).collect();
            for (number, (index, port, addresses)) in raw.iter().enumerate() {
                let addresses: Vec<&str> = addresses.iter().map(|index| ADDRESSES[*index]).collect();
                instances[*index].listeners.push(listener(&format!("n{number}"), *port, &addresses));
            }
            let all: Vec<&Listener> = instances.iter().flat_map(|instance| &instance.listeners).collect();
            let everywhere = |listener: &Listener| listener.addresses.is_empty() || listener.addresses.contains(&"0.0.0.0".to_owned());
            let meet = |a: &Listener, b: &Listener| {
                a.name != b.name && a.port == b.port && (everywhere(a) || everywhere(b) || a.addresses.iter().any(|address| b.addresses.contains(address)))
            };
            let expected: Vec<&String> = all.iter().filter(|a| all.iter().any(|b| meet(a, b))).map(|listener| &listener.name).collect();
            let found = clashes(&instances, None);
            for listener in &all {
                let named = found.iter().any(|clash| clash.problem.text.split([' ', ':']).any(|word| word == listener.name));
                prop_assert_eq!(named, expected.contains(&&listener.name), "{} in {:?}", &listener.name, &found);
            }
        }
    }
}
