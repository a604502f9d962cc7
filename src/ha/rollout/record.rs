//! What is kept of rollouts: a directory with a numbered file for each, which is the history too. Nothing is deleted.

use super::RolloutError;
use crate::config::Environment;
use crate::lifecycle::workspace::make_directory;
use crate::platform::files::{RECORD_LIMIT, entries, fingerprint, write_durably};
use crate::platform::private::PrivateDirectory;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many rollouts the history shows, and an estimate is made of.
pub const HISTORY: usize = 20;

/// A version of an instance, as it was when the rollout began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// CONFIG, made absolute.
    pub config: String,
    pub level: Option<String>,
    pub job: String,
    /// Its PROC.
    pub member: String,
    /// Of its configuration as it was read, to tell whether it has been changed since.
    pub fingerprint: String,
}

/// How far the replacement of one instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Waiting,
    Upgrading,
    Soaking,
    Upgraded,
    /// It was upgraded and is being brought back to the version before.
    TakingBack,
    /// It has the version before again.
    TakenBack,
    /// It had the new version before this rollout, or does not run and that was accepted.
    Skipped,
    /// It is not one of those that this rollout is about.
    LeftOut,
}

impl Phase {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting",
            Phase::Upgrading => "upgrading",
            Phase::Soaking => "soaking",
            Phase::Upgraded => "upgraded",
            Phase::TakingBack => "taking back",
            Phase::TakenBack => "taken back",
            Phase::Skipped => "skipped",
            Phase::LeftOut => "left out",
        }
    }

    /// True for one that the rollout is about.
    pub fn counts(self) -> bool {
        !matches!(self, Phase::LeftOut | Phase::Skipped)
    }
}

/// One instance of the sysplex, in the order of replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    pub system: Option<String>,
    pub before: Version,
    pub after: Version,
    pub phase: Phase,
    /// Why it is skipped or was taken back.
    pub why: Option<String>,
    pub begun: Option<String>,
    pub ended: Option<String>,
    /// How long its replacement took, in milliseconds, without the soak.
    pub took: Option<u64>,
}

/// How a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    /// A run is at work, or was killed.
    Progressing,
    Paused {
        by: String,
        since: String,
    },
    Halted {
        why: String,
        since: String,
    },
    RolledBack {
        why: String,
    },
    /// Refused before anything was changed.
    Refused {
        why: String,
    },
    Done,
    /// By the rollout with this number.
    Undone {
        by: u32,
    },
}

impl State {
    /// Whether another rollout may begin.
    pub fn is_ended(&self) -> bool {
        !matches!(self, State::Progressing | State::Paused { .. } | State::Halted { .. })
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            State::Progressing => "progressing".to_owned(),
            State::Paused { by, since } => format!("paused by {by} since {since}"),
            State::Halted { why, since } => format!("halted since {since}: {why}"),
            State::RolledBack { why } => format!("rolled back: {why}"),
            State::Refused { why } => format!("refused: {why}"),
            State::Done => "done".to_owned(),
            State::Undone { by } => format!("undone by rollout {by}"),
        }
    }

    /// Its name alone.
    pub fn word(&self) -> &'static str {
        match self {
            State::Progressing => "progressing",
            State::Paused { .. } => "paused",
            State::Halted { .. } => "halted",
            State::RolledBack { .. } => "rolled-back",
            State::Refused { .. } => "refused",
            State::Done => "done",
            State::Undone { .. } => "undone",
        }
    }
}

/// What a rollout was asked to do, for whoever takes it up again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    pub max_unavailable: usize,
    /// Milliseconds.
    pub soak: u64,
    pub max_errors: u64,
    /// Paths that each gateway is asked for during a soak.
    pub probe: Vec<String>,
    pub canary: Option<String>,
    /// Options of each `ha upgrade`.
    pub upgrade: Vec<String>,
    pub accept: Vec<String>,
    pub haproxy: Option<(String, String)>,
    pub stack: Option<String>,
}

impl Options {
    /// See [`Options::soak`].
    pub fn soak(&self) -> Duration {
        Duration::from_millis(self.soak)
    }
}

/// One rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// From 1 on.
    pub number: u32,
    pub user: String,
    pub system: String,
    pub begun: String,
    pub ended: Option<String>,
    /// The new configuration, as in CONFIG; for an undo those from before, in words.
    pub to: String,
    /// The number of the rollout that this one undoes.
    pub undoes: Option<u32>,
    pub options: Options,
    pub instances: Vec<Instance>,
    #[serde(flatten)]
    pub state: State,
}

