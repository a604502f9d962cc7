//! The components, a row each.

use crate::Clock;
use crate::app::App;
use crate::model::{age, bytes};
use crate::order::Column;
use crate::view::first_row;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// A text of exactly so many columns; what is cut ends with `~`.
pub(super) fn fitted(text: &str, width: usize, right: bool) -> String {
    let used = text.width();
    if used <= width {
        let blanks = " ".repeat(width - used);
        return if right { blanks + text } else { text.to_owned() + &blanks };
    }
    let (mut kept, mut columns) = (String::new(), 0);
    for character in text.chars() {
        columns += unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
        if columns + 1 > width {
            break;
        }
        kept.push(character);
    }
    let blanks = width.saturating_sub(kept.width() + 1);
    kept + "~" + &" ".repeat(blanks)
}

/// Returns after how many seconds an age changes.
pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect, clock: Clock) -> Option<u64> {
    let theme = app.theme;
    let rows = app.rows();
    let name_width = rows.iter().map(|row| row.name.width()).max().unwrap_or(4).clamp(8, 20);
    let state_width = rows.iter().map(|row| row.state.width()).max().unwrap_or(5).clamp(7, 16);
    let columns: [(&str, usize, bool, Option<Column>); 9] = [
        ("NAME", name_width, false, Some(Column::Name)),
        ("STATE", state_width, false, Some(Column::State)),
        ("READY", 5, false, None),
        ("PID", 7, true, None),
        ("UP", 4, true, Some(Column::Uptime)),
        ("RST", 3, true, Some(Column::Restarts)),
        ("CPU%", 5, true, Some(Column::Cpu)),
        ("MEM", 4, true, Some(Column::Memory)),
        ("PORT", 5, true, None),
    ];
    let mut heading = vec![Span::styled("NP ", theme.heading())];
    for (title, width, right, column) in columns {
        let is_ordered = column.is_some_and(|column| app.is_ordered_by(column));
        let title = if is_ordered { format!("{title}{}", if app.order.reversed { '^' } else { 'v' }) } else { title.to_owned() };
        heading.push(Span::styled(fitted(&title, width, right) + " ", theme.heading()));
    }
    heading.push(Span::styled("LAST END", theme.heading()));
    let mut lines = vec![Line::from(heading)];

    let room = usize::from(area.height).saturating_sub(1);
    let chosen = app.chosen_row();
    let top = first_row(0, chosen, room);
    let mut changes: Option<u64> = None;
    for (number, row) in rows.iter().enumerate().skip(top).take(room) {
        let letter = app.line_command.as_ref().filter(|(name, _)| *name == row.name).map_or(' ', |(_, letter)| *letter);
        let started = row.started.and_then(|started| clock.now.duration_since(started).ok());
        let up = started.map(|elapsed| age(elapsed.as_secs()));
        changes = changes.into_iter().chain(up.as_ref().map(|(_, changes)| *changes)).min();
        let dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let values = [
            row.name.clone(),
            row.state.clone(),
            dash(row.ready.map(|ready| if ready { "yes" } else { "no" }.to_owned())),
            dash(row.pid.map(|pid| pid.to_string())),
            dash(up.map(|(text, _)| text)),
            row.restarts.to_string(),
            dash(row.cpu.map(|cpu| format!("{cpu:.1}"))),
            dash(row.memory.map(bytes)),
            dash(row.port.map(|port| port.to_string())),
        ];
        let mut spans = vec![Span::styled(format!("{letter}  "), theme.heading())];
        for ((_, width, right, column), value) in columns.iter().zip(values) {
            let style = if *column == Some(Column::State) { theme.condition(row.condition) } else { Style::new() };
            spans.push(Span::styled(fitted(&value, *width, *right) + " ", style));
        }
        spans.push(Span::raw(dash(row.last_end.clone())));
        let line = Line::from(spans);
        lines.push(if number == chosen { line.style(theme.chosen()) } else { line });
    }
    if rows.is_empty() {
        let text = match (app.components().is_empty(), &app.filter) {
            (true, _) => "No component is known yet",
            (false, Some(_)) => "No component has that; Esc takes the filter back",
            (false, None) => "All is as it should be; Ctrl-Z shows all",
        };
        lines.push(Line::styled(text, theme.quiet()));
    }
    frame.render_widget(Paragraph::new(lines), area);
    changes
}
