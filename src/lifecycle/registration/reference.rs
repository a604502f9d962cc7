//! Shell-style references in a text: `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`, where a default may hold references
//! again. Pure: no shell runs, so that nothing in a definition is executed.

use crate::lifecycle::workspace::is_identifier;

/// Defaults nested deeper than this stay as they are written.
const DEPTH_LIMIT: usize = 64;

/// Replaces references by the values that `lookup` knows; a name that it does not know is empty. What is no reference, an unfinished or
/// another kind of expansion included, stays as it is. Time and space are linear in the text and the values.
pub fn replace_references(text: &[u8], lookup: &dyn Fn(&str) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let replacer = Replacer { text, ends: matching_ends(text), lookup };
    replacer.replace(0, text.len(), 0, &mut result);
    result
}

/// For each `${`, by the position of its `$`: where its `}` is. Found in one pass, for a text of unfinished ones would be searched again and
/// again otherwise.
fn matching_ends(text: &[u8]) -> std::collections::HashMap<usize, usize> {
    let mut open = Vec::new();
    let mut ends = std::collections::HashMap::new();
    for (position, byte) in text.iter().enumerate() {
        match byte {
            b'$' if text.get(position + 1) == Some(&b'{') => open.push(position),
            b'}' => {
                if let Some(start) = open.pop() {
                    ends.insert(start, position);
                }
            }
            _ => {}
        }
    }
    ends
}

struct Replacer<'a> {
    text: &'a [u8],
    ends: std::collections::HashMap<usize, usize>,
    lookup: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

impl Replacer<'_> {
    fn replace(&self, mut position: usize, end: usize, depth: usize, result: &mut Vec<u8>) {
        while position < end {
            if self.text[position] == b'$' && depth <= DEPTH_LIMIT {
                if let Some(next) = self.reference(position, end, depth, result) {
                    position = next;
                    continue;
                }
            }
            result.push(self.text[position]);
            position += 1;
        }
    }

    /// Replaces the reference whose `$` is at `position`; None when it is none. Returns where the text goes on.
    fn reference(&self, position: usize, end: usize, depth: usize, result: &mut Vec<u8>) -> Option<usize> {
        let braced = self.text[position..end].starts_with(b"${");
        let name_start = position + if braced { 2 } else { 1 };
        let name_length = self.text[name_start..end].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let name_end = name_start + name_length;
        let name_bytes = &self.text[name_start..name_end];
        if !is_identifier(name_bytes) {
            return None;
        }
        let name = std::str::from_utf8(name_bytes).ok()?;
        if !braced {
            result.extend_from_slice(&(self.lookup)(name).unwrap_or_default());
            return Some(name_end);
        }
        let close = *self.ends.get(&position)?;
        let operator = &self.text[name_end..close];
        let (default_start, empty_counts) = if operator.is_empty() {
            (close, false)
        } else if operator.starts_with(b":-") {
            (name_end + 2, true)
        } else if operator.starts_with(b"-") {
            (name_end + 1, false)
        } else {
            return None;
        };
        match (self.lookup)(name) {
            Some(value) if !(empty_counts && value.is_empty()) => result.extend_from_slice(&value),
            _ => self.replace(default_start, close, depth + 1, result),
        }
        Some(close + 1)
    }
}
