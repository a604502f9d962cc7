//! What another user puts where this one reads: none of it is trusted.

use crate::harness::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

/// A user who has nothing to do with the instance.
const STRANGER: u32 = 61002;

/// A snapshot of a component's environment that would make its process load a stranger's code.
fn plant(environment: &Path, owner: Option<u32>) {
    let component = environment.join("alpha");
    fs::create_dir_all(&component).unwrap();
    fs::write(component.join(".lpar1.env"), "export PLANTED='yes'\n").unwrap();
    for (path, mode) in [(environment.to_path_buf(), 0o755), (component.clone(), 0o755), (component.join(".lpar1.env"), 0o644)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        chown(&path, owner, owner).unwrap();
    }
}

fn instance() -> Instance {
    let instance = Instance::new().component("alpha", "echo \"planted: ${PLANTED:-no}\"; exec sleep 1000", "");
    instance.write_config();
    instance
}

/// Replaces `.env` by another directory while the instance runs, and starts the component again.
fn start_with_planted(plant: impl Fn(&Path)) -> String {
    let instance = instance();
    let running = instance.up();
    running.wait_for("planted: no");
    let own = instance.path("workspace/.env");
    fs::rename(&own, instance.path("own")).unwrap();
    plant(&own);
    // A RESTART would be refused, because it writes to the workspace.
    instance.modify("STOP(alpha)");
    running.wait_for("ZWEL0002I component alpha stopped");
    instance.modify("START(alpha)");
    running.wait_for_count("planted: ", 2);
    running.all()
}

#[test]
fn an_environment_directory_of_another_user_is_not_read_while_it_runs() {
    if !nix::unistd::geteuid().is_root() {
        return skip("only root can give files to another user");
    }
    let text = start_with_planted(|environment| plant(environment, Some(STRANGER)));
    assert!(!text.contains("planted: yes"), "{text}");
    assert!(text.contains(&format!("belongs to the user with uid {STRANGER}")), "{text}");
}

#[test]
fn an_environment_directory_that_is_a_link_is_not_read() {
    let text = start_with_planted(|environment| {
        let elsewhere = environment.with_file_name("elsewhere");
        plant(&elsewhere, None);
        symlink(elsewhere, environment).unwrap();
    });
    assert!(!text.contains("planted: yes"), "{text}");
    assert!(text.contains("is a link or no directory"), "{text}");
}

#[test]
fn a_start_ends_where_the_environment_directory_is_another_users() {
    if !nix::unistd::geteuid().is_root() {
        return skip("only root can give files to another user");
    }
    let instance = instance();
    fs::create_dir(instance.path("workspace")).unwrap();
    plant(&instance.path("workspace/.env"), Some(STRANGER));
    let (code, text) = run_to_end(instance.launcher(&["lpar1"]));
    assert_eq!(code, 8, "{text}");
    let named = text.lines().find(|line| line.contains("ZWEL0919E")).unwrap_or_else(|| panic!("{text}"));
    assert!(named.contains("/workspace/.env") && named.contains(&format!("uid {STRANGER}")), "{text}");
}

#[test]
fn a_start_ends_where_the_lock_or_the_record_is_a_link_or_another_users() {
    for name in [".lpar1.lock", ".lpar1.processes"] {
        let instance = instance();
        let private = instance.path("workspace/.env");
        fs::create_dir_all(&private).unwrap();
        fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(instance.path("precious"), "precious").unwrap();
        symlink(instance.path("precious"), private.join(name)).unwrap();
        let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
        running.wait_for("symbolic link");
        assert_eq!(fs::read_to_string(instance.path("precious")).unwrap(), "precious", "{name}");
        if name == ".lpar1.lock" {
            assert_eq!(running.wait_end(), 8, "{}", running.all());
        }
    }
}

/// Everything below a system directory that is not the stranger's, or that others may use.
fn not_the_strangers(directory: &Path) -> Vec<String> {
    let mut odd = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(path) = open.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        let mode = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o777;
        let wanted = if metadata.is_dir() { 0o700 } else { 0o600 };
        if std::os::unix::fs::MetadataExt::uid(&metadata) != STRANGER || mode != wanted {
            odd.push(format!("{} {mode:o} {}", path.display(), std::os::unix::fs::MetadataExt::uid(&metadata)));
        }
        open.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
    odd
}

/// A console of the stranger's, with a copy of the program that everybody may run.
fn strangers_console(copy: &Path, system: &Path, command: &str) -> (String, i32) {
    use std::os::unix::process::CommandExt;
    let mut console = std::process::Command::new(copy);
    console.args(["console", "--system"]).arg(system).arg(command).env_clear().env("PATH", "/usr/bin:/bin");
    let output = console.uid(STRANGER).gid(STRANGER).current_dir("/").stdin(std::process::Stdio::null()).output().unwrap();
    (text(&output), output.status.code().unwrap_or(-1))
}

