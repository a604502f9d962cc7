//! The events of a YAML text, by libyaml, which Zowe's own tools use too: so no file is read in one way by them and in another by us. The
//! one place where that library, which is C translated to Rust, is called; everything unsafe of the YAML reader is here.

use libyaml_rs as sys;
use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

/// `%TAG` lines of a text: libyaml compares each with all others before it gives an event.
const MAXIMUM_TAG_LINES: usize = 64;
/// Bytes that libyaml may clear: within a scalar it clears as many as the longest run of blanks has, once for each run.
const MAXIMUM_CLEARING: usize = 1 << 33;

/// A position in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// In bytes, from 0.
    pub offset: usize,
    /// From 1; ended by LF, CR or both.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// Where something begins, and the position after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: Mark,
    pub end: Mark,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// What may stand before a value; a span begins with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    pub anchor: Option<String>,
    /// With its handle resolved: `tag:yaml.org,2002:int` for `!!int`, `!` alone for a tag that makes a scalar a string.
    pub tag: Option<String>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    DocumentStart,
    /// `explicit`: by a line `...`.
    DocumentEnd {
        explicit: bool,
    },
    Alias(String),
    Scalar {
        text: String,
        style: Style,
        properties: Properties,
    },
    SequenceStart {
        flow: bool,
        properties: Properties,
    },
    SequenceEnd,
    MappingStart {
        flow: bool,
        properties: Properties,
    },
    MappingEnd,
}

/// Why a text cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// In libyaml's words, or in ours if a limit is exceeded.
    pub problem: String,
    /// What was being read, in libyaml's words; empty where it says nothing.
    pub context: String,
    pub at: Mark,
    /// Where that began.
    pub since: Option<Mark>,
}

/// The events of a text, up to its end or the first thing that cannot be read.
pub struct Events<'a> {
    /// From `Box::into_raw`: it holds its own address, so it must not move.
    parser: *mut sys::yaml_parser_t,
    text: &'a str,
    lines: Lines,
    refused: Option<Broken>,
    ended: bool,
}

impl<'a> Events<'a> {
    /// The events of a text, from its beginning.
    pub fn new(text: &'a str) -> Self {
        let parser = Box::into_raw(Box::<sys::yaml_parser_t>::new_uninit()).cast::<sys::yaml_parser_t>();
        // SAFETY: `parser` is memory of the right size and alignment that nothing else refers to; initialize writes all of it (it aborts
        // where memory is short, and returns OK always). The text outlives the parser by the lifetime of Self. A text is UTF-8, and telling
        // so keeps a byte order mark from being taken for the end of another encoding's one.
        unsafe {
            let _ = sys::yaml_parser_initialize(parser);
            sys::yaml_parser_set_encoding(parser, sys::YAML_UTF8_ENCODING);
            sys::yaml_parser_set_input_string(parser, text.as_ptr(), text.len() as u64);
        }
        Events { parser, text, lines: Lines::of(text), refused: costly(text), ended: false }
    }

    fn broken(&self) -> Broken {
        // SAFETY: the parser is initialized until drop; its texts are static and end with NUL.
        let (error, offset, problem, context, at, since) = unsafe {
            let parser = &*self.parser;
            (parser.error, parser.problem_offset, words(parser.problem), words(parser.context), parser.problem_mark, parser.context_mark)
        };
        if error == sys::YAML_READER_ERROR {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            return Broken { problem, context, at: mark_of(self.text, offset), since: None };
        }
        let since = Some(self.lines.mark(since)).filter(|_| !context.is_empty());
        Broken { problem, context, at: self.lines.mark(at), since }
    }
}

impl Iterator for Events<'_> {
    type Item = Result<(Event, Span), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if let Some(refused) = self.refused.take() {
                self.ended = true;
                return Some(Err(refused));
            }
            let mut event = MaybeUninit::<sys::yaml_event_t>::uninit();
            // SAFETY: the parser is initialized until drop; parse writes all of the event, whether it succeeds or not.
            let parsed = unsafe { sys::yaml_parser_parse(self.parser, event.as_mut_ptr()) };
            if parsed.fail {
                self.ended = true;
                return Some(Err(self.broken()));
            }
            // SAFETY: as above; the event is deleted once, after everything was copied from it.
            let (kind, span) = unsafe {
                let event = event.assume_init_mut();
                let span = Span { start: self.lines.mark(event.start_mark), end: self.lines.mark(event.end_mark) };
                self.ended = matches!(event.type_, sys::YAML_STREAM_END_EVENT | sys::YAML_NO_EVENT);
                let kind = copied(event);
                sys::yaml_event_delete(event);
                (kind, span)
            };
            if let Some(kind) = kind {
                return Some(Ok((kind, span)));
            }
        }
        None
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // SAFETY: initialized in new, deleted and freed here alone; MaybeUninit drops nothing of what delete has set to zero.
        unsafe {
            sys::yaml_parser_delete(self.parser);
            drop(Box::from_raw(self.parser.cast::<MaybeUninit<sys::yaml_parser_t>>()));
        }
    }
}

