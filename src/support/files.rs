//! Reading for the archive: the end of files that may be read, and listings. No link is followed below the directories that the
//! configuration names.

use super::archive::{Archive, FILE_LIMIT, Reason};
use super::mask::Masker;
use crate::output::one_line;
use crate::platform::Platform;
use crate::platform::code_page::decode_lines;
use crate::platform::files::{FileKind, entries, kind, unless_missing};
use jiff::Timestamp;
use nix::libc;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How much of the end of a log is taken, in bytes.
pub(super) const LOG_LIMIT: u64 = 1024 * 1024;

/// The most lines of one listing.
const LINES_LIMIT: usize = 10_000;

/// The end of a file, as text, from the beginning of a line on.
struct Tail {
    text: String,
    /// The file's length in bytes, when only its end was read.
    of: Option<u64>,
}

/// Whose files are taken from a directory: those of the user who collects, of the directory's owner, and of nobody else.
fn is_allowed(metadata: &Metadata, owner: u32) -> Result<(), String> {
    if kind(metadata) != FileKind::Regular {
        return Err("it is no regular file".to_owned());
    }
    let uid = metadata.uid();
    if uid != owner && uid != crate::platform::unix::own_user() {
        return Err(format!(
            "it belongs to the user with uid {uid}, and the directory to the one with uid {owner}: not opened for anybody else"
        ));
    }
    if metadata.nlink() > 1 {
        return Err("it has several names (hard links), of which one may be elsewhere".to_owned());
    }
    Ok(())
}

/// Opens a file without following a link and without waiting; what it is, is judged of the open file.
fn open(path: &Path, owner: u32) -> Result<Option<(File, u64)>, String> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = match unless_missing(OpenOptions::new().read(true).custom_flags(flags).open(path)) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err("it is a symbolic link, which is not followed".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let metadata = opened.metadata().map_err(|error| error.to_string())?;
    is_allowed(&metadata, owner)?;
    Ok(Some((opened, metadata.len())))
}

fn tail(mut file: File, length: u64, limit: u64) -> io::Result<Tail> {
    let begin = length.saturating_sub(limit);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    let text = decode_lines(&bytes);
    if begin == 0 {
        return Ok(Tail { text, of: None });
    }
    // The line that the cut went through: half a name of a secret is none.
    let whole = text.find('\n').map_or("", |end| &text[end + 1..]);
    Ok(Tail { text: whole.to_owned(), of: Some(length) })
}

/// What reads for the archive.
pub(super) struct Reader<'a> {
    pub(super) archive: &'a mut Archive,
    pub(super) masker: &'a Masker,
    pub(super) platform: &'a dyn Platform,
}

