//! JSON Schema: zowe.yaml against the runtime's schemas, and against those of components. Rules: docs/contract/configuration.md,
//! "Validation". No network: a reference to a document that is not registered is an error of the schema. Every schema is compiled once for
//! a runtime directory.

mod apart;
mod documents;
mod explain;
mod known;
mod meant;
mod nulls;
mod own;
mod patterns;
mod sound;
#[cfg(test)]
mod tests;

use super::node::Node;
use super::problem::Cause;
use super::view::View;
use super::{Configuration, INSTANCES, Location, Problem, json, keys, runtime_file};
pub(super) use documents::{Documents, Position, Root};
use explain::{Finding, Refused, findings};
use jsonschema::{Draft, Registry, Validator};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A schema, relaxed as [`nulls::accept`] says and with an absolute `$id`, and the file it came from.
#[derive(Debug, Clone)]
struct Schema {
    file: PathBuf,
    content: Arc<Value>,
    /// The same as it was read, for the places in it.
    tree: Arc<Node>,
    /// The warning that it is not strict JSON.
    warnings: Vec<Problem>,
}

impl Schema {
    fn id(&self) -> &str {
        documents::id(&self.content).unwrap_or_default()
    }

    /// Something that is wrong with it.
    fn broken(&self, path: &[String], reason: &str) -> Problem {
        let name = self.file.display().to_string();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let place = self.tree.place_of(&path);
        let place = if path.is_empty() { Location::whole(name) } else { Location::new(name, place.line, place.column) };
        Problem::error(Some(place), format!("the schema cannot be used: {reason}"))
    }
}

/// A schema ready to be used.
struct Compiled {
    id: String,
    /// The schema and all that it refers to.
    documents: Documents,
    validator: Validator,
    /// The validator leaves out what the schema of configurations says, which the schema refers to: that is judged once, by itself.
    beside_base: bool,
    /// Whether haInstances can be told apart from the rest.
    is_apart: OnceLock<bool>,
    /// What is wrong with haInstances, where that can be told apart: all HA instances have the same.
    of_instances: OnceLock<Vec<Problem>>,
}

/// What is found out once of one tree, though every schema asks for it.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// The tree with an empty haInstances.
    pub(super) alone: OnceLock<View>,
    /// What the schema of configurations says of it.
    by_base: OnceLock<Vec<Problem>>,
    /// haInstances, and nothing else.
    instances: OnceLock<Value>,
    /// Whether there is a null anywhere in it, in `alone`, in `instances`.
    holds_null: OnceLock<bool>,
    alone_holds_null: OnceLock<bool>,
    instances_hold_null: OnceLock<bool>,
}

/// The schema of one component, or why it cannot be used, and what is odd about its files.
#[derive(Default)]
pub(super) struct OfComponent {
    compiled: Option<Compiled>,
    problems: Vec<Problem>,
}

/// Names and schemas of components, and what was found with them installed.
type WalkedFor = (Vec<(String, Vec<PathBuf>)>, keys::Walked);

