//! When the relay thread pauses for a moment.

use std::time::Duration;

/// A component that writes line by line would wake the relay for each of them, which costs both more than the line is worth. When that
/// continues, the relay pauses for a moment, far too short to be noticed, and then finds many lines at once. It goes on so until they stop
/// coming, or a writer has to wait.
#[derive(Default)]
pub(super) struct Pace {
    /// Consecutive turns that came soon after the one before and brought little, or what has come in a pause.
    small_turns: u32,
    last: Duration,
}

impl Pace {
    pub(super) const REST: Duration = Duration::from_micros(200);
    const SOON: Duration = Duration::from_millis(1);
    const LITTLE: usize = 32 * 1024;
    /// More does not come line by line in a pause.
    const MUCH: usize = 512 * 1024;
    const MANY: u32 = 16;

    /// `now`: the time since any fixed point. `was_full`: a pipe was, and its writer waited.
    pub(super) fn turn(&mut self, now: Duration, bytes: usize, was_full: bool) {
        let limit = if self.rests() { Pace::MUCH } else { Pace::LITTLE };
        let goes_on = (1..limit).contains(&bytes) && !was_full && now < self.last + Pace::SOON;
        self.small_turns = if goes_on { self.small_turns.saturating_add(1) } else { 0 };
        self.last = now;
    }

    pub(super) fn rests(&self) -> bool {
        self.small_turns >= Pace::MANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns of so many bytes, a tenth of a millisecond apart, and whether it rests after them.
    fn after(pace: &mut Pace, turns: u32, bytes: usize, was_full: bool) -> bool {
        for _ in 0..turns {
            pace.turn(pace.last + Duration::from_micros(100), bytes, was_full);
        }
        pace.rests()
    }

    #[test]
    fn it_rests_while_lines_come_one_by_one_and_no_writer_waits() {
        let mut pace = Pace::default();
        assert!(!after(&mut pace, Pace::MANY - 1, 100, false));
        assert!(after(&mut pace, 1, 100, false));
        assert!(after(&mut pace, 100, 100_000, false), "what has come in a pause");
        assert!(!after(&mut pace, 1, 100, true), "a writer waits");
        assert!(!after(&mut pace, 100, 100_000, false), "blocks");
        assert!(after(&mut pace, Pace::MANY, 100, false));
        pace.turn(pace.last + Pace::SOON, 100, false);
        assert!(!pace.rests(), "it is over");
        assert!(after(&mut pace, Pace::MANY, 100, false) && !after(&mut pace, 1, 0, false), "nothing has come");
    }
}
