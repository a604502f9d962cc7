//! A system off z/OS in which everything but the launcher is real: this very executable plays the initiator (`internal initiator DIR`), the
//! launcher (ZWELNCH_CONTROL_FD is set), a launcher typed in a shell (`shell-job DIR`), the console (`console DIR`) and the test.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zwelnch::mvs::console::{ConsoleEnd, ConsoleOptions, end_by, interactive};
use zwelnch::mvs::{Answer, Programs, issue_with, jcl_member};
use zwelnch::system::{ACCEPTED_CODED, JobDescription, JobKind, Request, SystemDirectory, encode_end, encode_line, read_request};

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("a_started_task_from_s_to_p", a_started_task_from_s_to_p),
    ("modify_and_display", modify_and_display),
    ("cancel_leaves_no_process", cancel_leaves_no_process),
    ("a_launcher_killed_by_a_signal", a_launcher_killed_by_a_signal),
    ("a_condition_code_is_told", a_condition_code_is_told),
    ("a_busy_launcher", a_busy_launcher),
    ("jobs_of_one_name", jobs_of_one_name),
    ("what_starts_nothing", what_starts_nothing),
    ("a_job_whose_initiator_was_killed", a_job_whose_initiator_was_killed),
    ("a_launcher_typed_in_a_shell_is_cancelled", a_launcher_typed_in_a_shell_is_cancelled),
    ("a_console_on_a_pipe_ends_what_it_started", a_console_on_a_pipe_ends_what_it_started),
    ("a_console_that_a_signal_ends_stops_its_own_jobs", a_console_that_a_signal_ends_stops_its_own_jobs),
    ("who_cannot_wait_cancels", who_cannot_wait_cancels),
    ("a_job_that_does_not_end_is_named", a_job_that_does_not_end_is_named),
    ("a_console_on_a_terminal", a_console_on_a_terminal),
    ("a_long_answer_keeps_nobody_from_typing", a_long_answer_keeps_nobody_from_typing),
    ("a_console_gives_its_terminal_back", a_console_gives_its_terminal_back),
    ("a_console_whose_terminal_goes_ends_what_it_started", a_console_whose_terminal_goes_ends_what_it_started),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if std::env::var_os("ZWELNCH_CONTROL_FD").is_some() {
        std::process::exit(launcher());
    }
    match arguments.as_slice() {
        ["internal", "initiator", directory] => std::process::exit(zwelnch::mvs::initiator::run(Path::new(directory))),
        ["shell-job", directory] => shell_job(Path::new(directory)),
        ["console", directory] => console(Path::new(directory)),
        _ => run_tests(&arguments),
    }
}

fn run_tests(arguments: &[&str]) {
    let filters: Vec<&&str> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let list = arguments.contains(&"--list");
    for (name, test) in TESTS {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(**filter)) {
            continue;
        }
        if list {
            println!("{name}: test");
            continue;
        }
        test();
        println!("test {name} ... ok");
    }
}

/// The launcher's part: says on standard output what it was given, then does as it is told.
fn launcher() -> i32 {
    assert_eq!(std::env::var("ZWELNCH_CONTROL_FD").unwrap(), "3");
    println!("ARGUMENTS {:?}", std::env::args().collect::<Vec<_>>());
    for (name, value) in std::env::vars() {
        println!("VARIABLE {name}={value}");
    }
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        if let Ok(target) = fs::read_link(entry.path()) {
            println!("DESCRIPTOR {} {}", entry.file_name().to_string_lossy(), target.display());
        }
    }
    eprintln!("to SYSERR");
    // SAFETY: the initiator has put the control socket there, and nothing else uses it.
    serve(&UnixListener::from(unsafe { OwnedFd::from_raw_fd(3) }))
}

