//! The real world of an upgrade: consoles, balancers, gateways, registries and the clock.

use super::record::UpgradeRecord;
use super::{Approval, Progress, UpgradeError, Who, World};
use crate::ha::ask::{self, Access};
use crate::ha::operate::{Operation, command_text};
use crate::ha::operator::Operator;
use crate::ha::status::{self, ComponentState, Launcher};
use crate::ha::target::Target;
use crate::ha::traffic::Traffic;
use crate::ha::verify::{self, Expected, Findings};
use std::time::{Duration, Instant};

/// The time limit of one question to a gateway.
const TIMEOUT: Duration = Duration::from_secs(5);

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

/// A run on a [`Site`].
pub struct Run<'a> {
    pub site: Site<'a>,
    pub record: UpgradeRecord,
    pub say: &'a mut dyn FnMut(&str),
    pub approve: &'a mut dyn FnMut(&str) -> Approval,
    pub begun: Instant,
}

impl Run<'_> {
    fn issue(&mut self, who: Who, operation: Operation) -> Result<(), UpgradeError> {
        let command = self.site.command(who, operation);
        (self.say)(&format!("  {command}"));
        let answer = self.site.operator.issue(&command)?;
        for line in &answer.lines {
            (self.say)(&format!("    {line}"));
        }
        if answer.accepted { Ok(()) } else { Err(UpgradeError::Refused { command, lines: answer.lines }) }
    }

    fn said(&mut self, lines: Vec<String>) {
        for line in lines {
            (self.say)(&format!("    {line}"));
        }
    }
}

impl World for Run<'_> {
    fn say(&mut self, line: &str) {
        (self.say)(line);
    }

    fn keep(&mut self, progress: Option<Progress>) -> Result<(), UpgradeError> {
        Ok(self.record.keep(progress)?)
    }

    fn approve(&mut self, title: &str) -> Approval {
        (self.approve)(title)
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn pause(&mut self, time: Duration) {
        // A remote launcher and a remote gateway do not announce what becomes of them.
        std::thread::sleep(time);
    }

    fn peer_faults(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        for (peer, access) in &self.site.peers {
            match status::launcher(peer, self.site.operator) {
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

    fn peer_serves(&mut self) -> Result<(), UpgradeError> {
        let mut faults = Vec::new();
        for (peer, access) in &self.site.peers {
            match peer.gateway.as_ref().map(|address| (address, ask::gateway(address, access, TIMEOUT))) {
                Some((_, Ok(()))) => {
                    return match self.site.traffic.others() {
                        Ok(others) if others.is_empty() => Ok(()),
                        Ok(others) => Err(UpgradeError::Faults(others)),
                        // Before anything is stopped the balancer has to answer; while something is down, giving up would not help.
                        Err(_) => Ok(()),
                    };
                }
                Some((address, Err(why))) => faults.push(format!("gateway of peer {} at {address}: {why}", peer.id)),
                None => faults.push(format!("peer {} runs no gateway", peer.id)),
            }
        }
        Err(UpgradeError::Faults(faults))
    }

    fn only_here(&mut self) -> Vec<String> {
        let components = |target: &Target| match status::launcher(target, self.site.operator) {
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
        (self.say)(&format!("  {}", self.site.traffic.quiesce_command()));
        let lines = self.site.traffic.quiesce()?;
        self.said(lines);
        Ok(())
    }

    fn resume(&mut self) -> Result<(), UpgradeError> {
        (self.say)(&format!("  {}", self.site.traffic.resume_command()));
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
        status::launcher(&self.site.of(who).0, self.site.operator)
    }

    fn gateway(&mut self, who: Who) -> Result<(), UpgradeError> {
        let (target, access) = self.site.of(who);
        let address = target.gateway.as_ref().ok_or(UpgradeError::NoGateway)?;
        Ok(ask::gateway(address, access, TIMEOUT).map_err(|why| why.at(address))?)
    }

    fn verify(&mut self, who: Who) -> Findings {
        let reached: Vec<(&Target, &Access)> =
            self.site.peers.iter().chain([self.site.of(who)]).map(|(target, access)| (target, access)).collect();
        verify::judge(&verify::ask_all(&reached, ask::TIMEOUT), &self.site.expected(who))
    }
}
