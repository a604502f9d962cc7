//! The state of the whole instance: starting, ready, degraded, or at its end.

use super::super::Moment;
use super::super::state::{Policy, State};
use super::{Instance, InstanceNote, InstancePhase};
use std::collections::BTreeSet;
use std::time::Duration;

/// The shortest time for which everything must be ready before that is reported again.
const HOLD: Duration = Duration::from_secs(10);

/// What was reported about the whole instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// When it was last reported that everything is ready.
    ready: Option<Moment>,
    /// Since then it was reported that the instance is degraded.
    degraded: bool,
    /// The components that were named in that report.
    named: BTreeSet<usize>,
    /// Since when everything is ready again, which has not been reported yet.
    ready_since: Option<Moment>,
    /// When to report it.
    pub(super) due: Option<Moment>,
    /// How often in a row, without a calm period in between, everything has not stayed ready.
    losses: u32,
}

impl Instance {
    /// Checks the whole instance after a batch of events and returns what there is to report, nothing twice.
    pub fn settle(&mut self, now: Moment) -> Vec<InstanceNote> {
        if !std::mem::take(&mut self.changed) {
            return Vec::new();
        }
        let mut notes = Vec::new();
        if self.ending.is_some() {
            if self.is_over() {
                self.phase = InstancePhase::Ended;
            }
            return notes;
        }
        if !self.all_started && self.first == 0 {
            self.all_started = true;
            notes.push(InstanceNote::AllStarted { failed: self.start_failed });
        }
        // A loss is reported at once, even while another component waits for its first start.
        if self.all_started || self.members.iter().any(|member| !member.removed && member.machine.state().is_lost()) {
            notes.extend(self.assess(now));
            notes.extend(self.reason_to_end().map(InstanceNote::End));
        }
        notes
    }

    /// The phase follows the facts at once. The reports do not: automation acts on them, and a component that ends again and again would
    /// cause a report, again and again, that all is well. So after the first time [`InstanceNote::Ready`] is reported only after
    /// [`InstanceNote::Degraded`], and when everything has been ready for the time of [`Instance::hold`]; until then nothing is reported
    /// about components that were already named.
    fn assess(&mut self, now: Moment) -> Option<InstanceNote> {
        let present = || self.members.iter().enumerate().filter(|(_, member)| !member.removed);
        let of = present().count();
        let wanted: Vec<usize> = present().filter(|(_, member)| member.machine.wants_up()).map(|(index, _)| index).collect();
        let missing: Vec<usize> = wanted.iter().copied().filter(|index| !self.members[*index].machine.is_ready()).collect();
        if missing.is_empty() {
            return self.all_ready(wanted.len(), of, now);
        }
        self.told.ready_since = None;
        self.told.due = None;
        let state = |index: &usize| self.members[*index].machine.state();
        let bad =
            |index: &usize| state(index).is_lost() || matches!(state(index), State::BackOff { .. } | State::Running { ready_by: None, .. });
        // A component that is on its first way up, or on its way because an operator wants so, has not failed.
        let failed: Vec<usize> = missing.iter().copied().filter(bad).collect();
        let first_way = self.phase == InstancePhase::Starting
            && failed.len() < missing.len()
            && failed.iter().all(|index| matches!(state(index), State::BackOff { .. }));
        if failed.is_empty() || first_way {
            return None;
        }
        self.phase = InstancePhase::Degraded;
        if self.told.degraded && failed.iter().all(|index| self.told.named.contains(index)) {
            return None;
        }
        self.told.named.extend(&missing);
        if !std::mem::replace(&mut self.told.degraded, true) {
            if let Some(said) = self.told.ready {
                let calm = now.since(said) >= self.longest_hold();
                self.told.losses = if calm { 1 } else { self.told.losses.saturating_add(1) };
            }
        }
        Some(InstanceNote::Degraded(self.names(&missing)))
    }

    fn all_ready(&mut self, ready: usize, of: usize, now: Moment) -> Option<InstanceNote> {
        if ready == 0 {
            return None;
        }
        self.phase = InstancePhase::Ready;
        if self.told.ready.is_some() {
            if !self.told.degraded {
                return None;
            }
            let due = self.told.ready_since.get_or_insert(now).after(self.hold());
            if now < due {
                self.told.due = Some(due);
                return None;
            }
        }
        self.told = Told { ready: Some(now), losses: self.told.losses, ..Told::default() };
        Some(InstanceNote::Ready { ready, of, after: now.since(self.begun) })
    }

    /// How long everything must be ready before that is reported again: 10 s after the first loss, twice as long after each further one, at
    /// least what the restart intervals of the named components give for that many failures, and at most [`Instance::longest_hold`].
    fn hold(&self) -> Duration {
        let loss = self.told.losses.max(1) as usize;
        let interval = |intervals: &[Duration]| intervals.get(loss - 1).or(intervals.last()).copied();
        let of_intervals = self.named_policies().filter_map(|policy| interval(&policy.restart_intervals)).max().unwrap_or_default();
        let doubled = HOLD.saturating_mul(1 << (loss - 1).min(16));
        doubled.min(self.longest_hold()).max(of_intervals)
    }

    /// The longest of minUptime and the restart intervals of the named components, and at least 10 s: a component that has run this long
    /// has recovered.
    fn longest_hold(&self) -> Duration {
        let of = |policy: &Policy| policy.restart_intervals.iter().copied().max().unwrap_or_default().max(policy.min_uptime);
        self.named_policies().map(of).max().unwrap_or_default().max(HOLD)
    }

    fn named_policies(&self) -> impl Iterator<Item = &Policy> {
        self.told.named.iter().filter_map(|index| self.members.get(*index)).map(|member| &member.machine.policy)
    }

    /// Whether the instance goes on after failures.
    fn reason_to_end(&mut self) -> Option<String> {
        let lost = std::mem::take(&mut self.lost);
        let required = lost.iter().filter(|index| self.members[**index].required && self.members[**index].machine.state().is_lost());
        let required: Vec<String> = required.map(|index| self.members[*index].name.clone()).collect();
        if !required.is_empty() && !self.policy.stay_when_required_failed {
            return Some(format!("{} failed for good and is required", required.join(", ")));
        }
        let nothing_left = self.up == 0;
        (!lost.is_empty() && nothing_left && !self.policy.stay_when_all_failed)
            .then(|| "after failures no component is running and none will be started again".to_owned())
    }
}
