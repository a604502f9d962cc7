//! The files and directories under `<workspace>` that prepare makes. Contract: docs/contract/configuration.md, "Files of the workspace";
//! the modes are those of the golden trees, except that the files under `.env` are 600, for they may hold passwords.
//!
//! Two HA instances may share one workspace. Every file is written under a temporary name in its own directory and renamed, so that a
//! reader never sees half of one; files that carry no instance id in their name are written under a lock besides. A file that is already
//! what would be written is left alone, and keeps its time.

mod common;
mod file;
mod shell_format;
#[cfg(test)]
mod tests;

pub use file::{make_directory, remove_abandoned};
pub use shell_format::{FormatError, format_instance, format_snapshot, parse_snapshot};

use crate::config::Environment;
use crate::platform::private::PrivateDirectory;
use crate::platform::text_file::{self, TextFile};
use crate::platform::unchanged;
use crate::platform::{FileLock, LockError};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The directory under the workspace that only its owner may read: `ZWE_PRIVATE_WORKSPACE_ENV_DIR`.
pub const ENVIRONMENT_DIRECTORY: &str = ".env";

/// What the launcher of an HA instance has locked as long as it runs. `ha_id`: as the launcher spells it.
pub fn instance_lock(workspace: &Path, ha_id: &str) -> PathBuf {
    workspace.join(ENVIRONMENT_DIRECTORY).join(format!(".{ha_id}.lock"))
}

/// How long another instance may hold the lock on the shared files; writing them takes milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// Mode of files that may hold secrets.
const PRIVATE: u32 = 0o600;

/// Directories of a workspace and their modes, parents first.
const DIRECTORIES: &[(&str, u32)] = &[
    (ENVIRONMENT_DIRECTORY, 0o700),
    ("api-mediation", 0o750),
    ("api-mediation/api-defs", 0o770),
    ("app-server", 0o755),
    ("app-server/plugins", 0o755),
    ("discovery", 0o750),
    ("discovery/sharedLibs", 0o770),
    ("gateway", 0o750),
    ("gateway/sharedLibs", 0o770),
    ("zaas", 0o750),
    ("zaas/sharedLibs", 0o750),
];

/// Why a file of the workspace could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error("cannot create directory '{}' - {source}; check its owner, its mode and the free space of the file system", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("cannot write '{}' - {source}; check the owner and mode of its directory and the free space of the file system",
        path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("what killed runs have left in '{}' cannot be removed - {source}; check its owner and mode", path.display())]
    Unclean { path: PathBuf, source: io::Error },
    #[error("cannot read '{}' - {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write '{}' - {why}", path.display())]
    Content { path: PathBuf, why: String },
    #[error("{}:{line}:{column}: {what}; the file is written when the component is configured: configure it again", path.display())]
    Snapshot { path: PathBuf, line: usize, column: usize, what: &'static str },
    #[error("'{}' is locked by {holder} for more than {seconds} s; see whether that instance hangs", path.display())]
    Locked { path: PathBuf, holder: String, seconds: u64 },
    #[error("cannot lock '{}' - {source}", path.display())]
    Lock { path: PathBuf, source: io::Error },
    #[error("component name '{0}' cannot be a directory name; use letters, digits, '-' and '_'")]
    ComponentName(String),
}

