//! From S to P, and what can go wrong on the way.

use crate::harness::{Instance, PATIENCE, processes_of, wait_until};
use nix::sys::signal::{Signal, kill};
use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Command};
use std::time::Instant;
use zwelnch::platform::ebcdic::{bytes_to_ibm_1047, ibm_1047, to_ibm_1047};

/// A line in IBM-1047 (`AB`), then one in UTF-8, as a shell and a server do.
const BOTH_CODES: &str = "printf '\\301\\302\\025'; echo \"gr\u{fc}n $_BPX_JOBNAME\"; exec sleep 1000";

/// A WTO as the stub has recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wto {
    pub(crate) how: String,
    route: String,
    descriptor: String,
    /// CART and console id in hexadecimal.
    origin: (String, String),
    pub(crate) text: String,
}

/// What runs the programs of this test's own architecture, where that is not the machine's.
pub(crate) fn emulator() -> Option<String> {
    std::env::var("ZWELNCH_EMULATOR").ok()
}

impl Wto {
    /// Whether it went to the console that asked with this CART.
    pub(crate) fn is_answer_to(&self, cart: &str) -> bool {
        self.origin.0 == cart
    }
}

/// An instance on a z/OS of its own.
pub(crate) struct Zos {
    pub(crate) instance: Instance,
    pub(crate) console: File,
    pub(crate) child: Option<Child>,
}

impl Zos {
    pub(crate) fn new(instance: Instance) -> Zos {
        let stub = instance.path("zos");
        for directory in ["dd", "data-sets/ZOWE.PARMLIB", "fail", "bin"] {
            fs::create_dir_all(stub.join(directory)).unwrap();
        }
        fs::create_dir(instance.path("logs")).unwrap();
        let fifo = stub.join("console");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        let console = File::options().read(true).write(true).open(fifo).unwrap();
        std::os::unix::fs::symlink(crate::harness::program(), instance.path("ZWELNCH")).unwrap();
        Zos { instance, console, child: None }
    }

    /// As [`Self::up`], with another value of a variable of STDENV.
    fn up_with(&mut self, name: &str, value: &str) {
        self.write_member();
        self.child = Some(self.command("PARMLIB(ZOWE.PARMLIB(ZWEYAML))").env(name, value).spawn().unwrap());
        self.wait_for("SYSPRINT", "ZWEL0012I", 1);
    }

    /// S ZWESLSTC,HAINST=lpar1 with the configuration in a data set, in EBCDIC, and without descriptors 0 to 2.
    fn start(&mut self) {
        self.write_member();
        self.child = Some(self.command("PARMLIB(ZOWE.PARMLIB(ZWEYAML))").spawn().unwrap());
    }

    fn write_member(&self) {
        self.instance.write_config();
        let text = fs::read_to_string(self.instance.config()).unwrap();
        // Tests may run as root, which a started task should not.
        let more = format!(
            "zowe:\n  launchScript: {{startupChecks: {{user: disabled}}}}\n  logDirectory: {}\n",
            self.instance.path("logs").display()
        );
        let text = text.replacen("zowe:\n", &more, 1);
        // As configmgr writes it.
        fs::write(self.instance.path("zos/data-sets/ZOWE.PARMLIB/ZWEYAML"), bytes_to_ibm_1047(text.as_bytes())).unwrap();
    }

