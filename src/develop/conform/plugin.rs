//! Criteria of plug-ins of the application framework.

use super::Verdict;
use super::facts::{Facts, PluginFacts, files_below, text_of};
use crate::platform::files::{may_be_directory, may_be_file};
use serde_json::Value;

fn judged(bad: &[String], good: &str) -> Verdict {
    if bad.is_empty() { Verdict::Met(good.to_owned()) } else { Verdict::NotMet(bad.join("; ")) }
}

fn id(plugin: &PluginFacts) -> String {
    plugin.definition["identifier"].as_str().map_or_else(|| plugin.directory.display().to_string(), str::to_owned)
}

fn services(plugin: &PluginFacts) -> Vec<&Value> {
    plugin.definition["dataServices"].as_array().into_iter().flatten().collect()
}

/// Where browsers load it from.
fn has_web(plugin: &PluginFacts) -> bool {
    plugin.definition["webContent"].is_object()
}

pub(super) fn has_own_id(facts: &Facts) -> Verdict {
    let mut seen = Vec::new();
    let mut bad = Vec::new();
    let of_zowe = facts.component.manifest.id.starts_with("org.zowe.");
    for plugin in &facts.plugins {
        match plugin.definition["identifier"].as_str() {
            None => bad.push(format!("{}: pluginDefinition.json has no identifier, or cannot be read", plugin.directory.display())),
            Some(id) if id.starts_with("org.zowe") && !of_zowe => bad.push(format!("{id}: org.zowe is Zowe's own")),
            Some(id) if seen.contains(&id) => bad.push(format!("{id} is there twice")),
            Some(id) => seen.push(id),
        }
    }
    judged(&bad, &seen.join(", "))
}

pub(super) fn has_versions(facts: &Facts) -> Verdict {
    let mut bad = Vec::new();
    for plugin in &facts.plugins {
        if plugin.definition["pluginVersion"].as_str().is_none() {
            bad.push(format!("{}: pluginVersion is missing", id(plugin)));
        }
        let unversioned =
            services(plugin).into_iter().filter(|service| service["type"] != "import" && service["version"].as_str().is_none());
        bad.extend(
            unversioned.map(|service| format!("{}: service {} has no version", id(plugin), service["name"].as_str().unwrap_or("?"))),
        );
    }
    judged(&bad, "all of them")
}

pub(super) fn has_layout(facts: &Facts) -> Verdict {
    let mut bad = Vec::new();
    for plugin in &facts.plugins {
        if has_web(plugin) && !may_be_directory(&plugin.directory.join("web")) {
            bad.push(format!("{}: it has webContent and no directory web", id(plugin)));
        }
        let in_lib = services(plugin).into_iter().filter(|service| ["router", "service"].iter().any(|kind| service["type"] == *kind));
        let file = |service: &&Value| ["filename", "libraryName"].iter().find_map(|key| service[*key].as_str()).map(str::to_owned);
        for file in in_lib.filter_map(|service| file(&service)) {
            if !may_be_file(&plugin.directory.join("lib").join(&file)) && !may_be_file(&plugin.directory.join(&file)) {
                bad.push(format!("{}: lib/{file} is not there", id(plugin)));
            }
        }
    }
    judged(&bad, "web/ and lib/ are there where they are needed")
}

pub(super) fn needs_no_install_app(facts: &Facts) -> Verdict {
    let (files, is_cut) = files_below(&facts.component.directory, &[".sh"]);
    let calls = |file: &&std::path::PathBuf| {
        let is_call = |line: &str| !line.trim_start().starts_with('#') && line.contains("install-app.sh");
        text_of(file).is_some_and(|text| text.lines().any(is_call))
    };
    let bad: Vec<String> = files.iter().filter(calls).map(|file| format!("{} calls install-app.sh", file.display())).collect();
    if is_cut && bad.is_empty() {
        return Verdict::ByHand("it has more files than were looked at".into());
    }
    judged(&bad, &format!("it is a component; {} scripts were looked at", files.len()))
}

pub(super) fn has_icon(facts: &Facts) -> Verdict {
    let mut bad = Vec::new();
    let with_window =
        facts.plugins.iter().filter(|plugin| has_web(plugin) && plugin.definition["webContent"]["launchDefinition"].is_object());
    let mut any = false;
    for plugin in with_window {
        any = true;
        match plugin.definition["webContent"]["launchDefinition"]["imageSrc"].as_str() {
            None => bad.push(format!("{}: webContent.launchDefinition.imageSrc is missing", id(plugin))),
            Some(icon) if !may_be_file(&plugin.directory.join("web").join(icon)) => {
                bad.push(format!("{}: web/{icon} is not there", id(plugin)))
            }
            Some(_) => {}
        }
    }
    if any { judged(&bad, "it is there") } else { Verdict::DoesNotApply("no plug-in has a window".into()) }
}

pub(super) fn leaves_the_desktop_alone(facts: &Facts) -> Verdict {
    let mut bad = Vec::new();
    let (mut looked, mut cut) = (0, false);
    for plugin in &facts.plugins {
        let (files, is_cut) = files_below(&plugin.directory.join("web"), &[".js", ".html", ".mjs"]);
        cut |= is_cut;
        for file in files {
            looked += 1;
            let Some(text) = text_of(&file) else {
                cut = true;
                continue;
            };
            for word in ["window.parent.", "window.top."] {
                if text.contains(word) {
                    bad.push(format!("{} uses {}", file.display(), word.trim_end_matches('.')));
                }
            }
        }
    }
    match (looked, cut, bad.is_empty()) {
        (0, ..) => Verdict::DoesNotApply("there is nothing below web/".into()),
        (_, true, true) => Verdict::ByHand("not all files below web/ could be looked at".into()),
        _ => judged(&bad, &format!("{looked} files were looked at")),
    }
}

pub(super) fn has_swagger(facts: &Facts) -> Verdict {
    let is_rest = |service: &&Value| ["router", "service", "external"].iter().any(|kind| service["type"] == *kind);
    let with_rest: Vec<&PluginFacts> = facts.plugins.iter().filter(|plugin| services(plugin).iter().any(is_rest)).collect();
    if with_rest.is_empty() {
        return Verdict::DoesNotApply("no plug-in has REST services".into());
    }
    let lacks = |plugin: &&&PluginFacts| files_below(&plugin.directory.join("doc/swagger"), &[".json", ".yaml", ".yml"]).0.is_empty();
    let bad: Vec<String> = with_rest.iter().filter(lacks).map(|plugin| format!("{}: doc/swagger has no document", id(plugin))).collect();
    judged(&bad, "they are there")
}
