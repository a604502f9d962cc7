//! Rollouts of sysplexes on emulated systems behind a real HAProxy: four with gateways, Discovery Services and a service under load, and
//! thirty-two with a small gateway each.

use crate::harness::{PATIENCE, PortRange, Running, console, kill_processes_of, none_left, program, program_or_skip, text, wait_until};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// So many systems, LPR1 and up, with an instance on each.
struct Sysplex {
    directory: tempfile::TempDir,
    _ports: PortRange,
    front: u16,
    count: usize,
    haproxy: Option<Running>,
}

impl Drop for Sysplex {
    fn drop(&mut self) {
        kill_processes_of(self.directory.path());
    }
}

/// What runs on each.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The sample's gateway, Discovery Service and hello.
    Sample,
    /// A gateway that answers for its health, and nothing else.
    Small,
}

fn system(number: usize) -> String {
    if number == 1 { String::new() } else { format!("LPR{number}/") }
}

impl Sysplex {
    /// Laid out and started, behind HAProxy. None, with a message: HAProxy is missing.
    fn up(count: usize, kind: Kind) -> Option<Sysplex> {
        let haproxy = program_or_skip("haproxy")?;
        let mut sysplex = Sysplex::laid_out(count, kind);
        sysplex.haproxy = Some(sysplex.balance(&haproxy));
        for number in 1..=count {
            let start = format!("S ZWESLSTC,HAINST=lpar{number},JOBNAME=ZWE1S{number:02}");
            let (answer, code) = sysplex.issue(number, &start);
            assert_eq!(code, 0, "{answer}");
            // Staggered: so many starts at once would only wait for each other.
            if number % 4 == 0 {
                sysplex.wait_balanced(number);
            }
        }
        if kind == Kind::Sample {
            let output = sysplex.command(&["ha", "verify", "-c", "zowe.yaml", "--timeout", "60s"]).output().unwrap();
            assert!(output.status.success(), "{}\n{}", text(&output), sysplex.sysprints());
        }
        sysplex.wait_balanced(count);
        Some(sysplex)
    }

