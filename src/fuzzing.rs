//! Everything that reads what others have written, as functions of bytes: for the fuzzer (`fuzz/`), and for a test that runs its corpus.

use crate::platform::ebcdic::ibm_1047;

/// A reader by its name, which is that of its target and of its corpus.
pub type Reader = (&'static str, fn(&[u8]));

/// All of them.
pub const READERS: &[Reader] = &[
    ("yaml", yaml),
    ("json", json),
    ("template", template),
    ("manifest", manifest),
    ("jcl", jcl),
    ("operator", operator),
    ("system_command", system_command),
    ("wire", wire),
    ("pkcs12", pkcs12),
    ("registry", registry),
    ("haproxy", haproxy),
    ("records", records),
    ("script", script),
    ("archive", archive),
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A configuration file, its code page included.
pub fn yaml(bytes: &[u8]) {
    if let Ok(text) = crate::config::encoding::decode(bytes) {
        let _ = crate::config::yaml::read(&text, "fuzz.yaml", 0, true);
    }
}

/// A component package.
pub fn archive(bytes: &[u8]) {
    crate::package::fuzz_archive(bytes);
}

/// A schema.
pub fn json(bytes: &[u8]) {
    let _ = crate::config::json::parse(&text(bytes), "fuzz.json");
}

/// The scanner of `${{ }}`.
pub fn template(bytes: &[u8]) {
    let _ = crate::config::template::scan::split(&text(bytes));
}

/// A component's manifest.
pub fn manifest(bytes: &[u8]) {
    if let Ok(document) = crate::config::yaml::read(&text(bytes), "manifest.yaml", 0, false) {
        let _ = crate::component::read_manifest(&document.root);
    }
}

/// A member of PROCLIB, which includes itself.
pub fn jcl(bytes: &[u8]) {
    let member = text(bytes);
    let library = |_: &str| Ok(Some(member.clone()));
    let _ = crate::mvs::jcl::read_with(&member, &crate::mvs::jcl::Symbols::default(), Some(&library));
    let _ = crate::mvs::jcl::read_started_job(&member, &crate::mvs::jcl::Symbols::default(), &library);
}

/// What follows APPL= of MODIFY.
pub fn operator(bytes: &[u8]) {
    let _ = crate::console::parse(&text(bytes));
}

/// A command of the emulated system.
pub fn system_command(bytes: &[u8]) {
    let _ = crate::mvs::command::parse(&text(bytes));
}

/// What comes over the sockets of jobs.
pub fn wire(bytes: &[u8]) {
    for line in text(bytes).lines() {
        let _ = crate::system::decode_request(line);
        let _ = crate::system::parse_syslog_line(line);
    }
}

/// A key store.
pub fn pkcs12(bytes: &[u8]) {
    crate::lifecycle::startup::fuzz_key_store(bytes);
}

/// What a Discovery Service answers.
pub fn registry(bytes: &[u8]) {
    if let Ok(registrations) = crate::ha::registry::read(&text(bytes)) {
        let _ = crate::ha::registry::counts(&registrations);
    }
}

/// What HAProxy answers.
pub fn haproxy(bytes: &[u8]) {
    let answer = text(bytes);
    let _ = crate::net::haproxy::parse_servers(&answer);
    let _ = crate::net::haproxy::parse_session_counts(&answer);
    let _ = crate::net::haproxy::parse_sessions(&answer, "backend", "server");
}

/// What the launcher and its helpers have written down.
pub fn records(bytes: &[u8]) {
    let _ = crate::lifecycle::workspace::parse_snapshot(bytes);
    crate::processes::leftovers::fuzz(&text(bytes));
    crate::processes::guardian::fuzz(&text(bytes));
}

/// A script of a component.
pub fn script(bytes: &[u8]) {
    crate::component::fuzz_script(bytes);
    let _ = ibm_1047(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_corpus_is_read_by_every_reader() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        for (name, read) in READERS {
            assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name} has no target");
            let corpus: Vec<_> = std::fs::read_dir(fuzz.join("corpus").join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(!corpus.is_empty(), "{name} has no corpus");
            for file in corpus {
                read(&std::fs::read(file).unwrap());
            }
        }
    }
}
