//! An arrow function with a body in braces that goes on behind it: `() => { ... } ()`, `.key`, `+ 'b'`, `? :`. The QuickJS that Zowe uses
//! takes such a function for an operand like any other, and Zowe's documentation and defaults.yaml are written so; the standard and our
//! engine do not. In parentheses it is one for both.

use super::tokens::{Kind, Lexer, Token};

/// Larger texts are left as they are: their tokens would take many times their size.
const MAXIMUM_SIZE: usize = 1024 * 1024;

/// Tokens that continue the expression before them, even after a line end.
const GOING_ON: &[&str] = &[
    "(",
    "[",
    ".",
    "?.",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "<<",
    ">>",
    ">>>",
    "<",
    ">",
    "<=",
    ">=",
    "==",
    "!=",
    "===",
    "!==",
    "&",
    "|",
    "^",
    "&&",
    "||",
    "??",
    "in",
    "instanceof",
];

/// A text into which parentheses and semicolons were inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    pub text: String,
    /// Positions of the inserted characters, one byte each, ascending.
    inserted: Vec<usize>,
}

impl Rewritten {
    /// The position in the original text for a position in the rewritten one.
    pub fn original(&self, byte: usize) -> usize {
        byte - self.inserted.iter().take_while(|inserted| **inserted < byte).count()
    }
}

/// The text with every such function in parentheses; None where there is none. Of a text that is no
/// JavaScript what stands before the first error is rewritten, so that this error is the one that is found.
pub fn in_parentheses(text: &str) -> Option<Rewritten> {
    if !text.contains("=>") || text.len() > MAXIMUM_SIZE {
        return None;
    }
    let tokens = tokens(text);
    let mut ends: Vec<Option<usize>> = vec![None; tokens.len()];
    for (index, token) in tokens.iter().enumerate() {
        if let Some(place) = token.partner.and_then(|partner| ends.get_mut(partner)) {
            *place = Some(index);
        }
    }
    let is = |index: usize, wanted: &str| tokens.get(index).is_some_and(|token| text.get(token.start..token.end) == Some(wanted));
    let mut places: Vec<(usize, &str)> = Vec::new();
    for arrow in (1..tokens.len()).filter(|index| is(*index, "=>") && is(*index + 1, "{")) {
        let Some(end) = ends.get(arrow + 1).copied().flatten() else { continue };
        let goes_on = tokens
            .get(end + 1)
            .is_some_and(|next| next.kind == Kind::Template || text.get(next.start..next.end).is_some_and(|word| GOING_ON.contains(&word)));
        let (Some(first), Some(last)) = (parameters(&tokens, text, arrow), tokens.get(end)) else { continue };
        if goes_on {
            // Without the semicolon, a statement that only a line end separates from the one before would become a call of it.
            places.push((first.start, if first.on_new_line && first.after_value { ";(" } else { "(" }));
            places.push((last.end, ")"));
        }
    }
    if places.is_empty() {
        return None;
    }
    places.sort_by_key(|(place, _)| *place);
    let (mut rewritten, mut inserted, mut at) = (String::with_capacity(text.len() + places.len()), Vec::new(), 0);
    for (place, parenthesis) in places {
        rewritten.push_str(text.get(at..place)?);
        inserted.extend(rewritten.len()..rewritten.len() + parenthesis.len());
        rewritten.push_str(parenthesis);
        at = place;
    }
    rewritten.push_str(text.get(at..)?);
    Some(Rewritten { text: rewritten, inserted })
}

/// The tokens of a text, up to where it is no JavaScript.
fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(text);
    std::iter::from_fn(|| lexer.next_token().ok().flatten()).collect()
}

/// The first token of the function whose `=>` has an index: of its parameters, or the `async` before them.
fn parameters<'t>(tokens: &'t [Token], text: &str, arrow: usize) -> Option<&'t Token> {
    let last = arrow.checked_sub(1)?;
    let first = match tokens.get(last)? {
        Token { kind: Kind::Word, .. } => last,
        Token { partner: Some(partner), end, .. } if text.get(..*end)?.ends_with(')') => *partner,
        _ => return None,
    };
    let token = tokens.get(first)?;
    let Some(before) = first.checked_sub(1).and_then(|index| tokens.get(index)) else { return Some(token) };
    let is_async = !token.on_new_line && text.get(before.start..before.end) == Some("async");
    Some(if is_async { before } else { token })
}
