//! The second half of a change: judged once everything is down that it needs down, and then made, or not.

use super::super::{Owner, policy_of};
use super::judge;
use super::{Change, ChangeCommand, Stage};
use crate::config::LauncherSettings;
use crate::launcher::components;
use crate::launcher::prepare;
use crate::launcher::run::{Event, Judged, Launched};
use crate::launcher::{metrics, tell};
use crate::message;
use crate::supervisor::{Event as Happening, Judgement};
use std::sync::Arc;
use tokio::sync::{Mutex, oneshot};

impl Owner {
    pub(super) fn judge_change(&mut self, id: u64, change: &mut Change) {
        change.stage = Stage::Judging;
        let (Some(target), Some(files)) = (&change.target, self.changes.files.clone()) else { return };
        let is_reload = matches!(change.command, ChangeCommand::Reload { .. });
        if is_reload {
            // Before the first line of what is run for it.
            prepare::set_output(&self.context, &target.generation.instance.configuration);
        }
        let mut components = Vec::new();
        for part in &mut change.parts {
            if let Some(launched) = &part.launched {
                let (sender, receiver) = oneshot::channel();
                part._wanted = Some(sender);
                components.push((launched.component.clone(), Some(receiver)));
            }
        }
        let unlaunched = target.unlaunched.clone();
        let is_left = |name: &str| !change.parts.iter().any(|part| part.name == name);
        let members = self.instance.members().iter().filter(|member| !member.removed);
        let left = members.map(|member| &member.name).filter(|name| is_left(name)).cloned().collect();
        let (context, sender, generation) = (Arc::clone(&self.context), self.sender.clone(), Arc::clone(&target.generation));
        self.context.workshop.finish(move || async move {
            let request = judge::Request { id, generation, components, unlaunched, left, is_reload };
            let judged = judge::judge(&context, &files, request).await;
            // The owner has gone.
            let _ = sender.send(Event::ChangeJudged { id, judged });
        });
    }

    /// The validate commands have ended: what becomes of the change.
    pub(in super::super) fn change_judged(&mut self, id: u64, judged: Judged) {
        let Some(mut change) = self.changes.open.remove(&id) else { return };
        self.begin_answer(change.answer.take());
        self.drop_stopped(&mut change).into_iter().for_each(|message| self.say(message));
        match judged {
            Judged::Good if change.parts.is_empty() && matches!(change.command, ChangeCommand::Restart { .. }) => self.withdraw_files(id),
            Judged::Good => self.make_change(id, change),
            Judged::Bad(messages) => {
                messages.into_iter().for_each(|message| self.say(message));
                self.take_back(change);
            }
        }
        self.end_answer();
        self.give_back_memory();
    }

    /// Nothing is left of a change whose files were written.
    fn withdraw_files(&self, id: u64) {
        let Some(files) = self.changes.files.clone() else { return };
        let context = Arc::clone(&self.context);
        let workspace = self.changes.current.as_ref().map(|current| current.instance.workspace.display().to_string()).unwrap_or_default();
        self.context.workshop.finish(move || async move {
            if let Err(error) = files.withdraw(&context, id).await {
                context.output.message(message::file_not_written(workspace, error));
            }
        });
    }

    /// The configuration of before holds; its files have been written again.
    fn take_back(&mut self, change: Change) {
        if matches!(change.command, ChangeCommand::Reload { .. }) {
            self.say(message::configuration_not_reloaded("it could not be applied, everything is as it was"));
            if let Some(current) = &self.changes.current {
                prepare::set_output(&self.context, &current.instance.configuration);
            }
        }
        for part in change.parts {
            let Some(index) = part.index else { continue };
            if matches!(change.command, ChangeCommand::Restart { .. }) {
                self.say(message::component_not_restarted(&part.name, "the new configuration could not be applied"));
            }
            // One that was leaving when it was found to be new goes on leaving.
            let judgement = if part.is_new { Judgement::Away } else { Judgement::Back };
            self.step(index, Happening::Judged(judgement));
            if self.instance.member(index).is_some_and(|member| member.machine.state().is_down()) {
                self.foreground_down();
            }
        }
    }

    fn make_change(&mut self, id: u64, change: Change) {
        let (Some(target), Some(mut settings)) = (change.target, self.settings.clone()) else { return };
        let files = self.changes.files.clone();
        self.context.workshop.finish(move || async move {
            if let Some(files) = files {
                files.accept(id).await;
            }
        });
        if matches!(change.command, ChangeCommand::Reload { .. }) {
            settings = target.generation.instance.configuration.launcher_settings().clone();
            self.settings = Some(settings.clone());
            self.context.output.set_zone(settings.zone.clone());
            let (context, sender, generation) = (Arc::clone(&self.context), self.sender.clone(), Arc::clone(&target.generation));
            self.context.workshop.finish(move || async move { metrics::apply(&context, &generation.instance, &sender).await });
            self.changes.current = Some(target.generation);
        }
        for launched in target.adjusted {
            let index = self.instance.index_of(&launched.component.name);
            if let Some(index) = index {
                self.replace(index, launched, &settings);
            }
        }
        let turn = Arc::new(Mutex::new(()));
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for part in change.parts {
            match (part.index, part.launched) {
                (Some(index), Some(launched)) if !part.is_new => {
                    self.replace(index, launched, &settings);
                    changed.push(index);
                }
                (Some(index), None) => {
                    if let Some(member) = self.instance.member_mut(index) {
                        member.removed = true;
                        tell::removed(&self.context.journal, member);
                    }
                    gone.push(index);
                }
                (_, Some(launched)) => changed.push(self.take_in(launched, &settings)),
                (None, None) => {}
            }
        }
        self.connect();
        for index in gone {
            self.step(index, Happening::Judged(Judgement::Away));
        }
        for index in changed {
            if let Some(child) = self.children.get_mut(index) {
                child.turn = Arc::clone(&turn);
            }
            if !self.instance.is_changing(index) {
                // New: it is down, and judged already.
                self.step(index, Happening::Change { start: true });
            }
            self.step(index, Happening::Judged(Judgement::Good));
        }
    }

    /// Runs the configure command of a change; [`Event::Configured`] follows.
    pub(in super::super) fn configure(&mut self, index: usize) {
        let Some(child) = self.children.get(index) else { return };
        let (launched, turn) = (Arc::clone(&child.launched), Arc::clone(&child.turn));
        let (context, sender) = (Arc::clone(&self.context), self.sender.clone());
        self.context.workshop.finish(move || async move {
            let _turn = turn.lock().await;
            let may_start = components::configure(&context, &launched.instance, &launched.component).await;
            // The owner has gone.
            let _ = sender.send(Event::Configured { index, may_start });
        });
    }

    /// From now on the component is what a new configuration says.
    fn replace(&mut self, index: usize, launched: Launched, settings: &LauncherSettings) {
        let policy = policy_of(&self.begun, &launched, settings);
        let required = launched.instance.configuration.component_settings(&launched.component.name).required;
        if let Some(member) = self.instance.member_mut(index) {
            member.machine.policy = policy;
            (member.required, member.removed) = (required, false);
        }
        if let Some(child) = self.children.get_mut(index) {
            child.launched = Arc::new(launched);
        }
    }
}
