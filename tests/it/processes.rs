//! No orphans: the guardian, what an earlier run left, children that left their group, how a component is stopped, descriptors, and a
//! system that refuses to create processes.

use crate::harness::{Instance, PATIENCE, Running, processes_of, wait_until};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const SLEEPER: &str = "echo up; exec sleep 1000";
/// Writes its process id to a file and ignores the request to end.
const STUBBORN: &str = "trap '' TERM; echo up; while :; do sleep 1000; done";
/// A child in a session of its own, under a wrapper that waits.
const LEAVER: &str = "setsid sh -c 'echo $$ > left.new; mv left.new left; exec sleep 1000' & echo up; wait";
/// The same, and its parent has gone at once; its output is nobody's.
const DAEMON: &str = "(setsid sh -c 'echo $$ > left.new; mv left.new left; exec sleep 1000' > /dev/null 2>&1 &); echo up; exec sleep 1000";

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

pub(crate) fn component(instance: &Instance, name: &str) -> PathBuf {
    instance.runtime().join("components").join(name)
}

/// Waits for a file that a component writes whole, and returns its text.
pub(crate) fn text_of(path: &Path) -> String {
    wait_until(deadline(), || fs::read_to_string(path).ok()).unwrap_or_else(|| panic!("{} was not written", path.display()))
}

pub(crate) fn number_in(path: &Path) -> i32 {
    text_of(path).trim().parse().unwrap()
}

pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_some_and(|state| state != "Z")
}

pub(crate) fn wait_gone(pid: i32) {
    wait_until(deadline(), || (!is_alive(pid)).then_some(())).unwrap_or_else(|| panic!("process {pid} still lives"));
}

/// Nothing that the instance has started lives any more, wherever it has gone, and the guardian does not either.
pub(crate) fn wait_nothing_left(instance: &Instance) {
    let directory = instance.directory.path();
    let left = || processes_of(directory).into_iter().filter(|pid| is_alive(*pid)).collect::<Vec<i32>>();
    wait_until(deadline(), || left().is_empty().then_some(())).unwrap_or_else(|| {
        let command = |pid: i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        panic!("still alive: {:?}", left().into_iter().map(|pid| (pid, command(pid))).collect::<Vec<_>>())
    });
}

/// The guardian of a launcher: its child of that name.
pub(crate) fn guardian(launcher: &Running) -> i32 {
    let launcher = launcher.child.id().to_string();
    let find = || {
        fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?.to_owned();
            let command = fs::read_to_string(entry.path().join("cmdline")).ok()?;
            (parent == launcher && command.starts_with("zwelnch-guardian\0")).then_some(pid)
        })
    };
    wait_until(deadline(), find).expect("no guardian")
}

fn kill_now(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

pub(crate) fn end(instance: &Instance, mut running: Running) -> String {
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    running.all()
}

#[test]
fn a_killed_launcher_leaves_nothing() {
    let grace = "launcher: {stop: {graceSeconds: 1}}";
    let instance = Instance::new()
        .component("alpha", SLEEPER, grace)
        .component("beta", STUBBORN, grace)
        .component("gamma", LEAVER, grace)
        .component("delta", DAEMON, grace);
    let running = instance.up();
    running.wait_for_count("up", 4);
    let left = ["gamma", "delta"].map(|name| number_in(&component(&instance, name).join("left")));
    let guardian = guardian(&running);
    // It is out of reach of what ends a session, and holds nothing that others wait for.
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        kill(Pid::from_raw(guardian), signal).unwrap();
    }
    assert!(nix::unistd::getsid(Some(Pid::from_raw(guardian))).unwrap().as_raw() == guardian, "it is in the launcher's session");
    for descriptor in fs::read_dir(format!("/proc/{guardian}/fd")).unwrap().flatten() {
        let target = fs::read_link(descriptor.path()).unwrap();
        let name = descriptor.file_name();
        assert!(
            target == Path::new("/dev/null")
                || (name == "0" && target.starts_with("pipe:"))
                || target.to_str().is_some_and(|target| name == "0" && target.starts_with("pipe:"))
                || (name == "3" && target.to_string_lossy().contains("/zwelnch-")),
            "{name:?}: {target:?}"
        );
    }
    running.signal(Signal::SIGKILL);
    wait_nothing_left(&instance);
    left.into_iter().for_each(wait_gone);
}

