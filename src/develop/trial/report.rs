//! What was found: for people, as JSON, and as JUnit's XML, which CI systems show.

use crate::output::{one_line, printable};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    /// It does not apply to this component, or something before it failed.
    Skipped,
}

impl Outcome {
    /// In reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        }
    }
}

/// One test case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// A word or two with hyphens, the same in every version.
    pub name: &'static str,
    pub outcome: Outcome,
    /// What a component is expected to do.
    pub expected: String,
    /// What it did; why the case was skipped.
    pub seen: String,
    /// How it is mended; of one that failed.
    pub mend: &'static str,
    pub took: Duration,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Report {
    pub component: String,
    pub version: Option<String>,
    pub begun: Timestamp,
    pub cases: Vec<Case>,
    /// Where the throw-away instance was left; None: it was removed.
    pub kept: Option<PathBuf>,
}

impl Case {
    /// For people: a line, and for a failure what was expected and how it is mended.
    pub fn text(&self) -> String {
        let mut text = format!("{:<8} {:<22} {:>6.1} s  ", self.outcome.word(), self.name, self.took.as_secs_f64());
        match self.outcome {
            Outcome::Failed => {
                let seen = self.seen.lines().map(one_line).collect::<Vec<_>>().join("\n           ");
                // Writing to a String cannot fail.
                let _ = write!(text, "\n  expected {}\n  seen     {seen}\n  to mend  {}", self.expected, self.mend);
            }
            _ => text += &one_line(&self.seen.replace('\n', "; ")),
        }
        text.trim_end().to_owned() + "\n"
    }
}

impl Report {
    pub(super) fn new(component: &str, version: Option<&str>) -> Report {
        Report {
            component: component.to_owned(),
            version: version.map(str::to_owned),
            begun: Timestamp::now(),
            cases: Vec::new(),
            kept: None,
        }
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }

    /// 0: none has failed; 8.
    pub fn exit_code(&self) -> i32 {
        if self.count(Outcome::Failed) == 0 { 0 } else { 8 }
    }

    /// The last line for people.
    pub fn summary(&self) -> String {
        let (passed, failed, skipped) = (self.count(Outcome::Passed), self.count(Outcome::Failed), self.count(Outcome::Skipped));
        let kept = self.kept.as_ref().map(|path| format!("The instance is kept in {}\n", path.display())).unwrap_or_default();
        format!("{}: {passed} passed, {failed} failed, {skipped} skipped\n{kept}", self.component)
    }

    /// For programs; docs/json.md describes it.
    pub fn json(&self) -> Value {
        let case = |case: &Case| {
            json!({
                "name": case.name,
                "outcome": case.outcome.word(),
                "seconds": seconds(case.took),
                "expected": case.expected,
                "seen": case.seen,
                "mend": (case.outcome == Outcome::Failed).then_some(case.mend),
            })
        };
        json!({
            "component": self.component,
            "version": self.version,
            "passed": self.count(Outcome::Passed),
            "failed": self.count(Outcome::Failed),
            "skipped": self.count(Outcome::Skipped),
            "exitCode": self.exit_code(),
            "cases": self.cases.iter().map(case).collect::<Vec<_>>(),
            "kept": self.kept.as_ref().map(|path| path.display().to_string()),
        })
    }

    /// As JUnit writes it.
    pub fn junit(&self) -> String {
        let all: Duration = self.cases.iter().map(|case| case.took).sum();
        let counts = format!(
            "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.3}\"",
            self.cases.len(),
            self.count(Outcome::Failed),
            self.count(Outcome::Skipped),
            all.as_secs_f64()
        );
        let name = xml(&self.component);
        let begun = self.begun.strftime("%Y-%m-%dT%H:%M:%S");
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        text += &format!("  <testsuite name=\"zwelnch component test {name}\" {counts} timestamp=\"{begun}\" hostname=\"localhost\">\n");
        for case in &self.cases {
            text += &format!(
                "    <testcase name=\"{}\" classname=\"zwelnch.component.{name}\" time=\"{:.3}\"",
                case.name,
                case.took.as_secs_f64()
            );
            let seen = xml(&case.seen);
            text += &match case.outcome {
                Outcome::Passed => format!(">\n      <system-out>{seen}</system-out>\n    </testcase>\n"),
                Outcome::Skipped => {
                    format!(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", xml(&one_line(&case.seen.replace('\n', "; "))))
                }
                Outcome::Failed => format!(
                    ">\n      <failure message=\"{}\" type=\"{}\">expected: {}\nseen: {seen}\nto mend: {}\n</failure>\n    </testcase>\n",
                    xml(&one_line(case.seen.lines().next().unwrap_or_default())),
                    case.name,
                    xml(&case.expected),
                    xml(case.mend)
                ),
            };
        }
        text + "  </testsuite>\n</testsuites>\n"
    }
}

/// To the millisecond.
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Text of an element or of an attribute in double quotes: what XML cannot hold is made printable first.
fn xml(text: &str) -> String {
    let text = printable(text);
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\t' => escaped.push(character),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
