//! JSON Schemas for editors: of zowe.yaml with our settings, made of the table, and of a manifest. They are draft-07, which every editor
//! knows, stand alone, and refuse nothing that the launcher reads: what other programs have their say about stays open.

use super::unread::CONTAINERS;
use super::{PROBE_DEFINITIONS, SETTINGS};
use crate::config::keys::DOCUMENTED;
use serde_json::{Map, Value, json};

const MANIFEST: &str = include_str!("manifest.schema.json");

/// What a template, which becomes the value later, looks like.
const TEMPLATE: &str = r"\$\{\{";

/// The JSON Schema of manifest.yaml, manifest.yml and manifest.json.
pub fn manifest_schema() -> Value {
    // That it is JSON is proven by a test.
    let mut schema: Value = serde_json::from_str(MANIFEST).unwrap_or_default();
    for key in ["readiness", "liveness"] {
        if let Some(property) = schema.pointer_mut(&format!("/properties/{key}")).and_then(Value::as_object_mut) {
            property.insert("anyOf".into(), super::READINESS.kind.schema().get("anyOf").cloned().unwrap_or_default());
        }
    }
    set(&mut schema, "definitions", definitions());
    schema
}

/// The JSON Schema of zowe.yaml.
pub fn zowe_schema() -> Value {
    let mut root = Place::default();
    for path in DOCUMENTED {
        root.at(path);
    }
    for setting in SETTINGS {
        let meaning = format!("{} (default: {})", setting.meaning(), setting.default_text());
        for place in setting.places() {
            let place = root.at(place);
            place.meaning.get_or_insert_with(|| meaning.clone());
            place.values.get_or_insert_with(|| setting.schema());
        }
    }
    for (container, others) in CONTAINERS {
        root.at(container).close();
        for other in *others {
            root.at(&format!("{container}.{other}"));
        }
    }
    let switch = super::WTO.kind.schema();
    root.at("components.*.enabled").values.get_or_insert_with(|| switch.clone());
    root.at("components.launcher.enabled").values.get_or_insert(switch);
    let port = json!({ "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": 65535 },
        { "type": "string", "pattern": "^[0-9]*$" },
    ] });
    root.at("components.*.port").values.get_or_insert_with(|| port.clone());
    root.at("zowe.externalPort").values.get_or_insert_with(|| port.clone());
    root.at("zOSMF.port").values.get_or_insert(port);
    // What an HA instance overrides is what there is.
    for section in ["zowe", "components", "java", "node", "zOSMF"] {
        root.at(&format!("haInstances.*.{section}")).refers = Some(section);
    }
    let mut definitions = definitions();
    let mut properties = Map::new();
    for (name, place) in &root.below {
        if name == "haInstances" {
            properties.insert(name.clone(), place.schema());
        } else {
            set(&mut definitions, name, place.schema());
            properties.insert(name.clone(), reference(name));
        }
    }
    set(&mut definitions, "template", json!({ "type": "string", "pattern": TEMPLATE }));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "zowe.yaml with the settings of zwelnch",
        "description": "What the launcher reads, and no key that is misspelt among its own settings. `zwelnch check` asks the schemas of the \
            runtime and of the components too.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": definitions,
    })
}

/// What the schemas of probes refer to.
fn definitions() -> Value {
    serde_json::from_str(PROBE_DEFINITIONS).unwrap_or_default()
}

