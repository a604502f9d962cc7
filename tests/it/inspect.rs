//! check, config, env and plan with the built binary: what they say, their exit codes, and that they leave nothing behind.

use crate::harness::{Instance, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const SLEEPER: &str = "exec sleep 1000";

struct Answer {
    code: i32,
    out: String,
    err: String,
}

fn ask(instance: &Instance, arguments: &[&str]) -> Answer {
    let output = instance.launcher(arguments).output().unwrap();
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Answer { code: output.status.code().unwrap(), out: string(&output.stdout), err: string(&output.stderr) }
}

/// Everything below a directory.
fn tree(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        }
        found.insert(path);
    }
    found
}

/// Two components on two systems, with nothing wrong.
fn good() -> Instance {
    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001")
        .component("db", SLEEPER, "port: 7002\npassword: hunter2")
        .extra("haInstances:\n  lpar1: {hostname: a.example.com, sysname: LPR1}\n  LPAR2:\n    hostname: b.example.com\n    sysname: LPR2\n    components: {web: {port: 7003}}\n");
    instance.write_config();
    instance
}

/// One fault of every kind that a configuration can have and still load.
fn faulty() -> Instance {
    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001\nlauncher: {restartInterval: [1], shareAs: never}")
        .component("db", SLEEPER, "port: ${{ components.web.port }}")
        .component("far", SLEEPER, "port: 70000")
        .component("circle-a", SLEEPER, "")
        .component("circle-b", SLEEPER, "")
        .component("own", SLEEPER, "password: [hunter2]")
        .extra("  absent: {enabled: true}\n  off: {enabled: false}\nhaInstances:\n  lpar1: {sysname: SYS1}\n  lpar2:\n    sysname: sys1\n    components:\n      web: {port: 7100}\n      db: {port: 7002}\n");
    instance.manifest("web", "dependencies:\n  components:\n  - name: dbb\n  - name: off\n  - {name: db, versionRange: newest}\n  - {name: far, versionRange: ^2.0.0}\n");
    instance.manifest("far", "version: 1.2.3\n");
    instance.manifest("circle-a", "dependencies: {components: [{name: circle-b}]}\n");
    instance.manifest("circle-b", "dependencies: {components: [{name: circle-a}]}\n");
    instance.manifest("db", "commands: {start: bin/none.sh}\n");
    instance.manifest("off", "");
    let schema = r#"{"$id": "own", "type": "object", "properties": {"components": {"properties": {"own": {"properties": {"password": {"type": "string"}}}}}}}"#;
    std::fs::write(instance.runtime().join("components/own/schema.json"), schema).unwrap();
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    let zowe = "zowe:\n  logDirectory: /proc/version/logs\n  extensionDirectory: /no/extensions\n  job: {name: ZWE1SV00}\n  launchScript: {logLevl: info}\n  externalPort: 0\n";
    std::fs::write(instance.config(), yaml.replace("zowe:\n", zowe)).unwrap();
    instance
}

/// What must be reported for [`faulty`]: level and text, and where.
const FAULTS: &[(&str, &str)] = &[
    ("ERROR", "zowe.yaml:2:3: zowe.logDirectory: '/proc/version/logs' does not exist and cannot be made: /proc/version is no directory"),
    ("WARNING", "zowe.yaml:3:3: zowe.extensionDirectory: '/no/extensions' does not exist"),
    ("WARNING", "zowe.yaml:4:9: zowe.job.name: 'ZWE1SV00' has 8 characters"),
    ("WARNING", "zowe.yaml:5:18: zowe.launchScript.logLevl: nothing reads this setting ('info'); did you mean logLevel?"),
    ("ERROR", "zowe.yaml:6:3: zowe.externalPort: 0 is no port; a number from 1 to 65535 is expected"),
    ("WARNING", "components.web.launcher.restartInterval: nothing reads this setting (a list); did you mean restartIntervals?"),
    ("WARNING", "components.web.launcher.shareAs: 'never' is ignored; one of no, yes, must is expected"),
    ("ERROR", "components.far.port: 70000 is no port; a number from 1 to 65535 is expected"),
    ("ERROR", "web/manifest.yaml:6:5: component web depends on dbb, which is not known; did you mean db?"),
    ("ERROR", "web/manifest.yaml:7:5: component web depends on off, which is not enabled"),
    ("WARNING", "web/manifest.yaml:8:16: component web depends on db: versionRange 'newest' is not checked"),
    ("WARNING", "web/manifest.yaml:9:17: component web depends on far ^2.0.0, but version 1.2.3 is installed"),
    ("ERROR", "components depend on each other in a circle: circle-a -> circle-b -> circle-a"),
    ("ERROR", "components.own.password: ******** is not of type null or string"),
];

