//! `zwelnch logs`: the lines of SYSPRINT with the names of their components, by the index that the launcher keeps beside it
//! (`output::index`); where there is none, SYSPRINT as it is.

use super::follow::follow;
use super::is_wanted;
use super::words::stamp;
use crate::platform::files::{FileKind, entries, kind, unless_missing};
use jiff::Timestamp;
use nix::libc;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of a line that are shown.
const LONGEST: usize = 64 * 1024;

/// Bytes read at a time.
const BLOCK: usize = 64 * 1024;

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct LineQuery {
    pub components: Vec<String>,
    pub since: Option<Timestamp>,
    pub grep: Option<regex::Regex>,
    pub last: Option<usize>,
    pub follow: bool,
}

/// Device and inode.
type Identity = (u64, u64);

fn open(path: &Path) -> io::Result<Option<(File, Identity)>> {
    let in_words = |error: io::Error| io::Error::new(error.kind(), format!("cannot read '{}': {error}", path.display()));
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let Some(file) = unless_missing(File::options().read(true).custom_flags(flags).open(path)).map_err(in_words)? else { return Ok(None) };
    let metadata = file.metadata().map_err(in_words)?;
    Ok((kind(&metadata) == FileKind::Regular).then_some((file, (metadata.dev(), metadata.ino()))))
}

/// A line of SYSPRINT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysprintLine {
    /// Whose it is: `-` the launcher's own; empty where nothing tells.
    pub component: String,
    /// When it was written, where that is known.
    pub time: Option<Timestamp>,
    pub text: String,
}

/// Shows lines, or keeps the last ones until it is known which they are.
struct Shown<'a> {
    query: &'a LineQuery,
    keeps: Option<usize>,
    kept: VecDeque<SysprintLine>,
    show: &'a mut dyn FnMut(&SysprintLine) -> bool,
    is_read: bool,
}

impl Shown<'_> {
    fn line(&mut self, component: &str, time: Option<Timestamp>, line: &[u8]) {
        let text = String::from_utf8_lossy(&line[..line.len().min(LONGEST)]);
        if self.query.grep.as_ref().is_some_and(|grep| !grep.is_match(&text)) {
            return;
        }
        let line = SysprintLine { component: component.to_owned(), time, text: text.into_owned() };
        match self.keeps {
            Some(most) => {
                self.kept.push_back(line);
                if self.kept.len() > most {
                    self.kept.pop_front();
                }
            }
            None => self.is_read = self.is_read && (self.show)(&line),
        }
    }

    /// What was kept is shown, and what follows is not kept. False: nobody reads any more.
    fn flush(&mut self) -> bool {
        self.keeps = None;
        for line in std::mem::take(&mut self.kept) {
            self.is_read = self.is_read && (self.show)(&line);
        }
        self.is_read
    }
}

/// SYSPRINT and its index, as they are read.
#[derive(Debug)]
pub struct SysprintFiles {
    directory: PathBuf,
    index: Option<(File, Identity, u64)>,
    /// The beginning of a line of the index that has not ended.
    begun: Vec<u8>,
    /// The SYSPRINT that lines of the index are about.
    identity: Identity,
    files: HashMap<Identity, File>,
    /// Up to where each was shown.
    done: HashMap<Identity, u64>,
    /// Without an index: how far SYSPRINT has been read, and the beginning of a line.
    plain: Option<(File, Identity, u64, Vec<u8>)>,
}

impl SysprintFiles {
    /// In a directory of the spool.
    pub fn new(directory: &Path) -> SysprintFiles {
        SysprintFiles {
            directory: directory.to_path_buf(),
            index: None,
            begun: Vec::new(),
            identity: (0, 0),
            files: HashMap::new(),
            done: HashMap::new(),
            plain: None,
        }
    }

