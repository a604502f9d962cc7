//! The real world of a rollout.

use super::child::Call;
use super::report::Reporter;
use super::{Pair, now};
use crate::ha::ask::{self, Access};
use crate::ha::lock::{self, Places, Seen, SysplexLock};
use crate::ha::operator::Operator;
use crate::ha::registry::Registration;
use crate::ha::rollout::record::{Instance, Phase, Rollout, Store, Version};
use crate::ha::rollout::soak::{self, Counters, Sample};
use crate::ha::rollout::{Outcome, Replaced, RolloutError, Runs, Way, World};
use crate::ha::status::{self, Launcher};
use crate::ha::target::Target;
use crate::ha::traffic::seen::{self, Balancer};
use crate::ha::upgrade::world::Reached;
use crate::ha::verify;
use crate::net::haproxy::{Address, Client};
use crate::platform::NativePlatform;
use crate::platform::files::unless_missing;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

/// The time limit of one question to a gateway, a launcher, a Discovery Service.
const TIMEOUT: Duration = Duration::from_secs(5);
const DISPLAY_TIME: Duration = Duration::from_secs(10);

/// Between two looks at what a run before has left at work, and at the bar of a terminal.
const INTERVAL: Duration = Duration::from_secs(1);

/// Consoles, balancers, gateways, registries, records and the clock.
pub(super) struct Sysplex<'a> {
    asker: Asker<'a>,
    store: &'a Store,
    /// Where upgrades of this sysplex are locked.
    upgrades: &'a Places,
    lock: &'a SysplexLock<'a>,
    reporter: Reporter,
    user: &'a str,
}

/// Who can be asked what runs.
#[derive(Clone, Copy)]
struct Asker<'a> {
    operator: &'a dyn Operator,
    pairs: &'a [Pair],
}

impl<'a> Asker<'a> {
    /// A version of an instance, as it was read.
    fn target(&self, id: &str, version: &Version) -> Option<&'a Reached> {
        let pair = self.pairs.iter().find(|pair| pair.before.0.id == id)?;
        [&pair.before, &pair.after].into_iter().find(|(target, _)| target.config == version.config)
    }

    fn launcher(&self, id: &str, version: &Version) -> Launcher {
        match self.target(id, version) {
            Some((target, _)) => status::launcher(target, self.operator, DISPLAY_TIME),
            None => Launcher::Unknown(format!("{} is not known", version.config)),
        }
    }

    /// Which version of each runs, asked at the same time: a system that hangs keeps no other waiting.
    fn all_run(&self, instances: &[&Instance]) -> Vec<Runs> {
        std::thread::scope(|scope| {
            let asked: Vec<_> = instances.iter().map(|instance| scope.spawn(move || self.asked(instance))).collect();
            asked.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Runs::Unknown("not asked".to_owned()))).collect()
        })
    }

    fn asked(&self, instance: &Instance) -> Runs {
        let before = self.launcher(&instance.id, &instance.before);
        if instance.before == instance.after {
            return match before {
                Launcher::Active(_) => Runs::Before,
                Launcher::NotActive => Runs::Neither,
                Launcher::Unknown(why) => Runs::Unknown(why),
            };
        }
        match (before, self.launcher(&instance.id, &instance.after)) {
            (Launcher::Unknown(why), _) | (_, Launcher::Unknown(why)) => Runs::Unknown(why),
            (Launcher::Active(_), Launcher::Active(_)) => Runs::Both,
            (Launcher::Active(_), Launcher::NotActive) => Runs::Before,
            (Launcher::NotActive, Launcher::Active(_)) => Runs::After,
            (Launcher::NotActive, Launcher::NotActive) => Runs::Neither,
        }
    }
}