impl WorkspaceError {
    /// There is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, WorkspaceError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Takes a lock on a file: [`crate::platform::Platform::lock_file`], handed in so that this module needs nothing else of a platform.
pub type Locker<'a> = &'a dyn Fn(&Path, &str) -> Result<FileLock, LockError>;

/// The files of one installed component.
#[derive(Debug, Clone, Default)]
pub struct ComponentFiles {
    pub name: String,
    /// The variables that the component has besides [`PreparedFiles::common`], or in place of those: `<component>/.instance-<ha>.env` has
    /// all of them.
    pub own: Environment,
    /// The top-level `configs` of `<component>/.configs-<ha>.json`, which else is [`PreparedFiles::instance`]; None for a component whose
    /// manifest has no `configs`.
    pub configs: Option<Value>,
    /// The manifest to copy beside it; None for a component that is not enabled.
    pub manifest_file: Option<PathBuf>,
}

/// The files of the instance, ready to be written.
#[derive(Debug, Clone, Default)]
pub struct PreparedFiles {
    /// `.zowe-merged.yaml`: merged and evaluated, as users would have written it.
    pub merged: Value,
    /// `.zowe.json`: the same with the defaults of the components' manifests.
    pub base: Value,
    /// `.zowe-<ha>.json`: that with the overlay of the instance.
    pub instance: Value,
    /// `.zowe-<ha>-merged.yaml`, ZWE_HA_INSTANCE_CONFIG: [`PreparedFiles::merged`] with the overlay of the instance; None for one that
    /// haInstances does not have.
    pub instance_merged: Option<Value>,
    /// `.instance-<ha>.env`: the variables of the instance, with the defaults of all manifests.
    pub environment: Environment,
    /// Those of them that come from the configuration, in the files of all components.
    pub common: Environment,
    /// `<runtime>/manifest.json`, copied to `<workspace>/manifest.json`; None where there is none.
    pub runtime_manifest: Option<PathBuf>,
}

/// Makes the directories of a workspace that are missing, the workspace itself (770) included. Those that are there keep their mode, except
/// `.env`, which is brought back to 700.
///
/// # Errors
/// [`WorkspaceError::Directory`] with the first one that cannot be made.
pub fn make_directories(workspace: &Path) -> Result<(), WorkspaceError> {
    let make = |path: &Path, mode: u32| {
        make_directory(path, mode).map_err(|source| WorkspaceError::Directory { path: path.to_path_buf(), source })
    };
    make(workspace, 0o770)?;
    for (name, mode) in DIRECTORIES {
        make(&workspace.join(name), *mode)?;
    }
    let private = workspace.join(ENVIRONMENT_DIRECTORY);
    let restricted = file::restrict(&private, 0o700).and_then(|()| PrivateDirectory::open(&private));
    restricted.map(drop).map_err(|source| WorkspaceError::Directory { path: private, source })
}

/// The directories of a workspace, parents first.
pub fn directories(workspace: &Path) -> impl Iterator<Item = PathBuf> {
    DIRECTORIES.iter().map(move |(name, _)| workspace.join(name))
}

/// `<workspace>/.env/<component>/.<ha>.env`, the environment snapshot of a component.
pub fn snapshot_path(workspace: &Path, component: &str, ha_id: &str) -> PathBuf {
    workspace.join(ENVIRONMENT_DIRECTORY).join(component).join(format!(".{ha_id}.env"))
}

/// Where the merged configuration is written, ZWE_CLI_PARAMETER_CONFIG: what the components' scripts read.
pub fn merged_file(workspace: &Path) -> PathBuf {
    workspace.join(ENVIRONMENT_DIRECTORY).join(".zowe-merged.yaml")
}

/// Writes everything that prepare leaves in the workspace, making directories that are missing; of files that are there only those that
/// differ. The components come one by one, so that not all of them are in memory at once.
///
/// # Errors
/// The first file or directory that fails; what was written before stays.
pub fn write_files(
    workspace: &Path,
    ha_id: &str,
    files: &PreparedFiles,
    components: &mut dyn Iterator<Item = ComponentFiles>,
    locker: Locker<'_>,
) -> Result<(), WorkspaceError> {
    make_directories(workspace)?;
    let private = workspace.join(ENVIRONMENT_DIRECTORY);
    let instance_file = private.join(format!(".zowe-{ha_id}.json"));
    let instance = common::InstanceJson::new(&files.instance).map_err(unfit(&instance_file))?;
    write(&instance_file, &instance.text, TextFile::ConfigurationJson)?;
    let instance_merged = private.join(format!(".zowe-{ha_id}-merged.yaml"));
    match &files.instance_merged {
        Some(merged) => write_yaml(&instance_merged, merged)?,
        None => match std::fs::remove_file(&instance_merged) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(WorkspaceError::Write { path: instance_merged, source });
            }
            _ => {}
        },
    }
    let variables_file = private.join(format!(".instance-{ha_id}.env"));
    let variables = format_instance(&files.environment).map_err(unfit(&variables_file))?;
    write(&variables_file, &variables, TextFile::InstanceVariables)?;
    let common = common::CommonVariables::new(&files.common).map_err(unfit(&variables_file))?;
    let mut manifests = Vec::new();
    for component in components {
        check_component_name(&component.name)?;
        let directory = private.join(&component.name);
        file::make_and_clean(&directory, 0o700).map_err(|fault| fault.of(&directory))?;
        let variables_file = directory.join(format!(".instance-{ha_id}.env"));
        let variables = common.file(&component.own).map_err(unfit(&variables_file))?;
        write(&variables_file, &variables, TextFile::InstanceVariables)?;
        if let Some(configs) = &component.configs {
            let configs_file = directory.join(format!(".configs-{ha_id}.json"));
            let text = instance.with(configs).map_err(unfit(&configs_file))?;
            write(&configs_file, &text, TextFile::ConfigurationJson)?;
        }
        if let Some((manifest, name)) = component.manifest_file.as_deref().and_then(|path| Some((path, path.file_name()?))) {
            manifests.push((manifest.to_path_buf(), directory.join(name)));
        }
    }

    let lock_path = private.join(".lock");
    let _lock = wait_for_lock(&lock_path, ha_id, locker)?;
    for directory in DIRECTORIES {
        clean(&workspace.join(directory.0))?;
    }
    write_json(&private.join(".zowe.json"), &files.base)?;
    write_yaml(&merged_file(workspace), &files.merged)?;
    if let Some(manifest) = &files.runtime_manifest {
        copy(manifest, &workspace.join("manifest.json"), 0o644)?;
    }
    for (manifest, place) in &manifests {
        copy(manifest, place, PRIVATE)?;
    }
    Ok(())
}

