//! `zwelnch component new` and `zwelnch component run`.

use crate::harness::{Instance, PortRange, Running, free_port, not_here, processes_of, run_to_end, settled_program, text};
use nix::sys::signal::Signal;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn zwelnch(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = settled_program();
    command.current_dir(directory).args(arguments).env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").stdin(Stdio::null());
    command.output().unwrap()
}

/// A run in the foreground of a component of the instance.
fn run(instance: &Instance, arguments: &[&str]) -> Command {
    let mut all = vec!["component", "run"];
    all.extend(arguments);
    all.extend(["-i", "lpar1", "-v"]);
    let mut command = instance.launcher(&all);
    // It does not use a system.
    command.env_remove("ZWELNCH_SYSTEM");
    command
}

fn spawned(instance: &Instance, arguments: &[&str]) -> Running {
    instance.write_config();
    Running::spawn(run(instance, arguments), instance.directory.path())
}

fn script(instance: &Instance, name: &str) -> std::path::PathBuf {
    instance.runtime().join("components/one/bin").join(name)
}

#[test]
fn a_new_component_is_valid_and_the_demo_instance_runs_it() {
    let place = tempfile::Builder::new().prefix("zwelnch-new-").tempdir().unwrap();
    let here = place.path();
    let ports = PortRange::find();
    let base = ports.base.to_string();
    let demo = |input: &str| {
        let mut command = settled_program();
        command.args(["demo", "--dir", "demo", "--port-base", &base]).current_dir(here).env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM");
        command.stdin(Stdio::piped());
        let mut running = Running::spawn(command, here);
        let mut stdin = running.child.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, input.as_bytes()).unwrap();
        (running, stdin)
    };
    let (mut first, input) = demo("");
    first.wait_for("ZWEL0007I");
    drop(input);
    assert_eq!(first.wait_end(), 0);

    let made = zwelnch(here, &["component", "new", "my-ext_1", "demo/extensions/my-ext_1"]);
    assert!(made.status.success(), "{}", text(&made));
    assert!(text(&made).contains("zwelnch component run my-ext_1 -i"), "{}", text(&made));
    let config = here.join("demo/zowe.yaml");
    let with = fs::read_to_string(&config).unwrap();
    let enabled = format!("\ncomponents:\n  my-ext_1:\n    enabled: true\n    port: {}\n", free_port());
    fs::write(&config, with.replace("\ncomponents:\n", &enabled)).unwrap();
    let check = zwelnch(here, &["check", "-c", "demo/zowe.yaml"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
    // Its schema is used.
    let bad = fs::read_to_string(&config).unwrap().replace("  my-ext_1:\n", "  my-ext_1:\n    greeting: 7\n");
    fs::write(here.join("demo/bad.yaml"), bad).unwrap();
    let check = zwelnch(here, &["check", "-c", "demo/bad.yaml"]);
    assert_eq!(check.status.code(), Some(8), "{}", text(&check));
    assert!(text(&check).contains("my-ext_1"), "{}", text(&check));

    let (mut second, input) = demo("");
    second.wait_for("ZWEL0007I");
    drop(input);
    assert_eq!(second.wait_end(), 0);
    let sysprint = fs::read_to_string(here.join("demo/spool/ZWESLSTC.STC00002/SYSPRINT")).unwrap();
    for expected in ["my-ext_1 is valid: port", "ZWEL0001I component my-ext_1 started", "Hello from my-ext_1 on localhost"] {
        assert!(sysprint.contains(expected), "{expected} is missing in\n{sysprint}");
    }
    let definitions = fs::read_dir(here.join("demo/workspace/api-mediation/api-defs")).unwrap();
    assert!(
        definitions.flatten().any(|file| file.file_name().to_string_lossy().contains("my-ext_1")),
        "its static definition is registered"
    );

    // And in the foreground, with the port and the program that zowe.yaml names.
    let mut command = settled_program();
    command.args(["component", "run", "my-ext_1", "-i", "lpar1", "-c", "demo/zowe.yaml"]).current_dir(here).stdin(Stdio::null());
    let mut alone = Running::spawn(command, here);
    alone.wait_for("DEMO0001I");
    alone.signal(Signal::SIGINT);
    assert_eq!(alone.wait_end(), 143, "{}", alone.all());
    assert_eq!(processes_of(here), Vec::<i32>::new());
}

#[test]
fn where_no_zwelnch_program_is_known_a_new_component_is_a_loop_of_the_shell() {
    let instance = Instance::new();
    let runtime = instance.runtime();
    let made = zwelnch(&runtime, &["component", "new", "one", "components/one"]);
    assert!(made.status.success(), "{}", text(&made));
    instance.write_config();
    // The harness's runtime directory has no schemas for the component's to refer to.
    fs::write(runtime.join("components/one/schemas/one.json"), "{}").unwrap();
    let mut running = spawned(&instance, &["one"]);
    running.wait_for("one is alive");
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
}

#[test]
fn new_overwrites_nothing_and_takes_names_that_can_be_used() {
    let place = tempfile::tempdir().unwrap();
    let again = || zwelnch(place.path(), &["component", "new", "mine"]);
    assert!(again().status.success());
    fs::write(place.path().join("mine/manifest.yaml"), "changed").unwrap();
    let second = again();
    assert_eq!(second.status.code(), Some(8));
    assert!(text(&second).contains("nothing is overwritten; there are: api, bin, manifest.yaml, schemas"), "{}", text(&second));
    assert_eq!(fs::read_to_string(place.path().join("mine/manifest.yaml")).unwrap(), "changed");
    for name in ["", "../x", "a b", ".x", "launcher", "a/b", "123"] {
        let refused = zwelnch(place.path(), &["component", "new", name]);
        assert_eq!(refused.status.code(), Some(8), "{name}");
        assert!(text(&refused).contains("cannot be the name of a component: "), "{name}: {}", text(&refused));
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn one_component_runs_with_its_environment_and_its_exit_code_is_the_commands() {
    let instance = Instance::new()
        .component("one", "echo \"started with $FROM_CONFIGURE and $ZWE_configs_value\"; cat; exit 5", "value: 7")
        .component("other", "echo other is started", "");
    instance.script("one", "validate", "echo one is validated");
    instance.script("one", "configure", "echo one is configured; export FROM_CONFIGURE='a  b'");
    instance.script("other", "validate", "echo other is validated");
    instance.manifest("one", "dependencies: {components: [{name: other}]}\n");
    instance.write_config();
    let (code, out) = run_to_end(run(&instance, &["one"]));
    assert_eq!(code, 5, "{out}");
    let mut rest = out.as_str();
    for expected in
        ["ZWEL0972I component one depends on other", "one is validated", "one is configured", "started with a  b and 7", "ZWEL0004I"]
    {
        let at = rest.find(expected).unwrap_or_else(|| panic!("{expected} is missing, or too early, in\n{out}"));
        rest = &rest[at..];
    }
    for unexpected in ["other is", "ZWEL0005I", "ZWEL0038E", "ZWEL0906E", "ZWEL0970W"] {
        assert!(!out.contains(unexpected), "{unexpected} in\n{out}");
    }
    instance.script("one", "start", "kill -9 $$");
    assert_eq!(run_to_end(run(&instance, &["one"])).0, 137);
    instance.script("one", "validate", "echo no; exit 3");
    let (code, out) = run_to_end(run(&instance, &["one"]));
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0917E") && !out.contains("ZWEL0001I"), "{out}");
}

#[test]
fn only_the_component_is_shown_and_what_matters_and_a_crash_once() {
    let instance = Instance::new().component("one", "echo serves; echo 'last words' >&2; exit 3", "");
    let instance = instance.component("other", "exec sleep 600", "");
    instance.script("one", "validate", "echo one is validated");
    instance.script("one", "configure", "echo one is configured");
    instance.write_config();
    let lines = |arguments: &[&str]| {
        let mut command = run(&instance, &arguments[..1]);
        // Without the -v of the others.
        if !arguments.contains(&"--verbose") {
            command = instance.launcher(&[&["component", "run", "-i", "lpar1"], arguments].concat());
        }
        let (code, out) = run_to_end(command);
        assert_eq!(code, 3, "{out}");
        // The instance of the tests has no haInstances, and whoever runs them may be root: of such things is warned.
        out.lines().filter(|line| !line.contains(" WARN ZWEL")).map(str::to_owned).collect::<Vec<_>>()
    };
    let shown = lines(&["one"]);
    assert_eq!(shown[..4], ["one is validated", "one is configured", "serves", "last words"], "{shown:#?}");
    assert!(shown.len() == 5 && shown[4].contains("ZWEL0905E component one("), "{shown:#?}");
    let verbose = lines(&["one", "--verbose"]);
    assert!(verbose.len() > 20 && verbose.iter().any(|line| line.contains("ZWEL0001I component one started")), "{verbose:#?}");
    assert_eq!(verbose.iter().filter(|line| line.contains("last words")).count(), 1, "{verbose:#?}");
    // A warning of the launcher is no routine.
    instance.manifest("one", "dependencies: {components: [{name: other}]}\n");
    let warned = lines(&["one"]);
    assert!(warned.iter().any(|line| line.contains("ZWEL0972I component one depends on other")), "{warned:#?}");
}

#[test]
fn ctrl_c_stops_the_whole_group_and_an_end_in_order_is_kept() {
    let start = "trap 'echo ends in order; exit 0' TERM\nsh -c 'trap \"\" TERM; sleep 600' &\necho is up\nwait\n";
    let instance = Instance::new().component("one", start, "launcher: {stop: {graceSeconds: 1}}");
    let mut running = spawned(&instance, &["one"]);
    running.wait_for("is up");
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert!(running.all().contains("ends in order"), "{}", running.all());
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
}

#[test]
fn not_enabled_not_installed_nothing_to_start_and_already_running() {
    let instance = Instance::new().component("one", "echo up; exec sleep 600", "");
    instance.script("spare", "start", "echo spare runs as $ZWE_CLI_PARAMETER_COMPONENT of $ZWE_ENABLED_COMPONENTS");
    instance.manifest("library", "");
    instance.write_config();
    let (code, out) = run_to_end(run(&instance, &["spare"]));
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("ZWEL0970W component spare is not enabled") && out.contains("spare runs as spare of one,spare"), "{out}");
    let (code, out) = run_to_end(run(&instance, &["onn"]));
    assert_eq!(code, 8, "{out}");
    let places = format!("searched: {}", instance.runtime().join("components/onn").display());
    assert!(out.contains("ZWEL0971E") && out.contains(&places) && out.contains("did you mean one?"), "{out}");
    let (code, out) = run_to_end(run(&instance, &["library"]));
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0971E component library cannot be run: it has no start command"), "{out}");
    let up = instance.up();
    let (code, out) = run_to_end(run(&instance, &["one"]));
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0910E HA instance lpar1 is already running in this workspace: job ZWESLSTC"), "{out}");
    drop(up);
    let (code, out) = run_to_end({
        let mut command = run(&instance, &["one"]);
        command.env_remove("CONFIG");
        command
    });
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("no configuration"), "{out}");
}

#[test]
fn watch_restarts_on_changes_and_keeps_the_old_process_while_they_are_not_good() {
    let instance = Instance::new().component("one", "echo generation 1; exec sleep 600", "value: 7");
    let mut running = spawned(&instance, &["one", "--watch"]);
    running.wait_for("generation 1");
    running.wait_for("ZWEL0973I");
    fs::write(script(&instance, "start.sh"), "echo generation 2; exec sleep 600").unwrap();
    running.wait_for("generation 2");
    running.wait_for("ZWEL1080I component one: changed are bin/start.sh");
    // A schema that the configuration does not fit, and a manifest that is not valid.
    let schema = instance.runtime().join("components/one/schema.json");
    fs::write(&schema, r#"{"properties": {"components": {"properties": {"one": {"properties": {"value": {"type": "string"}}}}}}}"#)
        .unwrap();
    running.wait_for_count("ZWEL0922E", 1);
    fs::write(&schema, "{}").unwrap();
    running.wait_for_count("ZWEL0001I component one started", 3);
    let manifest = instance.runtime().join("components/one/manifest.yaml");
    let good = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, "name: [").unwrap();
    running.wait_for_count("ZWEL0922E", 2);
    assert_eq!(running.wait_for_count("ZWEL0002I component one stopped", 2).len(), 2, "only the good changes have stopped it");
    // A new manifest with another start command, whose process ends by itself: it waits for the next change.
    fs::write(script(&instance, "other.sh"), "echo generation 4; exit 3").unwrap();
    fs::write(&manifest, good + "commands: {start: bin/other.sh}\n").unwrap();
    running.wait_for("generation 4");
    running.wait_for("ZWEL0974I component one waits for its files to change");
    fs::write(script(&instance, "other.sh"), "echo generation 5; exec sleep 600").unwrap();
    running.wait_for("generation 5");
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait_end(), 143, "{}", running.all());
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
}

