//! Whether a path still leads to the file that it led to: told by the file itself and by each directory that it is in, so that nothing else
//! that happens in them wakes anybody.

use super::LastingWatch;
use nix::sys::inotify::AddWatchFlags;
use nix::sys::statfs::{self, FsType, statfs};
use std::path::Path;
use tokio::io::unix::AsyncFd;

/// File systems of which nobody else than this system changes anything.
const LOCAL: [FsType; 5] =
    [statfs::EXT4_SUPER_MAGIC, statfs::XFS_SUPER_MAGIC, statfs::BTRFS_SUPER_MAGIC, statfs::TMPFS_MAGIC, statfs::OVERLAYFS_SUPER_MAGIC];

/// See the module.
pub struct PlaceWatch(AsyncFd<LastingWatch>);

impl PlaceWatch {
    /// None where it cannot be watched, or another system may change it. What is a link on the way, or is mounted over, is not seen. To be
    /// called within a runtime.
    pub fn of(file: &Path) -> Option<PlaceWatch> {
        if !LOCAL.contains(&statfs(file).ok()?.filesystem_type()) {
            return None;
        }
        let watch = LastingWatch::new().ok()?;
        let moved = AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_DELETE_SELF;
        // Whoever cannot watch looks, and is told why there is nothing to see.
        let Ok(file) = std::fs::canonicalize(file) else { return None };
        // A file that loses its name, or one of its names, has another number of links, which is an attribute of it.
        watch.add(&file, moved | AddWatchFlags::IN_ATTRIB).ok()?;
        for directory in file.ancestors().skip(1) {
            watch.add(directory, moved).ok()?;
        }
        AsyncFd::new(watch).ok().map(PlaceWatch)
    }

    /// Waits until something has happened; what follows it is for another watch.
    pub async fn changed(&self) {
        // It can only fail with the runtime.
        let _ = self.0.readable().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_takes_the_file_from_its_place_is_told_and_its_neighbours_are_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        type Change = fn(&Path);
        let (removed, replaced): (Change, Change) = (
            |place| std::fs::remove_file(place.join("a/b/file")).unwrap(),
            |place| std::fs::rename(place.join("a/b/other"), place.join("a/b/file")).unwrap(),
        );
        let moved: Change = |place| std::fs::rename(place.join("a"), place.join("c")).unwrap();
        let beside: Change =
            |place| std::fs::write(place.join("a/b/new"), "").and_then(|()| std::fs::remove_file(place.join("a/b/other"))).unwrap();
        for (change, is_told) in [(removed, true), (replaced, true), (moved, true), (beside, false)] {
            let place = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(place.path().join("a/b")).unwrap();
            for name in ["file", "other"] {
                std::fs::write(place.path().join("a/b").join(name), "").unwrap();
            }
            runtime.block_on(async {
                let Some(watch) = PlaceWatch::of(&place.path().join("a/b/file")) else {
                    println!("skipped: {} is not watched", place.path().display());
                    return;
                };
                change(place.path());
                // The event is there when the change is made.
                let told = tokio::time::timeout(Duration::from_millis(if is_told { 60_000 } else { 1 }), watch.changed()).await;
                assert_eq!(told.is_ok(), is_told);
            });
        }
    }
}
