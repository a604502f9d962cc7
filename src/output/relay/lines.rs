//! What is done with lines that came from a pipe: they are printed, searched and logged; and with lines that have not ended.

use super::pipe::Pipe;
use super::{FULL, Relay};
use crate::message::{self, Message};
use crate::output::partial::Shown;
use crate::output::pattern::SEARCHED;
use crate::output::{plain, printable};
use crate::platform::code_page::Transcoder;
use std::rc::Rc;
use std::time::Duration;

/// After this time without news, an unfinished line is shown as far as it has come.
const SILENCE: Duration = Duration::from_secs(1);

/// Why a line is shown.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Because {
    Ended,
    /// Nothing has come for a while.
    Silent,
    /// It is longer than a line may be.
    Full,
}

impl Relay {
    /// Handles whole lines of a component that are now at the end of `out`, as it wrote them.
    pub(super) fn lines(&mut self, pipe: &mut Pipe, start: usize) {
        if start == self.out.len() {
            return;
        }
        pipe.counts.add_lines(memchr::memchr_iter(b'\n', &self.out[start..]).count());
        let failure = self.log(pipe, start, true);
        self.make_printable(start);
        pipe.tail.push(&self.out[start..]);
        self.attribute(start, &pipe.component);
        let lines = std::mem::take(&mut self.out);
        self.search(pipe, &lines[start..], &mut false);
        self.out = lines;
        failure.iter().for_each(|message| self.message(message));
    }

    /// Does what lines require: for the operator's console and for watched texts. `told`: the line has been on the console, and is not
    /// shown there again.
    fn search(&mut self, pipe: &mut Pipe, lines: &[u8], told: &mut bool) {
        let now = self.begun.elapsed();
        let (rules, console, holding) = (&self.rules, &mut self.console, &mut self.holding);
        let (was_told, mut reported) = (*told, false);
        pipe.matcher.each_hit(lines, |hit| {
            if let Some(text) = hit.sys_message.filter(|_| !was_told).and_then(|found| rules.of_line(hit.line, found)) {
                *told = true;
                if pipe.rate.admit(now) {
                    console.wto(&text, now);
                } else if !holding.contains(&pipe.id.0) {
                    holding.push(pipe.id.0);
                }
            }
            let Some(watch) = &pipe.watch else { return };
            if watch.echoes.iter().any(|echo| echo.as_bytes().trim_ascii_end() == hit.line.trim_ascii_end()) {
                return;
            }
            for index in hit.watched {
                if !std::mem::replace(&mut pipe.reported[index], true) {
                    (watch.matched)(pipe.id, index);
                    reported = true;
                }
            }
        });
        if reported && pipe.reported.iter().all(|reported| *reported) {
            pipe.watch = None;
            pipe.matcher = Rc::clone(&self.matcher);
        }
    }

    /// Writes `out` from `start` on to the component's log file, if it has one, and returns the message when that fails.
    fn log(&self, pipe: &Pipe, start: usize, whole: bool) -> Option<Message> {
        let result = pipe.log.as_ref()?.borrow_mut().write(&self.out[start..], whole, self.begun.elapsed());
        result.err().map(|fault| fault.message(&pipe.component))
    }

    fn make_printable(&mut self, start: usize) {
        let block = plain::examine(&self.out[start..]);
        if block.is_plain {
            self.note_lines(start, block.lines);
        } else {
            let raw = self.out.split_off(start);
            printable::append(&mut self.out, &raw);
            // What is left out is no line end.
            self.note_lines(start, block.lines);
        }
    }

    /// Keeps a piece of the pipe's unfinished line.
    pub(super) fn keep(&mut self, pipe: &mut Pipe, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        // There is no space for the middle of the line: what there is goes out as a line of its own, which is better than losing it.
        if pipe.partial.push(piece).is_err() || pipe.partial.is_full(self.max_line) {
            self.show(pipe, Because::Full);
        }
    }

    /// Ends the pipe's last line, with what was held back of it.
    pub(super) fn end(&mut self, pipe: &mut Pipe) {
        if let Some(held) = pipe.transcoder.as_mut().map(Transcoder::finish) {
            self.keep(pipe, &held);
        }
        self.show(pipe, Because::Ended);
    }

    /// Notes that a pipe's line has not ended, so that [`Relay::show_silent`] takes care of it.
    pub(super) fn note_unfinished(&mut self, pipe: &mut Pipe) {
        let begun = !pipe.partial.is_empty() || pipe.transcoder.as_ref().is_some_and(Transcoder::holds);
        if begun {
            let silent_at = self.begun.elapsed() + SILENCE;
            if pipe.silent_at.replace(silent_at).is_none() && !self.unfinished.contains(&pipe.id.0) {
                self.unfinished.push(pipe.id.0);
            }
        } else {
            pipe.silent_at = None;
        }
    }

