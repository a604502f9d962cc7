//! Which components a configuration brings into play, and why not the others.

use super::seen::Seen;
use super::{Component, ComponentError, Phase, is_component_name, needs, order};
use crate::config::settings::{self, StartupCheck};
use crate::config::{Configuration, Location, Problem, SINGLE_SERVICE, SINGLE_SERVICE_PARTS, SingleService, overlay};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// Why a component that is configured or installed is not launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotInPlay {
    /// `components.<name>.enabled` is not true.
    Disabled,
    /// Part of the single-service API ML, which is enabled: in play all the same, where it is installed.
    Suppressed,
    /// Enabled, and not installed or not usable; the reason stands among the problems.
    Unusable,
    /// In play, without a start command: a library, for example.
    NothingToStart,
}

impl fmt::Display for NotInPlay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            NotInPlay::Disabled => "not enabled",
            NotInPlay::Suppressed => {
                "part of component apiml, which is enabled and runs in its place; it is validated, configured and registered"
            }
            NotInPlay::Unusable => "enabled, but not installed or not usable",
            NotInPlay::NothingToStart => "has no start command",
        })
    }
}

/// All components of an instance.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Installed and usable, enabled or not.
    pub installed: Vec<Component>,
    /// Enabled after the overlay, installed and usable; dependencies first, otherwise in the order of the configuration.
    pub in_play: Vec<Component>,
    /// Names of those in play that have a start command whose file exists, in the same order.
    pub launched: Vec<String>,
    /// The others that are configured.
    pub not_launched: Vec<(String, NotInPlay)>,
    /// Enabled and not installed, unusable manifests, missing command files: by component, with the place in the configuration or manifest.
    pub failures: Vec<Failure>,
    /// Circles of dependencies (errors, unless they are to be ignored), odd metadata, unusable components that are not enabled.
    pub warnings: Vec<Problem>,
}

/// What is wrong with one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub component: String,
    pub place: Option<Location>,
    pub error: ComponentError,
    pub weight: Weight,
}

/// How much a failure matters: of components that are not installed or have no usable manifest as
/// `zowe.launchScript.startupChecks.components` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The instance is not started.
    Error,
    /// The others run.
    Warning,
    /// Not reported.
    None,
}

impl Failure {
    /// What [`Component::locate`] found, for a component that is enabled. If the setting is not set, an unusable manifest is an error, as
    /// it always was, and a component that is not installed is a warning, because the C launcher goes on without it.
    fn of_installation(configuration: &Configuration, component: &str, error: ComponentError) -> Failure {
        let chosen = configuration.setting_in_force(&settings::CHECK_COMPONENTS, "launcher").is_some();
        let weight = match configuration.startup_check(&settings::CHECK_COMPONENTS) {
            // No operator could name it, and commands would act on others.
            _ if matches!(error, ComponentError::BadName { .. }) => Weight::Error,
            StartupCheck::Exit if !chosen && matches!(error, ComponentError::NotInstalled { .. }) => Weight::Warning,
            StartupCheck::Exit => Weight::Error,
            StartupCheck::Warn => Weight::Warning,
            StartupCheck::Disabled => Weight::None,
        };
        Failure { component: component.to_string(), place: Some(configuration.place(&["components", component])), error, weight }
    }

    /// As a report lists it.
    pub fn problems(&self) -> Vec<Problem> {
        let problems = self.error.problems(self.place.clone()).into_iter();
        match self.weight {
            Weight::None => Vec::new(),
            weight => problems.map(|problem| Problem { error: weight == Weight::Error, ..problem }).collect(),
        }
    }
}

impl Survey {
    /// Names of the installed ones.
    pub fn installed_names(&self) -> Vec<String> {
        self.installed.iter().map(|component| component.name.clone()).collect()
    }

    /// Names of those in play.
    pub fn in_play_names(&self) -> Vec<String> {
        self.in_play.iter().map(|component| component.name.clone()).collect()
    }

