//! Where a component lives: `<runtime>/components/<name>`, else `<zowe.extensionDirectory>/<name>` (reference/lifecycle.md).

use super::{Component, ComponentError, manifest};
use crate::config::{Location, Problem, read_mapping};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The manifest's file, first match wins.
const MANIFESTS: [&str; 3] = ["manifest.yaml", "manifest.yml", "manifest.json"];

impl Component {
    /// Finds an installed component and reads its manifest.
    ///
    /// # Errors
    /// [`ComponentError::NotInstalled`] with both places; [`ComponentError::Unreadable`]; a manifest that is missing or unusable.
    pub fn locate(name: &str, runtime: &Path, extension: Option<&Path>) -> Result<Component, ComponentError> {
        let usable = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if !usable {
            return Err(ComponentError::BadName { name: name.to_string() });
        }
        let places: Vec<PathBuf> = [runtime.join("components")]
            .into_iter()
            .chain(extension.map(Path::to_path_buf))
            .map(|parent| absolute(&parent.join(name)))
            .collect();
        for directory in &places {
            for file in MANIFESTS.map(|file| directory.join(file)) {
                match std::fs::metadata(&file) {
                    Ok(found) if crate::platform::files::kind(&found) == crate::platform::files::FileKind::Regular => {
                        return read(name, directory.clone(), file);
                    }
                    Ok(_) => {}
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                    // Not to be taken for a component that is not installed.
                    Err(error) => return Err(ComponentError::Unreadable { name: name.to_string(), file, reason: error.to_string() }),
                }
            }
        }
        match places.iter().find(|place| crate::platform::files::is_directory(place)) {
            Some(directory) => Err(ComponentError::ManifestMissing { name: name.to_string(), directory: directory.clone() }),
            None => Err(ComponentError::NotInstalled { name: name.to_string(), places, nearest: None }),
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn read(name: &str, directory: PathBuf, manifest_file: PathBuf) -> Result<Component, ComponentError> {
    let shown = manifest_file.display().to_string();
    let document = read_mapping(&manifest_file).map_err(ComponentError::Manifest)?;
    let (manifest, found) = manifest::read(&document.root, &shown).map_err(ComponentError::Manifest)?;
    let mut warnings = document.warnings;
    warnings.extend(found);
    if manifest.name != name {
        let place = document.root.place_of(&["name"]);
        let text = format!("the manifest names the component '{}', its directory '{name}'; '{name}' is used", manifest.name.escape_debug());
        warnings.push(Problem::warning(Some(Location::new(shown, place.line, place.column)), text));
    }
    Ok(Component { name: name.to_string(), directory, manifest_file, manifest, warnings })
}

/// Every component that has a directory with a manifest, those of the runtime first, each place by name; and what is wrong with the others.
pub fn installed(runtime: &Path, extension: Option<&Path>) -> (Vec<Component>, Vec<(String, ComponentError)>) {
    let mut seen = BTreeSet::new();
    let (mut components, mut errors) = (Vec::new(), Vec::new());
    for parent in [Some(runtime.join("components")), extension.map(Path::to_path_buf)].into_iter().flatten() {
        for name in names(&parent) {
            if !seen.insert(name.clone()) {
                continue;
            }
            match Component::locate(&name, runtime, extension) {
                Ok(component) => components.push(component),
                // A directory without a manifest (app-server's leftovers, say) is no component.
                Err(ComponentError::ManifestMissing { .. } | ComponentError::NotInstalled { .. }) => {}
                Err(error) => errors.push((name, error)),
            }
        }
    }
    (components, errors)
}

/// Names of the directories in a directory, sorted; empty when it cannot be read.
fn names(parent: &Path) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(parent) else { return BTreeSet::new() };
    entries
        .flatten()
        .filter(|entry| crate::platform::files::is_directory(&entry.path()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}
