//! YAML text to a tree, with the place of every value. Rules: docs/contract/configuration.md, "YAML to values".

pub mod events;
mod explain;

use super::node::{Entry, Node, NodeValue, Place};
use super::secrets::{self, MASK};
use super::typing;
use super::{Location, Problem};
use events::{Broken, Event, Events, Mark, Properties, Style};
use explain::Around;
use std::collections::HashMap;
use std::sync::Arc;

/// Mappings and lists inside one another.
pub const MAXIMUM_DEPTH: usize = 128;
/// Bytes of one source, a hundred times what a large site has.
pub const MAXIMUM_SIZE: usize = 4 * 1024 * 1024;
/// Weight ([`Node::weight`]) of a document with its aliases written out: a hundred times that of a large site, some 200 MB once loaded.
pub const MAXIMUM_WEIGHT: u64 = 1_000_000;
/// Weight of a mapping or list that is used as a key: its text is made anew each time that an alias repeats it.
const MAXIMUM_KEY_WEIGHT: u64 = 100;
/// At most as many problems of one document are listed, and as many warnings.
const MAXIMUM_PROBLEMS: usize = 100;

/// Part of the text of an error about text behind the root, which Zowe's own tools pass over.
pub const NOT_PART_OF_THE_DOCUMENT: &str = "would not be read";

/// The first document of a source.
#[derive(Debug, Clone)]
pub struct Document {
    pub root: Arc<Node>,
    pub warnings: Vec<Problem>,
}

