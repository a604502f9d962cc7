//! Standard output and standard error of commands that are typed in a shell.

use crate::message::{self, Message};
use crate::output::{escaped, printable};
use crate::platform::standard_output::{self, StandardOutput};
use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// Whether standard output is a terminal, and then whether it is to be coloured (<https://no-color.org>).
pub(super) fn terminal() -> Option<bool> {
    let plain =
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal().then_some(!plain)
}

/// Writes a document to standard output: what came from elsewhere controls no terminal ([`printable`]). A reader that has gone (`| head`)
/// is no error; anything else that keeps the document from being written is remembered for [`exit_code`]. False when it was not written,
/// for whatever reason: a caller that repeats itself can end then.
pub(super) fn document(text: &str) -> bool {
    drawn(&printable(text))
}

/// [`document`] for programs: JSON, in which what is not printable is escaped.
pub(super) fn data(text: &str) -> bool {
    drawn(&escaped(text))
}

/// [`document`] with escape sequences of our own; whoever made it has made the rest printable.
pub(super) fn drawn(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let mut out = StandardOutput;
    let end = if text.ends_with('\n') { "" } else { "\n" };
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush()).is_ok()
}

/// The exit code of a command that would end with `code`: if standard output did not take everything, that is said and is not a success.
pub(super) fn exit_code(code: i32) -> i32 {
    match standard_output::lost() {
        None => code,
        Some(why) => code.max(fail(format!("standard output cannot be written, what it holds is not whole: {why}"))),
    }
}

/// Writes a message to standard error.
pub(super) fn say(message: &Message) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(&message.to_string()));
}

/// Says each message and gives the exit code.
pub(super) fn fail_with(messages: &[Message]) -> i32 {
    messages.iter().for_each(say);
    8
}

/// Says why a command failed and gives its exit code.
pub(super) fn fail(why: impl Display) -> i32 {
    say(&message::plain_error(why));
    8
}
