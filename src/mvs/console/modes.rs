//! The modes of the terminal that is standard input: those that it was found in, and those of the console.

use nix::sys::termios::{_POSIX_VDISABLE, InputFlags, LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;

/// Makes the terminal mark pasted text.
pub(super) const MARK_PASTE: &[u8] = b"\x1b[?2004h";
const DO_NOT_MARK_PASTE: &[u8] = b"\x1b[?2004l";

/// What the thread of the signals needs of a terminal whose modes are ours.
pub(super) struct Held {
    found: Termios,
    raw: Termios,
    wake: UnixStream,
}

/// The modes in which each key is read unchanged. Output keeps its modes, because others write to this terminal too.
pub(super) fn raw(found: &Termios) -> Termios {
    let mut raw = found.clone();
    raw.input_flags
        .remove(InputFlags::BRKINT | InputFlags::ICRNL | InputFlags::INLCR | InputFlags::IGNCR | InputFlags::ISTRIP | InputFlags::IXON);
    // What was typed ahead of Ctrl-Z is thrown away, not given to the shell.
    raw.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::IEXTEN | LocalFlags::NOFLSH);
    raw.local_flags.insert(LocalFlags::ISIG);
    let characters =
        [(SpecialCharacterIndices::VINTR, _POSIX_VDISABLE), (SpecialCharacterIndices::VMIN, 1), (SpecialCharacterIndices::VTIME, 0)];
    for (character, value) in characters {
        if let Some(place) = raw.control_chars.get_mut(character as usize) {
            *place = value;
        }
    }
    raw
}

pub(super) fn set(modes: &Termios) -> nix::Result<()> {
    tcsetattr(io::stdin(), SetArg::TCSANOW, modes)
}

/// Not through std's buffer, whose lock somebody may hold who waits for the terminal.
pub(super) fn tell(bytes: &[u8]) {
    // A terminal that has gone need not be told.
    let _ = nix::unistd::write(io::stdout(), bytes);
}

/// False when the terminal is another process group's, which has given it modes of its own; who sets modes from there is stopped, and could
/// not end then.
fn is_in_foreground() -> bool {
    // A descriptor that is no terminal, or none any more, has no group.
    tcgetpgrp(io::stdin()).map_or(true, |group| group == getpgrp())
}

/// What was typed ahead is left for the next reader.
pub(super) fn give_back(found: &Termios) {
    if is_in_foreground() {
        tell(DO_NOT_MARK_PASTE);
        let _ = set(found);
    }
}

const RESIZED: u8 = b'w';
pub(super) const RESUMED: u8 = b'c';

impl Held {
    /// `wake`: what is told of what becomes of the terminal.
    pub(super) fn new(found: &Termios, raw: &Termios, wake: UnixStream) -> Held {
        Held { found: found.clone(), raw: raw.clone(), wake }
    }

    fn wake(&mut self, why: u8) {
        // A pipe that is full has wakened enough.
        let _ = self.wake.write(&[why]);
    }

    pub(super) fn resized(&mut self) {
        self.wake(RESIZED);
    }

    /// What else is to be done is done where the console waits: `terminal`'s `woken`.
    pub(super) fn resumed(&mut self) {
        if is_in_foreground() {
            let _ = set(&self.raw);
        }
        self.wake(RESUMED);
    }

    pub(super) fn give_back(&self) {
        give_back(&self.found);
    }
}
