//! One upgrade a sysplex: a lock that every user and every system of the sysplex meets, whatever configuration, path or spelling it names.
//! Contract: docs/contract/high-availability.md, "Upgrade".
//!
//! It is taken at everything that two upgrades can have in common: the workspace of each instance (on z/OS a shared file system, where a
//! lock holds for all systems) and the balancer. The text in it says who holds it and how far he is; it stays where a run stops in the
//! middle, so that nobody begins another upgrade meanwhile. What is read in it is for people, and never acted on beyond that.
//!
//! A lock of POSIX ends when its process closes any descriptor of the file: whoever holds a [`SysplexLock`] must not [`look`].

use super::target::Target;
use crate::platform::files::{fingerprint, unless_missing};
use crate::platform::{FileLock, LockError, Platform, REPLACED};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The name of the lock in a workspace.
const NAME: &str = ".zwelnch-upgrade.lock";

/// For the group of a workspace, as its directories are.
const GROUP: u32 = 0o660;

/// Where a balancer's lock is, which has no directory that all its users may write. Not a user's own TMPDIR: it must be the same for all.
const HOST_DIRECTORY: &str = "/tmp";

/// For all users of the host, as the directory is.
const EVERYBODY: u32 = 0o666;

/// For the user who makes it.
const OWN: u32 = 0o600;

/// How often a lock is asked for that somebody only looks at, or that was removed in that moment.
const ATTEMPTS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(20);

/// The longest that looking up a balancer's address may take.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Who makes an upgrade, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What is made: `upgrade of HA instance lpar2`.
    pub what: String,
    /// What tells one upgrade from another: who goes on has the same, see [`Follows`].
    pub key: Vec<String>,
    pub user: String,
    pub system: String,
    /// Process id.
    pub process: u32,
    /// When the run began: date and time, UTC.
    pub since: String,
    /// How far it has come, in words.
    pub step: String,
    /// The same for programs: [`super::upgrade::Step::word`]; None in a notice of something else, or of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// False as long as nothing has moved: then nothing is left of a run that has ended.
    pub changed: bool,
    /// The file that keeps its progress, for who goes on.
    pub record: PathBuf,
}

impl Notice {
    /// Of a run that begins now.
    pub fn new(what: String, key: Vec<String>, record: &Path, platform: &dyn Platform) -> Notice {
        Notice {
            what,
            key,
            user: platform.user_id(),
            system: platform.sysname(),
            process: std::process::id(),
            since: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            step: "at its beginning".to_owned(),
            word: None,
            changed: false,
            record: record.to_owned(),
        }
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// None for what is no such text, or not whole.
    fn read(text: &str) -> Option<Notice> {
        serde_json::from_str(text.lines().next()?).ok()
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Notice { what, user, system, process, since, step, .. } = self;
        write!(formatter, "{what} by user {user} on {system} (process {process}) since {since}, {step}")
    }
}

/// Whether the run that asks for the lock goes on with what another one has left.
pub type Follows<'a> = &'a dyn Fn(&Notice) -> bool;

/// Why there is no lock. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum SysplexLockError {
    #[error("one upgrade a sysplex: under way is the {0}; wait until it has ended (`zwelnch ha upgrade --show` tells how far it is)")]
    UnderWay(Box<Notice>),
    #[error("one upgrade a sysplex: another one holds {}, and does not tell who it is", .path.display())]
    Somebody { path: PathBuf },
    #[error(
        "one upgrade a sysplex: not finished is the {notice}; bring it to its end first, by its own command or with --rollback (its progress \
        is in {}). Remove {} if nothing of this is true any more", .notice.record.display(), .path.display()
    )]
    Unfinished { notice: Box<Notice>, path: PathBuf },
    #[error("one upgrade a sysplex: {} cannot be locked: {why}; whoever upgrades has to be able to write it", .path.display())]
    Io { path: PathBuf, why: io::Error },
    /// It is locked all the same.
    #[error("others are not told how far this upgrade is: {}: {why}", .path.display())]
    Unwritten { path: PathBuf, why: io::Error },
}

/// Everything that an upgrade must have for itself, each once, in the order in which all runs lock it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<PathBuf, u32>);

