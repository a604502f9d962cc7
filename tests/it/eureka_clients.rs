//! Clients from package registries, used with the sample's Discovery Service: npm `eureka-js-client`, with which Zowe's app-server
//! registers, and PyPI `py-eureka-client`. `.ci/run` installs them below target/eureka-clients.

use crate::harness::{Instance, Running, free_port, program, skip, text};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/eureka-clients");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/eureka_clients");

/// A Discovery Service of the sample, and the configuration of the HA instance to which it belongs.
struct Registry {
    port: u16,
    instance: Instance,
    running: Option<Running>,
}

impl Registry {
    fn start(shape: &str) -> Registry {
        let port = free_port();
        let instance = Instance::new()
            .component("discovery", "exec sleep 1", &format!("scheme: http\nport: {port}"))
            .extra("haInstances:\n  lpar1:\n    hostname: localhost\n");
        instance.write_config();
        let mut registry = Registry { port, instance, running: None };
        registry.restart(shape);
        registry
    }

    /// The registry forgets everything.
    fn restart(&mut self, shape: &str) {
        if let Some(mut running) = self.running.take() {
            running.signal(nix::sys::signal::Signal::SIGKILL);
            running.wait_end();
        }
        let mut command = Command::new(program());
        command.args(["demo", "service", "discovery", "--name", "discovery", "--host", "localhost", "--renew", "1", "--shape", shape]);
        command.args(["--port", &self.port.to_string()]).stdin(Stdio::null());
        let running = Running::spawn(command, self.instance.directory.path());
        running.wait_for("listens on");
        self.running = Some(running);
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// `zwelnch ha verify` sees this many instances of a service that are UP.
    fn verify(&self, service: &str, count: usize) {
        let mut command = self.instance.launcher(&["ha", "verify", "--timeout", "60s", "--expect"]);
        let output = command.arg(format!("{service}={count}")).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}\n{}", text(&output), self.running().all());
    }
}

struct Client {
    running: Running,
    input: std::process::ChildStdin,
}

impl Client {
    fn start(mut command: Command, registry: &Registry) -> Client {
        command.stdin(Stdio::piped());
        let mut running = Running::spawn(command, registry.instance.directory.path());
        let input = running.child.stdin.take().unwrap();
        Client { running, input }
    }

    fn say(&mut self, word: &str) {
        writeln!(self.input, "{word}").unwrap();
    }

    /// No line reports something that the client could not do.
    fn assert_content(&self) {
        let all = self.running.all();
        assert!(!["warn", "error", "fail", "WARN", "ERROR", "not st"].iter().any(|word| all.contains(word)), "{all}");
    }
}

fn installed(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(HOME).join(path);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("{} is not installed (see .ci/run)", path.display()));
    None
}

fn node(registry: &Registry, id: &str, fetches: &str) -> Option<Client> {
    let package = installed("node_modules/eureka-js-client")?;
    let mut command = Command::new("node");
    command.env("EUREKA_JS_CLIENT", package).arg(format!("{SCRIPTS}/client.js")).args([&registry.port.to_string(), id, fetches]);
    Some(Client::start(command, registry))
}

fn python(registry: &Registry, id: &str) -> Option<Client> {
    let interpreter = installed("venv/bin/python")?;
    let mut command = Command::new(interpreter);
    command.arg(format!("{SCRIPTS}/client.py")).args([&registry.port.to_string(), id]);
    Some(Client::start(command, registry))
}

#[test]
fn the_app_server_s_client_registers_renews_is_seen_and_goes() {
    // Without an id of its own it is known by its host name.
    for (shape, id, fetches) in [("list", "localhost:jsclient:7102", "delta"), ("object", "", "full")] {
        let mut registry = Registry::start(shape);
        let Some(mut client) = node(&registry, id, fetches) else { return };
        client.running.wait_for("registered");
        client.running.wait_for("started");
        registry.verify("jsclient", 1);
        client.running.wait_for("sees [DISCOVERY:UP JSCLIENT:UP]");
        // Its lease is of 4 seconds.
        client.running.wait_for_count("heartbeat", 12);
        registry.verify("jsclient", 1);
        assert!(!registry.running().all().contains("is evicted"), "{}", registry.running().all());
        // Another one comes and goes.
        let mut other = Command::new(program());
        let port = free_port().to_string();
        other.args(["demo", "service", "http", "--name", "other", "--host", "localhost", "--renew", "1", "--port", &port]);
        other.args(["--register", &format!("http://localhost:{}/eureka", registry.port)]).stdin(Stdio::null());
        let mut other = Running::spawn(other, registry.instance.directory.path());
        client.running.wait_for("sees [DISCOVERY:UP JSCLIENT:UP OTHER:UP]");
        other.signal(nix::sys::signal::Signal::SIGTERM);
        other.wait_end();
        client.running.wait_for_count("sees [DISCOVERY:UP JSCLIENT:UP]", 2);
        client.assert_content();
        // A registry that has forgotten it gets its full registration again.
        registry.restart(shape);
        client.running.wait_for_count("registered", 2);
        registry.verify("jsclient", 1);
        client.say("stop");
        client.running.wait_for("stopped");
        assert_eq!(client.running.wait_end(), 0);
        registry.verify("jsclient", 0);
        assert!(!registry.running().all().contains("is evicted"), "{}", registry.running().all());
    }
}

#[test]
fn a_python_client_registers_renews_is_seen_and_goes() {
    let mut registry = Registry::start("list");
    let Some(mut client) = python(&registry, "localhost:pyclient:7201") else { return };
    client.running.wait_for("started");
    registry.verify("pyclient", 1);
    client.running.wait_for("sees [DISCOVERY:UP PYCLIENT:UP]");
    let Some(mut other) = node(&registry, "localhost:jsclient:7102", "full") else { return };
    client.running.wait_for("sees [DISCOVERY:UP JSCLIENT:UP PYCLIENT:UP]");
    client.say("vip");
    client.running.wait_for("vip 1");
    // Out of service at its own request, and back.
    client.say("down");
    client.running.wait_for("sees [DISCOVERY:UP JSCLIENT:UP PYCLIENT:DOWN]");
    registry.verify("pyclient", 0);
    client.say("up");
    registry.verify("pyclient", 1);
    other.say("stop");
    assert_eq!(other.running.wait_end(), 0);
    client.running.wait_for_count("sees [DISCOVERY:UP PYCLIENT:UP]", 2);
    client.assert_content();
    registry.restart("list");
    registry.verify("pyclient", 1);
    client.say("stop");
    client.running.wait_for("stopped");
    assert_eq!(client.running.wait_end(), 0);
    registry.verify("pyclient", 0);
    assert!(!registry.running().all().contains("is evicted"), "{}", registry.running().all());
}

#[test]
fn a_client_that_was_killed_is_evicted() {
    let registry = Registry::start("list");
    let clients = [node(&registry, "localhost:jsclient:7102", "full"), python(&registry, "localhost:pyclient:7201")];
    for (client, service) in clients.into_iter().flatten().zip(["jsclient", "pyclient"]) {
        registry.verify(service, 1);
        client.running.signal(nix::sys::signal::Signal::SIGKILL);
        registry.verify(service, 0);
        registry.running().wait_for(&format!("{} localhost:{service}:", service.to_uppercase()));
    }
}
