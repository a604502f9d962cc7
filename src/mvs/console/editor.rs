//! The line editor of a console on a terminal: history and completion.

use super::complete::{Names, complete, components_of};
use crate::platform::unix::system::{Request, SystemDirectory, is_name, send};
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long completion waits for a job to name its components.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the components of a job are taken to be the same.
const FRESH: Duration = Duration::from_secs(30);

/// Most commands in the history.
const HISTORY: usize = 1000;

/// A line editor with the system's history in it.
///
/// # Errors
/// When there is no terminal that it could work with.
pub(super) fn editor(system: &SystemDirectory, job: Option<&str>) -> rustyline::Result<Editor<Completion, FileHistory>> {
    let config = Config::builder().max_history_size(HISTORY)?.history_ignore_dups(true)?.completion_type(CompletionType::List).build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Completion {
        names: SystemNames { system: system.clone(), components: RefCell::default() },
        job: job.map(str::to_owned),
    }));
    // Without a history one can still type.
    if OpenOptions::new().append(true).create(true).mode(0o600).open(history_file(system)).is_ok() {
        let _ = editor.load_history(&history_file(system));
    }
    Ok(editor)
}

pub(super) fn history_file(system: &SystemDirectory) -> PathBuf {
    system.path().join("history")
}

pub(super) struct Completion {
    names: SystemNames,
    job: Option<String>,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(complete(line.get(..position).unwrap_or(line), self.job.as_deref(), &self.names))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}
impl Validator for Completion {}
impl Helper for Completion {}

/// Names from the system as it is at the moment.
struct SystemNames {
    system: SystemDirectory,
    components: RefCell<HashMap<String, (Instant, Vec<String>)>>,
}

impl Names for SystemNames {
    fn members(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.system.proclib()).into_iter().flatten().flatten();
        let mut members: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_name(name)).collect();
        members.sort();
        members
    }

    fn jobs(&self) -> Vec<String> {
        let mut names: Vec<String> = self.system.jobs().into_iter().map(|job| job.job_name).collect();
        names.dedup();
        names
    }

    fn components(&self, job: &str) -> Vec<String> {
        if let Some((since, names)) = self.components.borrow().get(job) {
            if since.elapsed() < FRESH {
                return names.clone();
            }
        }
        let name = job.split('.').next().unwrap_or(job);
        let Some(record) = self.system.jobs().into_iter().find(|record| record.job_name == name) else { return Vec::new() };
        let Ok(reply) = send(&record, &Request::Modify("DISP".to_owned()), PATIENCE) else { return Vec::new() };
        let names = components_of(&reply.lines);
        self.components.borrow_mut().insert(job.to_owned(), (Instant::now(), names.clone()));
        names
    }
}
