//! Traffic to the gateways of two HA instances, distributed by a real HAProxy: switched by its runtime socket, and by VARY at the console
//! of a system off z/OS.

use crate::harness::{PATIENCE, Running, console, free_port, program, program_or_skip, text, wait_until};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use zwelnch::ha::traffic::Traffic;
use zwelnch::ha::traffic::haproxy::HaProxy;
use zwelnch::ha::traffic::vary::Vary;
use zwelnch::system::SystemDirectory;

/// Says its name to whoever connects, and then whatever it is told. For a health check that is the answer of a gateway that wants to know who
/// asks.
fn gateway(name: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            std::thread::spawn(move || {
                let mut byte = [0];
                let _ = stream.write_all(format!("HTTP/1.1 401 {name}\r\nContent-Length: 0\r\n\r\n").as_bytes());
                while stream.read(&mut byte).is_ok_and(|count| count > 0) && stream.write_all(&byte).is_ok() {}
            });
        }
    });
    port
}

/// Two systems with an instance on each, and the balancer.
struct Sysplex {
    directory: tempfile::TempDir,
    haproxy: Running,
    front: u16,
    /// Of lpar1 and lpar2.
    ports: [u16; 2],
}

impl Sysplex {
    fn up() -> Option<Sysplex> {
        let haproxy = program_or_skip("haproxy")?;
        let directory = tempfile::Builder::new().prefix("zwelnch-traffic-").tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let ports = [gateway("1"), gateway("2")];
        let front = free_port();
        let [one, two] = ports;
        let yaml = format!(
            "zowe: {{externalPort: {front}, externalDomains: [zowe.example.com]}}\ncomponents: {{gateway: {{enabled: true, scheme: http, port: {one}}}}}\nhaInstances:\n  lpar1: {{hostname: 127.0.0.1, sysname: LPR1}}\n  lpar2: {{hostname: 127.0.0.1, sysname: LPR2, components: {{gateway: {{port: {two}}}}}}}\n"
        );
        fs::write(path("zowe.yaml"), yaml).unwrap();
        let made = haproxy_cfg(&path("zowe.yaml"), &["--socket", path("admin.sock").to_str().unwrap(), "--bind", "127.0.0.1"]);
        assert!(made.status.success(), "{}", text(&made));
        let user = format!("global\n    stats socket {} mode 600 level user\n", path("user.sock").display());
        // A backend with a server for which nobody answers.
        let away = format!("backend away\n    server lpar1 127.0.0.1:{one}\n    server lpar2 127.0.0.1:1 check inter 50ms fall 1\n");
        fs::write(path("haproxy.cfg"), String::from_utf8(made.stdout).unwrap().replacen("global\n", &user, 1) + &away).unwrap();
        for (system, other, server, port) in [("LPR1", "LPR2", "lpar1", one), ("LPR2", "LPR1", "lpar2", two)] {
            console(&path(system), "D T");
            fs::write(path(system).join("SYSNAME"), system).unwrap();
            fs::write(path(system).join("SYSPLEX"), format!("../{other}\n")).unwrap();
            let stack = format!("# The balancer of both systems\nBALANCER haproxy ../admin.sock gateway\nPORT {port} SERVER {server}\n");
            fs::write(path(system).join("TCPIP"), stack).unwrap();
        }
        let mut command = Command::new(haproxy);
        command.args(["-db", "-f"]).arg(path("haproxy.cfg")).env("ZWELNCH_SYSTEM", directory.path());
        let haproxy = Running::spawn(command, directory.path());
        let sysplex = Sysplex { directory, haproxy, front, ports };
        sysplex.wait_both();
        Some(sysplex)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The balancer's server of lpar2, seen through its socket.
    fn balanced(&self, socket: &str, backend: &str, server: &str) -> HaProxy {
        HaProxy::new(self.path(socket).to_str().unwrap(), backend, server).unwrap()
    }

    /// A connection, and the name of what it leads to; None while nobody answers.
    fn connect(&self) -> Option<(TcpStream, char)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.front)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut greeting = [0; "HTTP/1.1 401 1\r\nContent-Length: 0\r\n\r\n".len()];
        stream.read_exact(&mut greeting).ok()?;
        Some((stream, char::from(greeting["HTTP/1.1 401 ".len()])))
    }

    /// Where so many connections, open at the same time, lead to, in order.
    fn new_connections(&self, count: usize) -> String {
        let connections: Vec<_> = (0..count).filter_map(|_| self.connect()).collect();
        let mut names: Vec<char> = connections.iter().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.into_iter().collect()
    }

    /// Waits until both gateways get connections: HAProxy counts a connection that has ended for a moment longer, and so prefers the other
    /// gateway.
    fn wait_both(&self) {
        let both = wait_until(Instant::now() + PATIENCE, || (self.new_connections(4) == "1122").then_some(()));
        assert!(both.is_some(), "{}", self.haproxy.all());
    }

    fn issue(&self, system: &str, command: &str) -> (String, i32) {
        console(&self.path(system), command)
    }

    /// A connection that leads to lpar2.
    fn to_lpar2(&self) -> TcpStream {
        let mut others = Vec::new();
        loop {
            match self.connect().unwrap() {
                (stream, '2') => return stream,
                other => others.push(other),
            }
        }
    }

    /// Waits until the balancer counts this many connections of lpar2: it notices the end of a connection with some delay.
    fn wait_connections(&self, traffic: &dyn Traffic, count: u64) {
        let found = wait_until(Instant::now() + PATIENCE, || (traffic.connections().unwrap() == Some(count)).then_some(()));
        assert!(found.is_some(), "{:?} instead of {count}", traffic.connections());
    }
}

