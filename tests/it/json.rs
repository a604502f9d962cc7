//! What commands write with `--format json`, against the schemas of docs/json.md.

use crate::harness::{PortRange, kill_processes_of, program, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The schemas of the document, by the command that stands above each.
fn schemas() -> BTreeMap<String, Value> {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let sections = document.split("\n## zwelnch ").skip(1);
    let schema = |section: &str| {
        let (command, rest) = section.split_once('\n').unwrap();
        let block = rest.split_once("```json\n").unwrap().1.split_once("\n```").unwrap().0;
        (command.to_owned(), serde_json::from_str(block).unwrap())
    };
    sections.map(schema).collect()
}

/// A sample sysplex of its own.
struct Sysplex {
    _place: tempfile::TempDir,
    directory: PathBuf,
    _ports: PortRange,
}

impl Sysplex {
    fn new() -> Sysplex {
        let place = tempfile::Builder::new().prefix("zwelnch-json-").tempdir().unwrap();
        let directory = place.path().join("demo");
        let ports = PortRange::find();
        let base = ports.base.to_string();
        let sysplex = Sysplex { directory, _place: place, _ports: ports };
        let mut demo = Command::new(program());
        demo.args(["demo", "--sysplex", "--port-base", &base, "--dir"]).arg(&sysplex.directory).stdin(Stdio::null());
        let output = demo.env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        sysplex
    }

    /// The exit code and what is on standard output.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(&self.directory).stdin(Stdio::null());
        command.env("ZWELNCH_SYSTEM", &self.directory).env("CONFIG", self.directory.join("zowe.yaml"));
        command.env("XDG_STATE_HOME", self.directory.join("state"));
        let output = command.output().unwrap();
        let all = text(&output);
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), all)
    }
}

impl Drop for Sysplex {
    fn drop(&mut self) {
        kill_processes_of(&self.directory);
    }
}

