//! Sets properties in the text of a YAML file and leaves everything else in it as it is. Pure. It does not try what is hard to set this way
//! (block scalars, aliases): the caller reads the result and sees whether it is what was meant ([`reads_as`]).

use super::node::{Node, NodeValue};
use super::yaml::{
    self,
    events::{Event, Events, Span, Style},
};

/// What is at a path of the text; positions in bytes.
enum What {
    Scalar { start: usize, end: usize, style: Style },
    Mapping { start: usize, flow: bool, empty: bool },
    Other,
}

/// A key of a mapping and its value.
struct Found {
    path: Vec<String>,
    /// Of the key: where it begins and ends, and its column from 0.
    key: (usize, usize, usize),
    what: What,
}

/// An open collection.
enum Frame {
    Mapping { path: Vec<String>, entry: Option<usize>, key: Option<(String, (usize, usize, usize))> },
    Sequence,
}

/// Sets `path` to `value`, a scalar as YAML writes it, and puts `comment`, if given, on a line above it. None where the text cannot be
/// edited this way.
pub fn set(text: &str, path: &[&str], value: &str, comment: Option<&str>) -> Option<String> {
    let (entries, root) = walk(text)?;
    if let Some(found) = entries.iter().find(|entry| entry.path == path) {
        let What::Scalar { start, end, style } = found.what else { return None };
        let edited = match style {
            Style::Literal | Style::Folded => return None,
            _ if start == end => {
                let colon = found.key.1 + text.get(found.key.1..)?.find(':')? + 1;
                insert(text, colon, &format!(" {value}"))?
            }
            _ => replace(text, start, end, value)?,
        };
        return match comment {
            // Above the key, which comes before what was changed.
            Some(comment) => commented(&edited, found.key, comment),
            None => Some(edited),
        };
    }
    add(text, &entries, root, path, value, comment)
}

/// True for a text that reads as a tree.
pub fn reads_as(text: &str, intended: &Node) -> bool {
    yaml::read(text, "", 0, true).is_ok_and(|document| same(&document.root, intended))
}

/// The same values, and the same ones of them are templates.
fn same(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (NodeValue::Mapping(a), NodeValue::Mapping(b)) => {
            a.len() == b.len() && a.iter().all(|entry| right.get(&entry.key).is_some_and(|other| same(&entry.value, other)))
        }
        (NodeValue::Sequence(a), NodeValue::Sequence(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) && left.to_value() == right.to_value(),
    }
}

/// Adds a missing property to the nearest mapping that exists.
fn add(text: &str, entries: &[Found], root: usize, path: &[&str], value: &str, comment: Option<&str>) -> Option<String> {
    let parent = (1..path.len()).rev().find_map(|count| entries.iter().find(|entry| entry.path == path[..count]));
    let Some(parent) = parent else {
        // At the end of the document. What follows an end marker is not read, so the caller will not find it in the result.
        let end = if text.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{text}{end}{}", lines(path, value, comment, root)));
    };
    let rest = path.get(parent.path.len()..)?;
    let below = |column: usize| {
        let end_of_line = text.get(parent.key.1..)?.find('\n');
        let (at, before) = end_of_line.map_or((text.len(), "\n"), |end| (parent.key.1 + end + 1, ""));
        insert(text, at, &format!("{before}{}", lines(rest, value, comment, column)))
    };
    match parent.what {
        What::Mapping { start, flow: true, empty } => {
            let (nested, closing) =
                rest.iter().rev().skip(1).fold((String::new(), String::new()), |(open, close), key| {
                    (format!("{}: {{{open}", written(key)), format!("{close}}}"))
                });
            let property = format!("{nested}{}: {value}{closing}", written(rest.last()?));
            let property = if empty { property } else { format!("{property}, ") };
            insert(text, start + 1, &property)
        }
        What::Mapping { flow: false, .. } => {
            let children = parent.path.len() + 1;
            let first = entries.iter().find(|entry| entry.path.len() == children && entry.path.starts_with(&parent.path))?;
            below(first.key.2)
        }
        What::Scalar { start, end, style: Style::Plain } if start == end => below(parent.key.2 + 2),
        _ => None,
    }
}

/// A property in block style, each step of its path on a line of its own.
fn lines(path: &[&str], value: &str, comment: Option<&str>, column: usize) -> String {
    let mut text = String::new();
    for (index, key) in path.iter().enumerate() {
        let indentation = " ".repeat(column + 2 * index);
        if index + 1 < path.len() {
            text.push_str(&format!("{indentation}{}:\n", written(key)));
            continue;
        }
        if let Some(comment) = comment {
            text.push_str(&format!("{indentation}# {comment}\n"));
        }
        text.push_str(&format!("{indentation}{}: {value}\n", written(key)));
    }
    text
}

/// A key as YAML writes it: in quotes where it could be taken for something else.
pub fn written(key: &str) -> String {
    let plain = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character));
    if plain { key.to_owned() } else { yaml::written(&key.into()) }
}

fn replace(text: &str, start: usize, end: usize, by: &str) -> Option<String> {
    Some(format!("{}{by}{}", text.get(..start)?, text.get(end..)?))
}

fn insert(text: &str, at: usize, new: &str) -> Option<String> {
    replace(text, at, at, new)
}

/// Puts a comment on a line of its own above a key, where the key begins its line.
fn commented(text: &str, (start, _, column): (usize, usize, usize), comment: &str) -> Option<String> {
    match start.checked_sub(column).filter(|line| text.get(*line..start).is_some_and(|before| before.bytes().all(|byte| byte == b' '))) {
        Some(line) => insert(text, line, &format!("{}# {comment}\n", " ".repeat(column))),
        None => Some(text.to_owned()),
    }
}

