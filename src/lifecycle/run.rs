//! Runs lifecycle commands as processes.

use super::script::{Script, script_text};
use crate::config::Environment;
use crate::output::Output;
use crate::platform::process::{OnEnd, Processes};
use crate::platform::{
    ChildEnvironment, Ending, GroupOfChild, Pid, Platform, PreparedEnvironment, SpawnRequest, StopSignal, WaitStatus,
};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the shell is; POSIX has it there, z/OS too.
const SHELL: &str = "/bin/sh";

/// Variable of a stop command: the process id of the component, which is also the id of its process group.
pub const STOPPED_PROCESS: &str = "ZWELNCH_PID";

/// A lifecycle command that could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// ZWEL0064E
    #[error("failed to run command {command} - {why}")]
    Spawn { command: String, why: io::Error },
    /// ZWEL0065E
    #[error("error reading output from command '{command}' - {why}")]
    Output { command: String, why: io::Error },
}

impl ScriptError {
    /// ZWEL0064E or ZWEL0065E.
    pub fn message(&self) -> crate::message::Message {
        match self {
            ScriptError::Spawn { command, why } => crate::message::zwel0064e(command, why),
            ScriptError::Output { command, why } => crate::message::zwel0065e(command, why),
        }
    }
}

/// Runs commands; clones of the `Arc` share what is running, so that all of it can be ended.
pub struct Runner {
    platform: Arc<dyn Platform>,
    processes: Arc<Processes>,
    output: Output,
    /// Empty, read-only: standard input of everything.
    null: File,
    running: Mutex<BTreeSet<Pid>>,
}

impl Runner {
    /// # Errors
    /// When /dev/null cannot be opened.
    pub fn new(platform: Arc<dyn Platform>, processes: Arc<Processes>, output: Output) -> io::Result<Runner> {
        Ok(Runner { platform, processes, output, null: File::open("/dev/null")?, running: Mutex::default() })
    }

    /// Runs a command to its end and returns everything it wrote with its status. The output goes to an unlinked file: it may be of any
    /// size, and a background process that keeps it open delays nothing.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub async fn run_collecting(&self, script: &Script, environment: &Environment) -> Result<(WaitStatus, Vec<u8>), ScriptError> {
        let command = || script.command.file.display().to_string();
        let mut file = crate::platform::unix::temporary_file().map_err(|why| ScriptError::Spawn { command: command(), why })?;
        let status = self.run(script, environment, file.as_fd()).await.map_err(|why| ScriptError::Spawn { command: command(), why })?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(|why| ScriptError::Output { command: command(), why })?;
        Ok((status, bytes))
    }

    /// Runs a command to its end; its output is relayed as it comes.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub async fn run_relaying(&self, name: &str, script: &Script, environment: &Environment) -> Result<WaitStatus, ScriptError> {
        let command = || script.command.file.display().to_string();
        let (reader, writer) = self.platform.output_pipe().map_err(|why| ScriptError::Spawn { command: command(), why })?;
        let ended = self.spawn_script(script, environment, writer.as_fd());
        drop(writer);
        let pipe = self.output.attach(name, reader);
        let status = self.wait(ended).await.map_err(|why| ScriptError::Spawn { command: command(), why })?;
        self.output.drain(pipe);
        Ok(status)
    }

    /// Starts a component: the process and the end of its output pipe that is read. `base` is what all components have in common.
    ///
    /// # Errors
    /// The system's.
    pub fn start(
        &self,
        script: &Script,
        base: &PreparedEnvironment,
        own: &Environment,
        ending: Ending,
        on_end: OnEnd,
    ) -> io::Result<(Pid, std::os::fd::OwnedFd)> {
        let (reader, writer) = self.platform.output_pipe()?;
        let pid = self.spawn(script, base, own, writer.as_fd(), ending, on_end)?;
        Ok((pid, reader))
    }

    /// Runs a component's stop command, within its grace time and with the variable [`STOPPED_PROCESS`], then asks the component to end by
    /// its signal. What it says is relayed. The status of the command; None when it was ended after the grace time.
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
    ) -> Result<Option<WaitStatus>, ScriptError> {
        let mut environment = environment.clone();
        environment.insert(STOPPED_PROCESS.to_owned(), group.to_string().into());
        let result = self.run_bounded(name, script, &environment, ending.grace).await;
        self.processes.signal(group, StopSignal::Terminate);
        result
    }

    async fn run_bounded(
        &self,
        name: &str,
        script: &Script,
        environment: &Environment,
        time: std::time::Duration,
    ) -> Result<Option<WaitStatus>, ScriptError> {
        let failed = |why| ScriptError::Spawn { command: script.command.file.display().to_string(), why };
        let (reader, writer) = self.platform.output_pipe().map_err(failed)?;
        let (pid, receiver) = self.spawn_script(script, environment, writer.as_fd()).map_err(failed)?;
        drop(writer);
        let pipe = self.output.attach(name, reader);
        let ended = self.wait(Ok((pid, receiver)));
        tokio::pin!(ended);
        let in_time = tokio::time::timeout(time, &mut ended).await;
        let status = match in_time {
            Ok(status) => Some(status.map_err(failed)?),
            Err(_) => {
                self.processes.signal(pid, StopSignal::Kill);
                ended.await.map_err(failed)?;
                None
            }
        };
        self.output.drain(pipe);
        Ok(status)
    }

    /// Ends every command that runs: the launcher was told to end while it prepares.
    pub fn kill_all(&self) {
        for group in self.running.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            self.processes.signal(*group, StopSignal::Kill);
        }
    }

    async fn run(&self, script: &Script, environment: &Environment, out: BorrowedFd<'_>) -> io::Result<WaitStatus> {
        let ended = self.spawn_script(script, environment, out);
        self.wait(ended).await
    }

    fn spawn_script(
        &self,
        script: &Script,
        environment: &Environment,
        out: BorrowedFd<'_>,
    ) -> io::Result<(Pid, tokio::sync::oneshot::Receiver<WaitStatus>)> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // Held across the spawn: kill_all must not miss a process that is being made.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let on_end = Box::new(move |status| {
            // Nobody waits any more when the launcher is ending.
            let _ = sender.send(status);
        });
        let pid = self.spawn(script, &PreparedEnvironment::default(), environment, out, Ending::default(), on_end)?;
        running.insert(pid);
        Ok((pid, receiver))
    }

    async fn wait(&self, ended: io::Result<(Pid, tokio::sync::oneshot::Receiver<WaitStatus>)>) -> io::Result<WaitStatus> {
        let (pid, receiver) = ended?;
        let status = receiver.await.map_err(io::Error::other);
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
        status
    }

    fn spawn(
        &self,
        script: &Script,
        base: &PreparedEnvironment,
        own: &Environment,
        out: BorrowedFd<'_>,
        ending: Ending,
        on_end: OnEnd,
    ) -> io::Result<Pid> {
        let own = PreparedEnvironment::new(own)?;
        let request = SpawnRequest {
            program: PathBuf::from(SHELL),
            arguments: vec!["sh".into(), "-c".into(), script_text(script).into()],
            environment: ChildEnvironment { base, own: &own, marker: None },
            descriptors: vec![(self.null.as_fd(), 0), (out, 1), (out, 2)],
            group: GroupOfChild::Own,
        };
        self.processes.spawn(request, ending, on_end)
    }
}
