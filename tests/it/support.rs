//! `zwelnch support` with the built binary: what is in the archive, as GNU tar and Python's tarfile read it, and what must not be.

use crate::harness::{Instance, PATIENCE, not_here, program_or_skip, text, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

/// Prints one line a member: type, mode in octal, size, name; and unpacks the regular ones below a directory. Refuses what leads outside.
const READER: &str = r#"
import os, sys, tarfile
with tarfile.open(sys.argv[1], 'r:', errorlevel=2) as archive:
    for member in archive:
        assert not os.path.isabs(member.name) and '..' not in member.name.split('/'), member.name
        print(member.type.decode(), '%04o' % member.mode, member.size, member.uid, member.name)
        if member.isreg():
            path = os.path.join(sys.argv[2], *member.name.split('/')[1:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as file:
                file.write(archive.extractfile(member).read())
"#;

/// What the archive holds, by name below its directory, as Python reads it; GNU tar has to agree on the names.
fn unpacked(archive: &Path, below: &Path) -> Option<BTreeMap<String, String>> {
    let python = program_or_skip("python3")?;
    fs::create_dir_all(below).unwrap();
    let output = Command::new(python).args(["-c", READER]).arg(archive).arg(below).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let mut found = BTreeMap::new();
    let mut names = Vec::new();
    let mut root = None;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let parts: Vec<&str> = line.splitn(5, ' ').collect();
        match parts.as_slice() {
            ["5", "0700", "0", "0", name] => root = Some((*name).to_owned()),
            ["0", "0600", size, "0", name] => {
                let (own_root, own) = name.split_once('/').unwrap();
                assert_eq!(Some(own_root), root.as_deref(), "everything is in one directory");
                let content = String::from_utf8(fs::read(below.join(own)).unwrap()).unwrap();
                assert_eq!(content.len(), size.parse::<usize>().unwrap());
                assert!(found.insert(own.to_owned(), content).is_none(), "{name} is there twice");
                names.push((*name).to_owned());
            }
            other => panic!("{other:?}"),
        }
    }
    if let Some(tar) = program_or_skip("tar") {
        let listed = Command::new(tar).arg("tf").arg(archive).output().unwrap();
        assert!(listed.status.success() && listed.stderr.is_empty(), "{}", text(&listed));
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert_eq!(listed.lines().skip(1).collect::<Vec<_>>(), names);
    }
    Some(found)
}

fn support(instance: &Instance, archive: &Path, more: &[&str]) -> Output {
    let mut command = instance.launcher(&["support", "--output"]);
    command.arg(archive).args(more).env("SITE_TOKEN", "PLANTED-environment").env("PLAIN", "a plain value");
    command.env("URL", "https://u:PLANTED-url@localhost/");
    command.output().unwrap()
}

/// No byte of a file has this.
fn assert_no_secret(archive: &Path) {
    let bytes = fs::read(archive).unwrap();
    let found = bytes.windows(7).position(|window| window == b"PLANTED");
    let shown = found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..(at + 60).min(bytes.len())]).into_owned());
    assert_eq!(shown, None);
}

