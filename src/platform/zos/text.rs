//! Prepares lines for a console or a data definition. Pure.

use crate::platform::ebcdic::{BLANK, NEW_LINE, to_ibm_1047};

/// Characters of a line of a multi-line WTO.
pub const ANSWER_COLUMNS: usize = 70;
/// Lines of one multi-line message; the service accepts 255.
const ANSWER_LINES: usize = 250;
/// The beginning of a continued line.
const CONTINUATION: &str = "  ";

/// An answer as messages for the console: lines of at most 70 characters, folded at blanks, ended by NL each.
pub fn answer_messages(lines: &[String]) -> Vec<Vec<u8>> {
    let folded: Vec<String> = lines.iter().flat_map(|line| fold(line, ANSWER_COLUMNS)).collect();
    let message = |lines: &[String]| {
        let mut text = Vec::new();
        for line in lines {
            text.extend(to_ibm_1047(line));
            text.push(NEW_LINE);
        }
        text
    };
    folded.chunks(ANSWER_LINES).map(message).collect()
}

/// A line in pieces of at most `columns` characters (more than the continuation has), split at blanks where possible.
pub fn fold(line: &str, columns: usize) -> Vec<String> {
    let mut rest: Vec<char> = line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    while rest.last() == Some(&' ') {
        rest.pop();
    }
    let mut pieces = Vec::new();
    loop {
        let mut piece: String = if pieces.is_empty() { String::new() } else { CONTINUATION.to_owned() };
        let room = columns - piece.len();
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
        assert_eq!(fold(&line, 70), ["ZWEL0011I component", &format!("  {} is up", "x".repeat(60))]);
        assert_eq!(fold("", 70), [""]);
        assert_eq!(fold(&"y".repeat(71), 70), ["y".repeat(70), "  y".to_owned()]);
        let messages = answer_messages(&["A".to_owned(), "B".to_owned()]);
        assert_eq!(messages, [[0xc1, 0x15, 0xc2, 0x15]]);
        assert_eq!(answer_messages(&vec!["A".to_owned(); 251]).iter().map(Vec::len).collect::<Vec<_>>(), [500, 2]);
    }

    #[test]
    fn a_line_becomes_records_that_fit() {
        assert_eq!(records("", 10), [[0x40]]);
        assert_eq!(records("ABC", 2), [vec![0xc1, 0xc2], vec![0xc3]]);
    }

    proptest! {
        #[test]
        fn folding_loses_no_word(line in "[a-z ]{0,300}", columns in 5_usize..80) {
            let pieces = fold(&line, columns);
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
