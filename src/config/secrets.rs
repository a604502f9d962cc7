//! Values that must not be shown, because their name says that they are secret.

use serde_json::Value;

/// Parts of a key that make its value a secret, in lower case.
pub const SECRET_WORDS: &[&str] =
    &["password", "passwd", "passphrase", "passticket", "secret", "token", "credential", "apikey", "api_key", "privatekey", "private_key"];

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// True when a key, or the name of a variable, says that its value is secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// True when any step of a path says so.
pub fn is_secret_path(path: &[&str]) -> bool {
    path.iter().any(|step| is_secret_name(step))
}

/// True when a text is a private key, whatever it is called, or holds a line with a secret name and its value: `password:x`, in which a
/// blank was forgotten, is a text to YAML.
pub fn is_secret_text(text: &str) -> bool {
    let names_secret = |line: &str| {
        let (name, value) = line.trim_start().split_once([':', '=']).unwrap_or_default();
        !value.is_empty() && !name.contains(char::is_whitespace) && is_secret_name(name)
    };
    text.find("-----BEGIN").is_some_and(|begin| text[begin..].contains("PRIVATE KEY")) || text.lines().any(names_secret)
}

/// A value for an error text: masked below a secret name, quoted and cut to 80 characters otherwise.
pub fn show(path: &[&str], value: &Value) -> String {
    if is_secret_path(path) && !value.is_null() && !value.is_boolean() {
        return MASK.to_string();
    }
    let text = match value {
        Value::String(text) if is_secret_text(text) => return MASK.to_string(),
        Value::Object(_) => return "a mapping".to_string(),
        Value::Array(_) => return "a list".to_string(),
        Value::String(text) => format!("'{}'", text.escape_debug()),
        other => other.to_string(),
    };
    if text.chars().count() <= 80 { text } else { format!("{}...'", text.chars().take(80).collect::<String>()) }
}

/// A copy with every secret masked; null, booleans and empty texts stay, as they reveal nothing.
pub fn masked(value: &Value) -> Value {
    mask(value, false)
}

/// A variable's value as debug lines show it.
pub fn shown_variable(name: &str, value: &str) -> String {
    if is_secret_name(name) && !value.is_empty() || is_secret_text(value) { MASK.to_string() } else { value.to_string() }
}

/// Every secret of a configuration that has at least four characters: shorter ones occur in all kinds of words.
pub fn values(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, false, &mut found);
    found
}

fn collect(value: &Value, secret: bool, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(value, secret || is_secret_name(key), found)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, found)),
        Value::String(text) if (secret || is_secret_text(text)) && text.chars().count() >= 4 => found.push(text.clone()),
        Value::Number(number) if secret && number.to_string().len() >= 4 => found.push(number.to_string()),
        _ => {}
    }
}

fn mask(value: &Value, secret: bool) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), mask(value, secret || is_secret_name(key)))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| mask(item, secret)).collect()),
        Value::Null | Value::Bool(_) => value.clone(),
        Value::String(text) if text.is_empty() => value.clone(),
        _ if secret => Value::String(MASK.to_string()),
        Value::String(text) if is_secret_text(text) => Value::String(MASK.to_string()),
        _ => value.clone(),
    }
}
