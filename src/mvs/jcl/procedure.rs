//! What the statements of a procedure mean.

use super::conditional::Conditions;
use super::exports::Exports;
use super::operand::{Operand, Value, evaluate, substitute};
use super::statement::{Statement, statements};
use super::{
    DataDefinition, DataSource, JclError, LINE_LIMIT, Library, PARM_LIMIT, Position, Procedure, SYMBOL_LIMIT, Step, Symbols, TEXT_LIMIT,
};
use crate::platform::names::is_name;

/// Keywords of EXEC that a procedure may have; those that are not read here have no effect off z/OS.
pub(super) const EXEC_KEYWORDS: &[&str] = &[
    "ACCT", "ADDRSPC", "CCSID", "COND", "DYNAMNBR", "MEMLIMIT", "PARM", "PERFORM", "PGM", "RD", "REGION", "REGIONX", "RLSTMOUT", "TIME",
    "TVSAMCOM", "TVSMSG",
];

/// Keywords of DD.
const DD_KEYWORDS: &[&str] = &[
    "AMP", "AVGREC", "BLKSIZE", "BLKSZLIM", "BUFNO", "BURST", "CHARS", "COPIES", "DATACLAS", "DCB", "DDNAME", "DEST", "DISP", "DLM", "DSN",
    "DSNAME", "DSNTYPE", "DSORG", "EXPDT", "FCB", "FILEDATA", "FREE", "HOLD", "KEYLEN", "KEYOFF", "LABEL", "LIKE", "LRECL", "MGMTCLAS",
    "MODIFY", "OUTLIM", "OUTPUT", "PATH", "PATHDISP", "PATHMODE", "PATHOPTS", "RECFM", "RECORG", "REFDD", "RETPD", "SECMODEL", "SEGMENT",
    "SPACE", "SPIN", "STORCLAS", "SUBSYS", "SYMBOLS", "SYSOUT", "TERM", "UCS", "UNIT", "VOL", "VOLUME",
];

/// The symbols that the PROC statement of a procedure defines.
pub(super) fn symbols_of(text: &str) -> Vec<String> {
    let (statements, _) = statements(text);
    let proc = statements.first().filter(|statement| statement.operation == "PROC");
    proc.into_iter().flat_map(|statement| &statement.operands).filter_map(|operand| operand.keyword.clone()).collect()
}

/// Reads a member of a procedure library: its one step with all symbols replaced.
///
/// # Errors
/// Every error of the member and of the symbols given, in the order of their lines; at least one.
pub fn read(text: &str, symbols: &Symbols) -> Result<Procedure, Vec<JclError>> {
    read_with(text, symbols, None)
}

/// [`read`] with the library that INCLUDE takes members from.
///
/// # Errors
/// As [`read`].
pub fn read_with(text: &str, symbols: &Symbols, library: Option<&Library<'_>>) -> Result<Procedure, Vec<JclError>> {
    read_called(text, symbols, library, Exports::default())
}

/// The same for a job that has exported symbols before it calls the procedure.
pub(super) fn read_called(
    text: &str,
    symbols: &Symbols,
    library: Option<&Library<'_>>,
    exports: Exports,
) -> Result<Procedure, Vec<JclError>> {
    if let Some((index, _)) = text.lines().enumerate().nth(LINE_LIMIT) {
        let at = Position { line: index + 1, column: 1 };
        return Err(vec![JclError::Member { at, why: format!("MEMBER HAS MORE THAN {LINE_LIMIT} LINES") }]);
    }
    let (statements, errors) = statements(text);
    let mut reading = Reading::new(symbols, errors, text, library);
    reading.exports = exports;
    let lines: Vec<&str> = text.lines().collect();
    for (index, statement) in statements.iter().enumerate() {
        reading.list(index, statement, &lines, "XX");
        reading.statement(index, statement);
    }
    reading.errors.extend(reading.conditions.end());
    for symbol in std::mem::take(&mut reading.unused) {
        reading.errors.push(JclError::Unused { symbol });
    }
    let Reading { steps, mut errors, listing, .. } = reading;
    let step = steps.into_iter().next();
    if step.is_none() && errors.is_empty() {
        errors.push(JclError::NoSteps { at: Position { line: lines.len().max(1), column: 1 } });
    }
    match step {
        Some(step) if errors.is_empty() => Ok(Procedure { step, listing }),
        _ => {
            sort(&mut errors);
            Err(errors)
        }
    }
}

