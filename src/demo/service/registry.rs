//! What the sample's Discovery Service knows: leases of registered instances, and Eureka's two ways to write them. Pure.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The lease of an instance that names none.
const LEASE: Duration = Duration::from_secs(90);

/// How one element of a list is written in JSON: real registries do both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// As a list.
    #[default]
    List,
    /// As the element itself.
    Object,
}

struct Lease {
    instance: Map<String, Value>,
    renewed: Instant,
    duration: Duration,
}

/// The registry; applications in upper case, as Eureka has them.
#[derive(Default)]
pub struct Store {
    leases: BTreeMap<(String, String), Lease>,
}

fn key(app: &str, id: &str) -> (String, String) {
    (app.to_uppercase(), id.to_owned())
}

impl Store {
    /// Registers an instance, or replaces what was registered. False: it has no instanceId.
    pub fn register(&mut self, app: &str, instance: &Value, now: Instant) -> bool {
        let Some(instance) = instance.as_object() else { return false };
        let Some(id) = instance.get("instanceId").and_then(Value::as_str).filter(|id| !id.is_empty()) else { return false };
        let seconds = instance.get("leaseInfo").and_then(|lease| lease.get("durationInSecs")).and_then(Value::as_u64);
        let duration = seconds.filter(|seconds| *seconds > 0).map_or(LEASE, Duration::from_secs);
        self.leases.insert(key(app, id), Lease { instance: instance.clone(), renewed: now, duration });
        true
    }

    /// False: it is not registered.
    pub fn renew(&mut self, app: &str, id: &str, now: Instant) -> bool {
        self.leases.get_mut(&key(app, id)).map(|lease| lease.renewed = now).is_some()
    }

    /// False: it was not registered.
    pub fn cancel(&mut self, app: &str, id: &str) -> bool {
        self.leases.remove(&key(app, id)).is_some()
    }

    /// Lays a status over the instance's own, or takes it away. False: it is not registered.
    pub fn override_status(&mut self, app: &str, id: &str, status: Option<&str>) -> bool {
        let Some(lease) = self.leases.get_mut(&key(app, id)) else { return false };
        lease.instance.insert("overriddenStatus".to_owned(), status.unwrap_or("UNKNOWN").into());
        lease.instance.insert("status".to_owned(), status.unwrap_or("UP").into());
        true
    }

    /// Removes instances whose leases have run out, and names them.
    pub fn evict(&mut self, now: Instant) -> Vec<String> {
        let mut evicted = Vec::new();
        self.leases.retain(|(app, id), lease| {
            let lives = now.saturating_duration_since(lease.renewed) <= lease.duration;
            if !lives {
                evicted.push(format!("{app} {id}"));
            }
            lives
        });
        evicted
    }

    /// The instances of an application, of all, or the one.
    fn found<'a>(&'a self, app: Option<&'a str>, id: Option<&'a str>) -> BTreeMap<&'a str, Vec<&'a Map<String, Value>>> {
        let app = app.map(str::to_uppercase);
        let mut found: BTreeMap<&str, Vec<&Map<String, Value>>> = BTreeMap::new();
        for ((known, instance), lease) in &self.leases {
            if app.as_ref().is_none_or(|app| app == known) && id.is_none_or(|id| id == instance) {
                found.entry(known).or_default().push(&lease.instance);
            }
        }
        found
    }

    /// The answer to GET, in JSON; None: there is no such application or instance.
    pub fn json(&self, app: Option<&str>, id: Option<&str>, shape: Shape) -> Option<Value> {
        let in_shape = |mut items: Vec<Value>| match (shape, items.len()) {
            (Shape::Object, 1) => items.swap_remove(0),
            _ => Value::Array(items),
        };
        let application = |(app, instances): (&str, Vec<&Map<String, Value>>)| {
            let instances = instances.into_iter().map(|instance| Value::Object(instance.clone())).collect();
            json!({"name": app, "instance": in_shape(instances)})
        };
        let mut found = self.found(app, id).into_iter();
        match (app, id) {
            (None, _) => {
                let hash = format!("UP_{}_", self.leases.len());
                let all: Vec<Value> = found.map(application).collect();
                Some(json!({"applications": {"versions__delta": "1", "apps__hashcode": hash, "application": in_shape(all)}}))
            }
            (Some(_), None) => Some(json!({"application": application(found.next()?)})),
            (Some(_), Some(_)) => Some(json!({"instance": found.next()?.1.first()?})),
        }
    }

    /// The same in XML.
    pub fn xml(&self, app: Option<&str>, id: Option<&str>) -> Option<String> {
        let mut text = String::new();
        let found = self.found(app, id);
        if app.is_some() && found.is_empty() {
            return None;
        }
        for (app, instances) in found {
            let mut inner = String::new();
            for instance in instances {
                inner.push_str("<instance>");
                elements(&mut inner, instance);
                inner.push_str("</instance>");
            }
            if id.is_some() {
                return Some(inner);
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "<application><name>{}</name>{inner}</application>", escaped(app));
        }
        match app {
            Some(_) => Some(text),
            None => Some(format!(
                "<applications><versions__delta>1</versions__delta><apps__hashcode>UP_{}_</apps__hashcode>{text}</applications>",
                self.leases.len()
            )),
        }
    }
}

/// Attributes are written as JSON's `@name` and text as `$`.
fn elements(text: &mut String, map: &Map<String, Value>) {
    for (name, value) in map.iter().filter(|(name, _)| !name.starts_with('@') && is_element_name(name)) {
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
        assert!(!store.register("gateway", &json!({"hostName": "a"}), begin) && !store.register("gateway", &json!(1), begin));
        let later = begin + Duration::from_secs(5);
        assert!(store.renew("GATEWAY", "one", later) && !store.renew("gateway", "three", later));
        assert_eq!(store.evict(begin + Duration::from_secs(7)), ["GATEWAY two"]);
        assert!(store.cancel("Gateway", "one") && !store.cancel("gateway", "one"));
        assert_eq!((store.json(Some("gateway"), None, Shape::List), store.xml(Some("gateway"), None)), (None, None));
    }

    #[test]
    fn an_overriding_status_goes_before_and_can_be_taken_away() {
        let mut store = Store::default();
        store.register("gateway", &instance("one", 6), Instant::now());
        let status = |store: &Store| registry::read(&store.json(None, None, Shape::List).unwrap().to_string()).unwrap()[0].status.clone();
        assert!(store.override_status("gateway", "one", Some("OUT_OF_SERVICE")));
        assert_eq!(status(&store), "OUT_OF_SERVICE");
        assert!(store.override_status("gateway", "one", None) && !store.override_status("gateway", "two", None));
        assert_eq!(status(&store), "UP");
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
            let list = registry::read(&store.json(None, None, Shape::List).unwrap().to_string()).unwrap();
            prop_assert_eq!(list.len(), ids.len());
            prop_assert_eq!(&list, &registry::read(&store.json(None, None, Shape::Object).unwrap().to_string()).unwrap());
            prop_assert_eq!(&list, &registry::read(&store.xml(None, None).unwrap()).unwrap());
        }
    }
}
