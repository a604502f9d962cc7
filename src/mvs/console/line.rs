//! The line that is being typed, edited by keys. Pure: what must be done outside is returned as an [`Effect`].

use super::history::History;
use super::keys::Key;
use unicode_width::UnicodeWidthChar;

/// The longest line in characters: longer than a command may be, so that a command that is too long is refused as such.
const LIMIT: usize = 512;

/// What a key leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    /// Text or cursor have changed.
    Redraw,
    /// The line was entered; the editor is empty again.
    Entered(String),
    EndOfInput,
    /// Ctrl-C where nothing was typed: somebody wants to leave, or to stop something.
    Hint,
    ClearScreen,
    /// The caller should say what could be here, with [`Line::completed`].
    Complete,
    /// Possible completions to show.
    List(Vec<String>),
}

/// The text, the cursor in it, and the position in the history.
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
    /// In bytes; always at the beginning of a character or at the end.
    cursor: usize,
    history: History,
    /// The entry that is shown.
    recalled: Option<usize>,
    /// What was typed before the history was shown.
    draft: String,
    /// The last key was a tab that left several possibilities.
    undecided: bool,
    /// What is looked for in the history (Ctrl-R).
    search: Option<Search>,
}

/// A search in the history, from its end.
#[derive(Debug, Default)]
struct Search {
    pattern: String,
    /// The entry that was found last.
    at: Option<usize>,
}

