//! Creates a process by clone3(2): as posix_spawn(3) does, with our memory until exec and the calling thread waiting for that, so that nothing
//! of it is copied; and with two things that posix_spawn cannot do before glibc 2.39, or at all.
//!
//! It may be born in a control group. There is no moment at which it is outside, and no other process of the system waits for a lock, as it
//! would if it moved there (`cgroup.procs`).
//!
//! It shares our descriptors until it takes a table of its own with those of low numbers alone (`CLOSE_RANGE_UNSHARE`). The pipes of a
//! thousand components, whose numbers are higher, are neither copied nor closed again at exec.
//!
//! Until exec the child runs this code beside our other threads, which may hold locks. So it makes system calls only: everything else is
//! prepared before.

use super::signals;
use crate::platform::Pid;
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::SigSet;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr::null;
use std::sync::atomic::{AtomicI32, Ordering};

/// Handlers of ours are not its own. The numbers are the kernel's.
const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Whether the child has our memory until exec. It then needs a stack of its own from its first instruction on, which is a matter of the
/// architecture; on others it has a copy of our memory.
const SHARES_MEMORY: bool = cfg!(target_arch = "x86_64");

/// `struct clone_args` of the kernel.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// What the child becomes; all of it made before.
pub(super) struct Image<'a> {
    pub program: &'a CStr,
    /// Pointers to them, with a null at the end.
    pub arguments: Vec<*const libc::c_char>,
    pub environment: Vec<*const libc::c_char>,
    /// (ours, the child's).
    pub descriptors: Vec<(RawFd, RawFd)>,
    pub own_group: bool,
    pub blocked: SigSet,
}

/// Pointers to texts, with a null at the end.
pub(super) fn pointers(texts: &[impl AsRef<CStr>]) -> Vec<*const libc::c_char> {
    texts.iter().map(|text| text.as_ref().as_ptr()).chain([null()]).collect()
}

/// Memory that the child of a thread has beside ours, whether or not it shares that: its stack, and below it the number of the error that it
/// ends with. One for each thread, which has one such child at a time.
struct Room {
    at: *mut libc::c_void,
}

impl Room {
    /// The child calls few functions, none of them deeply; as much as glibc gives to posix_spawn's.
    const SIZE: usize = 64 * 1024;

    fn new() -> io::Result<Room> {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: asks for a new mapping, at no particular place.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), Self::SIZE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if at == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Room { at }) }
    }

    fn failed_with(&self) -> &AtomicI32 {
        // SAFETY: the mapping is there until this is dropped, begins on a page, and is zeroed.
        unsafe { &*self.at.cast::<AtomicI32>() }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: nothing borrows from it any more, and no child runs on it: its thread has waited for that.
        unsafe { libc::munmap(self.at, Self::SIZE) };
    }
}

/// Calls something with the room of this thread.
fn with_room<T>(then: impl FnOnce(&Room) -> io::Result<T>) -> io::Result<T> {
    thread_local! {
        static ROOM: std::cell::OnceCell<Room> = const { std::cell::OnceCell::new() };
    }
    ROOM.with(|room| {
        if room.get().is_none() {
            // It is empty: nothing is lost.
            let _ = room.set(Room::new()?);
        }
        room.get().map_or_else(|| Err(io::Error::other("no memory for a process")), then)
    })
}

/// What a child does. It makes system calls only, and does not return.
type Child = unsafe extern "C" fn(*const libc::c_void) -> !;

/// Calls clone3; the child calls `child` with `given`. The calling thread waits until that has become another program, or ended.
///
/// # Safety
/// What `given` points to is what `child` takes.
unsafe fn clone(group: Option<BorrowedFd<'_>>, room: &Room, child: Child, given: *const libc::c_void) -> io::Result<Pid> {
    let shared = libc::CLONE_VFORK | libc::CLONE_FILES | if SHARES_MEMORY { libc::CLONE_VM } else { 0 };
    let number = |value: i32| u64::try_from(value).unwrap_or_default();
    let mut arguments = CloneArguments {
        flags: number(shared) | CLONE_CLEAR_SIGHAND | if group.is_some() { CLONE_INTO_CGROUP } else { 0 },
        exit_signal: number(libc::SIGCHLD),
        cgroup: group.map_or(0, |group| number(group.as_raw_fd())),
        ..CloneArguments::default()
    };
    if SHARES_MEMORY {
        (arguments.stack, arguments.stack_size) = (room.at as u64, Room::SIZE as u64);
    }
    // SAFETY: the structure is as large as is said. With our memory the child has a stack of its own; without, it goes on in a copy of ours.
    let made = unsafe { clone3(&mut arguments, child, given) };
    let error = |made: i64| io::Error::from_raw_os_error(i32::try_from(-made).unwrap_or(libc::EINVAL));
    if made < 0 { Err(error(made)) } else { Ok(Pid::try_from(made).unwrap_or_default()) }
}

