//! The relay beside `cat`, a line's delay, and answers to the operator under load.

use crate::harness::{self, Instance, console};
use crate::sample::{Sample, ms, number, tell};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zwelnch::system::{Request, SystemDirectory, send};

const PATIENCE: Duration = crate::bare::PATIENCE;

/// A component's word that makes this program write a file line by line: one write a line.
pub(crate) const BY_LINES: &str = "by-lines";
/// A line with the time every two milliseconds.
pub(crate) const EMIT: &str = "emit";

fn own(word: &str) -> String {
    format!("'{}' {word}", std::env::current_exe().unwrap().display())
}

/// See [`BY_LINES`].
pub(crate) fn by_lines(path: &str) {
    let mut out = File::from(std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned().unwrap());
    for line in fs::read(path).unwrap().split_inclusive(|byte| *byte == b'\n') {
        out.write_all(line).unwrap();
    }
}

fn monotonic() -> u128 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).unwrap();
    Duration::from(now).as_nanos()
}

/// See [`EMIT`].
pub(crate) fn emit() {
    let mut out = std::io::stdout();
    loop {
        writeln!(out, "emitted {}", monotonic()).unwrap();
        out.flush().unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A file of 120-byte lines.
fn lines_of(directory: &Path, bytes: usize) -> std::path::PathBuf {
    let path = directory.join(format!("lines.{bytes}"));
    let line = format!("{}\n", "x".repeat(119));
    fs::write(&path, line.repeat(bytes / line.len())).unwrap();
    path
}

/// From the first byte to the last on SYSPRINT, a file, beside `cat` from the same writers to a file.
pub(crate) fn relay() {
    const BLOCKS: usize = 300_000_000;
    const LINES: usize = 60_000_000;
    const EACH: usize = 3_000_000;
    for (what, count, bytes, writer) in [
        ("300 MB in blocks", 1, BLOCKS, "cat".to_owned()),
        ("60 MB line by line", 1, LINES, own(BY_LINES)),
        ("100 components at once, 3 MB each", 100, EACH, "cat".to_owned()),
    ] {
        let (mut ours, mut bare) = (Sample::default(), Sample::default());
        for _ in 0..5 {
            ours.add(ms(relayed(count, bytes, &writer)));
            bare.add(ms(copied(count, bytes, &writer)));
        }
        tell(&format!("relay of {what}; bare: cat"), "ms", &ours, &bare, &[]);
    }
}

fn relayed(count: usize, bytes: usize, writer: &str) -> Duration {
    let instance = Instance::new();
    let file = lines_of(instance.directory.path(), bytes);
    // All of them wait for the end of file of one FIFO.
    let go = instance.path("go");
    nix::unistd::mkfifo(&go, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let start = format!("echo waits; read go < '{}'; {writer} '{}'; exec sleep 1000", go.display(), file.display());
    let instance = (0..count).fold(instance, |instance, number| instance.component(&crate::ours::name(number), &start, ""));
    instance.write_config();
    let sysprint = instance.path("SYSPRINT");
    let mut child = instance.launcher(&["lpar1"]).stdout(File::create(&sysprint).unwrap()).spawn().unwrap();
    let waiting = || (fs::read_to_string(&sysprint).unwrap().lines().filter(|line| *line == "waits").count() >= count).then_some(());
    harness::wait_until(Instant::now() + PATIENCE, waiting).unwrap();
    let before = fs::metadata(&sysprint).unwrap().len();
    let expected = before + (count * fs::metadata(&file).unwrap().len() as usize) as u64;
    let begun = Instant::now();
    drop(File::options().write(true).open(&go).unwrap());
    let done = || (fs::metadata(&sysprint).unwrap().len() >= expected).then_some(());
    harness::wait_until(begun + PATIENCE, done).unwrap();
    let elapsed = begun.elapsed();
    end(&instance, &mut child);
    elapsed
}

/// For each writer a pipe and a `cat` that writes to one file.
fn copied(count: usize, bytes: usize, writer: &str) -> Duration {
    let directory = tempfile::tempdir().unwrap();
    let file = lines_of(directory.path(), bytes);
    let out = directory.path().join("out");
    let begun = Instant::now();
    let mut children: Vec<Child> = (0..count)
        .map(|_| {
            let pipeline = format!("{writer} '{}' | cat >> '{}'", file.display(), out.display());
            Command::new("/bin/sh").args(["-c", &pipeline]).stdin(Stdio::null()).spawn().unwrap()
        })
        .collect();
    children.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
    begun.elapsed()
}

fn end(instance: &Instance, child: &mut Child) {
    console(&instance.system(), "P ZWESLSTC");
    child.wait().unwrap();
    harness::kill_processes_of(instance.directory.path());
}

const FLOOD: &str = "exec yes 'a line of a component that floods SYSPRINT without end, about eighty columns of it'";

/// From the write of a line by a component to its arrival at a reader of SYSPRINT, alone and beside those that flood it.
pub(crate) fn delay() {
    let odd = |what: &str| format!("yes '{what}' | tr -d '\\n'");
    let directory = tempfile::tempdir().unwrap();
    let lines = lines_of(directory.path(), 6_000_000);
    let by_lines = format!("while :; do {} '{}'; done", own(BY_LINES), lines.display());
    delay_beside("nothing", 0, "");
    delay_beside("a flood in blocks", 1, FLOOD);
    delay_beside("a flood line by line", 1, &by_lines);
    delay_beside("100 floods at once", 100, FLOOD);
    delay_beside("one line of NULs", 1, "exec cat /dev/zero");
    delay_beside("one line of escape sequences", 1, &odd("\x1b[1;31m"));
    delay_beside("one line of invalid UTF-8", 1, "exec tr '\\000' '\\303' < /dev/zero");
}

fn delay_beside(name: &str, count: usize, flood: &str) {
    let emit = format!("exec {}", own(EMIT));
    let instance = Instance::new().component("emitter", &emit, "");
    let instance = (0..count).fold(instance, |instance, number| instance.component(&format!("flood{number}"), flood, ""));
    instance.write_config();
    let mut child = instance.launcher(&["lpar1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut sysprint = child.stdout.take().unwrap();
    let (mut delays, mut block, mut line) = (Sample::default(), vec![0; 1024 * 1024], Vec::new());
    let mut seen = 0;
    while seen < 1000 {
        let length = sysprint.read(&mut block).unwrap();
        assert!(length > 0);
        let now = monotonic();
        // The flood's line is not kept: a line begins after each line end.
        for part in block[..length].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(&part[..part.len().min(100)]);
            if part.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
                if let Some(emitted) = line.strip_prefix("emitted ").and_then(|time| time.trim().parse::<u128>().ok()) {
                    delays.add((now - emitted) as f64 / 1e6);
                    seen += 1;
                }
            }
            line.truncate(100);
        }
    }
    let [median, most, longest] = [0.5, 0.99, 1.0].map(|part| number(delays.quantile(part)));
    println!("a line's delay beside {name}: {median} ms (median), {most} ms (99th percentile), {longest} ms (longest) of {seen}");
    let reader = std::thread::spawn(move || std::io::copy(&mut sysprint, &mut std::io::sink()));
    end(&instance, &mut child);
    reader.join().unwrap().unwrap();
}

/// DISP while components flood, are killed and stopped, beside an answer of the same size over the same kind of socket.
pub(crate) fn answers() {
    let instance = (0..20).fold(Instance::new(), |instance, number| {
        let start = match number {
            0..=3 => FLOOD,
            4..=7 => "trap '' TERM; while :; do sleep 1000; done",
            _ => "exec sleep 1000",
        };
        instance.component(&crate::ours::name(number), start, "launcher: {restartIntervals: [0], minUptime: 0, stop: {graceSeconds: 1}}")
    });
    instance.write_config();
    let mut child = instance.launcher(&["lpar1"]).stdout(Stdio::null()).spawn().unwrap();
    let system = SystemDirectory::open(Some(&instance.system())).unwrap();
    let job = harness::wait_until(Instant::now() + PATIENCE, || system.jobs().pop()).unwrap();
    let ask = |text: &str| send(job.directory(), &Request::Modify(text.to_owned()), Duration::from_secs(60));
    let display = || ask("DISP").unwrap().lines.join("\n");
    harness::wait_until(Instant::now() + PATIENCE, || harness::pid_in(&display(), "c0019")).unwrap();
    let (_directory, echo) = echo_server(display().into_bytes());
    let (mut times, mut bare) = (Sample::default(), Sample::default());
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
        times.add(ms(begun.elapsed()));
        let begun = Instant::now();
        let mut stream = std::os::unix::net::UnixStream::connect(&echo).unwrap();
        stream.write_all(b"MODIFY DISP\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        bare.add(ms(begun.elapsed()));
    }
    tell("DISP during floods, kills and stops, median; bare: a socket's echo in the same load", "ms", &times, &bare, &[]);
    let [ours, echo] = [&times, &bare].map(|sample| number(sample.quantile(0.99)));
    println!("the same, 99th percentile: {ours} ms; bare {echo} ms");
    end(&instance, &mut child);
}

/// Answers from a thread that does nothing else.
fn echo_server(answer: Vec<u8>) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 100]).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    (directory, path)
}
