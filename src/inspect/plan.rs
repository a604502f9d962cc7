//! `plan`: what a start would do.

use super::Report;
use crate::component::{self, Component, Listener, Phase, ProbeKind, Question, Survey};
use crate::config::settings::{Row, SETTINGS};
use crate::config::{Configuration, display_sources, secrets};
use crate::lifecycle::workspace::{self, ENVIRONMENT_DIRECTORY, snapshot_path};
use crate::lifecycle::{LIBRARY, Shells, registration};
use crate::platform::Platform;
use crate::processes::leftovers;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What [`super::check()`] says, components in play and why not the others, the commands that would run in their order, the settings in
/// force and where they were set, and the files that would be written; and the exit code of the check.
pub fn plan(configuration: &Configuration, platform: &dyn Platform) -> (String, u8) {
    let mut text = String::new();
    let checked = component::check(configuration, platform);
    let report = Report::of(configuration, &checked);
    // Writing to a String does not fail.
    let _ = write_plan(&mut text, configuration, &checked.survey, &report);
    (text, report.exit_code())
}

/// The same for tools, and the exit code of the check.
pub fn plan_json(configuration: &Configuration, platform: &dyn Platform) -> (Value, u8) {
    let checked = component::check(configuration, platform);
    let report = Report::of(configuration, &checked);
    let survey = &checked.survey;
    let listeners = component::all_listeners(configuration, &survey.installed);
    let started = survey.launched.iter().map(|name| {
        let settings = configuration.component_settings(name);
        let component = survey.in_play.iter().find(|component| component.name == *name);
        let rule =
            |question, none: &str| component.map_or_else(|| none.to_owned(), |component| rule(configuration, component, question, none));
        let ports = component::ports_of(&listeners, name).into_iter().map(|(name, port)| json!({"name": name, "port": port}));
        json!({
            "name": name,
            "jobName": component::job_name_of(name, configuration),
            "ports": ports.collect::<Vec<_>>(),
            "waitsFor": component.map(|component| component::needs(configuration, component)).unwrap_or_default(),
            "ready": rule(Question::Readiness, "when it runs"),
            "alive": rule(Question::Liveness, "while it runs"),
            "restartIntervalSeconds": settings.restart_intervals.iter().map(Duration::as_secs).collect::<Vec<_>>(),
            "minUptimeSeconds": settings.min_uptime.as_secs(),
            "stopGraceSeconds": settings.stop_grace.as_secs(),
            "shareAs": settings.share_as.name(),
        })
    });
    let not_started = survey.not_launched.iter().map(|(name, reason)| json!({"name": name, "reason": reason.to_string()}));
    let configured = configuration.component_names();
    let not_configured = survey.installed.iter().filter(|component| !configured.contains(&component.name)).map(|one| one.name.as_str());
    let commands = in_order(configuration, survey).into_iter().filter_map(|(component, phase)| match component.command(phase) {
        Ok(None) => None,
        Ok(Some(command)) => Some(json!({
            "phase": phase.name(), "component": component.name, "file": command.file.display().to_string(),
            "arguments": command.arguments, "fault": null,
        })),
        Err(error) => Some(json!({
            "phase": phase.name(), "component": component.name, "file": null, "arguments": [], "fault": error.to_string(),
        })),
    });
    let settings = of_the_instance().map(|setting| {
        let name = setting.places().first().copied().unwrap_or_default();
        match configuration.setting_in_force(*setting, "") {
            None => json!({"property": name, "value": setting.default_text(), "default": true, "place": null}),
            Some((path, value)) => {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let place = configuration.place(&path).to_string();
                json!({"property": name, "value": secrets::masked(value), "default": false, "place": place})
            }
        }
    });
    let value = json!({
        "haInstance": configuration.ha_instance.id,
        "configuration": display_sources(&configuration.sources),
        "exitCode": report.exit_code(),
        "check": serde_json::from_str::<Value>(&report.json()).unwrap_or_default(),
        "started": started.collect::<Vec<_>>(),
        "notStarted": not_started.collect::<Vec<_>>(),
        "notConfigured": not_configured.collect::<Vec<_>>(),
        "commands": commands.collect::<Vec<_>>(),
        "settings": settings.collect::<Vec<_>>(),
        "written": written(configuration, survey).iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    });
    (value, report.exit_code())
}

