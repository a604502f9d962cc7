//! Merging: a list of sources, and the HA overlay. Rules: docs/contract/configuration.md, "Merging a list of sources".

use super::node::{Entry, Node, NodeValue};
use std::collections::HashMap;
use std::sync::Arc;

/// How two arrays are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrays {
    /// Right-most source first: a list of sources.
    Concatenate,
    /// The left one alone: the HA overlay.
    Replace,
}

/// Lays `left` over `right`. Mappings merge key by key, the keys of `right` first; otherwise left wins whole, null included.
pub fn merge(left: &Arc<Node>, right: &Arc<Node>, arrays: Arrays) -> Arc<Node> {
    match (&left.value, &right.value) {
        (NodeValue::Mapping(over), NodeValue::Mapping(base)) => {
            let mut entries: Vec<Entry> = base.clone();
            let index: HashMap<&str, usize> = base.iter().enumerate().map(|(index, entry)| (entry.key.as_str(), index)).collect();
            for entry in over {
                match index.get(entry.key.as_str()).and_then(|index| entries.get_mut(*index)) {
                    Some(existing) => {
                        existing.value = merge(&entry.value, &existing.value, arrays);
                        existing.place = entry.place;
                    }
                    None => entries.push(entry.clone()),
                }
            }
            Arc::new(Node::new(left.place, NodeValue::Mapping(entries)))
        }
        (NodeValue::Sequence(over), NodeValue::Sequence(base)) if arrays == Arrays::Concatenate => {
            Arc::new(Node::new(left.place, NodeValue::Sequence(base.iter().chain(over).cloned().collect())))
        }
        _ => Arc::clone(left),
    }
}

/// Merges a list of sources, left-most first; None for an empty list.
pub fn merge_list(sources: &[Arc<Node>]) -> Option<Arc<Node>> {
    let (last, others) = sources.split_last()?;
    Some(others.iter().rev().fold(Arc::clone(last), |right, left| merge(left, &right, Arrays::Concatenate)))
}
