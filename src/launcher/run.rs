//! What all parts of a run share: its types, what reaches the owner, and how a refusal is said. Uses none of the files that use it.

use super::probes::FileEnd;
use super::timing::{Timed, Timing};
use super::workshop::Workshop;
use crate::component::{self, CommandLine, Component, ComponentError, Failure, Listener, Probe, Survey, Weight};
use crate::config::{Configuration, Environment, HaInstance, Problem};
use crate::journal::Journal;
use crate::lifecycle::{LIBRARY, Runner, Script, Then, registration};
use crate::message::{self, Message, Severity};
use crate::metrics;
use crate::net::Server;
use crate::output::{Attachment, Output};
use crate::platform::{AnswerSink, OperatorRequest, Pid, Platform, PreparedEnvironment, ProcessFacts, WaitStatus};
use crate::processes::Processes;
use crate::supervisor;
use std::any::Any;
use std::collections::BTreeSet;
use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

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
    /// Reads CONFIG, INSTANCE_DIR and ZLDEBUG; blanks around them are no part of them.
    pub fn from_environment(arguments: Vec<String>, no_console: Option<String>) -> Start {
        let variable = |name: &str| std::env::var(name).ok().map(|value| value.trim_end().to_owned()).filter(|value| !value.is_empty());
        let instance_directory = variable("INSTANCE_DIR").map(PathBuf::from);
        let config = variable("CONFIG")
            .or_else(|| instance_directory.as_ref().map(|directory| directory.join("zowe.yaml").to_string_lossy().into_owned()));
        Start { config, instance_directory, arguments, debug: variable("ZLDEBUG").is_some_and(|value| value == "ON"), no_console }
    }
}

/// Everything the parts of a run share.
pub(super) struct Context {
    pub(super) platform: Arc<dyn Platform>,
    pub(super) processes: Arc<Processes>,
    pub(super) output: Output,
    pub(super) journal: Journal,
    pub(super) runner: Runner,
    pub(super) instance_directory: Option<PathBuf>,
    /// CONFIG as given.
    pub(super) config_text: String,
    pub(super) timing: Timing,
    /// For the prepare step and changes.
    pub(super) workshop: Workshop,
    /// For what starts, and commands that stop, read and do.
    pub(super) starts: Workshop,
    /// For signals, which look through processes: no file keeps them waiting.
    pub(super) signals: Workshop,
    /// What serves metrics, while something does; whoever begins another waits for its turn.
    pub(super) metrics: Mutex<Option<Served>>,
}

/// The server of metrics and health.
pub(super) struct Served {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) is_secure: bool,
    pub(super) server: Server,
}

/// An instance whose configuration was loaded and found good.
pub(super) struct LoadedInstance {
    pub(super) configuration: Configuration,
    pub(super) runtime: PathBuf,
    pub(super) workspace: PathBuf,
    /// The variables that all components have in common.
    pub(super) environment: Environment,
    /// The same as the system takes them: shared by all starts.
    pub(super) prepared_environment: PreparedEnvironment,
    /// What its components listen on, with the defaults of all manifests.
    pub(super) listeners: Vec<Listener>,
}

impl LoadedInstance {
    pub(super) fn new(
        configuration: Configuration,
        installed: &[Component],
        (runtime, workspace): (PathBuf, PathBuf),
        environment: Environment,
    ) -> LoadedInstance {
        // Variables that no process can have were left out when the environment was made.
        let prepared_environment = PreparedEnvironment::new(&environment).unwrap_or_default();
        let listeners = component::all_listeners(&configuration, installed);
        LoadedInstance { configuration, runtime, workspace, environment, prepared_environment, listeners }
    }

    /// The environment of one component before it is configured. Made when it is needed: kept for each of a thousand components it would
    /// be most of the launcher's memory.
    pub(super) fn environment_of(&self, component: &Component) -> Environment {
        component::environment(component, &self.configuration, &self.environment)
    }

    /// The HA instances of the configuration, as files name them.
    pub(super) fn ha_ids(&self) -> Vec<String> {
        self.configuration.instance_ids().iter().map(|id| crate::config::normalize_id(id)).collect()
    }

    /// Where components of this instance are registered.
    pub(super) fn place<'a>(&'a self, ha_ids: &'a [String]) -> registration::Place<'a> {
        let ha_id = &self.configuration.ha_instance.id;
        registration::Place { workspace: &self.workspace, runtime: &self.runtime, ha_id, ha_ids }
    }
}

