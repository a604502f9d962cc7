//! Upgrades of the sample sysplex under load, with a real HAProxy in front.

use crate::harness::{PATIENCE, Running, none_left, program, program_or_skip, skip, text, wait_until};
use crate::sysplex::{Load, Sysplex, asked_before, asked_before_with, go_on, nothing_lost, under_load};
use crate::terminal::Terminal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Instant;

#[test]
fn an_upgrade_of_both_instances_loses_no_request() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let load = Load::begin(sysplex.front, 6);
    load.wait_until_good(100);

    let plan = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--plan"]).output().unwrap();
    let planned = text(&plan);
    for expected in [
        "HA instance lpar2 goes from level 0.1.0 to level 0.2.0; lpar1 (job ZWE1SV on LPR1) serves meanwhile.",
        "RO LPR2,P ZWE1SV2",
        "RO LPR2,S ZWESLST2,HAINST=LPAR2,JOBNAME=ZWE2SV2",
        "set server gateways/lpar2 state drain",
    ] {
        assert!(planned.contains(expected), "{expected} is missing in {planned}");
    }
    assert_eq!(load.cut.load(Ordering::SeqCst), 0, "a plan moves nothing");

    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}\n{}", sysplex.sysprints());
    let cut = load.cut.load(Ordering::SeqCst);
    // Those of B, and each was counted before it was cut.
    assert!(cut > 0 && cut < 6 && said.contains(&format!("{cut} connections end with the instance")), "{cut}: {said}");

    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe-new2.yaml", "lpar1", &[]).output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output), sysplex.sysprints());
    load.wait_until_good(20_000);
    let (good, failures, cut) = load.end();
    assert!(failures.is_empty() && good >= 20_000, "{good} answered, {} failed: {:?}", failures.len(), failures.first());
    assert_eq!(cut, 6, "every long one has been at an instance that was replaced");
    let output = sysplex.command(&["ha", "status", "-c", "zowe-new2.yaml"]).output().unwrap();
    assert!(output.status.success() && text(&output).matches("0.2.0").count() == 2, "{}", text(&output));
    sysplex.end();
}

/// The steps and edges in a journal's events of traffic since its last run began, and the code that this run ended with.
pub(crate) fn told(journal: &Path) -> (Vec<String>, Option<i64>) {
    let (mut steps, mut code) = (Vec::new(), None);
    for line in fs::read_to_string(journal).unwrap().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        match (event["event"].as_str().unwrap(), event["edge"].as_str()) {
            ("run", Some("begun")) => (steps, code) = (Vec::new(), None),
            ("run", _) => code = event["code"].as_i64(),
            ("traffic", Some(edge)) => {
                let target = event["target"].as_str().map(|target| format!("{target} ")).unwrap_or_default();
                let failed = if event["failed"] == true { " failed" } else { "" };
                steps.push(format!("{target}{} {edge}{failed}", event["step"].as_str().unwrap()));
            }
            _ => {}
        }
    }
    (steps, code)
}

