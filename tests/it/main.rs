//! The built binary, driven as its users drive it. One binary for all of it: linked once.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod component;
mod demo;
mod documents;
mod faults;
mod harness;
mod inspect;
mod launcher;
mod lifecycle;
mod operator;
mod output;
mod prepare;
mod processes;
mod services;
mod startup;
mod supervision;
mod system;
