//! null where Zowe's own tool accepts it against the schema (reference/configuration.md, "Validation"): accepted here too, with a warning.
//!
//! The schema is relaxed before it is compiled, once. A keyword of our own beside each relaxed type is always fulfilled and notes the
//! nulls it is asked about.

use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashSet;

/// Stands beside a type that was relaxed.
const KEYWORD: &str = "zwelnchNullAccepted";

thread_local! {
    /// Addresses of the nulls of the value that this thread validates: values do not move meanwhile, and the keyword is told no path.
    static SEEN: RefCell<HashSet<usize>> = RefCell::default();
}

struct NullAccepted;

impl NullAccepted {
    fn note(instance: &Value) {
        if instance.is_null() {
            SEEN.with_borrow_mut(|seen| seen.insert(address(instance)));
        }
    }
}

impl<'i> Keyword<'i> for NullAccepted {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        NullAccepted::note(instance);
        Ok(())
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        NullAccepted::note(instance);
        true
    }
}

/// Options that know the keyword.
pub(super) fn watch(options: ValidationOptions<'_>) -> ValidationOptions<'_> {
    options.with_keyword(KEYWORD, |_, _, _| Ok(Box::new(NullAccepted)))
}

/// Runs a validation of `value`; gives its result and the paths of the nulls that only the relaxed schema accepts.
pub(super) fn recorded<T>(value: &Value, validate: impl FnOnce() -> T) -> (T, Vec<Vec<String>>) {
    SEEN.with_borrow_mut(HashSet::clear);
    let result = validate();
    let seen = SEEN.with_borrow_mut(std::mem::take);
    let mut paths = Vec::new();
    if !seen.is_empty() {
        collect(value, &seen, &mut Vec::new(), &mut paths);
    }
    (result, paths)
}

fn collect(value: &Value, seen: &HashSet<usize>, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let mut visit = |step: String, value: &Value| {
        path.push(step);
        collect(value, seen, path, paths);
        path.pop();
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| visit(key.clone(), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| visit(index.to_string(), value)),
        Value::Null if seen.contains(&address(value)) => paths.push(path.clone()),
        _ => {}
    }
}

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
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
                    // A property named "type" whose schema is not one would be no object with a text here.
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
