//! Upgrades of the sample sysplex under load, with a real HAProxy in front: two systems, each with a gateway, a Discovery Service and a
//! service.

use crate::harness::{
    PATIENCE, PortRange, Running, console, kill_processes_of, none_left, program, program_or_skip, skip, text, wait_until,
};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The sample sysplex, with HAProxy before its gateways.
struct Sysplex {
    directory: tempfile::TempDir,
    _ports: PortRange,
    /// Where clients connect.
    front: u16,
    haproxy: Option<Running>,
}

impl Drop for Sysplex {
    fn drop(&mut self) {
        kill_processes_of(self.directory.path());
    }
}

impl Sysplex {
    /// Lays it out and starts both instances. None, with a message: HAProxy is missing.
    fn up() -> Option<Sysplex> {
        let haproxy = program_or_skip("haproxy")?;
        let mut sysplex = Sysplex::laid_out();
        sysplex.haproxy = Some(sysplex.balance(&haproxy));
        for command in ["S ZWESLSTC,HAINST=lpar1,JOBNAME=ZWE1SV", "RO LPR2,S ZWESLSTC,HAINST=lpar2,JOBNAME=ZWE1SV2"] {
            let (answer, code) = sysplex.issue(command);
            assert_eq!(code, 0, "{answer}");
        }
        sysplex.wait_good(&["zowe.yaml"]);
        sysplex.wait_both_balanced();
        Some(sysplex)
    }

    fn laid_out() -> Sysplex {
        let directory = tempfile::Builder::new().prefix("zwelnch-ha-").tempdir().unwrap();
        let ports = PortRange::find();
        let options = zwelnch::demo::layout::LayoutOptions {
            program: Path::new(program()),
            port_base: ports.base,
            member: &|config| zwelnch::mvs::jcl_member(Some(config)).map_err(std::io::Error::other),
            sysplex: true,
        };
        zwelnch::demo::layout::lay_out(directory.path(), &options).unwrap();
        let front = ports.base + PortRange::LENGTH - 1;
        Sysplex { directory, _ports: ports, front, haproxy: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.directory.path()).env("ZWELNCH_SYSTEM", self.directory.path());
        command.env("XDG_STATE_HOME", self.path("state")).env_remove("CONFIG").stdin(Stdio::null());
        command
    }

    fn issue(&self, command: &str) -> (String, i32) {
        console(self.directory.path(), command)
    }

