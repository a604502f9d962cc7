//! JSON Schema: zowe.yaml against the runtime's schemas, and against those of components. Rules: reference/configuration.md,
//! "Validation". No network: what is not registered is an error of the schema. Every schema is compiled once for a runtime directory.

mod explain;
mod nulls;

use super::load::read_file;
use super::node::Node;
use super::problem::Cause;
use super::{Configuration, Location, Problem, encoding, runtime_file};
use explain::{Finding, findings};
use jsonschema::{Draft, Registry, Validator};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A schema, relaxed as [`nulls::accept`] says, and the file it came from.
#[derive(Debug, Clone)]
struct Schema {
    file: String,
    content: Value,
}

impl Schema {
    fn id(&self) -> Option<&str> {
        self.content.get("$id").and_then(Value::as_str)
    }
}

/// A schema ready to be used.
struct Compiled {
    content: Value,
    validator: Validator,
}

/// The schemas of one component, or why they cannot be used.
type OfComponent = Arc<Vec<Result<Compiled, Problem>>>;

/// The schemas of a runtime directory, and those of components that were asked for: read and compiled once for a configuration.
pub struct Schemas {
    /// `schemas/zowe-yaml-schema.json` and `schemas/server-common.json`, as far as they are there.
    shared: Vec<Schema>,
    /// Both of them, for the references of component schemas.
    registry: Result<Registry<'static>, String>,
    base: Option<Result<Compiled, Problem>>,
    /// `schemas/manifest-schema.json`; compiled when the first manifest is checked.
    manifest_file: Option<PathBuf>,
    manifest: OnceLock<Option<Result<Compiled, Problem>>>,
    components: Mutex<HashMap<Vec<PathBuf>, OfComponent>>,
    /// Files that are no JSON.
    problems: Vec<Problem>,
}

impl std::fmt::Debug for Schemas {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Schemas").field("problems", &self.problems).finish_non_exhaustive()
    }
}

impl Schemas {
    /// What `schemas/` of a runtime directory holds; nothing without one.
    pub(super) fn read(runtime: Option<&Path>) -> Schemas {
        let mut problems = Vec::new();
        let mut read = |relative: &str| {
            let file = runtime_file(runtime?, relative)?;
            read_schema(&file).map_err(|problem| problems.push(problem)).ok()
        };
        let common = read("schemas/server-common.json");
        let base = read("schemas/zowe-yaml-schema.json");
        let compiled = base.as_ref().map(|base| compile_apart(base, &common.iter().collect::<Vec<_>>()));
        let shared: Vec<Schema> = common.into_iter().chain(base).collect();
        Schemas {
            registry: registry(shared.iter(), None),
            shared,
            base: compiled,
            manifest_file: runtime.and_then(|runtime| runtime_file(runtime, "schemas/manifest-schema.json")),
            manifest: OnceLock::new(),
            components: Mutex::new(HashMap::new()),
            problems,
        }
    }

    /// The schemas of a component, compiled at the first call.
    fn of_component(&self, files: &[PathBuf]) -> OfComponent {
        let known = self.components.lock().unwrap_or_else(PoisonError::into_inner).get(files).cloned();
        known.unwrap_or_else(|| {
            let compiled = Arc::new(self.compile_component(files));
            self.components.lock().unwrap_or_else(PoisonError::into_inner).insert(files.to_vec(), Arc::clone(&compiled));
            compiled
        })
    }

    fn compile_component(&self, files: &[PathBuf]) -> Vec<Result<Compiled, Problem>> {
        let (mut own, mut compiled) = (Vec::new(), Vec::new());
        for file in files {
            match read_schema(file) {
                Ok(schema) => own.push(schema),
                Err(problem) => compiled.push(Err(problem)),
            }
        }
        for (index, schema) in own.iter().enumerate() {
            let clash = schema.id().is_some_and(|id| self.shared.iter().any(|shared| shared.id() == Some(id)));
            compiled.push(if own.len() == 1 && !clash {
                self.registry
                    .as_ref()
                    .map_err(Clone::clone)
                    .and_then(|registry| compile(schema, registry))
                    .map_err(|why| broken(schema, &why))
            } else {
                let siblings = own.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, schema)| schema);
                compile_apart(schema, &self.shared.iter().chain(siblings).collect::<Vec<_>>())
            });
        }
        compiled
    }

    fn manifest(&self) -> Option<&Result<Compiled, Problem>> {
        let compile = || {
            let schema = self.manifest_file.as_deref().map(read_schema)?;
            let common: Vec<&Schema> = self.shared.iter().collect();
            Some(schema.and_then(|schema| compile_apart(&schema, &common)))
        };
        self.manifest.get_or_init(compile).as_ref()
    }
}

