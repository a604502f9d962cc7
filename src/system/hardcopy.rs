//! SYSLOG as a file that many processes append to, and that is begun anew when it has become too large or too old: the file becomes
//! `SYSLOG.1`, the one before `SYSLOG.2` and so on.
//!
//! Whoever writes holds a lock on the file and has seen, with the lock in hand, that the file still has its name. So nothing is written to a
//! file that has been put aside, whoever did that, and a reader that has had the lock of such a file has all of it ([`super::follow`]).

use super::limits::SyslogLimits;
use super::record::flock;
use super::{SystemDirectory, in_words, syslog_line};
use crate::message::{self, mvs};
use crate::platform::files::{FileKind, entries, kind, unless_missing};
use jiff::{SignedDuration, Timestamp};
use nix::libc;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a lock is waited for: its holder writes a few lines, unless it has been stopped. Then it is done without.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// How often a file is opened again because it has been put aside meanwhile.
const OPENINGS: usize = 100;

/// The name under which SYSLOG shows lines that belong to no job.
pub const CONSOLE: &str = "CONSOLE";

/// The output class of a log that the system itself puts aside, as on z/OS without LOGCLS.
const CLASS: char = 'A';

impl SystemDirectory {
    /// Appends `text` to SYSLOG, each of its lines as one whole line ([`syslog_line`]) and all of them together or none. `job_id` may be
    /// empty. A new SYSLOG is begun before where the limits say so.
    ///
    /// # Errors
    /// The system's, with the path in words; nothing of the text is then in SYSLOG.
    pub fn append_syslog(&self, job_name: &str, job_id: &str, text: &str) -> io::Result<()> {
        let now = Timestamp::now();
        let mut block = String::with_capacity(text.len() + 80);
        for line in text.lines() {
            block.push_str(&syslog_line(now, self.sysname(), job_name, job_id, line));
        }
        let path = self.log_file();
        let (mut file, lock) = self.open_current(&path)?;
        let limits = self.limits().0.syslog;
        let length = file.metadata()?.len();
        let longer = length + block.len() as u64;
        let is_due = || longer > limits.size || is_old(&file, limits.days, now);
        if length > 0 && lock != Lock::Busy && is_regular(&file) && is_due() {
            match put_aside(&path, limits, now) {
                Ok(()) => {
                    (file, _) = self.open_current(&path)?;
                    block.insert_str(0, &self.queued(now, CLASS));
                }
                // Said each time that the file has become longer by the limit, not with every line.
                Err(error) if length / limits.size < longer / limits.size => {
                    block.push_str(&syslog_line(now, self.sysname(), CONSOLE, "", message::limits_not_kept(error).text()));
                }
                Err(_) => {}
            }
        }
        write_whole(&mut file, block).map_err(|error| in_words("cannot write", &path, error))
    }

    /// Begins a new SYSLOG, whatever its size, and removes earlier ones beyond the limits. Its first line tells that of an output class.
    ///
    /// # Errors
    /// What is in the way, with the path in words; SYSLOG then goes on in the old file.
    pub fn begin_syslog(&self, class: char) -> io::Result<String> {
        let now = Timestamp::now();
        let path = self.log_file();
        let (old, lock) = self.open_current(&path)?;
        let obstacle = match lock {
            _ if !is_regular(&old) => Some("it is no regular file"),
            Lock::Busy => Some("another process has its lock for more than a second, perhaps because it has been stopped"),
            _ => None,
        };
        if let Some(why) = obstacle {
            return Err(in_words("cannot begin anew", &path, io::Error::other(why)));
        }
        put_aside(&path, self.limits().0.syslog, now)?;
        drop(old);
        let (mut file, _) = self.open_current(&path)?;
        write_whole(&mut file, self.queued(now, class)).map_err(|error| in_words("cannot write", &path, error))?;
        Ok(mvs::log_queued(class).text().to_owned())
    }

    fn queued(&self, now: Timestamp, class: char) -> String {
        syslog_line(now, self.sysname(), CONSOLE, "", mvs::log_queued(class).text())
    }

    /// Where SYSLOG is: where the name leads if it is a link. Root follows no link of another user.
    pub(super) fn log_file(&self) -> PathBuf {
        let path = self.syslog();
        if self.maker().is_for_another() { path } else { fs::canonicalize(&path).unwrap_or(path) }
    }

    /// Opens SYSLOG, made with mode 600, and locks it; it has its name while it is locked.
    fn open_current(&self, path: &Path) -> io::Result<(File, Lock)> {
        let why = |error| in_words("cannot open", path, error);
        for _ in 0..OPENINGS {
            let file = self.maker().append_and_read(path)?;
            let lock = lock(&file);
            if lock == Lock::Busy || identity_at(path).map_err(why)? == Some(identity(&file.metadata().map_err(why)?)) {
                return Ok((file, lock));
            }
        }
        Err(why(io::Error::other("it is put aside again and again")))
    }
}

