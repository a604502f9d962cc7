//! What support needs to know of a run and what nobody else wants to read: debug and trace lines (docs/operations.md, "For support").
//!
//! Each place that has something to tell calls one function here; secrets are masked by name here and by value in [`Output`].

use super::run::{Context, Prepared, Start};
use crate::component::{self, Survey};
use crate::config::{Configuration, HaInstance, secrets};
use crate::message;
use crate::output::{Output, Verbosity};
use crate::supervisor::{Action, Effect, Event as Happening, Instance as Whole};

/// How much the configuration wants to be said.
pub(super) fn verbosity(configuration: &Configuration) -> Verbosity {
    let settings = configuration.launcher_settings();
    match (settings.debug, settings.trace) {
        (_, true) => Verbosity::Trace,
        (true, _) => Verbosity::Debug,
        _ => Verbosity::Info,
    }
}

/// Who starts, on what.
pub(super) fn begun(context: &Context, start: &Start, ha_instance: &HaInstance) {
    let output = &context.output;
    let platform = &context.platform;
    output.debug(|| {
        let place = if platform.is_zos() { "z/OS" } else { "not z/OS" };
        format!(
            "begin: job {}, system {}, user {}, {place}, arguments {:?}",
            platform.job_name(),
            platform.sysname(),
            platform.user_id(),
            start.arguments
        )
    });
    output.debug(|| format!("begin: CONFIG is '{}'", context.config_text.trim_end()));
    output.debug(|| {
        let why = if ha_instance.from_placeholder { "the system's name, as no id was given" } else { "the argument" };
        format!("begin: HA instance '{}' by {why}", ha_instance.id)
    });
}

/// What a configuration was made of.
pub(super) fn loaded(output: &Output, configuration: &Configuration) {
    if output.verbosity() < Verbosity::Debug {
        return;
    }
    output.hide(secrets::values(configuration.base()));
    output.hide(secrets::values(configuration.value()));
    for name in configuration.source_names() {
        output.message(message::loading_file(name));
    }
    let defaults = configuration.source_names().len() > configuration.sources.len();
    output.debug(|| {
        let merged = configuration.source_names().join(" over ");
        let defaults = if defaults { ", the last of them the runtime's defaults" } else { ", without defaults of a runtime" };
        format!("merge: {merged}{defaults}; templates evaluated")
    });
    let ha_id = &configuration.ha_instance.id;
    match &configuration.overlay() {
        None => output.debug(|| format!("overlay: none for HA instance '{ha_id}'")),
        Some(overlay) => {
            let leaves = leaves(&secrets::masked(overlay));
            output.debug(|| format!("overlay: haInstances.{ha_id} sets {} values", leaves.len()));
            for (path, value) in leaves {
                output.debug(|| format!("overlay: {path} = {value}"));
            }
        }
    }
    if output.verbosity() == Verbosity::Trace {
        for origin in configuration.origins(true, &[]).unwrap_or_default() {
            let steps: Vec<&str> = origin.path.iter().map(String::as_str).collect();
            let value = if secrets::is_secret_path(&steps) { secrets::MASK.into() } else { secrets::masked(&origin.value) };
            output.trace(|| format!("property: {} = {value}, set in {}", steps.join("."), origin.place));
        }
    }
}

/// Every leaf of a value with its path.
fn leaves(value: &serde_json::Value) -> Vec<(String, String)> {
    fn below(path: &str, value: &serde_json::Value, found: &mut Vec<(String, String)>) {
        let join = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
        match value {
            serde_json::Value::Object(map) if !map.is_empty() => map.iter().for_each(|(key, value)| below(&join(key), value, found)),
            serde_json::Value::Array(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(index, value)| below(&join(&index.to_string()), value, found));
            }
            leaf => found.push((path.to_owned(), leaf.to_string())),
        }
    }
    let mut found = Vec::new();
    below("", value, &mut found);
    found
}

