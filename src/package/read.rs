//! Reads an archive of any of the formats.

use super::archive::{Bounds, Meter, Oddities, Refusal, Taker};
use super::tar::TarReader;
use super::zip::ZipReader;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

/// Gives every entry of an archive to `take`. What it is is told by its first bytes, not by its name.
///
/// # Errors
/// [`Refusal`]; what was taken before it was met has been taken.
pub(super) fn read(file: &File, bounds: Bounds, take: &mut Taker<'_>) -> Result<Oddities, Refusal> {
    let mut head = [0_u8; 512];
    let have = read_head(file, &mut head)?;
    let packed = file.metadata()?.len();
    let mut meter = Meter::new(bounds, packed);
    match head.get(..have).unwrap_or_default() {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => ZipReader::new(file)?.read(&bounds, &mut meter, take),
        [0x1f, 0x8b, ..] => {
            let mut start = file;
            start.seek(SeekFrom::Start(0))?;
            // One member after another is one text, as gzip has it.
            let text = flate2::read::MultiGzDecoder::new(io::BufReader::new(start));
            TarReader::new(text, bounds).read(&mut meter, take)
        }
        [0x1f, 0x9d, ..] => Err(Refusal::Format("compressed by `compress` (pax -z)")),
        [b'B', b'Z', b'h', ..] => Err(Refusal::Format("compressed by bzip2")),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Err(Refusal::Format("compressed by xz")),
        [b'0', b'7', b'0', b'7', b'0', ..] | [0xc7, 0x71, ..] | [0x71, 0xc7, ..] => Err(Refusal::Format("a cpio archive")),
        [] => Err(Refusal::Format("an empty file")),
        _ => {
            let mut start = file;
            start.seek(SeekFrom::Start(0))?;
            TarReader::new(io::BufReader::new(start), bounds).read(&mut meter, take)
        }
    }
}

fn read_head(file: &File, head: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while let Some(rest) = head.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, have as u64)? {
            0 => break,
            more => have += more,
        }
    }
    Ok(have)
}
