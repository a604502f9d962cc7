//! What a Discovery Service says is registered with it: a tolerant reader of Eureka's answers, JSON and XML, and the comparison of several
//! of them. Pure. Contract: docs/contract/high-availability.md, "What is asked". Real answers have these traps: one element where a list is
//! meant, numbers as texts, an overridden status beside the one that is in force.

mod xml;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One instance of a service as it is registered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Registration {
    /// In lower case, because registries and clients use different cases.
    pub service: String,
    /// Unique within the service.
    pub instance: String,
    pub host: String,
    /// UP, DOWN, STARTING, OUT_OF_SERVICE or UNKNOWN: the registry's `status`, which already includes an operator's override.
    pub status: String,
    /// The secure port if it is enabled, else the other one; None where neither can be read.
    pub port: Option<u16>,
}

/// An answer that cannot be read as a registry's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("the answer is neither JSON nor XML: {0}")]
    Unreadable(String),
    #[error("the answer has no 'applications'; is this the port of a Discovery Service?")]
    NotARegistry,
}

/// Reads an answer of `/eureka/apps`; the result is sorted and has no duplicates.
///
/// # Errors
/// [`RegistryError`]; of an instance without an id or a host the rest is read.
pub fn read(answer: &str) -> Result<Vec<Registration>, RegistryError> {
    let text = answer.trim_start_matches('\u{feff}').trim();
    let tree = if text.starts_with('<') {
        xml::read(text).map_err(|error| RegistryError::Unreadable(error.to_string()))?
    } else {
        from_json(text)?
    };
    let found = instances(&tree).ok_or(RegistryError::NotARegistry)?;
    let found: BTreeSet<Registration> = found.into_iter().map(|(name, instance)| registration(instance, &name)).collect();
    Ok(found.into_iter().collect())
}

/// Every instance in an answer of `/eureka/apps`, unchanged, with the name of its application. None: there are no applications.
pub fn instances(answer: &Value) -> Option<Vec<(String, &Value)>> {
    let applications = each(answer.get("applications")?.get("application"));
    let of = |application: &'_ Value| text_of(application.get("name"));
    Some(applications.into_iter().flat_map(|one| each(one.get("instance")).into_iter().map(move |instance| (of(one), instance))).collect())
}

fn registration(instance: &Value, application: &str) -> Registration {
    let text = |key: &str| text_of(instance.get(key));
    let service = [text("app"), application.to_owned(), text("vipAddress")].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let host = [text("hostName"), text("ipAddr")].into_iter().find(|host| !host.is_empty()).unwrap_or_default();
    let port = |key: &str| instance.get(key).and_then(port_of);
    let port = match (port("securePort"), port("port")) {
        (Some((port, true)), _) | (_, Some((port, true))) | (None, Some((port, _))) | (Some((port, _)), None) => Some(port),
        _ => None,
    };
    let instance_id = text("instanceId");
    Registration {
        service: service.to_lowercase(),
        // Old registries have no instance id; then host and port tell instances apart.
        instance: if instance_id.is_empty() { format!("{host}:{}", port.unwrap_or_default()) } else { instance_id },
        // Eureka applies `overriddenstatus` itself, except where the instance reports DOWN or STARTING: only `status` is right.
        status: text("status").to_uppercase(),
        host,
        port,
    }
}

/// `{"$": 7101, "@enabled": "true"}`, or a number alone.
fn port_of(value: &Value) -> Option<(u16, bool)> {
    let (number, enabled) = match value {
        Value::Object(map) => (text_of(map.get("$")), text_of(map.get("@enabled")) != "false"),
        other => (text_of(Some(other)), true),
    };
    number.parse().ok().filter(|port| *port > 0).map(|port| (port, enabled))
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        // XML: an element with attributes.
        Some(Value::Object(map)) => text_of(map.get("$")),
        _ => String::new(),
    }
}

/// A list, or the single element given instead of one.
fn each(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item @ Value::Object(_)) => vec![item],
        _ => Vec::new(),
    }
}

fn from_json(text: &str) -> Result<Value, RegistryError> {
    serde_json::from_str(text).map_err(|error| RegistryError::Unreadable(error.to_string()))
}

/// What one registry lacks that another has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Name of the registry.
    pub registry: String,
    pub registration: Registration,
    /// Names of the registries that have it.
    pub known_to: Arc<[String]>,
    /// Its status here, where it is registered but with another status.
    pub status_here: Option<String>,
}

