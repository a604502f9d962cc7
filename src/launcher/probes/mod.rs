//! Asks components whether they are ready and alive: one task a question, on the owner's thread. What the system offers only as a call that
//! blocks (files, look-ups of names) is done on a thread that nobody waits for at the end. The answers are events to the owner.

mod count;
mod file_end;
mod no_answer;
mod watch;
mod ways;

pub(super) use count::Verdict;
pub(super) use file_end::FileEnd;
pub(super) use watch::{probe_of, watch};

use super::run::{Context, Launched};
use crate::component::{Probe, ProbeKind, Question};
use crate::message;
use count::Count;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use ways::{AskingCommand, Blocking, Http, Way};

/// A question that is being asked until this is dropped.
#[derive(Debug)]
pub(super) struct Asking(AbortHandle);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where the file ends now that a text is waited for in: to be looked at before the process is made that writes it.
pub(super) fn file_end(probe: &Probe) -> Option<FileEnd> {
    match &probe.kind {
        ProbeKind::Log { texts, file: Some(file) } => Some(FileEnd::new(file.clone(), texts)),
        _ => None,
    }
}

/// Begins to ask. `file_end` is what [`file_end`] gave; `tell` is called on the owner's thread. None
/// for a text to wait for in the component's output, which the relay sees without being asked.
pub(super) fn ask(
    context: &Arc<Context>,
    launched: &Launched,
    probe: &Probe,
    question: Question,
    file_end: Option<FileEnd>,
    tell: impl Fn(Verdict) + 'static,
) -> Option<Asking> {
    let mut way = match &probe.kind {
        ProbeKind::Log { .. } => Way::File(Some(file_end?), Blocking::default()),
        ProbeKind::Tcp { host, port } => Way::Tcp(host.clone(), *port, Blocking::default()),
        ProbeKind::Http { .. } => Way::Http(Box::new(Http::new(probe.kind.clone()))),
        ProbeKind::Command { file, arguments } => Way::Command(AskingCommand::new(file.clone(), arguments.clone())),
    };
    let (context, launched, probe) = (Arc::clone(context), launched.clone(), probe.clone());
    let task = tokio::task::spawn_local(async move {
        let mut count = Count::new(question, probe.failure_threshold);
        let mut not_asked: Option<String> = None;
        let pace = Pace::of(&way);
        let begun = tokio::time::Instant::now();
        let mut pause = pace.first.min(probe.interval);
        loop {
            tokio::time::sleep(pause).await;
            pause = if count.is_good { probe.interval } else { pace.pause(begun.elapsed(), probe.interval) };
            let answer = way.ask(&context, &launched, probe.timeout).await;
            context.output.trace(|| {
                let said = match &answer {
                    Ok(()) => "yes".to_owned(),
                    Err(why) if why.was_not_asked() => format!("no, it cannot be asked: {why}"),
                    Err(why) if why.cannot_be_judged() => format!("yes, as far as is known: {why}"),
                    Err(why) => format!("no, {why}"),
                };
                format!("probe: {} of {}: {said}", question.key(), launched.component.name)
            });
            // That says nothing of the component: what was known of it holds. It is said once for each reason.
            let (was_not_asked, is_not_judged) =
                answer.as_ref().err().map_or((false, false), |why| (why.was_not_asked(), why.cannot_be_judged()));
            let why = answer.as_ref().err().filter(|_| was_not_asked || is_not_judged).map(ToString::to_string);
            if why.is_some() && not_asked != why {
                let (name, question, why) = (&launched.component.name, question.key(), why.as_deref().unwrap_or_default());
                context.output.message(if is_not_judged {
                    message::probe_not_judged(name, question, why)
                } else {
                    message::probe_not_possible(name, question, why)
                });
            }
            not_asked = why;
            if was_not_asked {
                continue;
            }
            if let Some(verdict) = count.answer(if is_not_judged { Ok(()) } else { answer }) {
                // A line in a file stands there for good.
                let is_final = matches!(verdict, Verdict::Good) && matches!(way, Way::File(..));
                tell(verdict);
                if is_final {
                    return;
                }
            }
        }
    });
    Some(Asking(task.abort_handle()))
}

/// How fast a component that has just been started is asked: it is given a moment to be ready in, then asked more and more slowly up to the
/// interval. Nothing tells when a port is opened, so what is said of it is late by a part of the time that it has taken, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    first: Duration,
    /// The pause is this part of the time since the start.
    part: u32,
}

impl Pace {
    /// To ask costs a connection, or a look at the end of a file.
    const QUICK: Pace = Pace { first: Duration::from_millis(20), part: 10 };
    /// To ask costs a process.
    const SLOW: Pace = Pace { first: Duration::from_millis(100), part: 1 };

    fn of(way: &Way) -> Pace {
        if matches!(way, Way::Command(_)) { Pace::SLOW } else { Pace::QUICK }
    }

    fn pause(self, since: Duration, interval: Duration) -> Duration {
        (since / self.part).max(self.first).min(interval)
    }
}

/// Runs something on the owner's thread after a while, unless what is returned is dropped before.
pub(super) fn after(time: Duration, then: impl FnOnce() + 'static) -> Asking {
    let task = tokio::task::spawn_local(async move {
        tokio::time::sleep(time).await;
        then();
    });
    Asking(task.abort_handle())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_quickly_is_told_a_tenth_late_and_not_asked_for_too_often() {
        let interval = Duration::from_secs(5);
        for (pace, late, most) in [(Pace::QUICK, 10, 75), (Pace::SLOW, 1, 20)] {
            let (mut since, mut asked) = (pace.first, 1);
            while since < Duration::from_secs(60) {
                let pause = pace.pause(since, interval);
                assert!(pause <= (since / late).max(pace.first) && pause <= interval);
                (since, asked) = (since + pause, asked + 1);
            }
            assert!(asked <= most, "{pace:?}: {asked}");
        }
        assert_eq!(Pace::QUICK.pause(Duration::ZERO, Duration::ZERO), Duration::ZERO);
    }
}
