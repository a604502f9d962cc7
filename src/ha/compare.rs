//! What a difference of two configurations means for an upgrade without downtime. Pure.

use serde_json::Value;

/// Properties that point to data sets and directories of one installation: the two run side by side, so each needs its own.
const MUST_DIFFER: [&[&str]; 7] = [
    &["zowe", "setup", "dataset"],
    &["zowe", "setup", "datasets"],
    &["zowe", "setup", "security"],
    &["zowe", "runtimeDirectory"],
    &["zowe", "logDirectory"],
    &["zowe", "workspaceDirectory"],
    &["zowe", "job"],
];

/// Of those, the ones that make two launchers get into each other's way when they are the same and set.
const COLLIDE: [&[&str]; 4] =
    [&["zowe", "runtimeDirectory"], &["zowe", "logDirectory"], &["zowe", "workspaceDirectory"], &["zowe", "job", "name"]];

/// Also directories of one installation; the procedure does not ask that they differ.
const MAY_DIFFER: [&[&str]; 2] = [&["zowe", "extensionDirectory"], &["zowe", "setup", "certificate", "pkcs12", "directory"]];

/// Only one of each may run while the levels differ.
const USER_INTERFACES: [&str; 2] = ["api-catalog", "app-server"];

/// What a difference, or the lack of one, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Differs, as it must or may.
    Allowed,
    /// Is the same on both sides and must not be.
    MustDiffer,
    /// Differs and must not.
    MustBeTheSame,
    /// A user interface that is active on both sides while their levels differ.
    TwoUserInterfaces,
}

impl Class {
    pub fn is_violation(self) -> bool {
        self != Class::Allowed
    }

    pub fn words(self) -> &'static str {
        match self {
            Class::Allowed => "allowed",
            Class::MustDiffer => "must differ",
            Class::MustBeTheSame => "must be the same",
            Class::TwoUserInterfaces => "one side only",
        }
    }
}

/// One property of interest.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub path: Vec<String>,
    pub class: Class,
    pub a: Option<Value>,
    pub b: Option<Value>,
}

/// Every leaf that differs, and every property that must differ and does not. `mixed_levels`: the two runtimes are of different, or of
/// unknown, versions.
pub fn classify(a: &Value, b: &Value, mixed_levels: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    for path in COLLIDE {
        let (left, right) = (at(a, path), at(b, path));
        if left.is_some() && left == right {
            found.push(difference(path.iter().map(|part| (*part).to_owned()).collect(), Class::MustDiffer, left, right));
        }
    }
    if mixed_levels {
        for name in USER_INTERFACES {
            let path = ["components", name, "enabled"];
            let (left, right) = (at(a, &path), at(b, &path));
            if left == Some(&Value::Bool(true)) && left == right {
                found.push(difference(path.map(str::to_owned).to_vec(), Class::TwoUserInterfaces, left, right));
            }
        }
    }
    differing(&mut Vec::new(), Some(a), Some(b), &mut found);
    found
}

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, part| value.get(part))
}

fn difference(path: Vec<String>, class: Class, a: Option<&Value>, b: Option<&Value>) -> Difference {
    Difference { path, class, a: a.cloned(), b: b.cloned() }
}

fn differing(path: &mut Vec<String>, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Difference>) {
    if a == b {
        return;
    }
    let mapping = |value: Option<&Value>| value.is_none_or(Value::is_object);
    if mapping(a) && mapping(b) {
        let keys = |value: Option<&Value>| value.and_then(Value::as_object).map(|map| map.keys().cloned().collect::<Vec<_>>());
        let mut all = keys(a).unwrap_or_default();
        for key in keys(b).unwrap_or_default() {
            if !all.contains(&key) {
                all.push(key);
            }
        }
        for key in all {
            let inner = |value: Option<&'_ Value>| value.and_then(|value| value.get(&key)).cloned();
            let (a, b) = (inner(a), inner(b));
            path.push(key);
            differing(path, a.as_ref(), b.as_ref(), found);
            path.pop();
        }
        return;
    }
    found.push(difference(path.clone(), class_of(path), a, b));
}

fn class_of(path: &[String]) -> Class {
    let mut path: Vec<&str> = path.iter().map(String::as_str).collect();
    if path.first() == Some(&"haInstances") {
        path.drain(..2.min(path.len()));
    }
    let within = |prefixes: &[&[&str]]| prefixes.iter().any(|prefix| path.starts_with(prefix));
    let interface = matches!(path.as_slice(), ["components", name, "enabled"] if USER_INTERFACES.contains(name));
    if interface || within(&MUST_DIFFER) || within(&MAY_DIFFER) { Class::Allowed } else { Class::MustBeTheSame }
}

/// Until the complete comparison is here.
pub struct Comparison {
    pub differences: Vec<Difference>,
}

impl Comparison {
    pub fn violations(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.class.is_violation())
    }
}

impl Difference {
    pub fn line(&self) -> String {
        format!("{} {}", self.path.join("."), self.class.words())
    }
}

pub fn between(a: &crate::config::Configuration, b: &crate::config::Configuration, accepted: &[String]) -> Comparison {
    let mut differences = classify(&a.value, &b.value, true);
    differences.retain(|difference| {
        !accepted.contains(&difference.path.join(".")) && difference.path.first().map(String::as_str) != Some("components")
    });
    Comparison { differences }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn classes(a: &Value, b: &Value) -> Vec<(String, Class)> {
        classify(a, b, true).into_iter().map(|found| (found.path.join("."), found.class)).collect()
    }

    #[test]
    fn a_proper_pair_has_no_violation() {
        let found = classes(&side(1), &side(2));
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(found.iter().all(|(_, class)| *class == Class::Allowed), "{found:?}");
    }

    #[test]
    fn the_same_configuration_twice_collides() {
        let mut found: Vec<String> = classes(&side(1), &side(1)).into_iter().map(|(path, _)| path).collect();
        found.sort();
        let expected =
            ["components.api-catalog.enabled", "zowe.job.name", "zowe.logDirectory", "zowe.runtimeDirectory", "zowe.workspaceDirectory"];
        assert_eq!(found, expected);
        assert!(classify(&side(1), &side(1), true).iter().all(|found| found.class.is_violation()));
    }

    #[test]
    fn settings_of_high_availability_and_security_must_be_the_same() {
        let mut b = side(2);
        b["haInstances"]["a"]["hostname"] = json!("b");
        b["zowe"]["externalDomains"] = json!([]);
        b["components"]["api-catalog"]["port"] = json!(1);
        let violations: Vec<String> =
            classes(&side(1), &b).into_iter().filter(|(_, class)| class.is_violation()).map(|(path, _)| path).collect();
        assert_eq!(violations, ["zowe.externalDomains", "components.api-catalog.port", "haInstances.a.hostname"]);
    }
}
