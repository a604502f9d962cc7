//! What a rollout says: lines with time and duration, JSON for tools, the plan and the history.

use crate::cli::terminal::{bar, data, document, drawn_in_place, fail, is_terminal};
use crate::console::in_words;
use crate::ha::rollout::audit::Audit;
use crate::ha::rollout::record::{Phase, Rollout};
use crate::ha::rollout::{Outcome, Replaced, Way, order};
use crate::ha::upgrade::ROLL_BACK;
use crate::journal::{Edge, Event, Journal};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Where everything is said: on standard output, and in the audit log.
pub(super) struct Reporter {
    audit: Audit,
    journal: Journal,
    json: bool,
    user: String,
    number: u32,
    begun: Instant,
    /// Upgraded, and of how many.
    progress: (usize, usize),
    /// What is drawn on the last line of a terminal.
    is_drawn: bool,
    /// Said once.
    audit_failed: bool,
}

impl Reporter {
    pub(super) fn new(audit: Audit, journal: Journal, json: bool, user: &str, number: u32) -> Reporter {
        Reporter {
            audit,
            journal,
            json,
            user: user.to_owned(),
            number,
            begun: Instant::now(),
            progress: (0, 0),
            is_drawn: false,
            audit_failed: false,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(super) fn set_progress(&mut self, rollout: &Rollout) {
        self.progress = (rollout.upgraded(), rollout.count());
    }

    pub(super) fn say(&mut self, instance: Option<&str>, line: &str) {
        self.log(instance, line);
        self.tell("rollout", None, instance, (false, line));
        let (upgraded, count) = self.progress;
        if self.json {
            data(&self.value(instance, line).to_string());
            return;
        }
        let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S");
        let instance = instance.map_or_else(String::new, |id| format!("{id}: "));
        if self.is_drawn {
            drawn_in_place("");
        }
        document(&format!("{time} +{} [{upgraded}/{count}] {instance}{line}", clock(self.begun.elapsed())));
        self.draw();
    }

    /// Tells the journal: whether it failed, and the words.
    fn tell(&self, step: &'static str, edge: Option<Edge>, instance: Option<&str>, (failed, detail): (bool, &str)) {
        let target = instance.map(str::to_owned);
        self.journal.tell(Event::Traffic { step: step.into(), edge, failed, target, detail: detail.to_owned() });
    }

    /// An instance is being replaced.
    pub(super) fn replacing(&self, instance: &str, way: Way) {
        self.tell(word(way), Some(Edge::Begun), Some(instance), (false, ""));
    }

    /// That has come to its end.
    pub(super) fn replaced(&self, instance: &str, way: Way, outcome: &Replaced) {
        let (failed, detail) = match outcome {
            Replaced::Done => (false, ""),
            // That is what was wanted.
            Replaced::RolledBack(_) if way == Way::RollBack => (false, ""),
            Replaced::RolledBack(why) | Replaced::Refused(why) | Replaced::Halted(why) => (true, why.as_str()),
        };
        self.tell(word(way), Some(Edge::Ended), Some(instance), (failed, detail));
    }

    /// The bar, where somebody looks at a terminal.
    pub(super) fn draw(&mut self) {
        let (upgraded, count) = self.progress;
        if self.json || count == 0 || !is_terminal() {
            return;
        }
        let bar = bar(upgraded as u64, count as u64);
        drawn_in_place(&format!("{bar} {upgraded} of {count} upgraded, {}", clock(self.begun.elapsed())));
        self.is_drawn = true;
    }

    fn value(&self, instance: Option<&str>, line: &str) -> Value {
        let (upgraded, count) = self.progress;
        json!({
            "time": jiff::Timestamp::now().to_string(),
            "elapsedSeconds": seconds(self.begun.elapsed()),
            "rollout": self.number,
            "instance": instance,
            "upgraded": upgraded,
            "count": count,
            "text": line,
        })
    }

    pub(super) fn conclude(&mut self, outcome: &Outcome, line: &str) {
        self.log(None, line);
        self.tell("rollout", None, None, (false, line));
        if self.json {
            let mut value = self.value(None, line);
            value["outcome"] = outcome.word().into();
            data(&value.to_string());
            return;
        }
        if self.is_drawn {
            drawn_in_place("");
            self.is_drawn = false;
        }
        let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S");
        document(&format!("{time} +{} {line}", clock(self.begun.elapsed())));
    }

    /// Who, what and when; a log that cannot be written stops nothing, but is said.
    fn log(&mut self, instance: Option<&str>, line: &str) {
        let time = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
        let (user, process) = (&self.user, std::process::id());
        let line = format!("{time} {user} {process} rollout {} {} {line}", self.number, instance.unwrap_or("-"));
        if let Err(error) = self.audit.write(&line) {
            if !std::mem::replace(&mut self.audit_failed, true) {
                fail(format!("the audit log cannot be written: {error}"));
            }
        }
    }
}

/// The step that the replacement of an instance is.
fn word(way: Way) -> &'static str {
    match way {
        Way::Forward => "replace",
        Way::Back => "take-back",
        Way::RollBack => ROLL_BACK,
    }
}

/// `3:07`, `1:02:30`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

fn estimate(rollout: &Rollout, known: &[Duration]) -> Option<Duration> {
    let waiting = rollout.instances.iter().filter(|instance| instance.phase == Phase::Waiting).count();
    let taken: Vec<Duration> = rollout.taken().into_iter().chain(known.iter().copied()).collect();
    order::estimate(&taken, waiting, rollout.options.max_unavailable, rollout.options.soak(), rollout.upgraded() > 0)
}

fn level(level: Option<&String>) -> &str {
    level.map_or("unknown", String::as_str)
}

/// For people.
pub(super) fn plan(rollout: &Rollout, known: &[Duration]) -> String {
    let options = &rollout.options;
    let mut lines = vec![format!("Rollout {} to {}. Nothing is done now.", rollout.number, rollout.to)];
    let mut number = 0;
    for instance in rollout.instances.iter().filter(|instance| instance.phase != Phase::LeftOut) {
        number += 1;
        let canary = if options.canary.as_ref() == Some(&instance.id) { ", the canary" } else { "" };
        let system = instance.system.as_ref().map_or_else(String::new, |system| format!(" on {system}"));
        lines.push(format!(
            "{number:>2}. {}{canary}: job {} of level {} becomes job {} of level {}{system}",
            instance.id,
            instance.before.job,
            level(instance.before.level.as_ref()),
            instance.after.job,
            level(instance.after.level.as_ref()),
        ));
    }
    let others: Vec<&str> =
        rollout.instances.iter().filter(|instance| instance.phase == Phase::LeftOut).map(|instance| instance.id.as_str()).collect();
    if !others.is_empty() {
        lines.push(format!("{} stay as they are, and serve meanwhile.", others.join(", ")));
    }
    let at_once = if options.max_unavailable == 1 {
        "one after the other".to_owned()
    } else {
        format!("the first alone, then up to {} at once", options.max_unavailable)
    };
    lines.push(format!(
        "They are replaced {at_once}. Between two: soak for {}; more than {} errors beyond its peers end the rollout and take the last one back.",
        in_words(options.soak()),
        options.max_errors
    ));
    lines.push(match estimate(rollout, known) {
        Some(time) => format!("Estimate from the last runs: {}.", in_words(Duration::from_secs(time.as_secs()))),
        None => "There is no estimate yet: no instance was replaced here before.".to_owned(),
    });
    lines.push("The first one, as it can be typed:".to_owned());
    lines.join("\n")
}

/// For tools.
pub(super) fn plan_json(rollout: &Rollout, refusals: &[String], known: &[Duration]) -> String {
    let plan = json!({"rollout": rollout, "refusals": refusals, "estimateSeconds": estimate(rollout, known).map(seconds)});
    serde_json::to_string_pretty(&plan).unwrap_or_default()
}

/// For people: the newest first.
pub(super) fn history(all: &[Rollout], directory: &Path) -> String {
    if all.is_empty() {
        return format!("No rollout has been made: {} has no record.", directory.display());
    }
    let mut lines = Vec::new();
    for rollout in all {
        let ended = rollout.ended.as_ref().map_or_else(String::new, |ended| format!(", ended {ended}"));
        lines.push(format!(
            "{} to {} by {} on {}, begun {}{ended}",
            rollout.number, rollout.to, rollout.user, rollout.system, rollout.begun
        ));
        lines.push(format!("  {}", rollout.words()));
        for instance in rollout.instances.iter().filter(|instance| instance.phase != Phase::LeftOut) {
            let took = instance.took.map_or_else(String::new, |took| format!(" in {}", in_words(Duration::from_millis(took))));
            let why = instance.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            lines.push(format!(
                "  {} {} ({}) -> {} ({}) {}{took}{why}",
                instance.id,
                level(instance.before.level.as_ref()),
                instance.before.config,
                level(instance.after.level.as_ref()),
                instance.after.config,
                instance.phase.word()
            ));
        }
    }
    lines.join("\n")
}

/// For tools.
pub(super) fn history_json(all: &[Rollout]) -> String {
    serde_json::to_string_pretty(all).unwrap_or_default()
}
