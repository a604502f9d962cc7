//! What registration has written into the workspace for one component and HA instance:
//! `<workspace>/.env/<component>/.registered-<ha>.json`, a list of paths with the digest of what was written there. Configure commands
//! write into the same directories; only what stands on this list, and is as it was written, is ours to remove.

use super::files::{failed, remove};
use super::{Place, RegistrationError};
use crate::lifecycle::workspace::ENVIRONMENT_DIRECTORY;
use crate::platform::files::unless_missing;
use crate::platform::private::PrivateDirectory;
use crate::platform::text_file::{self, TextFile};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Largest list in bytes; one of ten thousand files has a tenth of it.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    /// Path below the workspace: digest (SHA-256, hexadecimal) of the content.
    files: BTreeMap<String, String>,
}

/// The list of one component and HA instance.
#[derive(Debug)]
pub(super) struct Owned {
    path: PathBuf,
    saved: Content,
    now: Content,
}

/// How a file on a list compares with what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    AsWritten,
    /// Something else has written it since.
    Changed,
    Gone,
}

/// The list of what one component has registered for an HA instance.
pub fn list_path(workspace: &Path, component: &str, ha_id: &str) -> PathBuf {
    workspace.join(ENVIRONMENT_DIRECTORY).join(component).join(format!(".registered-{ha_id}.json"))
}

/// Components that have a list of this HA instance, or may have one.
///
/// # Errors
/// [`RegistrationError::Read`].
pub(super) fn listed_components(workspace: &Path, ha_id: &str) -> Result<Vec<String>, RegistrationError> {
    let names = super::files::file_names(&workspace.join(ENVIRONMENT_DIRECTORY))?;
    Ok(names.into_iter().filter(|name| crate::platform::files::may_be_named(&list_path(workspace, name, ha_id))).collect())
}

impl Owned {
    /// Reads the list; empty where there is none.
    ///
    /// # Errors A list that cannot be trusted or read: then nothing counts as written by us.
    pub(super) fn read(place: &Place<'_>, component: &str) -> Result<Owned, RegistrationError> {
        Owned::read_of(place.workspace, component, place.ha_id)
    }

    fn read_of(workspace: &Path, component: &str, ha_id: &str) -> Result<Owned, RegistrationError> {
        let path = list_path(workspace, component, ha_id);
        match read_list(workspace, component, ha_id) {
            Ok(saved) => Ok(Owned { now: Content { files: saved.files.clone() }, saved, path }),
            Err(source) => Err(RegistrationError::List { path, source }),
        }
    }

    /// An empty list in the place of one that cannot be read.
    pub(super) fn anew(place: &Place<'_>, component: &str) -> Owned {
        let path = list_path(place.workspace, component, place.ha_id);
        Owned { path, saved: Content::default(), now: Content::default() }
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.now.files.keys().cloned().collect()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.now.files.contains_key(path)
    }

    /// From now on this content at this path is ours. Claimed before it is written, so that another instance, which may write the same,
    /// sees whose it is.
    pub(super) fn claim(&mut self, path: String, content: &[u8]) {
        self.now.files.insert(path, digest_of(content));
    }

    pub(super) fn disclaim(&mut self, path: &str) {
        self.now.files.remove(path);
    }

    /// A file that the component's own configure command has changed stays the component's registration: its new digest is recorded. One
    /// that it has removed keeps its old one.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn reclaim(&mut self, workspace: &Path, path: &str) -> io::Result<()> {
        if let (Some(digest), Some(now)) = (self.now.files.get_mut(path), unless_missing(digest_at(&workspace.join(path)))?) {
            *digest = now;
        }
        Ok(())
    }

    pub(super) fn state(&self, workspace: &Path, path: &str) -> State {
        match unless_missing(digest_at(&workspace.join(path))) {
            Ok(None) => State::Gone,
            Ok(Some(digest)) if self.now.files.get(path) == Some(&digest) => State::AsWritten,
            // What cannot be read is not as it was written.
            Ok(Some(_)) | Err(_) => State::Changed,
        }
    }

    /// Removes a file of the list if it is as it was written, and takes it off the list in any case.
    ///
    /// # Errors
    /// [`RegistrationError::Write`]: it stays on the list.
    pub(super) fn remove(&mut self, workspace: &Path, path: &str) -> Result<State, RegistrationError> {
        let state = self.state(workspace, path);
        if state == State::AsWritten {
            remove(&workspace.join(path))?;
        }
        self.disclaim(path);
        Ok(state)
    }

    /// Writes the list, mode 600, if it has changed; an empty one is removed.
    ///
    /// # Errors
    /// [`RegistrationError::Write`].
    pub(super) fn save(&mut self) -> Result<(), RegistrationError> {
        if self.now == self.saved {
            return Ok(());
        }
        if self.now.files.is_empty() {
            remove(&self.path)?;
        } else {
            let text = serde_json::to_vec_pretty(&self.now).map_err(|error| failed(&self.path)(error.into()))?;
            if let Some(directory) = self.path.parent() {
                crate::lifecycle::workspace::make_directory(directory, 0o700).map_err(failed(directory))?;
            }
            text_file::write(&self.path, &text, 0o600, TextFile::OwnRecord).map_err(failed(&self.path))?;
        }
        self.saved = Content { files: self.now.files.clone() };
        Ok(())
    }
}

