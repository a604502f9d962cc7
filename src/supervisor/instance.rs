//! The life of an instance: the machines of its components, the graph of what depends on what, and the state of the whole.
//!
//! A component is started when everything it depends on is ready. Several that are stopped or restarted together are stopped in reverse
//! order, each when those of them that depend on it are down. A component that is not wanted does not count: if the operator has stopped
//! one, the instance is ready when all others are.

mod order;
mod takes;
mod whole;

use super::state::{Action, Event, Note, Policy, Reply, State, WaitsFor};
use super::{Machine, Moment};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;
use whole::Told;

/// Requests to end that come this soon after the first count as the same one: `timeout` signals the launcher and then its whole group, and
/// a service manager stops a job by P and by a signal.
pub(super) const SAME_STOP: Duration = Duration::from_secs(1);

/// The state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InstancePhase {
    /// Components are on their way up for the first time.
    #[default]
    Starting,
    /// All wanted components are ready.
    Ready,
    /// Some wanted components have failed, are in back-off or are not ready in time.
    Degraded,
    /// Everything is being stopped.
    Stopping,
    /// Everything is down.
    Ended,
}

impl InstancePhase {
    /// One word, as `status` shows it.
    pub fn name(self) -> &'static str {
        match self {
            InstancePhase::Starting => "starting",
            InstancePhase::Ready => "ready",
            InstancePhase::Degraded => "degraded",
            InstancePhase::Stopping => "stopping",
            InstancePhase::Ended => "ended",
        }
    }
}

/// Settings for the behaviour of the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InstancePolicy {
    /// It goes on when, after failures, nothing runs or will run.
    pub stay_when_all_failed: bool,
    /// It goes on when a required component has failed for good.
    pub stay_when_required_failed: bool,
}

/// What is reported about the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceNote {
    /// Every component has had its first start. `failed`: not all of them succeeded.
    AllStarted { failed: bool },
    /// `ready` of `of` components are ready, this long after the beginning. After the first time it is reported only after
    /// [`InstanceNote::Degraded`], and only when it has been so for a while.
    Ready { ready: usize, of: usize, after: Duration },
    /// These are wanted and not ready. Until [`InstanceNote::Ready`] is reported again, only other components are reported.
    Degraded(Vec<String>),
    /// The instance must end, for this reason.
    End(String),
}

/// What the shell has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Of one component, by its index; never `Action::Await`.
    Component(usize, Action),
    /// The component waits for these, by name.
    Waits(usize, Vec<String>),
    /// The component is started without these.
    StartedWithout(usize, Duration, Vec<String>),
}

/// A component has gone from one state to another, in the words of DISP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    pub index: usize,
    pub from: &'static str,
    pub to: &'static str,
}

/// A component to add.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub name: String,
    pub policy: Policy,
    /// The instance may end when it has failed for good.
    pub required: bool,
}

/// A component of the instance.
#[derive(Debug, Clone)]
pub struct Member {
    pub name: String,
    pub machine: Machine,
    /// Indices of the components that it depends on; never in a circle.
    pub needs: Vec<usize>,
    pub needed_by: Vec<usize>,
    pub required: bool,
    /// The configuration does not contain it any more.
    pub removed: bool,
    /// Its first start has not happened yet.
    first: bool,
    /// What [`Instance`] keeps of it in its lists.
    listed: Listed,
}

/// In which of the instance's lists a component is: kept so that an event of one costs nothing for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Listed {
    due: Option<Moment>,
    waits: Option<WaitsFor>,
    is_up: bool,
}

/// All components, and the state of the whole.
#[derive(Debug, Clone, Default)]
pub struct Instance {
    pub policy: InstancePolicy,
    members: Vec<Member>,
    phase: InstancePhase,
    begun: Moment,
    all_started: bool,
    start_failed: bool,
    /// Failed for good since the last check.
    lost: Vec<usize>,
    told: Told,
    /// When it was asked to end.
    ending: Option<Moment>,
    changed: bool,
    /// When each component's timer is due.
    due: BTreeSet<(Moment, usize)>,
    /// Those that wait for others to be down, and to be ready.
    waiting: [BTreeSet<usize>; 2],
    /// How many are not down.
    up: usize,
    /// How many have not had their first start.
    first: usize,
    by_name: HashMap<String, usize>,
    /// Since they were last taken.
    transitions: Vec<Transition>,
}

