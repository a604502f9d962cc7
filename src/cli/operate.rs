//! `start`, `stop`, `restart` and the like: operator commands made of words that a shell leaves alone. Without a component, `start` and
//! `stop` act on HA instances, otherwise on the component. HA instances are always named with `-i`, so that no word is ambiguous.

use super::address_error::AddressError;
use super::arguments::{Addressee, Instances, Launcher, Level, Waiting};
use super::bounded::bounded;
use super::configuration::whole_configuration;
use super::native::{Console, running_job, show_running};
use super::preparing::Watched;
use super::terminal::{document, fail, fail_with, progress as progress_line};
use crate::config::{Configuration, normalize_id};
use crate::console::{REFUSED, UNKNOWN, select};
use crate::ha::operate::{Addressed, Operation, Wanted, addressed};
use crate::ha::operator::Operator;
use crate::ha::status::{self, ComponentState};
use crate::launcher::Start;
use std::time::{Duration, Instant};

/// Between two looks at an instance on its way up or down: short at first, then longer, as each is an operator command.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// How long a job may take to be known after its START.
const JOB_KNOWN: Duration = Duration::from_secs(30);

/// States in which a component stays down.
const DOWN: [&str; 3] = ["stopped", "failed", "fatal"];

/// `start` and `stop`.
pub(super) fn instances(arguments: &Instances, operation: Operation) -> i32 {
    in_time(&arguments.waiting, operation == Operation::Start, |deadline| instances_until(arguments, operation, deadline))
}

/// Runs a command that may have to wait. `--timeout` counts from here, for all that it does.
fn in_time(waiting: &Waiting, is_start: bool, run: impl FnOnce(Deadline) -> i32) -> i32 {
    let minutes = if is_start { 10 } else { 5 };
    let limit = waiting.timeout.unwrap_or(Duration::from_secs(minutes * 60));
    let deadline = Deadline { begun: Instant::now(), limit };
    if waiting.wait { bounded(limit, || run(deadline)) } else { run(deadline) }
}

/// When a command is to have come to its end.
#[derive(Clone, Copy)]
struct Deadline {
    begun: Instant,
    limit: Duration,
}

impl Deadline {
    /// What a question may take: what is left, and a second for the last one.
    fn left(self) -> Duration {
        self.limit.saturating_sub(self.begun.elapsed()).max(Duration::from_secs(1))
    }
}

fn instances_until(arguments: &Instances, operation: Operation, deadline: Deadline) -> i32 {
    if !arguments.components.is_empty() {
        let verb = match operation {
            Operation::Start => "START",
            Operation::Stop => "STOP",
        };
        let text = format!("{verb}({})", arguments.components.join(","));
        let goal = if operation == Operation::Start { Goal::Ready } else { Goal::Down };
        return to_launchers(&arguments.addressee, &arguments.components, &text, arguments.waiting.wait.then_some((deadline, goal)));
    }
    let addressee = &arguments.addressee;
    // P needs no configuration where the job is known.
    if let (Operation::Stop, Some(_)) = (operation, &addressee.job) {
        if let Some(found) = running_job(addressee.system(), addressee.job.as_deref()) {
            return found.map_or_else(fail, |(console, jobs)| each(&*console.operator(), (&jobs, None), operation, arguments, deadline));
        }
    }
    let configuration = match whole_configuration(addressee.config.as_deref()) {
        Ok(configuration) => configuration,
        Err(code) => return code,
    };
    let console = match Console::open(addressee.system(), Some(&configuration), addressee.console_through.as_ref()) {
        Ok(console) => console,
        Err(error) => return fail(error),
    };
    let operator = console.operator();
    match addressed(&configuration, wanted(addressee, arguments.member.as_deref()), &operator.sysname()) {
        Ok(found) => {
            let code = each(&*operator, (&found, Some(&configuration)), operation, arguments, deadline);
            if operation == Operation::Stop && code == REFUSED {
                show_running(&console, &found);
            }
            code
        }
        Err(error) => fail_with(&error.messages()),
    }
}

