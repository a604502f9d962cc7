//! The launcher's place on this system: on z/OS that of its address space, elsewhere a job of the emulated system.

use crate::platform::NativePlatform;
#[cfg(not(zwelnch_zos))]
use crate::platform::unix::Job;
use crate::system::{CONTROL_DESCRIPTOR, JOB_DIRECTORY, OwnJob};

/// The platform of a launcher, and why it has no console when it has none.
#[cfg(zwelnch_zos)]
pub(super) fn for_launcher() -> (NativePlatform, Option<String>) {
    NativePlatform::for_launcher()
}

/// The platform of a launcher, and why it has no console when it has none.
#[cfg(not(zwelnch_zos))]
pub(super) fn for_launcher() -> (NativePlatform, Option<String>) {
    NativePlatform::for_launcher(|| OwnJob::of_this_process().map(|job| Box::new(job) as Box<dyn Job>))
}

/// Whether an initiator has started this process as the program of a started task.
pub(super) fn is_started_task() -> bool {
    std::env::var_os(JOB_DIRECTORY).is_some()
}

/// What the initiator told this process is not the components' business.
pub(super) fn forget_initiator() {
    for name in [JOB_DIRECTORY, CONTROL_DESCRIPTOR] {
        // SAFETY: no other thread exists yet that could read the environment.
        unsafe { std::env::remove_var(name) };
    }
}
