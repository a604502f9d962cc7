//! `install` and `upgrade`: all or nothing. A package is laid down beside its place, checked there, and gets its name last.

use super::archive::Bounds;
use super::edit::{Scope, set_enabled};
use super::hook::Programs;
use super::place::{self, Stage};
use super::registry::{self, Asked, Order};
use super::tags::{self, Tagging};
use super::unpack::{Unpacked, unpack};
use super::{Stop, Subject, shown};
use crate::component::{Component, ComponentError};
use crate::message;
use crate::platform::ebcdic::bytes_to_ibm_1047;
use crate::platform::files::{FileKind, entries, kind, look, may_be_named};
use crate::platform::text_file;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What is to be installed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Installation<'a> {
    /// An archive, a directory, or a name that a registry knows; for an upgrade also `all`.
    pub what: &'a str,
    /// In the place of the one that is there; nothing is enabled.
    pub upgrade: bool,
    /// Whether untagged ASCII packages are tagged, on z/OS.
    pub tag: bool,
    /// Leave the configuration as it is.
    pub skip_enable: bool,
    /// Where names are looked up.
    pub asked: Asked<'a>,
    /// Only show what would be done.
    pub dry_run: bool,
}

/// Names of links and of directories of several files: every one more is a mistake, or an attack.
const DEPTH: usize = 64;

/// Installs what is named.
///
/// # Errors
/// As the messages say; what was installed before is then as it was, except that a failed `commands.install` leaves the component there,
/// not enabled, as zwe does.
pub fn install(subject: &mut Subject<'_>, installation: &Installation<'_>) -> Result<(), Stop> {
    let mut programs = None;
    let Some(packages) = packages(subject, installation, &mut programs)? else {
        subject.voice.text("Already installed");
        return Ok(());
    };
    let mut missing = false;
    let mut changed = false;
    for package in packages {
        if package == "null" {
            subject.voice.say(message::package_directory_missing());
            missing = true;
            continue;
        }
        subject.voice.text(&format!("Installing file or folder={package}"));
        one(subject, installation, Path::new(&package), &mut programs)?;
        changed = true;
    }
    if changed && !installation.dry_run {
        subject.voice.say(message::reload_takes_it_up());
    }
    if missing { Err(Stop { messages: Vec::new(), code: super::code_of(&message::package_directory_missing()) }) } else { Ok(()) }
}

/// The paths of packages, as given or as a handler says; None where there is nothing to do.
fn packages(
    subject: &mut Subject<'_>,
    installation: &Installation<'_>,
    programs: &mut Option<Programs>,
) -> Result<Option<Vec<String>>, Stop> {
    let what = installation.what;
    // What cannot be looked at is told when it is opened.
    if !what.is_empty() && !matches!(look(Path::new(what)), Ok(None)) {
        return Ok(Some(vec![what.to_owned()]));
    }
    let extensions = subject.configuration.extension_directory();
    let mut names = what.to_owned();
    if installation.upgrade {
        if what == "all" {
            let installed = extensions.iter().flat_map(|place| entries(place).unwrap_or_default());
            let all = installed.filter_map(|entry| entry.file_name().into_string().ok());
            let mut all: Vec<String> =
                all.filter(|name| Component::locate(name, Path::new("/none"), extensions.as_deref()).is_ok()).collect();
            all.sort();
            names = if all.is_empty() { names } else { all.join(",") };
        }
    } else if what == "all" {
        return Err(message::install_all().into());
    } else if Component::locate(what, &subject.runtime(), extensions.as_deref()).is_ok() {
        return Ok(None);
    }
    let handler =
        registry::handler(subject.configuration, installation.asked).map_err(|why| Stop::from(message::handler_not_run("-", why)))?;
    let Some(handler) = handler else {
        let mut stop = Stop::from(message::handler_needed());
        // A mistyped path is the usual reason.
        stop.messages.push(message::package_refused(what.escape_debug(), "there is no such file or directory"));
        return Err(stop);
    };
    let programs = programs_of(subject, programs)?;
    let order = if installation.upgrade { Order::Upgrade } else { Order::Install };
    match registry::ask(subject, programs, &handler, (order, &names, installation.dry_run))?.0 {
        Some(paths) => Ok(Some(paths.split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned).collect())),
        None if installation.dry_run => Ok(Some(Vec::new())),
        None => Err(message::handler_failed().into()),
    }
}

/// Made when the first program is run.
fn programs_of<'a>(subject: &Subject<'_>, programs: &'a mut Option<Programs>) -> Result<&'a mut Programs, Stop> {
    let made = match programs.take() {
        Some(made) => made,
        None => Programs::new(subject).map_err(|why| Stop::from(message::package_refused("commands.install", why)))?,
    };
    Ok(programs.insert(made))
}

/// A package that was laid down, or a directory, and what is in it.
struct Laid {
    /// Renamed to the component's place, or linked there.
    content: PathBuf,
    is_link: bool,
    component: Component,
}

