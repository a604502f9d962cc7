//! Programs that a command runs: `commands.install` of a component, as zwe's process-hook runs it, and handlers of registries.

use super::{Stop, Subject, Voice, shown};
use crate::component::{self, Component};
use crate::config::Environment;
use crate::lifecycle::workspace::parse_snapshot;
use crate::lifecycle::{Finished, LIBRARY, Runner, Script, Then, script_text};
use crate::message;
use crate::output::Output;
use crate::platform::files::{may_be_file, read_bounded};
use crate::platform::unix::process::inherited_environment;
use crate::platform::{code_page, text_file};
use crate::processes::Processes;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A script of a package, or a registry, may take this long.
const LIMIT: Duration = Duration::from_secs(3600);

/// Bytes of its output that are kept.
const OUTPUT: u64 = 8 << 20;

/// Bytes of what it exports.
const EXPORTS: u64 = 16 << 20;

/// Runs programs. To be made once in a process.
pub(super) struct Programs {
    runtime: tokio::runtime::Runtime,
    runner: Runner,
    /// What the last script has left, for the next one: zwe runs all of them in one environment.
    environment: Environment,
}

impl Programs {
    pub(super) fn new(subject: &Subject<'_>) -> io::Result<Programs> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let processes = Processes::start(Arc::clone(&subject.platform))?;
        let runner = Runner::new(Arc::clone(&subject.platform), processes, Output::start(Arc::clone(&subject.platform))?)?;
        let survey = component::survey(subject.configuration);
        let inherited = inherited_environment();
        let environment =
            component::instance_environment(&*subject.platform, subject.configuration, &survey, (subject.config, None), Some(&inherited));
        Ok(Programs { runtime, runner, environment })
    }

    /// A variable that scripts find.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.into());
    }

    /// Runs a text of the shell with Zowe's functions at hand; its output.
    pub(super) fn shell(&self, text: &str) -> io::Result<(Finished, String)> {
        let shell = self.runner.shells().with(true).to_path_buf();
        let arguments = ["-c", text];
        let run = self.runner.run_program(&shell, &arguments, &self.environment, LIMIT, OUTPUT);
        let (finished, bytes) = self.runtime.block_on(run)?;
        Ok((finished, code_page::decode_lines(&bytes).to_string()))
    }

    /// Runs `commands.install`, in `stage` for what it exports.
    ///
    /// # Errors
    /// ZWEL1055E with its exit code, where it ends with `exit` and another code than 0. The code of its last command does not count, as with
    /// zwe.
    pub(super) fn install(&mut self, subject: &mut Subject<'_>, component: &Component, stage: &Path) -> Result<(), Stop> {
        let name = &component.name;
        let refused = |why: &dyn std::fmt::Display| Stop::from(message::package_refused(name, why));
        let Some(command) = component.install_command().map_err(|error| refused(&error))? else { return Ok(()) };
        let library = Some(subject.runtime().join(LIBRARY)).filter(|library| may_be_file(library));
        let exports = stage.join("exports");
        let program = subject.platform.own_program().map_err(|error| refused(&error))?;
        subject.voice.text(&format!("Process {} defined in manifest commands.install:", shown(&command.file)));
        self.set("ZWE_CLI_PARAMETER_CONFIG", subject.config);
        self.set("ZWE_CLI_PARAMETER_COMPONENT_NAME", name);
        self.set("ZWE_COMPONENTS_INSTALL_EXTRACT_COMPONENT_NAME", name);
        let script = Script {
            instance_env: None,
            library,
            directory: component.directory.clone(),
            command,
            then: Then::Snapshot { program, file: exports.clone() },
        };
        let (finished, output) = self.shell(&script_text(&script)).map_err(|error| refused(&error))?;
        tell(subject.voice, name, &output);
        if !finished.status.success() {
            let ended = if finished.timed_out { "nothing: its time was over".to_owned() } else { finished.status.end.to_string() };
            let code = match finished.status.code() {
                code @ 1..=255 => code,
                _ => 8,
            };
            return Err(Stop { messages: vec![message::install_command_failed(name, ended)], code });
        }
        let text = read_bounded(&exports, EXPORTS).map_err(|error| refused(&error))?;
        self.environment = parse_snapshot(&text_file::decode(text)).map_err(|error| refused(&error.what))?;
        Ok(())
    }
}

fn tell(voice: &mut dyn Voice, name: &str, output: &str) {
    if !output.trim().is_empty() {
        voice.text(&format!("- commands.install output from {name} is:"));
        voice.text(output.trim_end());
    }
}
