//! What an archive may hold: its entries are hostile input. Pure over `Read`.

use std::io::{self, Read};

/// Bounds of an archive; what is beyond any of them is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries, of all kinds.
    pub entries: usize,
    /// Bytes of all files, unpacked.
    pub bytes: u64,
    /// Bytes unpacked for each byte of the archive, beyond the first 64 MiB.
    pub ratio: u64,
    /// Bytes of a name.
    pub name: usize,
    /// Steps of a name.
    pub depth: usize,
    /// Bytes of the extended headers of one entry.
    pub headers: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { entries: 100_000, bytes: 4 << 30, ratio: 200, name: 1023, depth: 64, headers: 1 << 20 }
    }
}

/// Unpacked, this much is never taken for a bomb.
const SMALL: u64 = 64 << 20;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file of this many bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A symbolic link, with what it says.
    Link(String),
    /// Another name of a file that came before.
    Hard(String),
}

/// A tag of z/OS, as the archive has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The code page's number; 65535: binary.
    pub ccsid: u16,
    /// Whether it is text, and may be converted.
    pub text: bool,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As the archive has it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, special ones included.
    pub mode: u32,
    /// Its tag, where the archive has one.
    pub tag: Option<Tag>,
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("it is {0}; a pax, tar, tar.gz or zip archive is expected")]
    Format(&'static str),
    #[error("'{}' leaves the directory that it is unpacked in", .0.escape_debug())]
    Outside(String),
    #[error("'{}' is no name of a file: {why}", .name.escape_debug())]
    Name { name: String, why: &'static str },
    #[error("the link '{}' leads to '{}', which is outside of the package", .name.escape_debug(), .target.escape_debug())]
    LinkOut { name: String, target: String },
    #[error("'{}' is another name of '{}', which is no file that came before it", .name.escape_debug(), .target.escape_debug())]
    HardLink { name: String, target: String },
    #[error("'{}' is {what}; a package has files, directories and links", .name.escape_debug())]
    Special { name: String, what: &'static str },
    #[error("'{}' is there twice", .0.escape_debug())]
    Twice(String),
    #[error("'{}' stands below something that is no directory", .0.escape_debug())]
    Below(String),
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it ends before its end: it was not transferred whole")]
    Truncated,
    #[error("it has more than {0} entries")]
    Entries(usize),
    #[error("unpacked it has more than {0} bytes")]
    Bytes(u64),
    #[error("unpacked it is more than {0} times as large: what unpacks like this is made to fill a disk")]
    Bomb(u64),
    #[error("'{}' is encrypted", .0.escape_debug())]
    Encrypted(String),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What is odd about an archive and does no harm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Headers of z/OS (`-x os390`, `-o saveext`) that hold tags and long links.
    pub special_headers: usize,
    /// Bytes after the end.
    pub after_end: bool,
}

/// Something that takes the entries of an archive in their order, each with its content.
pub type Taker<'a> = dyn FnMut(&Entry, &mut dyn Read) -> Result<(), Refusal> + 'a;

/// The steps of a name below the directory; none for the directory itself (`./`).
///
/// # Errors
/// [`Refusal::Outside`], [`Refusal::Name`].
pub fn steps(name: &str, bounds: &Bounds) -> Result<Vec<String>, Refusal> {
    let odd = |why| Refusal::Name { name: name.chars().take(200).collect(), why };
    if name.len() > bounds.name {
        return Err(odd("it is too long"));
    }
    if name.is_empty() {
        return Err(odd("it is empty"));
    }
    if name.contains('\0') {
        return Err(odd("it has a byte that is 0"));
    }
    if name.starts_with('/') {
        return Err(Refusal::Outside(name.to_owned()));
    }
    let mut steps = Vec::new();
    for step in name.split('/') {
        match step {
            "" | "." => {}
            ".." => return Err(Refusal::Outside(name.to_owned())),
            step if step.len() > 255 => return Err(odd("a step of it is too long")),
            step => steps.push(step.to_owned()),
        }
    }
    if steps.len() > bounds.depth {
        return Err(odd("it has too many steps"));
    }
    Ok(steps)
}

/// Whether a symbolic link at `at` stays inside, by what it says: never absolute, and never above the directory, wherever it turns back.
pub fn link_stays_inside(at: &[String], target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return false;
    }
    let mut depth = at.len().saturating_sub(1);
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    true
}

/// Counts what comes out, and refuses what is beyond the bounds.
pub(super) struct Meter {
    bounds: Bounds,
    /// Of the archive's file.
    packed: u64,
    entries: usize,
    bytes: u64,
}

impl Meter {
    pub(super) fn new(bounds: Bounds, packed: u64) -> Meter {
        Meter { bounds, packed, entries: 0, bytes: 0 }
    }

    /// One more entry, of this many bytes.
    pub(super) fn entry(&mut self, size: u64) -> Result<(), Refusal> {
        self.entries += 1;
        if self.entries > self.bounds.entries {
            return Err(Refusal::Entries(self.bounds.entries));
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.bounds.bytes {
            return Err(Refusal::Bytes(self.bounds.bytes));
        }
        if self.bytes > SMALL.saturating_add(self.packed.saturating_mul(self.bounds.ratio)) {
            return Err(Refusal::Bomb(self.bounds.ratio));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_never_leaves_its_directory(name in "(/|\\.\\.|\\.|a|b c|/|\\x00){0,9}") {
            if let Ok(steps) = steps(&name, &Bounds::default()) {
                prop_assert!(!name.starts_with('/'));
                for step in &steps {
                    prop_assert!(!step.is_empty() && step != "." && step != ".." && !step.contains(['/', '\0']));
                }
            }
        }

        /// The oracle: the path as the operating system's rules have it, counted by hand.
        #[test]
        fn a_link_that_stays_inside_never_goes_above(at in prop::collection::vec("[ab]", 1..4), target in "(\\.\\./|a/|\\./|/){0,6}b?") {
            let inside = link_stays_inside(&at, &target);
            let root = std::path::Path::new("/package");
            let mut here = at.iter().take(at.len() - 1).fold(root.to_path_buf(), |path, step| path.join(step));
            let mut left = target.starts_with('/') || target.is_empty();
            for step in std::path::Path::new(&target).components() {
                match step {
                    std::path::Component::ParentDir => { here.pop(); }
                    std::path::Component::Normal(step) => here.push(step),
                    _ => {}
                }
                left |= !here.starts_with(root);
            }
            prop_assert_eq!(inside, !left);
        }
    }
}