    fn command(&self, config: &str) -> Command {
        let of_instance = self.instance.launcher(&[]);
        let mut command = Command::new("/bin/sh");
        // On another machine's processor it is an emulator that runs the program.
        let by = emulator().map(|words| format!("{words} -0 ZWELNCH")).unwrap_or_default();
        command.args(["-c", &format!("exec {by} \"$0\" \"$@\" <&- >&- 2>&-")]).arg(self.instance.path("ZWELNCH")).arg("lpar1").env_clear();
        for (name, value) in of_instance.get_envs() {
            command.env(name, value.unwrap());
        }
        if let Some(words) = emulator() {
            command.env("ZWELNCH_EMULATOR", words);
        }
        command.env_remove("ZWELNCH_SYSTEM").env("CONFIG", config).env("ZWELNCH_ZOS_STUB", self.instance.path("zos"));
        // As the PROC has it.
        command.env("ZWELNCH_PROGRAM", self.instance.path("ZWELNCH"));
        command
    }

    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.instance.path("zos").join(name)).unwrap_or_default()
    }

    pub(crate) fn dd(&self, name: &str) -> String {
        ibm_1047(&fs::read(self.instance.path("zos/dd").join(name)).unwrap_or_default())
    }

    /// Waits until `count` lines of a data definition hold a text.
    pub(crate) fn wait_for(&self, dd: &str, text: &str, count: usize) {
        let found = || (self.dd(dd).lines().filter(|line| line.contains(text)).count() >= count).then_some(());
        wait_until(Instant::now() + PATIENCE, found).unwrap_or_else(|| panic!("no {count} of {text:?} on {dd}:\n{}", self.dd(dd)));
    }

    pub(crate) fn wait_for_wto(&self, wanted: impl Fn(&Wto) -> bool) -> Wto {
        wait_until(Instant::now() + PATIENCE, || self.wtos().into_iter().find(&wanted))
            .unwrap_or_else(|| panic!("no such WTO:\n{:#?}\n{}", self.wtos(), self.dd("SYSPRINT")))
    }

    pub(crate) fn up(&mut self) {
        self.start();
        self.wait_for("SYSPRINT", "ZWEL0012I", 1);
    }

    pub(crate) fn operator(&mut self, kind: u8, origin: u8, text: &str) {
        let mut record = vec![kind];
        record.extend([origin; 12]);
        let mut text = to_ibm_1047(text);
        text.resize(128, 0x40);
        record.extend(text);
        self.console.write_all(&record).unwrap();
    }

    /// `F ZWESLSTC,APPL=text` from a console; the lines of the answer.
    pub(crate) fn modify(&mut self, origin: u8, text: &str) -> Vec<String> {
        self.operator(b'M', origin, text);
        let cart = format!("{origin:02x}").repeat(8);
        let answer = self.wait_for_wto(|wto| wto.origin.0 == cart);
        assert_eq!((answer.how.as_str(), answer.descriptor.as_str()), ("console2", "5"));
        assert_eq!(answer.origin.1, format!("{origin:02x}").repeat(4));
        answer.text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn wtos(&self) -> Vec<Wto> {
        let parse = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let bytes: Vec<u8> = (0..words[5].len() / 2).map(|at| u8::from_str_radix(&words[5][2 * at..2 * at + 2], 16).unwrap()).collect();
            Wto {
                how: words[0].into(),
                route: words[1].into(),
                descriptor: words[2].into(),
                origin: (words[3].into(), words[4].into()),
                text: ibm_1047(&bytes),
            }
        };
        // The last line may not be whole yet.
        let text = self.file("wto");
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(parse).collect()
    }

    pub(crate) fn fail(&self, service: &str, count: u32, errno: i32) {
        fs::write(self.instance.path("zos/fail").join(service), format!("{count} {errno} 91226")).unwrap();
    }

    pub(crate) fn wait_end(&mut self) -> i32 {
        let child = self.child.as_mut().unwrap();
        let status = wait_until(Instant::now() + PATIENCE, || child.try_wait().unwrap());
        status.unwrap_or_else(|| panic!("still running:\n{}", self.dd("SYSPRINT"))).code().unwrap_or(-1)
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().unwrap().id();
        kill(nix::unistd::Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
    }
}

impl Drop for Zos {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                child.wait().unwrap();
            }
        }
        crate::harness::kill_processes_of(self.instance.directory.path());
    }
}

