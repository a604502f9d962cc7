//! Why an operator command is refused.

use crate::message::{Message, mvs};

/// Why a command was refused, one variant a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("{command} command invalid")]
    Invalid { command: String },
    #[error("{command} delimiter error")]
    Delimiter { command: String },
    #[error("{command} term length error")]
    Length { command: String },
    #[error("{command} parameter missing")]
    Missing { command: String },
    #[error("{command} invalid parameter {parameter}")]
    Parameter { command: String, parameter: String },
    #[error("{command} unidentifiable keyword {keyword}")]
    Keyword { command: String, keyword: String },
}

impl CommandError {
    /// The message that answers the command.
    pub fn message(&self) -> Message {
        match self {
            CommandError::Invalid { command } => mvs::command_invalid(command),
            CommandError::Delimiter { command } => mvs::delimiter_error(command),
            CommandError::Length { command } => mvs::term_length_error(command),
            CommandError::Missing { command } => mvs::parameter_missing(command),
            CommandError::Parameter { command, parameter } => mvs::invalid_parameter(command, parameter),
            CommandError::Keyword { command, keyword } => mvs::unidentifiable_keyword(command, keyword),
        }
    }
}
