//! Whether the ports of the components are free: by binding them as the components will, and letting go at once.
//!
//! On z/OS ports are reserved by job name (PORT statement of the TCP/IP profile): one that is refused to this program is asked for again by
//! a process that has the component's name.

use super::{Check, Finding, Property, Subject};
use crate::component::Listener;
use crate::message::Severity;
use crate::net::address::{Address, Host, hosts, plain};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

/// An address space is made for each question.
const BOUND: Duration = Duration::from_secs(20);
/// Of the answer, in bytes.
const ANSWER: u64 = 1024;

/// What binding one address and port gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BindOutcome {
    Free,
    InUse,
    /// The address is not one of this system: a VIPA that is elsewhere now, or a mistake.
    NotThisSystem,
    /// A port below 1024, as a rule; on z/OS one that is reserved for another job.
    NotPermitted,
    /// The system has no such addresses at all.
    Unsupported,
    /// Any other error, which says nothing about the port.
    Odd(i32),
}

/// Why a component's own job could not be asked for a port.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("the name of its address space is the system's choice")]
    NoName,
    #[error("{0}")]
    NoProgram(io::Error),
    #[error("{} cannot be run: {why}", .program.display())]
    NotRun { program: PathBuf, why: io::Error },
    #[error("no answer within {} s", BOUND.as_secs())]
    NoAnswer,
    #[error("its process was named {0}, as BPX.JOBNAME does not let this user choose")]
    OtherName(String),
    #[error("the answer was '{0}'")]
    OtherAnswer(String),
    /// How its process ended.
    #[error("it ended with {0}")]
    Ended(String),
}

/// What was looked at for a listener.
#[derive(Debug)]
pub(super) struct Seen {
    listener: Listener,
    what: Result<Bound, (String, io::Error)>,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    address: SocketAddr,
    /// A listener names this address, and not just all addresses.
    is_asked_for: bool,
    outcome: BindOutcome,
}

/// Binds every listener's addresses, each address and port once.
pub(super) fn look(listeners: Vec<Listener>, bind: &dyn Fn(SocketAddr) -> io::Result<()>) -> Vec<Seen> {
    let mut known = BTreeMap::new();
    let mut seen = Vec::new();
    for listener in listeners {
        for address in addresses(&listener) {
            let what = address.map(|(address, is_asked_for)| {
                let outcome =
                    *known.entry(address).or_insert_with(|| bind(address).map_or_else(|error| outcome(&error), |()| BindOutcome::Free));
                Bound { address, is_asked_for, outcome }
            });
            seen.push(Seen { listener: listener.clone(), what });
        }
    }
    seen
}

/// The findings. A port that z/OS refuses to this program is tried again under the component's job name.
pub(super) async fn findings(subject: Subject<'_>, seen: Vec<Seen>) -> Vec<Finding> {
    let mut findings = met_by_name(&seen);
    for Seen { listener, what } in seen {
        let property = Property { path: listener.path.clone(), place: listener.place.clone() };
        let found = match what {
            Ok(bound) if bound.outcome == BindOutcome::NotPermitted && subject.platform.is_zos() => {
                let asked = ask_as(subject, &listener, bound.address).await;
                under_its_name(&listener, bound, asked)
            }
            Ok(bound) => verdict(&listener.name, bound.address, bound.outcome, bound.is_asked_for),
            Err((name, why)) => Some((
                Severity::Warning,
                format!("{}: listen address '{name}' is not known: {why}; correct zowe.network.server.listenAddresses", listener.name),
            )),
        };
        findings.extend(found.map(|(severity, text)| Finding::new(Check::Ports, severity, text).about(&property)));
    }
    findings
}

/// Those that were not looked at because the configuration says so.
pub(super) fn left_out(listeners: &[Listener]) -> Option<Finding> {
    let names: Vec<&str> = listeners.iter().map(|listener| listener.name.as_str()).collect();
    let text = || format!("{}: not looked at, as zowe.network.server.validatePortFree is false", names.join(", "));
    (!names.is_empty()).then(|| Finding::new(Check::Ports, Severity::Info, text()))
}

