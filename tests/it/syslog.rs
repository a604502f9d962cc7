//! SYSLOG and the spool of a system: what goes there, how large they become, and what is said of lines that did not get there.

use crate::harness::{Instance, PATIENCE, Running, kill_processes_of, program_or_skip, text, wait_until};
use nix::sys::signal::Signal;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use zwelnch::system::{SystemDirectory, parse_syslog_line};

const SLEEPER: &str = "echo up; exec sleep 1000";

fn zwelnch(instance: &Instance, words: &[&str]) -> (String, i32) {
    let output = instance.launcher(words).output().unwrap();
    (text(&output), output.status.code().unwrap())
}

fn syslog(instance: &Instance) -> String {
    fs::read_to_string(instance.system().join("SYSLOG")).unwrap_or_default()
}

/// Texts of SYSLOG behind a place.
fn texts(instance: &Instance, from: usize) -> Vec<String> {
    syslog(instance)[from..].lines().map(|line| parse_syslog_line(line).unwrap().text.to_owned()).collect()
}

/// What programs ask every few seconds grows neither SYSLOG nor SYSPRINT; what is typed leaves its command in SYSLOG.
#[test]
fn questions_leave_at_most_their_command() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {readiness: 'up'}");
    let instance = instance.extra("haInstances:\n  lpar1: {hostname: localhost, zowe: {job: {name: ZWESLSTC}}}\n");
    let mut running = instance.up();
    running.wait_for("ZWEL0900I");
    // The last that it says by itself; SYSLOG has it later than SYSPRINT.
    let ready = wait_until(Instant::now() + PATIENCE, || syslog(&instance).contains("ZWEL0901I").then_some(()));
    assert!(ready.is_some(), "{}", syslog(&instance));
    let (before, printed) = (syslog(&instance).len(), running.all());
    for words in [&["status"] as &[&str], &["status", "--format", "json"], &["ha", "status"]] {
        let (answer, _) = zwelnch(&instance, words);
        assert!(answer.contains("alpha") || answer.contains("1/1"), "{words:?}: {answer}");
    }
    assert_eq!(texts(&instance, before), [""; 0]);
    // The launcher answers in order: had they left something there, it would be there now.
    let (answer, code) = instance.console("f zweslstc,appl=disp");
    assert!(code == 0 && answer.contains("ZWEL0011I") && answer.contains("alpha"), "{answer}");
    running.wait_for("ZWEL0920I");
    let since = running.all().split_off(printed.len());
    assert_eq!((since.matches("ZWEL0013I").count(), since.matches("ZWEL0010I").count()), (1, 1), "{since}");
    for typed in ["D T", "d a,l", "D A,ZWESLSTC", "F ZWESLSTC,APPL=HELP", "RO *ALL,D A,L"] {
        let (answer, code) = instance.console(typed);
        assert!(code == 0 && !answer.trim().is_empty(), "{typed}: {answer}");
    }
    let (answer, _) = zwelnch(&instance, &["disp"]);
    assert!(answer.contains("alpha"), "{answer}");
    let left = [
        "f zweslstc,appl=disp",
        "D T",
        "d a,l",
        "D A,ZWESLSTC",
        "F ZWESLSTC,APPL=HELP",
        "RO *ALL,D A,L",
        "D A,L",
        "F ZWESLSTC,APPL='DISP'",
    ];
    assert_eq!(texts(&instance, before), left);
    // What changes something, and what is refused, is kept with its answer.
    let before = syslog(&instance).len();
    instance.modify("LOGLEVEL(info)");
    assert!(texts(&instance, before).len() > 1);
    let before = syslog(&instance).len();
    instance.console("FROB");
    assert_eq!(texts(&instance, before), ["FROB", "IEE305I FROB COMMAND INVALID"]);
    instance.console("P ZWESLSTC");
    running.wait_end();
}

/// An instance whose PROC is installed; what it started ends with it.
struct Installed(Instance);

impl Installed {
    fn new(instance: Instance) -> Installed {
        instance.write_config();
        let jcl = instance.launcher(&["jcl", "--set-config", instance.config().to_str().unwrap()]).output().unwrap();
        instance.console("D T");
        fs::write(instance.system().join("PROCLIB/ZWESLSTC"), jcl.stdout).unwrap();
        Installed(instance)
    }

