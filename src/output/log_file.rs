//! A component's own log file: what the component wrote, byte for byte, rotated by size and count.
//!
//! Others have their hands on it too: logrotate renames it or truncates it, people clean up. So nothing is kept in mind that the system can
//! be asked: how long the open file is, whether it still has a name, and which file its path names when a new one is to be begun. A file
//! that was renamed is written on until then, as logrotate expects; one that was removed, which nobody could read, is not.

mod rotation;

pub use rotation::shift as shift_files;

use crate::message::{self, Message};
use crate::platform::files::is_same;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// After a failure, the same is not tried again before this time has passed.
const RETRY: Duration = Duration::from_secs(60);

/// Where a component's log file is and how it is rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    pub path: PathBuf,
    /// The size in bytes beyond which a new file is begun; a file holds whole lines, so a longer line may exceed it.
    pub size: u64,
    /// Earlier files that are kept beside it, `.1` the youngest.
    pub count: u32,
}

/// What is to be said of a log file.
#[derive(Debug)]
pub(super) enum Fault {
    NotWritten(io::Error),
    /// No new file could be begun, and why.
    NotRotated(String),
}

impl Fault {
    pub(super) fn message(&self, component: &str) -> Message {
        match self {
            Fault::NotWritten(error) => message::log_file_not_writable(component, error),
            Fault::NotRotated(why) => message::log_file_not_rotated(component, why),
        }
    }
}

/// What keeps a new file from being begun.
#[derive(Debug)]
struct InTheWay {
    since: Duration,
    why: String,
    /// It was to be begun whatever the size of the old one is.
    asked: bool,
}

#[derive(Debug)]
pub(super) struct LogFile {
    settings: LogSettings,
    file: Option<File>,
    /// Since when, and why, nothing has been written; the data since then is missing.
    failed: Option<(Duration, String)>,
    missing: u64,
    in_the_way: Option<InTheWay>,
}

