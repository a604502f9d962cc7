//! `zwelnch ha status`, `verify` and `upgrade`.

use super::arguments::{Balanced, Expectation, Reach, ReportFormat, Sysplex, Upgrade};
use super::bounded::bounded;
use super::configuration::{NO_CONFIGURATION, absolute_config};
use super::native::Console;
use super::terminal::{data, document, drawn, fail, fail_with, is_terminal, progress, say as say_message};
use crate::ha::ask::{self, Access, PemFiles};
use crate::ha::compare::running;
use crate::ha::lock::{self, Notice, Places, SysplexLock};
use crate::ha::operator::Operator;
use crate::ha::target::{self, Named, Target};
use crate::ha::traffic::haproxy::HaProxy;
use crate::ha::traffic::seen::Balancer;
use crate::ha::traffic::vary::Vary;
use crate::ha::traffic::{Traffic, TrafficError};
use crate::ha::upgrade::world::{Run, Site};
use crate::ha::upgrade::{self, Approval, Patience, Progress, Step, UpgradeError, UpgradeOutcome, plan, record};
use crate::ha::{status as ha_status, verify as ha_verify};
use crate::journal::{Edge, Event, Journal};
use crate::launcher::Start;
use crate::message::Message;
use crate::output::printable;
use crate::platform::text_streams::read_line;
use crate::platform::thread::{self, Stack};
use crate::platform::unix::process::inherited_environment;
use crate::platform::{NativePlatform, Platform};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Exit code of `ha status` when something is not well.
pub(super) const DEGRADED: i32 = 4;

/// Exit code of an upgrade that stands in the middle.
pub(super) const HALTED: i32 = 12;

const NOTHING_TO_ROLL_BACK: &str =
    "no upgrade is under way that could be rolled back: one that is done is undone by an upgrade in the other direction";

/// Between two looks at an instance on its way up or down, in an upgrade.
const INTERVAL: Duration = Duration::from_millis(500);

/// `[ID=]CONFIG`: an id has no slash, parenthesis or dot before the equals sign.
pub(super) fn named(text: &str) -> Named {
    match text.split_once('=') {
        Some((id, config)) if !id.is_empty() && !id.contains(['/', '(', '.']) => {
            Named { id: Some(id.to_owned()), config: absolute_config(config) }
        }
        _ => Named { id: None, config: absolute_config(text) },
    }
}

pub(super) fn pem_files(reach: &Reach) -> PemFiles {
    PemFiles { certificate: reach.certificate.clone(), key: reach.key.clone(), authorities: reach.ca.clone() }
}

