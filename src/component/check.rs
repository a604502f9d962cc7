//! Everything wrong and odd with a configuration and its components, found in one go: the report of `check`, and what a launcher says
//! before it gives up. Reads files; starts and writes nothing.

use super::directories::{self, DirectoryProblem, Purpose};
use super::{Failure, Survey, dependencies, ports, readiness, registration, survey};
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
    /// What of the registration of components will fail or is odd. A start says it of each component when it is configured, and
    /// `onComponentConfigureFail` tells whether it goes on.
    pub registration: Vec<Problem>,
}

impl Checked {
    /// The whole report, each problem once.
    pub fn all(&self) -> Vec<Problem> {
        let directories = self.directories.iter().map(DirectoryProblem::problem);
        let failures = self.survey.failures.iter().flat_map(Failure::problems);
        unique(directories.chain(self.problems.iter().cloned()).chain(failures).chain(self.registration.iter().cloned()).collect())
    }
}

/// Checks a configuration that loads, by the runtime directory's schemas, the manifests and schemas of the components in play, and the
/// directories that it names.
pub fn check(configuration: &Configuration, platform: &dyn Platform) -> Checked {
    let directories = directories::problems(configuration, platform);
    let has_runtime = !directories.iter().any(|problem| problem.purpose == Purpose::Runtime);
    // Without a runtime directory every component would be reported as not installed: that says nothing.
    let survey = if has_runtime { survey(configuration) } else { Survey::default() };
    let mut problems = configuration.warnings.clone();
    problems.extend(configuration.validate());
    problems.extend(ports::problems(configuration, &survey));
    problems.extend(survey.warnings.iter().cloned());
    problems.extend(dependencies::problems(configuration, &survey));
    for component in &survey.in_play {
        problems.extend(component.validate(configuration));
        problems.extend(readiness::problems(configuration, component));
        problems.extend(component.validate_manifest(configuration));
    }
    let registration = registration::problems(configuration, &survey, platform);
    Checked { survey, directories, problems: unique(problems), registration }
}