/// Which components there are, and why some are not launched.
pub(super) fn surveyed(output: &Output, configuration: &Configuration, survey: &Survey) {
    for component in &survey.installed {
        output.debug(|| {
            let version = component.manifest.version.as_deref().unwrap_or("without a version");
            format!("components: {} {version} is installed in {}", component.name, component.directory.display())
        });
    }
    for component in &survey.in_play {
        output.debug(|| {
            let needs = component::needs(configuration, component);
            let needs = if needs.is_empty() { String::new() } else { format!(", needs {}", needs.join(", ")) };
            let launched = if survey.launched.contains(&component.name) { "launched" } else { "not launched" };
            format!("components: {} is in play, {launched}{needs}", component.name)
        });
    }
    for (name, why) in &survey.not_launched {
        output.debug(|| format!("components: {name} is not launched: {why}"));
    }
}

/// How each component is supervised.
pub(super) fn prepared(output: &Output, prepared: &Prepared) {
    for launched in &prepared.launched {
        let name = &launched.component.name;
        output.debug(|| {
            let settings = launched.instance.configuration.component_settings(name);
            let readiness = super::probes::probe_of(launched, component::Question::Readiness);
            let readiness = readiness.map_or_else(|| "as soon as it runs".to_owned(), |probe| format!("by {:?}", probe.kind));
            format!(
                "supervise: {name}: restart intervals {:?}, minUptime {:?}, grace {:?}, ready {readiness}",
                settings.restart_intervals, settings.min_uptime, settings.stop_grace
            )
        });
    }
}

/// What an event did to a component: the reason of what is decided next.
pub(super) fn stepped(output: &Output, whole: &Whole, index: usize, before: &str, happening: &Happening) {
    output.debug(|| {
        let Some(member) = whole.member(index) else { return "decide: an event for nobody".to_owned() };
        format!("decide: {}: {} while {before}: {}", member.name, event(happening), member.machine.name())
    });
}

/// What is to be done.
pub(super) fn decided(output: &Output, whole: &Whole, effect: &Effect) {
    let name = |index: &usize| whole.member(*index).map_or("", |member| member.name.as_str());
    output.debug(|| match effect {
        Effect::Component(index, action) => format!("decide: {}: {}", name(index), what(action)),
        Effect::Waits(index, names) => format!("decide: {}: wait for {}", name(index), names.join(", ")),
        Effect::StartedWithout(index, time, names) => format!("decide: {}: start without {} after {time:?}", name(index), names.join(", ")),
    });
}

fn event(happening: &Happening) -> String {
    match happening {
        Happening::Ended { pid, status, remains } => {
            let remains = if *remains { ", others of its group live" } else { "" };
            format!("process {pid} ended, {}{remains}", status.end)
        }
        Happening::LivenessFailed(pid, why) => format!("process {pid} does not live any more, {why}"),
        Happening::FatalReported(pid, text) => format!("process {pid} wrote '{text}'"),
        Happening::ReadyReported(pid) => format!("process {pid} is ready"),
        Happening::ReadyLost(pid) => format!("process {pid} is not ready any more"),
        Happening::Spawned(pid) => format!("process {pid} was made"),
        Happening::GroupGone(group) => format!("the last process of group {group} has gone"),
        other => format!("{other:?}"),
    }
}

fn what(action: &Action) -> String {
    match action {
        Action::Spawn => "make its process".to_owned(),
        Action::Validate => "run its validate command, with those of its change".to_owned(),
        Action::Configure => "run its configure command".to_owned(),
        Action::Await => "wait for what it depends on".to_owned(),
        Action::Signal(group, signal) => format!("{signal:?} to group {group}"),
        Action::Note(note) => format!("tell {note:?}"),
        Action::Reply(reply) => format!("answer {reply:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_have_their_paths() {
        let value = serde_json::json!({"a": {"b": [1, {"c": null}], "d": {}}, "e": "f"});
        let shown: Vec<String> = leaves(&value).into_iter().map(|(path, value)| format!("{path}={value}")).collect();
        assert_eq!(shown, ["a.b.0=1", "a.b.1.c=null", "a.d={}", "e=\"f\""]);
    }
}
