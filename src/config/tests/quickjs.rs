//! What the QuickJS of Zowe, 2021-03-27, answers to templates: `quickjs-2021-03-27.txt` was recorded from it, built without CONFIG_BIGNUM
//! as Zowe builds it, each text evaluated as a script (JS_EVAL_TYPE_GLOBAL) behind `var g = {a: 1, b: {k: 'v'}}; var t = true, f = false, n
//! = 3, s = 'str';`. A line is a JSON list of the text and the answer: the value as JSON, `undefined`, `function`, `novalue`, or `!` and
//! the error.

use crate::config::template::engine::evaluate;
use crate::config::template::scan::{Part, split};
use crate::config::template::{Definition, Evaluated};
use crate::config::testing::FakePlatform;
use serde_json::{Value, json};

fn answers(text: &str) -> Vec<(String, String)> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ours(code: &str) -> Evaluated {
    let tree = json!({"g": {"a": 1, "b": {"k": "v"}}, "t": true, "f": false, "n": 3, "s": "str", "of the test": null});
    let definition =
        Definition { path: vec![json!("of the test")], name: "of the test".into(), parts: vec![Part::Expression(code.to_string())] };
    evaluate(&tree, &[definition], &[0], &FakePlatform::default()).unwrap().remove(0)
}

/// What differs from the recorded answer; an error of Zowe's may be anything here.
fn difference(code: &str, answer: &str) -> Option<String> {
    if answer.starts_with('!') {
        return None;
    }
    let ours = ours(code);
    let same = match &ours {
        Evaluated::Value(value) | Evaluated::Block(value) => serde_json::from_str::<Value>(answer).is_ok_and(|answer| answer == *value),
        Evaluated::NoValue(kind) => {
            matches!(answer, "undefined" | "function" | "novalue") || (answer == "null" && (kind == "NaN" || kind == "Infinity"))
        }
        _ => false,
    };
    if same { None } else { Some(format!("{code:?}: ours {ours:?}, Zowe's {answer}")) }
}

#[test]
fn what_zowes_engine_evaluates_ours_evaluates_to_the_same() {
    let recorded = answers(include_str!("quickjs-2021-03-27.txt"));
    let values = recorded.iter().filter(|(_, answer)| !answer.starts_with('!')).count();
    assert!(values > 400, "{values}");
    let different: Vec<String> = recorded.iter().filter_map(|(code, answer)| difference(code, answer)).collect();
    assert!(different.is_empty(), "{} of {values}: {different:#?}", different.len());
}

#[test]
#[ignore = "answers recorded elsewhere: ZWELNCH_QUICKJS_ANSWERS names the file"]
fn other_answers_of_zowes_engine() {
    let Ok(file) = std::env::var("ZWELNCH_QUICKJS_ANSWERS") else { return };
    let recorded = answers(&std::fs::read_to_string(file).unwrap());
    let different: Vec<String> = recorded.iter().filter_map(|(code, answer)| difference(code, answer)).collect();
    assert!(different.is_empty(), "{} of {}: {:#?}", different.len(), recorded.len(), different.iter().take(60).collect::<Vec<_>>());
}

#[test]
fn every_text_of_zowes_engine_is_found_whole_in_a_scalar() {
    for (code, answer) in answers(include_str!("quickjs-2021-03-27.txt")) {
        let parts = split(&format!("a ${{{{ {code} }}}} b"));
        let expected = vec![Part::Text("a ".into()), Part::Expression(format!(" {code} ")), Part::Text(" b".into())];
        assert!(parts.as_ref() == Ok(&expected) || answer.starts_with('!'), "{code:?}: {parts:?}");
    }
}
