//! Which keys JSON schemas name, and where: what a validator knows and does not tell.

use serde_json::Value;
use std::collections::BTreeSet;

/// Schemas inside one another that are followed at one place; a schema that refers to itself ends here.
const MAXIMUM_STEPS: usize = 300;

/// Schemas that refer to one another.
#[derive(Clone, Copy)]
pub(in crate::config) struct Vocabulary<'a> {
    documents: &'a [&'a Value],
}

/// A schema and the document that it stands in.
pub(in crate::config) type Part<'a> = (usize, &'a Value);

/// What may stand beside the keys that are named at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) enum Others {
    /// No key is named at all: nothing is known of the place.
    Unknown,
    /// Other keys are not forbidden.
    Tolerated,
    /// Other keys are wanted: their names are the user's.
    Free,
    /// The schema refuses them.
    Refused,
}

impl<'a> Vocabulary<'a> {
    pub(in crate::config) fn new(documents: &'a [&'a Value]) -> Self {
        Vocabulary { documents }
    }

    /// A whole document as a place.
    pub(in crate::config) fn root(&self, document: usize) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        if let Some(schema) = self.documents.get(document) {
            self.expand(document, schema, &mut parts);
        }
        parts
    }

    /// The place below a key, or below an index of a list.
    pub(in crate::config) fn step(&self, parts: &[Part<'a>], step: &str) -> Vec<Part<'a>> {
        let mut below = Vec::new();
        for (document, schema) in parts {
            let named = schema.get("properties").and_then(|properties| properties.get(step));
            let patterns = schema.get("patternProperties").and_then(Value::as_object).filter(|_| named.is_none());
            let others = schema.get("additionalProperties").filter(|_| named.is_none() && patterns.is_none());
            let items = schema.get("items").filter(|_| step.parse::<usize>().is_ok());
            let patterns = patterns.into_iter().flat_map(|patterns| patterns.values());
            for schema in named.into_iter().chain(patterns).chain(others).chain(items) {
                self.expand(*document, schema, &mut below);
            }
        }
        below
    }

    /// The place below a path.
    pub(in crate::config) fn at(&self, parts: Vec<Part<'a>>, path: &[&str]) -> Vec<Part<'a>> {
        path.iter().fold(parts, |parts, step| self.step(&parts, step))
    }

    /// The keys that are named at a place, in the order of the schema.
    pub(in crate::config) fn keys(parts: &[Part<'a>]) -> Vec<&'a str> {
        let mut keys: Vec<&str> = Vec::new();
        for key in parts.iter().filter_map(|(_, schema)| schema.get("properties")?.as_object()).flat_map(|properties| properties.keys()) {
            if !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
        keys
    }

    /// What may stand beside them.
    pub(in crate::config) fn others(parts: &[Part<'a>]) -> Others {
        let of = |schema: &Value| match (schema.get("properties"), schema.get("patternProperties"), schema.get("additionalProperties")) {
            (_, None, Some(Value::Bool(false))) => Others::Refused,
            _ if schema.get("unevaluatedProperties") == Some(&Value::Bool(false)) => Others::Refused,
            (_, Some(_), _) | (_, _, Some(Value::Bool(true) | Value::Object(_))) => Others::Free,
            (Some(_), None, _) => Others::Tolerated,
            _ => Others::Unknown,
        };
        parts.iter().map(|(_, schema)| of(schema)).max().unwrap_or(Others::Unknown)
    }

    /// Every key that is named anywhere.
    pub(in crate::config) fn everywhere(&self) -> BTreeSet<&'a str> {
        let mut keys = BTreeSet::new();
        self.documents.iter().for_each(|document| collect(document, &mut keys));
        keys
    }

    /// Paths below a place that end with a key, the shortest first; a step that the user names is `*`.
    pub(in crate::config) fn paths_of(&self, parts: Vec<Part<'a>>, key: &str, depth: usize) -> Vec<Vec<&'a str>> {
        let (mut found, mut level) = (Vec::new(), vec![(Vec::new(), parts)]);
        for _ in 0..depth {
            let mut next = Vec::new();
            for (path, parts) in level {
                let keys = Self::keys(&parts);
                if keys.contains(&key) {
                    found.push(path.clone());
                }
                for key in keys {
                    next.push((path.iter().copied().chain([key]).collect(), self.step(&parts, key)));
                }
                if parts.iter().any(|(_, schema)| schema.get("patternProperties").is_some()) {
                    next.push((path.iter().copied().chain(["*"]).collect(), self.step(&parts, "*")));
                }
            }
            level = next;
        }
        found
    }

    /// A schema, and all that it is made of.
    fn expand(&self, document: usize, schema: &'a Value, parts: &mut Vec<Part<'a>>) {
        if parts.len() >= MAXIMUM_STEPS || !schema.is_object() || parts.iter().any(|(_, known)| std::ptr::eq(*known, schema)) {
            return;
        }
        parts.push((document, schema));
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for schema in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.expand(document, schema, parts);
            }
        }
        for keyword in ["if", "then", "else"] {
            if let Some(schema) = schema.get(keyword) {
                self.expand(document, schema, parts);
            }
        }
        if let Some((document, schema)) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| self.resolve(document, reference))
        {
            self.expand(document, schema, parts);
        }
    }

    /// What a reference means: by `$id`, whole or its path, and a JSON pointer or an anchor.
    fn resolve(&self, document: usize, reference: &str) -> Option<Part<'a>> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let of_id = |document: &Value| {
            document.get("$id").and_then(Value::as_str).is_some_and(|id| id == base || (base.starts_with('/') && id.ends_with(base)))
        };
        let document = if base.is_empty() { document } else { self.documents.iter().position(|document| of_id(document))? };
        let whole = *self.documents.get(document)?;
        let found = match fragment {
            "" => whole,
            pointer if pointer.starts_with('/') => whole.pointer(pointer)?,
            anchor => anchored(whole, anchor)?,
        };
        Some((document, found))
    }
}

fn anchored<'a>(schema: &'a Value, anchor: &str) -> Option<&'a Value> {
    match schema {
        Value::Object(map) if map.get("$anchor").and_then(Value::as_str) == Some(anchor) => Some(schema),
        Value::Object(map) => map.values().find_map(|schema| anchored(schema, anchor)),
        Value::Array(items) => items.iter().find_map(|schema| anchored(schema, anchor)),
        _ => None,
    }
}

