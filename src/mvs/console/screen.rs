//! The only place of `mvs` that writes to the terminal: SYSLOG as it grows, in order and each line once, and below it the line that is
//! being typed. Every writer first removes that line and then draws it again, under one lock and with one write, so that the thread that
//! shows new lines need not wait for the console, which may be busy.

use super::layout;
use crate::output::one_line;
use crate::platform::standard_output::StandardOutput;
use crate::platform::unix::watch::{Watch, watch_file};
use crate::system::{SystemDirectory, parse_syslog_line};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much of SYSLOG is searched for its last lines.
const LAST_LINES_FROM: u64 = 64 * 1024;

/// How often SYSLOG is checked while waiting, when the system cannot report that it has grown.
const WITHOUT_WATCH: Duration = Duration::from_millis(250);

/// Follows a file that others append to.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    offset: u64,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
}

impl Tail {
    /// Follows the file from now on; also returns up to `last` lines that are already there.
    fn open(path: &Path, last: usize) -> (Tail, Vec<String>) {
        let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let from = length.saturating_sub(LAST_LINES_FROM);
        let mut tail = Tail { path: path.to_path_buf(), offset: from, begun: Vec::new() };
        let mut lines = tail.new_lines();
        if from > 0 && !lines.is_empty() {
            // The reading probably did not begin at the beginning of a line.
            lines.remove(0);
        }
        let surplus = lines.len().saturating_sub(last);
        (tail, lines.split_off(surplus))
    }

    /// Whole lines that have come since the last call. A file that became shorter is read from its beginning; after an error there are no
    /// new lines.
    fn new_lines(&mut self) -> Vec<String> {
        let mut bytes = std::mem::take(&mut self.begun);
        if self.read_into(&mut bytes).is_err() {
            // Whatever was read before the error has been counted.
        }
        let end = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
        self.begun = bytes.split_off(end);
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    fn read_into(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut file = File::open(&self.path)?;
        if file.metadata()?.len() < self.offset {
            self.offset = 0;
            bytes.clear();
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let before = bytes.len();
        let result = file.read_to_end(bytes);
        self.offset += (bytes.len() - before) as u64;
        result.map(drop)
    }
}

/// The width assumed for a terminal that does not tell its own.
const USUAL_WIDTH: usize = 80;

/// The width in columns of the terminal that is standard output.
pub(super) fn width() -> usize {
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((terminal_size::Width(width), _)) if width > 0 => usize::from(width),
        _ => USUAL_WIDTH,
    }
}

/// The line that is being typed, as it was drawn last.
struct Drawn {
    text: String,
    /// In bytes.
    cursor: usize,
}

impl Drawn {
    fn draw(&self, width: usize) -> String {
        layout::draw(&self.text, self.cursor, width)
    }

    fn erase(&self, width: usize) -> String {
        layout::erase(&self.text, self.cursor, width)
    }
}

struct Inside {
    tail: Tail,
    typed: Option<Drawn>,
    output: Box<dyn Write + Send>,
    width: fn() -> usize,
    /// Ids of jobs whose $HASP395 has been shown.
    ended: HashSet<String>,
}

/// SYSLOG on the terminal. Shared by the console and the thread that is notified when SYSLOG grows.
pub(super) struct Screen {
    inside: Mutex<Inside>,
    news: Condvar,
}

/// Keeps SYSLOG scrolling while it is held.
pub(super) struct Scrolling {
    watch: Option<Watch>,
}

impl Screen {
    /// Shows the last lines of SYSLOG.
    pub(super) fn open(system: &SystemDirectory, last: usize) -> Arc<Screen> {
        Self::on(system, last, Box::new(StandardOutput), width)
    }

    fn on(system: &SystemDirectory, last: usize, output: Box<dyn Write + Send>, width: fn() -> usize) -> Arc<Screen> {
        let (tail, lines) = Tail::open(&system.syslog(), last);
        let mut inside = Inside { tail, typed: None, output, width, ended: HashSet::new() };
        inside.write_lines(&lines.iter().map(|line| shown(line)).collect::<Vec<_>>());
        Arc::new(Screen { inside: Mutex::new(inside), news: Condvar::new() })
    }

    /// Shows the line that is being typed, replacing what was shown of it before. `cursor` is in bytes.
    pub(super) fn show_typed(&self, text: &str, cursor: usize) {
        self.lock().show_typed(Some(Drawn { text: text.to_owned(), cursor }));
    }

    /// Leaves a line that was entered on the screen, as a line of the log.
    pub(super) fn entered(&self, text: &str) {
        let mut inside = self.lock();
        let width = (inside.width)();
        let erased = inside.typed.take().map_or_else(String::new, |typed| typed.erase(width));
        inside.send(&format!("{erased}{}\n", one_line(text)));
    }

