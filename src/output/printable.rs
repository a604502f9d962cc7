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

/// The greatest length that a piece of a line can have when it is printed, at little cost: exact for UTF-8 without escape sequences. A piece
/// may begin and end within a character.
pub(super) fn columns(piece: &[u8]) -> u64 {
    let continues = |byte: &&u8| matches!(**byte, 0x80..=0xbf);
    let begun = piece.iter().take(3).take_while(continues).count();
    let is_text = std::str::from_utf8(&piece[begun..]).map_or_else(|error| error.error_len().is_none(), |_| true);
    let last = if is_text { 0x7f } else { 0xff };
    let is_odd = |byte: u8| (byte < b' ') & (byte != b'\t') | (0x7f..=last).contains(&byte);
    let odd_in = |chunk: &[u8]| u64::from(chunk.iter().fold(0_u8, |count, byte| count + u8::from(is_odd(*byte))));
    piece.len() as u64 + 3 * piece.chunks(255).map(odd_in).sum::<u64>()
}

/// Appends a block of whole lines. UTF-8 stays; escape sequences and a carriage return at the end of a line are left out; every other
/// byte becomes `\xNN`.
pub(super) fn append(out: &mut Vec<u8>, block: &[u8]) {
    let mut rest = block;
    while !rest.is_empty() {
        let line_end = memchr::memchr(b'\n', rest);
        let (line, next) = rest.split_at(line_end.unwrap_or(rest.len()));
        let text = if line_end.is_some() { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        append_line(out, text, Escapes::LeftOut);
        out.extend_from_slice(&next[..next.len().min(1)]);
        rest = next.get(1..).unwrap_or_default();
    }
}

/// A component may write gigabytes of anything, so the parts of a text that are printed alike are as long as possible, and every byte is
/// looked at once or twice.
fn append_line(out: &mut Vec<u8>, text: &[u8], escapes: Escapes) {
    let mut rest = text;
    while let Some(first) = rest.first() {
        let length = if *first == ESCAPE && escapes == Escapes::LeftOut {
            escape_sequence_length(rest)
        } else {
            match text_length(rest) {
                0 => {
                    let length = odd_length(rest);
                    append_odd(out, &rest[..length]);
                    length
                }
                length => {
                    out.extend_from_slice(&rest[..length]);
                    length
                }
            }
        };
        rest = &rest[length..];
    }
}

/// A text of several lines from an untrusted source, made safe for a terminal: control characters except line ends and tabs, and characters
/// that change the direction of text, become `\xNN`, byte by byte.
pub fn printable(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) || !text.contains(is_odd) {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    append_line(&mut out, text.as_bytes(), Escapes::Shown);
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
    if let Some(position) = memchr::memrchr(ESCAPE, &piece[from..]) {
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

const ESCAPE: u8 = 0x1b;

/// The length of what is printed as it is at the beginning of a text.
fn text_length(text: &[u8]) -> usize {
    const STEP: usize = 32;
    let mut at = 0;
    loop {
        at += STEP * text[at..].chunks_exact(STEP).take_while(|step| is_plain(step)).count();
        at += text[at..].iter().take_while(|byte| WIDTHS[usize::from(**byte)] == 1).count();
        match character(&text[at..]) {
            Some((length, false)) => at += length,
            _ => return at,
        }
    }
}

/// How far the bytes at the beginning of a text that are not printed as they are go on, together with the ASCII between them.
fn odd_length(text: &[u8]) -> usize {
    let mut at = 1;
    let begins_character = |byte: &u8| *byte == ESCAPE || *byte >= 0xc2;
    if let Some((length, _)) = character(text) {
        at = length;
    }
    loop {
        at += text[at..].iter().take_while(|byte| !begins_character(byte)).count();
        match text.get(at) {
            None | Some(&ESCAPE) => return at,
            Some(_) => match character(&text[at..]) {
                Some((_, false)) => return at,
                Some((length, true)) => at += length,
                None => at += 1,
            },
        }
    }
}

/// The length of the character beyond ASCII at the beginning of a text (well-formed UTF-8, table 3-7 of the Unicode standard), and whether
/// it must not reach a terminal, as [`is_odd`] says.
fn character(text: &[u8]) -> Option<(usize, bool)> {
    let [0xc2..=0xf4, 0x80..=0xbf, ..] = text else { return None };
    Some(match text {
        [0xc2, 0x80..=0x9f, ..] => (2, true),
        [0xe2, 0x80, 0xaa..=0xae, ..] | [0xe2, 0x81, 0xa6..=0xa9, ..] => (3, true),
        [0xc2..=0xdf, 0x80..=0xbf, ..] => (2, false),
        [0xe0, 0xa0..=0xbf, 0x80..=0xbf, ..]
        | [0xed, 0x80..=0x9f, 0x80..=0xbf, ..]
        | [0xe1..=0xec | 0xee | 0xef, 0x80..=0xbf, 0x80..=0xbf, ..] => (3, false),
        [0xf0, 0x90..=0xbf, 0x80..=0xbf, 0x80..=0xbf, ..]
        | [0xf4, 0x80..=0x8f, 0x80..=0xbf, 0x80..=0xbf, ..]
        | [0xf1..=0xf3, 0x80..=0xbf, 0x80..=0xbf, 0x80..=0xbf, ..] => (4, false),
        _ => return None,
    })
}

/// How many bytes of [`PRINTED`] count: one for printable ASCII.
static WIDTHS: [u8; 256] = {
    let mut widths = [4; 256];
    widths[b'\t' as usize] = 1;
    widths[b'\n' as usize] = 1;
    let mut byte = 0x20;
    while byte < 0x7f {
        widths[byte] = 1;
        byte += 1;
    }
    widths
};

/// The byte itself, or `\xNN`.
static PRINTED: [[u8; 4]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut table = [[0; 4]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = if WIDTHS[byte] == 1 { [byte as u8, 0, 0, 0] } else { [b'\\', b'x', DIGITS[byte >> 4], DIGITS[byte & 15]] };
        byte += 1;
    }
    table
};

/// Four bytes are stored for each byte, and the next ones where those of it end that count: no branch depends on what it is.
fn append_odd(out: &mut Vec<u8>, bytes: &[u8]) {
    const BLOCK: usize = 1024;
    let mut printed = [0; 4 * BLOCK];
    for block in bytes.chunks(BLOCK) {
        let mut at = 0;
        for byte in block {
            printed[at..at + 4].copy_from_slice(&PRINTED[usize::from(*byte)]);
            at += usize::from(WIDTHS[usize::from(*byte)]);
        }
        out.extend_from_slice(&printed[..at]);
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
        // Titles, hyperlinks: a text up to BEL or ESC \. One without an end, or with bytes that are no text, hides nothing.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => match memchr::memchr2(0x07, ESCAPE, &text[2..]) {
            Some(position) if std::str::from_utf8(&text[2..2 + position]).is_err() => 2,
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

    fn is_odd_beyond_ascii(character: char) -> bool {
        !character.is_ascii() && is_odd(character)
    }

    /// Bytes of all kinds, alone and in runs: text, controls, beginnings and ends of characters and of sequences.
    fn odd_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            (any::<u8>(), 0..70_usize).prop_map(|(byte, count)| vec![byte; count]),
            "[ -~\t]{0,70}".prop_map(String::into_bytes),
            "\\PC{0,9}".prop_map(String::into_bytes),
            any::<char>().prop_map(|character| character.to_string().into_bytes()),
            prop::sample::select(vec![
                &b"\x1b["[..],
                b"\x1b]",
                b"\x1b[1;3",
                b"\x1b\\",
                b"\x07",
                b"m",
                b"\xe2\x80",
                b"\x80",
                b"\xae",
                b"\xf0\x9f",
                b"\r\n"
            ])
            .prop_map(<[u8]>::to_vec),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    /// The rule of [`append`], with the standard library's division into characters, one after the other.
    fn printed_by_rule(bytes: &[u8]) -> String {
        let mut out = String::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, end) = match line {
                [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => (text, "\n"),
                text => (text, ""),
            };
            for chunk in text.utf8_chunks() {
                let mut rest = chunk.valid();
                while let Some(character) = rest.chars().next() {
                    let length = if character == '\x1b' { escape_sequence_length(rest.as_bytes()) } else { character.len_utf8() };
                    if character != '\x1b' {
                        out += &said(&rest[..length]);
                    }
                    rest = &rest[length..];
                }
                chunk.invalid().iter().for_each(|byte| out += &format!("\\x{byte:02x}"));
            }
            out += end;
        }
        out
    }

    proptest! {
        #[test]
        fn texts_from_elsewhere_as_the_rule_says(text in "[\\PC\x00-\x20\x7f-\u{9f}\u{2020}-\u{2070}\x1b\n]{0,80}") {
            prop_assert_eq!(printable(&text), said(&text));
        }

        #[test]
        fn columns_are_at_least_those_of_the_printed_text(bytes in odd_bytes(), text in "[\\PC\t\x00\x01\x7f]{0,80}", cut in 0..4_usize) {
            // Three bytes at each end may be those of a character that is whole elsewhere.
            prop_assert!(columns(&bytes) + 2 * 3 * 3 >= printed_by_rule(&bytes).len() as u64);
            let text = text.replace(is_odd_beyond_ascii, "");
            prop_assert_eq!(columns(text.as_bytes()), printed(text.as_bytes()).len() as u64);
            // As it comes in pieces, which end anywhere.
            let (first, second) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(columns(first) + columns(second), printed(text.as_bytes()).len() as u64);
        }

        #[test]
        fn printed_as_the_rule_says(bytes in odd_bytes()) {
            prop_assert_eq!(printed(&bytes), printed_by_rule(&bytes));
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
