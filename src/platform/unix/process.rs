//! Processes by `posix_spawn`: close to what z/OS offers, and no copy of the launcher's memory is ever made.

use crate::platform::{End, Pid, SpawnRequest, StopSignal, WaitStatus};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal, killpg};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Signals whose disposition a child must have at its default, whatever ours is (the Rust runtime ignores SIGPIPE, we SIGXFSZ).
const DEFAULTED: [Signal; 6] = [Signal::SIGPIPE, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGCHLD, Signal::SIGXFSZ];

/// A write beyond the limit on file sizes (`ulimit -f`) becomes an error that is told of, and not the end of this
/// process. Called before any other thread exists.
pub fn survive_file_size_limit() {
    // SAFETY: to ignore a signal installs no handler. Fails only for a signal that cannot be ignored.
    let _ = unsafe { nix::sys::signal::signal(Signal::SIGXFSZ, nix::sys::signal::SigHandler::SigIgn) };
}

pub(super) fn spawn(request: &SpawnRequest<'_>) -> io::Result<Pid> {
    let program = CString::new(request.program.as_os_str().as_bytes())?;
    let arguments: Vec<CString> = request.arguments.iter().map(|argument| CString::new(argument.as_bytes())).collect::<Result<_, _>>()?;
    let mut environment = Vec::with_capacity(request.environment.len());
    for (name, value) in request.environment {
        let mut entry = Vec::with_capacity(name.len() + value.len() + 2);
        entry.extend_from_slice(name.as_bytes());
        entry.push(b'=');
        entry.extend_from_slice(value.as_bytes());
        environment.push(CString::new(entry)?);
    }
    let mut actions = PosixSpawnFileActions::init()?;
    for (ours, theirs) in &request.descriptors {
        actions.add_dup2(ours.as_raw_fd(), *theirs)?;
    }
    let mut attributes = PosixSpawnAttr::init()?;
    let mut defaulted = SigSet::empty();
    for signal in DEFAULTED {
        defaulted.add(signal);
    }
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK,
    )?;
    attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
    attributes.set_sigdefault(&defaulted)?;
    attributes.set_sigmask(&SigSet::empty())?;
    Ok(posix_spawn(program.as_c_str(), &actions, &attributes, &arguments, &environment)?.as_raw())
}

pub(super) fn wait_any() -> Option<(Pid, WaitStatus)> {
    loop {
        let mut raw: libc::c_int = 0;
        // SAFETY: waitpid writes one integer to the place it is given. nix's wrapper hides the raw status, which ZWEL0004I shows.
        let pid = unsafe { libc::waitpid(-1, &mut raw, 0) };
        if pid > 0 {
            if libc::WIFEXITED(raw) {
                return Some((pid, WaitStatus { raw, end: End::Exited(libc::WEXITSTATUS(raw)) }));
            }
            if libc::WIFSIGNALED(raw) {
                return Some((pid, WaitStatus { raw, end: End::Signaled(libc::WTERMSIG(raw)) }));
            }
        } else if Errno::last() != Errno::EINTR {
            return None;
        }
    }
}

pub(super) fn signal_group(group: Pid, signal: StopSignal) -> bool {
    let signal = match signal {
        StopSignal::Terminate => Signal::SIGTERM,
        StopSignal::Kill => Signal::SIGKILL,
    };
    group > 1 && killpg(nix::unistd::Pid::from_raw(group), signal).is_ok()
}

pub(super) fn group_exists(group: Pid) -> bool {
    group > 1 && killpg(nix::unistd::Pid::from_raw(group), None) != Err(Errno::ESRCH)
}

/// See [`crate::platform::Platform::output_pipe`].
pub(in crate::platform) fn output_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    #[cfg(target_os = "linux")]
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    #[cfg(not(target_os = "linux"))]
    let (reader, writer) = {
        let (reader, writer) = nix::unistd::pipe()?;
        for descriptor in [&reader, &writer] {
            nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
        }
        (reader, writer)
    };
    nix::fcntl::fcntl(&reader, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    // A larger pipe halves the cost of a flood. It is a wish: an unprivileged user has a limited amount for all pipes together.
    #[cfg(target_os = "linux")]
    let _ = nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETPIPE_SZ(1024 * 1024));
    Ok((reader, writer))
}

/// The program's own environment, as a component inherits it; names that are not UTF-8 are left out.
pub fn inherited_environment() -> crate::config::Environment {
    std::env::vars_os().filter_map(|(name, value)| String::from_utf8(name.into_vec()).ok().map(|name| (name, value))).collect()
}