#[test]
fn a_good_configuration_has_no_problems() {
    let instance = good();
    let before = tree(instance.directory.path());
    let answer = ask(&instance, &["check"]);
    assert_eq!((answer.code, answer.out.as_str()), (0, "0 errors, 0 warnings; HA instances checked: lpar1, lpar2\n"), "{}", answer.err);
    assert_eq!(ask(&instance, &["check", "-i", "LPAR2"]).out, "0 errors, 0 warnings; HA instances checked: lpar2\n");
    assert_eq!(tree(instance.directory.path()), before);
}

#[test]
fn everything_wrong_stands_in_one_report() {
    let instance = faulty();
    let before = tree(instance.directory.path());
    let answer = ask(&instance, &["check", "-i", "lpar1"]);
    assert_eq!(answer.code, 8);
    let line_with = |needle: &str| {
        let found = answer.out.lines().find(|line| line.contains(needle));
        found.unwrap_or_else(|| panic!("{needle:?} is missing in\n{}", answer.out)).to_string()
    };
    for (level, needle) in FAULTS {
        assert!(line_with(needle).starts_with(&format!("{level} /")), "{level} {needle}\n{}", answer.out);
    }
    // Both places of a duplicate, though one of them is a template.
    let duplicate = line_with("components.db.port: 7001 is the port of components.web.port too");
    assert_eq!(duplicate.matches("zowe.yaml:").count(), 2, "{duplicate}");
    assert!(line_with("component absent is not installed").starts_with("WARNING "));
    assert!(line_with("db has commands.start defined but the file is missing").starts_with("ERROR "));
    assert!(!answer.out.contains("hunter2"), "{}", answer.out);
    assert_eq!(tree(instance.directory.path()), before);
}

#[test]
fn the_launcher_says_all_of_it_at_once() {
    let instance = faulty();
    let output = instance.launcher(&["lpar1"]).output().unwrap();
    let out = text(&output);
    assert_eq!(output.status.code(), Some(8), "{out}");
    let after = out.split_once("ZWEL0070E Configuration has validity exceptions:").unwrap_or_else(|| panic!("{out}")).1;
    for (level, needle) in FAULTS {
        match *level {
            _ if needle.contains("logDirectory") => assert!(out.contains("ZWEL0062E failed to create dir '/proc/version/logs'"), "{out}"),
            "ERROR" => assert!(after.lines().any(|line| line.starts_with("  /") && line.contains(needle)), "{needle}\n{out}"),
            _ => assert!(out.lines().any(|line| line.contains("ZWEL0916W") && line.contains(needle)), "{needle}\n{out}"),
        }
    }
    assert!(out.contains("ZWEL0915W component absent is enabled but not installed"), "{out}");
    assert!(out.contains("ZWEL0172E Component db has commands.start defined but the file is missing."), "{out}");
    assert!(!out.contains("ZWEL0069I") && !out.contains("hunter2") && !instance.path("workspace").exists(), "{out}");
}

