//! Lines of a component's output that tell of its state: that it is ready, or that no restart will mend it.

use super::prepare::Launched;
use super::{Event, EventSender};
use crate::component::{self, ProbeKind, Question};
use crate::output::Watch;
use crate::platform::Pid;
use crate::supervisor::Event as Happening;

/// The texts that say that the component is ready; none where something else tells, or nothing.
fn ready_texts(launched: &Launched) -> Vec<String> {
    // What is wrong with the setting was said when it was read: running counts as ready then.
    let probe = component::probe(&launched.instance.configuration, &launched.component, Question::Readiness).ok().flatten();
    match probe.map(|probe| probe.kind) {
        Some(ProbeKind::Log { texts, file: None }) => texts,
        _ => Vec::new(),
    }
}

/// Whether something tells when the component is ready.
pub(super) fn is_watched(launched: &Launched) -> bool {
    component::probe(&launched.instance.configuration, &launched.component, Question::Readiness).is_ok_and(|probe| probe.is_some())
}

/// What is looked for in the output of a process; None: nothing.
pub(super) fn watch(launched: &Launched, index: usize, pid: Pid, sender: EventSender) -> Option<Watch> {
    let ready = ready_texts(launched);
    let fatal = launched.instance.configuration.component_settings(&launched.component.name).fatal_messages;
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
