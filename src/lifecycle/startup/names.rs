//! Whether a certificate speaks for a host.

use std::net::IpAddr;

/// The names of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// dNSName entries of subjectAltName.
    pub(super) dns: Vec<String>,
    /// iPAddress entries.
    pub(super) addresses: Vec<IpAddr>,
    /// The common name, which counts where there is no subjectAltName of either kind, as in Java and node.js.
    pub(super) common_name: Option<String>,
}

impl Names {
    /// RFC 6125: without regard to case; `*` is one whole label, the left-most.
    pub(super) fn cover(&self, host: &str) -> bool {
        let host = host.trim().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.addresses.contains(&address);
        }
        if self.dns.is_empty() && self.addresses.is_empty() {
            return self.common_name.as_deref().is_some_and(|name| matches(name, host));
        }
        self.dns.iter().any(|name| matches(name, host))
    }

    /// For a message.
    pub(super) fn show(&self) -> String {
        let mut all: Vec<String> = self.dns.iter().cloned().chain(self.addresses.iter().map(IpAddr::to_string)).collect();
        if all.is_empty() {
            all.extend(self.common_name.iter().map(|name| format!("common name {name}")));
        }
        if all.is_empty() { "nothing".to_string() } else { all.join(", ") }
    }
}

fn matches(pattern: &str, host: &str) -> bool {
    let pattern = pattern.trim_end_matches('.');
    if host.is_empty() {
        return false;
    }
    match pattern.strip_prefix("*.") {
        Some(rest) => {
            host.split_once('.').is_some_and(|(label, domain)| !label.is_empty() && rest.contains('.') && domain.eq_ignore_ascii_case(rest))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
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
        assert!(dns(&["a.example.com"]).cover("A.EXAMPLE.com."));
        assert!(dns(&["*.example.com"]).cover("a.example.com"));
        for host in ["example.com", "a.b.example.com", ".example.com", "", "a.example.org"] {
            assert!(!dns(&["*.example.com"]).cover(host), "{host}");
        }
        assert!(!dns(&["*.com"]).cover("example.com"), "a whole top-level domain");
        assert!(!dns(&["*"]).cover("localhost"));
    }

    #[test]
    fn addresses_are_not_names_and_the_common_name_is_the_last_resort() {
        let names = Names { addresses: vec!["10.0.0.1".parse().unwrap()], common_name: Some("host".into()), ..Names::default() };
        assert!(names.cover("10.0.0.1") && !names.cover("10.0.0.2") && !names.cover("host"));
        assert!(!dns(&["10.0.0.1"]).cover("10.0.0.1"));
        let old = Names { common_name: Some("host".into()), ..Names::default() };
        assert!(old.cover("HOST") && !old.cover("other"));
        assert!(!Names::default().cover("host"));
    }

    proptest! {
        #[test]
        fn a_name_covers_itself_and_a_wildcard_its_children(label in "[a-z][a-z0-9-]{0,8}", domain in "[a-z]{1,8}\\.[a-z]{2,4}") {
            let host = format!("{label}.{domain}");
            let wildcard = format!("*.{domain}");
            prop_assert!(dns(&[host.as_str()]).cover(&host));
            prop_assert!(dns(&[wildcard.as_str()]).cover(&host));
            prop_assert!(!dns(&[wildcard.as_str()]).cover(&domain));
        }
    }
}
