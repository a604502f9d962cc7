//! A tree whose values have their places, and the same as JSON, which is made when it is first asked for.

use super::lookup;
use super::node::{Node, NodeValue};
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// See the module; copies share everything.
#[derive(Debug, Clone)]
pub(super) struct View {
    root: Arc<Node>,
    /// What stands at the top, by its key. An overlay changes few of them, and all HA instances share the others: haInstances itself grows
    /// with their number.
    sections: Arc<[Section]>,
    value: Arc<OnceLock<Value>>,
}

#[derive(Debug, Clone)]
struct Section {
    key: String,
    node: Arc<Node>,
    value: Arc<OnceLock<Value>>,
}

impl View {
    pub(super) fn new(root: Arc<Node>) -> View {
        View::sharing(root, &[])
    }

    /// A tree that was made from another one.
    pub(super) fn beside(other: &View, root: Arc<Node>) -> View {
        if Arc::ptr_eq(&other.root, &root) { other.clone() } else { View::sharing(root, &other.sections) }
    }

    fn sharing(root: Arc<Node>, others: &[Section]) -> View {
        let entries = if let NodeValue::Mapping(entries) = &root.value { entries.as_slice() } else { &[] };
        let shared = |node: &Arc<Node>| others.iter().find(|other| Arc::ptr_eq(&other.node, node)).map(|other| Arc::clone(&other.value));
        let sections = entries.iter().map(|entry| Section {
            key: entry.key.clone(),
            node: Arc::clone(&entry.value),
            value: shared(&entry.value).unwrap_or_default(),
        });
        View { sections: sections.collect(), root, value: Arc::default() }
    }

    pub(super) fn value(&self) -> &Value {
        self.value.get_or_init(|| self.root.to_value())
    }

    pub(super) fn get(&self, path: &[&str]) -> Option<&Value> {
        let Some((key, below)) = path.split_first() else { return Some(self.value()) };
        let section = self.sections.iter().find(|section| section.key == *key)?;
        lookup(section.value.get_or_init(|| section.node.to_value()), below)
    }

    /// Whether both have the very same section of this name.
    pub(super) fn shares(&self, other: &View, key: &str) -> bool {
        let of = |view: &View| view.sections.iter().find(|section| section.key == key).map(|section| Arc::as_ptr(&section.node));
        of(self).is_some() && of(self) == of(other)
    }
}

impl std::ops::Deref for View {
    type Target = Arc<Node>;

    fn deref(&self) -> &Arc<Node> {
        &self.root
    }
}
