//! From S to P: the order of messages, supervision, the environment of components, and the end.

use crate::harness::{Instance, PATIENCE, ids, pid_in, processes_of, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::Instant;

const SLEEPER: &str = "echo up; exec sleep 1000";

fn kill_pid(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

#[test]
fn from_s_to_p_in_the_order_of_the_contract() {
    let instance = Instance::new()
        .component("alpha", SLEEPER, "launcher:\n  restartIntervals: [1, 2]\n  minUptime: 5\n  shareAs: no")
        .component("beta", SLEEPER, "");
    std::fs::write(instance.runtime().join("manifest.json"), r#"{"version": "3.2.0"}"#).unwrap();
    let mut running = instance.up();
    running.wait_for_count("up", 2);
    let (answer, code) = instance.console("P ZWESLSTC");
    assert_eq!(code, 0, "{answer}");
    assert_eq!(running.wait_end(), 0);
    let out = running.all();
    assert_eq!(
        ids(&out),
        [
            "ZWEL0021I",
            "ZWEL0023I",
            "ZWEL0024I",
            "ZWEL0017I",
            "ZWEL0916W",
            "ZWEL0069I",
            "ZWEL0058I",
            "ZWEL0018I",
            "ZWEL0016I",
            "ZWEL0936I",
            "ZWEL0003I",
            "ZWEL0025I",
            "ZWEL0003I",
            "ZWEL0025I",
            "ZWEL0006I",
            "ZWEL0001I",
            "ZWEL0001I",
            "ZWEL0007I",
            "ZWEL0012I",
            "ZWEL0901I",
            "ZWEL0014I",
            "ZWEL0015I",
            "ZWEL0008I",
            "ZWEL0004I",
            "ZWEL0002I",
            "ZWEL0004I",
            "ZWEL0002I",
            "ZWEL0009I",
            "ZWEL0907I",
            "ZWEL0022I"
        ],
        "{out}"
    );
    let directory = instance.directory.path().display();
    for text in [
        format!("ZWEL0023I Zowe YAML config file is 'FILE({directory}/zowe.yaml)'"),
        "ZWEL0024I HA_INSTANCE_ID is 'lpar1'".to_owned(),
        format!("ZWEL0017I ROOT_DIR is '{directory}/runtime'"),
        format!("ZWEL0058I WORKSPACE_DIR is '{directory}/workspace'"),
        "ZWEL0016I start component list: 'alpha,beta'".to_owned(),
        "ZWEL0003I new component initialized alpha, restart_cnt=2, min_uptime=5 seconds, share_as=no".to_owned(),
        "ZWEL0025I restart_intervals for component 'alpha'= 1 2".to_owned(),
        "ZWEL0025I restart_intervals for component 'beta'= 1 1 1 5 5 10 20 60 120 240".to_owned(),
        "terminated, status = 15".to_owned(),
        "ZWEL0907I Zowe instance lpar1 has ended, condition code 0".to_owned(),
    ] {
        assert!(out.contains(&text), "{text} is missing in\n{out}");
    }
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
    let stamps: Vec<&str> = out.lines().filter(|line| line.contains("<ZWEL")).map(|line| &line[..23]).collect();
    assert!(stamps.is_sorted(), "time stamps run backwards");
}

#[test]
fn a_signal_is_treated_as_p() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let instance = Instance::new().component("alpha", SLEEPER, "");
        let mut running = instance.up();
        running.signal(signal);
        assert_eq!(running.wait_end(), 0);
        let ids = ids(&running.all());
        let from = ids.iter().position(|id| id == "ZWEL0019I").unwrap();
        assert_eq!(ids[from..], ["ZWEL0019I", "ZWEL0008I", "ZWEL0004I", "ZWEL0002I", "ZWEL0009I", "ZWEL0907I", "ZWEL0022I"]);
    }
}

#[test]
fn a_killed_component_is_back_after_its_interval() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {restartIntervals: [1, 5]}");
    let running = instance.up();
    let old = instance.pid("alpha").unwrap();
    let killed_at = Instant::now();
    kill_pid(old);
    running.wait_for("ZWEL0005I next attempt to restart component alpha in 1 seconds");
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    assert!(killed_at.elapsed().as_millis() >= 1000, "before its interval");
    let new = instance.pid("alpha").unwrap();
    assert_ne!(old, new);
    let out = running.all();
    assert!(out.contains(&format!("ZWEL0004I component alpha({old}) terminated, status = 9")), "{out}");
    assert!(out.contains(&format!("ZWEL0905E component alpha({old}) ended unasked: signal SIGKILL after")), "{out}");
}

