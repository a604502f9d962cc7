//! A system off z/OS is a directory. This is what both the launcher and the operator console know about it: where it is, its name, its
//! SYSLOG, its job ids and its jobs (`jobs`), and how a command reaches a job (`wire`).
//!
//! ```text
//! <system>/            0700, its owner's and root's alone
//!   SYSNAME            optional: the name of the system, else that of the host
//!   SYSPLEX            optional: paths of the other systems of its sysplex, one a line, relative to this directory
//!   PROCLIB/           members, one file each
//!   LIMITS             optional: how large and how old SYSLOG and the spool become
//!   SYSLOG             0600, appended a line at a time; SYSLOG.1 and so on are earlier ones
//!   spool/<JOBNAME>.<STCnnnnn>/{JESJCL,SYSPRINT,SYSERR}
//!   jobs/<STCnnnnn>/{job.json,control}   while the job lives
//! ```

mod follow;
mod hardcopy;
mod job;
mod jobs;
mod kept;
mod limits;
mod listener;
mod maker;
mod record;
mod spool;
mod syslog;
#[cfg(test)]
mod tests;
mod wire;

pub use follow::{Follower, News};
pub use hardcopy::{CONSOLE, share_lock};
pub use job::{CONTROL_DESCRIPTOR, JOB_DIRECTORY, OwnJob};
pub use jobs::{JobConnection, JobDescription, JobEnd, JobEntry, TakenEntry};
pub use kept::Kept;
pub use maker::Maker;
pub use record::{JobKind, JobRecord};
pub use syslog::{SyslogLine, clock_time, julian_date, parse_syslog_line, syslog_line};
pub use wire::{
    ACCEPTED, ACCEPTED_CODED, AT_WORK, BUSY, KEEP_ALIVE, Patience, Reply, Request, ask_job, decode_request, encode_end, encode_line,
    encode_request, read_any_request, read_line, read_request, send, send_line, send_patiently, send_telling,
};

use crate::platform::files::{self, FileKind};
use crate::platform::names::{host_sysname, is_system_name};
use nix::fcntl::{Flock, FlockArg};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Most characters of an operator command, as on z/OS.
pub const COMMAND_LIMIT: usize = 126;

/// Why a directory cannot be used as a system.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    #[error("no place for a system directory: neither --system, ZWELNCH_SYSTEM, XDG_STATE_HOME nor HOME is set; give one with --system")]
    NoPlace,
    #[error("{path} belongs to user id {owner}, and only its owner and root may operate a system; choose another directory with --system")]
    Foreign { path: String, owner: u32 },
    #[error("{path} can be written by others (mode {mode:03o}); `chmod 700` it, or choose another directory with --system")]
    OpenToOthers { path: String, mode: u32 },
    #[error("{path} holds {content:?}, which is no system name; write 1 to 8 of A-Z, 0-9, @, #, $ into it")]
    SystemName { path: String, content: String },
    #[error("{name:?} is no job name; it has 1 to 8 of A-Z, 0-9, @, #, $ and does not begin with a digit")]
    JobName { name: String },
    #[error("all job ids STC00001 to STC99999 are taken by entries in {path}; remove what is no longer needed")]
    NoJobId { path: String },
}

