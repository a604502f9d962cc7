//! A system off z/OS: PROCLIB members are started, operated and cancelled from its console.

use crate::harness::{Instance, PATIENCE, console, kill_processes_of, none_left, processes_of, program, text, wait_until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Instant;

const SLEEPER: &str = "echo up; exec sleep 1000";

/// An instance whose PROC is installed in the system's PROCLIB.
pub(crate) struct Installed(pub(crate) Instance);

impl Installed {
    pub(crate) fn new(instance: Instance) -> Installed {
        instance.write_config();
        let member = Command::new(program())
            .args(["jcl", "--set-config", instance.config().to_str().unwrap()])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(member.status.success(), "{}", text(&member));
        instance.console("D A,L");
        fs::write(instance.system().join("PROCLIB/ZWESLSTC"), member.stdout).unwrap();
        Installed(instance)
    }

    pub(crate) fn issue(&self, command: &str) -> (String, i32) {
        self.0.console(command)
    }

    pub(crate) fn syslog(&self) -> String {
        fs::read_to_string(self.0.system().join("SYSLOG")).unwrap_or_default()
    }

    pub(crate) fn wait_syslog(&self, expected: &str) -> String {
        let found = wait_until(Instant::now() + PATIENCE, || Some(self.syslog()).filter(|log| log.contains(expected)));
        found.unwrap_or_else(|| panic!("{expected} is missing in\n{}\n{}", self.syslog(), self.sysprint()))
    }

    /// SYSPRINT of the newest job.
    pub(crate) fn sysprint(&self) -> String {
        let mut jobs: Vec<_> = fs::read_dir(self.0.system().join("spool")).unwrap().map(|entry| entry.unwrap().path()).collect();
        jobs.sort_by_key(|path| path.extension().map(|id| id.to_owned()));
        jobs.pop().map(|job| fs::read_to_string(job.join("SYSPRINT")).unwrap_or_default()).unwrap_or_default()
    }

    pub(crate) fn wait_sysprint(&self, expected: &str) {
        let found = wait_until(Instant::now() + PATIENCE, || self.sysprint().contains(expected).then_some(()));
        assert!(found.is_some(), "{expected} is missing in\n{}", self.sysprint());
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        kill_processes_of(self.0.directory.path());
    }
}

#[test]
fn from_s_to_p_by_the_proc() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n"));
    let (answer, code) = system.issue("s zweslstc,hainst=lpar1");
    assert_eq!(code, 0, "{answer}");
    assert!(answer.contains("$HASP373 ZWESLSTC STARTED"), "{answer}");
    system.wait_sysprint("ZWEL0012I");
    assert!(system.sysprint().contains("ZWEL0024I HA_INSTANCE_ID is 'lpar1'"));
    let (jobs, _) = system.issue("D A,L");
    assert!(jobs.contains("ZWESLSTC") && jobs.contains("STC00001"), "{jobs}");
    let (answer, code) = system.issue("F ZWESLSTC,APPL=DISP");
    assert_eq!(code, 0, "{answer}");
    assert!(answer.contains("ZWEL0011I     name =            alpha, PID = "), "{answer}");
    let (answer, code) = system.issue("P ZWESLSTC");
    assert_eq!(code, 0, "{answer}");
    let log = system.wait_syslog("$HASP395 ZWESLSTC ENDED - RC=0000");
    let mut last = 0;
    for text in [
        "s zweslstc,hainst=lpar1",
        "$HASP373",
        "IEF403I",
        "ZWEL0021I",
        "F ZWESLSTC,APPL=DISP",
        "P ZWESLSTC",
        "ZWEL0907I",
        "IEF404I",
        "$HASP395",
    ] {
        let found = log[last..].find(text).unwrap_or_else(|| panic!("{text} is missing or out of order in\n{log}"));
        last += found;
    }
    assert!(none_left(system.0.directory.path()));
    assert!(!system.issue("D A,L").0.contains("STC00001"));
    for name in ["JESJCL", "SYSPRINT", "SYSERR"] {
        let mode = fs::metadata(system.0.system().join("spool/ZWESLSTC.STC00001").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn several_jobs_under_names_of_their_own() {
    let system = Installed::new(
        Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n  lpar2: {hostname: b}\n"),
    );
    for (id, job) in [("lpar1", "ZWE1"), ("lpar2", "ZWE2")] {
        let (answer, code) = system.issue(&format!("S ZWESLSTC,HAINST={id},JOBNAME={job}"));
        assert_eq!(code, 0, "{answer}");
    }
    for job in ["ZWE1", "ZWE2"] {
        let found = wait_until(Instant::now() + PATIENCE, || {
            Some(system.issue(&format!("F {job},APPL=DISP")).0).filter(|answer| answer.contains("alpha"))
        });
        assert!(found.is_some(), "{}", system.syslog());
    }
    let (answer, code) = system.issue("F ZWESLSTC,APPL=DISP");
    assert_eq!((code, answer.contains("IEE341I ZWESLSTC") && answer.contains("NOT ACTIVE")), (8, true), "{answer}");
    let status = |job: &str| {
        let out = Command::new(program()).args(["status", "--system"]).arg(system.0.system()).args(["--job", job]).output().unwrap();
        (text(&out), out.status.code())
    };
    assert!(status("ZWE2").0.contains("ZWEL0010I"));
    assert_eq!(status("ZWE3").1, Some(8));
    for job in ["ZWE1", "ZWE2"] {
        assert_eq!(system.issue(&format!("P {job}")).1, 0);
        system.wait_syslog(&format!("$HASP395 {job}"));
    }
}

#[test]
fn cancel_is_an_abend_and_leaves_nothing() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n"));
    system.issue("S ZWESLSTC,HAINST=lpar1");
    system.wait_sysprint("ZWEL0012I");
    let (answer, code) = system.issue("C ZWESLSTC");
    assert_eq!(code, 0, "{answer}");
    let log = system.wait_syslog("$HASP395 ZWESLSTC ENDED");
    assert!(log.contains("IEF450I ZWESLSTC") && log.contains("ABEND=S222"), "{log}");
    let gone = wait_until(Instant::now() + PATIENCE, || processes_of(system.0.directory.path()).is_empty().then_some(()));
    assert!(gone.is_some(), "processes are left");
}

#[test]
fn a_launcher_that_is_killed_is_an_abend_and_leaves_nothing() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n"));
    system.issue("S ZWESLSTC,HAINST=lpar1");
    system.wait_sysprint("ZWEL0012I");
    let (detail, _) = system.issue("D A,ZWESLSTC");
    let pid = detail.split("PID=").nth(1).and_then(|rest| rest.split_whitespace().next()).and_then(|pid| pid.parse().ok()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    let log = system.wait_syslog("$HASP395 ZWESLSTC ENDED");
    assert!(log.contains("IEF450I ZWESLSTC"), "{log}");
    let gone = wait_until(Instant::now() + PATIENCE, || processes_of(system.0.directory.path()).is_empty().then_some(()));
    assert!(gone.is_some(), "processes are left");
    assert!(!system.issue("D A,L").0.contains("STC00001"));
}

#[test]
fn jobs_of_one_name_are_told_apart_by_their_identifiers() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {}\n  lpar2: {}\n"));
    for (identifier, id) in [("A1", "lpar1"), ("B1", "lpar2")] {
        assert_eq!(system.issue(&format!("S ZWESLSTC.{identifier},HAINST={id}")).1, 0);
    }
    assert_eq!(system.issue("P ZWESLSTC.B1").1, 0);
    system.wait_syslog("$HASP395 ZWESLSTC ENDED - RC=0000");
    let (jobs, _) = system.issue("D A,L");
    assert!(jobs.contains("A1") && !jobs.contains("B1"), "{jobs}");
    assert_eq!(system.issue("P A1").1, 0, "the identifier alone will do");
}

#[test]
fn a_launcher_that_cannot_start_tells_its_condition_code() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar2: {hostname: a}\n"));
    let (answer, code) = system.issue("S ZWESLSTC,HAINST=nosuch");
    assert_eq!(code, 8, "{answer}");
    for text in ["$HASP373 ZWESLSTC STARTED", "ZWEL0911E HA instance nosuch", "$HASP395 ZWESLSTC ENDED - RC=0008"] {
        assert_eq!(answer.matches(text).count(), 1, "{text} in {answer}");
    }
    let log = system.wait_syslog("$HASP395 ZWESLSTC ENDED - RC=0008");
    assert!(log.contains("ZWEL0911E HA instance nosuch is not defined in haInstances, defined: lpar2"), "{log}");
}

