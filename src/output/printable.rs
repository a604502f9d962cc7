//! Lines as SYSPRINT and the console show them: without terminal escape sequences, and without bytes that are not text.

use std::borrow::Cow;

/// Whether a block needs no examination: it has only printable ASCII, tabs and line ends. One pass without a branch, which the compiler
/// turns into a vector loop.
pub(super) fn is_plain(block: &[u8]) -> bool {
    block.chunks(4096).all(|chunk| {
        let odd =
            chunk.iter().fold(0_u8, |odd, byte| odd | u8::from(((*byte < b' ') & (*byte != b'\n') & (*byte != b'\t')) | (*byte >= 0x7f)));
        odd == 0
    })
}

/// The length of a block when it is printed: control characters take four columns. Not all bytes that are not text are counted.
pub(super) fn columns(block: &[u8]) -> u64 {
    let odd = |byte: &u8| u8::from((*byte < b' ') | (*byte == 0x7f) | (*byte >= 0xf8));
    let of_chunk = |chunk: &[u8]| u64::from(chunk.iter().fold(0_u8, |count, byte| count + odd(byte)));
    block.len() as u64 + 3 * block.chunks(255).map(of_chunk).sum::<u64>()
}

/// Appends a block of whole lines. UTF-8 stays; escape sequences and a carriage return at the end of a line are left out; every other
/// byte becomes `\xNN`.
pub(super) fn append(out: &mut Vec<u8>, block: &[u8]) {
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        let (text, end) = match line {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => (text, &b"\n"[..]),
            text => (text, &b""[..]),
        };
        if is_plain(text) {
            out.extend_from_slice(text);
        } else {
            for chunk in text.utf8_chunks() {
                append_text(out, chunk.valid(), Escapes::LeftOut);
                append_hexadecimal(out, chunk.invalid());
            }
        }
        out.extend_from_slice(end);
    }
}

/// A text of several lines from an untrusted source, made safe for a terminal: control characters except line ends and tabs, and characters
/// that change the direction of text, become `\xNN`, byte by byte.
pub fn printable(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) || !text.contains(is_odd) {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    for line in text.split_inclusive('\n') {
        append_text(&mut out, line.strip_suffix('\n').unwrap_or(line), Escapes::Shown);
        out.extend(line.ends_with('\n').then_some(b'\n'));
    }
    // What was UTF-8 is still UTF-8.
    String::from_utf8(out).unwrap_or_default().into()
}

/// [`printable`] in one line: a line break in a name must not look like a separate line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match printable(text) {
        text if text.contains('\n') => text.replace('\n', "\\n").into(),
        text => text,
    }
}

/// A JSON or YAML document of ours, in which characters that are not [`printable`] occur only in double quotes: there `\uNNNN` means the
/// same.
pub fn escaped(document: &str) -> Cow<'_, str> {
    if is_plain(document.as_bytes()) || !document.contains(is_odd) {
        return document.into();
    }
    let mut out = String::with_capacity(document.len() + document.len() / 8);
    for character in document.chars() {
        if is_odd(character) {
            let _ = std::fmt::Write::write_fmt(&mut out, format_args!("\\u{:04x}", u32::from(character)));
        } else {
            out.push(character);
        }
    }
    out.into()
}

/// Whether a character must not reach a terminal: it controls the terminal, or the direction of text (U+202A to U+202E, U+2066 to U+2069).
pub fn is_odd(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t') || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How much of a piece of a line can be printed before the next piece is known: all except a character, an escape sequence or a line end
/// that may continue after its end.
pub(super) fn whole(piece: &[u8]) -> usize {
    const LONGEST: usize = 64;
    if let [.., b'\r'] = piece {
        return piece.len() - 1;
    }
    let from = piece.len().saturating_sub(LONGEST);
    if let Some(position) = memchr::memrchr(0x1b, &piece[from..]) {
        let sequence = &piece[from + position..];
        let length = escape_sequence_length(sequence);
        let has_no_end = length == 2 && matches!(sequence.get(1), Some(b']' | b'P' | b'X' | b'^' | b'_'));
        if length == sequence.len() || has_no_end {
            return from + position;
        }
    }
    let last = piece.len().saturating_sub(3);
    match piece[last..].iter().rposition(|byte| *byte >= 0xc0) {
        Some(position) if std::str::from_utf8(&piece[last + position..]).is_err() => last + position,
        _ => piece.len(),
    }
}

/// What to do with terminal escape sequences.
#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    LeftOut,
    Shown,
}

/// How many bytes at the beginning of a text form one character that is not printed; 0: none.
fn odd_length(text: &[u8]) -> usize {
    match text {
        [b'\t' | b'\n', ..] => 0,
        [..=0x1f | 0x7f, ..] => 1,
        [0xc2, 0x80..=0x9f, ..] => 2,
        [0xe2, 0x80, 0xaa..=0xae, ..] | [0xe2, 0x81, 0xa6..=0xa9, ..] => 3,
        _ => 0,
    }
}

fn append_text(out: &mut Vec<u8>, text: &str, escapes: Escapes) {
    let bytes = text.as_bytes();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        let odd = odd_length(&bytes[at..]);
        if odd == 0 {
            at += 1;
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        if bytes[at] == 0x1b && escapes == Escapes::LeftOut {
            at += escape_sequence_length(&bytes[at..]);
        } else {
            append_hexadecimal(out, &bytes[at..at + odd]);
            at += odd;
        }
        from = at;
    }
    out.extend_from_slice(&bytes[from..]);
}

/// `\xNN` for every byte: a component may write gigabytes of them.
static HEXADECIMAL: [[u8; 4]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut table = [[b'\\', b'x', 0, 0]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte][2] = DIGITS[byte >> 4];
        table[byte][3] = DIGITS[byte & 15];
        byte += 1;
    }
    table
};

