use super::*;
use proptest::prelude::*;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

fn member(configuration: &str) -> io::Result<String> {
    Ok(format!("//ZWESLSTC PROC\nCONFIG={configuration}\n"))
}

fn options(program: &Path) -> LayoutOptions<'_> {
    LayoutOptions { program, port_base: DEFAULT_PORT_BASE, member: &member, sysplex: false }
}

fn sysplex(program: &Path) -> LayoutOptions<'_> {
    LayoutOptions { sysplex: true, ..options(program) }
}

fn program() -> &'static Path {
    Path::new("/opt/it's a \"place\"/zwelnch")
}

fn configuration(layout: &Layout) -> serde_json::Value {
    serde_yaml::from_str(&std::fs::read_to_string(&layout.configuration).unwrap()).unwrap()
}

#[test]
fn any_directory_name_reaches_the_configuration_as_it_is() {
    let parent = TempDir::new().unwrap();
    for name in [
        "zowe-demo",
        "with blank ",
        "it's",
        "say \"hi\"",
        "back\\slash",
        "Müller/日本",
        "@LOGS@",
        "#x: y",
        "$HOME",
        "a\u{2028}b",
        "a\u{ffff}b",
    ] {
        let directory = parent.path().join(name);
        let layout = lay_out(&directory, &options(program())).unwrap();
        let value = configuration(&layout);
        let text = directory.to_str().unwrap();
        assert_eq!(value["zowe"]["runtimeDirectory"], format!("{text}/runtime"), "{name}");
        assert_eq!(value["zowe"]["logDirectory"], format!("{text}/logs"), "{name}");
        assert_eq!(value["zowe"]["environments"]["ZWELNCH_PROGRAM"], program().to_str().unwrap());
        assert_eq!(std::fs::read_to_string(directory.join("PROCLIB/ZWESLSTC")).unwrap(), member(&format!("{text}/zowe.yaml")).unwrap());
    }
}

proptest! {
    #[test]
    fn a_quoted_path_is_read_back(text in any::<String>()) {
        let back: String = serde_yaml::from_str(&yaml_string(&text)).unwrap();
        prop_assert_eq!(back, text);
    }

    #[test]
    fn a_filled_in_value_is_not_looked_at_again(value in "[@A-Z ]{0,12}") {
        let values = BTreeMap::from([("A", value.clone()), ("B", "other".to_string())]);
        prop_assert_eq!(fill("x @A@ y@ @NONE@ @B@", &values), format!("x {value} y@ @NONE@ other"));
    }
}

#[test]
fn no_placeholder_is_left_over() {
    let parent = TempDir::new().unwrap();
    let layout = lay_out(parent.path(), &options(program())).unwrap();
    let text = std::fs::read_to_string(&layout.configuration).unwrap();
    assert!(!text.contains('@'), "{text}");
}