#[test]
fn ha_instances_of_one_system_share_its_ports() {
    let instance = Instance::new().component("web", SLEEPER, "port: 7001").component("db", SLEEPER, "port: 7002").extra(
        "haInstances:\n  a: {sysname: SYS1}\n  b: {sysname: sys1, components: {web: {port: 7002}, db: {enabled: false}}}\n  c: {sysname: SYS3}\n",
    );
    instance.write_config();
    let answer = ask(&instance, &["check"]);
    assert_eq!(answer.code, 8, "{}", answer.out);
    let line = answer.out.lines().find(|line| line.contains("components.db.port: 7002")).unwrap();
    assert!(line.contains("is the port of components.web.port of HA instance b too") && line.ends_with("[HA instance a, b]"), "{line}");
    let own = ask(&instance, &["check", "-i", "b"]).out;
    assert!(own.contains("components.web.port: 7002 is the port of components.db.port of HA instance a too"), "{own}");
    // They may if each has its own network address, or if the user allows it.
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), yaml.replace("zowe:\n", "zowe:\n  launchScript: {startupChecks: {ports: warn}}\n")).unwrap();
    assert_eq!(ask(&instance, &["check"]).code, 4);
    let addresses = yaml
        .replace("a: {sysname: SYS1}", "a: {sysname: SYS1, zowe: {network: {server: {listenAddresses: [10.0.0.1]}}}}")
        .replace("b: {sysname: sys1,", "b: {sysname: sys1, zowe: {network: {server: {listenAddresses: [10.0.0.2]}}},");
    std::fs::write(instance.config(), addresses).unwrap();
    let answer = ask(&instance, &["check"]);
    assert_eq!(answer.code, 0, "{}", answer.out);
}

#[test]
fn faults_that_keep_it_from_loading_are_told_together() {
    let instance = good();
    std::fs::create_dir_all(instance.runtime().join("files")).unwrap();
    std::fs::write(instance.runtime().join("files/defaults.yaml"), "x: 1\nx: 2\n").unwrap();
    std::fs::write(instance.path("site.yaml"), "a: 1\nb: [\n").unwrap();
    let config = format!("FILE({}):FILE({})", instance.path("site.yaml").display(), instance.config().display());
    let answer = ask(&instance, &["check", "-c", &config]);
    assert_eq!(answer.code, 8);
    for needle in ["site.yaml:3:1: YAML syntax", "files/defaults.yaml:2:1: the key 'x' is defined twice"] {
        assert!(answer.out.contains(needle), "{needle} in {}", answer.out);
    }
    std::fs::remove_file(instance.runtime().join("files/defaults.yaml")).unwrap();
    std::fs::write(instance.path("site.yaml"), "a: ${{ nothing.there }}\nb: ${{ 1 + }}\n").unwrap();
    let answer = ask(&instance, &["check", "-c", &config]);
    for needle in ["site.yaml:1:4: a: the template", "site.yaml:2:4: b: the template"] {
        assert!(answer.out.contains(needle), "{needle} in {}", answer.out);
    }
    let answer = ask(&instance, &["check", "-i", "lpar3"]);
    assert!(
        answer.out.contains("ERROR ZWEL0911E HA instance lpar3 is not defined in haInstances, defined: lpar1, LPAR2; did you mean lpar1?"),
        "{}",
        answer.out
    );
}