/// An instance whose component `one` is a link in the extension directory to a directory that a project builds.
fn linked() -> (Instance, std::path::PathBuf) {
    let instance = Instance::new().component("one", "", "");
    let project = instance.path("project");
    build(&instance, &project.join("dist/one"), 1);
    fs::remove_dir_all(instance.runtime().join("components/one")).unwrap();
    let extensions = instance.path("extensions");
    fs::create_dir(&extensions).unwrap();
    std::os::unix::fs::symlink(project.join("dist/one"), extensions.join("one")).unwrap();
    (instance, project)
}

/// Writes the component anew.
fn build(instance: &Instance, directory: &Path, generation: u32) {
    fs::create_dir_all(directory.join("bin")).unwrap();
    fs::write(directory.join("schema.json"), "{}").unwrap();
    fs::write(directory.join("bin/start.sh"), format!("echo generation {generation}; exec sleep 600")).unwrap();
    fs::write(directory.join("manifest.yaml"), "name: one\nid: org.test.one\nschemas: {configs: schema.json}\n").unwrap();
    assert!(instance.path("project").exists());
}

fn run_linked(instance: &Instance, mut command: Command) -> Running {
    instance.write_config();
    let config = fs::read_to_string(instance.config()).unwrap();
    let extensions = format!("zowe:\n  extensionDirectory: {}\n", instance.path("extensions").display());
    fs::write(instance.config(), config.replacen("zowe:\n", &extensions, 1)).unwrap();
    command.stdin(Stdio::null());
    Running::spawn(command, instance.directory.path())
}

