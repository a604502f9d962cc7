//! A program that a command runs beside itself and waits for: see [`RunningProgram`].

use crate::platform::End;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks whether a program with a time limit has ended.
const INTERVAL: Duration = Duration::from_millis(50);

/// A program that was begun without a shell and with nothing to read.
pub struct RunningProgram(Child);

impl RunningProgram {
    /// Begins it, with variables beside those of this process. `is_read`: its output is read by [`RunningProgram::output`] and
    /// [`RunningProgram::errors`]; else standard output is dropped, and standard error is this process's.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(program: &Path, arguments: &[OsString], variables: &[(String, String)], is_read: bool) -> io::Result<RunningProgram> {
        let mut command = Command::new(program);
        command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        if is_read {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        } else {
            command.stdout(Stdio::null());
        }
        command.spawn().map(RunningProgram)
    }

    /// What it writes to standard output; once.
    pub fn output(&mut self) -> Option<impl Read + Send + 'static> {
        self.0.stdout.take()
    }

    /// What it writes to standard error; once.
    pub fn errors(&mut self) -> Option<impl Read + Send + 'static> {
        self.0.stderr.take()
    }

    /// Waits for its end. None: the time was over, and it was killed.
    ///
    /// # Errors
    /// The system's.
    pub fn wait(mut self, limit: Option<Duration>) -> io::Result<Option<End>> {
        let end = |status: std::process::ExitStatus| status.code().map_or(End::Signaled(status.signal().unwrap_or(0)), End::Exited);
        let Some(limit) = limit else { return self.0.wait().map(end).map(Some) };
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(end(status)));
            }
            if Instant::now() > until {
                self.0.kill()?;
                self.0.wait()?;
                return Ok(None);
            }
            std::thread::sleep(INTERVAL);
        }
    }
}
