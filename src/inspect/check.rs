//! `check`: everything wrong with a configuration, of as many HA instances as are asked for, in one report.

use super::snippet;
use crate::component::{self, Survey};
use crate::config::{self, Configuration, HaInstance, LoadRequest, Problem, Source, unique};
use crate::lifecycle::startup;
use crate::message::Severity;
use crate::platform::Platform;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A problem and the HA instances that have it, by id; none where it is found before there are instances to speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub problem: Problem,
    pub ha_instances: Vec<String>,
}

/// Everything that was found, errors first, otherwise in the order of the checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Ids of the HA instances that were checked; empty where the configuration has none or does not load.
    pub ha_instances: Vec<String>,
    /// What was not looked at, and why.
    pub notes: Vec<String>,
}

/// Makes the start-up checks of one HA instance.
pub type StartupChecks<'a> = &'a dyn Fn(&Configuration, &Survey) -> Vec<startup::Finding>;

/// Loads a configuration and checks it as the HA instances see it: those named, else all of `haInstances`, else the configuration itself.
/// `startup`: the start-up checks too, of the HA instances of this system.
pub fn check(sources: &[Source], named: &[HaInstance], platform: &dyn Platform, startup: Option<StartupChecks<'_>>) -> Report {
    let mut report = Report::default();
    let none = HaInstance::none();
    let base = match Configuration::load(&LoadRequest { sources, ha_instance: &none, platform }) {
        Ok(base) => base,
        Err(error) => {
            report.add("", error.problems());
            return report.sorted();
        }
    };
    for instance in &super::instances_of(&base, named) {
        if !instance.id.is_empty() {
            report.ha_instances.push(instance.id.clone());
        }
        match base.for_instance(instance) {
            Ok(configuration) => {
                let checked = component::check(&configuration, platform);
                report.add(&instance.id, checked.all());
                if let Some(startup) = startup {
                    report.add_startup(&configuration, &checked.survey, platform, startup);
                }
            }
            Err(error) => report.add(&instance.id, error.problems()),
        }
    }
    report.sorted()
}

impl Report {
    fn add(&mut self, ha_instance: &str, problems: Vec<Problem>) {
        let mut known: HashMap<(bool, String), usize> =
            self.findings.iter().enumerate().map(|(index, finding)| (key(&finding.problem), index)).collect();
        for problem in unique(problems) {
            let key = key(&problem);
            let index = *known.entry(key).or_insert_with(|| {
                self.findings.push(Finding { problem, ha_instances: Vec::new() });
                self.findings.len() - 1
            });
            if let Some(finding) = self.findings.get_mut(index).filter(|_| !ha_instance.is_empty()) {
                finding.ha_instances.push(ha_instance.to_string());
            }
        }
    }

    /// Adds what the start-up checks find, where the HA instance is of this system: elsewhere are other ports, files and servers.
    fn add_startup(&mut self, configuration: &Configuration, survey: &Survey, platform: &dyn Platform, startup: StartupChecks<'_>) {
        let id = &configuration.ha_instance.id;
        let sysname = configuration.overlay.as_ref().and_then(|overlay| config::lookup(overlay, &["sysname"])).and_then(Value::as_str);
        if let Some(sysname) = sysname.filter(|sysname| !sysname.eq_ignore_ascii_case(&platform.sysname())) {
            self.note(format!(
                "the start-up checks of HA instance {id} were not made: it is of system {sysname}, this is {}",
                platform.sysname()
            ));
            return;
        }
        let (notes, found): (Vec<_>, Vec<_>) =
            startup(configuration, survey).into_iter().partition(|finding| finding.severity < Severity::Warning);
        notes.iter().for_each(|note| self.note(note.problem().to_string()));
        self.add(id, found.iter().map(startup::Finding::problem).collect());
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn notes_text(&self) -> String {
        self.notes.iter().map(|note| format!("INFO {}\n", escaped(note))).collect()
    }

    fn sorted(mut self) -> Report {
        self.findings.sort_by_key(|finding| !finding.problem.error);
        self
    }

    /// How many errors and how many warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.findings.iter().filter(|finding| finding.problem.error).count();
        (errors, self.findings.len() - errors)
    }

    /// 0 nothing, 4 warnings only, 8 errors.
    pub fn exit_code(&self) -> u8 {
        match self.counts() {
            (0, 0) => 0,
            (0, _) => 4,
            _ => 8,
        }
    }

    /// Each finding on a line, `ERROR place: text` or `WARNING place: text`; the last line counts them.
    pub fn text(&self) -> String {
        let line = |finding: &Finding| {
            let level = if finding.problem.error { "ERROR" } else { "WARNING" };
            format!("{level} {}{}\n", escaped(&finding.problem.to_string()), self.concerned(finding))
        };
        self.findings.iter().map(line).collect::<String>() + &self.notes_text() + &self.summary()
    }

    /// With the source line and a caret below the place, as on a terminal. `colour`: with escape sequences.
    pub fn snippets(&self, platform: &dyn Platform, colour: bool) -> String {
        let mut sources = snippet::Sources::new(platform);
        let one = |finding: &Finding| {
            let title = format!("{}{}", escaped(&finding.problem.text), self.concerned(finding));
            snippet::render(&finding.problem, &title, &mut sources, colour) + "\n\n"
        };
        self.findings.iter().map(one).collect::<String>() + &self.notes_text() + &self.summary()
    }

    /// For tools: counts, exit code, HA instances and problems, as JSON.
    pub fn json(&self) -> String {
        let problem = |finding: &Finding| {
            let problem = &finding.problem;
            let place = problem.place.as_ref();
            let number = |value: Option<u32>| value.filter(|value| *value > 0).map_or(Value::Null, Value::from);
            json!({
                "severity": if problem.error { "error" } else { "warning" },
                "file": place.map(|place| place.file.as_str()),
                "line": number(place.map(|place| place.line)),
                "column": number(place.map(|place| place.column)),
                "property": problem.property,
                "message": problem.text,
                "haInstances": finding.ha_instances,
            })
        };
        let (errors, warnings) = self.counts();
        let report = json!({
            "errors": errors,
            "warnings": warnings,
            "exitCode": self.exit_code(),
            "haInstances": self.ha_instances,
            "problems": self.findings.iter().map(problem).collect::<Vec<_>>(),
            "notes": self.notes,
        });
        format!("{report:#}\n")
    }

    /// Which HA instances a finding concerns, where it is not all that were checked.
    fn concerned(&self, finding: &Finding) -> String {
        match finding.ha_instances.len() {
            0 => String::new(),
            count if count == self.ha_instances.len() => String::new(),
            _ => format!(" [HA instance {}]", finding.ha_instances.join(", ")),
        }
    }

    fn summary(&self) -> String {
        let (errors, warnings) = self.counts();
        let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let checked = match self.ha_instances.as_slice() {
            [] => String::new(),
            ids => format!("; HA instances checked: {}", ids.join(", ")),
        };
        format!("{}, {}{checked}\n", plural(errors, "error"), plural(warnings, "warning"))
    }
}

fn key(problem: &Problem) -> (bool, String) {
    (problem.error, problem.to_string())
}

/// One line, whatever a text holds.
fn escaped(text: &str) -> String {
    let escape = |character: char| if character.is_control() { character.escape_default().to_string() } else { character.to_string() };
    text.chars().map(escape).collect()
}
