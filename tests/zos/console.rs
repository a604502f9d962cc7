//! Operator commands of a shell on z/OS: programs stand in for those of the system, and answer as the real ones have been seen to.

use crate::harness::Instance;
use crate::rehearsal_table::from_1047;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// zowe-install-packaging#4389: opercmd.rex where SDSF is not installed.
const NO_SDSF: &str =
    "     130 +++ cRC.isfInit=isfcalls('ON')\nIRX0043I Error running /zowe/bin/utils/opercmd.rex, line 130: Routine not found";
/// ibm_zos_core#612.
const ZOAU_REFUSES: &str = "BGYSC0819E Insufficient security authorization for resource MVS.MCSOPER.ZOAU in class OPERCMDS.\nBGYSC0820E SAF rc=0x4, RACF rc=0x4, rsn=0x0";
/// The sample in opercmd.rex, and z/OS TSO/E Messages.
const IN_USE: &str = "IKJ55303I THE CONSOLE COMMAND HAS TERMINATED.+\nIKJ55303I AN ERROR OCCURRED DURING CONSOLE INITIALIZATION.  THE\nMCSOPER RETURN CODE WAS X'00000004' AND THE REASON CODE WAS\nX'00000000'.";
const STARTED: &str = "LP01      2026330  20:09:41.90  STC04192   $HASP100 ZWESLSTC ON STCINRDR";

struct Site(Instance);

impl Site {
    fn new(extra: &str) -> Site {
        let instance = Instance::new().extra(extra);
        for directory in ["zos/bin", "zoau/bin", "path", "runtime/bin/utils"] {
            fs::create_dir_all(instance.path(directory)).unwrap();
        }
        instance.write_config();
        fs::write(instance.path("zos/sysname"), "LP01").unwrap();
        Site(instance)
    }

    /// A program that notes what it is called with, writes a text and ends.
    fn program(self, path: &str, text: &str, code: i32) -> Site {
        let calls = self.0.path("calls");
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        let body = format!("printf '%s|' {name} \"$@\" >>{0}; echo >>{0}\n/bin/cat <<'END'\n{text}\nEND\nexit {code}\n", calls.display());
        self.script(path, &body)
    }

    fn script(self, path: &str, body: &str) -> Site {
        let path = self.0.path(path);
        fs::write(&path, format!("#!/bin/sh\n{body}")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = match std::env::var("ZWELNCH_EMULATOR") {
            Ok(words) => {
                let mut by = Command::new("/bin/sh");
                by.args(["-c", &format!("exec {words} \"$0\" \"$@\""), crate::harness::program()]).env("ZWELNCH_EMULATOR", words);
                by
            }
            Err(_) => crate::harness::settled_program(),
        };
        command.args(arguments).args(["-c", self.0.config().to_str().unwrap()]).env_clear();
        if let Ok(words) = std::env::var("ZWELNCH_EMULATOR") {
            command.env("ZWELNCH_EMULATOR", words).env("PATH", std::env::var_os("PATH").unwrap());
        } else {
            command.env("PATH", self.0.path("path"));
        }
        command.env("ZOAU_HOME", self.0.path("zoau")).env("ZWELNCH_ZOS_STUB", self.0.path("zos")).env("HOME", self.0.path(""));
        let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(&from_1047(bytes)).into_owned();
        (status.code().unwrap(), text(&stdout), text(&stderr))
    }

    /// Name and arguments of each program that was called.
    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.0.path("calls")).unwrap_or_default();
        text.lines().map(|line| line.trim_end_matches('|').to_owned()).collect()
    }
}

const REX: &str = "runtime/bin/utils/opercmd.rex";
const ZOAU: &str = "zoau/bin/opercmd";
const TSO: &str = "zos/bin/tsocmd";
const TWO: &str =
    "haInstances:\n  lpar1: {hostname: a, sysname: LP01}\n  lpar2: {hostname: b, sysname: LP02, zowe: {job: {name: ZWE2SV}}}\n";

