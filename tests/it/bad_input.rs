//! Bad input: one clear message each, and condition code 8.

use crate::harness::{Instance, run_to_end};

const SLEEPER: &str = "exec sleep 1000";

fn good() -> Instance {
    Instance::new().component("alpha", SLEEPER, "")
}

/// Replaces text of the written configuration and runs the launcher.
fn with_config(instance: &Instance, change: impl FnOnce(String) -> String) -> (i32, String) {
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), change(yaml)).unwrap();
    run_to_end(instance.launcher(&["lpar1"]))
}

fn assert_refused(result: &(i32, String), expected: &[&str]) {
    let (code, out) = result;
    assert_eq!(*code, 8, "{out}");
    for text in expected {
        assert!(out.contains(text), "{text:?} is missing in\n{out}");
    }
    assert!(!out.contains("ZWEL0006I"), "{out}");
}

#[test]
fn no_config() {
    let instance = good();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env_remove("CONFIG");
    assert_refused(&run_to_end(launcher), &["ZWEL0021I", "ZWEL0026E CONFIG env variable not found", "ZWEL0036E"]);
}

#[test]
fn arguments() {
    let instance = good();
    instance.write_config();
    let refusal = [
        "ZWEL0023I Zowe YAML config file is 'FILE(",
        "ZWEL0035E invalid command line arguments, provide HA_INSTANCE_ID as a first argument",
        "ZWEL0036E",
    ];
    assert_refused(&run_to_end(instance.launcher(&["lpar1", "lpar2"])), &refusal);
    assert_refused(&run_to_end(instance.launcher(&["launch"])), &refusal);
    // What CONFIG is was read before: it is said, as today's launcher says it.
    let (_, out) = run_to_end(instance.launcher(&["lpar1", "lpar2"]));
    let at = |text: &str| out.find(text).unwrap_or_else(|| panic!("{text} is missing in {out}"));
    assert!(at("ZWEL0023I Zowe YAML config file is") < at("ZWEL0035E") && !out.contains("ZWEL0024I"), "{out}");
}

#[test]
fn a_config_that_is_too_long() {
    let instance = good();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("CONFIG", format!("FILE({})", "/x".repeat(9000)));
    assert_refused(&run_to_end(launcher), &["ZWEL0027E CONFIG env variable too large", "ZWEL0036E"]);
}

/// The ids of today's launcher and of the configuration manager for the same events.
#[test]
fn sources_that_cannot_be_opened_or_read() {
    let instance = good();
    instance.write_config();
    let refused = |config: String, expected: &[&str]| {
        let mut launcher = instance.launcher(&["lpar1"]);
        launcher.env("CONFIG", config);
        let expected: Vec<&str> = expected.iter().copied().chain(["ZWEL0072E Launcher Could not load configurations"]).collect();
        assert_refused(&run_to_end(launcher), &expected);
    };
    let missing = [
        "ZWEL0318E - failed to read '/no/such.yaml' - No such file or directory",
        "ZWEL0048E failed to open zowe.yaml - /no/such.yaml: No such file",
    ];
    refused("/no/such.yaml".to_owned(), &missing);
    // All of them at once, and what is wrong with those that can be read.
    std::fs::write(instance.path("broken.yaml"), "zowe: [").unwrap();
    std::fs::write(instance.path("binary.yaml"), [0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff]).unwrap();
    let directory = instance.directory.path().display();
    let all = [
        missing[0],
        missing[1],
        "ZWEL0047E failed to parse zowe.yaml - ",
        "ZWEL0046E error reading zowe.yaml file - ",
        "it is not a regular file",
    ];
    refused(format!("FILE(/no/such.yaml):FILE({directory}/broken.yaml):FILE({directory}/binary.yaml):FILE({directory})"), &all);
}

