//! The steps of a component's life: validate all, configure all, start one. Contract: reference/lifecycle.md, section "How a lifecycle
//! command runs".

mod run;
mod script;

pub use run::{Runner, ScriptError};
pub use script::{Script, script_text};
