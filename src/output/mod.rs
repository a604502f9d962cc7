//! The one way out: every line that reaches SYSPRINT or the operator passes through one relay thread. Contract: docs/contract/messages.md,
//! "The line on SYSPRINT" and "What reaches the operator".
//!
//! Why a thread of its own: SYSPRINT can be slow (a pipe nobody reads, a full spool), and then the components have to wait for it, not the
//! owner task with its operators. Callers only put items into a queue; the relay thread formats and writes them in order, and in between
//! reads all component pipes, a block at a time.

mod attachment;
mod clock;
mod echo;
mod index;
mod line;
mod listener;
mod log_file;
mod partial;
mod pattern;
mod plain;
mod printable;
mod rate;
mod relay;
mod sieve;
mod tail;
mod verbosity;
mod wto;
mod zone;

pub use crate::platform::code_page::decode_lines;
pub use attachment::{Attachment, Counts, Watch};
pub use echo::is_message_id;
pub use line::RULER;
pub use listener::OutputListener;
pub use log_file::{LogSettings, shift_files};
pub use pattern::AwaitedText;
pub use printable::{escaped, is_odd, one_line, printable};
pub use verbosity::Verbosity;
pub use wto::WtoRules;
pub use zone::Zone;

use crate::message::{Message, Operator, Severity};
use crate::platform::Platform;
use crate::platform::fault::{Faults, OnFault};
use crate::platform::thread::{self, Stack};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

/// A component's pipe while the relay reads it; never reused in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PipeId(usize);

/// Called on the relay thread with the messages of log files that could not be begun anew; empty when all could.
type RotationTold = Box<dyn FnOnce(Vec<Message>) + Send>;

/// A request to the relay thread.
enum Item {
    Message(Message),
    /// A line of the server commands' part: ZWELS, with its source in parentheses.
    ServerCommand {
        severity: Severity,
        source: String,
        text: String,
    },
    /// A line with the launcher's prefix that is not a message: the ruler, debug lines.
    Plain {
        severity: Severity,
        text: String,
    },
    /// Whole lines of a component.
    Lines(Vec<u8>),
    Attach(PipeId, String, OwnedFd, Box<Attachment>),
    /// Relay what the pipe holds now, including a last line without its end, before anything that is queued later.
    Drain {
        pipe: PipeId,
        /// Whether its last lines are shown again.
        repeat: bool,
    },
    Rules(Box<WtoRules>),
    MaxLine(u64),
    /// An index of SYSPRINT is kept from now on.
    KeepIndex,
    Zone(Box<Zone>),
    RotateLogs(RotationTold),
    /// RotateLogs, and SYSPRINT begins anew, with this head.
    BeginAnew(Message, RotationTold),
    #[cfg(test)]
    Flush(mpsc::Sender<()>),
    /// Drain everything, write it and end.
    Close,
}

/// The most bytes of text that wait for the relay thread. The launcher itself writes little; this limit is for a SYSPRINT that nobody
/// reads.
const QUEUED: usize = 4 * 1024 * 1024;

/// The length in bytes beyond which a component's line is relayed in pieces, until [`Output::set_max_line`] changes it.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// Messages that warn of nothing and are written also when routine is left out: what a component in the foreground misses and waits for.
const TERSE: [&str; 5] = ["ZWEL0972I", "ZWEL0973I", "ZWEL0974I", "ZWEL0975I", "ZWEL1080I"];

/// How long the end of a run waits for SYSPRINT to take the rest.
const LAST_FLUSH: Duration = Duration::from_secs(5);

impl Item {
    /// Its weight in the queue. None: it is never left out, because it is a control item or a message that the operator must see.
    fn weight(&self) -> Option<usize> {
        const FIXED: usize = 128;
        match self {
            Item::Message(message) if message.operator() == Operator::OnMatch => Some(FIXED + message.text().len()),
            Item::ServerCommand { source, text, .. } => Some(FIXED + source.len() + text.len()),
            Item::Plain { text, .. } => Some(FIXED + text.len()),
            Item::Lines(bytes) => Some(FIXED + bytes.len()),
            _ => None,
        }
    }