/// `internal bind ADDRESS:PORT`, in a process of the component's job name: what the port is to that. The reason where that cannot be told.
async fn ask_as(subject: Subject<'_>, listener: &Listener, address: SocketAddr) -> Result<BindOutcome, AskError> {
    let job_name = listener.job_name.as_deref().ok_or(AskError::NoName)?;
    let program = subject.platform.own_program().map_err(AskError::NoProgram)?;
    let mut environment = subject.environment.clone();
    // Only a process in an address space of its own can have a job name of its own.
    environment.extend([("_BPX_JOBNAME".to_string(), job_name.into()), ("_BPX_SHAREAS".to_string(), "NO".into())]);
    let arguments = [WORDS[0], WORDS[1], &address.to_string()];
    let (finished, output) = subject
        .runner
        .run_program(&program, &arguments, &environment, BOUND, ANSWER)
        .await
        .map_err(|why| AskError::NotRun { program: program.clone(), why })?;
    let output = crate::config::encoding::decode(&output).unwrap_or_default();
    match output.trim().split_once(' ') {
        _ if finished.timed_out => Err(AskError::NoAnswer),
        // Naming an address space needs READ to BPX.JOBNAME.
        Some((_, had)) if had != job_name => Err(AskError::OtherName(had.to_owned())),
        Some((word, _)) => read_outcome(word).ok_or_else(|| AskError::OtherAnswer(word.to_owned())),
        None => Err(AskError::Ended(finished.status.end.to_string())),
    }
}

/// The words after the program's name by which [`answer`] is called.
pub const WORDS: [&str; 2] = ["internal", "bind"];

/// The answer of `internal bind ADDRESS:PORT`: what binding it gave, and the name of the job that asked.
pub fn answer(platform: &dyn crate::platform::Platform, address: SocketAddr) -> String {
    let outcome = crate::platform::unix::bind(address).map_or_else(|error| outcome(&error), |()| BindOutcome::Free);
    format!("{} {}\n", word(outcome), platform.job_name())
}

fn word(outcome: BindOutcome) -> String {
    match outcome {
        BindOutcome::Free => "free".to_string(),
        BindOutcome::InUse => "in-use".to_string(),
        BindOutcome::NotThisSystem => "not-this-system".to_string(),
        BindOutcome::NotPermitted => "not-permitted".to_string(),
        BindOutcome::Unsupported => "unsupported".to_string(),
        BindOutcome::Odd(number) => number.to_string(),
    }
}

fn read_outcome(word: &str) -> Option<BindOutcome> {
    Some(match word {
        "free" => BindOutcome::Free,
        "in-use" => BindOutcome::InUse,
        "not-this-system" => BindOutcome::NotThisSystem,
        "not-permitted" => BindOutcome::NotPermitted,
        "unsupported" => BindOutcome::Unsupported,
        number => BindOutcome::Odd(number.parse().ok()?),
    })
}

/// What is said of a port that z/OS refused to this program, once the component's own job has been asked.
fn under_its_name(listener: &Listener, bound: Bound, asked: Result<BindOutcome, AskError>) -> Option<(Severity, String)> {
    let Bound { address, is_asked_for, .. } = bound;
    match asked {
        Ok(BindOutcome::NotPermitted) if is_asked_for => Some((
            Severity::Error,
            format!(
                "{}: job {} may not listen on port {} at address {}; reserve the port for it (PORT statement of the TCP/IP profile; D \
                TCPIP,,OBEYFILE puts it in force) or take another one",
                listener.name,
                listener.job_name.as_deref().unwrap_or_default(),
                address.port(),
                shown(address)
            ),
        )),
        Ok(outcome) => verdict(&listener.name, address, outcome, is_asked_for),
        Err(_) if !is_asked_for => None,
        Err(why) => Some((
            Severity::Warning,
            format!(
                "{}: this program may not listen on port {} at address {}; the component may, where the port is reserved for its job{}, \
                which was not asked: {why}",
                listener.name,
                address.port(),
                shown(address),
                listener.job_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default()
            ),
        )),
    }
}

/// The addresses that a component binds: those configured, each once; else all, of both families, where the second is not asked for by
/// anybody.
fn addresses(listener: &Listener) -> Vec<Result<(SocketAddr, bool), (String, io::Error)>> {
    let at = |ip: IpAddr| SocketAddr::new(ip, listener.port);
    if listener.addresses.is_empty() {
        return vec![Ok((at(Ipv4Addr::UNSPECIFIED.into()), true)), Ok((at(Ipv6Addr::UNSPECIFIED.into()), false))];
    }
    let mut all: Vec<Result<(SocketAddr, bool), (String, io::Error)>> = Vec::new();
    for name in &listener.addresses {
        match resolved(name, listener.port) {
            Ok(found) => {
                for address in found {
                    let is_new = !all.iter().flatten().any(|(known, _)| *known == address);
                    all.extend(is_new.then_some(Ok((address, true))));
                }
            }
            Err(error) => all.push(Err((name.clone(), error))),
        }
    }
    all
}

