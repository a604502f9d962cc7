//! How launchers stand, by their journals: for who asks again and again where each question would be an operator command, which SYSLOG and
//! all consoles see. A journal tells what has become of each component; whether its launcher lives is told by the lock of the instance, which
//! holds for a sysplex where its file system is shared. Changes nothing, and locks nothing.

use super::status::{ComponentState, Launcher};
use super::target::Target;
use crate::journal::{Edge, Event, Follower, Line};
use crate::lifecycle::workspace::instance_lock;
use crate::platform::Platform;
use crate::platform::files::unless_missing;
use nix::libc;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What every reason ends with that has another way.
const CONSOLE: &str = "without --watch its console is asked";

/// The journals that were read so far, each read on in the next round.
#[derive(Debug, Default)]
pub struct Journals(Mutex<BTreeMap<String, View>>);

#[derive(Debug)]
struct View {
    follower: Follower,
    seen: Seen,
}

impl Journals {
    /// How the launcher of an instance stands now. Reads files.
    pub fn launcher(&self, target: &Target, platform: &dyn Platform) -> Launcher {
        let configuration = &target.configuration;
        let Some(workspace) = configuration.workspace_directory() else {
            return Launcher::Unknown("the configuration has no zowe.workspaceDirectory".to_owned());
        };
        match is_alive(&instance_lock(&workspace, &configuration.ha_instance.id), platform) {
            Ok(true) => {}
            Ok(false) => return Launcher::NotActive,
            Err(why) => return Launcher::Unknown(format!("whether it runs cannot be seen: {why}; {CONSOLE}")),
        }
        let Some(settings) = configuration.journal() else {
            return Launcher::Unknown(format!("it runs, and components.launcher.journal is off; {CONSOLE}"));
        };
        let path = settings.path;
        let mut journals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Reading one takes long the first time only.
        let View { follower, seen } =
            journals.entry(target.id.clone()).or_insert_with(|| View { follower: Follower::new(&path), seen: Seen::default() });
        match follower.news(&mut |line| {
            seen.take(line);
            Ok(())
        }) {
            Ok(true) => seen.launcher().unwrap_or_else(|why| Launcher::Unknown(format!("{}: {why}; {CONSOLE}", path.display()))),
            Ok(false) => Launcher::Unknown(format!("it runs, and there is no journal {}; {CONSOLE}", path.display())),
            Err(why) => Launcher::Unknown(format!("{why}; {CONSOLE}")),
        }
    }
}

/// Whether a launcher has the lock of its instance; a file that is not there is none that is locked.
fn is_alive(path: &Path, platform: &dyn Platform) -> std::io::Result<bool> {
    let in_words = |error: std::io::Error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = unless_missing(File::options().read(true).custom_flags(flags).open(path)).map_err(in_words)?;
    opened.map_or(Ok(false), |file| platform.is_locked(&file).map_err(in_words))
}

/// What the events of the last run say.
#[derive(Debug, Default)]
struct Seen {
    run: String,
    /// The run's first event was read.
    is_whole: bool,
    /// Events that are missing.
    lost: u64,
    has_ended: bool,
    /// Name and state, in the order in which they were first told of.
    components: Vec<(String, String)>,
}

impl Seen {
    /// Pure. Lines that are none, and events of kinds that are not known, are passed over.
    fn take(&mut self, line: Line) {
        let Ok(record) = line else { return };
        if record.run != self.run {
            *self = Seen { run: record.run.clone(), is_whole: record.seq == 1, ..Seen::default() };
        }
        match record.event {
            Event::Run { edge: Edge::Ended, .. } => self.has_ended = true,
            Event::Lost { count, .. } => self.lost += count,
            Event::State { component, to, .. } if to == "removed" => self.components.retain(|(name, _)| *name != component),
            Event::State { component, to, .. } => match self.components.iter_mut().find(|(name, _)| *name == component) {
                Some((_, state)) => *state = to.into_owned(),
                None => self.components.push((component, to.into_owned())),
            },
            _ => {}
        }
    }

    /// # Errors
    /// Why the events do not tell, in words.
    fn launcher(&self) -> Result<Launcher, String> {
        if self.has_ended || self.run.is_empty() {
            // It has the lock, and the journal is begun in a moment.
            return Err("the launcher that runs has not begun its journal yet".to_owned());
        }
        if !self.is_whole {
            return Err("it does not reach back to the beginning of the run (components.launcher.journal says how much is kept)".to_owned());
        }
        if self.lost > 0 {
            return Err(format!("{} of its events are missing", self.lost));
        }
        // Also where nothing signals it.
        let state = |(name, state): &(String, String)| ComponentState { name: name.clone(), state: state.clone(), ready: state == "ready" };
        Ok(Launcher::Active(self.components.iter().map(state).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::decode;

    fn seen(lines: &[(u64, &str, &str)]) -> Seen {
        let mut seen = Seen::default();
        for (seq, run, event) in lines {
            let line =
                format!(r#"{{"v":1,"seq":{seq},"time":"2026-11-27T06:00:00.000000Z","mono":1,"run":"{run}","instance":"lpar1",{event}}}"#);
            seen.take(decode(line.as_bytes()));
        }
        seen
    }

    fn shown(launcher: &Launcher) -> String {
        let Launcher::Active(all) = launcher else { return format!("{launcher:?}") };
        all.iter().map(|one| format!("{} {} {}; ", one.name, one.state, one.ready)).collect()
    }

    #[test]
    fn the_last_run_counts_and_what_is_not_known_of_it_is_said() {
        let begun = r#""event":"run","edge":"begun""#;
        let state = |component: &str, to: &str| format!(r#""event":"state","component":"{component}","from":"x","to":"{to}""#);
        let (a, b, gone) = (state("a", "running"), state("b", "back-off"), state("b", "removed"));
        let is_ready = state("a", "ready");
        let before = [(1, "r1", begun), (2, "r1", &*b), (3, "r1", r#""event":"run","edge":"ended","code":0"#)];
        assert!(seen(&before).launcher().is_err());
        let now = |more: &[(u64, &str, &str)]| seen(&[&before[..], &[(1, "r2", begun), (2, "r2", &a)], more].concat()).launcher();
        assert_eq!(shown(&now(&[]).unwrap()), "a running false; ", "nothing of the run before");
        assert_eq!(shown(&now(&[(3, "r2", &is_ready), (4, "r2", &b)]).unwrap()), "a ready true; b back-off false; ");
        assert_eq!(shown(&now(&[(3, "r2", &b), (4, "r2", &gone)]).unwrap()), "a running false; ");
        assert!(now(&[(9, "r2", r#""event":"lost","count":7,"why":"x""#)]).unwrap_err().contains("7 of its events"));
        assert!(seen(&[(400, "r2", &a)]).launcher().unwrap_err().contains("does not reach back"));
    }
}
