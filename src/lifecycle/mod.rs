//! The steps of a component's life: validate all, configure all, start one. Contract: docs/contract/lifecycle.md, "How a lifecycle command
//! runs".

pub mod registration;
mod run;
mod script;
mod shell;
pub mod startup;
pub mod workspace;

pub use run::{Finished, NO_INPUT, Runner, ScriptError, Unsaid};
pub use script::{Script, Then, script_text};
pub use shell::{SHELL_VARIABLE, Shells};

/// Zowe's shell functions, which lifecycle commands have sourced: below the runtime directory.
pub const LIBRARY: &str = "bin/libs/configmgr-index.sh";
