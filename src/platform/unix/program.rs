//! The file of this program. A package upgrade replaces it while the program runs: its path then names another program, or none, and the system
//! tells a path that ends in ` (deleted)`. So what the running launcher starts of itself is started from an open descriptor of the very file
//! that it runs, and the path is asked for once, at the beginning.

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
    /// Open for as long as the program runs; closed at exec.
    file: Option<File>,
}

static OWN: OnceLock<Own> = OnceLock::new();

/// Remembers the program's file. Called at the beginning of the program: what is asked first when the file has been replaced knows no path.
pub fn remember() {
    own();
}

fn own() -> &'static Own {
    OWN.get_or_init(|| Own {
        path: std::env::current_exe().ok(),
        file: File::options().read(true).custom_flags(libc::O_CLOEXEC).open("/proc/self/exe").ok(),
    })
}

/// Where the program was installed when it began: what is there now may be a later version of it.
pub fn path() -> Option<&'static Path> {
    own().path.as_deref()
}

/// A path that names the very program that runs, for as long as it runs and for every process of the same user; the path of [`path`] where the
/// system has nothing like it.
pub fn held() -> Option<PathBuf> {
    let descriptor = own().file.as_ref().map(|file| PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd())));
    let usable = |path: &PathBuf| is_visible_to_children() && access(path, AccessFlags::X_OK).is_ok();
    descriptor.filter(usable).or_else(|| path().map(Path::to_path_buf))
}

/// Not for a program with capabilities of its own, or one that may be run and not read: its descriptors are root's business then.
fn is_visible_to_children() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return nix::sys::prctl::get_dumpable().unwrap_or(false);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return false;
}
