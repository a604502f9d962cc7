//! On a terminal, how far an instance that was started has come with its prepare step, on the last line: by its journal, as the launcher
//! has no components to show yet. Elsewhere nothing.

use super::terminal::{bar, is_lively, live};
use crate::config::{Configuration, HaInstance, normalize_id};
use crate::ha::operate::Addressed;
use crate::journal::Follower;
use crate::seeing::Preparing;
use std::time::{Duration, Instant};

/// Between two looks at the journal.
const LOOKS: Duration = Duration::from_millis(200);

/// The journal of an instance that is being started; none where nobody sees it, or it cannot be read.
pub(super) struct Watched(Option<(Follower, Preparing)>);

impl Watched {
    /// To be called before its START: what was before is passed over.
    pub(super) fn begin(instance: &Addressed, configuration: Option<&Configuration>) -> Watched {
        let path = || {
            let id = HaInstance { id: normalize_id(instance.id.as_ref()?), from_placeholder: false };
            Some(configuration?.for_instance(&id).ok()?.journal()?.path)
        };
        // It is for the eye alone: that the journal cannot be read is said by who is asked about it.
        let follower = if is_lively() { path().and_then(|path| Follower::at_end(&path).ok()) } else { None };
        Watched(follower.map(|follower| (follower, Preparing::default())))
    }

    /// Lets some time pass, and shows what it brings. `shown`: the instance.
    pub(super) fn rest(&mut self, time: Duration, shown: &str) {
        let Some((follower, preparing)) = &mut self.0 else { return std::thread::sleep(time) };
        let until = Instant::now() + time;
        loop {
            let read = follower.news(&mut |line| {
                // A line of another version tells nothing.
                line.iter().for_each(|record| preparing.take(record));
                Ok(())
            });
            if let (Ok(true), Some((words, count))) = (read, preparing.shown()) {
                let bar = count.map_or_else(String::new, |(done, of)| format!("{} ", bar(done, of)));
                live(|| format!("{bar}{shown} is being prepared: {words}"));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOKS));
        }
    }
}
