//! One run from S to P: load, prepare, supervise, end. Wires everything below. Contract: docs/contract/lifecycle.md, "Order".

mod change;
mod components;
mod debug;
mod foreground;
mod guard;
mod lock;
mod operator;
mod owner;
mod prepare;
mod probes;
mod process;
mod report;
mod timing;
mod workshop;

use crate::component::{self, Component};
use crate::config::{Configuration, Environment, HaInstance};
use crate::lifecycle::{self, Runner, registration};
use crate::message;
use crate::output::Output;
use crate::platform::fault::{self, OnFault};
use crate::platform::{ListenError, OperatorRequest, Pid, Platform, PreparedEnvironment, WaitStatus};
use crate::processes::Processes;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// The condition code of the job step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionCode {
    /// After P, or a signal.
    Ended = 0,
    /// Configuration, prepare or arguments.
    NotStarted = 8,
    /// After failures nothing is left running and nothing will be.
    AllFailed = 12,
    /// A fault of the launcher itself.
    Internal = 16,
}

/// What a run starts from: the program's environment and argument.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// CONFIG, or `INSTANCE_DIR` with zowe.yaml in it.
    pub config: Option<String>,
    /// INSTANCE_DIR (v1 style): its instance.env is sourced before every command.
    pub instance_directory: Option<PathBuf>,
    /// All arguments of the program.
    pub arguments: Vec<String>,
    /// ZLDEBUG=ON.
    pub debug: bool,
    /// Why there is no operator console, when there is none.
    pub no_console: Option<String>,
}

impl Start {
    /// Reads CONFIG, INSTANCE_DIR and ZLDEBUG. Trailing blanks are dropped: STDENV lines are padded.
    pub fn from_environment(arguments: Vec<String>, no_console: Option<String>) -> Start {
        let variable = |name: &str| std::env::var(name).ok().map(|value| value.trim_end().to_owned()).filter(|value| !value.is_empty());
        let instance_directory = variable("INSTANCE_DIR").map(PathBuf::from);
        let config = variable("CONFIG")
            .or_else(|| instance_directory.as_ref().map(|directory| directory.join("zowe.yaml").to_string_lossy().into_owned()));
        Start { config, instance_directory, arguments, debug: variable("ZLDEBUG").is_some_and(|value| value == "ON"), no_console }
    }
}

pub use foreground::{Foreground, run_component};

/// Everything the parts of a run share.
struct Context {
    platform: Arc<dyn Platform>,
    processes: Arc<Processes>,
    output: Output,
    runner: Runner,
    instance_directory: Option<PathBuf>,
    /// CONFIG as given.
    config_text: String,
    timing: timing::Timing,
    workshop: workshop::Workshop,
}

/// An instance whose configuration was loaded and found good.
struct Instance {
    configuration: Configuration,
    runtime: PathBuf,
    workspace: PathBuf,
    /// The variables that all components have in common.
    environment: Environment,
    /// The same as the system takes them: shared by all starts.
    prepared_environment: PreparedEnvironment,
}

impl Instance {
    fn new(configuration: Configuration, runtime: PathBuf, workspace: PathBuf, environment: Environment) -> Instance {
        // Variables that no process can have were left out when the environment was made.
        let prepared_environment = PreparedEnvironment::new(&environment).unwrap_or_default();
        Instance { configuration, runtime, workspace, environment, prepared_environment }
    }

    /// The environment of one component before it is configured. Made when it is needed: kept for each of a thousand components it would
    /// be most of the launcher's memory.
    fn environment_of(&self, component: &Component) -> Environment {
        component::environment(component, &self.configuration, &self.environment)
    }

    /// The HA instances of the configuration, as files name them.
    fn ha_ids(&self) -> Vec<String> {
        self.configuration.instance_ids().iter().map(|id| crate::config::normalize_id(id)).collect()
    }

    /// Where components of this instance are registered.
    fn place<'a>(&'a self, ha_ids: &'a [String]) -> registration::Place<'a> {
        let ha_id = &self.configuration.ha_instance.id;
        registration::Place { workspace: &self.workspace, runtime: &self.runtime, ha_id, ha_ids }
    }
}

/// What reaches the owner task.
enum Event {
    Operator(OperatorRequest),
    /// The components are prepared, or why not: the code that the run ends with.
    Prepared(Box<Result<prepare::Prepared, ConditionCode>>),
    /// The configuration is good and no other launcher has the instance: components are prepared from here on.
    Admitted,
    /// A component's leader was reaped.
    Ended {
        index: usize,
        pid: Pid,
        status: WaitStatus,
    },
    /// A line of a component's output, or a probe, says something of its process.
    Watched {
        index: usize,
        happening: crate::supervisor::Event,
    },
    /// A line of a component's output says that it is ready if it still runs after this time.
    Settling {
        index: usize,
        pid: Pid,
        after: std::time::Duration,
    },
    /// An orphan was reaped: perhaps the last process of a group.
    Stray,
    /// Files of the component that runs in the foreground have changed.
    FilesChanged,
    /// LOGROTATE is done; what kept files from being begun anew.
    LogsRotated {
        sink: Option<Box<dyn crate::platform::AnswerSink>>,
        failures: Vec<message::Message>,
    },
    /// A thread that nothing can go on without has panicked.
    Fault(String),
    /// A component's configure command for a change is done.
    Configured {
        index: usize,
        may_start: bool,
    },
    /// The new configuration of a change was read, or why not.
    ChangeRead {
        id: u64,
        result: Box<Result<change::Found, Vec<message::Message>>>,
    },
    /// The validate commands of a change have ended.
    ChangeJudged {
        id: u64,
        judged: change::Judged,
    },
}

type EventSender = mpsc::UnboundedSender<Event>;

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
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (processes, runtime) = match Processes::start(Arc::clone(&platform)).and_then(|processes| Ok((processes, runtime()?))) {
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
    let run = || run_with(&runtime, (&platform, &processes, &output), start, foreground, (sender, receiver));
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
    match (ended, late) {
        (Ok(ended), None) => ended,
        (Ok(_), Some(why)) => {
            // There is no relay thread any more, and nobody supervises anything: this line is written directly too.
            let text = message::internal_error(why);
            platform.wto(text.text());
            let _ = platform.write_sysprint(format!("{}\n", crate::output::one_line(text.text())).as_bytes());
            (ConditionCode::Internal, None)
        }
        (Err(_), _) => (ConditionCode::Internal, None),
    }
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
    (platform, processes, output): (&Arc<dyn Platform>, &Arc<Processes>, &Output),
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
    let timing = timing::Timing::default();
    let for_fault = sender.clone();
    let on_panic = Arc::new(move |why| {
        // The owner has gone.
        let _ = for_fault.send(Event::Fault(why));
    });
    let context = Arc::new(Context {
        workshop: workshop::Workshop::start(timing.clone(), on_panic)?,
        platform: Arc::clone(platform),
        processes: Arc::clone(processes),
        output: output.clone(),
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
                context.workshop.close();
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

/// What is known once the arguments and CONFIG were read.
struct Begun {
    sources: Vec<crate::config::Source>,
    /// The same as they were read for the first lines, until the first load takes them.
    read: std::sync::Mutex<Option<crate::config::UserSources>>,
    ha_instance: HaInstance,
    /// The one component that is run, in the foreground of a shell; None: the instance.
    foreground: Option<Foreground>,
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