#[test]
fn a_killed_guardian_is_replaced_and_knows_everything() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", LEAVER, "");
    let running = instance.up();
    running.wait_for_count("up", 2);
    let first = guardian(&running);
    kill_now(first);
    wait_gone(first);
    assert_ne!(guardian(&running), first);
    running.signal(Signal::SIGKILL);
    wait_nothing_left(&instance);
}

#[test]
fn p_leaves_nothing_and_no_record() {
    let instance = Instance::new().component("alpha", LEAVER, "").component("beta", DAEMON, "").component("gamma", SLEEPER, "");
    let running = instance.up();
    running.wait_for_count("up", 3);
    let left = ["alpha", "beta"].map(|name| number_in(&component(&instance, name).join("left")));
    let out = end(&instance, running);
    assert!(!left.into_iter().any(is_alive), "{out}");
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
    assert!(out.contains("ZWEL0009I"), "{out}");
    assert!(!out.contains("ZWEL0999W"), "what carries its component's marker ends with it:\n{out}");
    assert_eq!(records(&instance), Vec::<PathBuf>::new());
}

#[test]
fn a_process_that_belongs_to_nobody_ends_with_the_launcher() {
    // Neither the group nor the marker tells which component it belongs to, and there is no control group.
    let start = DAEMON.replace("setsid sh", "env -i PATH=\"$PATH\" setsid sh");
    let instance = Instance::new().component("alpha", &start, "");
    let Some(running) = crate::control_groups::up_without(&instance) else { return };
    let left = number_in(&component(&instance, "alpha").join("left"));
    let out = end(&instance, running);
    assert!(!is_alive(left));
    assert!(out.contains("ZWEL0999W 1 processes that had left their components were ended"), "{out}");
}

#[test]
fn stop_ends_what_has_left_the_group() {
    for start in [LEAVER, DAEMON] {
        let instance = Instance::new().component("alpha", start, "").component("beta", SLEEPER, "");
        let running = instance.up();
        let left = number_in(&component(&instance, "alpha").join("left"));
        instance.modify("STOP(alpha)");
        running.wait_for("ZWEL0002I component alpha stopped");
        assert!(!is_alive(left), "{start}");
        end(&instance, running);
    }
}

#[test]
fn a_crash_does_not_leave_two_generations() {
    let instance = Instance::new().component("alpha", DAEMON, "launcher: {restartIntervals: [0]}");
    let running = instance.up();
    let left = number_in(&component(&instance, "alpha").join("left"));
    fs::remove_file(component(&instance, "alpha").join("left")).unwrap();
    kill_now(instance.pid("alpha").unwrap());
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    wait_gone(left);
    assert_ne!(number_in(&component(&instance, "alpha").join("left")), left);
    end(&instance, running);
}

pub(crate) fn records(instance: &Instance) -> Vec<PathBuf> {
    let entries = fs::read_dir(instance.path("workspace/.env")).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_string_lossy().contains(".processes")).collect()
}

pub(crate) fn record(instance: &Instance) -> PathBuf {
    let mut records = records(instance);
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0)
}

/// Kills launcher and guardian so that neither can do anything any more.
pub(crate) fn kill_both(running: &mut Running) {
    let guardian = guardian(running);
    // Stopped first: the launcher would replace its guardian, and the guardian would notice the end of the launcher.
    running.signal(Signal::SIGSTOP);
    kill_now(guardian);
    running.signal(Signal::SIGKILL);
    running.child.wait().unwrap();
    wait_gone(guardian);
}

#[test]
fn what_an_earlier_run_left_is_ended_first() {
    use std::os::unix::fs::PermissionsExt;
    let instance = Instance::new()
        .component("alpha", SLEEPER, "")
        .component("beta", STUBBORN, "launcher: {stop: {graceSeconds: 0}}")
        .component("gamma", DAEMON, "");
    let mut running = instance.up();
    running.wait_for_count("up", 3);
    let mut left: Vec<i32> = ["alpha", "beta", "gamma"].iter().map(|name| instance.pid(name).unwrap()).collect();
    left.push(number_in(&component(&instance, "gamma").join("left")));
    assert_eq!(fs::metadata(record(&instance)).unwrap().permissions().mode() & 0o777, 0o600);
    kill_both(&mut running);
    assert!(left.iter().all(|pid| is_alive(*pid)), "somebody else has ended them");
    let again = instance.up();
    let line = again.wait_for("ZWEL0912I");
    // The four, and the stubborn one's sleep.
    assert!(line.contains("ZWEL0912I 5 processes left by an earlier run of lpar1 were ended"), "{line}");
    left.into_iter().for_each(wait_gone);
    let out = again.all();
    assert!(out.find("ZWEL0912I") < out.find("ZWEL0018I"), "before anything else is done:\n{out}");
    end(&instance, again);
}

