//! Whether one property of a document can be judged without the others. haInstances can by Zowe's schemas: it grows with the number of HA
//! instances, each of which would otherwise be checked together with all of them.

use super::{Documents, Position};
use serde_json::Value;

/// Keywords by which the values of properties do not bear upon each other: whatever is wrong with one is said of it alone, and the rest
/// depends only on which properties there are.
const INDEPENDENT: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "additionalProperties",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "maxProperties",
    "minProperties",
    "propertyNames",
    "required",
    "title",
    "type",
];

/// References and parts of parts that are followed.
const MAXIMUM_STEPS: usize = 16;

/// True where a schema for a whole document judges the value of each property as if the others had any other values.
pub(super) fn is_apart(documents: &Documents, position: &Position<'_>) -> bool {
    judges(documents, position, MAXIMUM_STEPS)
}

fn judges(documents: &Documents, position: &Position<'_>, steps: usize) -> bool {
    let Value::Object(schema) = position.schema else { return position.schema.is_boolean() };
    let Some(steps) = steps.checked_sub(1) else { return false };
    schema.iter().all(|(keyword, value)| match keyword.as_str() {
        "properties" | "patternProperties" => value.is_object(),
        "$ref" => value
            .as_str()
            .and_then(|reference| documents.find(&position.base, reference))
            .is_some_and(|target| judges(documents, &target, steps)),
        "allOf" => value
            .as_array()
            .is_some_and(|parts| parts.iter().all(|schema| judges(documents, &Position { base: position.base.clone(), schema }, steps))),
        keyword => INDEPENDENT.contains(&keyword),
    })
}