impl<'a> Sysplex<'a> {
    pub(super) fn new(
        operator: &'a dyn Operator,
        pairs: &'a [Pair],
        store: &'a Store,
        upgrades: &'a Places,
        lock: &'a SysplexLock<'a>,
        reporter: Reporter,
        user: &'a str,
    ) -> Sysplex<'a> {
        Sysplex { asker: Asker { operator, pairs }, store, upgrades, lock, reporter, user }
    }

    pub(super) fn conclude(&mut self, outcome: &Outcome, line: &str) {
        self.reporter.conclude(outcome, line);
    }

    fn balancer(rollout: &Rollout) -> Balancer {
        match &rollout.options.haproxy {
            Some((socket, backend)) => Balancer::Haproxy { socket: socket.clone(), backend: backend.clone() },
            None => Balancer::Distributor { stack: rollout.options.stack.clone() },
        }
    }

    /// The CONFIG of each other instance that runs.
    fn peers(&self, rollout: &Rollout, which: &[usize]) -> BTreeMap<String, String> {
        let others: Vec<&Instance> =
            (0..rollout.instances.len()).filter(|index| !which.contains(index)).map(|index| &rollout.instances[index]).collect();
        let config = |(instance, runs): (&&Instance, Runs)| match runs {
            Runs::Before => Some((instance.id.clone(), instance.before.config.clone())),
            Runs::After => Some((instance.id.clone(), instance.after.config.clone())),
            // Whoever cannot be asked is a peer that the upgrade refuses to rely on.
            Runs::Unknown(_) | Runs::Both => Some((instance.id.clone(), instance.before.config.clone())),
            Runs::Neither => None,
        };
        others.iter().zip(self.asker.all_run(&others)).filter_map(config).collect()
    }

    /// What the registries hold when all that runs and all of this turn are there.
    fn services(&self, rollout: &Rollout, which: &[usize], peers: &BTreeMap<String, String>) -> BTreeMap<String, usize> {
        let version = |(index, instance): (usize, &Instance)| match peers.get(&instance.id) {
            Some(config) => Some((instance.id.clone(), Version { config: config.clone(), ..Version::default() })),
            None => which.contains(&index).then(|| (instance.id.clone(), instance.after.clone())),
        };
        let targets: Vec<&Target> = rollout
            .instances
            .iter()
            .enumerate()
            .filter_map(version)
            .filter_map(|(id, version)| Some(&self.asker.target(&id, &version)?.0))
            .collect();
        verify::expected(targets.into_iter(), &BTreeMap::new())
    }
}

/// A registry that answers and does not have the gateway of this instance UP; empty where there is none.
fn missing_in(target: &Target, registries: &[(String, Vec<Registration>)]) -> Vec<String> {
    let Some(port) = target.port("gateway") else { return Vec::new() };
    let is_here = |one: &Registration| one.status == "UP" && one.port == Some(port) && one.host.eq_ignore_ascii_case(&target.hostname);
    // Where nobody's gateway registers, nothing is to be found.
    let registers = |all: &Vec<Registration>| all.iter().any(|one| one.service == "gateway");
    let lacking = registries.iter().filter(|(_, all)| registers(all) && !all.iter().any(is_here));
    lacking.map(|(id, _)| format!("its gateway is not UP in the registry of {id}")).collect()
}

/// Asks a gateway for its health and each path.
fn faults((target, access): &Reached, probes: &[String]) -> (u64, Vec<String>) {
    let Some(address) = &target.gateway else { return (0, Vec::new()) };
    let mut faults = Vec::new();
    faults.extend(ask::gateway(address, access, TIMEOUT).err().map(|why| format!("gateway {address}: {why}")));
    for path in probes {
        faults.extend(ask::path(address, path, access, TIMEOUT).err().map(|why| format!("{address}{path}: {why}")));
    }
    (1 + probes.len() as u64, faults)
}

