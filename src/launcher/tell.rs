//! What the journal is told of a run. Each place that has something to tell calls one function here.

use super::run::Launched;
use crate::component::{Probe, ProbeKind};
use crate::journal::{Edge, Event, How, Journal, Word};
use crate::platform::{AnswerSink, End, WaitStatus, unix};
use crate::supervisor::{Event as Happening, Instance, InstancePhase, Member, Moment, State, Transition};
use std::time::Duration;

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What has become of components.
pub(super) fn states(journal: &Journal, instance: &mut Instance) {
    for Transition { index, from, to } in instance.take_transitions() {
        let Some(member) = instance.member(index) else { continue };
        let to = if member.removed && to == STOPPED { REMOVED } else { to };
        journal.tell(Event::State { component: member.name.clone(), from: from.into(), to: to.into() });
    }
}

/// The state of one that is down for good, and its word for one that a new configuration does not have.
const STOPPED: &str = "stopped";
const REMOVED: &str = "removed";

/// A component is not in the new configuration; one that is not down yet is removed when it is.
pub(super) fn removed(journal: &Journal, member: &Member) {
    if member.machine.name() == STOPPED {
        journal.tell(Event::State { component: member.name.clone(), from: STOPPED.into(), to: REMOVED.into() });
    }
}

/// What has become of the whole, if anything has.
pub(super) fn whole(journal: &Journal, before: InstancePhase, now: InstancePhase) {
    if before != now {
        journal.tell(Event::Whole { from: before.name().into(), to: now.name().into() });
    }
}

/// A process was made.
pub(super) fn spawned(journal: &Journal, member: &Member, pid: i32) {
    // The machine counts it in a moment.
    let attempt = member.machine.restarts() + 1 + u64::from(member.machine.has_started());
    journal.tell(Event::Spawned { component: member.name.clone(), pid, attempt });
}

/// A process could not be made.
pub(super) fn unspawned(journal: &Journal, member: &Member, why: &str, now: Moment) {
    let (next, delay_us, _) = follows(member, None, now);
    journal.tell(Event::Unspawned { component: member.name.clone(), why: why.to_owned(), next, delay_us });
}

/// A component is ready, by its probe; None: nothing tells.
pub(super) fn ready(journal: &Journal, launched: &Launched, after: Duration, probe: Option<&Probe>) {
    let how = probe.map_or("no signal", |probe| match &probe.kind {
        ProbeKind::Log { .. } => "log",
        ProbeKind::Tcp { .. } => "tcp",
        ProbeKind::Http { secure: false, .. } => "http",
        ProbeKind::Http { secure: true, .. } => "https",
        ProbeKind::Command { .. } => "command",
    });
    journal.tell(Event::Ready { component: launched.component.name.clone(), after_us: micros(after), how: how.into() });
}

/// What comes after the end of a process: the word, the time until a restart, and the rule that says so.
fn follows(member: &Member, status: Option<WaitStatus>, now: Moment) -> (Word, Option<u64>, Option<Word>) {
    let policy = &member.machine.policy;
    match member.machine.state() {
        State::BackOff { until, .. } => ("restart".into(), Some(micros(until.since(now))), Some("restartIntervals".into())),
        State::Fatal => {
            let by_code = matches!(status, Some(WaitStatus { end: End::Exited(code), .. }) if policy.fatal_exit_codes.contains(&code));
            ("fatal".into(), None, Some(if by_code { "fatalExitCodes" } else { "fatalMessages" }.into()))
        }
        State::Failed => {
            let by_intervals = member.machine.failures() > policy.restart_intervals.len();
            ("failed".into(), None, Some(if by_intervals { "restartIntervals" } else { "startLimit" }.into()))
        }
        _ => (member.machine.name().into(), None, None),
    }
}

/// A process has ended; `up`: how long it had run.
pub(super) fn ended(journal: &Journal, member: &Member, (pid, status): (i32, WaitStatus), asked: bool, up: Duration, now: Moment) {
    let (next, delay_us, rule) = follows(member, Some(status), now);
    let (how, code, signal) = match status.end {
        End::Exited(code) => (How::Exited, Some(code), None),
        End::Signaled(number) => (How::Signal, None, Some(unix::signal_name(number))),
    };
    let of_failure = |number: usize| rule.as_ref().and_then(|_| u64::try_from(number).ok());
    journal.tell(Event::Ended {
        component: member.name.clone(),
        pid,
        how,
        code,
        signal,
        up_us: micros(up),
        asked,
        failures: of_failure(member.machine.failures()),
        intervals: of_failure(member.machine.policy.restart_intervals.len()),
        min_uptime_us: rule.as_ref().map(|_| micros(member.machine.policy.min_uptime)),
        next,
        delay_us,
        rule,
    });
}

