//! What is on the list, what is not, and what becomes of both.

use super::super::owned::{self, digest_of};
use super::*;
use crate::lifecycle::workspace::ENVIRONMENT_DIRECTORY;

#[test]
fn two_instances_that_wrote_it_at_once_leave_one() {
    for (own, other) in [("lpar1", "lpar2"), ("lpar2", "lpar1")] {
        let house = House::new();
        house.component_file("defs.yml", "id: ${ZWE_haInstance_id}\n");
        house.register(definition("defs.yml", true), own).unwrap();
        // The other one has looked before, and writes now.
        let path = format!("{DEFINITIONS}/alpha.defs_yml.{other}.yml");
        std::fs::write(house.workspace().join(&path), "x").unwrap();
        house.write_list(other, &[(&path, "x")]);
        house.register(definition("defs.yml", true), own).unwrap();
        assert_eq!(house.definitions(), ["alpha.defs_yml.lpar1.yml"], "{own}");
    }
}

#[test]
fn a_definition_wanted_once_goes_over_from_an_instance_that_is_not_defined_any_more() {
    let house = House::new();
    house.component_file("defs.yml", "id: ${ZWE_haInstance_id}\n");
    house.register(definition("defs.yml", true), "gone").unwrap();
    assert!(house.outcome(definition("defs.yml", true), "lpar1", &["gone", "lpar1"]).errors.is_empty());
    assert_eq!(house.definitions(), ["alpha.defs_yml.gone.yml"]);
    assert!(house.outcome(definition("defs.yml", true), "lpar1", &["lpar1", "lpar2"]).errors.is_empty());
    assert_eq!(house.definitions(), ["alpha.defs_yml.lpar1.yml"]);
    // One that no list has is somebody's.
    let theirs = house.workspace().join(DEFINITIONS).join("alpha.defs_yml.other.yml");
    std::fs::write(&theirs, "x").unwrap();
    house.outcome(definition("defs.yml", true), "lpar1", &["lpar1"]);
    assert!(theirs.exists());
}