    fn laid_out(count: usize, kind: Kind) -> Sysplex {
        let directory = tempfile::Builder::new().prefix("zwelnch-rollout-").tempdir().unwrap();
        let ports = PortRange::find();
        let options = zwelnch::demo::layout::LayoutOptions {
            program: Path::new(program()),
            port_base: ports.base,
            member: &|config| zwelnch::mvs::jcl_member(Some(config)).map_err(std::io::Error::other),
            sysplex: true,
        };
        zwelnch::demo::layout::lay_out(directory.path(), &options).unwrap();
        let front = ports.base + PortRange::LENGTH - 1;
        let base = ports.base;
        let sysplex = Sysplex { directory, _ports: ports, front, count, haproxy: None };
        let member = fs::read(sysplex.path("PROCLIB/ZWESLSTC")).unwrap();
        let mut names = String::new();
        for number in 2..=count {
            let home = sysplex.path(&format!("LPR{number}"));
            for part in ["PROCLIB", "spool", "jobs"] {
                fs::create_dir_all(home.join(part)).unwrap();
                fs::set_permissions(home.join(part), fs::Permissions::from_mode(0o700)).unwrap();
            }
            fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
            fs::write(home.join("SYSNAME"), format!("LPR{number}\n")).unwrap();
            fs::write(home.join("SYSPLEX"), "..\n").unwrap();
            fs::write(home.join("PROCLIB/ZWESLSTC"), &member).unwrap();
            names += &format!("LPR{number}\n");
        }
        fs::write(sysplex.path("SYSPLEX"), names).unwrap();
        let yaml = fs::read_to_string(sysplex.path("zowe.yaml")).unwrap();
        let (mut yaml, _) = yaml.split_once("haInstances:").map(|(head, rest)| (head.to_owned(), rest.to_owned())).unwrap();
        if kind == Kind::Small {
            for part in ["discovery", "hello", "pinger", "greeter", "flaky", "toolbox"] {
                let head = format!("  {part}:\n    enabled: ");
                let at = yaml.find(&head).unwrap() + head.len();
                let end = at + yaml[at..].find('\n').unwrap();
                yaml.replace_range(at..end, "false");
            }
            let gateway = sysplex.path("runtime/components/gateway");
            fs::write(
                gateway.join("bin/start.sh"),
                "exec \"$ZWELNCH_PROGRAM\" demo service http --name gateway --port \"$ZWE_configs_port\"\n",
            )
            .unwrap();
            let manifest = "name: gateway\nid: org.test.gateway\ncommands: {start: bin/start.sh}\nschemas: {configs: schemas/gateway.json}\n\
                            messages: {ready: [DEMO0001I]}\n";
            fs::write(gateway.join("manifest.yaml"), manifest).unwrap();
        }
        yaml += "haInstances:\n";
        for number in 1..=count {
            let offset = u16::try_from(number).unwrap();
            let port = |part: u16| match kind {
                Kind::Sample => base + 10 * offset + part,
                Kind::Small => base + 10 + offset,
            };
            yaml += &format!(
                "  lpar{number}:\n    hostname: localhost\n    sysname: LPR{number}\n    zowe: {{job: {{name: ZWE1S{number:02}}}}}\n"
            );
            yaml += &format!("    components:\n      gateway: {{port: {}}}\n", port(3));
            // Two Discovery Services, so that there is something to agree.
            if kind == Kind::Small && number <= 2 {
                yaml += &format!("      discovery: {{enabled: true, port: {}}}\n", base + 45 + offset);
            }
            if kind == Kind::Sample {
                yaml += &format!("      discovery: {{port: {}}}\n      hello: {{port: {}}}\n", port(2), port(1));
                yaml += "      greeter: {enabled: false}\n      pinger: {enabled: false}\n      flaky: {enabled: false}\n";
            }
            let stack =
                format!("BALANCER haproxy {} gateways\nPORT {} SERVER lpar{number}\n", sysplex.path("haproxy.sock").display(), port(3));
            fs::write(sysplex.path(&system(number)).join("TCPIP"), stack).unwrap();
        }
        fs::write(sysplex.path("zowe.yaml"), yaml).unwrap();
        sysplex
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.directory.path()).env("ZWELNCH_SYSTEM", self.directory.path());
        command.env("XDG_STATE_HOME", self.path("state")).env("CONFIG", self.path("zowe.yaml")).stdin(Stdio::null());
        command
    }

    fn issue(&self, number: usize, command: &str) -> (String, i32) {
        let route = if number == 1 { String::new() } else { format!("RO LPR{number},") };
        console(self.directory.path(), &format!("{route}{command}"))
    }

    fn balance(&self, haproxy: &Path) -> Running {
        let socket = self.path("haproxy.sock");
        let bind = format!("127.0.0.1:{}", self.front);
        let made = self
            .command(&["ha", "haproxy", "--backend", "gateways", "--bind", &bind, "--socket", socket.to_str().unwrap()])
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

    fn stat(&self) -> String {
        let mut stream = std::os::unix::net::UnixStream::connect(self.path("haproxy.sock")).unwrap();
        writeln!(stream, "show stat").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Waits until so many servers get connections.
    fn wait_balanced(&self, count: usize) {
        let up = |stat: &str| {
            let status =
                |line: &str| line.starts_with("gateways,lpar") && line.split(',').nth(17).is_some_and(|status| status.starts_with("UP"));
            stat.lines().filter(|line| status(line)).count()
        };
        let all = wait_until(Instant::now() + 2 * PATIENCE, || (up(&self.stat()) >= count).then_some(()));
        assert!(all.is_some(), "{}\n{}", self.stat(), self.sysprints());
    }

    fn sysprints(&self) -> String {
        let mut all = String::new();
        for number in 1..=self.count {
            for job in fs::read_dir(self.path(&system(number)).join("spool")).into_iter().flatten().flatten() {
                let text = fs::read_to_string(job.path().join("SYSPRINT")).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                all += &format!("== {}\n{}\n", job.path().display(), lines[lines.len().saturating_sub(20)..].join("\n"));
            }
        }
        all
    }

    /// Another version: `zowe-<name>.yaml` with directories, jobs ZWE2Snn and PROC ZWESLST2.
    fn install(&self, name: &str) {
        let copied = Command::new("cp").arg("-r").arg(self.path("runtime")).arg(self.path(&format!("runtime-{name}"))).status().unwrap();
        assert!(copied.success());
        let manifest = self.path(&format!("runtime-{name}/manifest.json"));
        let known = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, known.replace("\"version\": \"0.1.0\"", "\"version\": \"0.2.0\"")).unwrap();
        let mut yaml = fs::read_to_string(self.path("zowe.yaml")).unwrap();
        for part in ["runtime", "logs", "workspace"] {
            let own = self.path(part).display().to_string();
            assert!(yaml.contains(&format!("\"{own}\"")), "{yaml}");
            yaml = yaml.replace(&format!("\"{own}\""), &format!("\"{own}-{name}\""));
        }
        let setup = "zowe:\n  setup: {security: {stcs: {zowe: ZWESLST2}}}\n  job: {name: ZWE2SV1}\n";
        yaml = yaml.replacen("zowe:\n", setup, 1).replace("ZWE1S", "ZWE2S");
        let config = self.path(&format!("zowe-{name}.yaml"));
        fs::write(&config, yaml).unwrap();
        let member = zwelnch::mvs::jcl_member(config.to_str()).unwrap().replace("ZWESLSTC", "ZWESLST2");
        for number in 1..=self.count {
            fs::write(self.path(&system(number)).join("PROCLIB/ZWESLST2"), &member).unwrap();
        }
    }

    fn rollout(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["ha", "rollout"]);
        command.args(arguments);
        command
    }

    fn new_rollout(&self, arguments: &[&str]) -> Command {
        let mut command = self.rollout(&["--to", "zowe-new.yaml", "--haproxy", "haproxy.sock", "--backend", "gateways"]);
        command.args(["--drain", "3s", "--timeout", "60s"]).args(arguments);
        command
    }

    /// How many have this level, as `ha status` shows it.
    fn at_level(&self, config: &str, level: &str) -> usize {
        let output = self.command(&["ha", "status", "-c", config]).output().unwrap();
        text(&output).lines().filter(|line| line.contains(level) && line.contains(" active ")).count()
    }

    fn end(mut self) {
        for number in 1..=self.count {
            for version in [1, 2] {
                self.issue(number, &format!("P ZWE{version}S{number:02}"));
            }
        }
        drop(self.haproxy.take());
        assert!(none_left(self.directory.path()), "{}", self.sysprints());
    }
}

