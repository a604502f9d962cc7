//! The files of the workspace against those that the public server commands left (../shared/golden), and the variables that `env` shows
//! against those that a started component has.

use crate::harness::{Instance, Running, program, skip};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("{} is absent", path.display()));
    None
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// Every file under a directory, by its path from there.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![directory.to_path_buf()]);
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().display().to_string();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Cases that ours refuses to start: said by the tests of the configuration.
const REFUSED: &[&str] = &["15-dup-keys", "17-template-errors", "21-tags", "25-missing-ha"];

/// Files of ours that the public tools do not write.
fn is_ours_alone(name: &str, ha_id: &str) -> bool {
    let own = [".lock".to_owned(), format!(".{ha_id}.lock"), format!(".zowe-{ha_id}-merged.yaml")];
    name.strip_prefix(".env/").is_some_and(|name| own.iter().any(|own| own == name) || name.starts_with(".zwelnch"))
}

/// One golden case on the built program: its workspace after the prepare step, with directories as in the expectations.
struct Golden {
    directory: tempfile::TempDir,
}

impl Golden {
    fn new(golden: &Path, zowe: &Path) -> Golden {
        let directory = tempfile::Builder::new().prefix("zwelnch-it-").tempdir().unwrap();
        let runtime = directory.path().join("runtime");
        copy_tree(&golden.join("_runtime"), &runtime);
        copy_tree(&zowe.join("schemas"), &runtime.join("schemas"));
        fs::create_dir_all(runtime.join("files")).unwrap();
        fs::copy(zowe.join("defaults.yaml"), runtime.join("files/defaults.yaml")).unwrap();
        // The golden runtime directory came without the start scripts that its manifests name.
        for component in ["components/alpha", "components/beta-svc", "components/gamma", "extensions/delta"] {
            fs::create_dir_all(runtime.join(component).join("bin")).unwrap();
            fs::write(runtime.join(component).join("bin/start.sh"), "exec sleep 1000\n").unwrap();
        }
        fs::create_dir(directory.path().join("system")).unwrap();
        fs::set_permissions(directory.path().join("system"), fs::Permissions::from_mode(0o700)).unwrap();
        Golden { directory }
    }

