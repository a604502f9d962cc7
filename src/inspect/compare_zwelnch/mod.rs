//! `check --compare-zwelnch`: what behaves differently than under ZWELNCH, the launcher written in C, for one configuration. Only what this
//! configuration concerns is told. Facts about ZWELNCH: docs/migration.md.

mod general;
mod report;
mod rules;
mod sources;
mod values;

pub use general::{GENERAL, General};
pub use report::Comparison;

use crate::component;
use crate::config::{Configuration, HaInstance, LoadError, LoadRequest, Location, Problem, Source, unique, yaml};
use crate::platform::Platform;

/// One difference in behaviour.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Difference {
    /// What kind, for tools: a word that stays the same from release to release.
    pub kind: &'static str,
    /// What sets it, where one place does.
    pub place: Option<Location>,
    /// The property it is about, its path joined with dots; empty where it is about none.
    pub property: String,
    /// What ZWELNCH did.
    pub before: String,
    /// What this launcher does.
    pub now: String,
    /// What to do, if anything.
    pub action: Option<String>,
    /// True when this launcher refuses to start because of it.
    pub refused: bool,
}

impl Difference {
    fn new(kind: &'static str, place: Option<Location>, before: impl Into<String>, now: impl Into<String>) -> Difference {
        Difference { kind, place, property: String::new(), before: before.into(), now: now.into(), action: None, refused: false }
    }

    fn about(self, path: &[&str]) -> Difference {
        Difference { property: path.join("."), ..self }
    }

    fn action(self, action: impl Into<String>) -> Difference {
        Difference { action: Some(action.into()), ..self }
    }

    fn refused(self) -> Difference {
        Difference { refused: true, ..self }
    }
}

/// Compares for the HA instances named, else for all of `haInstances`, else for the configuration itself. Reads files; starts and writes
/// nothing.
pub fn compare_zwelnch(sources: &[Source], named: &[HaInstance], platform: &dyn Platform) -> Comparison {
    let mut comparison = Comparison::default();
    let none = HaInstance::none();
    let base = match Configuration::load(&LoadRequest { sources, ha_instance: &none, platform }) {
        Ok(base) => base,
        Err(error) => {
            comparison.add_load_error("", &error);
            return comparison;
        }
    };
    comparison.add("", of_sources(&base, platform));
    let (mut ids, mut ports, mut survey, seen) = (Vec::new(), Vec::new(), None, component::Seen::default());
    let instances = super::instances_of(&base, named);
    for instance in &instances {
        if !instance.id.is_empty() {
            comparison.ha_instances.push(instance.id.clone());
        }
        match base.for_instance(instance) {
            Ok(configuration) => {
                let checked = component::check_alone(&configuration, platform, &seen);
                let size = |file: &std::path::Path| std::fs::metadata(file).ok().map(|metadata| metadata.len());
                comparison.add(&instance.id, rules::differences(&configuration, &checked.survey, &size));
                comparison.add(&instance.id, values::differences(&configuration));
                comparison.add(&instance.id, new_refusals(&configuration, &checked));
                ids.push(&instance.id);
                ports.push(checked.ports);
                survey.get_or_insert(checked.survey);
            }
            Err(error) => comparison.add_load_error(&instance.id, &error),
        }
    }
    for clash in component::shared_ports(&base, ports, &survey.unwrap_or_default()).into_iter().filter(|clash| clash.problem.error) {
        clash
            .instances
            .iter()
            .filter_map(|index| ids.get(*index))
            .for_each(|id| comparison.add(id, vec![refused_now(clash.problem.clone())]));
    }
    comparison
}

