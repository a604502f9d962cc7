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
        // A component that has just been started is given a moment to be ready in, then asked more and more slowly up to the interval.
        let mut pause = FIRST_PAUSE.min(probe.interval);
        loop {
            tokio::time::sleep(pause).await;
            pause = if count.is_good { probe.interval } else { (pause * 2).min(probe.interval) };
            let answer = way.ask(&context, &launched, probe.timeout).await;
            context.output.trace(|| {
                let said = match &answer {
                    Ok(()) => "yes".to_owned(),
                    Err(why) if why.was_not_asked() => format!("no, it cannot be asked: {why}"),
                    Err(why) => format!("no, {why}"),
                };
                format!("probe: {} of {}: {said}", question.key(), launched.component.name)
            });
            // That says nothing of the component: what was known of it holds. It is said once for each reason.
            if let Some(why) = answer.as_ref().err().filter(|why| why.was_not_asked()).map(ToString::to_string) {
                if not_asked.as_ref() != Some(&why) {
                    context.output.message(message::probe_not_possible(&launched.component.name, question.key(), &why));
                }
                not_asked = Some(why);
                continue;
            }
            not_asked = None;
            if let Some(verdict) = count.answer(answer) {
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

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Runs something on the owner's thread after a while, unless what is returned is dropped before.
pub(super) fn after(time: Duration, then: impl FnOnce() + 'static) -> Asking {
    let task = tokio::task::spawn_local(async move {
        tokio::time::sleep(time).await;
        then();
    });
    Asking(task.abort_handle())
}
