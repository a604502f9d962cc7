//! Scripts on which a shell will fail are named before it does.

use crate::harness::*;
use std::process::Command;

fn instance(start: &[u8]) -> Instance {
    let instance = Instance::new().component("alpha", "", "");
    instance.write_config();
    std::fs::write(instance.component_directory("alpha").join("bin/start.sh"), start).unwrap();
    instance
}

/// The words by which each is reported, beside the file and the line.
const SCRIPTS: &[(&[u8], &str, &str)] = &[
    (b"#!/bin/sh\nA=1\r\nexec sleep 1000\r\n", ":2:", "CR LF"),
    (b"#!/usr/bin/env python3\nimport time\n", ":1:", "'python3'"),
    // echo a, in IBM-1047.
    (b"\x85\x83\x88\x96\x40\x81\x15", ":1:", "IBM-1047"),
];

#[test]
fn check_and_start_name_a_script_that_a_shell_stumbles_over() {
    for (script, line, told) in SCRIPTS {
        let instance = instance(script);
        let file = format!("alpha/bin/start.sh{line}");
        let output = Command::new(program()).arg("check").arg("-c").arg(instance.config()).output().unwrap();
        let checked = text(&output);
        let named = |all: &str| all.lines().any(|line| line.contains(&file) && line.contains(told));
        assert!(output.status.code() == Some(4) && named(&checked), "{checked}");
        let running = instance.start();
        running.wait_for("ZWEL0001I component alpha started");
        assert!(named(&running.all()), "{}", running.all());
    }
}

#[test]
fn a_blank_that_is_missing_behind_a_colon_is_told_with_its_line_and_no_secret() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    let yaml = yaml
        .replace("  configmgr:", "  setup:\n    certificate:\n      password:hunter22\n  configmgr:")
        .replace("enabled: true", "enabled:true");
    std::fs::write(instance.config(), &yaml).unwrap();
    let schemas = instance.runtime().join("schemas");
    std::fs::create_dir_all(&schemas).unwrap();
    let wanted = r#"{"$schema": "https://json-schema.org/draft/2019-09/schema", "properties": {"zowe": {"properties": {"setup": {"properties":
        {"certificate": {"type": "object"}}}}}, "components": {"patternProperties": {"^.*$": {"type": "object"}}}}}"#;
    std::fs::write(schemas.join("zowe-yaml-schema.json"), wanted).unwrap();
    let told = text(&Command::new(program()).arg("check").arg("-c").arg(instance.config()).output().unwrap());
    assert!(!told.contains("hunter22"), "{told}");
    for (text, key) in [("password:", "password"), ("enabled:true", "enabled")] {
        let line = yaml.lines().position(|line| line.contains(text)).unwrap() + 1;
        let named =
            |said: &str| said.contains(&format!("zowe.yaml:{line}:")) && said.contains(&format!("a blank is missing behind '{key}:'"));
        assert!(told.lines().any(named), "{line}: {told}");
    }
}
