//! Whether a file is, as it stands, what would be written: then nothing is written, and who looks at its time sees that nothing has changed.

use super::files::{FileKind, kind};
use super::text_file::{Stored, TextFile, conversion_off, tag_of, write_tagged};
use super::unix::own_user;
use nix::libc::{O_NOCTTY, O_NOFOLLOW, O_NONBLOCK};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Bytes that are compared at a time.
const PART: usize = 32 * 1024;

/// As [`super::text_file::write()`], unless the file is already what that would leave: then it is not touched, and has the time of its last
/// change. True if it was written.
///
/// # Errors
/// The same.
pub fn update(path: &Path, text: &[u8], mode: u32, kind: TextFile) -> io::Result<bool> {
    update_tagged(path, &kind.encode(text), mode, kind.ccsid())
}

/// Writes a copy, [`TextFile::Copy`], unless it is there: the bytes of its source, and its tag. True if it was written.
///
/// # Errors
/// As [`update`].
pub fn update_copy(path: &Path, source: &Stored, mode: u32) -> io::Result<bool> {
    update_tagged(path, &source.bytes, mode, source.tag)
}

fn update_tagged(path: &Path, bytes: &[u8], mode: u32, tag: Option<(u16, bool)>) -> io::Result<bool> {
    // What cannot be read is written anew; if that is not possible either, it says why.
    if let Ok(Some(mut file)) = open(path, bytes.len(), mode) {
        conversion_off(&file);
        let is_tagged = cfg!(not(zwelnch_zos)) || matches!(tag_of(&file), Ok(found) if found == tag);
        if is_tagged && holds(&mut file, bytes) {
            return Ok(false);
        }
    }
    write_tagged(path, bytes, mode, tag).map(|()| true)
}

/// Opens a file that may be what [`super::files::write_atomically`] leaves of so many bytes: regular, under this one name and no link, this
/// user's own, of exactly this mode. None for any other.
///
/// # Errors
/// The system's.
fn open(path: &Path, length: usize, mode: u32) -> io::Result<Option<File>> {
    let file = File::options().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK | O_NOCTTY).open(path)?;
    let metadata = file.metadata()?;
    let is_like = kind(&metadata) == FileKind::Regular
        && metadata.len() == length as u64
        && metadata.permissions().mode() & 0o7777 == mode
        && metadata.nlink() == 1
        && metadata.uid() == own_user();
    Ok(is_like.then_some(file))
}

/// Whether a file that was just opened begins with these bytes.
fn holds(file: &mut File, mut content: &[u8]) -> bool {
    let mut buffer = [0; PART];
    while !content.is_empty() {
        let part = content.len().min(PART);
        let read = match file.read(buffer.get_mut(..part).unwrap_or_default()) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return false,
        };
        if read == 0 || buffer.get(..read) != content.get(..read) {
            return false;
        }
        content = content.get(read..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn only_what_would_be_written_counts_as_unchanged() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        // Longer than what is compared at a time.
        let content: Vec<u8> = (0..PART * 2 + 7).map(|index| (index % 251) as u8).collect();
        let file = at("f");
        let is_unchanged =
            |content: &[u8]| open(&file, content.len(), 0o600).is_ok_and(|file| file.is_some_and(|mut file| holds(&mut file, content)));
        assert!(!is_unchanged(&content), "missing");
        super::super::files::write_atomically(&file, &content, 0o600).unwrap();
        assert!(is_unchanged(&content));
        assert!(!is_unchanged(&content[1..]));
        for position in [0, PART - 1, PART, content.len() - 1] {
            let mut other = content.clone();
            other[position] ^= 1;
            assert!(!is_unchanged(&other), "byte {position}");
        }
        for mode in [0o640, 0o400, 0o4600] {
            std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            assert!(!is_unchanged(&content), "{mode:o}");
        }
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert!(is_unchanged(&content));
        std::fs::hard_link(&file, at("second")).unwrap();
        assert!(!is_unchanged(&content), "a second name");
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(at("second"), &file).unwrap();
        assert!(!is_unchanged(&content), "a link");
        std::fs::remove_file(&file).unwrap();
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        assert!(!is_unchanged(b""), "a pipe, and nothing waits for it");
        std::fs::remove_file(&file).unwrap();
        std::fs::rename(at("second"), &file).unwrap();
        assert!(is_unchanged(&content));
        if own_user() == 0 {
            std::os::unix::fs::chown(&file, Some(61002), None).unwrap();
            assert!(!is_unchanged(&content), "another user's");
        }
    }
}
