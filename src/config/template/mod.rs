//! `${{ }}`: JavaScript in a configuration. Rules: docs/contract/configuration.md, "Templates".

pub mod arrows;
#[cfg(feature = "templates")]
pub mod engine;
mod literals;
pub mod scan;
pub mod tokens;

use super::node::{Entry, Node, NodeValue, Place};
use super::secrets;
use super::{Location, Problem};
use crate::platform::Platform;
use scan::Part;
use serde_json::Value;
use std::sync::Arc;

/// A tree in which the templates are replaced by their values, with errors and warnings.
pub struct Evaluation {
    /// Templates that failed are null.
    pub root: Arc<Node>,
    pub errors: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

/// A template and where it stands.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Keys and indexes from the root.
    pub path: Vec<Value>,
    /// The path joined with dots.
    pub name: String,
    pub parts: Vec<Part>,
}

/// The result of one template.
#[derive(Debug, Clone, PartialEq)]
pub enum Evaluated {
    Value(Value),
    /// The value of a block of statements that could be an object as well.
    Block(Value),
    /// The result is no value of a configuration: the word for it (undefined, a function, NaN).
    NoValue(String),
    Failed(String),
    /// Another template, which it refers to, failed; or the time was used up before its turn.
    NotEvaluated,
}

/// In the reason of templates that refer to each other, which holds nothing but names; the prelude says it.
const CIRCLE: &str = "the templates refer to each other in a circle: ";

/// A program without an engine: nothing is evaluated, and every template that is wanted says why.
#[cfg(not(feature = "templates"))]
mod engine {
    use super::{Definition, Evaluated, Platform, Value};

    pub(super) fn evaluate(
        _: &Value,
        definitions: &[Definition],
        wanted: &[usize],
        _: &dyn Platform,
    ) -> Result<Vec<Evaluated>, std::convert::Infallible> {
        let outcome = |index: usize| match wanted.contains(&index) {
            true => Evaluated::Failed("it needs JavaScript, which this program was built without (feature templates)".to_owned()),
            false => Evaluated::NotEvaluated,
        };
        Ok((0..definitions.len()).map(outcome).collect())
    }
}

/// A template of the tree.
struct Found {
    definition: Definition,
    place: Place,
    text: String,
}

/// Evaluates every template of a tree, in document order; templates that one refers to are evaluated before it. `show` gives positions.
pub fn evaluate(root: &Arc<Node>, platform: &dyn Platform, show: &dyn Fn(Place) -> Location) -> Evaluation {
    let mut errors = Vec::new();
    let (found, broken) = collect(root);
    for (place, reason) in broken {
        errors.push(Problem::error(Some(show(place)), format!("template: {reason}")));
    }
    if found.is_empty() {
        return Evaluation { root: Arc::clone(root), errors, warnings: Vec::new() };
    }
    let definitions: Vec<Definition> = found.iter().map(|found| found.definition.clone()).collect();
    let wanted: Vec<usize> = (0..definitions.len()).collect();
    let outcomes = match engine::evaluate(&root.to_value(), &definitions, &wanted, platform) {
        Ok(outcomes) => outcomes,
        Err(why) => {
            errors.push(Problem::error(found.first().map(|found| show(found.place)), why.to_string()));
            return Evaluation { root: Arc::clone(root), errors, warnings: Vec::new() };
        }
    };
    let mut warnings = Vec::new();
    let mut values = Vec::with_capacity(outcomes.len());
    for (outcome, found) in outcomes.into_iter().zip(&found) {
        values.push(match outcome {
            Evaluated::Value(value) => value,
            Evaluated::NotEvaluated => Value::Null,
            Evaluated::Block(value) => {
                let text = format!(
                    "{}: the template {} is a block of statements to JavaScript, as in Zowe, and gives {}; write ({{ ... }}) for a mapping",
                    found.definition.name,
                    shown(found),
                    secrets::show(&[&found.definition.name], &value)
                );
                warnings.push(Problem::warning(Some(show(found.place)), text).about(&[&found.definition.name]));
                value
            }
            Evaluated::NoValue(kind) => {
                let text = format!("{}: the template {} gives {kind}; it is taken as null", found.definition.name, shown(found));
                warnings.push(Problem::warning(Some(show(found.place)), text).about(&[&found.definition.name]));
                Value::Null
            }
            Evaluated::Failed(reason) => {
                let text = format!("{}: the template {} fails: {}", found.definition.name, shown(found), shown_reason(found, &reason));
                errors.push(Problem::error(Some(show(found.place)), text).about(&[&found.definition.name]));
                Value::Null
            }
        });
    }
    let mut values = values.into_iter();
    let root = fill(root, &mut values).unwrap_or_else(|| Arc::clone(root));
    Evaluation { root, errors, warnings }
}

