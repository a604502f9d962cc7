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

const STAMP: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// `yyyy-mm-dd hh:mm:ss.mmm` in UTC.
pub fn timestamp(now: jiff::Timestamp) -> String {
    now.strftime(STAMP).to_string()
}

/// The time zone for a name of the IANA database, as installed on the system, or for a POSIX TZ text (`CET-1CEST,M3.5.0,M10.5.0/3`).
pub fn time_zone(name: &str) -> Option<jiff::tz::TimeZone> {
    jiff::tz::TimeZone::get(name).or_else(|_| jiff::tz::TimeZone::posix(name)).ok()
}

/// The sender: the fixed part of every line of ours.
pub(super) struct Prefix {
    process: u32,
    user: String,
    last: jiff::Timestamp,
    /// The zone of the time stamps.
    pub(super) zone: jiff::tz::TimeZone,
}

impl Prefix {
    pub(super) fn new(user: String) -> Prefix {
        Prefix { process: std::process::id(), user, last: jiff::Timestamp::UNIX_EPOCH, zone: jiff::tz::TimeZone::UTC }
    }

    /// Never earlier than the line before, even when the clock is set back.
    fn stamp(&mut self) -> String {
        let now = jiff::Timestamp::now();
        if now > self.last {
            self.last = now;
        }
        self.last.to_zoned(self.zone.clone()).strftime(STAMP).to_string()
    }

    pub(super) fn launcher(&mut self, out: &mut Vec<u8>, severity: Severity, text: &str) {
        let stamp = self.stamp();
        // Writing into memory cannot fail.
        let _ = writeln!(out, "{stamp} <ZWELNCH:{}> {} {} {}", self.process, self.user, severity.level(), one_line(text));
    }

    pub(super) fn server_command(&mut self, out: &mut Vec<u8>, severity: Severity, source: &str, text: &str) {
        let stamp = self.stamp();
        let _ = writeln!(out, "{stamp} <ZWELS:{}> {} {} ({source}) {}", self.process, self.user, severity.level(), one_line(text));
    }
}
