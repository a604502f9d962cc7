//! The configuration of an HAProxy in front of the gateways of all HA instances. Pure.

use crate::config::variables::scalar_text;
use crate::config::{Configuration, HaInstance, LoadError, Problem, lookup, normalize_id};
use crate::net::haproxy::is_haproxy_name;
use serde_json::Value;

/// Settings that Zowe's configuration does not have.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Name of the backend; the frontend's name is made from it.
    pub backend: &'a str,
    /// Path of the runtime socket.
    pub socket: &'a str,
    /// Path of the file that keeps the servers' state over a reload. None: `server-state` beside the socket.
    pub state_file: Option<&'a str>,
    /// Path of the gateways that tells whether they are well.
    pub health: &'a str,
    /// Where clients connect: an address, `*` for all addresses of the system, or address:port. Without a port, that of zowe.externalPort
    /// is used.
    pub bind: &'a str,
}

/// Why there is no such configuration.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    #[error("haInstances is not defined: there is nothing to balance; define the HA instances, each with its hostname")]
    NoInstances,
    #[error("no HA instance runs a gateway: {}; enable components.gateway in those that are to take connections", .left_out.join("; "))]
    NoGateway { left_out: Vec<String> },
    #[error("--{option} '{value}' cannot stand in a configuration of HAProxy; {expected}")]
    Option { option: &'static str, value: String, expected: &'static str },
    #[error("{0}")]
    Load(#[from] LoadError),
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Unusable(Vec<Problem>),
}

/// A server line, or why there is none.
enum Line {
    Server { id: String, address: String, tls: bool },
    LeftOut { id: String, why: String },
}

/// Writes the configuration. Servers are in the order of haInstances, each named by its HA id.
///
/// # Errors
/// [`GenerateError`]; it lists everything that is unusable.
pub fn haproxy_configuration(configuration: &Configuration, options: Options<'_>) -> Result<String, GenerateError> {
    let (socket, state_file) = checked_options(options)?;
    let ids = configuration.instance_ids();
    if ids.is_empty() {
        return Err(GenerateError::NoInstances);
    }
    let mut problems = Vec::new();
    let bind = bind(configuration, options.bind, &mut problems);
    let mut lines = Vec::new();
    for id in &ids {
        let instance = configuration.for_instance(&HaInstance { id: normalize_id(id), from_placeholder: false })?;
        match line(id, &instance) {
            Ok(line) => lines.push(line),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(GenerateError::Unusable(problems));
    }
    if !lines.iter().any(|line| matches!(line, Line::Server { .. })) {
        let why = |line: Line| match line {
            Line::LeftOut { id, why } => Some(format!("{id}: {why}")),
            Line::Server { .. } => None,
        };
        return Err(GenerateError::NoGateway { left_out: lines.into_iter().filter_map(why).collect() });
    }
    Ok(text(options, &socket, &state_file, &bind, &domains(configuration), &lines))
}

/// The paths of the socket and of the state file, as HAProxy reads them.
fn checked_options(options: Options<'_>) -> Result<(String, String), GenerateError> {
    let refused = |option, value: &str, expected| GenerateError::Option { option, value: value.escape_debug().to_string(), expected };
    if !is_haproxy_name(options.backend) {
        return Err(refused("backend", options.backend, "a name of letters, digits, '-', '_', '.' and ':' is expected"));
    }
    let bind = |byte: u8| byte.is_ascii_alphanumeric() || b"*.:-_[]%@".contains(&byte);
    if options.bind.is_empty() || !options.bind.bytes().all(bind) {
        return Err(refused("bind", options.bind, "an address, *, or address:port is expected"));
    }
    let health = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~%?=&+:@".contains(&byte);
    if !options.health.starts_with('/') || !options.health.bytes().all(health) {
        return Err(refused("health", options.health, "the path of a URL is expected, as /application/health"));
    }
    let beside = || options.socket.rsplit_once('/').map_or_else(String::new, |(directory, _)| format!("{directory}/server-state"));
    let state_file = options.state_file.map_or_else(beside, str::to_owned);
    let mut paths = Vec::new();
    for (option, path) in [("socket", options.socket), ("state-file", &state_file)] {
        if !path.starts_with('/') || path.chars().any(|character| character.is_control() || character == '\'') {
            return Err(refused(option, path, "an absolute path without apostrophes is expected"));
        }
        let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@:".contains(&byte));
        // Inside apostrophes HAProxy treats no character as special.
        paths.push(if plain { path.to_owned() } else { format!("'{path}'") });
    }
    let mut paths = paths.into_iter();
    Ok((paths.next().unwrap_or_default(), paths.next().unwrap_or_default()))
}

fn bind(configuration: &Configuration, bind: &str, problems: &mut Vec<Problem>) -> String {
    // An IPv6 address contains colons too, where it is not in brackets.
    let has_port = bind.rsplit_once(':').is_some_and(|(address, port)| {
        port.parse::<u16>().is_ok_and(|port| port > 0) && (!address.contains(':') || address.ends_with(']'))
    });
    if has_port {
        return bind.to_owned();
    }
    let address = crate::net::url_host(bind).into_owned();
    match port(configuration, &["zowe", "externalPort"]) {
        Ok(port) => format!("{address}:{port}"),
        Err(problem) => {
            problems.push(problem);
            address
        }
    }
}

fn port(configuration: &Configuration, path: &[&str]) -> Result<u16, Problem> {
    let name = path.join(".");
    let refuse = |text: String| Problem::error(Some(configuration.place(path)), text).about(path);
    match configuration.get(path).map(scalar_text).filter(|text| !text.is_empty()) {
        None => Err(refuse(format!("{name} is not set; a port, 1 to 65535, is expected"))),
        Some(text) => match text.parse::<u16>() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(refuse(format!("{name}: '{}' is no port; 1 to 65535 is expected", text.escape_debug()))),
        },
    }
}

