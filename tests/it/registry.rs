//! The Discovery Service and the gateway of the sample, by raw HTTP.

use crate::harness::{PATIENCE, Running, free_port, program, wait_until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use zwelnch::ha::registry::{self, Registration};

/// `demo service` with these arguments.
fn service(arguments: &[&str]) -> Running {
    let mut command = Command::new(program());
    command.args(["demo", "service"]).args(arguments).stdin(Stdio::null());
    Running::spawn(command, Path::new("/nonexistent"))
}

struct Discovery {
    running: Running,
    port: u16,
}

impl Discovery {
    /// On any port.
    fn start(arguments: &[&str]) -> Discovery {
        Discovery::start_on(0, arguments)
    }

    fn start_on(port: u16, arguments: &[&str]) -> Discovery {
        let running = service(&[&["discovery", "--name", "discovery", "--port", &port.to_string()], arguments].concat());
        let port = port_in(&running.wait_for("DEMO0041I"));
        Discovery { running, port }
    }

    fn url(&self) -> String {
        url(self.port)
    }

    fn registrations(&self) -> Vec<Registration> {
        read(self.port)
    }

    /// Waits until these instances, and no others, are there.
    fn wait_for(&self, expected: &[&str]) {
        let ids = || self.registrations().into_iter().map(|one| one.instance).collect::<Vec<_>>();
        let found = wait_until(Instant::now() + PATIENCE, || (ids() == expected).then_some(()));
        assert!(found.is_some(), "{:?}, expected {expected:?}\n{}", ids(), self.running.all());
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/eureka/")
}

/// The port of `listens on 127.0.0.1:17003`.
fn port_in(line: &str) -> u16 {
    let address = line.split("listens on ").nth(1).unwrap().split([' ', ':']).nth(1).unwrap();
    address.parse().unwrap_or_else(|_| panic!("{line}"))
}

/// Sends a request; the answer's status, head and body.
fn send(port: u16, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: h\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
}

fn get(port: u16, path: &str) -> (u16, String) {
    let (status, _, body) = send(port, "GET", path, "accept: application/json\r\n", "");
    (status, body)
}

/// Without the Discovery Services themselves.
fn others(answer: &str) -> Vec<Registration> {
    registry::read(answer).unwrap().into_iter().filter(|one| one.service != "discovery").collect()
}

fn read(port: u16) -> Vec<Registration> {
    others(&get(port, "/eureka/apps").1)
}

const COPY: &str = "x-netflix-discovery-replication: true\r\n";

fn instance(id: &str, port: u16, lease: u64) -> Value {
    json!({"instance": {
        "instanceId": id, "app": "HELLO", "hostName": "127.0.0.1", "ipAddr": "127.0.0.1", "status": "UP", "vipAddress": "hello",
        "port": {"$": port, "@enabled": "true"}, "securePort": {"$": 443, "@enabled": "false"},
        "leaseInfo": {"renewalIntervalInSecs": 1, "durationInSecs": lease}, "metadata": {"odd <key>": "a & b"},
    }})
}

fn register(port: u16, id: &str, lease: u64) {
    assert_eq!(send(port, "POST", "/eureka/apps/HELLO", "", &instance(id, 8080, lease).to_string()).0, 204);
}

fn renew(port: u16, id: &str) -> u16 {
    send(port, "PUT", &format!("/eureka/apps/hello/{id}?status=UP&lastDirtyTimestamp=1"), "", "").0
}

#[test]
fn instances_register_renew_and_cancel() {
    let discovery = Discovery::start(&[]);
    let port = discovery.port;
    assert_eq!(discovery.registrations(), []);
    assert_eq!(renew(port, "a:hello:1"), 404, "it is to register");
    register(port, "a:hello:1", 90);
    assert_eq!(renew(port, "a:hello:1"), 200);
    assert_eq!(renew(port, "a%3Ahello%3A1"), 200);
    let expected = Registration {
        service: "hello".into(),
        instance: "a:hello:1".into(),
        host: "127.0.0.1".into(),
        status: "UP".into(),
        port: Some(8080),
    };
    assert_eq!(discovery.registrations(), [expected]);
    // An operator's status takes precedence until it is removed.
    assert_eq!(send(port, "PUT", "/eureka/apps/HELLO/a:hello:1/status?value=OUT_OF_SERVICE", "", "").0, 200);
    assert_eq!(discovery.registrations()[0].status, "OUT_OF_SERVICE");
    assert_eq!(send(port, "DELETE", "/eureka/apps/HELLO/a:hello:1/status", "", "").0, 200);
    assert_eq!(discovery.registrations()[0].status, "UP");
    assert_eq!(send(port, "DELETE", "/eureka/apps/HELLO/a:hello:1", "", "").0, 200);
    assert_eq!(send(port, "DELETE", "/eureka/apps/HELLO/a:hello:1", "", "").0, 404);
    assert_eq!(discovery.registrations(), []);
    // An invalid registration is refused.
    for body in ["", "{}", "<instance/>"] {
        assert_eq!(send(port, "POST", "/eureka/apps/HELLO", "", body).0, 400, "{body}");
    }
    for (method, path) in [("GET", "/eureka/apps/NONE"), ("GET", "/eureka"), ("PUT", "/eureka/apps/NONE/a/status?value=UP"), ("GET", "/x")]
    {
        assert_eq!(send(port, method, path, "", "").0, 404, "{method} {path}");
    }
    assert!(get(port, "/application/health").1.contains(r#"{"status":"UP""#));
}

#[test]
fn the_registry_reads_the_same_in_both_shapes_of_json_and_in_xml() {
    let (list, object) = (Discovery::start(&[]), Discovery::start(&["--shape", "object"]));
    for discovery in [&list, &object] {
        discovery.running.wait_for("DEMO0061I");
    }
    for count in 0..3_usize {
        for discovery in [&list, &object] {
            if count > 0 {
                register(discovery.port, &format!("a:hello:{count}"), 90);
            }
            assert_eq!(discovery.registrations().len(), count);
            let (status, head, xml) = send(discovery.port, "GET", "/eureka/apps/", "", "");
            assert!(status == 200 && head.contains("application/xml") && xml.starts_with("<applications>"), "{head} {xml}");
            assert_eq!(others(&xml), discovery.registrations());
        }
        assert_eq!(list.registrations(), object.registrations());
    }
    let json = |port, path: &str| serde_json::from_str::<Value>(&get(port, path).1).unwrap();
    for (discovery, is_list) in [(&list, true), (&object, false)] {
        // It is registered itself, alone.
        assert_eq!(json(discovery.port, "/eureka/apps/discovery")["application"]["instance"].is_array(), is_list);
    }
    for discovery in [&list, &object] {
        assert_eq!(json(discovery.port, "/eureka/apps/hello")["application"]["instance"].as_array().unwrap().len(), 2);
        assert_eq!(json(discovery.port, "/eureka/apps/HELLO/a:hello:1")["instance"]["instanceId"], "a:hello:1");
    }
}

#[test]
fn who_does_not_renew_in_time_is_evicted() {
    let discovery = Discovery::start(&[]);
    register(discovery.port, "short", 1);
    register(discovery.port, "long", 90);
    discovery.wait_for(&["long"]);
    discovery.running.wait_for("DEMO0043W HELLO short is evicted");
    assert_eq!(renew(discovery.port, "short"), 404);
}

#[test]
fn peers_agree_and_one_that_was_away_catches_up() {
    let port = free_port();
    let first = Discovery::start(&["--peer", &format!("{},{}", url(port), url(1))]);
    first.running.wait_for(&format!("DEMO0044W peer 127.0.0.1:{port} is not reached"));
    register(first.port, "early", 90);
    // It fetches what there is at its start, and is not a peer of its own.
    let peers = format!("{},{}", first.url(), url(port));
    let second = Discovery::start_on(port, &["--peer", &peers]);
    second.running.wait_for("DEMO0042I 2 instances are known");
    second.wait_for(&["early"]);
    // Changes go both ways, and no further.
    register(first.port, "one", 90);
    register(second.port, "two", 90);
    first.wait_for(&["early", "one", "two"]);
    second.wait_for(&["early", "one", "two"]);
    assert_eq!(send(first.port, "PUT", "/eureka/apps/HELLO/two/status?value=DOWN", "", "").0, 200);
    let down = |discovery: &Discovery| discovery.registrations().iter().any(|one| one.instance == "two" && one.status == "DOWN");
    assert!(wait_until(Instant::now() + PATIENCE, || down(&second).then_some(())).is_some());
    assert_eq!(send(second.port, "DELETE", "/eureka/apps/HELLO/one", "", "").0, 200);
    first.wait_for(&["early", "two"]);
    assert_eq!(send(first.port, "POST", "/eureka/apps/HELLO", COPY, &instance("copied", 1, 90).to_string()).0, 204);
    // A renewal that is copied to where the instance is not known becomes a registration there.
    assert_eq!(send(second.port, "DELETE", "/eureka/apps/HELLO/early", COPY, "").0, 200);
    second.wait_for(&["two"]);
    assert_eq!(renew(first.port, "early"), 200);
    second.wait_for(&["early", "two"]);
    first.wait_for(&["copied", "early", "two"]);
    // Gone, and back without anything: it is told again of what is renewed.
    drop(second);
    register(first.port, "late", 90);
    first.running.wait_for_count(&format!("DEMO0044W peer 127.0.0.1:{port} is not reached"), 2);
    let second = Discovery::start_on(port, &[]);
    assert_eq!((renew(first.port, "early"), renew(first.port, "late")), (200, 200));
    second.wait_for(&["early", "late"]);
    first.running.wait_for_count(&format!("DEMO0045I peer 127.0.0.1:{port} is reached again"), 2);
}

#[test]
fn a_deaf_registry_never_agrees() {
    let first = Discovery::start(&[]);
    register(first.port, "one", 90);
    let deaf = Discovery::start(&["--peer", &first.url(), "--deaf"]);
    let told = Discovery::start(&["--peer", &deaf.url()]);
    register(told.port, "three", 90);
    register(deaf.port, "two", 90);
    assert_eq!(renew(told.port, "three"), 200);
    assert_eq!(send(deaf.port, "POST", "/eureka/apps/HELLO", COPY, &instance("copy", 1, 90).to_string()).0, 200);
    deaf.wait_for(&["two"]);
    first.wait_for(&["one"]);
}

/// A hello that is registered; its port.
fn hello(discovery: &str, arguments: &[&str]) -> (Running, u16) {
    let running = service(&[&["http", "--name", "hello", "--register", discovery, "--renew", "0.2"], arguments].concat());
    let port = port_in(&running.wait_for("DEMO0001I"));
    running.wait_for("DEMO0061I");
    (running, port)
}

fn gateway(discovery: &str, arguments: &[&str]) -> (Running, u16) {
    let running = service(&[&["gateway", "--name", "gateway", "--register", discovery, "--renew", "0.2"], arguments].concat());
    let port = port_in(&running.wait_for("DEMO0051I"));
    (running, port)
}

#[test]
fn a_service_registers_where_it_can_again_where_it_must_and_cancels_when_it_ends() {
    let port = free_port();
    let mut first = Discovery::start(&[]);
    let list = format!("{},{}", url(port), first.url());
    let (mut hello, hello_port) = hello(&list, &[]);
    let id = format!("127.0.0.1:hello:{hello_port}");
    first.wait_for(&[&id]);
    // Forgotten: told so by 404.
    assert_eq!(send(first.port, "DELETE", &format!("/eureka/apps/HELLO/{id}"), "", "").0, 200);
    first.wait_for(&[&id]);
    // The registry with which it renews has gone: it turns to the other one.
    let second = Discovery::start_on(port, &[]);
    drop(first);
    second.wait_for(&[&id]);
    drop(second);
    hello.wait_for("DEMO0062W");
    first = Discovery::start_on(port, &[]);
    first.wait_for(&[&id]);
    hello.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(hello.wait_end(), -1, "it ends by the signal");
    assert_eq!(first.registrations(), [], "it has said so before");
}

#[test]
fn a_gateway_forwards_and_fails_over() {
    let discovery = Discovery::start(&[]);
    let (own, other) = (discovery.url(), format!("{},{}", url(1), discovery.url()));
    let (_first, _) = hello(&own, &[]);
    let (second, _) = hello(&own, &[]);
    let (_gateway, port) = gateway(&other, &["--version", "3.0.0"]);
    let known = wait_until(Instant::now() + PATIENCE, || (get(port, "/gateway/api/v1/services").1.contains("\"hello\"")).then_some(()));
    assert!(known.is_some());
    assert_eq!(get(port, "/none/").0, 404);
    let (status, body) = get(port, "/HELLO/?x=y");
    assert!(status == 200 && body.contains("Hello from hello"), "{body}");
    assert_eq!(get(port, "/hello/application/health"), (200, "{\"status\":\"UP\"}\n".to_owned()));
    assert_eq!(send(port, "POST", "/hello/", "", "body").0, 405, "the service's own answer");
    // Killed, so that it stays registered: nobody notices.
    drop(second);
    for _ in 0..50 {
        assert_eq!(get(port, "/hello/").0, 200);
    }
    let (_, body) = get(port, "/");
    assert!(body.contains("\"service\":\"gateway\"") && body.contains("\"version\":\"3.0.0\""), "{body}");
    let (status, body) = get(port, "/application/health");
    let health: Value = serde_json::from_str(&body).unwrap();
    assert!(status == 200 && health["status"] == "UP" && health["components"]["gateway"]["details"]["gatewayCount"] == 1, "{body}");
    drop(_first);
    let (status, body) = get(port, "/hello/");
    assert!(status == 502 && body.contains("no instance of service hello answers"), "{body}");
}

#[test]
fn a_gateway_serves_many_connections_at_once() {
    let discovery = Discovery::start(&[]);
    let (_gateway, port) = gateway(&discovery.url(), &[]);
    // Long ones, each a line every 100 ms.
    let mut streams: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            write!(stream, "GET /stream?seconds=600 HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
            stream
        })
        .collect();
    for stream in &mut streams {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut seen = String::new();
        while seen.matches("alive\n").count() < 2 {
            let mut block = [0; 512];
            let length = stream.read(&mut block).unwrap();
            assert!(length > 0, "{seen}");
            seen += std::str::from_utf8(&block[..length]).unwrap();
        }
    }
    assert_eq!(get(port, "/").0, 200, "short ones wait for none of them");
    let (status, head, body) = send(port, "GET", "/stream?seconds=0", "", "");
    assert!(status == 200 && head.contains("chunked") && body.ends_with("0\r\n\r\n"), "{body:?}");
}

#[test]
fn what_cannot_work_is_said() {
    for (arguments, expected) in [
        (&["gateway"][..], "DEMO0059E demo has no Discovery Service: name one with --register"),
        (&["gateway", "--register", "a"], "DEMO0059E demo cannot use 'a': http://host:port/ is expected"),
        (&["discovery", "--peer", "a"], "DEMO0059E demo cannot use 'a'"),
        (&["http", "--register", "a"], "DEMO0059E demo cannot use 'a'"),
        (&["discovery", "--host", "name.invalid"], "DEMO0049E demo cannot listen on name.invalid"),
    ] {
        let mut running = service(arguments);
        assert_eq!(running.wait_end(), 8, "{arguments:?}");
        assert!(running.all().contains(expected), "{}", running.all());
    }
}
