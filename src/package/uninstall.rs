//! `uninstall`: the component's directory goes, its settings stay, and what else of it is left is said.

use super::edit::{Scope, set_enabled};
use super::hook::Programs;
use super::place;
use super::registry::{self, Asked, Order};
use super::{Stop, Subject, code_of, shown};
use crate::component::Component;
use crate::message;
use crate::platform::files::{entries, may_be_named};
use std::path::{Path, PathBuf};

/// What is to be removed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Removal<'a> {
    /// An installed component.
    pub name: &'a str,
    /// Who is told besides.
    pub asked: Asked<'a>,
    /// Only show what would be done.
    pub dry_run: bool,
}

/// Uninstalls a component, and with a handler all that the handler says.
///
/// # Errors
/// ZWEL0306W where it is not installed, ZWEL0307E where it is part of Zowe. Exit code 4 where one of several was left.
pub fn uninstall(subject: &mut Subject<'_>, removal: &Removal<'_>) -> Result<(), Stop> {
    let core = subject.runtime().join("components").join(removal.name);
    if crate::component::is_component_name(removal.name) && may_be_named(&core) {
        return Err(message::core_not_uninstalled(removal.name).into());
    }
    let extensions = subject.extensions()?;
    if !is_there(&extensions, removal.name) {
        return Err(message::not_installed(removal.name.escape_debug()).into());
    }
    let mut names = vec![removal.name.to_owned()];
    match registry::handler(subject.configuration, removal.asked).map_err(|why| Stop::from(message::handler_not_run("-", why)))? {
        None => subject.voice.text(
            "Zowe registry handler not found. If component was installed without a registry, this is OK. Otherwise, you may need to clean up \
            the handler cache manually.",
        ),
        Some(handler) => {
            let mut programs = Programs::new(subject).map_err(|why| Stop::from(message::package_refused(removal.name, why)))?;
            let order = (Order::Uninstall, removal.name, removal.dry_run);
            if let Some(said) = registry::ask(subject, &mut programs, &handler, order)?.0 {
                names = said.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
            }
        }
    }
    subject.voice.text(&format!("Identified {} components for removal", names.len()));
    let _lock = if removal.dry_run { None } else { Some(place::take(&extensions, &*subject.platform)?) };
    let mut code = 0;
    for name in names {
        code = code.max(one(subject, removal, &extensions, &name)?);
    }
    if !removal.dry_run {
        subject.voice.say(message::reload_takes_it_up());
    }
    if code == 0 { Ok(()) } else { Err(Stop { messages: Vec::new(), code }) }
}

/// A directory, or a link, of that name: one without a manifest can be removed too.
fn is_there(extensions: &Path, name: &str) -> bool {
    crate::component::is_component_name(name) && may_be_named(&extensions.join(name))
}

fn one(subject: &mut Subject<'_>, removal: &Removal<'_>, extensions: &Path, name: &str) -> Result<i32, Stop> {
    subject.voice.text(&format!("Checking component '{name}'"));
    if crate::component::is_component_name(name) && may_be_named(&subject.runtime().join("components").join(name)) {
        subject.voice.say(message::core_skipped(name));
        return Ok(4);
    }
    if !is_there(extensions, name) {
        subject.voice.say(message::marked_but_not_installed(name.escape_debug()));
        return Ok(4);
    }
    let place = extensions.join(name);
    let left = left_behind(subject, name);
    subject.voice.text(&format!("Disabling component {name} in configuration"));
    // One that is not enabled needs no key that says so.
    if subject.configuration.get(&["components", name, "enabled"]).is_some() {
        set_enabled(subject, name, Scope::Global, false, removal.dry_run)?;
    }
    subject.voice.text(&format!("Removing component directory '{}'", shown(&place)));
    if removal.dry_run {
        return Ok(0);
    }
    if let Err(why) = place::take_away(extensions, name) {
        let message = message::directory_not_removed(shown(&place), why);
        let code = code_of(&message);
        subject.voice.say(message);
        return Ok(code);
    }
    subject.voice.say(message::component_uninstalled(name, shown(&place)));
    left.into_iter().for_each(|what| subject.voice.say(message::left_behind(name, what)));
    Ok(0)
}

/// What stays of it, in the configuration and in the workspace.
fn left_behind(subject: &Subject<'_>, name: &str) -> Vec<String> {
    let mut left = Vec::new();
    let configuration = subject.configuration;
    if configuration.get(&["components", name]).is_some() {
        left.push(format!("its settings, components.{name} ({})", configuration.place(&["components", name])));
    }
    for id in configuration.instance_ids() {
        if configuration.get(&["haInstances", &id, "components", name]).is_some() {
            left.push(format!("its settings, haInstances.{id}.components.{name}"));
        }
    }
    let Some(workspace) = configuration.workspace_directory() else { return left };
    let own = workspace.join(name);
    if may_be_named(&own) {
        left.push(format!("its workspace, {}", shown(&own)));
    }
    let beginning = format!("{name}.");
    let definitions = named(&workspace.join("api-mediation/api-defs"), |file| file.starts_with(&beginning));
    left.extend(definitions.into_iter().map(|path| format!("its static definition, {}; the next start removes it", shown(&path))));
    let extensions = configuration.extension_directory();
    if let Ok(component) = Component::locate(name, Path::new("/none"), extensions.as_deref()) {
        for path in &component.manifest.app_framework_plugins {
            let Ok(plugin) = component.plugin_definition(path) else { continue };
            let pointer = workspace.join("app-server/plugins").join(format!("{}.json", plugin.identifier));
            if may_be_named(&pointer) {
                left.push(format!("the pointer to its plug-in, {}", shown(&pointer)));
            }
        }
    }
    left
}

fn named(directory: &Path, is: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let found = entries(directory).unwrap_or_default();
    let mut paths: Vec<PathBuf> =
        found.iter().filter(|entry| entry.file_name().to_str().is_some_and(&is)).map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
