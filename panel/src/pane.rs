//! Lines that come in at the end: a log, the events, SYSLOG. Bounded; it stands still while somebody reads, and follows otherwise.

use crate::model::Line;
use regex::Regex;
use std::collections::VecDeque;
use unicode_width::UnicodeWidthChar;

/// How many lines are kept for looking back.
pub(crate) const KEPT: usize = 20_000;
/// How many characters of one line are kept.
pub(crate) const LONGEST: usize = 4_096;

/// What is shown of a pane: one row of the screen each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    pub line: &'a Line,
    /// The line's number since the panel began.
    pub number: u64,
    /// The part of the text that stands in this row.
    pub text: &'a str,
    /// Whether the row goes on with the line above it.
    pub continues: bool,
}

/// The lines and what of them is looked at.
#[derive(Debug, Default)]
pub struct Pane {
    lines: VecDeque<Line>,
    /// The number of the first one kept.
    first: u64,
    /// The first line shown; without a value: the end is followed.
    top: Option<u64>,
    /// Columns that are scrolled away, where lines are not wrapped.
    pub left: usize,
    pub wrap: bool,
    /// Only this component's.
    pub only: Option<String>,
    pub find: Option<Regex>,
    /// The line that was found last.
    pub found: Option<u64>,
    /// How many of the lines have come since it stands still.
    pub unseen: usize,
    /// Rows and columns that it was drawn in last.
    size: (usize, usize),
}

impl Pane {
    /// Takes in what is new; forgets what is oldest beyond the bound.
    pub fn add(&mut self, lines: Vec<Line>) {
        for mut line in lines {
            if let Some((end, _)) = line.text.char_indices().nth(LONGEST) {
                line.text.truncate(end);
            }
            if self.top.is_some() && self.belongs(&line) {
                self.unseen += 1;
            }
            self.lines.push_back(line);
            if self.lines.len() > KEPT {
                self.lines.pop_front();
                self.first += 1;
            }
        }
        // What is looked at may have been forgotten; a filter decides what is next.
        self.top = self.top.map(|top| top.max(self.first));
    }

    /// Whether the end is followed.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.top.is_none()
    }

    /// Shows the lines of one component, or of all, and follows them.
    pub fn show(&mut self, only: Option<String>) {
        self.only = only;
        self.follow();
    }

    pub fn follow(&mut self) {
        (self.top, self.unseen, self.found) = (None, 0, None);
    }

    /// Stands still where it is.
    pub fn stand_still(&mut self) {
        if self.top.is_none() {
            self.top = self.rows(self.size.0, self.size.1).first().map(|row| row.number);
        }
    }

    fn belongs(&self, line: &Line) -> bool {
        self.only.as_ref().is_none_or(|only| *only == line.component)
    }

    fn line(&self, number: u64) -> Option<&Line> {
        self.lines.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// The next line that belongs, from a number on and including it.
    fn from(&self, number: u64) -> Option<u64> {
        (number.max(self.first)..self.end()).find(|number| self.line(*number).is_some_and(|line| self.belongs(line)))
    }

    /// The last line that belongs, before a number.
    fn before(&self, number: u64) -> Option<u64> {
        (self.first..number.min(self.end())).rev().find(|number| self.line(*number).is_some_and(|line| self.belongs(line)))
    }

    /// Moves by lines; at the end it follows again.
    pub fn scroll(&mut self, by: isize) {
        self.stand_still();
        let Some(mut top) = self.top else { return };
        for _ in 0..by.unsigned_abs() {
            match if by < 0 { self.before(top) } else { self.from(top + 1) } {
                Some(next) => top = next,
                None => break,
            }
        }
        self.top = Some(top);
        if by > 0 && self.shows_end() {
            self.follow();
        }
    }

    pub fn page(&mut self, direction: isize) {
        self.scroll(direction * isize::try_from(self.size.0.saturating_sub(1).max(1)).unwrap_or(1));
    }

    pub fn go_to_first(&mut self) {
        self.top = self.from(self.first);
    }

    /// Whether nothing is below what is shown.
    fn shows_end(&self) -> bool {
        let rows = self.rows(self.size.0, self.size.1);
        let last = rows.last().map(|row| row.number);
        last == self.before(self.end()) && rows.len() <= self.size.0
    }

    /// Goes to the next line with what is looked for, from the one found last; says whether there is one. Backwards if so wanted; around
    /// the end once.
    pub fn find_next(&mut self, backwards: bool) -> bool {
        let Some(find) = &self.find else { return false };
        let rows = self.rows(self.size.0, self.size.1);
        let start = self.found.or_else(|| if backwards { rows.first() } else { rows.last() }.map(|row| row.number)).unwrap_or(self.first);
        let fits = |number: &u64| self.line(*number).is_some_and(|line| self.belongs(line) && find.is_match(&line.text));
        let found = if backwards {
            (self.first..start).rev().find(fits).or_else(|| (start..self.end()).rev().find(fits))
        } else {
            (start + 1..self.end()).find(fits).or_else(|| (self.first..=start).find(fits))
        };
        if let Some(number) = found {
            self.stand_still();
            self.found = Some(number);
            if !self.rows(self.size.0, self.size.1).iter().any(|row| row.number == number) {
                // A few lines before it tell what led to it.
                self.top = Some(number);
                for _ in 0..self.size.0 / 3 {
                    self.top = self.top.and_then(|top| self.before(top)).or(self.top);
                }
            }
        }
        found.is_some()
    }

    /// How many lines belong; and how many are kept at all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.iter().filter(|line| self.belongs(line)).count()
    }

    /// What fits into the rows and columns, from where it stands; remembers them for scrolling.
    pub fn draw(&mut self, height: usize, width: usize) -> Vec<Shown<'_>> {
        self.size = (height, width);
        self.rows(height, width)
    }

    fn rows(&self, height: usize, width: usize) -> Vec<Shown<'_>> {
        let mut rows = Vec::new();
        match self.top {
            Some(top) => {
                let mut number = self.from(top);
                while let (Some(at), true) = (number, rows.len() < height) {
                    rows.extend(self.parts(at, width));
                    number = self.from(at + 1);
                }
                rows.truncate(height);
            }
            None => {
                let mut number = self.before(self.end());
                while let (Some(at), true) = (number, rows.len() < height) {
                    let mut parts = self.parts(at, width);
                    parts.append(&mut rows);
                    rows = parts;
                    number = self.before(at);
                }
                rows.drain(..rows.len().saturating_sub(height));
            }
        }
        rows
    }

    /// A line in the rows that it takes.
    fn parts(&self, number: u64, width: usize) -> Vec<Shown<'_>> {
        let Some(line) = self.line(number) else { return Vec::new() };
        let shown = |text, continues| Shown { line, number, text, continues };
        if !self.wrap || width == 0 {
            let from = line.text.char_indices().nth(self.left).map_or(line.text.len(), |(at, _)| at);
            return vec![shown(&line.text[from..], false)];
        }
        let (mut parts, mut from, mut used) = (Vec::new(), 0, 0);
        for (at, character) in line.text.char_indices() {
            let columns = character.width().unwrap_or(0);
            if used + columns > width && at > from {
                parts.push(shown(&line.text[from..at], from > 0));
                (from, used) = (at, 0);
            }
            used += columns;
        }
        parts.push(shown(&line.text[from..], from > 0));
        parts
    }
}