/// A component that says secrets in every way that the masks know, and some lines that are none.
const TALKER: &str = "cat <<'END'
a harmless line of the talker
2026-11-26 login password=PLANTED-log-1 of ibmuser
{\"user\":\"ibmuser\",\"keystorePassword\":\"PLANTED-log-2\",\"port\":7554}
Authorization: Bearer PLANTED-log-3
java -Djavax.net.ssl.keyStorePassword=PLANTED-log-4 -jar gateway.jar
connecting to https://user:PLANTED-log-5@localhost:7554/
the value PLANTED-configured stands here without its name
-----BEGIN RSA PRIVATE KEY-----
UExBTlRFRAPLANTEDlog6
-----END RSA PRIVATE KEY-----
credentials:
    user: PLANTED-log-7
another harmless line
END
exec sleep 1000";

fn talking() -> Instance {
    let instance = Instance::new().component("talker", TALKER, "port: 7001\nlauncher: {log: {file: true}}\npassword: PLANTED-configured");
    let extra = "haInstances:\n  lpar1:\n    hostname: localhost\n    components: {talker: {secret: {deep: [PLANTED-overlay]}}}\n";
    let instance = instance.extra(extra);
    instance.write_config();
    let yaml = fs::read_to_string(instance.config()).unwrap();
    let logs = instance.path("logs");
    fs::create_dir(&logs).unwrap();
    let more = format!(
        "zowe:\n  launchScript: {{startupChecks: {{certificate: disabled}}}}\n  logDirectory: {}\n  certificate:\n    keystore: {{type: PKCS12, file: /none, password: PLANTED-key-store}}\n",
        logs.display()
    );
    fs::write(instance.config(), yaml.replacen("zowe:\n", &more, 1)).unwrap();
    fs::write(instance.runtime().join("manifest.json"), "{\"name\": \"Zowe\", \"version\": \"3.9.9\"}").unwrap();
    instance
}

#[test]
fn everything_is_there_but_no_secret() {
    let instance = talking();
    let running = {
        let (answer, code) = {
            fs::create_dir_all(instance.system().join("PROCLIB")).unwrap();
            let proc =
                Command::new(crate::harness::program()).args(["jcl", "ZWESLSTC", "--set-config"]).arg(instance.config()).output().unwrap();
            fs::write(instance.system().join("PROCLIB/ZWESLSTC"), proc.stdout).unwrap();
            instance.console("S ZWESLSTC,HAINST=lpar1")
        };
        assert_eq!(code, 0, "{answer}");
        Stopping(&instance)
    };
    let sysprint = || {
        let spool = fs::read_dir(instance.system().join("spool")).unwrap().map(|entry| entry.unwrap().path().join("SYSPRINT"));
        spool.filter_map(|path| fs::read_to_string(path).ok()).collect::<String>()
    };
    let is_up = || (sysprint().contains("another harmless line") && sysprint().contains("ZWEL0007I")).then_some(());
    assert!(wait_until(Instant::now() + PATIENCE, is_up).is_some(), "{}", sysprint());
    assert!(sysprint().contains("PLANTED-log-5"), "the component's line is as it wrote it");
    instance.modify("SEND(talker,passphrase PLANTED-typed)");
    let archive = instance.path("out.tar");
    let output = support(&instance, &archive, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    drop(running);
    assert_no_secret(&archive);
    assert!(text(&output).lines().last().unwrap().starts_with(&format!("{}: ", archive.display())), "{}", text(&output));
    let size = fs::metadata(&archive).unwrap().len();
    assert!(text(&output).contains(&format!(", {size} bytes")), "{}", text(&output));
    let Some(found) = unpacked(&archive, &instance.path("unpacked")) else { return };
    let has = |name: &str, part: &str| {
        let content = found.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", found.keys()));
        assert!(content.contains(part), "{name} lacks {part}: {content}");
    };
    has("versions.txt", concat!("program: zwelnch ", env!("CARGO_PKG_VERSION")));
    has("runtime/manifest.json", "3.9.9");
    has("configuration/zowe.yaml", "password: '********'");
    has("configuration/lpar1/zowe.yaml", "hostname: localhost");
    has("configuration/lpar1/environment.txt", "ZWE_components_talker_port=7001");
    has("configuration/lpar1/plan.txt", "talker");
    has("configuration/origins.txt", "zowe.yaml:");
    has("components.txt", "talker - enabled");
    has("check.txt", "errors");
    has("environment.txt", "PLAIN=a plain value\n");
    has("environment.txt", "SITE_TOKEN=********\n");
    has("answers/lpar1-DISP.txt", "ZWEL0920I talker");
    has("answers/lpar1-DISP-DETAIL.txt", "talker");
    has("records/lpar1.lock", "ZWESLSTC");
    has("records/lpar1.processes", "zwelnch-processes");
    has("listings/workspace.txt", "/workspace/.env/.lpar1.lock");
    has("listings/runtime.txt", "components/talker/manifest.yaml");
    has("system/SYSLOG", "$HASP373 ZWESLSTC STARTED");
    has("logs/talker-lpar1.log", "a harmless line of the talker\n2026-11-26 login password=********\n{\"user\":\"ibmuser\"");
    has("logs/talker-lpar1.log", "\"keystorePassword\":\"********\",\"port\":7554}");
    has("logs/talker-lpar1.log", "another harmless line");
    let sysprint = found.iter().find(|(name, _)| name.ends_with("/SYSPRINT")).unwrap().1;
    assert!(sysprint.contains("ZWEL0021I") && sysprint.contains("another harmless line"), "{sysprint}");
    // The list in the archive is that of the archive.
    for (name, content) in found.iter().filter(|(name, _)| *name != "README.txt") {
        has("README.txt", &format!("{:>9} {name}\n", content.len()));
    }
}

/// Stops the job of an instance, whatever becomes of the test.
struct Stopping<'a>(&'a Instance);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        let stopped = self.0.launcher(&["stop", "--wait", "--job", "ZWESLSTC"]).output().unwrap();
        if !std::thread::panicking() {
            assert!(stopped.status.success(), "{}", text(&stopped));
        }
    }
}

