//! When the relay thread pauses for a moment.

use std::time::Duration;

/// A component that writes line by line would wake the relay for each of them, which costs both more than the line is worth. When that
/// continues, the relay pauses for a moment, far too short to be noticed, and then finds many lines at once.
#[derive(Default)]
pub(super) struct Pace {
    /// Consecutive turns that came soon after the one before and brought little.
    small_turns: u32,
    last: Duration,
}

impl Pace {
    pub(super) const REST: Duration = Duration::from_micros(200);
    const SOON: Duration = Duration::from_millis(1);
    const LITTLE: usize = 32 * 1024;
    const MANY: u32 = 16;

    /// `now`: the time since any fixed point.
    pub(super) fn turn(&mut self, now: Duration, bytes: usize) {
        let small = bytes > 0 && bytes < Pace::LITTLE && now < self.last + Pace::SOON;
        self.small_turns = if small { self.small_turns.saturating_add(1) } else { 0 };
        self.last = now;
    }

    pub(super) fn rests(&self) -> bool {
        self.small_turns >= Pace::MANY
    }
}
