//! Problems around a launcher: full and read-only file systems, files that vanish or change, links that lead out, killed runs, and two
//! instances on one workspace at the same time.

use crate::harness::{Instance, Running, Sequence, none_left, program, run_to_end, skip, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SLEEPER: &str = "echo up; exec sleep 1000";
/// The user `nobody` everywhere; it needs no entry anywhere.
const NOBODY: u32 = 65534;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// All files and directories below one, itself included; links are not followed.
fn tree(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![directory.to_path_buf()];
    let mut next = 0;
    while next < found.len() {
        // Gone, or none to look into.
        let entries = fs::read_dir(&found[next]).into_iter().flatten().flatten();
        let children: Vec<PathBuf> = if found[next].is_symlink() { Vec::new() } else { entries.map(|entry| entry.path()).collect() };
        found.extend(children);
        next += 1;
    }
    found
}

/// The launcher as a user to whom file modes apply. They do not apply to root, so root gives the instance to nobody, who runs it.
pub(crate) fn bound_by_modes(instance: &Instance) -> Command {
    let plain = instance.launcher(&["lpar1"]);
    if !geteuid().is_root() {
        return plain;
    }
    // The user nobody may not be able to reach the program where it was built.
    let copy = instance.path("zwelnch");
    // Copied by another process: while this one writes an executable, a child that another test has just forked may keep it busy.
    assert!(Command::new("cp").arg(program()).arg(&copy).status().unwrap().success());
    for path in tree(instance.directory.path()) {
        std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = Command::new(copy);
    command.arg("lpar1").env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.uid(NOBODY).gid(NOBODY).stdin(Stdio::null());
    command
}

/// The launcher with a limit on the size of files, as `ulimit -f` sets one.
fn limited(instance: &Instance, bytes: u64) -> Command {
    let mut command = instance.launcher(&["lpar1"]);
    let limit = move || nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_FSIZE, bytes, bytes).map_err(Into::into);
    // SAFETY: setrlimit is a system call and nothing else; it may be used between fork and exec.
    unsafe { command.pre_exec(limit) };
    command
}

#[test]
fn a_file_that_cannot_grow_is_named_and_the_launcher_lives_to_say_so() {
    let instance = Instance::new().component("alpha", SLEEPER, &format!("text: {}", "x".repeat(4000)));
    instance.write_config();
    let (code, out) = run_to_end(limited(&instance, 2048));
    assert_eq!(code, 8, "{out}");
    let named = out.lines().find(|line| line.contains("cannot write '")).unwrap_or_else(|| panic!("{out}"));
    assert!(named.contains("/workspace/.env/") && named.contains("free space"), "{out}");
    assert!(out.contains("ZWEL0030E"), "{out}");
    let left: Vec<PathBuf> =
        tree(&instance.path("workspace")).into_iter().filter(|path| path.extension().is_some_and(|end| end == "tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
    // With room again the next run needs no help.
    end(&instance, instance.up());
}

#[test]
fn components_have_the_systems_own_treatment_of_the_file_size_limit() {
    let instance = Instance::new().component("alpha", "sh -c 'head -c 4000000 /dev/zero > big'; echo \"code $?\"; exec sleep 1000", "");
    instance.script("alpha", "validate", "sh -c 'head -c 4000000 /dev/zero > big'; echo \"validate $?\"\n");
    instance.write_config();
    let running = Running::spawn(limited(&instance, 1_000_000), instance.directory.path());
    // 128 and SIGXFSZ: not an error that a program never expects to handle.
    running.wait_for("validate 153");
    running.wait_for("code 153");
    running.wait_for("ZWEL0012I");
    end(&instance, running);
}

/// A file system of its own at a directory; unmounted when dropped.
struct Mount(PathBuf);

impl Mount {
    /// None, with a message, where this user may not mount.
    fn tmpfs(directory: PathBuf, options: &str) -> Option<Mount> {
        fs::create_dir_all(&directory).unwrap();
        if !geteuid().is_root() {
            skip("only root can mount a file system");
            return None;
        }
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&directory).output();
        match output {
            Ok(output) if output.status.success() => Some(Mount(directory)),
            other => {
                skip(&format!("this system lets root mount nothing: {other:?}"));
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        assert!(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_file_system_is_said_and_once_there_is_room_the_next_run_works() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let Some(mount) = Mount::tmpfs(instance.path("workspace"), "size=1m,mode=770") else { return };
    let filler = instance.path("workspace/filler");
    let written = fs::File::create(&filler).and_then(|mut file| std::io::copy(&mut std::io::repeat(0), &mut file));
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    let (code, out) = instance.run_to_end();
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("/workspace/") && out.contains("No space left on device"), "{out}");
    fs::remove_file(filler).unwrap();
    end(&instance, instance.up());
    drop(mount);
}

#[test]
fn a_read_only_file_system_is_said() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let Some(mount) = Mount::tmpfs(instance.path("workspace"), "size=1m,mode=770") else { return };
    mount.remount("ro");
    let (code, out) = instance.run_to_end();
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0141E") && out.contains("/workspace"), "{out}");
}

#[test]
fn a_workspace_without_write_permission_is_said() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.write_config();
    fs::create_dir(instance.path("workspace")).unwrap();
    mode(&instance.path("workspace"), 0o550);
    let (code, out) = run_to_end(bound_by_modes(&instance));
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0141E") && out.contains("/workspace"), "{out}");
    // Deeper down: what is shared with another instance may belong to another user.
    mode(&instance.path("workspace"), 0o770);
    fs::create_dir_all(instance.path("workspace/.env/alpha")).unwrap();
    let launcher = bound_by_modes(&instance);
    mode(&instance.path("workspace/.env/alpha"), 0o500);
    let (code, out) = run_to_end(launcher);
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("/workspace/.env/alpha/.instance-lpar1.env' - Permission denied"), "{out}");
}

#[test]
fn a_directory_that_may_not_be_read_is_said_to_be_that() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", SLEEPER, "");
    instance.manifest("beta", "gatewaySharedLibs: [libs]\n");
    let libraries = instance.component_directory("beta").join("libs");
    fs::create_dir(&libraries).unwrap();
    instance.write_config();
    let launcher = bound_by_modes(&instance);
    mode(&libraries, 0o000);
    let mut running = Running::spawn(launcher, instance.directory.path());
    let line = running.wait_for("ZWEL0918E");
    assert!(line.contains("beta") && line.contains("libs") && line.contains("Permission denied"), "{line}");
    running.wait_for("ZWEL0012I");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
    // The directory of a component: it is there, and saying that it is not installed would send people the wrong way.
    let launcher = bound_by_modes(&instance);
    mode(&instance.component_directory("alpha"), 0o000);
    let (_, out) = run_to_end(launcher);
    mode(&instance.component_directory("alpha"), 0o700);
    assert!(out.contains("components/alpha") && out.contains("Permission denied"), "{out}");
}

fn end(instance: &Instance, mut running: Running) {
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert!(none_left(instance.directory.path()));
}

#[test]
fn a_command_that_vanishes_after_validate_is_said_and_the_others_start() {
    let instance = Instance::new().component("alpha", SLEEPER, "").component("beta", SLEEPER, "").component("gamma", SLEEPER, "");
    instance.manifest("alpha", "commands: {configure: bin/configure.sh, start: bin/start.sh}\n");
    instance.script("alpha", "configure", "rm bin/start.sh\n");
    instance.script("beta", "validate", "rm bin/configure.sh\n");
    instance.script("beta", "configure", "echo never\n");
    instance.manifest("beta", "commands: {configure: bin/configure.sh}\n");
    // The fallback, which no manifest names.
    instance.script("gamma", "validate", "rm bin/start.sh\n");
    let running = instance.up();
    running.wait_for("up");
    let out = running.all();
    for (name, phase) in [("alpha", "start"), ("beta", "configure"), ("gamma", "start")] {
        let said = out.lines().any(|line| line.contains("ZWEL0172E") && line.contains(name) && line.contains(phase));
        assert!(said, "{name} {phase}\n{out}");
    }
    assert!(out.contains("ZWEL0016I start component list: 'beta'"), "{out}");
    assert!(!out.contains("ZWEL0001I component alpha") && out.contains("ZWEL0001I component beta"), "{out}");
    end(&instance, running);
}

#[test]
fn when_the_last_command_has_vanished_the_launcher_ends() {
    let instance = Instance::new().component("alpha", SLEEPER, "");
    instance.script("alpha", "configure", "rm bin/start.sh\n");
    let (code, out) = instance.run_to_end();
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0172E") && out.contains("ZWEL0029E"), "{out}");
}

#[test]
fn a_command_that_vanishes_during_the_run_fails_its_component_alone() {
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {restartIntervals: [0]}").component("beta", SLEEPER, "");
    let running = instance.up();
    running.wait_for_count("up", 2);
    let beta = instance.pid("beta");
    fs::remove_file(instance.component_directory("alpha").join("bin/start.sh")).unwrap();
    kill(Pid::from_raw(instance.pid("alpha").unwrap()), Signal::SIGKILL).unwrap();
    running.wait_for("ZWEL0038E failed to restart component alpha");
    // The shell's own words name the file.
    assert!(running.all().lines().any(|line| line.contains("alpha/bin/start.sh")), "{}", running.all());
    assert_eq!(instance.pid("beta"), beta);
    end(&instance, running);
}

#[test]
fn a_manifest_replaced_during_a_run_is_read_by_restart_and_by_nothing_else() {
    let instance = Instance::new()
        .component("alpha", "echo first; exec sleep 1000", "launcher: {restartIntervals: [0, 0]}")
        .component("beta", SLEEPER, "");
    let running = instance.up();
    running.wait_for("first");
    let beta = instance.pid("beta").unwrap();
    instance.script("alpha", "second", "echo \"renewed $FROM_CONFIGURE\"; exec sleep 1000\n");
    instance.script("alpha", "new", "export FROM_CONFIGURE=configured\n");
    instance.manifest("alpha", "commands: {start: bin/second.sh, configure: bin/new.sh}\n");
    // A component that ends unasked comes back as it was prepared.
    kill(Pid::from_raw(instance.pid("alpha").unwrap()), Signal::SIGKILL).unwrap();
    running.wait_for_count("first", 2);
    running.wait_for_count("ZWEL0001I component alpha started", 2);
    assert!(!running.all().contains("renewed"), "{}", running.all());
    instance.modify("RESTART(alpha)");
    running.wait_for("renewed configured");
    assert_eq!(instance.pid("beta"), Some(beta));
    // One that cannot be used leaves what runs as it is.
    let alpha = instance.pid("alpha");
    fs::write(instance.component_directory("alpha").join("manifest.yaml"), "name: [\n").unwrap();
    instance.modify("RESTART(alpha)");
    running.wait_for("manifest.yaml");
    assert_eq!((instance.pid("alpha"), instance.pid("beta")), (alpha, Some(beta)));
    end(&instance, running);
}

#[test]
fn a_configure_that_is_killed_is_said_and_its_component_starts_with_what_it_was_given() {
    let instance = Instance::new().component("alpha", "echo \"start ${KEPT-without}\"; exec sleep 1000", "");
    instance.script("alpha", "configure", "export KEPT=this\necho \"configuring $$\"\nwhile :; do sleep 1000; done\n");
    let running = instance.start();
    let shell: i32 = running.wait_for("configuring ").trim_start_matches("configuring ").parse().unwrap();
    kill(Pid::from_raw(shell), Signal::SIGKILL).unwrap();
    running.wait_for("ZWEL0317E Component alpha commands.configure ended with rc=137.");
    running.wait_for("ZWEL0933W");
    running.wait_for("start without");
    end(&instance, running);
}

#[test]
fn links_that_lead_out_of_a_component_are_refused() {
    let command = Instance::new().component("alpha", SLEEPER, "");
    let outside = command.path("outside.sh");
    fs::write(&outside, "echo outside runs; exec sleep 1000\n").unwrap();
    let start = command.component_directory("alpha").join("bin/start.sh");
    fs::remove_file(&start).unwrap();
    symlink(&outside, &start).unwrap();
    let (code, out) = command.run_to_end();
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("outside") && out.contains("ZWEL0918E") && !out.contains("outside runs"), "{out}");

    let instance = Instance::new().component("alpha", SLEEPER, "");
    let secret = instance.path("secret");
    fs::write(&secret, "services: [xyzzy]\n").unwrap();
    let directory = instance.component_directory("alpha");
    fs::create_dir(directory.join("libs")).unwrap();
    fs::write(directory.join("libs/good.jar"), "good").unwrap();
    for link in ["libs/linked.jar", "static.yml", "single.jar"] {
        symlink(&secret, directory.join(link)).unwrap();
    }
    instance.manifest(
        "alpha",
        "apimlServices: {static: [{file: static.yml}]}\ngatewaySharedLibs: [libs]\nzaasSharedLibs: [single.jar]\nappfwPlugins: [{path: ../../..}]\n",
    );
    let running = instance.up();
    let out = running.all();
    assert_eq!(out.matches("ZWEL0918E").count(), 4, "{out}");
    for path in tree(&instance.path("workspace")) {
        let holds = fs::read(&path).is_ok_and(|content| String::from_utf8_lossy(&content).contains("xyzzy"));
        assert!(!holds, "{} was copied", path.display());
    }
    end(&instance, running);
}

