//! `zwelnch component test`: the whole life of a component in a throw-away instance, one test case after the other. What is tested is the
//! real launcher with a copy of the component; nothing of the component's own directory is touched.

mod bench;
mod cases;
mod endpoint;
mod observe;
mod remains;
mod report;
mod steps;
#[cfg(test)]
mod tests;
mod tree;

pub use observe::{Observation, observe};
pub use report::{Case, Outcome, Report};

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What is to be tested, and how.
#[derive(Debug, Clone)]
pub struct TrialRequest<'a> {
    /// The component's directory, with its manifest.
    pub directory: &'a Path,
    /// A zowe.yaml that holds what the component needs besides; its other components are not started.
    pub config: Option<&'a Path>,
    /// This program, absolute.
    pub program: &'a Path,
    /// How long the component may take to be ready, and to answer.
    pub limit: Duration,
    /// Leave the throw-away instance where it is.
    pub keep: bool,
    /// Becomes true when the user wants no more of it.
    pub interrupted: Arc<AtomicBool>,
}

/// Why nothing was tested.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    #[error("{} has no manifest.yaml, manifest.yml or manifest.json: name the directory of a component", .0.display())]
    NoManifest(PathBuf),
    #[error("{0}")]
    Manifest(String),
    #[error("'{}': {why}", .path.display())]
    Io { path: PathBuf, why: io::Error },
    #[error(
        "the directory has more than {0} files, or they are nested too deeply: name the directory of a component, without what is no part of it"
    )]
    TooMany(usize),
    #[error("the throw-away instance cannot be made: {0}")]
    Instance(String),
    #[error("it was interrupted; the throw-away instance has been stopped")]
    Interrupted,
}

/// Tests a component. `told` is called as each case ends.
///
/// # Errors
/// [`TrialError`]: nothing was tested, or not to the end. A component that fails is no error.
pub fn test_component(request: &TrialRequest<'_>, told: &mut dyn FnMut(&Case)) -> Result<Report, TrialError> {
    let mut bench = bench::Bench::new(request)?;
    let mut report = Report::new(bench.name(), bench.version());
    let ended = cases::run(&mut bench, &mut |case| {
        told(&case);
        report.cases.push(case);
    });
    report.kept = bench.close();
    ended?;
    Ok(report)
}
