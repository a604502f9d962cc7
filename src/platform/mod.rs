//! The one place that knows which system this is. Everything above uses [`Platform`]: `unix` implements it with POSIX services, `zos` with
//! the C shim (`zos/shim.h`). Contract: docs/contract/zos-platform.md.
//!
//! The interface is limited to what z/OS can do, not Linux: a process is created by `spawn()` with a descriptor map, and no code of its
//! caller runs between fork and exec, so the caller must set the child's working directory (by the shell's `cd`).

pub mod code_page;
pub mod control_group;
mod cpu_clock;
pub mod ebcdic;
pub mod environment;
#[cfg(test)]
pub mod fake;
pub mod fault;
pub mod files;
pub mod key_ring;
pub mod names;
pub mod operator_command;
pub mod private;
pub mod standard_output;
pub mod text_file;
pub mod text_streams;
pub mod thread;
pub mod unchanged;
pub mod unix;
pub mod zoneinfo;
#[cfg(zwelnch_zos)]
pub mod zos;

/// The platform of the system this program was built for.
#[cfg(not(zwelnch_zos))]
pub type NativePlatform = unix::UnixPlatform;
/// The platform of the system this program was built for.
#[cfg(zwelnch_zos)]
pub type NativePlatform = zos::ZosPlatform;

pub use control_group::{ControlGroup, ControlGroupIdentity};
pub use cpu_clock::CpuClock;
pub use environment::{ChildEnvironment, Environment, PreparedEnvironment};
#[cfg(not(zwelnch_zos))]
pub use unix::cpu_time;
#[cfg(not(zwelnch_zos))]
pub use unix::key_ring::key_ring as read_key_ring;
#[cfg(not(zwelnch_zos))]
pub use unix::running::RunningProgram;
#[cfg(zwelnch_zos)]
pub use zos::key_ring::key_ring as read_key_ring;
#[cfg(zwelnch_zos)]
pub use zos::running::RunningProgram;
#[cfg(zwelnch_zos)]
pub use zos::shim::cpu_time;

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Routing and descriptor codes of a WTO, each 1 to 16; none: the system's default, as ZWELNCH's have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WtoCodes {
    pub route: Vec<u32>,
    pub descriptor: Vec<u32>,
}

/// A process id of the system; also the id of the process group that it leads.
pub type Pid = i32;

/// `_BPX_SHAREAS`: whether a child lives in the launcher's address space (z/OS; has no meaning elsewhere).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShareAs {
    No,
    #[default]
    Yes,
    Must,
}

impl ShareAs {
    /// As in ZWEL0003I and in zowe.yaml.
    pub fn name(self) -> &'static str {
        match self {
            ShareAs::No => "no",
            ShareAs::Yes => "yes",
            ShareAs::Must => "must",
        }
    }
}

/// The properties of a new process.
#[derive(Debug)]
pub struct SpawnRequest<'a> {
    /// Path of the program; PATH is not searched.
    pub program: PathBuf,
    /// All arguments, including the zeroth.
    pub arguments: Vec<OsString>,
    /// The whole environment of the child: nothing else is inherited.
    pub environment: ChildEnvironment<'a>,
    /// Descriptor map: (descriptor of ours, descriptor in the child). Everything else is closed in the child.
    pub descriptors: Vec<(std::os::fd::BorrowedFd<'a>, i32)>,
    /// Which process group it is in.
    pub group: GroupOfChild,
    /// The control group that it is born in, as [`ControlGroup::open`] gives it; None: the one that we are in.
    pub control_group: Option<std::os::fd::BorrowedFd<'a>>,
}

/// The process group of a child from its first instruction on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupOfChild {
    /// It leads a group of its own, and takes all signals.
    Own,
    /// It stays in our group, with the signals that ask a program to end blocked, until it creates its own session, which the leader of a
    /// group could not do.
    Ours,
}

/// How a component is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Asks it to end: the system's number of `launcher.stop.signal`.
    pub signal: i32,
    /// Ends it after the grace time: the system's number of `launcher.stop.killSignal`.
    pub kill_signal: i32,
    pub grace: Duration,
}

impl Default for Ending {
    /// SIGTERM, 20 s, SIGKILL.
    fn default() -> Self {
        Ending { signal: unix::SIGTERM, kill_signal: unix::SIGKILL, grace: Duration::from_secs(20) }
    }
}

/// What is signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignalTarget {
    /// Every process of a group.
    Group(Pid),
    Process(Pid),
}

