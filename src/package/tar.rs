//! Reads tar and pax: POSIX ustar with the extended headers of pax, long names of GNU tar, and the tags of z/OS (`ZOS.taginfo`). Pure over
//! `Read`; nothing is believed.
//!
//! `ZOS.taginfo=T CCSID` is what `pax -x pax` of z/OS writes for each file and reads again: T is 1 for text that may be converted, 0 for all
//! else; CCSID is decimal, and 65535 is binary.

use super::archive::{Bounds, Entry, Kind, Meter, Oddities, Refusal, Tag, Taker};
use std::io::{self, Read};

pub(super) const BLOCK: usize = 512;

/// The record of a file's tag.
pub(super) const TAG_RECORD: &str = "ZOS.taginfo";

/// What extended headers say of the entry after them.
#[derive(Debug, Clone, Default)]
struct Extension {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    tag: Option<Tag>,
}

impl Extension {
    /// What is said here, else what is said for all.
    fn or(self, global: &Extension) -> Extension {
        Extension {
            path: self.path.or_else(|| global.path.clone()),
            link: self.link.or_else(|| global.link.clone()),
            size: self.size.or(global.size),
            tag: self.tag.or(global.tag),
        }
    }
}

/// An archive that is read once, from its beginning.
pub(super) struct TarReader<R> {
    input: R,
    bounds: Bounds,
    global: Extension,
    odd: Oddities,
}

fn damaged(why: impl Into<String>) -> Refusal {
    Refusal::Damaged(why.into())
}

/// The end of the input is an end before its time; gzip's own complaints are damage.
fn broken(error: io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Refusal::Truncated,
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => damaged(error.to_string()),
        _ => Refusal::Io(error),
    }
}

impl<R: Read> TarReader<R> {
    pub(super) fn new(input: R, bounds: Bounds) -> TarReader<R> {
        TarReader { input, bounds, global: Extension::default(), odd: Oddities::default() }
    }

    pub(super) fn read(mut self, meter: &mut Meter, take: &mut Taker<'_>) -> Result<Oddities, Refusal> {
        let (mut own, mut own_bytes, mut first) = (Extension::default(), 0_u64, true);
        loop {
            let mut block = [0_u8; BLOCK];
            self.input.read_exact(&mut block).map_err(|error| match broken(error) {
                Refusal::Truncated if first => Refusal::Format("too short for an archive"),
                refusal => refusal,
            })?;
            if block.iter().all(|byte| *byte == 0) {
                self.rest()?;
                return Ok(self.odd);
            }
            let header = Header(&block);
            if !header.sum_fits() {
                return Err(if first { Refusal::Format("none of these") } else { damaged("a header's sum does not fit") });
            }
            first = false;
            match header.flag() {
                b'x' | b'g' | b'L' | b'K' | b'X' => {
                    let size = header.number(124, 12)?;
                    own_bytes = own_bytes.saturating_add(size);
                    if own_bytes > self.bounds.headers {
                        return Err(damaged(format!("the extended headers of an entry have more than {} bytes", self.bounds.headers)));
                    }
                    meter.entry(0)?;
                    let text = self.text(size)?;
                    match header.flag() {
                        b'g' => {
                            let global = std::mem::take(&mut self.global);
                            self.global = records(&text)?.or(&global);
                            own_bytes = 0;
                        }
                        b'L' => own.path = Some(name(strip_nul(&text))?),
                        b'K' => own.link = Some(name(strip_nul(&text))?),
                        _ => own = records(&text)?.or(&own),
                    }
                }
                // `pax -x os390` and `-o saveext` of z/OS.
                b'S' if header.is_zos_special() => {
                    self.odd.special_headers += 1;
                    let size = header.number(124, 12)?;
                    meter.entry(size)?;
                    self.pass(size)?;
                }
                _ => {
                    let extension = std::mem::take(&mut own).or(&self.global);
                    own_bytes = 0;
                    self.entry(&header, extension, meter, take)?;
                }
            }
        }
    }

    fn entry(&mut self, header: &Header<'_>, extension: Extension, meter: &mut Meter, take: &mut Taker<'_>) -> Result<(), Refusal> {
        let size = match extension.size {
            Some(size) => size,
            None => header.number(124, 12)?,
        };
        let name = match extension.path {
            Some(path) => path,
            None => header.name()?,
        };
        let link = match extension.link {
            Some(link) => link,
            None => header.text(157, 100)?,
        };
        let special = |what| Err(Refusal::Special { name: name.clone(), what });
        // Only files have content; pax may repeat it for another name of one.
        let (kind, content) = match header.flag() {
            // In the old format, a directory's name ends with a slash.
            b'0' | 0 | b'7' if name.ends_with('/') => (Kind::Directory, size),
            b'0' | 0 | b'7' => (Kind::File(size), 0),
            b'5' => (Kind::Directory, size),
            b'1' => (Kind::Hard(link), size),
            b'2' => (Kind::Link(link), size),
            b'3' => return special("a character device"),
            b'4' => return special("a block device"),
            b'6' => return special("a pipe"),
            b'S' => return special("a sparse file of GNU tar"),
            _ => return special("of a type that is not known"),
        };
        meter.entry(size)?;
        let mode = u32::try_from(header.number(100, 8)? & 0o7777).unwrap_or(0);
        let entry = Entry { name, kind, mode, tag: extension.tag };
        if let Kind::File(size) = entry.kind {
            let mut content = (&mut self.input).take(size);
            take(&entry, &mut content)?;
            let left = content.limit();
            if left > 0 {
                self.skip(left)?;
            }
            return self.padding(size);
        }
        take(&entry, &mut io::empty())?;
        self.pass(content)
    }

