//! A system off z/OS: a directory with a procedure library, a spool, a log and jobs, and the operator commands that work on it. Contract:
//! issue 2, "A system off z/OS". Nothing here runs on z/OS, which has the real services.
//!
//! `command`, `jcl`, `language_environment`, `batch` and `member` are pure; `issue` carries commands out, `start` makes jobs from members,
//! `begun` tells whether they run, `vary` switches traffic, and `initiator` is the process that a job runs under.

mod answer;
pub mod batch;
mod begun;
pub mod command;
mod command_error;
pub mod console;
mod display;
pub mod initiator;
mod issue;
pub mod jcl;
pub mod language_environment;
mod member;
mod start;
mod step;
pub mod vary;

pub use answer::{Answer, Programs};
pub use issue::{ask, issue, issue_with, issue_within};
pub use member::{Edit, MEMBERS, Member, MemberError, MemberKind, jcl_member, member, member_list};
