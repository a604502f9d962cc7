//! The time of the lines on SYSPRINT, when the system's clock is set back.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How far stamps may be ahead of the clock, and for how long, before they follow it.
const HIDDEN: Duration = Duration::from_secs(1);

/// The time of the last line.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: Timestamp,
    /// When that was, by the time since any fixed point.
    last_at: Duration,
    /// Since when the clock has been behind it.
    behind_since: Option<Duration>,
}

/// The clock was set back.
#[derive(Debug, PartialEq)]
pub(super) struct SetBack {
    /// What the last line had.
    pub(super) from: Timestamp,
    pub(super) by: SignedDuration,
}

impl Clock {
    /// The time of the next line, and once for each time that the clock was set back behind the last one, that it was.
    ///
    /// Clocks that are disciplined go back by fractions of a second: then stamps wait, so that lines stay in order.
    pub(super) fn time(&mut self, now: Timestamp, running: Duration) -> (Timestamp, Option<SetBack>) {
        let last = self.last;
        let behind = last.duration_since(now);
        if now < last {
            let since = *self.behind_since.get_or_insert(running);
            if behind.unsigned_abs() <= HIDDEN && running < since + HIDDEN {
                return (last, None);
            }
        }
        let passed = SignedDuration::try_from(running.saturating_sub(self.last_at)).unwrap_or_default();
        *self = Clock { last: now, last_at: running, behind_since: None };
        (now, (now < last).then_some(SetBack { from: last, by: behind + passed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times as the clock shows them and as the monotonic one counts, in milliseconds, and what the line's stamp is.
    fn run(times: &[(i64, u64)]) -> Vec<(i64, Option<i64>)> {
        let mut clock = Clock::default();
        let at = |(wall, running): &(i64, u64)| {
            let (stamp, from) = clock.time(Timestamp::from_millisecond(*wall).unwrap(), Duration::from_millis(*running));
            (stamp.as_millisecond(), from.map(|set_back| set_back.from.as_millisecond()))
        };
        times.iter().map(at).collect()
    }

    #[test]
    fn a_fraction_of_a_second_is_hidden_and_more_is_followed_and_said_once() {
        let hidden = run(&[(10_000, 0), (9_500, 1), (9_900, 401), (10_100, 601)]);
        assert_eq!(hidden, [(10_000, None), (10_000, None), (10_000, None), (10_100, None)]);
        let followed = run(&[(10_000, 0), (8_999, 1), (9_100, 2), (7_000, 3)]);
        assert_eq!(followed, [(10_000, None), (8_999, Some(10_000)), (9_100, None), (7_000, Some(9_100))]);
    }

    #[test]
    fn by_how_much_counts_what_has_passed_since_the_last_line() {
        let mut clock = Clock::default();
        let hour = Duration::from_secs(3600);
        let from = Timestamp::from_second(100_000).unwrap();
        clock.time(from, hour);
        let (_, set_back) = clock.time(from - SignedDuration::from_mins(50), hour + Duration::from_secs(600));
        assert_eq!(set_back, Some(SetBack { from, by: SignedDuration::from_hours(1) }));
    }

    #[test]
    fn it_is_not_hidden_for_more_than_a_second_however_often_it_goes_back() {
        let seen = run(&[(10_000, 0), (9_100, 10), (9_200, 500), (9_300, 1_009), (9_300, 1_010), (9_310, 1_020)]);
        assert_eq!(seen, [(10_000, None), (10_000, None), (10_000, None), (10_000, None), (9_300, Some(10_000)), (9_310, None)]);
    }
}
