//! Runs lifecycle commands as processes.

mod in_turn;

pub use in_turn::Unsaid;

use super::script::{Script, script_text};
use super::shell::Shells;
use crate::component::CommandLine;
use crate::config::{Environment, secrets};
use crate::output::{Output, Verbosity};
use crate::platform::{
    ChildEnvironment, Ending, GroupOfChild, Pid, Platform, PreparedEnvironment, SpawnRequest, StopSignal, WaitStatus, unix,
};
use crate::processes::{OnEnd, Processes};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The standard input of every process that has no other one.
pub const NO_INPUT: &str = "/dev/null";

/// Variable of a stop command: the process id of the component, which is also the id of its process group.
pub(super) const STOPPED_PROCESS: &str = "ZWELNCH_PID";

/// Between SIGTERM and SIGKILL for a command that was given enough time.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// A lifecycle command that could not be run at all: ZWEL0064E.
#[derive(Debug, thiserror::Error)]
#[error("failed to run command {command} - {why}")]
pub struct ScriptError {
    command: String,
    why: io::Error,
}

impl ScriptError {
    fn of(script: &Script, why: io::Error) -> ScriptError {
        ScriptError { command: script.command.file.display().to_string(), why }
    }

    /// ZWEL0064E.
    pub fn message(&self) -> crate::message::Message {
        crate::message::command_not_run(&self.command, &self.why)
    }
}

/// How a command that was waited for ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    pub status: WaitStatus,
    /// It was ended because its time was over.
    pub timed_out: bool,
    /// It left processes in its group, which were ended.
    pub left_running: bool,
}

/// Runs commands; clones of the `Arc` share what is running, so that all of it can be ended.
pub struct Runner {
    platform: Arc<dyn Platform>,
    processes: Arc<Processes>,
    output: Output,
    /// Empty, read-only: standard input of everything.
    null: File,
    /// Where the output goes that nobody sees.
    sink: File,
    shells: Shells,
    running: Mutex<BTreeSet<Pid>>,
    /// Set by [`Runner::kill_all`]: only stop commands are run from then on.
    ending: AtomicBool,
    /// Variables that debug lines have shown: each value once.
    shown: Mutex<Environment>,
}

impl Runner {
    /// # Errors
    /// When [`NO_INPUT`] cannot be opened.
    pub fn new(platform: Arc<dyn Platform>, processes: Arc<Processes>, output: Output) -> io::Result<Runner> {
        Ok(Runner {
            platform,
            processes,
            output,
            null: File::open(NO_INPUT)?,
            sink: File::options().write(true).open("/dev/null")?,
            shells: Shells::find(),
            running: Mutex::default(),
            ending: AtomicBool::new(false),
            shown: Mutex::default(),
        })
    }

    /// The shells that run the commands.
    pub fn shells(&self) -> &Shells {
        &self.shells
    }

    /// Shows variables in debug lines, secrets masked: those that were not shown before, or with another value; all of them in a trace.
    pub fn show_variables(&self, environment: &Environment) {
        if self.output.verbosity() < Verbosity::Debug {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in environment {
            let news = shown.get(name) != Some(value);
            if news || self.output.verbosity() == Verbosity::Trace {
                self.output.debug(|| format!("variable: {name}={}", secrets::shown_variable(name, &value.to_string_lossy())));
            }
            if news {
                shown.insert(name.clone(), value.clone());
            }
        }
    }

    fn show_script(&self, script: &Script, own: &Environment) {
        self.output.debug(|| {
            let command = std::iter::once(script.command.file.display().to_string());
            let words: Vec<String> = command.chain(script.command.arguments.iter().map(|argument| shown_argument(argument))).collect();
            format!("command: in {}: {} with {}", script.directory.display(), words.join(" "), self.shells.of(script).display())
        });
        self.show_variables(own);
        self.output.trace(|| {
            let arguments = script.command.arguments.iter().map(|argument| shown_argument(argument)).collect();
            let shown = Script { command: CommandLine { arguments, ..script.command.clone() }, ..script.clone() };
            format!("command: the shell is given {}", self.shell_text(&shown))
        });
    }

    /// What the shell is given: the command, with the limits that it would have without the launcher.
    fn shell_text(&self, script: &Script) -> String {
        let limit = self.platform.descriptor_limit_of_children().map(|limit| format!("ulimit -S -n {limit}\n"));
        limit.unwrap_or_default() + &script_text(script)
    }

    /// Runs a command to its end, or until `bound` is over. Nobody sees what it writes.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub async fn run_unheard(&self, script: &Script, environment: &Environment, bound: Duration) -> Result<Finished, ScriptError> {
        let run = async {
            self.check_not_ending()?;
            self.wait(self.spawn_script(script, environment, self.sink.as_fd()), after(Some(bound))).await
        };
        run.await.map_err(|why| ScriptError::of(script, why))
    }

