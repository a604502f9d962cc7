//! Where nothing tells of files there are no watches of them: whoever would have one looks.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// There is none.
pub enum PlaceWatch {}

impl PlaceWatch {
    /// None where it cannot be watched.
    pub fn of(_: &Path) -> Option<PlaceWatch> {
        None
    }

    /// Waits until something has happened.
    pub async fn changed(&self) {
        match *self {}
    }
}

/// There is none.
#[derive(Debug)]
pub enum LastingWatch {}

impl LastingWatch {
    /// None where it cannot be watched.
    pub fn of_entry(_: &Path) -> Option<LastingWatch> {
        None
    }

    /// Takes what it has to tell; whether there is anything.
    pub fn take(&self) -> bool {
        match *self {}
    }
}

impl AsFd for LastingWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }
}

/// There is nothing to remove.
pub fn release() {}