impl Context {
    /// The prepare step comes to a part that takes no longer than this.
    pub(super) fn goes_on(&self, part: &str, time: Duration) {
        self.platform.notify_service_manager(&format!("STATUS={part}\n{}", extension(time)));
    }
}

/// What tells the service manager how long what it waits for may still take (sd_notify(3)).
pub(super) fn extension(time: Duration) -> String {
    format!("EXTEND_TIMEOUT_USEC={}", time.as_micros())
}

/// What reaches the owner task.
pub(super) enum Event {
    Operator(OperatorRequest),
    /// The components are prepared, or why not: the code that the run ends with.
    Prepared(Box<Result<Prepared, ConditionCode>>),
    /// The configuration is good and no other launcher has the instance: components are prepared from here on.
    Admitted,
    /// A component's leader was reaped.
    Ended {
        index: usize,
        pid: Pid,
        status: WaitStatus,
        /// Others of its group lived at that moment.
        remains: bool,
    },
    /// A line of a component's output, or a probe, says something of its process.
    Watched {
        index: usize,
        happening: supervisor::Event,
    },
    /// A line of a component's output says that it is ready if it still runs after this time.
    Settling {
        index: usize,
        pid: Pid,
        after: Duration,
    },
    /// The process of a start was made, or why not.
    Made {
        index: usize,
        made: Box<std::io::Result<Made>>,
    },
    /// The processes of the system, for an answer to DISP,DETAIL.
    ProcessesRead {
        sink: Option<Box<dyn AnswerSink>>,
        selection: Vec<usize>,
        table: Vec<ProcessFacts>,
    },
    /// Somebody asks for what is measured.
    Measure(oneshot::Sender<Box<metrics::Instance>>),
    /// An orphan was reaped: perhaps the last process of a group.
    Stray,
    /// Files of the component that runs in the foreground have changed: these, as far as they are known.
    FilesChanged(Vec<String>),
    /// LOGROTATE is done; what kept files from being begun anew.
    LogsRotated {
        sink: Option<Box<dyn AnswerSink>>,
        failures: Vec<Message>,
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
        result: Box<Result<Found, Vec<Message>>>,
    },
    /// The validate commands of a change have ended.
    ChangeJudged {
        id: u64,
        judged: Judged,
    },
}

/// A process that was made for a component, and what the owner does with it.
pub(super) struct Made {
    pub(super) pid: Pid,
    /// The end of its output pipe that is read.
    pub(super) output: OwnedFd,
    pub(super) attachment: Attachment,
    /// Its standard input, where it has one.
    pub(super) input: Option<File>,
    pub(super) readiness: Option<Probe>,
    pub(super) file_end: Option<FileEnd>,
}

pub(super) type EventSender = mpsc::UnboundedSender<Event>;

/// What is known once the arguments and CONFIG were read.
pub(super) struct Begun {
    pub(super) sources: Vec<crate::config::Source>,
    /// The same as they were read for the first lines, until the first load takes them.
    pub(super) read: std::sync::Mutex<Option<crate::config::UserSources>>,
    pub(super) ha_instance: HaInstance,
    /// The one component that is run, in the foreground of a shell; None: the instance.
    pub(super) foreground: Option<Foreground>,
}

/// What is run in the foreground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreground {
    /// The component; it need not be enabled.
    pub name: String,
    /// Restarted when files of its directory change.
    pub watch: bool,
    /// The launcher's own lines too, not only what it warns of.
    pub verbose: bool,
}

/// The time of a part of the prepare step that has no bound of its own, as a configure command: when it is over, the service manager may
/// believe that it hangs.
pub(super) const UNBOUNDED_PART: Duration = Duration::from_secs(600);

/// The source in parentheses on the lines of the prepare step.
pub(super) const PREPARE: &str = "zwe-internal-start-prepare";
pub(super) const GLOBAL: &str = "zwe-internal-start-prepare,global_validate";

/// A component that will be launched.
#[derive(Debug, Clone)]
pub(super) struct Launched {
    pub(super) component: Component,
    pub(super) start: CommandLine,
    pub(super) instance: Arc<LoadedInstance>,
}

