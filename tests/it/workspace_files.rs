//! The files of the workspace compared with those that the public server commands left (../shared/golden), and the variables that `env`
//! shows compared with those of a started component.

use crate::harness::{Instance, Running, kill_processes_of, processes_of, program, skip, text};
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

/// Cases that our launcher refuses to start: covered by the tests of the configuration.
const REFUSED: &[&str] = &["15-dup-keys", "17-template-errors", "21-tags", "25-missing-ha"];

/// Files of ours that the public tools do not write.
fn is_ours_alone(name: &str, ha_id: &str) -> bool {
    let own = [
        ".lock".to_owned(),
        format!(".{ha_id}.lock"),
        format!(".{ha_id}.processes"),
        format!(".zowe-{ha_id}-merged.yaml"),
        format!(".registered-{ha_id}.json"),
    ];
    // The public tools copy no directories of shared libraries.
    name.ends_with("/sharedLibs/gamma/gamma.jar") || name.starts_with(".env/") && own.iter().any(|own| name.rsplit('/').next() == Some(own))
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
        fs::rename(runtime.join("extensions"), directory.path().join("extensions")).unwrap();
        copy_tree(&zowe.join("schemas"), &runtime.join("schemas"));
        fs::create_dir_all(runtime.join("files")).unwrap();
        fs::copy(zowe.join("defaults.yaml"), runtime.join("files/defaults.yaml")).unwrap();
        // The golden runtime directory came without the start scripts that its manifests name.
        for component in ["components/alpha", "components/beta-svc", "components/gamma", "../extensions/delta"] {
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
            ("@EXTENSIONS@", format!("{root}/extensions")),
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
                if file.starts_with("app-server/pluginDirs/") {
                    // The public tool copies the plug-in, to which its pointer does not point.
                    continue;
                }
                compared += 1;
                let Some(ours) = ours.get(file) else {
                    wrong.push(format!("{name} {ha_id}: {file} is not there"));
                    continue;
                };
                let (ours, expected) = (String::from_utf8_lossy(ours), place.placed(&String::from_utf8_lossy(expected)));
                wrong.extend(differences(&name, file, &ours, &expected).into_iter().map(|why| format!("{name} {ha_id}: {file}: {why}")));
            }
            let extra = ours.keys().filter(|file| !expected.contains_key(*file) && !is_ours_alone(file, ha_id));
            wrong.extend(extra.map(|file| format!("{name} {ha_id}: {file} is no file of the public tools")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 200, "{compared}");
}

/// Why a different value is right: the case (empty: all), the last part of its path or the name of its variable, the reason.
const RIGHT: &[(&str, &str, &str)] = &[
    ("02-templates", "chain1", "forward references resolve"),
    ("02-templates", "cookieIdentifier", "forward references resolve"),
    ("02-templates", "mixed", "each expression is evaluated by itself and joined as text"),
    ("02-templates", "two", "each expression is evaluated by itself and joined as text"),
    ("02-templates", "undef", "undefined is null in ours, with a warning"),
    ("02-templates", "missing", "undefined is null in ours, with a warning"),
    ("02-templates", "flt", "the public writer of YAML rounds to six digits; the JSON files agree"),
    ("02-templates", "big", "the public writer of YAML writes large integers as floats; the JSON files agree"),
    ("02-templates", "___zowe_internal_type__", "what is not evaluated leaves no objects behind in ours"),
    ("02-templates", "_source", "what is not evaluated leaves no objects behind in ours"),
    ("03-ha-overlay", "_list_1", "an element of a list that a shorter one replaced is no variable in ours"),
];

/// Variables of a snapshot that are not part of the contract: set by the shell library of the server commands or for their snapshot, or by
/// the process.
const NOT_OF_COMPONENTS: &[&str] = &[
    "ZWE_PRIVATE_",
    "ZWE_CLI_",
    "ZWE_PWD",
    "NODE_STD",
    "_BPXK_AUTOCVT",
    "_CEE_RUNOPTS",
    "_EDC_ADD_ERRNO2",
    "_TAG_REDIR_",
    "__UNTAGGED_READ_MODE",
    "rc",
    "PATH",
    "HOME",
    "USER",
];

/// Variables of every component that the public tools of the goldens' level did not have, or left out of their snapshots.
const NEWER: &[&str] = &[
    "CONFIG",
    "ROOT_DIR",
    "WORKSPACE_DIR",
    "ZWELNCH_SYSTEM",
    "_BPX_SHAREAS",
    "ZWE_LAUNCH_COMPONENTS",
    "ZWE_ALLOWED_DOMAINS",
    "ZWE_HA_INSTANCE_CONFIG",
    "ZOSMF_SCHEME",
    "ZOSMF_SECURE_PORT_ENABLED",
    "ZOSMF_NON_SECURE_PORT_ENABLED",
    "ZOSMF_AUTHENTICATION_SCHEME",
];

/// What differs in one file, except where the difference is right.
fn differences(case: &str, file: &str, ours: &str, expected: &str) -> Vec<String> {
    let base = file.rsplit('/').next().unwrap();
    let mut found = if base.ends_with(".json") && file.starts_with(".env/") {
        let (ours, mut expected): (Value, Value) = (serde_json::from_str(ours).unwrap(), serde_json::from_str(expected).unwrap());
        if base.starts_with(".configs-") {
            // The public tool leaves the overlay out of `configs`, though not out of ZWE_configs_ and of `components`.
            let component = file.split('/').nth(1).unwrap();
            expected["configs"] = expected["components"][component].clone();
        }
        values("", &ours, &expected)
    } else if base == ".zowe-merged.yaml" {
        values("", &serde_yaml::from_str(ours).unwrap(), &serde_yaml::from_str(expected).unwrap())
    } else if base.starts_with(".instance-") {
        let mut ours = variables(ours);
        ours.retain(|name, _| !NEWER.contains(&name.as_str()));
        names("", &ours, &variables(expected))
    } else if base.ends_with(".env") {
        let contract = |variables: BTreeMap<String, String>| -> BTreeMap<String, String> {
            let is_contract =
                |name: &String| !NOT_OF_COMPONENTS.iter().any(|prefix| name.starts_with(prefix)) && !NEWER.contains(&name.as_str());
            variables.into_iter().filter(|(name, _)| is_contract(name)).collect()
        };
        let (mut ours, mut expected) = (contract(variables(ours)), contract(variables(expected)));
        for list in [&mut ours, &mut expected] {
            // In the order in which the directory was read.
            list.entry("ZWE_INSTALLED_COMPONENTS".into()).and_modify(|names| {
                let mut sorted: Vec<&str> = names.split(',').collect();
                sorted.sort_unstable();
                *names = sorted.join(",");
            });
        }
        if file.starts_with(".env/gamma/") {
            // The public tool leaves it those of the component that was configured before; it has none but these.
            expected.retain(|name, _| !name.starts_with("ZWE_configs_") || name == "ZWE_configs_enabled");
        }
        names("", &ours, &expected)
    } else if file == "app-server/plugins/org.peer.gamma.plugin.json" {
        // The public tool names the pointer file itself as the plug-in's place.
        let value: Value = serde_json::from_str(ours).unwrap();
        let is_good = value["identifier"] == "org.peer.gamma.plugin" && value["pluginLocation"] == "components/gamma/web";
        if is_good { Vec::new() } else { vec![ours.to_owned()] }
    } else if ours == expected {
        Vec::new()
    } else {
        vec![format!("{ours:?}, not {expected:?}")]
    };
    let is_right = |difference: &String| {
        let name = difference.split(": ").next().unwrap();
        RIGHT.iter().any(|(of, end, _)| (of.is_empty() || *of == case) && name.ends_with(end))
    };
    found.retain(|difference| !is_right(difference));
    found
}

fn names(path: &str, ours: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = ours.keys().chain(expected.keys()).collect();
    let differ = names.into_iter().filter(|name| ours.get(*name) != expected.get(*name));
    differ.map(|name| format!("{path}{name}: {:?}, not {:?}", ours.get(name), expected.get(name))).collect()
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

/// What a process has besides what was set for it: variables of the shell that runs it, and the launcher's mark.
const OF_THE_PROCESS: &[&str] = &["PWD", "OLDPWD", "SHLVL", "_", "ZWELNCH_RUN"];

#[test]
fn env_shows_what_a_start_sets() {
    let tells =
        "env -0 > \"$ZWE_zowe_workspaceDirectory/../seen-$ZWE_CLI_PARAMETER_COMPONENT\"; echo told $ZWE_configs_colour; exec sleep 1000";
    let instance = Instance::new()
        .component("plain", tells, "colour: red\nlist: [1, two, {three: 3}]\nempty: null\ntext: \"a 'b' $c\"")
        .component("made", tells, "colour: red")
        .component("other", "exec sleep 1000", "port: 18003")
        .extra("haInstances:\n  lpar1:\n    hostname: one.example.com\n    sysname: LPR1\n    components: {plain: {colour: violet}}\n");
    instance.manifest("plain", "configs: {greeting: hello, colour: none}\n");
    instance.script("made", "configure", "export FROM_CONFIGURE=yes\n");
    instance.write_config();
    let yaml = fs::read_to_string(instance.config()).unwrap();
    let extended =
        yaml.replace("  configmgr:", "  environments: {MINE: of the configuration}\n  externalDomains: [a.example.com]\n  configmgr:");
    fs::write(instance.config(), &extended).unwrap();
    // A started task inherits no PATH; `env` does not know what it would inherit.
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env_remove("PATH");
    let running = Running::spawn(launcher, instance.directory.path());
    running.wait_for_count("told ", 2);
    let mut inherited: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in [("HOME", instance.directory.path()), ("CONFIG", &instance.config()), ("ZWELNCH_SYSTEM", &instance.system())] {
        inherited.insert(name.to_owned(), value.display().to_string());
    }
    let compare = |when: &str, colours: [&str; 2]| {
        for (component, colour) in ["plain", "made"].into_iter().zip(colours) {
            let mut command = Command::new(program());
            command.arg("env").arg("-c").arg(instance.config()).args(["--ha-instance", "lpar1", component, "--show-secrets"]);
            command.env_clear().envs(&inherited);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", text(&output));
            let shown: BTreeMap<String, String> = String::from_utf8(output.stdout)
                .unwrap()
                .lines()
                .filter_map(|line| line.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let seen = fs::read(instance.path(&format!("seen-{component}"))).unwrap();
            let mut seen: BTreeMap<String, String> = seen
                .split(|byte| *byte == 0)
                .filter_map(|line| String::from_utf8_lossy(line).split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
                .collect();
            assert_eq!(seen.get("ZWE_configs_colour").map(String::as_str), Some(colour), "{when}");
            seen.retain(|name, value| {
                let of_the_process = OF_THE_PROCESS.contains(&name.as_str());
                let of_the_launcher = !shown.contains_key(name) && inherited.get(name) == Some(value);
                let of_configure = component == "made" && name == "FROM_CONFIGURE";
                !of_the_process && !of_the_launcher && !of_configure
            });
            let wrong = names("", &shown, &seen);
            assert!(wrong.is_empty(), "{when}, {component}: {}", wrong.join("\n"));
        }
    };
    compare("after S", ["violet", "red"]);
    // Everything changes: what is common to all, and what is each component's own.
    let changed = extended
        .replace("red", "blue")
        .replace("violet", "white")
        .replace("a.example.com", "b.example.com")
        .replace("of the configuration", "of another")
        .replace("18003", "18004");
    fs::write(instance.config(), &changed).unwrap();
    instance.modify("RESTART(plain,made)");
    running.wait_for("told white");
    running.wait_for("told blue");
    compare("after RESTART", ["white", "blue"]);
    let merged = fs::read_to_string(instance.path("workspace/.env/.zowe-lpar1-merged.yaml")).unwrap();
    assert!(merged.contains("colour: white") && merged.contains("b.example.com"), "{merged}");
    fs::write(instance.config(), changed.replace("blue", "green").replace("white", "black").replace("b.example.com", "c.example.com"))
        .unwrap();
    instance.modify("RELOAD");
    running.wait_for("told black");
    running.wait_for("told green");
    compare("after RELOAD", ["black", "green"]);
    // A restart of the component by itself does not take anything from the configuration.
    assert!(!processes_of(instance.directory.path()).is_empty());
    kill_processes_of(instance.directory.path());
}
