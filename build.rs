//! Decides whether the code for z/OS is compiled (`cfg(zwelnch_zos)`: the target is z/OS, or the feature zos-stub replaces its services by
//! a stub), and compiles the C shim of `platform::zos` with the system's own compiler.

use std::env;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(zwelnch_zos)");
    // Compilers older than the target.
    println!("cargo::rustc-check-cfg=cfg(target_os, values(\"zos\"))");
    println!("cargo::rerun-if-changed=build.rs");
    let is_zos = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "zos");
    let is_stub = env::var_os("CARGO_FEATURE_ZOS_STUB").is_some();
    if !is_zos && !is_stub {
        return;
    }
    println!("cargo::rustc-cfg=zwelnch_zos");
    for path in ["src/platform/zos/shim.c", "src/platform/zos/shim_resources.c", "src/platform/zos/shim.h", "tests/zos-stub"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let mut shim = build();
    shim.file("src/platform/zos/shim.c").file("src/platform/zos/shim_resources.c");
    if is_zos {
        // The character functions of the C library have an ASCII and an EBCDIC form; we use the ASCII form, as Rust does.
        shim.std("gnu11").flag("-m64").flag("-fzos-le-char-mode=ascii");
        shim.compile("zwelnch_shim");
        return;
    }
    // Names that both systems have lead to the stub: in the shim, not in the stub itself.
    with_stub_headers(&mut shim).compile("zwelnch_shim");
    let mut stub = build();
    stub.file("tests/zos-stub/stub.c").define("ZOS_STUB_ITSELF", "1");
    with_stub_headers(&mut stub).compile("zwelnch_zos_stub");
}

fn build() -> cc::Build {
    let mut build = cc::Build::new();
    build.include("src/platform/zos").warnings(true).extra_warnings(true);
    build
}

fn with_stub_headers(build: &mut cc::Build) -> &mut cc::Build {
    build.include("tests/zos-stub/include").flag("-include").flag("zos_stub.h").std("gnu11").warnings_into_errors(true)
}
