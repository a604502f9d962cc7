//! One component in the foreground of a shell: `zwelnch component run`. It is a run of the launcher, with the same loading, checks, workspace
//! and commands, in which the other components are neither validated nor started, nothing is restarted by itself, and nobody operates.

use super::run::{Begun, ConditionCode, Context, Event, EventSender, Foreground, Start, refuse};
use super::run_guarded;
use crate::component::{self, Component, ComponentError, Survey};
use crate::config::{Configuration, overlay};
use crate::message;
use crate::platform::Platform;
use crate::platform::unix::watch::{TreeNews, Watch, watch_tree};
use std::path::Path;
use std::sync::Arc;

/// The exit code, as a shell gives it, of a run that Ctrl-C ended before the component was started.
const INTERRUPTED: i32 = 130;

/// Runs one component until it ends or a signal ends it. The exit code is the component's, 128 and the number for a signal; 8 when it was
/// not started, 12 when its process could not be made.
pub fn run_component(platform: Arc<dyn Platform>, start: Start, foreground: Foreground) -> i32 {
    match run_guarded(platform, start, Some(foreground)) {
        (ConditionCode::Ended | ConditionCode::AllFailed, Some(status)) => status.code(),
        (ConditionCode::Ended, None) => INTERRUPTED,
        (code, _) => code as i32,
    }
}

/// Enables the component for this run. False when the configuration does not.
pub(super) fn enable(begun: &Begun, configuration: &mut Configuration) -> bool {
    let Some(Foreground { name, .. }) = &begun.foreground else { return true };
    let is_enabled = configuration.is_enabled(name);
    if !is_enabled {
        configuration.enable(name);
    }
    is_enabled
}

/// Enables the component, and refuses one that is not installed before all that its absence would make wrong is reported.
///
/// # Errors
/// The condition code, after ZWEL0971E.
pub(super) fn begin(context: &Context, begun: &Begun, configuration: &mut Configuration) -> Result<(), ConditionCode> {
    let Some(Foreground { name, .. }) = &begun.foreground else { return Ok(()) };
    // A runtime directory that is not there is reported with everything else.
    if let Some(runtime) = configuration.runtime_directory().filter(|runtime| crate::platform::files::may_be_directory(runtime)) {
        let extension = configuration.extension_directory();
        let located = Component::locate(name, &runtime, extension.as_deref());
        if let Err(
            error @ (ComponentError::NotInstalled { .. } | ComponentError::BadName { .. } | ComponentError::ManifestMissing { .. }),
        ) = located
        {
            let why = format!("{error}{}", others(name, &runtime, extension.as_deref()));
            return Err(refuse(context, [message::component_not_runnable(name, why)]));
        }
    }
    if configuration.is_suppressed(name) {
        let why = "it is part of component apiml, which is enabled and takes its place; disable one of them";
        return Err(refuse(context, [message::component_not_runnable(name, why)]));
    }
    if !enable(begun, configuration) {
        context.output.message(message::component_not_enabled(name));
    }
    Ok(())
}

/// What may have been meant, and what there is.
fn others(name: &str, runtime: &Path, extension: Option<&Path>) -> String {
    let (components, _) = component::installed(runtime, extension);
    let names: Vec<String> = components.into_iter().map(|component| component.name).collect();
    let nearest = overlay::nearest(name, &names).map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
    let installed = if names.is_empty() { "; no component is installed".to_owned() } else { format!("; installed: {}", names.join(", ")) };
    nearest + &installed
}

/// Once everything is checked: begins to watch, and says what the component will miss.
///
/// # Errors
/// The condition code, after the message that says why.
pub(super) fn watch(context: &Context, begun: &Begun, survey: &Survey, sender: EventSender) -> Result<Option<Watch>, ConditionCode> {
    let Some(Foreground { name, watch, .. }) = &begun.foreground else { return Ok(None) };
    let in_play = survey.in_play.iter().find(|component| component.name == *name).filter(|_| survey.launched.contains(name));
    let Some(component) = in_play else {
        let why = "it has no start command: neither commands.start in its manifest nor bin/start.sh";
        return Err(refuse(context, [message::component_not_runnable(name, why)]));
    };
    let dependencies: Vec<&str> = component.manifest.dependencies.iter().map(|one| one.name.as_str()).collect();
    if !dependencies.is_empty() {
        context.output.message(message::dependencies_not_started(name, dependencies.join(", ")));
    }
    if !watch {
        return Ok(None);
    }
    let (output, name) = (context.output.clone(), name.clone());
    let told = move |news| match news {
        // The owner has gone: the command is at its end.
        TreeNews::Changed(files) => drop(sender.send(Event::FilesChanged(files))),
        TreeNews::Unseen(why) => output.message(message::changes_not_seen(&name, why)),
    };
    let watch = watch_tree(&component.directory, told).map_err(|error| refuse(context, [message::watch_not_available(error)]))?;
    Ok(Some(watch))
}