fn haproxy_cfg(config: &Path, arguments: &[&str]) -> Output {
    Command::new(program()).args(["ha", "haproxy", "-c"]).arg(config).args(arguments).output().unwrap()
}

/// Still answered.
fn is_alive(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    stream.write_all(b"x").and_then(|()| stream.read_exact(&mut byte)).is_ok() && byte == *b"x"
}

/// Away from lpar2 and back: what is open stays open and is counted.
fn switches(sysplex: &Sysplex, traffic: &dyn Traffic) {
    sysplex.wait_connections(traffic, 0);
    traffic.check().unwrap_or_else(|error| panic!("{error}"));
    let mut kept = sysplex.to_lpar2();
    for _ in 0..2 {
        let answer = traffic.quiesce().unwrap_or_else(|error| panic!("{error}"));
        assert!(!answer.is_empty());
        assert_eq!(sysplex.new_connections(6), "111111", "{answer:?}");
        sysplex.wait_connections(traffic, 1);
    }
    assert!(is_alive(&mut kept));
    drop(kept);
    sysplex.wait_connections(traffic, 0);
    for _ in 0..2 {
        traffic.resume().unwrap_or_else(|error| panic!("{error}"));
        sysplex.wait_both();
    }
}

#[test]
fn the_runtime_socket_switches_new_connections() {
    let Some(sysplex) = Sysplex::up() else { return };
    switches(&sysplex, &sysplex.balanced("admin.sock", "gateway", "lpar2"));
}

#[test]
fn vary_switches_new_connections_here_and_on_another_system() {
    let Some(sysplex) = Sysplex::up() else { return };
    for (system, sysname) in [("LPR2", None), ("LPR1", Some("LPR2".to_owned()))] {
        let operator = SystemDirectory::open(Some(&sysplex.path(system))).unwrap();
        let traffic =
            Vary { operator: &operator, sysname, stack: None, port: sysplex.ports[1], job_name: Some("ZWE1AG".into()), peers: Vec::new() };
        switches(&sysplex, &traffic);
    }
}

