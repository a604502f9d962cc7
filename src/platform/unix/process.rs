//! Signals, pipes and descriptors, as all POSIX systems have them.

use super::signals;
use crate::platform::{Pid, SignalTarget};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::killpg;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// Closes at exec all descriptors, other than the standard ones, with which this program was started: its children have no use for them.
pub(in crate::platform) fn close_all_at_exec() {
    for descriptor in inherited_descriptors() {
        // SAFETY: fcntl with F_SETFD touches no memory; for a descriptor that is already closed (the directory's own) it only returns an
        // error.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Closes them for this program too. Called before it has any descriptors of its own.
pub fn close_inherited() {
    for descriptor in inherited_descriptors() {
        // The descriptor of the listing itself is already closed: EBADF.
        let _ = nix::unistd::close(descriptor);
    }
}

fn inherited_descriptors() -> Vec<i32> {
    // /dev/fd exists on practically all POSIX systems; where it does not, only what the caller has left open remains.
    let entries = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let open = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    open.filter(|descriptor| *descriptor > 2).collect()
}

pub(in crate::platform) fn send(target: SignalTarget, signal: i32) -> bool {
    // Never group 0 or 1 or all processes, whatever number was given.
    let number = match target {
        SignalTarget::Group(group) if group > 1 => -group,
        SignalTarget::Process(pid) if pid > 1 => pid,
        _ => return false,
    };
    // SAFETY: kill touches no memory. nix's wrapper does not know real-time signals.
    unsafe { libc::kill(number, signal) == 0 }
}

pub(in crate::platform) fn group_exists(group: Pid) -> bool {
    group > 1 && killpg(nix::unistd::Pid::from_raw(group), None) != Err(Errno::ESRCH)
}

/// Whether such a process exists, even if it may not be signalled.
#[cfg_attr(not(any(zwelnch_zos, zwelnch_linux)), allow(dead_code))]
pub(in crate::platform) fn exists(pid: Pid) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}

/// See [`crate::platform::Platform::output_pipe`].
pub(in crate::platform) fn output_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe()?;
    nix::fcntl::fcntl(&reader, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((set_aside(reader), writer))
}

/// (read end, write end), both closed at exec.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    #[cfg(zwelnch_linux)]
    return Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?);
    #[cfg(not(zwelnch_linux))]
    {
        let (reader, writer) = nix::unistd::pipe()?;
        for descriptor in [&reader, &writer] {
            nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
        }
        Ok((reader, writer))
    }
}

/// Numbers below this one are for what is soon closed again, and for what there is one of.
#[cfg(zwelnch_linux)]
const ASIDE: i32 = 64;

/// Gives a descriptor that is kept for as long as a component runs a high number, where there are any: a process that is created has a copy
/// of those up to the highest that it needs (see `clone`).
fn set_aside(descriptor: OwnedFd) -> OwnedFd {
    #[cfg(zwelnch_linux)]
    if let Ok(number) = nix::fcntl::fcntl(&descriptor, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(ASIDE)) {
        use std::os::fd::FromRawFd;
        // SAFETY: it was just made, and nobody else knows of it.
        return unsafe { OwnedFd::from_raw_fd(number) };
    }
    descriptor
}

/// Whether a pipe holds so much that its writers wait; `writer` is its write end.
pub fn is_full(writer: std::os::fd::BorrowedFd<'_>) -> bool {
    let mut pipe = [nix::poll::PollFd::new(writer, nix::poll::PollFlags::POLLOUT)];
    nix::poll::poll(&mut pipe, nix::poll::PollTimeout::ZERO) == Ok(0)
}

/// Waits until one of the files reports a change (see [`crate::platform::ControlGroup::events`]), or there is something to read at `wake`: true
/// for the latter.
pub fn wait_for_change(files: &[&std::fs::File], wake: std::os::fd::BorrowedFd<'_>) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut waited: Vec<PollFd<'_>> = files.iter().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLPRI)).collect();
    waited.push(PollFd::new(wake, PollFlags::POLLIN));
    // EINTR: the caller looks again.
    let _ = poll(&mut waited, PollTimeout::NONE);
    waited.last().is_some_and(|wake| wake.any().is_some_and(|any| any))
}

/// Takes over a descriptor that the program was started with; None where it is not open.
pub fn inherited_descriptor(number: i32) -> Option<OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: fcntl with F_GETFD touches no memory.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return None;
    }
    // SAFETY: it is open, and its only user is the caller, which was started with it.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A pipe that a helper process reads from its start: (read end; write end, non-blocking), both closed at exec.
///
/// # Errors
/// EMFILE and the like.
pub fn control_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe()?;
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((reader, set_aside(writer)))
}

/// Takes this process out of its session and out of reach of the signals that end a session, a terminal or a job.
pub fn become_guardian() {
    // Fails only for the leader of a group, which this process is not: see `GroupOfChild::Ours`.
    let _ = nix::unistd::setsid();
    let of_sessions = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE, libc::SIGTSTP, libc::SIGXFSZ];
    for number in of_sessions.into_iter().chain(signals::harmless()) {
        // SAFETY: ignoring a signal installs no code of ours.
        unsafe { libc::signal(number, libc::SIG_IGN) };
    }
    // So that no file system is kept busy.
    let _ = nix::unistd::chdir("/");
    // Otherwise its name would be the number of the descriptor from which it was started.
    #[cfg(zwelnch_linux)]
    let _ = nix::sys::prctl::set_name(c"zwelnch");
}

/// The program's own environment; names that are not UTF-8 are left out.
pub fn own_environment() -> crate::platform::Environment {
    std::env::vars_os().filter_map(|(name, value)| String::from_utf8(name.into_vec()).ok().map(|name| (name, value))).collect()
}

/// The same as what this program starts inherits it: without what a service manager says to this process alone.
pub fn inherited_environment() -> crate::platform::Environment {
    let environment = own_environment().into_iter();
    // z/OS has no service manager.
    #[cfg(zwelnch_unix)]
    let environment = environment.filter(|(name, _)| !super::notify::is_for_the_service(name));
    environment.collect()
}
