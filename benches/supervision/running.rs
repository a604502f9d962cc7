//! Starting, replacing, stopping, memory, RELOAD, and what happens while nothing happens.

use crate::bare::{PATIENCE, Shells};
use crate::others::{self, Kind, Services};
use crate::ours::{AT_ONCE, Ours, name, pss};
use crate::sample::{Sample, ms, tell};
use nix::sys::signal::{Signal, kill};
use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// What is measured of so many components in one go, milliseconds and MiB.
#[derive(Default)]
pub(crate) struct Life {
    /// From exec to the last child running.
    pub(crate) start: Sample,
    /// The same from ZWEL0006I.
    pub(crate) start_only: Sample,
    pub(crate) start_bare: Sample,
    /// The same bare work once more in each round: how far it is from the first is the machine's noise.
    pub(crate) start_bare_again: Sample,
    /// From exec to ZWEL0018I, with no workspace, and with that of the run before.
    pub(crate) prepare_new: Sample,
    pub(crate) prepare_unchanged: Sample,
    /// The files of the workspace written anew, and read, by nothing but system calls.
    pub(crate) write_bare: Sample,
    pub(crate) read_bare: Sample,
    pub(crate) stop: Sample,
    pub(crate) stop_bare: Sample,
    /// From the write of the configuration to the changed component running.
    pub(crate) reload: Sample,
    /// All killed at once, at most a hundred: the last one back.
    pub(crate) burst: Sample,
    pub(crate) burst_bare: Sample,
    pub(crate) launcher: Sample,
    pub(crate) guardian: Sample,
    /// Of the shells that each supervisor has.
    pub(crate) others: Vec<(Kind, Other)>,
}

#[derive(Default)]
pub(crate) struct Other {
    pub(crate) start: Sample,
    pub(crate) stop: Sample,
    pub(crate) burst: Sample,
    pub(crate) memory: Sample,
}

/// The life of so many components, in turn with the same work done bare and by others.
pub(crate) fn life(count: usize, rounds: usize) -> Life {
    let mut life = Life { others: others::ALL.map(|kind| (kind, Other::default())).into(), ..Life::default() };
    for round in 0..rounds {
        // With another name for each round: nothing of the run before is left.
        let mut ours = Ours::new(count, AT_ONCE);
        let environment = ours_in_turn(&mut ours, count, &mut life);
        let script = ours.arrivals.script();
        for bare in [&mut life.start_bare, &mut life.start_bare_again] {
            let mut shells = Shells::new("/bin/sh", &script, &environment);
            let begun = Instant::now();
            for _ in 0..count {
                shells.spawn();
            }
            let pids = ours.arrivals.wait(count);
            bare.add(ms(begun.elapsed()));
            let killed = &pids[..count.min(100)];
            let begun = Instant::now();
            shells.replace(killed);
            ours.arrivals.wait(killed.len());
            life.burst_bare.add(ms(begun.elapsed()));
            let begun = Instant::now();
            shells.stop();
            life.stop_bare.add(ms(begun.elapsed()));
        }
        drop(ours);
        for (kind, other) in &mut life.others {
            // They are no more than a comparison: large numbers once.
            if kind.installed().is_none() || (count > 1000 && round > 0) {
                continue;
            }
            let mut services = Services::new(*kind, count);
            let (mut supervised, start) = services.start(count, &environment);
            other.start.add(ms(start));
            other.memory.add(supervised.memory());
            other.burst.add(ms(supervised.replace(count.min(100))));
            other.stop.add(ms(supervised.stop()));
        }
    }
    life
}

/// Two runs of ours: one with everything new, one with nothing changed. The environment that its components have.
fn ours_in_turn(ours: &mut Ours, count: usize, life: &mut Life) -> Vec<CString> {
    let workspace = ours.instance.path("workspace");
    let mut launched = ours.launch();
    let (pids, elapsed) = launched.arrived(count);
    let begun = launched.begun.1;
    life.start.add(ms(elapsed));
    let prepared = launched.said_after("ZWEL0018I", begun);
    life.prepare_new.add(ms(prepared));
    life.start_only.add(ms(elapsed.saturating_sub(launched.said_after("ZWEL0006I", begun))));
    let environment = launched.environment(pids[0]);
    life.stop.add(ms(launched.stop()));
    let (write, read) = files_bare(&workspace);
    life.write_bare.add(ms(write));
    life.read_bare.add(ms(read));

    let mut launched = ours.launch();
    let (mut pids, _) = launched.arrived(count);
    let begun = launched.begun.1;
    life.prepare_unchanged.add(ms(launched.said_after("ZWEL0018I", begun)));
    launched.said("ZWEL0012I");
    life.launcher.add(pss(launched.child.id()));
    life.guardian.add(launched.guardian().map_or(f64::NAN, pss));
    let killed = pids.split_off(count - count.min(100));
    let begun = Instant::now();
    for pid in &killed {
        kill(*pid, Signal::SIGKILL).unwrap();
    }
    launched.ours.arrivals.wait(killed.len());
    life.burst.add(ms(begun.elapsed()));
    life.reload.add(ms(reload(&mut launched)));
    life.stop.add(ms(launched.stop()));
    environment
}

