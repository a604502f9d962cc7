//! The last start as bars over time, as wide as the screen.

use crate::app::App;
use crate::model::{Condition, duration};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Columns of the names, and of the time at the end.
const NAME: usize = 18;
const TIME: usize = 9;

pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let theme = app.theme;
    if app.chart.is_empty() {
        return frame.render_widget(Line::styled("No start is known", theme.quiet()), area);
    }
    let end = app.chart.iter().flat_map(|lane| &lane.spans).map(|span| span.to.unwrap_or(span.from)).max().unwrap_or(0).max(1);
    let width = usize::from(area.width).saturating_sub(NAME + TIME + 2).max(10);
    let column = |time: u64| usize::try_from(u128::from(time) * (width as u128) / u128::from(end)).unwrap_or(width).min(width);
    let scale = format!("{:NAME$} 0{:>rest$}", "", duration(end), rest = width);
    let mut lines = vec![Line::styled(scale, theme.quiet())];
    for lane in app.chart.iter().skip(app.chart_top).take(usize::from(area.height).saturating_sub(2)) {
        let style = if lane.is_critical { theme.condition(Condition::Busy) } else { theme.condition(Condition::Good) };
        let mut bar = vec![' '; width + 1];
        for span in &lane.spans {
            // The letter says what it is where there is no colour: v, c, s and r.
            let letter = span.name.chars().next().unwrap_or('#');
            let from = column(span.from);
            let to = span.to.map_or(from, column);
            bar[from..=to.max(from)].fill('-');
            bar[from] = letter;
            if span.to.is_none() {
                bar[from] = '>';
            }
        }
        let last = lane.spans.iter().filter_map(|span| span.to).max();
        let name: String = lane.name.chars().take(NAME - 1).collect();
        let mark = if lane.is_critical { '*' } else { ' ' };
        lines.push(Line::from(vec![
            Span::styled(format!("{mark}{name:<rest$} ", rest = NAME - 1), Style::new()),
            Span::styled(bar.into_iter().collect::<String>(), style),
            Span::styled(
                last.map_or_else(|| format!("{:>TIME$}", "no signal"), |last| format!("{:>TIME$}", duration(last))),
                theme.quiet(),
            ),
        ]));
    }
    lines.push(Line::styled("* critical  w waits  v validate  c configure  s start  x failed  > no signal", theme.quiet()));
    frame.render_widget(Paragraph::new(lines), area);
}
