//! `zwelnch events`, `logs`, `why` and `explain`.

use super::arguments::{EventFormat, Events, Explain, Logs, Seen, Why};
use super::configuration::whole_configuration;
use super::terminal::{data, document, fail, fail_with, say};
use crate::config::{HaInstance, normalize_id, overlay};
use crate::ha::operate::{Wanted, addressed};
#[cfg(feature = "emulation")]
use crate::launcher::Start;
use crate::message;
use crate::platform::files::entries;
use crate::platform::{NativePlatform, Platform};
use crate::seeing::{self, EventQuery, Explained, LineQuery, Source, Story};
use std::path::{Path, PathBuf};

/// What `why` and `explain` end with where there is nothing to tell.
const NOTHING: i32 = 1;

/// What is known of an instance's files.
pub(super) struct Place {
    pub(super) journal: Option<PathBuf>,
    /// Of its last job; on an emulated system.
    pub(super) spool: Option<PathBuf>,
    /// That job, as in `ZWESLSTC.STC00001`, and its system.
    #[cfg(feature = "panel")]
    pub(super) job: Option<(crate::system::SystemDirectory, String)>,
    /// zowe.logDirectory and the HA instance.
    logs: Option<(PathBuf, String)>,
}

pub(super) fn events(arguments: &Events) -> i32 {
    let source = match source(arguments.journal.as_deref(), &arguments.seen) {
        Ok(source) => source,
        Err(code) => return code,
    };
    let (format, shown): (_, fn(&str) -> bool) = match arguments.format {
        EventFormat::Text => (seeing::EventFormat::Text, document),
        EventFormat::Json => (seeing::EventFormat::Json, data),
    };
    let query = EventQuery {
        components: arguments.component.clone(),
        since: arguments.since,
        last: arguments.last,
        follow: arguments.follow,
        format,
    };
    let mut warn = |text: &str| say(&message::hint(text));
    seeing::events(&source, &query, &mut |line| shown(line), &mut warn).map_or_else(fail, |()| 0)
}

pub(super) fn why(arguments: &Why) -> i32 {
    let source = match source(arguments.journal.as_deref(), &arguments.seen) {
        Ok(source) => source,
        Err(code) => return code,
    };
    match seeing::story(&source, &arguments.component) {
        Ok(Story::Told(lines)) => {
            document(&lines.join("\n"));
            0
        }
        Ok(Story::Unknown(known)) => {
            let nearest = crate::component::did_you_mean(&overlay::nearest(&arguments.component, &known));
            let known = if known.is_empty() { "no component".to_owned() } else { known.join(", ") };
            fail(format!("the journal knows no component {}{nearest}; it knows {known}", arguments.component.escape_debug()));
            NOTHING
        }
        Err(error) => fail(error),
    }
}

pub(super) fn logs(arguments: &Logs) -> i32 {
    let place = match place(&arguments.seen) {
        Ok(place) => place,
        Err(code) => return code,
    };
    let query = LineQuery {
        components: arguments.components.clone(),
        since: arguments.since,
        grep: arguments.grep.clone(),
        last: arguments.last,
        follow: arguments.follow,
    };
    let mut show = |line: &str| if line.is_empty() { document("\n") } else { document(line) };
    let shown = match (&place.spool, &place.logs) {
        (Some(spool), _) => seeing::lines(spool, &query, &mut show),
        (None, Some((directory, instance))) => seeing::lines_of_files(directory, instance, &query, &mut show),
        (None, None) => {
            return fail(
                "SYSPRINT is not in reach of this command, and zowe.logDirectory is not set: nothing else has lines of components",
            );
        }
    };
    shown.map_or_else(fail, |()| 0)
}

pub(super) fn explain(arguments: &Explain) -> i32 {
    if arguments.list {
        let all: Vec<String> = seeing::all_ids().iter().map(|(id, text)| format!("{id:<9} {text}")).collect();
        document(&all.join("\n"));
        return 0;
    }
    let mut code = 0;
    for (number, id) in arguments.ids.iter().enumerate() {
        match seeing::explain(id) {
            Explained::Known(entries) => {
                for (more, entry) in entries.iter().enumerate() {
                    let gap = if number + more > 0 { "\n" } else { "" };
                    let text = format!("{gap}{} {}\n\n  Reason: {}\n  Action: {}", entry.id, entry.text, entry.reason, entry.action);
                    document(&text);
                }
            }
            Explained::Unknown(near) => {
                let near =
                    if near.is_empty() { "explain --list shows all".to_owned() } else { format!("the nearest are {}", near.join(", ")) };
                fail(format!("there is no message {}; {near}", id.escape_debug()));
                code = NOTHING;
            }
        }
    }
    code
}

