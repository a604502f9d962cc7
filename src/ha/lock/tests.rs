use super::*;
use crate::config::testing::load_texts;
use crate::platform::NativePlatform;
use std::os::unix::fs::{PermissionsExt, symlink};

fn target(workspace: &Path) -> Target {
    let yaml = format!(
        "zowe: {{workspaceDirectory: '{}'}}\ncomponents: {{}}\nhaInstances:\n  lpar1: {{hostname: one, sysname: LPR1}}\n",
        workspace.display()
    );
    Target::new("FILE(/a)", &load_texts(&[&yaml], "lpar1").unwrap(), "lpar1").unwrap()
}

fn notice(what: &str, changed: bool) -> Notice {
    Notice {
        what: what.to_owned(),
        key: vec![what.to_owned()],
        user: "USER".into(),
        system: "LPR1".into(),
        process: 7,
        since: "2026-11-26 20:00:00 UTC".into(),
        step: "at its beginning".into(),
        word: None,
        changed,
        record: "/record".into(),
    }
}

/// As a run takes it that goes on with one of the same name.
fn take<'a>(places: &'a Places, what: &str, platform: &'a NativePlatform) -> Result<SysplexLock<'a>, String> {
    let lock = SysplexLock::new(places, notice(what, false), &|left| left.key == ["upgrade of HA instance lpar2"], platform);
    lock.check().and_then(|()| lock.tell("at its beginning", None, false)).map_err(|error| error.to_string())?;
    Ok(lock)
}

#[test]
fn a_place_has_one_name_however_it_is_spelt() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir(at("w")).unwrap();
    symlink(at("w"), at("l")).unwrap();
    let one = Places::of([&target(&at("w"))], None);
    assert_eq!(one.0.len(), 1);
    let spelt = [target(&at("l")), target(&at("w/../w")), target(&at("w/")), target(&at("none"))];
    assert_eq!(Places::of(&spelt, None), one);
    // An HAProxy, by its socket, which a reload replaces, and by another spelling of its address.
    let balancer = |socket: &str, backend: &str| Places::of(&[], Some((socket, backend)));
    let socket = at("w/sock").display().to_string();
    assert_eq!(balancer(&socket, "gateway"), balancer(&at("l/sock").display().to_string(), "gateway"));
    // On z/OS the workspace stands for it.
    assert_eq!(balancer(&socket, "gateway") == balancer(&socket, "other"), cfg!(zwelnch_zos));
    assert_eq!(balancer("127.0.0.1:99", "gateway"), balancer("127.0.0.1:099", "gateway"));
    let mut none = Places::of(&[], None);
    assert!(none.or_own(&at("own.lock")) && !none.or_own(&at("own.lock")));
}

#[test]
fn what_stands_in_the_middle_keeps_others_away_and_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let places = Places::of([&target(directory.path())], None);
    let platform = NativePlatform::for_command();
    assert_eq!(look(&places, &platform), []);
    // Nothing has moved.
    drop(take(&places, "upgrade of HA instance lpar1", &platform).unwrap());
    assert_eq!(look(&places, &platform), []);
    let lock = take(&places, "upgrade of HA instance lpar2", &platform).unwrap();
    lock.tell("it has come to step 4", None, true).unwrap();
    drop(lock);
    let seen = look(&places, &platform);
    let text = seen[0].to_string();
    let expected = "not finished: upgrade of HA instance lpar2 by user USER on LPR1 (process 7) since 2026-11-26 20:00:00 UTC, it has come to \
                    step 4; its progress is in /record";
    assert!(seen.len() == 1 && text == expected, "{text}");
    let stranger = SysplexLock::new(&places, notice("upgrade of HA instance lpar1", false), &|_| false, &platform);
    let error = stranger.take().unwrap_err().to_string();
    assert!(error.contains("not finished is the upgrade of HA instance lpar2 by user USER") && error.contains("Remove "), "{error}");
    take(&places, "upgrade of HA instance lpar2", &platform).unwrap().finish();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    // What is no notice says nothing, and is no reason.
    std::fs::write(directory.path().join(NAME), "no notice\n").unwrap();
    assert_eq!(look(&places, &platform), []);
    take(&places, "upgrade of HA instance lpar1", &platform).unwrap().finish();
}

#[test]
fn a_lock_that_somebody_removes_is_made_again_and_is_for_the_group() {
    let directory = tempfile::tempdir().unwrap();
    let places = Places::of([&target(directory.path())], None);
    let platform = NativePlatform::for_command();
    let path = directory.path().canonicalize().unwrap().join(NAME);
    let lock = take(&places, "a", &platform).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, GROUP);
    std::fs::remove_file(&path).unwrap();
    lock.tell("it has come to step 9", Some("resume"), true).unwrap();
    // Read, not locked: this process has the lock.
    assert!(std::fs::read_to_string(&path).unwrap().contains("step 9"));
    lock.finish();
    assert!(!path.exists());
    // No file of ours is written to under another name.
    let victim = directory.path().join("victim");
    std::fs::write(&victim, "mine").unwrap();
    for (make, what) in [
        (&(|path: &Path| std::fs::hard_link(&victim, path)) as &dyn Fn(&Path) -> io::Result<()>, "has a second name"),
        (&|path: &Path| symlink(&victim, path), "is a symbolic link"),
        (&|path: &Path| std::fs::create_dir(path), ""),
    ] {
        make(&path).unwrap();
        let error = take(&places, "a", &platform).err().unwrap();
        assert!(error.contains(what) && error.contains("cannot be locked"), "{error}");
        let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path));
    }
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
}
