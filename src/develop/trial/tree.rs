//! Trees of files: a copy of one, and whether anything in it has changed.

use super::TrialError;
use crate::lifecycle::workspace::make_directory;
use crate::platform::files::{FileKind, entries, kind};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// More files than this are no component.
const MOST_FILES: usize = 200_000;

/// Deeper directories are none either.
const DEEPEST: usize = 64;

/// Directories that are no part of a component.
const PASSED_OVER: [&str; 2] = [".git", ".svn"];

/// What is there of one file: a write changes at least one of these.
#[derive(Debug, PartialEq, Eq)]
struct Look {
    kind: FileKind,
    mode: u32,
    owner: u32,
    inode: u64,
    /// Of a directory neither, as its content says it.
    length: u64,
    modified: (i64, i64),
}

/// A tree at one time.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, Look>,
}

fn failed(path: &Path) -> impl Fn(io::Error) -> TrialError + '_ {
    |why| TrialError::Io { path: path.to_path_buf(), why }
}

/// Visits all below a directory, each directory before what is in it.
fn walk(root: &Path, visit: &mut dyn FnMut(&Path, &fs::Metadata) -> Result<(), TrialError>) -> Result<(), TrialError> {
    let mut left = vec![(root.to_path_buf(), 0)];
    let mut count = 0;
    while let Some((directory, depth)) = left.pop() {
        if depth > DEEPEST {
            return Err(TrialError::TooMany(MOST_FILES));
        }
        for entry in entries(&directory).map_err(failed(&directory))? {
            count += 1;
            if count > MOST_FILES {
                return Err(TrialError::TooMany(MOST_FILES));
            }
            let path = entry.path();
            let metadata = fs::symlink_metadata(&path).map_err(failed(&path))?;
            let is_directory = kind(&metadata) == FileKind::Directory;
            if is_directory && PASSED_OVER.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            visit(&path, &metadata)?;
            if is_directory {
                left.push((path, depth + 1));
            }
        }
    }
    Ok(())
}

/// Copies a tree to a place that does not exist yet; links stay links. What is no file, directory or link is passed over.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), TrialError> {
    make_directory(to, 0o750).map_err(failed(to))?;
    walk(from, &mut |path, metadata| {
        let target = to.join(path.strip_prefix(from).unwrap_or(path));
        match kind(metadata) {
            FileKind::Directory => make_directory(&target, 0o750),
            FileKind::SymbolicLink => fs::read_link(path).and_then(|link| std::os::unix::fs::symlink(link, &target)),
            FileKind::Regular => fs::copy(path, &target).map(drop),
            FileKind::Other => Ok(()),
        }
        .map_err(failed(path))
    })
}

impl Snapshot {
    pub(super) fn take(root: &Path) -> Result<Snapshot, TrialError> {
        let mut files = BTreeMap::new();
        walk(root, &mut |path, metadata| {
            let kind = kind(metadata);
            let is_directory = kind == FileKind::Directory;
            let look = Look {
                kind,
                mode: metadata.mode(),
                owner: metadata.uid(),
                inode: metadata.ino(),
                length: if is_directory { 0 } else { metadata.len() },
                modified: if is_directory { (0, 0) } else { (metadata.mtime(), metadata.mtime_nsec()) },
            };
            files.insert(path.to_path_buf(), look);
            Ok(())
        })?;
        Ok(Snapshot { files })
    }

    /// What is not as it was, relative to `root`, each with the way in which it has changed.
    pub(super) fn changes(&self, now: &Snapshot, root: &Path, but: &dyn Fn(&Path) -> bool) -> Vec<String> {
        let paths: BTreeSet<&PathBuf> = self.files.keys().chain(now.files.keys()).collect();
        let change = |path: &&PathBuf| {
            let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
            match (self.files.get(*path), now.files.get(*path)) {
                (Some(then), Some(now)) if then == now => None,
                (Some(then), Some(now)) if then.mode != now.mode || then.owner != now.owner => Some(format!("{shown} (mode or owner)")),
                (Some(_), Some(_)) => Some(format!("{shown} (written)")),
                (None, _) => Some(format!("{shown} (made)")),
                (_, None) => Some(format!("{shown} (removed)")),
            }
        };
        paths.iter().filter(|path| !but(path)).filter_map(change).collect()
    }
}
