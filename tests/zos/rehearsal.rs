//! A rehearsal of z/OS: the system around the launcher as the documents of IBM and Zowe describe it, not as the launcher would like it. What
//! is behind it, and what it cannot show, is in docs/zos.md.

use crate::harness::{Instance, PATIENCE, pid_in, processes_of, program, program_or_skip, wait_until};
use crate::launcher::{Zos, emulator};
use crate::rehearsal_table::{from_1047, in_1047, text_of_1047};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The PROC as it is shipped.
const PROC: &str = include_str!("../../jcl/ZWESLSTC");

const JOB: &str = "ZWE1LP1";

/// Stands for the shell of z/OS: what it is given to read is IBM-1047, untagged or not, and what it writes itself is too. STUB is a directory.
const SHELL: &str = r#"#!/bin/bash
_to() { command -p iconv -f ISO-8859-1 -t IBM-1047 | LC_ALL=C command -p tr '\025\045' '\045\025'; }
_of_source='s/^\. \(.*\)$/_load \1 \&\& builtin . "$_loaded"/'
_count=0
_load() {
  _count=$((_count + 1))
  _loaded=STUB/sh.$$.$_count
  LC_ALL=C command -p tr '\025\045' '\045\025' <"$1" | command -p iconv -f IBM-1047 -t ISO-8859-1 | LC_ALL=C command -p sed "$_of_source" >"$_loaded"
}
echo() { builtin echo "$@" | _to; }
printf() { builtin printf "$@" | _to; }
eval "$(builtin printf '%s\n' "$2" | command -p sed "$_of_source")"
"#;

/// How the records of STDENV become variables.
#[derive(Clone, Copy, PartialEq)]
enum Envfile {
    /// `_CEE_ENVFILE`: RECFM=FB, and the blanks at the end of each record are part of the value.
    Padded,
    /// `_CEE_ENVFILE_S`: as the PROC has it; they are removed.
    Stripped,
}

/// The system, with the started task's user and files.
struct System {
    zos: Zos,
    asked: u8,
}

