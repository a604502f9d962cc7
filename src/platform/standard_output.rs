//! Standard output of commands: if it did not take a document, the command has failed, whatever its own result.

use super::text_streams::{Stream, written};
use nix::libc;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// The first relevant failure of this process.
static LOST: Mutex<Option<String>> = Mutex::new(None);

/// Why something that was written to standard output did not arrive; None when all of it did, or when nobody reads it any more.
pub fn lost() -> Option<String> {
    LOST.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Standard output that remembers, for [`lost`], what it did not take.
#[derive(Debug, Default)]
pub struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // As many bytes as are given, whatever the code page.
        remembered(io::stdout().write(&written(Stream::Output, bytes)))
    }

    fn flush(&mut self) -> io::Result<()> {
        remembered(io::stdout().flush())
    }
}

/// Remembers a failure and passes it on.
///
/// # Errors
/// The one it was given.
pub fn remembered<T>(result: io::Result<T>) -> io::Result<T> {
    result.inspect_err(|error| {
        if !is_reader_gone(error, || io::stdout().is_terminal()) && error.kind() != io::ErrorKind::Interrupted {
            LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }
    })
}

/// Whether an error means that nobody reads any more, which is the reader's choice (`| head`): a closed pipe, a terminal that hung up.
fn is_reader_gone(error: &io::Error, is_terminal: impl FnOnce() -> bool) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || (error.raw_os_error() == Some(libc::EIO) && is_terminal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reader_that_has_gone_is_silent() {
        let gone = |number, terminal: bool| is_reader_gone(&io::Error::from_raw_os_error(number), || terminal);
        assert!(gone(libc::EPIPE, false) && gone(libc::EIO, true));
        assert!(!gone(libc::EIO, false) && !gone(libc::ENOSPC, true) && !gone(libc::EFBIG, false));
    }
}
