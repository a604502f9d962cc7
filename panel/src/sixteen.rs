//! Colours as every terminal that has any knows them: `ESC [ 32 m`, not `ESC [ 38;5;2 m`, which older ones take for three settings.

use std::io::{self, Write};

/// Passes on what is written when it is flushed, a frame with one write, with the colours 0 to 15 in their short form.
#[derive(Debug)]
pub(crate) struct Sixteen<W: Write> {
    terminal: W,
    frame: Vec<u8>,
}

impl<W: Write> Sixteen<W> {
    pub(crate) fn new(terminal: W) -> Sixteen<W> {
        Sixteen { terminal, frame: Vec::new() }
    }
}

impl<W: Write> Write for Sixteen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let frame = shortened(&std::mem::take(&mut self.frame));
        self.terminal.write_all(&frame)?;
        self.terminal.flush()
    }
}

/// The same bytes, with short forms of colours.
fn shortened(frame: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        let (before, sequence) = rest.split_at(at + 2);
        short.extend_from_slice(before);
        let end = sequence.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';')).unwrap_or(sequence.len());
        let (parameters, after) = sequence.split_at(end);
        match std::str::from_utf8(parameters) {
            Ok(text) if after.first() == Some(&b'm') => short.extend_from_slice(colours(text).as_bytes()),
            _ => short.extend_from_slice(parameters),
        }
        rest = after;
    }
    short.extend_from_slice(rest);
    short
}

fn colours(parameters: &str) -> String {
    let mut words = parameters.split(';').peekable();
    let mut short: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        if !matches!(word, "38" | "48") || words.peek() != Some(&"5") {
            short.push(word.to_owned());
            continue;
        }
        let (mode, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let base = if word == "38" { 30 } else { 40 };
        match number.parse::<u8>() {
            Ok(number @ 0..8) => short.push((base + number).to_string()),
            Ok(number @ 8..16) => short.push((base + 60 + number - 8).to_string()),
            _ => short.extend([word, mode, number].map(str::to_owned)),
        }
    }
    short.join(";")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sixteen_have_a_short_form() {
        for (long, short) in [
            ("\x1b[38;5;2;49mä\x1b[0m", "\x1b[32;49mä\x1b[0m"),
            ("\x1b[1;38;5;9;48;5;0mx", "\x1b[1;91;40mx"),
            ("\x1b[38;5;200mx\x1b[48;2;1;2;3m", "\x1b[38;5;200mx\x1b[48;2;1;2;3m"),
            ("\x1b[38;5;2H\x1b[?25l\x1b[", "\x1b[38;5;2H\x1b[?25l\x1b["),
            ("5;2m 38;5;2m", "5;2m 38;5;2m"),
        ] {
            assert_eq!(String::from_utf8(shortened(long.as_bytes())).unwrap(), short);
        }
    }

    #[test]
    fn a_frame_goes_out_when_it_is_whole() {
        let mut out = Sixteen::new(Vec::new());
        out.write_all(b"\x1b[38;").unwrap();
        out.write_all(b"5;1mx").unwrap();
        assert_eq!(out.terminal, b"");
        out.flush().unwrap();
        assert_eq!(out.terminal, b"\x1b[31mx");
    }
}
