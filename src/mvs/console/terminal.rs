//! Standard input as a terminal that delivers each key unchanged: its modes, its signals, and the one place where the console waits.
//!
//! Ctrl-C is a key. Ctrl-Z and Ctrl-\ send their usual signals, also while a command is being carried out; the terminal first gets its
//! modes back.

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

/// Terminals, as TERM names them, that cannot move the cursor.
const PLAIN: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Makes the terminal mark pasted text.
const MARK_PASTE: &[u8] = b"\x1b[?2004h";
const DO_NOT_MARK_PASTE: &[u8] = b"\x1b[?2004l";

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

/// What signal handlers need: they can only use what already exists.
struct Handled {
    found: libc::termios,
    raw: libc::termios,
    wake: RawFd,
}

/// Null while no terminal is held.
static HANDLED: AtomicPtr<Handled> = AtomicPtr::new(std::ptr::null_mut());

/// The terminal; when this is dropped, its modes are restored.
pub(super) struct RawTerminal {
    found: Termios,
    woken: UnixStream,
    /// Held open for the handlers, which write to it.
    _wake: UnixStream,
    actions: Vec<(Signal, SigAction)>,
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
        let stdin = io::stdin();
        let found = tcgetattr(&stdin)?;
        // Not the fields of nix: they are not yet in the structure that it returns.
        let raw = raw(found.clone().into());
        let (woken, wake) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        let handled = Handled { found: found.clone().into(), raw, wake: wake.as_raw_fd() };
        // Never freed: a handler on another thread may be using it.
        HANDLED.store(Box::leak(Box::new(handled)), Ordering::SeqCst);
        // From here on, dropping it undoes what has been done so far.
        let mut terminal = RawTerminal { found, woken, _wake: wake, actions: Vec::new() };
        terminal.handle(Signal::SIGWINCH, resized, SaFlags::SA_RESTART)?;
        terminal.handle(Signal::SIGCONT, resumed, SaFlags::SA_RESTART)?;
        terminal.handle(Signal::SIGTSTP, stopped, SUSPENDING)?;
        // What was typed ahead is kept.
        tcsetattr(&stdin, SetArg::TCSANOW, &Termios::from(raw))?;
        tell(MARK_PASTE);
        Ok(terminal)
    }

    fn handle(&mut self, signal: Signal, handler: extern "C" fn(libc::c_int), flags: SaFlags) -> io::Result<()> {
        let action = SigAction::new(SigHandler::Handler(handler), flags, SigSet::empty());
        // SAFETY: the handlers below use only an atomic pointer to what is never freed, and functions that are safe in handlers.
        let old = unsafe { sigaction(signal, &action) }?;
        let ignored = matches!(old.handler(), SigHandler::SigIgn);
        self.actions.push((signal, old));
        if ignored {
            // As nohup does.
            self.give_back();
        }
        Ok(())
    }

    /// Restores the old action of the last signal.
    fn give_back(&mut self) {
        if let Some((signal, action)) = self.actions.pop() {
            // SAFETY: an action that was there before is as good as it was.
            let _ = unsafe { sigaction(signal, &action) };
        }
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

    /// What the handlers have reported.
    fn woken(&mut self) -> Option<Event> {
        let mut told = [0; 64];
        let length = nix::unistd::read(&self.woken, &mut told).unwrap_or(0);
        let told = told.get(..length).unwrap_or_default();
        if told.contains(&RESUMED) {
            // In the background this stops the console, until it is in the foreground.
            with_handled(|handled| handled.set(&handled.raw));
            tell(MARK_PASTE);
            return Some(Event::Resumed);
        }
        (!told.is_empty()).then_some(Event::Resized)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        HANDLED.store(std::ptr::null_mut(), Ordering::SeqCst);
        while !self.actions.is_empty() {
            self.give_back();
        }
        if is_in_foreground() {
            tell(DO_NOT_MARK_PASTE);
            // What was typed ahead is left for the next reader.
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.found);
        }
    }
}

