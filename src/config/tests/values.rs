//! YAML typing, positions, limits.

use crate::config::encoding;
use crate::config::testing::*;
use crate::config::yaml::{self, read};
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    read(text, "t", 0, true).unwrap_or_else(|problems| panic!("{text}: {problems:?}")).root.to_value()
}

/// All that is wrong, as text.
fn wrong(text: &str) -> String {
    match read(text, "t", 0, true) {
        Ok(document) => panic!("{text:?} is read as {}", document.root.to_value()),
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    }
}

#[test]
fn only_plain_scalars_are_typed_and_only_by_the_table() {
    for (text, expected) in [
        ("0", json!(0)),
        ("0755", json!(755)),
        ("9223372036854775807", json!(i64::MAX)),
        ("true", json!(true)),
        ("True", json!(true)),
        ("FALSE", json!(false)),
        ("", Value::Null),
        ("~", Value::Null),
        ("null", Value::Null),
        ("NULL", Value::Null),
        ("-5", json!("-5")),
        ("+5", json!("+5")),
        ("1.5", json!("1.5")),
        ("0x1F", json!("0x1F")),
        ("1e3", json!("1e3")),
        ("yes", json!("yes")),
        ("on", json!("on")),
        ("tRue", json!("tRue")),
        ("nUll", json!("nUll")),
        ("1_000", json!("1_000")),
        ("2026-11-21", json!("2026-11-21")),
        ("'42'", json!("42")),
        ("\"true\"", json!("true")),
        ("\"\"", json!("")),
        ("!!str 42", json!("42")),
        ("!!str", json!("")),
        ("!!int \"42\"", json!(42)),
        ("!!int -7", json!(-7)),
        ("!!int 0x1F", json!(31)),
        ("!!bool \"true\"", json!(true)),
        ("!!null \"\"", Value::Null),
        ("!!float 3", json!(3.0)),
        ("! 42", json!("42")),
        ("|-\n  42", json!("42")),
    ] {
        assert_eq!(value(&format!("k: {text}\n")), json!({ "k": expected }), "{text}");
    }
}

#[test]
fn what_cannot_be_typed_is_refused_with_its_place_all_at_once() {
    let text = wrong("a: 9223372036854775808\nb: !!int x\nc: !custom y\nd: !!bool maybe\ne: !!float .inf\n");
    for place in ["t:1:4: the integer 9223372036854775808", "t:2:4", "t:3:4", "t:4:4", "t:5:4"] {
        assert!(text.contains(place), "{place} in {text}");
    }
}

#[test]
fn keys_are_text_and_duplicates_are_all_named() {
    assert_eq!(value("1: a\ntrue: b\nnull: c\n"), json!({"1": "a", "true": "b", "null": "c"}));
    assert_eq!(value("t: {{build.timestamp}}\n"), json!({"t": {"{\"build.timestamp\":null}": null}}));
    let text = wrong("a: 1\nb: {x: 1, x: 2}\na: 2\nb: 3\n");
    for place in ["t:2:11: the key 'x'", "t:3:1: the key 'a' is defined twice, first in line 1", "t:4:1: the key 'b'"] {
        assert!(text.contains(place), "{place} in {text}");
    }
    assert!(wrong(": 1\n").contains("key is expected"));
}

#[test]
fn aliases_share_and_merge_keys_are_ordinary() {
    let text = "a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2\n";
    assert_eq!(value(text), json!({"a": {"x": 1}, "b": {"x": 1}, "c": {"<<": {"x": 1}, "y": 2}}));
    assert!(wrong("a: &a [*a]\n").contains("inside the value"));
}

#[test]
fn what_grows_without_end_is_refused_in_bounded_time() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert!(wrong(&bomb).contains("too large"));
    let megabyte = "m".repeat(1024 * 1024);
    let texts = format!("a: &a {megabyte}\nb: [{}]\n", vec!["*a"; 10_000].join(", "));
    assert!(wrong(&texts).contains("too large"));
    assert!(wrong(&format!("a: {}\n", "[".repeat(10_000))).contains("t:1:"));
    let deep: String = (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(wrong(&deep).contains("128 deep"));
    assert_eq!(value(&format!("a: {megabyte}\n")), json!({ "a": megabyte }));
    assert!(wrong(&"#".repeat(yaml::MAXIMUM_SIZE + 1)).contains("4 MiB"));
}

#[test]
fn errors_of_syntax_have_line_and_column() {
    assert!(wrong("a:\n  b: [1, 2\nc: 3\n").contains("t:3:"));
    let tab = wrong("a: 1\n\tb: 2\n");
    assert!(tab.contains("t:2:1: YAML syntax: a tab"), "{tab}");
    assert!(wrong("# nothing\n").contains("t:1:1: holds no YAML document"));
}

