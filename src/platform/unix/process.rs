//! Processes by `posix_spawn`: close to what z/OS offers, and without ever copying the launcher's memory.

use super::signals;
use crate::platform::{End, GroupOfChild, Pid, SignalTarget, SpawnRequest, WaitStatus};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::time::{TimeVal, TimeValLike};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

/// CPU time of the calling thread, where the system counts it by thread; else of the process.
pub fn cpu_time() -> Duration {
    #[cfg(target_os = "linux")]
    const WHO: UsageWho = UsageWho::RUSAGE_THREAD;
    #[cfg(not(target_os = "linux"))]
    const WHO: UsageWho = UsageWho::RUSAGE_SELF;
    // It fails only for a word that the system does not know.
    let Ok(usage) = getrusage(WHO) else { return Duration::ZERO };
    let spent = |value: TimeVal| Duration::from_micros(u64::try_from(value.num_microseconds()).unwrap_or_default());
    spent(usage.user_time()) + spent(usage.system_time())
}

pub(super) fn spawn(request: &SpawnRequest<'_>) -> io::Result<Pid> {
    let program = CString::new(request.program.as_os_str().as_bytes())?;
    let arguments: Vec<CString> = request.arguments.iter().map(|argument| CString::new(argument.as_bytes())).collect::<Result<_, _>>()?;
    let mut actions = PosixSpawnFileActions::init()?;
    for (ours, theirs) in &request.descriptors {
        actions.add_dup2(ours.as_raw_fd(), *theirs)?;
    }
    let mut attributes = PosixSpawnAttr::init()?;
    let mut flags = PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK;
    let mut blocked = SigSet::empty();
    match request.group {
        GroupOfChild::Own => flags |= PosixSpawnFlags::POSIX_SPAWN_SETPGROUP,
        GroupOfChild::Ours => [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().for_each(|signal| blocked.add(signal)),
    }
    attributes.set_flags(flags)?;
    attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
    attributes.set_sigdefault(&signals::defaulted())?;
    attributes.set_sigmask(&blocked)?;
    Ok(posix_spawn(program.as_c_str(), &actions, &attributes, &arguments, &request.environment.entries())?.as_raw())
}

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

pub(super) fn wait_for_end() -> bool {
    loop {
        // SAFETY: zeroed is a valid value of the structure.
        let mut information: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: waitid writes one structure to the place it is given. WNOWAIT leaves the child to `reap`.
        let waited = unsafe { libc::waitid(libc::P_ALL, 0, &mut information, libc::WEXITED | libc::WNOWAIT) };
        if waited == 0 {
            return true;
        }
        if Errno::last() != Errno::EINTR {
            return false;
        }
    }
}

pub(super) fn reap() -> Option<(Pid, WaitStatus)> {
    loop {
        let mut raw: libc::c_int = 0;
        // SAFETY: waitpid writes one integer to the place it is given. nix's wrapper hides the raw status, which ZWEL0004I shows.
        let pid = unsafe { libc::waitpid(-1, &mut raw, libc::WNOHANG) };
        if pid > 0 {
            if libc::WIFEXITED(raw) {
                return Some((pid, WaitStatus { raw, end: End::Exited(libc::WEXITSTATUS(raw)) }));
            }
            if libc::WIFSIGNALED(raw) {
                return Some((pid, WaitStatus { raw, end: End::Signaled(libc::WTERMSIG(raw)) }));
            }
        } else if pid == 0 || Errno::last() != Errno::EINTR {
            return None;
        }
    }
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
#[cfg_attr(not(zwelnch_zos), allow(dead_code))]
pub(in crate::platform) fn exists(pid: Pid) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) != Err(Errno::ESRCH)
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
    Ok((reader, writer))
}

/// Whether a pipe holds so much that its writers wait; `writer` is its write end.
pub fn is_full(writer: std::os::fd::BorrowedFd<'_>) -> bool {
    let mut pipe = [nix::poll::PollFd::new(writer, nix::poll::PollFlags::POLLOUT)];
    nix::poll::poll(&mut pipe, nix::poll::PollTimeout::ZERO) == Ok(0)
}

/// A pipe that a helper process reads from its start: (read end; write end, non-blocking), both closed at exec.
///
/// # Errors
/// EMFILE and the like.
pub fn control_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = output_pipe()?;
    nix::fcntl::fcntl(&reader, nix::fcntl::FcntlArg::F_SETFL(OFlag::empty()))?;
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((reader, writer))
}

/// Takes this process out of its session and out of reach of the signals that end a session, a terminal or a job.
pub fn become_guardian() {
    // Fails only for the leader of a group, which this process is not: see `GroupOfChild::Ours`.
    let _ = nix::unistd::setsid();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGPIPE,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGTSTP,
        Signal::SIGXFSZ,
    ] {
        // SAFETY: ignoring a signal installs no code of ours.
        let _ = unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigIgn) };
    }
    // So that no file system is kept busy.
    let _ = nix::unistd::chdir("/");
    // Otherwise its name would be the number of the descriptor from which it was started.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = nix::sys::prctl::set_name(c"zwelnch");
}

/// The program's own environment, as a component inherits it; names that are not UTF-8 are left out.
pub fn inherited_environment() -> crate::platform::Environment {
    std::env::vars_os().filter_map(|(name, value)| String::from_utf8(name.into_vec()).ok().map(|name| (name, value))).collect()
}
