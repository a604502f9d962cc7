//! Properties whose different names become one `ZWE_` variable: only one of their values reaches the components. Pure.

use super::Component;
use crate::config::variables::variable_name;
use crate::config::{Configuration, Location, Problem};
use serde_json::Value;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

type Path = Vec<String>;

/// A warning for each two properties that share a variable.
pub(super) fn problems(configuration: &Configuration, components: &[Component]) -> Vec<Problem> {
    let place = |path: &Path| configuration.place(&path.iter().map(String::as_str).collect::<Vec<_>>());
    // Ids of HA instances that are too much alike are errors already.
    let pairs = shared(configuration.without_instances().value());
    let mut found: Vec<Problem> = pairs.iter().map(|(first, other)| problem((first, place(first)), (other, place(other)))).collect();
    // What has no defaults stands in the configuration, and was looked at.
    for component in components.iter().filter(|component| component.manifest.configs.is_object()) {
        let value = configuration.component_value(&component.name, &component.manifest.configs);
        let below = |path: &Path| [&["components".to_owned(), component.name.clone()], path.as_slice()].concat();
        let is_configured = |path: &Path| configuration.get(&below(path).iter().map(String::as_str).collect::<Vec<_>>()).is_some();
        let place = |path: &Path| {
            if is_configured(path) {
                return place(&below(path));
            }
            component.place(&std::iter::once("configs").chain(path.iter().map(String::as_str)).collect::<Vec<_>>())
        };
        // Those that both stand in the configuration were found above.
        let pairs = shared(&value).into_iter().filter(|(first, other)| !is_configured(first) || !is_configured(other));
        found.extend(pairs.map(|(first, other)| problem((&below(&first), place(&first)), (&below(&other), place(&other)))));
    }
    found
}

fn problem((first, first_place): (&Path, Location), (other, other_place): (&Path, Location)) -> Problem {
    let text = format!(
        "{}: components see it by the same variable as {} ({first_place}), so that one of the two values is lost; rename one of them",
        other.join("."),
        first.join(".")
    );
    Problem::warning(Some(other_place), text).about(&other.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Paths of properties that share a variable, in document order. A path is cut at the step where the two differ, if the names of that step
/// cause it.
fn shared(value: &Value) -> Vec<(Path, Path)> {
    if !may_share(value, &mut String::new(), &mut HashSet::new()) {
        return Vec::new();
    }
    let mut seen: BTreeMap<String, Path> = BTreeMap::new();
    let (mut told, mut found) = (BTreeSet::new(), Vec::new());
    let mut visit = |path: &[String]| {
        let variable: String = path.iter().map(|step| format!("_{}", variable_name(step))).collect();
        let first = match seen.entry(variable) {
            Entry::Vacant(entry) => {
                entry.insert(path.to_vec());
                return;
            }
            Entry::Occupied(entry) => entry.get().clone(),
        };
        let parting = first.iter().zip(path).take_while(|(first, other)| first == other).count();
        let names = |path: &[String]| path.get(parting).map(|step| variable_name(step));
        let length = if names(&first) == names(path) { parting + 1 } else { usize::MAX };
        let cut = |path: &[String]| path.iter().take(length).cloned().collect::<Path>();
        let pair = (cut(&first), cut(path));
        if told.insert(pair.clone()) {
            found.push(pair);
        }
    };
    for (key, value) in value.as_object().into_iter().flatten() {
        walk(value, &mut vec![key.clone()], &mut visit);
    }
    found
}

/// Whether any two properties seem to share a variable: by a hash of its name, so that nothing is kept of those, nearly all, that do not.
fn may_share(value: &Value, name: &mut String, seen: &mut HashSet<u64>) -> bool {
    let length = name.len();
    let mut below = |key: &str, value: &Value, seen: &mut HashSet<u64>| {
        name.push('_');
        name.extend(key.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }));
        let found = may_share(value, name, seen);
        name.truncate(length);
        found
    };
    match value {
        Value::Object(map) => return map.iter().any(|(key, value)| below(key, value, seen)),
        Value::Array(items) if items.iter().enumerate().any(|(index, value)| below(&index.to_string(), value, seen)) => return true,
        _ => {}
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    !seen.insert(hasher.finish())
}

/// Visits what becomes a variable: see [`crate::config::variables::flatten`].
fn walk(value: &Value, path: &mut Path, visit: &mut dyn FnMut(&[String])) {
    let mut below = |key: String, value: &Value, visit: &mut dyn FnMut(&[String])| {
        path.push(key);
        walk(value, path, visit);
        path.pop();
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key.clone(), value, visit)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value, visit));
            visit(path);
        }
        _ => visit(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(value: &Value) -> Vec<String> {
        shared(value).iter().map(|(first, other)| format!("{} {}", first.join("."), other.join("."))).collect()
    }

    #[test]
    fn names_are_told_where_they_part() {
        let two = json!({"my-comp": {"a": 1, "b": {"c": 2}}, "my_comp": {"a": 1, "b": {"c": 3}}});
        assert_eq!(found(&two), ["my-comp my_comp"], "once, whatever is below");
        let ports = json!({"c": {"my-port": 1, "my_port": 2, "my.port": 3}});
        assert_eq!(found(&ports), ["c.my-port c.my_port", "c.my-port c.my.port"]);
        assert_eq!(found(&json!({"a": {"b": 1}, "a_b": 1})), ["a.b a_b"]);
        assert_eq!(found(&json!({"l": [1, {"x": 2}], "l_1_x": 3})), ["l.1.x l_1_x"]);
        assert!(found(&json!({"l": [1, [2]], "L": 1})).is_empty());
    }
}