#[test]
fn watch_follows_a_component_that_is_built_anew() {
    let (instance, project) = linked();
    let mut running = run_linked(&instance, run(&instance, &["one", "--watch"]));
    running.wait_for("generation 1");
    running.wait_for("ZWEL0973I");
    // Removed, which is said, and then built.
    fs::remove_dir_all(project.join("dist")).unwrap();
    let said = running.wait_for("ZWEL0967W not all changes of component one are seen");
    assert!(said.contains("project/dist cannot be reached, it is waited for"), "{said}");
    build(&instance, &project.join("dist.new/one"), 2);
    fs::rename(project.join("dist.new"), project.join("dist")).unwrap();
    running.wait_for("generation 2");
    // Replaced by rename.
    build(&instance, &project.join("dist.new/one"), 3);
    fs::rename(project.join("dist"), project.join("dist.old")).unwrap();
    fs::rename(project.join("dist.new"), project.join("dist")).unwrap();
    running.wait_for("generation 3");
    // The link in the extension directory.
    build(&instance, &project.join("release/one"), 4);
    std::os::unix::fs::symlink(project.join("release/one"), instance.path("extensions/one.new")).unwrap();
    fs::rename(instance.path("extensions/one.new"), instance.path("extensions/one")).unwrap();
    running.wait_for("generation 4");
    fs::write(project.join("release/one/bin/start.sh"), "echo generation 5; exec sleep 600").unwrap();
    running.wait_for("generation 5");
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait_end(), 143, "{}", running.all());
    assert_eq!(running.all().matches("ZWEL0967W").count(), 1, "{}", running.all());
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
}

