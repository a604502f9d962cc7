//! JSON as components ship it.

use crate::config::json::parse;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The value and the text of the warning, or the error.
fn read(text: &str) -> Result<(Value, Option<String>), String> {
    let document = parse(text, "x.json").map_err(|error| error.to_string())?;
    assert!(document.warnings.len() <= 1, "{:?}", document.warnings);
    Ok((document.root.to_value(), document.warnings.first().map(ToString::to_string)))
}

#[test]
fn trailing_commas_and_comments_are_read_with_one_warning() {
    let (value, warning) = read("// why\n{\"a\": [1, 2,], /* b */ \"c\": {\"d\": null,},\n}\n/* end */ // yes").unwrap();
    assert_eq!(value, json!({"a": [1, 2], "c": {"d": null}}));
    let warning = warning.unwrap();
    assert!(warning.starts_with("x.json:1:1: "), "{warning}");
    assert!(warning.contains("a comment (line 1 column 1 and 3 more)"), "{warning}");
    assert!(warning.contains("comma with no value behind it (line 2 column 12 and 2 more)"), "{warning}");
}

#[test]
fn slips_of_strings_and_repeated_keys_are_told() {
    let (value, warning) = read("{\"a\tb\": \"^\\d/\", \"k\": 1, \"k\": 2}").unwrap();
    assert_eq!(value, json!({"a\tb": "^d/", "k": 1}));
    let warning = warning.unwrap();
    for word in ["control character within a string (line 1 column 4)", "escape", "first one counts"] {
        assert!(warning.contains(word), "{warning}");
    }
}

#[test]
fn what_looks_like_a_slip_within_a_string_is_none() {
    let text = r#"{"a": "// no, /* no */ ,]", "b": "\u00e9\ud83d\ude00\\\"\/"}"#;
    assert_eq!(read(text).unwrap(), (serde_json::from_str(text).unwrap(), None));
}

#[test]
fn everything_else_is_an_error_with_its_place() {
    for (text, place, word) in [
        ("", "1:1", "a value is expected"),
        ("{\"a\": 1} x", "1:10", "end of the file"),
        ("{\"a\": 1}{}", "1:9", "end of the file"),
        ("{\n  \"a\" 1}", "2:7", "':'"),
        ("{\n  a: 1}", "2:3", "double quotes"),
        ("{'a': 1}", "1:2", "double quotes"),
        ("[1 2]", "1:4", "','"),
        ("[,]", "1:2", "a value"),
        ("[1,,2]", "1:4", "a value"),
        ("{\"a\": 1,,}", "1:9", "key"),
        ("[1", "1:3", "file ends"),
        ("{\"a\": tru}", "1:7", "'tru'"),
        ("{\"a\": 01}", "1:7", "'01'"),
        ("{\"a\": 1.}", "1:7", "'1.'"),
        ("[\"a\n\"]", "1:2", "its line"),
        ("[\"a", "1:2", "no end"),
        ("[\"\\u12\"]", "1:3", "hexadecimal"),
        ("[\"\\ud83d\"]", "1:3", "surrogate"),
        ("[1] /* x", "1:5", "no end"),
        ("[1] / x", "1:5", "comment"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(&format!("x.json:{place}: is no JSON: ")) && error.contains(word), "{text:?}: {error}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(128)).is_ok());
    assert!(read(&nested(129)).unwrap_err().contains("deeper than 128"));
    assert!(read(&nested(200_000)).unwrap_err().contains("deeper than 128"));
    assert!(read(&format!("\"{}\"", "x".repeat(5 * 1024 * 1024))).unwrap_err().contains("4 MiB"));
}

#[test]
fn values_carry_their_places() {
    let document = parse("{\n  \"a\": [1,\n    {\"b\": 2}]\n}", "x.json").unwrap();
    let place = document.root.place_of(&["a", "1", "b"]);
    assert_eq!((place.line, place.column), (3, 6));
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from)
    ];
    scalar.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5).prop_map(|entries| Value::Object(entries.into_iter().collect()))
        ]
    })
}

proptest! {
    /// The oracle is serde_json: what it reads, ours reads to the same value without a warning, pretty or not.
    #[test]
    fn strict_json_is_read_as_serde_reads_it(value in any_json(), pretty: bool) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        prop_assert_eq!(read(&text), Ok((serde_json::from_str(&text).unwrap(), None)));
    }

    /// What serde_json refuses of random text, ours refuses or warns of.
    #[test]
    fn what_is_no_json_is_never_silent(text in "[\\[\\]{}:,/* \n\"a1\\\\u-]{0,12}") {
        match (serde_json::from_str::<Value>(&text), read(&text)) {
            (Ok(strict), Ok((value, warning))) => prop_assert!(strict == value || warning.is_some(), "{} {}", strict, value),
            (Ok(_), Err(error)) => prop_assert!(false, "{}", error),
            (Err(_), Ok((_, warning))) => prop_assert!(warning.is_some()),
            (Err(_), Err(_)) => {}
        }
    }
}