#[test]
fn a_job_typed_in_a_shell_is_a_job_of_the_system_too() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.write_config();
    let mut launcher = instance.launcher(&["launch", "lpar1"]);
    launcher.env("JOBNAME", "MYJOB");
    let mut running = crate::harness::Running::spawn(launcher, instance.directory.path());
    running.wait_for("ZWEL0012I");
    assert!(instance.console("D A,L").0.contains("MYJOB"));
    let (answer, code) = instance.console("F MYJOB,APPL='disp'");
    assert_eq!((code, answer.contains("ZWEL0010I")), (0, true), "{answer}");
    assert_eq!(instance.console("P MYJOB").1, 0);
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn bad_jcl_names_line_and_column_and_starts_nothing() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, ""));
    let proclib = system.0.system().join("PROCLIB");
    fs::write(proclib.join("BADJCL"), "//BADJCL  PROC HAINST=X\n//STEP1   EXEC PGM=ZWELNCH,PARM='/&HAINST\n").unwrap();
    let (answer, code) = system.issue("S BADJCL");
    assert_eq!(code, 8, "{answer}");
    assert!(answer.contains("2") && answer.contains("JCL ERROR"), "{answer}");
    let (answer, code) = system.issue("S NOSUCH");
    assert_eq!(code, 8, "{answer}");
    assert!(answer.contains("IEFC612I") && answer.contains("NOSUCH"), "{answer}");
    assert!(!system.issue("D A,L").0.contains("STC"), "something was started");
}

