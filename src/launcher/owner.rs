//! The owner task: the one place where the state of components changes. Everything else sends it events; it never waits for anything but
//! the next event, so no operator's command waits for another's work.

use super::components;
use super::prepare::{self, Launched, Prepared};
use super::{Begun, ConditionCode, Context, Event, EventSender, guard};
use crate::config::{Environment, LauncherSettings};
use crate::lifecycle::{Then, workspace};
use crate::message::{self, Message};
use crate::output::{Attachment, PipeId};
use crate::platform::unix::watch::Watch;
use crate::platform::{AnswerSink, FileLock, OperatorRequest, Pid, PreparedEnvironment, StopSignal, WaitStatus};
use crate::supervisor::{Action, Event as Happening, Machine, Moment, Note, Outcome, Policy, Reply, State, outcome_after_failure};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Loading, validating, configuring.
    Preparing,
    /// Start commands are being issued.
    Starting,
    Supervising,
    Ending,
}

/// A component and its machine.
pub(super) struct Child {
    pub(super) launched: Launched,
    pub(super) machine: Machine,
    pipe: Option<PipeId>,
    /// A RESTART is reading the configuration.
    pub(super) checking: bool,
}

pub(super) struct Owner {
    pub(super) context: Arc<Context>,
    pub(super) begun: Arc<Begun>,
    pub(super) sender: EventSender,
    pub(super) phase: Phase,
    pub(super) children: Vec<Child>,
    /// Not yet started for the first time.
    to_start: VecDeque<usize>,
    start_failed: bool,
    /// The console whose command is being worked on: what is said meanwhile is its answer.
    pub(super) answering: Option<Box<dyn AnswerSink>>,
    pub(super) settings: Option<LauncherSettings>,
    code: ConditionCode,
    origin: Instant,
    /// Files of the component in the foreground have changed since it was last restarted for that.
    pub(super) files_changed: bool,
    /// Keeps a second launcher of this instance out until the end.
    _lock: Option<FileLock>,
    _watch: Option<Watch>,
}

type Preparing = Pin<Box<dyn Future<Output = Result<Prepared, ConditionCode>>>>;

/// Runs the instance to its end; the second value is how the component in the foreground ended.
pub(super) async fn run(
    context: Arc<Context>,
    begun: Begun,
    sender: EventSender,
    mut events: mpsc::UnboundedReceiver<Event>,
) -> (ConditionCode, Option<WaitStatus>) {
    let begun = Arc::new(begun);
    let stray_sender = sender.clone();
    context.processes.on_stray(Box::new(move |_| {
        // The owner has gone.
        let _ = stray_sender.send(Event::Stray);
    }));
    let mut preparing: Option<Preparing> = Some(Box::pin(prepare::prepare(Arc::clone(&context), Arc::clone(&begun), sender.clone())));
    let mut owner = Owner {
        context,
        begun,
        sender,
        phase: Phase::Preparing,
        children: Vec::new(),
        to_start: VecDeque::new(),
        start_failed: false,
        answering: None,
        settings: None,
        code: ConditionCode::Ended,
        origin: Instant::now(),
        files_changed: false,
        _lock: None,
        _watch: None,
    };
    loop {
        if owner.phase == Phase::Ending {
            preparing = None;
        }
        if owner.is_over() {
            return (owner.over(), owner.foreground_end());
        }
        owner.follow_files();
        let deadline = owner.deadline();
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Some(event) => owner.event(event),
                // The owner holds a sender itself.
                None => return (ConditionCode::Internal, None),
            },
            () = sleep_until(owner.origin, deadline) => owner.timers(),
            result = prepared(&mut preparing) => {
                preparing = None;
                match result {
                    Ok(prepared) => owner.begin_starting(prepared),
                    Err(code) => return (code, None),
                }
            }
            () = std::future::ready(()), if owner.phase == Phase::Starting => owner.start_next(),
        }
    }
}

async fn sleep_until(origin: Instant, deadline: Option<Moment>) {
    match deadline {
        Some(Moment(duration)) => tokio::time::sleep_until((origin + duration).into()).await,
        None => std::future::pending().await,
    }
}

async fn prepared(preparing: &mut Option<Preparing>) -> Result<Prepared, ConditionCode> {
    match preparing {
        Some(preparing) => preparing.await,
        None => std::future::pending().await,
    }
}

