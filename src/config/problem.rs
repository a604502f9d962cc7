//! Something wrong or odd, and where.

use std::fmt;

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// Path of a file, or `data.set(member)`.
    pub file: String,
    /// From 1; 0 where the whole file is meant.
    pub line: u32,
    /// From 1, in characters; 0 where the whole file is meant.
    pub column: u32,
}

impl Location {
    /// A place in a file; line and column count from 1.
    pub fn new(file: impl Into<String>, line: u32, column: u32) -> Self {
        Location { file: file.into(), line, column }
    }

    /// A file as a whole.
    pub fn whole(file: impl Into<String>) -> Self {
        Location::new(file, 0, 0)
    }
}

/// `file:line:column`, or the file alone.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => formatter.write_str(&self.file),
            line => write!(formatter, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// Something wrong or odd in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub error: bool,
    /// What set the value, where known.
    pub place: Option<Location>,
    /// The property it is about, its path joined with dots, where it is about one.
    pub property: Option<String>,
    /// What is wrong and what is expected, without secrets.
    pub text: String,
    /// The kind of problem, if operators know a message of its own for it.
    pub cause: Cause,
}

/// See [`Problem::cause`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cause {
    /// The content of a file.
    #[default]
    Content,
    /// A source could not be opened; why.
    NotOpened(String),
    /// A source could not be read to its end, or is no text.
    NotRead,
    /// A schema of the runtime directory cannot be used.
    Schema,
}

impl Problem {
    /// What keeps the configuration from being used.
    pub fn error(place: Option<Location>, text: String) -> Self {
        Problem { error: true, place, property: None, text, cause: Cause::Content }
    }

    /// What is odd and does not keep it from being used.
    pub fn warning(place: Option<Location>, text: String) -> Self {
        Problem { error: false, place, property: None, text, cause: Cause::Content }
    }

    /// The same, of this cause.
    pub fn caused_by(self, cause: Cause) -> Self {
        Problem { cause, ..self }
    }

    /// The same, about a property.
    pub fn about(self, path: &[&str]) -> Self {
        Problem { property: Some(path.join(".")), ..self }
    }
}

/// `place: text`, as a line after ZWEL0070E shows it.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(formatter, "{place}: {}", self.text),
            None => formatter.write_str(&self.text),
        }
    }
}

/// Each problem once, in the order of first occurrence, without warnings about properties that have an error.
pub fn unique(problems: Vec<Problem>) -> Vec<Problem> {
    let wrong: std::collections::HashSet<(String, Option<Location>)> = problems
        .iter()
        .filter(|problem| problem.error)
        .filter_map(|problem| problem.property.clone().map(|property| (property, problem.place.clone())))
        .collect();
    let mut seen = std::collections::HashSet::new();
    problems
        .into_iter()
        .filter(|problem| {
            let overshadowed = !problem.error
                && problem.property.as_ref().is_some_and(|property| wrong.contains(&(property.clone(), problem.place.clone())));
            !overshadowed && seen.insert((problem.error, problem.to_string()))
        })
        .collect()
}
