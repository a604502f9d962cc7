//! What a program keeps that waits for most of its life: the allocator of the GNU C library keeps what was freed, and an arena for each of
//! many threads (others do neither); and the pages of the program that its beginning has used stay in its address space.

use nix::libc;

/// Arenas for all threads together: each has free pages of its own, and two suffice for an owner and one thread beside it.
#[cfg(target_env = "gnu")]
const ARENAS: libc::c_int = 2;

pub(super) fn keep_together() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it only sets a number; if it is refused, everything is as before.
    let _ = unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
}

pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it touches only what is free, with the allocator's own locks held.
    let _ = unsafe { libc::malloc_trim(0) };
    give_back_program();
}

/// Takes the program's own code and constants out of the address space: what is needed again is found in the system's cache, page by page.
/// Relocated data is not among them: it stands behind the code.
fn give_back_program() {
    unsafe extern "C" {
        // The linker's.
        static __executable_start: u8;
        static etext: u8;
    }
    // SAFETY: sysconf touches no memory.
    let Ok(page) = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) else { return };
    let (start, end) = ((&raw const __executable_start).addr(), (&raw const etext).addr());
    if page == 0 || start % page != 0 || end <= start {
        return;
    }
    // SAFETY: these pages are a private mapping of a file and are never written, so they are read from it again as they were.
    let _ = unsafe { libc::madvise((&raw const __executable_start).cast_mut().cast(), (end - start) / page * page, libc::MADV_DONTNEED) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_given_back_is_there_when_it_is_needed() {
        super::keep_together();
        let text = vec!["a constant of the program"; 1000].concat();
        let length = text.len();
        drop(text);
        super::give_back();
        assert_eq!(vec!["a constant of the program"; 1000].concat().len(), length);
    }
}