    fn places(&self) -> [(&'static str, String); 5] {
        let root = self.directory.path().display().to_string();
        [
            ("@EXTENSIONS@", format!("{root}/runtime/extensions")),
            ("@RUNTIME@", format!("{root}/runtime")),
            ("@WORKSPACE@", format!("{root}/workspace")),
            ("@LOGS@", format!("{root}/logs")),
            ("@CASES@", format!("{root}/cases")),
        ]
    }

    fn placed(&self, text: &str) -> String {
        self.places().iter().fold(text.to_owned(), |text, (place, path)| text.replace(place, path))
    }

    fn run(&self, case: &Path, ha_id: &str) -> BTreeMap<String, Vec<u8>> {
        let workspace = self.directory.path().join("workspace");
        let _ = fs::remove_dir_all(&workspace);
        let mut config = Vec::new();
        for name in ["zowe.yaml", "a.yaml", "b.yaml"].iter().filter(|name| case.join(name).exists()) {
            let text = self.placed(&fs::read_to_string(case.join(name)).unwrap());
            fs::write(self.directory.path().join(name), text).unwrap();
            config.push(format!("FILE({})", self.directory.path().join(name).display()));
        }
        let defaults = self.directory.path().join("runtime/files/defaults.yaml");
        config.push(format!("FILE({})", defaults.display()));
        let mut launcher = Command::new(program());
        launcher.arg(ha_id).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", "/root");
        launcher.env("CONFIG", config.join(":")).env("ZWELNCH_SYSTEM", self.directory.path().join("system")).stdin(Stdio::null());
        let mut running = Running::spawn(launcher, self.directory.path());
        running.wait_for("ZWEL0018I");
        let found = files(&workspace);
        running.signal(nix::sys::signal::Signal::SIGTERM);
        running.wait_end();
        found
    }
}

#[test]
fn every_file_is_as_the_public_tools_write_it() {
    let (Some(golden), Some(zowe)) = (shared("golden"), shared("zowe")) else { return };
    let place = Golden::new(&golden, &zowe);
    let mut cases: Vec<PathBuf> = fs::read_dir(&golden).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("ws.lpar1").is_dir() || case.join("ws.lpar2").is_dir());
    cases.sort();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        for ha_id in ["lpar1", "lpar2"].iter().filter(|id| case.join(format!("ws.{id}/ws")).is_dir()) {
            if REFUSED.contains(&name.as_str()) {
                continue;
            }
            let expected = files(&case.join(format!("ws.{ha_id}/ws")));
            let ours = place.run(&case, ha_id);
            for (file, expected) in &expected {
                compared += 1;
                let Some(ours) = ours.get(file) else {
                    wrong.push(format!("{name} {ha_id}: {file} is not there"));
                    continue;
                };
                let (ours, expected) = (String::from_utf8_lossy(ours), place.placed(&String::from_utf8_lossy(expected)));
                wrong.extend(
                    differences(&name, ha_id, file, &ours, &expected).into_iter().map(|why| format!("{name} {ha_id}: {file}: {why}")),
                );
            }
            let extra = ours.keys().filter(|file| !expected.contains_key(*file) && !is_ours_alone(file, ha_id));
            wrong.extend(extra.map(|file| format!("{name} {ha_id}: {file} is no file of the public tools")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 200, "{compared}");
}

/// What differs in one file, but for what is right so.
fn differences(case: &str, ha_id: &str, file: &str, ours: &str, expected: &str) -> Vec<String> {
    let base = file.rsplit('/').next().unwrap();
    let _ = (case, ha_id);
    if base.ends_with(".json") && file.starts_with(".env/") {
        let (ours, expected) = (serde_json::from_str(ours).unwrap(), serde_json::from_str(expected).unwrap());
        return values("", &ours, &expected);
    }
    if base == ".zowe-merged.yaml" {
        let (ours, expected) = (serde_yaml::from_str(ours).unwrap(), serde_yaml::from_str(expected).unwrap());
        return values("", &ours, &expected);
    }
    if base.ends_with(".env") {
        let (ours, expected) = (variables(ours), variables(expected));
        let names: BTreeSet<&String> = ours.keys().chain(expected.keys()).collect();
        let differ = names.into_iter().filter(|name| ours.get(*name) != expected.get(*name));
        return differ.map(|name| format!("{name}: {:?}, not {:?}", ours.get(name), expected.get(name))).collect();
    }
    if ours == expected { Vec::new() } else { vec![format!("{ours:?}, not {expected:?}")] }
}

/// Paths at which two values differ.
fn values(path: &str, ours: &Value, expected: &Value) -> Vec<String> {
    match (ours, expected) {
        (Value::Object(ours), Value::Object(expected)) => {
            let keys: BTreeSet<&String> = ours.keys().chain(expected.keys()).collect();
            let null = Value::Null;
            let both = |key: &&String| (ours.get(*key).unwrap_or(&null).clone(), expected.get(*key).unwrap_or(&null).clone());
            keys.iter()
                .flat_map(|key| {
                    let (mine, theirs) = both(key);
                    if ours.contains_key(*key) == expected.contains_key(*key) {
                        values(&format!("{path}/{key}"), &mine, &theirs)
                    } else {
                        vec![format!("{path}/{key}: {mine}, not {theirs}, present {}", ours.contains_key(*key))]
                    }
                })
                .collect()
        }
        (ours, expected) if ours == expected => Vec::new(),
        (ours, expected) => vec![format!("{path}: {ours}, not {expected}")],
    }
}

/// The assignments of a file that a shell sources.
fn variables(text: &str) -> BTreeMap<String, String> {
    let assignment = |line: &str| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        let value = ['\'', '"'].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value);
        Some((name.to_owned(), value.replace("'\\''", "'")))
    };
    text.lines().filter_map(assignment).collect()
}
