//! The steps of a component's life: validate all, configure all, start one. Contract: reference/lifecycle.md, section "How a lifecycle
//! command runs".

pub mod registration;
mod run;
mod script;
pub mod startup;
pub mod workspace;

pub use run::{Finished, NO_INPUT, Runner, SHELL_VARIABLE, ScriptError};
pub use script::{Script, Then, script_text};