/// Compares registries by name: what is UP in one of them and not in all others.
pub fn compare(registries: &BTreeMap<String, Vec<Registration>>) -> Vec<Lacking> {
    let mut all: BTreeMap<(&str, &str), (&Registration, Vec<String>)> = BTreeMap::new();
    for (name, registrations) in registries {
        for registration in registrations.iter().filter(|registration| registration.status == "UP") {
            all.entry(key(registration)).or_insert_with(|| (registration, Vec::new())).1.push(name.clone());
        }
    }
    let all: Vec<_> = all.into_iter().map(|(key, (registration, known_to))| (key, registration, Arc::<[String]>::from(known_to))).collect();
    let mut lacking = Vec::new();
    for (name, registrations) in registries {
        let mut here = BTreeMap::new();
        for registration in registrations {
            here.entry(key(registration)).or_insert(registration);
        }
        for (wanted, registration, known_to) in &all {
            let here = here.get(wanted);
            if here.is_none_or(|here| here.status != "UP") {
                lacking.push(Lacking {
                    registry: name.clone(),
                    registration: (*registration).clone(),
                    known_to: Arc::clone(known_to),
                    status_here: here.map(|here| here.status.clone()),
                });
            }
        }
    }
    lacking
}

fn key(registration: &Registration) -> (&str, &str) {
    (&registration.service, &registration.instance)
}