#[test]
fn journal_and_metrics_tell_each_step() {
    let Some((sysplex, load)) = under_load() else { return };
    let journal = sysplex.path("logs/zwelnch-upgrade-lpar2.journal");
    let shown = |state: &str, step: Option<&str>| {
        let output = sysplex.command(&["status", "--format", "openmetrics"]).output().unwrap();
        let said = text(&output);
        let is_one =
            |metric: &str, label: &str, value: &str| said.contains(&format!("{metric}{{ha_instance=\"lpar1\",{label}=\"{value}\"}} 1\n"));
        assert!(is_one("zwelnch_upgrade_state", "state", state), "{state}: {said}");
        match step {
            Some(step) => assert!(is_one("zwelnch_upgrade_step", "step", step), "{step}: {said}"),
            None => assert!(!said.lines().any(|line| line.starts_with("zwelnch_upgrade_step{") && line.ends_with(" 1")), "{said}"),
        }
    };
    shown("none", None);
    let mut running = asked_before(&sysplex, "start the new instance");
    shown("at_work", Some("stop-old"));
    running.signal(nix::sys::signal::Signal::SIGKILL);
    running.wait_end();
    shown("unfinished", Some("stop-old"));
    let both = |steps: &[&str]| steps.iter().flat_map(|step| [format!("{step} begun"), format!("{step} ended")]).collect::<Vec<_>>();
    assert_eq!(told(&journal), (both(&["check", "quiesce", "drain", "stop-old"]), None), "nobody tells of a SIGKILL");
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    shown("none", None);
    assert_eq!(told(&journal), (both(&["stop-old", "start-new", "quiesce-new", "ready", "verify", "resume", "final"]), Some(0)));
    // The words are events too, and people read them.
    let output = sysplex.command(&["events", "--journal", journal.to_str().unwrap()]).output().unwrap();
    let said = text(&output);
    for expected in ["drain begins", "drain: step 3 of 10: drain", "drain ends", "final ends", "run ends: condition code 0"] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    // There is nothing to roll back, which is the end of that run too.
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--rollback"]).output().unwrap();
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    assert_eq!(told(&journal), (Vec::new(), Some(8)));
    nothing_lost(&sysplex, load);
    sysplex.end();
}

/// On a terminal the last line says how far it is, and each step how long it took; elsewhere lines are those that scripts know.
#[test]
fn on_a_terminal_an_upgrade_shows_how_far_it_is() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let load = Load::begin(sysplex.front, 6);
    load.wait_until_good(50);
    let command = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--drain", "3s"]);
    let mut terminal = Terminal::session(command, "xterm");
    terminal.wait_for("Done: the new lpar2 serves.");
    assert!(terminal.child.wait().unwrap().success());
    let seen = terminal.seen.lock().unwrap().clone();
    assert_eq!(seen.matches("  done after ").count(), 10, "{seen}");
    // Of how many connections so many are left, and the time.
    let drains = seen.split('\r').find(|line| line.contains("step 3 of 10, drain: ")).unwrap_or_else(|| panic!("{seen}"));
    assert!(drains.starts_with("[--------------------] ") && drains.contains(" connections left, 2.0s at most\u{1b}[K"), "{drains:?}");
    let (_, failures, _) = load.end();
    assert!(failures.is_empty(), "{failures:?}");
    sysplex.end();
}

/// Makes an upgrade of lpar2 under load and returns its exit code and what it said; no request on a new connection may be lost.
fn faulty(sysplex: &Sysplex, more: &[&str]) -> (i32, String) {
    let load = Load::begin(sysplex.front, 0);
    load.wait_until_good(50);
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", more).output().unwrap();
    load.wait_until_good(load.good() + 50);
    let (good, failures, _) = load.end();
    let sysprints = || if failures.is_empty() { String::new() } else { sysplex.sysprints() };
    assert!(failures.is_empty(), "{good} answered, {} failed: {:?}\n{}\n{}", failures.len(), failures.first(), text(&output), sysprints());
    (output.status.code().unwrap(), text(&output))
}

#[test]
fn a_new_version_that_does_not_become_ready_is_rolled_back() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    fs::write(sysplex.path("runtime-new2/components/hello/bin/start.sh"), "exec sleep 1000\n").unwrap();
    let (code, said) = faulty(&sysplex, &["--ready-timeout", "5s"]);
    // Which of its parts was missing when the time was over depends on the machine.
    assert!(code == 8 && said.contains("the new instance is not ready after 5 s: "), "{said}");
    assert!(said.contains("Rolled back: the old lpar2 serves again."), "{said}");
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.wait_both_balanced();
    // Nor a version whose START is refused.
    fs::remove_file(sysplex.path("LPR2/PROCLIB/ZWESLST2")).unwrap();
    let (code, said) = faulty(&sysplex, &[]);
    assert!(code == 8 && said.contains("could not be started") && said.contains("Rolled back"), "{said}");
    let (steps, code) = told(&sysplex.path("logs/zwelnch-upgrade-lpar2.journal"));
    assert_eq!(
        (&steps[steps.len() - 4..], code),
        (&["start-new begun", "start-new ended failed", "roll-back begun", "roll-back ended"].map(str::to_owned)[..], Some(8))
    );
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.end();
}

