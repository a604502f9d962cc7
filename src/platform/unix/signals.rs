//! The signal settings that a process inherits over exec: which signals are ignored and which are blocked. A caller that ignores SIGCHLD
//! (sudo, cron, a wrapper) would hide every end of a child from us, and one that ignores or blocks another signal would pass that on to all
//! components. So both are corrected once, at the very beginning.

use nix::libc;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};

/// Signals that stay ignored if the caller ignores them: they come from a terminal or its end, and a user who started this program with
/// `nohup` or in the background of a shell script does not want them to reach it.
const CALLERS_CHOICE: [libc::c_int; 6] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// All signals that may be ignored once [`settle`] was called: at exec the others have their default action by themselves.
#[cfg(zwelnch_linux)]
pub(super) const MAY_BE_IGNORED: [libc::c_int; 8] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGPIPE, libc::SIGXFSZ];

/// More than the highest signal number on any system; an invalid number is refused without harm.
const NUMBERS: std::ops::Range<libc::c_int> = 1..129;

/// Corrects the signals of this process: none is blocked, and none is ignored except `CALLERS_CHOICE` where the caller ignores them,
/// SIGPIPE (an error of the write says more) and SIGXFSZ (likewise, for a write beyond `ulimit -f`). Called before any other thread exists.
pub fn settle() {
    for number in NUMBERS.filter(|number| !CALLERS_CHOICE.contains(number) && *number != libc::SIGPIPE) {
        if is_ignored(number) {
            // SAFETY: the default action installs no handler, and no other thread exists that could wait for the signal.
            unsafe { libc::signal(number, libc::SIG_DFL) };
        }
    }
    for ignored in [Signal::SIGPIPE, Signal::SIGXFSZ] {
        // SAFETY: ignoring a signal installs no handler. Fails only for a signal that cannot be ignored.
        let _ = unsafe { signal(ignored, SigHandler::SigIgn) };
    }
    // Fails only for an invalid set.
    let _ = SigSet::empty().thread_set_mask();
}

/// Signals that would end a process although they say nothing of it: a timer that it never set, input that it never asked for, a number that
/// somebody else agreed on. SIGQUIT, SIGABRT and those of faults and limits are not among them: they end a process now.
pub fn harmless() -> impl Iterator<Item = libc::c_int> {
    let named = [libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGIO];
    #[cfg(zwelnch_linux)]
    let (named, others) = (named.into_iter().chain([libc::SIGPWR, libc::SIGSTKFLT]), libc::SIGRTMIN()..=libc::SIGRTMAX());
    #[cfg(not(zwelnch_linux))]
    let (named, others) = (named.into_iter(), 0..0);
    named.chain(others)
}

/// Blocks signals in this thread and in those that it will start, beside those that are blocked. By number: nix
/// does not know real-time signals.
pub fn block(numbers: impl IntoIterator<Item = libc::c_int>) {
    let set = set_of(numbers);
    // SAFETY: both pointers are valid or null for the time of the call. Fails only for an invalid request.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) };
}

/// Waits for one of these signals, which are blocked; its number.
///
/// # Errors
/// The system's, for an invalid set.
#[cfg(zwelnch_unix)]
pub(crate) fn wait(numbers: impl IntoIterator<Item = libc::c_int>) -> std::io::Result<libc::c_int> {
    let set = set_of(numbers);
    let mut number = 0;
    // SAFETY: sigwait reads the set and writes one integer.
    match unsafe { libc::sigwait(&set, &mut number) } {
        0 => Ok(number),
        error => Err(std::io::Error::from_raw_os_error(error)),
    }
}

fn set_of(numbers: impl IntoIterator<Item = libc::c_int>) -> libc::sigset_t {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigemptyset makes a valid set of what it is given, and sigaddset refuses a number that is none.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for number in numbers {
            libc::sigaddset(set.as_mut_ptr(), number);
        }
        set.assume_init()
    }
}

/// Whether a signal, by its number, is ignored; false for an invalid number.
pub(crate) fn is_ignored(number: libc::c_int) -> bool {
    let mut old = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null new action sigaction only writes the old one to the place it is given.
    let asked = unsafe { libc::sigaction(number, std::ptr::null(), old.as_mut_ptr()) };
    // SAFETY: zeroed is a valid value of the structure, and a successful call has filled it in.
    asked == 0 && unsafe { old.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// All signals whose action a process can choose: each has its default action in a child that is created here, whatever it is in this
/// process.
#[cfg(zwelnch_unix)]
pub(crate) fn defaulted() -> SigSet {
    let mut all = SigSet::all();
    all.remove(Signal::SIGKILL);
    all.remove(Signal::SIGSTOP);
    all
}