impl Owner {
    pub(super) fn now(&self) -> Moment {
        Moment(self.origin.elapsed())
    }

    /// Says something on SYSPRINT and to the console whose command is being worked on.
    pub(super) fn say(&mut self, message: Message) {
        if let Some(answer) = &mut self.answering {
            answer.line(message.text());
        }
        self.context.output.message(message);
    }

    fn deadline(&self) -> Option<Moment> {
        self.children.iter().filter_map(|child| child.machine.deadline()).min()
    }

    fn timers(&mut self) {
        let now = self.now();
        let due: Vec<usize> = self
            .children
            .iter()
            .enumerate()
            .filter(|(_, child)| child.machine.deadline().is_some_and(|deadline| deadline <= now))
            .map(|(index, _)| index)
            .collect();
        for index in due {
            self.step(index, Happening::Timer);
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Operator(OperatorRequest::Stop) => self.stop_requested(message::zwel0014i()),
            Event::Operator(OperatorRequest::Signal(_)) => self.stop_requested(message::zwel0019i()),
            Event::Operator(OperatorRequest::Modify { text, answer }) => self.modify(&text, answer),
            Event::Operator(OperatorRequest::Lost(why)) => self.say(message::zwel0929e(why)),
            Event::Ended { index, pid, status } => {
                if let Some((pipe, unasked)) =
                    self.children.get(index).and_then(|child| Some((child.pipe?, matches!(child.machine.state(), State::Running { .. }))))
                {
                    // What led to an end that nobody asked for is shown once more, beside the messages about it.
                    let output = &self.context.output;
                    if unasked {
                        output.drain_and_repeat(pipe)
                    } else {
                        output.drain(pipe)
                    };
                }
                let remains = self.context.processes.exists(pid);
                self.step(index, Happening::Ended { pid, status, remains });
            }
            Event::Stray => self.look_for_groups_gone(),
            Event::FilesChanged => self.files_changed = true,
            Event::Configured { index, may_start } => {
                self.step(index, Happening::Configured(may_start));
                if !may_start && self.begun.foreground.is_some() {
                    self.foreground_down();
                }
            }
            Event::RestartChecked { index, result, answer } => self.restart_checked(index, result, answer),
        }
    }

    /// An orphan has ended: was it the last of a group that is waited for?
    fn look_for_groups_gone(&mut self) {
        for index in 0..self.children.len() {
            if let Some(group) = self.children[index].machine.remains() {
                if !self.context.processes.exists(group) {
                    self.step(index, Happening::GroupGone(group));
                }
            }
        }
    }

    fn begin_starting(&mut self, prepared: Prepared) {
        let settings = prepared.instance.configuration.launcher_settings();
        self._lock = Some(prepared.lock);
        self._watch = prepared.watch;
        for launched in prepared.launched {
            let name = launched.component.name.clone();
            let policy = policy_of(&self.begun, &launched, &settings);
            let share_as = launched.instance.configuration.component_settings(&name).share_as;
            let intervals: Vec<String> = policy.restart_intervals.iter().map(|interval| interval.as_secs().to_string()).collect();
            self.say(message::zwel0003i(&name, policy.restart_intervals.len(), policy.min_uptime.as_secs(), share_as.name()));
            self.say(message::zwel0025i(&name, intervals.join(" ")));
            self.children.push(Child { launched, machine: Machine::new(policy), pipe: None, checking: false });
        }
        self.settings = Some(settings);
        self.say(message::zwel0006i());
        self.to_start = (0..self.children.len()).collect();
        self.phase = Phase::Starting;
    }

    /// Starts the next component; between two of them operators are served.
    fn start_next(&mut self) {
        if let Some(index) = self.to_start.pop_front() {
            self.step(index, Happening::Start);
            return;
        }
        self.phase = Phase::Supervising;
        self.say(if self.start_failed { message::zwel0052w() } else { message::zwel0007i() });
        if self.begun.foreground.is_some() {
            self.foreground_started();
        } else {
            self.say(message::zwel0012i());
        }
        self.context.platform.notify_service_manager("READY=1\nSTATUS=components started");
        self.look_for_the_end();
    }