    /// HAProxy with the configuration that `ha haproxy` makes.
    fn balance(&self, haproxy: &Path) -> Running {
        let socket = self.path("haproxy.sock");
        let bind = format!("127.0.0.1:{}", self.front);
        let made = self
            .command(&["ha", "haproxy", "-c", "zowe.yaml", "--backend", "gateways", "--bind", &bind, "--socket", socket.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", text(&made));
        fs::write(self.path("haproxy.cfg"), made.stdout).unwrap();
        let mut command = Command::new(haproxy);
        command.args(["-db", "-f", "haproxy.cfg"]).current_dir(self.directory.path()).env("ZWELNCH_SYSTEM", self.directory.path());
        let running = Running::spawn(command, self.directory.path());
        let there = wait_until(Instant::now() + PATIENCE, || socket.exists().then_some(()));
        assert!(there.is_some(), "{}", running.all());
        running
    }

    fn wait_good(&self, configs: &[&str]) {
        let mut arguments = vec!["ha", "verify", "--timeout", "60s"];
        for config in configs {
            arguments.extend(["-c", config]);
        }
        let output = self.command(&arguments).output().unwrap();
        assert!(output.status.success(), "{}\n{}", text(&output), self.sysprints());
        arguments[1] = "status";
        arguments.drain(2..4);
        let good = wait_until(Instant::now() + PATIENCE, || self.command(&arguments).output().unwrap().status.success().then_some(()));
        assert!(good.is_some(), "{}\n{}", text(&self.command(&arguments).output().unwrap()), self.sysprints());
    }

    /// What HAProxy shows of its servers.
    fn balancer(&self, command: &str) -> String {
        let mut stream = std::os::unix::net::UnixStream::connect(self.path("haproxy.sock")).unwrap();
        writeln!(stream, "{command}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn wait_both_balanced(&self) {
        let up = |stat: &str, id: &str| {
            stat.lines().any(|line| {
                line.starts_with(&format!("gateways,{id},")) && line.split(',').nth(17).is_some_and(|status| status.starts_with("UP"))
            })
        };
        let both = wait_until(Instant::now() + PATIENCE, || {
            let stat = self.balancer("show stat");
            (up(&stat, "lpar1") && up(&stat, "lpar2")).then_some(())
        });
        assert!(both.is_some(), "{}", self.balancer("show stat"));
    }

    fn sysprints(&self) -> String {
        let mut all = String::new();
        for system in ["spool", "LPR2/spool"] {
            for job in fs::read_dir(self.path(system)).into_iter().flatten().flatten() {
                let text = fs::read_to_string(job.path().join("SYSPRINT")).unwrap_or_default();
                let text: Vec<&str> = text.lines().filter(|line| !line.contains("80--------90")).collect();
                all += &format!("== {}\n{}\n", job.path().display(), text[text.len().saturating_sub(60)..].join("\n"));
            }
        }
        all
    }

    /// Installs another version beside what there is: `zowe-<name>.yaml` with directories, jobs ZWE2SV1 and ZWE2SV2, and PROC ZWESLST2.
    fn install(&self, name: &str) {
        let member = "ZWESLST2";
        let copied = Command::new("cp").arg("-r").arg(self.path("runtime")).arg(self.path(&format!("runtime-{name}"))).status().unwrap();
        assert!(copied.success());
        let manifest = self.path(&format!("runtime-{name}/manifest.json"));
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace("\"version\": \"0.1.0\"", "\"version\": \"0.2.0\"")).unwrap();
        let mut yaml = fs::read_to_string(self.path("zowe.yaml")).unwrap();
        for part in ["runtime", "logs", "workspace"] {
            let own = self.path(part).display().to_string();
            assert!(yaml.contains(&format!("\"{own}\"")), "{yaml}");
            yaml = yaml.replace(&format!("\"{own}\""), &format!("\"{own}-{name}\""));
        }
        let setup = format!("zowe:\n  setup: {{security: {{stcs: {{zowe: {member}}}}}}}\n  job: {{name: ZWE2SV1}}\n");
        yaml = yaml.replacen("zowe:\n", &setup, 1);
        // The job name of one instance of the sample is in its overlay.
        yaml = yaml.replace("ZWE1SV2", "ZWE2SV2");
        fs::write(self.path(&format!("zowe-{name}.yaml")), yaml).unwrap();
        for system in ["PROCLIB", "LPR2/PROCLIB"] {
            let config = self.path(&format!("zowe-{name}.yaml"));
            let text = zwelnch::mvs::jcl_member(config.to_str()).unwrap().replace("ZWESLSTC", member);
            fs::write(self.path(system).join(member), text).unwrap();
            fs::set_permissions(self.path(system).join(member), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn upgrade(&self, old: &str, new: &str, peer: &str, id: &str, more: &[&str]) -> Command {
        let socket = self.path("haproxy.sock");
        let mut arguments = vec!["ha", "upgrade", "--old", old, "--new", new, "--peer", peer, "-i", id];
        arguments.extend(["--haproxy", socket.to_str().unwrap(), "--backend", "gateways"]);
        for (option, value) in [("--drain", "3s"), ("--timeout", "60s")] {
            if !more.contains(&option) {
                arguments.extend([option, value]);
            }
        }
        let mut command = self.command(&arguments);
        command.args(more);
        command
    }

    /// Ends everything in an orderly way.
    fn end(mut self) {
        for command in ["P ZWE1SV", "RO LPR2,P ZWE1SV2", "P ZWE2SV1", "RO LPR2,P ZWE2SV2"] {
            self.issue(command);
        }
        drop(self.haproxy.take());
        assert!(none_left(self.directory.path()), "{}", self.sysprints());
    }
}

/// Clients: some that connect anew for each request, and some that stay.
struct Load {
    stop: Arc<AtomicBool>,
    good: Arc<AtomicU64>,
    failures: Arc<Mutex<Vec<String>>>,
    /// Long-lived connections that have been ended from the other side.
    cut: Arc<AtomicU64>,
    threads: Vec<std::thread::JoinHandle<()>>,
    long: Vec<TcpStream>,
}

const CLIENTS: usize = 4;

impl Load {
    fn begin(port: u16, long: usize) -> Load {
        let mut load = Load {
            stop: Arc::default(),
            good: Arc::default(),
            failures: Arc::default(),
            cut: Arc::default(),
            threads: Vec::new(),
            long: Vec::new(),
        };
        // First: with nothing else to weigh, the balancer gives them to both in turn.
        for _ in 0..long {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            write!(stream, "GET /stream?seconds=600 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            let mut reading = stream.try_clone().unwrap();
            let (stop, cut) = (Arc::clone(&load.stop), Arc::clone(&load.cut));
            let mut first = [0; 1];
            reading.read_exact(&mut first).unwrap();
            load.threads.push(std::thread::spawn(move || {
                let mut block = [0; 4096];
                while reading.read(&mut block).is_ok_and(|length| length > 0) {}
                if !stop.load(Ordering::SeqCst) {
                    cut.fetch_add(1, Ordering::SeqCst);
                }
            }));
            load.long.push(stream);
        }
        for _ in 0..CLIENTS {
            let (stop, good, failures) = (Arc::clone(&load.stop), Arc::clone(&load.good), Arc::clone(&load.failures));
            load.threads.push(std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match request(port) {
                        Ok(()) => drop(good.fetch_add(1, Ordering::Relaxed)),
                        Err(why) => failures.lock().unwrap().push(why),
                    }
                }
            }));
        }
        load
    }

    fn good(&self) -> u64 {
        self.good.load(Ordering::Relaxed)
    }

    fn wait_until_good(&self, count: u64) {
        let done = wait_until(Instant::now() + 5 * PATIENCE, || (self.good() >= count).then_some(()));
        assert!(done.is_some(), "{} requests, failed: {:?}", self.good(), self.failures.lock().unwrap());
    }

    /// (answered, failed, long ones cut)
    fn end(self) -> (u64, Vec<String>, u64) {
        let cut = self.cut.load(Ordering::SeqCst);
        self.stop.store(true, Ordering::SeqCst);
        for stream in &self.long {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        for thread in self.threads {
            thread.join().unwrap();
        }
        (self.good.load(Ordering::SeqCst), self.failures.lock().unwrap().clone(), cut)
    }
}

/// One request on a connection of its own, through the gateway to the service.
fn request(port: u16) -> Result<(), String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("connect: {error}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|error| error.to_string())?;
    stream.write_all(b"GET /hello/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").map_err(|error| format!("write: {error}"))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| format!("read: {error}"))?;
    if answer.starts_with("HTTP/1.1 200") && answer.contains("hello") { Ok(()) } else { Err(format!("answer: {answer:?}")) }
}

#[test]
fn an_upgrade_of_both_instances_loses_no_request() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let load = Load::begin(sysplex.front, 6);
    load.wait_until_good(100);

    let plan = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--plan"]).output().unwrap();
    let planned = text(&plan);
    for expected in [
        "HA instance lpar2 goes from level 0.1.0 to level 0.2.0; lpar1 (job ZWE1SV on LPR1) serves meanwhile.",
        "RO LPR2,P ZWE1SV2",
        "RO LPR2,S ZWESLST2,HAINST=LPAR2,JOBNAME=ZWE2SV2",
        "set server gateways/lpar2 state drain",
    ] {
        assert!(planned.contains(expected), "{expected} is missing in {planned}");
    }
    assert_eq!(load.cut.load(Ordering::SeqCst), 0, "a plan moves nothing");

    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}\n{}", sysplex.sysprints());
    let cut = load.cut.load(Ordering::SeqCst);
    // Those of B, and each was counted before it was cut.
    assert!(cut > 0 && cut < 6 && said.contains(&format!("{cut} connections end with the instance")), "{cut}: {said}");

    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe-new2.yaml", "lpar1", &[]).output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output), sysplex.sysprints());
    load.wait_until_good(20_000);
    let (good, failures, cut) = load.end();
    assert!(failures.is_empty() && good >= 20_000, "{good} answered, {} failed: {:?}", failures.len(), failures.first());
    assert_eq!(cut, 6, "every long one has been at an instance that was replaced");
    let output = sysplex.command(&["ha", "status", "-c", "zowe-new2.yaml"]).output().unwrap();
    assert!(output.status.success() && text(&output).matches("0.2.0").count() == 2, "{}", text(&output));
    sysplex.end();
}

/// Makes an upgrade of lpar2 under load and returns its exit code and what it said; no request on a new connection may be lost.
fn faulty(sysplex: &Sysplex, more: &[&str]) -> (i32, String) {
    let load = Load::begin(sysplex.front, 0);
    load.wait_until_good(50);
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", more).output().unwrap();
    load.wait_until_good(load.good() + 50);
    let (good, failures, _) = load.end();
    let sysprints = || if failures.is_empty() { String::new() } else { sysplex.sysprints() };
    assert!(failures.is_empty(), "{good} answered, {} failed: {:?}\n{}\n{}", failures.len(), failures.first(), text(&output), sysprints());
    (output.status.code().unwrap(), text(&output))
}

#[test]
fn a_new_version_that_does_not_become_ready_is_rolled_back() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    fs::write(sysplex.path("runtime-new2/components/hello/bin/start.sh"), "exec sleep 1000\n").unwrap();
    let (code, said) = faulty(&sysplex, &["--ready-timeout", "5s"]);
    // Which of its parts was missing when the time was over depends on the machine.
    assert!(code == 8 && said.contains("the new instance is not ready after 5 s: "), "{said}");
    assert!(said.contains("Rolled back: the old lpar2 serves again."), "{said}");
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.wait_both_balanced();
    // Nor a version whose START is refused.
    fs::remove_file(sysplex.path("LPR2/PROCLIB/ZWESLST2")).unwrap();
    let (code, said) = faulty(&sysplex, &[]);
    assert!(code == 8 && said.contains("could not be started") && said.contains("Rolled back"), "{said}");
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.end();
}

