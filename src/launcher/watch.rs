//! Lines of a component's output that tell of its state: that it is ready, or that no restart will mend it.

use super::prepare::Launched;
use super::{Event, EventSender};
use crate::component::{self, Probe, ProbeKind, Question};
use crate::output::Watch;
use crate::platform::Pid;
use crate::supervisor::Event as Happening;

/// How a component is asked; None: nothing tells. What is wrong with the setting was said when it was read.
pub(super) fn probe_of(launched: &Launched, question: Question) -> Option<Probe> {
    component::probe(&launched.instance.configuration, &launched.component, question).ok().flatten()
}

/// What is looked for in the output of a process; None: nothing.
pub(super) fn watch(readiness: Option<&Probe>, fatal: Vec<String>, index: usize, pid: Pid, sender: EventSender) -> Option<Watch> {
    let ready = match readiness.map(|probe| &probe.kind) {
        Some(ProbeKind::Log { texts, file: None }) => texts.clone(),
        _ => Vec::new(),
    };
    let texts: Vec<String> = ready.iter().chain(&fatal).cloned().collect();
    if texts.is_empty() {
        return None;
    }
    let matched = move |_, which: usize| {
        let happening = match which.checked_sub(ready.len()).and_then(|which| fatal.get(which)) {
            None => Happening::ReadyReported(pid),
            Some(text) => Happening::FatalReported(pid, text.clone()),
        };
        // The owner has gone.
        let _ = sender.send(Event::Watched { index, happening });
    };
    Some(Watch { texts, matched: std::sync::Arc::new(matched) })
}
