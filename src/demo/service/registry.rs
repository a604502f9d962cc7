//! What the sample's Discovery Service knows: leases of registered instances, and Eureka's two ways of writing them. Pure.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The lease of an instance that specifies none.
const LEASE: Duration = Duration::from_secs(90);

/// How a list with one element is written in JSON: real registries use both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// As a list.
    #[default]
    List,
    /// As the element itself.
    Object,
}

/// How long a change is reported to clients that ask for changes only; clients ask every 30 seconds.
const RECENT: Duration = Duration::from_secs(180);

struct Lease {
    instance: Map<String, Value>,
    renewed: Instant,
    duration: Duration,
}

/// Which instances are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which<'a> {
    All,
    /// Those that have changed lately, with what has become of each.
    Changed,
    Application(&'a str),
    Instance(&'a str, &'a str),
    /// An instance of any application.
    AnyInstance(&'a str),
    /// A virtual host name, secure or not.
    Virtual(&'a str, bool),
}

/// The registry; application names in upper case, as in Eureka.
#[derive(Default)]
pub(super) struct Store {
    leases: BTreeMap<(String, String), Lease>,
    /// When an instance last changed, and the instance with what has become of it.
    changes: BTreeMap<(String, String), (Instant, Map<String, Value>)>,
    /// The number of all changes.
    count: u64,
}

type Found<'a> = BTreeMap<&'a str, Vec<&'a Map<String, Value>>>;

fn key(app: &str, id: &str) -> (String, String) {
    (app.to_uppercase(), id.to_owned())
}

/// Milliseconds, which clients write as a number or as text.
fn time_of(value: Option<&Value>) -> Option<u64> {
    plain(value?).parse().ok()
}

impl Store {
    /// Registers an instance, or replaces its registration. An instance without an id is known by its host name. False: it has neither.
    pub(super) fn register(&mut self, app: &str, instance: &Value, now: Instant) -> bool {
        let Some(instance) = instance.as_object() else { return false };
        let text = |key: &str| instance.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(id) = text("instanceId").or_else(|| text("hostName")) else { return false };
        let seconds = instance.get("leaseInfo").and_then(|lease| lease.get("durationInSecs"));
        let seconds = seconds.and_then(|seconds| plain(seconds).parse::<u64>().ok());
        let duration = seconds.filter(|seconds| *seconds > 0).map_or(LEASE, Duration::from_secs);
        let key = key(app, id);
        self.leases.insert(key.clone(), Lease { instance: instance.clone(), renewed: now, duration });
        self.changed(key, "ADDED", now);
        true
    }

    /// False: it is not registered, or its registration is out of date: the client has `changed` it (milliseconds) since it registered.
    pub(super) fn renew(&mut self, app: &str, id: &str, changed: Option<&str>, now: Instant) -> bool {
        let Some(lease) = self.leases.get_mut(&key(app, id)) else { return false };
        let known = time_of(lease.instance.get("lastDirtyTimestamp"));
        if known.zip(changed.and_then(|time| time.parse::<u64>().ok())).is_some_and(|(known, changed)| changed > known) {
            return false;
        }
        lease.renewed = now;
        true
    }

    /// False: it was not registered.
    pub(super) fn cancel(&mut self, app: &str, id: &str, now: Instant) -> bool {
        let key = key(app, id);
        let Some(lease) = self.leases.remove(&key) else { return false };
        self.gone(key, lease, now);
        true
    }

    /// Sets an override of the instance's own status, or removes it. False: it is not registered.
    pub(super) fn override_status(&mut self, app: &str, id: &str, status: Option<&str>, now: Instant) -> bool {
        let key = key(app, id);
        let Some(lease) = self.leases.get_mut(&key) else { return false };
        // Clients write it in two ways; in an answer with both, different readers would read different ones.
        lease.instance.remove("overriddenstatus");
        lease.instance.insert("overriddenStatus".to_owned(), status.unwrap_or("UNKNOWN").into());
        lease.instance.insert("status".to_owned(), status.unwrap_or("UP").into());
        self.changed(key, "MODIFIED", now);
        true
    }

    /// Removes instances whose leases have run out, and names them.
    pub(super) fn evict(&mut self, now: Instant) -> Vec<String> {
        let dead = self.leases.iter().filter(|(_, lease)| now.saturating_duration_since(lease.renewed) > lease.duration);
        let dead: Vec<(String, String)> = dead.map(|(key, _)| key.clone()).collect();
        let mut evicted = Vec::new();
        for key in dead {
            evicted.push(format!("{} {}", key.0, key.1));
            if let Some(lease) = self.leases.remove(&key) {
                self.gone(key, lease, now);
            }
        }
        self.changes.retain(|_, (when, _)| now.saturating_duration_since(*when) <= RECENT);
        evicted
    }

    fn changed(&mut self, key: (String, String), action: &str, now: Instant) {
        self.count += 1;
        if let Some(lease) = self.leases.get_mut(&key) {
            lease.instance.insert("actionType".to_owned(), action.into());
            self.changes.insert(key, (now, lease.instance.clone()));
        }
    }

    fn gone(&mut self, key: (String, String), lease: Lease, now: Instant) {
        self.count += 1;
        let mut instance = lease.instance;
        instance.insert("actionType".to_owned(), "DELETED".into());
        self.changes.insert(key, (now, instance));
    }

    fn found<'a>(&'a self, which: Which<'_>) -> Found<'a> {
        let mut found: Found<'a> = BTreeMap::new();
        if which == Which::Changed {
            for ((app, _), (_, instance)) in &self.changes {
                found.entry(app).or_default().push(instance);
            }
            return found;
        }
        for ((app, id), lease) in &self.leases {
            let is_asked_for = match which {
                Which::All | Which::Changed => true,
                Which::Application(name) => name.eq_ignore_ascii_case(app),
                Which::Instance(name, instance) => name.eq_ignore_ascii_case(app) && instance == id,
                Which::AnyInstance(instance) => instance == id,
                Which::Virtual(name, secure) => {
                    let names = lease.instance.get(if secure { "secureVipAddress" } else { "vipAddress" }).and_then(Value::as_str);
                    names.is_some_and(|names| names.split(',').any(|one| one.trim() == name))
                }
            };
            if is_asked_for {
                found.entry(app).or_default().push(&lease.instance);
            }
        }
        found
    }

    /// How many instances have which status, in the form that clients compare with what they know: `DOWN_1_UP_4_`.
    fn hash(&self) -> String {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for lease in self.leases.values() {
            *counts.entry(plain(lease.instance.get("status").unwrap_or(&Value::Null)).to_uppercase()).or_default() += 1;
        }
        counts.iter().map(|(status, count)| format!("{status}_{count}_")).collect()
    }

    /// The answer to GET, in JSON; None: there is no such application or instance.
    pub(super) fn json(&self, which: Which<'_>, shape: Shape) -> Option<Value> {
        let in_shape = |mut items: Vec<Value>| match (shape, items.len()) {
            (Shape::Object, 1) => items.swap_remove(0),
            _ => Value::Array(items),
        };
        let application = |(app, instances): (&str, Vec<&Map<String, Value>>)| {
            let instances = instances.into_iter().map(|instance| Value::Object(instance.clone())).collect();
            json!({"name": app, "instance": in_shape(instances)})
        };
        let mut found = self.found(which).into_iter();
        match which {
            Which::All | Which::Changed | Which::Virtual(..) => {
                let all: Vec<Value> = found.map(application).collect();
                let version = self.count.to_string();
                Some(json!({"applications": {"versions__delta": version, "apps__hashcode": self.hash(), "application": in_shape(all)}}))
            }
            Which::Application(_) => Some(json!({"application": application(found.next()?)})),
            Which::Instance(..) | Which::AnyInstance(_) => Some(json!({"instance": found.next()?.1.first()?})),
        }
    }

    /// The same in XML.
    pub(super) fn xml(&self, which: Which<'_>) -> Option<String> {
        let mut text = String::new();
        let found = self.found(which);
        for (app, instances) in &found {
            let mut inner = String::new();
            for instance in instances {
                inner.push_str("<instance>");
                elements(&mut inner, instance);
                inner.push_str("</instance>");
            }
            if matches!(which, Which::Instance(..) | Which::AnyInstance(_)) {
                return Some(inner);
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "<application><name>{}</name>{inner}</application>", escaped(app));
        }
        match which {
            Which::All | Which::Changed | Which::Virtual(..) => {
                let (version, hash) = (self.count, escaped(&self.hash()));
                Some(format!(
                    "<applications><versions__delta>{version}</versions__delta><apps__hashcode>{hash}</apps__hashcode>{text}</applications>"
                ))
            }
            _ => Some(text).filter(|_| !found.is_empty()),
        }
    }
}

/// Attributes are written as JSON's `@name` and text as `$`.
fn elements(text: &mut String, map: &Map<String, Value>) {
    // A value of null is left out: clients would read the word.
    for (name, value) in map.iter().filter(|(name, value)| !value.is_null() && is_element_name(name)) {
        let Value::Object(inner) = value else {
            let _ = write!(text, "<{name}>{}</{name}>", escaped(&plain(value)));
            continue;
        };
        let _ = write!(text, "<{name}");
        for (attribute, value) in inner {
            if let Some(attribute) = attribute.strip_prefix('@').filter(|attribute| is_element_name(attribute)) {
                let _ = write!(text, " {attribute}=\"{}\"", escaped(&plain(value)));
            }
        }
        text.push('>');
        match inner.get("$") {
            Some(value) => text.push_str(&escaped(&plain(value))),
            None => elements(text, inner),
        }
        let _ = write!(text, "</{name}>");
    }
}

fn is_element_name(name: &str) -> bool {
    name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escaped(text: &str) -> String {
    let mut result = String::new();
    for letter in text.chars() {
        match letter {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            letter if letter.is_control() && !matches!(letter, '\n' | '\t') => {}
            letter => result.push(letter),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ha::registry;
    use proptest::prelude::*;

    fn instance(id: &str, seconds: u64) -> Value {
        json!({"instanceId": id, "hostName": "a", "app": "X", "status": "UP", "port": {"$": 80, "@enabled": "true"},
            "leaseInfo": {"durationInSecs": seconds}})
    }

    #[test]
    fn leases_run_out_unless_they_are_renewed() {
        let (mut store, begin) = (Store::default(), Instant::now());
        assert!(store.register("gateway", &instance("one", 6), begin) && store.register("gateway", &instance("two", 6), begin));
        assert!(!store.register("gateway", &json!({"status": "UP"}), begin) && !store.register("gateway", &json!(1), begin));
        let later = begin + Duration::from_secs(5);
        assert!(store.renew("GATEWAY", "one", None, later) && !store.renew("gateway", "three", None, later));
        assert_eq!(store.evict(begin + Duration::from_secs(7)), ["GATEWAY two"]);
        assert!(store.cancel("Gateway", "one", later) && !store.cancel("gateway", "one", later));
        assert_eq!((store.json(Which::Application("gateway"), Shape::List), store.xml(Which::Application("gateway"))), (None, None));
    }

    #[test]
    fn an_overriding_status_goes_before_and_can_be_taken_away() {
        let mut store = Store::default();
        let now = Instant::now();
        store.register("gateway", &instance("one", 6), now);
        let status = |store: &Store| registry::read(&store.json(Which::All, Shape::List).unwrap().to_string()).unwrap()[0].status.clone();
        assert!(store.override_status("gateway", "one", Some("OUT_OF_SERVICE"), now));
        assert_eq!(status(&store), "OUT_OF_SERVICE");
        assert!(store.override_status("gateway", "one", None, now) && !store.override_status("gateway", "two", None, now));
        assert_eq!(status(&store), "UP");
    }

    #[test]
    fn a_renewal_of_what_was_changed_since_asks_for_all_of_it() {
        let (mut store, now) = (Store::default(), Instant::now());
        let mut one = instance("one", 6);
        one["lastDirtyTimestamp"] = "1000".into();
        store.register("x", &one, now);
        for (time, known) in [(Some("1000"), true), (Some("999"), true), (Some("1001"), false), (Some("what"), true), (None, true)] {
            assert_eq!(store.renew("x", "one", time, now), known, "{time:?}");
        }
        // It is not known when it changed.
        store.register("x", &instance("two", 6), now);
        assert!(store.renew("x", "two", Some("1"), now));
    }

    #[test]
    fn changes_are_told_with_what_has_become_of_each_and_for_a_while_only() {
        let (mut store, now) = (Store::default(), Instant::now());
        for id in ["one", "two", "three"] {
            store.register("x", &instance(id, 1000), now);
        }
        // It has no id of its own.
        assert!(store.register("y", &json!({"hostName": "h", "status": "UP", "nothing": null}), now));
        assert!(store.renew("Y", "h", None, now));
        store.override_status("x", "two", Some("DOWN"), now);
        store.cancel("x", "three", now);
        let changes = |store: &Store| {
            let answer = store.json(Which::Changed, Shape::List).unwrap();
            let found = registry::instances(&answer).unwrap();
            found.iter().map(|(_, one)| one["actionType"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(changes(&store), ["ADDED", "DELETED", "MODIFIED", "ADDED"]);
        let answer = store.json(Which::All, Shape::List).unwrap();
        assert_eq!(answer["applications"]["apps__hashcode"], "DOWN_1_UP_2_");
        assert_eq!(answer["applications"]["versions__delta"], "6");
        assert!(!store.xml(Which::All).unwrap().contains("null"));
        assert_eq!(store.evict(now + RECENT + Duration::from_secs(1)), ["Y h"]);
        assert_eq!(changes(&store), ["DELETED"]);
    }

    proptest! {
        #[test]
        fn every_form_is_read_back_alike(ids in prop::collection::btree_set("[a-z<&\"]{1,6}:[a-z]{1,3}:[0-9]{2}", 0..5), apps in prop::collection::vec("[A-Z]{1,4}", 5)) {
            let mut store = Store::default();
            for (id, app) in ids.iter().zip(&apps) {
                let mut instance = instance(id, 9);
                instance["app"] = app.as_str().into();
                store.register(app, &instance, Instant::now());
            }
            let list = registry::read(&store.json(Which::All, Shape::List).unwrap().to_string()).unwrap();
            prop_assert_eq!(list.len(), ids.len());
            prop_assert_eq!(&list, &registry::read(&store.json(Which::All, Shape::Object).unwrap().to_string()).unwrap());
            prop_assert_eq!(&list, &registry::read(&store.xml(Which::All).unwrap()).unwrap());
        }
    }
}
