//! Built-in registration at configure: static API definitions, shared libraries of the API Mediation Layer and app framework plug-ins.
//! Contract: docs/contract/components.md, "Registration".
//!
//! Every file is entered in a list (`owned`) before it is written, and only files on the list are ever removed, because configure
//! commands, installations and people write into the same directories.

mod definitions;
mod files;
mod libraries;
mod owned;
mod plugins;
#[cfg(test)]
mod tests;

pub use definitions::definition_name;
pub use owned::list_path;

use super::workspace::check_component_name;
use crate::component::{Component, FileError};
use crate::config::{Environment, Location, Problem};
use crate::platform::text_file::TextFile;
use crate::platform::unchanged;
use libraries::DEPTH_LIMIT;
use owned::{Owned, State};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

const DEFINITIONS: &str = "api-mediation/api-defs";
const POINTERS: &str = "app-server/plugins";
/// Directories of the workspace that things are registered in.
const PLACES: [&str; 5] = [DEFINITIONS, POINTERS, "gateway/sharedLibs", "zaas/sharedLibs", "discovery/sharedLibs"];

/// Where things are registered.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its directories are there already ([`super::workspace::make_directories`]).
    pub workspace: &'a Path,
    pub runtime: &'a Path,
    pub ha_id: &'a str,
    /// All HA instances of the configuration; empty where they are not known.
    pub ha_ids: &'a [String],
}

/// Why a component could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}")]
    Reference(Problem),
    #[error("component {component}: '{}' nests directories more than {DEPTH_LIMIT} deep", path.display())]
    TooDeep { component: String, path: PathBuf },
    #[error("component name '{0}' cannot be a directory name; use letters, digits, '-' and '_'")]
    ComponentName(String),
    #[error("cannot write '{}' - {source}; check the owner and mode of its directory and the free space of the file system",
        path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read '{}' - {source}; check its owner and mode and those of its directory", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the list of what is registered, '{}', cannot be used - {source}; what stands on it is left as it is", path.display())]
    List { path: PathBuf, source: io::Error },
}

/// A file that seems to be obsolete and is left in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub component: String,
    pub file: PathBuf,
    pub why: &'static str,
}

/// The result: what was done, for the debug log; warnings; and everything that failed.
#[derive(Debug, Default)]
pub struct RegistrationOutcome {
    pub notes: Vec<String>,
    pub warnings: Vec<Problem>,
    pub left: Vec<Left>,
    pub errors: Vec<RegistrationError>,
}

impl RegistrationOutcome {
    fn warn(&mut self, file: &Path, text: String) {
        self.warnings.push(Problem::warning(Some(Location::whole(file.display().to_string())), text));
    }
}

const CHANGED: &str = "something else has written it since this program registered it";
const UNLISTED: &str = "it is not on the list of what this program has registered";

/// The registration of one component as it goes on.
struct Registration<'a> {
    component: &'a Component,
    place: Place<'a>,
    owned: Owned,
    /// What the component registers now, below the workspace.
    current: BTreeSet<String>,
    outcome: RegistrationOutcome,
}

/// A file to write: path below the workspace, text, mode, kind.
struct Item {
    path: String,
    text: Vec<u8>,
    mode: u32,
    kind: TextFile,
}

/// Registers one component for one HA instance, and removes what it registered before and does not have any more. A failure does not keep
/// the rest from being registered, but nothing is removed then. `environment` is the component's own.
pub fn register(component: &Component, environment: &Environment, place: Place<'_>) -> RegistrationOutcome {
    let mut outcome = RegistrationOutcome::default();
    if check_component_name(&component.name).is_err() {
        outcome.errors.push(RegistrationError::ComponentName(component.name.clone()));
        return outcome;
    }
    let owned = Owned::read(&place, &component.name).unwrap_or_else(|error| {
        outcome.errors.push(error);
        Owned::anew(&place, &component.name)
    });
    let mut registration = Registration { component, place, owned, current: BTreeSet::new(), outcome };
    registration.run(environment);
    registration.outcome
}

