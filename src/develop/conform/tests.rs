use super::{ConformReport, Observation, Verdict, Weight, conform};
use serde_json::json;
use std::fs;
use std::path::Path;

fn judged<'a>(report: &'a ConformReport, item: &str, subject: &str) -> &'a Verdict {
    let found = report.judged.iter().find(|judged| judged.item == item && format!("{:?}", judged.subject) == subject);
    &found.unwrap_or_else(|| panic!("{subject} {item}")).verdict
}

const MANIFEST: &str = "name: mine\nid: com.example.mine\nversion: 1.0.0\nlicense: MIT\ntitle: Mine\ndescription: x\n\
    apimlServices: {static: [{file: d.yml}]}\nconfigs: {port: 1, serviceId: examplemine}\n";
const DEFINITION: &str = "services:\n- serviceId: ${ZWE_configs_serviceId}\n  instanceBaseUrls: ['https://${ZWE_haInstance_hostname}:${ZWE_configs_port}']\n\
    \x20 routes: [{gatewayUrl: api/v1, serviceRelativeUrl: /}]\n  authentication: {scheme: zoweJwt}\n\
    \x20 apiInfo: [{apiId: example.mine, gatewayUrl: api/v1, swaggerUrl: 'https://h/doc'}]\n";

fn write(directory: &Path, manifest: &str, definition: &str) {
    fs::write(directory.join("manifest.yaml"), manifest).unwrap();
    fs::write(directory.join("d.yml"), definition).unwrap();
}

#[test]
fn a_service_that_conforms_and_one_that_does_not() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), MANIFEST, DEFINITION);
    let report = conform(place.path(), Some("example"), None).unwrap();
    for item in ["1, 2, 9", "3", "4", "5", "6", "7, 8", "10", "25"] {
        assert!(matches!(judged(&report, item, "Service"), Verdict::Met(_)), "{item}: {:?}", judged(&report, item, "Service"));
    }
    assert!(matches!(judged(&report, "11-15", "Service"), Verdict::NotRun(_)));
    assert!(matches!(judged(&report, "30", "Component"), Verdict::NotRun(_)));
    assert_eq!(report.exit_code(), 4, "{}", report.text());
    let poor = DEFINITION
        .replace("${ZWE_configs_serviceId}", "My_Service")
        .replace("api/v1", "rest")
        .replace("zoweJwt", "bypass")
        .replace("example.mine", "other.mine")
        .replace("https:", "http:");
    write(place.path(), MANIFEST, &poor);
    let report = conform(place.path(), Some("example"), None).unwrap();
    for item in ["3", "4", "5", "6", "7, 8", "25"] {
        assert!(matches!(judged(&report, item, "Service"), Verdict::NotMet(_)), "{item}: {:?}", judged(&report, item, "Service"));
    }
    assert!(matches!(judged(&report, "https", "Component"), Verdict::NotMet(_)));
    assert_eq!(report.exit_code(), 8);
    assert!(report.text().contains("My_Service"));
}

#[test]
fn what_was_seen_while_it_ran_counts() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), MANIFEST, DEFINITION);
    let observation = Observation {
        ready: Ok(String::new()),
        definitions: Vec::new(),
        documents: vec![("u".into(), Ok(json!({"openapi": "3.0.0"}))), ("v".into(), Err("it is answered with 404".into()))],
        stopped: Err("port 1: in use".into()),
        written: vec!["bin/x (made)".into()],
        changed_modes: Vec::new(),
    };
    let report = conform(place.path(), None, Some(observation)).unwrap();
    let not_met = |item, subject| match judged(&report, item, subject) {
        Verdict::NotMet(why) => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(not_met("10", "Service"), "v: it is answered with 404");
    assert_eq!(not_met("11-15", "Service"), "u: it describes no endpoint");
    assert_eq!(not_met("30", "Component"), "bin/x (made)");
    assert_eq!(not_met("stop", "Component"), "port 1: in use");
    assert!(matches!(judged(&report, "31", "Component"), Verdict::Met(_)));
}

#[test]
fn a_plug_in_is_looked_into() {
    let place = tempfile::tempdir().unwrap();
    let home = place.path();
    fs::write(home.join("manifest.yaml"), "name: app\nid: com.example.app\nappfwPlugins: [{path: .}]\n").unwrap();
    let definition = json!({"identifier": "org.zowe.app", "pluginVersion": "1.0.0", "dataServices": [{"type": "router", "name": "a", "filename": "a.js"}],
        "webContent": {"launchDefinition": {"imageSrc": "icon.png"}}});
    fs::write(home.join("pluginDefinition.json"), definition.to_string()).unwrap();
    let report = conform(home, None, None).unwrap();
    for item in ["1", "2", "3", "20", "34"] {
        assert!(matches!(judged(&report, item, "Plugin"), Verdict::NotMet(_)), "{item}: {:?}", judged(&report, item, "Plugin"));
    }
    fs::create_dir_all(home.join("web")).unwrap();
    fs::create_dir_all(home.join("lib")).unwrap();
    fs::create_dir_all(home.join("doc/swagger")).unwrap();
    fs::write(home.join("web/icon.png"), "x").unwrap();
    fs::write(home.join("web/main.js"), "window.parent.postMessage(1)").unwrap();
    fs::write(home.join("lib/a.js"), "").unwrap();
    fs::write(home.join("doc/swagger/a.json"), "{}").unwrap();
    let mended =
        definition.to_string().replace("org.zowe.app", "com.example.app").replace("\"name\":\"a\"", "\"name\":\"a\",\"version\":\"1.0.0\"");
    fs::write(home.join("pluginDefinition.json"), mended).unwrap();
    let report = conform(home, None, None).unwrap();
    for item in ["1", "2", "3", "20", "34"] {
        assert!(matches!(judged(&report, item, "Plugin"), Verdict::Met(_)), "{item}: {:?}", judged(&report, item, "Plugin"));
    }
    assert!(matches!(judged(&report, "21, 22", "Plugin"), Verdict::NotMet(_)));
}

#[test]
fn each_report_has_all_criteria_and_says_whose_they_are() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &MANIFEST.replace("title: Mine", "title: 'a | <b>'"), DEFINITION);
    let report = conform(place.path(), None, None).unwrap();
    assert_eq!(report.text().lines().count(), report.judged.len() + 1);
    assert_eq!(report.json()["criteria"].as_array().unwrap().len(), report.judged.len());
    let markdown = report.markdown();
    let rows = markdown.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| item")).count();
    let by_hand = markdown.lines().filter(|line| line.starts_with("- [ ] ")).count();
    assert_eq!(rows + by_hand, report.judged.len(), "{markdown}");
    assert!(
        report
            .judged
            .iter()
            .filter(|judged| judged.weight == Weight::Ours)
            .all(|judged| !judged.item.starts_with(|first: char| first.is_ascii_digit()))
    );
}
