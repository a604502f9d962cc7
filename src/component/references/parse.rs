//! Splits a text into plain text, references, and what only a shell would understand.

use std::collections::HashMap;

/// References nested deeper than this stay as they are written.
const DEPTH_LIMIT: usize = 64;
/// Characters that a finding shows of a text that is left as it is.
const SHOWN: usize = 60;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    /// `text` stays as it is; `what` is reported.
    Stays {
        at: usize,
        text: &'a str,
        what: &'a str,
        why: &'static str,
    },
    /// The backslash is text, and the reference `what` follows.
    Escaped {
        at: usize,
        what: &'a str,
    },
    Reference {
        at: usize,
        name: &'a str,
        written: &'a str,
        form: Form<'a>,
    },
}

/// What follows the name. `empty_counts`: an empty variable counts as one that is not set.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form<'a> {
    Plain,
    Length,
    Default { word: Vec<Part<'a>>, empty_counts: bool },
    Assign { word: Vec<Part<'a>>, empty_counts: bool },
    Alternative { word: Vec<Part<'a>>, empty_counts: bool },
    Required { word: Vec<Part<'a>>, empty_counts: bool },
    Remove { pattern: Vec<Part<'a>>, at_end: bool, longest: bool },
}

pub(super) fn parse(text: &str) -> Vec<Part<'_>> {
    let bytes = text.as_bytes();
    let (ends, commands) = (matching_ends(bytes), commands(bytes));
    Parser { text, bytes, ends, commands }.parts(0, text.len(), 0)
}

/// Where commands that a shell would run begin, and where they end: `$(...)` and pairs of backquotes, each in one line.
fn commands(text: &[u8]) -> HashMap<usize, usize> {
    let mut commands = HashMap::new();
    let (mut open, mut backquote) = (Vec::new(), None);
    for (position, byte) in text.iter().enumerate() {
        match byte {
            b'\n' => {
                open.clear();
                backquote = None;
            }
            b'(' if position > 0 && text.get(position - 1) == Some(&b'$') => open.push(position - 1),
            b')' => {
                if let Some(start) = open.pop() {
                    commands.insert(start, position);
                }
            }
            b'`' => match backquote.take() {
                None => backquote = Some(position),
                Some(start) => {
                    commands.insert(start, position);
                }
            },
            _ => {}
        }
    }
    commands
}

/// For each `${`, by the position of its `$`: where its `}` is. Found in one pass: otherwise a text of unfinished references would be
/// searched again and again. A `}` between quotation marks or after a backslash ends no reference.
fn matching_ends(text: &[u8]) -> HashMap<usize, usize> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut ends = HashMap::new();
    let mut position = 0;
    while let Some(byte) = text.get(position) {
        let inside = open.last().copied();
        match (byte, inside) {
            (b'$', _) if text.get(position + 1) == Some(&b'{') => {
                open.push((position, false));
                position += 1;
            }
            (b'\\', Some(_)) => position += 1,
            (b'"', Some((start, quoted))) => {
                open.pop();
                open.push((start, !quoted));
            }
            (b'}', Some((start, false))) => {
                open.pop();
                ends.insert(start, position);
            }
            _ => {}
        }
        position += 1;
    }
    ends
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    ends: HashMap<usize, usize>,
    commands: HashMap<usize, usize>,
}

impl<'a> Parser<'a> {
    /// The parts from `position` to `end`; `depth` 0 is outside of all references.
    fn parts(&self, mut position: usize, end: usize, depth: usize) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        let mut text_from = position;
        let close_text = |parts: &mut Vec<Part<'a>>, from: usize, to: usize| {
            if from < to {
                parts.push(Part::Text(self.slice(from, to)));
            }
        };
        while position < end {
            let found = match self.bytes[position] {
                b'$' => self.dollar(position, end, depth),
                b'`' => self.command(position),
                b'\\' if depth == 0 && position + 1 < end && self.is_reference(position + 1, end) => {
                    let what = self.shown(position, end);
                    Some((Part::Escaped { at: position, what }, position))
                }
                // Between quotation marks everything is text, and the marks themselves are not.
                b'"' if depth > 0 => Some((Part::Text(""), position + 1)),
                b'\\' if depth > 0 && position + 1 < end && b"$`\"\\}".contains(&self.bytes[position + 1]) => {
                    Some((Part::Text(self.slice(position + 1, position + 2)), position + 2))
                }
                _ => None,
            };
            match found {
                None => position += 1,
                Some((part, next)) => {
                    close_text(&mut parts, text_from, position);
                    // The backslash itself is text.
                    let escaped = matches!(part, Part::Escaped { .. });
                    parts.push(part);
                    text_from = next;
                    position = if escaped { next + 1 } else { next };
                }
            }
        }
        close_text(&mut parts, text_from, end);
        parts
    }

    /// What begins with the `$` at `position`, and where the text goes on; None for a `$` that is text to a shell too.
    fn dollar(&self, position: usize, end: usize, depth: usize) -> Option<(Part<'a>, usize)> {
        match self.bytes.get(position + 1).filter(|_| position + 1 < end)? {
            b'{' => Some(match self.ends.get(&position).copied().filter(|close| *close < end) {
                None => (self.stays(position, position + 2, end, "its closing brace is missing"), position + 2),
                Some(close) if depth < DEPTH_LIMIT => (self.braced(position, close, depth), close + 1),
                Some(close) => (self.stays(position, close + 1, close + 1, "references are nested too deep"), close + 1),
            }),
            b'(' => self.command(position),
            byte if is_name_start(*byte) => {
                let name_end = self.name_end(position + 1, end);
                let name = self.slice(position + 1, name_end);
                let written = self.slice(position, name_end);
                Some((Part::Reference { at: position, name, written, form: Form::Plain }, name_end))
            }
            byte if byte.is_ascii_digit() || b"?!#*@-$".contains(byte) => {
                Some((self.stays(position, position + 2, position + 2, "a parameter of a shell has no meaning here"), position + 2))
            }
            _ => None,
        }
    }

    /// `${...}` with its braces at `position` + 1 and `close`.
    fn braced(&self, position: usize, close: usize, depth: usize) -> Part<'a> {
        let not_known = || self.stays(position, close + 1, close + 1, "it is no reference that is replaced here");
        let length = self.bytes[position + 2] == b'#';
        let name_start = position + 2 + usize::from(length);
        let name_end = self.name_end(name_start, close);
        if name_start == name_end || !is_name_start(self.bytes[name_start]) {
            return not_known();
        }
        let operator = &self.bytes[name_end..close];
        let word = |length: usize| self.parts(name_end + length, close, depth + 1);
        let form = match operator {
            [] if length => Form::Length,
            _ if length => return not_known(),
            [] => Form::Plain,
            [b':', b'-', ..] => Form::Default { word: word(2), empty_counts: true },
            [b'-', ..] => Form::Default { word: word(1), empty_counts: false },
            [b':', b'=', ..] => Form::Assign { word: word(2), empty_counts: true },
            [b'=', ..] => Form::Assign { word: word(1), empty_counts: false },
            [b':', b'+', ..] => Form::Alternative { word: word(2), empty_counts: true },
            [b'+', ..] => Form::Alternative { word: word(1), empty_counts: false },
            [b':', b'?', ..] => Form::Required { word: word(2), empty_counts: true },
            [b'?', ..] => Form::Required { word: word(1), empty_counts: false },
            [mark @ (b'%' | b'#'), rest @ ..] => {
                if rest.iter().any(|byte| b"'\"\\".contains(byte)) {
                    return self.stays(position, close + 1, close + 1, "a pattern with quotes or backslashes is not replaced here");
                }
                let longest = rest.first() == Some(mark);
                Form::Remove { pattern: word(1 + usize::from(longest)), at_end: *mark == b'%', longest }
            }
            _ => return not_known(),
        };
        Part::Reference { at: position, name: self.slice(name_start, name_end), written: self.slice(position, close + 1), form }
    }

    /// A command substitution: only its first character, for what follows may hold references.
    fn command(&self, position: usize) -> Option<(Part<'a>, usize)> {
        let close = self.commands.get(&position)?;
        Some((self.stays(position, position + 1, close + 1, "no command is run here"), position + 1))
    }

    /// Whether a `$` that is replaced stands at `position`.
    fn is_reference(&self, position: usize, end: usize) -> bool {
        self.bytes[position] == b'$'
            && self.bytes.get(position + 1).filter(|_| position + 1 < end).is_some_and(|byte| *byte == b'{' || is_name_start(*byte))
    }

    fn stays(&self, position: usize, text_end: usize, shown_end: usize, why: &'static str) -> Part<'a> {
        Part::Stays { at: position, text: self.slice(position, text_end), what: self.shown(position, shown_end), why }
    }

    /// The text from here, to the end of its line at most.
    fn shown(&self, position: usize, end: usize) -> &'a str {
        let text = self.slice(position, end);
        let length = text.char_indices().take(SHOWN).take_while(|(_, character)| *character != '\n');
        length.last().map_or("", |(at, character)| &text[..at + character.len_utf8()])
    }

    fn name_end(&self, start: usize, end: usize) -> usize {
        start + self.bytes[start..end].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
    }

    /// All positions are those of ASCII characters.
    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}
