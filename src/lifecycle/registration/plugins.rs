//! Plug-ins of the app framework: a pointer file for each, which names the plug-in's directory.

use super::RegistrationError;
use super::files::{file_names, inside, is_file_word, plain_path, read_text, remove, write};
use crate::component::Component;
use std::path::{Path, PathBuf};

const POINTERS: &str = "app-server/plugins";
const KEY: &str = "appfwPlugins[].path";
const RUNTIME_DIRECTORY: &str = "$ZWE_zowe_runtimeDirectory";

/// Writes the pointer of one plug-in, over one that points elsewhere: the plug-in may have moved.
pub(super) fn register(component: &Component, path: &str, workspace: &Path, runtime: &Path) -> Result<String, RegistrationError> {
    let refuse = |why: String| RegistrationError::PluginDefinition { component: component.name.clone(), path: path.to_string(), why };
    let definition_name = format!("{}/pluginDefinition.json", path.trim_end_matches('/'));
    let definition_file = inside(component, KEY, &definition_name)?;
    let definition = read_text(component, KEY, &definition_name, &definition_file)?;
    let definition: serde_json::Value = serde_json::from_slice(&definition)
        .map_err(|error| refuse(format!("line {} column {}: {error}; correct the JSON", error.line(), error.column())))?;
    let identifier = definition["identifier"].as_str().ok_or_else(|| refuse("the string 'identifier' is missing; add it".to_string()))?;
    if !is_file_word(identifier) {
        return Err(refuse(format!(
            "identifier '{}' cannot be a file name; use letters, digits, '.', '-' and '_'",
            identifier.escape_debug()
        )));
    }
    let pointer = pointer(identifier, &location_of(component, path), &plain_path(runtime));
    let target = workspace.join(POINTERS).join(format!("{identifier}.json"));
    let text = serde_json::to_vec_pretty(&pointer).map_err(|error| refuse(error.to_string()))?;
    write(&target, &text, 0o644)?;
    Ok(format!("app framework plug-in {identifier} registered in '{}'", target.display()))
}

/// Removes pointers into the directories of components to plug-ins that are not among those given with each.
pub(super) fn remove_stale(workspace: &Path, runtime: &Path, plugins: &[(&Component, &[String])], outcome: &mut super::Outcome) {
    let directory = workspace.join(POINTERS);
    let names = match file_names(&directory) {
        Ok(names) => names,
        Err(error) => return outcome.errors.push(error),
    };
    for name in names.iter().filter(|name| name.ends_with(".json")) {
        let path = directory.join(name);
        // One that cannot be read is not ours.
        let Some(location) = location_in(&path, runtime) else { continue };
        let stale = plugins.iter().any(|(component, paths)| {
            location.starts_with(plain_path(&component.directory)) && !paths.iter().any(|path| location_of(component, path) == location)
        });
        if stale {
            outcome
                .of(remove(&path)
                    .map(|()| format!("removed the app framework pointer {name}, whose component has no such plug-in any more")));
        }
    }
}

/// Where a pointer file points.
fn location_in(pointer: &Path, runtime: &Path) -> Option<PathBuf> {
    let text = std::fs::read(pointer).ok()?;
    let pointer: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let location = pointer["pluginLocation"].as_str()?;
    let relative = pointer["relativeTo"].as_str() == Some(RUNTIME_DIRECTORY);
    Some(plain_path(&if relative { runtime.join(location) } else { PathBuf::from(location) }))
}

fn location_of(component: &Component, path: &str) -> PathBuf {
    plain_path(&component.directory.join(path))
}

/// The pointer file. A plug-in under the runtime directory is named relative to it, so that the pointer outlives a move of the runtime.
fn pointer(identifier: &str, location: &Path, runtime: &Path) -> serde_json::Value {
    match location.strip_prefix(runtime) {
        Ok(relative) => serde_json::json!({
            "identifier": identifier,
            "pluginLocation": relative.to_string_lossy(),
            "relativeTo": RUNTIME_DIRECTORY,
        }),
        Err(_) => serde_json::json!({ "identifier": identifier, "pluginLocation": location.to_string_lossy() }),
    }
}