    /// An operator decided about a component that has not had its turn yet.
    pub(super) fn not_to_be_started(&mut self, index: usize) {
        self.to_start.retain(|other| *other != index);
    }

    /// Feeds one event to a component and does what follows from it.
    pub(super) fn step(&mut self, index: usize, happening: Happening) {
        let mut happenings = VecDeque::from([happening]);
        while let Some(happening) = happenings.pop_front() {
            let now = self.now();
            let Some(child) = self.children.get_mut(index) else { return };
            let mut said = false;
            for action in child.machine.step(happening, now) {
                match action {
                    Action::Spawn => happenings.push_back(self.spawn(index)),
                    Action::Configure => self.configure(index),
                    Action::Signal(group, signal) => {
                        self.signal(index, group, signal);
                    }
                    Action::Note(note) => {
                        said = true;
                        self.note(index, note);
                    }
                    Action::Reply(reply) => {
                        if self.answering.is_some() && !said {
                            self.reply(index, reply);
                        }
                    }
                }
            }
        }
    }

    fn spawn(&mut self, index: usize) -> Happening {
        let Some(child) = self.children.get(index) else { return Happening::SpawnFailed(String::new()) };
        let launched = &child.launched;
        let nothing = PreparedEnvironment::default();
        let (base, own) = self.environment_of(launched, &nothing);
        let ending = launched.instance.configuration.component_settings(&launched.component.name).ending();
        let script = components::script_of(&self.context, &launched.instance, &launched.component, launched.start.clone(), Then::Wait);
        let sender = self.sender.clone();
        // The pid is known to the machine before this can be received: the owner is the receiver.
        let (pid_sender, pid_receiver) = std::sync::mpsc::sync_channel(1);
        let on_end = Box::new(move |status| {
            if let Ok(pid) = pid_receiver.recv() {
                // The owner has gone.
                let _ = sender.send(Event::Ended { index, pid, status });
            }
        });
        match self.context.runner.start(&script, base, &own, ending, on_end) {
            Ok((pid, reader)) => {
                let _ = pid_sender.send(pid);
                let name = launched.component.name.clone();
                let log = launched.instance.configuration.component_log(&name);
                let attachment = Attachment { log, ..Attachment::default() };
                // Attached after ZWEL0001I is queued by the step that follows: see `note`.
                self.children[index].pipe = Some(self.context.output.attach(&name, reader, attachment));
                Happening::Spawned(pid)
            }
            Err(error) => Happening::SpawnFailed(error.to_string()),
        }
    }

    fn signal(&self, index: usize, group: Pid, signal: StopSignal) {
        let Some(child) = self.children.get(index) else { return };
        let is_stop = matches!(child.machine.state(), State::Stopping { .. });
        let environment = || {
            let nothing = PreparedEnvironment::default();
            let (base, own) = self.environment_of(&child.launched, &nothing);
            let mut whole = if std::ptr::eq(base, &nothing) { Environment::new() } else { child.launched.instance.environment.clone() };
            whole.extend(own);
            whole
        };
        guard::signal(&self.context, &child.launched, environment, group, signal, is_stop);
    }

