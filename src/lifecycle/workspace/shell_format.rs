//! Environment files in the form that a shell sources to get exactly the values written: the snapshot (`export NAME='value'`, read back by
//! us) and the instance file (`NAME=value`, read by scripts). Pure.
//!
//! An environment can hold names that are no shell identifiers (`zowe.environments` allows `-`). A shell cannot set those, so they stand in
//! a comment that only we read: `#env name=value` with line break, carriage return and backslash escaped.

use crate::config::Environment;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub(super) const HEADER: &[u8] = b"#!/bin/sh\n";
const EXPORT: &[u8] = b"export ";
const COMMENT: &[u8] = b"#env ";

/// A name or value that no environment can hold. Values are not shown, as they may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("variable name '{}' is empty or holds '=' or a NUL byte", .0.escape_debug())]
    Name(String),
    #[error("the value of variable {} holds a NUL byte", .0.escape_debug())]
    Value(String),
}

/// Where a text is no snapshot; line and column count from 1, columns in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    pub line: usize,
    pub column: usize,
    pub what: &'static str,
}

/// The snapshot: `export NAME='value'`, one a variable in the order of the names.
///
/// # Errors
/// [`FormatError`] for a name or value that no environment can hold.
pub fn format_snapshot(environment: &Environment) -> Result<Vec<u8>, FormatError> {
    let mut text = Vec::new();
    for (name, value) in environment {
        add_line(&mut text, name, value, |text, name, value| {
            text.extend_from_slice(EXPORT);
            text.extend_from_slice(name);
            text.push(b'=');
            quote(text, value);
        })?;
    }
    Ok(text)
}

/// The instance file: `#!/bin/sh`, then `NAME=value`, quoted where a shell would take it for more than text.
///
/// # Errors
/// [`FormatError`] for a name or value that no environment can hold.
pub fn format_instance(environment: &Environment) -> Result<Vec<u8>, FormatError> {
    let mut text = HEADER.to_vec();
    environment.iter().try_for_each(|(name, value)| add_instance_line(&mut text, name, value))?;
    Ok(text)
}

/// The line of one variable in an instance file.
///
/// # Errors
/// [`FormatError`] for a name or value that no environment can hold.
pub(super) fn add_instance_line(text: &mut Vec<u8>, name: &str, value: &OsStr) -> Result<(), FormatError> {
    add_line(text, name, value, |text, name, value| {
        text.extend_from_slice(name);
        text.push(b'=');
        if value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_./:,@%+-=".contains(byte)) {
            text.extend_from_slice(value);
        } else {
            quote(text, value);
        }
    })
}

fn add_line(text: &mut Vec<u8>, name: &str, value: &OsStr, line: impl Fn(&mut Vec<u8>, &[u8], &[u8])) -> Result<(), FormatError> {
    let value = value.as_bytes();
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(FormatError::Name(name.to_owned()));
    }
    if value.contains(&0) {
        return Err(FormatError::Value(name.to_owned()));
    }
    if is_identifier(name.as_bytes()) {
        line(text, name.as_bytes(), value);
    } else {
        text.extend_from_slice(COMMENT);
        escape(text, name.as_bytes());
        text.push(b'=');
        escape(text, value);
    }
    text.push(b'\n');
    Ok(())
}

/// A name that a POSIX shell can assign to.
fn is_identifier(name: &[u8]) -> bool {
    name.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// In apostrophes everything is text but the apostrophe itself, which is written outside of them.
fn quote(text: &mut Vec<u8>, value: &[u8]) {
    text.push(b'\'');
    for byte in value {
        if *byte == b'\'' {
            text.extend_from_slice(b"'\\''");
        } else {
            text.push(*byte);
        }
    }
    text.push(b'\'');
}

/// One line of comment.
fn escape(text: &mut Vec<u8>, value: &[u8]) {
    for byte in value {
        match byte {
            b'\\' => text.extend_from_slice(b"\\\\"),
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            _ => text.push(*byte),
        }
    }
}

/// The inverse of [`format_snapshot`]; comment lines and empty lines are passed over.
///
/// # Errors
/// `ParseError` with the place of the first byte that [`format_snapshot`] would not have written.
pub fn parse_snapshot(text: &[u8]) -> Result<Environment, ParseError> {
    let mut environment = Environment::new();
    let mut parser = Parser { text, position: 0 };
    while parser.position < text.len() {
        let (name, value) = if parser.take(EXPORT) {
            let name = parser.name(is_identifier, "a variable name was expected here")?;
            (name, parser.quoted()?)
        } else if parser.take(COMMENT) {
            let line = parser.line();
            let equals = line.iter().position(|byte| *byte == b'=').ok_or_else(|| parser.error("'=' is missing in this line"))?;
            let name = String::from_utf8(unescape(&line[..equals])).map_err(|_| parser.error("the name is not UTF-8"))?;
            (name, unescape(&line[equals + 1..]))
        } else if parser.take(b"#") || parser.rest().first() == Some(&b'\n') {
            parser.line();
            continue;
        } else {
            return Err(parser.error("'export' was expected here"));
        };
        environment.insert(name, OsString::from_vec(value));
    }
    Ok(environment)
}

struct Parser<'a> {
    text: &'a [u8],
    position: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text[self.position..]
    }

    fn take(&mut self, prefix: &[u8]) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.position += prefix.len();
        }
        found
    }

    /// The rest of this line, without its end, which is taken too.
    fn line(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.position += (length + 1).min(rest.len());
        &rest[..length]
    }

    fn name(&mut self, valid: fn(&[u8]) -> bool, what: &'static str) -> Result<String, ParseError> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == b'=').ok_or_else(|| self.error(what))?;
        let name = &rest[..length];
        if !valid(name) {
            return Err(self.error(what));
        }
        self.position += length + 1;
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    /// `'text'` and `\'` in turn, up to the end of the line.
    fn quoted(&mut self) -> Result<Vec<u8>, ParseError> {
        let mut value = Vec::new();
        loop {
            if self.take(b"'") {
                let rest = self.rest();
                let length = rest
                    .iter()
                    .position(|byte| *byte == b'\'')
                    .ok_or_else(|| self.error("the apostrophe that ends this value is missing"))?;
                value.extend_from_slice(&rest[..length]);
                self.position += length + 1;
            } else if self.take(b"\\'") {
                value.push(b'\'');
            } else if self.take(b"\n") || self.rest().is_empty() {
                return Ok(value);
            } else {
                return Err(self.error("an apostrophe was expected here"));
            }
        }
    }

    fn error(&self, what: &'static str) -> ParseError {
        let before = &self.text[..self.position.min(self.text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
        ParseError { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, column: before.len() - line_start + 1, what }
    }
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => value.push(b'\n'),
                Some(b'r') => value.push(b'\r'),
                Some(other) => value.push(*other),
                None => value.push(b'\\'),
            },
            _ => value.push(*byte),
        }
    }
    value
}
