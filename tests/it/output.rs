//! What components write: on SYSPRINT, on the console, in their log files.

use crate::harness::{Instance, PATIENCE, wait_until};
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

const SLEEP: &str = "exec sleep 1000";

fn logs(instance: &Instance) -> String {
    format!("  logDirectory: {}/logs\n", instance.directory.path().display())
}

/// An instance whose `zowe` section has more lines, in YAML.
fn start(instance: &Instance, zowe: &str) -> crate::harness::Running {
    instance.write_config();
    let text = fs::read_to_string(instance.config()).unwrap().replacen("zowe:\n", &format!("zowe:\n{zowe}"), 1);
    fs::write(instance.config(), text).unwrap();
    crate::harness::Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path())
}

#[test]
fn colours_are_stripped_and_bytes_shown_but_kept_in_the_log_file() {
    let write = r"printf '\033[1;32mZWEA000I \033[0mgreen\n\000\377bin\r\nlast'";
    let instance =
        Instance::new().component("alpha", &format!("{write}; {SLEEP}"), "launcher:\n  log: {file: true}\n  restartIntervals: []");
    let mut running = start(&instance, &(logs(&instance) + "  sysMessages: ['ZWEA*green']\n"));
    running.wait_for("ZWEL0012I");
    running.wait_for("\\x00\\xffbin");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let out = running.all();
    assert!(out.contains("\nZWEA000I green\n\\x00\\xffbin\n") && out.contains("\nlast\n") && !out.contains('\x1b'), "{out}");
    let log = fs::read(instance.path("logs/alpha-lpar1.log")).unwrap();
    assert_eq!(log, b"\x1b[1;32mZWEA000I \x1b[0mgreen\n\0\xffbin\r\nlast\n");
    let syslog = fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
    assert!(syslog.lines().any(|line| line.ends_with(" ZWEA000I green")), "{syslog}");
}

