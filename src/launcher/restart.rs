//! RESTART: the configuration is read anew and the component validated before anything is stopped.

use super::components;
use super::owner::{Owner, policy_of};
use super::prepare::{self, Launched};
use super::{Begun, Context, Event, Instance, foreground};
use crate::component::{self, Phase};
use crate::message::{self, Message, Severity};
use crate::platform::AnswerSink;
use crate::supervisor::Event as Happening;
use std::path::PathBuf;
use std::sync::Arc;

impl Owner {
    /// Begins a RESTART: the rest follows in [`Owner::restart_checked`], and the console that asked waits for that.
    pub(super) fn restart(&mut self, index: usize) {
        let Some(child) = self.children.get_mut(index) else { return };
        let name = child.launched.component.name.clone();
        if std::mem::replace(&mut child.checking, true) {
            self.say(message::zwel0923i(name, "restarted"));
            return;
        }
        let (runtime, workspace) = (child.launched.instance.runtime.clone(), child.launched.instance.workspace.clone());
        let answer = self.answering.take();
        let (context, begun, sender) = (Arc::clone(&self.context), Arc::clone(&self.begun), self.sender.clone());
        tokio::task::spawn_local(async move {
            let result = check(&context, &begun, &name, runtime, workspace).await;
            // The owner has gone: the launcher has ended meanwhile.
            let _ = sender.send(Event::RestartChecked { index, result: result.map(Box::new), answer });
        });
    }

    pub(super) fn restart_checked(
        &mut self,
        index: usize,
        result: Result<Box<Launched>, Vec<Message>>,
        answer: Option<Box<dyn AnswerSink>>,
    ) {
        self.answering = answer;
        let ending = self.phase == super::owner::Phase::Ending;
        let settings = self.settings.clone();
        if let Some(child) = self.children.get_mut(index) {
            child.checking = false;
            let is_running = child.machine.state().pid().is_some();
            let name = child.launched.component.name.clone();
            match (result, settings) {
                _ if ending => self.say(message::zwel0932i(&self.begun.ha_instance.id, format!("RESTART({name})"))),
                (Ok(launched), Some(settings)) => {
                    child.machine.policy = policy_of(&self.begun, &launched, &settings);
                    child.launched = *launched;
                    self.step(index, Happening::Restart);
                }
                (Ok(_), None) => {}
                (Err(messages), _) => {
                    for message in messages {
                        self.say(message);
                    }
                    self.say(message::zwel0922e(name, "the new configuration is not good, the component is left as it is"));
                    if !is_running && self.begun.foreground.is_some() {
                        self.foreground_down();
                    }
                }
            }
        }
        self.answering = None;
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

/// Reads the configuration and validates the component with it.
async fn check(
    context: &Arc<Context>,
    begun: &Arc<Begun>,
    name: &str,
    runtime: PathBuf,
    workspace: PathBuf,
) -> Result<Launched, Vec<Message>> {
    let mut configuration = prepare::load(context, begun).await?;
    foreground::enable(begun, &mut configuration);
    let one = |why: &str| Err(vec![message::zwel0918e(name, why)]);
    // Both were entered and locked at the start and hold until the end.
    if configuration.runtime_directory().as_deref() != Some(&*runtime) {
        return one("zowe.runtimeDirectory has changed, which takes a stop and start of the launcher");
    }
    if configuration.workspace_directory().as_deref() != Some(&*workspace) {
        return one("zowe.workspaceDirectory has changed, which takes a stop and start of the launcher");
    }
    let problems = configuration.validate();
    if problems.iter().any(|problem| problem.error) {
        let errors = problems.iter().filter(|problem| problem.error);
        return Err(errors.map(|problem| message::zwel0918e(name, problem)).collect());
    }
    if !configuration.is_enabled(name) {
        return one("the component is not enabled any more: STOP it");
    }
    let survey = component::survey(&configuration);
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
    let environment = prepare::instance_environment(context, &configuration, &runtime, &workspace, &survey);
    let instance = Arc::new(Instance::new(configuration, runtime, workspace, environment));
    let (output, messages) = components::run_validate(context, &instance, &component).await;
    context.output.lines(output);
    let messages = components::validate_schemas(&instance, &component).into_iter().chain(messages);
    let (errors, warnings): (Vec<Message>, Vec<Message>) = messages.partition(|message| message.severity() == Severity::Error);
    warnings.into_iter().for_each(|warning| context.output.message(warning));
    if !errors.is_empty() {
        return Err(errors);
    }
    if begun.foreground.is_some() {
        // Developers change manifests, of which the workspace holds copies.
        let written = components::write_workspace(context, &instance, &survey);
        written.map_err(|error| vec![message::zwel0918e("workspace", error)])?;
    }
    Ok(Launched { component, start, instance })
}
