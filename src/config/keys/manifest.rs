//! Keys of manifests.

use super::near;
use crate::config::node::{Node, NodeValue};
use crate::config::{Location, Problem};

/// The keys that the launcher, the installer and the schema know; `*` is an element of a list. Other rules hold below `configs`,
/// `readiness` and `liveness`.
pub(in crate::config) const KNOWN: &[&str] = &[
    "name",
    "id",
    "version",
    "title",
    "description",
    "license",
    "homepage",
    "keywords",
    "autoEncoding",
    "repository.type",
    "repository.url",
    "build.branch",
    "build.number",
    "build.commitHash",
    "build.timestamp",
    "schemas.configs",
    "configs",
    "commands.install",
    "commands.validate",
    "commands.preConfigure",
    "commands.configure",
    "commands.start",
    "apimlServices.basePackage",
    "apimlServices.dynamic.*.serviceId",
    "apimlServices.static.*.file",
    "apimlServices.static.*.once",
    "apimlServices.static.*.basePackage",
    "appfwPlugins.*.path",
    "gatewaySharedLibs",
    "zaasSharedLibs",
    "discoverySharedLibs",
    "zisPlugins.*.id",
    "zisPlugins.*.path",
    "dependencies.zos",
    "dependencies.components.*.name",
    "dependencies.components.*.versionRange",
    "messages.ready",
    "readiness",
    "liveness",
    "jobname",
    "jobnameSuffix",
];

/// Keys of the top level that nothing reads there, and what is meant: where they belong. None of them stands in a manifest of Zowe's.
const MISPLACED: &[(&str, &str)] = &[
    ("install", "a command belongs below commands (commands.install)"),
    ("validate", "a command belongs below commands (commands.validate)"),
    ("preConfigure", "a command belongs below commands (commands.preConfigure)"),
    ("configure", "a command belongs below commands (commands.configure)"),
    ("start", "a command belongs below commands (commands.start)"),
    ("static", "it belongs below apimlServices (apimlServices.static)"),
    ("dynamic", "it belongs below apimlServices (apimlServices.dynamic)"),
    ("serviceId", "it belongs below apimlServices (apimlServices.dynamic[].serviceId)"),
    ("dependency", "did you mean dependencies?"),
    ("dependsOn", "did you mean dependencies (dependencies.components[].name)?"),
    ("ready", "did you mean readiness?"),
    ("port", "a default of the component's properties belongs below configs (configs.port)"),
    ("enabled", "a component is enabled in zowe.yaml (components.<name>.enabled)"),
    ("components", "other components that it needs belong below dependencies (dependencies.components)"),
];

/// Keys that are read though an older schema may refuse them.
const READ: &[&str] = &["commands.preConfigure", "apimlServices.static.*.once"];

/// True for a path that the launcher reads, whatever the schema of manifests says.
pub(in crate::config) fn reads_of_manifest(path: &[String]) -> bool {
    let path: Vec<&str> = general(path.iter().map(String::as_str));
    READ.iter().any(|read| read.split('.').eq(path.iter().copied()))
}

/// The known key that a refused one was meant to be.
pub(in crate::config) fn nearest_of_manifest(path: &[String]) -> String {
    let Some((key, parent)) = path.split_last() else { return String::new() };
    let names: Vec<String> = names(&general(parent.iter().map(String::as_str))).into_iter().map(str::to_owned).collect();
    crate::config::overlay::nearest(key, &names).map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// Warnings for misspelt keys of a manifest, which may also have keys that are unknown here.
pub(in crate::config) fn slips_of_manifest(manifest: &Node, file: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    visit(manifest, &mut Vec::new(), file, &mut problems);
    problems
}

fn visit(node: &Node, path: &mut Vec<String>, file: &str, problems: &mut Vec<Problem>) {
    match &node.value {
        NodeValue::Mapping(entries) => {
            let names = names(&general(path.iter().map(String::as_str)));
            for entry in entries {
                let slip = || near::meant(&entry.key, names.iter().copied()).map(|name| format!("did you mean {name}?"));
                let misplaced =
                    || MISPLACED.iter().find(|(key, _)| path.is_empty() && *key == entry.key).map(|(_, hint)| (*hint).to_owned());
                // Nearly all of them are known, and what they are near need not be found.
                let hint = if names.contains(&entry.key.as_str()) { None } else { misplaced().or_else(slip) };
                path.push(entry.key.clone());
                match hint {
                    Some(hint) => {
                        let place = Location::new(file, entry.place.line, entry.place.column);
                        let text = format!("{}: nothing reads this key of a manifest; {hint}", path.join("."));
                        problems.push(Problem::warning(Some(place), text));
                    }
                    None => visit(&entry.value, path, file, problems),
                }
                path.pop();
            }
        }
        NodeValue::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                visit(item, path, file, problems);
                path.pop();
            }
        }
        _ => {}
    }
}

/// A path with `*` in the place of each index.
fn general<'a>(path: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    path.map(|step| if step.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { step }).collect()
}

/// The keys below a path.
fn names(path: &[&str]) -> Vec<&'static str> {
    let below = |known: &'static &str| {
        let mut steps = known.split('.');
        path.iter().all(|step| steps.next() == Some(*step)).then(|| steps.next()).flatten()
    };
    let mut names: Vec<&str> = KNOWN.iter().filter_map(below).collect();
    names.dedup();
    names
}
