//! `zwelnch panel`: gives the screen (package zwelnch-panel) what it shows, from journal, spool and console, and carries out what its user
//! wants. `fold` is pure.

mod fold;
mod follow;
mod measure;
mod shared;
mod tables;
mod target;
#[cfg(test)]
mod tests;
mod world;

use super::arguments::Panel;
use super::terminal::{fail_with, say};
use crate::message;
use crate::mvs::console::{ConsoleEnd, ConsoleOptions, ConsoleOutcome, Jobs};
use crate::system::SystemDirectory;
use nix::sys::signal::Signal;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use target::{Source, Target};
use world::World;
use zwelnch_panel::{Left, Options, Theme, updates};

/// Whether the panel may take the place of a console that nobody asked for.
pub(super) fn may_open() -> bool {
    std::io::stdin().is_terminal() && no_terminal().is_none()
}

/// Why there is no terminal to draw on.
fn no_terminal() -> Option<String> {
    if !std::io::stdout().is_terminal() {
        return Some("standard output is none".to_owned());
    }
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return Some("TERM says that it cannot move its cursor (dumb)".to_owned());
    }
    if std::io::stdin().is_terminal() {
        return None;
    }
    // Where standard input is a journal, the keys come from the terminal all the same.
    std::fs::File::open("/dev/tty").err().map(|error| format!("standard input is none, and /dev/tty cannot be opened: {error}"))
}

/// `panel`.
pub(super) fn run(arguments: &Panel) -> i32 {
    if let Some(why) = no_terminal() {
        return fail_with(&[message::panel_without_terminal(why)]);
    }
    let target = match Target::of(arguments) {
        Ok(target) => target,
        Err(code) => return code,
    };
    match show(target, None, Vec::new(), Vec::new()) {
        Ok(None) => 0,
        Ok(Some(signal)) => zwelnch_panel::end_by(signal as i32),
        Err(code) => code,
    }
}

/// The panel of the demo: starts its jobs, and stops them when it is left.
///
/// # Errors
/// The exit code, after the reason.
pub(super) fn demo(
    system: &SystemDirectory,
    config: &Path,
    job: &str,
    commands: Vec<String>,
    welcome: Vec<String>,
) -> Result<ConsoleOutcome, i32> {
    let target = Target {
        source: Source::Unknown,
        spool: None,
        system: Some(system.clone()),
        job: Some(job.to_owned()),
        config: Some(config.display().to_string()),
        ha_instance: Some("lpar1".to_owned()),
    };
    let jobs = Arc::new(Jobs::default());
    let left = show(target, Some(Arc::clone(&jobs)), commands, welcome);
    // What was started is stopped before an error is one.
    let options = ConsoleOptions { colour: super::terminal::terminal().unwrap_or(false), ..ConsoleOptions::default() };
    let outcome = jobs.stop(system, &options, left.as_ref().ok().copied().flatten());
    left?;
    outcome.map_err(super::terminal::fail)
}

/// The exit code of [`demo`], or the end by the signal that has ended it.
pub(super) fn end_of(outcome: ConsoleOutcome) -> i32 {
    match outcome.end {
        ConsoleEnd::Signal(signal) => zwelnch_panel::end_by(signal as i32),
        ConsoleEnd::Quit | ConsoleEnd::EndOfInput => outcome.exit_code(),
    }
}

/// Shows it until it is left; the signal, if one has ended it. `commands` are issued first.
fn show(target: Target, jobs: Option<Arc<Jobs>>, commands: Vec<String>, welcome: Vec<String>) -> Result<Option<Signal>, i32> {
    let no_color = super::terminal::terminal() != Some(true);
    let theme = Theme::of(no_color, &std::env::var("TERM").unwrap_or_default());
    let leave = jobs.is_some().then(|| "Leave the panel and stop the jobs that it has started?".to_owned());
    let (sender, updates) = updates();
    let world = World::begin(target, jobs, &sender, commands, welcome).map_err(super::terminal::fail)?;
    match zwelnch_panel::run(Options { theme, leave }, &world, &sender, &updates) {
        Ok(Left::ByKey) => Ok(None),
        Ok(Left::BySignal(number)) => Ok(Signal::try_from(number).ok()),
        Err(error) => {
            say(&message::panel_terminal_failed(error));
            Err(8)
        }
    }
}