/// The value at a path, evaluated when it is a template and nothing else is; None when there is none, or it fails.
pub fn evaluate_one(root: &Arc<Node>, path: &[&str], platform: &dyn Platform) -> Option<Value> {
    let node = root.at(path)?;
    if !matches!(node.value, NodeValue::Template(_)) {
        return Some(node.to_value());
    }
    let (found, _) = collect(root);
    let definitions: Vec<Definition> = found.into_iter().map(|found| found.definition).collect();
    let name = path.join(".");
    let index = definitions.iter().position(|definition| definition.name == name)?;
    let outcomes = engine::evaluate(&root.to_value(), &definitions, &[index], platform).ok()?;
    match outcomes.into_iter().nth(index)? {
        Evaluated::Value(value) | Evaluated::Block(value) => Some(value),
        _ => None,
    }
}

/// The template as an error shows it: cut, and not at all where it stands for a secret.
fn shown(found: &Found) -> String {
    if secrets::is_secret_name(&found.definition.name) {
        return secrets::MASK.to_string();
    }
    let text = found.text.escape_debug().to_string();
    if text.chars().count() <= 100 { format!("\"{text}\"") } else { format!("\"{}...\"", text.chars().take(100).collect::<String>()) }
}

/// The error of JavaScript about a template, as it may be shown: it quotes names and values of the expression, which may be the secret if
/// the property is one.
fn shown_reason(found: &Found, reason: &str) -> String {
    let kind = reason.split_once(": ").map(|(kind, _)| kind).filter(|kind| kind.ends_with("Error"));
    match kind {
        _ if !secrets::is_secret_name(&found.definition.name) || reason.contains(CIRCLE) => reason.to_string(),
        Some(kind) => format!("{kind}, whose text is not shown"),
        None if reason.starts_with("throws ") => "throws a value that is not shown".to_string(),
        None => reason.to_string(),
    }
}

/// All templates in document order, and those that cannot be split.
fn collect(root: &Node) -> (Vec<Found>, Vec<(Place, String)>) {
    let mut collector = Collector { path: Vec::new(), found: Vec::new(), broken: Vec::new() };
    collector.visit(root);
    (collector.found, collector.broken)
}

struct Collector {
    path: Vec<Value>,
    found: Vec<Found>,
    broken: Vec<(Place, String)>,
}

impl Collector {
    fn visit(&mut self, node: &Node) {
        match &node.value {
            NodeValue::Template(text) => {
                let parts = scan::split(text).unwrap_or_else(|why| {
                    self.broken.push((node.place, why.to_string()));
                    vec![Part::Text(text.clone())]
                });
                let steps: Vec<String> = self.path.iter().map(step_text).collect();
                let definition = Definition { path: self.path.clone(), name: steps.join("."), parts };
                self.found.push(Found { definition, place: node.place, text: text.clone() });
            }
            NodeValue::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.enter(Value::from(index), item);
                }
            }
            NodeValue::Mapping(entries) => {
                for entry in entries {
                    self.enter(Value::from(entry.key.as_str()), &entry.value);
                }
            }
            _ => {}
        }
    }

    fn enter(&mut self, step: Value, node: &Node) {
        self.path.push(step);
        self.visit(node);
        self.path.pop();
    }
}

fn step_text(step: &Value) -> String {
    step.as_str().map_or_else(|| step.to_string(), str::to_string)
}

/// Puts values in the templates' places, in the order of [`collect`]; None where nothing changes.
fn fill(node: &Arc<Node>, values: &mut dyn Iterator<Item = Value>) -> Option<Arc<Node>> {
    match &node.value {
        NodeValue::Template(_) => Some(Arc::new(Node::from_value(node.place, values.next().unwrap_or(Value::Null)))),
        NodeValue::Sequence(items) => {
            let filled: Vec<Option<Arc<Node>>> = items.iter().map(|item| fill(item, values)).collect();
            if filled.iter().all(Option::is_none) {
                return None;
            }
            let items = filled.into_iter().zip(items).map(|(new, old)| new.unwrap_or_else(|| Arc::clone(old))).collect();
            Some(Arc::new(Node::new(node.place, NodeValue::Sequence(items))))
        }
        NodeValue::Mapping(entries) => {
            let filled: Vec<Option<Arc<Node>>> = entries.iter().map(|entry| fill(&entry.value, values)).collect();
            if filled.iter().all(Option::is_none) {
                return None;
            }
            let entry = |(new, old): (Option<Arc<Node>>, &Entry)| Entry {
                key: old.key.clone(),
                place: old.place,
                value: new.unwrap_or_else(|| Arc::clone(&old.value)),
            };
            Some(Arc::new(Node::new(node.place, NodeValue::Mapping(filled.into_iter().zip(entries).map(entry).collect()))))
        }
        _ => None,
    }
}