#[test]
fn links_foreign_files_and_floods_stay_outside_and_are_named() {
    let instance = talking();
    let (logs, outside) = (instance.path("logs"), instance.path("outside"));
    fs::write(&outside, "PLANTED-outside\n").unwrap();
    symlink(&outside, logs.join("link.log")).unwrap();
    symlink(instance.path("nowhere"), logs.join("dangling.log")).unwrap();
    fs::write(instance.path("other"), "PLANTED-other\n").unwrap();
    fs::hard_link(instance.path("other"), logs.join("hard.log")).unwrap();
    nix::unistd::mkfifo(&logs.join("fifo.log"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::create_dir(logs.join("deeper")).unwrap();
    fs::write(logs.join("deeper/x.log"), "PLANTED-deeper\n").unwrap();
    let huge = fs::File::create(logs.join("huge.log")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&huge, b"\nthe last line\n", 40 << 30).unwrap();
    // The name is cut off, its value is not.
    let mut cut = "password=".to_owned() + &"PLANTED-long".repeat(100_000);
    cut.push_str("\nafter the cut\n");
    fs::write(logs.join("cut.log"), cut).unwrap();
    fs::write(logs.join("odd \u{1b}[31m name.log"), "odd\n").unwrap();
    fs::write(logs.join("ebcdic.log"), [0x88, 0x85, 0x93, 0x93, 0x96, 0x15]).unwrap();
    let foreign = logs.join("foreign.log");
    fs::write(&foreign, "PLANTED-foreign\n").unwrap();
    let is_foreign = std::os::unix::fs::chown(&foreign, Some(61_002), None).is_ok();
    if !is_foreign {
        not_here("only root can give files away");
        fs::remove_file(&foreign).unwrap();
    }
    (0..70).for_each(|number| fs::write(logs.join(format!("old{number}.log")), "old\n").unwrap());
    let archive = instance.path("out.tar");
    let output = support(&instance, &archive, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert_no_secret(&archive);
    assert!(fs::metadata(&archive).unwrap().len() < 16 << 20);
    assert!(!text(&output).contains('\u{1b}'));
    let Some(found) = unpacked(&archive, &instance.path("unpacked")) else { return };
    let missing = &found["not-collected.txt"];
    let mut expected = vec![("logs: ", "youngest are in the archive")];
    // Those that are among the youngest or not: which, the clock of the file system decides.
    for (name, why) in
        [("link.log", "is a symbolic link"), ("hard.log", "hard links"), ("fifo.log", "no regular file"), ("huge.log", "only its end")]
    {
        if missing.contains(name) {
            expected.push((name, why));
        }
        assert!(!found.get(&format!("logs/{name}")).is_some_and(|content| name != "huge.log" || content.len() > 1 << 20), "{name}");
    }
    for (what, why) in expected {
        assert!(missing.lines().any(|line| line.contains(what) && line.contains(why)), "{what}: {missing}");
    }
    assert!(text(&output).contains("youngest are in the archive"), "{}", text(&output));

    // Without the many, each is named with its reason.
    (0..70).for_each(|number| fs::remove_file(logs.join(format!("old{number}.log"))).unwrap());
    let second = instance.path("second.tar");
    assert_eq!(support(&instance, &second, &[]).status.code(), Some(4));
    assert_no_secret(&second);
    let found = unpacked(&second, &instance.path("unpacked2")).unwrap();
    let missing = &found["not-collected.txt"];
    let mut named = vec![
        ("link.log", "is a symbolic link, which is not followed"),
        ("dangling.log", "is a symbolic link, which is not followed"),
        ("hard.log", "several names"),
        ("fifo.log", "no regular file"),
        ("huge.log", "only its end is in the archive"),
        ("cut.log", "only its end is in the archive"),
    ];
    if is_foreign {
        named.push(("foreign.log", "uid 61002"));
    }
    for (what, why) in named {
        assert!(missing.lines().any(|line| line.contains(what) && line.contains(why)), "{what}: {missing}");
    }
    assert_eq!(found["logs/huge.log"], "the last line\n");
    assert_eq!(found["logs/cut.log"], "after the cut\n");
    assert_eq!(found["logs/ebcdic.log"], "hello\n");
    assert_eq!(found["logs/odd___31m_name.log"], "odd\n");
    assert!(found["listings/logs.txt"].contains(&format!("link.log -> {}", outside.display())));
}

#[test]
fn the_archive_is_private_and_takes_nobodys_place() {
    let instance = talking();
    let archive = instance.path("out.tar");
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    // Whatever the umask is.
    let shell = format!("umask 0; exec \"$0\" support --output '{}'", archive.display());
    let output = Command::new("/bin/sh")
        .args(["-c", &shell, crate::harness::program()])
        .env("CONFIG", instance.config())
        .env("ZWELNCH_SYSTEM", instance.system())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), mode(&archive)), (Some(0), 0o600), "{}", text(&output));
    let before = fs::read(&archive).unwrap();
    let refused = support(&instance, &archive, &[]);
    assert!(refused.status.code() == Some(8) && text(&refused).contains("exists and is not replaced"), "{}", text(&refused));
    assert_eq!(fs::read(&archive).unwrap(), before);
    // A link to where something is to be written, by whom ever it was made.
    let (link, target) = (instance.path("link.tar"), instance.path("target"));
    symlink(&target, &link).unwrap();
    assert_eq!(support(&instance, &link, &[]).status.code(), Some(8));
    assert!(!target.exists());
    fs::write(&target, "as it was").unwrap();
    assert_eq!(support(&instance, &link, &["--force"]).status.code(), Some(0));
    assert_eq!((mode(&link), fs::symlink_metadata(&link).unwrap().is_file()), (0o600, true));
    assert_eq!(fs::read_to_string(&target).unwrap(), "as it was");
    let nowhere = support(&instance, &instance.path("no/such/out.tar"), &[]);
    assert!(nowhere.status.code() == Some(8) && text(&nowhere).contains("cannot be written"), "{}", text(&nowhere));
    // In the directory of the shell, named after system and time.
    let here = instance.path("here");
    fs::create_dir(&here).unwrap();
    let output = instance.launcher(&["support"]).current_dir(&here).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let made: Vec<PathBuf> = fs::read_dir(&here).unwrap().map(|entry| entry.unwrap().path()).collect();
    let name = made[0].file_name().unwrap().to_str().unwrap();
    assert!(made.len() == 1 && name.starts_with("zwelnch-support-") && name.ends_with(".tar") && mode(&made[0]) == 0o600, "{made:?}");
}

/// The one who needs help may have no configuration that loads, or none at all.
#[test]
fn it_works_where_nothing_else_does() {
    let instance = talking();
    fs::write(instance.config(), "zowe:\n  password: PLANTED-broken\n wrong: [\n").unwrap();
    let archive = instance.path("out.tar");
    let output = support(&instance, &archive, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("the configuration does not load"), "{}", text(&output));
    assert_no_secret(&archive);
    let Some(found) = unpacked(&archive, &instance.path("unpacked")) else { return };
    assert!(found["check.txt"].contains("ERROR") && found["check.txt"].contains("zowe.yaml:3"), "{}", found["check.txt"]);
    let none = instance.path("none.tar");
    let output = instance.launcher(&["support", "--output"]).arg(&none).env_remove("CONFIG").output().unwrap();
    assert!(output.status.code() == Some(0) && text(&output).contains("no configuration"), "{}", text(&output));
    let found = unpacked(&none, &instance.path("unpacked2")).unwrap();
    assert!(found.contains_key("versions.txt") && found.contains_key("environment.txt"), "{:?}", found.keys());
}