#[test]
fn another_process_with_that_number_is_never_touched() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let mut running = instance.up();
    running.wait_for("up");
    let path = record(&instance);
    kill_both(&mut running);
    let text = fs::read_to_string(&path).unwrap();
    let written = text.lines().find(|line| line.starts_with('+')).unwrap().to_owned();
    let mut words: Vec<&str> = written.split(' ').collect();
    let start: u64 = words[1].parse().unwrap();
    let alpha: i32 = words[0][1..].parse().unwrap();
    // A process of this test that leads a group, as a component does, and is in the record with a wrong start time.
    use std::os::unix::process::CommandExt;
    let mut bystander = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
    let first = format!("+{}", bystander.id());
    let wrong = (start - 1).to_string();
    (words[0], words[1]) = (&first, &wrong);
    fs::write(&path, format!("{text}{}\n", words.join(" "))).unwrap();
    let again = instance.up();
    again.wait_for("ZWEL0912I 1 processes");
    wait_gone(alpha);
    assert!(bystander.try_wait().unwrap().is_none(), "another's process was ended");
    end(&instance, again);
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn another_systems_or_boots_record_is_not_ours() {
    for field in [1, 2] {
        let instance = Instance::new().component("alpha", SLEEPER, "");
        let mut running = instance.up();
        running.wait_for("up");
        let path = record(&instance);
        let alpha = instance.pid("alpha").unwrap();
        kill_both(&mut running);
        let text = fs::read_to_string(&path).unwrap();
        let (head, rest) = text.split_once('\n').unwrap();
        let mut words: Vec<&str> = head.split('\t').collect();
        words[field] = "OTHER";
        fs::write(&path, format!("{}\n{rest}", words.join("\t"))).unwrap();
        let again = instance.up();
        assert!(is_alive(alpha), "a process of another place was ended");
        let out = end(&instance, again);
        assert!(!out.contains("ZWEL0912I"), "{out}");
        assert_eq!(records(&instance).len(), usize::from(field == 1), "another system's record is kept for it");
        kill_now(alpha);
        wait_gone(alpha);
    }
}

#[test]
fn a_record_that_is_no_record_stops_nothing() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let running = instance.up();
    let path = record(&instance);
    end(&instance, running);
    fs::write(&path, b"\xff\0+1 1 9 9 0\n+-5 x\n").unwrap();
    let running = instance.up();
    end(&instance, running);
}

#[test]
fn the_stop_signal_is_the_configured_one() {
    let start = "trap 'echo told by USR1; exit 0' USR1; trap 'echo told by TERM' TERM; echo up; while :; do sleep 1000 & wait; done";
    let instance = Instance::new().component("alpha", start, "launcher: {stop: {signal: usr1}}");
    let running = instance.up();
    running.wait_for("up");
    let out = end(&instance, running);
    assert!(out.contains("told by USR1") && !out.contains("told by TERM") && !out.contains("ZWEL0063W"), "{out}");
}

#[test]
fn a_kill_signal_that_does_not_kill_is_followed_by_one_that_does() {
    let start = "trap 'echo told by HUP' HUP; trap '' TERM; echo up; while :; do sleep 1000 & wait; done";
    let instance = Instance::new().component("alpha", start, "launcher: {stop: {graceSeconds: 0, killSignal: SIGHUP}}");
    let running = instance.up();
    running.wait_for("up");
    let out = end(&instance, running);
    assert!(out.contains("told by HUP") && out.contains("terminated, status = 9"), "{out}");
}

