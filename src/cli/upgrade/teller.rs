//! What people, the journal and a terminal are told of an upgrade that is at work.

use super::INTERVAL;
use crate::cli::terminal::{bar, document, is_lively, live, say as say_message};
use crate::console::in_words;
use crate::ha::upgrade::world::Watcher;
use crate::ha::upgrade::{Approval, Sight, Step};
use crate::journal::{Edge, Event, Journal};
use crate::platform::text_streams::read_line;
use crate::platform::thread::{self, Stack};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The connections that a drain waits for.
struct Draining {
    /// As many as there were at most.
    most: u64,
    now: u64,
    /// When the time is over.
    until: Instant,
}

/// The step that is being made.
struct AtWork {
    word: &'static str,
    /// None for the way back, which is one.
    step: Option<Step>,
    since: Instant,
    draining: Option<Draining>,
}

/// Lines on standard output and in the journal; on a terminal besides, how far it is, on its last line.
pub(super) struct Teller {
    journal: Journal,
    /// None: nobody is asked.
    answers: Option<Answers>,
    at_work: Option<AtWork>,
}

impl Teller {
    /// `asks`: somebody is asked before each step.
    pub(super) fn new(journal: Journal, asks: bool) -> Teller {
        Teller { journal, answers: asks.then(Answers::default), at_work: None }
    }

    fn tell(&self, edge: Option<Edge>, failed: bool, detail: &str) {
        let step = self.at_work.as_ref().map_or("upgrade", |at_work| at_work.word);
        self.journal.tell(Event::Traffic { step: step.into(), edge, failed, target: None, detail: detail.to_owned() });
    }

    /// The run is over.
    pub(super) fn end(self, code: i32) {
        self.journal.tell(Event::run_ended(code));
        self.journal.close().iter().for_each(say_message);
    }
}

impl Watcher for Teller {
    fn say(&mut self, line: &str) {
        self.tell(None, false, line);
        document(line);
    }

    fn approve(&mut self, title: &str) -> Approval {
        self.answers.as_mut().map_or(Approval::Go, |answers| answers.ask_for(title))
    }

    fn told(&mut self, sight: Sight<'_>) {
        match sight {
            Sight::Begun { word, step } => {
                self.at_work = Some(AtWork { word, step, since: Instant::now(), draining: None });
                self.tell(Some(Edge::Begun), false, "");
            }
            Sight::Ended(why) => {
                self.tell(Some(Edge::Ended), why.is_some(), &why.map(ToString::to_string).unwrap_or_default());
                let at_work = self.at_work.take();
                // Elsewhere the lines are those that scripts know.
                if let Some(at_work) = at_work.filter(|_| is_lively()) {
                    let how = if why.is_some() { "failed" } else { "done" };
                    document(&format!("  {how} after {}", in_words(at_work.since.elapsed())));
                }
            }
            Sight::Draining { count, left } => {
                if let Some(at_work) = &mut self.at_work {
                    let most = at_work.draining.as_ref().map_or(count, |before| before.most.max(count));
                    at_work.draining = Some(Draining { most, now: count, until: Instant::now() + left });
                }
            }
        }
    }

    fn waits(&mut self) {
        if let Some(at_work) = &self.at_work {
            let now = Instant::now();
            live(|| shown(at_work, now));
        }
    }
}

/// How far it is, in a line.
fn shown(at_work: &AtWork, now: Instant) -> String {
    let in_words = |time: Duration| in_words(Duration::from_secs(time.as_secs()));
    let (word, count) = (at_work.word, Step::ALL.len());
    let step = at_work.step.map_or_else(String::new, |step| format!("step {} of {count}, ", step.number()));
    match &at_work.draining {
        Some(Draining { most, now: left, until }) => {
            let time = in_words(until.saturating_duration_since(now));
            format!("{} {step}{word}: {left} of {most} connections left, {time} at most", bar(most - left, *most))
        }
        None => {
            let made = at_work.step.map_or(0, |step| step.number() - 1);
            format!("{} {step}{word}: {}", bar(made as u64, count as u64), in_words(now.saturating_duration_since(at_work.since)))
        }
    }
}

/// The answers of `--step`. They are waited for in turns, between which the run looks at who serves.
#[derive(Default)]
struct Answers {
    lines: Option<mpsc::Receiver<String>>,
    /// The question stands.
    is_asked: bool,
}

impl Answers {
    /// Asks on the terminal; the end of the input is a no.
    fn ask_for(&mut self, title: &str) -> Approval {
        let lines = self.lines.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel();
            // Reading the terminal has no time-out; the thread ends with the process. Where there is none, nobody answers.
            let read = move || {
                while let Ok(Some(line)) = read_line() {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            };
            drop(thread::spawn("answers", Stack::Usual, read));
            receiver
        });
        if !self.is_asked {
            document(&format!("Next: {title}. Go on? [y]es, [n]o, [r]oll back"));
        }
        self.is_asked = true;
        let line = match lines.recv_timeout(INTERVAL) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Approval::Waiting,
            Err(RecvTimeoutError::Disconnected) => return Approval::Stop,
        };
        self.is_asked = false;
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => Approval::Go,
            "n" | "no" => Approval::Stop,
            "r" | "rollback" | "roll back" => Approval::RollBack,
            // Asked again.
            _ => Approval::Waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_shows_connections_and_time_other_steps_how_many_are_made() {
        let now = Instant::now();
        let mut at_work = AtWork { word: "drain", step: Some(Step::Drain), since: now, draining: None };
        assert_eq!(shown(&at_work, now + Duration::from_millis(2900)), "[####----------------] step 3 of 10, drain: 2.0s");
        at_work.draining = Some(Draining { most: 40, now: 10, until: now + Duration::from_secs(75) });
        let drains = "[###############-----] step 3 of 10, drain: 10 of 40 connections left, 1m 5s at most";
        assert_eq!(shown(&at_work, now + Duration::from_secs(10)), drains);
        let back = AtWork { word: "roll-back", step: None, since: now, draining: None };
        assert_eq!(shown(&back, now), "[--------------------] roll-back: 0.0s");
    }
}
