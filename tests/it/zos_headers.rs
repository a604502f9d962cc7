//! The C of `platform::zos` against headers made from IBM's public tables, by a compiler that knows the target: tests/zos-headers.

use std::process::Command;

use crate::harness::program_or_skip;

#[test]
fn the_shim_compiles_for_zos() {
    let Some(clang) = program_or_skip("clang") else { return };
    let check = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zos-headers/check");
    let output = Command::new(check).arg(clang).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
