//! Each command's one call into floor 4.

#[cfg(feature = "emulation")]
use super::arguments::Internal;
use super::arguments::{Arguments, ComponentCommand, Described, Format, Generated, Ha, ReportFormat, Selection, Subcommands};
use super::availability;
use super::configuration::{NO_CONFIGURATION, absolute_config, answered, inspected, refused, sources};
#[cfg(feature = "emulation")]
use super::emulated;
use super::generate;
use super::operate;
use super::terminal::{choose_color, data, document, drawn, fail, terminal};
use crate::component;
use crate::config::{self, Configuration};
use crate::ha::operate::Operation;
use crate::inspect;
use crate::launcher::{self, Foreground, Start};
use crate::output::escaped;
use crate::platform::NativePlatform;
#[cfg(not(feature = "emulation"))]
use crate::platform::Platform;
use std::sync::Arc;

/// Runs a command and returns its exit code.
pub(super) fn run(arguments: Arguments) -> i32 {
    choose_color(arguments.color);
    match arguments.command {
        Subcommands::Launch { ha_instance_id } => super::launch(ha_instance_id),
        #[cfg(feature = "emulation")]
        Subcommands::Demo(demo) => emulated::demo(demo),
        #[cfg(feature = "emulation")]
        Subcommands::Component { command: ComponentCommand::New { name, kind, dir } } => {
            emulated::new_component(&name, kind, dir.as_deref())
        }
        #[cfg(feature = "emulation")]
        Subcommands::Component { command: ComponentCommand::Test { dir, config, timeout, junit, format, keep } } => {
            emulated::test_component(&dir, config.as_deref(), timeout, (junit.as_deref(), format), keep)
        }
        #[cfg(feature = "emulation")]
        Subcommands::Component { command: ComponentCommand::Conform { dir, run, vendor, config, timeout, format } } => {
            emulated::conform(&dir, run.then_some((config.as_deref(), timeout)), vendor.as_deref(), format)
        }
        Subcommands::Component { command: ComponentCommand::Run { name, ha_instance, config, watch, verbose } } => {
            let config = config.map(|config| absolute_config(&config));
            run_component(ha_instance, config, Foreground { name, watch, verbose })
        }
        Subcommands::Component { command: ComponentCommand::Package(command) } => super::package::run(command),
        #[cfg(feature = "emulation")]
        Subcommands::Console(console) => emulated::console(console),
        #[cfg(feature = "emulation")]
        Subcommands::Panel(panel) => emulated::panel(&panel),
        #[cfg(feature = "emulation")]
        Subcommands::Status(status) => super::status::run(&status),
        Subcommands::Chart(chart) => super::chart::run(&chart),
        Subcommands::Events(events) => super::seeing::events(&events),
        Subcommands::Logs(logs) => super::seeing::logs(&logs),
        Subcommands::Why(why) => super::seeing::why(&why),
        Subcommands::Explain(explain) => super::seeing::explain(&explain),
        Subcommands::Start(instances) => operate::instances(&instances, Operation::Start),
        Subcommands::Stop(instances) => operate::instances(&instances, Operation::Stop),
        Subcommands::Launcher(launcher) => operate::launcher(&launcher),
        #[cfg(feature = "emulation")]
        Subcommands::Jcl(jcl) => emulated::jcl(&jcl),
        Subcommands::Check { config, format, installation, .. } if installation.zos_install => {
            super::support::check_installation(&installation, config.as_deref(), format)
        }
        Subcommands::Check { ha_instance, config, format, compare_zwelnch: true, all, .. } => {
            compare_zwelnch(&ha_instance, config.as_deref(), format, all)
        }
        #[cfg(feature = "emulation")]
        Subcommands::Check { ha_instance, config, format, startup, system, .. } => {
            let systems = || emulated::systems_here(system.as_deref());
            check(&ha_instance, config.as_deref(), format, startup.then_some(&systems))
        }
        #[cfg(not(feature = "emulation"))]
        Subcommands::Check { ha_instance, config, format, startup, .. } => {
            let systems = || Ok(vec![NativePlatform::for_command().sysname()]);
            check(&ha_instance, config.as_deref(), format, startup.then_some(&systems))
        }
        Subcommands::Config { selection, format, path, origin, show_secrets } => inspected(&selection, |loaded, _| {
            let format = match format {
                Format::Yaml => inspect::Format::Yaml,
                Format::Json => inspect::Format::Json,
            };
            let overlaid = selection.ha_instance.is_some();
            let view = inspect::ConfigView { overlaid, format, path: path.as_deref(), show_secrets, origin };
            answered(loaded, |configuration| inspect::config(configuration, view))
        }),
        Subcommands::Env { selection, component, format, diff, show_secrets } => {
            env(&selection, component.as_deref(), diff.as_deref(), (format, show_secrets))
        }
        Subcommands::Plan { selection, format } => inspected(&selection, |loaded, _| match loaded {
            Ok(configuration) => {
                let platform = NativePlatform::for_command();
                match format {
                    ReportFormat::Text => {
                        let (text, code) = inspect::plan(&configuration, &platform);
                        document(&text);
                        code.into()
                    }
                    ReportFormat::Json => {
                        let (plan, code) = inspect::plan_json(&configuration, &platform);
                        data(&format!("{plan:#}"));
                        code.into()
                    }
                }
            }
            Err(error) => refused(&error),
        }),
        Subcommands::Ha { command: Ha::Compare(arguments) } => super::compare::run(arguments),
        Subcommands::Ha { command: Ha::Status { sysplex, balancer, format, watch } } => {
            availability::status(&sysplex, &balancer, matches!(format, ReportFormat::Json), watch)
        }
        Subcommands::Ha { command: Ha::Verify { sysplex, expectation, format } } => {
            availability::verify(&sysplex, &expectation, matches!(format, ReportFormat::Json))
        }
        Subcommands::Ha { command: Ha::Upgrade(upgrade) } => super::upgrade::upgrade(&upgrade),
        Subcommands::Ha { command: Ha::Rollout(rollout) } => super::rollout::rollout(&rollout),
        Subcommands::Ha { command: Ha::Haproxy(haproxy) } => super::ha::haproxy(&haproxy),
        Subcommands::Support(support) => super::support::run(&support),
        Subcommands::Generate { document: Generated::Man { command } } => match generate::man_page(super::command(), &command) {
            Ok(page) => {
                document(&page);
                0
            }
            Err(error) => fail(error),
        },
        Subcommands::Generate { document: Generated::Schema { file } } => {
            let schema = match file {
                Described::Manifest => config::settings::manifest_schema(),
                Described::Zowe => config::settings::zowe_schema(),
            };
            data(&format!("{schema:#}"));
            0
        }
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

/// The names of the systems on this machine, or the exit code after the reason.
type Systems<'a> = &'a dyn Fn() -> Result<Vec<String>, i32>;

/// The report; on a terminal with source lines. `startup`: the start-up checks too, of these systems.
fn check(named: &[String], config: Option<&str>, format: ReportFormat, startup: Option<Systems<'_>>) -> i32 {
    let platform = NativePlatform::for_command();
    let (config_text, sources) = match sources(config) {
        Ok(sources) => sources,
        Err(code) => return code,
    };
    let named: Vec<config::HaInstance> = named.iter().map(|id| config::ha_instance(id, &platform)).collect();
    let report = match startup {
        Some(systems) => {
            let systems = match systems() {
                Ok(systems) => systems,
                Err(code) => return code,
            };
            match inspect::startup_checks(Arc::new(NativePlatform::for_command()), config_text) {
                Ok(check) => inspect::check(&sources, &named, &platform, Some(inspect::StartupChecks { check: &check, systems: &systems })),
                Err(error) => return fail(error),
            }
        }
        None => inspect::check(&sources, &named, &platform, None),
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
fn env(selection: &Selection, component: Option<&str>, diff: Option<&str>, (format, show_secrets): (ReportFormat, bool)) -> i32 {
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
        answered(loaded, |configuration| {
            let first = seen(configuration)?;
            let second = other.as_ref().map(seen).transpose()?;
            Ok(match (&second, format) {
                (None, ReportFormat::Text) => inspect::environment(&first, show_secrets),
                (Some(second), ReportFormat::Text) => inspect::difference(&first, second, show_secrets),
                (None, ReportFormat::Json) => escaped(&format!("{:#}", inspect::environment_json(&first, show_secrets))).into_owned(),
                (Some(second), ReportFormat::Json) => {
                    escaped(&format!("{:#}", inspect::difference_json(&first, second, show_secrets))).into_owned()
                }
            })
        })
    })
}
