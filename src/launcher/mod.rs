//! One run from S to P: load, prepare, supervise, end. Wires everything below. Contract: docs/contract/lifecycle.md, "Order".

mod address_spaces;
mod components;
mod debug;
mod environment;
mod foreground;
mod guard;
mod lock;
mod making;
mod metrics;
mod owner;
mod prepare;
mod probes;
mod run;
mod tell;
mod timing;
mod workshop;

use crate::journal::{Event as Told, Journal};
use crate::lifecycle::{self, Runner};
use crate::message;
use crate::output::Output;
use crate::platform::fault::{self, OnFault};
use crate::platform::{ListenError, Platform, WaitStatus};
use crate::processes::Processes;
use run::{Begun, Context, Event, EventSender};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

pub use foreground::run_component;
pub use run::{ConditionCode, Foreground, Start};

/// Runs an instance and returns its condition code. Everything it has to say goes through `platform`.
pub fn run(platform: Arc<dyn Platform>, start: Start) -> ConditionCode {
    run_guarded(platform, start, None).0
}

/// A run, and how the component in the foreground ended, where one was run.
fn run_guarded(platform: Arc<dyn Platform>, start: Start, foreground: Option<Foreground>) -> (ConditionCode, Option<WaitStatus>) {
    let Ok(output) = Output::start(Arc::clone(&platform)) else {
        let text = message::no_log_context();
        // Without the relay thread this is the one line that is written directly.
        let _ = platform.write_sysprint(format!("{text}\n").as_bytes());
        return (ConditionCode::Internal, None);
    };
    output.set_debug(start.debug);
    if foreground.as_ref().is_some_and(|foreground| !foreground.verbose) && !start.debug {
        output.leave_out_routine();
    }
    let journal = begin_journal(&platform, &output);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (processes, runtime) = match Processes::start_contained(Arc::clone(&platform)).and_then(|processes| Ok((processes, runtime()?))) {
        Ok(started) => started,
        Err(error) => {
            output.message(message::internal_error(error));
            output.close();
            return (ConditionCode::Internal, None);
        }
    };
    guard::start(&platform, &processes, &output);
    let (sender, receiver) = mpsc::unbounded_channel();
    let faults = listen_for_faults(&processes, &output, &sender);
    // A fault anywhere ends in a message and a code, not in a trace on a descriptor that a started task does not have.
    let run = || run_with(&runtime, (&platform, &processes, &output, &journal), start, foreground, (sender, receiver));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    // A look-up, or a file, that does not answer must not keep the launcher from ending.
    runtime.shutdown_background();
    let ended = match result {
        Ok(Ok(ended)) => Ok(ended),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(fault::text(&*panic)),
    };
    if let Err(why) = &ended {
        output.message(message::internal_error(why));
        // Nobody supervises them any more.
        processes.kill_all();
    }
    guard::finish(&processes, &output);
    output.close();
    let late = faults.lock().unwrap_or_else(PoisonError::into_inner).first().cloned();
    // There is no relay thread any more, and nobody supervises anything: these lines are written directly too.
    let write = |text: &message::Message| platform.write_sysprint(format!("{}\n", crate::output::one_line(text.text())).as_bytes());
    let ended = match (ended, late) {
        (Ok(ended), None) => ended,
        (Ok(_), Some(why)) => {
            let text = message::internal_error(why);
            let _ = platform.wto(text.text());
            let _ = write(&text);
            (ConditionCode::Internal, None)
        }
        (Err(_), _) => (ConditionCode::Internal, None),
    };
    journal.tell(Told::run_ended(ended.0 as i32));
    if let Some(text) = journal.close() {
        let _ = write(&text);
    }
    ended
}

/// The journal hears what is said from now on; where it is becomes known later, and what it was told until then is written then.
fn begin_journal(platform: &Arc<dyn Platform>, output: &Output) -> Journal {
    let journal = Journal::new();
    output.on_saying(Arc::new(journal.clone()));
    let for_trouble = output.clone();
    journal.on_trouble(move |trouble| for_trouble.message(trouble));
    journal.tell(Told::run_begun(&platform.job_name(), &platform.sysname()));
    journal
}

/// Hands the faults of the relay and the reaper thread to the owner, and keeps them for the end, when there is no owner.
fn listen_for_faults(processes: &Processes, output: &Output, sender: &EventSender) -> Arc<Mutex<Vec<String>>> {
    let faults = Arc::new(Mutex::new(Vec::new()));
    let listener = || -> OnFault {
        let (faults, sender) = (Arc::clone(&faults), sender.clone());
        Box::new(move |why| {
            faults.lock().unwrap_or_else(PoisonError::into_inner).push(why.clone());
            // The owner has gone.
            let _ = sender.send(Event::Fault(why));
        })
    };
    processes.on_fault(listener());
    output.on_fault(listener());
    faults
}

