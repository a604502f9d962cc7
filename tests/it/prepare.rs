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
