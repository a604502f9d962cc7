//! JSON Schema: zowe.yaml against the runtime's schemas, and against those of components. Rules: reference/configuration.md,
//! "Validation". No network: what is not registered is an error of the schema.

use super::load::read_file;
use super::node::Node;
use super::{Configuration, Problem, encoding, runtime_file, secrets};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, Registry, ValidationError, Validator};
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A schema and the file it came from.
#[derive(Debug, Clone)]
struct Schema {
    file: String,
    content: Value,
}

/// The schemas of a runtime directory; read once for a configuration.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    /// `schemas/zowe-yaml-schema.json`.
    base: Option<Schema>,
    /// `schemas/server-common.json`.
    common: Option<Schema>,
    /// Files that are no JSON.
    problems: Vec<Problem>,
}

impl Schemas {
    /// What `schemas/` of a runtime directory holds; nothing without one.
    pub(super) fn read(runtime: Option<&Path>) -> Schemas {
        let mut schemas = Schemas::default();
        let Some(runtime) = runtime else { return schemas };
        let mut read = |relative: &str| {
            let file = runtime_file(runtime, relative)?;
            match read_schema(&file) {
                Ok(schema) => Some(schema),
                Err(problem) => {
                    schemas.problems.push(problem);
                    None
                }
            }
        };
        let base = read("schemas/zowe-yaml-schema.json");
        let common = read("schemas/server-common.json");
        Schemas { base, common, ..schemas }
    }
}

fn read_schema(file: &Path) -> Result<Schema, Problem> {
    let name = file.display().to_string();
    let bytes = read_file(file).map_err(|error| Problem::error(Some(name.clone()), format!("the schema cannot be read: {error}")))?;
    let text = encoding::decode(&bytes)
        .map_err(|error| Problem::error(Some(format!("{name}:{}:{}", error.line, error.column)), error.reason.clone()))?;
    match serde_json::from_str(&text) {
        Ok(content) => Ok(Schema { file: name, content }),
        Err(error) => {
            let place = format!("{name}:{}:{}", error.line(), error.column().max(1));
            Err(Problem::error(Some(place), format!("the schema is no JSON: {error}")))
        }
    }
}

/// Everything wrong by `schemas/zowe-yaml-schema.json`; nothing where the runtime has none.
pub(super) fn validate(configuration: &Configuration) -> Vec<Problem> {
    let schemas = of(configuration);
    let mut problems = schemas.problems.clone();
    if let Some(base) = &schemas.base {
        let others: Vec<&Schema> = schemas.common.iter().collect();
        problems.extend(check(&subject(configuration, &|path| configuration.place(path)), base, &others));
    }
    problems
}

/// Everything wrong by a component's own schemas; see [`Configuration::validate_against`].
pub(super) fn validate_component(configuration: &Configuration, component: &str, files: &[PathBuf]) -> Vec<Problem> {
    let path = ["components", component];
    if files.is_empty() {
        let text = format!("the component {component} has no schema (schemas.configs in its manifest): its configuration is not checked");
        let place = Some(configuration.place(&path));
        return vec![if configuration.is_strict() {
            Problem::error(place, format!("{text}, and zowe.configmgr.validation is STRICT"))
        } else {
            Problem::warning(place, text)
        }];
    }
    let schemas = of(configuration);
    let (mut problems, mut own) = (Vec::new(), Vec::new());
    for file in files {
        match read_schema(file) {
            Ok(schema) => own.push(schema),
            Err(problem) => problems.push(problem),
        }
    }
    for (index, schema) in own.iter().enumerate() {
        let siblings = own.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, schema)| schema);
        let others: Vec<&Schema> = schemas.common.iter().chain(&schemas.base).chain(siblings).collect();
        problems.extend(check(&subject(configuration, &|path| configuration.place(path)), schema, &others));
    }
    problems
}

fn of(configuration: &Configuration) -> &Schemas {
    configuration.schemas.get_or_init(|| Schemas::read(configuration.runtime_directory().as_deref()))
}

/// Whether a component's manifest, as it was read, fits `schemas/manifest-schema.json`. What does not fit is a warning: the launcher checks
/// for itself what it uses of a manifest, and the rest never kept a component from running.
pub(super) fn validate_manifest(configuration: &Configuration, manifest: &Node, name: &str) -> Vec<Problem> {
    let Some(file) = configuration.runtime_directory().and_then(|runtime| runtime_file(&runtime, "schemas/manifest-schema.json")) else {
        return Vec::new();
    };
    let schema = match read_schema(&file) {
        Ok(schema) => schema,
        Err(problem) => return vec![problem],
    };
    let value = manifest.to_value();
    let place = |path: &[&str]| {
        let place = manifest.place_of(path);
        format!("{name}:{}:{}", place.line, place.column)
    };
    let others: Vec<&Schema> = of(configuration).common.iter().collect();
    let problems = check(&Subject { value: &value, place: &place }, &schema, &others);
    problems.into_iter().map(|problem| Problem { error: false, ..problem }).collect()
}

