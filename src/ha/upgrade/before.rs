//! What the registries say before anything has moved, while the old instance still runs. Pure.

use crate::config::overlay::nearest;
use crate::ha::ask::AddressError;
use crate::ha::registry::{self, Registration};
use crate::ha::target::Target;
use crate::ha::verify::{self, Expected};
use std::collections::{BTreeMap, BTreeSet};

/// The answer of each registry, with the name of its instance.
type Answers = [(String, Result<Vec<Registration>, AddressError>)];

/// Every reason in the registries not to begin: registries that do not agree or lack what the manifests name, an expected service that
/// nobody knows, and services that only the old instance has. `accepted`: services, or components with their services, that a person has
/// accepted. `given`: counts of services that the manifests do not give; they are of the new version, so that today only their names can be
/// judged.
pub fn registry_faults(
    answers: &Answers,
    (old, new, peers): (&Target, &Target, &[&Target]),
    accepted: &[String],
    given: &Expected,
) -> Vec<String> {
    let is_accepted = |service: &str| accepted.iter().any(|one| one.eq_ignore_ascii_case(service) || belongs(old, one, service));
    let mut expected = verify::expected(peers.iter().copied().chain([old]), &Expected::new());
    expected.retain(|service, _| !is_accepted(service) && !given.keys().any(|one| one.eq_ignore_ascii_case(service)));
    let findings = verify::judge(answers, &expected);
    let again = "(`zwelnch ha verify` waits until it is so)";
    let mut faults: Vec<String> = findings.differences.iter().map(|difference| format!("{BEFORE}{difference} {again}")).collect();
    let registered: Vec<BTreeMap<String, usize>> = answers.iter().filter_map(|(_, answer)| answer.as_deref().ok()).map(counts).collect();
    faults.extend(
        unknown(given, &registered, (old, new, peers)).into_iter().filter(|(service, _)| !is_accepted(service)).map(|(_, fault)| fault),
    );
    // A peer whose manifests cannot be read is judged by the registries alone, which do not tell whose a service is.
    if peers.iter().all(|peer| !peer.services.is_empty()) {
        let only = old.services.iter().filter(|service| !peers.iter().any(|peer| peer.services.contains(*service)));
        let only = only.filter(|service| registered.iter().any(|counts| counts.get(*service) == Some(&1)) && !is_accepted(service));
        faults.extend(only.map(|service| {
            format!(
                "service {service} is registered by {0} only, nobody has it while {0} is replaced: start it in a peer, or accept that \
                (--accept {service})",
                old.id
            )
        }));
    }
    faults
}

/// How a fault begins that registries may get over by themselves, as they tell each other what has just changed.
const BEFORE: &str = "before the upgrade, ";

/// Whether a fault is one that registries may get over by themselves.
pub fn may_settle(fault: &str) -> bool {
    fault.starts_with(BEFORE)
}

fn counts(registrations: &[Registration]) -> BTreeMap<String, usize> {
    registry::counts(registrations).into_iter().map(|(service, count)| (service.to_owned(), count)).collect()
}

/// Whether a component of the instance registers this service.
fn belongs(target: &Target, component: &str, service: &str) -> bool {
    crate::component::survey(&target.configuration)
        .installed
        .iter()
        .any(|one| one.name == component && one.manifest.service_ids.iter().any(|id| id.eq_ignore_ascii_case(service)))
}

/// Expected services that nobody knows, each with what is wrong: neither a manifest names them nor a registry has them.
fn unknown(
    given: &Expected,
    registered: &[BTreeMap<String, usize>],
    (old, new, peers): (&Target, &Target, &[&Target]),
) -> Vec<(String, String)> {
    let in_manifests = peers.iter().copied().chain([old, new]).flat_map(|target| &target.services).map(String::as_str);
    let known: BTreeSet<&str> = registered.iter().flat_map(|counts| counts.keys().map(String::as_str)).chain(in_manifests).collect();
    let names: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
    let expected = given.iter().map(|(service, count)| (service.to_lowercase(), count));
    let unknown = expected.filter(|(service, count)| **count > 0 && !known.contains(service.as_str()));
    unknown
        .map(|(service, _)| {
            let meant = nearest(&service, &names).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            let fault = format!(
                "--expect names service {service}, which no manifest names and no registry has{meant} (--accept {service} where the new version \
                brings it)"
            );
            (service, fault)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::load_texts;

    fn target(id: &str, services: &[&str]) -> Target {
        let whole = load_texts(&["haInstances:\n  lpar1: {hostname: a}\n  lpar2: {hostname: b}\n"], id).unwrap();
        Target { services: services.iter().map(|one| (*one).to_owned()).collect(), ..Target::new("FILE(/a)", &whole, id).unwrap() }
    }

    fn answer(id: &str, services: &[&str]) -> (String, Result<Vec<Registration>, AddressError>) {
        let one = |(number, service): (usize, &&str)| Registration {
            service: (*service).to_owned(),
            instance: format!("{service}:{number}"),
            host: "a".to_owned(),
            status: "UP".to_owned(),
            port: Some(1),
        };
        (id.to_owned(), Ok(services.iter().enumerate().map(one).collect()))
    }

    #[test]
    fn what_the_registries_say_against_it_is_told() {
        let (peer, b) = (target("lpar1", &["gateway"]), target("lpar2", &["gateway", "catalog"]));
        let good = ["gateway", "gateway", "catalog"];
        let faults = |first: &[&str], accepted: &[&str], given: &[(&str, usize)]| {
            let accepted: Vec<String> = accepted.iter().map(|one| (*one).to_owned()).collect();
            let given = given.iter().map(|(service, count)| ((*service).to_owned(), *count)).collect();
            registry_faults(&[answer("lpar1", first), answer("lpar2", &good)], (&b, &b, &[&peer]), &accepted, &given)
        };
        let only = faults(&good, &[], &[]);
        assert!(only.len() == 1 && only[0].contains("service catalog is registered by lpar2 only"), "{only:?}");
        assert_eq!(faults(&good, &["catalog"], &[("gateway", 3)]), Vec::<String>::new());
        // A mistyped name, and one that the new version brings.
        let mistyped = faults(&good, &["catalog"], &[("gatewy", 2)]);
        assert!(
            mistyped.len() == 1 && mistyped[0].contains("service gatewy") && mistyped[0].contains("did you mean gateway?"),
            "{mistyped:?}"
        );
        assert_eq!(faults(&good, &["catalog", "brandnew"], &[("brandnew", 2)]), Vec::<String>::new());
        // A registry that lacks one.
        let lacks = faults(&["gateway", "catalog"], &["catalog"], &[]);
        assert!(
            lacks.iter().any(|one| one.contains("before the upgrade, lpar1: 1 instances of gateway are UP, 2 are expected")),
            "{lacks:?}"
        );
    }
}
