//! Each command's one call into floor 4.

#[cfg(feature = "emulation")]
use super::arguments::Internal;
use super::arguments::{Arguments, ComponentCommand, Format, Generated, Ha, ReportFormat, Selection, Subcommands};
use super::availability;
use super::configuration::{NO_CONFIGURATION, absolute_config, answered, inspected, refused, sources};
#[cfg(feature = "emulation")]
use super::emulated;
use super::generate;
use super::operate;
use super::terminal::{data, document, drawn, fail, terminal};
use crate::component;
use crate::config::{self, Configuration};
use crate::ha::operate::Operation;
use crate::inspect;
use crate::launcher::{self, Foreground, Start};
use crate::platform::NativePlatform;
use std::sync::Arc;

/// Runs a command and returns its exit code.
pub(super) fn run(arguments: Arguments) -> i32 {
    match arguments.command {
        Subcommands::Launch { ha_instance_id } => super::launch(ha_instance_id),
        #[cfg(feature = "emulation")]
        Subcommands::Demo(demo) => emulated::demo(demo),
        #[cfg(feature = "emulation")]
        Subcommands::Component { command: ComponentCommand::New { name, dir } } => emulated::new_component(&name, dir.as_deref()),
        Subcommands::Component { command: ComponentCommand::Run { name, ha_instance, config, watch } } => {
            let config = config.map(|config| absolute_config(&config));
            run_component(ha_instance, config, Foreground { name, watch })
        }
        #[cfg(feature = "emulation")]
        Subcommands::Console(console) => emulated::console(console),
        #[cfg(feature = "emulation")]
        Subcommands::Status(status) => super::status::run(&status),
        Subcommands::Start(instances) => operate::instances(&instances, Operation::Start),
        Subcommands::Stop(instances) => operate::instances(&instances, Operation::Stop),
        Subcommands::Launcher(launcher) => operate::launcher(&launcher),
        #[cfg(feature = "emulation")]
        Subcommands::Jcl(jcl) => emulated::jcl(&jcl),
        Subcommands::Check { ha_instance, config, format, compare_zwelnch: true, all, .. } => {
            compare_zwelnch(&ha_instance, config.as_deref(), format, all)
        }
        Subcommands::Check { ha_instance, config, format, startup, .. } => check(&ha_instance, config.as_deref(), format, startup),
        Subcommands::Config { selection, format, path, origin, show_secrets } => inspected(&selection, |loaded, _| {
            let format = match format {
                Format::Yaml => inspect::Format::Yaml,
                Format::Json => inspect::Format::Json,
            };
            let overlaid = selection.ha_instance.is_some();
            let view = inspect::ConfigView { overlaid, format, path: path.as_deref(), show_secrets, origin };
            answered(loaded, |configuration| inspect::config(configuration, view))
        }),
        Subcommands::Env { selection, component, diff, show_secrets } => {
            env(&selection, component.as_deref(), diff.as_deref(), show_secrets)
        }
        Subcommands::Plan(selection) => inspected(&selection, |loaded, _| match loaded {
            Ok(configuration) => {
                let (text, code) = inspect::plan(&configuration, &NativePlatform::for_command());
                document(&text);
                code.into()
            }
            Err(error) => refused(&error),
        }),
        Subcommands::Ha { command: Ha::Compare(arguments) } => super::compare::run(arguments),
        Subcommands::Ha { command: Ha::Status { sysplex, format, watch } } => {
            availability::status(&sysplex, matches!(format, ReportFormat::Json), watch)
        }
        Subcommands::Ha { command: Ha::Verify { sysplex, expectation } } => availability::verify(&sysplex, &expectation),
        Subcommands::Ha { command: Ha::Upgrade(upgrade) } => availability::upgrade(&upgrade),
        Subcommands::Ha { command: Ha::Haproxy(haproxy) } => super::ha::haproxy(&haproxy),
        Subcommands::Generate { document: Generated::Man { command } } => match generate::man_page(super::command(), &command) {
            Ok(page) => {
                document(&page);
                0
            }
            Err(error) => fail(error),
        },
        Subcommands::Generate { document: Generated::Completion { shell } } => {
            document(&generate::completion(super::command(), shell));
            0
        }
        #[cfg(feature = "emulation")]
        Subcommands::Internal { command: Internal::Initiator { job_directory } } => crate::mvs::initiator::run(&job_directory),
    }
}

/// Runs a component of an instance in this process's foreground.
fn run_component(ha_instance: String, config: Option<String>, foreground: Foreground) -> i32 {
    super::set_umask();
    // Before any other thread is made: signals are blocked in all of them.
    let platform = NativePlatform::for_foreground();
    let from_environment = Start::from_environment(vec![ha_instance], None);
    let start = Start { config: config.or(from_environment.config.clone()), ..from_environment };
    if start.config.is_none() {
        return fail(NO_CONFIGURATION);
    }
    launcher::run_component(Arc::new(platform), start, foreground)
}

/// The report; on a terminal with source lines.
fn check(named: &[String], config: Option<&str>, format: ReportFormat, startup: bool) -> i32 {
    let platform = NativePlatform::for_command();
    let (config_text, sources) = match sources(config) {
        Ok(sources) => sources,
        Err(code) => return code,
    };
    let named: Vec<config::HaInstance> = named.iter().map(|id| config::ha_instance(id, &platform)).collect();
    let report = if startup {
        match inspect::startup_checks(Arc::new(NativePlatform::for_command()), config_text) {
            Ok(checks) => inspect::check(&sources, &named, &platform, Some(&checks)),
            Err(error) => return fail(error),
        }
    } else {
        inspect::check(&sources, &named, &platform, None)
    };
    match (format, terminal()) {
        (ReportFormat::Json, _) => data(&report.json()),
        (ReportFormat::Text, Some(colour)) => drawn(&report.snippets(&platform, colour)),
        (ReportFormat::Text, None) => document(&report.text()),
    };
    report.exit_code().into()
}

/// Reports what behaves differently than under ZWELNCH.
fn compare_zwelnch(named: &[String], config: Option<&str>, format: ReportFormat, all: bool) -> i32 {
    let platform = NativePlatform::for_command();
    let (_, sources) = match sources(config) {
        Ok(sources) => sources,
        Err(code) => return code,
    };
    let named: Vec<config::HaInstance> = named.iter().map(|id| config::ha_instance(id, &platform)).collect();
    let comparison = inspect::compare_zwelnch(&sources, &named, &platform);
    match format {
        ReportFormat::Json => data(&comparison.json(all)),
        ReportFormat::Text => document(&comparison.text(all)),
    };
    comparison.exit_code().into()
}

/// The variables of an instance or component, or what differs in those of another HA instance.
fn env(selection: &Selection, component: Option<&str>, diff: Option<&str>, show_secrets: bool) -> i32 {
    inspected(selection, |loaded, config| {
        let platform = NativePlatform::for_command();
        let seen = |configuration: &Configuration| {
            let survey = component::survey(configuration);
            inspect::environment_of(configuration, &survey, &platform, config, component, None)
        };
        let other = match (&loaded, diff) {
            (Ok(configuration), Some(id)) => match configuration.for_instance(&config::ha_instance(id, &platform)) {
                Ok(other) => Some(other),
                Err(error) => return refused(&error),
            },
            _ => None,
        };
        answered(loaded, |configuration| match &other {
            None => Ok(inspect::environment(&seen(configuration)?, show_secrets)),
            Some(other) => Ok(inspect::difference(&seen(configuration)?, &seen(other)?, show_secrets)),
        })
    })
}
