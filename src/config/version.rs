//! Which Zowe it is: `<runtime>/manifest.json`.

use super::{Problem, json, lookup};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What manifest.json of a runtime says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Such as `3.1.0`.
    pub version: String,
    /// `branch#number (commitHash)`; None when the manifest has no build.
    pub build: Option<String>,
}

/// Why the manifest.json of a runtime says nothing; the file is named.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    #[error("{0}")]
    Unreadable(Problem),
    #[error("{}: it has no text version, such as 3.1.0", .0.display())]
    NoVersion(PathBuf),
}

impl Version {
    /// None when the file is missing, broken or has no version.
    pub fn read(runtime: &Path) -> Option<Version> {
        Version::try_read(runtime).ok()
    }

    /// The same.
    ///
    /// # Errors
    /// [`VersionError`].
    pub fn try_read(runtime: &Path) -> Result<Version, VersionError> {
        let file = runtime.join("manifest.json");
        let manifest = json::read(&file).map_err(VersionError::Unreadable)?.root.to_value();
        let version = lookup(&manifest, &["version"]).and_then(Value::as_str);
        let version = version.ok_or(VersionError::NoVersion(file))?.to_string();
        let field = |name: &str| match lookup(&manifest, &["build", name]) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let build = match (field("branch"), field("number"), field("commitHash")) {
            (Some(branch), Some(number), Some(hash)) => Some(format!("{branch}#{number} ({hash})")),
            _ => None,
        };
        Ok(Version { version, build })
    }
}

/// The version in `<runtime>/manifest.json`, as ZWEL0021I and ZWE_VERSION show it.
pub fn zowe_version(runtime: &Path) -> Option<String> {
    Version::read(runtime).map(|version| version.version)
}
