//! Choices that a person has yet to make in a configuration written by `zwelnch ha compare --write-b`.

use super::node::{Node, NodeValue};
use super::{Configuration, Problem, load};

/// The prefix of a text that stands for a choice that is not made.
pub const CHOICE: &str = "CHOOSE:";

impl Configuration {
    /// Paths of the choices that are not made, in document order, without an overlay: as the sources have them, so that a template which
    /// only repeats a choice is none.
    pub fn choices(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        collect(&self.raw_tree, &mut Vec::new(), &mut found);
        found
    }
}

/// Each choice that is not made is an error: nothing can run on it.
pub(super) fn problems(configuration: &Configuration) -> Vec<Problem> {
    configuration.of_all.choices.get_or_init(|| find(configuration)).clone()
}

fn find(configuration: &Configuration) -> Vec<Problem> {
    let problem = |path: Vec<String>| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let place = load::show(&configuration.names, configuration.raw_tree.place_of(&path));
        let text = format!("{}: a choice is not made; put the value in place of the text that begins {CHOICE}", path.join("."));
        Problem::error(Some(place), text).about(&path)
    };
    configuration.choices().into_iter().map(problem).collect()
}

fn collect(node: &Node, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match &node.value {
        NodeValue::Text(text) if text.starts_with(CHOICE) => found.push(path.clone()),
        NodeValue::Mapping(entries) => {
            for entry in entries {
                path.push(entry.key.clone());
                collect(&entry.value, path, found);
                path.pop();
            }
        }
        NodeValue::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                collect(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}
