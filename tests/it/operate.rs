//! Instances and components operated by shell commands: start, stop, restart and the like.

use crate::harness::{Instance, PATIENCE, Running, kill_processes_of, processes_of, program, text, wait_until};
use crate::terminal::Terminal;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

const SLEEPER: &str = "echo up; exec sleep 1000";

/// `zwelnch WORDS` with the instance's CONFIG and system; what it says, and its exit code.
fn zwelnch(instance: &Instance, words: &[&str]) -> (String, i32) {
    let output = instance.launcher(words).output().unwrap();
    (text(&output), output.status.code().unwrap())
}

/// An instance whose PROC is installed as `member`; what it started ends with it.
struct Installed(Instance);

impl Installed {
    fn new(instance: Instance, member: &str) -> Installed {
        instance.write_config();
        let jcl = Command::new(program()).args(["jcl", "--set-config", instance.config().to_str().unwrap()]).output().unwrap();
        instance.console("D T");
        fs::write(instance.system().join("PROCLIB").join(member), jcl.stdout).unwrap();
        Installed(instance)
    }

    fn run(&self, words: &[&str]) -> (String, i32) {
        zwelnch(&self.0, words)
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        kill_processes_of(self.0.directory.path());
    }
}

#[test]
fn an_instance_without_ha_instances_is_started_and_stopped() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {readiness: 'up'}");
    let system = Installed::new(instance, "ZWETEST");
    let names = "  job: {name: zwe7}\n  setup: {security: {stcs: {zowe: zwetest}}}\n";
    let yaml = fs::read_to_string(system.0.config()).unwrap();
    fs::write(system.0.config(), yaml.replace("zowe:\n", &format!("zowe:\n{names}"))).unwrap();
    assert_eq!(system.run(&["start", "--print"]), ("S ZWETEST,JOBNAME=ZWE7\n".into(), 0));
    let (answer, code) = system.run(&["start", "--wait"]);
    assert_eq!(code, 0, "{answer}");
    for text in ["S ZWETEST,JOBNAME=ZWE7\n", "$HASP373 ZWE7 STARTED", "ZWE7: ready, after "] {
        assert!(answer.contains(text), "{text} in {answer}");
    }
    assert!(system.0.console("F ZWE7,APPL=DISP").0.contains("ready"));
    let (answer, code) = system.run(&["start"]);
    assert!(code == 8 && answer.contains("ZWEL0910E"), "it runs already: {answer}");
    let (answer, code) = system.run(&["stop", "--wait"]);
    assert!(code == 0 && answer.contains("P ZWE7\n") && answer.contains("ZWE7: ended, after "), "{answer}");
    let left = wait_until(Instant::now() + PATIENCE, || processes_of(system.0.directory.path()).is_empty().then_some(()));
    assert!(left.is_some(), "{:?}", processes_of(system.0.directory.path()));
    let (answer, code) = system.run(&["stop"]);
    assert!(code == 8 && answer.contains("IEE341I ZWE7"), "{answer}");
    assert!(!answer.contains("running here"), "{answer}");
    assert_eq!(system.0.console("S ZWETEST,JOBNAME=ANOTHER").1, 0);
    let (answer, code) = system.run(&["stop"]);
    let hint = "running here, to be named with --job: STC00003 (ANOTHER";
    assert!(code == 8 && answer.contains(hint), "{answer}");
    assert_eq!(system.run(&["stop", "--job", "another", "--wait"]).1, 0);
    assert_eq!(system.run(&["start", "--member", "mine", "--job", "zwe8", "--print"]).0, "S MINE,JOBNAME=ZWE8\n");
}

#[test]
fn a_wait_ends_with_what_can_never_be() {
    let settings = "launcher: {restartIntervals: [], readiness: 'never said'}";
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", "exit 3", settings);
    let system = Installed::new(instance, "ZWESLSTC");
    let (answer, code) = system.run(&["start", "--wait"]);
    assert!(code == 8 && answer.contains("beta (failed): see SYSPRINT"), "{answer}");
    let (answer, code) = system.run(&["start", "beta", "--wait", "--timeout", "60s"]);
    assert!(code == 8 && answer.contains("F ZWESLSTC,APPL='START(beta)'") && answer.contains("beta (failed)"), "{answer}");
    assert_eq!(system.run(&["stop", "--wait"]).1, 0);
}