/// An instance ready to be started.
pub(super) struct Prepared {
    pub(super) generation: Arc<Generation>,
    /// In start order.
    pub(super) launched: Vec<Launched>,
    /// How long all of it took, and its parts.
    pub(super) elapsed: Duration,
    pub(super) timed: Vec<Timed>,
    /// Held until the launcher ends: the lock of the instance, and what tells of changed files.
    pub(super) held: [Box<dyn Any + Send>; 2],
}

impl std::fmt::Debug for LoadedInstance {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The configuration holds passwords.
        formatter.debug_struct("LoadedInstance").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

/// Says why something failed and gives the code that the run ends with.
pub(super) fn refuse(context: &Context, messages: impl IntoIterator<Item = Message>) -> ConditionCode {
    for message in messages {
        context.output.message(message);
    }
    ConditionCode::NotStarted
}

/// The preparation was not successful: today's launcher leaves it to a command, and says how that ended.
pub(super) fn not_prepared(context: &Context) -> [Message; 2] {
    let command = format!("zwe internal start prepare --config {}", context.config_text);
    [message::command_ended_with_code(command, ConditionCode::NotStarted as i32), message::instance_not_prepared()]
}

/// One reading of the configuration that was found good, with the components as they were then.
pub(super) struct Generation {
    pub(super) instance: Arc<LoadedInstance>,
    pub(super) survey: Survey,
    /// What is odd about it.
    pub(super) warnings: BTreeSet<String>,
}

/// A good configuration, and what it means for what runs.
pub(super) struct Found {
    pub(super) generation: Arc<Generation>,
    /// Index (None: new), name and what it is to be (None: it goes), in the order in which components are configured.
    pub(super) parts: Vec<(Option<usize>, String, Option<Launched>)>,
    /// Named, and why the configuration does not have it.
    pub(super) refused: Vec<(usize, Vec<Message>)>,
    /// In play and not launched: those that are new or have changed.
    pub(super) unlaunched: Vec<Component>,
    /// Only the launcher's own settings of them have changed.
    pub(super) adjusted: Vec<Launched>,
}

impl Found {
    pub(super) fn new(generation: &Arc<Generation>) -> Found {
        Found { generation: Arc::clone(generation), parts: Vec::new(), refused: Vec::new(), unlaunched: Vec::new(), adjusted: Vec::new() }
    }
}

/// What the validate commands of a change have told.
pub(super) enum Judged {
    Good,
    /// Why not. The files of before are in the workspace again.
    Bad(Vec<Message>),
}

/// The script of one command of a component.
pub(super) fn script_of(context: &Context, instance: &LoadedInstance, component: &Component, command: CommandLine, then: Then) -> Script {
    let existing = |path: PathBuf| crate::platform::files::may_be_file(&path).then_some(path);
    Script {
        instance_env: context.instance_directory.as_ref().and_then(|directory| existing(directory.join("instance.env"))),
        library: existing(instance.runtime.join(LIBRARY)),
        directory: component.directory.clone(),
        command,
        then,
    }
}

/// A problem on one line of SYSPRINT, whatever its text holds.
pub(super) fn one_line(problem: &Problem) -> String {
    let escape = |character: char| if character.is_control() { character.escape_default().to_string() } else { character.to_string() };
    problem.to_string().chars().map(escape).collect()
}

/// What is said of a failure, with the weight that it has; None: nothing.
pub(super) fn failure_message(failure: &Failure) -> Option<Message> {
    let message = component_error(&failure.component, &failure.error);
    let problems = || failure.problems().iter().map(one_line).collect::<Vec<_>>().join("; ");
    match (failure.weight, message.severity()) {
        (Weight::None, _) => None,
        (Weight::Error, Severity::Error) | (Weight::Warning, Severity::Warning) => Some(message),
        (Weight::Error, _) => Some(message::startup_check_failed("components", problems())),
        (Weight::Warning, _) => Some(message::startup_check_warning("components", problems())),
    }
}

/// ZWEL0915W, ZWEL0172E, or why else a component cannot be used.
pub(super) fn component_error(name: &str, error: &ComponentError) -> Message {
    match error {
        ComponentError::NotInstalled { places, nearest, .. } => {
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            message::component_not_installed(name, places.join(" and ") + &component::did_you_mean(nearest))
        }
        ComponentError::CommandMissing { phase, file, .. } => {
            message::command_file_missing(name, phase.name(), component::looked_for(file))
        }
        error => message::component_error(name, error),
    }
}
