//! A comparison as text and as JSON.

use super::{Class, Comparison, Difference, Seen};
use crate::config::secrets;
use crate::output::one_line;
use serde_json::{Value, json};
use std::fmt::Write;

/// The number of characters of a value that are shown.
const WIDTH: usize = 80;

impl Difference {
    /// Everything in one line: class, property, and the value and place on both sides.
    pub fn line(&self) -> String {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let side = |seen: &Seen| format!("{} at {}", shown(&path, seen), seen.place);
        let note = self.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        one_line(&format!("{}: {}{note}, {} and {}", self.words(), self.path.join("."), side(&self.a), side(&self.b))).into_owned()
    }
}

impl Comparison {
    /// A heading with levels and instances, three lines for each difference, what to do for each kind, and the count.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let [a, b] = &self.sides;
        // Writing to a String cannot fail.
        for (name, (sources, id), level) in [("A", a, &self.levels.a), ("B", b, &self.levels.b)] {
            let instance = if id.is_empty() { "no HA instance".to_owned() } else { format!("HA instance {id}") };
            let level = level.as_ref().map_or_else(|| "Zowe level not known".to_owned(), |level| format!("Zowe {level}"));
            let _ = writeln!(text, "{}", one_line(&format!("{name}: {}, {instance}, {level}", sources.join(", "))));
        }
        let _ = writeln!(text, "{}\n", self.levels_words());
        for difference in &self.differences {
            let path: Vec<&str> = difference.path.iter().map(String::as_str).collect();
            let mut head = format!("{}: {}", difference.words(), difference.path.join("."));
            if difference.class == Class::MustBeTheSame {
                let _ = write!(head, " ({})", difference.group.words());
            }
            if let Some(note) = &difference.note {
                let _ = write!(head, ": {note}");
            }
            let _ = writeln!(text, "{}", one_line(&head));
            for (name, seen) in [("A", &difference.a), ("B", &difference.b)] {
                let _ = writeln!(text, "{}", one_line(&format!("  {name} {}  {}", seen.place, shown(&path, seen))));
            }
        }
        if !self.differences.is_empty() {
            text.push('\n');
        }
        for accepted in &self.unused {
            let _ = writeln!(text, "{}", one_line(&format!("--accept {accepted}: there is no violation at or below it")));
        }
        for action in self.actions() {
            let _ = writeln!(text, "{action}");
        }
        let count = |wanted: fn(&Difference) -> bool| self.differences.iter().filter(|difference| wanted(difference)).count();
        let violations = count(Difference::is_violation);
        let allowed = count(|difference| difference.class == Class::Allowed);
        let plural = if violations == 1 { "" } else { "s" };
        let _ = writeln!(text, "{violations} violation{plural}, {} accepted, {allowed} allowed", count(|difference| difference.accepted));
        text
    }

    /// For tools.
    pub fn json(&self) -> String {
        let side = |(sources, id): &(Vec<String>, String), level: &Option<String>| json!({ "sources": sources, "haInstance": if id.is_empty() { Value::Null } else { id.as_str().into() }, "level": level });
        let difference = |difference: &Difference| {
            let path: Vec<&str> = difference.path.iter().map(String::as_str).collect();
            let seen = |seen: &Seen| {
                let number = |number: u32| if number > 0 { Value::from(number) } else { Value::Null };
                json!({
                    "value": seen.value.as_ref().map(|value| masked(&path, value)), "set": seen.value.is_some(), "default": seen.default,
                    "file": seen.place.file, "line": number(seen.place.line), "column": number(seen.place.column),
                })
            };
            json!({
                "property": difference.path.join("."), "class": difference.class.words(), "violation": difference.is_violation(),
                "accepted": difference.accepted, "group": difference.group.words(), "note": difference.note,
                "a": seen(&difference.a), "b": seen(&difference.b),
            })
        };
        let [a, b] = &self.sides;
        let report = json!({
            "exitCode": self.exit_code(), "violations": self.violations().len(), "mixedLevels": self.levels.mixed(),
            "a": side(a, &self.levels.a), "b": side(b, &self.levels.b), "unusedAccepts": self.unused,
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
        });
        format!("{report:#}\n")
    }

    fn levels_words(&self) -> String {
        let unknown: Vec<&str> =
            [("A", &self.levels.a), ("B", &self.levels.b)].iter().filter(|(_, level)| level.is_none()).map(|(name, _)| *name).collect();
        match (unknown.as_slice(), self.levels.mixed()) {
            ([], false) => "The levels are the same.".to_owned(),
            ([], true) => "The levels differ: the API Catalog and the Desktop may run in one of A and B only.".to_owned(),
            (unknown, _) => format!(
                "The level of {} is not known (its runtime directory has no manifest.json with a version): taken for mixed levels.",
                unknown.join(" and ")
            ),
        }
    }

    /// One line for each kind of violation that was found.
    fn actions(&self) -> Vec<String> {
        let actions = [
            (Class::MustDiffer, "give B a value of its own, or make the choice; A stays as it is"),
            (Class::TwoUserInterfaces, "set enabled: false in A or in B (with components.apiml: run its parts as components)"),
            (Class::MustBeTheSame, "give B the value of A, or name the property with --accept where the difference is meant"),
        ];
        let violations = self.violations();
        let present = |class: Class| violations.iter().any(|difference| difference.class == class);
        actions.iter().filter(|(class, _)| present(*class)).map(|(class, action)| format!("To do, {}: {action}", class.words())).collect()
    }
}

/// A value with its secrets masked: by its own name, or by a name within it.
fn masked(path: &[&str], value: &Value) -> Value {
    if secrets::is_secret_path(path) && !value.is_null() && !value.is_boolean() {
        return Value::String(secrets::MASK.to_owned());
    }
    secrets::masked(value)
}

fn shown(path: &[&str], seen: &Seen) -> String {
    let Some(value) = &seen.value else {
        return match &seen.default {
            Some(default) => format!("(not set), default '{default}'"),
            None => "(not set)".to_owned(),
        };
    };
    match masked(path, value) {
        Value::String(text) if text == secrets::MASK => text,
        Value::String(text) => format!("'{}'", cut(&text)),
        value => cut(&value.to_string()),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDTH { text.to_owned() } else { format!("{}...", text.chars().take(WIDTH).collect::<String>()) }
}
