//! The lock of an HA instance: one launcher for an HA instance and workspace, until the launcher ends.
//!
//! A lock is on a file, not on its name: with the file removed, a second start would lock a new one and end the components of the first as what
//! an earlier run has left. So the name is looked at when the system tells that something has become of it, or from time to time, and made the
//! name of a locked file again; and a record of processes
//! whose launcher lives is refused (see [`crate::processes::leftovers`]), for a start may be quicker than that.

use super::run::{ConditionCode, Context, refuse};
use crate::lifecycle::workspace;
use crate::message;
use crate::platform::unix::watch::PlaceWatch;
use crate::platform::{FileLock, LockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at the file, where nothing tells what becomes of it.
const LOOKS: Duration = Duration::from_secs(5);

/// The same where the system tells, of nearly everything.
const RARE_LOOKS: Duration = Duration::from_secs(300);

/// Keeps a second launcher of this instance out for as long as it is there.
pub(super) struct InstanceLock {
    keeper: tokio::task::JoinHandle<()>,
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// What is needed to lock once more.
struct Keeper {
    context: Arc<Context>,
    ha_id: String,
    path: PathBuf,
    lock: FileLock,
    /// What was said last of a lock that could not be had again.
    said: Option<String>,
}

/// The job and system in the text that a holder has written into its lock.
fn holder_of(text: &str) -> (&str, &str) {
    let mut words = text.split_whitespace();
    (words.next().unwrap_or("unknown"), words.next().unwrap_or("unknown"))
}

/// The job of this launcher, as others are told of it: one word.
pub(super) fn own_job(context: &Context) -> String {
    Some(context.platform.job_name()).filter(|name| !name.is_empty()).unwrap_or_else(|| format!("PID={}", std::process::id()))
}

fn holder(context: &Context) -> String {
    format!("{} {}\n", own_job(context), context.platform.sysname())
}

/// Locks the instance.
///
/// # Errors
/// The condition code, after ZWEL0910E or ZWEL0919E.
pub(super) fn lock(context: &Arc<Context>, workspace: &Path, ha_id: &str) -> Result<InstanceLock, ConditionCode> {
    let path = workspace::instance_lock(workspace, ha_id);
    let lock = context.platform.lock_file(&path, &holder(context)).map_err(|error| match error {
        LockError::Held(holder) => {
            let (job, sysname) = holder_of(&holder);
            refuse(context, [message::instance_already_running(ha_id, job, sysname)])
        }
        LockError::Io(error) => refuse(context, [message::file_not_written(path.display(), error)]),
    })?;
    let keeper = Keeper { context: Arc::clone(context), ha_id: ha_id.to_owned(), path, lock, said: None };
    Ok(InstanceLock { keeper: tokio::task::spawn_local(keeper.keep()) })
}

impl Keeper {
    async fn keep(mut self) {
        loop {
            // Before the look: what happens after it is told.
            let watch = PlaceWatch::of(&self.path);
            // A file system may take its time.
            let Ok((keeper, outcome)) = tokio::task::spawn_blocking(move || self.look()).await else { return };
            self = keeper;
            let is_held = matches!(outcome, LockFound::Held);
            let is_anew = matches!(outcome, LockFound::MadeAnew);
            match outcome {
                LockFound::Held => self.said = None,
                LockFound::MadeAnew => {
                    self.said = None;
                    self.context.output.message(message::lock_file_made_anew(self.path.display(), &self.ha_id));
                }
                LockFound::Lost(why) => {
                    if self.said.as_ref() != Some(&why) {
                        self.context.output.message(message::lock_file_replaced(self.path.display(), &self.ha_id, &why));
                        self.said = Some(why);
                    }
                }
            }
            // An ending launcher has released what it watches.
            let can_wait = is_held && self.context.processes.control_group().is_ok() && !self.context.runner.is_ending();
            match watch.filter(|_| can_wait) {
                Some(watch) => {
                    // It is over: another look in any case.
                    let _ = tokio::time::timeout(RARE_LOOKS, watch.changed()).await;
                }
                // The new file is watched at once.
                None if is_anew => {}
                None => tokio::time::sleep(LOOKS).await,
            }
        }
    }

    /// Whether the file that is locked is still the one that a second start would lock; if not, that is locked too.
    fn look(mut self) -> (Keeper, LockFound) {
        self.context.processes.look_for_orphans();
        let outcome = match self.lock.is_at(&self.path) {
            Ok(true) => LockFound::Held,
            Ok(false) => match self.context.platform.lock_file(&self.path, &holder(&self.context)) {
                Ok(lock) => {
                    self.lock = lock;
                    LockFound::MadeAnew
                }
                Err(LockError::Held(text)) => {
                    let (job, sysname) = holder_of(&text);
                    LockFound::Lost(format!("job {job} on {sysname} has locked it"))
                }
                Err(LockError::Io(error)) => LockFound::Lost(error.to_string()),
            },
            Err(error) => LockFound::Lost(error.to_string()),
        };
        (self, outcome)
    }
}

/// What a look at the lock has found.
enum LockFound {
    Held,
    MadeAnew,
    /// Why it could not be had again.
    Lost(String),
}
