//! The canonical path of a directory, however it is written.

use std::path::{Component, Path, PathBuf};

/// A path without `.`, `..`, repeated slashes and trailing slashes, with those of its symbolic links followed that exist.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            component => {
                result.push(component);
                // What does not exist yet has no links in it.
                if let Ok(real) = result.canonicalize() {
                    result = real;
                }
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_directory_are_one() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("v1")).unwrap();
        std::os::unix::fs::symlink(real.join("v1"), real.join("current")).unwrap();
        let text = |relative: &str| resolved(Path::new(&format!("{}/{relative}", real.display())));
        for same in ["v1/", "./v1", "v1//", "current", "current/", "none/../v1", "current/../current/."] {
            assert_eq!(text(same), real.join("v1"), "{same}");
        }
        assert_eq!(text("current/new/ws"), real.join("v1/new/ws"));
        assert_eq!(resolved(Path::new("//no//such/../dir/")), Path::new("/no/dir"));
        assert_eq!(resolved(Path::new("/../..")), Path::new("/"));
    }
}
