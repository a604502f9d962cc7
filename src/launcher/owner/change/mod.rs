//! A change: what RESTART and RELOAD do. They are one path and judge alike; RESTART names the components that change, RELOAD finds them.
//!
//! 1. **Read**: the configuration is read anew and judged by everything that needs no script of a component: merge, templates, schemas,
//!    manifests, our own checks ([`read`]). What is not good leaves everything running, untouched.
//! 2. **Down**: what changes, or goes, is stopped, in the order of what depends on what. Only now, because a validate command may ask
//!    whether its component's own port is free.
//! 3. **Judge**: the files of the workspace are written anew, and the validate commands of all that changes run ([`judge`]).
//! 4. **Decide**: good, and each is configured and started; or not, and the files of before are written again and everything that was up
//!    is started again as it was, with the environment it had. A change is made as a whole or not at all.
//!
//! Several changes may be under way at once, of different components. STOP takes a component out of a change, P ends all changes. A
//! command for a component that is being changed already is done afterwards: the operator has perhaps corrected the configuration since.

mod decide;
mod differ;
mod files;
mod judge;
mod read;

pub(super) use files::Files;

use super::{Owner, RunPhase};
use crate::component::Component;
use crate::journal::Event as Told;
use crate::launcher::run::{Event, Found, Generation, Launched, Prepared};
use crate::message::{self, FEW, Message, several};
use crate::output::one_line;
use crate::platform::AnswerSink;
use crate::supervisor::{Event as Happening, State};
use read::Wanted;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::oneshot;

/// All changes under way.
#[derive(Default)]
pub(super) struct Changes {
    last: u64,
    open: BTreeMap<u64, Change>,
    /// Commands that wait for a change that is under way.
    later: Vec<Later>,
    /// What RELOAD compares with: the configuration of the start, or of the last RELOAD.
    current: Option<Arc<Generation>>,
    files: Option<Arc<Files>>,
}

struct Change {
    command: ChangeCommand,
    answer: Option<Box<dyn AnswerSink>>,
    stage: Stage,
    parts: Vec<Part>,
    /// Once it was read.
    target: Option<ChangeTarget>,
}

/// What was asked for.
#[derive(Debug, Clone)]
enum ChangeCommand {
    Restart {
        named: BTreeSet<usize>,
        /// With those taken along.
        all: BTreeSet<usize>,
        text: String,
    },
    Reload {
        check: bool,
    },
}

impl ChangeCommand {
    fn text(&self) -> &str {
        match self {
            ChangeCommand::Restart { text, .. } => text,
            ChangeCommand::Reload { .. } => "RELOAD",
        }
    }
}

enum Stage {
    Reading {
        /// The same was asked for again meanwhile: what was read may be out of date.
        again: bool,
        stopped: BTreeSet<usize>,
    },
    GoingDown,
    Judging,
}

/// What a good configuration brings besides the components that change.
struct ChangeTarget {
    generation: Arc<Generation>,
    /// In play, new or changed, and not launched: configured only.
    unlaunched: Vec<Component>,
    /// Only the launcher's own settings of them have changed.
    adjusted: Vec<Launched>,
}

struct Part {
    name: String,
    /// None: there is nothing of it yet.
    index: Option<usize>,
    /// The configuration that runs does not have it.
    is_new: bool,
    /// What it is from now on; None: it goes.
    launched: Option<Launched>,
    /// Dropping it ends its validate command.
    _wanted: Option<oneshot::Sender<()>>,
}

enum Later {
    Restart { named: BTreeSet<usize>, along: BTreeSet<usize>, text: String },
    Reload(Option<Box<dyn AnswerSink>>),
}

impl Owner {
    /// Changes begin with what the prepare step has made.
    pub(super) fn begin_changes(&mut self, prepared: &Prepared) {
        self.changes.current = Some(Arc::clone(&prepared.generation));
        self.changes.files = Some(Arc::new(Files::new(Arc::clone(&prepared.generation))));
    }

    /// Whether a component is being changed: until its configure command has ended.
    pub(super) fn is_busy(&self, index: usize) -> bool {
        let state = self.instance.member(index).map(|member| member.machine.state());
        matches!(state, Some(State::Configuring)) || self.changes.open.values().any(|change| change.has(index))
    }

