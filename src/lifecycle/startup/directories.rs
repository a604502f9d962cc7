//! The four directories of an instance: whether they are apart from each other, not writable by everybody, readable and writable for this
//! user, and have room.
//!
//! What keeps a run from going on at all (a runtime directory that is not there, a workspace that cannot be written) is found before, by
//! [`crate::component::check`].

use super::{Check, Finding, Property, resolved, text};
use crate::config::Configuration;
use crate::message::Severity;
use crate::platform::{files, unix};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const MIB: u64 = 1024 * 1024;
/// With fewer bytes than this there is no room: the files of the workspace alone need them.
const NO_ROOM: u64 = 64 * 1024;
/// With fewer bytes than this there is little room: a day of logs can use them up.
const LITTLE_ROOM: u64 = 64 * MIB;

/// Keys below `zowe`; all but the first belong to the instance.
const KEYS: [&str; 4] = ["runtimeDirectory", "workspaceDirectory", "logDirectory", "extensionDirectory"];

/// A directory that is configured.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    key: &'static str,
    property: Property,
    path: PathBuf,
}

pub(super) fn plan(configuration: &Configuration) -> Vec<Directory> {
    let directory = |key: &'static str| {
        let path = ["zowe", key];
        let found = resolved(configuration, text(configuration, &path)?);
        Some(Directory { key, property: Property::of(configuration, &path), path: found })
    };
    KEYS.into_iter().filter_map(directory).collect()
}

pub(super) fn findings(directories: &[Directory]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |directory: &Directory, severity, why: String| {
        let text = format!("{}: {} {why}", directory.property, directory.path.display());
        findings.push(Finding::new(Check::Directories, severity, text).about(&directory.property));
    };
    let places: Vec<PathBuf> = directories.iter().map(|directory| real(&directory.path)).collect();
    for (index, (directory, place)) in directories.iter().zip(&places).enumerate() {
        for (other, (parent, its_place)) in directories.iter().zip(&places).enumerate() {
            let where_it_is = format!("{} ({})", parent.property, parent.property.place);
            if other < index && place == its_place {
                add(directory, Severity::Error, format!("is {where_it_is} too; give each a directory of its own"));
            } else if place != its_place && place.starts_with(its_place) {
                add(directory, Severity::Error, format!("lies within {where_it_is}; give each a directory outside of the others"));
            }
        }
    }
    for directory in directories {
        look(directory, &mut add);
    }
    findings
}

/// Checks one directory that exists, without regard to the others.
fn look(directory: &Directory, add: &mut dyn FnMut(&Directory, Severity, String)) {
    let metadata = match files::unless_missing(std::fs::metadata(&directory.path)) {
        Ok(Some(metadata)) => metadata,
        Ok(None) => return,
        Err(why) => return add(directory, Severity::Error, format!("cannot be examined: {why}")),
    };
    if files::kind(&metadata) != files::FileKind::Directory {
        return;
    }
    if !unix::is_readable_directory(&directory.path) {
        let why = "cannot be read by this user; correct its owner or mode";
        add(directory, Severity::Error, why.to_string());
        return;
    }
    if directory.key == "runtimeDirectory" {
        return;
    }
    if metadata.permissions().mode() & 0o002 != 0 {
        add(directory, Severity::Error, "may be written to by everybody; chmod o-w it".to_string());
    }
    if directory.key == "extensionDirectory" {
        if !unix::is_writable_directory(&directory.path) {
            // Another user may be the one who installs components there.
            let why = "cannot be written to by this user, who can install no component there";
            add(directory, Severity::Warning, why.to_string());
        }
        return;
    }
    match unix::free_space(&directory.path) {
        Ok(free) => {
            if let Some((severity, why)) = room(free) {
                add(directory, severity, why);
            }
        }
        Err(error) => add(directory, Severity::Info, format!("was not asked for the room it has: {error}")),
    }
}

