//! Somebody sweeps old files away below a job that runs (a cleaner of /tmp, `rm`): what belongs to the job is made anew by the job, and a job
//! whose process lives is never declared ended.

use crate::harness::{Instance, PATIENCE, console, program_or_skip, wait_until};
use crate::system::Installed;
use nix::sys::signal::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const SLEEP: &str = "exec sleep 1000";

fn remove(path: &Path) {
    // What is made anew meanwhile is not swept again.
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// Waits until the job answers again, and says what it is asked.
fn answers(system: &Path) {
    let answer = wait_until(Instant::now() + PATIENCE, || {
        let (answer, code) = console(system, "F ZWESLSTC,APPL=DISP");
        (code == 0 && answer.contains("ZWEL0011I")).then_some(())
    });
    assert!(answer.is_some(), "{:?}", console(system, "D A,L"));
}

#[test]
fn whatever_is_swept_away_of_a_jobs_entry_is_made_anew() {
    let instance = Instance::new().component("alpha", SLEEP, "");
    let mut running = instance.up();
    let system = instance.system();
    let entry = system.join("jobs/STC00001");
    for (what, at_once) in [("control", true), ("job.json", false), ("", false)] {
        let path = if what.is_empty() { entry.clone() } else { entry.join(what) };
        remove(&path);
        if at_once {
            // The job is there all the time: nothing is waited for.
            let (answer, code) = instance.console("F ZWESLSTC,APPL=DISP");
            assert!(code == 0 && answer.contains("ZWEL0011I"), "{code}: {answer}");
        }
        answers(&system);
        let mode =
            |path: &Path| fs::metadata(path).map(|metadata| std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777);
        assert_eq!(
            (mode(&entry).unwrap(), mode(&entry.join("control")).unwrap(), mode(&entry.join("job.json")).unwrap()),
            (0o700, 0o600, 0o600)
        );
    }
    let log = fs::read_to_string(system.join("SYSLOG")).unwrap();
    assert!(!log.contains("$HASP395"), "{log}");
    for path in [system.join("jobs"), system.clone()] {
        remove(&path);
        answers(&system);
    }
    let said = running.wait_for("ZWEL0966W operator commands are not taken for the moment - ");
    assert!(said.contains("jobs/STC00001/control was removed by somebody and is made anew"), "{said}");
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0);
    assert!(fs::read_to_string(system.join("SYSLOG")).unwrap().contains("$HASP395 ZWESLSTC ENDED - RC=0000"));
    // Nothing is made anew by an end.
    assert!(!entry.exists());
}

#[test]
fn a_started_task_whose_sockets_are_swept_away_is_operated_and_cancelled() {
    let system = Installed::new(Instance::new().component("alpha", SLEEP, ""));
    assert_eq!(system.issue("S ZWESLSTC,HAINST=lpar1").1, 0);
    system.wait_sysprint("ZWEL0012I");
    let entry = system.0.system().join("jobs/STC00001");
    for what in ["control", "initiator", ""] {
        remove(&if what.is_empty() { entry.clone() } else { entry.join(what) });
        answers(&system.0.system());
    }
    let initiator = wait_until(Instant::now() + PATIENCE, || entry.join("initiator").exists().then_some(()));
    assert!(initiator.is_some() && !system.syslog().contains("$HASP395"), "{}", system.syslog());
    remove(&entry.join("initiator"));
    let (answer, code) = system.issue("C ZWESLSTC");
    assert_eq!(code, 0, "{answer}");
    let log = system.wait_syslog("$HASP395 ZWESLSTC ENDED - ABEND=S222");
    assert_eq!(log.matches("$HASP395").count(), 1, "{log}");
    assert!(!entry.exists());
}

#[test]
fn a_launcher_that_answers_nothing_and_has_no_socket_is_not_declared_ended() {
    let instance = Instance::new().component("alpha", SLEEP, "");
    let mut running = instance.up();
    let entry = instance.system().join("jobs/STC00001");
    running.signal(Signal::SIGSTOP);
    fs::remove_file(entry.join("control")).unwrap();
    let (answer, _) = instance.console("D A,L");
    assert!(answer.contains("STC00001"), "{answer}");
    let (answer, code) = instance.console("P ZWESLSTC");
    assert!(code != 0 && answer.contains("TASK BUSY"), "{answer}");
    running.signal(Signal::SIGCONT);
    answers(&instance.system());
    assert!(!fs::read_to_string(instance.system().join("SYSLOG")).unwrap().contains("$HASP395"));
    // C ends it also while nobody can connect.
    running.signal(Signal::SIGSTOP);
    remove(&entry.join("control"));
    let (answer, code) = instance.console("C ZWESLSTC");
    assert_eq!(code, 0, "{answer}");
    running.wait_end();
    let log = fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
    assert!(log.contains("ABEND=S222") && log.matches("$HASP395").count() == 1, "{log}");
    assert!(!instance.system().join("jobs/STC00001").exists());
}

/// systemd's own cleaner passes over the entry of a job that lives, because it is locked as tmpfiles.d(5) says, and takes one that was left.
#[test]
fn systemds_cleaner_leaves_a_job_that_lives_its_entry() {
    let Some(cleaner) = program_or_skip("systemd-tmpfiles") else { return };
    let instance = Instance::new().component("alpha", SLEEP, "");
    let running = instance.up();
    let jobs = instance.system().join("jobs");
    let left = jobs.join("STC00077");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("control"), "").unwrap();
    let rules = instance.path("rules.conf");
    fs::write(&rules, format!("e {} - - - 0\n", jobs.display())).unwrap();
    let cleaned = Command::new(cleaner).arg("--clean").arg(&rules).output().unwrap();
    assert!(cleaned.status.success(), "{cleaned:?}");
    assert!(!left.join("control").exists(), "{cleaned:?}");
    let entry: PathBuf = jobs.join("STC00001");
    assert!(entry.join("control").exists() && entry.join("job.json").exists());
    assert!(!running.all().contains("ZWEL0966W"), "{}", running.all());
    answers(&instance.system());
}
