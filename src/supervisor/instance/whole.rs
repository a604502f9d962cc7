//! The state of the whole: starting, ready, degraded, or at its end.

use super::super::Moment;
use super::super::state::State;
use super::{Instance, InstanceNote, InstancePhase};

impl Instance {
    /// Looks at the whole after a batch of events: what there is to say, nothing twice.
    pub fn settle(&mut self, now: Moment) -> Vec<InstanceNote> {
        if !std::mem::take(&mut self.changed) {
            return Vec::new();
        }
        let mut notes = Vec::new();
        if self.ending {
            if self.is_over() {
                self.phase = InstancePhase::Ended;
            }
            return notes;
        }
        if !self.all_started && self.members.iter().all(|member| !member.first) {
            self.all_started = true;
            notes.push(InstanceNote::AllStarted { failed: self.start_failed });
        }
        if self.all_started {
            notes.extend(self.assess(now));
            notes.extend(self.reason_to_end().map(InstanceNote::End));
        }
        notes
    }

    fn assess(&mut self, now: Moment) -> Option<InstanceNote> {
        let present = || self.members.iter().enumerate().filter(|(_, member)| !member.removed);
        let of = present().count();
        let wanted: Vec<usize> = present().filter(|(_, member)| member.machine.state().is_wanted()).map(|(index, _)| index).collect();
        let missing: Vec<usize> = wanted.iter().copied().filter(|index| !self.members[*index].machine.is_ready()).collect();
        if missing.is_empty() {
            self.named.clear();
            if wanted.is_empty() || self.phase == InstancePhase::Ready {
                return None;
            }
            self.phase = InstancePhase::Ready;
            return Some(InstanceNote::Ready { ready: wanted.len(), of, after: now.since(self.begun) });
        }
        let state = |index: &usize| self.members[*index].machine.state();
        let bad =
            |index: &usize| state(index).is_lost() || matches!(state(index), State::BackOff { .. } | State::Running { ready_by: None, .. });
        // What is on its way, on its first one or because an operator wants so, has not failed.
        let failed: Vec<usize> = missing.iter().copied().filter(bad).collect();
        let first_way = self.phase == InstancePhase::Starting
            && failed.len() < missing.len()
            && failed.iter().all(|index| matches!(state(index), State::BackOff { .. }));
        if failed.is_empty() || first_way {
            return None;
        }
        let news = self.phase != InstancePhase::Degraded || failed.iter().any(|index| !self.named.contains(index));
        self.phase = InstancePhase::Degraded;
        if !news {
            return None;
        }
        self.named = missing.iter().copied().collect();
        Some(InstanceNote::Degraded(self.names(&missing)))
    }

    /// After failures: does the instance go on?
    fn reason_to_end(&mut self) -> Option<String> {
        let lost = std::mem::take(&mut self.lost);
        let required = lost.iter().filter(|index| self.members[**index].required && self.members[**index].machine.state().is_lost());
        let required: Vec<String> = required.map(|index| self.members[*index].name.clone()).collect();
        if !required.is_empty() && !self.policy.stay_when_required_failed {
            return Some(format!("{} failed for good and is required", required.join(", ")));
        }
        let nothing_left = self.members.iter().all(|member| member.machine.state().is_down());
        (!lost.is_empty() && nothing_left && !self.policy.stay_when_all_failed)
            .then(|| "after failures no component is running and none will be started again".to_owned())
    }
}