fn collect<'a>(schema: &'a Value, keys: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                keys.extend(properties.keys().map(String::as_str));
            }
            map.values().for_each(|schema| collect(schema, keys));
        }
        Value::Array(items) => items.iter().for_each(|schema| collect(schema, keys)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_and_alternatives_are_followed() {
        let base = json!({
            "$id": "https://zowe.org/schemas/v2/base",
            "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"additionalProperties": true, "properties": {"z": {}}}},
            "additionalProperties": false,
            "$defs": {"a": {"$anchor": "letter", "properties": {"own": {}, "again": {"$ref": "#/$defs/a"}}}}
        });
        let other = json!({"oneOf": [{"$ref": "/schemas/v2/base#letter"}, {"patternProperties": {".*": {"properties": {"deep": {}}}}}]});
        let documents = [&base, &other];
        let vocabulary = Vocabulary::new(&documents);
        let root = vocabulary.root(0);
        assert_eq!((Vocabulary::keys(&root), Vocabulary::others(&root)), (vec!["a", "b"], Others::Refused));
        let a = vocabulary.at(root.clone(), &["a", "again", "again"]);
        assert_eq!((Vocabulary::keys(&a), Vocabulary::others(&a)), (vec!["own", "again"], Others::Tolerated));
        assert_eq!(Vocabulary::others(&vocabulary.step(&root, "b")), Others::Free);
        assert_eq!(Vocabulary::keys(&vocabulary.root(1)), ["own", "again"]);
        assert_eq!(Vocabulary::keys(&vocabulary.at(vocabulary.root(1), &["x"])), ["deep"]);
        assert_eq!(Vocabulary::others(&vocabulary.at(root.clone(), &["no", "such"])), Others::Unknown);
        assert_eq!(vocabulary.paths_of(root, "own", 3), [vec!["a"], vec!["a", "again"]]);
        assert_eq!(vocabulary.everywhere().into_iter().collect::<Vec<_>>(), ["a", "again", "b", "deep", "own", "z"]);
    }
}
