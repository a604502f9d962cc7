//! `zwelnch ha verify`: whether all Discovery Services agree and hold what they should. The judgement is pure; [`wait`] asks until the
//! result is good or the time is over.

use super::ask::{self, Access, AddressError, AskError};
use super::registry::{self, Registration};
use super::target::Target;
use crate::message::{FEW, several};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The number of instances of each service that must be UP in every registry.
pub type Expected = BTreeMap<String, usize>;

/// Between two rounds of questions: registries do not announce changes.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// How long a question may take that is asked when the time is already over.
const LAST_QUESTION: Duration = Duration::from_secs(1);

/// The most services that a view names: more than an installation has.
const SERVICES_SHOWN: usize = 200;

/// What was found in one round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// What differs from what is wanted, one line each; empty: all is well.
    pub differences: Vec<String>,
    /// Each registry's view, one line each.
    pub views: Vec<String>,
}

/// What the manifests say: one instance of each service for each HA instance that runs the component. `given` takes precedence.
pub fn expected<'a>(targets: impl Iterator<Item = &'a Target>, given: &Expected) -> Expected {
    let mut expected = Expected::new();
    for service in targets.flat_map(|target| &target.services) {
        *expected.entry(service.clone()).or_default() += 1;
    }
    expected.extend(given.iter().map(|(service, count)| (service.to_lowercase(), *count)));
    expected
}

/// Pure: judges the answers of the registries, each with the name of its instance, in the given order.
pub fn judge(answers: &[(String, Result<Vec<Registration>, AddressError>)], expected: &Expected) -> Findings {
    let mut findings = Findings::default();
    let mut known = BTreeMap::new();
    for (id, answer) in answers {
        match answer {
            Ok(registrations) => {
                let counts = registry::counts(registrations);
                let shown: Vec<String> = counts.iter().map(|(service, count)| format!("{service} {count}")).collect();
                let shown = several(&shown, SERVICES_SHOWN);
                findings.views.push(format!("{id} sees {}", if shown.is_empty() { "nothing" } else { &shown }));
                for (service, wanted) in expected {
                    let count = counts.get(service.as_str()).copied().unwrap_or_default();
                    if count != *wanted {
                        let which = registrations.iter().filter(|one| one.service == *service);
                        let which: Vec<String> = which.map(|one| format!("{} {}", one.instance, one.status)).collect();
                        let which = if which.is_empty() { String::new() } else { format!(": {}", several(&which, FEW)) };
                        findings.differences.push(format!("{id}: {count} instances of {service} are UP, {wanted} are expected{which}"));
                    }
                }
                known.insert(id.clone(), registrations.clone());
            }
            Err(why) => {
                findings.views.push(format!("{id} does not tell what it sees"));
                findings.differences.push(format!("{id}: its Discovery Service cannot be asked: {why}"));
            }
        }
    }
    if answers.is_empty() {
        findings.differences.push("no HA instance runs a Discovery Service".to_owned());
    }
    for of_one in registry::compare(&known).chunk_by(|one, next| one.registry == next.registry) {
        let id = of_one.first().map(|lacking| lacking.registry.as_str()).unwrap_or_default();
        findings.differences.extend(super::status::lacks(of_one).into_iter().map(|lacks| format!("{id}: {lacks}")));
    }
    findings
}

/// Asks every Discovery Service once, all at the same time.
pub fn ask_all(targets: &[(&Target, &Access)], timeout: Duration) -> Vec<(String, Result<Vec<Registration>, AddressError>)> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = targets
            .iter()
            .filter_map(|(target, access)| {
                let address = target.discovery.as_ref()?;
                Some((&target.id, address, scope.spawn(move || ask::discovery(address, access, timeout))))
            })
            .collect();
        let answer = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().unwrap_or(Err(AskError::NotAsked));
        asked.into_iter().map(|(id, address, thread)| (id.clone(), answer(thread).map_err(|why| why.at(address)))).collect()
    })
}

/// Asks until all is well or the time is over; `changed` is called for each round that differs from the one before. `deadline`: None means
/// no limit.
pub fn wait(
    targets: &[(&Target, &Access)],
    expected: &Expected,
    deadline: Option<Instant>,
    mut changed: impl FnMut(&Findings),
) -> Findings {
    let left = || deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
    let mut last = None;
    loop {
        let before = left();
        // The last question gets its answer, however late it is.
        let findings = judge(&ask_all(targets, ask::TIMEOUT.min(before.max(LAST_QUESTION))), expected);
        if findings.differences.is_empty() || before.is_zero() {
            return findings;
        }
        if last.as_ref() != Some(&findings) {
            changed(&findings);
        }
        last = Some(findings);
        std::thread::sleep(INTERVAL.min(left()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(service: &str, host: &str) -> Registration {
        Registration {
            service: service.into(),
            instance: format!("{host}:{service}"),
            host: host.into(),
            status: "UP".into(),
            port: Some(1),
        }
    }

    fn two_gateways() -> Expected {
        Expected::from([("gateway".to_owned(), 2)])
    }

    #[test]
    fn registries_that_agree_and_hold_what_is_expected_are_good() {
        let both = vec![one("gateway", "a"), one("gateway", "b"), one("other", "c")];
        let findings = judge(&[("lpar1".into(), Ok(both.clone())), ("lpar2".into(), Ok(both))], &two_gateways());
        assert_eq!(findings.differences, Vec::<String>::new());
        assert_eq!(findings.views, ["lpar1 sees gateway 2, other 1", "lpar2 sees gateway 2, other 1"]);
    }

    #[test]
    fn each_side_is_told_with_what_it_sees() {
        let answers = [
            ("lpar1".to_owned(), Ok(vec![one("gateway", "a")])),
            ("lpar2".to_owned(), Ok(vec![one("gateway", "b")])),
            ("lpar3".to_owned(), Err(AskError::Http(crate::net::HttpError::TimedOut { seconds: 10 }).at("http://c"))),
        ];
        let findings = judge(&answers, &two_gateways());
        assert_eq!(
            findings.differences,
            [
                "lpar1: 1 instances of gateway are UP, 2 are expected: a:gateway UP",
                "lpar2: 1 instances of gateway are UP, 2 are expected: b:gateway UP",
                "lpar3: its Discovery Service cannot be asked: http://c: no answer within 10 s",
                "lpar1: its registry lacks gateway b:gateway, which is UP in the registry of lpar2",
                "lpar2: its registry lacks gateway a:gateway, which is UP in the registry of lpar1",
            ]
        );
        assert_eq!(findings.views, ["lpar1 sees gateway 1", "lpar2 sees gateway 1", "lpar3 does not tell what it sees"]);
        assert!(!judge(&[], &Expected::new()).differences.is_empty());
    }
}
