//! How a component differs from what runs.

use serde_json::Value;

/// How a component differs from what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    None,
    /// Settings that only the launcher reads.
    Supervision,
    /// Anything that the component may see.
    Component,
}

/// Two configurations: what they have in common for all components is compared once.
pub(super) struct Differ<'a> {
    before: &'a Value,
    after: &'a Value,
    same_shared: bool,
    same_launcher: bool,
}

impl<'a> Differ<'a> {
    pub(super) fn new(before: &'a Value, after: &'a Value) -> Differ<'a> {
        let (same_shared, same_launcher) = (shared(before) == shared(after), launcher(before) == launcher(after));
        Differ { before, after, same_shared, same_launcher }
    }

    /// What a component sees: its own properties, and everything that belongs to no component. The properties of others it sees too, as
    /// variables; but a change of theirs is no reason to restart it.
    pub(super) fn of(&self, name: &str) -> Difference {
        let own = |value: &'a Value| value.get("components").and_then(|components| components.get(name)).unwrap_or(&Value::Null);
        let (before, after) = (own(self.before), own(self.after));
        let same_own = before == after;
        if !self.same_shared || !same_own && without(before, &["launcher"]) != without(after, &["launcher"]) {
            Difference::Component
        } else if !same_own || !self.same_launcher {
            Difference::Supervision
        } else {
            Difference::None
        }
    }
}

/// What all components have in common, without what only the launcher reads.
fn shared(value: &Value) -> Value {
    let mut shared = without(value, &["components", "haInstances"]);
    if let Some(zowe) = shared.get_mut("zowe") {
        *zowe = without(zowe, &["launcher", "launchScript", "sysMessages", "sysMessageTrim", "configmgr"]);
    }
    shared
}

/// What only the launcher reads.
fn launcher(value: &Value) -> Vec<Option<&Value>> {
    let at = |path: &[&str]| path.iter().try_fold(value, |value, step| value.get(step));
    vec![at(&["components", "launcher"]), at(&["zowe", "launcher"]), at(&["zowe", "launchScript"])]
}

fn without(value: &Value, keys: &[&str]) -> Value {
    let Value::Object(map) = value else { return value.clone() };
    Value::Object(map.iter().filter(|(key, _)| !keys.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_a_component_sees_is_a_reason_to_restart_it() {
        let base = json!({
            "zowe": {"externalPort": 7554, "launchScript": {"logLevel": "info"}},
            "components": {"web": {"port": 1, "launcher": {"minUptime": 5}}, "db": {"port": 2}, "launcher": {"wto": true}},
            "haInstances": {"lpar1": {}},
        });
        let with = |pointer: &str, value: Value| {
            let mut changed = base.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            Differ::new(&base, &changed).of("web")
        };
        assert_eq!(with("/zowe/externalPort", json!(7555)), Difference::Component);
        assert_eq!(with("/components/web/port", json!(7)), Difference::Component);
        assert_eq!(with("/components/web/launcher/minUptime", json!(7)), Difference::Supervision);
        assert_eq!(with("/components/launcher/wto", json!(false)), Difference::Supervision);
        assert_eq!(with("/zowe/launchScript/logLevel", json!("debug")), Difference::Supervision);
        assert_eq!(with("/components/db/port", json!(7)), Difference::None);
        assert_eq!(with("/haInstances/lpar1", json!({"sysname": "X"})), Difference::None);
    }
}
