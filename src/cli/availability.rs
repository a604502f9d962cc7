//! `zwelnch ha status`, `verify` and `upgrade`.

use super::arguments::{Expectation, Reach, Sysplex, Upgrade};
use super::bounded::bounded;
use super::configuration::{NO_CONFIGURATION, absolute_config};
use super::native::Console;
use super::terminal::{data, document, drawn, fail, fail_with, terminal};
use crate::ha::ask::{self, Access, PemFiles};
use crate::ha::operator::Operator;
use crate::ha::target::{self, Named, Target};
use crate::ha::traffic::haproxy::HaProxy;
use crate::ha::traffic::vary::Vary;
use crate::ha::traffic::{Traffic, TrafficError};
use crate::ha::upgrade::world::{Run, Site};
use crate::ha::upgrade::{self, Approval, Patience, Progress, Step, UpgradeError, UpgradeOutcome, plan, record};
use crate::ha::{status as ha_status, verify as ha_verify};
use crate::launcher::Start;
use crate::message::Message;
use crate::output::printable;
use crate::platform::NativePlatform;
use crate::platform::unix::process::inherited_environment;
use std::io::{self, BufRead};
use std::time::{Duration, Instant};

/// Exit code of `ha status` when something is not well.
const DEGRADED: i32 = 4;

/// Exit code of an upgrade that stands in the middle.
const HALTED: i32 = 12;

const NOTHING_TO_ROLL_BACK: &str =
    "no upgrade is under way that could be rolled back: one that is done is undone by an upgrade in the other direction";

/// Between two looks at an instance on its way up or down, in an upgrade.
const INTERVAL: Duration = Duration::from_millis(500);

/// `[ID=]CONFIG`: an id has no slash, parenthesis or dot before the equals sign.
fn named(text: &str) -> Named {
    match text.split_once('=') {
        Some((id, config)) if !id.is_empty() && !id.contains(['/', '(', '.']) => {
            Named { id: Some(id.to_owned()), config: absolute_config(config) }
        }
        _ => Named { id: None, config: absolute_config(text) },
    }
}

fn pem_files(reach: &Reach) -> PemFiles {
    PemFiles { certificate: reach.certificate.clone(), key: reach.key.clone(), authorities: reach.ca.clone() }
}

fn reached(targets: Vec<Target>, reach: &Reach) -> Result<Vec<(Target, Access)>, i32> {
    let files = pem_files(reach);
    let mut failed = 0;
    let mut reached = Vec::new();
    for target in targets {
        match Access::of(&target, &files) {
            Ok(access) => reached.push((target, access)),
            Err(error) => failed = failed.max(fail(error)),
        }
    }
    if failed == 0 { Ok(reached) } else { Err(failed) }
}

/// The instances that a command line names, and how each is asked.
fn sysplex(arguments: &Sysplex) -> Result<Vec<(Target, Access)>, i32> {
    let configs = match arguments.config.as_slice() {
        [] => Start::from_environment(Vec::new(), None).config.into_iter().map(|config| Named { id: None, config }).collect(),
        given => given.iter().map(|text| named(text)).collect::<Vec<_>>(),
    };
    if configs.is_empty() {
        return Err(fail(NO_CONFIGURATION));
    }
    let platform = NativePlatform::for_command();
    let targets = target::targets(&configs, &platform).map_err(|error| fail_with(&error.messages()))?;
    reached(targets, &arguments.reach)
}

fn console_for(targets: &[(Target, Access)], reach: &Reach) -> Result<Console, i32> {
    let runtime = targets.first().and_then(|(target, _)| target.configuration.runtime_directory());
    Console::open(reach.system(), runtime.as_deref()).map_err(fail)
}

pub(super) fn status(arguments: &Sysplex, json: bool, watch: Option<Duration>) -> i32 {
    let (targets, console) =
        match sysplex(arguments).and_then(|targets| console_for(&targets, &arguments.reach).map(|console| (targets, console))) {
            Ok(both) => both,
            Err(code) => return code,
        };
    let operator = console.operator();
    let on_terminal = terminal().is_some();
    loop {
        let all = ha_status::gather(&targets, &*operator, ask::TIMEOUT);
        let code = if all.iter().all(ha_status::InstanceStatus::is_good) { 0 } else { DEGRADED };
        let is_read = match (json, watch) {
            (true, None) => data(&serde_json::to_string_pretty(&ha_status::json(&all)).unwrap_or_default()),
            // One document a line.
            (true, Some(_)) => data(&ha_status::json(&all).to_string()),
            (false, None) => document(&ha_status::table(&all)),
            (false, Some(_)) => {
                let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
                let clear = if on_terminal { "\u{1b}[H\u{1b}[2J" } else { "" };
                drawn(&format!("{clear}{now}\n{}", printable(&ha_status::table(&all))))
            }
        };
        let Some(interval) = watch.filter(|_| is_read) else { return code };
        std::thread::sleep(interval.max(Duration::from_millis(100)));
    }
}

