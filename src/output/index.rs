//! Which bytes of SYSPRINT are whose: a file beside it, for those who want to see the lines of one component. It holds offsets only, no text.
//!
//! ```text
//! file <device> <inode>                        the SYSPRINT that the lines below are about
//! <offset> <length> <milliseconds since 1970> <component, or - for the launcher>
//! ```
//!
//! A line is written after the bytes that it is about, so whoever reads it finds them. It is bounded: what is oldest goes first.

use crate::platform::files::{unless_missing, write_atomically};
use crate::platform::private::append_own;
use crate::platform::unix::own_user;
use crate::platform::{Platform, SysprintPlace};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes of the file at most; half of it is left when it is reached.
const MOST: u64 = 8 * 1024 * 1024;

/// Bytes of SYSPRINT that one component has written, by their place in what is written next.
struct Range {
    end: usize,
    component: String,
}

/// Opens the file, and makes it if need be. Root may operate another user's system, whose files are that user's.
fn open(path: &Path) -> io::Result<File> {
    let file = append_own(path)?;
    if let Some(of_spool) = path.parent().map(std::fs::metadata).transpose()?.filter(|spool| spool.uid() != own_user()) {
        std::os::unix::fs::fchown(&file, Some(of_spool.uid()), Some(of_spool.gid()))?;
    }
    Ok(file)
}

/// See the module.
pub(super) struct Index {
    place: SysprintPlace,
    file: File,
    size: u64,
    ranges: Vec<Range>,
}

impl Index {
    /// Begins one, for what is written from now on. None where SYSPRINT is no file that has a place for it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn begin(platform: &dyn Platform) -> io::Result<Option<Index>> {
        let Some(place) = platform.sysprint_place() else { return Ok(None) };
        let file = open(&place.index)?;
        let size = file.metadata()?.len();
        let mut index = Index { place, file, size, ranges: Vec::new() };
        // What was written before is the launcher's: no component runs yet.
        let head = format!("file {} {}\n{}", index.place.device, index.place.inode, index.line(0, index.place.end, "-"));
        index.append(head.as_bytes())?;
        Ok(Some(index))
    }

    fn line(&self, offset: u64, length: u64, component: &str) -> String {
        if length == 0 {
            return String::new();
        }
        format!("{offset} {length} {} {component}\n", jiff::Timestamp::now().as_millisecond())
    }

    /// Everything up to here, since the last such call, is a component's; `end` counts from the beginning of what is written next.
    pub(super) fn attribute(&mut self, start: usize, end: usize, component: &str) {
        let done = self.ranges.last().map_or(0, |range| range.end);
        if start > done {
            self.push(start, "-");
        }
        self.push(end, component);
    }

    fn push(&mut self, end: usize, component: &str) {
        match self.ranges.last_mut() {
            Some(last) if last.component == component => last.end = end,
            _ => self.ranges.push(Range { end, component: component.to_owned() }),
        }
    }

    /// So many bytes were written.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn written(&mut self, platform: &dyn Platform, length: usize) -> io::Result<()> {
        let mut ranges = std::mem::take(&mut self.ranges);
        let Some(place) = platform.sysprint_place().filter(|_| length > 0) else { return Ok(()) };
        if ranges.last().map_or(0, |range| range.end) < length {
            ranges.push(Range { end: length, component: "-".to_owned() });
        }
        let mut text = String::new();
        if (place.device, place.inode) != (self.place.device, self.place.inode) {
            text = format!("file {} {}\n", place.device, place.inode);
        }
        self.place = place;
        let begin = self.place.end.saturating_sub(length as u64);
        let mut start = 0;
        for Range { end, component } in ranges {
            let end = end.min(length);
            text += &self.line(begin + start as u64, end.saturating_sub(start) as u64, &component);
            start = end;
        }
        self.append(text.as_bytes())
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        if self.size + text.len() as u64 > MOST {
            self.halve()?;
        }
        self.file.write_all(text)?;
        self.size += text.len() as u64;
        Ok(())
    }

    /// Leaves the younger half, below the line that says which file it is about.
    fn halve(&mut self) -> io::Result<()> {
        let path = &self.place.index;
        let all = unless_missing(std::fs::read(path))?.unwrap_or_default();
        let at = memchr::memchr(b'\n', &all[all.len() / 2..]).map_or(all.len(), |position| all.len() / 2 + position + 1);
        let (old, young) = all.split_at(at);
        let head = memchr::memmem::rfind(old, b"file ")
            .map_or(&b""[..], |begin| old[begin..].split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default());
        write_atomically(path, &[head, young].concat(), 0o600)?;
        self.file = open(path)?;
        self.size = self.file.metadata()?.len();
        Ok(())
    }
}
