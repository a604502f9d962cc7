//! POSIX systems other than z/OS: processes are created by `posix_spawn`, SYSPRINT is standard output, and the operator and the log belong
//! to the job that a higher layer may make of a launcher.

mod ending;
mod notify;
#[cfg(target_os = "linux")]
mod proc;
pub mod process;
pub mod program;
pub mod signals;
pub mod watch;

use super::names::host_sysname;
use super::{FileLock, ListenError, LockError, OperatorListener, Pid, Platform, ProcessEntry, SignalTarget, SpawnRequest, WaitStatus};
use nix::libc;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The root directory in which a data set is a directory and a member is a file.
const DATA_SETS: &str = "ZWELNCH_DATASETS";

/// The system's number.
pub const SIGTERM: i32 = libc::SIGTERM;
/// The system's number.
pub const SIGKILL: i32 = libc::SIGKILL;
/// The system's number.
pub const SIGCONT: i32 = libc::SIGCONT;

/// The system's number of a signal named `SIGTERM` or `TERM`, ignoring case; None for an unknown name.
pub fn signal_number(name: &str) -> Option<i32> {
    let name = name.to_ascii_uppercase();
    let full = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
    full.parse::<nix::sys::signal::Signal>().ok().map(|signal| signal as i32)
}

/// The name of a signal, such as SIGTERM, from the system's number.
pub fn signal_name(number: i32) -> String {
    nix::sys::signal::Signal::try_from(number).map_or_else(|_| number.to_string(), |signal| signal.as_str().to_owned())
}

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
    fn wto(&self, text: &str);

    /// The launcher has ended, with this condition code.
    fn end(&self, condition_code: i32);
}

/// See the module.
pub struct UnixPlatform {
    job: Option<Box<dyn Job>>,
    sysname: String,
    user_id: String,
    data_sets: Option<PathBuf>,
}

impl UnixPlatform {
    /// For commands, which are not jobs.
    pub fn for_command() -> UnixPlatform {
        UnixPlatform {
            job: None,
            sysname: host_sysname(),
            user_id: own_user_name(),
            data_sets: std::env::var_os(DATA_SETS).map(PathBuf::from),
        }
    }

    /// For a launcher. `job` makes it a job once signals cannot end it any more. The second value says why there is no console, if there is
    /// none; signals work in any case.
    pub fn for_launcher(job: impl FnOnce() -> io::Result<Box<dyn Job>>) -> (UnixPlatform, Option<String>) {
        ending::block_ending();
        process::close_all_at_exec();
        let (job, no_console) = match job() {
            Ok(job) => (Some(job), None),
            Err(error) => (None, Some(error.to_string())),
        };
        adopt_orphans();
        let platform = UnixPlatform::for_command();
        let sysname = job.as_ref().map_or(platform.sysname, |job| job.sysname().to_owned());
        (UnixPlatform { job, sysname, ..platform }, no_console)
    }

    /// For a run in the foreground of a shell: no job and no console, but with signals, and with orphans as for a launcher.
    pub fn for_foreground() -> UnixPlatform {
        ending::block_ending();
        adopt_orphans();
        UnixPlatform::for_command()
    }

    /// Ends the job of this process with its condition code.
    pub fn end_job(&self, condition_code: i32) {
        if let Some(job) = &self.job {
            job.end(condition_code);
        }
    }
}

/// Makes processes whose parent has ended our children, so that the end of a component's last process is an event and need not be polled.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    // If the system refuses, the stop of such a component takes its full grace time.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// The user this process runs as, in upper case; the number if the user has no name.
pub fn own_user_name() -> String {
    effective_user().to_uppercase()
}