#[test]
fn a_name_that_is_no_signal_is_said_and_the_default_applies() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {stop: {signal: TREM}}");
    let running = instance.up();
    let out = end(&instance, running);
    assert!(out.contains("ZWEL0916W") && out.contains("the name of a signal, as in TERM or SIGTERM is expected"), "{out}");
    assert!(out.contains("terminated, status = 15"), "{out}");
}

#[test]
fn the_stop_command_comes_first_with_the_components_environment() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {stop: {command: \"bin/stop.sh 'two words'\"}}");
    let stop = "echo \"stops $ZWE_CLI_PARAMETER_COMPONENT $ZWELNCH_PID $1 in ${PWD##*/}\"; kill -KILL $ZWELNCH_PID";
    instance.script("alpha", "stop", stop);
    let running = instance.up();
    let pid = instance.pid("alpha").unwrap();
    let out = end(&instance, running);
    assert!(out.contains(&format!("stops alpha {pid} two words in alpha")), "{out}");
    assert!(out.contains(&format!("component alpha({pid}) terminated, status = 9")), "not by its command:\n{out}");
    assert!(!out.contains("ZWEL0998W"), "{out}");
}

#[test]
fn a_stop_command_that_fails_or_hangs_ends_in_the_signal() {
    for (command, text, said) in [
        ("bin/stop.sh", "exit 3", "the command ended with exit code 3"),
        ("bin/none.sh", "", "bin/none.sh"),
        ("../../../zowe.yaml", "", "leaves the component's directory"),
        ("bin/stop.sh", "sleep 1000", "three quarters of the grace time"),
    ] {
        let settings = format!("launcher: {{stop: {{graceSeconds: 1, command: '{command}'}}}}");
        let instance = Instance::new().component("alpha", SLEEPER, &settings);
        instance.script("alpha", "stop", text);
        let running = instance.up();
        let out = end(&instance, running);
        assert!(out.contains("ZWEL0002I component alpha stopped"), "{out}");
        let line = out.lines().find(|line| line.contains("ZWEL0998W")).unwrap_or_else(|| panic!("{said} is missing in\n{out}"));
        assert!(line.contains(said), "{line}");
    }
}

/// The descriptors that a process has open, and what they are.
fn descriptors(pid: i32) -> Vec<(i32, String)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let mut found: Vec<(i32, String)> = entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, fs::read_link(entry.path()).ok()?.display().to_string()))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_component_has_three_descriptors() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", SLEEPER, "");
    instance.write_config();
    // A descriptor that the launcher itself was started with must not reach them either.
    let mut shell = Command::new("sh");
    let launcher = instance.launcher(&["lpar1"]);
    shell.args(["-c", "exec 7</dev/zero; exec \"$0\" lpar1"]).arg(launcher.get_program()).env_clear().stdin(std::process::Stdio::null());
    shell.envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let running = Running::spawn(shell, instance.directory.path());
    running.wait_for_count("up", 2);
    running.wait_for("ZWEL0012I");
    for name in ["alpha", "beta"] {
        let pid = instance.pid(name).unwrap();
        // The shell has its script open until it becomes the program.
        let only = || Some(descriptors(pid)).filter(|open| open.iter().map(|(number, _)| *number).eq(0..3));
        let open = wait_until(Instant::now() + PATIENCE, only).unwrap_or_else(|| panic!("{:?}", descriptors(pid)));
        assert_eq!(open[0].1, "/dev/null");
        assert!(open[1].1.starts_with("pipe:") && open[1].1 == open[2].1, "{open:?}");
    }
    end(&instance, running);
}

