//! Operator commands.

use super::owner::{Owner, Phase};
use crate::console::{self, Command, CommandError, ComponentView};
use crate::message;
use crate::platform::AnswerSink;
use crate::supervisor::{Event as Happening, State};

impl Owner {
    /// A MODIFY. The answer is complete when this returns, except RESTART's, which takes its console along.
    pub(super) fn modify(&mut self, text: &str, answer: Box<dyn AnswerSink>) {
        self.context.output.message(message::zwel0013i(text));
        self.answering = Some(answer);
        match console::parse(text) {
            Err(CommandError::BadValue) => self.say(message::zwel0041e()),
            Err(CommandError::NotRecognized) => self.say(message::zwel0042e()),
            Ok(Command::Display) => self.display(),
            Ok(_) if self.phase == Phase::Preparing => self.say(message::zwel0931i(&self.begun.ha_instance.id, text)),
            Ok(_) if self.phase == Phase::Ending => self.say(message::zwel0932i(&self.begun.ha_instance.id, text)),
            Ok(Command::Start(name)) => self.on_component(&name, |owner, index| {
                owner.not_to_be_started(index);
                owner.step(index, Happening::Start);
            }),
            Ok(Command::Stop(name)) => self.on_component(&name, |owner, index| {
                owner.not_to_be_started(index);
                owner.warn_of_dependents(index);
                owner.step(index, Happening::Stop);
            }),
            Ok(Command::Restart(name)) => self.on_component(&name, |owner, index| {
                owner.not_to_be_started(index);
                owner.restart(index);
            }),
        }
        self.answering = None;
    }

    fn on_component(&mut self, name: &str, action: impl FnOnce(&mut Owner, usize)) {
        let names: Vec<String> = self.children.iter().map(|child| child.launched.component.name.clone()).collect();
        match console::find_component(names.iter().map(String::as_str), name) {
            Some(index) => action(self, index),
            None => self.say(message::zwel0054w(name)),
        }
    }

    fn warn_of_dependents(&mut self, index: usize) {
        let name = self.children[index].launched.component.name.clone();
        let dependents: Vec<String> = self
            .children
            .iter()
            .filter(|child| child.machine.state().pid().is_some())
            .filter(|child| child.launched.component.manifest.dependencies.iter().any(|one| one.name == name))
            .map(|child| child.launched.component.name.clone())
            .collect();
        if !dependents.is_empty() {
            self.say(message::zwel0924w(name, dependents.join(", ")));
        }
    }

    fn display(&mut self) {
        for message in console::display(&self.views()) {
            self.say(message);
        }
    }

    fn views(&self) -> Vec<ComponentView> {
        let now = self.now();
        self.children
            .iter()
            .map(|child| {
                let machine = &child.machine;
                let state = machine.state();
                ComponentView {
                    name: child.launched.component.name.clone(),
                    state: state.name(),
                    ready: matches!(state, State::Running { .. }),
                    pid: state.pid(),
                    uptime: match state {
                        State::Running { since, .. } | State::Stopping { since, leader_ended: false, .. } => Some(now.since(*since)),
                        _ => None,
                    },
                    restarts: machine.restarts(),
                    next_attempt: match state {
                        State::BackOff { until, .. } => Some(until.since(now)),
                        _ => None,
                    },
                    last_end: machine.last_end().map(|last| (last.status.end, now.since(last.at))),
                }
            })
            .collect()
    }
}
