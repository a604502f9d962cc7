//! Pairs of configurations and what is reported about them.

use super::*;
use crate::config::testing::load_texts;
use serde_json::json;

fn side(number: u32) -> Value {
    json!({
        "zowe": {
            "runtimeDirectory": format!("/zowe/{number}"),
            "logDirectory": format!("/logs/{number}"),
            "workspaceDirectory": format!("/workspace/{number}"),
            "job": {"name": format!("ZWE{number}SV"), "prefix": format!("ZWE{number}")},
            "externalDomains": ["a.example.com"],
        },
        "components": {"api-catalog": {"enabled": number == 1, "port": 7552}},
        "haInstances": {"a": {"hostname": "a"}},
    })
}

fn load(value: &Value, id: &str) -> Configuration {
    let text = serde_yaml::to_string(value).unwrap();
    let loaded = load_texts(&[&text], if id.is_empty() { "a" } else { id }).unwrap_or_else(|error| panic!("{error}\n{text}"));
    if id.is_empty() { loaded.for_instance(&config::HaInstance::none()).unwrap() } else { loaded }
}

fn compared(a: &Value, b: &Value) -> Vec<(String, Class)> {
    let comparison = between(&load(a, ""), &load(b, ""), &Options::default());
    comparison.differences.into_iter().map(|found| (found.path.join("."), found.class)).collect()
}

fn violations(a: &Value, b: &Value) -> Vec<(String, Class)> {
    compared(a, b).into_iter().filter(|(_, class)| class.is_violation()).collect()
}

#[test]
fn a_proper_pair_has_no_violation() {
    let found = compared(&side(1), &side(2));
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(found.iter().all(|(_, class)| *class == Class::Allowed), "{found:?}");
}

#[test]
fn the_same_configuration_twice_collides() {
    let found = compared(&side(1), &side(1));
    let expected = [
        ("zowe.runtimeDirectory", Class::MustDiffer),
        ("zowe.workspaceDirectory", Class::MustDiffer),
        ("zowe.logDirectory", Class::MustDiffer),
        ("zowe.job.name", Class::MustDiffer),
        ("components.api-catalog.enabled", Class::TwoUserInterfaces),
    ];
    assert_eq!(found, expected.map(|(path, class)| (path.to_owned(), class)));
}

#[test]
fn settings_of_high_availability_and_security_must_be_the_same_and_come_first() {
    let mut b = side(2);
    b["haInstances"]["a"]["hostname"] = json!("b");
    b["zowe"]["externalDomains"] = json!([]);
    b["components"]["api-catalog"]["port"] = json!(1);
    let expected = ["haInstances.a.hostname", "zowe.externalDomains", "components.api-catalog.port"];
    assert_eq!(violations(&side(1), &b), expected.map(|path| (path.to_owned(), Class::MustBeTheSame)));
}

/// `value` with a property changed, its steps joined with dots; null removes it.
fn with(value: &Value, property: &str, new: Value) -> Value {
    let (mut value, steps) = (value.clone(), property.split('.').collect::<Vec<_>>());
    let (last, parents) = steps.split_last().unwrap();
    let mut at = &mut value;
    for step in parents {
        at = at.as_object_mut().unwrap().entry(*step).or_insert_with(|| json!({}));
    }
    if new.is_null() {
        drop(at.as_object_mut().unwrap().remove(*last))
    } else {
        at[*last] = new
    }
    value
}

fn of(found: &[(String, Class)], path: &str) -> Option<Class> {
    found.iter().find(|(own, _)| own == path).map(|(_, class)| *class)
}

#[test]
fn a_directory_within_the_other_is_the_same() {
    for (a, b) in [("/z/a/", "/z//a"), ("/z/a", "/z/a/b"), ("/z/a/b", "/z/a"), ("/z/x/../a", "/z/./a/."), ("/", "/z")] {
        let (a, b) = (with(&side(1), "zowe.workspaceDirectory", json!(a)), with(&side(2), "zowe.workspaceDirectory", json!(b)));
        assert_eq!(violations(&a, &b), [("zowe.workspaceDirectory".to_owned(), Class::MustDiffer)]);
    }
    let (a, b) = (with(&side(1), "zowe.logDirectory", json!("/z/a")), with(&side(2), "zowe.logDirectory", json!("/z/ab")));
    assert_eq!(violations(&a, &b), []);
    let unset = |number| with(&side(number), "zowe.logDirectory", Value::Null);
    assert_eq!(violations(&unset(1), &unset(2)), [], "without one nothing is written");
    let unset = |number| with(&side(number), "zowe.workspaceDirectory", Value::Null);
    assert_eq!(violations(&unset(1), &unset(2)).len(), 1);
}