fn clean(directory: &Path) -> Result<(), WorkspaceError> {
    remove_abandoned(directory).map_err(|source| WorkspaceError::Unclean { path: directory.to_path_buf(), source })
}

/// Writes the environment snapshot of a component, mode 600, in the form that a shell can source.
///
/// # Errors
/// [`WorkspaceError::Write`]; [`WorkspaceError::Content`] for a name or value that no environment can hold.
pub fn write_snapshot(path: &Path, environment: &Environment) -> Result<(), WorkspaceError> {
    let text = format_snapshot(environment).map_err(unfit(path))?;
    // The file's time says when the command that exported this was run.
    text_file::write(path, &text, PRIVATE, TextFile::Snapshot).map_err(|source| WorkspaceError::Write { path: path.to_path_buf(), source })
}

/// Bytes of a snapshot at most: more than any system hands to a process.
const SNAPSHOT_LIMIT: u64 = 64 * 1024 * 1024;

/// Reads the snapshot of a component, as [`write_snapshot`] wrote it. No shell runs and nothing in the file is executed. It is what the
/// component's process is given, so it must be of this user's own making.
///
/// # Errors
/// [`WorkspaceError::Read`] (also for a snapshot that is not there, see [`WorkspaceError::is_missing`]), [`WorkspaceError::Snapshot`] with
/// the place where it is not one.
pub fn read_snapshot(workspace: &Path, component: &str, ha_id: &str) -> Result<Environment, WorkspaceError> {
    let path = snapshot_path(workspace, component, ha_id);
    let below = Path::new(component).join(format!(".{ha_id}.env"));
    let text = PrivateDirectory::open(&workspace.join(ENVIRONMENT_DIRECTORY)).and_then(|directory| directory.read(&below, SNAPSHOT_LIMIT));
    let text = text.map_err(|source| WorkspaceError::Read { path: path.clone(), source })?;
    parse_snapshot(&text_file::decode(text)).map_err(|error| WorkspaceError::Snapshot {
        path,
        line: error.line,
        column: error.column,
        what: error.what,
    })
}

/// A component's name becomes the name of a directory, so it must be exactly one step of a path.
pub(super) fn check_component_name(name: &str) -> Result<(), WorkspaceError> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0', '\n']);
    if plain { Ok(()) } else { Err(WorkspaceError::ComponentName(name.to_string())) }
}

/// Two instances may prepare at once. Renames keep each file whole anyway; the lock keeps the files consistent with each other.
fn wait_for_lock(path: &Path, ha_id: &str, locker: Locker<'_>) -> Result<FileLock, WorkspaceError> {
    let holder = format!("HA instance {ha_id}, process {}", std::process::id());
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match locker(path, &holder) {
            Ok(lock) => return Ok(lock),
            Err(LockError::Held(holder)) if Instant::now() >= deadline => {
                return Err(WorkspaceError::Locked { path: path.to_path_buf(), holder, seconds: LOCK_PATIENCE.as_secs() });
            }
            // A blocking lock could wait forever for an instance that hangs, and nothing would say why.
            Err(LockError::Held(_)) => std::thread::sleep(LOCK_RETRY),
            Err(LockError::Io(source)) => return Err(WorkspaceError::Lock { path: path.to_path_buf(), source }),
        }
    }
}

fn write(path: &Path, text: &[u8], kind: TextFile) -> Result<(), WorkspaceError> {
    let written = unchanged::update(path, text, PRIVATE, kind);
    written.map(drop).map_err(|source| WorkspaceError::Write { path: path.to_path_buf(), source })
}

/// What makes an error of content that cannot be written.
fn unfit<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> WorkspaceError {
    move |error| WorkspaceError::Content { path: path.to_path_buf(), why: error.to_string() }
}

fn write_yaml(path: &Path, value: &Value) -> Result<(), WorkspaceError> {
    write(path, serde_yaml::to_string(value).map_err(unfit(path))?.as_bytes(), TextFile::Configuration)
}

fn write_json(path: &Path, value: &Value) -> Result<(), WorkspaceError> {
    write(path, &serde_json::to_vec_pretty(value).map_err(unfit(path))?, TextFile::ConfigurationJson)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), WorkspaceError> {
    let source = text_file::read_stored(from).map_err(|source| WorkspaceError::Read { path: from.to_path_buf(), source })?;
    unchanged::update_copy(to, &source, mode).map(drop).map_err(|source| WorkspaceError::Write { path: to.to_path_buf(), source })
}
