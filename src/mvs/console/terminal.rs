//! Standard input as a terminal that delivers each key unchanged: its modes, and the one place where the console waits.
//!
//! Ctrl-C is a key. Ctrl-Z and Ctrl-\ send their usual signals, also while a command is being carried out; the terminal first gets its
//! modes back ([`super::signals`]).
//!
//! Why this is not crossterm's: its raw mode takes ISIG and OPOST away, which Ctrl-Z and everybody else who writes to this terminal need;
//! its reader gives no way to wait for a signal or for the end of a console at the same time, reads on without end where a terminal has
//! gone, and takes the beginning of a sequence that a slow line has cut for keys. What decodes the bytes inside it cannot be called.

use super::modes::{Held, MARK_PASTE, RESUMED, give_back, raw, set, tell};
use super::signals::taken;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{Termios, tcgetattr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Terminals, as TERM names them, that cannot move the cursor.
const PLAIN: [&str; 3] = ["dumb", "cons25", "emacs"];

/// How the wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// This many bytes were read.
    Input(usize),
    /// Nothing came within the given time.
    Quiet,
    /// The terminal has another size.
    Resized,
    /// The console goes on after it was stopped.
    Resumed,
    /// The terminal has gone, or a signal ends the console.
    Gone,
}

/// The terminal; when this is dropped, its modes are restored.
pub(super) struct RawTerminal {
    found: Termios,
    raw: Termios,
    woken: UnixStream,
}

impl RawTerminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard input is not a terminal, or TERM names one that cannot move its cursor; the system's.
    pub(super) fn open() -> io::Result<RawTerminal> {
        if std::env::var("TERM").is_ok_and(|name| PLAIN.contains(&name.as_str())) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the terminal that TERM names cannot move its cursor"));
        }
        let found = tcgetattr(io::stdin())?;
        let raw = raw(&found);
        let (woken, wake) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        taken().terminal = Some(Held::new(&found, &raw, wake));
        // From here on, dropping it undoes what has been done so far.
        let terminal = RawTerminal { found, raw, woken };
        // What was typed ahead is kept.
        set(&terminal.raw)?;
        tell(MARK_PASTE);
        Ok(terminal)
    }

    /// Waits until something is typed or happens to the terminal, or a signal ends the console, of which `ending` has something to read then;
    /// at most for `patience` if that is given.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn wait(&mut self, ending: BorrowedFd<'_>, patience: Option<Duration>, buffer: &mut [u8]) -> io::Result<Event> {
        let stdin = io::stdin();
        let timeout = match patience {
            Some(patience) => PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX),
            None => PollTimeout::NONE,
        };
        loop {
            let wanted = [ending, self.woken.as_fd(), stdin.as_fd()];
            let mut ready = wanted.map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN));
            match poll(&mut ready, timeout) {
                Ok(0) => return Ok(Event::Quiet),
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [ended, woken, typed] = ready.map(|descriptor| descriptor.any().unwrap_or(true));
            if ended {
                return Ok(Event::Gone);
            }
            if woken {
                if let Some(event) = self.woken() {
                    return Ok(event);
                }
            }
            if typed {
                // Not through std's buffer: poll does not know what that holds.
                match nix::unistd::read(&stdin, buffer) {
                    Ok(0) | Err(Errno::EIO) => return Ok(Event::Gone),
                    Ok(length) => return Ok(Event::Input(length)),
                    Err(Errno::EINTR | Errno::EAGAIN) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// What the signals have told.
    fn woken(&mut self) -> Option<Event> {
        let mut told = [0; 64];
        let length = nix::unistd::read(&self.woken, &mut told).unwrap_or(0);
        let told = told.get(..length).unwrap_or_default();
        if told.contains(&RESUMED) {
            // In the background this stops the console, until it is in the foreground. A terminal that has gone need not be told.
            let _ = set(&self.raw);
            tell(MARK_PASTE);
            return Some(Event::Resumed);
        }
        (!told.is_empty()).then_some(Event::Resized)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        taken().terminal = None;
        give_back(&self.found);
    }
}