    /// Names of those that are enabled, as components are told: those in play, and all parts of the single-service API ML, installed by
    /// themselves or not.
    pub fn enabled_names(&self, configuration: &Configuration) -> Vec<String> {
        let mut names = self.in_play_names();
        if names.iter().any(|name| name == SINGLE_SERVICE) {
            let parts = SINGLE_SERVICE_PARTS.iter().filter(|part| configuration.is_suppressed(part));
            let absent: Vec<String> = parts.map(|part| (*part).to_string()).filter(|part| !names.contains(part)).collect();
            names.extend(absent);
        }
        names
    }

    /// Everything wrong and odd, as a report lists it.
    pub fn problems(&self) -> Vec<Problem> {
        let failures = self.failures.iter().flat_map(Failure::problems);
        failures.chain(self.warnings.iter().cloned()).collect()
    }

    /// Name and manifest defaults of the installed ones, as [`crate::config::RunFacts`] wants them.
    pub fn defaults(&self) -> Vec<(String, Value)> {
        self.installed.iter().map(|component| (component.name.clone(), component.manifest.configs.clone())).collect()
    }
}

/// Looks at every component that is configured or installed. Reads manifests and looks for files; starts and writes nothing.
pub fn survey(configuration: &Configuration) -> Survey {
    survey_of(configuration, &Seen::default())
}

/// The same by what was seen before, where it was.
pub(super) fn survey_of(configuration: &Configuration, seen: &Seen) -> Survey {
    let mut survey = Survey::default();
    let Some(runtime) = configuration.runtime_directory() else { return survey };
    let extension = configuration.extension_directory();
    let installed = seen.installed(&runtime, extension.as_deref());
    let (found, broken) = &*installed;
    let by_name: HashMap<&str, &Component> = found.iter().rev().map(|component| (component.name.as_str(), component)).collect();
    survey.installed = found.clone();
    let mut in_play = Vec::new();
    for name in configuration.component_names() {
        if !configuration.is_enabled(&name) {
            if !is_component_name(&name) {
                let error = ComponentError::BadName { name: name.clone() };
                let problems = error.problems(Some(configuration.place(&["components", &name])));
                survey.warnings.extend(problems.into_iter().map(|problem| Problem { error: false, ..problem }));
            }
            survey.not_launched.push((name, NotInPlay::Disabled));
            continue;
        }
        let known = by_name.get(name.as_str()).copied().cloned();
        let component = match known.map_or_else(|| Component::locate(&name, &runtime, extension.as_deref()), Ok) {
            Ok(component) => component,
            // The one service needs no component of that name.
            Err(ComponentError::NotInstalled { .. }) if configuration.is_suppressed(&name) => {
                survey.not_launched.push((name, NotInPlay::Suppressed));
                continue;
            }
            Err(mut error) => {
                if let ComponentError::NotInstalled { nearest, .. } = &mut error {
                    *nearest = not_configured(configuration, &survey.installed, &name);
                }
                survey.failures.push(Failure::of_installation(configuration, &name, error));
                survey.not_launched.push((name, NotInPlay::Unusable));
                continue;
            }
        };
        survey.warnings.extend(component.warnings.iter().cloned());
        in_play.push(component);
    }
    if configuration.single_service() == SingleService::NotInstalled {
        let place = configuration.place(&["components", SINGLE_SERVICE, "enabled"]);
        let text = format!(
            "components.{SINGLE_SERVICE}.enabled: API ML as one process is not installed, so that those of its parts that are enabled run \
            by themselves: {}; set it to false for this level of Zowe",
            SINGLE_SERVICE_PARTS.join(", ")
        );
        survey.warnings.push(Problem::warning(Some(place), text).about(&["components", SINGLE_SERVICE, "enabled"]));
    }
    for (name, error) in broken {
        // An unusable component that is not enabled does no harm.
        if matches!(error, ComponentError::PlaceUnreadable { .. }) {
            survey.warnings.extend(error.problems(None));
        } else if !configuration.is_enabled(name) {
            survey.warnings.extend(error.problems(None).into_iter().map(|problem| Problem { error: false, ..problem }));
        }
    }
    survey.warnings.extend(alike(configuration, &in_play));
    define_services_once(configuration, &mut in_play);
    arrange(&mut survey, configuration, in_play, seen);
    survey
}

