//! `plan`: what a start would do.

use crate::component::{Component, Phase, Survey};
use crate::config::settings::SETTINGS;
use crate::config::{Configuration, display_sources, secrets};
use crate::lifecycle::workspace::{ENVIRONMENT_DIRECTORY, snapshot_path};
use crate::lifecycle::{LIBRARY, Shells, registration};
use crate::supervisor::leftovers;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Components in play and why not the others, the commands that would run in their order, the settings in force and where they were set,
/// and the files that would be written.
pub fn plan(configuration: &Configuration, survey: &Survey) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_plan(&mut text, configuration, survey);
    text
}

fn write_plan(text: &mut String, configuration: &Configuration, survey: &Survey) -> std::fmt::Result {
    writeln!(text, "HA instance {}, configuration {}", configuration.ha_instance.id, display_sources(&configuration.sources))?;
    writeln!(text, "\nComponents that are started, in this order:")?;
    if survey.launched.is_empty() {
        writeln!(text, "  none")?;
    }
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
    for phases in [&[Phase::Validate][..], &[Phase::PreConfigure, Phase::Configure], &[Phase::Start]] {
        for component in &survey.in_play {
            for phase in phases {
                // What API ML as one process takes the place of is not started.
                if *phase != Phase::Start || !configuration.is_suppressed(&component.name) {
                    write_command(text, component, *phase)?;
                }
            }
        }
    }
    writeln!(text, "\nSettings in force (those of the components stand above):")?;
    for setting in SETTINGS.iter().filter(|setting| !setting.places.iter().any(|place| place.contains('*'))) {
        let name = setting.places.first().copied().unwrap_or_default();
        match configuration.setting_in_force(setting, "") {
            None => writeln!(text, "  {name}: {} (default)", setting.default)?,
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

/// What a start leaves in the workspace and the log directory: directories end with `/`.
fn written(configuration: &Configuration, survey: &Survey) -> Vec<PathBuf> {
    let directory = |path: &Path| path.join("");
    let mut paths: Vec<PathBuf> = configuration.log_directory().iter().map(|path| directory(path)).collect();
    let Some(workspace) = configuration.workspace_directory() else { return paths };
    let ha_id = &configuration.ha_instance.id;
    let private = workspace.join(ENVIRONMENT_DIRECTORY);
    paths.push(directory(&workspace));
    for name in
        [".zowe.json", &format!(".zowe-{ha_id}.json"), ".zowe-merged.yaml", &format!(".instance-{ha_id}.env"), &format!(".{ha_id}.lock")]
    {
        paths.push(private.join(name));
    }
    if configuration.overlay.is_some() {
        paths.push(private.join(format!(".zowe-{ha_id}-merged.yaml")));
    }
    paths.push(leftovers::record_path(&private, ha_id));
    if configuration.runtime_directory().is_some_and(|runtime| runtime.join("manifest.json").exists()) {
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
            paths.push(workspace.join(kind).join("sharedLibs").join(&component.name).join(""));
        }
    }
    for plugin in &manifest.app_framework_plugins {
        if let Ok(definition) = component.plugin_definition(plugin) {
            paths.push(workspace.join("app-server/plugins").join(format!("{}.json", definition.identifier)));
        }
    }
}

/// The shell that runs them, where it is not the usual one or will not do.
fn write_shell(text: &mut String, configuration: &Configuration) -> std::fmt::Result {
    let has_library = configuration.runtime_directory().is_some_and(|runtime| crate::platform::files::is_file(&runtime.join(LIBRARY)));
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