/// Reads the first document of a text. `name` is what positions begin with, `source` what places carry; `${{ }}` is looked for where
/// `templates` is true. Only `---` and `...` end a document: what follows one of them is warned of, anything else after the root is an
/// error.
///
/// # Errors
/// Everything wrong with the document: the first error of syntax, all duplicate keys and all values that cannot be typed before it.
pub fn read(text: &str, name: &str, source: u32, templates: bool) -> Result<Document, Vec<Problem>> {
    if text.len() > MAXIMUM_SIZE {
        return Err(vec![Problem::error(Some(Location::whole(name)), format!("is larger than {} MiB", MAXIMUM_SIZE / 1024 / 1024))]);
    }
    let mut builder = Builder {
        text,
        name,
        source,
        templates,
        marked_lines: lines_that_begin_with_a_mark(text),
        stack: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        weight: 0,
        around: Around::default(),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    builder.run();
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
    Sequence { place: Place, anchor: Option<String>, items: Vec<Arc<Node>> },
    Mapping { place: Place, anchor: Option<String>, entries: Vec<Entry>, index: HashMap<String, usize>, key: Option<(String, Place)> },
}

struct Builder<'a> {
    text: &'a str,
    name: &'a str,
    source: u32,
    templates: bool,
    /// Lines that begin with a byte order mark, which libyaml passes over and takes for an indentation by one.
    marked_lines: Vec<u32>,
    stack: Vec<Frame>,
    /// Complete nodes that have an anchor, and where it stands.
    anchors: HashMap<String, (Arc<Node>, Place)>,
    root: Option<Arc<Node>>,
    /// Of everything read so far, whether it is complete or not.
    weight: u64,
    around: Around,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// The rest of the document cannot be read; the reason is among the problems.
struct Ended;

impl Builder<'_> {
    fn run(&mut self) {
        for event in Events::new(self.text) {
            let (event, span) = match event {
                Ok(event) => event,
                Err(broken) => return self.broken(&broken),
            };
            let place = self.place(span.start);
            match event {
                Event::DocumentStart if self.around.ended.is_some() => {
                    return self.warn(place, "a second YAML document begins here; only the first one is read".into());
                }
                Event::DocumentEnd { explicit } => self.around.ended = Some((span.start, explicit)),
                _ => {}
            }
            if self.event(event, span.start, place).is_err() || self.problems.len() >= MAXIMUM_PROBLEMS {
                return;
            }
        }
    }

    fn broken(&mut self, broken: &Broken) {
        if matches!(self.around.ended, Some((_, true))) {
            let place = self.place(broken.since.unwrap_or(broken.at));
            return self.warn(place, "what follows the '...' is not read: it ends the document".into());
        }
        // The value before it may be the one that is wrong.
        let latest = self.latest();
        let (path, secret) = up_to_secret(if latest.iter().any(|step| secrets::is_secret_name(step)) { latest } else { self.path() });
        let (at, text) = explain::explain(broken, self.text, &Around { secret, ..self.around });
        let place = self.place(at);
        self.problem(place, format!("YAML syntax: {text}"));
        if let Some(problem) = self.problems.last_mut().filter(|_| secret) {
            problem.property = Some(path.join("."));
        }
    }

    /// Keys and indexes from the root to what was read last.
    fn latest(&self) -> Vec<String> {
        let mut path = self.path();
        let mut node = match self.stack.last() {
            Some(Frame::Sequence { items, .. }) => items.last(),
            Some(Frame::Mapping { key: Some(_), .. }) => None,
            Some(Frame::Mapping { entries, .. }) => {
                path.extend(entries.last().map(|entry| entry.key.clone()));
                entries.last().map(|entry| &entry.value)
            }
            None => self.root.as_ref(),
        };
        while let Some(within) = node {
            node = match &within.value {
                NodeValue::Sequence(items) => items.last(),
                NodeValue::Mapping(entries) => {
                    path.extend(entries.last().map(|entry| entry.key.clone()));
                    entries.last().map(|entry| &entry.value)
                }
                _ => None,
            };
        }
        path
    }

    fn place(&self, mark: Mark) -> Place {
        Place { source: self.source, line: mark.line, column: mark.column }
    }

    fn show(&self, place: Place) -> Location {
        Location::new(self.name, place.line, place.column)
    }

    /// Keys and indexes from the root to what is being read.
    fn path(&self) -> Vec<String> {
        let step = |frame: &Frame| match frame {
            Frame::Sequence { items, .. } => Some(items.len().to_string()),
            Frame::Mapping { key, .. } => key.as_ref().map(|(key, _)| key.clone()),
        };
        self.stack.iter().filter_map(step).collect()
    }

    /// True where what is being read is not to be shown.
    fn is_secret(&self) -> bool {
        self.path().iter().any(|step| secrets::is_secret_name(step))
    }

    /// A text of the document for an error, in quotes: its beginning, as it may be as long as its file.
    fn quoted(&self, text: &str) -> String {
        if self.is_secret() || secrets::is_secret_text(text) { MASK.to_string() } else { format!("'{}'", typing::cut(text).escape_debug()) }
    }

    fn problem(&mut self, place: Place, text: String) {
        if self.problems.len() < MAXIMUM_PROBLEMS {
            let problem = Problem::error(Some(self.show(place)), text);
            self.problems.push(self.about(problem));
        }
    }

    fn warn(&mut self, place: Place, text: String) {
        if self.warnings.len() < MAXIMUM_PROBLEMS {
            let problem = Problem::warning(Some(self.show(place)), text);
            self.warnings.push(self.about(problem));
        }
    }

    /// With the property it is about.
    fn about(&self, problem: Problem) -> Problem {
        let (path, _) = up_to_secret(self.path());
        if path.is_empty() { problem } else { problem.about(&path.iter().map(String::as_str).collect::<Vec<_>>()) }
    }

    fn event(&mut self, event: Event, start: Mark, place: Place) -> Result<(), Ended> {
        let begins = matches!(event, Event::Alias(_) | Event::Scalar { .. } | Event::SequenceStart { .. } | Event::MappingStart { .. });
        if begins && self.marked_lines.binary_search(&start.line).is_ok() {
            self.problem(Place { column: 1, ..place }, format!("YAML syntax: {}", explain::BYTE_ORDER_MARK));
            return Err(Ended);
        }
        if begins && self.stack.is_empty() {
            let flow = matches!(event, Event::SequenceStart { flow: true, .. } | Event::MappingStart { flow: true, .. });
            self.around.root = Some((start, flow));
        }
        match event {
            Event::Scalar { text, style, properties } => self.scalar(text, style, properties, place),
            Event::Alias(anchor) => self.alias(&anchor, place),
            Event::SequenceStart { properties, .. } => {
                self.collection_tag(properties.tag.as_deref(), "seq", place);
                self.open(Frame::Sequence { place, anchor: properties.anchor, items: Vec::new() }, place)
            }
            Event::MappingStart { properties, .. } => {
                self.collection_tag(properties.tag.as_deref(), "map", place);
                let (anchor, entries, index) = (properties.anchor, Vec::new(), HashMap::new());
                self.open(Frame::Mapping { place, anchor, entries, index, key: None }, place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::DocumentStart | Event::DocumentEnd { .. } => Ok(()),
        }
    }

    fn alias(&mut self, anchor: &str, place: Place) -> Result<(), Ended> {
        let open = self.stack.iter().any(|frame| match frame {
            Frame::Sequence { anchor: own, .. } | Frame::Mapping { anchor: own, .. } => own.as_deref() == Some(anchor),
        });
        if open {
            self.problem(place, "an alias stands inside the value that it names".into());
            return Err(Ended);
        }
        let Some((node, _)) = self.anchors.get(anchor).cloned() else {
            let name = if self.is_secret() { MASK.to_string() } else { typing::cut(anchor) };
            let text =
                format!("YAML syntax: no anchor &{name} stands before this alias; where *{name} is meant as text, write it in quotes");
            self.problem(place, text);
            return Err(Ended);
        };
        self.grow(node.weight(), place)?;
        self.value(node, None)
    }

    fn collection_tag(&mut self, tag: Option<&str>, expected: &str, place: Place) {
        let Some(tag) = tag else { return };
        if typing::core_tag(tag) != Some(expected) {
            let shown = if self.is_secret() { MASK.to_string() } else { typing::shown_tag(tag) };
            self.problem(place, format!("the tag {shown} is not supported here"));
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

    /// Ends the reading of a document that is too large, before all of it is in memory.
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

    fn scalar(&mut self, text: String, style: Style, properties: Properties, place: Place) -> Result<(), Ended> {
        let Properties { anchor, tag } = properties;
        let plain = style == Style::Plain;
        if self.expects_key() && tag.is_none() {
            if text.is_empty() && plain {
                self.problem(place, "a key is expected before ':'".into());
                return Err(Ended);
            }
            if plain && text == "<<" {
                self.warn(place, "'<<' is an ordinary key, as it is to Zowe: nothing is merged; write out what is meant".into());
            }
            let node = Node::new(place, NodeValue::Text(text));
            self.grow(node.weight(), place)?;
            return self.value(Arc::new(node), anchor);
        }
        if plain && text.is_empty() && anchor.is_some() && tag.is_none() {
            let said = "an anchor with nothing behind it: the value is null; where text is meant that begins with '&', write it in quotes";
            self.warn(place, said.into());
        }
        let holds_template = self.templates && text.contains("${{");
        if style == Style::SingleQuoted && holds_template {
            self.problem(place, "a template ${{ }} stands in single quotes; write it plain or in double quotes".into());
        }
        let block = matches!(style, Style::Literal | Style::Folded);
        if block && holds_template {
            self.warn(place, "${{ in a block scalar is text, no template; write it plain or in double quotes".into());
        }
        let value = match typing::scalar(&text, plain, tag.as_deref()) {
            Ok(NodeValue::Text(text)) if holds_template && tag.is_none() && !block => NodeValue::Template(text),
            Ok(value) => value,
            Err(unfit) => {
                self.problem(place, unfit.words(&self.quoted(&text), self.is_secret()));
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
    fn value(&mut self, node: Arc<Node>, anchor: Option<String>) -> Result<(), Ended> {
        let place = node.place;
        if let Some(anchor) = anchor {
            self.anchor(anchor, &node)?;
        }
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
            let text = format!("the key {} is defined twice{first}", self.quoted(&key));
            self.problem(at, text);
        }
        Ok(())
    }

    /// Takes note of an anchor. To libyaml a name is an anchor's once in a document.
    fn anchor(&mut self, anchor: String, node: &Arc<Node>) -> Result<(), Ended> {
        if let Some((_, first)) = self.anchors.get(&anchor) {
            let name = if self.is_secret() { MASK.to_string() } else { typing::cut(&anchor) };
            let text = format!("YAML syntax: the anchor &{name} is defined twice, first in line {}; rename one of them", first.line);
            self.problem(node.place, text);
            return Err(Ended);
        }
        self.anchors.insert(anchor, (Arc::clone(node), node.place));
        Ok(())
    }
}

/// A path, and whether it leads to a secret; keys below that may be part of it.
fn up_to_secret(mut path: Vec<String>) -> (Vec<String>, bool) {
    let secret = path.iter().position(|step| secrets::is_secret_name(step));
    if let Some(secret) = secret {
        path.truncate(secret + 1);
    }
    (path, secret.is_some())
}

/// Keys are strings: a scalar as it is written, anything else (`{{x}}` is a mapping used as a key) as JSON.
fn key_text(node: &Node) -> String {
    match &node.value {
        NodeValue::Text(text) | NodeValue::Template(text) => text.clone(),
        _ => node.to_value().to_string(),
    }
}

/// A value as text of one line that is read back as it is: JSON, with what YAML refuses or takes for an end of a line escaped.
pub fn written(value: &serde_json::Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        match character {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
    text
}

/// Lines that begin with U+FEFF.
fn lines_that_begin_with_a_mark(text: &str) -> Vec<u32> {
    let (mut lines, mut line) = (Vec::new(), 1u32);
    // The text begins a line.
    let mut previous = '\u{85}';
    if text.contains('\u{feff}') {
        for character in text.chars() {
            if character == '\u{feff}' && events::is_break(previous) {
                lines.push(line);
            }
            if character == '\r' || (character == '\n' && previous != '\r') {
                line = line.saturating_add(1);
            }
            previous = character;
        }
    }
    lines
}