impl World for Sysplex<'_> {
    fn say(&mut self, instance: Option<&str>, line: &str) {
        self.reporter.say(instance, line);
    }

    fn keep(&mut self, rollout: &Rollout) -> Result<(), RolloutError> {
        self.reporter.set_progress(rollout);
        self.store.keep(rollout)?;
        let is_begun = rollout.instances.iter().any(|instance| instance.begun.is_some());
        if let Err(error) = self.lock.tell(&rollout.words(), None, is_begun) {
            self.say(None, &format!("ATTENTION: {error}"));
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        self.reporter.elapsed()
    }

    fn date(&self) -> String {
        now()
    }

    fn wait(&mut self, time: Duration) {
        self.reporter.draw();
        std::thread::sleep(time);
    }

    fn runs(&mut self, instance: &Instance) -> Runs {
        self.asker.asked(instance)
    }

    fn under_way(&mut self, number: u32, instance: &Instance, way: Way) -> bool {
        let path = self.store.upgrade_path(number, &instance.id, way == Way::Back);
        let mut own = Places::default();
        own.or_own(&path.with_extension("lock"));
        let mut is_said = false;
        loop {
            let seen: Vec<Seen> =
                [self.upgrades, &own].into_iter().flat_map(|places| lock::look(places, &NativePlatform::for_command())).collect();
            let at_work = seen.into_iter().find_map(|one| match one {
                Seen::UnderWay(notice) if notice.record == path => Some(notice),
                _ => None,
            });
            let Some(notice) = at_work else { break };
            if !std::mem::replace(&mut is_said, true) {
                self.say(Some(&instance.id), &format!("of the run before, there is still at work the {notice}: waiting for its end"));
            }
            std::thread::sleep(INTERVAL);
        }
        // What cannot be looked at is gone on with, and the upgrade says why it cannot be read.
        !matches!(unless_missing(std::fs::symlink_metadata(&path)), Ok(None))
    }

    fn serving(&mut self, rollout: &Rollout) -> Vec<usize> {
        // Both versions answer at the same address.
        let targets: Vec<Option<&Reached>> =
            rollout.instances.iter().map(|instance| self.asker.target(&instance.id, &instance.before)).collect();
        let answers: Vec<bool> = std::thread::scope(|scope| {
            let asked: Vec<_> = targets
                .iter()
                .map(|target| {
                    scope.spawn(move || target.is_some_and(|target| target.0.gateway.is_some() && faults(target, &[]).1.is_empty()))
                })
                .collect();
            asked.into_iter().map(|thread| thread.join().unwrap_or(false)).collect()
        });
        let ready: Vec<usize> = (0..answers.len()).filter(|index| answers[*index]).collect();
        let asked: Vec<&Target> = ready.iter().filter_map(|index| targets[*index]).map(|(target, _)| target).collect();
        let given = seen::seen(&asked, self.asker.operator, &Self::balancer(rollout));
        ready.into_iter().zip(given).filter(|(_, given)| given.is_good()).map(|(index, _)| index).collect()
    }

    fn replace(&mut self, rollout: &Rollout, which: &[usize], way: Way) -> Vec<Replaced> {
        self.reporter.set_progress(rollout);
        let peers = self.peers(rollout, which);
        let mut calls: Vec<Call> = which.iter().map(|index| Call::new(rollout, which, *index, way, self.store, &peers)).collect();
        if which.len() > 1 {
            let services = self.services(rollout, which, &peers);
            calls.iter_mut().for_each(|call| call.expect(&services));
        }
        for call in &calls {
            self.reporter.replacing(&call.id, way);
            self.say(Some(&call.id), &call.shown());
        }
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            let made: Vec<_> = calls
                .iter()
                .map(|call| {
                    let sender = sender.clone();
                    scope.spawn(move || call.run(&sender))
                })
                .collect();
            drop(sender);
            loop {
                match receiver.recv_timeout(INTERVAL) {
                    Ok((id, line)) => self.say(Some(&id), &line),
                    Err(mpsc::RecvTimeoutError::Timeout) => self.reporter.draw(),
                    Err(mpsc::RecvTimeoutError::Disconnected) => break,
                }
            }
            let failed = |_| Replaced::Halted("its upgrade could not be watched".to_owned());
            let outcomes: Vec<Replaced> = made.into_iter().map(|thread| thread.join().unwrap_or_else(failed)).collect();
            calls.iter().zip(&outcomes).for_each(|(call, outcome)| self.reporter.replaced(&call.id, way, outcome));
            outcomes
        })
    }

    fn sample(&mut self, rollout: &Rollout) -> Sample {
        let targets: Vec<Option<&Reached>> = rollout
            .instances
            .iter()
            .map(|instance| {
                let is_new = matches!(instance.phase, Phase::Soaking | Phase::Upgraded);
                // One that is skipped may not even run.
                self.asker
                    .target(&instance.id, if is_new { &instance.after } else { &instance.before })
                    .filter(|_| instance.phase != Phase::Skipped)
            })
            .collect();
        let probes = &rollout.options.probe;
        let asked: Vec<(u64, Vec<String>)> = std::thread::scope(|scope| {
            let asked: Vec<_> =
                targets.iter().map(|target| scope.spawn(move || target.map(|target| faults(target, probes)).unwrap_or_default())).collect();
            asked.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
        });
        let known: Vec<&Reached> = targets.iter().copied().flatten().collect();
        let pairs: Vec<(&Target, &Access)> = known.iter().map(|(target, access)| (target, access)).collect();
        let registries: Vec<(String, Vec<Registration>)> =
            verify::ask_all(&pairs, TIMEOUT).into_iter().filter_map(|(id, answer)| Some((id, answer.ok()?))).collect();
        let counters = rollout.options.haproxy.as_ref().map(|(socket, backend)| Client::new(Address::parse(socket)).counters(backend));
        let counters = counters.and_then(Result::ok).unwrap_or_default();
        let seen = |(target, (asked, mut faults)): (&Option<&Reached>, (u64, Vec<String>))| {
            let Some((target, _)) = target else { return soak::Seen::default() };
            faults.extend(missing_in(target, &registries));
            let balancer = counters.iter().find(|(server, ..)| *server == target.id);
            let balancer = balancer.map(|(_, requests, errors)| Counters { requests: *requests, errors: *errors });
            soak::Seen { balancer, asked, faults }
        };
        Sample(targets.iter().zip(asked).map(seen).collect())
    }

    fn pause_asked(&mut self) -> Option<String> {
        let text = crate::platform::files::read_bounded(&self.store.pause_path(), 256).ok()?;
        Some(String::from_utf8_lossy(&text).trim().to_owned())
    }

    fn user(&self) -> String {
        self.user.to_owned()
    }
}
