//! The start-up checks from a shell: with nothing of an instance running.

use crate::component::{self, Survey};
use crate::config::Configuration;
use crate::lifecycle::{Runner, startup};
use crate::output::Output;
use crate::platform::Platform;
use crate::platform::unix::process::inherited_environment;
use crate::processes::Processes;
use std::io;
use std::sync::Arc;

/// A function that makes the checks as a start of the instance would: it binds ports, reads certificates, runs java and node, and asks
/// z/OSMF. To be called once in a process.
///
/// # Errors
/// When the system refuses a thread or a pipe.
pub fn startup_checks(
    platform: Arc<dyn Platform>,
    config: String,
) -> io::Result<impl Fn(&Configuration, &Survey) -> Vec<startup::Finding>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let processes = Processes::start(Arc::clone(&platform))?;
    let runner = Runner::new(Arc::clone(&platform), processes, Output::start(Arc::clone(&platform))?)?;
    Ok(move |configuration: &Configuration, survey: &Survey| {
        let inherited = inherited_environment();
        let environment = component::instance_environment(&*platform, configuration, survey, (&config, None), Some(&inherited));
        let subject = startup::Subject { platform: &*platform, configuration, survey, environment: &environment, runner: &runner };
        runtime.block_on(startup::check(subject))
    })
}