#[test]
fn a_new_version_whose_registry_never_agrees_is_rolled_back() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let start = sysplex.path("runtime-new2/components/discovery/bin/start.sh");
    let text = fs::read_to_string(&start).unwrap();
    assert!(text.contains("demo service discovery"), "{text}");
    fs::write(&start, text.replace("demo service discovery", "demo service discovery --deaf")).unwrap();
    let (code, said) = faulty(&sysplex, &["--timeout", "5s"]);
    assert!(code == 8 && said.contains("the Discovery Services do not agree after 5 s"), "{said}");
    assert!(said.contains("Rolled back: the old lpar2 serves again."), "{said}");
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.wait_both_balanced();
    sysplex.end();
}

#[test]
fn a_balancer_that_cannot_be_reached_any_more_leaves_traffic_at_the_peer() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "resume");
    let (socket, away) = (sysplex.path("haproxy.sock"), sysplex.path("away.sock"));
    fs::rename(&socket, &away).unwrap();
    assert_eq!(go_on(&mut running), 12, "{}", running.all());
    assert!(
        running.all().contains("traffic could not be resumed to it") && running.all().contains("the peers serve meanwhile"),
        "{}",
        running.all()
    );
    load.wait_until_good(load.good() + 50);
    // Without it nothing is begun either, and what is kept is kept.
    fs::rename(&away, &socket).unwrap();
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    assert!(
        output.status.success() && text(&output).contains("An upgrade is under way: it has come to step 9, resume"),
        "{}",
        text(&output)
    );
    nothing_lost(&sysplex, load);
    sysplex.wait_both_balanced();
    sysplex.end();
}

#[test]
fn an_upgrade_that_is_killed_goes_on_or_goes_back() {
    let Some((sysplex, load)) = under_load() else { return };
    // Killed with the old one down and the new one not up, and brought back.
    let running = asked_before(&sysplex, "start the new instance");
    // Two at once are refused.
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    assert!(
        output.status.code() == Some(8)
            && text(&output).contains("one upgrade a sysplex: under way is the upgrade of HA instance lpar2 by user "),
        "{}",
        text(&output)
    );
    // So is one of another instance, by another user's record and another spelling of the same configuration; and it is told how far the
    // first one is.
    std::os::unix::fs::symlink(sysplex.directory.path(), sysplex.path("link")).unwrap();
    let other = || {
        let mut command = sysplex.upgrade("link/zowe.yaml", "link/zowe-new2.yaml", "link/zowe.yaml", "lpar1", &[]);
        command.env("XDG_STATE_HOME", sysplex.path("other-state"));
        let output = command.output().unwrap();
        (output.status.code(), text(&output))
    };
    let at = "it has come to step 4, stop the old instance";
    let (code, said) = other();
    let under_way = "under way is the upgrade of HA instance lpar2 by user ";
    assert!(code == Some(8) && said.contains(under_way) && said.contains(at), "{said}");
    let show = || {
        let output = sysplex.command(&["ha", "upgrade", "--show", "-c", "link/zowe.yaml"]).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = show();
    assert!(code == Some(4) && said.contains("under way: upgrade of HA instance lpar2 by user ") && said.contains(at), "{said}");
    running.signal(nix::sys::signal::Signal::SIGKILL);
    drop(running);
    // Its process is gone, and it stands in the middle all the same.
    let (code, said) = other();
    assert!(code == Some(8) && said.contains("not finished is the upgrade of HA instance lpar2 by user ") && said.contains(at), "{said}");
    let (code, said) = show();
    assert!(code == Some(4) && said.contains("not finished: upgrade of HA instance lpar2 by user "), "{said}");
    // A new problem does not keep anybody from going back.
    let new = sysplex.path("zowe-new2.yaml");
    let good = fs::read_to_string(&new).unwrap();
    fs::write(&new, good.replacen("zowe:\n", "zowe:\n  verifyCertificates: DISABLED\n", 1)).unwrap();
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--rollback"]).output().unwrap();
    assert!(
        text(&output).contains("Worth knowing: peer lpar1 and the new lpar2: must be the same: zowe.verifyCertificates"),
        "{}",
        text(&output)
    );
    fs::write(&new, good).unwrap();
    assert!(text(&output).contains("Rolled back: the old lpar2 serves again."), "{}\n{}", text(&output), sysplex.sysprints());
    assert!(output.status.success() && !text(&output).contains("ZWEL0930E"), "{}", text(&output));
    assert_eq!(show(), (Some(0), "No upgrade of this sysplex is under way.\n".to_owned()));
    sysplex.wait_good(&["zowe.yaml"]);
    // Killed in the middle of a step, and gone on with.
    let command = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]);
    let running = Running::spawn(command, Path::new("/nonexistent"));
    running.wait_for("step 5 of 10: start the new instance");
    running.signal(nix::sys::signal::Signal::SIGKILL);
    drop(running);
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    let said = text(&output);
    assert!(output.status.success() && said.contains("An upgrade is under way"), "{said}\n{}", sysplex.sysprints());
    nothing_lost(&sysplex, load);
    sysplex.wait_both_balanced();
    sysplex.end();
}