/// Clients that connect anew for each request.
struct Load {
    stop: Arc<AtomicBool>,
    good: Arc<AtomicU64>,
    /// Lost, wrong and late answers.
    failures: Arc<Mutex<Vec<String>>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// Later is late: far beyond what a loaded machine takes for a request of a few bytes.
const LATE: Duration = Duration::from_secs(15);

impl Load {
    fn begin(port: u16) -> Load {
        let mut load = Load { stop: Arc::default(), good: Arc::default(), failures: Arc::default(), threads: Vec::new() };
        for _ in 0..2 {
            let (stop, good, failures) = (Arc::clone(&load.stop), Arc::clone(&load.good), Arc::clone(&load.failures));
            load.threads.push(std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match request(port) {
                        Ok(()) => drop(good.fetch_add(1, Ordering::Relaxed)),
                        Err(why) => failures.lock().unwrap().push(why),
                    }
                    // What is measured is whether answers come, not how many this machine makes.
                    std::thread::sleep(Duration::from_millis(5));
                }
            }));
        }
        load.wait_for(20);
        load
    }

    fn wait_for(&self, more: u64) {
        let wanted = self.good.load(Ordering::Relaxed) + more;
        let done = wait_until(Instant::now() + PATIENCE, || (self.good.load(Ordering::Relaxed) >= wanted).then_some(()));
        assert!(done.is_some(), "failed: {:?}", self.failures.lock().unwrap());
    }

    /// Answers still come; (answered, failures).
    fn end(self) -> (u64, Vec<String>) {
        self.wait_for(20);
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        (self.good.load(Ordering::SeqCst), self.failures.lock().unwrap().clone())
    }
}

fn request(port: u16) -> Result<(), String> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("lost: connect: {error}"))?;
    stream.set_read_timeout(Some(LATE)).map_err(|error| error.to_string())?;
    let sent = stream.write_all(b"GET /hello/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    sent.map_err(|error| format!("lost: write: {error}"))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| format!("lost: read: {error}"))?;
    // Whoever had it has ended: that is no answer of another one.
    if answer.is_empty() {
        return Err("lost: closed without an answer".to_owned());
    }
    if !(answer.starts_with("HTTP/1.1 200") && answer.contains("Hello from hello")) {
        return Err(format!("wrong: {answer:?}"));
    }
    if begun.elapsed() > LATE { Err("late".to_owned()) } else { Ok(()) }
}