impl Places {
    /// The workspaces of these instances, as far as they are there, and the balancer: an HAProxy's runtime socket, and the backend. The
    /// paths are made those that the system knows them by.
    pub fn of<'a>(instances: impl IntoIterator<Item = &'a Target>, balancer: Option<(&str, &str)>) -> Places {
        let mut places = BTreeMap::new();
        let mut known = Vec::new();
        for directory in instances.into_iter().filter_map(|instance| instance.configuration.workspace_directory()) {
            let found = directory.canonicalize().and_then(|real| Ok((real.metadata()?, real)));
            match unless_missing(found) {
                Ok(None) => {}
                Ok(Some((metadata, real))) => {
                    let inode = (metadata.dev(), metadata.ino());
                    if !known.contains(&inode) {
                        known.push(inode);
                        places.insert(real.join(NAME), GROUP);
                    }
                }
                // It is there, and whoever locks it is told why that cannot be done.
                Err(_) => drop(places.insert(directory.join(NAME), GROUP)),
            }
        }
        // Where users of several systems share a balancer, they share a workspace too.
        if let Some((socket, backend)) = balancer.filter(|_| !cfg!(zwelnch_zos)) {
            let words = [balancer_key(socket), backend.to_owned()];
            let key = fingerprint(words.iter().flat_map(|word| word.bytes().chain([0])));
            places.insert(Path::new(HOST_DIRECTORY).join(format!("zwelnch-upgrade-{key}.lock")), EVERYBODY);
        }
        Places(places)
    }

    /// That of one workspace, which whoever runs in it looks at.
    pub fn of_workspace(workspace: &Path) -> Places {
        Places([(workspace.join(NAME), GROUP)].into())
    }

    /// The same for rollouts, beside those of their upgrades: a rollout keeps others away from its first instance to its last.
    pub fn of_rollouts(&self) -> Places {
        let renamed = |(path, mode): (&PathBuf, &u32)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace("upgrade", "rollout");
            (path.with_file_name(name), *mode)
        };
        Places(self.0.iter().map(renamed).collect())
    }

    /// Where there is nothing of it, a file that only this user's runs meet; true then.
    pub fn or_own(&mut self, file: &Path) -> bool {
        let none = self.0.is_empty();
        if none {
            self.0.insert(file.to_owned(), OWN);
        }
        none
    }
}

/// A socket's path or address, in whatever spelling it was given. A reload replaces the socket itself, so its directory and name count.
fn balancer_key(socket: &str) -> String {
    use crate::net::haproxy::Address;
    match Address::parse(socket) {
        Address::Unix(path) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // The socket itself may be a link.
            let named = path.canonicalize().or_else(|_| Ok(parent.canonicalize()?.join(path.file_name().unwrap_or_default())));
            named.unwrap_or_else(|_: io::Error| path.clone()).display().to_string()
        }
        Address::Tcp(address) => {
            let lower = address.to_lowercase();
            let asked = lower.clone();
            let found = crate::net::within(LOOK_UP, move || {
                use std::net::ToSocketAddrs;
                asked.to_socket_addrs().ok().and_then(|all| all.map(|one| one.to_string()).min())
            });
            found.ok().flatten().unwrap_or(lower)
        }
    }
}

/// The lock of one run. Once taken it is held until it is dropped or the process ends, and until [`SysplexLock::tell`] is called others see
/// what was there before.
pub struct SysplexLock<'a> {
    places: &'a Places,
    /// Empty: not taken yet.
    held: Mutex<Vec<Held>>,
    notice: Mutex<Notice>,
    follows: Follows<'a>,
    platform: &'a dyn Platform,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    mode: u32,
    lock: FileLock,
}

fn entered<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> SysplexLock<'a> {
    /// Not taken yet. `follows`: whether what an ended run has left is what this one goes on with.
    pub fn new(places: &'a Places, notice: Notice, follows: Follows<'a>, platform: &'a dyn Platform) -> SysplexLock<'a> {
        SysplexLock { places, held: Mutex::default(), notice: Mutex::new(notice), follows, platform }
    }

    /// Locks every place, unless this run has them.
    ///
    /// # Errors
    /// [`SysplexLockError`]; then nothing is locked.
    pub fn take(&self) -> Result<(), SysplexLockError> {
        let mut held = entered(&self.held);
        if held.is_empty() {
            *held = self.all()?;
        }
        Ok(())
    }

    /// Whether it could be taken now. Locks nothing for longer than it takes to look.
    ///
    /// # Errors
    /// As [`SysplexLock::take`].
    pub fn check(&self) -> Result<(), SysplexLockError> {
        self.take()?;
        self.release();
        Ok(())
    }

    fn all(&self) -> Result<Vec<Held>, SysplexLockError> {
        let mut held = Vec::new();
        for (path, mode) in &self.places.0 {
            let lock = lock(path, *mode, self.platform)?;
            if let Some(left) = lock.text().ok().as_deref().and_then(Notice::read) {
                if left.changed && !(self.follows)(&left) {
                    return Err(SysplexLockError::Unfinished { notice: Box::new(left), path: path.clone() });
                }
            }
            held.push(Held { path: path.clone(), mode: *mode, lock });
        }
        Ok(held)
    }

    /// Tells others how far it is, and takes the lock if that was not done yet. A file that somebody has removed is made and locked again.
    /// `word`, `changed`: see [`Notice`].
    ///
    /// # Errors
    /// As [`SysplexLock::take`]; [`SysplexLockError::Unwritten`], and then it is held all the same.
    pub fn tell(&self, step: &str, word: Option<&str>, changed: bool) -> Result<(), SysplexLockError> {
        self.take()?;
        let text = {
            let mut notice = entered(&self.notice);
            step.clone_into(&mut notice.step);
            notice.word = word.map(str::to_owned);
            notice.changed = changed;
            notice.text()
        };
        let mut unwritten = None;
        for held in entered(&self.held).iter_mut() {
            match held.lock.is_at(&held.path) {
                Ok(true) => {}
                Ok(false) => held.lock = lock(&held.path, held.mode, self.platform)?,
                Err(why) => return Err(SysplexLockError::Io { path: held.path.clone(), why }),
            }
            if let Err(why) = held.lock.tell(&text) {
                unwritten.get_or_insert(SysplexLockError::Unwritten { path: held.path.clone(), why });
            }
        }
        unwritten.map_or(Ok(()), Err)
    }

    /// Leaves nothing: the upgrade is at its end. What cannot be removed tells nobody to wait.
    pub fn finish(self) {
        if entered(&self.held).is_empty() {
            return;
        }
        let _ = self.tell("at its end", None, false);
        for held in entered(&self.held).iter() {
            held.remove();
        }
    }

    fn release(&self) {
        // What was made and never written to tells nobody anything.
        for held in std::mem::take(&mut *entered(&self.held)) {
            if held.lock.text().is_ok_and(|text| text.is_empty()) {
                held.remove();
            }
        }
    }
}

