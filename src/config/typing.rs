//! The type of a scalar. Rules: docs/contract/configuration.md, "YAML to values".

use super::node::NodeValue;
use super::secrets;
use serde_json::Value;

/// Why a scalar has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// Digits beyond 64 bits.
    Digits,
    /// The text is not a value of its tag, which is one of YAML's own.
    Value { tag: String },
    /// A tag that is not known.
    Tag { tag: String },
}

impl Unfit {
    /// What is wrong, with the value as it may be shown: in quotes, or masked. `secret`: a tag may be the beginning of the value.
    pub fn words(&self, value: &str, secret: bool) -> String {
        match self {
            Unfit::Digits => {
                let digits = value.trim_matches('\'');
                format!("the integer {digits} does not fit in 64 bits; write it in quotes to make it a string")
            }
            Unfit::Value { tag } => format!("{value} is not a value of the tag {tag}"),
            Unfit::Tag { tag } => {
                let tag = if secret { secrets::MASK } else { tag };
                format!("the tag {tag} is not supported; where text is meant that begins with '!', write it in quotes")
            }
        }
    }
}

/// The name of one of YAML's own tags: `int` for `tag:yaml.org,2002:int`.
pub fn core_tag(tag: &str) -> Option<&str> {
    tag.strip_prefix("tag:yaml.org,2002:")
}

/// A tag as it is written, cut for an error text.
pub fn shown_tag(tag: &str) -> String {
    let tag = core_tag(tag).map_or_else(|| tag.to_owned(), |core| format!("!!{core}"));
    cut(&tag).escape_debug().to_string()
}

/// The value of a scalar: only plain ones are typed, explicit tags are obeyed.
///
/// # Errors
/// What is wrong with it.
pub fn scalar(text: &str, plain: bool, tag: Option<&str>) -> Result<NodeValue, Unfit> {
    let Some(tag) = tag else {
        return if plain { self::plain(text) } else { Ok(NodeValue::Text(text.to_string())) };
    };
    let unfit = || Unfit::Value { tag: shown_tag(tag) };
    let unknown = || Unfit::Tag { tag: shown_tag(tag) };
    // "!" alone makes a scalar a string.
    if tag == "!" {
        return Ok(NodeValue::Text(text.to_string()));
    }
    match core_tag(tag).ok_or_else(unknown)? {
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
        _ => Err(unknown()),
    }
}

fn plain(text: &str) -> Result<NodeValue, Unfit> {
    if is_null(text) {
        return Ok(NodeValue::Null);
    }
    if let Some(value) = boolean(text) {
        return Ok(NodeValue::Boolean(value));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().map(NodeValue::Integer).map_err(|_| Unfit::Digits);
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

/// A scalar as text; null is empty.
pub fn scalar_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        value => value.to_string(),
    }
}
