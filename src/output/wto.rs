//! What reaches the operator: `zowe.sysMessages`.

use aho_corasick::{AhoCorasick, MatchKind};

/// Longest text of one WTO, in characters.
const WTO_COLUMNS: usize = 126;

/// A dump of the list itself is never sent.
const LIST_DUMP: &[u8] = b"ZWE_zowe_sysMessages";

/// Which lines go to the operator's console.
#[derive(Debug, Default)]
pub struct WtoRules {
    patterns: Option<AhoCorasick>,
    trim: bool,
    /// Whether the messages of our own that the catalogue marks as WTO are sent.
    pub own: bool,
}

impl WtoRules {
    /// `sys_messages`: plain substrings, case-sensitive; `trim`: the WTO begins at the match; `own`: `components.launcher.wto`.
    /// Empty patterns, which would match every line, are left out.
    pub fn new(sys_messages: &[String], trim: bool, own: bool) -> WtoRules {
        let texts: Vec<&String> = sys_messages.iter().filter(|text| !text.is_empty()).collect();
        let patterns = if texts.is_empty() {
            None
        } else {
            // The builder fails only when the patterns' automaton exceeds its own limits; then nothing matches.
            AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts).ok()
        };
        WtoRules { patterns, trim, own }
    }

    /// The text to send of one message (id first), if it matches.
    pub(super) fn of_message(&self, text: &str) -> Option<String> {
        let found = self.patterns.as_ref()?.find(text.as_bytes())?;
        Some(cut(text.as_bytes(), if self.trim { found.start() } else { 0 }))
    }

    /// Calls `send` for each line of a block of whole lines that matches, once a line.
    pub(super) fn of_lines(&self, block: &[u8], mut send: impl FnMut(String)) {
        let Some(patterns) = &self.patterns else { return };
        let mut rest = block;
        while let Some(found) = patterns.find(rest) {
            let start = memchr::memrchr(b'\n', &rest[..found.start()]).map_or(0, |position| position + 1);
            let end = memchr::memchr(b'\n', &rest[found.start()..]).map_or(rest.len(), |position| found.start() + position);
            let line = &rest[start..end];
            let text = after_stamp(line);
            if !text.starts_with(LIST_DUMP) {
                let skipped = line.len() - text.len();
                // A match inside the stamp itself begins the text all the same.
                let from = if self.trim { (found.start() - start).saturating_sub(skipped) } else { 0 };
                send(cut(text, from));
            }
            rest = &rest[(end + 1).min(rest.len())..];
        }
    }
}

/// Cuts a WTO text to its 126 characters, unprintable ones as blanks.
fn cut(text: &[u8], from: usize) -> String {
    String::from_utf8_lossy(&text[from.min(text.len())..])
        .chars()
        .take(WTO_COLUMNS)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// A component's line without its leading `yyyy-mm-dd hh:mm:ss.mmm `.
fn after_stamp(line: &[u8]) -> &[u8] {
    const SHAPE: &[u8] = b"dddd-dd-dd dd:dd:dd.ddd ";
    let fits = line.len() >= SHAPE.len()
        && line.iter().zip(SHAPE).all(|(byte, shape)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape });
    if fits { &line[SHAPE.len()..] } else { line }
}

/// The text of a message that is sent whatever the list says.
pub(super) fn unconditional(text: &str) -> String {
    cut(text.as_bytes(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sent(rules: &WtoRules, block: &str) -> Vec<String> {
        let mut lines = Vec::new();
        rules.of_lines(block.as_bytes(), |line| lines.push(line));
        lines
    }

    #[test]
    fn a_line_is_sent_once_without_its_stamp() {
        let rules = WtoRules::new(&["ZWEAM000I".into(), "started".into()], false, true);
        let block = "2026-11-21 01:02:03.456 <ZWEADS1:1> u INFO ZWEAM000I started\nother\nZWE_zowe_sysMessages=started\nend started";
        assert_eq!(sent(&rules, block), ["<ZWEADS1:1> u INFO ZWEAM000I started", "end started"]);
    }

    #[test]
    fn trim_begins_at_the_match() {
        let rules = WtoRules::new(&["ZWEAM000I".into()], true, true);
        assert_eq!(sent(&rules, "2026-11-21 01:02:03.456 <X:1> ZWEAM000I up\n"), ["ZWEAM000I up"]);
        assert_eq!(rules.of_message("ZWEL0001I about ZWEAM000I").as_deref(), Some("ZWEAM000I"));
    }

    #[test]
    fn a_pattern_beyond_column_126_still_matches() {
        let rules = WtoRules::new(&["needle".into()], false, true);
        let line = format!("{}needle\n", "x".repeat(200));
        assert_eq!(sent(&rules, &line), ["x".repeat(126)]);
    }

    proptest! {
        /// Against the plain reading of the rule: split into lines, look for each pattern.
        #[test]
        fn as_line_by_line(block in "([ab\n]{0,40}(ZWE_zowe_sysMessages)?){0,4}", patterns in prop::collection::vec("[ab]{0,3}", 0..4)) {
            let rules = WtoRules::new(&patterns, false, true);
            let expected: Vec<String> = block
                .split('\n')
                .filter(|line| patterns.iter().any(|pattern| !pattern.is_empty() && line.contains(pattern.as_str())))
                .filter(|line| !line.starts_with("ZWE_zowe_sysMessages"))
                .map(|line| cut(line.as_bytes(), 0))
                .collect();
            prop_assert_eq!(sent(&rules, &block), expected);
        }
    }
}
