//! A change of a component by RESTART or RELOAD: it goes down, is judged, configured and started again; or, if the change cannot be made,
//! it comes back as it was.
//!
//! As much as possible is checked before: the owner asks for a change only when the new configuration is good by everything that can be
//! judged while the component runs. What only its validate command can tell (often whether its own port is free) is checked once it is
//! down.

use super::super::Moment;
use super::super::state::{Action, Before, Judgement, Note, Reply, State, Wanted};
use super::{Machine, kill};

impl Machine {
    /// A change of a component that is up, or wanted up, and so has to go down. `up`: it should be up afterwards.
    pub(super) fn change(&mut self, up: bool) -> Vec<Action> {
        self.forget_failures();
        let mut actions = Vec::new();
        if up || self.state.is_live() {
            actions.push(Action::Reply(if up { Reply::BeingRestarted } else { Reply::BeingStopped }));
        }
        // The caller waits until the previous change is decided and its command has ended.
        let is_changed_already = matches!(self.state, State::Validating { .. } | State::Configuring);
        if up || !is_changed_already {
            self.wanted = Wanted::Changed { up };
        }
        let before = match self.state {
            State::Stopped => Before::Stopped,
            State::Failed => Before::Failed,
            State::Fatal => Before::Fatal,
            State::Waiting { .. } | State::BackOff { .. } => Before::Up,
            _ => return actions,
        };
        actions.extend(kill(self.remains()));
        actions.extend(self.validate(before));
        actions
    }

    pub(super) fn validate(&mut self, before: Before) -> Vec<Action> {
        self.state = State::Validating { before };
        vec![Action::Validate]
    }

    pub(super) fn judged(&mut self, judgement: Judgement, now: Moment) -> Vec<Action> {
        let State::Validating { before } = self.state else { return Vec::new() };
        (self.state, self.wanted) = match (judgement, before) {
            (Judgement::Good, _) => {
                self.state = State::Configuring;
                return vec![Action::Configure];
            }
            (Judgement::Back, Before::Up) => {
                let mut actions = vec![Action::Note(Note::Restored)];
                actions.extend(self.wait(now));
                return actions;
            }
            (Judgement::Away, _) | (Judgement::Back, Before::Stopped) => (State::Stopped, Wanted::Down),
            (Judgement::Back, Before::Failed) => (State::Failed, Wanted::Up),
            (Judgement::Back, Before::Fatal) => (State::Fatal, Wanted::Up),
        };
        Vec::new()
    }

    pub(super) fn configured(&mut self, may_start: bool, now: Moment) -> Vec<Action> {
        if self.state != State::Configuring {
            return Vec::new();
        }
        let is_said = self.wanted != Wanted::Changed { up: false };
        if self.wants_up() {
            if may_start {
                return self.wait(now);
            }
            (self.state, self.wanted) = (State::Failed, Wanted::Up);
        } else {
            (self.state, self.wanted) = (State::Stopped, Wanted::Down);
        }
        if is_said { vec![Action::Note(Note::Stopped)] } else { Vec::new() }
    }
}
