//! Many components, and many things at the same time: nothing is lost and nothing is left.

use crate::harness::{Instance, PATIENCE, Running, Sequence, pid_in, processes_of, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

const SLEEPER: &str = "exec sleep 1000";
const AT_ONCE: &str = "launcher: {restartIntervals: [0], minUptime: 0}";

fn many(count: usize, settings: &str) -> Instance {
    let instance = (0..count).fold(Instance::new(), |instance, number| instance.component(&format!("c{number:04}"), SLEEPER, settings));
    instance.write_config();
    instance
}

/// Process ids by name, as one DISP tells them; those that are down are left out.
fn pids(display: &str) -> BTreeMap<String, i32> {
    let names = display.lines().filter(|line| line.contains("ZWEL0011I")).filter_map(|line| {
        let name = line.split_once("name = ")?.1.split_once(',')?.0.trim();
        Some((name.to_owned(), pid_in(display, name)?))
    });
    names.collect()
}

fn wait_pids(instance: &Instance, what: &str, good: impl Fn(&BTreeMap<String, i32>) -> bool) -> BTreeMap<String, i32> {
    let found = wait_until(Instant::now() + PATIENCE, || Some(pids(&instance.modify("DISP"))).filter(|pids| good(pids)));
    found.unwrap_or_else(|| panic!("{what}: {}", instance.modify("DISP")))
}

fn end(instance: &Instance, mut running: Running) {
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
}

fn kill_pid(pid: i32) {
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
}

#[test]
fn a_hundred_killed_at_once_are_all_back() {
    let instance = many(100, AT_ONCE);
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    let before = wait_pids(&instance, "all are up", |pids| pids.len() == 100);
    before.values().for_each(|pid| kill_pid(*pid));
    let after = wait_pids(&instance, "all are back", |pids| pids.len() == 100 && pids.iter().all(|(name, pid)| before[name] != *pid));
    assert_eq!(after.len(), 100);
    // One answer for each end; none is missing and none comes twice.
    let lines = running.wait_for_count("ZWEL0004I", 100);
    assert_eq!(lines.len(), 100);
    assert_eq!(running.all().matches("ZWEL0905E").count(), 100);
    end(&instance, running);
}

#[test]
fn each_waits_its_own_interval() {
    let instance = Instance::new()
        .component("quick", SLEEPER, "launcher: {restartIntervals: [0]}")
        .component("slow", SLEEPER, "launcher: {restartIntervals: [3600]}")
        .component("never", SLEEPER, "launcher: {restartIntervals: []}");
    let running = instance.up();
    let before = wait_pids(&instance, "all are up", |pids| pids.len() == 3);
    before.values().for_each(|pid| kill_pid(*pid));
    running.wait_for("ZWEL0005I next attempt to restart component slow in 3600 seconds");
    running.wait_for("ZWEL0038E failed to restart component never");
    running.wait_for_count("ZWEL0001I component quick started", 2);
    assert_eq!(running.all().matches("ZWEL0001I").count(), 4, "{}", running.all());
    end(&instance, running);
}

/// Kills and operators' commands at random, for 20 s at most, for a minute with ZWELNCH_FULL.
#[test]
fn a_storm_of_kills_and_commands_leaves_at_most_one_process_each_and_then_none() {
    const COUNT: u64 = 12;
    let full = std::env::var_os("ZWELNCH_FULL").is_some();
    let (length, commands) = if full { (60, usize::MAX) } else { (20, 600) };
    let instance = many(COUNT as usize, "launcher: {restartIntervals: [0, 0, 0], minUptime: 0, stop: {graceSeconds: 2}}");
    let mut child =
        instance.launcher(&["lpar1"]).stdout(File::create(instance.path("SYSPRINT")).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(Instant::now() + PATIENCE, || {
        std::fs::read_to_string(instance.path("SYSPRINT")).ok().filter(|text| text.contains("ZWEL0012I"))
    })
    .unwrap();
    let mut sequence = Sequence(20_261_121);
    let until = Instant::now() + Duration::from_secs(length);
    let mut done = 0;
    while Instant::now() < until && done < commands {
        let name = format!("c{:04}", sequence.below(COUNT));
        match sequence.below(6) {
            0 => drop(instance.modify(&format!("STOP({name})"))),
            1 | 2 => drop(instance.modify(&format!("START({name})"))),
            3 => drop(instance.modify(&format!("RESTART({name})"))),
            _ => {
                if let Some(pid) = pids(&instance.modify("DISP")).get(&name) {
                    kill_pid(*pid);
                }
            }
        }
        done += 1;
    }
    assert!(done > 20, "{done}");
    instance.modify("START(*)");
    let up = wait_pids(&instance, "all are up after the storm", |pids| pids.len() == COUNT as usize);
    // The other processes are the launcher and its guardian: no component has two processes.
    let expected = COUNT as usize + 2;
    let left = wait_until(Instant::now() + PATIENCE, || (processes_of(instance.directory.path()).len() <= expected).then_some(()));
    assert!(left.is_some(), "{up:?} beside {:?}", processes_of(instance.directory.path()));
    instance.console("P ZWESLSTC");
    let ended = wait_until(Instant::now() + PATIENCE, || child.try_wait().unwrap());
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
    let sysprint = std::fs::read_to_string(instance.path("SYSPRINT")).unwrap();
    assert!(sysprint.contains("ZWEL0022I") && !sysprint.contains("ZWEL0925E"), "an internal error");
}

#[test]
fn a_component_that_is_stopped_by_a_signal_delays_nobody_and_can_be_ended() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {stop: {graceSeconds: 1}}").component(
        "beta",
        SLEEPER,
        "launcher: {restartIntervals: [0]}",
    );
    let running = instance.up();
    let before = wait_pids(&instance, "both are up", |pids| pids.len() == 2);
    kill(Pid::from_raw(before["alpha"]), Signal::SIGSTOP).unwrap();
    // It is no end, and the others go on.
    kill_pid(before["beta"]);
    running.wait_for_count("ZWEL0001I component beta started", 2);
    assert!(!running.all().contains("component alpha(") && !running.all().contains("ZWEL0002I"), "{}", running.all());
    instance.modify("STOP(alpha)");
    // It is woken to do what it is told.
    running.wait_for("ZWEL0002I component alpha stopped");
    end(&instance, running);
}

#[test]
fn a_component_that_closes_its_output_is_not_taken_for_one_that_ended() {
    let instance = Instance::new().component("alpha", "echo last words; exec >&- 2>&-; exec sleep 1000", "");
    let running = instance.up();
    running.wait_for("last words");
    let pid = instance.pid("alpha").unwrap();
    assert_eq!(instance.pid("alpha"), Some(pid));
    kill_pid(pid);
    running.wait_for("ZWEL0905E component alpha");
    end(&instance, running);
}

#[test]
fn a_thousand_components_start_answer_and_stop() {
    let instance = many(1000, "");
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0007I");
    let up = pids(&instance.modify("DISP"));
    assert_eq!(up.len(), 1000);
    kill_pid(up["c0500"]);
    running.wait_for("ZWEL0905E component c0500");
    instance.modify("STOP(c09*)");
    running.wait_for_count("ZWEL0002I", 100);
    end(&instance, running);
}
