//! A bounded fuzz run: whatever bytes come in, each reader ends soon, with a result or with an error that says where, and holds no more
//! memory than the size of its input explains.

use crate::measure::measured;
use proptest::prelude::*;
use std::time::Duration;
use zwelnch::config::template::scan::split;
use zwelnch::config::{Location, SourceError, encoding, parse_sources, yaml};

/// A generous bound for inputs of a few kB in a debug build.
const TIME: Duration = Duration::from_secs(5);

/// Bytes that a reader may hold for an input: a fixed part and a part for each byte.
fn memory_for(size: usize) -> u64 {
    1_000_000 + 1_000 * size as u64
}

/// Texts to start from: real ones, and one with every feature of YAML.
const SEEDS: &[&str] = &[
    include_str!("../../samplib/zowe.yaml"),
    include_str!("../../samplib/runtime/files/defaults.yaml"),
    include_str!("../../samplib/runtime/components/greeter/manifest.yaml"),
    "%YAML 1.2\n%TAG !e! tag:e,2026:\n--- !!map # c\n? &a [x, {y: *b}]\n: &b !!str '1'\n\"\\u00e4\\n\": |2+\n   x\n\n? >-\n  k\n: - - *a\n  - !e!t q\n<<: {a: ~}\n...\n--- 2\n",
    "a: &a [&b {c: &c 1}, *c]\nb: [*a, *a, \"${{ () => { return `}}${1}` }() }} x ${{ '}}' }}\"]\nt: ${{ /* }} */ 1 }}\n",
    "\u{feff}k: 9223372036854775807\n'q''q': [,]\n{{x}}: 1\n",
];

/// One change of a text.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Remove { at: usize, length: usize },
    Insert { at: usize, bytes: Vec<u8> },
    Repeat { at: usize, length: usize, times: usize },
    Flip { at: usize, bit: u8 },
}

pub(crate) fn changes() -> impl Strategy<Value = Change> {
    let at = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    let token = prop_oneof![
        prop::sample::select(vec![
            "&a ", "*a", "!!int ", "!x", "? ", ": ", "- ", "[", "]", "{", "}", "|", ">", "'", "\"", "#", "---\n", "...\n", "%", "<<", "\n",
            "\t", "  ", "${{", "}}", "\\", "\0", "\r\n", "\u{85}", "\u{feff}",
        ])
        .prop_map(|token| token.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..6),
    ];
    prop_oneof![
        (at(), 1..40usize).prop_map(|(at, length)| Change::Remove { at, length }),
        (at(), token).prop_map(|(at, bytes)| Change::Insert { at, bytes }),
        (at(), 1..30usize, 2..200usize).prop_map(|(at, length, times)| Change::Repeat { at, length, times }),
        (at(), 0..8u8).prop_map(|(at, bit)| Change::Flip { at, bit }),
    ]
}

pub(crate) fn changed(seed: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = seed.as_bytes().to_vec();
    for change in changes {
        let size = bytes.len().max(1);
        match change {
            Change::Remove { at, length } => drop(bytes.drain(at % size..(at % size + length).min(bytes.len()))),
            Change::Insert { at, bytes: new } => drop(bytes.splice(at % size..at % size, new.iter().copied())),
            Change::Repeat { at, length, times } => {
                let range = at % size..(at % size + length).min(bytes.len());
                let again = bytes[range.clone()].repeat(*times);
                bytes.splice(range, again);
            }
            Change::Flip { at, bit } => bytes[at % size] ^= 1 << bit,
        }
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
    bytes
}

/// Everything that a file's bytes go through until templates are evaluated.
fn read(bytes: &[u8]) -> Result<(), TestCaseError> {
    let (result, cost) = measured(|| {
        let text = encoding::decode(bytes).map_err(|error| vec![(Some(Location::new("t", error.line, error.column)), error.reason)])?;
        let _ = split(&text);
        match yaml::read(&encoding::strip_padding(&text), "t", 0, true) {
            Ok(document) => Ok(document.root.to_value().to_string().len()),
            Err(problems) => Err(problems.into_iter().map(|problem| (problem.place, problem.text)).collect::<Vec<_>>()),
        }
    });
    if let Err(problems) = result {
        prop_assert!(!problems.is_empty());
        for (place, text) in problems {
            prop_assert!(place.as_ref().is_some_and(|place| place.line >= 1 && place.column >= 1), "{place:?} is no place: {text}");
            prop_assert!(text.len() < 2_000, "a text of {} bytes: {}", text.len(), text);
        }
    }
    prop_assert!(cost.time < TIME, "{:?}", cost);
    prop_assert!(cost.memory < memory_for(bytes.len()), "{:?} for {} bytes", cost, bytes.len());
    Ok(())
}

fn config(text: &str) -> Result<(), TestCaseError> {
    let (result, cost) = measured(|| parse_sources(text));
    match result {
        Ok(sources) => prop_assert!(!sources.is_empty()),
        Err(SourceError::Syntax { column, .. }) => prop_assert!(column >= 1 && column <= text.chars().count() + 1),
        Err(SourceError::MemberMissing { entry }) => prop_assert!(text.contains(&entry)),
        Err(SourceError::Empty) => prop_assert!(text.trim_matches([' ', '\t', '\r', '\n', '\0']).trim().is_empty()),
    }
    prop_assert!(cost.time < TIME && cost.memory < memory_for(text.len()), "{:?} for {} bytes", cost, text.len());
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_as_a_source(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes)?;
    }

    #[test]
    fn tokens_of_yaml_in_any_order(tokens in prop::collection::vec(prop::sample::select(vec![
        "a", "1", "~", ": ", ":", "- ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "&b ", "*b ", "!!str ", "!!int ", "!", "|", ">-", "|2", "'", "\"", "\\", "#",
        " ", "  ", "\n", "\n  ", "\n    ", "\t", "---\n", "...", "%YAML 1.2\n", "<<", "${{", "}}", "\r", "é", "\u{2028}",
    ]), 0..120)) {
        read(tokens.concat().as_bytes())?;
    }

    #[test]
    fn real_files_with_changes(seed in prop::sample::select(SEEDS), changes in prop::collection::vec(changes(), 1..12)) {
        read(&changed(seed, &changes))?;
    }

    #[test]
    fn real_files_in_ebcdic_with_changes(seed in prop::sample::select(SEEDS), changes in prop::collection::vec(changes(), 0..4)) {
        // Each byte by the table's inverse, where it has one.
        let to_ebcdic = |byte: u8| (0..=255u8).find(|code| zwelnch::platform::ebcdic::ibm_1047(&[*code]) == char::from(byte).to_string()).unwrap_or(byte);
        read(&changed(seed, &changes).into_iter().map(to_ebcdic).collect::<Vec<_>>())?;
    }

    #[test]
    fn any_text_as_config(text in "\\PC{0,60}|[ -~\t\n\\x00]{0,60}") {
        config(&text)?;
    }

    #[test]
    fn tokens_of_config_in_any_order(tokens in prop::collection::vec(prop::sample::select(vec![
        "FILE(", "file(", "PARMLIB(", "FILE", "PARMLIB", "(", ")", ":", "/", "/a", "A.B", "ZWEYAML", ".", " ", "é", "\u{1f600}", "", "-", "\0",
    ]), 0..40)) {
        config(&tokens.concat())?;
    }
}