/// An instance whose prepare step does everything it can and then ends by itself (ZWEL0029E): three components without a start command.
fn prepare_only() -> Instance {
    let instance =
        ["alpha", "beta", "gamma"].into_iter().fold(Instance::new(), |instance, name| instance.without_start(name, "port: 4711"));
    for name in ["alpha", "beta", "gamma"] {
        let directory = instance.component_directory(name);
        instance.manifest(
            name,
            "configs: {list: [1, 2, 3]}\napimlServices: {static: [{file: each.yml}, {file: once.yml, once: true}]}\ngatewaySharedLibs: [libs]\nappfwPlugins: [{path: web}]\n",
        );
        for file in ["each.yml", "once.yml"] {
            let service = format!("  - {{name: {name}, url: \"${{ZWE_zowe_runtimeDirectory}}:${{ZWE_configs_port:-1}}\"}}\n");
            fs::write(directory.join(file), format!("services:\n{}end: complete\n", service.repeat(200))).unwrap();
        }
        fs::create_dir_all(directory.join("libs/inner")).unwrap();
        fs::write(directory.join("libs/inner/library.jar"), "j".repeat(50_000)).unwrap();
        fs::create_dir(directory.join("web")).unwrap();
        fs::write(directory.join("web/pluginDefinition.json"), format!("{{\"identifier\": \"org.test.{name}\"}}")).unwrap();
    }
    instance.script("alpha", "configure", "export CONFIGURED=\"yes\nand no\"\n");
    let instance = instance.extra("haInstances:\n  lpar1: {hostname: one.example.com}\n  lpar2: {hostname: two.example.com}\n");
    instance.write_config();
    instance
}

