//! The relay thread: waits for items and for all pipes at once, and writes what has come in one block.

mod lines;
mod pace;
mod pipe;
mod read;

use super::pattern::{Matcher, Pattern};
use super::tail::Tail;
use super::{Item, Shared, Watch, WtoRules, line, printable, wto};
use crate::message::{self, Message, Operator, Severity};
use crate::platform::Platform;
use mio::unix::pipe::Receiver;
use mio::{Events, Poll, Token};
use pace::Pace;
use pipe::Pipe;
use read::TURN;
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub(super) const WAKER: Token = Token(usize::MAX);

/// Bytes collected before they are written.
const FULL: usize = 256 * 1024;

pub(super) struct Relay {
    poll: Poll,
    woken: Receiver,
    shared: Arc<Shared>,
    platform: Arc<dyn Platform>,
    prefix: line::Prefix,
    rules: WtoRules,
    /// For pipes without remaining watched texts, by far the most.
    matcher: Rc<Matcher>,
    /// The other matchers, by their watched texts: many components watch for the same.
    matchers: HashMap<Vec<String>, Rc<Matcher>>,
    pipes: HashMap<usize, Pipe>,
    /// Pipes that hold data.
    ready: Vec<usize>,
    /// Pipes whose component writes more to the console than is allowed.
    holding: Vec<usize>,
    /// Pipes whose last line has not ended.
    unfinished: Vec<usize>,
    /// The length in bytes, as printed, beyond which a line is relayed in pieces.
    max_line: u64,
    /// Components and last lines of pipes that were closed before the component's end was reported.
    ended: HashMap<usize, (String, Tail)>,
    out: Vec<u8>,
    /// The number of lines that SYSPRINT has refused since it last accepted some, and why.
    unwritten: Option<(u64, String)>,
    begun: Instant,
    /// Bytes relayed in this turn.
    relayed: usize,
    closing: bool,
}

impl Relay {
    pub(super) fn new(poll: Poll, woken: Receiver, shared: Arc<Shared>) -> Relay {
        let platform = Arc::clone(&shared.platform);
        let prefix = line::Prefix::new(platform.user_id());
        Relay {
            poll,
            woken,
            shared,
            platform,
            prefix,
            rules: WtoRules::new(&[], false, true),
            matcher: Rc::default(),
            matchers: HashMap::new(),
            pipes: HashMap::new(),
            ready: Vec::new(),
            holding: Vec::new(),
            unfinished: Vec::new(),
            max_line: super::MAX_LINE,
            ended: HashMap::new(),
            out: Vec::new(),
            unwritten: None,
            begun: Instant::now(),
            relayed: 0,
            closing: false,
        }
    }