/// What people get wrong, where they are told, and what.
#[test]
fn errors_of_syntax_say_what_to_do() {
    for (text, expected) in [
        ("a:\n  b:\n    c: x\n\td: 1\n", "t:4:1: YAML syntax: a tab stands where the line is indented; indent it with blanks"),
        ("a:\n\tb: 1\n", "t:2:1: YAML syntax: a tab"),
        ("a: |\n  x\n\ty\n", "t:3:1: YAML syntax: a tab"),
        ("a:\n  name:X\n  b: 1\n", "t:2:7: YAML syntax: a blank is missing after this ':'"),
        ("a:\n  c: 1\n  name:X\n  b: 1\n", "t:3:3: YAML syntax: a blank is missing after the ':' of this line"),
        ("a:\n  home:/usr\n\n  # c\n  b: 1\n", "t:2:7: YAML syntax: a blank is missing"),
        ("a:\n  - port:1\n    b: 1\n", "t:2:9: YAML syntax: a blank is missing"),
        ("a: 1\nname X\nb: 1\n", "t:2:1: YAML syntax: a ':' is expected after this key"),
        ("a:\n  b\n    c: 1\n", "t:2:3: YAML syntax: a ':' is expected after this key"),
        ("a: 1\n  b: 2\n", "t:2:4: YAML syntax: this line is indented deeper than line 1, whose key has a value already"),
        ("a: b: c\n", "t:1:5: YAML syntax: a second ':' with a blank behind it"),
        (
            "x:\n  a:\n    b: 1\n   c: 2\n",
            "t:4:4: YAML syntax: this line begins in column 4, but the keys of the mapping that begins in line 2 stand in column 3",
        ),
        ("x:\n  - a\n - b\n", "t:3:2: YAML syntax: this line begins in column 2, but"),
        (
            "a: *.example.com\n",
            "t:1:4: YAML syntax: '*' begins an alias of YAML; where text is meant, such as \"*.example.com\", write it in quotes",
        ),
        ("a: [*.example.com]\n", "t:1:5: YAML syntax: '*' begins an alias"),
        ("a: *\n", "t:1:4: YAML syntax: '*' begins an alias"),
        ("a: *b\n", "t:1:4: YAML syntax: no anchor &b stands before this alias; where *b is meant as text, write it in quotes"),
        ("a: &b.c\n", "t:1:4: YAML syntax: '&' begins an anchor"),
        ("a: &b 1\nc: &b 2\n", "t:2:4: YAML syntax: the anchor &b is defined twice, first in line 1"),
        ("a: !x!y z\n", "t:1:4: YAML syntax: '!' begins a tag"),
        ("a: @b\n", "t:1:4: YAML syntax: '@' cannot begin a key or value"),
        ("a: 'b\nc: d\n", "t:1:4: YAML syntax: the quote that opens here is not closed"),
        ("a: 'it's'\n", "t:1:8: YAML syntax: a key is expected here; see whether the value before is complete"),
        ("a: \"C:\\zowe\"\n", "t:1:7: YAML syntax: '\\' and this character are no escape"),
        ("a: \"\\u12\"\n", "t:1:7: YAML syntax: behind '\\x', '\\u' or '\\U'"),
        ("a: [1,\n  2\n", "t:1:4: YAML syntax: the '[' is not closed"),
        ("a: {b: 1\nc: 2\n", "t:2:2: YAML syntax: ',' or '}' is expected here: the '{' of line 1 is not closed"),
        ("a: [1, ]]\n", "t:1:9: YAML syntax: "),
        ("a: [,]\n", "t:1:5: YAML syntax: a value is expected here, not ','"),
        ("a: - b\n", "t:1:4: YAML syntax: an element of a list ('- ') cannot begin here"),
        ("a: |x\n  b\n", "t:1:5: YAML syntax: behind '|' or '>'"),
        ("a: b\u{7}\n", "t:1:5: YAML syntax: the control character U+0007"),
        ("a: 1\n%TAG\n", "t:2:1: YAML syntax: a line that begins with '%'"),
        (": 1\n", "t:1:1: YAML syntax: a key is expected before ':'"),
    ] {
        let said = wrong(text);
        assert!(said.starts_with(expected), "{text:?}:\n{said}{expected}");
    }
}

