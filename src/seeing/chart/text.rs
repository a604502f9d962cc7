//! The chart as text.

use super::compare::Slower;
use super::critical::critical_chain;
use super::seconds;
use super::start::{Component, Kind, Start};
use std::fmt::Write;

/// How the start went, in a line.
pub(super) fn verdict(start: &Start) -> String {
    match (start.ready, start.code) {
        (Some(ready), _) => format!("ready after {}", seconds(ready)),
        (None, Some(code)) => format!("not ready: the launcher ended with condition code {code}"),
        (None, None) => format!("not ready yet, {} after its beginning", seconds(start.end())),
    }
}

/// Which start it is, in a line.
pub(super) fn head(start: &Start) -> String {
    let job = start.job.as_ref().map(|job| format!(", job {job}")).unwrap_or_default();
    let version = start.version.as_ref().map(|version| format!(", zwelnch {version}")).unwrap_or_default();
    let torn = if start.torn { ", its beginning is not in the journal any more" } else { "" };
    format!("HA instance {}, {}{job}{version}{torn}", start.instance, start.time)
}

/// Tables of the prepare step and of the components, and what became slower.
pub fn text(start: &Start, slower: Option<(usize, &[Slower])>) -> String {
    let mut text = format!("{}\n{}\n\n", head(start), verdict(start));
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    let mut rows = vec![row(["PREPARE", "BEGUN", "TOOK", ""])];
    for phase in &start.phases {
        let note = if phase.failed {
            "failed"
        } else if phase.open {
            "goes on"
        } else {
            ""
        };
        rows.push(row([&phase.name, &seconds(phase.begun), &seconds(phase.length()), note]));
    }
    text += &table(&rows);
    let head = ["COMPONENT", "VALIDATE", "CONFIGURE", "WAITED", "STARTED", "READY", "TOOK", "SIGNAL"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(start.components.iter().map(component));
    text.push('\n');
    text += &table(&rows);
    if let Some((against, slower)) = slower {
        text.push('\n');
        text += &slower_lines(against, slower).join("\n");
        text.push('\n');
    }
    text
}

/// What became slower, a line for each.
pub(super) fn slower_lines(against: usize, slower: &[Slower]) -> Vec<String> {
    if slower.is_empty() {
        return vec![format!("nothing is slower than in start {against}")];
    }
    let line = |slower: &Slower| {
        format!("  {} +{}: {} instead of {}", slower.what, seconds(slower.now - slower.before), seconds(slower.now), seconds(slower.before))
    };
    std::iter::once(format!("slower than in start {against}:")).chain(slower.iter().map(line)).collect()
}

fn component(component: &Component) -> Vec<String> {
    let none = || "-".to_owned();
    let has = |kind: Kind| component.spans.iter().any(|span| span.kind == kind);
    let sum = |kind: Kind| if has(kind) { seconds(component.sum(kind)) } else { none() };
    let signal = match (&component.signal, component.spawned) {
        (Some(signal), _) => signal.clone(),
        (None, Some(_)) if component.up().is_some() => "no signal".to_owned(),
        (None, Some(_)) => "not ready".to_owned(),
        (None, None) => none(),
    };
    vec![
        component.name.clone(),
        sum(Kind::Validate),
        sum(Kind::Configure),
        sum(Kind::Waiting),
        component.spawned.map_or_else(none, seconds),
        component.ready.map_or_else(none, seconds),
        component.took().map_or_else(none, seconds),
        signal,
    ]
}

/// Columns as wide as their cells.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// The critical chain, as `systemd-analyze critical-chain` prints it.
pub fn critical(start: &Start) -> String {
    let mut text = format!(
        "{}\nWhen it was ready, or done, is after @, how long it took is after +; without a + nothing signals when it is ready.\n\n",
        head(start)
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{} {}", start.instance, verdict(start));
    for (depth, link) in critical_chain(start).iter().enumerate() {
        let took = link.took.map(|took| format!(" +{}", seconds(took))).unwrap_or_default();
        let slowest = link.slowest.as_ref().map(|(name, took)| format!(" (slowest: {name} {})", seconds(*took))).unwrap_or_default();
        let what = if link.is_phase { format!("prepare: {}", link.name) } else { link.name.clone() };
        let _ = writeln!(text, "{}└─{what} @{}{took}{slowest}", "  ".repeat(depth), seconds(link.at));
    }
    text
}