pub(super) fn reached(targets: Vec<Target>, reach: &Reach) -> Result<Vec<(Target, Access)>, i32> {
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

/// Those that were given, else that of the environment.
pub(super) fn configs(given: &[String]) -> Result<Vec<Named>, i32> {
    let configs: Vec<Named> = match given {
        [] => Start::from_environment(Vec::new(), None).config.into_iter().map(|config| Named { id: None, config }).collect(),
        given => given.iter().map(|text| named(text)).collect(),
    };
    if configs.is_empty() { Err(fail(NO_CONFIGURATION)) } else { Ok(configs) }
}

/// The instances that a command line names, and how each is asked.
fn sysplex(arguments: &Sysplex) -> Result<Vec<(Target, Access)>, i32> {
    let platform = NativePlatform::for_command();
    let targets = target::targets(&configs(&arguments.config)?, &platform).map_err(|error| fail_with(&error.messages()))?;
    reached(targets, &arguments.reach)
}

fn console_for(targets: &[(Target, Access)], reach: &Reach) -> Result<Console, i32> {
    let configuration = targets.first().map(|(target, _)| &target.configuration);
    Console::open(reach.system(), configuration, reach.console_through.as_ref()).map_err(fail)
}

/// What no instance runs although it is configured.
fn idle(targets: &[(Target, Access)]) -> Vec<String> {
    running::idle_interfaces(&targets.iter().map(|(target, _)| &target.configuration).collect::<Vec<_>>())
}

/// The balancer that a command names, else the sysplex distributor.
fn balancer(balanced: &Balanced) -> Balancer {
    match (&balanced.haproxy, &balanced.backend) {
        (Some(socket), Some(backend)) => Balancer::Haproxy { socket: socket.clone(), backend: backend.clone() },
        _ => Balancer::Distributor { stack: balanced.stack.clone() },
    }
}

pub(super) fn status(arguments: &Sysplex, balanced: &Balanced, json: bool, watch: Option<Duration>) -> i32 {
    let (targets, console) =
        match sysplex(arguments).and_then(|targets| console_for(&targets, &arguments.reach).map(|console| (targets, console))) {
            Ok(both) => both,
            Err(code) => return code,
        };
    let operator = console.operator();
    let on_terminal = is_terminal();
    let platform = NativePlatform::for_command();
    let pair = balanced.haproxy.as_deref().zip(balanced.backend.as_deref());
    let places = Places::of(targets.iter().map(|(target, _)| target), pair);
    let balancer = balancer(balanced);
    let idle = idle(&targets);
    loop {
        let mut all = ha_status::gather(&targets, &*operator, ask::TIMEOUT);
        ha_status::add_traffic(&mut all, &targets, &*operator, &balancer);
        let seen = [&places, &places.of_rollouts()].map(|places| lock::look(places, &platform));
        let upgrades: Vec<String> = seen.iter().flatten().map(lock::Seen::to_string).collect();
        let table = || {
            let mut table = ha_status::table(&all);
            upgrades.iter().chain(&idle).for_each(|upgrade| table += &format!("{upgrade}\n"));
            table
        };
        let report = || {
            let mut report = ha_status::json(&all);
            report["upgrades"] = upgrades.clone().into();
            report["worthKnowing"] = idle.clone().into();
            report
        };
        let code = if all.iter().all(ha_status::InstanceStatus::is_good) { 0 } else { DEGRADED };
        let is_read = match (json, watch) {
            (true, None) => data(&serde_json::to_string_pretty(&report()).unwrap_or_default()),
            // One document a line.
            (true, Some(_)) => data(&report().to_string()),
            (false, None) => document(&table()),
            (false, Some(_)) => {
                let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
                let clear = if on_terminal { "\u{1b}[H\u{1b}[2J" } else { "" };
                drawn(&format!("{clear}{now}\n{}", printable(&table())))
            }
        };
        let Some(interval) = watch.filter(|_| is_read) else { return code };
        std::thread::sleep(interval.max(Duration::from_millis(100)));
    }
}

pub(super) fn verify(arguments: &Sysplex, expectation: &Expectation, json: bool) -> i32 {
    let begun = Instant::now();
    bounded(expectation.timeout, || verify_until(arguments, expectation, json, begun.checked_add(expectation.timeout)))
}

/// `deadline`: None where it lies beyond all clocks.
fn verify_until(arguments: &Sysplex, expectation: &Expectation, json: bool, deadline: Option<Instant>) -> i32 {
    let reached = match sysplex(arguments) {
        Ok(reached) => reached,
        Err(code) => return code,
    };
    let given = expectation.expect.iter().cloned().collect();
    let expected = ha_verify::expected(reached.iter().map(|(target, _)| target), &given);
    let idle = idle(&reached);
    if !json {
        for line in &idle {
            document(line);
        }
    }
    let reached: Vec<(&Target, &Access)> = reached.iter().map(|(target, access)| (target, access)).collect();
    let findings = ha_verify::wait(&reached, &expected, deadline, |findings| {
        if !json {
            progress(&format!("waiting: {}", ha_verify::summary(findings)));
        }
    });
    if json {
        data(&format!("{:#}", ha_verify::json(&findings, &expected, &idle)));
        return if findings.differences.is_empty() { 0 } else { 8 };
    }
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
    let (old, new, peers) =
        match (one(&old_config, &arguments.replacement.old_member), one(&new_config, &arguments.replacement.new_member), peers()) {
            (Ok(old), Ok(new), Ok(peers)) => (old, new, peers),
            (old, new, peers) => {
                let errors = [old.err(), new.err(), peers.err()];
                let mut messages: Vec<Message> = errors.into_iter().flatten().flat_map(|error| error.messages()).collect();
                messages.dedup_by_key(|message| message.text().to_owned());
                return Err(fail_with(&messages));
            }
        };
    let configuration = peers.first().map(|peer| &peer.configuration);
    let console = Console::open(arguments.reach.system(), configuration, arguments.reach.console_through.as_ref());
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

/// `--plan --format json`: the plan, and why it would be refused; the exit code is that of the text.
fn plan_json(arguments: &Upgrade, site: &Site<'_>, patience: &Patience, under_way: Option<String>, refusals: &[String]) -> i32 {
    let platform = NativePlatform::for_command();
    let places = places(arguments, [&site.old, &site.new].into_iter().chain(&site.peers).map(|(target, _)| target));
    let is_refused = under_way.is_none() && !refusals.is_empty();
    // As in the text, what is refused anyway is not asked about.
    let faults = if under_way.is_some() || is_refused { Vec::new() } else { site.registry_faults(ask::TIMEOUT) };
    let mut plan = plan::json(site, patience);
    plan["refusals"] = refusals.to_vec().into();
    plan["wouldBeRefused"] = faults.into();
    plan["worthKnowing"] = plan::warnings(&site.new.0, &site.peers.iter().map(|(peer, _)| peer).collect::<Vec<_>>()).into();
    plan["underWay"] = under_way.into();
    plan["upgrades"] = lock::look(&places, &platform).iter().map(ToString::to_string).collect::<Vec<_>>().into();
    data(&format!("{plan:#}"));
    if is_refused { 8 } else { 0 }
}

pub(super) fn upgrade(arguments: &Upgrade) -> i32 {
    if arguments.show {
        return show(arguments);
    }
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
        drain: arguments.replacement.drain,
        stop: arguments.replacement.stop_timeout,
        ready: arguments.replacement.ready_timeout,
        rollback: arguments.replacement.rollback_timeout,
        verify: arguments.replacement.expectation.timeout,
        interval: INTERVAL,
    };
    let site = Site {
        operator: &*operator,
        traffic: &*traffic,
        old,
        new,
        peers,
        accepted: arguments.accept.clone(),
        expected: arguments.replacement.expectation.expect.iter().cloned().collect(),
    };
    let path = match arguments.state.clone().map_or_else(|| record::default_path(&upgrade, &inherited_environment()), Ok) {
        Ok(path) => path,
        Err(error) => return fail(error),
    };
    let under_way = match record::look(&path, &upgrade) {
        // It goes by what runs.
        Err(_) if arguments.rollback => None,
        Err(error) => return fail(error),
        Ok(progress) => progress,
    };
    if arguments.plan && matches!(arguments.format, ReportFormat::Json) {
        return plan_json(arguments, &site, &patience, under_way.map(Progress::words), &refusals);
    }
    match under_way {
        // An upgrade that was begun must be brought to an end, even if the plan would be refused now.
        None if refusals.is_empty() => {}
        None if !arguments.rollback => {
            let code = refusals.iter().map(fail).max().unwrap_or(8);
            document("Refused; nothing was changed.");
            return code;
        }
        _ => refusals.iter().for_each(|refusal| {
            document(&format!("Worth knowing: {refusal}"));
        }),
    }
    for warning in plan::warnings(&site.new.0, &site.peers.iter().map(|(peer, _)| peer).collect::<Vec<_>>()) {
        document(&format!("Worth knowing: {warning}"));
    }
    let mut places = places(arguments, [&site.old, &site.new].into_iter().chain(&site.peers).map(|(target, _)| target));
    if arguments.plan {
        document(&plan::describe(&site, &patience));
        let faults = match under_way {
            None => site.registry_faults(ask::TIMEOUT),
            Some(progress) => {
                document(&format!("An upgrade is under way: {}.", progress.words()));
                Vec::new()
            }
        };
        for one in lock::look(&places, &NativePlatform::for_command()) {
            document(&one.to_string());
        }
        for fault in &faults {
            document(&format!("As things are now it would be refused: {fault}"));
        }
        return 0;
    }
    if arguments.together {
        // The rollout has the lock, for all that it makes at the same time.
        places = Places::default();
    }
    if let Some(why) = (!arguments.of_rollout).then(|| lock::rollout_at_work(&places, &NativePlatform::for_command())).flatten() {
        return fail(why);
    }
    if places.or_own(&path.with_extension("lock")) {
        if !arguments.together {
            document("ATTENTION: no workspace of an instance is here to be locked: nobody may upgrade another instance meanwhile.");
        }
        if let Err(why) = record::make_place(&path) {
            return fail(record::RecordError::Io { path, why });
        }
    }
    let platform = NativePlatform::for_command();
    let id = site.new.0.id.clone();
    let notice = Notice::new(format!("upgrade of HA instance {id}"), upgrade.key(), &path, &platform);
    let own = upgrade.key();
    let begun = std::cell::Cell::new(false);
    let follows = |left: &Notice| {
        begun.set(true);
        left.key == own || (arguments.rollback && left.key.first() == own.first())
    };
    let lock = SysplexLock::new(&places, notice, &follows, &platform);
    // Whoever is asked before the first step keeps nobody waiting; before anything moves the lock is taken.
    let waits = arguments.step && under_way.is_none();
    if let Err(error) = if waits { lock.check() } else { lock.take() } {
        return fail(error);
    }
    let journal = upgrade_journal(&site.old.0);
    // The step that is being made.
    let at = std::cell::RefCell::new("upgrade".to_owned());
    let told = |edge, detail: &str| journal.tell(Event::Traffic { step: at.borrow().clone().into(), edge, detail: detail.to_owned() });
    let mut say = |line: &str| {
        told(None, line);
        document(line);
    };
    let mut answers = Answers::default();
    let mut approve = |title: &str| {
        let approval = if arguments.step { answers.ask_for(title) } else { Approval::Go };
        if approval == Approval::Go {
            title.clone_into(&mut at.borrow_mut());
            told(Some(Edge::Begun), "");
        }
        approval
    };
    // Another run may have ended just now.
    let progress = record::look(&path, &upgrade);
    let record = record::UpgradeRecord::at(&path, &upgrade);
    let mut run = Run { site, record, lock: &lock, say: &mut say, approve: &mut approve, begun: Instant::now(), deadline: None };
    let outcome = if arguments.rollback {
        match back(&mut run, progress, begun.get()) {
            Ok(step) => upgrade::roll_back(&mut run, step, UpgradeError::AskedFor, &patience),
            Err(code) => return code,
        }
    } else {
        match progress {
            Err(error) => return fail(error),
            Ok(Some(progress @ Progress::Back(step))) => {
                document(&format!("An upgrade is under way: {}. Going on.", progress.words()));
                upgrade::roll_back(&mut run, step, UpgradeError::BegunBefore, &patience)
            }
            Ok(Some(progress @ Progress::Forward(step))) => {
                document(&format!("An upgrade is under way: {}. Going on.", progress.words()));
                upgrade::run(&mut run, step, &patience, !arguments.no_rollback)
            }
            Ok(None) => match if waits { Ok(()) } else { lock.tell("at its beginning", false) } {
                Ok(()) => upgrade::run(&mut run, Step::Check, &patience, !arguments.no_rollback),
                Err(why) => UpgradeOutcome::Refused(why.into()),
            },
        }
    };
    if !matches!(outcome, UpgradeOutcome::Halted(_)) {
        lock.finish();
    }
    let code = conclude(&id, outcome);
    journal.tell(Event::run_ended(code));
    journal.close().iter().for_each(say_message);
    code
}

/// The journal of an upgrade, beside that of the instance that is replaced: its launcher has its own.
fn upgrade_journal(old: &Target) -> Journal {
    let Some(mut settings) = old.configuration.journal() else { return Journal::none() };
    settings.path.set_file_name(format!("zwelnch-upgrade-{}.journal", crate::config::normalize_id(&old.id)));
    // Nothing of the instance was ever there, or it is on another system.
    if !settings.path.parent().is_some_and(crate::platform::files::may_be_directory) {
        return Journal::none();
    }
    let journal = Journal::new();
    journal.on_trouble(|trouble| say_message(&trouble));
    journal.tell(Event::run_begun("", &NativePlatform::for_command().sysname()));
    if let Err(error) = journal.open(settings.clone(), &old.id) {
        say_message(&crate::message::journal_not_written(settings.path.display(), error));
    }
    journal
}

/// What two upgrades of one sysplex have in common.
fn places<'a>(arguments: &Upgrade, instances: impl IntoIterator<Item = &'a Target>) -> Places {
    Places::of(instances, arguments.replacement.haproxy.as_deref().zip(arguments.replacement.backend.as_deref()))
}

