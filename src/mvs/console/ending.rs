//! The signals that end a console. They are not the end of the process yet: first it stops what it has started. Whoever cannot wait sends
//! more of them (see [`Ending::is_hurried`]).

use super::terminal;
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

/// SIGHUP: the terminal has gone, also from under a console that was suspended. It may come from the system and from the shell.
const ENDING: [Signal; 4] = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGHUP];

/// The signal, apart from SIGHUP, that ends the process at once.
const LAST: usize = 3;

static FIRST: AtomicI32 = AtomicI32::new(0);
static COUNT: AtomicUsize = AtomicUsize::new(0);
static TYPED: AtomicUsize = AtomicUsize::new(0);
static WAKE: AtomicI32 = AtomicI32::new(-1);

/// Takes the signals as long as it lives. Its descriptor is readable from the first of them on. A signal that the caller ignores (nohup, a
/// shell without job control in the background) stays ignored.
pub(super) struct Ending {
    woken: UnixStream,
    /// Held open for the handler, which writes to it.
    _wake: UnixStream,
    before: Vec<(Signal, SigAction)>,
}

impl Ending {
    /// Begins to take the signals.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open() -> io::Result<Ending> {
        let (woken, wake) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        FIRST.store(0, Ordering::SeqCst);
        COUNT.store(0, Ordering::SeqCst);
        TYPED.store(0, Ordering::SeqCst);
        WAKE.store(wake.as_raw_fd(), Ordering::SeqCst);
        // From here on, dropping it undoes what has been done so far.
        let mut ending = Ending { woken, _wake: wake, before: Vec::new() };
        let action = SigAction::new(SigHandler::Handler(ended), SaFlags::SA_RESTART, SigSet::empty());
        for signal in ENDING {
            // SAFETY: the handler uses only atomic numbers and functions that are safe in handlers.
            let old = unsafe { sigaction(signal, &action) }?;
            if matches!(old.handler(), SigHandler::SigIgn) {
                // SAFETY: an action that was there before is as good as it was.
                unsafe { sigaction(signal, &old) }?;
            } else {
                ending.before.push((signal, old));
            }
        }
        Ok(ending)
    }

    /// The first signal that has come.
    pub(super) fn signal(&self) -> Option<Signal> {
        Signal::try_from(FIRST.load(Ordering::SeqCst)).ok()
    }

    /// How many have come that somebody typed: Ctrl-C and Ctrl-\. One more than there were when a wait began ends the wait.
    pub(super) fn typed(&self) -> usize {
        TYPED.load(Ordering::SeqCst)
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
        for (signal, action) in self.before.drain(..) {
            // SAFETY: an action that was there before is as good as it was.
            let _ = unsafe { sigaction(signal, &action) };
        }
        WAKE.store(-1, Ordering::SeqCst);
    }
}

/// Ends this process by a signal, so that whoever waits for it sees how it ended. Returns the code that a shell gives to such an end, for
/// the case that the signal is ignored.
pub(super) fn end_by(signal: Signal) -> i32 {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action installs no handler.
    let _ = unsafe { sigaction(signal, &default) };
    let _ = raise(signal);
    128 + signal as i32
}

/// It may interrupt anything, so it does only what POSIX calls async-signal-safe: write, sigaction, raise and what [`terminal`] has for
/// handlers.
extern "C" fn ended(signal: libc::c_int) {
    let before = Errno::last_raw();
    let _ = FIRST.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
    if signal == libc::SIGINT || signal == libc::SIGQUIT {
        TYPED.fetch_add(1, Ordering::SeqCst);
    }
    if signal != libc::SIGHUP && COUNT.fetch_add(1, Ordering::SeqCst) + 1 >= LAST {
        terminal::give_back_in_handler();
        if let Ok(signal) = Signal::try_from(signal) {
            end_by(signal);
        }
    }
    let wake: RawFd = WAKE.load(Ordering::SeqCst);
    // SAFETY: one byte from a place that lives on, to a descriptor that may be anything; a pipe that is full has wakened enough.
    unsafe { libc::write(wake, b"e".as_ptr().cast(), 1) };
    Errno::set_raw(before);
}
