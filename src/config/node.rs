//! The tree that is read from YAML: every value with the place that set it.

use serde_json::{Map, Number, Value};
use std::sync::Arc;

/// Where a value was set: source by its index, line and column from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub source: u32,
    pub line: u32,
    pub column: u32,
}

/// A value and its place. Aliases share nodes.
#[derive(Debug, Clone)]
pub struct Node {
    pub place: Place,
    pub value: NodeValue,
    /// How much the node is when aliases are written out: one for each value, and one for every 32 bytes of text.
    weight: u64,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub enum NodeValue {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// A scalar that holds `${{`, not yet evaluated.
    Template(String),
    Sequence(Vec<Arc<Node>>),
    /// In document order; keys are unique.
    Mapping(Vec<Entry>),
}

/// A key of a mapping, its place and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub place: Place,
    pub value: Arc<Node>,
}

impl Entry {
    /// Its value stands on a line of its own and looks like a key and a value without the blank between them: what is to be said of it is
    /// said of that line.
    fn lacks_blank(&self) -> bool {
        let NodeValue::Text(text) = &self.value.value else { return false };
        self.value.place.source == self.place.source && self.value.place.line > self.place.line && missing_blank(text).is_some()
    }
}

/// The key of a text like `enabled:true`, which somebody meant as a key and its value.
pub fn missing_blank(text: &str) -> Option<&str> {
    let (key, value) = text.split_once(':')?;
    let is_key = key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character));
    (is_key && !value.is_empty() && !value.starts_with([' ', ':', '/', '\\'])).then_some(key)
}

impl Node {
    /// A node with its weight computed.
    pub fn new(place: Place, value: NodeValue) -> Self {
        let text = |text: &str| 1 + (text.len() / 32) as u64;
        let weight = match &value {
            NodeValue::Text(content) | NodeValue::Template(content) => text(content),
            NodeValue::Sequence(items) => items.iter().fold(1u64, |sum, item| sum.saturating_add(item.weight)),
            NodeValue::Mapping(entries) => {
                entries.iter().fold(1u64, |sum, entry| sum.saturating_add(entry.value.weight).saturating_add(text(&entry.key)))
            }
            _ => 1,
        };
        Node { place, value, weight }
    }

    /// How much of a document it is: itself, what is below it, and more for long texts.
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// The value of a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Arc<Node>> {
        match &self.value {
            NodeValue::Mapping(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The value at a path of keys and indexes.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| node.step(step))
    }

    fn step(&self, step: &str) -> Option<&Node> {
        match &self.value {
            NodeValue::Mapping(_) => self.get(step).map(Arc::as_ref),
            NodeValue::Sequence(items) => items.get(step.parse::<usize>().ok()?).map(Arc::as_ref),
            _ => None,
        }
    }

    /// The tree with a value set at a path of keys; missing mappings on the way are made. Everything else keeps its places.
    pub fn with(self: &Arc<Self>, path: &[&str], value: &Arc<Node>) -> Arc<Node> {
        let Some((key, rest)) = path.split_first() else { return Arc::clone(value) };
        let mut entries = match &self.value {
            NodeValue::Mapping(entries) => entries.clone(),
            _ => Vec::new(),
        };
        match entries.iter_mut().find(|entry| entry.key == *key) {
            Some(entry) => {
                entry.value = entry.value.with(rest, value);
                if rest.is_empty() {
                    entry.place = value.place;
                }
            }
            None => {
                let none = Arc::new(Node::new(value.place, NodeValue::Null));
                entries.push(Entry { key: (*key).to_owned(), place: value.place, value: none.with(rest, value) });
            }
        }
        Arc::new(Node::new(self.place, NodeValue::Mapping(entries)))
    }

    /// The place of what a path names: of the key where the last step is one, of the nearest parent that exists otherwise.
    pub fn place_of(&self, path: &[&str]) -> Place {
        let mut node = self;
        let mut place = self.place;
        for step in path {
            if let NodeValue::Mapping(entries) = &node.value {
                let Some(entry) = entries.iter().find(|entry| entry.key == *step) else { return place };
                place = if entry.lacks_blank() { entry.value.place } else { entry.place };
                node = &entry.value;
            } else {
                let Some(next) = node.step(step) else { return place };
                place = next.place;
                node = next;
            }
        }
        place
    }

    /// Whether it holds keys.
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, NodeValue::Mapping(_))
    }

    /// As JSON; a template that was not evaluated is its text.
    pub fn to_value(&self) -> Value {
        #[cfg(test)]
        super::testing::work(1);
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Boolean(value) => Value::Bool(*value),
            NodeValue::Integer(value) => Value::Number((*value).into()),
            NodeValue::Float(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
            NodeValue::Text(text) | NodeValue::Template(text) => Value::String(text.clone()),
            NodeValue::Sequence(items) => Value::Array(items.iter().map(|item| item.to_value()).collect()),
            NodeValue::Mapping(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect::<Map<_, _>>())
            }
        }
    }

    /// The tree of a template's result (JSON); every value has the place of the template.
    pub fn from_value(place: Place, value: Value) -> Self {
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(value) => NodeValue::Boolean(value),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => NodeValue::Integer(integer),
                None => NodeValue::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => NodeValue::Text(text),
            Value::Array(items) => NodeValue::Sequence(items.into_iter().map(|item| Arc::new(Node::from_value(place, item))).collect()),
            Value::Object(map) => NodeValue::Mapping(
                map.into_iter().map(|(key, value)| Entry { key, place, value: Arc::new(Node::from_value(place, value)) }).collect(),
            ),
        };
        Node::new(place, value)
    }
}
