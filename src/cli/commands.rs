//! Each command's one call into floor 4.

use super::arguments::{
    Arguments, Command, ComponentCommand, Console, Demo, DemoCommand, Format, Generated, Ha, Internal, ReportFormat, Selection, Service,
    Shape,
};
use super::availability;
use super::configuration::{NO_CONFIGURATION, absolute_config, answered, inspected, open_system, refused, sources};
use super::generate;
use super::operate;
use super::terminal::{document, fail, terminal};
use crate::component;
use crate::config::{self, Configuration};
use crate::demo::{self, layout, service};
use crate::develop;
use crate::ha::operate::Operation;
use crate::inspect;
use crate::launcher::{self, Foreground, Start};
use crate::mvs;
use crate::platform::NativePlatform;
use crate::system::SystemDirectory;
use std::sync::Arc;
use std::time::Duration;

/// Runs a command and returns its exit code.
pub(super) fn run(arguments: Arguments) -> i32 {
    match arguments.command {
        Command::Launch { ha_instance_id } => super::launch(ha_instance_id),
        Command::Demo(Demo { command: Some(service), .. }) => run_service(service),
        Command::Demo(demo) => run_demo(&demo),
        Command::Component { command: ComponentCommand::New { name, dir } } => match develop::new_component(&name, dir.as_deref()) {
            Ok(made) => {
                document(&made.next_steps());
                0
            }
            Err(error) => fail(error),
        },
        Command::Component { command: ComponentCommand::Run { name, ha_instance, config, watch } } => {
            let config = config.map(|config| absolute_config(&config));
            run_component(ha_instance, config, Foreground { name, watch })
        }
        Command::Console(console) => run_console(console),
        Command::Status(status) => super::status::run(&status),
        Command::Start(instances) => operate::instances(&instances, Operation::Start),
        Command::Stop(instances) => operate::instances(&instances, Operation::Stop),
        Command::Launcher(launcher) => operate::launcher(&launcher),
        Command::Jcl { list: true, .. } => {
            document(&mvs::member_list());
            0
        }
        Command::Jcl { member, set_config, set, .. } => {
            match mvs::member(&member, &mvs::Edit { config: set_config.as_deref(), symbols: &set }) {
                Ok(text) => {
                    document(&text);
                    0
                }
                Err(error) => fail(error),
            }
        }
        Command::Check { ha_instance, config, format, compare_zwelnch: true, all, .. } => {
            compare_zwelnch(&ha_instance, config.as_deref(), format, all)
        }
        Command::Check { ha_instance, config, format, startup, .. } => check(&ha_instance, config.as_deref(), format, startup),
        Command::Config { selection, format, path, origin, show_secrets } => inspected(&selection, |loaded, _| {
            let format = match format {
                Format::Yaml => inspect::Format::Yaml,
                Format::Json => inspect::Format::Json,
            };
            let overlaid = selection.ha_instance.is_some();
            let view = inspect::ConfigView { overlaid, format, path: path.as_deref(), show_secrets, origin };
            answered(loaded, |configuration| inspect::config(configuration, view))
        }),
        Command::Env { selection, component, diff, show_secrets } => env(&selection, component.as_deref(), diff.as_deref(), show_secrets),
        Command::Plan(selection) => inspected(&selection, |loaded, _| match loaded {
            Ok(configuration) => {
                let (text, code) = inspect::plan(&configuration, &NativePlatform::for_command());
                document(&text);
                code.into()
            }
            Err(error) => refused(&error),
        }),
        Command::Ha { command: Ha::Compare(arguments) } => super::compare::run(arguments),
        Command::Ha { command: Ha::Status { sysplex, format, watch } } => {
            availability::status(&sysplex, matches!(format, ReportFormat::Json), watch)
        }
        Command::Ha { command: Ha::Verify { sysplex, expectation } } => availability::verify(&sysplex, &expectation),
        Command::Ha { command: Ha::Upgrade(upgrade) } => availability::upgrade(&upgrade),
        Command::Ha { command: Ha::Haproxy(haproxy) } => super::ha::haproxy(&haproxy),
        Command::Generate { document: Generated::Man { command } } => match generate::man_page(super::command(), &command) {
            Ok(page) => {
                document(&page);
                0
            }
            Err(error) => fail(error),
        },
        Command::Generate { document: Generated::Completion { shell } } => {
            document(&generate::completion(super::command(), shell));
            0
        }
        Command::Internal { command: Internal::Initiator { job_directory } } => mvs::initiator::run(&job_directory),
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

/// A number of seconds that cannot be used becomes a day.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or(Duration::from_secs(86_400))
}

fn run_service(command: DemoCommand) -> i32 {
    let DemoCommand::Service { kind, name, port, url, every, after, state, text, host, register, peer, renew, shape, deaf, version } =
        command;
    let shape = match shape {
        Shape::List => service::Shape::List,
        Shape::Object => service::Shape::Object,
    };
    let (every, after, renew) = (seconds(every), seconds(after), seconds(renew));
    let options =
        service::ServiceOptions { name, port, url, every, after, state, text, host, register, peers: peer, renew, shape, deaf, version };
    service::run(service_kind(kind), &options)
}

fn service_kind(kind: Service) -> service::ServiceKind {
    match kind {
        Service::Http => service::ServiceKind::Http,
        Service::Pinger => service::ServiceKind::Pinger,
        Service::Flaky => service::ServiceKind::Flaky,
        Service::Echo => service::ServiceKind::Echo,
        Service::Discovery => service::ServiceKind::Discovery,
        Service::Gateway => service::ServiceKind::Gateway,
    }
}

/// Lays out the sample instance, starts it and runs its console; at the end, what it started is stopped.
fn run_demo(arguments: &Demo) -> i32 {
    let Some(program) = crate::platform::unix::program::path() else { return fail("the path of this program is not known") };
    let member = |config: &str| mvs::jcl_member(Some(config)).map_err(std::io::Error::other);
    let options = layout::LayoutOptions { program, port_base: arguments.port_base, member: &member, sysplex: arguments.sysplex };
    let layout = match layout::lay_out(&arguments.dir, &options) {
        Ok(layout) => layout,
        Err(error) => return fail(error),
    };
    let system = match SystemDirectory::open(Some(&layout.directory)) {
        Ok(system) => system,
        Err(error) => return fail(error),
    };
    let mut job = "ZWESLSTC";
    let mut first_commands = vec!["S ZWESLSTC,HAINST=lpar1".to_owned()];
    if arguments.sysplex {
        job = "ZWE1SV";
        first_commands = vec![
            "S ZWESLSTC,HAINST=lpar1,JOBNAME=ZWE1SV".to_owned(),
            format!("RO {},S ZWESLSTC,HAINST=lpar2,JOBNAME=ZWE1SV2", layout::SECOND_SYSNAME),
        ];
    }
    let options = mvs::console::ConsoleOptions {
        job: Some(job.to_owned()),
        banner: demo::banner(&layout, job),
        first_commands,
        stop_at_end: true,
        ..mvs::console::ConsoleOptions::default()
    };
    interactive(&system, &options)
}

fn interactive(system: &SystemDirectory, options: &mvs::console::ConsoleOptions) -> i32 {
    match mvs::console::interactive(system, options) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => fail(error),
    }
}

fn run_console(console: Console) -> i32 {
    let system = match open_system(console.system.system.as_deref()) {
        Ok(system) => system,
        Err(code) => return code,
    };
    if console.command.is_empty() {
        let options = mvs::console::ConsoleOptions { job: console.system.job, ..mvs::console::ConsoleOptions::default() };
        return interactive(&system, &options);
    }
    let (lines, code) = mvs::console::one_shot(&system, console.system.job.as_deref(), &console.command.join(" "));
    document(&lines.join("\n"));
    code
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
    document(&match format {
        ReportFormat::Json => report.json(),
        ReportFormat::Text => match terminal() {
            Some(colour) => report.snippets(&platform, colour),
            None => report.text(),
        },
    });
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
    document(&match format {
        ReportFormat::Json => comparison.json(all),
        ReportFormat::Text => comparison.text(all),
    });
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