#[test]
fn a_new_version_whose_registry_never_agrees_is_rolled_back() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let start = sysplex.path("runtime-new2/components/discovery/bin/start.sh");
    let text = fs::read_to_string(&start).unwrap();
    assert!(text.contains("demo service discovery"), "{text}");
    fs::write(&start, text.replace("demo service discovery", "demo service discovery --deaf")).unwrap();
    let (code, said) = faulty(&sysplex, &["--timeout", "5s"]);
    assert!(code == 8 && said.contains("the Discovery Services do not agree after 5 s"), "{said}");
    assert!(said.contains("Rolled back: the old lpar2 serves again."), "{said}");
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.wait_both_balanced();
    sysplex.end();
}

/// An upgrade that asks before each step; lets it come to the question about a step.
fn asked_before(sysplex: &Sysplex, title: &str) -> Running {
    let mut command = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--step"]);
    command.stdin(Stdio::piped());
    let mut running = Running::spawn(command, Path::new("/nonexistent"));
    let mut input = running.child.stdin.take().unwrap();
    let mut asked = 0;
    loop {
        asked += 1;
        let questions = running.wait_for_count("Go on?", asked);
        if questions[asked - 1].contains(title) {
            running.child.stdin = Some(input);
            return running;
        }
        writeln!(input, "y").unwrap();
    }
}

