//! The journal: every decision and change of a run is one event, a line of JSON in a file that people, panels and charts read. Format:
//! docs/seeing.md.
//!
//! Nobody waits for it. Whoever has something to tell puts it into a queue; a thread of its own writes what has come, several events with
//! one write. What there is no room for, in the queue or on the disk, is counted: a message says it once, and an event says it in the file
//! as soon as there is room again.

mod event;
mod file;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use event::{Edge, Event, How, Record, VERSION, Word};
pub use reader::{Follower, LINE_LIMIT, Line, Odd, decode, read_all, read_from};

use crate::message::{self, Message};
use crate::output::{LogSettings, OutputListener};
use crate::platform::thread::{self, Stack};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Bytes of events that wait at most: for a disk that is slow, and before it is known where the journal is.
const QUEUED: usize = 1024 * 1024;

/// Events of a burst are written together: the thread waits so long for more after the first.
const GATHERED: Duration = Duration::from_millis(10);

/// How long the end of a run waits for the rest to be written.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// Says a message of the journal's own.
type Say = Arc<dyn Fn(Message) + Send + Sync>;

/// What everything tells its events to; clones share one file.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Journal").field("run", &self.shared.run).finish_non_exhaustive()
    }
}

struct Shared {
    queue: Mutex<Queue>,
    /// Something was put into an empty queue, or the journal is closed.
    news: Condvar,
    run: String,
    begun: Instant,
    say: Mutex<Option<Say>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is not known yet where it is: events are kept.
    #[default]
    Gathering,
    Open,
    /// The rest is written.
    Closing,
    /// There is none, or it is over.
    Off,
}

#[derive(Default)]
struct Queue {
    stage: Stage,
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// Events told so far.
    told: u64,
    /// Left out since the writer last took what was waiting.
    lost: u64,
    /// That was said, and the writer has not caught up since.
    is_loss_said: bool,
    instance: String,
    path: PathBuf,
    ended: Option<mpsc::Receiver<()>>,
}

/// When an event was told.
struct Stamp {
    seq: u64,
    time: Timestamp,
    mono: u64,
}

/// An event that is to be written.
struct Waiting {
    stamp: Stamp,
    event: Event,
}

impl Shared {
    fn stamp(&self, seq: u64) -> Stamp {
        Stamp { seq, time: Timestamp::now(), mono: u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX) }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No lock is held: what is said is an event too.
    fn say(&self, message: Message) {
        let say = self.say.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(say) = say {
            say(message);
        }
    }
}

impl Default for Journal {
    /// [`Journal::none`].
    fn default() -> Journal {
        Journal::none()
    }
}

impl Journal {
    /// One that keeps what it is told until it is [opened](Journal::open).
    pub fn new() -> Journal {
        let run = format!("{}-{}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), std::process::id());
        let (queue, news, say) = (Mutex::default(), Condvar::new(), Mutex::default());
        Journal { shared: Arc::new(Shared { queue, news, run, begun: Instant::now(), say }) }
    }

    /// One that is nowhere.
    pub fn none() -> Journal {
        let journal = Journal::new();
        journal.off();
        journal
    }

    /// How what is wrong with the journal itself is said.
    pub fn on_trouble(&self, say: impl Fn(Message) + Send + Sync + 'static) {
        *self.shared.say.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(say));
    }

    /// Tells an event. Never waits.
    pub fn tell(&self, event: Event) {
        let mut queue = self.shared.lock();
        if matches!(queue.stage, Stage::Off) {
            return;
        }
        queue.told += 1;
        let weight = event.weight();
        // What follows one that is left out is left out too, so that there is one gap.
        if queue.lost > 0 || queue.bytes > 0 && queue.bytes + weight > QUEUED {
            queue.lost += 1;
            let is_news = queue.stage == Stage::Open && !std::mem::replace(&mut queue.is_loss_said, true);
            let path = if is_news { queue.path.clone() } else { PathBuf::new() };
            drop(queue);
            if is_news {
                self.shared.say(message::journal_not_written(path.display(), TOO_SLOW));
            }
            return;
        }
        // Under the lock: they rise from line to line.
        let waiting = Waiting { stamp: self.shared.stamp(queue.told), event };
        queue.bytes += weight;
        queue.waiting.push_back(waiting);
        if queue.waiting.len() == 1 && queue.stage == Stage::Open {
            self.shared.news.notify_one();
        }
    }

    /// Begins to write: what was told before, and all that follows.
    ///
    /// # Errors
    /// The system refuses the thread.
    pub fn open(&self, settings: LogSettings, instance: &str) -> io::Result<()> {
        let (running, ended) = mpsc::channel();
        {
            let mut queue = self.shared.lock();
            if queue.stage != Stage::Gathering {
                return Ok(());
            }
            (queue.stage, queue.instance, queue.path) = (Stage::Open, instance.to_owned(), settings.path.clone());
            queue.ended = Some(ended);
        }
        let shared = Arc::clone(&self.shared);
        let spawned = thread::spawn("journal", Stack::Medium, move || {
            let _ends_with_the_thread = running;
            writer::Writer::new(shared, settings).run();
        });
        spawned.map(drop).inspect_err(|_| self.off())
    }

    /// There is none: what was told is forgotten, and what follows is not heard.
    pub fn off(&self) {
        let mut queue = self.shared.lock();
        queue.stage = Stage::Off;
        (queue.waiting, queue.bytes, queue.lost) = (VecDeque::new(), 0, 0);
    }

    /// Writes the rest and ends the thread; waits for that at most 2 s. What there is to say of that: nobody else can any more.
    pub fn close(&self) -> Option<Message> {
        *self.shared.say.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let ended = {
            let mut queue = self.shared.lock();
            queue.stage = if queue.stage == Stage::Open { Stage::Closing } else { Stage::Off };
            self.shared.news.notify_one();
            queue.ended.take()
        };
        let hangs = ended.is_some_and(|ended| ended.recv_timeout(LAST_WRITE) == Err(mpsc::RecvTimeoutError::Timeout));
        let mut queue = self.shared.lock();
        queue.stage = Stage::Off;
        let left = queue.lost + queue.waiting.len() as u64;
        let why = if hangs { TOO_SLOW } else { "it could not be written at the end" };
        (hangs || left > 0 && !queue.path.as_os_str().is_empty()).then(|| message::journal_events_lost(left, queue.path.display(), why))
    }
}

const TOO_SLOW: &str = "the file system takes events more slowly than they come";

impl OutputListener for Journal {
    fn message(&self, message: &Message) {
        self.tell(Event::message(message));
    }

    fn last_words(&self, component: &str, lines: &[&[u8]]) {
        let lines = lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        self.tell(Event::Words { component: component.to_owned(), lines });
    }
}
