//! The time zone of the stamps on SYSPRINT: which texts name one, and which are refused because they mean the opposite of what they say.
//!
//! POSIX counts hours west of Greenwich: `TZ=UTC+2` is two hours behind UTC, and ISO 8601, mail and everybody else write that `UTC-2`.

use crate::platform::zoneinfo::{self, ZoneFile};
use jiff::tz::{Offset, TimeZone};

/// A time zone, and the text that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    pub(super) rules: TimeZone,
    doubt: Option<String>,
}

impl Default for Zone {
    fn default() -> Zone {
        Zone { name: "UTC".to_owned(), rules: TimeZone::UTC, doubt: None }
    }
}

/// What time is called in the time zone database of our days, in minutes east of Greenwich; some are called so in several places. A test
/// compares it with that database.
const ABBREVIATIONS: &[(&str, &[i32])] = &[
    ("ACDT", &[630]),
    ("ACST", &[570]),
    ("ADT", &[-180]),
    ("AEDT", &[660]),
    ("AEST", &[600]),
    ("AKDT", &[-480]),
    ("AKST", &[-540]),
    ("AST", &[-240]),
    ("AWST", &[480]),
    ("BST", &[60]),
    ("CAT", &[120]),
    ("CDT", &[-300, -240]),
    ("CEST", &[120]),
    ("CET", &[60]),
    ("CST", &[-360, -300, 480]),
    ("ChST", &[600]),
    ("EAT", &[180]),
    ("EDT", &[-240]),
    ("EEST", &[180]),
    ("EET", &[120]),
    ("EST", &[-300]),
    ("HDT", &[-540]),
    ("HKT", &[480]),
    ("HST", &[-600]),
    ("IDT", &[180]),
    ("IST", &[60, 120, 330]),
    ("JST", &[540]),
    ("KST", &[540]),
    ("MDT", &[-360]),
    ("MEST", &[120]),
    ("MET", &[60]),
    ("MSK", &[180]),
    ("MST", &[-420]),
    ("NDT", &[-150]),
    ("NST", &[-210]),
    ("NZDT", &[780]),
    ("NZST", &[720]),
    ("PDT", &[-420]),
    ("PKT", &[300]),
    ("PST", &[-480, 480]),
    ("SAST", &[120]),
    ("SST", &[-660]),
    ("WAT", &[60]),
    ("WEST", &[60]),
    ("WET", &[0]),
    ("WIB", &[420]),
    ("WIT", &[540]),
    ("WITA", &[480]),
];

/// Names of UTC.
const UNIVERSAL: [&str; 6] = ["UTC", "GMT", "UT", "UCT", "Z", "ZULU"];

/// What is expected of a text, as a warning says it.
const EXPECTED: &str = "a time zone that this system knows, an offset such as +02:00, or a POSIX TZ text with its rules is expected";

impl Zone {
    /// The zone that a text names: an offset from UTC as ISO 8601 writes it (`+02:00`), a zone of the system's database (`Europe/Berlin`),
    /// or a POSIX TZ text (`CET-1CEST,M3.5.0,M10.5.0/3`).
    ///
    /// # Errors
    /// Why it names none, or not the one that is meant.
    pub fn named(text: &str) -> Result<Zone, String> {
        parse(text, zoneinfo::read)
    }

    fn new(text: &str, rules: TimeZone) -> Zone {
        Zone { name: text.to_owned(), rules, doubt: None }
    }

    /// What it means, where others may mean the opposite by the same text.
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// The text that named it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `+02:00`: how far it is ahead of UTC at a time.
    pub fn offset(&self, at: jiff::Timestamp) -> String {
        at.to_zoned(self.rules.clone()).strftime("%:z").to_string()
    }

    /// `yyyy-mm-dd hh:mm:ss.mmm`, as long as automation knows it. Other zones than UTC have their offset behind it, without a blank, so
    /// that the hour that comes twice in autumn can be told apart and the columns and words of a line stay where they are.
    pub fn stamp(&self, at: jiff::Timestamp) -> String {
        let form = if self.rules == TimeZone::UTC { "%Y-%m-%d %H:%M:%S%.3f" } else { "%Y-%m-%d %H:%M:%S%.3f%:z" };
        at.to_zoned(self.rules.clone()).strftime(form).to_string()
    }
}