/// Where the stub keeps the tag of a file: the end of its name, which begins with the device.
fn tag_name(path: &std::path::Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).unwrap();
    let born = metadata.created().map_or(0, |time| time.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos());
    let (major, minor) = (nix::sys::stat::major(metadata.dev()), nix::sys::stat::minor(metadata.dev()));
    format!("{major:x}-{minor:x}.{}.{}-{}", metadata.ino(), born / 1_000_000_000, born % 1_000_000_000)
}

/// CCSID and text flag of a file, as the stub keeps them; None: untagged.
pub(crate) fn tag_of(zos: &Zos, path: &std::path::Path) -> Option<(u32, bool)> {
    let text = fs::read_to_string(zos.instance.path("zos/tags").join(tag_name(path))).ok()?;
    let words: Vec<u32> = text.split_whitespace().map(|word| u32::from_str_radix(word, 16).unwrap()).collect();
    (words[0] != 0).then_some((words[0], words[1] == 1))
}

/// As chtag does it.
pub(crate) fn set_tag(zos: &Zos, path: &std::path::Path, ccsid: u32, text: bool) {
    fs::create_dir_all(zos.instance.path("zos/tags")).unwrap();
    fs::write(zos.instance.path("zos/tags").join(tag_name(path)), format!("{ccsid:x} {:x}\n", u8::from(text))).unwrap();
}

fn two_components() -> Instance {
    Instance::new()
        .component("alpha", BOTH_CODES, "zowe: {job: {suffix: XAL}}\nlauncher: {shareAs: no}")
        .component("gateway", BOTH_CODES, "")
        .extra("")
}

#[test]
fn from_s_to_p() {
    let mut zos = Zos::new(two_components());
    zos.up();
    zos.wait_for("SYSPRINT", "gr\u{fc}n", 2);
    let sysprint = zos.dd("SYSPRINT");
    for text in [
        "ZWEL0023I Zowe YAML config file is 'PARMLIB(ZOWE.PARMLIB(ZWEYAML))'",
        "ZWEL0024I HA_INSTANCE_ID is 'lpar1'",
        "> ZWESVUSR INFO ZWEL0021I",
        "\nAB\n",
        "gr\u{fc}n ZWE1XAL\n",
        "gr\u{fc}n ZWE1AG\n",
    ] {
        assert!(sysprint.contains(text), "{text:?} is missing in\n{sysprint}");
    }

    // Each process as z/OS was asked for it.
    let spawned = zos.file("spawned");
    for text in [" NO ZWE1XAL sh\n", " YES ZWE1AG sh\n", " NO - zwelnch-guardian\n"] {
        assert!(spawned.contains(text), "{text:?} is missing in\n{spawned}");
    }
    assert_eq!(zos.file("shutdown-registration"), "notify process sigdanger\n");

    // Events are WTOs by SVC 35, and nothing stands before the id.
    let started = zos.wait_for_wto(|wto| wto.text.starts_with("ZWEL0021I"));
    assert_eq!((started.how.as_str(), started.route.as_str(), started.descriptor.as_str()), ("svc35", "-", "-"));
    for wto in zos.wtos() {
        assert!(wto.text.starts_with("ZWE"), "{wto:?}");
    }

    // The system has put what the operator typed into upper case, and the answer goes where it came from.
    let answer = zos.modify(0xa1, "DISP");
    assert!(answer.iter().any(|line| line.contains("ZWEL0011I") && line.contains("gateway")), "{answer:#?}");
    assert!(answer.iter().all(|line| line.chars().count() <= 70), "{answer:#?}");
    zos.modify(0xa2, "STOP(GATEWAY)");
    zos.wait_for("SYSPRINT", "ZWEL0002I component gateway stopped", 1);
    zos.modify(0xa3, "START(GATEWAY)");
    zos.wait_for("SYSPRINT", "ZWEL0001I component gateway started", 2);
    let answer = zos.modify(0xa4, "NONSENSE");
    assert!(answer[0].starts_with("BPXM023I (ZWESVUSR) ZWEL0042E"), "{answer:?}");

    zos.operator(b'S', 0, "");
    assert_eq!(zos.wait_end(), 0);
    let sysprint = zos.dd("SYSPRINT");
    assert!(sysprint.contains("ZWEL0022I") && sysprint.contains("ZWEL0013I"), "{sysprint}");
    assert_eq!(processes_of(zos.instance.directory.path()), Vec::<i32>::new());
}

