//! `check`: everything wrong with a configuration, of as many HA instances as are asked for, in one report.

use super::snippet;
use crate::component::{self, Survey};
use crate::config::{self, Configuration, HaInstance, LoadError, LoadRequest, Problem, Source, unique};
use crate::lifecycle::startup;
use crate::message::{FEW, Severity, several};
use crate::output::one_line;
use crate::platform::Platform;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A problem and the ids of the HA instances that have it; none if it is found before the instances are known.
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

/// The start-up checks, as a report asks for them.
#[derive(Clone, Copy)]
pub struct StartupChecks<'a> {
    /// Makes them for one HA instance.
    pub check: &'a dyn Fn(&Configuration, &Survey) -> Vec<startup::Finding>,
    /// The names of the systems that run on this machine; those of HA instances on other ones are not made.
    pub systems: &'a [String],
}

/// Loads a configuration and checks it as the HA instances see it: those named, else all of `haInstances`, else the configuration itself.
/// `startup`: the start-up checks too, of the HA instances of this system.
pub fn check(sources: &[Source], named: &[HaInstance], platform: &dyn Platform, startup: Option<StartupChecks<'_>>) -> Report {
    let mut report = Gathering::default();
    let none = HaInstance::none();
    let base = match Configuration::load(&LoadRequest { sources, ha_instance: &none, platform }) {
        Ok(base) => base,
        Err(error) => {
            report.add("", problems_of(&error));
            return report.sorted();
        }
    };
    report.instances(&base, &super::instances_of(&base, named), platform, startup);
    report.sorted()
}

/// A report that is being made.
#[derive(Default)]
struct Gathering {
    report: Report,
    /// Where each problem stands.
    known: HashMap<(bool, String), usize>,
}

impl Gathering {
    fn instance(&mut self, id: &str) {
        if !id.is_empty() {
            self.report.ha_instances.push(id.to_owned());
        }
    }

    fn instances(&mut self, base: &Configuration, instances: &[HaInstance], platform: &dyn Platform, startup: Option<StartupChecks<'_>>) {
        let (mut ids, mut ports, mut survey, seen) = (Vec::new(), Vec::new(), None, component::Seen::default());
        for instance in instances {
            self.instance(&instance.id);
            match base.for_instance(instance) {
                Ok(configuration) => {
                    let checked = component::check_alone(&configuration, platform, &seen);
                    self.add(&instance.id, checked.all());
                    if let Some(startup) = startup {
                        self.add_startup(&configuration, &checked.survey, startup);
                    }
                    ids.push(&instance.id);
                    ports.push(checked.ports);
                    survey.get_or_insert(checked.survey);
                }
                Err(error) => self.add(&instance.id, problems_of(&error)),
            }
        }
        for clash in component::shared_ports(base, ports, &survey.unwrap_or_default()) {
            clash.instances.iter().filter_map(|index| ids.get(*index)).for_each(|id| self.add(id, vec![clash.problem.clone()]));
        }
    }

    fn add(&mut self, ha_instance: &str, problems: Vec<Problem>) {
        for problem in unique(problems) {
            let findings = &mut self.report.findings;
            let index = *self.known.entry(key(&problem)).or_insert_with(|| {
                findings.push(Finding { problem, ha_instances: Vec::new() });
                findings.len() - 1
            });
            if let Some(finding) = findings.get_mut(index).filter(|_| !ha_instance.is_empty()) {
                finding.ha_instances.push(ha_instance.to_string());
            }
        }
    }

    /// Adds what the start-up checks find, if the HA instance runs on this system: another one has other ports, files and servers.
    fn add_startup(&mut self, configuration: &Configuration, survey: &Survey, startup: StartupChecks<'_>) {
        let id = &configuration.ha_instance.id;
        let sysname = configuration.overlay().and_then(|overlay| config::lookup(overlay, &["sysname"])).and_then(Value::as_str);
        let is_here = |sysname: &&str| startup.systems.iter().any(|system| system.eq_ignore_ascii_case(sysname));
        if let Some(sysname) = sysname.filter(|sysname| !is_here(sysname)) {
            self.note(format!(
                "the start-up checks of HA instance {id} were not made: it is of system {sysname}, this is {}",
                several(startup.systems, FEW)
            ));
            return;
        }
        let (notes, found): (Vec<_>, Vec<_>) =
            (startup.check)(configuration, survey).into_iter().partition(|finding| finding.severity < Severity::Warning);
        notes.iter().for_each(|note| self.note(note.problem().to_string()));
        self.add(id, found.iter().map(startup::Finding::problem).collect());
    }

    fn note(&mut self, note: String) {
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    fn sorted(mut self) -> Report {
        self.report.findings.sort_by_key(|finding| !finding.problem.error);
        self.report
    }
}

impl Report {
    /// What a check of one HA instance has found.
    pub(super) fn of(configuration: &Configuration, checked: &component::Checked) -> Report {
        let mut report = Gathering::default();
        let id = &configuration.ha_instance.id;
        report.instance(id);
        report.add(id, checked.all());
        report.sorted()
    }

    fn notes_text(&self) -> String {
        self.notes.iter().map(|note| format!("INFO {}\n", one_line(note))).collect()
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
            format!("{level} {}{}\n", one_line(&finding.problem.to_string()), self.concerned(finding))
        };
        self.findings.iter().map(line).collect::<String>() + &self.notes_text() + &self.summary()
    }

    /// With the source line and a caret below the place, as on a terminal. `colour`: with escape sequences.
    pub fn snippets(&self, platform: &dyn Platform, colour: bool) -> String {
        let mut sources = snippet::Sources::new(platform);
        let one = |finding: &Finding| {
            let title = format!("{}{}", one_line(&finding.problem.text), self.concerned(finding));
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
            _ => one_line(&format!(" [HA instance {}]", several(&finding.ha_instances, FEW))).into_owned(),
        }
    }

    fn summary(&self) -> String {
        let (errors, warnings) = self.counts();
        let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let checked = match self.ha_instances.as_slice() {
            [] => String::new(),
            // As many as a sysplex has systems.
            ids => format!("; HA instances checked: {}", several(ids, 32)),
        };
        let checked = one_line(&checked);
        format!("{}, {}{checked}\n", plural(errors, "error"), plural(warnings, "warning"))
    }
}

/// What keeps a configuration from loading; an id that is not defined under the launcher's own message.
fn problems_of(error: &LoadError) -> Vec<Problem> {
    match error {
        LoadError::UnknownHaInstance { .. } => {
            error.messages().into_iter().map(|message| Problem::error(None, message.text().to_owned())).collect()
        }
        error => error.problems(),
    }
}

fn key(problem: &Problem) -> (bool, String) {
    (problem.error, problem.to_string())
}
