//! Operator commands.

use super::{Owner, RunPhase};
use crate::component;
use crate::config::{SINGLE_SERVICE, SINGLE_SERVICE_PARTS, overlay};
use crate::console::{self, Command, CommandError, ComponentDetail, ComponentView};
use crate::launcher::run::Event;
use crate::launcher::tell;
use crate::lifecycle::workspace;
use crate::message::{self, Message};
use crate::platform::{AnswerSink, ProcessFacts};
use crate::processes;
use crate::supervisor::{Event as Happening, State, WaitsFor};
use std::sync::Arc;

impl Owner {
    /// A MODIFY. The answer is complete when this returns, except those of RESTART, RELOAD and LOGROTATE, which take their console along.
    /// `is_asked`: a program asks, and SYSPRINT keeps nothing of a question that is answered at once.
    pub(super) fn modify(&mut self, text: &str, answer: Box<dyn AnswerSink>, is_asked: bool) {
        let command = console::parse(text);
        if is_asked && matches!(command, Ok(Command::Display(_) | Command::DisplayJson | Command::DisplayMetrics | Command::Help)) {
            self.begin_private_answer(answer);
        } else {
            self.measured.command(text);
            self.context.output.message(message::command_received(text));
            self.begin_answer(Some(tell::answered(&self.context.journal, text, answer)));
        }
        match command {
            Err(CommandError::BadValue) => self.say(message::bad_value_supplied()),
            Err(CommandError::NotRecognized(nearest)) => {
                self.say(message::command_not_recognized());
                let hint = nearest.map_or_else(|| "HELP lists the commands".to_owned(), |word| format!("did you mean {word}?"));
                self.say(message::hint(hint));
            }
            Ok(Command::Help) => {
                let width = console::VERBS.iter().map(|(verb, _)| verb.len()).max().unwrap_or_default();
                console::VERBS.iter().for_each(|(verb, meaning)| self.say(message::help_line(format!("{verb:<width$}  {meaning}"))));
            }
            Ok(Command::Display(names)) => self.display(&names),
            Ok(Command::DisplayJson) => {
                let views = self.views(&self.present());
                let id = self.begun.ha_instance.id.clone();
                views.iter().for_each(|view| self.tell(&message::status_line(console::json(view, &id))));
            }
            Ok(Command::DisplayMetrics) => {
                self.measure().lines().into_iter().for_each(|line| self.tell(&message::status_line(line)));
            }
            Ok(Command::LogLevel { debug }) => {
                self.context.output.set_debug(debug);
                self.say(message::operation_done(if debug { "log level is debug" } else { "log level is info" }));
            }
            Ok(Command::LogRotate) => {
                let (sink, sender) = (self.postpone_answer(), self.sender.clone());
                self.context.output.rotate_logs(move |failures| {
                    // The owner has gone: the launcher is at its very end.
                    let _ = sender.send(Event::LogsRotated { sink, failures });
                });
            }
            Ok(Command::Detail(names)) => self.detail(&names),
            Ok(command) => self.change(command, text),
        }
        self.end_answer();
    }

    /// SIGUSR1: LOGROTATE, and a new block of SYSPRINT. Nobody waits for the answer.
    pub(super) fn begin_logs_anew(&mut self) {
        let head = message::sysprint_begun(&self.begun.ha_instance.id, env!("CARGO_PKG_VERSION"));
        let sender = self.sender.clone();
        self.context.output.begin_anew(head, move |failures| {
            // The owner has gone: the launcher is at its very end.
            let _ = sender.send(Event::LogsRotated { sink: None, failures });
        });
    }

    /// The answer to LOGROTATE, once it is known.
    pub(super) fn logs_rotated(&mut self, sink: Option<Box<dyn AnswerSink>>, failures: Vec<Message>) {
        self.begin_answer(sink);
        if failures.is_empty() {
            self.say(message::operation_done("log files are rotated"));
        } else {
            let count = failures.len();
            failures.into_iter().for_each(|failure| self.say(failure));
            self.say(message::logs_not_rotated(count));
        }
        self.end_answer();
    }

    /// What changes something is possible while components are supervised.
    fn change(&mut self, command: Command, text: &str) {
        match (self.phase, command) {
            (RunPhase::Preparing, _) => self.say(message::not_possible_while_preparing(&self.begun.ha_instance.id, text)),
            (RunPhase::Ending, _) => self.say(message::ignored_while_ending(&self.begun.ha_instance.id, text)),
            (_, Command::Start(names)) => {
                let selection = self.select(&names);
                self.order(&Happening::Start, &selection);
            }
            (_, Command::Stop(names)) => {
                let selection = self.select(&names);
                self.warn_of_dependents(&selection);
                self.stopped_during_changes(&selection);
                self.order(&Happening::Stop, &selection);
            }
            (_, Command::Restart { names, cascade }) => {
                let selection = self.select(&names);
                let mut along = Vec::new();
                if cascade {
                    let wanted = |index: &usize| self.instance.member(*index).is_some_and(|member| member.machine.wants_up());
                    along = self.instance.dependents(&selection).into_iter().filter(wanted).collect();
                } else {
                    self.warn_of_dependents(&selection);
                }
                self.restart(selection, along, text);
            }
            (_, Command::Reload { check }) => self.reload(check),
            (_, Command::Send { name, line }) => {
                for index in self.select(&[name]) {
                    self.send(index, &line);
                }
            }
            // Answered in every phase: see `modify`.
            (
                _,
                Command::Display(_)
                | Command::Detail(_)
                | Command::DisplayJson
                | Command::DisplayMetrics
                | Command::LogLevel { .. }
                | Command::LogRotate
                | Command::Help,
            ) => {}
        }
    }

