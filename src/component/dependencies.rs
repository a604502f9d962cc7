//! Whether the dependencies that components declare can be satisfied.

use super::version_range::{Version, VersionRange};
use super::{Component, Dependency, NotInPlay, Survey};
use crate::config::{Configuration, Location, Problem, SINGLE_SERVICE, overlay};

/// Dependencies of those in play that are unknown, not installed or not enabled: errors, as the component would wait in vain, unless
/// `components.launcher.onDependencyProblem` is `ignore`. Ranges that cannot be read and versions outside of them: warnings, as the public
/// launcher never checks them.
pub(super) fn problems(configuration: &Configuration, survey: &Survey) -> Vec<Problem> {
    let ignore = configuration.launcher_settings().ignore_dependency_problems;
    let mut problems = Vec::new();
    for component in &survey.in_play {
        for (index, needed) in component.manifest.dependencies.iter().enumerate() {
            let index = index.to_string();
            let place = |key: &str| Some(component.place(&["dependencies", "components", &index, key]));
            problems.extend(problem(configuration, survey, component, &place, needed));
        }
        let settings = configuration.component_settings(&component.name);
        let path = ["components", &component.name, "launcher", "dependsOn"];
        for (index, name) in settings.depends_on.iter().enumerate() {
            let index = index.to_string();
            let place = |_: &str| Some(configuration.place(&path.iter().copied().chain([index.as_str()]).collect::<Vec<_>>()));
            if *name == component.name {
                problems.push(Problem::error(place(""), format!("component {name} depends on itself")));
            } else {
                problems.extend(problem(configuration, survey, component, &place, &Dependency { name: name.clone(), version_range: None }));
            }
        }
    }
    if ignore {
        problems.iter_mut().for_each(|problem| problem.error = false);
    }
    problems
}

fn problem(
    configuration: &Configuration,
    survey: &Survey,
    component: &Component,
    place: &dyn Fn(&str) -> Option<Location>,
    dependency: &Dependency,
) -> Option<Problem> {
    let (name, needed) = (&component.name, &dependency.name);
    if let Some(found) = survey.in_play.iter().find(|other| other.name == *needed) {
        let text = version_problem(name, dependency, found)?;
        return Some(Problem::warning(place("versionRange"), text));
    }
    if configuration.is_suppressed(needed) && survey.in_play.iter().any(|other| other.name == SINGLE_SERVICE) {
        // The part needs no component of its own: the one service does its work.
        return None;
    }
    let reason = survey.not_launched.iter().find(|(other, _)| other == needed).map(|(_, reason)| reason);
    let state = match reason {
        // The reason it cannot be used stands in the report already.
        Some(NotInPlay::Unusable) => "is enabled, but not installed or not usable".to_string(),
        Some(NotInPlay::Suppressed) => "is part of component apiml, which is not installed or not usable".to_string(),
        Some(_) => format!("is not enabled; components.{needed}.enabled: true is expected"),
        None if survey.installed.iter().any(|other| other.name == *needed) => {
            format!("is installed, but not enabled; components.{needed}.enabled: true is expected")
        }
        None => {
            let known: Vec<String> =
                configuration.component_names().into_iter().chain(survey.installed_names()).filter(|other| other != name).collect();
            let hint = overlay::nearest(needed, &known).map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
            format!("is not known{hint}")
        }
    };
    Some(Problem::error(place("name"), format!("component {name} depends on {needed}, which {state}")))
}

fn version_problem(name: &str, dependency: &Dependency, found: &Component) -> Option<String> {
    let (range, needed) = (dependency.version_range.as_deref()?, &dependency.name);
    let wanted = match VersionRange::parse(range) {
        Ok(wanted) => wanted,
        Err(why) => {
            let range = range.escape_debug();
            return Some(format!("component {name} depends on {needed}: versionRange '{range}' is not checked, as {why}"));
        }
    };
    let installed = found.manifest.version.as_deref().unwrap_or_default();
    match Version::parse(installed) {
        Some(version) if wanted.holds(version) => None,
        Some(_) => Some(format!("component {name} depends on {needed} {range}, but version {installed} is installed")),
        None => Some(format!(
            "component {name} depends on {needed} {range}, but the manifest of {needed} tells no version (found: '{}')",
            installed.escape_debug()
        )),
    }
}
