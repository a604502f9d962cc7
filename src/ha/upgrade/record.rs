//! What is kept of an upgrade between runs: one small file per user and upgrade. That there is one run at a time is the matter of
//! [`crate::ha::lock`].

use super::Progress;
use crate::config::Environment;
use crate::lifecycle::workspace::make_directory;
use crate::platform::files::{fingerprint, sync_directory_of, unless_missing, write_durably};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Which upgrade it is: equal values give the same record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    pub id: String,
    /// CONFIG of each, made absolute.
    pub old: String,
    pub new: String,
    pub peers: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    upgrade: Upgrade,
    progress: Progress,
}

/// Why no record can be used; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("neither XDG_STATE_HOME nor HOME is set: name a file for the upgrade's progress with --state")]
    NoPlace,
    #[error("{}: {why}", .path.display())]
    Io { path: PathBuf, why: io::Error },
    #[error(
        "{} is no record of an upgrade: {why}; --rollback goes by what runs now, without it; remove it if nothing is under way",
        .path.display()
    )]
    Unreadable { path: PathBuf, why: String },
    #[error("{} is of another upgrade, of HA instance {id} from {old} to {new}: finish that one, or name another file with --state",
        .path.display())]
    Another { path: PathBuf, id: String, old: String, new: String },
}

/// The record of one upgrade, where it is kept.
#[derive(Debug)]
pub struct UpgradeRecord {
    path: PathBuf,
    upgrade: Upgrade,
}

/// `$XDG_STATE_HOME/zwelnch`, else `~/.local/state/zwelnch`, and in it a name that belongs to this upgrade.
///
/// # Errors
/// [`RecordError::NoPlace`].
pub fn default_path(upgrade: &Upgrade, environment: &Environment) -> Result<PathBuf, RecordError> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state"))).ok_or(RecordError::NoPlace)?;
    let words = [upgrade.old.as_str(), upgrade.new.as_str()].into_iter().chain(upgrade.peers.iter().map(String::as_str));
    // Every version of this program finds what another version has kept.
    let hash = fingerprint(words.flat_map(|word| word.bytes().chain([0])));
    let id = crate::config::normalize_id(&upgrade.id);
    Ok(state.join("zwelnch").join(format!("upgrade-{id}-{hash}.json")))
}

/// Makes the directory of a record, for its user alone.
///
/// # Errors
/// The system's.
pub fn make_place(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    if let Some(above) = parent.parent() {
        std::fs::create_dir_all(above)?;
    }
    make_directory(parent, 0o700)
}

/// Reads the progress. None: none is kept.
///
/// # Errors
/// [`RecordError`].
pub fn look(path: &Path, upgrade: &Upgrade) -> Result<Option<Progress>, RecordError> {
    let text = match crate::platform::files::read_bounded(path, crate::platform::files::RECORD_LIMIT) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(RecordError::Io { path: path.to_owned(), why }),
    };
    let content: Content =
        serde_json::from_slice(&text).map_err(|error| RecordError::Unreadable { path: path.to_owned(), why: error.to_string() })?;
    if content.upgrade != *upgrade {
        let Upgrade { id, old, new, .. } = content.upgrade;
        return Err(RecordError::Another { path: path.to_owned(), id, old, new });
    }
    Ok(Some(content.progress))
}

impl Upgrade {
    /// Tells it from others; its first word is the HA instance.
    pub fn key(&self) -> Vec<String> {
        let id = crate::config::normalize_id(&self.id);
        [id, self.old.clone(), self.new.clone()].into_iter().chain(self.peers.iter().cloned()).collect()
    }
}

impl UpgradeRecord {
    /// The record at this path, whatever is there now.
    pub fn at(path: &Path, upgrade: &Upgrade) -> UpgradeRecord {
        UpgradeRecord { path: path.to_owned(), upgrade: upgrade.clone() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the progress on disk, or removes the record.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn keep(&self, progress: Option<Progress>) -> Result<(), RecordError> {
        self.write(progress).map_err(|why| RecordError::Io { path: self.path.clone(), why })
    }

    fn write(&self, progress: Option<Progress>) -> io::Result<()> {
        let Some(progress) = progress else {
            return match unless_missing(std::fs::remove_file(&self.path))? {
                Some(()) => sync_directory_of(&self.path),
                None => Ok(()),
            };
        };
        make_place(&self.path)?;
        let text = serde_json::to_vec_pretty(&Content { upgrade: self.upgrade.clone(), progress }).map_err(io::Error::other)?;
        // A run after a power cut has to know what it finds: two copies of one instance would have one address.
        write_durably(&self.path, &text, 0o600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_beyond_its_bound_is_refused_with_the_bound() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("upgrade.json");
        let upgrade = Upgrade { id: "a".into(), old: "b".into(), new: "c".into(), peers: Vec::new() };
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(crate::platform::files::RECORD_LIMIT + 1).unwrap();
        let error = look(&path, &upgrade).unwrap_err().to_string();
        assert!(error.contains("upgrade.json") && error.contains("larger than 16 MiB"), "{error}");
        // Within the bound it is read, and is no record.
        file.set_len(100).unwrap();
        assert!(matches!(look(&path, &upgrade), Err(RecordError::Unreadable { .. })));
    }
}
