//! Our reader against another implementation: the C library that Zowe's tools are built with, by way of Python. Both tell what a text holds
//! and where, or where it breaks.

use super::yaml_texts::{Layout, line};
use crate::config::encoding;
use crate::config::testing::shared;
use crate::config::yaml::events::{Event, Events, Mark, Properties, Style};
use crate::config::yaml::read;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads a list of texts, writes a list of lists of events. Positions as ours: from 1.
const ORACLE: &str = r#"
import json, sys, yaml
def place(mark): return [mark.line + 1, mark.column + 1]
def events(text):
    found = []
    try:
        for e in yaml.parse(text, Loader=yaml.CLoader):
            name = type(e).__name__.removesuffix('Event')
            if name in ('StreamStart', 'StreamEnd'): continue
            if name == 'DocumentStart': found.append([name])
            elif name == 'DocumentEnd': found.append([name, e.explicit])
            elif name == 'Alias': found.append([name, e.anchor, place(e.start_mark)])
            elif name == 'Scalar': found.append([name, e.value, e.style or '', e.anchor, e.tag, place(e.start_mark), place(e.end_mark)])
            elif name in ('SequenceStart', 'MappingStart'): found.append([name, e.flow_style, e.anchor, e.tag, place(e.start_mark)])
            else: found.append([name])
    except yaml.reader.ReaderError: found.append(['Broken'])
    except yaml.MarkedYAMLError as e: found.append(['Broken', e.problem.replace('hexdecimal', 'hexadecimal'), e.context or '', place(e.problem_mark)])
    return found
json.dump([events(text) for text in json.load(sys.stdin)], sys.stdout)
"#;

/// What the C library says of texts; None, said aloud, where it is absent; a failure then when ZWELNCH_REQUIRE_ALL is 1.
fn oracle(texts: &[String]) -> Option<Vec<Vec<Value>>> {
    // The system's package belongs to the system's Python, which need not be the first of PATH.
    let has_it = |python: &&str| {
        let status = Command::new(python).args(["-c", "import yaml; yaml.CLoader"]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(has_it) else {
        assert!(std::env::var("ZWELNCH_REQUIRE_ALL").as_deref() != Ok("1"), "Python's yaml with libyaml is required");
        println!("skipped: Python's yaml with libyaml is absent");
        return None;
    };
    let mut child = Command::new(python).args(["-c", ORACLE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input = serde_json::to_vec(texts).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The same of ours.
fn ours(text: &str) -> Vec<Value> {
    let place = |mark: Mark| json!([mark.line, mark.column]);
    let shown = |event: Event, start: Mark, end: Mark| match event {
        Event::DocumentStart => json!(["DocumentStart"]),
        Event::DocumentEnd { explicit } => json!(["DocumentEnd", explicit]),
        Event::Alias(anchor) => json!(["Alias", anchor, place(start)]),
        Event::Scalar { text, style, properties: Properties { anchor, tag } } => {
            let style = match style {
                Style::Plain => "",
                Style::SingleQuoted => "'",
                Style::DoubleQuoted => "\"",
                Style::Literal => "|",
                Style::Folded => ">",
            };
            json!(["Scalar", text, style, anchor, tag, place(start), place(end)])
        }
        Event::SequenceStart { flow, properties: Properties { anchor, tag } } => json!(["SequenceStart", flow, anchor, tag, place(start)]),
        Event::MappingStart { flow, properties: Properties { anchor, tag } } => json!(["MappingStart", flow, anchor, tag, place(start)]),
        Event::SequenceEnd => json!(["SequenceEnd"]),
        Event::MappingEnd => json!(["MappingEnd"]),
    };
    Events::new(text)
        .map(|event| match event {
            Ok((event, span)) => shown(event, span.start, span.end),
            // The library tells a byte of an unreadable character, Python a count of something else.
            Err(broken) if broken.context.is_empty() && broken.problem.contains("control characters") => json!(["Broken"]),
            Err(broken) => json!(["Broken", broken.problem, broken.context, place(broken.at)]),
        })
        .collect()
}

/// Refusals of ours of what libyaml reads (docs/contract/configuration.md, "YAML to values": duplicate keys, tags, integers, templates; and
/// our bounds).
const OURS: &[&str] = &[
    " is defined twice",
    "does not fit in 64 bits",
    "the tag ",
    "stands in single quotes",
    "a key is expected before ':'",
    "an alias stands inside",
    "no anchor &",
    "nested more than",
    "as a key is too large",
    "byte order mark",
];

/// Every text is read, or refused, as the C library does.
fn compare(texts: &[String]) {
    let Some(theirs) = oracle(texts) else { return };
    let (mut loaded, mut differing) = (0, Vec::new());
    for (text, theirs) in texts.iter().zip(&theirs) {
        // As decoding drops it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // Lines are an editor's in ours: they differ behind U+0085, U+2028 and U+2029, which `Lines` is tested for.
        if !text.contains(['\u{85}', '\u{2028}', '\u{2029}']) && ours(text) != *theirs {
            differing.push(format!("{text:?}\n  ours   {:?}\n  theirs {theirs:?}", ours(text)));
        }
        let end = theirs.iter().position(|event| event[0] == "DocumentEnd");
        // Whole, with nothing behind it but what an explicit end or start keeps apart.
        let reads = end.is_some_and(|end| theirs[end][1] == true || theirs.get(end + 1).is_none_or(|next| next[0] == "DocumentStart"));
        match read(text, "t", 0, true) {
            Ok(_) => {
                loaded += 1;
                if !reads {
                    differing.push(format!("{text:?}: ours reads it, theirs {theirs:?}"));
                }
            }
            Err(problems) => {
                // In our words.
                let raw = ["while scanning", "while parsing", "did not find", "could not find", " in this context", "found "];
                if problems.iter().any(|problem| raw.iter().any(|words| problem.text.contains(words))) {
                    differing.push(format!("{text:?}: {problems:?}"));
                }
                let expected = problems.iter().all(|problem| OURS.iter().any(|known| problem.text.contains(known)));
                if reads && !expected {
                    differing.push(format!("{text:?}: ours refuses it: {problems:?}"));
                }
            }
        }
    }
    println!("{} texts, {loaded} of them read", texts.len());
    assert!(loaded > 0 && loaded < texts.len(), "{loaded} of {} are read: that is no test", texts.len());
    assert!(
        differing.is_empty(),
        "{} of {}:\n{}",
        differing.len(),
        texts.len(),
        differing.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
    );
}

/// The same each time; PROPTEST_CASES asks for others, so many times as many.
fn generated<T>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse::<usize>().ok());
    let mut runner = if cases.is_some() { TestRunner::default() } else { TestRunner::deterministic() };
    (0..count * cases.map_or(1, |cases| cases.div_ceil(256))).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn corpus() -> Option<Vec<String>> {
    let (zowe, golden) = (shared("zowe")?, shared("golden")?);
    let mut texts = Vec::new();
    let mut directories = vec![zowe, golden];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let is_text = path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known));
            if path.is_dir() {
                directories.push(path);
            } else if is_text {
                texts.extend(encoding::decode(&std::fs::read(path).unwrap()).ok());
            }
        }
    }
    texts.sort();
    texts.dedup();
    Some(texts)
}