/// A disk that takes nothing any more is played by a file where the record's directory was.
#[test]
fn without_its_record_an_upgrade_halts_and_goes_back_by_what_runs() {
    let Some((sysplex, load)) = under_load() else { return };
    let place = sysplex.path("kept");
    let state = ["--state", "kept/upgrade.json"];
    let back = || {
        let output =
            sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[&["--rollback"], &state[..]].concat()).output().unwrap();
        (output.status.code(), text(&output))
    };
    for title in ["start the new instance", "resume"] {
        let mut running = asked_before_with(&sysplex, title, &state);
        fs::remove_dir_all(&place).unwrap();
        fs::write(&place, "").unwrap();
        assert_eq!(go_on(&mut running), 12, "{}", running.all());
        assert!(running.all().contains("the progress cannot be kept: kept/upgrade.json: "), "{}", running.all());
        let (code, said) = back();
        let told = ["ATTENTION: kept/upgrade.json: ", "going by what runs now", "Rolled back: the old lpar2 serves again."];
        assert!(code == Some(0) && told.iter().all(|told| said.contains(told)), "{said}\n{}", sysplex.sysprints());
        sysplex.wait_good(&["zowe.yaml"]);
        fs::remove_file(&place).unwrap();
    }
    // Nothing is under way.
    let (code, said) = back();
    assert!(code == Some(8) && said.contains("no upgrade is under way"), "{said}");
    // A record that is none is named, and nothing begins on it.
    fs::create_dir(&place).unwrap();
    fs::write(place.join("upgrade.json"), "{").unwrap();
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &state).output().unwrap();
    assert!(output.status.code() == Some(8) && text(&output).contains("kept/upgrade.json is no record of an upgrade"), "{}", text(&output));
    nothing_lost(&sysplex, load);
    sysplex.end();
}

#[test]
fn what_can_be_known_is_told_before_anything_moves() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    // An expected service that nobody has, for it is mistyped; and a registry that lacks what runs.
    let expect = ["--expect", "gatway=2"];
    let output =
        sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[&["--plan"], &expect[..]].concat()).output().unwrap();
    let strange = "--expect names service gatway, which no manifest names and no registry has; did you mean gateway?";
    assert!(text(&output).contains(&format!("As things are now it would be refused: {strange}")), "{}", text(&output));
    let (answer, code) = sysplex.issue("F ZWE1SV,APPL=STOP(hello)");
    assert_eq!(code, 0, "{answer}");
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &expect).output().unwrap();
    let said = text(&output);
    for told in
        [strange, "component hello is ready at lpar2 only", "1 instances of hello are UP, 2 are expected", "Refused; nothing was changed."]
    {
        assert!(output.status.code() == Some(8) && said.contains(told), "{told} is missing in {said}");
    }
    assert!(!said.contains("step 2 of"), "{said}");
    sysplex.end();
}

