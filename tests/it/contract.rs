//! The contracts of docs/contract, and the documents for future maintainers: what they name exists.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a directory with one of the extensions.
fn files(directory: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension)) {
            found.push(path);
        }
    }
    found
}

/// The text in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word))
}

fn headings(page: &str) -> Vec<&str> {
    page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim()).collect()
}

/// A row of a page is a rule and its proof: files, each followed by the names of its functions.
#[test]
fn every_rule_names_a_proof_that_exists() {
    let (mut rules, mut wrong) = (0, Vec::new());
    for page in files(&root().join("docs/contract"), &["md"]).iter().filter(|page| !page.ends_with("readme.md")) {
        let text = read(page);
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        for row in text.lines().filter(|line| line.starts_with("| ") && *line != "| rule | proof |") {
            rules += 1;
            let proof = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
            let mut source = None;
            for token in quoted(proof) {
                if token.contains('/') {
                    source = fs::read_to_string(root().join(token)).ok();
                    wrong.extend(source.is_none().then(|| format!("{name}: there is no {token}")));
                } else if !source.as_ref().is_some_and(|source| source.contains(&format!("fn {token}("))) {
                    wrong.push(format!("{name}: there is no function {token} in the file before it"));
                }
            }
            wrong.extend(source.is_none().then(|| format!("{name} has a rule without a proof: {row}")));
        }
    }
    assert!(rules > 100 && wrong.is_empty(), "{rules} rules\n{}", wrong.join("\n"));
}

/// Sections are cited as `docs/contract/page.md, "Section"`, in a comment that may continue on the next line.
#[test]
fn every_section_that_is_cited_exists() {
    let (mut cited, mut wrong) = (0, Vec::new());
    let own = root().join("tests/it/contract.rs");
    let directories = ["src", "tests", "benches"].map(|name| root().join(name));
    let sources = directories.iter().flat_map(|directory| files(directory, &["rs", "c", "h"]));
    for file in sources.filter(|file| *file != own) {
        let text = read(&file);
        let lines = text.lines().map(|line| line.trim().trim_start_matches(['/', '!', '*']).trim());
        let flat = lines.collect::<Vec<_>>().join(" ");
        let shown = file.strip_prefix(root()).unwrap().display().to_string();
        for (at, _) in flat.match_indices("docs/contract/") {
            cited += 1;
            let rest = &flat[at..];
            let end = rest.find(".md").map_or(rest.len(), |at| at + ".md".len());
            let (page, behind) = rest.split_at(end);
            let Ok(page_text) = fs::read_to_string(root().join(page)) else {
                wrong.push(format!("{shown}: there is no {page}"));
                continue;
            };
            let section = behind.strip_prefix(", \"").and_then(|behind| behind.split_once('"')).map(|(section, _)| section);
            if let Some(section) = section.filter(|section| !headings(&page_text).contains(section)) {
                wrong.push(format!("{shown}: {page} has no section {section}"));
            }
        }
        for page in flat.split("reference/").skip(1).filter_map(|rest| rest.split_once(".md")).map(|(page, _)| page) {
            if page.chars().all(|character| is_word(character) || character == '-') {
                wrong.push(format!("{shown} cites reference/{page}.md, which is not in the repository"));
            }
        }
    }
    assert!(cited > 20 && wrong.is_empty(), "{cited} citations\n{}", wrong.join("\n"));
}

/// Links from page to page, and the index names each of them.
#[test]
fn the_pages_of_the_contract_lead_to_each_other() {
    let directory = root().join("docs/contract");
    let index = read("docs/contract/readme.md");
    for page in files(&directory, &["md"]) {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name == "readme.md" || index.contains(&format!("]({name})")), "the index does not name {name}");
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://")) {
            assert!(directory.join(link).exists(), "{name} leads to {link}");
        }
    }
}

/// In backquotes: a path from the root of the project, or `path: name, name`, where each name is a word of that file; `<...>` and `*` match
/// anything.
#[test]
fn architecture_and_contributing_name_what_exists() {
    let mut wrong = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(document);
        for token in quoted(&text).map(|token| token.replace('\n', " ")) {
            let (path, names) = token.split_once(": ").unwrap_or((&token, ""));
            let is_path = ["src/", "tests/", "docs/", "benches/", ".ci/", "jcl/", "samplib/"].iter().any(|room| path.starts_with(room));
            if !is_path || path.contains(['<', '*', ' ']) {
                continue;
            }
            if !root().join(path).exists() {
                wrong.push(format!("{document}: there is no {path}"));
                continue;
            }
            let source = if names.is_empty() { String::new() } else { read(path) };
            let absent = names.split(", ").filter(|name| !name.is_empty() && !has_word(&source, name));
            wrong.extend(absent.map(|name| format!("{document}: {path} has no {name}")));
        }
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains("://") && !root().join(link).exists() {
                wrong.push(format!("{document} leads to {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