/// The sample sysplex with a new version beside it, under load.
fn under_load() -> Option<(Sysplex, Load)> {
    let sysplex = Sysplex::up()?;
    sysplex.install("new2");
    let load = Load::begin(sysplex.front, 0);
    load.wait_until_good(50);
    Some((sysplex, load))
}

/// Answers continue, and none was missing.
fn nothing_lost(sysplex: &Sysplex, load: Load) {
    load.wait_until_good(load.good() + 50);
    let (good, failures, _) = load.end();
    let sysprints = || if failures.is_empty() { String::new() } else { sysplex.sysprints() };
    assert!(failures.is_empty(), "{good} answered, {} failed: {:?}\n{}", failures.len(), failures.first(), sysprints());
}

/// Answers the question, and all that follow.
fn go_on(running: &mut Running) -> i32 {
    let mut input = running.child.stdin.take().unwrap();
    let _ = write!(input, "{}", "y\n".repeat(20));
    drop(input);
    running.wait_end()
}

#[test]
fn a_balancer_that_cannot_be_reached_any_more_leaves_traffic_at_the_peer() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "resume");
    let (socket, away) = (sysplex.path("haproxy.sock"), sysplex.path("away.sock"));
    fs::rename(&socket, &away).unwrap();
    assert_eq!(go_on(&mut running), 12, "{}", running.all());
    assert!(
        running.all().contains("traffic could not be resumed to it") && running.all().contains("the peers serve meanwhile"),
        "{}",
        running.all()
    );
    load.wait_until_good(load.good() + 50);
    // Without it nothing is begun either, and what is kept is kept.
    fs::rename(&away, &socket).unwrap();
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    assert!(
        output.status.success() && text(&output).contains("An upgrade is under way: it has come to step 9, resume"),
        "{}",
        text(&output)
    );
    nothing_lost(&sysplex, load);
    sysplex.wait_both_balanced();
    sysplex.end();
}

