//! What the threads of the panel share.

use super::fold::Fold;
use crate::message;
use crate::mvs::console::{Jobs, one_shot};
use crate::output::printable;
use crate::system::SystemDirectory;
use std::collections::HashMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zwelnch_panel::{Component, Sender, Update, View};

/// What a component uses: hundredths of one processor, once two looks tell; bytes.
pub(super) type Facts = (Option<f64>, u64);

/// What is known, by whom it is changed.
#[derive(Debug)]
pub(super) struct Board {
    /// The thread that follows the journal.
    pub(super) fold: Fold,
    /// The thread that measures.
    pub(super) facts: HashMap<String, Facts>,
    /// The one that reads the configuration.
    pub(super) ports: HashMap<String, u16>,
    /// The job that is shown, as in `ZWESLSTC.STC00001`.
    pub(super) job: Option<String>,
    pub(super) config: Option<String>,
    /// What the user looks at.
    pub(super) view: View,
}

/// For all threads.
pub(super) struct Shared {
    pub(super) sender: Sender,
    pub(super) system: Option<SystemDirectory>,
    /// Where what commands start is stopped at the end.
    pub(super) jobs: Option<Arc<Jobs>>,
    pub(super) board: Mutex<Board>,
    /// Wakes the thread that measures.
    pub(super) measure: SyncSender<()>,
}

impl Shared {
    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False: the panel has ended.
    pub(super) fn send(&self, update: Update) -> bool {
        self.sender.send(update)
    }

    /// Says what is not shown, and why.
    pub(super) fn lost(&self, what: &str, why: impl std::fmt::Display) -> bool {
        self.send(Update::Lost(printable(message::panel_sees_less(what, why).text()).into_owned()))
    }

    /// What the fold has to tell, with what others know of the components. False: the panel has ended.
    pub(super) fn tell(&self, updates: Vec<Update>) -> bool {
        let mut is_about_components = false;
        for update in updates {
            let update = match update {
                Update::Components(_) => {
                    is_about_components = true;
                    self.components()
                }
                update => update,
            };
            if !self.send(update) {
                return false;
            }
        }
        if is_about_components {
            // One that waits is as good as two.
            let _ = self.measure.try_send(());
        }
        true
    }

    /// The components with all that is known of them.
    pub(super) fn components(&self) -> Update {
        let board = self.board();
        let whole = |component: &Component| {
            let facts = component.pid.and_then(|_| board.facts.get(&component.name));
            Component {
                cpu: facts.and_then(|(cpu, _)| *cpu),
                memory: facts.map(|(_, memory)| *memory),
                port: board.ports.get(&component.name).copied(),
                ..component.clone()
            }
        };
        Update::Components(board.fold.components().iter().map(whole).collect())
    }

    /// The job as commands name it: by its name, unless others have that too.
    pub(super) fn target(&self) -> Option<String> {
        let job = self.board().job.clone()?;
        let jobs = self.system.as_ref()?.jobs();
        let id = job.split_once('.').map(|(_, id)| id.to_owned());
        let record = jobs.iter().find(|record| id.as_ref().is_none_or(|id| record.job_id == *id) && job.starts_with(&record.job_name));
        Some(
            record
                .map_or_else(|| job.split('.').next().unwrap_or_default().to_owned(), |record| crate::cli::jobs::target_of(record, &jobs)),
        )
    }

    /// Issues a command at the console about the job; the lines of its answer.
    pub(super) fn issue(&self, command: &str) -> Vec<String> {
        let Some(system) = &self.system else { return vec![message::panel_takes_no_commands().text().to_owned()] };
        let job = self.target();
        let (lines, _) = match &self.jobs {
            Some(jobs) => jobs.issue(system, job.as_deref(), command),
            None => one_shot(system, job.as_deref(), command),
        };
        lines.iter().map(|line| printable(line).into_owned()).collect()
    }
}
