//! The directory of extensions: one command at a time changes it, and what is changed is changed by renaming.

use super::{Stop, Voice, shown};
use crate::message;
use crate::platform::files::{FileKind, entries, is_temporary_name, kind, may_be_named, temporary_path, unless_missing};
use crate::platform::{FileLock, LockError, Platform};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Held while the directory of extensions is changed; all who may change it may take it. No component can have its name.
const LOCK: &str = ".zwelnch-components.lock";

/// Makes the directory, and takes it for this process.
pub(super) fn take(extensions: &Path, platform: &dyn Platform) -> Result<FileLock, Stop> {
    DirBuilder::new().recursive(true).mode(0o755).create(extensions).map_err(|why| {
        let mut stop = Stop::from(message::directory_not_made(shown(extensions)));
        stop.messages.push(message::package_refused(shown(extensions), why));
        stop
    })?;
    let holder = format!("process {}", std::process::id());
    let lock = platform.lock_shared_file(&extensions.join(LOCK), 0o660, &holder).map_err(|error| match error {
        LockError::Held(by) => {
            let by = if by.is_empty() { "another process".to_owned() } else { by };
            Stop::from(message::extensions_in_use(shown(extensions), by))
        }
        LockError::Io(why) => Stop::from(message::package_refused(shown(extensions), why)),
    })?;
    // What a command has left that was killed: nobody else has any of it while the lock is held.
    for entry in entries(extensions).map_err(|why| Stop::from(message::package_refused(shown(extensions), why)))? {
        if entry.file_name().to_str().is_some_and(is_temporary_name) {
            remove(&entry.path()).map_err(|why| Stop::from(message::package_refused(shown(&entry.path()), why)))?;
        }
    }
    Ok(lock)
}

/// A directory for one command, which goes with it.
pub(super) struct Stage {
    path: PathBuf,
}

impl Stage {
    /// One below `parent`, for this user alone.
    pub(super) fn new(parent: &Path) -> io::Result<Stage> {
        let path = temporary_path(&parent.join("zwelnch-package"))?;
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Stage { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It has a name that says what it is, and is passed over by everybody.
        let _ = remove(&self.path);
    }
}

/// Removes whatever has this name; of a link only the link.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match unless_missing(std::fs::symlink_metadata(path))? {
        Some(found) if kind(&found) == FileKind::Directory => std::fs::remove_dir_all(path),
        Some(_) => std::fs::remove_file(path),
        None => Ok(()),
    }
}

/// Where the old one is kept while a new one comes.
fn backup(extensions: &Path, name: &str) -> PathBuf {
    extensions.join(format!(".{name}.zwebkp"))
}

/// Puts right what a command has left that was ended in the middle of a change: an old one without its new one is there again.
pub(super) fn recover(extensions: &Path, name: &str, voice: &mut dyn Voice) -> io::Result<()> {
    let (old, new) = (backup(extensions, name), extensions.join(name));
    if !may_be_named(&old) {
        return Ok(());
    }
    if may_be_named(&new) {
        return remove(&old);
    }
    std::fs::rename(&old, &new)?;
    voice.say(message::component_recovered(name, shown(&new)));
    Ok(())
}

/// Gives a new one its name. The old one is kept until it has it, and comes back where it does not get it.
pub(super) fn put(new: &Path, extensions: &Path, name: &str) -> io::Result<()> {
    let (old, place) = (backup(extensions, name), extensions.join(name));
    let had_one = may_be_named(&place);
    if had_one {
        std::fs::rename(&place, &old)?;
    }
    if let Err(error) = std::fs::rename(new, &place) {
        if had_one {
            std::fs::rename(&old, &place)?;
        }
        return Err(error);
    }
    // It is not seen any more; the next command removes what is left of it.
    let _ = remove(&old);
    Ok(())
}

/// Takes a component away: first its name, then its files.
pub(super) fn take_away(extensions: &Path, name: &str) -> io::Result<()> {
    let place = extensions.join(name);
    if kind(&std::fs::symlink_metadata(&place)?) == FileKind::Directory {
        let gone = temporary_path(&place)?;
        std::fs::rename(&place, &gone)?;
        return remove(&gone);
    }
    remove(&place)
}
