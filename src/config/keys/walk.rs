//! Misspelt keys that no schema refuses: in the sections of Zowe that allow other keys, and in components.

use super::hints::Keys;
use super::names::{self, Others, Part};
use super::{COMPONENTS, ComponentKeys, Walked, documented, near, schema_of};
use crate::config::node::{Entry, Node, NodeValue};
use crate::config::schema::Root;
use crate::config::{Configuration, Problem, load, schema};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// Places that are left out: names that the user chooses; settings, which [`crate::config::settings`] reports; overlays, which are laid
/// over the rest.
const PASSED_OVER: &[&str] = &["zowe.environments", "zowe.launchScript", "zowe.launcher", "components.launcher", "haInstances"];

impl Configuration {
    /// Keys of the user's sources that no schema, no component, no default of a manifest and no setting knows: warnings, with what was
    /// meant. In sections of Zowe all of them; where the user chooses the names, only those that resemble a known key, or stand where they
    /// cannot be meant. Keys that a schema refuses are not reported again. `components`: the installed ones.
    pub fn unread_keys(&self, components: &[ComponentKeys<'_>]) -> Vec<Problem> {
        let schemas = schema::of(self);
        let own: Vec<_> = components.iter().map(|component| schemas.component(&component.schemas)).collect();
        let configs: Vec<Value> = components.iter().map(|component| schema_of(component.configs)).collect();
        let defaults = self.default_keys();
        let mut all: Vec<&Value> = vec![documented(), &defaults];
        let roots = own.iter().map(|component| component.root()).chain([schemas.root()]);
        // The schemas of components share those of the runtime.
        let mut seen = std::collections::HashSet::new();
        all.extend(
            roots.flatten().flat_map(|(documents, _)| documents.all()).filter(|document| seen.insert(std::ptr::from_ref(*document))),
        );
        all.extend(&configs);
        let parts = configs.iter().zip(own.iter().map(|own| own.root()));
        let of_components = components.iter().map(|component| component.name.to_owned()).zip(parts).collect();
        let mut walk = Walk {
            configuration: self,
            keys: Keys::new(schemas.root(), &defaults, components.iter().map(|component| component.name.to_owned())),
            everywhere: OnceCell::new(),
            documents: &all,
            has_schema: schemas.root().is_some(),
            of_components,
            before: schemas.walked(components),
            problems: Vec::new(),
        };
        let (ruled, known) = (walk.keys.ruled.clone(), walk.keys.known.clone());
        walk.mapping(&self.tree, &mut Vec::new(), &ruled, &known);
        let Walk { problems, before, .. } = walk;
        schemas.keep_walked(components, before);
        problems
    }

    /// The keys that the runtime's own defaults set, in the form of a schema.
    pub(in crate::config) fn default_keys(&self) -> Value {
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        schema_of(&only(&self.base_tree, source).unwrap_or_default())
    }
}

/// The leaves that one source set.
fn only(node: &Node, source: u32) -> Option<Value> {
    let NodeValue::Mapping(entries) = &node.value else { return None };
    let of = |entry: &Entry| match &entry.value.value {
        // There are no defaults below it, and it may be large.
        _ if entry.key == "haInstances" => None,
        NodeValue::Mapping(_) => only(&entry.value, source).map(|value| (entry.key.clone(), value)),
        _ => (entry.place.source == source).then(|| (entry.key.clone(), Value::Null)),
    };
    let map: serde_json::Map<String, Value> = entries.iter().filter_map(of).collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

struct Walk<'a> {
    configuration: &'a Configuration,
    keys: Keys<'a>,
    /// Every key that any schema, manifest or document names anywhere.
    everywhere: OnceCell<BTreeSet<&'a str>>,
    documents: &'a [&'a Value],
    /// The runtime has a schema of configurations.
    has_schema: bool,
    /// The installed ones, by name: the defaults of its manifest, and its schema.
    of_components: BTreeMap<String, (&'a Value, Option<Root<'a>>)>,
    /// Results for parts of the configuration without an overlay, by the address of the part, which lives as long as the configuration.
    before: Walked,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    /// The address of a section or a component that the overlay does not change: it is examined once for all HA instances.
    fn shared_part(&self, node: &Node, path: &[String]) -> Option<usize> {
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_part = matches!(steps.as_slice(), ["components", _]) || (steps.len() == 1 && steps != ["components"]);
        let of_base = || self.configuration.base_tree.at(&steps).is_some_and(|base| std::ptr::eq(base, node));
        (is_part && of_base()).then(|| std::ptr::from_ref(node).addr())
    }