/// Whoever may write the workspace shares the lock; whoever may not is told so in words.
#[test]
fn another_user_meets_the_same_lock() {
    use std::os::unix::process::CommandExt;
    const STRANGER: u32 = 61002;
    if !nix::unistd::geteuid().is_root() {
        return skip("only root can be somebody else");
    }
    let Some((sysplex, load)) = under_load() else { return };
    let running = asked_before(&sysplex, "start the new instance");
    let as_stranger = || {
        let mut command = sysplex.command(&["ha", "upgrade", "--show", "-c", "zowe.yaml"]);
        command.uid(STRANGER).gid(STRANGER);
        let output = command.output().unwrap();
        (output.status.code(), text(&output))
    };
    // Into the directory of the test, and into the workspace.
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(sysplex.directory.path(), 0o755);
    mode(&sysplex.path("zowe.yaml"), 0o644);
    assert!(Command::new("chmod").arg("-R").arg("go+rX").arg(sysplex.path("runtime")).status().unwrap().success());
    mode(&sysplex.path("workspace"), 0o770);
    let (code, said) = as_stranger();
    assert!(code == Some(4) && said.contains("cannot be told") && said.contains("Permission denied"), "{said}");
    let gid = nix::unistd::Gid::from_raw(STRANGER);
    nix::unistd::chown(&sysplex.path("workspace"), None, Some(gid)).unwrap();
    nix::unistd::chown(&sysplex.path("workspace/.zwelnch-upgrade.lock"), None, Some(gid)).unwrap();
    let (code, said) = as_stranger();
    assert!(code == Some(4) && said.contains("under way: upgrade of HA instance lpar2 by user "), "{said}");
    drop(running);
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--rollback"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    nothing_lost(&sysplex, load);
    sysplex.end();
}

#[test]
fn a_launcher_that_is_killed_in_mid_upgrade_brings_the_old_one_back() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "wait until the new instance is ready");
    let (answer, code) = sysplex.issue("RO LPR2,C ZWE2SV2");
    assert_eq!(code, 0, "{answer}");
    assert_eq!(go_on(&mut running), 8, "{}", running.all());
    assert!(running.all().contains("Rolled back: the old lpar2 serves again."), "{}", running.all());
    // With the last that SYSLOG has of it: of its end, or of why it ends.
    let words = ["IEF450I ZWE2SV2", "IEE301I ZWE2SV2 CANCEL"];
    assert!(running.all().contains("has ended by itself: ") && words.iter().any(|word| running.all().contains(word)), "{}", running.all());
    nothing_lost(&sysplex, load);
    sysplex.wait_good(&["zowe.yaml"]);
    sysplex.end();
}

