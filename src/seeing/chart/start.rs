//! The starts that a journal holds.

use crate::journal::{Edge, Event, Record};
use serde::Serialize;
use std::collections::VecDeque;

/// Starts that are kept, the last ones.
pub const KEPT: usize = 10;

/// Spans of one component at most: one that is restarted for days, in an instance that is never ready, has as many as fit.
const SPANS: usize = 200;
/// Components of a start at most.
const COMPONENTS: usize = 10_000;

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A part of the prepare step.
    Phase,
    Validate,
    Configure,
    /// Until what it depends on is ready.
    Waiting,
    /// Until its process is there.
    Starting,
    /// From its process to the signal that it is ready.
    Running,
    /// Its process is there, and nothing signals when it is ready: nothing was measured.
    Unsignalled,
    /// It ended before it was ready.
    Failed,
}

/// A piece of time, in microseconds since the launcher began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    pub kind: Kind,
    /// As the journal calls it.
    pub name: String,
    pub begun: u64,
    pub ended: u64,
    /// It had not ended yet when the journal ended.
    pub open: bool,
    pub failed: bool,
}

/// A component during a start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Component {
    pub name: String,
    /// In the order of their beginning.
    pub spans: Vec<Span>,
    /// Spans that are left out.
    pub more: u64,
    /// What it waited for.
    pub waited_for: Vec<String>,
    /// When its process was made the last time.
    pub spawned: Option<u64>,
    /// When it was ready; None: not, or nothing signals it.
    pub ready: Option<u64>,
    /// What signals that it is ready, as in `log`; None: nothing.
    pub signal: Option<String>,
    #[serde(skip)]
    waiting: Option<u64>,
    #[serde(skip)]
    starting: Option<u64>,
    #[serde(skip)]
    running: Option<u64>,
}

/// One start of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Start {
    pub run: String,
    pub instance: String,
    /// When the launcher began, as the journal writes it.
    pub time: String,
    pub version: Option<String>,
    pub job: Option<String>,
    /// The parts of the prepare step.
    pub phases: Vec<Span>,
    /// In the order in which the journal names them.
    pub components: Vec<Component>,
    /// When all components were ready; None: they were not.
    pub ready: Option<u64>,
    /// The last moment that the journal knows of this start.
    pub last: u64,
    /// The launcher ended before that, with this condition code.
    pub code: Option<i32>,
    /// Its beginning is not in the journal any more.
    pub torn: bool,
    #[serde(skip)]
    over: bool,
}

/// Reads the records of a journal, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Starts {
    starts: VecDeque<Start>,
}

impl Starts {
    /// Takes the next record.
    pub fn take(&mut self, record: &Record) {
        if self.starts.back().is_none_or(|start| start.run != record.run) {
            if self.starts.len() == KEPT {
                self.starts.pop_front();
            }
            let begins = matches!(record.event, Event::Run { edge: Edge::Begun, .. });
            let (run, instance, time) = (record.run.clone(), record.instance.clone(), record.time.to_string());
            self.starts.push_back(Start { run, instance, time, torn: !begins, ..Start::default() });
        }
        if let Some(start) = self.starts.back_mut() {
            start.take(record.mono, &record.event);
        }
    }

    /// All starts, the last one first.
    pub fn finish(self) -> Vec<Start> {
        self.starts.into_iter().rev().map(Start::closed).collect()
    }
}

impl Start {
    fn take(&mut self, now: u64, event: &Event) {
        if self.over {
            return;
        }
        match event {
            Event::Run { edge: Edge::Begun, version, job, .. } => {
                (self.version, self.job) = (version.as_ref().map(ToString::to_string), job.clone());
            }
            Event::Run { edge: Edge::Ended, code, .. } => (self.over, self.code) = (true, *code),
            Event::Whole { to, .. } if to == "ready" => (self.over, self.ready) = (true, Some(now)),
            Event::Whole { to, .. } if to == "stopping" => self.over = true,
            // The whole is what its parts are.
            Event::Phase { phase, .. } if phase == "prepare" => {}
            Event::Phase { phase, edge: Edge::Begun, .. } if self.phases.len() < SPANS => {
                self.phases.push(Span::open(Kind::Phase, phase, now));
            }
            Event::Phase { phase, edge: Edge::Ended, failed, .. } => {
                end(&mut self.phases, phase, now, *failed);
            }
            // It says what the states do not: for whom.
            Event::Message { id, text, .. } if id == WAITS => self.waits(text),
            event => match event.component().map(|name| self.component(name)) {
                Some(Some(component)) => component.take(now, event),
                _ => return,
            },
        }
        self.last = self.last.max(now);
    }

    fn component(&mut self, name: &str) -> Option<&mut Component> {
        let index = self.components.iter().position(|component| component.name == name).unwrap_or(self.components.len());
        if index == self.components.len() {
            if index == COMPONENTS {
                return None;
            }
            self.components.push(Component { name: name.to_owned(), ..Component::default() });
        }
        self.components.get_mut(index)
    }

    fn waits(&mut self, text: &str) {
        let said = text.split_once("component ").and_then(|(_, said)| said.split_once(" waits for "));
        let Some((name, names)) = said else { return };
        if let Some(component) = self.component(name) {
            component.waited_for = names.split(", ").map(str::to_owned).collect();
        }
    }