#[test]
fn every_document_is_as_its_schema_says() {
    let schemas = schemas();
    let sysplex = Sysplex::new();
    // The same for both configurations but for what has to be another one.
    let config = fs::read_to_string(sysplex.directory.join("zowe.yaml")).unwrap();
    let another = |line: &str| match line.trim_start().split_once("Directory: ") {
        Some((what @ ("runtime" | "log" | "workspace"), path)) => format!("  {what}Directory: {}-2\"", path.trim_end_matches('"')),
        _ => line.replace("ZWE1SV", "ZWE2SV"),
    };
    let other = config.lines().map(another).collect::<Vec<_>>().join("\n") + "\n";
    fs::write(sysplex.directory.join("b.yaml"), other.replacen("zowe:\n", "zowe:\n  job: {name: ZWE2SV}\n", 1)).unwrap();
    let copied = Command::new("cp").arg("-r").args(["runtime", "runtime-2"]).current_dir(&sysplex.directory).status().unwrap();
    assert!(copied.success());
    let (code, _, all) = sysplex.run(&["start", "--all", "--wait"]);
    assert_eq!(code, 0, "{all}");
    let (code, _, all) = sysplex.run(&["component", "new", "mine"]);
    assert_eq!(code, 0, "{all}");
    let mut unused: Vec<&str> = schemas.keys().map(String::as_str).collect();
    for (of, line, expected) in [
        ("check", "check", &[0, 4][..]),
        ("check", "check --zos-install --root /not/here", &[8]),
        ("check --compare-zwelnch", "check --compare-zwelnch --all", &[4]),
        ("component test", "component test mine", &[0]),
        ("component conform", "component conform mine", &[8]),
        ("plan", "plan -i lpar1", &[0, 4]),
        ("env", "env -i lpar1 hello", &[0]),
        ("env --diff", "env -i lpar1 hello --diff lpar2", &[0]),
        ("component list", "component list", &[0]),
        ("status", "status", &[0]),
        ("ha verify", "ha verify --timeout 60s", &[0]),
        ("ha verify", "ha verify --timeout 0s --expect nobody=3", &[8]),
        ("ha status", "ha status", &[0]),
        ("ha compare", "ha compare zowe.yaml b.yaml", &[0]),
        ("ha compare", "ha compare zowe.yaml zowe.yaml", &[8]),
        ("ha upgrade --plan", "ha upgrade --old zowe.yaml --new b.yaml --peer zowe.yaml -i lpar2 --new-member ZWESLST2 --plan", &[0]),
        ("ha upgrade --plan", "ha upgrade --old zowe.yaml --new b.yaml --peer zowe.yaml -i lpar2 --plan", &[8]),
        ("ha rollout --plan", "ha rollout --to b.yaml --new-member ZWESLST2 --plan", &[0]),
        ("ha rollout --history", "ha rollout --history", &[0]),
    ] {
        unused.retain(|name| *name != of);
        let arguments: Vec<&str> = line.split(' ').chain(["--format", "json"]).collect();
        let (code, written, all) = sysplex.run(&arguments);
        assert!(expected.contains(&code), "{line} ended with {code}: {all}");
        let value: Value = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{line}: {error} in\n{all}"));
        assert!(!matches!(&value, Value::Object(members) if members.is_empty()), "{line}: {all}");
        let validator = jsonschema::draft202012::new(&schemas[of]).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{line}: {wrong:#?}\n{written}");
        by_python(&sysplex.directory, line, &schemas[of], &written);
        // A schema that everything fits would say nothing.
        let damaged = match value {
            Value::Object(mut members) => {
                members.insert("a member that is not documented".to_owned(), Value::Null);
                Value::Object(members)
            }
            _ => Value::from("not a list"),
        };
        assert!(!validator.is_valid(&damaged), "{of}");
    }
    assert!(unused.is_empty(), "no command writes {unused:?}");
    // What the text says, in the document.
    let plan: Value = serde_json::from_str(&sysplex.run(&["plan", "-i", "lpar1", "--format", "json"]).1).unwrap();
    let started: Vec<&str> = plan["started"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(started, ["discovery", "gateway", "hello", "pinger", "greeter"]);
    assert_eq!(plan["started"][3]["waitsFor"], Value::from(vec!["hello"]));
    let (code, _, all) = sysplex.run(&["stop", "--all", "--wait"]);
    assert_eq!(code, 0, "{all}");
}

/// Who watches leaves no trace: not in the SYSLOG that operators read, and not in SYSPRINT.
#[test]
fn a_watch_of_the_sysplex_is_seen_by_nobody() {
    let sysplex = Sysplex::new();
    let (code, _, all) = sysplex.run(&["start", "--all", "--wait"]);
    assert_eq!(code, 0, "{all}");
    let (code, _, all) = sysplex.run(&["ha", "verify", "--timeout", "60s"]);
    assert_eq!(code, 0, "{all}");
    let mut logs = vec![sysplex.directory.join("SYSLOG"), sysplex.directory.join("LPR2/SYSLOG")];
    // Their first jobs were those of the demo.
    logs.extend(["spool/ZWE1SV.STC00002/SYSPRINT", "LPR2/spool/ZWE1SV2.STC00002/SYSPRINT"].map(|file| sysplex.directory.join(file)));
    // Components write; who asks would be seen by his commands and by lines of the launcher.
    let lines = || {
        let of = |file: &PathBuf| fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let traces =
            |text: String| text.lines().filter(|line| line.contains("DISP") || line.contains("ZWEL") || line.contains("NETSTAT")).count();
        logs.iter().map(|file| traces(of(file))).collect::<Vec<_>>()
    };
    let before = lines();
    let mut watch = Command::new(program());
    watch.args(["ha", "status", "--watch=0.1", "--format", "json"]).env("ZWELNCH_SYSTEM", &sysplex.directory);
    watch.env("CONFIG", sysplex.directory.join("zowe.yaml")).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut watch = watch.spawn().unwrap();
    let seen = std::io::BufRead::lines(std::io::BufReader::new(watch.stdout.take().unwrap())).take(5);
    let seen: Vec<Value> = seen.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(seen.len() == 5 && seen.iter().all(|one| one["instances"][1]["launcher"]["state"] == "active"), "{seen:#?}");
    assert_eq!(lines(), before, "five looks have left a trace");
    // A look by an operator does.
    let (code, _, all) = sysplex.run(&["disp", "-i", "lpar1"]);
    assert_eq!(code, 0, "{all}");
    assert_ne!(lines(), before);
}

/// The same by another implementation, where Python has one.
fn by_python(directory: &Path, line: &str, schema: &Value, written: &str) {
    let (schema_file, file) = (directory.join("schema.json"), directory.join("document.json"));
    fs::write(&schema_file, schema.to_string()).unwrap();
    fs::write(&file, written).unwrap();
    let script = "import json, sys\ntry:\n    import jsonschema\nexcept ImportError:\n    sys.exit(0)\n\
        schema, value = (json.load(open(name)) for name in sys.argv[1:])\n\
        jsonschema.Draft202012Validator.check_schema(schema)\njsonschema.Draft202012Validator(schema).validate(value)\n";
    let Ok(output) = Command::new("python3").args(["-c", script]).args([&schema_file, &file]).output() else { return };
    assert!(output.status.success(), "{line}: {}", text(&output));
}