/// `configuration`: where it is known.
fn each(
    operator: &dyn Operator,
    (found, configuration): (&[Addressed], Option<&Configuration>),
    operation: Operation,
    arguments: &Instances,
    deadline: Deadline,
) -> i32 {
    let own = operator.sysname();
    let mut code = 0;
    let mut begun = Vec::new();
    for instance in found {
        let limit = arguments.waiting.wait.then(|| deadline.left());
        let watched = Watched::begin(instance, configuration.filter(|_| operation == Operation::Start && arguments.waiting.wait));
        let issued = issue(operator, &instance.command(operation, &own), arguments.addressee.print, limit);
        code = code.max(issued);
        if issued == 0 {
            begun.push((instance, watched));
        }
    }
    if arguments.waiting.wait {
        let goal = if operation == Operation::Start { Goal::Ready } else { Goal::Ended };
        code = begun.into_iter().map(|(instance, watched)| wait(operator, (instance, watched), &[], goal, deadline)).fold(code, i32::max);
    }
    code
}

/// `restart`, `reload` and what else goes to launchers only.
pub(super) fn launcher(command: &Launcher) -> i32 {
    match command {
        Launcher::Restart { components, cascade, addressee, waiting } => {
            let text = format!("RESTART({}{})", components.join(","), if *cascade { ",CASCADE" } else { "" });
            in_time(waiting, true, |deadline| to_launchers(addressee, components, &text, waiting.wait.then_some((deadline, Goal::Ready))))
        }
        Launcher::Reload { check, addressee } => to_launchers(addressee, &[], if *check { "RELOAD,CHECK" } else { "RELOAD" }, None),
        Launcher::Disp { components, detail, addressee } => {
            let names = if components.is_empty() { String::new() } else { format!("({})", components.join(",")) };
            let text = match (detail, names.is_empty()) {
                (true, true) => "DISP,DETAIL(*)".to_owned(),
                (true, false) => format!("DISP,DETAIL{names}"),
                (false, _) => format!("DISP{names}"),
            };
            to_launchers(addressee, components, &text, None)
        }
        Launcher::Send { component, line, addressee } => {
            to_launchers(addressee, std::slice::from_ref(component), &format!("SEND({component},{})", line.join(" ")), None)
        }
        Launcher::Loglevel { level, addressee } => {
            let level = match level {
                Level::Debug => "debug",
                Level::Info => "info",
            };
            to_launchers(addressee, &[], &format!("LOGLEVEL({level})"), None)
        }
        Launcher::Logrotate { addressee } => to_launchers(addressee, &[], "LOGROTATE", None),
    }
}

/// Hands a text to the launchers that are meant.
fn to_launchers(addressee: &Addressee, components: &[String], text: &str, waiting: Option<(Deadline, Goal)>) -> i32 {
    let odd =
        |name: &&String| name.is_empty() || name.contains(|odd: char| "(),'".contains(odd) || odd.is_whitespace() || odd.is_control());
    if let Some(name) = components.iter().find(odd) {
        return fail(format!("'{}' is no name of a component: give names one after the other, with blanks between", name.escape_debug()));
    }
    let (console, found) = match launchers(addressee, components) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let operator = console.operator();
    let own = operator.sysname();
    let mut code = 0;
    for instance in &found {
        let command = match instance.modify(text, &own) {
            Ok(command) => command,
            Err(error) => return fail(error),
        };
        let issued = issue(&*operator, &command, addressee.print, waiting.map(|(deadline, _)| deadline.left()));
        code = code.max(issued);
        if let Some((deadline, goal)) = waiting.filter(|_| issued == 0) {
            code = code.max(wait(&*operator, (instance, Watched::begin(instance, None)), components, goal, deadline));
        }
    }
    code
}