/// Gives SYSLOG the name of the youngest earlier one, and the others the next. Nobody else does so while the caller has the lock of SYSLOG.
fn put_aside(path: &Path, limits: SyslogLimits, now: Timestamp) -> io::Result<()> {
    for number in (0..limits.files).rev() {
        let (from, to) = (numbered(path, number), numbered(path, number + 1));
        let what = format!("cannot rename {} to", from.display());
        unless_missing(fs::rename(&from, &to)).map_err(|error| in_words(&what, &to, error))?;
    }
    remove_surplus(path, limits, now)
}

/// `SYSLOG.3`; 0: SYSLOG itself.
pub(super) fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

/// The files beside SYSLOG whose names begin with its name, itself included.
pub(super) fn relatives(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Ok(Vec::new()) };
    let is_relative = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(name.as_encoded_bytes());
    Ok(entries(directory)?.into_iter().filter(is_relative).map(|entry| entry.path()).collect())
}

/// The number at the end of the name of an earlier SYSLOG.
pub(super) fn number_of(path: &Path, earlier: &Path) -> Option<u32> {
    let number = earlier.to_str()?.strip_prefix(path.to_str()?)?.strip_prefix('.')?;
    number.parse().ok().filter(|parsed: &u32| parsed.to_string() == number)
}

/// Removes earlier files of ours that are too old, or too many since the limit was lowered.
fn remove_surplus(path: &Path, limits: SyslogLimits, now: Timestamp) -> io::Result<()> {
    let oldest = now.as_second().saturating_sub(i64::from(limits.days) * 86_400);
    for earlier in relatives(path)? {
        let Some(number) = number_of(path, &earlier).filter(|number| *number > 0) else { continue };
        let Some(metadata) = unless_missing(fs::symlink_metadata(&earlier))? else { continue };
        let goes = kind(&metadata) == FileKind::Regular && (number > limits.files || metadata.mtime() < oldest);
        // The one that has just been put aside stays, whatever the clock says.
        if goes && number > 1 {
            unless_missing(fs::remove_file(&earlier)).map_err(|error| in_words("cannot remove", &earlier, error))?;
        }
    }
    Ok(())
}

/// Device and inode: which file it is, whatever its name.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(metadata: &fs::Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// The file that has a name now; None for nobody.
pub(super) fn identity_at(path: &Path) -> io::Result<Option<Identity>> {
    Ok(unless_missing(fs::metadata(path))?.map(|metadata| identity(&metadata)))
}

fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| kind(&metadata) == FileKind::Regular)
}

/// Whether its first line was written more than these days ago.
fn is_old(file: &File, days: u32, now: Timestamp) -> bool {
    let mut date = [0; 10];
    let Ok(oldest) = now.checked_sub(SignedDuration::from_hours(i64::from(days) * 24)) else { return false };
    let oldest = oldest.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    let is_date =
        |date: &[u8; 10]| date.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    file.read_exact_at(&mut date, 0).is_ok() && is_date(&date) && date.as_slice() < oldest.as_bytes()
}

/// What came of an attempt to lock a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Ours,
    /// Another process has it, and does not give it back.
    Busy,
    /// There are no locks on this file system.
    Impossible,
}

/// Locks a file against all who write SYSLOG, until it is closed.
pub(super) fn lock(file: &File) -> Lock {
    let deadline = Instant::now() + LOCK_LIMIT;
    loop {
        match flock(file, libc::LOCK_EX | libc::LOCK_NB) {
            Ok(()) => return Lock::Ours,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Lock::Impossible,
            Err(_) if Instant::now() >= deadline => return Lock::Busy,
            Err(_) => std::thread::sleep(Duration::from_micros(500)),
        }
    }
}

/// The same without waiting; false only when another has it.
pub(super) fn lock_at_once(file: &File) -> bool {
    !flock(file, libc::LOCK_EX | libc::LOCK_NB).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Shares a lock with others that do, as long as anybody has this open file, who may have inherited it; it is not waited for.
pub fn share_lock(file: &File) {
    // Where there are no locks, or another has it, there is none.
    let _ = flock(file, libc::LOCK_SH | libc::LOCK_NB);
}

/// Gives a lock back while the file stays open.
pub(super) fn unlock(file: &File) {
    // Fails where there are no locks.
    let _ = flock(file, libc::LOCK_UN);
}

/// Writes all of a block at the end of a file, or nothing. A line that was torn there, by a program of before or a power cut, is ended first.
fn write_whole(file: &mut File, block: String) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 && is_regular(file) {
        file.read_exact_at(&mut last, length - 1)?;
    }
    let block = if last == [b'\n'] { block } else { format!("\n{block}") };
    let written = loop {
        match file.write(block.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result?,
        }
    };
    if written == block.len() {
        return Ok(());
    }
    // Nobody has written behind it, or another process has not waited for the lock.
    if file.metadata()?.len() == length + written as u64 {
        file.set_len(length)?;
    }
    Err(io::Error::new(io::ErrorKind::WriteZero, format!("only {written} of {} bytes could be written", block.len())))
}
