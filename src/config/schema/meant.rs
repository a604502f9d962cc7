//! Of alternatives (oneOf, anyOf): which one a value was meant to be. They mostly tell themselves apart by a word, `type: PKCS12`, that
//! each of them fixes to another value.

use super::documents::Documents;
use crate::config::overlay::nearest;
use serde_json::Value;
use std::collections::BTreeMap;

/// How many references may follow one another, and how deep such a word may lie.
const MAXIMUM_STEPS: usize = 16;

/// A place that tells alternatives apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Discriminator {
    /// Path from the value that has the alternatives.
    pub(super) path: Vec<String>,
    /// The values that each alternative allows there; None if it does not restrict them.
    allowed: Vec<Option<Vec<Value>>>,
}

/// How well an alternative fits by its discriminators; the least is the best.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// Words that do not resemble those that the alternative allows.
    foreign: usize,
    /// Words that are misspelt.
    misspelt: usize,
}

impl Fit {
    /// Whether a word shows that this alternative is not meant.
    pub(super) fn is_foreign(self) -> bool {
        self.foreign > 0
    }
}

/// The discriminators of alternatives; `base` is the base URI of their references.
pub(super) fn discriminators(documents: &Documents, base: &str, alternatives: &[Value]) -> Vec<Discriminator> {
    let mut found: BTreeMap<Vec<String>, Vec<Option<Vec<Value>>>> = BTreeMap::new();
    for (index, alternative) in alternatives.iter().enumerate() {
        let mut words = BTreeMap::new();
        collect(documents, base, alternative, &mut Vec::new(), 0, &mut words);
        for (path, allowed) in words {
            let all = found.entry(path).or_insert_with(|| vec![None; alternatives.len()]);
            if let Some(place) = all.get_mut(index) {
                *place = Some(allowed);
            }
        }
    }
    let tells_apart = |allowed: &Vec<Option<Vec<Value>>>| {
        let sets: Vec<&Vec<Value>> = allowed.iter().flatten().collect();
        let apart = |one: &[Value], other: &[Value]| one.iter().all(|word| !other.contains(word));
        // An alternative that allows all words of the others, and leaves the choice to other keys, does not matter here.
        sets.iter().enumerate().any(|(index, set)| sets.iter().skip(index + 1).any(|other| apart(set, other)))
    };
    found.into_iter().filter(|(_, allowed)| tells_apart(allowed)).map(|(path, allowed)| Discriminator { path, allowed }).collect()
}

/// The words that a schema fixes, by their paths.
fn collect(
    documents: &Documents,
    base: &str,
    schema: &Value,
    path: &mut Vec<String>,
    steps: usize,
    words: &mut BTreeMap<Vec<String>, Vec<Value>>,
) {
    if steps > MAXIMUM_STEPS {
        return;
    }
    if let Some(allowed) = words_of(documents, base, schema, steps) {
        // All parts of a schema must hold: one may list words for `type`, another fix one of them.
        match words.get_mut(path.as_slice()) {
            Some(known) => known.retain(|word| allowed.contains(word)),
            None => {
                words.insert(path.clone(), allowed);
            }
        }
        return;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| documents.find(base, reference)) {
        collect(documents, &target.base, target.schema, path, steps + 1, words);
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        collect(documents, base, part, path, steps + 1, words);
    }
    for (key, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        path.push(key.clone());
        collect(documents, base, property, path, steps + 1, words);
        path.pop();
    }
}

/// All values that a schema allows, where it lists them.
fn words_of(documents: &Documents, base: &str, schema: &Value, steps: usize) -> Option<Vec<Value>> {
    if steps > MAXIMUM_STEPS {
        return None;
    }
    if let Some(word) = schema.get("const") {
        return Some(vec![word.clone()]);
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(words.clone());
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| documents.find(base, reference)) {
        return words_of(documents, &target.base, target.schema, steps + 1);
    }
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(*keyword)).and_then(Value::as_array)?;
    let words: Option<Vec<Vec<Value>>> = alternatives.iter().map(|schema| words_of(documents, base, schema, steps + 1)).collect();
    Some(words?.concat())
}

impl Discriminator {
    /// The word of a value here.
    pub(super) fn word<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.path.iter().try_fold(value, |value, step| value.get(step))
    }

    /// All words that some alternative allows, each once.
    fn all(&self) -> Vec<&Value> {
        let mut all: Vec<&Value> = Vec::new();
        for word in self.allowed.iter().flatten().flatten() {
            if !all.contains(&word) {
                all.push(word);
            }
        }
        all
    }

    /// What is wrong with the word of `value`, where no alternative allows it: the words there are, and the one that was meant.
    pub(super) fn complaint(&self, value: &Value) -> Option<String> {
        let word = self.word(value)?;
        let all = self.all();
        if all.contains(&word) {
            return None;
        }
        Some(not_one_of(word, &all))
    }
}

/// `is not one of A, B`, with the nearest of them.
pub(super) fn not_one_of(word: &Value, allowed: &[&Value]) -> String {
    let list = allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let meant = nearest_of(word, allowed).map_or_else(String::new, |name| format!("; did you mean {name}?"));
    match allowed {
        [_] => format!("is not {list}{meant}"),
        _ => format!("is not one of {list}{meant}"),
    }
}

fn nearest_of(word: &Value, allowed: &[&Value]) -> Option<String> {
    let texts: Vec<String> = allowed.iter().filter_map(|word| word.as_str()).filter(|text| !text.is_empty()).map(str::to_string).collect();
    word.as_str().and_then(|word| nearest(word, &texts))
}

/// How well an alternative fits a value.
pub(super) fn fit(discriminators: &[Discriminator], alternative: usize, value: &Value) -> Fit {
    let mut fit = Fit::default();
    for discriminator in discriminators {
        let (Some(Some(allowed)), Some(word)) = (discriminator.allowed.get(alternative), discriminator.word(value)) else { continue };
        if allowed.contains(word) {
            continue;
        }
        let all = discriminator.all();
        // A word that another alternative allows is not misspelt.
        let meant = if all.contains(&word) { None } else { nearest_of(word, &all) };
        if meant.is_some_and(|meant| allowed.iter().any(|word| word.as_str() == Some(&meant))) {
            fit.misspelt += 1;
        } else {
            fit.foreign += 1;
        }
    }
    fit
}
