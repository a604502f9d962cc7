//! The text files that this program writes for others: which code page each is in on z/OS, and how it is tagged. The one place that decides;
//! docs/zos.md has the table, and a test compares it. Elsewhere than on z/OS all of them are UTF-8, and files have no tags.
//!
//! IBM-1047 is written byte by byte ([`bytes_to_ibm_1047`]), as zowe-common-c does it (`storeFileUTF8`): its readers (zss, configmgr) convert
//! every byte back, whatever the tag, and take what they get as UTF-8.

use super::ebcdic::{BLANK, NEW_LINE, bytes_of_ibm_1047, bytes_to_ibm_1047};
use super::files;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A kind of text file, by who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFile {
    /// A merged configuration: zss, configmgr and zwe read it, and always convert.
    Configuration,
    /// The same as JSON, and with a component's own `configs`.
    ConfigurationJson,
    /// Variables for scripts to source.
    InstanceVariables,
    /// What a configure command has exported: this program reads it, scripts may source it.
    Snapshot,
    /// A plug-in of the app framework: zss reads it as it is, node by its tag.
    PluginPointer,
    /// A static API definition: Java reads its bytes as UTF-8, whatever the tag.
    StaticDefinition,
    /// What this program alone reads back.
    OwnRecord,
    /// The log of a component: people read it, by its tag.
    Log,
    /// A copy of a component's file: its bytes, and its tag.
    Copy,
}

/// The bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    Utf8,
    /// UTF-8, byte by byte in IBM-1047.
    Ibm1047,
    /// Whatever they are.
    AsTheyAre,
}

/// How a file is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// As text of a CCSID.
    Text(u16),
    /// As the file that it is a copy of.
    OfSource,
}

impl TextFile {
    /// All of them, in the order of the table.
    pub const ALL: [TextFile; 9] = [
        TextFile::Configuration,
        TextFile::ConfigurationJson,
        TextFile::InstanceVariables,
        TextFile::Snapshot,
        TextFile::PluginPointer,
        TextFile::StaticDefinition,
        TextFile::OwnRecord,
        TextFile::Log,
        TextFile::Copy,
    ];

    /// Its bytes and its tag on z/OS.
    pub const fn on_zos(self) -> (Bytes, Tag) {
        match self {
            TextFile::Configuration
            | TextFile::ConfigurationJson
            | TextFile::InstanceVariables
            | TextFile::Snapshot
            | TextFile::PluginPointer => (Bytes::Ibm1047, Tag::Text(1047)),
            TextFile::StaticDefinition | TextFile::OwnRecord | TextFile::Log => (Bytes::Utf8, Tag::Text(819)),
            TextFile::Copy => (Bytes::AsTheyAre, Tag::OfSource),
        }
    }

    pub(super) fn ccsid(self) -> Option<(u16, bool)> {
        match self.on_zos().1 {
            Tag::Text(ccsid) => Some((ccsid, true)),
            Tag::OfSource => None,
        }
    }

    /// The bytes of this text on this system.
    pub fn encode(self, text: &[u8]) -> Cow<'_, [u8]> {
        self.encoded(text, cfg!(zwelnch_zos))
    }

    fn encoded(self, text: &[u8], on_zos: bool) -> Cow<'_, [u8]> {
        match self.on_zos().0 {
            Bytes::Ibm1047 if on_zos => Cow::Owned(bytes_to_ibm_1047(text)),
            _ => Cow::Borrowed(text),
        }
    }
}

/// What [`TextFile::encode`] has written, whichever it was, of a text whose first line begins with an ASCII letter, a digit or `#`: the system
/// may have converted it on the way, by its tag.
pub fn decode(bytes: Vec<u8>) -> Vec<u8> {
    // Of the bytes that such a text can begin with, none is one in the other code page.
    let is_ibm_1047 =
        bytes.iter().find(|byte| ![NEW_LINE, BLANK, b'\n', b' '].contains(byte)).is_some_and(|first| !(b'!'..=b'z').contains(first));
    if is_ibm_1047 { bytes_of_ibm_1047(&bytes) } else { bytes }
}

/// The first file that could not be tagged, and why; the inner one is taken by whoever says it.
static UNTAGGED: Mutex<Option<Option<(PathBuf, io::Error)>>> = Mutex::new(None);

/// The first file of this process that could not be tagged, and why: a file system without tags. Its bytes are right. Told once.
pub fn untagged() -> Option<(PathBuf, io::Error)> {
    UNTAGGED.lock().unwrap_or_else(PoisonError::into_inner).as_mut().and_then(Option::take)
}

/// As [`files::write_atomically`], in the code page and with the tag of its kind.
///
/// # Errors
/// The same. That it cannot be tagged is none: see [`untagged`].
pub fn write(path: &Path, text: &[u8], mode: u32, kind: TextFile) -> io::Result<()> {
    write_tagged(path, &kind.encode(text), mode, kind.ccsid())
}

/// A file as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    /// CCSID, and whether it is text; None: untagged.
    pub(super) tag: Option<(u16, bool)>,
}

/// Reads a file for a copy.
///
/// # Errors
/// The system's.
pub fn read_stored(path: &Path) -> io::Result<Stored> {
    let mut file = File::open(path)?;
    conversion_off(&file);
    let mut stored = Stored { bytes: Vec::new(), tag: tag_of(&file)? };
    file.read_to_end(&mut stored.bytes)?;
    Ok(stored)
}

impl Stored {
    /// Bytes without a tag.
    pub fn untagged(bytes: Vec<u8>) -> Stored {
        Stored { bytes, tag: None }
    }

