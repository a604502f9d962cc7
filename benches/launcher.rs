//! The cost of the launcher, each figure beside the minimum that the machine allows for the same work: a start beside a loop of
//! `posix_spawn`, the relay beside `cat`, a DISP beside an echo over the same kind of socket. The last lines give the ratios of the
//! medians.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[allow(dead_code)]
#[path = "../tests/it/harness.rs"]
mod harness;

use criterion::{BenchmarkId, Criterion, Throughput};
use harness::{Instance, Running, console};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use zwelnch::system::{Request, SystemDirectory, send};

const TRIVIAL: &str = "exec sleep 1000";
const RELAY_BYTES: u64 = 200 * 1000 * 1000;

/// From exec to ZWEL0007I.
fn start_of(count: usize) -> Duration {
    let instance = (0..count).fold(Instance::new(), |instance, number| instance.component(&format!("c{number:03}"), TRIVIAL, ""));
    instance.write_config();
    let begun = Instant::now();
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0007I");
    let elapsed = begun.elapsed();
    end(&instance, running);
    elapsed
}

fn end(instance: &Instance, mut running: Running) {
    console(&instance.system(), "P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// The same shells, by nothing but `posix_spawn`.
fn spawn_loop(count: usize) -> Duration {
    let begun = Instant::now();
    let mut children: Vec<_> = (0..count)
        .map(|_| Command::new("/bin/sh").args(["-c", TRIVIAL]).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    let elapsed = begun.elapsed();
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    elapsed
}

/// A file with this again and again, in about [`RELAY_BYTES`], and a line end.
fn file_of(text: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let block = text.repeat(1_000_000 / text.len());
    for _ in 0..RELAY_BYTES / block.len() as u64 {
        file.write_all(&block).unwrap();
    }
    file.write_all(b"\n").unwrap();
    file.flush().unwrap();
    file
}

/// What a component may write: lines, and lines of hundreds of megabytes that are no text.
fn contents() -> [(&'static str, Vec<u8>); 4] {
    [
        ("120-byte lines", format!("{}\n", "x".repeat(119)).into_bytes()),
        ("NULs", vec![0]),
        ("escape sequences", b"\x1b[1;31m".to_vec()),
        ("invalid UTF-8", b"\xc3(\xff\x80".to_vec()),
    ]
}

/// From the component's first byte to its last on SYSPRINT, a file.
fn relay(lines: &std::path::Path) -> Duration {
    let instance = Instance::new()
        .component("alpha", &format!("read go < go; cat '{}'; echo the end; exec sleep 1000", lines.display()), "")
        .extra("");
    nix::unistd::mkfifo(&instance.runtime().join("components/alpha/go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    instance.write_config();
    let sysprint = instance.path("SYSPRINT");
    let mut launcher = instance.launcher(&["lpar1"]);
    let mut child = launcher.stdout(File::create(&sysprint).unwrap()).spawn().unwrap();
    let ended = || {
        let mut file = File::open(&sysprint).unwrap();
        let mut end = String::new();
        let length = file.metadata().unwrap().len();
        file.seek(SeekFrom::Start(length.saturating_sub(200))).and_then(|_| file.read_to_string(&mut end)).unwrap();
        end.contains("\nthe end\n")
    };
    let mut go = File::options().write(true).open(instance.runtime().join("components/alpha/go")).unwrap();
    let begun = Instant::now();
    go.write_all(b"go\n").unwrap();
    drop(go);
    let deadline = begun + Duration::from_secs(60);
    harness::wait_until(deadline, || ended().then_some(())).unwrap();
    let elapsed = begun.elapsed();
    console(&instance.system(), "P ZWESLSTC");
    child.wait().unwrap();
    elapsed
}

/// `cat` to a pipe, `cat` from it to a file.
fn cat(lines: &std::path::Path) -> Duration {
    let out = tempfile::NamedTempFile::new().unwrap();
    let begun = Instant::now();
    let mut source = Command::new("cat").arg(lines).stdout(Stdio::piped()).spawn().unwrap();
    let from = source.stdout.take().unwrap();
    let mut sink = Command::new("cat").stdin(from).stdout(out.reopen().unwrap()).spawn().unwrap();
    source.wait().unwrap();
    sink.wait().unwrap();
    begun.elapsed()
}

/// An answer of the same size over the same kind of socket from a thread that does nothing else.
fn echo_server(answer: Vec<u8>) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 100];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    (directory, path)
}

fn echo(path: &std::path::Path) {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(b"MODIFY DISP\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
}

fn total(iterations: u64, mut once: impl FnMut() -> Duration) -> Duration {
    (0..iterations).map(|_| once()).sum()
}

/// The median of a few runs taken turn by turn with those of the bare minimum, as a ratio.
fn ratio(name: &str, runs: usize, mut ours: impl FnMut() -> Duration, mut bare: impl FnMut() -> Duration) {
    let (mut of_ours, mut of_bare) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        of_ours.push(ours());
        of_bare.push(bare());
    }
    of_ours.sort();
    of_bare.sort();
    let (ours, bare) = (of_ours[runs / 2], of_bare[runs / 2]);
    println!("ratio {name}: {:.2} (ours {ours:?}, bare {bare:?}, medians of {runs} runs in turn)", ours.as_secs_f64() / bare.as_secs_f64());
}

fn main() {
    let mut criterion = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(200)).configure_from_args();

    let mut group = criterion.benchmark_group("start");
    for count in [5, 20, 100] {
        group.bench_with_input(BenchmarkId::new("exec to ZWEL0007I", count), &count, |bencher, count| {
            bencher.iter_custom(|iterations| total(iterations, || start_of(*count)));
        });
        group.bench_with_input(BenchmarkId::new("posix_spawn loop", count), &count, |bencher, count| {
            bencher.iter_custom(|iterations| total(iterations, || spawn_loop(*count)));
        });
    }
    group.finish();

    let files = contents().map(|(name, text)| (name, file_of(&text)));
    for (name, file) in &files {
        let mut group = criterion.benchmark_group(format!("relay 200 MB of {name}"));
        group.throughput(Throughput::Bytes(RELAY_BYTES));
        group.bench_function("relay", |bencher| bencher.iter_custom(|iterations| total(iterations, || relay(file.path()))));
        group.bench_function("cat", |bencher| bencher.iter_custom(|iterations| total(iterations, || cat(file.path()))));
        group.finish();
    }

    let instance = (0..5).fold(Instance::new(), |instance, number| instance.component(&format!("c{number}"), TRIVIAL, ""));
    let running = instance.up();
    let system = SystemDirectory::open(Some(&instance.system())).unwrap();
    let job = system.jobs().pop().unwrap();
    let disp = || send(job.directory(), &Request::Modify("DISP".to_owned()), Duration::from_secs(5)).unwrap();
    let (_directory, socket) = echo_server(disp().lines.join("\n").into_bytes());
    let mut group = criterion.benchmark_group("DISP");
    group.sample_size(50);
    group.bench_function("answer", |bencher| bencher.iter(disp));
    group.bench_function("socket echo", |bencher| bencher.iter(|| echo(&socket)));
    group.finish();

    for count in [5, 20, 100] {
        ratio(&format!("start of {count}"), 7, || start_of(count), || spawn_loop(count));
    }
    for (name, file) in &files {
        ratio(&format!("relay of {name}"), 5, || relay(file.path()), || cat(file.path()));
    }
    let time = |work: &dyn Fn()| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    ratio("DISP", 201, || time(&|| drop(disp())), || time(&|| echo(&socket)));
    end(&instance, running);
    criterion.final_summary();
}
