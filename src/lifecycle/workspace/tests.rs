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

/// What a process started by `script` sees, `$1` being the file, in the code page of this machine's shell.
fn shell_environment(script: &str, file: &Path) -> BTreeMap<String, Vec<u8>> {
    let directory = TempDir::new().unwrap();
    let text = text_file::decode(std::fs::read(file).unwrap());
    let file = directory.path().join("file");
    std::fs::write(&file, text).unwrap();
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
        common: environment(&[("ZWE_a", b"2")]),
        runtime_manifest: Some(runtime.join("manifest.json")),
    }
}

fn components(runtime: &Path) -> Vec<ComponentFiles> {
    vec![
        ComponentFiles {
            name: "alpha".into(),
            own: environment(&[("ZWE_configs_port", b"9101")]),
            configs: Some(serde_json::json!({"port": 9101})),
            manifest_file: Some(runtime.join("manifest.yaml")),
        },
        ComponentFiles { name: "beta-svc".into(), ..ComponentFiles::default() },
    ]
}

/// Whatever its code page.
fn text_of(path: &Path) -> String {
    crate::config::encoding::decode(&std::fs::read(path).unwrap()).unwrap()
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
    let read = |name: &str| text_of(&workspace.join(".env").join(name));
    assert_eq!(read(".zowe-lpar1.json"), "{\n  \"a\": 2\n}");
    assert_eq!(read("alpha/.instance-lpar1.env"), "#!/bin/sh\nZWE_a=2\nZWE_configs_port=9101\n");
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
    alpha_and_beta[0].own = environment(&[("ZWE_configs_port", b"9202")]);
    write_files(workspace.path(), "lpar2", &files, &mut alpha_and_beta.into_iter(), &free).unwrap();
    let read = |name: &str| text_of(&workspace.path().join(".env").join(name));
    assert_eq!(read(".zowe-lpar1.json"), "{\n  \"a\": 2\n}");
    assert_eq!(read("alpha/.instance-lpar1.env"), "#!/bin/sh\nZWE_a=2\nZWE_configs_port=9101\n");
    assert_eq!(read("alpha/.instance-lpar2.env"), "#!/bin/sh\nZWE_a=2\nZWE_configs_port=9202\n");
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
    text_file::write(&link, b"new", 0o600, TextFile::OwnRecord).unwrap();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "untouched");
    assert_eq!(std::fs::read_to_string(&link).unwrap(), "new");
}

#[test]
fn a_file_that_cannot_be_renamed_into_place_leaves_nothing_behind() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("target");
    std::fs::create_dir(&target).unwrap();
    assert!(text_file::write(&target, b"x", 0o600, TextFile::OwnRecord).is_err());
    assert_eq!(tree(directory.path()).len(), 1);
}

#[test]
fn what_cannot_be_listed_or_removed_is_an_error_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    remove_abandoned(&at("none")).unwrap();
    std::os::unix::fs::symlink(at("loop"), at("loop")).unwrap();
    assert!(remove_abandoned(&at("loop")).unwrap_err().to_string().contains("loop"));
    // A directory of that name is nothing that this program has left, and cannot be removed like a file.
    let odd = at(".f.1.2.tmp");
    std::fs::create_dir(&odd).unwrap();
    let old = std::time::SystemTime::now() - Duration::from_secs(7200);
    std::fs::File::open(&odd).unwrap().set_modified(old).unwrap();
    assert!(remove_abandoned(directory.path()).unwrap_err().to_string().contains(".f.1.2.tmp"));
}

/// Content, inode and time of the last change of every file below a directory.
fn state(directory: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let (path, metadata) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
        if metadata.is_dir() {
            found.extend(state(&path));
        } else {
            let content = std::fs::read(&path).unwrap();
            found.insert(path, (content, metadata.ino(), metadata.mtime(), metadata.mtime_nsec()));
        }
    }
    found
}

/// Those whose inode or time is another, below the directory of the environments.
#[cfg(not(zwelnch_zos))]
fn rewritten(workspace: &Path, before: &BTreeMap<PathBuf, (Vec<u8>, u64, i64, i64)>) -> Vec<String> {
    let changed = state(workspace).into_iter().filter(|(path, now)| before.get(path) != Some(now));
    changed.map(|(path, _)| path.strip_prefix(workspace.join(".env")).unwrap().display().to_string()).collect()
}

