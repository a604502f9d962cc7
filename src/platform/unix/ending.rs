//! The signals that ask the launcher to end, as operator requests.

use super::signals::is_ignored;
use crate::platform::{OperatorListener, OperatorRequest};
use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use std::io;

/// The signals that ask the launcher to end, as P does.
const ENDING: [(Signal, &str); 3] = [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGINT, "SIGINT"), (Signal::SIGHUP, "SIGHUP")];

/// Blocks the ending signals. Called before any other thread exists, so that they are blocked in all threads and one thread waits for them:
/// nothing is interrupted and no handler is needed. An ignored SIGHUP (nohup) stays ignored.
pub(super) fn block_ending() {
    // Fails only for an invalid set.
    let _ = ending_signals().thread_block();
}

fn ending_signals() -> SigSet {
    let mut set = SigSet::empty();
    for (signal, _) in ENDING {
        if !is_ignored(signal as libc::c_int) {
            set.add(signal);
        }
    }
    set
}

/// Delivers the ending signals as requests.
pub(super) fn listen(listener: &OperatorListener) -> io::Result<()> {
    let set = ending_signals();
    let listener = OperatorListener::clone(listener);
    std::thread::Builder::new().name("signals".to_owned()).stack_size(128 * 1024).spawn(move || {
        // sigwait fails only for an invalid set.
        while let Ok(signal) = set.wait() {
            if let Some((_, name)) = ENDING.iter().find(|(known, _)| *known == signal) {
                listener(OperatorRequest::Signal(name));
            }
        }
    })?;
    Ok(())
}