    /// Begins a RESTART of the components that were named and those taken along; the console that asked waits until it is decided.
    pub(super) fn restart(&mut self, named: Vec<usize>, along: Vec<usize>, text: &str) {
        let split = |owner: &Owner, indices: Vec<usize>| -> (BTreeSet<usize>, BTreeSet<usize>) {
            indices.into_iter().partition(|index| !owner.is_busy(*index))
        };
        let (named, named_later) = split(self, named);
        let (along, mut along_later) = split(self, along);
        for index in named_later.iter().chain(&along_later) {
            self.say(message::component_being_changed(self.name_of(*index), "restarted"));
        }
        if named.is_empty() {
            // What is taken along goes with those that are named.
            along_later.extend(along);
            if !self.changes.read_again(&named_later) {
                self.changes.add_later(named_later, along_later, text);
            }
            return;
        }
        self.changes.add_later(named_later, BTreeSet::new(), text);
        self.changes.add_later(along_later, BTreeSet::new(), text);
        let all = named.iter().chain(&along).copied().collect();
        let answer = self.postpone_answer();
        self.open_change(ChangeCommand::Restart { named, all, text: text.to_owned() }, answer);
    }

    /// Begins a RELOAD.
    pub(super) fn reload(&mut self, check: bool) {
        let open = self.changes.open.values().any(|change| matches!(change.command, ChangeCommand::Reload { check: false }));
        if !check && (open || self.changes.later.iter().any(|later| matches!(later, Later::Reload(_)))) {
            self.say(message::configuration_not_reloaded("another RELOAD is under way"));
        } else if !check && self.is_anything_busy() {
            self.say(message::reload_change("a change is under way, it follows"));
            let answer = self.postpone_answer();
            self.changes.later.push(Later::Reload(answer));
        } else {
            let answer = self.postpone_answer();
            self.open_change(ChangeCommand::Reload { check }, answer);
        }
    }

    fn is_anything_busy(&self) -> bool {
        !self.changes.open.is_empty() || (0..self.children.len()).any(|index| self.is_busy(index))
    }

    fn open_change(&mut self, command: ChangeCommand, answer: Option<Box<dyn AnswerSink>>) {
        self.changes.last += 1;
        let id = self.changes.last;
        let stage = Stage::Reading { again: false, stopped: BTreeSet::new() };
        self.changes.open.insert(id, Change { command, answer, stage, parts: Vec::new(), target: None });
        self.read_change(id);
    }

    fn read_change(&mut self, id: u64) {
        let (Some(change), Some(current)) = (self.changes.open.get(&id), self.changes.current.clone()) else { return };
        let wanted = match &change.command {
            ChangeCommand::Restart { all, .. } => Wanted::Named(all.iter().map(|index| (*index, self.name_of(*index))).collect()),
            ChangeCommand::Reload { .. } => {
                let present = |index: &usize| self.instance.member(*index).is_some_and(|member| !member.removed);
                let running = (0..self.children.len()).filter(present);
                Wanted::Different(running.map(|index| (index, Launched::clone(&self.children[index].launched))).collect())
            }
        };
        let (context, begun, sender) = (Arc::clone(&self.context), Arc::clone(&self.begun), self.sender.clone());
        self.context.workshop.finish(move || async move {
            let result = read::read(&context, &begun, &current, wanted).await;
            // The owner has gone: the launcher has ended meanwhile.
            let _ = sender.send(Event::ChangeRead { id, result: Box::new(result) });
        });
    }

    /// What the new configuration says.
    pub(super) fn change_read(&mut self, id: u64, result: Result<Found, Vec<Message>>) {
        let Some(mut change) = self.changes.open.remove(&id) else { return };
        let Stage::Reading { again, stopped } = &mut change.stage else { return };
        if std::mem::take(again) {
            self.changes.open.insert(id, change);
            self.read_change(id);
            return;
        }
        let stopped = std::mem::take(stopped);
        self.begin_answer(change.answer.take());
        match result {
            Err(messages) => self.refuse_change(&change, messages),
            Ok(found) => {
                if let Some(change) = self.plan_change(change, found, &stopped) {
                    self.carry_out(id, change);
                }
            }
        }
        self.end_answer();
    }

    /// Nothing was touched.
    fn refuse_change(&mut self, change: &Change, messages: Vec<Message>) {
        messages.into_iter().for_each(|message| self.say(message));
        match &change.command {
            ChangeCommand::Reload { .. } => self.say(message::configuration_not_reloaded("it is not good, everything is left as it is")),
            ChangeCommand::Restart { all, .. } => {
                for index in all {
                    self.not_restarted(*index, "the new configuration is not good, the component is left as it is");
                }
            }
        }
    }

    fn not_restarted(&mut self, index: usize, why: &str) {
        let name = self.name_of(index);
        self.say(message::component_not_restarted(name, why));
        if self.instance.member(index).is_some_and(|member| member.machine.state().pid().is_none()) {
            self.foreground_down();
        }
    }