#[test]
fn a_schema_of_the_runtime_that_cannot_be_used() {
    let instance = good();
    std::fs::create_dir_all(instance.runtime().join("schemas")).unwrap();
    for text in ["{", r#"{"type": "nothing"}"#] {
        std::fs::write(instance.runtime().join("schemas/zowe-yaml-schema.json"), text).unwrap();
        let expected = ["ZWEL0073E Launcher Could not load schemas, status=5", "ZWEL0070E", "zowe-yaml-schema.json"];
        assert_refused(&instance.run_to_end(), &expected);
    }
}

#[test]
fn a_manifest_of_the_runtime_without_a_version() {
    let instance = good();
    let manifest = instance.runtime().join("manifest.json");
    for (text, why) in [(None, "No such file"), (Some("{"), "EOF while parsing"), (Some("{\"version\": 3}"), "it has no text version")] {
        text.into_iter().for_each(|text| std::fs::write(&manifest, text).unwrap());
        let running = instance.up();
        let line = running.wait_for("ZWEL0075W Could not read manifest.json version: ");
        assert!(line.contains(why) && line.contains("manifest.json: "), "{line}");
        assert!(running.all().contains("Zowe version unknown"), "{}", running.all());
    }
    std::fs::write(&manifest, "{\"version\": \"3.6.0\"}").unwrap();
    let running = instance.up();
    assert!(running.all().contains("Zowe version 3.6.0") && !running.all().contains("ZWEL0075W"), "{}", running.all());
}

#[test]
fn a_preparation_that_fails_is_told_as_the_command_that_it_was() {
    let instance = good();
    instance.script("alpha", "validate", "exit 3");
    instance.manifest("alpha", "commands: {start: bin/start.sh, validate: bin/validate.sh}\n");
    let expected =
        ["ZWEL0066W command 'zwe internal start prepare --config ", "' ended with code 8", "ZWEL0030E failed to prepare Zowe instance"];
    assert_refused(&instance.run_to_end(), &expected);
}

#[test]
fn a_parmlib_entry_without_a_member() {
    let instance = good();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("CONFIG", "PARMLIB(A.B)");
    assert_refused(&run_to_end(launcher), &["ZWEL0068E PARMLIB() entries must have a member name", "ZWEL0036E"]);
}

#[test]
fn a_configuration_that_is_not_there() {
    let instance = good();
    assert_refused(&run_to_end(instance.launcher(&["lpar1"])), &["zowe.yaml", "ZWEL0072E Launcher Could not load configurations"]);
}

#[test]
fn an_unknown_ha_instance() {
    let instance = good().extra("haInstances:\n  lpar2: {hostname: b}\n  lpar3: {hostname: c}\n");
    let result = instance.run_to_end();
    assert_refused(&result, &["ZWEL0911E HA instance lpar1 is not defined in haInstances, defined: lpar2, lpar3"]);
}

#[test]
fn broken_yaml() {
    let result = with_config(&good(), |yaml| yaml + "a: [1,\nb: 2\n");
    assert_refused(&result, &["zowe.yaml:", "ZWEL0072E"]);
}

#[test]
fn a_template_that_throws() {
    let result = with_config(&good(), |yaml| yaml + "a: ${{ nothing.there }}\n");
    assert_refused(&result, &["zowe.yaml:", "nothing", "ZWEL0072E"]);
}

#[test]
fn a_schema_violation() {
    let instance = good();
    std::fs::create_dir_all(instance.runtime().join("schemas")).unwrap();
    std::fs::write(
        instance.runtime().join("schemas/zowe-yaml-schema.json"),
        r#"{"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://zowe.org/schemas/v2/server-base", "type": "object",
            "properties": {"zowe": {"type": "object", "properties": {"externalPort": {"type": "integer"}, "job": {"type": "object"}}}}}"#,
    )
    .unwrap();
    std::fs::write(instance.runtime().join("schemas/server-common.json"), r#"{"$id": "https://zowe.org/schemas/v2/server-common"}"#)
        .unwrap();
    let result = with_config(&instance, |yaml| yaml.replace("zowe:\n", "zowe:\n  externalPort: many\n  job: 7\n"));
    assert_refused(&result, &["ZWEL0070E Configuration has validity exceptions:", "zowe.yaml:2:", "zowe.yaml:3:", "externalPort", "many"]);
}

