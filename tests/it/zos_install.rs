//! `zwelnch check --zos-install` with the built binary, of a copy of an installation: what is as the jobs make it, and each thing that is not.

use crate::harness::{not_here, program, program_or_skip, text};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct Copy {
    directory: tempfile::TempDir,
}

impl Copy {
    /// An installation as ZWEINPAX, ZWEINST and Zowe's own installation leave it.
    fn new() -> Copy {
        let copy = Copy { directory: tempfile::tempdir().unwrap() };
        // What the binder writes begins so: IEWPLMH in IBM-1047.
        copy.file("/usr/lpp/zwelnch/bin/zwelnch", b"\xc9\xc5\xe6\xd7\xd3\xd4\xc8\x40 and more", 0o755);
        let yaml = "zowe:\n  runtimeDirectory: /usr/lpp/zowe\n  workspaceDirectory: /var/zowe/workspace\n  logDirectory: /var/zowe/logs\n  extensionDirectory: /var/zowe/extensions\n  setup: {security: {product: RACF, users: {zowe: MYUSER}, groups: {admin: MYGROUP}}}\ncomponents:\n  gateway: {enabled: true, port: 7554}\n  added: {enabled: true}\nhaInstances:\n  lpar1: {sysname: LPR1}\n";
        copy.file("/etc/zowe/zowe.yaml", yaml.as_bytes(), 0o640);
        for (name, content) in [
            ("manifest.json", "{\"name\": \"Zowe\", \"version\": \"3.2.0\"}"),
            ("schemas/zowe-yaml-schema.json", "{}"),
            ("schemas/server-common.json", "{}"),
            ("bin/libs/configmgr-index.sh", "# nothing\n"),
            ("bin/utils/opercmd.rex", "/* REXX */\n"),
            ("components/gateway/manifest.yaml", "name: gateway\nid: org.zowe.gateway\n"),
        ] {
            copy.file(&format!("/usr/lpp/zowe/{name}"), content.as_bytes(), 0o644);
        }
        copy.file("/var/zowe/extensions/added/manifest.yaml", b"name: added\nid: org.test.added\n", 0o644);
        for name in ["workspace", "logs"] {
            fs::create_dir_all(copy.at(&format!("/var/zowe/{name}"))).unwrap();
        }
        let proc = Command::new(program()).args(["jcl", "ZWESLSTC"]).output().unwrap();
        fs::write(copy.proc(), proc.stdout).unwrap();
        copy
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("copy")
    }

    fn proc(&self) -> PathBuf {
        self.directory.path().join("ZWESLSTC")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    fn file(&self, path: &str, content: &[u8], mode: u32) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn check(&self, more: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.args(["check", "--zos-install", "--root"]).arg(self.root()).arg("--proc").arg(self.proc()).args(more);
        command.env_remove("CONFIG").output().unwrap()
    }
}

fn without_notes(output: &Output) -> String {
    text(output).lines().filter(|line| !line.starts_with("INFO ")).map(|line| format!("{line}\n")).collect()
}

/// Every path below a directory, with its length and time of change.
fn tree(directory: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let seen = fs::symlink_metadata(&path).unwrap();
        if seen.is_dir() {
            found.extend(tree(&path));
        }
        found.push((path, seen.len(), seen.modified().unwrap()));
    }
    found.sort();
    found
}

