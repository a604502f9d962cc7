//! What is done with the lines that came out of a pipe: printed, searched, logged; and with those that have not ended.

use super::pipe::Pipe;
use super::{FULL, Relay};
use crate::message::{Message, zwel0926w, zwel0992w};
use crate::output::partial::Partial;
use crate::output::printable;
use crate::platform::code_page::Transcoder;
use std::rc::Rc;

impl Relay {
    /// Whole lines of a component that have come to stand at the end of `out`, as it wrote them.
    pub(super) fn lines(&mut self, pipe: &mut Pipe, start: usize) {
        if start == self.out.len() {
            return;
        }
        let failure = self.log(pipe, start, true);
        self.make_printable(start);
        self.search(pipe, start);
        failure.iter().for_each(|message| self.message(message));
    }

    /// Does what the lines at the end of `out` call for: the operator's console, the watched texts.
    fn search(&mut self, pipe: &mut Pipe, start: usize) {
        pipe.tail.push(&self.out[start..]);
        let now = self.begun.elapsed();
        let (rules, platform, holding) = (&self.rules, &self.platform, &mut self.holding);
        let mut reported = false;
        pipe.matcher.each_hit(&self.out[start..], |hit| {
            if let Some(text) = hit.sys_message.and_then(|found| rules.of_line(hit.line, found)) {
                if pipe.rate.admit(now) {
                    platform.wto(&text);
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

    /// Writes what stands in `out` from `start` on to the component's log file, if it has one, and gives the message when that fails.
    fn log(&self, pipe: &Pipe, start: usize, whole: bool) -> Option<Message> {
        let result = pipe.log.as_ref()?.borrow_mut().write(&self.out[start..], whole, self.begun.elapsed());
        result.err().map(|error| zwel0992w(&pipe.component, error))
    }

    fn make_printable(&mut self, start: usize) {
        if !printable::is_plain(&self.out[start..]) {
            let raw = self.out.split_off(start);
            printable::append(&mut self.out, &raw);
        }
    }

    pub(super) fn keep(&mut self, pipe: &mut Pipe, piece: &[u8]) {
        if !piece.is_empty() && pipe.partial.push(piece).is_err() {
            // No space for the line's middle: what there is goes out as a line of its own, which is less bad than losing it.
            self.finish(pipe);
        }
    }

    /// Ends the pipe's last line, with what was held back of it.
    pub(super) fn end(&mut self, pipe: &mut Pipe) {
        if let Some(held) = pipe.transcoder.as_mut().map(Transcoder::finish) {
            self.keep(pipe, &held);
        }
        self.finish(pipe);
    }

    /// Ends the pipe's unfinished line.
    pub(super) fn finish(&mut self, pipe: &mut Pipe) {
        if pipe.partial.is_empty() {
            return;
        }
        let mut partial = std::mem::take(&mut pipe.partial);
        let result = if partial.short(usize::MAX).is_some() {
            let start = self.out.len();
            let result = partial.take(|piece| self.out.extend_from_slice(piece));
            self.out.push(b'\n');
            self.lines(pipe, start);
            result
        } else {
            self.finish_long(pipe, &mut partial)
        };
        if let Err(error) = result {
            self.message(&zwel0926w(&pipe.component, error));
        }
    }

    /// A line that is too long for memory goes out in pieces, nothing else in between. Its first piece is searched.
    fn finish_long(&mut self, pipe: &mut Pipe, partial: &mut Partial) -> std::io::Result<()> {
        let mut failure = None;
        let mut first = true;
        // What a piece ends with when that is the beginning of a character or an escape sequence.
        let mut torn: Vec<u8> = Vec::new();
        let result = partial.take(|piece| {
            let start = self.out.len();
            self.out.extend_from_slice(piece);
            failure = failure.take().or(self.log(pipe, start, first));
            if !torn.is_empty() {
                self.out.splice(start..start, torn.drain(..));
            }
            torn = self.out.split_off(start + printable::whole(&self.out[start..]));
            self.make_printable(start);
            if std::mem::take(&mut first) {
                self.search(pipe, start);
            }
            if self.out.len() >= FULL {
                self.write();
            }
        });
        printable::append(&mut self.out, &torn);
        let start = self.out.len();
        self.out.push(b'\n');
        failure = failure.or(self.log(pipe, start, false));
        pipe.tail.push(b"\n");
        failure.iter().for_each(|message| self.message(message));
        result
    }
}
