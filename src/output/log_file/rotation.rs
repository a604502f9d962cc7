//! The earlier log files beside a log file: `.1` is the youngest.

use crate::platform::files::{self, FileKind, unless_missing};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Makes room for a new file at `path`: what is there becomes `.1`, `.1` becomes `.2`, up to the first number that is free; the oldest of
/// `count` is overwritten. With none to be kept, it is removed.
///
/// # Errors
/// What is in the way. Nothing is lost then, and nothing was done if it is not a file of ours.
pub fn shift(path: &Path, count: u32) -> Result<(), String> {
    let there = |number: u32| {
        let path = numbered(path, number);
        let unknown = |error: io::Error| format!("what is at {} is unknown: {error}", path.display());
        unless_missing(fs::symlink_metadata(&path)).map_err(unknown)
    };
    let Some(log) = there(0)? else { return Ok(()) };
    if count == 0 {
        return unless_missing(fs::remove_file(path)).map(drop).map_err(|error| format!("{} cannot be removed: {error}", path.display()));
    }
    let mut last = 1;
    while let Some(earlier) = there(last)? {
        if let Some(why) = foreign(&earlier, &log) {
            return Err(format!("{} is {why}", numbered(path, last).display()));
        }
        if last == count {
            break;
        }
        last += 1;
    }
    for number in (0..last).rev() {
        let (from, to) = (numbered(path, number), numbered(path, number + 1));
        let failed = |error: io::Error| format!("{} cannot be renamed to {}: {error}", from.display(), to.display());
        unless_missing(fs::rename(&from, &to)).map_err(failed)?;
    }
    Ok(())
}

/// What keeps an earlier file from being renamed and overwritten: it was not made by a rotation.
fn foreign(earlier: &Metadata, log: &Metadata) -> Option<&'static str> {
    match files::kind(earlier) {
        FileKind::Directory => Some("a directory"),
        FileKind::SymbolicLink => Some("a symbolic link"),
        FileKind::Other => Some("no regular file"),
        // To rename one to the other would do nothing.
        FileKind::Regular if (earlier.dev(), earlier.ino()) == (log.dev(), log.ino()) => Some("another name of the log file itself"),
        FileKind::Regular => None,
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    PathBuf::from(name)
}
