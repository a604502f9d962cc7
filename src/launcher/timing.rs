//! Where the time of the prepare step went: [`tracing`] spans, collected by a subscriber of our own, since all that is wanted of them is
//! how long each was open.

use crate::journal::{Edge, Event as Told, Journal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A span that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timed {
    /// Name of the span: the part of the prepare step.
    pub(super) part: &'static str,
    /// Of spans that belong to one.
    pub(super) component: Option<String>,
    pub(super) elapsed: Duration,
}

/// Collects the spans of the thread it is the default subscriber of.
#[derive(Debug, Clone, Default)]
pub(super) struct Timing {
    spans: Arc<Mutex<Spans>>,
    next: Arc<AtomicU64>,
    /// It is told of spans that belong to no component.
    journal: Journal,
}

#[derive(Debug, Default)]
struct Spans {
    open: std::collections::HashMap<u64, (Timed, Instant)>,
    closed: Vec<Timed>,
    /// They have been taken: what follows belongs to no prepare step.
    is_over: bool,
}

impl Timing {
    /// Tells the journal of the parts as they begin and end.
    pub(super) fn new(journal: Journal) -> Timing {
        Timing { journal, ..Timing::default() }
    }

    /// What has been closed so far, in the order of its end; nothing is collected after this.
    pub(super) fn take(&self) -> Vec<Timed> {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.is_over = true;
        std::mem::take(&mut spans.closed)
    }

    fn tell(&self, timed: &Timed, edge: Edge, of: Option<u64>) {
        if timed.component.is_none() {
            self.journal.tell(Told::Phase { phase: timed.part.into(), edge, of, failed: false });
        }
    }
}

/// The values of the fields `component` and `of`.
#[derive(Default)]
struct Fields {
    component: Option<String>,
    of: Option<u64>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "component" {
            self.component = Some(value.to_owned());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "of" {
            self.of = Some(value);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn std::fmt::Debug) {}
}

impl Subscriber for Timing {
    /// The crates below us have spans too.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == TARGET
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        // Ids begin with 1.
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let timed = Timed { part: attributes.metadata().name(), component: fields.component, elapsed: Duration::ZERO };
        self.tell(&timed, Edge::Begun, fields.of);
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).open.insert(id, (timed, Instant::now()));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn try_close(&self, id: Id) -> bool {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((timed, begun)) = spans.open.remove(&id.into_u64()) {
            self.tell(&timed, Edge::Ended, None);
            if !spans.is_over {
                spans.closed.push(Timed { elapsed: begun.elapsed(), ..timed });
            }
        }
        true
    }
}

/// Target of the spans that are timed.
pub(super) const TARGET: &str = "zwelnch::prepare";

/// How many commands are listed by name.
const SLOWEST: usize = 10;

/// The parts in the order of their end, as ZWEL0936I shows them.
pub(super) fn parts(timed: &[Timed]) -> String {
    let whole = timed.iter().filter(|timed| timed.component.is_none());
    whole.map(|timed| format!("{} {:.3}", timed.part, timed.elapsed.as_secs_f64())).collect::<Vec<_>>().join(", ")
}

/// The commands that took longest, longest first.
pub(super) fn slowest(mut timed: Vec<Timed>) -> Vec<String> {
    timed.retain(|timed| timed.component.is_some());
    timed.sort_by_key(|timed| std::cmp::Reverse(timed.elapsed));
    let line =
        |timed: Timed| format!("{} of {} took {:.3} s", timed.part, timed.component.unwrap_or_default(), timed.elapsed.as_secs_f64());
    timed.into_iter().take(SLOWEST).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_ours_are_collected_with_their_component() {
        let timing = Timing::default();
        tracing::subscriber::with_default(timing.clone(), || {
            let whole = tracing::info_span!(target: TARGET, "validate");
            drop(tracing::info_span!(target: TARGET, "commands.validate", component = "gateway"));
            drop(tracing::info_span!(target: "other", "not ours"));
            drop(whole);
        });
        let timed = timing.take();
        let names: Vec<(&str, Option<&str>)> = timed.iter().map(|timed| (timed.part, timed.component.as_deref())).collect();
        assert_eq!(names, [("commands.validate", Some("gateway")), ("validate", None)]);
        assert!(timing.take().is_empty());
        assert!(parts(&timed).starts_with("validate 0."));
        assert_eq!(slowest(timed).len(), 1);
    }

    #[test]
    fn the_slowest_come_first_and_are_not_too_many() {
        let one =
            |number: u64| Timed { part: "commands.validate", component: Some(number.to_string()), elapsed: Duration::from_millis(number) };
        let lines = slowest((0..30).map(one).collect());
        assert_eq!((lines.len(), lines[0].as_str()), (10, "commands.validate of 29 took 0.029 s"));
    }
}
