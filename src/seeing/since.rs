//! `--since`: a time back from now, or a point in time.

use jiff::{SignedDuration, Timestamp, civil};

/// The text is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time back from now is expected, as in 90s, 10m, 2h or 3d, or a time in UTC, as in 14:30 or '2026-11-27 14:30:00'")]
pub struct SinceError;

/// `10m`, `14:30`, `14:30:00`, `2026-11-27`, `2026-11-27 14:30:00`, `2026-11-27T14:30:00Z`; a time of day is today's.
///
/// # Errors
/// [`SinceError`].
pub fn parse_since(text: &str, now: Timestamp) -> Result<Timestamp, SinceError> {
    let text = text.trim();
    if let Some(back) = time_back(text) {
        return now.checked_sub(back).map_err(|_| SinceError);
    }
    let utc = jiff::tz::TimeZone::UTC;
    let at = |time: civil::DateTime| time.to_zoned(utc.clone()).map(|time| time.timestamp()).map_err(|_| SinceError);
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return at(time);
    }
    if text.contains(':') && !text.contains('-') {
        let time = civil::Time::strptime("%H:%M:%S", text).or_else(|_| civil::Time::strptime("%H:%M", text)).map_err(|_| SinceError)?;
        return at(now.to_zoned(utc.clone()).date().to_datetime(time));
    }
    Err(SinceError)
}

fn time_back(text: &str) -> Option<SignedDuration> {
    let text = text.strip_suffix(" ago").unwrap_or(text);
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let seconds = match text.get(digits.len()..)?.trim() {
        "s" | "sec" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(seconds).map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_back_and_points_in_time() {
        let now: Timestamp = "2026-11-27T10:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("10m", "2026-11-27T09:50:00Z"),
            ("90s", "2026-11-27T09:58:30Z"),
            ("2h ago", "2026-11-27T08:00:00Z"),
            ("1d", "2026-11-26T10:00:00Z"),
            ("09:30", "2026-11-27T09:30:00Z"),
            ("09:30:15", "2026-11-27T09:30:15Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01 12:30:00", "2026-11-01T12:30:00Z"),
            ("2026-11-01T12:30:00+02:00", "2026-11-01T10:30:00Z"),
        ] {
            assert_eq!(parse_since(text, now).map(|time| time.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for odd in ["", "10", "m", "yesterday", "10 parsecs", "99999999999999999999d", "25:00", "9223372036854775807d"] {
            assert_eq!(parse_since(odd, now), Err(SinceError), "{odd}");
        }
    }
}
