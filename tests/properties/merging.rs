//! Merging a list of sources, and the overlay: the laws that follow from the wording of the reference.

use crate::{object, sources, values};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use zwelnch::config::merge::{Arrays, merge, merge_list};
use zwelnch::config::node::{Node, Place};
use zwelnch::config::overlay;

fn node(value: &Value, source: u32) -> Arc<Node> {
    Arc::new(Node::from_value(Place { source, line: 1, column: 1 }, value.clone()))
}

/// As text, because two mappings with their keys in another order are equal as values.
fn shown(node: &Node) -> String {
    node.to_value().to_string()
}

/// Values in which a key tells the kind of its value, so that two sources never disagree about it: `m` mappings, `l` lists, `s` scalars.
fn agreeing() -> impl Strategy<Value = Value> {
    let scalars = || prop::collection::vec(("s[1-3]", any::<u8>().prop_map(Value::from)), 0..3);
    let lists = || prop::collection::vec(("l[1-3]", prop::collection::vec(any::<u8>(), 0..3).prop_map(|items| json!(items))), 0..3);
    let leaf = (scalars(), lists()).prop_map(|(scalars, lists)| object([scalars, lists].concat()));
    leaf.prop_recursive(3, 20, 3, move |inner| {
        (scalars(), prop::collection::vec(("m[1-3]", inner), 0..3), lists())
            .prop_map(|(scalars, mappings, lists)| object([scalars, mappings, lists].concat()))
            .boxed()
    })
}

/// Every leaf (an empty mapping and a list too) with its path.
fn leaf_paths(value: &Value) -> Vec<(Vec<String>, Value)> {
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .flat_map(|(key, value)| {
                leaf_paths(value).into_iter().map(move |(path, leaf)| ([vec![key.clone()], path].concat(), leaf)).collect::<Vec<_>>()
            })
            .collect(),
        leaf => vec![(Vec::new(), leaf.clone())],
    }
}

fn steps(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

proptest! {
    #[test]
    fn sources_that_agree_on_kinds_may_be_grouped_either_way(a in agreeing(), b in agreeing(), c in agreeing()) {
        let [a, b, c] = [node(&a, 0), node(&b, 1), node(&c, 2)];
        for arrays in [Arrays::Concatenate, Arrays::Replace] {
            let from_left = merge(&merge(&a, &b, arrays), &c, arrays);
            let from_right = merge(&a, &merge(&b, &c, arrays), arrays);
            prop_assert_eq!(shown(&from_left), shown(&from_right));
        }
        let from_left = merge(&merge(&a, &b, Arrays::Concatenate), &c, Arrays::Concatenate);
        prop_assert_eq!(merge_list(&[a, b, c]).map(|merged| shown(&merged)), Some(shown(&from_left)));
    }

    #[test]
    fn an_empty_source_on_either_side_changes_nothing(value in sources()) {
        let (value, empty) = (node(&value, 0), node(&json!({}), 1));
        for arrays in [Arrays::Concatenate, Arrays::Replace] {
            prop_assert_eq!(shown(&merge(&value, &empty, arrays)), shown(&value));
            prop_assert_eq!(shown(&merge(&empty, &value, arrays)), shown(&value));
        }
    }

    #[test]
    fn laying_the_same_over_itself_changes_nothing_where_lists_are_replaced(value in sources()) {
        let value = node(&value, 0);
        prop_assert_eq!(shown(&merge(&value, &value, Arrays::Replace)), shown(&value));
    }

    #[test]
    fn every_leaf_of_the_left_one_is_there_and_says_that_it_comes_from_there(left in sources(), right in sources()) {
        let merged = merge(&node(&left, 7), &node(&right, 8), Arrays::Replace);
        for (path, leaf) in leaf_paths(&left) {
            let path = steps(&path);
            let found = merged.at(&path).unwrap();
            // An empty mapping adds nothing to one that is there.
            if leaf != json!({}) {
                prop_assert_eq!(found.to_value(), leaf);
                prop_assert_eq!(merged.place_of(&path).source, 7);
            }
        }
    }

    #[test]
    fn a_leaf_of_the_right_one_stays_unless_the_left_one_says_otherwise_on_its_path(left in sources(), right in sources()) {
        let left_node = node(&left, 7);
        let merged = merge(&left_node, &node(&right, 8), Arrays::Replace);
        for (path, leaf) in leaf_paths(&right) {
            let path = steps(&path);
            // Nothing on the left at the path itself, and only mappings above it.
            let untouched = left_node.at(&path).is_none()
                && (0..path.len()).all(|length| left_node.at(&path[..length]).is_none_or(Node::is_mapping));
            if untouched && !path.is_empty() {
                prop_assert_eq!(merged.at(&path).map(Node::to_value), Some(leaf));
                prop_assert_eq!(merged.place_of(&path).source, 8);
            }
        }
    }

    #[test]
    fn lists_hold_the_elements_of_all_sources_right_most_first(lists in prop::collection::vec(prop::collection::vec(values(), 0..4), 1..5)) {
        let nodes: Vec<Arc<Node>> = lists.iter().zip(0..).map(|(list, source)| node(&json!({ "l": list }), source)).collect();
        let expected: Vec<Value> = lists.iter().rev().flatten().cloned().collect();
        prop_assert_eq!(merge_list(&nodes).unwrap().to_value(), json!({ "l": expected }));
    }

    #[test]
    fn weight_is_that_of_the_written_out_tree(left in sources(), right in sources()) {
        // The bound on expanded aliases relies on the sum that merging keeps.
        let merged = merge(&node(&left, 0), &node(&right, 1), Arrays::Concatenate);
        prop_assert_eq!(merged.weight(), node(&merged.to_value(), 0).weight());
    }

    #[test]
    fn the_overlay_wins_and_keeps_its_own_two_keys_to_itself(base in sources(), over in sources()) {
        let mut overlay = over.clone();
        overlay["hostname"] = json!("host");
        overlay["sysname"] = json!("SYS1");
        let applied = overlay::apply(&node(&base, 0), &node(&overlay, 1));
        prop_assert_eq!(shown(&applied), shown(&merge(&node(&over, 1), &node(&base, 0), Arrays::Replace)));
    }
}

#[test]
fn a_scalar_between_two_mappings_is_why_lists_are_merged_from_the_right() {
    let [a, b, c] = [json!({"k": {"a": 1}}), json!({"k": null}), json!({"k": {"c": 1}})];
    let merged = merge_list(&[node(&a, 0), node(&b, 1), node(&c, 2)]).unwrap();
    assert_eq!(merged.to_value(), a);
}
