//! Files of the workspace.

use super::RegistrationError;
use crate::lifecycle::workspace::{make_directory, remove_abandoned};
use crate::platform::files::entries;
use std::io;
use std::path::Path;

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> RegistrationError {
    let path = path.to_path_buf();
    |source| RegistrationError::Write { path, source }
}

/// The names in a directory, sorted; none where it is missing. Names that are not UTF-8 are left out: this program writes none.
pub(super) fn file_names(directory: &Path) -> Result<Vec<String>, RegistrationError> {
    let entries = entries(directory).map_err(|source| RegistrationError::Read { path: directory.to_path_buf(), source })?;
    let mut names: Vec<String> = entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Removes a file. One that another instance has removed already is no error.
pub(super) fn remove(path: &Path) -> Result<(), RegistrationError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(failed(path)(source)),
        _ => Ok(()),
    }
}

/// Removes the parent directories of a shared library that are empty now, up to and including the component's own. The directories above
/// are shared and stay.
pub(super) fn remove_empty_parents(workspace: &Path, path: &str) {
    let mut parent = Path::new(path).parent();
    // `<kind>/sharedLibs/<component>` has three steps.
    while let Some(directory) = parent.filter(|directory| directory.components().count() >= 3) {
        // Refused while something is in it.
        if std::fs::remove_dir(workspace.join(directory)).is_err() {
            return;
        }
        parent = directory.parent();
    }
}

/// Makes a directory for copies, and removes unfinished files that killed runs have left in it.
pub(super) fn make(directory: &Path) -> Result<(), RegistrationError> {
    make_directory(directory, 0o750).map_err(failed(directory))?;
    remove_abandoned(directory).map_err(failed(directory))
}
