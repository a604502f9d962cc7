//! When Zowe's own components count as ready, what is only the echo of a setting, and how often the instance is reported as ready.

use crate::harness::{Instance, PATIENCE, Running, wait_until};
use std::time::Instant;

/// A component of this name that does `before`, says so, waits until told, does `after` and sleeps; the other one waits for nothing.
fn two_steps(name: &str, before: &str, after: &str, settings: &str) -> Instance {
    let script = format!("{before}\necho first step is done\nwhile ! test -f ../../../go; do sleep 0.01; done\n{after}\nexec sleep 1000");
    Instance::new().component(name, &script, settings).component("other", "exec sleep 1000", "")
}

fn says(line: &str) -> String {
    format!("cat <<'END'\n{line}\nEND")
}

/// Ready after the second step and not after the first.
fn ready_by_the_second(name: &str, before: &str, after: &str) {
    let instance = two_steps(name, before, after, "");
    let running = instance.up();
    running.wait_for("first step is done");
    // Whatever the first step has written is looked at before the answer to a later command.
    let answer = instance.modify("DISP");
    let row = answer.lines().find(|line| line.contains("ZWEL0920I") && line.contains(name)).unwrap().to_owned();
    assert!(row.contains(" running ") && row.contains(" no "), "{answer}");
    assert!(!running.all().contains("ZWEL0900I component"), "{}", running.all());
    std::fs::write(instance.path("go"), "").unwrap();
    running.wait_for(&format!("ZWEL0900I component {name} is ready after"));
    running.wait_for("ZWEL0901I Zowe instance lpar1 is ready for work, 2 of 2");
}

const STAMP: &str = "2026-11-21 01:02:03.456";

#[test]
fn app_server_is_ready_when_its_plug_ins_are_loaded() {
    let registered =
        format!("{STAMP} <ZWED:123> ZWESVUSR INFO (_zsf.apiml,apiml.js:275) ZWED0021I - Eureka Client Registered from 10.1.1.1.");
    let loaded = format!(
        "{STAMP} <ZWED:123> ZWESVUSR INFO (_zsf.install,index.js:352) ZWED0031I - Server is ready at https://h:1/, Plugins successfully loaded: 100% (9/9)"
    );
    ready_by_the_second("app-server", &says(&registered), &says(&loaded));
}

#[test]
fn a_gateway_of_3_0_21_is_ready_by_what_spring_boot_writes() {
    let starting = format!(
        "{STAMP} <ZWEAGW1:main:1> ZWESVUSR INFO  ((o.z.a.g.GatewayServiceApplication)) Starting GatewayServiceApplication using Java 17"
    );
    let started = format!(
        "{STAMP} <ZWEAGW1:main:1> ZWESVUSR INFO  ((o.z.a.g.GatewayServiceApplication)) Started GatewayServiceApplication in 31.4 seconds"
    );
    ready_by_the_second("gateway", &says(&starting), &says(&started));
}

#[test]
fn zss_is_ready_just_before_it_serves_and_not_at_its_first_line() {
    let begun = format!(
        "{STAMP} <ZWES:123> ZWESVUSR INFO (zowe.zss.mvd.server,zss.c:1080) ZWES1013I ZSS Server has started. Version '3.0.0' 64-bit"
    );
    let serves =
        format!("{STAMP} <ZWES:123> ZWESVUSR INFO (zowe.zss.mvd.server,zss.c:1102) ZWES1014I ZIS status - 'Ok' (name='ZWESIS_STD')");
    ready_by_the_second("zss", &says(&begun), &says(&serves));
}

