//! From the arguments to an instance: the first lines of a run, load, check, make the workspace, keep others out. The components follow in
//! `components`.

use super::run::{
    Begun, ConditionCode, Context, Event, EventSender, GLOBAL, Generation, LoadedInstance, PREPARE, Prepared, Start, UNBOUNDED_PART,
    failure_message, not_prepared, one_line, refuse,
};
use super::timing::{self, TARGET};
use super::{components, debug, foreground, guard, lock, metrics};
use crate::component::{self, Checked, DirectoryFault, DirectoryProblem, Purpose, Survey};
use crate::config::{self, Cause, Configuration, Environment, Problem, UserSources, Version};
use crate::lifecycle::{startup, workspace};
use crate::message::{self, Message, Severity};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{Instrument, info_span};

/// Bytes of a CONFIG value at most: 17 paths of z/OS, as many as today's launcher takes.
const LONGEST_CONFIG: usize = 17 * 1024;

/// Issues ZWEL0021I to ZWEL0024I.
///
/// # Errors
/// The condition code, after the messages that say why.
pub(super) fn begin(context: &Context, start: &Start) -> Result<Begun, ConditionCode> {
    let output = &context.output;
    let sources = start.config.as_deref().map(config::parse_sources);
    let read = sources.as_ref().and_then(|sources| sources.as_ref().ok());
    let read = read.map(|sources| UserSources::read(sources, &*context.platform));
    let runtime = read.as_ref().and_then(UserSources::runtime_directory);
    // One that is not there is told of when the whole configuration is.
    let zowe = runtime.filter(|runtime| crate::platform::files::may_be_directory(runtime)).map(Version::try_read);
    let version = zowe.as_ref().and_then(|zowe| zowe.as_ref().ok()).map_or("unknown", |zowe| zowe.version.as_str());
    output.message(message::launcher_starting(env!("CARGO_PKG_VERSION"), version));
    output.ruler();
    if let Some(Err(why)) = &zowe {
        output.message(message::manifest_version_not_read(why));
    }
    if let Some(why) = &start.no_console {
        output.message(message::no_operator_console(why));
    }
    let failed = |why: Message| {
        output.message(why);
        output.message(message::no_launcher_context());
        ConditionCode::NotStarted
    };
    let sources = match sources {
        None => return Err(failed(message::variable_not_found("CONFIG"))),
        Some(_) if start.config.as_ref().is_some_and(|config| config.trim_end().len() > LONGEST_CONFIG) => {
            return Err(failed(message::variable_too_large("CONFIG")));
        }
        Some(Err(error)) => return Err(failed(error.message())),
        Some(Ok(sources)) => sources,
    };
    let given = start.config.as_deref().unwrap_or_default();
    output.message(message::configuration_file_is(config::display_given(given, &sources)));
    let [argument] = start.arguments.as_slice() else { return Err(failed(message::invalid_arguments())) };
    let ha_instance = config::ha_instance(config::first_argument(argument), &*context.platform);
    output.message(message::ha_instance_is(&ha_instance.id));
    debug::begun(context, start, &ha_instance);
    Ok(Begun { sources, read: std::sync::Mutex::new(read), ha_instance, foreground: None })
}