impl Instance {
    /// Without components.
    pub fn new(policy: InstancePolicy) -> Instance {
        Instance { policy, ..Instance::default() }
    }

    /// Adds a component, stopped, and returns its index. One that was removed comes back to its old place.
    pub fn add(&mut self, new: NewMember) -> usize {
        if let Some(index) = self.index_of(&new.name) {
            let member = &mut self.members[index];
            member.machine.policy = new.policy;
            (member.required, member.removed) = (new.required, false);
            return index;
        }
        self.by_name.insert(new.name.clone(), self.members.len());
        self.members.push(Member {
            name: new.name,
            machine: Machine::new(new.policy),
            needs: Vec::new(),
            needed_by: Vec::new(),
            required: new.required,
            removed: false,
            first: false,
            listed: Listed::default(),
        });
        self.members.len() - 1
    }

    /// The index of a component, also of a removed one.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Sets what depends on what: for each component the components that it needs, by index. Edges that would close a circle are left out,
    /// the later ones first.
    pub fn connect(&mut self, needs: &[(usize, Vec<usize>)]) {
        for member in &mut self.members {
            member.needs.clear();
            member.needed_by.clear();
        }
        for (index, needed) in needs {
            for need in needed {
                let known = *index < self.members.len() && *need < self.members.len();
                if known && index != need && !self.members[*index].needs.contains(need) && !self.reaches(*need, *index) {
                    self.members[*index].needs.push(*need);
                    self.members[*need].needed_by.push(*index);
                }
            }
        }
        self.changed = true;
    }

