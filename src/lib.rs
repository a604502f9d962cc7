//! `zwelnch`: the launcher of Zowe's started task ZWESLSTC, and on systems other than z/OS the operator console that goes with it.
//!
//! The house, floors from the ground up; a module uses floors below its own and nothing below knows anything above:
//!
//! | floor | modules |
//! |---|---|
//! | 5 | [`cli`] |
//! | 4 | [`launcher`], [`inspect`], [`mvs`], [`demo`], [`develop`], [`ha`], [`seeing`], [`support`], [`package`] |
//! | 3 | [`lifecycle`], [`supervisor`] |
//! | 2 | [`component`], [`console`], [`metrics`] |
//! | 1 | [`config`], [`journal`], [`processes`], [`system`] |
//! | 0 | [`message`], [`net`], [`output`], [`platform`] |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

pub mod cli;
pub mod component;
pub mod config;
pub mod console;
#[cfg(feature = "emulation")]
pub mod demo;
#[cfg(feature = "emulation")]
pub mod develop;
#[cfg(all(any(test, fuzzing), feature = "emulation"))]
pub mod fuzzing;
pub mod ha;
pub mod inspect;
pub mod journal;
pub mod launcher;
pub mod lifecycle;
pub mod message;
pub mod metrics;
#[cfg(feature = "emulation")]
pub mod mvs;
pub mod net;
pub mod output;
pub mod package;
pub mod platform;
pub mod processes;
pub mod seeing;
pub mod supervisor;
pub mod support;
#[cfg(feature = "emulation")]
pub mod system;
