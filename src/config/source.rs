//! The CONFIG value and the HA instance id. Rules: docs/contract/configuration.md, "Where it comes from".

use super::{HaInstance, Source};
use crate::platform::Platform;
use std::fmt;
use std::path::PathBuf;

/// Why a CONFIG value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing but blanks: ZWEL0026E.
    #[error("CONFIG is empty; give the path of zowe.yaml or a list of FILE(path) and PARMLIB(dsn(member)) joined with ':'")]
    Empty,
    /// A PARMLIB entry without a member name: ZWEL0068E.
    #[error("'{entry}' in CONFIG names no member; write PARMLIB(data.set(member))")]
    MemberMissing { entry: String },
    /// Anything else that is not the syntax of the list.
    #[error("CONFIG, character {column}: {reason}")]
    Syntax {
        /// From 1, in characters of the value.
        column: usize,
        reason: String,
    },
}

/// As ZWEL0023I shows it: `FILE(path)` or `PARMLIB(data.set(member))`.
impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => write!(formatter, "FILE({})", path.display()),
            Source::Member { data_set, member } => write!(formatter, "PARMLIB({data_set}({member}))"),
        }
    }
}

impl Source {
    /// As error positions show it: the path, or `data.set(member)`.
    pub fn name(&self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Member { data_set, member } => format!("{data_set}({member})"),
        }
    }
}

/// The list as ZWEL0023I shows it, joined with `:`.
pub fn display_sources(sources: &[Source]) -> String {
    sources.iter().map(Source::to_string).collect::<Vec<_>>().join(":")
}

/// The same, except that a single relative path without `FILE(` is shown as it was given.
pub fn display_given(config: &str, sources: &[Source]) -> String {
    let given = config.trim_end();
    match sources {
        [Source::File(path)] if path.is_relative() && path.as_os_str() == given => given.to_owned(),
        sources => display_sources(sources),
    }
}

/// Reads a CONFIG value, left-most source first. Trailing blanks are dropped: STDENV lines are padded. A value that begins with
/// neither `FILE(` nor `PARMLIB(` is one path; a path in a list may hold `:` only inside `FILE(...)`.
///
/// # Errors
/// See [`SourceError`].
pub fn parse_sources(config: &str) -> Result<Vec<Source>, SourceError> {
    let text = config.trim_end_matches([' ', '\t', '\r', '\n', '\0']);
    if text.trim_start().is_empty() {
        return Err(SourceError::Empty);
    }
    if text.starts_with('/') {
        return Ok(vec![Source::File(PathBuf::from(text))]);
    }
    let mut sources = Vec::new();
    let mut rest = text;
    loop {
        let column = text[..text.len() - rest.len()].chars().count() + 1;
        let (source, after) = entry(rest, column)?;
        sources.push(source);
        if after.is_empty() {
            return Ok(sources);
        }
        let Some(next) = after.strip_prefix(':') else {
            let column = text[..text.len() - after.len()].chars().count() + 1;
            return Err(SourceError::Syntax { column, reason: "':' or the end of the list is expected here".into() });
        };
        rest = next;
    }
}

/// One entry of the list and what follows it.
fn entry(text: &str, column: usize) -> Result<(Source, &str), SourceError> {
    if let Some(after) = strip_keyword(text, "FILE(") {
        let Some(end) = closing(after) else {
            return Err(SourceError::Syntax { column, reason: "the ')' that ends FILE( is missing".into() });
        };
        let path = &after[..end];
        if path.trim().is_empty() {
            return Err(SourceError::Syntax { column, reason: "FILE() names no file".into() });
        }
        return Ok((Source::File(PathBuf::from(path)), &after[end + 1..]));
    }
    if let Some(after) = strip_keyword(text, "PARMLIB(") {
        return member(text, after, column);
    }
    let end = text.find(':').unwrap_or(text.len());
    let path = &text[..end];
    if path.trim().is_empty() {
        return Err(SourceError::Syntax { column, reason: "an entry of the list is empty".into() });
    }
    if let Some((keyword, written)) = misspelt(path) {
        let example = if keyword == "FILE" { "FILE(/path)" } else { "PARMLIB(data.set(member))" };
        let reason = format!("'{}' is neither FILE( nor PARMLIB(; did you mean {example}?", written.escape_debug());
        return Err(SourceError::Syntax { column, reason });
    }
    Ok((Source::File(PathBuf::from(path)), &text[end..]))
}

