//! From a configuration to components that can be started: load, validate, make the workspace, validate all, configure all.

use super::{Begun, ConditionCode, Context, Instance};
use crate::component::{self, CommandLine, Component, ComponentError, Phase};
use crate::config::{Configuration, Environment, LoadError, LoadRequest, OnFailure, Problem, RunFacts};
use crate::lifecycle::{Script, Then, registration, workspace};
use crate::message::{self, Message, Severity};
use crate::platform::{FileLock, LockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The source in parentheses on the lines of the prepare step.
const PREPARE: &str = "zwe-internal-start-prepare";
const VALIDATE: &str = "zwe-internal-start-prepare,validate_components";
const CONFIGURE: &str = "zwe-internal-start-prepare,configure_components";
const GLOBAL: &str = "zwe-internal-start-prepare,global_validate";

/// A component that will be launched.
#[derive(Debug, Clone)]
pub(super) struct Launched {
    pub(super) component: Component,
    pub(super) start: CommandLine,
    pub(super) instance: Arc<Instance>,
}

/// An instance ready to be started.
pub(super) struct Prepared {
    pub(super) instance: Arc<Instance>,
    /// In start order.
    pub(super) launched: Vec<Launched>,
    /// Held until the launcher ends.
    pub(super) lock: FileLock,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The configuration holds passwords.
        formatter.debug_struct("Instance").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

/// Says why something failed and gives the code that the run ends with.
fn refuse(context: &Context, messages: impl IntoIterator<Item = Message>) -> ConditionCode {
    for message in messages {
        context.output.message(message);
    }
    ConditionCode::NotStarted
}

/// Loads and prepares the instance.
///
/// # Errors
/// The condition code, after the messages that say why.
pub(super) async fn prepare(context: Arc<Context>, begun: Arc<Begun>) -> Result<Prepared, ConditionCode> {
    let loaded = load(&context, &begun).await.map_err(|messages| refuse(&context, messages))?;
    let runtime = enter_runtime(&context, &loaded)?;
    context.output.set_rules(wto_rules(&loaded));
    if loaded.launcher_settings().debug {
        context.output.set_debug(true);
    }
    let configuration = validate(&context, loaded).await?;
    let workspace = make_workspace(&context, &configuration)?;
    let lock = lock_instance(&context, &workspace, &begun.ha_instance.id)?;
    let components = components_in_play(&context, &configuration, &runtime)?;
    let facts = facts(&context, &configuration, &runtime, &components);
    let environment = configuration.instance_environment(&*context.platform, &facts);
    let instance = Arc::new(Instance { configuration, runtime, workspace, environment });
    let launched = prepare_components(&context, &instance, &facts, components).await?;
    Ok(Prepared { instance, launched, lock })
}

/// Which lines go to the operator, as this configuration says.
pub(super) fn wto_rules(configuration: &Configuration) -> crate::output::WtoRules {
    let settings = configuration.launcher_settings();
    crate::output::WtoRules::new(&settings.sys_messages, settings.sys_message_trim, settings.wto)
}

/// Loads the configuration on a thread of its own: a template may take its two seconds, and operators are answered meanwhile.
///
/// # Errors
/// The messages that say why.
pub(super) async fn load(context: &Arc<Context>, begun: &Arc<Begun>) -> Result<Configuration, Vec<Message>> {
    let (platform, begun) = (Arc::clone(&context.platform), Arc::clone(begun));
    let loaded = tokio::task::spawn_blocking(move || {
        Configuration::load(&LoadRequest { sources: &begun.sources, ha_instance: &begun.ha_instance, platform: &*platform })
    })
    .await;
    match loaded {
        Ok(Ok(configuration)) => Ok(configuration),
        Ok(Err(LoadError::UnknownHaInstance { id, defined, nearest })) => {
            let nearest = nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"));
            Err(vec![message::zwel0911e(id, defined.join(", ") + &nearest), message::zwel0072e()])
        }
        Ok(Err(LoadError::Problems(problems))) => {
            let mut messages: Vec<Message> = problems.iter().map(|problem| message::zwel0047e(in_line(problem))).collect();
            messages.push(message::zwel0072e());
            Err(messages)
        }
        Err(error) => Err(vec![message::zwel0925e(error), message::zwel0072e()]),
    }
}

/// `file:line:column: text`, or the text alone.
pub(super) fn in_line(problem: &Problem) -> String {
    problem.to_string()
}

fn enter_runtime(context: &Context, configuration: &Configuration) -> Result<PathBuf, ConditionCode> {
    let value = configuration.get(&["zowe", "runtimeDirectory"]);
    let text = match value {
        None | Some(serde_json::Value::Null) => return Err(refuse(context, [message::zwel0033e()])),
        Some(value) => value.as_str().unwrap_or_default(),
    };
    if text.is_empty() {
        return Err(refuse(context, [message::zwel0034e()]));
    }
    let runtime = PathBuf::from(text);
    // It must hold whatever the working directory is: it becomes the working directory.
    if !runtime.is_absolute() || !runtime.is_dir() || std::env::set_current_dir(&runtime).is_err() {
        return Err(refuse(context, [message::zwel0032e("ROOT_DIR", text)]));
    }
    context.output.message(message::zwel0017i(text));
    Ok(runtime)
}

async fn validate(context: &Context, configuration: Configuration) -> Result<Configuration, ConditionCode> {
    let validated = tokio::task::spawn_blocking(move || (configuration.validate(), configuration)).await;
    let Ok((problems, configuration)) = validated else { return Err(refuse(context, [message::zwel0071e()])) };
    for warning in configuration.warnings.iter().chain(problems.iter().filter(|problem| !problem.error)) {
        context.output.message(message::zwel0916w(in_line(warning)));
    }
    let errors: Vec<String> = problems.iter().filter(|problem| problem.error).map(in_line).collect();
    if errors.is_empty() {
        context.output.message(message::zwel0069i());
        return Ok(configuration);
    }
    let code = refuse(context, [message::zwel0070e()]);
    context.output.lines(errors.iter().map(|error| format!("  {error}\n")).collect::<String>().into_bytes());
    Err(code)
}

fn make_workspace(context: &Context, configuration: &Configuration) -> Result<PathBuf, ConditionCode> {
    let value = configuration.get(&["zowe", "workspaceDirectory"]);
    let text = match value {
        None | Some(serde_json::Value::Null) => return Err(refuse(context, [message::zwel0157e(), message::zwel0059e()])),
        Some(value) => value.as_str().unwrap_or_default(),
    };
    if text.is_empty() {
        return Err(refuse(context, [message::zwel0060e()]));
    }
    let workspace = PathBuf::from(text);
    if workspace::make_directory(&workspace, 0o770).is_err() {
        return Err(refuse(context, [message::zwel0057e(text)]));
    }
    check_writable(context, &workspace)?;
    context.output.message(message::zwel0058i(text));
    if let Some(logs) = configuration.log_directory() {
        if let Err(error) = workspace::make_directory(&logs, 0o750) {
            return Err(refuse(context, [message::zwel0062e(logs.display(), error)]));
        }
        check_writable(context, &logs)?;
    }
    if let Err(error) = workspace::make_directories(&workspace) {
        return Err(refuse(context, [message::zwel0919e(text, error)]));
    }
    Ok(workspace)
}

fn check_writable(context: &Context, directory: &Path) -> Result<(), ConditionCode> {
    if context.platform.is_writable_directory(directory) {
        Ok(())
    } else {
        Err(refuse(context, [message::zwel0141e(context.platform.user_id(), directory.display())]))
    }
}

/// One launcher for an HA instance and workspace.
fn lock_instance(context: &Context, workspace: &Path, ha_id: &str) -> Result<FileLock, ConditionCode> {
    let path = workspace.join(workspace::ENVIRONMENT_DIRECTORY).join(format!(".{ha_id}.lock"));
    let holder = format!("{} {}\n", context.platform.job_name(), context.platform.sysname());
    context.platform.lock_file(&path, &holder).map_err(|error| match error {
        LockError::Held(holder) => {
            let mut words = holder.split_whitespace();
            let (job, sysname) = (words.next().unwrap_or("unknown"), words.next().unwrap_or("unknown"));
            refuse(context, [message::zwel0910e(ha_id, job, sysname)])
        }
        LockError::Io(error) => refuse(context, [message::zwel0919e(path.display(), error)]),
    })
}

/// A component in play, and its start command if it is to be launched.
struct InPlay {
    component: Component,
    start: Option<CommandLine>,
}

/// The enabled components in start order. What is wrong with them is all said before the code is returned.
fn components_in_play(context: &Context, configuration: &Configuration, runtime: &Path) -> Result<Vec<InPlay>, ConditionCode> {
    let output = &context.output;
    let (version, build) = crate::config::zowe_build(runtime);
    output.server_command(Severity::Info, PREPARE, format!("Zowe version: v{}", version.as_deref().unwrap_or("unknown")));
    output.server_command(Severity::Info, PREPARE, format!("build and hash: {}", build.as_deref().unwrap_or("unknown")));
    let ha_id = &configuration.ha_instance.id;
    output.server_command(Severity::Info, PREPARE, format!("starting Zowe instance {ha_id} with {} ...", context.config_text));
    output.server_command(Severity::Info, GLOBAL, "process global validations ...");
    let mut failed = false;
    let mut components = Vec::new();
    for name in configuration.component_names().into_iter().filter(|name| configuration.is_enabled(name)) {
        match Component::locate(&name, runtime, configuration.extension_directory().as_deref()) {
            Ok(component) => {
                for warning in &component.warnings {
                    output.message(message::zwel0916w(in_line(warning)));
                }
                components.push(component);
            }
            Err(ComponentError::NotInstalled { places, .. }) => output.message(message::zwel0915w(&name, list(&places))),
            Err(error) => {
                failed = true;
                output.message(message::zwel0918e(&name, error));
            }
        }
    }
    let in_play: Vec<InPlay> = in_order(context, components)
        .into_iter()
        .map(|component| InPlay { start: start_command(context, &component, &mut failed), component })
        .collect();
    if failed { Err(refuse(context, [message::zwel0030e()])) } else { Ok(in_play) }
}

async fn prepare_components(
    context: &Arc<Context>,
    instance: &Arc<Instance>,
    facts: &RunFacts,
    in_play: Vec<InPlay>,
) -> Result<Vec<Launched>, ConditionCode> {
    let output = &context.output;
    if let Err(error) = write_workspace(context, instance, facts) {
        return Err(refuse(context, [message::zwel0918e("workspace", error), message::zwel0140e(&context.config_text), message::zwel0030e()]));
    }
    output.server_command(Severity::Info, GLOBAL, "global validations are successful");
    output.server_command(Severity::Info, VALIDATE, "process component validations ...");
    if validate_all(context, instance, &in_play).await > 0 {
        return Err(refuse(context, [message::zwel0030e()]));
    }
    output.server_command(Severity::Info, CONFIGURE, "process component configurations ...");
    match registration::remove_stale(&instance.workspace, &instance.configuration.ha_instance.id, &facts.enabled) {
        Ok(notes) => notes.into_iter().for_each(|note| output.server_command(Severity::Debug, CONFIGURE, note)),
        Err(error) => output.server_command(Severity::Warning, CONFIGURE, error.to_string()),
    }
    for one in &in_play {
        if !configure(context, instance, &one.component).await {
            return Err(refuse(context, [message::zwel0030e()]));
        }
    }
    output.server_command(Severity::Info, PREPARE, "Zowe runtime environment prepared");
    output.message(message::zwel0018i());
    let launched: Vec<Launched> = in_play
        .into_iter()
        .filter_map(|one| Some(Launched { start: one.start?, component: one.component, instance: Arc::clone(instance) }))
        .collect();
    if launched.is_empty() {
        return Err(refuse(context, [message::zwel0029e()]));
    }
    output.message(message::zwel0016i(&facts.launched.join(",")));
    Ok(launched)
}

fn list(places: &[PathBuf]) -> String {
    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(" and ")
}

/// Dependencies first; what is odd about them is said.
fn in_order(context: &Context, components: Vec<Component>) -> Vec<Component> {
    let names: Vec<String> = components.iter().map(|component| component.name.clone()).collect();
    let dependencies = components
        .iter()
        .map(|component| (component.name.clone(), component.manifest.dependencies.iter().map(|one| one.name.clone()).collect()))
        .collect();
    let (order, problems) = component::order(&names, &dependencies);
    for problem in problems {
        context.output.message(message::zwel0928w(problem));
    }
    let mut components: Vec<Option<Component>> = components.into_iter().map(Some).collect();
    order
        .iter()
        .filter_map(|name| names.iter().position(|other| other == name))
        .filter_map(|position| components.get_mut(position).and_then(Option::take))
        .collect()
}

/// The start command, if there is one. A command that is defined and whose file is missing is an error, whichever command it is.
fn start_command(context: &Context, component: &Component, failed: &mut bool) -> Option<CommandLine> {
    let mut start = None;
    for phase in [Phase::Validate, Phase::PreConfigure, Phase::Configure, Phase::Start] {
        match component.command(phase) {
            Ok(command) if phase == Phase::Start => start = command,
            Ok(_) => {}
            Err(error) => {
                *failed = true;
                context.output.message(command_error(component, phase, &error));
            }
        }
    }
    start
}

/// ZWEL0172E, or why else a command cannot be used.
fn command_error(component: &Component, phase: Phase, error: &ComponentError) -> Message {
    match error {
        ComponentError::CommandMissing { .. } => message::zwel0172e(&component.name, phase.name()),
        error => message::zwel0918e(&component.name, error),
    }
}

fn facts(context: &Context, configuration: &Configuration, runtime: &Path, in_play: &[InPlay]) -> RunFacts {
    let launched = in_play.iter().filter(|one| one.start.is_some()).map(|one| one.component.name.clone()).collect();
    let enabled = in_play.iter().map(|one| one.component.name.clone()).collect();
    run_facts(context, configuration, runtime, enabled, launched)
}

/// What the variables of an instance are made of besides its configuration.
pub(super) fn run_facts(
    context: &Context,
    configuration: &Configuration,
    runtime: &Path,
    enabled: Vec<String>,
    launched: Vec<String>,
) -> RunFacts {
    RunFacts {
        config: context.config_text.clone(),
        runtime: runtime.to_path_buf(),
        installed: component::installed(runtime, configuration.extension_directory().as_deref()),
        enabled,
        launched,
        inherited: crate::platform::unix::process::inherited_environment(),
    }
}

fn write_workspace(context: &Context, instance: &Instance, facts: &RunFacts) -> Result<(), workspace::WorkspaceError> {
    let configuration = &instance.configuration;
    let components = facts
        .installed
        .iter()
        // A manifest of a component that is not in play may be as broken as it likes.
        .filter_map(|name| Component::locate(name, &instance.runtime, configuration.extension_directory().as_deref()).ok())
        .map(|component| workspace::ComponentFiles {
            environment: component::environment(&component, configuration, &instance.environment),
            configs: component::configs(&component, configuration),
            manifest_file: facts.enabled.contains(&component.name).then(|| component.manifest_file.clone()),
            name: component.name,
        })
        .collect();
    let runtime_manifest = Some(instance.runtime.join("manifest.json")).filter(|path| path.exists());
    let files = workspace::PreparedFiles {
        merged: configuration.base.clone(),
        base: configuration.base.clone(),
        instance: configuration.value.clone(),
        environment: instance.environment.clone(),
        components,
        runtime_manifest,
    };
    let lock = |path: &Path, holder: &str| context.platform.lock_file(path, holder);
    workspace::write_files(&instance.workspace, &configuration.ha_instance.id, &files, &lock)
}

/// The script of one command of a component.
pub(super) fn script_of(context: &Context, instance: &Instance, component: &Component, command: CommandLine, then: Then) -> Script {
    let existing = |path: PathBuf| path.is_file().then_some(path);
    Script {
        instance_env: context.instance_directory.as_ref().and_then(|directory| existing(directory.join("instance.env"))),
        library: existing(instance.runtime.join("bin/libs/configmgr-index.sh")),
        directory: component.directory.clone(),
        command,
        then,
    }
}

/// Validates every component, as many at a time as there are processors; all are run and all errors counted. Output is kept together and
/// relayed in the order of the components.
async fn validate_all(context: &Arc<Context>, instance: &Arc<Instance>, in_play: &[InPlay]) -> usize {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let permits = Arc::new(tokio::sync::Semaphore::new(processors));
    let mut running = Vec::new();
    for one in in_play {
        let (context, instance, permits) = (Arc::clone(context), Arc::clone(instance), Arc::clone(&permits));
        let component = one.component.clone();
        running.push(tokio::task::spawn_local(async move {
            // The semaphore is never closed.
            let _permit = permits.acquire().await.ok();
            run_validate(&context, &instance, &component).await
        }));
    }
    let mut errors = 0;
    for (validation, one) in running.into_iter().zip(in_play) {
        let (output, messages) = match validation.await {
            Ok(result) => result,
            Err(error) => (Vec::new(), vec![message::zwel0918e(&one.component.name, error)]),
        };
        context.output.lines(output);
        for message in messages {
            errors += usize::from(message.severity() == Severity::Error);
            context.output.message(message);
        }
    }
    errors
}

/// Validates one component: its schemas, then its command. The output and what is to be said of it.
pub(super) async fn run_validate(
    context: &Context,
    instance: &Instance,
    component: &Component,
) -> (Vec<u8>, Vec<Message>) {
    let mut messages: Vec<Message> = instance
        .configuration
        .validate_component(component)
        .iter()
        .map(|problem| match problem.error {
            true => message::zwel0918e(&component.name, in_line(problem)),
            false => message::zwel0916w(in_line(problem)),
        })
        .collect();
    let command = match component.command(Phase::Validate) {
        Ok(Some(command)) => command,
        Ok(None) => return (Vec::new(), messages),
        Err(error) => {
            messages.push(command_error(component, Phase::Validate, &error));
            return (Vec::new(), messages);
        }
    };
    let script = script_of(context, instance, component, command, Then::Nothing);
    match context.runner.run_collecting(&script, &instance.environment_of(component)).await {
        Ok((status, output)) => {
            if !status.success() {
                messages.push(message::zwel0917e(&component.name, status.code()));
            }
            (output, messages)
        }
        Err(error) => {
            messages.push(error.message());
            (Vec::new(), messages)
        }
    }
}

/// Registers and configures one component. False when onComponentConfigureFail says that its failure ends the start.
pub(super) async fn configure(context: &Context, instance: &Instance, component: &Component) -> bool {
    let output = &context.output;
    let ha_id = &instance.configuration.ha_instance.id;
    let exit_on_failure = instance.configuration.launcher_settings().on_component_configure_fail == OnFailure::Exit;
    let mut good = true;
    let mut environment = instance.environment_of(component);
    match registration::register(component, &environment, &instance.workspace, &instance.runtime, ha_id) {
        Ok(notes) => notes.into_iter().for_each(|note| output.server_command(Severity::Debug, CONFIGURE, note)),
        Err(error) => {
            output.message(message::zwel0918e(&component.name, error));
            good = false;
        }
    }
    let snapshot = workspace::snapshot_path(&instance.workspace, &component.name, ha_id);
    // A snapshot of an earlier run must not be taken for one of this run's.
    if let Err(error) = std::fs::remove_file(&snapshot) {
        if error.kind() != std::io::ErrorKind::NotFound {
            output.message(message::zwel0919e(snapshot.display(), error));
            good = false;
        }
    }
    for phase in [Phase::PreConfigure, Phase::Configure] {
        match component.command(phase) {
            Ok(None) => {}
            Ok(Some(command)) => {
                good &= run_configure(context, instance, component, phase, command, &mut environment, &snapshot).await;
            }
            Err(error) => {
                output.message(command_error(component, phase, &error));
                good = false;
            }
        }
    }
    good || !exit_on_failure
}

/// Runs one of the two configure commands; its exports are in `environment` and in the snapshot afterwards.
async fn run_configure(
    context: &Context,
    instance: &Instance,
    component: &Component,
    phase: Phase,
    command: CommandLine,
    environment: &mut Environment,
    snapshot: &Path,
) -> bool {
    let output = &context.output;
    let Some(program) = context.platform.own_program() else {
        output.message(message::zwel0918e(&component.name, "this program's own path is not known, so no snapshot can be taken"));
        return false;
    };
    output.server_command(Severity::Info, CONFIGURE, format!("- commands.{} output from {} is:", phase.name(), component.name));
    let script =
        script_of(context, instance, component, command, Then::Snapshot { program, file: snapshot.to_path_buf() });
    let status = match context.runner.run_relaying(&component.name, &script, environment).await {
        Ok(status) => status,
        Err(error) => {
            output.message(error.message());
            return false;
        }
    };
    if !status.success() {
        output.message(message::zwel0317e(&component.name, status.code()));
    }
    match workspace::read_snapshot(snapshot) {
        Ok(exported) => *environment = exported,
        // The command was killed, or replaced the shell: what it was given is what the component gets.
        Err(error) => output.message(message::zwel0933w(&component.name, error)),
    }
    status.success()
}
