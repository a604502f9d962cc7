//! What is measured: counted and timed where it happens, and put together when somebody asks.

use super::{Owner, RunPhase};
use crate::console;
use crate::launcher::timing::Timed;
use crate::metrics;
use crate::output::Counts;
use crate::platform::End;
use crate::supervisor::{InstancePhase, Moment};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Of the run as a whole.
pub(super) struct Measured {
    began: SystemTime,
    ready_after: Option<Duration>,
    commands: BTreeMap<&'static str, u64>,
    /// The whole prepare step and its parts; None while it goes on.
    prepare: Option<(Duration, Vec<Timed>)>,
    /// Known with it.
    workspace: Option<PathBuf>,
}

/// Of a component, over all its processes.
#[derive(Default)]
pub(super) struct ComponentMeasured {
    /// When its process was asked for, until it is there.
    asked: Option<Moment>,
    started: Option<SystemTime>,
    start_took: Option<Duration>,
    ready_took: Option<Duration>,
    unasked_ends: u64,
    pub(super) counts: Arc<Counts>,
}

impl Measured {
    pub(super) fn new() -> Measured {
        Measured { began: SystemTime::now(), ready_after: None, commands: BTreeMap::new(), prepare: None, workspace: None }
    }

    /// An operator's command.
    pub(super) fn command(&mut self, text: &str) {
        *self.commands.entry(console::word_of(text).unwrap_or("unknown")).or_default() += 1;
    }

    /// All were ready, this long after the first start command; the first time counts.
    pub(super) fn ready(&mut self, after: Duration) {
        self.ready_after.get_or_insert(after);
    }

    pub(super) fn prepared(&mut self, elapsed: Duration, timed: Vec<Timed>, workspace: &Path) {
        self.workspace = Some(workspace.to_owned());
        self.prepare = Some((elapsed, timed));
    }
}

impl ComponentMeasured {
    /// Its process is to be made.
    pub(super) fn asked(&mut self, now: Moment) {
        self.asked = Some(now);
    }

    /// Its process was made.
    pub(super) fn started(&mut self, now: Moment) {
        self.started = Some(SystemTime::now());
        self.start_took = self.asked.take().map(|asked| now.since(asked));
        self.ready_took = None;
    }

    /// It is ready, this long after its process was made; the first time counts.
    pub(super) fn ready(&mut self, after: Duration) {
        self.ready_took.get_or_insert(after);
    }

    pub(super) fn ended_unasked(&mut self) {
        self.unasked_ends += 1;
    }
}

fn since_1970(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

impl Owner {
    /// The instance at this moment.
    pub(super) fn measure(&self) -> metrics::Instance {
        let state = match (self.phase, self.instance.phase()) {
            (RunPhase::Preparing, _) => metrics::PREPARING,
            (RunPhase::Ending, InstancePhase::Ended) => InstancePhase::Ended.name(),
            (RunPhase::Ending, _) => InstancePhase::Stopping.name(),
            (RunPhase::Supervising, phase) => phase.name(),
        };
        let prepare = self.measured.prepare.as_ref();
        metrics::Instance {
            ha_instance: self.begun.ha_instance.id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: state.to_owned(),
            started_at: since_1970(self.measured.began),
            ready_after: self.measured.ready_after.map(|after| after.as_secs_f64()),
            commands: self.measured.commands.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect(),
            prepared_in: prepare.map(|(elapsed, _)| elapsed.as_secs_f64()),
            phases: prepare.map(|(_, timed)| phases(timed, None)).unwrap_or_default(),
            workspace: self.measured.workspace.clone(),
            upgrade: None,
            components: self.present().into_iter().filter_map(|index| self.measure_component(index)).collect(),
        }
    }

    fn measure_component(&self, index: usize) -> Option<metrics::Component> {
        let (member, child) = (self.instance.member(index)?, self.children.get(index)?);
        let (machine, measured) = (&member.machine, &child.measured);
        let (lines, bytes) = measured.counts.get();
        let end = machine.last_end().map(|last| last.status.end);
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        Some(metrics::Component {
            name: member.name.clone(),
            state: machine.name().to_owned(),
            wanted: machine.wants_up(),
            up: machine.state().pid().is_some(),
            ready: machine.is_ready(),
            restarts: machine.restarts(),
            unasked_ends: measured.unasked_ends,
            started_at: measured.started.map(since_1970),
            start_took: seconds(measured.start_took),
            ready_took: seconds(measured.ready_took),
            exit_code: end.and_then(|end| if let End::Exited(code) = end { Some(code) } else { None }),
            exit_signal: end.and_then(|end| if let End::Signaled(signal) = end { Some(signal) } else { None }),
            lines,
            bytes,
            phases: self.measured.prepare.as_ref().map(|(_, timed)| phases(timed, Some(&member.name))).unwrap_or_default(),
        })
    }
}

/// The parts of the prepare step, or those of one component, in the order of their end.
fn phases(timed: &[Timed], component: Option<&str>) -> Vec<(String, f64)> {
    let of = timed.iter().filter(|timed| timed.component.as_deref() == component);
    of.map(|timed| (timed.part.to_owned(), timed.elapsed.as_secs_f64())).collect()
}