#[test]
fn components_are_operated_without_quoting_anything() {
    let instance = Instance::new().component("api-one", SLEEPER, "").component("api-two", SLEEPER, "").component(
        "reader",
        "while read -r line; do echo \"got <$line>\"; done",
        "launcher: {stdin: true}",
    );
    let running = instance.up();
    let accepted = |words: &[&str], expected: &str| {
        let (answer, code) = zwelnch(&instance, words);
        assert!(code == 0 && answer.contains(expected), "{words:?}: {code}: {answer}");
    };
    accepted(&["stop", "api-one", "api-two", "--wait"], "F ZWESLSTC,APPL='STOP(api-one,api-two)'\n");
    assert_eq!((instance.pid("api-one"), instance.pid("api-two")), (None, None));
    accepted(&["start", "api-*", "--wait"], "ready, after ");
    let before = instance.pid("api-one").unwrap();
    accepted(&["restart", "api-one", "--cascade", "--wait"], "APPL='RESTART(api-one,CASCADE)'");
    assert_ne!(instance.pid("api-one").unwrap(), before);
    accepted(&["reload", "--check"], "ZWEL0987I RELOAD: no component has changed");
    accepted(&["disp", "api-two"], "ZWEL0920I api-two");
    accepted(&["display", "--detail"], "COMPONENT    reader");
    accepted(&["send", "reader", "it's", "Here,", "(all)"], "ZWEL0937I");
    running.wait_for("got <it's Here, (all)>");
    accepted(&["loglevel", "debug"], "ZWEL0989I log level is debug");
    accepted(&["logrotate"], "ZWEL0989I log files are rotated");
    accepted(&["stop", "api-one", "--print"], "F ZWESLSTC,APPL='STOP(api-one)'");
    assert!(instance.pid("api-one").is_some(), "only printed");
    for (words, expected) in [
        (&["stop", "nobody"][..], "ZWEL0054W component nobody not found"),
        (&["restart", "a,b"], "is no name of a component"),
        (&["send", "api-one", "x"], "ZWEL0938E"),
        (&["stop", "alpha", "--job", "NOJOB"], "no job NOJOB is running"),
        (&["stop", &"x".repeat(120)], "more than the 126"),
        (&["restart"], "<COMPONENT>"),
        (&["stop", "api-one", "--member", "X"], "cannot be used with"),
    ] {
        let (answer, code) = zwelnch(&instance, words);
        assert!(code == 8 && answer.contains(expected), "{words:?}: {code}: {answer}");
    }
}

#[test]
fn an_ha_instance_is_no_component() {
    let instance = Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n  lpar2: {hostname: b}\n");
    let _running = instance.up();
    let (answer, code) = zwelnch(&instance, &["stop", "LPAR1"]);
    assert!(code == 8 && answer.contains("LPAR1 is an HA instance, not a component: name it with -i, as in -i lpar1"), "{answer}");
    // Which of the two is meant cannot be decided by this system.
    fs::write(instance.system().join("SYSNAME"), "SYS9\n").unwrap();
    let yaml = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), yaml.replace("hostname: b", "hostname: b, zowe: {job: {name: ZWE2}}")).unwrap();
    let (answer, code) = zwelnch(&instance, &["stop"]);
    assert!(code == 8 && answer.contains("name one with -i, or all of them with --all (lpar1, lpar2)"), "{answer}");
    assert_eq!(
        zwelnch(&instance, &["restart", "alpha", "--all", "--print"]).0,
        "F ZWE1SV,APPL='RESTART(alpha)'\nF ZWE2,APPL='RESTART(alpha)'\n"
    );
    assert!(instance.pid("alpha").is_some());
}