/// How many instances of each service are UP.
pub fn counts(registrations: &[Registration]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for registration in registrations.iter().filter(|registration| registration.status == "UP") {
        *counts.entry(registration.service.as_str()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn one(service: &str, instance: &str, host: &str, status: &str, port: u16) -> Registration {
        Registration { service: service.into(), instance: instance.into(), host: host.into(), status: status.into(), port: Some(port) }
    }

    #[test]
    fn one_element_is_as_good_as_a_list_and_a_text_as_a_number() {
        let instance = |port: Value| json!({"app": "GATEWAY", "instanceId": "a:gateway:1", "hostName": "a", "status": "UP", "securePort": port, "port": {"$": 80, "@enabled": "false"}});
        let expected = vec![one("gateway", "a:gateway:1", "a", "UP", 7554)];
        for port in [json!({"$": 7554, "@enabled": true}), json!({"$": "7554", "@enabled": "true"}), json!(7554), json!("7554")] {
            let instance = instance(port);
            for application in [json!({"name": "GATEWAY", "instance": instance}), json!([{"instance": [instance]}])] {
                let answer = json!({"applications": {"application": application}}).to_string();
                assert_eq!(read(&answer).unwrap(), expected, "{answer}");
            }
        }
    }

    /// Netflix/eureka#389: an instance that reports DOWN or STARTING keeps that status under any override; the others arrive overridden.
    #[test]
    fn the_status_is_that_which_the_registry_gives_whatever_overrides_it() {
        for status in ["DOWN", "STARTING", "UP", "OUT_OF_SERVICE"] {
            for key in ["overriddenstatus", "overriddenStatus"] {
                for overridden in ["UP", "DOWN", "OUT_OF_SERVICE", "UNKNOWN", ""] {
                    let instance = json!({"app": "A", "status": status, key: overridden});
                    let answer = json!({"applications": {"application": {"instance": instance}}}).to_string();
                    assert_eq!(read(&answer).unwrap()[0].status, status, "{key} {overridden}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_registry_is_refused_and_an_empty_one_is_not() {
        assert_eq!(read(r#"{"applications": {"versions__delta": "1"}}"#), Ok(Vec::new()));
        assert_eq!(read("<applications><versions__delta>1</versions__delta></applications>"), Ok(Vec::new()));
        assert_eq!(read(r#"{"status": "UP"}"#), Err(RegistryError::NotARegistry));
        assert_eq!(read("<html><body>no</body></html>"), Err(RegistryError::NotARegistry));
        assert!(matches!(read("not found"), Err(RegistryError::Unreadable(_))));
        assert!(matches!(read("<applications>"), Err(RegistryError::Unreadable(_))));
    }

    #[test]
    fn recorded_answers_are_read() {
        let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe/eureka");
        if !crate::platform::files::may_be_directory(&shared) {
            assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "{} is missing", shared.display());
            println!("skipped: {} is missing", shared.display());
            return;
        }
        for (file, expected) in [
            ("fargo-apps-sample-1-1.json", &[("testeng.metricsd", 1)][..]),
            ("fargo-apps-sample-1-1-post-v122.json", &[("testeng.metricsd", 1)][..]),
            ("fargo-apps-sample-1-2.json", &[("testeng.lsm", 2)][..]),
            ("fargo-apps-sample-2-2.json", &[("testeng.lsm", 2), ("testeng.metricsd", 1)][..]),
            ("go-eureka-server-apps-pysvc.xml", &[("pysvc", 1)][..]),
        ] {
            let registrations = read(&std::fs::read_to_string(shared.join(file)).unwrap()).unwrap();
            let counts: Vec<(&str, usize)> = counts(&registrations).into_iter().collect();
            assert_eq!(counts, expected, "{file}");
            assert!(registrations.iter().all(|registration| !registration.host.is_empty() && registration.port.is_some()), "{file}");
        }
    }

    #[test]
    fn what_one_lacks_is_told_with_who_has_it() {
        let gateway = |host: &str, status: &str| one("gateway", &format!("{host}:gateway"), host, status, 7554);
        let registries = BTreeMap::from([
            ("lpar1".to_owned(), vec![gateway("a", "UP"), gateway("b", "UP")]),
            ("lpar2".to_owned(), vec![gateway("a", "DOWN")]),
        ]);
        let lacking: Vec<(String, String, Option<String>)> = compare(&registries)
            .into_iter()
            .map(|lacking| (lacking.registry, lacking.registration.instance, lacking.status_here))
            .collect();
        let expected =
            [("lpar2".to_owned(), "a:gateway".to_owned(), Some("DOWN".to_owned())), ("lpar2".to_owned(), "b:gateway".to_owned(), None)];
        assert_eq!(lacking, expected);
    }

    /// Comparing every registry with every other one would take minutes.
    #[test]
    fn large_registries_are_compared_in_proportion_to_their_size() {
        let of = |host: &str| -> Vec<Registration> { (0..30_000).map(|number| one(&format!("s{number}"), host, host, "UP", 1)).collect() };
        let clock = crate::platform::CpuClock::of_this_thread();
        let lacking = compare(&BTreeMap::from([("a".to_owned(), of("x")), ("b".to_owned(), of("y"))]));
        let spent = clock.elapsed();
        assert_eq!(lacking.len(), 60_000);
        assert!(spent < std::time::Duration::from_secs(20), "{spent:?}");
        let said = crate::ha::status::lacks(&lacking[..30_000]);
        assert_eq!(
            said,
            [
                "its registry lacks 30000 instances that are UP in the registries of others: s0 y, s1 y, s10 y, s100 y, s1000 y, s10000 y, s10001 y, s10002 y and 29992 more"
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = read(&text);
        }

        #[test]
        fn json_and_xml_of_the_same_registrations_agree(
            hosts in prop::collection::vec(("[a-z]{1,8}", "[a-z]{1,5}", 1u16.., any::<bool>()), 0..6),
        ) {
            let json: Vec<Value> = hosts.iter().map(|(app, host, port, secure)| json!({
                "name": app.to_uppercase(),
                "instance": {"app": app, "instanceId": format!("{host}:{port}"), "hostName": host, "status": "UP",
                    "port": {"$": port, "@enabled": (!secure).to_string()}, "securePort": {"$": port, "@enabled": secure.to_string()}},
            })).collect();
            let xml: String = hosts.iter().map(|(app, host, port, secure)| format!(
                "<application><name>{}</name><instance><app>{app}</app><instanceId>{host}:{port}</instanceId><hostName>{host}</hostName><status>UP</status>\
                 <port enabled=\"{}\">{port}</port><securePort enabled=\"{secure}\">{port}</securePort></instance></application>",
                app.to_uppercase(), !secure,
            )).collect();
            let json = read(&json!({"applications": {"application": json}}).to_string()).unwrap();
            prop_assert_eq!(&json, &read(&format!("<applications>{xml}</applications>")).unwrap());
            prop_assert!(compare(&BTreeMap::from([("a".to_owned(), json.clone()), ("b".to_owned(), json)])).is_empty());
        }
    }
}
