//! Readiness and liveness by probes: by port, by HTTP, by a command, by a file.

use crate::harness::{Instance, PATIENCE, Running, free_port, text, wait_until};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

const SLEEPER: &str = "echo up; exec sleep 1000";

/// A component that is ready when something else is, and one that waits for it.
fn waiting_for(readiness: &str) -> (Instance, Running) {
    let settings = format!("launcher: {{readiness: {readiness}}}");
    let instance = Instance::new().component("alpha", SLEEPER, &settings).component("beta", SLEEPER, "launcher: {dependsOn: [alpha]}");
    let running = instance.start();
    running.wait_for("ZWEL0001I component alpha started");
    running.wait_for("ZWEL0903I component beta waits for alpha");
    assert!(!running.all().contains("ZWEL0900I") && !running.all().contains("component beta started"), "{}", running.all());
    (instance, running)
}

fn ready(instance: &Instance, mut running: Running) {
    running.wait_for("ZWEL0900I component alpha is ready after");
    running.wait_for("ZWEL0001I component beta started");
    running.wait_for("ZWEL0901I Zowe instance lpar1 is ready for work, 2 of 2 components ready");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// A server that answers every request with the status that is set, and closes the connection.
fn server(listener: TcpListener, status: Arc<AtomicU16>) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|length| length > 0) {
                request.push(byte[0]);
            }
            let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
            let status = if path == "/ready" { status.load(Ordering::SeqCst) } else { 404 };
            let _ = write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
}

#[test]
fn a_port_that_accepts_connections() {
    let port = free_port();
    let (instance, running) = waiting_for(&format!("{{tcp: {port}, interval: 1}}"));
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    ready(&instance, running);
}

#[test]
fn a_get_that_is_answered_with_the_status_that_is_asked_for_and_is_so_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let status = Arc::new(AtomicU16::new(503));
    server(listener, Arc::clone(&status));
    let readiness = format!("{{http: {{port: {port}, host: 127.0.0.1, path: /ready}}, interval: 1, failureThreshold: 2}}");
    let (instance, running) = waiting_for(&readiness);
    status.store(204, Ordering::SeqCst);
    running.wait_for("ZWEL0901I Zowe instance lpar1 is ready for work, 2 of 2 components ready");
    status.store(500, Ordering::SeqCst);
    running.wait_for("ZWEL0902W Zowe instance lpar1 is degraded, not ready: alpha");
    status.store(200, Ordering::SeqCst);
    running.wait_for_count("ZWEL0901I Zowe instance lpar1 is ready for work", 2);
    ready(&instance, running);
}

#[test]
fn a_command_of_the_component_with_its_environment() {
    let settings = "greeting: a b\nlauncher: {readiness: {command: \"bin/ready.sh 'c d'\", interval: 1}}";
    let instance = Instance::new().component("alpha", SLEEPER, settings).component("beta", SLEEPER, "launcher: {dependsOn: [alpha]}");
    instance.script("alpha", "ready", "echo \"asked $1 $ZWE_configs_greeting\" >> asked; test -f good");
    let running = instance.start();
    running.wait_for("ZWEL0903I component beta waits for alpha");
    let directory = instance.component_directory("alpha");
    wait_until(Instant::now() + PATIENCE, || {
        std::fs::read_to_string(directory.join("asked")).ok().filter(|asked| asked.lines().count() > 1)
    })
    .unwrap();
    assert!(!running.all().contains("ZWEL0900I"), "{}", running.all());
    std::fs::write(directory.join("good"), "").unwrap();
    ready(&instance, running);
    let asked = std::fs::read_to_string(directory.join("asked")).unwrap();
    assert!(asked.lines().all(|line| line == "asked c d a b"), "{asked}");
}

#[test]
fn a_line_in_a_file_that_was_not_there_before() {
    let instance = Instance::new()
        .component("alpha", SLEEPER, "launcher: {readiness: {log: {message: 'serving on *', file: server.log}, interval: 1}}")
        .component("beta", SLEEPER, "launcher: {dependsOn: [alpha]}");
    let file = instance.component_directory("alpha").join("server.log");
    // Of an earlier run.
    std::fs::write(&file, "serving on 1\n").unwrap();
    let running = instance.start();
    running.wait_for("ZWEL0001I component alpha started");
    let append = |text: &str| std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(text.as_bytes()).unwrap();
    append("starting\nserving");
    assert!(!running.all().contains("ZWEL0900I"), "{}", running.all());
    append(" on 2\n");
    ready(&instance, running);
}

#[test]
fn a_component_that_does_not_live_any_more_is_restarted() {
    let settings = "launcher: {restartIntervals: [0, 0, 0], liveness: {command: bin/alive.sh, interval: 1, failureThreshold: 2}}";
    let instance = Instance::new().component("alpha", SLEEPER, settings);
    instance.script("alpha", "alive", "test ! -f dead");
    let mut running = instance.up();
    let first = instance.pid("alpha").unwrap();
    let dead = instance.component_directory("alpha").join("dead");
    std::fs::write(&dead, "").unwrap();
    running.wait_for("ZWEL0982E component alpha is restarted as it does not live any more: the command ended with exit code 1");
    std::fs::remove_file(&dead).unwrap();
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    assert_ne!(instance.pid("alpha"), Some(first));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// Nobody sees it, so it fills neither the disk nor SYSPRINT.
#[cfg(target_os = "linux")]
#[test]
fn what_a_probes_command_writes_goes_nowhere() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {readiness: {command: bin/ready.sh, interval: 1}}");
    instance.script("alpha", "ready", "ends=$(readlink /proc/$$/fd/1 /proc/$$/fd/2)\necho \"$ends\" > ends\necho not seen");
    let mut running = instance.up();
    running.wait_for("ZWEL0900I component alpha is ready after");
    assert_eq!(std::fs::read_to_string(instance.component_directory("alpha").join("ends")).unwrap(), "/dev/null\n/dev/null\n");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(!running.all().contains("not seen"), "{}", running.all());
}