fn set(value: &mut Value, key: &str, member: Value) {
    if let Value::Object(map) = value {
        map.insert(key.to_owned(), member);
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A place in zowe.yaml and what stands below it; `*` is any other name.
#[derive(Default)]
struct Place {
    below: Vec<(String, Place)>,
    meaning: Option<String>,
    /// None: anything.
    values: Option<Value>,
    /// Nothing else is read below it.
    closed: bool,
    /// The definition that it has in common with another place.
    refers: Option<&'static str>,
}

impl Place {
    fn at(&mut self, path: &str) -> &mut Place {
        path.split('.').fold(self, Place::step)
    }

    fn step(&mut self, name: &str) -> &mut Place {
        let index = self.below.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.below.push((name.to_owned(), Place::default()));
            self.below.len() - 1
        });
        &mut self.below[index].1
    }

    /// Closes it and the mappings of settings below it.
    fn close(&mut self) {
        self.closed = true;
        self.below.iter_mut().filter(|(_, place)| !place.below.is_empty()).for_each(|(_, place)| place.close());
    }

    fn schema(&self) -> Value {
        if let Some(definition) = self.refers {
            return reference(definition);
        }
        let mut schema = match (&self.values, self.below.is_empty()) {
            // Null is as good as nothing, and a template is not known before it is evaluated.
            (Some(values), _) => json!({ "anyOf": [values, reference("template"), { "type": "null" }] }),
            (None, true) => json!({}),
            (None, false) => self.mapping(),
        };
        if let Some(meaning) = &self.meaning {
            set(&mut schema, "description", meaning.clone().into());
        }
        schema
    }

    fn mapping(&self) -> Value {
        let (others, named): (Vec<_>, Vec<_>) = self.below.iter().partition(|(name, _)| name == "*");
        let mut schema = json!({ "type": ["object", "null"] });
        if !named.is_empty() {
            let named: Map<String, Value> = named.iter().map(|(name, place)| (name.clone(), place.schema())).collect();
            set(&mut schema, "properties", named.into());
        }
        match others.first() {
            Some((_, others)) => set(&mut schema, "additionalProperties", others.schema()),
            None if self.closed => set(&mut schema, "additionalProperties", false.into()),
            None => {}
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::KNOWN_OF_MANIFEST;

    fn validator(schema: &Value) -> jsonschema::Validator {
        jsonschema::options().with_draft(jsonschema::Draft::Draft7).build(schema).unwrap()
    }

    #[test]
    fn whatever_a_setting_takes_its_schema_takes_and_little_else() {
        let values = [
            json!(true),
            json!("TRUE"),
            json!("yes"),
            json!("x y"),
            json!(""),
            json!(0),
            json!(1),
            json!(-1),
            json!(16),
            json!(17),
            json!(1001),
            json!(65536),
            json!("12"),
            json!("10M"),
            json!("1 GiB"),
            json!("7 parsecs"),
            json!(1.5),
            json!([]),
            json!([1]),
            json!(["1", 2]),
            json!(["127.0.0.1", "::1"]),
            json!(["x"]),
            json!([true]),
            json!("TERM"),
            json!("sigterm"),
            json!("warn"),
            json!("Exit"),
            json!("disabled"),
            json!("strict"),
            json!("must"),
            json!("stay"),
            json!("debug"),
            json!({}),
            json!({"A": 1}),
            json!({"size": "1M", "count": 3}),
            json!({"sizes": 1}),
            json!("Europe/Berlin"),
            json!("opercmd"),
        ];
        let mut stricter = 0;
        for setting in SETTINGS {
            let mut schema = setting.schema();
            assert!(schema.is_object(), "{:?}", setting.places());
            set(&mut schema, "definitions", definitions());
            let validator = validator(&schema);
            for value in &values {
                let (read, fits) = (setting.refusal(value).is_none(), validator.is_valid(value));
                let is_probe = setting.places()[0].contains("eadiness") || setting.places()[0].contains("iveness");
                assert!(!read || fits || is_probe, "{:?} takes {value} and its schema does not", setting.places());
                stricter += usize::from(!read && !fits);
            }
        }
        assert!(stricter > SETTINGS.len() * values.len() / 3, "it refuses what is wrong: {stricter}");
    }

    #[test]
    fn the_schema_of_manifests_has_the_keys_that_are_known() {
        let schema = manifest_schema();
        validator(&schema);
        let mut keys = Vec::new();
        walk(&schema, &mut Vec::new(), &mut keys);
        let mut known: Vec<String> = KNOWN_OF_MANIFEST.iter().map(|key| (*key).to_owned()).collect();
        keys.sort();
        known.sort();
        assert_eq!(keys, known);
    }

    /// The leaves of a schema, as [`KNOWN_OF_MANIFEST`] writes them.
    fn walk(schema: &Value, path: &mut Vec<String>, keys: &mut Vec<String>) {
        let items = &schema["items"];
        if items["properties"].is_object() {
            path.push("*".into());
            walk(items, path, keys);
            path.pop();
        } else if let Some(properties) = schema["properties"].as_object() {
            for (key, below) in properties {
                path.push(key.clone());
                walk(below, path, keys);
                path.pop();
            }
        } else {
            keys.push(path.join("."));
        }
    }
}
