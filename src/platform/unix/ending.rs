//! The signals that ask the launcher to end, as operator requests.

use super::signals::is_ignored;
use crate::platform::{OperatorListener, OperatorRequest};
use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use std::io;

/// The signals that ask the launcher to end, as P does.
const ENDING: [(Signal, &str); 3] = [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGINT, "SIGINT"), (Signal::SIGHUP, "SIGHUP")];

/// Blocks the ending signals. Called before any other thread exists: they are then blocked in all of them and waited for in one, so that
/// nothing is interrupted and no handler is needed. A SIGHUP that is ignored (nohup) stays so.
pub(super) fn block_ending() {
    // Fails only for a set that is not valid.
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
        // sigwait fails only for a set that is not valid.
        while let Ok(signal) = set.wait() {
            if let Some((_, name)) = ENDING.iter().find(|(known, _)| *known == signal) {
                listener(OperatorRequest::Signal(name));
            }
        }
    })?;
    Ok(())
}
