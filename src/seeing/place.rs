//! Where a job of an emulated system has its SYSPRINT, and what that says of its journal: for who knows the system and no configuration.

use crate::message;
use crate::platform::files::{entries, unless_missing};
use crate::system::SystemDirectory;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes of SYSPRINT in which the launcher has said where its journal is: among its first lines.
const HEAD: u64 = 512 * 1024;

/// A job of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `ZWESLSTC.STC00001`.
    pub job: String,
    pub directory: PathBuf,
    /// None where the launcher has not said that it keeps one.
    pub journal: Option<PathBuf>,
}

/// The last job of a system that is a launcher's: of this name or id, of this HA instance.
///
/// # Errors
/// The system's.
pub fn in_spool(system: &SystemDirectory, job: Option<&str>, instance: Option<&str>) -> io::Result<Option<Found>> {
    let spool = system.path().join("spool");
    let mut found: Vec<(SystemTime, Found)> = Vec::new();
    for entry in entries(&spool)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_meant = |job: &str| name.eq_ignore_ascii_case(job) || name.split('.').any(|part| part.eq_ignore_ascii_case(job));
        if job.is_some_and(|job| !is_meant(job)) {
            continue;
        }
        let sysprint = entry.path().join("SYSPRINT");
        let Some(metadata) = unless_missing(std::fs::symlink_metadata(&sysprint))? else { continue };
        let Some(journal) = journal_in(&sysprint)? else { continue };
        let of_instance = journal.as_ref().and_then(|path| path.file_name()?.to_str()?.strip_prefix("zwelnch-")?.strip_suffix(".journal"));
        if instance.is_some_and(|instance| of_instance.is_none_or(|found| !found.eq_ignore_ascii_case(instance))) {
            continue;
        }
        found.push((metadata.modified()?, Found { job: name, directory: entry.path(), journal }));
    }
    Ok(found.into_iter().max_by_key(|(time, _)| *time).map(|(_, found)| found))
}

/// None for a SYSPRINT that is no launcher's.
fn journal_in(sysprint: &Path) -> io::Result<Option<Option<PathBuf>>> {
    let mut head = Vec::new();
    // Emptied or removed meanwhile: it says nothing.
    let Some(file) = unless_missing(File::open(sysprint))? else { return Ok(None) };
    file.take(HEAD).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let id = message::journal_is("").id();
    let said = head.lines().filter(|line| line.contains(" <ZWELNCH:")).find_map(|line| line.split_once(id));
    let path = said.and_then(|(_, text)| text.split_once('\'')?.1.rsplit_once('\'')).map(|(path, _)| PathBuf::from(path));
    Ok((path.is_some() || head.contains(" <ZWELNCH:")).then_some(path))
}
