//! Whether z/OSMF answers, and gives JSON web tokens: only where it is what users log in with.

use super::certificate::{Verify, verify};
use super::key_store::{Store, TrustStore, pem_files, read_trust, store};
use super::{Check, Finding, Property, text};
use crate::config::Configuration;
use crate::message::Severity;
use crate::net::{self, HttpError, Request, Response, Trust};
use std::time::{Duration, Instant};

const ATTEMPTS: usize = 3;
/// Time limit of one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Pause between two attempts, as z/OSMF may be starting.
const PAUSE: Duration = Duration::from_secs(2);
/// Time limit of the whole check.
const BOUND: Duration = Duration::from_secs(30);

/// The components that authenticate users; API ML as one service reads the settings of its parts too.
const GATEWAYS: [&str; 3] = ["gateway", "zaas", "apiml"];

/// What is to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// `https://host:port`.
    server: String,
    host: Property,
    provider: Property,
    info: bool,
    /// The property that wants tokens.
    tokens: Option<Property>,
    verify: Verify,
    trust_stores: Vec<Store>,
}

impl Plan {
    /// Without what is disabled; None where nothing is left.
    pub(super) fn only(mut self, info: bool, tokens: bool) -> Option<Plan> {
        self.info &= info;
        self.tokens = self.tokens.filter(|_| tokens);
        (self.info || self.tokens.is_some()).then_some(self)
    }
}

/// None where z/OSMF is not the provider of a component that will be `launched`.
pub(super) fn plan(configuration: &Configuration, launched: &[String]) -> Option<Plan> {
    let security = |name: &'static str| ["components", name, "apiml", "security", "auth"];
    let is_launched = |name: &str| launched.iter().any(|launched| launched == name);
    let runs = |name: &str| is_launched(name) || (configuration.is_suppressed(name) && is_launched("apiml"));
    let is = |path: &[&str], word: &str| text(configuration, path).is_some_and(|text| text.eq_ignore_ascii_case(word));
    let with = |name, rest: &[&'static str]| security(name).into_iter().chain(rest.iter().copied()).collect::<Vec<_>>();
    let name = GATEWAYS.into_iter().find(|name| runs(name) && is(&with(name, &["provider"]), "zosmf"))?;
    let host = text(configuration, &["zOSMF", "host"])?;
    let port = match configuration.get(&["zOSMF", "port"]) {
        Some(serde_json::Value::Number(number)) => number.to_string(),
        Some(serde_json::Value::String(text)) if !text.is_empty() => text.clone(),
        _ => "443".to_string(),
    };
    let tokens = GATEWAYS.into_iter().filter(|name| runs(name)).map(|name| with(name, &["zosmf", "jwtAutoconfiguration"]));
    let tokens = tokens.into_iter().find(|path| is(path, "jwt"));
    let mut trust_stores = pem_files(configuration, &["zowe", "certificate", "pem", "certificateAuthorities"]);
    if trust_stores.is_empty() {
        trust_stores.extend(store(configuration, &["zowe", "certificate"], "truststore"));
    }
    Some(Plan {
        server: format!("https://{}:{port}", net::url_host(host)),
        host: Property::of(configuration, &["zOSMF", "host"]),
        provider: Property::of(configuration, &with(name, &["provider"])),
        info: true,
        tokens: tokens.map(|path| Property::of(configuration, &path)),
        verify: verify(configuration),
        trust_stores,
    })
}

pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    let checks = [plan.info.then_some(Check::Zosmf), plan.tokens.is_some().then_some(Check::ZosmfJwt)].into_iter().flatten();
    if !net::is_built() {
        return checks.map(|check| Finding::new(check, Severity::Info, "was not made: this program was built without HTTP")).collect();
    }
    let (trust, unchecked) = trust(plan.verify, &read_trust(&plan.trust_stores));
    let mut findings = Vec::new();
    if let Some(why) = unchecked {
        let text = format!("the certificate of {} is not checked: {why}", plan.server);
        findings.extend(checks.clone().take(1).map(|check| Finding::new(check, Severity::Info, text.clone()).about(&plan.host)));
    }
    let deadline = Instant::now() + BOUND;
    let mut answered = true;
    if plan.info {
        let problem = ask(plan, "/zosmf/info", &trust, deadline);
        answered = problem.is_none();
        findings.extend(problem.map(|(why, is_refused)| {
            let text = format!(
                "z/OSMF at {} {why}; it is what users log in with ({}, {}){}",
                plan.server,
                plan.provider,
                plan.provider.place,
                if is_refused { "" } else { ": start it, or correct zOSMF.host and zOSMF.port" }
            );
            Finding::new(Check::Zosmf, Severity::Error, text).about(&plan.host)
        }));
    }
    if let Some(property) = plan.tokens.as_ref().filter(|_| answered) {
        findings.extend(ask(plan, "/jwt/ibm/api/zOSMFBuilder/jwk", &trust, deadline).map(|(why, _)| {
            let text = format!(
                "z/OSMF at {} gives no JSON web tokens: /jwt/ibm/api/zOSMFBuilder/jwk {why}; enable them in z/OSMF, or set {property} to ltpa",
                plan.server
            );
            Finding::new(Check::ZosmfJwt, Severity::Error, text).about(property)
        }));
    } else if let Some(property) = &plan.tokens {
        findings.push(Finding::new(Check::ZosmfJwt, Severity::Info, "was not made, as z/OSMF did not answer").about(property));
    }
    findings
}

