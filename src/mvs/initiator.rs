//! The initiator: a process of its own between the console and the launcher, in a session of its own, that starts the step's program,
//! holds the job's entry, takes CANCEL, and tells SYSLOG how the job ended.
//!
//! It is `zwelnch internal initiator <jobs/STCnnnnn>`. Its standard output is a pipe to whoever issued START until the job runs;
//! `STARTED` and the lines of the start, or `FAILED` and why, go there. It has no other descriptor of the console's.

use crate::platform::files::{RECORD_LIMIT, read_bounded};
use crate::platform::unix::signals;
use crate::platform::unix::system::{JobDescription, JobEnd, JobEntry, JobKind, SystemDirectory, listen_at, peer_is_allowed, read_line};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The socket beside `control` that takes CANCEL.
pub(super) const SOCKET: &str = "initiator";

/// Descriptor of the control socket in the launcher, as ZWELNCH_CONTROL_FD says.
const CONTROL_DESCRIPTOR: i32 = 3;

/// All that the initiator needs to know, left for it in the job's entry by START.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StartedStep {
    pub job_name: String,
    pub identifier: String,
    pub step_name: String,
    pub job_id: String,
    /// The zeroth argument.
    pub name: String,
    pub program: PathBuf,
    /// Without the zeroth.
    pub arguments: Vec<String>,
    /// The whole of it, but for what only the initiator knows.
    pub environment: Vec<(String, String)>,
    pub stdin: PathBuf,
    /// Standard output and standard error, whatever their DD statements are called.
    pub sysprint: PathBuf,
    pub syserr: PathBuf,
}

impl StartedStep {
    const FILE: &str = "step.json";

    /// Leaves it in the job's entry, mode 0600: environments can hold secrets.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(Self::FILE))?;
        file.write_all(&serde_json::to_vec(self)?)
    }

    fn read(directory: &Path) -> io::Result<StartedStep> {
        Ok(serde_json::from_slice(&read_bounded(&directory.join(Self::FILE), RECORD_LIMIT)?)?)
    }
}

/// What the two threads of an initiator share.
#[derive(Debug, Default)]
struct Shared {
    /// The launcher, until it has been reaped: its number is not to be signalled afterwards.
    launcher: Option<Pid>,
    cancelled: bool,
}

/// Runs a job whose entry START has prepared, to its end. To be called before any thread or descriptor of this process exists: all
/// descriptors but 0, 1 and 2 are closed. Returns the exit code of the process: 0, or 1 when the job could not be started.
pub fn run(job_directory: &Path) -> i32 {
    // Fails only for the leader of a process group, which is nobody's child of a console then.
    let _ = nix::unistd::setsid();
    close_inherited();
    // Signals to a whole session or system end the launcher in its own way; the initiator is there to tell how it ended.
    let mut shielded = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGPIPE] {
        shielded.add(signal);
    }
    let _ = shielded.thread_block();
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = nix::sys::prctl::set_child_subreaper(true);
    match begin(job_directory) {
        Ok(job) => {
            report("STARTED", &job.lines);
            job.attend();
            0
        }
        Err(error) => {
            report(&format!("FAILED {}", error.to_string().replace('\n', " ")), &[]);
            1
        }
    }
}

/// A job that runs.
struct Job {
    system: SystemDirectory,
    step: StartedStep,
    entry: JobEntry,
    shared: Arc<Mutex<Shared>>,
    launcher: Pid,
    lines: Vec<String>,
}