    /// The environment of a start and of every restart in two layers: what configure left, else what the configuration says.
    fn environment_of<'a>(&self, launched: &'a Launched, nothing: &'a PreparedEnvironment) -> (&'a PreparedEnvironment, Environment) {
        let instance = &launched.instance;
        let name = &launched.component.name;
        let path = workspace::snapshot_path(&instance.workspace, name, &instance.configuration.ha_instance.id);
        match workspace::read_snapshot(&path) {
            Ok(environment) => (nothing, environment),
            Err(error) => {
                if path.exists() {
                    self.context.output.message(message::zwel0933w(name, error));
                }
                (&instance.prepared_environment, crate::component::own_variables(&launched.component, &instance.configuration))
            }
        }
    }

    fn note(&mut self, index: usize, note: Note) {
        let Some(child) = self.children.get(index) else { return };
        let name = child.launched.component.name.clone();
        match note {
            Note::Started => self.say(message::zwel0001i(name)),
            Note::Stopped => self.say(message::zwel0002i(name)),
            Note::Ended { pid, status, unasked_after } => {
                self.say(message::zwel0004i(&name, pid, status.raw));
                if let Some(uptime) = unasked_after {
                    self.say(message::zwel0905e(&name, pid, status.end, crate::console::in_words(uptime)));
                }
            }
            Note::NextAttempt(interval) => self.say(message::zwel0005i(name, interval.as_secs())),
            Note::RetriesExhausted if self.begun.foreground.is_some() => self.foreground_down(),
            Note::RetriesExhausted => {
                self.say(message::zwel0038e(name));
                self.look_for_the_end();
            }
            Note::StartFailed(why) => {
                self.start_failed |= self.phase == Phase::Starting;
                self.say(message::zwel0927e(&name, why));
                self.say(message::zwel0040e(name));
            }
            Note::WillKill(pid) => self.say(message::zwel0063w(name, pid)),
        }
    }

    fn reply(&mut self, index: usize, reply: Reply) {
        let Some(child) = self.children.get(index) else { return };
        let name = child.launched.component.name.clone();
        match reply {
            Reply::BeingStarted => self.say(message::zwel0923i(name, "started")),
            Reply::BeingStopped => self.say(message::zwel0923i(name, "stopped")),
            Reply::BeingRestarted => self.say(message::zwel0923i(name, "restarted")),
            Reply::AlreadyRunning => self.say(message::zwel0039e(name)),
            Reply::NotRunning => self.say(message::zwel0921i(name)),
        }
    }

    /// After a failure: is anything left?
    pub(super) fn look_for_the_end(&mut self) {
        let foreground = self.begun.foreground.as_ref();
        let stay = foreground.is_some_and(|foreground| foreground.watch)
            || self.settings.as_ref().is_some_and(|settings| settings.stay_when_all_failed);
        let states = self.children.iter().map(|child| child.machine.state());
        let any_failed = self.children.iter().any(|child| child.machine.has_failed());
        if self.phase == Phase::Supervising && any_failed && !stay && outcome_after_failure(states) == Outcome::NothingLeft {
            if foreground.is_none() {
                self.say(message::zwel0906e(
                    &self.begun.ha_instance.id,
                    "after failures no component is running and none will be started again",
                ));
            }
            self.code = ConditionCode::AllFailed;
            self.end();
        }
    }

    /// P or a signal. A second signal ends the grace time of every component.
    fn stop_requested(&mut self, message: Message) {
        if self.phase == Phase::Ending {
            if message.id() == message::ZWEL0019I.id {
                for index in 0..self.children.len() {
                    self.step(index, Happening::KillNow);
                }
            }
            return;
        }
        let by_operator = message.id() == message::ZWEL0014I.id;
        self.say(message);
        if by_operator {
            self.say(message::zwel0015i());
        }
        self.end();
    }

    /// Stops everything, in reverse start order.
    fn end(&mut self) {
        self.phase = Phase::Ending;
        self.to_start.clear();
        // Not the answer of whoever happens to be asking.
        self.answering = None;
        self.say(message::zwel0008i());
        self.context.platform.notify_service_manager("STOPPING=1\nSTATUS=stopping components");
        // A configure command that never ends must not keep the launcher from ending.
        self.context.runner.kill_all();
        for index in (0..self.children.len()).rev() {
            self.step(index, Happening::Stop);
        }
    }

    fn is_over(&self) -> bool {
        self.phase == Phase::Ending && self.children.iter().all(|child| child.machine.state().is_down())
    }

    fn foreground_end(&self) -> Option<WaitStatus> {
        let child = self.children.first().filter(|_| self.begun.foreground.is_some())?;
        child.machine.last_end().map(|last| last.status)
    }

    fn over(&mut self) -> ConditionCode {
        let killed = self.children.iter().any(|child| child.machine.was_killed());
        self.say(if killed { message::zwel0053w() } else { message::zwel0009i() });
        self.code
    }
}

pub(super) fn policy_of(begun: &Begun, launched: &Launched, settings: &LauncherSettings) -> Policy {
    let component = launched.instance.configuration.component_settings(&launched.component.name);
    Policy {
        // Who runs a component in the foreground wants to see that it ends.
        restart_intervals: if begun.foreground.is_some() { Vec::new() } else { component.restart_intervals },
        min_uptime: component.min_uptime,
        stop_grace: component.stop_grace,
        reject_start_of_running: settings.reject_start_of_running,
    }
}