impl From<SystemError> for io::Error {
    fn from(error: SystemError) -> Self {
        let kind = match error {
            SystemError::Foreign { .. } | SystemError::OpenToOthers { .. } => io::ErrorKind::PermissionDenied,
            SystemError::NoPlace => io::ErrorKind::NotFound,
            _ => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

/// An open system directory. Cheap to clone; holds no descriptor.
#[derive(Debug, Clone)]
pub struct SystemDirectory {
    path: PathBuf,
    sysname: String,
    maker: Maker,
}

impl SystemDirectory {
    /// Where the system is that nobody names: ZWELNCH_SYSTEM, else below the XDG state home.
    ///
    /// # Errors
    /// Where the environment has neither.
    pub fn usual_place() -> io::Result<PathBuf> {
        Ok(default_place(|name| std::env::var_os(name).map(PathBuf::from))?)
    }

    /// Opens the system in `path`, else in the directory that ZWELNCH_SYSTEM names, else in
    /// `$XDG_STATE_HOME/zwelnch/<SYSNAME>` (`~/.local/state` when that is unset), and makes what is missing of it, mode 0700.
    ///
    /// # Errors
    /// [`SystemError`], or the system's error with the path in words.
    pub fn open(path: Option<&Path>) -> io::Result<SystemDirectory> {
        let place = match path {
            Some(path) => path.to_path_buf(),
            None => Self::usual_place()?,
        };
        make_directory(&place)?;
        let place = fs::canonicalize(&place).map_err(|error| in_words("cannot resolve", &place, error))?;
        check_owner(&place)?;
        let maker = Maker::of(&place)?;
        for name in ["PROCLIB", "spool", "jobs"] {
            let directory = place.join(name);
            maker.directory(&directory)?;
            narrow(&directory, maker)?;
        }
        let sysname = read_sysname(&place)?;
        Ok(SystemDirectory { path: place, sysname, maker })
    }

    /// The same for who only asks, so that none is made: None where there is none, or it cannot be opened.
    pub fn if_there(path: Option<&Path>) -> Option<SystemDirectory> {
        let place = path.map_or_else(Self::usual_place, |path| Ok(path.to_path_buf())).ok()?;
        files::may_be_directory(&place.join("jobs")).then(|| Self::open(Some(&place)).ok())?
    }

    /// What makes things in it.
    pub fn maker(&self) -> Maker {
        self.maker
    }

    /// Absolute path of the system directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content of the file SYSNAME, else the short host name: 1 to 8 of A-Z, 0-9, @, #, $.
    pub fn sysname(&self) -> &str {
        &self.sysname
    }

    /// The systems of the sysplex by name, including this one: those that the file SYSPLEX names and that can be opened, and what is wrong
    /// with the others.
    pub fn sysplex(&self) -> (BTreeMap<String, SystemDirectory>, Vec<String>) {
        let mut systems = BTreeMap::from([(self.sysname.clone(), self.clone())]);
        let mut problems = Vec::new();
        let file = self.path.join("SYSPLEX");
        let text = files::unless_missing(files::read_bounded(&file, files::RECORD_LIMIT)).unwrap_or_else(|error| {
            problems.push(in_words("cannot read", &file, error).to_string());
            None
        });
        // A system without the file is alone.
        let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let path = self.path.join(line);
            // Opening creates what is missing: a typing error must not create a system.
            let opened = match files::look(&path) {
                Ok(Some(FileKind::Directory)) => SystemDirectory::open(Some(&path)),
                Ok(_) => Err(io::ErrorKind::NotFound.into()),
                Err(error) => Err(error),
            };
            match opened {
                Ok(system) if systems.get(&system.sysname).is_some_and(|known| known.path != system.path) => {
                    problems.push(format!("{} has the name {} of another system", path.display(), system.sysname));
                }
                Ok(system) => drop(systems.insert(system.sysname.clone(), system)),
                Err(error) => problems.push(in_words("cannot open system", &path, error).to_string()),
            }
        }
        (systems, problems)
    }

    /// The system's own procedure library, the first one of the concatenation.
    pub fn proclib(&self) -> PathBuf {
        self.path.join("PROCLIB")
    }

    /// The hardcopy log.
    pub fn syslog(&self) -> PathBuf {
        self.path.join("SYSLOG")
    }

    /// Where the entries of live jobs are.
    pub fn jobs_directory(&self) -> PathBuf {
        self.path.join("jobs")
    }

    /// Where a job's JESJCL, SYSPRINT and SYSERR are.
    pub fn spool_directory(&self, job_name: &str, job_id: &str) -> PathBuf {
        self.path.join("spool").join(format!("{job_name}.{job_id}"))
    }

    /// A job id that nothing in this system uses: `STC00001` and so on, and STC00001 again after STC99999.
    ///
    /// # Errors
    /// The system's, with the file in words; [`SystemError::NoJobId`].
    pub fn next_job_id(&self) -> io::Result<String> {
        let path = self.jobs_directory().join(".last-job-id");
        let file = self.maker.update(&path)?;
        let mut file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| in_words("cannot lock", &path, errno.into()))?;
        let mut text = Vec::new();
        Read::by_ref(&mut *file).take(64).read_to_end(&mut text).map_err(|error| in_words("cannot read", &path, error))?;
        // A damaged file is no reason to refuse to start jobs: numbering begins anew, and ids in use are skipped.
        let last = String::from_utf8_lossy(&text).trim().parse::<u32>().unwrap_or(0);
        let in_use = self.job_ids_in_use()?;
        let number = following_number(last, |number| in_use.contains(&format!("STC{number:05}")))
            .ok_or_else(|| SystemError::NoJobId { path: self.path.display().to_string() })?;
        file.seek(io::SeekFrom::Start(0))?;
        file.write_all(format!("{number:05}\n").as_bytes()).map_err(|error| in_words("cannot write", &path, error))?;
        Ok(format!("STC{number:05}"))
    }

    /// Ids with an entry in jobs/ or spool/.
    fn job_ids_in_use(&self) -> io::Result<std::collections::HashSet<String>> {
        let mut ids = std::collections::HashSet::new();
        for name in ["jobs", "spool"] {
            let directory = self.path.join(name);
            let in_words = |error| in_words("cannot list", &directory, error);
            for entry in files::entries(&directory).map_err(in_words)? {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                ids.insert(name.rsplit('.').next().unwrap_or_default().to_owned());
            }
        }
        Ok(ids)
    }
}

/// The first free number after `last`, from 1 to 99999 and then from the start; None when all are taken.
fn following_number(last: u32, taken: impl Fn(u32) -> bool) -> Option<u32> {
    let last = if last > 99_999 { 0 } else { last };
    (last + 1..=99_999).chain(1..=last).find(|number| !taken(*number))
}

fn default_place(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, SystemError> {
    let set = |name| variable(name).filter(|value| !value.as_os_str().is_empty());
    if let Some(place) = set("ZWELNCH_SYSTEM") {
        return Ok(place);
    }
    // The XDG base directory specification: a relative path there is to be ignored.
    let state = set("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let state = state.or_else(|| set("HOME").map(|home| home.join(".local/state"))).ok_or(SystemError::NoPlace)?;
    Ok(state.join("zwelnch").join(host_sysname()))
}

fn read_sysname(directory: &Path) -> io::Result<String> {
    let path = directory.join("SYSNAME");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(host_sysname()),
        Err(error) => return Err(in_words("cannot open", &path, error)),
    };
    let mut content = Vec::new();
    file.take(64).read_to_end(&mut content).map_err(|error| in_words("cannot read", &path, error))?;
    let content = String::from_utf8_lossy(&content).trim().to_ascii_uppercase();
    if is_system_name(&content) { Ok(content) } else { Err(SystemError::SystemName { path: path.display().to_string(), content }.into()) }
}

/// With its parents.
fn make_directory(path: &Path) -> io::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && files::may_be_directory(path) => Ok(()),
        other => other.map_err(|error| in_words("cannot create directory", path, error)),
    }
}

