//! From errors of the validator to findings at the values that are wrong.

use crate::config::{Location, Problem, secrets};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// One violation: where, and what is expected there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) path: Vec<String>,
    /// None where the value itself is not worth showing (a key too many, a key that is missing).
    pub(super) value: Option<Value>,
    pub(super) text: String,
}

impl Finding {
    pub(super) fn problem(&self, place: &dyn Fn(&[&str]) -> Location, error: bool) -> Problem {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let place = Some(place(&path));
        let name = if path.is_empty() { "the configuration".to_string() } else { path.join(".") };
        let value = self.value.as_ref().map(|value| format!(" {}", secrets::show(&path, value))).unwrap_or_default();
        let problem = if error {
            Problem::error(place, format!("{name}:{value} {}", self.text.trim_start()))
        } else {
            Problem::warning(place, format!("{name}:{value} is accepted, though {}", self.text.trim_start()))
        };
        problem.about(&path)
    }
}

/// What to say of a key that a schema refuses, by its path; None for one that is known all the same.
type Refused<'a> = &'a dyn Fn(&[String]) -> Option<String>;

/// Everything that `value` does wrong by a schema.
pub(super) fn findings(validator: &Validator, value: &Value, refused: Refused<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for error in validator.iter_errors(value) {
        explain(&error, refused, &mut findings);
    }
    let mut unique: Vec<Finding> = Vec::new();
    for finding in findings {
        if !unique.contains(&finding) {
            unique.push(finding);
        }
    }
    unique
}

/// Turns one error into findings at the values that are wrong: of alternatives (oneOf, anyOf), those of the one that was meant.
fn explain(error: &ValidationError<'_>, refused: Refused<'_>, findings: &mut Vec<Finding>) {
    let path: Vec<String> = pointer(error.instance_path().as_str());
    let child = |key: &str| path.iter().cloned().chain([key.to_string()]).collect::<Vec<_>>();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for path in unexpected.iter().map(|key| child(key)) {
                if let Some(hint) = refused(&path) {
                    findings.push(Finding { path, value: None, text: format!("is not a known key here{hint}") });
                }
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => match meant(context, path.len()) {
            Some(branch) => branch.iter().for_each(|error| explain(error, refused, findings)),
            None => {
                let text = format!("fits none of the {} forms that the schema allows", context.len());
                findings.push(Finding { path, value: Some(error.instance().as_ref().clone()), text });
            }
        },
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_string);
            findings.push(Finding { path, value: None, text: format!("the key '{name}' is required here and missing") });
        }
        kind => {
            let text = expectation(kind, error);
            findings.push(Finding { path, value: Some(error.instance().as_ref().clone()), text });
        }
    }
}

/// The branch that comes closest: one whose errors all lie deeper than the value itself, with the fewest of them.
fn meant<'a>(context: &'a [Vec<ValidationError<'static>>], depth: usize) -> Option<&'a [ValidationError<'static>]> {
    let deeper = |error: &ValidationError<'_>| {
        pointer(error.instance_path().as_str()).len() > depth && !matches!(error.kind(), ValidationErrorKind::Constant { .. })
            || matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. } | ValidationErrorKind::UnevaluatedProperties { .. })
    };
    let candidates = context.iter().filter(|branch| !branch.is_empty() && branch.iter().all(deeper));
    candidates.min_by_key(|branch| branch.len()).map(Vec::as_slice)
}

fn expectation(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    let list = |options: &Value| match options {
        Value::Array(items) => items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    match kind {
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => format!("is not of type {kind}"),
        ValidationErrorKind::Type { kind: TypeKind::Multiple(kinds) } => {
            format!("is not of type {}", kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" or "))
        }
        ValidationErrorKind::Enum { options } => format!("is not one of {}", list(options)),
        ValidationErrorKind::Constant { expected_value } => format!("is not {expected_value}"),
        ValidationErrorKind::Minimum { limit } => format!("is less than the minimum of {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("is greater than the maximum of {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("is shorter than {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("is longer than {limit} characters"),
        ValidationErrorKind::Pattern { pattern } => format!("does not match the pattern {pattern}"),
        ValidationErrorKind::OneOfMultipleValid { .. } => "fits more than one of the forms of which the schema allows one".into(),
        _ => error.masked_with("the value").to_string(),
    }
}

/// The steps of a JSON pointer.
fn pointer(text: &str) -> Vec<String> {
    text.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}
