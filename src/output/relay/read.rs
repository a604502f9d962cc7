//! The pipes of components: attached, read by turns, drained at the end.

use super::lines::Because;
use super::pipe::Pipe;
use super::{FULL, Relay};
use crate::message;
use crate::output::log_file::LogFile;
use crate::output::partial::Partial;
use crate::output::rate::Rate;
use crate::output::tail::Tail;
use crate::output::{Attachment, LogSettings, PipeId};
use crate::platform::code_page::Transcoder;
use crate::platform::unix;
use mio::unix::pipe::Receiver;
use mio::{Interest, Token};
use std::cell::RefCell;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// Bytes read at once.
const BLOCK: usize = 128 * 1024;
/// Bytes of a flooding pipe relayed before the others have their turn.
pub(in crate::output) const TURN: usize = 1024 * 1024;
/// Bytes of a pipe relayed before it is known to flood: many may begin at once.
pub(in crate::output) const SHORT_TURN: usize = 64 * 1024;
/// The capacity of a new pipe: a read of this size means that its writer waits.
const PIPE: usize = 64 * 1024;
/// The most pipes that are enlarged at a time: what waits in them has left the processor's cache when it is read, so many of them cost more
/// than they save.
const ENLARGED: usize = 4;
/// A line that has begun is put before the next read if it is shorter than this.
const SHORT: usize = 8 * 1024;

/// The result of a read from a pipe.
#[derive(PartialEq)]
enum After {
    Empty,
    More,
    Ended,
}

impl Relay {
    pub(super) fn attach(&mut self, id: PipeId, component: String, descriptor: OwnedFd, attachment: Attachment) {
        let platform = &self.platform;
        let transcoder = platform.writes_ebcdic().then(|| Transcoder::new(platform.code_page_of(descriptor.as_fd())));
        let mut receiver = Receiver::from(descriptor);
        // Data that is already there is an event of its own, so nothing is missed between creation and registration. A pipe that cannot be
        // registered is always treated as ready; reading it shows what is wrong.
        let registered = self.poll.registry().register(&mut receiver, Token(id.0), Interest::READABLE).is_ok();
        let reported = vec![false; attachment.watch.as_ref().map_or(0, |watch| watch.texts.len())];
        let pipe = Pipe {
            id,
            component,
            pid: attachment.pid,
            receiver,
            partial: Partial::default(),
            transcoder,
            ready: false,
            enlarged: false,
            drained: false,
            matcher: self.matcher_for(attachment.watch.as_ref()),
            watch: attachment.watch,
            reported,
            log: attachment.log.map(|settings| self.log_file(settings)),
            rate: Rate::default(),
            tail: Tail::default(),
            counts: attachment.counts,
            silent_at: None,
        };
        self.pipes.insert(id.0, pipe);
        if !registered {
            self.note_ready(id.0);
        }
    }

    /// The log file for these settings: shared by all pipes that use it, as those of a component before and after a restart do for a while.
    fn log_file(&self, settings: LogSettings) -> Rc<RefCell<LogFile>> {
        let same = |pipe: &Pipe| pipe.log.clone().filter(|log| log.borrow().path() == settings.path);
        match self.pipes.values().find_map(same) {
            Some(log) => {
                log.borrow_mut().attach(settings);
                log
            }
            None => Rc::new(RefCell::new(LogFile::new(settings))),
        }
    }

    /// Relays everything the pipe holds now, including the unfinished last line. Limited, because something may still be writing; no pipe
    /// holds more than [`TURN`].
    pub(super) fn drain(&mut self, id: PipeId, repeat: bool) {
        self.relay(id.0, 2 * TURN);
        let (component, tail) = if let Some(mut pipe) = self.pipes.remove(&id.0) {
            self.end(&mut pipe);
            pipe.drained = true;
            let ended = (pipe.component.clone(), std::mem::take(&mut pipe.tail));
            self.pipes.insert(id.0, pipe);
            ended
        } else if let Some(ended) = self.ended.remove(&id.0) {
            ended
        } else {
            return;
        };
        let lines = tail.lines();
        if repeat && !lines.is_empty() {
            if let Some(listener) = self.shared.listener.get() {
                listener.last_words(&component, &lines);
            }
            self.print(&message::last_lines_head(&component, lines.len()));
            for line in lines {
                self.out.extend_from_slice(b"    | ");
                self.out.extend_from_slice(line);
                self.out.push(b'\n');
            }
            self.print(&message::last_lines_end(&component));
        }
    }

