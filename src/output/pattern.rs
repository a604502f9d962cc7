//! Texts to find in lines, where `*` matches anything within the line; all of them in one pass.

use super::echo;
use super::sieve::Sieve;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem::Finder;
use std::sync::Arc;

/// How many occurrences of a text in one line are examined.
const OCCURRENCES: usize = 16;

/// How much of a line, from its beginning, is searched: messages are there, and a line of gigabytes costs no more.
pub(super) const SEARCHED: usize = 256 * 1024;

/// One text: its pieces between the `*`s, which a line must contain in this order.
#[derive(Debug)]
pub(super) struct Pattern {
    pieces: Vec<Finder<'static>>,
}

impl Pattern {
    /// None for a text that every line would match.
    pub(super) fn new(text: &str) -> Option<Pattern> {
        let pieces: Vec<_> = text.split('*').filter(|piece| !piece.is_empty()).map(|piece| Finder::new(piece).into_owned()).collect();
        if pieces.is_empty() { None } else { Some(Pattern { pieces }) }
    }

    /// Where the match begins in a line. It is enough to take the first occurrence of each piece: a later one leaves less for the rest.
    pub(super) fn find(&self, line: &[u8]) -> Option<usize> {
        self.find_where(line, |_, _| true)
    }

    /// Where the match begins that `accept`, called with its beginning and end, accepts. For a text without `*` this is the first match
    /// that is accepted; for others, the first match or none.
    fn find_where(&self, line: &[u8], accept: impl Fn(usize, usize) -> bool) -> Option<usize> {
        if let [piece] = self.pieces.as_slice() {
            // A line that only echoes a text does so early; the limit keeps a line that consists of it from taking for ever.
            return piece.find_iter(line).take(OCCURRENCES).find(|at| accept(*at, at + piece.needle().len()));
        }
        let (mut begin, mut end) = (None, 0);
        for piece in &self.pieces {
            let at = end + piece.find(&line[end..])?;
            begin = begin.or(Some(at));
            end = at + piece.needle().len();
        }
        begin.filter(|at| accept(*at, end))
    }

    /// Where in a line the first match begins that is not the echo of a setting.
    pub(super) fn find_said(&self, line: &[u8]) -> Option<usize> {
        self.find_where(line, |at, end| !echo::is_echo(line, at, end))
    }

    /// The longest piece, which is probably the rarest in a text.
    fn key(&self) -> &[u8] {
        self.pieces.iter().map(Finder::needle).max_by_key(|needle| needle.len()).unwrap_or_default()
    }
}

/// A text for which a log is watched: a message id counts only as the id of its line, any other text wherever it is not the echo of a
/// setting.
#[derive(Debug)]
pub struct AwaitedText {
    pattern: Pattern,
    is_id: bool,
}

impl AwaitedText {
    /// None for a text that every line would match.
    pub fn new(text: &str) -> Option<AwaitedText> {
        Some(AwaitedText { pattern: Pattern::new(text)?, is_id: echo::is_message_id(text) })
    }

    /// Whether a line, with or without its end, says it.
    pub fn is_said_in(&self, line: &[u8]) -> bool {
        let mut printable = Vec::new();
        // Terminal colours may come between a level and what follows it.
        let line = if memchr::memchr(0x1b, line).is_some() {
            super::printable::append(&mut printable, line);
            &printable
        } else {
            line
        };
        let said = if self.is_id {
            self.pattern.find_where(line, |at, end| echo::is_id_of_line(line, at, end))
        } else {
            self.pattern.find_where(line, |at, end| !echo::is_echo(line, at, end) && !echo::is_item(line, at, end))
        };
        said.is_some()
    }
}

/// A line that matched.
pub(super) struct Hit<'a> {
    pub line: &'a [u8],
    /// Where the first match of a sysMessage begins.
    pub sys_message: Option<usize>,
    /// Indices of the watched texts that it matches.
    pub watched: Vec<usize>,
}

/// What looks for one piece of each text, all in one pass.
#[derive(Debug, Default)]
enum Search {
    /// There are none.
    #[default]
    Nothing,
    /// They begin alike, as message ids do.
    Sieve(Box<Sieve>),
    Automaton(AhoCorasick),
}

impl Search {
    fn new(keys: &[&[u8]]) -> Search {
        if keys.is_empty() {
            return Search::Nothing;
        }
        if let Some(sieve) = Sieve::new(keys) {
            return Search::Sieve(Box::new(sieve));
        }
        // Not the fastest kind but the smallest: there can be one for each component, and a prefilter does most of the work. The builder
        // fails only when the automaton exceeds its own limits; then nothing matches.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).kind(Some(AhoCorasickKind::ContiguousNFA)).build(keys);
        automaton.map_or(Search::Nothing, Search::Automaton)
    }

