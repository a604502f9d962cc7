//! The certificates of an instance: whether they can be read, are in force, belong to their keys, and cover its host names.

use super::key_store::{self, Bases, Place, Store};
use super::pem::Block;
use super::private_key::{self, Match};
use super::ring;
use super::store_error::StoreError;
use super::{Check, Finding, Property, text};
use crate::component::Survey;
use crate::config::Configuration;
use crate::message::Severity;
use crate::net::{Cover, Identity, Names};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_parser::prelude::X509Certificate;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;
/// Days before the end of a certificate from which on there is a warning.
const NOTICE: i64 = 30;

/// How strict the components are with each other's certificates: zowe.verifyCertificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verify {
    Strict,
    /// Certificates are verified, the names in them are not.
    NonStrict,
    Disabled,
}

/// STRICT is what components take where nothing is set.
pub(super) fn verify(configuration: &Configuration) -> Verify {
    match text(configuration, &["zowe", "verifyCertificates"]) {
        Some(word) if word.eq_ignore_ascii_case("DISABLED") => Verify::Disabled,
        Some(word) if word.eq_ignore_ascii_case("NONSTRICT") => Verify::NonStrict,
        _ => Verify::Strict,
    }
}

/// Everything that is to be looked at, with no file touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    key_stores: Vec<Store>,
    trust_stores: Vec<Store>,
    /// (certificate, key): each may be missing.
    pem: Vec<(Option<Store>, Option<Store>)>,
    hosts: Vec<Host>,
    verify: Verify,
}

/// A name that clients know the instance by.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Host {
    name: String,
    property: Property,
    /// The name by which the components reach each other.
    is_own: bool,
}

/// The instance's certificate and those that components in play have of their own.
pub(super) fn plan(configuration: &Configuration, survey: &Survey) -> Plan {
    let mut plan = Plan {
        key_stores: Vec::new(),
        trust_stores: Vec::new(),
        pem: Vec::new(),
        hosts: hosts(configuration),
        verify: verify(configuration),
    };
    let mut bases = vec![Bases::instance()];
    bases.extend(survey.launched.iter().map(|name| Bases::component(name)));
    for bases in bases {
        // What a component has none of its own of is looked at once, as the instance's.
        let own = |key| key_store::store(configuration, &bases, key).filter(|_| bases.own_store(configuration, key).is_some());
        plan.key_stores.extend(own("keystore"));
        plan.trust_stores.extend(own("truststore"));
        let files = |last| key_store::pem_files(configuration, &bases, last);
        if bases.own(configuration, &[&["pem", "certificate"], &["pem", "key"]]).is_some() {
            let (certificate, key) = (files("certificate").into_iter().next(), files("key").into_iter().next());
            plan.pem.push((certificate, key));
        }
        if bases.own(configuration, &[&["pem", "certificateAuthorities"]]).is_some() {
            plan.trust_stores.extend(files("certificateAuthorities"));
        }
    }
    plan
}

/// The host name of the HA instance, and the external domains. Without an HA instance the first of them is the host name.
fn hosts(configuration: &Configuration) -> Vec<Host> {
    let mut hosts = Vec::new();
    if let Some(id) = configuration.written_id() {
        let path = ["haInstances", &id, "hostname"];
        if let Some(name) = text(configuration, &path) {
            hosts.push(Host { name: name.to_string(), property: Property::of(configuration, &path), is_own: true });
        }
    }
    let path = ["zowe", "externalDomains"];
    let domains = configuration.get(&path).and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for name in domains.iter().filter_map(|domain| domain.as_str()).map(str::trim).filter(|name| !name.is_empty()) {
        if !hosts.iter().any(|host| host.name.eq_ignore_ascii_case(name)) {
            let is_own = hosts.is_empty();
            hosts.push(Host { name: name.to_string(), property: Property::of(configuration, &path), is_own });
        }
    }
    hosts
}

pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    let mut findings = Findings { found: Vec::new(), plan, now, seen: BTreeSet::new() };
    for store in &plan.key_stores {
        findings.key_store(store);
    }
    for (certificate, key) in &plan.pem {
        findings.pem(certificate.as_ref(), key.as_ref());
    }
    for store in &plan.trust_stores {
        findings.trust_store(store);
    }
    findings.found
}

struct Findings<'a> {
    found: Vec<Finding>,
    plan: &'a Plan,
    /// Seconds since 1970.
    now: i64,
    /// Certificates of authorities that were reported already: a chain, its trust store and a component's copy hold the same ones.
    seen: BTreeSet<Vec<u8>>,
}

