//! The platform of POSIX systems other than z/OS: processes are created as `children` has it, SYSPRINT is standard output, and the operator and
//! the log belong to the job that a higher layer may make of a launcher.

#[cfg(zwelnch_linux)]
use super::{cgroup, proc};
use super::{children, descriptors, ending, is_writable_directory, notify, process, program, sysprint};
use crate::message::Message;
#[cfg(zwelnch_linux)]
use crate::platform::ProcessEntry;
use crate::platform::names::host_sysname;
#[cfg(zwelnch_linux)]
use crate::platform::{ControlGroup, ControlGroupIdentity};
use crate::platform::{
    FileLock, ListenError, LockError, MemoryLimits, OperatorListener, Pid, Platform, SignalTarget, SpawnRequest, WaitStatus,
};
use nix::libc;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
#[cfg(zwelnch_linux)]
use std::sync::Arc;
use std::time::Duration;

/// CPU time of the calling thread, where the system counts it by thread; else of the process.
pub fn cpu_time() -> Duration {
    #[cfg(zwelnch_linux)]
    const WHO: UsageWho = UsageWho::RUSAGE_THREAD;
    #[cfg(not(zwelnch_linux))]
    const WHO: UsageWho = UsageWho::RUSAGE_SELF;
    // It fails only for a word that the system does not know.
    let Ok(usage) = getrusage(WHO) else { return Duration::ZERO };
    let spent = |value: TimeVal| Duration::from_micros(u64::try_from(value.num_microseconds()).unwrap_or_default());
    spent(usage.user_time()) + spent(usage.system_time())
}

/// The root directory in which a data set is a directory and a member is a file.
const DATA_SETS: &str = "ZWELNCH_DATASETS";

/// The job that a launcher is, on a system that treats processes as jobs: who may operate it, and its name.
pub trait Job: Send + Sync {
    /// The name of the system to which the job belongs.
    fn sysname(&self) -> &str;

    /// Its own name.
    fn name(&self) -> &str;

    /// Starts to take operator commands; called once.
    ///
    /// # Errors
    /// The system's.
    fn listen(&self, listener: OperatorListener) -> io::Result<()>;

    /// Writes to the system's log.
    ///
    /// # Errors
    /// The system's; nothing of it is then in the log.
    fn wto(&self, text: &str) -> io::Result<()>;

    /// The launcher has ended, with this condition code. Returns what there is to say of that: the log may not be writable.
    fn end(&self, condition_code: i32) -> Option<Message>;
}

/// See the module.
pub struct UnixPlatform {
    job: Option<Box<dyn Job>>,
    sysname: String,
    user_id: String,
    data_sets: Option<PathBuf>,
    /// Where standard output leads, when that is a file.
    sysprint: Option<sysprint::Sysprint>,
}

impl UnixPlatform {
    /// For commands, which are not jobs.
    pub fn for_command() -> UnixPlatform {
        UnixPlatform {
            job: None,
            sysname: host_sysname(),
            user_id: own_user_name(),
            data_sets: std::env::var_os(DATA_SETS).map(PathBuf::from),
            sysprint: None,
        }
    }

    /// For a launcher. `job` makes it a job once signals cannot end it any more. The second value says why there is no console, if there is
    /// none; signals work in any case.
    pub fn for_launcher(job: impl FnOnce() -> io::Result<Box<dyn Job>>) -> (UnixPlatform, Option<String>) {
        ending::block_ending();
        descriptors::raise();
        process::close_all_at_exec();
        let (job, no_console) = match job() {
            Ok(job) => (Some(job), None),
            Err(error) => (None, Some(error.to_string())),
        };
        adopt_orphans();
        let platform = UnixPlatform::for_command();
        let sysname = job.as_ref().map_or(platform.sysname, |job| job.sysname().to_owned());
        (UnixPlatform { job, sysname, sysprint: sysprint::Sysprint::find(), ..platform }, no_console)
    }

    /// For a run in the foreground of a shell: no job and no console, but with signals, and with orphans as for a launcher.
    pub fn for_foreground() -> UnixPlatform {
        ending::block_ending();
        descriptors::raise();
        adopt_orphans();
        UnixPlatform::for_command()
    }

    /// Ends the job of this process with its condition code. Returns what SYSPRINT is to be told of that.
    pub fn end_job(&self, condition_code: i32) -> Option<Message> {
        self.job.as_ref().and_then(|job| job.end(condition_code))
    }
}

