//! Orders to several components at once, and who waits for whom: a component goes up after those that it depends on, and down after those
//! that depend on it.

use super::super::Moment;
use super::super::state::{Action, Event, Reply, WaitsFor};
use super::{Effect, Instance};
use std::collections::{BTreeMap, BTreeSet};

impl Instance {
    /// Gives several components the same order, as [`Instance::order_each`] does.
    pub fn order(&mut self, event: &Event, selection: &[usize], now: Moment) -> Vec<Effect> {
        self.order_each(selection.iter().map(|index| (*index, event.clone())).collect(), now)
    }

    /// Gives several components an order each. The orders take effect together or, if one component refuses, not at all: then each is told
    /// its state. What is wanted of all of them is known before the first one goes down or up.
    pub fn order_each(&mut self, mut orders: BTreeMap<usize, Event>, now: Moment) -> Vec<Effect> {
        orders.retain(|index, _| *index < self.members.len());
        if orders.iter().any(|(index, event)| self.members[*index].machine.refuses(event)) {
            let reply = |(index, event): (usize, Event)| {
                let machine = &self.members[index].machine;
                let reply = if machine.refuses(&event) { Reply::AlreadyRunning } else { machine.as_it_is() };
                self.effect(index, Action::Reply(reply))
            };
            return orders.into_iter().filter_map(reply).collect();
        }
        let (live, down): (Vec<_>, Vec<_>) = orders.into_iter().partition(|(index, _)| self.members[*index].machine.state().is_live());
        self.follow(live.into_iter().rev().chain(down).collect(), now)
    }

    /// The other components for which a component waits.
    pub fn waits_for(&self, index: usize) -> Vec<usize> {
        match self.members.get(index).and_then(|member| member.machine.waits_for()) {
            Some(WaitsFor::Dependencies) => self.unmet(index),
            Some(WaitsFor::Dependents) => self.leaving_dependents(index).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a change of a component has been requested and is not decided yet.
    pub fn is_changing(&self, index: usize) -> bool {
        self.members.get(index).is_some_and(|member| member.machine.is_changing())
    }

    /// The components whose wait for others is over: going down in reverse order, then up.
    pub(super) fn ends_of_waits(&self) -> Vec<(usize, Event)> {
        let [for_dependents, for_dependencies] = &self.waiting;
        let down = for_dependents.iter().rev().filter(|index| self.leaving_dependents(**index).next().is_none());
        let up = for_dependencies.iter().filter(|index| self.unmet_of(**index).next().is_none());
        let down = down.map(|index| (*index, Event::DependentsDown));
        down.chain(up.map(|index| (*index, Event::DependenciesReady))).collect()
    }

    /// The components that a component needs and that are not ready.
    pub fn unmet(&self, index: usize) -> Vec<usize> {
        self.unmet_of(index).collect()
    }

    fn unmet_of(&self, index: usize) -> impl Iterator<Item = usize> {
        let ready = |need: &usize| self.members.get(*need).is_none_or(|member| member.machine.is_ready());
        let needs = self.members.get(index).map_or(&[][..], |member| &member.needs);
        needs.iter().copied().filter(move |need| !ready(need))
    }

    /// The nearest components that depend on a component, directly or through others, and are on their way down: it goes down after them.
    fn leaving_dependents(&self, index: usize) -> impl Iterator<Item = usize> {
        let (mut open, mut seen) = (vec![index], BTreeSet::new());
        let mut next: std::slice::Iter<'_, usize> = [].iter();
        std::iter::from_fn(move || {
            loop {
                for dependent in next.by_ref().filter(|dependent| seen.insert(**dependent)) {
                    if self.members[*dependent].machine.is_leaving() {
                        return Some(*dependent);
                    }
                    open.push(*dependent);
                }
                next = self.members[open.pop()?].needed_by.iter();
            }
        })
    }
}
