//! A problem with its source line and a caret.

use crate::config::{Location, Problem, secrets, source_text};
use crate::output::{is_odd, printable};
use crate::platform::Platform;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::collections::HashMap;

/// The texts of sources, each read once.
pub(super) struct Sources<'a> {
    platform: &'a dyn Platform,
    texts: HashMap<String, Option<String>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(platform: &'a dyn Platform) -> Self {
        Sources { platform, texts: HashMap::new() }
    }

    /// The line of a place; None where it cannot be shown.
    fn line(&mut self, place: &Location) -> Option<String> {
        let index = usize::try_from(place.line.checked_sub(1)?).ok()?;
        let platform = self.platform;
        let text = self.texts.entry(place.file.clone()).or_insert_with(|| source_text(&place.file, platform));
        // Columns are counted in characters: each stays one.
        let shown = |character: char| if is_odd(character) { '\u{fffd}' } else { character };
        text.as_ref()?.lines().nth(index).map(|line| line.chars().map(shown).collect())
    }
}

/// The problem as a compiler would show it.
pub(super) fn render(problem: &Problem, title: &str, sources: &mut Sources<'_>, colour: bool) -> String {
    let level = if problem.error { Level::ERROR } else { Level::WARNING };
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let place = problem.place.as_ref();
    let line = place.and_then(|place| sources.line(place)).map(|line| shown(&line, problem));
    let title = level.primary_title(title);
    match (place, &line) {
        (Some(place), Some(line)) => {
            let number = usize::try_from(place.line).unwrap_or(usize::MAX);
            let annotation = AnnotationKind::Primary.span(token(line, place.column));
            let snippet = Snippet::source(line.as_str()).line_start(number).path(printable(&place.file)).annotation(annotation);
            renderer.render(&[title.element(snippet)])
        }
        (Some(place), None) => {
            renderer.render(&[title.element(annotate_snippets::Origin::path(printable(&place.to_string()).into_owned()))])
        }
        (None, _) => renderer.render(&[annotate_snippets::Group::with_title(title)]),
    }
}

/// The line with what may be a secret masked: everything after the first key of such a name, and all of it where the property is one.
fn shown(line: &str, problem: &Problem) -> String {
    let indent: String = line.chars().take_while(|character| character.is_whitespace()).collect();
    let lower = line.to_lowercase();
    // Lower case may be longer or shorter in bytes: then the position is not known.
    let same = lower.len() == line.len();
    let secret_key = line.match_indices(':').find(|(index, _)| same && lower.get(..*index).is_some_and(secrets::is_secret_name));
    match secret_key {
        Some((index, _)) => format!("{}: {}", line.get(..index).unwrap_or_default(), secrets::MASK),
        None if secrets::is_secret_name(line) || problem.property.as_deref().is_some_and(secrets::is_secret_name) => {
            format!("{indent}{}", secrets::MASK)
        }
        None => line.to_string(),
    }
}

/// Bytes of the word that begins at a column, counted from 1 in characters; the end of the line for a column beyond it.
fn token(line: &str, column: u32) -> std::ops::Range<usize> {
    let skipped = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let start = line.char_indices().nth(skipped).map_or(line.len(), |(index, _)| index);
    let rest = line.get(start..).unwrap_or_default();
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
    let length = match quote {
        Some(quote) => rest.get(1..).and_then(|inner| inner.find(quote)).map(|index| index + 2),
        None => rest.find([' ', ':', ',', ']', '}']),
    };
    let end = start + length.unwrap_or(rest.trim_end().len());
    start..end.max(start + rest.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn about(property: Option<&str>) -> Problem {
        Problem { property: property.map(str::to_string), ..Problem::error(None, String::new()) }
    }

    #[test]
    fn secrets_of_a_line_are_not_shown() {
        for (line, property, expected) in [
            ("  port: 1", None, "  port: 1"),
            ("  password: hunter2", None, "  password: ********"),
            ("a: {password: hunter2, port: x}", None, "a: {password: ********"),
            ("    - hunter2", Some("components.a.tokens.0"), "    ********"),
            ("  \"apiKey\" hunter2", None, "  ********"),
        ] {
            assert_eq!(shown(line, &about(property)), expected);
        }
    }

    #[test]
    fn the_caret_stands_below_the_word() {
        let range = |line: &str, column| line.get(token(line, column)).unwrap().to_string();
        assert_eq!(range("  port: 7", 3), "port");
        assert_eq!(range("  port: 'a b' # c", 9), "'a b'");
        assert_eq!(range("ä: [öl, x]", 5), "öl");
        assert_eq!(range("a", 9), "");
    }

    proptest! {
        #[test]
        fn any_line_and_column_can_be_rendered(line in "\\PC{0,40}", column in 0u32..50) {
            let range = token(&line, column);
            prop_assert!(line.get(range).is_some());
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("zowe.yaml");
            std::fs::write(&file, &line).unwrap();
            let platform = crate::platform::fake::FakePlatform::default();
            let problem = Problem::error(Some(Location::new(file.display().to_string(), 1, column)), "x".into());
            prop_assert!(render(&problem, "x", &mut Sources::new(&platform), false).contains('x'));
        }
    }
}
