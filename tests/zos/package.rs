//! `zwelnch component install` on the stub of z/OS: tags and code pages of what is installed, and a member of PARMLIB that is edited.

use crate::harness::Instance;
use crate::launcher::{Zos, emulator, tag_of};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use zwelnch::platform::ebcdic::{bytes_to_ibm_1047, ibm_1047};

/// A package of tar and one of ours, which has tags.
const UNTAGGED: &[u8] = include_bytes!("../../fuzz/corpus/archive/package.tar");
const TAGGED: &[u8] = include_bytes!("../../fuzz/corpus/archive/tagged.pax");

fn component(zos: &Zos, arguments: &[&str]) -> (i32, String) {
    let of_instance = zos.instance.launcher(&[]);
    let program = crate::harness::program();
    let mut command = match emulator() {
        Some(words) => {
            let mut words = words.split_whitespace().map(str::to_owned);
            let mut command = Command::new(words.next().unwrap());
            command.args(words).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.arg("component").args(arguments).env_clear();
    for (name, value) in of_instance.get_envs() {
        command.env(name, value.unwrap());
    }
    command.env_remove("ZWELNCH_SYSTEM").env("CONFIG", "PARMLIB(ZOWE.PARMLIB(ZWEYAML))");
    command.env("ZWELNCH_ZOS_STUB", zos.instance.path("zos")).env("ZWELNCH_PROGRAM", program);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| if bytes.is_ascii() { String::from_utf8_lossy(bytes).into_owned() } else { ibm_1047(bytes) };
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

fn zos() -> Zos {
    let zos = Zos::new(Instance::new());
    zos.instance.write_config();
    let config = fs::read_to_string(zos.instance.config()).unwrap();
    let config = config.replacen("zowe:\n", &format!("# kept\nzowe:\n  extensionDirectory: {}\n", zos.instance.path("ext").display()), 1);
    let records: String = config.replace("components: {}", "components:").lines().map(|line| format!("{line:<133}\n")).collect();
    fs::write(zos.instance.path("zos/data-sets/ZOWE.PARMLIB/ZWEYAML"), bytes_to_ibm_1047(records.as_bytes())).unwrap();
    // As the program of z/OS: from a file to //'DATA.SET(MEMBER)'.
    let cp = zos.instance.path("zos/bin/cp");
    let data_sets = zos.instance.path("zos/data-sets").display().to_string();
    let text =
        format!("#!/bin/sh\n[ \"$2\" = \"//'ZOWE.PARMLIB(ZWEYAML)'\" ] || exit 3\nexec cat \"$1\" > '{data_sets}/ZOWE.PARMLIB/ZWEYAML'\n");
    fs::write(&cp, text).unwrap();
    fs::set_permissions(&cp, fs::Permissions::from_mode(0o755)).unwrap();
    zos
}

fn member(zos: &Zos) -> String {
    let text = ibm_1047(&fs::read(zos.instance.path("zos/data-sets/ZOWE.PARMLIB/ZWEYAML")).unwrap());
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn a_package_in_ascii_is_tagged_and_converted_and_the_member_is_edited() {
    let zos = zos();
    let before = member(&zos);
    let package = zos.instance.path("package.tar");
    fs::write(&package, UNTAGGED).unwrap();
    let (code, said) = component(&zos, &["install", package.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("files are tagged: ") && said.contains("components.seed.enabled is set to true in ZOWE.PARMLIB(ZWEYAML)"),
        "{said}"
    );
    let (manifest, start) = (zos.instance.path("ext/seed/manifest.yaml"), zos.instance.path("ext/seed/bin/start.sh"));
    assert_eq!((tag_of(&zos, &manifest), tag_of(&zos, &start)), (Some((819, true)), Some((1047, true))));
    assert!(fs::read(&manifest).unwrap().starts_with(b"name: seed\n"));
    assert_eq!(ibm_1047(&fs::read(&start).unwrap()), "#!/bin/sh\n");
    assert_eq!(fs::metadata(&start).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(member(&zos), before.replace("components:\n", "components:\n  seed:\n    enabled: true\n"));
    // It is not tagged a second time: its scripts are converted already.
    let (code, said) = component(&zos, &["upgrade", package.to_str().unwrap(), "-e", "no"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(fs::read(&start).unwrap(), b"#!/bin/sh\n");
    assert_eq!(tag_of(&zos, &start), None);
}

#[test]
fn a_pax_with_tags_gives_them_to_its_files() {
    let zos = zos();
    let package = zos.instance.path("tagged.pax");
    fs::write(&package, TAGGED).unwrap();
    let (code, said) = component(&zos, &["install", package.to_str().unwrap(), "--skip-enable"]);
    assert_eq!(code, 0, "{said}");
    let start = zos.instance.path("ext/seed/bin/start.sh");
    assert_eq!(tag_of(&zos, &start), Some((819, true)), "{said}");
    assert_eq!(fs::read(&start).unwrap(), b"#!/bin/sh\n");
}

#[test]
fn a_member_that_cannot_be_written_is_said() {
    let zos = zos();
    let before = member(&zos);
    let package = zos.instance.path("package.tar");
    fs::write(&package, UNTAGGED).unwrap();
    let cp = zos.instance.path("zos/bin/cp");
    fs::write(&cp, "#!/bin/sh\necho 'cp: FSUMF140 no space' >&2\nexit 1\n").unwrap();
    let (code, said) = component(&zos, &["install", package.to_str().unwrap()]);
    assert_eq!(code, 8, "{said}");
    assert!(
        said.contains("ZWEL1051E components.seed.enabled cannot be set in ZOWE.PARMLIB(ZWEYAML)") && said.contains("FSUMF140"),
        "{said}"
    );
    assert_eq!(member(&zos), before);
}
