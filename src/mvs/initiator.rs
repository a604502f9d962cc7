//! The initiator: a process between the console and the launcher, in a session of its own. It starts the step's program, holds the job's
//! entry, takes CANCEL, and writes to SYSLOG how the job ended.
//!
//! It is `zwelnch internal initiator <jobs/STCnnnnn>`. Until the job runs, its standard output is a pipe to the issuer of START, which
//! receives `STARTED` and the lines of the start, or `FAILED` and why. It has no other descriptor of the console.

use crate::message;
use crate::output::one_line;
use crate::platform::files::{RECORD_LIMIT, read_bounded};
use crate::platform::thread::{self, Stack};
use crate::platform::unix::{self, UnixPlatform};
use crate::platform::{ChildEnvironment, End, Environment, GroupOfChild, Pid, Platform, PreparedEnvironment, SignalTarget, SpawnRequest};
use crate::processes::with_descendants;
use crate::system::{
    CONSOLE, CONTROL_DESCRIPTOR, JOB_DIRECTORY, JobDescription, JobEnd, JobEntry, JobKind, Kept, Maker, SystemDirectory, read_line,
    share_lock,
};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The socket beside `control` that takes CANCEL.
pub(super) const SOCKET: &str = "initiator";

/// Descriptor of the control socket in the launcher, as [`CONTROL_DESCRIPTOR`] says.
const CONTROL: i32 = 3;

/// Descriptor of the job's entry in it, which it only keeps open: while it has the lock, the job is not declared ended.
const HELD: i32 = 4;

/// Everything that the initiator needs to know; START leaves it in the job's entry.
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
    /// All of it, except what only the initiator knows.
    pub environment: Vec<(String, String)>,
    pub stdin: PathBuf,
    /// Standard output and standard error, whatever their DD statements are called.
    pub sysprint: PathBuf,
    pub syserr: PathBuf,
}

impl StartedStep {
    const FILE: &str = "step.json";

    /// Writes it into the job's entry with mode 0600, because environments can hold secrets.
    pub(super) fn write(&self, directory: &Path, maker: Maker) -> io::Result<()> {
        maker.file(&directory.join(Self::FILE), &serde_json::to_vec(self)?)
    }

    fn read(directory: &Path) -> io::Result<StartedStep> {
        Ok(serde_json::from_slice(&read_bounded(&directory.join(Self::FILE), RECORD_LIMIT)?)?)
    }
}

/// What the two threads of an initiator share.
#[derive(Debug, Default)]
struct Shared {
    /// The launcher, until it has been reaped: after that its number must not be signalled.
    launcher: Option<Pid>,
    cancelled: bool,
}

/// Runs a job whose entry START has prepared, to its end. Must be called before this process has any thread or descriptor of its own: all
/// descriptors but 0, 1 and 2 are closed. Returns the exit code of the process: 0, or 1 when the job could not be started.
pub fn run(job_directory: &Path) -> i32 {
    // Fails only for the leader of a process group, which then is not a console's child.
    let _ = nix::unistd::setsid();
    unix::process::close_inherited();
    // Signals to a whole session or system end the launcher in its own way; the initiator stays to report how it ended.
    let of_sessions = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGPIPE].map(|signal| signal as i32);
    unix::signals::block(of_sessions.into_iter().chain(unix::signals::harmless()));
    unix::adopt_orphans();
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
    platform: Arc<dyn Platform>,
    system: SystemDirectory,
    step: StartedStep,
    entry: JobEntry,
    shared: Arc<Mutex<Shared>>,
    launcher: Pid,
    lines: Vec<String>,
    /// How many of them could not be written to SYSLOG, and why.
    lost: Option<(usize, io::Error)>,
}

