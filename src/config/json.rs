//! JSON as components ship it: trailing commas, comments and a few slips besides are read as Zowe's own tools read them, with one warning
//! for a file. Whatever else is not JSON is an error with line and column, and so is anything behind the value.

use super::file::read_file;
use super::node::{Entry, Node, NodeValue, Place};
use super::yaml::{Document, MAXIMUM_DEPTH, MAXIMUM_SIZE};
use super::{Location, Problem, encoding};
use std::collections::HashSet;
use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;
use std::sync::Arc;

/// Reads a JSON file of at most [`MAXIMUM_SIZE`] bytes, UTF-8 or IBM-1047, with the place of every value. At most one warning comes with
/// it.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(file: &Path) -> Result<Document, Problem> {
    let name = file.display().to_string();
    let bytes = read_file(file).map_err(|error| Problem::error(Some(Location::whole(&name)), format!("cannot be read: {error}")))?;
    let text =
        encoding::decode(&bytes).map_err(|error| Problem::error(Some(Location::new(&name, error.line, error.column)), error.reason))?;
    parse(&text, &name)
}

/// Reads a JSON text; `name` is what positions begin with.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(text: &str, name: &str) -> Result<Document, Problem> {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, column: 1, depth: 0, oddities: Vec::new() };
    let root = if text.len() > MAXIMUM_SIZE {
        Err((Place::default(), format!("it is larger than {} MiB", MAXIMUM_SIZE / 1024 / 1024)))
    } else {
        reader.whole()
    };
    match root {
        Ok(root) => Ok(Document { root: Arc::new(root), warnings: reader.warning(name).into_iter().collect() }),
        Err((place, why)) => Err(Problem::error(Some(Location::new(name, place.line, place.column)), format!("is no JSON: {why}"))),
    }
}

/// What is not JSON and is accepted with a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    TrailingComma,
    Comment,
    /// A line end or the like within a string; it is kept.
    ControlCharacter,
    /// A backslash before a character that needs none; the character is taken, as Zowe's configuration manager does.
    Escape,
    /// A key that its object has already; the first one counts, as in Zowe's configuration manager.
    Repeated,
}

impl Slip {
    fn name(self) -> &'static str {
        match self {
            Slip::TrailingComma => "a comma with no value behind it",
            Slip::Comment => "a comment",
            Slip::ControlCharacter => "a control character within a string",
            Slip::Escape => "an escape that JSON does not have (the character alone is taken)",
            Slip::Repeated => "a key that the object has already (the first one counts)",
        }
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    /// Of the next character.
    line: u32,
    column: u32,
    depth: usize,
    /// Each kind of slip with the place of the first one and their number.
    oddities: Vec<(Slip, Place, usize)>,
}

/// Where and why a text is not JSON.
type Refused = (Place, String);

