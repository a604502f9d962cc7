//! The differences that a loaded configuration and its components tell. Pure, but for the sizes of files, which are asked for.

use super::Difference;
use crate::component::{Component, ComponentError, Phase, Survey};
use crate::config::settings::{MINIMUM_UPTIME, ON_ALL_FAILED, START_RUNNING};
use crate::config::{Configuration, normalize_id, variables};
use serde_json::Value;
use std::path::Path;

/// As many components as ZWELNCH had room for.
const MAXIMUM_COMPONENTS: usize = 128;
/// As many bytes as it had room for their names, joined with commas.
const MAXIMUM_LIST: usize = 1024;
/// The number of component schemas at which its prepare step ended abnormally.
const MAXIMUM_SCHEMAS: usize = 70;
/// The size of a pipe: it wrote a start script into one that nobody read yet.
const PIPE: u64 = 64 * 1024;
/// The minUptime that it used, whatever was configured.
const ITS_MINIMUM_UPTIME: u64 = 90;

/// All of them, in the order of an instance's life.
pub(super) fn differences(configuration: &Configuration, survey: &Survey, size: &dyn Fn(&Path) -> Option<u64>) -> Vec<Difference> {
    let mut differences = upper_case(configuration);
    differences.extend(no_overlay(configuration));
    differences.extend(environments(configuration));
    differences.extend(patterns(configuration));
    differences.extend(nulls(configuration));
    differences.extend(job_name(configuration));
    differences.extend(not_installed(survey));
    differences.extend(limits(configuration, survey));
    for component in &survey.in_play {
        differences.extend(registration(component));
        differences.extend(long_script(component, size));
        differences.extend(default_scripts(component));
        differences.extend(outside(component));
    }
    differences.extend(order(configuration, survey));
    differences.extend(minimum_uptime(configuration, survey));
    differences.extend(policies(configuration, survey));
    differences
}

/// The instance's key of haInstances where ZWELNCH never found it, as it looked for the id in lower case.
fn upper_case(configuration: &Configuration) -> Vec<Difference> {
    let own = |id: &String| normalize_id(id) == configuration.ha_instance.id;
    let ids = configuration.instance_ids().into_iter().filter(own);
    let ids = ids.filter(|id| id.chars().any(|character| character.is_ascii_uppercase()));
    let difference = |id: String| {
        let path = ["haInstances", id.as_str()];
        Difference::new(
            "ha-instance-case",
            Some(configuration.place(&path)),
            "never found this HA instance, as its key is not in lower case, and ran it without the overlay, silently",
            "finds it: the overlay is in force",
        )
        .about(&path)
        .action(format!("read what haInstances.{id} sets: it has not been in force so far"))
    };
    ids.map(difference).collect()
}

/// haInstances has no entry for the system name that the placeholder stands for: a warning now.
fn no_overlay(configuration: &Configuration) -> Option<Difference> {
    let named = !configuration.ha_instance.id.is_empty() && configuration.overlay().is_none() && !configuration.instance_ids().is_empty();
    named.then(|| {
        let before = format!("ran '{}' without an overlay, silently", configuration.ha_instance.id);
        Difference::new("no-overlay", Some(configuration.place(&["haInstances"])), before, "does the same and says so (ZWEL0916W)")
            .about(&["haInstances"])
            .action("give HAINST on START, or add the system's name to haInstances")
    })
}

