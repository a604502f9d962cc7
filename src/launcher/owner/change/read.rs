//! The configuration read anew, and everything about it that can be judged while its components run.

use super::differ::{Differ, Difference};
use crate::component::{self, Component, Phase};
use crate::config::Configuration;
use crate::launcher::run::{Begun, Context, Found, Generation, Launched, LoadedInstance, component_error, failure_message};
use crate::launcher::{foreground, prepare};
use crate::message::{self, Message, Severity};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is asked of a new configuration.
pub(super) enum Wanted {
    /// These components, whatever has changed.
    Named(Vec<(usize, String)>),
    /// What differs from these.
    Different(Vec<(usize, Launched)>),
}

/// Reads and judges. Warnings that the configuration before did not have are said.
///
/// # Errors
/// Everything that is wrong.
pub(super) async fn read(
    context: &Arc<Context>,
    begun: &Arc<Begun>,
    current: &Arc<Generation>,
    wanted: Wanted,
) -> Result<Found, Vec<Message>> {
    let says: Box<dyn Fn(String) -> Message> = match &wanted {
        Wanted::Different(_) => Box::new(message::configuration_not_reloaded),
        Wanted::Named(names) => {
            let all = names.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
            Box::new(move |why| message::component_error(&all, why))
        }
    };
    let generation = Arc::new(generation(context, begun, &current.instance, &*says).await?);
    for warning in generation.warnings.difference(&current.warnings) {
        context.output.message(message::configuration_warning(warning));
    }
    Ok(match wanted {
        Wanted::Named(names) => named(&generation, names),
        Wanted::Different(running) => different(&generation, current, running),
    })
}

async fn generation(
    context: &Arc<Context>,
    begun: &Arc<Begun>,
    running: &LoadedInstance,
    says: &dyn Fn(String) -> Message,
) -> Result<Generation, Vec<Message>> {
    let mut configuration = prepare::load(context, begun).await?;
    foreground::enable(begun, &mut configuration);
    if let Some(why) = moved(&configuration, running) {
        return Err(vec![says(why.to_owned())]);
    }
    let platform = Arc::clone(&context.platform);
    let checked = tokio::task::spawn_blocking(move || {
        let checked = component::check(&configuration, &*platform);
        configuration.forget_judgement();
        (configuration, checked)
    });
    let (configuration, checked) = checked.await.map_err(|error| vec![message::internal_error(error)])?;
    let directories = checked.directories.iter().map(component::DirectoryProblem::problem);
    let (errors, warnings): (Vec<_>, Vec<_>) = directories.chain(checked.problems).partition(|problem| problem.error);
    let mut errors: Vec<Message> = errors.iter().map(|error| says(error.to_string())).collect();
    let failures = checked.survey.failures.iter().filter_map(failure_message);
    errors.extend(failures.filter(|message| message.severity() == Severity::Error));
    if !errors.is_empty() {
        return Err(errors);
    }
    let (runtime, workspace) = (running.runtime.clone(), running.workspace.clone());
    let environment = prepare::instance_environment(context, &configuration, &workspace, &checked.survey);
    Ok(Generation {
        instance: Arc::new(LoadedInstance::new(configuration, &checked.survey.installed, (runtime, workspace), environment)),
        survey: checked.survey,
        warnings: warnings.iter().map(ToString::to_string).collect(),
    })
}

/// Why a new configuration cannot take the place of the one that runs: both directories were entered and locked at the start and hold until
/// the end.
fn moved(configuration: &Configuration, running: &LoadedInstance) -> Option<&'static str> {
    if configuration.runtime_directory().as_deref() != Some(&running.runtime) {
        return Some("zowe.runtimeDirectory has changed, which takes a stop and start of the launcher");
    }
    if configuration.workspace_directory().as_deref() != Some(&running.workspace) {
        return Some("zowe.workspaceDirectory has changed, which takes a stop and start of the launcher");
    }
    None
}

