//! The real world of an upgrade: consoles, balancers, gateways, registries and the clock.

use super::record::UpgradeRecord;
use super::{Approval, Known, Progress, Sight, Standing, UpgradeError, Who, World, before};
use crate::config::normalize_id;
use crate::ha::ask::{self, Access, AskError};
use crate::ha::lock::{SysplexLock, SysplexLockError};
use crate::ha::operate::{Operation, command_text};
use crate::ha::operator::Operator;
use crate::ha::status::{self, ComponentState, Launcher};
use crate::ha::target::Target;
use crate::ha::traffic::Traffic;
use crate::ha::verify::{self, Expected, Findings};
use std::time::{Duration, Instant};

/// The time limit of one question to a gateway.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a launcher may take to say how its components stand, which it does at once, and how long START and STOP may take.
const DISPLAY_TIME: Duration = Duration::from_secs(10);
const COMMAND_TIME: Duration = Duration::from_secs(60);

/// How long a question may take that is asked when the time is already over.
const LAST_QUESTION: Duration = Duration::from_secs(1);

/// How long registries may take to tell each other what has just changed, before an upgrade is refused because they differ.
const SETTLING: Duration = Duration::from_secs(10);

/// An instance and the access to ask it with.
pub type Reached = (Target, Access);

/// Everything that an upgrade touches.
pub struct Site<'a> {
    pub operator: &'a dyn Operator,
    pub traffic: &'a dyn Traffic,
    pub old: Reached,
    pub new: Reached,
    pub peers: Vec<Reached>,
    /// What a person has looked at and accepted: properties, and components that no peer has ready.
    pub accepted: Vec<String>,
    /// Counts of services that the manifests do not give.
    pub expected: Expected,
}

impl Site<'_> {
    fn of(&self, who: Who) -> &Reached {
        match who {
            Who::Old => &self.old,
            Who::New => &self.new,
        }
    }

    /// The operator command that starts or stops B.
    pub fn command(&self, who: Who, operation: Operation) -> String {
        let target = &self.of(who).0;
        let place = (target.sysname.as_deref(), target.job_name.as_str());
        command_text(operation, Some(&target.id), place, &self.operator.sysname(), &target.member)
    }

    /// What the registries should hold when this version of B runs beside the peers.
    pub fn expected(&self, who: Who) -> Expected {
        verify::expected(self.peers.iter().chain([self.of(who)]).map(|(target, _)| target), &self.expected)
    }
}

impl Site<'_> {
    /// What the registries say against an upgrade now; nothing where it is accepted that the instance itself is not as it should be, for
    /// one that comes and goes keeps registries from ever agreeing. `limit`: for one question.
    pub fn registry_faults(&self, limit: Duration) -> Vec<String> {
        if self.accepted.iter().any(|one| normalize_id(one) == normalize_id(&self.old.0.id)) {
            return Vec::new();
        }
        let reached: Vec<(&Target, &Access)> = self.peers.iter().chain([&self.old]).map(|(target, access)| (target, access)).collect();
        let answers = verify::ask_all(&reached, limit);
        let peers: Vec<&Target> = self.peers.iter().map(|(peer, _)| peer).collect();
        before::registry_faults(&answers, (&self.old.0, &self.new.0, &peers), &self.accepted, &self.expected)
    }
}

/// Who is told of a run, and asked where somebody is to be asked. See [`World`].
pub trait Watcher {
    /// One line for whoever watches.
    fn say(&mut self, line: &str);
    /// Asked before each step, with its title.
    fn approve(&mut self, title: &str) -> Approval;
    /// What is seen of a run beside its lines.
    fn told(&mut self, sight: Sight<'_>);
    /// Nothing happens for a moment.
    fn waits(&mut self);
}

/// A run on a [`Site`].
pub struct Run<'a> {
    pub site: Site<'a>,
    pub record: UpgradeRecord,
    /// Keeps every other upgrade away, and tells how far this one is.
    pub lock: &'a SysplexLock<'a>,
    pub watcher: &'a mut dyn Watcher,
    pub begun: Instant,
    /// See [`World::answers_until`].
    pub deadline: Option<Duration>,
}

