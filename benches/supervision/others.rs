//! Other supervisors that are installed, with the same shells and the same environment: dinit, s6 and runit.

use crate::bare::{Arrivals, PATIENCE, is_gone};
use crate::harness;
use crate::ours::{children_of, name, pss};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Dinit,
    S6,
    Runit,
}

pub(crate) const ALL: [Kind; 3] = [Kind::Dinit, Kind::S6, Kind::Runit];

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Dinit => "dinit",
            Kind::S6 => "s6",
            Kind::Runit => "runit",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Kind::Dinit => "dinit",
            Kind::S6 => "s6-svscan",
            Kind::Runit => "runsvdir",
        }
    }

    /// Where it is; None: it is not installed.
    pub(crate) fn installed(self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
        directories.map(|directory| directory.join(self.program())).find(|path| path.is_file())
    }
}

/// The directory of its services.
pub(crate) struct Services {
    kind: Kind,
    directory: tempfile::TempDir,
    pub(crate) arrivals: Arrivals,
}

/// It runs; killed with its services when dropped.
pub(crate) struct Supervised<'a> {
    kind: Kind,
    pub(crate) services: &'a mut Services,
    child: Child,
    pids: Vec<Pid>,
}

impl Services {
    pub(crate) fn new(kind: Kind, count: usize) -> Services {
        let directory = tempfile::tempdir().unwrap();
        let arrivals = Arrivals::new(directory.path());
        let all = directory.path().join("services");
        fs::create_dir(&all).unwrap();
        let script = directory.path().join("run");
        fs::write(&script, arrivals.script()).unwrap();
        for number in 0..count {
            if kind == Kind::Dinit {
                let text = format!(
                    "type = process\ncommand = /bin/sh {}\nrestart = true\nrestart-delay = 0\nrestart-limit-interval = 0\n",
                    script.display()
                );
                fs::write(all.join(name(number)), text).unwrap();
                continue;
            }
            let service = all.join(name(number));
            fs::create_dir(&service).unwrap();
            fs::write(service.join("run"), format!("#!/bin/sh\n{}\n", arrivals.script())).unwrap();
            fs::set_permissions(service.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        }
        if kind == Kind::Dinit {
            let waits: String = (0..count).map(|number| format!("waits-for = {}\n", name(number))).collect();
            fs::write(all.join("boot"), format!("type = internal\n{waits}")).unwrap();
        }
        Services { kind, directory, arrivals }
    }

    /// Starts it and waits until all services run: the time since exec.
    pub(crate) fn start(&mut self, count: usize, environment: &[CString]) -> (Supervised<'_>, Duration) {
        let all = self.directory.path().join("services");
        let mut command = Command::new(self.kind.installed().unwrap());
        match self.kind {
            Kind::Dinit => command
                .args(["-u", "-q", "-l", "/dev/null", "-p"])
                .arg(self.directory.path().join("socket"))
                .arg("-d")
                .arg(&all)
                .arg("boot"),
            // Its default bound is 500 services.
            Kind::S6 => command.args(["-c", "10000"]).arg(&all),
            Kind::Runit => command.arg(&all),
        };
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for entry in environment {
            let (name, value) = entry.to_bytes().split_at(entry.to_bytes().iter().position(|byte| *byte == b'=').unwrap_or_default());
            command.env(std::ffi::OsStr::from_bytes(name), std::ffi::OsStr::from_bytes(value.get(1..).unwrap_or_default()));
        }
        let begun = Instant::now();
        let child = command.spawn().unwrap();
        let pids = self.arrivals.wait(count);
        let elapsed = begun.elapsed();
        (Supervised { kind: self.kind, services: self, child, pids }, elapsed)
    }
}

impl Supervised<'_> {
    /// Kills so many services and waits until as many run again: the time from the first kill.
    pub(crate) fn replace(&mut self, count: usize) -> Duration {
        let killed: Vec<Pid> = self.pids.drain(..count).collect();
        let begun = Instant::now();
        for pid in killed {
            kill(pid, Signal::SIGKILL).unwrap();
        }
        let back = self.services.arrivals.wait(count);
        let elapsed = begun.elapsed();
        self.pids.extend(back);
        elapsed
    }

    /// Of it and the processes it keeps beside itself, without the services, MiB.
    pub(crate) fn memory(&self) -> f64 {
        let own =
            |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| ["s6-supervise", "runsv"].contains(&name.trim()));
        pss(self.child.id()) + children_of(self.child.id()).iter().filter(|pid| own(pid)).map(|pid| pss(*pid)).sum::<f64>()
    }

    /// From the request to end until it has ended with all services.
    pub(crate) fn stop(mut self) -> Duration {
        let signal = if self.kind == Kind::Runit { Signal::SIGHUP } else { Signal::SIGTERM };
        let begun = Instant::now();
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        self.child.wait().unwrap();
        // runit's does not wait for its services.
        let gone = || self.pids.iter().all(|pid| is_gone(*pid)).then_some(());
        harness::wait_until(begun + PATIENCE, gone).unwrap();
        begun.elapsed()
    }
}

impl Drop for Supervised<'_> {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        harness::kill_processes_of(self.services.directory.path());
        for pid in &self.pids {
            let _ = kill(*pid, Signal::SIGKILL);
        }
    }
}
