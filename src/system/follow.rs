//! SYSLOG as it grows, whatever becomes of its file: each line once and in order, whether the file is put aside by us, renamed by another
//! program, or cut (copytruncate). What cannot be had any more is said.

use super::SystemDirectory;
use super::hardcopy::{Identity, identity, identity_at, lock, number_of, relatives, unlock};
use crate::platform::files::{FileKind, kind, unless_missing};
use nix::libc;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How much of SYSLOG is searched for its last lines.
const LAST_LINES_FROM: u64 = 64 * 1024;

/// The most bytes that are read at once.
const CHUNK: usize = 1024 * 1024;

/// A line that has no end within this many bytes is shown without it.
const LONGEST_LINE: usize = 64 * 1024;

/// How many bytes before the place that has been read to tell whether it is still the same file.
const MARK: usize = 64;

/// How often the files beside SYSLOG are looked through again because they were renamed meanwhile.
const ATTEMPTS: usize = 5;

/// What has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Whole lines, without their ends.
    pub lines: Vec<String>,
    /// Why lines may be missing before these.
    pub gap: Option<&'static str>,
}

impl News {
    /// Nothing has come.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.gap.is_none()
    }
}

const CUT: &str = "SYSLOG was cut by another program, lines may be missing here";
const REMOVED: &str = "earlier files of SYSLOG have been removed, lines may be missing here";

/// A file, and how far it has been read.
#[derive(Debug)]
struct Reading {
    file: File,
    identity: Identity,
    offset: u64,
    /// What is before the offset.
    mark: Vec<u8>,
}

/// What identifies a file after it was closed: its inode may be another file's by then, which begins with another time.
type Trace = (Identity, Vec<u8>);

/// Follows SYSLOG from some moment on.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    reading: Option<Reading>,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
    /// Files that are older than the one that is read.
    older: HashSet<Trace>,
}

impl Follower {
    /// Follows SYSLOG from now on; also returns up to `last` lines that are already there.
    pub fn open(system: &SystemDirectory, last: usize) -> (Follower, Vec<String>) {
        let path = system.log_file();
        let mut follower = Follower { reading: Reading::open(&path).ok(), path, begun: Vec::new(), older: HashSet::new() };
        follower.older = follower.traces();
        let mut from = 0;
        if let Some(reading) = &mut follower.reading {
            from = reading.file.metadata().map_or(0, |metadata| metadata.len()).saturating_sub(LAST_LINES_FROM);
            reading.offset = from;
        }
        let mut lines = follower.news().lines;
        if from > 0 && !lines.is_empty() {
            // The reading probably did not begin at the beginning of a line.
            lines.remove(0);
        }
        let surplus = lines.len().saturating_sub(last);
        (follower, lines.split_off(surplus))
    }

    /// Lines that have come since the last call, at most about a mebibyte of them: until nothing comes, there may be more. After an error
    /// there is nothing new.
    pub fn news(&mut self) -> News {
        let mut news = News::default();
        let mut bytes = std::mem::take(&mut self.begun);
        // What could not be read is read the next time.
        let _ = self.read(&mut bytes, &mut news.gap);
        let mut end = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
        if bytes.len() - end > LONGEST_LINE {
            end = bytes.len();
        }
        self.begun = bytes.split_off(end);
        news.lines = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
        news
    }

