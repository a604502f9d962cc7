//! Under systemd: what its socket is told, what of its variables reaches whom, the unit of the sample, and signals that are not for us.

use crate::harness::{Instance, PATIENCE, Running, processes_of, program, program_or_skip, wait_until};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SLEEP: &str = "exec sleep 1000";

/// Every variable that systemd.exec(5), sd_listen_fds(3) and sd_watchdog_enabled(3) set for the service itself.
const OF_THE_SERVICE: &str = "NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID LISTEN_FDS LISTEN_PID LISTEN_FDNAMES MAINPID MANAGERPID \
    SYSTEMD_EXEC_PID INVOCATION_ID JOURNAL_STREAM LOG_NAMESPACE PIDFILE CREDENTIALS_DIRECTORY RUNTIME_DIRECTORY STATE_DIRECTORY \
    CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY TRIGGER_UNIT MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE";

/// What it sets for any process of a user.
const OF_THE_USER: &str = "LANG XDG_RUNTIME_DIR USER LOGNAME SHELL";

/// A socket as systemd's, and what it was told.
struct Manager {
    socket: UnixDatagram,
    told: std::cell::RefCell<Vec<String>>,
    path: std::path::PathBuf,
}

impl Manager {
    fn new(instance: &Instance) -> Manager {
        let path = instance.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager { socket, told: Vec::new().into(), path }
    }

    /// The next datagram; None when the launcher says nothing for the whole time.
    fn hear(&self) -> Option<String> {
        let mut bytes = [0; 1000];
        let length = self.socket.recv(&mut bytes).ok()?;
        let text = String::from_utf8(bytes[..length].to_vec()).unwrap();
        self.told.borrow_mut().push(text.clone());
        Some(text)
    }

    /// The first datagram from now on that holds a text.
    fn wait_for(&self, text: &str) -> String {
        while let Some(told) = self.hear() {
            if told.contains(text) {
                return told;
            }
        }
        panic!("{text} was not told: {:?}", self.told);
    }

    /// All that was told, once the launcher has ended.
    fn all(&self) -> Vec<String> {
        self.socket.set_nonblocking(true).unwrap();
        while self.hear().is_some() {}
        self.told.take()
    }
}

fn extension(told: &str) -> Option<Duration> {
    told.lines().find_map(|line| line.strip_prefix("EXTEND_TIMEOUT_USEC=")).map(|time| Duration::from_micros(time.parse().unwrap()))
}

#[test]
fn what_systemd_says_to_the_service_reaches_nothing_that_it_starts() {
    let dump = |place: &str| format!("env | sed 's/^/{place}:/'\n");
    let settings = "launcher: {liveness: {command: bin/liveness.sh, interval: 1}, stop: {command: bin/stop.sh}}";
    let instance = Instance::new().component("alpha", &(dump("start") + SLEEP), settings);
    instance.script("alpha", "validate", &dump("validate"));
    instance.script("alpha", "stop", &dump("stop"));
    // Nobody hears a probe.
    instance.script("alpha", "liveness", &format!("env > {0}/asked && mv {0}/asked {0}/liveness", instance.directory.path().display()));
    instance.script("alpha", "configure", &(dump("configure") + "export STATE_DIRECTORY=/of/alpha\n"));
    instance.write_config();
    let manager = Manager::new(&instance);
    let given = |mut command: Command| {
        command.envs(OF_THE_SERVICE.split(' ').map(|name| (name, format!("systemd's {name}"))));
        command.envs(OF_THE_USER.split(' ').map(|name| (name, format!("user's {name}"))));
        command.env("NOTIFY_SOCKET", &manager.path).env("WATCHDOG_USEC", "30000000").env("WATCHDOG_PID", "1");
        command
    };
    let mut running = Running::spawn(given(instance.launcher(&["lpar1"])), instance.directory.path());
    running.wait_for("ZWEL0901I");
    let asked = instance.path("liveness");
    let asked = wait_until(Instant::now() + PATIENCE, || fs::read_to_string(&asked).ok()).expect("it is asked whether it lives");
    assert!(asked.contains("LANG=user's LANG") && !asked.lines().any(|line| line.contains("=systemd's")), "{asked}");
    // The guardian and whatever else runs now, as the system tells.
    let launcher = i32::try_from(running.child.id()).unwrap();
    let others: Vec<i32> = processes_of(instance.directory.path()).into_iter().filter(|pid| *pid != launcher).collect();
    assert!(others.len() >= 2, "{others:?}");
    for pid in others {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&environment).contains("systemd's"), "{pid}: {}", String::from_utf8_lossy(&environment));
    }
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
    let mut foreground = instance.launcher(&["component", "run", "alpha", "-v"]);
    foreground.args(["--ha-instance", "lpar1"]).arg("--config").arg(instance.config());
    let mut foreground = Running::spawn(given(foreground), instance.directory.path());
    foreground.wait_for("ZWEL0001I");
    foreground.wait_for("start:PWD");
    foreground.signal(Signal::SIGTERM);
    foreground.wait_end();
    for (out, places) in [(running.all(), "validate configure start stop"), (foreground.all(), "validate configure start")] {
        for place in places.split(' ') {
            let seen: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix(place)?.strip_prefix(':')).collect();
            let of_user =
                OF_THE_USER.split(' ').filter(|name| !seen.contains(&format!("{name}=user's {name}").as_str())).collect::<Vec<_>>();
            assert!(!seen.is_empty() && (of_user.is_empty() || of_user == ["USER"]), "{place}: {of_user:?}\n{out}");
            let leaked: Vec<&&str> =
                seen.iter().filter(|line| OF_THE_SERVICE.split(' ').any(|name| line.split('=').next() == Some(name))).collect();
            // What a component's own script exports is the component's.
            let own = ["start", "stop"].contains(&place).then_some("STATE_DIRECTORY=/of/alpha");
            assert!(leaked.iter().all(|line| Some(**line) == own) && leaked.len() == usize::from(own.is_some()), "{place}: {leaked:?}");
        }
    }
    assert!(!manager.all().iter().any(|told| told.contains("WATCHDOG")), "the watchdog is that of another process");
}