/// Refuses a directory that belongs to somebody else, or that others could write.
fn check_owner(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path).map_err(|error| in_words("cannot examine", path, error))?;
    let us = crate::platform::unix::own_user();
    if us != 0 && metadata.uid() != us {
        return Err(SystemError::Foreign { path: path.display().to_string(), owner: metadata.uid() }.into());
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o022 != 0 {
        return Err(SystemError::OpenToOthers { path: path.display().to_string(), mode }.into());
    }
    Ok(())
}

/// Removes the permissions of other users from a directory that was made by hand.
fn narrow(path: &Path, maker: Maker) -> io::Result<()> {
    // By descriptor: what is narrowed is what was looked at.
    let directory = File::open(path).map_err(|error| in_words("cannot open", path, error))?;
    let metadata = directory.metadata().map_err(|error| in_words("cannot examine", path, error))?;
    let mode = metadata.mode() & 0o777;
    if !maker.may_change(path, &metadata)? {
        return Err(SystemError::Foreign { path: path.display().to_string(), owner: metadata.uid() }.into());
    }
    if mode & 0o077 != 0 {
        let narrowed = fs::Permissions::from_mode(mode & 0o700);
        directory.set_permissions(narrowed).map_err(|error| in_words("cannot set mode 700 of", path, error))?;
    }
    Ok(())
}

fn in_words(what: &str, path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}
