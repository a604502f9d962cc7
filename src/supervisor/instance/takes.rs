//! How long a start or a stop of the whole may still take, at the most: what a service manager is told.

use super::super::Moment;
use super::super::state::State;
use super::Instance;
use std::time::Duration;

impl Instance {
    /// Until every component has had its first start: some wait for others.
    pub fn start_takes(&self, now: Moment) -> Duration {
        let waiting = self.waiting[1].iter().map(|index| &self.members[*index]);
        let waits = waiting.filter(|member| member.first).map(|member| match member.machine.state() {
            State::Waiting { until } => until.since(now),
            _ => Duration::ZERO,
        });
        waits.max().unwrap_or_default()
    }

    /// Until everything is down, once all was told to go down: a component's grace time begins when those that depend on it are down.
    pub fn end_takes(&self, now: Moment) -> Duration {
        let mut waits_for: Vec<usize> = self.members.iter().map(|member| member.needed_by.len()).collect();
        let mut open: Vec<usize> = (0..self.members.len()).filter(|index| waits_for[*index] == 0).collect();
        // How long until what depends on a component is down, and with it the component itself.
        let (mut begins, mut longest) = (vec![Duration::ZERO; self.members.len()], Duration::ZERO);
        while let Some(index) = open.pop() {
            let member = &self.members[index];
            let down = match member.machine.state() {
                State::Stopping { kill_at, .. } => kill_at.map_or(Duration::ZERO, |at| at.since(now)),
                State::Running { .. } | State::Ready { .. } => begins[index].saturating_add(member.machine.policy.stop_grace),
                // It has no process, or one that is not made any more.
                _ => begins[index],
            };
            longest = longest.max(down);
            for need in &member.needs {
                // One that is told to end before those that depend on it may be down before them; what it needs waits for all.
                begins[*need] = begins[*need].max(down).max(begins[index]);
                waits_for[*need] -= 1;
                if waits_for[*need] == 0 {
                    open.push(*need);
                }
            }
        }
        longest
    }
}