#[test]
fn an_upgrade_that_is_killed_goes_on_or_goes_back() {
    let Some((sysplex, load)) = under_load() else { return };
    // Killed with the old one down and the new one not up, and brought back.
    let running = asked_before(&sysplex, "start the new instance");
    // Two at once are refused.
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    assert!(output.status.code() == Some(8) && text(&output).contains("this upgrade is being made already"), "{}", text(&output));
    running.signal(nix::sys::signal::Signal::SIGKILL);
    drop(running);
    // A new problem does not keep anybody from going back.
    let new = sysplex.path("zowe-new2.yaml");
    let good = fs::read_to_string(&new).unwrap();
    fs::write(&new, good.replacen("zowe:\n", "zowe:\n  verifyCertificates: DISABLED\n", 1)).unwrap();
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--rollback"]).output().unwrap();
    assert!(
        text(&output).contains("Worth knowing: peer lpar1 and the new lpar2: must be the same: zowe.verifyCertificates"),
        "{}",
        text(&output)
    );
    fs::write(&new, good).unwrap();
    assert!(text(&output).contains("Rolled back: the old lpar2 serves again."), "{}\n{}", text(&output), sysplex.sysprints());
    sysplex.wait_good(&["zowe.yaml"]);
    // Killed in the middle of a step, and gone on with.
    let command = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]);
    let running = Running::spawn(command, Path::new("/nonexistent"));
    running.wait_for("step 5 of 10: start the new instance");
    running.signal(nix::sys::signal::Signal::SIGKILL);
    drop(running);
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    let said = text(&output);
    assert!(output.status.success() && said.contains("An upgrade is under way"), "{said}\n{}", sysplex.sysprints());
    nothing_lost(&sysplex, load);
    sysplex.wait_both_balanced();
    sysplex.end();
}

#[test]
fn a_launcher_that_is_killed_in_mid_upgrade_brings_the_old_one_back() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "wait until the new instance is ready");
    let (answer, code) = sysplex.issue("RO LPR2,C ZWE2SV2");
    assert_eq!(code, 0, "{answer}");
    assert_eq!(go_on(&mut running), 8, "{}", running.all());
    assert!(running.all().contains("Rolled back: the old lpar2 serves again."), "{}", running.all());
    nothing_lost(&sysplex, load);
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.end();
}

