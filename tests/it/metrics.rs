//! Metrics and health, asked over HTTP as Prometheus, Kubernetes and API ML ask, and judged by Prometheus' own programs.

use crate::certificates::Certificates;
use crate::harness::{Instance, PATIENCE, Running, free_port, program, skip, text, wait_until};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SLEEPER: &str = "echo up; exec sleep 1000";

/// What Prometheus sends.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

fn with_metrics(instance: Instance, port: u16) -> Instance {
    instance.extra(&format!("  launcher:\n    metrics: {{port: {port}}}\n"))
}

/// Status, head and body.
fn ask(stream: &mut (impl Read + Write), request: &str) -> (u16, String, String) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{head}"));
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn get_as(port: u16, path: &str, accept: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    ask(&mut stream, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n"))
}

fn get(port: u16, path: &str) -> (u16, String) {
    let (status, _, body) = get_as(port, path, "*/*");
    (status, body)
}

/// The value of the one sample whose line begins so.
fn sample(exposition: &str, begins: &str) -> f64 {
    let found: Vec<&str> = exposition.lines().filter_map(|line| line.strip_prefix(begins)?.strip_prefix(' ')).collect();
    assert_eq!(found.len(), 1, "{begins} in\n{exposition}");
    found[0].parse().unwrap()
}

/// A program of Prometheus': where it is installed, or where .ci/run has unpacked it.
fn prometheus_program(name: &str) -> Option<PathBuf> {
    let unpacked = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/promtool/usr/bin")).join(name);
    let path = std::env::var_os("PATH").unwrap();
    let installed = std::env::split_paths(&path).map(|directory| directory.join(name));
    let found = installed.chain([unpacked]).find(|path| path.is_file());
    if found.is_none() {
        skip(&format!("{name} is not installed (Debian: apt-get download prometheus, dpkg -x into target/promtool)"));
    }
    found
}

/// `promtool check metrics` reads the older text format.
fn judge_by_promtool(exposition: &str) {
    let Some(promtool) = prometheus_program("promtool") else { return };
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(exposition.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}\n{exposition}", text(&output));
}

/// The parser of Prometheus' own client for Python, strict about OpenMetrics.
fn judge_by_python(exposition: &str) {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/prometheus-client/bin/python");
    let script = "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\n\
        for family in parse(sys.stdin.read()):\n  for sample in family.samples: print(sample.name, sorted(sample.labels.items()), sample.value)";
    let spawned = Command::new(python).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else { return skip("prometheus-client is not installed in target/prometheus-client") };
    child.stdin.take().unwrap().write_all(exposition.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{exposition}", text(&output));
    let samples = exposition.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(text(&output).lines().count(), samples, "{}\n{exposition}", text(&output));
}

/// Asks until the answer is as it should be: for what follows an event by itself.
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    wait_until(Instant::now() + PATIENCE, &mut ask).unwrap_or_else(|| panic!("it never came to this: {what}"))
}

#[test]
fn what_is_measured_is_what_has_happened() {
    let port = free_port();
    let crash = "echo one; echo two; printf three; kill -KILL $$";
    let instance = Instance::new()
        .component("alpha", "echo READY; exec sleep 1000", "launcher: {readiness: READY}")
        .component("beta", SLEEPER, "")
        .component("crasher", crash, "launcher: {restartIntervals: []}")
        .component("leaver", "exit 3", "launcher: {restartIntervals: [0]}");
    instance.script("alpha", "validate", "exit 0");
    instance.script("alpha", "configure", "exit 0");
    let instance = with_metrics(instance, port);
    let running = instance.start();
    running.wait_for(&format!("ZWEL1030I metrics and health are served at http://127.0.0.1:{port}"));
    running.wait_for("ZWEL0900I component alpha is ready");
    running.wait_for_count("ZWEL0038E", 2);
    assert!(instance.console("F ZWESLSTC,APPL=STOP(beta)").0.contains("beta"));
    running.wait_for("ZWEL0002I component beta stopped");
    instance.refused("NONSENSE");
    let (status, head, open) = get_as(port, "/metrics", PROMETHEUS);
    assert!(status == 200 && head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    assert!(open.ends_with("# EOF\n"), "{open}");
    let of = |name: &str, component: &str| sample(&open, &format!("{name}{{ha_instance=\"lpar1\",component=\"{component}\"}}"));
    let state = |component: &str, state: &str| {
        sample(&open, &format!("zwelnch_component_state{{ha_instance=\"lpar1\",component=\"{component}\",state=\"{state}\"}}"))
    };
    assert_eq!(
        [state("alpha", "ready"), state("beta", "stopped"), state("crasher", "failed"), state("alpha", "failed")],
        [1.0, 1.0, 1.0, 0.0]
    );
    for (component, values) in [("alpha", [1.0; 3]), ("beta", [0.0; 3]), ("crasher", [1.0, 0.0, 0.0])] {
        let names = ["zwelnch_component_wanted", "zwelnch_component_up", "zwelnch_component_ready"];
        assert_eq!(names.map(|name| of(name, component)), values, "{component}");
    }
    assert_eq!(of("zwelnch_component_last_exit_signal", "crasher"), 9.0);
    assert_eq!(of("zwelnch_component_last_exit_code", "leaver"), 3.0);
    assert!(!open.contains("zwelnch_component_last_exit_code{ha_instance=\"lpar1\",component=\"crasher\"}"), "{open}");
    assert_eq!((of("zwelnch_component_restarts_total", "leaver"), of("zwelnch_component_unasked_ends_total", "leaver")), (1.0, 2.0));
    // Its last line has no end.
    assert_eq!((of("zwelnch_component_output_lines_total", "crasher"), of("zwelnch_component_output_bytes_total", "crasher")), (3.0, 13.0));
    assert!(
        of("zwelnch_component_ready_duration_seconds", "alpha") > 0.0
            && !open.contains("ready_duration_seconds{ha_instance=\"lpar1\",component=\"beta\"}")
    );
    assert!(of("zwelnch_component_start_duration_seconds", "beta") > 0.0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let began = sample(&open, "zwelnch_start_time_seconds{ha_instance=\"lpar1\"}");
    let started = of("zwelnch_component_start_time_seconds", "alpha");
    assert!(began < started && started < now + 1.0, "{began} {started} {now}");
    for command in ["STOP", "unknown"] {
        assert_eq!(sample(&open, &format!("zwelnch_operator_commands_total{{ha_instance=\"lpar1\",command=\"{command}\"}}")), 1.0);
    }
    let whole = sample(&open, "zwelnch_prepare_duration_seconds{ha_instance=\"lpar1\"}");
    let part = |phase: &str| sample(&open, &format!("zwelnch_prepare_phase_duration_seconds{{ha_instance=\"lpar1\",phase=\"{phase}\"}}"));
    let parts: f64 = ["load", "check", "startup checks", "workspace", "validate", "configure"].map(part).iter().sum();
    assert!(parts > 0.0 && parts <= whole, "{parts} {whole}");
    for phase in ["validate", "configure"] {
        let of_alpha = format!("zwelnch_component_prepare_duration_seconds{{ha_instance=\"lpar1\",component=\"alpha\",phase=\"{phase}\"}}");
        assert!(sample(&open, &of_alpha) > 0.0);
    }
    judge_by_python(&open);
    let (_, head, plain) = get_as(port, "/metrics", "*/*");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    judge_by_promtool(&plain);
    // The same without the port, from the launcher by its console.
    let output = Command::new(program()).args(["status", "--format", "openmetrics", "--system"]).arg(instance.system()).output().unwrap();
    let by_console = text(&output);
    assert!(output.status.success() && !running.all().contains("METRICS"), "{by_console}");
    assert_eq!(by_console.trim_end(), open.trim_end());
}

#[test]
fn readiness_and_health_say_what_is_missing() {
    let port = free_port();
    let instance = with_metrics(
        Instance::new()
            .component("alpha", "read line; echo READY; exec sleep 1000", "launcher: {readiness: READY, stdin: true}")
            .component("beta", SLEEPER, ""),
        port,
    );
    let mut running = instance.up();
    assert_eq!(get(port, "/livez"), (200, "ok".to_owned()));
    assert_eq!(get(port, "/readyz"), (503, "[-]alpha failed: running\nreadyz check failed\n".to_owned()));
    let (status, body) = get(port, "/health");
    let health: Value = serde_json::from_str(&body).unwrap();
    assert!(status == 503 && health["status"] == "DOWN" && health["components"]["alpha"]["status"] == "DOWN", "{body}");
    assert_eq!(health["components"]["beta"], serde_json::json!({"status": "UP", "details": {"state": "ready"}}));
    instance.modify("SEND(alpha,go)");
    running.wait_for("ZWEL0900I component alpha is ready");
    assert_eq!(get(port, "/readyz"), (200, "ok".to_owned()));
    let verbose = "[+]instance ok\n[+]alpha ok\n[+]beta ok\nreadyz check passed\n";
    assert_eq!(get(port, "/readyz?verbose"), (200, verbose.to_owned()));
    let (status, body) = get(port, "/health");
    assert!(status == 200 && body.starts_with("{\"status\":\"UP\""), "{body}");
    // What an operator has stopped is not missed.
    instance.modify("STOP(beta)");
    running.wait_for("ZWEL0002I component beta stopped");
    let verbose = "[+]instance ok\n[+]alpha ok\n[+]beta not wanted: stopped\nreadyz check passed\n";
    assert_eq!(get(port, "/readyz?verbose"), (200, verbose.to_owned()));
    // Nothing else is there, and nothing else may be done.
    let (status, _, paths) = get_as(port, "/", "*/*");
    assert!(status == 404 && paths.contains("/metrics"), "{paths}");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let (status, head, _) = ask(&mut stream, "POST /readyz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    assert!(status == 405 && head.contains("allow: get, head"), "{head}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn while_it_prepares_it_lives_and_is_not_ready() {
    let port = free_port();
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.script("alpha", "validate", "while [ ! -e $ZWE_zowe_workspaceDirectory/go ]; do sleep 0.1; done");
    let instance = with_metrics(instance, port);
    let running = instance.start();
    running.wait_for("ZWEL1030I");
    assert_eq!(get(port, "/livez").0, 200);
    assert_eq!(get(port, "/readyz"), (503, "[-]instance failed: the prepare step goes on\nreadyz check failed\n".to_owned()));
    let (_, body) = get(port, "/metrics");
    assert_eq!(sample(&body, "zwelnch_instance_state{ha_instance=\"lpar1\",state=\"preparing\"}"), 1.0);
    std::fs::write(instance.path("workspace/go"), "").unwrap();
    running.wait_for("ZWEL0901I");
    assert_eq!(get(port, "/readyz").0, 200);
}

/// Bytes that are no request, heads that never end, connections that say nothing: others are served, and the launcher does not mind.
#[test]
fn bad_clients_keep_nobody_from_being_served() {
    let port = free_port();
    let instance = with_metrics(Instance::new().component("alpha", SLEEPER, ""), port);
    let running = instance.up();
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut large = connect();
    let head = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024));
    // It may be refused before it was read as a whole.
    let _ = large.write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = large.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = (0..200).fold(String::new(), |text, number| text + &format!("X-{number}: y\r\n"));
    let (status, ..) = ask(&mut connect(), &format!("GET /metrics HTTP/1.1\r\n{many}\r\n"));
    assert_eq!(status, 431);
    let (status, ..) = ask(&mut connect(), "\u{1}\u{2}nonsense\r\n\r\n");
    assert_eq!(status, 400);
    // As many as are served at a time, each silent: they are let go, and the next one has its turn.
    let silent: Vec<TcpStream> = (0..20).map(|_| connect()).collect();
    assert_eq!(get(port, "/livez").0, 200);
    drop(silent);
    assert!(!running.all().contains("ZWEL1033W"), "{}", running.all());
}

#[test]
fn beyond_the_loopback_interface_it_is_tls_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let certificates = Certificates::new(directory.path());
    let (der, _) = certificates.write("server", &["localhost"], |_| {});
    let port = free_port();
    let everywhere = format!("  launcher:\n    metrics: {{port: {port}, listenAddresses: ['0.0.0.0']}}\n");
    let instance = Instance::new().component("alpha", SLEEPER, "").extra(&everywhere);
    let mut running = instance.up();
    let refused = running.wait_for("ZWEL1031E metrics and health are not served - it listens at 0.0.0.0:");
    assert!(refused.contains("zowe.certificate.pem"), "{refused}");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    // The certificate is there now: RELOAD begins it.
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    let pem: String = certificates.pem("server", "server").lines().fold(String::new(), |text, line| text + "    " + line + "\n");
    std::fs::write(instance.config(), yaml.replace("components:\n", &format!("  certificate:\n{pem}components:\n"))).unwrap();
    instance.modify("RELOAD");
    running.wait_for(&format!("ZWEL1030I metrics and health are served at https://0.0.0.0:{port}"));
    let secure = |path: &str| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificates.authority_der().into()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let configuration = std::sync::Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
        let mut client = rustls::ClientConnection::new(configuration, "localhost".try_into().unwrap()).unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut tls = rustls::Stream::new(&mut client, &mut stream);
        let answer = ask(&mut tls, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        (answer.0, answer.2, client.peer_certificates().unwrap()[0].to_vec())
    };
    let (status, body, shown) = eventually("alpha is ready again", || Some(secure("/readyz")).filter(|answer| answer.0 == 200));
    assert_eq!((status, body.as_str(), shown), (200, "ok", der));
    // Plain HTTP is no answer there.
    let mut plain = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    plain.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    // A renewed certificate is shown after RELOAD.
    let (renewed, _) = certificates.write("server", &["localhost"], |_| {});
    instance.modify("RELOAD");
    running.wait_for_count("ZWEL1030I", 2);
    assert_eq!(secure("/livez").2, renewed);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// An instance that serves everywhere, with this below `zowe`.
fn everywhere(port: u16, below_zowe: &str) -> Instance {
    let metrics = format!("  launcher:\n    metrics: {{port: {port}, listenAddresses: ['0.0.0.0']}}\n");
    let instance = Instance::new().component("alpha", SLEEPER, "").extra(&metrics);
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    let below: String = below_zowe.lines().map(|line| format!("  {line}\n")).collect();
    std::fs::write(instance.config(), yaml.replace("components:\n", &format!("{below}components:\n"))).unwrap();
    instance
}

fn begun(instance: &Instance) -> Running {
    Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path())
}

/// Asked by openssl, which verifies the chain and the name.
#[test]
fn a_pkcs12_key_store_is_what_it_is_served_with() {
    let directory = tempfile::tempdir().unwrap();
    let certificates = Certificates::new(directory.path());
    // A name of its own: one that is the authority's would make it a certificate that has signed itself.
    certificates.write("server", &["localhost"], |parameters| parameters.distinguished_name.push(rcgen::DnType::CommonName, "server"));
    if !certificates.pkcs12("server", "s3cr3t-of-it", &[]) {
        return;
    }
    let (port, at) = (free_port(), directory.path().display());
    let keystore = format!("certificate:\n  keystore: {{type: PKCS12, file: {at}/server.p12, password: s3cr3t-of-it, alias: localhost}}");
    let instance = everywhere(port, &keystore);
    let mut running = begun(&instance);
    running.wait_for(&format!("ZWEL1030I metrics and health are served at https://0.0.0.0:{port}"));
    running.wait_for("ZWEL0012I");
    let asked = |path: &str| {
        let mut client = Command::new("openssl");
        let connect = format!("127.0.0.1:{port}");
        client.args(["s_client", "-quiet", "-verify_return_error", "-verify_hostname", "localhost", "-connect", &connect, "-CAfile"]);
        let mut client = client
            .arg(directory.path().join("ca.pem"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        write!(client.stdin.as_mut().unwrap(), "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        // The answer closes the connection; until then its input stays open.
        let mut answer = String::new();
        client.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
        let output = client.wait_with_output().unwrap();
        (answer, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (answer, said) = asked("/readyz");
    assert!(answer.ends_with("ok") && said.contains("verify return:1"), "{answer}\n{said}");
    let (answer, _) = asked("/metrics");
    assert!(answer.contains("zwelnch_upgrade_state{ha_instance=\"lpar1\",state=\"none\"} 1"), "{answer}");
    assert!(!running.all().contains("s3cr3t-of-it"));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// Its private key is never asked for: nothing is served beyond the loopback interface, and the instance runs.
#[test]
fn a_key_ring_is_refused_with_what_to_do() {
    let port = free_port();
    let ring = "launchScript: {startupChecks: {certificate: disabled}}\ncertificate:\n  keystore: {type: JCERACFKS, file: 'safkeyring://ZWESVUSR/ZoweKeyring', password: password, alias: localhost}";
    let instance = everywhere(port, ring);
    let mut running = begun(&instance);
    let refused = running.wait_for("ZWEL1031E metrics and health are not served - it listens at 0.0.0.0:");
    for expected in
        ["key ring safkeyring://ZWESVUSR/ZoweKeyring is never asked for", "zowe.certificate.pem", "listenAddresses: ['127.0.0.1']"]
    {
        assert!(refused.contains(expected), "{expected} is missing in {refused}");
    }
    running.wait_for("ZWEL0012I");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn reload_moves_it_and_ends_it() {
    let (first, second) = (free_port(), free_port());
    let instance = with_metrics(Instance::new().component("alpha", SLEEPER, ""), first);
    let running = instance.up();
    let pid = instance.pid("alpha");
    let change = |from: &str, to: &str| {
        let yaml = std::fs::read_to_string(instance.config()).unwrap();
        std::fs::write(instance.config(), yaml.replace(from, to)).unwrap();
        instance.modify("RELOAD");
    };
    change(&first.to_string(), &second.to_string());
    running.wait_for(&format!("ZWEL1030I metrics and health are served at http://127.0.0.1:{second}"));
    assert_eq!(get(second, "/livez").0, 200);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, first)).is_err());
    change(&format!("port: {second}"), "port: 0");
    running.wait_for("ZWEL1032I metrics and health are not served any more");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, second)).is_err());
    assert_eq!(instance.pid("alpha"), pid);
}

#[test]
fn a_port_that_is_taken_is_told_as_that_of_a_component() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let instance = with_metrics(Instance::new().component("alpha", SLEEPER, ""), port);
    let (code, output) = instance.run_to_end();
    assert!(code == 8 && output.contains("startup check ports: ") && output.contains("components.launcher.metrics.port: port"), "{output}");
    // One of a component is found with nothing bound.
    let instance = with_metrics(Instance::new().component("alpha", SLEEPER, &format!("port: {port}")), port);
    instance.write_config();
    let output = Command::new(program()).args(["check", "-i", "lpar1", "-c"]).arg(instance.config()).output().unwrap();
    let said = text(&output);
    assert!(said.contains("components.launcher.metrics.port") && said.contains("components.alpha.port"), "{said}");
}

/// Nothing is kept for it where there is no port: neither a thread nor a socket.
#[test]
fn without_a_port_there_is_no_thread() {
    let threads = |running: &Running| -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", running.child.id())).unwrap();
        tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap().trim().to_owned()).collect()
    };
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let running = instance.up();
    assert!(!threads(&running).contains(&"metrics".to_owned()), "{:?}", threads(&running));
    let with = with_metrics(Instance::new().component("alpha", SLEEPER, ""), free_port());
    let running = with.up();
    assert!(threads(&running).contains(&"metrics".to_owned()), "{:?}", threads(&running));
}