/// A process as the system describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessEntry {
    pub pid: Pid,
    pub parent: Pid,
    pub group: Pid,
    /// The session; also the id of the process that began it. 0: the system does not tell.
    pub session: Pid,
    /// When it started, in the system's own unit: together with the pid it identifies a process within one boot.
    pub start: u64,
    /// It has ended and has not been reaped by its parent yet.
    pub is_dead: bool,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitStatus {
    /// The raw status word, as ZWEL0004I shows it.
    pub raw: i32,
    pub end: End,
}

/// A wait status decoded with the system's own macros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Exit code, 0 to 255.
    Exited(i32),
    /// Number of the signal that ended it.
    Signaled(i32),
}

impl WaitStatus {
    /// Whether it ended with code 0.
    pub fn success(self) -> bool {
        self.end == End::Exited(0)
    }

    /// The code a shell would report: the exit code, or 128 and the signal.
    pub fn code(self) -> i32 {
        match self.end {
            End::Exited(code) => code,
            End::Signaled(signal) => 128 + signal,
        }
    }
}

/// In words, as ZWEL0905E and the DISP table show it.
impl std::fmt::Display for End {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Exited(code) => write!(formatter, "exit code {code}"),
            End::Signaled(number) => write!(formatter, "signal {}", unix::signal_name(*number)),
        }
    }
}

/// A process as DISP,DETAIL shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessFacts {
    pub pid: Pid,
    pub parent: Pid,
    pub group: Pid,
    /// Name of its program.
    pub name: String,
    /// Processor time that it has used.
    pub cpu: Duration,
    /// Memory that it has in use.
    pub resident_bytes: u64,
}

/// What is sent to a process group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM: end in order.
    Terminate,
    /// SIGKILL: end now.
    Kill,
}

/// SYSPRINT as a file of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysprintPlace {
    /// Where an index of it is kept.
    pub index: PathBuf,
    pub device: u64,
    pub inode: u64,
    /// Where the last write to it has ended.
    pub end: u64,
}

/// What the operator wants of the launcher.
#[derive(Debug)]
pub enum OperatorRequest {
    /// `F job,APPL=text`: the text, and where its answer goes besides SYSPRINT.
    Modify {
        text: String,
        answer: Box<dyn AnswerSink>,
        /// A program asks, perhaps every few seconds: if the command is a question, SYSPRINT keeps nothing of it.
        is_asked: bool,
    },
    /// `P job`.
    Stop,
    /// Somebody waits until the configuration is found good and components are being prepared; answered without lines.
    Await(Box<dyn AnswerSink>),
    /// A signal that asks the launcher to end, by name.
    Signal(&'static str),
    /// Log files and SYSPRINT are to be begun anew: SIGUSR1.
    LogRotate,
    /// A signal that means nothing to the launcher, by name.
    OddSignal(String),
    /// The console cannot be listened to for the moment, and why; reported once until it is over.
    Delayed(String),
    /// The console cannot be listened to any more, and why.
    Lost(String),
}

/// The console that issued a MODIFY. An answer that is dropped before it is completed has broken off.
pub trait AnswerSink: Send + std::fmt::Debug {
    /// One line of the answer; never blocks for long, and a console that has gone is not an error.
    fn line(&mut self, text: &str);

    /// The command was not carried out, or not in full. For consoles whose commands have an exit code.
    fn refuse(&mut self) {}

    /// The rest takes its time: what was said so far is to be seen meanwhile.
    fn pause(&mut self) {}

    /// Who asks, as well as the system tells; empty where it does not.
    fn asker(&self) -> String {
        String::new()
    }

    /// Nothing follows.
    fn complete(self: Box<Self>) {}
}

/// Where operator requests are delivered: called from any thread, must not block.
pub type OperatorListener = Arc<dyn Fn(OperatorRequest) + Send + Sync>;

/// A file lock that ends with the process; sysplex-wide on a shared file system.
#[derive(Debug)]
pub struct FileLock {
    /// Keeps the descriptor open, and with it the lock.
    pub file: std::fs::File,
}

impl FileLock {
    /// Whether the path still names the locked file, so that another process that locks it by its path finds it locked.
    ///
    /// # Errors
    /// The system's; a name that does not exist is not an error.
    pub fn is_at(&self, path: &std::path::Path) -> io::Result<bool> {
        files::is_same(&self.file, path)
    }

    /// Opens a file of ours, made with mode 600, and locks it for this process; no link is followed. `lock` is the system's way to lock it: true
    /// when it has, false when another process has. The holder's text is written into it.
    ///
    /// # Errors
    /// [`LockError::Held`] with the other holder's text; [`LockError::Io`], also when somebody has removed or replaced the file between its
    /// opening and the lock.
    pub fn take(
        path: &std::path::Path,
        holder: &str,
        lock: impl FnOnce(&std::fs::File) -> io::Result<bool>,
    ) -> Result<FileLock, LockError> {
        FileLock::locked(private::open_own(path)?, path, holder, lock)
    }

