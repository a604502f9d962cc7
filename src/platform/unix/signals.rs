//! What a process inherits of signals over exec: those that are ignored, and those that are blocked. A caller that ignores SIGCHLD (sudo, cron,
//! a wrapper) would keep every end of a child from us, one that ignores or blocks another would pass that on to all components. So both are set
//! right once, at the very beginning.

use nix::libc;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};

/// Ignored by a caller that wants so: these come from a terminal or its end, and whoever began this program with `nohup` or in the background
/// of a shell script does not mean it by them.
const CALLERS_CHOICE: [libc::c_int; 6] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// Beyond the highest number on any system; a number that is none is refused and no more.
const NUMBERS: std::ops::Range<libc::c_int> = 1..129;

/// Sets the signals of this process right: none is blocked, and none ignored but [`CALLERS_CHOICE`] where the caller has said so, SIGPIPE
/// (an error of the write says more) and SIGXFSZ (a write beyond `ulimit -f` likewise). Called before any other thread exists.
pub fn settle() {
    for number in NUMBERS.filter(|number| !CALLERS_CHOICE.contains(number) && *number != libc::SIGPIPE) {
        if is_ignored(number) {
            // SAFETY: the default action installs no handler, and no other thread exists that could wait for the signal.
            unsafe { libc::signal(number, libc::SIG_DFL) };
        }
    }
    for ignored in [Signal::SIGPIPE, Signal::SIGXFSZ] {
        // SAFETY: to ignore a signal installs no handler. Fails only for a signal that cannot be ignored.
        let _ = unsafe { signal(ignored, SigHandler::SigIgn) };
    }
    // Fails only for a set that is not valid.
    let _ = SigSet::empty().thread_set_mask();
}

/// Whether a signal, by its number, is ignored; false for a number that is none.
pub(super) fn is_ignored(number: libc::c_int) -> bool {
    let mut old = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null new action sigaction only writes the old one to the place it is given.
    let asked = unsafe { libc::sigaction(number, std::ptr::null(), old.as_mut_ptr()) };
    // SAFETY: zeroed is a valid value of the structure, and a successful call has filled it in.
    asked == 0 && unsafe { old.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// All signals whose action a process can choose: each is at its default in a process that is made here, whatever it is in this one.
pub(crate) fn defaulted() -> SigSet {
    let mut all = SigSet::all();
    all.remove(Signal::SIGKILL);
    all.remove(Signal::SIGSTOP);
    all
}
