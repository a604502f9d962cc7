//! RESTART and RELOAD: as much as possible is checked before, a validate command runs once its component is down, and if it refuses,
//! everything stays as it was.

use crate::harness::{Instance, PATIENCE, Running, free_port, none_left, pid_in, wait_until};
use std::fs;
use std::time::Instant;

const SLEEPER: &str = "exec sleep 1000";

/// Reports what it was started with: its environment, and the files that components read.
const TELLER: &str = "echo \"up $ZWE_configs_colour $CONFIGURED $(grep -c \"colour: $ZWE_configs_colour\" \"$ZWE_CLI_PARAMETER_CONFIG\")\
 \x20$(grep -c \"\\\"colour\\\": \\\"$ZWE_configs_colour\\\"\" \"$ZWE_PRIVATE_WORKSPACE_ENV_DIR/.zowe-lpar1.json\")\"\nexec sleep 1000";

/// A server that holds the port `$ZWE_configs_port`, and a validate command that checks whether it is free: in shell and perl only.
const HOLDER: &str = "exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => \"127.0.0.1\", LocalPort => \
 $ENV{ZWE_configs_port}, Listen => 1, ReuseAddr => 1) or die \"port in use\\n\"; $| = 1; print \"holds $ENV{ZWE_configs_port} $ENV{ZWE_configs_colour}\\n\"; sleep 1000'";
const ASKS_PORT: &str = "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(LocalAddr => \"127.0.0.1\", LocalPort => $ENV{ZWE_configs_port}, \
 Listen => 1, ReuseAddr => 1) or die \"port in use\\n\"' || exit 1\n";

fn edit(instance: &Instance, from: &str, to: &str) {
    let yaml = fs::read_to_string(instance.config()).unwrap();
    assert!(yaml.contains(from), "{from} in {yaml}");
    fs::write(instance.config(), yaml.replace(from, to)).unwrap();
}

fn end(instance: &Instance, mut running: Running) -> String {
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(none_left(instance.directory.path()));
    running.all()
}

#[test]
fn what_holds_its_port_is_restarted_and_reloaded() {
    if crate::harness::program_or_skip("perl").is_none() {
        return;
    }
    let ports = [free_port(), free_port()];
    let mut instance = Instance::new();
    for (name, port) in ["one", "two"].iter().zip(ports) {
        instance = instance.component(name, HOLDER, &format!("port: {port}\ncolour: red"));
        instance.script(name, "validate", ASKS_PORT);
    }
    let running = instance.up();
    running.wait_for(&format!("holds {} red", ports[0]));
    running.wait_for(&format!("holds {} red", ports[1]));
    assert!(instance.modify("RESTART(one)").contains("ZWEL0923I component one is being restarted"));
    running.wait_for_count(&format!("holds {} red", ports[0]), 2);
    edit(&instance, "red", "blue");
    assert!(!instance.modify("RELOAD").contains("ZWEL0988E"));
    running.wait_for(&format!("holds {} blue", ports[0]));
    running.wait_for(&format!("holds {} blue", ports[1]));
    // The port of one that goes is free for another.
    edit(&instance, &format!("port: {}", ports[1]), "port: 1");
    edit(&instance, &format!("port: {}", ports[0]), &format!("port: {}", ports[1]));
    edit(&instance, "  two:\n    enabled: true", "  two:\n    enabled: false");
    instance.modify("RELOAD");
    running.wait_for(&format!("holds {} blue", ports[1]));
    running.wait_for_count(&format!("holds {} blue", ports[1]), 2);
    let out = end(&instance, running);
    assert!(!out.contains("port in use") && !out.contains("ZWEL0917E"), "{out}");
}

/// `alpha` refuses yellow; both know their colour from everywhere.
fn two_with_colours() -> Instance {
    let instance = Instance::new().component("alpha", TELLER, "colour: red").component("beta", TELLER, "colour: red");
    for name in ["alpha", "beta"] {
        instance.script(name, "configure", "export CONFIGURED=for-$ZWE_configs_colour");
    }
    instance.script("alpha", "validate", "test \"$ZWE_configs_colour\" != yellow || { echo no yellow; exit 4; }");
    instance
}