/// Not on the stub of z/OS, which keeps tags only where it has a directory: a file whose tag is not known is written anew.
#[cfg(not(zwelnch_zos))]
#[test]
fn what_has_not_changed_is_not_written_again_and_one_change_writes_what_it_concerns() {
    let runtime = TempDir::new().unwrap();
    let directory = TempDir::new().unwrap();
    let workspace = directory.path().join("ws");
    let (mut files, mut all) = (prepared(runtime.path()), components(runtime.path()));
    let write = |files: &PreparedFiles, all: &[ComponentFiles]| {
        write_files(&workspace, "lpar1", files, &mut all.iter().cloned(), &free).unwrap();
    };
    write(&files, &all);
    let before = state(&workspace);
    assert_eq!(before.len(), 10);
    write(&files, &all);
    assert_eq!(rewritten(&workspace, &before), Vec::<String>::new());
    all[0].own = environment(&[("ZWE_configs_port", b"9102")]);
    write(&files, &all);
    assert_eq!(rewritten(&workspace, &before), ["alpha/.instance-lpar1.env"]);
    let before = state(&workspace);
    files.base = serde_json::json!({"a": 7});
    std::fs::write(runtime.path().join("manifest.yaml"), "name: alpha\n# new\n").unwrap();
    write(&files, &all);
    assert_eq!(rewritten(&workspace, &before), [".zowe.json", "alpha/manifest.yaml"]);
    let before = state(&workspace);
    files.instance = serde_json::json!({"a": 3});
    write(&files, &all);
    assert_eq!(rewritten(&workspace, &before), [".zowe-lpar1.json", "alpha/.configs-lpar1.json"]);
    // What somebody has opened up, or changed, is made anew.
    let before = state(&workspace);
    let [opened, changed] = [".zowe.json", "beta-svc/.instance-lpar1.env"].map(|name| workspace.join(".env").join(name));
    std::fs::set_permissions(&opened, std::fs::Permissions::from_mode(0o644)).unwrap();
    let right = std::fs::read(&changed).unwrap();
    let wrong: Vec<u8> = right.iter().map(|byte| if *byte == b'2' { b'3' } else { *byte }).collect();
    assert!(wrong != right);
    std::fs::write(&changed, wrong).unwrap();
    write(&files, &all);
    assert_eq!(rewritten(&workspace, &before), [".zowe.json", "beta-svc/.instance-lpar1.env"]);
    assert_eq!((std::fs::metadata(&opened).unwrap().permissions().mode() & 0o7777, std::fs::read(&changed).unwrap()), (0o600, right));
}

/// A small instance: which components it has, and what they and it are configured with.
fn any_instance() -> impl Strategy<Value = (PreparedFiles, Vec<ComponentFiles>)> {
    let value = || prop_oneof!["[a-c ]{0,3}".prop_map(Value::from), (0..3i32).prop_map(Value::from)];
    let variables = || prop::collection::btree_map("ZWE_[A-C]", "[a-c' ]{0,3}".prop_map(OsString::from), 0..4);
    let component = (variables(), prop::option::of(value()));
    let all = prop::collection::btree_map("c[0-3]", component, 0..4);
    (value(), prop::option::of(value()), variables(), all).prop_map(|(instance, merged, common, all)| {
        let instance = serde_json::json!({ "a": instance });
        let files = PreparedFiles {
            merged: instance.clone(),
            base: instance.clone(),
            instance,
            instance_merged: merged,
            environment: common.clone(),
            common,
            runtime_manifest: None,
        };
        let of =
            |(name, (own, configs)): (String, (Environment, Option<Value>))| ComponentFiles { name, own, configs, manifest_file: None };
        (files, all.into_iter().map(of).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whatever was in the workspace before, it has the files that a new one gets; others are of components that were there once.
    #[test]
    fn after_any_changes_the_workspace_is_as_a_new_one(instances in prop::collection::vec(any_instance(), 1..6)) {
        let directory = TempDir::new().unwrap();
        let [old, new] = ["old", "new"].map(|name| directory.path().join(name));
        for (files, all) in &instances {
            write_files(&old, "lpar1", files, &mut all.clone().into_iter(), &free).unwrap();
        }
        let (files, all) = instances.last().unwrap();
        write_files(&new, "lpar1", files, &mut all.clone().into_iter(), &free).unwrap();
        let of = |workspace: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
            state(workspace).into_iter().map(|(path, (content, ..))| (path.strip_prefix(workspace).unwrap().to_path_buf(), content)).collect()
        };
        let (old, new) = (of(&old), of(&new));
        for (path, content) in &new {
            prop_assert_eq!(old.get(path), Some(content), "{}", path.display());
        }
        for path in old.keys().filter(|path| !new.contains_key(*path)) {
            prop_assert!(path.components().count() == 3, "{}", path.display());
        }
    }
}
