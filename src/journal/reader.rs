//! Reads journals: lines of bounded length, whatever is in them; across rotations; and as they grow.
//!
//! Nothing here waits. Whoever follows a journal calls [`Follower::news`] when its directory tells of a change
//! ([`crate::platform::unix::watch::watch_file`]), and what was written since then is read.

use super::event::{Record, VERSION};
use crate::platform::files::{FileKind, kind, unless_missing};
use nix::libc;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of a line at most: far more than one of ours has. A longer one is passed over.
pub const LINE_LIMIT: usize = 1024 * 1024;

/// Earlier files that are looked for at most, as many as a setting may ask for.
const EARLIER: u32 = 1000;

/// What a line holds.
pub type Line = Result<Record, Odd>;

/// Why a line is none that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Odd {
    #[error("a line is longer than {LINE_LIMIT} bytes")]
    TooLong,
    #[error("a line is no event: {0}")]
    NoEvent(String),
    #[error("a line has version {0} of the format, this program knows version {VERSION}: it is older than the launcher")]
    OtherVersion(u64),
}

/// Reads one line, without its end.
///
/// # Errors
/// Why it cannot be used.
pub fn decode(line: &[u8]) -> Line {
    if line.len() > LINE_LIMIT {
        return Err(Odd::TooLong);
    }
    let other = || {
        #[derive(serde::Deserialize)]
        struct Version {
            v: u64,
        }
        serde_json::from_slice::<Version>(line).ok().map(|version| version.v).filter(|version| *version != u64::from(VERSION))
    };
    match serde_json::from_slice::<Record>(line) {
        Ok(record) if record.v == VERSION => Ok(record),
        Ok(record) => Err(Odd::OtherVersion(record.v.into())),
        Err(error) => Err(other().map_or_else(|| Odd::NoEvent(error.to_string()), Odd::OtherVersion)),
    }
}

/// Reads the lines of a stream, to its end. A last line without an end was torn, and is passed over, unless it is whole.
///
/// # Errors
/// The stream's, or that of whoever takes the lines.
pub fn read_from(stream: impl Read, take: &mut dyn FnMut(Line) -> io::Result<()>) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    let mut lines = Lines::default();
    loop {
        let block = match stream.fill_buf() {
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if block.is_empty() {
            return lines.last().map_or(Ok(()), take);
        }
        let length = block.len();
        lines.push(block, take)?;
        stream.consume(length);
    }
}

