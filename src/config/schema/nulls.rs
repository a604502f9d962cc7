//! null where Zowe's own tool accepts it against the schema (docs/contract/configuration.md, "Validation"): accepted here too, with a
//! warning.
//!
//! The schema is relaxed before it is compiled, once. A keyword of our own beside each relaxed type marks it; afterwards the nulls of a
//! value are looked up in the schema, in those alternatives only that the value was meant to be.

use super::documents::{Documents, Position};
use super::meant;
use serde_json::Value;

/// Stands beside a type that was relaxed.
pub(super) const KEYWORD: &str = "zwelnchNullAccepted";
/// References, parts and alternatives between a value and the keyword that is about it.
const MAXIMUM_STEPS: usize = 64;

/// The paths of the nulls that only the relaxed schema accepts, each once.
pub(super) fn accepted(documents: &Documents, schema: &Position<'_>, value: &Value) -> Vec<Vec<String>> {
    let mut search = Search { documents, path: Vec::new(), found: Vec::new() };
    search.visit(schema, value, 0);
    search.found
}

struct Search<'a> {
    documents: &'a Documents,
    path: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Search<'_> {
    fn visit(&mut self, position: &Position<'_>, value: &Value, steps: usize) {
        let schema = position.schema;
        if steps > MAXIMUM_STEPS || !holds_null(value) {
            return;
        }
        if value.is_null() && schema.get(KEYWORD).is_some() && !self.found.contains(&self.path) {
            self.found.push(self.path.clone());
        }
        let documents = self.documents;
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| documents.find(&position.base, reference)) {
            self.visit(&target, value, steps + 1);
        }
        let part = |schema| Position { base: position.base.clone(), schema };
        for schema in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.visit(&part(schema), value, steps + 1);
        }
        for alternatives in ["anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(*keyword)?.as_array()) {
            let discriminators = meant::discriminators(documents, &position.base, alternatives);
            let fits: Vec<_> = (0..alternatives.len()).map(|index| meant::fit(&discriminators, index, value)).collect();
            let best = fits.iter().min();
            for (schema, _) in alternatives.iter().zip(&fits).filter(|(_, fit)| Some(*fit) == best) {
                self.visit(&part(schema), value, steps + 1);
            }
        }
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter().filter(|(_, value)| holds_null(value)) {
                    self.path.push(key.clone());
                    for schema in of_property(schema, key) {
                        self.visit(&part(schema), value, 0);
                    }
                    self.path.pop();
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    let schema = match schema.get("items") {
                        Some(Value::Array(each)) => each.get(index),
                        all => all,
                    };
                    self.path.push(index.to_string());
                    if let Some(schema) = schema {
                        self.visit(&part(schema), value, 0);
                    }
                    self.path.pop();
                }
            }
            _ => {}
        }
    }
}

/// The schemas of a property: those of its name and of the patterns that the name matches, else that of all others.
fn of_property<'a>(schema: &'a Value, key: &str) -> Vec<&'a Value> {
    let named = schema.get("properties").and_then(|properties| properties.get(key));
    let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
    let matching = patterns.filter(|(pattern, _)| {
        // The oldest draft has the smallest meta-schema, which the validator compiles first; a pattern is the same to all.
        let pattern = serde_json::json!({ "pattern": pattern });
        jsonschema::draft4::new(&pattern).is_ok_and(|validator| validator.is_valid(&Value::String(key.to_string())))
    });
    let found: Vec<&Value> = named.into_iter().chain(matching.map(|(_, schema)| schema)).collect();
    if found.is_empty() { schema.get("additionalProperties").into_iter().collect() } else { found }
}

/// Whether there is a null anywhere in a value.
pub(super) fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().any(holds_null),
        Value::Array(items) => items.iter().any(holds_null),
        _ => false,
    }
}
/// Keywords that say nothing of validity.
const ANNOTATIONS: &[&str] = &["type", "description", "title", "default", "examples", "deprecated", "$comment"];

/// A schema that accepts null where an inline `type: string` stands for a property that is not required and has no other constraint;
/// those properties carry [`KEYWORD`].
pub(super) fn accept(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => Value::Array(items.iter().map(accept).collect()),
        Value::Object(map) => {
            let mut relaxed: serde_json::Map<String, Value> = map.iter().map(|(key, value)| (key.clone(), accept(value))).collect();
            let required: Vec<String> = map
                .get("required")
                .and_then(Value::as_array)
                .map(|names| names.iter().filter_map(Value::as_str).map(str::to_string).collect())
                .unwrap_or_default();
            if let Some(Value::Object(properties)) = relaxed.get_mut("properties") {
                for (name, property) in properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
                    let Value::Object(keywords) = property else { continue };
                    let plain = keywords.keys().all(|keyword| ANNOTATIONS.contains(&keyword.as_str()));
                    // A property that is named "type" has a schema here, not a text.
                    if plain && keywords.get("type") == Some(&Value::String("string".into())) && !name.is_empty() {
                        keywords.insert("type".into(), serde_json::json!(["string", "null"]));
                        keywords.insert(KEYWORD.into(), Value::Bool(true));
                    }
                }
            }
            Value::Object(relaxed)
        }
        other => other.clone(),
    }
}
