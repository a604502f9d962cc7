use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

fn free(_path: &Path, _holder: &str) -> Result<FileLock, LockError> {
    Ok(FileLock { file: tempfile::tempfile().unwrap() })
}

fn environment(pairs: &[(&str, &[u8])]) -> Environment {
    pairs.iter().map(|(name, value)| (name.to_string(), OsString::from_vec(value.to_vec()))).collect()
}

fn any_environment() -> impl Strategy<Value = Environment> {
    let name = prop_oneof!["ZWE_[A-Za-z0-9_]{0,12}", "[A-Za-z0-9_.-]{1,8}", "[^=\0]{1,6}"];
    let value = prop_oneof![
        prop::collection::vec(1u8..=255, 0..40),
        prop::collection::vec(prop::sample::select(b"'\\\n\r$`\"#= ;&".to_vec()), 0..20),
    ];
    prop::collection::btree_map(name, value.prop_map(OsString::from_vec), 0..12)
}

proptest! {
    #[test]
    fn a_snapshot_is_read_back_as_it_was_written(environment in any_environment()) {
        let text = format_snapshot(&environment).unwrap();
        prop_assert_eq!(parse_snapshot(&text).unwrap(), environment);
    }

    #[test]
    fn any_bytes_are_a_snapshot_or_have_a_place_where_they_are_not(text in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = parse_snapshot(&text) {
            let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            prop_assert!((1..=lines.len()).contains(&error.line));
            prop_assert!(error.column >= 1 && error.column <= lines[error.line - 1].len() + 1);
        }
    }
}

/// What a process started by `script` sees, `$1` being the file.
fn shell_environment(script: &str, file: &Path) -> BTreeMap<String, Vec<u8>> {
    let output = Command::new("sh").arg("-c").arg(script).arg("sh").arg(file).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|variable| !variable.is_empty())
        .map(|variable| {
            let equals = variable.iter().position(|byte| *byte == b'=').unwrap();
            (String::from_utf8_lossy(&variable[..equals]).into_owned(), variable[equals + 1..].to_vec())
        })
        .collect()
}

fn awkward() -> Environment {
    let all_bytes: Vec<u8> = (1..=255).collect();
    environment(&[
        ("ZWE_ALL_BYTES", &all_bytes),
        ("ZWE_EMPTY", b""),
        ("ZWE_LINES", b"one\ntwo\n\nexport INJECTED=1\n"),
        ("ZWE_QUOTES", b"'say' \"hi\" ''"),
        ("ZWE_SHELL", b"$HOME `id` $(id) \\ ; & | > < * ? ~ #"),
        ("ZWE_TILDE", b"~/x:~"),
        ("ZWE_PLAIN", b"/var/zowe:9001,a=b"),
        ("ZWE_BLANKS", b"  hello world  "),
    ])
}

#[test]
fn a_shell_that_sources_a_snapshot_exports_exactly_the_values() {
    let directory = TempDir::new().unwrap();
    make_directories(directory.path()).unwrap();
    make_directory(&directory.path().join(".env/alpha"), 0o700).unwrap();
    let file = snapshot_path(directory.path(), "alpha", "lpar1");
    let expected = awkward();
    write_snapshot(&file, &expected).unwrap();
    let seen = shell_environment(". \"$1\"; env -0", &file);
    for (name, value) in &expected {
        assert_eq!(seen.get(name).map(Vec::as_slice), Some(value.as_bytes()), "{name}");
    }
    assert!(!seen.contains_key("INJECTED"));
    assert_eq!(read_snapshot(directory.path(), "alpha", "lpar1").unwrap(), expected);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn a_shell_that_sources_an_instance_file_has_exactly_the_values_and_exports_none() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join(".instance-lpar1.env");
    let expected = awkward();
    std::fs::write(&file, format_instance(&expected).unwrap()).unwrap();
    let seen = shell_environment("set -a; . \"$1\"; env -0", &file);
    for (name, value) in &expected {
        assert_eq!(seen.get(name).map(Vec::as_slice), Some(value.as_bytes()), "{name}");
    }
    assert!(!shell_environment(". \"$1\"; env -0", &file).contains_key("ZWE_PLAIN"));
}

#[test]
fn an_instance_file_looks_as_scripts_know_it() {
    let text = format_instance(&environment(&[("ZWE_a", b"9101"), ("ZWE_b", b""), ("ZWE_c", b"hello world"), ("A-B", b"x\ny")])).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "#!/bin/sh\n#env A-B=x\\ny\nZWE_a=9101\nZWE_b=\nZWE_c='hello world'\n");
}