/// Reads a journal as it is now, the earlier files first.
///
/// # Errors
/// The system's, with the path in words; there may be no journal at all.
pub fn read_all(path: &Path, take: &mut dyn FnMut(Line) -> io::Result<()>) -> io::Result<()> {
    let mut follower = Follower::new(path);
    if !follower.news(take)? {
        let why = format!("there is no journal '{}'", path.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    follower.lines.last().map_or(Ok(()), take)
}

/// Takes blocks apart.
#[derive(Debug, Default)]
struct Lines {
    /// The beginning of a line that has not ended.
    begun: Vec<u8>,
    /// It is too long to be kept: the rest is passed over.
    is_too_long: bool,
}

impl Lines {
    fn push(&mut self, mut block: &[u8], take: &mut dyn FnMut(Line) -> io::Result<()>) -> io::Result<()> {
        while let Some(end) = memchr::memchr(b'\n', block) {
            let (line, rest) = (&block[..end], &block[end + 1..]);
            block = rest;
            if std::mem::take(&mut self.is_too_long) || self.begun.len() + line.len() > LINE_LIMIT {
                self.begun = Vec::new();
                take(Err(Odd::TooLong))?;
            } else if self.begun.is_empty() {
                if !line.is_empty() {
                    take(decode(line))?;
                }
            } else {
                self.begun.extend_from_slice(line);
                let line = std::mem::take(&mut self.begun);
                take(decode(&line))?;
            }
        }
        if self.is_too_long || self.begun.len() + block.len() > LINE_LIMIT {
            (self.begun, self.is_too_long) = (Vec::new(), true);
        } else {
            self.begun.extend_from_slice(block);
        }
        Ok(())
    }

    /// What stands at the end without a line end, if it is a whole event all the same.
    fn last(&mut self) -> Option<Line> {
        self.is_too_long = false;
        decode(&std::mem::take(&mut self.begun)).ok().map(Ok)
    }
}

/// A journal as it grows, each line once, whether its file is rotated, removed or cut meanwhile.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    reading: Option<Reading>,
    lines: Lines,
    /// The number of the last event of each run: what is found again is passed over.
    last: HashMap<String, u64>,
}

#[derive(Debug)]
struct Reading {
    file: File,
    identity: (u64, u64),
    offset: u64,
}

impl Reading {
    /// None where there is none.
    fn open(path: &Path) -> io::Result<Option<Reading>> {
        let in_words = |error: io::Error| io::Error::new(error.kind(), format!("cannot read '{}': {error}", path.display()));
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
        let Some(file) = unless_missing(File::options().read(true).custom_flags(flags).open(path)).map_err(in_words)? else {
            return Ok(None);
        };
        let metadata = file.metadata().map_err(in_words)?;
        if kind(&metadata) != FileKind::Regular {
            return Err(in_words(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
        }
        crate::platform::text_file::conversion_off(&file);
        Ok(Some(Reading { file, identity: (metadata.dev(), metadata.ino()), offset: 0 }))
    }
}

impl Follower {
    /// Begins with the oldest file that there is; opens nothing yet.
    pub fn new(path: &Path) -> Follower {
        Follower { path: path.to_path_buf(), reading: None, lines: Lines::default(), last: HashMap::new() }
    }

    /// Begins with what is written from now on.
    ///
    /// # Errors
    /// The system's, with the path in words.
    pub fn at_end(path: &Path) -> io::Result<Follower> {
        let mut follower = Follower::new(path);
        follower.news(&mut |_| Ok(()))?;
        Ok(follower)
    }

    /// The directory and the name of the file, for who watches it.
    pub fn place(&self) -> (PathBuf, String) {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (directory.to_path_buf(), self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    }

    /// Reads on, to the end of what there is now. False: there is no journal (yet).
    ///
    /// # Errors
    /// The system's, with the path in words; that of whoever takes the lines.
    pub fn news(&mut self, take: &mut dyn FnMut(Line) -> io::Result<()>) -> io::Result<bool> {
        loop {
            self.read_on(take)?;
            let Some(next) = self.next_file()? else { return Ok(self.reading.is_some()) };
            // The last line of the file of before was torn when its writer died.
            self.lines = Lines::default();
            self.reading = Some(next);
        }
    }

    fn read_on(&mut self, take: &mut dyn FnMut(Line) -> io::Result<()>) -> io::Result<()> {
        let Some(reading) = &mut self.reading else { return Ok(()) };
        if reading.file.metadata()?.len() < reading.offset {
            // Cut: what was read before is recognised.
            (reading.offset, self.lines) = (0, Lines::default());
        }
        let last = &mut self.last;
        let mut take_new = |line: Line| {
            if let Ok(record) = &line {
                match last.get_mut(&record.run) {
                    Some(seq) if record.seq <= *seq => return Ok(()),
                    Some(seq) => *seq = record.seq,
                    None => drop(last.insert(record.run.clone(), record.seq)),
                }
            }
            take(line)
        };
        let mut block = vec![0; 64 * 1024];
        loop {
            match reading.file.read_at(&mut block, reading.offset) {
                Ok(0) => return Ok(()),
                Ok(length) => {
                    reading.offset += length as u64;
                    self.lines.push(&block[..length], &mut take_new)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The file after the one that is read; None: it is the youngest.
    fn next_file(&self) -> io::Result<Option<Reading>> {
        let mut younger = None;
        for number in 0..=EARLIER {
            let Some(file) = Reading::open(&numbered(&self.path, number))? else {
                // Between two renames of a rotation there is no file with the name.
                if number == 0 { continue } else { break }
            };
            if self.reading.as_ref().is_some_and(|reading| reading.identity == file.identity) {
                return Ok(younger);
            }
            younger = Some(file);
        }
        // The one that was read is gone: the oldest one that there is.
        Ok(younger)
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    PathBuf::from(name)
}