/// The settings that are not those of a component.
fn of_the_instance() -> impl Iterator<Item = &'static &'static dyn Row> {
    SETTINGS.iter().filter(|setting| !setting.places().iter().any(|place| place.contains('*')))
}

/// The phases of the components in play, in the order in which their commands run.
fn in_order<'a>(configuration: &Configuration, survey: &'a Survey) -> Vec<(&'a Component, Phase)> {
    let mut all = Vec::new();
    for phases in [&[Phase::Validate][..], &[Phase::PreConfigure, Phase::Configure], &[Phase::Start]] {
        for component in &survey.in_play {
            // The components that API ML as one process replaces are not started.
            let phases = phases.iter().filter(|phase| **phase != Phase::Start || !configuration.is_suppressed(&component.name));
            all.extend(phases.map(|phase| (component, *phase)));
        }
    }
    all
}

fn write_plan(text: &mut String, configuration: &Configuration, survey: &Survey, report: &Report) -> std::fmt::Result {
    writeln!(text, "HA instance {}, configuration {}", configuration.ha_instance.id, display_sources(&configuration.sources))?;
    writeln!(text, "\nWhat check says:")?;
    report.text().lines().try_for_each(|line| writeln!(text, "  {line}"))?;
    if report.counts().0 > 0 {
        writeln!(text, "With errors nothing is started. Without them:")?;
    }
    writeln!(text, "\nComponents that are started, in this order:")?;
    if survey.launched.is_empty() {
        writeln!(text, "  none")?;
    }
    let listeners = component::all_listeners(configuration, &survey.installed);
    for name in &survey.launched {
        let settings = configuration.component_settings(name);
        writeln!(
            text,
            "  {name}: restart after {} s, up after {} s, stop within {} s, share_as={}",
            seconds(&settings.restart_intervals),
            settings.min_uptime.as_secs(),
            settings.stop_grace.as_secs(),
            settings.share_as.name()
        )?;
        if let Some(component) = survey.in_play.iter().find(|component| component.name == *name) {
            write_component(text, configuration, &listeners, component)?;
        }
    }
    writeln!(text, "\nComponents that are not started:")?;
    for (name, reason) in &survey.not_launched {
        writeln!(text, "  {name}: {reason}")?;
    }
    let configured = configuration.component_names();
    for component in survey.installed.iter().filter(|component| !configured.contains(&component.name)) {
        writeln!(text, "  {}: installed, not configured", component.name)?;
    }
    writeln!(text, "\nCommands, in this order:")?;
    write_shell(text, configuration)?;
    in_order(configuration, survey).into_iter().try_for_each(|(component, phase)| write_command(text, component, phase))?;
    writeln!(text, "\nSettings in force (those of the components stand above):")?;
    for setting in of_the_instance() {
        let name = setting.places().first().copied().unwrap_or_default();
        match configuration.setting_in_force(*setting, "") {
            None => writeln!(text, "  {name}: {} (default)", setting.default_text())?,
            Some((path, value)) => {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let value = secrets::masked(value);
                writeln!(text, "  {name}: {value} ({})", configuration.place(&path))?;
            }
        }
    }
    writeln!(text, "\nFiles and directories that are written, made where they are missing:")?;
    for path in written(configuration, survey) {
        writeln!(text, "  {}", path.display())?;
    }
    Ok(())
}

