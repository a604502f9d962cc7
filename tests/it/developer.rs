//! What developers of components get wrong, and what editors are told.

use crate::harness::{Instance, PortRange, Running, not_here, program_or_skip, settled_program, skip, text};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn zwelnch(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = settled_program();
    command.current_dir(directory).args(arguments).env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn check_knows_what_developers_get_wrong() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "port: 7554").component("beta", "exec sleep 1000", "").component(
        "gamma",
        "exec sleep 1000",
        "",
    );
    let (alpha, beta) = (instance.component_directory("alpha"), instance.component_directory("beta"));
    instance.manifest("alpha", "apimlServices: {static: [{file: d.yml}]}\nport: 1\nenabled: true\n");
    fs::write(alpha.join("d.yml"), "services:\n- url: https://${OUR_HOST}:${ZWE_configs_port}\n- url: ${OUR_HOST:-x}\n").unwrap();
    fs::write(alpha.join("bin/validate.sh"), "echo fine\r\n").unwrap();
    fs::write(alpha.join("bin/configure.sh"), "#!/usr/bin/env node\n").unwrap();
    // No command of its manifest is named, and a directory stands where its script is looked for.
    instance.manifest("beta", "configs:\n  other: 1\n  port: 7554\n");
    fs::remove_file(beta.join("bin/start.sh")).unwrap();
    fs::create_dir(beta.join("bin/start.sh")).unwrap();
    std::os::unix::fs::symlink("nowhere", beta.join("bin/validate.sh")).unwrap();
    instance.manifest("gamma", "");
    let schema =
        r#"{"properties": {"components": {"properties": {"gamma": {"properties": {"enabled": true}, "additionalProperties": false}}}}}"#;
    fs::write(instance.component_directory("gamma").join("schema.json"), schema).unwrap();
    instance.write_config();
    let config = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), config.replace("  gamma:\n    enabled: true", "  gamma:\n    enabeld: true")).unwrap();
    let report = text(&instance.launcher(&["check"]).output().unwrap());
    for expected in [
        "components.gamma.enabeld: no schema and no component knows this key; did you mean enabled?",
        "port: nothing reads this key of a manifest; a default of the component's properties belongs below configs (configs.port)",
        "enabled: nothing reads this key of a manifest; a component is enabled in zowe.yaml",
        "alpha/d.yml:2:16: component alpha: no variable OUR_HOST is set, nothing is put in its place",
        "validate.sh:1:1: commands.validate of alpha: this line ends with CR LF",
        "configure.sh:1:1: commands.configure of alpha: this line names 'node', which will not run it",
        "bin/start.sh of beta is a directory, so that the component has no start command",
        "bin/validate.sh of beta is a link that leads nowhere, so that the component has no validate command",
    ] {
        assert!(report.contains(expected), "{expected:?} is missing in\n{report}");
    }
    // The definition says what is put there where the variable is not set.
    assert!(!report.contains("d.yml:3"), "{report}");
    // The schema of a component in play refuses such a key itself.
    let config = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), config.replace("enabeld: true", "enabeld: true\n    enabled: true")).unwrap();
    let report = text(&instance.launcher(&["check"]).output().unwrap());
    assert_eq!(report.matches("enabeld").count(), 1, "{report}");
}

#[test]
fn a_port_of_a_manifest_that_clashes_is_named_with_its_line() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "port: 7554").component("beta", "exec sleep 1000", "");
    instance.manifest("beta", "configs:\n  other: 1\n  port: 7554\n");
    instance.write_config();
    let output = instance.launcher(&["check"]).output().unwrap();
    let lines = fs::read_to_string(instance.component_directory("beta").join("manifest.yaml")).unwrap();
    let line = lines.lines().position(|line| line == "  port: 7554").unwrap() + 1;
    let expected = format!("beta/manifest.yaml:{line}:3: components.beta.port: 7554 is the port of components.alpha.port too");
    assert!(text(&output).contains(&expected), "{expected}\n{}", text(&output));
    assert_eq!(output.status.code(), Some(8));
}

#[test]
fn the_start_up_checks_are_made_for_the_systems_of_the_demo() {
    let place = tempfile::tempdir().unwrap();
    let ports = PortRange::find();
    let base = ports.base.to_string();
    let mut command = settled_program();
    command.args(["demo", "--dir", "demo", "--sysplex", "--port-base", &base]).current_dir(place.path());
    command.env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").stdin(Stdio::null());
    let mut running = Running::spawn(command, place.path());
    running.wait_end();
    // A port of the second system's instance is taken.
    let taken = std::net::TcpListener::bind(("127.0.0.1", ports.base + 21)).unwrap();
    let expected = format!("components.hello.port: port {} is in use", ports.base + 21);
    let asked = |arguments: &[&str], system: Option<&str>| {
        let mut command = settled_program();
        command.args(["check", "--startup", "-c", "demo/zowe.yaml"]).args(arguments).current_dir(place.path()).stdin(Stdio::null());
        command
            .env_remove("CONFIG")
            .env_remove("ZWELNCH_SYSTEM")
            .env("XDG_STATE_HOME", place.path())
            .envs(system.map(|at| ("ZWELNCH_SYSTEM", at)));
        text(&command.output().unwrap())
    };
    let home = place.path().join("demo").display().to_string();
    for report in [asked(&["--system", "demo"], None), asked(&[], Some(&home))] {
        assert!(!report.contains("were not made"), "{report}");
        assert!(report.contains("startup check ports") && report.contains(&expected), "{expected}\n{report}");
    }
    let elsewhere = asked(&[], None);
    assert!(elsewhere.contains("of HA instance lpar2 were not made: it is of system LPR2"), "{elsewhere}");
    let refused = asked(&["--system", "demmo"], None);
    assert!(refused.contains("'demmo' is no system directory"), "{refused}");
    assert!(!place.path().join("demmo").exists());
    drop(taken);
}