impl Rollout {
    /// How many of those that the rollout is about have the new version.
    pub fn upgraded(&self) -> usize {
        self.instances.iter().filter(|instance| instance.phase == Phase::Upgraded).count()
    }

    /// How many it is about.
    pub fn count(&self) -> usize {
        self.instances.iter().filter(|instance| instance.phase.counts()).count()
    }

    /// `2 of 4 upgraded, paused by NAME since ...`.
    pub fn words(&self) -> String {
        format!("{} of {} upgraded, {}", self.upgraded(), self.count(), self.state.words())
    }

    /// What replacements took.
    pub fn taken(&self) -> Vec<Duration> {
        let done = self.instances.iter().filter(|instance| instance.phase == Phase::Upgraded);
        done.filter_map(|instance| Some(Duration::from_millis(instance.took?))).collect()
    }

    /// The rollout that brings back what this one has changed: the last one first.
    pub fn reverse(&self, number: u32, user: &str, system: &str, begun: &str) -> Rollout {
        let reversed = |instance: &Instance| Instance {
            id: instance.id.clone(),
            system: instance.system.clone(),
            before: instance.after.clone(),
            after: instance.before.clone(),
            phase: if instance.phase.counts() && instance.begun.is_some() { Phase::Waiting } else { Phase::LeftOut },
            why: None,
            begun: None,
            ended: None,
            took: None,
        };
        let mut instances: Vec<Instance> = self.instances.iter().rev().map(reversed).collect();
        for instance in instances.iter_mut().filter(|instance| instance.phase == Phase::LeftOut) {
            // It runs what it ran before.
            instance.before = instance.after.clone();
        }
        // One that had the new version before has it still.
        for (instance, was) in instances.iter_mut().zip(self.instances.iter().rev()) {
            if was.phase == Phase::Skipped {
                (instance.before, instance.after) = (was.after.clone(), was.after.clone());
            }
        }
        Rollout {
            number,
            user: user.to_owned(),
            system: system.to_owned(),
            begun: begun.to_owned(),
            ended: None,
            to: format!("what was before rollout {}", self.number),
            undoes: Some(self.number),
            options: Options { canary: None, ..self.options.clone() },
            instances,
            state: State::Progressing,
        }
    }
}

/// The directory with the records of one sysplex.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

/// `$XDG_STATE_HOME/zwelnch`, else `~/.local/state/zwelnch`, and in it a name that belongs to these instances. `places`: what no version may
/// change of each, its id and where its gateway answers.
///
/// # Errors
/// [`RolloutError::NoPlace`].
pub fn default_directory(places: &[String], environment: &Environment) -> Result<PathBuf, RolloutError> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state"))).ok_or(RolloutError::NoPlace)?;
    let hash = fingerprint(places.iter().flat_map(|word| word.bytes().chain([0])));
    Ok(state.join("zwelnch").join(format!("rollout-{hash}")))
}

