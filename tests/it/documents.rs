//! Generated documents are as the code says.

use std::fs;

#[test]
fn messages_document() {
    let expected = zwelnch::message::document();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md");
    if std::env::var_os("ZWELNCH_BLESS").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "docs/messages.md is stale: ZWELNCH_BLESS=1 cargo test messages_document");
}

#[test]
fn configuration_document() {
    let expected = zwelnch::config::settings::document();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    if std::env::var_os("ZWELNCH_BLESS").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "docs/configuration.md is stale: ZWELNCH_BLESS=1 cargo test configuration_document");
}

#[test]
fn states_document() {
    let expected = zwelnch::supervisor::document();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/states.md");
    if std::env::var_os("ZWELNCH_BLESS").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "docs/states.md is stale: ZWELNCH_BLESS=1 cargo test states_document");
}

#[test]
fn ids_are_unique_and_shaped_as_ids() {
    let ids: Vec<&str> = zwelnch::message::ENTRIES.iter().map(|entry| entry.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted, ids, "sorted and unique");
    for entry in zwelnch::message::ENTRIES {
        let letter = match entry.severity {
            zwelnch::message::Severity::Info => 'I',
            zwelnch::message::Severity::Warning => 'W',
            zwelnch::message::Severity::Error => 'E',
            zwelnch::message::Severity::Debug => 'D',
        };
        assert!(entry.id.len() == 9 && entry.id.ends_with(letter), "{}", entry.id);
    }
}
