//! A program that a command runs beside itself and waits for: see [`RunningProgram`].

use super::{ZosPlatform, run, shim};
use crate::platform::operator_command::RanTo;
use crate::platform::unix::process;
use crate::platform::{ChildEnvironment, End, GroupOfChild, Pid, Platform, PreparedEnvironment, SpawnRequest};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// A program that was begun without a shell and with nothing to read.
pub struct RunningProgram {
    pid: Pid,
    output: Option<Pipe>,
    errors: Option<Pipe>,
}

/// The end of a pipe that does not block, read as if it did.
struct Pipe(File);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    // EINTR: it is read again.
                    let _ = poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE);
                }
                result => return result,
            }
        }
    }
}

impl RunningProgram {
    /// Begins it, with variables beside those of this process. `is_read`: its output is read by [`RunningProgram::output`] and
    /// [`RunningProgram::errors`]; else standard output is dropped, and standard error is this process's.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(program: &Path, arguments: &[OsString], variables: &[(String, String)], is_read: bool) -> io::Result<RunningProgram> {
        let null = File::options().read(true).write(true).open("/dev/null")?;
        let mut environment = process::inherited_environment();
        environment.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
        let environment = PreparedEnvironment::new(&environment)?;
        let nothing = PreparedEnvironment::default();
        let (output, errors) = (process::output_pipe()?, process::output_pipe()?);
        let standard_error = io::stderr();
        let descriptors = if is_read {
            vec![(null.as_fd(), 0), (output.1.as_fd(), 1), (errors.1.as_fd(), 2)]
        } else {
            vec![(null.as_fd(), 0), (null.as_fd(), 1), (standard_error.as_fd(), 2)]
        };
        let request = SpawnRequest {
            program: program.to_path_buf(),
            arguments: std::iter::once(program.as_os_str().to_owned()).chain(arguments.iter().cloned()).collect(),
            environment: ChildEnvironment { base: &environment, own: &nothing, marker: None },
            descriptors,
            group: GroupOfChild::Own,
            control_group: None,
        };
        let pid = ZosPlatform::for_command().spawn(&request)?;
        let read = |reader| is_read.then(|| Pipe(File::from(reader)));
        Ok(RunningProgram { pid, output: read(output.0), errors: read(errors.0) })
    }

    /// What it writes to standard output; once.
    pub fn output(&mut self) -> Option<impl Read + Send + 'static> {
        self.output.take()
    }

    /// What it writes to standard error; once.
    pub fn errors(&mut self) -> Option<impl Read + Send + 'static> {
        self.errors.take()
    }

    /// Waits for its end. None: the time was over, and it was killed.
    ///
    /// # Errors
    /// The system's.
    pub fn wait(self, limit: Option<Duration>) -> io::Result<Option<End>> {
        let Some(limit) = limit else {
            let ended = shim::reap(Some(self.pid), false)?;
            return Ok(ended.map(|(_, status)| status.end));
        };
        Ok(match run::end_of(&ZosPlatform::for_command(), self.pid, Instant::now() + limit) {
            Some(RanTo::Exit(code)) => Some(End::Exited(code)),
            Some(RanTo::Signal(number)) => Some(End::Signaled(number)),
            _ => None,
        })
    }
}
