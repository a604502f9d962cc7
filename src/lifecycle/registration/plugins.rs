//! Plug-ins of the app framework: a pointer file for each, which names the plug-in's directory.

use super::{Item, POINTERS, Registration};
use crate::platform::text_file::TextFile;
use std::path::{Component as PathPart, Path, PathBuf};

const RUNTIME_DIRECTORY: &str = "$ZWE_zowe_runtimeDirectory";

/// The pointers of the component's plug-ins. They replace ones that point elsewhere, because a plug-in may have moved.
pub(super) fn items(registration: &mut Registration<'_>) -> Vec<Item> {
    let component = registration.component;
    let runtime = plain_path(registration.place.runtime);
    let mut items = Vec::new();
    for path in &component.manifest.app_framework_plugins {
        let definition = match component.plugin_definition(path) {
            Ok(definition) => definition,
            Err(error) => {
                registration.outcome.errors.push(error.into());
                continue;
            }
        };
        registration.outcome.warnings.extend(definition.warnings);
        let identifier = definition.identifier;
        let pointer = pointer(&identifier, &plain_path(&component.directory.join(path)), &runtime);
        let path = format!("{POINTERS}/{identifier}.json");
        registration.current.insert(path.clone());
        items.push(Item { path, text: format!("{pointer:#}").into_bytes(), mode: 0o644, kind: TextFile::PluginPointer });
    }
    items
}

/// The path without `.` and `..` parts, by its text alone; that it leads into the component was checked.
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
