//! `zwelnch panel` on a pseudo terminal, as another program's terminal (the crate vt100) shows it.

use crate::harness::{Instance, PATIENCE, PortRange, console, kill_processes_of, none_left, not_here, settled_program, text, wait_until};
use crate::system::Installed;
use crate::terminal::Terminal;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const SIZE: (u16, u16) = (24, 80);

/// An instance of two components, as a job of its system.
fn started() -> Installed {
    let system = Installed::new(
        Instance::new()
            .component("alpha", "echo alpha is up; exec sleep 1000", "launcher: {readiness: 'is up'}")
            .component("beta", "echo beta is up; exec sleep 1000", "port: 17123")
            .extra("haInstances:\n  lpar1: {hostname: a}\n"),
    );
    let (answer, code) = system.issue("S ZWESLSTC,HAINST=lpar1");
    assert_eq!(code, 0, "{answer}");
    system.wait_sysprint("ZWEL0012I");
    system
}

fn command(arguments: &[&str]) -> Command {
    let mut command = settled_program();
    command.args(arguments).env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").env_remove("NO_COLOR");
    command
}

fn panel_of(system: &Installed) -> Terminal {
    let directory = system.0.system();
    Terminal::on(command(&["panel", "--system", directory.to_str().unwrap()]), "xterm-256color", SIZE, None)
}

/// What `zwelnch status` says of a component.
fn status(system: &Installed, name: &str) -> Value {
    let output = command(&["status", "--format", "json", "--system"]).arg(system.0.system()).output().unwrap();
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
    all.into_iter().find(|component| component["name"] == name).unwrap()
}

/// The terminal has ended its work for the panel as it was before: modes, screen and cursor.
fn assert_given_back(terminal: &Terminal) {
    let usual = tcgetattr(&nix::pty::openpty(None, None).unwrap().slave).unwrap();
    let found = tcgetattr(&terminal.master).unwrap();
    assert_eq!((found.local_flags, found.input_flags, found.output_flags), (usual.local_flags, usual.input_flags, usual.output_flags));
    let shown =
        wait_until(Instant::now() + PATIENCE, || Some(terminal.shown()).filter(|shown| !shown.screen().alternate_screen())).unwrap();
    assert!(!shown.screen().hide_cursor());
}

#[test]
fn an_instance_is_watched_and_operated() {
    let system = started();
    let mut terminal = panel_of(&system);
    let pid = status(&system, "alpha")["pid"].to_string();
    // The rows are those of the instance; what it listens on is in its configuration, and memory comes from the system.
    let row = |screen: &str, name: &str| screen.lines().find(|line| line.contains(&format!(" {name} "))).unwrap_or_default().to_owned();
    let has = |row: &str, word: &str| row.split_whitespace().any(|found| found == word);
    let screen = terminal.wait_screen(|screen| {
        let (alpha, beta) = (row(screen, "alpha"), row(screen, "beta"));
        has(&alpha, "ready") && has(&alpha, &pid) && has(&beta, "17123") && has(&beta, "ready")
    });
    assert!(screen.starts_with("ZWESLSTC  lpar1 on "), "{screen}");
    terminal.wait_screen(|screen| row(screen, "alpha").split_whitespace().nth(7).is_some_and(|memory| memory.ends_with(['K', 'M'])));
    // Only some of them, and all again.
    terminal.type_keys("/^bet\r");
    terminal.wait_screen(|screen| row(screen, "alpha").is_empty() && !row(screen, "beta").is_empty());
    terminal.type_keys("\x1b");
    terminal.wait_screen(|screen| !row(screen, "alpha").is_empty());
    // An operator command, completed, and its answer.
    terminal.type_keys(":DISP,DET\talp\t\r");
    terminal.wait_screen(|screen| screen.contains("- DISP,DETAIL(alpha) ---") && screen.contains("ZWEL0986I COMPONENT    alpha"));
    // A line command asks, and takes nothing but y for yes.
    terminal.type_keys("R\r");
    terminal.wait_screen(|screen| screen.contains("Restart alpha?"));
    terminal.type_keys("n");
    terminal.wait_screen(|screen| screen.contains("Nothing was done"));
    assert_eq!(status(&system, "alpha")["pid"].to_string(), pid);
    terminal.type_keys("R\ry");
    terminal.wait_screen(|screen| screen.contains("ZWEL0923I component alpha is being restarted"));
    let screen = terminal.wait_screen(|screen| has(&row(screen, "alpha"), "ready") && !has(&row(screen, "alpha"), &pid));
    assert!(has(&row(&screen, "alpha"), &status(&system, "alpha")["pid"].to_string()), "{screen}");
    // The other views, and the log of one.
    terminal.type_keys("l");
    terminal.wait_screen(|screen| screen.contains("Log of alpha  following") && screen.matches("alpha is up").count() == 2);
    for (key, expected) in [
        ("3", "ZWEL0001I component alpha started"),
        ("4", "*prepare"),
        ("5", "INSTANCE"),
        ("6", "components.beta.port"),
        ("7", "STC00001"),
        ("7", "$HASP373 ZWESLSTC STARTED"),
        ("?", "the row's log, or what stands in NP"),
    ] {
        terminal.type_keys(key);
        terminal.wait_screen(|screen| screen.contains(expected));
    }
    // The instance ends, and the panel says so.
    terminal.type_keys("x1:P\r");
    terminal.wait_screen(|screen| screen.contains("ended with condition code 0") && has(&row(screen, "alpha"), "stopped"));
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
    assert!(none_left(&system.0.system()));
}