    /// When the first unfinished line will have been silent for long enough.
    pub(super) fn next_silent(&self) -> Option<Duration> {
        self.unfinished.iter().filter_map(|id| self.pipes.get(id)?.silent_at).min()
    }

    /// Shows the unfinished lines that have had no news for a while.
    pub(super) fn show_silent(&mut self) {
        if self.unfinished.is_empty() {
            return;
        }
        let now = self.begun.elapsed();
        for id in std::mem::take(&mut self.unfinished) {
            let Some(mut pipe) = self.pipes.remove(&id) else { continue };
            match pipe.silent_at {
                None => {}
                Some(due) if due > now || pipe.ready => self.unfinished.push(id),
                Some(_) => {
                    pipe.silent_at = None;
                    if let Some(held) = pipe.transcoder.as_mut().map(Transcoder::so_far) {
                        self.keep(&mut pipe, &held);
                    }
                    self.show(&mut pipe, Because::Silent);
                }
            }
            self.pipes.insert(id, pipe);
        }
    }

    /// Shows what is held of the pipe's unfinished line, with nothing else in between. A part of a line is marked as a part, and so is what
    /// follows.
    pub(super) fn show(&mut self, pipe: &mut Pipe, because: Because) {
        let mut partial = std::mem::take(&mut pipe.partial);
        let mut shown = match partial.shown.take() {
            Some(shown) if because == Because::Ended || !partial.is_empty() => shown,
            None if !partial.is_empty() => Shown::default(),
            shown => {
                partial.shown = shown;
                pipe.partial = partial;
                return;
            }
        };
        if because == Because::Ended {
            pipe.counts.add_lines(1);
        }
        let (is_first, mut printed) = (!shown.printed, false);
        let mut faults = Vec::new();
        let mut print = |relay: &mut Relay, shown: &mut Shown, piece: &[u8]| {
            if piece.is_empty() {
                return;
            }
            let begin = relay.out.len();
            if !std::mem::replace(&mut printed, true) && !is_first {
                relay.out.extend_from_slice(format!("<{}: the line goes on> ", pipe.component).as_bytes());
            }
            let start = relay.out.len();
            relay.out.extend_from_slice(piece);
            relay.make_printable(start);
            pipe.tail.push(&relay.out[start..]);
            let wanted = SEARCHED.saturating_sub(shown.text.len()).min(relay.out.len() - start);
            shown.text.extend_from_slice(&relay.out[start..start + wanted]);
            relay.attribute(begin, &pipe.component);
            if relay.out.len() >= FULL {
                relay.write();
            }
        };
        let result = partial.take(|piece| {
            if let Some(log) = &pipe.log {
                let written = log.borrow_mut().write(piece, !std::mem::replace(&mut shown.logged, true), self.begun.elapsed());
                faults.extend(written.err());
            }
            let mut piece = piece;
            let joined;
            if !shown.torn.is_empty() {
                shown.torn.extend_from_slice(piece);
                joined = std::mem::take(&mut shown.torn);
                piece = &joined;
            }
            let (text, torn) = piece.split_at(printable::whole(piece));
            print(self, &mut shown, text);
            shown.torn = torn.to_vec();
        });
        if because == Because::Ended {
            let torn = std::mem::take(&mut shown.torn);
            print(self, &mut shown, torn.strip_suffix(b"\r").unwrap_or(&torn));
            if let Some(log) = &pipe.log {
                faults.extend(log.borrow_mut().write(b"\n", false, self.begun.elapsed()).err());
            }
        }
        let begin = self.out.len();
        match because {
            Because::Ended => {}
            Because::Silent if printed => self.out.extend_from_slice(format!(" <{}: no line end yet>", pipe.component).as_bytes()),
            Because::Full if printed => self.out.extend_from_slice(format!(" <{}: the line is too long>", pipe.component).as_bytes()),
            Because::Silent | Because::Full => {}
        }
        if printed || is_first && because == Because::Ended {
            self.out.push(b'\n');
            pipe.tail.push(b"\n");
        }
        self.attribute(begin, &pipe.component);
        shown.printed |= printed;
        let text = std::mem::take(&mut shown.text);
        self.search(pipe, &text, &mut shown.told);
        if because != Because::Ended {
            partial.shown = Some(Shown { text, ..shown });
        }
        pipe.partial = partial;
        faults.iter().for_each(|fault| self.message(&fault.message(&pipe.component)));
        if let Err(error) = result {
            self.message(&message::output_lost(&pipe.component, error));
        }
    }
}
