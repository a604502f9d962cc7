//! The components of an instance: the workspace written, all validated, all configured. A change does the same for what it changes.

use super::run::{
    Begun, ConditionCode, Context, GLOBAL, Launched, LoadedInstance, PREPARE, UNBOUNDED_PART, component_error, not_prepared, refuse,
    script_of,
};
use super::tell;
use super::timing::TARGET;
use crate::component::{self, CommandLine, Component, Phase, Survey};
use crate::config::{Environment, OnFailure};
use crate::lifecycle::{Finished, LIBRARY, Then, Unsaid, registration, workspace};
use crate::message::{self, Message, Severity};
use crate::platform::LockError;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tracing::{Instrument, info_span};

const VALIDATE: &str = "zwe-internal-start-prepare,validate_components";
const CONFIGURE: &str = "zwe-internal-start-prepare,configure_components";

/// Prepares every component in play.
///
/// # Errors
/// The condition code, after the messages that say why.
pub(super) async fn prepare_components(
    context: &Arc<Context>,
    begun: &Begun,
    instance: &Arc<LoadedInstance>,
    mut survey: Survey,
) -> Result<Vec<Launched>, ConditionCode> {
    let output = &context.output;
    let written = write_workspace(context, instance, &survey, Arc::default()).instrument(info_span!(target: TARGET, "workspace"));
    if let Err(error) = written.await {
        let why =
            [message::file_not_written(instance.workspace.display(), error), message::configuration_not_translated(&context.config_text)];
        return Err(refuse(context, why.into_iter().chain(not_prepared(context))));
    }
    if let Some(foreground) = &begun.foreground {
        survey.in_play.retain(|component| component.name == foreground.name);
        survey.launched.retain(|name| *name == foreground.name);
    }
    say_shell(context, instance);
    output.server_command(Severity::Info, GLOBAL, "global validations are successful");
    output.server_command(Severity::Info, VALIDATE, "process component validations ...");
    let mut errors = 0;
    let say = |message: Message| {
        errors += usize::from(message.severity() == Severity::Error);
        output.message(message);
    };
    let bounds = survey.in_play.iter().map(|component| instance.configuration.component_settings(&component.name).validate_timeout);
    context.goes_on("validating components", bounds.fold(UNBOUNDED_PART, Duration::saturating_add));
    let in_play = survey.in_play.iter().map(|component| (component.clone(), None)).collect();
    let span = info_span!(target: TARGET, "validate", of = commands(&survey, &[Phase::Validate]));
    validate_all(context, instance, in_play, say).instrument(span).await;
    if errors > 0 {
        return Err(refuse(context, not_prepared(context)));
    }
    output.server_command(Severity::Info, CONFIGURE, "process component configurations ...");
    if begun.foreground.is_none() {
        remove_stale(context, instance, &survey);
    }
    let span = info_span!(target: TARGET, "configure", of = commands(&survey, &[Phase::PreConfigure, Phase::Configure]));
    configure_all(context, instance, &survey).instrument(span).await?;
    output.server_command(Severity::Info, PREPARE, "Zowe runtime environment prepared");
    output.message(message::instance_prepared());
    let mut launched = Vec::new();
    for component in survey.in_play.into_iter().filter(|component| survey.launched.contains(&component.name)) {
        // It was there when the instance was checked; a validate or configure command, or an installation, may have removed it since.
        match component.command(Phase::Start) {
            Ok(Some(start)) => launched.push(Launched { start, component, instance: Arc::clone(instance) }),
            Ok(None) => {
                let file = component.directory.join("bin/start.sh");
                output.message(message::command_file_missing(&component.name, Phase::Start.name(), file.display()));
            }
            Err(error) => output.message(component_error(&component.name, &error)),
        }
    }
    let launched = super::address_spaces::without_refused(context, launched);
    if launched.is_empty() {
        return Err(refuse(context, [message::component_list_empty()]));
    }
    let names: Vec<&str> = launched.iter().map(|launched| launched.component.name.as_str()).collect();
    output.message(message::start_component_list(names.join(",")));
    Ok(launched)
}

/// How many commands of these phases the components in play have: what those who watch count against.
fn commands(survey: &Survey, phases: &[Phase]) -> u64 {
    let of = |component: &Component| phases.iter().filter(|phase| matches!(component.command(**phase), Ok(Some(_)))).count();
    survey.in_play.iter().map(|component| of(component) as u64).sum()
}