#[test]
fn what_a_validate_command_refuses_leaves_everything_as_it_was() {
    let instance = two_with_colours();
    let running = instance.up();
    running.wait_for_count("up red for-red 2 2", 2);
    let before = fs::read(instance.path("workspace/.env/alpha/.instance-lpar1.env")).unwrap();
    edit(&instance, "red", "yellow");
    for (up, command, refused) in [(3, "RESTART(alpha)", "ZWEL0922E"), (5, "RELOAD", "ZWEL0988E")] {
        let answer = instance.refused(command);
        for text in [
            "ZWEL0917E Component alpha commands.validate ended with rc=4.",
            refused,
            "ZWEL0945W component alpha is started again as it was",
        ] {
            assert!(answer.contains(text), "{command}: {text} in {answer}");
        }
        running.wait_for_count("up red for-red 2 2", up);
        assert_eq!(fs::read(instance.path("workspace/.env/alpha/.instance-lpar1.env")).unwrap(), before);
    }
    assert_eq!(running.all().matches("no yellow").count(), 2, "what it wrote is relayed");
    // Alone, beta may be yellow: it has no opinion. The files follow.
    instance.modify("RESTART(beta)");
    running.wait_for("up yellow for-yellow 2 2");
    edit(&instance, "yellow", "blue");
    instance.modify("RELOAD");
    running.wait_for_count("up blue for-blue 2 2", 2);
    end(&instance, running);
}

#[test]
fn what_can_be_judged_before_stops_nothing_and_is_the_same_for_both() {
    let instance = Instance::new().component("alpha", SLEEPER, "port: 18001").component("beta", SLEEPER, "port: 18002");
    instance.script("alpha", "validate", "echo asked >> ../../../asked\n");
    let running = instance.up();
    let good = fs::read_to_string(instance.config()).unwrap();
    let before = instance.modify("DISP");
    let asked = fs::read(instance.path("asked")).unwrap();
    let faults: [(&str, String); 6] = [
        ("YAML", "zowe: [\n".to_owned()),
        ("schema", good.replace("18002", "70000")),
        ("template", good.replace("18002", "\"${{ nobody.knows }}\"")),
        ("two with one port", good.replace("18002", "18001")),
        ("workspace moved", good.replace("/workspace", "/elsewhere")),
        ("unknown dependency", good.replace("port: 18002", "port: 18002\n    launcher: {dependsOn: [nobody]}")),
    ];
    for (fault, yaml) in faults {
        assert_ne!(yaml, good);
        fs::write(instance.config(), yaml).unwrap();
        let restart = instance.refused("RESTART(alpha)");
        assert!(restart.contains("ZWEL0922E component alpha is not restarted"), "{fault}: {restart}");
        let reload = instance.refused("RELOAD");
        assert!(reload.contains("ZWEL0988E"), "{fault}: {reload}");
        let reasons = |answer: &str| -> Vec<String> {
            let line = |line: &str| line.split_once(" - ").or_else(|| line.split_once("alpha: ")).map(|(_, why)| why.to_owned());
            answer.lines().filter(|line| line.contains("zowe.yaml:")).filter_map(line).collect()
        };
        assert_eq!(reasons(&restart).len(), reasons(&reload).len(), "{fault}: {restart}\n{reload}");
    }
    let after = instance.modify("DISP");
    for name in ["alpha", "beta"] {
        assert_eq!(pid_in(&after, name), pid_in(&before, name));
    }
    assert_eq!(fs::read(instance.path("asked")).unwrap(), asked, "no script was run");
    end(&instance, running);
}