/// How to check z/OSMF's certificate, and why it is not checked where it should be. A trust store that cannot be read is a finding of the
/// certificate check; it must not make a good server look bad.
fn trust(verify: Verify, store: &TrustStore) -> (Trust, Option<String>) {
    let host_name = verify == Verify::Strict;
    match (verify, store) {
        (Verify::Disabled, _) => (Trust::Unchecked, None),
        (_, TrustStore::None) => (Trust::System { host_name }, None),
        (_, TrustStore::Certificates(certificates)) => (Trust::Roots { certificates: certificates.clone(), host_name }, None),
        (_, TrustStore::Unusable(why)) => (Trust::Unchecked, Some(why.clone())),
    }
}

/// How the certificates of this instance's servers are checked, as `zowe.verifyCertificates` says. Reads files, so the owner task must not
/// call it.
pub fn server_trust(configuration: &Configuration) -> Trust {
    trust_with(configuration, &super::trust_store(configuration)).0
}

/// The same with another trust store than that of the configuration, and why a certificate is not checked where it should be.
pub fn trust_with(configuration: &Configuration, store: &TrustStore) -> (Trust, Option<String>) {
    trust(verify(configuration), store)
}

/// None when the answer was 200; else what was wrong at the last attempt, and whether it was the server's certificate, of which the text
/// says all.
fn ask(plan: &Plan, path: &str, trust: &Trust, deadline: Instant) -> Option<(String, bool)> {
    let mut why = String::new();
    for attempt in 1..=ATTEMPTS {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let request = Request {
            headers: vec![("X-CSRF-ZOSMF-HEADER".to_string(), "zwelnch".to_string())],
            ..Request::new(format!("{}{path}", plan.server), TIMEOUT.min(left), trust.clone())
        };
        match net::get_blocking(&request) {
            Ok(Response { status: 200, .. }) => return None,
            Ok(Response { status, .. }) => {
                why = format!("answered with status {status} instead of 200");
                // It is up and has answered; only after an error of its own (5xx) another attempt may succeed.
                if status < 500 {
                    return Some((why, false));
                }
            }
            Err(HttpError::Certificate(error)) => {
                let advice = "put its certificate authority into the trust store of zowe.certificate, or correct zowe.verifyCertificates";
                return Some((format!("has a certificate that is refused: {error}; {advice}"), true));
            }
            Err(error) => {
                why = format!("did not answer: {error}");
                if matches!(error, HttpError::Request { .. } | HttpError::Trust(_) | HttpError::NotBuilt) {
                    return Some((why, false));
                }
            }
        }
        if attempt < ATTEMPTS {
            std::thread::sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now())));
        }
    }
    Some((format!("{why} (asked {ATTEMPTS} times)"), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_follows_verify_certificates() {
        let roots = TrustStore::Certificates(vec![vec![1]]);
        assert_eq!(trust(Verify::Disabled, &roots).0, Trust::Unchecked);
        assert_eq!(trust(Verify::NonStrict, &roots).0, Trust::Roots { certificates: vec![vec![1]], host_name: false });
        assert_eq!(trust(Verify::Strict, &TrustStore::None).0, Trust::System { host_name: true });
        let (unchecked, why) = trust(Verify::Strict, &TrustStore::Unusable("key ring".into()));
        assert_eq!((unchecked, why.as_deref()), (Trust::Unchecked, Some("key ring")));
    }
}