fn run_with(
    runtime: &tokio::runtime::Runtime,
    (platform, processes, output, journal): (&Arc<dyn Platform>, &Arc<Processes>, &Output, &Journal),
    start: Start,
    foreground: Option<Foreground>,
    (sender, receiver): (EventSender, mpsc::UnboundedReceiver<Event>),
) -> std::io::Result<(ConditionCode, Option<WaitStatus>)> {
    let runner = Runner::new(Arc::clone(platform), Arc::clone(processes), output.clone())
        .inspect_err(|error| output.message(message::stdin_file_not_opened(lifecycle::NO_INPUT, error)))?;
    let for_console = sender.clone();
    let listening = platform.listen(Arc::new(move |request| {
        // The owner has gone: the launcher is at its very end.
        let _ = for_console.send(Event::Operator(request));
    }));
    if let Err(error) = listening {
        output.message(match error {
            ListenError::Signals(_) => message::no_signal_handlers(),
            ListenError::Console(_) => message::no_console_thread(),
        });
        return Err(std::io::Error::other(error));
    }
    let timing = timing::Timing::new(journal.clone());
    let for_fault = sender.clone();
    let on_panic: workshop::OnPanic = Arc::new(move |why| {
        // The owner has gone.
        let _ = for_fault.send(Event::Fault(why));
    });
    let thread = |name| workshop::Workshop::start(name, timing.clone(), Arc::clone(&on_panic));
    let context = Arc::new(Context {
        workshop: thread("workshop")?,
        starts: thread("starts")?,
        signals: thread("signals")?,
        metrics: tokio::sync::Mutex::default(),
        platform: Arc::clone(platform),
        processes: Arc::clone(processes),
        output: output.clone(),
        journal: journal.clone(),
        runner,
        instance_directory: start.instance_directory.clone(),
        config_text: start.config.clone().unwrap_or_default(),
        timing,
    });
    let local = tokio::task::LocalSet::new();
    local.block_on(runtime, async move {
        match prepare::begin(&context, &start) {
            Ok(begun) => {
                let ha_id = begun.ha_instance.id.clone();
                let in_foreground = foreground.is_some();
                let ended = owner::run(Arc::clone(&context), Begun { foreground, ..begun }, sender, receiver).await;
                [&context.workshop, &context.starts, &context.signals].into_iter().for_each(workshop::Workshop::close);
                let ended = ended?;
                if !in_foreground {
                    finish(&context.output, &ha_id, ended.0);
                }
                Ok(ended)
            }
            Err(code) => Ok((code, None)),
        }
    })
}

/// The last messages of a run.
fn finish(output: &Output, ha_id: &str, code: ConditionCode) {
    output.message(message::instance_ended(ha_id, code as i32));
    if code != ConditionCode::NotStarted {
        output.message(message::launcher_stopped());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fake::FakePlatform;

    #[test]
    fn a_fault_of_the_launcher_itself_is_16_and_said() {
        let platform = Arc::new(FakePlatform::default());
        // It has no console to listen to.
        assert_eq!(run(platform.clone(), Start::default()), ConditionCode::Internal);
        let text = platform.sysprint_text();
        assert!(text.contains("ZWEL0043E failed to start console thread") && text.contains("ZWEL0925E internal error: "), "{text}");
        assert_eq!(platform.wtos().len(), 2);
        let platform = Arc::new(FakePlatform::without_signals());
        assert_eq!(run(platform.clone(), Start::default()), ConditionCode::Internal);
        let text = platform.sysprint_text();
        assert!(text.contains("ZWEL0031E failed to setup signal handlers") && text.contains("ZWEL0925E internal error: "), "{text}");
    }

    #[test]
    fn a_panic_of_the_relay_thread_is_16_and_said() {
        let platform = Arc::new(FakePlatform::with_failing_sysprint());
        // Without CONFIG it would be 8.
        assert_eq!(run(platform.clone(), Start::default()), ConditionCode::Internal);
        let text = platform.sysprint_text();
        assert!(text.contains("ZWEL0925E internal error: the relay thread: SYSPRINT fails"), "{text}");
        assert!(platform.wtos().iter().any(|text| text.contains("ZWEL0925E")));
    }
}