/// The finding about the bytes that can still be written; None if there is room.
fn room(free: u64) -> Option<(Severity, String)> {
    let has = |much: String| format!("has room for {much} more; enlarge its file system");
    match free {
        0..NO_ROOM => Some((Severity::Error, has(format!("{} KiB", free / 1024)))),
        NO_ROOM..MIB => Some((Severity::Warning, has(format!("{} KiB", free / 1024)))),
        MIB..LITTLE_ROOM => Some((Severity::Warning, has(format!("{} MiB", free / MIB)))),
        _ => None,
    }
}

/// Where a path leads, links and `..` followed as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut missing = Vec::new();
    for parent in path.ancestors() {
        if let Ok(found) = parent.canonicalize() {
            return missing.iter().rev().fold(found, |path: PathBuf, name| path.join(name));
        }
        missing.extend(parent.file_name().map(ToOwned::to_owned));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing;

    fn found(root: &Path, directories: &[(&str, &str)]) -> Vec<(Severity, String)> {
        let lines: String = directories.iter().map(|(key, path)| format!("  {key}: {}\n", root.join(path).display())).collect();
        let configuration = testing::load(&format!("zowe:\n{lines}"));
        let findings = findings(&plan(&configuration));
        findings.into_iter().map(|finding| (finding.severity, finding.text.replace(&root.display().to_string(), ""))).collect()
    }

    /// What bin/commands/validate/directories of zowe-install-packaging finds: ZWEL0361E, 0363E and 0364E.
    #[test]
    fn directories_are_apart_from_each_other() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let good = [("runtimeDirectory", "r"), ("workspaceDirectory", "ws"), ("logDirectory", "logs"), ("extensionDirectory", "ext")];
        assert!(found(&root, &good).is_empty());
        assert!(found(&root, &[("runtimeDirectory", "a"), ("workspaceDirectory", "ab")]).is_empty(), "not within");
        let same = found(&root, &[("workspaceDirectory", "x/"), ("logDirectory", "x")]);
        assert!(same[0].1.contains("zowe.logDirectory: /x is zowe.workspaceDirectory"), "{same:?}");
        assert_eq!((same.len(), same[0].0), (1, Severity::Error));
        let within = found(&root, &[("runtimeDirectory", "r"), ("workspaceDirectory", "r/x/../ws")]);
        assert!(within[0].1.contains("lies within zowe.runtimeDirectory"), "{within:?}");
        // By another name.
        std::fs::create_dir(root.join("r")).unwrap();
        std::os::unix::fs::symlink(root.join("r"), root.join("link")).unwrap();
        let linked = found(&root, &[("runtimeDirectory", "r"), ("logDirectory", "link/logs")]);
        assert!(linked[0].1.contains("zowe.logDirectory: /link/logs lies within"), "{linked:?}");
    }

    #[test]
    fn room_for_what_is_written() {
        let severity = |free| room(free).map(|(severity, _)| severity);
        assert_eq!((severity(0), severity(NO_ROOM - 1)), (Some(Severity::Error), Some(Severity::Error)));
        assert_eq!((severity(NO_ROOM), severity(LITTLE_ROOM - 1)), (Some(Severity::Warning), Some(Severity::Warning)));
        assert_eq!((severity(LITTLE_ROOM), severity(u64::MAX)), (None, None));
        assert_eq!(room(MIB).unwrap().1, "has room for 1 MiB more; enlarge its file system");
    }

    #[test]
    fn nobody_else_writes_to_them() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for (key, name) in [("runtimeDirectory", "r"), ("workspaceDirectory", "w"), ("logDirectory", "l"), ("extensionDirectory", "e")] {
            std::fs::create_dir(root.join(name)).unwrap();
            std::fs::set_permissions(root.join(name), std::fs::Permissions::from_mode(0o777)).unwrap();
            let found = found(&root, &[(key, name)]);
            let is_open = found.iter().any(|(severity, text)| *severity == Severity::Error && text.contains("by everybody"));
            assert_eq!(is_open, key != "runtimeDirectory", "{found:?}");
        }
    }
}
