//! What holds for any input.

use crate::config::merge::{Arrays, merge, merge_list};
use crate::config::node::{Node, Place};
use crate::config::template::scan::split;
use crate::config::variables::{flatten, scalar_text};
use crate::config::yaml::read;
use crate::config::{Source, SourceError, display_sources, encoding, normalize_id, parse_sources};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values of a configuration, with few keys so that they meet.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z0-9 $'\"\\\\\n:#äß]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d][-_.]?[a-b]?", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<String, Value>>())),
        ]
    })
}

fn mappings() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", values(), 0..5).prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn node(value: &Value) -> Arc<Node> {
    Arc::new(Node::from_value(Place::default(), value.clone()))
}

/// Merging as the reference words it, on plain values.
fn merged(left: &Value, right: &Value, arrays: Arrays) -> Value {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let mut result = Map::new();
            for (key, value) in right {
                result.insert(key.clone(), left.get(key).map_or_else(|| value.clone(), |over| merged(over, value, arrays)));
            }
            for (key, value) in left.iter().filter(|(key, _)| !right.contains_key(*key)) {
                result.insert(key.clone(), value.clone());
            }
            Value::Object(result)
        }
        (Value::Array(left), Value::Array(right)) if arrays == Arrays::Concatenate => {
            Value::Array(right.iter().chain(left).cloned().collect())
        }
        _ => left.clone(),
    }
}

/// Flattening by paths, the other way round than the program's.
fn flattened(value: &Value) -> BTreeMap<String, String> {
    fn walk(value: &Value, path: &[String], found: &mut Vec<(Vec<String>, String)>) {
        let step = |step: String| path.iter().cloned().chain([step]).collect::<Vec<_>>();
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(value, &step(key.clone()), found)),
            Value::Array(items) => {
                found.push((path.to_vec(), elements(items)));
                items.iter().enumerate().for_each(|(index, value)| walk(value, &step(index.to_string()), found));
            }
            Value::String(text) if text == "null" => found.push((path.to_vec(), String::new())),
            leaf => found.push((path.to_vec(), scalar_text(leaf))),
        }
    }
    fn elements(items: &[Value]) -> String {
        let texts: Vec<String> = items
            .iter()
            .map(|item| match item {
                Value::Array(inner) => elements(inner),
                Value::Object(_) => "[object Object]".to_string(),
                leaf => scalar_text(leaf),
            })
            .collect();
        texts.join(",")
    }
    let mut found = Vec::new();
    walk(value, &[], &mut found);
    found
        .into_iter()
        .map(|(path, text)| {
            let name: String = path.join("_").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            (if name.is_empty() { "ZWE".to_string() } else { format!("ZWE_{name}") }, text)
        })
        .collect()
}