/// The same in the system's own spelling.
fn effective_user() -> String {
    let user = nix::unistd::geteuid();
    match nix::unistd::User::from_uid(user) {
        Ok(Some(entry)) => entry.name,
        _ => user.to_string(),
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
        super::files::read_bounded(&entry_of(&directory, member)?, super::files::RECORD_LIMIT)
    }

    fn spawn(&self, request: &SpawnRequest<'_>) -> io::Result<Pid> {
        process::spawn(request)
    }

    fn wait_for_end(&self) -> bool {
        process::wait_for_end()
    }

    fn reap(&self) -> Option<(Pid, WaitStatus)> {
        process::reap()
    }

    fn send(&self, target: SignalTarget, signal: i32) -> bool {
        process::send(target, signal)
    }

    #[cfg(target_os = "linux")]
    fn process_list(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        proc::list(skip)
    }

    #[cfg(target_os = "linux")]
    fn children(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        let own = Pid::try_from(std::process::id()).unwrap_or_default();
        // Without lists of children all processes are checked.
        proc::children(skip).or_else(|| proc::list(skip).map(|list| list.into_iter().filter(|entry| entry.parent == own).collect()))
    }

    #[cfg(target_os = "linux")]
    fn children_of(&self, pid: Pid) -> Option<Vec<Pid>> {
        proc::children_of(pid)
    }

    #[cfg(target_os = "linux")]
    fn process(&self, pid: Pid) -> Option<ProcessEntry> {
        proc::entry(pid)
    }

    #[cfg(target_os = "linux")]
    fn variable_of(&self, pid: Pid, name: &str) -> Option<String> {
        proc::variable(pid, name)
    }

    #[cfg(target_os = "linux")]
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

    fn wto(&self, text: &str) {
        if let Some(job) = &self.job {
            job.wto(text);
        }
    }

    fn notify_service_manager(&self, state: &str) {
        // If the service manager asked for it but does not listen any more, that is no reason to end.
        let _ = notify::notify(std::env::var_os(notify::SOCKET).as_deref(), state);
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

    fn issue_command(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no console"))
    }

    fn lock_file(&self, path: &Path, holder: &str) -> Result<FileLock, LockError> {
        FileLock::take(path, holder, |file| {
            let whole = libc::flock { l_type: libc::F_WRLCK as _, l_whence: libc::SEEK_SET as _, l_start: 0, l_len: 0, l_pid: 0 };
            match nix::fcntl::fcntl(file, nix::fcntl::FcntlArg::F_SETLK(&whole)) {
                Ok(_) => Ok(true),
                Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
    }

    #[cfg(target_os = "linux")]
    fn process_table(&self) -> Vec<crate::platform::ProcessFacts> {
        proc::table()
    }

    fn is_writable_directory(&self, path: &Path) -> bool {
        is_writable_directory(path)
    }

    fn own_program(&self) -> Option<PathBuf> {
        program::held()
    }
}

/// The entry of a directory with this name, ignoring case; an exact match is preferred.
fn entry_of(directory: &Path, name: &str) -> io::Result<PathBuf> {
    let exact = directory.join(name);
    if super::files::unless_missing(std::fs::symlink_metadata(&exact))?.is_some() {
        return Ok(exact);
    }
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return Ok(entry.path());
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("{name} not found in {}", directory.display())))
}

/// A file that nobody else can read and that disappears when it is closed.
///
/// # Errors
/// The temporary directory's.
pub fn temporary_file() -> io::Result<File> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = format!(".zwelnch-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        match File::options().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// The effective UID of this process is 0.
pub fn is_superuser() -> bool {
    nix::unistd::geteuid().is_root()
}

/// RLIMIT_AS.
///
/// # Errors
/// The system's.
pub fn memory_limits() -> io::Result<crate::platform::MemoryLimits> {
    let (bytes, _) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_AS)?;
    let address_space = Some(bytes).filter(|bytes| *bytes != nix::sys::resource::RLIM_INFINITY);
    Ok(crate::platform::MemoryLimits { above_bar: None, address_space })
}

/// Whether an address and port can be bound, as by a server that reuses addresses; they are released at once. Nothing listens, so no client
/// is ever accepted, and a socket that never listened leaves nothing that could keep a component from binding.
///
/// # Errors
/// The system's.
pub fn bind(address: std::net::SocketAddr) -> io::Result<()> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of an earlier run in TIME_WAIT do not count.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())
}

/// The bytes that this user may still write to the file system of a path.
///
/// # Errors
/// The system's.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let system = nix::sys::statvfs::statvfs(path)?;
    Ok((system.blocks_available() as u64).saturating_mul(system.fragment_size() as u64))
}

/// Whether this process can read the names in a directory and search it: the system is asked, mode bits are not interpreted.
pub fn is_readable_directory(path: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    access(path, AccessFlags::R_OK | AccessFlags::X_OK).is_ok()
}

/// Whether this process can create files in a directory, in the same way.
pub fn is_writable_directory(path: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    crate::platform::files::may_be_directory(path) && access(path, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
}

/// Sets the permissions denied to files and directories created from now on. `wanted`: in octal, as in `_EDC_UMASK_DFLT`; otherwise 0002 as
/// in Zowe's sample: the group may write what components create. What others were denied before stays denied.
pub fn set_umask(wanted: Option<&str>) {
    use nix::sys::stat::{Mode, mode_t, umask};
    let wanted = wanted.and_then(|text| mode_t::from_str_radix(text.trim(), 8).ok()).and_then(Mode::from_bits);
    let inherited = umask(Mode::S_IWOTH);
    umask(wanted.unwrap_or(Mode::S_IWOTH | (inherited & Mode::S_IRWXO)));
}

/// Opens a log file for appending, created with mode 640 if it does not exist. Does not follow symbolic links and does not wait for a FIFO.
///
/// # Errors
/// The system's, with the path in words.
pub fn open_log(path: &Path) -> io::Result<File> {
    let in_words = |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", path.display()));
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::options().append(true).create(true).mode(0o640).custom_flags(flags).open(path).map_err(in_words)?;
    if file.metadata().map_err(in_words)?.is_file() {
        Ok(file)
    } else {
        Err(in_words(io::Error::new(io::ErrorKind::InvalidInput, "no regular file")))
    }
}

/// Appends the result of one read of at most `limit` bytes, without filling the space with zeros first.
///
/// # Errors
/// The system's; `buffer` is then unchanged.
pub fn read_onto(descriptor: std::os::fd::BorrowedFd<'_>, buffer: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
    use std::os::fd::AsRawFd;
    buffer.reserve(limit);
    let room = buffer.spare_capacity_mut();
    let length = limit.min(room.len());
    // SAFETY: read writes at most `length` bytes to a space of that size.
    let count = unsafe { libc::read(descriptor.as_raw_fd(), room.as_mut_ptr().cast(), length) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: that many bytes were written after the current end.
    unsafe { buffer.set_len(buffer.len() + count) };
    Ok(count)
}

/// Enlarges a pipe that is flooded, which halves the cost of the flood. It may be refused: an unprivileged user has a limited amount for
/// all pipes together, so only pipes that need it are enlarged.
pub fn enlarge_pipe(descriptor: std::os::fd::BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    let _ = nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETPIPE_SZ(1024 * 1024));
    #[cfg(not(target_os = "linux"))]
    let _ = descriptor;
}
