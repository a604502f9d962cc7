//! Prepares lines for a console or a data definition. Pure.

use crate::platform::ebcdic::{BLANK, NEW_LINE, to_ibm_1047};

/// Characters of a line of a multi-line WTO.
pub const ANSWER_COLUMNS: usize = 70;
/// Lines of one multi-line message; the service accepts 255.
const ANSWER_LINES: usize = 250;
/// The beginning of a continued line.
const CONTINUATION: &str = "  ";

/// What the system puts before the text of a message from `__console2` whose sender is not UID 0: `BPXM023I (user) `, in characters.
pub fn wrapper_columns(user: &str) -> usize {
    "BPXM023I () ".len() + user.chars().count()
}

/// An answer as messages for the console: lines of at most 70 characters, folded at blanks, ended by NL each. `reserved`: columns of the
/// first line of each message that the system needs for itself.
pub fn answer_messages(lines: &[String], reserved: usize) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<String>> = Vec::new();
    for line in lines {
        let pieces = fold(line, ANSWER_COLUMNS, 0);
        match messages.last_mut().filter(|message| message.len() + pieces.len() <= ANSWER_LINES) {
            Some(message) => message.extend(pieces),
            None => {
                let pieces = fold(line, ANSWER_COLUMNS, reserved);
                // More than a message takes: any of its pieces may be a first line.
                let is_long = pieces.len() > ANSWER_LINES;
                let pieces = if is_long { fold(line, ANSWER_COLUMNS - reserved, 0) } else { pieces };
                messages.extend(pieces.chunks(ANSWER_LINES).map(<[String]>::to_vec));
            }
        }
    }
    let text = |lines: Vec<String>| lines.iter().flat_map(|line| to_ibm_1047(line).into_iter().chain([NEW_LINE])).collect();
    messages.into_iter().map(text).collect()
}

/// A line in pieces of at most `columns` characters (more than the continuation has), the first of `reserved` fewer, split at blanks where
/// possible.
pub fn fold(line: &str, columns: usize, reserved: usize) -> Vec<String> {
    let mut rest: Vec<char> = line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    while rest.last() == Some(&' ') {
        rest.pop();
    }
    let mut pieces = Vec::new();
    loop {
        let mut piece: String = if pieces.is_empty() { String::new() } else { CONTINUATION.to_owned() };
        let room = columns - if pieces.is_empty() { reserved } else { piece.len() };
        if rest.len() <= room {
            piece.extend(rest);
            pieces.push(piece);
            return pieces;
        }
        let begin = rest.iter().position(|character| *character != ' ').unwrap_or(0);
        // The blank itself may be in the column after the last one.
        let end = rest.iter().take(room + 1).rposition(|character| *character == ' ').filter(|end| *end > begin).unwrap_or(room);
        piece.extend(rest.drain(..end));
        pieces.push(piece.trim_end().to_owned());
        let blanks = rest.iter().take_while(|character| **character == ' ').count();
        rest.drain(..blanks);
    }
}

/// A line as records of at most `length` bytes in IBM-1047. No record is empty, because an empty one would not be written.
pub fn records(line: &str, length: usize) -> Vec<Vec<u8>> {
    let bytes = to_ibm_1047(line.trim_end_matches('\r'));
    if bytes.is_empty() { vec![vec![BLANK]] } else { bytes.chunks(length.max(1)).map(<[u8]>::to_vec).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ebcdic::ibm_1047;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_folded_at_blanks() {
        let line = format!("ZWEL0011I component {} is up", "x".repeat(60));
        assert_eq!(fold(&line, 70, 0), ["ZWEL0011I component", &format!("  {} is up", "x".repeat(60))]);
        assert_eq!(fold("", 70, 0), [""]);
        assert_eq!(fold(&"y".repeat(71), 70, 0), ["y".repeat(70), "  y".to_owned()]);
        let messages = answer_messages(&["A".to_owned(), "B".to_owned()], 0);
        assert_eq!(messages, [[0xc1, 0x15, 0xc2, 0x15]]);
        assert_eq!(answer_messages(&vec!["A".to_owned(); 251], 0).iter().map(Vec::len).collect::<Vec<_>>(), [500, 2]);
    }

    #[test]
    fn the_first_line_of_a_message_has_room_for_the_systems_wrapper() {
        assert_eq!(wrapper_columns("ZWESVUSR"), "BPXM023I (ZWESVUSR) ".len());
        let line = "word ".repeat(14);
        let messages = answer_messages(&vec![line; 200], 20);
        assert_eq!(messages.len(), 1);
        for message in messages {
            let text = ibm_1047(&message);
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines[0].len() <= 50 && lines[2..].iter().all(|line| line.len() == 69) && lines.len() <= 250, "{lines:#?}");
        }
        let messages = answer_messages(&["y".repeat(70 * 300)], 20);
        assert!(messages.len() > 1 && messages.iter().all(|message| ibm_1047(message).lines().all(|line| line.len() <= 50)));
    }

    #[test]
    fn a_line_becomes_records_that_fit() {
        assert_eq!(records("", 10), [[0x40]]);
        assert_eq!(records("ABC", 2), [vec![0xc1, 0xc2], vec![0xc3]]);
    }

    proptest! {
        #[test]
        fn folding_loses_no_word(line in "[a-z ]{0,300}", columns in 5_usize..80) {
            let pieces = fold(&line, columns, 0);
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= columns));
            let together: String = pieces.concat().replace(' ', "");
            prop_assert_eq!(together, line.replace(' ', ""));
        }

        #[test]
        fn records_hold_the_line(line in "[\\x20-\\x7e]{1,300}", length in 1_usize..400) {
            let records = records(&line, length);
            prop_assert!(records.iter().all(|record| record.len() <= length && !record.is_empty()));
            prop_assert_eq!(ibm_1047(&records.concat()), line);
        }
    }
}