/// What two validators say of files, in the order of the files; None where neither is installed.
fn validators(schema: &Path, files: &[PathBuf]) -> Vec<Vec<String>> {
    let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/schema-validators"));
    let scripts = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/validators"));
    let python = Some(home.join("venv/bin/python")).filter(|python| python.is_file());
    let node = program_or_skip("node").filter(|_| home.join("node_modules/ajv").is_dir());
    if python.is_none() || node.is_none() {
        skip("ajv, or Python's jsonschema, is not installed below target/schema-validators (.ci/run)");
    }
    let mut commands = Vec::new();
    commands.extend(python.map(|python| (python, scripts.join("validate.py"))));
    commands.extend(node.map(|node| (node, scripts.join("validate.js"))));
    let one = |(program, script): (PathBuf, PathBuf)| {
        let mut command = Command::new(program);
        let output = command.arg(script).arg(schema).args(files).env("NODE_PATH", home.join("node_modules")).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let said: Vec<String> =
            String::from_utf8(output.stdout).unwrap().lines().map(|line| line.split_once('\t').unwrap().1.to_owned()).collect();
        assert_eq!(said.len(), files.len());
        said
    };
    commands.into_iter().map(one).collect()
}

fn generated(directory: &Path, name: &str) -> PathBuf {
    let output = zwelnch(directory, &["generate", "schema", name]);
    assert!(output.status.success(), "{}", text(&output));
    let file = directory.join(format!("{name}.schema.json"));
    fs::write(&file, output.stdout).unwrap();
    file
}

/// The files of a folder, and those that Zowe's own tool finds nothing wrong with.
fn corpus(folder: &Path, verdicts: &Path) -> Vec<(PathBuf, bool)> {
    let verdicts = fs::read_to_string(verdicts).unwrap();
    let is_valid = |name: &str| verdicts.lines().any(|line| line.starts_with(&format!("{name}\t")) && line.ends_with("\tvalid"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), is_valid(file.file_name().unwrap().to_str().unwrap()))).collect()
}

#[test]
fn schemas_for_editors_take_real_files_and_refuse_slips() {
    let place = tempfile::tempdir().unwrap();
    let slips: [(&str, &[&str]); 2] = [
        (
            "zowe",
            &[
                "components: {a: {launcher: {restartInterval: [1]}}}",
                "components: {a: {launcher: {minUptime: long}}}",
                "components: {a: {launcher: {readiness: {tpc: true}}}}",
                "components: {a: {enabled: yess}}",
                "components: {launcher: {metrics: {port: 70000}}}",
                "components: {launcher: {timzone: UTC}}",
                "zowe: {launchScript: {startupChecks: {ports: maybe}}}",
                "zowe: {launchScript: {logLevel: loud}}",
                "haInstances: {a: {components: {b: {launcher: {stop: {graceSecond: 1}}}}}}",
                "haInstance: {}",
            ],
        ),
        (
            "manifest",
            &[
                "name: a",
                "{name: a, id: org.example.a, commands: {strat: x}}",
                "{name: a, id: org.example.a, commands: {start: 1}}",
                "{name: a, id: org.example.a, configs: [1]}",
                "{name: a, id: org.example.a, apimlServices: {static: [{fiel: x}]}}",
                "{name: a, id: org.example.a, readiness: {http: {status: 7}}}",
                "{name: a, id: simple}",
            ],
        ),
    ];
    for (name, slips) in slips {
        let schema = generated(place.path(), name);
        let files: Vec<PathBuf> = (0..slips.len()).map(|index| place.path().join(format!("{name}-{index}.yaml"))).collect();
        files.iter().zip(slips).for_each(|(file, slip)| fs::write(file, slip).unwrap());
        for said in validators(&schema, &files) {
            for (slip, said) in slips.iter().zip(said) {
                assert!(said != "ok" && said != "no YAML", "{slip} is taken");
            }
        }
    }
    // Ours: the samples, and what is written for developers.
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samplib");
    let made = zwelnch(place.path(), &["component", "new", "mine"]);
    assert!(made.status.success(), "{}", text(&made));
    let manifests: Vec<PathBuf> =
        fs::read_dir(samples.join("runtime/components")).unwrap().map(|entry| entry.unwrap().path().join("manifest.yaml")).collect();
    let manifests = [manifests, vec![place.path().join("mine/manifest.yaml")]].concat();
    for (name, files) in [("zowe", vec![samples.join("zowe.yaml")]), ("manifest", manifests)] {
        for said in validators(&generated(place.path(), name), &files) {
            assert!(said.iter().all(|said| said == "ok"), "{files:?}\n{said:?}");
        }
    }
    let zowe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe");
    if !zowe.is_dir() {
        return not_here("the files of Zowe are not beside this checkout (../shared/zowe)");
    }
    let mut read = 0;
    for (name, folder, more) in [("zowe", "zoweyaml", "example-zowe.yaml"), ("manifest", "manifests", "components/zss/manifest.yaml")] {
        let mut files = corpus(&zowe.join("corpus").join(folder), &zowe.join(format!("corpus/{folder}.tsv")));
        files.push((zowe.join(more), true));
        let paths: Vec<PathBuf> = files.iter().map(|(file, _)| file.clone()).collect();
        for said in validators(&generated(place.path(), name), &paths) {
            for ((file, is_valid), said) in files.iter().zip(said) {
                // What Zowe's own tool takes is taken; it alone refuses what it does not know.
                assert!(!is_valid || said == "ok", "{}: {said}", file.display());
                read += 1;
            }
        }
    }
    assert!(read == 0 || read > 100, "{read}");
}