/// Loads and prepares the instance.
///
/// # Errors
/// The condition code, after the messages that say why.
pub(super) async fn prepare(context: Arc<Context>, begun: Arc<Begun>, sender: EventSender) -> Result<Prepared, ConditionCode> {
    let begun_at = Instant::now();
    context.goes_on("loading the configuration", UNBOUNDED_PART);
    let reading = read(&context, &begun).instrument(info_span!(target: TARGET, "load"));
    let mut loaded = reading.await.map_err(|messages| refuse(&context, messages))?;
    set_output(&context, &loaded);
    context.output.set_zone(loaded.launcher_settings().zone.clone());
    context.output.set_verbosity(context.output.verbosity().max(debug::verbosity(&loaded)));
    debug::loaded(&context.output, &loaded);
    foreground::begin(&context, &begun, &mut loaded)?;
    let (configuration, checked) = check(&context, loaded).instrument(info_span!(target: TARGET, "check")).await?;
    let runtime = configuration.runtime_directory().filter(|_| !checked.directories.iter().any(|fault| fault.purpose == Purpose::Runtime));
    let runtime = runtime.map(|runtime| enter_runtime(&context, runtime)).transpose()?;
    debug::surveyed(&context.output, &configuration, &checked.survey);
    report(&context, &checked)?;
    let warnings = checked.problems.iter().filter(|problem| !problem.error).map(ToString::to_string).collect();
    let runtime = runtime.ok_or(ConditionCode::NotStarted)?;
    let watch = foreground::watch(&context, &begun, &checked.survey, sender.clone())?;
    let workspace = make_workspace(&context, &configuration)?;
    let lock = lock::lock(&context, &workspace, &begun.ha_instance.id)?;
    // The owner has gone: it ends.
    let _ = sender.send(Event::Admitted);
    open_journal(&context, &configuration);
    guard::end_leftovers(&context, &workspace, &begun.ha_instance.id).await?;
    guard::remove_left_over_ipc(&context).await;
    begin_prepare(&context, &configuration, &runtime, &workspace);
    let environment = instance_environment(&context, &configuration, &workspace, &checked.survey);
    context.runner.show_variables(&environment);
    let instance = Arc::new(LoadedInstance::new(configuration, &checked.survey.installed, (runtime, workspace), environment));
    context.goes_on("making the start-up checks", UNBOUNDED_PART);
    startup_checks(&context, &begun, &instance, checked.survey.clone()).instrument(info_span!(target: TARGET, "startup checks")).await?;
    if begun.foreground.is_none() {
        metrics::apply(&context, &instance, &sender).await;
    }
    let generation = Arc::new(Generation { instance: Arc::clone(&instance), survey: checked.survey.clone(), warnings });
    let launched = components::prepare_components(&context, &begun, &instance, checked.survey).await?;
    let (elapsed, timed) = (begun_at.elapsed(), context.timing.take());
    report_timing(&context, elapsed, timed.clone());
    let prepared = Prepared { generation, launched, elapsed, timed, held: [Box::new(lock), Box::new(watch)] };
    debug::prepared(&context.output, &prepared);
    Ok(prepared)
}

/// From here on what the journal was told is in its file. Not before the instance is this launcher's alone.
fn open_journal(context: &Context, configuration: &Configuration) {
    let Some(settings) = configuration.journal() else { return context.journal.off() };
    let path = settings.path.clone();
    context.output.keep_index();
    match context.journal.open(settings, &configuration.ha_instance.id) {
        Ok(()) => context.output.message(message::journal_is(path.display())),
        Err(error) => context.output.message(message::journal_not_written(path.display(), error)),
    }
}

/// Users wait for minutes for some instances and wonder what for.
fn report_timing(context: &Context, elapsed: Duration, timed: Vec<timing::Timed>) {
    context.output.message(message::prepared_in(format!("{:.3}", elapsed.as_secs_f64()), timing::parts(&timed)));
    for line in timing::slowest(timed) {
        context.output.server_command(Severity::Debug, PREPARE, line);
    }
}

/// Which lines go to the operator and by which codes, and how long one may be, as this configuration says.
pub(super) fn set_output(context: &Context, configuration: &Configuration) {
    let output = &context.output;
    let settings = configuration.launcher_settings();
    context.platform.set_wto_codes(settings.wto_codes.clone());
    output.set_rules(crate::output::WtoRules::new(&settings.sys_messages, settings.sys_message_trim, settings.wto));
    output.set_max_line(configuration.max_line());
}

/// Loads the configuration on a thread of its own: a template may take its two seconds, and operators are answered meanwhile.
///
/// # Errors
/// The messages that say why.
pub(super) async fn load(context: &Arc<Context>, begun: &Arc<Begun>) -> Result<Configuration, Vec<Message>> {
    let loaded = read(context, begun).await?;
    debug::loaded(&context.output, &loaded);
    Ok(loaded)
}

