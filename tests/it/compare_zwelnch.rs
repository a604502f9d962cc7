//! `check --compare-zwelnch` with the built binary.

use crate::harness::Instance;
use serde_json::Value;

const SLEEPER: &str = "exec sleep 1000";
/// A manifest that names its start command, as ZWELNCH wanted.
const START: &str = "commands: {start: bin/start.sh}\n";

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

/// Line and column of a text that occurs once in another one.
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
    instance.manifest("web", START);
    zowe(&instance, "  environments: {PLAIN: a-b c}\n  job: {name: ZWE1SV, prefix: \"${{ 'ZWE' + 1 }}\"}\n");
    let (code, text) = compare(&instance, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("0 differences to ZWELNCH; HA instances compared: lpar1; ") && text.lines().count() == 1, "{text}");
    // What concerns all configurations is listed on request, and is not a difference of this one.
    let (code, all) = compare(&instance, &["--all"]);
    assert!(code == 0 && all.contains("every configuration: path-dot\n  ZWELNCH: ") && all.ends_with("compared: lpar1\n"), "{all}");
    assert!(all.contains("every configuration: stop-while-preparing\n"), "{all}");
    assert!(!instance.path("workspace").exists());
}

#[test]
fn each_difference_has_its_place_and_what_to_do() {
    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001\nlauncher: {minUptime: 30}")
        .component("db", SLEEPER, "port: 7002")
        .extra("  absent: {enabled: true}\nhaInstances:\n  LPAR1: {hostname: a.example.com}\n  lpar2: {hostname: b.example.com, components: {web: {launcher: {minUptime: 90}}}}\n");
    instance.manifest(
        "web",
        &format!("{START}dependencies: {{components: [{{name: db}}]}}\ngatewaySharedLibs: [libs]\nappfwPlugins: [{{path: plugin}}]\n"),
    );
    instance.manifest("db", START);
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
            "console-limit",
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
    assert!(!text.contains("minUptime") && text.contains("; HA instances compared: lpar2; "), "{text}");
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
    assert!(code == 8 && text.contains("neither launcher starts with it") && text.contains("\n0 differences to ZWELNCH; "), "{text}");
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

/// A configuration that shows one difference, with what the launcher now makes of it.
struct Case {
    kind: &'static str,
    now: &'static str,
    /// Of component web.
    settings: &'static str,
    manifest: &'static str,
    /// Below zowe.
    zowe: &'static str,
    /// At the end.
    extra: &'static str,
    arguments: &'static [&'static str],
}

const PLAIN: Case = Case { kind: "", now: "", settings: "", manifest: START, zowe: "", extra: "", arguments: &[] };

const CASES: &[Case] = &[
    Case { kind: "ha-instance-case", now: "the overlay is in force", extra: "haInstances: {LPAR1: {hostname: a}}\n", ..PLAIN },
    Case {
        kind: "ha-instance-case",
        now: "differs from 'A' only by case",
        extra: "haInstances: {A: {hostname: a}, a: {hostname: a}}\n",
        ..PLAIN
    },
    Case {
        kind: "ha-instance-undefined",
        now: "does not start",
        extra: "haInstances: {a: {hostname: a}}\n",
        arguments: &["-i", "b"],
        ..PLAIN
    },
    Case {
        kind: "no-overlay",
        now: "ZWEL0916W",
        extra: "haInstances: {nobody: {hostname: a}}\n",
        arguments: &["-i", "__ha_instance_id__"],
        ..PLAIN
    },
    Case { kind: "no-overlay", now: "ZWEL0916W", arguments: &["-i", "lpar1"], ..PLAIN },
    Case { kind: "duplicate-key", now: "is defined twice", settings: "port: 1\nport: 2", ..PLAIN },
    Case { kind: "large-integer", now: "64 bits", settings: "big: 99999999999999999999", ..PLAIN },
    Case { kind: "tag", now: "obeys it", settings: "text: !!str 42", ..PLAIN },
    Case { kind: "template", now: "gives 'a 2 b'", settings: "text: a ${{ 1 + 1 }} b", ..PLAIN },
    Case { kind: "template", now: "gives 'x'", settings: "early: ${{ components.web.late }}\nlate: \"${{ 'x' }}\"", ..PLAIN },
    Case { kind: "template-fails", now: "does not start", settings: "text: ${{ nothing.there }}", ..PLAIN },
    Case { kind: "template-quotes", now: "stands in single quotes", settings: "text: '${{ 1 }}'", ..PLAIN },
    Case { kind: "null", now: "accepts it with a warning", settings: "text:", ..PLAIN },
    Case { kind: "environments-bytes", now: "byte for byte", zowe: "  environments: {A: 'it is $5'}\n", ..PLAIN },
    Case { kind: "environments-protected", now: "keeps", zowe: "  environments: {_BPX_SHAREAS: 'NO'}\n", ..PLAIN },
    Case { kind: "environments-ignored", now: "says so", zowe: "  environments: {A: [1, 2]}\n", ..PLAIN },
    Case { kind: "line-break", now: "one variable", settings: "text: \"a\\nB=1\"", ..PLAIN },
    Case { kind: "sys-messages-pattern", now: "as a pattern", zowe: "  sysMessages: ['ZWES1*E']\n", ..PLAIN },
    Case { kind: "console-limit", now: "10 a second", zowe: "  sysMessages: [ZWEL0004I]\n", ..PLAIN },
    Case { kind: "job-name", now: "ZWEL0913W", zowe: "  job: {name: ZWE1SV00}\n", ..PLAIN },
    Case { kind: "job-suffix", now: "XWEB", settings: "zowe: {job: {suffix: XWEB}}", ..PLAIN },
    Case { kind: "not-installed", now: "ZWEL0915W", extra: "  absent: {enabled: true}\n", ..PLAIN },
    Case { kind: "default-script", now: "starts the component by bin/start.sh", manifest: "", ..PLAIN },
    Case { kind: "command-outside", now: "ZWEL0918E", manifest: "commands: {start: bin/start.sh, validate: ../../evil.sh}\n", ..PLAIN },
    Case {
        kind: "shared-library-directory",
        now: "copies the content",
        manifest: "commands: {start: bin/start.sh}\ngatewaySharedLibs: [bin]\n",
        ..PLAIN
    },
    Case {
        kind: "plugin-pointer",
        now: "the directory of the plug-in",
        manifest: "commands: {start: bin/start.sh}\nappfwPlugins: [{path: .}]\n",
        ..PLAIN
    },
    Case {
        kind: "dependency",
        now: "depends on nothing",
        manifest: "commands: {start: bin/start.sh}\ndependencies: {components: [{name: nothing}]}\n",
        ..PLAIN
    },
    Case { kind: "min-uptime", now: "uses 30 seconds", settings: "launcher: {minUptime: 30}", ..PLAIN },
    Case { kind: "own-setting", now: "reads it", settings: "launcher: {fatalExitCodes: [3]}", ..PLAIN },
    Case { kind: "start-running", now: "starts it again", extra: "  launcher: {startRunning: restart}\n", ..PLAIN },
    Case { kind: "all-failed", now: "condition code 12", extra: "  launcher: {onAllFailed: exit}\n", ..PLAIN },
    Case { kind: "refused", now: "is no port", settings: "port: 70000", ..PLAIN },
    Case {
        kind: "derived-peers",
        now: "a[7600]",
        extra: "  caching-service: {enabled: true, storage: {mode: infinispan}}\nhaInstances: {lpar1: {hostname: a}}\n",
        ..PLAIN
    },
];

