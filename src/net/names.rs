//! Whether a certificate speaks for a host: the one function that judges names, for the start-up checks, the probes and all requests.
//!
//! It stands for those who will look at the certificate: Java's own TLS (`HttpsURLConnection`, servers that talk to each other), the HTTP
//! client of API ML (Apache HttpClient 5, `DefaultHostnameVerifier`) and node.js (`tls.checkServerIdentity`).

use super::address::{Address, plain};
use std::net::IpAddr;
use x509_parser::asn1_rs::Tag;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;
use x509_parser::x509::AttributeTypeAndValue;

/// The names of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// dNSName entries of subjectAltName.
    pub(crate) dns: Vec<String>,
    /// iPAddress entries.
    pub(crate) addresses: Vec<IpAddr>,
    /// The most specific common name, which counts for names where there is no dNSName, whatever else subjectAltName has. It never counts
    /// for addresses: asked at an address, API ML says "doesn't match any of the subject alternative names: []" (zowe/api-layer#353).
    pub(crate) common_name: Option<String>,
}

/// Who takes a certificate for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// Nobody.
    No,
    /// The host's name is not in ASCII, and how it is compared differs.
    NotJudged,
    /// Java's own TLS, but neither API ML nor node.js: more than one wildcard, or one for a whole top-level domain.
    ByJavaAlone,
    /// Java and API ML, but not node.js: a wildcard that is not in the left-most label, or in one that begins with `xn--`.
    NotByNode,
    /// All of them.
    Yes,
}

impl Names {
    /// The names that stand in a certificate.
    pub fn of(certificate: &X509Certificate<'_>) -> Names {
        let mut names = Names { common_name: certificate.subject().iter_common_name().last().and_then(text), ..Names::default() };
        let alternative = certificate.subject_alternative_name().ok().flatten();
        for name in alternative.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => names.dns.push((*name).to_string()),
                GeneralName::IPAddress(bytes) => {
                    let address = <[u8; 4]>::try_from(*bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
                    names.addresses.extend(address.ok());
                }
                _ => {}
            }
        }
        names
    }

    /// Who takes this certificate for a host.
    pub fn cover(&self, host: &str) -> Cover {
        if let Some(address) = Address::parse(host) {
            let is_in = self.addresses.iter().any(|own| plain(*own) == address.ip);
            return if is_in { Cover::Yes } else { Cover::No };
        }
        let host = host.trim().trim_end_matches('.');
        if !host.is_ascii() {
            return Cover::NotJudged;
        }
        let names = if self.dns.is_empty() { self.common_name.as_slice() } else { self.dns.as_slice() };
        names.iter().map(|name| matches(name, host)).max().unwrap_or(Cover::No)
    }

    /// For a message.
    pub fn show(&self) -> String {
        let mut all: Vec<String> = self.dns.iter().cloned().chain(self.addresses.iter().map(IpAddr::to_string)).collect();
        if self.dns.is_empty() {
            all.extend(self.common_name.iter().map(|name| format!("common name {name}")));
        }
        if all.is_empty() { "nothing".to_string() } else { all.join(", ") }
    }
}

/// A common name, in the code that its tag says.
fn text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let value = attribute.attr_value();
    match value.tag() {
        Tag::BmpString => {
            let units = value.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            String::from_utf16(&units.collect::<Vec<_>>()).ok()
        }
        // In practice Latin-1.
        Tag::TeletexString => Some(value.data.iter().map(|byte| char::from(*byte)).collect()),
        _ => attribute.as_str().ok().map(str::to_string),
    }
}

/// Without regard to case. A wildcard stands for any part of one label, which is not the last one.
fn matches(pattern: &str, host: &str) -> Cover {
    let (pattern, host) = (pattern.trim_end_matches('.').to_ascii_lowercase(), host.to_ascii_lowercase());
    if host.is_empty() {
        return Cover::No;
    }
    if !pattern.contains('*') {
        return if pattern == host { Cover::Yes } else { Cover::No };
    }
    let (patterns, labels): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), host.split('.').collect());
    let ends_with_wildcard = patterns.last().is_some_and(|label| label.contains('*'));
    let is_covered = patterns.len() == labels.len() && patterns.iter().zip(&labels).all(|(pattern, label)| covers(pattern, label));
    if !is_covered || ends_with_wildcard || labels.contains(&"") {
        return Cover::No;
    }
    let first = patterns.first().copied().unwrap_or_default();
    match pattern.matches('*').count() {
        1 if patterns.len() < 3 => Cover::ByJavaAlone,
        1 if first.contains('*') && !first.contains("xn--") => Cover::Yes,
        1 => Cover::NotByNode,
        _ => Cover::ByJavaAlone,
    }
}