    /// What is new, at most so many of the last lines. None: there is neither an index nor SYSPRINT.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub fn take_news(&mut self, last: usize) -> io::Result<Option<Vec<SysprintLine>>> {
        let query = LineQuery { last: Some(last), ..LineQuery::default() };
        let mut lines = Vec::new();
        let mut take = |line: &SysprintLine| {
            lines.push(line.clone());
            true
        };
        let mut shown = Shown { query: &query, keeps: query.last, kept: VecDeque::new(), show: &mut take, is_read: true };
        let is_there = self.news(&mut shown)?;
        shown.flush();
        Ok(is_there.then_some(lines))
    }

    /// Shows what is new. False: there is neither an index nor SYSPRINT.
    fn news(&mut self, shown: &mut Shown<'_>) -> io::Result<bool> {
        let path = self.directory.join("SYSPRINT.index");
        let Some((file, identity)) = open(&path)? else { return self.plain_news(shown) };
        if self.index.as_ref().is_none_or(|(_, known, _)| *known != identity) {
            // New, or shortened: what was shown is passed over.
            (self.index, self.begun) = (Some((file, identity, 0)), Vec::new());
        }
        let mut block = vec![0; BLOCK];
        while let Some((file, _, offset)) = &mut self.index {
            let length = file.read_at(&mut block, *offset)?;
            if length == 0 {
                break;
            }
            *offset += length as u64;
            for line in block[..length].split_inclusive(|byte| *byte == b'\n') {
                self.begun.extend_from_slice(line);
                if line.ends_with(b"\n") {
                    let line = std::mem::take(&mut self.begun);
                    self.entry(&String::from_utf8_lossy(&line), shown)?;
                } else if self.begun.len() > 4096 {
                    // None of ours.
                    self.begun.clear();
                }
            }
        }
        Ok(true)
    }

    /// A line of the index.
    fn entry(&mut self, line: &str, shown: &mut Shown<'_>) -> io::Result<()> {
        let mut words = line.trim_end().splitn(4, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        if let Some(rest) = line.strip_prefix("file ") {
            let mut numbers = rest.split_whitespace().filter_map(|word| word.parse().ok());
            if let (Some(device), Some(inode)) = (numbers.next(), numbers.next()) {
                self.identity = (device, inode);
            }
            return Ok(());
        }
        let (Some(offset), Some(length), Some(time)) = (number(), number(), number()) else { return Ok(()) };
        let component = words.next().unwrap_or("-").to_owned();
        let end = offset.saturating_add(length);
        let done = self.done.entry(self.identity).or_default();
        if end <= *done {
            return Ok(());
        }
        *done = end;
        let query = shown.query;
        let is_young = query.since.is_none_or(|since| i64::try_from(time).is_ok_and(|time| time >= since.as_millisecond()));
        if !is_young || !is_wanted(&query.components, &component) {
            return Ok(());
        }
        let identity = self.identity;
        if !self.files.contains_key(&identity) {
            let file = self.find(identity)?;
            // It is gone: what it held cannot be shown.
            let Some(file) = file else { return Ok(()) };
            self.files.insert(identity, file);
        }
        let Some(file) = self.files.get(&identity) else { return Ok(()) };
        let time = i64::try_from(time).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
        each_line(file, offset, end, &mut |line| shown.line(&component, time, line))
    }

    fn find(&self, identity: Identity) -> io::Result<Option<File>> {
        for entry in entries(&self.directory)? {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b"SYSPRINT") {
                if let Some((file, _)) = open(&entry.path())?.filter(|(_, found)| *found == identity) {
                    return Ok(Some(file));
                }
            }
        }
        Ok(None)
    }

    /// Without an index: whose a line is cannot be known.
    fn plain_news(&mut self, shown: &mut Shown<'_>) -> io::Result<bool> {
        let path = self.directory.join("SYSPRINT");
        loop {
            if let Some((file, _, offset, begun)) = &mut self.plain {
                read_on(file, offset, begun, &mut |line| shown.line("", None, line))?;
            }
            match open(&path)? {
                None => return Ok(self.plain.is_some()),
                Some((_, identity)) if self.plain.as_ref().is_some_and(|(_, known, ..)| *known == identity) => return Ok(true),
                Some((file, identity)) => self.plain = Some((file, identity, 0, Vec::new())),
            }
        }
    }
}

/// The lines that end in a block; `begun`: the beginning of the next one.
fn take_apart(block: &[u8], begun: &mut Vec<u8>, take: &mut dyn FnMut(&[u8])) {
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        if begun.len() < LONGEST {
            begun.extend_from_slice(line);
        }
        if line.ends_with(b"\n") {
            take(begun.strip_suffix(b"\n").unwrap_or(begun));
            begun.clear();
        }
    }
}

/// Whole lines from `offset` on, to the end of what there is.
fn read_on(file: &File, offset: &mut u64, begun: &mut Vec<u8>, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    if file.metadata()?.len() < *offset {
        // Cut.
        (*offset, *begun) = (0, Vec::new());
    }
    let mut block = vec![0; BLOCK];
    loop {
        let length = file.read_at(&mut block, *offset)?;
        if length == 0 {
            return Ok(());
        }
        *offset += length as u64;
        take_apart(&block[..length], begun, take);
    }
}

