//! What reaches the operator: `zowe.sysMessages`.

use super::pattern::Pattern;
use std::sync::Arc;

/// Longest text of one WTO, in characters.
const WTO_COLUMNS: usize = 126;

/// A dump of the list itself is never sent.
const LIST_DUMP: &[u8] = b"ZWE_zowe_sysMessages";

/// Which lines go to the operator's console.
#[derive(Debug)]
pub struct WtoRules {
    pub(super) patterns: Arc<[Pattern]>,
    trim: bool,
    /// Whether those of our own messages are sent that the catalogue marks as WTO.
    pub own: bool,
}

impl WtoRules {
    /// `sys_messages`: case-sensitive texts in which `*` matches anything within the line; `trim`: the WTO begins at the match; `own`:
    /// `components.launcher.wto`. Texts that would match every line are ignored.
    pub fn new(sys_messages: &[String], trim: bool, own: bool) -> WtoRules {
        WtoRules { patterns: sys_messages.iter().filter_map(|text| Pattern::new(text)).collect(), trim, own }
    }

    /// The text to send of one message (id first), if it matches.
    pub(super) fn of_message(&self, text: &str) -> Option<String> {
        let found = self.patterns.iter().filter_map(|pattern| pattern.find(text.as_bytes())).min()?;
        Some(cut(text.as_bytes(), if self.trim { found } else { 0 }))
    }

    /// The text to send of a component's line that matches at `found`; None for a dump of the list.
    pub(super) fn of_line(&self, line: &[u8], found: usize) -> Option<String> {
        let text = after_stamp(line);
        if text.starts_with(LIST_DUMP) {
            return None;
        }
        // A match inside the time stamp itself still begins the text.
        let from = if self.trim { found.saturating_sub(line.len() - text.len()) } else { 0 };
        Some(cut(text, from))
    }
}

/// Cuts a WTO text to 126 characters, with unprintable ones as blanks.
fn cut(text: &[u8], from: usize) -> String {
    String::from_utf8_lossy(&text[from.min(text.len())..][..(text.len() - from.min(text.len())).min(4 * WTO_COLUMNS)])
        .chars()
        .take(WTO_COLUMNS)
        .map(|character| if super::printable::is_odd(character) || character.is_control() { ' ' } else { character })
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
    use crate::output::pattern::Matcher;

    fn sent(rules: &WtoRules, block: &str) -> Vec<String> {
        let mut lines = Vec::new();
        Matcher::new(rules.patterns.clone(), &[]).each_hit(block.as_bytes(), |hit| {
            lines.extend(hit.sys_message.and_then(|found| rules.of_line(hit.line, found)));
        });
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
}
