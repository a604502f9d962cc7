//! EXPORT, and symbols in in-stream data that requests them with `SYMBOLS=`.

use super::exports::replaced;
use super::operand::{Value, evaluate};
use super::procedure::{Reading, check_keyword};
use super::statement::Statement;
use super::{DataSource, JclError, Position, RECORD_LENGTH};

/// System symbols, which CNVTSYS and EXECSYS add to the JCL symbols; available whatever is exported.
const SYSTEM_SYMBOLS: [&str; 2] = ["SYSNAME", "SYSCLONE"];

/// The one JCL symbol that needs no EXPORT.
const USER_SYMBOL: &str = "SYSUID";

impl Reading<'_> {
    /// `EXPORT SYMLIST=*` or `EXPORT SYMLIST=(A,B)`. Symbols must be set after it; those of a procedure's own PROC statement count as set
    /// by the call.
    pub(super) fn export(&mut self, statement: &Statement) -> Result<(), JclError> {
        let resolved = self.resolve(statement)?;
        if resolved.is_empty() {
            return Err(JclError::Format { at: statement.at, field: "EXPORT".to_owned(), why: "SYMLIST= IS MISSING".to_owned() });
        }
        for resolved in resolved {
            check_keyword(&resolved, &["SYMLIST"], "EXPORT")?;
            if resolved.keyword().is_none() {
                return Err(JclError::Positional { at: resolved.operand.at, field: "EXPORT".to_owned() });
            }
            match resolved.value()?.joined().as_str() {
                "*" => self.exports.export_all(),
                names => self.exports.export(names.split(',')),
            }
        }
        for (name, value) in self.defined.iter().take(self.of_proc) {
            self.exports.set_before(name, value);
        }
        Ok(())
    }

    /// Replaces the symbols in the in-stream data of the DD statement that was just read, if it requests that.
    pub(super) fn replace_instream(&mut self, statement: &Statement) -> Result<(), JclError> {
        let Some(operand) = statement.operands.iter().find(|operand| operand.keyword.as_deref() == Some("SYMBOLS")) else {
            return Ok(());
        };
        let format = |why: &str| JclError::Format { at: operand.at, field: "SYMBOLS".to_owned(), why: why.to_owned() };
        // The second subparameter names a DD statement for a log.
        let kind = match evaluate(&operand.value.string(), "SYMBOLS", operand.at)? {
            Value::List(mut values) if !values.is_empty() => values.swap_remove(0).joined(),
            value => value.joined(),
        };
        let with_system = match kind.as_str() {
            "JCLONLY" => false,
            "EXECSYS" | "CNVTSYS" => true,
            _ => return Err(format("NEITHER JCLONLY, EXECSYS NOR CNVTSYS")),
        };
        let source = self.steps.last_mut().and_then(|step| step.data_definitions.last_mut()?.sources.last_mut());
        let Some(DataSource::Instream(lines)) = source else { return Err(format("ONLY IN-STREAM DATA HAS SYMBOLS")) };
        let system = self.symbols.system.iter();
        let system =
            system.filter(|(name, _)| name == USER_SYMBOL || (with_system && SYSTEM_SYMBOLS.contains(&name.as_str()))).cloned().collect();
        let symbols: Vec<(String, String)> = [system, self.exports.visible().to_vec()].concat();
        for (index, line) in lines.iter_mut().enumerate() {
            *line = replaced(line, &symbols);
            if line.chars().count() > RECORD_LENGTH {
                let at = Position { line: statement.lines.1 + index + 1, column: 1 };
                let why = format!("WITH ITS SYMBOLS REPLACED THE LINE HAS MORE THAN {RECORD_LENGTH} CHARACTERS");
                return Err(JclError::Member { at, why });
            }
        }
        Ok(())
    }
}
