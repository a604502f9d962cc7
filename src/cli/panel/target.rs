//! Which instance is shown, and what of it is in reach.

use crate::cli::arguments::{Panel, Seen};
use crate::cli::configuration::absolute_config;
use crate::cli::seeing::place;
use crate::cli::terminal::fail_with;
use crate::launcher::Start;
use crate::message;
use crate::platform::files::{FileKind, kind};
use crate::seeing;
use crate::system::SystemDirectory;
use std::path::PathBuf;

/// Where its journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    File(PathBuf),
    Input,
    /// Its job will say.
    Unknown,
}

/// An instance.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) source: Source,
    /// Of its job; on an emulated system.
    pub(super) spool: Option<PathBuf>,
    /// Whose console takes commands.
    pub(super) system: Option<SystemDirectory>,
    /// Its job: a name, or a name with its id as in `ZWESLSTC.STC00001`.
    pub(super) job: Option<String>,
    /// CONFIG.
    pub(super) config: Option<String>,
    pub(super) ha_instance: Option<String>,
}

impl Target {
    /// The one that a command line names; the exit code, after the reason, where there is none.
    pub(super) fn of(arguments: &Panel) -> Result<Target, i32> {
        let seen = &arguments.seen;
        let nothing =
            Target { source: Source::Unknown, spool: None, system: None, job: None, config: None, ha_instance: seen.ha_instance.clone() };
        match &arguments.journal {
            Some(path) if path.as_os_str() == "-" => return Ok(Target { source: Source::Input, ..nothing }),
            Some(path) => {
                let found = std::fs::metadata(path).map_err(|error| error.to_string());
                let found =
                    found.and_then(|file| if kind(&file) == FileKind::Directory { Err("it is a directory".to_owned()) } else { Ok(()) });
                return match found {
                    Ok(()) => Ok(Target { source: Source::File(path.clone()), ..nothing }),
                    Err(why) => Err(no_journal(&format!("'{}': {why}", path.display()))),
                };
            }
            None => {}
        }
        let config = seen.config.as_deref().map(absolute_config).or_else(|| Start::from_environment(Vec::new(), None).config);
        if seen.system.is_some() || seen.job.is_some() || config.is_none() {
            // Of a job that was named, its own launcher says which configuration it has.
            return in_system(seen, Target { config: seen.config.as_deref().map(absolute_config), ..nothing });
        }
        let place = place(seen)?;
        let Some(journal) = place.journal else {
            return Err(no_journal("components.launcher.journal is false, or the launcher has not come so far as to begin one"));
        };
        let (system, job) = place.job.unzip();
        Ok(Target { source: Source::File(journal), spool: place.spool, system, job, config, ..nothing })
    }
}

/// The last launcher's job of a system.
fn in_system(seen: &Seen, nothing: Target) -> Result<Target, i32> {
    let named = seen.system.as_deref();
    let Some(system) = SystemDirectory::if_there(named) else {
        let place =
            named.map(|path| path.display().to_string()).or_else(|| Some(SystemDirectory::usual_place().ok()?.display().to_string()));
        return Err(no_instance(&format!("there is no system directory {}", place.unwrap_or_else(|| "by default".to_owned()))));
    };
    let found = seeing::in_spool(&system, seen.job.as_deref(), seen.ha_instance.as_deref());
    match found.map_err(|error| no_instance(&format!("the spool of {} cannot be read: {error}", system.path().display())))? {
        Some(found) => Ok(Target {
            source: found.journal.map_or(Source::Unknown, Source::File),
            spool: Some(found.directory),
            job: Some(found.job),
            system: Some(system),
            ..nothing
        }),
        None => {
            let which = seen.job.as_deref().map_or_else(String::new, |job| format!(" of {}", job.escape_debug()));
            Err(no_instance(&format!("the spool of {} has no launcher's SYSPRINT{which}", system.path().display())))
        }
    }
}

fn no_instance(why: &str) -> i32 {
    fail_with(&[message::panel_without_instance(why)])
}

fn no_journal(why: &str) -> i32 {
    fail_with(&[message::panel_without_journal(why)])
}
