//! ZWE_ variables compared with a simple second implementation, which shares nothing with the program's.

use crate::values;
use proptest::prelude::*;
use serde_json::{Value, json};
use zwelnch::config::variables::{flatten, scalar_text, with_defaults};

/// Path and text of every leaf and list, kept on a work list instead of by recursion.
fn second(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut work = vec![("ZWE".to_string(), value)];
    while let Some((name, value)) = work.pop() {
        if let Some(map) = value.as_object() {
            work.extend(map.iter().rev().map(|(key, value)| (name.clone() + "_" + &safe(key), value)));
        } else if let Some(items) = value.as_array() {
            found.push((name.clone(), comma_joined(items)));
            work.extend(items.iter().enumerate().rev().map(|(index, value)| (name.clone() + "_" + &index.to_string(), value)));
        } else if value == "null" {
            found.push((name, String::new()));
        } else {
            found.push((name, text(value)));
        }
    }
    found
}

fn safe(key: &str) -> String {
    let mut name = String::new();
    for character in key.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' => name.push(character),
            _ => name.push('_'),
        }
    }
    name
}

fn comma_joined(items: &[Value]) -> String {
    let mut line = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        match item {
            Value::Array(inner) => line += &comma_joined(inner),
            Value::Object(_) => line += "[object Object]",
            scalar => line += &text(scalar),
        }
    }
    line
}

fn text(scalar: &Value) -> String {
    match scalar {
        Value::Bool(true) => "true".to_string(),
        Value::Bool(false) => "false".to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => format!("{}", number.as_i64().unwrap()),
        _ => String::new(),
    }
}

proptest! {
    #[test]
    fn names_values_and_order_are_those_of_the_second_implementation(value in values()) {
        prop_assert_eq!(flatten("ZWE", &value), second(&value));
    }

    #[test]
    fn names_are_such_as_any_shell_takes(prefix in "[a-zA-Z_.-]{1,6}", value in values()) {
        for (name, _) in flatten(&prefix, &value) {
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{}", name);
        }
    }

    #[test]
    fn values_are_the_leaves_byte_for_byte(text in "\\PC{0,20}|[\\x00-\\x7f]{0,20}") {
        let expected = if text == "null" { String::new() } else { text.clone() };
        prop_assert_eq!(flatten("ZWE", &json!({ "k": text })), vec![("ZWE_k".to_string(), expected)]);
    }

    #[test]
    fn a_float_is_read_back_from_its_text(number in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
        let text = scalar_text(&json!(number));
        prop_assert_eq!(text.parse::<f64>(), Ok(number), "{}", text);
    }

    #[test]
    fn defaults_fill_only_what_is_not_configured(configured in values(), defaults in values()) {
        let merged = with_defaults(Some(&configured), &defaults);
        match (&configured, &defaults) {
            (Value::Object(own), Value::Object(added)) => {
                let merged = merged.as_object().unwrap();
                for (key, value) in merged {
                    prop_assert_eq!(value.clone(), added.get(key).map_or_else(|| own[key].clone(), |added| with_defaults(own.get(key), added)));
                }
                prop_assert!(own.keys().chain(added.keys()).all(|key| merged.contains_key(key)));
            }
            _ => prop_assert_eq!(merged, configured),
        }
    }
}
