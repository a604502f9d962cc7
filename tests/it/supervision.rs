//! Order, failure policy and the state of the instance, with the running binary.

use crate::harness::{Instance, Running, pid_in};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SLEEPER: &str = "echo up; exec sleep 1000";

/// Where the first line that holds a text stands.
fn position(output: &str, text: &str) -> usize {
    output.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text} is missing in\n{output}"))
}

fn assert_order(output: &str, texts: &[&str]) {
    let positions: Vec<usize> = texts.iter().map(|text| position(output, text)).collect();
    assert!(positions.is_sorted(), "{texts:?} stand at {positions:?} in\n{output}");
}

fn kill_component(instance: &Instance, name: &str) {
    kill(Pid::from_raw(instance.pid(name).unwrap()), Signal::SIGKILL).unwrap();
}

/// web needs app (configuration), app needs db (manifest).
fn chain() -> Instance {
    let instance = Instance::new()
        .component("web", SLEEPER, "launcher: {dependsOn: [app], restartIntervals: [0, 0, 0]}")
        .component("app", SLEEPER, "launcher: {restartIntervals: [0, 0, 0]}")
        .component("db", SLEEPER, "launcher: {restartIntervals: [0, 0, 0]}");
    instance.manifest("app", "dependencies:\n  components:\n  - name: db\n");
    instance
}

#[test]
fn starts_in_order_and_stops_in_reverse() {
    let instance = chain();
    let mut running = instance.up();
    running.wait_for("ZWEL0901I Zowe instance lpar1 is ready for work, 3 of 3 components ready after");
    let out = running.all();
    assert_order(
        &out,
        &["ZWEL0001I component db", "ZWEL0001I component app", "ZWEL0001I component web", "ZWEL0007I", "ZWEL0012I", "ZWEL0901I"],
    );
    assert!(out.contains("ZWEL0903I component web waits for app"), "{out}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert_order(&running.all(), &["ZWEL0002I component web", "ZWEL0002I component app", "ZWEL0002I component db"]);
}

#[test]
fn restart_with_cascade_takes_along_what_depends_on_it() {
    let instance = chain();
    let running = instance.up();
    running.wait_for("ZWEL0901I");
    let before = instance.modify("DISP");
    let answer = instance.modify("RESTART(db)");
    assert!(answer.contains("ZWEL0924W component db is needed by app"), "{answer}");
    running.wait_for_count("ZWEL0001I component db started", 2);
    assert_eq!(instance.pid("web"), pid_in(&before, "web"), "not named, not taken along");
    let answer = instance.modify("RESTART(DB,cascade)");
    for name in ["db", "app", "web"] {
        assert!(answer.contains(&format!("ZWEL0923I component {name} is being restarted")), "{answer}");
    }
    running.wait_for_count("ZWEL0001I component web started", 2);
    let out = running.all();
    let since = &out[out.rfind("command 'RESTART(DB,CASCADE)' received").unwrap()..];
    assert_order(
        since,
        &[
            "ZWEL0002I component web",
            "ZWEL0002I component app",
            "ZWEL0002I component db",
            "ZWEL0001I component db",
            "ZWEL0001I component app",
            "ZWEL0001I component web",
        ],
    );
}

/// One whose dependency is in a long back-off.
fn waiting(timeout: &str) -> (Instance, Running) {
    let instance = Instance::new()
        .component("needy", SLEEPER, "launcher: {dependsOn: [broken]}")
        .component("broken", "exit 1", "launcher: {restartIntervals: [1000]}")
        .component("other", SLEEPER, "");
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    let with_timeout = yaml.replace("  configmgr:", &format!("  launchScript: {{dependencyReadyTimeoutSeconds: {timeout}}}\n  configmgr:"));
    std::fs::write(instance.config(), with_timeout).unwrap();
    // A dependency without a check is ready as soon as it runs: its start script waits until the test lets it end.
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    (instance, running)
}

#[test]
fn a_component_whose_dependency_never_runs_is_started_without_it() {
    let (instance, running) = waiting("1");
    // Whether or not it was ready for a moment, needy runs in the end.
    running.wait_for("ZWEL0001I component needy started");
    running.wait_for("ZWEL0902W Zowe instance lpar1 is degraded, not ready: broken");
    instance.modify("STOP(needy)");
    running.wait_for("ZWEL0002I component needy stopped");
    // Now the dependency is in its back-off for sure.
    let answer = instance.modify("START(needy)");
    assert!(answer.contains("ZWEL0903I component needy waits for broken"), "{answer}");
    assert!(instance.modify("DISP(needy)").contains("waiting"));
    running.wait_for("ZWEL0904W component needy waited 1 seconds for broken and is started without");
    running.wait_for_count("ZWEL0001I component needy started", 2);
}

#[test]
fn a_waiting_component_can_be_stopped_and_is_released_by_its_dependency() {
    let (instance, running) = waiting("600");
    running.wait_for("ZWEL0005I next attempt to restart component broken");
    instance.modify("STOP(needy)");
    running.wait_for("ZWEL0002I component needy stopped");
    instance.modify("START(needy)");
    assert!(instance.modify("STOP(needy)").contains("ZWEL0002I component needy stopped"));
    instance.modify("START(needy)");
    instance.script("broken", "start", SLEEPER);
    let started = running.all().matches("ZWEL0001I component needy started").count();
    instance.modify("START(broken)");
    running.wait_for_count("ZWEL0001I component needy started", started + 1);
    running.wait_for("ZWEL0901I Zowe instance lpar1 is ready for work, 3 of 3");
}

#[test]
fn circles_and_unknown_dependencies_keep_the_instance_from_starting_unless_ignored() {
    let build = |policy: &str| {
        Instance::new()
            .component("a", SLEEPER, "launcher: {dependsOn: [b, ghost]}")
            .component("b", SLEEPER, "launcher: {dependsOn: [a]}")
            .extra(policy)
    };
    let (code, out) = build("").run_to_end();
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("components depend on each other in a circle: a -> b -> a"), "{out}");
    assert!(out.contains("zowe.yaml:") && out.contains("component a depends on ghost, which is not known"), "{out}");
    let instance = build("  launcher: {onDependencyProblem: ignore}\n");
    let running = instance.up();
    running.wait_for("ZWEL0901I Zowe instance lpar1 is ready for work, 2 of 2");
    assert!(running.all().contains("ZWEL0916W configuration: "), "{}", running.all());
}

