//! Draws the panel: a head of two rows, the view, an answer if there is one, a foot of one row.

mod chart;
mod components;
mod lines;
mod table;

use crate::app::App;
use crate::input::Purpose;
use crate::keys;
use crate::model::Condition;
use crate::{Clock, View};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

/// Rows that an answer may take of the screen.
const ANSWER: usize = 9;

/// The whole screen. Returns after how many seconds it would look otherwise although nothing came: ages grow.
pub(crate) fn draw(app: &mut App, frame: &mut Frame, clock: Clock) -> Option<u64> {
    let area = frame.area();
    let answered = app.answer.as_ref().map_or(0, |answer| answer.lines.len().min(ANSWER) + 1);
    let candidates = app.input.as_ref().map_or(0, |input| usize::from(!input.candidates.is_empty()));
    let rows = |count: usize| Constraint::Length(u16::try_from(count).unwrap_or(u16::MAX));
    let [head, body, answer, candidate, foot] =
        Layout::vertical([rows(2), Constraint::Min(1), rows(answered.min(usize::from(area.height) / 2)), rows(candidates), rows(1)])
            .areas(area);
    draw_head(app, frame, head);
    app.body = usize::from(body.height).saturating_sub(usize::from(app.view == View::Components));
    let changes = match app.view {
        View::Components => components::draw(app, frame, body, clock),
        View::Log | View::Events => {
            lines::draw(app, frame, body);
            None
        }
        View::Chart => {
            chart::draw(app, frame, body);
            None
        }
        View::HighAvailability | View::Configuration | View::System => {
            table::draw(app, frame, body);
            None
        }
    };
    draw_answer(app, frame, answer);
    if let Some(input) = &app.input {
        frame.render_widget(Line::styled(input.candidates.join("  "), app.theme.quiet()), candidate);
    }
    draw_foot(app, frame, foot);
    draw_help(app, frame, area);
    changes
}

fn draw_head(app: &App, frame: &mut Frame, area: Rect) {
    let theme = app.theme;
    let instance = &app.instance;
    let count = |condition| app.components().iter().filter(|component| component.condition == condition).count();
    let mut first = vec![Span::styled(if instance.job.is_empty() { "zwelnch".to_owned() } else { instance.job.clone() }, theme.heading())];
    if !instance.instance.is_empty() {
        first.push(Span::raw(format!("  {} on {}  {}", instance.instance, instance.system, instance.version)));
    }
    for (condition, word) in
        [(Condition::Good, "running"), (Condition::Busy, "on their way"), (Condition::Failed, "failed"), (Condition::Off, "off")]
    {
        if count(condition) > 0 {
            first.push(Span::raw("  "));
            first.push(Span::styled(format!("{} {word}", count(condition)), theme.condition(condition)));
        }
    }
    if let Some(why) = &app.ended {
        first.push(Span::styled(format!("  {why}"), theme.condition(Condition::Failed)));
    }
    let tabs = View::ALL.iter().enumerate().flat_map(|(number, view)| {
        let style = if *view == app.view { theme.chosen() } else { theme.quiet() };
        [Span::styled(format!("{} {}", number + 1, view.name()), style), Span::raw(" ")]
    });
    frame.render_widget(Paragraph::new(vec![Line::from(first), Line::from(tabs.collect::<Vec<_>>())]), area);
}

fn draw_answer(app: &App, frame: &mut Frame, area: Rect) {
    let Some(answer) = &app.answer else { return };
    let mut lines =
        vec![Line::styled(format!("{:-<width$}", format!("- {} ", answer.command), width = usize::from(area.width)), app.theme.quiet())];
    let room = usize::from(area.height).saturating_sub(1);
    let shown = if answer.lines.len() > room { room.saturating_sub(1) } else { room };
    lines.extend(answer.lines.iter().take(shown).map(|line| Line::raw(line.as_str())));
    if answer.lines.len() > room {
        lines.push(Line::styled(format!("{} more lines: the log has them", answer.lines.len() - shown), app.theme.quiet()));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_foot(app: &App, frame: &mut Frame, area: Rect) {
    let theme = app.theme;
    if let Some(confirmation) = &app.confirmation {
        let line = Line::from(vec![
            Span::styled(confirmation.question.as_str(), theme.condition(Condition::Failed)),
            Span::raw("  y: yes, any other key: no"),
        ]);
        return frame.render_widget(line, area);
    }
    if let Some(input) = &app.input {
        let sign = if input.purpose == Purpose::Command { ":" } else { "/" };
        let before = 1 + unicode_width::UnicodeWidthStr::width(&input.text[..input.cursor]);
        // The cursor stays in sight: what is before it goes.
        let hidden = before.saturating_sub(usize::from(area.width).saturating_sub(1));
        let line = Line::from(vec![Span::styled(sign, theme.heading()), Span::raw(input.text.as_str())]);
        frame.render_widget(Paragraph::new(line).scroll((0, u16::try_from(hidden).unwrap_or(u16::MAX))), area);
        let column = u16::try_from(before - hidden).unwrap_or(u16::MAX);
        return frame.set_cursor_position(Position::new(area.x.saturating_add(column), area.y));
    }
    if let Some(notice) = &app.notice {
        return frame.render_widget(Line::styled(notice.as_str(), theme.condition(Condition::Busy)), area);
    }
    let keys: &[(&str, &str)] = match app.view {
        View::Components => &[("l", "log"), ("S", "start"), ("P", "stop"), ("R", "restart"), ("D", "disp"), ("/", "filter")],
        View::Log | View::Events => &[("/", "find"), ("n", "next"), ("f", "follow"), ("w", "wrap"), ("g G", "ends")],
        _ => &[("j k", "move")],
    };
    let every = [(":", "command"), ("?", "help"), ("q", "leave")];
    let spans = keys.iter().chain(&every).flat_map(|(key, meaning)| {
        [Span::styled(*key, theme.heading()), Span::raw(" "), Span::styled(*meaning, theme.quiet()), Span::raw("  ")]
    });
    frame.render_widget(Line::from(spans.collect::<Vec<_>>()), area);
}

fn draw_help(app: &mut App, frame: &mut Frame, area: Rect) {
    let theme = app.theme;
    let Some(top) = &mut app.help else { return };
    let lines: Vec<Line> = keys::help(app.view)
        .map(|(label, meaning)| Line::from(vec![Span::styled(format!("{label:>12}  "), theme.heading()), Span::raw(meaning)]))
        .collect();
    let height = area.height.saturating_sub(2).min(u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let place = Rect { x: area.x, y: area.y + (area.height - height) / 2, width: area.width.min(84), height };
    let room = usize::from(height.saturating_sub(2));
    *top = (*top).min(lines.len().saturating_sub(room));
    let block = Block::new().borders(Borders::ALL).title(" Keys: any other one closes this ");
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(block).scroll((u16::try_from(*top).unwrap_or(0), 0)), place);
}

/// The first row to be shown so that the chosen one is.
pub(crate) fn first_row(top: usize, chosen: usize, room: usize) -> usize {
    if chosen < top { chosen } else { top.max((chosen + 1).saturating_sub(room)) }
}