impl Registration<'_> {
    fn run(&mut self, environment: &Environment) {
        let mut items = definitions::items(self, environment);
        items.extend(plugins::items(self));
        // The list before the files: another instance that finds one of them finds whose it is.
        for item in &items {
            self.owned.claim(item.path.clone(), &item.kind.encode(&item.text));
        }
        self.save();
        for item in items {
            let path = self.place.workspace.join(&item.path);
            let written = unchanged::update(&path, &item.text, item.mode, item.kind);
            self.done(written.map_err(files::failed(&path)).map(|_| format!("{} registered", item.path)));
        }
        definitions::keep_one_of_each(self);
        libraries::copy_all(self);
        self.save();
        if self.outcome.errors.is_empty() {
            for path in self.owned.paths().into_iter().filter(|path| !self.current.contains(path)).collect::<Vec<_>>() {
                withdraw(&self.place, &self.component.name, &mut self.owned, &path, &mut self.outcome);
            }
            self.save();
        }
    }

    fn save(&mut self) {
        if let Err(error) = self.owned.save() {
            self.outcome.errors.push(error);
        }
    }

    fn done(&mut self, result: Result<String, RegistrationError>) {
        match result {
            Ok(note) => self.outcome.notes.push(note),
            Err(error) => self.outcome.errors.push(error),
        }
    }
}

/// To be called after the component's configure command. Definitions and pointers that the command has changed stay the component's
/// registration, and are checked for what the Discovery Service can read.
pub fn after_configure(component: &Component, place: Place<'_>) -> RegistrationOutcome {
    let mut outcome = RegistrationOutcome::default();
    if component.manifest.static_definitions.is_empty() && component.manifest.app_framework_plugins.is_empty() {
        return outcome;
    }
    // A list that cannot be read was reported when the component was registered.
    let Ok(mut owned) = Owned::read(&place, &component.name) else { return outcome };
    let texts = |path: &&String| path.starts_with(DEFINITIONS) || path.starts_with(POINTERS);
    for path in owned.paths().iter().filter(texts) {
        if let Err(error) = owned.reclaim(place.workspace, path) {
            outcome.warn(&place.workspace.join(path), format!("cannot be read - {error}"));
        }
        if path.starts_with(DEFINITIONS) {
            outcome.warnings.extend(definitions::unreadable(&place.workspace.join(path)));
        }
    }
    if let Err(error) = owned.save() {
        outcome.errors.push(error);
    }
    outcome
}

/// Removes what earlier registrations have left, so that no stale service stays registered: static definitions of this instance whose
/// components are not in play (those of other instances are theirs to remove), and everything of components that `is_wanted`, which asks
/// whether one is enabled in any HA instance, does not want.
pub fn remove_stale(
    place: Place<'_>,
    installed: &[Component],
    in_play: &[Component],
    is_wanted: &dyn Fn(&str) -> bool,
) -> RegistrationOutcome {
    let mut outcome = RegistrationOutcome::default();
    let plays = |name: &str| in_play.iter().any(|component| component.name == name);
    let listed = owned::listed_components(place.workspace, place.ha_id).unwrap_or_else(|error| {
        outcome.errors.push(error);
        Vec::new()
    });
    for name in listed.into_iter().filter(|name| !plays(name)) {
        let mut owned = match Owned::read(&place, &name) {
            Ok(owned) => owned,
            Err(error) => {
                outcome.errors.push(error);
                continue;
            }
        };
        for path in owned.paths() {
            if path.starts_with(DEFINITIONS) || !is_wanted(&name) {
                withdraw(&place, &name, &mut owned, &path, &mut outcome);
            }
        }
        if let Err(error) = owned.save() {
            outcome.errors.push(error);
        }
    }
    // An earlier program kept no list, so its definitions can only be reported, not removed.
    for component in installed.iter().filter(|component| !plays(&component.name)) {
        for definition in &component.manifest.static_definitions {
            let file = place.workspace.join(DEFINITIONS).join(definition_name(&component.name, &definition.file, place.ha_id));
            let was_told = outcome.left.iter().any(|left| left.file == file);
            if crate::platform::files::may_be_named(&file) && !was_told {
                outcome.left.push(Left { component: component.name.clone(), file, why: UNLISTED });
            }
        }
    }
    outcome
}

/// Removes a file that is on the list and not registered any more.
fn withdraw(place: &Place<'_>, component: &str, owned: &mut Owned, path: &str, outcome: &mut RegistrationOutcome) {
    match owned.remove(place.workspace, path) {
        Ok(State::AsWritten) => {
            files::remove_empty_parents(place.workspace, path);
            outcome.notes.push(format!("removed {path}, which component {component} does not register any more"));
        }
        Ok(State::Gone) => {}
        Ok(State::Changed) => {
            match owned::is_claimed_elsewhere(place, component, path) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => outcome.warn(&place.workspace.join(path), error.to_string()),
            }
            outcome.left.push(Left { component: component.to_owned(), file: place.workspace.join(path), why: CHANGED });
        }
        Err(error) => outcome.errors.push(error),
    }
}
