//! The chart of a start: what happened when until the instance was ready, as systemd-analyze shows a boot. Pure: from the journal's records
//! ([`Starts`]) to a [`Start`], and from that to text, JSON, SVG and HTML.

mod compare;
mod critical;
mod layout;
mod start;
mod svg;
mod text;

pub use compare::{Slower, slower};
pub use critical::critical_chain;
pub use layout::{Bar, Layout, layout};
pub use start::{Component, KEPT, Kind, Span, Start, Starts};
pub use svg::{html, svg};
pub use text::{critical, text};

use std::borrow::Cow;

/// Microseconds as seconds with three digits.
fn seconds(microseconds: u64) -> String {
    format!("{}.{:03} s", microseconds / 1_000_000, microseconds / 1000 % 1000)
}

/// A start with what the others make of it, for programs. Times are in microseconds since the launcher began.
pub fn json(start: &Start, slower: Option<&[Slower]>) -> serde_json::Value {
    let mut value = serde_json::to_value(start).unwrap_or_default();
    value["critical"] = serde_json::to_value(critical_chain(start)).unwrap_or_default();
    if let Some(slower) = slower {
        value["slower"] = serde_json::to_value(slower).unwrap_or_default();
    }
    value
}

/// What a text may not hold in XML, which has no control characters at all.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_odd = |character: char| {
        matches!(character, '&' | '<' | '>' | '"' | '\'' | '\u{fffe}' | '\u{ffff}') || character.is_control() && character != '\n'
    };
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other if is_odd(other) => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests;