/// A component run in a user namespace of its own, which has so many inotify instances and watches.
fn limited(instance: &Instance, instances: u32, watches: u32) -> Command {
    let mut command = Command::new("unshare");
    let set = "echo $0 > /proc/sys/user/max_inotify_instances && echo $1 > /proc/sys/user/max_inotify_watches && shift && exec \"$@\"";
    command.args(["--user", "--map-root-user", "sh", "-c", set, &instances.to_string(), &watches.to_string()]);
    command.arg(crate::harness::program()).args(["component", "run", "one", "--watch", "-i", "lpar1"]).env("CONFIG", instance.config());
    crate::harness::settled(command)
}

#[test]
fn where_nothing_can_be_watched_that_is_said() {
    let probe = Command::new("unshare").args(["--user", "--map-root-user", "test", "-w", "/proc/sys/user/max_inotify_watches"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return not_here("unshare, or user namespaces with limits of their own");
    }
    for (instances, watches, why) in [(0, 1000, "fs.inotify.max_user_instances"), (10, 2, "fs.inotify.max_user_watches")] {
        let (instance, _) = linked();
        let mut running = run_linked(&instance, limited(&instance, instances, watches));
        let said = running.wait_for("ZWEL0976E --watch is not available");
        assert!(said.contains(why) && !said.contains("space left"), "{said}");
        assert_eq!(running.wait_end(), 8, "{}", running.all());
    }
    // Later on: what cannot be watched is said, what can is.
    let (instance, project) = linked();
    let depth = fs::canonicalize(&project).unwrap().components().count()
        + fs::canonicalize(instance.path("extensions")).unwrap().components().count();
    let mut running = run_linked(&instance, limited(&instance, 10, u32::try_from(depth).unwrap() + 6));
    running.wait_for("generation 1");
    running.wait_for("ZWEL0973I");
    for number in 0..10 {
        fs::create_dir(project.join(format!("dist/one/more{number}"))).unwrap();
    }
    let said = running.wait_for("ZWEL0967W not all changes of component one are seen: files below ");
    assert!(said.contains("fs.inotify.max_user_watches"), "{said}");
    fs::write(project.join("dist/one/bin/start.sh"), "echo generation 2; exec sleep 600").unwrap();
    running.wait_for("generation 2");
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait_end(), 143, "{}", running.all());
}
