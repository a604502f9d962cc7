//! `check --compare-zwelnch` through the built binary.

use crate::harness::Instance;
use serde_json::Value;

const SLEEPER: &str = "exec sleep 1000";

fn compare(instance: &Instance, arguments: &[&str]) -> (i32, String) {
    let output = instance.launcher(&[&["check", "--compare-zwelnch"], arguments].concat()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn json(instance: &Instance, arguments: &[&str]) -> (i32, Vec<Value>) {
    let (code, text) = compare(instance, &[&["--format", "json"], arguments].concat());
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["exitCode"], code);
    (code, report["differences"].as_array().unwrap().clone())
}

fn kinds(differences: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = differences.iter().map(|difference| difference["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn of<'a>(differences: &'a [Value], kind: &str) -> &'a Value {
    differences.iter().find(|difference| difference["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {differences:#?}"))
}

/// Line and column of a text that stands once in another one.
fn position(text: &str, needle: &str) -> (usize, usize) {
    let (index, line) = text.lines().enumerate().find(|(_, line)| line.contains(needle)).unwrap();
    (index + 1, line.find(needle).unwrap() + 1)
}

/// Inserts lines below `zowe:`.
fn zowe(instance: &Instance, lines: &str) {
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), yaml.replacen("zowe:\n", &format!("zowe:\n{lines}"), 1)).unwrap();
}

#[test]
fn a_configuration_that_behaves_as_before_has_no_differences() {
    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001\nlauncher: {minUptime: 90}")
        .extra("  launcher: {startRunning: reject, onAllFailed: stay}\nhaInstances:\n  lpar1: {hostname: a.example.com}\n");
    zowe(&instance, "  environments: {PLAIN: a-b c}\n  job: {name: ZWE1SV, prefix: \"${{ 'ZWE' + 1 }}\"}\n");
    let (code, text) = compare(&instance, &[]);
    assert_eq!((code, text.as_str()), (0, "0 differences to ZWELNCH; HA instances compared: lpar1\n"));
    assert!(!instance.path("workspace").exists());
}

#[test]
fn each_difference_has_its_place_and_what_to_do() {
    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001\nlauncher: {minUptime: 30}")
        .component("db", SLEEPER, "port: 7002")
        .extra("  absent: {enabled: true}\nhaInstances:\n  LPAR1: {hostname: a.example.com}\n  lpar2: {hostname: b.example.com, components: {web: {launcher: {minUptime: 90}}}}\n");
    instance.manifest("web", "dependencies: {components: [{name: db}]}\ngatewaySharedLibs: [libs]\nappfwPlugins: [{path: plugin}]\n");
    std::fs::create_dir(instance.runtime().join("components/web/libs")).unwrap();
    std::fs::write(instance.runtime().join("components/db/bin/start.sh"), format!("#{}\n{SLEEPER}\n", "x".repeat(70_000))).unwrap();
    zowe(
        &instance,
        concat!(
            "  job: {name: ZWE1SV00, prefix: \"a ${{ 1 + 1 }} b\"}\n",
            "  sysMessages: [ZWEL0004I, 'ZWES1*E']\n  environments: {QUOTED: 'it costs $5', _BPX_SHAREAS: 'NO', PLAIN: x}\n",
            "  early: ${{ typeof zowe.late.x }}\n  late: \"${{ ({x: 1}) }}\"\n  tagged: !!str 42\n  clock: at ${{ Math.random() }}\n",
        ),
    );
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    let (code, differences) = json(&instance, &[]);
    assert_eq!(code, 4, "{differences:#?}");
    assert_eq!(
        kinds(&differences),
        [
            "all-failed",
            "dependency",
            "environments-bytes",
            "environments-protected",
            "ha-instance-case",
            "job-name",
            "long-script",
            "min-uptime",
            "not-installed",
            "plugin-pointer",
            "shared-library-directory",
            "start-running",
            "sys-messages-pattern",
            "tag",
            "template"
        ]
    );
    for (kind, line, property) in [
        ("job-name", "name: ZWE1SV00", "zowe.job.name"),
        ("environments-bytes", "QUOTED: ", "zowe.environments.QUOTED"),
        ("environments-protected", "_BPX_SHAREAS: ", "zowe.environments._BPX_SHAREAS"),
        ("sys-messages-pattern", "'ZWES1*E'", "zowe.sysMessages.1"),
        ("min-uptime", "minUptime: 30", "components.web.launcher.minUptime"),
        ("ha-instance-case", "LPAR1: ", "haInstances.LPAR1"),
    ] {
        let (line, column) = position(&yaml, line);
        let found = of(&differences, kind);
        assert_eq!((&found["line"], &found["column"], &found["property"]), (&line.into(), &column.into(), &property.into()), "{found:#}");
        assert!(found["file"].as_str().unwrap().ends_with("/zowe.yaml") && found["action"].is_string(), "{found:#}");
    }
    // Only where the setting is in force.
    assert_eq!(of(&differences, "min-uptime")["haInstances"], serde_json::json!(["lpar1"]));
    let templates: Vec<&Value> = differences.iter().filter(|difference| difference["kind"] == "template").collect();
    assert_eq!(templates.len(), 2, "what differs from one evaluation to the next is left out: {templates:#?}");
    assert!(
        templates[0]["before"].as_str().unwrap().starts_with("gave 'a 11 b'")
            && templates[0]["now"].as_str().unwrap().starts_with("gives 'a 2 b'")
    );
    assert_eq!(templates[1]["property"], "zowe.early");
    assert!(of(&differences, "dependency")["file"].as_str().unwrap().ends_with("web/manifest.yaml"));
    let text = compare(&instance, &["-i", "lpar2"]).1;
    assert!(text.contains("zowe.yaml:2:9: zowe.job.name\n  ZWELNCH: ran as 'ZWE1SV00'") && text.contains("\n  to do:   "), "{text}");
    assert!(!text.contains("minUptime") && text.ends_with("; HA instances compared: lpar2\n"), "{text}");
}

#[test]
fn what_is_refused_now_is_told_with_what_zwelnch_made_of_it() {
    let instance = Instance::new().component("web", SLEEPER, "port: 7001\nport: 7002\nbig: 99999999999999999999").extra("");
    instance.write_config();
    let (code, differences) = json(&instance, &[]);
    assert_eq!((code, kinds(&differences)), (8, vec!["duplicate-key", "large-integer"]));
    assert_eq!(of(&differences, "duplicate-key")["refused"], true);
    assert!(of(&differences, "duplicate-key")["before"].as_str().unwrap().contains("the last of them"));

    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001")
        .component("db", SLEEPER, "port: 7001")
        .extra("haInstances: {lpar1: {hostname: a.example.com}}\n");
    instance.manifest("db", "dependencies: {components: [{name: nothing}]}\n");
    instance.write_config();
    let (code, differences) = json(&instance, &["-i", "lpar9"]);
    assert_eq!((code, kinds(&differences)), (8, vec!["ha-instance-undefined"]));
    let (code, differences) = json(&instance, &["-i", "lpar1"]);
    let refused: Vec<&str> = differences
        .iter()
        .filter(|difference| difference["refused"] == true)
        .map(|difference| difference["now"].as_str().unwrap())
        .collect();
    assert_eq!((code, refused.len()), (8, 2), "{refused:?}");
    assert!(refused.iter().any(|now| now.contains("7001 is the port of")) && refused.iter().any(|now| now.contains("depends on nothing")));

    zowe(&instance, "  broken: ${{ nothing.there }}\n");
    assert_eq!(kinds(&json(&instance, &[]).1), ["template-fails"]);
    std::fs::write(instance.config(), "{\"zowe\": {}}, \"components\": {}}\n").unwrap();
    let (code, differences) = json(&instance, &[]);
    assert_eq!((code, kinds(&differences)), (8, vec!["rest-of-file"]));
    assert_eq!(of(&differences, "rest-of-file")["before"], "did not read it nor what follows it, silently");
    std::fs::write(instance.config(), "a: [\n").unwrap();
    let (code, text) = compare(&instance, &[]);
    assert!(code == 8 && text.contains("neither launcher starts with it") && text.ends_with("0 differences to ZWELNCH\n"), "{text}");
}

#[test]
fn more_components_than_zwelnch_could_hold() {
    let mut instance = Instance::new();
    for number in 0..130 {
        instance = instance.component(&format!("component{number}"), SLEEPER, "");
    }
    instance.write_config();
    let (_, differences) = json(&instance, &[]);
    assert!(of(&differences, "component-count")["now"].as_str().unwrap().contains("starts all 130"));
    // 1024 bytes hold 91 names of `component0,` to `component90,`: 10 times 11 and 76 times 12 are 1022.
    assert!(of(&differences, "component-list")["before"].as_str().unwrap().contains("component86 under a wrong name"), "{differences:#?}");
    assert!(of(&differences, "schema-count")["now"].as_str().unwrap().contains("130"));
}