    /// Runs a program, not a lifecycle command, to its end or until `bound` is over; what it wrote to both descriptors, at most `limit`
    /// bytes of it.
    ///
    /// # Errors
    /// The system's.
    pub async fn run_program(
        &self,
        program: &Path,
        arguments: &[&str],
        environment: &Environment,
        bound: Duration,
        limit: u64,
    ) -> io::Result<(Finished, Vec<u8>)> {
        let mut file = unix::temporary_file()?;
        self.output.debug(|| {
            let words: Vec<String> = arguments.iter().map(|argument| shown_argument(argument)).collect();
            format!("command: {} {}", program.display(), words.join(" "))
        });
        let all = std::iter::once(program.as_os_str().to_owned()).chain(arguments.iter().map(Into::into));
        let own = PreparedEnvironment::new(environment)?;
        let base = PreparedEnvironment::default();
        let request = SpawnRequest {
            program: program.to_path_buf(),
            arguments: all.collect(),
            environment: ChildEnvironment { base: &base, own: &own, marker: None },
            descriptors: vec![(self.null.as_fd(), 0), (file.as_fd(), 1), (file.as_fd(), 2)],
            group: GroupOfChild::Own,
            control_group: None,
        };
        let ended = self.spawn_waited(|on_end| self.processes.spawn(request, Ending::default(), on_end));
        let finished = self.wait(ended, after(Some(bound))).await?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.take(limit).read_to_end(&mut bytes)?;
        Ok((finished, bytes))
    }

    /// Starts a component: the process and the end of its output pipe that is read. `base` is what all components have in common, `input`
    /// its standard input, empty where there is none.
    ///
    /// # Errors
    /// The system's.
    pub fn start(
        &self,
        script: &Script,
        base: &PreparedEnvironment,
        own: &Environment,
        input: Option<BorrowedFd<'_>>,
        ending: Ending,
        on_end: OnEnd,
    ) -> io::Result<(Pid, OwnedFd)> {
        let (reader, writer) = self.platform.output_pipe()?;
        let streams = (input.unwrap_or(self.null.as_fd()), writer.as_fd());
        let pid = self.spawn(script, base, own, streams, ending, on_end)?;
        Ok((pid, reader))
    }

    /// Runs a component's stop command, for at most three quarters of its grace time (the rest is left for the signal), with the variable
    /// `ZWELNCH_PID`, then asks the component to end by its signal. What it says is relayed.
    ///
    /// # Errors
    /// [`ScriptError`]; the component was told to end all the same.
    pub async fn stop(
        &self,
        name: &str,
        script: &Script,
        environment: &Environment,
        group: Pid,
        ending: Ending,
    ) -> Result<Finished, ScriptError> {
        let mut environment = environment.clone();
        environment.insert(STOPPED_PROCESS.to_owned(), group.to_string().into());
        let result = self.run_relaying_within(name, script, &environment, Some(ending.grace * 3 / 4)).await;
        self.processes.signal(group, StopSignal::Terminate);
        result.map_err(|why| ScriptError::of(script, why))
    }

