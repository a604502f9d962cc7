//! Where a component lives: `<runtime>/components/<name>`, else `<zowe.extensionDirectory>/<name>` (docs/contract/components.md, "Where a
//! component lives").

use super::{Component, ComponentError, manifest};
use crate::config::node::Node;
use crate::config::{Location, Problem, read_mapping};
use crate::platform::files::{FileKind, entries, look, may_be_directory};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The manifest's file, first match wins.
const MANIFESTS: [&str; 3] = ["manifest.yaml", "manifest.yml", "manifest.json"];

impl Component {
    /// Finds an installed component and reads its manifest.
    ///
    /// # Errors
    /// [`ComponentError::NotInstalled`] with both places; [`ComponentError::Unreadable`]; a manifest that is missing or unusable.
    pub fn locate(name: &str, runtime: &Path, extension: Option<&Path>) -> Result<Component, ComponentError> {
        Component::locate_with_document(name, runtime, extension).map(|(component, _)| component)
    }

    /// The same, with the manifest as it is written.
    fn locate_with_document(name: &str, runtime: &Path, extension: Option<&Path>) -> Result<(Component, Arc<Node>), ComponentError> {
        if !super::is_component_name(name) {
            return Err(ComponentError::BadName { name: name.to_string() });
        }
        let places: Vec<PathBuf> = [runtime.join("components")]
            .into_iter()
            .chain(extension.map(Path::to_path_buf))
            .map(|parent| absolute(&parent.join(name)))
            .collect();
        for directory in &places {
            for file in MANIFESTS.map(|file| directory.join(file)) {
                match look(&file) {
                    Ok(Some(FileKind::Regular)) => return read(name, directory.clone(), file),
                    Ok(_) => {}
                    // This is not the same as a component that is not installed.
                    Err(error) => return Err(ComponentError::Unreadable { name: name.to_string(), file, reason: error.to_string() }),
                }
            }
        }
        match places.iter().find(|place| may_be_directory(place)) {
            Some(directory) => Err(ComponentError::ManifestMissing { name: name.to_string(), directory: directory.clone() }),
            None => Err(ComponentError::NotInstalled { name: name.to_string(), places, nearest: None }),
        }
    }
}

impl Component {
    /// The component in a directory, wherever that is, under the name that its manifest has.
    ///
    /// # Errors
    /// [`ComponentError::Unreadable`], [`ComponentError::ManifestMissing`]; a manifest that is unusable, or has a name that no component can
    /// have.
    pub fn in_directory(directory: &Path) -> Result<Component, ComponentError> {
        let directory = absolute(directory);
        let shown = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for file in MANIFESTS.map(|file| directory.join(file)) {
            match look(&file) {
                Ok(Some(FileKind::Regular)) => {
                    let (mut component, _) = read(&shown, directory, file)?;
                    // The directory may have any name.
                    component.warnings.retain(|warning| !warning.to_string().contains("the manifest names the component"));
                    component.name.clone_from(&component.manifest.name);
                    if !super::is_component_name(&component.name) {
                        return Err(ComponentError::BadName { name: component.name });
                    }
                    return Ok(component);
                }
                Ok(_) => {}
                Err(error) => return Err(ComponentError::Unreadable { name: shown, file, reason: error.to_string() }),
            }
        }
        Err(ComponentError::ManifestMissing { name: shown, directory })
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn read(name: &str, directory: PathBuf, manifest_file: PathBuf) -> Result<(Component, Arc<Node>), ComponentError> {
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
    let component = Component { name: name.to_string(), directory, manifest_file, manifest: manifest.into(), warnings };
    Ok((component, document.root))
}

/// Every component that has a directory with a manifest, those of the runtime first, each place by name; and what is wrong with the others.
pub fn installed(runtime: &Path, extension: Option<&Path>) -> (Vec<Component>, Vec<(String, ComponentError)>) {
    let (components, errors) = installed_with_documents(runtime, extension);
    (components.into_iter().map(|(component, _)| component).collect(), errors)
}

/// The same, with the manifests as they are written.
#[allow(clippy::type_complexity)]
pub(super) fn installed_with_documents(
    runtime: &Path,
    extension: Option<&Path>,
) -> (Vec<(Component, Arc<Node>)>, Vec<(String, ComponentError)>) {
    let mut seen = BTreeSet::new();
    let (mut components, mut errors) = (Vec::new(), Vec::new());
    for parent in [Some(runtime.join("components")), extension.map(Path::to_path_buf)].into_iter().flatten() {
        let found = names(&parent).unwrap_or_else(|error| {
            errors.push((String::new(), ComponentError::PlaceUnreadable { directory: parent.clone(), reason: error.to_string() }));
            BTreeSet::new()
        });
        for name in found {
            if !seen.insert(name.clone()) {
                continue;
            }
            match Component::locate_with_document(&name, runtime, extension) {
                Ok(component) => components.push(component),
                // A directory without a manifest (what app-server leaves, for example) is no component, and neither is one whose name no
                // component can have (lost+found, .git). If the configuration names it, that is reported elsewhere.
                Err(ComponentError::ManifestMissing { .. } | ComponentError::NotInstalled { .. } | ComponentError::BadName { .. }) => {}
                Err(error) => errors.push((name, error)),
            }
        }
    }
    (components, errors)
}

/// Names of the directories in a directory, sorted; empty when it is not there.
///
/// # Errors
/// Why it cannot be read.
fn names(parent: &Path) -> std::io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in entries(parent)? {
        // If it cannot be seen what the name stands for, the search for a manifest says why.
        if may_be_directory(&entry.path()) {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    Ok(names)
}
