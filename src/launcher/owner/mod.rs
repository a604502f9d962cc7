//! The owner task: the one place where the state of components changes. Everything else sends it events; it never waits for anything but
//! the next event, so no operator's command waits for another's work.

mod change;
mod measure;
mod operator;
mod process;
mod report;
mod service_manager;

use crate::component::{self, Question};
use crate::config::LauncherSettings;
use crate::journal::{Edge, Event as Told};
use crate::launcher::debug;
use crate::launcher::making::IsWanted;
use crate::launcher::prepare;
use crate::launcher::probes;
use crate::launcher::run::{Begun, ConditionCode, Context, Event, EventSender, Launched, Prepared};
use crate::launcher::tell;
use crate::launcher::workshop::Wanted;
use crate::message;
use crate::output::PipeId;
use crate::platform::{AnswerSink, OperatorRequest, WaitStatus};
use crate::supervisor::{Action, Effect, Event as Happening, Instance, InstancePolicy, Moment, NewMember, Note, Policy, StartLimit, State};
use change::Changes;
use measure::{ComponentMeasured, Measured};
use report::{Answering, job_name_warning};
use service_manager::ServiceManager;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// Where a run stands; while it is supervised, [`Instance::phase`] says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunPhase {
    /// Loading, validating, configuring.
    Preparing,
    /// Start commands are issued, components supervised.
    Supervising,
    Ending,
}

/// Who asks the launcher to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopReason {
    /// P.
    Operator,
    Signal,
}

/// What the owner keeps of a component besides its machine; by the same index.
struct Child {
    launched: Arc<Launched>,
    pipe: Option<PipeId>,
    /// Its standard input, where it has one: non-blocking.
    input: Option<File>,
    /// When its process was made.
    started: Moment,
    /// What is being asked of its process.
    asking: Vec<(Question, probes::Asking)>,
    /// Held while its configure command runs: those of one change run one after the other.
    turn: Arc<tokio::sync::Mutex<()>>,
    measured: ComponentMeasured,
}

struct Owner {
    context: Arc<Context>,
    begun: Arc<Begun>,
    sender: EventSender,
    phase: RunPhase,
    children: Vec<Child>,
    instance: Instance,
    /// Processes to be made, one after the other: between two of them operators are served.
    to_spawn: VecDeque<usize>,
    /// Those of them that are under way.
    making: BTreeMap<usize, IsWanted>,
    answering: Option<Answering>,
    settings: Option<LauncherSettings>,
    changes: Changes,
    /// Those who wait for the configuration to be found good; None: it was.
    awaiting: Option<Vec<Box<dyn AnswerSink>>>,
    /// Dropping it ends the prepare step.
    preparing: Option<Wanted>,
    code: ConditionCode,
    origin: Instant,
    /// Files of the component in the foreground have changed since it was last restarted for that.
    files_changed: Option<BTreeSet<String>>,
    service_manager: ServiceManager,
    measured: Measured,
    /// Keeps a second launcher of this instance out until the end.
    _held: Option<[Box<dyn std::any::Any + Send>; 2]>,
}

