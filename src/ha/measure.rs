//! How far an upgrade of the sysplex is, as whoever runs in one of its workspaces sees it: for metrics.

use super::lock::{Notice, Places, Seen, look};
use crate::metrics::{UPGRADE_STEPS, Upgrade};
use crate::platform::Platform;
use std::path::Path;

/// Looks at the locks of a workspace, without keeping anybody from them. Reads files, and waits up to a second for one that is held.
pub fn upgrade(workspace: &Path, platform: &dyn Platform) -> Upgrade {
    let places = Places::of_workspace(workspace);
    let of_upgrade = look(&places, platform).into_iter().next();
    // A rollout is at work between two upgrades too.
    measured(of_upgrade.or_else(|| look(&places.of_rollouts(), platform).into_iter().next()))
}

fn measured(seen: Option<Seen>) -> Upgrade {
    // What stands in a file becomes a label only if it is a word of ours.
    let step = |notice: &Notice| UPGRADE_STEPS.into_iter().find(|known| Some(*known) == notice.word.as_deref());
    match &seen {
        None => Upgrade { state: "none", step: None },
        Some(Seen::UnderWay(notice)) => Upgrade { state: "at_work", step: step(notice) },
        Some(Seen::Unfinished(notice)) => Upgrade { state: "unfinished", step: step(notice) },
        Some(Seen::Unknown(_)) => Upgrade { state: "unknown", step: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ha::lock::SysplexLock;
    use crate::ha::upgrade::{ROLL_BACK, Step};
    use crate::platform::NativePlatform;

    #[test]
    fn the_steps_of_metrics_are_those_that_there_are() {
        let steps: Vec<&str> = Step::ALL.into_iter().map(Step::word).chain([ROLL_BACK]).collect();
        assert_eq!(steps, UPGRADE_STEPS);
    }

    #[test]
    fn what_a_run_tells_of_itself_is_measured_while_it_runs_and_when_it_was_killed() {
        let directory = tempfile::tempdir().unwrap();
        let platform = NativePlatform::for_command();
        let at = |seen: Upgrade| (seen.state, seen.step);
        assert_eq!(at(upgrade(directory.path(), &platform)), ("none", None));
        let places = Places::of_workspace(directory.path());
        let notice = Notice::new("upgrade of HA instance lpar2".into(), vec!["lpar2".into()], Path::new("/record"), &platform);
        let lock = SysplexLock::new(&places, notice.clone(), &|_| true, &platform);
        lock.tell("it has come to step 3, drain", Some("drain"), true).unwrap();
        // Locks of one process are one: who holds it is asked by another.
        assert_eq!(at(measured(Some(Seen::UnderWay(Notice { word: Some("drain".into()), ..notice.clone() })))), ("at_work", Some("drain")));
        drop(lock);
        assert_eq!(at(upgrade(directory.path(), &platform)), ("unfinished", Some("drain")));
        let forged = Notice { word: Some("x\",other=\"1".into()), ..notice };
        assert_eq!(at(measured(Some(Seen::UnderWay(forged)))), ("at_work", None));
        assert_eq!(at(measured(Some(Seen::Unknown("permission denied".into())))), ("unknown", None));
        // A rollout that is paused.
        let rollout = directory.path().join("r");
        std::fs::create_dir(&rollout).unwrap();
        let places = Places::of_workspace(&rollout).of_rollouts();
        let notice = Notice::new("rollout 1".into(), vec!["rollout".into()], Path::new("/record"), &platform);
        SysplexLock::new(&places, notice, &|_| true, &platform).tell("2 of 4 upgraded, paused", None, true).unwrap();
        assert_eq!(at(upgrade(&rollout, &platform)), ("unfinished", None));
    }
}