#[test]
fn names_that_are_not_set_are_their_defaults() {
    let unset = |number| with(&side(number), "zowe.job.name", Value::Null);
    assert_eq!(of(&violations(&unset(1), &unset(2)), "zowe.job.name"), Some(Class::MustDiffer));
    let b = with(&side(2), "zowe.job.name", json!("zwe1sv"));
    let comparison = between(&load(&unset(1), ""), &load(&b, ""), &Options::default());
    let name = comparison.violations()[0];
    assert_eq!((&name.a.value, name.a.default.as_deref(), &name.b.default), (&None, Some("ZWE1SV"), &None));
    assert!(comparison.text().contains("(not set), default 'ZWE1SV'"), "{}", comparison.text());
    let prefix = |number| with(&side(number), "zowe.job.prefix", json!("ZWE1"));
    assert_eq!(violations(&prefix(1), &prefix(2)), []);
}

#[test]
fn started_tasks_and_data_sets_that_both_name_differ() {
    const STC: &str = "zowe.setup.security.stcs.zowe";
    let (a, b) = (with(&side(1), STC, json!("ZWESLSTC")), side(2));
    assert_eq!(violations(&a, &b), [(STC.to_owned(), Class::MustDiffer)]);
    assert_eq!(violations(&a, &with(&b, STC, json!("ZWESLST2"))), []);
    let groups = |value: &Value, name: &str| with(value, "zowe.setup.security.groups.admin", json!(name));
    assert_eq!(violations(&groups(&side(1), "G"), &groups(&side(2), "G")), []);
    assert_eq!(violations(&groups(&side(1), "G"), &groups(&side(2), "H")), []);

    let sets = |value: &Value, prefix: &str| {
        with(&with(value, "zowe.setup.dataset.prefix", json!(prefix)), "zowe.setup.dataset.parmlibMembers.zis", json!("ZWESIP00"))
    };
    assert_eq!(violations(&sets(&side(1), "A.ZWE"), &sets(&side(2), "B.ZWE")), []);
    assert_eq!(of(&violations(&sets(&side(1), "A.ZWE"), &sets(&side(2), "'a.zwe'")), "zowe.setup.dataset.prefix"), Some(Class::MustDiffer));
    let b = with(&sets(&side(2), "B.ZWE"), "zowe.setup.dataset.loadlib", json!("A.ZWE.SZWELOAD"));
    assert_eq!(of(&violations(&sets(&side(1), "A.ZWE"), &b), "zowe.setup.dataset.loadlib"), Some(Class::MustDiffer), "A's by default");

    let proclib = |value: &Value| with(value, "zowe.setup.dataset.proclib", json!("USER.PROCLIB"));
    assert_eq!(violations(&proclib(&side(1)), &proclib(&side(2))), [("zowe.setup.dataset.proclib".to_owned(), Class::MustDiffer)]);
    assert_eq!(violations(&proclib(&side(1)), &with(&proclib(&side(2)), STC, json!("ZWESLST2"))), []);
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn what_follows_from_a_directory_by_the_same_template_is_allowed() {
    let file = |value: &Value, text: &str| with(value, "zowe.certificate.keystore.file", json!(text));
    let template = "${{ zowe.runtimeDirectory }}/keystore/${{ zowe.job.name }}";
    let (a, b) = (file(&side(1), template), file(&side(2), template));
    assert_eq!(of(&compared(&a, &b), "zowe.certificate.keystore.file"), Some(Class::Allowed));
    // The same values, but not for the same reason.
    let literal = file(&side(2), "/zowe/2/keystore/ZWE2SV");
    assert_eq!(of(&compared(&a, &literal), "zowe.certificate.keystore.file"), Some(Class::MustBeTheSame));
    // The same template of something that must be the same.
    let template = "${{ zowe.externalDomains[0] }}";
    let b = with(&file(&side(2), template), "zowe.externalDomains", json!(["b"]));
    assert_eq!(of(&compared(&file(&side(1), template), &b), "zowe.certificate.keystore.file"), Some(Class::MustBeTheSame));
}

#[test]
fn two_instances_of_one_sysplex_differ_by_their_overlays() {
    let overlays = json!({
        "a": {"hostname": "one", "components": {"gateway": {"port": 7554}}, "zowe": {"job": {"name": "ZWEA"}}},
        "b": {"hostname": "two", "components": {"gateway": {"port": 17554}}, "zowe": {"job": {"name": "ZWEB"}}},
    });
    let (a, b) = (with(&side(1), "haInstances", overlays.clone()), with(&side(2), "haInstances", overlays.clone()));
    let (a, b) = (with(&a, "zowe.job.name", json!("SAME")), with(&b, "zowe.job.name", json!("SAME")));
    let compare = |b: &Value, id_a: &str, id_b: &str| between(&load(&a, id_a), &load(b, id_b), &Options::default());
    let comparison = compare(&b, "a", "b");
    assert_eq!(comparison.violations(), Vec::<&Difference>::new());
    assert!(comparison.differences.iter().any(|found| found.path == ["zowe", "job", "name"] && found.a.value == Some(json!("ZWEA"))));
    assert_eq!(compare(&b, "a", "a").violations()[0].path, ["zowe", "job", "name"]);
    assert_eq!(compare(&b, "", "").violations()[0].path, ["zowe", "job", "name"]);
    // What the overlays say belongs to the group high availability; where properties may differ, they may differ there too.
    let other = with(&with(&b, "haInstances.b.hostname", json!("three")), "haInstances.b.zowe.job.name", json!("ZWEC"));
    let comparison = compare(&other, "a", "b");
    let paths: Vec<String> = comparison.violations().iter().map(|found| found.path.join(".")).collect();
    assert_eq!(paths, ["haInstances.b.hostname"]);
    assert_eq!(comparison.violations()[0].group, Group::HighAvailability);
}

#[test]
fn the_catalog_within_the_single_service_counts() {
    let (a, b) = (with(&side(1), "components.apiml.enabled", json!(true)), with(&side(2), "components.apiml.enabled", json!(true)));
    let comparison = between(&load(&a, ""), &load(&b, ""), &Options::default());
    let violations = comparison.violations();
    assert_eq!((violations.len(), violations[0].class), (1, Class::TwoUserInterfaces));
    assert_eq!(violations[0].note.as_deref(), Some("in A and B as a part of components.apiml"));
    assert_eq!(violations[0].words(), "UI service active on both with mixed levels");
}

/// A runtime directory with a level and defaults.
fn runtime(level: &str, defaults: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("files")).unwrap();
    std::fs::write(directory.path().join("files/defaults.yaml"), defaults).unwrap();
    std::fs::write(directory.path().join("manifest.json"), format!("{{\"version\": \"{level}\"}}")).unwrap();
    directory
}