impl Run<'_> {
    fn issue(&mut self, who: Who, operation: Operation) -> Result<(), UpgradeError> {
        let command = self.site.command(who, operation);
        self.watcher.say(&format!("  {command}"));
        let answer = self.site.operator.issue(&command, Some(COMMAND_TIME))?;
        for line in &answer.lines {
            self.watcher.say(&format!("    {line}"));
        }
        if answer.accepted { Ok(()) } else { Err(UpgradeError::Refused { command, lines: answer.lines }) }
    }

    /// What a question may take that has `limit` where nothing hurries.
    fn time(&self, limit: Duration) -> Duration {
        self.deadline.map_or(limit, |deadline| deadline.saturating_sub(self.begun.elapsed()).max(LAST_QUESTION).min(limit))
    }

    fn said(&mut self, lines: Vec<String>) {
        for line in lines {
            self.watcher.say(&format!("    {line}"));
        }
    }
}

/// Whether a peer's gateway answers.
fn answers(peer: &Target, access: &Access) -> Known {
    match peer.gateway.as_ref().map(|address| (address, ask::gateway(address, access, TIMEOUT))) {
        Some((_, Ok(()))) => Known::Yes,
        Some((address, Err(why))) => Known::No(format!("gateway at {address}: {why}")),
        None => Known::No("it runs no gateway".to_owned()),
    }
}

