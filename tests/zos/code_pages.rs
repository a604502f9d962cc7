//! Files of the workspace in the code pages of their readers: a whole start on the stub, looked at with other implementations of IBM-1047
//! (the C library's iconv) and of YAML and JSON.

use crate::harness::Instance;
use crate::launcher::{Zos, emulator, tag_of};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// By iconv, and as z/OS does: it has LF and NL the other way round.
pub(crate) fn converted_back(bytes: &[u8]) -> Option<Vec<u8>> {
    let swapped: Vec<u8> = bytes
        .iter()
        .map(|byte| match byte {
            0x15 => 0x25,
            0x25 => 0x15,
            other => *other,
        })
        .collect();
    let iconv = Command::new("iconv").args(["-f", "IBM-1047", "-t", "ISO-8859-1"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut iconv) = iconv else {
        assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "iconv is missing");
        println!("skipped: iconv is missing");
        return None;
    };
    let mut input = iconv.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&swapped).unwrap());
    let out = iconv.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.status.success());
    Some(out.stdout)
}

const DEFINITION: &str = "services:\n- serviceId: gr\u{fc}n\n  instance: ${ZWE_haInstance_id}\n";

/// A start with a component that has one of each kind of file.
fn started() -> Zos {
    let instance = Instance::new();
    // A shell takes the snapshot by running the launcher's program, which it cannot under an emulator.
    let configure = if emulator().is_none() { ", configure: bin/configure.sh" } else { "" };
    instance.manifest(
        "gateway",
        &format!(
            "commands: {{start: bin/start.sh{configure}}}\nconfigs: {{port: 7554, name: gr\u{fc}n}}\n\
             apimlServices: {{static: [{{file: definition.yml}}]}}\nappfwPlugins: [{{path: web}}]\n"
        ),
    );
    instance.script("gateway", "configure", "export MADE='gr\u{fc}n [1]'");
    let directory = instance.component_directory("gateway");
    fs::create_dir_all(directory.join("web")).unwrap();
    // As a product's files are on z/OS: by an editor, and by Zowe's programs.
    fs::write(directory.join("definition.yml"), zwelnch::platform::ebcdic::to_ibm_1047(DEFINITION)).unwrap();
    let plugin = "{\"identifier\": \"org.zowe.web\", \"webContent\": {\"note\": \"gr\u{fc}n\"}}";
    fs::write(directory.join("web/pluginDefinition.json"), zwelnch::platform::ebcdic::bytes_to_ibm_1047(plugin.as_bytes())).unwrap();
    let mut zos = Zos::new(instance.component(
        "gateway",
        "echo \"made [$MADE]\"; exec sleep 1000",
        "text: gr\u{fc}n [\u{20ac}\u{105}]\nlauncher: {log: {file: true}}",
    ));
    zos.up();
    zos
}

#[test]
fn files_of_a_life_have_their_code_page_and_tag() {
    let zos = started();
    let workspace = zos.instance.path("workspace");
    let in_ibm_1047 = [
        (".env/.zowe-merged.yaml", "gr\u{fc}n [\u{20ac}\u{105}]"),
        (".env/.zowe.json", "gr\u{fc}n [\u{20ac}\u{105}]"),
        (".env/.zowe-lpar1.json", "gr\u{fc}n [\u{20ac}\u{105}]"),
        (".env/.instance-lpar1.env", "gr\u{fc}n [\u{20ac}\u{105}]"),
        (".env/gateway/.instance-lpar1.env", "ZWE_configs_port=7554\n"),
        (".env/gateway/.configs-lpar1.json", "gr\u{fc}n [\u{20ac}\u{105}]"),
        ("app-server/plugins/org.zowe.web.json", "org.zowe.web"),
        (".env/gateway/.lpar1.env", "export MADE='gr\u{fc}n [1]'\n"),
    ];
    for (name, text) in in_ibm_1047 {
        if name.ends_with("gateway/.lpar1.env") && emulator().is_some() {
            println!("the configure command is left out under an emulator");
            continue;
        }
        let path = workspace.join(name);
        let bytes = fs::read(&path).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(!bytes.contains(&b'\n') && bytes.contains(&0x15), "{name} has line ends of another code page");
        assert_eq!(tag_of(&zos, &path), Some((1047, true)), "{name}");
        let Some(utf_8) = converted_back(&bytes) else { return };
        let utf_8 = String::from_utf8(utf_8).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(utf_8.contains(text), "{text:?} is missing in {name}:\n{utf_8}");
        if name.ends_with(".json") {
            serde_json::from_str::<serde_json::Value>(&utf_8).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
    let definition = workspace.join("api-mediation/api-defs/gateway.definition_yml.lpar1.yml");
    assert_eq!(fs::read_to_string(&definition).unwrap(), DEFINITION.replace("${ZWE_haInstance_id}", "lpar1"));
    assert_eq!(tag_of(&zos, &definition), Some((819, true)));
    let list = workspace.join(".env/gateway/.registered-lpar1.json");
    assert!(fs::read_to_string(&list).unwrap().starts_with('{'));
    assert_eq!(tag_of(&zos, &list), Some((819, true)));
    // The last to come: it is written when the component has said something.
    zos.wait_for("SYSPRINT", "made [", 1);
    let log = zos.instance.path("logs/gateway-lpar1.log");
    assert!(fs::read_to_string(&log).unwrap().contains("made ["), "{}", log.display());
    assert_eq!(tag_of(&zos, &log), Some((819, true)));
    // What was not tagged is no more so as a copy.
    assert_eq!(tag_of(&zos, &workspace.join(".env/gateway/manifest.yaml")), None);
    // What was exported is what the component has: the snapshot was read back.
    if emulator().is_none() {
        zos.wait_for("SYSPRINT", "made [gr\u{fc}n [1]]", 1);
    }
}

/// zss as it reads: every byte by `__etoa`, whatever the tag, then libyaml. Here by iconv and Python's yaml, which is libyaml.
#[test]
fn zss_reads_the_merged_configuration() {
    let zos = started();
    let Some(text) = converted_back(&fs::read(zos.instance.path("workspace/.env/.zowe-merged.yaml")).unwrap()) else { return };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        Command::new(python).args(["-c", "import yaml; yaml.CLoader"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    });
    let Some(python) = python else {
        assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "Python's yaml is missing");
        println!("skipped: Python's yaml is missing");
        return;
    };
    let code = "import sys, yaml; print(ascii(yaml.load(sys.stdin.buffer.read(), yaml.CLoader)['components']['gateway']['text']))";
    let mut child = Command::new(python).args(["-c", code]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), r"'gr\xfcn [\u20ac\u0105]'");
}

#[test]
fn a_file_system_without_tags_is_said_once_and_costs_nothing() {
    let mut zos = Zos::new(Instance::new().component("gateway", "exec sleep 1000", ""));
    zos.fail("fcntl.settag", 1000, nix::libc::EINVAL);
    zos.up();
    let sysprint = zos.dd("SYSPRINT");
    assert_eq!(sysprint.matches("ZWEL0977W file ").count(), 1, "{sysprint}");
    let bytes = fs::read(zos.instance.path("workspace/.env/.zowe-merged.yaml")).unwrap();
    assert!(bytes.contains(&0x15) && Path::new(&zos.instance.path("workspace/.env/.zowe.json")).exists());
}