fn one(subject: &mut Subject<'_>, installation: &Installation<'_>, package: &Path, programs: &mut Option<Programs>) -> Result<(), Stop> {
    let refused = |why: &dyn std::fmt::Display| Stop::from(message::package_refused(shown(package), why));
    let extensions = subject.extensions()?;
    let _lock = if installation.dry_run { None } else { Some(place::take(&extensions, &*subject.platform)?) };
    // A dry run leaves the directory of extensions as it is.
    let parent = if installation.dry_run { std::env::temp_dir() } else { extensions.clone() };
    let stage = Stage::new(&parent).map_err(|error| refused(&error))?;
    let laid = lay(subject, installation, package, &stage)?;
    let name = laid.component.name.clone();
    let version = laid.component.manifest.version.clone().unwrap_or_else(|| "-".to_owned());
    if !installation.dry_run {
        place::recover(&extensions, &name, subject.voice).map_err(|error| refused(&error))?;
    }
    let core = subject.runtime().join("components");
    if may_be_named(&core.join(&name)) {
        return Err(message::component_exists(&name, shown(&core)).into());
    }
    let place = extensions.join(&name);
    let before = may_be_named(&place).then(|| {
        let component = Component::locate(&name, Path::new("/none"), Some(&extensions)).ok();
        component.and_then(|component| component.manifest.version.clone()).unwrap_or_else(|| "-".to_owned())
    });
    if before.is_some() && !installation.upgrade {
        return Err(message::component_exists(&name, shown(&extensions)).into());
    }
    let enables = !installation.upgrade && !installation.skip_enable;
    if installation.dry_run {
        let done = if before.is_some() { "upgraded" } else { "installed" };
        subject.voice.text(&format!("component {name} {version} would be {done} in {}", shown(&place)));
        if let Some(command) = laid.component.install_command().map_err(|error| refused(&error))? {
            let script = command.file.strip_prefix(&laid.component.directory).unwrap_or(&command.file);
            subject.voice.text(&format!("commands.install would be run: {}", shown(script)));
        }
        if enables {
            set_enabled(subject, &name, Scope::Global, true, true)?;
        }
        return Ok(());
    }
    if laid.is_link {
        let link = stage.path().join("link");
        std::os::unix::fs::symlink(&laid.content, &link).map_err(|error| Stop::from(message::link_not_made(error)))?;
        place::put(&link, &extensions, &name).map_err(|error| refused(&error))?;
    } else {
        place::put(&laid.content, &extensions, &name).map_err(|error| refused(&error))?;
    }
    let component = Component::locate(&name, Path::new("/none"), Some(&extensions)).map_err(|error| refused(&error))?;
    if component.install_command().map_err(|error| refused(&error))?.is_some() {
        programs_of(subject, programs)?.install(subject, &component, stage.path())?;
    }
    say_what_is_left(subject, &component);
    match before {
        Some(before) => subject.voice.say(message::component_upgraded(&name, before, version, shown(&place))),
        None => subject.voice.say(message::component_installed(&name, version, shown(&place))),
    }
    if enables {
        set_enabled(subject, &name, Scope::Global, true, false)?;
    }
    Ok(())
}

/// Lays a package down in the stage, and looks at all of it.
fn lay(subject: &mut Subject<'_>, installation: &Installation<'_>, package: &Path, stage: &Stage) -> Result<Laid, Stop> {
    let refused = |why: &dyn std::fmt::Display| Stop::from(message::package_refused(shown(package), why));
    let base = package.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_else(|| shown(package));
    let mut has_tags = false;
    let (content, is_link) = match look(package).map_err(|error| refused(&error))? {
        None => return Err(message::package_file_missing(shown(package)).into()),
        Some(FileKind::Directory) => (std::path::absolute(package).map_err(|error| refused(&error))?, true),
        Some(FileKind::Regular) => {
            let content = stage.path().join("content");
            std::fs::create_dir(&content).map_err(|error| refused(&error))?;
            subject.voice.text(&format!("Install {base}"));
            let file = std::fs::File::open(package).map_err(|error| refused(&error))?;
            text_file::conversion_off(&file);
            let unpacked = unpack(&file, &content, Bounds::default()).map_err(|error| refused(&error))?;
            // The stage is ours alone; the component is not.
            std::fs::set_permissions(&content, std::fs::Permissions::from_mode(0o755)).map_err(|error| refused(&error))?;
            say_oddities(subject, &base, &unpacked);
            has_tags = unpacked.tagged > 0;
            (content, false)
        }
        Some(_) => return Err(refused(&"it is no file and no directory")),
    };
    if is_link {
        subject.voice.text(&format!("Install {base}"));
    }
    if !has_tags {
        tag(subject, installation, &content, &base).map_err(|error| refused(&error))?;
    }
    let component = Component::in_directory(&content).map_err(|error| unnamed(package, &content, &error))?;
    let problems = component.problems_of_files(Some(subject.configuration), &*subject.platform);
    // The stage's name says nothing to anybody.
    let shorter = |text: String| text.replace(&format!("{}/", content.display()), "");
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| problem.error);
    warnings.iter().for_each(|warning| subject.voice.say(message::package_odd(&base, shorter(warning.to_string()))));
    if errors.is_empty() {
        return Ok(Laid { content, is_link, component });
    }
    let messages: Vec<_> = errors.iter().map(|error| message::package_refused(shown(package), shorter(error.to_string()))).collect();
    Err(Stop { messages, code: 8 })
}