#[test]
fn a_good_installation_has_nothing_but_what_a_person_must_verify() {
    let copy = Copy::new();
    let before = tree(copy.directory.path());
    let output = copy.check(&[]);
    assert_eq!((output.status.code(), without_notes(&output).as_str()), (Some(0), "0 errors, 0 warnings\n"));
    let shown = text(&output);
    for line in [
        "INFO STARTED ZWESLSTC.* (gives the started task its user and group): verify with the security administrator that it names user MYUSER and group MYGROUP: RLIST STARTED ZWESLSTC.* STDATA",
        "INFO FACILITY BPX.CONSOLE (answers to F): verify with the security administrator that it gives READ to user MYUSER: RLIST FACILITY BPX.CONSOLE AUTHUSER",
        "INFO load library ZWE.SZWELOAD: LISTDS 'ZWE.SZWELOAD' MEMBERS shows ZWELNCH; job ZWEIBIND makes it",
    ] {
        assert!(shown.lines().any(|known| known == line), "{line}\n{shown}");
    }
    assert!(shown.contains("ls -E /usr/lpp/zwelnch/bin/zwelnch") && shown.contains("`ls -T` shows them"), "{shown}");
    let json = copy.check(&["--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(json["exitCode"] == 0 && json["notes"].as_array().unwrap().len() > 20, "{json}");
    assert_eq!(tree(copy.directory.path()), before, "nothing is written");
    // Without a PROC or a copy: this system, which is said.
    let bare = Command::new(program()).args(["check", "--zos-install"]).env_remove("CONFIG").output().unwrap();
    let shown = text(&bare);
    assert!(shown.contains("this is not z/OS, and no copy is named") && shown.contains("name it with --proc"), "{shown}");
    // A PROC as it stands in the library: FB80 in IBM-1047.
    let Some(iconv) = program_or_skip("iconv") else { return };
    let plain = fs::read_to_string(copy.proc()).unwrap();
    let mut child =
        Command::new(iconv).args(["-f", "ISO8859-1", "-t", "IBM1047"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let records: String = plain.lines().map(|line| format!("{line:<80}\n")).collect();
    input.write_all(records.as_bytes()).unwrap();
    drop(input);
    let converted = child.wait_with_output().unwrap();
    if !converted.status.success() {
        return not_here("this iconv has no IBM-1047");
    }
    fs::write(copy.proc(), converted.stdout).unwrap();
    let output = copy.check(&[]);
    assert_eq!((output.status.code(), without_notes(&output).as_str()), (Some(0), "0 errors, 0 warnings\n"));
}

type Change = fn(&Copy);

/// What is done to a good installation, the exit code, and what is said.
const FAULTS: &[(Change, i32, &str)] = &[
    (|copy| fs::remove_file(copy.at("/usr/lpp/zwelnch/bin/zwelnch")).unwrap(), 8, "ERROR /usr/lpp/zwelnch/bin/zwelnch: is not there"),
    (|copy| copy.file("/usr/lpp/zwelnch/bin/zwelnch", b"\x7fELF", 0o755), 8, "is no program of z/OS"),
    (|copy| copy.file("/usr/lpp/zwelnch/bin/zwelnch", b"\xc9\xc5\xe6\xd7", 0o1755), 8, "sticky bit"),
    (|copy| copy.file("/usr/lpp/zwelnch/bin/zwelnch", b"\xc9\xc5\xe6\xd7", 0o700), 8, "chmod 755"),
    (|copy| fs::remove_file(copy.at("/etc/zowe/zowe.yaml")).unwrap(), 8, "ERROR /etc/zowe/zowe.yaml: is not there: CONFIG names it"),
    (|copy| fs::remove_dir_all(copy.at("/usr/lpp/zowe/components")).unwrap(), 8, "ERROR /usr/lpp/zowe/components: is not there"),
    (
        |copy| fs::remove_dir_all(copy.at("/usr/lpp/zowe/components/gateway")).unwrap(),
        4,
        "WARNING /usr/lpp/zowe/components/gateway: is not there: a component that is enabled",
    ),
    (|copy| fs::remove_dir_all(copy.at("/var/zowe/extensions/added")).unwrap(), 4, "/usr/lpp/zowe/components/added: is not there"),
    (|copy| fs::remove_file(copy.at("/usr/lpp/zowe/bin/utils/opercmd.rex")).unwrap(), 4, "it issues operator commands"),
    (|copy| fs::remove_file(copy.at("/usr/lpp/zowe/schemas/server-common.json")).unwrap(), 4, "zowe.yaml is not validated"),
    (|copy| fs::remove_dir(copy.at("/var/zowe/logs")).unwrap(), 4, "zowe.logDirectory"),
    (
        |copy| {
            let text = fs::read_to_string(copy.proc()).unwrap();
            fs::write(copy.proc(), text.replace("/usr/lpp/zwelnch/bin", "/opt/zwelnch/bin")).unwrap();
        },
        8,
        "ERROR /opt/zwelnch/bin/zwelnch: is not there",
    ),
    (
        |copy| {
            let text = fs::read_to_string(copy.proc()).unwrap();
            fs::write(copy.proc(), text.replace("REGION=&RGN,", "REGION=512M,")).unwrap();
        },
        4,
        "REGION=512M",
    ),
];

#[test]
fn each_thing_that_is_missing_is_said() {
    for (change, code, what) in FAULTS {
        let copy = Copy::new();
        change(&copy);
        let output = copy.check(&[]);
        assert_eq!(output.status.code(), Some(*code), "{what}: {}", without_notes(&output));
        assert!(without_notes(&output).contains(what), "{what}: {}", without_notes(&output));
    }
}
