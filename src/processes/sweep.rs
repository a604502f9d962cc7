//! Ends processes that are not our children, as the guardian and a new run do: each is asked to end, and forced to end when its grace time
//! is over. There is no event for the end of another process's child, so this checks again until nothing is left.
//!
//! The time runs from the beginning for all of them, because what is found later was created by what was asked before: otherwise a process
//! that creates another one and ends, again and again, would never have been asked long enough.

use super::send;
use crate::platform::unix::SIGKILL;
use crate::platform::{ControlGroup, Ending, Pid, Platform, SignalTarget, StopSignal};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The time from the kill signal to SIGKILL; and from SIGKILL until a process that cannot be ended is left alone.
const PATIENCE: Duration = Duration::from_secs(5);

/// The interval between two checks: the first one, and the longest.
const LOOKS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

/// Looks in a row that must find nothing: a process may end between the moment when it is listed and that when it is asked, and have created
/// another one meanwhile.
const AGREEMENT: usize = 3;

/// Looks in a row that find nothing, after which nothing is left even if none was certain: where others create processes all the time, some
/// of theirs end before they can be judged in every look.
const MOST_EMPTY: usize = 100;

/// What should be ended, as of this moment.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub targets: BTreeMap<SignalTarget, Ending>,
    /// The processes behind the targets, where the system reports them.
    pub processes: BTreeSet<Pid>,
    /// A process ended before it could be told whose it was, so that it says nothing if nothing was found: what creates another process
    /// and ends looks like this.
    pub is_uncertain: bool,
}

/// The result.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SweepOutcome {
    /// All that were ever found.
    pub processes: BTreeSet<Pid>,
    /// What could not be ended.
    pub left: BTreeSet<Pid>,
}

/// How far a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Asked,
    Killed,
    Certainly,
}

/// What is due for a target this long after it was asked to end.
fn due(ending: &Ending, asked_ago: Duration) -> Step {
    if asked_ago < ending.grace {
        Step::Asked
    } else if asked_ago < ending.grace.saturating_add(PATIENCE) {
        Step::Killed
    } else {
        Step::Certainly
    }
}

/// Ends what `look` finds until it finds nothing more, or only what cannot be ended. It is told whether the time of all that it found last is
/// over, so that it may end at once what it finds besides. `control_group` holds all of it, where there is one.
/// Blocks.
pub(super) fn end(platform: &dyn Platform, control_group: Option<&dyn ControlGroup>, mut look: impl FnMut(bool) -> Found) -> SweepOutcome {
    let begun = Instant::now();
    let mut outcome = SweepOutcome::default();
    let mut reached: BTreeMap<SignalTarget, Step> = BTreeMap::new();
    let (mut pause, mut empty_looks, mut agreeing, mut is_end) = (LOOKS.0, 0, 0, false);
    loop {
        let found = look(is_end);
        outcome.processes.extend(&found.processes);
        let passed = begun.elapsed();
        if found.targets.is_empty() {
            empty_looks += 1;
            agreeing = if found.is_uncertain { 0 } else { agreeing + 1 };
            if agreeing == AGREEMENT || empty_looks == MOST_EMPTY {
                return outcome;
            }
            continue;
        }
        (empty_looks, agreeing) = (0, 0);
        if found.targets.values().all(|ending| passed > ending.grace.saturating_add(PATIENCE * 2)) {
            outcome.left = found.processes;
            return outcome;
        }
        let is_last = |ending: &Ending| match due(ending, passed) {
            Step::Asked => false,
            Step::Killed => ending.kill_signal == SIGKILL,
            Step::Certainly => true,
        };
        is_end = found.targets.values().all(is_last);
        if let Some(group) = control_group.filter(|_| is_end) {
            // If it fails, each is sent its signal below.
            let _ = group.kill();
        }
        let mut news = false;
        // The youngest first: it is the one that would get away.
        for (target, ending) in found.targets.iter().rev() {
            let step = due(ending, passed);
            if reached.get(target) < Some(&step) {
                news = true;
                reached.insert(*target, step);
                match step {
                    Step::Asked => send(platform, *target, ending, StopSignal::Terminate),
                    Step::Killed => send(platform, *target, ending, StopSignal::Kill),
                    Step::Certainly => platform.send(*target, SIGKILL),
                };
            }
        }
        // What creates processes all the time is met by looking faster than it does.
        if !(is_end && news) {
            std::thread::sleep(pause);
            pause = (pause * 2).min(LOOKS.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asked_then_killed_then_certainly() {
        let ending = Ending { grace: Duration::from_secs(20), ..Ending::default() };
        let at = |seconds| due(&ending, Duration::from_secs(seconds));
        assert_eq!([at(0), at(19), at(20), at(24), at(25)], [Step::Asked, Step::Asked, Step::Killed, Step::Killed, Step::Certainly]);
        let none = Ending { grace: Duration::ZERO, ..ending };
        assert_eq!(due(&none, Duration::ZERO), Step::Killed);
        assert_eq!(due(&Ending { grace: Duration::MAX, ..ending }, Duration::from_secs(1 << 40)), Step::Asked);
    }
}