/// Sorts them by line; those of the START command come last.
pub(super) fn sort(errors: &mut [JclError]) {
    errors.sort_by_key(|error| error.position().unwrap_or(Position { line: usize::MAX, column: 0 }));
}

fn unused_overrides(symbols: &Symbols) -> Vec<String> {
    symbols.overrides.iter().map(|(name, _)| name.clone()).collect()
}

impl JclError {
    /// Where the error is; None when it is in the START command.
    pub fn position(&self) -> Option<Position> {
        match self {
            JclError::Operation { at, .. }
            | JclError::NoSteps { at }
            | JclError::Termination { at }
            | JclError::Continuation { at }
            | JclError::Parenthesis { at, .. }
            | JclError::Apostrophe { at, .. }
            | JclError::Symbol { at, .. }
            | JclError::Keyword { at, .. }
            | JclError::Format { at, .. }
            | JclError::Length { at, .. }
            | JclError::Positional { at, .. }
            | JclError::Label { at, .. }
            | JclError::Member { at, .. } => Some(*at),
            JclError::Unused { .. } => None,
        }
    }
}

/// An operand with its symbols replaced.
pub(super) struct Resolved<'a> {
    pub operand: &'a Operand,
    /// Keyword, or the statement's operation for a positional operand.
    field: String,
    pub raw: String,
}

impl Resolved<'_> {
    pub(super) fn keyword(&self) -> Option<&str> {
        self.operand.keyword.as_deref()
    }

    pub(super) fn value(&self) -> Result<Value, JclError> {
        evaluate(&self.raw, &self.field, self.operand.at)
    }

    fn format_error(&self, why: &str) -> JclError {
        JclError::Format { at: self.operand.at, field: self.field.clone(), why: why.to_owned() }
    }
}

