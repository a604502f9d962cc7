//! The launcher with so many components that do nothing, SYSPRINT being a file.

use crate::bare::{Arrivals, PATIENCE, environment_of};
use crate::harness::{self, Instance};
use nix::unistd::Pid;
use std::ffi::CString;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime};
use zwelnch::system::{Request, SystemDirectory, send};

/// At once and for ever, for all: a setting of each would be variables in the environment of all.
pub(crate) const AT_ONCE: &str = "restartIntervals: [0]\nminUptime: 0";

/// An instance whose components say when they run.
pub(crate) struct Ours {
    pub(crate) instance: Instance,
    pub(crate) arrivals: Arrivals,
}

/// A running launcher of it. When dropped, it is killed with all that it has started.
pub(crate) struct Launched<'a> {
    pub(crate) ours: &'a mut Ours,
    pub(crate) child: Child,
    pub(crate) begun: (Instant, SystemTime),
    sysprint: PathBuf,
}

pub(crate) fn name(number: usize) -> String {
    format!("c{number:04}")
}

impl Ours {
    /// `settings`: lines below `components.launcher`, in YAML.
    pub(crate) fn new(count: usize, settings: &str) -> Ours {
        let instance = Instance::new().component("launcher", "", settings);
        let arrivals = Arrivals::new(instance.directory.path());
        let script = arrivals.script();
        let instance = (0..count).fold(instance, |instance, number| instance.component(&name(number), &script, ""));
        instance.write_config();
        Ours { instance, arrivals }
    }

    pub(crate) fn launch(&mut self) -> Launched<'_> {
        let sysprint = self.instance.path("SYSPRINT");
        let out = File::create(&sysprint).unwrap();
        let mut launcher = self.instance.launcher(&["lpar1"]);
        launcher.stdout(out.try_clone().unwrap()).stderr(out);
        let begun = (Instant::now(), SystemTime::now());
        let child = launcher.spawn().unwrap();
        Launched { ours: self, child, begun, sysprint }
    }
}

impl Launched<'_> {
    pub(crate) fn sysprint(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.sysprint).unwrap()).into_owned()
    }

    /// Waits until so many components run: which, and the time since exec.
    pub(crate) fn arrived(&mut self, count: usize) -> (Vec<Pid>, Duration) {
        let pids = self.ours.arrivals.wait(count);
        (pids, self.begun.0.elapsed())
    }

    /// Waits for a line with this.
    pub(crate) fn said(&mut self, id: &str) -> String {
        let mut ended = false;
        let found = harness::wait_until(Instant::now() + PATIENCE, || {
            let text = self.sysprint();
            let found = text.lines().find(|line| line.contains(id)).map(str::to_owned);
            assert!(found.is_some() || !ended, "the launcher has ended without {id}:\n{text}");
            ended = matches!(self.child.try_wait(), Ok(Some(_)));
            found
        });
        found.unwrap_or_else(|| panic!("no {id}"))
    }

    /// How long after `time` the launcher has said this, by the stamp of its line. Less than a quarter of an hour: time zones do
    /// not matter.
    pub(crate) fn said_after(&mut self, id: &str, time: SystemTime) -> Duration {
        let line = self.said(id);
        let clock = line.split(' ').nth(1).unwrap();
        let numbers: Vec<u64> = clock.split([':', '.']).map(|part| part.parse().unwrap()).collect();
        let [_, minutes, seconds, milliseconds] = numbers[..] else { panic!("{line}") };
        let stamp = Duration::from_millis((minutes * 60 + seconds) * 1000 + milliseconds);
        let quarter = Duration::from_secs(900).as_nanos();
        let before = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() % quarter;
        let after = (stamp.as_nanos() % quarter + quarter - before) % quarter;
        // The stamp is cut to milliseconds: what came at once lies before.
        if after > quarter - 1_000_000 { Duration::ZERO } else { Duration::from_nanos(after as u64) }
    }

    fn job(&self) -> PathBuf {
        let system = SystemDirectory::open(Some(&self.ours.instance.system())).unwrap();
        let job = harness::wait_until(Instant::now() + PATIENCE, || system.jobs().pop()).unwrap();
        job.directory().to_path_buf()
    }

    pub(crate) fn modify(&self, text: &str) -> String {
        send(&self.job(), &Request::Modify(text.to_owned()), PATIENCE).unwrap().lines.join("\n")
    }

    /// What a component is given besides what it says itself.
    pub(crate) fn environment(&self, pid: Pid) -> Vec<CString> {
        environment_of(pid)
    }

    /// From P to the end of the launcher.
    pub(crate) fn stop(mut self) -> Duration {
        self.said("ZWEL0012I");
        let job = self.job();
        let begun = Instant::now();
        send(&job, &Request::Stop, PATIENCE).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.sysprint());
        begun.elapsed()
    }

    /// The guardian: the child of the launcher that is one.
    pub(crate) fn guardian(&self) -> Option<u32> {
        children_of(self.child.id())
            .into_iter()
            .find(|pid| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|text| String::from_utf8_lossy(&text).contains("guardian")))
    }
}

impl Drop for Launched<'_> {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
            harness::kill_processes_of(self.ours.instance.directory.path());
        }
    }
}

/// The processes whose parent this is.
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// The proportional share of a process in memory, MiB.
pub(crate) fn pss(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
