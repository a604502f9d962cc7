//! The same work with nothing around it: the same shells with the same environment by `posix_spawn`, killed and reaped in a loop.

use crate::harness::PATIENCE as FEW;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Five thousand shells take minutes on a busy machine.
pub(crate) const PATIENCE: Duration = FEW.saturating_mul(15);

/// Where the measured processes say that they run: a FIFO into which each writes its process id. The same for every supervisor, and an
/// event.
pub(crate) struct Arrivals {
    path: PathBuf,
    file: File,
    rest: Vec<u8>,
}

impl Arrivals {
    pub(crate) fn new(directory: &Path) -> Arrivals {
        let path = directory.join("arrivals");
        nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
        // Both ends: a writer never waits, and there is no end of file.
        let file = File::options().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path).unwrap();
        Arrivals { path, file, rest: Vec::new() }
    }

    /// The script of a component that does nothing else.
    pub(crate) fn script(&self) -> String {
        format!("echo $$ > '{}'; exec sleep 1000", self.path.display())
    }

    /// Waits until so many have said so; which they are.
    pub(crate) fn wait(&mut self, count: usize) -> Vec<Pid> {
        let deadline = Instant::now() + PATIENCE;
        let mut arrived = Vec::with_capacity(count);
        let mut block = [0; 65536];
        while arrived.len() < count {
            assert!(Instant::now() < deadline, "{} of {count} have come", arrived.len());
            let mut waited = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut waited, PollTimeout::from(1000u16));
            let Ok(length) = self.file.read(&mut block) else { continue };
            self.rest.extend_from_slice(&block[..length]);
            let complete = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let lines = String::from_utf8(self.rest.drain(..complete).collect()).unwrap();
            arrived.extend(lines.lines().map(|line| Pid::from_raw(line.parse().unwrap())));
        }
        arrived
    }

    /// How many have come that nobody waited for.
    pub(crate) fn more(&mut self) -> usize {
        let mut block = [0; 65536];
        let length = self.file.read(&mut block).unwrap_or(0);
        block[..length].iter().filter(|byte| **byte == b'\n').count()
    }
}

/// The environment of a running process, as `posix_spawn` takes it.
pub(crate) fn environment_of(pid: Pid) -> Vec<CString> {
    let text = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    text.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).map(|entry| CString::new(entry).unwrap()).collect()
}

/// Shells by `posix_spawn`, all with one environment; killed when dropped.
pub(crate) struct Shells<'a> {
    shell: CString,
    environment: &'a [CString],
    script: CString,
    null: File,
    alive: usize,
    pids: Vec<Pid>,
}

impl<'a> Shells<'a> {
    /// `shell`: that of the launcher's components.
    pub(crate) fn new(shell: &str, script: &str, environment: &'a [CString]) -> Shells<'a> {
        let null = File::options().read(true).write(true).open("/dev/null").unwrap();
        Shells { shell: CString::new(shell).unwrap(), environment, script: CString::new(script).unwrap(), null, alive: 0, pids: Vec::new() }
    }

    pub(crate) fn spawn(&mut self) -> Pid {
        let mut actions = PosixSpawnFileActions::init().unwrap();
        for number in 0..3 {
            actions.add_dup2(std::os::fd::AsRawFd::as_raw_fd(&self.null), number).unwrap();
        }
        let attributes = PosixSpawnAttr::init().unwrap();
        let arguments = [c"sh", c"-c", self.script.as_c_str()];
        let pid = posix_spawn(self.shell.as_c_str(), &actions, &attributes, &arguments, self.environment).unwrap();
        self.alive += 1;
        self.pids.push(pid);
        pid
    }

    /// Asks all of them to end and waits until they have.
    pub(crate) fn stop(&mut self) {
        for pid in self.pids.drain(..) {
            let _ = kill(pid, Signal::SIGTERM);
        }
        while self.alive > 0 {
            reap_one();
            self.alive -= 1;
        }
    }

    /// Kills these, and puts another in the place of each that ends, as soon as it ends.
    pub(crate) fn replace(&mut self, killed: &[Pid]) {
        for pid in killed {
            kill(*pid, Signal::SIGKILL).unwrap();
        }
        for _ in killed {
            let ended = reap_one();
            self.pids.retain(|pid| *pid != ended);
            self.alive -= 1;
            self.spawn();
        }
    }
}

impl Drop for Shells<'_> {
    fn drop(&mut self) {
        for pid in &self.pids {
            let _ = kill(*pid, Signal::SIGKILL);
        }
        for pid in self.pids.drain(..) {
            let _ = waitpid(pid, None);
        }
    }
}

/// Waits for any child that has ended: there are no others than those of [`Shells`] while they are measured, but the launcher and the other
/// supervisors, which outlive them.
fn reap_one() -> Pid {
    loop {
        match waitpid(Pid::from_raw(-1), None) {
            Ok(status) => break status.pid().unwrap(),
            Err(Errno::EINTR) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Processor time of all children that were waited for so far.
pub(crate) fn cpu_of_children() -> Duration {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).unwrap();
    let of = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().unsigned_abs(), 0) + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    of(usage.user_time()) + of(usage.system_time())
}

/// Whether a process has ended and nobody has waited for it yet, or is gone.
pub(crate) fn is_gone(pid: Pid) -> bool {
    waitpid(pid, Some(WaitPidFlag::WNOHANG)).is_err() && kill(pid, None) == Err(Errno::from_raw(libc::ESRCH))
}