fn append_hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.extend_from_slice(&HEXADECIMAL[usize::from(*byte)]);
    }
}

/// The length of the sequence (ECMA-48) that begins with the ESC at the start of `text`.
fn escape_sequence_length(text: &[u8]) -> usize {
    let run = |from: usize, bytes: std::ops::RangeInclusive<u8>| {
        text.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| bytes.contains(byte)).count())
    };
    let with_final =
        |end: usize, bytes: std::ops::RangeInclusive<u8>| end + usize::from(text.get(end).is_some_and(|byte| bytes.contains(byte)));
    match text.get(1) {
        // Colours and cursor movements: parameters, intermediates, a final byte.
        Some(b'[') => with_final(2 + run(2, 0x20..=0x3f), 0x40..=0x7e),
        // Titles, hyperlinks: a text up to BEL or ESC \. One without an end hides nothing.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => match memchr::memchr2(0x07, 0x1b, &text[2..]) {
            Some(position) if text[2 + position] == 0x07 => 3 + position,
            Some(position) if text.get(3 + position) == Some(&b'\\') => 4 + position,
            _ => 2,
        },
        Some(0x20..=0x2f) => with_final(1 + run(1, 0x20..=0x2f), 0x30..=0x7e),
        Some(0x30..=0x7e) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        append(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn sequences_of_terminals_are_left_out() {
        for (raw, shown) in [
            ("\x1b[1;32mINFO\x1b[0m up\n", "INFO up\n"),
            ("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", "textlink\n"),
            ("\x1b(Bplain\x1b=\x1bM\x1b\n", "plain\n"),
            ("\x1b]no end\n", "no end\n"),
            ("\x1b[38;5;1\n", "\n"),
            ("\x1b[3é\n", "é\n"),
        ] {
            assert_eq!(printed(raw.as_bytes()), shown, "{raw:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_hexadecimal_and_text_stays() {
        assert_eq!(printed(b"a\tb\0c\x7f\xff\xc3\xa9 gr\xc3\xbc\xc3\x9fe\rx\r\n\r\n"), "a\tb\\x00c\\x7f\\xffé grüße\\x0dx\n\n");
        assert_eq!(printed("\u{85}\u{9b}1m".as_bytes()), "\\xc2\\x85\\xc2\\x9b1m");
    }

    #[test]
    fn what_came_from_elsewhere_is_shown_and_controls_nothing() {
        let text = "a\x1b[31mb\tc\r\nd\u{9b}\u{202e}\u{2067}\u{7f}grüße\n";
        assert_eq!(printable(text), "a\\x1b[31mb\tc\\x0d\nd\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x81\\xa7\\x7fgrüße\n");
        assert_eq!(one_line("a\nb\x1bc"), "a\\nb\\x1bc");
        assert!(matches!(printable("grüße\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_escape_in_a_document_means_the_same() {
        let value = serde_json::json!({"a\u{9b}": "\x1b[31m\u{7f}\u{85}\u{202e}\u{2066}é\n\t", "b": ["\u{80}\u{9f}"]});
        for document in [serde_json::to_string_pretty(&value).unwrap(), serde_yaml::to_string(&value).unwrap()] {
            let shown = escaped(&document);
            assert!(!shown.contains(is_odd), "{shown:?}");
            assert_eq!(serde_yaml::from_str::<serde_json::Value>(&shown).unwrap(), value, "{shown}");
        }
    }

    #[test]
    fn a_piece_is_not_cut_within_a_character_or_sequence() {
        for (piece, length) in [
            ("abc".as_bytes(), 3),
            (b"ab\xc3", 2),
            ("é".as_bytes(), 2),
            (b"a\xe2\x82", 1),
            (b"ab\x1b[3", 2),
            (b"ab\r", 2),
            (b"ab\x1b[3mc", 7),
            (b"ab\x1b]0;c", 2),
            (b"", 0),
            (b"\xbf\xbf\xbf\xbf", 4),
        ] {
            assert_eq!(whole(piece), length, "{piece:?}");
        }
    }

    /// The rule, applied character by character.
    fn said(text: &str) -> String {
        let hexadecimal = |character: char| character.to_string().bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        text.chars().map(|character| if is_odd(character) { hexadecimal(character) } else { character.into() }).collect()
    }

    proptest! {
        #[test]
        fn texts_from_elsewhere_as_the_rule_says(text in "[\\PC\x00-\x20\x7f-\u{9f}\u{2020}-\u{2070}\x1b\n]{0,80}") {
            prop_assert_eq!(printable(&text), said(&text));
        }

        #[test]
        fn columns_are_those_of_the_printed_text(text in "[ -~\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]{0,600}") {
            prop_assert_eq!(columns(text.as_bytes()), printed(text.as_bytes()).len() as u64);
        }

        #[test]
        fn nothing_but_printable_lines_comes_of_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = printed(&bytes);
            prop_assert!(!text.contains(|character: char| character.is_control() && character != '\n' && character != '\t'));
            prop_assert_eq!(text.matches('\n').count(), bytes.iter().filter(|byte| **byte == b'\n').count());
        }

        #[test]
        fn plain_text_stays_as_it_is(text in "[ -~\t\n]{0,300}") {
            prop_assert!(is_plain(text.as_bytes()));
            prop_assert_eq!(printed(text.as_bytes()), text);
        }

        #[test]
        fn odd_bytes_are_seen_wherever_they_are(before in 0..9000_usize, byte in prop_oneof![0..=8_u8, 11..=31_u8, 127..=255_u8]) {
            let mut block = vec![b'x'; 9000];
            block[before] = byte;
            prop_assert!(!is_plain(&block));
        }
    }
}
