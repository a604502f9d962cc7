//! A log or the events.

use crate::View;
use crate::app::App;
use crate::pane::{Pane, Shown};
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// Columns that a component's name may take.
const NAME: usize = 16;

pub(super) fn draw(app: &mut App, frame: &mut Frame, area: Rect) {
    let (theme, view) = (app.theme, app.view);
    let pane = if view == View::Log { &mut app.log } else { &mut app.events };
    draw_pane(pane, theme, view, frame, area);
}

fn heading(pane: &Pane, view: View, theme: Theme) -> Line<'static> {
    let whose = pane.only.clone().unwrap_or_else(|| "all".to_owned());
    let mut spans = vec![Span::styled(format!("{} of {whose}", if view == View::Log { "Log" } else { "Events" }), theme.heading())];
    let mut add = |text: String| spans.push(Span::styled(text, theme.quiet()));
    match (pane.follows(), pane.unseen) {
        (true, _) => add("  following".to_owned()),
        (false, 0) => add("  standing still; f follows".to_owned()),
        (false, unseen) => add(format!("  standing still, {unseen} new lines; f follows")),
    }
    if let Some(find) = &pane.find {
        add(format!("  looking for {}", find.as_str()));
    }
    if pane.left > 0 && !pane.wrap {
        add(format!("  from column {}", pane.left + 1));
    }
    Line::from(spans)
}

/// Of exactly the width.
fn named(name: &str, width: usize) -> String {
    let mut text: String = name.to_owned();
    while text.width() > width {
        text.pop();
    }
    let blanks = width - text.width();
    text + &" ".repeat(blanks)
}

fn draw_pane(pane: &mut Pane, theme: Theme, view: View, frame: &mut Frame, area: Rect) {
    let mut lines = vec![heading(pane, view, theme)];
    let height = usize::from(area.height).saturating_sub(1);
    // Times and names are as wide as the first line's; a narrow terminal gives the room to the text.
    let with_names = pane.only.is_none();
    let width = usize::from(area.width);
    let time = if width >= 100 { 23 } else { 8 };
    let before = time + 1 + if with_names { NAME + 1 } else { 0 };
    let (find, found) = (pane.find.clone(), pane.found);
    let rows = pane.draw(height, width.saturating_sub(before).max(10));
    if rows.is_empty() {
        lines.push(Line::styled("Nothing yet", theme.quiet()));
    }
    for Shown { line, number, text, continues } in rows {
        let mut spans = Vec::new();
        if continues {
            spans.push(Span::raw(" ".repeat(before)));
        } else {
            // The date goes first where there is no room.
            let shown = line.time.char_indices().rev().nth(time.saturating_sub(1)).map_or(line.time.as_str(), |(at, _)| &line.time[at..]);
            let shown = if time < 23 { clock_time(&line.time) } else { shown };
            spans.push(Span::styled(named(shown, time) + " ", theme.quiet()));
            if with_names {
                spans.push(Span::styled(named(&line.component, NAME) + " ", theme.heading()));
            }
        }
        let mut from = 0;
        for place in find.iter().flat_map(|find| find.find_iter(text)).filter(|place| !place.is_empty()) {
            spans.push(Span::styled(&text[from..place.start()], theme.level(line.level)));
            spans.push(Span::styled(place.as_str(), theme.found()));
            from = place.end();
        }
        spans.push(Span::styled(&text[from..], theme.level(line.level)));
        let row = Line::from(spans);
        lines.push(if found == Some(number) { row.style(theme.chosen()) } else { row });
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// `12:34:56` of `2026-11-27 12:34:56.789`.
fn clock_time(time: &str) -> &str {
    let clock = time.split([' ', 'T']).next_back().unwrap_or(time);
    clock.get(..8).unwrap_or(clock)
}