impl Held {
    /// In a directory of everybody only who has made a file may do that.
    fn remove(&self) {
        if self.lock.is_at(&self.path).is_ok_and(|there| there) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for SysplexLock<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

/// One place, locked; what is in it stays.
fn lock(path: &Path, mode: u32, platform: &dyn Platform) -> Result<FileLock, SysplexLockError> {
    let mut attempt = 1;
    loop {
        let again = attempt < ATTEMPTS;
        match platform.lock_shared_file(path, mode, "") {
            Ok(lock) => return Ok(lock),
            Err(LockError::Held(text)) => match Notice::read(&text) {
                // Of the run that holds it, or of one before while somebody only looks.
                Some(notice) if !again => return Err(SysplexLockError::UnderWay(Box::new(notice))),
                None if !again => return Err(SysplexLockError::Somebody { path: path.to_owned() }),
                _ => {}
            },
            Err(LockError::Io(why)) if again && why.to_string() == REPLACED => {}
            Err(LockError::Io(why)) => return Err(SysplexLockError::Io { path: path.to_owned(), why }),
        }
        attempt += 1;
        std::thread::sleep(BETWEEN);
    }
}

/// What others see of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    UnderWay(Notice),
    /// Its process has ended, and it stands in the middle.
    Unfinished(Notice),
    /// It cannot be told, and why.
    Unknown(String),
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::UnderWay(notice) => write!(formatter, "under way: {notice}"),
            Seen::Unfinished(notice) => write!(formatter, "not finished: {notice}; its progress is in {}", notice.record.display()),
            Seen::Unknown(why) => write!(formatter, "whether an upgrade is under way cannot be told: {why}"),
        }
    }
}

/// The upgrades that these places know of, each once.
pub fn look(places: &Places, platform: &dyn Platform) -> Vec<Seen> {
    let mut seen = Vec::new();
    for (path, mode) in &places.0 {
        let one = match unless_missing(std::fs::symlink_metadata(path)) {
            Ok(None) => None,
            Err(why) => Some(Seen::Unknown(format!("{}: {why}", path.display()))),
            Ok(Some(_)) => match lock(path, *mode, platform) {
                Ok(lock) => lock.text().ok().as_deref().and_then(Notice::read).filter(|left| left.changed).map(Seen::Unfinished),
                Err(SysplexLockError::UnderWay(notice)) => Some(Seen::UnderWay(*notice)),
                Err(SysplexLockError::Io { path, why }) => Some(Seen::Unknown(format!("{}: {why}", path.display()))),
                Err(other) => Some(Seen::Unknown(other.to_string())),
            },
        };
        if let Some(one) = one.filter(|one| !seen.contains(one)) {
            seen.push(one);
        }
    }
    seen
}

/// Why an upgrade by hand has to wait: a rollout is at work. One that is paused or has halted keeps nobody away, so that a person can put
/// things right.
pub fn rollout_at_work(places: &Places, platform: &dyn Platform) -> Option<String> {
    look(&places.of_rollouts(), platform)
        .iter()
        .find(|one| matches!(one, Seen::UnderWay(_)))
        .map(|one| format!("one upgrade a sysplex: {one}; wait until it has ended, or ask it to pause (`zwelnch ha rollout --pause`)"))
}

#[cfg(test)]
mod tests;