#[test]
fn wrong_plans_are_refused_before_anything_moves() {
    let sysplex = Sysplex::laid_out();
    sysplex.install("new2");
    let good = fs::read_to_string(sysplex.path("zowe-new2.yaml")).unwrap();
    let in_place = |part: &str| sysplex.path(part).display().to_string();
    let refused = |yaml: &str, id: &str| {
        fs::write(sysplex.path("zowe-new2.yaml"), yaml).unwrap();
        let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", id, &[]).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let cases = [
        ("same runtime directory", good.replace(&in_place("runtime-new2"), &in_place("runtime")), "zowe.runtimeDirectory"),
        ("same workspace", good.replace(&in_place("workspace-new2"), &in_place("workspace")), "zowe.workspaceDirectory"),
        ("same job name", good.replace("ZWE2SV2", "ZWE1SV2"), "zowe.job.name"),
        ("same PROC", good.replace("ZWESLST2", "ZWESLSTC"), "PROC ZWESLSTC"),
        ("differing security", good.replacen("zowe:\n", "zowe:\n  verifyCertificates: DISABLED\n", 1), "zowe.verifyCertificates"),
        ("differing HA settings", good.replace("hostname: localhost", "hostname: 127.0.0.1"), "haInstances"),
    ];
    for (what, yaml, expected) in cases {
        assert_ne!(yaml, good, "{what}");
        let (code, said) = refused(&yaml, "lpar2");
        assert!(code == 8 && said.contains(expected) && said.contains("Refused; nothing was changed."), "{what}: {said}");
    }
    let (code, said) = refused(&good, "lpar9");
    assert!(code == 8 && said.contains("ZWEL0911E HA instance lpar9 is not defined in haInstances, defined: lpar1, lpar2"), "{said}");
    // Peers that are named twice, or left out.
    fs::write(sysplex.path("zowe-new2.yaml"), &good).unwrap();
    let twice = ["--peer", "lpar1=zowe.yaml"];
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &twice).output().unwrap();
    assert!(output.status.code() == Some(8) && text(&output).contains("peer lpar1 is named more than once, with "), "{}", text(&output));
    let third = |yaml: &str| yaml.replacen("haInstances:\n", "haInstances:\n  lpar3: {hostname: localhost, sysname: LPR3}\n", 1);
    let old = fs::read_to_string(sysplex.path("zowe.yaml")).unwrap();
    fs::write(sysplex.path("zowe.yaml"), third(&old)).unwrap();
    fs::write(sysplex.path("zowe-new2.yaml"), third(&good)).unwrap();
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "lpar1=zowe.yaml", "lpar2", &[]).output().unwrap();
    assert!(
        output.status.code() == Some(8) && text(&output).contains("HA instance lpar3 is defined in haInstances and not named as a peer"),
        "{}",
        text(&output)
    );
    // A catalog that only the old one runs.
    let overlaid = |yaml: &str, on: bool| {
        let catalog = format!("components:\n  api-catalog:\n    enabled: {on}\n");
        yaml.replacen("components:\n", &catalog, 1)
    };
    let peer = overlaid(&old, false);
    fs::write(sysplex.path("zowe.yaml"), overlaid(&old, true)).unwrap();
    fs::write(sysplex.path("zowe-new2.yaml"), overlaid(&good, false)).unwrap();
    fs::write(sysplex.path("peer.yaml"), peer).unwrap();
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "peer.yaml", "lpar2", &[]).output().unwrap();
    let vanishes = "component api-catalog runs in the old lpar2 and would run nowhere";
    assert!(output.status.code() == Some(8) && text(&output).contains(vanishes), "{}", text(&output));
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "peer.yaml", "lpar2", &["--accept", "api-catalog"]).output().unwrap();
    assert!(!text(&output).contains(vanishes), "{}", text(&output));
    fs::write(sysplex.path("zowe.yaml"), &old).unwrap();
    // Both catalogs on: in A and in the new B, whose levels differ.
    let catalog = |yaml: &str| yaml.replacen("components:\n", "components:\n  api-catalog:\n    enabled: true\n", 1);
    let old = fs::read_to_string(sysplex.path("zowe.yaml")).unwrap();
    fs::write(sysplex.path("zowe.yaml"), catalog(&old)).unwrap();
    let (code, said) = refused(&catalog(&good), "lpar2");
    assert!(code == 8 && said.contains("api-catalog") && said.contains("UI service active on both with mixed levels"), "{said}");
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--rollback"]).output().unwrap();
    assert!(output.status.code() == Some(8) && text(&output).contains("no upgrade is under way"), "{}", text(&output));
    assert!(!sysplex.path("state").exists(), "a refused upgrade keeps nothing");
}

/// A peer that somebody drains, and one whose registry or name is wrong, is found before anything moves.
#[test]
fn what_can_be_known_before_is_refused_before() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let refused = |more: &[&str], expected: &str| {
        let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", more).output().unwrap();
        let said = text(&output);
        assert!(output.status.code() == Some(8) && said.contains(expected) && said.contains("nothing was changed"), "{expected}: {said}");
    };
    refused(&["--expect", "gatewy=2"], "did you mean gateway?");
    refused(&["--peer", "lpar1=zowe.yaml"], "peer lpar1 is named more than once");
    sysplex.balancer("set server gateways/lpar1 state drain");
    refused(&[], "peer lpar1: gateways/lpar1 of HAProxy is drain");
    sysplex.balancer("set server gateways/lpar1 state ready");
    sysplex.end();
}