pub(super) fn verify(arguments: &Sysplex, expectation: &Expectation) -> i32 {
    let begun = Instant::now();
    bounded(expectation.timeout, || verify_until(arguments, expectation, begun.checked_add(expectation.timeout)))
}

/// `deadline`: None where it lies beyond all clocks.
fn verify_until(arguments: &Sysplex, expectation: &Expectation, deadline: Option<Instant>) -> i32 {
    let reached = match sysplex(arguments) {
        Ok(reached) => reached,
        Err(code) => return code,
    };
    let given = expectation.expect.iter().cloned().collect();
    let expected = ha_verify::expected(reached.iter().map(|(target, _)| target), &given);
    let reached: Vec<(&Target, &Access)> = reached.iter().map(|(target, access)| (target, access)).collect();
    let findings = ha_verify::wait(&reached, &expected, deadline, |findings| {
        document(&format!("waiting: {}", findings.differences.join("\n         ")));
    });
    for view in &findings.views {
        document(view);
    }
    if findings.differences.is_empty() {
        let shown: Vec<String> = expected.iter().map(|(service, count)| format!("{service} {count}")).collect();
        document(&format!(
            "The Discovery Services agree; expected and there: {}",
            if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
        ));
        return 0;
    }
    findings.differences.iter().map(fail).max().unwrap_or(8)
}

/// Everything that is read for an upgrade before anything is done.
struct Prepared {
    console: Console,
    old: (Target, Access),
    new: (Target, Access),
    peers: Vec<(Target, Access)>,
    upgrade: record::Upgrade,
    /// Why it must not begin.
    refusals: Vec<String>,
}

fn prepare(arguments: &Upgrade) -> Result<Prepared, i32> {
    let platform = NativePlatform::for_command();
    let (old_config, new_config) = (absolute_config(&arguments.old), absolute_config(&arguments.new));
    let one = |config: &str, member: &Option<String>| -> Result<Target, target::TargetError> {
        let whole = target::load(config, &platform)?;
        let mut target = Target::new(config, &whole, &arguments.id)?;
        if let Some(member) = member {
            target.member = member.to_uppercase();
        }
        Ok(target)
    };
    let peers = || -> Result<Vec<Target>, target::TargetError> {
        let mut peers = Vec::new();
        for peer in arguments.peer.iter().map(|text| named(text)) {
            let whole = target::load(&peer.config, &platform)?;
            let ids = peer.id.map_or_else(|| target::others(&whole, &arguments.id), |id| vec![id]);
            for id in ids {
                peers.push(Target::new(&peer.config, &whole, &id)?);
            }
        }
        Ok(peers)
    };
    // Everything that cannot be read is told at once.
    let (old, new, peers) = match (one(&old_config, &arguments.old_member), one(&new_config, &arguments.new_member), peers()) {
        (Ok(old), Ok(new), Ok(peers)) => (old, new, peers),
        (old, new, peers) => {
            let errors = [old.err(), new.err(), peers.err()];
            let mut messages: Vec<Message> = errors.into_iter().flatten().flat_map(|error| error.messages()).collect();
            messages.dedup_by_key(|message| message.text().to_owned());
            return Err(fail_with(&messages));
        }
    };
    let console = Console::open(arguments.reach.system(), peers.first().and_then(|peer| peer.configuration.runtime_directory()).as_deref());
    let console = console.map_err(fail)?;
    let refusals = plan::refusals(&old, &new, &peers.iter().collect::<Vec<_>>(), &console.operator().sysname(), &arguments.accept);
    let upgrade = record::Upgrade {
        id: new.id.clone(),
        old: old_config,
        new: new_config,
        peers: peers.iter().map(|peer| format!("{}={}", peer.id, peer.config)).collect(),
    };
    let mut instances = reached(vec![old, new], &arguments.reach)?;
    let (new, old) = match (instances.pop(), instances.pop()) {
        (Some(new), Some(old)) => (new, old),
        _ => return Err(8),
    };
    Ok(Prepared { console, old, new, peers: reached(peers, &arguments.reach)?, upgrade, refusals })
}