/// The launchers that are meant: the named job, those that the configuration says, or the one job that runs.
fn launchers(addressee: &Addressee, components: &[String]) -> Result<(Console, Vec<Addressed>), i32> {
    let by_configuration = !addressee.ids.is_empty() || addressee.all || addressee.config.is_some();
    let has_configuration = addressee.config.is_some() || Start::from_environment(Vec::new(), None).config.is_some();
    // If it does not load, that is an error only if it is needed.
    let configuration = if by_configuration { Some(whole_configuration(addressee.config.as_deref())?) } else { None };
    let at_hand = match &configuration {
        None if has_configuration => super::configuration::readable_configuration(addressee.config.as_deref()),
        _ => None,
    };
    refuse_instances(components, configuration.as_ref().or(at_hand.as_ref())).map_err(fail)?;
    if !by_configuration {
        match running_job(addressee.system(), addressee.job.as_deref()) {
            Some(Ok(found)) => return Ok(found),
            // The configuration may know better: it can name a job of another system.
            Some(Err(why)) if addressee.job.is_some() || !has_configuration => return Err(fail(why)),
            _ => {}
        }
    }
    let configuration = match configuration.or(at_hand) {
        Some(configuration) => configuration,
        None => whole_configuration(addressee.config.as_deref())?,
    };
    let console = Console::open(addressee.system(), Some(&configuration), addressee.console_through.as_ref()).map_err(fail)?;
    let found = addressed(&configuration, wanted(addressee, None), &console.operator().sysname());
    Ok((console, found.map_err(|error| fail_with(&error.messages()))?))
}

fn wanted<'a>(addressee: &'a Addressee, member: Option<&'a str>) -> Wanted<'a> {
    Wanted { ids: &addressee.ids, all: addressee.all, member, job: addressee.job.as_deref() }
}

/// Refuses the id of an HA instance in the place of a component, if the configuration is known.
fn refuse_instances(components: &[String], configuration: Option<&Configuration>) -> Result<(), AddressError> {
    let Some(configuration) = configuration else { return Ok(()) };
    let known = configuration.get(&["components"]).and_then(serde_json::Value::as_object);
    let is_component = |name: &str| known.is_some_and(|known| known.keys().any(|known| known.eq_ignore_ascii_case(name)));
    let ids = configuration.instance_ids();
    for name in components.iter().filter(|name| !is_component(name)) {
        if let Some(id) = ids.iter().find(|id| normalize_id(id) == normalize_id(name)) {
            return Err(AddressError::Instance { name: name.clone(), id: id.clone() });
        }
    }
    Ok(())
}

/// Issues a command and shows it with its answer; its exit code. `limit`: None: an answer may take as long as its launcher is at work.
fn issue(operator: &dyn Operator, command: &str, only_print: bool, limit: Option<Duration>) -> i32 {
    document(command);
    if only_print {
        return 0;
    }
    match operator.issue(command, limit) {
        Ok(answer) => {
            document(&answer.lines.join("\n"));
            match (answer.broken, answer.accepted) {
                (true, _) => UNKNOWN,
                (false, true) => 0,
                (false, false) => REFUSED,
            }
        }
        Err(error) => fail(error),
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// The components are ready.
    Ready,
    /// The components are down.
    Down,
    /// The job has ended.
    Ended,
}

/// How far an instance has come.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Reached,
    /// What is still missing.
    Missing(String),
    /// It will not be reached.
    Failed(String),
}

/// Pure: how far from the goal the components of a launcher are. `named`: names and patterns; none: all.
fn progress(components: &[ComponentState], named: &[String], goal: Goal) -> Progress {
    let names: Vec<&str> = components.iter().map(|component| component.name.as_str()).collect();
    let meant: Vec<&ComponentState> = match named {
        [] => components.iter().collect(),
        named => select(&names, named).found.into_iter().filter_map(|index| components.get(index)).collect(),
    };
    let show = |left: &[&ComponentState]| left.iter().map(|one| format!("{} ({})", one.name, one.state)).collect::<Vec<_>>().join(", ");
    match goal {
        Goal::Ended => Progress::Missing(match meant.iter().filter(|one| !DOWN.contains(&one.state.as_str())).count() {
            0 => "no component is left".to_owned(),
            left => format!("{left} of {} components are not down yet", meant.len()),
        }),
        _ if meant.is_empty() => Progress::Missing("no component runs yet".to_owned()),
        Goal::Down => {
            let left: Vec<&ComponentState> = meant.into_iter().filter(|one| !DOWN.contains(&one.state.as_str())).collect();
            if left.is_empty() { Progress::Reached } else { Progress::Missing(format!("not down: {}", show(&left))) }
        }
        Goal::Ready => {
            let given_up: Vec<&ComponentState> =
                meant.iter().filter(|one| matches!(one.state.as_str(), "failed" | "fatal")).copied().collect();
            if !given_up.is_empty() {
                return Progress::Failed(format!("{}: see SYSPRINT", show(&given_up)));
            }
            let all = meant.len();
            // Components that an operator has stopped do not count.
            let left: Vec<&ComponentState> =
                meant.into_iter().filter(|one| !one.ready && (one.state != "stopped" || !named.is_empty())).collect();
            if left.is_empty() {
                return Progress::Reached;
            }
            Progress::Missing(format!("{} of {all} components are ready, not yet: {}", all - left.len(), show(&left)))
        }
    }
}