    /// What is to be done; None: nothing.
    fn plan_change(&mut self, mut change: Change, found: Found, stopped: &BTreeSet<usize>) -> Option<Change> {
        for (index, messages) in found.refused {
            messages.into_iter().for_each(|message| self.say(message));
            self.not_restarted(index, "the new configuration is not good, the component is left as it is");
        }
        for (index, name, launched) in found.parts {
            // One that went a moment ago, and has not ended yet, comes back.
            let is_up = |index: &usize| self.instance.member(*index).is_some_and(|member| !member.machine.state().is_down());
            let leaving = self.instance.index_of(&name).filter(is_up);
            change.parts.push(Part { is_new: index.is_none(), index: index.or(leaving), name, launched, _wanted: None });
        }
        change.target = Some(ChangeTarget { generation: found.generation, unlaunched: found.unlaunched, adjusted: found.adjusted });
        match &change.command {
            ChangeCommand::Reload { check } => {
                let check = *check;
                self.tell_of(&change);
                (!check).then_some(change)
            }
            ChangeCommand::Restart { named, .. } => {
                for index in stopped {
                    self.not_restarted(*index, "it was stopped meanwhile");
                }
                change.parts.retain(|part| part.index.is_none_or(|index| !stopped.contains(&index)));
                // What depends on components that are left as they are has no reason to be restarted.
                change.parts.iter().any(|part| part.index.is_some_and(|index| named.contains(&index))).then_some(change)
            }
        }
    }

    fn tell_of(&mut self, change: &Change) {
        let mut told: Vec<String> = Vec::new();
        for part in &change.parts {
            told.push(match (part.index, &part.launched) {
                _ if part.is_new => format!("component {} is new: it is started", part.name),
                (Some(_), None) => format!("component {} is not to run any more: it is stopped", part.name),
                (Some(index), _) if self.is_wanted(index) => format!("component {} has changed: it is restarted", part.name),
                _ => format!("component {} has changed: it is configured, and stays stopped", part.name),
            });
        }
        if let Some(target) = &change.target {
            let adjusted = target.adjusted.iter().map(|launched| &launched.component.name);
            told.extend(adjusted.map(|name| format!("component {name} has other settings of supervision: they apply at once")));
            let unlaunched = target.unlaunched.iter().map(|component| &component.name);
            told.extend(unlaunched.map(|name| format!("component {name}, which is not launched, is new or has changed: it is configured")));
        }
        if told.is_empty() {
            told.push("no component has changed".to_owned());
        }
        let check = matches!(change.command, ChangeCommand::Reload { check: true });
        self.context.journal.tell(Told::Configuration { differences: told.clone(), check });
        told.into_iter().for_each(|what| self.say(message::reload_change(what)));
    }

    fn is_wanted(&self, index: usize) -> bool {
        self.instance.member(index).is_some_and(|member| member.machine.wants_up())
    }

    /// Stops what changes; [`Owner::follow_changes`] goes on when it is down.
    fn carry_out(&mut self, id: u64, mut change: Change) {
        let is_restart = matches!(change.command, ChangeCommand::Restart { .. });
        let mut orders = BTreeMap::new();
        for part in &change.parts {
            let Some(index) = part.index else { continue };
            // What an operator has stopped stays down, unless RESTART names it.
            let start = part.is_new || part.launched.is_some() && (is_restart || self.is_wanted(index));
            orders.insert(index, Happening::Change { start });
        }
        self.order_each(orders);
        change.answer = self.postpone_answer();
        change.stage = Stage::GoingDown;
        self.changes.open.insert(id, change);
    }

    /// Restarts the component when its files have changed, as RESTART does: only when everything is good, and not while it is being
    /// stopped, validated or configured: then afterwards, as those may have seen half of the change.
    pub(super) fn follow_files(&mut self) {
        let Some(child) = self.children.first().filter(|_| self.files_changed.is_some() && self.phase == RunPhase::Supervising) else {
            return;
        };
        let state = self.instance.member(0).map(|member| member.machine.state());
        if self.is_busy(0) || matches!(state, Some(State::Stopping { .. } | State::Starting)) {
            return;
        }
        let name = child.launched.component.name.clone();
        let files: Vec<String> = self.files_changed.take().unwrap_or_default().into_iter().collect();
        self.say(message::component_files_changed(&name));
        if !files.is_empty() {
            self.say(message::changed_files(&name, one_line(&several(&files, FEW))));
        }
        self.restart(vec![0], Vec::new(), "RESTART");
    }

    /// STOP came: what is being read for is stopped instead.
    pub(super) fn stopped_during_changes(&mut self, selection: &[usize]) {
        for change in self.changes.open.values_mut() {
            if let (Stage::Reading { stopped, .. }, ChangeCommand::Restart { all, .. }) = (&mut change.stage, &change.command) {
                stopped.extend(selection.iter().filter(|index| all.contains(index)));
            }
        }
        for later in &mut self.changes.later {
            if let Later::Restart { named, along, .. } = later {
                named.retain(|index| !selection.contains(index));
                along.retain(|index| !selection.contains(index));
            }
        }
    }

