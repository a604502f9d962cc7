//! Operator commands against a running instance.

use crate::harness::{Instance, PATIENCE, Running, pid_in, wait_until};
use std::time::Instant;

const SLEEPER: &str = "echo up; exec sleep 1000";

#[test]
fn disp_shows_exactly_what_is_launched() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("component-with-a-long-name", SLEEPER, "");
    instance.script("library", "validate", "exit 0");
    let running = instance.up();
    let answer = instance.modify("DISP");
    let lines: Vec<&str> = answer.lines().filter(|line| line.contains("ZWEL0011I")).collect();
    assert_eq!(lines.len(), 2, "{answer}");
    assert!(lines[1].contains("name = component-with-a, PID = "), "{answer}");
    running.wait_for("ZWEL0013I command 'DISP' received");
    // The answer is on SYSPRINT too.
    running.wait_for("ZWEL0010I launcher has the following components:");
    assert_eq!(instance.modify("DISPLAY").matches("ZWEL0011I").count(), 2);
}

#[test]
fn start_of_a_running_component_restarts_it_as_prepared() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let running = instance.up();
    let old = instance.pid("alpha").unwrap();
    let answer = instance.modify("START(ALPHA)");
    assert!(answer.contains("ZWEL0923I component alpha is being restarted"), "{answer}");
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    assert_ne!(instance.pid("alpha"), Some(old));
    let out = running.all();
    assert_eq!(out.matches("ZWEL0002I component alpha stopped").count(), 1, "{out}");
    assert!(!out.contains("ZWEL0905E"), "{out}");
}

#[test]
fn start_of_a_running_component_is_refused_when_configured_so() {
    let instance = Instance::new().component("alpha", SLEEPER, "").extra("  launcher:\n    startRunning: reject\n");
    let _running = instance.up();
    let old = instance.pid("alpha");
    let answer = instance.refused("START(alpha)");
    assert!(answer.contains("ZWEL0039E cannot start component alpha - already running"), "{answer}");
    assert_eq!(instance.pid("alpha"), old);
}

#[test]
fn a_start_while_others_are_being_stopped_loses_no_stop() {
    let deaf = "trap '' TERM; echo deaf; while :; do sleep 1000; done";
    let instance = Instance::new()
        .component("a", SLEEPER, "")
        .component("b", SLEEPER, "launcher: {dependsOn: [a]}")
        .component("c", deaf, "launcher: {dependsOn: [b], stop: {graceSeconds: 300}}")
        .extra("  launcher:\n    startRunning: reject\n");
    let running = instance.up();
    running.wait_for("deaf");
    let answer = instance.modify("STOP(a,b,c)");
    assert_eq!(answer.matches("is being stopped").count(), 3, "{answer}");
    let answer = instance.modify("DISP");
    assert!(answer.contains("stopping (waits for b)") && answer.contains("stopping (waits for c)"), "{answer}");
    assert!(instance.modify("DISP,DETAIL(a)").contains("WAITS FOR    b"));
    // For the operator it is not running any more: it comes back, and does not cancel the stop of another component.
    let answer = instance.modify("START(b)");
    assert!(answer.contains("ZWEL0923I component b is being restarted"), "{answer}");
    // As a whole, or not at all.
    let answer = instance.refused("START(a,b)");
    assert!(answer.contains("ZWEL0039E cannot start component b") && answer.contains("ZWEL0923I component a is being stopped"), "{answer}");
    assert!(instance.modify("DISP").contains("restarting (waits for c)"));
    let group = nix::unistd::Pid::from_raw(instance.pid("c").unwrap());
    nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).unwrap();
    for name in ["c", "b", "a"] {
        running.wait_for(&format!("ZWEL0002I component {name} stopped"));
    }
    running.wait_for("ZWEL0903I component b waits for a");
    instance.modify("START(a)");
    running.wait_for_count("ZWEL0001I component b started", 2);
}