impl Findings<'_> {
    fn add(&mut self, severity: Severity, property: &Property, why: String) {
        let finding = Finding::new(Check::Certificate, severity, format!("{property}: {why}")).about(property);
        if !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }

    fn store_error(&mut self, property: &Property, error: StoreError) {
        match error {
            StoreError::Bad(why) => self.add(Severity::Error, property, why),
            StoreError::NotRead(why) => self.add(Severity::Info, property, format!("was not checked: {why}")),
        }
    }

    /// Says that a store of a kind that is not read was not checked; the file's store otherwise.
    fn unread(&mut self, store: &Store) -> bool {
        let why = match &store.location {
            Place::OtherType(kind) => format!("was not checked: a store of type {kind} is not read here"),
            Place::KeyRing { .. } | Place::Pkcs12 { .. } | Place::Pem(_) => return false,
        };
        self.add(Severity::Info, &store.property, why);
        true
    }

    fn key_store(&mut self, store: &Store) {
        if self.unread(store) {
            return;
        }
        match &store.location {
            Place::Pkcs12 { file, password, alias } => match key_store::identity(file, password, alias.as_deref()) {
                Ok(identity) => self.identity(&store.property, file, &identity),
                Err(error) => self.store_error(&store.property, error),
            },
            Place::KeyRing { name, alias } => self.ring(&store.property, name, alias.as_deref()),
            Place::OtherType(_) | Place::Pem(_) => {}
        }
    }

    /// The certificate of a key ring; whether its key is there is not known, as nobody asks for it.
    fn ring(&mut self, property: &Property, name: &str, alias: Option<&str>) {
        match ring::identity(name, alias) {
            Ok(chain) => self.identity(property, Path::new(name), &Identity { key_label: String::new(), key: Vec::new(), chain }),
            Err(error) => self.store_error(property, error),
        }
    }

    fn pem(&mut self, certificate: Option<&Store>, key: Option<&Store>) {
        // A key ring holds both certificate and key.
        let ring = [certificate, key].into_iter().flatten().find_map(|store| match &store.location {
            Place::KeyRing { name, .. } => Some((&store.property, name)),
            _ => None,
        });
        if let Some((property, name)) = ring {
            return self.ring(property, name, None);
        }
        let mut chain = Vec::new();
        if let Some(Store { property, location: Place::Pem(file) }) = certificate {
            match key_store::pem_certificates(file) {
                Ok(certificates) => chain = certificates,
                Err(error) => self.store_error(property, error),
            }
        }
        let mut found_key = None;
        if let Some(Store { property, location: Place::Pem(file) }) = key {
            match key_store::pem_key(file) {
                Ok(key) => found_key = key,
                Err(error) => self.store_error(property, error),
            }
        }
        let Some(Store { property, location: Place::Pem(file) }) = certificate.filter(|_| !chain.is_empty()) else { return };
        let (key_label, key) = match found_key {
            Some(Block { is_encrypted: true, contents, .. }) => (private_key::ENCRYPTED.to_string(), contents),
            Some(block) => (block.label, block.contents),
            None => Default::default(),
        };
        self.identity(property, file, &Identity { key_label, key, chain });
    }

    fn trust_store(&mut self, store: &Store) {
        if self.unread(store) {
            return;
        }
        let (file, read) = match &store.location {
            Place::Pkcs12 { file, password, .. } => (file.as_path(), key_store::trusted(file, password)),
            Place::Pem(file) => (file.as_path(), key_store::pem_certificates(file)),
            Place::KeyRing { name, .. } => (Path::new(name), ring::authorities(name)),
            Place::OtherType(_) => return,
        };
        match read {
            Ok(certificates) => {
                for der in &certificates {
                    self.authority(&store.property, file, der);
                }
            }
            Err(error) => self.store_error(&store.property, error),
        }
    }

    /// An authority that has expired affects only the certificates that it has issued: a warning.
    fn authority(&mut self, property: &Property, file: &Path, der: &[u8]) {
        if !self.seen.insert(der.to_vec()) {
            return;
        }
        let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else { return };
        let validity = certificate.validity();
        if let Some((_, why)) = in_force(validity.not_before.timestamp(), validity.not_after.timestamp(), self.now) {
            let text = format!("{}: the certificate authority '{}' {why}", file.display(), certificate.subject());
            self.add(Severity::Warning, property, text);
        }
    }

    fn identity(&mut self, property: &Property, file: &Path, identity: &Identity) {
        let name = file.display();
        let Some((leaf, authorities)) = identity.chain.split_first() else { return };
        let Ok((_, certificate)) = x509_parser::parse_x509_certificate(leaf) else {
            self.add(Severity::Error, property, format!("{name}: the certificate is damaged; make it anew"));
            return;
        };
        let subject = certificate.subject().to_string();
        let validity = certificate.validity();
        if let Some((severity, why)) = in_force(validity.not_before.timestamp(), validity.not_after.timestamp(), self.now) {
            // With certificates not verified, the dates do not matter.
            let severity = if self.plan.verify == Verify::Disabled { Severity::Warning } else { severity };
            self.add(severity, property, format!("{name}: the certificate '{subject}' {why}"));
        }
        match private_key::matches(&identity.key_label, &identity.key, certificate.public_key()) {
            _ if identity.key.is_empty() => {}
            Match::Yes => {}
            Match::No => {
                let text = format!("{name}: the private key is not that of the certificate '{subject}'; put the two that belong together");
                self.add(Severity::Error, property, text);
            }
            Match::Unknown | Match::NoKey => {
                let text = format!(
                    "{name}: whether the private key is that of the certificate '{subject}' was not checked: it is encrypted, or of a kind \
                    that is not known here"
                );
                self.add(Severity::Info, property, text);
            }
        }
        self.hosts(property, file, &certificate);
        for der in authorities {
            self.authority(property, file, der);
        }
    }

    fn hosts(&mut self, property: &Property, file: &Path, certificate: &X509Certificate<'_>) {
        let names = Names::of(certificate);
        let plan = self.plan;
        for host in &plan.hosts {
            let (file, Host { name, property: of, .. }) = (file.display(), host);
            match names.cover(name) {
                Cover::Yes => {}
                Cover::NotJudged => {
                    let text = format!("{file}: whether the certificate covers host name {name} ({of}, {}) was not checked", of.place);
                    self.add(Severity::Info, property, text);
                }
                some @ (Cover::NotByNode | Cover::ByJavaAlone) => {
                    let others = if some == Cover::NotByNode { "not for node.js" } else { "neither for API ML nor for node.js" };
                    let text = format!(
                        "{file}: the certificate covers host name {name} ({of}, {}) for Java but {others}: {}; a wildcard that all of them \
                        take stands in the first of three parts or more",
                        of.place,
                        names.show()
                    );
                    self.add(Severity::Warning, property, text);
                }
                Cover::No => {
                    let severity = if host.is_own && plan.verify == Verify::Strict { Severity::Error } else { Severity::Warning };
                    let text = format!(
                        "{file}: the certificate does not cover host name {name} ({of}, {}) but {}; have one made that does, or set \
                        zowe.verifyCertificates to NONSTRICT",
                        of.place,
                        names.show()
                    );
                    self.add(severity, property, text);
                }
            }
        }
    }
}

