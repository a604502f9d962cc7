//! What a stop, a RELOAD and waiting cost, as work that is counted: system calls, processes, context switches. The oracles
//! are strace and /proc; nothing here looks at a clock.

use crate::harness::{Instance, PATIENCE, Running, not_here, program_or_skip, wait_until};
use crate::processes::guardian;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

fn many(count: usize) -> Instance {
    (0..count).fold(Instance::new(), |instance, number| instance.component(&format!("c{number:04}"), "exec sleep 1000", ""))
}

fn end(instance: &Instance, mut running: Running) {
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0, "{}", running.all());
}

/// The system calls of all threads of a launcher from P to its end, by name; None, aloud, where nobody may look on.
fn calls_of_a_stop(strace: &Path, count: usize) -> Option<BTreeMap<String, u64>> {
    let instance = many(count);
    let running = instance.up();
    let counts = instance.path("calls");
    let mut looking_on = Command::new(strace)
        .args(["-f", "-c", "-S", "name", "-o"])
        .arg(&counts)
        .args(["-p", &running.child.id().to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(looking_on.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    if !line.contains("attached") {
        not_here(&format!("strace may not look on: {line}"));
        end(&instance, running);
        looking_on.wait().unwrap();
        return None;
    }
    let rest = std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    end(&instance, running);
    looking_on.wait().unwrap();
    rest.join().unwrap().unwrap();
    // % time, seconds, usecs/call, calls, errors if any, name.
    let text = fs::read_to_string(counts).unwrap();
    let calls = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        Some((words.last()?.to_string(), words.get(3)?.parse().ok()?))
    });
    Some(calls.collect())
}

#[test]
fn what_a_stop_costs_for_each_component_does_not_grow_with_their_number() {
    let Some(strace) = program_or_skip("strace") else { return };
    let sizes = [20, 60, 140];
    let mut counts = Vec::new();
    for size in sizes {
        let Some(calls) = calls_of_a_stop(&strace, size) else { return };
        counts.push(calls);
    }
    let each = |few: usize, many: usize, name: &str| {
        let of = |at: usize| counts[at].get(name).copied().unwrap_or_default() as f64;
        (of(many) - of(few)) / (sizes[many] - sizes[few]) as f64
    };
    let (lower, upper) = (each(0, 1, "total"), each(1, 2, "total"));
    assert!(lower > 4.0, "that many a component are not even its signals and its end: {lower}, {:?}", counts[0]);
    // About 20; 75 when each control group was listed before its removal, and each group looked at alone.
    assert!(lower.max(upper) < 45.0, "{lower} and {upper} a component: {counts:?}");
    // Nothing is looked through for each.
    assert!(each(0, 2, "getdents64") < 0.5, "{counts:?}");
}

/// How many processes its launcher had made when it made this one.
fn number_of(pid: i32) -> u64 {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let marker = environment.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(b"ZWELNCH_RUN=")).unwrap();
    String::from_utf8_lossy(marker).rsplit('.').next().unwrap().parse().unwrap()
}

fn pids(instance: &Instance) -> BTreeMap<String, i32> {
    let display = instance.modify("DISP");
    let names = (0..COUNT).map(|number| format!("c{number:04}"));
    names
        .map(|name| (crate::harness::pid_in(&display, &name).unwrap_or_else(|| panic!("{name}: {display}")), name))
        .map(|(a, b)| (b, a))
        .collect()
}

/// The files with the variables of the components: when each was written, and what it says.
fn variables_files(instance: &Instance) -> BTreeMap<String, (SystemTime, String)> {
    let file = |name: &String| instance.path("workspace/.env").join(name).join(".instance-lpar1.env");
    let names = (0..COUNT).map(|number| format!("c{number:04}"));
    let look = |name: String| {
        let file = file(&name);
        (name, (file.metadata().unwrap().modified().unwrap(), fs::read_to_string(file).unwrap()))
    };
    names.map(look).collect()
}

const COUNT: usize = 40;
const CHANGED: &str = "c0017";

#[test]
fn a_reload_touches_nothing_but_what_has_changed() {
    let instance = many(COUNT);
    for number in 0..COUNT {
        for command in ["validate", "configure"] {
            instance.script(&format!("c{number:04}"), command, &format!("echo {command} >> ran\n"));
        }
    }
    let running = instance.up();
    let before = pids(&instance);
    let kept = variables_files(&instance);
    let made = before.values().map(|pid| number_of(*pid)).max().unwrap();
    let config = fs::read_to_string(instance.config()).unwrap();
    let head = format!("  {CHANGED}:\n");
    fs::write(instance.config(), config.replace(&head, &format!("{head}    port: 7999\n"))).unwrap();
    let answer = instance.modify("RELOAD");
    assert_eq!(answer.matches("ZWEL0987I").count(), 1, "{answer}");
    running.wait_for_count(&format!("ZWEL0001I component {CHANGED} started"), 2);
    let after = pids(&instance);
    let differing: Vec<&String> = before.iter().filter(|(name, pid)| after[*name] != **pid).map(|(name, _)| name).collect();
    assert_eq!(differing, [CHANGED]);
    // Its validate and its configure command, and itself.
    assert_eq!(number_of(after[CHANGED]) - made, 3);
    for name in before.keys() {
        let ran = fs::read_to_string(instance.component_directory(name).join("ran")).unwrap();
        assert_eq!(ran, "validate\nconfigure\n".repeat(if name == CHANGED { 2 } else { 1 }), "{name}");
    }
    // The others have what they were started with, and their files say so.
    let written = variables_files(&instance);
    let differing: Vec<&String> = kept.iter().filter(|(name, file)| written[*name] != **file).map(|(name, _)| name).collect();
    assert_eq!(differing, [CHANGED]);
    assert!(written[CHANGED].1.contains("ZWE_configs_port=7999"), "{}", written[CHANGED].1);
    end(&instance, running);
}

/// How often the threads of a process have waited for something, all together.
fn waits(pid: u32) -> u64 {
    let mut waits = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        waits += line.map_or(0, |number| number.trim().parse::<u64>().unwrap());
    }
    waits
}

#[test]
fn a_launcher_whose_components_do_nothing_does_nothing() {
    // Log files of their own, and what follows from that, are among what may be set.
    let instance = many(30).component("logged", "echo up; exec sleep 1000", "launcher: {log: {file: true}}");
    let running = instance.up();
    let all = [running.child.id(), u32::try_from(guardian(&running)).unwrap()];
    // What follows a start ends at some time; from then on nothing may happen for longer than anything that is done again and again waits.
    let quiet = Duration::from_secs(5);
    let (mut since, mut before) = (Instant::now(), all.map(waits));
    let found = wait_until(Instant::now() + PATIENCE, || {
        let now = all.map(waits);
        if now != before {
            (since, before) = (Instant::now(), now);
        }
        (since.elapsed() > quiet).then_some(())
    });
    assert!(found.is_some(), "somebody wakes up again and again: {before:?}");
    end(&instance, running);
}
