//! The relay thread: waits for items and for all pipes at once, and writes what came in one block.

use super::code_page::Transcoder;
use super::partial::Partial;
use super::{Item, PipeId, Queue, Shared, WtoRules, line, wto};
use crate::message::{Message, Operator, zwel0926w};
use crate::platform::Platform;
use mio::unix::pipe::Receiver;
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::io::Read;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

pub(super) const WAKER: Token = Token(usize::MAX);

/// Bytes read at once.
const BLOCK: usize = 256 * 1024;
/// Bytes of one pipe relayed before the others have their turn.
const TURN: usize = 1024 * 1024;
/// Bytes collected before they are written.
const FULL: usize = 512 * 1024;

struct Pipe {
    component: String,
    receiver: Receiver,
    partial: Partial,
    /// Where programs may write IBM-1047.
    transcoder: Option<Transcoder>,
    /// Known to hold data: the selector tells only once.
    ready: bool,
}

/// What a read of a pipe came to.
#[derive(PartialEq)]
enum After {
    Empty,
    More,
    Ended,
}

pub(super) struct Relay {
    poll: Poll,
    woken: Receiver,
    shared: Arc<Shared>,
    platform: Arc<dyn Platform>,
    prefix: line::Prefix,
    rules: WtoRules,
    pipes: HashMap<usize, Pipe>,
    out: Vec<u8>,
    scratch: Vec<u8>,
    closing: bool,
}

impl Relay {
    pub(super) fn new(poll: Poll, woken: Receiver, shared: Arc<Shared>, platform: Arc<dyn Platform>) -> Relay {
        let prefix = line::Prefix::new(platform.user_id());
        Relay {
            poll,
            woken,
            shared,
            platform,
            prefix,
            rules: WtoRules::new(&[], false, true),
            pipes: HashMap::new(),
            out: Vec::new(),
            scratch: Vec::new(),
            closing: false,
        }
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(256);
        while !self.closing {
            let wait = if self.pipes.values().any(|pipe| pipe.ready) { Some(Duration::ZERO) } else { None };
            // EINTR: nothing has happened.
            if self.poll.poll(&mut events, wait).is_ok() {
                for event in &events {
                    if event.token() == WAKER {
                        empty(&self.woken);
                    }
                    if let Some(pipe) = self.pipes.get_mut(&event.token().0) {
                        pipe.ready = true;
                    }
                }
            }
            self.take_items();
            let ready: Vec<usize> = self.pipes.iter().filter(|(_, pipe)| pipe.ready).map(|(id, _)| *id).collect();
            for id in ready {
                self.relay(id, TURN);
            }
            self.write();
        }
        let all: Vec<usize> = self.pipes.keys().copied().collect();
        for id in all {
            self.drain(PipeId(id));
        }
        self.write();
    }