/// The modes in which each key is read unchanged. Output keeps its modes, because others write to this terminal too.
fn raw(found: libc::termios) -> libc::termios {
    let mut raw = found;
    raw.c_iflag &= !(libc::BRKINT | libc::ICRNL | libc::INLCR | libc::IGNCR | libc::ISTRIP | libc::IXON);
    raw.c_lflag &= !(libc::ECHO | libc::ICANON | libc::IEXTEN);
    raw.c_lflag |= libc::ISIG;
    // What was typed ahead of Ctrl-Z is thrown away, not given to the shell.
    raw.c_lflag &= !libc::NOFLSH;
    for (character, value) in [(libc::VINTR, libc::_POSIX_VDISABLE), (libc::VMIN, 1), (libc::VTIME, 0)] {
        if let Some(place) = raw.c_cc.get_mut(character) {
            *place = value;
        }
    }
    raw
}

fn tell(bytes: &[u8]) {
    let mut output = io::stdout().lock();
    // A terminal that has gone need not be told.
    let _ = output.write_all(bytes).and_then(|()| output.flush());
}

const RESIZED: u8 = b'w';
const RESUMED: u8 = b'c';

/// The first stop of the handler is the signal's own effect, within the handler.
const SUSPENDING: SaFlags = SaFlags::SA_RESTART.union(SaFlags::SA_RESETHAND).union(SaFlags::SA_NODEFER);

// The handlers. They may interrupt anything, so they do only what POSIX calls async-signal-safe: tcgetpgrp, getpgrp, tcsetattr, write,
// raise, sigaction.

/// False when the terminal is another process group's, which has given it modes of its own; who sets modes from there is stopped, and could
/// not end then.
fn is_in_foreground() -> bool {
    // SAFETY: both only ask; a descriptor that is no terminal, or none any more, has no group.
    unsafe {
        let group = libc::tcgetpgrp(libc::STDIN_FILENO);
        group == -1 || group == libc::getpgrp()
    }
}

/// For the handler of the signal that ends the process at once.
pub(super) fn give_back_in_handler() {
    with_handled(Handled::give_back);
}

fn with_handled(act: impl FnOnce(&Handled)) {
    let before = Errno::last_raw();
    // SAFETY: null, or from a box that was leaked.
    if let Some(handled) = unsafe { HANDLED.load(Ordering::SeqCst).as_ref() } {
        act(handled);
    }
    Errno::set_raw(before);
}

impl Handled {
    fn set(&self, modes: &libc::termios) {
        // SAFETY: a descriptor that may be anything, and modes that live on.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, modes) };
    }

    fn wake(&self, why: u8) {
        // SAFETY: one byte from a place that lives on; a pipe that is full has wakened enough.
        unsafe { libc::write(self.wake, (&raw const why).cast(), 1) };
    }

    /// What else is to be done is done where the console waits: [`RawTerminal::woken`].
    fn resume(&self) {
        if is_in_foreground() {
            self.set(&self.raw);
        }
        self.wake(RESUMED);
    }

    fn give_back(&self) {
        if !is_in_foreground() {
            return;
        }
        // SAFETY: bytes that live on.
        unsafe { libc::write(libc::STDOUT_FILENO, DO_NOT_MARK_PASTE.as_ptr().cast(), DO_NOT_MARK_PASTE.len()) };
        self.set(&self.found);
    }
}

extern "C" fn resized(_: libc::c_int) {
    with_handled(|handled| handled.wake(RESIZED));
}

extern "C" fn resumed(_: libc::c_int) {
    with_handled(Handled::resume);
}

extern "C" fn stopped(_: libc::c_int) {
    with_handled(Handled::give_back);
    // The action is the system's again (SA_RESETHAND): this stops, or does nothing where nobody could continue it.
    let _ = raise(Signal::SIGTSTP);
    // And now it goes on.
    with_handled(|handled| {
        let action = SigAction::new(SigHandler::Handler(stopped), SUSPENDING, SigSet::empty());
        // SAFETY: as where it was set first.
        let _ = unsafe { sigaction(Signal::SIGTSTP, &action) };
        handled.resume();
    });
}