    /// What has not ended yet goes on to the last moment that is known.
    fn closed(mut self) -> Start {
        let last = self.last;
        let close = |span: &mut Span| span.ended = if span.open { last.max(span.begun) } else { span.ended };
        self.phases.iter_mut().for_each(close);
        for component in &mut self.components {
            for (begun, kind) in [
                (component.waiting.take(), Kind::Waiting),
                (component.starting.take(), Kind::Starting),
                (component.running.take(), Kind::Running),
            ] {
                if let Some(begun) = begun {
                    component.add(Span { ended: begun, ..Span::open(kind, kind.name(), begun) });
                }
            }
            // Every start passes through that state; who waits for nobody does so for no time.
            let waits = !component.waited_for.is_empty();
            component.spans.retain(|span| waits || span.kind != Kind::Waiting);
            component.spans.iter_mut().for_each(close);
            component.spans.sort_by_key(|span| span.begun);
        }
        self
    }

    /// The last moment of it that is shown.
    pub fn end(&self) -> u64 {
        let spans = self.components.iter().flat_map(|component| &component.spans).chain(&self.phases);
        spans.map(|span| span.ended).chain(self.ready).max().unwrap_or(self.last)
    }
}

/// The message that names what a component waits for.
const WAITS: &str = "ZWEL0903I";

fn end(spans: &mut [Span], name: &str, now: u64, failed: bool) {
    if let Some(span) = spans.iter_mut().rev().find(|span| span.open && span.name == name) {
        (span.ended, span.open, span.failed) = (now.max(span.begun), false, failed);
    }
}

impl Kind {
    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Phase => "phase",
            Kind::Validate => "validate",
            Kind::Configure => "configure",
            Kind::Waiting => "waiting",
            Kind::Starting => "starting",
            Kind::Running => "running",
            Kind::Unsignalled => "unsignalled",
            Kind::Failed => "failed",
        }
    }
}

impl Span {
    fn open(kind: Kind, name: &str, begun: u64) -> Span {
        Span { kind, name: name.to_owned(), begun, ended: begun, open: true, failed: false }
    }

    /// How long it was, in microseconds.
    pub fn length(&self) -> u64 {
        self.ended - self.begun
    }
}

impl Component {
    fn take(&mut self, now: u64, event: &Event) {
        match event {
            Event::Step { step, edge: Edge::Begun, .. } => {
                let kind = if step == "validate" { Kind::Validate } else { Kind::Configure };
                self.add(Span::open(kind, step, now));
            }
            Event::Step { step, edge: Edge::Ended, code, .. } => end(&mut self.spans, step, now, code.is_some_and(|code| code != 0)),
            Event::State { to, .. } => {
                let waited = self.waiting.take();
                self.close(waited, now, Kind::Waiting);
                match to.as_ref() {
                    "waiting" => self.waiting = Some(now),
                    "starting" => self.starting = Some(now),
                    _ => {}
                }
            }
            Event::Spawned { .. } => {
                let asked = self.starting.take();
                self.close(asked, now, Kind::Starting);
                (self.spawned, self.running, self.ready, self.signal) = (Some(now), Some(now), None, None);
            }
            Event::Unspawned { .. } => {
                let asked = self.starting.take();
                self.close(asked, now, Kind::Failed);
            }
            Event::Ready { how, .. } => {
                let Some(begun) = self.running.take() else { return };
                let is_signalled = how != "no signal";
                self.close(
                    Some(begun),
                    if is_signalled { now } else { begun },
                    if is_signalled { Kind::Running } else { Kind::Unsignalled },
                );
                if is_signalled {
                    (self.ready, self.signal) = (Some(now), Some(how.to_string()));
                }
            }
            Event::Ended { .. } => {
                let begun = self.running.take();
                self.close(begun, now, Kind::Failed);
            }
            _ => {}
        }
    }

    fn close(&mut self, begun: Option<u64>, now: u64, kind: Kind) {
        if let Some(begun) = begun {
            let failed = kind == Kind::Failed;
            self.add(Span { kind, name: kind.name().to_owned(), begun, ended: now.max(begun), open: false, failed });
        }
    }

    fn add(&mut self, span: Span) {
        if self.spans.len() < SPANS {
            self.spans.push(span);
        } else {
            self.more += 1;
        }
    }

    /// When it was up: ready or, where nothing signals that, when its process was made.
    pub fn up(&self) -> Option<u64> {
        self.ready.or_else(|| self.spawned.filter(|_| self.spans.iter().any(|span| span.kind == Kind::Unsignalled)))
    }

    /// How long it took from its start to the signal that it is ready; None: that was not measured.
    pub fn took(&self) -> Option<u64> {
        let (ready, spawned) = (self.ready?, self.spawned?);
        let asked = self.spans.iter().find(|span| span.kind == Kind::Starting && span.ended == spawned);
        Some(ready - asked.map_or(spawned, |span| span.begun))
    }

    /// All that it took in spans of a kind.
    pub fn sum(&self, kind: Kind) -> u64 {
        self.spans.iter().filter(|span| span.kind == kind).map(Span::length).sum()
    }
}