/// What an event says; None for the ends of the stream.
///
/// # Safety
/// The event is one that the parser gave and that was not deleted.
unsafe fn copied(event: &sys::yaml_event_t) -> Option<Event> {
    // SAFETY: the type says which member of the union is there; texts are NULL or end with NUL, a scalar's has its length.
    unsafe {
        Some(match event.type_ {
            sys::YAML_DOCUMENT_START_EVENT => Event::DocumentStart,
            sys::YAML_DOCUMENT_END_EVENT => Event::DocumentEnd { explicit: !event.data.document_end.implicit },
            sys::YAML_ALIAS_EVENT => Event::Alias(text_of(event.data.alias.anchor).unwrap_or_default()),
            sys::YAML_SCALAR_EVENT => {
                let scalar = event.data.scalar;
                let length = usize::try_from(scalar.length).unwrap_or_default();
                let bytes = if scalar.value.is_null() { &[] } else { std::slice::from_raw_parts(scalar.value, length) };
                let style = match scalar.style {
                    sys::YAML_SINGLE_QUOTED_SCALAR_STYLE => Style::SingleQuoted,
                    sys::YAML_DOUBLE_QUOTED_SCALAR_STYLE => Style::DoubleQuoted,
                    sys::YAML_LITERAL_SCALAR_STYLE => Style::Literal,
                    sys::YAML_FOLDED_SCALAR_STYLE => Style::Folded,
                    _ => Style::Plain,
                };
                let properties = Properties { anchor: text_of(scalar.anchor), tag: text_of(scalar.tag) };
                Event::Scalar { text: String::from_utf8_lossy(bytes).into_owned(), style, properties }
            }
            sys::YAML_SEQUENCE_START_EVENT => {
                let start = event.data.sequence_start;
                let properties = Properties { anchor: text_of(start.anchor), tag: text_of(start.tag) };
                Event::SequenceStart { flow: start.style == sys::YAML_FLOW_SEQUENCE_STYLE, properties }
            }
            sys::YAML_SEQUENCE_END_EVENT => Event::SequenceEnd,
            sys::YAML_MAPPING_START_EVENT => {
                let start = event.data.mapping_start;
                let properties = Properties { anchor: text_of(start.anchor), tag: text_of(start.tag) };
                Event::MappingStart { flow: start.style == sys::YAML_FLOW_MAPPING_STYLE, properties }
            }
            sys::YAML_MAPPING_END_EVENT => Event::MappingEnd,
            _ => return None,
        })
    }
}

/// # Safety
/// NULL, or a text that ends with NUL.
unsafe fn text_of(text: *const u8) -> Option<String> {
    // SAFETY: by the contract.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text.cast::<c_char>()) }.to_string_lossy().into_owned())
}

/// # Safety
/// NULL, or a text that ends with NUL.
unsafe fn words(text: *const i8) -> String {
    // SAFETY: by the contract.
    unsafe { text_of(text.cast::<u8>()) }.unwrap_or_default()
}

/// From libyaml's lines to an editor's: it counts U+0085, U+2028 and U+2029 as ends of lines, too.
struct Lines {
    /// For each of its lines the editor's, from 1, and the characters before it in that; empty where they are the same.
    starts: Vec<(u32, u32)>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let mut starts = Vec::new();
        if !text.is_ascii() && text.contains(is_other_break) {
            let (mut line, mut column) = (1u32, 0u32);
            starts.push((line, column));
            let mut characters = text.chars().peekable();
            while let Some(character) = characters.next() {
                column = column.saturating_add(1);
                match character {
                    '\r' if characters.peek() == Some(&'\n') => {}
                    '\n' | '\r' => {
                        (line, column) = (line.saturating_add(1), 0);
                        starts.push((line, column));
                    }
                    other if is_other_break(other) => starts.push((line, column)),
                    _ => {}
                }
            }
        }
        Lines { starts }
    }

    fn mark(&self, mark: sys::yaml_mark_t) -> Mark {
        let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let index = usize::try_from(mark.line).unwrap_or(usize::MAX);
        let (line, before) = match self.starts.get(index).or(self.starts.last()) {
            Some(start) => *start,
            None => (number(mark.line).saturating_add(1), 0),
        };
        let column = number(mark.column).saturating_add(1).saturating_add(before);
        Mark { offset: usize::try_from(mark.index).unwrap_or(usize::MAX), line, column }
    }
}

fn is_other_break(character: char) -> bool {
    matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What ends a line to libyaml.
pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r') || is_other_break(character)
}

/// The position of a byte.
pub(super) fn mark_of(text: &str, offset: usize) -> Mark {
    let before = text.get(..offset).unwrap_or(text).replace("\r\n", "\n");
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let line = before.matches(['\n', '\r']).count();
    let column = before.rsplit(['\n', '\r']).next().unwrap_or_default().chars().count();
    Mark { offset, line: number(line + 1), column: number(column + 1) }
}

/// Texts for which libyaml would need minutes.
fn costly(text: &str) -> Option<Broken> {
    let broken = |offset, problem| Broken { problem, context: String::new(), at: mark_of(text, offset), since: None };
    let begins_line = |offset: &usize| *offset == 0 || text.get(..*offset).is_some_and(|before| before.ends_with(is_break));
    let mut tag_lines = text.match_indices("%TAG").map(|(offset, _)| offset).filter(begins_line);
    if let Some(offset) = tag_lines.nth(MAXIMUM_TAG_LINES) {
        return Some(broken(offset, format!("more than {MAXIMUM_TAG_LINES} lines begin with %TAG")));
    }
    if text.len() * (text.len() / 4) <= MAXIMUM_CLEARING {
        return None;
    }
    let (mut runs, mut longest, mut begin) = (0usize, (0usize, 0usize), None);
    for (offset, character) in text.char_indices() {
        if matches!(character, ' ' | '\t') || is_break(character) {
            begin = begin.or(Some(offset));
        } else if let Some(begin) = begin.take() {
            runs += 1;
            longest = longest.max((offset - begin, begin));
        }
    }
    (longest.0.saturating_mul(runs) > MAXIMUM_CLEARING).then(|| {
        broken(
            longest.1,
            format!("{} blanks or line ends in one place, with so much text around them, would take too long; delete some", longest.0),
        )
    })
}
