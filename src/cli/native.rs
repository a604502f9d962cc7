//! The launcher's place on this system: on z/OS that of its address space, elsewhere a job of the emulated system. And the console at which
//! commands are issued.

use super::address_error::AddressError;
#[cfg(feature = "emulation")]
use super::jobs;
use super::terminal::say;
use crate::config::Configuration;
use crate::ha::operate::Addressed;
use crate::ha::operator::{Answer, Operator, OperatorError, SystemConsole};
use crate::message;
use crate::platform::operator_command::Interface;
#[cfg(all(feature = "emulation", not(zwelnch_zos)))]
use crate::platform::unix::Job;
use crate::platform::{NativePlatform, Platform};
#[cfg(feature = "emulation")]
use crate::system::{CONTROL_DESCRIPTOR, JOB_DIRECTORY, SystemDirectory};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
    /// On z/OS its console, by means of a program: the one that was asked for or that the configuration names, else what can; elsewhere that
    /// of a system directory.
    pub(super) fn open(system: Option<&Path>, configuration: Option<&Configuration>, through: Option<&Interface>) -> io::Result<Console> {
        let platform = NativePlatform::for_command();
        #[cfg(feature = "emulation")]
        if !platform.is_zos() {
            return SystemDirectory::open(system).map(Console::System);
        }
        let _ = system;
        if let Some(runtime) = configuration.and_then(Configuration::runtime_directory) {
            platform.use_runtime(&runtime);
        }
        if let Some(interface) = through.cloned().or_else(|| configuration.and_then(Configuration::console_through)) {
            platform.issue_commands_through(interface);
        }
        Ok(Console::Native(Box::new(platform)))
    }

    /// The system directory whose console it is.
    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            #[cfg(feature = "emulation")]
            Console::System(system) => Some(system.path()),
            Console::Native(_) => None,
        }
    }

    /// The jobs that run there, as commands reach them; none where the system does not tell.
    pub(super) fn jobs(&self) -> Vec<String> {
        match self {
            #[cfg(feature = "emulation")]
            Console::System(system) => {
                let jobs = jobs::known_jobs(system);
                jobs.iter().map(|job| jobs::target_of(job, &jobs)).collect()
            }
            Console::Native(_) => Vec::new(),
        }
    }

    pub(super) fn operator(&self) -> Box<dyn Operator + '_> {
        match self {
            #[cfg(feature = "emulation")]
            Console::System(system) => Box::new(system.clone()),
            Console::Native(platform) => Box::new(Telling { console: SystemConsole(&**platform), told: Mutex::default() }),
        }
    }
}

/// A console that says what issues its commands: once, and again when it is another one.
struct Telling<'a> {
    console: SystemConsole<'a>,
    told: Mutex<Option<String>>,
}

impl Operator for Telling<'_> {
    fn sysname(&self) -> String {
        self.console.sysname()
    }

    fn issue(&self, command: &str, limit: Option<Duration>) -> Result<Answer, OperatorError> {
        let answer = self.console.issue(command, limit)?;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(through) = answer.through.as_ref().filter(|through| told.as_ref() != Some(through)) {
            say(&message::console_interface(through));
            *told = Some(through.clone());
        }
        Ok(answer)
    }
}

/// The one job of a system directory that is meant; None on z/OS, where only the configuration knows.
pub(super) fn running_job(system: Option<&Path>, named: Option<&str>) -> Option<Result<(Console, Vec<Addressed>), AddressError>> {
    let console = match Console::open(system, None, None) {
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
