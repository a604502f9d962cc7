//! The signals that end a console. They are not the end of the process yet: first it stops what it has started. Whoever cannot wait sends
//! more of them (see [`Ending::is_hurried`]).

use super::signals::{give_back, let_happen, take, taken};
use nix::sys::signal::Signal;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// Takes the signals as long as it lives. Its descriptor is readable from the first of them on.
pub(super) struct Ending {
    woken: UnixStream,
}

impl Ending {
    /// Begins to take the signals. Must be called before the console has any other thread.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open() -> io::Result<Ending> {
        let (woken, wake) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        take(wake)?;
        Ok(Ending { woken })
    }

    /// The first signal that has come.
    #[expect(clippy::unused_self, reason = "there is one only while this lives")]
    pub(super) fn signal(&self) -> Option<Signal> {
        taken().first
    }

    /// How many have come that somebody typed: Ctrl-C and Ctrl-\. One more than there were when a wait began ends the wait.
    #[expect(clippy::unused_self, reason = "as above")]
    pub(super) fn typed(&self) -> usize {
        taken().typed
    }

    /// Whether one has been typed since there were `before` of them.
    pub(super) fn is_hurried(&self, before: usize) -> bool {
        self.typed() > before
    }
}

impl AsFd for Ending {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        give_back();
    }
}

/// Ends this process by a signal, so that whoever waits for it sees how it ended. Returns the code that a shell gives to such an end, for
/// the case that the signal is ignored.
pub(super) fn end_by(signal: Signal) -> i32 {
    let_happen(signal);
    128 + signal as i32
}