    /// True once [`Runner::kill_all`] was called.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    fn check_not_ending(&self) -> io::Result<()> {
        if self.is_ending() { Err(io::Error::new(io::ErrorKind::Interrupted, "the launcher is ending")) } else { Ok(()) }
    }

    /// Ends every command that runs, and runs none from now on but stop commands: the launcher was told to end.
    pub fn kill_all(&self) {
        self.ending.store(true, Ordering::Relaxed);
        for group in self.running.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            self.processes.signal(*group, StopSignal::Kill);
        }
    }

    fn spawn_script(
        &self,
        script: &Script,
        environment: &Environment,
        out: BorrowedFd<'_>,
    ) -> io::Result<(Pid, tokio::sync::oneshot::Receiver<WaitStatus>)> {
        self.spawn_waited(|on_end| {
            self.spawn(script, &PreparedEnvironment::default(), environment, (self.null.as_fd(), out), Ending::default(), on_end)
        })
    }

    /// Spawns a process that is waited for and that [`Runner::kill_all`] ends.
    fn spawn_waited(&self, spawn: impl FnOnce(OnEnd) -> io::Result<Pid>) -> io::Result<(Pid, tokio::sync::oneshot::Receiver<WaitStatus>)> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // Held across the spawn: kill_all must not miss a process that is being made.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let on_end = Box::new(move |status, _| {
            // The receiver has gone when the launcher is ending.
            let _ = sender.send(status);
        });
        let pid = spawn(on_end)?;
        running.insert(pid);
        Ok((pid, receiver))
    }

    /// Waits for a command, or ends it when its time is over. Processes that it leaves running are ended with it, because nothing would
    /// supervise them.
    async fn wait(
        &self,
        ended: io::Result<(Pid, tokio::sync::oneshot::Receiver<WaitStatus>)>,
        time_is_over: impl Future<Output = ()>,
    ) -> io::Result<Finished> {
        let (pid, mut receiver) = ended?;
        let mut waited = Waited { runner: self, pid, is_over: false };
        let in_time = unless(time_is_over, &mut receiver).await;
        let timed_out = in_time.is_none();
        let status = match in_time {
            Some(status) => status,
            None => {
                self.processes.signal(pid, StopSignal::Terminate);
                match unless(after(Some(LAST_GRACE)), &mut receiver).await {
                    Some(status) => status,
                    None => {
                        self.processes.signal(pid, StopSignal::Kill);
                        receiver.await
                    }
                }
            }
        };
        waited.is_over = true;
        drop(waited);
        let left_running = self.processes.signal(pid, StopSignal::Kill);
        let status = status.map_err(io::Error::other)?;
        self.output.debug(|| {
            let why = if timed_out { ", as its time was over" } else { "" };
            format!("command: process {pid} ended with {}{why}", status.end)
        });
        Ok(Finished { status, timed_out, left_running })
    }

    fn spawn(
        &self,
        script: &Script,
        base: &PreparedEnvironment,
        own: &Environment,
        (input, out): (BorrowedFd<'_>, BorrowedFd<'_>),
        ending: Ending,
        on_end: OnEnd,
    ) -> io::Result<Pid> {
        self.show_script(script, own);
        let own = PreparedEnvironment::new(own)?;
        let request = SpawnRequest {
            program: self.shells.of(script).to_path_buf(),
            arguments: vec!["sh".into(), "-c".into(), self.shell_text(script).into()],
            environment: ChildEnvironment { base, own: &own, marker: None },
            descriptors: vec![(input, 0), (out, 1), (out, 2)],
            group: GroupOfChild::Own,
            control_group: None,
        };
        self.processes.spawn(request, ending, on_end)
    }
}

/// A command that is being waited for. Dropping this ends the command.
struct Waited<'a> {
    runner: &'a Runner,
    pid: Pid,
    is_over: bool,
}

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        self.runner.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
        if !self.is_over {
            self.runner.processes.signal(self.pid, StopSignal::Kill);
        }
    }
}

/// An argument as debug lines show it: the value of `--name=value` and `name=value` is masked where the name says that it is a secret.
fn shown_argument(argument: &str) -> String {
    match argument.split_once('=') {
        Some((name, value)) => format!("{name}={}", secrets::shown_variable(name, value)),
        None if secrets::is_secret_text(argument) => secrets::MASK.to_owned(),
        None => argument.to_owned(),
    }
}

/// What happens, unless the other thing happens before it: then None.
async fn unless<T>(other: impl Future<Output = ()>, awaited: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        happened = awaited => Some(happened),
        () = other => None,
    }
}

async fn after(bound: Option<Duration>) {
    match bound {
        Some(bound) => tokio::time::sleep(bound).await,
        None => std::future::pending().await,
    }
}