/// The keyword that an entry begins with in another spelling, and what is written there; None if the entry may be a path.
fn misspelt(entry: &str) -> Option<(&'static str, &str)> {
    const KEYWORDS: [(&str, usize); 2] = [("FILE", 2), ("PARMLIB", 3)];
    let end = entry.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(entry.len());
    let (word, rest) = entry.split_at_checked(end)?;
    let upper = word.to_ascii_uppercase();
    if let Some((keyword, _)) = KEYWORDS.iter().find(|(keyword, _)| upper == *keyword) {
        // FILE=/a, FILE (/a), FILE:/a; but file.yaml and file/a are paths.
        let at = rest.chars().next().map_or(0, char::len_utf8);
        let is_path = rest.starts_with(['.', '/', '-', '_']);
        return (!is_path).then_some((*keyword, entry.get(..end + at)?));
    }
    let inner = rest.strip_prefix('(').filter(|inner| inner.ends_with(')') || !inner.contains(')'))?;
    let near = KEYWORDS.iter().filter_map(|(keyword, most)| {
        let distance = strsim::damerau_levenshtein(&upper, keyword);
        (!word.is_empty() && (distance <= *most || upper.starts_with(keyword))).then_some((distance, *keyword))
    });
    let near = near.min().map(|(_, keyword)| keyword);
    // Judged by what is in the brackets, whatever the word: a path, or a member.
    let shape = || if inner.starts_with('/') { Some("FILE") } else { inner.ends_with("))").then_some("PARMLIB") };
    near.or_else(shape).map(|keyword| (keyword, entry.get(..=end).unwrap_or(word)))
}

/// `PARMLIB(data.set(member))`; `after` is what follows `PARMLIB(`.
fn member<'a>(text: &'a str, after: &'a str, column: usize) -> Result<(Source, &'a str), SourceError> {
    let whole_end = closing_or_end(text);
    let entry = text[..whole_end].to_string();
    let missing = || SourceError::MemberMissing { entry: entry.clone() };
    let inner = text.get(text.len() - after.len()..whole_end).unwrap_or_default();
    let (data_set, rest) = inner.split_once('(').ok_or_else(missing)?;
    let Some((member, closing)) = rest.split_once(')') else {
        return Err(if rest.is_empty() { missing() } else { SourceError::Syntax { column, reason: format!("'{entry}' lacks a ')'") } });
    };
    if member.trim().is_empty() {
        return Err(missing());
    }
    if closing != ")" {
        return Err(SourceError::Syntax { column, reason: format!("'{entry}' is not PARMLIB(data.set(member))") });
    }
    let valid = |name: &str, dots: bool| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "$#@-".contains(c) || (dots && c == '.'))
    };
    if !valid(data_set, true) || data_set.split('.').any(str::is_empty) || !valid(member, false) {
        return Err(SourceError::Syntax { column, reason: format!("'{entry}' is not a data set and member name") });
    }
    Ok((Source::Member { data_set: data_set.to_string(), member: member.to_string() }, &text[whole_end..]))
}

/// Keywords are upper case in Zowe's documentation; either case is taken.
fn strip_keyword<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let head = text.get(..keyword.len())?;
    if head.eq_ignore_ascii_case(keyword) { text.get(keyword.len()..) } else { None }
}

/// Index of the `)` that balances an already open `(`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// Index after the `)` that balances the first `(`, else of the next `:` or the end.
fn closing_or_end(text: &str) -> usize {
    let open = text.find('(').map_or(text.len(), |index| index + 1);
    match closing(&text[open..]) {
        Some(index) => open + index + 1,
        None => text.find(':').unwrap_or(text.len()),
    }
}

/// An id as keys of haInstances are compared: lower-cased, characters other than letters and digits as `_`.
pub fn normalize_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// The part of a program's argument that is the HA instance id: what follows a comma is another parameter of PARM, which nobody reads.
pub fn first_argument(argument: &str) -> &str {
    argument.split(',').next().unwrap_or_default()
}

/// The HA instance that an argument means. The placeholders of an unset HAINST, and an empty argument, mean the lower-cased system
/// name without its domain.
pub fn ha_instance(argument: &str, platform: &dyn Platform) -> HaInstance {
    let argument = argument.trim();
    if matches!(argument, "" | "__ha_instance_id__" | "{{ha_instance_id}}") {
        let sysname = platform.sysname();
        let short = sysname.split('.').next().unwrap_or_default();
        HaInstance { id: normalize_id(short), from_placeholder: true }
    } else {
        HaInstance { id: normalize_id(argument), from_placeholder: false }
    }
}

impl HaInstance {
    /// No HA instance at all: the configuration itself, without an overlay.
    pub fn none() -> HaInstance {
        HaInstance { id: String::new(), from_placeholder: true }
    }
}
