//! The line of SYSLOG: made and read in one place.
//!
//! ```text
//! 2026-11-06 10:11:12.34 LPAR1    ZWESLSTC STC00001  $HASP373 ZWESLSTC STARTED
//! 1          12          24       33       42        52
//! ```

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Column of the text, counted from 0.
const TEXT_AT: usize = 51;

/// The parts of a line of SYSLOG; blank fields are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyslogLine<'a> {
    /// `yyyy-mm-dd`, UTC.
    pub date: &'a str,
    /// `hh:mm:ss.hh`, UTC, hundredths of a second.
    pub time: &'a str,
    pub sysname: &'a str,
    pub job_name: &'a str,
    pub job_id: &'a str,
    pub text: &'a str,
}

/// One line of SYSLOG in fixed columns, with its line end: date, time, system, job name, job id (each padded to 8), text. Control
/// characters, and those that change the direction of text, become dots, so that no text can forge a line.
pub fn syslog_line(now: Timestamp, sysname: &str, job_name: &str, job_id: &str, text: &str) -> String {
    let stamp = now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S.%2f").to_string();
    let text: String = text.trim_end().chars().map(printable).collect();
    format!("{stamp} {} {} {}  {text}\n", field(sysname), field(job_name), field(job_id))
}

/// The reverse of [`syslog_line`]; None for a line that was not made by it.
pub fn parse_syslog_line(line: &str) -> Option<SyslogLine<'_>> {
    let line = line.trim_end_matches('\n');
    let part = |from: usize, to: usize| line.get(from..to);
    let blank_at = |at: usize| line.as_bytes().get(at) == Some(&b' ');
    // With an empty text the line ends after its two blanks.
    if ![10, 22, 31, 40, 49, 50].into_iter().all(blank_at) {
        return None;
    }
    Some(SyslogLine {
        date: part(0, 10)?,
        time: part(11, 22)?,
        sysname: part(23, 31)?.trim_end(),
        job_name: part(32, 40)?.trim_end(),
        job_id: part(41, 49)?.trim_end(),
        text: line.get(TEXT_AT..)?,
    })
}

/// `hh.mm.ss`, UTC, as MVS messages show the time.
pub fn clock_time(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%H.%M.%S").to_string()
}

/// `yyyy.ddd`, UTC, as MVS messages show the date.
pub fn julian_date(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%Y.%j").to_string()
}

/// Exactly 8 characters of one byte each, so that the columns are bytes too.
fn field(text: &str) -> String {
    let cut: String = text.chars().map(|character| if character.is_ascii_graphic() { character } else { '.' }).take(8).collect();
    format!("{cut:8}")
}

fn printable(character: char) -> char {
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || turns { '.' } else { character }
}
