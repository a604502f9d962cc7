//! What a process enters at its birth and, with everything that it will ever create, cannot leave: a control group of Linux, cgroups(7). No
//! controller is enabled in it: it is there to know whose a process is, and to end it with certainty.

use super::Pid;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What begins the name of each control group that a run makes below that of the launcher; the run follows.
pub const PREFIX: &str = "zwelnch-";

/// A control group.
pub trait ControlGroup: Send + Sync + std::fmt::Debug {
    /// Makes an empty one below it.
    ///
    /// # Errors
    /// The system's.
    fn make(&self, name: &str) -> io::Result<Arc<dyn ControlGroup>>;

    /// Opens it for [`super::SpawnRequest::control_group`], or for a helper process that is to know it.
    ///
    /// # Errors
    /// The system's.
    fn open(&self) -> io::Result<File>;

    /// What names it to a later run.
    ///
    /// # Errors
    /// The system's.
    fn identity(&self) -> io::Result<ControlGroupIdentity>;

    /// Its processes and those of the control groups below it; corpses are not among them.
    ///
    /// # Errors
    /// The system's.
    fn processes(&self) -> io::Result<Vec<Pid>>;

    /// Whether no process is in it or below it. A control group that has been removed has none.
    ///
    /// # Errors
    /// The system's.
    fn is_empty(&self) -> io::Result<bool>;

    /// A file that reports a change when the last process has gone: see [`is_populated`] and
    /// [`super::unix::process::wait_for_change`].
    ///
    /// # Errors
    /// The system's.
    fn events(&self) -> io::Result<File>;

    /// Ends all its processes and those below it with SIGKILL, also those that are being created meanwhile.
    ///
    /// # Errors
    /// The system's.
    fn kill(&self) -> io::Result<()>;

    /// Removes it with all below it; a missing one is no error.
    ///
    /// # Errors
    /// The system's; while a process is in it, [`io::ErrorKind::ResourceBusy`].
    fn remove(&self) -> io::Result<()>;
}

/// A control group as a record names it: another one made at the same path has another number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlGroupIdentity {
    /// Where it is in the file system.
    pub path: PathBuf,
    /// The number of its directory, which is not used again within a boot.
    pub number: u64,
}

impl ControlGroupIdentity {
    /// Whether a run of that name has made it.
    pub fn is_of_run(&self, run: &str) -> bool {
        self.path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX)) == Some(run)
    }
}

/// Reads a file of [`ControlGroup::events`] anew: whether a process is in the control group or below it. Only what changes after this is a
/// change.
///
/// # Errors
/// The system's: the control group was removed.
pub fn is_populated(events: &File) -> io::Result<bool> {
    // A few short lines, which the kernel hands over as a whole.
    let mut text = [0; 512];
    let length = events.read_at(&mut text, 0)?;
    Ok(!text[..length].split(|byte| *byte == b'\n').any(|line| line == b"populated 0"))
}

/// The number of the control group below that of a run in which a process is, from the path of its control group.
pub fn number_below(path: &Path, run: &str) -> Option<u64> {
    let mut names = path.iter().filter_map(|name| name.to_str());
    names.find(|name| name.strip_prefix(PREFIX) == Some(run))?;
    // One that was removed when its last process became a corpse is marked as such.
    names.next()?.trim_end_matches(" (deleted)").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_tells_whose_a_process_is() {
        let below = |path: &str| number_below(Path::new(path), "a-1");
        assert_eq!(below("/system.slice/zwelnch.service/zwelnch-a-1/17"), Some(17));
        assert_eq!(below("/zwelnch-a-1/17/its own/18"), Some(17));
        assert_eq!(below("/zwelnch-a-1/17 (deleted)"), Some(17));
        assert_eq!(below("/zwelnch-b-2/3/zwelnch-a-1/17"), Some(17));
        for other in ["/", "/zwelnch-a-1", "/zwelnch-a-12/17", "/a-1/17", "/zwelnch-a-1/x"] {
            assert_eq!(below(other), None, "{other}");
        }
        let identity = |path: &str| ControlGroupIdentity { path: path.into(), number: 1 }.is_of_run("a-1");
        assert!(identity("/sys/fs/cgroup/zwelnch-a-1") && !identity("/sys/fs/cgroup/zwelnch-a-1/3") && !identity("/sys/fs/cgroup/a-1"));
    }
}
