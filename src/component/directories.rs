//! The directories that a configuration names: whether they are there, or can be made. Nothing is made here.

use crate::config::{Configuration, Location, Problem};
use crate::platform::Platform;
use crate::platform::files::{FileKind, look};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What a directory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `zowe.runtimeDirectory`: must be there.
    Runtime,
    /// `zowe.workspaceDirectory`: made when it is missing.
    Workspace,
    /// `zowe.logDirectory`, where it is set: made when it is missing.
    Logs,
    /// `zowe.extensionDirectory`, where it is set: may be missing.
    Extensions,
}

impl Purpose {
    const ALL: [Purpose; 4] = [Purpose::Runtime, Purpose::Workspace, Purpose::Logs, Purpose::Extensions];

    /// The key below `zowe`.
    pub fn key(self) -> &'static str {
        match self {
            Purpose::Runtime => "runtimeDirectory",
            Purpose::Workspace => "workspaceDirectory",
            Purpose::Logs => "logDirectory",
            Purpose::Extensions => "extensionDirectory",
        }
    }
}

/// What is wrong with a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryFault {
    #[error("is not defined; the path of a directory is expected")]
    NotDefined,
    #[error("is empty; the path of a directory is expected")]
    Empty,
    /// The runtime directory becomes the working directory, so that a relative path would mean two things.
    #[error("is no absolute path; one that begins with / is expected")]
    Relative,
    #[error("does not exist; an existing directory is expected")]
    Missing,
    #[error("is no directory")]
    NotADirectory,
    #[error("is not writable for this user")]
    NotWritable,
    /// Permission denied, an I/O error, a loop of links: that is not absence.
    #[error("cannot be looked into: {0}; check the owner and mode of its directories")]
    Unknown(String),
    #[error("does not exist and cannot be made: {0}")]
    CannotBeMade(String),
}

/// A directory that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryProblem {
    pub purpose: Purpose,
    /// As configured; empty where it is not.
    pub path: PathBuf,
    pub fault: DirectoryFault,
    pub place: Location,
}

impl DirectoryProblem {
    /// As a report lists it; a missing directory of extensions is a warning.
    pub fn problem(&self) -> Problem {
        let path = ["zowe", self.purpose.key()];
        let value = match self.fault {
            DirectoryFault::NotDefined | DirectoryFault::Empty => String::new(),
            _ => format!(": '{}'", self.path.display().to_string().escape_debug()),
        };
        let text = format!("zowe.{}{value} {}", self.purpose.key(), self.fault);
        let problem = Problem {
            error: self.purpose != Purpose::Extensions || matches!(self.fault, DirectoryFault::Unknown(_)),
            ..Problem::warning(Some(self.place.clone()), text)
        };
        problem.about(&path)
    }
}

/// Looks at all of them.
pub(super) fn problems(configuration: &Configuration, platform: &dyn Platform) -> Vec<DirectoryProblem> {
    let fault = |purpose: Purpose| {
        let value = configuration.get(&["zowe", purpose.key()]);
        let path = PathBuf::from(value.and_then(Value::as_str).unwrap_or_default());
        let fault = fault(purpose, value, &path, configuration.runtime_directory().as_deref(), platform)?;
        Some(DirectoryProblem { purpose, path, fault, place: configuration.place(&["zowe", purpose.key()]) })
    };
    Purpose::ALL.into_iter().filter_map(fault).collect()
}

fn fault(purpose: Purpose, value: Option<&Value>, path: &Path, runtime: Option<&Path>, platform: &dyn Platform) -> Option<DirectoryFault> {
    let optional = matches!(purpose, Purpose::Logs | Purpose::Extensions);
    if path.as_os_str().is_empty() {
        return match value {
            _ if optional => None,
            None | Some(Value::Null) => Some(DirectoryFault::NotDefined),
            Some(_) => Some(DirectoryFault::Empty),
        };
    }
    if purpose == Purpose::Runtime && path.is_relative() {
        return Some(DirectoryFault::Relative);
    }
    // The runtime directory is the working directory of a run.
    let path = runtime.map_or_else(|| path.to_path_buf(), |runtime| runtime.join(path));
    let must_be_there = matches!(purpose, Purpose::Runtime | Purpose::Extensions);
    match look(&path) {
        Err(error) => Some(DirectoryFault::Unknown(error.to_string())),
        Ok(None) if must_be_there => Some(DirectoryFault::Missing),
        Ok(None) => unmakeable(&path, platform).map(DirectoryFault::CannotBeMade),
        Ok(Some(FileKind::Directory)) if must_be_there => {
            // A user who may not look into a directory can still see that it exists.
            look(&path.join(".")).err().map(|error| DirectoryFault::Unknown(error.to_string()))
        }
        Ok(Some(FileKind::Directory)) if !platform.is_writable_directory(&path) => Some(DirectoryFault::NotWritable),
        Ok(Some(FileKind::Directory)) => None,
        Ok(Some(_)) if must_be_there => Some(DirectoryFault::NotADirectory),
        Ok(Some(_)) => Some(DirectoryFault::CannotBeMade("there is a file of that name".into())),
    }
}

/// Why a directory that is not there cannot be made: by the nearest of its parents that is.
fn unmakeable(path: &Path, platform: &dyn Platform) -> Option<String> {
    for parent in path.ancestors().skip(1) {
        match look(parent) {
            Ok(None) => {}
            Err(error) => return Some(format!("{}: {error}", parent.display())),
            Ok(Some(FileKind::Directory)) if platform.is_writable_directory(parent) => return None,
            Ok(Some(FileKind::Directory)) => return Some(format!("{} is not writable for this user", parent.display())),
            Ok(Some(_)) => return Some(format!("{} is no directory", parent.display())),
        }
    }
    None
}