#[test]
fn without_sdsf_the_next_interface_is_taken_for_all_that_follows() {
    let site = Site::new(TWO).program(REX, NO_SDSF, 255).program(ZOAU, STARTED, 0).program(TSO, "", 0);
    let (code, out, err) = site.run(&["start", "--all"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(out.matches(STARTED).count(), 2, "{out}");
    let first = "S ZWESLSTC,HAINST=LPAR1,JOBNAME=ZWE1SV";
    let calls =
        [format!("opercmd.rex|{first}"), format!("opercmd|{first}"), "opercmd|RO LP02,S ZWESLSTC,HAINST=LPAR2,JOBNAME=ZWE2SV".into()];
    assert_eq!(site.calls(), calls);
    assert_eq!(err.matches("ZWEL0978I").count(), 1, "{err}");
    assert!(err.contains(&format!("ZWEL0978I operator commands are issued through opercmd ({})", site.0.path(ZOAU).display())), "{err}");
}

#[test]
fn with_no_interface_every_refusal_is_told() {
    let site = Site::new("").program(REX, NO_SDSF, 255).program(ZOAU, ZOAU_REFUSES, 1).program(TSO, "", 36);
    let site =
        site.program("path/zoweax", "Error: could not activate console: 'zowex' rc: '-1'\n  Details: Not authorized to run - 1", 255);
    let (code, out, err) = site.run(&["stop"]);
    assert_eq!((code, out.trim()), (8, "P ZWESLSTC"), "{err}");
    assert_eq!(site.calls().len(), if std::env::var_os("ZWELNCH_EMULATOR").is_some() { 3 } else { 4 });
    for why in [
        "ZWEL0930E operator command 'P ZWESLSTC' cannot be issued: ",
        "opercmd.rex: SDSF is not installed (IRX0043I",
        "opercmd: BGYSC0819E Insufficient security authorization for resource MVS.MCSOPER.ZOAU in class OPERCMDS.",
        "tsocmd: CONSOLE ended with 36: the user does not have CONSOLE authority (TSOAUTH CONSOLE)",
    ] {
        assert!(err.contains(why), "{why}\n{err}");
    }
    assert!(std::env::var_os("ZWELNCH_EMULATOR").is_some() || err.contains("Details: Not authorized to run"), "{err}");
}

/// A START that was issued twice would start two jobs.
#[test]
fn what_may_have_been_issued_is_not_issued_again() {
    let text = "** ERROR not able to execute operator command\nSDSF init RC1 Host command environment query failed, environment not added\nGETMSG RC4 Processing successful, but the message is not retrieved";
    let site = Site::new("").program(REX, text, 1).program(ZOAU, STARTED, 0);
    let (code, out, err) = site.run(&["start"]);
    assert_eq!(code, 12, "{out}{err}");
    assert!(out.contains("whether this was carried out is not known: TSO/E has issued it, but gives no answer: GETMSG RC4"), "{out}");
    assert_eq!(site.calls(), ["opercmd.rex|S ZWESLSTC"]);
}

#[test]
fn a_console_that_is_in_use_is_no_want_of_authority() {
    let body = "case \"$1\" in *' NAME('*) echo ' $HASP100 ZWESLSTC ON STCINRDR' ;; *) /bin/cat <<'END'\n".to_owned()
        + IN_USE
        + "\nEND\nexit 40 ;; esac\n";
    let site = Site::new("").script(TSO, &body);
    fs::write(site.0.path("zos/user-id"), "ZWESVUSR").unwrap();
    let (code, out, err) = site.run(&["start", "--console-through", "TSOCMD"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("$HASP100 ZWESLSTC"), "{out}");
}

#[test]
fn one_interface_can_be_chosen() {
    let tools = |extra: &str| Site::new(extra).program(REX, "rex", 0).program(ZOAU, "zoau", 0).program("path/oper", "site's own", 0);
    let (code, _, err) = tools("").run(&["start", "--console-through", "opercmd"]);
    assert!(code == 0 && err.contains("through opercmd ("), "{err}");
    let site = tools("");
    let own = site.0.path("path/oper");
    let (code, out, err) = site.run(&["stop", "--console-through", own.to_str().unwrap()]);
    assert!(code == 0 && out.contains("site's own"), "{out}{err}");
    assert_eq!(site.calls(), ["oper|P ZWESLSTC"]);

    // Of the configuration; the option counts more.
    let mut site = tools("");
    let configuration = fs::read_to_string(site.0.config()).unwrap();
    let set = |value: &str| configuration.replace("components: {}", &format!("components: {{launcher: {{consoleThrough: {value}}}}}"));
    fs::write(site.0.config(), set("opercmd")).unwrap();
    assert_eq!(site.run(&["stop"]).0, 0);
    assert_eq!(site.run(&["stop", "--console-through", "opercmd.rex"]).0, 0);
    assert_eq!(site.calls(), ["opercmd|P ZWESLSTC", "opercmd.rex|P ZWESLSTC"]);

    // The one that was chosen is not there, and no other is asked.
    site = Site::new("").program(REX, "rex", 0);
    let (code, _, err) = site.run(&["stop", "--console-through", "tsocmd"]);
    assert!(code == 8 && err.contains("tsocmd: not there: /bin/tsocmd") && site.calls().is_empty(), "{err}");
    let (code, _, err) = site.run(&["stop", "--console-through", "sdsf"]);
    assert!(code == 8 && err.contains("one of opercmd.rex, zoweax, opercmd, tsocmd"), "{err}");
}

/// A value of the configuration is an argument, whatever it holds.
#[test]
fn no_shell_sees_what_a_configuration_says() {
    let site = Site::new("haInstances:\n  'a;touch x$(touch y)`touch z`': {hostname: a}\n").program(REX, STARTED, 0);
    let (code, out, err) = site.run(&["start", "--all"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(site.calls(), ["opercmd.rex|S ZWESLSTC,HAINST='a;touch x$(touch y)`touch z`',JOBNAME=ZWE1SV"]);
    assert!(["x", "y", "z"].iter().all(|name| !site.0.path(name).exists() && !Path::new(name).exists()));
}
