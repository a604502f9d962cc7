//! What ZLDEBUG=ON and zowe.launchScript.logLevel show, and that they show no secrets.

use crate::harness::{Instance, Running};

const SECRETS: [&str; 4] = ["hunter-two-7", "sesame-open", "token-of-mine-99", "given-as-argument"];

/// All kinds of things, secrets among them, and a component that fails once and needs another.
fn instance() -> Instance {
    let settings = "user: operator-one\npassword: hunter-two-7\nnested: {apiToken: token-of-mine-99}\nlauncher: {dependsOn: [beta], restartIntervals: [0, 0], readiness: {command: bin/ready.sh, interval: 1}}";
    let instance = Instance::new()
        .component("alpha", "test -f failed || { touch failed; exit 3; }\nexec sleep 1000", settings)
        .component("beta", "exec sleep 1000", "")
        .extra("haInstances:\n  lpar1:\n    components: {alpha: {port: 7654, secret: sesame-open}}\n");
    instance.script("alpha", "validate", "exit 0");
    instance.script("alpha", "ready", "exit 0");
    instance.manifest("alpha", "commands:\n  start: bin/start.sh\n  validate: bin/validate.sh --password=given-as-argument --port=1\n");
    instance
}

/// Runs it until alpha is ready again, and ends it.
fn run(instance: &Instance, level: &str, zldebug: bool) -> String {
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    let yaml = yaml.replacen("zowe:\n", &format!("zowe:\n  launchScript: {{logLevel: {level}}}\n"), 1);
    std::fs::write(instance.config(), yaml).unwrap();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("MY_PASSWORD", "sesame-open-too");
    if zldebug {
        launcher.env("ZLDEBUG", "ON");
    }
    let mut running = Running::spawn(launcher, instance.directory.path());
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    running.wait_for("ZWEL0900I component alpha is ready after");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    running.all()
}

/// The launcher's own lines; those of components are the components' business.
fn debug_lines(out: &str) -> Vec<&str> {
    out.lines().filter(|line| line.contains("<ZWEL") && line.contains(" DEBUG ")).collect()
}

fn assert_no_secret(out: &str) {
    for secret in SECRETS.iter().chain(&["sesame-open-too"]) {
        assert!(!out.contains(secret), "{secret} in\n{}", out.lines().filter(|line| line.contains(secret)).collect::<Vec<_>>().join("\n"));
    }
}

const OF_DEBUG: &[&str] = &[
    "merge: ",
    "overlay: haInstances.lpar1 sets 2 values",
    "overlay: components.alpha.port = 7654",
    "overlay: components.alpha.secret = \"********\"",
    "components: alpha without a version is installed in ",
    "components: alpha is in play, launched, needs beta",
    "variable: ZWE_components_alpha_user=operator-one",
    "variable: ZWE_components_alpha_password=********",
    "variable: MY_PASSWORD=********",
    "/components/alpha: bin/validate.sh --password=******** --port=1 with ",
    "ended with exit code 0",
    "supervise: alpha: restart intervals [0ns, 0ns]",
    "decide: alpha: make its process",
    "decide: alpha: process ",
    " ended, exit code 3 while running: back-off",
    "decide: the instance is ",
    "decide: beta: make its process",
    "Terminate to group ",
];

#[test]
fn debug_lines_tell_each_step_command_and_decision_and_no_secret() {
    for (level, zldebug) in [("info", true), ("debug", false)] {
        let instance = instance();
        let out = run(&instance, level, zldebug);
        let lines = debug_lines(&out).join("\n");
        for text in OF_DEBUG {
            let text =
                text.replace("bin/validate.sh", &instance.component_directory("alpha").join("bin/validate.sh").display().to_string());
            assert!(lines.contains(&text), "{text} is missing with {level} in\n{out}");
        }
        assert!(out.contains("ZWEL0020I loading '"), "{out}");
        assert_eq!(lines.contains("begin: CONFIG is '"), zldebug, "before it is known that it is wanted");
        assert!(!lines.contains("property: ") && !lines.contains("probe: "), "that is for a trace");
        assert_no_secret(&out);
    }
}

#[test]
fn a_trace_has_the_properties_the_answers_of_probes_and_what_shells_are_given() {
    let instance = instance();
    let out = run(&instance, "trace", false);
    let lines = debug_lines(&out).join("\n");
    for text in [
        "property: components.alpha.port = 7654, set in ",
        "zowe.yaml:",
        "probe: readiness of alpha: yes",
        "command: the shell is given ",
        "property: components.alpha.password = \"********\"",
    ] {
        assert!(lines.contains(text), "{text} is missing in\n{out}");
    }
    assert!(lines.contains("decide: alpha: make its process"), "all of debug too");
    assert_no_secret(&out);
}

#[test]
fn nothing_of_it_is_written_unless_it_is_asked_for() {
    let out = run(&instance(), "info", false);
    assert_eq!(debug_lines(&out), Vec::<&str>::new());
    assert!(!out.contains("ZWEL0020I"), "{out}");
    assert_no_secret(&out);
}

#[test]
fn an_operator_switches_it_on_and_off() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "password: hunter-two-7");
    let running = instance.up();
    assert_eq!(debug_lines(&running.all()), Vec::<&str>::new());
    instance.modify("LOGLEVEL(debug)");
    instance.modify("RESTART(alpha)");
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    running.wait_for("decide: alpha: make its process");
    instance.modify("LOGLEVEL(info)");
    running.wait_for("ZWEL0989I log level is info");
    let before = debug_lines(&running.all()).len();
    instance.modify("RESTART(alpha)");
    running.wait_for_count("ZWEL0001I component alpha started", 3);
    assert_eq!(debug_lines(&running.all()).len(), before);
    assert_no_secret(&running.all());
}
