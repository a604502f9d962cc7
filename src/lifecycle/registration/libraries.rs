//! Shared libraries of the API Mediation Layer: a copy of each file in the workspace, and nothing there that is not of the component as it is
//! now.

use super::RegistrationError;
use super::files::{file_names, inside, inside_path, make, regular_file, remove, write};
use crate::component::Component;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Deepest directory of a shared library.
pub(super) const DEPTH_LIMIT: usize = 32;

/// The three kinds: key of the manifest, directory of the component's copies, paths.
pub(super) fn kinds<'a>(component: &'a Component, workspace: &Path) -> [(&'static str, PathBuf, &'a [String]); 3] {
    let manifest = &component.manifest;
    let directory = |kind: &str| workspace.join(kind).join("sharedLibs").join(&component.name);
    [
        ("gatewaySharedLibs", directory("gateway"), manifest.gateway_shared_libs.as_slice()),
        ("zaasSharedLibs", directory("zaas"), manifest.zaas_shared_libs.as_slice()),
        ("discoverySharedLibs", directory("discovery"), manifest.discovery_shared_libs.as_slice()),
    ]
}

/// Makes `target` hold the files that `paths` name, the content of directories and the manifest, and nothing else: a library that a new
/// version of the component has no more would still be loaded. Without paths there is no `target`.
pub(super) fn copy(component: &Component, key: &'static str, paths: &[String], target: &Path) -> Result<Vec<String>, RegistrationError> {
    let mut notes = Vec::new();
    if paths.is_empty() && !crate::platform::files::is_directory(target) {
        return Ok(notes);
    }
    let mut kept = BTreeSet::new();
    if !paths.is_empty() {
        make(target)?;
    }
    for path in paths {
        let source = inside(component, key, path)?;
        let before = kept.len();
        if crate::platform::files::is_directory(&source) {
            copy_directory(component, key, &source, target, 0, &mut kept)?;
        } else if let Some(name) = source.file_name() {
            copy_file(component, key, path, &source, &target.join(name), &mut kept)?;
        }
        notes.push(format!("{key}: {} files of '{path}' copied to '{}'", kept.len() - before, target.display()));
    }
    if let (Some(name), false) = (component.manifest_file.file_name(), paths.is_empty()) {
        copy_file(component, "manifest", &name.to_string_lossy(), &component.manifest_file, &target.join(name), &mut kept)?;
    }
    let removed = keep_only(target, &kept)?;
    if removed > 0 {
        notes.push(format!("{key}: {removed} files that component {} has no more removed from '{}'", component.name, target.display()));
    }
    Ok(notes)
}

/// Removes every file below a directory that is not among `kept`, and the directories that are empty then, itself included. Returns how
/// many files went.
fn keep_only(directory: &Path, kept: &BTreeSet<PathBuf>) -> Result<usize, RegistrationError> {
    let mut removed = 0;
    for name in file_names(directory)? {
        let path = directory.join(&name);
        if kept.contains(&path) || crate::lifecycle::workspace::is_being_written(&path) {
            continue;
        }
        // A link is removed, not followed.
        if path
            .symlink_metadata()
            .is_ok_and(|metadata| crate::platform::files::kind(&metadata) == crate::platform::files::FileKind::Directory)
        {
            removed += keep_only(&path, kept)?;
        } else {
            remove(&path)?;
            removed += 1;
        }
    }
    // Refused while something is in it.
    let _ = std::fs::remove_dir(directory);
    Ok(removed)
}

fn copy_directory(
    component: &Component,
    key: &'static str,
    source: &Path,
    target: &Path,
    depth: usize,
    kept: &mut BTreeSet<PathBuf>,
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
        if crate::platform::files::is_directory(&path) {
            make(&copy)?;
            copy_directory(component, key, &path, &copy, depth + 1, kept)?;
        } else {
            copy_file(component, key, &entry.path().display().to_string(), &path, &copy, kept)?;
        }
    }
    Ok(())
}

fn copy_file(
    component: &Component,
    key: &'static str,
    name: &str,
    from: &Path,
    to: &Path,
    kept: &mut BTreeSet<PathBuf>,
) -> Result<(), RegistrationError> {
    let content = regular_file(from).and_then(|_| std::fs::read(from)).map_err(|source| RegistrationError::Read {
        component: component.name.clone(),
        key,
        path: name.to_string(),
        source,
    })?;
    write(to, &content, 0o644)?;
    kept.insert(to.to_path_buf());
    Ok(())
}
