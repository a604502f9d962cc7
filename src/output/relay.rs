//! The relay thread: waits for items and for all pipes at once, and writes what has come in one block.

mod console;
mod lines;
mod pace;
mod pipe;
mod read;

use super::clock::Clock;
use super::index::Index;
use super::log_file::LogFile;
use super::pattern::{Matcher, Pattern};
use super::tail::Tail;
use super::{Item, Shared, Watch, WtoRules, Zone, line, printable, wto};
use crate::message::{self, Message, Operator, Severity};
use crate::platform::Platform;
use console::Console;
use mio::unix::pipe::Receiver;
use mio::{Events, Poll, Token};
use pace::Pace;
use pipe::Pipe;
pub(super) use read::{SHORT_TURN, TURN};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub(super) const WAKER: Token = Token(usize::MAX);

/// Bytes collected before they are written: what was read stays in the processor's cache until then.
pub(super) const FULL: usize = 128 * 1024;

pub(super) struct Relay {
    poll: Poll,
    woken: Receiver,
    shared: Arc<Shared>,
    platform: Arc<dyn Platform>,
    console: Console,
    prefix: line::Prefix,
    clock: Clock,
    zone: Zone,
    rules: WtoRules,
    /// For pipes without remaining watched texts, by far the most.
    matcher: Rc<Matcher>,
    /// The other matchers, by their watched texts: many components watch for the same.
    matchers: HashMap<Vec<String>, Rc<Matcher>>,
    pipes: HashMap<usize, Pipe>,
    /// Pipes that hold data, by the selector's account.
    ready: Vec<usize>,
    /// Pipes that held more than one turn relays: one of them has a turn whenever the others have had theirs.
    flooding: VecDeque<usize>,
    /// Pipes whose component writes more to the console than is allowed.
    holding: Vec<usize>,
    /// Pipes whose last line has not ended.
    unfinished: Vec<usize>,
    /// The length in bytes, as printed, beyond which a line is relayed in pieces.
    max_line: u64,
    /// Components and last lines of pipes that were closed before the component's end was reported.
    ended: HashMap<usize, (String, Tail)>,
    out: Vec<u8>,
    /// How far the lines of `out` have been counted, and how many they are.
    counted: (usize, usize),
    /// Pipes that were enlarged, and are not at their end.
    enlarged: usize,
    /// Whose the bytes of SYSPRINT are.
    index: Option<Index>,
    /// The number of lines that SYSPRINT has refused since it last accepted some, and why.
    unwritten: Option<(u64, String)>,
    begun: Instant,
    /// Bytes relayed in this turn.
    relayed: usize,
    /// A pipe was full in this turn, and its writer had to wait.
    was_full: bool,
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
            console: Console::new(Arc::clone(&platform)),
            platform,
            prefix,
            clock: Clock::default(),
            zone: Zone::default(),
            rules: WtoRules::new(&[], false, true),
            matcher: Rc::default(),
            matchers: HashMap::new(),
            pipes: HashMap::new(),
            ready: Vec::new(),
            flooding: VecDeque::new(),
            holding: Vec::new(),
            unfinished: Vec::new(),
            max_line: super::MAX_LINE,
            ended: HashMap::new(),
            out: Vec::new(),
            counted: (0, 0),
            enlarged: 0,
            index: None,
            unwritten: None,
            begun: Instant::now(),
            relayed: 0,
            was_full: false,
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
            let waits = self.ready.is_empty() && self.flooding.is_empty();
            let wait = if waits { self.next_due() } else { Some(Duration::ZERO) };
            // EINTR: nothing has happened.
            if self.poll.poll(&mut events, wait).is_ok() {
                if waits && pace.rests() {
                    std::thread::sleep(Pace::REST);
                }
                for event in &events {
                    if event.token() == WAKER {
                        empty(&self.woken);
                    }
                    self.note_ready(event.token().0);
                }
            }
            (self.relayed, self.was_full) = (0, false);
            self.take_items();
            for id in std::mem::take(&mut self.ready) {
                self.relay(id, SHORT_TURN);
            }
            if let Some(id) = self.flooding.pop_front() {
                self.relay(id, TURN);
            }
            self.show_silent();
            self.tell_held(false);
            self.console.try_again(self.begun.elapsed());
            self.tell_unshown();
            self.write();
            self.give_back();
            pace.turn(self.begun.elapsed(), self.relayed, self.was_full);
        }
        let all: Vec<usize> = self.pipes.keys().copied().collect();
        for id in all {
            self.drain(super::PipeId(id), false);
        }
        self.tell_held(true);
        self.console.close();
        self.tell_unshown();
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
        let due = held.into_iter().chain(self.next_silent()).chain(self.console.due()).min()?;
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
            // Whoever listens has heard it already.
            Item::Message(message) => self.print(&message),
            Item::ServerCommand { severity, source, text } => {
                let stamp = self.stamp();
                let start = self.out.len();
                self.prefix.server_command(&mut self.out, &stamp, severity, &source, &text);
                // Debug output is not a message.
                if severity != Severity::Debug {
                    self.tell_operator(start);
                }
            }
            Item::Plain { severity, text } => {
                let stamp = self.stamp();
                self.prefix.launcher(&mut self.out, &stamp, severity, &text);
            }
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
            Item::KeepIndex => self.begin_index(),
            Item::Zone(zone) => self.set_zone(*zone),
            Item::RotateLogs(told) => told(self.rotate_logs()),
            Item::BeginAnew(head, told) => {
                let mut failures = self.rotate_logs();
                // What came before belongs to the old file.
                self.write();
                failures.extend(self.platform.reopen_sysprint().err().map(message::plain_error));
                let stamp = self.stamp();
                self.prefix.launcher(&mut self.out, &stamp, Severity::Info, super::RULER);
                self.message(&head);
                told(failures);
            }
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
    fn tell_operator(&mut self, start: usize) {
        let (rules, console, now) = (&self.rules, &mut self.console, self.begun.elapsed());
        self.matcher.each_hit(&self.out[start..], |hit| {
            if let Some(text) = hit.sys_message.and_then(|found| rules.of_line(hit.line, found)) {
                console.wto(&text, now);
            }
        });
    }

    /// Says on SYSPRINT what the operator's console has not taken: when that begins, and when it is over.
    fn tell_unshown(&mut self) {
        for message in self.console.news() {
            let stamp = self.stamp();
            self.prefix.launcher(&mut self.out, &stamp, message.severity(), message.text());
        }
    }

    /// Tells the operator what SYSPRINT has not accepted so far: when that begins and, if it continues, at the end.
    fn tell_unwritten(&mut self) {
        if let Some(message) = self.unwritten.as_ref().map(|(lost, why)| message::lines_not_written(lost, why)) {
            self.wto_of(&message);
        }
    }

    /// Issues a message of the relay's own.
    fn message(&mut self, message: &Message) {
        self.shared.tell_listener(message);
        self.print(message);
    }

    fn print(&mut self, message: &Message) {
        let stamp = self.stamp();
        self.prefix.launcher(&mut self.out, &stamp, message.severity(), message.text());
        self.wto_of(message);
    }

    /// The stamp of the next line. That the clock was set back is a line before it.
    fn stamp(&mut self) -> String {
        let (time, set_back) = self.clock.time(jiff::Timestamp::now(), self.begun.elapsed());
        let stamp = self.zone.stamp(time);
        if let Some(set_back) = set_back {
            let message = message::clock_set_back(format!("{:.3}", set_back.by.as_secs_f64()), self.zone.stamp(set_back.from));
            self.prefix.launcher(&mut self.out, &stamp, message.severity(), message.text());
            self.wto_of(&message);
        }
        stamp
    }

    fn set_zone(&mut self, zone: Zone) {
        let same = zone.rules == self.zone.rules;
        self.zone = zone;
        if same {
            return;
        }
        self.message(&message::time_zone_is(self.zone.name(), self.zone.offset(jiff::Timestamp::now())));
    }

    fn wto_of(&mut self, message: &Message) {
        let text = match message.operator() {
            Operator::Always => Some(wto::unconditional(message.text())),
            Operator::Wto if self.rules.own => Some(wto::unconditional(message.text())),
            Operator::Wto | Operator::OnMatch => self.rules.of_message(message.text()),
        };
        if let Some(text) = text {
            self.console.wto(&text, self.begun.elapsed());
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
        let mut rotated: Vec<Rc<RefCell<LogFile>>> = Vec::new();
        let mut messages = Vec::new();
        for pipe in self.pipes.values() {
            let Some(log) = pipe.log.as_ref().filter(|log| !rotated.iter().any(|other| Rc::ptr_eq(other, log))) else { continue };
            if let Err(fault) = log.borrow_mut().rotate(self.begun.elapsed()) {
                messages.push(fault.message(&pipe.component));
            }
            rotated.push(Rc::clone(log));
        }
        messages
    }

    fn begin_index(&mut self) {
        // What was collected so far was written before the index is begun.
        self.write();
        match Index::begin(&*self.platform) {
            Ok(index) => self.index = index,
            Err(error) => self.message(&message::sysprint_index_not_kept(error)),
        }
    }

    /// What is in `out` from `start` on is a component's.
    fn attribute(&mut self, start: usize, component: &str) {
        if let Some(index) = self.index.as_mut().filter(|_| start < self.out.len()) {
            index.attribute(start, self.out.len(), component);
        }
    }

    /// Writes what was collected: one write per turn, not one per line.
    fn write(&mut self) {
        if self.out.is_empty() {
            return;
        }
        let (counted, lines) = std::mem::take(&mut self.counted);
        let lines = lines + count_lines(&self.out[counted.min(self.out.len())..]);
        self.shared.in_hand.store(lines, Ordering::Relaxed);
        // While SYSPRINT itself fails, only the operator can be told. The components go on, and SYSPRINT reports it when it can.
        let written = self.platform.write_sysprint(&self.out);
        self.shared.in_hand.store(0, Ordering::Relaxed);
        // What SYSPRINT has refused is nowhere.
        let length = if written.is_ok() { self.out.len() } else { 0 };
        if let Some(Err(error)) = self.index.as_mut().map(|index| index.written(&*self.platform, length)) {
            self.index = None;
            self.shared.say_later(message::sysprint_index_not_kept(error));
        }
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
    }

    /// Releases memory that was used for a flood, when the flood is over.
    fn give_back(&mut self) {
        if self.out.capacity() > 2 * FULL && self.relayed < FULL / 4 {
            self.out.shrink_to(FULL);
        }
    }

    /// Notes how many lines stand in `out` from `start` to its end: they were counted when they were looked at.
    fn note_lines(&mut self, start: usize, lines: usize) {
        let (counted, before) = self.counted;
        let between = count_lines(&self.out[counted.min(start)..start]);
        self.counted = (self.out.len(), before + between + lines);
    }
}

fn count_lines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// Reads until nothing is left, which also arms the selector again.
fn empty(mut woken: &Receiver) {
    let mut bytes = [0; 64];
    while woken.read(&mut bytes).is_ok_and(|length| length > 0) {}
}
