//! RESTART: the configuration is read anew and the components validated before anything is stopped.

use super::components;
use super::owner::{Owner, Phase as RunPhase, policy_of};
use super::prepare::{self, Launched};
use super::{Begun, Context, Event, Instance, foreground};
use crate::component::{self, Phase, Survey};
use crate::message::{self, Message, Severity};
use crate::platform::AnswerSink;
use crate::supervisor::Event as Happening;
use std::path::Path;
use std::sync::Arc;

/// What the check of a RESTART came to.
pub(super) struct Checked {
    /// By index of the component.
    results: Vec<(usize, Result<Launched, Vec<Message>>)>,
    /// Those that the operator named: without one of them nothing is taken along.
    named: Vec<usize>,
    answer: Option<Box<dyn AnswerSink>>,
    /// The command, for answers.
    text: String,
}

impl Owner {
    /// Begins a RESTART of the components that were named and those taken along: the rest follows in [`Owner::restart_checked`], and the
    /// console that asked waits for that.
    pub(super) fn restart(&mut self, named: Vec<usize>, along: Vec<usize>, text: &str) {
        let mut indices = Vec::new();
        for index in named.iter().copied().chain(along) {
            let Some(child) = self.children.get_mut(index) else { continue };
            if std::mem::replace(&mut child.checking, true) {
                let name = self.name_of(index);
                self.say(message::zwel0923i(name, "restarted"));
            } else {
                indices.push(index);
            }
        }
        let Some(first) = indices.first().and_then(|index| self.children.get(*index)) else { return };
        let running = Arc::clone(&first.launched.instance);
        let names: Vec<(usize, String)> = indices.into_iter().map(|index| (index, self.name_of(index))).collect();
        let answer = self.postpone_answer();
        let text = text.to_owned();
        let (context, begun, sender) = (Arc::clone(&self.context), Arc::clone(&self.begun), self.sender.clone());
        tokio::task::spawn_local(async move {
            let results = check(&context, &begun, &names, &running).await;
            // The owner has gone: the launcher has ended meanwhile.
            let _ = sender.send(Event::RestartChecked(Box::new(Checked { results, named, answer, text })));
        });
    }

    pub(super) fn restart_checked(&mut self, checked: Checked) {
        self.begin_answer(checked.answer);
        for (index, _) in &checked.results {
            if let Some(child) = self.children.get_mut(*index) {
                child.checking = false;
            }
        }
        let settings = self.settings.clone();
        match settings {
            _ if self.phase == RunPhase::Ending => self.say(message::zwel0932i(&self.begun.ha_instance.id, &checked.text)),
            None => {}
            Some(settings) => {
                let mut good = Vec::new();
                for (index, result) in checked.results {
                    match result {
                        Ok(launched) => good.push((index, launched)),
                        Err(messages) => {
                            let name = self.name_of(index);
                            let runs = self.instance.member(index).is_some_and(|member| member.machine.state().pid().is_some());
                            messages.into_iter().for_each(|message| self.say(message));
                            self.say(message::zwel0922e(name, "the new configuration is not good, the component is left as it is"));
                            if !runs {
                                self.foreground_down();
                            }
                        }
                    }
                }
                if !good.iter().any(|(index, _)| checked.named.contains(index)) {
                    // What depends on components that are left as they are has no reason to be restarted.
                    good.clear();
                }
                let indices: Vec<usize> = good.iter().map(|(index, _)| *index).collect();
                for (index, launched) in good {
                    self.replace(index, launched, &settings);
                }
                self.connect();
                self.order(&Happening::Restart, &indices);
            }
        }
        self.end_answer();
    }

    /// From now on the component is what a new configuration says.
    pub(super) fn replace(&mut self, index: usize, launched: Launched, settings: &crate::config::LauncherSettings) {
        let required = launched.instance.configuration.component_settings(&launched.component.name).required;
        if let Some(member) = self.instance.member_mut(index) {
            member.machine.policy = policy_of(&self.begun, &launched, settings);
            member.required = required;
        }
        if let Some(child) = self.children.get_mut(index) {
            child.launched = launched;
        }
    }

    /// Runs the configure command of a RESTART; [`Event::Configured`] follows.
    pub(super) fn configure(&mut self, index: usize) {
        let Some(child) = self.children.get(index) else { return };
        let launched = child.launched.clone();
        let (context, sender) = (Arc::clone(&self.context), self.sender.clone());
        tokio::task::spawn_local(async move {
            let may_start = components::configure(&context, &launched.instance, &launched.component).await;
            // The owner has gone.
            let _ = sender.send(Event::Configured { index, may_start });
        });
    }
}

