//! The type of a scalar. Rules: reference/configuration.md, "YAML to values".

use super::node::NodeValue;
use saphyr_parser::Tag;

/// The value of a scalar: only plain ones are typed, explicit tags are obeyed.
///
/// # Errors
/// What is wrong with it: digits beyond 64 bits, a tag that the text does not fit, a tag that is not known.
pub fn scalar(text: &str, plain: bool, tag: Option<&Tag>) -> Result<NodeValue, String> {
    let Some(tag) = tag else {
        return if plain { self::plain(text) } else { Ok(NodeValue::Text(text.to_string())) };
    };
    let unfit = || format!("'{}' is not a value of the tag !!{}", cut(text).escape_debug(), tag.suffix);
    if !tag.is_yaml_core_schema() {
        // "!" alone makes a scalar a string.
        return if matches!(tag.suffix.as_str(), "" | "!") {
            Ok(NodeValue::Text(text.to_string()))
        } else {
            Err(format!("the tag {} is not supported", cut(&tag.to_string())))
        };
    }
    match tag.suffix.as_str() {
        // Bytes have no place in a configuration: their base64 text is kept.
        "str" | "binary" => Ok(NodeValue::Text(text.to_string())),
        "int" => integer(text.trim()).map(NodeValue::Integer).ok_or_else(unfit),
        "bool" => boolean(text.trim()).map(NodeValue::Boolean).ok_or_else(unfit),
        "null" if is_null(text.trim()) => Ok(NodeValue::Null),
        "float" => match text.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(NodeValue::Float(value)),
            _ => Err(unfit()),
        },
        "null" => Err(unfit()),
        _ => Err(format!("the tag !!{} is not supported", cut(&tag.suffix))),
    }
}

fn plain(text: &str) -> Result<NodeValue, String> {
    if is_null(text) {
        return Ok(NodeValue::Null);
    }
    if let Some(value) = boolean(text) {
        return Ok(NodeValue::Boolean(value));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse::<i64>()
            .map(NodeValue::Integer)
            .map_err(|_| format!("the integer {} does not fit in 64 bits; write it in quotes to make it a string", cut(text)));
    }
    Ok(NodeValue::Text(text.to_string()))
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// `!!int` as in YAML 1.2: decimal with a sign, octal (0o) or hexadecimal (0x).
fn integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return if digits.starts_with(['+', '-']) { None } else { i64::from_str_radix(digits, 16).ok() };
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return if digits.starts_with(['+', '-']) { None } else { i64::from_str_radix(digits, 8).ok() };
    }
    text.parse().ok()
}

/// The beginning of a text that may be as long as its file, for an error.
pub(super) fn cut(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_string() } else { format!("{}...", text.chars().take(40).collect::<String>()) }
}
