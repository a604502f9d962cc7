//! The call of a procedure: EXEC without PGM=, its symbols and PARM, and DD statements that change or add to those of the procedure.

use super::procedure::{self, EXEC_KEYWORDS, Reading};
use super::statement::Statement;
use super::{DataDefinition, JclError, Library, PARM_LIMIT, Step, Symbols};
use crate::platform::names::is_name;
use std::collections::BTreeMap;

/// The procedures that a job can call.
pub(super) struct Calls<'a> {
    /// Procedures between PROC and PEND in the job itself, by name.
    own: BTreeMap<String, String>,
    library: &'a Library<'a>,
    /// The last step comes from a procedure.
    called: bool,
}

impl<'a> Calls<'a> {
    /// Also returns the indices of the statements that belong to procedures in the job itself.
    pub(super) fn new(text: &str, statements: &[Statement], library: &'a Library<'a>) -> (Option<Calls<'a>>, Vec<usize>) {
        let lines: Vec<&str> = text.lines().collect();
        let (mut own, mut inside, mut open) = (BTreeMap::new(), Vec::new(), None);
        for (index, statement) in statements.iter().enumerate() {
            if statement.operation == "PROC" && open.is_none() {
                open = Some(index);
            }
            let Some(first) = open.and_then(|at| statements.get(at)) else { continue };
            inside.push(index);
            if statement.operation == "PEND" {
                let procedure = lines.get(first.lines.0..statement.lines.1).unwrap_or_default().join("\n");
                own.insert(first.name.clone(), procedure);
                open = None;
            }
        }
        (Some(Calls { own, library, called: false }), inside)
    }

    /// A step of the job itself, or that of a procedure.
    pub(super) fn exec(&mut self, reading: &mut Reading<'_>, statement: &Statement, start: &[(String, String)]) -> Result<(), JclError> {
        self.called = false;
        if statement.operands.iter().any(|operand| operand.keyword.as_deref() == Some("PGM")) {
            return reading.exec(statement);
        }
        let at = statement.at;
        let (mut name, mut parm, mut symbols) = (None, None, Vec::new());
        for resolved in reading.resolve(statement)? {
            let value = resolved.value()?.joined();
            match resolved.keyword() {
                None | Some("PROC") if name.is_none() => name = Some(value),
                None => return Err(JclError::Positional { at: resolved.operand.at, field: "EXEC".to_owned() }),
                // PARM, and PARM.step.
                Some(keyword) if keyword.split('.').next() == Some("PARM") => {
                    if value.chars().count() > PARM_LIMIT {
                        return Err(JclError::Length { at: resolved.operand.at, field: "PARM".to_owned(), limit: PARM_LIMIT });
                    }
                    parm = Some(value);
                }
                Some(keyword) if EXEC_KEYWORDS.contains(&keyword.split('.').next().unwrap_or_default()) => {}
                Some(keyword) if is_name(keyword) => symbols.push((keyword.to_owned(), value)),
                Some(keyword) => {
                    return Err(JclError::Keyword { at: resolved.operand.at, keyword: keyword.to_owned(), operation: "EXEC".to_owned() });
                }
            }
        }
        let Some(name) = name.filter(|name| is_name(name)) else {
            let why = "NEITHER PGM= NOR A PROCEDURE IS NAMED".to_owned();
            return Err(JclError::Format { at, field: "EXEC".to_owned(), why });
        };
        let text = match self.own.get(&name) {
            Some(text) => Ok(text.clone()),
            None => match (self.library)(&name) {
                Ok(Some(text)) => Ok(text),
                Ok(None) => Err(format!("PROCEDURE {name} WAS NOT FOUND")),
                Err(why) => Err(format!("PROCEDURE {name} CANNOT BE READ: {why}")),
            },
        };
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                // What follows is still checked.
                reading.steps.push(empty_step());
                self.called = true;
                return Err(JclError::Member { at, why });
            }
        };
        // Those START symbols that the procedure knows; for the others there is a SET statement.
        let known = procedure::symbols_of(&text);
        symbols.retain(|(symbol, _)| !start.iter().any(|(name, _)| name == symbol));
        symbols.extend(start.iter().filter(|(symbol, _)| known.contains(symbol)).cloned());
        let outer = reading.symbols.system.iter().chain(&reading.defined).cloned().collect();
        match procedure::read_called(&text, &Symbols { overrides: symbols, system: outer }, Some(self.library), reading.exports.clone()) {
            Ok(called) => {
                reading.listing.extend(called.listing);
                let step = Step { parm: parm.unwrap_or(called.step.parm), ..called.step };
                self.called = true;
                reading.steps.push(step);
                Ok(())
            }
            Err(errors) => {
                reading.steps.push(empty_step());
                self.called = true;
                // Lines of the procedure, not of the job: the procedure's name distinguishes them.
                let told = errors.into_iter().map(|error| JclError::Member { at, why: format!("PROCEDURE {name}: {}", error.message()) });
                reading.errors.extend(told);
                Ok(())
            }
        }
    }

    /// A DD statement after a call replaces the procedure's DD statement of that name, or is added.
    pub(super) fn dd(&mut self, reading: &mut Reading<'_>, statement: &Statement) -> Result<(), JclError> {
        if !self.called || statement.name.is_empty() {
            return reading.dd(statement);
        }
        let source = reading.data_source(statement)?;
        let Some(step) = reading.steps.last_mut() else { return Ok(()) };
        let (of_step, name) = statement.name.split_once('.').unwrap_or(("", &statement.name));
        if !of_step.is_empty() && !step.program.is_empty() && of_step != step.name {
            return Err(JclError::Label { at: statement.at, label: statement.name.clone() });
        }
        // The DD statements concatenated to it follow it.
        step.data_definitions.retain(|known| known.name != name);
        step.data_definitions.push(DataDefinition { name: name.to_owned(), sources: vec![source] });
        Ok(())
    }
}

fn empty_step() -> Step {
    Step { name: String::new(), program: String::new(), parm: String::new(), keywords: Vec::new(), data_definitions: Vec::new() }
}