fn ended(output: &Output, code: i32, expected: &[&str]) -> String {
    let said = text(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for expected in expected {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    said
}

#[test]
fn a_rollout_of_four_that_is_paused_killed_and_undone_loses_no_request() {
    let Some(sysplex) = Sysplex::up(4, Kind::Sample) else { return };
    sysplex.install("new");
    let notify = sysplex.path("notify.sh");
    fs::write(&notify, "#!/bin/sh\nenv | grep ^ZWELNCH_ROLLOUT_ >> \"${0%/*}/notified\"\n").unwrap();
    fs::set_permissions(&notify, fs::Permissions::from_mode(0o700)).unwrap();
    let notify = notify.to_str().unwrap();

    let plan = sysplex.new_rollout(&["--canary", "lpar3", "--soak", "1s", "--plan"]).output().unwrap();
    ended(
        &plan,
        0,
        &[
            "1. lpar3, the canary: job ZWE1S03 of level 0.1.0 becomes job ZWE2S03 of level 0.2.0 on LPR3",
            "4. lpar4",
            "There is no estimate yet",
        ],
    );
    assert!(!sysplex.path("state").exists(), "a plan keeps nothing");

    let load = Load::begin(sysplex.front);
    let output = sysplex.new_rollout(&["--canary", "lpar3", "--soak", "1s", "--pause-after", "2", "--notify", notify]).output().unwrap();
    let said = ended(&output, 4, &["[0/4] lpar3: step 1 of 10", "[1/4] lpar1: step 1 of 10", "Paused: 2 of 4 upgraded, paused by "]);
    // Date, time and duration on each line.
    let stamped =
        |line: &&str| line.len() > 22 && line.as_bytes()[4] == b'-' && line.as_bytes()[13] == b':' && line[19..].starts_with(" +");
    assert!(said.lines().all(|line| stamped(&line)), "{said}");

    // Everybody sees how it stands, and it is not forgotten.
    let status = text(&sysplex.command(&["ha", "status"]).output().unwrap());
    assert!(status.contains("not finished: rollout 1 to ") && status.contains("2 of 4 upgraded, paused by "), "{status}");
    let output = sysplex.new_rollout(&[]).output().unwrap();
    ended(&output, 8, &["rollout 1 to ", "go on with --resume, or go back with --undo"]);

    // Killed in the middle of an instance, whose upgrade comes to its end all the same.
    let running = Running::spawn(sysplex.rollout(&["--resume"]), Path::new("/nonexistent"));
    running.wait_for("lpar2: step 5 of 10");
    let output = sysplex
        .command(&["ha", "upgrade", "--old", "zowe.yaml", "--new", "zowe-new.yaml", "--peer", "zowe.yaml", "-i", "lpar4"])
        .output()
        .unwrap();
    ended(&output, 8, &["one upgrade a sysplex"]);
    running.signal(nix::sys::signal::Signal::SIGKILL);
    drop(running);
    let output = sysplex.rollout(&["--resume", "--format", "json", "--notify", notify]).output().unwrap();
    let said = ended(&output, 0, &["\"outcome\":\"done\""]);
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["instance"] == "lpar4" && line["text"].as_str().unwrap().contains("RO LPR4,P ZWE1S04")), "{said}");
    assert_eq!(sysplex.at_level("zowe-new.yaml", "0.2.0"), 4, "{said}");
    let notified = fs::read_to_string(sysplex.path("notified")).unwrap();
    assert!(notified.contains("ZWELNCH_ROLLOUT_EVENT=paused") && notified.contains("ZWELNCH_ROLLOUT_EVENT=done"), "{notified}");

    // After it is done: the history, an estimate from it, and back.
    let output = sysplex.rollout(&["--history"]).output().unwrap();
    let took = ended(&output, 0, &["4 of 4 upgraded, done", "lpar3 0.1.0 (", ") -> 0.2.0 ("]);
    assert!(took.contains("upgraded in "), "{took}");
    let plan = sysplex.rollout(&["--undo", "--plan"]).output().unwrap();
    ended(&plan, 0, &["1. lpar4: job ZWE2S04 of level 0.2.0 becomes job ZWE1S04 of level 0.1.0", "Estimate from the last runs"]);
    let output = sysplex.rollout(&["--undo"]).output().unwrap();
    ended(&output, 0, &["rollout 2 to what was before rollout 1", "Done: 4 of 4"]);
    assert_eq!(sysplex.at_level("zowe.yaml", "0.1.0"), 4);
    let history: serde_json::Value =
        serde_json::from_slice(&sysplex.rollout(&["--history", "--format", "json"]).output().unwrap().stdout).unwrap();
    assert_eq!((&history[0]["state"], &history[1]["state"], &history[1]["by"]), (&"done".into(), &"undone".into(), &2.into()), "{history}");

    let (good, failures) = load.end();
    assert!(failures.is_empty(), "{good} answered, {} failed: {:?}", failures.len(), failures.first());

    // Who did what, for its user alone.
    let audit = fs::read_dir(sysplex.path("state/zwelnch"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("audit.log"))
        .find(|path| path.exists())
        .unwrap();
    let log = fs::read_to_string(&audit).unwrap();
    for expected in ["rollout 1 lpar3   RO LPR3,S ZWESLST2,HAINST=LPAR3,JOBNAME=ZWE2S03", "$HASP373 ZWE2S03 STARTED", "rollout 2 lpar4 "] {
        assert!(log.contains(expected), "{expected} is missing in {log}");
    }
    assert_eq!(fs::metadata(&audit).unwrap().permissions().mode() & 0o777, 0o600);
    sysplex.end();
}

#[test]
fn a_bad_new_version_is_seen_by_the_canary_at_most() {
    let Some(sysplex) = Sysplex::up(4, Kind::Sample) else { return };
    sysplex.install("new");
    // It becomes ready and agrees, and its gateway ends as soon as it is watched, again and again.
    let start = sysplex.path("runtime-new/components/gateway/bin/start.sh");
    let good = fs::read_to_string(&start).unwrap();
    let trigger = sysplex.path("bad").display().to_string();
    fs::write(&start, format!("( while [ ! -e {trigger} ]; do sleep 0.1; done; kill -9 $$ ) &\n{good}")).unwrap();
    let mut running = Running::spawn(sysplex.new_rollout(&["--canary", "lpar2", "--soak", "60s"]), Path::new("/nonexistent"));
    running.wait_for("soak: lpar2 for 60 s");
    fs::write(&trigger, "").unwrap();
    // HAProxy has to notice it; from then on nobody may.
    let load = Load::begin(sysplex.front);
    let code = running.wait_end();
    let said = running.all();
    assert!(code == 8 && said.contains("lpar2: is taken back: lpar2 has ") && said.contains("Rolled back: 0 of 4"), "{said}");
    assert!(!said.contains("lpar1: step") && !said.contains("lpar3: step") && !said.contains("lpar4: step"), "{said}");
    let (good, failures) = load.end();
    // Only connections that were at the canary when it ended; those that never got an answer from another one would go on without end.
    let some = usize::try_from(good / 10).unwrap().max(20);
    assert!(failures.len() <= some && failures.iter().all(|why| why.starts_with("lost")), "{good} answered, {failures:?}");
    sysplex.wait_balanced(4);
    assert_eq!(sysplex.at_level("zowe.yaml", "0.1.0"), 4, "{said}");
    let records = fs::read_dir(sysplex.path("state/zwelnch")).unwrap().flatten().map(|entry| entry.path().join("rollout.journal"));
    let journal = records.into_iter().find(|path| path.exists()).unwrap();
    let steps = ["lpar2 replace begun", "lpar2 replace ended", "lpar2 take-back begun", "lpar2 take-back ended"].map(str::to_owned);
    assert_eq!(crate::upgrade::told(&journal), (steps.to_vec(), Some(8)));
    assert_eq!(fs::metadata(&journal).unwrap().permissions().mode() & 0o777, 0o600);
    // Mended, the same command begins anew.
    let output = sysplex.rollout(&["--history"]).output().unwrap();
    ended(&output, 0, &["0 of 4 upgraded, rolled back: lpar2 has ", "taken back"]);
    sysplex.end();
}

#[test]
fn thirty_two_systems_are_upgraded_by_vary() {
    let Some(sysplex) = Sysplex::up(32, Kind::Small) else { return };
    sysplex.install("new");
    let mut command =
        sysplex.rollout(&["--to", "zowe-new.yaml", "--soak", "200ms", "--max-unavailable", "8", "--drain", "1s", "--timeout", "60s"]);
    let output = command.output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}\n{}", if said.len() < 200_000 { sysplex.sysprints() } else { String::new() });
    for expected in [
        "RO LPR32,VARY TCPIP,,SYSPLEX,QUIESCE,PORT=",
        "RO LPR32,P ZWE1S32",
        "RO LPR17,S ZWESLST2,HAINST=LPAR17,JOBNAME=ZWE2S17",
        "Done: 32 of 32",
    ] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    sysplex.wait_balanced(32);
    for number in 1..=32 {
        let (answer, _) = sysplex.issue(number, &format!("F ZWE2S{number:02},APPL=DISP"));
        assert!(answer.contains("gateway") && answer.contains("ready"), "{number}: {answer}");
        let (answer, code) = sysplex.issue(number, &format!("F ZWE1S{number:02},APPL=DISP"));
        assert!(code != 0 && answer.contains("NOT ACTIVE"), "{number}: {answer}");
    }
    sysplex.end();
}

