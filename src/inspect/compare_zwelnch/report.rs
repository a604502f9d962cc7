//! The comparison as text and as JSON.

use super::{Difference, GENERAL, of_load_error};
use crate::config::{LoadError, Problem};
use serde_json::{Value, json};
use std::collections::HashMap;

/// All differences, each once, with the HA instances that have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// With the ids of the HA instances; none if it is found before the instances are known.
    pub differences: Vec<(Difference, Vec<String>)>,
    /// What neither of the two launchers accepts: the comparison is incomplete then.
    pub errors: Vec<Problem>,
    /// Ids of the HA instances that were compared.
    pub ha_instances: Vec<String>,
    /// Where each difference stands among `differences`.
    known: HashMap<Difference, usize>,
}

impl Comparison {
    pub(super) fn add(&mut self, ha_instance: &str, differences: Vec<Difference>) {
        for difference in differences {
            let differences = &mut self.differences;
            let index = *self.known.entry(difference).or_insert_with_key(|difference| {
                differences.push((difference.clone(), Vec::new()));
                differences.len() - 1
            });
            if let Some((_, instances)) = self.differences.get_mut(index).filter(|_| !ha_instance.is_empty()) {
                if instances.last().map(String::as_str) != Some(ha_instance) {
                    instances.push(ha_instance.to_owned());
                }
            }
        }
    }

    pub(super) fn add_load_error(&mut self, ha_instance: &str, error: &LoadError) {
        let (differences, errors) = of_load_error(error);
        self.add(ha_instance, differences);
        self.errors.extend(errors);
    }

    fn refused(&self) -> usize {
        self.differences.iter().filter(|(difference, _)| difference.refused).count()
    }

    /// 0 nothing differs; 4 something does; 8 this launcher refuses the configuration, or nothing can be said of all of it.
    pub fn exit_code(&self) -> u8 {
        match (self.refused() + self.errors.len(), self.differences.len()) {
            (0, 0) => 0,
            (0, _) => 4,
            _ => 8,
        }
    }

    /// Four lines for each difference, those of every configuration after them where `all` is true; the last line counts the former.
    pub fn text(&self, all: bool) -> String {
        let mut text = String::new();
        for problem in &self.errors {
            text.push_str(&format!(
                "ERROR {}\n  neither launcher starts with it; correct it and ask again\n\n",
                shown(&problem.to_string())
            ));
        }
        for (difference, instances) in &self.differences {
            let place = difference.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            let subject = if difference.property.is_empty() { difference.kind } else { &difference.property };
            text.push_str(&shown(&format!("{place}{subject}{}", self.concerned(instances))));
            text.push_str(&format!("\n  ZWELNCH: {}\n  zwelnch: {}\n", shown(&difference.before), shown(&difference.now)));
            text.push_str(&format!("  to do:   {}\n\n", shown(difference.action.as_deref().unwrap_or("nothing"))));
        }
        for general in GENERAL.iter().filter(|_| all) {
            let (before, now) = (general.before, general.now);
            text.push_str(&format!("every configuration: {}\n  ZWELNCH: {before}\n  zwelnch: {now}\n\n", general.kind));
        }
        let count = self.differences.len();
        text.push_str(&format!("{count} difference{} to ZWELNCH", if count == 1 { "" } else { "s" }));
        match self.refused() {
            0 => {}
            refused => text.push_str(&format!(", {refused} of which keep this launcher from starting")),
        }
        if !self.ha_instances.is_empty() {
            text.push_str(&format!("; HA instances compared: {}", self.ha_instances.join(", ")));
        }
        if !all {
            text.push_str(&format!("; {} more concern every configuration: --all", GENERAL.len()));
        }
        text + "\n"
    }

    /// For tools; `all`: with the differences that concern every configuration.
    pub fn json(&self, all: bool) -> String {
        let number = |value: u32| if value > 0 { Value::from(value) } else { Value::Null };
        let difference = |(difference, instances): &(Difference, Vec<String>)| {
            let place = difference.place.as_ref();
            json!({
                "kind": difference.kind,
                "file": place.map(|place| place.file.as_str()),
                "line": place.map_or(Value::Null, |place| number(place.line)),
                "column": place.map_or(Value::Null, |place| number(place.column)),
                "property": if difference.property.is_empty() { Value::Null } else { difference.property.as_str().into() },
                "before": difference.before,
                "now": difference.now,
                "action": difference.action,
                "refused": difference.refused,
                "haInstances": instances,
            })
        };
        let general = GENERAL.iter().filter(|_| all);
        let general = general.map(|general| json!({ "kind": general.kind, "before": general.before, "now": general.now }));
        let report = json!({
            "general": general.collect::<Vec<_>>(),
            "exitCode": self.exit_code(),
            "haInstances": self.ha_instances,
            "errors": self.errors.iter().map(Problem::to_string).collect::<Vec<_>>(),
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
        });
        format!("{report:#}\n")
    }

    /// Which HA instances, where it is not all that were compared.
    fn concerned(&self, instances: &[String]) -> String {
        match instances.len() {
            0 => String::new(),
            count if count == self.ha_instances.len() => String::new(),
            _ => format!(" [HA instance {}]", instances.join(", ")),
        }
    }
}

/// One line whatever a configuration holds.
fn shown(text: &str) -> String {
    text.chars().flat_map(|character| if character.is_control() { character.escape_default().collect() } else { vec![character] }).collect()
}
