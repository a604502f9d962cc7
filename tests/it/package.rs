//! `zwelnch component list`, `install`, `upgrade`, `uninstall`, `enable`, `disable`, `search`, `pack`.

mod archives;
mod editing;
mod hostile;

use crate::harness::{Instance, PATIENCE, settled_program, text, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// A configuration with comments, a runtime with one component, and a directory of extensions.
struct Site {
    place: tempfile::TempDir,
}

const CONFIG: &str = "# my Zowe\nzowe:\n  runtimeDirectory: @/runtime   # where\n  workspaceDirectory: @/workspace\n  extensionDirectory: @/ext\ncomponents:\n  # the gateway\n  gateway:\n    enabled: true  # yes\nhaInstances:\n  lpar1:\n    sysname: LPR1\n  lpar2: {sysname: LPR2}\n";

impl Site {
    fn new() -> Site {
        let site = Site { place: tempfile::Builder::new().prefix("zwelnch-package-").tempdir().unwrap() };
        site.write("runtime/components/gateway/manifest.yaml", "name: gateway\nid: org.zowe.gateway\nversion: 3.1.0\n");
        site.write("zowe.yaml", &CONFIG.replace('@', &site.place.path().display().to_string()));
        site
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.place.path().join(relative)
    }

    fn write(&self, relative: &str, content: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn config(&self) -> String {
        fs::read_to_string(self.path("zowe.yaml")).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = settled_program();
        command.arg("component").args(arguments).current_dir(self.place.path()).env("CONFIG", self.path("zowe.yaml"));
        command.env_remove("ZWELNCH_SYSTEM").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that has to end with this code and to say all of these.
    fn expect(&self, arguments: &[&str], code: i32, said: &[&str]) -> String {
        let output = self.run(arguments);
        let all = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{all}");
        for said in said {
            assert!(all.contains(said), "{arguments:?}: {said} is missing in\n{all}");
        }
        all
    }

    /// A component's directory below `src`.
    fn source(&self, name: &str, version: &str, commands: &str) -> PathBuf {
        self.write(&format!("src/{name}/manifest.yaml"), &format!("name: {name}\nid: org.example.{name}\nversion: {version}\n{commands}"));
        self.path(&format!("src/{name}"))
    }

    /// Names in the directory of extensions, but for the lock.
    fn installed(&self) -> Vec<String> {
        let mut names: Vec<String> = match fs::read_dir(self.path("ext")) {
            Ok(entries) => entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
            Err(_) => Vec::new(),
        };
        names.retain(|name| name != ".zwelnch-components.lock");
        names.sort();
        names
    }
}

/// What a directory holds: by name, what it is and what is in it. `modes`: and whether it is executable.
fn tree(directory: &Path, modes: bool) -> BTreeMap<String, String> {
    fn walk(at: &Path, root: &Path, modes: bool, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let what = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else if metadata.is_dir() {
                walk(&path, root, modes, found);
                "directory".to_owned()
            } else {
                let executable = if modes && metadata.permissions().mode() & 0o100 != 0 { "x " } else { "" };
                format!("{executable}{}", String::from_utf8_lossy(&fs::read(&path).unwrap()))
            };
            found.insert(name, what);
        }
    }
    let mut found = BTreeMap::new();
    walk(directory, directory, modes, &mut found);
    found
}

fn shell(directory: &Path, script: &str) {
    let output = Command::new("sh").arg("-c").arg(script).current_dir(directory).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{script}: {}", text(&output));
}

/// Ids and exit codes are zwe's: its `.errors` files, and the number modulo 256.
#[test]
fn commands_end_as_those_of_zwe() {
    let site = Site::new();
    site.source("mine", "1.0.0", "");
    site.source("unnamed", "1.0.0", "");
    fs::write(site.path("src/unnamed/manifest.yaml"), "id: x\n").unwrap();
    site.source("gateway", "9.9.9", "");
    site.expect(&["install", "-o", "src/mine"], 0, &["Installing file or folder=src/mine", "ZWEL1045I", "ZWEL1057I"]);
    let said = |id: u32, text: &str| (i32::try_from(id % 256).unwrap(), format!("ZWEL0{id}{text}"));
    let ext = site.path("ext").display().to_string();
    for (arguments, (code, text)) in [
        (
            vec!["install", "-o", "src/mine"],
            said(
                155,
                &format!(
                    "E Component mine already exists in {ext}. If you meant to upgrade this component, run the command 'zwe components upgrade' instead."
                ),
            ),
        ),
        (vec!["install", "src/gateway"], said(155, "E Component gateway already exists in")),
        (vec!["install", "src/unnamed"], said(167, "E Cannot find component name from src/unnamed package manifest.")),
        (vec!["install", "all"], said(314, "E Cannot install with component=all. This option only exists for upgrade.")),
        (
            vec!["install", "nothing.pax"],
            (255, "ZWEL0315E Handler (-handler or zowe.extensionRegistry.defaultHandler) required but not specified.".to_owned()),
        ),
        (vec!["enable", "--component-name", "nix"], said(152, "E Cannot find component nix.")),
        (vec!["disable", "-o", "../x"], said(152, "E Cannot find component ../x.")),
        (
            vec!["uninstall", "-o", "gateway"],
            said(
                307,
                "E Component gateway cannot be uninstalled, because it is a core component. If you do not want to use it, disable it instead.",
            ),
        ),
        (vec!["uninstall", "nix"], said(306, "W Component nix cannot be uninstalled, because it is not currently installed.")),
        (vec!["uninstall", ".."], said(306, "W Component .. cannot be uninstalled, because it is not currently installed.")),
        (vec!["search"], said(310, "E Component name (-name|-n) or id (-id,-d) required but not specified.")),
        (
            vec!["search", "-d", "org.x"],
            said(311, "E Handler (-handler,-h or zowe.extensionRegistry.defaultHandler) required but not specified."),
        ),
    ] {
        site.expect(&arguments, code, &[&text]);
    }
    site.expect(&["install", "mine"], 0, &["Already installed"]);
    site.expect(&["search", "mine"], 55, &["Component mine (org.example.mine) status: ENABLED version: 1.0.0"]);
    site.expect(&["search", "nix"], 55, &["Component nix status: UNINSTALLED"]);
    assert_eq!(site.installed(), ["mine"]);
    // Without a place for extensions, and with the worst one.
    let with = site.config();
    fs::write(site.path("zowe.yaml"), with.replace(&format!("  extensionDirectory: {ext}\n"), "")).unwrap();
    site.expect(
        &["install", "src/mine"],
        180,
        &["ZWEL0180E Zowe extension directory (zowe.extensionDirectory) is not defined in Zowe YAML"],
    );
    fs::write(site.path("zowe.yaml"), with.replace(&ext, "/")).unwrap();
    site.expect(&["install", "src/mine"], 153, &["ZWEL0153E Cannot install Zowe component to system root directory."]);
    site.write("file", "");
    fs::write(site.path("zowe.yaml"), with.replace(&ext, &site.path("file/below").display().to_string())).unwrap();
    site.expect(&["install", "src/mine"], 139, &["ZWEL0139E Failed to create directory"]);
}

#[test]
fn a_directory_is_linked_and_what_is_left_of_it_is_said() {
    let site = Site::new();
    let source = site.source("mine", "1.0.0", "");
    site.write("workspace/mine/state", "x");
    site.write("workspace/api-mediation/api-defs/mine.api_yml.lpar1.yml", "x");
    site.expect(
        &["install", "src/mine", "-c", site.path("zowe.yaml").to_str().unwrap()],
        0,
        &["ZWEL1048I components.mine.enabled is set to true"],
    );
    assert_eq!(fs::read_link(site.path("ext/mine")).unwrap(), source);
    let listed = site.expect(&["list"], 0, &["mine     1.0.0    extension  yes"]);
    assert!(listed.contains("gateway  3.1.0    core       yes"), "{listed}");
    site.expect(&["disable", "mine", "-i", "lpar2"], 0, &["haInstances.lpar2.components.mine.enabled is set to false"]);
    site.expect(&["list"], 0, &["extension  lpar1"]);
    let json: serde_json::Value = serde_json::from_slice(&site.run(&["list", "--format", "json"]).stdout).unwrap();
    let mine = json["components"].as_array().unwrap().iter().find(|component| component["name"] == "mine").unwrap().clone();
    assert_eq!((&mine["enabledPerInstance"]["lpar1"], &mine["enabledPerInstance"]["lpar2"]), (&true.into(), &false.into()));
    site.expect(
        &["uninstall", "mine"],
        0,
        &[
            "ZWEL1047I component mine is uninstalled",
            "left behind: its settings, components.mine",
            "left behind: its settings, haInstances.lpar2.components.mine",
            "left behind: its workspace,",
            "left behind: its static definition,",
        ],
    );
    // The link has gone, and not what it led to.
    assert!(site.installed().is_empty() && source.join("manifest.yaml").exists());
    assert!(site.config().contains("  mine:\n    enabled: false\n"));
}

#[test]
fn the_install_command_runs_as_zwe_runs_it() {
    let site = Site::new();
    site.write("runtime/bin/libs/configmgr-index.sh", "from_library() { echo \"library says $1\"; }\n");
    site.source("one", "1.0.0", "commands:\n  install: bin/install.sh first 'a b'\n");
    // Not executable: it is sourced. The code of its last command does not count.
    site.write("src/one/bin/install.sh", "from_library \"$(pwd): $# $2\"\nexport FROM_ONE='kept  as it is'\ntest -n ''\n");
    let all = site.expect(
        &["install", "src/one"],
        0,
        &["Process ", "defined in manifest commands.install:", "- commands.install output from one is:"],
    );
    assert!(all.contains(&format!("library says {}/ext/one: 2 a b", site.place.path().display())), "{all}");
    // One that ends with a code: it stays, is not enabled, and the command ends with that code.
    site.source("two", "1.0.0", "commands:\n  install: bin/install.sh\n");
    site.write("src/two/bin/install.sh", "echo before; exit 7\n");
    site.expect(&["install", "src/two"], 7, &["before", "ZWEL1055E component two: commands.install ended with"]);
    assert!(site.path("ext/two/manifest.yaml").exists() && !site.config().contains("two:"));
    // One that leaves its directory, or is not there, is not begun.
    for (name, file) in [("three", "../../zowe.yaml"), ("four", "bin/none.sh")] {
        site.source(name, "1.0.0", &format!("commands:\n  install: {file}\n"));
        site.expect(&["install", &format!("src/{name}")], 8, &["commands.install"]);
        assert!(!site.path(&format!("ext/{name}")).exists());
    }
}

#[test]
fn what_was_there_stays_until_the_new_one_is_good() {
    let site = Site::new();
    let packed = |version: &str, commands: &str| {
        let source = site.source("mine", version, commands);
        shell(&source, "tar -cf ../../mine.tar .");
    };
    packed("1.0.0", "");
    site.expect(&["install", "mine.tar"], 0, &[]);
    site.write("ext/mine/kept", "x");
    packed("2.0.0", "commands:\n  start: bin/none.sh\n");
    site.expect(&["upgrade", "mine.tar"], 8, &["ZWEL1050E", "commands.start"]);
    assert!(site.path("ext/mine/kept").exists());
    assert_eq!(site.installed(), ["mine"]);
    packed("2.0.0", "");
    site.expect(&["disable", "mine"], 0, &[]);
    site.expect(&["upgrade", "mine.tar", "-d"], 0, &["component mine 2.0.0 would be upgraded"]);
    assert!(site.path("ext/mine/kept").exists());
    site.expect(&["upgrade", "mine.tar"], 0, &["ZWEL1046I component mine is upgraded from 1.0.0 to 2.0.0"]);
    assert!(!site.path("ext/mine/kept").exists() && site.config().contains("  mine:\n    enabled: false\n"));
    // What a killed command has left goes with the next one.
    site.write("ext/.zwelnch-package.1.0.tmp/content/x", "x");
    site.expect(&["upgrade", "mine.tar"], 0, &[]);
    assert_eq!(site.installed(), ["mine"]);
    // An upgrade that was killed between its two renames.
    fs::rename(site.path("ext/mine"), site.path("ext/.mine.zwebkp")).unwrap();
    site.expect(&["install", "mine.tar"], 155, &["ZWEL1054W component mine is there again in"]);
    assert_eq!(site.installed(), ["mine"]);
    // A package of a directory, not of its content.
    shell(&site.path("src"), "tar -cf ../nested.tar mine");
    site.expect(&["upgrade", "nested.tar"], 167, &["ZWEL0167E", "its manifest is in 'mine'; pack what is in that directory"]);
}

#[test]
fn one_command_at_a_time_changes_the_extensions() {
    let site = Site::new();
    site.source("slow", "1.0.0", "commands:\n  install: bin/install.sh\n");
    site.source("other", "1.0.0", "");
    shell(site.place.path(), "mkfifo go");
    // Open at both ends, so that nobody waits for the other.
    let mut go = fs::File::options().read(true).write(true).open(site.path("go")).unwrap();
    site.write("src/slow/bin/install.sh", &format!("cd {}\n: > begun\nread line < go\n", site.place.path().display()));
    let mut first = site.command(&["install", "src/slow"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // It has the lock once its script runs.
    wait_until(Instant::now() + PATIENCE, || site.path("begun").exists().then_some(())).expect("the script runs");
    site.expect(&["install", "src/other"], 8, &["ZWEL1053E", "is being changed by another command"]);
    std::io::Write::write_all(&mut go, b"\n").unwrap();
    assert!(first.wait().unwrap().success());
    site.expect(&["install", "src/other"], 0, &["ZWEL1045I"]);
}

/// The protocol of docs.zowe.org: variables in, a line of the output out. `configmgr` is played by sh.
#[test]
fn a_registry_is_asked_by_its_handler() {
    let site = Site::new();
    site.source("dep", "1.0.0", "");
    site.source("mine", "2.0.0", "");
    let engine = site.write("runtime/bin/utils/configmgr", "#!/bin/sh\n[ \"$1\" = -script ] || exit 99\nexec sh \"$2\"\n");
    fs::set_permissions(engine, fs::Permissions::from_mode(0o755)).unwrap();
    let place = site.place.path().display().to_string();
    site.write(
        "it's a handler.js",
        &format!(
            "echo \"$ZWE_CLI_REGISTRY_COMMAND $ZWE_CLI_PARAMETER_COMPONENT_NAME at $ZWE_CLI_PARAMETER_REGISTRY by $ZWE_CLI_PARAMETER_HANDLER dry=$ZWE_CLI_REGISTRY_DRY_RUN ext=$ZWE_zowe_extensionDirectory more=$ZWE_zowe_extensionRegistry_handlers_stub_more\" >> {place}/asked\necho noise\ncase \"$ZWE_CLI_REGISTRY_COMMAND $ZWE_CLI_PARAMETER_COMPONENT_NAME\" in\n'install mine') echo ZWE_CLI_PARAMETER_COMPONENT_FILE={place}/src/dep,{place}/src/mine;;\n'install half') echo ZWE_CLI_PARAMETER_COMPONENT_FILE=null,{place}/src/dep;;\n'upgrade dep,mine') echo ZWE_CLI_PARAMETER_COMPONENT_FILE={place}/src/mine;;\n'uninstall mine') echo ZWE_CLI_PARAMETER_COMPONENT_NAME=mine,dep,gateway,nix;;\nsearch*) echo found it;;\n'install bad') echo it failed; exit 5;;\n*) echo ZWE_CLI_PARAMETER_COMPONENT_FILE=null;;\nesac\n"
        ),
    );
    let with = format!("{}\n", site.config().replace(
        "components:\n",
        &format!("  extensionRegistry:\n    defaultHandler: stub\n    handlers:\n      stub: {{registry: 'https://r/a b', path: \"{place}/it's a handler.js\", more: '$(touch {place}/pwned)'}}\n      gone: {{registry: r, path: /not/here.js}}\ncomponents:\n"),
    ));
    fs::write(site.path("zowe.yaml"), with).unwrap();
    site.expect(&["search", "mine"], 0, &["Component mine status: UNINSTALLED", "Calling handler 'stub' to search for mine", "found it"]);
    site.expect(&["install", "mine", "--dry-run"], 0, &["would be installed"]);
    site.expect(&["install", "mine", "-r", "other"], 0, &["component dep 1.0.0 is installed", "component mine 2.0.0 is installed"]);
    assert_eq!(site.installed(), ["dep", "mine"]);
    site.expect(&["upgrade", "all"], 0, &["ZWEL1046I component mine is upgraded from 2.0.0 to 2.0.0"]);
    site.expect(
        &["uninstall", "mine"],
        4,
        &["Identified 4 components", "ZWEL0309W Skipping removal of component gateway", "ZWEL0312W Component nix marked"],
    );
    assert!(site.installed().is_empty());
    site.expect(
        &["install", "half"],
        49,
        &["ZWEL0305E Could not find one of the components' directories.", "component dep 1.0.0 is installed"],
    );
    site.expect(
        &["install", "bad"],
        48,
        &["Handler install exited with rc=5", "it failed", "ZWEL0304E Handler install failure, cannot continue."],
    );
    site.expect(&["install", "none"], 48, &["ZWEL0304E"]);
    site.expect(&["install", "x", "--handler", "gone"], 8, &["ZWEL1059E registry handler gone cannot be run", "/not/here.js is not there"]);
    site.expect(&["install", "x", "--handler", "no"], 8, &["zowe.extensionRegistry.handlers.no is not set"]);
    let asked = fs::read_to_string(site.path("asked")).unwrap();
    let first = asked.lines().next().unwrap();
    assert_eq!(first, format!("search mine at https://r/a b by stub dry=false ext={place}/ext more=$(touch {place}/pwned)"));
    assert!(
        asked.contains("install mine at https://r/a b by stub dry=true") && asked.contains("install mine at other by stub dry=false"),
        "{asked}"
    );
    assert!(!site.path("pwned").exists());
}

#[test]
fn a_running_instance_takes_up_what_was_installed_with_reload() {
    let instance = Instance::new().component("one", "cat", "");
    let extensions = instance.path("ext");
    let mut running = instance.up();
    let config = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), config.replace("zowe:\n", &format!("zowe:\n  extensionDirectory: {}\n", extensions.display()))).unwrap();
    fs::create_dir_all(instance.path("src/late/bin")).unwrap();
    fs::write(instance.path("src/late/manifest.yaml"), "name: late\nid: org.example.late\ncommands:\n  start: bin/start.sh\n").unwrap();
    fs::write(instance.path("src/late/bin/start.sh"), "echo late is here\nexec sleep 1000\n").unwrap();
    let output = instance.launcher(&["component", "install", instance.path("src/late").to_str().unwrap()]).output().unwrap();
    assert!(output.status.success() && text(&output).contains("ZWEL1057I"), "{}", text(&output));
    instance.modify("RELOAD");
    running.wait_for("late is here");
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
}
