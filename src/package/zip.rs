//! Reads zip: what the central directory says is held against what is there. Pure over `Read` and `Seek`.

use super::archive::{Bounds, Entry, Kind, Meter, Oddities, Refusal, Taker};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use zip::result::ZipError;

/// Bytes of a link's target.
const TARGET: u64 = 4096;

const SYMBOLIC_LINK: u32 = 0o120_000;
const FORMAT: u32 = 0o170_000;

/// An archive whose directory was read.
pub(super) struct ZipReader<'a> {
    archive: zip::ZipArchive<&'a File>,
    /// How many entries its end says it has.
    said: Option<usize>,
}

fn refused(error: ZipError) -> Refusal {
    match error {
        ZipError::Io(error) => broken(error),
        error => Refusal::Damaged(error.to_string()),
    }
}

fn broken(error: io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Refusal::Truncated,
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other => Refusal::Damaged(error.to_string()),
        _ => Refusal::Io(error),
    }
}

/// How many entries the record at the end of the archive says that there are.
fn said(file: &File) -> io::Result<Option<usize>> {
    const RECORD: u64 = 22;
    let length = file.metadata()?.len();
    let tail = length.min(RECORD + 65_535);
    let mut bytes = vec![0; usize::try_from(tail).unwrap_or(0)];
    file.read_exact_at(&mut bytes, length - tail)?;
    let Some(at) = memchr::memmem::rfind(&bytes, b"PK\x05\x06") else { return Ok(None) };
    let Some([low, high]) = bytes.get(at + 10..at + 12) else { return Ok(None) };
    // 65535: the number is in another record.
    Ok(Some(usize::from(u16::from_le_bytes([*low, *high]))).filter(|said| *said != usize::from(u16::MAX)))
}

impl<'a> ZipReader<'a> {
    pub(super) fn new(file: &'a File) -> Result<ZipReader<'a>, Refusal> {
        let said = said(file)?;
        // Without the record at its end nothing else of it can be found.
        let Some(said) = said.map(Some).or_else(|| has_end(file).then_some(None)) else { return Err(Refusal::Truncated) };
        Ok(ZipReader { archive: zip::ZipArchive::new(file).map_err(refused)?, said })
    }

    pub(super) fn read(mut self, bounds: &Bounds, meter: &mut Meter, take: &mut Taker<'_>) -> Result<Oddities, Refusal> {
        if self.archive.len() > bounds.entries {
            return Err(Refusal::Entries(bounds.entries));
        }
        // The library keeps one entry of each name.
        if self.said.is_some_and(|said| said != self.archive.len()) {
            return Err(Refusal::Damaged("an entry is there twice, or its number of entries is not true".to_owned()));
        }
        self.check_places()?;
        for index in 0..self.archive.len() {
            self.entry(index, meter, take)?;
        }
        Ok(Oddities::default())
    }

    /// Entries that share bytes are made to be small and to unpack large.
    fn check_places(&mut self) -> Result<(), Refusal> {
        let mut places = Vec::new();
        for index in 0..self.archive.len() {
            let entry = self.archive.by_index_raw(index).map_err(refused)?;
            let start = entry.data_start().unwrap_or_else(|| entry.header_start());
            places.push((entry.header_start(), start.saturating_add(entry.compressed_size()), entry.name().to_owned()));
        }
        places.sort();
        let mut end = 0;
        for (start, next, name) in places {
            if start < end {
                return Err(Refusal::Damaged(format!("'{}' shares its place with another entry", name.escape_debug())));
            }
            end = next;
        }
        if end > self.archive.central_directory_start() {
            return Err(Refusal::Damaged("an entry reaches into the directory at its end".to_owned()));
        }
        Ok(())
    }

    fn entry(&mut self, index: usize, meter: &mut Meter, take: &mut Taker<'_>) -> Result<(), Refusal> {
        // A password is asked for before anything else can be known.
        let encrypted =
            self.archive.by_index_raw(index).map(|entry| entry.encrypted().then(|| entry.name().to_owned())).map_err(refused)?;
        if let Some(name) = encrypted {
            return Err(Refusal::Encrypted(name));
        }
        let mut file = self.archive.by_index(index).map_err(refused)?;
        let name = String::from_utf8(file.name_raw().to_vec())
            .map_err(|_| Refusal::Name { name: file.name().to_owned(), why: "it is not UTF-8" })?;
        let (size, mode) = (file.size(), file.unix_mode());
        meter.entry(size)?;
        let permissions = |usual: u32| mode.map(|mode| mode & 0o7777).filter(|mode| *mode != 0).unwrap_or(usual);
        let kind = match mode.unwrap_or(0) & FORMAT {
            SYMBOLIC_LINK => {
                let mut target = String::new();
                file.by_ref().take(TARGET + 1).read_to_string(&mut target).map_err(broken)?;
                if target.len() as u64 > TARGET {
                    return Err(Refusal::LinkOut { name, target: target.chars().take(100).collect() });
                }
                let entry = Entry { name, kind: Kind::Link(target), mode: 0o777, tag: None };
                return take(&entry, &mut io::empty());
            }
            0o010_000 => return Err(Refusal::Special { name, what: "a pipe" }),
            0o020_000 => return Err(Refusal::Special { name, what: "a character device" }),
            0o060_000 => return Err(Refusal::Special { name, what: "a block device" }),
            0o140_000 => return Err(Refusal::Special { name, what: "a socket" }),
            _ if name.ends_with('/') => Kind::Directory,
            0o040_000 => Kind::Directory,
            _ => Kind::File(size),
        };
        if kind == Kind::Directory {
            return take(&Entry { name, kind, mode: permissions(0o755), tag: None }, &mut io::empty());
        }
        let entry = Entry { name, kind, mode: permissions(0o644), tag: None };
        let mut content = Exact { file: &mut file, left: size };
        take(&entry, &mut content)?;
        // To the end, where the library compares the sum.
        io::copy(&mut content, &mut io::sink()).map_err(broken)?;
        let left = content.left;
        if left > 0 { Err(Refusal::Damaged(format!("'{}' is shorter than it says", entry.name.escape_debug()))) } else { Ok(()) }
    }
}

fn has_end(file: &File) -> bool {
    said(file).is_ok_and(|said| said.is_some()) || zip::ZipArchive::new(file).is_ok()
}

/// A file that is as long as it says, and not a byte longer.
struct Exact<R> {
    file: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read(buffer)?;
        match self.left.checked_sub(got as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::new(io::ErrorKind::InvalidData, "a file is longer than it says")),
        }
        Ok(got)
    }
}
