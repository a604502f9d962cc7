//! Why a component has not answered well.

use crate::component::ComponentError;
use crate::lifecycle::ScriptError;
use crate::net::HttpError;
use crate::platform::End;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::task::JoinError;

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum NoAnswer {
    #[error("{} does not hold the text yet", .0.display())]
    TextNotThere(PathBuf),
    #[error("{}: {source}", file.display())]
    File { file: PathBuf, source: io::Error },
    #[error("the file cannot be read any more")]
    FileLost,
    #[error("{host}: {source}")]
    NotFound { host: String, source: io::Error },
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("{address}: {source}")]
    Refused { address: SocketAddr, source: io::Error },
    #[error("{url}: {source}")]
    Http { url: String, source: HttpError },
    #[error("{url} answered {found}")]
    Status { url: String, found: u16 },
    #[error("{whom}: no answer within {seconds} s")]
    Late { whom: String, seconds: u64 },
    #[error("the command did not end within {0} s")]
    CommandLate(u64),
    #[error("the command ended with {0}")]
    CommandFailed(End),
    /// What was done on a thread of its own has failed there.
    #[error(transparent)]
    Thread(#[from] JoinError),
    /// There is no such command.
    #[error(transparent)]
    NoCommand(ComponentError),
    /// The command cannot be run.
    #[error(transparent)]
    NotRun(ScriptError),
}

impl NoAnswer {
    /// It has answered, in a way that this program does not understand: that is alive, and ready as far as can be told.
    pub(super) fn cannot_be_judged(&self) -> bool {
        matches!(self, NoAnswer::Http { source: HttpError::NotJudged(_), .. })
    }

    /// It was not asked at all: that says nothing of the component.
    pub(super) fn was_not_asked(&self) -> bool {
        matches!(self, NoAnswer::NoCommand(_) | NoAnswer::NotRun(_))
    }
}
