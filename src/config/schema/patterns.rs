//! Patterns as authors write them: a backslash before a character that needs none, `\~` or `\<`, means the character to JavaScript and to
//! Zowe's configuration manager; the validator's expressions know no such escape, or another meaning of it.

use serde_json::Value;

/// A schema whose patterns hold no needless backslashes.
pub(super) fn plain(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(pattern) if key == "pattern" => *pattern = without_needless(pattern),
                    _ => plain(value),
                }
            }
        }
        _ => {}
    }
}

fn without_needless(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match rest.next() {
            // None of these characters has a meaning in an expression, within brackets or outside.
            Some(escaped) if "~<>\"'`,:;=!@#%_ ".contains(escaped) => plain.push(escaped),
            escaped => {
                plain.push('\\');
                plain.extend(escaped);
            }
        }
    }
    plain
}