/// The lines between two places of a file.
fn each_line(file: &File, mut offset: u64, end: u64, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let (mut block, mut begun) = (vec![0; BLOCK], Vec::new());
    while offset < end {
        let room = usize::try_from(end - offset).unwrap_or(BLOCK).min(BLOCK);
        let length = file.read_at(&mut block[..room], offset)?;
        if length == 0 {
            // Cut since.
            break;
        }
        offset += length as u64;
        take_apart(&block[..length], &mut begun, take);
    }
    if !begun.is_empty() {
        take(&begun);
    }
    Ok(())
}

fn shown<'a>(query: &'a LineQuery, show: &'a mut dyn FnMut(&SysprintLine) -> bool) -> Shown<'a> {
    Shown { query, keeps: query.last, kept: VecDeque::new(), show, is_read: true }
}

/// Shows a line with the name before it; names of a list stand below each other.
fn named<'a>(show: &'a mut dyn FnMut(&str) -> bool) -> impl FnMut(&SysprintLine) -> bool + 'a {
    let mut width = 12;
    move |line| {
        if line.component.is_empty() {
            return show(&line.text);
        }
        width = width.max(line.component.len());
        show(&format!("{:<width$} | {}", line.component, line.text))
    }
}

/// Shows the lines of a job's SYSPRINT, in a directory of the spool, by `show`, which gives false when nobody reads any more.
///
/// # Errors
/// Why they cannot be read, or told apart where some are wanted only.
pub fn lines(directory: &Path, query: &LineQuery, show: &mut dyn FnMut(&str) -> bool) -> io::Result<()> {
    let has_index = open(&directory.join("SYSPRINT.index"))?.is_some();
    if !has_index && (!query.components.is_empty() || query.since.is_some()) {
        let why = format!(
            "{} has no index of SYSPRINT (SYSPRINT.index), which says whose a line is and of when: it is kept while \
             components.launcher.journal is not false; without names and times all lines can be shown",
            directory.display()
        );
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    let mut files = SysprintFiles::new(directory);
    let mut show = named(show);
    let mut shown = shown(query, &mut show);
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("there is no SYSPRINT in {}", directory.display()));
    if query.follow {
        return follow(directory, "SYSPRINT", || if files.news(&mut shown)? { Ok(shown.flush()) } else { Err(missing()) });
    }
    if !files.news(&mut shown)? {
        return Err(missing());
    }
    shown.flush();
    Ok(())
}

/// The same for components' own log files (`launcher.log.file`) in a directory: `<component>-<HA instance>.log`, where SYSPRINT is out of
/// reach.
///
/// # Errors
/// Why they cannot be read.
pub fn lines_of_files(directory: &Path, instance: &str, query: &LineQuery, show: &mut dyn FnMut(&str) -> bool) -> io::Result<()> {
    if let Some(since) = query.since {
        let why = format!("lines of log files have no times of their own: they cannot be shown since {}", stamp(since));
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let end = format!("-{instance}.log");
    let mut open_files: HashMap<String, (File, Identity, u64, Vec<u8>)> = HashMap::new();
    let mut show = named(show);
    let mut shown = shown(query, &mut show);
    let mut news = |shown: &mut Shown<'_>| {
        let names = entries(directory)?.into_iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter_map(|name| name.strip_suffix(&end).map(str::to_owned)).collect();
        names.retain(|name| is_wanted(&query.components, name));
        names.sort();
        for name in names {
            let path = directory.join(format!("{name}{end}"));
            loop {
                if let Some((file, _, offset, begun)) = open_files.get_mut(&name) {
                    read_on(file, offset, begun, &mut |line| shown.line(&name, None, line))?;
                }
                match open(&path)? {
                    Some((file, identity)) if open_files.get(&name).is_none_or(|(_, known, ..)| *known != identity) => {
                        open_files.insert(name.clone(), (file, identity, 0, Vec::new()));
                    }
                    _ => break,
                }
            }
        }
        io::Result::Ok(!open_files.is_empty())
    };
    let missing = || {
        let why = format!(
            "there are no log files of HA instance {instance} in {}: components.launcher.log.file: true writes them",
            directory.display()
        );
        io::Error::new(io::ErrorKind::NotFound, why)
    };
    if query.follow {
        return follow(directory, "", || {
            news(&mut shown)?;
            Ok(shown.flush())
        });
    }
    if !news(&mut shown)? {
        return Err(missing());
    }
    shown.flush();
    Ok(())
}