/// The system call: the process id, or the error as a negative number.
///
/// # Safety
/// As [`clone`]; the arguments give the child a stack.
#[cfg(target_arch = "x86_64")]
unsafe fn clone3(arguments: &mut CloneArguments, child: Child, given: *const libc::c_void) -> i64 {
    let made: i64;
    // SAFETY: the kernel changes rax, rcx and r11 alone. The child has another stack pointer, calls a function that does not return, and
    // uses nothing of this one's frame.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            // The outermost frame.
            "xor ebp, ebp",
            "mov rdi, {given}",
            "call {child}",
            "ud2",
            "2:",
            given = in(reg) given,
            child = in(reg) child,
            inlateout("rax") libc::SYS_clone3 => made,
            in("rdi") std::ptr::from_mut(arguments),
            in("rsi") size_of::<CloneArguments>(),
            out("rcx") _,
            out("r11") _,
        );
    }
    made
}

/// The same for a child with a copy of our memory.
///
/// # Safety
/// As [`clone`].
#[cfg(not(target_arch = "x86_64"))]
unsafe fn clone3(arguments: &mut CloneArguments, child: Child, given: *const libc::c_void) -> i64 {
    // SAFETY: the structure is as large as is said.
    match unsafe { libc::syscall(libc::SYS_clone3, std::ptr::from_mut(arguments), size_of::<CloneArguments>()) } {
        // SAFETY: as the caller promises.
        0 => unsafe { child(given) },
        made if made < 0 => -i64::from(Errno::last_raw()),
        made => made.into(),
    }
}

/// What the child is given.
struct Birth<'a> {
    image: &'a Image<'a>,
    failed_with: &'a AtomicI32,
    /// All descriptors that it needs have lower numbers.
    beyond: libc::c_uint,
}

/// Creates a process, in a control group if there is one.
///
/// # Errors
/// The system's. [`NotMade::Refused`]: it does not create processes in this way, or not now.
pub(super) fn spawn(group: Option<BorrowedFd<'_>>, image: &Image<'_>) -> Result<Pid, NotMade> {
    let spawned = with_room(|room| {
        let failed_with = room.failed_with();
        failed_with.store(0, Ordering::Relaxed);
        let highest = image.descriptors.iter().map(|(ours, _)| *ours).max().unwrap_or(0).max(2);
        let birth = Birth { image, failed_with, beyond: libc::c_uint::try_from(highest + 1).unwrap_or_default() };
        // Signals that come before exec are for us.
        let before = SigSet::all().thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_SETMASK)?;
        // SAFETY: `become_image` is given what it takes.
        let made = unsafe { clone(group, room, become_image, std::ptr::from_ref(&birth).cast()) };
        // Fails only for an invalid set.
        let _ = before.thread_set_mask();
        made.map(|pid| (pid, failed_with.load(Ordering::Relaxed)))
    });
    match spawned {
        Ok((pid, 0)) => Ok(pid),
        Ok((pid, error)) => {
            wait(pid);
            Err(NotMade::Failed(io::Error::from_raw_os_error(error)))
        }
        Err(error) => Err(NotMade::Refused(error)),
    }
}

/// Why there is no process.
pub(super) enum NotMade {
    /// The system call failed.
    Refused(io::Error),
    /// There was one, and it could not become what it was to be.
    Failed(io::Error),
}

/// The child's part.
///
/// # Safety
/// Called in a new process that has one thread, with a [`Birth`].
unsafe extern "C" fn become_image(birth: *const libc::c_void) -> ! {
    // SAFETY: as the caller promises; system calls with what was prepared, none of which touches memory other than that.
    unsafe {
        let Birth { image, failed_with, beyond } = &*birth.cast::<Birth<'_>>();
        // First of all, because what follows must not change our own table.
        let mut done = libc::syscall(libc::SYS_close_range, *beyond, libc::c_uint::MAX, libc::CLOSE_RANGE_UNSHARE) == 0
            || libc::unshare(libc::CLONE_FILES) == 0;
        for number in signals::MAY_BE_IGNORED {
            libc::signal(number, libc::SIG_DFL);
        }
        if image.own_group {
            done = done && libc::setpgid(0, 0) == 0;
        }
        if done {
            for (ours, theirs) in &image.descriptors {
                let made = if ours == theirs { libc::fcntl(*ours, libc::F_SETFD, 0) } else { libc::dup2(*ours, *theirs) };
                done = done && made >= 0;
            }
        }
        if done && libc::sigprocmask(libc::SIG_SETMASK, image.blocked.as_ref(), std::ptr::null_mut()) == 0 {
            libc::execve(image.program.as_ptr(), image.arguments.as_ptr(), image.environment.as_ptr());
        }
        failed_with.store(Errno::last_raw(), Ordering::Relaxed);
        libc::_exit(127)
    }
}

