//! Why a rollout cannot be made; the texts say what to do.

use std::io;
use std::path::PathBuf;

/// What is wrong with the record, or with what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    #[error("neither XDG_STATE_HOME nor HOME is set: name a directory for the rollout's records with --state")]
    NoPlace,
    #[error("{}: {why}", .path.display())]
    Io { path: PathBuf, why: io::Error },
    #[error("{} is no record of a rollout: {why}; move it away if nothing is under way", .path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error("rollout {number} to {to} is not at its end ({state}): go on with --resume, or go back with --undo")]
    Unfinished { number: u32, to: String, state: String },
    #[error("no rollout is there to be taken up or undone: {} has no record", .0.display())]
    Nothing(PathBuf),
    #[error("rollout {number} is {state}: there is nothing to resume")]
    Ended { number: u32, state: String },
    #[error("rollout {number} is {state}: there is nothing to undo")]
    NothingToUndo { number: u32, state: String },
    #[error("HA instance {id} is not one of {}", .known.join(", "))]
    NoInstance { id: String, known: Vec<String> },
    #[error("HA instance {0} is named twice")]
    Twice(String),
    #[error("{0} HA instances: a rollout needs 2 to 32, so that one serves while another is replaced")]
    Count(usize),
    #[error("the canary {0} is not among the instances of this rollout")]
    Canary(String),
    #[error("--max-unavailable 0 replaces nothing: give 1 or more")]
    NoneUnavailable,
}
