//! YAML scalars compared with the reference's table, in every style and place that a scalar can have; and the YAML that the program writes,
//! read back by its own reader.

use crate::{sources, texts};
use proptest::prelude::*;
use serde_json::{Value, json};
use zwelnch::config::yaml::{read, written};

/// The table for plain scalars; None where the reference asks for an error.
fn table(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => json!(true),
        "false" | "False" | "FALSE" => json!(false),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let significant = digits.trim_start_matches('0');
            // As text, so that no conversion of the program's language decides: 64 bits with a sign end at this number.
            if significant.len() > 19 || (significant.len() == 19 && significant > "9223372036854775807") {
                return None;
            }
            json!(significant.chars().fold(0i64, |sum, digit| sum * 10 + i64::from(digit as u32 - '0' as u32)))
        }
        other => json!(other),
    })
}

/// Words that could be taken for other types, and near misses of those that are typed.
fn plain() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "true",
            "True",
            "TRUE",
            "tRUE",
            "false",
            "False",
            "FALSE",
            "null",
            "Null",
            "NULL",
            "nULL",
            "~",
            "yes",
            "Yes",
            "no",
            "on",
            "Off",
            "y",
            "n",
            "-5",
            "+5",
            "1.5",
            ".5",
            "5.",
            "0x1F",
            "0o17",
            "0b1",
            "1e3",
            "1_000",
            ".inf",
            "-.inf",
            ".nan",
            "12:30:45",
            "2026-11-21",
            "00",
            "0",
            "007",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "1a",
            "=",
            "<<",
        ])
        .prop_map(str::to_string),
        "[0-9]{1,24}",
        "0{0,5}922337203685477580[0-9]",
        "[tTfFnN~][a-zA-Z~]{0,4}",
        "[0-9.][0-9a-fxobeE_.+-]{0,10}",
        // Digits of other scripts do not count as digits here.
        "[٠-٩０-９]{1,3}",
    ]
}

/// A value in all places where a plain scalar can stand; `$` stands for it.
const PLACES: &[(&str, &str)] = &[
    ("k: $\n", "/k"),
    ("k:   $   # comment\n", "/k"),
    ("- $\n", "/0"),
    ("{k: $}", "/k"),
    ("[ $ ]", "/0"),
    ("[$, 1]", "/0"),
    ("a: &x $\nk: *x\n", "/k"),
    ("k:\n  $\n", "/k"),
    ("? k\n: $\n", "/k"),
    ("\"k\": $\n", "/k"),
];

fn value_at(text: &str, pointer: &str) -> Result<Value, Vec<zwelnch::config::Problem>> {
    read(text, "t", 0, true).map(|document| document.root.to_value().pointer(pointer).cloned().unwrap())
}

proptest! {
    #[test]
    fn plain_scalars_are_typed_by_the_table_wherever_they_stand(text in plain(), place in prop::sample::select(PLACES)) {
        let found = value_at(&place.0.replace('$', &text), place.1);
        match table(&text) {
            Some(expected) => prop_assert_eq!(found, Ok(expected)),
            None => {
                let problems = found.unwrap_err();
                prop_assert!(problems[0].text.contains("64 bits"), "{:?}", problems);
            }
        }
    }

    #[test]
    fn every_other_style_is_text(text in plain(), style in 0..6usize) {
        let source = match style {
            0 => format!("k: '{text}'\n"),
            1 => format!("k: \"{text}\"\n"),
            2 => format!("k: |-\n  {text}\n"),
            3 => format!("k: >-\n  {text}\n"),
            4 => format!("k: !!str {text}\n"),
            _ => format!("k: ! {text}\n"),
        };
        prop_assert_eq!(value_at(&source, "/k"), Ok(json!(text)), "{}", source);
    }

    #[test]
    fn keys_are_text_whatever_they_look_like(text in plain()) {
        let found = read(&format!("{text}: 1\n"), "t", 0, true).map(|document| document.root.to_value());
        prop_assert_eq!(found, Ok(json!({ text: 1 })));
    }

    #[test]
    fn an_explicit_tag_is_obeyed_or_refused(text in plain(), tag in prop::sample::select(vec!["int", "bool", "null", "float"])) {
        let found = value_at(&format!("k: !!{tag} {text}\n"), "/k");
        let fits = |value: &Value| match tag {
            "int" => value.is_i64(),
            "bool" => value.is_boolean(),
            "null" => value.is_null(),
            _ => value.is_f64(),
        };
        match found {
            Ok(value) => prop_assert!(fits(&value), "{} became {}", text, value),
            Err(problems) => {
                prop_assert!(problems[0].text.contains("tag"), "{:?}", problems);
                // What the table gives that type anyhow fits its tag.
                prop_assert!(!table(&text).is_some_and(|value| fits(&value)), "{:?}", problems);
            }
        }
    }

    #[test]
    fn a_double_quoted_text_is_read_byte_for_byte(text in texts()) {
        let source = format!("k: {}\n", written(&Value::from(text.as_str())));
        prop_assert_eq!(value_at(&source, "/k"), Ok(Value::from(text)));
    }

    #[test]
    fn what_is_written_in_one_line_is_read_back_as_it_was(value in sources()) {
        let source = format!("k: {}\n", written(&value));
        prop_assert_eq!(source.lines().count(), 1);
        let found = read(&source, "t", 0, false).map(|document| document.root.to_value()["k"].to_string());
        prop_assert_eq!(found, Ok(value.to_string()), "{}", source);
    }

    #[test]
    fn what_prepare_writes_as_yaml_is_read_back_as_it_was(value in sources()) {
        // As .zowe-merged.yaml is written, which components read.
        let written = serde_yaml::to_string(&value).unwrap();
        let read = read(&written, "t", 0, false).map(|document| document.root.to_value().to_string());
        prop_assert_eq!(read, Ok(value.to_string()), "{}", written);
    }

    #[test]
    fn places_point_at_the_value_or_key(before in 0..20usize, indent in 1..8usize, key in "[a-z]{1,5}") {
        let blanks = " ".repeat(indent);
        let source = format!("{}top:\n{blanks}{key}:  äö\n", "# comment\n".repeat(before));
        let root = read(&source, "t", 3, true).unwrap().root;
        let place = root.place_of(&["top", &key]);
        prop_assert_eq!((place.source as usize, place.line as usize, place.column as usize), (3, before + 2, indent + 1));
        let value = root.at(&["top", &key]).unwrap().place;
        prop_assert_eq!((value.line as usize, value.column as usize), (before + 2, indent + key.len() + 4));
    }
}
