use super::report::{Case, Outcome, Report};
use super::tree::{Snapshot, copy};
use std::fs;
use std::time::Duration;

fn report() -> Report {
    let case = |name, outcome, seen: &str| Case {
        name,
        outcome,
        expected: "a < b".into(),
        seen: seen.into(),
        mend: "do \"this\" & that",
        took: Duration::from_millis(1234),
    };
    let mut report = Report::new("mine", Some("1.0.0"));
    report.cases = vec![
        case("check", Outcome::Passed, "fine"),
        case("ready", Outcome::Failed, "line \u{1b}[31m one\n<two> & \"three\"\u{0}"),
        case("stop", Outcome::Skipped, "it never\nran"),
    ];
    report
}

#[test]
fn a_report_is_xml_whatever_was_seen() {
    let text = report().junit();
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    let counts = ["tests", "failures", "errors", "skipped"].map(|name| suite.attribute(name).unwrap());
    assert_eq!(counts, ["3", "1", "0", "1"]);
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert!(failure.text().unwrap().contains("<two> & \"three\""), "{text}");
    assert!(failure.text().unwrap().contains("to mend: do \"this\" & that"));
    assert!(!text.contains('\u{1b}') && !text.contains('\u{0}'));
}

#[test]
fn a_report_for_people_and_for_programs() {
    let report = report();
    assert_eq!(report.exit_code(), 8);
    assert_eq!(report.summary(), "mine: 1 passed, 1 failed, 1 skipped\n");
    let failed = report.cases[1].text();
    assert!(failed.contains("\n  expected a < b\n") && failed.contains("\n  to mend  do \"this\" & that\n"), "{failed}");
    assert!(!failed.contains('\u{1b}'), "{failed:?}");
    assert_eq!(report.cases[2].text().lines().count(), 1);
    let json = report.json();
    assert_eq!(json["cases"][1]["outcome"], "failed");
    assert_eq!(json["cases"][0]["mend"], serde_json::Value::Null);
    assert_eq!(json["cases"][0]["seconds"], 1.234);
}

#[test]
fn every_change_of_a_tree_is_seen() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir_all(from.join("a/b")).unwrap();
    fs::create_dir_all(from.join(".git")).unwrap();
    fs::write(from.join("a/b/file"), "x").unwrap();
    fs::write(from.join("other"), "x").unwrap();
    std::os::unix::fs::symlink("b/file", from.join("a/link")).unwrap();
    copy(&from, &to).unwrap();
    assert_eq!(fs::read_to_string(to.join("a/link")).unwrap(), "x");
    assert!(!to.join(".git").exists());
    let before = Snapshot::take(&to).unwrap();
    let changes = |but: &dyn Fn(&std::path::Path) -> bool| before.changes(&Snapshot::take(&to).unwrap(), &to, but);
    assert!(changes(&|_| false).is_empty());
    fs::write(to.join("a/b/file"), "yy").unwrap();
    fs::write(to.join("a/new"), "").unwrap();
    fs::remove_file(to.join("a/link")).unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(to.join("other"), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(changes(&|_| false), ["a/b/file (written)", "a/link (removed)", "a/new (made)", "other (mode or owner)"]);
    assert_eq!(changes(&|path| path.ends_with("new") || path.ends_with("link")).len(), 2);
}
