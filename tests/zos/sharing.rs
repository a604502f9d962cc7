//! shareAs where the shell cannot share an address space.

use super::{BOTH_CODES, Zos};
use crate::harness::Instance;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_shell_with_the_sticky_bit_is_told_and_must_is_refused() {
    let component = |instance: Instance, name: &str, share_as: &str| {
        instance.component(name, BOTH_CODES, &format!("launcher: {{shareAs: {share_as}}}"))
    };
    let instance = Instance::new().extra("");
    let instance = component(component(component(instance, "alpha", "yes"), "beta", "must"), "gamma", "no");
    let shell = instance.path("sticky-sh");
    fs::copy("/bin/sh", &shell).unwrap();
    fs::set_permissions(&shell, fs::Permissions::from_mode(0o1755)).unwrap();
    let mut zos = Zos::new(instance);
    zos.up_with("ZWELNCH_SHELL", shell.to_str().unwrap());
    let sysprint = zos.dd("SYSPRINT");
    let is_said = |text: String| assert!(sysprint.contains(&text), "{text} is missing in\n{sysprint}");
    let why = format!("{}, which runs", shell.display());
    is_said(format!("ZWEL0960W components alpha do not share the launcher's address space: {why} them, has the sticky bit"));
    is_said(format!("ZWEL0961E component beta is not started: its shareAs is must, and {why} it, has the sticky bit"));
    // The other one runs, in an address space of its own.
    assert!(zos.file("spawned").lines().any(|line| line.contains(" YES ")) && !zos.file("spawned").contains(" MUST "));
    zos.wait_for_wto(|wto| wto.text.starts_with("ZWEL0961E"));
}
