//! What the records of a journal come to: rows of components, lines of events, the chart of the last start. Pure: records in, updates out.

use crate::journal::{Edge, Event, Line as JournalLine, Odd, Record};
use crate::message;
use crate::output::printable;
use crate::seeing::chart::{self, Kind, Start, Starts};
use crate::seeing::{end, stamp, what};
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};
use zwelnch_panel::{Component, Condition, Instance, Lane, Level, Line, Span, Update};

/// Lines that wait to be taken; the panel keeps no more either.
const WAITING: usize = 20_000;

/// The message that says which configuration a launcher runs with.
const CONFIGURATION: &str = "ZWEL0023I";

/// The message that lists the components that are started.
const LIST: &str = "ZWEL0016I";

/// What is known of an instance from its journal.
#[derive(Debug, Default)]
pub(super) struct Fold {
    /// Why no commands reach it.
    refusal: Option<String>,
    /// There is no other log: the launcher's messages and last words stand for it.
    is_only_source: bool,
    instance: Instance,
    run: String,
    components: Vec<Component>,
    starts: Starts,
    events: VecDeque<Line>,
    log: VecDeque<Line>,
    odd: Option<(u64, Odd)>,
    ended: Option<String>,
    config: Option<String>,
    /// The start of this run is over: its chart changes no more.
    has_started: bool,
    changed: Changed,
}

/// What is to be told.
#[derive(Debug, Default)]
struct Changed {
    instance: bool,
    components: bool,
    chart: bool,
}

impl Fold {
    /// `refusal`: why no commands reach the instance. `is_only_source`: nothing but the journal is in reach.
    pub(super) fn new(refusal: Option<String>, is_only_source: bool) -> Fold {
        Fold { refusal, is_only_source, ..Fold::default() }
    }

    /// The components in the order in which the instance named them.
    pub(super) fn components(&self) -> &[Component] {
        &self.components
    }

    /// The HA instance, once it is known.
    pub(super) fn ha_instance(&self) -> Option<&str> {
        Some(self.instance.instance.as_str()).filter(|id| !id.is_empty())
    }

    /// CONFIG of the last run, as its launcher has said.
    pub(super) fn config(&self) -> Option<&str> {
        self.config.as_deref()
    }

    /// Takes a line of the journal.
    pub(super) fn take(&mut self, line: JournalLine) {
        match line {
            Ok(record) => self.record(&record),
            Err(odd) => self.odd.get_or_insert((0, odd)).0 += 1,
        }
    }

    fn record(&mut self, record: &Record) {
        if self.run != record.run {
            self.run.clone_from(&record.run);
            (self.components, self.ended, self.has_started) = (Vec::new(), None, false);
            let mut known =
                Instance { instance: printable(&record.instance).into_owned(), refusal: self.refusal.clone(), ..Instance::default() };
            if let Event::Run { edge: Edge::Begun, version, job, sysname, .. } = &record.event {
                known.version = version.as_ref().map_or_else(String::new, |version| format!("zwelnch {}", printable(version)));
                known.job = printable(job.as_deref().unwrap_or_default()).into_owned();
                known.system = printable(sysname.as_deref().unwrap_or_default()).into_owned();
            }
            (self.instance, self.changed.instance, self.changed.components) = (known, true, true);
        }
        self.starts.take(record);
        self.changed.chart |= !self.has_started;
        self.has_started |= match &record.event {
            Event::Whole { to, .. } => to == "ready" || to == "stopping",
            Event::Run { edge, .. } => *edge == Edge::Ended,
            _ => false,
        };
        self.line(record);
        if let Some(name) = record.event.component() {
            self.component(name.to_owned(), record);
        }
        match &record.event {
            Event::Run { edge: Edge::Ended, code, .. } => {
                let code = code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
                self.ended = Some(format!("ended with condition code {code}"));
                for component in &mut self.components {
                    (component.pid, component.started, component.ready) = (None, None, None);
                    if component.condition != Condition::Failed {
                        (component.condition, component.state) = (Condition::Off, "stopped".to_owned());
                    }
                }
                self.changed.components = true;
            }
            Event::Message { id, text, .. } if id == CONFIGURATION => {
                self.config = text.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\'')).map(|(config, _)| config.to_owned());
            }
            Event::Message { id, text, .. } if id == LIST => self.order(text),
            _ => {}
        }
    }

    /// The order of DISP is that of the list that the launcher starts by; what it does not name comes behind.
    fn order(&mut self, text: &str) {
        let Some((names, _)) = text.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\'')) else { return };
        let names: Vec<String> = names.split(',').map(|name| printable(name).into_owned()).collect();
        for name in &names {
            self.at(name.clone());
        }
        let place = |component: &Component| names.iter().position(|name| *name == component.name).unwrap_or(names.len());
        self.components.sort_by_key(place);
        self.changed.components = true;
    }

    /// Where a component stands; one that was not known is the last.
    fn at(&mut self, name: String) -> usize {
        let at = self.components.iter().position(|component| component.name == name);
        at.unwrap_or_else(|| {
            self.components.push(Component { name, state: "stopped".to_owned(), ..Component::default() });
            self.components.len() - 1
        })
    }

    fn line(&mut self, record: &Record) {
        let line = Line {
            time: stamp(record.time),
            component: printable(record.event.component().unwrap_or_default()).into_owned(),
            level: level(&record.event),
            text: printable(&what(&record.event)).into_owned(),
        };
        if self.is_only_source {
            match &record.event {
                Event::Message { .. } => push(&mut self.log, line.clone()),
                Event::Words { lines, .. } => {
                    for text in lines {
                        push(&mut self.log, Line { text: printable(text).into_owned(), ..line.clone() });
                    }
                }
                _ => {}
            }
        }
        push(&mut self.events, line);
    }

    fn component(&mut self, name: String, record: &Record) {
        let at = self.at(printable(&name).into_owned());
        let component = &mut self.components[at];
        let before = component.clone();
        match &record.event {
            Event::State { to, .. } => {
                component.state = printable(to).into_owned();
                component.ready = match to.as_ref() {
                    "ready" => Some(true),
                    "running" | "starting" | "waiting" | "back-off" | "stopping" | "restarting" => Some(false),
                    _ => None,
                };
                component.condition = condition(to);
            }
            Event::Spawned { pid, attempt, .. } => {
                (component.pid, component.started) = (Some(*pid), Some(system_time(record)));
                component.restarts = attempt.saturating_sub(1);
            }
            Event::Unspawned { why, .. } => component.last_end = Some(format!("no process: {}", printable(why))),
            Event::Ended { how, code, signal, asked, .. } => {
                (component.pid, component.started, component.ready) = (None, None, Some(false));
                let asked = if *asked { ", as told" } else { "" };
                let at = stamp(record.time);
                let at = at.get(11..19).unwrap_or(&at);
                component.last_end = Some(format!("{at} {}{asked}", printable(&end(*how, *code, signal.as_deref()))));
            }
            _ => {}
        }
        self.changed.components |= before != *component;
    }

    /// What is new since the last call.
    pub(super) fn drain(&mut self) -> Vec<Update> {
        let changed = std::mem::take(&mut self.changed);
        let mut updates = Vec::new();
        if changed.instance {
            updates.push(Update::Instance(self.instance.clone()));
        }
        if changed.components {
            updates.push(Update::Components(self.components.clone()));
        }
        if changed.chart {
            updates.push(Update::Chart(self.starts.clone().finish().first().map(lanes).unwrap_or_default()));
        }
        for (lines, update) in [(&mut self.log, Update::Log as fn(Vec<Line>) -> Update), (&mut self.events, Update::Events)] {
            if !lines.is_empty() {
                updates.push(update(std::mem::take(lines).into()));
            }
        }
        if let Some((count, first)) = self.odd.take() {
            updates.push(Update::Lost(message::panel_sees_less(format!("{count} lines of the journal"), first).text().to_owned()));
        }
        updates.extend(self.ended.take().map(Update::Ended));
        updates
    }
}

