//! Errors of libyaml in words for people who edit configurations: which line is wrong, and what to do about it.

use super::NOT_PART_OF_THE_DOCUMENT;
use super::events::{Broken, Mark, is_break};

pub(super) const BYTE_ORDER_MARK: &str =
    "a byte order mark (U+FEFF, which editors do not show) stands at the beginning of this line; delete it";

/// What surrounds an error.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    /// Where the root begins, and whether it is in flow style (JSON).
    pub root: Option<(Mark, bool)>,
    /// Where the document ended, and whether by `...`.
    pub ended: Option<(Mark, bool)>,
    /// The place is within a value that is not to be shown.
    pub secret: bool,
}

/// Where and how to correct the error.
pub(super) fn explain(broken: &Broken, text: &str, around: &Around) -> (Mark, String) {
    let here = broken.at;
    let since = broken.since.unwrap_or(here);
    let line = line_at(text, here.offset);
    let character = text.get(here.offset..).and_then(|rest| rest.chars().next());
    let at = |text: &str| (here, text.to_owned());
    if line.starts_with('\u{feff}') {
        return (Mark { column: 1, ..here }, BYTE_ORDER_MARK.to_owned());
    }
    if broken.context.contains("directive") || broken.problem.contains("directive") {
        return (since, directive(broken));
    }
    match broken.problem.as_str() {
        "found a tab character that violates indentation" | "found a tab character where an indentation space is expected" => at(TAB),
        "found character that cannot start any token" if character == Some('\t') => at(TAB),
        "found character that cannot start any token" => {
            let what = match character {
                Some(character) if !around.secret => format!("'{}'", character.escape_debug()),
                _ => "this character".to_owned(),
            };
            (here, format!("{what} cannot begin a key or value; where text is meant, write it in quotes"))
        }
        "did not find expected alphabetic or numeric character" => match broken.context.as_str() {
            "while scanning an alias" => {
                (since, "'*' begins an alias of YAML; where text is meant, such as \"*.example.com\", write it in quotes".to_owned())
            }
            _ => (since, "'&' begins an anchor of YAML; where text is meant, write it in quotes".to_owned()),
        },
        "mapping values are not allowed in this context" => stray_colon(text, here),
        "could not find expected ':'" => (since, no_colon(text, since).to_owned()),
        "did not find expected ',' or ']'" => unclosed(text, here, since, ']', '['),
        "did not find expected ',' or '}'" => unclosed(text, here, since, '}', '{'),
        "did not find expected key" if character == Some(':') => at("a key is expected before ':'"),
        "did not find expected key" => match unspaced_above(text, here).filter(|_| is_first(text, here)) {
            Some(colon) => (colon, NO_BLANK.to_owned()),
            None => (here, out_of_place(text, here, since, "a key", "the keys of the mapping")),
        },
        "did not find expected '-' indicator" => (here, out_of_place(text, here, since, "'- '", "the elements of the list")),
        "did not find expected node content" => match character {
            Some(character) if !around.secret && !is_break(character) => {
                (here, format!("a value is expected here, not '{}'", character.escape_debug()))
            }
            _ => at("a value is expected here"),
        },
        "found unexpected end of stream" => (since, "the quote that opens here is not closed".to_owned()),
        "found unexpected document indicator" => {
            (here, format!("the quote that opens in line {} is not closed before this line, which ends the document", since.line))
        }
        "found unknown escape character" => {
            at("'\\' and this character are no escape in double quotes; double the '\\', or write the value in single quotes")
        }
        "did not find expected hexadecimal number" | "found invalid Unicode character escape code" => at(
            "behind '\\x', '\\u' or '\\U' in double quotes, 2, 4 or 8 hexadecimal digits of a character are expected; for a '\\' write '\\\\'",
        ),
        "found unexpected ':'" => at("a blank is missing after this ':'; where it is part of a text, write the text in quotes"),
        "block sequence entries are not allowed in this context" => {
            at("an element of a list ('- ') cannot begin here; put it in a line of its own")
        }
        "mapping keys are not allowed in this context" => {
            at("'? ' cannot begin a key here; put it in a line of its own, or write the text in quotes")
        }
        "control characters are not allowed" => {
            let code = character.map_or(0, u32::from);
            (here, format!("the control character U+{code:04X} stands here; delete it, or write it as \"\\u{code:04X}\" in double quotes"))
        }
        "found an indentation indicator equal to 0" | "did not find expected comment or line break" => at(
            "behind '|' or '>' only '+' or '-', a digit from 1 to 9 and a comment may follow in the line; where text is meant that begins \
            so, write it in quotes",
        ),
        "found incompatible YAML document" => (here, "only YAML 1.1 and 1.2 can be read".to_owned()),
        "did not find expected <document start>" => (here, after_the_document(text, here, around)),
        _ if broken.context.contains("a tag") || broken.problem.contains("tag") => {
            (since, "'!' begins a tag of YAML, and this is none; where text is meant, write it in quotes".to_owned())
        }
        other if broken.context.is_empty() => at(other),
        other => (here, format!("{}: {other}", broken.context)),
    }
}

const TAB: &str = "a tab stands where the line is indented; indent it with blanks";

/// The line that a position is in, without its end.
fn line_at(text: &str, offset: usize) -> &str {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let begin = line_start(text, before.len());
    let end = after.find(is_break).map_or(text.len(), |end| offset + end);
    text.get(begin..end).unwrap_or_default()
}

/// The offset at which a position's line begins.
fn line_start(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.rfind(is_break).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))
}