#[test]
fn what_is_no_snapshot_is_refused_with_its_place() {
    let place = |text: &[u8]| parse_snapshot(text).map_err(|error| (error.line, error.column));
    assert_eq!(place(b"export A='1'\nrm -rf /\n"), Err((2, 1)));
    assert_eq!(place(b"export A='1'; id\n"), Err((1, 13)));
    assert_eq!(place(b"export A=$(id)\n"), Err((1, 10)));
    assert_eq!(place(b"export A='1\n"), Err((1, 11)));
    assert_eq!(place(b"export 1A='1'\n"), Err((1, 8)));
    assert_eq!(place(b"\n#env novalue\n"), Err((3, 1)));
}

#[test]
fn what_no_environment_can_hold_is_refused_without_showing_the_value() {
    assert_eq!(format_snapshot(&environment(&[("A=B", b"x")])), Err(FormatError::Name("A=B".into())));
    assert_eq!(format_snapshot(&environment(&[("", b"x")])), Err(FormatError::Name(String::new())));
    let error = format_snapshot(&environment(&[("SECRET", b"pass\0word")])).unwrap_err();
    assert!(!error.to_string().contains("pass"), "{error}");
}

fn prepared(runtime: &Path) -> PreparedFiles {
    std::fs::write(runtime.join("manifest.json"), "{\"version\":\"3.1.0\"}\n").unwrap();
    std::fs::write(runtime.join("manifest.yaml"), "name: alpha\n").unwrap();
    PreparedFiles {
        merged: serde_json::json!({"zowe": {"job": {"name": "007"}}}),
        base: serde_json::json!({"a": 1}),
        instance: serde_json::json!({"a": 2}),
        instance_merged: Some(serde_json::json!({"zowe": {"job": {"name": "008"}}})),
        environment: environment(&[("ZWE_a", b"2")]),
        runtime_manifest: Some(runtime.join("manifest.json")),
    }
}

fn components(runtime: &Path) -> Vec<ComponentFiles> {
    vec![
        ComponentFiles {
            name: "alpha".into(),
            environment: environment(&[("ZWE_configs_port", b"9101")]),
            configs: Some(serde_json::json!({"configs": {"port": 9101}})),
            manifest_file: Some(runtime.join("manifest.yaml")),
        },
        ComponentFiles { name: "beta-svc".into(), ..ComponentFiles::default() },
    ]
}

fn tree(directory: &Path) -> Vec<String> {
    fn walk(directory: &Path, prefix: &str, lines: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let metadata = entry.metadata().unwrap();
            lines.push(format!("{:o} {name}", metadata.permissions().mode() & 0o7777));
            if metadata.is_dir() {
                walk(&entry.path(), &format!("{name}/"), lines);
            }
        }
    }
    let mut lines = Vec::new();
    walk(directory, "", &mut lines);
    lines.sort_by(|one, other| one.split_once(' ').map(|pair| pair.1).cmp(&other.split_once(' ').map(|pair| pair.1)));
    lines
}

#[test]
fn prepare_leaves_the_tree_of_the_reference_and_nothing_temporary() {
    let runtime = TempDir::new().unwrap();
    let workspace = TempDir::new().unwrap();
    let workspace = workspace.path().join("ws");
    write_files(&workspace, "lpar1", &prepared(runtime.path()), &mut components(runtime.path()).into_iter(), &free).unwrap();
    assert_eq!(
        tree(&workspace),
        [
            "700 .env",
            "600 .env/.instance-lpar1.env",
            "600 .env/.zowe-lpar1-merged.yaml",
            "600 .env/.zowe-lpar1.json",
            "600 .env/.zowe-merged.yaml",
            "600 .env/.zowe.json",
            "700 .env/alpha",
            "600 .env/alpha/.configs-lpar1.json",
            "600 .env/alpha/.instance-lpar1.env",
            "600 .env/alpha/manifest.yaml",
            "700 .env/beta-svc",
            "600 .env/beta-svc/.instance-lpar1.env",
            "750 api-mediation",
            "770 api-mediation/api-defs",
            "755 app-server",
            "755 app-server/plugins",
            "750 discovery",
            "770 discovery/sharedLibs",
            "750 gateway",
            "770 gateway/sharedLibs",
            "644 manifest.json",
            "750 zaas",
            "750 zaas/sharedLibs",
        ]
    );
    assert_eq!(std::fs::metadata(&workspace).unwrap().permissions().mode() & 0o7777, 0o770);
    let read = |name: &str| std::fs::read_to_string(workspace.join(".env").join(name)).unwrap();
    assert_eq!(read(".zowe-lpar1.json"), "{\n  \"a\": 2\n}");
    assert_eq!(read("alpha/.instance-lpar1.env"), "#!/bin/sh\nZWE_configs_port=9101\n");
    let merged: Value = serde_yaml::from_str(&read(".zowe-merged.yaml")).unwrap();
    assert_eq!(merged["zowe"]["job"]["name"], "007");
    let merged: Value = serde_yaml::from_str(&read(".zowe-lpar1-merged.yaml")).unwrap();
    assert_eq!(merged["zowe"]["job"]["name"], "008");

    // Of an instance that haInstances does not have any more nothing is left to be read.
    let none = PreparedFiles { instance_merged: None, ..prepared(runtime.path()) };
    write_files(&workspace, "lpar1", &none, &mut components(runtime.path()).into_iter(), &free).unwrap();
    assert!(!workspace.join(".env/.zowe-lpar1-merged.yaml").exists() && workspace.join(".env/.zowe-merged.yaml").exists());
}