    /// Goes on with changes whose components are down, and with commands that waited. Called after every event.
    pub(super) fn follow_changes(&mut self) {
        if self.changes.open.is_empty() && self.changes.later.is_empty() {
            return;
        }
        let ids: Vec<u64> = self.changes.open.keys().copied().collect();
        for id in ids {
            let Some(mut change) = self.changes.open.remove(&id) else { continue };
            let dropped = self.drop_stopped(&mut change);
            let nothing_left = change.parts.is_empty() && matches!(change.command, ChangeCommand::Restart { .. });
            if !dropped.is_empty() {
                self.begin_answer(change.answer.take());
                dropped.into_iter().for_each(|message| self.say(message));
                change.answer = self.postpone_answer();
            }
            if nothing_left && matches!(change.stage, Stage::GoingDown) {
                self.begin_answer(change.answer);
                self.end_answer();
                continue;
            }
            let is_down = |part: &Part| {
                let member = part.index.and_then(|index| self.instance.member(index));
                member.is_none_or(|member| matches!(member.machine.state(), State::Validating { .. }))
            };
            if matches!(change.stage, Stage::GoingDown) && change.parts.iter().all(is_down) {
                self.judge_change(id, &mut change);
            }
            self.changes.open.insert(id, change);
        }
        self.begin_later();
    }

    /// STOP takes a component out of a change that is not decided.
    fn drop_stopped(&self, change: &mut Change) -> Vec<Message> {
        if matches!(change.stage, Stage::Reading { .. }) {
            return Vec::new();
        }
        let (parts, dropped): (Vec<Part>, Vec<Part>) =
            std::mem::take(&mut change.parts).into_iter().partition(|part| part.index.is_none_or(|index| self.instance.is_changing(index)));
        change.parts = parts;
        let said = |part: Part| match &change.command {
            ChangeCommand::Restart { .. } => message::component_not_restarted(part.name, "it was stopped meanwhile"),
            ChangeCommand::Reload { .. } => {
                message::reload_change(format!("component {} was stopped meanwhile and is left as it was", part.name))
            }
        };
        dropped.into_iter().map(said).collect()
    }

    fn begin_later(&mut self) {
        for later in std::mem::take(&mut self.changes.later) {
            match later {
                Later::Restart { named, along, text } if !named.iter().any(|index| self.is_busy(*index)) => {
                    if !named.is_empty() {
                        self.restart(named.into_iter().collect(), along.into_iter().collect(), &text);
                    }
                }
                Later::Reload(answer) if !self.is_anything_busy() => self.open_change(ChangeCommand::Reload { check: false }, answer),
                later => self.changes.later.push(later),
            }
        }
    }

    /// P: nothing is changed any more; who waits for an answer has it.
    pub(super) fn end_changes(&mut self) {
        let open = std::mem::take(&mut self.changes.open);
        let mut waiting: Vec<(String, Option<Box<dyn AnswerSink>>)> = Vec::new();
        waiting.extend(open.into_values().map(|change| (change.command.text().to_owned(), change.answer)));
        for later in std::mem::take(&mut self.changes.later) {
            waiting.push(match later {
                Later::Restart { text, .. } => (text, None),
                Later::Reload(answer) => ("RELOAD".to_owned(), answer),
            });
        }
        for (text, answer) in waiting {
            self.begin_answer(answer);
            self.say(message::ignored_while_ending(&self.begun.ha_instance.id, text));
            self.end_answer();
        }
        debug_assert!(self.phase == RunPhase::Ending);
    }
}

impl Change {
    fn has(&self, index: usize) -> bool {
        match (&self.stage, &self.command) {
            (Stage::Reading { .. }, ChangeCommand::Restart { all, .. }) => all.contains(&index),
            // It may turn out to change anything.
            (Stage::Reading { .. }, ChangeCommand::Reload { check }) => !check,
            _ => self.parts.iter().any(|part| part.index == Some(index)),
        }
    }
}

impl Changes {
    /// Has a RESTART of the same components that is only being read for read once more. False where there is none.
    fn read_again(&mut self, names: &BTreeSet<usize>) -> bool {
        for change in self.open.values_mut() {
            if let (Stage::Reading { again, stopped }, ChangeCommand::Restart { named, .. }) = (&mut change.stage, &change.command) {
                if names.is_subset(named) {
                    *again = true;
                    stopped.retain(|index| !names.contains(index));
                    return true;
                }
            }
        }
        false
    }

    fn add_later(&mut self, named: BTreeSet<usize>, along: BTreeSet<usize>, text: &str) {
        let same =
            |later: &Later| matches!(later, Later::Restart { named: other, along: others, .. } if *other == named && *others == along);
        if !named.is_empty() && !self.later.iter().any(same) {
            self.later.push(Later::Restart { named, along, text: text.to_owned() });
        }
    }
}
