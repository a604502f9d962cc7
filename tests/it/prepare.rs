//! The prepare step with commands that misbehave, with secrets, and with what earlier runs have left.

use crate::harness::{Instance, PATIENCE, Running, wait_until};
use std::fs;
use std::time::Instant;

#[test]
fn a_validate_that_hangs_is_ended_after_its_bound_and_named_and_the_others_are_reported_too() {
    let instance =
        Instance::new().component("alpha", "exec sleep 1000", "launcher: {validateTimeout: 1}").component("beta", "exec sleep 1000", "");
    instance.script("alpha", "validate", "echo before it hangs\nsleep 1001\n");
    instance.script("beta", "validate", "echo beta is not good; exit 4\n");
    let (code, text) = instance.run_to_end();
    assert_eq!(code, 8, "{text}");
    assert!(text.contains("before it hangs\n"), "{text}");
    assert!(text.contains("ZWEL0935E component alpha: commands.validate did not end within 1 seconds and was ended"), "{text}");
    assert!(text.contains("beta is not good\n") && text.contains("ZWEL0917E"), "{text}");
    assert!(text.contains("ZWEL0030E"), "{text}");
}

#[test]
fn what_a_validate_writes_is_seen_while_it_runs() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    nix::unistd::mkfifo(&instance.path("go"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let go = instance.path("go");
    instance.script("alpha", "validate", &format!("echo alpha 1\nread answer < {}\necho alpha 2\n", go.display()));
    let mut running = instance.start();
    running.wait_for("alpha 1");
    assert!(!running.all().contains("alpha 2"));
    fs::write(&go, "go\n").unwrap();
    running.wait_for("ZWEL0012I");
    assert!(running.all().contains("alpha 1\nalpha 2\n"), "{}", running.all());
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// A number from a file of /proc; None while there is no such process.
#[cfg(target_os = "linux")]
fn of_process(pid: u32, file: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    text.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok())
}

/// How much a process has written since its start, once that is at least `least`. Its shell writes its process id to `file`.
#[cfg(target_os = "linux")]
fn written(file: &std::path::Path, least: u64) -> u64 {
    let enough = || {
        let pid = fs::read_to_string(file).ok()?.trim().parse().ok()?;
        of_process(pid, "io", "wchar:").filter(|bytes| *bytes >= least)
    };
    wait_until(Instant::now() + PATIENCE, enough).expect("it does not write that much")
}

/// The most memory that the launcher may have used, in KiB: a fraction of what an endless writer writes in no time.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 200 * 1024;

#[cfg(target_os = "linux")]
const FLOOD: &str = "echo $$ > pid\nexec yes \"alpha $(printf '%010000d' 0)\"\n";

#[cfg(target_os = "linux")]
#[test]
fn a_validate_that_writes_without_end_keeps_neither_operators_nor_p_waiting() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    instance.script("alpha", "validate", FLOOD);
    instance.write_config();
    let mut running = Running::unheard(instance.launcher(&["lpar1"]), instance.directory.path());
    let file = instance.component_directory("alpha").join("pid");
    written(&file, 500 * 1024 * 1024);
    let output = fs::read_link(format!("/proc/{}/fd/1", fs::read_to_string(&file).unwrap().trim())).unwrap();
    assert!(output.to_string_lossy().starts_with("pipe:"), "{}", output.display());
    assert!(instance.modify("STOP(alpha)").contains("ZWEL0931I"));
    let most = of_process(running.child.id(), "status", "VmHWM:").unwrap();
    assert!(most < MEMORY, "{most} KiB");
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0);
    assert!(crate::harness::none_left(instance.directory.path()));
}

#[test]
fn a_validate_that_writes_without_end_is_ended_after_its_bound() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "launcher: {validateTimeout: 1}");
    let instance = instance.component("beta", "exec sleep 1000", "");
    instance.script("alpha", "validate", "exec yes \"alpha $(printf '%010000d' 0)\"\n");
    instance.script("beta", "validate", "echo beta\n");
    let (code, text) = instance.run_to_end();
    let outline: Vec<&str> = text
        .lines()
        .filter_map(|line| ["alpha 0000", "ZWEL0935E component alpha", "beta", "ZWEL0030E"].into_iter().find(|part| line.contains(part)))
        .collect();
    let outline: Vec<&str> = outline.chunk_by(|one, next| one == next).map(|same| same[0]).collect();
    assert_eq!(outline, ["alpha 0000", "ZWEL0935E component alpha", "beta", "ZWEL0030E"]);
    assert_eq!(code, 8);
}

