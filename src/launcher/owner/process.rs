//! The processes of components: made with the environment that configure left, asked whether they are ready and alive, told to end.

use super::Owner;
use crate::component::{Probe, Question};
use crate::launcher::making::{IsWanted, make};
use crate::launcher::probes::{self, FileEnd, Verdict};
use crate::launcher::run::{Event, Made};
use crate::launcher::{guard, tell};
use crate::message;
use crate::platform::{Pid, StopSignal};
use crate::supervisor::{Event as Happening, State};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Starts that are under way beside the owner at a time: the next ones wait there while a process is made.
const STARTS_AT_ONCE: usize = 4;

impl Owner {
    /// Whether a start is due.
    pub(super) fn may_begin_start(&self) -> bool {
        !self.to_spawn.is_empty() && self.making.len() < STARTS_AT_ONCE
    }

    /// Begins the next start: what it needs is read, and its process is made, beside the owner. [`Owner::made`] follows.
    pub(super) fn begin_start(&mut self) {
        let Some(index) = self.to_spawn.pop_front() else { return };
        let Some(child) = self.children.get(index) else { return };
        let is_wanted = IsWanted::new(AtomicBool::new(true));
        self.making.insert(index, Arc::clone(&is_wanted));
        let (context, launched, sender) = (Arc::clone(&self.context), Arc::clone(&child.launched), self.sender.clone());
        let counts = Arc::clone(&child.measured.counts);
        self.context.starts.finish(move || async move { make(&context, &launched, (index, counts), &is_wanted, &sender) });
    }

    /// The process of a start was made, or why not.
    pub(super) fn made(&mut self, index: usize, made: std::io::Result<Made>) {
        self.making.remove(&index);
        let Made { pid, output, attachment, input, readiness, file_end } = match made {
            Ok(made) => made,
            Err(error) => return self.step(index, Happening::SpawnFailed(error.to_string())),
        };
        if let Some(member) = self.instance.member(index) {
            tell::spawned(&self.context.journal, member, pid);
        }
        let (name, now) = (self.name_of(index), self.now());
        if let Some(child) = self.children.get_mut(index) {
            child.started = now;
            child.measured.started(now);
            child.pipe = Some(self.context.output.attach(&name, output, attachment));
            child.input = input;
        }
        self.ask(index, pid, Question::Readiness, readiness, file_end);
        self.step(index, Happening::Spawned(pid));
    }

    /// The launcher ends: starts that are under way are not made any more, whatever keeps them from being read. Where a process is being made
    /// at this moment, it is ended once it is there.
    pub(super) fn withdraw_starts(&mut self) {
        let mut withdrawn: Vec<usize> = std::mem::take(&mut self.to_spawn).into();
        withdrawn.extend(self.making.iter().filter(|(_, is_wanted)| is_wanted.swap(false, Ordering::AcqRel)).map(|(index, _)| *index));
        self.making.retain(|index, _| !withdrawn.contains(index));
        withdrawn.into_iter().for_each(|index| self.step(index, Happening::SpawnWithdrawn));
    }

    /// Begins to ask a process whether it is ready, or alive: the latter once it is ready, for before that it may be busy with its start.
    pub(super) fn ask(&mut self, index: usize, pid: Pid, question: Question, probe: Option<Probe>, file_end: Option<FileEnd>) {
        let (Some(child), Some(probe)) = (self.children.get(index), probe) else { return };
        if child.asking.iter().any(|(asked, _)| *asked == question) {
            return;
        }
        let launched = &child.launched;
        let sender = self.sender.clone();
        let tell = move |verdict| {
            let happening = match (question, verdict) {
                (Question::Readiness, Verdict::Good) => Happening::ReadyReported(pid),
                (Question::Readiness, Verdict::Bad(_)) => Happening::ReadyLost(pid),
                (Question::Liveness, Verdict::Bad(why)) => Happening::LivenessFailed(pid, why.to_string()),
                (Question::Liveness, Verdict::Good) => return,
            };
            // The owner has gone.
            let _ = sender.send(Event::Watched { index, happening });
        };
        let asking = probes::ask(&self.context, launched, &probe, question, file_end, tell);
        self.children[index].asking.extend(asking.map(|asking| (question, asking)));
    }

    /// A process has written what its kind writes before it serves.
    pub(super) fn settling(&mut self, index: usize, pid: Pid, after: Duration) {
        let sender = self.sender.clone();
        let asking = probes::after(after, move || {
            // The owner has gone.
            let _ = sender.send(Event::Watched { index, happening: Happening::ReadyReported(pid) });
        });
        if let Some(child) = self.children.get_mut(index) {
            child.asking.push((Question::Readiness, asking));
        }
    }

    /// A line of an operator's for the standard input of a component. Never waits: a component that does not read is told of.
    pub(super) fn send(&mut self, index: usize, line: &str) {
        let name = self.name_of(index);
        let Some(child) = self.children.get_mut(index) else { return };
        let reads = child.launched.instance.configuration.component_settings(&name).standard_input;
        // One write: a line that does not fit is not there in part. A pipe takes what a console can type as a whole.
        let result = match &mut child.input {
            Some(input) => input.write_all(format!("{line}\n").as_bytes()).map_err(|error| match error.kind() {
                std::io::ErrorKind::WouldBlock => "it does not read what it was sent before".to_owned(),
                std::io::ErrorKind::BrokenPipe => "it has closed its standard input".to_owned(),
                _ => error.to_string(),
            }),
            None if reads => Err("it does not run".to_owned()),
            None => Err(format!("components.{name}.launcher.stdin is not true")),
        };
        self.say(match result {
            Ok(()) => message::input_line_sent(name),
            Err(why) => message::input_line_not_sent(name, why),
        });
    }

    /// Sends components what their machines ask for: all that one event has brought about together.
    pub(super) fn signal(&self, signals: Vec<(usize, Pid, StopSignal)>) {
        let mut at_once = Vec::new();
        for (index, group, signal) in signals {
            let Some(child) = self.children.get(index) else { continue };
            let is_stop = self.instance.member(index).is_some_and(|member| matches!(member.machine.state(), State::Stopping { .. }));
            if !(is_stop && guard::stop_by_command(&self.context, &child.launched, group, signal)) {
                at_once.push((group, signal));
            }
        }
        if !at_once.is_empty() {
            guard::signal(&self.context, at_once);
        }
    }
}