#[test]
fn what_root_makes_in_a_system_of_another_user_is_that_users() {
    if !nix::unistd::geteuid().is_root() {
        return skip("only root can operate the systems of others");
    }
    let instance = instance();
    let system = instance.system();
    fs::create_dir_all(&system).unwrap();
    fs::set_permissions(&system, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&system, Some(STRANGER), Some(STRANGER)).unwrap();
    fs::set_permissions(instance.directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = instance.path("zwelnch");
    fs::copy(program(), &copy).unwrap();
    let system = crate::system::Installed::new(instance);
    let directory = system.0.system();
    fs::set_permissions(directory.join("PROCLIB/ZWESLSTC"), fs::Permissions::from_mode(0o600)).unwrap();
    chown(directory.join("PROCLIB/ZWESLSTC"), Some(STRANGER), Some(STRANGER)).unwrap();
    assert_eq!(system.issue("S ZWESLSTC,HAINST=lpar1").1, 0);
    system.wait_sysprint("ZWEL0012I");
    let shell = system.0.start();
    shell.wait_for("ZWEL0910E");
    assert_eq!(not_the_strangers(&directory), Vec::<String>::new());
    // Swept away and made anew, it is the stranger's again.
    let _ = fs::remove_dir_all(directory.join("jobs/STC00001"));
    let back = wait_until(std::time::Instant::now() + PATIENCE, || {
        ["control", "initiator", "job.json"].iter().all(|name| directory.join("jobs/STC00001").join(name).exists()).then_some(())
    });
    assert!(
        back.is_some()
            && wait_until(std::time::Instant::now() + PATIENCE, || not_the_strangers(&directory).is_empty().then_some(())).is_some()
    );
    // Who owns the system operates what root has started in it.
    let (answer, code) = strangers_console(&copy, &directory, "F ZWESLSTC,APPL=DISP");
    assert!(code == 0 && answer.contains("ZWEL0011I"), "{code}: {answer}");
    let (answer, code) = strangers_console(&copy, &directory, "P ZWESLSTC");
    assert_eq!(code, 0, "{answer}");
    system.wait_syslog("$HASP395 ZWESLSTC ENDED - RC=0000");
    assert_eq!(not_the_strangers(&directory), Vec::<String>::new());
}

#[test]
fn root_writes_to_nothing_that_a_link_in_a_system_of_another_user_leads_to() {
    if !nix::unistd::geteuid().is_root() {
        return skip("only root can operate the systems of others");
    }
    let place = tempfile::tempdir().unwrap();
    let (system, victim) = (place.path().join("system"), place.path().join("victim"));
    console(&system, "D T");
    for path in ["", "PROCLIB", "spool", "jobs", "SYSLOG"] {
        chown(system.join(path), Some(STRANGER), Some(STRANGER)).unwrap();
    }
    for path in ["SYSLOG", "jobs/.last-job-id"] {
        fs::write(&victim, "root's").unwrap();
        let _ = fs::remove_file(system.join(path));
        symlink(&victim, system.join(path)).unwrap();
        console(&system, "D T");
        console(&system, "S NOTHING");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "root's", "{path}");
        fs::remove_file(system.join(path)).unwrap();
    }
    // A directory of root's behind a link is neither used nor closed to others.
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_dir_all(system.join("spool")).unwrap();
    symlink(&elsewhere, system.join("spool")).unwrap();
    let (answer, code) = console(&system, "D T");
    assert!(code != 0 && answer.contains("spool belongs to user id 0"), "{code}: {answer}");
    assert_eq!(fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn files_of_a_system_that_cannot_be_read_are_said() {
    let place = tempfile::tempdir().unwrap();
    let system = place.path().join("system");
    console(&system, "D T");
    // A directory in place of a file is no file for root either.
    fs::create_dir_all(system.join("jobs/STC00042/job.json")).unwrap();
    for command in ["D A,L", "P ZWESLSTC", "C ZWESLSTC"] {
        let (answer, _) = console(&system, command);
        assert!(answer.contains("ZWEL0939W") && answer.contains("STC00042/job.json: it is a directory"), "{command}: {answer}");
    }
    let status = std::process::Command::new(program()).args(["status", "--system"]).arg(&system).output().unwrap();
    assert!(text(&status).contains("STC00042/job.json"), "{}", text(&status));
    fs::remove_dir(system.join("jobs/STC00042/job.json")).unwrap();
    fs::write(system.join("jobs/STC00042/job.json"), "no record").unwrap();
    assert!(console(&system, "D A,L").0.contains("STC00042/job.json: "));
    fs::create_dir(system.join("SYSPLEX")).unwrap();
    for command in ["RO OTHER,D T", "RO *ALL,D T"] {
        let (answer, code) = console(&system, command);
        assert!(answer.contains("SYSPLEX: it is a directory"), "{code} {command}: {answer}");
    }
    fs::create_dir(system.join("jobs/.last-job-id")).unwrap();
    fs::write(system.join("PROCLIB/ANY"), "//ANY PROC\n//S EXEC PGM=BPXBATCH,PARM='SH true'\n").unwrap();
    let (answer, code) = console(&system, "S ANY");
    assert!(code != 0 && answer.contains(".last-job-id"), "{answer}");
    fs::create_dir(system.join("SYSNAME")).unwrap();
    let (answer, code) = console(&system, "D T");
    assert!(code != 0 && answer.contains("SYSNAME"), "{answer}");
}