fn prepare(instance: &Instance, ha_id: &str) -> Command {
    let mut command = instance.launcher(&[ha_id]);
    command.env("JOBNAME", format!("Z{}", ha_id.to_uppercase()));
    command
}

/// What is wrong with a file of the workspace that other programs read; None if it is whole.
fn half_written(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    // The content of locks does not matter. Temporary files concern only their writer; the record of a run's processes and the journal are
    // appended to.
    if name.ends_with(".lock") || name.ends_with(".tmp") || name.contains(".processes") || name.ends_with(".journal") || !path.is_file() {
        return None;
    }
    // Replaced or removed at this moment.
    let content = fs::read(path).ok()?;
    let text = String::from_utf8(content).ok()?;
    let wrong = match path.extension().and_then(|end| end.to_str()) {
        Some("json") => serde_json::from_str::<serde_json::Value>(&text).err().map(|error| error.to_string()),
        // Much of it, and often: its last line tells enough.
        Some("yml") => (!text.ends_with("end: complete\n")).then(|| "cut".to_owned()),
        Some("yaml") => match serde_yaml::from_str::<serde_json::Value>(&text) {
            Ok(value) if value.is_object() => None,
            other => Some(format!("{other:?}")),
        },
        Some("jar") => (text.len() != 50_000).then(|| format!("{} bytes", text.len())),
        Some("env") if text.ends_with('\n') && text.contains("ZWE_zowe_workspaceDirectory") => None,
        _ => Some(format!("{} bytes", text.len())),
    };
    wrong.map(|wrong| format!("{}: {wrong}", path.display()))
}

