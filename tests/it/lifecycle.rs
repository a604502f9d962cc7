//! How lifecycle commands are sourced, on dash and on bash: Zowe's own components, which are shell scripts, rely on it.

use crate::harness::{Instance, Running, none_left, program_or_skip};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::ffi::OsStrExt;

const SLEEPER: &str = "echo up; exec sleep 1000";
const ONE_TRY: &str = "launcher: {restartIntervals: []}";

/// Each test is made once for each shell, with the shell in its name, so that a failure names the shell.
macro_rules! on_both_shells {
    ($($name:ident),* $(,)?) => {
        mod dash {
            $(#[test] fn $name() { super::with_shell("/bin/dash", super::$name); })*
        }
        mod bash {
            $(#[test] fn $name() { super::with_shell("/bin/bash", super::$name); })*
        }
    };
}

on_both_shells!(
    instance_env_then_library_then_directory_then_command,
    what_the_library_sets_and_defines_is_there_in_every_phase,
    a_library_that_returns_an_error_ends_nothing,
    a_library_that_exits_fails_the_command,
    arguments_are_the_commands_own,
    instance_dir_sources_instance_env_before_every_command,
    scripts_below_bin_are_used_where_the_manifest_names_none,
    exports_of_configure_reach_start_and_every_restart_exactly,
    pre_configure_comes_before_configure,
    a_configure_that_fails_warns_or_ends_the_start,
    a_start_script_that_ends_in_the_background_without_a_newline,
    a_start_script_that_returns_at_once,
    a_start_script_of_a_megabyte,
    a_start_script_that_becomes_the_server,
    a_start_script_that_pipes,
    binary_output_is_relayed_and_made_printable,
    megabytes_without_a_newline,
    validate_commands_run_at_once_and_are_relayed_in_order,
    a_validate_that_daemonises_does_not_hang_the_start,
);

fn with_shell(shell: &'static str, test: fn(Instance)) {
    if program_or_skip(shell.trim_start_matches("/bin/")).is_some() {
        test(Instance::new().with_shell(shell));
    }
}

fn kill_pid(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

/// The number that follows `word` in the first line that has it.
fn number_after(running: &Running, word: &str) -> i32 {
    running.wait_for(word).trim_start_matches(word).trim().parse().unwrap()
}

/// Ends the launcher as P does; nothing may be left.
fn end(instance: &Instance, mut running: Running) -> String {
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert!(none_left(instance.directory.path()), "processes are left over");
    running.all()
}

fn instance_env_then_library_then_directory_then_command(instance: Instance) {
    let instance = instance.component("alpha", "echo \"start $STEPS command in $PWD\"; exec sleep 1000", "");
    instance.library("STEPS=\"$STEPS library(${PWD##*/})\"\n");
    for phase in ["validate", "configure"] {
        instance.script("alpha", phase, &format!("echo \"{phase} $STEPS command in $PWD\"\n"));
    }
    instance.write_config();
    fs::write(instance.path("instance.env"), "STEPS=instance.env\n").unwrap();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env_remove("CONFIG").env("INSTANCE_DIR", instance.directory.path());
    let running = Running::spawn(launcher, instance.directory.path());
    running.wait_for("start instance.env");
    let out = end(&instance, running);
    let directory = instance.component_directory("alpha");
    for phase in ["validate", "configure", "start"] {
        // The library is sourced where the launcher is, in the runtime directory.
        let expected = format!("{phase} instance.env library(runtime) command in {}", directory.display());
        assert!(out.lines().any(|line| line == expected), "{expected} is missing in\n{out}");
    }
}

fn what_the_library_sets_and_defines_is_there_in_every_phase(instance: Instance) {
    let instance = instance.component("alpha", "greet start; exec sleep 1000", "");
    instance.library("echo 'the library speaks'\nGREETING=Hello\ngreet() { echo \"$GREETING from $1 with $#\"; }\n");
    instance.script("alpha", "validate", "greet validate\n");
    instance.script("alpha", "configure", "greet configure; GREETING=changed\n");
    let running = instance.up();
    running.wait_for("Hello from start");
    let out = end(&instance, running);
    for phase in ["validate", "configure", "start"] {
        assert_eq!(out.matches(&format!("Hello from {phase} with 1")).count(), 1, "{out}");
    }
    assert_eq!(out.matches("the library speaks").count(), 3, "{out}");
}

fn a_library_that_returns_an_error_ends_nothing(instance: Instance) {
    let instance = instance.component("alpha", SLEEPER, "");
    instance.library("return 3\n");
    for phase in ["validate", "configure"] {
        instance.script("alpha", phase, &format!("echo {phase} runs\n"));
    }
    let running = instance.up();
    running.wait_for("up");
    let out = end(&instance, running);
    assert!(out.contains("validate runs") && out.contains("configure runs") && !out.contains("ZWEL0317E"), "{out}");
}

fn a_library_that_exits_fails_the_command(instance: Instance) {
    let instance = instance.component("alpha", SLEEPER, "");
    instance.library("exit 9\n");
    instance.script("alpha", "validate", "echo validate runs\n");
    let (code, out) = instance.run_to_end();
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0917E") && out.contains('9') && !out.contains("validate runs"), "{out}");
    assert!(out.contains("ZWEL0030E"), "{out}");
    // Without a validate command, start is the one that fails.
    fs::remove_file(instance.component_directory("alpha").join("bin/validate.sh")).unwrap();
    let running = instance.start();
    running.wait_for("ended unasked: exit code 9");
    assert!(!running.all().lines().any(|line| line == "up"));
}

fn arguments_are_the_commands_own(instance: Instance) {
    let instance = instance.component("alpha", "echo never", "").component("beta", "echo \"beta $#\"; exec sleep 1000", "");
    instance.manifest("alpha", "commands: {start: \"bin/other.sh one 'two words' '$HOME;exit'\", configure: bin/configure.sh --now}\n");
    instance.script("alpha", "other", "echo \"start $#:$1:$2:$3\"; exec sleep 1000\n");
    instance.script("alpha", "configure", "echo \"configure $#:$1\"\n");
    instance.library("set -- leaked by the library\n");
    let running = instance.up();
    running.wait_for("start 3:one:two words:$HOME;exit");
    running.wait_for("configure 1:--now");
    running.wait_for("beta 0");
    assert!(!end(&instance, running).contains("never"));
}

fn instance_dir_sources_instance_env_before_every_command(instance: Instance) {
    let instance = instance.component("alpha", "echo \"start $FROM_INSTANCE\"; exec sleep 1000", "launcher: {restartIntervals: [0]}");
    instance.script("alpha", "validate", "echo \"validate $FROM_INSTANCE\"\n");
    instance.script("alpha", "configure", "sh -c 'echo \"configure $FROM_INSTANCE\"'\n");
    instance.write_config();
    fs::write(instance.path("instance.env"), "# v1\nFROM_INSTANCE='it is '\"exported\"\n").unwrap();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env_remove("CONFIG").env("INSTANCE_DIR", instance.directory.path());
    let running = Running::spawn(launcher, instance.directory.path());
    for phase in ["validate", "configure", "start"] {
        running.wait_for(&format!("{phase} it is exported"));
    }
    kill_pid(instance.pid("alpha").unwrap());
    running.wait_for_count("start it is exported", 2);
    end(&instance, running);
}

fn scripts_below_bin_are_used_where_the_manifest_names_none(instance: Instance) {
    use std::os::unix::fs::PermissionsExt;
    let instance = instance.component("alpha", "echo fallback start; exec sleep 1000", "");
    for phase in ["validate", "configure"] {
        instance.script("alpha", phase, &format!("echo fallback {phase}\n"));
        let mode = fs::metadata(instance.component_directory("alpha").join(format!("bin/{phase}.sh"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0, "scripts need no execute bit");
    }
    let running = instance.up();
    for phase in ["validate", "configure", "start"] {
        running.wait_for(&format!("fallback {phase}"));
    }
    end(&instance, running);
}

fn exports_of_configure_reach_start_and_every_restart_exactly(instance: Instance) {
    let start = "printf %s \"$VALUE\" > value.new; printf %s \"${PLAIN-unset}\" > plain; mv value.new value; echo began; exec sleep 1000";
    let instance = instance.component("alpha", start, "launcher: {restartIntervals: [0, 0]}");
    let configure = "VALUE=$(printf 'one\\n\"two\" '\"'\"'three'\"'\"' \\\\n $HOME `id` $(id) \\303\\274 \\377 =; \\t!\\n\\n#')\nexport VALUE\nPLAIN=no\ncd /\n";
    instance.script("alpha", "configure", configure);
    let running = instance.up();
    let expected = b"one\n\"two\" 'three' \\n $HOME `id` $(id) \xc3\xbc \xff =; \t!\n\n#";
    let directory = instance.component_directory("alpha");
    for count in 1..=3 {
        running.wait_for_count("began", count);
        assert_eq!(fs::read(directory.join("value")).unwrap(), expected, "at start {count}");
        assert_eq!(fs::read(directory.join("plain")).unwrap(), b"unset", "what is not exported is not kept");
        if count < 3 {
            fs::remove_file(directory.join("value")).unwrap();
            kill_pid(instance.pid("alpha").unwrap());
        }
    }
    let snapshot = fs::read(instance.path("workspace/.env/alpha/.lpar1.env")).unwrap();
    let names: Vec<String> = String::from_utf8_lossy(&snapshot)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim_start_matches("export ").to_owned())
        .collect();
    assert!(names.iter().any(|name| name == "VALUE"), "{names:?}");
    for noise in ["PWD", "OLDPWD", "SHLVL", "_"] {
        assert!(!names.iter().any(|name| name == noise), "{noise} is in the snapshot: {names:?}");
    }
    end(&instance, running);
}

fn pre_configure_comes_before_configure(instance: Instance) {
    let instance = instance.component("alpha", "echo \"start $FIRST $SECOND\"; exec sleep 1000", "");
    instance.manifest("alpha", "commands: {preConfigure: bin/pre.sh, configure: bin/configure.sh, start: bin/start.sh}\n");
    instance.script("alpha", "pre", "export FIRST=\"pre ${SECOND-alone}\"\n");
    instance.script("alpha", "configure", "export SECOND=\"after <$FIRST>\"\n");
    let running = instance.up();
    running.wait_for("start pre alone after <pre alone>");
    end(&instance, running);
}

fn a_configure_that_fails_warns_or_ends_the_start(instance: Instance) {
    let instance = instance.component("alpha", "echo \"start with $KEPT\"; exec sleep 1000", "");
    instance.script("alpha", "configure", "export KEPT=this\nexit 5\n");
    let running = instance.up();
    running.wait_for("ZWEL0317E Component alpha commands.configure ended with rc=5.");
    running.wait_for("start with this");
    end(&instance, running);
    let yaml = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), yaml.replace("  configmgr:", "  launchScript: {onComponentConfigureFail: exit}\n  configmgr:")).unwrap();
    let (code, out) = crate::harness::run_to_end(instance.launcher(&["lpar1"]));
    assert_eq!((code, out.contains("ZWEL0030E"), out.contains("start with")), (8, true, false), "{out}");
}

/// A launcher that does not wait for the server reports exit code 0, or that the start script has ended before the server was killed.
fn a_start_script_that_ends_in_the_background_without_a_newline(instance: Instance) {
    let instance = instance.component("alpha", "sh -c 'echo server $$; exec sleep 1000' &", ONE_TRY);
    let running = instance.start();
    let server = number_after(&running, "server ");
    assert!(instance.pid("alpha").is_some_and(|shell| shell != server));
    kill_pid(server);
    running.wait_for("ended unasked: exit code 137");
}

fn a_start_script_that_returns_at_once(instance: Instance) {
    let start = "sh -c 'echo server $$; exec sleep 1000' &\necho done\nreturn 0\necho never\n";
    let instance = instance.component("alpha", start, ONE_TRY);
    let mut running = instance.start();
    let server = number_after(&running, "server ");
    running.wait_for("done");
    kill_pid(server);
    running.wait_for("ended unasked: exit code 137");
    assert_eq!(running.wait_end(), 12);
    assert!(!running.all().contains("never"));
}

fn a_start_script_of_a_megabyte(instance: Instance) {
    let mut start = String::new();
    while start.len() < 1_000_000 {
        start += &format!(": {} bytes so far, 'quoted' \"$HOME\" # comment\n", start.len());
    }
    let instance = instance.component("alpha", &(start + "echo past the end; exec sleep 1000"), "");
    let running = instance.up();
    running.wait_for("past the end");
    end(&instance, running);
}

fn a_start_script_that_becomes_the_server(instance: Instance) {
    let instance = instance.component("alpha", "echo server $$; exec sleep 1000", ONE_TRY);
    let running = instance.up();
    let server = number_after(&running, "server ");
    assert_eq!(instance.pid("alpha"), Some(server));
    kill_pid(server);
    running.wait_for("ended unasked: signal SIGKILL");
}

fn a_start_script_that_pipes(instance: Instance) {
    let is_bash = instance.launcher(&[]).get_envs().any(|(_, value)| value.is_some_and(|value| value.as_bytes() == b"/bin/bash"));
    let instance = instance.component("alpha", "sh -c 'echo to the log; exit 7' | tee log\n", ONE_TRY);
    let mut running = instance.start();
    // Only bash tells how the first part of a pipeline ended.
    running.wait_for(if is_bash { "ended unasked: exit code 7" } else { "ended unasked: exit code 0" });
    assert_eq!(running.wait_end(), 12);
    assert!(running.all().lines().any(|line| line == "to the log"));
    assert_eq!(fs::read_to_string(instance.component_directory("alpha").join("log")).unwrap(), "to the log\n");
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn binary_output_is_relayed_and_made_printable(instance: Instance) {
    let say = |phase: &str| format!("printf '{phase} \\000\\001\\033\\200\\303\\377\\376%%n%%s END\\n'\n");
    let instance = instance.component("alpha", &(say("start") + "exit 3\n"), ONE_TRY);
    instance.script("alpha", "validate", &say("validate"));
    instance.script("alpha", "configure", &say("configure"));
    instance.write_config();
    let output = instance.launcher(&["lpar1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(12), "{}", String::from_utf8_lossy(&output.stdout));
    for phase in ["validate", "configure", "start"] {
        // SYSPRINT shows bytes that are no text; a component's log file has them as they are.
        let expected = [phase.as_bytes(), br" \x00\x01\x80\xc3\xff\xfe%n%s END", b"\n"].concat();
        assert!(contains(&output.stdout, &expected), "{phase}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

fn megabytes_without_a_newline(instance: Instance) {
    const SIZE: usize = 3_000_000;
    let say = |phase: &str| format!("echo {phase} begins; head -c {SIZE} /dev/zero | tr '\\0' x\n");
    let instance = instance.component("alpha", &(say("start") + "exit 3\n"), ONE_TRY);
    instance.script("alpha", "validate", &say("validate"));
    instance.script("alpha", "configure", &say("configure"));
    instance.write_config();
    let output = instance.launcher(&["lpar1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(12));
    let lines: Vec<&[u8]> = output.stdout.split(|byte| *byte == b'\n').collect();
    for phase in ["validate", "configure", "start"] {
        let begins = lines.iter().position(|line| *line == format!("{phase} begins").as_bytes()).unwrap();
        // The launcher's own lines may come between the two.
        let rest = lines[begins + 1..].iter().skip_while(|line| !line.starts_with(b"x"));
        // However it is cut into lines, all of it is there.
        let relayed: usize = rest.take_while(|line| line.iter().all(|byte| *byte == b'x')).map(|line| line.len()).sum();
        assert_eq!(relayed, SIZE, "{phase}");
    }
}

fn validate_commands_run_at_once_and_are_relayed_in_order(instance: Instance) {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        crate::harness::skip("one processor: validate commands run one after the other");
        return;
    }
    let instance = instance.component("alpha", SLEEPER, "").component("beta", SLEEPER, "").component("gamma", SLEEPER, "");
    for name in ["to-alpha", "to-beta"] {
        nix::unistd::mkfifo(&instance.path(name), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    }
    let directory = instance.directory.path().display().to_string();
    // Each waits for the other: one after the other they would never end. Beta writes and ends first.
    instance.script(
        "alpha",
        "validate",
        &format!("echo alpha 1\necho go > {directory}/to-beta\nread answer < {directory}/to-alpha\necho alpha 2\nexit 1\n"),
    );
    instance.script(
        "beta",
        "validate",
        &format!("read answer < {directory}/to-beta\necho beta 1\necho beta 2\necho go > {directory}/to-alpha\nexit 2\n"),
    );
    instance.script("gamma", "validate", "echo gamma 1\n");
    let (code, out) = instance.run_to_end();
    assert_eq!(code, 8, "{out}");
    let said: Vec<&str> = out.lines().filter(|line| ["alpha ", "beta ", "gamma "].iter().any(|name| line.starts_with(name))).collect();
    assert_eq!(said, ["alpha 1", "alpha 2", "beta 1", "beta 2", "gamma 1"], "{out}");
    let errors: Vec<&str> = out.lines().filter(|line| line.contains("ZWEL0917E")).collect();
    assert!(errors.len() == 2 && errors[0].contains("alpha") && errors[1].contains("beta"), "{out}");
    assert!(out.contains("ZWEL0030E") && !out.contains("ZWEL0001I"), "{out}");
}

fn a_validate_that_daemonises_does_not_hang_the_start(instance: Instance) {
    let instance = instance.component("alpha", SLEEPER, "");
    for phase in ["validate", "configure"] {
        // In a session of its own, with the descriptors of the command that started it, so that the output never ends.
        let script = format!("echo {phase} speaks\nsetsid sh -c 'echo {phase} left $$; exec sleep 1000' &\nread pid < go\n");
        instance.script(
            "alpha",
            phase,
            &script.replace("$$;", &format!("$$; echo > {phase}.go;")).replace("< go", &format!("< {phase}.go")),
        );
        let fifo = instance.component_directory("alpha").join(format!("{phase}.go"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    }
    let mut running = instance.up();
    for phase in ["validate", "configure"] {
        let left = number_after(&running, &format!("{phase} left "));
        assert!(left > 0 && running.all().contains(&format!("{phase} speaks")));
    }
    running.wait_for("up");
    // The end of the launcher does not wait for them either.
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0);
}