#[test]
fn defaults_of_two_levels_may_differ_except_for_high_availability_and_security() {
    const DEFAULTS: &str = "components: {x: {debug: false, port: 1}, app-server: {enabled: true}}\nzowe: {verifyCertificates: STRICT}\n";
    let newer = DEFAULTS.replace("debug: false", "debug: true, new: 1").replace("STRICT", "NONSTRICT");
    let (one, two) = (runtime("3.1.0", DEFAULTS), runtime("3.2.0", &newer));
    let again = runtime("3.1.0", &newer);
    let at = |value: &Value, runtime: &tempfile::TempDir| with(value, "zowe.runtimeDirectory", json!(runtime.path()));
    let (a, b) = (at(&side(1), &one), at(&side(2), &two));
    let expected = [("components.app-server.enabled", Class::TwoUserInterfaces), ("zowe.verifyCertificates", Class::MustBeTheSame)];
    assert_eq!(violations(&a, &b), expected.map(|(path, class)| (path.to_owned(), class)));
    assert_eq!(of(&compared(&a, &b), "components.x.new"), Some(Class::Allowed));
    // Set on one side, a default on the other.
    assert_eq!(of(&compared(&with(&a, "components.x.port", json!(2)), &b), "components.x.port"), Some(Class::MustBeTheSame));
    // One level: no reason for another default, and nothing to report about the user interfaces.
    let found = violations(&a, &at(&side(2), &again));
    assert_eq!((of(&found, "components.x.debug"), of(&found, "components.app-server.enabled")), (Some(Class::MustBeTheSame), None));
    let levels = between(&load(&a, ""), &load(&b, ""), &Options::default()).levels;
    assert_eq!(levels, Levels { a: Some("3.1.0".into()), b: Some("3.2.0".into()) });
}