#[test]
fn what_cannot_be_rolled_out_is_refused_before_anything_moves() {
    let sysplex = Sysplex::laid_out(3, Kind::Sample);
    sysplex.install("new");
    let refused = |arguments: &[&str], expected: &[&str]| {
        let output = sysplex.rollout(arguments).output().unwrap();
        ended(&output, 8, expected);
    };
    refused(&["--to", "zowe-new.yaml", "--instances", "lpar9"], &["HA instance lpar9 is not one of lpar1, lpar2, lpar3"]);
    refused(&["--to", "zowe-new.yaml", "--canary", "lpar3", "--instances", "lpar1,lpar2"], &["the canary lpar3 is not among"]);
    refused(&["--to", "missing.yaml"], &["missing.yaml"]);
    refused(&["--to", "zowe.yaml"], &["are both job ZWE1S01", "are both job ZWE1S03", "Refused; nothing was changed."]);
    refused(&["--resume"], &["no rollout is there to be taken up"]);
    refused(&["--undo"], &["no rollout is there to be taken up"]);
    refused(&["--pause"], &["no rollout is under way"]);
    // Nobody runs: all of them are told at once, with what to do.
    refused(&["--to", "zowe-new.yaml"], &["lpar1 does not run", "--accept lpar3", "Refused; nothing was changed."]);
    let output = sysplex.rollout(&["--history"]).output().unwrap();
    ended(&output, 0, &["0 of 3 upgraded, refused: lpar1 does not run"]);
}

