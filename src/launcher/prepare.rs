//! From a configuration to components that can be started: load, validate, make the workspace, validate all, configure all.

use super::{Begun, ConditionCode, Context, Instance};
use crate::component::{self, CommandLine, Component, ComponentError, Phase, Survey};
use crate::config::{Configuration, Environment, LoadError, LoadRequest, OnFailure, Problem, RunFacts, Version};
use crate::lifecycle::{Script, Then, registration, workspace};
use crate::message::{self, Message, Severity};
use crate::platform::{FileLock, LockError};
use std::collections::BTreeMap;
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
    let survey = look_at_components(&context, &configuration, &runtime)?;
    let environment = instance_environment(&context, &configuration, &runtime, &workspace, &survey);
    let instance = Arc::new(Instance { configuration, runtime, workspace, environment });
    let launched = prepare_components(&context, &instance, survey).await?;
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
            let nearest = nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
            Err(vec![message::zwel0911e(id, defined.join(", ") + &nearest), message::zwel0072e()])
        }
        Ok(Err(error)) => {
            let of_templates = matches!(error, LoadError::Templates(_));
            let said = |problem: &Problem| if of_templates { message::zwel0045e(problem) } else { message::zwel0047e(problem) };
            let mut messages: Vec<Message> = error.problems().iter().map(said).collect();
            messages.push(message::zwel0072e());
            Err(messages)
        }
        Err(error) => Err(vec![message::zwel0925e(error), message::zwel0072e()]),
    }
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
        context.output.message(message::zwel0916w(warning));
    }
    let errors: Vec<String> = problems.iter().filter(|problem| problem.error).map(Problem::to_string).collect();
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

/// Looks at every component. What is wrong with them is all said before the code is returned.
fn look_at_components(context: &Context, configuration: &Configuration, runtime: &Path) -> Result<Survey, ConditionCode> {
    let output = &context.output;
    let version = Version::read(runtime);
    let unknown = || "unknown".to_owned();
    let number = version.as_ref().map_or_else(unknown, |version| version.version.clone());
    output.server_command(Severity::Info, PREPARE, format!("Zowe version: v{number}"));
    let build = version.and_then(|version| version.build).unwrap_or_else(unknown);
    output.server_command(Severity::Info, PREPARE, format!("build and hash: {build}"));
    let ha_id = &configuration.ha_instance.id;
    output.server_command(Severity::Info, PREPARE, format!("starting Zowe instance {ha_id} with {} ...", context.config_text));
    output.server_command(Severity::Info, GLOBAL, "process global validations ...");
    let survey = component::survey(configuration);
    for warning in &survey.warnings {
        output.message(message::zwel0916w(warning));
    }
    let mut failed = false;
    for failure in &survey.failures {
        let message = component_error(&failure.component, &failure.error);
        failed |= message.severity() == Severity::Error;
        output.message(message);
    }
    if failed { Err(refuse(context, [message::zwel0030e()])) } else { Ok(survey) }
}

/// ZWEL0915W, ZWEL0172E, or why else a component cannot be used.
pub(super) fn component_error(name: &str, error: &ComponentError) -> Message {
    match error {
        ComponentError::NotInstalled { places, .. } => {
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            message::zwel0915w(name, places.join(" and "))
        }
        ComponentError::CommandMissing { phase, .. } => message::zwel0172e(name, phase.name()),
        error => message::zwel0918e(name, error),
    }
}

/// The variables that all components have in common.
pub(super) fn instance_environment(
    context: &Context,
    configuration: &Configuration,
    runtime: &Path,
    workspace: &Path,
    survey: &Survey,
) -> Environment {
    let version = crate::config::zowe_version(runtime);
    let inherited = crate::platform::unix::process::inherited_environment();
    let merged_file = workspace.join(workspace::ENVIRONMENT_DIRECTORY).join(".zowe-merged.yaml");
    configuration.instance_environment(
        &*context.platform,
        &RunFacts {
            config: &context.config_text,
            merged_file: Some(&merged_file),
            installed: &survey.installed_names(),
            enabled: &survey.in_play_names(),
            launched: &survey.launched,
            defaults: &survey.defaults(),
            version: version.as_deref(),
            inherited: Some(&inherited),
        },
    )
}