#[test]
fn restarts_leak_neither_descriptors_nor_zombies() {
    let rounds: usize = std::env::var("ZWELNCH_RESTARTS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    // It ends at once, again and again, until it is told to stay.
    let start = "test -e stay && { echo stays; exec sleep 1000; }; exit 1";
    let settings = "launcher: {restartIntervals: [0], minUptime: 0}";
    let instance = Instance::new().component("alpha", start, settings).component("beta", SLEEPER, "");
    let running = instance.up();
    let launcher: i32 = running.child.id().try_into().unwrap();
    running.wait_for_count("ZWEL0001I component alpha started", 20);
    running.wait_for_count("ZWEL0001I component alpha started", rounds);
    fs::write(component(&instance, "alpha").join("stay"), "").unwrap();
    running.wait_for("stays");
    let after = descriptors(launcher);
    assert!(after.len() < 40, "{} descriptors: {after:?}", after.len());
    // With both at rest again it is what it is with two components that never ended.
    let fresh = Instance::new().component("alpha", SLEEPER, settings).component("beta", SLEEPER, "");
    let other = fresh.up();
    other.wait_for_count("up", 2);
    let count = || descriptors(other.child.id().try_into().unwrap()).len();
    wait_until(deadline(), || (count() == descriptors(launcher).len()).then_some(()))
        .unwrap_or_else(|| panic!("{} of a fresh launcher, {:?}", count(), descriptors(launcher)));
    let zombies = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.len() > 1 && fields[0] == "Z" && fields[1] == launcher.to_string()
    });
    assert_eq!(zombies.count(), 0);
    end(&fresh, other);
    end(&instance, running);
}

/// Sets the soft limit of a resource of another process and returns the old one.
fn limit(pid: u32, resource: libc::__rlimit_resource_t, soft: libc::rlim_t) -> libc::rlim_t {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let pid = i32::try_from(pid).unwrap();
    // SAFETY: prlimit writes one structure to the place it is given, and reads one.
    unsafe {
        assert_eq!(libc::prlimit(pid, resource, std::ptr::null(), &mut old), 0);
        let new = libc::rlimit { rlim_cur: soft, rlim_max: old.rlim_max };
        assert_eq!(libc::prlimit(pid, resource, &new, std::ptr::null_mut()), 0);
    }
    old.rlim_cur
}

#[test]
fn without_descriptors_a_component_waits_its_interval_and_recovers() {
    let instance = Instance::new()
        .component("alpha", SLEEPER, "launcher: {restartIntervals: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}")
        .component("beta", SLEEPER, "")
        .component("gamma", SLEEPER, "launcher: {stdin: true, restartIntervals: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}");
    let running = instance.up();
    running.wait_for_count("up", 3);
    let pid = instance.pid("alpha").unwrap();
    let reads = instance.pid("gamma").unwrap();
    // None is free from now on; those that are open stay.
    let old = limit(running.child.id(), libc::RLIMIT_NOFILE, 3);
    kill_now(pid);
    kill_now(reads);
    let line = running.wait_for("ZWEL0927E failed to spawn component alpha");
    assert!(line.contains("EMFILE") || line.contains("Too many open files"), "{line}");
    running.wait_for("ZWEL0040E");
    running.wait_for("ZWEL0049E failed to restart component alpha");
    running.wait_for("ZWEL0055E failed to create file for stdin(of component gamma) - ");
    running.wait_for_count("ZWEL0005I next attempt to restart component alpha", 2);
    limit(running.child.id(), libc::RLIMIT_NOFILE, old);
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    let all = running.all();
    assert!(!all.contains("component beta("), "another one ended:\n{all}");
    // It needs no descriptor to learn what comes and goes.
    assert!(!all.contains("ZWEL0995W"), "the guardian is lost:\n{all}");
    end(&instance, running);
}

#[test]
fn a_stopped_component_is_woken_to_end() {
    let instance = Instance::new().component("alpha", "trap 'echo told; exit 0' TERM; echo up; while :; do sleep 1000 & wait; done", "");
    let running = instance.up();
    running.wait_for("up");
    kill(Pid::from_raw(-instance.pid("alpha").unwrap()), Signal::SIGSTOP).unwrap();
    let out = end(&instance, running);
    assert!(out.contains("told") && !out.contains("ZWEL0063W"), "{out}");
}