#[test]
fn every_instance_of_a_sysplex_has_ports_and_a_job_name_of_its_own() {
    let parent = TempDir::new().unwrap();
    let value = configuration(&lay_out(parent.path(), &sysplex(program())).unwrap());
    let mut ports = std::collections::BTreeSet::from([value["zowe"]["externalPort"].as_u64().unwrap()]);
    for pointer in ["/components", "/haInstances/lpar1/components", "/haInstances/lpar2/components"] {
        for name in ["hello", "discovery", "gateway"] {
            let port = value.pointer(&format!("{pointer}/{name}/port")).and_then(serde_json::Value::as_u64).unwrap();
            assert!(ports.insert(port) && port > u64::from(DEFAULT_PORT_BASE), "{pointer} {name} {port}");
        }
    }
    assert_eq!(*ports.last().unwrap(), u64::from(DEFAULT_PORT_BASE + HIGHEST_PORT_OFFSET));
    assert_eq!(value["haInstances"]["lpar2"]["zowe"]["job"]["name"], "ZWE1SV2");
    assert_eq!(
        (&value["components"]["gateway"]["enabled"], &value["haInstances"]["lpar1"]["components"]["flaky"]["enabled"]),
        (&true.into(), &false.into())
    );
    // One system less; the file is unchanged, so it is brought up to date.
    let plain = configuration(&lay_out(parent.path(), &options(program())).unwrap());
    assert_eq!(
        (&plain["components"]["gateway"]["enabled"], &plain["haInstances"]["lpar1"]["components"]["flaky"]["enabled"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn modes_are_narrow_and_scripts_need_no_execute_bit() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("demo");
    lay_out(&directory, &options(program())).unwrap();
    let mode = |name: &str| std::fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o7777;
    for (name, expected) in [
        ("", 0o700),
        ("PROCLIB", 0o700),
        ("PROCLIB/ZWESLSTC", 0o600),
        ("zowe.yaml", 0o600),
        ("runtime", 0o750),
        ("runtime/components/hello/bin", 0o750),
        ("runtime/components/hello/bin/start.sh", 0o640),
    ] {
        assert_eq!(mode(name), expected, "{name}");
    }
}

#[test]
fn what_was_changed_is_kept_and_what_was_not_is_brought_up_to_date() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("demo");
    let first = lay_out(&directory, &options(program())).unwrap();
    assert!(first.kept.is_empty());
    assert!(first.written.contains(&"runtime/components/toolbox/manifest.yaml".to_string()));

    let again = lay_out(&directory, &options(program())).unwrap();
    assert_eq!((again.written.len(), again.kept.len()), (0, 0));

    std::fs::write(directory.join("runtime/components/hello/bin/start.sh"), "echo mine\n").unwrap();
    std::fs::remove_file(directory.join("SYSNAME")).unwrap();
    let moved = LayoutOptions { program: Path::new("/new/zwelnch"), port_base: 20000, member: &member, sysplex: false };
    let third = lay_out(&directory, &moved).unwrap();
    assert_eq!(third.kept, ["runtime/components/hello/bin/start.sh"]);
    assert_eq!(third.written, ["SYSNAME", "zowe.yaml"]);
    assert_eq!(std::fs::read_to_string(directory.join("runtime/components/hello/bin/start.sh")).unwrap(), "echo mine\n");
    let value = configuration(&third);
    assert_eq!(value["components"]["hello"]["port"], 20001);
    assert_eq!(value["haInstances"]["lpar2"]["components"]["hello"]["port"], 20021);

    std::fs::write(directory.join("zowe.yaml"), "zowe: {}\n").unwrap();
    let fourth = lay_out(&directory, &options(program())).unwrap();
    assert_eq!(fourth.kept, ["zowe.yaml", "runtime/components/hello/bin/start.sh"]);
    // Without the record, everything that differs is taken as changed.
    std::fs::remove_file(directory.join(RECORD)).unwrap();
    assert_eq!(lay_out(&directory, &options(program())).unwrap().kept, fourth.kept);
}

#[test]
fn paths_are_made_absolute_without_dots() {
    let here = std::env::current_dir().unwrap();
    assert_eq!(absolute(Path::new("./zowe-demo")).unwrap(), here.join("zowe-demo"));
    assert_eq!(absolute(Path::new("a/../zowe demo/")).unwrap(), here.join("zowe demo"));
    assert_eq!(absolute(Path::new("/")).unwrap(), Path::new("/"));
    assert!(absolute(Path::new("")).is_err());
}

#[test]
fn what_a_configuration_cannot_hold_is_refused_before_anything_is_written() {
    let parent = TempDir::new().unwrap();
    let bytes = std::ffi::OsString::from_vec(b"\xff".to_vec());
    for name in [std::ffi::OsString::from("line\nbreak"), "${{ x }}".into(), bytes] {
        let error = lay_out(&parent.path().join(&name), &options(program())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    }
    let mut wrong = options(program());
    wrong.port_base = 65530;
    assert!(lay_out(&parent.path().join("demo"), &wrong).unwrap_err().to_string().contains("65511"));
    assert_eq!(lay_out(&parent.path().join("demo"), &options(Path::new("zwelnch"))).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
}

/// The table in sample.rs is written by hand: a file of samplib that it lacks would be missing in every demo.
#[test]
fn every_file_of_samplib_is_in_the_table() {
    fn walk(directory: &Path, root: &Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, names);
            } else {
                names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_string());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samplib");
    let mut names = Vec::new();
    walk(&root.join("runtime"), &root, &mut names);
    let mut table: Vec<String> = sample_files().iter().map(|file| file.path.to_string()).collect();
    names.sort();
    table.sort();
    assert_eq!(table, names);
}

fn errors(schema: &serde_json::Value, value: &serde_json::Value) -> Vec<String> {
    let text = |path: &str| sample_files().iter().find(|file| file.path == path).unwrap().content;
    let read = |path| serde_json::from_str::<serde_json::Value>(text(path)).unwrap();
    let common = read("runtime/schemas/server-common.json");
    let base = read("runtime/schemas/zowe-yaml-schema.json");
    let registry = jsonschema::Registry::new()
        .add("https://zowe.org/schemas/v2/server-common", &common)
        .unwrap()
        .add("https://zowe.org/schemas/v2/server-base", &base)
        .unwrap()
        .prepare()
        .unwrap();
    let validator = jsonschema::options().with_registry(&registry).build(schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn sample_json(path: &str) -> serde_json::Value {
    serde_json::from_str(sample_files().iter().find(|file| file.path == path).unwrap().content).unwrap()
}

#[test]
fn the_sample_agrees_with_its_own_schemas() {
    let parent = TempDir::new().unwrap();
    let value = configuration(&lay_out(parent.path(), &sysplex(program())).unwrap());
    let base = sample_json("runtime/schemas/zowe-yaml-schema.json");
    assert_eq!(errors(&base, &value), [] as [&str; 0]);
    let defaults = sample_files().iter().find(|file| file.path.ends_with("defaults.yaml")).unwrap().content;
    serde_yaml::from_str::<serde_json::Value>(defaults).unwrap();
    let manifest_schema = sample_json("runtime/schemas/manifest-schema.json");
    for name in ["hello", "pinger", "greeter", "flaky", "toolbox", "discovery", "gateway"] {
        let schema = sample_json(&format!("runtime/components/{name}/schemas/{name}.json"));
        assert_eq!(errors(&schema, &value), [] as [&str; 0], "{name}");
        let manifest = sample_files().iter().find(|file| file.path == format!("runtime/components/{name}/manifest.yaml")).unwrap();
        let manifest: serde_json::Value = serde_yaml::from_str(manifest.content).unwrap();
        assert_eq!(errors(&manifest_schema, &manifest), [] as [&str; 0], "{name}");
        assert_eq!(manifest["name"], name);
    }
}

#[test]
fn the_sample_s_schemas_refuse_what_is_wrong() {
    let parent = TempDir::new().unwrap();
    let value = configuration(&lay_out(parent.path(), &sysplex(program())).unwrap());
    let base = sample_json("runtime/schemas/zowe-yaml-schema.json");
    let hello = sample_json("runtime/components/hello/schemas/hello.json");
    for (schema, pointer, wrong) in [
        (&base, "/zowe/sysMessages", serde_json::json!("ZWEL0001I")),
        (&base, "/zowe/runtimeDirectory", serde_json::json!("")),
        (&base, "/components/flaky/launcher/restartIntervals", serde_json::json!(["soon"])),
        (&base, "/haInstances/lpar1/sysname", serde_json::json!(7)),
        (&hello, "/components/hello/port", serde_json::json!("seventeen")),
        (&hello, "/components/hello/port", serde_json::json!(80)),
    ] {
        let mut changed = value.clone();
        *changed.pointer_mut(pointer).unwrap() = wrong;
        let found = errors(schema, &changed);
        assert!(found.iter().any(|error| error.starts_with(pointer)), "{pointer}: {found:?}");
    }
    let mut slip = value.clone();
    slip["zowe"]["launcher"] = serde_json::json!({"minUpTime": 3});
    assert!(!errors(&base, &slip).is_empty());
    let mut slip = value;
    slip["components"]["hello"]["prot"] = serde_json::json!(1);
    assert!(!errors(&hello, &slip).is_empty());
}

#[test]
fn the_annotated_configuration_is_valid_and_says_what_it_must() {
    let value: serde_json::Value = serde_yaml::from_str(super::super::ANNOTATED_CONFIGURATION).unwrap();
    assert_eq!(errors(&sample_json("runtime/schemas/zowe-yaml-schema.json"), &value), [] as [&str; 0]);
    for pointer in [
        "/zowe/runtimeDirectory",
        "/zowe/logDirectory",
        "/zowe/workspaceDirectory",
        "/zowe/extensionDirectory",
        "/zowe/job/name",
        "/zowe/externalDomains/0",
        "/zowe/sysMessages/0",
        "/zowe/launcher/shareAs",
        "/components/launcher/wto",
        "/components/launcher/onAllFailed",
        "/components/launcher/startRunning",
        "/haInstances/lpar1/hostname",
    ] {
        assert!(value.pointer(pointer).is_some(), "{pointer}");
    }
}

/// With Zowe's own schema, if it is beside the checkout: the configuration that we tell people to begin from must load there too.
#[test]
fn the_annotated_configuration_agrees_with_the_public_schema() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe/schemas");
    if !shared.is_dir() {
        assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "{} is missing", shared.display());
        println!("skipped: {} is missing", shared.display());
        return;
    }
    let read = |name: &str| -> serde_json::Value { serde_json::from_slice(&std::fs::read(shared.join(name)).unwrap()).unwrap() };
    let common = read("server-common.json");
    let registry = jsonschema::Registry::new().add("https://zowe.org/schemas/v2/server-common", &common).unwrap().prepare().unwrap();
    let validator = jsonschema::options().with_registry(&registry).build(&read("zowe-yaml-schema.json")).unwrap();
    let value: serde_json::Value = serde_yaml::from_str(super::super::ANNOTATED_CONFIGURATION).unwrap();
    let found: Vec<String> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(found, [] as [&str; 0]);
}

/// Runs a script of the sample as the launcher does: sourced by a shell in the component's directory, with nothing on PATH.
fn source(directory: &Path, component: &str, script: &str, after: &str, variables: &[(&str, &str)]) -> std::process::Output {
    let component_directory = directory.join("runtime/components").join(component);
    std::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("cd \"$1\" && . \"$1/$2\"\n{after}"))
        .args(["sh", component_directory.to_str().unwrap(), script])
        .env_clear()
        .env("PATH", "/nonexistent")
        .env("ZWE_zowe_runtimeDirectory", directory.join("runtime"))
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn start_scripts_pass_on_what_the_instance_has_configured() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("it's a demo");
    lay_out(&directory, &options(program())).unwrap();
    let fake = directory.join("the program");
    // Another process writes it: if we had it open for writing, a child of another test could inherit the descriptor, and then the program
    // is "busy".
    let write =
        "umask 077; printf '%s\\n' '#!/bin/sh' 'for word in \"$@\"; do printf \"[%s]\" \"$word\"; done' > \"$1\" && chmod 700 \"$1\"";
    assert!(std::process::Command::new("sh").args(["-c", write, "sh"]).arg(&fake).status().unwrap().success());
    let variables = [
        ("ZWELNCH_PROGRAM", fake.to_str().unwrap()),
        ("ZWE_haInstance_id", "lpar1"),
        ("ZWE_components_hello_port", "17011"),
        ("ZWE_configs_port", "17011"),
        ("ZWE_configs_everySeconds", "5"),
        ("ZWE_configs_lifetimeSeconds", "30"),
        ("ZWE_PRIVATE_WORKSPACE_ENV_DIR", "/a b/.env"),
        ("GREETER_TEXT", "it's $5"),
    ];
    for (component, expected) in [
        ("hello", "[http][--name][hello][--port][17011]"),
        ("pinger", "[pinger][--name][pinger][--url][http://127.0.0.1:17011/application/health][--every][5]"),
        ("greeter", "[echo][--name][greeter][--text][it's $5][--every][5]"),
        ("flaky", "[flaky][--name][flaky][--after][30][--state][/a b/.env/flaky/.crashes-lpar1]"),
    ] {
        let output = source(&directory, component, "bin/start.sh", "echo not reached", &variables);
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("[demo][service]{expected}"), "{component}: {output:?}");
        let output = source(&directory, component, "bin/start.sh", "echo not reached", &variables[1..]);
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("see zowe.environments"), "{output:?}");
    }
}

