//! RELOAD: the configuration is read anew, what is different is told, and only that is applied. An invalid configuration changes nothing.

use super::owner::{Owner, Phase};
use super::prepare::{self, Launched};
use super::{Begun, Context, Event, Instance, components, restart};
use crate::component::{self, Survey};
use crate::config::LauncherSettings;
use crate::message::{self, Message};
use crate::platform::AnswerSink;
use crate::supervisor::Event as Happening;
use serde_json::Value;
use std::sync::Arc;

/// What reading the configuration for a RELOAD came to.
pub(super) struct Reloaded {
    result: Result<Plan, Vec<Message>>,
    check: bool,
    answer: Option<Box<dyn AnswerSink>>,
}

/// A good configuration, and what it changes.
struct Plan {
    settings: LauncherSettings,
    rules: crate::output::WtoRules,
    /// Components that were not launched so far.
    added: Vec<Launched>,
    removed: Vec<String>,
    changed: Vec<Launched>,
    /// Only the launcher's own settings of them have changed.
    adjusted: Vec<Launched>,
}

/// How a component differs from what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    None,
    /// Settings that only the launcher reads.
    Supervision,
    /// Anything that the component may see.
    Component,
}

impl Owner {
    /// Begins a RELOAD: the rest follows in [`Owner::reloaded`], and the console that asked waits for that.
    pub(super) fn reload(&mut self, check: bool) {
        let Some(first) = self.children.first().map(|child| Arc::clone(&child.launched.instance)) else { return };
        if std::mem::replace(&mut self.reloading, true) {
            self.say(message::zwel0988e("another RELOAD is under way"));
            return;
        }
        let present = |index: usize| self.instance.member(index).is_some_and(|member| !member.removed);
        let running: Vec<Launched> =
            self.children.iter().enumerate().filter(|(index, _)| present(*index)).map(|(_, child)| child.launched.clone()).collect();
        let answer = self.postpone_answer();
        let (context, begun, sender) = (Arc::clone(&self.context), Arc::clone(&self.begun), self.sender.clone());
        tokio::task::spawn_local(async move {
            let result = plan(&context, &begun, &running, &first, check).await;
            // The owner has gone: the launcher has ended meanwhile.
            let _ = sender.send(Event::Reloaded(Box::new(Reloaded { result, check, answer })));
        });
    }

    pub(super) fn reloaded(&mut self, reloaded: Reloaded) {
        self.reloading = false;
        self.begin_answer(reloaded.answer);
        match reloaded.result {
            _ if self.phase == Phase::Ending => self.say(message::zwel0932i(&self.begun.ha_instance.id, "RELOAD")),
            Err(messages) => {
                messages.into_iter().for_each(|message| self.say(message));
                self.say(message::zwel0988e("it is not good, everything is left as it is"));
            }
            Ok(plan) => {
                self.tell_of(&plan);
                if !reloaded.check {
                    self.carry_out(plan);
                }
            }
        }
        self.end_answer();
    }

    fn tell_of(&mut self, plan: &Plan) {
        let names = |launched: &[Launched]| launched.iter().map(|launched| launched.component.name.clone()).collect::<Vec<_>>();
        let kinds = [
            (names(&plan.added), "is new: it is started"),
            (plan.removed.clone(), "is not to run any more: it is stopped"),
            (names(&plan.changed), "has changed: it is restarted"),
            (names(&plan.adjusted), "has other settings of supervision: they apply at once"),
        ];
        let mut nothing = true;
        for (names, what) in kinds {
            for name in names {
                nothing = false;
                self.say(message::zwel0987i(format!("component {name} {what}")));
            }
        }
        if nothing {
            self.say(message::zwel0987i("no component has changed"));
        }
    }

    fn carry_out(&mut self, plan: Plan) {
        self.context.output.set_rules(plan.rules);
        self.settings = Some(plan.settings.clone());
        let index_of = |owner: &Owner, name: &str| owner.instance.members().iter().position(|member| member.name == name);
        let removed: Vec<usize> = plan.removed.iter().filter_map(|name| index_of(self, name)).collect();
        for index in &removed {
            if let Some(member) = self.instance.member_mut(*index) {
                member.removed = true;
            }
        }
        for launched in plan.adjusted {
            if let Some(index) = index_of(self, &launched.component.name) {
                self.replace(index, launched, &plan.settings);
            }
        }
        let mut restarted = Vec::new();
        for launched in plan.changed {
            if let Some(index) = index_of(self, &launched.component.name) {
                self.replace(index, launched, &plan.settings);
                // What an operator has stopped stays down.
                restarted.extend(self.instance.member(index).filter(|member| member.machine.state().is_wanted()).map(|_| index));
            }
        }
        for launched in plan.added {
            restarted.push(self.take_in(launched));
        }
        self.order(&Happening::Stop, &removed);
        self.connect();
        self.order(&Happening::Restart, &restarted);
    }
}

