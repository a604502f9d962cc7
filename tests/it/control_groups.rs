//! What belongs to a component by the kernel's own account: control groups, where the launcher may make them, and what takes their place
//! where it may not. The oracle is the kernel: /proc, cgroup.procs, and a lock that ends with the last process that holds it.

use crate::harness::{Instance, PATIENCE, Running, not_here, processes_of, program_or_skip, skip, wait_until};
use crate::processes::{Chain, component, end, guardian, is_alive, kill_both, number_in, record, wait_gone, wait_nothing_left};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Instant;

const SLEEPER: &str = "echo up; exec sleep 1000";
/// In a session of its own, with nothing in its environment, its parent gone at once, its output nobody's; and the same with a parent.
const STRANGERS: &str = "(env -i PATH=\"$PATH\" setsid sh -c 'echo $$ > left.new; mv left.new left; exec sleep 1000' > /dev/null 2>&1 &)
env -i PATH=\"$PATH\" setsid sh -c 'echo $$ > below.new; mv below.new below; exec sleep 1000' > /dev/null 2>&1 &
echo up; exec sleep 1000";
const GRACE: &str = "launcher: {stop: {graceSeconds: 1}}";

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// Where control groups of version 2 are mounted, as the mount table says.
fn mounts() -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let lines = table.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    lines.filter(|words| words.get(2) == Some(&"cgroup2")).map(|words| PathBuf::from(words[1])).collect()
}

/// The control group of a process, as a directory.
fn group_of(pid: i32) -> PathBuf {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let path = text.lines().find_map(|line| line.strip_prefix("0::/")).unwrap();
    mounts()[0].join(path)
}

/// Whether this user may make control groups here; said aloud where not.
fn may_make() -> bool {
    let may = !mounts().is_empty() && {
        let probe = group_of(std::process::id().try_into().unwrap()).join(format!(
            "probe-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::create_dir(&probe).and_then(|()| fs::remove_dir(&probe)).is_ok()
    };
    if !may {
        not_here("no control group of version 2 may be made here");
    }
    may
}

fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skip("only root can give control groups away, or take them away");
    }
    root
}