/// A Prometheus server scrapes it, and the sample's rules hold.
#[test]
fn a_prometheus_server_reads_it() {
    let Some(prometheus) = prometheus_program("prometheus") else { return };
    let port = free_port();
    let instance = with_metrics(Instance::new().component("alpha", SLEEPER, ""), port);
    let _running = instance.up();
    let server: SocketAddr = (Ipv4Addr::LOCALHOST, free_port()).into();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/samplib/prometheus/zwelnch-rules.yml");
    let configuration = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{rules}']\nscrape_configs:\n  - job_name: zwelnch\n    \
         static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    );
    let file = instance.path("prometheus.yml");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(prometheus);
    command.arg(format!("--config.file={}", file.display())).arg(format!("--storage.tsdb.path={}", instance.path("tsdb").display()));
    command.arg(format!("--web.listen-address={server}")).env("ZWELNCH_TEST", instance.directory.path());
    let _server = Running::unheard(command, instance.directory.path());
    let query = |query: &str| -> Option<Value> {
        let mut stream = TcpStream::connect_timeout(&server, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (status, _, body) = ask(&mut stream, &format!("GET /api/v1/query?query={query} HTTP/1.0\r\n\r\n"));
        let result: Value = serde_json::from_str(&body).ok().filter(|_| status == 200)?;
        result["data"]["result"].as_array().filter(|series| !series.is_empty()).map(|series| Value::Array(series.clone()))
    };
    let up = eventually("Prometheus has scraped it", || query("zwelnch_component_up"));
    assert_eq!((&up[0]["metric"]["component"], &up[0]["value"][1]), (&Value::from("alpha"), &Value::from("1")), "{up}");
    assert!(query("zwelnch_build_info").is_some());
    assert_eq!(query("up").unwrap()[0]["value"][1], "1");
}

fn sample_of_prometheus(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/samplib/prometheus")).join(name)
}

#[test]
fn promtool_accepts_the_rules_and_each_alert_comes_when_it_should() {
    let Some(promtool) = prometheus_program("promtool") else { return };
    for arguments in [["check", "rules", "zwelnch-rules.yml"], ["test", "rules", "zwelnch-rules-test.yml"]] {
        let output = Command::new(&promtool).args(arguments).current_dir(sample_of_prometheus("")).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }
}

/// The samples and the document name what there is, and the document all of it.
#[test]
fn samples_and_document_name_the_metrics_that_there_are() {
    use zwelnch::metrics::{Component, Form, Instance, Upgrade, exposition};
    let component = Component {
        started_at: Some(1.0),
        start_took: Some(1.0),
        ready_took: Some(1.0),
        exit_code: Some(1),
        exit_signal: Some(1),
        phases: vec![("validate".into(), 1.0)],
        ..Component::default()
    };
    let instance = Instance {
        ready_after: Some(1.0),
        prepared_in: Some(1.0),
        phases: vec![("load".into(), 1.0)],
        upgrade: Some(Upgrade { state: "none", step: None }),
        commands: [("DISP".into(), 1)].into(),
        components: vec![component],
        ..Instance::default()
    };
    let shown = exposition(&[instance], Form::Text);
    let known: std::collections::BTreeSet<&str> =
        shown.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('{').next()).collect();
    assert!(known.len() > 20, "{known:?}");
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    for name in ["zwelnch-rules.yml", "zwelnch-rules-test.yml", "zwelnch-dashboard.json", "../../docs/metrics.md"] {
        let text = std::fs::read_to_string(sample_of_prometheus(name)).unwrap();
        let named = text.match_indices("zwelnch_").map(|(at, _)| text[at..].split(|next| !is_name(next)).next().unwrap());
        let unknown: Vec<&str> = named.filter(|metric| !known.contains(metric)).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
    let document = std::fs::read_to_string(sample_of_prometheus("../../docs/metrics.md")).unwrap();
    for name in &known {
        let ending = name.rsplit_once("_last_").or_else(|| name.rsplit_once("_output_")).map_or(*name, |(_, ending)| ending);
        let is_named = [format!("`{name}`"), format!("`{name}{{"), format!("_{ending}`")].iter().any(|form| document.contains(form));
        assert!(is_named, "docs/metrics.md does not name {name}");
    }
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(sample_of_prometheus("zwelnch-dashboard.json")).unwrap()).unwrap();
    assert!(dashboard["panels"].as_array().is_some_and(|panels| panels.len() > 5));
}