/// Runs the instance to its end; the second value is how the component in the foreground ended.
///
/// # Errors
/// A fault of another thread, which ends the run at once.
pub(super) async fn run(
    context: Arc<Context>,
    begun: Begun,
    sender: EventSender,
    mut events: mpsc::UnboundedReceiver<Event>,
) -> std::io::Result<(ConditionCode, Option<WaitStatus>)> {
    let begun = Arc::new(begun);
    let stray_sender = sender.clone();
    context.processes.on_stray(Box::new(move || {
        // The owner has gone.
        let _ = stray_sender.send(Event::Stray);
    }));
    let for_prepare = (Arc::clone(&context), Arc::clone(&begun), sender.clone());
    let preparing = context.workshop.run(move || async move {
        let (context, begun, sender) = for_prepare;
        let journal = context.journal.clone();
        let phase = |edge, failed| journal.tell(Told::Phase { phase: "prepare".into(), edge, of: None, failed });
        phase(Edge::Begun, false);
        let prepared = prepare::prepare(context, begun, sender.clone()).await;
        phase(Edge::Ended, prepared.is_err());
        // The owner has gone.
        let _ = sender.send(Event::Prepared(Box::new(prepared)));
    });
    let service_manager = ServiceManager::new(&*context.platform);
    let mut owner = Owner {
        context,
        begun,
        sender,
        phase: RunPhase::Preparing,
        children: Vec::new(),
        instance: Instance::default(),
        to_spawn: VecDeque::new(),
        making: BTreeMap::new(),
        answering: None,
        settings: None,
        changes: Changes::default(),
        awaiting: Some(Vec::new()),
        preparing: Some(preparing),
        code: ConditionCode::Ended,
        origin: Instant::now(),
        files_changed: None,
        service_manager,
        measured: Measured::new(),
        _held: None,
    };
    loop {
        owner.tell_service_manager(events.is_empty());
        if owner.instance.deadline().is_some_and(|deadline| deadline <= owner.now()) {
            // Not by way of a timer, whose grain is a millisecond: an interval may be 0.
            owner.timers();
            continue;
        }
        if events.is_empty() && owner.to_spawn.is_empty() {
            // A burst is looked at as a whole.
            owner.settle();
        }
        owner.follow_changes();
        owner.follow_files();
        if owner.is_over() {
            let ended = (owner.over(), owner.foreground_end());
            owner.leave();
            return Ok(ended);
        }
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Some(Event::Fault(why)) => return Err(std::io::Error::other(why)),
                Some(Event::Prepared(result)) => match *result {
                    Ok(prepared) => owner.begin_starting(prepared),
                    Err(code) if owner.phase == RunPhase::Preparing => return Ok((code, None)),
                    // It was ended before that was known.
                    Err(_) => {}
                },
                Some(event) => owner.event(event),
                // The owner holds a sender itself.
                None => return Ok((ConditionCode::Internal, None)),
            },
            () = std::future::ready(()), if owner.may_begin_start() => owner.begin_start(),
            // What was just settled may have set a time.
            () = sleep_until(owner.origin, owner.instance.deadline().into_iter().chain(owner.service_manager.deadline()).min()) => {}
        }
    }
}

async fn sleep_until(origin: Instant, deadline: Option<Moment>) {
    match deadline {
        Some(Moment(duration)) => tokio::time::sleep_until((origin + duration).into()).await,
        None => std::future::pending().await,
    }
}

impl Owner {
    fn now(&self) -> Moment {
        Moment(self.origin.elapsed())
    }

    /// What the prepare step, or a change, has left of memory goes back to the system, beside the owner.
    fn give_back_memory(&self) {
        self.context.workshop.finish(|| async { crate::platform::unix::give_back_memory() });
    }