/// Answers each request with this status.
fn answering(status: &'static str) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

#[test]
fn haproxy_tells_the_errors_of_each_server() {
    use zwelnch::net::haproxy::{Address, Client};
    let Some(haproxy) = program_or_skip("haproxy") else { return };
    let directory = tempfile::Builder::new().prefix("zwelnch-counters-").tempdir().unwrap();
    let (socket, front) = (directory.path().join("s"), crate::harness::free_port());
    let (good, bad, silent) = (answering("200 OK"), answering("503 Service Unavailable"), answering("nonsense"));
    let text = format!(
        "global\n  stats socket {} level admin\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n  retries 0\n\
         frontend f\n  bind 127.0.0.1:{front}\n  default_backend gateways\nbackend gateways\n  balance roundrobin\n  \
         server lpar1 127.0.0.1:{good}\n  server lpar2 127.0.0.1:{bad}\n  server lpar3 127.0.0.1:{silent}\n  server lpar4 127.0.0.1:1\n\
         backend other\n  server lpar1 127.0.0.1:1\n",
        socket.display()
    );
    fs::write(directory.path().join("cfg"), text).unwrap();
    let mut command = Command::new(haproxy);
    command.args(["-db", "-f"]).arg(directory.path().join("cfg")).env("ZWELNCH_SYSTEM", directory.path());
    let running = Running::spawn(command, directory.path());
    let there = wait_until(Instant::now() + PATIENCE, || TcpStream::connect(("127.0.0.1", front)).ok());
    assert!(there.is_some(), "{}", running.all());
    drop(there);
    for _ in 0..8 {
        let _ = request(front);
    }
    let counters = Client::new(Address::parse(socket.to_str().unwrap())).counters("gateways").unwrap();
    let of = |id: &str| counters.iter().find(|(server, ..)| server == id).map(|(_, requests, errors)| (*requests, *errors)).unwrap();
    assert_eq!(counters.len(), 4, "{counters:?}");
    assert_eq!(of("lpar1"), (2, 0), "{counters:?}");
    // 5xx; answers that are none; connections that nobody takes: each is an error at least.
    assert_eq!(of("lpar2"), (2, 2), "{counters:?}");
    assert!(of("lpar3").1 >= 2 && of("lpar4").1 >= 2, "{counters:?}");
}
