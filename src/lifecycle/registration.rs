//! Built-in registration at configure: static API definitions, shared libraries of the API Mediation Layer and app framework plug-ins.
//! Contract: reference/lifecycle.md, section Built-in registration at configure.

mod reference;
#[cfg(test)]
mod tests;

pub use reference::replace_references;

use super::workspace::{check_component_name, make_directory, write_atomically};
use crate::component::Component;
use crate::config::Environment;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component as PathPart, Path, PathBuf};

/// A definition or a plug-in's description is text that somebody wrote: more than this is a mistake in the manifest.
const TEXT_LIMIT: u64 = 16 * 1024 * 1024;

/// Deepest directory of a shared library.
const DEPTH_LIMIT: usize = 32;

const DEFINITIONS: &str = "api-mediation/api-defs";

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

/// Registers one component for one HA instance and says in notes what was written, for the debug log. The directories of the workspace are
/// there already ([`super::workspace::make_directories`]). `environment` is the component's own.
///
/// # Errors
/// The first thing that cannot be registered; what was registered before stays.
pub fn register(
    component: &Component,
    environment: &Environment,
    workspace: &Path,
    runtime: &Path,
    ha_id: &str,
) -> Result<Vec<String>, RegistrationError> {
    check_component_name(&component.name).map_err(|_| RegistrationError::ComponentName(component.name.clone()))?;
    let mut notes = Vec::new();
    register_definitions(component, environment, workspace, ha_id, &mut notes)?;
    let manifest = &component.manifest;
    for (key, kind, paths) in [
        ("gatewaySharedLibs", "gateway", &manifest.gateway_shared_libs),
        ("zaasSharedLibs", "zaas", &manifest.zaas_shared_libs),
        ("discoverySharedLibs", "discovery", &manifest.discovery_shared_libs),
    ] {
        copy_shared_libraries(component, key, paths, &workspace.join(kind).join("sharedLibs"), &mut notes)?;
    }
    for path in &manifest.app_framework_plugins {
        register_plugin(component, path, workspace, runtime, &mut notes)?;
    }
    Ok(notes)
}

/// The name of the file that a static definition (`apimlServices.static[].file`) of a component is written to.
pub fn definition_name(component: &str, file: &str, ha_id: &str) -> String {
    DefinitionName { component, definition: &definition_word(file), ha_id }.file_name()
}

