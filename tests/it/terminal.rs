//! A pseudo terminal for what wants one.
#![cfg_attr(not(feature = "panel"), allow(dead_code, reason = "the panel alone is looked at as a whole"))]

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
    /// All that has come.
    whole: Arc<Mutex<Vec<u8>>>,
    size: (u16, u16),
    pub(crate) child: std::process::Child,
    reader: Option<std::thread::JoinHandle<()>>,
    /// When this is closed, the reader lets go of the terminal.
    stop: Option<OwnedFd>,
}

impl Terminal {
    /// A shell or a console whose session the terminal is: what is typed becomes signals, and it is told when the terminal goes.
    pub(crate) fn session(command: Command, term: &str) -> Terminal {
        Self::leading(command, term, (50, 200), None)
    }

    /// The same, with a size and perhaps another standard input.
    pub(crate) fn leading(mut command: Command, term: &str, size: (u16, u16), input: Option<Stdio>) -> Terminal {
        let lead = || {
            nix::unistd::setsid()?;
            // SAFETY: asks for the terminal that standard output is already.
            nix::errno::Errno::result(unsafe { nix::libc::ioctl(1, nix::libc::TIOCSCTTY, 0) })?;
            Ok(())
        };
        // SAFETY: both are system calls without memory of their own, and may be used between fork and exec.
        unsafe { std::os::unix::process::CommandExt::pre_exec(&mut command, lead) };
        Self::on(command, term, size, input)
    }

    pub(crate) fn spawn(command: Command) -> Terminal {
        Self::on(command, "xterm", (50, 200), None)
    }

    /// `input`: standard input, where that is not the terminal.
    pub(crate) fn on(mut command: Command, term: &str, (rows, columns): (u16, u16), input: Option<Stdio>) -> Terminal {
        let size = nix::pty::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = nix::pty::openpty(Some(&size), None).unwrap();
        // Who inherits the master keeps the terminal from going.
        for descriptor in [&pty.master, &pty.slave] {
            nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        }
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        command.env("TERM", term).stdin(input.unwrap_or_else(slave)).stdout(slave()).stderr(slave());
        let child = command.spawn().unwrap();
        drop(command);
        drop(pty.slave);
        let master = std::fs::File::from(pty.master);
        let mut reader = master.try_clone().unwrap();
        let seen = Arc::new(Mutex::new(String::new()));
        let whole = Arc::new(Mutex::new(Vec::new()));
        let (collected, all) = (Arc::clone(&seen), Arc::clone(&whole));
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
                all.lock().unwrap().extend_from_slice(&buffer[..length]);
                collected.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        });
        Terminal { master, seen, whole, size: (rows, columns), child, reader: Some(reader), stop: Some(stop) }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn wait_for(&self, expected: &str) {
        let found = wait_until(Instant::now() + PATIENCE, || self.seen.lock().unwrap().contains(expected).then_some(()));
        assert!(found.is_some(), "{expected:?} is missing in\n{}", self.seen.lock().unwrap());
    }

    /// The terminal as another program shows it, from all that has come.
    pub(crate) fn shown(&self) -> vt100::Parser {
        let [rows, columns] = [self.size.0, self.size.1].map(|count| std::num::NonZero::new(count).unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process(&self.whole.lock().unwrap());
        parser
    }

    /// What stands on it.
    pub(crate) fn screen(&self) -> String {
        self.shown().screen().contents()
    }

    /// Waits until what stands on it is as wanted.
    pub(crate) fn wait_screen(&self, wanted: impl Fn(&str) -> bool) -> String {
        let found = wait_until(Instant::now() + PATIENCE, || Some(self.screen()).filter(|screen| wanted(screen)));
        found.unwrap_or_else(|| panic!("not what is wanted:\n{}", self.screen()))
    }

    /// Waits for the end of what runs on it.
    pub(crate) fn wait_end(&mut self) -> std::process::ExitStatus {
        let ended = wait_until(Instant::now() + PATIENCE, || self.child.try_wait().unwrap());
        ended.unwrap_or_else(|| panic!("it has not ended:\n{}", self.screen()))
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
