//! The line editor of a console on a terminal: it makes lines of what is typed, with history and completion.

use super::complete::{Names, complete, components_of};
use super::history::HistoryFile;
use super::keys::{Decoder, Key};
use super::layout::columns;
use super::line::{Effect, Line};
use super::screen::{Screen, width};
use super::terminal::{Event, RawTerminal};
use crate::platform::names::is_name;
use crate::system::{Request, SystemDirectory, send};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long completion waits for a job to name its components.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the list of a job's components is reused.
const FRESH: Duration = Duration::from_secs(30);

/// How long the rest of a sequence may take after ESC; after that it was the Escape key.
const SEQUENCE: Duration = Duration::from_millis(50);

/// What came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Line(String),
    /// Ctrl-D in an empty line, or the terminal has gone.
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
}

impl Editor {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard input is not a terminal, or is one that can only write lines.
    pub(super) fn open(system: &SystemDirectory, job: Option<&str>, screen: &Arc<Screen>) -> io::Result<Editor> {
        let (history_file, history) = HistoryFile::load(system.path().join("history"));
        Ok(Editor {
            terminal: RawTerminal::open()?,
            screen: Arc::clone(screen),
            decoder: Decoder::default(),
            keys: VecDeque::new(),
            line: Line::new(history),
            history_file,
            names: SystemNames { system: system.clone(), components: RefCell::default() },
            job: job.map(str::to_owned),
        })
    }

    /// The next line.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Input> {
        self.show();
        loop {
            let mut changed = false;
            while let Some(key) = self.keys.pop_front() {
                match self.line.apply(key) {
                    Effect::Entered(line) => {
                        self.screen.entered(&line);
                        self.remember(line.trim());
                        return Ok(Input::Line(line));
                    }
                    Effect::EndOfInput => return Ok(self.end()),
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
            match self.terminal.wait(patience, &mut buffer)? {
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
        self.screen.show_typed(self.line.text(), self.line.cursor());
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

/// Names from the system as it is at this moment.
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
        let Ok(reply) = send(record.directory(), &Request::Modify("DISP".to_owned()), PATIENCE) else { return Vec::new() };
        let names = components_of(&reply.lines);
        self.components.borrow_mut().insert(job.to_owned(), (Instant::now(), names.clone()));
        names
    }
}