/// Lets a command see no control groups: root takes the mount away, in a name space of its own. False where that cannot be done.
fn hide_from(command: &mut Command) -> bool {
    if mounts().is_empty() {
        return true;
    }
    if !is_root() {
        return false;
    }
    let mounts: Vec<CString> = mounts().iter().map(|path| CString::new(path.as_os_str().as_bytes()).unwrap()).collect();
    let hide = move || {
        // SAFETY: system calls with texts that were made before the fork.
        let done = unsafe {
            libc::unshare(libc::CLONE_NEWNS) == 0
                && libc::mount(std::ptr::null(), c"/".as_ptr(), std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE, std::ptr::null()) == 0
                && mounts.iter().all(|path| libc::umount2(path.as_ptr(), libc::MNT_DETACH) == 0)
        };
        if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: the closure makes system calls only.
    let may = unsafe { Command::new("true").pre_exec(hide.clone()).status().is_ok() };
    if may {
        // SAFETY: as above.
        unsafe { command.pre_exec(hide) };
    } else {
        not_here("no name space of mounts may be made here");
    }
    may
}

/// Starts an instance that sees no control groups.
pub(crate) fn up_without(instance: &Instance) -> Option<Running> {
    instance.write_config();
    let mut command = instance.launcher(&["lpar1"]);
    hide_from(&mut command).then(|| {
        let running = Running::spawn(command, instance.directory.path());
        running.wait_for("ZWEL0012I");
        running
    })
}

/// The instance, started in both ways.
fn in_both_ways(mut test: impl FnMut(&str, &dyn Fn(&Instance) -> Option<Running>)) {
    if may_make() {
        test("with control groups", &|instance| Some(instance.up()));
    }
    test("without control groups", &up_without);
}

/// The control group of the run of a launcher.
fn run_of(instance: &Instance, name: &str) -> PathBuf {
    group_of(instance.pid(name).unwrap()).parent().unwrap().to_path_buf()
}

/// A process of this test, ended when the test ends.
struct Bystander(Child);

impl Bystander {
    fn new() -> Bystander {
        Bystander(Command::new("sleep").arg("1000").process_group(0).spawn().unwrap())
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processes of [`STRANGERS`].
fn strangers(instance: &Instance, name: &str) -> [i32; 2] {
    ["left", "below"].map(|file| number_in(&component(instance, name).join(file)))
}

#[test]
fn each_component_has_one_of_its_own_and_nothing_of_it_is_elsewhere() {
    if !may_make() {
        return;
    }
    let instance = Instance::new().component("alpha", STRANGERS, "").component("beta", SLEEPER, "");
    let running = instance.up();
    running.wait_for_count("up", 2);
    let alpha = group_of(instance.pid("alpha").unwrap());
    let beta = group_of(instance.pid("beta").unwrap());
    assert_ne!(alpha, beta);
    for stranger in strangers(&instance, "alpha") {
        assert_eq!(group_of(stranger), alpha);
    }
    let run = alpha.parent().unwrap();
    assert_eq!(beta.parent().unwrap(), run);
    let launcher: i32 = running.child.id().try_into().unwrap();
    assert_eq!(group_of(launcher), run.parent().unwrap(), "the launcher would end itself");
    assert_eq!(group_of(guardian(&running)), run.parent().unwrap(), "the guardian would end itself");
    assert_eq!(fs::read_to_string(run.join("cgroup.procs")).unwrap(), "");
    // What has ended leaves none behind: the commands of the start, and a component that is started again.
    kill(Pid::from_raw(instance.pid("beta").unwrap()), Signal::SIGKILL).unwrap();
    let below = || fs::read_dir(run).unwrap().flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).count();
    running.wait_for("ZWEL0005I");
    wait_until(deadline(), || (below() == 1).then_some(())).unwrap_or_else(|| panic!("{} control groups", below()));
    end(&instance, running);
    assert!(!run.exists(), "left behind");
}

#[test]
fn what_has_left_group_session_and_environment_ends_with_its_component() {
    if !may_make() {
        return;
    }
    let instance = Instance::new().component("alpha", STRANGERS, GRACE).component("beta", STRANGERS, GRACE);
    let running = instance.up();
    let (alpha, beta) = (strangers(&instance, "alpha"), strangers(&instance, "beta"));
    assert!(instance.modify("STOP(alpha)").contains("ZWEL"));
    running.wait_for("ZWEL0002I component alpha stopped");
    assert!(!alpha.into_iter().any(is_alive), "stopped, and something of it lives");
    assert!(beta.into_iter().all(is_alive), "another component's was ended");
    let out = end(&instance, running);
    assert!(!beta.into_iter().any(is_alive), "{out}");
    assert!(!out.contains("ZWEL0999W"), "it belongs to its component:\n{out}");
}

#[test]
fn where_there_are_none_it_ends_with_the_component_it_is_below_or_with_p() {
    let instance = Instance::new().component("alpha", STRANGERS, GRACE).component("beta", STRANGERS, GRACE);
    let Some(running) = up_without(&instance) else { return };
    let (alpha, beta) = (strangers(&instance, "alpha"), strangers(&instance, "beta"));
    assert!(instance.modify("STOP(alpha)").contains("ZWEL"));
    running.wait_for("ZWEL0002I component alpha stopped");
    assert!(!is_alive(alpha[1]), "stopped, and what was below it lives");
    assert!(beta.into_iter().all(is_alive), "another component's was ended");
    let out = end(&instance, running);
    assert!(![alpha, beta].into_iter().flatten().any(is_alive), "{out}");
}

/// Waits until a process that nothing else tells from others is recorded: control groups need no such record.
fn wait_recorded(instance: &Instance, way: &str, pid: i32) {
    if way.starts_with("without") {
        let is_recorded = || fs::read_to_string(record(instance)).is_ok_and(|text| text.contains(&format!("\n~{pid} "))).then_some(());
        wait_until(deadline(), is_recorded).unwrap_or_else(|| panic!("{pid} is not recorded"));
    }
}

#[test]
fn it_does_not_outlive_a_killed_launcher() {
    in_both_ways(|way, up| {
        let instance = Instance::new().component("alpha", STRANGERS, GRACE);
        let Some(mut running) = up(&instance) else { return };
        let pids = strangers(&instance, "alpha");
        wait_recorded(&instance, way, pids[0]);
        let run = way.starts_with("with ").then(|| run_of(&instance, "alpha"));
        running.signal(Signal::SIGKILL);
        running.child.wait().unwrap();
        wait_nothing_left(&instance);
        pids.into_iter().for_each(wait_gone);
        if let Some(run) = run {
            wait_until(deadline(), || (!run.exists()).then_some(())).expect("the guardian has left the control group");
        }
    });
}

#[test]
fn it_does_not_survive_the_next_start_when_the_guardian_was_killed_too() {
    in_both_ways(|way, up| {
        let instance = Instance::new().component("alpha", STRANGERS, GRACE).component("beta", SLEEPER, "");
        let Some(mut running) = up(&instance) else { return };
        let pids = strangers(&instance, "alpha");
        wait_recorded(&instance, way, pids[0]);
        let run = way.starts_with("with ").then(|| run_of(&instance, "alpha"));
        kill_both(&mut running);
        assert!(pids.into_iter().all(is_alive), "somebody else has ended them");
        let again = up(&instance).unwrap();
        let line = again.wait_for("ZWEL0912I");
        assert!(line.contains("ZWEL0912I 4 processes left by an earlier run of lpar1 were ended"), "{way}: {line}");
        pids.into_iter().for_each(wait_gone);
        assert!(run.is_none_or(|run| !run.exists()), "its control group is still there");
        end(&instance, again);
    });
}

#[test]
fn what_is_in_the_session_of_a_recorded_one_or_below_it_does_not_survive_either() {
    // The recorded one has begun a session, in which a daemon is whose parent has gone, and is the parent of a third.
    let family = "(env -i PATH=\"$PATH\" setsid sh -c 'echo $$ > left.new; mv left.new left
(sh -c \"echo \\$\\$ > member.new; mv member.new member; exec sleep 1000\" &)
setsid sh -c \"echo \\$\\$ > child.new; mv child.new child; exec sleep 1000\" & wait' > /dev/null 2>&1 &); exec sleep 1000";
    let instance = Instance::new().component("alpha", family, GRACE);
    let Some(mut running) = up_without(&instance) else { return };
    let pids = ["left", "member", "child"].map(|file| number_in(&component(&instance, "alpha").join(file)));
    wait_recorded(&instance, "without", pids[0]);
    kill_both(&mut running);
    assert!(pids.into_iter().all(is_alive), "somebody else has ended them");
    let again = up_without(&instance).unwrap();
    again.wait_for("ZWEL0912I");
    pids.into_iter().for_each(wait_gone);
    end(&instance, again);
}

#[test]
fn a_stop_is_complete_when_the_control_group_is_empty_and_not_before() {
    if !may_make() {
        return;
    }
    // The last process is no child of the launcher's, so nothing but the control group tells of its end.
    let instance = Instance::new().component("alpha", SLEEPER, "launcher: {stop: {graceSeconds: 1000}}");
    let running = instance.up();
    let mut other = Bystander::new();
    let group = group_of(instance.pid("alpha").unwrap());
    fs::write(group.join("cgroup.procs"), other.0.id().to_string()).unwrap();
    assert!(instance.modify("STOP(alpha)").contains("ZWEL"));
    running.wait_for("ZWEL0004I component alpha");
    assert!(instance.modify("DISP").contains("stopping"), "{}", running.all());
    assert!(other.lives() && !running.all().contains("ZWEL0002I"), "{}", running.all());
    other.0.kill().unwrap();
    running.wait_for("ZWEL0002I component alpha stopped");
    assert!(!running.all().contains("ZWEL0063W"), "the grace time is not over: {}", running.all());
    end(&instance, running);
}

#[test]
fn a_chain_of_daemons_ends_in_every_way() {
    let Some(python) = program_or_skip("python3") else { return };
    let start = format!("{} chain.py $PWD/go &\nexec sleep 1000", python.display());
    in_both_ways(|way, up| {
        let instance = Instance::new().component("alpha", &start, GRACE).component("beta", &start, GRACE);
        let (alpha, beta) = (Chain::of(&instance, "alpha"), Chain::of(&instance, "beta"));
        let Some(mut running) = up(&instance) else { return };
        [&alpha, &beta].into_iter().for_each(Chain::wait_alive);
        assert!(instance.modify("STOP(alpha)").contains("ZWEL0923I"));
        running.wait_for("ZWEL0002I component alpha stopped");
        assert!(alpha.wait_ended() && !beta.has_ended(), "{way}: {}", running.all());
        // The guardian.
        running.signal(Signal::SIGKILL);
        running.child.wait().unwrap();
        assert!(beta.wait_ended(), "{way}: the launcher was killed, and the chain goes on");
        wait_nothing_left(&instance);
        // The next start.
        [&alpha, &beta].into_iter().for_each(Chain::begin_anew);
        let mut running = up(&instance).unwrap();
        [&alpha, &beta].into_iter().for_each(Chain::wait_alive);
        kill_both(&mut running);
        for chain in [&alpha, &beta] {
            assert!(!chain.has_ended(), "somebody else has ended it");
        }
        let again = Instance::start(&instance);
        again.wait_for("ZWEL0912I");
        again.wait_for("ZWEL0012I");
        let out = again.all();
        assert!(!out.contains("ZWEL0997W"), "{way}: {out}");
        end(&instance, again);
        assert!(alpha.wait_ended() && beta.wait_ended(), "{way}: {out}");
        assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
    });
}

#[test]
fn a_forged_or_reused_control_group_is_not_believed() {
    if !may_make() {
        return;
    }
    let mut bystander = Bystander::new();
    let pid = bystander.0.id();
    let own = group_of(pid.try_into().unwrap());
    let reused = |name: &str| {
        let group = own.join(name);
        fs::create_dir(&group).unwrap();
        fs::write(group.join("cgroup.procs"), pid.to_string()).unwrap();
        (group.clone(), std::os::unix::fs::MetadataExt::ino(&fs::metadata(&group).unwrap()))
    };
    for forged in ["another number", "another name", "no control group"] {
        let instance = Instance::new().component("alpha", SLEEPER, "");
        let mut running = instance.up();
        let alpha = instance.pid("alpha").unwrap();
        let path = record(&instance);
        let run = run_of(&instance, "alpha");
        let name = run.file_name().unwrap().to_str().unwrap().to_owned();
        kill_both(&mut running);
        let text = fs::read_to_string(&path).unwrap();
        let written = text.lines().find(|line| line.starts_with('=')).unwrap();
        let (group, number) = match forged {
            // At the very place where the run had its own.
            "another number" => {
                fs::write(own.join("cgroup.procs"), alpha.to_string()).unwrap();
                fs::remove_dir(run.join(run_child(&run))).unwrap();
                fs::remove_dir(&run).unwrap();
                let (group, number) = reused(&name);
                (group, number + 1)
            }
            "another name" => reused(&format!("it-{name}")),
            _ => {
                let group = instance.path(&name);
                fs::create_dir(&group).unwrap();
                fs::write(group.join("cgroup.procs"), pid.to_string()).unwrap();
                let number = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&group).unwrap());
                (group, number)
            }
        };
        fs::write(&path, text.replace(written, &format!("={number} {}", group.display()))).unwrap();
        let again = instance.up();
        // What the rest of the record knows is ended all the same.
        again.wait_for("ZWEL0912I 1 processes");
        wait_gone(alpha);
        assert!(bystander.lives(), "{forged}: another's process was ended");
        assert!(!again.all().contains("ZWEL0996W"), "{}", again.all());
        end(&instance, again);
        fs::write(own.join("cgroup.procs"), pid.to_string()).unwrap();
        if group.starts_with(&own) {
            fs::remove_dir(&group).unwrap();
        }
    }
}

/// The one control group below that of a run.
fn run_child(run: &Path) -> PathBuf {
    let entries = fs::read_dir(run).unwrap().flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    entries.map(|entry| entry.path()).next().unwrap()
}

#[test]
fn empty_ones_of_a_killed_launcher_are_removed_by_any_later_start() {
    if !may_make() {
        return;
    }
    let instance = Instance::new().component("alpha", SLEEPER, "");
    let mut running = instance.up();
    let run = run_of(&instance, "alpha");
    let alpha = instance.pid("alpha").unwrap();
    kill_both(&mut running);
    let other = Instance::new().component("beta", SLEEPER, "");
    end(&other, other.up());
    assert!(run.exists() && is_alive(alpha), "it is not empty, and another instance's");
    kill(Pid::from_raw(alpha), Signal::SIGKILL).unwrap();
    wait_gone(alpha);
    let is_empty = || fs::read_to_string(run.join("cgroup.events")).is_ok_and(|text| text.contains("populated 0")).then_some(());
    wait_until(deadline(), || is_empty().or((!run.exists()).then_some(()))).unwrap();
    end(&other, other.up());
    assert!(!run.exists(), "it is still there");
}

#[test]
fn what_tells_whose_a_process_is_is_said_at_debug_level_only() {
    for (is_hidden, expected) in [(false, "by control groups below /"), (true, "as there are no control groups: ")] {
        for is_debug in [false, true] {
            let instance = Instance::new().component("alpha", SLEEPER, "");
            instance.write_config();
            let mut command = instance.launcher(&["lpar1"]);
            if (is_hidden && !hide_from(&mut command)) || (!is_hidden && !may_make()) {
                continue;
            }
            if is_debug {
                command.env("ZLDEBUG", "ON");
            }
            let running = Running::spawn(command, instance.directory.path());
            running.wait_for("ZWEL0012I");
            let out = end(&instance, running);
            let line = out.lines().find(|line| line.contains("ZWEL0928I"));
            assert_eq!(line.is_some_and(|line| line.contains(expected)), is_debug, "{line:?} in {out}");
            assert_eq!(line.is_some(), is_debug, "{out}");
        }
    }
}

/// What systemd's Delegate= gives to the user of a unit: cgroup-v2.rst, "Delegation".
struct Delegated(PathBuf);

impl Delegated {
    fn to(user: u32) -> Delegated {
        let path = group_of(std::process::id().try_into().unwrap()).join(format!("it-delegated-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        for file in ["", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"] {
            std::os::unix::fs::chown(path.join(file), Some(user), Some(user)).unwrap();
        }
        Delegated(path)
    }
}

impl Drop for Delegated {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        let _ = wait_until(deadline(), || fs::remove_dir(&self.0).ok());
    }
}

#[test]
fn a_user_to_whom_a_control_group_was_delegated_makes_them_below_it() {
    const NOBODY: u32 = 65534;
    if !(is_root() && may_make()) {
        return;
    }
    for is_delegated in [true, false] {
        let delegated = Delegated::to(if is_delegated { NOBODY } else { 0 });
        let instance = Instance::new().component("alpha", STRANGERS, GRACE);
        instance.write_config();
        let mut command = crate::faults::bound_by_modes(&instance);
        command.env("ZLDEBUG", "ON");
        // The user is set before this would run, so the one that enters the control group is this thread's child: a shell.
        let mut words = vec!["-c".into(), "echo $$ > \"$0\"; exec \"$@\"".into(), delegated.0.join("cgroup.procs").into_os_string()];
        words.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"].map(Into::into));
        words.push(command.get_program().to_owned());
        words.extend(command.get_args().map(ToOwned::to_owned));
        let mut shell = Command::new("sh");
        shell.args(words).env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.stdin(std::process::Stdio::null());
        let mut running = Running::spawn(shell, instance.directory.path());
        running.wait_for("ZWEL0012I");
        let line = running.wait_for("ZWEL0928I");
        assert_eq!(line.contains(&format!("by control groups below {}/zwelnch-", delegated.0.display())), is_delegated, "{line}");
        let pids = strangers(&instance, "alpha");
        assert_eq!(group_of(pids[0]).parent().unwrap().parent().unwrap() == delegated.0, is_delegated);
        running.signal(Signal::SIGTERM);
        assert_eq!(running.wait_end(), 0, "{}", running.all());
        assert!(!pids.into_iter().any(is_alive));
        let below = fs::read_dir(&delegated.0).unwrap().flatten().filter(|entry| entry.path().is_dir()).count();
        assert_eq!(below, 0, "left behind");
    }
}
