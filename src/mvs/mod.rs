//! A system off z/OS.
pub mod command;
pub mod jcl;
pub mod language_environment;
mod member;

pub use member::{MemberError, jcl_member};
