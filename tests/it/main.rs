//! The built binary, driven as its users drive it. One binary for all of it: linked once.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod demo;
mod documents;
mod harness;
mod inspect;
mod launcher;
mod operator;
mod prepare;
mod startup;
mod system;
