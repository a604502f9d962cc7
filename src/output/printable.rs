//! Lines as SYSPRINT and the console show them: without escape sequences of terminals, and without bytes that are no text.

use std::io::Write;

/// Whether a block has to be looked at at all: anything but printable ASCII, tabs and line ends. One pass without a branch, which the
/// compiler makes a vector loop of.
pub(super) fn is_plain(block: &[u8]) -> bool {
    block.chunks(4096).all(|chunk| {
        let odd =
            chunk.iter().fold(0_u8, |odd, byte| odd | u8::from(((*byte < b' ') & (*byte != b'\n') & (*byte != b'\t')) | (*byte >= 0x7f)));
        odd == 0
    })
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
                append_text(out, chunk.valid());
                append_hexadecimal(out, chunk.invalid());
            }
        }
        out.extend_from_slice(end);
    }
}

/// How much of a piece of a line can be printed before the next piece is known: all but a character or escape sequence at its end that may
/// go on.
pub(super) fn whole(piece: &[u8]) -> usize {
    const LONGEST: usize = 64;
    let from = piece.len().saturating_sub(LONGEST);
    if let Some(position) = memchr::memrchr(0x1b, &piece[from..]) {
        return from + position;
    }
    let last = piece.len().saturating_sub(3);
    match piece[last..].iter().rposition(|byte| *byte >= 0xc0) {
        Some(position) if std::str::from_utf8(&piece[last + position..]).is_err() => last + position,
        _ => piece.len(),
    }
}

fn append_text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    while let Some(position) = rest.find(|character: char| character.is_control() && character != '\t') {
        out.extend_from_slice(&rest.as_bytes()[..position]);
        rest = &rest[position..];
        let length = if rest.starts_with('\x1b') {
            escape_sequence_length(rest.as_bytes())
        } else {
            let length = rest.chars().next().map_or(0, char::len_utf8);
            append_hexadecimal(out, &rest.as_bytes()[..length]);
            length
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
}

fn append_hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        // Writing into memory cannot fail.
        let _ = write!(out, "\\x{byte:02x}");
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
        // Titles, hyperlinks: a text up to BEL or ESC \. One that does not end hides nothing.
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
    fn a_piece_is_not_cut_within_a_character_or_sequence() {
        for (piece, length) in [
            ("abc".as_bytes(), 3),
            (b"ab\xc3", 2),
            ("é".as_bytes(), 2),
            (b"a\xe2\x82", 1),
            (b"ab\x1b[3", 2),
            (b"", 0),
            (b"\xbf\xbf\xbf\xbf", 4),
        ] {
            assert_eq!(whole(piece), length, "{piece:?}");
        }
    }

    proptest! {
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