#[test]
fn vary_is_typed_at_a_console() {
    let Some(sysplex) = Sysplex::up() else { return };
    let port = sysplex.ports[1];
    for (system, route) in [("LPR2", ""), ("LPR1", "RO LPR2,")] {
        let (answer, code) = sysplex.issue(system, &format!("{route}v tcpip,,sysplex,quiesce,port={port}"));
        assert_eq!(code, 0, "{answer}");
        let expected = format!("EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYSPLEX,QUIESCE,PORT={port}");
        assert!(answer.contains(&expected) && answer.contains("EZZ0053I COMMAND VARY SYSPLEX,QUIESCE COMPLETED SUCCESSFULLY"), "{answer}");
        assert_eq!(sysplex.new_connections(4), "1111");
        let (answer, code) = sysplex.issue(system, &format!("{route}VARY TCPIP,TCPIP,SYSPLEX,RESUME,PORT={port},JOBNAME=ZWE1AG"));
        assert_eq!(code, 0, "{answer}");
        sysplex.wait_both();
    }
    let kept = sysplex.to_lpar2();
    let from = kept.local_addr().unwrap().port();
    let shown = format!("127.0.0.1..{from}");
    let display = format!("D TCPIP,,NETSTAT,CONN,PORT={port}");
    let found = wait_until(Instant::now() + PATIENCE, || {
        Some(sysplex.issue("LPR1", &format!("RO LPR2,{display}")).0).filter(|answer| answer.contains("2 OF 2 RECORDS"))
    });
    let answer = found.unwrap_or_else(|| panic!("{}", sysplex.issue("LPR2", &display).0));
    assert!(answer.contains(&format!("0.0.0.0..{port}")) && answer.contains(&shown) && answer.contains(" ESTBLSH"), "{answer}");
    let (answer, _) = sysplex.issue("LPR2", &format!("{display},MAX=1"));
    assert!(answer.contains("1 OF 2 RECORDS DISPLAYED") && !answer.contains(&shown), "{answer}");
}

#[test]
fn vary_that_cannot_be_done_is_refused_with_the_reason() {
    let Some(sysplex) = Sysplex::up() else { return };
    let port = sysplex.ports[1];
    let vary = format!("V TCPIP,,SYSPLEX,QUIESCE,PORT={port}");
    let refused = |command: &str, what: &str| {
        let (answer, code) = sysplex.issue("LPR2", command);
        assert!(code == 8 && answer.contains("EZZ0059I ") && answer.contains(what), "{command}: {code}\n{answer}");
    };
    refused("V TCPIP,,SYSPLEX,QUIESCE,PORT=1", "NOTHING LISTENS AT PORT 1");
    refused(&format!("V TCPIP,OTHER,SYSPLEX,QUIESCE,PORT={port}"), "NO STACK OTHER");
    refused("D TCPIP,OTHER,NETSTAT,CONN", "NO STACK OTHER");
    let file = sysplex.path("LPR2/TCPIP");
    let good = fs::read_to_string(&file).unwrap();
    let at = |line: usize| format!("{}:{line}: ", file.canonicalize().unwrap().display());
    for (from, to, what) in [
        ("SERVER lpar2", "SERVER lpar9", "has no server lpar9; it has lpar1, lpar2".to_owned()),
        (" gateway\n", " nowhere\n", "has no backend nowhere; it has gateway, away".to_owned()),
        ("admin.sock", "user.sock", "set `level admin`".to_owned()),
        ("admin.sock", "away.sock", "away.sock is not there: start HAProxy".to_owned()),
        ("PORT", "PROT", at(3) + "PROT IS NOT KNOWN"),
        ("haproxy", "nginx", at(2) + "BALANCER nginx IS NOT KNOWN"),
    ] {
        fs::write(&file, good.replacen(from, to, 1)).unwrap();
        refused(&vary, &what);
    }
    fs::remove_file(&file).unwrap();
    refused(&vary, "NO SYSPLEX DISTRIBUTOR FOR SYSTEM LPR2");
    refused("D TCPIP,,NETSTAT,CONN", "NO SYSPLEX DISTRIBUTOR FOR SYSTEM LPR2");
    sysplex.wait_both();
}