#[test]
fn a_stop_that_takes_its_time_delays_nobody() {
    let instance = Instance::new()
        .component("stubborn", "trap '' TERM; echo deaf; while :; do sleep 1000; done", "launcher: {stop: {graceSeconds: 300}}")
        .component("alpha", SLEEPER, "");
    let mut running = instance.up();
    running.wait_for("deaf");
    assert!(instance.modify("STOP(stubborn)").contains("ZWEL0923I component stubborn is being stopped"));
    let answer = instance.modify("DISP");
    assert!(answer.contains("stopping"), "{answer}");
    assert!(instance.modify("STOP(alpha)").contains("ZWEL0923I"));
    running.wait_for("ZWEL0002I component alpha stopped");
    assert!(pid_in(&answer, "stubborn").is_some());
    // Before the grace time is over; the benchmark measures how fast.
    assert!(!running.all().contains("ZWEL0002I component stubborn"), "{}", running.all());
    // A second signal ends the grace time, once it comes so late that it cannot be the same request.
    running.signal(nix::sys::signal::Signal::SIGTERM);
    running.wait_for("ZWEL0008I");
    assert!(instance.refused("START(alpha)").contains("ZWEL0932I"));
    running.hurry();
    assert_eq!(running.wait_end(), 0);
    let out = running.all();
    assert!(out.contains("ZWEL0063W") && out.contains("ZWEL0053W"), "{out}");
}

#[test]
fn what_is_no_command_is_answered_too() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let running = instance.up();
    for (text, id) in [
        ("BOGUS", "ZWEL0042E command not recognized"),
        ("START", "ZWEL0041E bad value supplied, command ignored"),
        ("STOP(alpha", "ZWEL0041E"),
        ("STOP(nosuch)", "ZWEL0054W component NOSUCH not found"),
        ("RESTART(nosuch)", "ZWEL0054W"),
        ("STOP(alhpa)", "ZWEL0984I did you mean alpha?"),
    ] {
        let answer = instance.refused(text);
        assert!(answer.contains(id), "{text}: {answer}");
    }
    instance.modify("STOP(alpha)");
    running.wait_for("ZWEL0002I component alpha stopped");
    assert!(instance.modify("STOP(alpha)").contains("ZWEL0921I component alpha is not running"));
}

#[test]
fn restart_reads_the_configuration_anew() {
    let instance = Instance::new().component("alpha", "echo port $ZWE_configs_port $CONFIGURED; exec sleep 1000", "port: 1001");
    instance.script("alpha", "configure", "export CONFIGURED=for-$ZWE_configs_port");
    instance.script("alpha", "validate", "test \"$ZWE_configs_port\" != 6666 || { echo bad port; exit 4; }");
    let running = instance.up();
    running.wait_for("port 1001 for-1001");
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    // Its validate command refuses it: it stays as it was, and that is reported.
    std::fs::write(instance.config(), yaml.replace("port: 1001", "port: 6666")).unwrap();
    let answer = instance.refused("RESTART(alpha)");
    assert!(answer.contains("ZWEL0917E Component alpha commands.validate ended with rc=4.") && answer.contains("ZWEL0922E"), "{answer}");
    running.wait_for_count("port 1001 for-1001", 2);
    // Not good by itself: left running.
    let old = instance.pid("alpha");
    std::fs::write(instance.config(), "zowe: [\n").unwrap();
    let answer = instance.refused("RESTART(alpha)");
    assert!(answer.contains("zowe.yaml:") && answer.contains("ZWEL0922E"), "{answer}");
    assert_eq!(instance.pid("alpha"), old);
    // START restarts it as it was prepared.
    instance.modify("START(alpha)");
    running.wait_for_count("port 1001 for-1001", 3);
    // Good: stop, configure, start.
    std::fs::write(instance.config(), yaml.replace("port: 1001", "port: 1002")).unwrap();
    assert!(instance.modify("RESTART(alpha)").contains("ZWEL0923I component alpha is being restarted"));
    running.wait_for("port 1002 for-1002");
}

#[test]
fn stop_names_what_depends_on_the_component() {
    let instance = Instance::new().component("needy", SLEEPER, "").component("server", SLEEPER, "");
    instance.manifest("needy", "dependencies:\n  components:\n  - name: server\n");
    let running = instance.up();
    let list = running.wait_for("ZWEL0016I");
    assert!(list.contains("'server,needy'"), "dependencies first: {list}");
    let answer = instance.modify("STOP(server)");
    assert!(answer.contains("ZWEL0924W component server is needed by needy"), "{answer}");
}