/// The launcher of a copy of the program, which can be replaced.
fn of_copy(instance: &Instance) -> (PathBuf, Command) {
    let copy = instance.path("installed");
    // By a process of its own: while this one writes an executable, a child that another test has just forked may keep it busy.
    assert!(Command::new("cp").arg(crate::harness::program()).arg(&copy).status().unwrap().success());
    let prototype = instance.launcher(&[]);
    let mut command = Command::new(&copy);
    command.arg("lpar1").env_clear().envs(prototype.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(std::process::Stdio::null());
    (copy, command)
}

#[test]
fn a_program_that_is_replaced_while_it_runs_goes_on_as_it_was() {
    // Not a program at all, another one, and none: what an upgrade leaves, and what it passes through.
    for replace in [Some("not a program"), Some("#!/bin/sh\nexit 3\n"), None] {
        let instance = Instance::new().component("alpha", "echo \"up $FROM_CONFIGURE\"; exec sleep 1000", "").component(
            "beta",
            STUBBORN,
            "launcher: {stop: {graceSeconds: 1}}",
        );
        instance.script("alpha", "configure", "export FROM_CONFIGURE=configured\n");
        instance.write_config();
        let (copy, command) = of_copy(&instance);
        let mut running = Running::spawn(command, instance.directory.path());
        running.wait_for("ZWEL0012I");
        running.wait_for("up configured");
        match replace {
            Some(text) => {
                let new = instance.path("installed.new");
                fs::write(&new, text).unwrap();
                fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
                fs::rename(new, &copy).unwrap();
            }
            None => fs::remove_file(&copy).unwrap(),
        }
        assert!(instance.modify("RESTART(alpha)").contains("ZWEL"));
        running.wait_for_count("up configured", 2);
        // A guardian that was killed is replaced by one of the same program.
        let first = guardian(&running);
        kill_now(first);
        wait_gone(first);
        assert_ne!(guardian(&running), first);
        let out = running.all();
        assert!(!out.contains("ZWEL0995W") && !out.contains("ZWEL0933W") && !out.contains("ZWEL0317E"), "{out}");
        running.signal(Signal::SIGKILL);
        running.wait_end();
        wait_nothing_left(&instance);
    }
}

/// A second start of the instance, as another job.
fn second(instance: &Instance) -> Command {
    let mut second = instance.launcher(&["lpar1"]);
    second.env("JOBNAME", "OTHER");
    second
}

#[test]
fn a_start_without_the_lock_file_touches_nothing_of_a_launcher_that_lives() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", DAEMON, "");
    let mut running = instance.up();
    let pids = ["alpha", "beta"].map(|name| instance.pid(name).unwrap());
    let left = number_in(&component(&instance, "beta").join("left"));
    // Removed, and another in its place.
    for again in [false, true] {
        fs::remove_file(instance.path("workspace/.env/.lpar1.lock")).unwrap();
        if again {
            fs::write(instance.path("workspace/.env/.lpar1.lock"), "somebody else\n").unwrap();
        }
        let (code, out) = crate::harness::run_to_end(second(&instance));
        assert_eq!(code, 8, "{out}");
        assert!(out.contains("ZWEL0910E HA instance lpar1 is already running in this workspace: job "), "{out}");
        assert!(!out.contains("ZWEL0912I"), "{out}");
        // It is locked again, for programs that do not know about records.
        running.wait_for_count("ZWEL0968W lock file '", if again { 2 } else { 1 });
    }
    assert!(is_alive(left));
    assert_eq!(["alpha", "beta"].map(|name| instance.pid(name).unwrap()), pids);
    assert!(!running.all().contains("ended unasked"), "{}", running.all());
    // Without the record, the lock is again what refuses.
    fs::remove_file(instance.path("workspace/.env/.lpar1.processes")).unwrap();
    let (code, out) = crate::harness::run_to_end(second(&instance));
    assert!(
        code == 8 && out.contains("ZWEL0910E HA instance lpar1 is already running in this workspace: job ZWESLSTC on"),
        "{code}: {out}"
    );
    // The record is written again with the next process.
    assert!(instance.modify("RESTART(alpha)").contains("ZWEL"));
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    assert!(instance.path("workspace/.env/.lpar1.processes").exists());
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
}

#[test]
fn a_lock_that_another_job_has_taken_is_told_of() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let running = instance.up();
    let path = instance.path("workspace/.env/.lpar1.lock");
    // A launcher that does not know about the record, like earlier versions.
    let other = instance.path("workspace/.env/other");
    let _held = zwelnch::platform::Platform::lock_file(&zwelnch::platform::NativePlatform::for_command(), &other, "OTHER SYS\n").unwrap();
    fs::rename(other, &path).unwrap();
    let line = running.wait_for("ZWEL0969E lock file '");
    assert!(line.contains("job OTHER on SYS has locked it"), "{line}");
    assert!(instance.pid("alpha").is_some());
}

