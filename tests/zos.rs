//! The launcher as on z/OS, with the stub of its services (tests/zos-stub): started without descriptors, operated by the system's console,
//! with its output on data definitions in EBCDIC.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "zos/code_pages.rs"]
mod code_pages;
#[path = "zos/console.rs"]
mod console;
#[allow(dead_code)]
#[path = "it/harness.rs"]
mod harness;
#[path = "zos/key_rings.rs"]
mod key_rings;
#[path = "zos/launcher.rs"]
mod launcher;
#[path = "zos/package.rs"]
mod package;
#[path = "zos/rehearsal.rs"]
mod rehearsal;
#[path = "zos/rehearsal_table.rs"]
mod rehearsal_table;
#[path = "zos/streams.rs"]
mod streams;