#[test]
fn stop_during_back_off_cancels_the_next_attempt() {
    let instance =
        Instance::new().component("alpha", "exit 1", "launcher: {restartIntervals: [1000, 1000]}").component("beta", SLEEPER, "");
    let running = instance.up();
    running.wait_for("ZWEL0005I next attempt to restart component alpha in 1000 seconds");
    assert!(instance.modify("DISP").contains("back-off"));
    assert!(instance.modify("STOP(alpha)").contains("ZWEL0002I component alpha stopped"));
    let answer = instance.modify("DISP");
    assert!(!answer.contains("back-off"), "{answer}");
}

#[test]
fn p_ends_a_restart_whose_configure_command_hangs() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.script("alpha", "configure", "if test -f ../../../hang; then echo hanging; sleep 1000; fi");
    let mut running = instance.up();
    std::fs::write(instance.path("hang"), "").unwrap();
    instance.modify("RESTART(alpha)");
    running.wait_for("hanging");
    assert!(instance.modify("DISP").contains("configuring"));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn lists_and_patterns_name_several_components() {
    let instance = ["api-one", "api-two", "zss"].iter().fold(Instance::new(), |instance, name| instance.component(name, SLEEPER, ""));
    let running = instance.up();
    let answer = instance.refused("STOP(API-*,ghost)");
    assert!(answer.contains("ZWEL0054W component GHOST not found"), "{answer}");
    assert_eq!(answer.matches("ZWEL0923I").count(), 2, "{answer}");
    running.wait_for("ZWEL0002I component api-one stopped");
    running.wait_for("ZWEL0002I component api-two stopped");
    assert!(instance.pid("zss").is_some());
    let answer = instance.modify("D(api*)");
    assert!(answer.contains("api-two") && !answer.contains("zss"), "{answer}");
    instance.modify("START(api-two, API-ONE)");
    running.wait_for_count("ZWEL0001I component api-one started", 2);
    running.wait_for_count("ZWEL0001I component api-two started", 2);
}

#[test]
fn what_is_no_command_is_answered_with_what_is() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let running = instance.up();
    let answer = instance.refused("RESTRAT(alpha)");
    let expected = ["ZWEL0042E command not recognized", "ZWEL0984I did you mean RESTART?"];
    assert!(expected.iter().all(|text| answer.contains(text)), "{answer}");
    let help = instance.modify("HELP");
    assert!(help.contains("ZWEL0985I RELOAD ") && help.contains("CASCADE"), "{help}");
    assert!(instance.modify("LOGLEVEL(debug)").contains("ZWEL0989I log level is debug"));
    assert!(instance.refused("LOGLEVEL(loud)").contains("ZWEL0041E"));
    // One answer, one piece.
    let out = running.all();
    let lines: Vec<&str> =
        out.lines().skip_while(|line| !line.contains("ZWEL0985I")).take_while(|line| line.contains("ZWEL0985I")).collect();
    assert_eq!(lines.len(), out.matches("ZWEL0985I").count(), "{out}");
}

#[test]
fn detail_tells_the_processes_of_a_component() {
    let instance = Instance::new().component(
        "alpha",
        "sh -c 'echo inner $$; exec sleep 1000' & wait",
        "port: 17555\nlauncher: {restartIntervals: [1, 2, 3]}",
    );
    let running = instance.up();
    let inner = running.wait_for("inner ").trim_start_matches("inner ").to_owned();
    let leader = instance.pid("alpha").unwrap();
    let answer = instance.modify("DISP,DETAIL(alpha)");
    for text in ["17555 (components.alpha.port)", "RESTARTS     0, 0 failures in a row, 3 intervals", ".env/alpha/"] {
        assert!(answer.contains(text), "{text} in {answer}");
    }
    if std::path::Path::new("/proc/self/stat").exists() {
        assert!(answer.contains(&format!(" {leader}, CPU ")) && answer.contains(&format!(" {inner}, CPU ")), "{answer}");
    }
}

