//! What POSIX has, on z/OS too; and in `native` and what it uses, which z/OS does not compile, the platform of the other systems.

#[cfg(zwelnch_linux)]
mod cgroup;
#[cfg(zwelnch_unix)]
mod children;
#[cfg(zwelnch_linux)]
mod clone;
#[cfg(zwelnch_unix)]
mod descriptors;
#[cfg(zwelnch_unix)]
mod ending;
#[cfg(zwelnch_unix)]
pub mod key_ring;
#[cfg(zwelnch_linux)]
mod memory;
#[cfg(zwelnch_unix)]
mod native;
#[cfg(zwelnch_unix)]
mod notify;
#[cfg(zwelnch_linux)]
mod proc;
pub mod process;
#[cfg(zwelnch_unix)]
pub mod program;
#[cfg(zwelnch_unix)]
pub mod running;
pub mod signals;
pub mod socket;
#[cfg(zwelnch_unix)]
mod sysprint;
pub mod watch;

#[cfg(zwelnch_unix)]
pub use ending::on_ending;
#[cfg(zwelnch_unix)]
pub use native::{Job, UnixPlatform, adopt_orphans, cpu_time, own_user_name};

use nix::libc;
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The system's number.
pub const SIGTERM: i32 = libc::SIGTERM;
/// The system's number.
pub const SIGKILL: i32 = libc::SIGKILL;
/// The system's number.
pub const SIGCONT: i32 = libc::SIGCONT;

/// The system's number of a signal named `SIGTERM` or `TERM`, ignoring case; None for an unknown name.
pub fn signal_number(name: &str) -> Option<i32> {
    let name = name.to_ascii_uppercase();
    let full = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
    full.parse::<nix::sys::signal::Signal>().ok().map(|signal| signal as i32)
}

/// The name of a signal, such as SIGTERM, from the system's number.
pub fn signal_name(number: i32) -> String {
    nix::sys::signal::Signal::try_from(number).map_or_else(|_| number.to_string(), |signal| signal.as_str().to_owned())
}

/// A file that nobody else can read and that disappears when it is closed.
///
/// # Errors
/// The temporary directory's.
pub fn temporary_file() -> io::Result<File> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = format!(".zwelnch-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        match File::options().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// The effective user id of this process, as the standard library has those of files: `uid_t` is signed on z/OS.
#[allow(clippy::unnecessary_cast)] // Not on z/OS.
pub fn own_user() -> u32 {
    // SAFETY: geteuid touches no memory and cannot fail.
    unsafe { libc::geteuid() as u32 }
}

/// The effective UID of this process is 0.
pub fn is_superuser() -> bool {
    own_user() == 0
}

/// Whether an address and port can be bound, as by a server that reuses addresses; they are released at once. Nothing listens, so no client
/// is ever accepted, and a socket that never listened leaves nothing that could keep a component from binding.
///
/// # Errors
/// The system's.
pub fn bind(address: std::net::SocketAddr) -> io::Result<()> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of an earlier run in TIME_WAIT do not count.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())
}

/// The bytes that this user may still write to the file system of a path.
///
/// # Errors
/// The system's.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let system = nix::sys::statvfs::statvfs(path)?;
    Ok((system.blocks_available() as u64).saturating_mul(system.fragment_size() as u64))
}

/// Whether this process can read the names in a directory and search it: the system is asked, mode bits are not interpreted.
pub fn is_readable_directory(path: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    access(path, AccessFlags::R_OK | AccessFlags::X_OK).is_ok()
}

/// Whether this process can create files in a directory, in the same way.
pub fn is_writable_directory(path: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    crate::platform::files::may_be_directory(path) && access(path, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
}

/// Sets the permissions denied to files and directories created from now on. `wanted`: in octal, as in `_EDC_UMASK_DFLT`; otherwise 0002 as
/// in Zowe's sample: the group may write what components create. What others were denied before stays denied.
pub fn set_umask(wanted: Option<&str>) {
    use nix::sys::stat::{Mode, mode_t, umask};
    let wanted = wanted.and_then(|text| mode_t::from_str_radix(text.trim(), 8).ok()).and_then(Mode::from_bits);
    let inherited = umask(Mode::S_IWOTH);
    umask(wanted.unwrap_or(Mode::S_IWOTH | (inherited & Mode::S_IRWXO)));
}

/// Opens a log file for appending, created with mode 640 if it does not exist. Does not follow symbolic links and does not wait for a FIFO.
///
/// # Errors
/// The system's, with the path in words.
pub fn open_log(path: &Path) -> io::Result<File> {
    let in_words = |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", path.display()));
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::options().append(true).create(true).mode(0o640).custom_flags(flags).open(path).map_err(in_words)?;
    if super::files::kind(&file.metadata().map_err(in_words)?) == super::files::FileKind::Regular {
        super::text_file::begin(&file, path, super::text_file::TextFile::Log);
        Ok(file)
    } else {
        Err(in_words(io::Error::new(io::ErrorKind::InvalidInput, "no regular file")))
    }
}

/// Appends the result of one read of at most `limit` bytes, without filling the space with zeros first.
///
/// # Errors
/// The system's; `buffer` is then unchanged.
pub fn read_onto(descriptor: std::os::fd::BorrowedFd<'_>, buffer: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
    use std::os::fd::AsRawFd;
    buffer.reserve(limit);
    let room = buffer.spare_capacity_mut();
    let length = limit.min(room.len());
    // SAFETY: read writes at most `length` bytes to a space of that size.
    let count = unsafe { libc::read(descriptor.as_raw_fd(), room.as_mut_ptr().cast(), length) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: that many bytes were written after the current end.
    unsafe { buffer.set_len(buffer.len() + count) };
    Ok(count)
}

/// Keeps what threads allocate together, for a program whose threads mostly wait. Called once, before there are threads.
pub fn keep_memory_together() {
    #[cfg(zwelnch_linux)]
    memory::keep_together();
}

/// Gives back to the system what it would keep for this program: memory that is free, and the pages of the program that are not in use just
/// now. Takes milliseconds, in which others may wait that allocate: not while something is in a hurry.
pub fn give_back_memory() {
    #[cfg(zwelnch_linux)]
    memory::give_back();
}

/// Enlarges a pipe that is flooded, which halves the cost of the flood. It may be refused: an unprivileged user has a limited amount for
/// all pipes together, so only pipes that need it are enlarged.
pub fn enlarge_pipe(descriptor: std::os::fd::BorrowedFd<'_>) {
    #[cfg(zwelnch_linux)]
    let _ = nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETPIPE_SZ(1024 * 1024));
    #[cfg(not(zwelnch_linux))]
    let _ = descriptor;
}
