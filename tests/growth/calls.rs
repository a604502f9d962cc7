//! System calls of the launcher, as strace sees them: its threads, and its children up to their exec. What components do is not counted.

use super::{Counts, Figure, TIMES, assert_linear, instance_of, is_linear, tell};
use crate::harness::{Instance, PATIENCE, Running, not_here, processes_of, program_or_skip, settled, text, wait_until};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Components at one time the size.
const SIZE: usize = 20;

/// A part of a count that may be chance: wake-ups that come together or one by one, and, while all components end at once, how often
/// what is
/// left is looked at.
const CHANCE: f64 = 0.05;
const CHANCE_AT_STOP: f64 = 0.15;

/// RELOAD looks at the files of every component, whichever has changed: with so many calls each at most. All else is for the changed
/// one only.
const RELOAD_LOOKS: u64 = 130;

/// strace, if processes may be traced here: a container may forbid it, and nobody who runs tests in it can change that.
fn strace() -> Option<PathBuf> {
    let strace = program_or_skip("strace")?;
    let tried = Command::new(&strace).args(["-f", "-b", "execve", "-o", "/dev/null", "true"]).stdin(Stdio::null()).output().unwrap();
    if tried.status.success() {
        return Some(strace);
    }
    let said = text(&tried);
    let forbidden =
        said.contains("ptrace") && (said.contains("not permitted") || said.contains("denied") || said.contains("not implemented"));
    assert!(forbidden, "strace: {said}");
    not_here("ptrace is not permitted here: no system calls are counted");
    None
}

/// A launcher under strace.
struct Traced<'a> {
    instance: &'a Instance,
    log: PathBuf,
    running: Running,
}

impl Traced<'_> {
    /// `is_heard`: SYSPRINT is kept; else nobody reads it.
    fn up<'a>(strace: &Path, instance: &'a Instance, round: usize, is_heard: bool) -> Traced<'a> {
        let log = instance.path(&format!("strace.{round}"));
        let launcher = instance.launcher(&["lpar1"]);
        let mut command = settled(Command::new(strace));
        // Children are let go at their exec. Several lines of SYSPRINT may be one write.
        command.args(["-f", "-y", "-b", "execve", "-s", if is_heard { "20000" } else { "160" }, "-o"]).arg(&log);
        command.arg(launcher.get_program()).args(launcher.get_args());
        command.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        let directory = instance.directory.path();
        let running = if is_heard { Running::spawn(command, directory) } else { Running::unheard(command, directory) };
        let traced = Traced { instance, log, running };
        if is_heard {
            traced.running.wait_for("ZWEL0012I");
        } else {
            let is_up = || instance.console("F ZWESLSTC,APPL=DISP").0.contains("c0000, PID = ").then_some(());
            assert!(wait_until(Instant::now() + PATIENCE, is_up).is_some());
        }
        // Its answer comes after everything before it.
        traced.mark("UP");
        traced
    }

    /// A command that the launcher does not know, to be found in the log.
    fn mark(&self, mark: &str) {
        let (answer, _) = self.instance.console(&format!("F ZWESLSTC,APPL=MARK{mark}"));
        assert!(!answer.is_empty());
    }

    fn end(mut self) -> Calls {
        self.mark("END");
        self.instance.console("P ZWESLSTC");
        assert_eq!(self.running.wait_end(), 0, "{}", self.running.all());
        Calls::read(&self.log)
    }
}

/// Lines of strace's log.
struct Calls(Vec<String>);

impl Calls {
    fn read(log: &Path) -> Calls {
        Calls(String::from_utf8_lossy(&fs::read(log).unwrap()).lines().map(str::to_owned).collect())
    }

    /// The first line after `from` that has this.
    fn at(&self, from: usize, text: &str) -> usize {
        from + self.0[from..].iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in strace's log"))
    }

    /// Calls between two lines: neither signals, ends of processes, nor the second half of a call that another came between, nor a
    /// look at a
    /// process that is not of this run, of which the machine has as many as it has.
    fn between(&self, from: usize, to: usize) -> u64 {
        let own: BTreeSet<&str> = self.0.iter().filter_map(|line| Some(line.split_once(' ')?.0)).collect();
        let is_foreign = |what: &str| {
            let looked_at = what.split("/proc/").nth(1).and_then(|rest| rest.split(|byte: char| !byte.is_ascii_digit()).next());
            looked_at.is_some_and(|pid| !pid.is_empty() && !own.contains(pid))
        };
        let is_call = |line: &&String| {
            let what = line.split_once(' ').map_or("", |(_, what)| what.trim_start());
            what.starts_with(|first: char| first.is_ascii_lowercase()) && !is_foreign(what)
        };
        self.0[from..to].iter().filter(is_call).count() as u64
    }

    fn prepare(&self) -> u64 {
        self.between(0, self.at(0, "ZWEL0018I"))
    }

    fn start(&self) -> u64 {
        self.between(self.at(0, "ZWEL0018I"), self.at(0, "MARKUP"))
    }

    /// From P to the end.
    fn stop(&self) -> u64 {
        self.between(self.at(0, "MARKEND"), self.0.len())
    }

    /// From one mark to another.
    fn marked(&self, from: &str, to: &str) -> u64 {
        let from = self.at(0, &format!("MARK{from}"));
        self.between(from, self.at(from, &format!("MARK{to}")))
    }
}