impl System {
    /// An installation whose manifests, schemas and scripts are IBM-1047 and untagged. None where no shell can be made of this machine's.
    fn install() -> Option<System> {
        let (_, _) = (program_or_skip("bash")?, program_or_skip("iconv")?);
        let instance = Instance::new();
        instance.manifest(
            "gateway",
            "title: gr\u{fc}n [1]\ncommands: {start: bin/start.sh, validate: bin/validate.sh, configure: bin/configure.sh}\n\
             configs: {port: 7554}\n",
        );
        instance.script("gateway", "validate", "echo \"validated [gr\u{fc}n]\"\n");
        instance.script("gateway", "configure", "export MADE='[gr\u{fc}n]'\necho 'configured {1}'\n");
        let start = "echo \"gateway of $ZWE_haInstance_id: $MADE $ZWE_configs_greeting $ZWE_configs_next, umask $(umask), path $PATH, job $_BPX_JOBNAME\"\n\
                     exec \"$ZWE_zowe_runtimeDirectory/java\" gateway\n";
        instance.script("gateway", "start", start);
        instance.script(
            "flaky",
            "start",
            "if [ -f \"$ZWE_zowe_workspaceDirectory/tried\" ]; then echo 'flaky runs'; exec sleep 1000; fi\n\
             : > \"$ZWE_zowe_workspaceDirectory/tried\"\necho 'flaky fails'\nexit 8\n",
        );
        for_each_file(&instance.runtime(), &|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, in_1047(&text)).unwrap();
        });
        let zos = Zos::new(instance);
        // Java is no program of the shell: it writes what its file.encoding says.
        executable(
            &zos.instance.runtime().join("java"),
            "#!/bin/sh\necho \"java of $1: gr\u{fc}n \u{20ac}\"\nprintf '%0300d\\n' 7\nexec sleep 1000\n",
        );
        // The program's USS path. Under an emulator the shell calls it by a script.
        let path = zos.instance.path("zwelnch");
        std::os::unix::fs::symlink(program(), &path).unwrap();
        let mut shell = SHELL.replace("STUB", zos.instance.path("zos").to_str().unwrap());
        if let Some(words) = emulator() {
            executable(&zos.instance.path("zwelnch.emulated"), &format!("#!/bin/sh\nexec {words} {} \"$@\"\n", program()));
            shell = shell
                .replace("command -p sed \"$_of_source\")", &format!("command -p sed \"$_of_source; s|{}|&.emulated|g\")", path.display()));
        }
        executable(&zos.instance.path("zos/bin/sh"), &shell);
        fs::write(zos.instance.path("zos/job-name"), JOB).unwrap();
        fs::write(zos.instance.path("zos/dd/SYSPRINT.lrecl"), "137").unwrap();
        fs::write(zos.instance.path("zos/dd/SYSPRINT.recfm"), "VBA").unwrap();
        let system = System { zos, asked: 0 };
        system.edit("hello");
        Some(system)
    }

    /// The member of PARMLIB, as ISPF saves it.
    fn edit(&self, greeting: &str) {
        let directory = self.zos.instance.directory.path().display();
        let text = format!(
            "zowe:\n  launchScript: {{startupChecks: {{user: disabled}}}}\n  runtimeDirectory: {directory}/runtime\n  \
             workspaceDirectory: {directory}/workspace\n  job: {{prefix: ZWE1}}\n  configmgr: {{validation: COMPONENT-COMPAT}}\n\
             components:\n  gateway:\n    enabled: true\n    greeting: '{greeting} [x]'\n    \
             letters: '{greeting} gr\u{fc}n'\n    next: ${{{{ components.gateway.first + 1 }}}}\n    first: 41\n  flaky:\n    enabled: true\n    \
             launcher: {{restartIntervals: [1], shareAs: no}}\n\
             haInstances:\n  lpar1: {{hostname: lpar1.example.com, sysname: ZOS1}}\n"
        );
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        fs::write(self.zos.instance.path("zos/data-sets/ZOWE.PARMLIB/ZWEYAML"), in_1047(&text)).unwrap();
    }

    /// What is typed at a console: 126 characters at most, in upper case when the system has it.
    fn command(&mut self, typed: &str) -> Vec<String> {
        assert!(typed.len() <= 126, "no console takes that: {typed}");
        let folded = typed.to_ascii_uppercase();
        let (verb, operands) = folded.split_once(' ').unwrap();
        match verb {
            "S" => self.start(operands, Envfile::Stripped),
            "P" => {
                assert_eq!(operands, JOB);
                self.record(b'S', 0, "");
            }
            "C" => self.cancel(),
            "F" => {
                let text = operands.strip_prefix(&format!("{JOB},APPL=")).unwrap_or_else(|| panic!("BPXM029I {operands}"));
                self.asked += 1;
                self.record(b'M', self.asked, text);
                return self.answer();
            }
            other => panic!("IEE305I {other} COMMAND INVALID"),
        }
        Vec::new()
    }

    fn record(&mut self, kind: u8, origin: u8, text: &str) {
        let mut record = vec![kind];
        record.extend([origin; 12]);
        record.extend(in_1047(&format!("{text:128}")));
        assert_eq!(record.len(), 141);
        self.zos.console.write_all(&record).unwrap();
    }

    /// The lines of the answer, as the console of a user without UID 0 shows them.
    fn answer(&self) -> Vec<String> {
        let cart = format!("{:02x}", self.asked).repeat(8);
        let wto = self.zos.wait_for_wto(|wto| wto.is_answer_to(&cart));
        let lines: Vec<String> = wto.text.lines().map(str::to_owned).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 70), "a line of a message is longer than 70 characters: {lines:#?}");
        lines[0].strip_prefix("BPXM023I (ZWESVUSR) ZWEL").unwrap_or_else(|| panic!("{lines:#?}"));
        lines
    }

    /// S of the PROC: its symbol in PARM, its STDENV by the language environment, no descriptors, no variable but those.
    fn start(&mut self, operands: &str, envfile: Envfile) {
        let id = operands.split(',').find_map(|operand| operand.strip_prefix("HAINST=")).unwrap_or("");
        let parm = PROC.lines().find_map(|line| line.strip_prefix("//  PARM='")?.strip_suffix('\'')).unwrap().replace("&HAINST.", id);
        assert!(parm.contains("ENVAR(_CEE_ENVFILE_S=DD:STDENV)"), "{parm}");
        let by = emulator().map(|words| format!("exec {words} -0 ZWELNCH")).unwrap_or_else(|| "exec -a ZWELNCH".to_owned());
        let mut command = Command::new("bash");
        command.arg("-c").arg(format!("umask 0022; {by} \"$0\" \"$@\" <&- >&- 2>&-")).arg(program());
        command.arg(parm.split_once('/').unwrap().1).env_clear().envs(self.stdenv(envfile));
        command.env("ZWELNCH_ZOS_STUB", self.zos.instance.path("zos"));
        if let Some(words) = emulator() {
            command.env("ZWELNCH_EMULATOR", words);
        }
        self.zos.child = Some(command.current_dir("/").spawn().unwrap());
    }

    /// The PROC's in-stream data, edited in the two places that are to be edited, as records of 80 bytes.
    fn stdenv(&self, envfile: Envfile) -> Vec<(String, String)> {
        let (_, data) = PROC.split_once("//STDENV   DD   *\n").unwrap();
        let (data, _) = data.split_once("\n/*").unwrap();
        let program = format!("ZWELNCH_PROGRAM={}", self.zos.instance.path("zwelnch").display());
        let edit = |line: &str| match line.split_once('=').unwrap().0 {
            "ZWELNCH_PROGRAM" => program.clone(),
            "CONFIG" => "CONFIG=PARMLIB(ZOWE.PARMLIB(ZWEYAML))".to_owned(),
            _ => line.to_owned(),
        };
        let of_record = |line: &str| {
            let record = format!("{:80}", edit(line));
            assert_eq!(record.len(), 80, "too long for STDENV: {record}");
            let text = if envfile == Envfile::Padded { &record } else { record.trim_end() };
            let (name, value) = text.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        let named = if envfile == Envfile::Padded { "_CEE_ENVFILE" } else { "_CEE_ENVFILE_S" };
        data.lines().map(of_record).chain([(named.to_owned(), "DD:STDENV".to_owned())]).collect()
    }

    /// C: no signal is delivered; the address space goes with the processes in it.
    fn cancel(&mut self) {
        let launcher = self.zos.child.as_ref().unwrap().id().to_string();
        let is_child = |pid: &str| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.split(' ').nth(1) == Some(&launcher))
        };
        let spawned = self.zos.file("spawned");
        let sharing = spawned.lines().filter_map(|line| line.split_once(" YES ")).map(|(pid, _)| pid).filter(|pid| is_child(pid));
        let pids: Vec<&str> = [launcher.as_str()].into_iter().chain(sharing).collect();
        for pid in pids {
            kill(Pid::from_raw(pid.parse().unwrap()), Signal::SIGKILL).unwrap();
        }
        self.zos.wait_end();
    }

    fn sysprint(&self) -> String {
        text_of_1047(&fs::read(self.zos.instance.path("zos/dd/SYSPRINT")).unwrap_or_default())
    }

    /// Waits until `count` lines of SYSPRINT hold a text.
    fn wait_for(&self, text: &str, count: usize) {
        let found = || (self.sysprint().lines().filter(|line| line.contains(text)).count() >= count).then_some(());
        wait_until(Instant::now() + PATIENCE, found).unwrap_or_else(|| panic!("no {count} of {text:?} on SYSPRINT:\n{}", self.sysprint()));
    }

    /// zss, configmgr and zwe: every byte is converted from IBM-1047, whatever the tag says, and then it is UTF-8.
    fn read_as_zss(&self, name: &str) -> serde_yaml::Value {
        let bytes = from_1047(&fs::read(self.zos.instance.path("workspace/.env").join(name)).unwrap());
        serde_yaml::from_str(std::str::from_utf8(&bytes).unwrap_or_else(|why| panic!("{name}: {why}"))).unwrap()
    }

    /// What nobody may see on the console or SYSPRINT.
    fn judge_output(&self) {
        let wtos = self.zos.wtos();
        assert!(wtos.iter().any(|wto| wto.how == "svc35"), "{wtos:#?}");
        for wto in wtos {
            let is_answer = wto.how == "console2";
            assert!(is_answer || (wto.text.starts_with("ZWEL") && wto.text.chars().count() <= 126), "{wto:?}");
        }
        for line in self.sysprint().lines() {
            // ASA: a blank goes to the next line.
            assert!(line.starts_with(' ') && line.chars().count() <= 133, "{line:?}");
            let is_readable = |character: char| matches!(character, ' '..='~' | '\u{a0}'..='\u{ff}');
            assert!(line.chars().all(is_readable), "{line:?}");
        }
    }
}

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn for_each_file(directory: &Path, act: &dyn Fn(&Path)) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { for_each_file(&path, act) } else { act(&path) }
    }
}

