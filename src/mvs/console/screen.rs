//! The only place of `mvs` that writes to the terminal: SYSLOG as it grows, in order and each line once, and below it the line that is
//! being typed. Every writer first removes that line and then draws it again, under one lock and with one write, so that the thread that
//! shows new lines need not wait for the console, which may be busy.

use super::layout;
use crate::mvs::answer::Answer;
use crate::output::{is_message_id, one_line};
use crate::platform::standard_output::StandardOutput;
use crate::platform::unix::watch::{Watch, watch_file};
use crate::system::{Follower, SystemDirectory, parse_syslog_line};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How often it is checked while waiting whether jobs are still there, and what is new in SYSLOG.
const CHECK: Duration = Duration::from_millis(250);

/// How long the line about the end of a job is waited for when the job has gone: SYSLOG may not be writable.
const LAST_LINE: Duration = Duration::from_secs(2);

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
    syslog: Follower,
    typed: Option<Drawn>,
    output: Box<dyn Write + Send>,
    width: fn() -> usize,
    /// Ids of jobs whose $HASP395 has been shown.
    ended: HashSet<String>,
    /// A command that was typed on this terminal and that SYSLOG has not shown yet.
    issued: Option<String>,
    /// Tables are made to fit: a person reads them.
    fits: bool,
    colour: bool,
}

/// SYSLOG on the terminal. Shared by the console and the thread that is notified when SYSLOG grows.
pub(super) struct Screen {
    inside: Mutex<Inside>,
    news: Condvar,
}

impl Screen {
    /// Shows the last lines of SYSLOG.
    pub(super) fn open(system: &SystemDirectory, last: usize, colour: bool) -> Arc<Screen> {
        Self::on(system, last, Box::new(StandardOutput), width, colour)
    }

    fn on(system: &SystemDirectory, last: usize, output: Box<dyn Write + Send>, width: fn() -> usize, colour: bool) -> Arc<Screen> {
        let (syslog, lines) = Follower::open(system, last);
        let mut inside = Inside { syslog, typed: None, output, width, ended: HashSet::new(), issued: None, fits: false, colour };
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

    /// Removes a line that was entered: it is a command, which SYSLOG shows. Where SYSLOG does not, it is shown before its answer.
    pub(super) fn issued(&self, command: &str) {
        let mut inside = self.lock();
        inside.issued = Some(command.to_owned());
        inside.show_typed(None);
    }

    /// From now on the table of DISP is made to fit the terminal.
    pub(super) fn fit(&self) {
        self.lock().fits = true;
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

    /// Shows SYSLOG as it grows, as long as the watch is held.
    ///
    /// # Errors
    /// Why the system cannot report that a file has grown; the console then checks after each command.
    pub(super) fn scroll(self: &Arc<Self>, system: &SystemDirectory) -> io::Result<Watch> {
        let screen = Arc::clone(self);
        watch_file(system.path(), "SYSLOG", move || screen.show_news())
    }

    /// Shows the new lines of SYSLOG; returns when all of them are written.
    pub(super) fn show_news(&self) {
        let mut inside = self.lock();
        loop {
            let news = inside.syslog.news();
            if news.is_empty() {
                break;
            }
            let ended = news.lines.iter().filter_map(|line| parse_syslog_line(line)).filter(|line| line.text.starts_with("$HASP395 "));
            inside.ended.extend(ended.map(|line| line.job_id.to_owned()));
            let is_issued = |line: &String| parse_syslog_line(line).is_some_and(|line| inside.issued.as_deref() == Some(line.text));
            if news.lines.iter().any(is_issued) {
                inside.issued = None;
            }
            let gap = news.gap.map(|why| format!("-- {why}"));
            inside.write_lines(&gap.into_iter().chain(news.lines.iter().map(|line| shown(line))).collect::<Vec<_>>());
        }
        drop(inside);
        self.news.notify_all();
    }

    /// Writes lines that are not in SYSLOG.
    pub(super) fn write(&self, lines: &[String]) {
        self.lock().write_lines(lines);
    }

    /// Shows what SYSLOG does not have of an answer, after what it has.
    pub(super) fn show_answer(&self, answer: &Answer) {
        self.show_news();
        let (issued, fits, width) = {
            let mut inside = self.lock();
            (inside.issued.take(), inside.fits, (inside.width)())
        };
        let lines = answer.unlogged.iter().map(|line| if fits { fitted(line, width) } else { shown(line) });
        self.write(
            &issued.into_iter().chain(lines).chain(answer.not_logged().map(|message| message.text().to_owned())).collect::<Vec<_>>(),
        );
    }

    /// Shows SYSLOG until all these jobs have ended, at most for `limit`; returns those that have not ended. SYSLOG tells, and when it is not
    /// written, that the job is not there any more.
    pub(super) fn wait_for_ends(&self, system: &SystemDirectory, jobs: &[String], limit: Duration) -> Vec<String> {
        let deadline = Instant::now() + limit;
        let mut gone: HashMap<String, Instant> = HashMap::new();
        loop {
            let there: HashSet<String> = system.jobs().into_iter().map(|job| job.job_id).collect();
            self.show_news();
            let inside = self.lock();
            let mut left: Vec<String> = jobs.iter().filter(|id| !inside.ended.contains(*id)).cloned().collect();
            let now = Instant::now();
            left.retain(|id| there.contains(id) || now.duration_since(*gone.entry(id.clone()).or_insert(now)) < LAST_LINE);
            let remaining = deadline.saturating_duration_since(now);
            if left.is_empty() || remaining.is_zero() {
                return left;
            }
            drop(self.news.wait_timeout(inside, remaining.min(CHECK)));
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

/// The same for one line of an answer, which a person reads: of the table of DISP neither time, job nor message id are repeated in every row,
/// and the last column, how a component has ended, is cut where the terminal ends.
fn fitted(line: &str, width: usize) -> String {
    let row = parse_syslog_line(line).and_then(|line| line.text.strip_prefix("ZWEL0920I "));
    let Some(row) = row else { return shown(line) };
    let row = format!("  {row}");
    // The last column of a terminal is left free: some go to the next row when it is written.
    if row.width() < width {
        return row;
    }
    let mut columns = 0;
    let kept = row.chars().take_while(|character| {
        columns += character.width().unwrap_or(0);
        columns + 2 <= width
    });
    kept.collect::<String>() + "…"
}

/// A line in the colour of its severity; what an operator has entered is bold. Red is only what is wrong.
fn coloured(line: &str) -> Cow<'_, str> {
    let mut words = line.split_ascii_whitespace().take(3).map(|word| word.trim_end_matches(':'));
    // A job id looks like a message id without its letter.
    let is_id = |word: &&str| word.starts_with("$HASP") || (is_message_id(word) && word.ends_with(|last: char| last.is_ascii_uppercase()));
    let id = words.find(is_id);
    let style = match id.and_then(|id| id.chars().last()) {
        Some('E' | 'S' | 'A' | 'D') => "31",
        Some('W') => "33",
        Some(_) => return Cow::Borrowed(line),
        // Time, no job, and what was entered.
        None if line.get(8..18).is_some_and(|between| between.trim().is_empty()) && line.as_bytes().get(2) == Some(&b'.') => "1",
        None => return Cow::Borrowed(line),
    };
    Cow::Owned(format!("\x1b[{style}m{line}\x1b[0m"))
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
            let line = one_line(line);
            sent.push_str(&if self.colour { coloured(&line) } else { Cow::Borrowed(&*line) });
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