#[test]
fn commands_that_come_at_once_are_all_answered() {
    let mut zos = Zos::new(two_components());
    zos.up();
    for origin in 1..=20 {
        zos.operator(b'M', origin, "DISP");
    }
    for origin in 1..=20 {
        let cart = format!("{origin:02x}").repeat(8);
        zos.wait_for_wto(|wto| wto.origin.0 == cart);
    }
}

#[test]
fn output_of_validate_and_configure_is_converted() {
    let instance = Instance::new();
    // A shell takes the snapshot by running the launcher's program, which it cannot under an emulator.
    let configure = if emulator().is_none() { ", configure: bin/configure.sh" } else { "" };
    instance.manifest("gateway", &format!("commands: {{start: bin/start.sh, validate: bin/validate.sh{configure}}}\n"));
    instance.script("gateway", "validate", "printf '\\305\\306\\025'");
    instance.script("gateway", "configure", "printf '\\307\\310\\025'; echo plain; export MADE=1");
    let mut zos = Zos::new(instance.component("gateway", "exec sleep 1000", ""));
    zos.up();
    let sysprint = zos.dd("SYSPRINT");
    assert!(sysprint.contains("\nEF\n") && !sysprint.contains("\nEF\n\n"), "{sysprint}");
    if configure.is_empty() {
        println!("the configure command is left out under an emulator");
    } else {
        assert!(sysprint.contains("\nGH\nplain\n"), "{sysprint}");
    }
}

#[test]
fn a_configuration_that_is_missing_is_code_8_with_the_services_error() {
    let mut zos = Zos::new(two_components());
    zos.child = Some(zos.command("PARMLIB(ZOWE.PARMLIB(NONE))").spawn().unwrap());
    assert_eq!(zos.wait_end(), 8);
    let sysprint = zos.dd("SYSPRINT");
    assert!(sysprint.contains("errno2 C00B0403"), "{sysprint}");
}

#[test]
fn shutdown_of_omvs_is_treated_as_p() {
    let mut zos = Zos::new(two_components());
    zos.up();
    // SIGDANGER of the stub.
    zos.signal(Signal::SIGPWR);
    assert_eq!(zos.wait_end(), 0);
    assert!(zos.dd("SYSPRINT").contains("ZWEL0019I"), "{}", zos.dd("SYSPRINT"));
}

/// C ZWESLSTC, as far as an address space of its own is concerned.
#[test]
fn what_a_killed_launcher_leaves_is_ended_by_its_guardian() {
    let mut zos = Zos::new(two_components());
    zos.up();
    let place = zos.instance.directory.path().to_owned();
    assert!(processes_of(&place).len() > 2);
    zos.signal(Signal::SIGKILL);
    let none = wait_until(Instant::now() + PATIENCE, || processes_of(&place).is_empty().then_some(()));
    assert!(none.is_some(), "{:?}", processes_of(&place));
}

#[test]
fn signals_that_do_not_ask_it_to_end_do_not_end_it() {
    let mut zos = Zos::new(two_components());
    zos.up();
    zos.signal(Signal::SIGUSR1);
    zos.wait_for("SYSPRINT", "ZWEL0963I", 1);
    for (signal, name) in [(Signal::SIGUSR2, "SIGUSR2"), (Signal::SIGALRM, "SIGALRM")] {
        zos.signal(signal);
        zos.wait_for("SYSPRINT", &format!("ZWEL0962W signal {name} "), 1);
    }
    zos.signal(Signal::SIGTERM);
    assert_eq!(zos.wait_end(), 0);
}

