//! Waits for files to change.

use crate::platform::unix::watch::watch_file;
use std::io;
use std::path::Path;
use std::sync::mpsc;

/// Calls `look` now, and whenever something has happened to the file or to one whose name begins like that; ends when it gives false.
///
/// # Errors
/// The system's; what `look` fails with.
pub(super) fn follow(directory: &Path, file: &str, mut look: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let (sender, news) = mpsc::sync_channel(1);
    // One that waits is as good as two.
    let _watch = watch_file(directory, file, move || {
        let _ = sender.try_send(());
    })?;
    while look()? {
        if news.recv().is_err() {
            break;
        }
    }
    Ok(())
}
