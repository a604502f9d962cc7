//! Instances in temporary directories, launchers and consoles as processes, and waiting for their output.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Generous: only a failing test waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_zwelnch")
}

/// The program, with the signals of a terminal at their defaults.
pub(crate) fn settled_program() -> Command {
    settled(Command::new(program()))
}

/// A command with the signals of a terminal at their defaults: a caller that runs the tests in the background may ignore them, and the
/// program would inherit that.
pub(crate) fn settled(mut command: Command) -> Command {
    use std::os::unix::process::CommandExt;
    let settle = || {
        for number in [nix::libc::SIGHUP, nix::libc::SIGINT, nix::libc::SIGQUIT] {
            // SAFETY: setting a signal to its default installs no handler; it may be done between fork and exec.
            unsafe { nix::libc::signal(number, nix::libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: signal may be used between fork and exec, and nothing else is.
    unsafe { command.pre_exec(settle) };
    command
}

/// A runtime, a workspace, a configuration and a system of its own, below a temporary directory.
pub(crate) struct Instance {
    pub directory: tempfile::TempDir,
    components: Vec<(String, String)>,
    extra: String,
    shell: Option<&'static str>,
}

impl Instance {
    pub(crate) fn new() -> Instance {
        let directory = tempfile::Builder::new().prefix("zwelnch-it-").tempdir().unwrap();
        let instance = Instance { directory, components: Vec::new(), extra: String::new(), shell: None };
        fs::create_dir_all(instance.runtime().join("components")).unwrap();
        fs::create_dir(instance.path("system")).unwrap();
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(instance.path("system"), fs::Permissions::from_mode(0o700)).unwrap();
        instance
    }

    /// The shell that runs the lifecycle commands.
    pub(crate) fn with_shell(mut self, shell: &'static str) -> Instance {
        self.shell = Some(shell);
        self
    }

    /// Writes the library of shell functions that is sourced for lifecycle commands: the tests' own, instead of Zowe's.
    pub(crate) fn library(&self, text: &str) {
        fs::create_dir_all(self.runtime().join("bin/libs")).unwrap();
        fs::write(self.runtime().join("bin/libs/configmgr-index.sh"), text).unwrap();
    }

    /// A component without a start command.
    pub(crate) fn without_start(mut self, name: &str, settings: &str) -> Instance {
        self.manifest(name, "");
        self.components.push((name.to_owned(), settings.to_owned()));
        self
    }

    pub(crate) fn component_directory(&self, name: &str) -> PathBuf {
        self.runtime().join("components").join(name)
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.path("runtime")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("zowe.yaml")
    }

    pub(crate) fn system(&self) -> PathBuf {
        self.path("system")
    }

    /// Adds a component whose start command is `start`. `settings`: lines below `components.<name>`, in YAML.
    pub(crate) fn component(mut self, name: &str, start: &str, settings: &str) -> Instance {
        self.script(name, "start", start);
        self.components.push((name.to_owned(), settings.to_owned()));
        self
    }

    /// Writes `bin/<command>.sh` of a component.
    pub(crate) fn script(&self, name: &str, command: &str, text: &str) {
        let directory = self.runtime().join("components").join(name);
        fs::create_dir_all(directory.join("bin")).unwrap();
        fs::write(directory.join(format!("bin/{command}.sh")), text).unwrap();
        let manifest = directory.join("manifest.yaml");
        if !manifest.exists() {
            self.manifest(name, "");
        }
    }

    pub(crate) fn manifest(&self, name: &str, text: &str) {
        let directory = self.runtime().join("components").join(name);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("schema.json"), "{}").unwrap();
        let head = format!("name: {name}\nid: org.test.{name}\nschemas: {{configs: schema.json}}\n");
        fs::write(directory.join("manifest.yaml"), head + text).unwrap();
    }

    /// Top-level YAML after everything else.
    pub(crate) fn extra(mut self, text: &str) -> Instance {
        self.extra.push_str(text);
        self
    }

    pub(crate) fn write_config(&self) {
        let directory = self.directory.path().display();
        let mut yaml = format!(
            "zowe:\n  runtimeDirectory: {directory}/runtime\n  workspaceDirectory: {directory}/workspace\n  configmgr:\n    validation: COMPONENT-COMPAT\ncomponents:\n"
        );
        if self.components.is_empty() {
            yaml = yaml.replace("components:\n", "components: {}\n");
        }
        for (name, settings) in &self.components {
            yaml += &format!("  {name}:\n    enabled: true\n");
            for line in settings.lines() {
                yaml += &format!("    {line}\n");
            }
        }
        fs::write(self.config(), yaml + &self.extra).unwrap();
    }

    /// The launcher with this instance's CONFIG and system, not yet started.
    pub(crate) fn launcher(&self, arguments: &[&str]) -> Command {
        let mut command = settled_program();
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.directory.path())
            .env("CONFIG", self.config())
            .env("ZWELNCH_SYSTEM", self.system())
            .stdin(Stdio::null());
        if let Some(shell) = self.shell {
            command.env("ZWELNCH_SHELL", shell);
        }
        command
    }

    /// Writes the configuration and starts HA instance `lpar1` as job ZWESLSTC.
    pub(crate) fn start(&self) -> Running {
        self.write_config();
        Running::spawn(self.launcher(&["lpar1"]), self.directory.path())
    }

    /// Starts it and waits for ZWEL0012I.
    pub(crate) fn up(&self) -> Running {
        let running = self.start();
        running.wait_for("ZWEL0012I");
        running
    }

    /// Writes the configuration, runs the launcher to its end and returns its code and output.
    pub(crate) fn run_to_end(&self) -> (i32, String) {
        self.write_config();
        run_to_end(self.launcher(&["lpar1"]))
    }

    /// Issues an operator command: the answer and the exit code.
    pub(crate) fn console(&self, command: &str) -> (String, i32) {
        console(&self.system(), command)
    }

    /// `F ZWESLSTC,APPL=text`, which must reach the launcher, whatever the launcher does with it.
    pub(crate) fn modify(&self, text: &str) -> String {
        let (answer, code) = self.console(&format!("F ZWESLSTC,APPL={text}"));
        assert!(code == 0 || (code == 8 && answer.contains("ZWEL")), "{code}: {answer}");
        answer
    }

    /// The same, and the launcher must refuse it.
    pub(crate) fn refused(&self, text: &str) -> String {
        let (answer, code) = self.console(&format!("F ZWESLSTC,APPL={text}"));
        assert!(code == 8 && answer.contains("ZWEL"), "{code}: {answer}");
        answer
    }

    /// The DISP answer's process id of a component; None while it has none.
    pub(crate) fn pid(&self, component: &str) -> Option<i32> {
        pid_in(&self.modify("DISP"), component)
    }
}

pub(crate) fn pid_in(display: &str, component: &str) -> Option<i32> {
    let line = display.lines().find(|line| line.contains("ZWEL0011I") && line.contains(&format!(" {component}, PID")))?;
    line.rsplit(' ').next()?.parse().ok().filter(|pid| *pid > 0)
}

pub(crate) fn console(system: &Path, command: &str) -> (String, i32) {
    let output = Command::new(program()).arg("console").arg("--system").arg(system).arg(command).stdin(Stdio::null()).output().unwrap();
    (text(&output), output.status.code().unwrap())
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub(crate) fn run_to_end(command: Command) -> (i32, String) {
    let mut running = Running::spawn(command, Path::new("/nonexistent"));
    let code = running.wait_end();
    (code, running.all())
}

/// What a process has written so far, and a way to wait for more.
#[derive(Default)]
struct Lines {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

/// A running process of ours: its lines are collected as they come. When dropped, it is ended with everything it has started.
pub(crate) struct Running {
    pub child: Child,
    lines: Arc<Lines>,
    directory: PathBuf,
}

impl Running {
    pub(crate) fn spawn(mut command: Command, directory: &Path) -> Running {
        let (reader, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn().unwrap();
        drop(command);
        let lines = Arc::new(Lines::default());
        let collected = Arc::clone(&lines);
        std::thread::spawn(move || {
            let mut reader = BufReader::new(fs::File::from(reader));
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                collected.lines.lock().unwrap().0.push(text);
                collected.more.notify_all();
                line.clear();
            }
            collected.lines.lock().unwrap().1 = true;
            collected.more.notify_all();
        });
        Running { child, lines, directory: directory.to_path_buf() }
    }

    /// A process whose output nobody wants to see.
    pub(crate) fn unheard(mut command: Command, directory: &Path) -> Running {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let lines = Arc::new(Lines { lines: Mutex::new((Vec::new(), true)), more: Condvar::new() });
        Running { child, lines, directory: directory.to_path_buf() }
    }

    pub(crate) fn all(&self) -> String {
        self.lines.lines.lock().unwrap().0.join("\n")
    }

    /// Waits for a line that holds `text`, and returns it.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_for_count(text, 1).pop().unwrap()
    }

    /// Waits until `count` lines contain `text`, and returns them. The repeated last lines of a component do not count, unless `text`
    /// begins as they do.
    pub(crate) fn wait_for_count(&self, text: &str, count: usize) -> Vec<String> {
        const REPEATED: &str = "    | ";
        let repeated = text.starts_with(REPEATED);
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lines.lines.lock().unwrap();
        // Each line is looked at once: with a thousand components that is what a measurement would measure.
        let (mut found, mut seen) = (Vec::new(), 0);
        loop {
            let new = &lines.0[seen..];
            found.extend(new.iter().filter(|line| line.contains(text) && (repeated || !line.starts_with(REPEATED))).cloned());
            seen = lines.0.len();
            if found.len() >= count {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !lines.1, "{} of {count} lines hold {text:?} in:\n{}", found.len(), lines.0.join("\n"));
            lines = self.lines.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Signals again, like somebody who has already asked it to end, until that ends the grace time.
    pub(crate) fn hurry(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let hurried = wait_until(deadline, || {
            let ended = self.child.try_wait().unwrap().is_some();
            if !ended {
                self.signal(nix::sys::signal::Signal::SIGTERM);
            }
            (ended || self.all().contains("ZWEL0063W")).then_some(())
        });
        assert!(hurried.is_some(), "the grace time goes on:\n{}", self.all());
    }

    /// Waits for the end of the process and of its output, and returns its exit code.
    pub(crate) fn wait_end(&mut self) -> i32 {
        let status = wait_child(&mut self.child).unwrap_or_else(|| panic!("still running:\n{}", self.all()));
        let mut lines = self.lines.lines.lock().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !lines.1 && Instant::now() < deadline {
            lines = self.lines.more.wait_timeout(lines, Duration::from_millis(100)).unwrap().0;
        }
        status.code().unwrap_or(-1)
    }
}

/// The status of a child that ends within [`PATIENCE`].
fn wait_child(child: &mut Child) -> Option<std::process::ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    wait_until(deadline, || child.try_wait().unwrap())
}

/// For things without an event to wait for: asks again until there is an answer or the time is over.
pub(crate) fn wait_until<T>(deadline: Instant, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let (_sender, nothing) = std::sync::mpsc::channel::<()>();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > deadline {
            return None;
        }
        let _ = nothing.recv_timeout(Duration::from_millis(5));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
        kill_processes_of(&self.directory);
    }
}

/// Live processes whose environment names a directory: everything that an instance has started, wherever it is now.
pub(crate) fn processes_of(directory: &Path) -> Vec<i32> {
    let needle = directory.to_string_lossy().into_owned().into_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        if pid == std::process::id() as i32 {
            continue;
        }
        let mut environment = Vec::new();
        // Gone, or somebody else's.
        let _ = fs::File::open(entry.path().join("environ")).and_then(|mut file| file.read_to_end(&mut environment));
        if environment.windows(needle.len()).any(|window| window == needle) {
            found.push(pid);
        }
    }
    found
}

/// Ends what a failed test has left.
pub(crate) fn kill_processes_of(directory: &Path) {
    for pid in processes_of(directory) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    }
}

/// Processes whose environment names a directory, once there are none: what has been killed takes a moment to be gone.
pub(crate) fn none_left(directory: &Path) -> bool {
    wait_until(Instant::now() + PATIENCE, || processes_of(directory).is_empty().then_some(())).is_some()
}

/// The path of a program in PATH. If a test needs one that is missing, it is skipped with a message, or fails where everything must be
/// installed.
pub(crate) fn program_or_skip(name: &str) -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|directory| directory.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

/// Reports that a test is skipped; a failure with ZWELNCH_REQUIRE_ALL=1.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var("ZWELNCH_REQUIRE_ALL").as_deref() != Ok("1"), "{why}");
    not_here(why);
}

