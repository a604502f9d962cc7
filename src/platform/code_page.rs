//! Component output in two code pages. On z/OS a shell writes IBM-1047 while node and java write UTF-8, often into the same pipe, so the
//! code page is decided for each line, by the end of the line: NL (0x15) is a control character in UTF-8, and line feed (0x0A) is one in
//! IBM-1047, so neither occurs inside a line of text in the other code page.

use crate::platform::ebcdic::{NEW_LINE, ibm_1047};

/// The most bytes of a line without an end that are held back; what follows is decided anew.
const HELD: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
/// The code pages of what components write.
pub enum CodePage {
    Utf8,
    Ibm1047,
}

/// From the CCSID of a tag; None for a CCSID that does not tell.
fn of_ccsid(ccsid: u16) -> Option<CodePage> {
    match ccsid {
        1047 => Some(CodePage::Ibm1047),
        819 | 1208 => Some(CodePage::Utf8),
        _ => None,
    }
}

/// Converts what one component writes.
#[derive(Debug, Default)]
pub struct Transcoder {
    /// The beginning of a line.
    held: Vec<u8>,
    /// The tag of the pipe; used for lines that do not tell themselves.
    tag: Option<CodePage>,
    /// The code page of the line before.
    last: Option<CodePage>,
    /// The code page of the line that has begun, when so much of it has come that its end was not awaited.
    begun: Option<CodePage>,
}

impl Transcoder {
    /// `ccsid`: from the tag of the pipe.
    pub fn new(ccsid: Option<u16>) -> Transcoder {
        Transcoder { tag: ccsid.and_then(of_ccsid), ..Transcoder::default() }
    }

    /// The next piece of output as UTF-8, with the whole lines that have come so far; bytes that are not text are left as they are.
    pub fn convert(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut converted = Vec::with_capacity(bytes.len() + bytes.len() / 8);
        let mut rest = bytes;
        while let Some(end) = memchr::memchr2(b'\n', NEW_LINE, rest) {
            let code_page = self.begun.take().unwrap_or(if rest[end] == NEW_LINE { CodePage::Ibm1047 } else { CodePage::Utf8 });
            self.held.extend_from_slice(&rest[..end]);
            self.release(code_page, &mut converted);
            converted.push(b'\n');
            self.last = Some(code_page);
            rest = &rest[end + 1..];
        }
        self.held.extend_from_slice(rest);
        if self.held.len() > HELD {
            let code_page = self.begun.unwrap_or_else(|| self.guess());
            self.begun = Some(code_page);
            self.release(code_page, &mut converted);
        }
        converted
    }

    /// The beginning of a line whose end will not come.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut converted = Vec::new();
        let code_page = self.begun.take().unwrap_or_else(|| self.guess());
        self.release(code_page, &mut converted);
        converted
    }

    /// Whether something is held back.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// The beginning of a line that may go on, but not soon.
    pub fn so_far(&mut self) -> Vec<u8> {
        let mut converted = Vec::new();
        if self.holds() {
            let code_page = self.begun.unwrap_or_else(|| self.guess());
            self.begun = Some(code_page);
            self.release(code_page, &mut converted);
        }
        converted
    }

    fn release(&mut self, code_page: CodePage, converted: &mut Vec<u8>) {
        match code_page {
            CodePage::Utf8 => converted.extend_from_slice(&self.held),
            CodePage::Ibm1047 => converted.extend_from_slice(ibm_1047(&self.held).as_bytes()),
        }
        self.held.clear();
    }

    /// For a line without an end.
    fn guess(&self) -> CodePage {
        let is_text = |text: &str| text.chars().all(|character| !character.is_control() || matches!(character, '\t' | '\r' | '\u{1b}'));
        let utf_8 = match std::str::from_utf8(&self.held) {
            Ok(text) => is_text(text),
            // A character may have been cut at the end.
            Err(error) => error.error_len().is_none() && std::str::from_utf8(&self.held[..error.valid_up_to()]).is_ok_and(is_text),
        };
        match (utf_8, is_text(&ibm_1047(&self.held))) {
            (true, false) => CodePage::Utf8,
            (false, true) => CodePage::Ibm1047,
            _ => self.tag.or(self.last).unwrap_or(CodePage::Utf8),
        }
    }
}