/// Variables that ZWELNCH mangled, or that could break a run.
fn environments(configuration: &Configuration) -> Vec<Difference> {
    let Some(map) = configuration.get(&["zowe", "environments"]).and_then(Value::as_object) else { return Vec::new() };
    let mut differences = Vec::new();
    for (name, value) in map {
        let path = ["zowe", "environments", name.as_str()];
        let place = Some(configuration.place(&path));
        if variables::PROTECTED.contains(&name.as_str()) {
            let found = Difference::new(
                "environments-protected",
                place,
                "let it replace the launcher's own value",
                "keeps the launcher's own value",
            );
            differences.push(found.about(&path).action("delete the entry: nothing reads it"));
        } else if let Some(text) = value.as_str().filter(|text| text.contains(['$', '`', '"', '\'', '\\', '\n'])) {
            let mut special: Vec<String> =
                "$`\"'\\\n".chars().filter(|special| text.contains(*special)).map(|special| special.escape_default().to_string()).collect();
            special.dedup();
            let before = format!("passed the value through shells, which changed {} in it", special.join(" "));
            let found = Difference::new("environments-bytes", place, before, "hands the value on byte for byte");
            differences.push(
                found.about(&path).action("take out what was written only to get the value through: doubled backslashes, quotes around it"),
            );
        }
    }
    differences
}

/// Texts of zowe.sysMessages that are patterns now.
fn patterns(configuration: &Configuration) -> Vec<Difference> {
    let texts = &configuration.launcher_settings().sys_messages;
    let difference = |(index, text): (usize, &String)| {
        let path = ["zowe", "sysMessages", &index.to_string()].map(str::to_owned);
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let text = text.escape_debug();
        Difference::new(
            "sys-messages-pattern",
            Some(configuration.place(&steps)),
            format!("looked for '{text}' as it is written, with the asterisk"),
            format!("takes '{text}' as a pattern, in which * stands for any characters"),
        )
        .about(&steps)
        .action("see whether the lines that it sends to the console now are wanted there")
    };
    texts.iter().enumerate().filter(|(_, text)| text.contains('*')).map(difference).collect()
}

/// null where a schema wants a text.
fn nulls(configuration: &Configuration) -> Vec<Difference> {
    let accepted = configuration.validate().into_iter().filter(|problem| !problem.error);
    let is_null = |property: &str| {
        let steps: Vec<&str> = property.split('.').collect();
        matches!(configuration.get(&steps), Some(Value::Null))
    };
    let nulls = accepted.filter(|problem| problem.property.as_deref().is_some_and(is_null));
    let difference = |problem: crate::config::Problem| Difference {
        property: problem.property.clone().unwrap_or_default(),
        ..Difference::new("null", problem.place, "accepted null here, silently", "accepts it with a warning (ZWEL0916W)")
            .action("delete the key, or give it a value")
    };
    nulls.map(difference).collect()
}

fn job_name(configuration: &Configuration) -> Option<Difference> {
    let path = ["zowe", "job", "name"];
    let name = configuration.get(&path)?.as_str().filter(|name| name.chars().count() >= 8)?;
    let found = Difference::new(
        "job-name",
        Some(configuration.place(&path)),
        format!("ran as '{}' and said nothing: operator commands could hit its child address spaces", name.escape_debug()),
        "runs, and says so (ZWEL0913W)",
    );
    Some(found.about(&path).action("give the job a name of at most 7 characters, with JOBNAME= on START too"))
}

fn not_installed(survey: &Survey) -> Vec<Difference> {
    let missing = survey.failures.iter().filter(|failure| matches!(failure.error, ComponentError::NotInstalled { .. }));
    let difference = |failure: &crate::component::Failure| {
        Difference::new(
            "not-installed",
            failure.place.clone(),
            "said nothing and ran without it",
            "says so, with the places searched (ZWEL0915W), and runs without it",
        )
        .about(&["components", &failure.component, "enabled"])
        .action("install it, or set enabled to false")
    };
    missing.map(difference).collect()
}