    fn mapping(&mut self, node: &Node, path: &mut Vec<String>, ruled: &[Part<'a>], known: &[Part<'a>]) {
        let NodeValue::Mapping(entries) = &node.value else { return };
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_launcher = steps.first() == Some(&"components") && steps.len() == 3 && steps.last() == Some(&"launcher");
        if PASSED_OVER.contains(&steps.join(".").as_str()) || is_launcher {
            return;
        }
        let names = Keys::names(ruled, known);
        let refused = names::others(ruled) == Others::Refused;
        for entry in entries {
            if refused && !names::keys(ruled).contains(&entry.key.as_str()) {
                // The schema refuses it, so nothing below it is reported.
                continue;
            }
            if !names.contains(&entry.key.as_str()) && self.is_of_user(entry) {
                let steps: Vec<&str> = path.iter().map(String::as_str).collect();
                if let Some(what) = self.unknown(&steps, entry, entries, &names, ruled) {
                    let steps: Vec<&str> = steps.into_iter().chain([entry.key.as_str()]).collect();
                    let place = load::show(&self.configuration.names, entry.place);
                    let text = format!("{}: {what}", steps.join("."));
                    self.problems.push(Problem::warning(Some(place), text).about(&steps));
                }
            }
            path.push(entry.key.clone());
            let part = self.shared_part(&entry.value, path);
            if let Some(found) = part.and_then(|part| self.before.get(&part)) {
                self.problems.extend(found.iter().cloned());
                path.pop();
                continue;
            }
            let (mut ruled, mut known) = (names::step(ruled, &entry.key), names::step(known, &entry.key));
            if path.len() == 2 && path.first().is_some_and(|section| section == "components") {
                self.component(&entry.key, &mut ruled, &mut known);
            }
            let earlier = self.problems.len();
            self.mapping(&entry.value, path, &ruled, &known);
            if let Some(part) = part {
                let found = self.problems.get(earlier..).unwrap_or_default().to_vec();
                self.before.insert(part, found);
            }
            path.pop();
        }
    }

    /// Adds the keys that a component's own schema and its manifest name.
    fn component(&self, name: &str, ruled: &mut Vec<Part<'a>>, known: &mut Vec<Part<'a>>) {
        let Some((configs, schema)) = self.of_components.get(name) else { return };
        known.extend(names::plain(configs));
        let schema = schema.clone().map(names::whole).unwrap_or_default();
        let components = names::step(&schema, "components");
        let own = names::step(&components, name);
        if self.configuration.is_enabled(name) {
            ruled.extend(own);
        } else {
            // Its schema is not asked while it is not in play, and `enabeld: true` may be why it is not.
            known.extend(own);
        }
        let named = names::keys(&components);
        if !named.contains(&name) {
            // The schemas of API ML write gateway-service where they mean gateway.
            named.iter().for_each(|other| known.extend(names::step(&components, other)));
        }
    }

    fn is_of_user(&self, entry: &Entry) -> bool {
        usize::try_from(entry.place.source).is_ok_and(|source| source < self.configuration.sources.len())
    }

    /// The warning about a key that is not named at its place; None if it may be the user's own.
    fn unknown(&self, parent: &[&str], entry: &Entry, beside: &[Entry], names: &[&str], ruled: &[Part<'a>]) -> Option<String> {
        let others = names::others(ruled);
        let key = entry.key.as_str();
        match parent {
            ["components"] => self.unknown_component(entry, beside),
            ["components", _, ..] => {
                let everywhere = self.everywhere.get_or_init(|| names::everywhere(self.documents.iter().copied()));
                let own = everywhere.contains(key) && !["components", "haInstances", "zOSMF"].contains(&key);
                let slip = || near::meant_among_own(key, names.iter().copied()).map(|name| format!("did you mean {name}?"));
                let hint = if own { None } else { self.keys.misplaced(parent, key).or_else(slip) };
                hint.map(|hint| format!("no schema and no component knows this key; {hint}"))
            }
            _ if others == Others::Tolerated && self.has_schema => {
                let path: Vec<String> = parent.iter().chain([&key]).map(|step| (*step).to_owned()).collect();
                let hint = Some(self.keys.hint(&path, &[])).filter(|hint| !hint.is_empty());
                let hint = hint.unwrap_or_else(|| format!("; known here: {}", names.join(", ")));
                Some(format!("no schema knows this key, and nothing is known to read it{hint}"))
            }
            _ => {
                let slip = || near::meant_among_own(key, names.iter().copied()).map(|name| format!("did you mean {name}?"));
                let hint = self.keys.misplaced(parent, key).or_else(|| self.keys.of_zowe(parent, key)).or_else(slip);
                hint.map(|hint| format!("nothing is known to read this key; {hint}"))
            }
        }
    }

    /// The warning about a key of `components` that is the name of no component. An enabled one is reported by the search for components.
    fn unknown_component(&self, entry: &Entry, beside: &[Entry]) -> Option<String> {
        let name = entry.key.as_str();
        let is_known = |name: &str| self.of_components.contains_key(name) || COMPONENTS.contains(&name);
        if is_known(name) {
            return None;
        }
        if let Some(hint) = self.keys.misplaced(&["components"], name) {
            return Some(format!("is no component; {hint}"));
        }
        let is_set = |other: &str| beside.iter().any(|entry| entry.key == other && self.is_of_user(entry));
        let candidates = self.of_components.keys().map(String::as_str).chain(COMPONENTS.iter().copied()).filter(|other| !is_set(other));
        let meant = near::meant_among_own(name, candidates).filter(|_| !self.configuration.is_enabled(name))?;
        Some(format!("no component of this name is installed; did you mean {meant}?"))
    }
}
