//! What must hold before anything is changed, and what an upgrade will do. Pure.

use super::world::Site;
use super::{Patience, Step, Who};
use crate::config::normalize_id;
use crate::ha::compare::{self, Class, Options, running};
use crate::ha::operate::{Operation, routed};
use crate::ha::target::Target;
use std::collections::{BTreeMap, BTreeSet};

/// Every reason not to begin: contract docs/contract/high-availability.md, "Upgrade". `accepted`: properties whose differences, or whose
/// lack of difference, a person has accepted.
pub fn refusals(old: &Target, new: &Target, peers: &[&Target], own_sysname: &str, accepted: &[String]) -> Vec<String> {
    let mut refusals = Vec::new();
    let options = Options { accept: accepted.to_vec() };
    if peers.is_empty() {
        refusals.push(format!("no HA instance but {} is defined: nobody would serve while it is replaced", new.id));
    }
    refusals.extend(named_twice(peers));
    refusals.extend(left_out(new, peers, accepted));
    refusals.extend(vanishing(old, new, peers, accepted));
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

/// Peers that are given more than once: which of their configurations counts would be a guess.
fn named_twice(peers: &[&Target]) -> Vec<String> {
    let mut configs: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for peer in peers {
        configs.entry(normalize_id(&peer.id)).or_default().push(&peer.config);
    }
    let twice = configs.into_iter().filter(|(_, configs)| configs.len() > 1);
    twice.map(|(id, configs)| format!("peer {id} is named more than once, with {}: name it once", configs.join(" and "))).collect()
}

/// Instances that are defined and neither replaced nor peers: the registries hold their services too.
fn left_out(new: &Target, peers: &[&Target], accepted: &[String]) -> Vec<String> {
    let defined: BTreeSet<String> = peers.iter().copied().chain([new]).flat_map(|target| target.configuration.instance_ids()).collect();
    let is = |one: &str, other: &str| normalize_id(one) == normalize_id(other);
    let is_known = |id: &String| peers.iter().any(|peer| is(&peer.id, id)) || is(&new.id, id) || accepted.iter().any(|one| is(one, id));
    let left: Vec<String> = defined.into_iter().filter(|id| !is_known(id)).collect();
    if peers.is_empty() {
        return Vec::new();
    }
    left.into_iter()
        .map(|id| {
            format!(
                "HA instance {id} is defined in haInstances and not named as a peer: name it with --peer {id}=CONFIG, or accept that it is \
                left out (--accept {id})"
            )
        })
        .collect()
}

/// Components that the old instance runs, and then nobody.
fn vanishing(old: &Target, new: &Target, peers: &[&Target], accepted: &[String]) -> Vec<String> {
    let runs = |target: &Target, name: &str| target.configuration.is_enabled(name);
    let names = running::nowhere_of(&old.configuration, |name| runs(new, name) || peers.iter().any(|peer| runs(peer, name)));
    let is_accepted = |name: &str| {
        let path = format!("components.{name}.enabled");
        accepted.iter().any(|accepted| accepted == name || path == *accepted || path.starts_with(&format!("{accepted}.")))
    };
    names
        .into_iter()
        .filter(|name| !is_accepted(name))
        .map(|name| {
            format!(
                "component {name} runs in the old {0} and would run nowhere: neither the new {0} nor a peer runs it; let one of them do so \
                (haInstances.ID.components.{name}.enabled), or accept that nobody has it (--accept {name})",
                new.id
            )
        })
        .collect()
}

/// What does not keep this upgrade from beginning and has to be right before the last one: components that a peer runs and that the new
/// configuration runs in no instance.
pub fn warnings(new: &Target, peers: &[&Target]) -> Vec<String> {
    let mut warnings = BTreeSet::new();
    for peer in peers.iter().filter(|peer| peer.configuration.sources != new.configuration.sources) {
        for name in running::nowhere(&peer.configuration, &new.configuration) {
            warnings.insert(format!(
                "component {name} runs in {}, and the new configuration runs it in no instance: when all are replaced, nobody has it",
                running::instances(&peer.configuration, &name).join(", ")
            ));
        }
    }
    warnings.into_iter().collect()
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
    for (index, step) in Step::ALL.into_iter().enumerate() {
        lines.push(format!("{:>2}. {}", index + 1, step.title()));
        lines.extend(details(site, patience, step).into_iter().map(|detail| format!("      {detail}")));
    }
    lines.push("To go back at any time: the same command with --rollback".to_owned());
    lines.extend(back(site, patience).into_iter().map(|detail| format!("      {detail}")));
    lines.join("\n")
}

/// The same for tools.
pub fn json(site: &Site<'_>, patience: &Patience) -> serde_json::Value {
    let one = |target: &Target| {
        serde_json::json!({
            "haInstance": target.id, "system": target.sysname, "job": target.job_name, "level": target.level, "configuration": target.config,
        })
    };
    let step = |(index, step): (usize, Step)| serde_json::json!({"number": index + 1, "title": step.title(), "details": details(site, patience, step)});
    serde_json::json!({
        "console": site.operator.sysname(),
        "old": one(&site.old.0),
        "new": one(&site.new.0),
        "peers": site.peers.iter().map(|(peer, _)| one(peer)).collect::<Vec<_>>(),
        "steps": Step::ALL.into_iter().enumerate().map(step).collect::<Vec<_>>(),
        "rollback": back(site, patience),
    })
}

/// What a rollback does.
fn back(site: &Site<'_>, patience: &Patience) -> Vec<String> {
    vec![
        site.command(Who::New, Operation::Stop),
        site.command(Who::Old, Operation::Start),
        format!("for {} s at most", patience.rollback.as_secs()),
        site.traffic.resume_command(),
    ]
}

/// The commands and questions of a step, and what bounds it.
fn details(site: &Site<'_>, patience: &Patience, step: Step) -> Vec<String> {
    let (old, new) = (&site.old.0, &site.new.0);
    let expected = site.expected(Who::New);
    let expected: Vec<String> = expected.iter().map(|(service, count)| format!("{service} {count}")).collect();
    match step {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::load_texts;

    #[test]
    fn each_peer_is_named_once_and_none_is_left_out() {
        let whole =
            load_texts(&["haInstances:\n  lpar1: {hostname: a}\n  lpar2: {hostname: b}\n  lpar3: {hostname: c}\n"], "lpar1").unwrap();
        let target = |id: &str, config: &str| Target::new(config, &whole, id).unwrap();
        let (one, again, new) = (target("lpar1", "/a"), target("LPAR1", "/b"), target("lpar2", "/c"));
        let twice = named_twice(&[&one, &again]);
        assert_eq!(twice, ["peer lpar1 is named more than once, with /a and /b: name it once"]);
        let left = left_out(&new, &[&one], &[]);
        assert!(left.len() == 1 && left[0].starts_with("HA instance lpar3 is defined in haInstances and not named as a peer"), "{left:?}");
        assert!(left_out(&new, &[&one], &["LPAR3".to_owned()]).is_empty() && named_twice(&[&one]).is_empty());
    }
}