/// Components that an operator, whose commands are in capitals, cannot tell apart.
fn alike(configuration: &Configuration, in_play: &[Component]) -> Vec<Problem> {
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for name in in_play.iter().map(|component| component.name.as_str()) {
        if let Some(other) = first.insert(name.to_ascii_lowercase(), name) {
            let (place, other_place) = (configuration.place(&["components", name]), configuration.place(&["components", other]));
            let text = format!(
                "components.{name}: the name differs from {other} ({other_place}) only by case, which commands do not tell apart; rename \
                or disable one of them"
            );
            found.push(Problem::error(Some(place), text).about(&["components", name]));
        }
    }
    found
}

/// The installed component that a name was meant to be; it must not be named in the user's own sources as well.
fn not_configured(configuration: &Configuration, installed: &[Component], name: &str) -> Option<String> {
    let names = installed.iter().filter(|component| !configuration.is_set_by_user(&["components", &component.name]));
    let names: Vec<String> = names.map(|component| component.name.clone()).collect();
    overlay::nearest(name, &names)
}

/// The single-service API ML and its parts have the same static definitions (z/OSMF's). Those of the component that runs are written.
fn define_services_once(configuration: &Configuration, in_play: &mut [Component]) {
    let service = in_play.iter().find(|component| component.name == SINGLE_SERVICE);
    let defined: Vec<String> =
        service.iter().flat_map(|service| &service.manifest.static_definitions).map(|definition| definition.file.clone()).collect();
    for part in in_play.iter_mut().filter(|component| configuration.is_suppressed(&component.name)) {
        Arc::make_mut(&mut part.manifest).static_definitions.retain(|definition| !defined.contains(&definition.file));
    }
}

/// Orders those in play and looks for their commands.
fn arrange(survey: &mut Survey, configuration: &Configuration, in_play: Vec<Component>, seen: &Seen) {
    let names: Vec<String> = in_play.iter().map(|component| component.name.clone()).collect();
    let dependencies: BTreeMap<String, Vec<String>> =
        in_play.iter().map(|component| (component.name.clone(), needs(configuration, component))).collect();
    let ignore = configuration.launcher_settings().ignore_dependency_problems;
    let (ordered, cycles) = order(&names, &dependencies);
    for cycle in cycles {
        let member = in_play.iter().find(|component| cycle.first() == Some(&component.name));
        let place = member.map(|component| component.place(&["dependencies", "components"]));
        let circle = format!("components depend on each other in a circle: {}", cycle.join(" -> "));
        survey.warnings.push(if ignore {
            Problem::warning(place, format!("{circle}; the order of the configuration is used among them"))
        } else {
            Problem::error(place, format!("{circle}; one of them has to do without, or components.launcher.onDependencyProblem: ignore"))
        });
    }
    let mut by_name: BTreeMap<String, Component> = in_play.into_iter().map(|component| (component.name.clone(), component)).collect();
    for name in ordered {
        let Some(component) = by_name.remove(&name) else { continue };
        for (phase, command) in seen.commands(&component).iter() {
            let phase = *phase;
            match command {
                _ if phase == Phase::Start && configuration.is_suppressed(&name) => {
                    survey.not_launched.push((name.clone(), NotInPlay::Suppressed));
                }
                Ok(Some(_)) if phase == Phase::Start => survey.launched.push(name.clone()),
                Ok(None) if phase == Phase::Start => survey.not_launched.push((name.clone(), NotInPlay::NothingToStart)),
                Ok(_) => {}
                Err(error) => {
                    if phase == Phase::Start {
                        survey.not_launched.push((name.clone(), NotInPlay::Unusable));
                    }
                    // A command that cannot be used is the manifest's fault.
                    let place = Some(component.place(&["commands", phase.name()]));
                    survey.failures.push(Failure { component: name.clone(), place, error: error.clone(), weight: Weight::Error });
                }
            }
        }
        survey.in_play.push(component);
    }
}