/// The old instance is ready all the time: it has the traffic again without an answer to the question.
#[test]
fn a_peer_that_is_drained_while_the_run_asks_brings_traffic_back() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "stop the old instance");
    sysplex.balancer("set server gateways/lpar1 state drain");
    running.wait_for("ATTENTION: nobody but the old instance serves");
    running.wait_for("set server gateways/lpar2 state ready");
    load.wait_until_good(load.good() + 50);
    // And it is not stopped.
    assert_eq!(go_on(&mut running), 8, "{}", running.all());
    assert!(running.all().contains("Rolled back: the old lpar2 serves again."), "{}", running.all());
    sysplex.balancer("set server gateways/lpar1 state ready");
    // Between the drain and the answer nobody had connections for a moment: HAProxy lets clients wait, or refuses them.
    load.end();
    sysplex.wait_both_balanced();
    sysplex.end();
}

/// A new instance that is not verified yet gets nothing from a balancer that has forgotten its drain.
#[test]
fn an_unverified_instance_is_kept_from_a_balancer_that_forgets() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "verify");
    sysplex.balancer("set server gateways/lpar2 state ready");
    running.wait_for("quiescing anew");
    assert!(sysplex.balancer("show servers state gateways").lines().any(|line| line.contains(" lpar2 ")), "{}", running.all());
    assert_eq!(go_on(&mut running), 0, "{}", running.all());
    nothing_lost(&sysplex, load);
    sysplex.wait_both_balanced();
    sysplex.end();
}

/// Two network namespaces with a router between, all gone when dropped.
struct Network {
    names: [String; 3],
}

fn ip(arguments: &str) -> bool {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    output.status.success()
}

impl Network {
    /// None, with a message, where this is not allowed.
    fn new() -> Option<Network> {
        program_or_skip("ip")?;
        let id = std::process::id();
        let names = ["r", "a", "b"].map(|name| format!("zw{id}{name}"));
        if !ip(&format!("netns add {}", names[0])) {
            skip("network namespaces cannot be made: this needs root");
            return None;
        }
        let network = Network { names };
        let [router, a, b] = &network.names;
        for name in [a, b] {
            assert!(ip(&format!("netns add {name}")));
        }
        for name in &network.names {
            assert!(ip(&format!("-n {name} link set lo up")));
        }
        for (name, net) in [(a, 1), (b, 2)] {
            assert!(ip(&format!("-n {router} link add v{net} type veth peer name v netns {name}")));
            assert!(ip(&format!("-n {router} addr add 10.77.{net}.254/24 dev v{net}")) && ip(&format!("-n {router} link set v{net} up")));
            assert!(ip(&format!("-n {name} addr add 10.77.{net}.1/24 dev v")) && ip(&format!("-n {name} link set v up")));
            assert!(ip(&format!("-n {name} route add default via 10.77.{net}.254")));
        }
        network.forward(true);
        Some(network)
    }

    /// Whether the two reach each other; the router reaches both all the time.
    fn forward(&self, on: bool) {
        let value = if on { "1" } else { "0" };
        let mut command = self.within(0, Path::new("/bin/sh"));
        assert!(command.args(["-c", &format!("echo {value} > /proc/sys/net/ipv4/ip_forward")]).status().unwrap().success());
    }

    fn within(&self, number: usize, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[number]]).arg(program);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns del {name}"));
        }
    }
}