    /// Indices of the components that are there to operators.
    pub(super) fn present(&self) -> Vec<usize> {
        let members = self.instance.members().iter().enumerate();
        members.filter(|(_, member)| !member.removed || !member.machine.state().is_down()).map(|(index, _)| index).collect()
    }

    /// The components that names and patterns mean; those that are nobody's are said.
    fn select(&mut self, typed: &[String]) -> Vec<usize> {
        let present = self.present();
        let names: Vec<&str> = present.iter().filter_map(|index| self.instance.member(*index)).map(|member| member.name.as_str()).collect();
        let selection = console::select(&names, typed);
        let known: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for unknown in selection.unknown {
            let part = self.children.first().and_then(|child| {
                let configuration = &child.launched.instance.configuration;
                SINGLE_SERVICE_PARTS.iter().find(|part| part.eq_ignore_ascii_case(&unknown) && configuration.is_suppressed(part))
            });
            let nearest = overlay::nearest(&unknown, &known);
            self.say(message::component_not_found(unknown));
            if let Some(part) = part {
                self.say(message::component_runs_within(part, SINGLE_SERVICE));
            } else if let Some(nearest) = nearest {
                self.say(message::hint(format!("did you mean {nearest}?")));
            }
        }
        selection.found.into_iter().filter_map(|at| present.get(at).copied()).collect()
    }

    /// Names those that run, depend on one of the selection and are not themselves part of it.
    fn warn_of_dependents(&mut self, selection: &[usize]) {
        for index in selection {
            let Some(member) = self.instance.member(*index) else { continue };
            let running = |other: &&usize| self.instance.member(**other).is_some_and(|member| member.machine.state().pid().is_some());
            let dependents: Vec<usize> =
                member.needed_by.iter().filter(|other| !selection.contains(other)).filter(running).copied().collect();
            if !dependents.is_empty() {
                let (name, names) = (member.name.clone(), self.instance.names(&dependents));
                self.say(message::component_needed_by(name, names.join(", ")));
            }
        }
    }

    fn display(&mut self, typed: &[String]) {
        let selection = if typed.is_empty() { self.present() } else { self.select(typed) };
        if selection.is_empty() && !typed.is_empty() {
            return;
        }
        for message in console::display(&self.views(&selection)) {
            self.say(message);
        }
    }

    fn views(&self, selection: &[usize]) -> Vec<ComponentView> {
        let now = self.now();
        let view = |index: &usize| {
            let member = self.instance.member(*index)?;
            let machine = &member.machine;
            let state = machine.state();
            Some(ComponentView {
                name: member.name.clone(),
                state: machine.name(),
                waits_for: match machine.waits_for() {
                    Some(WaitsFor::Dependents) => self.instance.names(&self.instance.waits_for(*index)),
                    _ => Vec::new(),
                },
                ready: machine.is_ready(),
                pid: state.pid(),
                uptime: state.since().map(|since| now.since(since)),
                restarts: machine.restarts(),
                next_attempt: match state {
                    State::BackOff { until, .. } => Some(until.since(now)),
                    _ => None,
                },
                last_end: machine.last_end().map(|last| (last.status.end, now.since(last.at))),
            })
        };
        selection.iter().filter_map(view).collect()
    }

    fn detail(&mut self, typed: &[String]) {
        let selection = self.select(typed);
        if selection.is_empty() {
            return;
        }
        // To look through the processes takes its time on a large system: the answer goes on when that is done.
        let (sink, sender, platform) = (self.postpone_answer(), self.sender.clone(), Arc::clone(&self.context.platform));
        self.context.signals.finish(move || async move {
            // The owner has gone.
            let _ = sender.send(Event::ProcessesRead { sink, selection, table: platform.process_table() });
        });
    }

    /// The rest of the answer to DISP,DETAIL.
    pub(super) fn processes_read(&mut self, sink: Option<Box<dyn AnswerSink>>, selection: &[usize], table: &[ProcessFacts]) {
        self.begin_answer(sink);
        for (index, view) in selection.iter().zip(self.views(selection)) {
            let (Some(member), Some(child)) = (self.instance.member(*index), self.children.get(*index)) else { continue };
            let configuration = &child.launched.instance.configuration;
            let detail = ComponentDetail {
                processes: member.machine.state().pid().map(|pid| processes::of_component(table, pid)).unwrap_or_default(),
                failures: member.machine.failures(),
                intervals: member.machine.policy.restart_intervals.len(),
                needs: self.instance.names(&member.needs),
                unmet: self.instance.names(&self.instance.waits_for(*index)),
                needed_by: self.instance.names(&member.needed_by),
                environment: workspace::snapshot_path(&child.launched.instance.workspace, &view.name, &configuration.ha_instance.id),
                ports: component::ports_of(&child.launched.instance.listeners, &view.name),
                view,
            };
            console::detail(&detail).into_iter().for_each(|line| self.say(line));
        }
        self.end_answer();
    }
}