/// Prepare all new, prepare unchanged, start, stop, RELOAD of one.
const FIGURES: [(&str, f64); 5] = [
    ("prepare, all new", CHANCE),
    ("prepare, nothing changed", CHANCE),
    ("start", CHANCE),
    ("stop", CHANCE_AT_STOP),
    ("RELOAD of one", CHANCE),
];

fn measure(strace: &Path, components: usize) -> [u64; FIGURES.len()] {
    let instance = instance_of(components, 0, "exec sleep 1000");
    let new = Traced::up(strace, &instance, 1, true).end();
    let traced = Traced::up(strace, &instance, 2, true);
    let yaml = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), yaml.replacen("port: 10001\n", "port: 9999\n", 1)).unwrap();
    traced.mark("BEFORE");
    let before = instance.pid("c0001").unwrap();
    instance.modify("RELOAD");
    let replaced = || instance.pid("c0001").filter(|pid| *pid != before);
    // Asked for until it is there, which costs calls as well: the waiting is not counted.
    traced.running.wait_for_count("ZWEL0001I component c0001 started", 2);
    traced.mark("AFTER");
    assert!(wait_until(Instant::now() + PATIENCE, replaced).is_some());
    let unchanged = traced.end();
    assert!(processes_of(instance.directory.path()).is_empty());
    [new.prepare(), unchanged.prepare(), new.start(), new.stop(), unchanged.marked("BEFORE", "AFTER")]
}

#[test]
fn calls_of_a_run_grow_with_the_components() {
    let Some(strace) = strace() else { return };
    // What looks wrong is measured again: wake-ups are chance, growth is not.
    let mut figures = [[0; 3]; FIGURES.len()];
    for attempt in 1..=3 {
        for (step, times) in TIMES.into_iter().enumerate() {
            for (figure, count) in figures.iter_mut().zip(measure(&strace, times * SIZE)) {
                figure[step] = if attempt == 1 { count } else { figure[step].min(count) };
            }
        }
        if figures.iter().zip(FIGURES).all(|(counts, (_, chance))| is_linear(counts, chance)) {
            break;
        }
        tell(&format!("attempt {attempt}: {figures:?}"));
    }
    let named: Vec<Figure> = FIGURES.into_iter().zip(figures).map(|((name, chance), counts)| (name, counts, chance)).collect();
    assert_linear("calls", SIZE, &named);
    let [one, _, four] = figures[4];
    let each = four.saturating_sub(one) / (3 * SIZE) as u64;
    assert!(each <= RELOAD_LOOKS, "RELOAD of one component makes {each} calls for each of the others: more than {RELOAD_LOOKS}");
}

/// A component that writes so many megabytes of lines, in blocks, while nobody looks at SYSPRINT.
fn relay(strace: &Path, megabytes: usize) -> u64 {
    let instance = instance_of(1, 0, "read go < go; cat lines; echo written > written; exec sleep 1000");
    let directory = instance.component_directory("c0000");
    let line = format!("{}\n", "x".repeat(119));
    fs::write(directory.join("lines"), line.repeat(megabytes * 1024 * 1024 / line.len())).unwrap();
    for fifo in ["go", "written"] {
        nix::unistd::mkfifo(&directory.join(fifo), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let traced = Traced::up(strace, &instance, 1, false);
    traced.mark("BEFORE");
    fs::write(directory.join("go"), "go\n").unwrap();
    // What is in the pipe by then is read before or after the mark: a call or two.
    assert_eq!(fs::read_to_string(directory.join("written")).unwrap(), "written\n");
    traced.mark("AFTER");
    traced.end().marked("BEFORE", "AFTER")
}

/// Calls for a megabyte at most: a read, a write and a wake-up for every 16 KiB. A pipe holds 64.
const CALLS_A_MEGABYTE: u64 = 3 * 64;

#[test]
fn calls_of_the_relay_grow_with_what_is_written_in_blocks() {
    const MEGABYTES: usize = 16;
    let Some(strace) = strace() else { return };
    let counts: Counts = TIMES.map(|times| relay(&strace, times * MEGABYTES));
    assert_linear("calls", MEGABYTES, &[("relay", counts, 0.1)]);
    let each = counts[2].saturating_sub(counts[0]) / (3 * MEGABYTES) as u64;
    assert!(each <= CALLS_A_MEGABYTE, "{each} calls for a megabyte: more than {CALLS_A_MEGABYTE}");
}

/// The calls of a command that ends by itself.
fn command_calls(strace: &Path, instance: &Instance, arguments: &[&str]) -> u64 {
    let log = instance.path("strace.command");
    let launcher = instance.launcher(&[]);
    let mut command = Command::new(strace);
    command.args(["-f", "-b", "execve", "-o"]).arg(&log).arg(launcher.get_program()).args(arguments);
    command.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 8), "{}", text(&output));
    let calls = Calls::read(&log);
    calls.between(0, calls.0.len())
}

#[test]
fn calls_of_check_grow_with_the_components_and_with_the_instances() {
    const SIDE: usize = 6;
    let Some(strace) = strace() else { return };
    let check = |components, instances| command_calls(&strace, &instance_of(components, instances, ":"), &["check"]);
    let by_components = TIMES.map(|times| check(times * SIDE, SIDE));
    let by_instances = TIMES.map(|times| check(SIDE, times * SIDE));
    assert_linear("calls", SIDE, &[("check by components", by_components, 0.01), ("check by HA instances", by_instances, 0.01)]);
}
