//! Finding the JavaScript in a scalar.

use super::tokens::Lexer;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// The text between `${{` and `}}`.
    Expression(String),
}

/// Expressions of one scalar that may have unbalanced brackets: looking for their end reads to the end of the scalar each time.
const MAXIMUM_UNBALANCED: usize = 16;

/// Why a scalar cannot be split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    #[error("brackets, strings or comments of more than {MAXIMUM_UNBALANCED} expressions have no end")]
    Unbalanced,
    #[error("the '}}}}' that ends '${{{{' is missing")]
    NoEnd,
}

/// Splits a scalar at its `${{ }}`. An expression ends at the first `}}` outside its own braces, strings, regular expressions and
/// comments; where these do not balance, at the first `}}` there is.
///
/// # Errors
/// [`SplitError`].
pub fn split(text: &str) -> Result<Vec<Part>, SplitError> {
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
            None if unbalanced == MAXIMUM_UNBALANCED => return Err(SplitError::Unbalanced),
            None => {
                unbalanced += 1;
                inside.find("}}").ok_or(SplitError::NoEnd)?
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
    let mut lexer = Lexer::new(text);
    let mut last = 0;
    loop {
        lexer.skip_blanks().ok()?;
        let at = lexer.position();
        if text.get(at..).is_some_and(|rest| rest.starts_with("}}")) && lexer.is_outside_braces() {
            return Some(at);
        }
        match lexer.next_token().ok()? {
            Some(token) => last = token.end,
            // If a comment runs to the end of the text, the end of the expression is in the comment.
            None => return text.get(last..).filter(|_| lexer.is_outside_braces())?.find("}}").map(|end| last + end),
        }
    }
}

/// Where a byte of one of the expressions stands in the scalar, line and column from 1.
pub fn position(parts: &[Part], part: usize, byte: usize) -> (usize, usize) {
    let mut text = String::new();
    for before in parts.iter().take(part) {
        match before {
            Part::Text(content) => text.push_str(content),
            Part::Expression(code) => text.push_str(&format!("${{{{{code}}}}}")),
        }
    }
    if let Some(Part::Expression(code)) = parts.get(part) {
        text.push_str("${{");
        text.extend(code.char_indices().take_while(|(index, _)| *index < byte).map(|(_, character)| character));
    }
    let line = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() + 1, line.chars().count() + 1)
}