#[test]
fn the_report_for_tools_is_json() {
    let answer = ask(&faulty(), &["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((answer.code, &report["exitCode"]), (8, &Value::from(8)));
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(report["errors"].as_u64().unwrap() + report["warnings"].as_u64().unwrap(), problems.len() as u64);
    let port = problems.iter().find(|problem| problem["property"] == "zowe.externalPort").unwrap();
    assert_eq!((&port["severity"], &port["line"], &port["column"]), (&"error".into(), &6.into(), &3.into()));
    assert_eq!(port["haInstances"], serde_json::json!(["lpar1", "lpar2"]));
    assert!(port["file"].as_str().unwrap().ends_with("/zowe.yaml"));
}

#[test]
fn config_shows_the_document_and_nothing_else() {
    let instance = good();
    let before = tree(instance.directory.path());
    let port = |arguments: &[&str]| {
        let answer = ask(&instance, &[&["config", "--path", "components.web.port"], arguments].concat());
        assert_eq!((answer.code, answer.err.as_str()), (0, ""));
        answer.out
    };
    assert_eq!((port(&[]), port(&["-i", "lpar2"])), ("7001\n".into(), "7003\n".into()));
    let origin = ask(&instance, &["config", "-i", "lpar2", "--origin", "--path", "components"]).out;
    assert!(origin.contains("\"components.web.port\": 7003 # ") && origin.contains("zowe.yaml:19:24\n"), "{origin}");
    assert!(origin.contains("\"components.db.password\": \"********\" # "), "{origin}");
    let whole: Value = serde_json::from_str(&ask(&instance, &["config", "--format", "json"]).out).unwrap();
    assert_eq!((&whole["components"]["db"]["password"], &whole["components"]["web"]["port"]), (&"********".into(), &7001.into()));
    assert!(ask(&instance, &["config", "--show-secrets"]).out.contains("password: hunter2"));
    let unknown = ask(&instance, &["config", "--path", "components.wep.port"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (8, ""));
    assert!(unknown.err.contains("did you mean components.web?"), "{}", unknown.err);
    assert_eq!(tree(instance.directory.path()), before);
}

/// A component that is configured without a port still listens at the port of its manifest.
#[test]
fn ports_of_the_manifest_count_like_configured_ones() {
    let manifest = "commands: {start: bin/start.sh}\nconfigs: {port: 7099, deep: {adminPort: 99999}}\n";
    let instance = Instance::new().component("one", "exec sleep 1000", "").component("two", "exec sleep 1000", "port: 7099");
    instance.manifest("one", manifest);
    instance.write_config();
    let report = ask(&instance, &["check"]).out;
    let file = instance.component_directory("one").join("manifest.yaml").display().to_string();
    assert!(report.contains(&format!("components.two.port: 7099 is the port of components.one.port too ({file}:5:11)")), "{report}");
    assert!(report.contains("components.one.deep.adminPort: 99999 is no port"), "{report}");
    let origin = ask(&instance, &["config", "--origin", "--path", "components.one"]).out;
    assert!(origin.contains(&format!("\"components.one.port\": 7099 # {file} (default of the manifest)\n")), "{origin}");
    assert_eq!(ask(&instance, &["config", "--origin", "--path", "components.one.port"]).out.lines().count(), 1);
    let other = ask(&instance, &["config", "--origin", "--path", "components.two"]).out;
    assert!(other.contains("components.two.port") && !other.contains("manifest"), "{other}");
    let json: Value = serde_json::from_str(&ask(&instance, &["config", "--origin", "--format", "json"]).out).unwrap();
    let of = |path: &str| json.as_array().unwrap().iter().find(|leaf| leaf["path"] == path).unwrap()["manifestDefault"].clone();
    assert_eq!((of("components.one.port"), of("components.two.port")), (true.into(), false.into()));
    assert!(ask(&instance, &["plan"]).out.contains("port: 7099 (components.one.port)"));
    // The start-up check tells which program has the port.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    instance.manifest("one", &manifest.replace("7099", &port.to_string()));
    let report = ask(&instance, &["check", "--startup"]).out;
    assert!(report.contains(&format!("components.one.port: {port}")) || report.contains(&format!("port {port}")), "{report}");
    instance.manifest("one", &manifest.replace("7099", "7098"));
    let mut running = instance.up();
    let detail = instance.modify("DISP,DETAIL(one)");
    assert!(detail.contains("7098"), "{detail}");
    running.signal(nix::sys::signal::Signal::SIGTERM);
    running.wait_end();
}

#[test]
fn env_shows_variables_or_what_differs() {
    let instance = good();
    let web = ask(&instance, &["env", "-i", "lpar1", "web"]).out;
    assert!(web.contains("\nZWE_configs_port=7001\n") && web.contains("\nZWE_components_db_password=********\n"), "{web}");
    let difference = ask(&instance, &["env", "-i", "lpar1", "web", "--diff", "lpar2"]).out;
    let lines: Vec<&str> = difference.lines().collect();
    for line in ["-ZWE_configs_port=7001", "+ZWE_configs_port=7003", "-ZWE_haInstance_id=lpar1", "+ZWE_haInstance_id=lpar2"] {
        assert!(lines.contains(&line), "{line} in {difference}");
    }
    assert!(!difference.contains("ZWE_components_db_port") && !instance.path("workspace").exists(), "{difference}");
    assert_eq!(ask(&instance, &["env", "-i", "lpar1", "--diff", "lpar9"]).code, 8);
}

#[test]
fn what_plan_says_will_be_written_is_what_a_start_writes() {
    let instance = good();
    instance.script("web", "configure", "export A=1");
    instance.manifest("web", "configs: {x: 1}\napimlServices: {static: [{file: api.yml}]}\ngatewaySharedLibs: [libs]\n");
    let web = instance.runtime().join("components/web");
    std::fs::write(web.join("api.yml"), "services: []\n").unwrap();
    std::fs::create_dir(web.join("libs")).unwrap();
    std::fs::write(web.join("libs/a.jar"), "").unwrap();
    std::fs::create_dir(web.join("libs/deeper")).unwrap();
    std::fs::write(web.join("libs/deeper/b.jar"), "").unwrap();
    instance.write_config();
    let plan = ask(&instance, &["plan", "-i", "lpar1"]).out;
    assert!(!instance.path("workspace").exists());
    let (head, files) = plan.split_once("\nFiles and directories that are written").unwrap();
    for needle in [
        "  web: restart after 1 1 1 5 5",
        "  configure web: ",
        "  zowe.job.name: ZWE1SV (default)",
        "  zowe.configmgr.validation: \"COMPONENT-COMPAT\" (",
    ] {
        assert!(head.contains(needle), "{needle} in {head}");
    }
    let planned: BTreeSet<PathBuf> = files.lines().skip(1).map(|line| PathBuf::from(line.trim())).collect();
    let mut running = instance.up();
    let mut written = tree(&instance.path("workspace"));
    let directories: BTreeSet<PathBuf> = written.iter().filter(|path| path.is_dir()).cloned().collect();
    written.retain(|path| path.is_file());
    for path in &written {
        assert!(planned.contains(path), "{} is not in {files}", path.display());
    }
    for path in planned.iter().filter(|path| !path.to_string_lossy().ends_with('/')) {
        assert!(written.contains(path), "{} was not written: {written:#?}", path.display());
    }
    for path in planned.iter().filter(|path| path.to_string_lossy().ends_with('/') && path.starts_with(instance.path("workspace/"))) {
        let path: PathBuf = path.components().collect();
        assert!(path == instance.path("workspace") || directories.contains(&path), "{} was not made: {directories:#?}", path.display());
    }
    assert!(
        planned.contains(&instance.path("workspace/gateway/sharedLibs/web/libs/a.jar"))
            || planned.contains(&instance.path("workspace/gateway/sharedLibs/web/a.jar")),
        "{files}"
    );
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn plan_says_what_check_says_and_what_a_component_is_like() {
    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001\nlauncher: {dependsOn: [nobody]}\nenabeld: true")
        .component("gateway", SLEEPER, "port: 7002\nlauncher: {readiness: {https: {path: /up}}, liveness: {tcp: 7003}}")
        .extra("haInstances:\n  lpar1: {hostname: a.example.com, sysname: LPR1}\n");
    instance.write_config();
    let (check, plan) = (ask(&instance, &["check", "-i", "lpar1"]), ask(&instance, &["plan", "-i", "lpar1"]));
    assert_eq!((check.code, plan.code), (8, 8), "{}", plan.out);
    assert!(check.out.contains("depends on nobody") && check.out.contains("did you mean enabled?"), "{}", check.out);
    for line in check.out.lines() {
        assert!(plan.out.contains(&format!("  {line}\n")), "{line} is missing in {}", plan.out);
    }
    for needle in [
        "With errors nothing is started.",
        "    port: 7001 (components.web.port)\n",
        "    job name: ZWE1AG\n",
        "    ready: when GET https://a.example.com:7002/up gives 200 to 399, asked every 5 s\n",
        "    alive: when localhost:7003 accepts a connection, asked every 5 s\n",
        "    ready: when it runs\n",
    ] {
        assert!(plan.out.contains(needle), "{needle} is missing in {}", plan.out);
    }
    let good = ask(&good(), &["plan", "-i", "lpar1"]);
    assert!(good.code == 0 && good.out.contains("  0 errors, 0 warnings"), "{}", good.out);
}

#[test]
fn commands_use_the_launchers_messages() {
    let instance = good();
    for (arguments, expected) in [
        (
            vec!["config", "-i", "lpar3"],
            "ZWEL0911E HA instance lpar3 is not defined in haInstances, defined: lpar1, LPAR2; did you mean lpar1?",
        ),
        (vec!["env", "-i", "lpar3"], "ZWEL0911E "),
        (vec!["plan", "-i", "lpar3"], "ZWEL0911E "),
        (vec!["env", "-i", "lpar1", "--diff", "lpar3"], "ZWEL0911E "),
        (vec!["check", "-c", "PARMLIB(A.B)"], "ZWEL0068E PARMLIB() entries must have a member name"),
        (vec!["plan", "-c", "PARMLIB(A.B())"], "ZWEL0068E "),
        (vec!["start", "-i", "lpar3", "--print"], "ZWEL0911E HA instance lpar3 "),
        (vec!["stop", "-i", "lpar3", "--print"], "ZWEL0911E HA instance lpar3 "),
        (vec!["start", "-c", "PARMLIB(A.B)"], "ZWEL0068E "),
        (vec!["ha", "status", "-c", "PARMLIB(A.B)"], "ZWEL0068E "),
        (vec!["ha", "haproxy", "-c", "/no/such/zowe.yaml"], "ZWEL0048E "),
        (vec!["config", "-c", "FIEL(/x)"], "did you mean FILE(/path)?"),
        (vec!["config", "-c", "/no/such/zowe.yaml"], "ZWEL0048E failed to open zowe.yaml - /no/such/zowe.yaml: No such file"),
        (vec!["env", "-i", "lpar1", "wbe"], "component wbe is not installed or cannot be used; did you mean web?"),
    ] {
        let answer = ask(&instance, &arguments);
        assert!(answer.code == 8 && answer.err.contains(expected), "{arguments:?}: {} {}", answer.err, answer.out);
        assert!(!answer.err.contains("ZWEL0930E") || arguments.contains(&"wbe"), "{arguments:?}: {}", answer.err);
    }
    let directory = instance.directory.path().display().to_string();
    let answer = ask(&instance, &["check", "-c", &directory]);
    assert!(
        answer.out.contains(&format!(
            "{directory}: cannot be read: it is a directory, and a file is expected; did you mean {directory}/zowe.yaml?"
        )),
        "{}",
        answer.out
    );
    std::fs::write(instance.config(), "a: ${{ nothing.there }}\n").unwrap();
    assert!(ask(&instance, &["config"]).err.contains("ZWEL0045E error converting zowe.yaml file - "));
}

#[test]
fn slips_of_the_pen_are_said_and_stop_nothing() {
    let instance = Instance::new()
        .component("web", SLEEPER, "port: 7001\nenabeld: true")
        .extra("  wbe: {enabled: true}\nhaInstances:\n  lpar1: {hostname: a, sysname: S}\njava: {hoome: /x}\ncomponents.web.port: 1\n");
    instance.manifest("web", "comands: {validate: x}\nreadyness: x\napimlService: {}\n");
    instance.write_config();
    let answer = ask(&instance, &["check"]);
    for needle in [
        "components.web.enabeld: no schema and no component knows this key; did you mean enabled?",
        "java.hoome: nothing is known to read this key; did you mean home?",
        "components.web.port: nothing is known to read this key; dots in a key do not nest it: write port below components.web",
        "comands: nothing reads this key of a manifest; did you mean commands?",
        "readyness: nothing reads this key of a manifest; did you mean readiness?",
        "apimlService: nothing reads this key of a manifest; did you mean apimlServices?",
        "component wbe is not installed; searched: ",
    ] {
        assert!(answer.out.lines().any(|line| line.starts_with("WARNING ") && line.contains(needle)), "{needle} in {}", answer.out);
    }
    assert_eq!(answer.code, 4, "{}", answer.out);
    // `web` is configured: it is not what `wbe` was meant to be.
    assert!(!answer.out.contains("did you mean web?"), "{}", answer.out);
    let running = instance.up();
    assert!(running.all().contains("ZWEL0916W") && running.all().contains("did you mean enabled?"), "{}", running.all());
}

#[test]
fn a_shared_port_is_one_error_whatever_the_number_of_instances() {
    let many = |count: usize| {
        let ids: String = (0..count).map(|number| format!("  l{number}: {{hostname: h{number}, sysname: S}}\n")).collect();
        let instance = Instance::new()
            .component("web", SLEEPER, "port: 7001")
            .component("db", SLEEPER, "port: 7002")
            .extra(&format!("haInstances:\n{ids}"));
        instance.write_config();
        ask(&instance, &["check"])
    };
    let answer = many(5);
    assert_eq!(answer.out.lines().filter(|line| line.starts_with("ERROR ")).count(), 2, "{}", answer.out);
    assert!(
        answer.out.contains("components.web.port: 7001 is the port of this component in HA instances l0, l1, l2, l3, l4, which"),
        "{}",
        answer.out
    );
    // Each message names the first few, and how many more there are.
    let answer = many(150);
    assert_eq!((answer.code, answer.out.lines().count()), (8, 3), "{}", answer.out);
    assert!(answer.out.contains(" l7 and 142 more, which") && answer.out.len() < 1000, "{}", answer.out.len());
}

#[test]
fn a_document_that_was_not_written_is_no_success_and_a_reader_that_has_gone_is_no_error() {
    let instance = good();
    let mut running = instance.up();
    let console = ["console", "F ZWESLSTC,APPL=DISP"];
    let commands: &[&[&str]] = &[
        &["config"],
        &["config", "--format", "json"],
        &["config", "--path", "zowe.runtimeDirectory"],
        &["env", "-i", "lpar1", "web"],
        &["plan", "-i", "lpar1"],
        &["check"],
        &["check", "--format", "json"],
        &["check", "--compare-zwelnch"],
        &["jcl", "ZWESLSTC"],
        &["jcl", "--list"],
        &["generate", "man"],
        &["generate", "completion", "bash"],
        &["status"],
        &["status", "--format", "json"],
        &console,
        &["--help"],
        &["--version"],
        &["help", "check"],
    ];
    for arguments in commands {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = instance.launcher(arguments).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(8), "{arguments:?} {said}");
        assert!(said.contains("ZWEL0930E") && said.contains("standard output cannot be written") && said.contains("No space"), "{said}");
        let whole = ask(&instance, arguments);
        let (reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
        drop(reader);
        let output = instance.launcher(arguments).stdout(std::os::fd::OwnedFd::from(writer)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.as_ref()), (Some(whole.code), whole.err.as_str()), "{arguments:?}");
    }
    // What is typed at a console in a pipe.
    use std::io::Write;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut console = instance.launcher(&["console"]);
    let mut console = console.stdin(std::process::Stdio::piped()).stdout(full).stderr(std::process::Stdio::piped()).spawn().unwrap();
    console.stdin.take().unwrap().write_all(b"F ZWESLSTC,APPL=DISP\n").unwrap();
    let output = console.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}
