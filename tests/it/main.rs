//! The built binary, driven as its users drive it. One binary for all of it: linked once.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod certificates;
mod compare;
mod compare_zwelnch;
mod component;
mod debugging;
mod demo;
mod documents;
mod eureka;
mod eureka_clients;
mod faults;
mod harness;
mod inspect;
mod launcher;
mod lifecycle;
mod members;
mod newest;
mod operate;
mod operator;
mod output;
mod prepare;
mod probes;
mod processes;
mod readiness;
mod registration;
mod registry;
mod services;
mod shells;
mod startup;
mod storms;
mod supervision;
mod system;
mod traffic;
mod upgrade;
mod verify;