    fn timers(&mut self) {
        let effects = self.instance.timers(self.now());
        self.apply(effects);
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Operator(OperatorRequest::Stop) => {
                tell::ordered(&self.context.journal, "P", "");
                self.stop_requested(StopReason::Operator);
            }
            Event::Operator(OperatorRequest::Signal(name)) => {
                tell::ordered(&self.context.journal, name, "");
                self.stop_requested(StopReason::Signal);
            }
            Event::Operator(OperatorRequest::Modify { text, answer, is_asked }) => self.modify(&text, answer, is_asked),
            Event::Operator(OperatorRequest::LogRotate) => self.begin_logs_anew(),
            Event::Operator(OperatorRequest::OddSignal(name)) => self.say(message::signal_passed_over(name)),
            Event::Operator(OperatorRequest::Await(answer)) => match &mut self.awaiting {
                Some(awaiting) => awaiting.push(answer),
                None => answer.complete(),
            },
            Event::Operator(OperatorRequest::Delayed(why)) => self.say(message::operator_commands_delayed(why)),
            Event::Operator(OperatorRequest::Lost(why)) => self.say(message::console_listener_failed(why)),
            Event::Admitted => self.awaiting.take().unwrap_or_default().into_iter().for_each(|answer| answer.complete()),
            Event::Ended { index, pid, status, remains } => {
                if let Some((pipe, unasked)) = self.children.get(index).and_then(|child| Some((child.pipe?, self.is_up(index)))) {
                    // What led to an end that nobody asked for is shown once more, beside the messages about it. In the foreground of a shell
                    // nothing stands in between.
                    let output = &self.context.output;
                    if unasked && self.begun.foreground.is_none() {
                        output.drain_and_repeat(pipe)
                    } else {
                        output.drain(pipe)
                    };
                }
                if let Some(child) = self.children.get_mut(index) {
                    child.asking.clear();
                    child.input = None;
                }
                // Hardly ever: that the last of them has gone meanwhile may have been told already.
                let remains = remains && self.context.processes.exists(pid);
                self.step(index, Happening::Ended { pid, status, remains });
            }
            Event::Made { index, made } => self.made(index, *made),
            Event::ProcessesRead { sink, selection, table } => self.processes_read(sink, &selection, &table),
            // Who asked may have gone.
            Event::Measure(answer) => drop(answer.send(Box::new(self.measure()))),
            Event::Stray => self.look_for_groups_gone(),
            Event::LogsRotated { sink, failures } => self.logs_rotated(sink, failures),
            Event::FilesChanged(files) => self.files_changed.get_or_insert_default().extend(files),
            // The loop has looked at them.
            Event::Fault(_) | Event::Prepared(_) => {}
            Event::Configured { index, may_start } => {
                self.step(index, Happening::Configured(may_start));
                if !may_start {
                    self.foreground_down();
                }
            }
            Event::Watched { index, happening } => {
                tell::probed(&self.context.journal, self.instance.member(index), &happening);
                self.step(index, happening);
            }
            Event::Settling { index, pid, after } => self.settling(index, pid, after),
            Event::ChangeRead { id, result } => self.change_read(id, *result),
            Event::ChangeJudged { id, judged } => self.change_judged(id, judged),
        }
    }

    /// An orphan has ended: was it the last of a group that is waited for?
    fn look_for_groups_gone(&mut self) {
        for index in 0..self.children.len() {
            let group = self.instance.member(index).and_then(|member| member.machine.remains());
            if let Some(group) = group.filter(|group| !self.context.processes.exists(*group)) {
                self.step(index, Happening::GroupGone(group));
            }
        }
    }

    fn begin_starting(&mut self, prepared: Prepared) {
        if self.phase != RunPhase::Preparing {
            return;
        }
        self.preparing = None;
        let settings = prepared.generation.instance.configuration.launcher_settings().clone();
        self.begin_changes(&prepared);
        self.measured.prepared(prepared.elapsed, prepared.timed, &prepared.generation.instance.workspace);
        self._held = Some(prepared.held);
        if let Some(warning) = job_name_warning(self.context.platform.is_zos(), &self.context.platform.job_name()) {
            self.say(warning);
        }
        for launched in prepared.launched {
            self.take_in(launched, &settings);
        }
        self.settings = Some(settings);
        self.connect();
        self.say(message::starting_components());
        self.phase = RunPhase::Supervising;
        let effects = self.instance.begin(self.now());
        self.apply(effects);
    }

    /// Makes a component one of the instance's; its index.
    fn take_in(&mut self, launched: Launched, settings: &LauncherSettings) -> usize {
        let name = launched.component.name.clone();
        let component = launched.instance.configuration.component_settings(&name);
        let policy = policy_of(&self.begun, &launched, settings);
        self.instance.policy = InstancePolicy {
            stay_when_all_failed: settings.stay_when_all_failed
                || self.begun.foreground.as_ref().is_some_and(|foreground| foreground.watch),
            stay_when_required_failed: settings.stay_when_required_failed || self.begun.foreground.is_some(),
        };
        let intervals: Vec<String> = policy.restart_intervals.iter().map(|interval| interval.as_secs().to_string()).collect();
        self.say(message::component_initialized(&name, intervals.len(), policy.min_uptime.as_secs(), component.share_as.name()));
        self.say(message::restart_intervals_are(&name, intervals.join(" ")));
        let index = self.instance.add(NewMember { name, policy, required: component.required });
        let child = Child {
            launched: Arc::new(launched),
            pipe: None,
            input: None,
            started: Moment::default(),
            asking: Vec::new(),
            turn: Arc::default(),
            measured: ComponentMeasured::default(),
        };
        match self.children.get_mut(index) {
            Some(before) => {
                *before = Child {
                    pipe: before.pipe,
                    input: before.input.take(),
                    started: before.started,
                    asking: std::mem::take(&mut before.asking),
                    measured: std::mem::take(&mut before.measured),
                    ..child
                }
            }
            None => self.children.push(child),
        }
        index
    }

    /// Tells the instance what depends on what, as the configurations of the components say.
    fn connect(&mut self) {
        let members = self.instance.members();
        let mut edges = Vec::new();
        for (index, child) in self.children.iter().enumerate().filter(|(index, _)| !members[*index].removed) {
            let needs = component::needs(&child.launched.instance.configuration, &child.launched.component);
            // Not launched: a library, say, or one whose absence is to be ignored.
            let known = needs.iter().filter_map(|need| self.instance.index_of(need)).filter(|need| !members[*need].removed);
            edges.push((index, known.collect()));
        }
        self.instance.connect(&edges);
    }

    /// Feeds one event to a component and does what follows from it.
    fn step(&mut self, index: usize, happening: Happening) {
        let before = self.instance.member(index).map_or("", |member| member.machine.name());
        let effects = self.instance.step(index, happening.clone(), self.now());
        debug::stepped(&self.context.output, &self.instance, index, before, &happening);
        self.apply(effects);
    }

    /// The same to several components, in the order of what depends on what.
    fn order(&mut self, happening: &Happening, selection: &[usize]) {
        let effects = self.instance.order(happening, selection, self.now());
        self.apply(effects);
    }

    /// The same, to each its own.
    fn order_each(&mut self, orders: BTreeMap<usize, Happening>) {
        let effects = self.instance.order_each(orders, self.now());
        self.apply(effects);
    }

    fn apply(&mut self, effects: Vec<Effect>) {
        tell::states(&self.context.journal, &mut self.instance);
        // A note of the same step says more than the reply to it.
        let noted: Vec<usize> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Component(index, Action::Note(_)) => Some(*index),
                _ => None,
            })
            .collect();
        let mut signals = Vec::new();
        for effect in effects {
            debug::decided(&self.context.output, &self.instance, &effect);
            match effect {
                Effect::Waits(index, names) => {
                    let name = self.name_of(index);
                    self.say(message::component_waits_for(name, names.join(", ")));
                }
                Effect::StartedWithout(index, time, names) => {
                    let name = self.name_of(index);
                    self.say(message::component_waited_in_vain(name, time.as_secs(), names.join(", ")));
                }
                Effect::Component(index, action) => match action {
                    Action::Spawn => {
                        let now = self.now();
                        self.children[index].measured.asked(now);
                        self.to_spawn.push_back(index);
                    }
                    Action::Configure => self.configure(index),
                    Action::Signal(group, signal) => signals.push((index, group, signal)),
                    Action::Note(note) => {
                        let may_be_ready = matches!(note, Note::Started | Note::Ready(_));
                        self.note(index, note);
                        let state = self.instance.member(index).map(|member| member.machine.state().clone());
                        if let (true, Some(State::Ready { pid, .. })) = (may_be_ready, state) {
                            let liveness = probes::probe_of(&self.children[index].launched, Question::Liveness);
                            self.ask(index, pid, Question::Liveness, liveness, None);
                        }
                    }
                    Action::Reply(reply) if self.is_answering() && !noted.contains(&index) => self.reply(index, reply),
                    // The instance answers Await itself; Validate is answered for all of a change: see `follow_changes`.
                    Action::Reply(_) | Action::Await | Action::Validate => {}
                },
            }
        }
        self.signal(signals);
    }

    fn name_of(&self, index: usize) -> String {
        self.instance.member(index).map(|member| member.name.clone()).unwrap_or_default()
    }

    /// Its process runs and nobody has told it to end.
    fn is_up(&self, index: usize) -> bool {
        let state = self.instance.member(index).map(|member| member.machine.state());
        matches!(state, Some(State::Running { .. } | State::Ready { .. }))
    }

    /// P or a signal. A second signal that comes later (see [`Instance::hurry`]) ends the grace time of every component.
    fn stop_requested(&mut self, reason: StopReason) {
        if self.phase == RunPhase::Ending {
            if reason == StopReason::Signal {
                let effects = self.instance.hurry(self.now());
                self.apply(effects);
            }
            return;
        }
        match reason {
            StopReason::Operator => {
                self.say(message::termination_command_received());
                self.say(message::console_listener_stopped());
            }
            StopReason::Signal => self.say(message::launcher_stopping()),
        }
        self.end();
    }

    /// Stops everything, in reverse start order.
    fn end(&mut self) {
        self.phase = RunPhase::Ending;
        self.say(message::stopping_components());
        self.service_manager.stopping();
        self.preparing = None;
        // A configure command that never ends must not keep the launcher from ending.
        self.context.runner.kill_all();
        self.context.workshop.finish(|| async { crate::platform::unix::watch::release() });
        self.end_changes();
        let before = self.instance.phase();
        let effects = self.instance.end(self.now());
        tell::whole(&self.context.journal, before, self.instance.phase());
        self.apply(effects);
        self.withdraw_starts();
    }

    fn is_over(&self) -> bool {
        self.phase == RunPhase::Ending && self.instance.is_over()
    }

    fn foreground_end(&self) -> Option<WaitStatus> {
        let member = self.instance.member(0).filter(|_| self.begun.foreground.is_some())?;
        member.machine.last_end().map(|last| last.status)
    }

    /// The process ends now, which gives back everything that is kept of a thousand components at once. What others may wait for is let go.
    fn leave(mut self) {
        (self._held, self.answering, self.awaiting) = (None, None, None);
        self.children.iter_mut().for_each(|child| child.asking.clear());
        std::mem::forget(self);
    }

    fn over(&mut self) -> ConditionCode {
        let killed = self.instance.members().iter().any(|member| member.machine.was_killed());
        self.say(if killed { message::not_all_stopped_gracefully() } else { message::components_stopped() });
        self.code
    }
}

fn policy_of(begun: &Begun, launched: &Launched, settings: &LauncherSettings) -> Policy {
    let component = launched.instance.configuration.component_settings(&launched.component.name);
    Policy {
        // Who runs a component in the foreground wants to see that it ends.
        restart_intervals: if begun.foreground.is_some() { Vec::new() } else { component.restart_intervals.clone() },
        min_uptime: component.min_uptime,
        stop_grace: component.stop_grace,
        reject_start_of_running: settings.reject_start_of_running,
        fatal_exit_codes: component.fatal_exit_codes.clone(),
        start_limit: component.start_limit.map(|(count, within)| StartLimit { count, within }),
        patience: settings.dependency_timeout,
        has_readiness: probes::probe_of(launched, Question::Readiness).is_some(),
    }
}