/// It is not kept either: it waits, and its time with it.
#[cfg(target_os = "linux")]
#[test]
fn a_validate_that_writes_much_before_its_turn_waits_and_loses_neither_output_nor_time() {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        crate::harness::skip("one processor: validate commands run one after the other");
        return;
    }
    const LINES: usize = 2000;
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    let instance = instance.component("beta", "exec sleep 1000", "launcher: {validateTimeout: 5}");
    nix::unistd::mkfifo(&instance.path("go"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let (go, through) = (instance.path("go"), instance.path("through"));
    // Longer than the time of beta, which must not come through meanwhile.
    instance.script(
        "alpha",
        "validate",
        &format!("echo alpha 1\nread answer < {}\nsleep 6\n[ -e {} ] || echo alpha 2\n", go.display(), through.display()),
    );
    let write = "echo $$ > pid\nlong=$(printf '%01000d' 0)\ni=0\nwhile [ $i -lt 2000 ]; do echo \"beta $i $long\"; i=$((i + 1)); done\n";
    instance.script("beta", "validate", &format!("{write}echo > {}\nexec sleep 1004\n", through.display()));
    let mut running = instance.start();
    running.wait_for("alpha 1");
    let file = instance.component_directory("beta").join("pid");
    written(&file, 60_000);
    fs::write(&go, "go\n").unwrap();
    assert_eq!(running.wait_end(), 8);
    let text = running.all();
    let of_components: Vec<&str> = text.lines().filter(|line| line.starts_with("alpha ") || line.starts_with("beta ")).collect();
    let numbers = (0..LINES).map(|number| format!("beta {number} "));
    let wanted: Vec<String> = ["alpha 1", "alpha 2"].map(str::to_owned).into_iter().chain(numbers).collect();
    assert_eq!(of_components.len(), wanted.len());
    assert!(of_components.iter().zip(&wanted).all(|(line, wanted)| line.starts_with(wanted.as_str())));
    assert!(text.contains("ZWEL0935E component beta: commands.validate did not end within 5 seconds and was ended"));
}

#[test]
fn a_validate_that_ignores_sigterm_is_ended_all_the_same() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "launcher: {validateTimeout: 0}");
    instance.script("alpha", "validate", "trap '' TERM\nwhile :; do sleep 1002; done\n");
    let (code, text) = instance.run_to_end();
    assert_eq!(code, 8, "{text}");
    assert!(text.contains("ZWEL0935E component alpha"), "{text}");
}