    /// The content of an extended header.
    fn text(&mut self, size: u64) -> Result<Vec<u8>, Refusal> {
        let mut text = Vec::new();
        (&mut self.input).take(size).read_to_end(&mut text).map_err(broken)?;
        if (text.len() as u64) < size {
            return Err(Refusal::Truncated);
        }
        self.padding(size)?;
        Ok(text)
    }

    fn pass(&mut self, size: u64) -> Result<(), Refusal> {
        self.skip(size)?;
        self.padding(size)
    }

    fn padding(&mut self, size: u64) -> Result<(), Refusal> {
        let over = size % BLOCK as u64;
        if over > 0 { self.skip(BLOCK as u64 - over) } else { Ok(()) }
    }

    fn skip(&mut self, size: u64) -> Result<(), Refusal> {
        let passed = io::copy(&mut (&mut self.input).take(size), &mut io::sink()).map_err(broken)?;
        if passed < size { Err(Refusal::Truncated) } else { Ok(()) }
    }

    /// What follows the end: blocks of nothing, in an archive as it should be.
    fn rest(&mut self) -> Result<(), Refusal> {
        let mut block = [0_u8; 8192];
        // A tape's record, or ten.
        for _ in 0..1024 {
            match self.input.read(&mut block).map_err(broken)? {
                0 => return Ok(()),
                got => self.odd.after_end |= block.iter().take(got).any(|byte| *byte != 0),
            }
        }
        self.odd.after_end = true;
        Ok(())
    }
}

struct Header<'a>(&'a [u8; BLOCK]);

impl Header<'_> {
    fn field(&self, at: usize, length: usize) -> &[u8] {
        self.0.get(at..at + length).unwrap_or_default()
    }

    fn flag(&self) -> u8 {
        self.0[156]
    }

    /// The sum of the bytes, its own taken as blanks; some old programs have summed signed ones.
    fn sum_fits(&self) -> bool {
        let byte = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { b' ' } else { *byte };
        let unsigned: i64 = self.0.iter().enumerate().map(|pair| i64::from(byte(pair))).sum();
        let signed: i64 = self.0.iter().enumerate().map(|pair| i64::from(i8::from_ne_bytes([byte(pair)]))).sum();
        self.number(148, 8).ok().and_then(|sum| i64::try_from(sum).ok()).is_some_and(|sum| sum == unsigned || sum == signed)
    }

    /// Octal digits, or binary where the first bit is set.
    fn number(&self, at: usize, length: usize) -> Result<u64, Refusal> {
        let field = self.field(at, length);
        let out_of_range = || damaged("a number of a header is out of range");
        if field.first().is_some_and(|first| first & 0x80 != 0) {
            let digits = field.iter().enumerate().map(|(place, byte)| if place == 0 { byte & 0x7f } else { *byte });
            return digits
                .into_iter()
                .try_fold(0_u64, |number, digit| number.checked_mul(256)?.checked_add(u64::from(digit)))
                .ok_or_else(out_of_range);
        }
        let text: Vec<u8> = field.iter().copied().skip_while(|byte| *byte == b' ').take_while(|byte| !matches!(byte, 0 | b' ')).collect();
        text.iter().try_fold(0_u64, |number, digit| match digit {
            b'0'..=b'7' => number.checked_mul(8).map(|number| number + u64::from(digit - b'0')).ok_or_else(out_of_range),
            _ => Err(damaged("a number of a header has no octal digits")),
        })
    }

    fn text(&self, at: usize, length: usize) -> Result<String, Refusal> {
        name(strip_nul(self.field(at, length)))
    }

    fn name(&self) -> Result<String, Refusal> {
        let name = self.text(0, 100)?;
        // GNU tar has other things in the place of the prefix.
        let prefix = if self.field(257, 6) == b"ustar\0" { self.text(345, 155)? } else { String::new() };
        Ok(if prefix.is_empty() { name } else { format!("{prefix}/{name}") })
    }

    /// Special header files of z/OS all have the same name.
    fn is_zos_special(&self) -> bool {
        self.text(0, 100).is_ok_and(|name| name.contains("OS390_USTAR_SUMMARY"))
    }
}

fn strip_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn name(bytes: &[u8]) -> Result<String, Refusal> {
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Refusal::Name { name, why: "it is not UTF-8" }
    })
}

/// The records of an extended header: `LENGTH KEY=VALUE` and a line end, LENGTH in bytes and of all of it.
fn records(text: &[u8]) -> Result<Extension, Refusal> {
    let wrong = || damaged("a record of an extended header is none");
    let mut extension = Extension::default();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.iter().position(|byte| *byte == b' ').filter(|at| *at < 20).ok_or_else(wrong)?;
        let length: usize = rest.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).ok_or_else(wrong)?;
        let record = rest.get(digits + 1..length).and_then(|record| record.strip_suffix(b"\n")).ok_or_else(wrong)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(wrong)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            b"path" => extension.path = Some(name(value)?),
            b"linkpath" => extension.link = Some(name(value)?),
            b"size" => extension.size = Some(std::str::from_utf8(value).ok().and_then(|size| size.parse().ok()).ok_or_else(wrong)?),
            key if key == TAG_RECORD.as_bytes() => extension.tag = tag(value),
            // A sparse file's content would be taken for what it is not.
            key if key.starts_with(b"GNU.sparse") => {
                return Err(Refusal::Special { name: extension.path.unwrap_or_default(), what: "a sparse file of GNU tar" });
            }
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(extension)
}

fn tag(value: &[u8]) -> Option<Tag> {
    let (text, ccsid) = std::str::from_utf8(value).ok()?.trim().split_once(' ')?;
    let ccsid = ccsid.trim().parse().ok().filter(|ccsid| *ccsid != 0)?;
    Some(Tag { ccsid, text: text == "1" })
}
