//! The journal of a run, and what reads it: events, logs, why, explain.

use crate::harness::*;
use crate::system::Installed;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SLEEPER: &str = "echo alpha is up; exec sleep 1000";

/// Crashes the first two times, and stays the third time.
const CRASHER: &str = "n=$(cat \"$ZWE_zowe_workspaceDirectory/n\" 2>/dev/null || echo 0); n=$((n+1)); echo $n > \"$ZWE_zowe_workspaceDirectory/n\"\n\
    if [ $n -le 2 ]; then echo cannot open the door; exit 3; fi; exec sleep 1000";

const QUICK: &str = "launcher: {restartIntervals: [0, 0, 1], minUptime: 5}";

fn journal_of(instance: &Instance) -> PathBuf {
    instance.path("workspace/zwelnch-lpar1.journal")
}

/// A command of ours with the instance's CONFIG and system: its output and code.
fn command(instance: &Instance, arguments: &[&str]) -> (String, i32) {
    let output = instance.launcher(arguments).output().unwrap();
    (text(&output), output.status.code().unwrap())
}

/// What another program, in another language, finds in a journal; None where there is no Python.
fn judged(path: &Path) -> Option<String> {
    let python = program_or_skip("python3")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracles/journal.py");
    let output = Command::new(python).arg(script).arg(path).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}\n{}", fs::read_to_string(path).unwrap_or_default());
    Some(said)
}

/// Waits until the journal holds a text.
fn wait_journal(instance: &Instance, expected: &str) {
    let path = journal_of(instance);
    let read = || fs::read_to_string(&path).unwrap_or_default();
    let found = wait_until(Instant::now() + PATIENCE, || read().contains(expected).then_some(()));
    assert!(found.is_some(), "{expected} is missing in\n{}", read());
}

#[test]
fn a_run_is_in_its_journal_from_s_to_p() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("crash", CRASHER, QUICK);
    instance.script("alpha", "validate", "exit 0");
    instance.script("alpha", "configure", "export SECRET_OF_MINE=hunter2; exit 4");
    let mut running = instance.up();
    wait_journal(&instance, "\"event\":\"spawned\",\"component\":\"crash\",\"pid\":");
    running.wait_for_count("ZWEL0001I component crash started", 3);
    instance.modify("DISP");
    instance.modify("STOP(alpha)");
    running.wait_for("ZWEL0002I component alpha stopped");
    instance.modify("START(alpha)");
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    let yaml = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), yaml.replace("  alpha:\n    enabled: true\n", "  alpha:\n    enabled: true\n    port: 1234\n")).unwrap();
    instance.modify("RELOAD");
    running.wait_for_count("ZWEL0001I component alpha started", 3);
    instance.refused("NONSENSE");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let journal = fs::read_to_string(journal_of(&instance)).unwrap();
    for expected in [
        "\"event\":\"run\",\"edge\":\"begun\",\"version\":\"",
        "\"event\":\"phase\",\"phase\":\"prepare\",\"edge\":\"ended\"}",
        "\"event\":\"step\",\"component\":\"alpha\",\"step\":\"validate\",\"edge\":\"ended\",\"result\":\"exit code 0\",\"code\":0}",
        "\"step\":\"configure\",\"edge\":\"ended\",\"result\":\"exit code 4\",\"code\":4}",
        "\"event\":\"ready\",\"component\":\"alpha\",\"after_us\":0,\"how\":\"no signal\"}",
        "\"event\":\"words\",\"component\":\"crash\",\"lines\":[\"cannot open the door\"]}",
        "\"how\":\"exited\",\"code\":3,",
        "\"next\":\"restart\",\"delay_us\":0,\"rule\":\"restartIntervals\",\"failures\":1,\"intervals\":3,\"min_uptime_us\":5000000}",
        "\"event\":\"command\",\"text\":\"DISP\",\"from\":\"uid ",
        "\"event\":\"command\",\"text\":\"STOP(ALPHA)\"",
        "\"event\":\"configuration\",\"differences\":[\"component alpha has changed: it is restarted\"]}",
        "\"event\":\"whole\",\"from\":\"starting\",\"to\":\"ready\"}",
        "\"text\":\"P\"",
        "\"event\":\"run\",\"edge\":\"ended\",\"code\":0}\n",
    ] {
        assert!(journal.contains(expected), "{expected} is missing in\n{journal}");
    }
    let refused = journal.lines().find(|line| line.contains("\"text\":\"NONSENSE\"")).unwrap();
    assert!(refused.contains("\"refused\":true"), "{refused}");
    assert!(!journal.contains("hunter2") && !journal.contains("SECRET_OF_MINE"), "no values of an environment");
    if let Some(said) = judged(&journal_of(&instance)) {
        assert!(said.starts_with("good {\"runs\": 1,"), "{said}");
    }
    // A second run goes on in the same file.
    let mut running = instance.up();
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
    if let Some(said) = judged(&journal_of(&instance)) {
        assert!(said.starts_with("good {\"runs\": 2,"), "{said}");
    }
}

