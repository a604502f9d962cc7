//! Whether a schema is certainly one by the meta-schema of its draft. The validator's own check compiles that meta-schema first, which takes
//! longer than everything else that is done with a small configuration; so it is asked only about schemas that are not seen to be sound
//! here. Those it judges as ever, and in its own words.

use serde_json::{Map, Value};

/// The dialect that all schemas are read in.
pub(super) const DIALECT: &str = "https://json-schema.org/draft/2019-09/schema";

/// How deep a schema may be to be judged here.
const MAXIMUM_DEPTH: usize = 64;

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Annotations: what they hold is said of no value.
const ANNOTATIONS: [&str; 7] = ["$comment", "$id", "$schema", "default", "description", "examples", "title"];

/// Whether a schema says nothing of any value.
pub(super) fn says_nothing(schema: &Value) -> bool {
    schema
        .as_object()
        .is_some_and(|schema| schema.keys().all(|keyword| ANNOTATIONS.contains(&keyword.as_str())) && is_sound_object(schema, 0))
}

/// True only for schemas that the meta-schema of draft 2019-09 accepts, without anything whose meaning depends on where a schema is
/// entered, or on the draft of whoever refers to it.
pub(super) fn is_sound(schema: &Value) -> bool {
    schema.is_object() && is_sound_at(schema, 0)
}

fn is_sound_at(schema: &Value, depth: usize) -> bool {
    match schema {
        Value::Bool(_) => true,
        Value::Object(map) => depth < MAXIMUM_DEPTH && is_sound_object(map, depth),
        _ => false,
    }
}

fn is_sound_object(schema: &Map<String, Value>, depth: usize) -> bool {
    let below = |schema: &Value| is_sound_at(schema, depth + 1);
    let all_below = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(below));
    let named_below = |map: &Value| map.as_object().is_some_and(|map| map.values().all(below));
    schema.iter().all(|(keyword, value)| match keyword.as_str() {
        "$comment" | "description" | "title" | "pattern" => value.is_string(),
        "$ref" => value.as_str().is_some_and(|reference| !reference.is_empty()),
        // Only the root has these: see `super::documents::identified`.
        "$id" => depth == 0 && value.as_str().is_some_and(|id| !id.contains('#')),
        "$schema" => depth == 0 && value == DIALECT,
        "$anchor" => value.as_str().is_some_and(is_anchor),
        "const" | "default" => true,
        "enum" | "examples" => value.is_array(),
        "deprecated" | "readOnly" | "uniqueItems" | "writeOnly" | super::nulls::KEYWORD => value.is_boolean(),
        "maxItems" | "maxLength" | "maxProperties" | "minItems" | "minLength" | "minProperties" => value.is_u64(),
        "exclusiveMaximum" | "exclusiveMinimum" | "maximum" | "minimum" => value.is_number(),
        "type" => match value {
            Value::String(name) => TYPES.contains(&name.as_str()),
            Value::Array(names) => {
                is_set_of_texts(names) && !names.is_empty() && names.iter().all(|name| TYPES.iter().any(|known| name == known))
            }
            _ => false,
        },
        "required" => value.as_array().is_some_and(|names| is_set_of_texts(names)),
        "allOf" | "anyOf" | "oneOf" => all_below(value),
        "items" => {
            if value.is_array() {
                all_below(value)
            } else {
                below(value)
            }
        }
        "additionalProperties" | "else" | "if" | "not" | "propertyNames" | "then" => below(value),
        "$defs" | "definitions" | "patternProperties" | "properties" => named_below(value),
        _ => false,
    })
}

fn is_set_of_texts(values: &[Value]) -> bool {
    values.iter().all(Value::is_string)
        && values.iter().enumerate().all(|(index, value)| !values.iter().take(index).any(|other| other == value))
}

/// As the meta-schema has it: a letter, then letters, digits, `-`, `_`, `:` and `.`.
fn is_anchor(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Values that fit a keyword, and values that do not.
    fn any_schema() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(json!("string")),
            Just(json!("a b")),
            Just(json!("")),
            Just(json!("#/$defs/a")),
            Just(json!(1)),
            Just(json!(-1)),
            Just(json!(1.5)),
            Just(json!(true)),
            Just(json!(null)),
            Just(json!(["string"])),
            Just(json!(["string", "string"])),
            Just(json!([])),
            Just(json!(["a", 1])),
            Just(json!({})),
            Just(json!("^[a-z]+$")),
            Just(json!("https://a.b/c")),
        ];
        scalar.prop_recursive(3, 32, 4, |inner| {
            let keyword = prop::sample::select(vec![
                "$comment",
                "description",
                "title",
                "pattern",
                "$ref",
                "$anchor",
                "const",
                "default",
                "enum",
                "examples",
                "deprecated",
                "readOnly",
                "uniqueItems",
                "maxItems",
                "minLength",
                "maxProperties",
                "exclusiveMaximum",
                "minimum",
                "type",
                "required",
                "allOf",
                "anyOf",
                "oneOf",
                "items",
                "additionalProperties",
                "else",
                "if",
                "not",
                "propertyNames",
                "then",
                "$defs",
                "definitions",
                "patternProperties",
                "properties",
                "unknown",
                "unevaluatedProperties",
                "$id",
                "$schema",
                "multipleOf",
            ]);
            prop_oneof![
                prop::collection::btree_map(keyword, inner.clone(), 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
                prop::collection::vec(inner, 0..3).prop_map(Value::from),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn what_is_sound_is_a_schema_to_the_meta_schema_too(schema in any_schema()) {
            if is_sound(&schema) {
                prop_assert!(jsonschema::draft201909::meta::is_valid(&schema), "{schema}");
            }
        }
    }

    #[test]
    fn schemas_of_every_day_are_sound_and_doubtful_ones_are_not() {
        let sound = json!({
            "$id": "https://a", "$schema": DIALECT, "title": "t", "type": ["object", "null"], "required": ["a"], "additionalProperties": false,
            "properties": {"a": {"$ref": "#/$defs/n"}, "type": {"enum": [1]}}, "patternProperties": {"^.*$": {"items": {"type": "string"}}},
            "$defs": {"n": {"$anchor": "n", "oneOf": [{"const": null}, {"minimum": 1.5}, true]}}
        });
        assert!(is_sound(&sound) && !says_nothing(&sound));
        assert!(says_nothing(&json!({"$id": "https://a", "description": "d"})));
        for doubtful in [
            json!(true),
            json!({"type": "text"}),
            json!({"type": []}),
            json!({"required": ["a", "a"]}),
            json!({"properties": []}),
            json!({"allOf": []}),
            json!({"minLength": -1}),
            json!({"format": "uri"}),
            json!({"properties": {"a": {"$id": "https://b"}}}),
            json!({"unevaluatedProperties": false}),
            json!({"$recursiveRef": "#"}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
            json!({"properties": {"a": 1}}),
            json!({"$anchor": "1"}),
            json!({"title": 1}),
            json!({"items": []}),
        ] {
            assert!(!is_sound(&doubtful) && !says_nothing(&doubtful), "{doubtful}");
        }
    }
}