#[test]
fn a_validate_command_that_hangs_has_its_bound_and_stop_and_p_end_it() {
    let instance =
        Instance::new().component("alpha", "echo up $ZWE_configs_colour; exec sleep 1000", "colour: red\nlauncher: {validateTimeout: 2}");
    instance.script("alpha", "validate", "test \"$ZWE_configs_colour\" = red || { echo hangs; echo $$ > ../../../pid; sleep 1000; }");
    let mut running = instance.up();
    edit(&instance, "red", "blue");
    let answer = instance.refused("RESTART(alpha)");
    assert!(answer.contains("ZWEL0935E component alpha: commands.validate did not end within 2 seconds"), "{answer}");
    running.wait_for("hangs");
    running.wait_for_count("up red", 2);
    edit(&instance, "validateTimeout: 2", "validateTimeout: 1000");
    fs::remove_file(instance.path("pid")).unwrap();
    // STOP takes it out of the change; the change's command ends with it.
    let restart = restart_in_background(&instance);
    let pid = written(&instance, "pid");
    assert!(instance.modify("DISP").contains("validating"));
    assert!(instance.modify("STOP(alpha)").contains("ZWEL0002I component alpha stopped"));
    restart.join().unwrap();
    let gone = || (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(());
    wait_until(Instant::now() + PATIENCE, gone).unwrap();
    assert!(instance.modify("DISP").contains("stopped"));
    // As it was prepared.
    instance.modify("START(alpha)");
    running.wait_for_count("up red", 3);
    fs::remove_file(instance.path("pid")).unwrap();
    let restart = restart_in_background(&instance);
    written(&instance, "pid");
    instance.console("P ZWESLSTC");
    assert!(restart.join().unwrap().contains("ZWEL0932I"));
    assert_eq!(running.wait_end(), 0);
    assert!(none_left(instance.directory.path()));
}

/// The line that a validate command has written to a file, because its output is relayed only when it has ended.
fn written(instance: &Instance, name: &str) -> String {
    let read = || fs::read_to_string(instance.path(name)).ok().filter(|text| text.ends_with('\n'));
    wait_until(Instant::now() + PATIENCE, read).unwrap().trim().to_owned()
}

fn restart_in_background(instance: &Instance) -> std::thread::JoinHandle<String> {
    let system = instance.system();
    std::thread::spawn(move || crate::harness::console(&system, "F ZWESLSTC,APPL=RESTART(alpha)").0)
}

#[test]
fn a_second_restart_follows_with_the_configuration_of_then() {
    let instance = Instance::new().component("alpha", "echo up $ZWE_configs_colour; exec sleep 1000", "colour: red");
    instance.script(
        "alpha",
        "validate",
        "test \"$ZWE_configs_colour\" != blue || { echo waits > ../../../waits; while test ! -e ../../../go; do sleep 0.01; done; }",
    );
    let running = instance.up();
    edit(&instance, "red", "blue");
    let restart = restart_in_background(&instance);
    written(&instance, "waits");
    edit(&instance, "blue", "green");
    assert!(instance.modify("RESTART(alpha)").contains("ZWEL0923I component alpha is being restarted"));
    let system = instance.system();
    let reload = std::thread::spawn(move || crate::harness::console(&system, "F ZWESLSTC,APPL=RELOAD").0);
    running.wait_for("ZWEL0987I RELOAD: a change is under way, it follows");
    fs::write(instance.path("go"), "").unwrap();
    restart.join().unwrap();
    running.wait_for("up green");
    assert!(reload.join().unwrap().contains("no component has changed"));
    end(&instance, running);
}

#[test]
fn what_is_down_is_started_by_restart_and_stays_down_by_reload() {
    let instance = two_with_colours();
    let running = instance.up();
    running.wait_for_count("up red for-red 2 2", 2);
    instance.modify("STOP(*)");
    running.wait_for("ZWEL0002I component alpha stopped");
    running.wait_for("ZWEL0002I component beta stopped");
    edit(&instance, "red", "yellow");
    let answer = instance.refused("RESTART(alpha)");
    assert!(answer.contains("ZWEL0922E") && !answer.contains("ZWEL0945W"), "{answer}");
    assert!(instance.pid("alpha").is_none(), "it is left as it is: down");
    edit(&instance, "yellow", "blue");
    let answer = instance.modify("RELOAD");
    assert!(answer.contains("component beta has changed: it is configured, and stays stopped"), "{answer}");
    instance.modify("RESTART(alpha)");
    running.wait_for("up blue for-blue 2 2");
    assert!(instance.pid("beta").is_none());
    // START starts what RELOAD has configured.
    instance.modify("START(beta)");
    running.wait_for_count("up blue for-blue 2 2", 2);
    end(&instance, running);
}

#[test]
fn a_change_of_several_is_made_as_a_whole_and_in_order() {
    let instance = two_with_colours().component("gamma", TELLER, "colour: red\nlauncher: {dependsOn: [alpha]}");
    let running = instance.up();
    running.wait_for_count("up red ", 3);
    edit(&instance, "red", "yellow");
    let answer = instance.refused("RESTART(alpha,CASCADE)");
    assert_eq!(answer.matches("ZWEL0945W").count(), 2, "{answer}");
    running.wait_for_count("up red ", 5);
    edit(&instance, "yellow", "blue");
    instance.modify("RESTART(*)");
    running.wait_for_count("up blue ", 3);
    let out = end(&instance, running);
    let since = &out[out.rfind("'RESTART(*)' received").unwrap()..];
    let at = |text: &str| since.find(text).unwrap_or_else(|| panic!("{text} in {since}"));
    assert!(at("ZWEL0002I component gamma stopped") < at("ZWEL0002I component alpha stopped"), "{since}");
    assert!(at("ZWEL0002I component beta stopped") < at("ZWEL0001I component alpha started"), "all are down before any is judged: {since}");
    assert!(at("ZWEL0001I component alpha started") < at("ZWEL0001I component gamma started"), "{since}");
}

#[test]
fn one_that_dies_meanwhile_is_restarted_once() {
    let instance = Instance::new().component(
        "alpha",
        "echo up $ZWE_configs_colour; exec sleep 1000",
        "colour: red\nlauncher: {restartIntervals: [1000]}",
    );
    instance.script("alpha", "validate", "test \"$ZWE_configs_colour\" != yellow");
    let running = instance.up();
    running.wait_for("up red");
    let pid = nix::unistd::Pid::from_raw(instance.pid("alpha").unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    running.wait_for("ZWEL0005I next attempt to restart component alpha in 1000 seconds");
    // In back-off it is wanted up: if a change is not made, it is started again as it was.
    edit(&instance, "red", "yellow");
    let answer = instance.refused("RESTART(alpha)");
    assert!(answer.contains("ZWEL0917E") && answer.contains("ZWEL0945W"), "{answer}");
    running.wait_for_count("up red", 2);
    edit(&instance, "yellow", "blue");
    instance.modify("RESTART(alpha)");
    running.wait_for("up blue");
    end(&instance, running);
}

#[test]
fn a_configure_command_that_fails_in_a_change() {
    let instance =
        Instance::new().component("alpha", "echo up $ZWE_configs_colour; exec sleep 1000", "colour: red").component("beta", SLEEPER, "");
    instance.script("alpha", "configure", "test \"$ZWE_configs_colour\" = red || exit 5");
    let running = instance.up();
    running.wait_for("up red");
    edit(&instance, "red", "blue");
    instance.modify("RESTART(alpha)");
    running.wait_for("ZWEL0317E Component alpha commands.configure ended with rc=5.");
    running.wait_for("up blue");
    edit(&instance, "  configmgr:", "  launchScript: {onComponentConfigureFail: exit}\n  configmgr:");
    instance.modify("RESTART(alpha)");
    running.wait_for_count("ZWEL0317E", 2);
    let failed = || instance.modify("DISP").contains("failed").then_some(());
    wait_until(Instant::now() + PATIENCE, failed).unwrap();
    assert!(instance.pid("beta").is_some());
    end(&instance, running);
}

#[test]
fn what_is_not_launched_is_configured_by_reload() {
    let instance = Instance::new().component("alpha", SLEEPER, "").without_start("library", "colour: red");
    instance.script("library", "configure", "echo library is $ZWE_configs_colour");
    let running = instance.up();
    running.wait_for("library is red");
    edit(&instance, "red", "blue");
    let answer = instance.modify("RELOAD");
    assert!(answer.contains("component library, which is not launched, is new or has changed: it is configured"), "{answer}");
    running.wait_for("library is blue");
    assert!(instance.modify("RELOAD").contains("no component has changed"));
    end(&instance, running);
}

#[test]
fn lines_of_the_prepare_step_and_of_a_change_are_looked_through_for_messages() {
    let instance = Instance::new().component("alpha", SLEEPER, "colour: red");
    instance.script("alpha", "validate", "echo XYZ001I validates $ZWE_configs_colour");
    instance.script("alpha", "configure", "echo XYZ002I configures $ZWE_configs_colour");
    instance.write_config();
    edit(&instance, "  configmgr:", "  sysMessages: [XYZ001I, global validations are successful]\n  configmgr:");
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    let log = || fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
    let seen = log();
    assert!(
        seen.contains("XYZ001I validates red") && seen.contains("global validations are successful") && !seen.contains("XYZ002I"),
        "{seen}"
    );
    edit(&instance, "sysMessages: [XYZ001I,", "sysMessages: [XYZ002I,");
    edit(&instance, "red", "blue");
    instance.modify("RELOAD");
    running.wait_for("XYZ002I configures blue");
    end(&instance, running);
    let seen = log();
    assert!(seen.contains("XYZ002I configures blue") && !seen.contains("XYZ001I validates blue"), "{seen}");
}

#[test]
fn of_two_changes_at_once_each_has_its_own_end_and_the_files_are_those_of_the_one_that_was_made() {
    let instance = two_with_colours();
    let waits = "test \"$ZWE_configs_colour\" != yellow || { echo waits > ../../../waits; while test ! -e ../../../go; do sleep 0.01; done; exit 4; }";
    instance.script("alpha", "validate", waits);
    let running = instance.up();
    running.wait_for_count("up red for-red 2 2", 2);
    edit(&instance, "red", "yellow");
    let restart = restart_in_background(&instance);
    written(&instance, "waits");
    edit(&instance, "yellow", "blue");
    instance.modify("RESTART(beta)");
    running.wait_for("up blue for-blue 2 2");
    fs::write(instance.path("go"), "").unwrap();
    let answer = restart.join().unwrap();
    assert!(answer.contains("ZWEL0917E") && answer.contains("ZWEL0945W"), "{answer}");
    running.wait_for("up red for-red 0 0");
    let merged = fs::read_to_string(instance.path("workspace/.env/.zowe-merged.yaml")).unwrap();
    assert!(merged.matches("colour: blue").count() == 2, "{merged}");
    end(&instance, running);
}
