//! The command line: calls the command of floor 4 that is meant, and gives its exit code.

mod address_error;
mod arguments;
mod availability;
mod bare_word;
mod bounded;
mod chart;
mod commands;
mod compare;
#[cfg(feature = "emulation")]
mod complete;
mod configuration;
#[cfg(feature = "emulation")]
mod emulated;
mod generate;
mod ha;
#[cfg(feature = "emulation")]
mod jobs;
mod native;
mod operate;
mod package;
#[cfg(feature = "panel")]
mod panel;
mod preparing;
mod rollout;
mod seeing;
#[cfg(feature = "emulation")]
mod status;
mod support;
mod terminal;
mod upgrade;

pub use arguments::{Arguments, command};

use crate::launcher::{self, ConditionCode, Start};
use crate::lifecycle::startup::{BIND_WORDS, bind_answer};
use crate::lifecycle::workspace;
use crate::output::printable;
use crate::platform::standard_output::remembered;
use crate::platform::text_streams::{self, Stream, written};
use crate::platform::unix::process::own_environment;
use crate::platform::{NativePlatform, Platform};
use crate::processes::MARKER;
use crate::processes::guardian;
use clap::Parser;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// What the program was called for.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// The launcher, with all its arguments.
    Launch(Vec<String>),
    /// What may be an HA instance id or a command that is mistyped, and what follows it.
    Word(Vec<String>),
    /// A command for clap to read.
    Command,
}

/// The whole program.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if guardian::is_called(&arguments) {
        // Before anything else is set up, so that the guardian stays small.
        guardian::main();
        return ExitCode::SUCCESS;
    }
    trim_padded_variables();
    crate::platform::unix::signals::settle();
    #[cfg(zwelnch_unix)]
    crate::platform::unix::program::remember();
    if let Some(code) = snapshot(&arguments) {
        return ExitCode::from(code);
    }
    if let Some(code) = bind(&arguments) {
        return ExitCode::from(code);
    }
    // The three above write for this program, or nothing.
    text_streams::settle();
    let of_proc = native::is_started_task();
    #[cfg(feature = "emulation")]
    if !of_proc && complete::asked(command) {
        return ExitCode::SUCCESS;
    }
    let code = match call(&arguments, of_proc, |word| command().find_subcommand(word).is_some()) {
        Call::Launch(arguments) => launch(arguments),
        Call::Word(arguments) => match bare_word::refusal(&arguments) {
            None => launch(arguments),
            Some(why) => terminal::fail(why),
        },
        Call::Command => match Arguments::try_parse_from(&arguments) {
            Ok(arguments) => commands::run(arguments),
            Err(error) => {
                // clap writes help to standard output and errors to standard error, as it should.
                let shown = error.to_string();
                let stream = if error.use_stderr() { Stream::Error } else { Stream::Output };
                let printed = match (printable(&shown), written(stream, shown.as_bytes())) {
                    (Cow::Borrowed(_), Cow::Borrowed(_)) => error.print(),
                    // It is in another code page, or names an argument that no terminal may have.
                    (shown, _) if error.use_stderr() => std::io::stderr().lock().write_all(&written(stream, shown.as_bytes())),
                    (shown, _) => std::io::stdout().lock().write_all(&written(stream, shown.as_bytes())),
                };
                if error.use_stderr() {
                    8
                } else {
                    // Help is a document like any other: see `remembered`.
                    let _ = remembered(printed);
                    0
                }
            }
        },
    };
    let code = terminal::exit_code(code);
    ExitCode::from(u8::try_from(code).unwrap_or(ConditionCode::Internal as u8))
}

/// `internal snapshot FILE CODE`: writes the exported variables to a file and ends with the code of the command that exported them, or 125.
/// Read here because every configure command ends in it, and building the command line's grammar takes longer than the rest.
fn snapshot(arguments: &[OsString]) -> Option<u8> {
    let [_, internal, snapshot, file, code] = arguments else { return None };
    if internal != "internal" || snapshot != "snapshot" {
        return None;
    }
    let code = code.to_str()?.parse().ok()?;
    let mut environment = own_environment();
    for noise in ["PWD", "OLDPWD", "SHLVL", "_", MARKER] {
        environment.remove(noise);
    }
    // Under `set -a` the variables of our own script are exported too.
    environment.retain(|name, _| !name.starts_with("_zwelnch_"));
    Some(match workspace::write_snapshot(Path::new(file), &environment) {
        Ok(()) => code,
        Err(error) => {
            terminal::fail(error);
            125
        }
    })
}