    fn spool(&self, name: &str) -> PathBuf {
        self.0.system().join("spool").join(name)
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        kill_processes_of(self.0.directory.path());
    }
}

/// However long a start or a stop is waited for.
#[test]
fn a_wait_leaves_its_command_and_nothing_of_its_looks() {
    let start = "sleep 3; echo up; trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done";
    let system = Installed::new(Instance::new().component("alpha", start, "launcher: {readiness: 'up'}"));
    let (answer, code) = zwelnch(&system.0, &["start", "--wait"]);
    assert!(code == 0 && answer.contains("ready, after"), "{answer}");
    let (answer, code) = zwelnch(&system.0, &["restart", "--wait", "alpha"]);
    assert!(code == 0 && answer.contains("ready, after"), "{answer}");
    let (answer, code) = zwelnch(&system.0, &["stop", "--wait"]);
    assert!(code == 0 && answer.contains("ended, after"), "{answer}");
    let sysprint = fs::read_to_string(system.spool("ZWESLSTC.STC00001/SYSPRINT")).unwrap();
    for log in [syslog(&system.0), sysprint] {
        assert!(!log.contains("DISP") && !log.contains("ZWEL0920I"), "{log}");
    }
}

/// By size, by age, on request; with what is in the way, and with limits that are none.
#[test]
fn syslog_is_begun_anew_by_its_limits_and_by_writelog() {
    let instance = Instance::new();
    let system = SystemDirectory::open(Some(&instance.system())).unwrap();
    let at = |name: &str| instance.system().join(name);
    fs::write(at("LIMITS"), "SYSLOG SIZE 64K FILES 2 AGE 30\n").unwrap();
    for number in 0..4000 {
        system.append_syslog("JOB", "", &format!("{number} {}", "x".repeat(40))).unwrap();
    }
    let sizes = |name: &str| fs::metadata(at(name)).map_or(0, |metadata| metadata.len());
    assert!(["SYSLOG", "SYSLOG.1", "SYSLOG.2"].iter().all(|name| (1..=65_536).contains(&sizes(name))) && !at("SYSLOG.3").exists());
    assert!(texts(&instance, 0)[0].starts_with("IEE043I A SYSTEM LOG DATA SET HAS BEEN QUEUED TO SYSOUT CLASS A"));
    let last = syslog(&instance).lines().last().unwrap().to_owned();
    let (answer, code) = instance.console("w h");
    assert_eq!((answer.trim(), code), ("IEE043I A SYSTEM LOG DATA SET HAS BEEN QUEUED TO SYSOUT CLASS H", 0));
    assert_eq!(texts(&instance, 0), [answer.trim()]);
    // The command is the last of the old one.
    let old = fs::read_to_string(at("SYSLOG.1")).unwrap();
    assert!(old.lines().rev().nth(1) == Some(&last) && old.ends_with(" w h\n"), "{old}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(at("SYSLOG")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(instance.console("WRITELOG START"), ("IEE041I THE SYSTEM LOG IS NOW ACTIVE\n".into(), 0));
    let (answer, code) = instance.console("WRITELOG CLOSE");
    assert!(code == 8 && answer.contains("IEE707I WRITELOG NOT EXECUTED"), "{answer}");
    // Its first line is from another year; so is an earlier file, and the number of files was lowered.
    let old = "2020-01-01 00:00:00.00 SYS1     JOB                old\n";
    fs::write(at("SYSLOG"), old).unwrap();
    File::options().write(true).open(at("SYSLOG.1")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    fs::write(at("SYSLOG.7"), "of before\n").unwrap();
    fs::write(at("SYSLOG-mine"), "not ours\n").unwrap();
    instance.console("D T");
    assert_eq!(fs::read_to_string(at("SYSLOG.1")).unwrap(), old);
    assert!(!at("SYSLOG.2").exists() && !at("SYSLOG.7").exists() && at("SYSLOG-mine").exists(), "too old, too many, another's");
    // What is in the way is named, and SYSLOG goes on.
    fs::remove_file(at("SYSLOG.1")).unwrap();
    fs::create_dir(at("SYSLOG.1")).unwrap();
    fs::create_dir(at("SYSLOG.2")).unwrap();
    fs::write(at("SYSLOG.2/file"), "").unwrap();
    let (answer, code) = instance.console("WRITELOG");
    assert!(code == 8 && answer.contains("ZWEL0942W") && answer.contains("SYSLOG.1"), "{answer}");
    for number in 0..2000 {
        system.append_syslog("JOB", "", &format!("{number} {}", "x".repeat(40))).unwrap();
    }
    let log = syslog(&instance);
    assert!(log.len() > 65_536 && log.contains(" 0 xxx") && log.contains(" 1999 xxx"), "{}", log.len());
    let told = log.matches("ZWEL0942W").count();
    assert!((3..=6).contains(&told), "with the command, and each time it has grown by its limit: {told}");
    fs::write(at("LIMITS"), "SYSLOG SIZE 12\n").unwrap();
    let (answer, _) = instance.console("WRITELOG");
    assert!(answer.contains("ZWEL0947W") && answer.contains("LIMITS:1: SYSLOG SIZE \"12\" is no number from 65536"), "{answer}");
}

/// A console over pipes, which shows SYSLOG as it grows.
fn attached(instance: &Instance) -> (Running, std::process::ChildStdin) {
    let mut command = instance.launcher(&["console"]);
    command.stdin(Stdio::piped());
    let mut console = Running::spawn(command, Path::new("/nonexistent"));
    let input = console.child.stdin.take().unwrap();
    (console, input)
}

/// logrotate with a log of a system, now.
fn logrotate(program: &Path, instance: &Instance, ways: &str) {
    let (rules, state) = (instance.path("rules"), instance.path("state"));
    fs::write(&rules, format!("{} {{\n  missingok\n  rotate 30\n  {ways}\n}}\n", instance.system().join("SYSLOG").display())).unwrap();
    let rotated = Command::new(program).args(["--force", "--state"]).args([&state, &rules]).output().unwrap();
    assert!(rotated.status.success(), "{}", text(&rotated));
}

/// The numbers of the lines that a console has shown.
fn shown(console: &Running) -> Vec<usize> {
    console.all().lines().filter_map(|line| line.split("number ").nth(1)?.parse().ok()).collect()
}

fn logrotate_program() -> Option<PathBuf> {
    Some(PathBuf::from("/usr/sbin/logrotate")).filter(|path| path.is_file()).or_else(|| program_or_skip("logrotate"))
}

/// The real logrotate, while lines are written and a console follows: nothing is lost, nothing comes twice, whatever it calls the files.
#[test]
fn logrotate_that_renames_loses_nothing() {
    let Some(program) = logrotate_program() else { return };
    for ways in ["create", "nocreate", "nocreate\n  dateext\n  dateformat -%s", "nocreate\n  compress\n  delaycompress"] {
        let instance = Instance::new();
        let system = SystemDirectory::open(Some(&instance.system())).unwrap();
        system.append_syslog("JOB", "", "begun").unwrap();
        let (console, input) = attached(&instance);
        console.wait_for("begun");
        let (rounds, each) = (4, 200);
        for round in 0..rounds {
            let write = || (0..each).for_each(|at| system.append_syslog("JOB", "", &format!("number {}", round * each + at)).unwrap());
            std::thread::scope(|scope| {
                // logrotate ends with an error where a writer has made the file that it is to create.
                if ways == "create" {
                    write()
                } else {
                    drop(scope.spawn(write))
                }
                // Two in the same second have the same name with dateext, and logrotate then refuses.
                if !ways.contains("dateext") || round % 4 == 1 {
                    logrotate(&program, &instance, ways);
                }
            });
        }
        console.wait_for(&format!("number {}", rounds * each - 1));
        assert_eq!(shown(&console), (0..rounds * each).collect::<Vec<_>>(), "{ways}");
        drop(input);
    }
}

/// A console that was stopped meanwhile has what logrotate has copied and cut; what was cut without a copy is said.
#[test]
fn logrotate_that_copies_and_cuts_loses_nothing_that_was_written_before() {
    let Some(program) = logrotate_program() else { return };
    let instance = Instance::new();
    let system = SystemDirectory::open(Some(&instance.system())).unwrap();
    let mut next = 0..;
    let mut write =
        |count: usize| next.by_ref().take(count).for_each(|at: usize| system.append_syslog("JOB", "", &format!("number {at}")).unwrap());
    write(5);
    let (console, _input) = attached(&instance);
    console.wait_for("number 4");
    console.signal(Signal::SIGSTOP);
    for _ in 0..3 {
        write(20);
        logrotate(&program, &instance, "copytruncate");
    }
    write(200);
    console.signal(Signal::SIGCONT);
    console.wait_for("number 264");
    assert_eq!(shown(&console), (0..265).collect::<Vec<_>>());
    assert!(!console.all().contains("may be missing"));
    File::options().write(true).open(instance.system().join("SYSLOG")).unwrap().set_len(0).unwrap();
    write(1);
    console.wait_for("SYSLOG was cut by another program, lines may be missing here");
    console.wait_for("number 265");
}

/// A line that a crash or a full disk has torn is ended before the next.
#[test]
fn a_torn_line_swallows_no_other() {
    let instance = Instance::new();
    instance.console("D T");
    File::options().append(true).open(instance.system().join("SYSLOG")).unwrap().write_all(b"2026-11-06 10:11:12.34 torn").unwrap();
    instance.console("D A,L");
    let log = syslog(&instance);
    assert!(log.lines().any(|line| line.ends_with("torn")) && log.ends_with(" D A,L\n"), "{log}");
}

/// SYSLOG is where nothing can be written (ENOSPC): SYSPRINT says it at once, SYSLOG with the count when it can, and consoles of theirs.
#[test]
fn what_the_operators_console_did_not_get_is_counted_and_said() {
    let component = "while read -r line; do echo \"ALERT $line\"; done";
    let instance = Instance::new().component("alpha", component, "launcher: {stdin: true}");
    instance.write_config();
    let yaml = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), yaml.replace("zowe:\n", "zowe:\n  sysMessages: [ALERT]\n")).unwrap();
    let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    let (log, kept) = (instance.system().join("SYSLOG"), instance.system().join("kept"));
    let alert = |word: &str| {
        let (answer, code) = instance.console(&format!("F ZWESLSTC,APPL='SEND(alpha,{word})'"));
        running.wait_for(&format!("ALERT {word}"));
        (answer, code)
    };
    alert("one");
    fs::rename(&log, &kept).unwrap();
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let (answer, code) = alert("two");
    assert!(code == 0 && answer.contains("ZWEL0937I"), "{answer}");
    assert!(answer.contains("ZWEL0941W 2 lines for the operator's console (SYSLOG) were not written: ") && answer.contains("os error 28"));
    let said = running.wait_for("ZWEL0941W");
    assert!(said.contains("ZWEL0941W 1 lines for the operator's console (SYSLOG) were not written: "), "{said}");
    alert("three");
    fs::remove_file(&log).unwrap();
    fs::rename(&kept, &log).unwrap();
    alert("four");
    let said = running.wait_for_count("ZWEL0941W", 2).pop().unwrap();
    assert!(said.contains("ZWEL0941W 2 lines "), "{said}");
    let of_alerts: Vec<String> =
        texts(&instance, 0).into_iter().filter(|text| text.starts_with("ALERT") || text.starts_with("ZWEL0941W")).collect();
    assert_eq!([&of_alerts[0], &of_alerts[2]], ["ALERT one", "ALERT four"]);
    assert!(of_alerts.len() == 3 && of_alerts[1].starts_with("ZWEL0941W 2 lines "), "{of_alerts:?}");
    // At the end there is nobody left but SYSPRINT.
    fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(running.all().lines().last().unwrap().contains("ZWEL0941W 2 lines"), "{}", running.all());
}

