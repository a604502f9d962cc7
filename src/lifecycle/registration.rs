//! Built-in registration at configure: static API definitions, shared libraries of the API Mediation Layer and app framework plug-ins.
//! Contract: reference/lifecycle.md, section Built-in registration at configure.

mod files;
mod libraries;
mod plugins;
mod reference;
#[cfg(test)]
mod tests;

pub use reference::replace_references;

use super::workspace::check_component_name;
use crate::component::{Component, StaticDefinition};
use crate::config::Environment;
use files::{file_names, inside, read_text, remove, write};
use libraries::DEPTH_LIMIT;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const DEFINITIONS: &str = "api-mediation/api-defs";
const DEFINITIONS_KEY: &str = "apimlServices.static[].file";

/// Why a component could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error("component {component}: {key} names '{path}', which cannot be read - {source}; correct the manifest or install the file")]
    Read { component: String, key: &'static str, path: String, source: io::Error },
    #[error("component {component}: {key} names '{path}', which is outside of the component's directory; correct the manifest")]
    Outside { component: String, key: &'static str, path: String },
    #[error("component {component}: {key} names '{path}', which is larger than {limit} bytes")]
    TooLarge { component: String, key: &'static str, path: String, limit: u64 },
    #[error("component {component}: '{}' nests directories more than {DEPTH_LIMIT} deep", path.display())]
    TooDeep { component: String, path: PathBuf },
    #[error("component {component}: '{path}/pluginDefinition.json': {why}")]
    PluginDefinition { component: String, path: String, why: String },
    #[error("component name '{0}' cannot be a directory name; use letters, digits, '-' and '_'")]
    ComponentName(String),
    #[error("cannot write '{}' - {source}; check the owner and mode of its directory and the free space of the file system", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// What was done, for the debug log, and everything that could not be done.
#[derive(Debug, Default)]
pub struct Outcome {
    pub notes: Vec<String>,
    pub errors: Vec<RegistrationError>,
}

impl Outcome {
    fn of(&mut self, result: Result<String, RegistrationError>) {
        match result {
            Ok(note) => self.notes.push(note),
            Err(error) => self.errors.push(error),
        }
    }

    fn all(&mut self, result: Result<Vec<String>, RegistrationError>) {
        match result {
            Ok(notes) => self.notes.extend(notes),
            Err(error) => self.errors.push(error),
        }
    }
}

/// Registers one component for one HA instance; what fails keeps nothing else from being registered. The directories of the workspace are
/// there already ([`super::workspace::make_directories`]). `environment` is the component's own.
pub fn register(component: &Component, environment: &Environment, workspace: &Path, runtime: &Path, ha_id: &str) -> Outcome {
    let mut outcome = Outcome::default();
    if check_component_name(&component.name).is_err() {
        outcome.errors.push(RegistrationError::ComponentName(component.name.clone()));
        return outcome;
    }
    let manifest = &component.manifest;
    for definition in &manifest.static_definitions {
        outcome.of(register_definition(component, definition, environment, workspace, ha_id));
    }
    for (key, directory, paths) in libraries::kinds(component, workspace) {
        outcome.all(libraries::copy(component, key, paths, &directory));
    }
    for path in &manifest.app_framework_plugins {
        outcome.of(plugins::register(component, path, workspace, runtime));
    }
    outcome
}

/// The name of the file that a static definition (`apimlServices.static[].file`) of a component is written to.
pub fn definition_name(component: &str, file: &str, ha_id: &str) -> String {
    DefinitionName { component, definition: &definition_word(file), ha_id }.file_name()
}

/// Removes what earlier registrations have left, so that no stale service stays registered: static definitions of this instance (those of
/// other instances are theirs to remove) that no component in play has any more, pointers to plug-ins that their component has no more, and
/// everything of components that are `retired`: installed, but enabled in no HA instance.
pub fn remove_stale(workspace: &Path, runtime: &Path, ha_id: &str, in_play: &[Component], retired: &[&Component]) -> Outcome {
    let mut outcome = Outcome::default();
    remove_stale_definitions(workspace, ha_id, in_play, &mut outcome);
    let in_use = in_play.iter().map(|component| (component, component.manifest.app_framework_plugins.as_slice()));
    let out_of_use = retired.iter().map(|component| (*component, [].as_slice()));
    plugins::remove_stale(workspace, runtime, &in_use.chain(out_of_use).collect::<Vec<_>>(), &mut outcome);
    for component in retired.iter().filter(|component| check_component_name(&component.name).is_ok()) {
        for (key, directory, _) in libraries::kinds(component, workspace) {
            outcome.all(libraries::copy(component, key, &[], &directory));
        }
    }
    outcome
}

fn remove_stale_definitions(workspace: &Path, ha_id: &str, in_play: &[Component], outcome: &mut Outcome) {
    let directory = workspace.join(DEFINITIONS);
    let mut present: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for component in in_play {
        let definitions = component.manifest.static_definitions.iter().map(|definition| definition_word(&definition.file));
        present.insert(&component.name, definitions.collect());
    }
    let names = match file_names(&directory) {
        Ok(names) => names,
        Err(error) => return outcome.errors.push(error),
    };
    for name in names {
        let stale = DefinitionName::parse(&name).is_some_and(|parts| {
            parts.ha_id == ha_id && !present.get(parts.component).is_some_and(|definitions| definitions.contains(parts.definition))
        });
        if stale {
            let removed = remove(&directory.join(&name));
            outcome.of(removed.map(|()| format!("removed the static definition {name}, which no component has any more")));
        }
    }
}

/// The parts of `<component>.<definition>.<ha>.yml`; only the component may hold a dot.
#[derive(Debug, PartialEq, Eq)]
struct DefinitionName<'a> {
    component: &'a str,
    definition: &'a str,
    ha_id: &'a str,
}

impl<'a> DefinitionName<'a> {
    fn parse(file_name: &'a str) -> Option<Self> {
        let mut parts = file_name.strip_suffix(".yml")?.rsplitn(3, '.');
        let (ha_id, definition, component) = (parts.next()?, parts.next()?, parts.next()?);
        Some(DefinitionName { component, definition, ha_id })
    }

    fn file_name(&self) -> String {
        format!("{}.{}.{}.yml", self.component, self.definition, self.ha_id)
    }
}

/// A definition's file name in one word: what is no letter or digit becomes `_`.
fn definition_word(file: &str) -> String {
    file.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

fn register_definition(
    component: &Component,
    static_definition: &StaticDefinition,
    environment: &Environment,
    workspace: &Path,
    ha_id: &str,
) -> Result<String, RegistrationError> {
    let directory = workspace.join(DEFINITIONS);
    let template = inside(component, DEFINITIONS_KEY, &static_definition.file)?;
    let template = read_text(component, DEFINITIONS_KEY, &static_definition.file, &template)?;
    let text = replace_references(&template, &|name| environment.get(name).map(|value| value.as_bytes().to_vec()));
    let definition = definition_word(&static_definition.file);
    let name = DefinitionName { component: &component.name, definition: &definition, ha_id };
    if static_definition.once && !others(&directory, &name)?.is_empty() {
        // Ours may be left from before the other was written.
        if directory.join(name.file_name()).exists() {
            keep_one(&directory, &name)?;
        }
        return Ok(format!("static definition {definition} of {} is registered by another HA instance", component.name));
    }
    write(&directory.join(name.file_name()), &text, 0o770)?;
    if static_definition.once {
        keep_one(&directory, &name)?;
    }
    Ok(format!("static definition {} written", name.file_name()))
}

/// The same definition as other instances wrote it.
fn others(directory: &Path, name: &DefinitionName<'_>) -> Result<Vec<String>, RegistrationError> {
    let same =
        |other: &DefinitionName<'_>| other.component == name.component && other.definition == name.definition && other.ha_id != name.ha_id;
    Ok(file_names(directory)?.into_iter().filter(|file| DefinitionName::parse(file).is_some_and(|other| same(&other))).collect())
}

/// Two instances that start at once may both have written a definition that is wanted once. Whoever writes last sees both files, and the
/// least name stays, so that exactly one is left whatever the order was and no lock is needed.
fn keep_one(directory: &Path, name: &DefinitionName<'_>) -> Result<(), RegistrationError> {
    let own = name.file_name();
    let others = others(directory, name)?;
    if others.iter().any(|other| *other < own) {
        return remove(&directory.join(own));
    }
    others.iter().try_for_each(|other| remove(&directory.join(other)))
}
