//! High availability: two configurations of an upgrade compared. Contract: reference/ha.md, "The documented procedure".

pub mod ask;
pub mod compare;
pub mod operate;
pub mod operator;
pub mod registry;
pub mod status;
pub mod target;
pub mod traffic;
pub mod upgrade;
pub mod verify;

pub use compare::{Class, Difference, classify};

use crate::config::{self, Configuration, LoadRequest};
use crate::platform::Platform;
use std::fmt::Write;

/// One of the two configurations.
#[derive(Debug, Clone)]
pub struct Side {
    /// As in CONFIG.
    pub config: String,
    /// None: the configuration itself, without an overlay.
    pub ha_instance: Option<String>,
}

/// What `zwelnch ha compare` prints and ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub text: String,
    /// 8 when the two cannot run side by side, else 0.
    pub exit_code: i32,
}

/// A configuration that cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("{config}: {why}")]
    Source { config: String, why: config::SourceError },
    #[error("{0}")]
    Load(#[from] config::LoadError),
}

/// Compares the configuration of the instance that goes on serving (A) with that of the instance that is replaced (B).
///
/// # Errors
/// When one of them cannot be loaded.
pub fn compare(a: &Side, b: &Side, platform: &dyn Platform) -> Result<Report, CompareError> {
    let (a, b) = (load(a, platform)?, load(b, platform)?);
    let level = |side: &Configuration| side.runtime_directory().and_then(|runtime| config::zowe_version(&runtime));
    let differences = classify(&a.value, &b.value, level(&a) != level(&b) || level(&a).is_none());
    let mut text = String::new();
    let mut violations = 0;
    for difference in &differences {
        violations += usize::from(difference.class.is_violation());
        let path: Vec<&str> = difference.path.iter().map(String::as_str).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<18} {}\n  A {}  {}\n  B {}  {}",
            difference.class.words(),
            difference.path.join("."),
            a.place(&path),
            shown(&path, difference.a.as_ref()),
            b.place(&path),
            shown(&path, difference.b.as_ref())
        );
    }
    let _ = writeln!(text, "{} differences, {violations} violations", differences.len());
    Ok(Report { text, exit_code: if violations > 0 { 8 } else { 0 } })
}

fn shown(path: &[&str], value: Option<&serde_json::Value>) -> String {
    value.map_or_else(|| "(not set)".to_owned(), |value| config::show_value(path, value))
}

fn load(side: &Side, platform: &dyn Platform) -> Result<Configuration, CompareError> {
    let sources = config::parse_sources(&side.config).map_err(|why| CompareError::Source { config: side.config.clone(), why })?;
    let ha_instance = match &side.ha_instance {
        Some(id) => config::ha_instance(id, platform),
        None => config::HaInstance::none(),
    };
    Ok(Configuration::load(&LoadRequest { sources: &sources, ha_instance: &ha_instance, platform })?)
}