/// Nobody waits for $HASP395 that was never written: a console that stops what it has started ends when the job has.
#[test]
fn the_end_of_a_job_is_seen_although_syslog_cannot_be_written() {
    let ports = crate::harness::PortRange::find();
    let directory = tempfile::Builder::new().prefix("zwelnch-it-").tempdir().unwrap();
    let place = directory.path().join("demo");
    let mut command = Command::new(crate::harness::program());
    command.args(["demo", "--port-base", &ports.base.to_string(), "--dir"]).arg(&place).stdin(Stdio::piped());
    let mut demo = Running::spawn(command, directory.path());
    let mut input = demo.child.stdin.take().unwrap();
    demo.wait_for("$HASP373 ZWESLSTC STARTED");
    let sysprint = place.join("spool/ZWESLSTC.STC00001/SYSPRINT");
    let printed = || fs::read_to_string(&sysprint).unwrap_or_default();
    assert!(wait_until(Instant::now() + PATIENCE, || printed().contains("ZWEL0012I").then_some(())).is_some(), "{}", printed());
    fs::rename(place.join("SYSLOG"), place.join("kept")).unwrap();
    std::os::unix::fs::symlink("/dev/full", place.join("SYSLOG")).unwrap();
    input.write_all(b"D A,L\nQUIT\n").unwrap();
    assert_eq!(demo.wait_end(), 0, "8: a job is said to be left\n{}", demo.all());
    assert!(demo.all().contains("ACTIVITY ON") && demo.all().contains("ZWEL0941W"), "{}", demo.all());
    assert!(printed().contains("ZWEL0009I"), "{}", printed());
    // The initiator has nobody else to tell.
    let told = wait_until(Instant::now() + PATIENCE, || printed().contains("ZWEL0941W 2 lines").then_some(()));
    assert!(told.is_some(), "{}", printed());
}

