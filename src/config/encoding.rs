//! Bytes to text: UTF-8, or EBCDIC IBM-1047 recognised by what it decodes to.

use crate::platform::ebcdic::{ibm_1047, utf_8_in_ibm_1047};

/// Bytes that are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotText {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub reason: String,
}

/// The text of a file or member: UTF-8 (a byte order mark is dropped), else IBM-1047 when that gives printable text: that of Zowe's own
/// programs, which have UTF-8 converted byte by byte, or that of an editor.
///
/// # Errors
/// [`NotText`] with the place of the first byte that is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<String, NotText> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NotText { line: 1, column: 1, reason: "is UTF-16; UTF-8 or IBM-1047 is expected".into() });
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) if !is_ebcdic_in_ascii_clothes(bytes) => return Ok(text.to_string()),
        Ok(_) => return Ok(ibm_1047(bytes)),
        Err(error) => error,
    };
    let text = utf_8_in_ibm_1047(bytes).filter(|text| text.chars().all(is_printable)).unwrap_or_else(|| ibm_1047(bytes));
    if text.chars().all(is_printable) {
        return Ok(text);
    }
    let before = bytes.get(..error.valid_up_to()).map(String::from_utf8_lossy).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Err(NotText {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        reason: "is neither UTF-8 nor IBM-1047 text".into(),
    })
}

/// Valid UTF-8 can be EBCDIC only if it consists of line ends and blanks: 0x15 or 0x25 and 0x40 with no ASCII line end or letter.
fn is_ebcdic_in_ascii_clothes(bytes: &[u8]) -> bool {
    bytes.contains(&0x15) && bytes.iter().all(|byte| matches!(byte, 0x15 | 0x40))
}

fn is_printable(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\t') || (!character.is_control() && character != '\u{ad}')
}

/// Drops the trailing blanks of each record: fixed-length records are padded, and the padding is no part of the text.
pub fn strip_padding(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        stripped.push_str(content.trim_end_matches([' ', '\0', '\r']));
        if content.len() < line.len() {
            stripped.push('\n');
        }
    }
    stripped
}
