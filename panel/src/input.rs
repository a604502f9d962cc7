//! The line at the foot in which text is typed: a command, or what to look for.

use crate::model::Source;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Command,
    Filter,
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Going,
    Left,
    Done(Purpose, String),
}

/// The line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub purpose: Purpose,
    pub text: String,
    /// Where the next character goes, in bytes.
    pub cursor: usize,
    /// How far back in the history; what was typed before is its end.
    recalled: Option<(usize, String)>,
    /// What Tab offers.
    pub candidates: Vec<String>,
}

/// As much as a command may have, and more.
const LONGEST: usize = 512;

impl Input {
    #[must_use]
    pub fn new(purpose: Purpose) -> Input {
        Input { purpose, text: String::new(), cursor: 0, recalled: None, candidates: Vec::new() }
    }

    /// One key.
    pub fn key(&mut self, key: KeyEvent, history: &[String], source: &dyn Source) -> Typed {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code != KeyCode::Tab {
            self.candidates.clear();
        }
        match key.code {
            KeyCode::Enter => return Typed::Done(self.purpose, std::mem::take(&mut self.text)),
            KeyCode::Esc => return Typed::Left,
            KeyCode::Char('c' | 'g') if control => return Typed::Left,
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('k') if control => self.text.truncate(self.cursor),
            KeyCode::Char('w') if control => {
                let kept = self.text[..self.cursor].trim_end().rfind([' ', ',', '(']).map_or(0, |at| at + 1);
                self.text.drain(kept..self.cursor);
                self.cursor = kept;
            }
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Backspace => {
                if self.text.is_empty() {
                    return Typed::Left;
                }
                let before = self.before();
                self.text.drain(before..self.cursor);
                self.cursor = before;
            }
            KeyCode::Delete => {
                let after = self.after();
                self.text.drain(self.cursor..after);
            }
            KeyCode::Up if self.purpose == Purpose::Command => self.recall(history, true),
            KeyCode::Down if self.purpose == Purpose::Command => self.recall(history, false),
            KeyCode::Tab if self.purpose == Purpose::Command => self.complete(source),
            KeyCode::Char(character) if !control && !character.is_control() && self.text.len() < LONGEST => {
                self.text.insert(self.cursor, character);
                self.cursor += character.len_utf8();
            }
            _ => {}
        }
        Typed::Going
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |character| self.cursor + character.len_utf8())
    }

    fn recall(&mut self, history: &[String], back: bool) {
        let (at, typed) = self.recalled.take().unwrap_or((history.len(), self.text.clone()));
        let at = if back { at.saturating_sub(1) } else { (at + 1).min(history.len()) };
        self.text = history.get(at).unwrap_or(&typed).clone();
        self.cursor = self.text.len();
        self.recalled = Some((at, typed));
    }

    /// As far as all candidates agree; a second Tab has them shown, which they are anyway.
    fn complete(&mut self, source: &dyn Source) {
        let rest = self.text.split_off(self.cursor);
        let candidates = source.complete(&self.text);
        if let Some(first) = candidates.first() {
            let common = candidates.iter().fold(first.as_str(), |common, candidate| {
                let agreed = common.char_indices().zip(candidate.chars()).find(|((_, left), right)| left != right);
                &common[..agreed.map_or(common.len().min(candidate.len()), |((at, _), _)| at)]
            });
            if common.len() >= self.text.len() {
                self.text = common.to_owned();
            }
        }
        self.cursor = self.text.len();
        self.text.push_str(&rest);
        self.candidates = if candidates.len() > 1 { candidates } else { Vec::new() };
    }
}
