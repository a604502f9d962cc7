//! Registries of packages: the handlers of zowe.extensionRegistry, scripts that `configmgr -script` runs. What one is told stands in
//! variables, what it answers on lines of its output; both are Zowe's protocol (docs.zowe.org, "component registries").

use super::hook::Programs;
use super::{Stop, Subject, shown};
use crate::component::{Component, ComponentError};
use crate::config::Configuration;
use crate::config::variables::{flatten, scalar_text};
use crate::message;
use crate::platform::files::may_be_file;
use std::path::PathBuf;

/// Which registry is asked, as options name it; else zowe.extensionRegistry does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// A key of zowe.extensionRegistry.handlers.
    pub handler: Option<&'a str>,
    /// What that handler calls a registry: a URL, for npm.
    pub registry: Option<&'a str>,
}

/// What a handler is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Search,
    Install,
    Upgrade,
    Uninstall,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Order::Search => "search",
            Order::Install => "install",
            Order::Upgrade => "upgrade",
            Order::Uninstall => "uninstall",
        }
    }

    /// What its answer begins with. For uninstall the documents of Zowe have the other one.
    fn answer(self) -> &'static str {
        if self == Order::Uninstall { "ZWE_CLI_PARAMETER_COMPONENT_NAME=" } else { "ZWE_CLI_PARAMETER_COMPONENT_FILE=" }
    }
}

/// A handler, and what it is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handler {
    name: String,
    script: PathBuf,
    variables: Vec<(String, String)>,
}

/// The handler to ask; None where none is named. Pure.
///
/// # Errors
/// What zowe.extensionRegistry lacks.
pub(super) fn handler(configuration: &Configuration, asked: Asked<'_>) -> Result<Option<Handler>, String> {
    let at = |path: &[&str]| configuration.get(path).map(scalar_text).filter(|text| !text.is_empty());
    let Some(name) = asked.handler.map(str::to_owned).or_else(|| at(&["zowe", "extensionRegistry", "defaultHandler"])) else {
        return Ok(None);
    };
    let own = ["zowe", "extensionRegistry", "handlers", &name];
    let Some(section) = configuration.get(&own) else {
        return Err(format!("zowe.extensionRegistry.handlers.{name} is not set"));
    };
    let of = |key: &'static str| at(&[&own[..], &[key]].concat());
    let lacks = |key| format!("zowe.extensionRegistry.handlers.{name}.{key} is not set");
    let script = of("path").ok_or_else(|| lacks("path"))?;
    let registry = asked.registry.map(str::to_owned).or_else(|| of("registry")).ok_or_else(|| lacks("registry"))?;
    let mut variables = flatten(&format!("ZWE_zowe_extensionRegistry_handlers_{name}"), section);
    variables.push(("ZWE_CLI_PARAMETER_HANDLER".to_owned(), name.clone()));
    variables.push(("ZWE_CLI_PARAMETER_REGISTRY".to_owned(), registry));
    let extensions = configuration.extension_directory().map(|path| shown(&path)).unwrap_or_default();
    variables.push(("ZWE_zowe_extensionDirectory".to_owned(), extensions));
    Ok(Some(Handler { name, script: script.into(), variables }))
}

/// The value of the first line of an output that begins so; None for `null` and where there is none. Pure.
fn answer(output: &str, begin: &str) -> Option<String> {
    output
        .lines()
        .find_map(|line| line.trim_end().strip_prefix(begin))
        .map(str::to_owned)
        .filter(|answer| !answer.is_empty() && answer != "null")
}

/// Asks a handler; its answer, None where it has none or failed, and its exit code.
pub(super) fn ask(
    subject: &mut Subject<'_>,
    programs: &mut Programs,
    handler: &Handler,
    (order, what, dry_run): (Order, &str, bool),
) -> Result<(Option<String>, i32), Stop> {
    let failed = |why: String| Stop::from(message::handler_not_run(&handler.name, why));
    let engine = subject.runtime().join("bin/utils/configmgr");
    if !may_be_file(&engine) {
        return Err(failed(format!("{} is not there, and runs handlers", shown(&engine))));
    }
    if !may_be_file(&handler.script) {
        return Err(failed(format!("its script {} is not there", shown(&handler.script))));
    }
    for (name, value) in &handler.variables {
        programs.set(name, value);
    }
    programs.set("ZWE_CLI_REGISTRY_COMMAND", order.name());
    programs.set("ZWE_CLI_PARAMETER_COMPONENT_NAME", what);
    programs.set("ZWE_CLI_REGISTRY_DRY_RUN", if dry_run { "true" } else { "false" });
    // Both paths travel as variables: no text of a configuration is a text of the shell.
    programs.set("ZWELNCH_ENGINE", &shown(&engine));
    programs.set("ZWELNCH_HANDLER", &shown(&handler.script));
    let task = match order {
        Order::Search => "search for",
        Order::Uninstall => "remove",
        order => order.name(),
    };
    subject.voice.text(&format!("Calling handler '{}' to {task} {what}", handler.name));
    let text = "_CEE_RUNOPTS='XPLINK(ON),HEAPPOOLS(OFF),HEAPPOOLS64(OFF)' exec \"$ZWELNCH_ENGINE\" -script \"$ZWELNCH_HANDLER\"";
    let (finished, output) = programs.shell(text).map_err(|error| failed(error.to_string()))?;
    let code = if finished.status.success() { 0 } else { finished.status.code().clamp(1, 255) };
    subject.voice.text(&format!("Handler {} exited with rc={code}", order.name()));
    if order == Order::Search {
        subject.voice.text(output.trim_end());
        return Ok((None, code));
    }
    if code != 0 {
        subject.voice.text("Handler output follows");
        subject.voice.text(output.trim_end());
        return Ok((None, code));
    }
    Ok((answer(&output, order.answer()), 0))
}

