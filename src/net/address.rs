//! Addresses as configurations write them: the one function that reads them, so that two spellings of one address are one address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, with the zone that a link-local one of IPv6 has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// One of IPv4 that is written as one of IPv6 (`::ffff:a.b.c.d`) is one of IPv4.
    pub ip: IpAddr,
    /// What stands after `%`: an interface, by name or number.
    pub zone: Option<String>,
}

impl Address {
    /// An address, in brackets or without, with blanks around it or none; None for a name.
    pub fn parse(text: &str) -> Option<Address> {
        let text = text.trim();
        let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).trim();
        let (address, zone) = match text.split_once('%') {
            Some((address, zone)) => (address, Some(zone).filter(|zone| !zone.is_empty())),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().ok()?;
        // A zone is of addresses of IPv6 alone.
        if ip.is_ipv4() && text.contains('%') {
            return None;
        }
        Some(Address { ip: plain(ip), zone: zone.map(str::to_owned) })
    }

    /// Every address of a system.
    pub fn is_all(&self) -> bool {
        self.ip.is_unspecified()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.zone {
            Some(zone) => write!(formatter, "{}%{zone}", self.ip),
            None => write!(formatter, "{}", self.ip),
        }
    }
}

/// One of IPv4 that is written as one of IPv6 is one of IPv4: it is bound and reached as that.
pub fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// What a host of a configuration stands for, as far as it is known without asking a name server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    Address(Address),
    /// In lower case, without the dot that may stand at the end.
    Name(String),
}

/// A host that is written down: `localhost` (and what ends with `.localhost`, RFC 6761) is both loopback addresses.
pub fn hosts(text: &str) -> Vec<Host> {
    if let Some(address) = Address::parse(text) {
        return vec![Host::Address(address)];
    }
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        let loopbacks: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return loopbacks.map(|ip| Host::Address(Address { ip, zone: None })).to_vec();
    }
    vec![Host::Name(name)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_address_are_one_address() {
        let same = [
            &["127.0.0.1", " 127.0.0.1 ", "::ffff:127.0.0.1", "[::ffff:7f00:1]", "0:0:0:0:0:ffff:127.0.0.1"][..],
            &["::1", "[::1]", "[0:0:0:0:0:0:0:1]", "0000::0001", " [ ::1 ] "],
            &["fe80::1%eth0", "[fe80::1%eth0]", "FE80:0::1%eth0"],
            &["2001:db8::A", "2001:0DB8:0::a"],
        ];
        let mut seen: Vec<Vec<Host>> = Vec::new();
        for spellings in same {
            let all: Vec<Vec<Host>> = spellings.iter().map(|text| hosts(text)).collect();
            assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
            assert!(!seen.contains(&all[0]), "{all:?}");
            seen.push(all[0].clone());
        }
        assert_ne!(hosts("fe80::1%eth0"), hosts("fe80::1%eth1"));
        assert_ne!(hosts("fe80::1%eth0"), hosts("fe80::1"));
    }

    #[test]
    fn names_stay_names_and_localhost_is_both_loopbacks() {
        assert_eq!(hosts("LocalHost."), [hosts("127.0.0.1"), hosts("::1")].concat());
        assert_eq!(hosts("Zowe.Example.COM."), [Host::Name("zowe.example.com".into())]);
        for name in ["127.1", "127.0.0.01", "127.0.0.1%eth0", "[a]", "1.2.3.4.5", "", "::g", "0x7f.0.0.1"] {
            assert!(matches!(hosts(name)[..], [Host::Name(_)]), "{name}");
        }
        for all in ["0.0.0.0", "::", "[::]", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0"] {
            assert!(Address::parse(all).is_some_and(|address| address.is_all()), "{all}");
        }
    }

    proptest! {
        /// The standard library writes and reads addresses: whatever it writes is read as that address.
        #[test]
        fn what_the_standard_library_writes_is_read_as_it_was(v4 in any::<[u8; 4]>(), v6 in any::<[u8; 16]>()) {
            for ip in [IpAddr::from(v4), IpAddr::from(v6), IpAddr::V6(Ipv4Addr::from(v4).to_ipv6_mapped())] {
                let read = Address::parse(&format!("[{ip}]"));
                prop_assert_eq!(read.as_ref().map(|address| address.ip), Some(ip.to_canonical()));
                prop_assert_eq!(read.map(|address| address.to_string()), Some(ip.to_canonical().to_string()));
            }
        }
    }
}