#[test]
fn a_job_name_that_is_refused_costs_no_component() {
    let mut zos = Zos::new(two_components());
    zos.fail("spawn.jobname", 2, nix::libc::EPERM);
    zos.up();
    let wto = zos.wait_for_wto(|wto| wto.text.starts_with("ZWEL1006W"));
    assert!(wto.text.contains("ZWE1XAL"), "{wto:?}");
    assert_eq!(zos.wtos().iter().filter(|wto| wto.text.starts_with("ZWEL1006W")).count(), 1);
    let spawned = zos.file("spawned");
    assert_eq!(spawned.lines().filter(|line| line.ends_with(" - sh")).count(), 2, "{spawned}");
}

#[test]
fn without_sysprint_there_are_syserr_and_the_console() {
    let mut zos = Zos::new(two_components());
    zos.fail("fwrite", 1, nix::libc::ENOSPC);
    zos.up();
    assert!(zos.dd("SYSERR").contains("ZWEL0021I"), "{}", zos.dd("SYSERR"));
    zos.wait_for_wto(|wto| wto.text.starts_with("ZWEL1005E") && wto.text.contains("0001645A"));
}

#[test]
fn long_lines_are_folded_into_records() {
    let mut zos = Zos::new(Instance::new().component("alpha", "printf '%0200d\\n' 7; exec sleep 1000", ""));
    fs::write(zos.instance.path("zos/dd/SYSPRINT.lrecl"), "137").unwrap();
    zos.start();
    zos.wait_for("SYSPRINT", "ZWEL0012I", 1);
    zos.wait_for("SYSPRINT", &format!("{}7", "0".repeat(66)), 1);
    let sysprint = zos.dd("SYSPRINT");
    assert!(sysprint.lines().all(|line| line.len() <= 133), "{sysprint}");
    assert!(sysprint.contains(&format!("\n{}\n", "0".repeat(133))), "{sysprint}");
}

#[test]
fn a_program_that_is_not_where_stdenv_says_is_told_at_the_start() {
    let instance = two_components();
    instance.script("alpha", "configure", "echo configured");
    let mut zos = Zos::new(instance);
    zos.up_with("ZWELNCH_PROGRAM", "/nowhere/zwelnch");
    let sysprint = zos.dd("SYSPRINT");
    let why = "/nowhere/zwelnch cannot be run: ENOENT: No such file or directory; name the program's USS path by ZWELNCH_PROGRAM in STDENV";
    for text in ["ZWEL0995W no guardian runs", "alpha"] {
        assert!(sysprint.lines().any(|line| line.contains(text) && line.contains(why)), "{text} is missing in\n{sysprint}");
    }
}

#[test]
fn a_wto_that_svc_35_does_not_take_goes_by_the_console_service() {
    let mut zos = Zos::new(two_components());
    zos.fail("svc35", 1, 0);
    zos.up();
    let wto = zos.wait_for_wto(|wto| wto.text.starts_with("BPXM023I (ZWESVUSR) ZWEL0021I"));
    assert_eq!((wto.how.as_str(), wto.route.as_str(), wto.descriptor.as_str()), ("console2", "-", "-"));
}

#[test]
fn codes_of_a_wto_are_those_of_the_configuration() {
    let mut zos = Zos::new(two_components().extra("  launcher: {wtoRouteCodes: [2, 11], wtoDescriptorCodes: [12]}\n"));
    zos.up();
    let wto = zos.wait_for_wto(|wto| wto.text.starts_with("ZWEL0913W"));
    assert_eq!((wto.how.as_str(), wto.route.as_str(), wto.descriptor.as_str()), ("svc35", "2,11", "12"));
}