#[test]
fn the_journal_can_be_turned_off_and_is_bounded_as_configured() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("launcher", "", "journal: false");
    let mut running = instance.up();
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(!journal_of(&instance).exists() && !running.all().contains("ZWEL1002I"));
    let (said, code) = command(&instance, &["events", "-i", "lpar1"]);
    assert!(code == 8 && said.contains("components.launcher.journal"), "{code} {said}");
    let instance = Instance::new().component("alpha", SLEEPER, "").component("launcher", "", "journal: {size: 64K, count: 1}");
    let mut running = instance.up();
    for _ in 0..150 {
        instance.modify("HELP");
    }
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let sizes: Vec<u64> = fs::read_dir(instance.path("workspace"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().contains(".journal"))
        .map(|entry| entry.metadata().unwrap().len())
        .collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size <= 64 * 1024), "{sizes:?}");
}

#[test]
fn a_link_in_its_place_is_refused_and_the_run_goes_on() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.write_config();
    fs::create_dir(instance.path("workspace")).unwrap();
    fs::write(instance.path("precious"), "mine").unwrap();
    std::os::unix::fs::symlink(instance.path("precious"), journal_of(&instance)).unwrap();
    let mut running = instance.up();
    let said = running.wait_for("ZWEL1000W");
    assert!(said.contains("is a symbolic link"), "{said}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert_eq!(running.all().matches("ZWEL1000W").count(), 1, "{}", running.all());
    assert!(running.all().contains("ZWEL1001W"), "{}", running.all());
    assert_eq!(fs::read_to_string(instance.path("precious")).unwrap(), "mine");
}

/// As a full file system refuses to make a file longer: RLIMIT_FSIZE, which another process can lift again.
#[test]
fn a_full_disk_keeps_nobody_waiting_and_what_is_missing_is_counted() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let mut running = instance.up();
    wait_journal(&instance, "\"to\":\"ready\"}");
    let pid = running.child.id().try_into().unwrap();
    let limit = |bytes: u64| {
        let limit = nix::libc::rlimit { rlim_cur: bytes, rlim_max: nix::libc::RLIM_INFINITY };
        // SAFETY: both pointers are valid or null for the time of the call.
        let done = unsafe { nix::libc::prlimit(pid, nix::libc::RLIMIT_FSIZE, &limit, std::ptr::null_mut()) };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    };
    limit(1);
    let answer = instance.modify("DISP");
    assert!(answer.contains("ZWEL0011I"), "{answer}");
    let said = running.wait_for("ZWEL1000W");
    assert!(said.contains("File too large"), "{said}");
    instance.modify("STOP(alpha)");
    running.wait_for("ZWEL0002I component alpha stopped");
    limit(nix::libc::RLIM_INFINITY);
    instance.modify("START(alpha)");
    running.wait_for("ZWEL1001W");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert_eq!(running.all().matches("ZWEL1000W").count(), 1, "{}", running.all());
    // States that are missing break the chain: only the lines themselves are looked at.
    let journal = fs::read_to_string(journal_of(&instance)).unwrap();
    let lost = journal.lines().find(|line| line.contains("\"event\":\"lost\"")).unwrap();
    assert!(lost.contains("File too large"), "{lost}");
    let mut sequence = 0;
    for line in journal.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let count = if record["event"] == "lost" { record["count"].as_u64().unwrap() } else { 1 };
        assert_eq!(record["seq"].as_u64().unwrap(), sequence + count, "{line}");
        sequence += count;
    }
}

