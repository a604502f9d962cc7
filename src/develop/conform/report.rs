//! What was judged: for people, as JSON, and as Markdown to hand in.

use super::{Judged, Subject, Verdict, Weight};
use crate::output::one_line;
use serde_json::{Value, json};

/// See the module.
#[derive(Debug, Clone)]
pub struct ConformReport {
    pub component: String,
    pub version: Option<String>,
    /// It was run, too.
    pub was_run: bool,
    pub judged: Vec<Judged>,
}

impl Weight {
    fn word(self) -> &'static str {
        match self {
            Weight::Required => "required",
            Weight::BestPractice => "best practice",
            Weight::Ours => "ours",
        }
    }
}

impl Subject {
    fn word(self) -> &'static str {
        match self {
            Subject::Service => "service",
            Subject::Plugin => "plug-in",
            Subject::Component => "component",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Subject::Service => "API ML service",
            Subject::Plugin => "Application framework plug-in",
            Subject::Component => "Component",
        }
    }
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Verdict::Met(_) => "met",
            Verdict::NotMet(_) => "not met",
            Verdict::DoesNotApply(_) => "does not apply",
            Verdict::NotRun(_) => "not run",
            Verdict::ByHand(_) => "by hand",
        }
    }

    fn text(&self) -> &str {
        match self {
            Verdict::Met(text) | Verdict::NotMet(text) | Verdict::DoesNotApply(text) | Verdict::NotRun(text) | Verdict::ByHand(text) => {
                text
            }
        }
    }
}

impl ConformReport {
    fn count(&self, weight: Weight, word: &str) -> usize {
        self.judged.iter().filter(|judged| judged.weight == weight && judged.verdict.word() == word).count()
    }

    /// 8: a required criterion is not met; 4: a best practice, or one of our own checks, is not; 0.
    pub fn exit_code(&self) -> i32 {
        match (self.count(Weight::Required, "not met"), self.count(Weight::BestPractice, "not met") + self.count(Weight::Ours, "not met")) {
            (0, 0) => 0,
            (0, _) => 4,
            _ => 8,
        }
    }

    fn summary(&self) -> String {
        let of = |weight: Weight| {
            let (met, not_met) = (self.count(weight, "met"), self.count(weight, "not met"));
            format!("{}: {met} met, {not_met} not met", weight.word())
        };
        let by_hand = self.judged.iter().filter(|judged| judged.verdict.word() == "by hand").count();
        let not_run = self.judged.iter().filter(|judged| judged.verdict.word() == "not run").count();
        let not_run = if not_run > 0 { format!(", {not_run} to be seen with --run") } else { String::new() };
        format!(
            "{}; {}; {}; {by_hand} to be judged by a person{not_run}\n",
            of(Weight::Required),
            of(Weight::BestPractice),
            of(Weight::Ours)
        )
    }

    /// For people: a line each.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for judged in &self.judged {
            let head = format!("{:<15}{:<14}{:<10}{:<9}", judged.verdict.word(), judged.weight.word(), judged.subject.word(), judged.item);
            text += &format!("{head} {}: {}\n", judged.criterion, one_line(judged.verdict.text()));
        }
        text + &self.summary()
    }

    /// For programs; docs/json.md describes it.
    pub fn json(&self) -> Value {
        let one = |judged: &Judged| {
            json!({
                "item": judged.item,
                "subject": judged.subject.word(),
                "weight": judged.weight.word(),
                "criterion": judged.criterion,
                "verdict": judged.verdict.word(),
                "seen": judged.verdict.text(),
            })
        };
        json!({
            "component": self.component,
            "version": self.version,
            "run": self.was_run,
            "exitCode": self.exit_code(),
            "criteria": self.judged.iter().map(one).collect::<Vec<_>>(),
        })
    }

    /// To hand in: a table for each subject, then what is left to a person.
    pub fn markdown(&self) -> String {
        let version = self.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let mut text = format!("# Conformance of {}{}\n\n", cell(&self.component), cell(&version));
        text += "Criteria of Zowe's conformance programme, version 3, by their numbers in its evaluation guide; \"ours\" are checks of zwelnch.\n";
        let judged = |subject: Subject| self.judged.iter().filter(move |judged| judged.subject == subject);
        for subject in [Subject::Service, Subject::Plugin, Subject::Component] {
            let rows: Vec<String> = judged(subject)
                .filter(|judged| judged.verdict.word() != "by hand")
                .map(|judged| {
                    let (weight, verdict) = (judged.weight.word(), judged.verdict.word());
                    format!("| {} | {weight} | {} | {verdict} | {} |\n", judged.item, cell(judged.criterion), cell(judged.verdict.text()))
                })
                .collect();
            if !rows.is_empty() {
                text += &format!(
                    "\n## {}\n\n| item | weight | criterion | verdict | seen |\n|---|---|---|---|---|\n{}",
                    subject.title(),
                    rows.concat()
                );
            }
        }
        text += "\n## To be judged by a person\n\n";
        for judged in self.judged.iter().filter(|judged| judged.verdict.word() == "by hand") {
            text += &format!(
                "- [ ] {} {} ({}): {}. {}\n",
                judged.subject.title(),
                judged.item,
                judged.weight.word(),
                cell(judged.criterion),
                cell(judged.verdict.text())
            );
        }
        text + "\n" + &self.summary()
    }
}

/// Text that cannot leave its cell.
fn cell(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}
