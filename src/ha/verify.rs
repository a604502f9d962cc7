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

/// Pure: judges the answers of the registries, each with the name of its instance, in the given order. What several of them have in common
/// is one line.
pub fn judge(answers: &[(String, Result<Vec<Registration>, AddressError>)], expected: &Expected) -> Findings {
    let (mut views, mut differences) = (Facts::default(), Facts::default());
    let mut known = BTreeMap::new();
    for (id, answer) in answers {
        match answer {
            Ok(registrations) => {
                let counts = registry::counts(registrations);
                let shown: Vec<String> = counts.iter().map(|(service, count)| format!("{service} {count}")).collect();
                let shown = several(&shown, SERVICES_SHOWN);
                views.add(id, if shown.is_empty() { "nothing".to_owned() } else { shown });
                for (service, wanted) in expected {
                    let count = counts.get(service.as_str()).copied().unwrap_or_default();
                    if count != *wanted {
                        let which = which(registrations, service);
                        differences.add(id, format!("{count} instances of {service} are UP, {wanted} are expected{which}"));
                    }
                }
                known.insert(id.clone(), registrations.clone());
            }
            Err(why) => differences.add(id, format!("its Discovery Service cannot be asked: {why}")),
        }
    }
    for of_one in registry::compare(&known).chunk_by(|one, next| one.registry == next.registry) {
        let id = of_one.first().map(|lacking| lacking.registry.as_str()).unwrap_or_default();
        super::status::lacks(of_one).into_iter().for_each(|lacks| differences.add(id, lacks));
    }
    let verb = |ids: &[String], one, many| if ids.len() == 1 { one } else { many };
    let mut findings = Findings::default();
    findings.views.extend(views.0.iter().map(|(shown, ids)| format!("{} {} {shown}", several(ids, FEW), verb(ids, "sees", "see"))));
    let silent: Vec<String> = answers.iter().filter(|(_, answer)| answer.is_err()).map(|(id, _)| id.clone()).collect();
    if let [_, ..] = silent.as_slice() {
        let (does, it, sees) = if silent.len() == 1 { ("does", "it", "sees") } else { ("do", "they", "see") };
        findings.views.push(format!("{} {does} not tell what {it} {sees}", several(&silent, FEW)));
    }
    findings.differences.extend(differences.0.iter().map(|(fact, ids)| format!("{}: {fact}", several(ids, FEW))));
    if answers.is_empty() {
        findings.differences.push("no HA instance runs a Discovery Service".to_owned());
    }
    findings
}

/// Facts, each with the instances that it is about, in the order in which they were found.
#[derive(Default)]
struct Facts(Vec<(String, Vec<String>)>);

impl Facts {
    fn add(&mut self, id: &str, fact: String) {
        match self.0.iter_mut().find(|(known, _)| *known == fact) {
            Some((_, ids)) => ids.push(id.to_owned()),
            None => self.0.push((fact, vec![id.to_owned()])),
        }
    }
}

/// The instances of a service: all of them if they are few, else those that are not UP.
fn which(registrations: &[Registration], service: &str) -> String {
    let of_service: Vec<&Registration> = registrations.iter().filter(|one| one.service == service).collect();
    let all = of_service.len() <= FEW;
    let mut which: Vec<String> =
        of_service.into_iter().filter(|one| all || one.status != "UP").map(|one| format!("{} {}", one.instance, one.status)).collect();
    // Registries give them in an order of their own.
    which.sort();
    if which.is_empty() { String::new() } else { format!(": {}", several(&which, FEW)) }
}

/// What was found, for tools.
pub fn json(findings: &Findings, expected: &Expected, idle: &[String]) -> serde_json::Value {
    serde_json::json!({
        "good": findings.differences.is_empty(),
        "expected": expected,
        "views": findings.views,
        "differences": findings.differences,
        "worthKnowing": idle,
    })
}

/// A round in short, for who waits: all of it is said when the time is over.
pub fn summary(findings: &Findings) -> String {
    match findings.differences.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first}; {} more", rest.len()),
    }
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
        assert_eq!(findings.views, ["lpar1, lpar2 see gateway 2, other 1"]);
    }

    /// 32 instances, of which one is down: its registry does not answer, and the others miss what it runs.
    #[test]
    fn each_fact_is_one_line_however_many_registries_have_it() {
        let services = ["apicatalog", "cachingservice", "discovery", "gateway", "zaas", "zss"];
        let ids: Vec<String> = (1..=32).map(|number| format!("lpar{number}")).collect();
        let mut whole: Vec<Registration> =
            ids.iter().take(31).flat_map(|id| services.map(|service| one(service, &format!("{id}.example.com")))).collect();
        let answer = |number: usize| {
            // Each in an order of its own.
            whole.rotate_left(number);
            Ok(whole.clone())
        };
        let mut answers: Vec<_> = ids.iter().cloned().zip((0..31).map(answer)).collect();
        let refused = AskError::Http(crate::net::HttpError::Failed("connection refused".into())).at("https://lpar32.example.com:7553");
        answers.push((ids[31].clone(), Err(refused)));
        let expected: Expected = services.iter().map(|service| ((*service).to_owned(), 32)).collect();
        let findings = judge(&answers, &expected);
        assert_eq!(findings.views.len(), 2, "{:?}", findings.views);
        assert_eq!(findings.differences.len(), services.len() + 1, "{:?}", findings.differences);
        let few = "lpar1, lpar2, lpar3, lpar4, lpar5, lpar6, lpar7, lpar8";
        assert!(
            findings.differences[0].starts_with(few)
                && findings.differences[0].contains("31 instances of apicatalog are UP, 32 are expected")
        );
        let screen: usize = findings.views.iter().chain(&findings.differences).map(|line| line.chars().count().div_ceil(80)).sum();
        assert!(screen <= 24, "{screen} lines: {findings:?}");
        assert!(summary(&findings).ends_with("; 6 more"));
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
        assert_eq!(findings.views, ["lpar1, lpar2 see gateway 1", "lpar3 does not tell what it sees"]);
        assert!(!judge(&[], &Expected::new()).differences.is_empty());
    }
}