    /// A message that the operator must see whatever the rules say.
    fn for_console(&self) -> Option<&Message> {
        match self {
            Item::Message(message) if message.operator() == Operator::Always => Some(message),
            _ => None,
        }
    }

    /// The number of its lines on SYSPRINT.
    fn lines(&self) -> usize {
        match self {
            Item::Message(_) | Item::ServerCommand { .. } | Item::Plain { .. } => 1,
            Item::Lines(bytes) => memchr::memchr_iter(b'\n', bytes).count(),
            _ => 0,
        }
    }
}

/// The handle that everything writes through; clones share one relay thread.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Writing to it wakes the relay thread. It is a pipe of our own because mio's waker, with the poll(2) selector, loses wake-ups
    /// whenever a descriptor is registered at the same time (tokio-rs/mio#1874), and z/OS has that selector.
    waker: mio::unix::pipe::Sender,
    debugging: verbosity::Debugging,
    /// See [`Output::leave_out_routine`].
    terse: AtomicBool,
    platform: Arc<dyn Platform>,
    /// Lines that are being written to SYSPRINT.
    in_hand: AtomicUsize,
    /// Closed by the end of the relay thread; None once that has been awaited.
    ended: Mutex<Option<mpsc::Receiver<()>>>,
    faults: Faults,
    listener: OnceLock<Arc<dyn OutputListener>>,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// The total weight of the items.
    bytes: usize,
    /// Items left out since the relay thread last took some.
    lost: u64,
    pipes_made: usize,
    /// Set once the relay thread has been woken for what is in `items`: one wake-up per batch.
    woken: bool,
}

impl Queue {
    fn push(&mut self, item: Item) {
        self.bytes += item.weight().unwrap_or(0);
        self.items.push_back(item);
    }

    fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.weight().unwrap_or(0);
        Some(item)
    }
}

