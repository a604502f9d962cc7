//! Decides which code is compiled: `cfg(zwelnch_zos)`, the code for z/OS (the target is z/OS, or the feature zos-stub replaces its services by
//! a stub); `cfg(zwelnch_unix)`, the platform of other POSIX systems; `cfg(zwelnch_linux)`, what only Linux has. And compiles the C shim of `platform::zos` with the system's own compiler. Gives the program the date of its man pages.

#[path = "build/release_date.rs"]
mod release_date;

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    set_release_date();
    for name in ["zwelnch_zos", "zwelnch_unix", "zwelnch_linux"] {
        println!("cargo::rustc-check-cfg=cfg({name})");
    }
    // Compilers older than the target.
    println!("cargo::rustc-check-cfg=cfg(target_os, values(\"zos\"))");
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let is_zos = target == "zos";
    let is_stub = env::var_os("CARGO_FEATURE_ZOS_STUB").is_some();
    // On the stub the program is compiled as for z/OS. Only the emulated system, which is not for z/OS, needs what this system has.
    if !is_zos && (!is_stub || env::var_os("CARGO_FEATURE_EMULATION").is_some()) {
        println!("cargo::rustc-cfg=zwelnch_unix");
        if target == "linux" {
            println!("cargo::rustc-cfg=zwelnch_linux");
        }
    }
    if !is_zos && !is_stub {
        return;
    }
    println!("cargo::rustc-cfg=zwelnch_zos");
    for path in [
        "src/platform/zos/shim.c",
        "src/platform/zos/shim_resources.c",
        "src/platform/zos/shim_key_ring.c",
        "src/platform/zos/r_datalib.h",
        "src/platform/zos/shim.h",
        "tests/zos-stub",
        "tests/zos-headers/tables",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
    let mut shim = build();
    shim.file("src/platform/zos/shim.c").file("src/platform/zos/shim_resources.c").file("src/platform/zos/shim_key_ring.c");
    if is_zos {
        // The character functions of the C library have an ASCII and an EBCDIC form; we use the ASCII form, as Rust does. Enumerations
        // have four bytes, as in the ports of libuv and others. XL C/C++ has flags of its own, and is EBCDIC without.
        let compiler = shim.get_compiler();
        let is_xl = compiler.path().file_name().is_some_and(|name| name.to_string_lossy().contains("xlclang"));
        if is_xl {
            shim.flag("-q64").flag("-qascii");
        } else {
            shim.std("gnu11").flag("-m64").flag("-fzos-le-char-mode=ascii").flag("-fno-short-enums");
        }
        shim.compile("zwelnch_shim");
        return;
    }
    // Names that both systems have lead to the stub: in the shim, not in the stub itself.
    with_stub_headers(&mut shim).compile("zwelnch_shim");
    let mut stub = build();
    stub.file("tests/zos-stub/stub.c").define("ZOS_STUB_ITSELF", "1");
    with_stub_headers(&mut stub).compile("zwelnch_zos_stub");
}

/// ZWELNCH_DATE, for the program's `env!`.
fn set_release_date() {
    println!("cargo::rerun-if-changed=CHANGELOG.md");
    println!("cargo::rerun-if-changed=build/release_date.rs");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let changelog = std::fs::read_to_string("CHANGELOG.md").unwrap_or_default();
    let epoch = env::var("SOURCE_DATE_EPOCH").ok();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match release_date::release_date(&changelog, epoch.as_deref(), now) {
        Ok(date) => println!("cargo::rustc-env=ZWELNCH_DATE={date}"),
        Err(why) => println!("cargo::error={why}"),
    }
}

fn build() -> cc::Build {
    let mut build = cc::Build::new();
    build.include("src/platform/zos").warnings(true).extra_warnings(true);
    build
}

fn with_stub_headers(build: &mut cc::Build) -> &mut cc::Build {
    build
        .include("tests/zos-stub/include")
        .include("tests/zos-headers/tables")
        .flag("-include")
        .flag("zos_stub.h")
        .std("gnu11")
        .warnings_into_errors(true)
}
