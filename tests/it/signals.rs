//! The signals that a caller ignores or blocks, and which of that reaches the launcher and its components: only what `nohup` is for.

use crate::harness::{Instance, PATIENCE, Running, processes_of, program, run_to_end, wait_until};
use nix::libc;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;

/// A caller that ignores these signals and blocks all others that can be blocked.
fn called_with(mut command: Command, ignored: &'static [libc::c_int]) -> Command {
    let set = move || {
        for number in ignored {
            // SAFETY: to ignore a signal installs no handler; it may be done between fork and exec.
            unsafe { libc::signal(*number, libc::SIG_IGN) };
        }
        SigSet::all().thread_set_mask().map_err(Into::into)
    };
    // SAFETY: signal and sigprocmask may be used between fork and exec, and nothing else is.
    unsafe { command.pre_exec(set) };
    command
}

/// A set of signals in /proc/<pid>/status, a bit for each.
fn signals_of(pid: i32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
}

fn bit(signal: Signal) -> u64 {
    1 << (signal as i32 - 1)
}

/// Those that the C library keeps for itself.
const INTERNAL: u64 = 0b11 << 31;

#[test]
fn a_caller_that_ignores_sigchld_changes_nothing() {
    let settings = "launcher: {restartIntervals: [0, 0], readiness: {command: 'true', intervalSeconds: 1}}";
    let instance = Instance::new().component("alpha", "echo up; exec sleep 1000", settings);
    instance.script("alpha", "configure", "export FROM_CONFIGURE=yes\n");
    instance.write_config();
    let command = called_with(instance.launcher(&["lpar1"]), &[libc::SIGCHLD, libc::SIGTERM, libc::SIGUSR1]);
    let mut running = Running::spawn(command, instance.directory.path());
    running.wait_for("ZWEL0901I");
    kill(Pid::from_raw(instance.pid("alpha").unwrap()), Signal::SIGKILL).unwrap();
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    // A caller that blocks or ignores SIGTERM would have made the launcher deaf to it.
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
    assert!(running.all().contains("ZWEL0009I"), "{}", running.all());
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
}

#[test]
fn no_command_of_the_program_is_deaf_for_its_caller() {
    // The console waits for the launcher's initiator, which waits for the job: each has children to hear of.
    let instance = Instance::new().component("alpha", "echo up; exec sleep 1000", "");
    let _running = instance.up();
    let mut console = Command::new(program());
    console.arg("console").arg("--system").arg(instance.system()).arg("D A,L").stdin(std::process::Stdio::null());
    let (code, out) = run_to_end(called_with(console, &[libc::SIGCHLD, libc::SIGPIPE, libc::SIGALRM]));
    assert!(code == 0 && out.contains("ZWESLSTC"), "{code}: {out}");
}

#[test]
fn components_begin_with_every_signal_at_its_default_and_none_blocked() {
    if !std::path::Path::new("/proc/self/status").exists() {
        return crate::harness::skip("no /proc that tells of signals");
    }
    const IGNORED: &[libc::c_int] = &[
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGALRM,
        libc::SIGCHLD,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGWINCH,
        50,
    ];
    let instance = Instance::new().component("alpha", "exec sleep 1000", "").component("beta", "exec sleep 1000", "");
    instance.write_config();
    let running = Running::spawn(called_with(instance.launcher(&["lpar1"]), IGNORED), instance.directory.path());
    running.wait_for("ZWEL0012I");
    let component = instance.pid("beta").unwrap();
    assert_eq!(signals_of(component, "SigIgn") & !INTERNAL, 0);
    assert_eq!(signals_of(component, "SigBlk"), 0);
    // Signals from a terminal stay as the caller set them, for the launcher itself.
    let launcher = i32::try_from(running.child.id()).unwrap();
    let kept = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU];
    let own = [Signal::SIGPIPE, Signal::SIGXFSZ];
    let expected = kept.into_iter().chain(own).map(bit).sum::<u64>();
    assert_eq!(signals_of(launcher, "SigIgn") & !INTERNAL, expected);
    for signal in kept.into_iter().take(3) {
        running.signal(signal);
    }
    assert!(instance.modify("DISP").contains("ready"), "{}", running.all());
    assert!(!running.all().contains("ZWEL0019I"), "{}", running.all());
}

#[test]
fn a_stop_signal_that_a_background_job_ignores_reaches_the_component() {
    let start = "trap 'echo goodbye; exit 0' QUIT\necho up\nwhile :; do sleep 0.1; done";
    let instance = Instance::new().component("alpha", start, "launcher: {stop: {signal: QUIT}}");
    instance.write_config();
    let prototype = instance.launcher(&[]);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "\"$0\" lpar1 & wait", program()]);
    command.env_clear().envs(prototype.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut running = Running::spawn(command, instance.directory.path());
    running.wait_for("ZWEL0012I");
    running.wait_for("up");
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    running.wait_end();
    let out = running.all();
    assert!(out.contains("goodbye") && !out.contains("ZWEL0063W"), "{out}");
}

#[test]
fn one_stop_that_arrives_twice_leaves_the_grace_time() {
    let Some(timeout) = crate::harness::program_or_skip("timeout") else { return };
    // `timeout` signals its child and then the whole group: one stop. The component needs its grace time.
    let start = "trap 'sleep 2; echo in order; exit 0' TERM\necho alpha is up\nwhile :; do sleep 0.1; done";
    let instance = Instance::new().component("alpha", start, "");
    instance.write_config();
    let prototype = instance.launcher(&[]);
    let mut command = Command::new(timeout);
    command.arg("1000").arg(program()).arg("lpar1");
    command.env_clear().envs(prototype.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut running = Running::spawn(command, instance.directory.path());
    running.wait_for("alpha is up");
    running.wait_for("ZWEL0012I");
    running.signal(Signal::SIGTERM);
    running.wait_end();
    let out = running.all();
    assert!(out.contains("in order") && !out.contains("ZWEL0063W"), "{out}");
    assert!(wait_until(Instant::now() + PATIENCE, || processes_of(instance.directory.path()).is_empty().then_some(())).is_some());
}