pub(super) struct Reading<'a> {
    pub symbols: &'a Symbols,
    /// Symbols of PROC and SET with their values; the last one of a name wins.
    pub defined: Vec<(String, String)>,
    unused: Vec<String>,
    pub steps: Vec<Step>,
    /// A job has any number of steps; a procedure that can be run off z/OS has one.
    pub is_job: bool,
    pub conditions: Conditions,
    pub exports: Exports,
    /// How many of the defined symbols come from PROC.
    pub of_proc: usize,
    pub library: Option<&'a Library<'a>>,
    /// How deep INCLUDE statements are nested here.
    pub depth: usize,
    /// The lines of the member and of what it includes.
    pub lines: usize,
    /// Characters of all statements with their symbols replaced.
    characters: usize,
    pub errors: Vec<JclError>,
    pub listing: Vec<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(symbols: &'a Symbols, errors: Vec<JclError>, text: &str, library: Option<&'a Library<'a>>) -> Self {
        Reading {
            symbols,
            defined: Vec::new(),
            unused: unused_overrides(symbols),
            steps: Vec::new(),
            is_job: false,
            conditions: Conditions::default(),
            exports: Exports::default(),
            of_proc: 0,
            library,
            depth: 0,
            lines: text.lines().count(),
            characters: 0,
            errors,
            listing: Vec::new(),
        }
    }

    /// Shows a statement as JESJCL does, with `mark` instead of its slashes.
    pub(super) fn list(&mut self, index: usize, statement: &Statement, lines: &[&str], mark: &str) {
        let (from, to) = statement.lines;
        for (offset, line) in lines.get(from..to).unwrap_or_default().iter().enumerate() {
            let number = if offset == 0 { (index + 1).to_string() } else { String::new() };
            let line = line.trim_end();
            let shown = line.strip_prefix("//").map_or_else(|| line.to_owned(), |rest| format!("{mark}{rest}"));
            self.listing.push(format!("{number:>8} {shown}"));
        }
    }

    /// The same for a statement of an included member, which has no number of its own.
    pub(super) fn list_lines(&mut self, text: &str, statement: &Statement, mark: &str) {
        let (from, to) = statement.lines;
        for line in text.lines().take(to).skip(from) {
            let line = line.trim_end();
            let shown = line.strip_prefix("//").map_or_else(|| line.to_owned(), |rest| format!("{mark}{rest}"));
            self.listing.push(format!("{:>8} {shown}", ""));
        }
    }

    fn statement(&mut self, index: usize, statement: &Statement) {
        let result = match statement.operation.as_str() {
            "PROC" if index == 0 => self.proc_statement(statement),
            "PROC" => Err(JclError::Member { at: statement.at, why: "PROC MUST BE THE FIRST STATEMENT".to_owned() }),
            "PEND" => Ok(()),
            "SET" => self.set(statement),
            "EXPORT" => self.export(statement),
            "IF" | "ELSE" | "ENDIF" => self.conditions.statement(statement),
            "EXEC" => self.exec(statement).and_then(|()| self.unconditional(statement)),
            "DD" => self.dd(statement).and_then(|()| self.replace_instream(statement)),
            "INCLUDE" => self.include(statement).map(|group| {
                for inner in &group.statements {
                    self.list_lines(&group.text, inner, "XX");
                    // The first statement is that of the member.
                    self.statement(usize::MAX, inner);
                }
                self.included(group);
            }),
            other => Err(JclError::Operation { at: statement.at, operation: other.to_owned() }),
        };
        self.errors.extend(result.err());
    }

    /// Nothing has run before the one step, so it cannot depend on anything.
    fn unconditional(&self, statement: &Statement) -> Result<(), JclError> {
        let why = "A STEP THAT DEPENDS ON A CONDITION CANNOT BE RUN OFF Z/OS".to_owned();
        if self.conditions.are_open() { Err(JclError::Member { at: statement.at, why }) } else { Ok(()) }
    }

    fn proc_statement(&mut self, statement: &Statement) -> Result<(), JclError> {
        let mut result = Ok(());
        for operand in &statement.operands {
            let Some(symbol) = operand.keyword.as_deref().filter(|symbol| is_name(symbol)) else {
                result = Err(JclError::Positional { at: operand.at, field: "PROC".to_owned() });
                continue;
            };
            let given = self.symbols.overrides.iter().rev().find(|(name, _)| name == symbol);
            self.unused.retain(|name| name != symbol);
            let value = symbol_value(operand, symbol).map(|value| given.map_or(value, |(_, given)| given.clone()));
            match value.and_then(|value| self.define(symbol, value, operand.at)) {
                Ok(()) => self.of_proc = self.defined.len(),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    pub(super) fn set(&mut self, statement: &Statement) -> Result<(), JclError> {
        for resolved in self.resolve(statement)? {
            let symbol = resolved.keyword().filter(|symbol| is_name(symbol)).map(str::to_owned);
            let symbol = symbol.ok_or_else(|| JclError::Positional { at: resolved.operand.at, field: "SET".to_owned() })?;
            let value = if resolved.raw.starts_with('(') { resolved.raw.clone() } else { resolved.value()?.joined() };
            self.define(&symbol, value, resolved.operand.at)?;
        }
        Ok(())
    }

    fn define(&mut self, symbol: &str, value: String, at: Position) -> Result<(), JclError> {
        if value.chars().count() > SYMBOL_LIMIT {
            return Err(JclError::Length { at, field: symbol.to_owned(), limit: SYMBOL_LIMIT });
        }
        self.exports.set(symbol, &value);
        self.defined.push((symbol.to_owned(), value));
        Ok(())
    }

    /// Replaces the symbols of all operands and adds the result to JESJCL. An operand that became empty is left out.
    pub(super) fn resolve<'s>(&mut self, statement: &'s Statement) -> Result<Vec<Resolved<'s>>, JclError> {
        let lookup = |name: &str| {
            let find = |list: &[(String, String)]| list.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            find(&self.defined).or_else(|| find(&self.symbols.system))
        };
        let mut characters = self.characters;
        let mut resolved = Vec::new();
        let mut changed = Vec::new();
        for operand in &statement.operands {
            let field = operand.keyword.clone().unwrap_or_else(|| statement.operation.clone());
            let raw = substitute(&operand.value, &field, &lookup)?;
            characters += raw.len();
            if characters > TEXT_LIMIT {
                let why = format!("WITH ITS SYMBOLS REPLACED THE MEMBER HAS MORE THAN {TEXT_LIMIT} CHARACTERS");
                return Err(JclError::Member { at: operand.at, why });
            }
            if raw != operand.value.string() {
                changed.push(operand.keyword.as_ref().map_or_else(|| raw.clone(), |keyword| format!("{keyword}={raw}")));
            }
            if operand.keyword.is_some() || !raw.is_empty() {
                resolved.push(Resolved { operand, field, raw });
            }
        }
        self.characters = characters;
        if !changed.is_empty() {
            self.listing.push(format!("{:>8} {}", "", crate::message::mvs::substitution_jcl(changed.join(","))));
        }
        Ok(resolved)
    }

    pub(super) fn exec(&mut self, statement: &Statement) -> Result<(), JclError> {
        if !self.is_job && !self.steps.is_empty() {
            let why = "A PROCEDURE WITH MORE THAN ONE STEP CANNOT BE RUN OFF Z/OS".to_owned();
            return Err(JclError::Member { at: statement.at, why });
        }
        let mut step = Step {
            name: statement.name.clone(),
            program: String::new(),
            parm: String::new(),
            keywords: Vec::new(),
            data_definitions: Vec::new(),
        };
        // Errors from here on still leave a step, so that its DD statements are checked.
        self.steps.push(step.clone());
        for resolved in self.resolve(statement)? {
            let Some(keyword) = resolved.keyword() else {
                let why = "ONLY PGM= IS SUPPORTED OFF Z/OS, NO PROCEDURE IN A PROCEDURE";
                return Err(resolved.format_error(why));
            };
            check_keyword(&resolved, EXEC_KEYWORDS, "EXEC")?;
            match keyword {
                "PGM" => match resolved.value()? {
                    Value::Text(name) if is_name(&name) => step.program = name,
                    _ => return Err(resolved.format_error("NOT A PROGRAM NAME OF 1 TO 8 CHARACTERS")),
                },
                "PARM" => {
                    step.parm = resolved.value()?.joined();
                    if step.parm.chars().count() > PARM_LIMIT {
                        return Err(JclError::Length { at: resolved.operand.at, field: "PARM".to_owned(), limit: PARM_LIMIT });
                    }
                }
                "REGION" if !is_region(&resolved.value()?.joined()) => {
                    return Err(resolved.format_error("NOT A NUMBER FOLLOWED BY K OR M"));
                }
                "TIME" if !is_time(&resolved.value()?.joined()) => {
                    return Err(resolved.format_error("NEITHER NOLIMIT, MAXIMUM, MINUTES NOR (MINUTES,SECONDS)"));
                }
                _ => step.keywords.push((keyword.to_owned(), resolved.value().map(|_| resolved.raw.clone())?)),
            }
        }
        if step.program.is_empty() {
            let why = "PGM= IS MISSING".to_owned();
            return Err(JclError::Format { at: statement.at, field: "EXEC".to_owned(), why });
        }
        if let Some(last) = self.steps.last_mut() {
            *last = step;
        }
        Ok(())
    }

    /// Where the data of a DD statement is.
    pub(super) fn data_source(&mut self, statement: &Statement) -> Result<DataSource, JclError> {
        let resolved = self.resolve(statement)?;
        source(&resolved, statement)
    }

    pub(super) fn dd(&mut self, statement: &Statement) -> Result<(), JclError> {
        let source = self.data_source(statement)?;
        let no_step = || JclError::Member { at: statement.at, why: "A DD STATEMENT STANDS BEFORE ANY EXEC STATEMENT".to_owned() };
        let step = self.steps.last_mut().ok_or_else(no_step)?;
        if !statement.name.is_empty() {
            step.data_definitions.push(DataDefinition { name: statement.name.clone(), sources: vec![source] });
            return Ok(());
        }
        let before = step.data_definitions.last_mut();
        let before = before.ok_or_else(|| JclError::Label { at: statement.at, label: "MISSING ON THE FIRST DD STATEMENT".to_owned() })?;
        before.sources.push(source);
        Ok(())
    }
}

