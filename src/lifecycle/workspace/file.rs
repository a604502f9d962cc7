//! Directories made with their mode, and files that a run which was killed has left half written.

use super::WorkspaceError;
use crate::platform::files::{entries, is_temporary_name, unless_missing};
use std::fs::{DirBuilder, DirEntry, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Makes a directory with exactly this mode, whatever the umask. One that is there, or a link to one, is left as it is.
///
/// # Errors
/// The system's; ENOTDIR where the name is taken by something else.
pub fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode & 0o700).create(path) {
        // Made with a narrow mode first: the directory is never more open than asked for, not even for a moment.
        Ok(()) => std::fs::set_permissions(path, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if crate::platform::files::kind(&std::fs::metadata(path)?) == crate::platform::files::FileKind::Directory {
                Ok(())
            } else {
                Err(io::Error::new(io::ErrorKind::NotADirectory, "something else has that name"))
            }
        }
        Err(error) => Err(error),
    }
}

/// Takes away the permission bits of a directory beyond `mode`.
pub(super) fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    let present = std::fs::metadata(path)?.permissions().mode() & 0o7777;
    if present & !mode == 0 { Ok(()) } else { std::fs::set_permissions(path, Permissions::from_mode(mode)) }
}

/// Age from which on nobody writes a temporary file any more, whatever system of the sysplex its writer runs on.
const ABANDONED: std::time::Duration = std::time::Duration::from_secs(3600);

/// Removes the temporary files in a directory that a run which was killed has left: they may hold secrets. Those that another instance may
/// still be writing stay.
///
/// # Errors
/// The first that cannot be removed, or why it is not known which there are, with the path.
pub fn remove_abandoned(directory: &Path) -> io::Result<()> {
    remove_abandoned_of(entries(directory).map_err(|error| at(directory, error))?)
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("'{}': {error}", path.display()))
}

fn remove_abandoned_of(entries: impl IntoIterator<Item = DirEntry>) -> io::Result<()> {
    for entry in entries {
        if !entry.file_name().to_str().is_some_and(is_temporary_name) {
            continue;
        }
        let path = entry.path();
        // Another instance may be quicker.
        let changed = unless_missing(path.symlink_metadata().and_then(|metadata| metadata.modified())).map_err(|error| at(&path, error))?;
        // A file that was changed after now is not old.
        if changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > ABANDONED) {
            unless_missing(std::fs::remove_file(&path)).map_err(|error| at(&path, error))?;
        }
    }
    Ok(())
}

/// Makes a directory as [`make_directory`] does, or removes from one that is there what [`remove_abandoned`] removes: most are there, and
/// listing them shows it.
pub(super) fn make_and_clean(path: &Path, mode: u32) -> Result<(), Fault> {
    let listed = entries(path);
    // Where nothing is in it, it may not be there.
    if !matches!(&listed, Ok(entries) if !entries.is_empty()) {
        make_directory(path, mode).map_err(Fault::NotMade)?;
    }
    listed.map_err(|error| at(path, error)).and_then(remove_abandoned_of).map_err(Fault::NotCleaned)
}

/// Why there is no directory to write into.
pub(super) enum Fault {
    NotMade(io::Error),
    NotCleaned(io::Error),
}

impl Fault {
    pub(super) fn of(self, path: &Path) -> WorkspaceError {
        let path = path.to_path_buf();
        match self {
            Fault::NotMade(source) => WorkspaceError::Directory { path, source },
            Fault::NotCleaned(source) => WorkspaceError::Unclean { path, source },
        }
    }
}
