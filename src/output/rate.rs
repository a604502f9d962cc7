//! How often a component may write to the operator's console: a burst, then a steady rate (the generic cell rate algorithm). Pure; times
//! are since any fixed point.

use std::time::Duration;

/// Lines at once.
const BURST: u32 = 50;
/// The time in which one more line is earned: 10 a second.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);
/// A flood is over when nothing was held back for this long.
const QUIET: Duration = Duration::from_secs(1);
/// How often a continuing flood is mentioned.
const REMIND: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Rate {
    /// When everything that was let through will have been earned.
    earned_at: Duration,
    held: u64,
    first_held: Duration,
    last_held: Duration,
}

impl Rate {
    /// Whether one more may be sent; otherwise it is counted as held back.
    pub(super) fn admit(&mut self, now: Duration) -> bool {
        if self.earned_at <= now + INTERVAL * (BURST - 1) {
            self.earned_at = self.earned_at.max(now) + INTERVAL;
            return true;
        }
        if self.held == 0 {
            self.first_held = now;
        }
        self.held += 1;
        self.last_held = now;
        false
    }

    /// When [`Rate::take_held`] is due; None while nothing is held back.
    pub(super) fn due(&self) -> Option<Duration> {
        (self.held > 0).then(|| (self.last_held + QUIET).min(self.first_held + REMIND))
    }

    /// How many were held back since the last call; 0: none.
    pub(super) fn take_held(&mut self) -> u64 {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_ten_a_second_and_the_rest_is_counted() {
        let mut rate = Rate::default();
        let at = Duration::from_millis;
        assert_eq!((0..1000).filter(|_| rate.admit(at(0))).count(), 50);
        assert_eq!(rate.due(), Some(at(1000)));
        assert_eq!((1..=2000).filter(|now| rate.admit(at(*now))).count(), 20);
        assert_eq!(rate.due(), Some(at(2999)), "the last one earned its place");
        assert_eq!((rate.take_held(), rate.take_held(), rate.due()), (950 + 1980, 0, None));
        assert_eq!((0..1000).filter(|_| rate.admit(at(60_000))).count(), 50);
    }

    #[test]
    fn a_flood_without_end_is_mentioned_every_minute() {
        let mut rate = Rate::default();
        for now in 0..600 {
            rate.admit(Duration::from_millis(now * 100));
            rate.admit(Duration::from_millis(now * 100));
        }
        assert!(rate.due().is_some_and(|due| due < Duration::from_secs(66)));
    }
}