fn begin(job_directory: &Path) -> io::Result<Job> {
    let directory = fs::canonicalize(job_directory)?;
    let path = directory.parent().and_then(Path::parent).ok_or_else(|| io::Error::other("the job's entry is not in a system directory"))?;
    let system = SystemDirectory::open(Some(path))?;
    let step = StartedStep::read(&directory)?;
    // A job must not keep the file system busy in which its console happened to run.
    let home = step.environment.iter().find(|(name, _)| name == "HOME").map(|(_, value)| value.as_str());
    if home.is_none_or(|home| std::env::set_current_dir(home).is_err()) {
        let _ = std::env::set_current_dir("/");
    }
    let cancel = system.maker().listen(&directory.join(SOCKET))?;
    let mut entry = system.register_job(JobDescription {
        job_name: step.job_name.clone(),
        identifier: step.identifier.clone(),
        job_id: step.job_id.clone(),
        kind: JobKind::StartedTask,
        pid: nix::unistd::getpid().as_raw(),
    })?;
    let cancel = entry.keep(SOCKET, cancel)?;
    // The program may write at once; the lines of SYSLOG about its start come before that.
    let (lines, told) = system.announce_started(&step.job_name, &step.job_id);
    let lost = told.err().map(|error| (lines.len(), error));
    let platform: Arc<dyn Platform> = Arc::new(UnixPlatform::for_command());
    let launcher = match spawn(&*platform, &step, &entry, &system) {
        Ok(launcher) => launcher,
        Err(error) => {
            // The issuer of START, who is told of the error, learns by itself that SYSLOG cannot be written.
            let _ = system.announce_ended(&step.job_name, &step.step_name, &step.job_id, JobEnd::Unknown);
            let _ = entry.end();
            return Err(error);
        }
    };
    // If this fails, D A,job shows the initiator's number; the job runs all the same.
    let _ = entry.set_pid(launcher);
    let shared = Arc::new(Mutex::new(Shared { launcher: Some(launcher), cancelled: false }));
    let for_thread = (Arc::clone(&platform), Arc::clone(&shared));
    thread::spawn("cancel", Stack::Usual, move || take_cancels(&*for_thread.0, cancel, &for_thread.1))?;
    Ok(Job { platform, system, step, entry, shared, launcher, lines, lost })
}

impl Job {
    /// Waits for the launcher to end, and ends the job.
    fn attend(self) {
        let end = self.wait();
        if matches!(end, JobEnd::Cancelled | JobEnd::Signal(_)) {
            end_all_below(&*self.platform);
        }
        // First the entry, then the message: whoever has read $HASP395 finds the job gone.
        let _ = self.entry.end();
        let (lines, told) = self.system.announce_ended(&self.step.job_name, &self.step.step_name, &self.step.job_id, end);
        let at_start = self.lost.as_ref().map_or(0, |(count, _)| *count);
        let lost = match told {
            Err(error) => Some((at_start + lines.len(), error)),
            Ok(()) => self.lost,
        };
        let sysprint = lost.map(|(count, error)| message::console_lines_not_written(count, error));
        if let (Some(message), Ok(mut file)) = (sysprint, open_spool(&self.system, &self.step.sysprint)) {
            // If SYSPRINT cannot be written either, there is nobody left to tell.
            let _ = file.write_all(format!("{}\n", one_line(message.text())).as_bytes());
        }
        if let Err(error) = self.system.shorten_spool() {
            let _ = self.system.append_syslog(CONSOLE, "", message::limits_not_kept(error).text());
        }
    }

    /// Reaps the launcher and, before it, whatever was orphaned below it.
    fn wait(&self) -> JobEnd {
        while self.platform.wait_for_end() {
            // Held while its number may be reused: nobody may signal it then.
            let mut shared = lock(&self.shared);
            while let Some((pid, status)) = self.platform.reap() {
                if pid == self.launcher {
                    shared.launcher = None;
                    return match status.end {
                        _ if shared.cancelled => JobEnd::Cancelled,
                        End::Exited(code) => JobEnd::Code(code),
                        End::Signaled(signal) => JobEnd::Signal(signal),
                    };
                }
            }
        }
        JobEnd::Unknown
    }
}