#[test]
fn a_console_that_is_lost_is_said_and_the_instance_runs_on() {
    let mut zos = Zos::new(two_components());
    zos.fail("console2", 1, nix::libc::EPERM);
    zos.up();
    zos.wait_for("SYSPRINT", "errno2 0001645A", 1);
    zos.signal(Signal::SIGTERM);
    assert_eq!(zos.wait_end(), 0);
}

#[test]
fn an_interrupted_wait_is_no_loss() {
    let mut zos = Zos::new(two_components());
    zos.fail("console2", 3, nix::libc::EINTR);
    zos.up();
    assert!(!zos.modify(0xb1, "DISP").is_empty());
}

#[test]
fn a_second_launcher_of_the_instance_is_refused() {
    let mut zos = Zos::new(two_components());
    zos.up();
    let mut second = zos.command("PARMLIB(ZOWE.PARMLIB(ZWEYAML))").spawn().unwrap();
    assert_eq!(wait_until(Instant::now() + PATIENCE, || second.try_wait().unwrap()).unwrap().code(), Some(8));
    zos.operator(b'S', 0, "");
    assert_eq!(zos.wait_end(), 0);
}

#[test]
fn a_start_removes_what_earlier_runs_left_and_says_who_has_too_little_memory() {
    let mut zos = Zos::new(two_components());
    fs::create_dir(zos.instance.path("zos/ipc")).unwrap();
    let mut child = Command::new("/bin/true").spawn().unwrap();
    child.wait().unwrap();
    let queue = zos.instance.path("zos/ipc/q.7");
    fs::write(&queue, format!("{} {} 0", nix::unistd::geteuid(), child.id())).unwrap();
    fs::write(zos.instance.path("zos/memlimit"), "1024").unwrap();
    zos.start();
    assert_eq!(zos.wait_end(), 8);
    let sysprint = zos.dd("SYSPRINT");
    assert!(sysprint.contains("ZWEL0908I 1 message queues and sets of semaphores") && !queue.exists(), "{sysprint}");
    let why = "ZWEL0950E startup check memory: user ZWESVUSR may have 1 GiB of memory above the bar (MEMLIMIT); 4 GiB or more are expected";
    assert!(sysprint.contains(why), "{sysprint}");
}

#[test]
fn attls_rules_are_asked_for_under_the_job_name_of_each_component() {
    use std::os::unix::fs::PermissionsExt;
    let on = "port: 17984\nzowe: {network: {server: {tls: {attls: true}}}}";
    let instance = Instance::new()
        .component("gateway", "exec sleep 1000", &on.replace('4', "3"))
        .component("zss", "exec sleep 1000", on)
        .component("zaas", "exec sleep 1000", "port: 17985");
    let program = instance.runtime().join("bin/utils/attls-test");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    // A rule for the gateway alone, and for zaas, for which it is off.
    let text = format!("#!/bin/sh\necho \"$_BPX_JOBNAME $_BPX_SHAREAS $*\" >> {}\n", instance.path("asked").display())
        + "case $2 in 17983 | 17985) exit 0 ;; esac\necho 'AT-TLS: no policy'\nexit 8\n";
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut zos = Zos::new(instance);
    zos.start();
    assert_eq!(zos.wait_end(), 8);
    let asked = fs::read_to_string(zos.instance.path("asked")).unwrap();
    for line in [
        "ZWE1AG NO --serverPort 17983 --serverHost 0.0.0.0 --direction 1\n",
        "ZWE1SZ NO --serverPort 17984 --serverHost 0.0.0.0 --direction 1\n",
    ] {
        assert!(asked.contains(line), "{asked}");
    }
    let sysprint = zos.dd("SYSPRINT");
    let missing = "components.zss.port: AT-TLS is on, but has no rule for port 17984 at address 0.0.0.0, user ZWESVUSR and job ZWE1SZ ('AT-TLS: no policy')";
    let too_many = "components.zaas.port: AT-TLS has a rule for port 17985 at address 0.0.0.0, user ZWESVUSR and job ZWE1AZ, but is not on";
    assert!(sysprint.contains(missing) && sysprint.contains(too_many), "{sysprint}");
    assert!(!sysprint.contains("components.gateway.port: AT-TLS"), "{sysprint}");
}

