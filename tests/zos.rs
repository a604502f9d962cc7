//! The launcher as on z/OS, with the stub of its services (tests/zos-stub): started without descriptors, operated by the system's console,
//! with its output on data definitions in EBCDIC.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[allow(dead_code)]
#[path = "it/harness.rs"]
mod harness;
#[path = "zos/launcher.rs"]
mod launcher;
