//! `zwelnch component test` and `zwelnch component conform`.

use crate::harness::{Running, none_left, not_here, settled_program, skip, text};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory for components, and one in which throw-away instances are made.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        // Sockets have short names.
        let directory = tempfile::Builder::new().prefix("zkt-").tempdir_in("/tmp").unwrap();
        fs::create_dir(directory.path().join("t")).unwrap();
        Place { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = settled_program();
        command.current_dir(self.directory.path()).args(arguments).stdin(Stdio::null());
        command.env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").env("TMPDIR", self.path("t"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn component(&self, name: &str, manifest: &str, scripts: &[(&str, &str)]) {
        let directory = self.path(name);
        fs::create_dir_all(directory.join("bin")).unwrap();
        fs::write(directory.join("manifest.yaml"), format!("name: {name}\nid: org.test.{name}\n{manifest}")).unwrap();
        for (script, text) in scripts {
            fs::write(directory.join(format!("bin/{script}.sh")), text).unwrap();
        }
    }

    /// The outcome and what was seen, by case; and the exit code.
    fn outcomes(&self, arguments: &[&str]) -> (BTreeMap<String, (String, String)>, Option<i32>) {
        let output = self.run(&[&["component", "test", "--format", "json"], arguments].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
        let case = |case: &Value| {
            let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
            (text("name"), (text("outcome"), text("seen")))
        };
        (report["cases"].as_array().unwrap().iter().map(case).collect(), output.status.code())
    }

    /// Nothing is left of what was tested.
    fn is_clean(&self) {
        assert!(none_left(&self.path("t")), "processes are left");
        let left: Vec<_> = fs::read_dir(self.path("t")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Names of the cases that have failed.
fn failed(outcomes: &BTreeMap<String, (String, String)>) -> Vec<&str> {
    outcomes.iter().filter(|(_, (outcome, _))| outcome == "failed").map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_new_component_passes_and_its_report_is_read_by_others() {
    let place = Place::new();
    assert!(place.run(&["component", "new", "mine"]).status.success());
    let output = place.run(&["component", "test", "mine", "--junit", "report.xml"]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for name in [
        "check",
        "validate",
        "configure",
        "start",
        "ready",
        "endpoint",
        "restart",
        "kill",
        "two-instances",
        "failing-validate",
        "stop",
        "writes",
        "odd-names",
    ] {
        assert!(shown.lines().any(|line| line.starts_with(&format!("passed   {name} "))), "{name}\n{shown}");
    }
    place.is_clean();
    let xml = fs::read_to_string(place.path("report.xml")).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("testcase")).count(), 15, "{xml}");
    let python = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/schema-validators/venv/bin/python"));
    let is_there = python.is_file() && Command::new(python).args(["-c", "import junitparser"]).output().unwrap().status.success();
    if !is_there {
        return skip("Python's junitparser is not installed below target/schema-validators (.ci/run)");
    }
    let script = "import sys, junitparser\nall = junitparser.JUnitXml.fromfile(sys.argv[1])\nfor suite in all:\n    print(suite.tests, suite.failures, suite.errors, sum(case.is_passed for case in suite))";
    let read = Command::new(python).args(["-c", script]).arg(place.path("report.xml")).output().unwrap();
    let skipped = document.descendants().filter(|node| node.has_tag_name("skipped")).count();
    assert_eq!(text(&read).trim(), format!("15 0 0 {}", 15 - skipped));
}

#[test]
fn what_is_wrong_fails_the_case_that_is_about_it() {
    let place = Place::new();
    // It writes where it must not, has one lock for all HA instances, which a kill leaves, and does not quote.
    let start = "echo x > seen.txt\nlock=\"$ZWE_zowe_workspaceDirectory/lock\"\nmkdir \"$lock\" || exit 7\ntrap 'rmdir \"$lock\"; exit 0' TERM\nwhile :; do sleep 0.1; done\n";
    place.component("greedy", "", &[("start", start), ("configure", "[ -d $ZWE_zowe_workspaceDirectory ] || exit 8\n")]);
    let (outcomes, code) = place.outcomes(&["greedy", "--timeout", "5s"]);
    assert_eq!(code, Some(8));
    for name in ["kill", "two-instances", "writes", "odd-names"] {
        assert!(failed(&outcomes).contains(&name), "{name}: {outcomes:#?}");
    }
    for name in ["check", "validate", "configure", "start", "ready", "restart"] {
        assert_eq!(outcomes[name].0, "passed", "{name}: {outcomes:#?}");
    }
    assert_eq!(outcomes["endpoint"], ("skipped".into(), "it has no port and no static definition".into()));
    assert!(outcomes["writes"].1.contains("seen.txt (made)"), "{:?}", outcomes["writes"]);
    assert!(outcomes["kill"].1.contains("exit code 7"), "{:?}", outcomes["kill"]);
    assert_eq!(fs::read_dir(place.path("greedy")).unwrap().count(), 2, "a copy was tested");

    // It does not listen, and does not end when it is told to; its own zowe.yaml makes the grace time short.
    place.component("deaf", "configs: {port: 17554}\n", &[("start", "trap '' TERM\nwhile :; do sleep 0.1; done\n")]);
    fs::write(place.path("deaf.yaml"), "components:\n  deaf:\n    launcher: {stop: {graceSeconds: 1}}\n  other:\n    enabled: true\n")
        .unwrap();
    let (outcomes, code) = place.outcomes(&["deaf", "--timeout", "2s", "-c", "deaf.yaml"]);
    assert_eq!(code, Some(8));
    assert!(outcomes["stop"].1.contains("was killed when the grace time was over"), "{outcomes:#?}");
    assert!(outcomes["endpoint"].1.contains("is not answered"), "{outcomes:#?}");
    assert_eq!(outcomes["writes"].0, "passed", "{outcomes:#?}");

    // It refuses, and says why.
    place.component("strict", "", &[("start", "sleep 1000\n"), ("validate", "echo 'STRICT1E no licence'\nexit 9\n")]);
    let (outcomes, _) = place.outcomes(&["strict"]);
    assert_eq!(failed(&outcomes), ["validate"], "{outcomes:#?}");
    assert!(outcomes["validate"].1.contains("exit code 9") && outcomes["validate"].1.contains("STRICT1E no licence"), "{outcomes:#?}");

    // It is no component at all, and one that does not fit together.
    let output = place.run(&["component", "test", "t"]);
    assert_eq!(output.status.code(), Some(8));
    assert!(text(&output).contains("has no manifest.yaml"), "{}", text(&output));
    place.component("broken", "commands: {start: bin/none.sh}\n", &[]);
    let (outcomes, _) = place.outcomes(&["broken"]);
    assert_eq!(failed(&outcomes), ["check"], "{outcomes:#?}");
    assert!(outcomes["check"].1.contains("bin/none.sh"), "{outcomes:#?}");
    place.is_clean();
}

#[test]
fn a_library_is_configured_and_nothing_else() {
    let place = Place::new();
    place.component("shelf", "gatewaySharedLibs: [lib]\n", &[]);
    fs::create_dir(place.path("shelf/lib")).unwrap();
    fs::write(place.path("shelf/lib/a.jar"), "x").unwrap();
    let (outcomes, code) = place.outcomes(&["shelf", "--timeout", "5s"]);
    assert_eq!(code, Some(0), "{outcomes:#?}");
    assert_eq!(outcomes["start"], ("skipped".into(), "it has no start command".into()));
    for name in ["check", "validate", "configure", "stop", "writes"] {
        assert_eq!(outcomes[name].0, "passed", "{name}: {outcomes:#?}");
    }
    place.is_clean();
}

#[test]
fn ctrl_c_leaves_nothing() {
    if !Path::new("/proc/self/environ").exists() {
        return not_here("the system does not tell the environment of processes");
    }
    let place = Place::new();
    place.component("slow", "readiness: it never says this\n", &[("start", "sleep 1000\n")]);
    let mut running = Running::spawn(place.command(&["component", "test", "slow"]), &place.path("t"));
    running.wait_for("passed   start");
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait_end(), 8, "{}", running.all());
    assert!(running.all().contains("it was interrupted"), "{}", running.all());
    place.is_clean();
}

#[test]
fn the_files_for_ci_test_a_component() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samplib/ci");
    let read = |name: &str| -> Value { serde_yaml::from_str(&fs::read_to_string(samples.join(name)).unwrap()).unwrap() };
    let steps = read("github-actions.yml")["jobs"]["test"]["steps"].as_array().unwrap().clone();
    let of_github = steps.iter().find(|step| step["name"] == "Test the component").unwrap()["run"].as_str().unwrap().to_owned();
    let of_gitlab = read("gitlab-ci.yml")["component"]["script"][0].as_str().unwrap().to_owned();
    for script in [of_github, of_gitlab] {
        let place = Place::new();
        assert!(place.run(&["component", "new", "mine"]).status.success());
        // As the runner does: in the directory of the repository, with the program in PATH.
        let program = settled_program();
        std::os::unix::fs::symlink(program.get_program(), place.path("zwelnch")).unwrap();
        let path = format!("{}:{}", place.directory.path().display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["-e", "-c", &script]).current_dir(place.path("mine")).env("PATH", path).env("TMPDIR", place.path("t"));
        let output = command.env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert!(fs::read_to_string(place.path("mine/report.xml")).unwrap().contains("failures=\"0\""));
        place.is_clean();
    }
}

/// The verdict and what was seen, by subject and item; and the exit code.
fn conformance(place: &Place, arguments: &[&str]) -> (BTreeMap<String, (String, String)>, Option<i32>) {
    let output = place.run(&[&["component", "conform", "--format", "json"], arguments].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
    let one = |one: &Value| {
        let text = |key: &str| one[key].as_str().unwrap().to_owned();
        (format!("{} {}", text("subject"), text("item")), (text("verdict"), text("seen")))
    };
    (report["criteria"].as_array().unwrap().iter().map(one).collect(), output.status.code())
}

#[test]
fn components_of_zowe_are_judged_as_they_are() {
    let zowe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe/components");
    if !zowe.is_dir() {
        return not_here("the components of Zowe are not beside this checkout (../shared/zowe/components)");
    }
    let place = Place::new();
    // Each looked up in the files by hand.
    for (name, code, expected) in [
        (
            "zss",
            8,
            &[
                ("service 1, 2, 9", "met", "zss"),
                ("service 4", "not met", "apiml-static-reg.yaml.template: serviceId zss is no variable"),
                ("service 5", "met", "zss"),
                ("service 6", "met", "zowe.zss"),
                ("service 7, 8", "met", "zss: api/v1"),
                ("service 25", "met", "zss: zoweJwt"),
                ("service 28, 29", "does not apply", "no route"),
                ("component 36", "met", "3.0.0"),
                ("component 39", "not met", "placeholders"),
                ("component https", "met", "zss: https"),
                ("component 30", "not run", "--run"),
            ][..],
        ),
        (
            "app-server",
            4,
            &[
                ("service 1, 2, 9", "met", "zlux"),
                ("service 7, 8", "by hand", "no static definition"),
                ("component 36", "not met", "{{build.version}}"),
            ],
        ),
        (
            "discovery",
            8,
            &[
                ("service 4", "not met", "serviceId ibmzosmf is no variable"),
                ("service 7, 8", "by hand", "is no YAML before its own commands have changed it"),
            ],
        ),
        (
            "explorer-ip",
            8,
            &[
                ("plug-in 1", "met", "org.zowe.explorer-ip"),
                ("plug-in 3", "not met", "no directory web"),
                ("plug-in 34", "not met", "doc/swagger"),
                ("plug-in 48, 49", "not met", "neither"),
                ("component ready", "does not apply", "no start command"),
            ],
        ),
        ("explorer-jes", 8, &[("plug-in 34", "does not apply", "no plug-in has REST services")]),
        ("apiml-sample-extension", 4, &[("component 37", "met", "EPL-2.0"), ("component 41", "does not apply", "")]),
    ] {
        let (criteria, ended) = conformance(&place, &[zowe.join(name).to_str().unwrap()]);
        assert_eq!(ended, Some(code), "{name}: {criteria:#?}");
        for (item, verdict, seen) in expected {
            let found = criteria.get(*item).unwrap_or_else(|| panic!("{name}: no {item} in {criteria:#?}"));
            assert!(found.0 == *verdict && found.1.contains(seen), "{name} {item}: {found:?}");
        }
    }
    // A vendor's prefix is judged where it is known.
    let zss = zowe.join("zss");
    let of_vendor = |prefix: &str| conformance(&place, &[zss.to_str().unwrap(), "--vendor", prefix]).0["service 6"].0.clone();
    assert_eq!((of_vendor("zowe"), of_vendor("acme")), ("met".to_owned(), "not met".to_owned()));
}

#[test]
fn a_component_is_judged_by_running_it() {
    let place = Place::new();
    assert!(place.run(&["component", "new", "mine"]).status.success());
    let definition = fs::read_to_string(place.path("mine/api/mine.yml.template")).unwrap();
    let with_document = "    apiInfo:\n      - apiId: example.mine\n        gatewayUrl: api/v1\n        swaggerUrl: http://localhost:${ZWE_configs_port}/openapi\n";
    fs::write(place.path("mine/api/mine.yml.template"), definition.replace("    routes:\n", &format!("{with_document}    routes:\n")))
        .unwrap();
    let (criteria, code) = conformance(&place, &["mine", "--run", "--vendor", "example"]);
    assert_eq!(code, Some(8));
    for (item, verdict) in
        [("component 30", "met"), ("component 31", "met"), ("component stop", "met"), ("component https", "not met"), ("service 6", "met")]
    {
        assert_eq!(criteria[item].0, verdict, "{item}: {:?}", criteria[item]);
    }
    // The sample answers every path with JSON, which is no description of an API.
    assert!(criteria["service 10"].0 == "not met" && criteria["service 10"].1.contains("/openapi: "), "{:?}", criteria["service 10"]);
    // What it writes into its own directory is seen.
    let start = fs::read_to_string(place.path("mine/bin/start.sh")).unwrap();
    fs::write(place.path("mine/bin/start.sh"), format!("date > here\nchmod 711 \"$ZWE_zowe_workspaceDirectory\"\n{start}")).unwrap();
    let (criteria, _) = conformance(&place, &["mine", "--run"]);
    assert!(
        criteria["component 30"].0 == "not met" && criteria["component 30"].1.contains("here (made)"),
        "{:?}",
        criteria["component 30"]
    );
    assert_eq!(criteria["component 31"].0, "not met", "{:?}", criteria["component 31"]);
    let markdown = text(&place.run(&["component", "conform", "mine", "--format", "markdown"]));
    assert!(markdown.starts_with("# Conformance of mine 0.1.0\n") && markdown.contains("\n## To be judged by a person\n"), "{markdown}");
    place.is_clean();
}

#[test]
fn every_kind_of_component_passes_its_test_and_conforms_where_it_can() {
    let place = Place::new();
    for (kind, program, unit) in [
        ("node", "node", "node --test test/"),
        ("python", "python3", "python3 -m unittest discover test"),
        ("java", "javac", ""),
        ("static", "", ""),
        ("library", "", ""),
        ("app", "", ""),
    ] {
        if !program.is_empty() && crate::harness::program_or_skip(program).is_none() {
            continue;
        }
        let name = format!("my-{kind}");
        let made = place.run(&["component", "new", &name, "--kind", kind]);
        assert!(made.status.success(), "{}", text(&made));
        assert!(place.path(&format!("{name}/.github/workflows/component.yml")).is_file());
        let (outcomes, code) = place.outcomes(&[&name]);
        assert_eq!(code, Some(0), "{kind}: {outcomes:#?}");
        let is_service = ["node", "python", "java"].contains(&kind);
        let expected: &[&str] = if is_service {
            &["ready", "endpoint", "kill", "two-instances", "stop", "writes", "odd-names"]
        } else {
            &["check", "configure", "stop", "writes"]
        };
        for case in expected {
            assert_eq!(outcomes[*case].0, "passed", "{kind} {case}: {outcomes:#?}");
        }
        assert!(outcomes["check"].1.starts_with("0 errors, 0 warnings"), "{kind}: {}", outcomes["check"].1);
        let run: &[&str] = if is_service { &["--run"] } else { &[] };
        let (criteria, _) = conformance(&place, &[&[name.as_str(), "--vendor", "org.example"], run].concat());
        let met: &[&str] = match kind {
            "node" | "python" | "java" => &[
                "service 1, 2, 9",
                "service 4",
                "service 5",
                "service 6",
                "service 7, 8",
                "service 10",
                "service 11-15",
                "component 30",
                "component stop",
                "component ready",
            ],
            "static" => &["service 1, 2, 9", "service 4", "service 6", "service 7, 8", "service 25", "component https"],
            "app" => &["plug-in 1", "plug-in 2", "plug-in 3", "plug-in 20"],
            _ => &["component 35", "component 36", "component 37", "component 38"],
        };
        for item in met {
            assert_eq!(criteria[*item].0, "met", "{kind} {item}: {:?}", criteria[*item]);
        }
        if !unit.is_empty() {
            let output =
                Command::new("sh").args(["-c", unit]).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(place.path(&name)).output().unwrap();
            assert!(output.status.success(), "{unit}: {}", text(&output));
        }
    }
    place.is_clean();
    // What the app framework itself says of a plug-in.
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe/components/app-server/schemas/plugindefinition-schema.json");
    let python = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/schema-validators/venv/bin/python"));
    if !schema.is_file() {
        return not_here("the schemas of Zowe are not beside this checkout (../shared/zowe)");
    }
    if !python.is_file() {
        return skip("Python's jsonschema is not installed below target/schema-validators (.ci/run)");
    }
    let script = "import json, sys, jsonschema\nschema, value = (json.load(open(name)) for name in sys.argv[1:])\njsonschema.validators.validator_for(schema)(schema).validate(value)\n";
    let output = Command::new(python).args(["-c", script]).arg(schema).arg(place.path("my-app/pluginDefinition.json")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}