#[test]
fn ten_killed_in_the_same_instant_all_come_back() {
    let names: Vec<String> = (0..10).map(|number| format!("c{number:03}")).collect();
    let instance =
        names.iter().fold(Instance::new(), |instance, name| instance.component(name, SLEEPER, "launcher: {restartIntervals: [0, 0, 0]}"));
    let running = instance.up();
    let display = instance.modify("DISP");
    let old: Vec<i32> = names.iter().map(|name| pid_in(&display, name).unwrap()).collect();
    for pid in &old {
        kill_pid(*pid);
    }
    running.wait_for_count("ZWEL0001I", 20);
    let display = instance.modify("DISP");
    for (name, old) in names.iter().zip(old) {
        assert!(pid_in(&display, name).is_some_and(|new| new != old), "{display}");
    }
}

#[test]
fn restart_intervals_are_used_up_and_the_launcher_ends_with_12() {
    let instance = Instance::new().component("alpha", "echo crashing; exit 3", "launcher: {restartIntervals: [0, 0]}").component(
        "beta",
        "exit 0",
        "launcher: {restartIntervals: []}",
    );
    let mut running = instance.start();
    assert_eq!(running.wait_end(), 12);
    let out = running.all();
    assert_eq!(out.matches("ended unasked: exit code 3").count(), 3, "{out}");
    assert!(out.contains("ZWEL0038E failed to restart component alpha, max retries reached"), "{out}");
    let ids = ids(&out);
    assert_eq!(ids[ids.len() - 5..], ["ZWEL0906E", "ZWEL0008I", "ZWEL0009I", "ZWEL0907I", "ZWEL0022I"], "{out}");
}

#[test]
fn on_all_failed_stay_stays_until_p() {
    let instance =
        Instance::new().component("alpha", "exit 3", "launcher: {restartIntervals: []}").extra("  launcher:\n    onAllFailed: stay\n");
    let mut running = instance.up();
    running.wait_for("ZWEL0038E");
    assert!(instance.modify("DISP").contains("failed"));
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn an_operators_stop_of_every_component_is_no_failure() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let mut running = instance.up();
    instance.modify("STOP(alpha)");
    running.wait_for("ZWEL0002I component alpha stopped");
    assert!(instance.modify("DISP").contains("stopped"));
    instance.modify("START(alpha)");
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn all_are_validated_then_all_configured_then_all_started() {
    let instance = Instance::new()
        .component("alpha", "echo 4 start $FROM_CONFIGURE; exec sleep 1000", "port: 4711\nlauncher: {restartIntervals: [0]}")
        .component("beta", "echo 4 start $FROM_CONFIGURE; exec sleep 1000", "");
    for name in ["alpha", "beta"] {
        instance.script(name, "validate", &format!("echo 1 validate {name}; export FROM_CONFIGURE=not-kept"));
        instance.script(
            name,
            "configure",
            &format!("echo 2 configure {name} $FROM_CONFIGURE in $(basename \"$(pwd)\")\nexport FROM_CONFIGURE=\"it's '{name}' $ZWE_configs_port\nsecond \\$HOME line\"\nexit 0"),
        );
    }
    let running = instance.up();
    running.wait_for_count("4 start", 2);
    let out = running.all();
    let mut steps: Vec<&str> = out.lines().filter(|line| line.as_bytes().get(1) == Some(&b' ')).collect();
    // Started processes run side by side.
    steps[4..].sort_unstable();
    assert_eq!(
        steps,
        [
            "1 validate alpha",
            "1 validate beta",
            "2 configure alpha in alpha",
            "2 configure beta in beta",
            "4 start it's 'alpha' 4711 second $HOME line",
            "4 start it's 'beta' second $HOME line"
        ],
        "{out}"
    );
    // A restart sees what configure left, not what the configuration says now.
    kill_pid(instance.pid("alpha").unwrap());
    running.wait_for_count("4 start it's 'alpha' 4711 second $HOME line", 2);
}

#[test]
fn a_configure_that_fails_is_a_warning_unless_it_is_to_exit() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.script("alpha", "configure", "echo no; exit 5");
    let running = instance.up();
    running.wait_for("ZWEL0317E Component alpha commands.configure ended with rc=5.");
    drop(running);
    let instance = Instance::new().component("alpha", SLEEPER, "").extra("");
    instance.script("alpha", "configure", "exit 5");
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), yaml.replace("  configmgr:", "  launchScript: {onComponentConfigureFail: exit}\n  configmgr:"))
        .unwrap();
    let (code, out) = crate::harness::run_to_end(instance.launcher(&["lpar1"]));
    assert_eq!((code, out.contains("ZWEL0030E")), (8, true), "{out}");
}