#[test]
fn what_validate_and_configure_leave_in_the_background_ends_with_them() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    for phase in ["validate", "configure"] {
        instance.script("alpha", phase, &format!("sleep 1003 & echo $! > {phase}.pid\n"));
    }
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("ZLDEBUG", "ON");
    instance.write_config();
    let mut running = Running::spawn(launcher, instance.directory.path());
    running.wait_for("ZWEL0012I");
    for phase in ["validate", "configure"] {
        running.wait_for(&format!("commands.{phase} of alpha left processes running"));
        let file = instance.runtime().join(format!("components/alpha/{phase}.pid"));
        let pid: i32 = fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let gone = || (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(());
        wait_until(Instant::now() + PATIENCE, gone).unwrap();
    }
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// The system itself says who opened the file: inotify.
#[cfg(target_os = "linux")]
#[test]
fn the_configuration_is_read_once_a_start() {
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    instance.write_config();
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
    inotify.add_watch(&instance.config(), AddWatchFlags::IN_OPEN | AddWatchFlags::IN_ACCESS).unwrap();
    let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0001I");
    let events = inotify.read_events().unwrap();
    let opened = events.iter().filter(|event| event.mask.contains(AddWatchFlags::IN_OPEN)).count();
    assert_eq!(opened, 1, "{events:?}");
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn where_the_time_went_is_said_and_with_debug_lines_by_command() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    instance.script("alpha", "validate", ":\n");
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("ZLDEBUG", "ON");
    instance.write_config();
    let mut running = Running::spawn(launcher, instance.directory.path());
    let line = running.wait_for("ZWEL0936I");
    let order: Vec<usize> = ["load", "check", "workspace", "validate", "configure"].iter().map(|part| line.find(part).unwrap()).collect();
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{line}");
    running.wait_for("validate of alpha took ");
    running.wait_for("ZWEL0012I");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn no_secret_is_printed_at_any_level() {
    let key = "-----BEGIN RSA PRIVATE KEY-----xyzzy-key";
    let instance = Instance::new()
        .component(
            "alpha",
            "exec sleep 1000",
            &format!("keystorePassword: [xyzzy-1]\nmy:\n  secret: xyzzy-2\n  apiToken: xyzzy-3\n  passphrase: 12xyzzy\n  pem: '{key}'\nlauncher: {{minUptime: '{key}', restartIntervals: xyzzy-pass}}"),
        )
        .extra("haInstances:\n  lpar1:\n    hostname: xyzzy.example.com\n    password: xyzzy-4\n");
    instance.manifest("alpha", "configs: {dbPassword: xyzzy-5}\napimlServices: {static: [{file: none-$password.yml}]}\n");
    instance.script("alpha", "configure", "export MY_TOKEN=xyzzy-6\nexit 3\n");
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("ZLDEBUG", "ON").env("DB_PASSWORD", "xyzzy-7");
    instance.write_config();
    let mut running = Running::spawn(launcher, instance.directory.path());
    running.wait_for("ZWEL0012I");
    instance.modify("DISP");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let text = running.all();
    // A value whose name does not make it a secret is shown, in an error or as a variable. The key is not shown.
    let shown: Vec<&str> = text.match_indices("xyzzy").map(|(at, _)| &text[at..(at + 12).min(text.len())]).collect();
    assert!(shown.iter().all(|shown| shown.starts_with("xyzzy-pass") || shown.starts_with("xyzzy.exampl")), "{text}");
    assert!(text.contains("ZWEL0317E Component alpha"), "{text}");
}

#[test]
fn everything_that_cannot_be_registered_is_said_at_once() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    instance.manifest(
        "alpha",
        "apimlServices: {static: [{file: none.yml}, {file: /etc/passwd}]}\ngatewaySharedLibs: [absent.jar]\nappfwPlugins: [{path: absent}]\n",
    );
    let mut running = instance.up();
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let text = running.all();
    assert_eq!(text.matches("ZWEL0918E").count(), 4, "{text}");
}

#[test]
fn what_a_component_has_registered_goes_when_it_is_enabled_nowhere() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "").component("beta", "exec sleep 1000", "");
    instance.manifest("beta", "gatewaySharedLibs: [libs]\nappfwPlugins: [{path: web}]\napimlServices: {static: [{file: d.yml}]}\n");
    let beta = instance.runtime().join("components/beta");
    fs::create_dir_all(beta.join("libs")).unwrap();
    fs::write(beta.join("libs/beta.jar"), "jar").unwrap();
    fs::write(beta.join("d.yml"), "services: []\n").unwrap();
    fs::create_dir_all(beta.join("web")).unwrap();
    fs::write(beta.join("web/pluginDefinition.json"), "{\"identifier\": \"org.test.beta\"}").unwrap();
    let left = ["gateway/sharedLibs/beta", "app-server/plugins/org.test.beta.json", "api-mediation/api-defs/beta.d_yml.lpar1.yml"]
        .map(|name| instance.path("workspace").join(name));
    let run = |disable: bool, present: bool| {
        instance.write_config();
        if disable {
            let text = fs::read_to_string(instance.config()).unwrap();
            fs::write(instance.config(), text.replace("  beta:\n    enabled: true", "  beta:\n    enabled: false")).unwrap();
        }
        let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
        running.wait_for("ZWEL0012I");
        for path in &left {
            assert_eq!(path.exists(), present, "{}", path.display());
        }
        instance.console("P ZWESLSTC");
        assert_eq!(running.wait_end(), 0);
    };
    run(false, true);
    run(true, false);
}

#[test]
fn a_lock_that_another_holds_delays_neither_operators_nor_the_end() {
    use zwelnch::platform::{NativePlatform, Platform};
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    let mut running = instance.up();
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let held = NativePlatform::for_command().lock_file(&instance.path("workspace/.env/.lock"), "a test").unwrap();
    let mut running = instance.start();
    running.wait_for("ZWEL0058I");
    running.wait_for("process global validations");
    assert!(instance.modify("STOP(alpha)").contains("ZWEL0931I"));
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
    assert!(!running.all().contains("is locked by"), "it has not waited until its patience was over");
    drop(held);
}

/// Inode and time of every file of the workspace that prepare writes.
fn written_by_prepare(instance: &Instance) -> std::collections::BTreeMap<std::path::PathBuf, (u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    let mut found = std::collections::BTreeMap::new();
    let mut directories = vec![instance.path("workspace")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let (path, metadata) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if metadata.is_dir() {
                directories.push(path);
            } else if name == "manifest.yaml" || name.starts_with(".instance-") || name.ends_with(".yml") || name.starts_with(".zowe") {
                found.insert(path, (metadata.ino(), metadata.mtime(), metadata.mtime_nsec()));
            }
        }
    }
    found
}

#[test]
fn a_second_start_of_the_same_configuration_writes_no_file_again() {
    let instance = Instance::new().component("one", "exec sleep 1000", "").component("two", "exec sleep 1000", "");
    instance.manifest("one", "apimlServices:\n  static:\n    - file: one.yaml\n");
    fs::write(instance.component_directory("one").join("one.yaml"), "services:\n  - serviceId: one\n").unwrap();
    let run = || {
        let mut running = instance.up();
        instance.console("P ZWESLSTC");
        assert_eq!(running.wait_end(), 0);
        written_by_prepare(&instance)
    };
    let first = run();
    assert!(first.len() >= 8 && first.keys().any(|path| path.ends_with("api-mediation/api-defs/one.one_yaml.lpar1.yml")), "{first:?}");
    assert_eq!(run(), first);
}
