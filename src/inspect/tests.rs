use super::*;
use crate::config::testing::*;
use crate::config::{HaInstance, Source};

fn view(path: Option<&str>) -> ConfigView<'_> {
    ConfigView { overlaid: true, path, ..ConfigView::default() }
}

const TEXT: &str = "zowe: {runtimeDirectory: /no/such, job: {name: ZWE1SV}, certificate: {password: hunter2}}\ncomponents: {web: {enabled: true, port: 1}}\nhaInstances: {lpar1: {zowe: {job: {name: ZWE2SV}}}}\n";

#[test]
fn config_shows_the_whole_or_one_property_with_secrets_masked() {
    let configuration = load(TEXT);
    assert_eq!(config(&configuration, view(Some("zowe.job.name"))).unwrap(), "ZWE2SV\n");
    let base = ConfigView { overlaid: false, ..view(Some("zowe.job.name")) };
    assert_eq!(config(&configuration, base).unwrap(), "ZWE1SV\n");
    assert_eq!(config(&configuration, view(Some("components.web.port"))).unwrap(), "1\n");
    assert_eq!(config(&configuration, view(Some("zowe.certificate.password"))).unwrap(), "********\n");
    let shown = ConfigView { show_secrets: true, ..view(Some("zowe.certificate.password")) };
    assert_eq!(config(&configuration, shown).unwrap(), "hunter2\n");
    for format in [Format::Yaml, Format::Json] {
        let whole = config(&configuration, ConfigView { format, ..view(None) }).unwrap();
        assert!(whole.contains("ZWE2SV") && whole.contains("********") && !whole.contains("hunter2"), "{whole}");
    }
    match config(&configuration, view(Some("zowe.jobb.name"))) {
        Err(InspectError::NoProperty { nearest, .. }) => assert_eq!(nearest.as_deref(), Some("zowe.job")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn variables_are_one_line_each_with_secrets_masked() {
    let variables: Environment =
        [("A", "x\ny"), ("MY_PASSWORD", "hunter2"), ("EMPTY_SECRET", "")].map(|(name, value)| (name.into(), value.into())).into();
    assert_eq!(environment(&variables, false), "A=x\\ny\nEMPTY_SECRET=\nMY_PASSWORD=********\n");
    assert!(environment(&variables, true).contains("hunter2"));
}

/// The report of a text that stands in a file of its own.
fn report_of(text: &str, named: &[&str]) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("zowe.yaml");
    std::fs::write(&file, text).unwrap();
    let named: Vec<HaInstance> = named.iter().map(|id| instance(id)).collect();
    check(&[Source::File(file)], &named, &FakePlatform::default(), None)
}

#[test]
fn check_gives_all_problems_and_a_code() {
    let report = report_of(TEXT, &[]);
    assert_eq!((report.exit_code(), report.ha_instances.clone()), (8, vec!["lpar1".to_string()]), "{report:#?}");
    let text = report.text();
    for needle in ["ERROR ", "zowe.workspaceDirectory is not defined", "'/no/such' does not exist", "HA instances checked: lpar1"] {
        assert!(text.contains(needle), "{needle} in {text}");
    }
    let report = check(&[Source::File("/no/such".into())], &[], &FakePlatform::default(), None);
    assert_eq!((report.exit_code(), report.findings.len()), (8, 1), "{report:?}");
}

#[test]
fn a_problem_says_which_ha_instances_have_it() {
    let text = "zowe: {runtimeDirectory: /no/such, workspaceDirectory: /tmp/w}\ncomponents: {a: {enabled: true, port: 1}}\nhaInstances:\n  x: {components: {a: {port: 0}}}\n  Y: {}\n";
    let report = report_of(text, &[]);
    assert_eq!(report.ha_instances, ["x", "y"]);
    let text_of = report.text();
    assert!(
        text_of.contains(":4:24: components.a.port: 0 is no port; a number from 1 to 65535 is expected [HA instance x]\n"),
        "{text_of}"
    );
    assert!(text_of.contains("does not exist; an existing directory is expected\n"), "{text_of}");
    let unknown = report_of(text, &["y", "z", "y"]);
    assert_eq!(unknown.ha_instances, ["y", "z"]);
    assert!(unknown.text().contains("ZWEL0911E HA instance z is not defined in haInstances, defined: x, Y"), "{}", unknown.text());
    let json: Value = serde_json::from_str(&report.json()).unwrap();
    let port = json["problems"].as_array().unwrap().iter().find(|problem| problem["property"] == "components.a.port").unwrap();
    assert_eq!((&port["line"], &port["column"], &port["haInstances"][0]), (&4.into(), &24.into(), &"x".into()), "{json}");
    assert_eq!((&json["exitCode"], &port["severity"]), (&8.into(), &"error".into()));
}

#[test]
fn a_terminal_shows_the_line_and_a_caret_but_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("zowe.yaml");
    std::fs::write(&file, "zowe:\n  password: hunter2\n  password: hunter3\ncomponents: {a: {port: \"x\n").unwrap();
    let platform = FakePlatform::default();
    let report = check(&[Source::File(file)], &[], &platform, None);
    let text = report.snippets(&platform, false);
    assert!(!text.contains("hunter"), "{text}");
    assert!(text.contains("3 |   password: ********\n  |   ^^^^^^^^"), "{text}");
    assert!(report.snippets(&platform, true).contains('\u{1b}'));
    // Where the line of the secret has no key.
    for secret in ["\n    98765432109876543210\n", "\n    !!int hunter2\n", "\n    hunter2\n     x: y\n", "|\n    hunter2\n\thunter2\n"] {
        let file = directory.path().join("secret.yaml");
        std::fs::write(&file, format!("zowe:\n  token: {secret}")).unwrap();
        let report = check(&[Source::File(file)], &[], &platform, None);
        let shown = report.snippets(&platform, false) + &report.text() + &report.json();
        assert_eq!(report.exit_code(), 8, "{shown}");
        assert!(shown.contains("********") && !shown.contains("hunter2") && !shown.contains("98765"), "{shown}");
    }
}

#[test]
fn origins_name_what_set_each_leaf() {
    let configuration = load(TEXT);
    let text = config(&configuration, ConfigView { origin: true, ..view(None) }).unwrap();
    assert!(text.contains("\"zowe.job.name\": \"ZWE2SV\" # "), "{text}");
    assert!(text.contains("0.yaml:3:36\n") && !text.contains("hunter2"), "{text}");
    let document: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(document["components.web.port"], 1);
    let json = config(&configuration, ConfigView { origin: true, format: Format::Json, ..view(Some("zowe.job")) }).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["path"], &json[0]["line"]), (&"zowe.job.name".into(), &3.into()));
}