/// Says once which shell runs the commands, where it is not the usual one or will not do.
fn say_shell(context: &Context, instance: &LoadedInstance) {
    if !crate::platform::files::may_be_file(&instance.runtime.join(LIBRARY)) {
        return;
    }
    let shells = context.runner.shells();
    if let Some(reason) = shells.reason() {
        context.output.message(message::commands_run_by_shell(shells.with(true).display(), reason));
    }
    if let Some(warning) = shells.warning() {
        context.output.message(message::configuration_warning(warning));
    }
}

/// Configures every component in play, in their order: those that others depend on come first.
async fn configure_all(context: &Arc<Context>, instance: &Arc<LoadedInstance>, survey: &Survey) -> Result<(), ConditionCode> {
    for (done, component) in survey.in_play.iter().enumerate() {
        context.goes_on(&format!("configuring {} ({} of {})", component.name, done + 1, survey.in_play.len()), UNBOUNDED_PART);
        let configured = configure(context, instance, component);
        if !configured.instrument(info_span!(target: TARGET, "configure", component = component.name.as_str())).await {
            return Err(refuse(context, not_prepared(context)));
        }
    }
    Ok(())
}

/// Removes what earlier registrations have left in the workspace.
pub(super) fn remove_stale(context: &Context, instance: &LoadedInstance, survey: &Survey) {
    let ha_ids = instance.ha_ids();
    let is_wanted = |name: &str| instance.configuration.is_enabled_anywhere(name);
    let outcome = registration::remove_stale(instance.place(&ha_ids), &survey.installed, &survey.in_play, &is_wanted);
    for error in say_registration(context, outcome) {
        context.output.server_command(Severity::Warning, CONFIGURE, error.to_string());
    }
}

/// Says what a registration has done and found odd; the errors are the caller's to say.
fn say_registration(context: &Context, outcome: registration::RegistrationOutcome) -> Vec<registration::RegistrationError> {
    let output = &context.output;
    say_untagged(context);
    outcome.notes.into_iter().for_each(|note| output.server_command(Severity::Debug, CONFIGURE, note));
    outcome.warnings.iter().for_each(|warning| output.message(message::configuration_warning(warning)));
    for left in outcome.left {
        output.message(message::registered_file_left(left.component, left.file.display(), left.why));
    }
    outcome.errors
}

/// Writes the files of the workspace, except those of the components that are left as they are, on a thread of its own: another instance may
/// hold the lock, and operators are answered meanwhile.
///
/// # Errors
/// The first file that fails.
pub(super) async fn write_workspace(
    context: &Arc<Context>,
    instance: &Arc<LoadedInstance>,
    survey: &Survey,
    left: Arc<HashSet<String>>,
) -> Result<(), workspace::WorkspaceError> {
    let (context, instance, survey) = (Arc::clone(context), Arc::clone(instance), survey.clone());
    let path = instance.workspace.clone();
    let written = tokio::task::spawn_blocking(move || write_workspace_now(&context, &instance, &survey, &left));
    written.await.unwrap_or_else(|error| Err(workspace::WorkspaceError::Write { path, source: std::io::Error::other(error) }))
}

fn write_workspace_now(
    context: &Context,
    instance: &LoadedInstance,
    survey: &Survey,
    left: &HashSet<String>,
) -> Result<(), workspace::WorkspaceError> {
    let configuration = &instance.configuration;
    let in_play: HashSet<&str> = survey.in_play.iter().map(|component| component.name.as_str()).collect();
    let as_environment = |variables: BTreeMap<String, String>| variables.into_iter().map(|(name, value)| (name, value.into())).collect();
    let files = workspace::PreparedFiles {
        merged: configuration.base().clone(),
        base: component::base_with_defaults(configuration, &survey.installed),
        instance: component::instance_with_defaults(configuration, &survey.installed),
        instance_merged: configuration.overlay().is_some().then(|| configuration.value().clone()),
        environment: as_environment(configuration.instance_variables(&survey.defaults())),
        common: as_environment(configuration.instance_variables(&[])),
        runtime_manifest: Some(instance.runtime.join("manifest.json")).filter(|path| crate::platform::files::may_exist(path)),
    };
    let of_component = |component: &Component| workspace::ComponentFiles {
        name: component.name.clone(),
        own: as_environment(component::variables(component, configuration)),
        configs: component::configs(component, configuration),
        manifest_file: in_play.contains(component.name.as_str()).then(|| component.manifest_file.clone()),
    };
    // Whoever holds the lock must not keep the launcher from ending.
    let lock = |path: &Path, holder: &str| match context.runner.is_ending() {
        true => Err(LockError::Io(std::io::Error::other("the launcher is ending"))),
        false => context.platform.lock_file(path, holder),
    };
    let mut components = survey.installed.iter().filter(|component| !left.contains(&component.name)).map(of_component);
    let written = workspace::write_files(&instance.workspace, &configuration.ha_instance.id, &files, &mut components, &lock);
    say_untagged(context);
    written
}