    /// CCSID, and whether it is text; None: untagged.
    pub fn tag(&self) -> Option<(u16, bool)> {
        self.tag
    }
}

/// Puts other bytes in the place of a file that was read: its mode, owner and tag stay. Links are followed: the file that is meant gets the
/// new bytes.
///
/// # Errors
/// The system's, also where the new file could not be given to the owner of the old one; the old one is then as it was. ResourceBusy where
/// the file is not what was read any more.
pub fn exchange(path: &Path, old: &Stored, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let path = std::fs::canonicalize(path)?;
    if read_stored(&path)?.bytes != old.bytes {
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, "it was changed by somebody else at this moment"));
    }
    let was = std::fs::metadata(&path)?;
    files::write_with(&path, was.permissions().mode() & 0o7777, &|file| {
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (was.uid(), was.gid()) {
            fchown(&*file, Some(was.uid()), Some(was.gid()))?;
        }
        fill(file, &path, bytes, old.tag)
    })
}

/// Tags a file: `text`: it may be converted by the system. Off z/OS there are no tags.
///
/// # Errors
/// The system's.
pub fn tag(file: &File, ccsid: u16, text: bool) -> io::Result<()> {
    set_tag(file, (ccsid, text))
}

/// As [`write()`], of bytes as they are to be stored.
///
/// # Errors
/// The same.
pub(super) fn write_tagged(path: &Path, bytes: &[u8], mode: u32, tag: Option<(u16, bool)>) -> io::Result<()> {
    files::write_with(path, mode, &|file| fill(file, path, bytes, tag))
}

/// Writes a text into a file that was just made at this path; as [`write()`].
///
/// # Errors
/// The system's.
pub fn write_into(file: &mut File, path: &Path, text: &[u8], kind: TextFile) -> io::Result<()> {
    fill(file, path, &kind.encode(text), kind.ccsid())
}

/// For a file that was opened to append UTF-8 to: nothing that is written is converted, and one in which nothing is yet gets its tag.
pub fn begin(file: &File, path: &Path, kind: TextFile) {
    conversion_off(file);
    if file.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        tag_file(file, path, kind.ccsid());
    }
}

/// The tag comes when everything is written: nothing can be converted by it.
fn fill(file: &mut File, path: &Path, bytes: &[u8], tag: Option<(u16, bool)>) -> io::Result<()> {
    conversion_off(file);
    file.write_all(bytes)?;
    tag_file(file, path, tag);
    Ok(())
}

fn tag_file(file: &File, path: &Path, tag: Option<(u16, bool)>) {
    if let Some(why) = tag.and_then(|tag| set_tag(file, tag).err()) {
        UNTAGGED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Some((path.to_path_buf(), why)));
    }
}

/// CCSID and whether it is text; None: untagged.
pub(super) fn tag_of(file: &File) -> io::Result<Option<(u16, bool)>> {
    #[cfg(zwelnch_zos)]
    {
        use std::os::fd::AsFd;
        let tag = super::zos::shim::tag(file.as_fd())?;
        Ok(Some(tag).filter(|(ccsid, _)| *ccsid != 0))
    }
    #[cfg(not(zwelnch_zos))]
    {
        let _ = file;
        Ok(None)
    }
}

/// From now on the file's bytes are read and written as they are stored. Else the system converts what is tagged, and where the file system
/// gives new files a tag of its own, what is written would be converted a second time.
pub fn conversion_off(file: &File) {
    #[cfg(zwelnch_zos)]
    {
        use std::os::fd::AsFd;
        // A system that does not know the request does not convert either.
        let _ = super::zos::shim::conversion_off(file.as_fd());
    }
    #[cfg(not(zwelnch_zos))]
    let _ = file;
}

fn set_tag(file: &File, (ccsid, text): (u16, bool)) -> io::Result<()> {
    #[cfg(zwelnch_zos)]
    {
        use std::os::fd::AsFd;
        Ok(super::zos::shim::set_tag(file.as_fd(), ccsid, text)?)
    }
    #[cfg(not(zwelnch_zos))]
    {
        let _ = (file, ccsid, text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What docs/zos.md says of each kind: the columns code page and tag.
    fn table() -> Vec<(String, String)> {
        let manual = include_str!("../../docs/zos.md");
        let section = manual.split("\n## Code pages of files\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
        rows.map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells.len(), 5, "{row}");
            (cells[3].to_owned(), cells[4].to_owned())
        })
        .collect()
    }

    #[test]
    fn the_table_of_the_manual_is_what_is_done() {
        let ours = TextFile::ALL.map(|kind| {
            let (bytes, tag) = kind.on_zos();
            let bytes = match bytes {
                Bytes::Utf8 => "UTF-8",
                Bytes::Ibm1047 => "IBM-1047",
                Bytes::AsTheyAre => "as the source",
            };
            let tag = match tag {
                Tag::Text(ccsid) => format!("text, {ccsid}"),
                Tag::OfSource => "as the source".to_owned(),
            };
            (bytes.to_owned(), tag)
        });
        // Files that this program writes with other means stand behind those.
        assert_eq!(table()[..ours.len()], ours);
    }

    #[test]
    fn elsewhere_nothing_is_converted() {
        let all: Vec<u8> = (0..=255).collect();
        TextFile::ALL.into_iter().for_each(|kind| assert_eq!(kind.encoded(&all, false), all, "{kind:?}"));
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_written(first in "[a-zA-Z0-9#]", rest in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = [first.as_bytes(), &rest].concat();
            for on_zos in [false, true] {
                prop_assert_eq!(&decode(TextFile::Snapshot.encoded(&text, on_zos).into_owned()), &text);
            }
        }
    }
}