#[test]
fn two_instances_prepared_at_once_never_show_half_a_file() {
    const ROUNDS: usize = 50;
    let instance = prepare_only();
    let workspace = instance.path("workspace");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut found, mut looked_at) = (Vec::new(), 0_usize);
            while !done.load(Ordering::Relaxed) && found.is_empty() {
                let paths = tree(&workspace);
                looked_at += paths.len();
                found.extend(paths.iter().filter_map(|path| half_written(path)));
            }
            (found, looked_at)
        });
        let rounds = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..ROUNDS {
                let mut both = ["lpar1", "lpar2"].map(|id| Running::spawn(prepare(&instance, id), Path::new("/nonexistent")));
                for running in &mut both {
                    assert_eq!(running.wait_end(), 8);
                    let out = running.all();
                    assert!(out.contains("ZWEL0018I") && out.contains("ZWEL0029E"), "round {round}: {out}");
                    assert!(!out.contains("ZWEL0918E") && !out.contains("ZWEL0919E") && !out.contains("ZWEL0933W"), "round {round}: {out}");
                }
                for name in ["alpha", "beta", "gamma"] {
                    let of = |word: &str| {
                        let path = |id: &str| workspace.join(format!("api-mediation/api-defs/{name}.{word}_yml.{id}.yml"));
                        [path("lpar1"), path("lpar2")].into_iter().filter(|path| path.exists()).collect::<Vec<_>>()
                    };
                    assert_eq!(of("each").len(), 2, "round {round}");
                    let once = of("once");
                    assert_eq!(once.len(), 1, "round {round}: {once:?}");
                    // So that the next round has something to decide.
                    fs::remove_file(&once[0]).unwrap();
                }
            }
        }));
        done.store(true, Ordering::Relaxed);
        let (found, looked_at) = reader.join().unwrap();
        assert_eq!(found, Vec::<String>::new());
        if let Err(panic) = rounds {
            std::panic::resume_unwind(panic);
        }
        assert!(looked_at > 1000, "the reader has looked at {looked_at} files only");
    });
    let whole: Vec<PathBuf> = tree(&workspace).into_iter().filter(|path| path.is_file()).collect();
    assert!(whole.len() > 20 && whole.iter().all(|path| half_written(path).is_none()));
    assert!(!whole.iter().any(|path| path.extension().is_some_and(|end| end == "tmp")), "{whole:?}");
}