/// The addresses of an address or a name. A zone is the system's to read; one of IPv4 that is written as one of IPv6 is bound as what it is.
fn resolved(text: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let address = Address::parse(text);
    let host = address.as_ref().map_or_else(|| text.trim().to_string(), Address::to_string);
    let found = (host.as_str(), port).to_socket_addrs()?.map(|mut found| {
        found.set_ip(plain(found.ip()));
        found
    });
    Ok(found.collect())
}

/// An address for a message, with its zone.
fn shown(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() > 0 => format!("{}%{}", address.ip(), address.scope_id()),
        address => address.ip().to_string(),
    }
}

/// Listeners that meet at an address only because of what a name stands for on this system: what meets by what is written has been told.
/// Binding does not tell, as each address is let go before the next.
fn met_by_name(seen: &[Seen]) -> Vec<Finding> {
    let mut first: HashMap<SocketAddr, &Listener> = HashMap::new();
    let (mut found, mut told) = (Vec::new(), BTreeSet::new());
    for Seen { listener, what } in seen {
        let Ok(Bound { address, is_asked_for: true, .. }) = what else { continue };
        let other = *first.entry(*address).or_insert(listener);
        if other.name == listener.name || written_alike(other, listener) || !told.insert((&other.name, &listener.name)) {
            continue;
        }
        let property = Property { path: listener.path.clone(), place: listener.place.clone() };
        let text = format!(
            "{}: {} is the port of {} too ({}), at address {}; a port of its own is expected",
            listener.name,
            listener.port,
            other.name,
            other.place,
            shown(*address)
        );
        found.push(Finding::new(Check::Ports, Severity::Error, text).about(&property));
    }
    found
}

fn written_alike(one: &Listener, other: &Listener) -> bool {
    let of = |listener: &Listener| listener.addresses.iter().flat_map(|text| hosts(text)).collect::<Vec<_>>();
    let (one, other) = (of(one), of(other));
    let is_all = |hosts: &[Host]| hosts.is_empty() || hosts.iter().any(|host| matches!(host, Host::Address(address) if address.is_all()));
    is_all(&one) || is_all(&other) || one.iter().any(|host| other.contains(host))
}

fn verdict(name: &str, address: SocketAddr, outcome: BindOutcome, is_asked_for: bool) -> Option<(Severity, String)> {
    let port = address.port();
    match outcome {
        BindOutcome::Free | BindOutcome::Unsupported if !is_asked_for => None,
        BindOutcome::Free => None,
        BindOutcome::InUse if is_asked_for => Some((
            Severity::Error,
            format!(
                "{name}: port {port} is in use at address {}; end what listens there (netstat tells; on z/OS D \
                TCPIP,,NETSTAT,CONN,PORT={port}) or give the component a port that is free",
                shown(address)
            ),
        )),
        // It may still be free for a component that listens on IPv4 alone.
        BindOutcome::InUse => Some((
            Severity::Warning,
            format!("{name}: port {port} is free for IPv4 but in use at address {}; the component cannot listen on IPv6", shown(address)),
        )),
        BindOutcome::NotThisSystem => Some((
            Severity::Warning,
            format!(
                "{name}: port {port} was not checked: address {} is none of this system's now; a VIPA must be moved here, or \
                zowe.network.server.listenAddresses corrected",
                shown(address)
            ),
        )),
        BindOutcome::NotPermitted => Some((
            Severity::Error,
            format!(
                "{name}: this user may not listen on port {port}; reserve the port for the job (PORT statement of the TCP/IP profile) or \
                take one above 1023"
            ),
        )),
        BindOutcome::Unsupported => Some((
            Severity::Warning,
            format!("{name}: port {port} was not checked: this system has no addresses of the kind of {}", shown(address)),
        )),
        BindOutcome::Odd(_) if !is_asked_for => None,
        BindOutcome::Odd(number) => Some((
            Severity::Warning,
            format!("{name}: port {port} at address {} was not checked: {}", shown(address), io::Error::from_raw_os_error(number)),
        )),
    }
}