#[test]
fn a_missing_runtime_directory() {
    let instance = good();
    let result = with_config(&instance, |yaml| yaml.replace("/runtime\n", "/nowhere\n"));
    let place = format!("ZWEL0032E failed to find ROOT_DIR='{}/nowhere', check if the dir exists", instance.directory.path().display());
    assert_refused(&result, &[&place]);
    let result = with_config(&instance, |yaml| yaml.replace("runtimeDirectory", "runDirectory"));
    assert_refused(&result, &["ZWEL0033E failed to get ROOT_DIR dir"]);
    let result = with_config(&instance, |yaml| {
        let line = yaml.lines().find(|line| line.contains("runtimeDirectory")).unwrap().to_owned();
        yaml.replace(&line, "  runtimeDirectory: ''")
    });
    assert_refused(&result, &["ZWEL0034E ROOT_DIR is empty string"]);
}

#[test]
fn an_unwritable_workspace() {
    let instance = good();
    // Below a file: not even root can make it.
    std::fs::write(instance.path("file"), "").unwrap();
    let result = with_config(&instance, |yaml| yaml.replace("/workspace\n", "/file/workspace\n"));
    assert_refused(&result, &["ZWEL0057E failed to create workspace dir '"]);
    // A directory where nobody can make files, root included.
    let result = with_config(&instance, |yaml| {
        let line = yaml.lines().find(|line| line.contains("workspaceDirectory")).unwrap().to_owned();
        yaml.replace(&line, "  workspaceDirectory: /proc/self")
    });
    assert_refused(&result, &["ZWEL0"]);
    let result = with_config(&instance, |yaml| yaml.replace("workspaceDirectory", "workDirectory"));
    assert_refused(&result, &["ZWEL0157E", "ZWEL0059E"]);
}

#[test]
fn a_validate_that_fails() {
    let instance = good().component("beta", SLEEPER, "");
    instance.script("alpha", "validate", "echo alpha is not well; exit 3");
    instance.script("beta", "validate", "echo beta neither; kill -9 $$");
    let result = instance.run_to_end();
    assert_refused(
        &result,
        &[
            "\nalpha is not well\n",
            "ZWEL0917E Component alpha commands.validate ended with rc=3.",
            "\nbeta neither\n",
            "ZWEL0917E Component beta commands.validate ended with rc=137.",
            "ZWEL0030E failed to prepare Zowe instance",
            "ZWEL0907I Zowe instance lpar1 has ended, condition code 8",
        ],
    );
}

#[test]
fn a_missing_command_file() {
    let instance = good();
    instance.manifest("alpha", "commands:\n  start: bin/nosuch.sh\n  validate: bin/none.sh\n");
    let result = instance.run_to_end();
    assert_refused(
        &result,
        &[
            "ZWEL0172E Component alpha has commands.start defined but the file is missing.",
            "ZWEL0172E Component alpha has commands.validate defined but the file is missing.",
            "ZWEL0030E",
        ],
    );
}

#[test]
fn a_command_outside_of_the_component() {
    let instance = good();
    std::fs::write(instance.path("evil.sh"), "echo evil").unwrap();
    instance.manifest("alpha", "commands:\n  start: ../../../evil.sh\n");
    let (code, out) = instance.run_to_end();
    assert_eq!((code, out.contains("\nevil\n")), (8, false), "{out}");
    assert!(out.contains("ZWEL0918E Component alpha"), "{out}");
}

#[test]
fn no_component_to_start() {
    let instance = Instance::new();
    assert_refused(&instance.run_to_end(), &["ZWEL0018I", "ZWEL0029E start component list is empty"].map(|text| text));
}

#[test]
fn an_enabled_component_that_is_not_installed_is_a_warning_with_the_places() {
    let instance = good().extra("  missing:\n    enabled: true\n");
    let running = instance.up();
    let line = running.wait_for("ZWEL0915W component missing is enabled but not installed, looked in ");
    assert!(line.contains("/runtime/components/missing"), "{line}");
}
