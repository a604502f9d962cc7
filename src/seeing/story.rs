//! `zwelnch why`: the story of a component's last failure, in about five lines.

use super::Source;
use super::words::{end, names, stamp, time};
use crate::journal::{Edge, Event, Line, Record};
use crate::message::{ENTRIES, Entry};
use std::collections::BTreeSet;
use std::io;

/// What there is to tell.
#[derive(Debug, PartialEq, Eq)]
pub enum Story {
    /// Line by line.
    Told(Vec<String>),
    /// The journal knows nothing of such a component, but of these.
    Unknown(Vec<String>),
}

/// The last failure, and what has followed.
struct Case {
    failure: Record,
    attempt: Option<u64>,
    words: Vec<String>,
    probe: Option<String>,
    messages: Vec<(String, String)>,
    /// A process that was made since, and whether it is ready.
    since: Option<(i32, bool)>,
}

/// What is known of the component while the journal is read.
#[derive(Default)]
struct Teller {
    component: String,
    known: BTreeSet<String>,
    case: Option<Case>,
    state: String,
    attempt: Option<u64>,
    /// Of the process that runs now: they may come before its end.
    words: Vec<String>,
    probe: Option<String>,
    /// The run that is being read has ended.
    is_over: bool,
    first: Option<Record>,
}

impl Teller {
    fn hear(&mut self, record: Record) {
        self.first.get_or_insert_with(|| record.clone());
        self.known.extend(record.event.component().map(str::to_owned));
        match &record.event {
            Event::Run { edge, .. } => {
                self.is_over = *edge == Edge::Ended;
                if *edge == Edge::Begun {
                    (self.words, self.probe) = (Vec::new(), None);
                    "stopped".clone_into(&mut self.state);
                }
            }
            Event::Message { id, text, severity } if severity != "I" => {
                if let Some(case) =
                    self.case.as_mut().filter(|case| case.failure.run == record.run && names(text).any(|name| name == self.component))
                {
                    case.messages.push((id.to_string(), text.clone()));
                }
            }
            event if event.component() != Some(&self.component) => {}
            Event::State { to, .. } => to.as_ref().clone_into(&mut self.state),
            Event::Spawned { pid, attempt, .. } => {
                (self.attempt, self.words, self.probe) = (Some(*attempt), Vec::new(), None);
                if let Some(case) = &mut self.case {
                    case.since = Some((*pid, false));
                }
            }
            Event::Ready { .. } => {
                if let Some((_, is_ready)) = self.case.as_mut().and_then(|case| case.since.as_mut()) {
                    *is_ready = true;
                }
            }
            Event::Words { lines, .. } => match self.case.as_mut().filter(|case| case.since.is_none() && case.words.is_empty()) {
                Some(case) => case.words.clone_from(lines),
                None => self.words.clone_from(lines),
            },
            Event::Probe { kind, passed: false, detail, .. } => self.probe = Some(format!("its {kind} check failed: {detail}")),
            Event::Ended { asked, rule, .. } if !*asked || rule.is_some() => self.fail(record),
            Event::Unspawned { .. } => self.fail(record),
            Event::Step { edge: Edge::Ended, code, .. } if *code != Some(0) => self.fail(record),
            _ => {}
        }
    }

    fn fail(&mut self, failure: Record) {
        let (words, probe) = (std::mem::take(&mut self.words), self.probe.take());
        self.case = Some(Case { failure, attempt: self.attempt, words, probe, messages: Vec::new(), since: None });
    }

    fn tell(self) -> Story {
        if !self.known.contains(&self.component) {
            return Story::Unknown(self.known.into_iter().collect());
        }
        let name = &self.component;
        let Some(case) = &self.case else {
            let since = self.first.map(|first| stamp(first.time)).unwrap_or_default();
            return Story::Told(vec![format!("{name} has not failed since {since}, where the journal begins; it is {}", self.state)]);
        };
        let mut lines = vec![format!("{name} {}", case.what())];
        lines.extend(case.probe.clone());
        // An empty line says nothing.
        let words: Vec<&String> = case.words.iter().filter(|line| !line.trim().is_empty()).collect();
        match words.as_slice() {
            [] => lines.push("last words: none are known".to_owned()),
            words => lines.extend(words[words.len().saturating_sub(3)..].iter().map(|line| format!("last words: {line}"))),
        }
        lines.push(format!("rule: {}", case.rule()));
        lines.push(format!("next: {}", case.next(&self.state, self.is_over, name)));
        if let Some(entry) = case.meant() {
            lines.push(format!("do: {} ({})", entry.action, entry.id));
        }
        Story::Told(lines)
    }
}

