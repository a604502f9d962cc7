//! The HA overlay: `haInstances.<id>` laid over the configuration. Rules: docs/contract/configuration.md, "The HA overlay".

use super::merge::{Arrays, merge};
use super::node::{Entry, Node, NodeValue, Place};
use super::source::normalize_id;
use std::collections::{HashMap, hash_map};
use std::sync::Arc;

/// Keys of an HA instance that do not become top-level ones.
const OWN_KEYS: [&str; 2] = ["hostname", "sysname"];

/// What an HA instance id finds.
#[derive(Debug)]
pub enum Found {
    /// The overlay as written, and its key.
    Overlay { key: String, node: Arc<Node> },
    /// There is no `haInstances` to look in.
    NoInstances,
    /// `haInstances` has other ids only.
    Unknown { defined: Vec<String>, nearest: Option<String> },
}

/// The overlays of a configuration by their ids.
#[derive(Debug, Default)]
pub struct Index {
    /// In the order of the configuration.
    entries: Vec<(String, Arc<Node>)>,
    by_id: HashMap<String, usize>,
    /// Ids that are the same without regard to case: (later key, its place, earlier key).
    pub ambiguous: Vec<(String, Place, String)>,
}

impl Index {
    /// Of `haInstances`.
    pub fn new(root: &Node) -> Index {
        let mut index = Index::default();
        for entry in instances(root) {
            match index.by_id.entry(normalize_id(&entry.key)) {
                hash_map::Entry::Occupied(first) => {
                    let first = index.entries.get(*first.get()).map(|(key, _)| key.clone()).unwrap_or_default();
                    index.ambiguous.push((entry.key.clone(), entry.place, first));
                }
                hash_map::Entry::Vacant(place) => {
                    place.insert(index.entries.len());
                }
            }
            index.entries.push((entry.key.clone(), Arc::clone(&entry.value)));
        }
        index
    }

    /// Looks for an id (already normalized).
    pub fn find(&self, id: &str) -> Found {
        if self.entries.is_empty() {
            return Found::NoInstances;
        }
        if let Some((key, node)) = self.by_id.get(id).and_then(|position| self.entries.get(*position)) {
            return Found::Overlay { key: key.clone(), node: Arc::clone(node) };
        }
        let defined: Vec<String> = self.entries.iter().map(|(key, _)| key.clone()).collect();
        Found::Unknown { nearest: nearest(id, &defined), defined }
    }
}

/// The name that is most like another one, when it is like enough to be meant.
pub fn nearest(name: &str, known: &[String]) -> Option<String> {
    let name = name.to_lowercase();
    let length = name.chars().count();
    let most = |candidate: &String| 1 + candidate.chars().count() / 3;
    known
        .iter()
        // Of thousands of names most are too long or too short to be meant: that is seen at once.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= most(candidate))
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= most(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.clone())
}

/// Lays an overlay over the whole configuration; arrays are replaced.
pub fn apply(root: &Arc<Node>, overlay: &Node) -> Arc<Node> {
    let NodeValue::Mapping(entries) = &overlay.value else { return Arc::clone(root) };
    let kept: Vec<Entry> = entries.iter().filter(|entry| !OWN_KEYS.contains(&entry.key.as_str())).cloned().collect();
    merge(&Arc::new(Node::new(overlay.place, NodeValue::Mapping(kept))), root, Arrays::Replace)
}

fn instances(root: &Node) -> &[Entry] {
    match root.get("haInstances").map(|node| &node.value) {
        Some(NodeValue::Mapping(entries)) => entries,
        _ => &[],
    }
}