#[test]
fn two_instances_under_one_job_name_are_told_apart_by_their_job_ids() {
    let instance = Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n  lpar2: {hostname: b}\n");
    let mut first = instance.up();
    let mut second = Running::spawn(instance.launcher(&["lpar2"]), instance.directory.path());
    second.wait_for("ZWEL0012I");
    let status = |words: &[&str]| zwelnch(&instance, &[&["status"], words].concat());
    let (shown, code) = status(&[]);
    let expected = ["ZWESLSTC STC00001, HA instance lpar1:\n", "ZWESLSTC STC00002, HA instance lpar2:\n"];
    assert!(code == 0 && expected.iter().all(|text| shown.contains(text)), "{shown}");
    let components = |words: &[&str]| -> Vec<(String, String, i64)> {
        let (shown, code) = status(&[&["--format", "json"], words].concat());
        assert_eq!(code, 0, "{shown}");
        let components: Vec<serde_json::Value> = serde_json::from_str(&shown).unwrap();
        let text = |component: &serde_json::Value, key: &str| component[key].as_str().unwrap().to_owned();
        components.iter().map(|one| (text(one, "jobId"), text(one, "haInstance"), one["pid"].as_i64().unwrap())).collect()
    };
    let all = components(&["--job", "ZWESLSTC"]);
    let names: Vec<(&str, &str)> = all.iter().map(|(job, id, _)| (job.as_str(), id.as_str())).collect();
    assert_eq!(names, [("STC00001", "lpar1"), ("STC00002", "lpar2")]);
    assert_eq!(components(&["--job", "stc00002"]), [all[1].clone()]);
    // A command for one of them.
    let (answer, code) = zwelnch(&instance, &["stop", "alpha", "--job", "ZWESLSTC"]);
    let listed =
        "several jobs are running, name one with --job: STC00001 (ZWESLSTC, HA instance lpar1), STC00002 (ZWESLSTC, HA instance lpar2)";
    assert!(code == 8 && answer.contains(listed), "{answer}");
    let (answer, code) = zwelnch(&instance, &["stop", "alpha", "--job", "STC00002", "--wait"]);
    assert!(code == 0 && answer.contains("F ZWESLSTC.STC00002,APPL='STOP(alpha)'"), "{answer}");
    second.wait_for("ZWEL0002I component alpha stopped");
    assert!(!first.all().contains("ZWEL0923I"), "{}", first.all());
    let (answer, code) = instance.console("D A,ZWESLSTC.STC00002");
    assert!(code == 0 && answer.contains("STC00002") && !answer.contains("STC00001"), "{answer}");
    assert_eq!(instance.console("P STC00002").1, 0);
    assert_eq!(second.wait_end(), 0);
    let mut console = Command::new(program());
    console.args(["console", "--job", "STC00001", "--system"]).arg(instance.system()).arg("P").stdin(Stdio::null());
    assert_eq!(console.output().unwrap().status.code(), Some(0));
    assert_eq!(first.wait_end(), 0);
}