/// Makes processes whose parent has ended our children, so that the end of a component's last process is an event and need not be polled.
pub fn adopt_orphans() {
    #[cfg(zwelnch_linux)]
    // If the system refuses, the stop of such a component takes its full grace time.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// The user this process runs as, in upper case; the number if the user has no name.
pub fn own_user_name() -> String {
    effective_user().to_uppercase()
}

/// The same in the system's own spelling.
fn effective_user() -> String {
    match nix::unistd::User::from_uid(nix::unistd::geteuid()) {
        Ok(Some(entry)) => entry.name,
        _ => super::own_user().to_string(),
    }
}

impl Platform for UnixPlatform {
    fn is_zos(&self) -> bool {
        false
    }

    fn sysname(&self) -> String {
        self.sysname.clone()
    }

    fn resolve_symbol(&self, name: &str) -> Option<String> {
        name.eq_ignore_ascii_case("SYSNAME").then(|| self.sysname.clone())
    }

    fn user_id(&self) -> String {
        self.user_id.clone()
    }

    fn user_name(&self) -> String {
        effective_user()
    }

    fn job_name(&self) -> String {
        self.job.as_ref().map_or_else(String::new, |job| job.name().to_owned())
    }

    fn read_member(&self, data_set: &str, member: &str) -> io::Result<Vec<u8>> {
        let Some(root) = &self.data_sets else {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("no data sets on this system: set {DATA_SETS} to the directory that holds {data_set}"),
            ));
        };
        for part in [data_set, member] {
            if part.is_empty() || part.starts_with('.') || part.contains(['/', '\0']) {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{part:?} is no name of a data set or member")));
            }
        }
        // Names of data sets and members are upper case; their files may be named in any case.
        let directory = entry_of(root, data_set)?;
        crate::platform::files::read_bounded(&entry_of(&directory, member)?, crate::platform::files::RECORD_LIMIT)
    }

    fn write_member(&self, data_set: &str, member: &str, lines: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        // The names were looked at when it was read.
        self.read_member(data_set, member)?;
        let root = self.data_sets.as_deref().unwrap_or_else(|| Path::new("/"));
        let path = std::fs::canonicalize(entry_of(&entry_of(root, data_set)?, member)?)?;
        let mode = std::fs::metadata(&path)?.permissions().mode() & 0o777;
        crate::platform::files::write_atomically(&path, lines, mode)
    }

    fn spawn(&self, request: &SpawnRequest<'_>) -> io::Result<Pid> {
        children::spawn(request)
    }

    fn wait_for_end(&self) -> bool {
        children::wait_for_end()
    }

    fn reap(&self) -> Option<(Pid, WaitStatus)> {
        children::reap()
    }

    fn send(&self, target: SignalTarget, signal: i32) -> bool {
        process::send(target, signal)
    }

    #[cfg(zwelnch_linux)]
    fn process_list(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        proc::list(skip)
    }

    #[cfg(zwelnch_linux)]
    fn children(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        let own = Pid::try_from(std::process::id()).unwrap_or_default();
        // Without lists of children all processes are checked.
        proc::children(skip).or_else(|| proc::list(skip).map(|list| list.into_iter().filter(|entry| entry.parent == own).collect()))
    }

    #[cfg(zwelnch_linux)]
    fn children_of(&self, pid: Pid) -> Option<Vec<Pid>> {
        proc::children_of(pid)
    }

    #[cfg(zwelnch_linux)]
    fn process(&self, pid: Pid) -> Option<ProcessEntry> {
        proc::entry(pid)
    }

    #[cfg(zwelnch_linux)]
    fn variable_of(&self, pid: Pid, name: &str) -> Option<String> {
        proc::variable(pid, name)
    }

    #[cfg(zwelnch_linux)]
    fn control_group_of(&self, pid: Pid) -> Option<PathBuf> {
        cgroup::path_of_process(pid)
    }

    #[cfg(zwelnch_linux)]
    fn make_control_group(&self, run: &str) -> io::Result<Arc<dyn ControlGroup>> {
        cgroup::make(run)
    }

    #[cfg(zwelnch_linux)]
    fn recorded_control_group(&self, identity: &ControlGroupIdentity) -> io::Result<Option<Arc<dyn ControlGroup>>> {
        cgroup::recorded(identity)
    }

    #[cfg(zwelnch_linux)]
    fn inherited_control_group(&self, descriptor: OwnedFd) -> io::Result<Arc<dyn ControlGroup>> {
        cgroup::inherited(descriptor)
    }

    fn memory_limits(&self) -> io::Result<MemoryLimits> {
        memory_limits()
    }

    #[cfg(zwelnch_linux)]
    fn boot_identity(&self) -> Option<String> {
        proc::boot_identity()
    }

    fn group_exists(&self, group: Pid) -> bool {
        process::group_exists(group)
    }

    fn output_pipe(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        process::output_pipe()
    }

    fn listen(&self, listener: OperatorListener) -> Result<(), ListenError> {
        ending::listen(&listener).map_err(ListenError::Signals)?;
        self.job.as_ref().map_or(Ok(()), |job| job.listen(listener)).map_err(ListenError::Console)
    }

    fn wto(&self, text: &str) -> io::Result<()> {
        self.job.as_ref().map_or(Ok(()), |job| job.wto(text))
    }

    fn notify_service_manager(&self, state: &str) {
        notify::tell(state);
    }

    fn has_service_manager(&self) -> bool {
        notify::is_there()
    }

    fn watchdog(&self) -> Option<Duration> {
        notify::watchdog()
    }

    fn write_sysprint(&self, bytes: &[u8]) -> io::Result<()> {
        // Not through the standard library's buffer, which would write later what it could not write now, although it is counted as lost.
        let mut rest = bytes;
        while !rest.is_empty() {
            match nix::unistd::write(io::stdout(), rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => rest = &rest[length..],
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn sysprint_place(&self) -> Option<crate::platform::SysprintPlace> {
        self.sysprint.as_ref().and_then(sysprint::Sysprint::place)
    }

    fn reopen_sysprint(&self) -> io::Result<bool> {
        self.sysprint.as_ref().map_or(Ok(false), sysprint::Sysprint::reopen)
    }

    fn issue_command(&self, _: &str, _: Option<Duration>) -> io::Result<crate::platform::CommandAnswer> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no console"))
    }

    fn lock_file(&self, path: &Path, holder: &str) -> Result<FileLock, LockError> {
        FileLock::take(path, holder, lock_whole)
    }

    fn lock_shared_file(&self, path: &Path, mode: u32, holder: &str) -> Result<FileLock, LockError> {
        FileLock::take_shared(path, mode, holder, lock_whole)
    }

    fn is_locked(&self, file: &File) -> io::Result<bool> {
        // What a lock for reading would meet are locks for writing alone, and this descriptor need not be open for writing.
        let mut whole = libc::flock { l_type: libc::F_RDLCK as _, l_whence: libc::SEEK_SET as _, l_start: 0, l_len: 0, l_pid: 0 };
        nix::fcntl::fcntl(file, nix::fcntl::FcntlArg::F_GETLK(&mut whole))?;
        Ok(i32::from(whole.l_type) != libc::F_UNLCK)
    }

    #[cfg(zwelnch_linux)]
    fn process_table(&self) -> Vec<crate::platform::ProcessFacts> {
        proc::table()
    }

    fn is_writable_directory(&self, path: &Path) -> bool {
        is_writable_directory(path)
    }

    fn descriptor_limit_of_children(&self) -> Option<u64> {
        descriptors::limit_of_children()
    }

    fn own_program(&self) -> io::Result<PathBuf> {
        program::held().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the path of this program is not known"))
    }
}

fn lock_whole(file: &File) -> io::Result<bool> {
    let whole = libc::flock { l_type: libc::F_WRLCK as _, l_whence: libc::SEEK_SET as _, l_start: 0, l_len: 0, l_pid: 0 };
    match nix::fcntl::fcntl(file, nix::fcntl::FcntlArg::F_SETLK(&whole)) {
        Ok(_) => Ok(true),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The entry of a directory with this name, ignoring case; an exact match is preferred.
fn entry_of(directory: &Path, name: &str) -> io::Result<PathBuf> {
    let exact = directory.join(name);
    if crate::platform::files::unless_missing(std::fs::symlink_metadata(&exact))?.is_some() {
        return Ok(exact);
    }
    for entry in crate::platform::files::entries(directory)? {
        if entry.file_name().to_str().is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return Ok(entry.path());
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("{name} not found in {}", directory.display())))
}

/// RLIMIT_AS.
fn memory_limits() -> io::Result<MemoryLimits> {
    let (bytes, _) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_AS)?;
    let address_space = Some(bytes).filter(|bytes| *bytes != nix::sys::resource::RLIM_INFINITY);
    Ok(MemoryLimits { above_bar: None, address_space })
}