fn parse(text: &str, read: impl Fn(&str) -> Result<Option<ZoneFile>, String>) -> Result<Zone, String> {
    if is_universal(text) {
        return Ok(Zone::new(text, TimeZone::UTC));
    }
    if let Some(seconds) = iso(text) {
        return Ok(Zone::new(text, fixed(seconds)));
    }
    // A colon says that an implementation's own name follows.
    let name = text.strip_prefix(':').unwrap_or(text);
    if let Some(file) = read(name)? {
        let rules = TimeZone::tzif(name, &file.bytes)
            .map_err(|error| format!("{} is no time zone file that can be read: {error}", file.path.display()))?;
        let last = name.rsplit('/').next().unwrap_or(name);
        let opposite = Posix::read(last).filter(|posix| is_universal(posix.name) && posix.ahead != 0);
        let doubt = opposite.map(|posix| Posix { text, ..posix }.doubt());
        return Ok(Zone { doubt, ..Zone::new(text, if is_utc(&rules) { TimeZone::UTC } else { rules }) });
    }
    let Some(posix) = Posix::read(text) else { return Err(EXPECTED.to_owned()) };
    let known = known(posix.name);
    let agrees = known.contains(&posix.ahead);
    let opposite = posix.ahead != 0 && (is_universal(posix.name) || known.contains(&-posix.ahead));
    if opposite && !agrees {
        return Err(posix.refusal());
    }
    if posix.ahead == 0 && is_universal(posix.name) && posix.rest.is_empty() {
        return Ok(Zone::new(text, TimeZone::UTC));
    }
    let rules = TimeZone::posix(text).map_err(|_| EXPECTED.to_owned())?;
    let doubtful = opposite || !agrees && posix.ahead != 0 && posix.rest.is_empty();
    Ok(Zone { doubt: doubtful.then(|| posix.doubt()), ..Zone::new(text, rules) })
}

fn is_universal(name: &str) -> bool {
    UNIVERSAL.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a zone of the database is always UTC.
fn is_utc(rules: &TimeZone) -> bool {
    rules.following(jiff::Timestamp::MIN).next().is_none() && rules.to_offset(jiff::Timestamp::UNIX_EPOCH) == Offset::UTC
}

/// What a name of time is ahead of UTC, in seconds, by common use.
fn known(name: &str) -> Vec<i32> {
    if is_universal(name) {
        return vec![0];
    }
    if let Some(seconds) = name.find(['+', '-']).and_then(|sign| iso(&name[sign..])) {
        return vec![seconds];
    }
    let of = |(abbreviation, minutes): &(&str, &[i32])| abbreviation.eq_ignore_ascii_case(name).then(|| minutes.to_vec());
    ABBREVIATIONS.iter().find_map(of).unwrap_or_default().into_iter().map(|minutes| minutes * 60).collect()
}

/// `+hh`, `+hhmm`, `+hh:mm`: seconds ahead of UTC, less than a day.
fn iso(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &text[1..];
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), 5) => (hours, minutes),
        (None, 1 | 2) => (digits, "00"),
        (None, 4) => (digits.get(..2)?, digits.get(2..)?),
        _ => return None,
    };
    let number = |digits: &str, below: i32| {
        let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i32>().ok())??;
        (number < below).then_some(number)
    };
    Some(sign * (number(hours, 24)? * 3600 + number(minutes, 60)? * 60))
}

fn fixed(seconds: i32) -> TimeZone {
    // It is less than a day.
    Offset::from_seconds(seconds)
        .map_or(TimeZone::UTC, |offset| if offset == Offset::UTC { TimeZone::UTC } else { TimeZone::fixed(offset) })
}

/// The beginning of a POSIX TZ text.
#[derive(Debug, PartialEq)]
struct Posix<'a> {
    text: &'a str,
    name: &'a str,
    /// Seconds ahead of UTC, which the text has with the other sign.
    ahead: i32,
    /// The name and rules of daylight saving time.
    rest: &'a str,
}

impl Posix<'_> {
    fn read(text: &str) -> Option<Posix<'_>> {
        let (name, behind) = match text.strip_prefix('<') {
            Some(quoted) => quoted.split_once('>')?,
            None => text.split_at(text.find(|character: char| !character.is_ascii_alphabetic())?),
        };
        let behind = behind.trim_start();
        let (sign, digits) = match behind.as_bytes().first()? {
            b'-' => (1, &behind[1..]),
            b'+' => (-1, &behind[1..]),
            _ => (-1, behind),
        };
        let end = digits.find(|character: char| !character.is_ascii_digit() && character != ':').unwrap_or(digits.len());
        let (digits, rest) = digits.split_at(end);
        // UTC+0200 is none of POSIX, but what people write.
        let (hours, minutes) = if digits.len() == 4 && !digits.contains(':') { digits.split_at(2) } else { (digits, "") };
        let parts = hours.split(':').chain(Some(minutes).filter(|minutes| !minutes.is_empty()));
        let mut ahead = 0;
        for (part, unit) in parts.zip([3600, 60, 1]) {
            ahead += part.parse::<i32>().ok().filter(|number| *number <= 167)? * unit;
        }
        (!name.is_empty()).then_some(Posix { text, name, ahead: sign * ahead, rest })
    }

    fn refusal(&self) -> String {
        let (is, opposite) = (shown(self.ahead), shown(-self.ahead));
        format!(
            "its sign is that of POSIX, by which '{}' is {is} from UTC, the opposite of what it says: write {opposite} or, if that is \
            meant, {is}",
            self.text
        )
    }

    fn doubt(&self) -> String {
        let is = shown(self.ahead);
        format!("the sign of '{}' is that of POSIX: stamps are {is} from UTC; {is} says the same without doubt", self.text)
    }
}

/// `+02:00`.
fn shown(seconds: i32) -> String {
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    let seconds = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
    format!("{sign}{hours:02}:{minutes:02}{seconds}")
}

#[cfg(test)]
mod tests;