/// A chain of daemons: each creates the next, in a session of its own, and ends 2 ms later; none notices a request to end. `$1`: it goes on
/// for as long as this file exists, and writes a byte of each generation to `<file>.beat`. Every generation inherits the lock on the file,
/// which ends with the last of them.
const CHAIN: &str = "import fcntl, os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
file = sys.argv[1]
held = open(file)
fcntl.flock(held, fcntl.LOCK_EX)
while os.path.exists(file):
    if os.fork():
        time.sleep(0.002)
        os._exit(0)
    os.setsid()
    with open(file + '.beat', 'a') as beat:
        beat.write('x')
";

/// Ends the chain also when the test fails.
pub(crate) struct Chain {
    file: PathBuf,
}

impl Chain {
    pub(crate) fn of(instance: &Instance, name: &str) -> Chain {
        let file = component(instance, name).join("go");
        fs::write(component(instance, name).join("chain.py"), CHAIN).unwrap();
        fs::write(&file, "").unwrap();
        Chain { file }
    }

    fn beats(&self) -> u64 {
        fs::metadata(self.file.with_extension("beat")).map_or(0, |metadata| metadata.len())
    }

    /// What the chain of an earlier start has written does not count.
    pub(crate) fn begin_anew(&self) {
        fs::remove_file(self.file.with_extension("beat")).unwrap();
    }

    pub(crate) fn wait_alive(&self) {
        wait_until(deadline(), || (self.beats() > 20).then_some(())).expect("there is no chain");
    }

    /// Waits until no generation is left that holds the lock: one that was sent SIGKILL ends when the system gets to it. A chain that goes on
    /// never lets it go.
    pub(crate) fn wait_ended(&self) -> bool {
        wait_until(deadline(), || self.has_ended().then_some(())).is_some()
    }

    pub(crate) fn has_ended(&self) -> bool {
        use nix::fcntl::{Flock, FlockArg};
        Flock::lock(fs::File::open(&self.file).unwrap(), FlockArg::LockExclusiveNonblock).is_ok()
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

#[test]
fn a_chain_of_daemons_ends_with_its_component() {
    let Some(python) = crate::harness::program_or_skip("python3") else { return };
    let start = format!("{} chain.py $PWD/go &\nexec sleep 1000", python.display());
    let settings = "launcher: {stop: {graceSeconds: 1}}";
    let instance = Instance::new().component("alpha", &start, settings).component("beta", &start, settings);
    let (alpha, beta) = (Chain::of(&instance, "alpha"), Chain::of(&instance, "beta"));
    let mut running = instance.up();
    [&alpha, &beta].into_iter().for_each(Chain::wait_alive);
    assert!(instance.modify("STOP(alpha)").contains("ZWEL0923I"));
    running.wait_for("ZWEL0002I component alpha stopped");
    assert!(alpha.wait_ended(), "stopped, and the chain goes on: {}", running.all());
    assert!(!beta.has_ended(), "another component's chain was ended");
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert!(beta.wait_ended(), "P has ended, and the chain goes on: {}", running.all());
    wait_nothing_left(&instance);
}

#[test]
fn a_low_limit_of_descriptors_holds_for_components_and_not_for_the_launcher() {
    const COUNT: usize = 40;
    // What the kernel says of a program that the component runs.
    let start = "grep '^Max open files' /proc/self/limits; exec sleep 1000";
    let instance = (0..COUNT).fold(Instance::new(), |instance, number| instance.component(&format!("c{number:02}"), start, ""));
    instance.write_config();
    let launcher = instance.launcher(&["lpar1"]);
    // Not enough for a pipe each.
    let mut limited = crate::harness::settled(Command::new("/bin/sh"));
    limited.args(["-c", "ulimit -S -n 50; exec \"$0\" \"$@\""]).arg(launcher.get_program()).args(launcher.get_args());
    limited.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(std::process::Stdio::null());
    let mut running = Running::spawn(limited, instance.directory.path());
    let (_, hard) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap();
    let lines = running.wait_for_count("Max open files", COUNT);
    let limits = |line: &String| line.split_whitespace().skip(3).take(2).map(str::to_owned).collect::<Vec<_>>();
    assert!(lines.iter().all(|line| limits(line) == ["50".to_owned(), hard.to_string()]), "{lines:#?}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}
