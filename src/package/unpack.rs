//! Lays down an archive in a directory that nobody else uses. Links are made last, so that nothing is ever written through one; no file is
//! written that is there already; nothing keeps setuid or what others may write.

use super::archive::{Bounds, Entry, Kind, Oddities, Refusal, link_stays_inside, steps};
use super::read::read;
use crate::platform::files::unless_missing;
use crate::platform::text_file;
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What was laid down.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    pub(super) files: usize,
    pub(super) bytes: u64,
    /// Entries of which setuid, setgid, the sticky bit or writing for others was left out.
    pub(super) narrowed: usize,
    /// Files that the archive had tags for.
    pub(super) tagged: usize,
    pub(super) oddities: Oddities,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Directory,
    File,
    Link,
}

struct Unpacker<'a> {
    into: &'a Path,
    bounds: Bounds,
    seen: BTreeMap<PathBuf, What>,
    links: Vec<(Vec<String>, String)>,
    done: Unpacked,
}

/// Unpacks an archive below `into`, an empty directory of ours.
///
/// # Errors
/// [`Refusal`]; what was laid down before stays for the caller to remove.
pub(super) fn unpack(file: &File, into: &Path, bounds: Bounds) -> Result<Unpacked, Refusal> {
    let mut unpacker = Unpacker { into, bounds, seen: BTreeMap::new(), links: Vec::new(), done: Unpacked::default() };
    unpacker.done.oddities = read(file, bounds, &mut |entry, content| unpacker.take(entry, content))?;
    unpacker.make_links()?;
    Ok(unpacker.done)
}

impl Unpacker<'_> {
    fn take(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), Refusal> {
        let at = steps(&entry.name, &self.bounds)?;
        let Some((_, parents)) = at.split_last() else {
            let is_root = entry.kind == Kind::Directory;
            return if is_root { Ok(()) } else { Err(Refusal::Name { name: entry.name.clone(), why: "it is the directory itself" }) };
        };
        if entry.mode & 0o7022 != 0 && !matches!(entry.kind, Kind::Link(_)) {
            self.done.narrowed += 1;
        }
        let relative: PathBuf = at.iter().collect();
        let mut parent = PathBuf::new();
        for step in parents {
            parent.push(step);
            match self.seen.get(&parent) {
                Some(What::Directory) => {}
                Some(_) => return Err(Refusal::Below(entry.name.clone())),
                None => self.make_directory(&parent)?,
            }
        }
        match (&entry.kind, self.seen.get(&relative)) {
            // Archives that were added to name their directories again.
            (Kind::Directory, Some(What::Directory)) => Ok(()),
            (_, Some(_)) => Err(Refusal::Twice(entry.name.clone())),
            (Kind::Directory, None) => Ok(self.make_directory(&relative)?),
            (Kind::File(_), None) => self.make_file(entry, &relative, content),
            (Kind::Link(target), None) => {
                if !link_stays_inside(&at, target) {
                    return Err(Refusal::LinkOut { name: entry.name.clone(), target: target.clone() });
                }
                self.seen.insert(relative, What::Link);
                self.links.push((at, target.clone()));
                Ok(())
            }
            (Kind::Hard(target), None) => {
                let first: PathBuf = steps(target, &self.bounds)?.iter().collect();
                if self.seen.get(&first) != Some(&What::File) {
                    return Err(Refusal::HardLink { name: entry.name.clone(), target: target.clone() });
                }
                std::fs::hard_link(self.into.join(first), self.into.join(&relative))?;
                self.seen.insert(relative, What::File);
                Ok(())
            }
        }
    }

    fn make_directory(&mut self, relative: &Path) -> io::Result<()> {
        let path = self.into.join(relative);
        DirBuilder::new().mode(0o755).create(&path)?;
        // Whatever the umask: the components' user has to get in.
        std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        self.seen.insert(relative.to_path_buf(), What::Directory);
        Ok(())
    }

    fn make_file(&mut self, entry: &Entry, relative: &Path, content: &mut dyn Read) -> Result<(), Refusal> {
        let path = self.into.join(relative);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        text_file::conversion_off(&file);
        let mut block = vec![0; 64 * 1024];
        loop {
            let got = match content.read(&mut block) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Refusal::Damaged(format!("'{}': {error}", entry.name.escape_debug()))),
            };
            file.write_all(block.get(..got).unwrap_or_default())?;
            self.done.bytes += got as u64;
        }
        if let Some(tag) = entry.tag {
            text_file::tag(&file, tag.ccsid, tag.text)?;
            self.done.tagged += 1;
        }
        file.set_permissions(Permissions::from_mode(entry.mode & 0o755 | 0o600))?;
        self.done.files += 1;
        self.seen.insert(relative.to_path_buf(), What::File);
        Ok(())
    }

    /// Each is made only when all else is there, and has to lead to something in the package, through however many other links.
    fn make_links(&mut self) -> Result<(), Refusal> {
        for (at, target) in &self.links {
            std::os::unix::fs::symlink(target, self.into.join(at.iter().collect::<PathBuf>()))?;
        }
        let home = std::fs::canonicalize(self.into)?;
        for (at, target) in &self.links {
            let link = at.iter().collect::<PathBuf>();
            let name = link.display().to_string();
            match unless_missing(std::fs::canonicalize(self.into.join(&link))) {
                Ok(Some(path)) if path.starts_with(&home) => {}
                Ok(_) => return Err(Refusal::LinkOut { name, target: target.clone() }),
                // Links that lead to each other.
                Err(error) => return Err(Refusal::Damaged(format!("the link '{}' leads nowhere: {error}", name.escape_debug()))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Seek;

    /// A tar with a directory, a file, links of both kinds and a long name, made by the program that is asked for in tests/it as well.
    fn sample() -> Vec<u8> {
        include_bytes!("../../fuzz/corpus/archive/package.tar").to_vec()
    }

    fn unpacked(bytes: &[u8], into: &Path) -> Result<Unpacked, Refusal> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        unpack(&file, into, Bounds { bytes: 1 << 20, entries: 1000, ..Bounds::default() })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        /// Headers are made valid again, so that what they say is looked at.
        #[test]
        fn whatever_headers_say_nothing_is_written_elsewhere(changes in prop::collection::vec((0..6_usize, 0..345_usize, prop::sample::select(b"./0123456LKgx\0 \xff".to_vec())), 1..12)) {
            let mut bytes = sample();
            for (block, at, byte) in changes {
                if let Some(place) = bytes.get_mut(block * 512 + at) {
                    *place = byte;
                }
            }
            for block in bytes.chunks_mut(512).filter(|block| block.get(257..262) == Some(b"ustar")) {
                block[148..156].copy_from_slice(b"        ");
                let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
                block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
            let place = tempfile::tempdir().unwrap();
            let into = place.path().join("a/b/c");
            std::fs::create_dir_all(&into).unwrap();
            let _ = unpacked(&bytes, &into);
            for directory in ["", "a", "a/b"] {
                prop_assert_eq!(std::fs::read_dir(place.path().join(directory)).unwrap().count(), 1, "{}", directory);
            }
        }
    }

    #[test]
    fn the_sample_is_a_package() {
        let place = tempfile::tempdir().unwrap();
        let done = unpacked(&sample(), place.path()).unwrap();
        assert!(done.files >= 2 && place.path().join("manifest.yaml").exists());
    }
}
