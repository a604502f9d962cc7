//! The relay thread: waits for items and for all pipes at once, and writes what came in one block.

use super::log_file::LogFile;
use super::partial::Partial;
use super::pattern::{Matcher, Pattern};
use super::rate::Rate;
use super::tail::Tail;
use super::{Attachment, Item, LogSettings, PipeId, Shared, Watch, WtoRules, line, printable, wto};
use crate::message::{self, Message, Operator, Severity};
use crate::platform::code_page::Transcoder;
use crate::platform::{Pid, Platform, unix};
use mio::unix::pipe::Receiver;
use mio::{Events, Interest, Poll, Token};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub(super) const WAKER: Token = Token(usize::MAX);

/// Bytes read at once.
const BLOCK: usize = 256 * 1024;
/// Bytes of one pipe relayed before the others have their turn.
const TURN: usize = 1024 * 1024;
/// Bytes collected before they are written.
const FULL: usize = 256 * 1024;
/// What a new pipe holds: a read of so much says that its writer waits.
const PIPE: usize = 64 * 1024;
/// A line that has begun is put before what is read next when it is shorter than this.
const SHORT: usize = 8 * 1024;

/// A component's pipe and what is done with its lines.
struct Pipe {
    id: PipeId,
    component: String,
    pid: Option<Pid>,
    receiver: Receiver,
    partial: Partial,
    /// Where programs may write IBM-1047.
    transcoder: Option<Transcoder>,
    /// Known to hold data: the selector tells only once.
    ready: bool,
    /// Made larger, if the system allows it.
    enlarged: bool,
    /// Its component has ended and its last lines are not asked for any more.
    drained: bool,
    matcher: Rc<Matcher>,
    watch: Option<Watch>,
    /// Of the watched texts, those that have been reported.
    reported: Vec<bool>,
    log: Option<Rc<RefCell<LogFile>>>,
    rate: Rate,
    tail: Tail,
}

/// What a read of a pipe came to.
#[derive(PartialEq)]
enum After {
    Empty,
    More,
    Ended,
}

/// A component that writes line by line would wake the relay for each of them, which costs both more than the line is worth. When that
/// goes on, the relay rests for a moment, far below what anybody notices, and finds many lines at once.
#[derive(Default)]
struct Pace {
    /// Turns in a row that came soon after the one before and brought little.
    small_turns: u32,
    last: Duration,
}

impl Pace {
    const REST: Duration = Duration::from_micros(200);
    const SOON: Duration = Duration::from_millis(1);
    const LITTLE: usize = 32 * 1024;
    const MANY: u32 = 16;

    /// `now`: since any fixed point.
    fn turn(&mut self, now: Duration, bytes: usize) {
        let small = bytes > 0 && bytes < Pace::LITTLE && now < self.last + Pace::SOON;
        self.small_turns = if small { self.small_turns.saturating_add(1) } else { 0 };
        self.last = now;
    }

    fn rests(&self) -> bool {
        self.small_turns >= Pace::MANY
    }
}