/// The journal that is meant; the exit code, after the reason, where there is none.
pub(super) fn source(journal: Option<&Path>, seen: &Seen) -> Result<Source, i32> {
    match journal {
        Some(path) if path.as_os_str() == "-" => Ok(Source::Input),
        Some(path) => Ok(Source::File(path.to_path_buf())),
        None => match place(seen)?.journal {
            Some(path) => Ok(Source::File(path)),
            None => {
                Err(fail("there is no journal: components.launcher.journal is false, or the launcher has not come so far as to begin one"))
            }
        },
    }
}

/// By the configuration, unless a system or a job was named, or there is no configuration.
pub(super) fn place(seen: &Seen) -> Result<Place, i32> {
    #[cfg(feature = "emulation")]
    {
        let has_configuration = seen.config.is_some() || Start::from_environment(Vec::new(), None).config.is_some();
        let is_system_named = seen.system.is_some() || seen.job.is_some();
        if is_system_named || !has_configuration {
            let found = in_spool(seen)?;
            let spool =
                found.ok_or_else(|| fail("the spool of the system has no launcher's SYSPRINT; name a configuration with --config"))?;
            return Ok(Place {
                journal: spool.journal,
                spool: Some(spool.directory),
                #[cfg(feature = "panel")]
                job: None,
                logs: None,
            });
        }
    }
    let place = configured(seen)?;
    #[cfg(feature = "emulation")]
    if let Some((_system, found)) = crate::system::SystemDirectory::if_there(None)
        .and_then(|system| Some((system.clone(), seeing::in_spool(&system, None, seen.ha_instance.as_deref()).ok().flatten()?)))
    {
        // The job of another configuration is another instance's.
        if found.journal == place.journal {
            return Ok(Place {
                spool: Some(found.directory),
                #[cfg(feature = "panel")]
                job: Some((_system, found.job)),
                ..place
            });
        }
    }
    Ok(place)
}

#[cfg(feature = "emulation")]
fn in_spool(seen: &Seen) -> Result<Option<seeing::Found>, i32> {
    let system = super::jobs::open_system(seen.system.as_deref())?;
    seeing::in_spool(&system, seen.job.as_deref(), seen.ha_instance.as_deref()).map_err(fail)
}

fn configured(seen: &Seen) -> Result<Place, i32> {
    let configuration = whole_configuration(seen.config.as_deref())?;
    let ids: Vec<String> = seen.ha_instance.iter().cloned().collect();
    let wanted = Wanted { ids: &ids, all: false, member: None, job: None };
    let sysname = NativePlatform::for_command().sysname();
    let found = addressed(&configuration, wanted, &sysname).map_err(|error| fail_with(&error.messages()))?;
    let id = found.into_iter().next().and_then(|instance| instance.id).map(|id| normalize_id(&id));
    let Some(id) = id else {
        // Without haInstances any id may have been given: the last one that has a journal.
        let directory = configuration.log_directory().or_else(|| configuration.workspace_directory());
        let journal = directory.as_deref().map(last_journal).transpose().map_err(fail)?.flatten();
        return Ok(Place {
            journal,
            spool: None,
            #[cfg(feature = "panel")]
            job: None,
            logs: None,
        });
    };
    let instance = configuration
        .for_instance(&HaInstance { id: id.clone(), from_placeholder: false })
        .map_err(|error| fail_with(&error.messages()))?;
    let logs = instance.log_directory().map(|directory| (directory, id));
    Ok(Place {
        journal: instance.journal().map(|journal| journal.path),
        spool: None,
        #[cfg(feature = "panel")]
        job: None,
        logs,
    })
}

fn last_journal(directory: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut found = Vec::new();
    for entry in entries(directory)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("zwelnch-") && !name.starts_with("zwelnch-upgrade-") && name.ends_with(".journal") {
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    Ok(found.into_iter().max().map(|(_, path)| path))
}
