//! What operators say to a component: START and STOP in every state.

use super::super::Moment;
use super::super::state::{Action, AfterConfigure, AfterStop, Before, Note, Reply, State};
use super::{Machine, kill};

impl Machine {
    pub(super) fn start(&mut self, now: Moment) -> Vec<Action> {
        let restarts = matches!(
            self.state,
            State::Running { .. }
                | State::Ready { .. }
                | State::Stopping { then: AfterStop::Start | AfterStop::Change { start: true }, .. }
        );
        if restarts && self.policy.reject_start_of_running {
            return vec![Action::Reply(Reply::AlreadyRunning)];
        }
        self.forget_failures();
        match &mut self.state {
            State::Stopped | State::Failed | State::Fatal => self.wait(None, Reply::BeingStarted, now),
            State::BackOff { remains, .. } => {
                let remains = remains.take();
                self.wait(remains, Reply::BeingStarted, now)
            }
            State::Waiting { .. } => vec![Action::Reply(Reply::Waiting)],
            State::Starting { then } => {
                match then {
                    Some(AfterStop::Stay | AfterStop::Fail) => *then = None,
                    Some(AfterStop::Change { start }) => *start = true,
                    Some(AfterStop::Start) | None => {}
                }
                vec![Action::Reply(Reply::BeingStarted)]
            }
            State::Running { .. } | State::Ready { .. } => {
                let mut actions = vec![Action::Reply(Reply::BeingRestarted)];
                actions.extend(self.terminate(AfterStop::Start, now));
                actions
            }
            State::Stopping { then, .. } => {
                match then {
                    AfterStop::Stay | AfterStop::Fail => *then = AfterStop::Start,
                    AfterStop::Change { start } => *start = true,
                    AfterStop::Start => {}
                }
                vec![Action::Reply(Reply::BeingRestarted)]
            }
            State::Validating { start, before } => {
                // Whatever the change comes to.
                (*start, *before) = (true, Before::Up);
                vec![Action::Reply(Reply::BeingStarted)]
            }
            State::Configuring { then } => {
                *then = AfterConfigure::Start;
                vec![Action::Reply(Reply::BeingStarted)]
            }
        }
    }

    pub(super) fn stop(&mut self, now: Moment) -> Vec<Action> {
        match &mut self.state {
            State::Stopped | State::Failed | State::Fatal => {
                // An operator has seen the failure: it is not missed any more.
                self.state = State::Stopped;
                vec![Action::Reply(Reply::NotRunning)]
            }
            State::Waiting { .. } | State::Validating { .. } => {
                self.state = State::Stopped;
                vec![Action::Note(Note::Stopped)]
            }
            State::Starting { then } => {
                *then = Some(AfterStop::Stay);
                vec![Action::Reply(Reply::BeingStopped)]
            }
            State::Running { .. } | State::Ready { .. } => {
                let mut actions = vec![Action::Reply(Reply::BeingStopped)];
                actions.extend(self.terminate(AfterStop::Stay, now));
                actions
            }
            State::Stopping { then, .. } => {
                *then = AfterStop::Stay;
                vec![Action::Reply(Reply::BeingStopped)]
            }
            State::Configuring { then } => {
                *then = AfterConfigure::Stop;
                vec![Action::Reply(Reply::BeingStopped)]
            }
            State::BackOff { remains, .. } => {
                let remains = remains.take();
                self.state = State::Stopped;
                let mut actions = kill(remains);
                actions.push(Action::Note(Note::Stopped));
                actions
            }
        }
    }
}