/// The default of a symbol: text in apostrophes without them, anything else as written, in the form in which it is put into statements.
fn symbol_value(operand: &Operand, symbol: &str) -> Result<String, JclError> {
    let raw = operand.value.string();
    if raw.starts_with('\'') { Ok(evaluate(&raw, symbol, operand.at)?.joined()) } else { Ok(raw) }
}

pub(super) fn check_keyword(resolved: &Resolved<'_>, known: &[&str], operation: &str) -> Result<(), JclError> {
    match resolved.keyword() {
        Some(keyword) if !known.contains(&keyword) => {
            Err(JclError::Keyword { at: resolved.operand.at, keyword: keyword.to_owned(), operation: operation.to_owned() })
        }
        _ => Ok(()),
    }
}

fn source(resolved: &[Resolved<'_>], statement: &Statement) -> Result<DataSource, JclError> {
    let (mut dummy, mut instream) = (false, false);
    let (mut sysout, mut name, mut disposition, mut path) = (None, None, None, None);
    for operand in resolved {
        check_keyword(operand, DD_KEYWORDS, "DD")?;
        match operand.keyword() {
            None => match operand.raw.as_str() {
                "DUMMY" => dummy = true,
                "*" | "DATA" => instream = true,
                _ => return Err(JclError::Positional { at: operand.operand.at, field: "DD".to_owned() }),
            },
            Some("SYSOUT") => sysout = Some(operand.value()?.joined()),
            Some("DSN" | "DSNAME") => match operand.value()? {
                Value::Text(text) if !text.is_empty() => name = Some(text),
                _ => return Err(operand.format_error("NOT A DATA SET NAME")),
            },
            // Checked, and kept as it was written: (NEW,CATLG).
            Some("DISP") => disposition = Some(operand.value().map(|_| operand.raw.clone())?),
            Some("PATH") => match operand.value()? {
                Value::Text(text) if text.starts_with('/') => path = Some(text),
                _ => return Err(operand.format_error("NOT AN ABSOLUTE PATH")),
            },
            Some(_) => drop(operand.value()?),
        }
    }
    Ok(match (sysout, name, path) {
        _ if dummy => DataSource::Dummy,
        _ if instream => DataSource::Instream(statement.instream.clone()),
        (Some(class), _, _) => DataSource::Sysout(class),
        (None, Some(name), _) if name == "NULLFILE" => DataSource::Dummy,
        (None, Some(name), _) => DataSource::DataSet { name, disposition },
        (None, None, Some(path)) => DataSource::Path(path),
        (None, None, None) => DataSource::Other,
    })
}

fn is_region(text: &str) -> bool {
    let digits = text.strip_suffix(['K', 'M']).unwrap_or(text);
    (1..=7).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_time(text: &str) -> bool {
    let is_number = |part: &str| part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(text, "NOLIMIT" | "MAXIMUM") || (!text.is_empty() && text.split(',').count() <= 2 && text.split(',').all(is_number))
}