#[test]
fn only_what_was_registered_is_removed() {
    let house = House::new();
    house.component_file("d.yml", "x");
    house.component_file("web/pluginDefinition.json", r#"{"identifier": "org.peer.web"}"#);
    house.component_file("a.jar", "a");
    let manifest = Manifest {
        app_framework_plugins: vec!["web".into()],
        gateway_shared_libs: vec!["a.jar".into()],
        static_definitions: ["d.yml", "e.yml"].map(|file| StaticDefinition { file: file.into(), once: false }).to_vec(),
        ..Manifest::default()
    };
    house.component_file("e.yml", "y");
    house.register(manifest.clone(), "lpar1").unwrap();
    house.register(manifest.clone(), "lpar2").unwrap();
    assert_eq!(house.mode(".env/alpha/.registered-lpar1.json"), 0o600);
    // What scripts write: files of all these places, some by names that registration could have given.
    let directory = house.workspace();
    let scripted = [
        "api-mediation/api-defs/alpha.gen.lpar1.yml",
        "api-mediation/api-defs/other.gen.lpar1.yml",
        "api-mediation/api-defs/manual.yml",
        "app-server/plugins/org.peer.alpha.extra.json",
        "gateway/sharedLibs/alpha/extra.jar",
    ];
    for path in scripted {
        std::fs::write(
            directory.join(path),
            "{\"identifier\": \"x\", \"pluginLocation\": \"components/alpha/x\", \"relativeTo\": \"$ZWE_zowe_runtimeDirectory\"}",
        )
        .unwrap();
    }
    // Nothing has changed: nothing goes.
    let alpha = house.alpha(manifest.clone());
    let outcome = house.remove_stale("lpar1", std::slice::from_ref(&alpha), std::slice::from_ref(&alpha), true);
    assert!(outcome.notes.is_empty() && outcome.left.is_empty(), "{outcome:?}");
    house.register(manifest.clone(), "lpar1").unwrap();
    assert!(scripted.iter().all(|path| directory.join(path).exists()));
    // One of its definitions was overwritten by something else.
    std::fs::write(directory.join("api-mediation/api-defs/alpha.e_yml.lpar1.yml"), "theirs").unwrap();
    // Not in play here, but wanted elsewhere: its definitions of this instance go, the rest stays.
    let outcome = house.remove_stale("lpar1", std::slice::from_ref(&alpha), &[], true);
    assert!(outcome.errors.is_empty(), "{outcome:?}");
    let left: Vec<_> = outcome.left.iter().map(|left| (left.file.file_name().unwrap().to_str().unwrap(), left.why)).collect();
    assert_eq!(left, [("alpha.e_yml.lpar1.yml", CHANGED)]);
    let definitions = [
        "alpha.d_yml.lpar2.yml",
        "alpha.e_yml.lpar1.yml",
        "alpha.e_yml.lpar2.yml",
        "alpha.gen.lpar1.yml",
        "manual.yml",
        "other.gen.lpar1.yml",
    ];
    assert_eq!(house.definitions(), definitions);
    assert!(directory.join("app-server/plugins/org.peer.web.json").exists() && directory.join("gateway/sharedLibs/alpha/a.jar").exists());
    // Wanted nowhere.
    let outcome = house.remove_stale("lpar1", &[], &[], false);
    assert!(outcome.errors.is_empty(), "{outcome:?}");
    assert!(!directory.join("app-server/plugins/org.peer.web.json").exists() && !directory.join("gateway/sharedLibs/alpha/a.jar").exists());
    assert_eq!(house.definitions(), definitions);
    assert!(scripted.iter().all(|path| directory.join(path).exists()));
    assert!(!house.list("lpar1").exists() && house.list("lpar2").exists());
}

#[test]
fn without_a_list_nothing_is_ours_and_definitions_of_idle_components_are_told() {
    let house = House::new();
    std::fs::write(house.workspace().join(DEFINITIONS).join("alpha.d_yml.lpar1.yml"), "x").unwrap();
    let outcome = house.remove_stale("lpar1", &[house.alpha(definition("d.yml", false))], &[], false);
    assert_eq!(outcome.left.iter().map(|left| left.why).collect::<Vec<_>>(), [UNLISTED]);
    assert_eq!(house.definitions(), ["alpha.d_yml.lpar1.yml"]);
}

#[test]
fn a_list_that_cannot_be_trusted_removes_nothing() {
    let house = House::new();
    let precious = house.directory.path().join("precious");
    std::fs::write(&precious, "x").unwrap();
    let definition_path = format!("{DEFINITIONS}/alpha.d_yml.lpar1.yml");
    std::fs::write(house.workspace().join(&definition_path), "x").unwrap();
    let good = serde_json::json!({ "files": { &definition_path: digest_of(b"x") } }).to_string();
    let outside = |path: &str| serde_json::json!({ "files": { path: digest_of(b"x") } }).to_string();
    let cases: [(&str, String, u32); 6] = [
        ("others may write it", good.clone(), 0o620),
        ("it leads out", outside(&format!("{DEFINITIONS}/../../../precious")), 0o600),
        ("absolute", outside(&precious.to_string_lossy()), 0o600),
        ("another directory", outside(".env/.zowe.json"), 0o600),
        ("no JSON", "{".to_owned(), 0o600),
        ("not a list", "[]".to_owned(), 0o600),
    ];
    for (what, text, mode) in cases {
        house.write_list("lpar1", &[]);
        std::fs::write(house.list("lpar1"), text).unwrap();
        std::fs::set_permissions(house.list("lpar1"), std::fs::Permissions::from_mode(mode)).unwrap();
        let outcome = house.remove_stale("lpar1", &[], &[], false);
        assert!(matches!(outcome.errors.as_slice(), [RegistrationError::List { .. }]), "{what}: {outcome:?}");
        assert!(precious.exists() && house.workspace().join(&definition_path).exists(), "{what}");
    }
    // A link in its place.
    let elsewhere = house.directory.path().join("elsewhere.json");
    std::fs::write(&elsewhere, good).unwrap();
    std::fs::set_permissions(&elsewhere, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::remove_file(house.list("lpar1")).unwrap();
    symlink(&elsewhere, house.list("lpar1")).unwrap();
    assert_eq!(house.remove_stale("lpar1", &[], &[], false).errors.len(), 1);
    assert!(house.workspace().join(&definition_path).exists());
}

#[test]
fn what_a_component_s_own_configure_makes_of_its_definition_is_its_registration() {
    let house = House::new();
    house.component_file("d.yml", "url: %SCHEME%://x");
    let alpha = house.alpha(definition("d.yml", false));
    house.register(Manifest::clone(&alpha.manifest), "lpar1").unwrap();
    let (workspace, runtime) = (house.workspace(), house.runtime());
    let place = Place { workspace: &workspace, runtime: &runtime, ha_id: "lpar1", ha_ids: &[] };
    let warned = after_configure(&alpha, place).warnings;
    assert!(warned[0].to_string().contains("alpha.d_yml.lpar1.yml:1:6: the static definition is no YAML"), "{warned:?}");
    std::fs::write(workspace.join(DEFINITIONS).join("alpha.d_yml.lpar1.yml"), "url: https://x").unwrap();
    assert!(after_configure(&alpha, place).warnings.is_empty());
    result(house.remove_stale("lpar1", &[], &[], true)).unwrap();
    assert!(house.definitions().is_empty());
}

#[test]
fn lists_that_cannot_be_looked_for_are_no_absent_ones() {
    let directory = tempfile::tempdir().unwrap();
    let private = directory.path().join(ENVIRONMENT_DIRECTORY);
    assert!(owned::listed_components(directory.path(), "lpar1").unwrap().is_empty());
    symlink(&private, &private).unwrap();
    let error = owned::listed_components(directory.path(), "lpar1").unwrap_err().to_string();
    assert!(error.starts_with("cannot read '") && error.contains(ENVIRONMENT_DIRECTORY), "{error}");
    let place = Place { workspace: directory.path(), runtime: directory.path(), ha_id: "lpar1", ha_ids: &[] };
    assert!(owned::is_claimed_elsewhere(&place, "a", "gateway/sharedLibs/a/b").is_err());
    let outcome = remove_stale(place, &[], &[], &|_| true);
    assert_eq!(outcome.errors.len(), 1, "{:?}", outcome.errors);
}