proptest! {
    #[test]
    fn merging_is_what_the_reference_says(left in mappings(), right in mappings()) {
        for arrays in [Arrays::Concatenate, Arrays::Replace] {
            let ours = merge(&node(&left), &node(&right), arrays).to_value();
            prop_assert_eq!(ours.to_string(), merged(&left, &right, arrays).to_string());
        }
    }

    #[test]
    fn an_empty_source_changes_nothing(value in mappings()) {
        let empty = node(&json!({}));
        prop_assert_eq!(merge(&node(&value), &empty, Arrays::Concatenate).to_value(), value.clone());
        prop_assert_eq!(merge(&empty, &node(&value), Arrays::Concatenate).to_value(), value);
    }

    #[test]
    fn a_list_may_be_grouped_from_the_left_too(a in mappings(), b in mappings(), c in mappings()) {
        // Where shapes agree; a scalar between two mappings hides the right one only when it is merged first.
        let (a, b, c) = (node(&a), node(&merged(&json!({}), &b, Arrays::Replace)), node(&c));
        let list = merge_list(&[a.clone(), b.clone(), c.clone()]).unwrap();
        let right_first = merge(&a, &merge(&b, &c, Arrays::Concatenate), Arrays::Concatenate);
        prop_assert_eq!(list.to_value(), right_first.to_value());
    }

    #[test]
    fn variables_are_those_of_a_second_implementation(value in values()) {
        let ours: BTreeMap<String, String> = flatten("ZWE", &value).into_iter().collect();
        prop_assert_eq!(ours, flattened(&value));
    }

    #[test]
    fn json_is_yaml_and_keeps_its_values(value in mappings()) {
        // Negative integers are strings in a configuration, so they are compared as such.
        fn typed(value: &Value) -> Value {
            match value {
                Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => Value::String(number.to_string()),
                Value::Array(items) => items.iter().map(typed).collect(),
                Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), typed(value))).collect()),
                other => other.clone(),
            }
        }
        let read = read(&value.to_string(), "t", 0, false).map(|document| document.root.to_value());
        prop_assert_eq!(read, Ok(typed(&value)));
    }

    #[test]
    fn plain_scalars_are_typed_by_the_table(text in "[a-zA-Z0-9_.+~][a-zA-Z0-9_.+-]{0,8}") {
        let expected = match text.as_str() {
            "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => json!(true),
            "false" | "False" | "FALSE" => json!(false),
            digits if digits.chars().all(|c| c.is_ascii_digit()) => json!(digits.parse::<i64>().unwrap()),
            other => json!(other),
        };
        let value = read(&format!("k: {text}\n"), "t", 0, true).unwrap().root.to_value();
        prop_assert_eq!(&value["k"], &expected);
        let quoted = read(&format!("k: '{text}'\n"), "t", 0, true).unwrap().root.to_value();
        prop_assert_eq!(&quoted["k"], &json!(text));
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_position(text in "[ -~\n\t\u{e4}]{0,200}") {
        if let Err(problems) = read(&text, "t", 0, true) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|problem| problem.place.as_ref().is_some_and(|place| place.to_string().starts_with("t:"))));
        }
    }

    #[test]
    fn yaml_like_text_never_panics(lines in prop::collection::vec("( {0,4})(-|[a-c]:|\\?|&a|\\*a|!!int|'|\"|\\[|\\{|\\}|\\]|\\||>|#|---|%|<<:| )( ?[a-c0-9]{0,3})", 0..20)) {
        let _ = read(&lines.join("\n"), "t", 0, true);
    }

    #[test]
    fn any_bytes_are_text_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(text) = encoding::decode(&bytes) {
            let _ = read(&text, "t", 0, true);
        }
    }

    #[test]
    fn config_never_panics_and_what_it_gives_reads_back(text in "(FILE\\(|PARMLIB\\(|\\)|\\(|:|/|[ -~]{0,5}){0,8}") {
        match parse_sources(&text) {
            // A bare path with a lone bracket has no form in brackets that reads back.
            Ok(sources) if sources.iter().any(|source| matches!(source, Source::File(path) if path.to_string_lossy().contains(['(', ')']))) => {}
            Ok(sources) => prop_assert_eq!(parse_sources(&display_sources(&sources)), Ok(sources)),
            Err(SourceError::Syntax { column, .. }) => prop_assert!(column >= 1 && column <= text.len() + 1),
            Err(_) => {}
        }
    }

    #[test]
    fn lists_of_sources_read_back(paths in prop::collection::vec("/[a-z:./]{1,10}", 1..5), names in prop::collection::vec("[A-Z]{1,8}(\\.[A-Z]{1,8}){0,2}", 0..3)) {
        let files = paths.iter().map(|path| Source::File(path.into()));
        let members = names.iter().map(|name| Source::Member { data_set: name.clone(), member: "ZWEYAML".into() });
        let sources: Vec<Source> = files.chain(members).collect();
        prop_assert_eq!(parse_sources(&format!("{}   ", display_sources(&sources))), Ok(sources));
    }

    #[test]
    fn a_normalized_id_stays_itself(id in ".{0,20}") {
        let once = normalize_id(&id);
        prop_assert_eq!(normalize_id(&once), once.clone());
        prop_assert!(once.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    }

    #[test]
    fn splitting_a_template_loses_nothing(text in "([a-z}{'\"`/ ]|\\$\\{\\{|\\}\\}){0,30}") {
        use crate::config::template::scan::Part;
        if let Ok(parts) = split(&text) {
            let joined: String = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Expression(code) => format!("${{{{{code}}}}}"),
                })
                .collect();
            prop_assert_eq!(joined, text);
        }
    }

    #[test]
    fn an_arrow_function_in_parentheses_is_the_text_and_parentheses(
        text in "(\\(\\) =>|x =>|async |\\{| \\}|\\(|\\)|\\[|\\]|;|:|\\?|,|/|`|\\$\\{|'|\"|\n|class |function |return |if |a|\\.|\\+|é|\\\\|//|/\\*|\\*/){0,40}",
    ) {
        use crate::config::template::arrows::in_parentheses;
        if let Some(rewritten) = in_parentheses(&text) {
            let mut rest = text.char_indices().peekable();
            for (byte, character) in rewritten.text.char_indices() {
                match rest.peek() {
                    Some((index, expected)) if *expected == character && rewritten.original(byte) == *index => {
                        rest.next();
                    }
                    _ => prop_assert!("();".contains(character), "{:?} {:?}", text, rewritten),
                }
            }
            prop_assert_eq!(rest.next(), None);
        }
    }
}
