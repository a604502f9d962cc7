//! Shell-style references in a text that a component brings, its static definitions: replaced as a shell replaces them in a here-document,
//! without running one. What else a shell would do (commands, arithmetic, its own parameters) stays as it is written, and is reported.
//! Pure.
//!
//! | reference | becomes |
//! |---|---|
//! | `$NAME`, `${NAME}` | the value; nothing where there is none |
//! | `${NAME:-word}`, `${NAME-word}` | the word where the variable is not set (with the colon: or empty) |
//! | `${NAME:=word}`, `${NAME=word}` | the same, and the word is the variable's value from there on |
//! | `${NAME:+word}`, `${NAME+word}` | the word where the variable is set (with the colon: and not empty) |
//! | `${NAME:?word}`, `${NAME?word}` | the value; an error with the word where there is none |
//! | `${#NAME}` | the number of characters |
//! | `${NAME%pattern}`, `%%`, `#`, `##` | the value without what the pattern matches at its end or begin |

mod parse;
mod pattern;

use crate::config::Location;
use parse::{Form, Part};
use pattern::Pattern;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// At most as many findings of one text are listed: more would say nothing new.
const MAXIMUM_FINDINGS: usize = 100;

/// A text with its references replaced, and the findings about them in the order of their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    pub text: String,
    pub findings: Vec<Finding>,
}

/// Something about a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub kind: FindingKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
/// What can be said of a reference.
pub enum FindingKind {
    /// Nothing was put in its place, for no variable has that name.
    Unset { name: String },
    /// `${NAME:?word}` and there is no value: a shell ends here.
    Required { name: String, word: String },
    /// A shell would replace this; here it stays as it is.
    Stays { what: String, why: &'static str },
    /// A backslash before a reference, which keeps it from being replaced in a shell, but not in Zowe's server commands.
    Escaped { what: String },
}

impl Finding {
    /// Where it stands in the file of this name.
    pub fn place(&self, file: &str) -> Location {
        Location::new(file, self.line, self.column)
    }
}

/// Replaces the references of a text by the values that `lookup` knows. Time and space are linear in the text and the values, except for
/// patterns, which are bounded.
pub fn expand<'a>(text: &str, lookup: &dyn Fn(&str) -> Option<Cow<'a, str>>) -> Expansion {
    let mut expander = Expander { lookup, assigned: BTreeMap::new(), found: Vec::new() };
    let mut result = String::with_capacity(text.len());
    expander.all(&parse::parse(text), &mut result);
    let findings = placed(text, expander.found);
    Expansion { text: result, findings }
}

struct Expander<'f, 'a> {
    lookup: &'f dyn Fn(&str) -> Option<Cow<'a, str>>,
    /// By `:=` and `=`.
    assigned: BTreeMap<String, String>,
    /// By the position in the text.
    found: Vec<(usize, FindingKind)>,
}

impl<'a> Expander<'_, 'a> {
    fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        self.assigned.get(name).map(|value| Cow::Owned(value.clone())).or_else(|| (self.lookup)(name))
    }

    fn say(&mut self, at: usize, kind: FindingKind) {
        if self.found.len() < MAXIMUM_FINDINGS {
            self.found.push((at, kind));
        }
    }

    fn all(&mut self, parts: &[Part<'_>], result: &mut String) {
        for part in parts {
            match part {
                Part::Text(text) => result.push_str(text),
                Part::Stays { at, text, what, why } => {
                    result.push_str(text);
                    self.say(*at, FindingKind::Stays { what: (*what).to_owned(), why });
                }
                Part::Escaped { at, what } => self.say(*at, FindingKind::Escaped { what: (*what).to_owned() }),
                Part::Reference { at, name, written, form } => self.reference(*at, name, written, form, result),
            }
        }
    }

    fn word(&mut self, parts: &[Part<'_>]) -> String {
        let mut word = String::new();
        self.all(parts, &mut word);
        word
    }

    fn reference(&mut self, at: usize, name: &str, written: &str, form: &Form<'_>, result: &mut String) {
        let value = self.value(name);
        // Whether the operator treats the variable as one without a value.
        let lacks = |empty_counts: bool| value.as_ref().is_none_or(|value| empty_counts && value.is_empty());
        match form {
            Form::Default { word, empty_counts } if lacks(*empty_counts) => self.all(word, result),
            Form::Assign { word, empty_counts } if lacks(*empty_counts) => {
                let word = self.word(word);
                result.push_str(&word);
                self.assigned.insert(name.to_owned(), word);
            }
            Form::Alternative { word, empty_counts } => {
                if !lacks(*empty_counts) {
                    self.all(word, result);
                }
            }
            Form::Required { word, empty_counts } if lacks(*empty_counts) => {
                let word = self.word(word);
                self.say(at, FindingKind::Required { name: name.to_owned(), word });
            }
            Form::Default { .. } | Form::Assign { .. } | Form::Required { .. } => result.push_str(&value.unwrap_or_default()),
            Form::Plain | Form::Length | Form::Remove { .. } => {
                if value.is_none() {
                    self.say(at, FindingKind::Unset { name: name.to_owned() });
                }
                let value = value.unwrap_or_default();
                match form {
                    Form::Length => result.push_str(&value.chars().count().to_string()),
                    Form::Remove { pattern, at_end, longest } => {
                        let pattern = self.word(pattern);
                        match Pattern::new(&pattern).and_then(|pattern| pattern.removed(&value, *at_end, *longest)) {
                            Ok(rest) => result.push_str(rest),
                            Err(why) => {
                                result.push_str(written);
                                self.say(at, FindingKind::Stays { what: written.to_owned(), why });
                            }
                        }
                    }
                    _ => result.push_str(&value),
                }
            }
        }
    }
}

/// Turns positions into lines and columns, in one pass over the text.
fn placed(text: &str, mut found: Vec<(usize, FindingKind)>) -> Vec<Finding> {
    found.sort_by_key(|(at, _)| *at);
    let (mut line, mut column, mut position) = (1_u32, 1_u32, 0);
    let mut findings = Vec::with_capacity(found.len());
    for (at, kind) in found {
        for character in text.get(position..at).unwrap_or_default().chars() {
            if character == '\n' {
                (line, column) = (line.saturating_add(1), 1);
            } else {
                column = column.saturating_add(1);
            }
        }
        position = position.max(at);
        findings.push(Finding { line, column, kind });
    }
    findings
}

#[cfg(test)]
mod tests;