#[test]
fn systemd_is_told_how_long_the_prepare_step_and_a_stop_may_take() {
    let stop = |grace: u32, needs: &str| format!("launcher: {{stop: {{graceSeconds: {grace}}}, dependsOn: [{needs}]}}");
    let instance = Instance::new().component("alpha", SLEEP, &stop(70, "")).component("beta", SLEEP, &stop(50, "alpha")).component(
        "gamma",
        SLEEP,
        &stop(100, ""),
    );
    instance.script("beta", "configure", "true\n");
    instance.write_config();
    let manager = Manager::new(&instance);
    let mut command = instance.launcher(&["lpar1"]);
    command.env("NOTIFY_SOCKET", &manager.path);
    let mut running = Running::spawn(command, instance.directory.path());
    assert!(
        extension(&manager.wait_for("STATUS=validating components")) > Some(Duration::from_secs(300)),
        "the default of validateTimeout"
    );
    assert!(extension(&manager.wait_for("STATUS=configuring beta (2 of 3)")) >= Some(Duration::from_secs(600)));
    manager.wait_for("READY=1\n");
    manager.wait_for("STATUS=3 of 3 components ready");
    running.signal(Signal::SIGTERM);
    // beta, and then alpha: longer than gamma alone.
    let told = extension(&manager.wait_for("STOPPING=1\n")).unwrap();
    assert!((Duration::from_secs(120)..Duration::from_secs(220)).contains(&told), "{told:?}");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn a_watchdog_hears_of_the_owner_from_the_beginning_to_the_end() {
    let instance = Instance::new().component("alpha", SLEEP, "");
    instance.write_config();
    let manager = Manager::new(&instance);
    let mut command = instance.launcher(&["lpar1"]);
    command.env("NOTIFY_SOCKET", &manager.path).env("WATCHDOG_USEC", "200000");
    let mut running = Running::spawn(command, instance.directory.path());
    manager.wait_for("READY=1\n");
    (0..5).for_each(|_| drop(manager.wait_for("WATCHDOG=1")));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
}

/// `Environment=` and `ExecStart=` as systemd reads them, as far as the sample uses them.
fn unit() -> (String, Vec<(String, String)>, Vec<String>) {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/samplib/zwelnch.service")).unwrap();
    let settings = |name: &str| text.lines().filter_map(|line| line.strip_prefix(name)).map(str::to_owned).collect::<Vec<_>>();
    let environment: Vec<(String, String)> = settings("Environment=")
        .iter()
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let expand = |word: &str| match word.strip_prefix("${").and_then(|word| word.strip_suffix('}')) {
        Some(name) => environment.iter().find(|(known, _)| known == name).unwrap().1.clone(),
        None => word.to_owned(),
    };
    let words = settings("ExecStart=")[0].split(' ').map(expand).collect();
    (text, environment, words)
}

#[test]
fn systemd_itself_accepts_the_unit() {
    let Some(analyze) = program_or_skip("systemd-analyze") else { return };
    let (text, _, words) = unit();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zwelnch.service");
    let verify = |text: &str| {
        fs::write(&path, text).unwrap();
        // Its manual pages are not installed here, and the program is not where the unit has it.
        let output = Command::new(&analyze).args(["verify", "--man=no"]).arg(&path).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let here = text.replace(&words[0], program());
    assert_eq!(verify(&here), (true, String::new()));
    assert!(!verify(&here.replace("OOMPolicy=continue", "OOMPolicy=perhaps")).1.is_empty(), "it reads what it is given");
}

#[test]
fn the_unit_starts_an_instance_that_root_and_its_user_operate_without_a_home() {
    let (text, environment, words) = unit();
    let state = text.lines().find_map(|line| line.strip_prefix("StateDirectory=")).unwrap();
    let instance = Instance::new().component("alpha", SLEEP, "");
    instance.write_config();
    // What systemd makes of StateDirectory and StateDirectoryMode.
    fs::create_dir(instance.path("lib")).unwrap();
    let here = instance.path("lib").join(state);
    fs::create_dir(&here).unwrap();
    fs::set_permissions(&here, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(instance.path("no-home"), "").unwrap();
    let mut command = Command::new(program());
    command.args(&words[1..]).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.env("HOME", instance.path("no-home/zwesvusr")).env("CONFIG", instance.config());
    let system = environment.iter().find(|(name, _)| name == "ZWELNCH_SYSTEM").unwrap().1.clone();
    let system = system.strip_prefix("/var/lib").map(|rest| instance.path(&format!("lib{rest}"))).unwrap();
    assert!(system.starts_with(&here), "{system:?} is not in the directory of the unit");
    command.env("ZWELNCH_SYSTEM", &system);
    let mut running = Running::spawn(command, instance.directory.path());
    running.wait_for("ZWEL0901I");
    assert!(!running.all().contains("ZWEL0934W"), "{}", running.all());
    assert_eq!(crate::harness::console(&system, "P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0);
}

fn all_but_ending() -> Vec<libc::c_int> {
    let mut numbers = vec![libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGIO];
    #[cfg(target_os = "linux")]
    numbers.extend([libc::SIGPWR, libc::SIGSTKFLT, libc::SIGRTMIN(), libc::SIGRTMIN() + 3, libc::SIGRTMAX()]);
    numbers
}

fn send(pid: i32, number: libc::c_int) {
    // SAFETY: kill touches no memory. nix does not know real-time signals.
    assert_eq!(unsafe { libc::kill(pid, number) }, 0, "{number}");
}

#[test]
fn signals_that_are_not_for_the_launcher_end_neither_it_nor_what_belongs_to_it() {
    let instance = Instance::new().component("alpha", SLEEP, "");
    instance.write_config();
    let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    let component = instance.pid("alpha").unwrap();
    let launcher = i32::try_from(running.child.id()).unwrap();
    let guardian: Vec<i32> =
        processes_of(instance.directory.path()).into_iter().filter(|pid| ![launcher, component].contains(pid)).collect();
    assert_eq!(guardian.len(), 1, "{guardian:?}");
    for number in all_but_ending() {
        send(launcher, number);
        send(guardian[0], number);
    }
    running.wait_for("ZWEL0963I Zowe instance lpar1 goes on");
    running.wait_for("ZWEL0989I log files are rotated");
    running.wait_for_count("ZWEL0962W signal ", all_but_ending().len() - 1);
    assert!(running.all().contains("ZWEL0962W signal SIGALRM means nothing"), "{}", running.all());
    assert_eq!(instance.pid("alpha"), Some(component));
    assert!(processes_of(instance.directory.path()).contains(&guardian[0]));
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn sysprint_that_was_moved_away_is_begun_anew_with_a_head() {
    let instance = Instance::new().component("alpha", SLEEP, "");
    instance.write_config();
    let (sysprint, moved) = (instance.path("sysprint"), instance.path("sysprint.1"));
    let file = fs::File::options().append(true).create(true).open(&sysprint).unwrap();
    fs::set_permissions(&sysprint, fs::Permissions::from_mode(0o640)).unwrap();
    let mut command = instance.launcher(&["lpar1"]);
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let mut child = command.spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let text = |path: &std::path::Path| fs::read_to_string(path).unwrap_or_default();
    let wait = |path: &std::path::Path, what: &str| {
        wait_until(Instant::now() + PATIENCE, || text(path).contains(what).then_some(()))
            .unwrap_or_else(|| panic!("{what}: {}", text(path)));
    };
    wait(&sysprint, "ZWEL0901I");
    fs::rename(&sysprint, &moved).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGUSR1).unwrap();
    wait(&sysprint, "ZWEL0989I");
    let lines: Vec<String> = text(&sysprint).lines().map(str::to_owned).collect();
    assert!(lines[0].ends_with("500") && lines[1].contains("ZWEL0963I"), "{lines:?}");
    assert!(!text(&moved).contains("ZWEL0963I") && !text(&sysprint).contains("ZWEL0021I"));
    assert_eq!(fs::metadata(&sysprint).unwrap().mode() & 0o777, 0o640);
    // Nothing was moved: the same file goes on, with another head.
    kill(Pid::from_raw(pid), Signal::SIGUSR1).unwrap();
    wait_until(Instant::now() + PATIENCE, || (text(&sysprint).matches("ZWEL0963I").count() == 2).then_some(())).expect("a second block");
    // Somebody has put a link there: the file of before goes on, and it is said.
    fs::rename(&sysprint, instance.path("sysprint.2")).unwrap();
    std::os::unix::fs::symlink(&moved, &sysprint).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGUSR1).unwrap();
    wait(&instance.path("sysprint.2"), "is not begun anew");
    fs::remove_file(&sysprint).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGUSR1).unwrap();
    wait(&sysprint, "ZWEL0963I");
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    wait_until(Instant::now() + PATIENCE, || child.try_wait().unwrap()).expect("it runs on");
    wait(&sysprint, "ZWEL0022I");
}