fn push(lines: &mut VecDeque<Line>, line: Line) {
    if lines.len() == WAITING {
        lines.pop_front();
    }
    lines.push_back(line);
}

fn system_time(record: &Record) -> SystemTime {
    let micros = u64::try_from(record.time.as_microsecond()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}

/// What a state of DISP says of a component.
fn condition(state: &str) -> Condition {
    match state {
        "ready" => Condition::Good,
        "failed" | "fatal" | "back-off" => Condition::Failed,
        "stopped" => Condition::Off,
        _ => Condition::Busy,
    }
}

fn level(event: &Event) -> Level {
    match event {
        Event::Message { severity, .. } if severity == "E" => Level::Error,
        Event::Message { severity, .. } if severity == "W" => Level::Warning,
        Event::Message { severity, .. } if severity == "D" => Level::Debug,
        Event::Ended { asked: false, .. } | Event::Unspawned { .. } | Event::Phase { failed: true, .. } => Level::Error,
        Event::Step { code: Some(code), .. } if *code != 0 => Level::Error,
        Event::Probe { passed: false, .. } | Event::Lost { .. } | Event::Unknown => Level::Warning,
        Event::Whole { to, .. } if to == "degraded" => Level::Warning,
        Event::Words { .. } => Level::Warning,
        _ => Level::Information,
    }
}

/// A start as lanes, the prepare step first.
fn lanes(start: &Start) -> Vec<Lane> {
    let chain = chart::critical_chain(start);
    let spans = |spans: &[chart::Span]| {
        let span = |span: &chart::Span| {
            let name = match span.kind {
                Kind::Phase | Kind::Validate | Kind::Configure => printable(&span.name).into_owned(),
                Kind::Waiting => "waits".to_owned(),
                Kind::Starting | Kind::Unsignalled => "start".to_owned(),
                // It goes on from its start.
                Kind::Running => "-".to_owned(),
                Kind::Failed => "x".to_owned(),
            };
            let is_open = span.open || span.kind == Kind::Unsignalled;
            Span { name, from: span.begun, to: (!is_open).then_some(span.ended) }
        };
        spans.iter().map(span).collect::<Vec<_>>()
    };
    let mut lanes = vec![Lane { name: "prepare".to_owned(), is_critical: true, spans: spans(&start.phases) }];
    lanes.extend(start.components.iter().map(|component| Lane {
        name: printable(&component.name).into_owned(),
        is_critical: chain.iter().any(|link| !link.is_phase && link.name == component.name),
        spans: spans(&component.spans),
    }));
    lanes
}
