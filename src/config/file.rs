//! Reads the files that a configuration is made of.

use super::yaml;
use std::io::Read;
use std::path::Path;

/// Reads at most [`yaml::MAXIMUM_SIZE`] bytes of a regular file; a pipe or a device could block or never end.
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if crate::platform::files::kind(&metadata) == crate::platform::files::FileKind::Directory {
        return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a directory, and a file is expected"));
    }
    if crate::platform::files::kind(&metadata) != crate::platform::files::FileKind::Regular {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let limit = yaml::MAXIMUM_SIZE as u64;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, format!("it is larger than {} MiB", limit / 1024 / 1024)));
    }
    Ok(bytes)
}
