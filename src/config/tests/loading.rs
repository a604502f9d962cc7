//! CONFIG, HA instances, overlay, settings, variables: what a load gives.

use crate::config::testing::*;
use crate::config::*;
use crate::platform::ShareAs;
use serde_json::json;
use std::path::PathBuf;

fn file(path: &str) -> Source {
    Source::File(PathBuf::from(path))
}

fn member(data_set: &str, member: &str) -> Source {
    Source::Member { data_set: data_set.into(), member: member.into() }
}

#[test]
fn config_is_a_path_or_a_list() {
    assert_eq!(parse_sources("/a/zowe.yaml   ").unwrap(), [file("/a/zowe.yaml")]);
    assert_eq!(parse_sources("/a:b").unwrap(), [file("/a:b")]);
    assert_eq!(parse_sources("FILE(/a):PARMLIB(A.B(C)):FILE(/x:y(1))").unwrap(), [file("/a"), member("A.B", "C"), file("/x:y(1)")]);
    assert_eq!(parse_sources("zowe.yaml").unwrap(), [file("zowe.yaml")]);
    for (text, expected) in [
        ("FIEL(/a)", "'FIEL(' is neither FILE( nor PARMLIB(; did you mean FILE(/path)?"),
        ("FILE(/a):fle(/b)", "CONFIG, character 10: 'fle('"),
        ("FIEL(/a", "did you mean FILE("),
        ("FILE (/a)", "'FILE ' is neither"),
        ("FILE=/a", "'FILE=' is neither"),
        ("FILE:/a", "did you mean FILE("),
        ("FILES(/a):/b", "did you mean FILE("),
        ("DSN(/a)", "did you mean FILE("),
        ("PARMLB(A.B(C))", "did you mean PARMLIB(data.set(member))?"),
        ("PARMLIBS(A.B(C))", "did you mean PARMLIB("),
        ("PAMRLIB(A.B(C)):FILE(/x)", "did you mean PARMLIB("),
        ("DSN(A.B(C))", "did you mean PARMLIB("),
    ] {
        let error = parse_sources(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    for path in ["file.yaml", "file/zowe.yaml", "parmlib-a/zowe.yaml", "copy(1).yaml", "tile(1).yaml", "zowe(2)", "a/b(c)"] {
        assert_eq!(parse_sources(path).unwrap(), [file(path)]);
    }
    assert_eq!(display_sources(&parse_sources("/a").unwrap()), "FILE(/a)");
    assert_eq!(display_sources(&parse_sources("FILE(/a):PARMLIB(A.B(C))").unwrap()), "FILE(/a):PARMLIB(A.B(C))");
}

#[test]
fn config_that_is_wrong_says_what() {
    assert_eq!(parse_sources("   "), Err(SourceError::Empty));
    for (text, entry) in [
        ("PARMLIB(A.B)", "PARMLIB(A.B)"),
        ("PARMLIB(A.B()", "PARMLIB(A.B()"),
        ("PARMLIB(A.B())", "PARMLIB(A.B())"),
        ("FILE(/a):PARMLIB(A.B)", "PARMLIB(A.B)"),
        ("PARMLIB(A.B():FILE(/a)", "PARMLIB(A.B()"),
    ] {
        match parse_sources(text) {
            Err(SourceError::MemberMissing { entry: found }) => assert!(found.starts_with(entry), "{text}: {found}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    for (text, at) in
        [("FILE(/a", 1), ("FILE()", 1), ("FILE(/a)FILE(/b)", 9), ("FILE(/a):", 10), ("PARMLIB(A..B(C))", 1), ("PARMLIB(A.B(C)X)", 1)]
    {
        match parse_sources(text) {
            Err(SourceError::Syntax { column, .. }) => assert_eq!(column, at, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn ha_instance_is_normalized_and_placeholders_mean_the_system() {
    let platform = FakePlatform::default();
    assert_eq!(ha_instance("LPAR-1", &platform), HaInstance { id: "lpar_1".into(), from_placeholder: false });
    for placeholder in ["__ha_instance_id__", "{{ha_instance_id}}", "", " "] {
        assert_eq!(ha_instance(placeholder, &platform), HaInstance { id: "lpar1".into(), from_placeholder: true });
    }
}

const INSTANCES: &str = "\
zowe: {runtimeDirectory: /r, externalDomains: [a, b]}
components: {a: {enabled: true, port: 1, list: [1, 2]}, launcher: {}}
haInstances:
  LPAR1: {hostname: h1, sysname: S1, zowe: {externalDomains: [c]}, components: {a: {enabled: false, list: []}}}
  lpar2: {hostname: h2}
";

#[test]
fn the_overlay_is_found_without_regard_to_case_and_replaces_arrays() {
    let configuration = load_texts(&[INSTANCES], "lpar1").unwrap();
    assert_eq!(configuration.get(&["zowe", "externalDomains"]), Some(&json!(["c"])));
    assert_eq!(configuration.get(&["components", "a"]), Some(&json!({"enabled": false, "port": 1, "list": []})));
    assert_eq!(lookup(configuration.base(), &["components", "a", "enabled"]), Some(&json!(true)));
    assert!(configuration.get(&["hostname"]).is_none() && configuration.get(&["sysname"]).is_none());
    assert!(!configuration.is_enabled("a"));
    assert_eq!(configuration.component_names(), ["a"]);
    assert!(
        configuration.place(&["components", "a", "enabled"]).to_string().ends_with("0.yaml:4:85"),
        "{}",
        configuration.place(&["components", "a", "enabled"])
    );
    assert!(configuration.place(&["components", "a", "port"]).to_string().ends_with("0.yaml:2:33"));
    let variables = configuration.instance_variables(&[]);
    assert_eq!(variables["ZWE_hostname"], "h1");
    assert_eq!(variables["ZWE_haInstance_hostname"], "h1");
    assert_eq!(variables["ZWE_zowe_externalDomains"], "c");
    assert!(!variables.contains_key("ZWE_zowe_externalDomains_1"));
    assert_eq!(variables["ZWE_components_a_list"], "");
}

#[test]
fn an_unknown_instance_is_refused_with_the_nearest_name() {
    match load_texts(&[INSTANCES], "lpar3") {
        Err(LoadError::UnknownHaInstance { id, defined, nearest }) => {
            assert_eq!((id.as_str(), defined), ("lpar3", vec!["LPAR1".to_string(), "lpar2".to_string()]));
            assert!(nearest.is_some());
        }
        other => panic!("{other:?}"),
    }
    let twice = "haInstances: {LPAR1: {}, lpar1: {}}\n";
    assert!(matches!(load_texts(&[twice], "lpar1"), Err(LoadError::HaInstances(problems)) if problems.len() == 1));
    let without = load_texts(&["zowe: {}\n"], "lpar9").unwrap();
    assert!(without.overlay().is_none() && without.warnings.len() == 1, "{:?}", without.warnings);
}

#[test]
fn a_placeholder_whose_system_has_no_entry_is_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zowe.yaml");
    std::fs::write(&path, "haInstances: {other: {}}\n").unwrap();
    let instance = HaInstance { id: "lpar1".into(), from_placeholder: true };
    let request = LoadRequest { sources: &[Source::File(path)], ha_instance: &instance, platform: &FakePlatform::default() };
    let configuration = Configuration::load(&request).unwrap();
    assert!(configuration.warnings[0].text.contains("defined: other"), "{:?}", configuration.warnings);
}

#[test]
fn a_list_merges_left_over_right_with_arrays_concatenated_right_first() {
    let left = "zowe: {a: 1, list: [l], null_wins: null, shape: {x: 1}}\nonly: left\n";
    let right = "zowe: {b: 2, a: 9, list: [r], null_wins: 5, shape: 3}\nbase: right\n";
    let configuration = load_texts(&[left, right], "x").unwrap();
    let expected =
        json!({"zowe": {"b": 2, "a": 1, "list": ["r", "l"], "null_wins": null, "shape": {"x": 1}}, "base": "right", "only": "left"});
    assert_eq!(configuration.base().to_string(), expected.to_string(), "values and key order");
}

#[test]
fn every_unreadable_source_is_named_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.yaml");
    std::fs::write(&path, "a: [1\n").unwrap();
    let list = directory.path().join("list.yaml");
    std::fs::write(&list, "- 1\n").unwrap();
    let sources =
        [file("/no/such/file"), Source::File(path), Source::File(list), Source::File(directory.path().into()), member("A.B", "C")];
    let request = LoadRequest { sources: &sources, ha_instance: &instance("x"), platform: &FakePlatform::default() };
    match Configuration::load(&request) {
        Err(LoadError::Sources(problems)) => {
            assert_eq!(problems.len(), 5, "{problems:#?}");
            assert!(problems[2].place.as_ref().unwrap().to_string().ends_with("list.yaml:1:1"));
            assert!(problems[3].text.contains("it is a directory"));
            assert_eq!(problems[4].place.as_ref().unwrap().to_string(), "A.B(C)");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn members_lose_their_padding() {
    let mut platform = FakePlatform::default();
    platform.members.insert(("A.B".into(), "C".into()), b"zowe:      \n  key: 'x'    \n".to_vec());
    let request = LoadRequest { sources: &[member("A.B", "C")], ha_instance: &instance("x"), platform: &platform };
    assert_eq!(*Configuration::load(&request).unwrap().base(), json!({"zowe": {"key": "x"}}));
}

#[test]
fn settings_are_looked_up_from_the_component_outwards() {
    let configuration = load(
        "components:\n  a: {launcher: {restartIntervals: [0, '7'], minUptime: 5, shareAs: must, stop: {graceSeconds: 3}}}\n  b: {}\n  c: {launcher: {shareAs: '', restartIntervals: []}}\n  launcher: {minUptime: 60, onAllFailed: stay, startRunning: reject, wto: false}\nzowe: {launcher: {minUptime: 70, shareAs: no}, sysMessages: [A, B], launchScript: {logLevel: DEBUG, onComponentConfigureFail: exit}}\n",
    );
    let seconds = |times: &[Duration]| times.iter().map(Duration::as_secs).collect::<Vec<_>>();
    let a = configuration.component_settings("a");
    assert_eq!(
        (seconds(&a.restart_intervals), a.min_uptime.as_secs(), a.share_as, a.stop_grace.as_secs()),
        (vec![0, 7], 5, ShareAs::Must, 3)
    );
    let b = configuration.component_settings("b");
    assert_eq!(seconds(&b.restart_intervals), [1, 1, 1, 5, 5, 10, 20, 60, 120, 240]);
    assert_eq!((b.min_uptime.as_secs(), b.share_as, b.stop_grace.as_secs()), (60, ShareAs::No, 20));
    let c = configuration.component_settings("c");
    assert_eq!((c.restart_intervals.len(), c.share_as), (0, ShareAs::Yes));
    let launcher = configuration.launcher_settings();
    assert_eq!(launcher.sys_messages, ["A", "B"]);
    assert!(
        launcher.stay_when_all_failed && launcher.reject_start_of_running && !launcher.wto && launcher.debug && !launcher.sys_message_trim
    );
    assert_eq!(launcher.on_component_configure_fail, OnFailure::Exit);
    assert_eq!(configuration.validate(), []);
}

#[test]
fn settings_that_cannot_be_used_are_named_and_the_default_applies() {
    let configuration =
        load("components:\n  a: {launcher: {minUptime: soon, restartIntervals: [1, -1], shareAs: maybe}}\n  launcher: {wto: 7}\n");
    let settings = configuration.component_settings("a");
    assert_eq!((settings.min_uptime.as_secs(), settings.restart_intervals.len(), settings.share_as), (90, 10, ShareAs::Yes));
    let problems = configuration.validate();
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 4, "{texts:#?}");
    assert!(texts.iter().any(|text| text.contains("0.yaml:2:18: components.a.launcher.minUptime: 'soon' is ignored")), "{texts:#?}");
}

#[test]
fn zowe_environments_wins_but_not_over_what_is_protected() {
    let configuration = load(
        "zowe:\n  runtimeDirectory: /r\n  environments:\n    A: \"q'\\\"$`\\\\\\nä\"\n    B_1: true\n    B-1: x\n    -key-: x\n    1TEST: x\n    _: y\n    PATH: mine\n    ZWE_zowe_runtimeDirectory: evil\n    _CEE_ENVFILE_S: x\n    \"A B\": x\n    L: [1]\n    ZWE_zowe_workspaceDirectory: over\n    Z: \"a\\0b\"\n",
    );
    let inherited: Environment =
        [("PATH", "theirs"), ("HOME", "/h"), ("_CEE_ENVFILE", "DD:STDENV")].map(|(name, value)| (name.to_string(), value.into())).into();
    let facts = RunFacts { config: "/c", inherited: Some(&inherited), ..RunFacts::default() };
    let environment = configuration.instance_environment(&FakePlatform::default(), &facts);
    let get = |name: &str| environment.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(get("A"), Some("q'\"$`\\\nä"));
    assert_eq!(get("B_1"), Some("true"));
    assert_eq!(get("_"), Some("y"));
    assert_eq!(get("PATH"), Some("mine"));
    assert_eq!(get("HOME"), Some("/h"));
    assert_eq!(get("ZWE_zowe_runtimeDirectory"), Some("/r"));
    assert_eq!(get("ZWE_zowe_workspaceDirectory"), Some("over"));
    assert_eq!(get("CONFIG"), Some("/c"));
    for absent in ["_CEE_ENVFILE", "_CEE_ENVFILE_S", "B-1", "-key-", "1TEST", "A B", "L", "Z", "ZWE_zowe_environments_Z"] {
        assert_eq!(get(absent), None, "{absent}");
    }
    assert_eq!(configuration.validate().len(), 8, "{:#?}", configuration.validate());
}

#[test]
fn discovery_services_are_those_of_the_instances_that_run_one() {
    let text = "components: {discovery: {enabled: true, port: 7553}}\nzowe: {externalDomains: [d1, d2]}\n";
    let list = |text: &str| load_texts(&[text], "a").unwrap().instance_variables(&[])["ZWE_DISCOVERY_SERVICES_LIST"].clone();
    assert_eq!(list(text), "https://d1:7553/eureka/,https://d2:7553/eureka/");
    let instances = format!(
        "{text}haInstances:\n  a: {{hostname: h1}}\n  b: {{hostname: h2, components: {{discovery: {{port: 1}}}}}}\n  c: {{hostname: h3, components: {{discovery: {{enabled: false}}}}}}\n  d: {{hostname: h1}}\n"
    );
    assert_eq!(list(&instances), "https://h1:7553/eureka/,https://h2:1/eureka/");
}

#[test]
fn the_single_service_takes_the_place_of_its_parts_whatever_they_say() {
    let text = "components: {apiml: {enabled: true}, gateway: {enabled: false, port: 1}, zss: {enabled: true}}\n";
    let configuration = load(text);
    assert_eq!(configuration.component_names(), ["apiml", "gateway", "zss", "discovery", "api-catalog", "caching-service", "zaas"]);
    assert!(configuration.component_names().iter().all(|name| configuration.is_enabled(name)));
    assert!(configuration.is_suppressed("gateway") && configuration.is_suppressed("zaas") && !configuration.is_suppressed("apiml"));
    let parts = load(&text.replace("apiml: {enabled: true}", "apiml: {enabled: false}"));
    assert_eq!(parts.component_names(), ["apiml", "gateway", "zss"]);
    assert!(!parts.is_enabled("gateway") && !parts.is_enabled("discovery") && !parts.is_suppressed("gateway"));
}

#[test]
fn a_runtime_that_does_not_have_the_single_service_runs_its_parts() {
    let directory = tempfile::tempdir().unwrap();
    let components = directory.path().join("components");
    let text = format!(
        "zowe: {{runtimeDirectory: {}}}\ncomponents: {{apiml: {{enabled: true}}, gateway: {{enabled: true}}, zaas: {{enabled: false}}}}\n",
        directory.path().display()
    );
    std::fs::create_dir(&components).unwrap();
    let older = load(&text);
    assert_eq!(older.single_service(), SingleService::NotInstalled);
    assert!(!older.is_suppressed("gateway") && older.is_enabled("gateway") && !older.is_enabled("zaas") && !older.is_enabled("discovery"));
    std::fs::create_dir(components.join("apiml")).unwrap();
    assert_eq!(load(&text).single_service(), SingleService::On);
}

#[test]
fn the_version_comes_of_the_runtime_manifest() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(zowe_version(directory.path()), None);
    let text = r#"{"version":"3.1.0","build":{"branch":"v3","number":12,"commitHash":"abc"}}"#;
    std::fs::write(directory.path().join("manifest.json"), text).unwrap();
    assert_eq!(Version::read(directory.path()), Some(Version { version: "3.1.0".into(), build: Some("v3#12 (abc)".into()) }));
}

/// A runtime directory with a schema of its own.
fn with_schema(schema: &str, text: &str) -> Vec<Problem> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("schemas")).unwrap();
    std::fs::write(directory.path().join("schemas/zowe-yaml-schema.json"), schema).unwrap();
    let head = format!("zowe: {{runtimeDirectory: {}}}\n", directory.path().display());
    load_texts(&[&format!("{head}{text}")], "x").unwrap().validate()
}

const SCHEMA: &str = r#"{"$id":"https://zowe.org/schemas/v2/server-base","type":"object","properties":{
  "t":{"type":"object","required":["must"],"properties":{"free":{"type":"string"},"must":{"type":"string"},"long":{"type":"string","minLength":1},"password":{"type":"integer"}}},
  "c":{"oneOf":[{"type":"object","required":["kind"],"properties":{"kind":{"const":"a"},"n":{"type":"integer"}}},{"type":"object","properties":{"kind":{"const":"b"}}}]}}}"#;

#[test]
fn null_is_accepted_with_a_warning_where_nothing_else_is_asked_for() {
    let problems = with_schema(SCHEMA, "t: {free: null, must: null, long: null}\n");
    let of = |path: &str| problems.iter().find(|problem| problem.text.starts_with(path)).map(|problem| problem.error);
    assert_eq!((of("t.free"), of("t.must"), of("t.long")), (Some(false), Some(true), Some(true)), "{problems:#?}");
}

#[test]
fn violations_have_a_place_and_secrets_are_masked() {
    let problems = with_schema(SCHEMA, "t:\n  free: 7\n  password: hunter2\nc: {kind: a, n: x}\n");
    let texts: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    for needle in [
        "0.yaml:3:3: t.free: 7 is not of type null or string",
        "0.yaml:4:3: t.password: ********",
        "0.yaml:2:1: t: the key 'must' is required",
        "0.yaml:5:14: c.n: 'x' is not of type integer",
    ] {
        assert!(texts.contains(needle), "{needle} in {texts}");
    }
    assert!(!texts.contains("hunter2"));
}

#[test]
fn a_broken_schema_is_a_problem_of_its_own() {
    let problems = with_schema("{", "a: 1\n");
    assert!(problems[0].error && problems[0].place.as_ref().unwrap().to_string().contains("zowe-yaml-schema.json:1:"), "{problems:?}");
    let problems = with_schema(r#"{"$ref":"https://example.org/elsewhere"}"#, "a: 1\n");
    assert!(problems[0].error && problems[0].text.contains("cannot be used"), "{problems:?}");
}

#[test]
fn secrets_are_masked_wherever_a_name_says_so() {
    let value = json!({"a": {"keystorePassword": "x", "port": 1}, "tokens": ["x", null], "password": ""});
    assert_eq!(
        secrets::masked(&value),
        json!({"a": {"keystorePassword": "********", "port": 1}, "tokens": ["********", null], "password": ""})
    );
}