/// The finding about the dates of a certificate, in seconds since 1970; None if they are good.
fn in_force(not_before: i64, not_after: i64, now: i64) -> Option<(Severity, String)> {
    let days = |from: i64, to: i64| to.saturating_sub(from) / DAY;
    if not_after < now {
        Some((Severity::Error, format!("expired {} days ago; renew it", days(not_after, now))))
    } else if not_before > now {
        Some((Severity::Error, format!("is valid in {} days only; is the clock of this system right?", days(now, not_before) + 1)))
    } else if not_after.saturating_sub(now) < NOTICE * DAY {
        Some((Severity::Warning, format!("expires in {} days; renew it", days(now, not_after))))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let severity = |before, after| in_force(before, after, 100 * DAY).map(|(severity, _)| severity);
        assert_eq!(severity(0, 200 * DAY), None);
        assert_eq!(severity(0, 130 * DAY), None);
        assert_eq!(severity(0, 130 * DAY - 1), Some(Severity::Warning));
        assert_eq!(severity(0, 100 * DAY), Some(Severity::Warning));
        assert_eq!(severity(0, 100 * DAY - 1), Some(Severity::Error));
        assert_eq!(severity(100 * DAY + 1, 200 * DAY), Some(Severity::Error));
        assert_eq!(in_force(i64::MIN, i64::MAX, 0), None);
    }
}