/// Looks for a component here, by its name, and in a registry.
///
/// # Errors
/// ZWEL0310E without a name and an id, ZWEL0311E without a handler; the exit code of a handler that failed.
pub fn search(subject: &mut Subject<'_>, name: Option<&str>, id: Option<&str>, asked: Asked<'_>) -> Result<(), Stop> {
    let Some(what) = name.or(id) else { return Err(message::nothing_to_search_for().into()) };
    if let Some(name) = name {
        let line = match Component::locate(name, &subject.runtime(), subject.configuration.extension_directory().as_deref()) {
            Ok(component) => status(&component, subject.configuration.is_enabled(name)),
            Err(ComponentError::NotInstalled { .. } | ComponentError::ManifestMissing { .. } | ComponentError::BadName { .. }) => {
                format!("Component {name} status: UNINSTALLED")
            }
            Err(error) => return Err(message::package_refused(name, error).into()),
        };
        subject.voice.text(&line);
    }
    let handler = handler(subject.configuration, asked).map_err(|why| Stop::from(message::handler_not_run("-", why)))?;
    let Some(handler) = handler else { return Err(message::search_needs_handler().into()) };
    let mut programs = Programs::new(subject).map_err(|why| Stop::from(message::handler_not_run(&handler.name, why)))?;
    if let Some(id) = id {
        programs.set("ZWE_CLI_PARAMETER_COMPONENT_ID", id);
    }
    match ask(subject, &mut programs, &handler, (Order::Search, what, false))?.1 {
        0 => Ok(()),
        code => Err(Stop { messages: Vec::new(), code }),
    }
}

/// As zwe has it.
fn status(component: &Component, enabled: bool) -> String {
    let manifest = &component.manifest;
    let id = if manifest.id.is_empty() { String::new() } else { format!("({})", manifest.id) };
    let version = manifest.version.as_ref().map(|version| format!("version: {version}")).unwrap_or_default();
    let enabled = if enabled { "ENABLED" } else { "DISABLED" };
    format!("Component {} {id} status: {enabled} {version} ", manifest.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::load_texts;

    #[test]
    fn an_answer_is_the_first_line_that_begins_so_unless_it_is_null() {
        let begin = Order::Install.answer();
        let output = "npm notice\nZWE_CLI_PARAMETER_COMPONENT_FILE=/a/b.pax,/c\r\nZWE_CLI_PARAMETER_COMPONENT_FILE=/d\n";
        assert_eq!(answer(output, begin).unwrap(), "/a/b.pax,/c");
        for none in
            ["", "ZWE_CLI_PARAMETER_COMPONENT_FILE=null\n", "ZWE_CLI_PARAMETER_COMPONENT_FILE=\n", " ZWE_CLI_PARAMETER_COMPONENT_FILE=/x"]
        {
            assert_eq!(answer(none, begin), None, "{none}");
        }
    }

    #[test]
    fn a_handler_is_told_what_the_documents_of_zowe_say() {
        let text = "zowe:\n  runtimeDirectory: /r\n  extensionDirectory: /e\n  extensionRegistry:\n    defaultHandler: npm\n    handlers:\n      npm: {registry: \"https://r\", path: /h.js, more: {a: 1}}\n      bad: {path: /x}\n";
        let configuration = load_texts(&[text], "").unwrap();
        let found = handler(&configuration, Asked::default()).unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.script.to_str().unwrap()), ("npm", "/h.js"));
        for expected in [
            "ZWE_CLI_PARAMETER_HANDLER=npm",
            "ZWE_CLI_PARAMETER_REGISTRY=https://r",
            "ZWE_zowe_extensionDirectory=/e",
            "ZWE_zowe_extensionRegistry_handlers_npm_path=/h.js",
            "ZWE_zowe_extensionRegistry_handlers_npm_more_a=1",
        ] {
            assert!(found.variables.iter().any(|(name, value)| format!("{name}={value}") == expected), "{expected} in {found:?}");
        }
        let asked = |handler, registry| Asked { handler: Some(handler), registry };
        assert!(handler(&configuration, asked("bad", None)).unwrap_err().contains("bad.registry is not set"));
        assert!(handler(&configuration, asked("bad", Some("r"))).is_ok());
        assert!(handler(&configuration, asked("none", None)).unwrap_err().contains("handlers.none is not set"));
        assert_eq!(handler(&load_texts(&["zowe: {runtimeDirectory: /r}\n"], "").unwrap(), Asked::default()), Ok(None));
    }
}