/// A job's directory goes when the limits leave no room for it, and never that of a live job.
#[test]
fn old_job_directories_are_removed_by_rule() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, "launcher: {readiness: 'up'}"));
    fs::write(system.0.system().join("LIMITS"), "SPOOL JOBS 2 AGE 7\n").unwrap();
    assert_eq!(system.0.console("S ZWESLSTC").1, 0);
    let old = SystemTime::now() - Duration::from_secs(3600);
    let age = |name: &str, time: SystemTime| {
        for file in fs::read_dir(system.spool(name)).unwrap() {
            File::options().write(true).open(file.unwrap().path()).unwrap().set_modified(time).unwrap();
        }
        File::open(system.spool(name)).unwrap().set_modified(time).unwrap();
    };
    let make = |name: &str, time: SystemTime| {
        fs::create_dir(system.spool(name)).unwrap();
        fs::write(system.spool(name).join("SYSPRINT"), "of before\n").unwrap();
        age(name, time);
    };
    let hour = Duration::from_secs(3600);
    make("ZWESLSTC.STC00011", old);
    make("ZWESLSTC.STC00012", old + hour / 4);
    make("ZWESLSTC.STC00013", old + hour / 2);
    make("ZWESLSTC.STC00014", old - 24 * 30 * hour);
    make("mine", old - 24 * 30 * hour);
    age("ZWESLSTC.STC00001", old - 24 * 300 * hour);
    let (answer, code) = system.0.console("W");
    assert_eq!(code, 0, "{answer}");
    let left = || {
        let mut names: Vec<String> =
            fs::read_dir(system.spool("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(left(), ["ZWESLSTC.STC00001", "ZWESLSTC.STC00012", "ZWESLSTC.STC00013", "mine"]);
    // As long as its launcher lives, even if nobody knows any more that it does.
    let entry = system.0.system().join("jobs/STC00001");
    fs::rename(&entry, system.0.path("entry")).unwrap();
    age("ZWESLSTC.STC00001", old - 24 * 300 * hour);
    system.0.console("W");
    assert!(left().contains(&"ZWESLSTC.STC00001".to_owned()));
    fs::rename(system.0.path("entry"), &entry).unwrap();
    assert_eq!(system.0.console("P ZWESLSTC").1, 0);
    let ended = wait_until(Instant::now() + PATIENCE, || syslog(&system.0).contains("$HASP395 ZWESLSTC ENDED").then_some(()));
    assert!(ended.is_some(), "{}", syslog(&system.0));
    assert!(system.spool("ZWESLSTC.STC00001").exists(), "it has ended just now");
}