#[test]
fn commands_that_are_none() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, ""));
    let (answer, code) = system.issue("BOGUS");
    assert_eq!((code, answer.contains("IEE305I BOGUS") && answer.contains("COMMAND INVALID")), (8, true), "{answer}");
    for command in ["P NOSUCH", "F NOSUCH,APPL=DISP", "C NOSUCH"] {
        let (answer, code) = system.issue(command);
        assert_eq!((code, answer.contains("IEE341I NOSUCH")), (8, true), "{command}: {answer}");
    }
    let (answer, code) = system.issue(&format!("F ZWESLSTC,APPL={}", "X".repeat(126)));
    assert_eq!(code, 8, "over 126 characters: {answer}");
}

#[test]
fn only_the_owner_may_operate_a_system() {
    let system = Installed::new(Instance::new().component("alpha", SLEEPER, ""));
    system.issue("S ZWESLSTC,HAINST=lpar1");
    for path in ["", "PROCLIB", "spool", "jobs", "jobs/STC00001"] {
        let mode = fs::metadata(system.0.system().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{path}");
    }
    let mode = fs::metadata(system.0.system().join("jobs/STC00001/control")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::set_permissions(system.0.system(), fs::Permissions::from_mode(0o777)).unwrap();
    let (answer, code) = console(&system.0.system(), "D A,L");
    assert_eq!(code, 8, "{answer}");
    fs::set_permissions(system.0.system(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn the_proc_keeps_to_its_columns() {
    let long = format!("FILE(/a/very/long/path/{}/zowe.yaml):PARMLIB(A.B(C))", "x".repeat(200));
    for arguments in [vec!["jcl"], vec!["jcl", "--set-config", &long]] {
        let out = Command::new(program()).args(arguments).output().unwrap();
        assert!(out.status.success(), "{}", text(&out));
        for line in String::from_utf8(out.stdout).unwrap().lines() {
            assert!(line.len() <= 71, "{line}");
        }
    }
}

#[test]
fn a_sysplex_is_operated_from_any_of_its_systems() {
    let installed = Installed::new(
        Instance::new()
            .component("alpha", SLEEPER, "")
            .extra("haInstances:\n  lpar1: {hostname: localhost, sysname: LPR1}\n  lpar2: {hostname: localhost, sysname: LPR2}\n"),
    );
    let (first, second) = (installed.0.system(), installed.0.path("second"));
    fs::write(first.join("SYSNAME"), "LPR1\n").unwrap();
    fs::write(first.join("SYSPLEX"), "# the others\n../second\n").unwrap();
    fs::create_dir_all(second.join("PROCLIB")).unwrap();
    fs::set_permissions(&second, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(second.join("SYSNAME"), "LPR2\n").unwrap();
    fs::write(second.join("SYSPLEX"), "../system\n").unwrap();
    fs::copy(first.join("PROCLIB/ZWESLSTC"), second.join("PROCLIB/ZWESLSTC")).unwrap();

    assert_eq!(installed.issue("S ZWESLSTC,HAINST=lpar1").1, 0);
    let (answer, code) = installed.issue("RO LPR2,S ZWESLSTC,HAINST=LPAR2,JOBNAME=ZWE1SV2");
    assert!(code == 0 && answer.contains("$HASP373 ZWE1SV2 STARTED"), "{answer}");
    let both = wait_until(Instant::now() + PATIENCE, || {
        let (answer, code) = console(&second, "RO *ALL,D A,L");
        assert_eq!(code, 0, "{answer}");
        let order = ["IEE421I RO *ALL,D A,L", "LPR1     RESPONSES ---", "ZWESLSTC", "LPR2     RESPONSES ---", "ZWE1SV2"];
        let places: Option<Vec<usize>> = order.iter().map(|text| answer.find(text)).collect();
        places.filter(|places| places.is_sorted())
    });
    assert!(both.is_some(), "{}", console(&second, "RO *ALL,D A,L").0);
    // Two instances beside each other in one workspace.
    let up = |system: &std::path::Path, job: &str| {
        let found = wait_until(Instant::now() + PATIENCE, || {
            let (answer, _) = console(system, &format!("F {job},APPL=DISP"));
            crate::harness::pid_in(&answer, "alpha")
        });
        assert!(found.is_some(), "{job}");
    };
    up(&first, "ZWESLSTC");
    up(&second, "ZWE1SV2");
    let (answer, code) = installed.issue("RO LPR9,D T");
    assert!(code != 0 && answer.contains("IEE499I ROUTE COMMAND NOT PROCESSED: SYSTEM LPR9 IS NOT IN THIS SYSPLEX"), "{answer}");
    assert_eq!(console(&first, "RO LPR2,P ZWE1SV2").1, 0);
    assert_eq!(console(&second, "RO (LPR1),P ZWESLSTC").1, 0);
    let ended = wait_until(Instant::now() + PATIENCE, || processes_of(installed.0.directory.path()).is_empty().then_some(()));
    assert!(ended.is_some(), "{:?}", processes_of(installed.0.directory.path()));

    // The same by the instances' ids.
    let config = fs::read_to_string(installed.0.config()).unwrap();
    fs::write(installed.0.config(), config.replace("sysname: LPR2", "sysname: LPR2, zowe: {job: {name: ZWE1SV2}}")).unwrap();
    let operate = |arguments: &[&str]| {
        let output =
            Command::new(program()).args(arguments).env("CONFIG", installed.0.config()).env("ZWELNCH_SYSTEM", &first).output().unwrap();
        (text(&output), output.status.code().unwrap())
    };
    let (printed, code) = operate(&["start", "--all", "--print"]);
    let expected = "S ZWESLSTC,HAINST=LPAR1,JOBNAME=ZWE1SV\nRO LPR2,S ZWESLSTC,HAINST=LPAR2,JOBNAME=ZWE1SV2\n";
    assert_eq!((printed.as_str(), code), (expected, 0));
    assert!(processes_of(installed.0.directory.path()).is_empty());
    let (answer, code) = operate(&["start", "--all"]);
    assert!(code == 0 && answer.contains("$HASP373 ZWE1SV STARTED") && answer.contains("$HASP373 ZWE1SV2 STARTED"), "{answer}");
    up(&first, "ZWE1SV");
    up(&second, "ZWE1SV2");
    let (answer, code) = operate(&["stop", "-i", "LPAR2", "-i", "lpar1"]);
    assert_eq!(code, 0, "{answer}");
    let (answer, code) = operate(&["stop", "-i", "lpar3"]);
    assert!(code == 8 && answer.contains("did you mean lpar"), "{answer}");
    let ended = wait_until(Instant::now() + PATIENCE, || processes_of(installed.0.directory.path()).is_empty().then_some(()));
    assert!(ended.is_some(), "{:?}", processes_of(installed.0.directory.path()));
}

/// A member of the system's PROCLIB with this instance's CONFIG.
fn install(system: &Installed, name: &str, text: &str) {
    let config = system.0.config().display().to_string();
    fs::write(system.0.system().join("PROCLIB").join(name), text.replace("@CONFIG@", &config)).unwrap();
}

fn spool(system: &Installed, job: &str, file: &str) -> String {
    let mut found: Vec<_> = fs::read_dir(system.0.system().join("spool")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_stem().is_some_and(|name| name == job));
    found.sort();
    found.pop().map(|path| fs::read_to_string(path.join(file)).unwrap_or_default()).unwrap_or_default()
}

/// Starts a member, waits until its launcher's output in `file` says that components are started, stops it and sees nothing left.
fn from_s_to_p(system: &Installed, command: &str, job: &str, file: &str) -> String {
    let (answer, code) = system.issue(command);
    assert_eq!(code, 0, "{command}: {answer}");
    assert!(answer.contains(&format!("$HASP373 {job} STARTED")), "{answer}");
    let up = wait_until(Instant::now() + PATIENCE, || spool(system, job, file).contains("ZWEL0012I").then_some(()));
    assert!(up.is_some(), "{command}: {}\n{}", spool(system, job, file), system.syslog());
    assert!(system.issue(&format!("F {job},APPL=DISP")).0.contains("alpha"), "{command}");
    assert_eq!(system.issue(&format!("P {job}")).1, 0, "{command}");
    system.wait_syslog(&format!("$HASP395 {job} ENDED - RC=0000"));
    let left = wait_until(Instant::now() + PATIENCE, || processes_of(system.0.directory.path()).is_empty().then_some(()));
    assert!(left.is_some(), "{command}: processes are left");
    answer
}

fn two_instances() -> Installed {
    Installed::new(Instance::new().component("alpha", SLEEPER, "").extra("haInstances:\n  lpar1: {hostname: a}\n  lpar2: {hostname: b}\n"))
}

#[test]
fn the_proc_that_needs_no_load_library_is_rehearsed() {
    let system = two_instances();
    let config = system.0.config();
    let member = Command::new(program()).args(["jcl", "ZWESLSTB", "--set-config", config.to_str().unwrap()]).output().unwrap();
    install(&system, "ZWESLSTB", &text(&member));
    let answer = from_s_to_p(&system, "S ZWESLSTB,HAINST=lpar1,JOBNAME=ZWE1", "ZWE1", "STDOUT");
    assert!(answer.contains("ZWEL0944I /usr/lpp/zwelnch/bin/zwelnch is not on this system"), "{answer}");
    assert!(spool(&system, "ZWE1", "STDOUT").contains("ZWEL0024I HA_INSTANCE_ID is 'lpar1'"));
    let (answer, code) = system.issue("S ZWESLSTB,HAINST=nosuch");
    assert!(code == 8 && answer.contains("ZWEL0911E"), "{answer}");
}

/// Records of in-stream data have 80 bytes. By `_CEE_ENVFILE` their blanks are part of every value, as z/OS does it, and the launcher takes
/// them off; by `_CEE_ENVFILE_S` the system does.
#[test]
fn variables_of_stdenv_have_no_padding() {
    let seen = "echo \"[$MY_WORDS]$(umask)\"; exec sleep 1000";
    let system = Installed::new(Instance::new().component("alpha", seen, "").extra("haInstances:\n  lpar1: {hostname: a}\n"));
    let own = fs::read_to_string(system.0.system().join("PROCLIB/ZWESLSTC")).unwrap();
    let variables = "MY_WORDS= two  words\n_EDC_UMASK_DFLT=0027\n";
    for (name, by) in [("PADDED", "_CEE_ENVFILE="), ("STRIPPED", "_CEE_ENVFILE_S=")] {
        install(&system, name, &own.replace("_EDC_UMASK_DFLT=0002\n", variables).replace("_CEE_ENVFILE_S=", by));
        let command = format!("S {name},HAINST=lpar1");
        from_s_to_p(&system, &command, name, "SYSPRINT");
        let sysprint = spool(&system, name, "SYSPRINT");
        assert!(sysprint.contains("[ two  words]0027"), "{name}: {sysprint}");
        assert!(sysprint.contains("ZWEL0023I Zowe YAML config file is 'FILE("), "{sysprint}");
        assert!(!sysprint.contains("zowe.yaml)  "), "{sysprint}");
    }
}

#[test]
fn procs_that_run_zwelnch_by_bpxbatch_are_rehearsed() {
    let system = two_instances();
    let streams = "//STDOUT DD SYSOUT=*\n//STDERR DD SYSOUT=*\n//STDENV DD *\nCONFIG=@CONFIG@\n/*\n";
    let own = system.0.path("zwelnch");
    std::os::unix::fs::symlink(program(), &own).unwrap();
    for (name, exec, more) in [
        ("PGMID", "PGM=BPXBATCH,PARM='PGM /usr/lpp/bin/zwelnch lpar2'", String::new()),
        ("SHELL", "PGM=BPXBATCH,PARM='SH exec /z/zwelnch launch lpar2'", String::new()),
        ("STDPGM", "PGM=BPXBATSL", format!("//STDPARM DD *\nPGM {}\nlaunch\nlpar2\n/*\n", own.display())),
        ("STDSH", "PGM=BPXBATCH,PARM='PGM /not/this'", "//STDPARM DD *\nSH A=1;\n/usr/lpp/bin/zwelnch launch\nlpar2\n/*\n".to_owned()),
    ] {
        let member = format!("//{name} PROC\n//ZWELNCH EXEC {exec}\n{streams}{more}");
        install(&system, name, &member);
        from_s_to_p(&system, &format!("S {name}"), name, "STDOUT");
        assert!(spool(&system, name, "STDOUT").contains("ZWEL0024I HA_INSTANCE_ID is 'lpar2'"), "{name}");
    }
    for (name, exec, expected) in [
        ("NOPATH", "PGM=BPXBATCH,PARM='PGM /none/tool'", "BPXM047I BPXBATCH FAILED BECAUSE SPAWN (BPX1SPN) OF /none/tool"),
        ("NOWORD", "PGM=BPXBATCH,PARM='/none/tool'", "BEGINS WITH NEITHER SH NOR PGM"),
        ("AUTHSH", "PGM=BPXBATA8,PARM='SH ls'", "BPXM082I"),
        ("OTHER", "PGM=IEFBR14", "CSV003I"),
    ] {
        install(&system, name, &format!("//{name} PROC\n//S EXEC {exec}\n{streams}"));
        let (answer, code) = system.issue(&format!("S {name}"));
        assert!(code == 8 && answer.contains(expected), "{name}: {answer}");
    }
    // A shell alone reads STDIN, and the job ends when it ends.
    install(
        &system,
        "STDIN",
        &format!("//STDIN PROC\n//S EXEC PGM=BPXBATCH,PARM=SH\n{streams}//STDIN DD *\necho from stdin; exit 5\n/*\n"),
    );
    assert_eq!(system.issue("S STDIN").1, 0);
    system.wait_syslog("$HASP395 STDIN    ENDED - RC=0005".replace("    ", " ").as_str());
    assert!(spool(&system, "STDIN", "STDOUT").contains("from stdin"));
}

#[test]
fn a_member_with_a_job_statement_is_started_as_it_is() {
    let system = two_instances();
    let job = "//ZWEJOB JOB 'ZOWE',MSGLEVEL=1\n//JESDS OUTPUT JESDS=ALL\n// SET WHICH=lpar9\n//RUN EXEC ZWESLSTC,HAINST='&WHICH'\n//ZWELNCH.SYSERR DD DUMMY\n";
    install(&system, "ZWESTC", job);
    from_s_to_p(&system, "S ZWESTC,WHICH='lpar1'", "ZWEJOB", "SYSPRINT");
    assert!(spool(&system, "ZWEJOB", "SYSPRINT").contains("ZWEL0024I HA_INSTANCE_ID is 'lpar1'"));
    let listing = spool(&system, "ZWEJOB", "JESJCL");
    assert!(listing.contains("//ZWEJOB JOB 'ZOWE'") && listing.contains("SET WHICH='lpar1'") && listing.contains("XXZWELNCH"), "{listing}");
    let (answer, code) = system.issue("S ZWESTC");
    assert!(code == 8 && answer.contains("ZWEL0911E HA instance lpar9"), "{answer}");
    from_s_to_p(&system, "S ZWESTC,HAINST=LPAR2,JOBNAME=ZWE2", "ZWE2", "SYSPRINT");
    assert!(spool(&system, "ZWE2", "SYSPRINT").contains("ZWEL0024I HA_INSTANCE_ID is 'lpar2'"));
}