impl Store {
    /// The records in this directory, which may not be there yet.
    pub fn at(directory: &Path) -> Store {
        Store { directory: directory.to_owned() }
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file of a rollout.
    pub fn path(&self, number: u32) -> PathBuf {
        self.directory.join(format!("{number:04}.json"))
    }

    /// The file that keeps the progress of one instance's replacement.
    pub fn upgrade_path(&self, number: u32, id: &str, back: bool) -> PathBuf {
        let id = crate::config::normalize_id(id);
        self.directory.join(format!("{number:04}-{id}{}.upgrade", if back { "-back" } else { "" }))
    }

    /// Somebody has asked for a pause when this is there.
    pub fn pause_path(&self) -> PathBuf {
        self.directory.join("pause")
    }

    /// Makes the directory, for its user alone.
    ///
    /// # Errors
    /// [`RolloutError::Io`].
    pub fn make(&self) -> Result<(), RolloutError> {
        let in_words = |why| RolloutError::Io { path: self.directory.clone(), why };
        if let Some(above) = self.directory.parent() {
            std::fs::create_dir_all(above).map_err(in_words)?;
        }
        make_directory(&self.directory, 0o700).map_err(in_words)
    }

    /// The numbers that there are, in ascending order.
    ///
    /// # Errors
    /// [`RolloutError::Io`].
    pub fn numbers(&self) -> Result<Vec<u32>, RolloutError> {
        let all = entries(&self.directory).map_err(|why| RolloutError::Io { path: self.directory.clone(), why })?;
        let number = |name: &str| name.strip_suffix(".json")?.parse().ok();
        let mut numbers: Vec<u32> = all.iter().filter_map(|entry| number(entry.file_name().to_str()?)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// One rollout. What is in the record starts and stops instances, so it must be this user's own.
    ///
    /// # Errors
    /// [`RolloutError`].
    pub fn read(&self, number: u32) -> Result<Rollout, RolloutError> {
        let path = self.path(number);
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        let text = PrivateDirectory::open(&self.directory).and_then(|directory| directory.read(&name, RECORD_LIMIT));
        let text = text.map_err(|why| RolloutError::Io { path: path.clone(), why })?;
        serde_json::from_slice(&text).map_err(|why| RolloutError::Unreadable { path, why: why.to_string() })
    }

    /// The last one.
    ///
    /// # Errors
    /// [`RolloutError`].
    pub fn last(&self) -> Result<Option<Rollout>, RolloutError> {
        self.numbers()?.last().map(|number| self.read(*number)).transpose()
    }

    /// The last [`HISTORY`], the newest first.
    ///
    /// # Errors
    /// [`RolloutError`].
    pub fn history(&self) -> Result<Vec<Rollout>, RolloutError> {
        self.numbers()?.iter().rev().take(HISTORY).map(|number| self.read(*number)).collect()
    }

    /// Keeps a rollout on disk.
    ///
    /// # Errors
    /// [`RolloutError::Io`], with the file.
    pub fn keep(&self, rollout: &Rollout) -> Result<(), RolloutError> {
        let path = self.path(rollout.number);
        let text = serde_json::to_vec_pretty(rollout).map_err(io::Error::other);
        text.and_then(|text| write_durably(&path, &text, 0o600)).map_err(|why| RolloutError::Io { path, why })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::rollout;
    use super::*;

    #[test]
    fn records_are_numbered_files_that_stay() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(&directory.path().join("state/rollout-1"));
        assert_eq!(store.last().unwrap(), None);
        store.make().unwrap();
        for number in 1..=25 {
            store.keep(&Rollout { number, ..rollout(3) }).unwrap();
        }
        let last = store.last().unwrap().unwrap();
        assert_eq!(last, Rollout { number: 25, ..rollout(3) });
        let history: Vec<u32> = store.history().unwrap().iter().map(|one| one.number).collect();
        assert_eq!((history.len(), history[0], history[19]), (20, 25, 6));
        assert_eq!(store.numbers().unwrap().len(), 25, "nothing is deleted");
        std::fs::write(store.path(26), "{").unwrap();
        assert!(store.last().is_err_and(|error| error.to_string().contains("0026.json")));
    }

    #[test]
    fn what_others_can_write_is_no_record() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(&directory.path().join("rollout-1"));
        store.make().unwrap();
        store.keep(&rollout(2)).unwrap();
        std::fs::set_permissions(store.path(1), std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(store.read(1).is_err());
        std::fs::remove_file(store.path(1)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", store.path(1)).unwrap();
        assert!(store.read(1).is_err());
    }

    #[test]
    fn an_undo_goes_backwards_through_what_was_changed() {
        let mut done = rollout(4);
        done.state = State::Done;
        let begun = Some("then".to_owned());
        for (index, phase) in [Phase::Upgraded, Phase::Skipped, Phase::Waiting, Phase::Upgraded].into_iter().enumerate() {
            done.instances[index].phase = phase;
            done.instances[index].begun = begun.clone().filter(|_| phase == Phase::Upgraded);
        }
        let undo = done.reverse(2, "U", "S", "now");
        let ids: Vec<(&str, Phase, &str)> =
            undo.instances.iter().map(|one| (one.id.as_str(), one.phase, one.after.config.as_str())).collect();
        assert_eq!(
            ids,
            [
                ("lpar4", Phase::Waiting, "old.yaml"),
                ("lpar3", Phase::LeftOut, "old.yaml"),
                ("lpar2", Phase::LeftOut, "new.yaml"),
                ("lpar1", Phase::Waiting, "old.yaml")
            ]
        );
        assert_eq!(undo.instances[0].before.config, "new.yaml");
    }
}
