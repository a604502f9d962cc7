//! Static API definitions: one file an HA instance, or one for all of them.

use super::files::file_names;
use super::owned::{State, open, remove_of_another};
use super::{DEFINITIONS, Item, Place, Registration, RegistrationError};
use crate::component::no_yaml;
use crate::config::{Environment, Location, Problem, encoding, yaml};
use crate::platform::files::unless_missing;
use crate::platform::text_file::TextFile;
use std::io::Read;
use std::path::Path;

/// The parts of `<component>.<definition>.<ha>.yml`; only the component may hold a dot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DefinitionName<'a> {
    pub component: &'a str,
    pub definition: &'a str,
    pub ha_id: &'a str,
}

impl<'a> DefinitionName<'a> {
    pub(super) fn parse(file_name: &'a str) -> Option<Self> {
        let mut parts = file_name.strip_suffix(".yml")?.rsplitn(3, '.');
        let (ha_id, definition, component) = (parts.next()?, parts.next()?, parts.next()?);
        Some(DefinitionName { component, definition, ha_id })
    }

    pub(super) fn file_name(&self) -> String {
        format!("{}.{}.{}.yml", self.component, self.definition, self.ha_id)
    }

    fn path(&self) -> String {
        format!("{DEFINITIONS}/{}", self.file_name())
    }
}

/// The name of the file that a static definition (`apimlServices.static[].file`) of a component is written to.
pub fn definition_name(component: &str, file: &str, ha_id: &str) -> String {
    DefinitionName { component, definition: &definition_word(file), ha_id }.file_name()
}

/// A definition's file name in one word: what is no letter or digit becomes `_`.
pub(super) fn definition_word(file: &str) -> String {
    file.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// The definitions to be written for the component. A fault of one does not keep the others from being registered.
pub(super) fn items(registration: &mut Registration<'_>, environment: &Environment) -> Vec<Item> {
    let (component, place) = (registration.component, registration.place);
    let mut items: Vec<Item> = Vec::new();
    for wanted in &component.manifest.static_definitions {
        let word = definition_word(&wanted.file);
        let name = DefinitionName { component: &component.name, definition: &word, ha_id: place.ha_id };
        let path = name.path();
        if wanted.once {
            match is_anothers(registration, &name) {
                Ok(false) => {}
                Ok(true) => {
                    let note = format!("static definition {word} of {} is registered by another HA instance", component.name);
                    registration.outcome.notes.push(note);
                    continue;
                }
                Err(error) => {
                    registration.outcome.errors.push(error);
                    continue;
                }
            }
        }
        let definition = match component.definition(&wanted.file) {
            Ok(definition) => definition,
            Err(error) => {
                registration.outcome.errors.push(error.into());
                continue;
            }
        };
        let expansion = definition.expand(environment);
        let problems = definition.problems(component, &expansion, environment);
        let (errors, warnings): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(|problem| problem.error);
        registration.outcome.warnings.extend(warnings);
        let fails = !errors.is_empty();
        registration.outcome.errors.extend(errors.into_iter().map(RegistrationError::Reference));
        if fails {
            continue;
        }
        if !registration.current.insert(path.clone()) {
            let text = format!("component {}: two static definitions are written to {path}, the last one counts", component.name);
            registration.outcome.warn(Path::new(&definition.file), text);
            items.retain(|item| item.path != path);
        }
        items.push(Item { path, text: expansion.text.into_bytes(), mode: 0o770, kind: TextFile::StaticDefinition });
    }
    items
}

/// Whether a definition that is wanted once was written by another HA instance already. One written by an instance that is not defined any
/// more is removed.
fn is_anothers(registration: &mut Registration<'_>, name: &DefinitionName<'_>) -> Result<bool, RegistrationError> {
    let place = registration.place;
    let is_defined = |ha_id: &String| place.ha_ids.is_empty() || place.ha_ids.contains(ha_id);
    let (mut others, gone): (Vec<String>, Vec<String>) = others(&place, name)?.into_iter().partition(is_defined);
    for ha_id in gone {
        let path = DefinitionName { ha_id: &ha_id, ..*name }.path();
        match remove_of_another(&place, name.component, &ha_id, &path)? {
            State::AsWritten => {
                let note = format!("removed {path}: HA instance {ha_id}, which had registered it, is not defined any more");
                registration.outcome.notes.push(note);
            }
            State::Gone => {}
            // Something else has changed it, so it counts as another instance's.
            State::Changed => others.push(ha_id),
        }
    }
    // Ours may be older than the other one; the least name stays.
    let stays = registration.owned.has(&name.path())
        && crate::platform::files::may_be_named(&place.workspace.join(name.path()))
        && others.iter().all(|other| name.ha_id < other.as_str());
    Ok(!others.is_empty() && !stays)
}

/// HA instances that have written the same definition.
fn others(place: &Place<'_>, name: &DefinitionName<'_>) -> Result<Vec<String>, RegistrationError> {
    let same =
        |other: &DefinitionName<'_>| other.component == name.component && other.definition == name.definition && other.ha_id != name.ha_id;
    let names = file_names(&place.workspace.join(DEFINITIONS))?;
    Ok(names.iter().filter_map(|file| DefinitionName::parse(file)).filter(same).map(|other| other.ha_id.to_owned()).collect())
}

/// Two instances that start at once may both have written a definition that is wanted once. Whoever writes last sees both files, and the
/// least name stays, so that exactly one is left whatever the order was and no lock is needed.
pub(super) fn keep_one_of_each(registration: &mut Registration<'_>) {
    let component = registration.component;
    for wanted in component.manifest.static_definitions.iter().filter(|definition| definition.once) {
        let word = definition_word(&wanted.file);
        let name = DefinitionName { component: &component.name, definition: &word, ha_id: registration.place.ha_id };
        if registration.current.contains(&name.path()) {
            if let Err(error) = keep_one(registration, &name) {
                registration.outcome.errors.push(error);
            }
        }
    }
}

fn keep_one(registration: &mut Registration<'_>, name: &DefinitionName<'_>) -> Result<(), RegistrationError> {
    let place = registration.place;
    let others = others(&place, name)?;
    if others.iter().any(|other| other.as_str() < name.ha_id) {
        registration.current.remove(&name.path());
        registration.owned.remove(place.workspace, &name.path())?;
        return Ok(());
    }
    for other in others {
        let path = DefinitionName { ha_id: &other, ..*name }.path();
        remove_of_another(&place, name.component, &other, &path)?;
    }
    Ok(())
}

/// What keeps the Discovery Service from reading a definition, as it is now.
pub(super) fn unreadable(file: &Path) -> Option<Problem> {
    let mut bytes = Vec::new();
    let limit = yaml::MAXIMUM_SIZE as u64 + 1;
    let shown = file.display().to_string();
    match unless_missing(open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes))) {
        Ok(Some(_)) => {}
        // The configure command may have removed it.
        Ok(None) => return None,
        Err(error) => {
            let text = format!("the static definition cannot be read - {error}");
            return Some(Problem::warning(Some(Location::whole(shown)), text));
        }
    }
    match encoding::decode(&bytes) {
        Ok(text) => no_yaml(&text, &shown),
        Err(error) => {
            let place = Location::new(shown, error.line, error.column);
            Some(Problem::warning(Some(place), format!("the static definition {}", error.reason)))
        }
    }
}
