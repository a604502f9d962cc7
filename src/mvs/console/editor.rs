//! The line editor of a console on a terminal: it makes lines of what is typed, with history and completion.

use super::complete::{Names, complete, components_of, is_for_system};
use super::ending::Ending;
use super::for_job;
use super::history::HistoryFile;
use super::keys::{Decoder, Key};
use super::layout::columns;
use super::line::{Effect, Line};
use super::screen::{Screen, width};
use super::terminal::{Event, RawTerminal};
use crate::config::{self, node::Node};
use crate::mvs::command::JobTarget;
use crate::mvs::language_environment::read_environment_file;
use crate::platform::NativePlatform;
use crate::platform::files::{entries, read_bounded};
use crate::platform::names::is_name;
use crate::system::{JobRecord, Patience, SystemDirectory, ask_job};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long completion waits for a job to name its components.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest member that is looked into, in bytes.
const MEMBER_LIMIT: u64 = 1024 * 1024;

/// How long the list of a job's components is reused.
const FRESH: Duration = Duration::from_secs(30);

/// How long the rest of a sequence may take after ESC; after that it was the Escape key.
const SEQUENCE: Duration = Duration::from_millis(50);

/// What came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Line(String),
    /// Ctrl-D in an empty line, the terminal has gone, or a signal ends the console.
    End,
}

/// Reads lines from the terminal. While it exists, the terminal delivers every key unchanged; what is typed between two calls of
/// [`Editor::next`] stays in the terminal and is read by the next call.
pub(super) struct Editor {
    terminal: RawTerminal,
    screen: Arc<Screen>,
    decoder: Decoder,
    /// Keys after the last line that was entered.
    keys: VecDeque<Key>,
    line: Line,
    history_file: HistoryFile,
    names: SystemNames,
    job: Option<String>,
    /// What stands before the line that is typed.
    prompt: String,
    /// How the console is left, and what that does.
    hint: &'static str,
}

impl Editor {
    /// Takes the terminal. `hint`: how the console is left, and what that does.
    ///
    /// # Errors
    /// When standard input is not a terminal, or is one that can only write lines.
    pub(super) fn open(system: &SystemDirectory, job: Option<&str>, screen: &Arc<Screen>, hint: &'static str) -> io::Result<Editor> {
        let (history_file, history) = HistoryFile::load(system.path().join("history"), system.maker());
        Ok(Editor {
            terminal: RawTerminal::open()?,
            screen: Arc::clone(screen),
            decoder: Decoder::default(),
            keys: VecDeque::new(),
            line: Line::new(history),
            history_file,
            names: SystemNames { system: system.clone(), components: RefCell::default() },
            job: job.map(str::to_owned),
            prompt: format!("{}> ", system.sysname()),
            hint,
        })
    }

    /// The next line.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub(super) fn next(&mut self, ending: &Ending) -> io::Result<Input> {
        self.show();
        loop {
            let mut changed = false;
            while let Some(key) = self.keys.pop_front() {
                match self.line.apply(key) {
                    Effect::Entered(line) => {
                        match line.trim() {
                            // SYSLOG shows it, as it is understood.
                            command if is_for_system(command) => self.screen.issued(&for_job(self.job.as_deref(), command)),
                            _ => self.screen.entered(&format!("{}{line}", self.prompt)),
                        }
                        self.remember(line.trim());
                        return Ok(Input::Line(line));
                    }
                    Effect::EndOfInput => {
                        self.screen.entered(&format!("{}QUIT", self.prompt));
                        return Ok(self.end());
                    }
                    Effect::Hint => self.screen.write(&[self.hint.to_owned()]),
                    Effect::ClearScreen => self.screen.clear(),
                    Effect::Complete => changed |= self.complete(),
                    Effect::Redraw => changed = true,
                    Effect::Nothing | Effect::List(_) => {}
                }
            }
            if changed {
                self.show();
            }
            let patience = self.decoder.awaits_more().then_some(SEQUENCE);
            let mut buffer = [0; 4096];
            match self.terminal.wait(ending.as_fd(), patience, &mut buffer)? {
                Event::Input(length) => {
                    for byte in buffer.iter().take(length) {
                        self.decoder.feed(*byte, &mut self.keys);
                    }
                }
                Event::Quiet => self.decoder.pause(),
                Event::Resized => self.screen.resized(),
                Event::Resumed => self.screen.resumed(),
                Event::Gone => return Ok(self.end()),
            }
        }
    }

    fn show(&self) {
        let (text, cursor) = self.line.shown(&self.prompt);
        self.screen.show_typed(&text, cursor);
    }

    fn end(&self) -> Input {
        self.screen.end_typing();
        Input::End
    }

    fn remember(&mut self, command: &str) {
        if self.line.remember(command) {
            // Without a file, only this console's own history is kept.
            let _ = self.history_file.append(command);
        }
    }

    /// Completes what is before the cursor; true when that changed it.
    fn complete(&mut self) -> bool {
        let (from, candidates) = complete(self.line.before(), self.job.as_deref(), &self.names);
        match self.line.completed(from, candidates) {
            Effect::List(candidates) => {
                self.screen.write(&columns(&candidates, width()));
                false
            }
            effect => effect == Effect::Redraw,
        }
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.screen.end_typing();
    }
}

