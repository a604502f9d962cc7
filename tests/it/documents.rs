//! Generated documents match the code.

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

const HAND_WRITTEN: [&str; 16] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/chart.md",
    "docs/metrics.md",
    "docs/operations.md",
    "docs/seeing.md",
    "docs/zos.md",
    "docs/migration.md",
    "docs/extension-developer.md",
    "docs/contract/components.md",
    "docs/contract/configuration.md",
    "docs/contract/high-availability.md",
    "docs/contract/lifecycle.md",
    "docs/contract/messages.md",
    "docs/contract/zos-platform.md",
];

/// Message ids that hand-written documents name exist; so do the members, and each kind of difference is explained.
#[test]
fn documents_name_what_exists() {
    let read = |name: &str| fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let is_id = |id: &str| id.bytes().take(8).skip(4).all(|byte| byte.is_ascii_digit()) && id.ends_with(['I', 'W', 'E', 'D']);
    for name in HAND_WRITTEN {
        let text = read(name);
        let ids = text.match_indices("ZWEL").filter_map(|(at, _)| text.get(at..at + 9)).filter(|id| is_id(id));
        for id in ids {
            assert!(zwelnch::message::ENTRIES.iter().any(|entry| entry.id == id), "{name} names {id}");
        }
        let links = text.match_indices("](").map(|(at, _)| text[at + 2..].split(')').next().unwrap());
        let directory = std::path::Path::new(name).parent().unwrap();
        for link in links.filter(|link| !link.contains("://")).map(|link| link.split('#').next().unwrap()) {
            let target = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(directory).join(link);
            assert!(target.exists(), "{name} links to {link}");
        }
    }
    let (zos, migration) = (read("docs/zos.md"), read("docs/migration.md"));
    for member in zwelnch::mvs::MEMBERS {
        assert!(zos.contains(member.name) || migration.contains(member.name), "no document names {}", member.name);
    }
    for file in ["mod.rs", "rules.rs"] {
        let source = read(&format!("src/inspect/compare_zwelnch/{file}"));
        let calls = source.split("Difference::new(").chain(source.split("refused(problem, ")).skip(1);
        for kind in calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next()) {
            assert!(migration.contains(&format!("`{kind}`")), "docs/migration.md does not explain {kind}");
        }
    }
}

/// Every `.rs` below a directory.
fn sources(directory: &std::path::Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("message/catalogue.rs") {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

/// Each row of the catalogue is issued somewhere, or says that it never is.
#[test]
fn what_is_never_issued_says_so() {
    let all = sources(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    let called: std::collections::HashSet<&str> = all
        .split("message::")
        .skip(1)
        .filter_map(|rest| rest.split(|next: char| !next.is_ascii_alphanumeric() && next != '_').next())
        .collect();
    for entry in zwelnch::message::ENTRIES {
        let never = entry.reason.starts_with("Never issued");
        assert_eq!(!called.contains(entry.function), never, "{} {}: {}", entry.id, entry.function, entry.reason);
    }
}

/// What the document names as its proof exists.
#[test]
fn reliability_names_tests_that_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = sources(&root.join("src")) + &sources(&root.join("tests"));
    let text = fs::read_to_string(root.join("docs/reliability.md")).unwrap();
    let named = text.split('`').skip(1).step_by(2).filter(|word| word.contains('_'));
    let missing: Vec<&str> = named.clone().filter(|name| !all.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty() && named.count() > 10, "{missing:?}");
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

/// docs/zos.md says which versions have public patches for z/OS: those are the ones that are built.
#[test]
fn the_build_table_has_the_locked_versions() {
    let read = |name: &str| fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (page, lock) = (read("docs/zos.md"), read("Cargo.lock"));
    let table = page.split("| crate | version |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(2).map(|row| row.split('|').map(str::trim).collect()).collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let (name, version) = (row[1], row[2]);
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")), "{name} {version} is not in Cargo.lock");
    }
}