/// Removes the static definitions of this instance that belong to components which are not enabled any more, so that no stale service stays
/// registered. Definitions of other instances are theirs to remove. Returns a note for each file removed.
///
/// # Errors
/// [`RegistrationError::Write`] with a file that could not be removed, after the others have been.
pub fn remove_stale(workspace: &Path, ha_id: &str, enabled: &[String]) -> Result<Vec<String>, RegistrationError> {
    let directory = workspace.join(DEFINITIONS);
    let enabled: BTreeSet<&str> = enabled.iter().map(String::as_str).collect();
    let mut notes = Vec::new();
    let mut failed = None;
    for name in file_names(&directory)? {
        let stale = DefinitionName::parse(&name).is_some_and(|parts| parts.ha_id == ha_id && !enabled.contains(parts.component));
        if !stale {
            continue;
        }
        match remove(&directory.join(&name)) {
            Ok(()) => notes.push(format!("removed the static definition {name} of a component that is not enabled")),
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(notes), Err)
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

fn register_definitions(
    component: &Component,
    environment: &Environment,
    workspace: &Path,
    ha_id: &str,
    notes: &mut Vec<String>,
) -> Result<(), RegistrationError> {
    let directory = workspace.join(DEFINITIONS);
    for static_definition in &component.manifest.static_definitions {
        let template = inside(component, "apimlServices.static[].file", &static_definition.file)?;
        let template = read_text(component, "apimlServices.static[].file", &static_definition.file, &template)?;
        let text = replace_references(&template, &|name| environment.get(name).map(|value| value.as_bytes().to_vec()));
        let definition = definition_word(&static_definition.file);
        let name = DefinitionName { component: &component.name, definition: &definition, ha_id };
        if static_definition.once && !others(&directory, &name)?.is_empty() {
            // Ours may be left from before the other was written.
            if directory.join(name.file_name()).exists() {
                keep_one(&directory, &name)?;
            }
            notes.push(format!("static definition {definition} of {} is registered by another HA instance", component.name));
            continue;
        }
        write(&directory.join(name.file_name()), &text, 0o770)?;
        notes.push(format!("static definition {} written", name.file_name()));
        if static_definition.once {
            keep_one(&directory, &name)?;
        }
    }
    Ok(())
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

fn copy_shared_libraries(
    component: &Component,
    key: &'static str,
    paths: &[String],
    libraries: &Path,
    notes: &mut Vec<String>,
) -> Result<(), RegistrationError> {
    if paths.is_empty() {
        return Ok(());
    }
    let target = libraries.join(&component.name);
    make(&target)?;
    for path in paths {
        let source = inside(component, key, path)?;
        let mut count = 0;
        if source.is_dir() {
            copy_directory(component, key, &source, &target, 0, &mut count)?;
        } else if let Some(name) = source.file_name() {
            copy_file(component, key, path, &source, &target.join(name))?;
            count = 1;
        }
        notes.push(format!("{key}: {count} files of '{path}' copied to '{}'", target.display()));
    }
    if let Some(name) = component.manifest_file.file_name() {
        copy_file(component, "manifest", &name.to_string_lossy(), &component.manifest_file, &target.join(name))?;
    }
    Ok(())
}

fn copy_directory(
    component: &Component,
    key: &'static str,
    source: &Path,
    target: &Path,
    depth: usize,
    count: &mut usize,
) -> Result<(), RegistrationError> {
    if depth > DEPTH_LIMIT {
        return Err(RegistrationError::TooDeep { component: component.name.clone(), path: source.to_path_buf() });
    }
    let unreadable = |source_error| RegistrationError::Read {
        component: component.name.clone(),
        key,
        path: source.display().to_string(),
        source: source_error,
    };
    for entry in std::fs::read_dir(source).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // A link may lead anywhere: each step is checked, not only the first.
        let path = inside_path(component, key, &entry.path())?;
        let copy = target.join(entry.file_name());
        if path.is_dir() {
            make(&copy)?;
            copy_directory(component, key, &path, &copy, depth + 1, count)?;
        } else {
            copy_file(component, key, &entry.path().display().to_string(), &path, &copy)?;
            *count += 1;
        }
    }
    Ok(())
}

fn copy_file(component: &Component, key: &'static str, name: &str, from: &Path, to: &Path) -> Result<(), RegistrationError> {
    let content = regular_file(from).and_then(|_| std::fs::read(from)).map_err(|source| RegistrationError::Read {
        component: component.name.clone(),
        key,
        path: name.to_string(),
        source,
    })?;
    write(to, &content, 0o644)
}

fn register_plugin(
    component: &Component,
    path: &str,
    workspace: &Path,
    runtime: &Path,
    notes: &mut Vec<String>,
) -> Result<(), RegistrationError> {
    let refuse = |why: String| RegistrationError::PluginDefinition { component: component.name.clone(), path: path.to_string(), why };
    let key = "appfwPlugins[].path";
    let definition_name = format!("{}/pluginDefinition.json", path.trim_end_matches('/'));
    let definition_file = inside(component, key, &definition_name)?;
    let definition = read_text(component, key, &definition_name, &definition_file)?;
    let definition: serde_json::Value = serde_json::from_slice(&definition)
        .map_err(|error| refuse(format!("line {} column {}: {error}; correct the JSON", error.line(), error.column())))?;
    let identifier = definition["identifier"].as_str().ok_or_else(|| refuse("the string 'identifier' is missing; add it".to_string()))?;
    if !is_file_word(identifier) {
        return Err(refuse(format!(
            "identifier '{}' cannot be a file name; use letters, digits, '.', '-' and '_'",
            identifier.escape_debug()
        )));
    }
    let pointer = plugin_pointer(identifier, &plain_path(&component.directory.join(path)), &plain_path(runtime));
    let target = workspace.join("app-server/plugins").join(format!("{identifier}.json"));
    let text = serde_json::to_vec_pretty(&pointer).map_err(|error| refuse(error.to_string()))?;
    write(&target, &text, 0o644)?;
    notes.push(format!("app framework plug-in {identifier} registered in '{}'", target.display()));
    Ok(())
}

/// The pointer file. A plug-in under the runtime directory is named relative to it, so that the pointer outlives a move of the runtime.
fn plugin_pointer(identifier: &str, location: &Path, runtime: &Path) -> serde_json::Value {
    match location.strip_prefix(runtime) {
        Ok(relative) => serde_json::json!({
            "identifier": identifier,
            "pluginLocation": relative.to_string_lossy(),
            "relativeTo": "$ZWE_zowe_runtimeDirectory",
        }),
        Err(_) => serde_json::json!({ "identifier": identifier, "pluginLocation": location.to_string_lossy() }),
    }
}

fn is_file_word(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with('.')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(letter))
}

/// The path without `.` and `..` parts, by its text alone; [`inside`] has checked where it really leads.
fn plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            PathPart::CurDir => {}
            PathPart::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// A path of the manifest with its links resolved; it must end inside of the component's directory.
fn inside(component: &Component, key: &'static str, path: &str) -> Result<PathBuf, RegistrationError> {
    inside_path(component, key, &component.directory.join(path))
}

fn inside_path(component: &Component, key: &'static str, path: &Path) -> Result<PathBuf, RegistrationError> {
    let shown = || path.strip_prefix(&component.directory).unwrap_or(path).display().to_string();
    let read = |source| RegistrationError::Read { component: component.name.clone(), key, path: shown(), source };
    let root = component.directory.canonicalize().map_err(read)?;
    let resolved = path.canonicalize().map_err(read)?;
    if resolved.starts_with(&root) {
        Ok(resolved)
    } else {
        Err(RegistrationError::Outside { component: component.name.clone(), key, path: shown() })
    }
}

/// A FIFO or a device would block or never end.
fn regular_file(path: &Path) -> io::Result<std::fs::Metadata> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() { Ok(metadata) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")) }
}

fn read_text(component: &Component, key: &'static str, name: &str, path: &Path) -> Result<Vec<u8>, RegistrationError> {
    let read = |source| RegistrationError::Read { component: component.name.clone(), key, path: name.to_string(), source };
    regular_file(path).map_err(read)?;
    let mut text = Vec::new();
    std::fs::File::open(path).map_err(read)?.take(TEXT_LIMIT + 1).read_to_end(&mut text).map_err(read)?;
    if text.len() as u64 > TEXT_LIMIT {
        return Err(RegistrationError::TooLarge { component: component.name.clone(), key, path: name.to_string(), limit: TEXT_LIMIT });
    }
    Ok(text)
}

/// The names in a directory, sorted; those that are no UTF-8 are not ours.
fn file_names(directory: &Path) -> Result<Vec<String>, RegistrationError> {
    let failed = |source| RegistrationError::Write { path: directory.to_path_buf(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Another instance may have been quicker to remove it.
fn remove(path: &Path) -> Result<(), RegistrationError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(RegistrationError::Write { path: path.to_path_buf(), source }),
        _ => Ok(()),
    }
}

fn make(directory: &Path) -> Result<(), RegistrationError> {
    make_directory(directory, 0o750).map_err(|source| RegistrationError::Write { path: directory.to_path_buf(), source })
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), RegistrationError> {
    write_atomically(path, content, mode).map_err(|source| RegistrationError::Write { path: path.to_path_buf(), source })
}
