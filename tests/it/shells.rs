//! The shell that runs lifecycle commands where Zowe's functions are sourced.

use crate::harness::{Instance, Running, run_to_end};
use std::path::Path;

/// In the style of the runtime's own library: for the z/OS shell, which supports more than POSIX.
const LIBRARY: &str = r#"print_message() {
  if [[ "${1}" = *say* ]]; then echo "said ${1}"; fi
}
count() { let COUNT=COUNT+1; }
"#;

fn sh_is_dash() -> bool {
    Path::new("/bin/sh").canonicalize().unwrap().ends_with("dash")
}

fn instance() -> Instance {
    let instance =
        Instance::new().component("alpha", "print_message 'say this'\nCOUNT=1\ncount\necho \"counted $COUNT\"\nexec sleep 1000\n", "");
    instance.library(LIBRARY);
    instance
}

#[test]
fn functions_of_the_runtime_run_under_a_shell_that_can_run_them_and_it_is_said_once() {
    let instance = instance();
    instance.script("alpha", "validate", "print_message 'say valid'\n");
    let mut running = instance.up();
    running.wait_for("said say this");
    running.wait_for("counted 2");
    instance.modify("RESTART(alpha)");
    running.wait_for_count("counted 2", 2);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let text = running.all();
    assert!(text.contains("said say valid"), "{text}");
    let expected = usize::from(sh_is_dash());
    assert_eq!(text.matches("ZWEL0948I lifecycle commands are run by ").count(), expected, "{text}");
    let (code, plan) = run_to_end(instance.launcher(&["plan", "-i", "lpar1"]));
    assert_eq!(code, 4, "no haInstances: {plan}");
    assert_eq!(plan.matches("/bin/sh is dash, which cannot run Zowe's shell functions").count(), expected, "{plan}");
}

#[test]
fn a_shell_that_is_named_goes_before_and_without_functions_there_is_nothing_to_say() {
    if !sh_is_dash() {
        return;
    }
    let instance = instance();
    instance.write_config();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("ZWELNCH_SHELL", "/bin/sh");
    let mut running = Running::spawn(launcher, instance.directory.path());
    running.wait_for("[[: not found");
    running.wait_for("ZWEL0012I");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(!running.all().contains("ZWEL0948I"), "{}", running.all());
    // Without functions it is /bin/sh.
    let instance = Instance::new().component("alpha", "echo \"bash: ${BASH_VERSION:-none}\"; exec sleep 1000", "");
    let mut running = instance.up();
    running.wait_for("bash: none");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert!(!running.all().contains("ZWEL0948I"), "{}", running.all());
}