fn serve(listener: &UnixListener) -> i32 {
    let mut kept = Vec::new();
    let mut slow: Option<UnixStream> = None;
    let mut stubborn = false;
    for stream in listener.incoming() {
        let mut stream: UnixStream = stream.unwrap();
        let text = match read_request(&stream, Duration::from_secs(30)) {
            Ok(Some(Request::Stop)) if stubborn => {
                stream.write_all(b"ACCEPTED\nnot now\n").unwrap();
                continue;
            }
            Ok(Some(Request::Stop)) => {
                stream.write_all(b"ACCEPTED\n").unwrap();
                return 0;
            }
            Ok(Some(Request::Modify(text))) => text,
            _ => continue,
        };
        stubborn |= text == "STUBBORN";
        match text.as_str() {
            "HANG" => kept.push(stream),
            "SLOW" => {
                stream.write_all(ACCEPTED_CODED.as_bytes()).unwrap();
                slow = Some(stream);
            }
            "FLUSH" => {
                let answer = encode_line("the late answer", true) + encode_end(true);
                slow.take().unwrap().write_all(answer.as_bytes()).unwrap();
                stream.write_all(b"ACCEPTED\nflushed\n").unwrap();
            }
            "REFUSE" => stream.write_all(b"REJECTED BUSY\n").unwrap(),
            "DIE" => {
                let _ = kill(Pid::this(), Signal::SIGKILL);
            }
            "EXIT" => {
                stream.write_all(b"ACCEPTED\n").unwrap();
                return 12;
            }
            "DAEMON" => {
                // A process in a session of its own whose parent has gone: nothing that a launcher knows of.
                let script = "setsid sh -c 'echo $$; exec sleep 1000 >/dev/null' &";
                let mut child = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
                let mut line = String::new();
                BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
                child.wait().unwrap();
                stream.write_all(format!("ACCEPTED\n{line}").as_bytes()).unwrap();
            }
            other => stream.write_all(format!("ACCEPTED\nyou said {other}\n").as_bytes()).unwrap(),
        }
    }
    1
}

fn shell_job(directory: &Path) {
    let system = SystemDirectory::open(Some(directory)).unwrap();
    let job_id = system.next_job_id().unwrap();
    let description = JobDescription {
        job_name: "SHELLJOB".into(),
        identifier: "SHELLJOB".into(),
        job_id: job_id.clone(),
        kind: JobKind::Shell,
        pid: Pid::this().as_raw(),
    };
    let entry = system.register_job(description).unwrap();
    system.announce_started("SHELLJOB", &job_id).1.unwrap();
    let code = serve(entry.listener());
    entry.end().unwrap();
    std::process::exit(code);
}

fn console(directory: &Path) {
    let system = SystemDirectory::open(Some(directory)).unwrap();
    let options = ConsoleOptions {
        banner: vec!["the banner".into()],
        first_commands: vec!["S ZWESLSTC,HAINST=lpar1".into()],
        stop_at_end: true,
        programs: Some(programs()),
        ..ConsoleOptions::default()
    };
    let outcome = interactive(&system, &options).unwrap();
    // The terminal may have gone.
    let _ = writeln!(std::io::stdout(), "OUTCOME {:?} {:?}", outcome.end, outcome.left);
    if let ConsoleEnd::Signal(signal) = outcome.end {
        std::process::exit(end_by(signal));
    }
    std::process::exit(outcome.exit_code());
}

fn programs() -> Programs {
    Programs::own().unwrap()
}

/// A system with the member ZWESLSTC in its PROCLIB; jobs that a failed test leaves are ended with it.
struct Sys {
    system: SystemDirectory,
    _place: tempfile::TempDir,
}

impl Sys {
    fn new() -> Sys {
        let place = tempfile::tempdir().unwrap();
        let system = SystemDirectory::open(Some(&place.path().join("sys"))).unwrap();
        fs::write(system.proclib().join("ZWESLSTC"), jcl_member(Some("/the/zowe.yaml")).unwrap()).unwrap();
        Sys { system, _place: place }
    }

    fn issue(&self, command: &str) -> Answer {
        issue_with(&self.system, command, &programs())
    }

    fn accepted(&self, command: &str) -> Vec<String> {
        let answer = self.issue(command);
        assert!(answer.accepted && answer.lost.is_none(), "{command}: {answer:#?}");
        answer.lines
    }

    fn refused(&self, command: &str, id: &str) {
        let answer = self.issue(command);
        assert!(!answer.accepted && answer.lines.iter().any(|line| line.starts_with(id)), "{command}, expected {id}: {answer:#?}");
    }

    fn syslog(&self) -> String {
        fs::read_to_string(self.system.syslog()).unwrap_or_default()
    }

    /// Waits until SYSLOG holds a text.
    fn wait_for(&self, text: &str) {
        until(&format!("SYSLOG holds {text:?}"), || if self.syslog().contains(text) { Ok(()) } else { Err(self.syslog()) });
    }