/// Only `---` and `...` end a document.
#[test]
fn what_stands_behind_the_root_is_an_error() {
    for (text, expected) in [
        (
            " a: 1\n b: 2\nc: 3\n",
            "t:3:1: YAML syntax: this line and what follows it would not be read: it begins in column 1, but the first key",
        ),
        ("  - a\nb: 2\n", "t:2:1: YAML syntax: this line and what follows it would not be read"),
        ("{\"a\": 1}, \"b\": 2}\n", "t:1:9: YAML syntax: this line and what follows it would not be read: the bracket"),
        ("{\"a\": 1}}\n", "t:1:9: YAML syntax: this line and"),
        ("{\"a\": 1}\nb: 2\n", "t:2:1: YAML syntax: this line and"),
        ("[1] 2\n", "t:1:5: YAML syntax: this line and"),
        ("{a: 1}\n{b: 2}\n", "t:2:1: YAML syntax: this line and"),
        ("'a' b\n", "t:1:5: YAML syntax: this line and"),
        ("a: 1\n%b: 2\n", "t:2:1: YAML syntax: a line that begins with '%'"),
        ("a: 1\n%YAML 1.2\n", "t:3:1: YAML syntax: this line and"),
        ("a:\n  b: 1\n\u{feff}c: 2\n", "t:3:1: YAML syntax: a byte order mark (U+FEFF, which editors do not show)"),
        ("a:\n\u{feff}c: 2\n", "t:2:1: YAML syntax: a byte order mark"),
        ("a: 1\r\n\u{feff}- 2\r\n", "t:2:1: YAML syntax: a byte order mark"),
        ("\u{feff}a: 1\n", "t:1:1: YAML syntax: a byte order mark"),
    ] {
        let said = wrong(text);
        assert!(said.starts_with(expected), "{text:?}:\n{said}{expected}");
    }
    for nothing in ["", "\n \n", "# c", "...", "...\n# c\n...\n"] {
        assert!(read(&format!("a: 1\n{nothing}\n"), "t", 0, true).unwrap().warnings.is_empty(), "{nothing:?}");
    }
    for (behind, place) in [("...\nb: 2\n", "t:3:1"), ("...\n}\n", "t:3:1"), ("... # c\n\n%x\n", "t:4:1")] {
        let document = read(&format!("a: 1\n{behind}"), "t", 0, true).unwrap();
        assert_eq!(document.root.to_value(), json!({"a": 1}));
        let warnings: Vec<String> = document.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, [format!("{place}: what follows the '...' is not read: it ends the document")]);
    }
    // A mark that is part of a text is one.
    assert_eq!(value("a: \"\u{feff}\"\nb: x\u{feff}y\n"), json!({"a": "\u{feff}", "b": "x\u{feff}y"}));
}

#[test]
fn secrets_are_in_no_error() {
    for value in [
        "98765432109876543210",
        "!!int hunter2",
        "!!bool hunter2",
        "!hunter2",
        "!hunter2 x",
        "!h!hunter2",
        "*hunter2",
        "*hunter2.x",
        "&hunter2.x",
        "&hunter2",
        "@hunter2",
        "{hunter2: 1, hunter2: 2}",
        "{<<: &hunter2 1, a: &hunter2 2}",
        "['${{ hunter2 }}']",
        "\"hunter2",
        "\"hunter2\\q\"",
        "hunter2: x: y",
        "hunter2\n   x: y",
        "[hunter2\nx: 1",
        "|hunter2",
        "\n\thunter2",
        "hunter2\n\tx",
        "!!map hunter2",
        "!hunter2 {a: 1}",
        "? hunter2",
        "- hunter2",
    ] {
        for before in ["zowe:\n  password: ", "privateKeys:\n  a: ", "tokens: "] {
            let text = format!("{before}{value}\n");
            let problems = match read(&text, "t", 0, true) {
                Ok(document) => document.warnings,
                Err(problems) => problems,
            };
            assert!(!problems.is_empty(), "{text}");
            for problem in problems {
                let said = format!("{problem} {:?}", problem.property);
                assert!(!said.contains("hunter2") && !said.contains("98765"), "{text}: {said}");
            }
        }
    }
    let key = "a: !!int |\n  -----BEGIN PRIVATE KEY-----\n  hunter2\n";
    assert!(!wrong(key).contains("hunter2"));
}

#[test]
fn what_is_easily_misunderstood_is_warned_of_where_it_stands() {
    let text = "a: &a {x: 1}\nb:\n  <<: *a\nc: [{<<: *a}]\n<<: 1\n'<<': 2\n";
    let said = wrong(text);
    assert!(said.contains("t:6:1: the key '<<' is defined twice, first in line 5"), "{said}");
    let document = read(&text.replace("'<<': 2\n", "d: &d\n"), "t", 0, true).unwrap();
    let warnings: Vec<String> = document.warnings.iter().map(|warning| warning.to_string().chars().take(20).collect()).collect();
    assert_eq!(warnings, ["t:3:3: '<<' is an or", "t:4:6: '<<' is an or", "t:5:1: '<<' is an or", "t:6:4: an anchor wit"]);
}

#[test]
fn a_second_document_is_a_warning_broken_or_not() {
    for second in ["b: 2\n", "[unclosed\n"] {
        let document = read(&format!("a: 1\n---\n{second}"), "t", 0, true).unwrap();
        assert_eq!(document.root.to_value(), json!({"a": 1}));
        assert_eq!(document.warnings.len(), 1, "{:?}", document.warnings);
    }
}

