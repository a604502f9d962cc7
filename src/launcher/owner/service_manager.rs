//! What the service manager (systemd) is told besides READY and STATUS: that the owner lives, and how long what it does may still take, so
//! that the time that the unit allows is not the shorter one.

use super::{Owner, RunPhase};
use crate::launcher::run::extension;
use crate::platform::Platform;
use crate::supervisor::Moment;
use std::time::Duration;

/// What a stop, or a start, takes beyond the times of the components: processes to be made or reaped, the last lines of SYSPRINT.
const BESIDES: Duration = Duration::from_secs(30);

/// What the owner knows of what it told.
pub(super) struct ServiceManager {
    /// There is one.
    is_there: bool,
    /// How often WATCHDOG=1 is sent, where it is wanted: it comes from the owner's own loop, so that an owner that hangs is seen.
    watchdog: Option<Duration>,
    /// When it is due.
    due: Option<Moment>,
    /// It waits for something: until when it was told to wait.
    promised: Option<Moment>,
    /// It counts the time of a start or of a stop.
    is_counting: bool,
    /// The stop has begun, which it does not know yet.
    stopping: bool,
}

impl ServiceManager {
    pub(super) fn new(platform: &dyn Platform) -> ServiceManager {
        // Half of the time, as sd_watchdog_enabled(3) recommends.
        let watchdog = platform.watchdog().map(|time| time / 2);
        let due = watchdog.map(|_| Moment::default());
        ServiceManager { is_there: platform.has_service_manager(), watchdog, due, promised: None, is_counting: true, stopping: false }
    }

    /// The start is over: no time is counted.
    pub(super) fn started(&mut self) {
        self.is_counting = false;
    }

    /// The stop begins.
    pub(super) fn stopping(&mut self) {
        (self.is_counting, self.promised, self.stopping) = (true, None, true);
    }

    /// Whether it waits for something and is to be told how long that may take, which is a question to all components: asked after a burst
    /// of events, and when a stop begins.
    fn is_waiting(&self, is_calm: bool) -> bool {
        self.is_there && self.is_counting && (is_calm || self.stopping)
    }

    /// When it is to be told something.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.due
    }

    /// What it is told now; `left`: how long what it waits for may still take, at the most, where the owner knows.
    fn state(&mut self, left: Option<Duration>, now: Moment) -> Vec<String> {
        let mut state = Vec::new();
        if std::mem::take(&mut self.stopping) {
            state.push("STOPPING=1\nSTATUS=stopping components".to_owned());
        }
        let until = left.filter(|_| self.is_counting).map(|left| now.after(left).after(BESIDES));
        if until > self.promised {
            self.promised = until;
            state.extend(until.map(|until| extension(until.since(now))));
        }
        if self.due.is_some_and(|due| due <= now) {
            self.due = self.watchdog.map(|interval| now.after(interval));
            state.push("WATCHDOG=1".to_owned());
        }
        state
    }
}

impl Owner {
    /// Tells it what is due. `is_calm`: no event waits.
    pub(super) fn tell_service_manager(&mut self, is_calm: bool) {
        let now = self.now();
        let left = match self.phase {
            _ if !self.service_manager.is_waiting(is_calm) => None,
            // The prepare step says it itself.
            RunPhase::Preparing => None,
            RunPhase::Supervising => Some(self.instance.start_takes(now)),
            RunPhase::Ending => Some(self.instance.end_takes(now)),
        };
        let state = self.service_manager.state(left, now);
        if !state.is_empty() {
            self.context.platform.notify_service_manager(&state.join("\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fake::FakePlatform;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn a_promise_is_made_once_and_again_when_it_does_not_hold() {
        let mut told = ServiceManager::new(&FakePlatform::default());
        assert!(told.state(None, at(0)).is_empty());
        assert_eq!(told.state(seconds(0), at(0)), ["EXTEND_TIMEOUT_USEC=30000000"]);
        told.started();
        assert!(told.state(seconds(600), at(7)).is_empty());
        told.stopping();
        let begun = ["STOPPING=1\nSTATUS=stopping components", "EXTEND_TIMEOUT_USEC=90000000"];
        assert_eq!(told.state(seconds(60), at(10)), begun);
        // A second later a second is gone, or more.
        assert!(told.state(seconds(59), at(11)).is_empty() && told.state(seconds(20), at(12)).is_empty());
        assert_eq!(told.state(seconds(61), at(13)), ["EXTEND_TIMEOUT_USEC=91000000"]);
        assert_eq!(told.deadline(), None);
    }

    #[test]
    fn a_watchdog_hears_twice_within_its_time() {
        let platform = FakePlatform::default();
        let mut told = ServiceManager { watchdog: seconds(5), due: Some(at(0)), ..ServiceManager::new(&platform) };
        assert_eq!(told.state(None, at(0)), ["WATCHDOG=1"]);
        assert_eq!(told.deadline(), Some(at(5)));
        assert!(told.state(None, at(4)).is_empty());
        assert_eq!(told.state(None, at(6)), ["WATCHDOG=1"]);
        assert_eq!(told.deadline(), Some(at(11)));
    }
}
