//! The commands that there are off z/OS only.

use super::arguments::{ConformFormat, Console, Demo, DemoCommand, Jcl, NewKind, Panel, ReportFormat, Service, Shape};
use super::jobs::open_system;
use super::terminal::{data, document, fail, terminal};
use crate::demo::{self, layout, service};
use crate::develop;
use crate::mvs;
use crate::mvs::console::{ConsoleEnd, ConsoleOutcome, end_by};
use crate::platform::{NativePlatform, Platform};
use crate::system::SystemDirectory;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// `demo`, and the services of the sample instance.
pub(super) fn demo(demo: Demo) -> i32 {
    match demo.command {
        Some(service) => run_service(service),
        None => run_demo(&demo),
    }
}

pub(super) fn new_component(name: &str, kind: Option<NewKind>, directory: Option<&Path>) -> i32 {
    let kind = match kind {
        None => develop::Kind::Minimal,
        Some(NewKind::Node) => develop::Kind::Node,
        Some(NewKind::Python) => develop::Kind::Python,
        Some(NewKind::Java) => develop::Kind::Java,
        Some(NewKind::Static) => develop::Kind::Static,
        Some(NewKind::Library) => develop::Kind::Library,
        Some(NewKind::App) => develop::Kind::App,
    };
    match develop::new_component(name, kind, directory) {
        Ok(made) => {
            document(&made.next_steps());
            0
        }
        Err(error) => fail(error),
    }
}

/// `component conform`. `run`: the configuration and the time for a run of it.
pub(super) fn conform(directory: &Path, run: Option<(Option<&Path>, Duration)>, vendor: Option<&str>, format: ConformFormat) -> i32 {
    let mut observation = None;
    if let Some((config, limit)) = run {
        let Some(program) = crate::platform::unix::program::path() else { return fail("the path of this program is not known") };
        let interrupted = match until_interrupted() {
            Ok(interrupted) => interrupted,
            Err(error) => return fail(error),
        };
        let request = develop::TrialRequest { directory, config, program, limit, keep: false, interrupted };
        match develop::observe(&request) {
            Ok(seen) => observation = Some(seen),
            Err(error) => return fail(error),
        }
        if let Some(Err(why)) = observation.as_ref().map(|seen| &seen.ready) {
            return fail(format!("it did not come up, so that it cannot be judged by running it: {why}"));
        }
    }
    match develop::conform(directory, vendor, observation) {
        Ok(report) => {
            match format {
                ConformFormat::Text => document(&report.text()),
                ConformFormat::Json => data(&format!("{:#}", report.json())),
                ConformFormat::Markdown => document(&report.markdown()),
            };
            report.exit_code()
        }
        Err(error) => fail(error),
    }
}

/// Becomes true when somebody wants to end this program, which then has to put away what it has made.
fn until_interrupted() -> std::io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&interrupted);
    crate::platform::unix::on_ending(move || seen.store(true, Ordering::Relaxed))?;
    Ok(interrupted)
}

/// `component test`. Ctrl-C stops the throw-away instance before this program ends.
pub(super) fn test_component(
    directory: &Path,
    config: Option<&Path>,
    limit: Duration,
    (junit, format): (Option<&Path>, ReportFormat),
    keep: bool,
) -> i32 {
    let Some(program) = crate::platform::unix::program::path() else { return fail("the path of this program is not known") };
    let interrupted = match until_interrupted() {
        Ok(interrupted) => interrupted,
        Err(error) => return fail(error),
    };
    let request = develop::TrialRequest { directory, config, program, limit, keep, interrupted };
    let is_text = matches!(format, ReportFormat::Text);
    let report = develop::test_component(&request, &mut |case| {
        if is_text {
            document(&case.text());
        }
    });
    let report = match report {
        Ok(report) => report,
        Err(error) => return fail(error),
    };
    if is_text {
        document(&report.summary());
    } else {
        data(&format!("{:#}", report.json()));
    }
    if let Some(path) = junit {
        if let Err(error) = crate::platform::files::write_atomically(path, report.junit().as_bytes(), 0o640) {
            return fail(format!("'{}': {error}", path.display()));
        }
    }
    report.exit_code()
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

/// The systems that run on this machine: those of the sysplex of a system directory. Where no directory is named and there is none, the
/// machine itself is one.
pub(super) fn systems_here(path: Option<&Path>) -> Result<Vec<String>, i32> {
    match (SystemDirectory::if_there(path), path) {
        (Some(system), _) => Ok(system.sysplex().0.into_keys().collect()),
        (None, Some(path)) => Err(fail(format!(
            "'{}' is no system directory, as `zwelnch demo --dir` or `zwelnch console --system` make one",
            path.display()
        ))),
        (None, None) => Ok(vec![NativePlatform::for_command().sysname()]),
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
        return ended.map_or_else(|code| code, super::panel::end_of);
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