impl LogFile {
    pub(super) fn new(settings: LogSettings) -> LogFile {
        LogFile { settings, file: None, failed: None, missing: 0, in_the_way: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.settings.path
    }

    /// Takes new settings for the same file, and tries again what has failed.
    pub(super) fn attach(&mut self, settings: LogSettings) {
        self.settings = settings;
        self.failed = None;
        self.in_the_way = None;
    }

    /// Appends; `whole`: the bytes begin a line, so that a new file may be begun before them. `now` is the time since any fixed point.
    ///
    /// # Errors
    /// What went wrong, once for each series of failures.
    pub(super) fn write(&mut self, bytes: &[u8], whole: bool, now: Duration) -> Result<(), Fault> {
        if self.failed.as_ref().is_some_and(|(since, _)| now < *since + RETRY) {
            self.missing += bytes.len() as u64;
            return Ok(());
        }
        match self.try_write(bytes, whole, now) {
            Ok(news) => {
                self.failed = None;
                news.map_or(Ok(()), |why| Err(Fault::NotRotated(why)))
            }
            Err(error) => {
                self.missing += bytes.len() as u64;
                if let Some(it) = &mut self.in_the_way {
                    // It may not have been said: then it is news when it is met again.
                    it.why.clear();
                }
                let again = self.failed.replace((now, error.to_string())).is_some();
                if again { Ok(()) } else { Err(Fault::NotWritten(error)) }
            }
        }
    }

    /// Writes all of it; returns what is newly in the way of a rotation.
    fn try_write(&mut self, bytes: &[u8], whole: bool, now: Duration) -> io::Result<Option<String>> {
        let mut size = self.size()?;
        if self.missing > 0 {
            let why = self.failed.as_ref().map_or("it could not be written", |(_, why)| why);
            let note = format!("\n-- about {} bytes are missing here: {why}\n", self.missing);
            size += self.append(note.as_bytes())?;
            self.missing = 0;
        }
        if !whole {
            self.append(bytes)?;
            return Ok(None);
        }
        let mut news = None;
        if self.in_the_way.as_ref().is_some_and(|it| it.asked && now >= it.since + RETRY) {
            news = self.try_to_begin(now, true);
            size = self.size()?;
        }
        let mut begun = false;
        let mut rest = bytes;
        while !rest.is_empty() {
            let waits = self.in_the_way.as_ref().is_some_and(|it| now < it.since + RETRY);
            let room = if waits { u64::MAX } else { self.settings.size.saturating_sub(size) };
            let length = match fitting(rest, usize::try_from(room).unwrap_or(usize::MAX)) {
                0 if size > 0 && !begun => {
                    news = self.try_to_begin(now, false).or(news);
                    begun = true;
                    size = self.size()?;
                    continue;
                }
                // A line longer than a file may be.
                0 => memchr::memchr(b'\n', rest).map_or(rest.len(), |position| position + 1),
                fitting => fitting,
            };
            begun = false;
            size += self.append(&rest[..length])?;
            rest = &rest[length..];
        }
        Ok(news)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        file.write_all(bytes)?;
        Ok(bytes.len() as u64)
    }

    /// The size of the open file; opens one where there is none, or where somebody has removed it.
    fn size(&mut self) -> io::Result<u64> {
        if let Some(file) = &self.file {
            let metadata = file.metadata()?;
            if metadata.nlink() > 0 {
                return Ok(metadata.len());
            }
        }
        self.file = None;
        let file = open(&self.settings.path)?;
        let size = file.metadata()?.len();
        self.file = Some(file);
        Ok(size)
    }

    /// Begins a new file on request. If somebody else has already moved the file away, its path is only opened anew.
    ///
    /// # Errors
    /// Why there is none; the old one then goes on, and the same is tried again later.
    pub(super) fn rotate(&mut self, now: Duration) -> Result<(), Fault> {
        self.failed = None;
        self.in_the_way = None;
        if let Err(error) = self.size() {
            self.failed = Some((now, error.to_string()));
            return Err(Fault::NotWritten(error));
        }
        self.try_to_begin(now, true).map_or(Ok(()), |why| Err(Fault::NotRotated(why)))
    }

    /// Returns what is in the way, if that is news.
    fn try_to_begin(&mut self, now: Duration, asked: bool) -> Option<String> {
        let before = self.in_the_way.take();
        let why = self.begin().err()?;
        let asked = asked || before.as_ref().is_some_and(|before| before.asked);
        let known = before.is_some_and(|before| before.why == why);
        self.in_the_way = Some(InTheWay { since: now, why: why.clone(), asked });
        (!known).then_some(why)
    }

    /// Begins a new file. The old one is only let go once there is a new one.
    fn begin(&mut self) -> Result<(), String> {
        let path = &self.settings.path;
        let unknown = |error: io::Error| format!("what is now at {} is unknown: {error}", path.display());
        if let Some(file) = &self.file {
            // Moved away, or removed, or another one in its place: then it is no more ours to rename.
            if is_same(file, path).map_err(unknown)? && file.metadata().map_err(unknown)?.len() > 0 {
                rotation::shift(path, self.settings.count)?;
            }
        }
        self.file = Some(open(path).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// How much of these lines there is room for: whole ones.
fn fitting(lines: &[u8], room: usize) -> usize {
    if lines.len() <= room { lines.len() } else { memchr::memrchr(b'\n', &lines[..room]).map_or(0, |position| position + 1) }
}

fn open(path: &Path) -> io::Result<File> {
    match (crate::platform::unix::open_log(path), path.parent()) {
        // Somebody who cleaned up has removed the directory: it is created as a start creates it.
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            let in_words = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", parent.display()));
            fs::DirBuilder::new().recursive(true).mode(0o750).create(parent).map_err(in_words)?;
            crate::platform::unix::open_log(path)
        }
        (opened, _) => opened,
    }
}

#[cfg(test)]
mod tests;
