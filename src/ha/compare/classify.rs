//! Every difference and every collision, with its class. Pure except for `resolve`.

use super::{Class, Difference, Group, Seen, rules, running};
use crate::config::choice::CHOICE;
use crate::config::{Configuration, lookup};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The two configurations, A first.
type Sides<'a> = [&'a Configuration; 2];

/// The order of a report: what must be done first comes first, what needs no action comes last.
pub(super) fn rank(difference: &Difference) -> u8 {
    match (difference.class, difference.group) {
        (Class::Allowed, _) => 6,
        _ if difference.accepted => 5,
        (Class::MustDiffer, _) => 0,
        (Class::TwoUserInterfaces, _) => 1,
        (Class::MustBeTheSame, Group::HighAvailability) => 2,
        (Class::MustBeTheSame, Group::Security) => 3,
        (Class::MustBeTheSame, Group::Other) => 4,
    }
}

/// Everything to report, in document order, each property once. `mixed`: the levels differ, or one is unknown.
pub(super) fn classify(sides: Sides<'_>, mixed: bool, resolve: &dyn Fn(&Path) -> PathBuf) -> Vec<Difference> {
    let mut found = Found { sides, differences: Vec::new() };
    choices(&mut found);
    must_differ(&mut found, resolve);
    if mixed {
        user_interfaces(&mut found);
    }
    vanishing(&mut found);
    let mut leaves = Vec::new();
    differing(&mut Vec::new(), Some(sides[0].base()), Some(sides[1].base()), &mut leaves);
    let substitutes = substitutes(&leaves);
    let unknown_runtime =
        found.has(&["zowe", "runtimeDirectory"]) && sides.iter().any(|side| is_choice(side.get(&["zowe", "runtimeDirectory"])));
    for leaf in leaves {
        let path: Vec<&str> = leaf.path.iter().map(String::as_str).collect();
        if found.has(&path) {
            continue;
        }
        let by_default = sides.iter().all(|side| !side.is_set_by_user(&path));
        // The defaults of a runtime that is not chosen yet are not known.
        if by_default && unknown_runtime && (leaf.a.is_none() || leaf.b.is_none()) {
            continue;
        }
        let (class, note) = if rules::may_differ(&path) {
            (Class::Allowed, None)
        } else if follows(sides, &path, &leaf, &substitutes) {
            (Class::Allowed, Some("follows from what may differ: the template is the same".to_owned()))
        } else if by_default && mixed && rules::group(&path) == Group::Other {
            (Class::Allowed, Some("the default of each level, set by neither configuration".to_owned()))
        } else {
            (Class::MustBeTheSame, None)
        };
        let seen = |side: &Configuration, value: Option<Value>| Seen { value, default: None, place: side.base_place(&path) };
        let (a, b) = (seen(sides[0], leaf.a), seen(sides[1], leaf.b));
        found.differences.push(Difference { group: rules::group(&path), path: leaf.path, class, accepted: false, note, a, b });
    }
    found.differences
}

struct Found<'a> {
    sides: Sides<'a>,
    differences: Vec<Difference>,
}

impl Found<'_> {
    fn has(&self, path: &[&str]) -> bool {
        self.differences.iter().any(|difference| difference.path == path)
    }

    /// As the chosen instances see it.
    fn add(&mut self, path: &[&str], class: Class, note: Option<String>, seen: [Seen; 2]) {
        let [a, b] = seen;
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        self.differences.push(Difference { path, class, accepted: false, group: Group::Other, note, a, b });
    }
}

fn is_choice(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(|text| text.starts_with(CHOICE))
}

/// The choices that `--write-b` left open.
fn choices(found: &mut Found<'_>) {
    let sides = found.sides;
    for path in sides.iter().flat_map(|side| side.choices()) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if !found.has(&path) {
            let seen = sides.map(|side| Seen { value: lookup(side.base(), &path).cloned(), default: None, place: side.base_place(&path) });
            found.add(&path, Class::MustDiffer, Some("choice not made".to_owned()), seen);
        }
    }
}

fn must_differ(found: &mut Found<'_>, resolve: &dyn Fn(&Path) -> PathBuf) {
    let sides = found.sides;
    for property in rules::must_differ(sides) {
        let path: Vec<&str> = property.path.iter().map(String::as_str).collect();
        // Already reported, here or at the overlay.
        if found.has(&path) || sides.iter().any(|side| is_choice(side.get(&path))) {
            continue;
        }
        let [default_a, default_b] = &property.defaults;
        let seen = |side: &Configuration, default: &Option<String>| {
            let value = side.get(&path).cloned();
            Seen { default: default.clone().filter(|_| value.is_none()), value, place: side.place(&path) }
        };
        let seen = [seen(sides[0], default_a), seen(sides[1], default_b)];
        match property.collision(sides, resolve) {
            Some(_) if path.last() == Some(&"proclib") => {
                let note = "the name of its started task is the same, too: give zowe.setup.security.stcs.zowe of B another one".to_owned();
                found.add(&path, Class::MustDiffer, Some(note), seen);
            }
            Some(note) => found.add(&path, Class::MustDiffer, note, seen),
            None if seen[0].value != seen[1].value => found.add(&path, Class::Allowed, None, seen),
            None => {}
        }
    }
}