fn begin(job_directory: &Path) -> io::Result<Job> {
    let directory = fs::canonicalize(job_directory)?;
    let path = directory.parent().and_then(Path::parent).ok_or_else(|| io::Error::other("the job's entry is not in a system directory"))?;
    let system = SystemDirectory::open(Some(path))?;
    let step = StartedStep::read(&directory)?;
    // A job must not keep the file system busy that its console happened to stand in.
    let home = step.environment.iter().find(|(name, _)| name == "HOME").map(|(_, value)| value.as_str());
    if home.is_none_or(|home| std::env::set_current_dir(home).is_err()) {
        let _ = std::env::set_current_dir("/");
    }
    let cancel = listen_at(&directory.join(SOCKET))?;
    let mut entry = system.register_job(JobDescription {
        job_name: step.job_name.clone(),
        identifier: step.identifier.clone(),
        job_id: step.job_id.clone(),
        kind: JobKind::StartedTask,
        pid: nix::unistd::getpid().as_raw(),
    })?;
    // The program may speak at once; what SYSLOG says of its start comes before that.
    let lines = system.announce_started(&step.job_name, &step.job_id);
    let launcher = match spawn(&step, &entry, &directory) {
        Ok(launcher) => launcher,
        Err(error) => {
            system.announce_ended(&step.job_name, &step.step_name, &step.job_id, JobEnd::Unknown);
            let _ = entry.end();
            return Err(error);
        }
    };
    // D A,job shows the initiator's number if this fails; the job runs all the same.
    let _ = entry.set_pid(launcher.as_raw());
    let shared = Arc::new(Mutex::new(Shared { launcher: Some(launcher), cancelled: false }));
    let for_thread = Arc::clone(&shared);
    std::thread::Builder::new().name("cancel".to_owned()).spawn(move || take_cancels(&cancel, &for_thread))?;
    Ok(Job { system, step, entry, shared, launcher, lines })
}

impl Job {
    /// Waits for the launcher to end, and ends the job.
    fn attend(self) {
        let end = self.wait();
        if matches!(end, JobEnd::Cancelled | JobEnd::Signal(_)) {
            end_all_below();
        }
        // First the entry, then the word of it: who has read $HASP395 finds the job gone.
        let _ = self.entry.end();
        self.system.announce_ended(&self.step.job_name, &self.step.step_name, &self.step.job_id, end);
    }

    /// Reaps the launcher, and on the way whatever was orphaned below it.
    fn wait(&self) -> JobEnd {
        loop {
            let ended = match next_ended() {
                Ok(ended) => ended,
                Err(Errno::EINTR) => continue,
                Err(_) => return JobEnd::Unknown,
            };
            let mut shared = lock(&self.shared);
            if ended == Some(self.launcher) {
                shared.launcher = None;
            }
            let status = waitpid(ended.unwrap_or(self.launcher), None);
            match status {
                Ok(WaitStatus::Exited(pid, code)) if pid == self.launcher && !shared.cancelled => return JobEnd::Code(code),
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid == self.launcher && !shared.cancelled => {
                    return JobEnd::Signal(signal as i32);
                }
                Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _)) if pid == self.launcher => return JobEnd::Cancelled,
                Err(Errno::ECHILD) => return JobEnd::Unknown,
                _ => {}
            }
        }
    }
}

/// Which child has ended, still unreaped, so that its number cannot be given to another process yet.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn next_ended() -> nix::Result<Option<Pid>> {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).map(|status| status.pid())
}

/// Elsewhere nothing is orphaned to the initiator: the launcher is its only child.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn next_ended() -> nix::Result<Option<Pid>> {
    Ok(None)
}

