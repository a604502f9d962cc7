//! `zwelnch ha upgrade`.

mod teller;

use super::arguments::{ReportFormat, Upgrade};
use super::availability::{DEGRADED, HALTED, configs, named, reached};
use super::configuration::absolute_config;
use super::native::Console;
use super::terminal::{data, document, fail, fail_with, say as say_message};
use crate::ha::ask::{self, Access};
use crate::ha::lock::{self, Notice, Places, SysplexLock};
use crate::ha::operator::Operator;
use crate::ha::target::{self, Target};
use crate::ha::traffic::haproxy::HaProxy;
use crate::ha::traffic::vary::Vary;
use crate::ha::traffic::{Traffic, TrafficError};
use crate::ha::upgrade::world::{Run, Site};
use crate::ha::upgrade::{self, Patience, Progress, Step, UpgradeError, UpgradeOutcome, plan, record};
use crate::journal::{Event, Journal};
use crate::message::Message;
use crate::platform::unix::process::inherited_environment;
use crate::platform::{NativePlatform, Platform};
use std::time::{Duration, Instant};
use teller::Teller;

const NOTHING_TO_ROLL_BACK: &str =
    "no upgrade is under way that could be rolled back: one that is done is undone by an upgrade in the other direction";

/// Between two looks at an instance on its way up or down.
const INTERVAL: Duration = Duration::from_millis(500);

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
    let mut teller = Teller::new(upgrade_journal(&site.old.0), arguments.step);
    // Another run may have ended just now.
    let progress = record::look(&path, &upgrade);
    let record = record::UpgradeRecord::at(&path, &upgrade);
    let mut run = Run { site, record, lock: &lock, watcher: &mut teller, begun: Instant::now(), deadline: None };
    let code = match make(arguments, &mut run, progress, (begun.get(), waits), &patience) {
        Ok(outcome) => {
            if !matches!(outcome, UpgradeOutcome::Halted(_)) {
                lock.finish();
            }
            conclude(&id, outcome)
        }
        Err(code) => code,
    };
    teller.end(code);
    code
}

/// Makes the upgrade, or takes it back. `begun`: it is known that one was begun. `waits`: somebody is asked before the first step.
///
/// # Errors
/// The exit code where there is nothing that can be made, which has been said.
fn make(
    arguments: &Upgrade,
    run: &mut Run<'_>,
    progress: Result<Option<Progress>, record::RecordError>,
    (begun, waits): (bool, bool),
    patience: &Patience,
) -> Result<UpgradeOutcome, i32> {
    if arguments.rollback {
        let step = back(run, progress, begun)?;
        return Ok(upgrade::roll_back(run, step, UpgradeError::AskedFor, patience));
    }
    let Some(progress) = progress.map_err(fail)? else {
        return Ok(match if waits { Ok(()) } else { run.lock.tell("at its beginning", Some(Step::Check.word()), false) } {
            Ok(()) => upgrade::run(run, Step::Check, patience, !arguments.no_rollback),
            Err(why) => UpgradeOutcome::Refused(why.into()),
        });
    };
    document(&format!("An upgrade is under way: {}. Going on.", progress.words()));
    Ok(match progress {
        Progress::Back(step) => upgrade::roll_back(run, step, UpgradeError::BegunBefore, patience),
        Progress::Forward(step) => upgrade::run(run, step, patience, !arguments.no_rollback),
    })
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
