//! `zwelnch events`.

use super::follow::follow;
use super::words::{names, words};
use super::{Source, is_wanted};
use crate::journal::{Event, Follower, Line, Odd, Record};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::io;

/// How events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventFormat {
    Text,
    /// As they are in the journal.
    Json,
}

/// Which events are wanted.
#[derive(Debug, Clone)]
pub struct EventQuery {
    /// None: those of all, and of none.
    pub components: Vec<String>,
    pub since: Option<Timestamp>,
    /// Only so many of the last.
    pub last: Option<usize>,
    pub follow: bool,
    pub format: EventFormat,
}

impl EventQuery {
    fn wants(&self, record: &Record) -> bool {
        let of_component = self.components.is_empty()
            || match &record.event {
                // As its texts name it.
                Event::Message { text, .. } => names(text).any(|name| is_wanted(&self.components, name)),
                event => event.component().is_some_and(|name| is_wanted(&self.components, name)),
            };
        of_component && self.since.is_none_or(|since| record.time >= since)
    }

    fn shown(&self, record: &Record) -> String {
        match self.format {
            EventFormat::Text => words(record),
            // It was read from JSON.
            EventFormat::Json => serde_json::to_string(record).unwrap_or_default(),
        }
    }
}

/// Counts what is no event of ours, and keeps the first of each kind to be said.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    count: u64,
    first: Option<Odd>,
}

impl Oddities {
    pub(super) fn note(&mut self, odd: Odd) {
        self.count += 1;
        self.first.get_or_insert(odd);
    }

    /// What there is to say of them, once.
    pub(super) fn told(&mut self) -> Option<String> {
        let first = self.first.take()?;
        Some(format!("{} lines of the journal are passed over: {first}", std::mem::take(&mut self.count)))
    }
}

/// Shows events by `show`, which gives false when nobody reads any more; `warn` is told what is odd about the journal.
///
/// # Errors
/// Why the journal cannot be read.
pub fn events(source: &Source, query: &EventQuery, show: &mut dyn FnMut(&str) -> bool, warn: &mut dyn FnMut(&str)) -> io::Result<()> {
    let mut oddities = Oddities::default();
    // Until it is known which are the last ones.
    let mut kept: VecDeque<String> = VecDeque::new();
    let mut keeps = query.last;
    let mut is_read = true;
    let mut take =
        |line: Line, keeps: Option<usize>, kept: &mut VecDeque<String>, is_read: &mut bool, show: &mut dyn FnMut(&str) -> bool| {
            match line {
                Ok(record) if query.wants(&record) => {
                    let text = query.shown(&record);
                    match keeps {
                        Some(most) => {
                            kept.push_back(text);
                            if kept.len() > most {
                                kept.pop_front();
                            }
                        }
                        None => *is_read &= show(&text),
                    }
                }
                Ok(_) => {}
                Err(odd) => oddities.note(odd),
            }
            if *is_read { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        };
    let done = |result: io::Result<()>| match result {
        // Nobody reads any more.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    };
    let result = match source {
        Source::File(path) if query.follow => {
            let mut follower = Follower::new(path);
            let (directory, name) = follower.place();
            follow(&directory, &name, || {
                follower.news(&mut |line| take(line, keeps, &mut kept, &mut is_read, show))?;
                keeps = None;
                Ok(std::mem::take(&mut kept).iter().all(|line| show(line)))
            })
        }
        source => {
            let read = source.read(&mut |line| take(line, keeps, &mut kept, &mut is_read, show));
            kept.iter().all(|line| show(line));
            read
        }
    };
    oddities.told().iter().for_each(|text| warn(text));
    done(result)
}
