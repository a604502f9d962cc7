//! Lines to statements: name, operation and operand field in columns 1 to 71, comments, continuation, in-stream data.

use super::operand::{Operand, split};
use super::text::Text;
use super::{JclError, LAST_COLUMN, Position, RECORD_LENGTH};
use crate::platform::names::is_name;

/// One statement with its continuation lines.
#[derive(Debug)]
pub(super) struct Statement {
    /// Where its operation is.
    pub at: Position,
    pub name: String,
    pub operation: String,
    pub operands: Vec<Operand>,
    /// Lines after `DD *`, trailing blanks dropped.
    pub instream: Vec<String>,
    /// Its lines in the member, counted from 0: from, to (exclusive), without in-stream data.
    pub lines: (usize, usize),
}

/// What a line of the member is.
enum Line<'a> {
    Comment,
    /// `//` and nothing: the end of the job.
    Null,
    /// `/*`.
    Delimiter,
    Blank,
    /// Columns 3 to 71 of a statement or its continuation.
    Statement(&'a [char]),
    Other,
}

fn classify(line: &[char]) -> Line<'_> {
    match line {
        ['/', '/', '*', ..] => Line::Comment,
        ['/', '/', rest @ ..] if rest.iter().all(|character| *character == ' ') => Line::Null,
        ['/', '/', ..] => Line::Statement(line.get(2..LAST_COLUMN.min(line.len())).unwrap_or_default()),
        ['/', '*', rest @ ..] if rest.first().is_none_or(|character| *character == ' ') => Line::Delimiter,
        _ if line.iter().all(|character| *character == ' ') => Line::Blank,
        _ => Line::Other,
    }
}

/// All statements of a member. Errors do not stop the reading: each concerns its own statement.
pub(super) fn statements(text: &str) -> (Vec<Statement>, Vec<JclError>) {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.trim_end().chars().collect()).collect();
    let mut reader = Reader { lines: &lines, next: 0, errors: Vec::new() };
    let mut statements = Vec::new();
    reader.check_lines();
    while let Some(line) = reader.lines.get(reader.next) {
        let at = Position { line: reader.next + 1, column: 1 };
        match classify(line) {
            Line::Comment | Line::Delimiter | Line::Blank => reader.next += 1,
            Line::Null => {
                reader.next += 1;
                reader.nothing_follows("A NULL STATEMENT");
                break;
            }
            Line::Other => {
                let why = "THE LINE IS NEITHER A STATEMENT NOR IN-STREAM DATA".to_owned();
                reader.errors.push(JclError::Member { at, why });
                reader.next += 1;
            }
            Line::Statement(columns) => {
                if let Some(statement) = reader.statement(columns) {
                    // A job may contain procedures of its own.
                    let ends = statement.operation == "PEND" && statements.first().is_none_or(|first: &Statement| first.operation != "JOB");
                    statements.push(statement);
                    if ends {
                        reader.nothing_follows("PEND");
                        break;
                    }
                }
            }
        }
    }
    (statements, reader.errors)
}

struct Reader<'a> {
    lines: &'a [Vec<char>],
    next: usize,
    errors: Vec<JclError>,
}

impl<'a> Reader<'a> {
    /// Checks for what a record of a procedure library cannot hold.
    fn check_lines(&mut self) {
        for (index, line) in self.lines.iter().enumerate() {
            if line.len() > RECORD_LENGTH {
                let at = Position { line: index + 1, column: RECORD_LENGTH + 1 };
                self.errors.push(JclError::Member { at, why: format!("THE LINE HAS MORE THAN {RECORD_LENGTH} CHARACTERS") });
            }
            if let Some(column) = line.iter().position(|character| character.is_control()) {
                let at = Position { line: index + 1, column: column + 1 };
                self.errors.push(JclError::Member { at, why: "THE LINE HOLDS A TAB OR ANOTHER CONTROL CHARACTER".to_owned() });
            }
        }
    }