/// Reports that a test is skipped for what nobody can install: a right or a part of the kernel that a container may lack.
#[allow(clippy::print_stderr)]
pub(crate) fn not_here(why: &str) {
    eprintln!("SKIPPED: {why}");
}

/// The message ids of an output, in order, except messages about running as root: anybody may run the tests.
pub(crate) fn ids(output: &str) -> Vec<String> {
    output
        .lines()
        .filter(|line| !line.contains("ZWEL0951W startup check user: "))
        .filter(|line| line.contains("<ZWELNCH:"))
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with("ZWEL0") && word.len() == 9))
        .map(str::to_owned)
        .collect()
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A range of ports that no other test uses, each free when it was found: for the sample, whose ports are adjacent. Below the ports that
/// the system assigns to connections.
pub(crate) struct PortRange {
    pub base: u16,
    /// The holder of the first port holds the range.
    _held: std::net::TcpListener,
}

impl PortRange {
    pub(crate) const LENGTH: u16 = 60;

    pub(crate) fn find() -> PortRange {
        let seed = std::process::id() % 360;
        for number in 0..360 {
            let base = 10_000 + u16::try_from((seed + number) % 360).unwrap() * PortRange::LENGTH;
            let Ok(held) = std::net::TcpListener::bind(("127.0.0.1", base)) else { continue };
            if (base + 1..base + PortRange::LENGTH).all(|port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()) {
                return PortRange { base, _held: held };
            }
        }
        panic!("no range of free ports");
    }
}

/// A reproducible sequence: Knuth's MMIX generator.
pub(crate) struct Sequence(pub u64);

impl Sequence {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
