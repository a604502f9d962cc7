//! How far a launcher has come with its prepare step, by the events of its journal: for who waits for it.

use crate::journal::{Edge, Event, Record};

/// What is under way.
#[derive(Debug, Default)]
pub struct Preparing {
    run: String,
    phase: Option<Phase>,
}

#[derive(Debug)]
struct Phase {
    name: String,
    /// How many commands of components it has.
    of: Option<u64>,
    /// How many of them have ended.
    done: u64,
    /// Whose are under way, in the order in which they were begun.
    running: Vec<String>,
}

impl Preparing {
    /// Pure. The last run counts.
    pub fn take(&mut self, record: &Record) {
        if record.run != self.run {
            *self = Preparing { run: record.run.clone(), phase: None };
        }
        match &record.event {
            // The whole says nothing beside its parts.
            Event::Phase { phase, edge: Edge::Begun, of, .. } if phase != "prepare" => {
                self.phase = Some(Phase { name: phase.to_string(), of: *of, done: 0, running: Vec::new() });
            }
            Event::Phase { phase, edge: Edge::Ended, .. }
                if phase == "prepare" || self.phase.as_ref().is_some_and(|now| now.name == *phase) =>
            {
                self.phase = None;
            }
            Event::Run { edge: Edge::Ended, .. } => self.phase = None,
            Event::Step { component, edge, .. } => {
                let Some(phase) = &mut self.phase else { return };
                match edge {
                    Edge::Begun => phase.running.push(component.clone()),
                    Edge::Ended => {
                        phase.done += 1;
                        if let Some(at) = phase.running.iter().position(|running| running == component) {
                            phase.running.remove(at);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// In a line, with how many of how many; None where nothing is being prepared.
    pub fn shown(&self) -> Option<(String, Option<(u64, u64)>)> {
        let Phase { name, of, done, running } = self.phase.as_ref()?;
        let of = of.filter(|of| *of > 0);
        let count = of.map_or_else(String::new, |of| format!(", {done} of {of}"));
        let who = if running.is_empty() { String::new() } else { format!(": {}", running.join(", ")) };
        Some((format!("{name}{count}{who}"), of.map(|of| (*done, of))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phase_and_commands_are_shown_until_the_end_of_each() {
        let mut preparing = Preparing::default();
        let mut after = |event: &str| {
            let line = format!(r#"{{"v":1,"seq":1,"time":"2026-11-27T06:00:00.000000Z","mono":1,"run":"r","instance":"lpar1",{event}}}"#);
            preparing.take(&crate::journal::decode(line.as_bytes()).unwrap());
            preparing.shown().map(|(shown, _)| shown).unwrap_or_default()
        };
        for (event, shown) in [
            (r#""event":"phase","phase":"prepare","edge":"begun""#, ""),
            (r#""event":"phase","phase":"load","edge":"begun""#, "load"),
            (r#""event":"phase","phase":"load","edge":"ended""#, ""),
            (r#""event":"phase","phase":"validate","edge":"begun","of":2"#, "validate, 0 of 2"),
            (r#""event":"step","component":"a","step":"validate","edge":"begun""#, "validate, 0 of 2: a"),
            (r#""event":"step","component":"b","step":"validate","edge":"begun""#, "validate, 0 of 2: a, b"),
            (r#""event":"step","component":"a","step":"validate","edge":"ended""#, "validate, 1 of 2: b"),
            (r#""event":"phase","phase":"validate","edge":"ended""#, ""),
            (r#""event":"phase","phase":"configure","edge":"begun","of":0"#, "configure"),
            (r#""event":"phase","phase":"prepare","edge":"ended","failed":true"#, ""),
            // One of a RESTART.
            (r#""event":"step","component":"a","step":"validate","edge":"begun""#, ""),
        ] {
            assert_eq!(after(event), shown, "{event}");
        }
    }
}
