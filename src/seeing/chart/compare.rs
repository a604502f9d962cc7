//! What became slower from one start to another.

use super::start::{Kind, Start};
use serde::Serialize;
use std::collections::BTreeMap;

/// Something that took longer than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Slower {
    /// As in `gateway: ready`.
    pub what: String,
    /// In microseconds.
    pub before: u64,
    pub now: u64,
}

/// Differences below both are what starts differ by of themselves: 50 ms and a tenth.
const LEAST: u64 = 50_000;
const TENTH: u64 = 10;

/// What took longer in `now` than in `before`, the largest difference first; only what was measured in both.
pub fn slower(now: &Start, before: &Start) -> Vec<Slower> {
    let (now, before) = (measured(now), measured(before));
    let of = |(what, now): (&String, &u64)| {
        let before = *before.get(what)?;
        let more = now.checked_sub(before)?;
        (more >= LEAST && more >= before / TENTH).then(|| Slower { what: what.clone(), before, now: *now })
    };
    let mut slower: Vec<Slower> = now.iter().filter_map(of).collect();
    slower.sort_by_key(|slower| std::cmp::Reverse(slower.now - slower.before));
    slower
}

fn measured(start: &Start) -> BTreeMap<String, u64> {
    let mut all: BTreeMap<String, u64> = start.ready.map(|ready| ("the whole start".to_owned(), ready)).into_iter().collect();
    all.extend(start.phases.iter().filter(|phase| !phase.open).map(|phase| (format!("prepare: {}", phase.name), phase.length())));
    for component in &start.components {
        for kind in [Kind::Validate, Kind::Configure, Kind::Starting] {
            if component.spans.iter().any(|span| span.kind == kind && !span.open) {
                all.insert(format!("{}: {}", component.name, kind.name()), component.sum(kind));
            }
        }
        all.extend(component.took().map(|took| (format!("{}: ready", component.name), took)));
    }
    all
}
