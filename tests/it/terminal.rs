//! Programs on a pseudo terminal, as a person has them.

use crate::harness::{PATIENCE, wait_until};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A process on a pseudo terminal.
pub(crate) struct Terminal {
    pub(crate) master: std::fs::File,
    pub(crate) seen: Arc<Mutex<String>>,
    pub(crate) child: std::process::Child,
    reader: Option<std::thread::JoinHandle<()>>,
    /// When this is closed, the reader lets go of the terminal.
    stop: Option<OwnedFd>,
}

impl Terminal {
    /// A shell or a console whose session the terminal is: what is typed becomes signals, and it is told when the terminal goes.
    pub(crate) fn session(mut command: Command, term: &str) -> Terminal {
        let lead = || {
            nix::unistd::setsid()?;
            // SAFETY: asks for the terminal that standard input is already.
            nix::errno::Errno::result(unsafe { nix::libc::ioctl(0, nix::libc::TIOCSCTTY, 0) })?;
            Ok(())
        };
        // SAFETY: both are system calls without memory of their own, and may be used between fork and exec.
        unsafe { std::os::unix::process::CommandExt::pre_exec(&mut command, lead) };
        Self::on(command, term)
    }

    pub(crate) fn spawn(command: Command) -> Terminal {
        Self::on(command, "xterm")
    }

    pub(crate) fn on(mut command: Command, term: &str) -> Terminal {
        let size = nix::pty::Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = nix::pty::openpty(Some(&size), None).unwrap();
        // Who inherits the master keeps the terminal from going.
        for descriptor in [&pty.master, &pty.slave] {
            nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        }
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        command.env("TERM", term).stdin(slave()).stdout(slave()).stderr(slave());
        let child = command.spawn().unwrap();
        drop(command);
        drop(pty.slave);
        let master = std::fs::File::from(pty.master);
        let mut reader = master.try_clone().unwrap();
        let seen = Arc::new(Mutex::new(String::new()));
        let collected = Arc::clone(&seen);
        let (stopped, stop) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let wanted = [stopped.as_fd(), reader.as_fd()];
                let mut ready = wanted.map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN));
                poll(&mut ready, PollTimeout::NONE).unwrap();
                if ready[0].any().unwrap() {
                    break;
                }
                // EIO: the last process on the other side has gone.
                let Ok(length @ 1..) = reader.read(&mut buffer) else { break };
                collected.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        });
        Terminal { master, seen, child, reader: Some(reader), stop: Some(stop) }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn wait_for(&self, expected: &str) {
        let found = wait_until(Instant::now() + PATIENCE, || self.seen.lock().unwrap().contains(expected).then_some(()));
        assert!(found.is_some(), "{expected:?} is missing in\n{}", self.seen.lock().unwrap());
    }

    /// Closes the terminal.
    pub(crate) fn hang_up(&mut self) {
        drop(self.stop.take());
        self.reader.take().unwrap().join().unwrap();
        self.master = std::fs::File::open("/dev/null").unwrap();
    }

    pub(crate) fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}