/// The schemas of a runtime directory, and those of components that were asked for: read and compiled once for a configuration.
pub struct Schemas {
    /// `schemas/zowe-yaml-schema.json` and `schemas/server-common.json`, as far as they are there.
    shared: Vec<Schema>,
    /// Both of them, for the references of component schemas.
    documents: Arc<Documents>,
    registry: Result<Registry<'static>, RegistryError>,
    base: Option<Result<Compiled, Vec<Problem>>>,
    /// `schemas/manifest-schema.json`; compiled when the first manifest is checked.
    manifest_file: Option<PathBuf>,
    manifest: OnceLock<Option<OfComponent>>,
    components: Mutex<HashMap<Vec<PathBuf>, Arc<OfComponent>>>,
    /// What [`Configuration::unread_keys`] found before, and for which components.
    walked: Mutex<Option<WalkedFor>>,
    /// Files that are no JSON, or no strict one.
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
            let schema = read_schema(&file).map_err(|problem| problems.push(problem)).ok()?;
            problems.extend(schema.warnings.iter().cloned());
            Some(schema)
        };
        let common = read("schemas/server-common.json");
        let base = read("schemas/zowe-yaml-schema.json");
        let compiled = base.as_ref().map(|base| compile_among(base, &common.iter().collect::<Vec<_>>()));
        let shared: Vec<Schema> = common.into_iter().chain(base).collect();
        Schemas {
            documents: Arc::new(documents_of(&[], &shared.iter().collect::<Vec<_>>())),
            registry: registry(shared.iter().map(|schema| (schema.id(), schema.content.as_ref()))),
            shared,
            base: compiled,
            manifest_file: runtime.and_then(|runtime| runtime_file(runtime, "schemas/manifest-schema.json")),
            manifest: OnceLock::new(),
            components: Mutex::new(HashMap::new()),
            walked: Mutex::new(None),
            problems,
        }
    }

    /// The schema of a component, compiled at the first call.
    fn of_component(&self, files: &[PathBuf]) -> Arc<OfComponent> {
        let known = self.components.lock().unwrap_or_else(PoisonError::into_inner).get(files).cloned();
        known.unwrap_or_else(|| {
            let compiled = Arc::new(self.compile_component(files));
            self.components.lock().unwrap_or_else(PoisonError::into_inner).insert(files.to_vec(), Arc::clone(&compiled));
            compiled
        })
    }

    /// The first file is the schema; the others are there to be referred to.
    fn compile_component(&self, files: &[PathBuf]) -> OfComponent {
        let (mut own, mut of_component) = (Vec::new(), OfComponent::default());
        for file in files {
            match read_schema(file) {
                Ok(schema) => {
                    of_component.problems.extend(schema.warnings.iter().cloned());
                    own.push(schema);
                }
                Err(problem) => of_component.problems.push(problem),
            }
        }
        let Some((schema, others)) = own.split_first().filter(|_| own.len() == files.len()) else { return of_component };
        let apart = |shared: &&Schema| !own.iter().any(|own| own.id() == shared.id());
        let shared: Vec<&Schema> = self.shared.iter().filter(apart).collect();
        let compiled = if others.is_empty() && shared.len() == self.shared.len() {
            let mut documents = Documents::beside(&self.documents);
            documents.add(&schema.content);
            let registry = self.registry.as_ref().map_err(|why| vec![schema.broken(&[], &why.to_string())]);
            settle(schema, &documents).and_then(|mut content| {
                let base = self.base.as_ref().and_then(|base| base.as_ref().ok()).map(|base| base.id.as_str());
                let beside_base = base.is_some_and(|base| own::leave_out(&mut content, base));
                let registry = registry?;
                // What is left refers to nothing else, mostly: then nothing else is compiled with it.
                let registry = (!beside_base || own::refers(&content)).then_some(registry);
                Ok(Compiled { beside_base, ..compile(schema, &content, documents, registry)? })
            })
        } else {
            compile_among(schema, &others.iter().chain(shared).collect::<Vec<_>>())
        };
        match compiled {
            Ok(compiled) => of_component.compiled = Some(compiled),
            Err(problems) => of_component.problems.extend(problems),
        }
        of_component
    }

    fn manifest(&self) -> Option<&OfComponent> {
        let compile = || {
            let mut of_manifest = OfComponent::default();
            match read_schema(self.manifest_file.as_deref()?) {
                Ok(schema) => {
                    of_manifest.problems.extend(schema.warnings.iter().cloned());
                    match compile_among(&schema, &self.shared.iter().collect::<Vec<_>>()) {
                        Ok(compiled) => of_manifest.compiled = Some(compiled),
                        Err(problems) => of_manifest.problems.extend(problems),
                    }
                }
                Err(problem) => of_manifest.problems.push(problem),
            }
            Some(of_manifest)
        };
        self.manifest.get_or_init(compile).as_ref()
    }
}