    /// Removes the line that was being typed.
    pub(super) fn end_typing(&self) {
        self.lock().show_typed(None);
    }

    /// Redraws the line that is being typed, because the width of the terminal has changed.
    pub(super) fn resized(&self) {
        let mut inside = self.lock();
        if let Some(typed) = inside.typed.take() {
            // With the new width, because terminals rewrap their text.
            let sent = typed.erase((inside.width)());
            inside.send(&sent);
            inside.show_typed(Some(typed));
        }
    }

    /// Draws the line that is being typed on a row of its own, because something else has used the terminal.
    pub(super) fn resumed(&self) {
        let mut inside = self.lock();
        if let Some(typed) = inside.typed.take() {
            inside.send("\r\x1b[J");
            inside.show_typed(Some(typed));
        }
    }

    /// Clears the terminal except for the line that is being typed.
    pub(super) fn clear(&self) {
        let mut inside = self.lock();
        let typed = inside.typed.take();
        inside.send("\x1b[H\x1b[2J");
        inside.show_typed(typed);
    }

    /// Begins to show SYSLOG as it grows.
    ///
    /// # Errors
    /// Why the system cannot report that a file has grown; the console then checks after each command.
    pub(super) fn scroll(self: &Arc<Self>, system: &SystemDirectory) -> (Scrolling, Option<io::Error>) {
        let screen = Arc::clone(self);
        match watch_file(system.path(), "SYSLOG", move || screen.show_news()) {
            Ok(watch) => (Scrolling { watch: Some(watch) }, None),
            Err(error) => (Scrolling { watch: None }, Some(error)),
        }
    }

    /// Shows the new lines of SYSLOG; returns when all of them are written.
    pub(super) fn show_news(&self) {
        let mut inside = self.lock();
        let lines = inside.tail.new_lines();
        let ended = lines.iter().filter_map(|line| parse_syslog_line(line)).filter(|line| line.text.starts_with("$HASP395 "));
        inside.ended.extend(ended.map(|line| line.job_id.to_owned()));
        inside.write_lines(&lines.iter().map(|line| shown(line)).collect::<Vec<_>>());
        drop(inside);
        self.news.notify_all();
    }

    /// Writes lines that are not in SYSLOG.
    pub(super) fn write(&self, lines: &[String]) {
        self.lock().write_lines(lines);
    }

    /// Shows SYSLOG until all these jobs have ended, at most for `limit`; returns those that have not ended.
    pub(super) fn wait_for_ends(&self, jobs: &[String], scrolling: &Scrolling, limit: Duration) -> Vec<String> {
        let deadline = Instant::now() + limit;
        self.show_news();
        let mut inside = self.lock();
        loop {
            let left: Vec<String> = jobs.iter().filter(|id| !inside.ended.contains(*id)).cloned().collect();
            let remaining = deadline.saturating_duration_since(Instant::now());
            if left.is_empty() || remaining.is_zero() {
                return left;
            }
            let pause = if scrolling.watch.is_some() { remaining } else { remaining.min(WITHOUT_WATCH) };
            inside = self.news.wait_timeout(inside, pause).unwrap_or_else(PoisonError::into_inner).0;
            if scrolling.watch.is_none() {
                drop(inside);
                self.show_news();
                inside = self.lock();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of SYSLOG as a console shows it: time, job id, text.
fn shown(line: &str) -> String {
    match parse_syslog_line(line) {
        Some(line) => {
            let time = line.time.get(..8).unwrap_or(line.time).replace(':', ".");
            format!("{time} {:<8} {}", line.job_id, line.text)
        }
        None => line.to_owned(),
    }
}

impl Inside {
    /// Writes lines above the line that is being typed.
    fn write_lines(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let width = (self.width)();
        let mut sent = self.typed.as_ref().map_or_else(String::new, |typed| typed.erase(width));
        for line in lines {
            // The text of jobs and other writers is untrusted.
            sent.push_str(&one_line(line));
            sent.push('\n');
        }
        if let Some(typed) = &self.typed {
            sent.push_str(&typed.draw(width));
        }
        self.send(&sent);
    }

    fn show_typed(&mut self, new: Option<Drawn>) {
        let width = (self.width)();
        let mut sent = self.typed.as_ref().map_or_else(String::new, |typed| typed.erase(width));
        if let Some(new) = &new {
            sent.push_str(&new.draw(width));
        }
        self.typed = new;
        self.send(&sent);
    }

    fn send(&mut self, text: &str) {
        // A terminal that has gone is no reason to stop operating; what else is lost is reported at the end.
        let _ = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
    }
}

#[cfg(test)]
mod tests;