#[test]
fn wrong_plans_are_refused_before_anything_moves() {
    let sysplex = Sysplex::laid_out();
    sysplex.install("new2");
    let good = fs::read_to_string(sysplex.path("zowe-new2.yaml")).unwrap();
    let in_place = |part: &str| sysplex.path(part).display().to_string();
    let refused = |yaml: &str, id: &str| {
        fs::write(sysplex.path("zowe-new2.yaml"), yaml).unwrap();
        let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", id, &[]).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let cases = [
        ("same runtime directory", good.replace(&in_place("runtime-new2"), &in_place("runtime")), "zowe.runtimeDirectory"),
        ("same workspace", good.replace(&in_place("workspace-new2"), &in_place("workspace")), "zowe.workspaceDirectory"),
        ("same job name", good.replace("ZWE2SV2", "ZWE1SV2"), "zowe.job.name"),
        ("same PROC", good.replace("ZWESLST2", "ZWESLSTC"), "PROC ZWESLSTC"),
        ("differing security", good.replacen("zowe:\n", "zowe:\n  verifyCertificates: DISABLED\n", 1), "zowe.verifyCertificates"),
        ("differing HA settings", good.replace("hostname: localhost", "hostname: 127.0.0.1"), "haInstances"),
    ];
    for (what, yaml, expected) in cases {
        assert_ne!(yaml, good, "{what}");
        let (code, said) = refused(&yaml, "lpar2");
        assert!(code == 8 && said.contains(expected) && said.contains("Refused; nothing was changed."), "{what}: {said}");
    }
    let (code, said) = refused(&good, "lpar9");
    assert!(code == 8 && said.contains("ZWEL0911E HA instance lpar9 is not defined in haInstances, defined: lpar1, lpar2"), "{said}");
    // Both catalogs on: in A and in the new B, whose levels differ.
    let catalog = |yaml: &str| yaml.replacen("components:\n", "components:\n  api-catalog:\n    enabled: true\n", 1);
    let old = fs::read_to_string(sysplex.path("zowe.yaml")).unwrap();
    fs::write(sysplex.path("zowe.yaml"), catalog(&old)).unwrap();
    let (code, said) = refused(&catalog(&good), "lpar2");
    assert!(code == 8 && said.contains("api-catalog") && said.contains("UI service active on both with mixed levels"), "{said}");
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--rollback"]).output().unwrap();
    assert!(output.status.code() == Some(8) && text(&output).contains("no upgrade is under way"), "{}", text(&output));
    assert!(!sysplex.path("state").exists(), "a refused upgrade keeps nothing");
}

/// Two network namespaces with a router between, all gone when dropped.
struct Network {
    names: [String; 3],
}

fn ip(arguments: &str) -> bool {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    output.status.success()
}

impl Network {
    /// None, with a message, where this is not allowed.
    fn new() -> Option<Network> {
        program_or_skip("ip")?;
        let id = std::process::id();
        let names = ["r", "a", "b"].map(|name| format!("zw{id}{name}"));
        if !ip(&format!("netns add {}", names[0])) {
            skip("network namespaces cannot be made: this needs root");
            return None;
        }
        let network = Network { names };
        let [router, a, b] = &network.names;
        for name in [a, b] {
            assert!(ip(&format!("netns add {name}")));
        }
        for name in &network.names {
            assert!(ip(&format!("-n {name} link set lo up")));
        }
        for (name, net) in [(a, 1), (b, 2)] {
            assert!(ip(&format!("-n {router} link add v{net} type veth peer name v netns {name}")));
            assert!(ip(&format!("-n {router} addr add 10.77.{net}.254/24 dev v{net}")) && ip(&format!("-n {router} link set v{net} up")));
            assert!(ip(&format!("-n {name} addr add 10.77.{net}.1/24 dev v")) && ip(&format!("-n {name} link set v up")));
            assert!(ip(&format!("-n {name} route add default via 10.77.{net}.254")));
        }
        network.forward(true);
        Some(network)
    }

    /// Whether the two reach each other; the router reaches both all the time.
    fn forward(&self, on: bool) {
        let value = if on { "1" } else { "0" };
        let mut command = self.within(0, Path::new("/bin/sh"));
        assert!(command.args(["-c", &format!("echo {value} > /proc/sys/net/ipv4/ip_forward")]).status().unwrap().success());
    }

    fn within(&self, number: usize, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[number]]).arg(program);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns del {name}"));
        }
    }
}

