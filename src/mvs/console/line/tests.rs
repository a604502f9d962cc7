use super::*;
use crate::mvs::console::keys::Decoder;
use proptest::prelude::*;
use std::collections::VecDeque;

fn line(history: &[&str]) -> Line {
    let mut kept = History::default();
    for entry in history {
        kept.add(entry);
    }
    Line::new(kept)
}

/// Types; completes with these candidates for what follows the last blank. Returns the lines that were entered, and the other effects.
fn type_keys(line: &mut Line, bytes: &[u8], candidates: &[&str]) -> Vec<Effect> {
    let mut decoder = Decoder::default();
    let mut keys = VecDeque::new();
    bytes.iter().for_each(|byte| decoder.feed(*byte, &mut keys));
    let mut effects = Vec::new();
    for key in keys {
        let mut effect = line.apply(key);
        if effect == Effect::Complete {
            let from = line.before().rfind(' ').map_or(0, |at| at + 1);
            let typed = line.before()[from..].to_lowercase();
            let fitting = candidates.iter().filter(|candidate| candidate.to_lowercase().starts_with(&typed));
            effect = line.completed(from, fitting.map(|candidate| (*candidate).to_owned()).collect());
        }
        if let Effect::Entered(command) = &effect {
            line.remember(command);
        }
        effects.push(effect);
    }
    effects.retain(|effect| !matches!(effect, Effect::Nothing | Effect::Redraw));
    effects
}

/// What stands in the line after typing, with the cursor as `|`.
fn shows(history: &[&str], keys: &str) -> String {
    let mut line = line(history);
    assert_eq!(type_keys(&mut line, keys.as_bytes(), &["pinger", "pingpong", "Greeter", "greeter2"]), [], "{keys:?}");
    format!("{}|{}", line.before(), line.after())
}

#[test]
fn keys_edit_the_line() {
    for (keys, expected) in [
        ("abc", "abc|"),
        ("abc\x02\x02X", "aX|bc"),
        ("abc\x01X\x05Y", "XabcY|"),
        ("abc\x01\x06\x04", "a|c"),
        ("abc\x01\x1b[3~", "|bc"),
        ("abc\x7f\x08", "a|"),
        ("abc\x02\x0b", "ab|"),
        ("abc\x02\x15", "|c"),
        ("\x7f\x1b[3~\x17\x15\x0b\x1b[D\x1b[C", "|"),
        ("F A,B=c  \x17", "F |"),
        ("F A,B=c\x1b\x7f", "F A,B=|"),
        ("F A,B=c\x1b[1;5D\x1b[1;5D", "F A,|B=c"),
        ("F ABC,D\x01\x1b[1;5C\x1b[1;5C", "F ABC|,D"),
        ("F ABC,D \x1b[1;5C", "F ABC,D |"),
        ("aéx\x02\x02\x7f", "|éx"),
        // A letter and its accents are passed as one.
        ("ae\u{301}\u{302}\x02", "a|e\u{301}\u{302}"),
        ("ae\u{301}\x7f", "a|"),
        ("e\u{301}a\x01\x06", "e\u{301}|a"),
        ("abc\x03d", "d|"),
    ] {
        assert_eq!(shows(&[], keys), expected, "{keys:?}");
    }
}

#[test]
fn the_history_keeps_what_was_being_typed() {
    let history = ["D A,L", "D T"];
    for (keys, expected) in [
        ("\x1b[A", "D T|"),
        ("\x1b[A\x1b[A\x1b[A", "D A,L|"),
        ("new\x1b[A\x1b[A\x1b[B\x1b[B", "new|"),
        ("new\x1b[A\x1b[A\x1b[B\x1b[B\x1b[B", "new|"),
        ("new\x1b[B", "new|"),
        ("new\x10X\x0e", "new|"),
        ("new\x1b[A\x03\x1b[B", "|"),
        ("new\x1b[A\x03\x1b[A", "D T|"),
    ] {
        assert_eq!(shows(&history, keys), expected, "{keys:?}");
    }
    let mut typed = line(&history);
    assert_eq!(type_keys(&mut typed, b"\x1b[A\x1b[A,X\rP\x1b[A", &[]), [Effect::Entered("D A,L,X".into())]);
    assert_eq!(typed.text(), "D A,L,X");
    assert_eq!(type_keys(&mut typed, b"\x1b[B", &[]), []);
    assert_eq!(typed.text(), "P");
}