    /// The same for a file that several users lock: its owner may be anybody, and it is made with `mode`. What is in it is foreign text.
    ///
    /// # Errors
    /// The same.
    pub fn take_shared(
        path: &std::path::Path,
        mode: u32,
        holder: &str,
        lock: impl FnOnce(&std::fs::File) -> io::Result<bool>,
    ) -> Result<FileLock, LockError> {
        FileLock::locked(private::open_shared(path, mode)?, path, holder, lock)
    }

    fn locked(
        mut file: std::fs::File,
        path: &std::path::Path,
        holder: &str,
        lock: impl FnOnce(&std::fs::File) -> io::Result<bool>,
    ) -> Result<FileLock, LockError> {
        use std::io::{Read, Seek};
        if !lock(&file)? {
            let mut text = String::new();
            file.rewind()?;
            file.take(HOLDER_LIMIT).read_to_string(&mut text)?;
            return Err(LockError::Held(text));
        }
        let lock = FileLock { file };
        if !holder.is_empty() {
            lock.tell(holder)?;
        }
        if lock.is_at(path)? { Ok(lock) } else { Err(LockError::Io(io::Error::other(REPLACED))) }
    }

    /// Writes another text for those who find it locked. They see the old text or the new one, to the end of its first line.
    ///
    /// # Errors
    /// The system's.
    pub fn tell(&self, holder: &str) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        self.file.write_all_at(holder.as_bytes(), 0)?;
        self.file.set_len(holder.len() as u64)
    }

    /// The text that is in it, to its bound.
    ///
    /// # Errors
    /// The system's; that it is not UTF-8.
    pub fn text(&self) -> io::Result<String> {
        use std::os::unix::fs::FileExt;
        let mut bytes = vec![0; usize::try_from(HOLDER_LIMIT).unwrap_or_default()];
        let length = self.file.read_at(&mut bytes, 0)?;
        bytes.truncate(length);
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// The longest text of a holder that is read, in bytes.
const HOLDER_LIMIT: u64 = 16 * 1024;

/// Why a lock is not worth anything: somebody has given its name to another file.
pub const REPLACED: &str = "the file was removed or replaced meanwhile";

/// Why operator requests are not available.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// ZWEL0031E
    #[error("no thread can wait for signals: {0}")]
    Signals(io::Error),
    /// ZWEL0043E
    #[error("no console can be listened to: {0}")]
    Console(io::Error),
}

/// Why a lock was not obtained.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it; with the text that the holder wrote into the file.
    #[error("held by another process")]
    Held(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The answer to an operator command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandAnswer {
    pub lines: Vec<String>,
    /// What has issued it: the interface's name and its program.
    pub through: String,
    /// Why it is not known whether it was carried out, where it is not.
    pub unclear: Option<String>,
}

/// How much memory this process, and each process that it starts, may have, in bytes; None: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryLimits {
    /// z/OS only: above the bar (MEMLIMIT).
    pub above_bar: Option<u64>,
    pub address_space: Option<u64>,
}

/// The services of the system the launcher runs on. One instance per process, shared by all threads.
pub trait Platform: Send + Sync {
    /// True on z/OS: children can be address spaces, ZWE_RUN_ON_ZOS is true.
    fn is_zos(&self) -> bool;

    /// &SYSNAME on z/OS; elsewhere the name of the system directory, else the short host name. Upper case.
    fn sysname(&self) -> String;

    /// The value of a system symbol, named without its `&` and `.`; None when it is undefined.
    fn resolve_symbol(&self, name: &str) -> Option<String>;

    /// The release of z/OS, as a template's `zos.getZosVersion()` returns it; 0 elsewhere.
    fn zos_version(&self) -> u32 {
        0
    }

    /// The external security manager, as a template's `zos.getEsm()` returns it: RACF, ACF2, TSS or NONE; NONE elsewhere.
    fn security_manager(&self) -> String {
        "NONE".into()
    }

    /// The user id of this process, upper case, as SYSPRINT lines show it.
    fn user_id(&self) -> String;

    /// The same in the system's own spelling: USER.
    fn user_name(&self) -> String {
        self.user_id()
    }

    /// The name of the job this process runs as.
    fn job_name(&self) -> String;

