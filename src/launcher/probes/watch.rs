//! Lines of a component's output that tell of its state: that it is ready, or that no restart will mend it.

use super::super::run::{Event, EventSender, Launched};
use crate::component::{self, Probe, ProbeKind, Question};
use crate::output::Watch;
use crate::platform::Pid;
use crate::supervisor::Event as Happening;
use std::ffi::OsStr;
use std::time::Duration;

/// How a component is asked; None: nothing tells. What is wrong with the setting was said when it was read.
pub(in super::super) fn probe_of(launched: &Launched, question: Question) -> Option<Probe> {
    component::probe(&launched.instance.configuration, &launched.component, question).ok().flatten()
}

/// What a text says that is waited for.
#[derive(Debug, Clone)]
enum Meaning {
    Ready,
    /// Ready, if it still runs so much later.
    Settling(Duration),
    Fatal,
}

/// What is looked for in the output of a process; None: nothing. `values`: those of its variables.
pub(in super::super) fn watch<'a>(
    readiness: Option<&Probe>,
    fatal: Vec<String>,
    (index, pid): (usize, Pid),
    values: impl Iterator<Item = &'a OsStr>,
    sender: EventSender,
) -> Option<Watch> {
    let mut waited: Vec<(String, Meaning)> = Vec::new();
    if let Some(Probe { kind: ProbeKind::Log { texts, file: None }, settling, .. }) = readiness {
        waited.extend(texts.iter().map(|text| (text.clone(), Meaning::Ready)));
        waited.extend(settling.iter().map(|(text, after)| (text.clone(), Meaning::Settling(*after))));
    }
    waited.extend(fatal.into_iter().map(|text| (text, Meaning::Fatal)));
    if waited.is_empty() {
        return None;
    }
    let texts: Vec<String> = waited.iter().map(|(text, _)| text.clone()).collect();
    let echoes = echoes(values, &texts);
    let matched = move |_, which: usize| {
        let event = match waited.get(which) {
            Some((_, Meaning::Ready)) => Event::Watched { index, happening: Happening::ReadyReported(pid) },
            Some((_, Meaning::Settling(after))) => Event::Settling { index, pid, after: *after },
            Some((text, Meaning::Fatal)) => Event::Watched { index, happening: Happening::FatalReported(pid, text.clone()) },
            None => return,
        };
        // The owner has gone.
        let _ = sender.send(event);
    };
    Some(Watch { texts, echoes, matched: std::sync::Arc::new(matched) })
}

/// Lines of values of several lines that hold one of the texts: `env` shows them as they are, without the name of the variable.
fn echoes<'a>(values: impl Iterator<Item = &'a OsStr>, texts: &[String]) -> Vec<String> {
    let long = values.filter_map(OsStr::to_str).filter(|value| value.contains('\n'));
    let holds = |line: &&str| texts.iter().any(|text| text.split('*').all(|piece| line.contains(piece)));
    long.flat_map(|value| value.lines().skip(1)).filter(holds).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_value_that_a_dump_shows_without_its_name() {
        let values = ["ZWEAM000I\nZWEAM000I\n  ZWES1013I up\nother", "ZWEAM000I"].map(OsStr::new);
        let texts = ["ZWEAM000I".to_owned(), "ZWES*up".to_owned()];
        assert_eq!(echoes(values.into_iter(), &texts), ["ZWEAM000I", "  ZWES1013I up"]);
    }
}