/// More components than ZWELNCH could hold.
fn limits(configuration: &Configuration, survey: &Survey) -> Vec<Difference> {
    let mut differences = Vec::new();
    let components = || Some(configuration.place(&["components"]));
    let list = survey.launched.join(",").len();
    if survey.launched.len() > MAXIMUM_COMPONENTS {
        let before = format!("took the first {MAXIMUM_COMPONENTS} and ignored the rest (ZWEL0037E)");
        let now = format!("starts all {}", survey.launched.len());
        differences.push(Difference::new("component-count", components(), before, now).about(&["components"]));
    }
    if list > MAXIMUM_LIST {
        let mut length = 0;
        let fits = survey.launched.iter().take_while(|name| {
            length += name.len() + 1;
            length <= MAXIMUM_LIST
        });
        let fits = fits.count();
        let cut = survey.launched.get(fits).map(String::as_str).unwrap_or_default();
        let before = format!("cut the list of components at {MAXIMUM_LIST} bytes: {cut} under a wrong name, and none of what follows it");
        let now = format!("starts all {}", survey.launched.len());
        let found = Difference::new("component-list", components(), before, now).about(&["components"]);
        differences.push(found.action("see whether the components that never ran are wanted"));
    }
    let schemas: usize = survey.in_play.iter().map(|component| component.manifest.config_schemas.len()).sum();
    if schemas >= MAXIMUM_SCHEMAS {
        let before = format!("ended abnormally while it prepared the instance, from about {MAXIMUM_SCHEMAS} component schemas on");
        differences.push(Difference::new("schema-count", components(), before, format!("reads all {schemas}")).about(&["components"]));
    }
    differences
}

/// What ZWELNCH did not register for a component, or registered wrongly.
fn registration(component: &Component) -> Vec<Difference> {
    let manifest = &component.manifest;
    let mut differences = Vec::new();
    let libraries = [
        ("gatewaySharedLibs", &manifest.gateway_shared_libs),
        ("zaasSharedLibs", &manifest.zaas_shared_libs),
        ("discoverySharedLibs", &manifest.discovery_shared_libs),
    ];
    for (key, paths) in libraries {
        for (index, path) in
            paths.iter().enumerate().filter(|(_, path)| crate::platform::files::may_be_directory(&component.directory.join(path)))
        {
            let place = component.place(&[key, &index.to_string()]);
            let found =
                Difference::new("shared-library-directory", Some(place), "copied no directories", "copies the content of the directory");
            differences.push(found.about(&["components", &component.name]).action(format!("see whether what is in {path} is wanted")));
        }
    }
    if !manifest.app_framework_plugins.is_empty() {
        let place = component.place(&["appfwPlugins"]);
        let now = "writes the directory of the plug-in there";
        let found = Difference::new("plugin-pointer", Some(place), "wrote the pointer file's own path as pluginLocation", now);
        differences.push(found.about(&["components", &component.name]));
    }
    differences
}

/// Scripts that run although the manifest names none.
fn default_scripts(component: &Component) -> Vec<Difference> {
    let phases = Phase::ALL.into_iter().filter(|phase| !component.manifest.commands.contains_key(phase));
    let difference = |phase: Phase| {
        let file = component.command(phase).ok().flatten()?.file;
        let relative = file.strip_prefix(&component.directory).unwrap_or(&file).display().to_string();
        let key = phase.name();
        let before = format!("did not run {relative}, as the manifest names no commands.{key}");
        let now = match phase {
            Phase::Start => format!("starts the component by {relative}"),
            _ => format!("runs {relative}: where the manifest names no commands.{key}, it is the default"),
        };
        let found = Difference::new("default-script", Some(component.place(&["commands"])), before, now);
        Some(found.about(&["components", &component.name]).action(format!("name it in commands.{key} of the manifest, or remove it")))
    };
    phases.filter_map(difference).collect()
}

/// Commands outside of the component's directory.
fn outside(component: &Component) -> Vec<Difference> {
    let difference = |phase: Phase| match component.command(phase) {
        Err(ComponentError::Outside { file, .. }) => {
            let path = ["commands", phase.name()];
            let now = "does not start: a command must lie in the component's directory (ZWEL0918E)";
            let found = Difference::new("command-outside", Some(component.place(&path)), format!("ran {}", file.display()), now);
            Some(found.about(&["components", &component.name]).action("move the file into the component's directory").refused())
        }
        _ => None,
    };
    Phase::ALL.into_iter().filter_map(difference).collect()
}