#[test]
fn a_command_that_is_mistyped_starts_nothing() {
    let instance = Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n  chek: {hostname: b}\n");
    instance.write_config();
    let refused = |command: &mut Command, expected: &[&str]| {
        let output = command.output().unwrap();
        let said = text(&output);
        assert!(output.status.code() == Some(8) && expected.iter().all(|text| said.contains(text)), "{said}");
        assert!(!said.contains("ZWEL0021I"), "{said}");
    };
    refused(&mut instance.launcher(&["stauts"]), &["there is no command stauts, did you mean status?", "haInstances defines lpar1, chek"]);
    refused(instance.launcher(&["chekc"]).env_remove("CONFIG"), &["did you mean check?", "it needs CONFIG"]);
    refused(instance.launcher(&["consol", "D T"]).env("CONFIG", "/none.yaml"), &["did you mean console?"]);
    assert!(fs::read_dir(instance.system()).unwrap().count() == 0, "no job was made");
    let none = Instance::new().component("alpha", SLEEPER, "");
    none.write_config();
    refused(&mut none.launcher(&["chek"]), &["did you mean check?", "zwelnch launch chek"]);
    // Whatever haInstances defines is an id, whatever it looks like.
    let mut running = Running::spawn(instance.launcher(&["chek"]), instance.directory.path());
    running.wait_for("ZWEL0024I HA_INSTANCE_ID is 'chek'");
    running.wait_for("ZWEL0012I");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// The HA instance and the keys of zowe.environments as the launcher's own tests (config-syntax.sh, zowe.environments.yaml) have them.
#[test]
fn arguments_and_variables_are_taken_as_the_newest_launcher_takes_them() {
    let ignored = ["-key-", "?key", "1+1", "1-1", "_!_", "1TEST", "3_141592", "()", "~null", "=", "<h1>", "A-B"];
    let mut environments = "  environments:\n    TEST_STR: \"TE\\\"ST\"\n    _TEST1: '$HOME `cmd`'\n    TEST_INT: 123456\n".to_owned();
    for key in ignored {
        environments.push_str(&format!("    '{key}': ignored value\n"));
    }
    let instance = Instance::new().component("alpha", "env | sort; exec sleep 1000", "");
    instance.write_config();
    let yaml = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), yaml.replace("zowe:\n", &format!("zowe:\n{environments}"))).unwrap();
    for (config, shown) in
        [("zowe.yaml", "'zowe.yaml'"), ("FILE(zowe.yaml)", "'FILE(zowe.yaml)'"), ("PARMLIB(A.B-1(C))", "'PARMLIB(A.B-1(C))'")]
    {
        let output = instance.launcher(&["launch", "nosuch"]).env("CONFIG", config).output().unwrap();
        assert!(text(&output).contains(&format!("ZWEL0023I Zowe YAML config file is {shown}")), "{}", text(&output));
    }
    for (argument, id) in [("valid,IGNORED", "valid"), ("LPAR123", "lpar123")] {
        let mut running = Running::spawn(instance.launcher(&["launch", argument]), instance.directory.path());
        running.wait_for(&format!("ZWEL0024I HA_INSTANCE_ID is '{id}'"));
        for line in ["TEST_STR=TE\"ST", "_TEST1=$HOME `cmd`", "TEST_INT=123456"] {
            running.wait_for(line);
        }
        running.wait_for("ZWEL0012I");
        instance.console("P ZWESLSTC");
        assert_eq!(running.wait_end(), 0);
        let out = running.all();
        for key in ignored {
            assert!(out.contains(&format!("zowe.environments: '{key}' is ignored")), "{key} is not warned of in\n{out}");
        }
        // All of the configuration is there as ZWE_..., whatever its keys are.
        assert!(!out.lines().any(|line| line.ends_with("=ignored value") && !line.starts_with("ZWE_zowe_environments_")), "{out}");
    }
}

/// On a terminal the last line says how far the prepare step is; elsewhere there is no such line.
#[test]
fn start_shows_the_prepare_step_on_a_terminal() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", SLEEPER, "");
    let go = instance.path("go").display().to_string();
    instance.script("alpha", "validate", &format!("until [ -e {go} ]; do sleep 0.05; done"));
    instance.script("beta", "validate", "exit 0");
    instance.script("beta", "configure", "exit 0");
    let system = Installed::new(instance.extra("haInstances: {lpar1: {hostname: localhost}}\n"), "ZWESLSTC");
    let mut terminal = Terminal::session(system.0.launcher(&["start", "-i", "lpar1", "--wait"]), "xterm");
    terminal.wait_for("\r[##########----------] lpar1 is being prepared: validate, 1 of 2: alpha\u{1b}[K");
    fs::write(system.0.path("go"), "").unwrap();
    terminal.wait_for("lpar1: ready, after ");
    assert!(terminal.child.wait().unwrap().success());
    // It is gone when the next line comes.
    let seen = terminal.seen.lock().unwrap().clone();
    let last = seen.rfind("is being prepared").unwrap();
    assert!(seen[last..].contains("\r\u{1b}[K"), "{seen:?}");
    assert_eq!(system.run(&["stop", "-i", "lpar1", "--wait"]).1, 0);
    let (said, code) = system.run(&["start", "-i", "lpar1", "--wait"]);
    assert!(code == 0 && !said.contains("is being prepared") && !said.contains('\u{1b}'), "{said}");
    assert_eq!(system.run(&["stop", "-i", "lpar1", "--wait"]).1, 0);
}
