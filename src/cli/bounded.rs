//! `--timeout` holds for a command as a whole. Its parts keep their own bounds; what has none (a name server, a file system over the
//! network, a job that says for ever that it is at work) is left alone when the time is over, and that is said.

use super::terminal::fail;
use crate::platform::thread::{self, Stack};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// What the parts may take, beyond the time, to say how far they have come: a last question takes a second.
const GRACE: Duration = Duration::from_secs(5);

/// Runs a command; ends this process when it has not ended in time.
pub(super) fn bounded(limit: Duration, run: impl FnOnce() -> i32) -> i32 {
    let (running, ended) = channel::<()>();
    let watch = move || {
        // The other end is dropped when the command has ended; a time beyond all clocks never comes.
        let late = limit.checked_add(GRACE).is_some_and(|limit| ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout));
        if late {
            let shown = crate::console::in_words(limit);
            let code = fail(format!("{shown} are over and what was asked last has not answered: it is not waited for any longer"));
            std::process::exit(super::terminal::exit_code(code));
        }
    };
    if let Err(error) = thread::spawn("timeout", Stack::Usual, watch) {
        return fail(format!("the time of the command cannot be bounded: {error}"));
    }
    let code = run();
    drop(running);
    code
}
