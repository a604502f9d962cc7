//! Counts answers into verdicts. Pure.

use super::no_answer::NoAnswer;
use crate::component::Question;

/// What was found out, told when it changes.
#[derive(Debug)]
pub(in super::super) enum Verdict {
    Good,
    /// As often as failureThreshold says, and why the last time.
    Bad(NoAnswer),
}

/// A component is not ready until its first good answer, which needs no threshold; once ready, or from the start where it is its liveness
/// that is asked for, `threshold` bad answers one after the other are needed to change that.
#[derive(Debug)]
pub(super) struct Count {
    threshold: u32,
    pub(super) is_good: bool,
    bad: u32,
}

impl Count {
    pub(super) fn new(question: Question, threshold: u32) -> Count {
        Count { threshold, is_good: question == Question::Liveness, bad: 0 }
    }

    pub(super) fn answer(&mut self, answer: Result<(), NoAnswer>) -> Option<Verdict> {
        match answer {
            Ok(()) => {
                self.bad = 0;
                (!std::mem::replace(&mut self.is_good, true)).then_some(Verdict::Good)
            }
            Err(why) => {
                self.bad = self.bad.saturating_add(1);
                if !self.is_good || self.bad < self.threshold {
                    return None;
                }
                self.is_good = false;
                Some(Verdict::Bad(why))
            }
        }
    }
}