/// Creates a process in a control group that ends at once. Called when nothing else waits for children.
///
/// # Errors
/// The system's.
pub(super) fn try_it(group: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the child makes one system call, which does not return.
    let pid = with_room(|room| unsafe { clone(Some(group), room, end, null()) })?;
    wait(pid);
    Ok(())
}

/// # Safety
/// Called in a new process.
unsafe extern "C" fn end(_: *const libc::c_void) -> ! {
    // SAFETY: it touches no memory.
    unsafe { libc::_exit(0) }
}

fn wait(pid: Pid) {
    // SAFETY: waitpid with a null pointer writes nothing.
    while unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) } < 0 && Errno::last() == Errno::EINTR {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom};
    use std::os::fd::{AsFd, OwnedFd};

    /// What a shell command writes.
    fn said_by(text: &CStr) -> String {
        let mut out = super::super::temporary_file().unwrap();
        let null = File::open("/dev/null").unwrap();
        let arguments = [c"sh", c"-c", text];
        let image = Image {
            program: c"/bin/sh",
            arguments: pointers(&arguments),
            environment: pointers(&[c"PATH=/bin:/usr/bin", c"LC_ALL=C"]),
            descriptors: vec![(null.as_raw_fd(), 0), (out.as_raw_fd(), 1), (out.as_raw_fd(), 2)],
            own_group: true,
            blocked: SigSet::empty(),
        };
        let Ok(pid) = spawn(None, &image) else { panic!("refused") };
        wait(pid);
        out.seek(SeekFrom::Start(0)).unwrap();
        let mut said = String::new();
        out.read_to_string(&mut said).unwrap();
        said
    }

    #[test]
    fn the_child_has_the_descriptors_it_is_given_and_we_have_ours() {
        let null = File::open("/dev/null").unwrap();
        // Not closed at exec: what another thread opens in that way at the wrong moment does not reach the child either.
        let many: Vec<OwnedFd> = (0..300)
            .map(|_| {
                let number = nix::fcntl::fcntl(&null, nix::fcntl::FcntlArg::F_DUPFD(200)).unwrap();
                // SAFETY: it was just made.
                unsafe { std::os::fd::FromRawFd::from_raw_fd(number) }
            })
            .collect();
        let listed = said_by(c"for descriptor in /proc/self/fd/*; do [ -e \"$descriptor\" ] && echo \"${descriptor##*/}\"; done");
        assert_eq!(listed.split_ascii_whitespace().filter(|number| number.parse::<i32>().unwrap() >= 200).count(), 0, "{listed}");
        assert!(many.iter().all(|ours| nix::fcntl::fcntl(ours.as_fd(), nix::fcntl::FcntlArg::F_GETFD).is_ok()));
    }

    #[test]
    fn signals_are_at_their_defaults_and_none_is_blocked() {
        // As it is in the launcher, whatever the caller of this test has ignored.
        signals::settle();
        let status = said_by(c"grep -E '^Sig(Blk|Ign):' /proc/self/status");
        // 32 and 33 are the C library's own: its posix_spawn has them ignored where the spawning program has threads, and nobody can set them.
        let of_library = 0b11 << 31;
        let sets = status.split_ascii_whitespace().filter_map(|word| u64::from_str_radix(word, 16).ok());
        assert_eq!(sets.map(|set| set & !of_library).collect::<Vec<_>>(), [0, 0], "{status}");
        assert!(signals::is_ignored(libc::SIGPIPE), "ours is as it was");
    }

    /// What was copied would have to be copied page by page as soon as we write to it.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn our_memory_is_not_copied() {
        use nix::sys::resource::{UsageWho, getrusage};
        const PAGES: usize = 4096;
        let faults = || getrusage(UsageWho::RUSAGE_THREAD).unwrap().minor_page_faults();
        let mut pages = vec![1u8; PAGES * 4096];
        said_by(c":");
        let before = faults();
        pages.iter_mut().step_by(4096).for_each(|byte| *byte += 1);
        std::hint::black_box(&pages);
        let faults = faults() - before;
        assert!(faults < 1000, "{faults} of {PAGES} pages were copied");
    }

    #[test]
    fn it_leads_a_group_of_its_own() {
        let said = said_by(c"cat /proc/self/stat; echo $$");
        let (stat, shell) = said.trim_end().split_once('\n').unwrap();
        assert_eq!(stat.split(' ').nth(4), Some(shell), "{said}");
    }

    #[test]
    fn what_cannot_be_executed_is_told_and_leaves_no_corpse() {
        for (program, error) in [(c"/nonexistent", libc::ENOENT), (c"/dev/null", libc::EACCES)] {
            let image = Image {
                program,
                arguments: pointers(&[c"sh"]),
                environment: pointers(&[] as &[&CStr]),
                descriptors: Vec::new(),
                own_group: true,
                blocked: SigSet::empty(),
            };
            let result = spawn(None, &image);
            assert!(matches!(result, Err(NotMade::Failed(why)) if why.raw_os_error() == Some(error)), "{program:?}");
        }
    }
}
