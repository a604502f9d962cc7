//! `zwelnch ha rollout`.

mod child;
mod notify;
mod report;
mod world;

use super::arguments::{ReportFormat, Rollout as Arguments};
use super::availability::{DEGRADED, HALTED, configs, pem_files};
use super::configuration::absolute_config;
use super::native::Console;
use super::terminal::{data, document, fail, fail_with, say};
use crate::ha::ask::Access;
use crate::ha::lock::{Notice, Places, SysplexLock};
use crate::ha::rollout::audit::Audit;
use crate::ha::rollout::record::{self, Instance, Options, Phase, Rollout, State, Store, Version};
use crate::ha::rollout::{self, Outcome, order};
use crate::ha::target::{self, Target};
use crate::ha::upgrade::plan;
use crate::journal::{Event, Journal};
use crate::message::Message;
use crate::output::LogSettings;
use crate::platform::files::fingerprint;
use crate::platform::unix::process::inherited_environment;
use crate::platform::{NativePlatform, Platform};
use report::Reporter;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use world::Sysplex;

/// The journal in the directory of the records, and how large it becomes: as that of an instance by default.
const JOURNAL: &str = "rollout.journal";
const JOURNAL_SIZE: u64 = 10 * 1024 * 1024;
const JOURNAL_COUNT: u32 = 3;

/// In place of the HA instance that other journals are about.
const ALL_INSTANCES: &str = "*";