/// Says once that the file system has no tags.
fn say_untagged(context: &Context) {
    if let Some((path, why)) = crate::platform::text_file::untagged() {
        context.output.message(message::files_not_tagged(path.display(), why));
    }
}

/// What there is to say of a component that has been validated.
#[derive(Default)]
struct Validated {
    output: Option<Unsaid>,
    messages: Vec<Message>,
}

impl From<Message> for Validated {
    fn from(message: Message) -> Validated {
        Validated { output: None, messages: vec![message] }
    }
}

/// Runs the validate commands of components, as many at a time as there are processors; all are run. Output is relayed in the order of the
/// components: that of the first one that has not ended as it comes, that of the others when it is their turn. A component is left out, and
/// its command ended, once its receiver tells that nobody wants to know.
pub(super) async fn validate_all(
    context: &Arc<Context>,
    instance: &Arc<LoadedInstance>,
    components: Vec<(Component, Option<oneshot::Receiver<()>>)>,
    mut say: impl FnMut(Message),
) {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    // It is fair: whoever waits for its turn does not keep a permit from the one whose turn it is.
    let permits = Arc::new(tokio::sync::Semaphore::new(processors));
    let (turn, turns) = watch::channel(0);
    // Its end ends what still runs.
    let mut running = tokio::task::JoinSet::new();
    let mut positions = BTreeMap::new();
    for (position, (component, unwanted)) in components.into_iter().enumerate() {
        let (context, instance, permits, mut turns) = (Arc::clone(context), Arc::clone(instance), Arc::clone(&permits), turns.clone());
        let validated = async move {
            // The semaphore is never closed.
            let _permit = permits.acquire().await.ok();
            let span = info_span!(target: TARGET, "validate", component = component.name.as_str());
            // The sender goes only when nothing is left to be said.
            let turn = async move { drop(turns.wait_for(|turn| *turn >= position).await) };
            run_validate(&context, &instance, &component, turn).instrument(span).await
        };
        let task = running.spawn_local(async move {
            tokio::select! {
                biased;
                () = told(unwanted) => Validated::default(),
                result = validated => result,
            }
        });
        positions.insert(task.id(), position);
    }
    let mut results: BTreeMap<usize, Validated> = BTreeMap::new();
    let mut next = 0;
    while let Some(ended) = running.join_next_with_id().await {
        let (task, validated) = ended.unwrap_or_else(|error| (error.id(), message::internal_error(error).into()));
        results.extend(positions.remove(&task).map(|position| (position, validated)));
        while let Some(Validated { output, messages }) = results.remove(&next) {
            output.into_iter().for_each(|mut output| output.relay());
            messages.into_iter().for_each(&mut say);
            next += 1;
        }
        turn.send_replace(next);
    }
}

async fn told(receiver: Option<oneshot::Receiver<()>>) {
    match receiver {
        // The other end has gone: that is how it tells.
        Some(receiver) => drop(receiver.await),
        None => std::future::pending().await,
    }
}

/// Runs the validate command of one component. The rest of its output and what is to be said of it.
async fn run_validate(context: &Context, instance: &LoadedInstance, component: &Component, turn: impl Future<Output = ()>) -> Validated {
    let command = match component.command(Phase::Validate) {
        Ok(Some(command)) => command,
        Ok(None) => return Validated::default(),
        Err(error) => return component_error(&component.name, &error).into(),
    };
    let script = script_of(context, instance, component, command, Then::Nothing);
    let step = tell::step(&context.journal, &component.name, Phase::Validate.name());
    let bound = instance.configuration.component_settings(&component.name).validate_timeout;
    let environment = instance.environment_of(component);
    match context.runner.run_in_turn(&component.name, &script, &environment, bound, turn).await {
        Ok((finished, output)) => {
            let mut messages = Vec::new();
            if finished.timed_out {
                messages.push(message::phase_timed_out(&component.name, Phase::Validate.name(), bound.as_secs()));
            } else if !finished.status.success() {
                messages.push(message::validate_command_failed(&component.name, finished.status.code()));
            }
            step.ended(finished.status);
            note_left_running(context, component, Phase::Validate, finished);
            Validated { output: Some(output), messages }
        }
        Err(error) => error.message().into(),
    }
}

