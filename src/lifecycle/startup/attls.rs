//! Whether AT-TLS has a rule for the ports of the components for which it is on, and none for the others. Only the TCP/IP stack of z/OS
//! knows: it is asked by a program of the runtime directory, under the job name of the component, as rules are made for jobs.

use super::{Check, Finding, Property, Subject};
use crate::component::{Listener, launched_listeners};
use crate::message::Severity;
use std::time::Duration;

/// Below the runtime directory, from Zowe 3.5 on: ends with 0 where there is a rule.
const ATTLS_TEST: &str = "bin/utils/attls-test";

/// Longest time for one question: each makes an address space.
const BOUND: Duration = Duration::from_secs(20);
/// Bytes of the answer that are kept.
const ANSWER: u64 = 4096;

/// Whether the port has a rule.
#[derive(Debug, PartialEq, Eq)]
enum Rule {
    Found,
    /// There is none; what the program said.
    None(String),
    /// Why it is not known.
    Unknown(String),
}

pub(super) async fn findings(subject: Subject<'_>, is_made: bool) -> Vec<Finding> {
    let listeners = if is_made { launched_listeners(subject.configuration, subject.survey) } else { Vec::new() };
    let is_on = |listener: &Listener| subject.configuration.is_server_attls(&listener.component);
    let on: Vec<&str> = listeners.iter().filter(|listener| is_on(listener)).map(|listener| listener.name.as_str()).collect();
    let not_made = |why: String| {
        let text = format!("was not made for {}: {why}", on.join(", "));
        // If AT-TLS is on for no component, nothing is reported.
        if on.is_empty() { Vec::new() } else { vec![Finding::new(Check::Attls, Severity::Info, text)] }
    };
    if !subject.platform.is_zos() {
        return not_made("AT-TLS is a service of z/OS; here nobody encrypts what they send".to_string());
    }
    let Some(program) = subject.configuration.runtime_directory().map(|runtime| runtime.join(ATTLS_TEST)) else { return Vec::new() };
    if !crate::platform::files::may_be_file(&program) {
        return not_made(format!("there is no {}, which Zowe brings from 3.5 on", program.display()));
    }
    let mut findings = Vec::new();
    for listener in &listeners {
        let address = listener.addresses.first().map_or("0.0.0.0", String::as_str);
        let rule = ask(subject, &program, listener, address).await;
        let user = subject.platform.user_id();
        if let Some((severity, text)) = verdict(listener, address, &user, is_on(listener), &rule) {
            let property = Property { path: listener.path.clone(), place: listener.place.clone() };
            findings.push(Finding::new(Check::Attls, severity, text).about(&property));
        }
    }
    findings
}

async fn ask(subject: Subject<'_>, program: &std::path::Path, listener: &Listener, address: &str) -> Rule {
    let port = listener.port.to_string();
    let mut environment = subject.environment.clone();
    environment.insert("_BPX_SHAREAS".to_string(), "NO".into());
    match &listener.job_name {
        Some(name) => environment.insert("_BPX_JOBNAME".to_string(), name.into()),
        None => environment.remove("_BPX_JOBNAME"),
    };
    // Direction 1 is inbound.
    let arguments = ["--serverPort", &port, "--serverHost", address, "--direction", "1"];
    match subject.runner.run_program(program, &arguments, &environment, BOUND, ANSWER).await {
        Err(error) => Rule::Unknown(error.to_string()),
        Ok((finished, _)) if finished.timed_out => Rule::Unknown(format!("no answer within {} s", BOUND.as_secs())),
        Ok((finished, _)) if finished.status.success() => Rule::Found,
        Ok((finished, output)) => {
            let said = crate::config::encoding::decode(&output).unwrap_or_default();
            let said = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
            match finished.status.end {
                crate::platform::End::Exited(_) => Rule::None(said.chars().take(200).collect()),
                end => Rule::Unknown(format!("{} ended with {end}", program.display())),
            }
        }
    }
}

fn verdict(listener: &Listener, address: &str, user: &str, is_on: bool, rule: &Rule) -> Option<(Severity, String)> {
    let of = match &listener.job_name {
        Some(job) => format!("port {} at address {address}, user {user} and job {job}", listener.port),
        None => format!("port {} at address {address} and user {user}", listener.port),
    };
    let name = &listener.name;
    match (is_on, rule) {
        (true, Rule::None(said)) => {
            let said = if said.is_empty() { String::new() } else { format!(" ('{said}')") };
            let advice = "add one to the policy, or set zowe.network.server.tls.attls to false";
            Some((Severity::Error, format!("{name}: AT-TLS is on, but has no rule for {of}{said}; {advice}")))
        }
        (false, Rule::Found) => Some((
            Severity::Error,
            format!(
                "{name}: AT-TLS has a rule for {of}, but is not on, so that all would be encrypted twice; set \
                zowe.network.server.tls.attls to true, or take the rule from the policy"
            ),
        )),
        (true, Rule::Unknown(why)) => Some((Severity::Warning, format!("{name}: whether AT-TLS has a rule for {of} is not known: {why}"))),
        (true, Rule::Found) | (false, Rule::None(_) | Rule::Unknown(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;

    /// ZWEL0365E and ZWEL0367E of bin/libs/attls.ts of zowe-install-packaging.
    #[test]
    fn a_rule_where_it_is_on_and_none_where_it_is_off() {
        let listener = Listener {
            name: "components.gateway.port".into(),
            path: vec![],
            port: 7554,
            addresses: vec![],
            place: Location::new("zowe.yaml", 1, 1),
            component: "apiml".into(),
            job_name: Some("ZWE1AG".into()),
        };
        let severity = |is_on, rule| verdict(&listener, "0.0.0.0", "ZWESVUSR", is_on, &rule);
        assert_eq!((severity(true, Rule::Found), severity(false, Rule::None(String::new()))), (None, None));
        let (error, text) = severity(true, Rule::None("rc 8".into())).unwrap();
        assert!(
            error == Severity::Error && text.contains("no rule for port 7554 at address 0.0.0.0, user ZWESVUSR and job ZWE1AG ('rc 8')"),
            "{text}"
        );
        assert_eq!(severity(false, Rule::Found).unwrap().0, Severity::Error);
        assert_eq!(severity(true, Rule::Unknown("x".into())).unwrap().0, Severity::Warning);
        assert_eq!(severity(false, Rule::Unknown("x".into())), None);
    }
}
