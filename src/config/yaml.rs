//! YAML text to a tree, with the place of every value. Rules: reference/configuration.md, "YAML to values".

use super::node::{Entry, Node, NodeValue, Place};
use super::typing;
use super::{Location, Problem};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// Mappings and lists inside one another; saphyr itself ends at 255 for flow style.
pub const MAXIMUM_DEPTH: usize = 128;
/// Bytes of one source, a hundred times what a large site has. The parser holds a flow collection that could be a key (all of a JSON file)
/// as tokens until it ends, some 250 bytes for each byte: 50 MB on one line took 12 GB.
pub const MAXIMUM_SIZE: usize = 4 * 1024 * 1024;
/// Weight ([`Node::weight`]) of a document with its aliases written out: a hundred times that of a large site, some 200 MB once loaded.
pub const MAXIMUM_WEIGHT: u64 = 1_000_000;
/// Weight of a mapping or list that is used as a key: its text is made anew each time that an alias repeats it.
const MAXIMUM_KEY_WEIGHT: u64 = 100;
/// Problems of one document that are listed; the next ones tell nothing new.
const MAXIMUM_PROBLEMS: usize = 100;

/// The first document of a source.
#[derive(Debug, Clone)]
pub struct Document {
    pub root: Arc<Node>,
    pub warnings: Vec<Problem>,
}

