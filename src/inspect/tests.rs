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

#[test]
fn check_gives_all_problems_and_a_code() {
    let report = check(&load(TEXT), &component::survey(&load(TEXT)));
    assert_eq!(report.exit_code, 8, "{:#?}", report.lines);
    let text = report.lines.join("\n");
    for needle in ["ERROR", "zowe.workspaceDirectory is not defined", "/no/such is no directory", "WARNING", "web is not installed"] {
        assert!(text.contains(needle), "{needle} in {text}");
    }
    let platform = FakePlatform::default();
    let instance = HaInstance { id: "x".into(), from_placeholder: false };
    let request = LoadRequest { sources: &[Source::File("/no/such".into())], ha_instance: &instance, platform: &platform };
    let report = check_request(&request);
    assert_eq!((report.exit_code, report.problems.len()), (8, 1), "{:?}", report.lines);
}

#[test]
fn the_golden_instance_checks_and_its_plan_says_what_would_run() {
    let Some(golden) = GoldenRuntime::new(true) else { return };
    let configuration = golden.load(&golden.golden.join("03-ha-overlay"), "lpar2", &str::to_string).unwrap();
    let survey = component::survey(&configuration);
    let report = check(&configuration, &survey);
    assert!(report.exit_code <= 4, "{:#?}", report.lines);
    let plan = plan(&configuration, &survey);
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
