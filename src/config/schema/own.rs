//! What a component's schema says by itself. Most say with `allOf` that the schema of configurations holds too; that is large, and is judged
//! once for the configuration, not once more for each component.

use serde_json::Value;

/// Keywords whose meaning depends on what other parts of a schema have looked at.
const DEPENDENT: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];

/// Puts `true` in the place of a part of `allOf` that is nothing but a reference to the schema `base`, where all else means the same
/// without it. True if there was one.
pub(super) fn leave_out(schema: &mut Value, base: &str) -> bool {
    let reference = |part: &Value| {
        part.as_object().is_some_and(|part| part.len() == 1) && part.get("$ref").and_then(Value::as_str).is_some_and(|to| to == base)
    };
    let parts = schema.get("allOf").and_then(Value::as_array);
    if !parts.is_some_and(|parts| parts.iter().any(reference)) || names(schema, &DEPENDENT) {
        return false;
    }
    let parts = schema.get_mut("allOf").and_then(Value::as_array_mut);
    parts.into_iter().flatten().filter(|part| reference(part)).for_each(|part| *part = Value::Bool(true));
    true
}

/// Whether a schema refers to anything, itself included.
pub(super) fn refers(schema: &Value) -> bool {
    let is_standard = |value: &Value| value.as_str().is_some_and(|dialect| dialect.starts_with("https://json-schema.org/draft/"));
    match schema {
        Value::Object(map) => map.iter().any(|(key, value)| if key == "$schema" { !is_standard(value) } else { of(key, value) }),
        _ => false,
    }
}

fn of(key: &str, value: &Value) -> bool {
    const REFERENCES: [&str; 4] = ["$ref", "$recursiveRef", "$dynamicRef", "$schema"];
    REFERENCES.contains(&key) || names(value, &REFERENCES)
}

/// Whether any of these keys is anywhere in it.
fn names(schema: &Value, keys: &[&str]) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(key, value)| keys.contains(&key.as_str()) || names(value, keys)),
        Value::Array(items) => items.iter().any(|item| names(item, keys)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_bare_reference_to_the_base_is_left_out() {
        let left = |mut schema: Value| leave_out(&mut schema, "https://b").then_some(schema);
        let own = json!({"properties": {"a": {}}});
        assert_eq!(left(json!({"allOf": [{"$ref": "https://b"}, own]})), Some(json!({"allOf": [true, own]})));
        for other in [
            json!({}),
            json!({"$ref": "https://b"}),
            json!({"allOf": [{"$ref": "https://b#/$defs/a"}]}),
            json!({"allOf": [{"$ref": "https://b", "type": "object"}]}),
            json!({"anyOf": [{"$ref": "https://b"}]}),
            json!({"allOf": [{"$ref": "https://b"}, {"properties": {"a": {"unevaluatedProperties": false}}}]}),
        ] {
            assert_eq!(left(other.clone()), None, "{other}");
        }
        let dialect = "https://json-schema.org/draft/2019-09/schema";
        assert!(!refers(&own) && !refers(&json!({"$schema": dialect, "type": "object"})));
        for schema in
            [json!({"a": [{"$ref": "#"}]}), json!({"$schema": "https://else"}), json!({"properties": {"a": {"$schema": dialect}}})]
        {
            assert!(refers(&schema), "{schema}");
        }
    }
}