/// Reads the configuration and validates components with it.
async fn check(
    context: &Arc<Context>,
    begun: &Arc<Begun>,
    names: &[(usize, String)],
    running: &Instance,
) -> Vec<(usize, Result<Launched, Vec<Message>>)> {
    let (instance, survey) = match read_anew(context, begun, names, running).await {
        Ok(read) => read,
        Err(messages) => {
            // Said once, with the first of them.
            let mut messages = Some(messages);
            return names.iter().map(|(index, _)| (*index, Err(messages.take().unwrap_or_default()))).collect();
        }
    };
    let mut results = Vec::new();
    for (index, name) in names {
        let mut result = check_one(context, &instance, &survey, name).await;
        if result.is_ok() && begun.foreground.is_some() {
            // Developers change manifests, of which the workspace holds copies.
            if let Err(error) = components::write_workspace(context, &instance, &survey) {
                result = Err(vec![message::zwel0918e("workspace", error)]);
            }
        }
        results.push((*index, result));
    }
    results
}

async fn read_anew(
    context: &Arc<Context>,
    begun: &Arc<Begun>,
    names: &[(usize, String)],
    running: &Instance,
) -> Result<(Arc<Instance>, Survey), Vec<Message>> {
    let mut configuration = prepare::load(context, begun).await?;
    foreground::enable(begun, &mut configuration);
    let all = names.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(why) = moved(&configuration, &running.runtime, &running.workspace) {
        return Err(vec![message::zwel0918e(all, why)]);
    }
    let problems = configuration.validate();
    if problems.iter().any(|problem| problem.error) {
        let errors = problems.iter().filter(|problem| problem.error);
        return Err(errors.map(|problem| message::zwel0918e(&all, problem)).collect());
    }
    let survey = component::survey(&configuration);
    let (runtime, workspace) = (running.runtime.clone(), running.workspace.clone());
    let environment = prepare::instance_environment(context, &configuration, &workspace, &survey);
    Ok((Arc::new(Instance::new(configuration, runtime, workspace, environment)), survey))
}

/// Why a new configuration cannot take the place of the one that runs: both directories were entered and locked at the start and hold until
/// the end.
pub(super) fn moved(configuration: &crate::config::Configuration, runtime: &Path, workspace: &Path) -> Option<&'static str> {
    if configuration.runtime_directory().as_deref() != Some(runtime) {
        return Some("zowe.runtimeDirectory has changed, which takes a stop and start of the launcher");
    }
    if configuration.workspace_directory().as_deref() != Some(workspace) {
        return Some("zowe.workspaceDirectory has changed, which takes a stop and start of the launcher");
    }
    None
}

/// Validates one component.
pub(super) async fn check_one(
    context: &Arc<Context>,
    instance: &Arc<Instance>,
    survey: &Survey,
    name: &str,
) -> Result<Launched, Vec<Message>> {
    let one = |why: &str| Err(vec![message::zwel0918e(name, why)]);
    if !instance.configuration.is_enabled(name) {
        return one("the component is not enabled any more: STOP it");
    }
    if instance.configuration.is_suppressed(name) {
        return one("component apiml takes its place in the new configuration: STOP it");
    }
    let failures = survey.failures.iter().filter(|failure| failure.component == name);
    let failures: Vec<Message> = failures.map(|failure| prepare::component_error(name, &failure.error)).collect();
    if !failures.is_empty() {
        return Err(failures);
    }
    let Some(component) = survey.in_play.iter().find(|component| component.name == name).cloned() else {
        return one("the component is not in play any more");
    };
    let start = match component.command(Phase::Start) {
        Ok(Some(start)) => start,
        Ok(None) => return one("the component has no start command any more"),
        Err(error) => return Err(vec![prepare::component_error(name, &error)]),
    };
    let (output, messages) = components::run_validate(context, instance, &component).await;
    context.output.lines(output);
    let messages = components::validate_schemas(instance, &component).into_iter().chain(messages);
    let (errors, warnings): (Vec<Message>, Vec<Message>) = messages.partition(|message| message.severity() == Severity::Error);
    warnings.into_iter().for_each(|warning| context.output.message(warning));
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Launched { component, start, instance: Arc::clone(instance) })
}
