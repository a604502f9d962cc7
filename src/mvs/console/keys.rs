//! Turns the bytes of a terminal into keys. Pure, byte by byte: how the bytes were cut into reads makes no difference. (crossterm's decoder
//! can be reached through its reader only, see `terminal`; parsers of what programs write, as vte, drop keys: Alt-Backspace, ESC O.)

use std::collections::VecDeque;

/// The most parameter bytes of a control sequence that is known; longer sequences are skipped whole.
const PARAMETERS: usize = 8;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A character to insert, never a control character.
    Text(char),
    Enter,
    Tab,
    Backspace,
    /// Delete, or end of input in an empty line (Ctrl-D).
    DeleteOrEnd,
    Delete,
    /// Back to the last blank (Ctrl-W).
    DeleteToBlank,
    /// Back to the beginning of the word (Alt-Backspace).
    DeleteWord,
    DeleteToStart,
    DeleteToEnd,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Up,
    Down,
    ClearScreen,
    /// Ctrl-R: look for what was entered before.
    Search,
    /// Ctrl-G: end such a search without what it has found.
    Abandon,
    /// Ctrl-C.
    Interrupt,
}

/// A sequence that has begun and not ended.
#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Ground,
    /// A character of several bytes.
    Utf8 { bytes: [u8; 4], length: usize, wanted: usize },
    /// ESC.
    Escape,
    /// ESC O.
    Application,
    /// ESC \[ and parameters.
    Control { parameters: [u8; PARAMETERS], length: usize },
    /// ESC \[ \[, a function key of the Linux console.
    LinuxFunction,
}

/// Turns bytes into keys.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    /// Between the marks that a terminal puts around what is pasted.
    in_paste: bool,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_return: bool,
}

