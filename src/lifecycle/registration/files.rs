//! Files that a manifest names, and what is made of them in the workspace.

use super::RegistrationError;
use crate::component::Component;
use crate::lifecycle::workspace::{make_directory, write_atomically};
use std::io::{self, Read};
use std::path::{Component as PathPart, Path, PathBuf};

/// A definition or a plug-in's description is text that somebody wrote: more than this is a mistake in the manifest.
const TEXT_LIMIT: u64 = 16 * 1024 * 1024;

pub(super) fn is_file_word(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with('.')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(letter))
}

/// The path without `.` and `..` parts, by its text alone; [`inside`] has checked where it really leads.
pub(super) fn plain_path(path: &Path) -> PathBuf {
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
pub(super) fn inside(component: &Component, key: &'static str, path: &str) -> Result<PathBuf, RegistrationError> {
    inside_path(component, key, &component.directory.join(path))
}

pub(super) fn inside_path(component: &Component, key: &'static str, path: &Path) -> Result<PathBuf, RegistrationError> {
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
pub(super) fn regular_file(path: &Path) -> io::Result<std::fs::Metadata> {
    let metadata = std::fs::metadata(path)?;
    if crate::platform::files::kind(&metadata) == crate::platform::files::FileKind::Regular {
        Ok(metadata)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

pub(super) fn read_text(component: &Component, key: &'static str, name: &str, path: &Path) -> Result<Vec<u8>, RegistrationError> {
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
pub(super) fn file_names(directory: &Path) -> Result<Vec<String>, RegistrationError> {
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
pub(super) fn remove(path: &Path) -> Result<(), RegistrationError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(RegistrationError::Write { path: path.to_path_buf(), source }),
        _ => Ok(()),
    }
}

pub(super) fn make(directory: &Path) -> Result<(), RegistrationError> {
    make_directory(directory, 0o750).map_err(|source| RegistrationError::Write { path: directory.to_path_buf(), source })
}

pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), RegistrationError> {
    write_atomically(path, content, mode).map_err(|source| RegistrationError::Write { path: path.to_path_buf(), source })
}
