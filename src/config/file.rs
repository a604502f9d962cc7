//! Reads the files that a configuration is made of.

use super::yaml;
use std::path::Path;

/// The bytes of a configuration file or schema, at most [`yaml::MAXIMUM_SIZE`].
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    crate::platform::files::read_bounded(path, yaml::MAXIMUM_SIZE as u64)
}
