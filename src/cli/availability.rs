//! `zwelnch ha status` and `verify`, and how commands of `ha` read the instances that they are about.

use super::arguments::{Balanced, Expectation, Reach, Sysplex};
use super::bounded::bounded;
use super::configuration::{NO_CONFIGURATION, absolute_config};
use super::native::Console;
use super::terminal::{data, document, drawn, fail, fail_with, is_terminal, progress};
use crate::ha::ask::{self, Access, PemFiles};
use crate::ha::compare::running;
use crate::ha::journals::Journals;
use crate::ha::lock::{self, Places};
use crate::ha::target::{self, Named, Target};
use crate::ha::traffic::seen::Balancer;
use crate::ha::{status as ha_status, verify as ha_verify};
use crate::launcher::Start;
use crate::output::printable;
use crate::platform::NativePlatform;
use std::time::{Duration, Instant};

/// Exit code of `ha status` when something is not well.
pub(super) const DEGRADED: i32 = 4;

/// Exit code of an upgrade that stands in the middle.
pub(super) const HALTED: i32 = 12;

/// Why a column of `ha status --watch` is empty.
const TRAFFIC_NOT_ASKED: &str = "Traffic at the sysplex distributor is not asked while this watches: each question would be an operator command. `ha status` without \
    --watch asks it.";

/// `[ID=]CONFIG`: an id has no slash, parenthesis or dot before the equals sign.
pub(super) fn named(text: &str) -> Named {
    match text.split_once('=') {
        Some((id, config)) if !id.is_empty() && !id.contains(['/', '(', '.']) => {
            Named { id: Some(id.to_owned()), config: absolute_config(config) }
        }
        _ => Named { id: None, config: absolute_config(text) },
    }
}

pub(super) fn pem_files(reach: &Reach) -> PemFiles {
    PemFiles { certificate: reach.certificate.clone(), key: reach.key.clone(), authorities: reach.ca.clone() }
}

pub(super) fn reached(targets: Vec<Target>, reach: &Reach) -> Result<Vec<(Target, Access)>, i32> {
    let files = pem_files(reach);
    let mut failed = 0;
    let mut reached = Vec::new();
    for target in targets {
        match Access::of(&target, &files) {
            Ok(access) => reached.push((target, access)),
            Err(error) => failed = failed.max(fail(error)),
        }
    }
    if failed == 0 { Ok(reached) } else { Err(failed) }
}

/// Those that were given, else that of the environment.
pub(super) fn configs(given: &[String]) -> Result<Vec<Named>, i32> {
    let configs: Vec<Named> = match given {
        [] => Start::from_environment(Vec::new(), None).config.into_iter().map(|config| Named { id: None, config }).collect(),
        given => given.iter().map(|text| named(text)).collect(),
    };
    if configs.is_empty() { Err(fail(NO_CONFIGURATION)) } else { Ok(configs) }
}

/// The instances that a command line names, and how each is asked.
fn sysplex(arguments: &Sysplex) -> Result<Vec<(Target, Access)>, i32> {
    let platform = NativePlatform::for_command();
    let targets = target::targets(&configs(&arguments.config)?, &platform).map_err(|error| fail_with(&error.messages()))?;
    reached(targets, &arguments.reach)
}

fn console_for(targets: &[(Target, Access)], reach: &Reach) -> Result<Console, i32> {
    let configuration = targets.first().map(|(target, _)| &target.configuration);
    Console::open(reach.system(), configuration, reach.console_through.as_ref()).map_err(fail)
}

/// What no instance runs although it is configured.
fn idle(targets: &[(Target, Access)]) -> Vec<String> {
    running::idle_interfaces(&targets.iter().map(|(target, _)| &target.configuration).collect::<Vec<_>>())
}

/// The balancer that a command names, else the sysplex distributor.
fn balancer(balanced: &Balanced) -> Balancer {
    match (&balanced.haproxy, &balanced.backend) {
        (Some(socket), Some(backend)) => Balancer::Haproxy { socket: socket.clone(), backend: backend.clone() },
        _ => Balancer::Distributor { stack: balanced.stack.clone() },
    }
}