fn named(generation: &Arc<Generation>, names: Vec<(usize, String)>) -> Found {
    let mut found = Found::new(generation);
    let mut parts = Vec::new();
    for (index, name) in names {
        match launched(generation, &name) {
            Ok(launched) => parts.push((Some(index), name, Some(launched))),
            Err(messages) => found.refused.push((index, messages)),
        }
    }
    let position = |name: &str| generation.survey.in_play.iter().position(|component| component.name == *name);
    parts.sort_by_key(|(_, name, _)| position(name));
    found.parts = parts;
    found
}

fn different(generation: &Arc<Generation>, current: &Generation, running: Vec<(usize, Launched)>) -> Found {
    let survey = &generation.survey;
    let mut found = Found::new(generation);
    let mut differs = Differs { now: &generation.instance, differs: Vec::new() };
    let in_play: HashMap<&str, &Component> = current.survey.in_play.iter().map(|component| (component.name.as_str(), component)).collect();
    let is_running: HashMap<&str, &(usize, Launched)> =
        running.iter().map(|running| (running.1.component.name.as_str(), running)).collect();
    let is_launched: HashSet<&str> = survey.launched.iter().map(String::as_str).collect();
    for component in &survey.in_play {
        let name = &component.name;
        if !is_launched.contains(name.as_str()) {
            let same = in_play.get(name.as_str()).map(|before| differs.difference(before, &current.instance, component));
            if same.is_none_or(|difference| difference == Difference::Component) {
                found.unlaunched.push(component.clone());
            }
            continue;
        }
        let before = is_running.get(name.as_str()).copied();
        let kind = before.map_or(Difference::Component, |(_, before)| differs.difference(&before.component, &before.instance, component));
        match (kind, before) {
            (Difference::None, _) => {}
            (Difference::Supervision, Some((_, before))) => {
                found.adjusted.push(Launched { instance: Arc::clone(&generation.instance), ..before.clone() });
            }
            // The start command was there a moment ago; the survey names the component because of it.
            _ => match launched(generation, name) {
                Ok(launched) => found.parts.push((before.map(|(index, _)| *index), name.clone(), Some(launched))),
                Err(_) => continue,
            },
        }
    }
    for (index, launched) in &running {
        if !is_launched.contains(launched.component.name.as_str()) {
            found.parts.push((Some(*index), launched.component.name.clone(), None));
        }
    }
    found
}

/// Comparisons of configurations that run with a new one. Most components run by the same one; some by an earlier one, since what has not
/// changed keeps its own.
struct Differs<'a> {
    now: &'a LoadedInstance,
    differs: Vec<(&'a LoadedInstance, Differ<'a>)>,
}

impl<'a> Differs<'a> {
    fn difference(&mut self, before: &Component, as_before: &'a LoadedInstance, component: &Component) -> Difference {
        if component.manifest != before.manifest || component.directory != before.directory {
            return Difference::Component;
        }
        let known = self.differs.iter().position(|(known, _)| std::ptr::eq(*known, as_before));
        let known = known.unwrap_or_else(|| {
            let (before, now) = (as_before.configuration.value(), self.now.configuration.value());
            self.differs.push((as_before, Differ::new(before, now)));
            self.differs.len() - 1
        });
        self.differs[known].1.of(&component.name)
    }
}

/// A component of a new configuration as it is to be launched.
fn launched(generation: &Generation, name: &str) -> Result<Launched, Vec<Message>> {
    let one = |why: &str| Err(vec![message::component_error(name, why)]);
    let instance = &generation.instance;
    if !instance.configuration.is_enabled(name) {
        return one("the component is not enabled any more: STOP it");
    }
    if instance.configuration.is_suppressed(name) {
        return one("component apiml takes its place in the new configuration: STOP it");
    }
    let failures = generation.survey.failures.iter().filter(|failure| failure.component == name);
    let failures: Vec<Message> = failures.map(|failure| component_error(name, &failure.error)).collect();
    if !failures.is_empty() {
        return Err(failures);
    }
    let Some(component) = generation.survey.in_play.iter().find(|component| component.name == name).cloned() else {
        return one("the component is not in play any more");
    };
    match component.command(Phase::Start) {
        Ok(Some(start)) => Ok(Launched { component, start, instance: Arc::clone(instance) }),
        Ok(None) => one("the component has no start command any more"),
        Err(error) => Err(vec![component_error(name, &error)]),
    }
}