/// What only the text of the sources tells.
fn of_sources(base: &Configuration, platform: &dyn Platform) -> Vec<Difference> {
    let templates = sources::templates(base.source_names(), platform).into_iter().map(|template| {
        let steps: Vec<&str> = template.path.iter().map(String::as_str).collect();
        let before = match &template.before {
            None => "left the property unresolved, with a warning".to_owned(),
            Some(value) if template.forward => format!("gave {value}: what the expression uses stands after it, and was not evaluated yet"),
            Some(value) => format!("gave {value}: the parts were pasted together with + and no parentheses"),
        };
        Difference::new("template", Some(template.place), before, format!("gives {}: each expression is evaluated by itself", template.now))
            .about(&steps)
            .action("look whether the new value is the one that was meant")
    });
    let tags = sources::tags(base.source_names(), platform).into_iter().map(|tag| {
        let before = format!("passed over the tag {}", tag.tag);
        Difference::new("tag", Some(tag.place), before, "obeys it").action("take the tag away if the value was right without it")
    });
    templates.chain(tags).collect()
}

/// Errors of checks that ZWELNCH did not make: it validated by schemas alone.
fn new_refusals(configuration: &Configuration, checked: &component::Checked) -> Vec<Difference> {
    let relative = checked.directories.iter().filter(|problem| problem.fault == component::DirectoryFault::Relative);
    let relative: Vec<Problem> = relative.map(component::DirectoryProblem::problem).collect();
    let mut as_before: Vec<Problem> = configuration.validate();
    as_before.extend(checked.survey.in_play.iter().flat_map(|component| component.validate(configuration)));
    let errors = unique(checked.problems.clone()).into_iter().filter(|problem| problem.error && !as_before.contains(problem));
    errors.chain(relative).map(refused_now).collect()
}

fn refused_now(problem: Problem) -> Difference {
    Difference {
        property: problem.property.unwrap_or_default(),
        ..Difference::new(
            "refused",
            problem.place,
            "did not look, and started: it came to light later, or never",
            format!("does not start: {}", problem.text),
        )
        .action("correct it, or see docs/configuration.md for the check that can be turned off")
        .refused()
    }
}

/// Why a configuration does not load: first what ZWELNCH accepted, then what it did not accept either.
fn of_load_error(error: &LoadError) -> (Vec<Difference>, Vec<Problem>) {
    let refused = |problem: &Problem, kind, before: &str, action: &str| {
        let difference = Difference::new(kind, problem.place.clone(), before, format!("does not start: {}", problem.text));
        Difference { property: problem.property.clone().unwrap_or_default(), ..difference.action(action).refused() }
    };
    let (mut differences, mut errors) = (Vec::new(), Vec::new());
    match error {
        LoadError::Sources(problems) => {
            for problem in problems {
                let text = &problem.text;
                let found = if text.starts_with("the key ") && text.contains(" is defined twice") {
                    refused(problem, "duplicate-key", "took the last of them, silently", "delete the others: the last one was in force")
                } else if text.contains("does not fit in 64 bits") {
                    refused(problem, "large-integer", "cut the number to 64 bits, silently", "write it in quotes")
                } else if text.contains("stands in single quotes") {
                    let before = "did not load it either, and did not say where";
                    refused(problem, "template-quotes", before, "write it plain, or in double quotes")
                } else if text.contains(yaml::NOT_PART_OF_THE_DOCUMENT) {
                    let before = "did not read it nor what follows it, silently";
                    refused(problem, "rest-of-file", before, "mend the place: what follows it was not in force")
                } else if text.contains("the tag ") && !text.contains("template") {
                    refused(problem, "tag", "passed over the tag", "take the tag away")
                } else {
                    errors.push(problem.clone());
                    continue;
                };
                differences.push(found);
            }
        }
        LoadError::Templates(problems) => differences.extend(problems.iter().map(|problem| {
            let before = "left the property unresolved, with a warning, and went on";
            refused(problem, "template-fails", before, "correct the expression, or take the property away")
        })),
        LoadError::HaInstances(problems) => differences.extend(problems.iter().map(|problem| {
            let before = "found the one in lower case, never the other one";
            refused(problem, "ha-instance-case", before, "rename one, or delete the one that was never found")
        })),
        LoadError::UnknownHaInstance { .. } => differences.extend(error.problems().iter().map(|problem| {
            let before = "ran without an overlay, silently";
            refused(problem, "ha-instance-undefined", before, "correct HAINST, or add the id to haInstances, if only with its hostname")
                .about(&["haInstances"])
        })),
    }
    (differences, errors)
}
