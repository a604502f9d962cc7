//! The chart as a picture: one file of SVG without anything from elsewhere, light or dark as its reader has it.

use super::compare::Slower;
use super::layout::{Bar, Layout, layout};
use super::start::{Kind, Start};
use super::{escaped, text};
use std::fmt::Write;

/// Colours keep their meaning without colour: bars have titles and patterns of their own, what is critical is framed. Each has its value before
/// its variable, for viewers of pictures that know no variables.
const STYLE: &str = "\
svg{--back:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--phase:#6e7781;--validate:#8250df;--configure:#bf8700;--waiting:#d1d9e0;\
--starting:#0969da;--running:#1a7f37;--failed:#cf222e;font:12px system-ui,sans-serif;background:var(--back)}
@media(prefers-color-scheme:dark){svg{--back:#0d1117;--ink:#f0f6fc;--soft:#9198a1;--line:#3d444d;--phase:#9198a1;--validate:#ab7df8;\
--configure:#d29922;--waiting:#3d444d;--starting:#4493f8;--running:#3fb950;--failed:#f85149}}
text{fill:#1b1f24;fill:var(--ink)}.soft{fill:#59636e;fill:var(--soft)}.head{font-size:16px;font-weight:600}.critical-name{font-weight:700}
.mark{stroke:#d1d9e0;stroke:var(--line);stroke-width:1}.ready{stroke:#1a7f37;stroke:var(--running);stroke-width:2;stroke-dasharray:6 3}
.phase rect{fill:#6e7781;fill:var(--phase)}.validate rect{fill:#8250df;fill:var(--validate)}.configure rect{fill:#bf8700;fill:var(--configure)}\
.waiting rect{fill:#d1d9e0;fill:var(--waiting)}
.starting rect{fill:#0969da;fill:var(--starting)}.running rect{fill:#1a7f37;fill:var(--running)}.failed rect{fill:#cf222e;fill:var(--failed)}
.unsignalled rect{fill:none;stroke:#1a7f37;stroke:var(--running);stroke-dasharray:2 2}.open rect{opacity:.6}
.critical rect{stroke:#1b1f24;stroke:var(--ink);stroke-width:1.5}
";

/// What the key below the lanes names.
const KEY: [(Kind, &str); 8] = [
    (Kind::Phase, "prepare"),
    (Kind::Validate, "validate"),
    (Kind::Configure, "configure"),
    (Kind::Waiting, "waits for others"),
    (Kind::Starting, "process made"),
    (Kind::Running, "until ready"),
    (Kind::Unsignalled, "no signal"),
    (Kind::Failed, "ended before ready"),
];

/// Of a line of what became slower.
const LINE: f64 = 16.0;

/// The picture of a start, and below it what became slower than in start so many before.
pub fn svg(start: &Start, slower: Option<(usize, &[Slower])>) -> String {
    let layout = layout(start);
    let lines = slower.map(|(against, slower)| text::slower_lines(against, slower)).unwrap_or_default();
    let mut picture = String::new();
    // Writing to a String cannot fail.
    let _ = draw(&mut picture, start, &layout, &lines);
    picture
}

/// The same as a page.
pub fn html(start: &Start, slower: Option<(usize, &[Slower])>) -> String {
    let title = format!("Start of {}", start.instance);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>\n\
         <style>body{{margin:0}}svg{{width:100%;height:auto}}</style></head>\n<body>\n{}</body>\n</html>\n",
        escaped(&title),
        svg(start, slower)
    )
}

fn draw(to: &mut String, start: &Start, layout: &Layout, lines: &[String]) -> std::fmt::Result {
    let (width, height) = (layout.width, layout.height + lines.len() as f64 * LINE);
    writeln!(
        to,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">"
    )?;
    writeln!(to, "<title>{}: {}</title>", escaped(&text::head(start)), escaped(&text::verdict(start)))?;
    writeln!(to, "<style>\n{STYLE}</style>")?;
    writeln!(
        to,
        "<text class=\"head\" x=\"16\" y=\"28\">{}</text>",
        escaped(&format!("Start of {}: {}", start.instance, text::verdict(start)))
    )?;
    writeln!(to, "<text class=\"soft\" x=\"16\" y=\"48\">{}</text>", escaped(&text::head(start)))?;
    for (x, moment) in &layout.marks {
        writeln!(to, "<line class=\"mark\" x1=\"{x:.2}\" y1=\"{}\" x2=\"{x:.2}\" y2=\"{}\"/>", layout.top, layout.bottom)?;
        writeln!(to, "<text class=\"soft\" x=\"{x:.2}\" y=\"{}\" text-anchor=\"middle\">{moment}</text>", layout.top - 6.0)?;
    }
    for lane in &layout.lanes {
        let class = if lane.is_critical { " class=\"critical-name\"" } else { "" };
        writeln!(
            to,
            "<text{class} x=\"208\" y=\"{:.2}\" text-anchor=\"end\"><title>{}</title>{}</text>",
            lane.y + 4.0,
            escaped(&lane.name),
            escaped(&lane.shown)
        )?;
        writeln!(
            to,
            "<text class=\"soft\" x=\"{}\" y=\"{:.2}\" text-anchor=\"end\">{}</text>",
            width - 12.0,
            lane.y + 4.0,
            escaped(&lane.note)
        )?;
    }
    layout.bars.iter().try_for_each(|bar| draw_bar(to, bar))?;
    if let Some(x) = layout.ready {
        writeln!(to, "<line class=\"ready\" x1=\"{x:.2}\" y1=\"{}\" x2=\"{x:.2}\" y2=\"{}\"/>", layout.top, layout.bottom)?;
    }
    let step = (width - 32.0) / KEY.len() as f64;
    for (number, (kind, name)) in KEY.iter().enumerate() {
        let (x, y) = (16.0 + number as f64 * step, layout.bottom + 16.0);
        writeln!(to, "<g class=\"key {}\"><rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"12\" height=\"12\"/></g>", kind.name())?;
        writeln!(to, "<text class=\"soft\" x=\"{:.2}\" y=\"{:.2}\">{name}</text>", x + 18.0, y + 10.0)?;
    }
    for (number, line) in lines.iter().enumerate() {
        writeln!(to, "<text x=\"16\" y=\"{:.2}\">{}</text>", layout.height + number as f64 * LINE, escaped(line))?;
    }
    to.push_str("</svg>\n");
    Ok(())
}

fn draw_bar(to: &mut String, bar: &Bar) -> std::fmt::Result {
    let class = if bar.has_failed { Kind::Failed } else { bar.kind }.name();
    let critical = if bar.is_critical { " critical" } else { "" };
    let open = if bar.is_open { " open" } else { "" };
    writeln!(
        to,
        "<g class=\"bar {class}{critical}{open}\" data-lane=\"{}\"><title>{}</title><rect x=\"{:.3}\" y=\"{:.3}\" width=\"{:.3}\" height=\"{:.3}\"/></g>",
        bar.lane,
        escaped(&bar.title),
        bar.x,
        bar.y,
        bar.width,
        bar.height
    )
}