/// `internal bind ADDRESS:PORT`: whether this process could listen there, as a start-up check asks on z/OS under a component's job name.
fn bind(arguments: &[OsString]) -> Option<u8> {
    let [_, internal, bind, address] = arguments else { return None };
    if [internal, bind] != BIND_WORDS.map(OsStr::new) {
        return None;
    }
    let address = address.to_str()?.parse().ok()?;
    terminal::document(&bind_answer(&NativePlatform::for_command(), address));
    u8::try_from(terminal::exit_code(0)).ok()
}

/// Under the name ZWELNCH, which PGM=ZWELNCH gives, every argument belongs to the launcher. Otherwise a first argument that is neither a
/// command nor an option may be the HA instance id: in a PROC that runs zwelnch by its path it is one, in a shell [`bare_word`] decides.
fn call(arguments: &[OsString], of_proc: bool, is_command: impl Fn(&str) -> bool) -> Call {
    let text = |argument: &OsString| argument.to_string_lossy().into_owned();
    let rest = || arguments.iter().skip(1).map(text).collect();
    let named_zwelnch =
        arguments.first().and_then(|program| Path::new(program).file_name()).is_some_and(|name| name.to_str() == Some("ZWELNCH"));
    match arguments.get(1).map(text) {
        _ if named_zwelnch => Call::Launch(rest()),
        Some(first) if !first.starts_with('-') && first != "help" && !is_command(&first) => {
            if of_proc {
                Call::Launch(rest())
            } else {
                Call::Word(rest())
            }
        }
        // Without an argument a PROC says what is missing.
        None if of_proc => Call::Launch(rest()),
        _ => Call::Command,
    }
}

/// Runs the launcher in this process.
fn launch(arguments: Vec<String>) -> i32 {
    set_umask();
    crate::platform::unix::keep_memory_together();
    let (platform, no_console) = native::for_launcher();
    let platform = Arc::new(platform);
    let start = Start::from_environment(arguments, no_console);
    native::forget_initiator();
    let code = launcher::run(platform.clone(), start) as i32;
    if let Some(message) = platform.end_job(code) {
        // There is no relay thread any more. If SYSPRINT has gone too, there is nobody left to tell.
        let _ = platform.write_sysprint(format!("{}\n", crate::output::one_line(message.text())).as_bytes());
    }
    code
}

/// Takes off the blanks that fixed-length records of STDENV leave behind every value when `_CEE_ENVFILE` names it (`_CEE_ENVFILE_S`
/// removes them), once for whoever asks for a variable: the launcher, its commands and the components. Elsewhere a blank is what its user
/// meant.
fn trim_padded_variables() {
    if !cfg!(zwelnch_zos) && std::env::var_os("_CEE_ENVFILE").is_none() {
        return;
    }
    for (name, value) in std::env::vars_os() {
        let length = value.as_bytes().iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
        if length < value.len() {
            // SAFETY: no other thread exists yet that could read the environment.
            unsafe { std::env::set_var(name, OsStr::from_bytes(&value.as_bytes()[..length])) };
        }
    }
}

/// Sets the umask of this process, and so of every command and component that it starts. The files that it writes itself get explicit
/// modes.
fn set_umask() {
    crate::platform::unix::set_umask(std::env::var("_EDC_UMASK_DFLT").ok().as_deref());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(arguments: &[&str], of_proc: bool) -> Call {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        call(&arguments, of_proc, |word| word == "console")
    }

    #[test]
    fn a_first_argument_that_is_no_command_is_the_id() {
        assert_eq!(called(&["zwelnch", "lpar1"], false), Call::Word(vec!["lpar1".into()]));
        assert_eq!(called(&["zwelnch", "console"], false), Call::Command);
        assert_eq!(called(&["zwelnch", "--version"], false), Call::Command);
        assert_eq!(called(&["zwelnch"], false), Call::Command);
    }

    #[test]
    fn a_procs_program_and_zwelnch_take_every_word_as_the_id() {
        assert_eq!(called(&["ZWELNCH", "console"], true), Call::Launch(vec!["console".into()]));
        assert_eq!(called(&["/usr/lpp/ZWELNCH", "console"], false), Call::Launch(vec!["console".into()]));
        assert_eq!(called(&["ZWELNCH"], false), Call::Launch(vec![]));
    }

    #[test]
    fn a_proc_that_runs_zwelnch_by_its_path_may_name_a_command() {
        let path = "/usr/lpp/zwelnch/bin/zwelnch";
        assert_eq!(called(&[path, "console", "lpar1"], true), Call::Command);
        assert_eq!(called(&[path, "lpar1"], true), Call::Launch(vec!["lpar1".into()]));
        assert_eq!(called(&[path], true), Call::Launch(vec![]));
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
