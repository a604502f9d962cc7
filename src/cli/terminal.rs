//! Standard output and standard error of commands that are typed in a shell.

use super::arguments::Color;
use crate::message::{self, Message};
use crate::output::{escaped, printable};
use crate::platform::standard_output::{self, StandardOutput};
use crate::platform::text_streams::{Stream, written};
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// What --color says.
static COLOR: OnceLock<Color> = OnceLock::new();

/// Sets it for this run of the program.
pub(super) fn choose_color(color: Color) {
    // Once a run.
    let _ = COLOR.set(color);
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether what is written is for a terminal, and then whether it is to be coloured: --color, else <https://no-color.org>. `--color always`
/// says that a reader who is no terminal passes it on to one.
pub(super) fn terminal() -> Option<bool> {
    match COLOR.get().copied().unwrap_or(Color::Auto) {
        Color::Always => return Some(true),
        Color::Never => return is_terminal().then_some(false),
        Color::Auto => {}
    }
    let plain =
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_terminal().then_some(!plain)
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
    end_progress();
    let mut out = StandardOutput;
    let end = if text.ends_with('\n') { "" } else { "\n" };
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush()).is_ok()
}

/// What stands on the last line of the terminal is how far something has come.
static IN_PROGRESS: AtomicBool = AtomicBool::new(false);

/// How far something has come: on a terminal one line that changes and goes away with the next document or message, elsewhere a line each.
pub(super) fn progress(text: &str) {
    if is_lively() {
        live(|| text.to_owned());
    } else {
        document(text);
    }
}

/// Whether a line of standard output can change: it is a terminal that can do that.
pub(super) fn is_lively() -> bool {
    is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// [`progress`] for what is no line elsewhere.
pub(super) fn live(text: impl FnOnce() -> String) {
    if !is_lively() {
        return;
    }
    // A line that is wrapped could not be taken back. Nobody waits for the end of a long list of names.
    let room = width().saturating_sub(1);
    let shown: String = printable(&text()).chars().take(room).collect();
    drawn_in_place(&shown);
    IN_PROGRESS.store(true, Ordering::Relaxed);
}

/// How much of a whole there is, as a bar; an empty one where there is no whole.
pub(super) fn bar(part: u64, whole: u64) -> String {
    const WIDTH: u64 = 20;
    let full = (WIDTH * part.min(whole)).checked_div(whole).unwrap_or(0);
    let signs = |sign: &str, count: u64| sign.repeat(usize::try_from(count).unwrap_or_default());
    format!("[{}{}]", signs("#", full), signs("-", WIDTH - full))
}

/// Takes such a line away.
fn end_progress() {
    if IN_PROGRESS.swap(false, Ordering::Relaxed) {
        drawn_in_place("");
    }
}

/// The width of the terminal in columns.
fn width() -> usize {
    const USUAL: usize = 80;
    #[cfg(feature = "emulation")]
    if let Some((terminal_size::Width(width), _)) = terminal_size::terminal_size_of(std::io::stdout()) {
        return usize::from(width).max(1);
    }
    USUAL
}

/// Text of our own that stays on the last line of a terminal until something else is written there.
pub(super) fn drawn_in_place(text: &str) {
    let mut out = StandardOutput;
    // What is lost is remembered, as for all that is written.
    let _ = out.write_all(format!("\r{text}\u{1b}[K").as_bytes()).and_then(|()| out.flush());
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
    error_text(&format!("{}\n", printable(&message.to_string())));
}

/// Writes to standard error, in the code page of whoever reads it.
pub(super) fn error_text(text: &str) {
    end_progress();
    let _ = std::io::stderr().lock().write_all(&written(Stream::Error, text.as_bytes()));
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