impl Reader<'_> {
    fn whole(&mut self) -> Result<Node, Refused> {
        self.skip_blanks()?;
        let root = self.value()?;
        self.skip_blanks()?;
        match self.peek() {
            None => Ok(root),
            Some(_) => Err(self.unexpected("the end of the file is expected behind the value")),
        }
    }

    fn value(&mut self) -> Result<Node, Refused> {
        let place = self.place();
        let value = match self.peek() {
            Some('{') => self.nested(Reader::object)?,
            Some('[') => self.nested(Reader::array)?,
            Some('"') => NodeValue::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('a'..='z' | 'A'..='Z') => self.word()?,
            _ => return Err(self.unexpected("a value is expected")),
        };
        Ok(Node::new(place, value))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<NodeValue, Refused>) -> Result<NodeValue, Refused> {
        if self.depth == MAXIMUM_DEPTH {
            return Err((self.place(), format!("objects and arrays are nested deeper than {MAXIMUM_DEPTH} levels")));
        }
        self.depth += 1;
        self.next();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<NodeValue, Refused> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut known = HashSet::new();
        self.skip_blanks()?;
        while self.peek() != Some('}') {
            let place = self.place();
            if self.peek() != Some('"') {
                return Err(self.unexpected("a key in double quotes or '}' is expected"));
            }
            let key = self.string()?;
            self.skip_blanks()?;
            if self.peek() != Some(':') {
                return Err(self.unexpected("':' is expected behind a key"));
            }
            self.next();
            self.skip_blanks()?;
            let value = Arc::new(self.value()?);
            if known.insert(key.clone()) {
                entries.push(Entry { key, place, value });
            } else {
                self.note(Slip::Repeated, place);
            }
            if !self.separator('}')? {
                break;
            }
        }
        self.next();
        Ok(NodeValue::Mapping(entries))
    }

    fn array(&mut self) -> Result<NodeValue, Refused> {
        let mut items = Vec::new();
        self.skip_blanks()?;
        while self.peek() != Some(']') {
            items.push(Arc::new(self.value()?));
            if !self.separator(']')? {
                break;
            }
        }
        self.next();
        Ok(NodeValue::Sequence(items))
    }

    /// What stands between two values: true where another one may follow, false before the closing bracket.
    fn separator(&mut self, closing: char) -> Result<bool, Refused> {
        self.skip_blanks()?;
        if self.peek() == Some(closing) {
            return Ok(false);
        }
        let place = self.place();
        if self.peek() != Some(',') {
            return Err(self.unexpected(&format!("',' or '{closing}' is expected")));
        }
        self.next();
        self.skip_blanks()?;
        if self.peek() == Some(closing) {
            self.note(Slip::TrailingComma, place);
        }
        Ok(true)
    }

    fn string(&mut self) -> Result<String, Refused> {
        let begin = self.place();
        let mut text = String::new();
        self.next();
        loop {
            let place = self.place();
            match self.next() {
                None => return Err((begin, "the string that begins here has no end".into())),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(place)?),
                // If a string does not end on its line, its closing quote is missing.
                Some('\n') => return Err((begin, "the string that begins here does not end on its line".into())),
                Some(character) => {
                    if character < ' ' {
                        self.note(Slip::ControlCharacter, place);
                    }
                    text.push(character);
                }
            }
        }
    }

    /// What follows the backslash at `place`.
    fn escape(&mut self, place: Place) -> Result<char, Refused> {
        Ok(match self.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.code_point(place),
            Some(character @ ('"' | '\\' | '/')) => character,
            Some('\n') | None => return Err((place, "a character is expected behind '\\'".into())),
            Some(character) => {
                self.note(Slip::Escape, place);
                character
            }
        })
    }

    /// `\uXXXX`, or two of them that are one character together.
    fn code_point(&mut self, place: Place) -> Result<char, Refused> {
        let refused = || (place, "four hexadecimal digits of a character are expected behind '\\u'".to_string());
        let first = self.four_digits().ok_or_else(refused)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(refused);
        }
        let second = if self.next() == Some('\\') && self.next() == Some('u') { self.four_digits() } else { None };
        let second = second.filter(|second| (0xdc00..0xe000).contains(second)).ok_or_else(|| {
            (place, "half of a surrogate pair; the other half, another '\\u' with four digits, is expected behind it".to_string())
        })?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(refused)
    }

    fn four_digits(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |number, _| Some(number * 16 + self.next()?.to_digit(16)?))
    }

    fn number(&mut self) -> Result<NodeValue, Refused> {
        let place = self.place();
        let mut text = String::new();
        while let Some(character @ ('0'..='9' | '-' | '+' | '.' | 'e' | 'E')) = self.peek() {
            text.push(character);
            self.next();
        }
        // The grammar of a number is serde's; what it holds is an integer where it fits 64 bits.
        match serde_json::from_str::<serde_json::Number>(&text) {
            Ok(number) => Ok(number.as_i64().map_or_else(|| NodeValue::Float(number.as_f64().unwrap_or_default()), NodeValue::Integer)),
            Err(_) => Err((place, format!("'{}' is not a number", cut(&text)))),
        }
    }

    fn word(&mut self) -> Result<NodeValue, Refused> {
        let place = self.place();
        let mut text = String::new();
        while let Some(character) = self.peek().filter(|character| character.is_ascii_alphanumeric() || *character == '_') {
            text.push(character);
            self.next();
        }
        match text.as_str() {
            "null" => Ok(NodeValue::Null),
            "true" => Ok(NodeValue::Boolean(true)),
            "false" => Ok(NodeValue::Boolean(false)),
            _ => Err((place, format!("'{}' is no value; true, false, null or a text in double quotes is expected", cut(&text)))),
        }
    }

    /// Blanks, line ends and comments.
    fn skip_blanks(&mut self) -> Result<(), Refused> {
        loop {
            match self.peek() {
                Some(character) if character.is_whitespace() || character == '\u{feff}' => {
                    self.next();
                }
                Some('/') => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Result<(), Refused> {
        let place = self.place();
        self.next();
        match self.next() {
            Some('/') => while self.next().is_some_and(|character| character != '\n') {},
            Some('*') => {
                let mut last = ' ';
                loop {
                    match self.next() {
                        Some('/') if last == '*' => break,
                        Some(character) => last = character,
                        None => return Err((place, "the comment that begins here has no end".into())),
                    }
                }
            }
            _ => return Err((place, "'/' begins a comment only with another '/' or a '*' behind it".into())),
        }
        self.note(Slip::Comment, place);
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        if character == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(character)
    }

    fn place(&self) -> Place {
        Place { source: 0, line: self.line, column: self.column }
    }

    fn unexpected(&mut self, expected: &str) -> Refused {
        let found = self.peek().map_or_else(|| "the file ends".to_string(), |character| format!("'{}' stands", character.escape_debug()));
        (self.place(), format!("{expected}, and {found} here"))
    }

    fn note(&mut self, slip: Slip, place: Place) {
        match self.oddities.iter_mut().find(|(known, ..)| *known == slip) {
            Some((.., count)) => *count += 1,
            None => self.oddities.push((slip, place, 1)),
        }
    }

    /// All slips in one warning, where the first one is.
    fn warning(&self, name: &str) -> Option<Problem> {
        let place = self.oddities.iter().map(|(_, place, _)| place).min_by_key(|place| (place.line, place.column))?;
        let slips: Vec<String> = self
            .oddities
            .iter()
            .map(|(slip, place, count)| {
                let more = if *count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                format!("{} (line {} column {}{more})", slip.name(), place.line, place.column)
            })
            .collect();
        let text = format!("is not strict JSON; it is read as Zowe reads it, other programs may refuse it: {}", slips.join(", "));
        Some(Problem::warning(Some(Location::new(name, place.line, place.column)), text))
    }
}

/// The beginning of a text, printable.
fn cut(text: &str) -> String {
    text.chars().take(40).collect::<String>().escape_debug().to_string()
}