async fn read(context: &Arc<Context>, begun: &Arc<Begun>) -> Result<Configuration, Vec<Message>> {
    let (platform, begun) = (Arc::clone(&context.platform), Arc::clone(begun));
    let loaded = tokio::task::spawn_blocking(move || {
        let read = begun.read.lock().ok().and_then(|mut read| read.take());
        let read = read.unwrap_or_else(|| UserSources::read(&begun.sources, &*platform));
        // The settings are read when they are first asked for, and the time zone is a file.
        Configuration::from_sources(read, &begun.ha_instance, &*platform).inspect(|configuration| {
            configuration.launcher_settings();
        })
    })
    .await;
    match loaded {
        Ok(Ok(configuration)) => Ok(configuration),
        Ok(Err(error)) => Err(error.messages().into_iter().chain([message::configurations_not_loaded()]).collect()),
        Err(error) => Err(vec![message::internal_error(error), message::configurations_not_loaded()]),
    }
}

/// The runtime directory, which was looked at before, becomes the working directory.
fn enter_runtime(context: &Context, runtime: PathBuf) -> Result<PathBuf, ConditionCode> {
    if std::env::set_current_dir(&runtime).is_err() {
        return Err(refuse(context, [message::directory_not_found("ROOT_DIR", runtime.display())]));
    }
    context.platform.use_runtime(&runtime);
    context.output.message(message::root_directory_is(runtime.display()));
    Ok(runtime)
}

/// Checks everything that can be checked with nothing written, on a thread of its own: operators are answered meanwhile.
async fn check(context: &Arc<Context>, mut configuration: Configuration) -> Result<(Configuration, Checked), ConditionCode> {
    let platform = Arc::clone(&context.platform);
    let checked = tokio::task::spawn_blocking(move || {
        let checked = component::check(&configuration, &*platform);
        // Nothing asks for the schemas as long as this configuration is run.
        configuration.forget_judgement();
        (configuration, checked)
    });
    checked.await.map_err(|_| refuse(context, [message::validation_failed_internally()]))
}

/// The status of Zowe's configuration manager for a schema that it cannot use.
const BAD_SCHEMA: u32 = 5;

/// Says everything that is wrong or odd: directories and components each with their message, the rest as lines after ZWEL0070E.
///
/// # Errors
/// The condition code when anything keeps the instance from starting.
fn report(context: &Context, checked: &Checked) -> Result<(), ConditionCode> {
    let output = &context.output;
    let mut failed = false;
    for problem in &checked.directories {
        for message in directory_messages(context, problem) {
            failed |= message.severity() == Severity::Error;
            output.message(message);
        }
    }
    let unknown = checked.directories.iter().filter(|problem| matches!(problem.fault, DirectoryFault::Unknown(_)));
    let unknown: Vec<Problem> = unknown.map(DirectoryProblem::problem).collect();
    let (errors, warnings): (Vec<&Problem>, Vec<&Problem>) = checked.problems.iter().chain(&unknown).partition(|problem| problem.error);
    for warning in warnings.into_iter().chain(&checked.unrunnable) {
        output.message(message::configuration_warning(warning));
    }
    if !errors.is_empty() {
        failed = true;
        if errors.iter().any(|error| error.cause == Cause::Schema) {
            output.message(message::schemas_not_loaded(BAD_SCHEMA));
        }
        output.message(message::configuration_has_exceptions());
        output.lines(errors.iter().map(|error| format!("  {}\n", one_line(error))).collect::<String>().into_bytes());
    } else if !failed {
        output.message(message::configuration_is_valid());
    }
    let mut unprepared = false;
    for failure in &checked.survey.failures {
        let Some(message) = failure_message(failure) else { continue };
        unprepared |= message.severity() == Severity::Error;
        output.message(message);
    }
    if unprepared {
        not_prepared(context).into_iter().for_each(|message| output.message(message));
    }
    if failed || unprepared { Err(ConditionCode::NotStarted) } else { Ok(()) }
}