fn long_script(component: &Component, size: &dyn Fn(&Path) -> Option<u64>) -> Option<Difference> {
    let command = component.command(Phase::Start).ok().flatten()?;
    let bytes = size(&command.file).filter(|bytes| *bytes >= PIPE)?;
    let place = component.place(&["commands", "start"]);
    let before = format!("hung at its start script of {bytes} bytes, as a pipe holds {PIPE}");
    Some(Difference::new("long-script", Some(place), before, "reads it from its file").about(&["components", &component.name]))
}

/// Components that come later than they stand in the configuration.
fn order(configuration: &Configuration, survey: &Survey) -> Vec<Difference> {
    let configured: Vec<String> = configuration.component_names();
    let position = |name: &str| configured.iter().position(|known| known == name);
    let mut differences = Vec::new();
    for component in &survey.in_play {
        let before: Vec<&str> = component
            .manifest
            .dependencies
            .iter()
            .map(|needed| needed.name.as_str())
            .filter(|needed| survey.in_play.iter().any(|other| other.name == *needed))
            .collect();
        let moved = before.iter().any(|needed| position(needed) > position(&component.name));
        if before.is_empty() {
            continue;
        }
        let now = if moved {
            format!("is started after {}, although it stands before in the configuration", before.join(", "))
        } else {
            format!("is started when {} is ready", before.join(", "))
        };
        let found = Difference::new(
            "dependency",
            Some(component.place(&["dependencies", "components"])),
            "started all at once, in the order of the configuration",
            now,
        );
        differences.push(found.about(&["components", &component.name]));
    }
    differences
}

/// minUptime: ZWELNCH printed the configured value and did not use it.
fn minimum_uptime(configuration: &Configuration, survey: &Survey) -> Vec<Difference> {
    let mut differences: Vec<Difference> = Vec::new();
    for name in &survey.launched {
        let seconds = configuration.component_settings(name).min_uptime.as_secs();
        let Some((path, _)) = configuration.setting_in_force(&MINIMUM_UPTIME, name).filter(|_| seconds != ITS_MINIMUM_UPTIME) else {
            continue;
        };
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = Difference::new(
            "min-uptime",
            Some(configuration.place(&steps)),
            format!("printed {seconds} and used {ITS_MINIMUM_UPTIME} seconds"),
            format!("uses {seconds} seconds: a component that was up longer begins again with its first restart interval"),
        );
        let found = found.about(&steps).action("see whether the number is one that you want in force");
        if !differences.contains(&found) {
            differences.push(found);
        }
    }
    differences
}

/// Differences that a setting can undo.
fn policies(configuration: &Configuration, survey: &Survey) -> Vec<Difference> {
    let settings = configuration.launcher_settings();
    let mut differences = Vec::new();
    if survey.launched.is_empty() {
        return differences;
    }
    let property = |setting: &dyn crate::config::settings::Row| setting.places().first().copied().unwrap_or_default().to_owned();
    if !settings.reject_start_of_running {
        let found = Difference::new(
            "start-running",
            None,
            "answered START of a running component with ZWEL0039E",
            "stops the component and starts it again",
        );
        let found = found.action("set components.launcher.startRunning to reject where automation relies on it");
        differences.push(Difference { property: property(&START_RUNNING), ..found });
    }
    if !settings.stay_when_all_failed {
        let before = "stayed up, or ended with condition code 0, when all components had failed for good";
        let found = Difference::new("all-failed", None, before, "ends with condition code 12 (ZWEL0906E)");
        let found = found.action("set components.launcher.onAllFailed to stay where the started task is to stay up");
        differences.push(Difference { property: property(&ON_ALL_FAILED), ..found });
    }
    differences
}
