//! The date that man pages carry: that of the newest release in the changelog; while there is none, the day that SOURCE_DATE_EPOCH means
//! (<https://reproducible-builds.org/specs/source-date-epoch/>), and only without that the day of the build.

/// The newest date of a heading `## [1.2.3] - 2026-11-26` (<https://keepachangelog.com>).
fn newest_release(changelog: &str) -> Option<&str> {
    let dates = changelog.lines().filter_map(|line| line.strip_prefix("## [")?.split_once("] - ").map(|(_, date)| date.trim_end()));
    // A release that was withdrawn has a word behind its date.
    dates.map(|date| date.split(' ').next().unwrap_or_default()).filter(|date| is_date(date)).max()
}

fn is_date(text: &str) -> bool {
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

/// The day, in UTC, of a number of seconds since 1970.
fn day_of(seconds: u64) -> String {
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut days) = (1970, seconds / 86_400);
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", days + 1)
}

/// `epoch`: SOURCE_DATE_EPOCH; `now`: seconds since 1970.
///
/// # Errors
/// Why SOURCE_DATE_EPOCH cannot be used.
pub(super) fn release_date(changelog: &str, epoch: Option<&str>, now: u64) -> Result<String, String> {
    if let Some(date) = newest_release(changelog) {
        return Ok(date.to_owned());
    }
    // Beyond the year 9999 no date has the form that man pages want.
    let seconds = |text: &str| text.parse::<u64>().ok().filter(|seconds| *seconds < 253_402_300_800);
    match epoch {
        Some(text) => seconds(text).map(day_of).ok_or_else(|| format!("SOURCE_DATE_EPOCH is no number of seconds: {text:?}")),
        None => Ok(day_of(now)),
    }
}