async fn plan(
    context: &Arc<Context>,
    begun: &Arc<Begun>,
    running: &[Launched],
    instance: &Instance,
    check: bool,
) -> Result<Plan, Vec<Message>> {
    let configuration = prepare::load(context, begun).await?;
    if let Some(why) = restart::moved(&configuration, &instance.runtime, &instance.workspace) {
        return Err(vec![message::zwel0988e(why)]);
    }
    let platform = Arc::clone(&context.platform);
    let checked = tokio::task::spawn_blocking(move || {
        let checked = component::check(&configuration, &*platform);
        (configuration, checked)
    });
    let (configuration, checked) = checked.await.map_err(|error| vec![message::zwel0925e(error)])?;
    let directories = checked.directories.iter().map(crate::component::DirectoryProblem::problem);
    let errors: Vec<Message> =
        directories.chain(checked.problems.iter().cloned()).filter(|problem| problem.error).map(message::zwel0988e).collect();
    let failures = checked.survey.failures.iter().filter_map(prepare::failure_message);
    let failures = failures.filter(|message| message.severity() == message::Severity::Error);
    let errors: Vec<Message> = errors.into_iter().chain(failures).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let (runtime, workspace) = (instance.runtime.clone(), instance.workspace.clone());
    let environment = prepare::instance_environment(context, &configuration, &workspace, &checked.survey);
    let instance = Arc::new(Instance::new(configuration, runtime, workspace, environment));
    let plan = compare(context, running, &instance, &checked.survey).await?;
    if !check {
        write(context, &instance, &checked.survey)?;
    }
    Ok(plan)
}

/// Validates what is new or has changed.
async fn compare(context: &Arc<Context>, running: &[Launched], instance: &Arc<Instance>, survey: &Survey) -> Result<Plan, Vec<Message>> {
    let mut plan = Plan {
        settings: instance.configuration.launcher_settings(),
        rules: prepare::wto_rules(&instance.configuration),
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
        adjusted: Vec::new(),
    };
    let mut errors = Vec::new();
    for name in &survey.launched {
        let before = running.iter().find(|launched| launched.component.name == *name);
        let now = survey.in_play.iter().find(|component| component.name == *name);
        let difference = before.map(|before| {
            if now.is_some_and(|now| now.manifest != before.component.manifest || now.directory != before.component.directory) {
                return Difference::Component;
            }
            differs(&before.instance.configuration.value, &instance.configuration.value, name)
        });
        if difference == Some(Difference::None) {
            continue;
        }
        if let (Some(Difference::Supervision), Some(before)) = (difference, before) {
            plan.adjusted.push(Launched { instance: Arc::clone(instance), ..before.clone() });
            continue;
        }
        match restart::check_one(context, instance, survey, name).await {
            Ok(launched) if before.is_some() => plan.changed.push(launched),
            Ok(launched) => plan.added.push(launched),
            Err(messages) => errors.extend(messages),
        }
    }
    let gone = running.iter().map(|launched| &launched.component.name).filter(|name| !survey.launched.contains(name));
    plan.removed = gone.cloned().collect();
    if errors.is_empty() { Ok(plan) } else { Err(errors) }
}

/// The files of the workspace, as prepare writes them.
fn write(context: &Context, instance: &Instance, survey: &Survey) -> Result<(), Vec<Message>> {
    components::write_workspace(context, instance, survey).map_err(|error| vec![message::zwel0918e("workspace", error)])?;
    components::remove_stale(context, instance, survey);
    Ok(())
}

/// What a component sees: its own properties, and everything that belongs to no component. The properties of others it sees too, as
/// variables; but a change of theirs is no reason to restart it.
fn differs(before: &Value, after: &Value, name: &str) -> Difference {
    let own = |value: &Value| value.get("components").and_then(|components| components.get(name)).cloned().unwrap_or(Value::Null);
    let (own_before, own_after) = (own(before), own(after));
    if shared(before) != shared(after) || without(&own_before, &["launcher"]) != without(&own_after, &["launcher"]) {
        Difference::Component
    } else if own_before != own_after || launcher(before) != launcher(after) {
        Difference::Supervision
    } else {
        Difference::None
    }
}

/// What all components have in common, without what only the launcher reads.
fn shared(value: &Value) -> Value {
    let mut shared = without(value, &["components", "haInstances"]);
    if let Some(zowe) = shared.get_mut("zowe") {
        *zowe = without(zowe, &["launcher", "launchScript", "sysMessages", "sysMessageTrim", "configmgr"]);
    }
    shared
}

/// What only the launcher reads.
fn launcher(value: &Value) -> Vec<Option<&Value>> {
    let at = |path: &[&str]| path.iter().try_fold(value, |value, step| value.get(step));
    vec![at(&["components", "launcher"]), at(&["zowe", "launcher"]), at(&["zowe", "launchScript"])]
}

fn without(value: &Value, keys: &[&str]) -> Value {
    let Value::Object(map) = value else { return value.clone() };
    Value::Object(map.iter().filter(|(key, _)| !keys.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_a_component_sees_is_a_reason_to_restart_it() {
        let base = json!({
            "zowe": {"externalPort": 7554, "launchScript": {"logLevel": "info"}},
            "components": {"web": {"port": 1, "launcher": {"minUptime": 5}}, "db": {"port": 2}, "launcher": {"wto": true}},
            "haInstances": {"lpar1": {}},
        });
        let with = |pointer: &str, value: Value| {
            let mut changed = base.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            differs(&base, &changed, "web")
        };
        assert_eq!(with("/zowe/externalPort", json!(7555)), Difference::Component);
        assert_eq!(with("/components/web/port", json!(7)), Difference::Component);
        assert_eq!(with("/components/web/launcher/minUptime", json!(7)), Difference::Supervision);
        assert_eq!(with("/components/launcher/wto", json!(false)), Difference::Supervision);
        assert_eq!(with("/zowe/launchScript/logLevel", json!("debug")), Difference::Supervision);
        assert_eq!(with("/components/db/port", json!(7)), Difference::None);
        assert_eq!(with("/haInstances/lpar1", json!({"sysname": "X"})), Difference::None);
    }
}
