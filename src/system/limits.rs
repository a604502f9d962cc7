//! The file LIMITS of a system directory: how large and how old SYSLOG and the spool become. One setting a line, `#` begins a comment; what
//! is not given has its default:
//!
//! ```text
//! SYSLOG SIZE 16M FILES 5 AGE 90      a new SYSLOG beyond this size or after these days; so many earlier ones are kept, for so many days
//! SPOOL SIZE 1G JOBS 100 AGE 30       of jobs that have ended: bytes and jobs in all, and days
//! ```

use super::SystemDirectory;
use crate::platform::files::{read_bounded, unless_missing};

/// The most bytes of the file.
const FILE_LIMIT: u64 = 64 * 1024;

/// Below this SYSLOG would be too short to be of use.
const SMALLEST_SYSLOG: u64 = 64 * 1024;

/// What bounds SYSLOG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyslogLimits {
    /// Bytes beyond which a new file is begun.
    pub size: u64,
    /// Earlier files that are kept, `SYSLOG.1` the youngest.
    pub files: u32,
    /// Days after which a new file is begun, and after which an earlier one is removed.
    pub days: u32,
}

/// What bounds the spool directories of jobs that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolLimits {
    /// Bytes of all of them.
    pub size: u64,
    pub jobs: usize,
    pub days: u32,
}

/// The content of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub syslog: SyslogLimits,
    pub spool: SpoolLimits,
}

impl Default for Limits {
    fn default() -> Self {
        const MEBIBYTE: u64 = 1024 * 1024;
        Limits {
            syslog: SyslogLimits { size: 16 * MEBIBYTE, files: 5, days: 90 },
            spool: SpoolLimits { size: 1024 * MEBIBYTE, jobs: 100, days: 30 },
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("{0:?} is not known; SYSLOG SIZE n FILES n AGE days or SPOOL SIZE n JOBS n AGE days is expected")]
    Unknown(String),
    #[error("{0} stands twice")]
    Twice(String),
    #[error("{keyword} {value:?} is no number from {least} to {most}{}", if *.bytes { "; K, M and G may follow it" } else { "" })]
    Value { keyword: String, value: String, least: u64, most: u64, bytes: bool },
}

impl Limits {
    /// Reads the file's text.
    ///
    /// # Errors
    /// The number of a line, from 1, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Limits, (usize, LimitError)> {
        let mut limits = Limits::default();
        let mut seen = std::collections::HashSet::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().to_ascii_uppercase();
            let mut words = line.split_whitespace();
            let Some(what) = words.next() else { continue };
            let mut set = |keyword: &str, value: &str| {
                let shown = format!("{what} {keyword}");
                if !seen.insert(shown.clone()) {
                    return Err(LimitError::Twice(shown));
                }
                let bounded = |least: u64, most: u64, bytes: bool| {
                    let read = if bytes { bytes_of(value) } else { value.parse().ok() };
                    let good = read.filter(|number| (least..=most).contains(number));
                    good.ok_or_else(|| LimitError::Value { keyword: shown.clone(), value: value.to_owned(), least, most, bytes })
                };
                // The bounds of the values make the conversions exact.
                match (what, keyword) {
                    ("SYSLOG", "SIZE") => limits.syslog.size = bounded(SMALLEST_SYSLOG, 1 << 40, true)?,
                    ("SYSLOG", "FILES") => limits.syslog.files = bounded(1, 999, false)? as u32,
                    ("SYSLOG", "AGE") => limits.syslog.days = bounded(1, 36_500, false)? as u32,
                    ("SPOOL", "SIZE") => limits.spool.size = bounded(0, 1 << 50, true)?,
                    ("SPOOL", "JOBS") => limits.spool.jobs = bounded(1, 99_000, false)? as usize,
                    ("SPOOL", "AGE") => limits.spool.days = bounded(1, 36_500, false)? as u32,
                    _ => return Err(LimitError::Unknown(shown)),
                }
                Ok(())
            };
            let mut any = false;
            while let Some(keyword) = words.next() {
                any = true;
                set(keyword, words.next().unwrap_or_default()).map_err(|why| (number, why))?;
            }
            if !any {
                return Err((number, LimitError::Unknown(what.to_owned())));
            }
        }
        Ok(limits)
    }
}

/// `16M`: a number of bytes, or of binary thousands, millions or milliards of them.
fn bytes_of(text: &str) -> Option<u64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'K' => (text.get(..text.len() - 1)?, 1 << 10),
        b'M' => (text.get(..text.len() - 1)?, 1 << 20),
        b'G' => (text.get(..text.len() - 1)?, 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

impl SystemDirectory {
    /// The limits that hold now: those of the file LIMITS or, where it is missing or cannot be used, the defaults; and why it cannot be used.
    pub fn limits(&self) -> (Limits, Option<String>) {
        let path = self.path().join("LIMITS");
        let wrong = |why: String| (Limits::default(), Some(why));
        match unless_missing(read_bounded(&path, FILE_LIMIT)) {
            Ok(None) => (Limits::default(), None),
            Ok(Some(bytes)) => match Limits::parse(&String::from_utf8_lossy(&bytes)) {
                Ok(limits) => (limits, None),
                Err((line, why)) => wrong(format!("{}:{line}: {why}", path.display())),
            },
            Err(error) => wrong(format!("{}: {error}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let limits = Limits::parse("# ours\n\nsyslog size 64k files 2   # small\nSPOOL AGE 7 JOBS 3\nSYSLOG AGE 1\n").unwrap();
        assert_eq!(limits.syslog, SyslogLimits { size: 65_536, files: 2, days: 1 });
        assert_eq!(limits.spool, SpoolLimits { jobs: 3, days: 7, ..Limits::default().spool });
        assert_eq!(Limits::parse(""), Ok(Limits::default()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, what) in [
            ("SYSLOG", 1, "\"SYSLOG\" is not known"),
            ("\nLOG SIZE 1M", 2, "\"LOG SIZE\" is not known"),
            ("SYSLOG SIZE", 1, "SYSLOG SIZE \"\" is no number"),
            ("SYSLOG SIZE 1K", 1, "is no number from 65536"),
            ("SYSLOG SIZE 99999999999999999999G", 1, "is no number"),
            ("SYSLOG FILES 0", 1, "is no number from 1 to 999"),
            ("SPOOL JOBS -1", 1, "is no number"),
            ("SPOOL AGE 1\nSPOOL AGE 2", 2, "SPOOL AGE stands twice"),
            ("SPOOL FILES 3", 1, "is not known"),
        ] {
            let (number, why) = Limits::parse(text).unwrap_err();
            assert!(number == line && why.to_string().contains(what), "{text:?}: {number} {why}");
        }
    }
}