/// `instance`: the configuration as HA instance `id` sees it.
fn line(id: &str, instance: &Configuration) -> Result<Line, Vec<Problem>> {
    let single_service = instance.is_suppressed("gateway");
    if !single_service && !instance.is_enabled("gateway") {
        return Ok(Line::LeftOut { id: comment(id), why: "components.gateway is not enabled".to_owned() });
    }
    let mut problems = Vec::new();
    let path = ["haInstances", id];
    let mut refuse = |text: String| problems.push(Problem::error(Some(instance.place(&path)), text).about(&path));
    if !is_haproxy_name(id) {
        refuse(format!(
            "haInstances: '{}' cannot be the name of a server of HAProxy; letters, digits, '-', '_' and '.' are expected",
            id.escape_debug()
        ));
    }
    let hostname = instance.hostname();
    if hostname.is_empty() {
        refuse(format!("haInstances.{id}.hostname is not set: HAProxy has to know where the instance is"));
    } else if !hostname.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte)) {
        refuse(format!("haInstances.{id}.hostname: '{}' is no name or address of a host", hostname.escape_debug()));
    }
    // In single-service mode the one process listens at the gateway's port, or at its own where the gateway has none.
    let own = ["components", "gateway", "port"];
    let path = if single_service && instance.get(&own).is_none() { ["components", "apiml", "port"] } else { own };
    let found = port(instance, &path);
    match (found, problems.is_empty()) {
        (Ok(port), true) => {
            let address = format!("{}:{port}", crate::net::url_host(&hostname));
            // As `ha status` asks it: plain HTTP is for stand-ins.
            let tls = instance.get(&["components", "gateway", "scheme"]).and_then(Value::as_str) != Some("http");
            Ok(Line::Server { id: id.to_owned(), address, tls })
        }
        (found, _) => {
            problems.extend(found.err());
            Err(problems)
        }
    }
}

fn domains(configuration: &Configuration) -> Vec<String> {
    match lookup(configuration.value(), &["zowe", "externalDomains"]) {
        Some(Value::Array(domains)) => domains.iter().map(|domain| comment(&scalar_text(domain))).collect(),
        Some(value @ Value::String(_)) => vec![comment(&scalar_text(value))],
        _ => Vec::new(),
    }
}

/// A text that fits into a comment: one line.
fn comment(text: &str) -> String {
    text.escape_debug().to_string()
}

/// What clients call the gateways, and so what a gateway expects to be called.
fn client_name(domains: &[String]) -> &str {
    let is_name = |domain: &&String| !domain.is_empty() && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    domains.iter().find(is_name).map_or("localhost", String::as_str)
}