#[test]
fn a_life_from_s_to_p() {
    let Some(mut system) = System::install() else { return };
    system.start("ZWESLSTC,HAINST=LPAR1,JOBNAME=ZWE1LP1", Envfile::Padded);
    system.wait_for("ZWEL0012I", 1);

    // Each program's output is readable, whatever its code page.
    for text in ["validated [gr\u{fc}n]", "configured {1}", "java of gateway: gr\u{fc}n ?", "flaky fails"] {
        system.wait_for(text, 1);
    }
    // A line that is longer than a record goes on in the next, and nothing of it is lost.
    system.wait_for("07", 1);
    let records: String = system.sysprint().lines().map(|line| line.strip_prefix(' ').unwrap_or_default()).collect();
    assert!(records.contains(&format!("{}7", "0".repeat(299))), "{}", system.sysprint());
    system.wait_for("gateway of lpar1: [gr\u{fc}n] hello [x] 42, umask 0002, path /bin:/usr/bin, job ZWE1AG", 1);
    system.wait_for("flaky runs", 1);

    let merged = system.read_as_zss(".zowe-merged.yaml");
    let gateway = &merged["components"]["gateway"];
    assert_eq!((gateway["letters"].as_str(), gateway["next"].as_i64()), (Some("hello gr\u{fc}n"), Some(42)), "{gateway:?}");
    system.read_as_zss("gateway/.configs-lpar1.json");

    let answer = system.command("F zwe1lp1,appl=disp").join("\n");
    let pid = pid_in(&answer, "gateway").unwrap_or_else(|| panic!("{answer}"));

    // A component that ends is started again.
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    system.wait_for("ZWEL0001I component gateway started", 2);
    system.command("f zwe1lp1,appl=stop(gateway)");
    system.wait_for("ZWEL0002I component gateway stopped", 1);
    system.command("f zwe1lp1,appl=start(gateway)");
    system.wait_for("ZWEL0001I component gateway started", 3);
    system.command("f zwe1lp1,appl=restart(gateway)");
    system.wait_for("ZWEL0001I component gateway started", 4);

    // What is changed is read from the member again, judged, and reaches zss and the component.
    system.edit("good day");
    system.command("f zwe1lp1,appl=reload");
    system.wait_for("gateway of lpar1: [gr\u{fc}n] good day [x] 42", 1);
    assert_eq!(system.read_as_zss(".zowe-merged.yaml")["components"]["gateway"]["letters"].as_str(), Some("good day gr\u{fc}n"));

    // As long as a console takes, and more names than there are: all of it arrives.
    let name = "n".repeat(126 - "f zwe1lp1,appl=restart()".len());
    let answer = system.command(&format!("f zwe1lp1,appl=restart({name})")).concat().replace(' ', "");
    assert!(answer.to_ascii_uppercase().contains(&name.to_ascii_uppercase()), "{answer}");

    system.command("p zwe1lp1");
    assert_eq!(system.zos.wait_end(), 0, "{}", system.sysprint());
    system.wait_for("ZWEL0013I", 1);
    assert_eq!(processes_of(system.zos.instance.directory.path()), Vec::<i32>::new());
    system.judge_output();
}

#[test]
fn a_cancel_and_the_start_after_it() {
    let Some(mut system) = System::install() else { return };
    system.command("s zweslstc,hainst=lpar1,jobname=zwe1lp1");
    system.wait_for("ZWEL0012I", 1);
    system.wait_for("flaky runs", 1);
    system.wait_for("java of gateway", 1);
    let spawned = system.zos.file("spawned");
    assert!(spawned.contains(" NO ") && spawned.contains(" YES "), "{spawned}");
    system.command("c zwe1lp1");
    // What had an address space of its own is ended by the guardian.
    let place = system.zos.instance.directory.path().to_owned();
    let none = wait_until(Instant::now() + PATIENCE, || processes_of(&place).is_empty().then_some(()));
    assert!(none.is_some(), "{:?}", processes_of(&place));

    system.command("s zweslstc,hainst=lpar1,jobname=zwe1lp1");
    system.wait_for("ZWEL0012I", 2);
    system.command("p zwe1lp1");
    assert_eq!(system.zos.wait_end(), 0, "{}", system.sysprint());
    system.judge_output();
}
