//! A component's own log file: what the component wrote, byte for byte, rotated by size and count.

use crate::platform::files::unless_missing;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// After a failure, the file is not tried again before this time has passed.
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

#[derive(Debug)]
pub(super) struct LogFile {
    settings: LogSettings,
    file: Option<File>,
    /// Bytes in the file.
    size: u64,
    /// Since when, and why, nothing has been written; the data since then is missing.
    failed: Option<(Duration, String)>,
    missing: u64,
}

impl LogFile {
    pub(super) fn new(settings: LogSettings) -> LogFile {
        LogFile { settings, file: None, size: 0, failed: None, missing: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        &self.settings.path
    }

    /// Takes new settings for the same file, and tries again if it has failed.
    pub(super) fn attach(&mut self, settings: LogSettings) {
        self.settings = settings;
        self.failed = None;
    }

    /// Appends; `whole`: the bytes begin a line, so that a new file may be begun before them. `now` is the time since any fixed point.
    ///
    /// # Errors
    /// The system's, once for each series of failures.
    pub(super) fn write(&mut self, bytes: &[u8], whole: bool, now: Duration) -> io::Result<()> {
        if self.failed.as_ref().is_some_and(|(since, _)| now < *since + RETRY) {
            self.missing += bytes.len() as u64;
            return Ok(());
        }
        let result = self.try_write(bytes, whole);
        let again = self.failed.is_some();
        match result {
            Ok(()) => self.failed = None,
            Err(error) => {
                self.failed = Some((now, error.to_string()));
                self.missing += bytes.len() as u64;
                if !again {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn try_write(&mut self, bytes: &[u8], whole: bool) -> io::Result<()> {
        if self.file.is_none() {
            self.open()?;
        }
        if self.missing > 0 {
            let why = self.failed.as_ref().map_or("it could not be written", |(_, why)| why);
            let note = format!("\n-- about {} bytes are missing here: {why}\n", self.missing);
            self.append(note.as_bytes())?;
            self.missing = 0;
        }
        if !whole {
            return self.append(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = usize::try_from(self.settings.size.saturating_sub(self.size)).unwrap_or(usize::MAX);
            let fitting =
                if rest.len() <= room { rest.len() } else { memchr::memrchr(b'\n', &rest[..room]).map_or(0, |position| position + 1) };
            let length = match fitting {
                0 if self.size > 0 => {
                    self.shift()?;
                    continue;
                }
                // A line longer than a file may be.
                0 => memchr::memchr(b'\n', rest).map_or(rest.len(), |position| position + 1),
                fitting => fitting,
            };
            self.append(&rest[..length])?;
            rest = &rest[length..];
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        let path = &self.settings.path;
        let opened = crate::platform::unix::open_log(path);
        let file = match (opened, path.parent()) {
            // Somebody who cleaned up has removed the directory: it is created as a start creates it.
            (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
                let in_words = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", parent.display()));
                fs::DirBuilder::new().recursive(true).mode(0o750).create(parent).map_err(in_words)?;
                crate::platform::unix::open_log(path)?
            }
            (opened, _) => opened?,
        };
        self.size = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    /// Begins a new file on request. If somebody else has already moved the file away, it is only opened anew.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        self.failed = None;
        let identity = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
        let ours = self.file.as_ref().map(File::metadata).transpose()?;
        let there = unless_missing(fs::symlink_metadata(&self.settings.path))?;
        match (ours, there) {
            (Some(ours), Some(there)) if identity(&ours) == identity(&there) && ours.len() > 0 => self.shift(),
            _ => {
                self.file = None;
                self.open()
            }
        }
    }

    fn shift(&mut self) -> io::Result<()> {
        self.file = None;
        let numbered = |number: u32| {
            let mut name = self.settings.path.clone().into_os_string();
            if number > 0 {
                name.push(format!(".{number}"));
            }
            PathBuf::from(name)
        };
        if self.settings.count == 0 {
            unless_missing(fs::remove_file(&self.settings.path))?;
        }
        for number in (0..self.settings.count).rev() {
            unless_missing(fs::rename(numbered(number), numbered(number + 1)))?;
        }
        self.open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn log(directory: &Path, size: u64, count: u32) -> LogFile {
        LogFile::new(LogSettings { path: directory.join("c-lpar1.log"), size, count })
    }

    fn names(directory: &Path) -> Vec<(String, String)> {
        let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap());
        let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| read(entry.unwrap())).collect();
        names.sort();
        names
    }

    fn expected(names: &[(&str, &str)]) -> Vec<(String, String)> {
        names.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn rotated_by_size_and_count() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = log(directory.path(), 10, 2);
        for number in 0..5 {
            file.write(format!("line {number}\n").as_bytes(), true, Duration::ZERO).unwrap();
        }
        file.write(b"more ", false, Duration::ZERO).unwrap();
        let of_five = [("c-lpar1.log", "line 4\nmore "), ("c-lpar1.log.1", "line 3\n"), ("c-lpar1.log.2", "line 2\n")];
        assert_eq!(names(directory.path()), expected(&of_five));
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o137, 0, "mode 640");
        let mut none = log(directory.path(), 10, 0);
        none.write(b"0123456789\n", true, Duration::ZERO).unwrap();
        assert_eq!(fs::read_to_string(none.path()).unwrap(), "0123456789\n");
    }

    #[test]
    fn a_block_of_many_lines_fills_several_files_and_a_line_is_never_torn() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = log(directory.path(), 10, 3);
        file.write(b"1\n2\n3\n4\n5\n6\n0123456789abc\nend\n", true, Duration::ZERO).unwrap();
        let files = [
            ("c-lpar1.log", "end\n"),
            ("c-lpar1.log.1", "0123456789abc\n"),
            ("c-lpar1.log.2", "6\n"),
            ("c-lpar1.log.3", "1\n2\n3\n4\n5\n"),
        ];
        assert_eq!(names(directory.path()), expected(&files));
    }

    #[test]
    fn rotation_on_request_and_after_somebody_else_has_moved_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = log(directory.path(), 1000, 3);
        file.write(b"a\n", true, Duration::ZERO).unwrap();
        file.rotate().unwrap();
        file.write(b"b\n", true, Duration::ZERO).unwrap();
        fs::rename(file.path(), directory.path().join("moved")).unwrap();
        file.rotate().unwrap();
        file.write(b"c\n", true, Duration::ZERO).unwrap();
        assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "c\n"), ("c-lpar1.log.1", "a\n"), ("moved", "b\n")]));
    }

    #[test]
    fn a_failure_is_told_once_and_what_is_missing_when_it_is_over() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("elsewhere");
        let mut file = log(directory.path(), 1000, 3);
        std::os::unix::fs::symlink(&target, file.path()).unwrap();
        let second = Duration::from_secs(1);
        assert!(file.write(b"one\n", true, second).is_err(), "a symbolic link is not followed");
        assert!(file.write(b"two\n", true, 2 * second).is_ok());
        assert!(file.write(b"two\n", true, 62 * second).is_ok(), "tried again, failed again, said once");
        fs::remove_file(file.path()).unwrap();
        file.write(b"last\n", true, 123 * second).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(text.starts_with("\n-- about 12 bytes are missing here: ") && text.ends_with("\nlast\n"), "{text}");
        assert!(!target.exists());
    }

    #[test]
    fn only_a_regular_file_is_a_log_and_nobody_waits_for_another() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = log(directory.path(), 1000, 3);
        nix::unistd::mkfifo(file.path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(file.write(b"one\n", true, Duration::ZERO).is_err());
    }
}
