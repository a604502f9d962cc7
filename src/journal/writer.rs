//! The thread that writes.

use super::event::{Event, Record, VERSION};
use super::file::JournalFile;
use super::{GATHERED, Shared, Stage, Stamp, TOO_SLOW, Waiting};
use crate::message;
use crate::output::LogSettings;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

pub(super) struct Writer {
    shared: Arc<Shared>,
    path: PathBuf,
    file: JournalFile,
    /// Events that could not be written, and why, until one can be again.
    missing: u64,
    why: String,
    /// Kept between two writes for its space.
    lines: Vec<u8>,
}

/// What was waiting.
struct Taken {
    waiting: VecDeque<Waiting>,
    /// Left out after those.
    lost: u64,
    /// Now, with the number of the last one told.
    end: Stamp,
    is_last: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, settings: LogSettings) -> Writer {
        let path = settings.path.clone();
        Writer { shared, path, file: JournalFile::new(settings), missing: 0, why: String::new(), lines: Vec::new() }
    }

    pub(super) fn run(mut self) {
        loop {
            let taken = self.take();
            let is_last = taken.is_last;
            self.write(taken);
            if is_last {
                return;
            }
        }
    }

    /// Waits for events, and for a moment more: a burst is written at once.
    fn take(&self) -> Taken {
        let nothing = |queue: &mut super::Queue| queue.waiting.is_empty() && queue.lost == 0 && queue.stage == Stage::Open;
        let queue = self.shared.lock();
        let queue = self.shared.news.wait_while(queue, nothing).unwrap_or_else(PoisonError::into_inner);
        let gathered = self.shared.news.wait_timeout_while(queue, GATHERED, |queue| queue.stage == Stage::Open);
        let (mut queue, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        queue.bytes = 0;
        queue.is_loss_said = false;
        let lost = std::mem::take(&mut queue.lost);
        let end = self.shared.stamp(queue.told);
        Taken { end, waiting: std::mem::take(&mut queue.waiting), lost, is_last: queue.stage != Stage::Open }
    }

    fn write(&mut self, taken: Taken) {
        let mut lines = std::mem::take(&mut self.lines);
        let (count, was_missing) = (taken.waiting.len() as u64 + taken.lost, self.missing);
        let instance = self.shared.lock().instance.clone();
        let shared = Arc::clone(&self.shared);
        let mut line = |Stamp { seq, time, mono }, event: Event| {
            let record =
                Record { v: VERSION, seq, time, mono, run: shared.run.clone(), instance: instance.clone(), event: event.bounded() };
            append(&mut lines, &record);
        };
        // Where events are missing an event says so, with the number of the last of them: before what was taken now, and after it.
        if was_missing > 0 {
            let (seq, time, mono) = taken.waiting.front().map_or((taken.end.seq - taken.lost, taken.end.time, taken.end.mono), |first| {
                (first.stamp.seq - 1, first.stamp.time, first.stamp.mono)
            });
            line(Stamp { seq, time, mono }, Event::Lost { count: was_missing, why: self.why.clone() });
        }
        taken.waiting.into_iter().for_each(|Waiting { stamp, event }| line(stamp, event));
        if taken.lost > 0 {
            line(taken.end, Event::Lost { count: taken.lost, why: TOO_SLOW.to_owned() });
        }
        if let Err(error) = self.file.write(&lines) {
            self.missing += count;
            self.why = error.to_string();
            if was_missing == 0 {
                self.shared.say(message::journal_not_written(self.path.display(), &self.why));
            }
            if taken.is_last {
                // For whoever closes it: there is nobody else to tell.
                self.shared.lock().lost += self.missing;
            }
        } else {
            self.missing = 0;
            if was_missing > 0 {
                self.shared.say(message::journal_events_lost(was_missing, self.path.display(), &self.why));
            }
            if taken.lost > 0 {
                self.shared.say(message::journal_events_lost(taken.lost, self.path.display(), TOO_SLOW));
            }
        }
        // A burst must not stay in memory.
        lines.clear();
        lines.shrink_to(16 * 1024);
        self.lines = lines;
    }
}

fn append(lines: &mut Vec<u8>, record: &Record) {
    let before = lines.len();
    match serde_json::to_writer(&mut *lines, record) {
        Ok(()) => lines.push(b'\n'),
        // Texts and numbers only: it does not happen.
        Err(_) => lines.truncate(before),
    }
}
