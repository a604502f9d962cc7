//! HA instances, the configuration, the system: tables whose meaning only their source knows.

use crate::View;
use crate::app::App;
use crate::model::Row;
use crate::view::components::fitted;
use crate::view::first_row;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// The least that a column is shrunk to, if its title is not wider.
const LEAST: usize = 5;

/// Takes from the widest columns until all of them fit, with blanks between.
fn shrink(widths: &mut [usize], least: &[usize], blanks: usize, room: usize) {
    let blanks = widths.len().saturating_sub(1) * blanks;
    let mut over = (widths.iter().sum::<usize>() + blanks).saturating_sub(room);
    while over > 0 {
        let shrinkable = (0..widths.len()).filter(|at| widths[*at] > least.get(*at).copied().unwrap_or(LEAST));
        let Some(widest) = shrinkable.max_by_key(|at| widths[*at]) else { return };
        widths[widest] -= 1;
        over -= 1;
    }
}

/// In pieces of so many columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let (mut pieces, mut used) = (vec![String::new()], 0);
    for character in text.chars() {
        let columns = unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
        if used + columns > width.max(1) {
            pieces.push(String::new());
            used = 0;
        }
        used += columns;
        if let Some(piece) = pieces.last_mut() {
            piece.push(character);
        }
    }
    pieces
}

pub(super) fn draw(app: &mut App, frame: &mut Frame, area: Rect) {
    let theme = app.theme;
    let filter = app.filter.clone();
    let view = app.view;
    let sheet = match view {
        View::HighAvailability => &mut app.high_availability,
        View::Configuration => &mut app.configuration,
        _ => &mut app.system,
    };
    let table = &sheet.table;
    let rows: Vec<_> =
        table.rows.iter().filter(|row| filter.as_ref().is_none_or(|filter| row.cells.iter().any(|cell| filter.is_match(cell)))).collect();
    // As wide as what is in it, as long as all of it fits.
    let count = table.columns.len().max(rows.iter().map(|row| row.cells.len()).max().unwrap_or(0));
    let mut widths: Vec<usize> = (0..count)
        .map(|column| {
            let of_rows = rows.iter().filter_map(|row| row.cells.get(column)).map(|cell| cell.width());
            of_rows.chain(table.columns.get(column).map(|title| title.width())).max().unwrap_or(0)
        })
        .collect();
    let titles: Vec<usize> = (0..count).map(|column| table.columns.get(column).map_or(0, |title| title.width()).max(LEAST)).collect();
    // Where it is narrow, one blank stands between them.
    let blanks = if widths.iter().sum::<usize>() + widths.len() * 2 > usize::from(area.width) + 2 { 1 } else { 2 };
    shrink(&mut widths, &titles, blanks, usize::from(area.width));
    let line = |cells: &[String]| {
        let last = cells.len().saturating_sub(1);
        let texts = cells.iter().zip(&widths).enumerate().map(|(number, (cell, width))| {
            if number == last && cell.width() <= *width { cell.clone() } else { fitted(cell, *width, false) + &" ".repeat(blanks) }
        });
        texts.collect::<String>()
    };
    let mut lines = Vec::new();
    if !table.columns.is_empty() {
        lines.push(Line::styled(line(&table.columns), theme.heading()));
    }
    let chosen = sheet.chosen.min(rows.len().saturating_sub(1));
    // What is cut of the chosen row can be read below.
    let is_cut = |row: &&&Row| row.cells.iter().zip(&widths).any(|(cell, width)| cell.width() > *width);
    let in_full = rows.get(chosen).filter(is_cut).map(|row| row.cells.join("  "));
    let below: Vec<String> =
        in_full.iter().flat_map(|text| wrapped(text, usize::from(area.width))).chain(table.notes.iter().cloned()).collect();
    let notes = below.len().min(usize::from(area.height) / 2);
    let room = usize::from(area.height).saturating_sub(lines.len() + notes);
    sheet.top = first_row(sheet.top, chosen, room);
    for (number, row) in rows.iter().enumerate().skip(sheet.top).take(room) {
        let style = row.condition.map(|condition| theme.condition(condition)).unwrap_or_default();
        let shown = Line::from(Span::styled(line(&row.cells), style));
        lines.push(if number == chosen { shown.style(theme.chosen()) } else { shown });
    }
    if rows.is_empty() {
        let text = match (sheet.is_known, filter) {
            (false, _) => "Not known yet",
            (true, Some(_)) => "Nothing has that; Esc takes the filter back",
            (true, None) => "There is nothing to show",
        };
        lines.push(Line::styled(text, theme.quiet()));
    }
    lines.extend(below.into_iter().take(notes).map(|note| Line::styled(note, theme.quiet())));
    let is_system = view == View::System;
    let height = lines.len();
    frame.render_widget(Paragraph::new(lines), area);
    if is_system && usize::from(area.height) > height + 2 {
        // What is left below the jobs is SYSLOG's.
        let used = u16::try_from(height + 1).unwrap_or(area.height).min(area.height);
        let rest = Rect { y: area.y + used, height: area.height - used, ..area };
        let rows = app.system_log.draw(usize::from(rest.height), usize::from(rest.width));
        let shown = rows.iter().map(|row| Line::styled(row.text, theme.level(row.line.level)));
        frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), rest);
    }
}