/// Serves CANCEL, one connection after another, for the life of the process.
fn take_cancels(platform: &dyn Platform, mut socket: Kept, shared: &Mutex<Shared>) {
    loop {
        // It has nobody to tell what it makes anew: the launcher says it of its own socket.
        let Ok(mut stream) = socket.accept(&mut |_| ()) else {
            // For the moment there is no descriptor for it.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        if !socket.maker().allows(&stream).unwrap_or(false) {
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
                platform.send(SignalTarget::Process(launcher), unix::SIGKILL);
                "ACCEPTED\n"
            }
            None => "REJECTED ENDING\n",
        };
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// Starts the step's program with its standard streams on the spool and the job's control socket at descriptor 3.
fn spawn(platform: &dyn Platform, step: &StartedStep, entry: &JobEntry, system: &SystemDirectory) -> io::Result<Pid> {
    let (stdin, sysprint, syserr) = (open_input(&step.stdin)?, open_output(system, &step.sysprint)?, open_output(system, &step.syserr)?);
    let (control, held) = (above_those_of_the_child(entry.listener())?, above_those_of_the_child(entry.held())?);
    // A variable with an empty name is dropped.
    let named = step.environment.iter().filter(|(name, _)| !name.is_empty());
    let environment: Environment = named.map(|(name, value)| (name.clone(), value.into())).collect();
    let own = Environment::from([
        (JOB_DIRECTORY.to_owned(), entry.record().directory().into()),
        (CONTROL_DESCRIPTOR.to_owned(), CONTROL.to_string().into()),
        ("JOBNAME".to_owned(), step.job_name.clone().into()),
    ]);
    let (environment, own) = (PreparedEnvironment::new(&environment)?, PreparedEnvironment::new(&own)?);
    let request = SpawnRequest {
        program: step.program.clone(),
        arguments: std::iter::once(&step.name).chain(&step.arguments).map(OsString::from).collect(),
        environment: ChildEnvironment { base: &environment, own: &own, marker: None },
        descriptors: vec![(stdin.as_fd(), 0), (sysprint.as_fd(), 1), (syserr.as_fd(), 2), (control.as_fd(), CONTROL), (held.as_fd(), HELD)],
        group: GroupOfChild::Own,
        control_group: None,
    };
    let why = |error: io::Error| error.raw_os_error().map_or_else(|| error.to_string(), |number| Errno::from_raw(number).desc().to_owned());
    platform.spawn(&request).map_err(|error| io::Error::other(format!("{}: {}", step.program.display(), why(error))))
}

/// A copy whose number does not collide with those given to the child.
fn above_those_of_the_child(descriptor: impl AsFd) -> io::Result<OwnedFd> {
    let copy = fcntl(descriptor, FcntlArg::F_DUPFD_CLOEXEC(10))?;
    // SAFETY: F_DUPFD_CLOEXEC has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Opens an output, appended to. Who keeps the spool within its limits sees by the lock that somebody may still write to it.
fn open_output(system: &SystemDirectory, path: &Path) -> io::Result<File> {
    let file = open_spool(system, path)?;
    share_lock(&file);
    Ok(file)
}

/// Opens a standard input. It may be a FIFO that nobody writes to, which must not keep START waiting.
fn open_input(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(file)
}

/// On the spool, or a path of the step's.
fn open_spool(system: &SystemDirectory, path: &Path) -> io::Result<File> {
    if path.starts_with(system.path()) {
        return system.maker().append(path);
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Ends and reaps every process below this one. Each that ends may leave children to us, so this repeats until there are none.
fn end_all_below(platform: &dyn Platform) {
    let own = nix::unistd::getpid().as_raw();
    loop {
        for pid in with_descendants(platform, &[own], &|_| false).into_iter().filter(|pid| *pid != own) {
            platform.send(SignalTarget::Process(pid), unix::SIGKILL);
        }
        if !platform.wait_for_end() {
            return;
        }
        while platform.reap().is_some() {}
    }
}

/// Reports to the issuer of START and closes the pipe to it: from here on standard output is the null device.
fn report(first: &str, lines: &[String]) {
    let mut text = format!("{first}\n");
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    // There may be nobody left to read it; the job goes on.
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    if let Ok(null) = OpenOptions::new().write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(&null);
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