fn read_schema(file: &Path) -> Result<Schema, Problem> {
    let name = file.display().to_string();
    let whole = || Some(Location::whole(&name));
    let bytes = read_file(file).map_err(|error| Problem::error(whole(), format!("the schema cannot be read: {error}")))?;
    let text = encoding::decode(&bytes)
        .map_err(|error| Problem::error(Some(Location::new(&name, error.line, error.column)), error.reason.clone()))?;
    match serde_json::from_str(&text) {
        Ok(content) => Ok(Schema { content: nulls::accept(&content), file: name }),
        Err(error) => {
            let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
            let place = Location::new(&name, number(error.line()), number(error.column().max(1)));
            Err(Problem::error(Some(place), format!("the schema is no JSON: {error}")))
        }
    }
}

/// Everything wrong by `schemas/zowe-yaml-schema.json`; nothing where the runtime has none.
pub(super) fn validate(configuration: &Configuration) -> Vec<Problem> {
    let schemas = of(configuration);
    let unusable = schemas.base.iter().filter_map(|base| base.as_ref().err());
    let mut problems: Vec<Problem> =
        schemas.problems.iter().chain(unusable).map(|problem| problem.clone().caused_by(Cause::Schema)).collect();
    problems.extend(schemas.base.iter().filter(|base| base.is_ok()).flat_map(|base| check_configuration(configuration, base)));
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
    of(configuration).of_component(files).iter().flat_map(|schema| check_configuration(configuration, schema)).collect()
}

fn of(configuration: &Configuration) -> &Schemas {
    configuration.schemas.get_or_init(|| Schemas::read(configuration.runtime_directory().as_deref()))
}

/// Whether a component's manifest, as it was read, fits `schemas/manifest-schema.json`. What does not fit is a warning: the launcher checks
/// for itself what it uses of a manifest, and the rest never kept a component from running.
pub(super) fn validate_manifest(configuration: &Configuration, manifest: &Node, name: &str) -> Vec<Problem> {
    let Some(schema) = of(configuration).manifest() else { return Vec::new() };
    let value = manifest.to_value();
    let place = |path: &[&str]| {
        let place = manifest.place_of(path);
        Location::new(name, place.line, place.column)
    };
    // A property of a manifest is none of the configuration's.
    let plain = |problem: Problem| Problem { error: false, property: None, ..problem };
    check(&value, &place, schema).into_iter().map(plain).collect()
}

fn check_configuration(configuration: &Configuration, schema: &Result<Compiled, Problem>) -> Vec<Problem> {
    check(&configuration.value, &|path| configuration.place(path), schema)
}

/// Errors by the schema, and warnings for null where only Zowe's own tool accepts it. `place` tells where each path was set.
fn check(value: &Value, place: &dyn Fn(&[&str]) -> Location, schema: &Result<Compiled, Problem>) -> Vec<Problem> {
    let compiled = match schema {
        Ok(compiled) => compiled,
        Err(problem) => return vec![problem.clone()],
    };
    let (findings, nulls) = nulls::recorded(value, || findings(&compiled.content, &compiled.validator, value));
    let known: HashSet<&[String]> = findings.iter().map(|finding| finding.path.as_slice()).collect();
    let accepted = nulls.into_iter().filter(|path| !known.contains(path.as_slice())).map(|path| Finding {
        path,
        value: Some(Value::Null),
        text: "is not of type string".into(),
    });
    let warnings: Vec<Problem> = accepted.map(|finding| finding.problem(place, false)).collect();
    findings.iter().map(|finding| finding.problem(place, true)).chain(warnings).collect()
}

fn broken(schema: &Schema, reason: &str) -> Problem {
    Problem::error(Some(Location::whole(&schema.file)), format!("the schema cannot be used: {reason}"))
}

/// Compiles a schema that refers to a few others.
fn compile_apart(schema: &Schema, others: &[&Schema]) -> Result<Compiled, Problem> {
    registry(others.iter().copied(), schema.id()).and_then(|registry| compile(schema, &registry)).map_err(|why| broken(schema, &why))
}

/// What schemas may refer to, by `$id`; `except` is the one that refers.
fn registry<'a>(schemas: impl Iterator<Item = &'a Schema>, except: Option<&str>) -> Result<Registry<'static>, String> {
    let mut registry = Registry::new();
    for schema in schemas {
        let Some(id) = schema.id() else { continue };
        if except != Some(id) {
            registry = registry.add(id, schema.content.clone()).map_err(|error| format!("{}: {error}", schema.file))?;
        }
    }
    registry.prepare().map_err(|error| error.to_string())
}

fn compile(schema: &Schema, registry: &Registry<'_>) -> Result<Compiled, String> {
    let options = nulls::watch(jsonschema::options().with_draft(Draft::Draft201909).with_registry(registry));
    let validator = options.build(&schema.content).map_err(|error| error.to_string())?;
    Ok(Compiled { content: schema.content.clone(), validator })
}