    /// Whether `from` needs `to`, directly or through others.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if seen.insert(at) {
                open.extend(&self.members[at].needs);
            }
        }
        false
    }

    /// All components, by index; removed ones included.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// One component.
    pub fn member(&self, index: usize) -> Option<&Member> {
        self.members.get(index)
    }

    /// One component, to change its settings; its machine is fed by [`Instance::step`] only.
    pub fn member_mut(&mut self, index: usize) -> Option<&mut Member> {
        self.members.get_mut(index)
    }

    /// Where the whole stands.
    pub fn phase(&self) -> InstancePhase {
        self.phase
    }

    /// All components that need one of these, directly or through others, in no particular order and without these themselves.
    pub fn dependents(&self, of: &[usize]) -> Vec<usize> {
        let mut seen: BTreeSet<usize> = of.iter().copied().collect();
        let mut open: Vec<usize> = of.to_vec();
        while let Some(at) = open.pop() {
            for dependent in self.members.get(at).map_or(&[][..], |member| &member.needed_by) {
                if seen.insert(*dependent) {
                    open.push(*dependent);
                }
            }
        }
        seen.into_iter().filter(|index| !of.contains(index)).collect()
    }

    /// What has become of components since this was last called, in the order of its happening.
    pub fn take_transitions(&mut self) -> Vec<Transition> {
        std::mem::take(&mut self.transitions)
    }

    /// The names behind indices.
    pub fn names(&self, indices: &[usize]) -> Vec<String> {
        indices.iter().filter_map(|index| self.members.get(*index)).map(|member| member.name.clone()).collect()
    }

    /// When a timer is due.
    pub fn deadline(&self) -> Option<Moment> {
        self.due.first().map(|(due, _)| *due).into_iter().chain(self.told.due).min()
    }

    /// True once everything is down after [`Instance::end`].
    pub fn is_over(&self) -> bool {
        self.ending.is_some() && self.up == 0
    }

    /// The first start of all components.
    pub fn begin(&mut self, now: Moment) -> Vec<Effect> {
        self.begun = now;
        self.members.iter_mut().for_each(|member| member.first = true);
        self.first = self.members.len();
        self.changed = true;
        let all: Vec<usize> = (0..self.members.len()).collect();
        self.order(&Event::Start, &all, now)
    }

    /// Stops everything; components that others depend on are stopped last.
    pub fn end(&mut self, now: Moment) -> Vec<Effect> {
        self.ending = Some(now);
        self.phase = InstancePhase::Stopping;
        self.told.due = None;
        let all: Vec<usize> = (0..self.members.len()).collect();
        self.order(&Event::Stop, &all, now)
    }

    /// A further request to end: ends the grace time of all stops, and does not wait for dependents any more. Within `SAME_STOP` of
    /// [`Instance::end`] it is the same request and changes nothing.
    pub fn hurry(&mut self, now: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.ending.is_some_and(|since| now.since(since) < SAME_STOP) {
            return effects;
        }
        for index in 0..self.members.len() {
            effects.extend(self.step(index, Event::KillNow, now));
        }
        effects
    }

    /// Feeds the timer to the components whose time has come. [`Instance::settle`] must be called afterwards.
    pub fn timers(&mut self, now: Moment) -> Vec<Effect> {
        if self.told.due.is_some_and(|due| due <= now) {
            self.told.due = None;
            self.changed = true;
        }
        let due: BTreeSet<usize> = self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, index)| *index).collect();
        due.into_iter().flat_map(|index| self.step(index, Event::Timer, now)).collect()
    }

    /// Feeds one event to a component and carries out its consequences for others.
    pub fn step(&mut self, index: usize, event: Event, now: Moment) -> Vec<Effect> {
        self.follow(VecDeque::from([(index, event)]), now)
    }

    /// Feeds events to components; then those whose wait is over go on. This is decided by the state of all components, not by what has
    /// just happened, so nothing waits for something that has already happened.
    fn follow(&mut self, mut events: VecDeque<(usize, Event)>, now: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        while !events.is_empty() {
            for (index, event) in events.drain(..) {
                self.feed(index, event, now, &mut effects);
            }
            events.extend(self.ends_of_waits());
        }
        #[cfg(test)]
        self.compare_lists();
        effects
    }

    fn feed(&mut self, index: usize, event: Event, now: Moment, effects: &mut Vec<Effect>) {
        let Some(member) = self.members.get_mut(index) else { return };
        let was_lost = member.machine.state().is_lost();
        let from = member.machine.name();
        let actions = member.machine.step(event, now);
        let to = member.machine.name();
        if from != to {
            self.transitions.push(Transition { index, from, to });
        }
        let state = member.machine.state();
        if member.first && !matches!(state, State::Waiting { .. } | State::Starting) {
            member.first = false;
            self.first -= 1;
        }
        if !was_lost && state.is_lost() {
            self.lost.push(index);
        }
        self.changed = true;
        self.list(index);
        effects.extend(actions.into_iter().filter_map(|action| self.effect(index, action)));
    }

    /// Brings a component's places in the lists up to date.
    fn list(&mut self, index: usize) {
        let member = &mut self.members[index];
        let (machine, before) = (&member.machine, member.listed);
        let after = Listed { due: machine.deadline(), waits: machine.waits_for(), is_up: !machine.state().is_down() };
        member.listed = after;
        if before.due != after.due {
            before.due.map(|due| self.due.remove(&(due, index)));
            after.due.map(|due| self.due.insert((due, index)));
        }
        if before.waits != after.waits {
            for (waiting, what) in self.waiting.iter_mut().zip([WaitsFor::Dependents, WaitsFor::Dependencies]) {
                if after.waits == Some(what) {
                    waiting.insert(index);
                } else {
                    waiting.remove(&index);
                }
            }
        }
        self.up += usize::from(after.is_up);
        self.up -= usize::from(before.is_up);
    }

    /// What the lists say, beside what the components themselves say.
    #[cfg(test)]
    fn compare_lists(&self) {
        let members = || self.members.iter().enumerate();
        let waiting = |wait| members().filter(move |(_, member)| member.machine.waits_for() == Some(wait)).map(|(index, _)| index);
        let due = members().filter_map(|(index, member)| Some((member.machine.deadline()?, index)));
        assert_eq!(self.due, due.collect());
        assert_eq!(self.waiting, [waiting(WaitsFor::Dependents).collect(), waiting(WaitsFor::Dependencies).collect()]);
        assert_eq!(self.up, members().filter(|(_, member)| !member.machine.state().is_down()).count());
        assert_eq!(self.first, members().filter(|(_, member)| member.first).count());
    }

    fn effect(&mut self, index: usize, action: Action) -> Option<Effect> {
        match action {
            Action::Await | Action::Reply(Reply::Waiting) => {
                let unmet = self.names(&self.unmet(index));
                (!unmet.is_empty()).then_some(Effect::Waits(index, unmet))
            }
            Action::Note(Note::WaitedInVain(time)) => Some(Effect::StartedWithout(index, time, self.names(&self.unmet(index)))),
            action => {
                self.start_failed |= matches!(action, Action::Note(Note::StartFailed(_) | Note::RestartFailed(_)));
                Some(Effect::Component(index, action))
            }
        }
    }
}
