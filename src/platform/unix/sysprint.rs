//! SYSPRINT as a file: standard output, whose name whoever rotates logs moves away (logrotate), and which is then opened anew.

use crate::platform::SysprintPlace;
use crate::platform::files::{FileKind, is_same, kind};
use nix::libc;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

/// The name with which standard output was opened.
#[derive(Debug)]
pub(super) struct Sysprint {
    path: PathBuf,
}

impl Sysprint {
    /// None when it is no regular file with a name, or the system does not tell the name.
    pub(super) fn find() -> Option<Sysprint> {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", io::stdout().as_raw_fd())).ok()?;
        let output = File::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
        let is_its_name =
            output.metadata().is_ok_and(|metadata| kind(&metadata) == FileKind::Regular) && is_same(&output, &path).unwrap_or(false);
        is_its_name.then_some(Sysprint { path })
    }

    /// Where it is now; None where it is not the spool's, which calls it SYSPRINT.
    pub(super) fn place(&self) -> Option<SysprintPlace> {
        if self.path.file_name().is_none_or(|name| name != "SYSPRINT") {
            return None;
        }
        let output = io::stdout();
        let end = nix::unistd::lseek(&output, 0, nix::unistd::Whence::SeekCur).ok()?;
        let stat = nix::sys::stat::fstat(&output).ok()?;
        let index = self.path.with_file_name("SYSPRINT.index");
        #[expect(clippy::useless_conversion, reason = "the types differ from system to system")]
        Some(SysprintPlace { index, device: stat.st_dev.into(), inode: stat.st_ino.into(), end: u64::try_from(end).ok()? })
    }

    /// Opens the name anew where it is not that of standard output any more; whether it did. The new file has the mode and the owner of the
    /// one of before, and standard error follows where it led to the same.
    ///
    /// # Errors
    /// The system's, with the path in words; standard output is then as before.
    pub(super) fn reopen(&self) -> io::Result<bool> {
        let in_words = |why: io::Error| io::Error::new(why.kind(), format!("SYSPRINT, {}, is not begun anew: {why}", self.path.display()));
        self.try_reopen().map_err(in_words)
    }

    fn try_reopen(&self) -> io::Result<bool> {
        let before = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        if is_same(&before, &self.path)? {
            return Ok(false);
        }
        let old = before.metadata()?;
        let errors = File::from(io::stderr().as_fd().try_clone_to_owned()?).metadata()?;
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
        let file = File::options().append(true).create(true).mode(old.mode() & 0o666).custom_flags(flags).open(&self.path)?;
        let new = file.metadata()?;
        if kind(&new) != FileKind::Regular {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        if new.uid() != old.uid() && super::is_superuser() {
            std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        nix::unistd::dup2_stdout(&file)?;
        if (errors.dev(), errors.ino()) == (old.dev(), old.ino()) {
            nix::unistd::dup2_stderr(&file)?;
        }
        Ok(true)
    }
}