    fn read(&mut self, bytes: &mut Vec<u8>, gap: &mut Option<&'static str>) -> io::Result<()> {
        while bytes.len() < CHUNK {
            // A file of which nothing has been read does not show that it was cut, but there is a copy.
            // Unless it was moved away, it is found again.
            if self.reading.as_ref().is_none_or(|reading| reading.mark.is_empty() && self.has_name(reading.identity)) {
                self.reading = self.next_after(None)?.or(self.reading.take());
            }
            let Some(reading) = &mut self.reading else { return Ok(()) };
            if !reading.read(bytes)? {
                let Some(mut cut) = self.reading.take() else { return Ok(()) };
                // What had not been read yet is in the copy, and then it goes on as after a renaming.
                let copy = self.copy_of(&cut)?;
                if copy.is_none() {
                    // The part of a line that was read is not the beginning of what comes now.
                    bytes.truncate(memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1));
                    (cut.offset, cut.mark, *gap) = (0, Vec::new(), Some(CUT));
                }
                self.reading = copy.or(Some(cut));
                continue;
            }
            if bytes.len() >= CHUNK || identity_at(&self.path)? == Some(reading.identity) {
                return Ok(());
            }
            // It has been put aside. Once its lock has been had, nobody writes to it any more.
            lock(&reading.file);
            unlock(&reading.file);
            let is_whole = reading.read(bytes)?;
            if is_whole && bytes.len() < CHUNK && !self.go_on(bytes, gap)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether a file is SYSLOG or an earlier one by its name.
    fn has_name(&self, file: Identity) -> bool {
        relatives(&self.path).unwrap_or_default().iter().any(|path| identity_at(path).is_ok_and(|found| found == Some(file)))
    }

    /// Whether a file is SYSLOG no more.
    fn is_put_aside(&self, file: Identity) -> bool {
        identity_at(&self.path).is_ok_and(|now| now != Some(file))
    }

    /// Goes on to the file that was begun after the one that has been read; false where there is none yet.
    fn go_on(&mut self, bytes: &mut Vec<u8>, gap: &mut Option<&'static str>) -> io::Result<bool> {
        let Some(read) = &self.reading else { return Ok(false) };
        let Some(next) = self.next_after(Some(read.identity))? else { return Ok(false) };
        // A line that was torn does not swallow the first of the next file.
        if bytes.last().is_some_and(|last| *last != b'\n') {
            bytes.push(b'\n');
        }
        if read.file.metadata()?.nlink() == 0 {
            *gap = Some(REMOVED);
        }
        let present = self.traces();
        self.older.retain(|trace| present.contains(trace));
        self.older.insert(read.trace());
        self.reading = Some(next);
        Ok(true)
    }

    /// The oldest file that is younger than one that has been read, or than all of those: an earlier one, or SYSLOG itself.
    fn next_after(&self, read: Option<Identity>) -> io::Result<Option<Reading>> {
        for _ in 0..ATTEMPTS {
            let current = unless_missing(Reading::open(&self.path))?;
            if let Some(current) = &current {
                // Nobody of ours renames files meanwhile. Another program may: then the open file is found under its new name, or it is next.
                lock(&current.file);
                if self.is_put_aside(current.identity) {
                    continue;
                }
            }
            let next = self.younger_than(read)?.into_iter().next().or(current).filter(|next| Some(next.identity) != read);
            next.iter().for_each(|next| unlock(&next.file));
            return Ok(next);
        }
        Err(io::Error::other("SYSLOG is put aside again and again"))
    }

    /// The copy that a program has made of a file before it cut it, to be read from where that had been read to.
    fn copy_of(&self, cut: &Reading) -> io::Result<Option<Reading>> {
        if cut.mark.is_empty() {
            return Ok(None);
        }
        let copies = self.younger_than(None)?.into_iter();
        let mut copies = copies.map(|copy| Reading { offset: cut.offset, mark: cut.mark.clone(), ..copy });
        Ok(copies.find(|copy| copy.identity != cut.identity && copy.is_read()))
    }

    /// The earlier files that are younger than one that has been read, or than all of those; the oldest first.
    fn younger_than(&self, read: Option<Identity>) -> io::Result<Vec<Reading>> {
        let mut read_number = None;
        let mut others = Vec::new();
        for path in relatives(&self.path)?.into_iter().filter(|path| *path != self.path) {
            // What is compressed, or no file, holds no lines that could be read.
            let Ok(other) = Reading::open(&path) else { continue };
            let number = number_of(&self.path, &path);
            if Some(other.identity) == read {
                read_number = number;
            } else if is_log(&path) && !self.older.contains(&other.trace()) {
                let metadata = other.file.metadata()?;
                others.push(((other.trace().1, metadata.mtime(), metadata.mtime_nsec()), number, other));
            }
        }
        others.retain(|(_, number, _)| read_number.is_none() || *number < read_number);
        if others.iter().all(|(_, number, _)| number.is_some()) {
            others.sort_by_key(|(_, number, _)| std::cmp::Reverse(*number));
        } else {
            // Names of another program's choice: the first line and the last change tell the order.
            others.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        }
        Ok(others.into_iter().map(|(.., other)| other).collect())
    }

    /// The files that are there now, except the one that is read.
    fn traces(&self) -> HashSet<Trace> {
        let read = self.reading.as_ref().map(|reading| reading.identity);
        let files = relatives(&self.path).unwrap_or_default().into_iter().filter_map(|path| Reading::open(&path).ok());
        files.filter(|file| Some(file.identity) != read).map(|file| file.trace()).collect()
    }
}

/// False for what logrotate has compressed.
fn is_log(path: &Path) -> bool {
    !["gz", "xz", "bz2", "zst", "lz4", "Z"].iter().any(|end| path.extension().is_some_and(|extension| extension == *end))
}

impl Reading {
    fn open(path: &Path) -> io::Result<Reading> {
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
        let metadata = file.metadata()?;
        if kind(&metadata) != FileKind::Regular {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file"));
        }
        Ok(Reading { identity: identity(&metadata), file, offset: 0, mark: Vec::new() })
    }

    /// With the time of its first line.
    fn trace(&self) -> Trace {
        let mut head = vec![0; 32];
        let length = self.file.read_at(&mut head, 0).unwrap_or_default();
        head.truncate(length);
        (self.identity, head)
    }

    /// Whether it holds, where it has been read to, what it held when it was read.
    fn is_read(&self) -> bool {
        let (length, mut before) = (self.mark.len(), vec![0; self.mark.len()]);
        self.file.read_exact_at(&mut before, self.offset - length as u64).is_ok() && before == self.mark
    }

    /// Reads on. False, and nothing is read, where another program has made the file shorter, even if it has grown since.
    fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        let (most, mut new) = (CHUNK.saturating_sub(bytes.len()), Vec::new());
        while new.len() < most {
            let (length, room) = (new.len(), (most - new.len()).min(64 * 1024));
            new.resize(length + room, 0);
            let read = self.file.read_at(&mut new[length..], self.offset + length as u64);
            new.truncate(length + read.as_ref().map_or(0, |read| *read));
            match read {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Not before: it could be cut between the two.
        if self.file.metadata()?.len() < self.offset || !self.is_read() {
            return Ok(false);
        }
        self.offset += new.len() as u64;
        self.mark.extend_from_slice(&new);
        let surplus = self.mark.len().saturating_sub(MARK);
        self.mark.drain(..surplus);
        bytes.append(&mut new);
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