#[test]
fn the_terminal_is_given_back_also_after_a_signal() {
    let system = started();
    for signal in [None, Some(Signal::SIGTERM), Some(Signal::SIGHUP), Some(Signal::SIGINT)] {
        let mut terminal = panel_of(&system);
        terminal.wait_screen(|screen| screen.contains(" alpha "));
        assert!(
            !tcgetattr(&terminal.master).unwrap().local_flags.contains(LocalFlags::ICANON) && terminal.shown().screen().alternate_screen()
        );
        match signal {
            None => terminal.type_keys("\x03"),
            Some(signal) => kill(Pid::from_raw(i32::try_from(terminal.child.id()).unwrap()), signal).unwrap(),
        }
        let ended = terminal.wait_end();
        assert_eq!((ended.code(), ended.signal()), (signal.is_none().then_some(0), signal.map(|signal| signal as i32)));
        assert_given_back(&terminal);
    }
    // Ctrl-\, which the terminal makes no signal of meanwhile.
    let mut terminal = panel_of(&system);
    terminal.wait_screen(|screen| screen.contains(" alpha "));
    terminal.type_keys("\x1c");
    assert_eq!(terminal.wait_end().signal(), Some(Signal::SIGQUIT as i32));
    assert_given_back(&terminal);
}

/// By the kernel's count: no thread of it is waked, and it uses no processor, while other programs ask the same instance.
#[test]
fn nothing_of_it_runs_while_nothing_happens() {
    let system = started();
    let mut terminal = panel_of(&system);
    terminal.wait_screen(|screen| screen.contains(" alpha "));
    terminal.type_keys("2");
    terminal.wait_screen(|screen| screen.contains("alpha is up"));
    let process = format!("/proc/{}", terminal.child.id());
    let used = || {
        let tasks =
            fs::read_dir(format!("{process}/task")).unwrap().map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap());
        let switches = tasks.map(|status| {
            let counts = status.lines().filter_map(|line| line.split_once("voluntary_ctxt_switches:"));
            counts.filter(|(head, _)| head.is_empty()).map(|(_, count)| count.trim().parse::<u64>().unwrap()).sum::<u64>()
        });
        let switches: Vec<u64> = switches.collect();
        let stat = fs::read_to_string(format!("{process}/stat")).unwrap();
        let fields: Vec<String> = stat.rsplit_once(')').unwrap().1.split_whitespace().map(str::to_owned).collect();
        (switches, fields[11..13].to_vec())
    };
    // As long as several questions take: they reach the instance, and neither a log nor the journal grows by them.
    let ask = || (0..3).for_each(|_| drop(status(&system, "alpha")));
    let settled = wait_until(Instant::now() + PATIENCE, || {
        let before = used();
        ask();
        (used() == before).then_some(before)
    });
    let before = settled.expect("it never came to rest");
    (0..3).for_each(|_| ask());
    assert_eq!(used(), before);
    // And it does see what happens.
    system.issue("F ZWESLSTC,APPL=RESTART(alpha)");
    terminal.wait_screen(|screen| screen.matches("alpha is up").count() == 2);
    assert_ne!(used().0, before.0);
}

#[test]
fn a_journal_from_elsewhere_is_shown_and_takes_no_commands() {
    let journal = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/demo.journal");
    for piped in [true, false] {
        // As `ssh host tail -f -n +1 journal | zwelnch panel --journal -`: the pipe stays open.
        let mut source = Command::new("sh");
        source.args(["-c", "cat \"$1\"; exec sleep 1000", "sh"]).arg(&journal).stdout(Stdio::piped());
        let mut source = source.spawn().unwrap();
        let pipe = source.stdout.take().unwrap();
        let path = if piped { "-" } else { journal.to_str().unwrap() };
        let input = piped.then(|| Stdio::from(pipe));
        let mut terminal = Terminal::leading(command(&["panel", "--journal", path]), "vt220", SIZE, input);
        terminal.wait_screen(|screen| {
            let row = |name: &str| screen.lines().find(|line| line.contains(name)).unwrap_or_default();
            row(" hello ").contains(" 4192 ") && row(" greeter ").contains("stopped") && row(" flaky ").contains("exit code 3")
        });
        terminal.type_keys(":P ZWESLSTC\r");
        terminal.wait_screen(|screen| screen.contains("ZWEL1038W no commands from here"));
        terminal.type_keys("2");
        terminal.wait_screen(|screen| screen.contains("ZWEL0901I Zowe instance lpar1 is ready"));
        // A terminal of that name has no colours.
        let shown = terminal.shown();
        let is_plain = |cell: &vt100::Cell| cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default;
        let cells = (0..SIZE.0).flat_map(|row| (0..SIZE.1).map(move |column| (row, column)));
        assert!(cells.filter_map(|(row, column)| shown.screen().cell(row, column)).all(is_plain));
        if piped {
            source.kill().unwrap();
            terminal.wait_screen(|screen| screen.contains("its journal has ended"));
        }
        terminal.type_keys("q");
        assert_eq!(terminal.wait_end().code(), Some(0));
        assert_given_back(&terminal);
        let _ = source.kill();
        source.wait().unwrap();
    }
}