/// Both versions of an instance, and how each is asked.
struct Pair {
    before: (Target, Access),
    after: (Target, Access),
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

pub(super) fn rollout(arguments: &Arguments) -> i32 {
    match begin(arguments) {
        Ok(code) | Err(code) => code,
    }
}

fn begin(arguments: &Arguments) -> Result<i32, i32> {
    let platform = NativePlatform::for_command();
    // Where --state names the records, they know the rest.
    let needs_targets = arguments.state.is_none() || !arguments.to.is_empty();
    let targets = if needs_targets {
        let configs = configs(&arguments.sysplex.config)?;
        target::targets(&configs, &platform).map_err(|error| fail_with(&error.messages()))?
    } else {
        Vec::new()
    };
    let directory = match &arguments.state {
        Some(directory) => std::path::absolute(directory).map_err(fail)?,
        None => {
            let place = |target: &Target| {
                format!("{}@{}:{}", crate::config::normalize_id(&target.id), target.hostname, target.port("gateway").unwrap_or(0))
            };
            record::default_directory(&targets.iter().map(place).collect::<Vec<_>>(), &inherited_environment()).map_err(fail)?
        }
    };
    let store = Store::at(&directory);
    let json = matches!(arguments.format, ReportFormat::Json);
    if arguments.history {
        let history = store.history().map_err(fail)?;
        if json {
            data(&report::history_json(&history))
        } else {
            document(&report::history(&history, store.directory()))
        };
        return Ok(0);
    }
    let last = store.last().map_err(fail)?;
    if arguments.pause {
        return pause(&store, last.as_ref(), &platform);
    }
    let (user, system) = (platform.user_id(), platform.sysname());
    let mut before = None;
    let mut rollout = if arguments.resume {
        let last = last.ok_or_else(|| fail(rollout::RolloutError::Nothing(directory.clone())))?;
        if matches!(last.state, State::Done | State::Undone { .. } | State::Refused { .. }) {
            return Err(fail(rollout::RolloutError::Ended { number: last.number, state: last.state.words() }));
        }
        Rollout { options: Options { accept: [last.options.accept, arguments.accept.clone()].concat(), ..last.options }, ..last }
    } else if arguments.undo {
        let last = last.ok_or_else(|| fail(rollout::RolloutError::Nothing(directory.clone())))?;
        if matches!(last.state, State::Undone { .. } | State::Refused { .. }) {
            return Err(fail(rollout::RolloutError::NothingToUndo { number: last.number, state: last.state.words() }));
        }
        let mut undo = last.reverse(last.number + 1, &user, &system, &now());
        undo.options.accept.extend(arguments.accept.iter().cloned());
        before = Some(last);
        undo
    } else {
        if let Some(last) = last.as_ref().filter(|last| !last.state.is_ended()) {
            let (number, to, state) = (last.number, last.to.clone(), last.state.words());
            return Err(fail(rollout::RolloutError::Unfinished { number, to, state }));
        }
        let number = last.map_or(1, |last| last.number + 1);
        new_rollout(arguments, &targets, number, (&user, &system), &platform)?
    };
    let pairs = pairs(&rollout, arguments, &platform)?;
    // Of a new rollout nothing is known of the versions yet but where they are; of others the members are those of then.
    if !arguments.resume && !arguments.undo {
        for (instance, pair) in rollout.instances.iter_mut().zip(&pairs) {
            (instance.before, instance.after) = (version(&pair.before.0), version(&pair.after.0));
            instance.system.clone_from(&pair.after.0.sysname);
        }
    }
    let configuration = pairs.first().map(|pair| &pair.before.0.configuration);
    let reach = &arguments.sysplex.reach;
    let console = Console::open(reach.system(), configuration, reach.console_through.as_ref()).map_err(fail)?;
    let operator = console.operator();
    let history = store.history().map_err(fail)?;
    let mut refusals = refusals(&rollout, &pairs, &operator.sysname());
    refusals.extend(changed(&rollout, &pairs));
    if arguments.plan {
        let known: Vec<Duration> = history.iter().flat_map(Rollout::taken).collect();
        if json {
            data(&report::plan_json(&rollout, &refusals, &known))
        } else {
            document(&report::plan(&rollout, &known))
        };
        if !json {
            if let Some(index) = rollout.instances.iter().position(|instance| instance.phase == Phase::Waiting) {
                document(&child::Call::new(&rollout, &[index], index, rollout::Way::Forward, &store, &BTreeMap::new()).shown());
            }
        }
        return Ok(refusals.iter().map(fail).max().unwrap_or(0));
    }
    // What was begun must be brought to an end, even if the plan would be refused now.
    if !arguments.resume && !arguments.undo && !refusals.is_empty() {
        let code = refusals.iter().map(fail).max().unwrap_or(8);
        document("Refused; nothing was changed.");
        return Err(code);
    }
    store.make().map_err(fail)?;
    let upgrades = Places::of(
        pairs.iter().flat_map(|pair| [&pair.before.0, &pair.after.0]),
        rollout.options.haproxy.as_ref().map(|(socket, backend)| (socket.as_str(), backend.as_str())),
    );
    let mut places = upgrades.of_rollouts();
    places.or_own(&directory.join("lock"));
    let key = vec!["rollout".to_owned(), directory.display().to_string()];
    let what = format!("rollout {} to {}", rollout.number, rollout.to);
    let notice = Notice::new(what, key.clone(), &store.path(rollout.number), &platform);
    let follows = |left: &Notice| left.key == key;
    let sysplex_lock = SysplexLock::new(&places, notice, &follows, &platform);
    sysplex_lock.take().map_err(fail)?;
    let journal = rollout_journal(&directory, &system);
    let reporter = Reporter::new(Audit::of(&directory), journal.clone(), json, &user, rollout.number);
    let mut world = Sysplex::new(&*operator, &pairs, &store, &upgrades, &sysplex_lock, reporter, &user);
    refusals.iter().for_each(|refusal| rollout::World::say(&mut world, None, &format!("Worth knowing: {refusal}")));
    // Somebody's wish of another time.
    let _ = crate::platform::files::unless_missing(std::fs::remove_file(store.pause_path()));
    let begun = if arguments.resume { "resumed" } else { "begun" };
    rollout::World::say(&mut world, None, &format!("rollout {} to {} is {begun} by {user} on {system}", rollout.number, rollout.to));
    let begun = before.as_mut().map_or(Ok(()), |last| undo_begins(&mut world, last, &rollout, &store));
    let made = begun.map(|()| {
        let accepted = rollout.options.accept.clone();
        let outcome = rollout::run(&mut world, &mut rollout, arguments.pause_after, &accepted);
        let code = conclude(&mut world, &rollout, &outcome);
        if let Some(program) = &arguments.notify {
            notify::notify(program, &rollout, &outcome, &store.path(rollout.number), &mut world);
        }
        code
    });
    drop(world);
    let code = made.unwrap_or_else(|code| code);
    journal.tell(Event::run_ended(code));
    journal.close().iter().for_each(say);
    if made.is_ok() && rollout.state.is_ended() {
        sysplex_lock.finish();
    }
    Ok(code)
}

/// The journal of rollouts, beside their records. It is about all instances.
fn rollout_journal(directory: &Path, system: &str) -> Journal {
    let journal = Journal::new();
    journal.on_trouble(|trouble| say(&trouble));
    journal.tell(Event::run_begun("", system));
    let settings = LogSettings { path: directory.join(JOURNAL), size: JOURNAL_SIZE, count: JOURNAL_COUNT };
    if let Err(error) = journal.open(settings, ALL_INSTANCES) {
        say(&crate::message::journal_not_written(directory.join(JOURNAL).display(), error));
    }
    journal
}

/// What stands in the middle is rolled back first; the record of what is undone says by what.
fn undo_begins(world: &mut Sysplex<'_>, last: &mut Rollout, undo: &Rollout, store: &Store) -> Result<(), i32> {
    if let Err(why) = rollout::leave_nothing_begun(world, last) {
        fail(format!("the rollout is not undone, as what stands in the middle could not be rolled back: {why}"));
        return Err(HALTED);
    }
    last.state = State::Undone { by: undo.number };
    // The new one first: then there is always one that is not at its end.
    store.keep(undo).and_then(|()| store.keep(last)).map_err(fail)
}

fn conclude(world: &mut Sysplex<'_>, rollout: &Rollout, outcome: &Outcome) -> i32 {
    let words = match outcome {
        Outcome::Done => format!("Done: {} of {} instances have the version of {}.", rollout.upgraded(), rollout.count(), rollout.to),
        Outcome::Paused => format!("Paused: {}. --resume goes on, --undo goes back.", rollout.words()),
        Outcome::RolledBack(_) => format!(
            "Rolled back: {} of {} instances have the new version. --resume goes on with the others, --undo brings all back.",
            rollout.upgraded(),
            rollout.count()
        ),
        Outcome::Refused(_) => "Refused; nothing was changed.".to_owned(),
        Outcome::Halted(_) => format!("Halted: {}. --resume goes on, --undo goes back.", rollout.words()),
    };
    world.conclude(outcome, &words);
    match outcome {
        Outcome::Done => 0,
        Outcome::Paused => DEGRADED,
        Outcome::RolledBack(why) | Outcome::Refused(why) => fail(why),
        Outcome::Halted(why) => {
            fail(why);
            HALTED
        }
    }
}

fn pause(store: &Store, last: Option<&Rollout>, platform: &dyn Platform) -> Result<i32, i32> {
    match last {
        Some(last) if last.state == State::Progressing => {
            let path = store.pause_path();
            crate::platform::files::write_atomically(&path, platform.user_id().as_bytes(), 0o600)
                .map_err(|why| fail(format!("{}: {why}", path.display())))?;
            document(&format!("Rollout {} pauses before its next instance.", last.number));
            Ok(0)
        }
        Some(last) => Err(fail(format!("rollout {} is {}: there is nothing to pause", last.number, last.state.words()))),
        None => Err(fail("no rollout is under way")),
    }
}

fn version(target: &Target) -> Version {
    Version {
        config: target.config.clone(),
        level: target.level.clone(),
        job: target.job_name.clone(),
        member: target.member.clone(),
        fingerprint: fingerprint(target.configuration.value().to_string().bytes()),
    }
}

fn new_rollout(
    arguments: &Arguments,
    targets: &[Target],
    number: u32,
    (user, system): (&str, &str),
    platform: &dyn Platform,
) -> Result<Rollout, i32> {
    if arguments.max_unavailable == 0 {
        return Err(fail(rollout::RolloutError::NoneUnavailable));
    }
    let to = absolute_config(&arguments.to);
    target::load(&to, platform).map_err(|error| fail_with(&error.messages()))?;
    let ids: Vec<String> = targets.iter().map(|target| target.id.clone()).collect();
    let chosen = order::order(&ids, &arguments.instances, arguments.canary.as_deref()).map_err(fail)?;
    let others = (0..ids.len()).filter(|index| !chosen.contains(index));
    let instance = |index: usize, phase: Phase| Instance {
        id: ids[index].clone(),
        system: None,
        before: Version { config: targets[index].config.clone(), ..Version::default() },
        after: Version { config: if phase == Phase::LeftOut { &targets[index].config } else { &to }.clone(), ..Version::default() },
        phase,
        why: None,
        begun: None,
        ended: None,
        took: None,
    };
    let waiting = chosen.iter().map(|index| instance(*index, Phase::Waiting));
    let instances = waiting.chain(others.map(|index| instance(index, Phase::LeftOut))).collect();
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string();
    // HOST:PORT is no path.
    let socket = |text: &String| {
        let is_path = matches!(crate::net::haproxy::Address::parse(text), crate::net::haproxy::Address::Unix(_));
        if is_path { absolute(&PathBuf::from(text)) } else { text.clone() }
    };
    // It is the first, spelled as haInstances has it.
    let canary = arguments.canary.as_ref().map(|_| ids[chosen[0]].clone());
    Ok(Rollout {
        number,
        user: user.to_owned(),
        system: system.to_owned(),
        begun: now(),
        ended: None,
        to,
        undoes: None,
        options: Options {
            max_unavailable: arguments.max_unavailable,
            soak: u64::try_from(arguments.soak.as_millis()).unwrap_or(u64::MAX),
            max_errors: arguments.max_errors,
            probe: arguments.probe.clone(),
            canary,
            upgrade: child::options(arguments, &absolute),
            accept: arguments.accept.clone(),
            haproxy: arguments.replacement.haproxy.as_ref().map(socket).zip(arguments.replacement.backend.clone()),
            stack: arguments.replacement.stack.clone(),
        },
        instances,
        state: State::Progressing,
    })
}

/// Both versions of each instance, in their order. Everything that cannot be read is told at once.
fn pairs(rollout: &Rollout, arguments: &Arguments, platform: &dyn Platform) -> Result<Vec<Pair>, i32> {
    let files = pem_files(&arguments.sysplex.reach);
    let mut wholes = BTreeMap::new();
    let mut messages: Vec<Message> = Vec::new();
    let mut read = |id: &str, version: &Version, member: &Option<String>| -> Option<(Target, Access)> {
        if !wholes.contains_key(&version.config) {
            match target::load(&version.config, platform) {
                Ok(whole) => drop(wholes.insert(version.config.clone(), Some(whole))),
                Err(error) => {
                    messages.extend(error.messages());
                    wholes.insert(version.config.clone(), None);
                }
            }
        }
        let whole = wholes.get(&version.config)?.as_ref()?;
        let mut target = Target::new(&version.config, whole, id).map_err(|error| messages.extend(error.messages())).ok()?;
        if let Some(member) = member.as_ref().or(Some(&version.member)).filter(|member| !member.is_empty()) {
            target.member = member.to_uppercase();
        }
        let access = Access::of(&target, &files);
        access.map_err(|error| messages.push(crate::message::plain_error(error))).ok().map(|access| (target, access))
    };
    let mut pairs = Vec::new();
    for instance in &rollout.instances {
        let before = read(&instance.id, &instance.before, &arguments.replacement.old_member);
        let new_member =
            if instance.phase == Phase::LeftOut { &arguments.replacement.old_member } else { &arguments.replacement.new_member };
        let after = read(&instance.id, &instance.after, new_member);
        if let (Some(before), Some(after)) = (before, after) {
            pairs.push(Pair { before, after });
        }
    }
    if pairs.len() == rollout.instances.len() { Ok(pairs) } else { Err(fail_with(&messages)) }
}

/// Every reason not to begin, of all instances at once.
fn refusals<'a>(rollout: &Rollout, pairs: &'a [Pair], own_sysname: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut accepted = rollout.options.accept.clone();
    accepted.extend(rollout.instances.iter().map(|instance| instance.id.clone()));
    for (index, (instance, pair)) in rollout.instances.iter().zip(pairs).enumerate() {
        if instance.phase != Phase::Waiting {
            continue;
        }
        // Those before it have the new version by then.
        let peer = |(other, pair): (usize, &'a Pair)| if other < index { &pair.after.0 } else { &pair.before.0 };
        let peers: Vec<&Target> = pairs.iter().enumerate().filter(|(other, _)| *other != index).map(peer).collect();
        let found = plan::refusals(&pair.before.0, &pair.after.0, &peers, own_sysname, &accepted);
        for refusal in found {
            if !all.contains(&refusal) {
                all.push(refusal);
            }
        }
    }
    all
}

/// Configurations that are not what they were when the rollout began.
fn changed(rollout: &Rollout, pairs: &[Pair]) -> Vec<String> {
    let mut all = Vec::new();
    for (instance, pair) in rollout.instances.iter().zip(pairs) {
        for (was, is) in [(&instance.before, &pair.before.0), (&instance.after, &pair.after.0)] {
            let line = format!("{} is not what it was when the rollout was recorded", was.config);
            if !was.fingerprint.is_empty() && version(is).fingerprint != was.fingerprint && !all.contains(&line) {
                all.push(line);
            }
        }
    }
    all
}