/// A probe's result that changes something, before it does.
pub(super) fn probed(journal: &Journal, member: Option<&Member>, happening: &Happening) {
    let Some(member) = member else { return };
    let state = member.machine.state();
    let tell = |kind: &'static str, passed, detail: &str| {
        journal.tell(Event::Probe { component: member.name.clone(), kind: kind.into(), passed, detail: detail.to_owned() });
    };
    match (happening, state) {
        (Happening::ReadyReported(reported), State::Running { pid, .. }) if reported == pid => tell("readiness", true, ""),
        (Happening::ReadyLost(reported), State::Ready { pid, .. }) if reported == pid => tell("readiness", false, ""),
        (Happening::LivenessFailed(reported, why), State::Running { pid, .. } | State::Ready { pid, .. }) if reported == pid => {
            tell("liveness", false, why);
        }
        _ => {}
    }
}

/// P, or a signal.
pub(super) fn ordered(journal: &Journal, text: &str, from: &str) {
    journal.tell(Event::Command { text: text.to_owned(), from: from.to_owned(), answer: Vec::new(), more: 0, refused: false });
}

/// The sink of a command's answer, which tells the journal of both once the answer is whole.
pub(super) fn answered(journal: &Journal, text: &str, sink: Box<dyn AnswerSink>) -> Box<dyn AnswerSink> {
    Box::new(Heard {
        journal: journal.clone(),
        text: text.to_owned(),
        from: sink.asker(),
        lines: Vec::new(),
        refused: false,
        sink: Some(sink),
    })
}

#[derive(Debug)]
struct Heard {
    journal: Journal,
    text: String,
    from: String,
    lines: Vec<String>,
    refused: bool,
    sink: Option<Box<dyn AnswerSink>>,
}

impl AnswerSink for Heard {
    fn line(&mut self, text: &str) {
        self.lines.push(text.to_owned());
        if let Some(sink) = &mut self.sink {
            sink.line(text);
        }
    }

    fn refuse(&mut self) {
        self.refused = true;
        if let Some(sink) = &mut self.sink {
            sink.refuse();
        }
    }

    fn pause(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.pause();
        }
    }

    fn asker(&self) -> String {
        self.from.clone()
    }

    fn complete(mut self: Box<Self>) {
        // Told before the console can go on.
        self.tell();
        if let Some(sink) = self.sink.take() {
            sink.complete();
        }
    }
}

impl Heard {
    fn tell(&mut self) {
        self.journal.tell(Event::Command {
            text: std::mem::take(&mut self.text),
            from: std::mem::take(&mut self.from),
            answer: std::mem::take(&mut self.lines),
            more: 0,
            refused: self.refused,
        });
    }
}

impl Drop for Heard {
    /// An answer that breaks off was a command all the same.
    fn drop(&mut self) {
        if self.sink.is_some() {
            self.tell();
        }
    }
}

/// A command of one component runs until this is dropped.
pub(super) struct Step<'a> {
    journal: &'a Journal,
    component: &'a str,
    step: &'static str,
    status: Option<WaitStatus>,
}

/// A command of a component begins.
pub(super) fn step<'a>(journal: &'a Journal, component: &'a str, step: &'static str) -> Step<'a> {
    journal.tell(Event::Step { component: component.to_owned(), step: step.into(), edge: Edge::Begun, result: None, code: None });
    Step { journal, component, step, status: None }
}

impl Step<'_> {
    /// How it has ended.
    pub(super) fn ended(mut self, status: WaitStatus) {
        self.status = Some(status);
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        self.journal.tell(Event::Step {
            component: self.component.to_owned(),
            step: self.step.into(),
            edge: Edge::Ended,
            result: self.status.map(|status| status.end.to_string()),
            code: self.status.map(WaitStatus::code),
        });
    }
}