#[test]
fn every_difference_is_named_by_a_configuration_that_meets_it() {
    let schema = r#"{"$id": "https://zowe.org/schemas/v2/server-base", "properties": {"components": {"properties": {"web": {"properties": {"text": {"type": "string"}}}}}}}"#;
    for case in CASES {
        let instance = Instance::new().component("web", SLEEPER, case.settings).extra(case.extra);
        instance.manifest("web", case.manifest);
        std::fs::write(instance.runtime().join("evil.sh"), "").unwrap();
        if case.kind == "null" {
            std::fs::create_dir(instance.runtime().join("schemas")).unwrap();
            std::fs::write(instance.runtime().join("schemas/zowe-yaml-schema.json"), schema).unwrap();
        }
        zowe(&instance, case.zowe);
        let (code, differences) = json(&instance, case.arguments);
        // A circle of dependencies and the like are refused, and reported as refused.
        let kind = if case.kind == "dependency" { "refused" } else { case.kind };
        let found: Vec<&Value> = differences.iter().filter(|difference| difference["kind"] == kind).collect();
        assert!(
            found.iter().any(|found| found["now"].as_str().unwrap().contains(case.now)),
            "{} {}: {differences:#?}",
            case.kind,
            case.now
        );
        assert_eq!(code, if differences.iter().any(|difference| difference["refused"] == true) { 8 } else { 4 });
        // The launcher's own choices apply to every configuration that does not revert them; apart from those there is only the one
        // difference.
        let others: Vec<&str> = kinds(&differences).into_iter().filter(|other| !matches!(*other, "start-running" | "all-failed")).collect();
        let alone = matches!(case.kind, "start-running" | "all-failed" | "sys-messages-pattern" | "derived-peers");
        assert!(alone || others == [kind], "{}: {others:?}", case.kind);
    }
}

#[test]
fn the_document_of_migration_names_every_kind() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/migration.md")).unwrap();
    let general = json_of(&["check", "--compare-zwelnch", "--all", "--format", "json"]);
    let general = general["general"].as_array().unwrap();
    assert!(general.len() >= 15);
    let kinds = CASES.iter().map(|case| case.kind).chain(general.iter().map(|general| general["kind"].as_str().unwrap()));
    for kind in kinds.chain(["component-count", "component-list", "schema-count", "long-script", "parmlib-members"]) {
        assert!(page.contains(&format!("`{kind}`")), "{kind} is missing in docs/migration.md");
    }
}

fn json_of(arguments: &[&str]) -> Value {
    let instance = Instance::new().component("web", SLEEPER, "");
    instance.write_config();
    serde_json::from_slice(&instance.launcher(arguments).output().unwrap().stdout).unwrap()
}