/// Reads the first document of a text. `name` is what positions begin with, `source` what places carry; `${{ }}` is looked for where
/// `templates` is true.
///
/// # Errors
/// Everything wrong with the document: the first error of syntax, all duplicate keys and all values that cannot be typed before it.
pub fn read(text: &str, name: &str, source: u32, templates: bool) -> Result<Document, Vec<Problem>> {
    if text.len() > MAXIMUM_SIZE {
        return Err(vec![Problem::error(Some(Location::whole(name)), format!("is larger than {} MiB", MAXIMUM_SIZE / 1024 / 1024))]);
    }
    let mut builder = Builder {
        name,
        source,
        templates,
        stack: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        weight: 0,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    builder.run(text);
    let Builder { root, problems, warnings, .. } = builder;
    match root {
        Some(root) if problems.is_empty() => Ok(Document { root, warnings }),
        None if problems.is_empty() => {
            Err(vec![Problem::error(Some(Location::new(name, 1, 1)), "holds no YAML document; at least one key is expected".into())])
        }
        _ => Err(problems),
    }
}

/// A collection that is being read.
enum Frame {
    Sequence { place: Place, anchor: usize, items: Vec<Arc<Node>> },
    Mapping { place: Place, anchor: usize, entries: Vec<Entry>, index: HashMap<String, usize>, key: Option<(String, Place)> },
}

struct Builder<'a> {
    name: &'a str,
    source: u32,
    templates: bool,
    stack: Vec<Frame>,
    /// Complete nodes that have an anchor.
    anchors: HashMap<usize, Arc<Node>>,
    root: Option<Arc<Node>>,
    /// Of everything read so far, whether it is complete or not.
    weight: u64,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// The document cannot be read on; the reason stands among the problems.
struct Ended;

impl Builder<'_> {
    fn run(&mut self, text: &str) {
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0usize;
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    // What follows the first document is not read, broken or not.
                    if self.root.is_none() {
                        let place = self.place(*error.marker());
                        self.problem(place, format!("YAML syntax: {}", error.info()));
                    }
                    return;
                }
            };
            let place = self.place(span.start);
            if let Event::DocumentStart(_) = event {
                documents += 1;
                if documents > 1 {
                    let text = "a second YAML document begins here; only the first one is read".to_string();
                    self.warnings.push(Problem::warning(Some(self.show(place)), text));
                    return;
                }
            }
            if self.event(event, place).is_err() || self.problems.len() >= MAXIMUM_PROBLEMS {
                return;
            }
        }
    }

    fn place(&self, marker: Marker) -> Place {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Place { source: self.source, line: number(marker.line().max(1)), column: number(marker.col().saturating_add(1)) }
    }

    fn show(&self, place: Place) -> Location {
        Location::new(self.name, place.line, place.column)
    }

    fn problem(&mut self, place: Place, text: String) {
        if self.problems.len() < MAXIMUM_PROBLEMS {
            let place = self.show(place);
            self.problems.push(Problem::error(Some(place), text));
        }
    }

    fn event(&mut self, event: Event<'_>, place: Place) -> Result<(), Ended> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), place),
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => {
                    self.grow(node.weight(), place)?;
                    self.value(node, 0)
                }
                None => {
                    self.problem(place, "an alias stands inside the value that it names".into());
                    Err(Ended)
                }
            },
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", place);
                self.open(Frame::Sequence { place, anchor, items: Vec::new() }, place)
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", place);
                self.open(Frame::Mapping { place, anchor, entries: Vec::new(), index: HashMap::new(), key: None }, place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, expected: &str, place: Place) {
        let Some(tag) = tag else { return };
        if !(tag.is_yaml_core_schema() && tag.suffix == expected) {
            self.problem(place, format!("the tag {} is not supported here", typing::cut(&tag.to_string())));
        }
    }

    fn open(&mut self, frame: Frame, place: Place) -> Result<(), Ended> {
        if self.stack.len() >= MAXIMUM_DEPTH {
            self.problem(place, format!("mappings and lists are nested more than {MAXIMUM_DEPTH} deep"));
            return Err(Ended);
        }
        self.stack.push(frame);
        self.grow(1, place)
    }

    /// Ends a document that is too large before all of it is held.
    fn grow(&mut self, weight: u64, place: Place) -> Result<(), Ended> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight > MAXIMUM_WEIGHT {
            self.problem(place, "the document is too large with its aliases written out".into());
            return Err(Ended);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Ended> {
        let (node, anchor) = match self.stack.pop() {
            Some(Frame::Sequence { place, anchor, items, .. }) => (Node::new(place, NodeValue::Sequence(items)), anchor),
            Some(Frame::Mapping { place, anchor, entries, .. }) => (Node::new(place, NodeValue::Mapping(entries)), anchor),
            None => return Ok(()),
        };
        self.value(Arc::new(node), anchor)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, place: Place) -> Result<(), Ended> {
        if self.expects_key() && tag.is_none() {
            if text.is_empty() && style == ScalarStyle::Plain {
                self.problem(place, "a key is expected before ':'".into());
                return Err(Ended);
            }
            let node = Node::new(place, NodeValue::Text(text.to_string()));
            self.grow(node.weight(), place)?;
            return self.value(Arc::new(node), anchor);
        }
        if style == ScalarStyle::SingleQuoted && self.templates && text.contains("${{") {
            self.problem(place, "a template ${{ }} stands in single quotes; write it plain or in double quotes".into());
        }
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if block && self.templates && text.contains("${{") {
            let text = "${{ in a block scalar is text, no template; write it plain or in double quotes".to_string();
            self.warnings.push(Problem::warning(Some(self.show(place)), text));
        }
        let value = match typing::scalar(text, style == ScalarStyle::Plain, tag) {
            Ok(NodeValue::Text(text)) if self.templates && tag.is_none() && text.contains("${{") && !block => NodeValue::Template(text),
            Ok(value) => value,
            Err(reason) => {
                self.problem(place, reason);
                NodeValue::Null
            }
        };
        let node = Node::new(place, value);
        self.grow(node.weight(), place)?;
        self.value(Arc::new(node), anchor)
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Mapping { key: None, .. }))
    }

    /// A complete value: the root, an element, a key or the value of a key.
    fn value(&mut self, node: Arc<Node>, anchor: usize) -> Result<(), Ended> {
        if anchor > 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        let place = node.place;
        let mut duplicate = None;
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping { entries, index, key, .. }) => match key.take() {
                None if node.weight() > MAXIMUM_KEY_WEIGHT && !matches!(node.value, NodeValue::Text(_)) => {
                    self.problem(place, "a mapping or list that is used as a key is too large".into());
                    return Err(Ended);
                }
                None => *key = Some((key_text(&node), place)),
                Some((text, at)) => match index.get(&text) {
                    Some(first) => duplicate = Some((text, at, entries.get(*first).map(|entry| entry.place))),
                    None => {
                        index.insert(text.clone(), entries.len());
                        entries.push(Entry { key: text, place: at, value: node });
                    }
                },
            },
        }
        if let Some((key, at, first)) = duplicate {
            let first = first.map(|place| format!(", first in line {}", place.line)).unwrap_or_default();
            self.problem(at, format!("the key '{}' is defined twice{first}", typing::cut(&key).escape_debug()));
        }
        Ok(())
    }
}

/// Keys are strings: a scalar as it is written, anything else (`{{x}}` is a mapping used as a key) as JSON.
fn key_text(node: &Node) -> String {
    match &node.value {
        NodeValue::Text(text) | NodeValue::Template(text) => text.clone(),
        _ => node.to_value().to_string(),
    }
}