#[test]
fn what_it_cannot_show_is_said_with_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let here = place.path().to_str().unwrap();
    let output = command(&["panel", "--system", here]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.code() == Some(8) && text(&output).starts_with("ZWEL1035E the panel wants a terminal - "), "{}", text(&output));
    let made = place.path().join("made");
    console(&made, "D T");
    for (arguments, term, expected) in [
        (["--system", made.to_str().unwrap()], "xterm", "ZWEL1036E there is no instance for the panel to show - the spool of "),
        (["--system", "/nonexistent"], "xterm", "ZWEL1036E there is no instance for the panel to show - there is no system directory"),
        (["--journal", "/nonexistent"], "xterm", "ZWEL1037E there is no journal for the panel to show - '/nonexistent': No such file"),
        (["--journal", here], "xterm", "it is a directory"),
        (["--journal", "/dev/null"], "dumb", "ZWEL1035E the panel wants a terminal - TERM"),
    ] {
        let mut terminal = Terminal::on(command(&["panel", arguments[0], arguments[1]]), term, (24, 400), None);
        terminal.wait_for(expected);
        assert_eq!(terminal.wait_end().code(), Some(8), "{arguments:?}");
    }
}

#[test]
fn the_demo_opens_it_and_is_stopped_when_it_is_left() {
    let place = tempfile::Builder::new().prefix("zwelnch it's ").tempdir().unwrap();
    let directory = place.path().join("demo");
    let ports = PortRange::find();
    let demo = || {
        let mut demo = command(&["demo", "--port-base", &ports.base.to_string(), "--dir"]);
        demo.arg(&directory);
        Terminal::on(demo, "xterm-256color", SIZE, None)
    };
    let mut terminal = demo();
    let all_ready = |screen: &str| ["hello", "pinger", "greeter", "flaky"].iter().all(|name| screen.contains(&format!(" {name} ")));
    terminal.wait_screen(|screen| all_ready(screen) && screen.contains("4 running") && screen.contains("- zwelnch demo ---"));
    terminal.type_keys("q");
    terminal.wait_screen(|screen| screen.contains("Leave the panel and stop the jobs that it has started?"));
    terminal.type_keys("n1q");
    terminal.wait_screen(|screen| screen.contains("Leave the panel and stop"));
    terminal.type_keys("y");
    // SYSLOG scrolls while they stop, as at the console.
    terminal.wait_for("$HASP395 ZWESLSTC ENDED - RC=0000");
    assert_eq!(terminal.wait_end().code(), Some(0));
    assert_given_back(&terminal);
    assert!(none_left(&directory));
    // A signal takes its jobs along too.
    let mut terminal = demo();
    terminal.wait_screen(|screen| screen.contains("4 running"));
    kill(Pid::from_raw(i32::try_from(terminal.child.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(terminal.wait_end().signal(), Some(Signal::SIGTERM as i32));
    assert!(none_left(&directory));
    kill_processes_of(&directory);
}

/// Whoever has a compiler that is too old for the panel leaves it out: what is left builds with the one that Cargo.toml names. The oracle is
/// cargo's own resolution, and what each crate says of itself.
#[test]
fn without_the_panel_no_crate_wants_a_newer_compiler() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]);
    cargo.args(["--no-default-features", "--features", "http,templates,emulation"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().unwrap();
    if !output.status.success() {
        return not_here(&format!("cargo does not know all crates: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let by_id = |list: &Value| -> HashMap<String, Value> {
        list.as_array().unwrap().iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one.clone())).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"]), by_id(&metadata["resolve"]["nodes"]));
    let root = metadata["resolve"]["root"].as_str().unwrap();
    let version = |id: &str| -> Option<(u32, u32)> {
        let mut numbers = packages[id]["rust_version"].as_str()?.split('.').map(|number| number.parse().unwrap());
        Some((numbers.next()?, numbers.next()?))
    };
    let ours = version(root).unwrap();
    let (mut seen, mut next) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(id) = next.pop() {
        if seen.insert(id.clone()) {
            next.extend(nodes[&id]["deps"].as_array().unwrap().iter().map(|dependency| dependency["pkg"].as_str().unwrap().to_owned()));
        }
    }
    let newer: Vec<&String> = seen.iter().filter(|id| version(id).is_some_and(|version| version > ours)).collect();
    assert!(newer.is_empty() && seen.len() > 100, "newer than {ours:?}: {newer:#?}");
}
