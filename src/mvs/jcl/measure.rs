//! Whether the lines of a member have room for the values of its symbols. z/OS replaces symbols in one 80-character record at a time (JCL
//! Reference, "Continuing JCL statements that contain symbols" and "SYMBOLS parameter").

use super::exports::replaced;
use super::statement::statements;
use super::{LAST_COLUMN, RECORD_LENGTH};

/// A line that does not fit into its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongLine {
    /// From 1.
    pub line: usize,
    /// In characters, once its symbols are replaced.
    pub length: usize,
    /// The most that it may have.
    pub limit: usize,
}

/// The first line that is too long once its symbols are replaced by these values: statements have 71 columns, in-stream data 80. Symbols of
/// other names, comment statements, and data that does not ask for symbols (`SYMBOLS=`) are measured as they stand.
pub fn longer_than_records(text: &str, symbols: &[(String, String)]) -> Option<LongLine> {
    let (statements, _) = statements(text);
    text.lines().enumerate().find_map(|(index, line)| {
        let data = statements.iter().find(|one| (one.lines.1..one.lines.1 + one.instream.len()).contains(&index));
        let limit = if data.is_some() { RECORD_LENGTH } else { LAST_COLUMN };
        let has_symbols = match data {
            Some(statement) => statement.operands.iter().any(|operand| operand.keyword.as_deref() == Some("SYMBOLS")),
            None => !line.starts_with("//*"),
        };
        let length = if has_symbols { replaced(line, symbols).chars().count() } else { line.chars().count() };
        (length > limit).then_some(LongLine { line: index + 1, length, limit })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job whose data begins in line 4, with this line of data.
    fn job(dd: &str, data: &str) -> String {
        format!("//J        JOB CLASS=A\n//*&A.{}\n//S        EXEC PGM=X\n//D        DD {dd}\n{data}\n/*\n", "-".repeat(60))
    }

    fn with_a(length: usize) -> Vec<(String, String)> {
        vec![("A".to_owned(), "x".repeat(length))]
    }

    #[test]
    fn data_that_asks_for_symbols_has_80_columns_for_them() {
        let asking = job("*,SYMBOLS=JCLONLY", "1 &A. 2");
        assert_eq!(longer_than_records(&asking, &with_a(76)), None);
        assert_eq!(longer_than_records(&asking, &with_a(77)), Some(LongLine { line: 5, length: 81, limit: 80 }));
        let twice = job("*,SYMBOLS=JCLONLY", "&A&A");
        assert_eq!(longer_than_records(&twice, &with_a(41)), Some(LongLine { line: 5, length: 82, limit: 80 }));
        assert_eq!(longer_than_records(&job("*", "1 &A. 2"), &with_a(200)), None, "it gets no symbols");
        assert_eq!(longer_than_records(&job("*", &"x".repeat(81)), &[]).map(|long| long.length), Some(81));
    }

    #[test]
    fn a_statement_has_71_columns() {
        let statement = job("DSN=&A.,DISP=SHR", "//");
        assert_eq!(longer_than_records(&statement, &with_a(44)), None);
        assert_eq!(longer_than_records(&statement, &with_a(45)), Some(LongLine { line: 4, length: 72, limit: 71 }));
    }
}