fn outcome(error: &io::Error) -> BindOutcome {
    use nix::errno::Errno;
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EADDRINUSE) => BindOutcome::InUse,
        Some(Errno::EADDRNOTAVAIL) => BindOutcome::NotThisSystem,
        Some(Errno::EACCES | Errno::EPERM) => BindOutcome::NotPermitted,
        Some(Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT) => BindOutcome::Unsupported,
        _ => BindOutcome::Odd(error.raw_os_error().unwrap_or_default()),
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
            component: "web".into(),
            job_name: Some("ZWE1XWB".into()),
        }
    }

    fn findings(listeners: &[Listener]) -> Vec<Finding> {
        let seen = look(listeners.to_vec(), &crate::platform::unix::bind);
        let verdicts = seen.into_iter().map(|Seen { listener, what }| {
            let bound = what.unwrap();
            verdict(&listener.name, bound.address, bound.outcome, bound.is_asked_for)
        });
        verdicts.flatten().map(|(severity, text)| Finding::new(Check::Ports, severity, text)).collect()
    }

    #[test]
    fn a_port_that_is_refused_to_this_program_is_the_components_when_its_own_job_may_have_it() {
        let refuse = |_| Err(io::Error::from_raw_os_error(nix::libc::EACCES));
        let seen = look(vec![listener(443, &["192.0.2.1"])], &refuse);
        let bound = *seen[0].what.as_ref().unwrap();
        assert_eq!(bound.outcome, BindOutcome::NotPermitted);
        let severity = |asked| under_its_name(&seen[0].listener, bound, asked);
        assert_eq!(severity(Ok(BindOutcome::Free)), None);
        let (error, text) = severity(Ok(BindOutcome::NotPermitted)).unwrap();
        assert!(error == Severity::Error && text.contains("job ZWE1XWB may not listen on port 443"), "{text}");
        assert_eq!(severity(Ok(BindOutcome::InUse)).unwrap().0, Severity::Error);
        let (warning, text) = severity(Err(AskError::NoAnswer)).unwrap();
        assert!(warning == Severity::Warning && text.contains("its job ZWE1XWB") && text.ends_with("no answer within 20 s"), "{text}");
        // Off z/OS nothing else decides.
        assert_eq!(verdict("x", bound.address, bound.outcome, true).unwrap().0, Severity::Error);
    }

    #[test]
    fn the_answer_of_another_process_is_read_as_it_was_given() {
        for outcome in [
            BindOutcome::Free,
            BindOutcome::InUse,
            BindOutcome::NotThisSystem,
            BindOutcome::NotPermitted,
            BindOutcome::Unsupported,
            BindOutcome::Odd(7),
        ] {
            assert_eq!(read_outcome(&word(outcome)), Some(outcome));
        }
        assert_eq!(read_outcome("nonsense"), None);
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let platform = crate::platform::fake::FakePlatform::default();
        assert_eq!(answer(&platform, server.local_addr().unwrap()), "in-use ZWESLSTC\n");
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
    fn an_address_is_bound_as_what_it_is_and_a_zone_is_kept() {
        let of = |text: &str| resolved(text, 80).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap_or_default();
        assert_eq!(of("::ffff:127.0.0.1"), ["127.0.0.1:80"]);
        assert_eq!(of("[0:0:0:0:0:0:0:1] "), ["[::1]:80"]);
        // The loopback interface has number 1 on Linux.
        assert_eq!(of("fe80::1%lo"), ["[fe80::1%1]:80"]);
        assert_eq!(of("no such name"), Vec::<String>::new());
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let found = findings(&[listener(port, &["::ffff:127.0.0.1", "127.0.0.1"])]);
        assert!(found.len() == 1 && found[0].severity == Severity::Error, "{found:?}");
    }

    #[test]
    fn listeners_that_meet_by_what_a_name_stands_for_are_told_once() {
        let bound = |name: &str, written: &str, address: &str| {
            let listener = Listener { name: name.into(), ..listener(80, &[written]) };
            let address = SocketAddr::new(address.parse().unwrap(), 80);
            Seen { listener, what: Ok(Bound { address, is_asked_for: true, outcome: BindOutcome::Free }) }
        };
        let texts = |seen: &[Seen]| met_by_name(seen).into_iter().map(|finding| finding.text).collect::<Vec<_>>();
        let met = [bound("a", "lpar1.example.com", "10.0.0.1"), bound("b", "10.0.0.1", "10.0.0.1"), bound("c", "other", "10.0.0.2")];
        assert_eq!(texts(&met), ["b: 80 is the port of a too (zowe.yaml:3:5), at address 10.0.0.1; a port of its own is expected"]);
        // What is written alike is the business of the check without a system.
        assert_eq!(texts(&[bound("a", "10.0.0.1", "10.0.0.1"), bound("b", "[::ffff:10.0.0.1]", "10.0.0.1")]), Vec::<String>::new());
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
        assert_eq!(severity(BindOutcome::NotPermitted, true), Some(Severity::Error));
        assert_eq!(severity(BindOutcome::InUse, false), Some(Severity::Warning));
        assert_eq!(severity(BindOutcome::Unsupported, false), None);
        assert_eq!(severity(BindOutcome::Unsupported, true), Some(Severity::Warning));
        assert_eq!(severity(BindOutcome::Odd(24), true), Some(Severity::Warning));
        assert_eq!(outcome(&io::Error::from_raw_os_error(nix::libc::EACCES)), BindOutcome::NotPermitted);
    }
}