#[test]
fn a_cut_between_the_systems_is_told_by_what_each_side_sees() {
    let Some(network) = Network::new() else { return };
    let sysplex = Sysplex::laid_out();
    let yaml = fs::read_to_string(sysplex.path("zowe.yaml")).unwrap();
    assert_eq!(yaml.matches("hostname: localhost").count(), 2, "{yaml}");
    let yaml = yaml.replacen("hostname: localhost", "hostname: 10.77.1.1", 1).replacen("hostname: localhost", "hostname: 10.77.2.1", 1);
    fs::write(sysplex.path("zowe.yaml"), yaml).unwrap();
    let in_network = |number: usize, arguments: &[&str]| {
        let plain = sysplex.command(arguments);
        let mut command = network.within(number, Path::new(program()));
        command.args(arguments).current_dir(sysplex.directory.path()).env("CONFIG", sysplex.path("zowe.yaml")).stdin(Stdio::null());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value.filter(|_| name != "CONFIG") {
                command.env(name, value);
            }
        }
        command
    };
    let launch = |number: usize, id: &str| Running::spawn(in_network(number, &["launch", id]), sysplex.directory.path());
    let first = launch(1, "lpar1");
    let second = launch(2, "lpar2");
    let verify = |timeout: &str| {
        let output = in_network(0, &["ha", "verify", "--timeout", timeout]).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let (code, said) = verify("60s");
    assert_eq!(code, 0, "{said}\n{}\n{}", first.all(), second.all());
    network.forward(false);
    // Each side forgets the other when its leases run out.
    let told = wait_until(Instant::now() + PATIENCE, || {
        let (code, said) = verify("0");
        let sides =
            said.contains("lpar1: its registry lacks gateway 10.77.2.1") && said.contains("lpar2: its registry lacks gateway 10.77.1.1");
        (code == 8 && sides).then_some(said)
    });
    let told = told.unwrap_or_else(|| panic!("{}", verify("0").1));
    assert!(told.contains("lpar1 sees ") && told.contains("lpar2 sees "), "{told}");
    // Seen from one of the two, the other does not answer.
    let output = in_network(1, &["ha", "verify", "--timeout", "0"]).output().unwrap();
    assert!(text(&output).contains("lpar2: its Discovery Service cannot be asked: http://10.77.2.1:"), "{}", text(&output));
    network.forward(true);
    let (code, said) = verify("60s");
    assert_eq!(code, 0, "{said}");
    for mut running in [first, second] {
        running.signal(nix::sys::signal::Signal::SIGTERM);
        running.wait_end();
    }
    assert!(none_left(sysplex.directory.path()));
}

#[test]
fn vary_tcpip_at_the_emulated_console_switches_the_same_balancer() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let plan = |arguments: &[&str]| {
        let all =
            [&["ha", "upgrade", "--old", "zowe.yaml", "--new", "zowe-new2.yaml", "--peer", "zowe.yaml", "-i", "lpar2"], arguments].concat();
        let output = sysplex.command(&all).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    // Without a distributor nothing is begun.
    let (code, said) = plan(&[]);
    assert!(code == 8 && said.contains("Refused; nothing was changed.") && said.contains("TCPIP"), "{said}");
    let yaml: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(sysplex.path("zowe.yaml")).unwrap()).unwrap();
    let port = yaml["haInstances"]["lpar2"]["components"]["gateway"]["port"].as_u64().unwrap();
    let socket = sysplex.path("haproxy.sock").display().to_string();
    fs::write(sysplex.path("LPR2/TCPIP"), format!("BALANCER haproxy {socket} gateways\nPORT {port} SERVER lpar2\n")).unwrap();
    let (code, said) = plan(&["--plan", "--stack", "TCPIP"]);
    assert!(code == 0 && said.contains(&format!("RO LPR2,VARY TCPIP,TCPIP,SYSPLEX,QUIESCE,PORT={port}")), "{said}");
    let load = Load::begin(sysplex.front, 4);
    load.wait_until_good(50);
    let (code, said) = plan(&["--drain", "2s", "--timeout", "60s"]);
    assert_eq!(code, 0, "{said}\n{}", sysplex.sysprints());
    for expected in [
        &format!("RO LPR2,VARY TCPIP,,SYSPLEX,QUIESCE,PORT={port}"),
        "EZZ0053I COMMAND VARY SYSPLEX,QUIESCE COMPLETED SUCCESSFULLY",
        &format!("RO LPR2,VARY TCPIP,,SYSPLEX,RESUME,PORT={port}"),
        "connections end with the instance",
        "Done: the new lpar2 serves.",
    ] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    load.wait_until_good(load.good() + 50);
    let (_, failures, cut) = load.end();
    assert!(failures.is_empty() && cut > 0 && cut < 4, "{failures:?}, {cut} cut");
    sysplex.wait_both_balanced();
    sysplex.end();
}