#[test]
fn a_fatal_exit_code_is_not_answered_with_a_restart() {
    let instance = Instance::new()
        .component("alpha", "exit 77", "launcher: {fatalExitCodes: [3, 77], restartIntervals: [0, 0, 0]}")
        .component("beta", SLEEPER, "");
    let running = instance.up();
    running.wait_for("ZWEL0981E component alpha is not started again: exit code 77 is one of its fatalExitCodes");
    assert!(instance.modify("DISP").contains("fatal"));
    running.wait_for("ZWEL0902W Zowe instance lpar1 is degraded, not ready: alpha");
    instance.script("alpha", "start", SLEEPER);
    assert_eq!(running.all().matches("ZWEL0001I component alpha").count(), 1);
    instance.modify("START(alpha)");
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    assert!(instance.pid("alpha").is_some());
}

#[test]
fn a_loop_of_starts_is_ended_by_the_start_limit() {
    // Up for longer than minUptime each time: restart intervals alone would go on for ever.
    let settings = "launcher: {minUptime: 0, restartIntervals: [0], startLimit: {count: 4, seconds: 1000}}";
    let instance = Instance::new().component("alpha", "exit 1", settings).component("beta", SLEEPER, "");
    let running = instance.up();
    running.wait_for("ZWEL0980E component alpha was started 4 times within 1000 seconds and is not started again");
    assert_eq!(running.all().matches("ZWEL0001I component alpha").count(), 4);
}

#[test]
fn a_required_component_that_is_lost_ends_the_instance_with_12() {
    let build = |extra: &str| {
        Instance::new()
            .component("alpha", "exit 1", "launcher: {required: true, restartIntervals: [0]}")
            .component("beta", SLEEPER, "")
            .extra(extra)
    };
    let (code, out) = build("").run_to_end();
    assert_eq!(code, 12, "{out}");
    assert!(out.contains("ZWEL0906E Zowe instance lpar1 ends because alpha failed for good and is required"), "{out}");
    assert!(out.contains("ZWEL0002I component beta stopped"), "{out}");
    let instance = build("  launcher: {onRequiredFailed: stay}\n");
    let running = instance.up();
    running.wait_for("ZWEL0902W Zowe instance lpar1 is degraded, not ready: alpha");
    assert!(instance.pid("beta").is_some());
}

#[test]
fn degraded_and_ready_again_are_said_once_each() {
    let names: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
    let instance =
        names.iter().fold(Instance::new(), |instance, name| instance.component(name, SLEEPER, "launcher: {restartIntervals: [1, 1]}"));
    let running = instance.up();
    running.wait_for("ZWEL0901I");
    kill_component(&instance, "c07");
    let line = running.wait_for("ZWEL0902W");
    assert!(line.ends_with("not ready: c07"), "{line}");
    running.wait_for_count("ZWEL0901I Zowe instance lpar1 is ready for work, 20 of 20", 2);
    // What an operator does is not a degradation.
    instance.modify("STOP(c0*)");
    running.wait_for_count("stopped", 10);
    assert_eq!(running.all().matches("ZWEL0902W").count(), 1);
}

#[test]
fn a_line_of_output_tells_that_a_component_is_ready_and_releases_what_waits() {
    let instance = Instance::new().component("needy", SLEEPER, "launcher: {dependsOn: [slow]}").component(
        "slow",
        "echo coming; while ! test -f ../../../go; do sleep 0.01; done; echo 'port 7 IS OPEN now'; exec sleep 1000",
        "launcher: {readiness: 'port * IS OPEN'}",
    );
    let running = instance.start();
    running.wait_for("ZWEL0903I component needy waits for slow");
    running.wait_for("coming");
    let answer = instance.modify("DISP");
    assert!(answer.contains("waiting") && answer.contains("running"), "{answer}");
    std::fs::write(instance.path("go"), "").unwrap();
    running.wait_for("ZWEL0900I component slow is ready after");
    running.wait_for("ZWEL0001I component needy started");
    running.wait_for("ZWEL0901I Zowe instance lpar1 is ready for work, 2 of 2");
}

#[test]
fn a_fatal_line_of_output_is_not_answered_with_a_restart() {
    let instance = Instance::new()
        .component("alpha", "echo 'ERROR no licence found'; exit 1", "launcher: {fatalMessages: ['no * found'], restartIntervals: [1, 1]}")
        .component("beta", SLEEPER, "");
    let running = instance.up();
    running.wait_for("ZWEL0981E component alpha is not started again: it wrote 'no * found'");
    assert!(instance.modify("DISP").contains("fatal"));
}
