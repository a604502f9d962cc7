//! Shared libraries of the API Mediation Layer: a copy of each file in the workspace, with the manifest.

use super::files::{failed, make};
use super::{Registration, RegistrationError};
use crate::component::{FileError, regular_file};
use crate::platform::files::entries;
use crate::platform::{text_file, unchanged};
use std::path::Path;

/// Deepest directory of a shared library.
pub(super) const DEPTH_LIMIT: usize = 32;

/// Copies what the manifest names, the content of directories, and the manifest itself. A library that the component does not have any more
/// is removed with everything else that is not registered any more; otherwise it would still be loaded.
pub(super) fn copy_all(registration: &mut Registration<'_>) {
    let component = registration.component;
    let manifest = &component.manifest;
    for (key, kind, paths) in [
        ("gatewaySharedLibs", "gateway", &manifest.gateway_shared_libs),
        ("zaasSharedLibs", "zaas", &manifest.zaas_shared_libs),
        ("discoverySharedLibs", "discovery", &manifest.discovery_shared_libs),
    ] {
        if paths.is_empty() {
            continue;
        }
        let target = format!("{kind}/sharedLibs/{}", component.name);
        let copied_before = registration.current.len();
        for path in paths {
            let before = registration.current.len();
            let copied = copy(registration, key, path, &target);
            let count = registration.current.len() - before;
            registration.done(copied.map(|()| format!("{key}: {count} files of '{path}' copied to {target}")));
        }
        if let Some(name) = component.manifest_file.file_name().filter(|_| registration.current.len() > copied_before) {
            let name = name.to_string_lossy();
            let copied = copy_file(registration, "manifest", &name, &component.manifest_file, &format!("{target}/{name}"));
            if let Err(error) = copied {
                registration.outcome.errors.push(error);
            }
        }
    }
}

fn copy(registration: &mut Registration<'_>, key: &'static str, path: &str, target: &str) -> Result<(), RegistrationError> {
    let source = registration.component.inside(key, path)?;
    make(&registration.place.workspace.join(target))?;
    if crate::platform::files::may_be_directory(&source) {
        copy_directory(registration, key, &source, target, 0)
    } else if let Some(name) = source.file_name() {
        let name = name.to_string_lossy().into_owned();
        copy_file(registration, key, path, &source, &format!("{target}/{name}"))
    } else {
        Ok(())
    }
}

fn copy_directory(
    registration: &mut Registration<'_>,
    key: &'static str,
    source: &Path,
    target: &str,
    depth: usize,
) -> Result<(), RegistrationError> {
    let component = registration.component;
    if depth > DEPTH_LIMIT {
        return Err(RegistrationError::TooDeep { component: component.name.clone(), path: source.to_path_buf() });
    }
    let unreadable = |why| {
        RegistrationError::File(FileError::Read { component: component.name.clone(), key, path: source.display().to_string(), source: why })
    };
    for entry in entries(source).map_err(unreadable)? {
        let Ok(name) = entry.file_name().into_string() else {
            registration.outcome.warn(&entry.path(), format!("{key}: the name is not UTF-8; the file is not copied"));
            continue;
        };
        // A link may lead anywhere: each step is checked, not only the first.
        let path = component.inside_path(key, &entry.path())?;
        let copy = format!("{target}/{name}");
        if crate::platform::files::may_be_directory(&path) {
            make(&registration.place.workspace.join(&copy))?;
            copy_directory(registration, key, &path, &copy, depth + 1)?;
        } else {
            copy_file(registration, key, &entry.path().display().to_string(), &path, &copy)?;
        }
    }
    Ok(())
}

fn copy_file(registration: &mut Registration<'_>, key: &'static str, name: &str, from: &Path, to: &str) -> Result<(), RegistrationError> {
    let stored = regular_file(from).and_then(|()| text_file::read_stored(from)).map_err(|source| FileError::Read {
        component: registration.component.name.clone(),
        key,
        path: name.to_owned(),
        source,
    })?;
    registration.owned.claim(to.to_owned(), &stored.bytes);
    registration.current.insert(to.to_owned());
    let to = registration.place.workspace.join(to);
    unchanged::update_copy(&to, &stored, 0o644).map(drop).map_err(failed(&to))
}
