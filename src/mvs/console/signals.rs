//! The signals of a console, taken by a thread of their own: none of them has a handler, so what is done with one may lock, allocate and
//! write, and needs no unsafe code. They stay blocked in all threads of the console; programs that it starts have them unblocked, as std
//! makes them.
//!
//! A signal that the caller ignores (nohup, a shell without job control in the background) is not taken and stays ignored. One that no
//! console is there for does what it does without us.

use super::modes::Held;
use crate::platform::thread::{self, Stack};
use crate::platform::unix::signals::{block, is_ignored, wait};
use nix::libc::c_int;
use nix::sys::signal::{SigSet, Signal, raise};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// SIGHUP: the terminal has gone, also from under a console that was suspended. It may come from the system and from the shell.
const ENDING: [Signal; 4] = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGHUP];

/// What becomes of the terminal. Where a system drops the first two as long as nothing handles them, the line that is typed is drawn anew
/// with the next output.
const OF_TERMINAL: [Signal; 3] = [Signal::SIGWINCH, Signal::SIGCONT, Signal::SIGTSTP];

/// The signal, apart from SIGHUP, that ends the process at once.
const LAST: usize = 3;

/// What the thread and the console share.
pub(super) struct Taken {
    /// What ends the console writes to it; None while no console is there.
    pub(super) ending: Option<UnixStream>,
    /// The first of those that end it.
    pub(super) first: Option<Signal>,
    /// How many of them have come, apart from SIGHUP.
    count: usize,
    /// Those that somebody typed: Ctrl-C and Ctrl-\.
    pub(super) typed: usize,
    /// The terminal, as long as its modes are ours.
    pub(super) terminal: Option<Held>,
}

const NOTHING: Taken = Taken { ending: None, first: None, count: 0, typed: 0, terminal: None };

static TAKEN: Mutex<Taken> = Mutex::new(NOTHING);
static IS_STARTED: Mutex<bool> = Mutex::new(false);

/// What has come so far. Held for a moment only: the thread waits for it.
pub(super) fn taken() -> MutexGuard<'static, Taken> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on the signals are taken for the console that is told of them by `ending`. Must be called before the console has any other
/// thread.
///
/// # Errors
/// The system refuses the thread.
pub(super) fn take(ending: UnixStream) -> io::Result<()> {
    let numbers: Vec<c_int> =
        ENDING.into_iter().chain(OF_TERMINAL).map(|signal| signal as c_int).filter(|number| !is_ignored(*number)).collect();
    // In this thread and those that it starts.
    block(numbers.iter().copied());
    *taken() = Taken { ending: Some(ending), ..NOTHING };
    let mut is_started = IS_STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_started {
        thread::spawn("signals", Stack::Usual, move || {
            // Fails only for an invalid set.
            while let Ok(number) = wait(numbers.iter().copied()) {
                if let Ok(signal) = Signal::try_from(number) {
                    came(signal);
                }
            }
        })?;
        *is_started = true;
    }
    Ok(())
}

/// No console is there any more.
pub(super) fn give_back() {
    *taken() = NOTHING;
}

fn came(signal: Signal) {
    let mut now = taken();
    match signal {
        Signal::SIGWINCH => now.terminal.iter_mut().for_each(Held::resized),
        Signal::SIGCONT => now.terminal.iter_mut().for_each(Held::resumed),
        Signal::SIGTSTP => {
            now.terminal.iter().for_each(Held::give_back);
            drop(now);
            // Where nobody could continue it, this does nothing.
            let_happen(signal);
            // And now it goes on.
            taken().terminal.iter_mut().for_each(Held::resumed);
        }
        _ if now.ending.is_none() => {
            drop(now);
            let_happen(signal);
        }
        _ => {
            now.first.get_or_insert(signal);
            now.typed += usize::from(matches!(signal, Signal::SIGINT | Signal::SIGQUIT));
            now.count += usize::from(signal != Signal::SIGHUP);
            if now.count >= LAST {
                now.terminal.iter().for_each(Held::give_back);
                drop(now);
                let_happen(signal);
            } else if let Some(ending) = &mut now.ending {
                // A pipe that is full has wakened enough.
                let _ = ending.write(b"e");
            }
        }
    }
}

/// Lets a signal do to this process what it does without us.
pub(super) fn let_happen(signal: Signal) {
    let mut alone = SigSet::empty();
    alone.add(signal);
    // These fail only for an invalid set or signal.
    let _ = alone.thread_unblock().and_then(|()| raise(signal)).and_then(|()| alone.thread_block());
}