#[test]
fn a_second_instance_leaves_the_files_of_the_first_alone() {
    let runtime = TempDir::new().unwrap();
    let workspace = TempDir::new().unwrap();
    let mut files = prepared(runtime.path());
    let mut alpha_and_beta = components(runtime.path());
    write_files(workspace.path(), "lpar1", &files, &mut alpha_and_beta.clone().into_iter(), &free).unwrap();
    files.instance = serde_json::json!({"a": 3});
    alpha_and_beta[0].environment = environment(&[("ZWE_configs_port", b"9202")]);
    write_files(workspace.path(), "lpar2", &files, &mut alpha_and_beta.into_iter(), &free).unwrap();
    let read = |name: &str| std::fs::read_to_string(workspace.path().join(".env").join(name)).unwrap();
    assert_eq!(read(".zowe-lpar1.json"), "{\n  \"a\": 2\n}");
    assert_eq!(read("alpha/.instance-lpar1.env"), "#!/bin/sh\nZWE_configs_port=9101\n");
    assert_eq!(read("alpha/.instance-lpar2.env"), "#!/bin/sh\nZWE_configs_port=9202\n");
}

#[test]
fn shared_files_are_written_only_while_the_lock_is_held() {
    let runtime = TempDir::new().unwrap();
    let workspace = TempDir::new().unwrap();
    let held_twice = std::cell::Cell::new(2);
    let locker = |path: &Path, _holder: &str| {
        assert_eq!(path, workspace.path().join(".env/.lock"));
        assert!(!workspace.path().join(".env/.zowe.json").exists());
        if held_twice.get() == 0 {
            return free(path, "");
        }
        held_twice.set(held_twice.get() - 1);
        Err(LockError::Held("HA instance lpar2".into()))
    };
    write_files(workspace.path(), "lpar1", &prepared(runtime.path()), &mut components(runtime.path()).into_iter(), &locker).unwrap();
    assert_eq!(held_twice.get(), 0);
    assert!(workspace.path().join(".env/.zowe.json").exists());
}

#[test]
fn a_component_cannot_name_its_way_out_of_the_workspace() {
    let workspace = TempDir::new().unwrap();
    for name in ["", ".", "..", "../x", "a/b", ".env"] {
        let mut component = std::iter::once(ComponentFiles { name: name.into(), ..ComponentFiles::default() });
        let error = write_files(workspace.path(), "lpar1", &PreparedFiles::default(), &mut component, &free).unwrap_err();
        assert!(matches!(error, WorkspaceError::ComponentName(_)), "{name}: {error}");
    }
}

#[test]
fn an_environment_directory_that_was_opened_up_is_closed_again() {
    let workspace = TempDir::new().unwrap();
    make_directories(workspace.path()).unwrap();
    let private = workspace.path().join(".env");
    std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o755)).unwrap();
    make_directories(workspace.path()).unwrap();
    assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o7777, 0o700);
}

#[test]
fn a_link_in_place_of_a_file_is_replaced_not_followed() {
    let directory = TempDir::new().unwrap();
    let victim = directory.path().join("victim");
    std::fs::write(&victim, "untouched").unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    write_atomically(&link, b"new", 0o600).unwrap();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "untouched");
    assert_eq!(std::fs::read_to_string(&link).unwrap(), "new");
}

#[test]
fn a_file_that_cannot_be_renamed_into_place_leaves_nothing_behind() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("target");
    std::fs::create_dir(&target).unwrap();
    assert!(write_atomically(&target, b"x", 0o600).is_err());
    assert_eq!(tree(directory.path()).len(), 1);
}
