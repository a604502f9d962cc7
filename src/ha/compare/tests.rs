//! Pairs of configurations and what is said of them.

use super::*;
use crate::config::testing::load_texts;
use serde_json::json;

fn side(number: u32) -> Value {
    json!({
        "zowe": {
            "runtimeDirectory": format!("/zowe/{number}"),
            "logDirectory": format!("/logs/{number}"),
            "workspaceDirectory": format!("/workspace/{number}"),
            "job": {"name": format!("ZWE{number}SV"), "prefix": format!("ZWE{number}")},
            "externalDomains": ["a.example.com"],
        },
        "components": {"api-catalog": {"enabled": number == 1, "port": 7552}},
        "haInstances": {"a": {"hostname": "a"}},
    })
}

fn load(value: &Value, id: &str) -> Configuration {
    let text = serde_yaml::to_string(value).unwrap();
    let loaded = load_texts(&[&text], if id.is_empty() { "a" } else { id }).unwrap_or_else(|error| panic!("{error}\n{text}"));
    if id.is_empty() { loaded.for_instance(&config::HaInstance::none()).unwrap() } else { loaded }
}

fn compared(a: &Value, b: &Value) -> Vec<(String, Class)> {
    let comparison = between(&load(a, ""), &load(b, ""), &Options::default());
    comparison.differences.into_iter().map(|found| (found.path.join("."), found.class)).collect()
}

fn violations(a: &Value, b: &Value) -> Vec<(String, Class)> {
    compared(a, b).into_iter().filter(|(_, class)| class.is_violation()).collect()
}

#[test]
fn a_proper_pair_has_no_violation() {
    let found = compared(&side(1), &side(2));
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(found.iter().all(|(_, class)| *class == Class::Allowed), "{found:?}");
}

#[test]
fn the_same_configuration_twice_collides() {
    let found = compared(&side(1), &side(1));
    let expected = [
        ("zowe.runtimeDirectory", Class::MustDiffer),
        ("zowe.workspaceDirectory", Class::MustDiffer),
        ("zowe.logDirectory", Class::MustDiffer),
        ("zowe.job.name", Class::MustDiffer),
        ("components.api-catalog.enabled", Class::TwoUserInterfaces),
    ];
    assert_eq!(found, expected.map(|(path, class)| (path.to_owned(), class)));
}

#[test]
fn settings_of_high_availability_and_security_must_be_the_same_and_come_first() {
    let mut b = side(2);
    b["haInstances"]["a"]["hostname"] = json!("b");
    b["zowe"]["externalDomains"] = json!([]);
    b["components"]["api-catalog"]["port"] = json!(1);
    let expected = ["haInstances.a.hostname", "zowe.externalDomains", "components.api-catalog.port"];
    assert_eq!(violations(&side(1), &b), expected.map(|path| (path.to_owned(), Class::MustBeTheSame)));
}