/// Names from the system, with the components of a job known beforehand.
pub(super) struct KnownNames<'a> {
    names: SystemNames,
    components: &'a [String],
}

impl<'a> KnownNames<'a> {
    pub(super) fn new(system: &SystemDirectory, components: &'a [String]) -> KnownNames<'a> {
        KnownNames { names: SystemNames { system: system.clone(), components: RefCell::default() }, components }
    }
}

impl Names for KnownNames<'_> {
    fn members(&self) -> Vec<String> {
        self.names.members()
    }

    fn jobs(&self) -> Vec<String> {
        self.names.jobs()
    }

    fn systems(&self) -> Vec<String> {
        self.names.systems()
    }

    fn instances(&self, member: &str) -> Vec<String> {
        self.names.instances(member)
    }

    fn components(&self, _: &str) -> Vec<String> {
        self.components.to_vec()
    }
}

/// Names from the system as it is at this moment.
struct SystemNames {
    system: SystemDirectory,
    components: RefCell<HashMap<String, (Instant, Vec<String>)>>,
}

impl Names for SystemNames {
    fn members(&self) -> Vec<String> {
        // Nothing can be said while somebody types; START says why a library cannot be read.
        let entries = entries(&self.system.proclib()).unwrap_or_default();
        let mut members: Vec<String> =
            entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_name(name)).collect();
        members.sort();
        members
    }

    fn jobs(&self) -> Vec<String> {
        let jobs = self.system.jobs();
        let is_alone = |job: &JobRecord| jobs.iter().filter(|other| other.job_name == job.job_name).count() == 1;
        // A name that does not tell jobs apart means all of them.
        jobs.iter().map(|job| if is_alone(job) { job.job_name.clone() } else { format!("{}.{}", job.job_name, job.job_id) }).collect()
    }

    fn instances(&self, member: &str) -> Vec<String> {
        if !is_name(member) {
            return Vec::new();
        }
        let Ok(bytes) = read_bounded(&self.system.proclib().join(member), MEMBER_LIMIT) else { return Vec::new() };
        let environment = read_environment_file(String::from_utf8_lossy(&bytes).lines());
        let Some((_, config)) = environment.iter().rfind(|(name, _)| name == "CONFIG") else { return Vec::new() };
        let Ok(sources) = config::parse_sources(config.trim_end()) else { return Vec::new() };
        let Ok(merged) = config::UserSources::read(&sources, &NativePlatform::for_command()).into_merged() else { return Vec::new() };
        match merged.at(&["haInstances"]).map(Node::to_value) {
            Some(serde_json::Value::Object(instances)) => instances.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn systems(&self) -> Vec<String> {
        let (systems, _) = self.system.sysplex();
        systems.into_keys().chain(["*ALL".to_owned()]).collect()
    }

    fn components(&self, job: &str) -> Vec<String> {
        if let Some((since, names)) = self.components.borrow().get(job) {
            if since.elapsed() < FRESH {
                return names.clone();
            }
        }
        let (name, identifier) = job.split_once('.').map_or((job, None), |(name, identifier)| (name, Some(identifier.to_owned())));
        let target = JobTarget { name: name.to_owned(), identifier };
        let is_meant = |record: &JobRecord| target.matches(&record.job_name, &record.identifier, &record.job_id);
        let Some(record) = self.system.jobs().into_iter().find(is_meant) else { return Vec::new() };
        let patience = Patience { first: PATIENCE, whole: None };
        let Ok(reply) = ask_job(record.directory(), "DISP", patience) else { return Vec::new() };
        let names = components_of(&reply.lines);
        self.components.borrow_mut().insert(job.to_owned(), (Instant::now(), names.clone()));
        names
    }
}