pub(super) fn status(arguments: &Sysplex, balanced: &Balanced, json: bool, watch: Option<Duration>) -> i32 {
    let (targets, console) =
        match sysplex(arguments).and_then(|targets| console_for(&targets, &arguments.reach).map(|console| (targets, console))) {
            Ok(both) => both,
            Err(code) => return code,
        };
    let operator = console.operator();
    let on_terminal = is_terminal();
    let platform = NativePlatform::for_command();
    let pair = balanced.haproxy.as_deref().zip(balanced.backend.as_deref());
    let places = Places::of(targets.iter().map(|(target, _)| target), pair);
    let balancer = balancer(balanced);
    let mut worth_knowing = idle(&targets);
    // Who watches asks again and again, and nobody else is to see that.
    let is_quiet = watch.is_some() && !operator.asks_quietly();
    let asks_balancer = !is_quiet || matches!(balancer, Balancer::Haproxy { .. });
    if !asks_balancer {
        worth_knowing.push(TRAFFIC_NOT_ASKED.to_owned());
    }
    let journals = Journals::default();
    let sysname = operator.sysname();
    loop {
        let mut all = if is_quiet {
            ha_status::gather(&targets, &sysname, &|target| journals.launcher(target, &platform), ask::TIMEOUT)
        } else {
            ha_status::gather(&targets, &sysname, &|target| ha_status::launcher(target, &*operator, ask::TIMEOUT), ask::TIMEOUT)
        };
        if asks_balancer {
            ha_status::add_traffic(&mut all, &targets, &*operator, &balancer);
        }
        let seen = [&places, &places.of_rollouts()].map(|places| lock::look(places, &platform));
        let upgrades: Vec<String> = seen.iter().flatten().map(lock::Seen::to_string).collect();
        let table = || {
            let mut table = ha_status::table(&all);
            upgrades.iter().chain(&worth_knowing).for_each(|upgrade| table += &format!("{upgrade}\n"));
            table
        };
        let report = || {
            let mut report = ha_status::json(&all);
            report["upgrades"] = upgrades.clone().into();
            report["worthKnowing"] = worth_knowing.clone().into();
            report
        };
        let code = if all.iter().all(ha_status::InstanceStatus::is_good) { 0 } else { DEGRADED };
        let is_read = match (json, watch) {
            (true, None) => data(&serde_json::to_string_pretty(&report()).unwrap_or_default()),
            // One document a line.
            (true, Some(_)) => data(&report().to_string()),
            (false, None) => document(&table()),
            (false, Some(_)) => {
                let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
                let clear = if on_terminal { "\u{1b}[H\u{1b}[2J" } else { "" };
                drawn(&format!("{clear}{now}\n{}", printable(&table())))
            }
        };
        let Some(interval) = watch.filter(|_| is_read) else { return code };
        std::thread::sleep(interval.max(Duration::from_millis(100)));
    }
}

pub(super) fn verify(arguments: &Sysplex, expectation: &Expectation, json: bool) -> i32 {
    let begun = Instant::now();
    bounded(expectation.timeout, || verify_until(arguments, expectation, json, begun.checked_add(expectation.timeout)))
}

/// `deadline`: None where it lies beyond all clocks.
fn verify_until(arguments: &Sysplex, expectation: &Expectation, json: bool, deadline: Option<Instant>) -> i32 {
    let reached = match sysplex(arguments) {
        Ok(reached) => reached,
        Err(code) => return code,
    };
    let given = expectation.expect.iter().cloned().collect();
    let expected = ha_verify::expected(reached.iter().map(|(target, _)| target), &given);
    let idle = idle(&reached);
    if !json {
        for line in &idle {
            document(line);
        }
    }
    let reached: Vec<(&Target, &Access)> = reached.iter().map(|(target, access)| (target, access)).collect();
    let findings = ha_verify::wait(&reached, &expected, deadline, |findings| {
        if !json {
            progress(&format!("waiting: {}", ha_verify::summary(findings)));
        }
    });
    if json {
        data(&format!("{:#}", ha_verify::json(&findings, &expected, &idle)));
        return if findings.differences.is_empty() { 0 } else { 8 };
    }
    for view in &findings.views {
        document(view);
    }
    if findings.differences.is_empty() {
        let shown: Vec<String> = expected.iter().map(|(service, count)| format!("{service} {count}")).collect();
        document(&format!(
            "The Discovery Services agree; expected and there: {}",
            if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
        ));
        return 0;
    }
    findings.differences.iter().map(fail).max().unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_may_be_given_an_id() {
        let parsed = |text: &str| {
            let Named { id, config } = named(text);
            (id, config)
        };
        assert_eq!(parsed("lpar1=/a/zowe.yaml"), (Some("lpar1".into()), "/a/zowe.yaml".into()));
        assert_eq!(parsed("FILE(/a=b)"), (None, "FILE(/a=b)".into()));
        assert_eq!(parsed("/a=b/zowe.yaml"), (None, "/a=b/zowe.yaml".into()));
    }
}