    /// Where the first piece begins.
    fn find(&self, text: &[u8]) -> Option<usize> {
        match self {
            Search::Nothing => None,
            Search::Sieve(sieve) => sieve.find(text),
            Search::Automaton(automaton) => automaton.find(text).map(|found| found.start()),
        }
    }
}

/// The texts of zowe.sysMessages and those watched for one component. Only a line that contains a piece of one is examined again, for whole
/// patterns.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    search: Search,
    sys_messages: Arc<[Pattern]>,
    /// With the indices that the caller uses.
    watched: Vec<(usize, AwaitedText)>,
}

impl Matcher {
    pub(super) fn new(sys_messages: Arc<[Pattern]>, watched: &[String]) -> Matcher {
        let indexed = |(index, text): (usize, &String)| AwaitedText::new(text).map(|text| (index, text));
        let watched: Vec<(usize, AwaitedText)> = watched.iter().enumerate().filter_map(indexed).collect();
        let keys: Vec<&[u8]> = sys_messages.iter().chain(watched.iter().map(|(_, text)| &text.pattern)).map(Pattern::key).collect();
        Matcher { search: Search::new(&keys), sys_messages, watched }
    }

    /// Where the first sysMessage in a line begins.
    pub(super) fn sys_message(&self, line: &[u8]) -> Option<usize> {
        self.sys_messages.iter().filter_map(|pattern| pattern.find_said(line)).min()
    }

    /// Calls `hit` for each matching line of a block of whole lines, once per line, in order.
    pub(super) fn each_hit(&self, block: &[u8], mut hit: impl FnMut(Hit<'_>)) {
        let mut rest = block;
        while let Some(found) = self.search.find(rest) {
            let start = memchr::memrchr(b'\n', &rest[..found]).map_or(0, |position| position + 1);
            let end = memchr::memchr(b'\n', &rest[found..]).map_or(rest.len(), |position| found + position);
            let line = &rest[start..end.min(start + SEARCHED)];
            let watched: Vec<usize> = self.watched.iter().filter(|(_, text)| text.is_said_in(line)).map(|(index, _)| *index).collect();
            let sys_message = self.sys_message(line);
            if sys_message.is_some() || !watched.is_empty() {
                hit(Hit { line, sys_message, watched });
            }
            rest = &rest[(end + 1).min(rest.len())..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_are_looked_for_in_their_order_within_one_line() {
        let found = |text: &str, line: &str| Pattern::new(text).unwrap().find(line.as_bytes());
        assert_eq!(found("Started*in*seconds", "x Started Gateway in 3 seconds"), Some(2));
        assert_eq!(found("Started*in*seconds", "seconds in Started"), None);
        assert_eq!(found("ab*b", "ab"), None);
        assert_eq!(found("*end", "the end"), Some(4));
        assert!(Pattern::new("**").is_none() && Pattern::new("").is_none());
    }

    /// The rule read literally: is there a way to place the pieces?
    fn matches(pattern: &[u8], line: &[u8]) -> bool {
        match (pattern, line) {
            ([], _) => true,
            ([b'*', rest @ ..], line) => (0..=line.len()).any(|from| matches(rest, &line[from..])),
            ([first, rest @ ..], [byte, line @ ..]) => first == byte && matches(rest, line),
            (_, []) => false,
        }
    }

    fn texts(form: &'static str) -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
        (prop::collection::vec(form, 0..4), prop::collection::vec(form, 0..3))
    }

    proptest! {
        #[test]
        fn as_line_by_line(
            block in "[ab\n]{0,40}",
            // Short texts for the automaton, long ones for the sieve.
            (sys, watched) in prop_oneof![texts("[ab*]{0,4}"), texts("[ab]{4,6}"), texts("[ab]{4,5}\\*[ab]{0,2}")],
        ) {
            let usable = |text: &&String| text.bytes().any(|byte| byte != b'*');
            let holds = |line: &str, text: &str| matches(format!("*{text}").as_bytes(), line.as_bytes());
            let mut expected = Vec::new();
            for line in block.split('\n') {
                let of_watched: Vec<usize> = watched.iter().enumerate().filter(|(_, text)| usable(text) && holds(line, text)).map(|(index, _)| index).collect();
                let of_sys = sys.iter().filter(usable).any(|text| holds(line, text));
                if of_sys || !of_watched.is_empty() {
                    expected.push((line.to_owned(), of_sys, of_watched));
                }
            }
            let matcher = Matcher::new(sys.iter().filter_map(|text| Pattern::new(text)).collect(), &watched);
            let mut found = Vec::new();
            matcher.each_hit(block.as_bytes(), |hit| {
                found.push((String::from_utf8_lossy(hit.line).into_owned(), hit.sys_message.is_some(), hit.watched));
            });
            prop_assert_eq!(found, expected);
        }
    }
}
