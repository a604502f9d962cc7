//! The launcher's place on this system: on z/OS that of its address space, elsewhere a job of the emulated system. And the console at which
//! commands are issued.

#[cfg(feature = "emulation")]
use super::jobs;
use crate::ha::operate::Addressed;
use crate::ha::operator::{Operator, SystemConsole};
#[cfg(all(feature = "emulation", not(zwelnch_zos)))]
use crate::platform::unix::Job;
use crate::platform::{NativePlatform, Platform};
#[cfg(feature = "emulation")]
use crate::system::{CONTROL_DESCRIPTOR, JOB_DIRECTORY, SystemDirectory};
use std::io;
use std::path::Path;
#[cfg(feature = "emulation")]
use std::path::PathBuf;

/// The platform of a launcher, and why it has no console when it has none.
pub(super) fn for_launcher() -> (NativePlatform, Option<String>) {
    #[cfg(zwelnch_zos)]
    return NativePlatform::for_launcher();
    #[cfg(all(feature = "emulation", not(zwelnch_zos)))]
    return NativePlatform::for_launcher(|| crate::system::OwnJob::of_this_process().map(|job| Box::new(job) as Box<dyn Job>));
    #[cfg(not(any(feature = "emulation", zwelnch_zos)))]
    NativePlatform::for_launcher(|| Err(io::Error::other("this program was built without a system that has one (feature emulation)")))
}

/// Whether an initiator has started this process as the program of a started task.
pub(super) fn is_started_task() -> bool {
    #[cfg(feature = "emulation")]
    return std::env::var_os(JOB_DIRECTORY).is_some();
    #[cfg(not(feature = "emulation"))]
    false
}

/// Variables that the initiator set for this process must not reach the components.
pub(super) fn forget_initiator() {
    #[cfg(feature = "emulation")]
    for name in [JOB_DIRECTORY, CONTROL_DESCRIPTOR] {
        // SAFETY: no other thread exists yet that could read the environment.
        unsafe { std::env::remove_var(name) };
    }
}

/// Where operator commands go.
pub(super) enum Console {
    #[cfg(feature = "emulation")]
    System(SystemDirectory),
    Native(Box<NativePlatform>),
}

impl Console {
    /// On z/OS its console, by means of a program of the runtime directory; elsewhere that of a system directory.
    pub(super) fn open(system: Option<&Path>, runtime: Option<&Path>) -> io::Result<Console> {
        let platform = NativePlatform::for_command();
        #[cfg(feature = "emulation")]
        if !platform.is_zos() {
            return SystemDirectory::open(system).map(Console::System);
        }
        let _ = system;
        if let Some(runtime) = runtime {
            platform.use_runtime(runtime);
        }
        Ok(Console::Native(Box::new(platform)))
    }

    pub(super) fn operator(&self) -> Box<dyn Operator + '_> {
        match self {
            #[cfg(feature = "emulation")]
            Console::System(system) => Box::new(system.clone()),
            Console::Native(platform) => Box::new(SystemConsole(&**platform)),
        }
    }
}

/// Why a command has no addressee; what to do in words.
#[derive(Debug, thiserror::Error)]
pub(super) enum AddressError {
    #[error("{name} is an HA instance, not a component: name it with -i, as in -i {id}")]
    Instance { name: String, id: String },
    #[error(transparent)]
    NoConsole(io::Error),
    #[cfg(feature = "emulation")]
    #[error("no job {name} is running in {}", .system.display())]
    NoSuchJob { name: String, system: PathBuf },
    #[cfg(feature = "emulation")]
    #[error("no job is running in {}", .0.display())]
    NoJob(PathBuf),
    /// A list of them, as text.
    #[cfg(feature = "emulation")]
    #[error("several jobs are running, name one with --job: {0}")]
    SeveralJobs(String),
}

/// The one job of a system directory that is meant; None on z/OS, where only the configuration knows.
pub(super) fn running_job(system: Option<&Path>, named: Option<&str>) -> Option<Result<(Console, Vec<Addressed>), AddressError>> {
    let console = match Console::open(system, None) {
        Ok(console) => console,
        Err(error) => return Some(Err(AddressError::NoConsole(error))),
    };
    match &console {
        #[cfg(feature = "emulation")]
        Console::System(system) => Some(jobs::one_job(system, named).map(|instance| (console, vec![instance]))),
        Console::Native(_) => {
            let _ = named;
            None
        }
    }
}

/// After an answer that a job is not active: shows the jobs that run, as another one may have been meant.
pub(super) fn show_running(console: &Console, found: &[Addressed]) {
    match console {
        #[cfg(feature = "emulation")]
        Console::System(system) => jobs::show_running(system, found),
        Console::Native(_) => {
            let _ = found;
        }
    }
}