fn text(options: Options<'_>, socket: &str, state_file: &str, bind: &str, domains: &[String], lines: &[Line]) -> String {
    let (backend, health, name) = (options.backend, options.health, client_name(domains));
    let mut text = format!(
        "# HAProxy in front of the API ML gateways of all HA instances.
# Made by `zwelnch ha haproxy`; make it anew when haInstances changes.
# Check it with `haproxy -c -f FILE`.

global
    # Through this socket `zwelnch ha upgrade --haproxy` drains a server
    # and makes it ready again. Only the owner of the file may use it.
    stats socket {socket} mode 600 level admin
    stats timeout 30s
    # Who is drained stays drained over a reload, if the state is written
    # before: as the first ExecReload of the unit, or by hand,
    #   echo 'show servers state' | socat stdio unix-connect:SOCKET > FILE.new
    #   mv FILE.new FILE
    # with this SOCKET and FILE. Without it a reload gives a server
    # connections again that is being replaced. Until FILE is there HAProxy
    # warns of it; a line with 1 alone is a FILE of no servers.
    server-state-file {state_file}

defaults
    # TLS passes through: the gateways keep their certificates.
    mode tcp
    timeout connect 5s
    timeout queue 30s
    timeout check 5s
    # Web sockets may be silent for long.
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    # A connection that a server does not take goes to another one.
    retries 3
    option redispatch
    load-server-state-from-file global

frontend {backend}-clients
"
    );
    if !domains.is_empty() {
        text += "    # zowe.externalDomains, which are to resolve to this system:\n";
    }
    for domain in domains {
        text += &format!("    #   {domain}\n");
    }
    text += &format!(
        "    bind {bind}
    default_backend {backend}

backend {backend}
    balance leastconn
    # A gateway that listens may still answer 503 to everything. One that
    # wants to know who asks (401, 403) is alive.
    option httpchk
    http-check send meth GET uri {health} ver HTTP/1.1 hdr Host {name} hdr Accept application/json hdr Connection close
    http-check expect rstatus ^(200|401|403)$
    # A name that cannot be resolved does not keep HAProxy from starting;
    # reload it when the name can be.
    default-server init-addr last,libc,none
    # No on-marked-down shutdown-sessions: a gateway that is stopped, or
    # whose check fails once too often, may still answer what it has begun.
"
    );
    if lines.iter().any(|line| matches!(line, Line::Server { tls: true, .. })) {
        text += "    # The checks speak TLS. Clients verify the certificate, a check need not.\n";
    }
    for line in lines {
        text += &match line {
            Line::Server { id, address, tls } => {
                let tls = if *tls { format!(" check-ssl verify none check-sni {name}") } else { String::new() };
                format!("    server {id} {address} check inter 2s fall 2 rise 1{tls}\n")
            }
            Line::LeftOut { id, why } => format!("    # {id} is left out: {why}.\n"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: &str = "zowe: {externalPort: 443, externalDomains: [zowe.example.com, other]}\ncomponents: {gateway: {enabled: true, port: 7554}}\nhaInstances:\n  lpar1: {hostname: one}\n  lpar2: {hostname: 'fe80::1', components: {gateway: {port: 7654}}}\n";

    const OPTIONS: Options<'_> =
        Options { backend: "gateway", socket: "/run/haproxy/admin.sock", state_file: None, health: "/application/health", bind: "*" };

    fn made(yaml: &str, options: Options<'_>) -> Result<String, String> {
        use crate::config::{LoadRequest, Source, testing::FakePlatform};
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("zowe.yaml");
        std::fs::write(&file, yaml).unwrap();
        let (sources, ha_instance) = ([Source::File(file)], HaInstance::none());
        let request = LoadRequest { sources: &sources, ha_instance: &ha_instance, platform: &FakePlatform::default() };
        let configuration = Configuration::load(&request).map_err(|error| error.to_string())?;
        haproxy_configuration(&configuration, options).map_err(|error| error.to_string())
    }

    #[test]
    fn each_gateway_is_a_server_at_its_own_address() {
        let text = made(TWO, OPTIONS).unwrap();
        for line in [
            "    bind *:443",
            "    #   zowe.example.com",
            "    #   other",
            "    stats socket /run/haproxy/admin.sock mode 600 level admin",
            "    server-state-file /run/haproxy/server-state",
            "    load-server-state-from-file global",
            "    http-check expect rstatus ^(200|401|403)$",
            "    server lpar1 one:7554 check inter 2s fall 2 rise 1 check-ssl verify none check-sni zowe.example.com",
            "    server lpar2 [fe80::1]:7654 check inter 2s fall 2 rise 1 check-ssl verify none check-sni zowe.example.com",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        for (bind, expected) in
            [("::1", "[::1]:443"), ("[::1]:99", "[::1]:99"), ("10.0.0.1:99", "10.0.0.1:99"), ("10.0.0.1", "10.0.0.1:443")]
        {
            assert!(made(TWO, Options { bind, ..OPTIONS }).unwrap().contains(&format!("    bind {expected}\n")), "{bind}");
        }
        let blank = made(TWO, Options { socket: "/a b/c", ..OPTIONS }).unwrap();
        assert!(blank.contains("stats socket '/a b/c' mode") && blank.contains("server-state-file '/a b/server-state'"), "{blank}");
        let other = made(TWO, Options { state_file: Some("/s"), health: "/x/health", ..OPTIONS }).unwrap();
        assert!(other.contains("server-state-file /s\n") && other.contains(" uri /x/health ver"), "{other}");
        // A stand-in without TLS.
        let plain = made(&TWO.replace("port: 7554}", "port: 7554, scheme: http}"), OPTIONS).unwrap();
        assert!(plain.contains("server lpar1 one:7554 check inter 2s fall 2 rise 1\n") && !plain.contains("check-ssl"), "{plain}");
    }

    #[test]
    fn an_instance_without_a_gateway_is_left_out_and_none_at_all_is_an_error() {
        let off = TWO.replace("{port: 7654}", "{enabled: false}");
        let text = made(&off, OPTIONS).unwrap();
        assert!(text.contains("    # lpar2 is left out: components.gateway is not enabled.\n") && text.contains("server lpar1 "), "{text}");
        let none = made(&TWO.replace("enabled: true", "enabled: false"), OPTIONS).unwrap_err();
        assert!(none.contains("no HA instance runs a gateway: lpar1: ") && none.contains("lpar2: "), "{none}");
        let single = TWO.replace("components: {gateway: {enabled: true, port: 7554}}", "components: {apiml: {enabled: true, port: 7557}}");
        assert!(made(&single, OPTIONS).unwrap().contains("server lpar1 one:7557 "));
    }

    #[test]
    fn what_cannot_be_used_is_said_with_its_place() {
        assert!(made("zowe: {}\ncomponents: {}\n", OPTIONS).unwrap_err().contains("haInstances is not defined"));
        let both = TWO.replace("externalPort: 443, ", "").replace("port: 7554", "port: x").replace("hostname: one", "hostname: 'a b'");
        let error = made(&both, OPTIONS).unwrap_err();
        for what in ["zowe.externalPort is not set", "'a b' is no name", ":4:", "'x' is no port", ":2:"] {
            assert!(error.contains(what), "{what}: {error}");
        }
        let error = made(&TWO.replace("lpar1:", "\"lpar 1\":"), OPTIONS).unwrap_err();
        assert!(error.contains("'lpar 1' cannot be the name of a server"), "{error}");
        let error = made(&TWO.replace("{hostname: one}", "{sysname: A}").replace("[zowe.example.com, other]", "[]"), OPTIONS).unwrap_err();
        assert!(error.contains("haInstances.lpar1.hostname is not set"), "{error}");
        for options in [
            Options { backend: "a b", ..OPTIONS },
            Options { backend: "", ..OPTIONS },
            Options { bind: "*\n", ..OPTIONS },
            Options { bind: "* ssl", ..OPTIONS },
            Options { socket: "relative", ..OPTIONS },
            Options { socket: "/a'b", ..OPTIONS },
            Options { socket: "/a\nb", ..OPTIONS },
            Options { state_file: Some("relative"), ..OPTIONS },
            Options { health: "/a b", ..OPTIONS },
            Options { health: "a", ..OPTIONS },
        ] {
            assert!(made(TWO, options).unwrap_err().contains("cannot stand in"), "{options:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_value_makes_a_line_of_its_own(
            id in "[ -~\n]{1,12}", hostname in "[ -~\n]{1,12}", domain in "[ -~\n]{1,12}", bind in "[ -~\n]{1,12}", socket in "/[ -~\n]{1,12}",
        ) {
            let yaml = serde_json::json!({
                "zowe": {"externalPort": 443, "externalDomains": [domain]},
                "components": {"gateway": {"enabled": true, "port": 7554}},
                "haInstances": {id: {"hostname": hostname}},
            });
            let plain = made(TWO, OPTIONS).unwrap().lines().count();
            if let Ok(text) = made(&yaml.to_string(), Options { socket: &socket, bind: &bind, ..OPTIONS }) {
                // One domain and one server less.
                prop_assert_eq!(text.lines().count(), plain - 2);
            }
        }
    }
}