#[test]
fn what_comes_too_early_makes_a_component_ready_if_it_lives_on() {
    let instance = Instance::new().component("zss", "echo 'ZWES1013I ZSS Server has started.'; exec sleep 1000", "");
    let running = instance.up();
    running.wait_for("ZWES1013I");
    let line = running.wait_for("ZWEL0900I component zss is ready after");
    let seconds: f64 = line.split(" after ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(seconds >= 10.0, "{line}");
}

const LISTED: &str = "  sysMessages: [ZWED0021I, ZWED0031I, READY001I, no licence]\n";

/// zowe.yaml with sysMessages in the zowe section, which stands first.
fn start_with(instance: &Instance, settings: &str) -> Running {
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap().replacen("zowe:\n", &format!("zowe:\n{settings}"), 1);
    std::fs::write(instance.config(), yaml).unwrap();
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    running
}

#[test]
fn a_component_is_neither_ready_nor_lost_by_the_settings_that_it_prints() {
    // Everything that a script can show of its surroundings: the environment, the shell's variables, the configuration files, its own
    // commands.
    let shows = "set -x; WANTED=READY001I; export WANTED; set +x; env; set; export -p; cat ../../../zowe.yaml; for file in ../../../workspace/.env/.zowe*; do cat \"$file\"; done\necho shown";
    let settings = "launcher:\n  readiness: READY001I\n  fatalMessages: [READY001I, no licence]\n  restartIntervals: [1, 1]\n";
    let after = "echo 'INFO READY001I up and running'";
    let instance = two_steps("app-server", shows, "echo 'ZWED0031I - Server is ready'", "").component(
        "mine",
        &format!("{shows}\nwhile ! test -f ../../../go; do sleep 0.01; done\n{after}\nexec sleep 1000"),
        settings,
    );
    let running = start_with(&instance, LISTED);
    running.wait_for_count("shown", 2);
    let answer = instance.modify("DISP");
    assert!(running.all().contains("ZWE_zowe_sysMessages=") && running.all().contains("WANTED=READY001I"), "{}", running.all());
    assert!(!running.all().contains("ZWEL0900I component app-server") && !running.all().contains("ZWEL0900I component mine"), "{answer}");
    std::fs::write(instance.path("go"), "").unwrap();
    running.wait_for("ZWEL0900I component app-server is ready after");
    running.wait_for("ZWEL0900I component mine is ready after");
    // The fatal text was written too, in the same way as the readiness text.
    let pid = instance.pid("mine").unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    running.wait_for("ZWEL0981E component mine is not started again: it wrote 'READY001I'");
}

#[test]
fn of_the_settings_that_a_component_prints_none_reaches_the_console() {
    let instance = two_steps(
        "mine",
        "set -x; WANTED=READY001I; export WANTED; set +x; env; cat ../../../zowe.yaml",
        "echo 'said: READY001I in the middle'",
        "",
    );
    let running = start_with(&instance, LISTED);
    running.wait_for("first step is done");
    std::fs::write(instance.path("go"), "").unwrap();
    running.wait_for("said: READY001I in the middle");
    let syslog = wait_until(Instant::now() + PATIENCE, || {
        std::fs::read_to_string(instance.system().join("SYSLOG")).ok().filter(|text| text.contains("said: READY001I in the middle"))
    })
    .unwrap();
    assert_eq!(syslog.matches("READY001I").count(), 1, "{syslog}");
}

#[test]
fn a_component_that_ends_again_and_again_does_not_make_the_instance_ready_again_and_again() {
    let instance = Instance::new().component("loop", "sleep 0.3; exit 1", "launcher: {restartIntervals: [0, 0, 0, 0, 1]}").component(
        "other",
        "exec sleep 1000",
        "",
    );
    let running = instance.up();
    running.wait_for("ZWEL0901I");
    running.wait_for("ZWEL0038E failed to restart component loop, max retries reached");
    let all = running.all();
    assert_eq!(all.matches("ZWEL0001I component loop started").count(), 6, "{all}");
    assert_eq!(all.matches("ZWEL0901I").count(), 1, "{all}");
    assert_eq!(all.matches("ZWEL0902W").count(), 1, "{all}");
    // Mended, and started by the operator: it is reported once it has been so for a while.
    instance.script("loop", "start", "exec sleep 1000");
    instance.modify("START(loop)");
    running.wait_for_count("ZWEL0901I Zowe instance lpar1 is ready for work, 2 of 2", 2);
}