    /// Relays up to `limit` bytes of a pipe.
    pub(super) fn relay(&mut self, id: usize, limit: usize) {
        let Some(mut pipe) = self.pipes.remove(&id) else { return };
        let mut left = limit;
        let after = loop {
            let before = left;
            let after = self.read(&mut pipe, &mut left);
            if after != After::More || left == 0 || left == before {
                break after;
            }
        };
        self.relayed += limit - left;
        if after == After::Ended {
            // An error here means that it was never registered.
            let _ = self.poll.registry().deregister(&mut pipe.receiver);
            self.enlarged -= usize::from(pipe.enlarged);
            self.end(&mut pipe);
            if pipe.rate.due().is_some() {
                self.message(&message::lines_held_back(&pipe.component, pipe.rate.take_held()));
            }
            if !pipe.drained {
                self.ended.insert(id, (pipe.component, pipe.tail));
            }
            return;
        }
        if left < limit {
            self.note_unfinished(&mut pipe);
        }
        pipe.ready = after == After::More;
        if pipe.ready && !self.flooding.contains(&id) {
            self.flooding.push_back(id);
        }
        self.pipes.insert(id, pipe);
    }

    /// One read, directly after what waits to be written. Whole lines stay there, the rest is kept with the pipe.
    fn read(&mut self, pipe: &mut Pipe, left: &mut usize) -> After {
        let mut start = self.out.len();
        // The beginning of the line goes before its end, unless it is long: then it would be moved again and again.
        let short = pipe.partial.short(SHORT).map(|begun| self.out.extend_from_slice(begun)).is_some();
        let read_from = self.out.len();
        let length = match pipe.receiver.try_io(|| unix::read_onto(pipe.receiver.as_fd(), &mut self.out, BLOCK.min(*left))) {
            Ok(length) if length > 0 => length,
            other => {
                self.out.truncate(start);
                return match other {
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => After::Empty,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => After::More,
                    Err(error) => {
                        self.message(&message::output_not_readable(&pipe.component, pipe.pid.unwrap_or(-1), error));
                        After::Ended
                    }
                    Ok(_) => After::Ended,
                };
            }
        };
        *left = left.saturating_sub(length);
        pipe.counts.add_bytes(length);
        if let Some(transcoder) = &mut pipe.transcoder {
            let raw = self.out.split_off(read_from);
            self.out.extend(transcoder.convert(&raw));
        }
        if length >= PIPE && !pipe.enlarged {
            self.was_full = true;
            if self.enlarged < ENLARGED {
                pipe.enlarged = true;
                self.enlarged += 1;
                unix::enlarge_pipe(pipe.receiver.as_fd());
            }
        }
        let last = memchr::memrchr(b'\n', &self.out[read_from..]).map(|position| read_from + position + 1);
        let Some(mut last) = last else {
            let piece = self.out.split_off(read_from);
            self.out.truncate(start);
            self.keep(pipe, &piece);
            return After::More;
        };
        if short {
            pipe.partial.clear();
        } else {
            let data = self.out.split_off(read_from);
            let end = memchr::memchr(b'\n', &data).unwrap_or(data.len());
            self.keep(pipe, &data[..end]);
            self.show(pipe, Because::Ended);
            start = self.out.len();
            self.out.extend_from_slice(data.get(end + 1..).unwrap_or_default());
            last = start + (last - read_from).saturating_sub(end + 1);
        }
        // Less than a block: it stays in memory, so this cannot fail.
        let _ = pipe.partial.push(&self.out[last..]);
        self.out.truncate(last);
        self.lines(pipe, start);
        if self.out.len() >= FULL {
            self.write();
        }
        After::More
    }
}
