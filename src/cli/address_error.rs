//! Why a command has no addressee.

use std::io;
#[cfg(feature = "emulation")]
use std::path::PathBuf;

/// Why a command has no addressee; what to do in words.
#[derive(Debug, thiserror::Error)]
pub(super) enum AddressError {
    #[error("{name} is an HA instance, not a component: name it with -i, as in -i {id}")]
    Instance { name: String, id: String },
    #[error(transparent)]
    NoConsole(io::Error),
    #[cfg(feature = "emulation")]
    #[error("no job {name} is running in {}", .system.display())]
    NoSuchJob { name: String, system: PathBuf },
    #[cfg(feature = "emulation")]
    #[error("no job is running in {}", .0.display())]
    NoJob(PathBuf),
    /// A list of them, as text.
    #[cfg(feature = "emulation")]
    #[error("several jobs are running, name one with --job: {0}")]
    SeveralJobs(String),
}