pub(super) struct Relay {
    poll: Poll,
    woken: Receiver,
    shared: Arc<Shared>,
    platform: Arc<dyn Platform>,
    prefix: line::Prefix,
    rules: WtoRules,
    /// For pipes with no watched text left, by far the most.
    matcher: Rc<Matcher>,
    /// Others, by their watched texts: many components watch for the same.
    matchers: HashMap<Vec<String>, Rc<Matcher>>,
    pipes: HashMap<usize, Pipe>,
    /// Pipes that hold data.
    ready: Vec<usize>,
    /// Pipes whose component writes more to the console than is let through.
    holding: Vec<usize>,
    /// Components and last lines of pipes that were closed before their component's end was told.
    ended: HashMap<usize, (String, Tail)>,
    out: Vec<u8>,
    /// Lines that SYSPRINT has not taken since it last took some, and why.
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
            ended: HashMap::new(),
            out: Vec::new(),
            unwritten: None,
            begun: Instant::now(),
            relayed: 0,
            closing: false,
        }
    }

    /// Relays until it is told to close. A panic is told; then it goes on, without the pipe that was being read.
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
            self.tell_held(false);
            self.write();
            pace.turn(self.begun.elapsed(), self.relayed);
        }
        let all: Vec<usize> = self.pipes.keys().copied().collect();
        for id in all {
            self.drain(PipeId(id), false);
        }
        self.tell_held(true);
        self.write();
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
        let due = self.holding.iter().filter_map(|id| self.pipes.get(id)?.rate.due()).min()?;
        // The selector counts whole milliseconds.
        Some(due.saturating_sub(self.begun.elapsed()) + Duration::from_millis(1))
    }

    /// Says how many lines were held back from the console, where a flood is over or `all` is asked for.
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

    /// Takes the items queued so far. What wakes is emptied first: a wake-up for an item queued from now on is a new event.
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
                // What debugging shows is no message.
                if severity != Severity::Debug {
                    self.tell_operator(start);
                }
            }
            Item::Plain { severity, text } => self.prefix.launcher(&mut self.out, severity, &text),
            Item::Lines(mut bytes) => {
                let start = self.out.len();
                if self.platform.writes_ebcdic() {
                    // The line end was added to one that is no line feed.
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

    /// Lines that were written since, and that hold a text of `zowe.sysMessages`, go to the operator too.
    fn tell_operator(&self, start: usize) {
        self.matcher.each_hit(&self.out[start..], |hit| {
            if let Some(text) = hit.sys_message.and_then(|found| self.rules.of_line(hit.line, found)) {
                self.platform.wto(&text);
            }
        });
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

    fn attach(&mut self, id: PipeId, component: String, descriptor: OwnedFd, attachment: Attachment) {
        let platform = &self.platform;
        let transcoder = platform.writes_ebcdic().then(|| Transcoder::new(platform.code_page_of(descriptor.as_fd())));
        let mut receiver = Receiver::from(descriptor);
        // Data that is already there is an event of its own, so nothing is missed between creation and registration. A pipe that cannot be
        // registered is treated as ready for ever; reading it tells what is wrong with it.
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
        };
        self.pipes.insert(id.0, pipe);
        if !registered {
            self.note_ready(id.0);
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

    /// The log file of these settings: one for all pipes that share it, as those of a component before and after a restart do for a while.
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

    /// Begins new log files, and gives what kept any of them from being begun, each as a message.
    fn rotate_logs(&mut self) -> Vec<Message> {
        let mut rotated: Vec<Rc<RefCell<LogFile>>> = Vec::new();
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

    /// Everything the pipe holds now, the unfinished last line included. Bounded, because somebody may go on writing.
    fn drain(&mut self, id: PipeId, repeat: bool) {
        self.relay(id.0, 16 * TURN);
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
            self.message(&message::last_lines_head(&component, lines.len()));
            for line in lines {
                self.out.extend_from_slice(b"    | ");
                self.out.extend_from_slice(line);
                self.out.push(b'\n');
            }
            self.message(&message::last_lines_end(&component));
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
        self.relayed += limit - left;
        if after == After::Ended {
            // An error here means that it was never registered.
            let _ = self.poll.registry().deregister(&mut pipe.receiver);
            self.end(&mut pipe);
            if pipe.rate.due().is_some() {
                self.message(&message::lines_held_back(&pipe.component, pipe.rate.take_held()));
            }
            if !pipe.drained {
                self.ended.insert(id, (pipe.component, pipe.tail));
            }
            return;
        }
        pipe.ready = after == After::More;
        if pipe.ready && !self.ready.contains(&id) {
            self.ready.push(id);
        }
        self.pipes.insert(id, pipe);
    }

    /// One read, right behind what waits to be written. Whole lines stay there, the rest is kept with the pipe.
    fn read(&mut self, pipe: &mut Pipe, left: &mut usize) -> After {
        let mut start = self.out.len();
        // The beginning of the line goes before its end, unless it is long: then it would be moved again and again.
        let short = pipe.partial.short(SHORT).map(|begun| self.out.extend_from_slice(begun)).is_some();
        let read_from = self.out.len();
        let length = match pipe.receiver.try_io(|| unix::read_onto(pipe.receiver.as_fd(), &mut self.out, BLOCK)) {
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
        if let Some(transcoder) = &mut pipe.transcoder {
            let raw = self.out.split_off(read_from);
            self.out.extend(transcoder.convert(&raw));
        }
        if length >= PIPE && !std::mem::replace(&mut pipe.enlarged, true) {
            unix::enlarge_pipe(pipe.receiver.as_fd());
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
            self.finish(pipe);
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

    /// Whole lines of a component that have come to stand at the end of `out`, as it wrote them.
    fn lines(&mut self, pipe: &mut Pipe, start: usize) {
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
        result.err().map(|error| message::log_file_not_writable(&pipe.component, error))
    }

    fn make_printable(&mut self, start: usize) {
        if !printable::is_plain(&self.out[start..]) {
            let raw = self.out.split_off(start);
            printable::append(&mut self.out, &raw);
        }
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
            self.message(&message::output_lost(&pipe.component, error));
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

    /// Writes what was collected: one write a turn, not one a line.
    fn write(&mut self) {
        if self.out.is_empty() {
            return;
        }
        let lines = memchr::memchr_iter(b'\n', &self.out).count();
        self.shared.in_hand.store(lines, Ordering::Relaxed);
        // While SYSPRINT itself fails there is nowhere to say it; the components go on, and it is said when it can be.
        let written = self.platform.write_sysprint(&self.out);
        self.shared.in_hand.store(0, Ordering::Relaxed);
        self.out.clear();
        match written {
            Err(error) => {
                let lost = self.unwritten.take().map_or(0, |(lost, _)| lost);
                self.unwritten = Some((lost + lines as u64, error.to_string()));
            }
            Ok(()) => {
                if let Some((lost, why)) = self.unwritten.take() {
                    self.message(&message::lines_not_written(lost, why));
                    self.write();
                }
            }
        }
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
