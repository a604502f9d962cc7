//! Whether z/OSMF answers, and gives JSON web tokens: only where it is what users log in with.

use super::certificate::{Verify, verify};
use super::key_store::{Bases, Store, TrustStore, read_trust, trust_stores};
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
    Some(Plan {
        server: format!("https://{}:{port}", net::url_host(host)),
        host: Property::of(configuration, &["zOSMF", "host"]),
        provider: Property::of(configuration, &with(name, &["provider"])),
        info: true,
        tokens: tokens.map(|path| Property::of(configuration, &path)),
        verify: verify(configuration),
        trust_stores: trust_stores(configuration, &Bases::component(name)),
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
    let not_judged = |check, why: &str| Finding::new(check, Severity::Info, format!("z/OSMF at {} {why}", plan.server)).about(&plan.host);
    if plan.info {
        let answer = ask(plan, "/zosmf/info", &trust, deadline);
        answered = matches!(answer, Answer::Good | Answer::NotVerified(_));
        let failed = |why: String, what_to_do: &str| {
            let Plan { server, provider, .. } = plan;
            let text = format!("z/OSMF at {server} {why}; it is what users log in with ({provider}, {}){what_to_do}", provider.place);
            Finding::new(Check::Zosmf, Severity::Error, text).about(&plan.host)
        };
        findings.extend(match answer {
            Answer::Good => None,
            Answer::NotVerified(why) | Answer::NotJudged(why) => Some(not_judged(Check::Zosmf, &why)),
            Answer::Refused(why) => Some(failed(why, "")),
            Answer::Bad(why) => Some(failed(why, ": start it, or correct zOSMF.host and zOSMF.port")),
        });
    }
    if let Some(property) = plan.tokens.as_ref().filter(|_| answered) {
        findings.extend(match ask(plan, "/jwt/ibm/api/zOSMFBuilder/jwk", &trust, deadline) {
            Answer::Good => None,
            Answer::NotVerified(why) | Answer::NotJudged(why) => Some(not_judged(Check::ZosmfJwt, &why)).filter(|_| !plan.info),
            Answer::Refused(why) | Answer::Bad(why) => {
                let text = format!(
                    "z/OSMF at {} gives no JSON web tokens: /jwt/ibm/api/zOSMFBuilder/jwk {why}; enable them in z/OSMF, or set {property} \
                    to ltpa",
                    plan.server
                );
                Some(Finding::new(Check::ZosmfJwt, Severity::Error, text).about(property))
            }
        });
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
    trust_with(configuration, &read_trust(&trust_stores(configuration, &Bases::instance()))).0
}

/// The same with another trust store than that of the configuration, and why a certificate is not checked where it should be.
pub fn trust_with(configuration: &Configuration, store: &TrustStore) -> (Trust, Option<String>) {
    trust(verify(configuration), store)
}

/// What z/OSMF answered, the last time it was asked.
enum Answer {
    /// 200.
    Good,
    /// 200, from a server of whose certificate not all is known here.
    NotVerified(String),
    /// There is no TLS that this program and the server both speak.
    NotJudged(String),
    /// Its certificate is not to be trusted.
    Refused(String),
    /// Another status, or none.
    Bad(String),
}

fn ask(plan: &Plan, path: &str, trust: &Trust, deadline: Instant) -> Answer {
    let mut why = String::new();
    for attempt in 1..=ATTEMPTS {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let request = Request {
            headers: vec![("X-CSRF-ZOSMF-HEADER".to_string(), "zwelnch".to_string())],
            // The status says all.
            body_limit: 0,
            ..Request::new(format!("{}{path}", plan.server), TIMEOUT.min(left), trust.clone())
        };
        match net::get_blocking(&request) {
            Ok(Response { status: 200, not_judged: None, .. }) => return Answer::Good,
            Ok(Response { status: 200, not_judged: Some(why), .. }) => {
                return Answer::NotVerified(HttpError::NotJudged(why).to_string());
            }
            Ok(Response { status, .. }) => {
                why = format!("answered with status {status} instead of 200");
                // It is up and has answered; only after an error of its own (5xx) another attempt may succeed.
                if status < 500 {
                    return Answer::Bad(why);
                }
            }
            Err(HttpError::Certificate(error)) => {
                let advice = "put its certificate authority into the trust store of zowe.certificate, or correct zowe.verifyCertificates";
                return Answer::Refused(format!("has a certificate that is refused: {error}; {advice}"));
            }
            Err(error @ HttpError::NotJudged(_)) => return Answer::NotJudged(error.to_string()),
            Err(error) => {
                why = format!("did not answer: {error}");
                if matches!(error, HttpError::Request { .. } | HttpError::Trust(_) | HttpError::NotBuilt) {
                    return Answer::Bad(why);
                }
            }
        }
        if attempt < ATTEMPTS {
            std::thread::sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now())));
        }
    }
    Answer::Bad(format!("{why} (asked {ATTEMPTS} times)"))
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