fn read_schema(file: &Path) -> Result<Schema, Problem> {
    let document = json::read(file).map_err(|problem| Problem { text: format!("the schema {}", problem.text), ..problem })?;
    let warnings = document.warnings.into_iter().map(|problem| Problem { text: format!("the schema {}", problem.text), ..problem });
    let mut content = documents::identified(nulls::accept(&document.root.to_value()), file);
    patterns::plain(&mut content);
    Ok(Schema { file: file.to_path_buf(), content: Arc::new(content), warnings: warnings.collect(), tree: document.root })
}

/// All violations of `schemas/zowe-yaml-schema.json`; nothing if the runtime has none.
pub(super) fn validate(configuration: &Configuration) -> Vec<Problem> {
    let schemas = of(configuration);
    let unusable = schemas.base.iter().filter_map(|base| base.as_ref().err()).flatten();
    let mut problems: Vec<Problem> =
        schemas.problems.iter().chain(unusable).map(|problem| problem.clone().caused_by(Cause::Schema)).collect();
    problems.extend(by_base(configuration, schemas).iter().cloned());
    problems
}

/// Violations of the schema of configurations.
fn by_base<'a>(configuration: &'a Configuration, schemas: &Schemas) -> &'a [Problem] {
    let Some(Ok(base)) = &schemas.base else { return &[] };
    configuration.judged.by_base.get_or_init(|| check_configuration(configuration, base))
}

/// All violations of a component's own schemas; see [`Configuration::validate_against`].
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
    let of_component = schemas.of_component(files);
    let found = of_component.compiled.iter().flat_map(|schema| {
        let of_base = if schema.beside_base { by_base(configuration, schemas) } else { &[] };
        of_base.iter().cloned().chain(check_configuration(configuration, schema))
    });
    of_component.problems.iter().cloned().chain(found).collect()
}

pub(super) fn of(configuration: &Configuration) -> &Schemas {
    configuration.schemas.get_or_init(|| Schemas::read(configuration.runtime_directory().as_deref()))
}

/// Whether a component's manifest, as it was read, fits `schemas/manifest-schema.json`. A violation is a warning: the launcher itself
/// checks what it uses of a manifest, and the rest has never kept a component from running.
pub(super) fn validate_manifest(configuration: &Configuration, manifest: &Node, name: &str) -> Vec<Problem> {
    let place = |path: &[&str]| {
        let place = manifest.place_of(path);
        Location::new(name, place.line, place.column)
    };
    let refused = |path: &[String], _: &[String]| (!keys::reads_of_manifest(path)).then(|| keys::nearest_of_manifest(path));
    let mut problems = Vec::new();
    if let Some(schema) = of(configuration).manifest() {
        problems.extend(schema.problems.iter().cloned());
        problems.extend(schema.compiled.iter().flat_map(|compiled| check(&manifest.to_value(), true, &place, &refused, compiled)));
    }
    // The property belongs to a manifest, not to the configuration.
    let mut problems: Vec<Problem> = problems.into_iter().map(|problem| Problem { error: false, property: None, ..problem }).collect();
    let slips = keys::slips_of_manifest(manifest, name);
    problems.extend(slips.into_iter().filter(|slip| !problems.iter().any(|known| known.place == slip.place)).collect::<Vec<_>>());
    problems
}