    /// What comes after the end of the member would never be read.
    fn nothing_follows(&mut self, end: &str) {
        let is_text = |line: &&Vec<char>| !matches!(classify(line), Line::Comment | Line::Null | Line::Delimiter | Line::Blank);
        if let Some(offset) = self.lines.iter().skip(self.next).position(|line| is_text(&line)) {
            let at = Position { line: self.next + offset + 1, column: 1 };
            self.errors.push(JclError::Member { at, why: format!("WHAT STANDS BEHIND {end} IS NEVER READ") });
        }
    }

    /// Reads the statement that begins in the next line, and its in-stream data. Always advances.
    fn statement(&mut self, columns: &'a [char]) -> Option<Statement> {
        let first = self.next;
        self.next += 1;
        let position = |index: usize| Position { line: first + 1, column: index + 3 };
        let (name_end, name) = word(columns, 0);
        let operation_at = skip_blanks(columns, name_end);
        let (operation_end, operation) = word(columns, operation_at);
        let at = position(operation_at);
        // DD statements after the call of a procedure name the step that they change: step.ddname.
        let is_label = |name: &str| name.split_once('.').map_or_else(|| is_name(name), |(step, name)| is_name(step) && is_name(name));
        if !name.is_empty() && !is_label(&name) {
            self.errors.push(JclError::Label { at: position(0), label: name.clone() });
        }
        if operation.is_empty() {
            self.errors.push(JclError::Member { at, why: "THE STATEMENT HAS NO OPERATION".to_owned() });
            return None;
        }
        let operands_at = skip_blanks(columns, operation_end);
        let field =
            if operation == "IF" { self.condition(columns, operands_at, first)? } else { self.operand_field(columns, operands_at, first)? };
        let lines = (first, self.next);
        let operands = match split(&field, &operation) {
            Ok(operands) => operands,
            Err(error) => {
                self.errors.push(error);
                // Data that follows must not be taken for statements, whatever else is wrong.
                if operation == "DD" && field.characters.first().is_some_and(|(character, _)| *character == '*') {
                    self.instream(None, false);
                }
                return None;
            }
        };
        let mut statement = Statement { at, name, operation, operands, instream: Vec::new(), lines };
        if statement.operation == "DD" {
            let positional =
                |text: &str| statement.operands.iter().any(|operand| operand.keyword.is_none() && operand.value.string() == text);
            let delimiter = statement.operands.iter().find(|operand| operand.keyword.as_deref() == Some("DLM"));
            let delimiter = delimiter.map(|operand| operand.value.string().trim_matches('\'').to_owned());
            if positional("*") || positional("DATA") {
                statement.instream = self.instream(delimiter, positional("DATA"));
            }
        }
        Some(statement)
    }

    /// The operand field from `at` on, with the text of its continuation lines. None, with the error noted, when one is missing.
    fn operand_field(&mut self, columns: &'a [char], at: usize, line: usize) -> Option<Text> {
        let mut field = Text::default();
        let (mut columns, mut at, mut line) = (columns, at, line);
        let mut in_apostrophes = false;
        loop {
            let mut index = at;
            loop {
                let character = match columns.get(index) {
                    Some(character) => *character,
                    // A quoted text that is still open at the end of the line continues through column 71.
                    None if in_apostrophes && index + 3 <= LAST_COLUMN => ' ',
                    None => break,
                };
                if character == ' ' && !in_apostrophes {
                    break;
                }
                in_apostrophes ^= character == '\'';
                field.characters.push((character, Position { line: line + 1, column: index + 3 }));
                index += 1;
            }
            let ends_with_comma = field.characters.last().is_some_and(|(character, _)| *character == ',');
            // An apostrophe in column 71 is half of a doubled one when the other half begins the continuation.
            let at_the_edge = field.characters.last().is_some_and(|(last, at)| *last == '\'' && at.column == LAST_COLUMN);
            let halved = !in_apostrophes && at_the_edge && self.other_half_follows();
            in_apostrophes |= halved;
            if !in_apostrophes && !ends_with_comma {
                return Some(field);
            }
            let end = Position { line: line + 1, column: index + 2 };
            let open_apostrophe = field.characters.iter().rev().find(|(character, _)| *character == '\'').map(|(_, position)| *position);
            match self.continuation(in_apostrophes) {
                Some((next_line, next_columns, next_at)) => {
                    (line, columns, at) = (next_line, next_columns, next_at);
                    in_apostrophes ^= halved;
                }
                None => {
                    self.errors.push(match open_apostrophe {
                        Some(at) if in_apostrophes => JclError::Apostrophe { at, field: "OPERAND".to_owned() },
                        _ => JclError::Continuation { at: end },
                    });
                    return None;
                }
            }
        }
    }

