//! What must hold before anything is changed, and what an upgrade will do. Pure.

use super::world::Site;
use super::{Patience, Step, Who};
use crate::ha::compare::{self, Class, Options};
use crate::ha::operate::{Operation, routed};
use crate::ha::target::Target;
use std::collections::BTreeSet;

/// Every reason not to begin: contract docs/contract/high-availability.md, "Upgrade". `accepted`: properties whose differences, or whose
/// lack of difference, a person has accepted.
pub fn refusals(old: &Target, new: &Target, peers: &[&Target], own_sysname: &str, accepted: &[String]) -> Vec<String> {
    let mut refusals = Vec::new();
    let options = Options { accept: accepted.to_vec() };
    if peers.is_empty() {
        refusals.push(format!("no HA instance but {} is defined: nobody would serve while it is replaced", new.id));
    }
    for peer in peers {
        if peer.id == new.id {
            refusals.push(format!("HA instance {} is to be replaced and cannot be its own peer", new.id));
            continue;
        }
        // Two instances of one configuration share what it names, as do those that are replaced one after the other.
        if peer.configuration.sources == new.configuration.sources {
            continue;
        }
        let comparison = compare::between(&peer.configuration, &new.configuration, &options);
        refusals.extend(
            comparison.violations().into_iter().map(|difference| format!("peer {} and the new {}: {}", peer.id, new.id, difference.line())),
        );
    }
    let comparison = compare::between(&old.configuration, &new.configuration, &options);
    // Other changes do not matter here, as long as the new instance fits its peers.
    let collisions = comparison.violations().into_iter().filter(|difference| difference.class == Class::MustDiffer);
    refusals.extend(collisions.map(|difference| format!("the old and the new {}: {}", new.id, difference.line())));
    let system = |target: &Target| target.sysname.clone().unwrap_or_else(|| own_sysname.to_owned());
    if system(old) != system(new) {
        refusals.push(format!(
            "the old {} runs on {}, the new one is to run on {}: traffic is switched on one system",
            new.id,
            system(old),
            system(new)
        ));
    }
    if system(old) == system(new) && old.job_name == new.job_name {
        refusals.push(format!(
            "the old and the new {} are both job {}: P of one would stop the other; give the new one its own zowe.job.name",
            new.id, new.job_name
        ));
    }
    for peer in peers.iter().filter(|peer| peer.id != new.id && system(peer) == system(new) && peer.job_name == new.job_name) {
        refusals.push(format!("peer {} and the new {} are both job {} on {}", peer.id, new.id, new.job_name, system(new)));
    }
    if old.member == new.member {
        refusals.push(format!(
            "the old and the new {} are both started by PROC {}, which names one configuration: install another PROC and name it in \
            zowe.setup.security.stcs.zowe, or with --new-member",
            new.id, new.member
        ));
    }
    let ports = (old.port("gateway"), new.port("gateway"));
    if old.gateway.is_none() || new.gateway.is_none() {
        refusals.push(format!("HA instance {} runs no gateway: there is no traffic to switch", new.id));
    } else if ports.0 != ports.1 {
        let shown = |port: Option<u16>| port.map_or_else(|| "none".to_owned(), |port| port.to_string());
        refusals.push(format!(
            "the gateway's port is {} now and {} in the new configuration: it must be the same",
            shown(ports.0),
            shown(ports.1)
        ));
    }
    let mut seen = BTreeSet::new();
    refusals.retain(|refusal| seen.insert(refusal.clone()));
    refusals
}

/// What a run will do, step by step, with every command.
pub fn describe(site: &Site<'_>, patience: &Patience) -> String {
    let (old, new) = (&site.old.0, &site.new.0);
    let names: Vec<String> = site.peers.iter().map(|(peer, _)| peer.shown()).collect();
    let level = |target: &Target| target.level.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut lines = vec![
        format!("HA instance {} goes from level {} to level {}; {} serves meanwhile.", new.id, level(old), level(new), names.join(", ")),
        "Nothing is done now. Commands are those for a console of ".to_owned() + &site.operator.sysname() + ".",
    ];
    let expected = site.expected(Who::New);
    let expected: Vec<String> = expected.iter().map(|(service, count)| format!("{service} {count}")).collect();
    for (index, step) in Step::ALL.into_iter().enumerate() {
        lines.push(format!("{:>2}. {}", index + 1, step.title()));
        let details = match step {
            Step::Check => vec![routed(new.sysname.as_deref(), &site.operator.sysname(), &format!("F {},APPL=DISP", old.job_name))],
            Step::Quiesce | Step::QuiesceNew => vec![site.traffic.quiesce_command()],
            Step::Drain => vec![format!("until no connection is left, for {} s at most", patience.drain.as_secs())],
            Step::StopOld => vec![site.command(Who::Old, Operation::Stop), format!("for {} s at most", patience.stop.as_secs())],
            Step::StartNew => vec![site.command(Who::New, Operation::Start)],
            Step::Ready => vec![
                routed(new.sysname.as_deref(), &site.operator.sysname(), &format!("F {},APPL=DISP", new.job_name)),
                format!("GET {}/application/health", new.gateway.as_deref().unwrap_or_default()),
                format!("for {} s at most, else the old one is started again", patience.ready.as_secs()),
            ],
            Step::Verify => {
                let discoveries = site.peers.iter().chain([&site.new]).filter_map(|(target, _)| target.discovery.as_ref());
                let mut details: Vec<String> = discoveries.map(|address| format!("GET {address}/eureka/apps")).collect();
                details.push(format!("expected in each: {}", if expected.is_empty() { "nothing".to_owned() } else { expected.join(", ") }));
                details.push(format!("for {} s at most, else the old one is started again", patience.verify.as_secs()));
                details
            }
            Step::Resume => vec![site.traffic.resume_command()],
            Step::Final => Vec::new(),
        };
        lines.extend(details.into_iter().map(|detail| format!("      {detail}")));
    }
    lines.push("To go back at any time: the same command with --rollback".to_owned());
    lines.push(format!("      {}", site.command(Who::New, Operation::Stop)));
    lines.push(format!("      {}", site.command(Who::Old, Operation::Start)));
    lines.push(format!("      for {} s at most", patience.rollback.as_secs()));
    lines.push(format!("      {}", site.traffic.resume_command()));
    lines.join("\n")
}