async fn prepare_components(context: &Arc<Context>, instance: &Arc<Instance>, survey: Survey) -> Result<Vec<Launched>, ConditionCode> {
    let output = &context.output;
    if let Err(error) = write_workspace(context, instance, &survey) {
        let why = [message::zwel0918e("workspace", error), message::zwel0140e(&context.config_text), message::zwel0030e()];
        return Err(refuse(context, why));
    }
    output.server_command(Severity::Info, GLOBAL, "global validations are successful");
    output.server_command(Severity::Info, VALIDATE, "process component validations ...");
    if validate_all(context, instance, &survey.in_play).await > 0 {
        return Err(refuse(context, [message::zwel0030e()]));
    }
    output.server_command(Severity::Info, CONFIGURE, "process component configurations ...");
    match registration::remove_stale(&instance.workspace, &instance.configuration.ha_instance.id, &survey.in_play_names()) {
        Ok(notes) => notes.into_iter().for_each(|note| output.server_command(Severity::Debug, CONFIGURE, note)),
        Err(error) => output.server_command(Severity::Warning, CONFIGURE, error.to_string()),
    }
    for component in &survey.in_play {
        if !configure(context, instance, component).await {
            return Err(refuse(context, [message::zwel0030e()]));
        }
    }
    output.server_command(Severity::Info, PREPARE, "Zowe runtime environment prepared");
    output.message(message::zwel0018i());
    if survey.launched.is_empty() {
        return Err(refuse(context, [message::zwel0029e()]));
    }
    output.message(message::zwel0016i(survey.launched.join(",")));
    let to_launch = |component: Component| {
        // Looked for a moment ago; a file that has vanished since is a component that does not start.
        let start = component.command(Phase::Start).ok().flatten()?;
        Some(Launched { start, component, instance: Arc::clone(instance) })
    };
    Ok(survey.in_play.into_iter().filter(|component| survey.launched.contains(&component.name)).filter_map(to_launch).collect())
}

fn write_workspace(context: &Context, instance: &Instance, survey: &Survey) -> Result<(), workspace::WorkspaceError> {
    let configuration = &instance.configuration;
    let in_play = survey.in_play_names();
    let as_environment = |variables: BTreeMap<String, String>| variables.into_iter().map(|(name, value)| (name, value.into())).collect();
    let of_component = |component: &Component| {
        let defaults = [(component.name.clone(), component.manifest.configs.clone())];
        let mut variables = configuration.instance_variables(&defaults);
        variables.extend(component::variables(component, configuration));
        workspace::ComponentFiles {
            name: component.name.clone(),
            environment: as_environment(variables),
            configs: component::configs(component, configuration),
            manifest_file: in_play.contains(&component.name).then(|| component.manifest_file.clone()),
        }
    };
    let files = workspace::PreparedFiles {
        merged: configuration.base.clone(),
        base: component::with_defaults(&configuration.base, &survey.installed),
        instance: component::with_defaults(&configuration.value, &survey.installed),
        environment: as_environment(configuration.instance_variables(&survey.defaults())),
        runtime_manifest: Some(instance.runtime.join("manifest.json")).filter(|path| path.exists()),
    };
    let lock = |path: &Path, holder: &str| context.platform.lock_file(path, holder);
    let mut components = survey.installed.iter().map(of_component);
    workspace::write_files(&instance.workspace, &configuration.ha_instance.id, &files, &mut components, &lock)
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
async fn validate_all(context: &Arc<Context>, instance: &Arc<Instance>, in_play: &[Component]) -> usize {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let permits = Arc::new(tokio::sync::Semaphore::new(processors));
    let mut running = Vec::new();
    for one in in_play {
        let (context, instance, permits) = (Arc::clone(context), Arc::clone(instance), Arc::clone(&permits));
        let component = one.clone();
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
            Err(error) => (Vec::new(), vec![message::zwel0918e(&one.name, error)]),
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
pub(super) async fn run_validate(context: &Context, instance: &Instance, component: &Component) -> (Vec<u8>, Vec<Message>) {
    let said = |problem: &Problem| {
        if problem.error { message::zwel0918e(&component.name, problem) } else { message::zwel0916w(problem) }
    };
    let mut messages: Vec<Message> = component.validate(&instance.configuration).iter().map(said).collect();
    let command = match component.command(Phase::Validate) {
        Ok(Some(command)) => command,
        Ok(None) => return (Vec::new(), messages),
        Err(error) => {
            messages.push(component_error(&component.name, &error));
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
    let commands = [Phase::PreConfigure, Phase::Configure].map(|phase| (phase, component.command(phase)));
    // Most components have nothing to configure, and an environment is as large as the whole configuration.
    let is_needed = !component.manifest.static_definitions.is_empty() || commands.iter().any(|(_, command)| !matches!(command, Ok(None)));
    let mut environment = if is_needed { instance.environment_of(component) } else { Environment::new() };
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
    for (phase, command) in commands {
        match command {
            Ok(None) => {}
            Ok(Some(command)) => {
                good &= run_configure(context, instance, component, phase, command, &mut environment, &snapshot).await;
            }
            Err(error) => {
                output.message(component_error(&component.name, &error));
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
    let script = script_of(context, instance, component, command, Then::Snapshot { program, file: snapshot.to_path_buf() });
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