impl Case {
    fn what(&self) -> String {
        let at = stamp(self.failure.time);
        match &self.failure.event {
            Event::Ended { pid, how, code, signal, up_us, asked, .. } => {
                let end = end(*how, *code, signal.as_deref());
                let attempt = self.attempt.map(|attempt| format!(", start {attempt}")).unwrap_or_default();
                let told = if *asked { " told to end and" } else { "" };
                format!("was{told} gone at {at}: {end}, after {} (process {pid}{attempt})", time(*up_us))
            }
            Event::Unspawned { why, .. } => format!("could not be started at {at}: {why}"),
            Event::Step { step, result, .. } => {
                format!("failed at {at}: its {step} command, {}", result.as_deref().unwrap_or("which was given up"))
            }
            _ => format!("failed at {at}"),
        }
    }

    fn rule(&self) -> String {
        match &self.failure.event {
            Event::Ended { rule: Some(rule), failures, intervals, min_uptime_us, .. } => {
                let uptime = min_uptime_us.map(time).unwrap_or_default();
                let failures = failures.unwrap_or_default();
                match (rule.as_ref(), intervals.unwrap_or_default()) {
                    ("restartIntervals", 0) => "restartIntervals has none: it is never started again by itself".to_owned(),
                    ("restartIntervals", intervals) => format!(
                        "restartIntervals, failure {failures} in a row of {intervals}; after more than {uptime} up (minUptime) they are counted anew"
                    ),
                    ("startLimit", _) => "startLimit: too many starts in its time".to_owned(),
                    ("fatalExitCodes", _) => "fatalExitCodes: a restart does not help after this code".to_owned(),
                    ("fatalMessages", _) => "fatalMessages: it wrote a line after which a restart does not help".to_owned(),
                    (rule, _) => rule.to_owned(),
                }
            }
            Event::Step { step, .. } if step == "validate" => "a component that is not valid keeps the instance from starting".to_owned(),
            Event::Step { .. } => "zowe.launchScript.onComponentConfigureFail".to_owned(),
            _ => "restartIntervals".to_owned(),
        }
    }

    fn next(&self, state: &str, is_over: bool, name: &str) -> String {
        match (self.since, &self.failure.event) {
            (_, _) if is_over => "the launcher has ended".to_owned(),
            (Some((pid, true)), _) if state == "ready" => format!("it was started again, process {pid}, and is ready"),
            (Some((pid, _)), _) => format!("it was started again, process {pid}, and is {state}"),
            (None, Event::Ended { next, delay_us: Some(delay), .. } | Event::Unspawned { next, delay_us: Some(delay), .. })
                if next == "restart" && state == "back-off" =>
            {
                let delay = i64::try_from(*delay).unwrap_or(i64::MAX);
                let at = self.failure.time.checked_add(jiff::SignedDuration::from_micros(delay)).unwrap_or(self.failure.time);
                format!("it is started again at {}", stamp(at))
            }
            _ if ["failed", "fatal", "stopped"].contains(&state) => {
                format!("it is {state} and stays down until an operator starts it: START({name})")
            }
            _ => format!("it is {state}"),
        }
    }

    /// The message that says what to do: the last error that named the component after its failure, or the one of its kind.
    fn meant(&self) -> Option<&'static Entry> {
        let by_id = |id: &str| ENTRIES.iter().find(|entry| entry.id == id).copied();
        let is_useful = |entry: &&'static Entry| entry.action.len() > "None.".len();
        let said = self.messages.iter().rev().filter(|(id, _)| id.ends_with('E')).filter_map(|(id, _)| by_id(id)).find(is_useful);
        let of_kind = match &self.failure.event {
            Event::Step { step, .. } if step == "validate" => "validate_command_failed",
            Event::Step { .. } => "configure_command_failed",
            Event::Unspawned { .. } => "component_not_spawned",
            _ => "component_ended_unasked",
        };
        said.or_else(|| ENTRIES.iter().find(|entry| entry.function == of_kind).copied())
    }
}

/// The story of a component's last failure, as far as the journal goes back.
///
/// # Errors
/// Why the journal cannot be read.
pub fn story(source: &Source, component: &str) -> io::Result<Story> {
    let mut teller = Teller { component: component.to_owned(), ..Teller::default() };
    let mut take = |line: Line| {
        if let Ok(record) = line {
            teller.hear(record);
        }
        Ok(())
    };
    source.read(&mut take)?;
    Ok(teller.tell())
}
