//! The lengths of JavaScript's literals and names: each function takes a text that begins with one, and gives its length in bytes.

/// A string with its quotes; None when it has no end on its line.
pub(super) fn string(text: &str, quote: char) -> Option<usize> {
    let mut rest = text.char_indices().skip(1);
    while let Some((index, character)) = rest.next() {
        match character {
            '\\' => {
                rest.next();
            }
            '\n' | '\r' => return None,
            _ if character == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// The text of a template literal, behind its quote or a `}`, with the quote or the `${` that ends it, and whether it is that; None when
/// neither comes.
pub(super) fn template(text: &str) -> Option<(usize, bool)> {
    let mut rest = text.char_indices().peekable();
    while let Some((index, character)) = rest.next() {
        match character {
            '\\' => {
                rest.next();
            }
            '`' => return Some((index + 1, false)),
            '$' if rest.peek().is_some_and(|(_, next)| *next == '{') => return Some((index + 2, true)),
            _ => {}
        }
    }
    None
}

/// A number.
pub(super) fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let prefixed = bytes.first() == Some(&b'0') && bytes.get(1).is_some_and(|byte| b"xXoObB".contains(byte));
    let mut length = 0;
    let mut point = prefixed;
    while let Some(byte) = bytes.get(length) {
        let before = length.checked_sub(1).and_then(|before| bytes.get(before));
        let signed = !prefixed && matches!(byte, b'+' | b'-') && matches!(before, Some(b'e' | b'E'));
        match byte {
            b'.' if !point => point = true,
            byte if byte.is_ascii_alphanumeric() || *byte == b'_' || signed => {}
            _ => break,
        }
        length += 1;
    }
    length
}

/// A regular expression with its flags; None when it has no end on its line.
pub(super) fn expression(text: &str) -> Option<usize> {
    let mut class = false;
    let mut rest = text.char_indices().skip(1);
    while let Some((index, character)) = rest.next() {
        match character {
            '\\' => {
                rest.next().filter(|(_, next)| !is_line_end(*next))?;
            }
            '[' => class = true,
            ']' => class = false,
            '/' if !class => {
                let flags = text.get(index + 1..).unwrap_or_default();
                return Some(index + 1 + flags.find(|character: char| !is_word(character)).unwrap_or(flags.len()));
            }
            character if is_line_end(character) => return None,
            _ => {}
        }
    }
    None
}

/// A name, `\u{61}` and the `#` of a private one included.
pub(super) fn word(text: &str) -> usize {
    let mut end = 0;
    let mut braces = false;
    for (index, character) in text.char_indices() {
        let opens = character == '{' && text.get(..index).is_some_and(|before| before.ends_with("\\u"));
        let closes = braces && character == '}';
        if !(is_word(character) || character == '\\' || (index == 0 && character == '#') || opens || closes) {
            break;
        }
        braces = opens || (braces && !closes);
        end = index + character.len_utf8();
    }
    end
}

pub(super) fn is_line_end(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '\u{200c}' | '\u{200d}')
}
