//! `zwelnch demo`, over pipes and on a pseudo terminal.

use crate::harness::{
    PATIENCE, PortRange, Running, console, kill_processes_of, none_left, pid_in, processes_of, program, settled_program, skip, text,
    wait_until,
};
use crate::terminal::Terminal;
use nix::sys::signal::Signal;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::time::Instant;

struct Demo {
    ports: PortRange,
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Demo {
    fn new() -> Demo {
        let directory = tempfile::Builder::new().prefix("zwelnch it's ").tempdir().unwrap();
        Demo { ports: PortRange::find(), path: directory.path().join("demo dir"), _directory: directory }
    }

    fn command(&self) -> Command {
        let mut command = settled_program();
        command.arg("demo").arg("--dir").arg(&self.path).arg("--port-base").arg(self.ports.base.to_string());
        command.env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM");
        command
    }

    /// Started with a pipe as its standard input.
    fn by_pipes(&self) -> (Running, ChildStdin) {
        let mut command = self.command();
        command.stdin(Stdio::piped());
        let mut running = Running::spawn(command, &self.path);
        let input = running.child.stdin.take().unwrap();
        (running, input)
    }

    fn sysprint(&self) -> String {
        std::fs::read_to_string(self.path.join("spool/ZWESLSTC.STC00001/SYSPRINT")).unwrap_or_default()
    }

    fn wait_sysprint(&self, expected: &str) {
        let found = wait_until(Instant::now() + PATIENCE, || self.sysprint().contains(expected).then_some(()));
        assert!(found.is_some(), "{expected} is missing in\n{}", self.sysprint());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        kill_processes_of(&self.path);
    }
}

#[test]
fn by_pipes_it_reads_commands_and_ends_at_end_of_file() {
    let demo = Demo::new();
    let (mut running, mut input) = demo.by_pipes();
    running.wait_for("$HASP373 ZWESLSTC STARTED");
    demo.wait_sysprint("ZWEL0012I");
    writeln!(input, "F ZWESLSTC,APPL=DISP").unwrap();
    running.wait_for("ZWEL0010I launcher has the following components:");
    for name in ["hello", "pinger", "greeter", "flaky"] {
        running.wait_for(&format!(" {name}, PID = "));
    }
    assert!(!running.all().contains(" toolbox, PID"), "a library is not launched");
    demo.wait_sysprint("it's \"quoted\" and costs $5");
    writeln!(input, "F ZWESLSTC,APPL=START(pinger)").unwrap();
    running.wait_for("ZWEL0923I component pinger is being restarted");
    writeln!(input, "D A,L").unwrap();
    running.wait_for("STC00001");
    drop(input);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    running_is_over(&demo, &running.all());
    // Kept, and usable again.
    assert!(demo.path.join("zowe.yaml").exists());
}

fn running_is_over(demo: &Demo, log: &str) {
    assert!(log.contains("$HASP395 ZWESLSTC ENDED - RC=0000"), "{log}");
    assert!(demo.sysprint().contains("ZWEL0022I"));
    assert!(none_left(&demo.path), "{:?} are left", processes_of(&demo.path));
}

fn pid_of(path: &Path, name: &str) -> Option<i32> {
    pid_in(&console(path, "F ZWESLSTC,APPL=DISP").0, name)
}

#[test]
fn on_a_terminal_it_is_the_operator_console() {
    let demo = Demo::new();
    let mut terminal = Terminal::spawn(demo.command());
    terminal.wait_for("$HASP373 ZWESLSTC STARTED");
    demo.wait_sysprint("ZWEL0012I");
    terminal.type_keys("F ZWESLSTC,APPL=DISP\r");
    terminal.wait_for("ZWEL0010I launcher has the following components:");
    // Completion of the verb, the job and the component's name.
    terminal.forget();
    terminal.type_keys("F ZWES\t");
    terminal.wait_for("ZWESLSTC,APPL=");
    terminal.type_keys("STOP(pin\t");
    terminal.wait_for("STOP(pinger)");
    terminal.type_keys("\r");
    terminal.wait_for("ZWEL0923I component pinger is being stopped");
    terminal.wait_for("ZWEL0002I component pinger stopped");
    // Two commands in one write: nothing that is typed ahead gets lost.
    terminal.forget();
    terminal.type_keys("D T\rF ZWESLSTC,APPL=START(pinger)\r");
    terminal.wait_for("IEE136I");
    terminal.wait_for("ZWEL0001I component pinger started");
    // A component that is killed is back, and the log scrolls while nobody types.
    terminal.forget();
    let old = pid_of(&demo.path, "greeter").unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(old), Signal::SIGKILL).unwrap();
    terminal.wait_for("ZWEL0004I component greeter");
    terminal.wait_for("ZWEL0001I component greeter started");
    terminal.forget();
    terminal.type_keys("\x1b[A\r");
    terminal.wait_for("ZWEL0923I component pinger is being restarted");
    terminal.type_keys("HELP\r");
    terminal.wait_for("start a procedure of PROCLIB");
    terminal.wait_for("this list; leave, what it started is stopped");
    // The history is searched; what is entered is shown once, by SYSLOG.
    terminal.forget();
    terminal.type_keys("\x12st");
    terminal.wait_for("search `st': F ZWESLSTC,APPL=START(pinger)");
    terminal.type_keys("op(");
    terminal.wait_for("search `stop(': F ZWESLSTC,APPL=STOP(pinger)");
    terminal.type_keys("\x07D T\r");
    terminal.wait_for("IEE136I");
    // What SYSLOG shows of a command is bold, with its time.
    terminal.wait_for("          D T\x1b[0m");
    assert_eq!(terminal.seen.lock().unwrap().matches("D T\r\n").count(), 0, "{}", terminal.seen.lock().unwrap());
    // HA instances are those of the configuration that the member names.
    terminal.forget();
    terminal.type_keys("S ZWESLSTC,HA\tlpar\t\t");
    terminal.wait_for("lpar1  lpar2");
    terminal.forget();
    terminal.type_keys("\x03\x03");
    terminal.wait_for("leaves this console and stops the jobs that it has started");
    terminal.type_keys("P ZWESLSTC\r");
    terminal.wait_for("$HASP395 ZWESLSTC ENDED - RC=0000");
    let status = wait_until(Instant::now() + PATIENCE, || {
        // Again and again, because a key typed between two prompts reaches the terminal, not the editor. EIO: it has ended.
        let _ = terminal.master.write_all(b"\x04");
        terminal.child.try_wait().unwrap()
    });
    assert!(status.is_some_and(|status| status.success()), "{}", terminal.seen.lock().unwrap());
    assert!(none_left(&demo.path), "{:?} are left", processes_of(&demo.path));
}

