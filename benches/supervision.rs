//! Supervision, beside the minimum that the machine allows and, where Debian's packages are installed, beside s6 and runit in the same run.
//! Each line is a figure or the ratio of two medians measured in turn; nothing is judged here, because the machine may be busy.
//! `cargo bench --bench supervision [word]`: only the parts whose name holds the word.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[allow(dead_code)]
#[path = "../tests/it/harness.rs"]
mod harness;

use harness::{Instance, Running, console};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zwelnch::system::{Request, SystemDirectory, send};

/// At once and for ever.
const AT_ONCE: &str = "launcher: {restartIntervals: [0], minUptime: 0}";
const TRIVIAL: &str = "exec sleep 1000";
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "emit") {
        return emit();
    }
    let word = arguments.into_iter().find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let parts: [(&str, &dyn Fn()); 8] = [
        ("start", &start),
        ("replacement", &replacement),
        ("burst", &burst),
        ("stop", &stop),
        ("delay", &delay),
        ("answers", &answers),
        ("memory", &memory),
        ("idle", &idle),
    ];
    for (name, part) in parts {
        if name.contains(&word) {
            println!("-- {name}");
            part();
        }
    }
}

fn instance_of(count: usize, start: &str, settings: &str) -> Instance {
    let instance = (0..count).fold(Instance::new(), |instance, number| instance.component(&format!("c{number:04}"), start, settings));
    instance.write_config();
    instance
}

fn launch(instance: &Instance) -> Running {
    Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path())
}

fn end(instance: &Instance, mut running: Running) {
    console(&instance.system(), "P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

fn quantile(times: &mut [Duration], part: f64) -> Duration {
    times.sort();
    times[((times.len() - 1) as f64 * part) as usize]
}

fn shell(text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text]).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn end_all(children: &mut [Child]) {
    for child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// The environment that a component has: all variables of the configuration, which its shell reads one by one.
fn environment_of_a_component(instance: &Instance) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    use std::os::unix::ffi::OsStringExt;
    let pid = instance.pid("c0000").unwrap();
    let text = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let entry = |entry: &[u8]| {
        let position = entry.iter().position(|byte| *byte == b'=')?;
        Some((OsStringExt::from_vec(entry[..position].to_vec()), OsStringExt::from_vec(entry[position + 1..].to_vec())))
    };
    text.split(|byte| *byte == 0).filter_map(entry).collect()
}

/// From ZWEL0006I to ZWEL0007I, beside a loop that creates the same processes with the same environment.
fn start() {
    for (count, runs) in [(100, 7), (1000, 3)] {
        let instance = instance_of(count, TRIVIAL, "");
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let running = launch(&instance);
            running.wait_for("ZWEL0006I");
            let begun = Instant::now();
            running.wait_for("ZWEL0007I");
            ours.push(begun.elapsed());
            running.wait_for("ZWEL0012I");
            let environment = environment_of_a_component(&instance);
            end(&instance, running);
            let mut commands: Vec<Command> = (0..count).map(|_| shell(TRIVIAL)).collect();
            for command in &mut commands {
                command.env_clear().envs(environment.iter().cloned()).stdout(Stdio::null());
            }
            let begun = Instant::now();
            let mut children: Vec<Child> = commands.iter_mut().map(|command| command.spawn().unwrap()).collect();
            bare.push(begun.elapsed());
            end_all(&mut children);
        }
        let (ours, bare) = (quantile(&mut ours, 0.5), quantile(&mut bare, 0.5));
        let beyond = (ours.as_secs_f64() - bare.as_secs_f64()) * 1000.0 / count as f64;
        println!(
            "start of {count}: {ours:?}, bare loop {bare:?}, ratio {:.2}, {beyond:.3} ms a component beyond it",
            ours.as_secs_f64() / bare.as_secs_f64()
        );
        supervised("s6", count, &|_| {});
        supervised("runit", count, &|_| {});
    }
}

