//! Which Zowe it is: `<runtime>/manifest.json`.

use super::load::read_file;
use super::lookup;
use serde_json::Value;
use std::path::Path;

/// What manifest.json of a runtime says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Such as `3.1.0`.
    pub version: String,
    /// `branch#number (commitHash)`; None when the manifest has no build.
    pub build: Option<String>,
}

impl Version {
    /// None when the file is missing, broken or has no version.
    pub fn read(runtime: &Path) -> Option<Version> {
        Version::try_read(runtime).ok()
    }

    /// The same.
    ///
    /// # Errors
    /// The file, and why it says nothing.
    pub fn try_read(runtime: &Path) -> Result<Version, String> {
        let file = runtime.join("manifest.json");
        let why = |why: String| format!("{}: {why}", file.display());
        let bytes = read_file(&file).map_err(|error| why(error.to_string()))?;
        let text = super::encoding::decode(&bytes).map_err(|error| why(error.reason))?;
        let manifest: Value = serde_json::from_str(&text).map_err(|error| why(error.to_string()))?;
        let version = lookup(&manifest, &["version"]).and_then(Value::as_str);
        let version = version.ok_or_else(|| why("it has no text version, such as 3.1.0".to_string()))?.to_string();
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