/// The text of output that has ended.
pub fn decode_lines(bytes: &[u8]) -> String {
    let mut transcoder = Transcoder::default();
    let mut text = transcoder.convert(bytes);
    text.extend(transcoder.finish());
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ebcdic::to_ibm_1047;
    use proptest::prelude::*;

    #[test]
    fn a_shell_and_java_in_one_pipe() {
        let bytes = [to_ibm_1047("starting [java]\n"), "gr\u{fc}n \u{20ac}\n".into(), to_ibm_1047("ended\n")].concat();
        assert_eq!(decode_lines(&bytes), "starting [java]\ngr\u{fc}n \u{20ac}\nended\n");
    }

    #[test]
    fn a_last_line_without_an_end() {
        assert_eq!(decode_lines(&to_ibm_1047("Enter: ")), "Enter: ");
        assert_eq!(decode_lines(b"Enter: "), "Enter: ");
        // Blanks, or commercial at signs: the tag decides, and without a tag the line before.
        let (mut tagged, mut untagged) = (Transcoder::new(Some(1047)), Transcoder::default());
        assert_eq!([tagged.convert(b"@@"), tagged.finish()].concat(), b"  ");
        assert_eq!([untagged.convert(b"@@"), untagged.finish()].concat(), b"@@");
        assert_eq!(decode_lines(&[0xc1, 0x15, 0x40]), "A\n ");
    }

    #[test]
    fn bytes_that_are_no_text_are_left_as_they_are() {
        let mut transcoder = Transcoder::default();
        assert_eq!(transcoder.convert(b"\xff\xfe\n"), b"\xff\xfe\n");
    }

    #[test]
    fn a_line_that_is_shown_before_its_end_keeps_its_code_page() {
        let mut transcoder = Transcoder::default();
        assert_eq!((transcoder.convert(&to_ibm_1047("Enter: ")), transcoder.holds()), (Vec::new(), true));
        assert_eq!((transcoder.so_far(), transcoder.holds()), (b"Enter: ".to_vec(), false));
        assert_eq!(transcoder.so_far(), b"");
        assert_eq!(transcoder.convert(&to_ibm_1047("yes\n")), b"yes\n");
        assert_eq!(transcoder.convert(b"gr\xc3\xbcn\n"), "grün\n".as_bytes());
    }

    #[test]
    fn an_endless_line_is_not_held() {
        let mut transcoder = Transcoder::default();
        let long = to_ibm_1047(&"word ".repeat(20_000));
        assert_eq!(transcoder.convert(&long).len(), 100_000);
        assert_eq!(transcoder.convert(&[0xc1, 0x15]), b"A\n");
    }

    proptest! {
        /// Whatever the lines and wherever the pipe cuts them.
        #[test]
        fn every_line_in_its_code_page(
            lines in prop::collection::vec((any::<bool>(), "[\\x20-\\x7e\\u{a0}-\\u{ff}]{0,30}"), 0..8),
            cuts in prop::collection::vec(0..200_usize, 0..6),
        ) {
            let mut bytes = Vec::new();
            let mut expected = String::new();
            for (ebcdic, line) in &lines {
                let line = format!("{line}\n");
                bytes.extend(if *ebcdic { to_ibm_1047(&line) } else { line.clone().into_bytes() });
                expected += &line;
            }
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([0, bytes.len()]).collect();
            places.sort_unstable();
            let mut transcoder = Transcoder::default();
            let mut converted = Vec::new();
            for pair in places.windows(2) {
                converted.extend(transcoder.convert(&bytes[pair[0]..pair[1]]));
            }
            converted.extend(transcoder.finish());
            prop_assert_eq!(String::from_utf8_lossy(&converted), expected);
        }
    }
}