#[test]
fn status_answers_in_json_too() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", "exit 3", "launcher: {restartIntervals: [1000]}");
    let running = instance.up();
    running.wait_for("ZWEL0005I");
    let status = |format: &str| {
        let mut command = std::process::Command::new(crate::harness::program());
        let output = command.args(["status", "--system"]).arg(instance.system()).args(["--format", format]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(status("text").contains("ZWEL0011I"));
    let components: serde_json::Value = serde_json::from_str(&status("json")).unwrap();
    let pid = components[0]["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
    assert_eq!((components[0]["name"].as_str(), components[0]["ready"].as_bool(), pid), (Some("alpha"), Some(true), instance.pid("alpha")));
    assert_eq!((components[1]["state"].as_str(), components[1]["lastEnd"]["how"].as_str()), (Some("back-off"), Some("exit code 3")));
    assert!(!running.all().contains("\"pid\""), "for programs, not for SYSPRINT");
}

#[test]
fn reload_applies_what_has_changed_and_nothing_else() {
    let instance = Instance::new()
        .component("same", SLEEPER, "port: 18001")
        .component("changed", "echo port $ZWE_configs_port; exec sleep 1000", "port: 18002")
        .component("gone", SLEEPER, "port: 18003")
        .component("tuned", SLEEPER, "launcher: {minUptime: 5}")
        .component("fresh", "echo fresh $FROM_CONFIGURE; exec sleep 1000", "launcher: {dependsOn: [same]}");
    instance.script("fresh", "configure", "export FROM_CONFIGURE=configured");
    instance.write_config();
    let final_yaml = std::fs::read_to_string(instance.config()).unwrap();
    let first_yaml = final_yaml.replace("  fresh:\n    enabled: true", "  fresh:\n    enabled: false");
    assert_ne!(first_yaml, final_yaml);
    std::fs::write(instance.config(), &first_yaml).unwrap();
    let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0901I");
    running.wait_for("port 18002");
    let before = instance.modify("DISP");
    assert!(instance.modify("RELOAD").contains("ZWEL0987I RELOAD: no component has changed"));

    std::fs::write(instance.config(), final_yaml.replace("18002", "70000")).unwrap();
    let answer = instance.refused("RELOAD");
    assert!(answer.contains("zowe.yaml:") && answer.contains("ZWEL0988E"), "{answer}");
    assert_eq!(pid_in(&instance.modify("DISP"), "gone"), pid_in(&before, "gone"), "an invalid configuration changes nothing");

    let good = final_yaml
        .replace("18002", "18012")
        .replace("  gone:\n    enabled: true", "  gone:\n    enabled: false")
        .replace("minUptime: 5", "minUptime: 6");
    std::fs::write(instance.config(), good).unwrap();
    let expected = [
        "component fresh is new",
        "component gone is not to run any more",
        "component changed has changed",
        "component tuned has other settings",
    ];
    let answer = instance.modify("RELOAD,CHECK");
    assert!(expected.iter().all(|text| answer.contains(text)) && !answer.contains("component same"), "{answer}");
    assert_eq!(instance.pid("changed"), pid_in(&before, "changed"), "CHECK only tells");
    let answer = instance.modify("RELOAD");
    assert!(expected.iter().all(|text| answer.contains(text)), "{answer}");
    running.wait_for("port 18012");
    running.wait_for("fresh configured");
    running.wait_for("ZWEL0002I component gone stopped");
    let after = instance.modify("DISP");
    for name in ["same", "tuned"] {
        assert_eq!(pid_in(&after, name), pid_in(&before, name), "{name} is not touched");
    }
    assert!(!after.contains(" gone"), "{after}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn a_line_is_sent_to_a_component_that_reads_them() {
    let reader = "while read -r line; do echo \"got <$line>\"; done; echo end of input; exec sleep 1000";
    let instance = Instance::new().component("alpha", reader, "launcher: {stdin: true}").component("beta", SLEEPER, "");
    let mut running = instance.up();
    let (answer, code) = instance.console("F ZWESLSTC,APPL='SEND(alpha,Hello, (world) $HOME)'");
    assert!(code == 0 && answer.contains("ZWEL0937I the line was sent to component alpha"), "{answer}");
    running.wait_for("got <Hello, (world) $HOME>");
    let answer = instance.refused("SEND(beta,x)");
    assert!(answer.contains("ZWEL0938E") && answer.contains("components.beta.launcher.stdin is not true"), "{answer}");
    assert!(instance.refused("SEND(alpha)").contains("ZWEL0041E"));
    // The next process has an input of its own.
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(instance.pid("alpha").unwrap()), nix::sys::signal::Signal::SIGKILL).unwrap();
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    instance.modify("SEND(alpha,again)");
    running.wait_for("got <AGAIN>");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// A console runs `command`; its answer, and its exit code.
fn console_of(instance: &Instance, command: &str) -> std::process::Child {
    let mut console = std::process::Command::new(crate::harness::program());
    console.arg("console").arg("--system").arg(instance.system()).arg(command);
    console.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
}

/// An instance whose next RELOAD brings a component with this validate command.
fn with_component_to_come(validate: &str) -> (Instance, Running) {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("fresh", SLEEPER, "");
    instance.script("fresh", "validate", validate);
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), yaml.replace("fresh:\n    enabled: true", "fresh:\n    enabled: false")).unwrap();
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    std::fs::write(instance.config(), yaml).unwrap();
    (instance, running)
}

#[test]
fn an_answer_that_takes_longer_than_a_job_may_be_busy_reaches_the_console_that_asked() {
    // Longer than the five seconds after which a job counts as busy: it is not busy, because it has taken the command.
    let (instance, running) = with_component_to_come("sleep 6");
    let (answer, code) = instance.console("F ZWESLSTC,APPL=RELOAD");
    assert!(code == 0 && answer.contains("ZWEL0987I RELOAD: component fresh is new"), "{code}: {answer}");
    running.wait_for("ZWEL0001I component fresh started");
}

#[test]
fn an_answer_that_breaks_off_is_said_and_has_a_code_of_its_own() {
    let (instance, mut running) = with_component_to_come("echo > ../../../validating; sleep 1000");
    let console = console_of(&instance, "F ZWESLSTC,APPL=RELOAD");
    let seen = wait_until(Instant::now() + PATIENCE, || instance.path("validating").exists().then_some(()));
    assert!(seen.is_some(), "{}", running.all());
    running.signal(nix::sys::signal::Signal::SIGKILL);
    let output = console.wait_with_output().unwrap();
    let answer = crate::harness::text(&output);
    assert!(output.status.code() == Some(12) && answer.contains("ZWEL0943E the answer to MODIFY has broken off"), "{answer}");
    running.wait_end();
}

#[test]
fn commands_of_a_pipe_have_the_code_of_the_worst() {
    use std::io::Write;
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let _running = instance.up();
    let piped = |commands: &str| {
        let mut console = std::process::Command::new(crate::harness::program());
        let mut child = console
            .args(["console", "--job", "ZWESLSTC", "--system"])
            .arg(instance.system())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
        child.wait_with_output().unwrap().status.code()
    };
    assert_eq!(piped("D T\nDISP\n"), Some(0));
    for refused in ["STOP(nobody)", "FOO", "D TCPIP", "P NOJOB", "V TCPIP,,SYSPLEX,QUIESCE,PORT=1", "S NOSUCH"] {
        assert_eq!(piped(&format!("{refused}\nDISP\n")), Some(8), "{refused}");
    }
}

/// The launcher is left without a spare descriptor; the console that comes then is served when that is over, and so is every later one.
#[test]
fn the_console_is_not_lost_when_there_is_no_descriptor_for_a_connection() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let mut running = instance.up();
    let pid = i32::try_from(running.child.id()).unwrap();
    let (soft, hard) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap();
    let limit = |now: u64| {
        let wanted = nix::libc::rlimit { rlim_cur: now, rlim_max: hard };
        // SAFETY: prlimit reads the structure and writes nothing where it is given none.
        assert_eq!(unsafe { nix::libc::prlimit(pid, nix::libc::RLIMIT_NOFILE, &raw const wanted, std::ptr::null_mut()) }, 0);
    };
    let system = instance.system();
    limit(3);
    let console = std::thread::spawn(move || crate::harness::console(&system, "F ZWESLSTC,APPL=DISP"));
    running.wait_for("ZWEL0966W operator commands are not taken for the moment - ");
    limit(soft);
    // It is taken late, or too late for its patience, but never treated as if the job did not exist.
    let (answer, _) = console.join().unwrap();
    assert!(answer.contains("ZWEL0010I") || answer.contains("TASK BUSY"), "{answer}");
    assert!(instance.modify("DISP").contains("ZWEL0010I"));
    assert!(!running.all().contains("ZWEL0929E"), "{}", running.all());
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// Connections that send nothing take at most a quarter of the descriptors; one more is told so at once, and none blocks the way for long.
#[test]
fn consoles_are_bounded_in_number_and_one_too_many_is_told_that_the_task_is_busy() {
    use std::io::{BufRead, BufReader};
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.write_config();
    let launcher = instance.launcher(&["lpar1"]);
    let mut limited = std::process::Command::new("/bin/sh");
    limited.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]).arg(launcher.get_program()).args(launcher.get_args());
    limited.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(std::process::Stdio::null());
    let mut running = Running::spawn(limited, instance.directory.path());
    running.wait_for("ZWEL0001I component alpha started");
    let jobs = std::fs::read_dir(instance.system().join("jobs")).unwrap().flatten();
    let socket = jobs.map(|entry| entry.path().join("control")).find(|path| path.exists()).unwrap();
    let mut connections: Vec<_> = (0..40).map(|_| std::os::unix::net::UnixStream::connect(&socket).unwrap()).collect();
    let mut first = String::new();
    BufReader::new(connections.last().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "REJECTED BUSY\n");
    connections.clear();
    let served = wait_until(Instant::now() + PATIENCE, || {
        let (answer, _) = instance.console("F ZWESLSTC,APPL=DISP");
        assert!(answer.contains("ZWEL0010I") || answer.contains("TASK BUSY"), "{answer}");
        answer.contains("ZWEL0010I").then_some(())
    });
    assert!(served.is_some());
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// A call that the engine does not interrupt. RELOAD refuses it and says so, the next RELOAD is not affected by it, and P does not wait.
#[test]
fn a_template_that_never_ends_blocks_neither_p_nor_a_later_reload() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let mut running = instance.up();
    let right = std::fs::read_to_string(instance.config()).unwrap();
    let endless = "zowe:\n  endless: \"${{ Array.prototype.indexOf.call({length: 2**53-1}, 1) }}\"\n";
    std::fs::write(instance.config(), right.replacen("zowe:\n", endless, 1)).unwrap();
    let answer = instance.refused("RELOAD");
    let said = running.all() + &answer;
    assert!(said.contains("zowe.yaml:2:12") && said.contains("2 s of CPU time") && said.contains("its thread is abandoned"), "{said}");
    std::fs::write(instance.config(), &right).unwrap();
    let answer = instance.modify("RELOAD");
    assert!(answer.contains("no component has changed"), "{answer}");
    std::fs::write(instance.config(), right.replacen("zowe:\n", endless, 1)).unwrap();
    let system = instance.system();
    let reload = std::thread::spawn(move || crate::harness::console(&system, "F ZWESLSTC,APPL=RELOAD"));
    running.wait_for_count("ZWEL0013I command 'RELOAD' received", 3);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    reload.join().unwrap();
}