    /// Takes the items queued so far. What wakes is emptied first: a wake-up for an item queued from now on is a new event.
    fn take_items(&mut self) {
        let items = {
            let mut queue: std::sync::MutexGuard<'_, Queue> = self.shared.lock();
            queue.woken = false;
            std::mem::take(&mut queue.items)
        };
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Message(message) => self.message(&message),
            Item::ServerCommand { severity, source, text } => {
                self.prefix.server_command(&mut self.out, severity, &source, &text);
            }
            Item::Plain { severity, text } => self.prefix.launcher(&mut self.out, severity, &text),
            Item::Lines(mut bytes) => {
                let start = self.out.len();
                if self.platform.writes_ebcdic() {
                    // The line end was added to one that is no line feed.
                    if bytes.ends_with(&[crate::platform::ebcdic::NEW_LINE, b'\n']) {
                        bytes.pop();
                    }
                    self.out.extend_from_slice(super::decode_lines(&bytes).as_bytes());
                } else {
                    self.out.extend_from_slice(&bytes);
                }
                self.match_lines(start);
            }
            Item::Attach(id, component, descriptor) => {
                let platform = &self.platform;
                let transcoder = platform.writes_ebcdic().then(|| Transcoder::new(platform.code_page_of(descriptor.as_fd())));
                let mut receiver = Receiver::from(descriptor);
                // Data that is already there is an event of its own, so nothing is missed between creation and registration. A pipe
                // that cannot be registered is treated as ready for ever; reading it tells what is wrong with it.
                let ready = self.poll.registry().register(&mut receiver, Token(id.0), Interest::READABLE).is_err();
                self.pipes.insert(id.0, Pipe { component, receiver, partial: Partial::default(), transcoder, ready });
            }
            Item::Drain(id) => self.drain(id),
            Item::Rules(rules) => self.rules = *rules,
            Item::Flush(sender) => {
                self.write();
                let _ = sender.send(());
            }
            Item::Close => self.closing = true,
        }
        if self.out.len() >= FULL {
            self.write();
        }
    }

    fn message(&mut self, message: &Message) {
        self.prefix.launcher(&mut self.out, message.severity(), message.text());
        let text = match message.operator() {
            Operator::Always => Some(wto::unconditional(message.text())),
            Operator::Wto if self.rules.own => Some(wto::unconditional(message.text())),
            Operator::Wto | Operator::OnMatch => self.rules.of_message(message.text()),
        };
        if let Some(text) = text {
            self.platform.wto(&text);
        }
    }

    fn match_lines(&mut self, start: usize) {
        let platform = &self.platform;
        self.rules.of_lines(&self.out[start..], |text| platform.wto(&text));
    }

    /// Everything the pipe holds now, the unfinished last line included. Bounded, because somebody may go on writing.
    fn drain(&mut self, id: PipeId) {
        self.relay(id.0, 16 * TURN);
        if let Some(mut pipe) = self.pipes.remove(&id.0) {
            self.end(&mut pipe);
            self.pipes.insert(id.0, pipe);
        }
    }

    /// Relays up to `limit` bytes of a pipe.
    fn relay(&mut self, id: usize, limit: usize) {
        let Some(mut pipe) = self.pipes.remove(&id) else { return };
        let mut left = limit;
        let after = loop {
            let before = left;
            let after = self.read(&mut pipe, &mut left);
            if after != After::More || left == 0 || left == before {
                break after;
            }
        };
        match after {
            After::Ended => {
                // An error here means that it was never registered.
                let _ = self.poll.registry().deregister(&mut pipe.receiver);
                self.end(&mut pipe);
            }
            after => {
                pipe.ready = after == After::More;
                self.pipes.insert(id, pipe);
            }
        }
    }

    /// One read. Whole lines go to `out`, the rest is kept.
    fn read(&mut self, pipe: &mut Pipe, left: &mut usize) -> After {
        self.scratch.resize(BLOCK, 0);
        let length = match pipe.receiver.read(&mut self.scratch) {
            Ok(0) => return After::Ended,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return After::Empty,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return After::More,
            Err(_) => return After::Ended,
        };
        *left = left.saturating_sub(length);
        let scratch = std::mem::take(&mut self.scratch);
        let converted = pipe.transcoder.as_mut().map(|transcoder| transcoder.convert(&scratch[..length]));
        let data = converted.as_deref().unwrap_or(&scratch[..length]);
        match memchr::memrchr(b'\n', data) {
            None => self.keep(pipe, data),
            Some(last) => {
                let first = if pipe.partial.is_empty() {
                    0
                } else {
                    let end = memchr::memchr(b'\n', data).map_or(0, |position| position + 1);
                    self.keep(pipe, &data[..end - 1]);
                    self.finish(pipe);
                    end
                };
                let start = self.out.len();
                self.out.extend_from_slice(&data[first..=last]);
                self.match_lines(start);
                self.keep(pipe, &data[last + 1..]);
            }
        }
        self.scratch = scratch;
        if self.out.len() >= FULL {
            self.write();
        }
        After::More
    }

    fn keep(&mut self, pipe: &mut Pipe, piece: &[u8]) {
        if !piece.is_empty() && pipe.partial.push(piece).is_err() {
            // No space for the line's middle: what there is goes out as a line of its own, which is less bad than losing it.
            self.finish(pipe);
        }
    }

    /// Ends the pipe's last line, with what was held back of it.
    fn end(&mut self, pipe: &mut Pipe) {
        if let Some(held) = pipe.transcoder.as_mut().map(Transcoder::finish) {
            self.keep(pipe, &held);
        }
        self.finish(pipe);
    }

    /// Ends the pipe's unfinished line.
    fn finish(&mut self, pipe: &mut Pipe) {
        if pipe.partial.is_empty() {
            return;
        }
        let start = self.out.len();
        let out = &mut self.out;
        let platform = &self.platform;
        let mut written = false;
        let result = pipe.partial.take(|piece| {
            out.extend_from_slice(piece);
            if out.len() >= 2 * FULL {
                // SYSPRINT that cannot be written is no reason to keep a line of any length in memory.
                let _ = platform.write_sysprint(out);
                out.clear();
                written = true;
            }
        });
        self.out.push(b'\n');
        if !written {
            self.match_lines(start);
        }
        if let Err(error) = result {
            self.message(&zwel0926w(&pipe.component, error));
        }
    }

    /// Writes what was collected: one write a turn, not one a line.
    fn write(&mut self) {
        if self.out.is_empty() {
            return;
        }
        // There is nobody left to tell when SYSPRINT itself fails; the components go on.
        let _ = self.platform.write_sysprint(&self.out);
        self.out.clear();
        // Memory of a flood is given back when it is over.
        if self.out.capacity() > 4 * FULL {
            self.out.shrink_to(FULL);
        }
    }
}

/// Reads until there is nothing left, which also arms the selector again.
fn empty(mut woken: &Receiver) {
    let mut bytes = [0; 64];
    while woken.read(&mut bytes).is_ok_and(|length| length > 0) {}
}