fn covers(pattern: &str, label: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else { return pattern == label };
    let Some(mut label) = label.strip_prefix(before) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = label.split_once(part) else { return false };
        label = after;
    }
    label.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dns(names: &[&str]) -> Names {
        Names { dns: names.iter().map(|name| (*name).to_string()).collect(), ..Names::default() }
    }

    #[test]
    fn names_and_wildcards() {
        assert_eq!(dns(&["a.example.com"]).cover("A.EXAMPLE.com."), Cover::Yes);
        for (pattern, host) in [
            ("*.example.com", "a.example.com"),
            ("lpar*.example.com", "LPAR1.example.com"),
            ("lpar*.example.com", "lpar.example.com"),
            ("*1.example.com", "lpar1.example.com"),
            ("l*1.example.com", "lpar1.example.com"),
        ] {
            assert_eq!(dns(&[pattern]).cover(host), Cover::Yes, "{pattern} {host}");
        }
        for (pattern, host) in [("a.*.example.com", "a.b.example.com"), ("xn--*.example.com", "xn--lpar1.example.com")] {
            assert_eq!(dns(&[pattern]).cover(host), Cover::NotByNode, "{pattern} {host}");
        }
        for (pattern, host) in [("*.com", "example.com"), ("*.*.com", "a.example.com"), ("l*r*.example.com", "lpar1.example.com")] {
            assert_eq!(dns(&[pattern]).cover(host), Cover::ByJavaAlone, "{pattern} {host}");
        }
        for host in ["example.com", "a.b.example.com", ".example.com", "", "a.example.org"] {
            assert_eq!(dns(&["*.example.com"]).cover(host), Cover::No, "{host}");
        }
        for (pattern, host) in [
            ("*", "localhost"),
            ("lpar*", "lpar1"),
            ("a.example.*", "a.example.com"),
            ("l*r*.example.com", "lpa1.example.com"),
            ("lpar*.example.com", "lpar1.a.example.com"),
            ("lpar*.example.com", "xpar1.example.com"),
            ("lpar*1.example.com", "lpar.example.com"),
        ] {
            assert_eq!(dns(&[pattern]).cover(host), Cover::No, "{pattern} {host}");
        }
        assert_eq!(dns(&["xn--bcher-kva.example"]).cover("b\u{fc}cher.example"), Cover::NotJudged);
    }

    #[test]
    fn addresses_are_not_names_and_the_common_name_counts_for_names_without_a_name() {
        let names = Names { addresses: vec!["10.0.0.1".parse().unwrap()], common_name: Some("host".into()), ..Names::default() };
        assert_eq!(
            ["10.0.0.1", "10.0.0.2", "host", "::ffff:10.0.0.1"].map(|host| names.cover(host) == Cover::Yes),
            [true, false, true, true]
        );
        assert_eq!(dns(&["10.0.0.1"]).cover("10.0.0.1"), Cover::No);
        let old = Names { common_name: Some("10.0.0.1".into()), ..Names::default() };
        assert_eq!(old.cover("10.0.0.1"), Cover::No);
        let named = Names { dns: vec!["other".into()], common_name: Some("host".into()), ..Names::default() };
        assert_eq!(named.cover("host"), Cover::No);
        assert_eq!(Names::default().cover("host"), Cover::No);
    }

    proptest! {
        #[test]
        fn a_name_covers_itself_and_a_wildcard_its_children(label in "[a-z][a-z0-9-]{0,8}", domain in "[a-z]{1,8}\\.[a-z]{2,4}") {
            let host = format!("{label}.{domain}");
            let wildcard = format!("*.{domain}");
            prop_assert_eq!(dns(&[host.as_str()]).cover(&host), Cover::Yes);
            prop_assert_eq!(dns(&[wildcard.as_str()]).cover(&host), Cover::Yes);
            prop_assert_eq!(dns(&[wildcard.as_str()]).cover(&domain), Cover::No);
        }
    }
}
