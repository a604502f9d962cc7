//! The archive: texts under names of ours, with bounds, as a tar in the format ustar (POSIX.1-1988). Pure.
//!
//! Written here because the crate `tar` brings calls that z/OS does not have (utimensat, links, extended attributes), and one format of a
//! header is less than a patch for it.

use std::collections::BTreeSet;

/// The most bytes of one file of the archive.
pub(super) const FILE_LIMIT: usize = 4 * 1024 * 1024;

/// The most bytes of all files.
const TOTAL_LIMIT: usize = 48 * 1024 * 1024;

/// The most files.
const FILES_LIMIT: usize = 2000;

const BLOCK: usize = 512;

/// Why something is not in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is there and could not be read, or may not be.
    Unreadable,
    /// It is there in part: a bound was reached.
    Cut,
    /// There is none, or this system does not tell.
    Absent,
}

/// What is not in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub reason: Reason,
    pub what: String,
    pub why: String,
}

/// An archive that is being made.
#[derive(Debug, Default)]
pub(super) struct Archive {
    files: Vec<(String, String)>,
    names: BTreeSet<String>,
    bytes: usize,
    pub(super) missing: Vec<Missing>,
}

impl Archive {
    /// Adds a text, which has no secret any more, under a name of ours; what is too much is left out and said. Of a text that is too long
    /// the end is kept.
    pub(super) fn add(&mut self, name: &str, text: String) {
        let name = self.free_name(name);
        let room = FILE_LIMIT.min(TOTAL_LIMIT - self.bytes);
        if self.files.len() >= FILES_LIMIT || (room == 0 && !text.is_empty()) {
            self.note(Reason::Cut, &name, "the archive has as much as it may hold");
            return;
        }
        let kept = if text.len() > room {
            let begin = (text.len() - room..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            self.note(Reason::Cut, &name, &format!("only the last {room} of {} bytes are in the archive", text.len()));
            text[begin..].to_owned()
        } else {
            text
        };
        self.bytes += kept.len();
        self.files.push((name, kept));
    }

    pub(super) fn note(&mut self, reason: Reason, what: &str, why: &str) {
        let missing = Missing { reason, what: what.to_owned(), why: why.to_owned() };
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    /// Names and lengths in bytes, in their order.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, usize)> {
        self.files.iter().map(|(name, text)| (name.as_str(), text.len()))
    }

    /// The tar, with everything below the directory `root`. `modified`: seconds since 1970.
    pub(super) fn tar(&self, root: &str, modified: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes + (self.files.len() + 4) * 2 * BLOCK);
        bytes.extend(header(&format!("{root}/"), 0, Kind::Directory, modified));
        for (name, text) in &self.files {
            bytes.extend(header(&format!("{root}/{name}"), text.len(), Kind::File, modified));
            bytes.extend(text.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        }
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        // Records of twenty blocks, as tape drives and some readers want them.
        bytes.resize(bytes.len().next_multiple_of(20 * BLOCK), 0);
        bytes
    }

    /// A name of at most 60 characters that every system takes, and that no file has yet.
    fn free_name(&mut self, wanted: &str) -> String {
        let plain = |character: char| if character.is_ascii_alphanumeric() || "._@#$-/".contains(character) { character } else { '_' };
        let parts = wanted.split('/').map(|part| part.trim_start_matches('.')).filter(|part| !part.is_empty());
        let name: String = parts.collect::<Vec<_>>().join("/").chars().map(plain).take(60).collect();
        let name = if name.is_empty() { "file".to_owned() } else { name };
        let numbered = (1..).map(|number| if number == 1 { name.clone() } else { format!("{name}.{number}") });
        let mut free = numbered.skip_while(|name| self.names.contains(name));
        let name = free.next().unwrap_or(name);
        self.names.insert(name.clone());
        name
    }
}

enum Kind {
    File,
    Directory,
}

/// The block before a file. `name`: at most 100 bytes, of which more are cut off: [`Archive::free_name`] keeps to that.
fn header(name: &str, length: usize, kind: Kind, modified: u64) -> [u8; BLOCK] {
    let mut block = [0_u8; BLOCK];
    let mut put = |at: usize, room: usize, bytes: &[u8]| {
        block.iter_mut().skip(at).take(room).zip(bytes).for_each(|(place, byte)| *place = *byte);
    };
    let (mode, flag) = match kind {
        Kind::File => (0o600, b"0"),
        Kind::Directory => (0o700, b"5"),
    };
    put(0, 100, name.as_bytes());
    put(100, 8, format!("{mode:07o}").as_bytes());
    put(108, 8, b"0000000");
    put(116, 8, b"0000000");
    put(124, 12, format!("{length:011o}").as_bytes());
    put(136, 12, format!("{modified:011o}").as_bytes());
    // The sum is taken with blanks in its own place.
    put(148, 8, b"        ");
    put(156, 1, flag);
    put(257, 8, b"ustar\x0000");
    put(329, 8, b"0000000");
    put(337, 8, b"0000000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let digits = format!("{sum:06o}\0 ");
    block.iter_mut().skip(148).zip(digits.bytes()).for_each(|(place, byte)| *place = byte);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours_and_each_is_there_once() {
        let mut archive = Archive::default();
        for name in ["logs/a b.log", "logs/a_b.log", "../../etc/passwd", "/x", "", &"y".repeat(300)] {
            archive.add(name, "text".into());
        }
        let names: Vec<&str> = archive.files().map(|(name, _)| name).collect();
        assert_eq!(names[..5], ["logs/a_b.log", "logs/a_b.log.2", "etc/passwd", "x", "file"]);
        assert_eq!(names[5].len(), 60);
    }

    #[test]
    fn bounds_are_kept_and_said() {
        let mut archive = Archive::default();
        let long = "\u{e4}".repeat(FILE_LIMIT);
        for number in 0..20 {
            archive.add(&format!("{number}"), long.clone());
        }
        assert!(archive.bytes <= TOTAL_LIMIT && archive.files().all(|(_, length)| length <= FILE_LIMIT));
        assert_eq!(archive.missing.len(), 20);
        let mut archive = Archive::default();
        (0..FILES_LIMIT + 1).for_each(|number| archive.add(&format!("f{number}"), String::new()));
        assert_eq!((archive.files().count(), archive.missing.len()), (FILES_LIMIT, 1));
    }
}
