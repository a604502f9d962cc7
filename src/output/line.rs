//! The form of a line on SYSPRINT.

use super::printable::one_line;
use crate::message::Severity;
use std::io::Write;

/// The ruler line that the launcher prints at its start: it shows the reader of a log whether lines were cut.
pub const RULER: &str = concat!(
    "-- If you cant see '500' at the end of the line, your log is too short to read!80--------90------ ",
    "100----------------------125----------------------150----------------------175----------------------",
    "200----------------------225----------------------250----------------------275----------------------",
    "300----------------------325----------------------350----------------------375----------------------",
    "400----------------------425----------------------450----------------------475----------------------500"
);

/// The sender: the fixed part of every line of ours.
pub(super) struct Prefix {
    process: u32,
    user: String,
}

impl Prefix {
    pub(super) fn new(user: String) -> Prefix {
        Prefix { process: std::process::id(), user }
    }

    pub(super) fn launcher(&self, out: &mut Vec<u8>, stamp: &str, severity: Severity, text: &str) {
        // Writing into memory cannot fail.
        let _ = writeln!(out, "{stamp} <ZWELNCH:{}> {} {} {}", self.process, self.user, severity.level(), one_line(text));
    }

    pub(super) fn server_command(&self, out: &mut Vec<u8>, stamp: &str, severity: Severity, source: &str, text: &str) {
        let _ = writeln!(out, "{stamp} <ZWELS:{}> {} {} ({source}) {}", self.process, self.user, severity.level(), one_line(text));
    }
}