/// Who upgrades this sysplex.
fn show(arguments: &Upgrade) -> i32 {
    let platform = NativePlatform::for_command();
    let given = [&arguments.old, &arguments.new].into_iter().filter(|config| !config.is_empty());
    let named_here: Vec<String> = given.chain(&arguments.config).chain(&arguments.peer).cloned().collect();
    let configs = match configs(&named_here) {
        Ok(configs) => configs,
        Err(code) => return code,
    };
    let mut targets = Vec::new();
    for config in &configs {
        match target::targets(std::slice::from_ref(config), &platform) {
            Ok(found) => targets.extend(found),
            Err(error) => return fail_with(&error.messages()),
        }
    }
    let seen = lock::look(&places(arguments, &targets), &platform);
    if seen.is_empty() {
        document("No upgrade of this sysplex is under way.");
        return 0;
    }
    for one in seen {
        document(&one.to_string());
    }
    DEGRADED
}

/// The step after which the upgrade is to be taken back: by its record or, where there is none that can be read, by what runs. `begun`: it is
/// known that one was begun.
fn back(run: &mut Run<'_>, record: Result<Option<Progress>, record::RecordError>, begun: bool) -> Result<Step, i32> {
    let lost = match record {
        Ok(Some(Progress::Forward(step) | Progress::Back(step))) => return Ok(step),
        Ok(None) => begun,
        Err(why) => {
            document(&format!("ATTENTION: {why}."));
            true
        }
    };
    match upgrade::stands(run, lost) {
        Ok(Some(step)) => {
            document("No record tells how far the upgrade has come: going by what runs now.");
            Ok(step)
        }
        Ok(None) => Err(fail(NOTHING_TO_ROLL_BACK)),
        Err(why) => Err(fail(why)),
    }
}