/// Serves CANCEL, one connection after another, as long as the process lives.
fn take_cancels(listener: &UnixListener, shared: &Mutex<Shared>) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        if !peer_is_allowed(&stream).unwrap_or(false) {
            let _ = stream.write_all(b"REJECTED NOT AUTHORIZED\n");
            continue;
        }
        match read_line(&stream, Duration::from_secs(5)) {
            Ok(Some(line)) if line.trim_end() == "CANCEL" => {}
            Ok(Some(_)) => {
                let _ = stream.write_all(b"REJECTED NOT A COMMAND OF THE INITIATOR\n");
                continue;
            }
            _ => continue,
        }
        let mut shared = lock(shared);
        let answer = match shared.launcher {
            Some(launcher) => {
                shared.cancelled = true;
                let _ = kill(launcher, Signal::SIGKILL);
                "ACCEPTED\n"
            }
            None => "REJECTED ENDING\n",
        };
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// Starts the step's program, its standard streams on the spool, the job's control socket at descriptor 3.
fn spawn(step: &StartedStep, entry: &JobEntry, directory: &Path) -> io::Result<Pid> {
    let sysprint = open_spool(&step.sysprint)?;
    let syserr = open_spool(&step.syserr)?;
    // Out of the way of the numbers that are given away.
    let control = fcntl(entry.listener(), FcntlArg::F_DUPFD_CLOEXEC(10))?;
    // SAFETY: F_DUPFD_CLOEXEC has just made this descriptor, and nobody else knows it.
    let control = unsafe { OwnedFd::from_raw_fd(control) };
    let mut actions = PosixSpawnFileActions::init()?;
    let stdin = open_input(&step.stdin)?;
    actions.add_dup2(stdin.as_raw_fd(), 0)?;
    actions.add_dup2(sysprint.as_raw_fd(), 1)?;
    actions.add_dup2(syserr.as_raw_fd(), 2)?;
    actions.add_dup2(control.as_raw_fd(), CONTROL_DESCRIPTOR)?;
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    attributes.set_sigdefault(&signals::defaulted())?;
    attributes.set_sigmask(&SigSet::empty())?;
    let text = |text: &str| CString::new(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error));
    let mut arguments = vec![text(&step.name)?];
    for argument in &step.arguments {
        arguments.push(text(argument)?);
    }
    let own = [
        ("ZWELNCH_JOB_DIRECTORY", directory.display().to_string()),
        ("ZWELNCH_CONTROL_FD", CONTROL_DESCRIPTOR.to_string()),
        ("JOBNAME", step.job_name.clone()),
    ];
    let mut environment = Vec::new();
    for (name, value) in step.environment.iter().filter(|(name, _)| own.iter().all(|(known, _)| known != name)) {
        environment.push(text(&format!("{name}={value}"))?);
    }
    for (name, value) in own {
        environment.push(text(&format!("{name}={value}"))?);
    }
    let program = CString::new(step.program.as_os_str().as_bytes()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    posix_spawn(program.as_c_str(), &actions, &attributes, &arguments, &environment)
        .map_err(|errno| io::Error::other(format!("{}: {}", step.program.display(), errno.desc())))
}

/// Opens a standard input. It may be a FIFO that nobody writes to: that must not keep START waiting.
fn open_input(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(file)
}

fn open_spool(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Ends and reaps every process below this one. Each that ends may leave children to us, so it is done until there is none.
fn end_all_below() {
    loop {
        for pid in descendants(nix::unistd::getpid().as_raw()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        match waitpid(None, None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// All processes below one, from /proc; none where there is no /proc, and there nothing is orphaned to the initiator either.
fn descendants(root: i32) -> Vec<i32> {
    let mut children: std::collections::HashMap<i32, Vec<i32>> = std::collections::HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent_in_stat(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        found.extend(&below);
        next.extend(below);
    }
    found
}

/// The fourth field of /proc/PID/stat; the second, the program's name, stands in parentheses and may hold anything.
fn parent_in_stat(stat: &[u8]) -> Option<i32> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    std::str::from_utf8(stat.get(after_name..)?).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Tells whoever issued START, and lets go of the pipe to it: from here on standard output is the null device.
fn report(first: &str, lines: &[String]) {
    let mut text = format!("{first}\n");
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    // Nobody may be there to hear it any more; the job goes on.
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    if let Ok(null) = OpenOptions::new().write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(&null);
    }
}

/// Closes what was inherited besides the standard streams.
fn close_inherited() {
    let descriptors = fs::read_dir("/dev/fd").map(|entries| {
        entries.flatten().filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok())).collect::<Vec<_>>()
    });
    for descriptor in descriptors.unwrap_or_default().into_iter().filter(|descriptor| *descriptor > 2) {
        // The descriptor of the listing itself is closed already: EBADF.
        let _ = nix::unistd::close(descriptor);
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_parentheses_hides_no_parent() {
        assert_eq!(parent_in_stat(b"12 (a) b 7) S 34 12 12 0"), Some(34));
        assert_eq!(parent_in_stat(b"12 (a"), None);
        assert_eq!(parent_in_stat(b""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_below_its_parent() {
        let own = nix::unistd::getpid().as_raw();
        assert!(descendants(nix::unistd::getppid().as_raw()).contains(&own));
        assert!(!descendants(own).contains(&own));
    }
}