    /// The condition of an IF statement, including blanks: the text before THEN, on this line or on its continuation lines. None, with the
    /// error noted, when there is no THEN.
    fn condition(&mut self, columns: &'a [char], at: usize, line: usize) -> Option<Text> {
        let mut field = Text::default();
        let (mut columns, mut at, mut line) = (columns, at, line);
        loop {
            let mut index = at;
            while index < columns.len() {
                let (end, found) = word(columns, index);
                if found == "THEN" {
                    while field.characters.last().is_some_and(|(character, _)| *character == ' ') {
                        field.characters.pop();
                    }
                    return Some(field);
                }
                let end = skip_blanks(columns, end).max(index + 1);
                let piece = columns.iter().enumerate().take(end).skip(index);
                field.characters.extend(piece.map(|(index, character)| (*character, Position { line: line + 1, column: index + 3 })));
                index = end;
            }
            field.characters.push((' ', Position { line: line + 1, column: index + 2 }));
            let end = Position { line: line + 1, column: index + 2 };
            match self.continuation(false) {
                Some((next_line, next_columns, next_at)) => (line, columns, at) = (next_line, next_columns, next_at),
                None => {
                    self.errors.push(JclError::Continuation { at: end });
                    return None;
                }
            }
        }
    }

    /// The next line when it continues a statement: its number, its columns from 3 on, and where the text begins in them: columns 4 to 16,
    /// and exactly 16 inside apostrophes. Comment lines in between are skipped.
    fn continuation(&mut self, in_apostrophes: bool) -> Option<(usize, &'a [char], usize)> {
        let mut next = self.next;
        while let Some(line) = self.lines.get(next) {
            match classify(line) {
                Line::Comment => next += 1,
                Line::Statement(columns) => {
                    let begin = skip_blanks(columns, 0);
                    // Index 0 is column 3, index 13 is column 16.
                    let fits = if in_apostrophes { begin >= 13 } else { (1..=13).contains(&begin) };
                    if !fits {
                        return None;
                    }
                    self.next = next + 1;
                    return Some((next, columns, if in_apostrophes { 13 } else { begin }));
                }
                _ => return None,
            }
        }
        None
    }

    /// True when the next line continues with an apostrophe in column 16.
    fn other_half_follows(&self) -> bool {
        let Some(Line::Statement(columns)) = self.lines.get(self.next).map(|line| classify(line)) else { return false };
        skip_blanks(columns, 0) == 13 && columns.get(13) == Some(&'\'')
    }

    /// The lines up to the delimiter, which is skipped, or up to the next statement, which is not (`DATA` and DLM= read across statements).
    fn instream(&mut self, delimiter: Option<String>, data: bool) -> Vec<String> {
        let mut data_lines = Vec::new();
        while let Some(line) = self.lines.get(self.next) {
            let text: String = line.iter().collect();
            match &delimiter {
                Some(delimiter) if text.starts_with(delimiter.as_str()) => {
                    self.next += 1;
                    break;
                }
                Some(_) => {}
                None if text.starts_with("/*") => {
                    self.next += 1;
                    break;
                }
                None if text.starts_with("//") && !data => break,
                None => {}
            }
            data_lines.push(text);
            self.next += 1;
        }
        data_lines
    }
}

/// The word that begins at `from`, and where it ends.
fn word(columns: &[char], from: usize) -> (usize, String) {
    let word: String = columns.iter().skip(from).take_while(|character| **character != ' ').collect();
    (from + word.chars().count(), word)
}

fn skip_blanks(columns: &[char], from: usize) -> usize {
    from + columns.iter().skip(from).take_while(|character| **character == ' ').count()
}