impl Line {
    pub(super) fn new(history: History) -> Line {
        Line { history, ..Line::default() }
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, in bytes.
    #[cfg(test)]
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// What is before the cursor.
    pub(super) fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    /// The line as it is shown, and where the cursor is in that, in bytes.
    pub(super) fn shown(&self, prompt: &str) -> (String, usize) {
        match &self.search {
            Some(search) => {
                let head = format!("search `{}': ", search.pattern);
                let found = search.at.and_then(|at| self.history.get(at)).unwrap_or_default();
                (format!("{head}{found}"), head.len() + found.len())
            }
            None => (format!("{prompt}{}", self.text), prompt.len() + self.cursor),
        }
    }

    fn after(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    /// Keeps a command for the Up key; false when it should not be kept.
    pub(super) fn remember(&mut self, command: &str) -> bool {
        self.history.add(command)
    }

    /// Does what a key asks for.
    pub(super) fn apply(&mut self, key: Key) -> Effect {
        if key != Key::Tab {
            self.undecided = false;
        }
        if let Some(search) = self.search.take() {
            if let Some(effect) = self.searched(search, key) {
                return effect;
            }
        }
        match key {
            Key::Text(character) => {
                if self.text.chars().count() >= LIMIT {
                    return Effect::Nothing;
                }
                self.text.insert(self.cursor, character);
                self.cursor += character.len_utf8();
                Effect::Redraw
            }
            Key::Enter => {
                self.recalled = None;
                self.draft.clear();
                self.cursor = 0;
                Effect::Entered(std::mem::take(&mut self.text))
            }
            Key::Interrupt if self.text.is_empty() => Effect::Hint,
            Key::Search => {
                self.search = Some(Search::default());
                Effect::Redraw
            }
            Key::Abandon => Effect::Nothing,
            Key::Interrupt => {
                self.recalled = None;
                self.draft.clear();
                self.replace(0, self.text.len(), "")
            }
            Key::DeleteOrEnd if self.text.is_empty() => Effect::EndOfInput,
            Key::Delete | Key::DeleteOrEnd => self.replace(self.cursor, self.right(), ""),
            Key::Backspace => self.replace(self.left(), self.cursor, ""),
            Key::DeleteToStart => self.replace(0, self.cursor, ""),
            Key::DeleteToEnd => self.replace(self.cursor, self.text.len(), ""),
            Key::DeleteToBlank => self.replace(self.back_over(|character| !character.is_whitespace()), self.cursor, ""),
            Key::DeleteWord => self.replace(self.back_over(char::is_alphanumeric), self.cursor, ""),
            Key::Left => self.move_to(self.left()),
            Key::Right => self.move_to(self.right()),
            Key::WordLeft => self.move_to(self.back_over(char::is_alphanumeric)),
            Key::WordRight => self.move_to(self.word_end()),
            Key::Home => self.move_to(0),
            Key::End => self.move_to(self.text.len()),
            Key::Up => match self.recalled.unwrap_or(self.history.len()).checked_sub(1) {
                Some(at) => self.recall(at),
                None => Effect::Nothing,
            },
            Key::Down => match self.recalled {
                Some(at) => self.recall(at + 1),
                None => Effect::Nothing,
            },
            Key::ClearScreen => Effect::ClearScreen,
            Key::Tab => Effect::Complete,
        }
    }

    /// The answer to [`Effect::Complete`]: what could replace the text from byte `from` to the cursor. A single candidate is taken; of
    /// several, their common beginning is taken, and the next tab shows them.
    pub(super) fn completed(&mut self, from: usize, mut candidates: Vec<String>) -> Effect {
        candidates.sort();
        candidates.dedup();
        let several = candidates.len() > 1;
        if several && self.undecided {
            return Effect::List(candidates);
        }
        self.undecided = several;
        let shared = shared_beginning(&candidates);
        let typed = self.before().get(from..).map_or(usize::MAX, str::len);
        // Candidates that differ in case may have less in common than has been typed.
        if shared.len() < typed || self.text.chars().count() + shared.chars().count() > LIMIT {
            return Effect::Nothing;
        }
        self.replace(from, self.cursor, shared)
    }

    /// A key during a search. None: the search is over, what it found is the line, and the key is for that.
    fn searched(&mut self, mut search: Search, key: Key) -> Option<Effect> {
        let end = self.history.len();
        let found = match key {
            Key::Text(character) if search.pattern.chars().count() < LIMIT => {
                search.pattern.push(character);
                // What is shown may still fit.
                self.history.find(&search.pattern, search.at.map_or(end, |at| at + 1))
            }
            Key::Backspace => {
                search.pattern.pop();
                self.history.find(&search.pattern, end)
            }
            Key::Search => self.history.find(&search.pattern, search.at.unwrap_or(end)).or(search.at),
            Key::Text(_) => search.at,
            Key::Interrupt | Key::Abandon => return Some(Effect::Redraw),
            _ => {
                if let Some(at) = search.at {
                    self.recall(at);
                }
                // A line is entered at once, as in a shell; after another key that does nothing it has to be drawn again.
                return match key {
                    Key::Enter => None,
                    key => match self.apply(key) {
                        Effect::Nothing => Some(Effect::Redraw),
                        effect => Some(effect),
                    },
                };
            }
        };
        search.at = if search.pattern.is_empty() { None } else { found };
        self.search = Some(search);
        Some(Effect::Redraw)
    }

    /// Shows an entry of the history; after the last entry comes what had been typed.
    fn recall(&mut self, at: usize) -> Effect {
        if self.recalled.is_none() {
            self.draft = std::mem::take(&mut self.text);
        }
        match self.history.get(at) {
            Some(entry) => {
                self.text = entry.to_owned();
                self.recalled = Some(at);
            }
            None => {
                self.text = std::mem::take(&mut self.draft);
                self.recalled = None;
            }
        }
        self.cursor = self.text.len();
        Effect::Redraw
    }

    /// Replaces a part that begins or ends at the cursor, and leaves the cursor after the new text.
    fn replace(&mut self, from: usize, to: usize, with: &str) -> Effect {
        if self.text.get(from..to).is_none_or(|old| old == with) {
            return Effect::Nothing;
        }
        self.text.replace_range(from..to, with);
        self.cursor = from + with.len();
        Effect::Redraw
    }

    fn move_to(&mut self, cursor: usize) -> Effect {
        if cursor == self.cursor {
            return Effect::Nothing;
        }
        self.cursor = cursor;
        Effect::Redraw
    }

    /// The position before the character left of the cursor, including the marks that are drawn onto it.
    fn left(&self) -> usize {
        self.before().char_indices().rev().find(|(_, character)| character.width() != Some(0)).map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        let next = self.after().char_indices().skip(1).find(|(_, character)| character.width() != Some(0));
        next.map_or(self.text.len(), |(at, _)| self.cursor + at)
    }

    /// The beginning of the word that ends at or before the cursor; `in_word` holds for its characters.
    fn back_over(&self, in_word: impl Fn(char) -> bool) -> usize {
        self.before().trim_end_matches(|character| !in_word(character)).trim_end_matches(&in_word).len()
    }

    fn word_end(&self) -> usize {
        let rest = self.after().trim_start_matches(|character: char| !character.is_alphanumeric());
        self.text.len() - rest.trim_start_matches(char::is_alphanumeric).len()
    }
}

fn shared_beginning(candidates: &[String]) -> &str {
    let Some((first, others)) = candidates.split_first() else { return "" };
    others.iter().fold(first.as_str(), |shared, other| {
        let same = shared.chars().zip(other.chars()).take_while(|(one, another)| one == another);
        let length = same.map(|(character, _)| character.len_utf8()).sum();
        shared.get(..length).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests;
