//! What an HA instance is told about its peers, derived from haInstances. The Discovery Services' list is a variable alone and is derived
//! with the variables; the caching service's peers are a property that its start script and the single-service API ML read by different
//! names, so that the property itself is set.

use super::node::{Node, NodeValue};
use super::typing::scalar_text;
use super::{Configuration, lookup};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// `components.caching-service.storage.infinispan`.
const INFINISPAN: [&str; 4] = ["components", "caching-service", "storage", "infinispan"];

/// The port of JGroups where `jgroups.port` is not set, as Zowe's defaults have it.
const DEFAULT_PORT: &str = "7600";

impl Configuration {
    /// A tree with `components.caching-service.storage.infinispan.initialHosts` derived from haInstances: `host[port],host[port]` of every
    /// instance whose caching service keeps its data in Infinispan. The tree itself where the property is set to anything (the user's
    /// word), or the instance that the tree is of (None: one without an overlay) has no such caching service.
    pub(super) fn with_caching_peers(&self, tree: Arc<Node>, overlay: Option<&Value>) -> Arc<Node> {
        let [components, service, storage, infinispan] = INFINISPAN;
        let set = tree.at(&[components, service, storage, infinispan, "initialHosts"]).map(Node::to_value);
        if set.is_some_and(|value| !is_empty(&value)) || !self.keeps_in_infinispan(overlay) {
            return tree;
        }
        let members = self.of_all.caching_members.get_or_init(|| self.caching_members());
        if members.is_empty() {
            return tree;
        }
        let place = self.base_tree.place_of(&["haInstances"]);
        let text = Arc::new(Node::new(place, NodeValue::Text(members.clone())));
        tree.with(&[components, service, storage, infinispan, "initialHosts"], &text)
    }

    /// `host[port]` of every instance whose caching service keeps its data in Infinispan, without repeats.
    fn caching_members(&self) -> String {
        let [components, service, storage, infinispan] = INFINISPAN;
        let instances = lookup(self.base(), &["haInstances"]).and_then(Value::as_object);
        let mut members = Vec::new();
        for overlay in instances.into_iter().flat_map(Map::values).filter(|overlay| self.keeps_in_infinispan(Some(*overlay))) {
            let port = self.of_instance(Some(overlay), &[components, service, storage, infinispan, "jgroups", "port"]).map(scalar_text);
            let port = port.filter(|port| !port.is_empty()).unwrap_or_else(|| DEFAULT_PORT.to_owned());
            members.extend(self.hostname_of(Some(overlay)).map(|host| format!("{host}[{port}]")));
        }
        let mut seen = HashSet::new();
        members.retain(|member| seen.insert(member.clone()));
        members.join(",")
    }

    /// True for an instance whose caching service, a component or a part of the single-service API ML, is enabled and has that storage.
    fn keeps_in_infinispan(&self, overlay: Option<&Value>) -> bool {
        let mode = self.of_instance(overlay, &["components", "caching-service", "storage", "mode"]).and_then(Value::as_str);
        self.is_enabled_with(overlay, "caching-service") && mode.is_some_and(|mode| mode.eq_ignore_ascii_case("infinispan"))
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::load_texts;
    use serde_json::Value;

    const YAML: &str = "zowe: {externalDomains: [dvipa]}
components:
  caching-service: {enabled: true, storage: {mode: infinispan, infinispan: {jgroups: {port: 7600}}}}
haInstances:
  a: {hostname: one}
  b: {hostname: two, components: {caching-service: {storage: {infinispan: {jgroups: {port: 17600}}}}}}
  c: {hostname: two}
  d: {components: {caching-service: {enabled: false}}}
";

    fn hosts(yaml: &str, id: &str) -> Value {
        let loaded = load_texts(&[yaml], id).unwrap();
        loaded.get(&["components", "caching-service", "storage", "infinispan", "initialHosts"]).cloned().unwrap_or_default()
    }

    #[test]
    fn the_members_are_the_instances_that_keep_their_data_in_infinispan() {
        assert_eq!(hosts(YAML, "a"), "one[7600],two[17600],two[7600]");
        assert_eq!(hosts(YAML, "b"), hosts(YAML, "c"));
        assert_eq!(hosts(YAML, "d"), Value::Null, "it has no caching service");
        assert_eq!(hosts(&YAML.replace("hostname: one", "sysname: s"), "a"), "dvipa[7600],two[17600],two[7600]");
        assert_eq!(hosts(&YAML.replace("{jgroups: {port: 7600}}", "{}"), "a"), "one[7600],two[17600],two[7600]");
        assert_eq!(hosts(&YAML.replace("mode: infinispan", "mode: inMemory"), "a"), Value::Null);
        let single =
            YAML.replace("service: {enabled: true,", "service: {").replace("components:\n", "components:\n  apiml: {enabled: true}\n");
        assert_eq!(hosts(&single, "a"), "one[7600],two[17600],two[7600],dvipa[7600]");
    }

    #[test]
    fn what_the_user_sets_is_left_alone_and_nothing_else() {
        let with = |text: &str| {
            YAML.replace("infinispan: {jgroups: {port: 7600}}", &format!("infinispan: {{jgroups: {{port: 7600}}, initialHosts: {text}}}"))
        };
        assert_eq!(hosts(&with("'mine[1]'"), "a"), "mine[1]");
        for empty in ["''", "null", "[]"] {
            assert_eq!(hosts(&with(empty), "a"), "one[7600],two[17600],two[7600]", "{empty}");
        }
        let one = YAML.replace(
            "a: {hostname: one}",
            "a: {hostname: one, components: {caching-service: {storage: {infinispan: {initialHosts: own}}}}}",
        );
        assert_eq!((hosts(&one, "a"), hosts(&one, "c")), ("own".into(), "one[7600],two[17600],two[7600]".into()));
    }

    #[test]
    fn variables_and_places_follow_and_the_configuration_itself_does_not_change() {
        let loaded = load_texts(&[YAML], "a").unwrap();
        let path = ["components", "caching-service", "storage", "infinispan", "initialHosts"];
        assert_eq!(
            loaded.instance_variables(&[])["ZWE_components_caching_service_storage_infinispan_initialHosts"],
            "one[7600],two[17600],two[7600]"
        );
        let origins = loaded.origins(true, &path).unwrap();
        assert_eq!((origins[0].place.line, origins[0].place.column), (4, 1), "haInstances");
        assert!(loaded.origins(false, &path).is_none());
        assert_eq!(loaded.place(&["components", "caching-service", "storage", "mode"]).line, 3);
        assert_eq!(loaded.place(&["components", "caching-service"]).line, 3);
    }
}