    fn spool(&self, job: &str, file: &str) -> PathBuf {
        self.system.path().join("spool").join(job).join(file)
    }

    fn pid(&self) -> i32 {
        self.system.jobs()[0].pid
    }
}

impl Drop for Sys {
    fn drop(&mut self) {
        for job in self.system.jobs() {
            self.issue(&format!("C {}.{}", job.job_name, job.identifier));
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.system.jobs().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Looks again and again until a condition holds; says what was last seen when it never does.
fn until(what: &str, mut look: impl FnMut() -> Result<(), String>) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match look() {
            Ok(()) => return,
            Err(seen) => assert!(Instant::now() < deadline, "never: {what}; last seen:\n{seen}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn gone(pid: i32) {
    until(&format!("process {pid} is gone"), || match kill(Pid::from_raw(pid), None) {
        Ok(()) => Err(fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default()),
        Err(_) => Ok(()),
    });
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn a_started_task_from_s_to_p() {
    let sys = Sys::new();
    let lines = sys.accepted("s zweslstc,hainst='lpar1'");
    let expected =
        ["$HASP100 ZWESLSTC ON STCINRDR", "IEFC001I", "IEF695I", "$HASP373 ZWESLSTC STARTED", "IEF403I ZWESLSTC - STARTED - TIME="];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{lines:#?}");
    }
    let jobs = sys.system.jobs();
    assert_eq!((jobs.len(), jobs[0].job_id.as_str(), jobs[0].identifier.as_str()), (1, "STC00001", "ZWESLSTC"));
    sys.accepted("F ZWESLSTC,APPL=HELLO");
    let initiator_socket = jobs[0].directory().join("initiator");
    assert_eq!((mode(&initiator_socket), mode(&jobs[0].directory().join("step.json"))), (0o600, 0o600));
    sys.accepted("P ZWESLSTC");
    sys.wait_for("$HASP395 ZWESLSTC ENDED - RC=0000");
    sys.wait_for("IEF404I ZWESLSTC - ENDED");
    assert!(sys.system.jobs().is_empty());
    assert!(!jobs[0].directory().exists());
    for file in ["JESJCL", "SYSPRINT", "SYSERR"] {
        assert_eq!(mode(&sys.spool("ZWESLSTC.STC00001", file)), 0o600, "{file}");
    }
    let sysprint = fs::read_to_string(sys.spool("ZWESLSTC.STC00001", "SYSPRINT")).unwrap();
    for expected in [
        "ARGUMENTS [\"ZWELNCH\", \"lpar1\"]",
        "VARIABLE CONFIG=/the/zowe.yaml",
        "VARIABLE _CEE_RUNOPTS=FILETAG(AUTOCVT,AUTOTAG) POSIX(ON)",
        "VARIABLE JOBNAME=ZWESLSTC",
        "DESCRIPTOR 0 /dev/null",
    ] {
        assert!(sysprint.contains(expected), "{expected}:\n{sysprint}");
    }
    assert!(sysprint.contains(&format!("VARIABLE ZWELNCH_SYSTEM={}", sys.system.path().display())));
    // The control socket, the entry with its lock, and the one that lists them.
    assert_eq!(sysprint.lines().filter(|line| line.starts_with("DESCRIPTOR")).count(), 6, "{sysprint}");
    assert!(sysprint.lines().any(|line| line.starts_with("DESCRIPTOR 4 ") && line.ends_with("/jobs/STC00001")), "{sysprint}");
    assert!(!sysprint.contains("VARIABLE CARGO"), "the console's environment is its own:\n{sysprint}");
    assert_eq!(fs::read_to_string(sys.spool("ZWESLSTC.STC00001", "SYSERR")).unwrap(), "to SYSERR\n");
    let jesjcl = fs::read_to_string(sys.spool("ZWESLSTC.STC00001", "JESJCL")).unwrap();
    assert!(jesjcl.contains("IEFC653I SUBSTITUTION JCL") && jesjcl.contains("POSIX(ON)/lpar1'"), "{jesjcl}");
    sys.refused("P ZWESLSTC", "IEE341I");
}

fn modify_and_display() {
    let sys = Sys::new();
    sys.accepted("S ZWESLSTC.A,JOBNAME=ZWE1");
    assert_eq!(sys.accepted("f zwe1,appl=start(gateway)"), ["you said START(GATEWAY)"]);
    assert_eq!(sys.accepted("f zwe1.a,appl='start(gateway)'"), ["you said start(gateway)"]);
    sys.refused("F ZWE1.B,APPL=X", "IEE341I");
    sys.refused("F ZWE1,START(GATEWAY)", "BPXM029I");
    sys.refused("F ZWE1,APPL=REFUSE", "IEE342I MODIFY REJECTED-TASK BUSY");
    sys.refused("FROB ZWE1", "IEE305I FROB COMMAND INVALID");
    let activity = sys.accepted("D A,L").join("\n");
    assert!(activity.contains("IEE114I") && activity.contains(" ZWE1     A        STC00001 S 20"), "{activity}");
    let job = sys.accepted("D A,ZWE1").join("\n");
    assert!(job.contains(&format!("PID={}", sys.pid())) && job.contains("spool/ZWE1.STC00001"), "{job}");
    sys.refused("D A,NONE", "IEE341I");
    let log = sys.syslog();
    assert!(log.contains("CONSOLE            f zwe1,appl=start(gateway)"), "the command as it was typed:\n{log}");
    assert!(log.contains("ZWE1     STC00001  you said START(GATEWAY)"), "{log}");
    sys.accepted("P ZWE1");
    sys.wait_for("$HASP395 ZWE1 ENDED - RC=0000");
}

fn cancel_leaves_no_process() {
    let sys = Sys::new();
    sys.accepted("S ZWESLSTC");
    let launcher = sys.pid();
    let daemon: i32 = sys.accepted("F ZWESLSTC,APPL=DAEMON")[0].trim().parse().unwrap();
    kill(Pid::from_raw(daemon), None).unwrap();
    assert_eq!(sys.accepted("C ZWESLSTC"), ["IEE301I ZWESLSTC CANCEL COMMAND ACCEPTED"]);
    sys.wait_for("$HASP395 ZWESLSTC ENDED - ABEND=S222");
    assert!(sys.syslog().contains("IEF450I ZWESLSTC ZWELNCH - ABEND=S222 U0000 REASON=00000000"), "{}", sys.syslog());
    gone(launcher);
    gone(daemon);
    sys.refused("C ZWESLSTC", "IEE341I");
}

fn a_launcher_killed_by_a_signal() {
    let sys = Sys::new();
    sys.accepted("S ZWESLSTC");
    let daemon: i32 = sys.accepted("F ZWESLSTC,APPL=DAEMON")[0].trim().parse().unwrap();
    sys.refused("F ZWESLSTC,APPL=DIE", "IEE341I");
    sys.wait_for("$HASP395 ZWESLSTC ENDED - ABEND=SEC6");
    assert!(sys.syslog().contains("REASON=0000FF09"), "{}", sys.syslog());
    gone(daemon);
}

fn a_condition_code_is_told() {
    let sys = Sys::new();
    sys.accepted("S ZWESLSTC");
    sys.accepted("F ZWESLSTC,APPL=EXIT");
    sys.wait_for("$HASP395 ZWESLSTC ENDED - RC=0012");
}

fn a_busy_launcher() {
    let sys = Sys::new();
    sys.accepted("S ZWESLSTC");
    sys.refused("F ZWESLSTC,APPL=HANG", "IEE342I MODIFY REJECTED-TASK BUSY");
    sys.accepted("P ZWESLSTC");
    sys.wait_for("$HASP395 ZWESLSTC ENDED - RC=0000");
}

fn jobs_of_one_name() {
    let sys = Sys::new();
    sys.accepted("S ZWESLSTC.A");
    sys.accepted("S ZWESLSTC.B");
    sys.refused("C ZWESLSTC", "IEE422I");
    assert_eq!(sys.accepted("F ZWESLSTC,APPL=X").len(), 2, "a command goes to every job of the name");
    assert_eq!(sys.accepted("F ZWESLSTC.B,APPL=X").len(), 1);
    sys.accepted("P ZWESLSTC.A");
    sys.wait_for("STC00001  $HASP395 ZWESLSTC ENDED - RC=0000");
    sys.accepted("P B");
    sys.wait_for("STC00002  $HASP395 ZWESLSTC ENDED - RC=0000");
}

fn what_starts_nothing() {
    let sys = Sys::new();
    fs::write(sys.system.proclib().join("BAD"), "//BAD PROC\n// EXEC PGM=ZWELNCH,PARM='open\n").unwrap();
    fs::write(sys.system.proclib().join("OTHER"), "// EXEC PGM=IEFBR14\n").unwrap();
    fs::write(sys.system.proclib().join("NODATA"), "// EXEC PGM=ZWELNCH,PARM='ENVAR(_CEE_ENVFILE=DD:E)/x'\n//E DD PATH='/none'\n").unwrap();
    let bad = sys.issue("S BAD");
    let error = "IEFC627I INCORRECT USE OF APOSTROPHE IN THE OPERAND FIELD AT LINE 2 COLUMN 26";
    assert!(bad.lines.iter().any(|line| line == error), "{bad:#?}");
    for (command, id) in [
        ("S BAD", "IEF452I BAD - JOB NOT RUN - JCL ERROR"),
        ("S NONE", "IEFC612I PROCEDURE NONE WAS NOT FOUND"),
        ("S ZWESLSTC,HAINTS=X", "IEFC657I THE SYMBOL HAINTS WAS NOT USED"),
        ("S OTHER", "CSV003I"),
        ("S NODATA", "IEF212I"),
    ] {
        sys.refused(command, id);
    }
    assert_eq!(fs::read_dir(sys.system.path().join("spool")).unwrap().count(), 0);
    assert!(sys.system.jobs().is_empty());
    // An initiator that cannot run.
    let programs = Programs { launcher: "/none".into(), ..programs() };
    let answer = issue_with(&sys.system, "S ZWESLSTC", &programs);
    assert!(!answer.accepted && answer.lines.last().unwrap().contains("/none"), "{answer:#?}");
    let programs = Programs { initiator: "/none".into(), ..programs };
    let answer = issue_with(&sys.system, "S ZWESLSTC", &programs);
    assert!(!answer.accepted && answer.lines.last().unwrap().starts_with("IEE707I START NOT EXECUTED"), "{answer:#?}");
    assert!(sys.system.jobs().is_empty());
}

fn parent_of(pid: i32) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

fn a_job_whose_initiator_was_killed() {
    let sys = Sys::new();
    sys.accepted("S ZWESLSTC");
    let launcher = sys.pid();
    let initiator = parent_of(launcher);
    kill(Pid::from_raw(initiator), Signal::SIGKILL).unwrap();
    gone(initiator);
    assert_eq!(sys.accepted("F ZWESLSTC,APPL=X"), ["you said X"], "the launcher goes on");
    let lines = sys.accepted("C ZWESLSTC");
    assert!(lines.last().unwrap().contains("ABEND=S222"), "{lines:#?}");
    gone(launcher);
    sys.accepted("S ZWESLSTC");
    let launcher = sys.pid();
    let initiator = parent_of(launcher);
    for pid in [initiator, launcher] {
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        gone(pid);
    }
    assert!(sys.system.jobs().is_empty());
    assert!(sys.syslog().contains("$HASP395 ZWESLSTC ENDED - UNKNOWN"), "{}", sys.syslog());
}

fn a_launcher_typed_in_a_shell_is_cancelled() {
    let sys = Sys::new();
    let start = || -> Child {
        let child = Command::new(std::env::current_exe().unwrap()).arg("shell-job").arg(sys.system.path()).spawn().unwrap();
        until("the job is there", || if sys.system.jobs().is_empty() { Err(sys.syslog()) } else { Ok(()) });
        child
    };
    let mut child = start();
    assert!(sys.accepted("D A,L").join("\n").contains(" SHELLJOB SHELLJOB STC00001 U "));
    let lines = sys.accepted("C SHELLJOB");
    assert!(lines[1].starts_with("IEF450I SHELLJOB") && lines[2] == "$HASP395 SHELLJOB ENDED - ABEND=S222", "{lines:#?}");
    assert!(!child.wait().unwrap().success());
    assert!(sys.system.jobs().is_empty());
    let mut child = start();
    sys.accepted("P SHELLJOB");
    assert!(child.wait().unwrap().success());
    assert!(sys.system.jobs().is_empty());
}

fn a_console_on_a_pipe_ends_what_it_started() {
    let sys = Sys::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("console")
        .arg(sys.system.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"\nF ZWESLSTC,APPL=hello\nHELP\nD A,L\nFROB").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8), "FROB was refused");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut rest = text.as_str();
    for expected in [
        "the banner",
        " S ZWESLSTC,HAINST=lpar1",
        "STC00001 $HASP373 ZWESLSTC STARTED",
        " F ZWESLSTC,APPL=hello",
        "STC00001 you said HELLO",
        "QUIT",
        "IEE114I",
        "IEE305I FROB COMMAND INVALID",
        " P ZWESLSTC.STC00001",
        "STC00001 $HASP395 ZWESLSTC ENDED - RC=0000",
        "OUTCOME EndOfInput []",
    ] {
        let at = rest.find(expected).unwrap_or_else(|| panic!("{expected:?} is missing, or out of order:\n{text}"));
        rest = &rest[at + expected.len()..];
    }
    assert_eq!(text.matches("$HASP373").count(), 1, "each line once:\n{text}");
    assert!(sys.system.jobs().is_empty());
}

/// A console that reads from a pipe, not yet started.
fn piped_command(sys: &Sys) -> Command {
    let mut command = console_command(sys);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command
}

/// A console with the signals of a terminal at their defaults: a caller that runs the tests in the background may ignore them.
fn console_command(sys: &Sys) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("console").arg(sys.system.path());
    let settle = || {
        for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
            // SAFETY: setting a signal to its default installs no handler; it may be done between fork and exec.
            unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: signal may be used between fork and exec, and nothing else is.
    unsafe { command.pre_exec(settle) };
    command
}

/// A console that reads from a pipe, and that pipe.
fn piped(sys: &Sys) -> (Child, std::process::ChildStdin) {
    let mut child = piped_command(sys).spawn().unwrap();
    let input = child.stdin.take().unwrap();
    (child, input)
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

/// The signal that ended a process.
fn ended_by(child: &mut Child) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap())
}

fn a_console_that_a_signal_ends_stops_its_own_jobs() {
    for ending in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
        let sys = Sys::new();
        // Another job of the same name, which says that it is the one that the console will start.
        sys.accepted("S ZWESLSTC.STC00002");
        let (mut child, mut input) = piped(&sys);
        sys.wait_for("STC00002  $HASP373 ZWESLSTC STARTED");
        input.write_all(b"F ZWESLSTC.STC00002,APPL=hello\n").unwrap();
        sys.wait_for("you said HELLO");
        // And a third one, which is older than the end of the console.
        sys.accepted("S ZWESLSTC");
        signal(&child, ending);
        assert_eq!(ended_by(&mut child), Some(ending as i32));
        let ids: Vec<String> = sys.system.jobs().into_iter().map(|job| job.job_id).collect();
        assert_eq!(ids, ["STC00001", "STC00003"], "{ending}: {}", sys.syslog());
        assert!(sys.syslog().contains("STC00002  $HASP395 ZWESLSTC ENDED - RC=0000"), "{ending}: {}", sys.syslog());
        drop(input);
    }
}

fn who_cannot_wait_cancels() {
    let sys = Sys::new();
    let (mut child, mut input) = piped(&sys);
    input.write_all(b"F ZWESLSTC,APPL=STUBBORN\n").unwrap();
    sys.wait_for("you said STUBBORN");
    signal(&child, Signal::SIGINT);
    sys.wait_for("P ZWESLSTC.STC00001");
    sys.wait_for("not now");
    assert!(child.try_wait().unwrap().is_none() && sys.system.jobs().len() == 1, "it waits");
    // SIGHUP hurries nobody: it comes from the system and from the shell.
    signal(&child, Signal::SIGHUP);
    sys.accepted("D T");
    assert!(!sys.syslog().contains("C ZWESLSTC.STC00001"));
    signal(&child, Signal::SIGINT);
    assert_eq!(ended_by(&mut child), Some(Signal::SIGINT as i32));
    assert!(sys.syslog().contains("C ZWESLSTC.STC00001") && sys.system.jobs().is_empty(), "{}", sys.syslog());

    // The third one ends the console at once.
    let (mut child, mut input) = piped(&sys);
    input.write_all(b"F ZWESLSTC,APPL=STUBBORN\n").unwrap();
    sys.wait_for("STC00002  you said STUBBORN");
    signal(&child, Signal::SIGTERM);
    sys.wait_for("STC00002  not now");
    // Again and again, because two that have not arrived are one.
    until("the console has ended", || match child.try_wait().unwrap() {
        Some(_) => Ok(()),
        None => {
            signal(&child, Signal::SIGTERM);
            Err("it runs".to_owned())
        }
    });
    assert_eq!(ended_by(&mut child), Some(Signal::SIGTERM as i32));
    assert_eq!(sys.system.jobs().len(), 1);
    sys.accepted("C STC00002");
}

fn a_job_that_does_not_end_is_named() {
    let sys = Sys::new();
    let mut command = piped_command(&sys);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"F ZWESLSTC,APPL=STUBBORN\n").unwrap();
    sys.wait_for("you said STUBBORN");
    let pid = sys.system.jobs()[0].pid;
    // Its initiator does not take CANCEL either: it is stopped.
    let initiator = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let initiator = initiator.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(initiator), Signal::SIGSTOP).unwrap();
    drop(input);
    sys.wait_for("P ZWESLSTC.STC00001");
    sys.wait_for("not now");
    signal(&child, Signal::SIGINT);
    sys.wait_for("C ZWESLSTC.STC00001");
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(Signal::SIGINT as i32));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ZWEL0964W STC00001 did not end and is left running"), "{text}");
    kill(Pid::from_raw(initiator), Signal::SIGCONT).unwrap();
    sys.wait_for("$HASP395 ZWESLSTC ENDED - ABEND=S222");
}