/// True for nothing but blanks before a position in its line.
fn is_first(text: &str, mark: Mark) -> bool {
    text.get(line_start(text, mark.offset)..mark.offset).is_some_and(|before| before.trim_matches([' ', '\t']).is_empty())
}

/// The position of a column of the same line.
fn within(mark: Mark, start: usize, text: &str, bytes: usize) -> Mark {
    let characters = text.get(start..start + bytes).map_or(0, |before| before.chars().count());
    Mark { offset: start + bytes, line: mark.line, column: u32::try_from(characters + 1).unwrap_or(u32::MAX) }
}

fn directive(broken: &Broken) -> String {
    match broken.problem.as_str() {
        "found duplicate %YAML directive" | "found duplicate %TAG directive" => "this directive stands here twice; delete one".to_owned(),
        _ => "a line that begins with '%' is a directive of YAML, and this is none; delete the '%', or make the line a comment with '#'"
            .to_owned(),
    }
}

/// A colon that no key stands before: what is wrong is often in the line before.
fn stray_colon(text: &str, here: Mark) -> (Mark, String) {
    let start = line_start(text, here.offset);
    let before = text.get(start..here.offset).unwrap_or_default();
    if before.contains(": ") {
        return (here, "a second ':' with a blank behind it stands in this line; write the value in quotes".to_owned());
    }
    let generic = (here, "a key cannot stand here; see how this line is indented, and whether the one before it is complete".to_owned());
    let Some((above, mark)) = line_before(text, start, here) else { return generic };
    if let Some(colon) = unspaced_above(text, here) {
        return (colon, NO_BLANK.to_owned());
    }
    let content = above.trim_start_matches([' ', '-']);
    let indentation = |line: &str| line.chars().take_while(|character| *character == ' ').count();
    if content.contains(": ") && indentation(before) > indentation(above) {
        let text = format!("this line is indented deeper than line {}, whose key has a value already; indent the two alike", mark.line);
        return (here, text);
    }
    if !content.contains(':') && content.split_whitespace().count() == 1 {
        let bytes = above.len() - content.len();
        return (within(mark, mark.offset, text, bytes), NO_COLON.to_owned());
    }
    generic
}

const NO_BLANK: &str = "a blank is missing after this ':'";
const NO_COLON: &str = "a ':' is expected after this key";

/// What is wrong with a line that should have been `key: value`.
fn no_colon(text: &str, key: Mark) -> &'static str {
    let line = text.get(key.offset..).and_then(|rest| rest.split(is_break).next()).unwrap_or_default();
    if unspaced_colon(line).is_some() { "a blank is missing after the ':' of this line" } else { NO_COLON }
}

/// The colon of `key:value` in the line above.
fn unspaced_above(text: &str, here: Mark) -> Option<Mark> {
    let (above, mark) = line_before(text, line_start(text, here.offset), here)?;
    let content = above.trim_start_matches([' ', '-']);
    let bytes = above.len() - content.len() + unspaced_colon(content)?;
    Some(within(mark, mark.offset, text, bytes))
}

/// Where a line has `key:value`.
fn unspaced_colon(content: &str) -> Option<usize> {
    let (key, rest) = content.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|character| character.is_alphanumeric() || "_-.$".contains(character));
    (is_key && rest.starts_with(|next: char| !next.is_whitespace() && !is_break(next))).then_some(key.len())
}

/// The nearest line above that is neither empty nor a comment, and where it begins.
fn line_before(text: &str, start: usize, here: Mark) -> Option<(&str, Mark)> {
    let (mut end, mut line) = (start, here.line);
    // At most a hundred lines: nobody looks further.
    for _ in 0..100 {
        let begin = line_start(text, end.checked_sub(1)?);
        let content = text.get(begin..end)?.trim_end();
        line = line.saturating_sub(1);
        if !content.trim_start().is_empty() && !content.trim_start().starts_with('#') {
            return Some((content, Mark { offset: begin, line, column: 1 }));
        }
        end = begin;
    }
    None
}

/// A flow collection that does not go on.
fn unclosed(text: &str, here: Mark, since: Mark, close: char, open: char) -> (Mark, String) {
    if text.get(here.offset..).is_none_or(|rest| rest.trim().is_empty()) {
        return (since, format!("the '{open}' is not closed: '{close}' is expected before the end"));
    }
    let line = if here.line == since.line { String::new() } else { format!(" of line {}", since.line) };
    (here, format!("',' or '{close}' is expected here: the '{open}'{line} is not closed"))
}

/// A line that fits no collection, or text behind a value.
fn out_of_place(text: &str, here: Mark, since: Mark, expected: &str, what: &str) -> String {
    if is_first(text, here) && here.column != since.column {
        let (line, column) = (since.line, since.column);
        return format!(
            "this line begins in column {}, but {what} that begins in line {line} stand in column {column}; indent it like them",
            here.column
        );
    }
    format!("{expected} is expected here; see whether the value before is complete, and in quotes where it needs them")
}

fn after_the_document(text: &str, here: Mark, around: &Around) -> String {
    let why = match around.root {
        Some((root, false)) if is_first(text, here) && here.column < root.column => {
            let (line, column) = (root.line, root.column);
            format!(
                "it begins in column {}, but the first key, in line {line}, in column {column}; indent all top-level keys alike",
                here.column
            )
        }
        Some((root, true)) => {
            format!(
                "the bracket that opens the file's content in line {} is closed before it; see whether one is closed too early",
                root.line
            )
        }
        _ => "see how it is indented; only '---' or '...' may end what comes before".to_owned(),
    };
    format!("this line and what follows it {NOT_PART_OF_THE_DOCUMENT}: {why}")
}