/// Often it is the rest of a pipeline that had not noticed yet, so this is for who looks for it.
fn note_left_running(context: &Context, component: &Component, phase: Phase, finished: Finished) {
    if finished.left_running {
        let text = format!("commands.{} of {} left processes running, which were ended", phase.name(), component.name);
        context.output.server_command(Severity::Debug, PREPARE, text);
    }
}

/// Registers and configures one component. False when onComponentConfigureFail says that its failure ends the start.
pub(super) async fn configure(context: &Context, instance: &LoadedInstance, component: &Component) -> bool {
    let output = &context.output;
    let ha_id = &instance.configuration.ha_instance.id;
    let mut good = true;
    let commands = [Phase::PreConfigure, Phase::Configure].map(|phase| (phase, component.command(phase)));
    // Most components have nothing to configure, and an environment is as large as the whole configuration.
    let is_needed = !component.manifest.static_definitions.is_empty() || commands.iter().any(|(_, command)| !matches!(command, Ok(None)));
    let mut environment = if is_needed { instance.environment_of(component) } else { Environment::new() };
    let snapshot = workspace::snapshot_path(&instance.workspace, &component.name, ha_id);
    // A snapshot of an earlier run must not be taken for one of this run's.
    if let Err(error) = std::fs::remove_file(&snapshot) {
        if error.kind() != std::io::ErrorKind::NotFound {
            output.message(message::file_not_written(snapshot.display(), error));
            good = false;
        }
    }
    let ha_ids = instance.ha_ids();
    for (phase, command) in commands {
        if phase == Phase::Configure {
            // After preConfigure, which may make what is registered, and before configure, which may change it.
            let outcome = registration::register(component, &environment, instance.place(&ha_ids));
            good &= registered(context, component, outcome);
        }
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
    good &= registered(context, component, registration::after_configure(component, instance.place(&ha_ids)));
    good || instance.configuration.launcher_settings().on_component_configure_fail != OnFailure::Exit
}

/// Says how a registration ended. False when something of it could not be done.
fn registered(context: &Context, component: &Component, outcome: registration::RegistrationOutcome) -> bool {
    let errors = say_registration(context, outcome);
    for error in &errors {
        context.output.message(message::component_error(&component.name, error));
    }
    errors.is_empty()
}

/// Runs one of the two configure commands; its exports are in `environment` and in the snapshot afterwards.
async fn run_configure(
    context: &Context,
    instance: &LoadedInstance,
    component: &Component,
    phase: Phase,
    command: CommandLine,
    environment: &mut Environment,
    snapshot: &Path,
) -> bool {
    let output = &context.output;
    let program = match context.platform.own_program() {
        Ok(program) => program,
        Err(why) => {
            output.message(message::component_error(&component.name, why));
            return false;
        }
    };
    output.server_command(Severity::Info, CONFIGURE, format!("- commands.{} output from {} is:", phase.name(), component.name));
    let script = script_of(context, instance, component, command, Then::Snapshot { program, file: snapshot.to_path_buf() });
    let step = tell::step(&context.journal, &component.name, phase.name());
    let status = match context.runner.run_relaying(&component.name, &script, environment).await {
        Ok(finished) => {
            let status = finished.status;
            step.ended(status);
            note_left_running(context, component, phase, finished);
            status
        }
        Err(error) => {
            output.message(error.message());
            return false;
        }
    };
    // Zowe's server commands look at the code of configure alone.
    let counts = phase == Phase::Configure;
    if !status.success() {
        let said = if counts { message::configure_command_failed } else { message::pre_configure_command_failed };
        output.message(said(&component.name, status.code()));
    }
    match workspace::read_snapshot(&instance.workspace, &component.name, &instance.configuration.ha_instance.id) {
        Ok(exported) => *environment = exported,
        // The command was killed, or replaced the shell: what it was given is what the component gets.
        Err(error) => output.message(message::configured_environment_not_read(&component.name, error)),
    }
    status.success() || !counts
}
