//! Whether the ports of the components are free: by binding them as the components will, and letting go at once. Nothing listens, so no
//! client is ever accepted, and a socket that never listened leaves nothing that could keep the component from binding.

use super::{Check, Finding, Property};
use crate::component::Listener;
use crate::message::Severity;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// What binding one address and port gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Free,
    InUse,
    /// A VIPA that is elsewhere now, or a slip of the pen.
    NotThisSystem,
    /// A port below 1024, as a rule.
    NotPermitted,
    /// The system has no such addresses at all.
    Unsupported,
    /// Anything else; what it is does not concern the port.
    Odd(i32),
}

pub(super) fn findings(listeners: &[Listener]) -> Vec<Finding> {
    let mut seen = BTreeMap::new();
    let mut findings = Vec::new();
    for listener in listeners {
        let property = Property { path: listener.path.clone(), place: listener.place.clone() };
        let mut add = |severity, text: String| {
            findings.push(Finding::new(Check::Ports, severity, text).about(&property));
        };
        for address in addresses(listener) {
            match address {
                Ok((ip, is_asked_for)) => {
                    let address = SocketAddr::new(ip, listener.port);
                    let outcome = *seen.entry(address).or_insert_with(|| bind(address));
                    if let Some((severity, text)) = verdict(&listener.name, address, outcome, is_asked_for) {
                        add(severity, text);
                    }
                }
                Err((name, why)) => add(
                    Severity::Warning,
                    format!("{}: listen address '{name}' is not known: {why}; correct zowe.network.server.listenAddresses", listener.name),
                ),
            }
        }
    }
    findings
}

/// The addresses that a component binds: those configured; else all, of both families, where the second is not asked for by anybody.
fn addresses(listener: &Listener) -> Vec<Result<(IpAddr, bool), (String, io::Error)>> {
    if listener.addresses.is_empty() {
        return vec![Ok((Ipv4Addr::UNSPECIFIED.into(), true)), Ok((Ipv6Addr::UNSPECIFIED.into(), false))];
    }
    let mut all = Vec::new();
    for name in &listener.addresses {
        match (name.trim().trim_start_matches('[').trim_end_matches(']'), listener.port).to_socket_addrs() {
            Ok(found) => all.extend(found.map(|address| Ok((address.ip(), true)))),
            Err(error) => all.push(Err((name.clone(), error))),
        }
    }
    all
}

fn verdict(name: &str, address: SocketAddr, outcome: Outcome, is_asked_for: bool) -> Option<(Severity, String)> {
    let port = address.port();
    match outcome {
        Outcome::Free | Outcome::Unsupported if !is_asked_for => None,
        Outcome::Free => None,
        Outcome::InUse if is_asked_for => Some((
            Severity::Error,
            format!(
                "{name}: port {port} is in use at address {}; end what listens there (netstat tells; on z/OS D TCPIP,,NETSTAT,CONN,PORT={port}) or give the component a port that is free",
                address.ip()
            ),
        )),
        // A component that listens on IPv4 alone is not in its way.
        Outcome::InUse => Some((
            Severity::Warning,
            format!("{name}: port {port} is free for IPv4 but in use at address {}; the component cannot listen on IPv6", address.ip()),
        )),
        Outcome::NotThisSystem => Some((
            Severity::Warning,
            format!(
                "{name}: port {port} was not checked: address {} is none of this system's now; a VIPA must be moved here, or zowe.network.server.listenAddresses corrected",
                address.ip()
            ),
        )),
        Outcome::NotPermitted => Some((
            Severity::Error,
            format!(
                "{name}: this user may not listen on port {port}; reserve the port for the job (PORT statement of the TCP/IP profile) or take one above 1023"
            ),
        )),
        Outcome::Unsupported => Some((
            Severity::Warning,
            format!("{name}: port {port} was not checked: this system has no addresses of the kind of {}", address.ip()),
        )),
        Outcome::Odd(_) if !is_asked_for => None,
        Outcome::Odd(number) => Some((
            Severity::Warning,
            format!("{name}: port {port} at address {} was not checked: {}", address.ip(), io::Error::from_raw_os_error(number)),
        )),
    }
}

/// Binds as servers do: SO_REUSEADDR, so that connections of a former run in TIME_WAIT do not count.
fn bind(address: SocketAddr) -> Outcome {
    let bound = || -> io::Result<()> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())
    };
    bound().map_or_else(|error| outcome(&error), |()| Outcome::Free)
}

fn outcome(error: &io::Error) -> Outcome {
    use nix::errno::Errno;
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EADDRINUSE) => Outcome::InUse,
        Some(Errno::EADDRNOTAVAIL) => Outcome::NotThisSystem,
        Some(Errno::EACCES | Errno::EPERM) => Outcome::NotPermitted,
        Some(Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT) => Outcome::Unsupported,
        _ => Outcome::Odd(error.raw_os_error().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use std::net::TcpListener;

    fn listener(port: u16, addresses: &[&str]) -> Listener {
        Listener {
            name: "components.web.port".into(),
            path: vec!["components".into(), "web".into(), "port".into()],
            port,
            addresses: addresses.iter().map(|address| (*address).to_string()).collect(),
            place: Location::new("zowe.yaml", 3, 5),
        }
    }

    #[test]
    fn a_port_in_use_is_an_error_and_can_be_bound_right_after_it_was_found_free() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        for addresses in [&["127.0.0.1"][..], &["localhost", "127.0.0.1"], &[], &["0.0.0.0"]] {
            let found = findings(&[listener(port, addresses)]);
            assert!(
                found.iter().any(|finding| finding.severity == Severity::Error && finding.text.contains(&port.to_string())),
                "{found:?}"
            );
        }
        assert!(findings(&[listener(port, &["127.0.0.2"])]).is_empty());
        drop(server);
        for _ in 0..20 {
            assert_eq!(findings(&[listener(port, &["127.0.0.1"])]), []);
            TcpListener::bind(("127.0.0.1", port)).unwrap();
        }
    }

    #[test]
    fn a_port_in_time_wait_counts_as_free() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let client = std::net::TcpStream::connect(address).unwrap();
        // The side that closes first is the one that waits.
        drop(server.accept().unwrap());
        drop(client);
        drop(server);
        assert_eq!(findings(&[listener(address.port(), &["127.0.0.1"])]), []);
    }

    #[test]
    fn an_address_of_another_system_is_a_warning_not_a_port_in_use() {
        let found = findings(&[listener(18_888, &["192.0.2.1"])]);
        assert_eq!(found.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Warning]);
        assert!(found[0].text.contains("192.0.2.1") && found[0].text.contains("VIPA"), "{found:?}");
    }

    #[test]
    fn every_outcome_has_its_verdict() {
        let address = SocketAddr::from(([0, 0, 0, 0], 80));
        let severity = |outcome, asked| verdict("x", address, outcome, asked).map(|(severity, _)| severity);
        assert_eq!(severity(Outcome::NotPermitted, true), Some(Severity::Error));
        assert_eq!(severity(Outcome::InUse, false), Some(Severity::Warning));
        assert_eq!(severity(Outcome::Unsupported, false), None);
        assert_eq!(severity(Outcome::Unsupported, true), Some(Severity::Warning));
        assert_eq!(severity(Outcome::Odd(24), true), Some(Severity::Warning));
        assert_eq!(outcome(&io::Error::from_raw_os_error(nix::libc::EACCES)), Outcome::NotPermitted);
    }
}