#[test]
fn a_cut_between_the_systems_is_told_by_what_each_side_sees() {
    let Some(network) = Network::new() else { return };
    let sysplex = Sysplex::laid_out();
    let yaml = fs::read_to_string(sysplex.path("zowe.yaml")).unwrap();
    assert_eq!(yaml.matches("hostname: localhost").count(), 2, "{yaml}");
    let yaml = yaml.replacen("hostname: localhost", "hostname: 10.77.1.1", 1).replacen("hostname: localhost", "hostname: 10.77.2.1", 1);
    fs::write(sysplex.path("zowe.yaml"), yaml).unwrap();
    let in_network = |number: usize, arguments: &[&str]| {
        let plain = sysplex.command(arguments);
        let mut command = network.within(number, Path::new(program()));
        command.args(arguments).current_dir(sysplex.directory.path()).env("CONFIG", sysplex.path("zowe.yaml")).stdin(Stdio::null());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value.filter(|_| name != "CONFIG") {
                command.env(name, value);
            }
        }
        command
    };
    let launch = |number: usize, id: &str| Running::spawn(in_network(number, &["launch", id]), sysplex.directory.path());
    let first = launch(1, "lpar1");
    let second = launch(2, "lpar2");
    let verify = |timeout: &str| {
        let output = in_network(0, &["ha", "verify", "--timeout", timeout]).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let (code, said) = verify("60s");
    assert_eq!(code, 0, "{said}\n{}\n{}", first.all(), second.all());
    network.forward(false);
    // Each side forgets the other when its leases run out.
    let told = wait_until(Instant::now() + PATIENCE, || {
        let (code, said) = verify("0");
        let sides =
            said.contains("lpar1: its registry lacks gateway 10.77.2.1") && said.contains("lpar2: its registry lacks gateway 10.77.1.1");
        (code == 8 && sides).then_some(said)
    });
    let told = told.unwrap_or_else(|| panic!("{}", verify("0").1));
    assert!(["lpar1 sees ", "lpar1, lpar2 see "].iter().any(|view| told.contains(view)), "{told}");
    // Seen from one of the two, the other does not answer.
    let output = in_network(1, &["ha", "verify", "--timeout", "0"]).output().unwrap();
    assert!(text(&output).contains("lpar2: its Discovery Service cannot be asked: http://10.77.2.1:"), "{}", text(&output));
    network.forward(true);
    let (code, said) = verify("60s");
    assert_eq!(code, 0, "{said}");
    for mut running in [first, second] {
        running.signal(nix::sys::signal::Signal::SIGTERM);
        running.wait_end();
    }
    assert!(none_left(sysplex.directory.path()));
}

#[test]
fn vary_tcpip_at_the_emulated_console_switches_the_same_balancer() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let plan = |arguments: &[&str]| {
        let all =
            [&["ha", "upgrade", "--old", "zowe.yaml", "--new", "zowe-new2.yaml", "--peer", "zowe.yaml", "-i", "lpar2"], arguments].concat();
        let output = sysplex.command(&all).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    // Without a distributor nothing is begun.
    let (code, said) = plan(&[]);
    assert!(code == 8 && said.contains("Refused; nothing was changed.") && said.contains("TCPIP"), "{said}");
    let yaml: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(sysplex.path("zowe.yaml")).unwrap()).unwrap();
    let port = yaml["haInstances"]["lpar2"]["components"]["gateway"]["port"].as_u64().unwrap();
    let socket = sysplex.path("haproxy.sock").display().to_string();
    fs::write(sysplex.path("LPR2/TCPIP"), format!("BALANCER haproxy {socket} gateways\nPORT {port} SERVER lpar2\n")).unwrap();
    let (code, said) = plan(&["--plan", "--stack", "TCPIP"]);
    assert!(code == 0 && said.contains(&format!("RO LPR2,VARY TCPIP,TCPIP,SYSPLEX,QUIESCE,PORT={port}")), "{said}");
    let load = Load::begin(sysplex.front, 4);
    load.wait_until_good(50);
    let (code, said) = plan(&["--drain", "2s", "--timeout", "60s"]);
    assert_eq!(code, 0, "{said}\n{}", sysplex.sysprints());
    for expected in [
        &format!("RO LPR2,VARY TCPIP,,SYSPLEX,QUIESCE,PORT={port}"),
        "EZZ0053I COMMAND VARY SYSPLEX,QUIESCE COMPLETED SUCCESSFULLY",
        &format!("RO LPR2,VARY TCPIP,,SYSPLEX,RESUME,PORT={port}"),
        "connections end with the instance",
        "Done: the new lpar2 serves.",
    ] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    load.wait_until_good(load.good() + 50);
    let (_, failures, cut) = load.end();
    assert!(failures.is_empty() && cut > 0 && cut < 4, "{failures:?}, {cut} cut");
    sysplex.wait_both_balanced();
    sysplex.end();
}
