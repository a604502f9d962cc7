//! Finding the JavaScript in a scalar, as far as brackets, strings and comments go.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// What stands between `${{` and `}}`.
    Expression(String),
}

/// Expressions of one scalar that may have unbalanced brackets: looking for their end reads to the end of the scalar each time.
const MAXIMUM_UNBALANCED: usize = 16;

/// Splits a scalar at its `${{ }}`. An expression ends at the first `}}` outside its own braces, strings and comments; where these do
/// not balance, at the first `}}` there is.
///
/// # Errors
/// When a `${{` has no `}}`, or more than 16 expressions do not balance.
pub fn split(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut unbalanced = 0;
    let mut rest = text;
    while let Some(start) = rest.find("${{") {
        if start > 0 {
            parts.push(Part::Text(rest[..start].to_string()));
        }
        let inside = &rest[start + 3..];
        let end = match expression_end(inside) {
            Some(end) => end,
            None if unbalanced == MAXIMUM_UNBALANCED => {
                return Err(format!("brackets, strings or comments of more than {MAXIMUM_UNBALANCED} expressions have no end"));
            }
            None => {
                unbalanced += 1;
                inside.find("}}").ok_or("the '}}' that ends '${{' is missing")?
            }
        };
        parts.push(Part::Expression(inside[..end].to_string()));
        rest = &inside[end + 2..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_string()));
    }
    Ok(parts)
}

fn expression_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if let Some(next) = skip_quoted(bytes, at) {
            at = next?;
            continue;
        }
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a string, template literal or comment begins at `at`: the index after it, or Some(None) when it has no end.
fn skip_quoted(bytes: &[u8], at: usize) -> Option<Option<usize>> {
    match (bytes.get(at)?, bytes.get(at + 1)) {
        (quote @ (b'\'' | b'"' | b'`'), _) => Some(skip_string(bytes, at + 1, *quote)),
        (b'/', Some(b'*')) => Some(find(bytes, at + 2, b"*/").map(|end| end + 2)),
        (b'/', Some(b'/')) => Some(find(bytes, at + 2, b"\n").map(|end| end + 1)),
        _ => None,
    }
}

/// The index after the closing quote. What `${ }` holds in a template literal is passed over with the brackets it holds; a template
/// literal inside that one ends the outer one too early, which a fallback of the callers makes good.
fn skip_string(bytes: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            byte if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|index| from + index)
}

/// `() => { ... }()`, an arrow function called without parentheses, rewritten as `((() => { ... })\n())`: QuickJS, which Zowe uses,
/// accepts the first form, the standard does not, and Zowe's own defaults.yaml is written so. None for anything else.
pub fn arrow_call(expression: &str) -> Option<String> {
    let bytes = expression.as_bytes();
    let mut at = 0;
    loop {
        if let Some(next) = skip_quoted(bytes, at) {
            at = next?;
        } else if bytes.get(at) == Some(&b'=') && bytes.get(at + 1) == Some(&b'>') {
            break;
        } else if matches!(bytes.get(at)?, b'(' | b'[' | b'{') {
            at = closing(bytes, at)? + 1;
        } else {
            at += 1;
        }
    }
    let open = skip_blanks(bytes, at + 2);
    if bytes.get(open) != Some(&b'{') {
        return None;
    }
    let body_end = closing(bytes, open)?;
    let call = skip_blanks(bytes, body_end + 1);
    if bytes.get(call) != Some(&b'(') {
        return None;
    }
    let call_end = closing(bytes, call)?;
    if skip_blanks(bytes, call_end + 1) < bytes.len() {
        return None;
    }
    Some(format!("(({})\n{})", &expression[..=body_end], &expression[call..=call_end]))
}

fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// The index of the bracket that closes the one at `open`.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = open;
    loop {
        if let Some(next) = skip_quoted(bytes, at) {
            at = next?;
            continue;
        }
        match bytes.get(at)? {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
}
