//! Where text appears on a terminal that wraps, and what to send so that it appears there. Pure.

use std::fmt::Write;
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

/// The end of a drawn text and its cursor, in rows and columns counted from 0 at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Places {
    end: (usize, usize),
    /// The text ends in the last column: the terminal has not moved to the next row yet.
    full: bool,
    cursor: (usize, usize),
}

fn places(text: &str, cursor: usize, width: usize) -> Places {
    let (mut row, mut column) = (0, 0);
    let mut cursor_place = None;
    for (at, character) in text.char_indices() {
        let columns = character.width().unwrap_or(0);
        if columns > 0 && column + columns > width {
            row += 1;
            column = 0;
        }
        if at == cursor {
            cursor_place = Some((row, column));
        }
        column += columns;
    }
    let full = column >= width;
    if full {
        row += 1;
        column = 0;
    }
    Places { end: (row, column), full, cursor: cursor_place.unwrap_or((row, column)) }
}

/// Draws the line that is being edited, from the first column of a free row, and puts the cursor in it. `cursor` is in bytes, `width` is
/// the terminal's width in columns.
pub(super) fn draw(text: &str, cursor: usize, width: usize) -> String {
    let places = places(text, cursor, width);
    let mut sent = text.to_owned();
    if places.full {
        // Makes the terminal move to the next row now.
        sent.push_str(" \r");
    }
    let up = places.end.0.saturating_sub(places.cursor.0);
    if up > 0 {
        let _ = write!(sent, "\x1b[{up}A");
    }
    if places.cursor != places.end {
        sent.push('\r');
        if places.cursor.1 > 0 {
            let _ = write!(sent, "\x1b[{}C", places.cursor.1);
        }
    }
    sent
}

/// Erases what [`draw`] has drawn and everything below it; the cursor is then where it began.
pub(super) fn erase(text: &str, cursor: usize, width: usize) -> String {
    let up = places(text, cursor, width).cursor.0;
    if up > 0 { format!("\r\x1b[{up}A\x1b[J") } else { "\r\x1b[J".to_owned() }
}

/// Names in columns, filled downwards first, as many columns as fit the width.
pub(super) fn columns(names: &[String], width: usize) -> Vec<String> {
    const GAP: usize = 2;
    let widest = names.iter().map(|name| name.width()).max().unwrap_or(0) + GAP;
    let across = (width.saturating_sub(1) / widest).max(1);
    let rows = names.len().div_ceil(across);
    let row = |row: usize| {
        let mut line = String::new();
        for name in names.iter().skip(row).step_by(rows) {
            line.push_str(name);
            line.push_str(&" ".repeat(widest.saturating_sub(name.width())));
        }
        line.trim_end().to_owned()
    };
    (0..rows).map(row).collect()
}

#[cfg(test)]
pub(super) mod tests;