/// Job name, ports, what it waits for and when it counts as ready.
fn write_component(text: &mut String, configuration: &Configuration, listeners: &[Listener], component: &Component) -> std::fmt::Result {
    let job = component::job_name_of(&component.name, configuration);
    writeln!(text, "    job name: {}", job.as_deref().unwrap_or("none of its own"))?;
    let ports = component::ports_of(listeners, &component.name);
    let ports: Vec<String> = ports.into_iter().map(|(name, port)| format!("{port} ({name})")).collect();
    writeln!(text, "    port: {}", if ports.is_empty() { "none that is known".to_owned() } else { ports.join(", ") })?;
    let needed = component::needs(configuration, component);
    if !needed.is_empty() {
        writeln!(text, "    waits for: {}", needed.join(", "))?;
    }
    writeln!(text, "    ready: {}", rule(configuration, component, Question::Readiness, "when it runs"))?;
    writeln!(text, "    alive: {}", rule(configuration, component, Question::Liveness, "while it runs"))
}

/// The rule of a probe in words; `none` where there is no probe.
fn rule(configuration: &Configuration, component: &Component, question: Question, none: &str) -> String {
    let probe = match component::probe(configuration, component, question) {
        Ok(Some(probe)) => probe,
        Ok(None) => return none.to_owned(),
        Err(_) => return format!("{none}, as its setting cannot be used"),
    };
    let often = format!("every {} s", probe.interval.as_secs());
    match probe.kind {
        ProbeKind::Log { texts, file } => {
            let texts: Vec<String> = texts.iter().map(|text| format!("'{}'", text.escape_debug())).collect();
            let of = file.map_or_else(|| "its output".to_owned(), |file| file.display().to_string());
            format!("when a line of {of} holds {}", texts.join(" or "))
        }
        ProbeKind::Tcp { host, port } => format!("when {host}:{port} accepts a connection, asked {often}"),
        ProbeKind::Http { secure, host, port, path, status } => {
            let scheme = if secure { "https" } else { "http" };
            let status = status.map_or_else(|| "200 to 399".to_owned(), |status| status.to_string());
            format!("when GET {scheme}://{host}:{port}{path} gives {status}, asked {often}")
        }
        ProbeKind::Command { file, arguments } => {
            let words: Vec<&str> = std::iter::once(file.as_str()).chain(arguments.iter().map(String::as_str)).collect();
            format!("when {} ends with 0, asked {often}", words.join(" "))
        }
    }
}

/// What a start leaves in the workspace and the log directory: directories end with `/`.
fn written(configuration: &Configuration, survey: &Survey) -> Vec<PathBuf> {
    let directory = |path: &Path| path.join("");
    let mut paths: Vec<PathBuf> = configuration.log_directory().iter().map(|path| directory(path)).collect();
    let logs = survey.launched.iter().filter_map(|name| configuration.component_log(name));
    paths.extend(logs.map(|log| log.path));
    paths.extend(configuration.journal().map(|journal| journal.path));
    let Some(workspace) = configuration.workspace_directory() else { return paths };
    let ha_id = &configuration.ha_instance.id;
    let private = workspace.join(ENVIRONMENT_DIRECTORY);
    paths.push(directory(&workspace));
    paths.extend(workspace::directories(&workspace).map(|path| directory(&path)));
    let of_instance = [format!(".zowe-{ha_id}.json"), format!(".instance-{ha_id}.env"), format!(".{ha_id}.lock")];
    for name in [".zowe.json", ".zowe-merged.yaml", ".lock"].into_iter().chain(of_instance.iter().map(String::as_str)) {
        paths.push(private.join(name));
    }
    if configuration.overlay().is_some() {
        paths.push(private.join(format!(".zowe-{ha_id}-merged.yaml")));
    }
    paths.push(leftovers::record_path(&private, ha_id));
    if configuration.runtime_directory().is_some_and(|runtime| crate::platform::files::may_exist(&runtime.join("manifest.json"))) {
        paths.push(workspace.join("manifest.json"));
    }
    for component in &survey.installed {
        let own = private.join(&component.name);
        paths.push(own.join(format!(".instance-{ha_id}.env")));
        if component.manifest.configs.as_object().is_some_and(|configs| !configs.is_empty()) {
            paths.push(own.join(format!(".configs-{ha_id}.json")));
        }
    }
    survey.in_play.iter().for_each(|component| registered(component, &workspace, ha_id, &mut paths));
    paths
}