#[test]
fn a_check_finds_what_would_go_wrong_and_changes_nothing() {
    let Some(mut sysplex) = Sysplex::up() else { return };
    let refused = |traffic: HaProxy, what: &str| {
        let error = traffic.check().unwrap_err().to_string();
        assert!(error.contains(what), "{what}: {error}");
    };
    refused(sysplex.balanced("admin.sock", "nowhere", "lpar2"), "has no backend nowhere; it has gateway, away");
    refused(sysplex.balanced("admin.sock", "gateway", "lpar9"), "has no server lpar9; it has lpar1, lpar2");
    refused(sysplex.balanced("user.sock", "gateway", "lpar2"), "set `level admin`");
    refused(sysplex.balanced("away.sock", "gateway", "lpar2"), "is not there: start HAProxy");
    sysplex.balanced("admin.sock", "gateway", "lpar1").quiesce().unwrap();
    refused(sysplex.balanced("admin.sock", "gateway", "lpar2"), "without a server: lpar1 is drain, UP");
    assert_eq!(sysplex.new_connections(4), "2222");
    sysplex.balanced("admin.sock", "gateway", "lpar1").resume().unwrap();
    assert!(sysplex.balanced("user.sock", "gateway", "lpar2").quiesce().unwrap_err().to_string().contains("set `level admin`"));
    assert!(sysplex.balanced("admin.sock", "gateway", "lpar9").resume().unwrap_err().to_string().contains("has no server lpar9"));
    sysplex.wait_both();
    sysplex.haproxy.child.kill().unwrap();
    sysplex.haproxy.wait_end();
    refused(sysplex.balanced("admin.sock", "gateway", "lpar2"), "does not listen at");
}

/// By the socket and by VARY, whoever has switched: a server that is drained, in maintenance or down is not a fallback.
#[test]
fn who_gets_new_connections_is_told_of_both() {
    let Some(sysplex) = Sysplex::up() else { return };
    let operator = SystemDirectory::open(Some(&sysplex.path("LPR1"))).unwrap();
    let [one, two] = [0, 1].map(|at| sysplex.ports[at]);
    let vary = Vary {
        operator: &operator,
        sysname: Some("LPR2".into()),
        stack: None,
        port: two,
        job_name: None,
        peers: vec![(Some("LPR1".into()), one)],
    };
    let socket = sysplex.balanced("admin.sock", "gateway", "lpar2");
    let views: [&dyn Traffic; 2] = [&socket, &vary];
    for view in views {
        assert_eq!((view.is_quiesced(), view.others()), (Ok(Some(false)), Ok(Vec::new())));
    }
    socket.quiesce().unwrap();
    views.iter().for_each(|view| assert_eq!(view.is_quiesced(), Ok(Some(true))));
    socket.resume().unwrap();
    let set = |state: &str| {
        let mut stream = UnixStream::connect(sysplex.path("admin.sock")).unwrap();
        writeln!(stream, "set server gateway/lpar1 state {state}").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    };
    for state in ["drain", "maint"] {
        set(state);
        for view in views {
            let others = view.others().unwrap();
            assert!(others.len() == 1, "{state}: {others:?}");
        }
        set("ready");
        sysplex.wait_both();
    }
}

#[test]
fn traffic_that_does_not_come_back_is_an_error() {
    let Some(sysplex) = Sysplex::up() else { return };
    let traffic = sysplex.balanced("admin.sock", "away", "lpar2");
    let down = wait_until(Instant::now() + PATIENCE, || sysplex.haproxy.all().contains("away/lpar2 is DOWN").then_some(()));
    assert!(down.is_some(), "{}", sysplex.haproxy.all());
    traffic.quiesce().unwrap();
    let error = traffic.resume().unwrap_err().to_string();
    assert!(error.contains("away/lpar2: ready, DOWN for 5 s") && error.contains("reaches 127.0.0.1:1"), "{error}");
}

