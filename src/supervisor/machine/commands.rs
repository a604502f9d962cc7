//! An operator's START and STOP for a component in every state. Each decides what is wanted of the component; what is under way goes on,
//! and when it is over, what is wanted decides what follows.

use super::super::Moment;
use super::super::state::{Action, Before, Event, Note, Reply, State, Wanted};
use super::{Machine, kill};

impl Machine {
    pub(super) fn start(&mut self, now: Moment) -> Vec<Action> {
        if self.refuses(&Event::Start) {
            return vec![Action::Reply(Reply::AlreadyRunning)];
        }
        self.forget_failures();
        self.wanted = match (&self.state, self.wanted) {
            (State::Configuring, _) | (_, Wanted::Changed { .. }) => Wanted::Changed { up: true },
            (State::Running { .. } | State::Ready { .. } | State::Stopping { .. }, _) => Wanted::Restarted,
            _ => Wanted::Up,
        };
        match &mut self.state {
            State::Stopped | State::Failed | State::Fatal | State::BackOff { .. } => {
                let mut actions = kill(self.remains());
                actions.push(Action::Reply(Reply::BeingStarted));
                actions.extend(self.wait(now));
                return actions;
            }
            // Whatever the result of the change is.
            State::Validating { before } => *before = Before::Up,
            _ => {}
        }
        vec![Action::Reply(self.as_it_is())]
    }

    pub(super) fn stop(&mut self) -> Vec<Action> {
        self.wanted = Wanted::Down;
        match self.state {
            // An operator has seen the failure: it does not count as missing any more.
            State::Stopped | State::Failed | State::Fatal => {
                self.state = State::Stopped;
                vec![Action::Reply(Reply::NotRunning)]
            }
            State::Waiting { .. } | State::Validating { .. } | State::BackOff { .. } => {
                let mut actions = kill(self.remains());
                self.state = State::Stopped;
                actions.push(Action::Note(Note::Stopped));
                actions
            }
            _ => vec![Action::Reply(Reply::BeingStopped)],
        }
    }
}
