//! The commands that there are off z/OS only.

use super::arguments::{Console, Demo, DemoCommand, Jcl, Panel, Service, Shape};
use super::jobs::open_system;
use super::terminal::{document, fail, terminal};
use crate::demo::{self, layout, service};
use crate::develop;
use crate::mvs;
use crate::mvs::console::{ConsoleEnd, ConsoleOutcome, end_by};
use crate::system::SystemDirectory;
use std::path::Path;
use std::time::Duration;

/// `demo`, and the services of the sample instance.
pub(super) fn demo(demo: Demo) -> i32 {
    match demo.command {
        Some(service) => run_service(service),
        None => run_demo(&demo),
    }
}

pub(super) fn new_component(name: &str, directory: Option<&Path>) -> i32 {
    match develop::new_component(name, directory) {
        Ok(made) => {
            document(&made.next_steps());
            0
        }
        Err(error) => fail(error),
    }
}

pub(super) fn jcl(arguments: &Jcl) -> i32 {
    if arguments.list {
        document(&mvs::member_list());
        return 0;
    }
    match mvs::member(&arguments.member, &mvs::Edit { config: arguments.set_config.as_deref(), symbols: &arguments.set }) {
        Ok(text) => {
            document(&text);
            0
        }
        Err(error) => fail(error),
    }
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

#[cfg(feature = "panel")]
pub(super) fn panel(arguments: &Panel) -> i32 {
    super::panel::run(arguments)
}

#[cfg(not(feature = "panel"))]
pub(super) fn panel(_: &Panel) -> i32 {
    super::terminal::fail_with(&[crate::message::panel_not_built()])
}

/// Lays out the sample instance, starts it and runs its console, or the panel; at the end, what it started is stopped.
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
    #[cfg(feature = "panel")]
    if !arguments.console && super::panel::may_open() {
        let directory = layout.directory.display();
        let welcome = vec![
            format!("The sample instance is in {directory}: change {}, the scripts, anything.", layout.configuration.display()),
            "? lists the keys, : gives a command, q leaves and stops it. `demo --console` is an operator console instead.".to_owned(),
        ];
        let ended = super::panel::demo(&system, &layout.configuration, job, first_commands, welcome);
        return ended.map_or_else(|code| code, end_of);
    }
    let options = mvs::console::ConsoleOptions {
        job: Some(job.to_owned()),
        banner: demo::banner(&layout, job),
        first_commands,
        stop_at_end: true,
        colour: terminal().unwrap_or(false),
        ..mvs::console::ConsoleOptions::default()
    };
    interactive(&system, &options)
}

fn interactive(system: &SystemDirectory, options: &mvs::console::ConsoleOptions) -> i32 {
    mvs::console::interactive(system, options).map_or_else(fail, end_of)
}

/// The exit code of a console, or the end by the signal that has ended it.
fn end_of(outcome: ConsoleOutcome) -> i32 {
    match outcome.end {
        ConsoleEnd::Signal(signal) => end_by(signal),
        ConsoleEnd::Quit | ConsoleEnd::EndOfInput => outcome.exit_code(),
    }
}

pub(super) fn console(console: Console) -> i32 {
    let system = match open_system(console.system.system.as_deref()) {
        Ok(system) => system,
        Err(code) => return code,
    };
    if console.command.is_empty() {
        let options = mvs::console::ConsoleOptions {
            job: console.system.job,
            colour: terminal().unwrap_or(false),
            ..mvs::console::ConsoleOptions::default()
        };
        return interactive(&system, &options);
    }
    if ["HELP", "?"].contains(&console.command.join(" ").trim().to_ascii_uppercase().as_str()) {
        document(&mvs::console::help(&system, console.system.job.as_deref(), false).join("\n"));
        return 0;
    }
    let (lines, code) = mvs::console::one_shot(&system, console.system.job.as_deref(), &console.command.join(" "));
    document(&lines.join("\n"));
    code
}