#[test]
fn lpar2_overrides_ports_and_what_is_enabled() {
    let demo = Demo::new();
    let (mut running, mut input) = demo.by_pipes();
    running.wait_for("ZWEL0007I");
    writeln!(input, "S ZWESLSTC,HAINST=lpar2,JOBNAME=ZWE2").unwrap();
    running.wait_for("$HASP373 ZWE2");
    let second = wait_until(Instant::now() + PATIENCE, || {
        Some(console(&demo.path, "F ZWE2,APPL=DISP").0).filter(|answer| answer.contains("pinger"))
    });
    let second = second.unwrap_or_else(|| panic!("{}", running.all()));
    assert!(second.contains("hello") && !second.contains("greeter") && !second.contains("flaky"), "{second}");
    drop(input);
    assert_eq!(running.wait_end(), 0);
    assert!(running.all().contains("$HASP395 ZWE2     ENDED") || running.all().contains("$HASP395 ZWE2 ENDED"), "{}", running.all());
    assert!(none_left(&demo.path), "{:?} are left", processes_of(&demo.path));
}

#[test]
fn a_sysplex_has_two_systems_and_leaves_nothing() {
    let demo = Demo::new();
    let mut command = demo.command();
    command.arg("--sysplex").stdin(Stdio::piped());
    let mut running = Running::spawn(command, &demo.path);
    let mut input = running.child.stdin.take().unwrap();
    running.wait_for("$HASP373 ZWE1SV STARTED");
    let second = demo.path.join("LPR2");
    let up = wait_until(Instant::now() + PATIENCE, || pid_in(&console(&second, "F ZWE1SV2,APPL=DISP").0, "pinger"));
    assert!(up.is_some(), "{}", running.all());
    // Both registries agree, and both gateways forward to what they hold.
    let zwelnch = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.args(arguments).arg("-c").arg(demo.path.join("zowe.yaml")).stdin(Stdio::null());
        command.env("ZWELNCH_SYSTEM", &demo.path).output().unwrap()
    };
    let verified = zwelnch(&["ha", "verify", "--timeout", "60s"]);
    assert!(verified.status.success(), "{}\n{}", text(&verified), running.all());
    let expected = "expected and there: discovery 2, gateway 2, hello 2";
    assert!(text(&verified).contains(expected), "{}", text(&verified));
    let good = wait_until(Instant::now() + PATIENCE, || zwelnch(&["ha", "status"]).status.success().then_some(()));
    assert!(good.is_some(), "{}", text(&zwelnch(&["ha", "status"])));
    // By the configuration's job names, and the answer is shown where the command was typed.
    writeln!(input, "RO *ALL,D A,L").unwrap();
    running.wait_for("LPR2     RESPONSES ---");
    let stopped = zwelnch(&["stop", "-i", "lpar1"]);
    assert!(stopped.status.success() && text(&stopped).starts_with("P ZWE1SV\n"), "{}", text(&stopped));
    running.wait_for("$HASP395 ZWE1SV ENDED - RC=0000");
    assert_eq!(
        text(&zwelnch(&["start", "--all", "--print"])),
        "S ZWESLSTC,HAINST=LPAR1,JOBNAME=ZWE1SV\nRO LPR2,S ZWESLSTC,HAINST=LPAR2,JOBNAME=ZWE1SV2\n"
    );
    drop(input);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert!(running.all().contains("IEE421I RO *ALL,D A,L"), "{}", running.all());
    let log = std::fs::read_to_string(second.join("SYSLOG")).unwrap();
    assert!(log.contains("$HASP395 ZWE1SV2 ENDED - RC=0000"), "{log}");
    assert!(none_left(&demo.path), "{:?} are left", processes_of(&demo.path));
}

