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
