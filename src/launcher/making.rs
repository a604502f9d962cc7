//! Makes the process of a start, on the thread for that: what it needs is read, and exec may take as long as a file system makes it.

use super::environment;
use super::probes;
use super::run::{Context, Event, EventSender, Launched, Made, script_of};
use crate::component::Question;
use crate::lifecycle::Then;
use crate::message;
use crate::output::{Attachment, Counts};
use crate::platform::{PreparedEnvironment, unix};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a start is still to be made. Whoever takes this away decides: the thread that makes its process, or the end of the launcher.
pub(super) type IsWanted = Arc<AtomicBool>;

/// Reads what a start needs, and makes its process, unless it was withdrawn meanwhile. `counts`: of the component's output.
pub(super) fn make(
    context: &Context,
    launched: &Launched,
    (index, counts): (usize, Arc<Counts>),
    is_wanted: &AtomicBool,
    sender: &EventSender,
) {
    let (with_common, own) = environment::layers(context, launched);
    let readiness = probes::probe_of(launched, Question::Readiness);
    let script = script_of(context, &launched.instance, &launched.component, launched.start.clone(), Then::Wait);
    let file_end = readiness.as_ref().and_then(probes::file_end);
    if !is_wanted.swap(false, Ordering::AcqRel) {
        return;
    }
    let (name, configuration) = (&launched.component.name, &launched.instance.configuration);
    let settings = configuration.component_settings(name);
    let nothing = PreparedEnvironment::default();
    let base = if with_common { &launched.instance.prepared_environment } else { &nothing };
    // The owner learns of the process before it learns of its end.
    let (told, pid_told) = std::sync::mpsc::sync_channel(1);
    let for_end = sender.clone();
    let on_end = Box::new(move |status, remains| {
        if let Ok(pid) = pid_told.recv() {
            // The owner has gone.
            let _ = for_end.send(Event::Ended { index, pid, status, remains });
        }
    });
    let made = settings.standard_input.then(unix::process::control_pipe).transpose().inspect_err(|error| {
        context.output.message(message::stdin_file_not_created(format_args!("of component {name}"), error));
    });
    let made = made.map(Option::unzip).and_then(|(input, input_of_ours)| {
        let input = input.as_ref().map(AsFd::as_fd);
        let (pid, output) = context.runner.start(&script, base, &own, input, settings.ending(), on_end)?;
        let values = launched.instance.environment.values().chain(own.values()).map(OsString::as_os_str);
        let watch = probes::watch(readiness.as_ref(), settings.fatal_messages.clone(), (index, pid), values, sender.clone());
        let attachment = Attachment { log: configuration.component_log(name), watch, pid: Some(pid), counts };
        Ok(Made { pid, output, attachment, input: input_of_ours.map(File::from), readiness, file_end })
    });
    let pid = made.as_ref().ok().map(|made| made.pid);
    // The owner has gone.
    let _ = sender.send(Event::Made { index, made: Box::new(made) });
    if let Some(pid) = pid {
        // The reaper waits for it, unless the process lives on.
        let _ = told.send(pid);
    }
}