/// Leaves out warnings about nulls that the runtime's own defaults set: users could not correct them.
fn check_configuration(configuration: &Configuration, schema: &Compiled) -> Vec<Problem> {
    let defaults = configuration.runtime_directory().map(|runtime| runtime.join("files/defaults.yaml").display().to_string());
    let of_defaults = |problem: &Problem| problem.place.as_ref().is_some_and(|place| Some(&place.file) == defaults.as_ref());
    // Made when a key is refused: most configurations have none.
    let hint = |path: &[String], known: &[String]| {
        let defaults = configuration.default_keys();
        let components = keys::component_names(configuration).into_iter();
        Some(keys::Keys::new(of(configuration).root(), &defaults, components).hint(path, known))
    };
    // Most hold no null, and then no schema has to be searched for what it says of one.
    let check = |value: &Value, holds_null: &OnceLock<bool>| {
        let holds_null = *holds_null.get_or_init(|| nulls::holds_null(value));
        check(value, holds_null, &|path| configuration.place(path), &hint, schema)
    };
    let judged = &configuration.judged;
    let can_be_apart = || schema.documents.at(&schema.id).is_some_and(|root| apart::is_apart(&schema.documents, &root));
    let is_apart = configuration.tree.shares(&configuration.base_tree, INSTANCES) && *schema.is_apart.get_or_init(can_be_apart);
    let mut problems = if is_apart {
        let below = |problem: &Problem| {
            let property = problem.property.as_deref().and_then(|property| property.strip_prefix(INSTANCES));
            property.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let of_instances = || {
            let instances = judged.instances.get_or_init(|| {
                let instances = configuration.get(&[INSTANCES]).cloned().unwrap_or_default();
                Value::Object([(INSTANCES.to_owned(), instances)].into_iter().collect())
            });
            check(instances, &judged.instances_hold_null).into_iter().filter(below).collect::<Vec<_>>()
        };
        let mut problems = check(configuration.tree_without_instances().value(), &judged.alone_holds_null);
        problems.retain(|problem| !below(problem));
        problems.extend(schema.of_instances.get_or_init(of_instances).iter().cloned());
        problems
    } else {
        check(configuration.value(), &judged.holds_null)
    };
    problems.retain(|problem| problem.error || !of_defaults(problem));
    problems
}

/// Errors by the schema, and warnings for null where only Zowe's own tool accepts it. `place` tells where each path was set.
fn check(
    value: &Value,
    may_hold_null: bool,
    place: &dyn Fn(&[&str]) -> Location,
    refused: Refused<'_>,
    compiled: &Compiled,
) -> Vec<Problem> {
    #[cfg(test)]
    super::testing::work(super::testing::size(value));
    let findings = findings(&compiled.documents, &compiled.validator, value, refused);
    let known: HashSet<&[String]> = findings.iter().map(|finding| finding.path.as_slice()).collect();
    let root = if may_hold_null { compiled.documents.at(&compiled.id) } else { None };
    let nulls = root.map(|root: Position<'_>| nulls::accepted(&compiled.documents, &root, value)).unwrap_or_default();
    let accepted = nulls.into_iter().filter(|path| !known.contains(path.as_slice())).map(|path| Finding {
        path,
        value: Some(Value::Null),
        text: "is not of type string".into(),
    });
    let warnings: Vec<Problem> = accepted.map(|finding| finding.problem(place, false)).collect();
    findings.iter().map(|finding| finding.problem(place, true)).chain(warnings).collect()
}

/// All that `own` schemas may refer to: each other, by their paths too, and others.
fn documents_of(own: &[&Schema], others: &[&Schema]) -> Documents {
    let mut documents = Documents::default();
    for schema in others.iter().chain(own) {
        documents.add(&schema.content);
    }
    for caller in own {
        for called in own.iter().filter(|called| called.file != caller.file) {
            documents.call_by_path((&caller.file, caller.id()), (&called.file, called.id()));
        }
    }
    documents
}

/// The content of a schema with its references made absolute.
///
/// # Errors
/// All references that name nothing.
fn settle(schema: &Schema, documents: &Documents) -> Result<Value, Vec<Problem>> {
    let (content, lost) = documents.settle(&schema.content);
    let problem = |(path, reference): &(Vec<String>, String)| {
        let why = format!(
            "the reference '{reference}' leads nowhere; an $id, $anchor or path of Zowe's schemas or of schemas.configs is expected"
        );
        schema.broken(path, &why)
    };
    if lost.is_empty() { Ok(content) } else { Err(lost.iter().map(problem).collect()) }
}

/// Compiles a schema that may refer to the others, and they to each other.
fn compile_among(schema: &Schema, others: &[&Schema]) -> Result<Compiled, Vec<Problem>> {
    let all: Vec<&Schema> = std::iter::once(&schema).chain(others).copied().collect();
    let documents = documents_of(&all, &[]);
    let (mut settled, mut problems) = (Vec::new(), Vec::new());
    for one in &all {
        match settle(one, &documents) {
            Ok(content) => settled.push((one.id(), content)),
            Err(found) => problems.extend(found),
        }
    }
    match settled.split_first() {
        Some(((_, content), others)) if problems.is_empty() => {
            let registry =
                registry(others.iter().map(|(id, content)| (*id, content))).map_err(|why| vec![schema.broken(&[], &why.to_string())])?;
            compile(schema, content, documents, Some(&registry))
        }
        _ => Err(problems),
    }
}

/// Why schemas cannot refer to each other.
#[derive(Debug, thiserror::Error)]
enum RegistryError {
    /// The `$id`, and what is wrong with the schema or its id.
    #[error("{id}: {why}")]
    Schema { id: String, why: Box<jsonschema::ReferencingError> },
    #[error(transparent)]
    References(Box<jsonschema::ReferencingError>),
}

/// What schemas may refer to, by `$id`.
fn registry<'a>(schemas: impl Iterator<Item = (&'a str, &'a Value)>) -> Result<Registry<'static>, RegistryError> {
    let mut registry = Registry::new();
    for (id, content) in schemas {
        registry = registry.add(id, content.clone()).map_err(|why| RegistryError::Schema { id: id.to_owned(), why: Box::new(why) })?;
    }
    registry.prepare().map_err(|why| RegistryError::References(Box::new(why)))
}

fn compile(schema: &Schema, content: &Value, documents: Documents, registry: Option<&Registry<'_>>) -> Result<Compiled, Vec<Problem>> {
    let validator =
        without_meta_schema(schema.id(), content, registry).map_or_else(|| directly(content, registry), Ok).map_err(|error| {
            // An error within the schema is shown at its place; any other error of the validator concerns the whole.
            let path: Vec<String> = error.instance_path().as_str().split('/').skip(1).map(str::to_string).collect();
            vec![schema.broken(&path, &error.to_string())]
        })?;
    Ok(Compiled {
        id: schema.id().to_string(),
        documents,
        validator,
        beside_base: false,
        is_apart: OnceLock::new(),
        of_instances: OnceLock::new(),
    })
}

/// A schema that is sound needs no check by the meta-schema, which is compiled for it otherwise: the validator makes none of schemas that are
/// referred to. None for one that is not known to be sound, and where this does not work: then [`directly`] says why.
fn without_meta_schema(id: &str, content: &Value, registry: Option<&Registry<'_>>) -> Option<Validator> {
    if sound::says_nothing(content) {
        return jsonschema::options().build(&Value::Bool(true)).ok();
    }
    let mut content = sound::is_sound(content).then(|| content.clone())?;
    content.as_object_mut()?.insert("$schema".into(), Value::String(sound::DIALECT.into()));
    let reference = serde_json::json!({ "$ref": id });
    // The draft of the reference alone.
    let build = |registry: &Registry<'_>| jsonschema::options().with_draft(Draft::Draft4).with_registry(registry).build(&reference).ok();
    match registry {
        Some(registry) => build(&registry.add(id, content).ok()?.prepare().ok()?),
        None => build(&Registry::new().add(id, content).ok()?.prepare().ok()?),
    }
}

fn directly(content: &Value, registry: Option<&Registry<'_>>) -> Result<Validator, jsonschema::ValidationError<'static>> {
    let options = jsonschema::options().with_draft(Draft::Draft201909);
    match registry {
        Some(registry) => options.with_registry(registry).build(content),
        None => options.build(content),
    }
}
