//! Where the bars of a chart are: numbers only. A lane for the prepare step and one for each component; bars of one lane never overlap, and
//! all are inside the picture, however short or odd the spans are.

use super::critical::{Link, critical_chain};
use super::seconds;
use super::start::{Kind, Span, Start};

/// Units of the picture.
pub(super) const WIDTH: f64 = 1200.0;
const LEFT: f64 = 220.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 96.0;
const LANE: f64 = 24.0;
const BAR: f64 = 16.0;
const BOTTOM: f64 = 56.0;
/// The narrowest bar.
const NARROW: f64 = 1.0;
/// Marks of time, about.
const MARKS: u64 = 10;
/// Of the name of a lane, in characters.
const NAME: usize = 28;

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub lane: usize,
    pub kind: Kind,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    /// What it is, with its times.
    pub title: String,
    pub is_critical: bool,
    pub is_open: bool,
    pub has_failed: bool,
}

/// A row of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// In full.
    pub name: String,
    /// As much of it as fits.
    pub shown: String,
    /// The middle of its bars.
    pub y: f64,
    /// What is said at its end.
    pub note: String,
    pub is_critical: bool,
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    pub lanes: Vec<Lane>,
    pub bars: Vec<Bar>,
    /// Where, and what moment it is.
    pub marks: Vec<(f64, String)>,
    /// Where all was ready.
    pub ready: Option<f64>,
    /// From where to where marks reach.
    pub top: f64,
    pub bottom: f64,
}

/// Lays out a start.
pub fn layout(start: &Start) -> Layout {
    let chain = critical_chain(start);
    let is_critical = |name: &str, is_phase: bool| chain.iter().any(|link| link.name == name && link.is_phase == is_phase);
    let lanes: Vec<&[Span]> =
        std::iter::once(start.phases.as_slice()).chain(start.components.iter().map(|component| component.spans.as_slice())).collect();
    // Narrow bars push those after them to the right: room for as many as there are.
    let most = lanes.iter().map(|spans| spans.len()).max().unwrap_or_default();
    let (end, room) = (start.end().max(1), WIDTH - LEFT - RIGHT);
    let reserve = (float(most as u64) * NARROW).min(room / 2.0);
    let narrow = if most == 0 { NARROW } else { reserve / float(most as u64) };
    let at = |moment: u64| LEFT + float(moment.min(end)) / float(end) * (room - reserve);
    let mut bars = Vec::new();
    for (lane, spans) in lanes.iter().enumerate() {
        let (mut last, mut edge) = (0, LEFT);
        for span in *spans {
            let (begun, ended) = (span.begun.max(last), span.ended.max(last));
            last = ended;
            let x = at(begun).max(edge);
            let width = (at(ended) - x).max(narrow);
            edge = x + width;
            let is_critical = match lane {
                0 => true,
                lane => start.components.get(lane - 1).is_some_and(|component| in_chain(&component.name, span, start, &chain)),
            };
            bars.push(Bar {
                lane,
                kind: span.kind,
                x,
                y: TOP + float(lane as u64) * LANE,
                width,
                height: BAR,
                title: title(start, lane, span),
                is_critical,
                is_open: span.open,
                has_failed: span.failed,
            });
        }
    }
    let y = |lane: usize| TOP + float(lane as u64) * LANE + BAR / 2.0;
    let prepared = start.phases.last().map(|phase| seconds(phase.ended)).unwrap_or_default();
    let mut all = vec![Lane { name: "prepare".into(), shown: "prepare".into(), y: y(0), note: prepared, is_critical: true }];
    for (index, component) in start.components.iter().enumerate() {
        let note = match (component.ready, component.spawned) {
            (Some(ready), _) => seconds(ready),
            (None, Some(_)) if component.up().is_some() => "no signal".into(),
            (None, Some(_)) => "not ready".into(),
            (None, None) => "not started".into(),
        };
        let name = component.name.clone();
        all.push(Lane { shown: shortened(&name), y: y(index + 1), note, is_critical: is_critical(&name, false), name });
    }
    let step = mark(end);
    let bottom = TOP + float(all.len() as u64) * LANE;
    Layout {
        width: WIDTH,
        height: bottom + BOTTOM,
        lanes: all,
        bars,
        marks: (0..=end / step).map(|number| (at(number * step), in_short(number * step))).collect(),
        ready: start.ready.map(at),
        top: TOP - 12.0,
        bottom,
    }
}

/// Times are far below 2^53 microseconds.
fn float(number: u64) -> f64 {
    number as f64
}

/// Whether the end of the whole start waited for this.
fn in_chain(name: &str, span: &Span, start: &Start, chain: &[Link]) -> bool {
    let slowest =
        |phase: &str| chain.iter().any(|link| link.is_phase && link.name == phase && link.slowest.as_ref().is_some_and(|of| of.0 == name));
    match span.kind {
        // Validate commands run at the same time.
        Kind::Validate => slowest("validate") && span.ended <= prepared(start),
        // Configure commands run one after the other.
        Kind::Configure => span.ended <= prepared(start),
        Kind::Starting | Kind::Running | Kind::Unsignalled => chain.iter().any(|link| !link.is_phase && link.name == name),
        Kind::Phase | Kind::Waiting | Kind::Failed => false,
    }
}

fn prepared(start: &Start) -> u64 {
    start.phases.iter().map(|phase| phase.ended).max().unwrap_or_default()
}

fn title(start: &Start, lane: usize, span: &Span) -> String {
    let whose = match lane {
        0 => "prepare".to_owned(),
        lane => start.components.get(lane - 1).map(|component| component.name.clone()).unwrap_or_default(),
    };
    let what = match span.kind {
        Kind::Phase | Kind::Validate | Kind::Configure => span.name.clone(),
        Kind::Waiting => {
            let names = start.components.get(lane.saturating_sub(1)).map(|component| component.waited_for.join(", ")).unwrap_or_default();
            format!("waited for {}", if names.is_empty() { "what it depends on" } else { &names })
        }
        Kind::Starting => "its process was made".to_owned(),
        Kind::Running if span.open => "runs, not ready yet".to_owned(),
        Kind::Running => "from its process to ready".to_owned(),
        Kind::Unsignalled => return format!("{whose}: runs since {}; nothing signals when it is ready", seconds(span.begun)),
        Kind::Failed => "ended before it was ready".to_owned(),
    };
    let note = if span.open {
        ", goes on"
    } else if span.failed && span.kind != Kind::Failed {
        ", failed"
    } else {
        ""
    };
    format!("{whose}: {what}, {} (from {} to {}){note}", seconds(span.length()), seconds(span.begun), seconds(span.ended))
}

fn shortened(name: &str) -> String {
    let mut shown: String = name.chars().take(NAME).collect();
    if name.chars().count() > NAME {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// The distance of marks, in microseconds: 1, 2 or 5 times a power of ten, at least a millisecond.
fn mark(end: u64) -> u64 {
    let mut base = 1000_u64;
    loop {
        let fits = [1, 2, 5].into_iter().map(|factor| factor * base).find(|step| end / step <= MARKS);
        match (fits, base.checked_mul(10)) {
            (Some(step), _) => return step,
            (None, Some(next)) if next < u64::MAX / 10 => base = next,
            (None, _) => return u64::MAX,
        }
    }
}

/// Seconds without zeros at their end.
fn in_short(microseconds: u64) -> String {
    let digits = format!("{}.{:03}", microseconds / 1_000_000, microseconds / 1000 % 1000);
    format!("{} s", digits.trim_end_matches('0').trim_end_matches('.'))
}