impl Output {
    /// Starts the relay thread.
    ///
    /// # Errors
    /// When the system refuses the thread or its selector.
    pub fn start(platform: Arc<dyn Platform>) -> io::Result<Output> {
        let poll = mio::Poll::new()?;
        let (waker, mut woken) = mio::unix::pipe::new()?;
        poll.registry().register(&mut woken, relay::WAKER, mio::Interest::READABLE)?;
        let (running, ended) = mpsc::channel();
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::default()),
            waker,
            debugging: verbosity::Debugging::default(),
            terse: AtomicBool::new(false),
            platform,
            in_hand: AtomicUsize::new(0),
            ended: Mutex::new(Some(ended)),
            faults: Faults::default(),
            listener: OnceLock::new(),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn("relay", Stack::Medium, move || {
            let _ends_with_the_thread = running;
            relay::Relay::new(poll, woken, for_thread).run();
        })?;
        Ok(Output { shared })
    }

    /// From now on what tells only that things go their usual way is left out: who runs one component in a shell wants to see that component.
    /// Warnings, errors, what says of itself that it matters (`TERSE`) and what components write stay.
    pub fn leave_out_routine(&self) {
        self.shared.terse.store(true, Ordering::Relaxed);
    }

    fn is_left_out(&self, item: &Item) -> bool {
        self.shared.terse.load(Ordering::Relaxed)
            && match item {
                Item::Message(message) => message.severity() == Severity::Info && !TERSE.contains(&message.id()),
                Item::ServerCommand { severity, .. } | Item::Plain { severity, .. } => *severity == Severity::Info,
                _ => false,
            }
    }

    /// Sets who is told of a panic of the relay thread: lines may be lost.
    pub fn on_fault(&self, on_fault: OnFault) {
        self.shared.faults.listen(on_fault);
    }

    /// Sets who hears messages as they are issued, and last words; once.
    pub fn on_saying(&self, listener: Arc<dyn OutputListener>) {
        let _ = self.shared.listener.set(listener);
    }

    fn put(&self, item: Item) {
        if let Item::Message(message) = &item {
            self.shared.tell_listener(message);
        }
        if self.is_left_out(&item) {
            return;
        }
        let mut queue = self.shared.lock();
        if item.weight().is_some_and(|weight| queue.bytes > 0 && queue.bytes + weight > QUEUED) {
            queue.lost += 1;
            return;
        }
        queue.push(item);
        self.wake(queue);
    }

    fn wake(&self, mut queue: std::sync::MutexGuard<'_, Queue>) {
        if !std::mem::replace(&mut queue.woken, true) {
            // A full pipe wakes it just as one more byte would.
            let _ = (&self.shared.waker).write(&[1]);
        }
    }

    /// Writes a message to SYSPRINT and, if its row of the catalogue and the rules say so, to the operator.
    pub fn message(&self, message: Message) {
        self.put(Item::Message(message));
    }

    /// Writes messages that belong together: nothing comes between them.
    pub fn messages(&self, messages: impl IntoIterator<Item = Message>) {
        // They may be an iterator that says something itself.
        let messages: Vec<Message> = messages.into_iter().inspect(|message| self.shared.tell_listener(message)).collect();
        let mut queue = self.shared.lock();
        for item in messages.into_iter().map(Item::Message).filter(|item| !self.is_left_out(item)) {
            queue.push(item);
        }
        self.wake(queue);
    }

    /// Writes a line of the server commands' part, with `source` in parentheses after the level.
    pub fn server_command(&self, severity: Severity, source: &str, text: impl Into<String>) {
        if severity == Severity::Debug && !self.debug_enabled() {
            return;
        }
        let mut text = text.into();
        if severity == Severity::Debug {
            text = self.shared.debugging.masked(text);
        }
        self.put(Item::ServerCommand { severity, source: source.to_owned(), text });
    }

    /// Writes a debug line when debug lines are on (ZLDEBUG=ON, zowe.launchScript.logLevel).
    pub fn debug(&self, text: impl FnOnce() -> String) {
        self.plain(Verbosity::Debug, text);
    }

    /// Writes a debug line of the most detailed level (zowe.launchScript.logLevel: trace).
    pub fn trace(&self, text: impl FnOnce() -> String) {
        self.plain(Verbosity::Trace, text);
    }

    fn plain(&self, wanted: Verbosity, text: impl FnOnce() -> String) {
        if self.verbosity() >= wanted {
            self.put(Item::Plain { severity: Severity::Debug, text: self.shared.debugging.masked(text()) });
        }
    }

    /// Writes the ruler of 500 columns.
    pub fn ruler(&self) {
        self.put(Item::Plain { severity: Severity::Info, text: RULER.to_owned() });
    }

    /// Writes whole lines as a component wrote them; a missing last line end is added.
    pub fn lines(&self, mut bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        self.put(Item::Lines(bytes));
    }

    /// Relays a component's pipe (its read end, non-blocking) line by line until its last writer closes it. `attachment`: what else is done
    /// with its lines; `Attachment::default()` for nothing else.
    pub fn attach(&self, component: &str, pipe: OwnedFd, attachment: Attachment) -> PipeId {
        let mut queue = self.shared.lock();
        let id = PipeId(queue.pipes_made);
        queue.pipes_made += 1;
        queue.push(Item::Attach(id, component.to_owned(), pipe, Box::new(attachment)));
        self.wake(queue);
        id
    }

    /// Relays what a pipe holds at this moment before anything that is written later. Called once, when its component has ended.
    pub fn drain(&self, pipe: PipeId) {
        self.put(Item::Drain { pipe, repeat: false });
    }

    /// Like [`Output::drain`], for an end that nobody asked for: the component's last lines are repeated on SYSPRINT, between ZWEL0993I and
    /// ZWEL0994I, and never go to the console.
    pub fn drain_and_repeat(&self, pipe: PipeId) {
        self.put(Item::Drain { pipe, repeat: true });
    }

    /// Keeps an index of whose the lines are beside SYSPRINT, where that is a file of the spool.
    pub fn keep_index(&self) {
        self.put(Item::KeepIndex);
    }

    /// Begins new log files for all components that have one (LOGROTATE). A file that was moved away is only opened anew. `told` is called
    /// on the relay thread with a message for each file that could not be begun.
    pub fn rotate_logs(&self, told: impl FnOnce(Vec<Message>) + Send + 'static) {
        self.put(Item::RotateLogs(Box::new(told)));
    }

    /// The same, and begins a new block of SYSPRINT, with the ruler and `head`: in a new file, where the one of before was moved away.
    pub fn begin_anew(&self, head: Message, told: impl FnOnce(Vec<Message>) + Send + 'static) {
        self.put(Item::BeginAnew(head, Box::new(told)));
    }

    /// Sets the length in bytes, as printed, up to which a component's line is relayed as one.
    pub fn set_max_line(&self, bytes: u64) {
        self.put(Item::MaxLine(bytes));
    }

    /// Sets the zone of the time stamps from now on; UTC at first. A change is said (ZWEL0957I).
    pub fn set_zone(&self, zone: Zone) {
        self.put(Item::Zone(Box::new(zone)));
    }

    /// Sets what goes to the operator from now on.
    pub fn set_rules(&self, rules: WtoRules) {
        self.put(Item::Rules(Box::new(rules)));
    }

    /// Whether debug lines are written.
    pub fn set_debug(&self, on: bool) {
        self.set_verbosity(if on { Verbosity::Debug } else { Verbosity::Info });
    }

    /// What is written besides messages.
    pub fn set_verbosity(&self, verbosity: Verbosity) {
        self.shared.debugging.set(verbosity);
    }

    /// What is written besides messages.
    pub fn verbosity(&self) -> Verbosity {
        self.shared.debugging.get()
    }

    /// From now on these texts are masked in debug lines.
    pub fn hide(&self, secrets: impl IntoIterator<Item = String>) {
        self.shared.debugging.hide(secrets);
    }

    fn debug_enabled(&self) -> bool {
        self.verbosity() >= Verbosity::Debug
    }

    /// Waits until everything written so far is on SYSPRINT, however long that takes; for tests, which read it.
    #[cfg(test)]
    pub fn flush(&self) {
        let (sender, receiver) = mpsc::channel();
        self.put(Item::Flush(sender));
        // An error means that the relay thread has ended: then there is nothing left to wait for.
        let _ = receiver.recv();
    }

    /// Relays the rest of the pipes, writes everything and ends the relay thread. Waits for that at most 5 s: if nobody reads SYSPRINT, the
    /// operator is told how many lines are lost, and the lines that must reach the console reach it.
    pub fn close(&self) {
        self.close_within(LAST_FLUSH);
    }

    fn close_within(&self, patience: Duration) {
        self.put(Item::Close);
        let Some(ended) = self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let hangs = ended.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout);
        // A relay thread that hangs in its write ends with the program; one that has ended has left nothing, unless it failed.
        let (items, lost) = {
            let mut queue = self.shared.lock();
            (std::mem::take(&mut queue.items), queue.lost)
        };
        let lines = items.iter().map(Item::lines).sum::<usize>() + self.shared.in_hand.load(Ordering::Relaxed);
        // If the console takes nothing either, there is nobody left to tell.
        for message in items.iter().filter_map(Item::for_console) {
            let _ = self.shared.platform.wto(&wto::unconditional(message.text()));
        }
        if hangs {
            let message = crate::message::lines_lost_at_end(lines as u64 + lost, patience.as_secs());
            let _ = self.shared.platform.wto(&wto::unconditional(message.text()));
        }
    }
}

impl Shared {
    /// Queues a message of the relay thread's own, which cannot print it where it stands.
    fn say_later(&self, message: Message) {
        self.tell_listener(&message);
        self.lock().push(Item::Message(message));
    }

    fn tell_listener(&self, message: &Message) {
        if let Some(listener) = self.listener.get() {
            listener.message(message);
        }
    }

    /// A poisoned queue is still a queue: a panic elsewhere must not silence the launcher.
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a turn: how many items are queued, and how many were left out after them. Anything queued from now on wakes the thread again.
    fn begin_turn(&self) -> (usize, u64) {
        let mut queue = self.lock();
        queue.woken = false;
        (queue.items.len(), std::mem::take(&mut queue.lost))
    }

    /// The next item. One at a time, so that items behind a write that hangs are known as not written.
    fn next(&self) -> Option<Item> {
        self.lock().pop()
    }
}

#[cfg(test)]
mod chunks;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod year;