#[test]
fn a_tab_completes_as_far_as_it_is_clear() {
    for (keys, expected) in [
        ("F pi\t", "F ping|"),
        ("F pinge\t,", "F pinger,|"),
        ("F X\t", "F X|"),
        ("F PINGP\t", "F pingpong|"),
        ("F ping r\x02\x02\te", "F pinge| r"),
    ] {
        assert_eq!(shows(&[], keys), expected, "{keys:?}");
    }
    let listed = |keys: &str| type_keys(&mut line(&[]), keys.as_bytes(), &["pinger", "pingpong", "Greeter", "greeter2"]);
    let both = [Effect::List(vec!["pinger".into(), "pingpong".into()])];
    assert_eq!(listed("pi\t\t"), both);
    assert_eq!(listed("ping\t\t"), both);
    assert_eq!(listed("ping\te\x7f\t"), [], "another key between two tabs");
    // Candidates that have less in common than what is there leave it unchanged.
    assert_eq!(shows(&[], "gre\t"), "gre|");
    assert_eq!(listed("gre\t\t"), [Effect::List(vec!["Greeter".into(), "greeter2".into()])]);
    assert_eq!(line(&[]).completed(7, vec!["x".into()]), Effect::Nothing, "a place that is not in the line");
}

#[test]
fn effects_come_in_the_order_of_the_keys() {
    let effects = type_keys(&mut line(&[]), b"D T\r\x0c\rP X\n\x04", &[]);
    assert_eq!(
        effects,
        [
            Effect::Entered("D T".into()),
            Effect::ClearScreen,
            Effect::Entered(String::new()),
            Effect::Entered("P X".into()),
            Effect::EndOfInput
        ]
    );
    assert_eq!(type_keys(&mut line(&[]), b"x\x04\x01", &[]), [], "Ctrl-D ends only in an empty line");
}

#[test]
fn a_line_has_a_limit() {
    let mut line = line(&[]);
    type_keys(&mut line, "é".repeat(LIMIT + 10).as_bytes(), &[]);
    assert_eq!(line.text().chars().count(), LIMIT);
    type_keys(&mut line, b"\x7f \t", &["pinger"]);
    assert_eq!(line.text().chars().count(), LIMIT, "a completion that does not fit is not begun");
}

/// Text, keys, sequences whole and broken, and anything.
fn typed() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => "[a-zA-Z ,=()é€😀\u{301}\u{200d}中]{1,4}".prop_map(String::into_bytes),
        4 => prop::sample::select(vec![
            "\r", "\n", "\t", "\x01", "\x02", "\x03", "\x04", "\x05", "\x06", "\x08", "\x0b", "\x0c", "\x0e", "\x10", "\x15", "\x17", "\x1b", "\x1b[A",
            "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[3~", "\x1b[H", "\x1b[F", "\x1bOA", "\x1b[1;5C", "\x1b[1;5D", "\x1b[200~", "\x1b[201~", "\x1b\x7f", "\x7f",
        ])
        .prop_map(|keys| keys.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn whatever_is_typed_the_cursor_stays_on_a_character(keys in typed()) {
        let mut line = line(&["D A,L", "F é"]);
        let mut decoder = Decoder::default();
        let mut queue = VecDeque::new();
        for byte in keys {
            decoder.feed(byte, &mut queue);
            while let Some(key) = queue.pop_front() {
                if line.apply(key) == Effect::Complete {
                    line.completed(line.before().rfind(' ').map_or(0, |at| at + 1), vec!["é1".into(), "é2".into()]);
                }
                prop_assert!(line.text().is_char_boundary(line.cursor()));
                prop_assert!(line.text().chars().count() <= LIMIT && !line.text().chars().any(char::is_control));
            }
        }
    }

    /// Keys after the last whole one wait in the decoder, so chunks only matter through it: what is entered is the same however the bytes
    /// were cut.
    #[test]
    fn how_the_bytes_were_cut_makes_no_difference(keys in typed(), cuts in prop::collection::vec(1_usize..9, 1..40)) {
        let mut whole = line(&["D A,L", "F é"]);
        let effects = type_keys(&mut whole, &keys, &["pinger"]);
        let mut cut = line(&["D A,L", "F é"]);
        let (mut decoder, mut queue, mut rest, mut cut_effects) = (Decoder::default(), VecDeque::new(), keys.as_slice(), Vec::new());
        for length in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*length).min(rest.len()));
            now.iter().for_each(|byte| decoder.feed(*byte, &mut queue));
            while let Some(key) = queue.pop_front() {
                let mut effect = cut.apply(key);
                if effect == Effect::Complete {
                    let from = cut.before().rfind(' ').map_or(0, |at| at + 1);
                    let fits = "pinger".starts_with(&cut.before()[from..].to_lowercase());
                    effect = cut.completed(from, fits.then(|| "pinger".to_owned()).into_iter().collect());
                }
                if let Effect::Entered(command) = &effect {
                    cut.remember(command);
                }
                cut_effects.push(effect);
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        cut_effects.retain(|effect| !matches!(effect, Effect::Nothing | Effect::Redraw));
        prop_assert_eq!(cut_effects, effects);
        prop_assert_eq!((cut.text(), cut.cursor()), (whole.text(), whole.cursor()));
    }

    #[test]
    fn text_that_is_typed_is_what_is_entered(text in "[^\\p{Cc}]{0,100}") {
        let mut line = line(&[]);
        let effects = type_keys(&mut line, format!("{text}\r").as_bytes(), &[]);
        prop_assert_eq!(effects, [Effect::Entered(text)]);
    }
}
