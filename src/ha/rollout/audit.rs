//! The audit log of rollouts: who did what and when, each command and its answer. Lines are appended; when the file has grown, it becomes
//! `audit.log.1`, and the oldest of [`KEPT`] goes.

use crate::output::one_line;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How large a file becomes, in bytes.
pub const LIMIT: u64 = 4 * 1024 * 1024;

/// How many older files there are beside the one that is written.
pub const KEPT: usize = 9;

/// The log of one directory.
#[derive(Debug, Clone)]
pub struct Audit {
    path: PathBuf,
    limit: u64,
}

impl Audit {
    /// `audit.log` in this directory, made with mode 600 at the first line.
    pub fn of(directory: &Path) -> Audit {
        Audit { path: directory.join("audit.log"), limit: LIMIT }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn older(&self, number: usize) -> PathBuf {
        self.path.with_file_name(format!("audit.log.{number}"))
    }

    /// Appends a line; what is not printable in it is replaced.
    ///
    /// # Errors
    /// The system's, with the path in words.
    pub fn write(&self, line: &str) -> io::Result<()> {
        self.append(line).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }

    fn append(&self, line: &str) -> io::Result<()> {
        if crate::platform::files::unless_missing(std::fs::symlink_metadata(&self.path))?.is_some_and(|now| now.len() >= self.limit) {
            for number in (1..KEPT).rev() {
                crate::platform::files::unless_missing(std::fs::rename(self.older(number), self.older(number + 1)))?;
            }
            std::fs::rename(&self.path, self.older(1))?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK);
        // One write a line: lines of two writers do not mix.
        options.open(&self.path)?.write_all(format!("{}\n", one_line(line)).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn lines_are_appended_and_old_files_are_bounded_in_number() {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit { limit: 1000, ..Audit::of(directory.path()) };
        for number in 0..2000 {
            audit.write(&format!("line {number} \u{1b}[2J\nforged")).unwrap();
        }
        let text = std::fs::read_to_string(audit.path()).unwrap();
        assert!(text.lines().all(|line| line.starts_with("line ") && !line.contains('\u{1b}')), "{text}");
        assert!(text.contains("line 1999"));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), KEPT + 1);
        assert_eq!(std::fs::metadata(audit.path()).unwrap().permissions().mode() & 0o777, 0o600);
        // Nothing is lost between two files.
        let before = std::fs::read_to_string(audit.older(1)).unwrap();
        let number = |line: &str| line.split(' ').nth(1).unwrap().parse::<u32>().unwrap();
        assert_eq!(number(before.lines().last().unwrap()) + 1, number(text.lines().next().unwrap()));
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit::of(directory.path());
        std::os::unix::fs::symlink("/dev/null", audit.path()).unwrap();
        assert!(audit.write("x").unwrap_err().to_string().contains("audit.log"));
    }
}
