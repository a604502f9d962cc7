//! The catalogue: every message once. An operator's automation keys on these texts, so they are made nowhere else.
//!
//! Each message has a function, named for what the message says ([`component_started`] and so on). Its id, its texts and its place in
//! docs/messages.md come from one row of `catalogue`.

/// Defines the rows of a catalogue: `function "ID" severity operator (inserts) text, reason, action;`. The function, which is named for
/// what the message says, makes the message; all rows are listed in `ENTRIES`.
macro_rules! messages {
    ($($function:ident $id:literal $severity:ident $operator:ident ($($insert:ident),*)
        $text:literal, $reason:literal, $action:literal;)*) => {
        #[allow(non_upper_case_globals)]
        mod rows {
            $(
                pub(super) static $function: $crate::message::Entry = $crate::message::Entry {
                    id: $id,
                    function: stringify!($function),
                    severity: $crate::message::Severity::$severity,
                    text: $text,
                    reason: $reason,
                    action: $action,
                    operator: $crate::message::Operator::$operator,
                };
            )*
        }

        $(
            #[doc = concat!($id, " ", $text)]
            #[allow(clippy::useless_format, clippy::too_many_arguments)]
            pub fn $function($($insert: impl std::fmt::Display),*) -> $crate::message::Message {
                $crate::message::Message::new(&rows::$function, format!("{} {}", $id, format_args!($text)))
            }
        )*

        /// Every row, in the order of the ids.
        pub static ENTRIES: &[&$crate::message::Entry] = &[$(&rows::$function),*];
    };
}

mod catalogue;
mod document;
pub mod mvs;
mod several;

pub use catalogue::*;
pub use document::document;
pub use several::{FEW, several};

/// How much a message matters: the last letter of its id and the level of its SYSPRINT line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Debug,
    Info,
    Warning,
    Error,
}

impl Severity {
    /// The level as the SYSPRINT line shows it.
    pub fn level(self) -> &'static str {
        match self {
            Severity::Debug => "DEBUG",
            Severity::Info => "INFO",
            Severity::Warning => "WARN",
            Severity::Error => "ERROR",
        }
    }
}

/// When a message goes to the operator (WTO) as well as to SYSPRINT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Only when it matches `zowe.sysMessages`.
    OnMatch,
    /// Unless `components.launcher.wto` is false.
    Wto,
    /// Unconditionally: ZWEL0021I and what ends the launcher.
    Always,
}

/// One row of the catalogue.
#[derive(Debug)]
pub struct Entry {
    pub id: &'static str,
    /// The name of the function that makes it.
    pub function: &'static str,
    pub severity: Severity,
    /// The text with its inserts in braces, as docs/messages.md shows it.
    pub text: &'static str,
    pub reason: &'static str,
    pub action: &'static str,
    pub operator: Operator,
}

/// Messages that are no errors and still say that a command was not carried out.
const REFUSALS: [&str; 3] = ["ZWEL0054W", "ZWEL0931I", "ZWEL0932I"];

fn refuses(entry: &Entry) -> bool {
    entry.severity == Severity::Error || REFUSALS.contains(&entry.id)
}

/// Whether a message of the launcher with this id, in an answer to a command, says that the command was not carried out.
pub fn is_refusal(id: &str) -> bool {
    ENTRIES.iter().any(|entry| entry.id == id && refuses(entry))
}

/// A message ready to be written: made by the functions of the catalogue only.
#[derive(Debug, Clone)]
pub struct Message {
    entry: &'static Entry,
    text: String,
}

impl Message {
    fn new(entry: &'static Entry, text: String) -> Self {
        Message { entry, text }
    }

    /// As automation keys on it: `ZWEL0021I`.
    pub fn id(&self) -> &'static str {
        self.entry.id
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.entry.severity
    }

    /// When it goes to the operator too.
    pub fn operator(&self) -> Operator {
        self.entry.operator
    }

    /// In an answer to a command: the command was not carried out, or not in full.
    pub fn is_refusal(&self) -> bool {
        refuses(self.entry)
    }

    /// Id and text, as they stand on SYSPRINT after the level.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Message {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}
