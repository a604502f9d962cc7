//! The processes of components: made with the environment that configure left, asked whether they are ready and alive, told to end.

use super::Owner;
use crate::component::{Probe, Question};
use crate::launcher::probes::{self, FileEnd, Verdict};
use crate::launcher::run::{Context, Event, Launched, StartRead, script_of};
use crate::launcher::{environment, guard};
use crate::lifecycle::Then;
use crate::message;
use crate::output::Attachment;
use crate::platform::{Pid, PreparedEnvironment, StopSignal, unix};
use crate::supervisor::{Event as Happening, State};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

/// Starts whose files are read at a time: the next one is read while a process is made.
const READ_AT_ONCE: usize = 2;

/// Reads what a start needs.
fn read_start(context: &Context, launched: &Launched) -> StartRead {
    let (with_common, own) = environment::layers(context, launched);
    let readiness = probes::probe_of(launched, Question::Readiness);
    StartRead {
        script: script_of(context, &launched.instance, &launched.component, launched.start.clone(), Then::Wait),
        with_common,
        own,
        file_end: readiness.as_ref().and_then(probes::file_end),
        readiness,
    }
}

impl Owner {
    /// Whether a start is due.
    pub(super) fn may_begin_start(&self) -> bool {
        !self.to_spawn.is_empty() && self.reading.len() < READ_AT_ONCE
    }

    /// Begins the next start: what it needs is read beside the owner, and [`Owner::start_read`] follows.
    pub(super) fn begin_start(&mut self) {
        let Some(index) = self.to_spawn.pop_front() else { return };
        let Some(child) = self.children.get(index) else { return };
        self.reading.insert(index);
        let (context, launched, sender) = (Arc::clone(&self.context), child.launched.clone(), self.sender.clone());
        self.context.starts.finish(move || async move {
            let start = Box::new(read_start(&context, &launched));
            // The owner has gone.
            let _ = sender.send(Event::StartRead { index, start });
        });
    }

    /// What a start needs was read: its process is made.
    pub(super) fn start_read(&mut self, index: usize, start: StartRead) {
        // It may have been withdrawn meanwhile.
        if self.reading.remove(&index) {
            let happening = self.spawn(index, start);
            self.step(index, happening);
        }
    }

    /// The launcher ends: starts that are under way are not made any more, whatever keeps them from being read.
    pub(super) fn withdraw_starts(&mut self) {
        let waiting: Vec<usize> = std::mem::take(&mut self.to_spawn).into_iter().chain(std::mem::take(&mut self.reading)).collect();
        waiting.into_iter().for_each(|index| self.step(index, Happening::SpawnWithdrawn));
    }

    fn spawn(&mut self, index: usize, start: StartRead) -> Happening {
        let StartRead { script, with_common, own, readiness, file_end } = start;
        let Some(child) = self.children.get(index) else { return Happening::SpawnFailed(String::new()) };
        let launched = &child.launched;
        let nothing = PreparedEnvironment::default();
        let base = if with_common { &launched.instance.prepared_environment } else { &nothing };
        let settings = launched.instance.configuration.component_settings(&launched.component.name);
        let sender = self.sender.clone();
        // The pid is known to the machine before this can be received: the owner is the receiver.
        let (pid_sender, pid_receiver) = std::sync::mpsc::sync_channel(1);
        let on_end = Box::new(move |status| {
            if let Ok(pid) = pid_receiver.recv() {
                // The owner has gone.
                let _ = sender.send(Event::Ended { index, pid, status });
            }
        });
        let (input, input_of_ours) = match settings.standard_input.then(unix::process::control_pipe).transpose() {
            Ok(pipe) => pipe.unzip(),
            Err(error) => {
                self.context
                    .output
                    .message(message::stdin_file_not_created(format_args!("of component {}", launched.component.name), &error));
                return Happening::SpawnFailed(error.to_string());
            }
        };
        let input = input.as_ref().map(AsFd::as_fd);
        match self.context.runner.start(&script, base, &own, input, settings.ending(), on_end) {
            Ok((pid, reader)) => {
                let _ = pid_sender.send(pid);
                let name = launched.component.name.clone();
                let log = launched.instance.configuration.component_log(&name);
                let values = launched.instance.environment.values().chain(own.values()).map(OsString::as_os_str);
                let watch = probes::watch(readiness.as_ref(), settings.fatal_messages.clone(), (index, pid), values, self.sender.clone());
                let attachment = Attachment { log, watch, pid: Some(pid) };
                self.children[index].pipe = Some(self.context.output.attach(&name, reader, attachment));
                self.children[index].input = input_of_ours.map(File::from);
                self.ask(index, pid, Question::Readiness, readiness, file_end);
                Happening::Spawned(pid)
            }
            Err(error) => Happening::SpawnFailed(error.to_string()),
        }
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

    pub(super) fn signal(&self, index: usize, group: Pid, signal: StopSignal) {
        let Some(child) = self.children.get(index) else { return };
        let is_stop = self.instance.member(index).is_some_and(|member| matches!(member.machine.state(), State::Stopping { .. }));
        guard::signal(&self.context, &child.launched, group, signal, is_stop);
    }
}