impl Decoder {
    /// Takes one more byte; adds no key, one key, or two when it also shows that what came before it is broken.
    pub(super) fn feed(&mut self, byte: u8, keys: &mut VecDeque<Key>) {
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        if byte == b'\n' && after_return {
            return;
        }
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(byte, keys),
            State::Utf8 { bytes, length, wanted } => self.continued(bytes, length, wanted, byte, keys),
            State::Escape => self.escaped(byte, keys),
            State::Application => match byte {
                0x20..=0x7e => self.named(application_key(byte), keys),
                _ => self.ground(byte, keys),
            },
            State::Control { parameters, length } => self.control(parameters, length, byte, keys),
            State::LinuxFunction => {
                if !(0x20..=0x7e).contains(&byte) {
                    self.ground(byte, keys);
                }
            }
        }
    }

    /// True after what may be the Escape key or the beginning of a sequence: only time decides, see [`Decoder::pause`].
    pub(super) fn awaits_more(&self) -> bool {
        matches!(self.state, State::Escape | State::Application)
    }

    /// Nothing came for a while: what had begun was the Escape key, which does nothing.
    pub(super) fn pause(&mut self) {
        if self.awaits_more() {
            self.state = State::Ground;
        }
    }

    fn ground(&mut self, byte: u8, keys: &mut VecDeque<Key>) {
        let wanted = match byte {
            0x1b => {
                self.state = State::Escape;
                return;
            }
            0x20..=0x7e => {
                keys.push_back(Key::Text(char::from(byte)));
                return;
            }
            0x00..=0x1f | 0x7f => {
                keys.extend(self.control_key(byte));
                return;
            }
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => {
                keys.push_back(Key::Text(char::REPLACEMENT_CHARACTER));
                return;
            }
        };
        self.state = State::Utf8 { bytes: [byte, 0, 0, 0], length: 1, wanted };
    }

    fn continued(&mut self, mut bytes: [u8; 4], length: usize, wanted: usize, byte: u8, keys: &mut VecDeque<Key>) {
        if !(0x80..=0xbf).contains(&byte) {
            keys.push_back(Key::Text(char::REPLACEMENT_CHARACTER));
            self.ground(byte, keys);
            return;
        }
        if let Some(place) = bytes.get_mut(length) {
            *place = byte;
        }
        let length = length + 1;
        if length < wanted {
            self.state = State::Utf8 { bytes, length, wanted };
            return;
        }
        let text = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let character = text.and_then(|text| text.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER);
        if !character.is_control() {
            keys.push_back(Key::Text(character));
        }
    }

    fn escaped(&mut self, byte: u8, keys: &mut VecDeque<Key>) {
        match byte {
            b'[' => self.state = State::Control { parameters: [0; PARAMETERS], length: 0 },
            b'O' => self.state = State::Application,
            b'b' if !self.in_paste => keys.push_back(Key::WordLeft),
            b'f' if !self.in_paste => keys.push_back(Key::WordRight),
            0x7f if !self.in_paste => keys.push_back(Key::DeleteWord),
            // The Escape key, and then another.
            _ => self.ground(byte, keys),
        }
    }

    fn control(&mut self, mut parameters: [u8; PARAMETERS], length: usize, byte: u8, keys: &mut VecDeque<Key>) {
        match byte {
            b'[' if length == 0 => self.state = State::LinuxFunction,
            0x20..=0x3f => {
                if let Some(place) = parameters.get_mut(length) {
                    *place = byte;
                }
                self.state = State::Control { parameters, length: (length + 1).min(PARAMETERS + 1) };
            }
            0x40..=0x7e => match (parameters.get(..length), byte) {
                (Some(b"200"), b'~') => self.in_paste = true,
                (Some(b"201"), b'~') => self.in_paste = false,
                (Some(parameters), last) => self.named(sequence_key(parameters, last), keys),
                (None, _) => {}
            },
            // Not the rest of a sequence: the sequence was cut off, and this is a separate key.
            _ => self.ground(byte, keys),
        }
    }

    /// A key that has a name but no character. Pasted text does not move the cursor.
    fn named(&self, key: Option<Key>, keys: &mut VecDeque<Key>) {
        if !self.in_paste {
            keys.extend(key);
        }
    }

    fn control_key(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'\r' | b'\n' => Some(Key::Enter),
            // Also ends a paste whose end was lost: there must be a way out.
            0x03 => {
                self.in_paste = false;
                Some(Key::Interrupt)
            }
            b'\t' if self.in_paste => Some(Key::Text(' ')),
            _ if self.in_paste => None,
            b'\t' => Some(Key::Tab),
            0x01 => Some(Key::Home),
            0x02 => Some(Key::Left),
            0x04 => Some(Key::DeleteOrEnd),
            0x05 => Some(Key::End),
            0x06 => Some(Key::Right),
            0x07 => Some(Key::Abandon),
            0x12 => Some(Key::Search),
            0x08 | 0x7f => Some(Key::Backspace),
            0x0b => Some(Key::DeleteToEnd),
            0x0c => Some(Key::ClearScreen),
            0x0e => Some(Key::Down),
            0x10 => Some(Key::Up),
            0x15 => Some(Key::DeleteToStart),
            0x17 => Some(Key::DeleteToBlank),
            _ => None,
        }
    }
}

/// ESC O and this byte: keypads in application mode, rxvt with Ctrl.
fn application_key(byte: u8) -> Option<Key> {
    match byte {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'C' => Some(Key::Right),
        b'D' => Some(Key::Left),
        b'F' => Some(Key::End),
        b'H' => Some(Key::Home),
        b'M' => Some(Key::Enter),
        b'c' => Some(Key::WordRight),
        b'd' => Some(Key::WordLeft),
        _ => None,
    }
}

