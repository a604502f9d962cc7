//! The critical chain: what the whole start waited for. From its end backwards: the component that was up last, the one of those it waited
//! for that was ready last, and so on to one that waited for none; that one was started when the prepare step was over.

use super::start::{Component, Kind, Start};
use serde::Serialize;

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// A component, or a part of the prepare step.
    pub name: String,
    pub is_phase: bool,
    /// When it was done, in microseconds since the launcher began.
    pub at: u64,
    /// How long it took; None: not measured, as nothing signals that it is ready.
    pub took: Option<u64>,
    /// Of parts of the prepare step: the component whose command took longest.
    pub slowest: Option<(String, u64)>,
}

/// What one turn of the launcher decides is told within this time, in microseconds: that others start before what they have waited for is said
/// to be ready, say.
const TURN: u64 = 100_000;

/// The last link first.
pub fn critical_chain(start: &Start) -> Vec<Link> {
    let mut chain = Vec::new();
    let mut next = start.components.iter().filter(|component| component.up().is_some()).max_by_key(|component| component.up());
    while let Some(component) = next {
        // No circle: each is up before the one that waited for it.
        let begun = component.spans.iter().find(|span| span.kind == Kind::Starting).map_or(component.spawned, |span| Some(span.begun));
        let is_before =
            |other: &&Component| other.up().is_some_and(|up| begun.is_some_and(|begun| up <= begun + TURN) && Some(up) < component.up());
        chain.push(Link {
            name: component.name.clone(),
            is_phase: false,
            at: component.up().unwrap_or_default(),
            took: component.took(),
            slowest: None,
        });
        let needed = start.components.iter().filter(|other| component.waited_for.contains(&other.name));
        next = needed.filter(is_before).max_by_key(|other| other.up());
    }
    for phase in start.phases.iter().rev() {
        let kind = match phase.name.as_str() {
            "validate" => Some(Kind::Validate),
            "configure" => Some(Kind::Configure),
            _ => None,
        };
        let of = |component: &Component| kind.map(|kind| (component.name.clone(), component.sum(kind))).filter(|(_, took)| *took > 0);
        let slowest = start.components.iter().filter_map(of).max_by_key(|(_, took)| *took);
        chain.push(Link { name: phase.name.clone(), is_phase: true, at: phase.ended, took: Some(phase.length()), slowest });
    }
    chain
}
