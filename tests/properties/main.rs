//! Properties that hold for any input, and the cost of the worst input. PROPTEST_CASES sets how many inputs are tried (256 per property by
//! default).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bytes;
mod config_syntax;
mod hostile;
mod measure;
mod merging;
mod procedure;
mod scalars;
mod variables;
mod whole_input;

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Texts of every kind that a configuration may hold: quotes, blanks at the ends, line breaks, indicators of YAML, non-ASCII, words
/// that look like other types.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 .:/_-]{0,16}",
        2 => "[ \t\n$'\"\\\\`#:,\\[\\]{}&*!|>%@?~-]{1,8}",
        1 => "\\PC{0,8}",
        1 => "[0-9]{1,22}",
        1 => prop::sample::select(vec![
            "true", "True", "no", "off", "null", "NULL", "~", "", "-5", "1.5", "0x1F", "0o7", "1e3", ".inf", "1_000", "12:30:45", "<<",
            "2026-01-01", "- a", "a: b", "? a", "%TAG", "---", "...", "\u{feff}a", "a\u{85}b", "a\u{2028}b", "\u{7f}", "tail ", " head",
        ]).prop_map(str::to_string),
    ]
}

fn leaves() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => (0..=i64::MAX).prop_map(Value::from),
        4 => texts().prop_map(Value::from),
    ]
}

/// Any value of a configuration; keys are few, so that those of two values meet.
fn values() -> impl Strategy<Value = Value> {
    leaves().prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d]|[a-c][-_. ][a-c]", inner), 0..5).prop_map(object),
        ]
    })
}

/// Mappings at the top, as a source has them.
fn sources() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-e]", values()), 0..6).prop_map(object)
}

fn object(entries: Vec<(String, Value)>) -> Value {
    Value::Object(entries.into_iter().collect::<Map<_, _>>())
}
