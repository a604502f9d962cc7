//! Ends processes that are not our children, as the guardian and a new run do: each is asked to end, and forced to end when its grace time
//! is over. There is no event for the end of another process's child, so this checks again until nothing is left.

use super::send;
use crate::platform::unix::SIGKILL;
use crate::platform::{Ending, Pid, Platform, SignalTarget, StopSignal};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The time from the kill signal to SIGKILL; and from SIGKILL until a process that cannot be ended is left alone.
const PATIENCE: Duration = Duration::from_secs(5);

/// The interval between two checks: the first one, and the longest.
const LOOKS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

/// What should be ended, as of this moment.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub targets: BTreeMap<SignalTarget, Ending>,
    /// The processes behind the targets, where the system reports them.
    pub processes: BTreeSet<Pid>,
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

/// Ends what `look` finds until it finds nothing more, or only what cannot be ended. Blocks.
pub(super) fn end(platform: &dyn Platform, mut look: impl FnMut() -> Found) -> SweepOutcome {
    let mut outcome = SweepOutcome::default();
    let mut asked: BTreeMap<SignalTarget, (Instant, Option<Step>)> = BTreeMap::new();
    let mut pause = LOOKS.0;
    loop {
        let found = look();
        outcome.processes.extend(&found.processes);
        let mut hopeless = true;
        for (target, ending) in &found.targets {
            let (since, reached) = asked.entry(*target).or_insert((Instant::now(), None));
            let step = due(ending, since.elapsed());
            hopeless &= since.elapsed() > ending.grace.saturating_add(PATIENCE * 2);
            if *reached < Some(step) {
                *reached = Some(step);
                match step {
                    Step::Asked => send(platform, *target, ending, StopSignal::Terminate),
                    Step::Killed => send(platform, *target, ending, StopSignal::Kill),
                    Step::Certainly => platform.send(*target, SIGKILL),
                };
            }
        }
        // Also when there is nothing.
        if hopeless {
            outcome.left = found.processes;
            return outcome;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LOOKS.1);
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