/// The messages that operators know for a directory that cannot be used.
fn directory_messages(context: &Context, problem: &DirectoryProblem) -> Vec<Message> {
    let path = problem.path.display();
    match (problem.purpose, &problem.fault) {
        (Purpose::Runtime, DirectoryFault::NotDefined) => vec![message::no_root_directory()],
        (Purpose::Runtime, DirectoryFault::Empty) => vec![message::root_directory_empty()],
        (Purpose::Runtime, _) => vec![message::directory_not_found("ROOT_DIR", path)],
        // The reason stands among the errors of the configuration.
        (Purpose::Extensions, DirectoryFault::Unknown(_)) => Vec::new(),
        (Purpose::Extensions, _) => vec![message::configuration_warning(problem.problem())],
        (_, DirectoryFault::NotDefined) => vec![message::workspace_directory_not_defined(), message::no_workspace_directory()],
        (_, DirectoryFault::Empty) => vec![message::workspace_directory_empty()],
        (_, DirectoryFault::NotWritable) => vec![message::no_write_permission(context.platform.user_id(), path)],
        (Purpose::Workspace, _) => vec![message::workspace_not_created(path)],
        (Purpose::Logs, DirectoryFault::CannotBeMade(why)) => vec![message::directory_not_created(path, why)],
        (Purpose::Logs, fault) => vec![message::directory_not_created(path, fault)],
    }
}

fn make_workspace(context: &Context, configuration: &Configuration) -> Result<PathBuf, ConditionCode> {
    let Some(workspace) = configuration.workspace_directory() else { return Err(refuse(context, [message::no_workspace_directory()])) };
    let text = workspace.display();
    if workspace::make_directory(&workspace, 0o770).is_err() {
        return Err(refuse(context, [message::workspace_not_created(&text)]));
    }
    check_writable(context, &workspace)?;
    context.output.message(message::workspace_directory_is(&text));
    if let Some(logs) = configuration.log_directory() {
        if let Err(error) = workspace::make_directory(&logs, 0o750) {
            return Err(refuse(context, [message::directory_not_created(logs.display(), error)]));
        }
        check_writable(context, &logs)?;
    }
    if let Err(error) = workspace::make_directories(&workspace) {
        return Err(refuse(context, [message::file_not_written(&text, error)]));
    }
    Ok(workspace)
}

fn check_writable(context: &Context, directory: &Path) -> Result<(), ConditionCode> {
    if context.platform.is_writable_directory(directory) {
        Ok(())
    } else {
        Err(refuse(context, [message::no_write_permission(context.platform.user_id(), directory.display())]))
    }
}

/// The first lines of the prepare step.
fn begin_prepare(context: &Context, configuration: &Configuration, runtime: &Path, workspace: &Path) {
    let output = &context.output;
    let version = Version::read(runtime);
    let unknown = || "unknown".to_owned();
    let number = version.as_ref().map_or_else(unknown, |version| version.version.clone());
    output.server_command(Severity::Info, PREPARE, format!("Zowe version: v{number}"));
    let build = version.and_then(|version| version.build).unwrap_or_else(unknown);
    output.server_command(Severity::Info, PREPARE, format!("build and hash: {build}"));
    let ha_id = &configuration.ha_instance.id;
    output.server_command(
        Severity::Info,
        PREPARE,
        format!("starting Zowe instance {ha_id} with {} ...", workspace::merged_file(workspace).display()),
    );
    output.server_command(Severity::Info, GLOBAL, "process global validations ...");
}

/// Makes the start-up checks and says everything that they found.
///
/// # Errors
/// The condition code when anything of it ends the start.
async fn startup_checks(context: &Context, begun: &Begun, instance: &LoadedInstance, mut survey: Survey) -> Result<(), ConditionCode> {
    // What the others need is nothing to a component in the foreground: they may be running this very moment.
    if let Some(foreground) = &begun.foreground {
        survey.launched.retain(|name| *name == foreground.name);
    }
    let subject = startup::Subject {
        platform: &*context.platform,
        configuration: &instance.configuration,
        survey: &survey,
        environment: &instance.environment,
        runner: &context.runner,
    };
    let findings = startup::check(subject).await;
    for finding in &findings {
        context.output.message(finding.message());
    }
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(refuse(context, not_prepared(context)));
    }
    Ok(())
}

/// The variables that all components have in common.
pub(super) fn instance_environment(context: &Context, configuration: &Configuration, workspace: &Path, survey: &Survey) -> Environment {
    let inherited = crate::platform::unix::process::inherited_environment();
    let merged_file = workspace::merged_file(workspace);
    let config = (context.config_text.as_str(), Some(merged_file.as_path()));
    component::instance_environment(&*context.platform, configuration, survey, config, Some(&inherited))
}