#[test]
fn what_is_accepted_is_shown_and_not_counted_and_secrets_are_neither() {
    let secret = |value: &Value, text: &str| with(value, "zowe.certificate.keystore", json!({"password": text, "alias": text}));
    let (a, b) = (load(&secret(&side(1), "one"), ""), load(&secret(&side(2), "two"), ""));
    let accept = |accept: &[&str]| between(&a, &b, &Options { accept: accept.iter().map(|path| (*path).to_owned()).collect() });
    let text = accept(&[]).text();
    assert!(text.contains("keystore.password (security)") && text.contains("'one'"), "{text}");
    assert!(!accept(&["zowe.certificate.keystore.alias"]).text().lines().any(|line| line.contains("password") && line.contains("one")));
    assert_eq!(text.matches("********").count(), 2, "{text}");
    assert!(!accept(&[]).json().contains("\"two\"") || accept(&[]).json().matches("\"two\"").count() == 1);
    assert_eq!((accept(&[]).exit_code(), accept(&["zowe.certificate"]).exit_code()), (8, 0));
    assert_eq!(accept(&["zowe.certificate.keystore.alias"]).violations().len(), 1);
    let accepted = accept(&["zowe.certificate", "zowe.cert", "java.home"]);
    assert_eq!(accepted.unused, ["zowe.cert", "java.home"]);
    assert!(accepted.text().contains("accepted: zowe.certificate.keystore.alias (security)"), "{}", accepted.text());
    assert!(accepted.text().contains("0 violations, 2 accepted, 6 allowed"), "{}", accepted.text());
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    const PROPERTIES: [&str; 14] = [
        "zowe.runtimeDirectory",
        "zowe.workspaceDirectory",
        "zowe.logDirectory",
        "zowe.job.name",
        "zowe.job.prefix",
        "zowe.setup.dataset.prefix",
        "zowe.setup.dataset.loadlib",
        "zowe.setup.dataset.proclib",
        "zowe.setup.security.stcs.zowe",
        "zowe.verifyCertificates",
        "components.app-server.enabled",
        "components.x.port",
        "haInstances.a.zowe.job.name",
        "haInstances.b.hostname",
    ];

    fn configuration() -> impl Strategy<Value = Value> {
        let value = prop_oneof![
            Just(Value::Null),
            Just(json!("/a")),
            Just(json!("/a/b/")),
            Just(json!("/b")),
            Just(json!("${{ zowe.logDirectory }}x")),
            Just(json!("CHOOSE: x")),
            Just(json!(true)),
            Just(json!(7))
        ];
        prop::collection::vec(value, PROPERTIES.len()).prop_map(|values| {
            let base = json!({"haInstances": {"a": {"sysname": "A"}}, "zowe": {"logDirectory": "/l"}});
            PROPERTIES.iter().zip(values).fold(base, |base, (property, value)| {
                // A circle of templates does not load.
                let circle = *property == "zowe.logDirectory" && value.as_str().is_some_and(|text| text.contains("${{"));
                if circle { base } else { with(&base, property, value) }
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        #[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
        fn it_does_not_matter_which_side_is_which(a in configuration(), b in configuration(), overlaid in any::<bool>()) {
            let id = if overlaid { "a" } else { "" };
            let (a, b) = (load(&a, id), load(&b, id));
            let key = |found: &Difference| (found.path.clone(), found.class.words(), found.a.value.clone(), found.b.value.clone());
            let mut there: Vec<_> = between(&a, &b, &Options::default()).differences.iter().map(key).collect();
            let mut back: Vec<_> = between(&b, &a, &Options::default()).differences.iter().map(key).map(|(path, class, b, a)| (path, class, a, b)).collect();
            there.sort_by(|one, other| one.0.cmp(&other.0));
            back.sort_by(|one, other| one.0.cmp(&other.0));
            prop_assert_eq!(&there, &back);
            // Each property once.
            prop_assert!(there.windows(2).all(|pair| pair[0].0 != pair[1].0), "{:?}", there);
        }

        #[test]
        #[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
        fn with_itself_only_what_must_differ_is_found(a in configuration()) {
            let a = load(&a, "");
            let comparison = between(&a, &a, &Options::default());
            for found in &comparison.differences {
                prop_assert!(matches!(found.class, Class::MustDiffer | Class::TwoUserInterfaces), "{:?}", found);
            }
            // Every violation can be accepted, and then none is left.
            let accept = comparison.violations().iter().map(|found| found.path.join(".")).collect();
            let accepted = between(&a, &a, &Options { accept });
            prop_assert_eq!((accepted.violations().len(), accepted.exit_code(), accepted.unused.len()), (0, 0, 0));
        }

        #[test]
        #[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
        fn violations_come_first(a in configuration(), b in configuration()) {
            let comparison = between(&load(&a, ""), &load(&b, ""), &Options { accept: vec!["zowe.verifyCertificates".into()] });
            let order: Vec<bool> = comparison.differences.iter().map(Difference::is_violation).collect();
            prop_assert!(order.is_sorted_by(|one, other| one >= other), "{:?}", order);
        }
    }
}