/// ZWEL0167E, and why.
fn unnamed(package: &Path, content: &Path, error: &ComponentError) -> Stop {
    let mut stop = Stop::from(message::component_name_missing(shown(package)));
    let mut why = error.to_string().replace(&format!("{}/", content.display()), "").replace(&content.display().to_string(), "the package");
    if let (ComponentError::ManifestMissing { .. }, Ok(found)) = (error, entries(content)) {
        // Archives of a directory, and not of its content, are the usual mistake.
        if let [only] = found.as_slice() {
            if Component::in_directory(&only.path()).is_ok() {
                why = format!(
                    "its manifest is in '{}'; pack what is in that directory, not the directory",
                    only.file_name().to_string_lossy()
                );
            }
        }
    }
    stop.messages.push(message::package_refused(shown(package), why));
    stop
}

fn say_oddities(subject: &mut Subject<'_>, base: &str, unpacked: &Unpacked) {
    let mut odd = |why: String| subject.voice.say(message::package_odd(base, why));
    if unpacked.narrowed > 0 {
        odd(format!(
            "{} entries came with setuid, setgid, the sticky bit, or writable for others; they have none of it now",
            unpacked.narrowed
        ));
    }
    if unpacked.oddities.after_end {
        odd("it goes on after its end; what follows is not read".to_owned());
    }
    if unpacked.oddities.special_headers > 0 {
        odd(format!(
            "{} special headers of z/OS (-x os390, -o saveext), which hold tags and long links, are not read; pack it with pax -x pax",
            unpacked.oddities.special_headers
        ));
    }
    let tagged = if unpacked.tagged > 0 { format!(", {} with tags of z/OS", unpacked.tagged) } else { String::new() };
    subject.voice.text(&format!("{base}: {} files, {} bytes{tagged}", unpacked.files, unpacked.bytes));
}

/// Regular files below a directory, no link followed.
fn files_below(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > DEPTH {
        return Err(io::Error::other(format!("{} has too many directories in each other", directory.display())));
    }
    for entry in entries(directory)? {
        let path = entry.path();
        match kind(&std::fs::symlink_metadata(&path)?) {
            FileKind::Directory => files_below(&path, depth + 1, found)?,
            FileKind::Regular => found.push(path),
            _ => {}
        }
    }
    Ok(())
}

/// On z/OS, tags a package in ASCII that has no tags; elsewhere says what would be done.
fn tag(subject: &mut Subject<'_>, installation: &Installation<'_>, content: &Path, base: &str) -> io::Result<()> {
    let mut files = Vec::new();
    files_below(content, 0, &mut files)?;
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let names: Vec<String> = files.iter().map(|path| name(path)).collect();
    let report = tags::report(names.iter().map(String::as_str));
    if !subject.platform.is_zos() {
        subject.voice.text(&format!("{base}: it has no tags; on z/OS its files would become: {report}"));
        return Ok(());
    }
    let manifest = files.iter().filter(|path| path.parent() == Some(content) && name(path).starts_with("manifest."));
    let is_ascii = manifest.clone().count() > 0
        && manifest
            .map(|path| text_file::read_stored(path))
            .all(|stored| stored.is_ok_and(|stored| stored.bytes.is_ascii() && stored.tag().is_none()));
    let mut any_tag = false;
    for path in &files {
        any_tag |= text_file::read_stored(path)?.tag().is_some();
    }
    if !installation.tag || !is_ascii || any_tag {
        return Ok(());
    }
    for path in &files {
        let tagging = tags::tagging_of(&name(path));
        let stored = text_file::read_stored(path)?;
        if tagging == Tagging::Converted {
            text_file::exchange(path, &stored, &bytes_to_ibm_1047(&stored.bytes))?;
        }
        if let Some((ccsid, text)) = tagging.tag() {
            text_file::tag(&std::fs::File::open(path)?, ccsid, text)?;
        }
        if tags::is_made_executable(&name(path)) {
            let mode = std::fs::metadata(path)?.permissions().mode();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o7777 | 0o111))?;
        }
    }
    subject.voice.text(&format!("{base}: files are tagged: {report}"));
    Ok(())
}

/// What zwe does on z/OS besides, and this program does not.
fn say_what_is_left(subject: &mut Subject<'_>, component: &Component) {
    let Ok(document) = crate::config::read_mapping(&component.manifest_file) else { return };
    if document.root.at(&["zisPlugins"]).is_some() {
        subject.voice.say(message::zis_not_registered(&component.name));
    }
}
