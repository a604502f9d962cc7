//! An event in words, on one short line.

use crate::console::in_words;
use crate::journal::{Edge, Event, How, Record};
use jiff::Timestamp;
use std::time::Duration;

/// A time as SYSPRINT has it, in UTC.
pub fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

pub(super) fn time(micros: u64) -> String {
    in_words(Duration::from_micros(micros))
}

/// The line of an event: stamp, component or `-`, what has happened.
pub fn words(record: &Record) -> String {
    let component = record.event.component().unwrap_or("-");
    format!("{} {component:<12} {}", stamp(record.time), what(&record.event))
}

/// How a process ended, in words.
pub fn end(how: How, code: Option<i32>, signal: Option<&str>) -> String {
    match how {
        How::Exited => format!("exit code {}", code.unwrap_or_default()),
        How::Signal => format!("signal {}", signal.unwrap_or("unknown")),
    }
}

/// The words of a message that may be names of components: those with a letter in lower case.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !(character.is_alphanumeric() || "-_".contains(character)));
    words.filter(|word| word.contains(|character: char| character.is_ascii_lowercase()))
}

fn edge(edge: Edge) -> &'static str {
    match edge {
        Edge::Begun => "begins",
        Edge::Ended => "ends",
    }
}

/// What has happened, in words.
pub fn what(event: &Event) -> String {
    match event {
        Event::Run { edge: Edge::Begun, version, pid, job, sysname, .. } => {
            let mut text = format!("run begins: zwelnch {}", version.as_deref().unwrap_or_default());
            pid.iter().for_each(|pid| text += &format!(", process {pid}"));
            job.iter().for_each(|job| text += &format!(", job {job}"));
            sysname.iter().for_each(|sysname| text += &format!(" on {sysname}"));
            text
        }
        Event::Run { code, .. } => {
            format!("run ends: condition code {}", code.map_or_else(|| "unknown".to_owned(), |code| code.to_string()))
        }
        Event::Phase { phase, edge: at, failed, .. } => format!("{phase} {}{}", edge(*at), if *failed { ": failed" } else { "" }),
        Event::Step { step, edge: at, result, .. } => {
            let result = result.as_ref().map(|result| format!(": {result}")).unwrap_or_default();
            format!("{step} {}{result}", edge(*at))
        }
        Event::State { from, to, .. } => format!("{from} -> {to}"),
        Event::Whole { from, to } => format!("instance: {from} -> {to}"),
        Event::Spawned { pid, attempt, .. } => format!("process {pid} begins, start {attempt}"),
        Event::Unspawned { why, next, delay_us, .. } => format!("no process: {why}; {}", follows(next, *delay_us)),
        Event::Ready { after_us, how, .. } if how == "no signal" && *after_us == 0 => "counts as ready: nothing tells".to_owned(),
        Event::Ready { after_us, how, .. } => format!("ready after {} ({how})", time(*after_us)),
        Event::Ended { pid, how, code, signal, up_us, asked, next, delay_us, failures, intervals, .. } => {
            let end = end(*how, *code, signal.as_deref());
            let asked = if *asked { ", as it was told to" } else { "" };
            let failures = match (failures, intervals) {
                (Some(failures), Some(intervals)) => format!(" (failure {failures} of {intervals})"),
                _ => String::new(),
            };
            format!("process {pid} ends: {end}, after {}{asked}; {}{failures}", time(*up_us), follows(next, *delay_us))
        }
        Event::Words { lines, .. } => format!("last words: {}", lines.last().map(String::as_str).unwrap_or_default()),
        Event::Probe { kind, passed, detail, .. } => {
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            format!("{kind} {}{detail}", if *passed { "passes" } else { "fails" })
        }
        Event::Command { text, from, answer, more, refused } => {
            let from = if from.is_empty() { String::new() } else { format!(" ({from})") };
            let refused = if *refused { ", refused" } else { "" };
            match (answer.as_slice(), more) {
                ([], _) => format!("command {text}{from}{refused}"),
                ([line], 0) => format!("command {text}{from}{refused}: {line}"),
                (lines, more) => format!("command {text}{from}{refused}: {} lines of answer", lines.len() as u64 + more),
            }
        }
        Event::Configuration { differences, check } => {
            format!("configuration{}: {}", if *check { " (only looked at)" } else { "" }, differences.join("; "))
        }
        Event::Traffic { step, edge: at, failed, target, detail } => {
            let target = target.as_ref().map(|target| format!("{target}: ")).unwrap_or_default();
            let at = if *failed { " failed".to_owned() } else { at.map(|at| format!(" {}", edge(at))).unwrap_or_default() };
            let detail = if detail.is_empty() { String::new() } else { format!(": {}", detail.trim()) };
            format!("{target}{step}{at}{detail}")
        }
        Event::Message { text, .. } => text.clone(),
        Event::Lost { count, why } => format!("{count} events are missing here: {why}"),
        Event::Unknown => "an event of a kind that this program does not know".to_owned(),
    }
}

/// What comes after an end.
fn follows(next: &str, delay_us: Option<u64>) -> String {
    match (next, delay_us) {
        ("restart", Some(delay)) => format!("restart in {}", time(delay)),
        (next, _) => next.to_owned(),
    }
}