#[test]
fn ebcdic_is_recognised_and_padding_is_no_text() {
    let text = "zowe:\n  a: \"[x] {y} ^ | ~ $ # @ ä\"\n";
    // The table's inverse, line ends as z/OS UNIX writes them.
    let ebcdic: Vec<u8> = text
        .chars()
        .map(|wanted| (0..=255u8).find(|byte| crate::platform::ebcdic::ibm_1047(&[*byte]).starts_with(wanted)).unwrap())
        .collect();
    assert!(ebcdic.contains(&0x15));
    assert_eq!(encoding::decode(&ebcdic).unwrap(), text);
    assert_eq!(encoding::decode(text.as_bytes()).unwrap(), text);
    assert_eq!(encoding::decode(b"\xef\xbb\xbfa: 1\n").unwrap(), "a: 1\n");
    let broken = encoding::decode(b"a: 1\nb: caf\xe9 \x00\x01\x02\n").unwrap_err();
    assert_eq!((broken.line, broken.column), (2, 7));
    assert_eq!(encoding::strip_padding("a: 1   \n  b: 2 \nc"), "a: 1\n  b: 2\nc");
}

#[test]
fn every_file_of_the_corpus_is_read_or_refused_with_a_position() {
    let Some(corpus) = shared("zowe/corpus") else { return };
    let (mut files, mut refused) = (0, Vec::new());
    for folder in ["zoweyaml", "manifests"] {
        for entry in std::fs::read_dir(corpus.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            files += 1;
            let text = encoding::decode(&std::fs::read(&path).unwrap()).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if let Err(problems) = read(&text, &name, 0, folder == "zoweyaml") {
                assert!(
                    problems.iter().all(|problem| problem.place.as_ref().unwrap().to_string().starts_with(&format!("{name}:"))),
                    "{problems:?}"
                );
                refused.push(format!("{}", problems[0]));
            }
        }
    }
    assert!(files > 100, "{files}");
    assert!(refused.len() < 10, "{refused:#?}");
    println!("{refused:#?}");
}

/// The verdict of the public tool by file name: valid, invalid or unreadable.
fn verdicts(table: &std::path::Path) -> std::collections::BTreeMap<String, String> {
    let text = std::fs::read_to_string(table).unwrap();
    let row = |line: &str| Some((line.split('\t').next()?.to_string(), line.rsplit('\t').next()?.to_string()));
    text.lines().skip(1).filter_map(row).collect()
}

/// Files whose verdict is another in ours, and why.
const OTHER_VERDICTS: &[(&str, &str)] = &[
    ("zlux-app-server__defaults__serverConfig__defaults@100c4ab4.yaml", "templates in single quotes are errors in ours"),
    ("zlux-app-server__defaults__serverConfig__defaults@12b74f5d.yaml", "templates in single quotes are errors in ours"),
    ("zowe-install-packaging__defaults@0a97984a.yaml", "a template that throws is an error in ours"),
    ("zowe-install-packaging__files__defaults@ca22e45c.yaml", "zos.resolveSymbol answers in ours off z/OS too"),
];

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn every_configuration_of_the_corpus_has_the_verdict_of_the_public_tool() {
    let (Some(corpus), Some(runtime)) = (shared("zowe/corpus"), GoldenRuntime::new(false)) else { return };
    let schemas = runtime.directory.path().join("runtime");
    let mut differing = Vec::new();
    for (name, verdict) in verdicts(&corpus.join("zoweyaml.tsv")) {
        let text = std::fs::read(corpus.join("zoweyaml").join(&name)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(&name);
        std::fs::write(&file, text).unwrap();
        // The corpus says where its runtime was; the schemas are those of this run.
        let platform = FakePlatform::default();
        let instance = crate::config::HaInstance { id: "none".into(), from_placeholder: true };
        let request =
            crate::config::LoadRequest { sources: &[crate::config::Source::File(file)], ha_instance: &instance, platform: &platform };
        let ours = match crate::config::Configuration::load(&request) {
            Ok(configuration) if configuration.validate_by(&schemas).iter().any(|problem| problem.error) => "invalid".to_string(),
            Ok(_) => "valid".to_string(),
            Err(error) => {
                assert!(
                    error.problems().iter().all(|problem| problem.place.as_ref().is_some_and(|place| place.to_string().contains(&name))),
                    "{error}"
                );
                format!("unreadable: {error}")
            }
        };
        let listed = OTHER_VERDICTS.iter().any(|(known, _)| *known == name);
        if ours.starts_with(&verdict) == listed {
            differing.push(format!("{name}: ours {ours}, the public tool's {verdict}, listed as a difference: {listed}"));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}
