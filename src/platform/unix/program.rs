//! The file of this program. A package upgrade replaces it while the program runs: its path then names another program, or none, and the
//! system reports a path that ends in ` (deleted)`. So the launcher starts its own helpers from an open descriptor of the very file that it
//! runs, and asks for the path once, at the beginning.

use nix::libc;
use nix::unistd::{AccessFlags, access};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What was found at the beginning.
#[derive(Debug)]
struct Own {
    path: Option<PathBuf>,
    /// Open while the program runs; closed at exec.
    file: Option<File>,
}

static OWN: OnceLock<Own> = OnceLock::new();

/// Remembers the program's file. Called at the beginning of the program: if it is first asked after the file has been replaced, the path is
/// unknown.
pub fn remember() {
    own();
}

fn own() -> &'static Own {
    OWN.get_or_init(|| Own {
        path: std::env::current_exe().ok(),
        file: File::options().read(true).custom_flags(libc::O_CLOEXEC).open("/proc/self/exe").ok(),
    })
}

/// Where the program was installed when it began: the file there may now be a later version.
pub fn path() -> Option<&'static Path> {
    own().path.as_deref()
}

/// A path that names the running program for as long as it runs, for every process of the same user; where the system has no such path, the
/// one of [`path`].
pub fn held() -> Option<PathBuf> {
    let descriptor = own().file.as_ref().map(|file| PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd())));
    let usable = |path: &PathBuf| is_visible_to_children() && access(path, AccessFlags::X_OK).is_ok();
    descriptor.filter(usable).or_else(|| path().map(Path::to_path_buf))
}

/// Not for a program with capabilities of its own, or one that may be executed but not read: its descriptors then belong to root.
fn is_visible_to_children() -> bool {
    #[cfg(zwelnch_linux)]
    return nix::sys::prctl::get_dumpable().unwrap_or(false);
    #[cfg(not(zwelnch_linux))]
    return false;
}