#[test]
fn a_probe_that_cannot_be_used_is_said_and_running_is_ready() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {readiness: {tpc: 1}}");
    let mut running = instance.up();
    running.wait_for("ZWEL0916W");
    assert!(running.all().contains("launcher.readiness.tpc: 1 is ignored; perhaps tcp is expected"), "{}", running.all());
    running.wait_for("ZWEL0901I");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn a_command_that_cannot_be_run_is_an_error_of_check_and_no_answer_at_run_time() {
    for (key, setting) in [
        ("readiness", "launcher: {readiness: {command: bin/nope.sh a, interval: 1}}"),
        ("liveness", "launcher: {liveness: {command: bin, interval: 1, failureThreshold: 1}}"),
        ("stop", "launcher: {stop: {command: nope.sh}}"),
    ] {
        let instance = Instance::new().component("alpha", SLEEPER, setting);
        instance.write_config();
        let output = instance.launcher(&["check"]).output().unwrap();
        let said = text(&output);
        let line = said.lines().find(|line| line.starts_with("ERROR ")).unwrap_or_else(|| panic!("{key}: {said}"));
        assert!(line.contains(&format!("components.alpha.launcher.{key}.command: ")) && line.contains("zowe.yaml:"), "{line}");
        assert!(line.contains("cannot be used"), "{line}");
        assert_eq!(output.status.code(), Some(8), "{said}");
    }
    let of_manifest = Instance::new().component("alpha", SLEEPER, "");
    of_manifest.manifest("alpha", "liveness: {command: none.sh}\n");
    of_manifest.write_config();
    let said = text(&of_manifest.launcher(&["check"]).output().unwrap());
    assert!(said.lines().any(|line| line.starts_with("ERROR ") && line.contains("alpha/manifest.yaml:4:")), "{said}");
}

#[test]
fn a_liveness_command_that_has_gone_says_nothing_of_its_component() {
    let setting = "launcher: {liveness: {command: bin/alive.sh, interval: 1, failureThreshold: 1}}";
    let instance = Instance::new().component("alpha", SLEEPER, setting);
    instance.script("alpha", "alive", "echo asked >> asked");
    let mut running = instance.up();
    let asked = instance.component_directory("alpha").join("asked");
    let deadline = Instant::now() + PATIENCE;
    wait_until(deadline, || asked.exists().then_some(())).expect("never asked");
    let first = instance.pid("alpha");
    let script = instance.component_directory("alpha").join("bin/alive.sh");
    std::fs::rename(&script, instance.path("aside")).unwrap();
    running.wait_for("ZWEL0956W");
    std::fs::remove_file(&asked).unwrap();
    std::fs::rename(instance.path("aside"), &script).unwrap();
    wait_until(deadline, || asked.exists().then_some(())).expect("not asked again");
    assert_eq!(instance.pid("alpha"), first);
    assert_eq!(running.all().matches("ZWEL0956W component alpha cannot be asked for its liveness - ").count(), 1, "{}", running.all());
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(!running.all().contains("ZWEL0905E"), "{}", running.all());
}

/// A server that accepts connections and sends nothing, a port that accepts none, a command that goes on: the run ends without waiting for
/// them.
#[test]
fn p_does_not_wait_for_a_probe() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Nobody has this address: RFC 5737.
    let readiness = [
        format!("http: {{port: {port}, host: localhost, path: /}}"),
        "tcp: {port: 9, host: 192.0.2.1}".to_owned(),
        "command: bin/ready.sh".to_owned(),
    ];
    let mut instance = Instance::new();
    for (name, readiness) in ["alpha", "beta", "gamma"].into_iter().zip(readiness) {
        // It must not be the launcher's own limit that ends it.
        instance = instance.component(name, SLEEPER, &format!("launcher: {{readiness: {{{readiness}, interval: 1, timeout: 600}}}}"));
    }
    instance.script("gamma", "ready", "echo asked; exec sleep 1000");
    let mut running = instance.start();
    let (_asked, _) = listener.accept().unwrap();
    instance.console("P ZWESLSTC");
    // The harness is less patient than the probes.
    assert_eq!(running.wait_end(), 0);
    assert!(running.all().contains("ZWEL0022I"), "{}", running.all());
}

/// A limit applies to a probe as a whole, and each missing answer counts as a bad one.
#[test]
fn a_probe_that_is_not_answered_is_over_within_its_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = format!(
        "launcher: {{liveness: {{http: {{port: {port}, host: localhost, path: /}}, interval: 1, timeout: 1, failureThreshold: 2}}}}"
    );
    let instance = Instance::new().component("alpha", SLEEPER, &settings);
    let mut running = instance.start();
    running.wait_for(&format!("http://localhost:{port}/: no answer within 1 s"));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}