fn user_interfaces(found: &mut Found<'_>) {
    let sides = found.sides;
    for name in rules::USER_INTERFACES {
        // The single-service API ML contains the catalog.
        let active = sides.map(|side| {
            // Without an overlay it is about all instances.
            if side.ha_instance.id.is_empty() && !side.instance_ids().is_empty() && running::instances(side, name).is_empty() {
                return None;
            }
            let within = side.is_suppressed(name).then_some("apiml");
            within.or_else(|| side.is_enabled(name).then_some(name))
        });
        let [Some(a), Some(b)] = active else { continue };
        let path = ["components", name, "enabled"];
        if found.has(&path) {
            continue;
        }
        let seen = |side: &Configuration, by: &str| {
            let path = ["components", by, "enabled"];
            Seen { value: side.get(&path).cloned(), default: None, place: side.place(&path) }
        };
        let within: Vec<&str> = [(a, "A"), (b, "B")].iter().filter(|(by, _)| *by != name).map(|(_, side)| *side).collect();
        let note = (!within.is_empty()).then(|| format!("in {} as a part of components.apiml", within.join(" and ")));
        found.add(&path, Class::TwoUserInterfaces, note, [seen(sides[0], a), seen(sides[1], b)]);
    }
}

/// What may differ as long as A runs beside B, and has to be right before A is replaced too.
fn vanishing(found: &mut Found<'_>) {
    let sides = found.sides;
    // A configuration of one instance alone tells nothing of the others.
    if sides.iter().any(|side| side.instance_ids().is_empty()) {
        return;
    }
    for name in running::nowhere(sides[0], sides[1]) {
        let path = ["components", &name, "enabled"];
        if rules::may_differ(&path) && !found.has(&path) {
            let seen = sides.map(|side| Seen { value: lookup(side.base(), &path).cloned(), default: None, place: side.base_place(&path) });
            found.add(&path, Class::Allowed, Some(running::nowhere_after(sides[0], &name)), seen);
        }
    }
}

/// A leaf that differs.
struct Leaf {
    path: Vec<String>,
    a: Option<Value>,
    b: Option<Value>,
}

fn differing(path: &mut Vec<String>, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Leaf>) {
    if a == b {
        return;
    }
    let mapping = |value: Option<&Value>| value.is_none_or(Value::is_object);
    if !(mapping(a) && mapping(b)) {
        found.push(Leaf { path: path.clone(), a: a.cloned(), b: b.cloned() });
        return;
    }
    let object = |value: Option<&'_ Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (left, right) = (object(a), object(b));
    for key in left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))) {
        path.push(key.clone());
        differing(path, left.get(key), right.get(key), found);
        path.pop();
    }
}

/// Texts of A and B that differ where they may, longest first, because one may be the beginning of another.
fn substitutes(leaves: &[Leaf]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for leaf in leaves {
        let path: Vec<&str> = leaf.path.iter().map(String::as_str).collect();
        if let (true, Some(Value::String(a)), Some(Value::String(b))) = (rules::may_differ(&path), &leaf.a, &leaf.b) {
            if !a.is_empty() && !b.is_empty() {
                pairs.push((a.clone(), b.clone()));
            }
        }
    }
    pairs.sort_by_key(|(a, b)| std::cmp::Reverse(a.len() + b.len()));
    pairs
}

/// True where both sides have the same template and its results differ only by what may differ.
fn follows(sides: Sides<'_>, path: &[&str], leaf: &Leaf, substitutes: &[(String, String)]) -> bool {
    let [a, b] = sides.map(|side| side.template_at(path));
    if a.is_none() || a != b {
        return false;
    }
    let (Some(a), Some(b)) = (&leaf.a, &leaf.b) else { return false };
    neutral(a, substitutes, |(a, _)| a) == neutral(b, substitutes, |(_, b)| b)
}

/// A value in which each text of one side is replaced by its number. A NUL cannot come from the text of a configuration.
fn neutral(value: &Value, substitutes: &[(String, String)], own: fn(&(String, String)) -> &String) -> Value {
    match value {
        Value::String(text) => {
            let replaced =
                substitutes.iter().enumerate().fold(text.clone(), |text, (index, pair)| text.replace(own(pair), &format!("\0{index}\0")));
            Value::String(replaced)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| neutral(item, substitutes, own)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), neutral(value, substitutes, own))).collect()),
        value => value.clone(),
    }
}
