//! Everything wrong and odd with a configuration and its components, found in one go: the report of `check`, and what a launcher says
//! before it gives up. Reads files; starts and writes nothing.

use super::clashes::InstancePorts;
use super::directories::{self, DirectoryProblem, Purpose};
use super::seen::Seen;
use super::survey::survey_of;
use super::{Component, Failure, Survey, dependencies, ports, readiness, registration, same_variable};
use crate::config::{Configuration, Problem, unique};
use crate::platform::Platform;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Empty where the runtime directory cannot be used.
    pub survey: Survey,
    /// Directories that cannot be used.
    pub directories: Vec<DirectoryProblem>,
    /// All else, except [`Survey::failures`]: schemas, settings, ports, dependencies, manifests.
    pub problems: Vec<Problem>,
    /// What the instance listens on.
    pub ports: InstancePorts,
    /// What will fail, or is odd, when components are registered. A start says it of each component when the component is configured;
    /// `onComponentConfigureFail` decides whether the start goes on.
    pub registration: Vec<Problem>,
    /// Commands of readiness, liveness and stop that cannot be run: a start says so and goes on without their answers.
    pub unrunnable: Vec<Problem>,
}

impl Checked {
    /// The whole report, each problem once.
    pub fn all(&self) -> Vec<Problem> {
        let directories = self.directories.iter().map(DirectoryProblem::problem);
        let failures = self.survey.failures.iter().flat_map(Failure::problems);
        unique(
            directories
                .chain(self.problems.iter().cloned())
                .chain(failures)
                .chain(self.registration.iter().chain(&self.unrunnable).cloned())
                .collect(),
        )
    }
}

/// Checks a configuration that loads, by the runtime directory's schemas, the manifests and schemas of the components in play, and the
/// directories that it names; with the ports that it shares with other HA instances of its system.
pub fn check(configuration: &Configuration, platform: &dyn Platform) -> Checked {
    let mut checked = check_alone(configuration, platform, &Seen::default());
    let shared = ports::shared_ports(configuration, vec![checked.ports.clone()], &checked.survey);
    checked.problems.extend(shared.into_iter().map(|clash| clash.problem));
    checked.problems = unique(checked.problems);
    checked
}

/// The same without the check of shared ports: a caller that checks several HA instances calls [`super::shared_ports`] once for all of
/// them, and has the same [`Seen`] for them.
pub fn check_alone(configuration: &Configuration, platform: &dyn Platform, seen: &Seen) -> Checked {
    let directories = directories::problems(configuration, platform);
    let has_runtime = !directories.iter().any(|problem| problem.purpose == Purpose::Runtime);
    // Without a runtime directory every component would be reported as not installed, which does not help.
    let survey = if has_runtime { survey_of(configuration, seen) } else { Survey::default() };
    let unrunnable = survey.in_play.iter().flat_map(|component| readiness::unrunnable(configuration, component)).collect();
    let mut problems = configuration.warnings.clone();
    problems.extend(configuration.validate());
    problems.extend(configuration.unread_keys(&survey.installed.iter().map(Component::keys).collect::<Vec<_>>()));
    problems.extend(ports::out_of_range(configuration, &survey.installed));
    problems.extend(survey.warnings.iter().cloned());
    problems.extend(dependencies::problems(configuration, &survey));
    problems.extend(same_variable::problems(configuration, &survey.in_play));
    for component in &survey.in_play {
        problems.extend(component.validate(configuration));
        problems.extend(readiness::problems(configuration, component));
        problems.extend(seen.manifest(component, configuration).iter().cloned());
        problems.extend(seen.scripts(component, platform).iter().cloned());
    }
    let registration = registration::problems(configuration, &survey, platform);
    let ports = ports::of_instance(configuration, &survey);
    Checked { survey, directories, problems: unique(problems), ports, registration, unrunnable }
}