/// The entries of the first document's mappings, except mappings inside a sequence, and the column of the outermost keys.
fn walk(text: &str) -> Option<(Vec<Found>, usize)> {
    let (mut entries, mut stack) = (Vec::<Found>::new(), Vec::<Frame>::new());
    let mut root = None;
    for event in Events::new(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::MappingStart { flow, .. } => {
                // An anchor or a tag may stand before the bracket.
                let bracket = if flow { text.get(span.start.offset..)?.find('{')? } else { 0 };
                let what = What::Mapping { start: span.start.offset + bracket, flow, empty: true };
                let frame = match value(&mut entries, &mut stack, what) {
                    Some(entry) => {
                        Frame::Mapping { path: entries.get(entry).map(|found| found.path.clone())?, entry: Some(entry), key: None }
                    }
                    None if stack.is_empty() => Frame::Mapping { path: Vec::new(), entry: None, key: None },
                    None => Frame::Sequence,
                };
                stack.push(frame);
            }
            Event::SequenceStart { .. } => {
                value(&mut entries, &mut stack, What::Other);
                stack.push(Frame::Sequence);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                stack.pop();
            }
            Event::Scalar { text, style, properties } => match stack.last_mut() {
                Some(Frame::Mapping { entry, key: key @ None, .. }) => {
                    let column = usize::try_from(span.start.column).ok()?.saturating_sub(1);
                    root = root.or(Some(column));
                    *key = Some((text, (span.start.offset, span.end.offset, column)));
                    if let Some(Found { what: What::Mapping { empty, .. }, .. }) = entry.and_then(|entry| entries.get_mut(entry)) {
                        *empty = false;
                    }
                }
                // A value that others refer to is left as it is.
                _ if properties.anchor.is_some() => {
                    value(&mut entries, &mut stack, What::Other);
                }
                _ => {
                    value(&mut entries, &mut stack, scalar(&span, style));
                }
            },
            Event::Alias(..) => {
                value(&mut entries, &mut stack, What::Other);
            }
            Event::DocumentEnd { .. } => return Some((entries, root.unwrap_or(0))),
            Event::DocumentStart => {}
        }
    }
    None
}

fn scalar(span: &Span, style: Style) -> What {
    What::Scalar { start: span.start.offset, end: span.end.offset, style }
}

/// Records a value: the number of its entry, where it is the value of a key in a mapping that counts.
fn value(entries: &mut Vec<Found>, stack: &mut [Frame], what: What) -> Option<usize> {
    let Some(Frame::Mapping { path, key, .. }) = stack.last_mut() else { return None };
    let (name, place) = key.take()?;
    let path = path.iter().cloned().chain([name]).collect();
    entries.push(Found { path, key: place, what });
    Some(entries.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# head\nzowe: # the whole\n  # where\n  runtimeDirectory: /a b   # kept\n  logDirectory:\n  job: {prefix: Z}\n  \"setup\": {}\n  empty:\ncomponents:\n    x:\n        enabled: true\n";

    fn edited(path: &[&str]) -> String {
        set(TEXT, path, "\"N\"", None).unwrap()
    }

    #[test]
    fn a_value_is_replaced_and_nothing_else() {
        assert_eq!(edited(&["zowe", "runtimeDirectory"]), TEXT.replace("/a b ", "\"N\" "));
        assert_eq!(edited(&["zowe", "logDirectory"]), TEXT.replace("logDirectory:", "logDirectory: \"N\""));
        assert_eq!(edited(&["zowe", "job", "prefix"]), TEXT.replace("prefix: Z", "prefix: \"N\""));
        let text = set(TEXT, &["components", "x", "enabled"], "false", Some("why")).unwrap();
        assert_eq!(text, TEXT.replace("        enabled: true", "        # why\n        enabled: false"));
        let quoted = set("a: 'x: \"''\" # no'\nb: \"y\"\n", &["a"], "1", None).unwrap();
        assert_eq!(quoted, "a: 1\nb: \"y\"\n");
    }

    #[test]
    fn what_is_missing_is_added_to_the_nearest_mapping() {
        assert_eq!(edited(&["zowe", "workspace"]), TEXT.replace("the whole\n", "the whole\n  workspace: \"N\"\n"));
        assert_eq!(edited(&["zowe", "job", "name"]), TEXT.replace("{prefix", "{name: \"N\", prefix"));
        assert_eq!(edited(&["zowe", "setup", "a", "b-c", "1"]), TEXT.replace("{}", "{a: {b-c: {\"1\": \"N\"}}}"));
        assert_eq!(edited(&["zowe", "empty", "a", "b"]), TEXT.replace("empty:\n", "empty:\n    a:\n      b: \"N\"\n"));
        assert_eq!(edited(&["components", "y", "on"]), TEXT.replace("components:\n", "components:\n    y:\n      on: \"N\"\n"));
        assert_eq!(edited(&["new", "one"]), format!("{TEXT}new:\n  one: \"N\"\n"));
        assert_eq!(set("a: {}", &["b"], "1", Some("c")).unwrap(), "a: {}\n# c\nb: 1\n");
        assert_eq!(set("a:", &["a", "b"], "1", None).unwrap(), "a:\n  b: 1\n");
    }

    #[test]
    fn what_is_hard_is_not_tried() {
        for (text, path) in [("a: |\n  x\n", "a"), ("b: &x 1\na: *x\n", "a"), ("a: [1]\n", "a"), ("a: {b: 1}\n", "a"), ("a: [\n", "a")] {
            assert_eq!(set(text, &[path], "1", None), None, "{text}");
        }
    }
}
