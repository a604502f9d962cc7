//! Orders to several components at once: who goes down before whom.

use super::super::Moment;
use super::super::state::{Event, Reply, State};
use super::{Action, Effect, Instance};
use std::collections::{BTreeMap, BTreeSet};

impl Instance {
    /// Tells several components the same: those that have to go down first do so in reverse order of the graph.
    pub fn order(&mut self, event: &Event, selection: &[usize], now: Moment) -> Vec<Effect> {
        self.order_each(selection.iter().map(|index| (*index, event.clone())).collect(), now)
    }

    /// Tells several components something, each its own: those that have to go down first do so in reverse order of the graph.
    pub fn order_each(&mut self, mut orders: BTreeMap<usize, Event>, now: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        orders.retain(|index, _| *index < self.members.len());
        // An older order is overruled before anything is decided.
        for index in orders.keys() {
            self.members[*index].pending = None;
        }
        let (live, down): (Vec<_>, Vec<_>) = orders.iter().partition(|(index, event)| self.goes_down(event, **index));
        // Dependents stand later, as a rule; those that stand earlier are waited for all the same.
        for (index, event) in live.into_iter().rev() {
            let before = self.ordered_dependents(*index, &orders);
            // One that is on its way down already only learns what follows.
            if before.is_empty() || matches!(self.members[*index].machine.state(), State::Stopping { .. }) {
                effects.extend(self.step(*index, event.clone(), now));
            } else {
                let goes = matches!(event, Event::Stop | Event::Change { start: false });
                let reply = if goes { Reply::BeingStopped } else { Reply::BeingRestarted };
                self.members[*index].pending = Some((event.clone(), before));
                effects.push(Effect::Component(*index, Action::Reply(reply)));
            }
        }
        for (index, event) in down {
            effects.extend(self.step(*index, event.clone(), now));
        }
        effects
    }

    /// Whether the event ends a process.
    fn goes_down(&self, event: &Event, index: usize) -> bool {
        let machine = &self.members[index].machine;
        machine.state().is_live() && !(*event == Event::Start && machine.policy.reject_start_of_running)
    }

    /// The nearest components with an order that depend on one and go down too.
    fn ordered_dependents(&self, index: usize, orders: &BTreeMap<usize, Event>) -> Vec<usize> {
        let (mut open, mut seen, mut found) = (vec![index], BTreeSet::new(), Vec::new());
        while let Some(at) = open.pop() {
            for dependent in &self.members[at].needed_by {
                if !seen.insert(*dependent) {
                    continue;
                }
                match orders.get(dependent) {
                    None => open.push(*dependent),
                    Some(event) if self.goes_down(event, *dependent) => found.push(*dependent),
                    Some(_) => {}
                }
            }
        }
        found
    }
}
