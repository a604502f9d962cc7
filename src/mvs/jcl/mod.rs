//! A reader of JCL for START: one member of a procedure library with one step, or a job with one. Pure: text in, procedure or errors out.
//! Batch jobs of many steps are read too, so that the shipped ones can be checked; nothing here runs them.
//!
//! `statement` joins lines to statements and collects in-stream data, `operand` splits operand fields and replaces symbols, `procedure`
//! says what the statements mean, `export` which symbols in-stream data sees, `conditional` how IF nests, `include` what INCLUDE includes,
//! `job` what the statements mean that only jobs have, `call` how EXEC calls a procedure, `measure` what fits into records. All errors of a member are reported at once.
//! Rules: z/OS MVS JCL Reference.

mod call;
mod conditional;
mod export;
mod exports;
mod include;
#[cfg(test)]
mod include_tests;
mod job;
mod measure;
mod operand;
mod procedure;
mod statement;
#[cfg(test)]
mod tests;
mod text;

pub use job::{Job, JobStep, is_job, read_job, read_started_job};
pub use measure::longer_than_records;
pub use procedure::{read, read_with};

use crate::message::{Message, mvs};

/// The longest PARM in characters, as on z/OS.
pub const PARM_LIMIT: usize = 100;

/// Last column of a statement; what follows is ignored, like sequence numbers.
pub const LAST_COLUMN: usize = 71;

/// Longest line of a member: the record length of a procedure library.
pub const RECORD_LENGTH: usize = 80;

/// The most lines of a member: the cost of joining continued statements grows faster than their lines.
pub const LINE_LIMIT: usize = 4_000;

/// The longest value of a symbol in characters, as on z/OS.
pub const SYMBOL_LIMIT: usize = 255;

/// How deep INCLUDE and IF statements may nest, as on z/OS.
pub const NESTING_LIMIT: usize = 15;

/// The most characters that all statements of a member together may have once their symbols are replaced.
pub const TEXT_LIMIT: usize = 1024 * 1024;

/// A place in the member: line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AT LINE {} COLUMN {}", self.line, self.column)
    }
}

/// What is wrong with a member, one variant a message; [`JclError::message`] makes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JclError {
    #[error("unidentified operation field {operation} {at}")]
    Operation { at: Position, operation: String },
    #[error("job has no steps {at}")]
    NoSteps { at: Position },
    #[error("operand field does not terminate in comma or blank {at}")]
    Termination { at: Position },
    #[error("expected continuation not received {at}")]
    Continuation { at: Position },
    #[error("unbalanced parenthesis in the {field} field {at}")]
    Parenthesis { at: Position, field: String },
    #[error("incorrect use of apostrophe in the {field} field {at}")]
    Apostrophe { at: Position, field: String },
    #[error("symbol {symbol} in the {field} field is not defined {at}")]
    Symbol { at: Position, field: String, symbol: String },
    #[error("unidentified keyword {keyword} on the {operation} statement {at}")]
    Keyword { at: Position, keyword: String, operation: String },
    #[error("format error in the {field} field, {why} {at}")]
    Format { at: Position, field: String, why: String },
    #[error("more than {limit} characters in the {field} field {at}")]
    Length { at: Position, field: String, limit: usize },
    #[error("unidentified positional parameter in the {field} field {at}")]
    Positional { at: Position, field: String },
    #[error("invalid label {label} {at}")]
    Label { at: Position, label: String },
    #[error("{why} {at}")]
    Member { at: Position, why: String },
    #[error("the symbol {symbol} was not used")]
    Unused { symbol: String },
}

impl JclError {
    /// The message as SYSLOG and JESJCL show it.
    pub fn message(&self) -> Message {
        match self {
            JclError::Operation { at, operation } => mvs::unidentified_operation(at, operation),
            JclError::NoSteps { at } => mvs::job_has_no_steps(at),
            JclError::Termination { at } => mvs::operand_does_not_terminate(at),
            JclError::Continuation { at } => mvs::continuation_not_received(at),
            JclError::Parenthesis { at, field } => mvs::unbalanced_parenthesis(at, field),
            JclError::Apostrophe { at, field } => mvs::incorrect_apostrophe(at, field),
            JclError::Symbol { at, field, symbol } => mvs::undefined_symbol(at, field, symbol),
            JclError::Keyword { at, keyword, operation } => mvs::unidentified_jcl_keyword(at, keyword, operation),
            JclError::Format { at, field, why } => mvs::format_error(at, field, why),
            JclError::Length { at, field, limit } => mvs::parameter_too_long(at, field, limit),
            JclError::Positional { at, field } => mvs::unidentified_positional(at, field),
            JclError::Label { at, label } => mvs::invalid_label(at, label),
            JclError::Member { at, why } => mvs::procedure_in_error(at, why),
            JclError::Unused { symbol } => mvs::symbol_not_used(symbol),
        }
    }
}

/// Values for symbols, named without their `&`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    /// From the START command: each must be a symbol of the PROC statement.
    pub overrides: Vec<(String, String)>,
    /// SYSNAME and the like; available whether or not they are used.
    pub system: Vec<(String, String)>,
}

/// The procedure library: the text of a member, None where there is no such member, or why that is unknown.
pub type Library<'a> = dyn Fn(&str) -> std::io::Result<Option<String>> + 'a;

/// A procedure with all symbols replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    pub step: Step,
    /// The member as JESJCL shows it: numbered statements, and the results of replacing symbols.
    pub listing: Vec<String>,
}

/// `EXEC PGM=` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Name field of the EXEC statement; may be empty.
    pub name: String,
    pub program: String,
    /// PARM without its apostrophes, 0 to 100 characters.
    pub parm: String,
    /// REGION, TIME and the other keywords of EXEC, as written but with symbols replaced. They have no effect off z/OS.
    pub keywords: Vec<(String, String)>,
    pub data_definitions: Vec<DataDefinition>,
}

impl Step {
    /// The first DD statement of this name, which is the one z/OS takes.
    pub fn data_definition(&self, name: &str) -> Option<&DataDefinition> {
        self.data_definitions.iter().find(|definition| definition.name == name)
    }
}

/// A DD statement with those concatenated to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDefinition {
    pub name: String,
    /// At least one.
    pub sources: Vec<DataSource>,
}

/// Where the data of a DD statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// SYSOUT= and its class.
    Sysout(String),
    Dummy,
    /// In-stream data, line by line, trailing blanks dropped.
    Instream(Vec<String>),
    /// DSN= and DISP=; the name holds a member in parentheses if one was given.
    DataSet {
        name: String,
        disposition: Option<String>,
    },
    /// PATH=.
    Path(String),
    /// Anything else, such as a temporary data set by SPACE and UNIT.
    Other,
}