#[test]
fn a_log_file_is_rotated_by_size_and_count_and_goes_on_after_a_restart() {
    let start_command = format!(
        "i=0; while [ $i -lt 400 ]; do echo line $i 0123456789012345678901234567890123456789; i=$((i+1)); done; echo whole; {SLEEP}"
    );
    let instance = Instance::new().component("alpha", &start_command, "launcher:\n  log: {file: true, size: 4K, count: 2}");
    let mut running = start(&instance, &logs(&instance));
    running.wait_for("whole");
    instance.modify("RESTART(alpha)");
    running.wait_for_count("whole", 2);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let mut names: Vec<_> =
        fs::read_dir(instance.path("logs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["alpha-lpar1.log", "alpha-lpar1.log.1", "alpha-lpar1.log.2", "zwelnch-lpar1.journal"]);
    assert!(fs::read_to_string(instance.path("logs/alpha-lpar1.log")).unwrap().ends_with("whole\n"));
}

#[test]
fn a_disk_full_under_the_log_file_is_said_once_and_sysprint_goes_on() {
    let component = format!("i=0; while [ $i -lt 2000 ]; do echo line $i {}; i=$((i+1)); done; echo whole; {SLEEP}", "x".repeat(100));
    let instance = Instance::new().component("alpha", &component, "launcher:\n  log: {file: true}");
    instance.write_config();
    let text = fs::read_to_string(instance.config()).unwrap().replacen("zowe:\n", &format!("zowe:\n{}", logs(&instance)), 1);
    fs::write(instance.config(), text).unwrap();
    // No file may be larger than 64 KiB; SYSPRINT is a pipe.
    let launcher = instance.launcher(&["lpar1"]);
    let mut limited = std::process::Command::new("/bin/sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\""]).arg(launcher.get_program()).args(launcher.get_args());
    limited.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(std::process::Stdio::null());
    let mut running = crate::harness::Running::spawn(limited, instance.directory.path());
    running.wait_for("whole");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let out = running.all();
    assert_eq!(out.matches("ZWEL0992W component alpha: its log file cannot be written - ").count(), 1, "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("line ")).count(), 2000);
    assert!(fs::metadata(instance.path("logs/alpha-lpar1.log")).unwrap().len() <= 65_536);
}

#[test]
fn a_line_of_200_megabytes_comes_in_pieces_of_16_and_nothing_of_it_is_lost() {
    let bytes: u64 = if std::env::var_os("ZWELNCH_FULL").is_some() { 1 << 30 } else { 200 << 20 };
    let long = format!("head -c {bytes} /dev/zero | tr '\\0' '~'; echo; echo the long line has ended; {SLEEP}");
    let instance = Instance::new().component("long", &long, "").component("short", &format!("echo short; {SLEEP}"), "");
    instance.write_config();
    // Counted instead of collected.
    let mut child = instance.launcher(&["lpar1"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut sysprint = child.stdout.take().unwrap();
    let counter = std::thread::spawn(move || {
        let (mut block, mut run, mut longest, mut all, mut tail) = (vec![0; 1 << 20], 0_u64, 0_u64, 0_u64, Vec::new());
        loop {
            let length = sysprint.read(&mut block).unwrap();
            if length == 0 {
                return (longest, all);
            }
            all += memchr::memchr_iter(b'~', &block[..length]).count() as u64;
            for part in block[..length].split_inclusive(|byte| *byte == b'\n') {
                run += part.len() as u64;
                longest = longest.max(run - 1);
                if part.ends_with(b"\n") {
                    run = 0;
                }
            }
            tail.extend_from_slice(&block[length.saturating_sub(200)..length]);
            if tail.windows(10).any(|window| window == b"line has e") {
                return (longest, all);
            }
            tail.drain(..tail.len().saturating_sub(100));
        }
    });
    let deadline = Instant::now() + PATIENCE;
    assert!(wait_until(deadline, || counter.is_finished().then_some(())).is_some(), "the line has not come");
    let (longest, all) = counter.join().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    crate::harness::kill_processes_of(instance.directory.path());
    // The marks, and one more read.
    assert!((16 << 20..17 << 20).contains(&longest) && all == bytes, "{longest}, {all}");
}

#[test]
fn a_component_that_closes_its_output_lives_on_and_its_last_lines_are_repeated() {
    let start_command = "echo first of all; echo the reason; exec >/dev/null 2>&1; read go < $ZWE_zowe_workspaceDirectory/go; exit 7";
    let instance = Instance::new().component("alpha", start_command, "launcher: {restartIntervals: []}").component("beta", SLEEP, "");
    let workspace = instance.path("workspace");
    fs::create_dir(&workspace).unwrap();
    nix::unistd::mkfifo(&workspace.join("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let running = instance.up();
    running.wait_for("the reason");
    assert!(instance.pid("alpha").is_some());
    fs::write(workspace.join("go"), "go\n").unwrap();
    running.wait_for("ZWEL0994I component alpha: end of its last lines");
    running.wait_for("ZWEL0993I component alpha: its last 2 lines were:");
    running.wait_for("    | first of all");
    running.wait_for("    | the reason");
    let syslog = fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
    assert!(!syslog.contains("the reason"), "{syslog}");
}

#[test]
fn a_flood_to_the_console_is_held_back_and_said_when_it_is_over() {
    let flood = format!("i=0; while [ $i -lt 300 ]; do echo ZWEA000I flood $i; i=$((i+1)); done; {SLEEP}");
    let instance = Instance::new().component("alpha", &flood, "");
    let running = start(&instance, "  sysMessages: ['ZWEA000I']\n");
    let told = running.wait_for("ZWEL0991W component alpha: ");
    let held: usize = told.split_once("alpha: ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    let syslog = fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
    let sent = syslog.matches("ZWEA000I flood").count();
    assert!(sent >= 50 && held > 0 && syslog.contains("ZWEL0991W component alpha"), "{sent} {held}");
    assert_eq!(running.all().lines().filter(|line| line.starts_with("ZWEA000I flood")).count(), 300);
}

#[test]
fn the_stamps_are_in_the_configured_zone_and_an_unknown_one_is_a_warning() {
    let zone = |name: &str| {
        let instance = Instance::new().extra(&format!("  launcher: {{timezone: '{name}'}}\n")).component("alpha", SLEEP, "");
        let running = instance.up();
        (running.wait_for("ZWEL0012I"), running.all())
    };
    let (line, _) = zone("ZZZ-12");
    let stamp: jiff::civil::DateTime = line[..23].parse().unwrap();
    let ahead = stamp.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().duration_since(jiff::Timestamp::now());
    assert!((10..=12).contains(&ahead.as_hours()) && &line[23..33] == "+12:00 <ZW", "{line}");
    let (_, out) = zone("Nowhere/Nothing");
    assert!(
        out.contains("ZWEL0916W") && out.contains("components.launcher.timezone") && out.contains("a time zone that this system knows"),
        "{out}"
    );
    assert!(!out.contains("ZWEL0957I"), "{out}");
}

/// What `check` says of the time zone, which it never calls an error.
#[test]
fn a_zone_that_may_be_taken_for_its_opposite_or_cannot_be_read_is_said_by_check() {
    let zones = tempfile::tempdir().unwrap();
    fs::write(zones.path().join("Torn"), "TZif2").unwrap();
    std::os::unix::fs::symlink("Loop", zones.path().join("Loop")).unwrap();
    let check = |name: &str| {
        let instance = Instance::new().extra(&format!("  launcher: {{timezone: '{name}'}}\n")).component("alpha", SLEEP, "");
        instance.write_config();
        let mut command = crate::harness::settled_program();
        command.args(["check", "-c"]).arg(instance.config()).env("TZDIR", zones.path()).env("ZWELNCH_SYSTEM", instance.system());
        let output = command.output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 8), "{output:?}");
        let text = crate::harness::text(&output);
        text.lines().filter(|line| line.contains("timezone")).collect::<Vec<_>>().join("\n")
    };
    for (name, said) in [
        ("UTC+2", "is ignored; its sign is that of POSIX, by which 'UTC+2' is -02:00 from UTC"),
        ("CET+1", "is ignored; its sign is that of POSIX, by which 'CET+1' is -01:00 from UTC"),
        ("Etc/GMT+2", "the sign of 'Etc/GMT+2' is that of POSIX: stamps are -02:00 from UTC; -02:00 says the same without doubt"),
        ("Torn", "Torn is no time zone file that can be read: "),
        ("Loop", "Loop cannot be read: "),
    ] {
        let out = check(name);
        assert!(out.contains("components.launcher.timezone: ") && out.contains(said), "{name}: {out}");
    }
    for name in ["+02:00", "CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin", "GMT"] {
        assert_eq!(check(name), "", "{name}");
    }
}

#[test]
fn a_removed_log_directory_is_made_anew_and_a_rotation_that_failed_is_not_called_one() {
    let ticks = "while :; do echo tick; sleep 0.05; done";
    let instance = Instance::new().component("alpha", ticks, "launcher:\n  log: {file: true}");
    let mut running = start(&instance, &logs(&instance));
    running.wait_for("ZWEL0901I");
    let (logs, file) = (instance.path("logs"), instance.path("logs/alpha-lpar1.log"));
    fs::remove_dir_all(&logs).unwrap();
    assert!(instance.modify("LOGROTATE").contains("ZWEL0989I log files are rotated"));
    let ticked = || fs::metadata(&file).is_ok_and(|metadata| metadata.len() > 0).then_some(());
    wait_until(Instant::now() + PATIENCE, ticked).expect("nothing is logged");
    assert_eq!(fs::metadata(&logs).unwrap().permissions().mode() & 0o777, 0o750);
    // There is now a file in its place: nobody, not even root, can turn it into a directory.
    fs::rename(&logs, instance.path("aside")).unwrap();
    fs::write(&logs, "").unwrap();
    let answer = instance.refused("LOGROTATE");
    assert!(
        answer.contains("ZWEL0959W component alpha: its log file is not rotated and goes on - ") && answer.contains("alpha-lpar1.log"),
        "{answer}"
    );
    assert!(answer.contains("ZWEL0955E log files are not rotated - 1 of them") && !answer.contains("ZWEL0989I"), "{answer}");
    fs::remove_file(&logs).unwrap();
    assert!(instance.modify("LOGROTATE").contains("ZWEL0989I log files are rotated"));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// A component fills SYSPRINT, a pipe that nobody reads; P and SIGTERM end the launcher all the same, and SYSLOG says what is lost.
#[test]
fn p_and_sigterm_end_a_launcher_whose_sysprint_is_not_read() {
    for by_signal in [false, true] {
        let stop = "launcher: {stop: {graceSeconds: 1}}";
        let instance = Instance::new().component("flood", "exec yes", stop).component("beta", SLEEP, stop);
        instance.write_config();
        let (_unread, sysprint) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        let mut child = instance.launcher(&["lpar1"]).stdout(sysprint.try_clone().unwrap()).spawn().unwrap();
        let is_full = || {
            let mut asked = [nix::poll::PollFd::new(sysprint.as_fd(), nix::poll::PollFlags::POLLOUT)];
            (nix::poll::poll(&mut asked, nix::poll::PollTimeout::ZERO).unwrap() == 0).then_some(())
        };
        wait_until(Instant::now() + PATIENCE, is_full).expect("SYSPRINT is not full");
        if by_signal {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGTERM).unwrap();
        } else {
            instance.console("P ZWESLSTC");
        }
        let status = wait_until(Instant::now() + PATIENCE, || child.try_wait().unwrap());
        if status.is_none() {
            child.kill().unwrap();
        }
        crate::harness::kill_processes_of(instance.directory.path());
        assert_eq!(status.and_then(|status| status.code()), Some(0));
        let syslog = fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
        assert!(syslog.contains("ZWEL0965W up to ") && syslog.contains("lines are lost, SYSPRINT was not read for 5 seconds"), "{syslog}");
    }
}

#[test]
fn one_endless_line_stalls_nobody_and_is_relayed_in_marked_pieces() {
    const SIZE: usize = 25_000_000;
    let flood = format!("head -c {SIZE} /dev/zero; printf written; exec sleep 1000");
    let ticks = format!("while :; do echo TICK; sleep 0.05; done; {SLEEP}");
    let instance = Instance::new().component("flood", &flood, "").component("other", &ticks, "");
    let mut running = start(&instance, "  sysMessages: [ZWEA]\n");
    // The end of the flood comes without the end of its line, and after a silence all of it is there.
    running.wait_for("written <flood: no line end yet>");
    let seen = running.all().matches("TICK").count();
    running.wait_for_count("TICK", seen + 2);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let out = running.all();
    assert_eq!(out.matches("\\x00").count(), SIZE, "every byte");
    let pieces: Vec<&str> = out.lines().filter(|line| line.contains("\\x00")).collect();
    assert!(pieces.len() >= 6 && pieces.iter().all(|piece| piece.len() < 18 << 20 && !piece.contains("TICK")), "{}", pieces.len());
    assert!(pieces[..pieces.len() - 1].iter().all(|piece| piece.ends_with(" <flood: the line is too long>")));
    assert!(pieces[1..].iter().all(|piece| piece.starts_with("<flood: the line goes on> ")));
}

#[test]
fn a_sysprint_that_takes_nothing_is_told_at_the_console_with_what_is_lost() {
    let instance = Instance::new().component("alpha", &format!("echo one; echo two; {SLEEP}"), "");
    instance.write_config();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.stdout(fs::File::options().write(true).open("/dev/full").unwrap()).stderr(std::process::Stdio::null());
    let mut child = launcher.spawn().unwrap();
    let syslog = || fs::read_to_string(instance.system().join("SYSLOG")).unwrap_or_default();
    let up = wait_until(Instant::now() + PATIENCE, || {
        let (answer, _) = instance.console("F ZWESLSTC,APPL=DISP");
        answer.contains("alpha, PID").then_some(())
    });
    let (told, _) = (syslog(), instance.console("P ZWESLSTC"));
    let ended = wait_until(Instant::now() + PATIENCE, || child.try_wait().unwrap());
    assert!(up.is_some() && ended.is_some_and(|status| status.success()), "{ended:?}\n{}", syslog());
    let lost = |text: &str| {
        let of = |line: &str| line.split_once("ZWEL0954W about ")?.1.split(' ').next()?.parse::<u32>().ok();
        text.lines().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!(lost(&told).len(), 1, "told when it begins: {told}");
    let at_the_end = lost(&syslog());
    assert!(at_the_end.len() == 2 && at_the_end[1] > at_the_end[0] + 2, "and at the end: {}", syslog());
    assert!(syslog().contains("No space left on device"));
}