impl World for Run<'_> {
    fn say(&mut self, line: &str) {
        self.watcher.say(line);
    }

    fn told(&mut self, sight: Sight<'_>) {
        self.watcher.told(sight);
    }

    fn keep(&mut self, progress: Option<Progress>) -> Result<(), UpgradeError> {
        if let Some(progress) = progress {
            match self.lock.tell(&progress.words(), Some(progress.word()), true) {
                Ok(()) => {}
                Err(why @ SysplexLockError::Unwritten { .. }) => self.watcher.say(&format!("  ATTENTION: {why}")),
                // Its holder knows nothing of this run, and may take the peers away.
                Err(taken) => return Err(taken.into()),
            }
        }
        Ok(self.record.keep(progress)?)
    }

    fn approve(&mut self, title: &str) -> Approval {
        self.watcher.approve(title)
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn pause(&mut self, time: Duration) {
        self.watcher.waits();
        // A remote launcher and a remote gateway do not announce what becomes of them.
        std::thread::sleep(time);
    }

    fn answers_until(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
    }

    fn peer_faults(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        for (peer, access) in &self.site.peers {
            match status::launcher(peer, self.site.operator, DISPLAY_TIME) {
                Launcher::Active(_) => {}
                Launcher::NotActive => faults.push(format!("peer {} is not active", peer.shown())),
                Launcher::Unknown(why) => faults.push(format!("the state of peer {} is not known: {why}", peer.shown())),
            }
            let answers = [
                ("gateway", peer.gateway.as_ref(), peer.gateway.as_ref().map(|address| ask::gateway(address, access, TIMEOUT))),
                (
                    "Discovery Service",
                    peer.discovery.as_ref(),
                    peer.discovery.as_ref().map(|address| ask::discovery(address, access, TIMEOUT).map(drop)),
                ),
            ];
            for (what, address, answer) in answers {
                if let (Some(address), Some(Err(why))) = (address, answer) {
                    faults.push(format!("{what} of peer {} at {address}: {why}", peer.id));
                }
            }
        }
        faults
    }

    fn peers(&mut self) -> Vec<Standing> {
        // A gateway that hangs must not keep the others from being asked.
        let answers: Vec<Known> = std::thread::scope(|scope| {
            let asked: Vec<_> = self.site.peers.iter().map(|(peer, access)| scope.spawn(move || answers(peer, access))).collect();
            let not_asked = |_| Known::Unknown(AskError::NotAsked.to_string());
            asked.into_iter().map(|thread| thread.join().unwrap_or_else(not_asked)).collect()
        });
        let ready: Vec<&Target> =
            self.site.peers.iter().zip(&answers).filter(|(_, answer)| **answer == Known::Yes).map(|((peer, _), _)| peer).collect();
        let mut given = if ready.is_empty() { Vec::new() } else { self.site.traffic.given(&ready) }.into_iter();
        let not_asked = || Known::Unknown("not asked, because it is not ready".to_owned());
        let standing = |((peer, _), ready): (&Reached, Known)| {
            let given = if ready == Known::Yes { given.next().unwrap_or_else(not_asked) } else { not_asked() };
            Standing { name: format!("peer {}", peer.id), ready, given, verified: true }
        };
        self.site.peers.iter().zip(answers).map(standing).collect()
    }

    fn registry_faults(&mut self) -> Vec<String> {
        let deadline = self.begun.elapsed() + SETTLING;
        loop {
            let faults = self.site.registry_faults(self.time(ask::TIMEOUT));
            if !faults.iter().any(|fault| before::may_settle(fault)) || self.begun.elapsed() >= deadline {
                return faults;
            }
            self.pause(verify::INTERVAL);
        }
    }

    fn last_words(&mut self, who: Who) -> Vec<String> {
        let target = &self.site.of(who).0;
        self.site.operator.last_words(target.sysname.as_deref(), &target.job_name)
    }

    fn only_here(&mut self) -> Vec<String> {
        let components = |target: &Target| match status::launcher(target, self.site.operator, DISPLAY_TIME) {
            Launcher::Active(components) => components,
            _ => Vec::new(),
        };
        let peers: Vec<ComponentState> = self.site.peers.iter().flat_map(|(peer, _)| components(peer)).collect();
        let is_lost = |one: &&ComponentState| {
            let mut there = peers.iter().filter(|other| other.name == one.name).peekable();
            one.ready && there.peek().is_some() && !there.any(|other| other.ready)
        };
        let own = components(&self.site.old.0);
        let lost = own.iter().filter(is_lost).filter(|one| !self.site.accepted.contains(&one.name));
        lost.map(|one| {
            format!(
                "component {0} is ready at {1} only, no peer has it ready: start it there, or accept that nobody has it meanwhile \
                (--accept {0})",
                one.name, self.site.old.0.id
            )
        })
        .collect()
    }

    fn quiesced(&mut self) -> Result<Option<bool>, UpgradeError> {
        Ok(self.site.traffic.is_quiesced()?)
    }

    fn check_traffic(&mut self) -> Result<(), UpgradeError> {
        Ok(self.site.traffic.check()?)
    }

    fn quiesce(&mut self) -> Result<(), UpgradeError> {
        self.watcher.say(&format!("  {}", self.site.traffic.quiesce_command()));
        let lines = self.site.traffic.quiesce()?;
        self.said(lines);
        Ok(())
    }

    fn resume(&mut self) -> Result<(), UpgradeError> {
        self.watcher.say(&format!("  {}", self.site.traffic.resume_command()));
        let lines = self.site.traffic.resume()?;
        self.said(lines);
        Ok(())
    }

    fn connections(&mut self) -> Result<Option<u64>, UpgradeError> {
        Ok(self.site.traffic.connections()?)
    }

    fn start(&mut self, who: Who) -> Result<(), UpgradeError> {
        self.issue(who, Operation::Start)
    }

    fn stop(&mut self, who: Who) -> Result<(), UpgradeError> {
        self.issue(who, Operation::Stop)
    }

    fn launcher(&mut self, who: Who) -> Launcher {
        status::launcher(&self.site.of(who).0, self.site.operator, self.time(DISPLAY_TIME))
    }

    fn gateway(&mut self, who: Who) -> Result<(), UpgradeError> {
        let (target, access) = self.site.of(who);
        let address = target.gateway.as_ref().ok_or(UpgradeError::NoGateway)?;
        Ok(ask::gateway(address, access, self.time(TIMEOUT)).map_err(|why| why.at(address))?)
    }

    fn verify(&mut self, who: Who) -> Findings {
        let reached: Vec<(&Target, &Access)> =
            self.site.peers.iter().chain([self.site.of(who)]).map(|(target, access)| (target, access)).collect();
        verify::judge(&verify::ask_all(&reached, self.time(ask::TIMEOUT)), &self.site.expected(who))
    }
}