/// The two-LPAR example of samplib/zowe.yaml, as an installation would print it.
#[test]
fn the_sample_is_what_the_command_prints_and_haproxy_takes_it() {
    let samplib = Path::new(env!("CARGO_MANIFEST_DIR")).join("samplib");
    let made = haproxy_cfg(&samplib.join("zowe.yaml"), &[]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made));
    let file = samplib.join("haproxy.cfg");
    if std::env::var_os("ZWELNCH_BLESS").is_some() {
        fs::write(&file, &made.stdout).unwrap();
    }
    let found = fs::read(&file).unwrap_or_default();
    assert!(found == made.stdout, "samplib/haproxy.cfg is stale: ZWELNCH_BLESS=1 cargo test --test it traffic");
    // The other sample is about the same gateways.
    let vipa = fs::read_to_string(samplib.join("ZWEVIPA")).unwrap();
    for what in ["lpar1 on system LPR1", "lpar2 on system LPR2", "PORT 7554", "RO LPR2,VARY TCPIP,,SYSPLEX,QUIESCE,PORT=7554"] {
        assert!(vipa.contains(what), "{what}");
    }
    let Some(haproxy) = program_or_skip("haproxy") else { return };
    let checked = Command::new(haproxy).args(["-c", "-f"]).arg(&file).output().unwrap();
    assert!(checked.status.success() && text(&checked).contains("Configuration file is valid"), "{}", text(&checked));
}

#[test]
fn a_configuration_that_cannot_be_balanced_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("zowe.yaml");
    let refused = |yaml: &str, arguments: &[&str], what: &str| {
        fs::write(&file, yaml).unwrap();
        let output = haproxy_cfg(&file, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(8) && output.stdout.is_empty() && said.contains(what), "{what}: {}", text(&output));
    };
    let good = "zowe: {externalPort: 7554}\ncomponents: {gateway: {enabled: true, port: 7554}}\nhaInstances:\n  lpar1: {hostname: a}\n";
    refused("zowe: {}\ncomponents: {}\n", &[], "haInstances is not defined");
    refused(&good.replace("true", "false"), &[], "no HA instance runs a gateway: lpar1: components.gateway is not enabled");
    refused(&good.replace("hostname: a", "hostname: 'a\\n server b c'").replace('\'', "\""), &[], "is no name or address of a host");
    refused(good, &["--backend", "a b"], "--backend 'a b' cannot stand");
}