fn job(demo: &Demo, id: &str) -> Option<()> {
    demo.path.join("jobs").join(id).join("job.json").exists().then_some(())
}

fn ended_by(child: &mut std::process::Child) -> Option<i32> {
    let status = wait_until(Instant::now() + PATIENCE, || child.try_wait().unwrap());
    std::os::unix::process::ExitStatusExt::signal(&status.expect("it does not end"))
}

#[test]
fn a_key_that_ends_it_ends_what_it_started() {
    // With the line editor Ctrl-C is a key of the editor; without it, it is a signal as everywhere.
    for (term, key, signal) in [("xterm", "\x1c", Signal::SIGQUIT), ("dumb", "\x03", Signal::SIGINT)] {
        let demo = Demo::new();
        let mut terminal = Terminal::session(demo.command(), term);
        terminal.wait_for("$HASP373 ZWESLSTC STARTED");
        demo.wait_sysprint("ZWEL0012I");
        terminal.type_keys(key);
        assert_eq!(ended_by(&mut terminal.child), Some(signal as i32), "{}", terminal.seen.lock().unwrap());
        running_is_over(&demo, &terminal.seen.lock().unwrap());
    }
}

#[test]
fn ended_while_the_instance_starts_it_stops_that_job_and_no_other() {
    let demo = Demo::new();
    let (mut running, input) = demo.by_pipes();
    running.wait_for("ZWEL0007I");
    drop(input);
    assert_eq!(running.wait_end(), 0);
    // Its START is not answered until greeter has been validated, and that lasts.
    let validate = demo.path.join("runtime/components/greeter/bin/validate.sh");
    std::fs::write(&validate, "case $ZWE_haInstance_id in lpar1) echo validating now; exec sleep 1000;; esac\n").unwrap();
    let (mut running, _input) = demo.by_pipes();
    running.wait_for("STC00002 $HASP373 ZWESLSTC STARTED");
    let sysprint = || std::fs::read_to_string(demo.path.join("spool/ZWESLSTC.STC00002/SYSPRINT")).unwrap_or_default();
    let begun = wait_until(Instant::now() + PATIENCE, || sysprint().contains("validating now").then_some(()));
    assert!(begun.is_some(), "{}", sysprint());
    // Another job of the same name, which somebody else has started.
    let (answer, code) = console(&demo.path, "S ZWESLSTC.STC00002,HAINST=lpar2");
    assert_eq!(code, 0, "{answer}");
    running.signal(Signal::SIGTERM);
    assert_eq!(ended_by(&mut running.child), Some(Signal::SIGTERM as i32), "{}", running.all());
    let log = std::fs::read_to_string(demo.path.join("SYSLOG")).unwrap();
    assert!(log.contains("P ZWESLSTC.STC00002") && log.contains("STC00002  $HASP395 ZWESLSTC ENDED"), "{log}");
    assert!(job(&demo, "STC00002").is_none() && job(&demo, "STC00003").is_some(), "{log}");
    let (answer, code) = console(&demo.path, "P ZWESLSTC.STC00003");
    assert_eq!(code, 0, "{answer}");
    assert!(wait_until(Instant::now() + PATIENCE, || none_left(&demo.path).then_some(())).is_some(), "{:?}", processes_of(&demo.path));
}

#[test]
fn a_terminal_that_goes_ends_it_also_when_it_is_suspended() {
    if Command::new("bash").arg("--version").output().is_err() {
        return skip("bash");
    }
    for suspended in [false, true] {
        let demo = Demo::new();
        let mut shell = Command::new("bash");
        shell.args(["--norc", "--noprofile", "-i"]).env("PS1", "$ ").env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM");
        let mut terminal = Terminal::session(shell, "xterm");
        terminal.wait_for("$ ");
        let line = format!("'{}' demo --dir \"{}\" --port-base {}\r", program(), demo.path.display(), demo.ports.base);
        terminal.type_keys(&line);
        terminal.wait_for("$HASP373 ZWESLSTC STARTED");
        demo.wait_sysprint("ZWEL0012I");
        if suspended {
            terminal.forget();
            terminal.type_keys("\x1a");
            terminal.wait_for("Stopped");
        }
        terminal.hang_up();
        let over = wait_until(Instant::now() + PATIENCE, || job(&demo, "STC00001").is_none().then_some(()));
        assert!(over.is_some(), "suspended: {suspended}, {}", demo.sysprint());
        let left = wait_until(Instant::now() + PATIENCE, || none_left(&demo.path).then_some(()));
        assert!(left.is_some(), "{:?} are left", processes_of(&demo.path));
    }
}
