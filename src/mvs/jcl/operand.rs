//! Splits an operand field: commas on the outermost level, keywords, symbols, apostrophes and parentheses.

use super::text::Text;
use super::{JclError, Position};

/// One operand: `value`, or `keyword=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operand {
    pub at: Position,
    pub keyword: Option<String>,
    /// As written: symbols, apostrophes and parentheses are still in it.
    pub value: Text,
}

impl Operand {
    /// As written, with its keyword.
    pub(super) fn text(&self) -> String {
        let value = self.value.string();
        self.keyword.as_ref().map_or(value.clone(), |keyword| format!("{keyword}={value}"))
    }
}

/// A value without its apostrophes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<Value>),
}

impl Value {
    /// As PARM is passed to a program: the elements of a list separated by commas.
    pub(super) fn joined(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::List(values) => values.iter().map(Value::joined).collect::<Vec<_>>().join(","),
        }
    }
}

/// Splits an operand field at the commas outside apostrophes and parentheses. Empty operands (`,,`) are left out.
pub(super) fn split(field: &Text, operation: &str) -> Result<Vec<Operand>, JclError> {
    let mut operands = Vec::new();
    let mut current = Text::default();
    let mut open: Vec<Position> = Vec::new();
    let mut in_apostrophes = false;
    let name_of = |current: &Text| operand(current.clone()).and_then(|operand| operand.keyword).unwrap_or_else(|| operation.to_owned());
    for (character, at) in &field.characters {
        match character {
            '\'' => in_apostrophes = !in_apostrophes,
            _ if in_apostrophes => {}
            '(' => open.push(*at),
            ')' if open.is_empty() => return Err(JclError::Parenthesis { at: *at, field: name_of(&current) }),
            ')' => drop(open.pop()),
            ',' if open.is_empty() => {
                operands.extend(operand(std::mem::take(&mut current)));
                continue;
            }
            _ => {}
        }
        current.characters.push((*character, *at));
    }
    if let Some(at) = open.pop() {
        return Err(JclError::Parenthesis { at, field: name_of(&current) });
    }
    operands.extend(operand(current));
    Ok(operands)
}

fn operand(text: Text) -> Option<Operand> {
    let (_, at) = *text.characters.first()?;
    let keyword_length = text.characters.iter().take_while(|(character, _)| is_keyword_character(*character)).count();
    let has_keyword = keyword_length > 0 && text.characters.get(keyword_length).is_some_and(|(character, _)| *character == '=');
    if !has_keyword {
        return Some(Operand { at, keyword: None, value: text });
    }
    let keyword = text.characters.iter().take(keyword_length).map(|(character, _)| *character).collect();
    let value = Text { characters: text.characters.into_iter().skip(keyword_length + 1).collect() };
    Some(Operand { at, keyword: Some(keyword), value })
}

fn is_keyword_character(character: char) -> bool {
    character.is_ascii_uppercase() || character.is_ascii_digit() || matches!(character, '@' | '#' | '$' | '.')
}

/// Replaces `&NAME` and `&NAME.` by their values and, inside apostrophes, `&&` by `&` (outside it stays: a temporary data set). A value
/// that is inserted inside apostrophes cannot end them: its own apostrophes are doubled.
///
/// # Errors
/// [`JclError::Symbol`] for a name that `lookup` does not know.
pub(super) fn substitute(text: &Text, field: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, JclError> {
    let mut result = String::new();
    let mut in_apostrophes = false;
    let mut rest = text.characters.as_slice();
    while let [(character, at), tail @ ..] = rest {
        rest = tail;
        if *character != '&' {
            in_apostrophes ^= *character == '\'';
            result.push(*character);
            continue;
        }
        if let [('&', _), tail @ ..] = rest {
            rest = tail;
            result.push_str(if in_apostrophes { "&" } else { "&&" });
            continue;
        }
        let name: String = rest.iter().map(|(character, _)| *character).take_while(|character| is_symbol_character(*character)).collect();
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            result.push('&');
            continue;
        }
        let symbol = name.clone();
        let value = lookup(&name).ok_or_else(|| JclError::Symbol { at: *at, field: field.to_owned(), symbol })?;
        rest = rest.get(name.len()..).unwrap_or_default();
        if let [('.', _), tail @ ..] = rest {
            rest = tail;
        }
        if in_apostrophes { result.push_str(&value.replace('\'', "''")) } else { result.push_str(&value) }
    }
    Ok(result)
}

fn is_symbol_character(character: char) -> bool {
    character != '.' && is_keyword_character(character)
}

/// A value after its symbols were replaced, without its apostrophes and split at its parentheses.
///
/// # Errors
/// [`JclError::Apostrophe`], [`JclError::Parenthesis`], [`JclError::Termination`] at the place of the operand.
pub(super) fn evaluate(text: &str, field: &str, at: Position) -> Result<Value, JclError> {
    let characters: Vec<char> = text.chars().collect();
    let mut rest = characters.as_slice();
    let value = value(&mut rest, field, at, 0)?;
    if rest.is_empty() { Ok(value) } else { Err(JclError::Termination { at }) }
}

fn value(rest: &mut &[char], field: &str, at: Position, depth: usize) -> Result<Value, JclError> {
    match rest {
        ['\'', tail @ ..] => {
            *rest = tail;
            quoted(rest, field, at).map(Value::Text)
        }
        ['(', tail @ ..] if depth < 8 => {
            *rest = tail;
            list(rest, field, at, depth + 1)
        }
        ['(', ..] => Err(JclError::Parenthesis { at, field: field.to_owned() }),
        _ => plain(rest, field, at).map(Value::Text),
    }
}

fn quoted(rest: &mut &[char], field: &str, at: Position) -> Result<String, JclError> {
    let mut text = String::new();
    loop {
        match rest {
            ['\'', '\'', tail @ ..] => {
                text.push('\'');
                *rest = tail;
            }
            ['\'', tail @ ..] => {
                *rest = tail;
                return Ok(text);
            }
            [character, tail @ ..] => {
                text.push(*character);
                *rest = tail;
            }
            [] => return Err(JclError::Apostrophe { at, field: field.to_owned() }),
        }
    }
}

fn list(rest: &mut &[char], field: &str, at: Position, depth: usize) -> Result<Value, JclError> {
    let mut values = Vec::new();
    loop {
        values.push(value(rest, field, at, depth)?);
        match rest {
            [',', tail @ ..] => *rest = tail,
            [')', tail @ ..] => {
                *rest = tail;
                return Ok(Value::List(values));
            }
            [] => return Err(JclError::Parenthesis { at, field: field.to_owned() }),
            _ => return Err(JclError::Termination { at }),
        }
    }
}

/// Text without apostrophes, up to a comma or the parenthesis that closes the enclosing list. Parentheses of its own, as in `A.B(MEM)`, are
/// part of it.
fn plain(rest: &mut &[char], field: &str, at: Position) -> Result<String, JclError> {
    let mut text = String::new();
    let mut open = 0_usize;
    while let [character, tail @ ..] = rest {
        match character {
            '\'' => return Err(JclError::Apostrophe { at, field: field.to_owned() }),
            ' ' => return Err(JclError::Termination { at }),
            '(' => open += 1,
            ')' if open == 0 => break,
            ')' => open -= 1,
            ',' if open == 0 => break,
            _ => {}
        }
        text.push(*character);
        *rest = tail;
    }
    if open > 0 { Err(JclError::Parenthesis { at, field: field.to_owned() }) } else { Ok(text) }
}