pub(super) fn upgrade(arguments: &Upgrade) -> i32 {
    let Prepared { console, old, new, peers, upgrade, refusals } = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let operator = console.operator();
    let traffic = match traffic(arguments, &new.0, &peers, &*operator) {
        Ok(traffic) => traffic,
        Err(error) => return fail(error),
    };
    let patience = Patience {
        drain: arguments.drain,
        stop: arguments.stop_timeout,
        ready: arguments.ready_timeout,
        rollback: arguments.rollback_timeout,
        verify: arguments.expectation.timeout,
        interval: INTERVAL,
    };
    let site = Site {
        operator: &*operator,
        traffic: &*traffic,
        old,
        new,
        peers,
        accepted: arguments.accept.clone(),
        expected: arguments.expectation.expect.iter().cloned().collect(),
    };
    let path = match arguments.state.clone().map_or_else(|| record::default_path(&upgrade, &inherited_environment()), Ok) {
        Ok(path) => path,
        Err(error) => return fail(error),
    };
    let under_way = match record::look(&path, &upgrade) {
        Ok(progress) => progress,
        Err(error) => return fail(error),
    };
    match under_way {
        // An upgrade that was begun must be brought to an end, even if the plan would be refused now.
        Some(_) => refusals.iter().for_each(|refusal| {
            document(&format!("Worth knowing: {refusal}"));
        }),
        None if arguments.rollback => return fail(NOTHING_TO_ROLL_BACK),
        None if refusals.is_empty() => {}
        None => {
            let code = refusals.iter().map(fail).max().unwrap_or(8);
            document("Refused; nothing was changed.");
            return code;
        }
    }
    if arguments.plan {
        document(&plan::describe(&site, &patience));
        if let Some(progress) = under_way {
            document(&format!("An upgrade is under way: {}.", shown(progress)));
        }
        return 0;
    }
    let (record, progress) = match record::UpgradeRecord::open(&path, &upgrade, &NativePlatform::for_command()) {
        Ok(opened) => opened,
        Err(error) => return fail(error),
    };
    let id = site.new.0.id.clone();
    let mut say = |line: &str| {
        document(line);
    };
    let mut approve = |title: &str| if arguments.step { ask_for(title) } else { Approval::Go };
    let mut run = Run { site, record, say: &mut say, approve: &mut approve, begun: Instant::now() };
    let outcome = match (arguments.rollback, progress) {
        (true, None) => return fail(NOTHING_TO_ROLL_BACK),
        (true, Some(Progress::Forward(step) | Progress::Back(step))) => {
            upgrade::roll_back(&mut run, step, UpgradeError::AskedFor, &patience)
        }
        (false, Some(progress @ Progress::Back(step))) => {
            document(&format!("An upgrade is under way: {}. Going on.", shown(progress)));
            upgrade::roll_back(&mut run, step, UpgradeError::BegunBefore, &patience)
        }
        (false, Some(progress @ Progress::Forward(step))) => {
            document(&format!("An upgrade is under way: {}. Going on.", shown(progress)));
            upgrade::run(&mut run, step, &patience, !arguments.no_rollback)
        }
        (false, None) => upgrade::run(&mut run, Step::Check, &patience, !arguments.no_rollback),
    };
    conclude(&id, outcome)
}

fn conclude(id: &str, outcome: UpgradeOutcome) -> i32 {
    match outcome {
        UpgradeOutcome::Done => {
            document(&format!("Done: the new {id} serves."));
            0
        }
        UpgradeOutcome::RolledBack(why) => {
            document(&format!("Rolled back: the old {id} serves again."));
            fail(why)
        }
        UpgradeOutcome::Refused(why) => {
            document("Refused; nothing was changed.");
            fail(why)
        }
        UpgradeOutcome::Halted(why) => {
            fail(why);
            document("Halted. The same command goes on from here; with --rollback it brings the old instance back.");
            HALTED
        }
    }
}

fn shown(progress: Progress) -> String {
    match progress {
        Progress::Forward(step) => format!("it has come to step {}, {}", step.number(), step.title()),
        Progress::Back(step) => format!("it is being rolled back from step {}", step.number()),
    }
}

fn traffic<'a>(
    arguments: &Upgrade,
    new: &Target,
    peers: &[(Target, Access)],
    operator: &'a dyn Operator,
) -> Result<Box<dyn Traffic + 'a>, TrafficError> {
    let server = || arguments.server.clone().unwrap_or_else(|| new.id.clone());
    if let (Some(socket), Some(backend)) = (&arguments.haproxy, &arguments.backend) {
        return Ok(Box::new(HaProxy::new(socket, backend, &server())?));
    }
    let port = new.port("gateway").ok_or_else(|| TrafficError::NoPort { id: new.id.clone() })?;
    let peers = peers.iter().filter_map(|(peer, _)| Some((peer.sysname.clone(), peer.port("gateway")?))).collect();
    Ok(Box::new(Vary { operator, sysname: new.sysname.clone(), stack: arguments.stack.clone(), port, job_name: None, peers }))
}

/// Asks on the terminal; no answer is a no.
fn ask_for(title: &str) -> Approval {
    loop {
        document(&format!("Next: {title}. Go on? [y]es, [n]o, [r]oll back"));
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(length) if length > 0 => {}
            _ => return Approval::Stop,
        }
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return Approval::Go,
            "n" | "no" => return Approval::Stop,
            "r" | "rollback" | "roll back" => return Approval::RollBack,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_may_be_given_an_id() {
        let parsed = |text: &str| {
            let Named { id, config } = named(text);
            (id, config)
        };
        assert_eq!(parsed("lpar1=/a/zowe.yaml"), (Some("lpar1".into()), "/a/zowe.yaml".into()));
        assert_eq!(parsed("FILE(/a=b)"), (None, "FILE(/a=b)".into()));
        assert_eq!(parsed("/a=b/zowe.yaml"), (None, "/a=b/zowe.yaml".into()));
    }
}
