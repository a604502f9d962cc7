//! The cost of a piece of work: processor time of its own thread, and the most memory that the thread held. What else happens on the
//! machine does not count.

use nix::time::{ClockId, clock_gettime};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

thread_local! {
    /// Bytes held by this thread now, and at most since the last reset. What one thread takes and another gives back is rare here.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(change: isize) {
    // A thread that is ending has no counters any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + change);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

fn signed(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}

// SAFETY: every call is handed to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: as for the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: as for the caller.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // Both blocks may exist for a moment.
        count(signed(new_size));
        // SAFETY: as for the caller.
        let pointer = unsafe { System.realloc(pointer, layout, new_size) };
        count(-signed(layout.size()));
        pointer
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What some work took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Of the processor, not by the clock on the wall.
    pub time: Duration,
    /// Bytes over what the thread held before.
    pub memory: u64,
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

/// Runs some work on this thread.
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let before = HELD.get();
    PEAK.set(before);
    let begun = processor_time();
    let result = work();
    let time = processor_time() - begun;
    let memory = u64::try_from(PEAK.get() - before).unwrap_or(0);
    (result, Cost { time, memory })
}

#[test]
fn memory_that_is_given_back_counts_at_its_peak() {
    let (left, cost) = measured(|| {
        drop(vec![1u8; 5_000_000]);
        vec![1u8; 1_000_000]
    });
    assert!((5_000_000..5_100_000).contains(&cost.memory), "{cost:?}");
    let (_, cost) = measured(|| drop(left));
    assert_eq!(cost.memory, 0);
}
