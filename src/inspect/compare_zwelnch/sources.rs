//! Differences that only the text of the sources shows: templates that ZWELNCH pasted together or evaluated too early, tags that it did not
//! obey.

use crate::config::node::{Entry, Node, NodeValue, Place};
use crate::config::template::scan::{Part, split};
use crate::config::yaml::events::{Event, Events, Style};
use crate::config::{Location, merge, secrets, source_text, template, typing, yaml};
use crate::platform::Platform;
use serde_json::Value;
use std::sync::Arc;

/// Templates of one configuration that are looked at; each is evaluated on its own.
const MAXIMUM_TEMPLATES: usize = 300;

/// A template that had another value under ZWELNCH.
pub(super) struct TemplateDifference {
    pub path: Vec<String>,
    pub place: Location,
    /// As shown to people: secrets are masked.
    pub before: Option<String>,
    pub now: String,
    /// It uses a property that is evaluated after it.
    pub forward: bool,
}

/// A scalar with a tag that ZWELNCH passed over.
pub(super) struct TagDifference {
    pub place: Location,
    pub tag: String,
}

struct Template {
    path: Vec<String>,
    place: Place,
    text: String,
}

/// The templates of the merged sources whose value under ZWELNCH was another one: it pasted expressions and text together with `+` and no
/// parentheses, and evaluated once, in the order of the document.
pub(super) fn templates(names: &[String], platform: &dyn Platform) -> Vec<TemplateDifference> {
    let show = |place: Place| location(names, place);
    let documents: Vec<Arc<Node>> = names.iter().enumerate().filter_map(|(index, name)| document(name, index, platform)).collect();
    let Some(merged) = merge::merge_list(&documents) else { return Vec::new() };
    let mut found = Vec::new();
    collect(&merged, merged.place, &mut Vec::new(), &mut found);
    if found.len() > MAXIMUM_TEMPLATES {
        return Vec::new();
    }
    let evaluated = |root: &Arc<Node>| template::evaluate(root, platform, &show).root;
    let (now, again) = (evaluated(&merged), evaluated(&merged));
    let mut differences = Vec::new();
    for (index, template) in found.iter().enumerate() {
        let steps: Vec<&str> = template.path.iter().map(String::as_str).collect();
        let value = |root: &Arc<Node>| root.at(&steps).map(Node::to_value);
        let ours = value(&now);
        // A value that changes from one evaluation to the next (a clock, for example) is no evidence.
        if ours.is_none() || ours != value(&again) {
            continue;
        }
        let pasted = pasted(&template.text).map(|text| replace(&merged, &template.path, NodeValue::Template(text)));
        let base = pasted.as_ref().unwrap_or(&merged);
        let is_pasted = pasted.as_ref().is_some_and(|root| value(&evaluated(root)) != ours);
        // To ZWELNCH, a property that is evaluated later was an object without properties.
        let early =
            found.iter().skip(index + 1).fold(Arc::clone(base), |root, later| replace(&root, &later.path, NodeValue::Mapping(Vec::new())));
        let evaluation = template::evaluate(&early, platform, &show);
        let failed = evaluation.errors.iter().any(|problem| problem.place.as_ref() == Some(&show(template.place)));
        let before = if failed { None } else { value(&evaluation.root) };
        if before != ours {
            let shown = |value: &Value| secrets::show(&steps, value);
            differences.push(TemplateDifference {
                path: template.path.clone(),
                place: show(template.place),
                before: before.as_ref().map(shown),
                now: ours.as_ref().map(shown).unwrap_or_default(),
                forward: !is_pasted,
            });
        }
    }
    differences
}

/// Scalars that have another value with their tag than without it; ZWELNCH took the latter.
pub(super) fn tags(names: &[String], platform: &dyn Platform) -> Vec<TagDifference> {
    let mut differences = Vec::new();
    for name in names {
        let Some(text) = source_text(name, platform) else { continue };
        for (event, span) in Events::new(&text).map_while(Result::ok) {
            let Event::Scalar { text, style, properties } = event else { continue };
            let Some(tag) = properties.tag else { continue };
            let plain = style == Style::Plain;
            let value = |tag| typing::scalar(&text, plain, tag).ok().map(|value| Node::new(Place::default(), value).to_value());
            if value(Some(&tag)) != value(None) {
                let place = Location::new(name.as_str(), span.start.line, span.start.column);
                differences.push(TagDifference { place, tag: typing::shown_tag(&tag) });
            }
        }
    }
    differences
}

fn document(name: &str, index: usize, platform: &dyn Platform) -> Option<Arc<Node>> {
    let text = source_text(name, platform)?;
    yaml::read(&text, name, u32::try_from(index).ok()?, true).ok().map(|document| document.root)
}

fn location(names: &[String], place: Place) -> Location {
    let name = usize::try_from(place.source).ok().and_then(|source| names.get(source)).map_or("", String::as_str);
    Location::new(name, place.line, place.column)
}

/// All templates in document order, depth first: the order of evaluation.
fn collect(node: &Node, place: Place, path: &mut Vec<String>, found: &mut Vec<Template>) {
    match &node.value {
        NodeValue::Template(text) => found.push(Template { path: path.clone(), place, text: text.clone() }),
        NodeValue::Mapping(entries) => {
            for entry in entries {
                path.push(entry.key.clone());
                collect(&entry.value, entry.value.place, path, found);
                path.pop();
            }
        }
        NodeValue::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                collect(item, item.place, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The one expression that ZWELNCH made of a scalar with text or several expressions in it; None for a single expression.
fn pasted(text: &str) -> Option<String> {
    let parts = split(text).ok()?;
    if parts.len() < 2 {
        return None;
    }
    let part = |part: &Part| match part {
        Part::Text(text) => Value::String(text.clone()).to_string(),
        Part::Expression(expression) => expression.clone(),
    };
    Some(format!("${{{{ {} }}}}", parts.iter().map(part).collect::<Vec<_>>().join(" + ")))
}

/// The tree with another value at a path.
fn replace(root: &Arc<Node>, path: &[String], value: NodeValue) -> Arc<Node> {
    let Some((step, rest)) = path.split_first() else { return Arc::new(Node::new(root.place, value)) };
    let changed = match &root.value {
        NodeValue::Mapping(entries) => {
            let change = |entry: &Entry| match &entry.key == step {
                true => Entry { value: replace(&entry.value, rest, value.clone()), ..entry.clone() },
                false => entry.clone(),
            };
            NodeValue::Mapping(entries.iter().map(change).collect())
        }
        NodeValue::Sequence(items) => {
            let change = |(index, item): (usize, &Arc<Node>)| match index.to_string() == *step {
                true => replace(item, rest, value.clone()),
                false => Arc::clone(item),
            };
            NodeValue::Sequence(items.iter().enumerate().map(change).collect())
        }
        other => other.clone(),
    };
    Arc::new(Node::new(root.place, changed))
}