impl Reader<'_> {
    /// Adds a text that this program has made.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        let masked = self.masker.text(text);
        self.archive.add(name, masked);
    }

    /// Adds the end of a file in a directory. One that is not there is noted with `absent`, where that is something to know.
    pub(super) fn file(&mut self, name: &str, directory: &Path, path: &Path, limit: u64, absent: Option<&str>) {
        let shown = path.display().to_string();
        let owner = match unless_missing(std::fs::metadata(directory)) {
            Ok(Some(metadata)) => metadata.uid(),
            Ok(None) => return absent.into_iter().for_each(|why| self.archive.note(Reason::Absent, &shown, why)),
            Err(error) => return self.archive.note(Reason::Unreadable, &shown, &error.to_string()),
        };
        match open(path, owner) {
            Ok(None) => absent.into_iter().for_each(|why| self.archive.note(Reason::Absent, &shown, why)),
            Ok(Some((file, length))) => match tail(file, length, limit.min(FILE_LIMIT as u64)) {
                Ok(tail) => {
                    if let Some(length) = tail.of {
                        let why = format!("only its end is in the archive, {} of {length} bytes", tail.text.len());
                        self.archive.note(Reason::Cut, &shown, &why);
                    }
                    self.text(name, &tail.text);
                }
                Err(error) => self.archive.note(Reason::Unreadable, &shown, &error.to_string()),
            },
            Err(why) => self.archive.note(Reason::Unreadable, &shown, &why),
        }
    }

    /// Adds the ends of the files of a directory, the youngest first, not those of directories below it.
    pub(super) fn directory(&mut self, name: &str, directory: &Path, most: usize, wanted: impl Fn(&str) -> bool) {
        let found = match entries(directory) {
            Ok(found) => found,
            Err(error) => return self.archive.note(Reason::Unreadable, &directory.display().to_string(), &error.to_string()),
        };
        let mut files: Vec<(i64, PathBuf)> = Vec::new();
        for entry in found {
            let path = entry.path();
            match path.symlink_metadata() {
                Ok(metadata) if kind(&metadata) == FileKind::Directory => {}
                Ok(metadata) => files.push((metadata.mtime(), path)),
                Err(error) => self.archive.note(Reason::Unreadable, &path.display().to_string(), &error.to_string()),
            }
        }
        files.retain(|(_, path)| path.file_name().is_some_and(|name| wanted(&name.to_string_lossy())));
        files.sort_by(|one, other| (other.0, &one.1).cmp(&(one.0, &other.1)));
        if files.len() > most {
            let why = format!("of {} files the {most} youngest are in the archive", files.len());
            self.archive.note(Reason::Cut, &directory.display().to_string(), &why);
        }
        for (_, path) in files.into_iter().take(most) {
            let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.file(&format!("{name}/{own}"), directory, &path, LOG_LIMIT, None);
        }
    }

    /// Adds a listing of everything below a directory, to a depth, with modes, owners, sizes, times and tags.
    pub(super) fn listing(&mut self, name: &str, directory: &Path, depth: usize) {
        let mut lines = Vec::new();
        let mut left = vec![(directory.to_path_buf(), 0)];
        while let Some((path, level)) = left.pop() {
            if lines.len() >= LINES_LIMIT {
                let why = format!("the listing ends after {LINES_LIMIT} lines");
                self.archive.note(Reason::Cut, &directory.display().to_string(), &why);
                break;
            }
            // The directory itself may be a link, as the configuration names it.
            let seen = if level == 0 { std::fs::metadata(&path) } else { std::fs::symlink_metadata(&path) };
            let metadata = match unless_missing(seen) {
                Ok(Some(metadata)) => metadata,
                Ok(None) if level == 0 => return self.archive.note(Reason::Absent, &path.display().to_string(), "it does not exist"),
                // Removed meanwhile.
                Ok(None) => continue,
                Err(error) => {
                    lines.push(format!("{}: {error}\n", one_line(&path.display().to_string())));
                    continue;
                }
            };
            lines.push(self.line(&path, &metadata));
            if kind(&metadata) == FileKind::Directory && level < depth {
                match entries(&path) {
                    Ok(found) => {
                        let mut below: Vec<PathBuf> = found.iter().map(std::fs::DirEntry::path).collect();
                        below.sort();
                        left.extend(below.into_iter().rev().map(|path| (path, level + 1)));
                    }
                    Err(error) => lines.push(format!("{}: {error}\n", one_line(&path.display().to_string()))),
                }
            }
        }
        let head = format!(
            "# to a depth of {depth}; tag: CCSID of a text file, - untagged, ? not told by this system\n# mode links uid gid size changed tag path\n"
        );
        self.text(name, &(head + &lines.concat()));
    }

    fn line(&self, path: &Path, metadata: &Metadata) -> String {
        let changed = Timestamp::from_second(metadata.mtime()).map_or_else(|_| "?".to_owned(), |time| time.to_string());
        let letter = match kind(metadata) {
            FileKind::Regular => '-',
            FileKind::Directory => 'd',
            FileKind::SymbolicLink => 'l',
            FileKind::Other => 'o',
        };
        let target = match kind(metadata) {
            FileKind::SymbolicLink => match std::fs::read_link(path) {
                Ok(target) => format!(" -> {}", target.display()),
                Err(error) => format!(" -> ? ({error})"),
            },
            _ => String::new(),
        };
        let shown = format!("{}{target}", path.display());
        let mode = metadata.mode() & 0o7777;
        let facts = (metadata.nlink(), metadata.uid(), metadata.gid(), metadata.len());
        let tag = tag_of(self.platform, path, metadata);
        format!("{letter}{mode:04o} {} {} {} {} {changed} {tag} {}\n", facts.0, facts.1, facts.2, facts.3, one_line(&shown))
    }
}

/// How a file is tagged; `?` where the system has no tags or does not tell.
pub(super) fn tag_of(platform: &dyn Platform, path: &Path, metadata: &Metadata) -> String {
    if !platform.is_zos() || kind(metadata) != FileKind::Regular {
        return "?".to_owned();
    }
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => platform.code_page_of(file.as_fd()).map_or_else(|| "-".to_owned(), |ccsid| ccsid.to_string()),
        Err(_) => "?".to_owned(),
    }
}
