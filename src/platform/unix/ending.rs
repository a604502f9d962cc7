//! Signals to the launcher as operator requests: those that ask it to end, SIGUSR1, and those that mean nothing to it.

use super::signals::{block, harmless, is_ignored, wait};
use crate::platform::thread::{self, Stack};
use crate::platform::{OperatorListener, OperatorRequest};
use nix::libc;
use std::io;

/// The signals that ask the launcher to end, as P does.
const ENDING: [(libc::c_int, &str); 3] = [(libc::SIGTERM, "SIGTERM"), (libc::SIGINT, "SIGINT"), (libc::SIGHUP, "SIGHUP")];

/// Blocks the signals that are delivered. Called before any other thread exists, so that they are blocked in all threads and one thread waits
/// for them: nothing is interrupted and no handler is needed. An ignored SIGHUP (nohup) stays ignored.
pub(super) fn block_ending() {
    block(delivered());
}

/// For a command that has something to put away before it ends: blocks SIGTERM, SIGINT and SIGHUP and tells of each that comes. To be
/// called before any other thread exists.
///
/// # Errors
/// When there is no thread to be had.
pub fn on_ending(told: impl Fn() + Send + 'static) -> io::Result<()> {
    let numbers: Vec<libc::c_int> = ENDING.iter().map(|(number, _)| *number).filter(|number| !is_ignored(*number)).collect();
    block(numbers.iter().copied());
    thread::spawn("signals", Stack::Small, move || {
        // Fails only for an invalid set.
        while wait(numbers.iter().copied()).is_ok() {
            told();
        }
    })?;
    Ok(())
}

fn delivered() -> Vec<libc::c_int> {
    let ending = ENDING.iter().map(|(number, _)| *number).filter(|number| !is_ignored(*number));
    ending.chain(harmless()).collect()
}

/// Delivers them as requests.
pub(super) fn listen(listener: &OperatorListener) -> io::Result<()> {
    let listener = OperatorListener::clone(listener);
    thread::spawn("signals", Stack::Small, move || {
        let numbers = delivered();
        // Fails only for an invalid set.
        while let Ok(number) = wait(numbers.iter().copied()) {
            listener(match ENDING.iter().find(|(known, _)| *known == number) {
                Some((_, name)) => OperatorRequest::Signal(name),
                None if number == libc::SIGUSR1 => OperatorRequest::LogRotate,
                None => OperatorRequest::OddSignal(super::signal_name(number)),
            });
        }
    })?;
    Ok(())
}