    /// The text of a data set member as it is stored: on z/OS records in IBM-1047, elsewhere the bytes of a file.
    ///
    /// # Errors
    /// The system's, with the data set and member in words.
    fn read_member(&self, data_set: &str, member: &str) -> io::Result<Vec<u8>>;

    /// Puts a text in the place of a member that exists: lines of IBM-1047 on z/OS, of UTF-8 elsewhere.
    ///
    /// # Errors
    /// The system's, with the reason in words.
    fn write_member(&self, data_set: &str, member: &str, lines: &[u8]) -> io::Result<()> {
        let _ = lines;
        Err(io::Error::new(io::ErrorKind::Unsupported, format!("{data_set}({member}) cannot be written on this system")))
    }

    /// Creates a process that leads a process group of its own.
    ///
    /// # Errors
    /// The system's (ENOENT, EACCES, EAGAIN, EMFILE and the like).
    fn spawn(&self, request: &SpawnRequest<'_>) -> io::Result<Pid>;

    /// Waits until a child has ended and leaves it for [`Platform::reap`]; false when there are no children at all. Called only by the
    /// reaper thread.
    fn wait_for_end(&self) -> bool;

    /// A child that has ended, whose process id is free from now on; None when there is none. Never waits.
    fn reap(&self) -> Option<(Pid, WaitStatus)>;

    /// Sends a signal, by the system's number. True when there was a process to receive it.
    fn send(&self, target: SignalTarget, signal: i32) -> bool;

    /// The processes of the system, without those that `skip` names, because reading one takes some microseconds: it is asked of each just
    /// before, of the youngest first where the system knows. None: this system does not tell, and only process groups are known.
    fn process_list(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        let _ = skip;
        None
    }

    /// Those of them that are children of this process.
    fn children(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        let own = Pid::try_from(std::process::id()).unwrap_or_default();
        let list = self.process_list(skip)?;
        Some(list.into_iter().filter(|entry| entry.parent == own).collect())
    }

    /// The children of a process, by process id; None where the system has no list of them. Much cheaper than [`Platform::process_list`].
    fn children_of(&self, pid: Pid) -> Option<Vec<Pid>> {
        let _ = pid;
        None
    }

    /// One process; None also where the system does not tell.
    fn process(&self, pid: Pid) -> Option<ProcessEntry> {
        let _ = pid;
        None
    }

    /// A variable in the environment with which a process of this user began.
    fn variable_of(&self, pid: Pid, name: &str) -> Option<String> {
        let _ = (pid, name);
        None
    }

    /// The path of the control group that a process is in; None where the system has none.
    fn control_group_of(&self, pid: Pid) -> Option<PathBuf> {
        let _ = pid;
        None
    }

    /// Makes a control group for the processes of a run. Called before anything waits for children.
    ///
    /// # Errors
    /// Why there is none: the system has no control groups, or this user may make none.
    fn make_control_group(&self, run: &str) -> io::Result<Arc<dyn ControlGroup>> {
        let _ = run;
        Err(io::Error::new(io::ErrorKind::Unsupported, "the system has no control groups"))
    }

    /// The control group that an earlier run has recorded; None when it has gone, or there is something else by now.
    ///
    /// # Errors
    /// The system's.
    fn recorded_control_group(&self, identity: &ControlGroupIdentity) -> io::Result<Option<Arc<dyn ControlGroup>>> {
        let _ = identity;
        Ok(None)
    }

    /// The control group that was handed over to this process as a descriptor.
    ///
    /// # Errors
    /// It is none.
    fn inherited_control_group(&self, descriptor: OwnedFd) -> io::Result<Arc<dyn ControlGroup>> {
        let _ = descriptor;
        Err(io::Error::new(io::ErrorKind::Unsupported, "the system has no control groups"))
    }

    /// Identifies the time between two IPLs or boots, and anything else that process ids depend on. None: records about processes mean
    /// nothing to a later run.
    fn boot_identity(&self) -> Option<String> {
        None
    }

    /// Removes the message queues and semaphores of this user that were used only by processes that have ended; returns how many. Outside
    /// z/OS nothing shows whose they are, and nothing is removed.
    ///
    /// # Errors
    /// When they cannot be listed, or one cannot be removed; the others are removed.
    fn remove_left_over_ipc(&self) -> io::Result<usize> {
        Ok(0)
    }

    /// What limits the memory of this process.
    ///
    /// # Errors
    /// The system's.
    fn memory_limits(&self) -> io::Result<MemoryLimits> {
        Ok(MemoryLimits::default())
    }

    /// True while a process of the group exists; the leader's corpse counts.
    fn group_exists(&self, group: Pid) -> bool;

    /// All processes that the system reports; empty where it does not report any.
    fn process_table(&self) -> Vec<ProcessFacts> {
        Vec::new()
    }

    /// A pipe for a component's output: (read end, non-blocking; write end), both closed at exec.
    ///
    /// # Errors
    /// EMFILE and the like.
    fn output_pipe(&self) -> io::Result<(OwnedFd, OwnedFd)>;

    /// Whether programs may write IBM-1047.
    fn writes_ebcdic(&self) -> bool {
        false
    }

    /// The CCSID with which a file or pipe is tagged as text; None where it is not tagged, or the system has no tags.
    fn code_page_of(&self, descriptor: std::os::fd::BorrowedFd<'_>) -> Option<u16> {
        let _ = descriptor;
        None
    }

    /// Starts to deliver operator requests.
    ///
    /// # Errors
    /// When there are no signals or no console to listen to.
    fn listen(&self, listener: OperatorListener) -> Result<(), ListenError>;

    /// Writes a text to the operator's console and the system log: at most 126 characters, the rest is cut off.
    ///
    /// # Errors
    /// Why it is not there.
    fn wto(&self, text: &str) -> io::Result<()>;

    /// Routing and descriptor codes of every WTO from now on. Has a meaning on z/OS only.
    fn set_wto_codes(&self, _codes: WtoCodes) {}

    /// Tells the service manager that started us (systemd), if there is one, in its own format: `READY=1`, `STATUS=text`, `STOPPING=1`.
    fn notify_service_manager(&self, _state: &str) {}

    /// Whether there is a service manager that listens.
    fn has_service_manager(&self) -> bool {
        false
    }

    /// The time within which the service manager wants to hear `WATCHDOG=1` again and again; None: it does not.
    fn watchdog(&self) -> Option<Duration> {
        None
    }

    /// SYSPRINT, where it is a file of the spool that an index can be kept beside.
    fn sysprint_place(&self) -> Option<SysprintPlace> {
        None
    }

    /// Appends to SYSPRINT; blocks while the reader is slow. An error belongs to the first byte that was not written.
    ///
    /// # Errors
    /// The system's; the caller then goes on without SYSPRINT.
    fn write_sysprint(&self, bytes: &[u8]) -> io::Result<()>;

    /// Opens SYSPRINT anew where its file was moved away; whether it did.
    ///
    /// # Errors
    /// The system's; the caller then goes on with the file of before.
    fn reopen_sysprint(&self) -> io::Result<bool> {
        Ok(false)
    }

    /// Issues an operator command. `limit`: how long its answer may take; the system's own bound holds besides.
    ///
    /// # Errors
    /// When the system has no console at which to issue it (NotFound), or refuses: then it was not carried out, and the text has every
    /// refusal.
    fn issue_command(&self, command: &str, limit: Option<Duration>) -> io::Result<CommandAnswer>;

    /// Operator commands are issued by this interface alone. Has a meaning on z/OS only.
    fn issue_commands_through(&self, interface: operator_command::Interface) {
        let _ = interface;
    }

    /// The soft limit of open descriptors that a shell has to set for what it runs, where the launcher has raised its own.
    fn descriptor_limit_of_children(&self) -> Option<u64> {
        None
    }

    /// Called when the runtime directory is known: some services of z/OS are programs below it.
    fn use_runtime(&self, runtime: &std::path::Path) {
        let _ = runtime;
    }

    /// Locks a file for this process (created with mode 600) and writes `holder` into it.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it.
    fn lock_file(&self, path: &std::path::Path, holder: &str) -> Result<FileLock, LockError>;

    /// Locks a file that several users lock, made with `mode` where it is missing. With an empty text what is in it stays.
    ///
    /// # Errors
    /// As [`Platform::lock_file`].
    fn lock_shared_file(&self, path: &std::path::Path, mode: u32, holder: &str) -> Result<FileLock, LockError>;

    /// Whether another process has locked this file by [`Platform::lock_file`]. Locks nothing, not even for a moment.
    ///
    /// # Errors
    /// The system's.
    fn is_locked(&self, file: &std::fs::File) -> io::Result<bool>;

    /// Whether this process can create files in a directory: the system is asked, mode bits are not interpreted.
    fn is_writable_directory(&self, path: &std::path::Path) -> bool;

    /// A path of this very program, for helpers that run as separate processes: it names the running file, even if another one has been
    /// installed in its place meanwhile.
    ///
    /// # Errors
    /// In words, where there is none, or no program is there: a load module has no path of its own.
    fn own_program(&self) -> io::Result<PathBuf>;
}