/// A console on a pseudo terminal.
struct Terminal {
    keyboard: fs::File,
    shown: std::sync::mpsc::Receiver<String>,
    seen: String,
    child: Child,
    reader: std::thread::JoinHandle<()>,
}

impl Terminal {
    fn new(sys: &Sys) -> Terminal {
        let size = nix::pty::Winsize { ws_row: 40, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 };
        let terminal = nix::pty::openpty(Some(&size), None).unwrap();
        for descriptor in [&terminal.master, &terminal.slave] {
            nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        }
        let slave = |descriptor: &OwnedFd| Stdio::from(descriptor.try_clone().unwrap());
        let child = console_command(sys)
            .env("TERM", "xterm")
            .stdin(slave(&terminal.slave))
            .stdout(slave(&terminal.slave))
            // A group that a shell could stop and continue.
            .process_group(0)
            .spawn()
            .unwrap();
        drop(terminal.slave);
        let keyboard = fs::File::from(terminal.master.try_clone().unwrap());
        let mut screen = fs::File::from(terminal.master);
        let (sender, shown) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = screen.read(&mut buffer) {
                if length == 0 || sender.send(String::from_utf8_lossy(&buffer[..length]).into_owned()).is_err() {
                    return;
                }
            }
        });
        Terminal { keyboard, shown, seen: String::new(), child, reader }
    }

    fn expect(&mut self, text: &str) {
        while !self.seen.contains(text) {
            match self.shown.recv_timeout(Duration::from_secs(30)) {
                Ok(more) => self.seen.push_str(&more),
                Err(error) => panic!("{text:?} never came ({error}): {}", self.seen),
            }
        }
        self.seen = self.seen.split_off(self.seen.find(text).unwrap() + text.len());
    }

    fn type_keys(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Whether the terminal echoes and edits lines by itself, as shells want it.
    fn is_cooked(&self) -> bool {
        use nix::sys::termios::LocalFlags;
        let flags = nix::sys::termios::tcgetattr(&self.keyboard).unwrap().local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    fn until_cooked(&self, cooked: bool) {
        until("the terminal's modes", || if self.is_cooked() == cooked { Ok(()) } else { Err(format!("cooked: {}", !cooked)) });
    }
}

fn a_console_gives_its_terminal_back() {
    let sys = Sys::new();
    let mut terminal = Terminal::new(&sys);
    terminal.expect("STARTED - TIME=");
    terminal.type_keys(b"F ZWESLSTC,APPL=a");
    terminal.expect("F ZWESLSTC,APPL=a");
    assert!(!terminal.is_cooked());
    terminal.signal(Signal::SIGTSTP);
    terminal.until_cooked(true);
    terminal.signal(Signal::SIGCONT);
    terminal.until_cooked(false);
    // The line is shown again, and goes on where it was.
    terminal.expect("F ZWESLSTC,APPL=a");
    terminal.type_keys(b"b\r");
    terminal.expect("you said AB");
    terminal.signal(Signal::SIGTERM);
    terminal.expect("\x1b[?2004l");
    assert_eq!(ended_by(&mut terminal.child), Some(Signal::SIGTERM as i32));
    assert!(terminal.is_cooked());
    assert!(sys.syslog().contains("$HASP395 ZWESLSTC ENDED - RC=0000"), "{}", sys.syslog());
    // At its own end.
    let mut terminal = Terminal::new(&sys);
    terminal.expect("STARTED - TIME=");
    terminal.type_keys(b"QUIT\r");
    terminal.expect("OUTCOME Quit []");
    assert!(terminal.child.wait().unwrap().success());
    assert!(terminal.is_cooked());
}

fn a_console_whose_terminal_goes_ends_what_it_started() {
    for hang_up in [true, false] {
        let sys = Sys::new();
        let mut terminal = Terminal::new(&sys);
        terminal.expect("STARTED - TIME=");
        terminal.type_keys(b"F ZWES");
        terminal.expect("F ZWES");
        if hang_up {
            // From the system and from the shell.
            terminal.signal(Signal::SIGHUP);
            terminal.signal(Signal::SIGHUP);
        }
        let Terminal { keyboard, mut child, reader, shown, .. } = terminal;
        drop((keyboard, shown));
        // Shown by the console, it ends the reader, and that has the other half of the terminal.
        sys.accepted("D T");
        sys.wait_for("$HASP395 ZWESLSTC ENDED - RC=0000");
        let status = child.wait().unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert!(if hang_up { signal == Some(Signal::SIGHUP as i32) } else { status.success() }, "{status}");
        reader.join().unwrap();
    }
}

fn a_long_answer_keeps_nobody_from_typing() {
    let sys = Sys::new();
    let mut terminal = Terminal::new(&sys);
    terminal.expect("STARTED - TIME=");
    // The first answer comes when the second command has been carried out: the console must not wait for it.
    terminal.type_keys(b"F ZWESLSTC,APPL=SLOW\rF ZWESLSTC,APPL=FLUSH\r");
    sys.wait_for("flushed");
    terminal.expect("the late answer");
    terminal.type_keys(b"\x04");
    terminal.expect("$HASP395 ZWESLSTC ENDED - RC=0000");
    assert!(terminal.child.wait().unwrap().success());
}

fn a_console_on_a_terminal() {
    let sys = Sys::new();
    let mut terminal = Terminal::new(&sys);
    terminal.expect("STARTED - TIME=");
    terminal.type_keys(b"F ZWES\t");
    terminal.expect("F ZWESLSTC,APPL=");
    // Two commands in one write: nothing of what is typed ahead may get lost.
    terminal.type_keys(b"ahead\rF ZWESLSTC,APPL=hello\r");
    terminal.expect("you said AHEAD");
    terminal.expect("you said HELLO");
    // Nor what is typed while a command is being carried out: this one takes five seconds.
    terminal.type_keys(b"F ZWESLSTC,APPL=HANG\r");
    sys.wait_for("F ZWESLSTC,APPL=HANG");
    terminal.type_keys(b"D T\rF ZWESLSTC,APPL=later");
    terminal.expect("IEE342I MODIFY REJECTED-TASK BUSY");
    terminal.expect("IEE136I");
    terminal.type_keys(b"on\r");
    terminal.expect("you said LATERON");
    // What others do scrolls by while the console waits at its prompt.
    sys.accepted("F ZWESLSTC,APPL=elsewhere");
    terminal.expect("you said ELSEWHERE");
    // Ctrl-C throws the line away, the arrow brings the last command back.
    terminal.type_keys(b"FROB");
    terminal.expect("FROB");
    terminal.type_keys(b"\x03\x1b[A\r");
    terminal.expect("you said LATERON");
    terminal.type_keys(b"\x04");
    terminal.expect("$HASP395 ZWESLSTC ENDED - RC=0000");
    terminal.expect("OUTCOME EndOfInput []");
    assert!(terminal.child.wait().unwrap().success());
    let history = sys.system.path().join("history");
    assert_eq!(mode(&history), 0o600);
    assert!(fs::read_to_string(history).unwrap().contains("F ZWESLSTC,APPL=hello"));
}
