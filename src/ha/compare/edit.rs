//! Setting properties in the text of a YAML file, with everything else of it left as it is. Pure. What is hard to set so (block scalars,
//! aliases) is not tried; whoever calls reads the result and sees whether it is what was meant.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// What stands at a path of the text; positions in characters.
enum What {
    Scalar { start: usize, end: usize, style: ScalarStyle },
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

/// Sets `path` to `value`, which is a scalar as YAML writes it, and puts a comment line above it where there is one. None where the text does
/// not lend itself to it.
pub(super) fn set(text: &str, path: &[&str], value: &str, comment: Option<&str>) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let (entries, root) = walk(text, &characters)?;
    if let Some(found) = entries.iter().find(|entry| entry.path == path) {
        let What::Scalar { start, end, style } = found.what else { return None };
        let edited = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => return None,
            _ if start == end => {
                let colon = found.key.1 + characters.get(found.key.1..)?.iter().position(|character| *character == ':')? + 1;
                insert(&characters, colon, &format!(" {value}"))
            }
            _ => replace(&characters, start, end, value),
        };
        return match comment {
            // Above the key, which comes before what was changed.
            Some(comment) => commented(&edited, found.key, comment),
            None => Some(edited.into_iter().collect()),
        };
    }
    add(&characters, &entries, root, path, value, comment)
}

/// Adds a property that is not there to the nearest mapping that is.
fn add(characters: &[char], entries: &[Found], root: usize, path: &[&str], value: &str, comment: Option<&str>) -> Option<String> {
    let parent = (1..path.len()).rev().find_map(|count| entries.iter().find(|entry| entry.path == path[..count]));
    let Some(parent) = parent else {
        // At the end of the document; what follows an end marker is not read, and then not found by whoever reads the result.
        let mut text: String = characters.iter().collect();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        return Some(text + &lines(path, value, comment, root));
    };
    let rest = path.get(parent.path.len()..)?;
    let below = |column: usize| {
        let end_of_line = characters.get(parent.key.1..)?.iter().position(|character| *character == '\n');
        let (at, before) = end_of_line.map_or((characters.len(), "\n"), |end| (parent.key.1 + end + 1, ""));
        Some(insert(characters, at, &format!("{before}{}", lines(rest, value, comment, column))).into_iter().collect())
    };
    match parent.what {
        What::Mapping { start, flow: true, empty } => {
            let (nested, closing) =
                rest.iter().rev().skip(1).fold((String::new(), String::new()), |(open, close), key| {
                    (format!("{}: {{{open}", written(key)), format!("{close}}}"))
                });
            let property = format!("{nested}{}: {value}{closing}", written(rest.last()?));
            let text = if empty { property } else { format!("{property}, ") };
            Some(insert(characters, start + 1, &text).into_iter().collect())
        }
        What::Mapping { flow: false, .. } => {
            let children = parent.path.len() + 1;
            let first = entries.iter().find(|entry| entry.path.len() == children && entry.path.starts_with(&parent.path))?;
            below(first.key.2)
        }
        What::Scalar { start, end, style: ScalarStyle::Plain } if start == end => below(parent.key.2 + 2),
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

/// A key as YAML has it: in quotes where it could be taken for something else.
pub(super) fn written(key: &str) -> String {
    let plain = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character));
    if plain { key.to_owned() } else { serde_json::Value::from(key).to_string() }
}

fn replace(characters: &[char], start: usize, end: usize, text: &str) -> Vec<char> {
    let (before, after) = (characters.iter().take(start), characters.iter().skip(end));
    before.copied().chain(text.chars()).chain(after.copied()).collect()
}

fn insert(characters: &[char], at: usize, text: &str) -> Vec<char> {
    replace(characters, at, at, text)
}

/// With a comment on a line of its own above a key, where the key begins its line.
fn commented(characters: &[char], (start, _, column): (usize, usize, usize), comment: &str) -> Option<String> {
    let line = start.checked_sub(column)?;
    let blank = characters.get(line..start)?.iter().all(|character| *character == ' ');
    let text = if blank { insert(characters, line, &format!("{}# {comment}\n", " ".repeat(column))) } else { characters.to_vec() };
    Some(text.into_iter().collect())
}

/// The entries of the first document's mappings that no sequence holds, and the column of the outermost keys.
fn walk(text: &str, characters: &[char]) -> Option<(Vec<Found>, usize)> {
    let (mut entries, mut stack) = (Vec::<Found>::new(), Vec::<Frame>::new());
    let (mut parser, mut root) = (Parser::new_from_str(text), None);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.ok()?;
        match event {
            Event::MappingStart(..) => {
                let flow = characters.get(span.start.index()) == Some(&'{');
                let what = What::Mapping { start: span.start.index(), flow, empty: true };
                let frame = match value(&mut entries, &mut stack, what) {
                    Some(entry) => {
                        Frame::Mapping { path: entries.get(entry).map(|found| found.path.clone())?, entry: Some(entry), key: None }
                    }
                    None if stack.is_empty() => Frame::Mapping { path: Vec::new(), entry: None, key: None },
                    None => Frame::Sequence,
                };
                stack.push(frame);
            }
            Event::SequenceStart(..) => {
                value(&mut entries, &mut stack, What::Other);
                stack.push(Frame::Sequence);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                stack.pop();
            }
            Event::Scalar(text, style, ..) => match stack.last_mut() {
                Some(Frame::Mapping { entry, key: key @ None, .. }) => {
                    root = root.or(Some(span.start.col()));
                    *key = Some((text.to_string(), (span.start.index(), span.end.index(), span.start.col())));
                    if let Some(Found { what: What::Mapping { empty, .. }, .. }) = entry.and_then(|entry| entries.get_mut(entry)) {
                        *empty = false;
                    }
                }
                _ => {
                    value(&mut entries, &mut stack, scalar(characters, &span, style));
                }
            },
            Event::Alias(..) => {
                value(&mut entries, &mut stack, What::Other);
            }
            Event::DocumentEnd => return Some((entries, root.unwrap_or(0))),
            _ => {}
        }
    }
    None
}

/// A plain scalar's span may take in the blanks after it.
fn scalar(characters: &[char], span: &Span, style: ScalarStyle) -> What {
    let start = span.start.index();
    let mut end = span.end.index().min(characters.len()).max(start);
    while style == ScalarStyle::Plain && end > start && characters.get(end - 1).is_some_and(|character| character.is_whitespace()) {
        end -= 1;
    }
    What::Scalar { start, end, style }
}

/// Takes note of a value: the number of its entry, where it is the value of a key of a mapping that counts.
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
