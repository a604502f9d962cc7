//! The CPU time of one thread, readable by other threads.

use std::time::Duration;

#[cfg(zwelnch_linux)]
mod counted {
    use nix::libc;
    use std::time::Duration;

    pub(super) type Clock = libc::clockid_t;

    pub(super) fn of_this_thread() -> Clock {
        let mut clock = libc::CLOCK_PROCESS_CPUTIME_ID;
        // SAFETY: asks for the clock of the calling thread, which exists, and writes to the place it is given. If it fails, the clock of
        // the process is used.
        unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &raw mut clock) };
        clock
    }

    pub(super) fn read(clock: Clock) -> Option<Duration> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: writes the time to the place it is given; the clock of a thread that has ended is an error.
        let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
        (result == 0)
            .then(|| Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default()))
    }
}

#[cfg(not(zwelnch_linux))]
mod counted {
    use std::time::Duration;

    #[derive(Debug, Clone, Copy)]
    pub(super) struct Clock;

    pub(super) fn of_this_thread() -> Clock {
        Clock
    }

    pub(super) fn read(_: Clock) -> Option<Duration> {
        Some(crate::platform::cpu_time())
    }
}

/// Counts the CPU time of the thread that creates it or, where the system does not count by thread, of the process.
#[derive(Debug, Clone, Copy)]
pub struct CpuClock {
    clock: counted::Clock,
    begun: Duration,
}

impl CpuClock {
    /// Begins at zero.
    pub fn of_this_thread() -> CpuClock {
        let clock = counted::of_this_thread();
        CpuClock { clock, begun: counted::read(clock).unwrap_or_default() }
    }

    /// The time since it was created; zero once its thread has ended.
    pub fn elapsed(&self) -> Duration {
        counted::read(self.clock).unwrap_or_default().saturating_sub(self.begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_is_seen_to_work_from_another() {
        let clock = CpuClock::of_this_thread();
        let seen = std::thread::spawn(move || {
            while clock.elapsed() < Duration::from_millis(50) {
                std::thread::yield_now();
            }
        });
        while !seen.is_finished() {
            std::hint::spin_loop();
        }
        seen.join().unwrap();
    }
}
