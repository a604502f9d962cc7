//! What keeps processes from being left over: the guardian, the record of processes for the next run, and a component's stop command.

use super::environment;
use super::lock;
use super::run::{ConditionCode, Context, Launched, refuse, script_of};
use crate::component::ComponentError;
use crate::lifecycle::{ScriptError, Then, workspace};
use crate::message;
use crate::output::{Output, Verbosity};
use crate::platform::{End, Ending, Pid, Platform, StopSignal};
use crate::processes::Processes;
use crate::processes::guardian::Guardian;
use crate::processes::leftovers::{self, Before, Launcher, Place, Recorder};
use std::path::Path;
use std::sync::Arc;

/// Starts the guardian. Without one the instance runs all the same, and that is said.
pub(super) fn start(platform: &Arc<dyn Platform>, processes: &Arc<Processes>, output: &Output) {
    let for_loss = output.clone();
    let lost = Box::new(move |error| for_loss.message(message::no_guardian(error)));
    match Guardian::start(Arc::clone(platform), processes.run(), processes.control_group().ok().cloned(), lost) {
        Ok(guardian) => processes.observe(Box::new(guardian)),
        Err(error) => output.message(message::no_guardian(error)),
    }
    let for_loss = output.clone();
    processes.on_uncontained(Box::new(move |why| {
        if for_loss.verbosity() >= Verbosity::Debug {
            for_loss.message(message::processes_found_by(format_args!("also by group and marker: a control group was refused: {why}")));
        }
    }));
}

/// Ends what no component's end has ended, and the guardian.
pub(super) fn finish(processes: &Processes, output: &Output) {
    let swept = processes.finish();
    if swept.found > 0 {
        output.message(message::strays_ended(swept.found));
    }
}

/// Ends what an earlier run of this HA instance has left on this system, and begins the record of this run. Called with the lock of the
/// instance held; operators are served meanwhile.
///
/// # Errors
/// The condition code, after ZWEL0910E: it is no earlier run, its launcher lives.
pub(super) async fn end_leftovers(context: &Arc<Context>, workspace: &Path, ha_id: &str) -> Result<(), ConditionCode> {
    say_how_processes_are_found(context);
    let Some(place) = Place::here(&*context.platform) else { return Ok(()) };
    let path = leftovers::record_path(&workspace.join(workspace::ENVIRONMENT_DIRECTORY), ha_id);
    let (platform, for_end, here) = (Arc::clone(&context.platform), path.clone(), place.clone());
    let ended = tokio::task::spawn_blocking(move || leftovers::end(&*platform, &here, &for_end)).await;
    match ended.map_err(std::io::Error::other).and_then(|ended| ended) {
        Ok(Before::Runs(launcher)) => {
            return Err(refuse(context, [message::instance_already_running(ha_id, launcher.job, &place.sysname)]));
        }
        Ok(Before::Ended(outcome)) => {
            let ended = outcome.processes.difference(&outcome.left).count();
            if ended > 0 {
                context.output.message(message::left_over_processes_ended(ended, ha_id));
            }
            if !outcome.left.is_empty() {
                let pids: Vec<String> = outcome.left.iter().map(ToString::to_string).collect();
                context.output.message(message::left_over_processes_remain(pids.join(", "), ha_id));
            }
        }
        Err(error) => context.output.message(message::process_record_not_kept(path.display(), error)),
    }
    let (output, shown) = (context.output.clone(), path.display().to_string());
    let failed = Box::new(move |error| output.message(message::process_record_not_kept(shown, error)));
    let launcher = Launcher::own(&*context.platform, &lock::own_job(context));
    let control_group = context.processes.control_group().ok().and_then(|group| group.identity().ok());
    let (platform, run) = (Arc::clone(&context.platform), context.processes.run());
    match Recorder::create(platform, &place, run, launcher.as_ref(), control_group.as_ref(), &path, failed) {
        Ok(recorder) => context.processes.observe(Box::new(recorder)),
        Err(error) => context.output.message(message::process_record_not_kept(path.display(), error)),
    }
    Ok(())
}

/// Says, at debug level, by what the processes of a component are known: ZWEL0928I.
fn say_how_processes_are_found(context: &Context) {
    if context.output.verbosity() < Verbosity::Debug {
        return;
    }
    context.output.message(match context.processes.control_group() {
        Ok(group) => {
            let place = group.identity().map_or_else(|error| error.to_string(), |identity| identity.path.display().to_string());
            message::processes_found_by(format_args!("by control groups below {place}"))
        }
        Err(why) => message::processes_found_by(format_args!("by group, marker and parent, as there are no control groups: {why}")),
    });
}

/// Removes what ended processes of this user have left of interprocess communication, where the system shows whose it is.
pub(super) async fn remove_left_over_ipc(context: &Arc<Context>) {
    let platform = Arc::clone(&context.platform);
    let removed = tokio::task::spawn_blocking(move || platform.remove_left_over_ipc()).await;
    match removed.map_err(std::io::Error::other).and_then(|removed| removed) {
        Ok(0) => {}
        Ok(count) => context.output.message(message::left_over_ipc_removed(count)),
        Err(error) => context.output.message(message::left_over_ipc_not_removed(error)),
    }
}

/// Sends groups their signals, all of them in one go.
pub(super) fn signal(context: &Arc<Context>, signals: Vec<(Pid, StopSignal)>) {
    let of_thread = Arc::clone(context);
    context.signals.finish(move || async move {
        // One that ended by itself a moment ago has none: its end is an event of its own.
        of_thread.processes.signal_each(&signals);
    });
}

/// Begins a request to end a component with its stop command; the signal follows when that has ended, or when its time is over. False where
/// there is no such command, and the signal is to be sent at once.
pub(super) fn stop_by_command(context: &Arc<Context>, launched: &Launched, group: Pid, signal: StopSignal) -> bool {
    let settings = launched.instance.configuration.component_settings(&launched.component.name);
    let Some(text) = settings.stop_command.clone().filter(|_| signal == StopSignal::Terminate) else { return false };
    let of_thread = Arc::clone(context);
    let (launched, ending) = (launched.clone(), settings.ending());
    context.starts.finish(move || async move {
        if let Err(why) = run_stop_command(&of_thread, &launched, &text, group, ending).await {
            of_thread.output.message(message::stop_command_failed(&launched.component.name, why));
        }
    });
    true
}

/// Runs a stop command; the signal follows in any case.
async fn run_stop_command(context: &Context, launched: &Launched, text: &str, group: Pid, ending: Ending) -> Result<(), StopError> {
    let command = match launched.component.configured_command("launcher.stop.command", text) {
        Ok(command) => command,
        Err(error) => {
            context.processes.signal(group, StopSignal::Terminate);
            return Err(StopError::Command(error));
        }
    };
    let script = script_of(context, &launched.instance, &launched.component, command, Then::Nothing);
    let environment = environment::whole(context, launched);
    let finished = context.runner.stop(&launched.component.name, &script, &environment, group, ending).await?;
    match finished {
        finished if finished.timed_out => Err(StopError::Late),
        finished if finished.status.success() => Ok(()),
        finished => Err(StopError::Ended(finished.status.end)),
    }
}

/// Why a stop command was of no use.
#[derive(Debug, thiserror::Error)]
enum StopError {
    #[error(transparent)]
    Command(ComponentError),
    #[error(transparent)]
    Script(#[from] ScriptError),
    #[error("the command was ended after three quarters of the grace time")]
    Late,
    #[error("the command ended with {0}")]
    Ended(End),
}
