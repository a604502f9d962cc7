//! Which keys JSON schemas name, and where. A validator knows this and does not tell it.

use crate::config::schema::{Documents, Position, Root};
use serde_json::Value;
use std::collections::BTreeSet;

/// At most as many nested schemas are followed at one place, so that a schema which refers to itself comes to an end.
const MAXIMUM_STEPS: usize = 300;

/// One of the schemas that apply at a place.
#[derive(Debug, Clone)]
pub(in crate::config) struct Part<'a> {
    /// The documents that it may refer to; None for a schema without references.
    documents: Option<&'a Documents>,
    position: Position<'a>,
}

/// What may stand beside the keys that are named at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) enum Others {
    /// No key is named at all: nothing is known of the place.
    Unknown,
    /// Other keys are not forbidden.
    Tolerated,
    /// Other keys are expected: the user chooses their names.
    Free,
    /// The schema refuses them.
    Refused,
}

/// The place that a schema describes as a whole.
pub(in crate::config) fn whole<'a>((documents, position): Root<'a>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    expand(Part { documents: Some(documents), position }, &mut parts);
    parts
}

/// The same of a document without references.
pub(in crate::config) fn plain(schema: &Value) -> Vec<Part<'_>> {
    vec![Part { documents: None, position: Position { base: String::new(), schema } }]
}

/// The place below a key, or below an index of a list.
pub(in crate::config) fn step<'a>(parts: &[Part<'a>], step: &str) -> Vec<Part<'a>> {
    let mut below = Vec::new();
    for part in parts {
        let schema = part.position.schema;
        let named = schema.get("properties").and_then(|properties| properties.get(step));
        let patterns = schema.get("patternProperties").and_then(Value::as_object).filter(|_| named.is_none());
        let others = schema.get("additionalProperties").filter(|_| named.is_none() && patterns.is_none());
        let items = schema.get("items").filter(|_| step.parse::<usize>().is_ok());
        let patterns = patterns.into_iter().flat_map(|patterns| patterns.values());
        for schema in named.into_iter().chain(patterns).chain(others).chain(items) {
            expand(part.inner(schema), &mut below);
        }
    }
    below
}

/// The place below a path.
pub(in crate::config) fn at<'a>(parts: &[Part<'a>], path: &[&str]) -> Vec<Part<'a>> {
    path.iter().fold(parts.to_vec(), |parts, key| step(&parts, key))
}

/// The keys that are named at a place, in the order of the schema.
pub(in crate::config) fn keys<'a>(parts: &[Part<'a>]) -> Vec<&'a str> {
    let mut keys: Vec<&str> = Vec::new();
    let objects = parts.iter().filter_map(|part| part.position.schema.get("properties")?.as_object());
    for key in objects.flat_map(|properties| properties.keys()) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys
}

/// What may stand beside them.
pub(in crate::config) fn others(parts: &[Part<'_>]) -> Others {
    let of = |schema: &Value| match (schema.get("properties"), schema.get("patternProperties"), schema.get("additionalProperties")) {
        (_, None, Some(Value::Bool(false))) => Others::Refused,
        _ if schema.get("unevaluatedProperties") == Some(&Value::Bool(false)) => Others::Refused,
        (_, Some(_), _) | (_, _, Some(Value::Bool(true) | Value::Object(_))) => Others::Free,
        (Some(_), None, _) => Others::Tolerated,
        _ => Others::Unknown,
    };
    parts.iter().map(|part| of(part.position.schema)).max().unwrap_or(Others::Unknown)
}

/// Paths below a place that end with a key, the shortest first; a step that the user names is `*`.
pub(in crate::config) fn paths_of<'a>(parts: Vec<Part<'a>>, key: &str, depth: usize) -> Vec<Vec<&'a str>> {
    let (mut found, mut level) = (Vec::new(), vec![(Vec::new(), parts)]);
    for _ in 0..depth {
        let mut next = Vec::new();
        for (path, parts) in level {
            let keys = keys(&parts);
            if keys.contains(&key) {
                found.push(path.clone());
            }
            for key in keys {
                next.push((path.iter().copied().chain([key]).collect(), step(&parts, key)));
            }
            if parts.iter().any(|part| part.position.schema.get("patternProperties").is_some()) {
                next.push((path.iter().copied().chain(["*"]).collect(), step(&parts, "*")));
            }
        }
        level = next;
    }
    found
}

/// Every key that is named anywhere in a document.
pub(in crate::config) fn everywhere<'a>(documents: impl Iterator<Item = &'a Value>) -> BTreeSet<&'a str> {
    let mut keys = BTreeSet::new();
    documents.for_each(|document| collect(document, &mut keys));
    keys
}

impl<'a> Part<'a> {
    /// A schema within this one.
    fn inner(&self, schema: &'a Value) -> Part<'a> {
        Part { documents: self.documents, position: Position { base: self.position.base.clone(), schema } }
    }
}

/// Adds a schema, and all schemas that it combines.
fn expand<'a>(part: Part<'a>, parts: &mut Vec<Part<'a>>) {
    let schema = part.position.schema;
    let is_known = |known: &Part<'_>| std::ptr::eq(known.position.schema, schema);
    if parts.len() >= MAXIMUM_STEPS || !schema.is_object() || parts.iter().any(is_known) {
        return;
    }
    parts.push(part.clone());
    let several = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
    let single = ["if", "then", "else"].into_iter().filter_map(|keyword| schema.get(keyword));
    several.chain(single).for_each(|schema| expand(part.inner(schema), parts));
    let reference = schema.get("$ref").and_then(Value::as_str);
    let position = part.documents.zip(reference).and_then(|(documents, reference)| documents.find(&part.position.base, reference));
    if let Some(position) = position {
        expand(Part { documents: part.documents, position }, parts);
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
    use std::sync::Arc;

    #[test]
    fn references_and_alternatives_are_followed() {
        let base = json!({
            "$id": "https://zowe.org/schemas/v2/base",
            "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"additionalProperties": true, "properties": {"z": {}}}},
            "additionalProperties": false,
            "$defs": {"a": {"$anchor": "letter", "properties": {"own": {}, "again": {"$ref": "#/$defs/a"}}}}
        });
        let other = json!({
            "$id": "https://zowe.org/schemas/v2/other",
            "oneOf": [{"$ref": "/schemas/v2/base#letter"}, {"patternProperties": {".*": {"properties": {"deep": {}}}}}]
        });
        let mut documents = Documents::default();
        [base, other].into_iter().for_each(|document| documents.add(&Arc::new(document)));
        let place = |id: &str| whole((&documents, documents.at(&format!("https://zowe.org/schemas/v2/{id}")).unwrap()));
        let root = place("base");
        assert_eq!((keys(&root), others(&root)), (vec!["a", "b"], Others::Refused));
        let a = at(&root, &["a", "again", "again"]);
        assert_eq!((keys(&a), others(&a)), (vec!["own", "again"], Others::Tolerated));
        assert_eq!(others(&step(&root, "b")), Others::Free);
        assert_eq!(keys(&place("other")), ["own", "again"]);
        assert_eq!(keys(&at(&place("other"), &["x"])), ["deep"]);
        assert_eq!(others(&at(&root, &["no", "such"])), Others::Unknown);
        assert_eq!(paths_of(root, "own", 3), [vec!["a"], vec!["a", "again"]]);
        assert_eq!(everywhere(documents.all()).into_iter().collect::<Vec<_>>(), ["a", "again", "b", "deep", "own", "z"]);
    }
}