#[test]
fn the_corpus_is_read_as_libyaml_reads_it() {
    let Some(texts) = corpus() else { return };
    assert!(texts.len() > 300, "{}", texts.len());
    compare(&texts);
}

#[test]
fn lines_are_read_as_libyaml_reads_them() {
    compare(&generated(prop::collection::vec(line(), 1..7).prop_map(|lines| lines.concat()), 7_200));
}

#[test]
fn layouts_are_read_as_libyaml_reads_them() {
    compare(&generated(prop::collection::vec(any::<u8>(), 10..120).prop_map(Layout::written), 4_000));
}

#[test]
fn tokens_are_read_as_libyaml_reads_them() {
    let tokens = prop::sample::select(vec![
        "a",
        "b",
        "1",
        "~",
        ": ",
        ":",
        "- ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!!str ",
        "!<x> ",
        "!",
        "|",
        ">-",
        "|2",
        "'",
        "\"",
        "\\",
        "#",
        " ",
        "  ",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        "\n---\n",
        "\n...\n",
        "\n%YAML 1.2\n---\n",
        "<<",
        "\r",
        "é",
        "\u{1f600}",
        "\u{feff}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
    ]);
    compare(&generated(prop::collection::vec(tokens, 1..24).prop_map(|tokens| tokens.concat()), 5_000));
}

#[test]
fn changed_files_are_read_as_libyaml_reads_them() {
    let seeds = [include_str!("../../../samplib/zowe.yaml"), include_str!("../../../samplib/runtime/files/defaults.yaml")];
    let insertions = prop::sample::select(vec![
        "\t", " ", "  ", "\n", ":", ": ", "'", "\"", "[", "]", "{", "}", ",", "#", "-", "- ", "%", "*", "&", "!", "|", "---\n", "...\n",
        "\u{feff}", "\\", "@",
    ]);
    let texts =
        (prop::sample::select(seeds.to_vec()), prop::collection::vec((any::<prop::sample::Index>(), insertions, any::<bool>()), 1..4));
    let texts = texts.prop_map(|(seed, changes)| {
        let mut lines: Vec<String> = seed.lines().map(str::to_owned).collect();
        for (at, insertion, first) in changes {
            let index = at.index(lines.len());
            let line = &mut lines[index];
            let position = if first {
                line.len() - line.trim_start().len()
            } else {
                line.char_indices().map(|(at, _)| at).nth(at.index(20)).unwrap_or(0)
            };
            line.insert_str(position, insertion);
        }
        lines.join("\n") + "\n"
    });
    compare(&generated(texts, 600));
}

/// Positions behind line ends that only libyaml knows are an editor's.
#[test]
fn lines_are_those_of_an_editor() {
    let text = "a: 1 # \u{2028}x: 2\r\nb: \"\u{85}\n\"\rc: [\u{2029}]\nd: 4";
    let places: Vec<Value> = ours(text).iter().filter(|event| event[0] == "Scalar").map(|event| json!([event[1], event[5]])).collect();
    let expected = json!([
        ["a", [1, 1]],
        ["1", [1, 4]],
        ["x", [1, 9]],
        ["2", [1, 12]],
        ["b", [2, 1]],
        ["\n", [2, 4]],
        ["c", [4, 1]],
        ["d", [5, 1]],
        ["4", [5, 4]]
    ]);
    assert_eq!(json!(places), expected);
}