/// What configure leaves of one component: the copy of its manifest, its environment snapshot and its registration.
fn registered(component: &Component, workspace: &Path, ha_id: &str, paths: &mut Vec<PathBuf>) {
    let manifest = &component.manifest;
    if let Some(name) = component.manifest_file.file_name() {
        paths.push(workspace.join(ENVIRONMENT_DIRECTORY).join(&component.name).join(name));
    }
    if [Phase::PreConfigure, Phase::Configure].iter().any(|phase| matches!(component.command(*phase), Ok(Some(_)))) {
        paths.push(snapshot_path(workspace, &component.name, ha_id));
    }
    if manifest.registers_anything() {
        paths.push(registration::list_path(workspace, &component.name, ha_id));
    }
    for definition in &manifest.static_definitions {
        paths.push(workspace.join("api-mediation/api-defs").join(registration::definition_name(&component.name, &definition.file, ha_id)));
    }
    for (kind, libraries) in
        [("gateway", &manifest.gateway_shared_libs), ("zaas", &manifest.zaas_shared_libs), ("discovery", &manifest.discovery_shared_libs)]
    {
        if !libraries.is_empty() {
            let target = workspace.join(kind).join("sharedLibs").join(&component.name);
            paths.push(target.join(""));
            for library in libraries {
                let Ok(source) = component.file("sharedLibs", library) else { continue };
                match source.file_name() {
                    _ if crate::platform::files::may_be_directory(&source) => {
                        if let Err(error) = copies(&source, &target, 0, paths) {
                            // In the place of their names.
                            paths.push(target.join(format!("(the files of {} are not known: {error})", source.display())));
                        }
                    }
                    Some(name) => paths.push(target.join(name)),
                    None => {}
                }
            }
            paths.extend(component.manifest_file.file_name().map(|name| target.join(name)));
        }
    }
    for plugin in &manifest.app_framework_plugins {
        if let Ok(definition) = component.plugin_definition(plugin) {
            paths.push(workspace.join("app-server/plugins").join(format!("{}.json", definition.identifier)));
        }
    }
}

/// The files that the content of a directory becomes.
fn copies(directory: &Path, target: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    const DEEPEST: usize = 32;
    let mut found: Vec<PathBuf> = crate::platform::files::entries(directory)?.iter().map(std::fs::DirEntry::path).collect();
    found.sort();
    for path in found {
        let Some(name) = path.file_name() else { continue };
        match crate::platform::files::may_be_directory(&path) {
            true if depth < DEEPEST => copies(&path, &target.join(name), depth + 1, paths)?,
            // Its registration is refused.
            true => {}
            false => paths.push(target.join(name)),
        }
    }
    Ok(())
}

/// The shell that runs the commands, if it is not the usual one or is not able to run them.
fn write_shell(text: &mut String, configuration: &Configuration) -> std::fmt::Result {
    let has_library = configuration.runtime_directory().is_some_and(|runtime| crate::platform::files::may_be_file(&runtime.join(LIBRARY)));
    let shells = Shells::find();
    match (shells.reason(), shells.warning()) {
        (Some(reason), _) if has_library => writeln!(text, "  (by {}: {reason})", shells.with(true).display()),
        (_, Some(warning)) if has_library => writeln!(text, "  (WARNING {warning})"),
        _ => Ok(()),
    }
}

fn write_command(text: &mut String, component: &Component, phase: Phase) -> std::fmt::Result {
    match component.command(phase) {
        Ok(Some(command)) => {
            let arguments: String = command.arguments.iter().map(|argument| format!(" {argument}")).collect();
            writeln!(text, "  {} {}: {}{arguments}", phase.name(), component.name, command.file.display())
        }
        Ok(None) => Ok(()),
        Err(error) => writeln!(text, "  {} {}: cannot run: {error}", phase.name(), component.name),
    }
}

fn seconds(intervals: &[Duration]) -> String {
    if intervals.is_empty() {
        return "no".into();
    }
    intervals.iter().map(|interval| interval.as_secs().to_string()).collect::<Vec<_>>().join(" ")
}