#[test]
fn the_greeter_validates_and_exports_what_it_starts_with() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("demo");
    lay_out(&directory, &options(program())).unwrap();
    let variables = |every| {
        [
            ("ZWE_configs_greeting", "Hello"),
            ("ZWE_configs_everySeconds", every),
            ("ZWE_haInstance_id", "lpar1"),
            ("ZWE_haInstance_hostname", "localhost"),
        ]
    };
    assert!(source(&directory, "greeter", "bin/validate.sh", "", &variables("15")).status.success());
    let refused = source(&directory, "greeter", "bin/validate.sh", "", &variables("601"));
    assert_eq!(refused.status.code(), Some(8));
    assert!(String::from_utf8_lossy(&refused.stdout).starts_with("DEMO0101E"), "{refused:?}");
    let configured = source(&directory, "greeter", "bin/configure.sh", "export -p", &variables("15"));
    let text = String::from_utf8_lossy(&configured.stdout).into_owned();
    assert!(text.contains("GREETER_TEXT=") && text.contains("GREETER_CONFIGURED_FOR="), "{configured:?}");
    let shown = source(&directory, "greeter", "bin/configure.sh", "printf '%s' \"$GREETER_TEXT\"", &variables("15"));
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.ends_with("Hello from lpar1 on localhost, it's \"quoted\" and costs $5."), "{shown:?}");
}

#[test]
fn a_check_finds_nothing_in_the_samples() {
    let parent = TempDir::new().unwrap();
    for (name, options) in [("one", options(program())), ("sysplex", sysplex(program()))] {
        let layout = lay_out(&parent.path().join(name), &options).unwrap();
        let sources = [crate::config::Source::File(layout.configuration.clone())];
        let report = crate::inspect::check(&sources, &[], &crate::platform::fake::FakePlatform::default(), None);
        assert_eq!((report.findings.as_slice(), report.ha_instances.is_empty()), (&[][..], false), "{name}");
    }
}