/// An HTTP service that answers every request with the status that is set; and its port.
fn service(status: &Arc<Mutex<&'static str>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let status = Arc::clone(status);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let line = *status.lock().unwrap();
            let _ = write!(stream, "HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

/// A real HAProxy is reloaded as the configuration says it is to be; and it asks the gateways by HTTP.
#[test]
fn a_drain_survives_a_reload_and_a_gateway_that_is_not_well_gets_nothing() {
    let Some(haproxy) = program_or_skip("haproxy") else { return };
    if program_or_skip("socat").is_none() {
        return;
    }
    let directory = tempfile::Builder::new().prefix("zwelnch-traffic-").tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let states = [(); 2].map(|()| Arc::new(Mutex::new("200 OK")));
    let ports = [service(&states[0]), service(&states[1])];
    let yaml = format!(
        "zowe: {{externalPort: {}}}\ncomponents: {{gateway: {{enabled: true, scheme: http, port: {}}}}}\nhaInstances:\n  lpar1: {{hostname: 127.0.0.1}}\n  lpar2: {{hostname: 127.0.0.1, components: {{gateway: {{port: {}}}}}}}\n",
        free_port(),
        ports[0],
        ports[1]
    );
    fs::write(path("zowe.yaml"), yaml).unwrap();
    let socket = path("admin.sock");
    let made = haproxy_cfg(&path("zowe.yaml"), &["--socket", socket.to_str().unwrap(), "--bind", "127.0.0.1"]);
    assert!(made.status.success(), "{}", text(&made));
    fs::write(path("haproxy.cfg"), &made.stdout).unwrap();
    let mut command = Command::new(haproxy);
    command.args(["-W", "-db", "-f"]).arg(path("haproxy.cfg")).env("ZWELNCH_SYSTEM", directory.path());
    let running = Running::spawn(command, directory.path());
    let ask = |command: &str| {
        let mut answer = String::new();
        let mut stream = UnixStream::connect(&socket).ok()?;
        writeln!(stream, "{command}").ok()?;
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    let state = |server: &str| {
        let stat = ask("show stat")?;
        stat.lines().find_map(|line| line.strip_prefix(&format!("gateway,{server},"))?.split(',').nth(15).map(str::to_owned))
    };
    let wait_for = |server: &str, wanted: &str| {
        let found = wait_until(Instant::now() + PATIENCE, || state(server).filter(|state| state.starts_with(wanted)));
        assert!(found.is_some(), "{server} {:?} instead of {wanted}\n{}", state(server), running.all());
    };
    wait_for("lpar2", "UP");
    // A gateway that wants to know who asks is alive, and one that is not well is not.
    *states[0].lock().unwrap() = "401 Unauthorized";
    *states[1].lock().unwrap() = "503 Service Unavailable";
    wait_for("lpar2", "DOWN");
    wait_for("lpar1", "UP");
    *states[1].lock().unwrap() = "200 OK";
    wait_for("lpar2", "UP");
    let traffic = HaProxy::new(socket.to_str().unwrap(), "gateway", "lpar2").unwrap();
    traffic.quiesce().unwrap();
    // As the comment of the configuration says, with its SOCKET and FILE.
    let write_state =
        "echo 'show servers state' | socat stdio unix-connect:admin.sock > server-state.new && mv server-state.new server-state";
    let worker = ask("show info").unwrap();
    assert!(Command::new("sh").args(["-c", write_state]).current_dir(directory.path()).status().unwrap().success());
    running.signal(nix::sys::signal::Signal::SIGUSR2);
    let pid = |info: &str| info.lines().find_map(|line| line.strip_prefix("Pid: ").map(str::to_owned));
    let reloaded =
        wait_until(Instant::now() + PATIENCE, || ask("show info").filter(|info| pid(info).is_some() && pid(info) != pid(&worker)));
    assert!(reloaded.is_some(), "{}", running.all());
    assert_eq!(traffic.is_quiesced(), Ok(Some(true)), "{:?}", state("lpar2"));
    traffic.resume().unwrap();
    wait_for("lpar2", "UP");
}

/// HAProxy itself takes no long path for its socket, but a short name in a directory of any depth (`-C`).
#[test]
fn a_socket_of_haproxy_in_a_deep_directory_is_reached() {
    let Some(haproxy) = program_or_skip("haproxy") else { return };
    let directory = tempfile::Builder::new().prefix("zwelnch-traffic-").tempdir().unwrap();
    let deep = directory.path().join("d".repeat(100)).join("e".repeat(100));
    fs::create_dir_all(&deep).unwrap();
    let config = directory.path().join("haproxy.cfg");
    let text = "global\n    stats socket unix@admin.sock mode 600 level admin\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout server 5s\n\
        backend gateway\n    server lpar1 127.0.0.1:1\n";
    fs::write(&config, text).unwrap();
    let mut command = Command::new(haproxy);
    command.arg("-db").arg("-C").arg(&deep).arg("-f").arg(&config).env("ZWELNCH_SYSTEM", directory.path());
    let running = Running::spawn(command, directory.path());
    let client = HaProxy::new(deep.join("admin.sock").to_str().unwrap(), "gateway", "lpar1").unwrap();
    let count = wait_until(Instant::now() + PATIENCE, || client.connections().ok());
    assert_eq!(count, Some(Some(0)), "{:?}: {}", client.connections(), running.all());
}