#[test]
fn output_is_relayed_whole_and_at_once() {
    let long = "x".repeat(100_000);
    let instance = Instance::new().component(
        "alpha",
        &format!("printf 'first half, '; echo second half; echo; printf '%s\\n' {long}; printf 'no end'; exec sleep 1000"),
        "",
    );
    let mut running = instance.up();
    running.wait_for(&long);
    instance.console("P ZWESLSTC");
    running.wait_end();
    let out = running.all();
    assert!(out.contains("\nfirst half, second half\n\n"), "{out}");
    assert!(out.lines().any(|line| line == long));
    assert!(out.lines().any(|line| line == "no end"), "a last line without an end");
}

#[test]
fn a_component_that_leaves_processes_behind_is_ended_whole() {
    // The leader ends at SIGTERM; its child ignores it and is ended by SIGKILL after the grace time.
    let instance = Instance::new().component(
        "alpha",
        "sh -c 'trap \"\" TERM; echo stubborn; while :; do sleep 1000; done' & exec sleep 1000",
        "launcher: {stop: {graceSeconds: 1}}",
    );
    let mut running = instance.up();
    running.wait_for("stubborn");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let out = running.all();
    assert!(out.contains("ZWEL0063W Component alpha(") && out.contains("ZWEL0053W"), "{out}");
    let deadline = Instant::now() + PATIENCE;
    assert!(wait_until(deadline, || processes_of(instance.directory.path()).is_empty().then_some(())).is_some());
}

#[test]
fn a_killed_wrapper_does_not_leave_its_server_beside_the_new_one() {
    let instance =
        Instance::new().component("alpha", "sh -c 'echo server $$; exec sleep 1000' & wait", "launcher: {restartIntervals: [0, 0]}");
    let running = instance.up();
    let first: i32 = running.wait_for("server ").trim_start_matches("server ").parse().unwrap();
    kill_pid(instance.pid("alpha").unwrap());
    running.wait_for_count("server ", 2);
    let deadline = Instant::now() + PATIENCE;
    let gone = wait_until(deadline, || kill(Pid::from_raw(first), None).is_err().then_some(()));
    assert!(gone.is_some(), "the old server lives on");
}

#[test]
fn a_second_launcher_of_the_instance_is_refused() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let _running = instance.up();
    let mut second = instance.launcher(&["LPAR1"]);
    second.env("JOBNAME", "OTHER");
    let (code, out) = crate::harness::run_to_end(second);
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0910E HA instance lpar1 is already running in this workspace: job ZWESLSTC on"), "{out}");
    assert!(instance.pid("alpha").is_some());
}

#[test]
fn p_while_preparing_ends_at_once() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.script("alpha", "configure", "echo configuring; sleep 1000");
    let mut running = instance.start();
    running.wait_for("configuring");
    assert!(instance.modify("DISP").contains("ZWEL0010I"));
    assert!(instance.modify("START(alpha)").contains("ZWEL0931I"));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let deadline = Instant::now() + PATIENCE;
    assert!(wait_until(deadline, || processes_of(instance.directory.path()).is_empty().then_some(())).is_some());
}

#[test]
fn instance_dir_works_in_place_of_config() {
    let instance = Instance::new().component("alpha", "echo from instance.env: $FROM_INSTANCE; exec sleep 1000", "");
    instance.write_config();
    std::fs::write(instance.path("instance.env"), "FROM_INSTANCE='v1 style'\n").unwrap();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env_remove("CONFIG").env("INSTANCE_DIR", instance.directory.path());
    let running = crate::harness::Running::spawn(launcher, instance.directory.path());
    running.wait_for("from instance.env: v1 style");
}

#[test]
fn parmlib_members_are_files_below_the_data_set_root() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.write_config();
    let library = instance.path("data sets/USER.PARMLIB");
    std::fs::create_dir_all(&library).unwrap();
    std::fs::write(library.join("ZWEYAML"), "components:\n  alpha:\n    launcher:\n      restartIntervals: [7]\n").unwrap();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher
        .env("CONFIG", format!("PARMLIB(USER.PARMLIB(ZWEYAML)):FILE({})   ", instance.config().display()))
        .env("ZWELNCH_DATASETS", instance.path("data sets"));
    let running = crate::harness::Running::spawn(launcher, instance.directory.path());
    running.wait_for("ZWEL0025I restart_intervals for component 'alpha'= 7");
    running.wait_for("ZWEL0012I");
}

#[test]
fn under_the_name_zwelnch_every_word_is_the_id() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.write_config();
    let program = instance.path("ZWELNCH");
    std::os::unix::fs::symlink(crate::harness::program(), &program).unwrap();
    let prototype = instance.launcher(&[]);
    let mut command = std::process::Command::new(program);
    command.arg("console").env_clear().envs(prototype.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut running = crate::harness::Running::spawn(command, instance.directory.path());
    running.wait_for("ZWEL0024I HA_INSTANCE_ID is 'console'");
    running.wait_for("ZWEL0012I");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
}
