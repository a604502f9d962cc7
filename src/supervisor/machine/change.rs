//! A change of a component by RESTART or RELOAD: down, judged, configured, up again; or, where it cannot be made, as it was.
//!
//! What is known before is known before: the owner asks for a change only when the new configuration is good by all that can be judged while
//! the component runs. What only its validate command can tell (often whether its own port is free) is asked once it is down.

use super::super::Moment;
use super::super::state::{Action, AfterConfigure, AfterStop, Before, Judgement, Note, Reply, State};
use super::{Machine, kill};

impl Machine {
    /// A change of a component that is up, or is to be: it has to be down for it. `start`: it is to be up afterwards.
    pub(super) fn change(&mut self, start: bool, now: Moment) -> Vec<Action> {
        self.forget_failures();
        let then = AfterStop::Change { start };
        let mut actions = Vec::new();
        if start {
            actions.push(Action::Reply(Reply::BeingRestarted));
        } else if self.state.is_live() {
            actions.push(Action::Reply(Reply::BeingStopped));
        }
        match &mut self.state {
            State::Stopped => actions.extend(self.validate(start, Before::Stopped)),
            State::Failed => actions.extend(self.validate(start, Before::Failed)),
            State::Fatal => actions.extend(self.validate(start, Before::Fatal)),
            State::Waiting { .. } => actions.extend(self.validate(start, Before::Up)),
            State::BackOff { remains, .. } => {
                actions.extend(kill(remains.take()));
                actions.extend(self.validate(start, Before::Up));
            }
            State::Starting { then: after } => *after = Some(then),
            State::Running { .. } | State::Ready { .. } => actions.extend(self.terminate(then, now)),
            State::Stopping { then: after, .. } => *after = then,
            // Who asks waits until the change before is decided and its command has ended.
            State::Validating { start: starts, .. } => *starts |= start,
            State::Configuring { then: after } if start => *after = AfterConfigure::Start,
            State::Configuring { .. } => {}
        }
        actions
    }

    pub(super) fn validate(&mut self, start: bool, before: Before) -> Vec<Action> {
        self.state = State::Validating { start, before };
        vec![Action::Validate]
    }

    pub(super) fn judged(&mut self, judgement: Judgement, now: Moment) -> Vec<Action> {
        let State::Validating { start, before } = self.state else { return Vec::new() };
        match (judgement, before) {
            (Judgement::Good, _) => {
                self.state = State::Configuring { then: if start { AfterConfigure::Start } else { AfterConfigure::Rest } };
                vec![Action::Configure]
            }
            (Judgement::Away, _) | (Judgement::Back, Before::Stopped) => {
                self.state = State::Stopped;
                Vec::new()
            }
            (Judgement::Back, Before::Failed) => {
                self.state = State::Failed;
                Vec::new()
            }
            (Judgement::Back, Before::Fatal) => {
                self.state = State::Fatal;
                Vec::new()
            }
            (Judgement::Back, Before::Up) => {
                self.state = State::Waiting { until: now.after(self.policy.patience) };
                vec![Action::Note(Note::Restored), Action::Await]
            }
        }
    }

    pub(super) fn configured(&mut self, may_start: bool, now: Moment) -> Vec<Action> {
        match self.state {
            State::Configuring { then: AfterConfigure::Start } if may_start => {
                let mut actions = self.wait(None, Reply::BeingStarted, now);
                actions.retain(|action| !matches!(action, Action::Reply(_)));
                actions
            }
            State::Configuring { then } => {
                self.state = if then == AfterConfigure::Start { State::Failed } else { State::Stopped };
                if then == AfterConfigure::Rest { Vec::new() } else { vec![Action::Note(Note::Stopped)] }
            }
            _ => Vec::new(),
        }
    }
}
