//! The sample sysplex with a real HAProxy in front, and clients that count what they did not get: two systems, each with a gateway, a
//! Discovery Service and a service.

use crate::harness::{PATIENCE, PortRange, Running, console, kill_processes_of, none_left, program, program_or_skip, text, wait_until};
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
pub(crate) struct Sysplex {
    pub(crate) directory: tempfile::TempDir,
    _ports: PortRange,
    /// Where clients connect.
    pub(crate) front: u16,
    pub(crate) haproxy: Option<Running>,
}

impl Drop for Sysplex {
    fn drop(&mut self) {
        kill_processes_of(self.directory.path());
    }
}

impl Sysplex {
    /// Lays it out and starts both instances. None, with a message: HAProxy is missing.
    pub(crate) fn up() -> Option<Sysplex> {
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

    pub(crate) fn laid_out() -> Sysplex {
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.directory.path()).env("ZWELNCH_SYSTEM", self.directory.path());
        command.env("XDG_STATE_HOME", self.path("state")).env_remove("CONFIG").stdin(Stdio::null());
        command
    }

    pub(crate) fn issue(&self, command: &str) -> (String, i32) {
        console(self.directory.path(), command)
    }

    /// HAProxy with the configuration that `ha haproxy` makes.
    pub(crate) fn balance(&self, haproxy: &Path) -> Running {
        let socket = self.path("haproxy.sock");
        let bind = format!("127.0.0.1:{}", self.front);
        let made = self
            .command(&["ha", "haproxy", "-c", "zowe.yaml", "--backend", "gateways", "--bind", &bind, "--socket", socket.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", text(&made));
        fs::write(self.path("haproxy.cfg"), made.stdout).unwrap();
        let mut command = Command::new(haproxy);
        command.args(["-W", "-db", "-f", "haproxy.cfg"]).current_dir(self.directory.path()).env("ZWELNCH_SYSTEM", self.directory.path());
        let running = Running::spawn(command, self.directory.path());
        let there = wait_until(Instant::now() + PATIENCE, || socket.exists().then_some(()));
        assert!(there.is_some(), "{}", running.all());
        running
    }

    pub(crate) fn wait_good(&self, configs: &[&str]) {
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
    pub(crate) fn balancer(&self, command: &str) -> String {
        let mut stream = std::os::unix::net::UnixStream::connect(self.path("haproxy.sock")).unwrap();
        writeln!(stream, "{command}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn wait_both_balanced(&self) {
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

    pub(crate) fn sysprints(&self) -> String {
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
    pub(crate) fn install(&self, name: &str) {
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

    pub(crate) fn upgrade(&self, old: &str, new: &str, peer: &str, id: &str, more: &[&str]) -> Command {
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
    pub(crate) fn end(mut self) {
        for command in ["P ZWE1SV", "RO LPR2,P ZWE1SV2", "P ZWE2SV1", "RO LPR2,P ZWE2SV2"] {
            self.issue(command);
        }
        drop(self.haproxy.take());
        assert!(none_left(self.directory.path()), "{}", self.sysprints());
    }
}

/// Clients: some that connect anew for each request, and some that stay.
pub(crate) struct Load {
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) good: Arc<AtomicU64>,
    pub(crate) failures: Arc<Mutex<Vec<String>>>,
    /// Long-lived connections that have been ended from the other side.
    pub(crate) cut: Arc<AtomicU64>,
    threads: Vec<std::thread::JoinHandle<()>>,
    long: Vec<TcpStream>,
}

const CLIENTS: usize = 4;

impl Load {
    pub(crate) fn begin(port: u16, long: usize) -> Load {
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

    pub(crate) fn good(&self) -> u64 {
        self.good.load(Ordering::Relaxed)
    }

    pub(crate) fn wait_until_good(&self, count: u64) {
        let done = wait_until(Instant::now() + 5 * PATIENCE, || (self.good() >= count).then_some(()));
        assert!(done.is_some(), "{} requests, failed: {:?}", self.good(), self.failures.lock().unwrap());
    }

    /// (answered, failed, long ones cut)
    pub(crate) fn end(self) -> (u64, Vec<String>, u64) {
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
pub(crate) fn request(port: u16) -> Result<(), String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("connect: {error}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|error| error.to_string())?;
    stream.write_all(b"GET /hello/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").map_err(|error| format!("write: {error}"))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| format!("read: {error}"))?;
    if answer.starts_with("HTTP/1.1 200") && answer.contains("hello") { Ok(()) } else { Err(format!("answer: {answer:?}")) }
}

/// An upgrade that asks before each step; lets it come to the question about a step.
pub(crate) fn asked_before(sysplex: &Sysplex, title: &str) -> Running {
    asked_before_with(sysplex, title, &[])
}

pub(crate) fn asked_before_with(sysplex: &Sysplex, title: &str, more: &[&str]) -> Running {
    let mut command = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[&["--step"], more].concat());
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
pub(crate) fn under_load() -> Option<(Sysplex, Load)> {
    let sysplex = Sysplex::up()?;
    sysplex.install("new2");
    let load = Load::begin(sysplex.front, 0);
    load.wait_until_good(50);
    Some((sysplex, load))
}

/// Answers continue, and none was missing.
pub(crate) fn nothing_lost(sysplex: &Sysplex, load: Load) {
    load.wait_until_good(load.good() + 50);
    let (good, failures, _) = load.end();
    let sysprints = || if failures.is_empty() { String::new() } else { sysplex.sysprints() };
    assert!(failures.is_empty(), "{good} answered, {} failed: {:?}\n{}", failures.len(), failures.first(), sysprints());
}

/// Answers the question, and all that follow.
pub(crate) fn go_on(running: &mut Running) -> i32 {
    let mut input = running.child.stdin.take().unwrap();
    let _ = write!(input, "{}", "y\n".repeat(20));
    drop(input);
    running.wait_end()
}