/// RELOAD with one component changed: until it runs again, and no other was touched.
fn reload(launched: &mut crate::ours::Launched<'_>) -> Duration {
    let config = launched.ours.instance.config();
    let yaml = fs::read_to_string(&config).unwrap();
    fs::write(&config, yaml.replacen("  c0001:\n", "  c0001:\n    port: 9999\n", 1)).unwrap();
    let begun = Instant::now();
    let answer = launched.modify("RELOAD");
    let pids = launched.ours.arrivals.wait(1);
    let elapsed = begun.elapsed();
    // It may run before the launcher knows.
    let knows = || (crate::harness::pid_in(&launched.modify("DISP"), &name(1)) == Some(pids[0].as_raw())).then_some(());
    assert!(crate::harness::wait_until(Instant::now() + PATIENCE, knows).is_some(), "{answer}");
    assert_eq!(launched.ours.arrivals.more(), 0, "others were restarted as well");
    elapsed
}

/// What is in a directory, written to another one and read, with as few system calls as that takes.
fn files_bare(directory: &Path) -> (Duration, Duration) {
    fn files(directory: &Path, below: &Path, found: &mut Vec<(std::path::PathBuf, Option<Vec<u8>>)>) {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            let (path, to) = (entry.path(), below.join(entry.file_name()));
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => {
                    found.push((to.clone(), None));
                    files(&path, &to, found);
                }
                kind if kind.is_file() => found.push((to, Some(fs::read(path).unwrap()))),
                _ => {}
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    files(directory, to.path(), &mut all);
    let begun = Instant::now();
    for (path, content) in &all {
        match content {
            None => fs::create_dir(path).unwrap(),
            Some(content) => fs::write(path, content).unwrap(),
        }
    }
    let write = begun.elapsed();
    let begun = Instant::now();
    for (path, content) in &all {
        if let Some(content) = content {
            assert_eq!(fs::read(path).unwrap().len(), content.len());
        }
    }
    (write, begun.elapsed())
}

/// [`life`] of 100 and 1,000, told.
pub(crate) fn lives() {
    for (count, rounds) in [(100, 7), (1000, 3)] {
        let life = life(count, rounds);
        let others =
            |of: fn(&Other) -> &Sample| life.others.iter().map(|(kind, other)| (kind.name(), of(other).clone())).collect::<Vec<_>>();
        let none = Sample::default();
        tell(
            &format!("start of {count}, from exec to the last running"),
            "ms",
            &life.start,
            &life.start_bare,
            &others(|other| &other.start),
        );
        tell(&format!("start of {count}, from ZWEL0006I"), "ms", &life.start_only, &life.start_bare, &[]);
        tell(&format!("the bare start of {count} once more"), "ms", &life.start_bare_again, &life.start_bare, &[]);
        tell(
            &format!("{} of {count} killed at once, the last one back", count.min(100)),
            "ms",
            &life.burst,
            &life.burst_bare,
            &others(|other| &other.burst),
        );
        tell(&format!("stop of {count}"), "ms", &life.stop, &life.stop_bare, &others(|other| &other.stop));
        tell(&format!("prepare of {count}, all new; bare: the same files written"), "ms", &life.prepare_new, &life.write_bare, &[]);
        tell(
            &format!("prepare of {count}, nothing changed; bare: the same files read"),
            "ms",
            &life.prepare_unchanged,
            &life.read_bare,
            &[],
        );
        tell(&format!("RELOAD of one of {count}"), "ms", &life.reload, &none, &[]);
        tell(&format!("memory with {count}, launcher"), "MiB", &life.launcher, &none, &others(|other| &other.memory));
        tell(&format!("memory with {count}, guardian"), "MiB", &life.guardian, &none, &[]);
    }
}

/// From SIGKILL of a component to its replacement running, beside the same by hand and by others.
pub(crate) fn replacement() {
    const ROUNDS: usize = 101;
    let mut ours = Ours::new(1, AT_ONCE);
    let script = ours.arrivals.script();
    replaced("SIGKILL to replacement", &mut ours, ("/bin/sh", &script), ROUNDS, true);
}

fn replaced(what: &str, ours: &mut Ours, (shell, script): (&str, &str), rounds: usize, with_others: bool) {
    let mut launched = ours.launch();
    let (pids, _) = launched.arrived(1);
    let environment = launched.environment(pids[0]);
    let mut pid = pids[0];
    let mut shells = Shells::new(shell, script, &environment);
    let (mut of_ours, mut of_bare) = (Sample::default(), Sample::default());
    let mut by_hand = shells.spawn();
    launched.ours.arrivals.wait(1);
    for _ in 0..rounds {
        let begun = Instant::now();
        kill(pid, Signal::SIGKILL).unwrap();
        pid = launched.ours.arrivals.wait(1)[0];
        of_ours.add(ms(begun.elapsed()));
        let begun = Instant::now();
        shells.replace(&[by_hand]);
        by_hand = launched.ours.arrivals.wait(1)[0];
        of_bare.add(ms(begun.elapsed()));
    }
    drop(shells);
    launched.stop();
    let mut others = Vec::new();
    for kind in others::ALL.into_iter().filter(|kind| with_others && kind.installed().is_some()) {
        let mut services = Services::new(kind, 1);
        let (mut supervised, _) = services.start(1, &environment);
        let mut sample = Sample::default();
        // s6 and runit let a service begin once a second.
        (0..if kind == Kind::Dinit { rounds } else { 3 }).for_each(|_| sample.add(ms(supervised.replace(1))));
        supervised.stop();
        others.push((kind.name(), sample));
    }
    tell(what, "ms", &of_ours, &of_bare, &others);
}

/// Functions of a library in Zowe's shape: `bin/libs/configmgr-index.sh` sources the others.
const LIBRARIES: usize = 8;
const FUNCTIONS: usize = 60;

/// A start script that sources `bin/libs`, from SIGKILL to the server that it becomes, beside the shell alone with the same text.
pub(crate) fn ready() {
    let mut ours = Ours::new(1, AT_ONCE);
    let libs = ours.instance.runtime().join("bin/libs");
    fs::create_dir_all(&libs).unwrap();
    let mut index = String::new();
    for library in 0..LIBRARIES {
        let function = |number: usize| {
            format!(
                "lib{library}_function{number}() {{\n  value=\"${{1:-}}\"\n  if [ -z \"$value\" ]; then\n    echo \"nothing given\" >&2\n    return 1\n  fi\n  echo \"$value\" | sed -e 's/a/b/'\n}}\n"
            )
        };
        let file = libs.join(format!("lib{library}.sh"));
        fs::write(&file, (0..FUNCTIONS).map(function).collect::<String>()).unwrap();
        index += &format!(". '{}'\n", file.display());
    }
    ours.instance.library(&index);
    let script = format!(". '{}'\n{}", libs.join("configmgr-index.sh").display(), ours.arrivals.script());
    let directory = ours.instance.component_directory(&name(0));
    fs::write(directory.join("bin/start.sh"), &script).unwrap();
    // What the launcher gives the shell: the library, then the script, which sources it as well.
    let bare = format!(
        ". '{}'\ncd '{}' || exit 1\n. '{}'\n",
        libs.join("configmgr-index.sh").display(),
        directory.display(),
        directory.join("bin/start.sh").display()
    );
    // Functions of Zowe's libraries have names that only bash takes: where they are, the launcher gives scripts to bash.
    let shell = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].into_iter().find(|path| Path::new(path).exists());
    let shell = shell.unwrap_or("/bin/sh");
    replaced("SIGKILL to ready of a start script that sources bin/libs", &mut ours, (shell, &bare), 31, false);
}

/// Context switches of all threads of the launcher, and of the guardian, while nothing happens.
pub(crate) fn idle() {
    const COUNT: usize = 100;
    const SECONDS: u64 = 30;
    let mut ours = Ours::new(COUNT, "");
    let mut launched = ours.launch();
    launched.arrived(COUNT);
    launched.said("ZWEL0012I");
    let guardian = launched.guardian();
    let look = || [Some(launched.child.id()), guardian].map(|pid| pid.map_or(0, wake_ups));
    // What the start has left to do: no event tells its end.
    std::thread::sleep(Duration::from_secs(2));
    let before = look();
    std::thread::sleep(Duration::from_secs(SECONDS));
    let after = look();
    println!("wake-ups in {SECONDS} s with {COUNT}: launcher {}, guardian {}", after[0] - before[0], after[1] - before[1]);
    launched.stop();
}

/// Voluntary context switches of all threads: each wait that ended.
fn wake_ups(pid: u32) -> i64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let status = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    status.filter_map(|text| text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<i64>().ok())).sum()
}