fn conclude(id: &str, outcome: UpgradeOutcome) -> i32 {
    match outcome {
        UpgradeOutcome::Done => {
            document(&format!("Done: the new {id} serves."));
            0
        }
        UpgradeOutcome::RolledBack(why) => {
            document(&format!("Rolled back: the old {id} serves again."));
            // Whoever asks for it gets what he wants.
            if matches!(why, UpgradeError::AskedFor) { 0 } else { fail(why) }
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

fn traffic<'a>(
    arguments: &Upgrade,
    new: &Target,
    peers: &[(Target, Access)],
    operator: &'a dyn Operator,
) -> Result<Box<dyn Traffic + 'a>, TrafficError> {
    let server = || arguments.server.clone().unwrap_or_else(|| new.id.clone());
    if let (Some(socket), Some(backend)) = (&arguments.replacement.haproxy, &arguments.replacement.backend) {
        return Ok(Box::new(HaProxy::new(socket, backend, &server())?));
    }
    let port = new.port("gateway").ok_or_else(|| TrafficError::NoPort { id: new.id.clone() })?;
    let peers = peers.iter().filter_map(|(peer, _)| Some((peer.sysname.clone(), peer.port("gateway")?))).collect();
    Ok(Box::new(Vary { operator, sysname: new.sysname.clone(), stack: arguments.replacement.stack.clone(), port, job_name: None, peers }))
}

/// The answers of `--step`. They are waited for in turns, between which the run looks at who serves.
#[derive(Default)]
struct Answers {
    lines: Option<mpsc::Receiver<String>>,
    /// The question stands.
    is_asked: bool,
}

impl Answers {
    /// Asks on the terminal; the end of the input is a no.
    fn ask_for(&mut self, title: &str) -> Approval {
        let lines = self.lines.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel();
            // Reading the terminal has no time-out; the thread ends with the process. Where there is none, nobody answers.
            let read = move || {
                while let Ok(Some(line)) = read_line() {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            };
            drop(thread::spawn("answers", Stack::Usual, read));
            receiver
        });
        if !self.is_asked {
            document(&format!("Next: {title}. Go on? [y]es, [n]o, [r]oll back"));
        }
        self.is_asked = true;
        let line = match lines.recv_timeout(INTERVAL) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Approval::Waiting,
            Err(RecvTimeoutError::Disconnected) => return Approval::Stop,
        };
        self.is_asked = false;
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => Approval::Go,
            "n" | "no" => Approval::Stop,
            "r" | "rollback" | "roll back" => Approval::RollBack,
            // Asked again.
            _ => Approval::Waiting,
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