/// The time to have all services of another supervisor running; then what `then` measures with its directory.
fn supervised(name: &str, count: usize, then: &dyn Fn(&Path)) {
    let (program, arguments): (_, &[&str]) = match name {
        // Its default bound is 500 services.
        "s6" => ("/usr/bin/s6-svscan", &["-c", "2000"]),
        _ => ("/usr/bin/runsvdir", &[]),
    };
    if !Path::new(program).exists() {
        println!("skipped: {program} is not installed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for number in 0..count {
        let service = directory.path().join(format!("c{number:04}"));
        fs::create_dir(&service).unwrap();
        fs::write(service.join("run"), format!("#!/bin/sh\n{TRIVIAL}\n")).unwrap();
        fs::set_permissions(service.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .arg(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let up = || fs::read_dir(directory.path()).unwrap().flatten().filter(|entry| service_pid(&entry.path()).is_some()).count() >= count;
    assert!(harness::wait_until(begun + PATIENCE, || up().then_some(())).is_some());
    println!("{name}: start of {count}: {:?}", begun.elapsed());
    then(directory.path());
    kill(Pid::from_raw(child.id() as i32), if name == "s6" { Signal::SIGTERM } else { Signal::SIGHUP }).unwrap();
    child.wait().unwrap();
    for entry in fs::read_dir(directory.path()).unwrap().flatten() {
        if let Some(pid) = service_pid(&entry.path()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
    harness::kill_processes_of(directory.path());
}

/// As `supervise/status` of both tells it.
fn service_pid(service: &Path) -> Option<i32> {
    let status = fs::read(service.join("supervise/status")).ok()?;
    let pid = match status.len() {
        20 => i32::from_le_bytes(status[12..16].try_into().ok()?),
        length if length >= 32 => i32::try_from(u64::from_be_bytes(status[24..32].try_into().ok()?)).ok()?,
        _ => return None,
    };
    (pid > 0).then_some(pid)
}

/// From SIGKILL of a component to the first line of its replacement, beside the first line of a process of its own.
fn replacement() {
    const RUNS: usize = 101;
    let instance = instance_of(1, "echo begun $$; exec sleep 1000", AT_ONCE);
    let running = launch(&instance);
    running.wait_for("begun ");
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 1..=RUNS {
        let line = running.wait_for_count("begun ", round).pop().unwrap();
        let pid: i32 = line.split(' ').nth(1).unwrap().parse().unwrap();
        let begun = Instant::now();
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        running.wait_for_count("begun ", round + 1);
        ours.push(begun.elapsed());
        let begun = Instant::now();
        let mut child = shell("echo begun $$; exec sleep 1000").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        bare.push(begun.elapsed());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (ours, bare) = (quantile(&mut ours, 0.5), quantile(&mut bare, 0.5));
    println!("replacement after SIGKILL: {ours:?}, a bare start {bare:?}, beyond it {:?} (medians of {RUNS})", ours.saturating_sub(bare));
    end(&instance, running);
}

/// 100 killed at once, the last one back.
fn burst() {
    const COUNT: usize = 100;
    let instance = instance_of(COUNT, "echo begun $$; exec sleep 1000", AT_ONCE);
    let running = launch(&instance);
    let mut times = Vec::new();
    for round in 1..=7 {
        let lines = running.wait_for_count("begun ", round * COUNT);
        let pids: Vec<i32> = lines[(round - 1) * COUNT..].iter().map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
        let begun = Instant::now();
        for pid in pids {
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        }
        running.wait_for_count("begun ", (round + 1) * COUNT);
        times.push(begun.elapsed());
    }
    let begun = Instant::now();
    let mut children: Vec<Child> = (0..COUNT).map(|_| shell(TRIVIAL).stdout(Stdio::null()).spawn().unwrap()).collect();
    let bare = begun.elapsed();
    end_all(&mut children);
    println!("{COUNT} killed at once, the last one back: {:?} (median of 7); a bare loop of {COUNT} {bare:?}", quantile(&mut times, 0.5));
    end(&instance, running);
}

/// From P to the end of the launcher.
fn stop() {
    for (count, runs) in [(100, 7), (1000, 3)] {
        let instance = instance_of(count, TRIVIAL, "");
        let mut times = Vec::new();
        for _ in 0..runs {
            let mut running = launch(&instance);
            running.wait_for("ZWEL0012I");
            let job = SystemDirectory::open(Some(&instance.system())).unwrap().jobs().pop().unwrap();
            let begun = Instant::now();
            send(job.directory(), &Request::Stop, Duration::from_secs(5)).unwrap();
            assert_eq!(running.child.wait().unwrap().code(), Some(0));
            times.push(begun.elapsed());
            assert_eq!(running.wait_end(), 0);
        }
        println!("P with {count}: {:?} (median of {runs})", quantile(&mut times, 0.5));
    }
}

fn monotonic() -> u128 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).unwrap();
    Duration::from(now).as_nanos()
}

/// The component of [`delay`]: a line with the time every two milliseconds.
fn emit() {
    let mut out = std::io::stdout();
    loop {
        writeln!(out, "emitted {}", monotonic()).unwrap();
        out.flush().unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// From the write of a line by a component to its arrival at a reader of SYSPRINT.
fn delay() {
    let start = format!("exec '{}' emit", std::env::current_exe().unwrap().display());
    let instance = instance_of(1, &start, "");
    let mut child = instance.launcher(&["lpar1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let (mut delays, mut line) = (Vec::new(), String::new());
    while delays.len() < 1000 {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0);
        if let Some(emitted) = line.strip_prefix("emitted ") {
            let late = monotonic() - emitted.trim().parse::<u128>().unwrap();
            delays.push(Duration::from_nanos(u64::try_from(late).unwrap()));
        }
    }
    println!(
        "a line's delay: {:?} (median), {:?} (99th percentile) of {}",
        quantile(&mut delays, 0.5),
        quantile(&mut delays, 0.99),
        delays.len()
    );
    let reader = std::thread::spawn(move || lines.lines().map_while(Result::ok).count());
    console(&instance.system(), "P ZWESLSTC");
    child.wait().unwrap();
    reader.join().unwrap();
}

/// DISP while components flood, are killed and stopped.
fn answers() {
    let instance = (0..20)
        .fold(Instance::new(), |instance, number| {
            let start = match number {
                0..=3 => "exec yes 'a line of a component that floods SYSPRINT without end, about eighty columns of it'",
                4..=7 => "trap '' TERM; while :; do sleep 1000; done",
                _ => TRIVIAL,
            };
            instance.component(&format!("c{number:04}"), start, "launcher: {restartIntervals: [0], minUptime: 0, stop: {graceSeconds: 1}}")
        })
        .extra("");
    instance.write_config();
    let mut child = instance.launcher(&["lpar1"]).stdout(Stdio::null()).spawn().unwrap();
    let system = SystemDirectory::open(Some(&instance.system())).unwrap();
    let job = harness::wait_until(Instant::now() + PATIENCE, || system.jobs().pop()).unwrap();
    let ask = |text: &str| send(job.directory(), &Request::Modify(text.to_owned()), Duration::from_secs(60));
    let display = || ask("DISP").unwrap().lines.join("\n");
    harness::wait_until(Instant::now() + PATIENCE, || harness::pid_in(&display(), "c0019")).unwrap();
    let mut times = Vec::new();
    for round in 0..500 {
        match round % 10 {
            0 => drop(ask(&format!("START(c{:04})", 4 + round / 10 % 4))),
            3 | 6 | 9 => {
                if let Some(pid) = harness::pid_in(&display(), &format!("c{:04}", 8 + round % 12)) {
                    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                }
            }
            _ => {}
        }
        let begun = Instant::now();
        display();
        times.push(begun.elapsed());
    }
    println!(
        "DISP during floods, kills and stops: {:?} (median), {:?} (99th percentile)",
        quantile(&mut times, 0.5),
        quantile(&mut times, 0.99)
    );
    console(&instance.system(), "P ZWESLSTC");
    child.wait().unwrap();
    harness::kill_processes_of(instance.directory.path());
}

/// Private pages of the launcher, dirty and clean, and of the processes it keeps beside itself.
fn memory() {
    for count in [100, 1000] {
        let instance = instance_of(count, TRIVIAL, "");
        let running = launch(&instance);
        running.wait_for("ZWEL0012I");
        let of = |pid: u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let field = |name: &str| {
                let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
                line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
            };
            (field("Private_Dirty:"), field("Private_Clean:"))
        };
        let (dirty, clean) = of(running.child.id());
        println!("memory with {count}: private dirty {:.1} MiB, private clean {:.1} MiB", dirty as f64 / 1024.0, clean as f64 / 1024.0);
        end(&instance, running);
    }
}

/// Context switches and CPU of all threads of the launcher while nothing happens.
fn idle() {
    let instance = instance_of(100, TRIVIAL, "");
    let running = launch(&instance);
    running.wait_for("ZWEL0012I");
    let look = || {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{}/task", running.child.id())).unwrap().flatten() {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            for line in status.lines().filter(|line| line.contains("ctxt_switches")) {
                let (name, number) = line.split_once(':').unwrap();
                *counts.entry(name.to_owned()).or_default() += number.trim().parse::<i64>().unwrap();
            }
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let ticks: i64 = fields.get(11..13).into_iter().flatten().filter_map(|field| field.parse::<i64>().ok()).sum();
            *counts.entry("CPU ticks".to_owned()).or_default() += ticks;
        }
        counts
    };
    std::thread::sleep(Duration::from_secs(2));
    let before = look();
    std::thread::sleep(Duration::from_secs(10));
    let after = look();
    for (name, number) in after {
        println!("idle for 10 s with 100: {name} {}", number - before.get(&name).copied().unwrap_or_default());
    }
    end(&instance, running);
}