/// ESC \[, parameters and this byte.
fn sequence_key(parameters: &[u8], last: u8) -> Option<Key> {
    let mut parts = parameters.split(|byte| *byte == b';');
    let number = parts.next().unwrap_or_default();
    // xterm's modifiers are 1 plus the sum of Shift 1, Alt 2, Ctrl 4.
    let by_word = matches!(parts.next(), Some(b"3" | b"4" | b"5" | b"6" | b"7" | b"8"));
    match last {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'C' => Some(if by_word { Key::WordRight } else { Key::Right }),
        b'D' => Some(if by_word { Key::WordLeft } else { Key::Left }),
        b'F' => Some(Key::End),
        b'H' => Some(Key::Home),
        b'~' => match number {
            b"1" | b"7" => Some(Key::Home),
            b"3" => Some(Key::Delete),
            b"4" | b"8" => Some(Key::End),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut decoder = Decoder::default();
        let mut keys = VecDeque::new();
        bytes.iter().for_each(|byte| decoder.feed(*byte, &mut keys));
        keys.into()
    }

    fn text(text: &str) -> Vec<Key> {
        text.chars().map(Key::Text).collect()
    }

    #[test]
    fn the_usual_sequences_are_keys() {
        for (bytes, expected) in [
            ("\x1b[A\x1bOA\x10", [Key::Up; 3].as_slice()),
            ("\x1b[B\x1bOB\x0e", &[Key::Down; 3]),
            ("\x1b[C\x1bOC\x06", &[Key::Right; 3]),
            ("\x1b[D\x1bOD\x02", &[Key::Left; 3]),
            ("\x1b[H\x1bOH\x1b[1~\x1b[7~\x01", &[Key::Home; 5]),
            ("\x1b[F\x1bOF\x1b[4~\x1b[8~\x05", &[Key::End; 5]),
            ("\x1b[3~", &[Key::Delete]),
            ("\x1b[1;5C\x1b[1;3C\x1bf\x1bOc", &[Key::WordRight; 4]),
            ("\x1b[1;5D\x1b[1;3D\x1bb\x1bOd", &[Key::WordLeft; 4]),
            ("\x1b[1;2D", &[Key::Left]),
            ("\x7f\x08", &[Key::Backspace; 2]),
            ("\x1b\x7f", &[Key::DeleteWord]),
            ("\r\x1bOM\n", &[Key::Enter; 3]),
            ("\r\n", &[Key::Enter]),
            ("\r\r\n\n", &[Key::Enter; 3]),
            (
                "\x03\t\x04\x0b\x15\x17\x0c",
                &[Key::Interrupt, Key::Tab, Key::DeleteOrEnd, Key::DeleteToEnd, Key::DeleteToStart, Key::DeleteToBlank, Key::ClearScreen],
            ),
        ] {
            assert_eq!(keys(bytes.as_bytes()), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over_whole() {
        for bytes in ["\x1b[15~", "\x1b[1;2P", "\x1b[[A", "\x1bOP", "\x1b[I", "\x1b[?2004;1$y", "\x1b[123456789012345;5C", "\x1b[Z", "\x00"]
        {
            assert_eq!(keys(format!("{bytes}x").as_bytes()), text("x"), "{bytes:?}");
        }
    }

    #[test]
    fn an_escape_key_costs_nothing_but_itself() {
        assert_eq!(keys(b"\x1bP Z"), text("P Z"));
        assert_eq!(keys(b"\x1b\x1b[A"), [Key::Up]);
        assert_eq!(keys(b"\x1b[12\r"), [Key::Enter]);
        let mut decoder = Decoder::default();
        let mut keys = VecDeque::new();
        decoder.feed(0x1b, &mut keys);
        assert!(decoder.awaits_more());
        decoder.pause();
        assert!(!decoder.awaits_more());
        for byte in *b"[O" {
            decoder.feed(byte, &mut keys);
        }
        assert_eq!(Vec::from(keys), text("[O"));
    }

    #[test]
    fn characters_of_several_bytes_and_broken_ones() {
        assert_eq!(keys("aé€😀".as_bytes()), text("aé€😀"));
        assert_eq!(keys(b"\xe2\x82A\xff\xc0\x80B"), text("\u{fffd}A\u{fffd}\u{fffd}\u{fffd}B"));
        assert_eq!(keys("\u{85}\u{9b}x".as_bytes()), text("x"));
    }

    #[test]
    fn what_is_pasted_is_text_and_line_ends() {
        assert_eq!(keys(b"\x1b[200~A\tB\x15\x1b[A\x1bb\x1b[201~\x1b[A"), [text("A Bb"), vec![Key::Up]].concat());
        assert_eq!(
            keys(b"\x1b[200~A\r\nB\nC\r\x1b[201~"),
            [text("A"), vec![Key::Enter], text("B"), vec![Key::Enter], text("C"), vec![Key::Enter]].concat()
        );
        assert_eq!(keys(b"\x1b[200~A\x03\t"), [text("A"), vec![Key::Interrupt, Key::Tab]].concat());
    }

    proptest! {
        #[test]
        fn any_bytes_are_keys_and_no_control_character_is_text(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let keys = keys(&bytes);
            prop_assert!(keys.len() <= bytes.len());
            prop_assert!(keys.iter().all(|key| !matches!(key, Key::Text(character) if character.is_control())));
        }

        #[test]
        fn text_is_read_as_it_is(typed in "[^\\p{Cc}]{0,60}") {
            prop_assert_eq!(keys(typed.as_bytes()), text(&typed));
        }
    }
}