#[test]
fn why_tells_the_story_while_it_runs_and_after_the_end() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component(
        "crash",
        "echo one; echo cannot open the door; exit 3",
        "launcher: {restartIntervals: [0]}",
    );
    let mut running = instance.start();
    running.wait_for("ZWEL0038E");
    wait_journal(&instance, "\"next\":\"failed\"");
    let check = |last: &str| {
        let (said, code) = command(&instance, &["why", "crash", "-i", "lpar1"]);
        let lines: Vec<&str> = said.lines().collect();
        assert!(code == 0 && (4..=8).contains(&lines.len()), "{code} {said}");
        assert!(lines[0].starts_with("crash was gone at 2") && lines[0].contains(": exit code 3, after "), "{said}");
        assert!(said.contains("\nlast words: one\nlast words: cannot open the door\n"), "{said}");
        assert!(said.contains("\nrule: restartIntervals, failure 2 in a row of 1; after more than 1m 30s up (minUptime)"), "{said}");
        assert!(said.contains(&format!("\nnext: {last}")), "{said}");
        assert!(lines.last().unwrap().starts_with("do: ") && said.contains("(ZWEL0038E)"), "{said}");
    };
    check("it is failed and stays down until an operator starts it: START(crash)");
    let (said, code) = command(&instance, &["why", "alpha", "-i", "lpar1"]);
    assert!(code == 0 && said.contains("alpha has not failed since 2") && said.contains("it is ready"), "{code} {said}");
    let (said, code) = command(&instance, &["why", "crush", "-i", "lpar1"]);
    assert!(code == 1 && said.contains("did you mean crash?"), "{code} {said}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    check("the launcher has ended");
    // From a journal that comes on standard input, as through ssh.
    let mut child = instance.launcher(&["why", "crash", "--journal", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(journal_of(&instance)).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && text(&output).contains("cannot open the door"), "{}", text(&output));
}

/// The lines of a command that follows, as they come.
struct Following {
    child: std::process::Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Following {
    fn new(mut command: Command) -> Following {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Following { child, lines }
    }

    /// Reads until a line holds a text; that line. A line that does not come is seen by the test's own time limit.
    fn until(&mut self, expected: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it has ended before {expected}");
            if line.contains(expected) {
                return line;
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn events_are_shown_filtered_and_followed() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", SLEEPER, "");
    let mut running = instance.up();
    wait_journal(&instance, "\"to\":\"ready\"}");
    let mut following = Following::new(instance.launcher(&["events", "-i", "lpar1", "-f", "--component", "al*"]));
    following.until(" alpha        stopped -> waiting");
    instance.modify("STOP(beta)");
    instance.modify("STOP(alpha)");
    let ended = following.until("process ");
    assert!(ended.contains(" alpha "), "{ended}");
    following.until("signal SIGTERM, after ");
    running.wait_for("ZWEL0002I component alpha stopped");
    let (shown, code) = command(&instance, &["events", "-i", "lpar1", "--component", "alpha"]);
    assert!(code == 0 && !shown.contains(" beta ") && shown.contains("ZWEL0001I component alpha started"), "{shown}");
    let (last, _) = command(&instance, &["events", "-i", "lpar1", "-n", "3"]);
    assert_eq!(last.lines().count(), 3, "{last}");
    let (none, code) = command(&instance, &["events", "-i", "lpar1", "--since", "2099-01-01"]);
    assert_eq!((none.as_str(), code), ("", 0));
    let (json, _) = command(&instance, &["events", "-i", "lpar1", "--format", "json"]);
    let written = fs::read_to_string(journal_of(&instance)).unwrap();
    assert!(written.starts_with(&json), "as it is in the journal:\n{json}");
    let (said, code) = command(&instance, &["events", "--since", "yesterday"]);
    assert!(code == 8 || code == 2, "{code} {said}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn logs_have_the_names_of_their_components_in_the_spool() {
    let talker = |name: &str| {
        format!("i=0; while [ $i -lt 200 ]; do echo {name} says $i; i=$((i+1)); done; printf unfinished; sleep 2; echo; exec sleep 1000")
    };
    let system = Installed::new(
        Instance::new()
            .component("alpha", &talker("alpha"), "")
            .component("beta", &talker("beta"), "")
            .extra("haInstances:\n  lpar1: {hostname: a}\n"),
    );
    let (answer, code) = system.issue("S ZWESLSTC,HAINST=lpar1");
    assert_eq!(code, 0, "{answer}");
    system.wait_sysprint("ZWEL0012I");
    let directory = system.0.system();
    let logs = |arguments: &[&str]| {
        let mut all = vec!["logs", "--system", directory.to_str().unwrap()];
        all.extend(arguments);
        let output = system.0.launcher(&all).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    let whole = |name: &str| {
        let expected: Vec<String> = (0..200).map(|number| format!("{name:<12} | {name} says {number}")).collect();
        let shown = logs(&[name]);
        let said: Vec<&str> = shown.lines().filter(|line| line.contains(" says ")).collect();
        (said == expected).then_some(shown)
    };
    for name in ["alpha", "beta"] {
        let shown =
            wait_until(Instant::now() + PATIENCE, || whole(name)).unwrap_or_else(|| panic!("{}\n{}", logs(&[name]), system.sysprint()));
        let other = if name == "alpha" { "beta says" } else { "alpha says" };
        assert!(!shown.contains(other) && !shown.contains("ZWEL"), "{shown}");
    }
    // All of them, in the order of SYSPRINT: what is left without the names is SYSPRINT, as far as it was indexed.
    let all = logs(&[]);
    let bare: Vec<&str> = all.lines().map(|line| line.split_once(" | ").map_or(line, |(_, line)| line)).collect();
    let sysprint = system.sysprint();
    let written: Vec<&str> = sysprint.lines().take(bare.len()).collect();
    assert_eq!(bare, written);
    assert_eq!(logs(&["--grep", "says 19[0-9]$", "alpha"]).lines().count(), 10);
    assert_eq!(logs(&["-n", "5"]).lines().count(), 5);
    // From CONFIG and ZWELNCH_SYSTEM alone.
    let (shown, code) = command(&system.0, &["logs", "-i", "lpar1", "beta", "-n", "1"]);
    assert!(code == 0 && shown.starts_with("beta "), "{code} {shown}");
    // An index that is not there is no reason not to show lines.
    let spool = fs::read_dir(directory.join("spool")).unwrap().next().unwrap().unwrap().path();
    let index = spool.join("SYSPRINT.index");
    assert!(fs::metadata(&index).unwrap().len() < fs::metadata(spool.join("SYSPRINT")).unwrap().len() * 4);
    let mut following = Following::new(system.0.launcher(&["logs", "--system", directory.to_str().unwrap(), "-f"]));
    following.until("alpha says 199");
    // SYSPRINT begins anew in a new file, and the index with it.
    fs::rename(spool.join("SYSPRINT"), spool.join("SYSPRINT.1")).unwrap();
    let job: serde_json::Value = serde_json::from_slice(&fs::read(job_file(&directory)).unwrap()).unwrap();
    let journal = fs::read_to_string(journal_of(&system.0)).unwrap();
    let begun: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let launcher = nix::unistd::Pid::from_raw(begun["pid"].as_i64().unwrap().try_into().unwrap());
    assert!(job.is_object());
    nix::sys::signal::kill(launcher, nix::sys::signal::Signal::SIGUSR1).unwrap();
    following.until("ZWEL0963I");
    system.issue("F ZWESLSTC,APPL=RESTART(alpha)");
    following.until("alpha        | alpha says 199");
    system.issue("P ZWESLSTC");
    system.wait_syslog("$HASP395");
    fs::remove_file(&index).unwrap();
    let (said, code) = command(&system.0, &["logs", "--system", directory.to_str().unwrap(), "alpha"]);
    assert!(code == 8 && said.contains("SYSPRINT.index"), "{code} {said}");
    assert!(logs(&[]).contains("alpha says 199"));
}

fn job_file(system: &Path) -> PathBuf {
    fs::read_dir(system.join("jobs")).unwrap().map(|entry| entry.unwrap().path().join("job.json")).find(|path| path.exists()).unwrap()
}

#[test]
fn explain_knows_what_the_catalogue_knows() {
    let explained = |arguments: &[&str]| {
        let output = Command::new(program()).arg("explain").args(arguments).stdin(Stdio::null()).output().unwrap();
        (text(&output), output.status.code().unwrap())
    };
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md")).unwrap();
    let (said, code) = explained(&["zwel0905", "ZWEL0001I"]);
    assert!(code == 0 && said.contains("ZWEL0905E ") && said.contains("ZWEL0001I component {name} started"), "{code} {said}");
    // The same words as in the document.
    for line in said.lines().filter_map(|line| line.trim().strip_prefix("Reason: ")) {
        assert!(document.contains(line), "{line}");
    }
    let (said, code) = explained(&["ZWEL8905E"]);
    assert!(code == 1 && said.contains("ZWEL0905E"), "{code} {said}");
    let (all, code) = explained(&["--list"]);
    assert_eq!(code, 0);
    for entry in zwelnch::message::ENTRIES {
        assert!(all.contains(entry.id), "{}", entry.id);
    }
    assert!(explained(&[]).1 != 0);
}

/// A run that has nothing to tell wakes nobody: the journal's thread does not run.
#[test]
#[cfg(target_os = "linux")]
fn the_journal_sleeps_when_nothing_happens() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    let mut running = instance.up();
    wait_journal(&instance, "\"to\":\"ready\"}");
    let tasks = format!("/proc/{}/task", running.child.id());
    let task = fs::read_dir(tasks)
        .unwrap()
        .map(|task| task.unwrap().path())
        .find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "journal"))
        .unwrap();
    let switches = || {
        let status = fs::read_to_string(task.join("status")).unwrap();
        status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap().trim().parse::<u64>().unwrap()
    };
    // Until what has happened so far is written.
    let settled = wait_until(Instant::now() + PATIENCE, || {
        let before = switches();
        std::thread::sleep(Duration::from_millis(300));
        (switches() == before).then_some(before)
    });
    let before = settled.unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(switches(), before);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}