    /// Relays until it is told to close. A panic is reported; then it goes on without the pipe that was being read.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        shared.faults.outlive("relay", || self.relay_all());
    }

    fn relay_all(&mut self) {
        let mut events = Events::with_capacity(256);
        let mut pace = Pace::default();
        while !self.closing {
            let wait = if self.ready.is_empty() { self.next_due() } else { Some(Duration::ZERO) };
            // EINTR: nothing has happened.
            if self.poll.poll(&mut events, wait).is_ok() {
                if pace.rests() {
                    std::thread::sleep(Pace::REST);
                }
                for event in &events {
                    if event.token() == WAKER {
                        empty(&self.woken);
                    }
                    self.note_ready(event.token().0);
                }
            }
            self.relayed = 0;
            self.take_items();
            for id in std::mem::take(&mut self.ready) {
                self.relay(id, TURN);
            }
            self.show_silent();
            self.tell_held(false);
            self.write();
            pace.turn(self.begun.elapsed(), self.relayed);
        }
        let all: Vec<usize> = self.pipes.keys().copied().collect();
        for id in all {
            self.drain(super::PipeId(id), false);
        }
        self.tell_held(true);
        self.write();
        self.tell_unwritten();
    }

    fn note_ready(&mut self, id: usize) {
        if let Some(pipe) = self.pipes.get_mut(&id) {
            if !std::mem::replace(&mut pipe.ready, true) {
                self.ready.push(id);
            }
        }
    }

    /// How long the relay may sleep; None: until something happens.
    fn next_due(&self) -> Option<Duration> {
        let held = self.holding.iter().filter_map(|id| self.pipes.get(id)?.rate.due()).min();
        let due = held.into_iter().chain(self.next_silent()).min()?;
        // The selector counts whole milliseconds.
        Some(due.saturating_sub(self.begun.elapsed()) + Duration::from_millis(1))
    }

    /// Reports how many lines were held back from the console, for floods that are over, or for all with `all`.
    fn tell_held(&mut self, all: bool) {
        if self.holding.is_empty() {
            return;
        }
        let now = self.begun.elapsed();
        for id in std::mem::take(&mut self.holding) {
            let Some(pipe) = self.pipes.get_mut(&id) else { continue };
            match pipe.rate.due() {
                None => {}
                Some(due) if due > now && !all => self.holding.push(id),
                Some(_) => {
                    let message = message::lines_held_back(&pipe.component, pipe.rate.take_held());
                    self.message(&message);
                }
            }
        }
    }

    /// Takes the items queued so far. The waker is emptied first: a wake-up for an item queued from now on is a new event.
    fn take_items(&mut self) {
        let (queued, lost) = self.shared.begin_turn();
        for _ in 0..queued {
            let Some(item) = self.shared.next() else { break };
            self.item(item);
        }
        // They came after all that was kept.
        if lost > 0 {
            self.message(&message::launcher_lines_not_written(lost));
        }
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Message(message) => self.message(&message),
            Item::ServerCommand { severity, source, text } => {
                let start = self.out.len();
                self.prefix.server_command(&mut self.out, severity, &source, &text);
                // Debug output is not a message.
                if severity != Severity::Debug {
                    self.tell_operator(start);
                }
            }
            Item::Plain { severity, text } => self.prefix.launcher(&mut self.out, severity, &text),
            Item::Lines(mut bytes) => {
                let start = self.out.len();
                if self.platform.writes_ebcdic() {
                    // The line end was added to a line that ends in EBCDIC's own.
                    if bytes.ends_with(&[crate::platform::ebcdic::NEW_LINE, b'\n']) {
                        bytes.pop();
                    }
                    bytes = super::decode_lines(&bytes).into_bytes();
                }
                printable::append(&mut self.out, &bytes);
                self.tell_operator(start);
            }
            Item::Attach(id, component, descriptor, attachment) => self.attach(id, component, descriptor, *attachment),
            Item::Drain { pipe, repeat } => self.drain(pipe, repeat),
            Item::Rules(rules) => self.set_rules(*rules),
            Item::MaxLine(bytes) => self.max_line = bytes,
            Item::TimeZone(zone) => self.prefix.zone = zone,
            Item::RotateLogs(told) => told(self.rotate_logs()),
            #[cfg(test)]
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

    /// Sends the lines written since `start` that contain a text of `zowe.sysMessages` to the operator too.
    fn tell_operator(&self, start: usize) {
        self.matcher.each_hit(&self.out[start..], |hit| {
            if let Some(text) = hit.sys_message.and_then(|found| self.rules.of_line(hit.line, found)) {
                self.platform.wto(&text);
            }
        });
    }

    /// Tells the operator what SYSPRINT has not accepted so far: when that begins and, if it continues, at the end.
    fn tell_unwritten(&self) {
        if let Some((lost, why)) = &self.unwritten {
            self.wto_of(&message::lines_not_written(lost, why));
        }
    }

    fn message(&mut self, message: &Message) {
        self.prefix.launcher(&mut self.out, message.severity(), message.text());
        self.wto_of(message);
    }

    fn wto_of(&self, message: &Message) {
        let text = match message.operator() {
            Operator::Always => Some(wto::unconditional(message.text())),
            Operator::Wto if self.rules.own => Some(wto::unconditional(message.text())),
            Operator::Wto | Operator::OnMatch => self.rules.of_message(message.text()),
        };
        if let Some(text) = text {
            self.platform.wto(&text);
        }
    }

    fn set_rules(&mut self, rules: WtoRules) {
        self.matcher = Rc::new(Matcher::new(Arc::clone(&rules.patterns), &[]));
        self.matchers.clear();
        self.rules = rules;
        for mut pipe in std::mem::take(&mut self.pipes).into_values() {
            pipe.matcher = self.matcher_for(pipe.watch.as_ref());
            self.pipes.insert(pipe.id.0, pipe);
        }
    }

    fn matcher_for(&mut self, watch: Option<&Watch>) -> Rc<Matcher> {
        let Some(watch) = watch else { return Rc::clone(&self.matcher) };
        if let Some(matcher) = self.matchers.get(&watch.texts) {
            return Rc::clone(matcher);
        }
        self.matchers.retain(|_, matcher| Rc::strong_count(matcher) > 1);
        let patterns: Arc<[Pattern]> = Arc::clone(&self.rules.patterns);
        let matcher = Rc::new(Matcher::new(patterns, &watch.texts));
        self.matchers.insert(watch.texts.clone(), Rc::clone(&matcher));
        matcher
    }

    /// Begins new log files, and returns a message for each that could not be begun.
    fn rotate_logs(&mut self) -> Vec<Message> {
        let mut rotated: Vec<Rc<std::cell::RefCell<super::log_file::LogFile>>> = Vec::new();
        let mut messages = Vec::new();
        for pipe in self.pipes.values() {
            let Some(log) = pipe.log.as_ref().filter(|log| !rotated.iter().any(|other| Rc::ptr_eq(other, log))) else { continue };
            if let Err(error) = log.borrow_mut().rotate() {
                messages.push(message::log_file_not_writable(&pipe.component, error));
            }
            rotated.push(Rc::clone(log));
        }
        messages
    }

    /// Writes what was collected: one write per turn, not one per line.
    fn write(&mut self) {
        if self.out.is_empty() {
            return;
        }
        let lines = memchr::memchr_iter(b'\n', &self.out).count();
        self.shared.in_hand.store(lines, Ordering::Relaxed);
        // While SYSPRINT itself fails, only the operator can be told. The components go on, and SYSPRINT reports it when it can.
        let written = self.platform.write_sysprint(&self.out);
        self.shared.in_hand.store(0, Ordering::Relaxed);
        self.out.clear();
        match written {
            Err(error) => match &mut self.unwritten {
                Some((lost, why)) => {
                    *lost += lines as u64;
                    *why = error.to_string();
                }
                None => {
                    self.unwritten = Some((lines as u64, error.to_string()));
                    self.tell_unwritten();
                }
            },
            Ok(()) => {
                if let Some((lost, why)) = self.unwritten.take() {
                    self.message(&message::lines_not_written(lost, why));
                    self.write();
                }
            }
        }
        // Memory used for a flood is released when the flood is over.
        if self.out.capacity() > 4 * FULL {
            self.out.shrink_to(FULL);
        }
    }
}

/// Reads until nothing is left, which also arms the selector again.
fn empty(mut woken: &Receiver) {
    let mut bytes = [0; 64];
    while woken.read(&mut bytes).is_ok_and(|length| length > 0) {}
}