/// True where a list of another HA instance has this file as it is now.
///
/// # Errors
/// [`RegistrationError::Read`] and [`RegistrationError::List`]: it may be on a list that cannot be read.
pub(super) fn is_claimed_elsewhere(place: &Place<'_>, component: &str, path: &str) -> Result<bool, RegistrationError> {
    let names = super::files::file_names(&place.workspace.join(ENVIRONMENT_DIRECTORY).join(component))?;
    let others = names.iter().filter_map(|name| name.strip_prefix(".registered-")?.strip_suffix(".json"));
    let mut unreadable = None;
    for ha_id in others.filter(|ha_id| *ha_id != place.ha_id) {
        match Owned::read_of(place.workspace, component, ha_id) {
            Ok(list) if list.has(path) && list.state(place.workspace, path) == State::AsWritten => return Ok(true),
            Ok(_) => {}
            Err(error) => unreadable = Some(error),
        }
    }
    unreadable.map_or(Ok(false), Err)
}

/// Removes a file that another HA instance has written, if its list says so and nothing has changed it.
///
/// # Errors
/// [`RegistrationError`]; a list that cannot be read.
pub(super) fn remove_of_another(place: &Place<'_>, component: &str, ha_id: &str, path: &str) -> Result<State, RegistrationError> {
    let list = Owned::read_of(place.workspace, component, ha_id)?;
    if !list.has(path) {
        return Ok(State::Changed);
    }
    let state = list.state(place.workspace, path);
    if state == State::AsWritten {
        remove(&place.workspace.join(path))?;
    }
    // The entry stays on the other instance's list, which that instance corrects itself: two writers of one list would lose entries.
    Ok(state)
}

/// Reads a list. It must be a regular file of this program's user that nobody else may write, because whoever can write it could have files
/// removed.
fn read_list(workspace: &Path, component: &str, ha_id: &str) -> io::Result<Content> {
    // Most components register nothing. What is there, whatever it is, is opened step by step.
    if !crate::platform::files::may_be_named(&list_path(workspace, component, ha_id)) {
        return Ok(Content::default());
    }
    let below = Path::new(component).join(format!(".registered-{ha_id}.json"));
    let text = match PrivateDirectory::open(&workspace.join(ENVIRONMENT_DIRECTORY)).and_then(|directory| directory.read(&below, SIZE_LIMIT))
    {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
        text => text?,
    };
    let content: Content = serde_json::from_slice(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    if content.files.keys().all(|path| is_in_place(path)) {
        Ok(content)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it names a file where nothing is registered"))
    }
}

/// Whether a path is, by its text, below one of the directories that registration writes into.
fn is_in_place(path: &str) -> bool {
    let places = super::PLACES.iter().any(|place| path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/')));
    places && path.split('/').all(|step| !matches!(step, "" | "." | ".."))
}

/// Opens a file for reading. A link as the last step is not followed, and a FIFO does not block.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    if crate::platform::files::kind(&file.metadata()?) == crate::platform::files::FileKind::Regular {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

fn digest_at(path: &Path) -> io::Result<String> {
    let mut file = open(path)?;
    // The digest is of what was written.
    text_file::conversion_off(&file);
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&digest.finalize())),
            count => digest.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

pub(super) fn digest_of(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
