//! Runs a program of the system to its end, with a bound on its time and on what is kept of its output.

use super::{ZosPlatform, shim};
use crate::platform::operator_command::{Ran, RanTo};
use crate::platform::thread::{self, Stack};
use crate::platform::unix::process;
use crate::platform::{ChildEnvironment, End, GroupOfChild, Pid, Platform, PreparedEnvironment, SignalTarget, SpawnRequest, code_page};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What is kept of a program's output, in bytes.
const OUTPUT_LIMIT: usize = 1024 * 1024;

/// How long a program that was killed may take to be gone.
const KILLED: Duration = Duration::from_secs(5);

/// Runs a program; what it writes to standard output and standard error is one text.
///
/// # Errors
/// The system's, where it cannot be begun.
pub(super) fn run(platform: &ZosPlatform, program: &Path, arguments: &[String], limit: Duration) -> io::Result<Ran> {
    let (reader, writer) = process::output_pipe()?;
    let null = File::open("/dev/null")?;
    let environment = PreparedEnvironment::new(&process::inherited_environment())?;
    let nothing = PreparedEnvironment::default();
    let words = std::iter::once(program.as_os_str().to_owned()).chain(arguments.iter().map(Into::into));
    let request = SpawnRequest {
        program: program.to_path_buf(),
        arguments: words.collect(),
        environment: ChildEnvironment { base: &environment, own: &nothing, marker: None },
        descriptors: vec![(null.as_fd(), 0), (writer.as_fd(), 1), (writer.as_fd(), 2)],
        group: GroupOfChild::Own,
        control_group: None,
    };
    let pid = platform.spawn(&request)?;
    drop(writer);
    let deadline = Instant::now() + limit;
    let read = read_until(&mut File::from(reader), deadline);
    let end = end_of(platform, pid, deadline).unwrap_or(RanTo::TimeOver(limit.as_secs()));
    let (bytes, is_cut, is_open) = read?;
    if is_open {
        // What it has left its output to: nobody waits for that any more.
        platform.send(SignalTarget::Group(pid), crate::platform::unix::SIGKILL);
    }
    Ok(Ran { lines: code_page::decode_lines(&bytes).lines().map(str::to_owned).collect(), end, is_cut })
}

/// What is written until the last writer is gone or the time is over; whether there was more than is kept, and whether there still is a
/// writer.
fn read_until(reader: &mut File, deadline: Instant) -> io::Result<(Vec<u8>, bool, bool)> {
    let (mut kept, mut is_cut) = (Vec::new(), false);
    let mut block = [0; 16 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok((kept, is_cut, true));
        }
        let timeout = PollTimeout::try_from(left.min(Duration::from_secs(60))).unwrap_or(PollTimeout::NONE);
        // EINTR and the end of a wait: the time is looked at again.
        let _ = poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], timeout);
        match reader.read(&mut block) {
            Ok(0) => return Ok((kept, is_cut, false)),
            Ok(size) => {
                let room = OUTPUT_LIMIT.saturating_sub(kept.len()).min(size);
                kept.extend_from_slice(block.get(..room).unwrap_or_default());
                is_cut |= room < size;
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
}

/// How it ended; None where it had to be killed. It may have closed its output and live on, or have left it to others and be gone.
pub(super) fn end_of(platform: &ZosPlatform, pid: Pid, deadline: Instant) -> Option<RanTo> {
    let (sender, receiver) = mpsc::channel();
    let reaper = move || {
        let status = shim::reap(Some(pid), false).ok().flatten();
        // Nobody waits any more.
        let _ = sender.send(status.map_or(RanTo::Unknown, |(_, status)| match status.end {
            End::Exited(code) => RanTo::Exit(code),
            End::Signaled(number) => RanTo::Signal(number),
        }));
    };
    if thread::spawn("reap-program", Stack::Small, reaper).is_err() {
        platform.send(SignalTarget::Group(pid), crate::platform::unix::SIGKILL);
        return None;
    }
    // One that has ended in time is told of at once; a moment at least, for those whose output others keep open.
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(200));
    match receiver.recv_timeout(left) {
        Ok(end) => Some(end),
        Err(_) => {
            platform.send(SignalTarget::Group(pid), crate::platform::unix::SIGKILL);
            let _ = receiver.recv_timeout(KILLED);
            None
        }
    }
}