/// Waits for an instance and shows its progress; returns the exit code.
fn wait(operator: &dyn Operator, (instance, mut watched): (&Addressed, Watched), named: &[String], goal: Goal, deadline: Deadline) -> i32 {
    let begun = Instant::now();
    let (mut was_active, mut last, mut pause) = (goal != Goal::Ready, String::new(), FIRST_PAUSE);
    let shown = instance.shown();
    loop {
        let now = match status::launcher_of(instance.sysname.as_deref(), &instance.job_name, operator, deadline.left()) {
            status::Launcher::Active(components) => {
                was_active = true;
                progress(&components, named, goal)
            }
            status::Launcher::NotActive if goal != Goal::Ready => Progress::Reached,
            status::Launcher::NotActive if was_active || begun.elapsed() > JOB_KNOWN => {
                Progress::Failed("it has ended by itself: see its SYSPRINT".to_owned())
            }
            status::Launcher::NotActive => Progress::Missing("its job is not known yet".to_owned()),
            status::Launcher::Unknown(why) => Progress::Missing(why),
        };
        let missing = match now {
            Progress::Reached => {
                let what = match goal {
                    Goal::Ready => "ready",
                    Goal::Down => "stopped",
                    Goal::Ended => "ended",
                };
                document(&format!("{shown}: {what}, after {}", crate::console::in_words(begun.elapsed())));
                return 0;
            }
            Progress::Failed(why) => return fail(format!("{shown}: {why}")),
            Progress::Missing(missing) => missing,
        };
        if missing != last {
            progress_line(&format!("{shown}: {missing}"));
            last = missing;
        }
        let left = deadline.limit.saturating_sub(deadline.begun.elapsed());
        if left.is_zero() {
            return fail(format!("{shown}: after {} it is not so far: {last}", crate::console::in_words(deadline.limit)));
        }
        watched.rest(pause.min(left), &shown);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn components(states: &[(&str, &str)]) -> Vec<ComponentState> {
        let one = |(name, state): &(&str, &str)| ComponentState {
            name: (*name).to_owned(),
            state: (*state).to_owned(),
            ready: *state == "ready",
        };
        states.iter().map(one).collect()
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn ready_means_every_component_that_is_wanted() {
        let all = components(&[("gateway", "ready"), ("zss", "running"), ("old", "stopped")]);
        let missing = Progress::Missing("2 of 3 components are ready, not yet: zss (running)".into());
        assert_eq!(progress(&all, &[], Goal::Ready), missing);
        assert_eq!(progress(&all, &names(&["GATE*"]), Goal::Ready), Progress::Reached);
        assert!(matches!(progress(&all, &names(&["old"]), Goal::Ready), Progress::Missing(_)), "it was asked for");
        assert!(matches!(progress(&[], &[], Goal::Ready), Progress::Missing(_)));
        let failed = components(&[("gateway", "ready"), ("zss", "fatal")]);
        assert_eq!(progress(&failed, &[], Goal::Ready), Progress::Failed("zss (fatal): see SYSPRINT".into()));
        assert_eq!(progress(&failed, &names(&["gateway"]), Goal::Ready), Progress::Reached);
    }

    #[test]
    fn down_and_ended() {
        let all = components(&[("gateway", "ready"), ("zss", "stopping"), ("old", "failed")]);
        assert_eq!(progress(&all, &names(&["zss", "old"]), Goal::Down), Progress::Missing("not down: zss (stopping)".into()));
        assert_eq!(progress(&all, &names(&["old"]), Goal::Down), Progress::Reached);
        assert_eq!(progress(&all, &[], Goal::Ended), Progress::Missing("2 of 3 components are not down yet".into()));
    }
}
