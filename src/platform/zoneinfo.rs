//! The system's time zone database: one file a zone, in the form of RFC 9636 (TZif).

use super::files::{self, FileKind};
use std::path::{Path, PathBuf};

/// Where systems have it; `TZDIR` goes before.
const DIRECTORIES: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

/// The longest file that is read, in bytes: zones have some thousand.
const LIMIT: u64 = 1024 * 1024;

/// A zone's file.
pub struct ZoneFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// The file of a zone such as `Europe/Berlin`, without regard to case; None where there is none.
///
/// # Errors
/// Path and reason, when there is one that cannot be read, or that is unknown.
pub fn read(name: &str) -> Result<Option<ZoneFile>, String> {
    let given = std::env::var_os("TZDIR").filter(|directory| !directory.is_empty()).map(PathBuf::from);
    let directories = given.into_iter().chain(DIRECTORIES.iter().map(PathBuf::from));
    for directory in directories {
        if let Some(file) = read_in(&directory, name)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn read_in(directory: &Path, name: &str) -> Result<Option<ZoneFile>, String> {
    let plain = |step: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
        !step.is_empty() && step.bytes().all(known)
    };
    let mut path = directory.to_path_buf();
    for step in name.split('/') {
        if !plain(step) {
            return Ok(None);
        }
        match below(&path, step)? {
            Some(found) => path = found,
            None => return Ok(None),
        }
    }
    match files::look(&path) {
        Ok(Some(FileKind::Directory)) => Ok(None),
        _ => files::read_bounded(&path, LIMIT)
            .map(|bytes| Some(ZoneFile { path: path.clone(), bytes }))
            .map_err(|error| format!("its time zone file {} cannot be read: {error}", path.display())),
    }
}

/// What has this name in a directory, its case first.
fn below(directory: &Path, step: &str) -> Result<Option<PathBuf>, String> {
    let exact = directory.join(step);
    if files::may_exist(&exact) {
        return Ok(Some(exact));
    }
    let in_words = |error: std::io::Error| format!("the time zones in {} cannot be read: {error}", directory.display());
    let entries = files::entries(directory).map_err(in_words)?;
    let named = |entry: &&std::fs::DirEntry| entry.file_name().to_str().is_some_and(|name| name.eq_ignore_ascii_case(step));
    Ok(entries.iter().find(named).map(std::fs::DirEntry::path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name_and_nothing_outside_is() {
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path().join("zoneinfo");
        std::fs::create_dir_all(inside.join("Europe")).unwrap();
        std::fs::write(inside.join("Europe/Berlin"), "zone").unwrap();
        std::fs::write(directory.path().join("outside"), "zone").unwrap();
        let found = |name: &str| read_in(&inside, name).unwrap().map(|file| file.bytes);
        for name in ["Europe/Berlin", "europe/BERLIN"] {
            assert_eq!(found(name).as_deref(), Some(&b"zone"[..]), "{name}");
        }
        for name in ["Europe", "Europe/", "Europe/Nowhere", "../outside", "/etc/passwd", "", ".", "Europe/Berlin/x"] {
            assert_eq!(found(name), None, "{name}");
        }
        assert!(read_in(&directory.path().join("none"), "Europe/Berlin").unwrap().is_none());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_nobody_waits_for_it() {
        let directory = tempfile::tempdir().unwrap();
        nix::unistd::mkfifo(&directory.path().join("Pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink("Loop", directory.path().join("Loop")).unwrap();
        std::fs::write(directory.path().join("Large"), vec![0; 1024 * 1024 + 1]).unwrap();
        for name in ["Pipe", "Loop", "Large"] {
            let why = read_in(directory.path(), name).err().unwrap();
            assert!(why.contains(&format!("/{name} cannot be read: ")), "{why}");
        }
    }
}
