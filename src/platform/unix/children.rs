//! Processes: created by `clone` on Linux, and by `posix_spawn`, which is close to what z/OS offers, elsewhere and where a system call filter
//! or an old kernel does not let us.

#[cfg(zwelnch_linux)]
use super::clone;
use super::signals;
use crate::platform::{End, GroupOfChild, Pid, SpawnRequest, WaitStatus};
use nix::errno::Errno;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use std::ffi::CString;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

pub(super) fn spawn(request: &SpawnRequest<'_>) -> io::Result<Pid> {
    let program = CString::new(request.program.as_os_str().as_bytes())?;
    let arguments: Vec<CString> = request.arguments.iter().map(|argument| CString::new(argument.as_bytes())).collect::<Result<_, _>>()?;
    let mut blocked = SigSet::empty();
    if request.group == GroupOfChild::Ours {
        [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().for_each(|signal| blocked.add(signal));
    }
    #[cfg(zwelnch_linux)]
    {
        let image = clone::Image {
            program: &program,
            arguments: clone::pointers(&arguments),
            environment: request.environment.pointers(),
            descriptors: request.descriptors.iter().map(|(ours, theirs)| (ours.as_raw_fd(), *theirs)).collect(),
            own_group: request.group == GroupOfChild::Own,
            blocked,
        };
        match clone::spawn(request.control_group, &image) {
            Ok(pid) => return Ok(pid),
            Err(clone::NotMade::Failed(error)) => return Err(error),
            Err(clone::NotMade::Refused(error)) if request.control_group.is_some() => return Err(error),
            // Without a control group there is another way; if that is refused too, it says why.
            Err(clone::NotMade::Refused(_)) => {}
        }
    }
    let mut actions = PosixSpawnFileActions::init()?;
    for (ours, theirs) in &request.descriptors {
        actions.add_dup2(ours.as_raw_fd(), *theirs)?;
    }
    let mut attributes = PosixSpawnAttr::init()?;
    let mut flags = PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK;
    if request.group == GroupOfChild::Own {
        flags |= PosixSpawnFlags::POSIX_SPAWN_SETPGROUP;
    }
    attributes.set_flags(flags)?;
    attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
    attributes.set_sigdefault(&signals::defaulted())?;
    attributes.set_sigmask(&blocked)?;
    Ok(posix_spawn(program.as_c_str(), &actions, &attributes, &arguments, &request.environment.entries())?.as_raw())
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