#[test]
fn the_difference_of_two_environments_is_what_differs() {
    let variables = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_string(), value.into())).collect::<Environment>();
    let (a, b) =
        (variables(&[("A", "1"), ("B", "1"), ("PASSWORD", "x")]), variables(&[("A", "1"), ("B", "2"), ("C", ""), ("PASSWORD", "y")]));
    assert_eq!(difference(&a, &b, false), "-B=1\n+B=2\n+C=\n-PASSWORD=********\n+PASSWORD=********\n");
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn the_golden_instance_checks_and_its_plan_says_what_would_run() {
    let Some(golden) = GoldenRuntime::new(true) else { return };
    let configuration = golden.load(&golden.golden.join("03-ha-overlay"), "lpar2", &str::to_string).unwrap();
    let survey = component::survey(&configuration);
    let checked = component::check(&configuration, &FakePlatform::default());
    assert!(!checked.all().iter().any(|problem| problem.error), "{:#?}", checked.all());
    let (plan, code) = plan(&configuration, &FakePlatform::default());
    assert_eq!(code, 0, "{plan}");
    for needle in [
        "HA instance lpar2",
        "alpha: not enabled",
        "nostart: has no start command",
        "configure gamma: ",
        "start beta-svc: ",
        "validate delta: ",
    ] {
        assert!(plan.contains(needle), "{needle} in {plan}");
    }
    let validate = plan.find("validate delta").unwrap();
    let configure = plan.find("configure gamma").unwrap();
    let start = plan.find("start beta-svc").unwrap();
    assert!(validate < configure && configure < start, "{plan}");
    let platform = FakePlatform::default();
    let found = environment_of(&configuration, &survey, &platform, "/c", Some("BETA-SVC"), None).unwrap();
    assert_eq!(found.get("ZWE_configs_port").unwrap(), "9202");
    assert!(matches!(environment_of(&configuration, &survey, &platform, "/c", Some("x"), None), Err(InspectError::NoComponent { .. })));
}

/// Counted in values that are made or judged, not in time.
#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn many_ha_instances_cost_as_much_each_as_few() {
    let Some(zowe) = shared("zowe") else { return };
    let directory = tempfile::tempdir().unwrap();
    copy_tree(&zowe.join("schemas"), &directory.path().join("schemas"));
    copy_tree(&zowe.join("components/zss"), &directory.path().join("components/zss"));
    let work = |count: usize, each: &dyn Fn(usize) -> String| {
        let mut text = format!("zowe: {{runtimeDirectory: {}}}\n", directory.path().display());
        text += "components:\n  zss: {enabled: true, port: 7557}\n  caching-service: {enabled: true, storage: {mode: infinispan}}\nhaInstances:\n";
        (0..count).for_each(|number| text += &format!("  lpar{number}: {{hostname: host{number}, {}}}\n", each(number)));
        work_of(|| assert_eq!(report_of(&text, &[]).ha_instances.len(), count))
    };
    let kinds: [&dyn Fn(usize) -> String; 3] =
        [&|number| format!("sysname: s{number}"), &|number| format!("sysname: s{}", number % 4), &|number| {
            format!("sysname: s{number}, components: {{zss: {{port: {}}}}}", 10_000 + number)
        }];
    for (kind, each) in kinds.into_iter().enumerate() {
        let (few, many) = (work(60, each), work(180, each));
        assert!(many as f64 / few as f64 <= 3.2, "kind {kind}: {few} of 60, {many} of 180");
    }
}