#[test]
fn a_run_killed_at_any_moment_of_prepare_leaves_nothing_that_stops_the_next() {
    let instance = prepare_only();
    let lines = {
        let whole = run_to_end(prepare(&instance, "lpar1"));
        assert_eq!(whole.0, 8, "{}", whole.1);
        whole.1.lines().count() as u64
    };
    let mut sequence = Sequence(20_261_121);
    let mut killed = 0;
    for round in 0..20 {
        let mut running = Running::spawn(prepare(&instance, "lpar1"), Path::new("/nonexistent"));
        // The moment: a line of its output, and up to 20 ms after it.
        running.wait_for_count("", usize::try_from(sequence.below(lines)).unwrap() + 1);
        let moment = Instant::now() + Duration::from_micros(sequence.below(20_000));
        let ended = wait_until(moment, || running.child.try_wait().unwrap()).is_some();
        if !ended {
            running.signal(Signal::SIGKILL);
            killed += 1;
        }
        running.wait_end();
        assert!(none_left(instance.directory.path()), "round {round}: a command lives on");
        for path in tree(&instance.path("workspace")) {
            assert_eq!(half_written(&path), None, "round {round}");
        }
        let (code, out) = run_to_end(prepare(&instance, "lpar1"));
        assert_eq!(code, 8, "round {round}: {out}");
        assert!(out.contains("ZWEL0018I") && out.contains("ZWEL0029E"), "round {round}: {out}");
        assert!(!out.contains("ZWEL0918E") && !out.contains("ZWEL0919E") && !out.contains("ZWEL0910E"), "round {round}: {out}");
    }
    assert!(killed >= 5, "only {killed} runs were still there to be killed");
}

#[test]
fn temporary_files_of_a_killed_run_are_cleaned_when_old_and_harmless_until_then() {
    let instance = prepare_only();
    assert_eq!(run_to_end(prepare(&instance, "lpar1")).0, 8);
    let names = [
        ".env/.zowe.json",
        ".env/alpha/.lpar1.env",
        "api-mediation/api-defs/alpha.each_yml.lpar1.yml",
        "gateway/sharedLibs/alpha/inner/library.jar",
    ];
    let temporary = |name: &str, process: u32| {
        let path = instance.path("workspace").join(name);
        path.with_file_name(format!(".{}.{process}.0.tmp", path.file_name().unwrap().to_str().unwrap()))
    };
    for name in names {
        for (process, age) in [(1, 2 * 3600), (2, 0)] {
            let file = fs::File::create(temporary(name, process)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
    }
    let (code, out) = run_to_end(prepare(&instance, "lpar1"));
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("ZWEL0029E") && !out.contains("ZWEL0918E") && !out.contains("ZWEL0919E"), "{out}");
    for name in names {
        assert!(!temporary(name, 1).exists(), "{name}: what an hour has not completed is nobody's");
        assert!(temporary(name, 2).exists(), "{name}: another instance may be writing it");
        assert_eq!(half_written(&instance.path("workspace").join(name)), None);
    }
}