#[test]
fn a_port_is_asked_for_under_the_name_that_a_process_has() {
    if emulator().is_some() {
        // The program is called as a component's job calls it, by no emulator.
        return;
    }
    let zos = Zos::new(two_components());
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = server.local_addr().unwrap();
    let bind = |address: &str, name: &str| {
        let mut command = Command::new(crate::harness::program());
        command.args(["internal", "bind", address]).env("_BPX_JOBNAME", name).env("ZWELNCH_ZOS_STUB", zos.instance.path("zos"));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_eq!(bind(&taken.to_string(), "ZWE1AG"), "in-use ZWE1AG\n");
    assert_eq!(bind("127.0.0.1:0", "ZWE1SZ"), "free ZWE1SZ\n");
    assert_eq!(bind("[2001:db8::1]:7554", "ZWE1SZ"), "not-this-system ZWE1SZ\n");
}

/// A port that the system refuses to this user stands for one that TCP/IP has reserved for other jobs.
#[test]
fn a_port_that_the_components_own_job_may_not_have_either_ends_the_start() {
    if emulator().is_some() {
        return;
    }
    let reserved =
        fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok().and_then(|text| text.trim().parse::<u16>().ok());
    let is_root = nix::unistd::geteuid().is_root();
    let setpriv = crate::harness::program_or_skip("setpriv");
    if reserved.is_none_or(|first| first <= 1023) || (is_root && setpriv.is_none()) {
        crate::harness::skip("no port is refused to this user");
        return;
    }
    let mut zos = Zos::new(Instance::new().component(
        "gateway",
        "exec sleep 1000",
        "port: 1023\nzowe: {network: {server: {listenAddresses: [127.0.0.1]}}}",
    ));
    zos.instance.write_config();
    let text = fs::read_to_string(zos.instance.config()).unwrap();
    let text = text.replacen("zowe:\n", "zowe:\n  launchScript: {startupChecks: {user: disabled}}\n", 1);
    fs::write(zos.instance.path("zos/data-sets/ZOWE.PARMLIB/ZWEYAML"), to_ibm_1047(&text)).unwrap();
    let of_launcher = zos.command("PARMLIB(ZOWE.PARMLIB(ZWEYAML))");
    let mut command = match setpriv.filter(|_| is_root) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service"]).arg(of_launcher.get_program());
            command
        }
        None => Command::new(of_launcher.get_program()),
    };
    command.args(of_launcher.get_args()).env_clear().envs(of_launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // Asked under its own name, and refused to that too.
    zos.child = Some(command.spawn().unwrap());
    assert_eq!(zos.wait_end(), 8);
    let sysprint = zos.dd("SYSPRINT");
    let refused = "ZWEL0950E startup check ports: ";
    let why = "components.gateway.port: job ZWE1AG may not listen on port 1023 at address 127.0.0.1";
    assert!(sysprint.contains(refused) && sysprint.contains(why), "{sysprint}");
    assert!(zos.file("spawned").contains(" NO ZWE1AG "), "{}", zos.file("spawned"));

    // Nothing can be asked under that name: nobody knows, and the component finds out.
    zos.fail("spawn.jobname", 1, nix::libc::EPERM);
    zos.child = Some(command.spawn().unwrap());
    zos.wait_for("SYSPRINT", "ZWEL0001I component gateway started", 1);
    let sysprint = zos.dd("SYSPRINT");
    let warned = "ZWEL0951W startup check ports: ";
    let why = "where the port is reserved for its job ZWE1AG, which was not asked: its process was named ZWESLSTC";
    assert!(sysprint.contains(warned) && sysprint.contains(why), "{sysprint}");
}

#[path = "sharing.rs"]
mod sharing;
