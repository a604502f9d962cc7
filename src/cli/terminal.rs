//! Standard output and standard error of commands that are typed in a shell.

use crate::message::{self, Message};
use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// Whether standard output is a terminal, and then whether it is to be coloured (https://no-color.org).
pub(super) fn terminal() -> Option<bool> {
    let plain =
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal().then_some(!plain)
}

/// Writes a document to standard output. A reader that has gone (`| head`) is no error.
pub(super) fn document(text: &str) {
    if text.is_empty() {
        return;
    }
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    let _ = out.flush();
}

/// Writes a message to standard error.
pub(super) fn say(message: &Message) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// Says each message and gives the exit code.
pub(super) fn fail_with(messages: &[Message]) -> i32 {
    messages.iter().for_each(say);
    8
}

/// Says why a command failed and gives its exit code.
pub(super) fn fail(why: impl Display) -> i32 {
    say(&message::zwel0930e(why));
    8
}