/// What is checked: a value, and where each path of it was set.
struct Subject<'a> {
    value: &'a Value,
    place: &'a dyn Fn(&[&str]) -> String,
}

fn subject<'a>(configuration: &'a Configuration, place: &'a dyn Fn(&[&str]) -> String) -> Subject<'a> {
    Subject { value: &configuration.value, place }
}

/// Errors by the schema with null accepted where Zowe's own tool accepts it, and warnings for what only that makes valid.
fn check(subject: &Subject<'_>, schema: &Schema, others: &[&Schema]) -> Vec<Problem> {
    let broken = |reason: String| vec![Problem::error(Some(schema.file.clone()), format!("the schema cannot be used: {reason}"))];
    let relaxed = Schema { file: schema.file.clone(), content: accept_null(&schema.content) };
    let relaxed_others: Vec<Schema> =
        others.iter().map(|other| Schema { file: other.file.clone(), content: accept_null(&other.content) }).collect();
    let findings = match compile(&relaxed, &relaxed_others.iter().collect::<Vec<_>>()) {
        Ok(validator) => findings(&validator, subject.value),
        Err(reason) => return broken(reason),
    };
    let strict = match compile(schema, others) {
        Ok(validator) => self::findings(&validator, subject.value),
        Err(reason) => return broken(reason),
    };
    let known: HashSet<&[String]> = findings.iter().map(|finding| finding.path.as_slice()).collect();
    let mut problems: Vec<Problem> = findings.iter().map(|finding| finding.problem(subject, true)).collect();
    problems
        .extend(strict.iter().filter(|finding| !known.contains(finding.path.as_slice())).map(|finding| finding.problem(subject, false)));
    problems
}

fn compile(schema: &Schema, others: &[&Schema]) -> Result<Validator, String> {
    let own_id = schema.content.get("$id");
    let mut registry = Registry::new();
    for other in others {
        let Some(id) = other.content.get("$id").and_then(Value::as_str) else { continue };
        if own_id.and_then(Value::as_str) != Some(id) {
            registry = registry.add(id, &other.content).map_err(|error| format!("{}: {error}", other.file))?;
        }
    }
    let registry = registry.prepare().map_err(|error| error.to_string())?;
    jsonschema::options().with_draft(Draft::Draft201909).with_registry(&registry).build(&schema.content).map_err(|error| error.to_string())
}

/// Keywords that say nothing of validity.
const ANNOTATIONS: &[&str] = &["type", "description", "title", "default", "examples", "deprecated", "$comment"];

/// A schema that accepts null where an inline `type: string` stands for a property that is not required and has no other constraint.
fn accept_null(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => Value::Array(items.iter().map(accept_null).collect()),
        Value::Object(map) => {
            let mut relaxed: serde_json::Map<String, Value> = map.iter().map(|(key, value)| (key.clone(), accept_null(value))).collect();
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
                    }
                }
            }
            Value::Object(relaxed)
        }
        other => other.clone(),
    }
}

/// One violation: where, and what is expected there.
#[derive(Debug, Clone, PartialEq)]
struct Finding {
    path: Vec<String>,
    /// None where the value itself is not worth showing (a key too many, a key that is missing).
    value: Option<Value>,
    text: String,
}

impl Finding {
    fn problem(&self, subject: &Subject<'_>, error: bool) -> Problem {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let place = Some((subject.place)(&path));
        let name = if path.is_empty() { "the configuration".to_string() } else { path.join(".") };
        let value = self.value.as_ref().map(|value| format!(" {}", secrets::show(&path, value))).unwrap_or_default();
        if error {
            Problem::error(place, format!("{name}:{value} {}", self.text.trim_start()))
        } else {
            Problem::warning(place, format!("{name}:{value} is accepted, though {}", self.text.trim_start()))
        }
    }
}

fn findings(validator: &Validator, value: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for error in validator.iter_errors(value) {
        explain(&error, &mut findings);
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
fn explain(error: &ValidationError<'_>, findings: &mut Vec<Finding>) {
    let path: Vec<String> = pointer(error.instance_path().as_str());
    let child = |key: &str| path.iter().cloned().chain([key.to_string()]).collect::<Vec<_>>();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for key in unexpected {
                findings.push(Finding { path: child(key), value: None, text: "is not a known key here".into() });
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => match meant(context, path.len()) {
            Some(branch) => branch.iter().for_each(|error| explain(error, findings)),
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