/// A component takes its time to stop: what RESTART answers is in SYSLOG before what it leads to, although the answer is not whole yet.
#[test]
fn an_answer_comes_before_what_it_leads_to() {
    let instance = Instance::new();
    let go = instance.path("go").display().to_string();
    let slow = format!("trap 'until [ -e {go} ]; do sleep 0.05; done; exit 0' TERM; echo up; while :; do sleep 0.05; done");
    let instance = instance.component("slow", &slow, "");
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), yaml.replacen("zowe:\n", "zowe:\n  sysMessages: ['ZWEL0004I']\n", 1)).unwrap();
    let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    running.wait_for("up");
    let system = instance.system();
    let answer = std::thread::spawn(move || crate::harness::console(&system, "F ZWESLSTC,APPL=RESTART(slow)"));
    let syslog = || std::fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
    let seen = wait_until(Instant::now() + PATIENCE, || syslog().contains("ZWEL0923I component slow is being restarted").then_some(()));
    assert!(seen.is_some(), "{}", syslog());
    assert!(!syslog().contains("ZWEL0004I component slow"), "it has not ended yet");
    std::fs::write(&go, "").unwrap();
    let (said, code) = answer.join().unwrap();
    assert!(code == 0 && said.matches("ZWEL0923I component slow is being restarted").count() == 1, "{code} {said}");
    let log = syslog();
    let at = |text: &str| log.find(text).unwrap_or_else(|| panic!("{text} is missing in {log}"));
    assert!(at("ZWEL0923I component slow") < at("ZWEL0004I component slow"), "{log}");
    assert_eq!(log.matches("ZWEL0923I component slow").count(), 1, "{log}");
}
